"""Findings: what looks wrong, in plain words; and Evidence, the few numbers about rows that travel beside a tally."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth knowing before the numbers are believed.

    Attributes:
        code: a stable name such as ``CM-CONST``; it never changes meaning.
        level: "error" (the numbers mean nothing), "warning" (valid, but probably not what was meant) or "note".
        message: what was seen, with numbers.
        evidence: those numbers.
        remedy: what to type instead; empty where nothing needs doing.
    """

    code: str
    level: Level
    message: str
    evidence: Mapping[str, float] = field(default_factory=dict)
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.level} {self.code}: {self.message} {self.remedy}".rstrip()


class Evidence(Mapping[str, int]):
    """Counts of rows that only the rows themselves could show; they add like the tally beside them.

    Keys: ``ignored`` and ``unknown`` (left out because the caller asked), ``ties`` (argmax among equals),
    ``rounded`` (equal to the threshold only after rounding to the score's own type).

    >>> Evidence(ignored=2) + Evidence(ignored=1, ties=4)
    Evidence(ignored=3, ties=4)
    """

    __slots__ = ("_counts",)

    def __init__(self, **counts: int) -> None:
        self._counts = {key: int(n) for key, n in sorted(counts.items()) if n}

    @property
    def left_out(self) -> dict[str, int]:
        """Rows that the caller asked to leave out, by reason."""
        return {key: n for key, n in self._counts.items() if key in ("ignored", "unknown")}

    def __add__(self, other: Evidence) -> Evidence:
        return Evidence(**{key: self[key] + other[key] for key in {*self, *other}})

    def __getitem__(self, key: str) -> int:
        return self._counts.get(key, 0)

    def __iter__(self) -> Iterator[str]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __repr__(self) -> str:
        return f"Evidence({', '.join(f'{key}={n}' for key, n in self._counts.items())})"
