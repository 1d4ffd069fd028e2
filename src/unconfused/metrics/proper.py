"""Metrics of a probability: how far it was from what happened, read off the masses at each score.

Of K > 2 classes they are means over rows, which ``Moments`` holds: the log loss as it is, Brier as ½ Σ (p - y)², so
that at K = 2 it equals the binary one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

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


def log_losses(tally: ScoreTally, scores: Array | None = None) -> Array:
    """What a negative and a positive row lose, in nats; at ``scores`` (U, 2), or in each cell.    Shape: (U, 2)."""
    if scores is None:
        return _typical(log_losses, tally)
    if tally.score_kind == "logit":  # exact however confident: no probability is formed
        return np.stack([np.logaddexp(0, scores[:, 0]), np.logaddexp(0, -scores[:, 1])], -1)
    p = np.clip(tally.as_probability(scores), CLIP, 1 - CLIP)
    return np.stack([-np.log1p(-p[:, 0]), -np.log(p[:, 1])], -1)


def square_losses(tally: ScoreTally, scores: Array | None = None) -> Array:
    """The squared distance from 0 of a negative and from 1 of a positive row, likewise.    Shape: (U, 2)."""
    if scores is None:
        return _typical(square_losses, tally)
    p = tally.as_probability(scores)
    return np.stack([p[:, 0] ** 2, (1 - p[:, 1]) ** 2], -1)


def _typical(losses: Callable[[ScoreTally, Array], Array], tally: ScoreTally) -> Array:
    """The middle of what rows at the two ends of a cell lose: in a cell of one score what they do lose."""
    if tally.lows is None or tally.highs is None:
        return losses(tally, np.repeat(tally.scores[:, None], 2, 1))
    ends = (np.where(tally.mass > 0, x[:, :2], tally.scores[:, None]) for x in (tally.lows, tally.highs))
    low, high = (losses(tally, x) for x in ends)
    return np.where(low == high, low, low / 2 + high / 2)


def clipped_rows(tally: ScoreTally) -> int:
    """Rows whose log loss was read off the clip rather than off their probability."""
    if tally.score_kind == "logit":
        return 0
    p = tally.mids
    return int(tally.mass[(p < CLIP) | (p > 1 - CLIP)].sum())


def mean_loss(m: Masses, losses: Any) -> Ratio:
    """The mean of a loss known at each score and class; a cell without rows adds nothing, even of infinite loss."""
    masses = np.stack([m.negatives, m.positives], -1)
    with np.errstate(over="ignore"):  # of logits beyond 1e300, whose mean is as good as infinite
        lost = np.where(masses > 0, masses * np.where(masses > 0, losses, 0), 0).sum((-2, -1))
    return ratio(lost, masses.sum((-2, -1)))
