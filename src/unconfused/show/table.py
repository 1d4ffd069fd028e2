"""Columns of text that line up on a terminal, whatever their letters: all widths are display columns."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from unconfused.errors import JOINERS
from unconfused.show.escape import LTR, isolated, printed, visible
from unconfused.show.shading import FAINT, Shade, styled

PAGE = 80
"""Columns of a page of text."""
GAP = "  "
MOST = 180
"""Columns of a name at most; the middle of a longer one is left out."""
LEAST = 12
"""Columns that names should have."""
_ZWJ, _EMOJI_STYLE = "\u200d", "\ufe0f"


def width(text: str) -> int:
    """The display columns of a line: wide letters and emoji take two, combining marks none.

    >>> width("cat"), width("\u732b"), width("e\u0301"), width("\U0001f431")
    (3, 2, 1, 2)
    """
    return len(text) if text.isascii() else sum(columns for _, columns in _clusters(text))


def _clusters(text: str) -> Iterator[tuple[str, int]]:
    """Letters with the marks that belong to them, and their columns."""
    cluster, columns = "", 0
    for x in text:
        if cluster and (_joins(x) or cluster[-1] == _ZWJ):
            cluster += x
            columns = 2 if x == _EMOJI_STYLE and columns == 1 and cluster[0] != " " else columns
            continue
        if cluster:
            yield cluster, columns
        cluster, columns = x, 0 if _joins(x) else 2 if unicodedata.east_asian_width(x) in "WF" else 1
    if cluster:
        yield cluster, columns


def _joins(x: str) -> bool:
    """Whether a letter takes no column of its own."""
    return (
        unicodedata.category(x) in ("Mn", "Me")
        or x in JOINERS
        or x == LTR
        or "\u1160" <= x <= "\u11ff"  # the middle and end of a Hangul syllable
        or "\U0001f3fb" <= x <= "\U0001f3ff"  # skin tones
    )


def left(text: str, columns: int) -> str:
    """Padded on the right."""
    return text + " " * (columns - width(text))


def right(text: str, columns: int) -> str:
    """Padded on the left."""
    return " " * (columns - width(text)) + text


def chop(text: str, columns: int) -> list[str]:
    """Pieces of at most so many columns (one letter at least); joined, they are the text."""
    pieces, used = [""], 0
    for cluster, size in _clusters(text):
        if used + size > columns and pieces[-1]:
            pieces.append("")
            used = 0
        pieces[-1] += cluster
        used += size
    return pieces


def wrap(text: str, columns: int, *, inside: bool = True) -> list[str]:
    """Lines of at most so many columns, broken after spaces and the marks ``_ - / . : ,``.

    A word that is longer is broken ``inside``, or stands on a line that is too long.
    """
    lines: list[str] = []
    line = ""
    for word in re.findall(r"[^\s_\-/.:,]*(?:[_\-/.:,]+|\s+|$)", text):
        if line and width(line + word.rstrip()) > columns:
            lines.append(line.rstrip())
            line = ""
        if inside and width(word.rstrip()) > columns:
            *full, word = chop(word, columns)
            lines += full
        line += word
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def paragraph(text: str, indent: str = "", *, first: bool = False) -> list[str]:
    """Words filled to the page; lines after the ``first`` (and that one, if told so) begin with ``indent``."""
    lines = [indent if first else ""]
    for word in printed(text).split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1].strip() else lines[-1] + word
        if width(longer) <= PAGE:
            lines[-1] = longer
            continue
        pieces = [indent + piece for piece in chop(word, PAGE - width(indent))]
        lines = [*lines, *pieces] if lines[-1].strip() else [*lines[:-1], *pieces]
    return lines


def name(text: str, most: int = MOST) -> str:
    """A label within a sentence: visible, not too long, and unable to move what follows it."""
    return isolated(shortened(visible(text), most))


def shortened(text: str, most: int = MOST) -> str:
    """The text, without its middle where it is longer than ``most`` columns."""
    if width(text) <= most:
        return text
    room, end = most - most * 2 // 3 - 3, ""
    for cluster, columns in reversed(list(_clusters(text))):
        if columns > room:
            break
        room, end = room - columns, cluster + end
    return f"{chop(text, most * 2 // 3)[0]}...{end}"


def names(labels: Sequence[str], seats: Sequence[str] = ()) -> list[str]:
    """Labels as they stand in a table, all different: seats in parentheses, look-alikes with their place.

    >>> names(["cat", "total"], ["other"])
    ['cat', 'total (no. 2)', '(other)']
    """
    shown, places = [shortened(visible(x)) for x in labels], [f"({seat})" for seat in seats]
    looks = [re.sub(f"[{JOINERS}]", "", unicodedata.normalize("NFC", x)) for x in shown]
    often = Counter([*looks, *places, "total"])
    numbered = enumerate(zip(shown, looks, strict=True), 1)
    return [*(f"{x} (no. {i})" if often[look] > 1 else x for i, (x, look) in numbered), *places]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its heading and its cells, each of one line or several, the side they stand on, shades."""

    head: Sequence[str]
    cells: Sequence[Sequence[str]]
    side: Literal["left", "right"] = "right"
    shades: Sequence[Shade | None] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "head", [*map(printed, self.head)])
        object.__setattr__(self, "cells", [[*map(printed, cell)] for cell in self.cells])

    @property
    def width(self) -> int:
        """The display columns that it needs."""
        return max((width(line) for cell in (self.head, *self.cells) for line in cell), default=0)

    def line(self, cell: Sequence[str], i: int) -> str:
        """Line ``i`` of a cell, padded; blank above and below."""
        text = isolated(cell[i]) if 0 <= i < len(cell) else ""
        return (right if self.side == "right" else left)(text, self.width)

    def row(self, row: int, i: int) -> str:
        """Line ``i`` of the cell in that row, padded and shaded."""
        line, shade = self.line(self.cells[row], i), self.shades[row] if row < len(self.shades) else None
        return line if shade is None or not line.strip() else shade(line)


def total_width(columns: Sequence[Column]) -> int:
    """The display columns of the whole table."""
    return sum(column.width for column in columns) + len(GAP) * (len(columns) - 1)


def fitted(columns: Sequence[Column], named: Sequence[int], *, spare: int | None = None) -> list[Column]:
    """The same columns at the width of the page: names are broken, and the ``spare`` column goes if it must."""
    room = PAGE - sum(columns[i].width for i in range(len(columns)) if i not in named) - len(GAP) * (len(columns) - 1)
    wide = sum(columns[i].width for i in named)
    if wide > room and room < LEAST * len(named) and spare is not None:
        kept = [i for i in range(len(columns)) if i != spare]
        return fitted([columns[i] for i in kept], [kept.index(i) for i in named])
    out = list(columns)
    for place, i in enumerate(
        sorted(named, key=lambda i: columns[i].width)
    ):  # what a short name leaves, a long one gets
        share = max(room // (len(named) - place), 2)
        out[i] = replace(
            out[i], cells=[[piece for line in cell for piece in wrap(line, share)] for cell in out[i].cells]
        )
        out[i] = replace(out[i], head=[piece for line in out[i].head for piece in wrap(line, share)])
        room -= out[i].width
    return out


def lay_out(columns: Sequence[Column], rules: Collection[int] = (), over: tuple[int, str] | None = None) -> list[str]:
    """The lines of a table. Headings stand at the bottom of theirs, cells at the top.

    A rule is drawn under the headings and before each row in ``rules``; ``over=(i, text)`` heads the columns from i on.
    """
    top = max(len(column.head) for column in columns)
    lines = [[column.line(column.head, i - top + len(column.head)) for column in columns] for i in range(top)]
    rule = styled("-" * total_width(columns), FAINT)
    out = [GAP.join(line) for line in lines]
    if over is not None:
        out.insert(0, GAP.join([left("", column.width) for column in columns[: over[0]]] + [over[1]]))
    out.append(rule)
    for row in range(len(columns[0].cells)):
        if row in rules:
            out.append(rule)
        height = max(len(column.cells[row]) for column in columns)
        out += [GAP.join(column.row(row, i) for column in columns) for i in range(height)]
    return [line.rstrip() for line in out]
