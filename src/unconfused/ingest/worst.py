"""Which rows of a call were got most wrong: their ids, where they were given."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import InputError, InvalidValues
from unconfused.ingest.classes import factored
from unconfused.ingest.columns import Column
from unconfused.ingest.factors import is_null, positions
from unconfused.ingest.rows import Rows
from unconfused.ingest.scored import argmax, read_scores
from unconfused.labels import SEATS, plural
from unconfused.tally.tallies import Tallies
from unconfused.tally.worst import Cell, Worst, candidates

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def worst_of(rows: Rows, made: Tallies) -> Worst:
    """The worst rows of each cell of what was ``made`` of them; of one score a row, also of each side of any threshold.

    Raises:
        InvalidValues: a row without an id.
    """
    assert rows.ids is not None
    check_ids(rows.ids)
    labels, reading = made.labels, rows.reading
    k, names = len(labels), (*labels.names, *SEATS)
    truth = factored(rows, rows.truth).coded(labels)
    scores = None if rows.score is None else read_scores(rows.score, labels, reading.score_kind, reading.invalid)
    called = None if rows.called is None else factored(rows, rows.called).coded(labels)
    if called is None and scores is not None and scores.ndim == 2:
        called = argmax(scores)[0]
    total, found = Worst({}, reading.worst), np.flatnonzero(truth < k)
    if called is not None:
        outside = called == k if reading.unknown == "drop" else np.zeros(len(truth), bool)
        at = np.flatnonzero((truth < k) & (truth != called) & ~outside)
        wrong = np.zeros(len(at)) if scores is None else _distance(truth[at], called[at], scores[at], labels.positive)
        side = k + len(SEATS)
        total += _kept(rows, at, truth[at] * side + called[at], wrong,
                       lambda code: (names[code // side], names[code % side]))  # fmt: skip
    if scores is not None and scores.ndim == 1:
        at = found[~np.isnan(scores[found])]
        wrong = np.where(truth[at] == labels.positive, -scores[at], scores[at])
        total += _kept(rows, at, truth[at], wrong, lambda code: (names[code], None))
    return total


def _distance(truth: Codes, called: Codes, scores: Floats, positive: int | None) -> Floats:
    """How far each row is on the wrong side, 0 where its score is unusable.    Shapes: (n,), (n,), (n,) or (n, K)."""
    with np.errstate(invalid="ignore"):
        if scores.ndim == 1:
            made = np.where(truth == positive, -scores, scores)
        else:
            k, at = scores.shape[1], np.arange(len(scores))
            made = np.where(called < k, scores[at, np.minimum(called, k - 1)], 0.0) - scores[at, truth]
    return np.where(np.isnan(made), 0.0, made)


def _kept(rows: Rows, at: NDArray[np.intp], codes: Codes, wrong: Floats, cell: Any) -> Worst:
    assert rows.ids is not None
    some = candidates(codes, wrong, rows.reading.worst)
    present, places = np.unique(codes[some], return_inverse=True)
    cells: list[Cell] = [cell(code) for code in present.tolist()]
    return Worst.of(cells, places, wrong[some], named(rows.ids, at[some]), rows.reading.worst)


# ── ids ───────────────────────────────────────────────────────────────────────────────────────
def check_ids(column: Column) -> None:
    """Refuse rows without a name."""
    x = column.values
    gone = np.zeros(len(x), bool) if column.missing is None else np.asarray(column.missing, bool)
    if x.dtype.kind == "O":
        gone = gone | np.fromiter(map(is_null, x.tolist()), bool, len(x))
    elif x.dtype.kind in "fmM":
        gone = gone | np.isnan(x)
    if column.categories is not None:
        gone = gone | (x < 0)
    if gone.any():
        raise InvalidValues(
            f"ids holds {plural(gone.sum(), 'null')}, {positions(gone)}.",
            "A row without an id cannot be found again.",
            "Name every row, or leave ids= out.",
        )


def named(column: Column, at: NDArray[np.intp]) -> NDArray[Any]:
    """The ids of some rows as whole numbers, or else as text."""
    x = column.values[at]
    if column.categories is not None:
        x = np.array(column.categories, object)[x]
    if x.dtype.kind == "f":
        if (x != np.floor(x)).any() or (np.abs(x) >= 2**53).any():
            raise InputError("ids holds fractional numbers.", "A name is equal or not.", "Pass whole numbers or text.")
        return x.astype(np.int64)
    if x.dtype.kind in "iuU":
        return x
    values = x.tolist() if x.dtype.kind != "M" else [str(moment) for moment in x]
    whole = [value for value in values if type(value) is int and -(2**63) <= value < 2**63]
    if len(whole) == len(values):
        return np.array(whole, np.int64)
    texts = [value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value) for value in values]
    return np.array(texts, np.str_)
