"""The matrix as columns of text: both axes named, every class named, whole at 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

from unconfused.show.numbers import amounts, with_totals
from unconfused.show.shading import cell
from unconfused.show.table import GAP, PAGE, Column, lay_out, names, total_width, width, wrap
from unconfused.tally.confusion import ConfusionMatrix

FULL = 12
"""Classes up to which the whole matrix is printed."""
LINES = 3
"""Lines that a name is broken into at most, where there is another way."""
NARROW = 18
"""Columns that row names are given at least."""


@dataclass(frozen=True, slots=True)
class Grid:
    """What stands in the matrix, as text.

    Attributes:
        names: of rows and columns alike.
        cells: one row for each name.
        ends: further columns, each a heading and a cell for each name: totals.
        feet: further rows, each a heading and a cell for each column, those of ``ends`` included.
        shares: what shades each cell where a terminal has colours.
    """

    names: Sequence[str]
    cells: Sequence[Sequence[str]]
    ends: Sequence[tuple[str, Sequence[str]]] = ()
    feet: Sequence[tuple[str, Sequence[str]]] = ()
    shares: NDArray[np.float64] | None = None


def matrix_lines(cm: ConfusionMatrix) -> list[str]:
    """The whole matrix with totals; of weighted rows the sums of weights, and beside them rows."""
    *lines, totals = with_totals(cm.table())
    ends, feet = [("total", [line[-1] for line in lines])], [("total", totals)]
    if cm.full_weights is not None:
        rows = cm.table(weighted=False)
        feet = [("total", [*totals, ""]), ("rows", [*amounts(rows.sum(0)), "", f"{cm.total:,d}"])]
        ends.append(("rows", amounts(rows.sum(1))))
    return grid_lines(Grid(names(cm.labels.texts, cm.seats), [line[:-1] for line in lines], ends, feet, _shares(cm)))


def _shares(cm: ConfusionMatrix) -> NDArray[np.float64]:
    """Of the rows of each class, which share stands in each cell."""
    return np.asarray(cm.normalize("true").values)


def grid_lines(grid: Grid) -> list[str]:
    """The lines of a matrix: names over the columns where they fit, else letters that stand beside the row names."""
    for heads in _headings(grid):
        columns = _number_columns(grid, heads)
        room = _room(columns)
        if room >= min(NARROW, _widest(grid)) and _height(grid.names, room) <= LINES:
            return _drawn(grid, columns, room)
    return _keyed(grid)


def _headings(grid: Grid) -> Iterator[list[list[str]]]:
    """Ways to write the names over the columns, from one line each to narrow columns of several lines."""
    widest = max(map(width, grid.names), default=0)
    least = max((width(text) for row in grid.cells for text in row), default=0)
    for cap in range(widest, min(widest, max(least, 3)) - 1, -1):
        heads = [wrap(name, cap, inside=False) for name in grid.names]
        if max(len(lines) for lines in heads) > LINES or any(width(line) > cap for lines in heads for line in lines):
            return
        yield heads


def _number_columns(grid: Grid, heads: Sequence[Sequence[str]]) -> list[Column]:
    shares = np.zeros((len(grid.names),) * 2) if grid.shares is None else grid.shares
    columns = [
        Column(head, [[row[i]] for row in grid.cells], shades=[*map(cell, shares[:, i].tolist())])
        for i, head in enumerate(heads)
    ]
    columns += [Column([head], [[text] for text in cells]) for head, cells in grid.ends]
    feet = [cells for _, cells in grid.feet]
    return [replace(c, cells=[*c.cells, *([foot[i]] for foot in feet)]) for i, c in enumerate(columns)]


def _drawn(grid: Grid, columns: Sequence[Column], room: int, keys: Sequence[str] = ()) -> list[str]:
    """The table with its row names, broken to ``room`` columns, and before them their keys."""
    feet = [[head] for head, _ in grid.feet]
    names = Column(["actual"], [*(wrap(name, room) for name in grid.names), *feet], "left")
    first = [names]
    if keys:
        first.insert(0, Column([""], [*([key] for key in keys), *([""] for _ in feet)], "left"))
    rules = [len(grid.names)] if feet else []
    return lay_out([*first, *columns], rules, over=(len(first), "predicted"))


def _keyed(grid: Grid) -> list[str]:
    """Letters over the columns; where even these do not fit, the columns follow in blocks."""
    keys = list(ascii_lowercase[: len(grid.names)])
    columns = _number_columns(grid, [[key] for key in keys])
    key_width = max(map(width, keys)) + len(GAP)
    blocks: list[list[Column]] = [[]]
    least = min(NARROW, _widest(grid)) + len(GAP) + key_width
    for column in columns:
        if blocks[-1] and total_width([*blocks[-1], column]) > PAGE - least:
            blocks.append([])
        blocks[-1].append(column)
    lines: list[str] = []
    for block in blocks:
        lines += [*([""] if lines else []), *_drawn(grid, block, _room(block) - key_width, keys)]
    return lines


def _room(columns: Sequence[Column]) -> int:
    """What numbers leave to the names."""
    return PAGE - max(total_width(columns), len("predicted")) - len(GAP)


def _widest(grid: Grid) -> int:
    return max(map(width, [*grid.names, "actual", *(head for head, _ in grid.feet)]))


def _height(names: Sequence[str], room: int) -> int:
    return max((len(wrap(name, room)) for name in names), default=1)
