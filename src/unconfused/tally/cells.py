"""The four cells of every class, read off the margins of a table: what metrics are functions of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def divided(num: Array, den: Array) -> Array:
    """num / den, NaN where ``den`` is 0, without a warning: 0/0 happens here and nowhere else.    Shapes: broadcast."""
    undefined = np.full(np.broadcast_shapes(num.shape, den.shape), np.nan)
    quotient: Array = np.divide(num, den, out=undefined, where=den != 0)
    return quotient


@dataclass(frozen=True, slots=True)
class Cells:
    """Diagonal, row sums and column sums of a stack of tables: rows are the truth, columns the prediction.

    The last axis runs over the ``k`` classes and then over the seats (``other``, ``missing``), if there are any.
    Leading axes broadcast: folds, slices, replicates and thresholds need no loop.

    Shapes: ``diagonal``, ``rows``, ``columns`` (..., S) with S >= k; ``n`` (..., 1), or (..., k) where each class was
    counted on rows of its own (multilabel); ``table`` (..., S, S), or None where only the margins are known.
    Units: rows, or the sum of their weights.
    """

    diagonal: Array
    rows: Array
    columns: Array
    n: Array
    k: int
    table: Array | None = None

    @classmethod
    def of_table(cls, table: Array, k: int | None = None) -> Cells:
        """The margins of ``table`` (..., S, S), whose first ``k`` rows and columns are classes (all, unless said)."""
        diagonal = np.diagonal(table, axis1=-2, axis2=-1)
        rows, columns = table.sum(-1), table.sum(-2)
        return cls(diagonal, rows, columns, rows.sum(-1, keepdims=True), table.shape[-1] if k is None else k, table)

    @classmethod
    def of_binary(cls, tn: Array, fp: Array, fn: Array, tp: Array) -> Cells:
        """A stack of 2x2 tables with the positive class last.    Shape: four times (...) → (..., 2)."""
        table = np.stack([np.stack([tn, fp], -1), np.stack([fn, tp], -1)], -2)
        return cls.of_table(table)

    @property
    def tp(self) -> Array:
        """Rows of a class that were called it.    Shape: (..., k)."""
        return self.diagonal[..., : self.k]

    @property
    def support(self) -> Array:
        """Rows of a class: tp + fn.    Shape: (..., k)."""
        return self.rows[..., : self.k]

    @property
    def predicted(self) -> Array:
        """Rows called a class: tp + fp.    Shape: (..., k)."""
        return self.columns[..., : self.k]

    @property
    def fp(self) -> Array:
        """Rows called a class that are not of it.    Shape: (..., k)."""
        return self.predicted - self.tp if self._apart is None else self._apart.sum(0)[: self.k]

    @property
    def fn(self) -> Array:
        """Rows of a class that were called something else.    Shape: (..., k)."""
        return self.support - self.tp if self._apart is None else self._apart.sum(1)[: self.k]

    @property
    def tn(self) -> Array:
        """Rows neither of a class nor called it.    Shape: (..., k).

        What is left of n after rounding is 0: sums of weights need not cancel to the last bit. Of one table nothing is
        subtracted.
        """
        if self.k == 2 == self.rows.shape[-1]:
            return self.diagonal[..., ::-1]
        if self.table is not None and self.table.ndim == 2:
            elsewhere = _others(self.table)  # [i, j]: rows of class i that were not called j
            np.fill_diagonal(elsewhere, 0.0)
            return np.asarray(elsewhere.sum(0)[: self.k])
        left = self.n - self.support - self.fp
        return np.where(left > self.n * 2.0**-50, left, 0.0)

    @property
    def _apart(self) -> Array | None:
        """The errors of one table, where a small cell beside a large one must lose nothing; None for a stack."""
        if self.table is None or self.table.ndim != 2:
            return None
        errors = self.table.copy()
        np.fill_diagonal(errors, 0.0)
        return errors

    @property
    def correct(self) -> Array:
        """Rows called what they are; a seat is never right.    Shape: (...)."""
        return np.asarray(self.tp.sum(-1))

    def pooled(self) -> Cells:
        """Every class's four cells added up, as one class: what a micro average reads.    Shape: (..., 1)."""
        tp, support, predicted = (x.sum(-1, keepdims=True) for x in (self.tp, self.support, self.predicted))
        n = np.broadcast_to(self.n, self.tp.shape).sum(-1, keepdims=True)
        return Cells(tp, support, predicted, n, 1)


def _others(x: Array) -> Array:
    """For each entry the sum of all others on the last axis, without a subtraction.    Shape: (..., m)."""
    before, after = np.zeros_like(x), np.zeros_like(x)
    before[..., 1:] = x[..., :-1].cumsum(-1)
    after[..., :-1] = x[..., :0:-1].cumsum(-1)[..., ::-1]
    return before + after
