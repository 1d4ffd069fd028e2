"""The short way of plain columns: whole numbers and floats as they lie, through one compiled loop, to the tally.

Whatever is not plain returns None. The long way then counts the same, or finds out what is wrong and says so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import UnconfusedError
from unconfused.findings import Evidence
from unconfused.ingest.classes import resolve, score_labels
from unconfused.ingest.columns import Column
from unconfused.ingest.factors import Factor
from unconfused.ingest.rows import Rows
from unconfused.ingest.scored import moments_of, require_threshold, score_columns, sum_tolerance
from unconfused.labels import Labels
from unconfused.tally.axis import ScoreKind, cut_of, near_misses
from unconfused.tally.binning import Binned, argmax_pairs, bin_counts, ovr_bin_counts, row_sums_off
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.cuts import COLUMNS
from unconfused.tally.grids import EXACT
from unconfused.tally.grouped import Grouped
from unconfused.tally.kernels import Ints, cut_counts, pair_counts
from unconfused.tally.ranks import Ranks, placed
from unconfused.tally.scores import ScoreTally
from unconfused.tally.sides import sorted_sides
from unconfused.tally.tallies import Tallies

FEW = 256
"""Rows below which the long way is as short."""


def matrix_of_pairs(rows: Rows) -> ConfusionMatrix | None:
    """The matrix of given classes that are small whole numbers or truth values, the same on both sides."""
    truth, called = _whole(rows, rows.truth), _whole(rows, rows.called)
    table = None if truth is None or called is None else pair_counts(truth, called)
    if truth is None or called is None or table is None:
        return None
    return matrix_of_table(rows, table, truth.dtype, called.dtype)


def matrix_of_table(rows: Rows, table: Ints, *kinds: np.dtype[Any]) -> ConfusionMatrix | None:
    """The matrix of counted pairs of the values 0…m-1 of columns of two types."""
    seen = (table > 0).any(axis=1), (table > 0).any(axis=0)
    sides = [_factor(*side) for side in zip(("y_true", "y_pred"), kinds, seen, strict=True)]
    if rows.reading.labels is None and sides[0].values != sides[1].values:
        return None  # the long way asks whether they speak of the same classes
    labels = resolve(rows.reading, *sides)
    places = _places(labels, sides[0].values + sides[1].values)
    if places is None:
        return None
    full = np.zeros((len(labels) + 2,) * 2, np.int64)
    used = list(places)
    full[np.ix_([places[v] for v in used], [places[v] for v in used])] = table[np.ix_(used, used)]
    return ConfusionMatrix(labels, full, evidence=rows.evidence)


def matrix_at(rows: Rows, threshold: Any) -> ConfusionMatrix | None:
    """The matrix of "score >= threshold" of rows labelled 0 and 1."""
    truth, scores = _whole(rows, rows.truth), _plain_scores(rows)
    if truth is None or scores is None or threshold is None:
        return None
    value = require_threshold(threshold, rows.reading.score_kind)
    cut = cut_of(value, rows.reading.score_kind)
    found = cut_counts(truth, scores, cut, *_range(rows), near_misses(cut))
    if found is None:
        return None
    table, rounded = found
    named = _two(rows, truth.dtype, (table > 0).any(axis=1))
    if named is None:
        return None
    labels, positive = named
    full = np.zeros((COLUMNS, COLUMNS), np.int64)
    own = [1 - positive, positive]  # where the rows of truth 0 and 1 stand, if the class 1 is positive
    if labels.values[positive] == 0:
        own = own[::-1]
    full[np.ix_(own, [1 - positive, positive])] = table
    return ConfusionMatrix(labels, full, None, None, rows.evidence + Evidence(rounded=rounded), f"score >= {value!r}")


def scores_of_two(rows: Rows) -> ScoreTally | None:
    """The tally of one score a row, of rows labelled 0 and 1."""
    truth, scores, reading = _whole(rows, rows.truth), _plain_scores(rows), rows.reading
    if truth is None or scores is None or reading.refine:
        return None
    bins = reading.bins
    if bins["grid"] == EXACT:
        return _exact_of_two(rows, truth, scores)
    found = bin_counts(truth, scores, bins["grid"], bins["pins"])
    return None if found is None else scores_of_bins(rows, found, truth.dtype)


def plain_scores(rows: Rows) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Truth and scores, however few, that the loops may read: whole numbers and floats, none missing or weighed."""
    truth, scores = _whole(rows, rows.truth, 1), _plain_scores(rows)
    return None if truth is None or scores is None else (truth, scores)


def is_two(rows: Rows, kind: np.dtype[Any]) -> bool:
    """Whether rows labelled 0 and 1 in a column of that type are of the two classes that are asked for."""
    try:
        return _two(rows, kind, np.ones(2, bool)) is not None
    except UnconfusedError:  # said by the long way, which knows the classes that there are
        return False


def scores_of_bins(rows: Rows, found: Binned, kind: np.dtype[Any]) -> ScoreTally | None:
    """The tally of counted bins of rows labelled 0 and 1 in a column of that type."""
    bins, named = rows.reading.bins, _two(rows, kind, (found.counts > 0).any(axis=0))
    if named is None:
        return None
    labels, positive = named
    columns = slice(None) if labels.values[positive] == 1 else slice(None, None, -1)
    return _of_bins(found, labels, columns, rows, bins)


def scores_of_many(rows: Rows, truth: Factor, labels: Labels) -> Tallies | None:
    """The matrix, ranks, losses and tallies of probabilities of several classes, a few rows at a time."""
    reading, column = rows.reading, rows.score
    bins = reading.bins
    weighed = rows.weighing.count is not None or rows.weighing.weights is not None
    if column is None or rows.called is not None or weighed or len(column) < FEW or bins["grid"] == EXACT:
        return None
    scores, codes, k = column.values, truth.coded(labels), len(labels)
    if scores.ndim != 2 or scores.dtype.kind != "f" or reading.score_kind != "probability" or reading.refine:
        return None
    if column.missing is not None or codes.max() >= k or row_sums_off(scores, sum_tolerance(column)):
        return None
    decided, members = argmax_pairs(codes, scores), ovr_bin_counts(codes, scores, bins["grid"], bins["pins"])
    if decided is None or members is None:
        return None
    table, ties = decided
    matrix = ConfusionMatrix(
        labels, np.pad(table, (0, 2)), evidence=rows.evidence + Evidence(ties=ties), rule="argmax of the scores"
    )
    tallies = {
        name: _of_bins(found, Labels.against_rest(name), slice(None), rows, bins)
        for name, found in zip(labels.names, members, strict=True)
    }
    at = placed(codes, scores)
    ranks = Ranks.at(k, at.best, at.worst)
    columns = score_columns(codes, scores, labels, reading, rows.weighing) if reading.pairs else None
    losses = moments_of(at.own, at.squares)
    return Tallies("multiclass", matrix, Grouped(tallies, "class"), losses, ranks, columns=columns)


def of_bins(found: Binned, labels: Labels, score_kind: ScoreKind, bins: dict[str, Any]) -> ScoreTally:
    """The tally of counted bins of rows labelled 0 and 1, without evidence."""
    columns = slice(None) if labels.values[labels.require_positive("A score")] == 1 else slice(None, None, -1)
    return _tally_of(found, labels, columns, score_kind, Evidence(), bins)


def _of_bins(found: Binned, labels: Labels, columns: slice, rows: Rows, bins: dict[str, Any]) -> ScoreTally:
    return _tally_of(found, labels, columns, rows.reading.score_kind, rows.evidence, bins)


def _tally_of(
    found: Binned, labels: Labels, columns: slice, score_kind: ScoreKind, evidence: Evidence, bins: dict[str, Any]
) -> ScoreTally:
    """The tally of counted bins; ``columns`` puts the negatives first."""
    pairs = found.counts[:, columns], found.lows[:, columns], found.highs[:, columns]
    return ScoreTally.of_pairs(labels, score_kind, pairs, evidence, bins)


def _exact_of_two(rows: Rows, truth: NDArray[Any], scores: NDArray[Any]) -> ScoreTally | None:
    sides = sorted_sides(truth, scores, *_range(rows))
    named = None if sides is None else _two(rows, truth.dtype, np.array([len(side) > 0 for side in sides]))
    if sides is None or named is None:
        return None
    labels, positive = named
    negative, positive_side = sides if labels.values[positive] == 1 else sides[::-1]
    return ScoreTally.of_sides(labels, rows.reading.score_kind, negative, positive_side, rows.evidence)


def _whole(rows: Rows, column: Column | None, least: int = FEW) -> NDArray[Any] | None:
    """A column of whole numbers or truth values, all of whose rows count as one; floats 0 and 1 as such numbers."""
    if column is None or len(column) < least or column.values.ndim != 1 or column.categories is not None:
        return None
    if rows.weighing.count is not None or rows.weighing.weights is not None:
        return None
    if column.missing is not None and column.missing.any():
        return None
    values = column.values
    if values.dtype.kind == "f" and values.dtype.itemsize <= 8:
        with np.errstate(invalid="ignore"):
            bits = values.astype(np.int8)
        return bits if (bits == values).all() else None
    return values if values.dtype.kind in "biu" else None


def _plain_scores(rows: Rows) -> NDArray[Any] | None:
    """Floats (n,), none of them missing."""
    column = rows.score
    if column is None or rows.called is not None or column.values.ndim != 1 or column.values.dtype.kind != "f":
        return None
    if column.categories is not None or (column.missing is not None and column.missing.any()):
        return None
    return column.values


def _range(rows: Rows) -> tuple[float, float]:
    return (0.0, 1.0) if rows.reading.score_kind == "probability" else (-np.inf, np.inf)


def _factor(name: str, kind_of: np.dtype[Any], present: Any) -> Factor:
    """The values that occur, without their rows."""
    kind = bool if kind_of.kind == "b" else int
    return Factor(name, np.zeros(0, np.int64), tuple(kind(i) for i in np.flatnonzero(present).tolist()))


def _places(labels: Labels, values: tuple[Any, ...]) -> dict[int, int] | None:
    """Where each value stands among the classes; None where one is not among them."""
    known = {value: i for i, value in enumerate(labels.values)}
    return {int(v): known[v] for v in values} if all(v in known for v in values) else None


def _two(rows: Rows, kind: np.dtype[Any], present: Any) -> tuple[Labels, int] | None:
    """The two classes and the place of the positive one, where they are 0 and 1."""
    assert rows.score is not None
    labels = score_labels(rows.reading, _factor("y_true", kind, present), rows.score, partial=True)
    fits = len(labels) == 2 and set(labels.values) == {0, 1}
    return (labels, labels.require_positive("A score")) if fits else None
