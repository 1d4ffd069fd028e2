"""Scores of rows that come in pieces: plain ones are counted into one table of cells, and make a tally in the end.

A tally of each piece, and the sum of them, would take as long as the rows of a small one. Pieces that are not plain
(weights, text, rows without a score, other classes than 0 and 1) are left to the long way.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.findings import Evidence
from unconfused.ingest.columns import Column
from unconfused.ingest.express import is_two, plain_scores, scores_of_bins
from unconfused.ingest.rows import Reading, Rows
from unconfused.ingest.weights import Weighing
from unconfused.tally.binning import BinSum
from unconfused.tally.grids import EXACT
from unconfused.tally.tallies import Tallies


@dataclass(slots=True)
class _Gathered:
    """Pieces whose truth is of one kind."""

    bins: BinSum
    evidence: Evidence = field(default_factory=Evidence)
    rows: int = 0


class ScoreCounter:
    """Counts plain scores of one pass over pieces; `take` may be called from several threads.

    Args:
        reading: how the columns are read.
    """

    def __init__(self, reading: Reading) -> None:
        self.reading, self._gathered = reading, dict[str, _Gathered]()
        self._guard = threading.Lock()

    @property
    def may(self) -> bool:
        """Whether scores that are read like this can be plain at all."""
        how = self.reading
        plain = how.rules is None and how.curves and not how.refine and how.ignore is None and how.label_kind is None
        return plain and how.bins["grid"] != EXACT

    def plain(self, rows: Rows) -> tuple[NDArray[Any], NDArray[Any]] | None:
        """The truth of rows, whole numbers, and their scores; None where they are not plain."""
        plain = plain_scores(rows) if self.may else None
        return None if plain is None or not is_two(rows, plain[0].dtype) else plain

    def take(self, rows: Rows) -> bool:
        """Count the rows of a piece; False where they are not plain."""
        plain = self.plain(rows)
        if plain is None or not self.bins(plain[0]).add(*plain):
            return False
        self.note(rows, plain[0])
        return True

    def bins(self, truth: NDArray[Any]) -> BinSum:
        """Where rows of such a truth are counted."""
        return self._of(truth).bins

    def note(self, rows: Rows, truth: NDArray[Any]) -> None:
        """These rows were counted, or will be before `over` is asked for."""
        gathered = self._of(truth)
        with self._guard:
            gathered.evidence += rows.evidence
            gathered.rows += len(truth)

    def _of(self, truth: NDArray[Any]) -> _Gathered:
        kind = "b" if truth.dtype.kind == "b" else "i"
        with self._guard:
            if kind not in self._gathered:
                self._gathered[kind] = _Gathered(BinSum(self.reading.bins["grid"], self.reading.bins["pins"]))
            return self._gathered[kind]

    def over(self, rest: Tallies) -> Tallies:
        """The tallies of all rows: of those that were taken, and of the ``rest``."""
        for kind, gathered in self._gathered.items():
            n = gathered.rows
            if not n:
                continue  # its pieces were not plain
            score = Column("y_score", np.broadcast_to(np.float64(0), (n,)))  # of which only the shape is told
            rows = Rows(self.reading, score, None, score, Weighing(n), gathered.evidence)
            scores = scores_of_bins(rows, gathered.bins.bins(), np.dtype(bool if kind == "b" else np.int64))
            assert scores is not None  # they were asked for their classes before
            rest = Tallies("binary", None, scores) + rest
        return rest
