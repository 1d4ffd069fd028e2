"""Slices of rows that come in pieces: plain columns are held until many rows are together, and counted then.

A slice of a piece is a few rows, and a tally of its own for each would cost more than counting them. What is not plain
(weights, labels that are not 0 and 1, rows without a score) is counted slice by slice, as of arrays, and added up.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.ingest.arrays import tally_rows
from unconfused.ingest.express import of_bins
from unconfused.ingest.rows import Reading, Rows, given_rows, standing
from unconfused.ingest.slices import By, Codes, codes_of, named_columns, numbered, refuse_edges, tally_slices
from unconfused.tally.grids import EXACT
from unconfused.tally.scores import ScoreTally
from unconfused.tally.sliced import SlicedBins, Together, slice_bins, together
from unconfused.tally.slices import Edges, Key, Slices
from unconfused.tally.tallies import Tallies

HELD = 1 << 25
"""Rows that are held before they are counted: the more, the fewer times the cells of a slice are fetched."""


@dataclass(slots=True)
class _Slicing:
    """The slices by some columns: their numbers, the rows that are held and their size, and what was counted."""

    edges: tuple[Edges | None, ...] = ()
    numbers: dict[Key, int] = field(default_factory=dict)
    held: list[Together] = field(default_factory=list)
    size: int = 0
    counted: SlicedBins | None = None

    def number(self, keys: list[Key]) -> NDArray[np.uint32]:
        """The numbers of slices, new ones for those that were not yet seen."""
        return np.array([self.numbers.setdefault(key, len(self.numbers)) for key in keys], np.uint32)

    def emptied(self) -> tuple[list[Together], SlicedBins | None]:
        """What was held and counted until now, which it gives away."""
        given = self.held, self.counted
        self.held, self.size, self.counted = [], 0, None
        return given


def tally_sliced(
    reading: Reading, y_true: Any, by: By | None, edges: Mapping[str, Any] | None, columns: Mapping[str, Any]
) -> Tallies:
    """The tallies of rows in memory, and of their slices: as `tally_slices`, in the shortest way."""
    if by is None:
        return tally_slices(reading, y_true, by, edges, **columns)
    counter = SliceCounter(reading, edges)
    return counter.over(counter.take(y_true, by, columns))


class SliceCounter:
    """Counts the slices of one pass over pieces; `take` may be called from several threads.

    Args:
        reading: how the columns are read.
        edges: of columns of numbers.
    """

    def __init__(self, reading: Reading, edges: Mapping[str, Any] | None) -> None:
        self.reading, self.edges = reading, edges
        self._slicings: dict[tuple[str, ...], _Slicing] = {}
        self._others: dict[tuple[str, ...], Slices] = {}
        self._floats: Any = None
        self._guard = threading.Lock()

    def take(self, y_true: Any, by: By, columns: Mapping[str, Any]) -> Tallies:
        """Count a piece: the tallies of all its rows; those of its slices are kept here."""
        if not self._may() or any(columns.get(x) is not None for x in ("ids", "row_cost")):
            return self._slowly(y_true, by, columns)
        given = {name: columns.get(name) for name in ("y_pred", "y_score", "sample_weight", "count")}
        rows = given_rows(self.reading, y_true, **given)
        whole = tally_rows(standing(rows))
        plain = _plain(rows, whole)
        if plain is None:
            return self._slowly(y_true, by, columns)
        truth, scores = plain
        with self._guard:
            self._floats = self._floats or scores.dtype
        if scores.dtype != self._floats:
            return self._slowly(y_true, by, columns)
        named = named_columns(by)
        refuse_edges(self.edges, [name for names in named for name in names])
        for names, coded in codes_of(named, len(rows.truth), self.edges, self.reading).items():
            self._hold(names, coded, truth, scores)
        return whole

    def _may(self) -> bool:
        how = self.reading
        plain = how.rules is None and how.curves and not how.refine and how.ignore is None and how.label_kind is None
        return plain and how.bins["grid"] != EXACT

    def _hold(self, names: tuple[str, ...], coded: list[Codes], truth: NDArray[Any], scores: NDArray[Any]) -> None:
        codes, keys = numbered(coded)
        with self._guard:
            slicing = self._slicings.setdefault(names, _Slicing(tuple(x.edges for x in coded)))
            numbers, number = slicing.number(keys), len(slicing.numbers)
        for i in range(0, len(truth), HELD):
            rows = slice(i, i + HELD)
            made = together(codes[rows], numbers, truth[rows], scores[rows], number)
            with self._guard:
                slicing.held.append(made)
                slicing.size += len(made.truth) + number  # of many slices, where each begins takes as much as the rows
                full = slicing.size >= HELD
            if full:
                self._count(slicing)

    @property
    def _bins(self) -> dict[str, Any]:
        return {x: self.reading.bins[x] for x in ("grid", "pins")}

    def _count(self, slicing: _Slicing) -> None:
        """Count the rows that are held; other threads may hold more of them meanwhile."""
        with self._guard:
            held, known = slicing.emptied()
        made = slice_bins(held, **self._bins, known=known) if held else known
        with self._guard:
            meanwhile = slicing.counted
            slicing.counted = made if meanwhile is None or made is None else meanwhile.plus(made)

    def _slowly(self, y_true: Any, by: By, columns: Mapping[str, Any]) -> Tallies:
        made = tally_slices(self.reading, y_true, by, self.edges, **columns)
        with self._guard:
            for names, x in made.slices.items():
                self._others[names] = self._others.get(names, Slices.zero()) + x
        return made.without_slices()

    def over(self, whole: Tallies) -> Tallies:
        """The sum over all pieces with its slices."""
        made, of = dict(self._others), whole.scores
        for names, slicing in self._slicings.items():
            self._count(slicing)
            assert isinstance(of, ScoreTally)
            assert slicing.counted is not None
            bins = zip(slicing.numbers, slicing.counted.of(len(slicing.numbers)), strict=True)
            members = {key: Tallies("binary", None, of_bins(found, of.labels, of.score_kind, self.reading.bins))
                       for key, found in bins if len(found.cells)}  # fmt: skip
            made[names] = Slices(names, members, slicing.edges) + made.get(names, Slices.zero())
        return whole.sliced(made)


def _plain(rows: Rows, whole: Tallies) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Truth and scores, where every row has both and the truth is 0 or 1."""
    tally, score, truth = whole.scores, rows.score, rows.truth
    if not isinstance(tally, ScoreTally) or whole.matrix is not None or score is None or rows.called is not None:
        return None
    weighed = rows.weighing.count is not None or rows.weighing.weights is not None
    odd = any(x.categories is not None or (x.missing is not None and x.missing.any()) for x in (truth, score))
    t, s = truth.values, score.values
    if weighed or odd or rows.evidence["coarse"] or t.ndim != 1 or s.ndim != 1 or s.dtype.kind != "f":
        return None
    if t.dtype.kind not in "biu" or set(tally.labels.values) != {0, 1} or tally.evidence.left_out:
        return None
    if not (t.min() >= 0 and t.max() <= 1) or tally.full[0].any() or tally.full[:, 2:].any():
        return None
    return t, s
