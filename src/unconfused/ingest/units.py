"""Rows that come in units: counted as a whole, and in buckets of units beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import InvalidValues, ShapeError
from unconfused.findings import Evidence
from unconfused.ingest.arrays import tally_arrays
from unconfused.ingest.columns import Column, as_column, check_pairing
from unconfused.ingest.factors import factor, positions
from unconfused.ingest.rows import Reading
from unconfused.labels import Labels, plural
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.kernels import Ints
from unconfused.tally.tallies import Tallies
from unconfused.tally.units import BUCKETS, KEPT, Units, hashed


def tally_units(reading: Reading, y_true: Any, *, unit: Any, **columns: Any) -> Tallies:
    """Everything that one pass keeps, and the same of each bucket of units.

    Args:
        reading: how the columns are read.
        y_true, columns: as in `tally_arrays`.
        unit: the unit of each row, (n,): numbers or text. Of masks (n, …) the unit of each of them.

    Raises:
        InvalidValues: a row without a unit.
        LengthMismatch: more or fewer units than rows.
    """
    given = {"y_true": y_true, **columns}
    held = {k: as_column(x, k, keep_single=True) for k, x in given.items() if x is not None and k != "ids"}
    place, smallest = buckets_of(unit, held["y_true"])
    whole = tally_arrays(reading, y_true, **columns)
    own = replace(reading, **_declared(whole, reading), batch=True)
    parts = {}
    for bucket in np.unique(place).tolist():
        rows = {k: x.keep(place == bucket) for k, x in held.items()}
        if (part := _counted(own, rows)) is not None:
            parts[bucket] = _under(whole.labels, part)
    return replace(whole, units=Units(Grouped(parts, "bucket"), smallest))


def buckets_of(unit: Any, truth: Column) -> tuple[NDArray[np.int64], Ints]:
    """The bucket of each row, and the smallest hashes of units."""
    column = as_column(unit, "unit")
    if column.values.ndim != 1:
        raise ShapeError(
            f"unit has shape {column.shape}.", "It names one unit for each row.", "Pass one column: unit=patient_id."
        )
    check_pairing([truth, column])
    codes = factor(_whole_numbers(column), invalid="count")
    if (gone := codes.codes < 0).any():
        raise InvalidValues(
            f"unit is missing in {plural(gone.sum(), 'row')}, {positions(gone)}.",
            "A row that belongs to no unit cannot be kept together with others.",
            "Leave such rows out, or give each of them a unit of its own.",
        )
    hashes = np.array([hashed(str(value)) for value in codes.values], np.int64)
    return (hashes % BUCKETS)[codes.codes], np.unique(hashes)[:KEPT]


def _whole_numbers(column: Column) -> Column:
    """Floats that are whole, as columns with nulls have them, under the names of integers."""
    x = column.values
    if x.dtype.kind != "f":
        return column
    gone = np.isnan(x) | (False if column.missing is None else column.missing)
    if (np.where(gone, 0, x) != np.floor(np.where(gone, 0, x))).any():
        raise InvalidValues("unit holds fractional numbers.", "They name no unit.", "Pass the ids as they are.")
    return replace(column, values=np.where(gone, 0, x).astype(np.int64), missing=gone)


def _declared(whole: Tallies, reading: Reading) -> dict[str, Any]:
    """The classes of the whole, so that no bucket infers others."""
    if reading.label_kind == "multilabel" or not whole.labels:
        return {}
    labels = whole.labels
    named = dict(zip(labels.values, labels.names, strict=True))
    return {"labels": named, "pos_label": None if labels.positive is None else labels.names[labels.positive]}


def _counted(reading: Reading, rows: dict[str, Column]) -> Tallies | None:
    """The tallies of one bucket; None where all its rows are left out on request."""
    kept = tally_arrays(reading, rows.pop("y_true"), **rows)
    return kept if kept.total else None


def _under(labels: Labels, part: Tallies) -> Tallies:
    """Under the classes of the whole, inferred as they were, and without evidence, which the whole holds."""

    def named(held: Any) -> Any:
        if isinstance(held, Grouped):
            return Grouped({key: named(x) for key, x in held.items()}, held.kind)
        if held is None or not hasattr(held, "evidence"):
            return held
        same = held.labels.values == labels.values
        return replace(held, evidence=Evidence(), labels=labels if same else held.labels)

    matrices: dict[str, ConfusionMatrix] = {name: named(x) for name, x in part.matrices.items()}
    return replace(part, matrix=named(part.matrix), scores=named(part.scores), matrices=matrices, columns=None)
