"""Diagnosis: everything that can be said about labels and predictions, most serious first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from unconfused.findings import LEVELS, Finding


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """Findings about a table of predictions; what would be refused elsewhere is a finding of level "error" here.

    Attributes:
        findings: most serious first.
        rows: how many were counted, or None where they could not be.
    """

    findings: tuple[Finding, ...]
    rows: int | None = None

    @classmethod
    def of(cls, found: tuple[Finding, ...], rows: int | None) -> Diagnosis:
        """Findings in order, each once."""
        each = {(finding.code, finding.message): finding for finding in found}
        return cls(tuple(sorted(each.values(), key=lambda finding: LEVELS.index(finding.level))), rows)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __bool__(self) -> bool:
        """Whether anything was found."""
        return bool(self.findings)

    @property
    def sound(self) -> bool:
        """Neither an error nor a warning was found."""
        return all(finding.level == "note" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        from unconfused.show.doctor import diagnosis_dict

        return diagnosis_dict(self)

    def __str__(self) -> str:
        from unconfused.show.doctor import diagnosis_text

        return diagnosis_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from unconfused.show.doctor import diagnosis_html

        return diagnosis_html(self)
