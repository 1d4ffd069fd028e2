"""Estimate: a number, and how sure one can be of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, NoReturn, Self, SupportsFloat

from unconfused.errors import JOINERS, inert


@dataclass(frozen=True, eq=False)
class Estimate:
    """A metric of a sample, with its interval. Compares and formats like its value.

    A matrix works the interval out when it is first looked at, since it takes many times as long as the value.

    Attributes:
        value: the metric; NaN where it is undefined.
        low, high: the ends of the interval, which always contains the value; NaN where that is.
        level: the share of samples whose interval would hold the truth, as the method promises it.
        method: how the interval was made, in words.
        n: rows that the value rests on: of a proportion those of its denominator.
        bounds: certified lower and upper value when the tally is binned, else None.
        reason: why the value is undefined, else None.
        name: the question, such as "recall[dog]".
        left_out: the classes in which the metric is undefined, left out of an average.
        expected: of a calibration error, what as many rows would show if the probabilities were right: its mean, and
            what it stays under at the level; else None.

    >>> recall = Estimate(0.7384, 0.6213, 0.8301, n=65, name="recall")
    >>> print(recall)
    0.738 [0.62, 0.83]
    >>> recall > 0.7, f"{recall:.1%}"
    (True, '73.8%')
    """

    value: float
    low: float
    high: float
    level: float = 0.95
    method: str = field(default_factory=str)  # defaults of what may be awaited are made anew: none is seen on the class
    n: int = field(default_factory=int)
    bounds: tuple[float, float] | None = None
    reason: str | None = None
    name: str = ""
    left_out: tuple[str, ...] = field(default_factory=tuple)
    expected: tuple[float, float] | None = None

    @classmethod
    def awaiting(cls, rest: Callable[[], dict[str, Any]], value: float, **known: Any) -> Self:
        """An estimate of which the ``rest`` is looked up when any of it is first asked for."""
        made = cls.__new__(cls)
        made.__dict__.update(known, value=value, _rest=rest)
        return made

    def __getattr__(self, name: str) -> Any:  # reached where there is no such attribute yet
        if "_rest" not in self.__dict__ or name not in self.__dataclass_fields__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self.__dict__.update(self._rest())
        return self.__dict__[name]

    def __getstate__(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def defined(self) -> bool:
        """Whether there is a value."""
        return not math.isnan(self.value)

    def __float__(self) -> float:
        return self.value

    def __round__(self, digits: int | None = None) -> float:
        return round(self.value, digits)

    def __eq__(self, other: object) -> bool:
        return self.value == float(other) if isinstance(other, SupportsFloat) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.value)

    def __lt__(self, other: SupportsFloat) -> bool:
        return self.value < float(other)

    def __le__(self, other: SupportsFloat) -> bool:
        return self.value <= float(other)

    def __gt__(self, other: SupportsFloat) -> bool:
        return self.value > float(other)

    def __ge__(self, other: SupportsFloat) -> bool:
        return self.value >= float(other)

    def __add__(self, other: object) -> NoReturn:
        raise TypeError(
            "Estimates do not add: the mean of the metrics of batches is not the metric of all rows. "
            "Add the matrices and ask once: sum(matrices).estimate(...)."
        )

    __radd__ = __add__

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else str(self)

    def __str__(self) -> str:
        without = f" without {', '.join(inert(x, JOINERS) for x in self.left_out)}" if self.left_out else ""
        if self.bounds and self.bounds[0] < self.bounds[1]:
            without += f", certified in {_between(*self.bounds)}"
        if self.expected:
            without += f", {_decimal(self.expected[0], 3)} expected of calibrated probabilities"
        if not self.defined:
            return f"undefined ({self.reason})" if self.reason else "undefined"
        value = _decimal(self.value, 3)
        for digits in range(4, 18):  # a value within its interval is not rounded out of it
            if not self.low < self.value < self.high or self.low <= float(value) <= self.high:
                break
            value = _decimal(self.value, digits)
        if self.low == self.value == self.high:
            return (f"{self.value:.0f}" if self.value.is_integer() and self.value > 1 else value) + without
        shown = float(value) if math.isfinite(self.value) else self.value
        for digits in range(2, 18):
            low = _decimal(self.low, digits, lambda text: float(text) <= shown)
            high = _decimal(self.high, digits, lambda text: float(text) >= shown)
            if low != high:
                break
        return f"{value} [{low}, {high}]{without}"

    def _repr_html_(self) -> str:
        from unconfused.show.html import estimate_html

        return estimate_html(self)


def _between(low: float, high: float) -> str:
    """Two bounds, rounded outward, with the digits that tell them apart.

    >>> _between(0.90781, 0.90794)
    '[0.90781, 0.90794]'
    """
    if not math.isfinite(high - low):
        return f"[{_decimal(low, 3)}, {_decimal(high, 3)}]"
    unit = Decimal(1).scaleb(min(-3, math.floor(math.log10(high - low)) - 1))
    ends = (Decimal(low).quantize(unit, ROUND_FLOOR), Decimal(high).quantize(unit, ROUND_CEILING))
    return f"[{ends[0]:f}, {ends[1]:f}]"


def _decimal(x: float, digits: int, fits: Callable[[str], bool] = lambda text: True) -> str:
    """``x`` with so many decimals, fewer when it is large, more until it reads as no whole number that it is not.

    >>> _decimal(0.9996, 2), _decimal(1.0, 2), _decimal(1234.5, 3), _decimal(0.0000001, 3)
    ('0.9996', '1.00', '1234', '1e-07')
    """
    if not math.isfinite(x):
        return f"{x}".replace("inf", "∞")
    if round(x) and abs(x - round(x)) < 1e-12:  # rounding of the arithmetic, not news
        x = float(round(x))
    size = 0 if abs(x) < 10 else int(math.log10(abs(x)))
    for decimals in range(max(0, digits - size), 18):
        text = f"{x:.{decimals}f}"
        whole = float(text).is_integer() and not x.is_integer()
        if fits(text) and not (whole and abs(x) < 10):
            return text if decimals < 8 or abs(x) > 0.5 else f"{x:.2g}"
        if 0 < abs(x) < 1e-5:
            return f"{x:.2g}"
    return repr(x)
