"""sample_weight= and count=: what a row weighs, and how many rows it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import CountOverflow, InvalidWeights
from unconfused.ingest.columns import Column
from unconfused.ingest.factors import positions
from unconfused.labels import plural
from unconfused.tally.kernels import LIMIT, exact_total

SMALLEST, LARGEST = 1e-120, 1e120
"""Weights outside are refused, other than 0: sums of their squares would vanish or overflow."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """Weights and counts of rows, where they were given.

    Attributes:
        n: entries given.
        weights: float64 (n,), or None.
        count: rows that each entry stands for, int64 (n,), or None.
    """

    n: int
    weights: NDArray[np.float64] | None = None
    count: NDArray[np.int64] | None = None

    @property
    def sums(self) -> NDArray[np.float64] | None:
        """What each entry adds to Σw."""
        return self.weights if self.weights is None or self.count is None else self.weights * self.count

    @property
    def squares(self) -> NDArray[np.float64] | None:
        """What each entry adds to Σw²."""
        return None if self.weights is None else self.weights**2 * (1 if self.count is None else self.count)

    def rows(self, mask: NDArray[np.bool_]) -> int:
        """How many rows the entries under ``mask`` stand for."""
        return int(mask.sum()) if self.count is None else exact_total(self.count[mask])

    def keep(self, mask: NDArray[np.bool_]) -> Weighing:
        """Only the entries where ``mask`` is true."""
        weights = None if self.weights is None else self.weights[mask]
        return Weighing(int(mask.sum()), weights, None if self.count is None else self.count[mask])


def read_weights(weights: Column | None, count: Column | None, n: int) -> Weighing:
    """Check both columns.

    Raises:
        InvalidWeights: a weight that is negative, missing or infinite; a count that is not a whole number >= 0.
    """
    w = None if weights is None else _numbers(weights, "A weight says how much a row counts.")
    if w is not None:
        _within_squares(w)
    c = None if count is None else _numbers(_within_limit(count), "count= says how many rows an entry stands for.")
    if c is not None and (c != np.floor(c)).any():
        raise InvalidWeights(
            f"count holds fractional values, {positions(c != np.floor(c))}.",
            "Rows are whole.",
            "Pass fractions as sample_weight=.",
        )
    return Weighing(n, None if w is None else w.astype(np.float64), None if c is None else c.astype(np.int64))


def _within_squares(w: NDArray[Any]) -> None:
    """Refuse weights whose squares are no numbers that add up."""
    tiny = (w > 0) & (w < SMALLEST)
    far, where = (w > LARGEST, f"beyond {LARGEST:g}") if (w > LARGEST).any() else (tiny, f"below {SMALLEST:g}")
    if far.any():
        raise InvalidWeights(
            f"sample_weight holds {plural(far.sum(), 'value')} {where}, {positions(far)}.",
            "Their squares, which intervals rest on, are no longer numbers.",
            "Divide the weights by the largest, since only their ratios matter, and write 0 for what is still as small."
            if tiny.any()
            else "Divide the weights by their mean: only their ratios matter.",
        )


def _within_limit(count: Column) -> Column:
    """Refuse counts that no 64-bit integer holds, whatever their type."""
    x = count.values
    if x.dtype.kind == "O":
        past = np.array([isinstance(value, int) and value > LIMIT for value in x.ravel().tolist()], bool)
    elif x.dtype.kind == "f":
        past = np.isfinite(x) & (x >= 2.0**63)
    else:
        past = x > np.uint64(LIMIT) if x.dtype == np.uint64 else np.zeros(0, bool)
    if past.any():
        raise CountOverflow(
            f"count holds {plural(past.sum(), 'value')} beyond 2**63 - 1, {positions(past)}.",
            "A 64-bit integer would wrap round to a wrong number.",
            "Keep the shards apart, or count in larger units.",
        )
    return count


def _numbers(column: Column, meaning: str) -> NDArray[Any]:
    if column.values.ndim != 1 or column.values.dtype.kind not in "biuf" or column.categories is not None:
        raise InvalidWeights(f"{column.name} has shape {column.shape} and type {column.values.dtype}.", meaning)
    x = column.values.astype(np.int64 if column.values.dtype.kind in "biu" else np.float64)
    bad = ~np.isfinite(x) | (x < 0) | (False if column.missing is None else column.missing)
    if bad.any():
        raise InvalidWeights(
            f"{column.name} holds {plural(bad.sum(), 'negative, missing or infinite value')}, {positions(bad)}.",
            meaning + " A negative one would take rows back.",
            "Leave such rows out where the data is loaded.",
        )
    return x
