"""Metrics of a probability: how far it was from what happened, read off the masses at each score.

Of K > 2 classes they are means over rows, which ``Moments`` holds: the log loss as it is, Brier as ½ Σ (p - y)², so
that at K = 2 it equals the binary one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import UsageError
from unconfused.metrics.catalogue import NO_ROW, POSITIVE, UNIT, Ratio, metric, ratio
from unconfused.metrics.ranking import Masses
from unconfused.tally.cells import Array
from unconfused.tally.moments import CLIP

if TYPE_CHECKING:
    from unconfused.tally.scores import ScoreTally


@metric(of="moments", per_class=False, range=POSITIVE, better="lower", kind="loss", undefined=NO_ROW,
        also=("logloss", "cross entropy", "negative log likelihood", "nll"), see="Good 1952")  # fmt: skip
def log_loss(m: Masses) -> Ratio:
    """-mean log p(what happened), in nats; p is read as at least 2.2e-16.    Shape: (...)."""
    return mean_loss(m, log_losses(m.tally))


@metric(of="moments", per_class=False, range=UNIT, better="lower", kind="loss", undefined=NO_ROW,
        also=("brier score",), see="Brier 1950, halved")  # fmt: skip
def brier(m: Masses) -> Ratio:
    """mean (p - y)²; of K classes mean ½ Σ (p - y)², which at K = 2 is the same.    Shape: (...)."""
    return mean_loss(m, square_losses(m.tally))


@metric(of="moments", per_class=False, range=(0.0, 2.0), better="lower", kind="loss", undefined=NO_ROW,
        see="Brier 1950, as published: the sum over classes")  # fmt: skip
def brier_sum(m: Masses) -> Ratio:
    """mean Σ (p - y)² over all classes: twice ``brier``.    Shape: (...)."""
    return mean_loss(m, 2 * square_losses(m.tally))


@metric(of="scores", per_class=False, range=UNIT, better="lower", kind="area", undefined=NO_ROW,
        also=("expected calibration error",), see="Naeini, Cooper & Hauskrecht 2015")  # fmt: skip
def ece(m: Masses, bins: int = 15) -> Ratio:
    """Σ over bins |Σ p - positives| / n, bins [i/b, (i+1)/b): how far p is from the rate.    Shape: (...)."""
    starts, rows = bin_starts(m.tally, bins), m.positives + m.negatives
    gap = rows * m.tally.probabilities - m.positives
    binned = np.add.reduceat(gap, starts, axis=-1) if starts.size else gap
    return ratio(np.abs(binned).sum(-1), rows.sum(-1))


def bin_starts(tally: ScoreTally, bins: int = 15) -> NDArray[np.intp]:
    """Where in the scores each bin begins that has any; an edge i/b belongs to the bin above it."""
    if bins < 1:
        raise UsageError(f"ece({bins}) has no meaning: bins is 1 or more.", fix="Type: ece(15)")
    place = np.searchsorted(np.arange(1, bins) / bins, tally.probabilities, side="right")
    return np.flatnonzero(np.diff(place, prepend=-1))


def log_losses(tally: ScoreTally) -> Array:
    """What a negative and a positive row lose at each score, in nats.    Shape: (U, 2)."""
    if tally.score_kind == "logit":  # exact however confident: no probability is formed
        return np.stack([np.logaddexp(0, tally.scores), np.logaddexp(0, -tally.scores)], -1)
    p = np.clip(tally.probabilities, CLIP, 1 - CLIP)
    return np.stack([-np.log1p(-p), -np.log(p)], -1)


def square_losses(tally: ScoreTally) -> Array:
    """The squared distance of each score from 0 and from 1.    Shape: (U, 2)."""
    p = tally.probabilities
    return np.stack([p * p, (1 - p) ** 2], -1)


def clipped_rows(tally: ScoreTally) -> int:
    """Rows whose log loss was read off the clip rather than off their probability."""
    if tally.score_kind == "logit":
        return 0
    p = tally.probabilities
    return int(tally.mass[(p < CLIP) | (p > 1 - CLIP)].sum())


def mean_loss(m: Masses, losses: Any) -> Ratio:
    """The mean of a loss known at each score and class; a cell without rows adds nothing, even of infinite loss."""
    masses = np.stack([m.negatives, m.positives], -1)
    lost = np.where(masses > 0, masses * np.where(masses > 0, losses, 0), 0)
    return ratio(lost.sum((-2, -1)), masses.sum((-2, -1)))
