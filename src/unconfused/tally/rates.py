"""Rates: a normalised matrix. It prints and plots, but it does not add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import UsageError
from unconfused.labels import Label, Labels
from unconfused.tally.cells import divided
from unconfused.tally.sparse import Sparse

if TYPE_CHECKING:
    from unconfused.tally.confusion import ConfusionMatrix

Normalize = Literal["true", "pred", "all"]
AXES: dict[str, int | None] = {"true": -1, "pred": -2, "all": None}
"""The axis whose sum is the whole: each row, each column, or everything."""


@dataclass(frozen=True, eq=False, repr=False)
class Rates:
    """Shares of a confusion matrix, with the same labels.

    Rates have no ``+``: the mean of the shares of batches is not the share of their sum.

    Attributes:
        values: float64 (S, S) in [0, 1], the classes and then the seats in use; NaN where there is nothing to share.
            Of thousands of classes `Sparse`: the cells that hold rows.
        labels: the classes.
        seats: the names of the seats in use.
        how: "true" (each row sums to 1), "pred" (each column) or "all" (everything).
        matrix: the counts that the shares come from.
    """

    values: Any
    labels: Labels
    seats: tuple[str, ...]
    how: Normalize
    matrix: ConfusionMatrix

    @classmethod
    def of(cls, matrix: ConfusionMatrix, how: Normalize) -> Rates:
        """The shares of ``matrix``; see `ConfusionMatrix.normalize`."""
        if how not in AXES:
            raise UsageError(
                f"normalize={how!r} is not known.", fix="Type 'true' (rows), 'pred' (columns) or 'all' (everything)."
            )
        table = matrix.table().astype(np.float64)
        whole = table.sum(axis=AXES[how], keepdims=True)
        values = table.shares(whole) if isinstance(table, Sparse) else divided(table, whole)
        values.setflags(write=False)
        return cls(values, matrix.labels, matrix.seats, how, matrix)

    @property
    def axis(self) -> tuple[Label, ...]:
        """What the rows and columns are: the classes, then the seats in use."""
        return self.matrix.axis

    def __getitem__(self, key: tuple[Any, Any]) -> float:
        """``rates[truth, prediction]``, by label."""
        names = [str(name) for name in self.axis]
        truth, called = (
            names.index(x) if x in self.seats and x not in self.labels.texts else self.labels.index(x) for x in key
        )
        return float(self.values[truth, called])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        k = len(self.labels)
        return np.array(self.values[:k, :k], dtype=dtype)

    __array_ufunc__ = None  # shares do not add

    def plot(self, **options: Any) -> Any:
        """Draw the shares as a heatmap; see `ConfusionMatrix.plot`."""
        return self.matrix.plot(normalize=self.how, **options)

    def __str__(self) -> str:
        from unconfused.show.text import rates_text

        return rates_text(self)

    def __rich__(self) -> Any:
        from unconfused.show.shading import rich_text

        return rich_text(self)

    def _repr_html_(self) -> str:
        from unconfused.show.html import rates_html

        return rates_html(self)

    __repr__ = __str__
