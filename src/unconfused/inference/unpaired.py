"""Two models that were evaluated apart: the difference of two estimates, as if of independent rows."""

from __future__ import annotations

import math

from unconfused.findings import Finding
from unconfused.inference.intervals import quantile
from unconfused.inference.paired import Apart
from unconfused.inference.significance import two_sided
from unconfused.inference.value import Estimate
from unconfused.labels import plural

MOVER, TEST = "square-and-add of both intervals", "z by the end of the interval nearest 0"


def apart_alone(first: Estimate, second: Estimate) -> Apart:
    """Δ - √((v₂ - l₂)² + (u₁ - v₁)²) to Δ + √((u₂ - v₂)² + (v₁ - l₁)²), of estimates v with intervals [l, u].

    Of two proportions with Wilson's intervals it is Newcombe's method 10 for independent rows. The p-value is that of
    z = z_level Δ / (distance from Δ to the end of the interval on the side of 0), so both say the same.

    Source: Newcombe 1998 (Statistics in Medicine 17, 873); Zou & Donner 2008.

    >>> a, b = Estimate(0.60, 0.49, 0.70), Estimate(0.80, 0.69, 0.88)
    >>> found = apart_alone(a, b)
    >>> round(found.low, 3), round(found.high, 3), round(found.p, 3)
    (0.051, 0.336, 0.008)
    """
    difference = second.value - first.value
    below = math.hypot(second.value - second.low, first.high - first.value)
    above = math.hypot(second.high - second.value, first.value - first.low)
    nearest = below if difference > 0 else above
    z = quantile(first.level) * difference / nearest if nearest > 0 else math.nan
    z = z if difference else 0.0
    return Apart(difference - below, difference + above, two_sided(z), MOVER, TEST, z)


def unpaired_finding(rows: dict[str, int]) -> Finding:
    """What an unpaired comparison cannot see."""
    told = ", ".join(f"{plural(n, 'row')} of {model!r}" for model, n in rows.items())
    return Finding(
        "CM-UNPAIRED",
        "warning",
        f"The models were evaluated apart ({told}), so the difference is taken as one of independent rows. If they are "
        "the same rows, the intervals are too wide and a real difference may stay hidden.",
        {f"rows of {model}": n for model, n in rows.items()},
        'Compare row by row: uc.compare(y_true, y_score={"old": ..., "new": ...}).',
    )
