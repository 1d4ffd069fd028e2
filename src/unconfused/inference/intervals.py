"""Intervals in closed form. All of them broadcast, stay in range, contain the value and have a width.

``z`` is the normal quantile of the level; ``x`` of ``n`` may be fractions (Kish's effective rows of weighted data).
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import UsageError, require
from unconfused.metrics.catalogue import Blend, Ratio, ratio
from unconfused.tally.cells import Array
from unconfused.tally.scores import logistic

Bounds: TypeAlias = tuple[Array, Array]
ByProportion: TypeAlias = Callable[[Array, Array, float], Bounds]


class Interval(NamedTuple):
    """Both ends, and in words how they were found: the same words for all, or each its own."""

    low: Array
    high: Array
    method: str | NDArray[np.str_]


def quantile(level: float) -> float:
    """The z that a standard normal stays within with probability ``level``: 1.96 for 0.95."""
    if not 0 < level < 1:
        raise UsageError(f"level={level} is no confidence level.", fix="Name a share between 0 and 1, such as 0.95.")
    return NormalDist().inv_cdf((1 + level) / 2)


def wilson(x: Array, n: Array, level: float) -> Bounds:
    """(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n).

    Source: Wilson 1927. Its coverage swings about the level (0.91 at n = 50, p = 0.01); ``exact`` never falls below it.

    >>> [round(float(end), 4) for end in wilson(np.float64(81), np.float64(263), 0.95)]
    [0.2553, 0.3662]
    """
    z2 = quantile(level) ** 2
    half = np.sqrt(z2) * np.sqrt(np.maximum(ratio(x * (n - x), n).value, 0) + z2 / 4)
    middle = x + z2 / 2
    low = np.where(x <= 0, 0.0, (middle - half) / (n + z2))
    return low, np.where(x >= n, 1.0, (middle + half) / (n + z2))


def exact(x: Array, n: Array, level: float) -> Bounds:
    """[B⁻¹(α/2; x, n-x+1), B⁻¹(1-α/2; x+1, n-x)]: coverage never below the level. Needs SciPy.

    Source: Clopper & Pearson 1934; with effective rows Korn & Graubard 1998.
    """
    tail, inverse = (1 - level) / 2, _beta_quantile()
    low = np.where(x <= 0, 0.0, inverse(np.where(x <= 0, 1, x), n - x + 1, tail))
    return low, np.where(x >= n, 1.0, inverse(x + 1, np.where(x >= n, 1, n - x), 1 - tail))


def jeffreys(x: Array, n: Array, level: float) -> Bounds:
    """Quantiles of Beta(x + ½, n - x + ½), the posterior under Jeffreys' prior; 0 at x = 0, 1 at x = n. Needs SciPy.

    Source: Brown, Cai & DasGupta 2001.
    """
    tail, inverse = (1 - level) / 2, _beta_quantile()
    low = np.where(x <= 0, 0.0, inverse(x + 0.5, n - x + 0.5, tail))
    return low, np.where(x >= n, 1.0, inverse(x + 0.5, n - x + 0.5, 1 - tail))


def _beta_quantile() -> Any:
    return require("scipy.special", extra="stats").betaincinv


PROPORTION: dict[str, tuple[str, ByProportion]] = {
    "wilson": ("Wilson", wilson),
    "exact": ("Clopper-Pearson", exact),
    "jeffreys": ("Jeffreys", jeffreys),
}


def of_ratio(form: Ratio, squares: Ratio, level: float, by: ByProportion) -> Bounds:
    """The interval of a proportion on Kish's effective rows (Σw)² / Σw² of its denominator; NaN where that is 0."""
    p, effective = form.value, ratio(form.den**2, squares.den).value
    low, high = by(p * effective, effective, level)
    return np.where(np.isnan(p), np.nan, low), np.where(np.isnan(p), np.nan, high)


def square_and_add(form: Blend, squares: Blend, level: float, by: ByProportion) -> Bounds:
    """Move one proportion at a time to the end of its own interval, then add the squares of what that changes.

    Source: Zou & Donner 2008 (MOVER); of one proportion alone, such as the Jaccard under F1, it is its interval carried
    over. Keeps its level where the delta method has seen no error of a rare class and believes that there is none.
    """
    parts, middle = form.parts.value, form.value
    ends = of_ratio(form.parts, squares.parts, level, by)
    moved = [form.combine(np.moveaxis(_one_at_a_time(parts, end), -2, 0)) - middle for end in ends]
    low, high = (middle + sign * np.sqrt(np.nansum(m**2, 0)) for sign, m in zip((-1, 1), moved, strict=True))
    corner_low, corner_high = (form.combine(end) for end in ends)
    return np.where(low < middle, low, corner_low), np.where(high > middle, high, corner_high)


def _one_at_a_time(parts: Array, end: Array) -> Array:
    """Copies of ``parts`` in which the i-th differs at i alone.    Shape: (..., m) → (..., m, m)."""
    return np.where(np.eye(parts.shape[-1], dtype=bool), end[..., None, :], parts[..., None, :])


def on_scale(value: Array, error: Array, range: tuple[float, float], z: float) -> Bounds:
    """value ± z standard errors, on the logit of its place in the range, or its log where the range has no end.

    On [-1, 1] the logit is twice Fisher's z, so the interval is the same.
    """
    low, high = range
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if np.isinf(high):
            factor = np.exp(z * error / value)
            return value / factor, value * factor
        place, spread = (value - low) / (high - low), error / (high - low)
        middle, half = np.log(place / (1 - place)), z * spread / (place * (1 - place))
        below, above = logistic(middle - half), logistic(middle + half)
    return low + (high - low) * below, low + (high - low) * above


def scale_name(range: tuple[float, float]) -> str:
    """What ``on_scale`` does, in words."""
    return "the log scale" if np.isinf(range[1]) else "Fisher's z" if range[0] < 0 else "the logit scale"


def held(value: Array, bounds: Bounds, range: tuple[float, float]) -> Bounds:
    """The bounds cut to the range and, should rounding or skew have moved them past it, out to the value."""
    low, high = (np.clip(end, *range) for end in bounds)
    return np.minimum(low, value), np.maximum(high, value)
