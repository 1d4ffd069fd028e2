"""Sparse: a table of which few cells hold anything, for matrices of thousands of classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unconfused.errors import NotKept
from unconfused.tally.kernels import Floats, Ints, count_codes, runs, sum_codes

FEW = 2048
"""Classes up to which a matrix keeps every cell; beyond, only those that hold rows."""
MOST = 2**27
"""Cells that are written out at most when all are asked for: 1 GiB."""


@dataclass(frozen=True, eq=False)
class Sparse:
    """The cells of a table that hold anything, ordered by row and then column. It reads like an array of its shape.

    ``np.asarray`` writes every cell out, and is refused past ``MOST`` of them.

    Attributes:
        shape: rows and columns of the table.
        rows, columns: where the cells stand, (C,) each.
        values: what they hold, int64 or float64 (C,).

    >>> table = Sparse.of(np.array([[5, 0], [1, 2]]))
    >>> table.sum(1).tolist(), int(table[1, 0]), table.diagonal().tolist()
    ([5, 3], 1, [5, 2])
    """

    shape: tuple[int, int]
    rows: Ints
    columns: Ints
    values: NDArray[Any]

    @classmethod
    def of(cls, table: NDArray[Any], like: NDArray[Any] | None = None) -> Sparse:
        """The cells of ``table`` that hold anything, or those where ``like`` does."""
        rows, columns = np.nonzero(table if like is None else like)
        return cls((table.shape[0], table.shape[1]), rows, columns, table[rows, columns])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""
        return self.values.dtype

    @property
    def size(self) -> int:
        """Cells kept."""
        return self.values.size

    @property
    def codes(self) -> Ints:
        """row · columns + column of each cell, ascending."""
        return self.rows * self.shape[1] + self.columns

    def setflags(self, *, write: bool) -> None:
        """As of an array."""
        for array in (self.rows, self.columns, self.values):
            array.setflags(write=write)

    def astype(self, kind: Any) -> Sparse:
        """The same cells as another type."""
        return replace(self, values=self.values.astype(kind))

    def tolist(self) -> Any:
        """Every cell, as of an array."""
        return np.asarray(self).tolist()

    def ravel(self) -> NDArray[Any]:
        """What the cells hold."""
        return self.values

    def max(self, initial: Any = 0) -> Any:
        """The largest value, or ``initial``."""
        return self.values.max(initial=initial)

    def any(self, axis: int | None = None) -> Any:
        """Whether anything is there, in all or in each row or column."""
        return self.values.any() if axis is None else self.sum(axis) != 0

    def sum(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """The sum of all cells, or of each row or column."""
        if axis is None:
            total = self.values.sum()
            return total.reshape(1, 1) if keepdims else total
        place, size = (self.rows, self.shape[0]) if axis % 2 else (self.columns, self.shape[1])
        sums = _added(place, self.values, size)
        return np.expand_dims(sums, axis) if keepdims else sums

    def diagonal(self) -> NDArray[Any]:
        """The cells at equal row and column.    Shape: (S,)."""
        on = self.rows == self.columns
        return _added(self.rows[on], self.values[on], min(self.shape))

    def hollow(self) -> Sparse:
        """Without what stands on the diagonal."""
        return replace(self, values=np.where(self.rows == self.columns, 0, self.values))

    def folded(self, place: int) -> NDArray[Any]:
        """One class against the rest, that class last.    Shape: (2, 2)."""
        truth, called = self.rows == place, self.columns == place
        return _added(2 * truth + called, self.values, 4).reshape(2, 2)

    def moved(self, places: ArrayLike, side: int) -> Sparse:
        """The table with row and column i at ``places[i]``, (side, side); what stands at -1 is left out."""
        to = np.asarray(places, np.int64)
        rows, columns = to[self.rows], to[self.columns]
        kept = np.flatnonzero((rows >= 0) & (columns >= 0))
        if (np.diff(to[to >= 0]) < 0).any():  # another order
            kept = kept[np.lexsort((columns[kept], rows[kept]))]
        return Sparse((side, side), rows[kept], columns[kept], self.values[kept])

    def plus(self, other: Sparse) -> Sparse:
        """Cell by cell."""
        found, at = np.unique(np.concatenate([self.codes, other.codes]), return_inverse=True)
        values = _added(at, np.concatenate([self.values, other.values]), len(found))
        rows, columns = np.divmod(found, self.shape[1])
        return Sparse(self.shape, rows, columns, values)

    def shares(self, whole: Floats) -> Sparse:
        """Each cell divided by what ``whole`` (broadcast to the shape) has there."""
        by = np.broadcast_to(whole, self.shape)[self.rows, self.columns]
        return replace(self, values=np.divide(self.values, by, out=np.full(self.size, np.nan), where=by != 0))

    def __getitem__(self, key: Any) -> Any:
        row, column = key if isinstance(key, tuple) else (key, slice(None))
        if isinstance(row, slice) or isinstance(column, slice):
            return self._part(row, column)
        place = np.searchsorted(self.codes, row * self.shape[1] + column)
        there = place < self.size and (self.rows[place], self.columns[place]) == (row, column)
        return self.values[place] if there else self.dtype.type(0)

    def _part(self, row: Any, column: Any) -> Any:
        """A row or a column written out, or a block that begins at 0."""
        ends = [
            (x, x + 1) if not isinstance(x, slice) else x.indices(n)[:2]
            for x, n in zip((row, column), self.shape, strict=True)
        ]
        (top, bottom), (left, right) = ends
        inside = (self.rows >= top) & (self.rows < bottom) & (self.columns >= left) & (self.columns < right)
        rows, columns, values = self.rows[inside] - top, self.columns[inside] - left, self.values[inside]
        if not isinstance(row, slice):
            return _added(columns, values, right - left)
        if not isinstance(column, slice):
            return _added(rows, values, bottom - top)
        return Sparse((bottom - top, right - left), rows, columns, values)

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return iter(np.asarray(self))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if self.shape[0] * self.shape[1] > MOST:
            raise NotKept(
                f"Written out, {self.shape[0]:,} x {self.shape[1]:,} cells take "
                f"{self.shape[0] * self.shape[1] * 8 / 2**30:.1f} GiB, and only {self.size:,} of them hold rows.",
                "A table of that size is neither read nor drawn.",
                "Ask for a part of it: cm[truth, prediction], cm[label], print(cm) for the pairs most confused, or "
                "cm.entries() and cm.to_frame() for the cells that hold rows.",
            )
        out = np.zeros(self.shape, self.dtype if dtype is None else dtype)
        out[self.rows, self.columns] = self.values
        return out

    def same(self, other: Sparse) -> bool:
        """Equal cell by cell."""
        return self.shape == other.shape and all(
            np.array_equal(a, b) for a, b in ((self.codes, other.codes), (self.values, other.values))
        )


Table: TypeAlias = "NDArray[Any] | Sparse"


def counted(
    codes: NDArray[Any], side: int, count: Ints | None, sums: Floats | None, squares: Floats | None
) -> tuple[Table, Table | None, Table | None]:
    """Rows, Σw and Σw² at each code row · side + column: every cell, or of many classes those that hold rows."""
    if side - 2 <= FEW:
        size = side * side
        weighed = [None if x is None else sum_codes(codes, size, x).reshape(side, side) for x in (sums, squares)]
        return count_codes(codes, size, count).reshape(side, side), weighed[0], weighed[1]
    found, at = np.unique(codes, return_inverse=True)
    rows, columns = np.divmod(found, side)

    def table(values: NDArray[Any]) -> Sparse:
        return Sparse((side, side), rows, columns, values)

    weights, squared = (None if x is None else table(sum_codes(at, len(found), x)) for x in (sums, squares))
    return table(count_codes(at, len(found), count)), weights, squared


def _added(places: NDArray[Any], values: NDArray[Any], size: int) -> NDArray[Any]:
    """Sums of the values at each place: whole numbers exactly."""
    if values.dtype.kind == "f" and (np.diff(places) >= 0).all():
        sums, starts = np.zeros(size), runs(places)
        sums[places[starts]] = np.add.reduceat(values, starts) if len(starts) else 0.0
        return sums
    if values.dtype.kind == "f":
        return sum_codes(places, size, values)
    sums = np.zeros(size, values.dtype)
    np.add.at(sums, places, values)
    return sums
