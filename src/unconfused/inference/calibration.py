"""How sure a metric of calibration is, and what it would show of probabilities that are right.

| metric | interval |
|---|---|
| ece, ece_equal_mass, squared_ece | bootstrap standard error on the logit scale |
| miscalibration, discrimination | standard error of the difference of the rows' losses, on the logit scale |
| uncertainty | Wilson's interval of the prevalence p, carried over to p (1 - p) |

The isotonic fit and the prevalence minimise their own losses, so what a row moves them by changes those losses only to
second order: the error is that of a mean of differences. A sample of n rows shows miscalibration where there is none,
in an ECE about √(bins / n): ``expected`` says how much (its mean, and what it stays under in ``level`` of samples), and
an interval whose value is no larger begins at 0 or below. Between that and a value large beside the bias it stands too
high.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import UsageError
from unconfused.inference.intervals import Bounds, Interval, effective, held, on_scale, quantile, wilson
from unconfused.inference.scores import bootstrap
from unconfused.metrics.calibration import MOST, fitted, over_bins, squared_ece, starts_of
from unconfused.metrics.catalogue import ratio
from unconfused.metrics.hull import pav
from unconfused.metrics.language import Query
from unconfused.metrics.proper import square_losses
from unconfused.metrics.ranking import Masses
from unconfused.tally.cells import Array
from unconfused.tally.scores import ScoreTally

REPLICATES, FITS = 2000, 500
"""Samples that are drawn of calibrated probabilities: of bins, and of isotonic fits."""
CELLS = 4096
"""Scores that they keep apart for an isotonic fit; neighbours beyond are put together."""
CORP = ("miscalibration", "discrimination")


def interval(query: Query, tally: ScoreTally, value: float, level: float, method: str | None, seed: int) -> Interval:
    """The interval of a metric of calibration of one binary score tally."""
    name = query.metric.name
    usual = "wilson" if name == "uncertainty" else "delta" if name in CORP else "bootstrap"
    if method not in (None, usual, "bootstrap") or (method == "bootstrap" and name == "uncertainty"):
        raise UsageError(
            f"method={method!r} does not give an interval for {name}.", fix=f"Type {usual!r}, or leave method= out."
        )
    if np.isnan(value):
        return Interval(_point(np.nan), _point(np.nan), "")
    if name == "uncertainty":
        bounds, words = _of_prevalence(tally, level)
    elif method != "bootstrap" and name in CORP:
        bounds, words = _of_losses(name, tally, value, level)
    else:
        bounds, words = bootstrap(query, tally, value, level, seed)
    expected = None if query.metric.better != "lower" else of_calibrated(query, tally, level, seed)
    if expected is not None and bounds[0] > 0 and value <= expected[1]:
        bounds = _point(0.0), bounds[1]
        words += "; from 0, since calibrated probabilities show as much"
    return Interval(*held(_point(value), bounds, query.metric.range), words, expected)


def of_calibrated(query: Query, tally: ScoreTally, level: float, seed: int) -> tuple[float, float]:
    """What the metric would be if the probabilities were right: its mean, and what it stays under in ``level``.

    Source: consistency resampling, Bröcker & Smith 2007: as many rows in each bin, y ~ Bin(rows, mean p).
    """
    if query.metric.name == "miscalibration":
        rows, share, worth, _ = _cells(tally, evenly(tally.masses.sum(1), CELLS))
        seen = consistent(share, worth, FITS, seed)
        fits = np.stack([pav(rows * (1 - y), rows * y).spread() for y in seen])
        values = ((((share - seen) ** 2 - (fits - seen) ** 2) * rows).sum(-1)) / rows.sum()
    else:
        rows, share, worth, counted = _cells(tally, starts_of(query.metric, tally, *query.args))  # type: ignore[arg-type]
        seen = consistent(share, worth, REPLICATES, seed)
        values = over_bins(query.metric, rows, rows * share, rows * seen, counted).value
    mean = 0.0 if query.metric is squared_ece else float(values.mean())
    return mean, float(np.quantile(values, level))


def consistent(share: Array, worth: NDArray[np.int64], repeats: int, seed: int) -> Array:
    """Rates that so many rows show where ``share`` is the probability of each.    Shape: (B,) → (repeats, B)."""
    return np.random.default_rng(seed).binomial(worth, share, (repeats, len(worth))) / worth


def evenly(mass: Array, most: int) -> NDArray[np.intp]:
    """Where each of at most ``most`` groups of neighbours begins, each with about as much mass."""
    if len(mass) <= most:
        return np.arange(len(mass))
    place = np.floor((np.cumsum(mass) - mass) * (most / mass.sum()))
    return np.flatnonzero(np.diff(place, prepend=-1) > 0)


def _cells(tally: ScoreTally, starts: NDArray[np.intp]) -> tuple[Array, Array, NDArray[np.int64], Array]:
    """Mass, mean probability and effective rows (whole, and as they are) of runs of scores that have any mass."""
    masses = tally.masses
    squares = masses if tally.squares is None else tally.squares
    told = (masses * tally.mids).sum(1)
    rows, told, spread = (np.add.reduceat(x, starts) for x in (masses.sum(1), told, squares.sum(1)))
    used = rows > 0
    rows, told, spread = rows[used], told[used], spread[used]
    counted = effective(rows, spread)
    return rows, np.clip(told / rows, 0, 1), np.rint(counted).astype(np.int64), counted


def _of_losses(name: str, tally: ScoreTally, value: float, level: float) -> tuple[Bounds, str]:
    masses = tally.masses
    squares = masses if tally.squares is None else tally.squares
    fit, rows = fitted(Masses.of(tally)), masses.sum()
    prevalence = masses[:, 1].sum() / rows
    against = square_losses(tally) if name == "miscalibration" else np.array([prevalence**2, (1 - prevalence) ** 2])
    off = against - np.stack([fit**2, (1 - fit) ** 2], -1) - value
    worth = float(effective(_point(rows), _point(squares.sum())))
    error = float(np.sqrt((squares * np.where(squares > 0, off, 0) ** 2).sum() * ratio(worth, worth - 1).value) / rows)
    top = MOST if name == "discrimination" else 1.0
    bounds = on_scale(_point(value), _point(error), (0, top), quantile(level))
    if error > 1e-9 * value and bounds[1] > bounds[0]:
        return bounds, "standard error of the difference of the rows' losses, on the logit scale"
    low, high = wilson(_point(value / top * worth), _point(worth), level)
    return (top * low, top * high), "Wilson on the share of the largest value, since the rows show no spread"


def _of_prevalence(tally: ScoreTally, level: float) -> tuple[Bounds, str]:
    masses = tally.masses
    squares = masses if tally.squares is None else tally.squares
    worth = effective(masses.sum(), squares.sum())
    ends = wilson(masses[:, 1].sum() / masses.sum() * worth, worth, level)
    low, high = (p * (1 - p) for p in ends)
    most = np.where((ends[0] <= 0.5) & (ends[1] >= 0.5), MOST, np.maximum(low, high))
    return (np.minimum(low, high), most), "Wilson's interval of the prevalence, carried over"


def _point(value: float) -> Array:
    return np.asarray(value, np.float64)
