"""Findings: what looks wrong, in plain words; Evidence, the few numbers about rows that travel beside a tally.

Every code is told in full by ``unconfused explain CODE`` and on docs/codes.md; the texts stand in ``catalogue.toml``.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from unconfused.errors import inert

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")
"""Most serious first."""


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
        return inert(f"{self.level} {self.code}: {self.message} {self.remedy}".rstrip())


OF_ROWS = frozenset(
    {"alias", "chosen", "coarse", "swapped", "neighbours", "changes", "repeated", "judged", "confidence", "modelled"}
)
"""Evidence of the order of rows and of the call: it adds, but another cut of the same rows may show another."""


class Evidence(Mapping[str, int]):
    """Counts of rows that only the rows themselves could show; they add like the tally beside them.

    Keys: ``ignored``, ``unknown``, ``masked`` and ``duplicate`` (left out because the caller asked), ``ties`` (the
    first among equals), ``abstained`` (called nothing by a rule that may abstain), ``null``, ``nan``, ``minus_inf``,
    ``plus_inf``, ``below`` and ``above`` (why a row that is kept has no usable score), ``rounded`` (equal to the
    threshold only after rounding to the score's own type), ``coarse`` (16-bit scores).
    Of the call and the order of its rows, left out of ``==``: ``alias`` (one array passed as both sides), ``chosen``
    (rows that chose the threshold they are judged at), ``swapped``
    (named like the other side), ``neighbours`` and ``changes`` (adjacent rows looked at, and those of different
    classes), ``repeated`` (last rows that repeat the first), ``judged`` and ``confidence`` (rows whose largest class
    probability was added up, in units of 2⁻²⁰), ``modelled`` (scores that came from the model).

    >>> Evidence(ignored=2) + Evidence(ignored=1, ties=4)
    Evidence(ignored=3, ties=4)
    """

    __slots__ = ("_counts",)

    def __init__(self, **counts: int) -> None:
        self._counts = {key: int(n) for key, n in sorted(counts.items()) if n}

    @property
    def left_out(self) -> dict[str, int]:
        """Rows that the caller asked to leave out, by reason."""
        return {key: n for key, n in self._counts.items() if key in ("ignored", "unknown", "masked", "duplicate")}

    def without(self, *keys: str) -> Evidence:
        """The same but for these."""
        return Evidence(**{key: n for key, n in self._counts.items() if key not in keys})

    def __add__(self, other: Evidence) -> Evidence:
        return Evidence(**{key: self[key] + other[key] for key in {*self, *other}})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Evidence):
            return NotImplemented
        return all(self[key] == other[key] for key in {*self, *other} - OF_ROWS)

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, key: str) -> int:
        return self._counts.get(key, 0)

    def __iter__(self) -> Iterator[str]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __repr__(self) -> str:
        return f"Evidence({', '.join(f'{key}={n}' for key, n in self._counts.items())})"


# ── warnings ──────────────────────────────────────────────────────────────────────────────────
class UnconfusedWarning(UserWarning):
    """The category of every warning; each code has one of its own below it, such as ``CMBaseWarning`` of CM-BASE."""


_CATEGORIES: dict[str, type[UnconfusedWarning]] = {}
_HOUSE = str(Path(__file__).parents[1])


def category(code: str) -> type[UnconfusedWarning]:
    """The warning category of a code, always the same class.

    >>> category("CM-HARD-SCORE").__name__
    'CMHardScoreWarning'
    """
    head, *words = code.split("-")
    name = f"{head}{''.join(word.capitalize() for word in words)}Warning"
    made = _CATEGORIES.get(name)
    if made is None:
        about = {
            "__module__": __name__,
            "__doc__": f"A warning {code}: `unconfused explain {code}` tells what it means.",
        }
        made = _CATEGORIES[name] = type(name, (UnconfusedWarning,), about)
    return made


def __getattr__(name: str) -> type[UnconfusedWarning]:
    """The categories by name, for filters: ``error::unconfused.findings.CMBaseWarning``."""
    if re.fullmatch(r"CM([A-Z][a-z0-9]*)+Warning", name):
        return category("-".join(["CM", *re.findall(r"[A-Z][a-z0-9]*", name.removesuffix("Warning")[2:])]).upper())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def announce(found: Iterable[Finding], told: set[str] | None = None) -> None:
    """Python warnings for the findings of level "warning", once a code, at the line that called this library.

    ``told`` holds the codes that were told before, and is added to.
    """
    told = set() if told is None else told
    for finding in found:
        if finding.level == "warning" and finding.code not in told:
            told.add(finding.code)
            text = inert(f"{finding.code}: {finding.message} {finding.remedy}".rstrip())
            warnings.warn(text, category(finding.code), stacklevel=_outside())


def _outside() -> int:
    """How many frames above ``announce`` the caller's code stands."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HOUSE):
        frame, level = frame.f_back, level + 1
    return level
