"""BCa: the percentiles of a bootstrap, moved for its bias and for how the spread grows with the value.

z₀ = Φ⁻¹(the share of replicates below the value), a = Σ d³ / 6 (Σ d²)^1.5 with d how far the value falls when one row
is left out, and the ends are the replicates' quantiles at Φ(z₀ + (z₀ ± z) / (1 - a (z₀ ± z))). Rows of one cell are
alike, so there are as many values of d as cells that hold rows, however many rows there are.

Source: Efron 1987, https://doi.org/10.1080/01621459.1987.10478410.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from unconfused.inference.intervals import quantile
from unconfused.metrics.catalogue import ratio
from unconfused.tally.cells import Array

Z = NormalDist()


def bca(values: Array, value: float, left: Array, rows: Array, level: float) -> tuple[float, float]:
    """Both ends; NaN where no replicate is defined.

    Args:
        values: the replicates.    Shape: (R,).
        value: of the rows that are there.
        left: the value without one row of each cell.    Shape: (C,).
        rows: rows in each of these cells.    Shape: (C,).
        level: of the interval.

    >>> mean = np.random.default_rng(0).binomial(100, 0.3, 20000) / 100  # of 100 rows, 30 of them 1
    >>> ends = bca(mean, 0.3, np.array([29 / 99, 30 / 99]), np.array([30.0, 70.0]), 0.95)
    >>> [f"{end:.2f}" for end in ends]
    ['0.22', '0.40']
    """
    values = np.sort(values[np.isfinite(values)])
    if not values.size:
        return math.nan, math.nan
    below = float(np.searchsorted(values, value) + np.searchsorted(values, value, side="right")) / 2
    share = float(ratio(below + 0.5, values.size + 1).value)  # never 0 or 1
    start, curve = Z.inv_cdf(share), _acceleration(left, rows)
    ends = []
    for z in (-quantile(level), quantile(level)):
        moved = start + z
        at = Z.cdf(start + float(ratio(moved, 1 - curve * moved).value)) if curve * moved < 1 else float(z > 0)
        ends.append(float(np.quantile(values, at)))
    return ends[0], ends[1]


def _acceleration(left: Array, rows: Array) -> float:
    known = np.isfinite(left)
    left, rows = left[known], rows[known]
    if not rows.sum():
        return 0.0
    off = ratio((rows * left).sum(), rows.sum()).value - left
    spread = (rows * off**2).sum()
    return float(ratio((rows * off**3).sum(), 6 * spread**1.5).value) if spread > 0 else 0.0
