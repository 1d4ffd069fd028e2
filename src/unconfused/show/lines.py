"""Lines that every text shares: rates and what stands beside them, methods of intervals, footnotes, findings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from string import ascii_lowercase
from typing import TYPE_CHECKING, TypeAlias

from unconfused.inference import Estimate
from unconfused.show.escape import visible
from unconfused.show.numbers import listing
from unconfused.show.shading import FAINT, Shade, bar, leveled, styled
from unconfused.show.table import PAGE, left, name, paragraph, width

if TYPE_CHECKING:
    from unconfused.findings import Finding

Rate: TypeAlias = tuple[str, Estimate, str]
"""What ``estimate`` answers to, its answer, and what stands beside it."""


def plain(e: Estimate) -> str:
    """An estimate without the classes that it left out: those are named below."""
    return str(replace(e, left_out=()))


def value_of(e: Estimate) -> str:
    """The value of an estimate as it prints, without its interval.

    >>> value_of(Estimate(0.99996, 0.9999, 0.99999))
    '0.99996'
    """
    return plain(e).partition(" ")[0]


def rate_lines(rates: Sequence[Rate], *, methods: bool = True) -> list[str]:
    """One rate a line: its name, the estimate, what stands beside it; then how the intervals were made."""
    if not rates:
        return []
    first = max(width(visible(metric)) for metric, _, _ in rates)
    wide = max((width(plain(e)) for _, e, _ in rates if e.defined), default=0)
    second = max((width(plain(e)) for _, e, beside in rates if beside and e.defined), default=0)
    lines = []
    for asked, e, beside in rates:
        metric = visible(asked)
        text, note = (plain(e), beside) if e.defined else ("undefined", e.reason or "")
        if e.left_out:
            note = "; ".join(filter(None, (note, f"without {listing(list(map(name, e.left_out)))}")))
        line, *more = _beside(f"{left(metric, first)}  {left(text, second)}".rstrip(), note, first + 2)
        lines += [_barred(line, len(left(metric, first)) + 2, wide, bar(asked, e)), *more]
    return [*lines, *(method_lines(rates) if methods else [])]


def _barred(line: str, at: int, wide: int, under: Shade | None) -> str:
    """A line with a bar under its estimate."""
    return line if under is None else line[:at] + under(line[at : at + wide].ljust(wide)) + line[at + wide :]


def _beside(line: str, note: str, indent: int) -> list[str]:
    """A line with its note behind it, or under it where the page is too narrow."""
    if not note or width(line) + 2 + width(note) <= PAGE:
        return [f"{line}  {note}".rstrip()]
    return [line, *paragraph(note, " " * indent, first=True)]


def method_lines(rates: Sequence[Rate]) -> list[str]:
    """Which intervals stand in brackets: the method of the first, then the metrics that have another."""
    by_method: dict[str, dict[str, None]] = {}
    for metric, e, _ in rates:
        if e.low < e.high:
            by_method.setdefault(e.method, dict[str, None]())[metric] = None
    if not by_method:
        return []
    first, *others = by_method
    told = [first, *(f"{', '.join(by_method[method])}: {method}" for method in others)]
    told_in_full = paragraph(f"{100 * rates[0][1].level:.4g} % intervals: {'; '.join(told)}.", "  ")
    return ["", *(styled(line, FAINT) for line in told_in_full)]


def finding_lines(findings: Sequence[Finding], notes: Collection[str] = ("CM-ONE-CLASS",)) -> list[str]:
    """Findings that doubt the numbers: errors and warnings, and notes of these codes."""
    lines: list[str] = []
    for finding in findings:
        if finding.level != "note" or finding.code in notes:
            text = f"{finding.level.capitalize()} {finding.code}: {finding.message} {finding.remedy}".rstrip()
            first, *more = paragraph(visible(text), "  ")
            lines += [leveled(first, finding.level), *more]
    return lines


def joined(parts: Sequence[Sequence[str]]) -> str:
    """Parts with a blank line between them."""
    return "\n\n".join("\n".join(part) for part in parts if part)


@dataclass(frozen=True, slots=True)
class Footnotes:
    """Reasons, each told once under a letter."""

    texts: list[str] = field(default_factory=list)

    def mark(self, text: str) -> str:
        """The letter of a footnote, in parentheses."""
        if text not in self.texts:
            self.texts.append(text)
        place = self.texts.index(text)
        return f"({ascii_lowercase[place % 26] * (place // 26 + 1)})"

    def cell(self, e: Estimate) -> str:
        """An estimate for a table; why it is undefined is told below."""
        if not e.defined:
            return f"undefined {self.mark(e.reason or 'no reason was kept')}"
        return plain(e)

    def lines(self) -> list[str]:
        """The footnotes."""
        return [line for text in self.texts for line in paragraph(f"{self.mark(text)} {text}", "    ")]
