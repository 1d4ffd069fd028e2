"""The words of a line about a pass: amounts, speeds and times, as many as there is room for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from unconfused.errors import inert

Unit: TypeAlias = Literal["row", "byte", "part"]
SIZES = {
    "row": ((1e12, " trillion"), (1e9, " billion"), (1e6, " million")),
    "byte": ((1e12, " TB"), (1e9, " GB"), (1e6, " MB"), (1e3, " kB")),
    "part": ((1e6, " million"),),
}
BAR = (8, 24)
"""Columns of the bar: fewer are none."""


def short(x: float, unit: Unit = "row") -> str:
    """A number in three digits.

    >>> short(12_345), short(8_123_456), short(99_960_000), short(2.5e9, "byte"), short(0.5)
    ('12,345', '8.12 million', '100 million', '2.50 GB', '0.5')
    """
    for size, word in SIZES[unit]:
        if x >= 0.9995 * size:
            y = x / size
            return f"{y:,.{2 if y < 9.995 else 1 if y < 99.95 else 0}f}{word}"
    return f"{x:,.0f}" if x >= 10 or x == int(x) else f"{x:.1g}"


def counted(x: float, unit: Unit) -> str:
    """So many of a unit.

    >>> counted(1, "row"), counted(2e6, "row"), counted(40, "part"), counted(2e6, "byte"), counted(12, "byte")
    ('1 row', '2.00 million rows', '40 parts', '2.00 MB', '12 bytes')
    """
    if unit == "byte" and x >= 1000:
        return short(x, unit)
    return f"{short(x, unit)} {unit}{'s' * (x != 1)}"


def span(seconds: float) -> str:
    """A time.

    >>> span(7.4), span(75), span(3720), span(400_000)
    ('7 s', '1:15 min', '1:02 h', '4.6 days')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h" if whole < 172_800 else f"{whole / 86_400:.1f} days"


def fitted(said: Mapping[str, str], share: float | None, columns: int, bars: bool = False) -> str:
    """One line of at most so many columns: what matters least is left out first, and a bar takes what is left.

    >>> said = {"text": "Counting", "amount": "2.00 million rows", "share": " 50 %", "rate": "1.00 million/s"}
    >>> said["time"] = "2 s left"
    >>> for columns in (79, 60, 40, 20):
    ...     print(fitted(said, 0.5, columns, bars=columns == 79))
    Counting ━━━━━━━━━━─────────  50 %  2.00 million rows  1.00 million/s  2 s left
    Counting   50 %  2.00 million rows  1.00 million/s  2 s left
     50 %  2.00 million rows  2 s left
    2.00 million rows
    """
    kept = {key: said[key] for key in ("text", "share", "amount", "rate", "time") if said[key]}
    if len("  ".join(kept.values())) > columns:
        kept["text"] = said["text"].partition(" ")[0]
    for least in ("rate", "text", "share", "time"):
        if len("  ".join(kept.values())) > columns and len(kept) > 1:
            kept.pop(least, None)
    line = "  ".join(kept.values())
    room = min(columns - len(line), BAR[1])
    if bars and share is not None and "text" in kept and room >= BAR[0]:
        full = round(min(share, 1.0) * room)
        line = f"{kept.pop('text')} {'━' * full}{'─' * (room - full)} {'  '.join(kept.values())}"
    return line[:columns]


def plainly(said: Mapping[str, str]) -> dict[str, str]:
    """In letters of one column each that every terminal has."""
    return {key: inert(x).encode("ascii", "replace").decode() for key, x in said.items()}
