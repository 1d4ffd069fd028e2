"""Loops over rows of scores that belong to slices: each slice into the cells of a grid, all of them at once.

A table of every cell of every slice would fit in no cache, and most of it would be empty. So rows are first put
together by slice, then one table after the other is filled, and only the cells that hold rows are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unconfused.tally.binning import Binned, Plan, plan_of
from unconfused.tally.grids import Grid
from unconfused.tally.kernels import Ints, runs
from unconfused.tally.threads import cores, in_threads, loops, pieces

MOST = 1 << 16
"""Slices, at most, that are put together by the compiled loop: beyond them each has a few rows, which are sorted."""
Piece = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
"""For each row the number of its slice, its truth, 0 or 1, and its score."""


class SlicedBins(NamedTuple):
    """Rows of slices in the cells of a grid, of each slice only the cells that hold any.

    Attributes:
        codes: slice x ``size`` + cell, ascending, int64 (E,).
        counts: rows of truth 0 and 1, int64 (E, 2).
        lows, highs: their lowest and highest score, in the type of the scores (E, 2); inf and -inf for no rows.
        size: cells of a slice.
    """

    codes: Ints
    counts: Ints
    lows: NDArray[Any]
    highs: NDArray[Any]
    size: int

    def __add__(self, other: SlicedBins) -> SlicedBins:  # type: ignore[override]
        codes = np.concatenate([self.codes, other.codes])
        order = np.argsort(codes, kind="stable")  # two runs in order, which it merges
        codes = codes[order]
        starts = runs(codes)

        def both(a: NDArray[Any], b: NDArray[Any], join: np.ufunc) -> NDArray[Any]:
            return np.asarray(join.reduceat(np.concatenate([a, b])[order], starts)) if len(starts) else a

        return SlicedBins(
            codes[starts],
            both(self.counts, other.counts, np.add),
            both(self.lows, other.lows, np.minimum),
            both(self.highs, other.highs, np.maximum),
            self.size,
        )

    def of(self, slices: int) -> list[Binned]:
        """The bins of each of so many slices; none of a slice without rows."""
        bounds = np.searchsorted(self.codes, np.arange(slices + 1) * self.size)
        return [
            Binned(self.codes[a:b] - place * self.size, self.counts[a:b], self.lows[a:b], self.highs[a:b])
            for place, (a, b) in enumerate(pairwise(bounds.tolist()))
        ]


def slice_bins(held: Sequence[Piece], slices: int, grid: Grid, pins: Sequence[float] = ()) -> SlicedBins:
    """Tally rows of several slices, numbered 0…slices-1, in the cells of a grid that ``pins``, ascending, split.

    The pieces hold columns of one type, of truth 0 and 1 and of scores that the grid can take: they were looked at
    before. Shapes: (n,) three times for each piece.

    >>> rows = (np.array([1, 0, 1]), np.array([0, 1, 1]), np.array([0.2, 0.3, 1.0]))
    >>> [x.counts.tolist() for x in slice_bins([rows], 2, Grid.parse("uniform(2)")).of(2)]
    [[[0, 1]], [[1, 0], [0, 1]]]
    """
    scores = held[0][2]
    plan = plan_of(grid, tuple(pins), 8 if scores.dtype.itemsize == 8 else 4)
    rows = sum(len(x) for x, _, _ in held)
    compiled = loops("slices", *(np.broadcast_to(np.zeros(1, x.dtype), rows) for x in held[0][1:]))
    if compiled is not None and slices <= MOST:
        return _compiled(compiled, plan, held, slices, rows)
    made = [_sorted(plan, *piece) for piece in held]
    while len(made) > 1:
        made = [sum_of(made[i : i + 2]) for i in range(0, len(made), 2)]
    return made[0]


def sum_of(parts: Sequence[SlicedBins]) -> SlicedBins:
    """The bins of one part or of two."""
    return parts[0] if len(parts) == 1 else parts[0] + parts[1]


def _sorted(plan: Plan, slices: NDArray[Any], truth: NDArray[Any], scores: NDArray[Any]) -> SlicedBins:
    """With NumPy: rows in the order of slice, cell and truth."""
    s = scores.astype(np.float64) + 0.0
    cells = plan.grid.bins(s) + np.searchsorted(plan.pins, s, side="right")
    places = 2 * (slices.astype(np.int64) * plan.cells + cells) + truth
    order = np.argsort(places, kind="stable")
    places, ranked = places[order], s[order].astype(plan.floats)
    starts = runs(places)
    codes = places[starts] >> 1
    own = runs(codes)
    at = np.repeat(np.arange(len(own)), np.diff(np.append(own, len(codes)))), places[starts] & 1
    counts = np.zeros((len(own), 2), np.int64)
    lows, highs = (np.full((len(own), 2), x, plan.floats) for x in (np.inf, -np.inf))
    if len(starts):
        counts[at] = np.diff(np.append(starts, len(places)))
        lows[at], highs[at] = np.minimum.reduceat(ranked, starts), np.maximum.reduceat(ranked, starts)
    return SlicedBins(codes[own], counts, lows, highs, plan.cells)


def _compiled(compiled: Any, plan: Plan, held: Sequence[Piece], slices: int, rows: int) -> SlicedBins:
    """Compiled: counted into places, a thread for each piece, then tallied, a thread for some slices each."""
    counted = np.stack([np.bincount(x, minlength=slices) for x, _, _ in held])
    ends = counted.sum(0).cumsum()
    free = (ends - counted.sum(0)) + counted.cumsum(0) - counted  # of each piece, where its rows of each slice begin
    truths, column = np.empty(rows, np.uint8), np.empty(rows, plan.floats)

    def put(place: int) -> None:
        for x, t, s in pieces(*held[place]):
            compiled.together(x, t, s, free[place], truths, column)

    in_threads(list(range(len(held))), put, rows)
    bounds = np.append(0, ends)
    cuts = np.searchsorted(ends, rows * np.arange(1, cores()) // cores(), side="right")
    some = [(int(a), int(b)) for a, b in pairwise([0, *cuts, slices]) if a < b]
    found = in_threads(some, lambda ends: _tallied(compiled, plan, truths, column, bounds, *ends), rows)
    columns = found[0] if len(found) == 1 else tuple(np.concatenate(x) for x in zip(*found, strict=True))
    return SlicedBins(*columns, plan.cells)


def _tallied(
    compiled: Any, plan: Plan, truths: NDArray[Any], column: NDArray[Any], bounds: Ints, first: int, last: int
) -> tuple[Ints, Ints, NDArray[Any], NDArray[Any]]:
    """Codes, rows, lowest and highest scores of the slices from one to another."""
    own = bounds[first : last + 1]
    most = int(np.minimum(np.diff(own), plan.cells).sum())
    codes, counts = np.empty(most, np.int64), np.empty((most, 2), np.int64)
    lows, highs = (np.empty((most, 2), plan.floats) for _ in range(2))
    none = np.array([np.inf, -np.inf], plan.floats).view(plan.whole)
    bits = lows.view(plan.whole), highs.view(plan.whole)
    state = plan.keyed(1)[0]
    used = compiled.slices(truths, column, own, first, *plan.orders, state, none, codes, counts, *bits)
    if used < 0:
        raise ValueError("rows that are not plain were counted")  # they were looked at before
    return codes[:used], counts[:used], lows[:used], highs[:used]
