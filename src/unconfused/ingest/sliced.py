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

from unconfused.ingest.express import of_bins
from unconfused.ingest.gathered import ScoreCounter
from unconfused.ingest.rows import Reading, Rows, given_rows
from unconfused.ingest.slices import By, Codes, codes_of, named_columns, numbered, refuse_edges, tally_slices
from unconfused.tally.binning import BinSum, plan_of
from unconfused.tally.scores import ScoreTally
from unconfused.tally.sliced import SlicedBins, Together, slice_bins, together
from unconfused.tally.slices import Edges, Key, Slices
from unconfused.tally.tallies import Tallies
from unconfused.tally.threads import one_core

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
    latest: tuple[tuple[Any, ...] | None, Any] = (None, None)  # the values of the piece before, and their numbers

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
    """Counts one pass over pieces, and the slices if there are any; `take` may be called from several threads.

    Args:
        reading: how the columns are read.
        edges: of columns of numbers.
    """

    def __init__(self, reading: Reading, edges: Mapping[str, Any] | None) -> None:
        self.reading, self.edges = reading, edges
        self._scores = ScoreCounter(reading)
        self._slicings: dict[tuple[str, ...], _Slicing] = {}
        self._others: dict[tuple[str, ...], Slices] = {}
        self._kinds: tuple[BinSum, Any] | None = None  # where all slices are added up, and the type of their scores
        self._guard = threading.Lock()

    def take(self, y_true: Any, by: By | None, columns: Mapping[str, Any]) -> Tallies | None:
        """Count a piece. Its slices are kept here, and its rows too where this is None; else it is their tallies."""
        others = ("y_pred", "ids", "row_cost")
        if not self._scores.may or columns.get("y_score") is None or any(columns.get(x) is not None for x in others):
            return self._slowly(y_true, by, columns)
        given = (columns.get(name) for name in ("y_pred", "y_score", "sample_weight", "count"))
        rows = given_rows(self.reading, y_true, *given)
        if not (self._scores.take(rows) if by is None else self._take_slices(rows, by)):
            return self._slowly(y_true, by, columns)
        if by is None:
            refuse_edges(self.edges, ())
        return None

    def _take_slices(self, rows: Rows, by: By) -> bool:
        """Hold the rows of a piece, by slice; the tally of all is made of those. False where they are not plain."""
        plain = None if rows.evidence["coarse"] else self._scores.plain(rows)
        if plain is None or not plan_of(**self._bins, width=plain[1].itemsize).takes(*plain):
            return False
        truth, scores = plain
        kinds = self._scores.bins(truth), scores.dtype
        with self._guard:
            self._kinds = self._kinds or kinds
        if kinds != self._kinds:
            return False
        named = named_columns(by)
        refuse_edges(self.edges, [name for names in named for name in names])
        for names, coded in codes_of(named, len(truth), self.edges, self.reading).items():
            self._hold(names, coded, truth, scores)
        self._scores.note(rows, truth)
        return True

    def _hold(self, names: tuple[str, ...], coded: list[Codes], truth: NDArray[Any], scores: NDArray[Any]) -> None:
        with self._guard:
            slicing = self._slicings.setdefault(names, _Slicing(tuple(x.edges for x in coded)))
            latest, numbers = slicing.latest
        codes, values = coded[0].codes, coded[0].values
        if len(coded) > 1 or values != latest or codes.min(initial=0) < 0:
            codes, keys = numbered(coded)
            with self._guard:
                numbers = slicing.number(keys)
                slicing.latest = (values, numbers) if len(coded) == 1 else slicing.latest
        number = len(slicing.numbers)
        for i in range(0, len(truth), HELD):
            rows = slice(i, i + HELD)
            made = together(codes[rows], numbers, truth[rows], scores[rows], number)
            with self._guard:
                slicing.held.append(made)
                slicing.size += len(made.scores) + number  # of many slices, where each begins takes as much as the rows
                full = slicing.size >= HELD
            if full:
                self._count(slicing)

    @property
    def _bins(self) -> dict[str, Any]:
        return {"grid": self.reading.bins["grid"], "pins": tuple(self.reading.bins["pins"])}

    def _count(self, slicing: _Slicing) -> None:
        """Count the rows that are held; other threads may hold more of them meanwhile."""
        with self._guard:
            held, known = slicing.emptied()
        with one_core(False):
            made = slice_bins(held, **self._bins, known=known) if held else known
        with self._guard:
            meanwhile = slicing.counted
            slicing.counted = made if meanwhile is None or made is None else meanwhile.plus(made)

    def _counted(self, slicing: _Slicing) -> SlicedBins:
        """All rows of the slices; for when no more of them come."""
        self._count(slicing)
        assert slicing.counted is not None
        return slicing.counted

    def _slowly(self, y_true: Any, by: By | None, columns: Mapping[str, Any]) -> Tallies:
        made = tally_slices(self.reading, y_true, by, self.edges, **columns)
        with self._guard:
            for names, x in made.slices.items():
                self._others[names] = self._others.get(names, Slices.zero()) + x
        return made.without_slices()

    def over(self, whole: Tallies | None = None) -> Tallies:
        """The sum over all pieces with its slices, of which ``whole`` is that of all that `take` returned."""
        counted = {names: self._counted(slicing) for names, slicing in self._slicings.items()}
        if self._kinds is not None:
            next(iter(counted.values())).add_to(self._kinds[0])  # each row is in one slice by whatever columns
        whole = self._scores.over(whole or Tallies.zero())
        made, of = dict(self._others), whole.scores
        for names, slices in counted.items():
            assert isinstance(of, ScoreTally)
            slicing = self._slicings[names]
            bins = zip(slicing.numbers, slices.of(len(slicing.numbers)), strict=True)
            members = {key: Tallies("binary", None, of_bins(found, of.labels, of.score_kind, self.reading.bins))
                       for key, found in bins if len(found.cells)}  # fmt: skip
            made[names] = Slices(names, members, slicing.edges) + made.get(names, Slices.zero())
        return whole.sliced(made)
