"""The area under precision and recall, by each of the definitions in use: they are not the same number."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from unconfused.metrics.catalogue import UNIT, Ratio, metric, ratio
from unconfused.metrics.ranking import NO_POSITIVE, Masses, above, average_precision
from unconfused.tally.cells import Array

Joined: TypeAlias = Literal["step", "interpolated", "trapezoid", "spark"]


@metric(of="scores", per_class=False, range=UNIT, better="higher", kind="area", undefined=NO_POSITIVE,
        also=("area under the precision recall curve",), see="Davis & Goadrich 2006")  # fmt: skip
def pr_auc(m: Masses, how: Joined = "step") -> Ratio:
    """∫ precision d recall, joined by steps (the average precision), as Keras does, or by lines.    Shape: (...).

    Between two thresholds, called rows and positives among them being A and B in number there:

    - "step": the precision of the lower threshold, which assumes nothing. scikit-learn's ``average_precision_score``.
    - "interpolated": the rows between come in at one rate, the area is ∫ tp / (tp + fp) d tp. Keras' and TensorFlow's.
    - "trapezoid": the mean of both precisions, and precision 1 at recall 0: too high, since precision between two
      thresholds lies below the straight line. scikit-learn's ``auc`` of ``precision_recall_curve``.
    - "spark": the same, with the first precision at recall 0: Spark's ``areaUnderPR``.
    """
    if how == "step":
        return average_precision.function(m)  # type: ignore[return-value]
    tp, called = (_from_none(x) for x in (above(m.positives), above(m.positives) + above(m.negatives)))
    found, more = np.diff(tp), np.diff(called)
    if how == "interpolated":
        slope = ratio(found, more).value
        rest = tp[..., 1:] - slope * called[..., 1:]  # tp of the line through both, where nothing is called
        growth = np.where(called[..., :-1] > 0, ratio(called[..., 1:], called[..., :-1]).value, 1.0)
        parts = slope * (found + rest * np.log(growth))
    else:
        precision = ratio(tp, called).value
        first = np.argmax(called > 0, axis=-1)[..., None]  # rows before it weigh nothing
        start = np.ones(()) if how == "trapezoid" else np.take_along_axis(precision, first, -1)
        precision = np.where(called > 0, precision, start)
        parts = found * (precision[..., 1:] + precision[..., :-1]) / 2
    return ratio(np.where(found > 0, parts, 0).sum(-1), tp[..., -1])


def _from_none(upward: Array) -> Array:
    """Cumulated from the highest score, with 0 before it.    Shape: (..., U) → (..., U + 1)."""
    return np.concatenate([np.zeros_like(upward[..., :1]), upward[..., ::-1]], -1)
