"""Loops over rows of scores that belong to slices: each slice into the cells of a grid, all of them at once.

A table of every cell of every slice would fit in no cache, and most of it would be empty. So rows are first put
together by slice, then one table after the other is filled, and only the cells that hold rows are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unconfused.tally.binning import Binned, BinSum, Plan, plan_of
from unconfused.tally.grids import Grid
from unconfused.tally.kernels import Ints, runs
from unconfused.tally.threads import in_threads, loops

SOME = 1 << 19
"""Rows of neighbouring slices that are tallied at a time: a few megabytes, which are used again for the next."""


class Together(NamedTuple):
    """Scores put together by slice, first those of truth 0, then of truth 1, each in the order in which they came.

    Attributes:
        scores: float32 or float64 (n,).
        bounds: where the scores of each slice and truth begin, and the end of all, int64 (2 slices + 1,).
    """

    scores: NDArray[Any]
    bounds: Ints


class Cells(NamedTuple):
    """Cells of slices that hold rows.

    Attributes:
        codes: slice x cells of a slice + cell, ascending, whole numbers (E,).
        counts: rows of truth 0 and 1, whole numbers (E, 2).
        lows, highs: their lowest and highest score, in the type of the scores (E, 2); inf and -inf for no rows.
    """

    codes: NDArray[Any]
    counts: NDArray[Any]
    lows: NDArray[Any]
    highs: NDArray[Any]


class SlicedBins:
    """Rows of slices in the cells of a grid, of each slice only the cells that hold any.

    Args:
        parts: of some slices each, in order; they are put together only for more to be added.
        size: cells of a slice.
    """

    def __init__(self, parts: Sequence[Cells], size: int) -> None:
        self.parts, self.size = list(parts), size

    @classmethod
    def none(cls, plan: Plan) -> SlicedBins:
        """The bins of no rows."""
        pairs = np.zeros((0, 2), plan.floats)
        return cls([Cells(np.zeros(0, np.int64), np.zeros((0, 2), np.int64), pairs, pairs)], plan.cells)

    def joined(self) -> Cells:
        """All cells."""
        if len(self.parts) > 1:
            self.parts = [Cells(*(np.concatenate(x) for x in zip(*self.parts, strict=True)))]
        return self.parts[0]

    def plus(self, other: SlicedBins) -> SlicedBins:
        """All rows of both."""
        a, b = self.joined(), other.joined()
        most = max(int(x.codes.max(initial=0)) for x in (a, b)) + self.size
        kind = _width(int(a.counts.sum() + b.counts.sum()), most)
        codes = np.concatenate([a.codes, b.codes]).astype(kind)
        order = np.argsort(codes, kind="stable")  # two runs in order, which it merges
        starts = runs(codes[order])
        first = np.zeros(len(codes), np.int64)
        first[starts] = 1
        at = np.empty(len(codes), np.int64)
        at[order] = np.cumsum(first) - 1
        mine, theirs = at[: len(a.codes)], at[len(a.codes) :]
        counts = np.zeros((len(starts), 2), kind)
        counts[mine] = a.counts
        counts[theirs] += b.counts
        lows, highs = (np.full((len(starts), 2), x, a.lows.dtype) for x in (np.inf, -np.inf))
        lows[mine], highs[mine] = a.lows, a.highs
        lows[theirs] = np.minimum(lows[theirs], b.lows)
        highs[theirs] = np.maximum(highs[theirs], b.highs)
        return SlicedBins([Cells(codes[order[starts]], counts, lows, highs)], self.size)

    def add_to(self, total: BinSum) -> None:
        """Add the rows of all slices."""
        for part in self.parts:
            total.add_slices(*part)

    def of(self, slices: int) -> list[Binned]:
        """The bins of each of so many slices; none of a slice without rows."""
        made = [Binned(*(x[:0] for x in self.parts[0]))] * slices
        for part in self.parts:
            if not len(part.codes):
                continue
            first, last = int(part.codes[0]) // self.size, int(part.codes[-1]) // self.size
            bounds = _places(part.codes, np.arange(first, last + 2), self.size).tolist()
            for place, (a, b) in enumerate(pairwise(bounds), first):
                made[place] = Binned(part.codes[a:b] - place * self.size, *(x[a:b] for x in part[1:]))
        return made


def _width(rows: int, codes: int) -> type[np.signedinteger[Any]]:
    """The type of counts and codes: half as many bytes for as long as all of them fit."""
    return np.int32 if max(rows, codes) < 1 << 31 else np.int64


def _places(codes: NDArray[Any], slices: Ints, size: int) -> NDArray[np.intp]:
    """Where slices begin among codes; asked in the type of the codes, which would be copied into a wider one."""
    return np.searchsorted(codes, (slices * size).astype(codes.dtype))


def together(
    codes: NDArray[Any], numbers: NDArray[np.uint32], truth: NDArray[Any], scores: NDArray[Any], slices: int
) -> Together:
    """Rows by slice: ``numbers`` (codes,) holds for each code the number of its slice, 0…slices-1.

    Codes are at least 0, truth is 0 or 1, and scores are floats of at most 64 bits.    Shape: (n,) three times.

    >>> together(np.array([1, 0, 1]), np.array([0, 1]), np.array([1, 1, 0]), np.array([0.2, 0.3, 1.0]), 2).scores
    array([0.3, 1. , 0.2])
    """
    floats = np.dtype(np.float64 if scores.itemsize == 8 else np.float32)
    t, s = np.asarray(truth, np.uint8, order="C"), np.asarray(scores, floats, order="C")
    if (compiled := loops("together", s)) is None:
        own = 2 * numbers[codes].astype(np.int64) + t
        order = np.argsort(own, kind="stable")
        return Together(s[order], np.append(0, np.bincount(own, minlength=2 * slices).cumsum()))
    bounds, free, column = np.zeros(2 * slices + 1, np.int64), np.empty(2 * slices, np.int64), np.empty(len(t), floats)
    whole = np.ascontiguousarray(codes, codes.dtype.newbyteorder("=") if codes.itemsize == 4 else np.uint32)
    compiled.together(whole.view(np.uint32), np.asarray(numbers, np.uint32), t, s, bounds, free, column)
    return Together(column, bounds)


def slice_bins(
    held: Sequence[Together], grid: Grid, pins: Sequence[float] = (), known: SlicedBins | None = None
) -> SlicedBins:
    """Tally rows of slices in the cells of a grid that ``pins``, ascending, split; fewer than 2³¹ rows.

    What is ``known`` of the slices from other rows is added.

    The pieces hold scores of one type, which the grid can take: they were looked at before. A later piece may have more
    slices than one before it.

    >>> rows = together(np.array([1, 0, 1]), np.arange(2), np.array([0, 1, 1]), np.array([0.2, 0.3, 1.0]), 2)
    >>> [x.counts.tolist() for x in slice_bins([rows], Grid.parse("uniform(2)")).of(2)]
    [[[0, 1]], [[1, 0], [0, 1]]]
    """
    plan = plan_of(grid, tuple(pins), held[0].scores.itemsize)
    rows = sum(len(x.scores) for x in held)
    known = known or SlicedBins.none(plan)
    compiled = loops("slices", np.broadcast_to(np.zeros(1, plan.floats), rows))
    if compiled is not None:
        return _compiled(compiled, plan, held, rows, known)
    return reduce(SlicedBins.plus, (_plainly(plan, piece) for piece in held), known)


def _plainly(plan: Plan, piece: Together) -> SlicedBins:
    """With NumPy: rows in the order of slice, cell and truth."""
    s = piece.scores.astype(np.float64) + 0.0
    cells = plan.grid.bins(s) + np.searchsorted(plan.pins, s, side="right")
    own, truth = np.divmod(np.repeat(np.arange(len(piece.bounds) - 1), np.diff(piece.bounds)), 2)
    places = 2 * (own * plan.cells + cells) + truth
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
    kind = _width(len(s), len(piece.bounds) // 2 * plan.cells)
    return SlicedBins([Cells(codes[own].astype(kind), counts.astype(kind), lows, highs)], plan.cells)


def _compiled(compiled: Any, plan: Plan, held: Sequence[Together], rows: int, known: SlicedBins) -> SlicedBins:
    """Compiled: some slices at a time, whose rows of all pieces stay in the cache."""
    ends = max(len(x.bounds) for x in held)
    bounds = np.stack([np.pad(x.bounds, (0, ends - len(x.bounds)), "edge") for x in held])
    own, slices = np.diff(bounds[:, ::2]).sum(0), ends // 2
    cuts = np.unique(np.searchsorted(own.cumsum(), np.arange(SOME, rows, SOME), side="right"))
    cells = known.joined()
    whole = _width(rows + int(cells.counts.sum()), slices * plan.cells)

    def some(ends: tuple[int, int]) -> Cells:
        first, last = ends
        at = bounds[:, 2 * first : 2 * last + 1]
        scores = np.concatenate([x.scores[a:b] for x, a, b in zip(held, at[:, 0], at[:, -1], strict=True)])
        lengths = at[:, -1] - at[:, 0]
        at = at - at[:, :1] + (lengths.cumsum() - lengths)[:, None]
        also = np.diff(_places(cells.codes, np.array([first, last]), plan.cells))[0]
        most = int(np.minimum(own[first:last], plan.cells).sum() + also)
        kinds = (((most,), whole), ((most, 2), whole), ((most, 2), plan.floats), ((most, 2), plan.floats))
        made = Cells(*(np.empty(*kind) for kind in kinds))
        used = compiled.slices(scores, at, first, last, *plan.orders, plan.keyed(1)[0], *cells, *made)
        if used < 0:
            raise ValueError("rows that are not plain were counted")  # they were looked at before
        return Cells(*(x[:used].copy() for x in made))

    groups = [(a, b) for a, b in pairwise([0, *cuts.tolist(), slices]) if a < b]
    return SlicedBins(in_threads(groups, some, rows), plan.cells)
