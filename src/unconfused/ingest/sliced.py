"""Slices of rows that come in pieces: plain columns are counted into tables that stay, one for each slice.

A slice of a piece is a few rows, and a tally of its own for each would cost more than counting them. What is not plain
(weights, labels that are not 0 and 1, rows without a score) is counted slice by slice, as of arrays, and added up.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from unconfused.ingest.arrays import tally_rows
from unconfused.ingest.express import of_bins
from unconfused.ingest.rows import Reading, Rows, given_rows, standing
from unconfused.ingest.slices import By, codes_of, named_columns, parts_of, tally_slices
from unconfused.tally.binning import Kept
from unconfused.tally.grids import EXACT
from unconfused.tally.scores import ScoreTally
from unconfused.tally.slices import Edges, Key, Slices
from unconfused.tally.tallies import Tallies

MEMORY = 1 << 30
"""Bytes of tables, at most: of so many slices that they would take more, the rest is counted slice by slice."""
MOST_ROWS = 1 << 31
"""Rows from which on a table of float32 scores could wrap."""


@dataclass(slots=True)
class _Tables:
    """The tables of the slices by some columns."""

    members: dict[Key, Kept] = field(default_factory=dict)
    edges: tuple[Edges | None, ...] = ()


class SliceCounter:
    """Counts the slices of one pass over pieces; `take` may be called from several threads.

    Args:
        reading: how the columns are read.
        edges: of columns of numbers.
    """

    def __init__(self, reading: Reading, edges: Mapping[str, Any] | None) -> None:
        self.reading, self.edges = reading, edges
        self._tables: dict[tuple[str, ...], _Tables] = {}
        self._others: dict[tuple[str, ...], Slices] = {}
        self._bytes, self._rows = 0, 0
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
        kept = Kept.of(truth, scores, self.reading.bins["grid"], self.reading.bins["pins"])
        if kept is None:
            return self._slowly(y_true, by, columns)
        named = named_columns(by)
        coded = codes_of(named, len(rows.truth), self.edges, self.reading)
        found = {names: parts_of(coded[names], None) for names in named}
        with self._guard:
            self._floats = self._floats or kept.floats
            new = sum(key not in self._tables.get(names, _Tables()).members
                      for names, (_, parts) in found.items() for key, _, _ in parts)  # fmt: skip
            self._rows += len(truth)
            room = self._bytes + new * kept.bytes <= MEMORY and self._rows < MOST_ROWS
            if room and kept.floats == self._floats:
                self._bytes += new * kept.bytes
                for names, (order, parts) in found.items():
                    tables = self._tables.setdefault(names, _Tables(edges=tuple(x.edges for x in coded[names])))
                    t, s = truth[order], scores[order]
                    for key, start, end in parts:
                        if key not in tables.members:
                            tables.members[key] = kept.empty()
                        tables.members[key].add(t[start:end], s[start:end])
                return whole
        return self._slowly(y_true, by, columns)

    def _may(self) -> bool:
        how = self.reading
        plain = how.rules is None and how.curves and not how.refine and how.ignore is None and how.label_kind is None
        return plain and how.bins["grid"] != EXACT

    def _slowly(self, y_true: Any, by: By, columns: Mapping[str, Any]) -> Tallies:
        made = tally_slices(self.reading, y_true, by, self.edges, **columns)
        with self._guard:
            for names, x in made.slices.items():
                self._others[names] = self._others.get(names, Slices.zero()) + x
        return made.without_slices()

    def over(self, whole: Tallies) -> Tallies:
        """The sum over all pieces with its slices."""
        made = dict(self._others)
        for names, tables in self._tables.items():
            assert isinstance(whole.scores, ScoreTally)
            of = whole.scores
            members = {key: Tallies("binary", None, of_bins(kept.binned(), of.labels, of.score_kind, self.reading.bins))
                       for key, kept in tables.members.items()}  # fmt: skip
            made[names] = Slices(names, members, tables.edges) + made.get(names, Slices.zero())
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
