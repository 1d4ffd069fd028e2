"""Intervals in closed form. All of them broadcast, stay in range, contain the value and have a width.

``z`` is the normal quantile of the level; ``x`` of ``n`` may be fractions (Kish's effective rows of weighted data).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import UsageError, require
from unconfused.metrics.catalogue import Blend, Ratio, mean_of_defined, ratio
from unconfused.tally.axis import logistic
from unconfused.tally.cells import Array

Bounds: TypeAlias = tuple[Array, Array]
ByProportion: TypeAlias = Callable[[Array, Array, float], Bounds]


class Interval(NamedTuple):
    """Both ends, and in words how they were found: the same words for all, or each its own.

    ``expected`` is what probabilities that are right would show: the mean, and what it stays under at the level.
    """

    low: Array
    high: Array
    method: str | NDArray[np.str_]
    expected: tuple[float, float] | None = None


def quantile(level: float) -> float:
    """The z that a standard normal stays within with probability ``level``: 1.96 for 0.95."""
    try:
        fits = 0 < level < 1
    except TypeError:
        fits = False
    if not fits:
        raise UsageError(f"level={level!r} is no confidence level.", fix="Name a share between 0 and 1, such as 0.95.")
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


def student(level: float, freedom: float) -> float:
    """The t that Student's distribution stays within with probability ``level``, from the normal quantile.

    Cornish-Fisher to the fourth order, exact at 1 and 2 degrees of freedom: off by 0.1 % at 3, by less beyond.
    Source: Abramowitz & Stegun 26.7.5.

    >>> [round(student(0.95, v), 3) for v in (1, 2, 3, 11, 1e9)]
    [12.706, 4.303, 3.179, 2.201, 1.96]
    """
    z = quantile(level)
    if freedom < 2:
        return math.tan(math.pi * level / 2)
    if freedom < 3:
        return level * math.sqrt(2 / (1 - level**2))
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, 1))


def chi_square(level: float, freedom: Array) -> Array:
    """What χ² stays under with probability ``level``, after Wilson & Hilferty 1931; exact at one degree of freedom.

    >>> chi_square(0.95, np.array([1.0, 4.0, 100.0])).round(2)
    array([  3.84,   9.46, 124.34])
    """
    rest = 2 / (9 * freedom)
    cubed = freedom * np.maximum(1 - rest + NormalDist().inv_cdf(level) * np.sqrt(rest), 0) ** 3
    return np.where(freedom == 1, quantile(level) ** 2, cubed)


def effective(sums: Array, squares: Array) -> Array:
    """Kish's effective rows (Σw)² / Σw²: one at least, also where rounding left nothing of the squares; NaN without.

    >>> effective(np.array([6.0, 1e-200, 0.0]), np.array([12.0, 0.0, 0.0]))
    array([ 3.,  1., nan])
    """
    with np.errstate(over="ignore", invalid="ignore"):
        rows = np.fmax(ratio(np.square(sums), np.maximum(squares, 0)).value, 1.0)
    return np.where(sums > 0, rows, np.nan)


def of_ratio(form: Ratio, squares: Ratio, level: float, by: ByProportion) -> Bounds:
    """The interval of a proportion on Kish's effective rows of its denominator; NaN where that is 0."""
    p, rows = form.value, effective(form.den, squares.den)
    low, high = by(p * rows, rows, level)
    return np.where(np.isnan(p), np.nan, low), np.where(np.isnan(p), np.nan, high)


def square_and_add(form: Blend, squares: Blend, level: float, by: ByProportion) -> Bounds:
    """Move one proportion at a time to the end of its own interval, then add the squares of what that changes.

    Source: Zou & Donner 2008 (MOVER); of a product on the log scale; of one proportion alone, such as the Jaccard under
    F1, it is its interval carried over. Keeps its level where the delta method has seen no error of a rare class and
    believes that there is none.
    """
    parts, middle = form.parts.value, form.value
    ends = of_ratio(form.parts, squares.parts, level, by)
    if parts.shape[-1] > 2:  # a function of their mean, which each part moves by its share
        many = np.sum(~np.isnan(parts), -1)
        far = [ratio(np.sqrt(np.nansum((end - parts) ** 2, -1)), many).value for end in ends]
        means = [mean_of_defined(parts) + sign * by_end for sign, by_end in zip((-1, 1), far, strict=True)]
        low, high = (form.combine(np.where(np.isnan(parts), np.nan, mean[..., None])) for mean in means)
    else:
        to, back = (np.log, np.exp) if form.product else (np.asarray, np.asarray)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            moved = [to(form.combine(np.moveaxis(_one_at_a_time(parts, end), -2, 0))) - to(middle) for end in ends]
            low, high = (
                back(to(middle) + sign * np.sqrt(np.nansum(m**2, 0))) for sign, m in zip((-1, 1), moved, strict=True)
            )
    corner_low, corner_high = (form.combine(end) for end in ends)
    return np.where(low < middle, low, corner_low), np.where(high > middle, high, corner_high)


def of_mean(form: Blend, squares: Blend, level: float, by: ByProportion) -> Bounds:
    """The interval of a mean v of proportions, as that of one on the v (1 - v) / Var rows it is worth, carried over.

    Var = Σ p̃ (1 - p̃) / n / m², with p̃ = (x + v) / (n + 1): a class of a few rows, all of them right, is drawn
    towards the others, and so tells of errors that it has not shown. At v = 0 and 1 the worth is its limit m² / Σ 1/n.
    Keeps its level over many classes; where one rare class is most of the variance ``square_and_add`` does (0.95 at
    rows of 100, 100, 100 and 3, where this has 0.71; over ten classes of 10 rows 0.87 and 0.96).
    """
    parts, rows = form.parts.value, effective(form.parts.den, squares.parts.den)
    many, mean = np.sum(~np.isnan(parts), -1), mean_of_defined(parts)[..., None]
    drawn = (parts * rows + mean) / (rows + 1)
    own, spread = mean * (1 - mean), drawn * (1 - drawn)
    ends = (mean <= 0) | (mean >= 1)
    variance = np.nansum(np.where(ends, 1.0, ratio(spread, own).value) / rows, -1)
    worth = ratio(many**2, variance).value
    bounds = by(mean[..., 0] * worth, worth, level)
    low, high = (form.combine(np.where(np.isnan(parts), np.nan, end[..., None])) for end in bounds)
    return low, high


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
    """The bounds cut to the range and, should rounding or skew have moved them past it, out to the value.

    An end that a scale could not place is that of the range.
    """
    low, high = (np.clip(np.where(np.isnan(end), last, end), *range) for end, last in zip(bounds, range, strict=True))
    return np.minimum(low, value), np.maximum(high, value)
