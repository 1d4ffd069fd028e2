"""Counts made elsewhere: whether they are counts, and whose."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unconfused.errors import InvalidCounts
from unconfused.labels import Labels, listed, plain, plural
from unconfused.tally.kernels import LIMIT, Ints, check_total


def of_frame(frame: Any, labels: Any) -> tuple[NDArray[Any], Any]:
    """The counts of a pandas table by name, with the classes in order; one without names goes by position."""
    rows, columns = ([plain(x) for x in axis] for axis in (frame.index, frame.columns))
    if rows == columns == list(range(len(rows))):
        return frame.to_numpy(), labels
    wanted = rows if labels is None else list(Labels.declare(labels).values)
    if sorted(map(str, rows)) != sorted(map(str, columns)) or set(wanted) != set(rows):
        raise InvalidCounts(
            f"The rows are {listed(rows)}, the columns {listed(columns)}"
            + (f", and labels= names {listed(wanted)}." if labels is not None else "."),
            "Counted by position, a prediction would stand under another class's name.",
            "Give both sides the same classes: table.reindex(index=names, columns=names, fill_value=0).",
        )
    at = [[axis.index(x) for x in wanted] for axis in (rows, columns)]
    return frame.to_numpy()[np.ix_(*at)], wanted if labels is None else labels


def whole_counts(counts: ArrayLike) -> Ints:
    """The counts as int64 (K, K), or why they are none."""
    try:
        table = np.asarray(counts)
    except ValueError as error:
        raise InvalidCounts(f"The counts are no table: {error}.", "Every row has one count for each class.") from error
    if table.ndim != 2 or table.shape[0] != table.shape[1] or table.size == 0:
        raise InvalidCounts(
            f"The counts have shape {table.shape}.",
            "A confusion matrix has one row and one column for each class.",
            "Pass a square table: rows are the truth, columns the prediction.",
        )
    if table.dtype == object:  # Python integers past 64 bits end up here
        table = np.array([[int(x) for x in row] for row in table.tolist()], dtype=object)
        exact = sum(table.ravel().tolist())
        if exact > LIMIT:
            check_total(exact, lambda: exact)
    elif table.dtype.kind not in "biuf":
        raise InvalidCounts(f"The counts are of type {table.dtype}.", "They must be whole numbers.")
    elif table.dtype.kind == "f" and not (np.isfinite(table).all() and (table == np.floor(table)).all()):
        raise InvalidCounts(
            "The counts hold fractions or values that are not finite.",
            "Shares cannot be counted again, and their rows are lost.",
            "Pass the counts; ask for shares with .normalize('true').",
        )
    if (table < 0).any():
        negative = plural((table < 0).sum(), "negative value")
        raise InvalidCounts(f"The counts hold {negative}.", "A count is at least 0.")
    if table.dtype.kind in "fu":  # beyond 63 bits the cast would wrap
        check_total(int(table.max()), lambda: sum(int(x) for x in table.ravel().tolist()))
    whole = table.astype(np.int64)
    check_total(int(whole.max()) * whole.size, lambda: sum(whole.ravel().tolist()))
    return whole
