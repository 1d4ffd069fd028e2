"""The four cells of every class, read off a table or its margins: what metrics are functions of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from unconfused.tally.sparse import Sparse

Array = NDArray[np.float64]
FEW = 64
"""Seats up to which S³ steps take less time than S²."""


def divided(num: Array, den: Array) -> Array:
    """num / den, NaN where ``den`` is 0, without a warning: 0/0 happens here and nowhere else.    Shapes: broadcast."""
    return np.asarray(num / np.where(den == 0, np.nan, den))


@dataclass(frozen=True)
class Cells:
    """Diagonal, row sums and column sums of a stack of tables: rows are the truth, columns the prediction.

    The last axis runs over the ``k`` classes and then over the seats (``other``, ``missing``), if there are any.
    Leading axes broadcast: folds, slices, replicates and thresholds need no loop.

    Where the table is known every cell is a sum of its cells and never a difference of margins, so a few rows keep
    their digits beside very many. Margins alone are subtracted.

    Shapes: ``diagonal``, ``rows``, ``columns`` (..., S) with S >= k; ``n`` (..., 1), or (..., k) where each class was
    counted on rows of its own (multilabel); ``table`` (..., S, S), or None where only the margins are known. A table of
    thousands of classes is `Sparse`, without leading axes: tn alone is then a difference.
    Units: rows, or the sum of their weights.
    """

    diagonal: Array
    rows: Array
    columns: Array
    n: Array
    k: int
    table: Array | Sparse | None = None

    @classmethod
    def of_table(cls, table: Array | Sparse, k: int | None = None) -> Cells:
        """The margins of ``table`` (..., S, S), whose first ``k`` rows and columns are classes (all, unless said)."""
        sparse = isinstance(table, Sparse)
        diagonal = table.diagonal() if sparse else np.diagonal(table, axis1=-2, axis2=-1)
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

    @cached_property
    def fp(self) -> Array:
        """Rows called a class that are not of it.    Shape: (..., k)."""
        if self.table is None:
            return self.predicted - self.tp
        wrongly: Array = self._hollow.sum(axis=-2)
        return wrongly[..., : self.k]

    @cached_property
    def fn(self) -> Array:
        """Rows of a class that were called something else.    Shape: (..., k)."""
        if self.table is None:
            return self.support - self.tp
        missed: Array = self._hollow.sum(axis=-1)
        return missed[..., : self.k]

    @cached_property
    def tn(self) -> Array:
        """Rows neither of a class nor called it.    Shape: (..., k).

        What is left of the n of mere margins after rounding is 0: sums of weights need not cancel to the last bit.
        """
        if self.k == 2 == self.rows.shape[-1]:
            return self.diagonal[..., ::-1]
        if isinstance(self.table, np.ndarray):
            return _outside(self.table)[..., : self.k]
        left = self.n - self.support - self.fp
        return np.where(left > self.n * 2.0**-50, left, 0.0)

    @property
    def others(self) -> Array:
        """Rows of other classes: fp + tn.    Shape: (..., k)."""
        return self.fp + self.tn

    @property
    def uncalled(self) -> Array:
        """Rows not called a class: fn + tn.    Shape: (..., k)."""
        return self.fn + self.tn

    @property
    def correct(self) -> Array:
        """Rows called what they are; a seat is never right.    Shape: (...)."""
        return np.asarray(self.tp.sum(-1))

    @property
    def wrong(self) -> Array:
        """Rows called what they are not; those of a seat always are.    Shape: (...)."""
        return np.asarray(self.fn.sum(-1) + self.rows[..., self.k :].sum(-1))

    @cached_property
    def _hollow(self) -> Array | Sparse:
        """The table with nothing on its diagonal."""
        assert self.table is not None
        if isinstance(self.table, Sparse):
            return self.table.hollow()
        return np.where(np.eye(self.table.shape[-1], dtype=bool), 0.0, self.table)

    # ── cell by cell: what an array of the table's values is multiplied with and summed ───────
    @property
    def values(self) -> Array:
        """What stands in each cell: (..., S, S), or (C,) of the cells that hold anything of a sparse table."""
        assert self.table is not None
        return self.table.values if isinstance(self.table, Sparse) else self.table

    def by_row(self, x: Array) -> Array:
        """What ``x`` (..., S) says of the row of each cell, to go with ``values``."""
        return x[self.table.rows] if isinstance(self.table, Sparse) else x[..., :, None]

    def by_column(self, x: Array) -> Array:
        """What ``x`` (..., S) says of the column of each cell."""
        return x[self.table.columns] if isinstance(self.table, Sparse) else x[..., None, :]

    def by_place(self, x: Array) -> Array:
        """What ``x`` (..., S) says of each cell of the diagonal, 0 off it."""
        if isinstance(self.table, Sparse):
            return np.where(self.table.rows == self.table.columns, x[self.table.rows], 0)
        return x[..., :, None] * np.eye(x.shape[-1])

    def by_table(self, x: Array) -> Array:
        """What ``x`` (...) says of every cell of its table."""
        return x if isinstance(self.table, Sparse) else x[..., None, None]

    def over(self, each: Array) -> Array:
        """The sum over the cells of each table.    Shape: like ``values`` → (...)."""
        return np.asarray(each.sum() if isinstance(self.table, Sparse) else each.sum((-2, -1)))

    @cached_property
    def pooled(self) -> Cells:
        """Every class's four cells added up, one class and the rest: a micro average reads it.    Shape: (..., 1)."""
        tp, fn, fp, tn = (x.sum(-1) for x in (self.tp, self.fn, self.fp, self.tn))
        return Cells.of_table(np.stack([np.stack([tp, fn], -1), np.stack([fp, tn], -1)], -2), 1)


def _outside(table: Array) -> Array:
    """What stands in neither the row nor the column of each place of the diagonal: the blocks at the four corners.

    Of a few seats it is quicker to add up all other rows at once, and then all other columns.
    """
    seats = table.shape[-1]
    if seats <= FEW:
        other = 1 - np.eye(seats)
        return np.asarray(np.einsum("...ij,ij->...i", other @ table, other))
    place, total = np.arange(seats), np.zeros(table.shape[:-1])
    sums = np.zeros((*table.shape[:-2], seats + 1, seats + 1))
    for down in (1, -1):
        for across in (1, -1):
            np.cumsum(table[..., ::down, ::across], -1, out=sums[..., 1:, 1:])
            np.cumsum(sums[..., 1:, 1:], -2, out=sums[..., 1:, 1:])
            total += sums[..., place[::down], place[::across]]
    return total
