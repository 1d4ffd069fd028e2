"""Metrics of a ranking: functions of the masses at each score.    Shape: (..., U) → (...).

All of them are read off cumulative masses, so ties are counted as ties and nothing is sorted again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import UsageError
from unconfused.metrics.catalogue import UNIT, Argument, Metric, Ratio, metric, ratio
from unconfused.tally.cells import Array

if TYPE_CHECKING:
    from unconfused.tally.scores import ScoreTally

ONE_CLASS = "only one of the two classes has rows"
NO_POSITIVE = "there is no positive row"


@dataclass(frozen=True, slots=True)
class Masses:
    """What stands at each score of a tally: rows, or the sum of their weights.

    Shapes: ``negatives`` and ``positives`` (..., U), scores ascending; leading axes are replicates.
    """

    tally: ScoreTally
    negatives: NDArray[np.int64] | Array
    positives: NDArray[np.int64] | Array

    @classmethod
    def of(cls, tally: ScoreTally) -> Masses:
        """The masses of a tally: whole numbers, unless its rows are weighted. Of bins in the finest certain order."""
        tally = tally.ranked()
        masses = tally.mass if tally.weights is None else tally.weights
        return cls(tally, masses[:, 0], masses[:, 1])


def asked(metric: Metric, tally: ScoreTally, *args: Argument) -> float:
    """A metric of a tally; NaN without a row that weighs anything."""
    if metric is roc_auc and (placed := tally.placements) is not None:
        return float(ratio(placed.twice, 2 * placed.positives * placed.negatives).value)
    return float(metric(Masses.of(tally), *args)) if len(tally.scores) else float("nan")


def above(masses: NDArray[np.int64] | Array) -> Array:
    """Mass at each score or above it, as a threshold there would call it.    Shape: (..., U) → (..., U)."""
    return masses[..., ::-1].cumsum(-1)[..., ::-1].astype(np.float64)


@metric(of="scores", per_class=False, range=UNIT, better="higher", kind="area", undefined=ONE_CLASS,
        also=("auc", "auroc", "area under the roc curve", "c statistic"), see="Hanley & McNeil 1982")  # fmt: skip
def roc_auc(m: Masses) -> Ratio:
    """(wins + ties / 2) / (P · N): the chance that a positive row scores above a negative one.    Shape: (...).

    The numerator is doubled and whole, so the quotient of counts is exact however many rows there are.
    """
    positives, negatives = m.positives.sum(-1), m.negatives.sum(-1)
    if np.issubdtype(m.positives.dtype, np.integer) and 2.0 * np.max(positives * 1.0 * negatives) >= 2.0**62:
        return _auc_of_python_integers(m)
    wins = 2 * (m.negatives.cumsum(-1) - m.negatives) + m.negatives
    return ratio((m.positives * wins).sum(-1), 2 * positives * negatives)


@metric(of="scores", per_class=False, range=UNIT, better="higher", kind="area", undefined=ONE_CLASS,
        also=("partial auc", "pauc"), see="McClish 1989")  # fmt: skip
def partial_roc_auc(m: Masses, max_fpr: float) -> Ratio:
    """½ (1 + (A - F²/2) / (F - F²/2)) of the area A left of fpr = F: ½ is chance, 1 perfect.    Shape: (...)."""
    if not 0 < max_fpr <= 1:
        raise UsageError(
            f"partial_roc_auc({max_fpr}) has no meaning: max_fpr is in (0, 1].", fix="Type: partial_roc_auc(0.1)"
        )
    right, top = (ratio(above(x), x.sum(-1, keepdims=True)).value for x in (m.negatives, m.positives))
    left, low = (np.concatenate([x[..., 1:], np.zeros_like(x[..., :1])], -1) for x in (right, top))
    run = np.clip(max_fpr - left, 0, right - left)
    height = low + (top - low) * np.where(right > left, ratio(run, right - left).value, 0) / 2
    area, least = (run * height).sum(-1), max_fpr**2 / 2
    return ratio(max_fpr - 2 * least + area, 2 * (max_fpr - least))


@metric(of="scores", per_class=False, range=UNIT, better="higher", kind="area", undefined=NO_POSITIVE,
        also=("ap", "auprc", "average precision score"), see="Boyd, Eng & Page 2013")  # fmt: skip
def average_precision(m: Masses) -> Ratio:
    """Σ (step in recall) · precision, over thresholds from high to low: no interpolation.    Shape: (...)."""
    hits, alarms = above(m.positives), above(m.negatives)
    precision = np.where(m.positives > 0, ratio(hits, hits + alarms).value, 0.0)
    return ratio((m.positives * precision).sum(-1), m.positives.sum(-1))


@metric(of="scores", per_class=False, range=UNIT, better="higher", kind="area", undefined=ONE_CLASS,
        also=("kolmogorov smirnov", "ks statistic"), see="Smirnov 1948")  # fmt: skip
def ks(m: Masses) -> Array:
    """max |tpr - fpr| over all thresholds: the widest gap between the two classes' scores.    Shape: (...)."""
    tpr, fpr = (ratio(above(x), x.sum(-1, keepdims=True)).value for x in (m.positives, m.negatives))
    widest: Array = np.abs(tpr - fpr).max(-1)
    return widest


def _auc_of_python_integers(m: Masses) -> Ratio:
    positives, negatives = m.positives.astype(object), m.negatives.astype(object)
    wins = (positives * (2 * (negatives.cumsum(-1) - negatives) + negatives)).sum(-1)
    return ratio(wins, 2 * positives.sum(-1) * negatives.sum(-1))
