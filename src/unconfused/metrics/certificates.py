"""Certificates: the least and the most that a metric of binned scores can be, wherever in its bin each row stands.

A cell that holds rows of both classes, one not wholly below the other, leaves their order open; all else is known.
Sources: Bouckaert 2006 for the AUC of histograms; the others follow from the extreme orders in each cell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from unconfused.metrics.catalogue import CATALOGUE, Argument, Metric, ratio
from unconfused.metrics.proper import log_losses, mean_loss, square_losses
from unconfused.metrics.ranking import Masses, above
from unconfused.metrics.selective import confidence_ends, errs, straddles
from unconfused.tally.cells import Array
from unconfused.tally.cuts import mixed, settled
from unconfused.tally.scores import ScoreTally

Bounds: TypeAlias = tuple[float, float]
ROUNDING = 2.0**-45
"""What sums over the cells may have lost, as a share: bounds stand this much further out."""


def certificate(metric: Metric, tally: ScoreTally, *args: Argument) -> Bounds | None:
    """Bounds that hold the value on the rows themselves; None where the tally is exact and the value is it.

    A metric without a certificate of its own is only known to be in its range.
    """
    if not tally.binned or not len((ranked := tally.weighty().ranked()).scores):
        return None
    if not settled(ranked).all():
        low, high = _CERTIFICATES.get(metric.name, _in_range)(metric, ranked, *args)
    else:
        low = high = float(metric(Masses.of(ranked), *args))
    slack = ROUNDING * max(abs(low), abs(high)) if low < high < np.inf else 0.0
    least, most = metric.range
    return max(least, low - slack), min(most, high + slack)


def arranged(tally: ScoreTally, *, best: bool) -> Masses:
    """The masses with every open cell as two: the positive rows above the negative ones, or below them."""
    m, unsure = Masses.of(tally), mixed(tally)
    cells = np.repeat(np.arange(len(unsure)), 1 + unsure)
    second = np.diff(cells, prepend=-1) == 0
    first = unsure[cells] & ~second
    negatives = np.where(second if best else first, 0, m.negatives[cells])
    positives = np.where(first if best else second, 0, m.positives[cells])
    return Masses(tally.taken(cells), negatives, positives)


def _by_order(metric: Metric, tally: ScoreTally, *args: Argument) -> Bounds:
    """Of what rises with every positive row that passes a negative one: the two extreme orders."""
    low, high = (float(metric(arranged(tally, best=best), *args)) for best in (False, True))
    return low, high


def _gap(metric: Metric, tally: ScoreTally) -> Bounds:
    """Of the widest gap: that at the edges of the cells is there, and none is wider than at the extreme corners."""
    return float(metric(Masses.of(tally))), max(_by_order(metric, tally))


def _precision(metric: Metric, tally: ScoreTally, *args: Argument) -> Bounds:
    """Of the average precision. Most: in each cell the positives first, tied. Least: the negatives first, then the
    positives one by one; the k-th of p is worth (a + k) / (a + k + c), concave in k, so the sum is at least p times
    the mean of its first and last term. (Their closed form by digamma cancels.)
    """
    most = float(metric(arranged(tally, best=True), *args))
    m = Masses.of(tally)
    assert tally.lows is not None
    assert tally.highs is not None
    hits, alarms = above(m.positives), above(m.negatives)
    apart = (tally.lows[:, 1] < tally.highs[:, 1]) & (m.positives > 0)
    step = np.minimum(1.0, m.positives) if tally.weights is None else np.zeros(len(apart))
    first = hits - m.positives + step
    worth = ratio(hits, hits + alarms).value
    worth = np.where(apart, worth / 2 + ratio(first, first + alarms).value / 2, worth)
    low = ratio(np.where(m.positives > 0, m.positives * worth, 0).sum(), m.positives.sum()).value
    return min(float(low), most), most


def _pr_area(metric: Metric, tally: ScoreTally, how: str = "step") -> Bounds:
    """Of the interpolated area: one ROC curve above another lies above it as a PR curve too (Davis & Goadrich 2006)."""
    if how == "step":
        return _precision(metric, tally, how)
    return _by_order(metric, tally, how) if how == "interpolated" else metric.range


def _miscalibration(metric: Metric, tally: ScoreTally) -> Bounds:
    """Of brier + discrimination - uncertainty: the bounds of its parts."""
    brier, told, chance = (certificate(CATALOGUE[x], tally) for x in ("brier", "discrimination", "uncertainty"))
    assert brier is not None
    assert told is not None
    assert chance is not None
    return brier[0] + told[0] - chance[1], brier[1] + told[1] - chance[0]


def _losses(of: Callable[[ScoreTally, Array], Array], factor: float = 1.0) -> Callable[..., Bounds]:
    """Of a mean loss that rises with the distance of the score: every row at the end of its cell that loses least."""

    def bounds(metric: Metric, tally: ScoreTally) -> Bounds:
        assert tally.lows is not None
        assert tally.highs is not None
        ends = [factor * of(tally, x[:, :2]) for x in (tally.lows, tally.highs)]
        m = Masses.of(tally)
        low, high = (float(mean_loss(m, by(*ends)).value) for by in (np.fmin, np.fmax))
        return low, high

    return bounds


def _calibration_error(metric: Metric, tally: ScoreTally, bins: int = 15) -> Bounds:
    """Of the ECE: in each bin Σ p - positives lies between the sums of the ends of its cells; a cell that reaches over
    an edge may add to the bins on either side whatever part of its rows there can be.
    """
    assert tally.lows is not None
    assert tally.highs is not None
    m = Masses.of(tally)
    masses = np.stack([m.negatives, m.positives], -1)
    low, high = (np.where(masses > 0, tally.as_probability(x[:, :2]), 0) for x in (tally.lows, tally.highs))
    gap = [(masses * x).sum(1) - m.positives for x in (low, high)]
    edges = np.arange(1, bins) / bins
    held = masses.any(1)
    first, last = (np.searchsorted(edges, x, side="right") for x in
                   (np.where(masses > 0, low, 1).min(1), np.where(masses > 0, high, 0).max(1)))  # fmt: skip
    least, most = np.zeros(bins), np.zeros(bins)
    whole = held & (first == last)
    np.add.at(least, first[whole], gap[0][whole])
    np.add.at(most, first[whole], gap[1][whole])
    for cell in np.flatnonzero(held & (first < last)).tolist():
        least[first[cell] : last[cell] + 1] -= m.positives[cell] * (1 - low[cell, 1])
        most[first[cell] : last[cell] + 1] += m.negatives[cell] * high[cell, 0]
    n = masses.sum()
    nearest = np.where((least <= 0) & (most >= 0), 0, np.fmin(np.abs(least), np.abs(most)))
    return float(nearest.sum() / n), float(np.fmax(np.abs(least), np.abs(most)).sum() / n)


def _selective(metric: Metric, tally: ScoreTally) -> Bounds:
    """Of the area under the risk-coverage curve: the risk at a row's confidence is E / (E + C) of the errors and the
    right rows that are as sure; of either at least those that surely are, at most those that may be.
    """
    if straddles(tally):
        return metric.range
    m = Masses.of(tally)
    masses, wrong = np.stack([m.negatives, m.positives], -1).astype(np.float64), errs(tally)
    least, most = confidence_ends(tally)
    (e_low, e_high), (c_low, c_high) = (
        [_as_sure(ends[side], masses[side], sure) for ends, sure in ((least, most), (most, least))]
        for side in (wrong, ~wrong)
    )
    low, high = (
        float(ratio((masses * np.nan_to_num(ratio(e, e + c).value)).sum(), masses.sum()).value)
        for e, c in ((e_low, c_high), (e_high, c_low))
    )
    return low, high


def _as_sure(confidence: Array, masses: Array, sure: Array) -> Array:
    """The mass whose confidence is at least each of ``sure``.    Shape: (n,) twice, any → the same."""
    order = np.argsort(confidence)
    beyond = np.append(masses[order][::-1].cumsum()[::-1], 0.0)
    found: Array = beyond[np.searchsorted(confidence[order], sure, side="left")]
    return found


def _in_range(metric: Metric, tally: ScoreTally, *args: Argument) -> Bounds:
    return metric.range


_CERTIFICATES: dict[str, Callable[..., Bounds]] = {
    "roc_auc": _by_order,
    "partial_roc_auc": _by_order,
    "ks": _gap,
    "average_precision": _precision,
    "pr_auc": _pr_area,
    "log_loss": _losses(log_losses),
    "brier": _losses(square_losses),
    "brier_sum": _losses(square_losses, 2.0),
    "discrimination": _by_order,
    "uncertainty": _by_order,
    "miscalibration": _miscalibration,
    "ece": _calibration_error,
    "aurc": _selective,
}
