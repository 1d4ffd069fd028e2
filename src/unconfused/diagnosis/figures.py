"""Reported figures: a number as it was printed, and whether another one would have been printed like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import UsageError
from unconfused.metrics.average import AVERAGES
from unconfused.metrics.language import Query, parse
from unconfused.tally.cells import Array, Cells

SLACK = 1e-9
"""Of half a unit: a value that lies on the edge was printed either way."""
Style: TypeAlias = str | None
"""How a per-class metric was read: None as asked, else an average."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One reported number.

    Attributes:
        query: what it is a number of.
        value: the number; percents are shares.
        half: half a unit of its last digit.
        text: as it was given.
    """

    query: Query
    value: float
    half: float
    text: str

    @classmethod
    def read(cls, name: str, given: Any) -> Figure:
        """A number or the text that was printed: "0.90" says more than 0.9, and "90.5 %" is 0.905.

        >>> Figure.read("recall", "0.90").half, Figure.read("recall", "90.5%").value
        (0.005, 0.905)
        """
        text = str(given).strip()
        percent = text.endswith("%")
        try:
            number = Decimal(text.removesuffix("%").strip())
        except InvalidOperation:
            raise UsageError(f"{name}={given!r} is no number.", fix=f'Type {name}="0.90", as it was printed.') from None
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int):
            raise UsageError(f"{name}={given!r} is not finite.", fix="Pass what was printed, such as 0.90.")
        unit = Decimal(1).scaleb(exponent) / (100 if percent else 1)
        return cls(parse(name), float(number / 100 if percent else number), float(unit) / 2, text)

    def holds(self, values: Array) -> NDArray[np.bool_]:
        """Whether each value would have been printed like this."""
        with np.errstate(invalid="ignore"):
            return np.asarray(np.abs(values - self.value) <= self.half * (1 + SLACK) + 1e-15)


def read_figures(given: Mapping[str, Any]) -> tuple[Figure, ...]:
    """Every figure of a call."""
    if not given:
        raise UsageError("No figure was given.", fix='Type what was reported: reconcile(accuracy="0.965", f1="0.81")')
    figures = tuple(Figure.read(name, value) for name, value in given.items())
    if any(figure.query.average in ("ovo", "worst") or figure.query.bound for figure in figures):
        raise UsageError("Only values per class, overall, @macro, @micro and @weighted can be reconciled.")
    return figures


def all_hold(figures: tuple[Figure, ...], values: Mapping[Figure, Array]) -> NDArray[np.bool_]:
    """Where every figure holds."""
    return np.asarray(np.logical_and.reduce([figure.holds(values[figure]) for figure in figures]))


def value(query: Query, c: Cells, place: int | None, names: tuple[str, ...], style: Style = None) -> Array:
    """What a metric of counts is of a stack of tables.    Shape: (...).

    ``place`` is the positive class; ``style`` an average that is taken instead of what was asked.
    """
    metric, args = query.metric, query.args
    if not metric.per_class and query.label is None and query.average is None:
        return metric(c, *args)
    if query.label is not None:
        return metric.by_class(c, *args)[..., names.index(query.label)]
    average = style or query.average
    if average is not None:
        return AVERAGES[average](metric, *args)(c)
    if place is None:
        return np.full(c.rows.shape[:-1], np.nan)
    return metric.by_class(c, *args)[..., place]
