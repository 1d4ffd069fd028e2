"""Metrics of calibration: whether of the rows told p, a share p is positive.

The Brier score is miscalibration - discrimination + uncertainty, exactly and without bins: the probabilities are
compared with their isotonic calibration (CORP). The errors over bins are kept because papers report them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import UsageError
from unconfused.metrics.catalogue import NO_ROW, UNIT, Ratio, metric, ratio
from unconfused.metrics.hull import pav
from unconfused.metrics.proper import square_losses
from unconfused.metrics.ranking import Masses
from unconfused.tally.cells import Array
from unconfused.tally.scores import ScoreTally

if TYPE_CHECKING:
    from unconfused.metrics.catalogue import Metric

CORP = "Dimitriadis, Gneiting & Jordan 2021"
MOST = 0.25
"""The Brier score of always telling ½ of two equally frequent classes: no uncertainty is larger."""


@metric(of="scores", per_class=False, range=UNIT, better="lower", kind="calibration", undefined=NO_ROW,
        also=("mcb", "reliability"), see=CORP)  # fmt: skip
def miscalibration(m: Masses) -> Ratio:
    """brier - brier of the isotonic fit: what recalibration would gain on these rows.    Shape: (...).

    The fit has seen the rows it is judged on, so a sample shows some miscalibration where there is none.
    """
    rows, told, fitted, _ = _losses(m)
    return ratio(told - fitted, rows)


@metric(of="scores", per_class=False, range=(0.0, MOST), better="higher", kind="calibration", undefined=NO_ROW,
        also=("dsc", "resolution"), see=CORP)  # fmt: skip
def discrimination(m: Masses) -> Ratio:
    """uncertainty - brier of the isotonic fit: what the ranking is worth once calibrated.    Shape: (...)."""
    rows, _, fitted, blind = _losses(m)
    return ratio(blind - fitted, rows)


@metric(of="scores", per_class=False, range=(0.0, MOST), better=None, kind="calibration", undefined=NO_ROW,
        also=("unc",), see=CORP)  # fmt: skip
def uncertainty(m: Masses) -> Ratio:
    """prevalence · (1 - prevalence): the Brier score of telling every row the prevalence.    Shape: (...)."""
    rows, _, _, blind = _losses(m)
    return ratio(blind, rows)


@metric(of="scores", per_class=False, range=UNIT, better="lower", kind="calibration", undefined=NO_ROW,
        also=("expected calibration error",), see="Naeini, Cooper & Hauskrecht 2015")  # fmt: skip
def ece(m: Masses, bins: int = 15) -> Ratio:
    """Σ over bins |Σ p - positives| / n, bins [i/b, (i+1)/b): how far p is from the rate.    Shape: (...)."""
    return _absolute(*binned(m, width_starts(m.tally, bins)))


@metric(of="scores", per_class=False, range=UNIT, better="lower", kind="calibration", undefined=NO_ROW,
        also=("adaptive calibration error", "ace"), see="Nixon et al. 2019")  # fmt: skip
def ece_equal_mass(m: Masses, bins: int = 15) -> Ratio:
    """Σ over bins |Σ p - positives| / n, bins of about equally many rows: no part of p goes unseen.    Shape: (...)."""
    return _absolute(*binned(m, mass_starts(m.tally, bins)))


@metric(of="scores", per_class=False, range=(-MOST, 1.0), better="lower", kind="calibration",
        undefined="no bin holds two rows", also=("debiased calibration error",),
        see="Bröcker 2012; Kumar, Liang & Ma 2019")  # fmt: skip
def squared_ece(m: Masses, bins: int = 15) -> Ratio:
    """Σ share of bin · ((p - rate)² - rate (1 - rate) / (rows - 1)): debiased, so it may be below 0.    Shape: (...).

    Over ``bins`` of about equally many rows; those of a single row say nothing and are left out. Its root, of 0 where
    it is negative, is the calibration error that is comparable with ``ece``. Of weighted rows the rows of a bin are
    Kish's effective ones.
    """
    rows, told, positives = binned(m, mass_starts(m.tally, bins))
    return _squared(rows, told, positives, rows * _rows_per_mass(m.tally, bins))


MOST_BINS = 2**20
"""Bins at most: as many as the finest grid of equal widths has."""


# ── bins ──────────────────────────────────────────────────────────────────────────────────────
def width_starts(tally: ScoreTally, bins: int = 15) -> NDArray[np.intp]:
    """Where in the scores each bin [i/b, (i+1)/b) begins that has any."""
    place = np.searchsorted(np.arange(1, checked(bins)) / bins, tally.probabilities, side="right")
    return np.flatnonzero(np.diff(place, prepend=-1))


def mass_starts(tally: ScoreTally, bins: int = 15) -> NDArray[np.intp]:
    """The same for bins of equal mass: a score belongs to the bin in which its first row falls.

    Rows of one score stay together, so fewer bins than asked for may have any.
    """
    mass = tally.masses.sum(1)
    below = np.cumsum(mass) - mass
    place = np.floor(ratio(checked(bins) * below, mass.sum()).value)
    return np.flatnonzero(np.diff(place, prepend=-1) > 0)


def checked(bins: int) -> int:
    """``bins``, or UsageError."""
    if bins < 1 or bins != int(bins):
        raise UsageError(f"bins={bins} has no meaning: there is 1 bin or more.", fix="Type: ece(15)")
    if bins > MOST_BINS:
        raise UsageError(f"bins={bins} are too many.", "Most of them would be empty.", f"Type {MOST_BINS} at most.")
    return int(bins)


def binned(m: Masses, starts: NDArray[np.intp]) -> tuple[Array, Array, Array]:
    """Mass, Σ p and positives of each bin.    Shape: (..., U) → three times (..., B)."""
    p = m.tally.mids
    told = m.negatives * p[:, 0] + m.positives * p[:, 1]
    rows, told, positives = (
        np.add.reduceat(x, starts, axis=-1, dtype=np.float64) if starts.size else np.asarray(x[..., :0], np.float64)
        for x in (m.negatives + m.positives, told, m.positives)
    )
    return rows, told, positives


def starts_of(metric: Metric, tally: ScoreTally, bins: int = 15) -> NDArray[np.intp]:
    """The bins that a metric of calibration sums over."""
    return width_starts(tally, bins) if metric is ece else mass_starts(tally, bins)


def over_bins(metric: Metric, rows: Array, told: Array, positives: Array, counted: Array) -> Ratio:
    """The same metric of bins that are there already: mass, Σ p, positives and effective rows.    Shape: (..., B)."""
    return _squared(rows, told, positives, counted) if metric is squared_ece else _absolute(rows, told, positives)


def _absolute(rows: Array, told: Array, positives: Array) -> Ratio:
    return ratio(np.abs(told - positives).sum(-1), rows.sum(-1))


def _squared(rows: Array, told: Array, positives: Array, counted: Array) -> Ratio:
    p, rate = ratio(told, rows).value, ratio(positives, rows).value
    bias = ratio(rate * (1 - rate), counted - 1).value
    used = (rows > 0) & (counted >= 2)
    return ratio(np.where(used, rows * ((p - rate) ** 2 - bias), 0).sum(-1), np.where(used, rows, 0).sum(-1))


def _rows_per_mass(tally: ScoreTally, bins: int) -> Array:
    """Kish's effective rows of each bin over its mass: Σw / Σw²; 1 of rows that have no weight.    Shape: (B,)."""
    starts = mass_starts(tally, bins)
    if tally.squares is None or not starts.size:
        return np.ones(len(starts))
    return ratio(*(np.add.reduceat(x.sum(1), starts) for x in (tally.masses, tally.squares))).value


# ── the Brier score, taken apart ──────────────────────────────────────────────────────────────
def fitted(m: Masses) -> Array:
    """The isotonic fit at every score, for each replicate.    Shape: (..., U)."""
    n, p = np.broadcast_arrays(m.negatives, m.positives)
    flat = zip(n.reshape(-1, n.shape[-1]), p.reshape(-1, p.shape[-1]), strict=True)
    return np.stack([pav(*pair).spread() for pair in flat]).reshape(n.shape)


def _losses(m: Masses) -> tuple[Array, Array, Array, Array]:
    """Mass, and Σ (q - y)² of q the probabilities, their isotonic fit and the prevalence.    Shape: (...) each."""
    n, p, losses = m.negatives * 1.0, m.positives * 1.0, square_losses(m.tally)
    told = (n * losses[:, 0] + p * losses[:, 1]).sum(-1)
    rate, negatives, positives = fitted(m), n.sum(-1), p.sum(-1)
    best = np.where(n + p > 0, n * rate**2 + p * (1 - rate) ** 2, 0).sum(-1)
    blind = ratio(negatives * positives, negatives + positives).value
    return negatives + positives, told, best, blind
