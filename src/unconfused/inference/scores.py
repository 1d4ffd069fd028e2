"""How sure a metric of scores is.

| metric | interval |
|---|---|
| roc_auc | DeLong on the logit scale with min(P, N) >= 50 and min(P, N) (1 - AUC) >= 10; else the wider of it and Newcombe's method 5; that alone under 50 or at 0 or 1 |
| average_precision | infinitesimal jackknife on the logit scale; with P < 50 the wider of it and Wilson on P |
| ks | the value ∓ (√(ln(4/α) / 2P) + √(ln(4/α) / 2N)): both score distributions stay in their bands (Massart 1990) |
| partial_roc_auc, pr_auc of another join than "step" | bootstrap standard error on the logit scale |
| log_loss, brier, brier_sum | Student's t on the mean and variance of the rows' losses |

The interval of ks never covers less than its level, and is wide for that.
Weighted masses count for Kish's effective rows (Σw)² / Σw² wherever a number of rows is asked for.
"""  # noqa: E501

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import UsageError
from unconfused.inference.bca import bca
from unconfused.inference.intervals import Bounds, Interval, effective, held, on_scale, quantile, student, wilson
from unconfused.inference.resample import draws
from unconfused.labels import plural
from unconfused.metrics.catalogue import ratio
from unconfused.metrics.language import Query
from unconfused.metrics.pr_area import pr_auc
from unconfused.metrics.proper import clipped_rows, log_losses, square_losses
from unconfused.metrics.ranking import Masses, above, average_precision
from unconfused.tally.cells import Array
from unconfused.tally.moments import CLIP, Moments
from unconfused.tally.prevalence import ScoresAt
from unconfused.tally.scores import ScoreTally

MOST, LEAST, WORK = 2000, 500, 2**23
"""Replicates: as many as this work allows, between these."""
CELLS = 2048
"""Scores that a bootstrap of masses keeps apart; of more, neighbours are put together by their share of each class."""
FEW, FEW_ERRORS = 50, 10
METHODS = {"roc_auc": ("delong", "newcombe", "bootstrap", "bca"),
           "average_precision": ("logit", "wilson", "bootstrap", "bca"), "ks": ("dkw", "bootstrap", "bca")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Sides:
    """Masses, squared weights and effective rows of the two classes, as floats.    Shapes: (U,) and ()."""

    positives: Array
    negatives: Array
    positive_squares: Array
    negative_squares: Array

    @classmethod
    def of(cls, tally: ScoreTally) -> _Sides:
        masses = tally.masses
        squares = masses if tally.squares is None else tally.squares
        return cls(masses[:, 1], masses[:, 0], squares[:, 1], squares[:, 0])

    @property
    def rows(self) -> tuple[float, float]:
        """Effective positives and negatives."""
        p = effective(self.positives.sum(), self.positive_squares.sum())
        n = effective(self.negatives.sum(), self.negative_squares.sum())
        return float(p), float(n)


def interval(query: Query, tally: ScoreTally, value: float, level: float, method: str | None, seed: int) -> Interval:
    """The interval of a metric of one binary score tally."""
    if query.metric is pr_auc and not query.args:  # by steps: the same number under another name
        query = replace(query, metric=average_precision)
    name = query.metric.name
    allowed = METHODS.get(name, ("normal",) if query.metric.kind == "loss" else ("bootstrap", "bca"))
    if method is not None and method not in allowed:
        raise UsageError(
            f"method={method!r} does not give an interval for {name}.",
            fix=f"Type one of {', '.join(map(repr, allowed))}, or leave method= out.",
        )
    if np.isnan(value):
        return Interval(_point(value), _point(value), "")
    if query.metric.kind == "loss":
        bounds, words = _loss(name, tally, value, level)
    elif method in ("bootstrap", "bca") or name not in METHODS:
        bounds, words = bootstrap(query, tally, value, level, seed, by_bca=method == "bca")
    elif name == "ks":
        bounds, words = _dkw(tally, value, level)
    elif name == "roc_auc":
        bounds, words = _roc_auc(tally, value, level, method)
    else:
        bounds, words = _average_precision(tally, value, level, method)
    return Interval(*held(_point(value), bounds, query.metric.range), words)


def of_moments(name: str, moments: Moments, level: float) -> tuple[float, Interval]:
    """The mean loss of rows, with its interval."""
    factor = 2.0 if name == "brier_sum" else 1.0
    value, error = factor * moments.mean, factor * moments.standard_error
    rows = float(effective(*moments.sums[:, 0]))
    bounds, words = _mean(name, value, error, rows, level)
    return value, Interval(*held(_point(value), bounds, (0.0, _largest(name, value))), words)


def delong_error(tally: ScoreTally) -> float:
    """The standard error of the AUC from the masses: variances of the placements, n - 1 in their denominators.

    Source: DeLong, DeLong & Clarke-Pearson 1988. For weights Σw² takes the place of the rows.
    """
    if placed := tally.placements:
        up, down = placed.variances
        return math.sqrt(up / placed.positives + down / placed.negatives)
    s = _Sides.of(tally)
    p, n = s.positives.sum(), s.negatives.sum()
    below = (np.cumsum(s.negatives) - s.negatives / 2) / n
    beyond = (above(s.positives) - s.positives / 2) / p
    area = (s.positives * below).sum() / p
    variance = 0.0
    for squares, placement, total, rows in zip(
        (s.positive_squares, s.negative_squares), (below, beyond), (p, n), s.rows, strict=True
    ):
        variance += (squares * (placement - area) ** 2).sum() / total**2 * ratio(rows, rows - 1).value
    return float(np.sqrt(variance))


def newcombe(area: float, p: float, n: float, level: float) -> Bounds:
    """θ with (A-θ)² = z² θ(1-θ) [1 + m(1-θ)/(2-θ) + mθ/(1+θ)] / (PN), m = (P+N)/2 - 1: a score interval.

    Source: Newcombe 2006, method 5. It has a width at A = 0 and 1 too.
    """
    z2, m = quantile(level) ** 2, (p + n) / 2 - 1

    def outside(theta: float) -> bool:
        spread = 1 + m * (1 - theta) / (2 - theta) + m * theta / (1 + theta)
        return (area - theta) ** 2 > z2 * theta * (1 - theta) * spread / (p * n)

    def end(out: float) -> float:
        inner = area
        for _ in range(80):
            middle = (out + inner) / 2
            out, inner = (middle, inner) if outside(middle) else (out, middle)
        return out

    return _point(0.0 if area <= 0 else end(0.0)), _point(1.0 if area >= 1 else end(1.0))


def _roc_auc(tally: ScoreTally, value: float, level: float, method: str | None) -> tuple[Bounds, str]:
    p, n = (tally.positives, tally.negatives) if tally.placements else _Sides.of(tally).rows
    few = min(p, n)
    score = newcombe(value, p, n, level)
    if method == "newcombe" or value in (0, 1) or (method is None and few < FEW):
        return score, "Newcombe's method 5"
    with np.errstate(divide="ignore", invalid="ignore"):
        error = _point(delong_error(tally))
    logit = on_scale(_point(value), error, (0, 1), quantile(level))
    if method is None and few * (1 - max(value, 1 - value)) < FEW_ERRORS:
        return _wider(logit, score, ("DeLong on the logit scale", "Newcombe's method 5"))
    return logit, "DeLong on the logit scale"


def _average_precision(tally: ScoreTally, value: float, level: float, method: str | None) -> tuple[Bounds, str]:
    p = _point(_Sides.of(tally).rows[0])
    binomial = wilson(value * p, p, level)
    if method == "wilson" or value >= 1:
        return binomial, "Wilson on the positive rows"
    logit = on_scale(_point(value), _precision_error(tally, value), (0, 1), quantile(level))
    if method is None and p < FEW:
        return _wider(logit, binomial, ("jackknife on the logit scale", "Wilson on the positive rows"))
    return logit, "infinitesimal jackknife on the logit scale"


def _precision_error(tally: ScoreTally, value: float) -> Array:
    """√(Σ Q U²), U the derivative of the average precision by the mass in each cell."""
    s = _Sides.of(tally)
    total, hits, alarms = s.positives.sum(), above(s.positives), above(s.negatives)
    called = hits + alarms
    gain = np.cumsum(ratio(s.positives * alarms, called**2).value)
    loss = np.cumsum(ratio(s.positives * hits, called**2).value)
    by_positive, by_negative = (ratio(hits, called).value + gain - value) / total, -loss / total
    if isinstance(tally, ScoresAt):  # the size of each class is set, so only what moves within it counts
        by_negative = by_negative - ratio((s.negatives * by_negative).sum(), s.negatives.sum()).value
        by_positive = by_positive - ratio((s.positives * by_positive).sum(), total).value
    variance = (s.positive_squares * by_positive**2).sum() + (s.negative_squares * by_negative**2).sum()
    return _point(float(np.sqrt(variance)))


def _wider(a: Bounds, b: Bounds, names: tuple[str, str]) -> tuple[Bounds, str]:
    width_a, width_b = a[1] - a[0], b[1] - b[0]
    first = bool(width_a > width_b)  # false where the first has none
    return (a, f"{names[0]}, wider than {names[1]}") if first else (b, f"{names[1]}, wider than {names[0]}")


def bootstrap(
    query: Query, tally: ScoreTally, value: float, level: float, seed: int, *, by_bca: bool = False
) -> tuple[Bounds, str]:
    """value ± z standard errors of replicates of the masses, on the logit scale, and how that is said; or by BCa."""
    few_cells = merged(tally)
    values = replicated(query, few_cells, seed)
    groups = "" if few_cells is tally else f" of {len(few_cells.scores):,} groups of scores"
    told = f"{len(values)} replicates{groups}, seed {seed}"
    error = _point(float(np.std(values[np.isfinite(values)], ddof=1)))
    if by_bca:
        low, high = _by_bca(query, few_cells, values, level)
        bounds, name = (_point(low), _point(high)), f"BCa bootstrap, {told}"
    else:
        bounds = on_scale(_point(value), error, query.metric.range, quantile(level))
        name = f"bootstrap standard error on the logit scale, {told}"
    if not error > 1e-9 * value or not bounds[1] - bounds[0] > 0:
        few = _point(min(x for x in _Sides.of(tally).rows if x > 0))
        bounds = wilson(value * few, few, level)
        name = "Wilson on the rows of the smaller class, since no replicate differs"
    return bounds, name


def replicated(query: Query, tally: ScoreTally, seed: int) -> Array:
    """The metric of rows drawn anew, again and again.    Shape: (R,)."""
    cells = tally.masses.ravel()
    squares = cells if tally.squares is None else tally.squares.ravel()
    used = np.flatnonzero(cells)
    repeats, found = int(np.clip(WORK // cells.size, LEAST, MOST)), []
    for drawn in draws(cells[used], squares[used], tally.squares is not None, repeats, seed, 4 * cells.size):
        masses = np.zeros((len(drawn), cells.size))
        masses[:, used] = drawn
        found.append(query.metric(Masses(tally, masses[:, ::2], masses[:, 1::2]), *query.args))
    return np.concatenate(found)


def _by_bca(query: Query, tally: ScoreTally, values: Array, level: float) -> tuple[float, float]:
    """The metric without one row of each cell gives the acceleration; a chunk of cells at a time."""
    cells, rows = tally.masses.ravel(), tally.mass.ravel().astype(np.float64)
    used, left = np.flatnonzero(cells), []
    weight = ratio(cells[used], rows[used]).value
    step = max(1, WORK // (4 * cells.size))
    for start in range(0, len(used), step):
        some = slice(start, start + step)
        masses = np.repeat(cells[None], len(used[some]), axis=0)
        masses[np.arange(len(masses)), used[some]] -= weight[some]
        masses = np.maximum(masses, 0)
        left.append(query.metric(Masses(tally, masses[:, ::2], masses[:, 1::2]), *query.args))
    own = float(query.metric(Masses(tally, cells[None, ::2], cells[None, 1::2]), *query.args)[0])
    return bca(values, own, np.concatenate(left), rows[used], level)


def _dkw(tally: ScoreTally, value: float, level: float) -> tuple[Bounds, str]:
    log = np.log(4 / (1 - level))
    half = sum(np.sqrt(log / (2 * rows)) for rows in _Sides.of(tally).rows)
    return (_point(value - half), _point(value + half)), "Dvoretzky-Kiefer-Wolfowitz bands of both score distributions"


def merged(tally: ScoreTally) -> ScoreTally:
    """The same rows at no more than ``CELLS`` scores: ties apart no group holds more than 2 / ``CELLS`` of a class."""
    return tally if len(tally.scores) <= CELLS else tally.merged(groups(tally, CELLS))


def groups(tally: ScoreTally, most: int) -> NDArray[np.int64]:
    """Where groups of neighbouring scores begin, each about as large a share of both classes."""
    share = np.nan_to_num(ratio(tally.mass, tally.mass.sum(0)).value).sum(1)
    middle = share.cumsum() - share / 2  # of each score, so that one with many rows is mostly a group of its own
    step = np.floor(middle / share.sum() * most)
    return np.flatnonzero(np.diff(step, prepend=-1))


def _loss(name: str, tally: ScoreTally, value: float, level: float) -> tuple[Bounds, str]:
    if name == "log_loss":
        losses, clipped = log_losses(tally), clipped_rows(tally)
    else:
        losses, clipped = square_losses(tally) * (2 if name == "brier_sum" else 1), 0
    masses, rows = tally.masses, tally.positives + tally.negatives
    squares = masses if tally.squares is None else tally.squares
    middle: Any = value
    if isinstance(tally, ScoresAt):  # the size of each class is set
        middle = ratio(np.where(masses > 0, masses * losses, 0).sum(0), masses.sum(0)).value
    with np.errstate(invalid="ignore", over="ignore"):  # an infinite mean has no spread
        off = np.where(squares > 0, squares * np.where(squares > 0, losses - middle, 0) ** 2, 0)
    error = float(np.sqrt(off.sum() * ratio(rows, rows - 1).value) / masses.sum())
    note = f"; {plural(clipped, 'row')} read as {CLIP:.1e} from certain" if clipped else ""
    worth = float(effective(masses.sum(), squares.sum()))
    bounds, words = _mean(name, value, error, worth, level)
    return bounds, words + note


def _mean(name: str, value: float, error: float, rows: float, level: float) -> tuple[Bounds, str]:
    """value ± t standard errors; with no spread to see, Wilson on the value's share of the largest loss there is."""
    if error > 1e-9 * value and np.isfinite(error):
        half = student(level, rows - 1) * error
        return (_point(value - half), _point(value + half)), "Student's t on the mean and variance of the rows' losses"
    largest = _largest(name, value)
    words = "Wilson on the share of the largest loss, since the rows show no spread"
    if not np.isfinite(largest):
        return (_point(0.0), _point(largest)), words
    low, high = wilson(_point(value / largest * rows), _point(rows), level)
    return (largest * low, largest * high), words


def _largest(name: str, value: float) -> float:
    return max(value, {"log_loss": -float(np.log(CLIP)), "brier": 1.0, "brier_sum": 2.0}[name])


def _point(value: float) -> Array:
    return np.asarray(value, np.float64)
