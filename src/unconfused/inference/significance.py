"""p-values in closed form, without SciPy: McNemar's test, Cochran's Q, and what many tests ask at once.

McNemar: of the rows that just one of two models gets right, b are right in the first alone and c in the second alone;
if neither is better each of the b + c is as good as a coin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

import numpy as np

from unconfused.errors import UsageError
from unconfused.tally.cells import Array, divided

McNemar: TypeAlias = Literal["mid-p", "exact", "asymptotic"]
Adjust: TypeAlias = Literal["holm", "bh"]
METHODS: tuple[McNemar, ...] = get_args(McNemar)
ADJUSTMENTS: dict[str | None, str] = {"holm": "Holm", "bh": "Benjamini-Hochberg", None: "not adjusted"}
STEPS = 2**20
"""Terms of a binomial tail that are added at most; those further out are too small to count."""
WIDE, MANY = 2**28, 2**40
"""Variance, and rows, from which a binomial tail is read off the normal one: its terms are too many, or too large."""
LARGE = 1000
"""Degrees of freedom from which Student's distribution is read as the normal one."""


# ── two models on the same rows ───────────────────────────────────────────────────────────────
def mcnemar(b: int, c: int, method: McNemar = "mid-p") -> float:
    """Two-sided p-value that the two models are equally often right.

    mid-p: min(1, 2 P(X <= min(b, c)) - P(X = min(b, c))), X ~ Bin(b + c, ½); exact: without the half taken off, so its
    level is never passed and seldom reached; asymptotic: (b - c)² / (b + c) as χ². 1 where b = c = 0.

    Source: McNemar 1947; Fagerland, Lydersen & Laake 2013, who recommend mid-p or asymptotic.

    >>> [round(mcnemar(1, 7, method), 4) for method in ("mid-p", "exact", "asymptotic")]
    [0.0391, 0.0703, 0.0339]
    """
    if method not in METHODS:
        raise UsageError(f"method={method!r} is not known.", fix=f"Choose one of {', '.join(map(repr, METHODS))}.")
    if b == c:
        return 1.0
    if method == "asymptotic":
        return two_sided((b - c) / math.sqrt(b + c))
    tail, here = binomial_half(min(b, c), b + c)
    return min(1.0, 2 * tail - (here if method == "mid-p" else 0.0))


def binomial_half(k: int, n: int) -> tuple[float, float]:
    """P(X <= k) and P(X = k) for X ~ Bin(n, ½), k <= n / 2; to 1e-12 up to 1,000 rows, 1e-4 from a billion.

    >>> binomial_half(1, 8)
    (0.03515625, 0.03125)
    """
    if n <= LARGE:
        whole = [math.comb(n, i) for i in range(k + 1)]
        return sum(whole) / 2**n, whole[-1] / 2**n
    if n > WIDE * 4:
        tail = _normal_tail(n - k, n, 0.5)
        return tail, tail - _normal_tail(n - k + 1, n, 0.5)
    here = math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2))
    below = np.arange(k, max(k - STEPS, 0), -1, dtype=np.float64)
    return here * (1 + float(np.cumprod(divided(below, n - below + 1)).sum())), here


def two_sided(z: float) -> float:
    """P(|Z| >= |z|) of a standard normal: 0.05 at 1.96; NaN for NaN."""
    return math.erfc(abs(z) / math.sqrt(2))


def student_two_sided(t: float, freedom: float) -> float:
    """P(|T| >= |t|) of Student's distribution with whole degrees of freedom (rounded down, one at least).

    Source: Abramowitz & Stegun 26.7.3 and 26.7.4.

    >>> round(student_two_sided(2.228, 10), 3), round(student_two_sided(12.706, 1), 3)
    (0.05, 0.05)
    """
    v = max(int(freedom), 1) if math.isfinite(freedom) else LARGE
    if v >= LARGE or not math.isfinite(t):
        return two_sided(t)
    angle = math.atan(abs(t) / math.sqrt(v))
    sine, cosine, term, total = math.sin(angle), math.cos(angle), 1.0, 0.0
    start = v % 2
    for i in range(start, v - 1, 2):
        term = term if i == start else term * cosine**2 * (i - 1) / i
        total += term
    inside = sine * total if start == 0 else 2 / math.pi * (angle + sine * cosine * total)
    return max(0.0, 1 - inside)


def binomial_tail(x: float, n: int, p: float) -> float:
    """P(X >= x) for X ~ Bin(n, p), its terms added from the largest down.

    Source: of a test of one share against another, Fisher 1925.

    >>> round(binomial_tail(285, 344, 0.75), 7), binomial_tail(0, 5, 0.5), binomial_tail(3, 3, 1.0)
    (0.0003097, 1.0, 1.0)
    """
    first = math.ceil(x)
    if first <= 0 or p >= 1:
        return float(first <= n)
    if first > n or p <= 0:
        return 0.0
    if n > MANY or n * p * (1 - p) > WIDE:
        return _normal_tail(first, n, p)
    if first <= n * p:  # the other tail is the smaller one
        return 1 - binomial_tail(n - first + 1, n, 1 - p)
    start = math.lgamma(n + 1) - math.lgamma(first + 1) - math.lgamma(n - first + 1)
    here = math.exp(start + first * math.log(p) + (n - first) * math.log1p(-p))
    above = np.arange(first, min(n, first + STEPS), dtype=np.float64)
    odds = math.exp(math.log(p) - math.log1p(-p))
    return min(1.0, here * (1 + float(np.cumprod(divided(n - above, above + 1) * odds).sum())))


def _normal_tail(x: int, n: int, p: float) -> float:
    """P(X >= x) for X ~ Bin(n, p) of very many rows: the normal tail at the signed root of the deviance of x - ½."""
    share, further = (x - 0.5) / n, (x - 0.5 - n * p) / n
    deviance = 2 * n * (share * math.log1p(further / p) + (1 - share) * math.log1p(-further / (1 - p)))
    return math.erfc(math.copysign(math.sqrt(max(deviance, 0)), further) / math.sqrt(2)) / 2


# ── several models ────────────────────────────────────────────────────────────────────────────
def cochran_q(right: Array, rows: Array) -> tuple[float, float]:
    """Q and the p-value that all models are equally often right; they are right on ``right`` (C, M) of ``rows`` (C,).

    Q = (M - 1) (M Σ G² - (Σ G)²) / (M Σ L - Σ L²), G how often each model is right, L how many are right on a row; χ²
    with M - 1 degrees of freedom. Of two models it is McNemar's asymptotic test.

    Source: Cochran 1950.

    >>> q, p = cochran_q(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([1.0, 7.0, 20.0]))
    >>> round(q, 2), round(p, 4)
    (4.5, 0.0339)
    """
    models = right.shape[1]
    by_model, by_row = (right * rows[:, None]).sum(0), right.sum(1)
    spread = (rows * by_row * (models - by_row)).sum()
    if not spread:
        return 0.0, 1.0
    q = float(divided((models - 1) * models * ((by_model - by_model.mean()) ** 2).sum(), spread))
    return q, chi_square_tail(q, models - 1)


def chi_square_tail(x: float, freedom: int) -> float:
    """P(χ² >= x) with whole degrees of freedom.    Source: Abramowitz & Stegun 26.4.4 and 26.4.5.

    >>> [round(chi_square_tail(x, v), 3) for x, v in ((3.841, 1), (5.991, 2), (7.815, 3), (18.307, 10))]
    [0.05, 0.05, 0.05, 0.05]
    """
    if x <= 0:
        return 1.0
    odd = freedom % 2
    logs = [-x / 2 + (i + odd / 2) * math.log(x / 2) - math.lgamma(i + odd / 2 + 1) for i in range(freedom // 2)]
    return (math.erfc(math.sqrt(x / 2)) if odd else 0.0) + math.fsum(map(math.exp, logs))


# ── several tests ─────────────────────────────────────────────────────────────────────────────
def adjusted(p: Sequence[float], how: Adjust | None = "holm") -> list[float]:
    """p-values that allow for their number; NaN stays NaN and does not count.

    "holm": none of them false at the level (Holm 1979); "bh": of those found, no more than that share false
    (Benjamini & Hochberg 1995); None: as they are.

    >>> [round(x, 3) for x in adjusted([0.01, 0.04, 0.03])], [round(x, 3) for x in adjusted([0.01, 0.04, 0.03], "bh")]
    ([0.03, 0.06, 0.06], [0.03, 0.04, 0.04])
    """
    if how not in ADJUSTMENTS:
        raise UsageError(f"adjust={how!r} is not known.", fix='Choose "holm", "bh" or None.')
    values = np.array(p, np.float64)
    kept = np.flatnonzero(~np.isnan(values))
    if how is None or not len(kept):
        return [float(x) for x in values]
    order = kept[np.argsort(values[kept], kind="stable")]
    rank, m = np.arange(len(order)), len(order)
    if how == "holm":
        raised = np.maximum.accumulate(values[order] * (m - rank))
    else:
        raised = np.minimum.accumulate(divided(values[order] * m, rank.astype(np.float64) + 1)[::-1])[::-1]
    values[order] = np.minimum(raised, 1)
    return [float(x) for x in values]
