"""Selective classification: what the errors are among the rows that a model is surest of.

A probability p >= 1/2 is decided as positive, and max(p, 1 - p) says how sure the model is; of log-odds their size.
At a level of confidence the rows that reach it are decided: their share is the coverage, and of them the share of
errors the selective risk.

Source: El-Yaniv & Wiener 2010; Geifman & El-Yaniv 2017; the area, Geifman, Uziel & El-Yaniv 2019.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unconfused.metrics.catalogue import NO_ROW, UNIT, Ratio, metric, ratio
from unconfused.metrics.ranking import Masses
from unconfused.tally.axis import cut_of
from unconfused.tally.cells import Array
from unconfused.tally.kernels import runs
from unconfused.tally.scores import ScoreTally

HALF = 0.5


@metric(of="scores", per_class=False, range=UNIT, better="lower", kind="area", undefined=NO_ROW,
        also=("area under the risk coverage curve",), see="Geifman, Uziel & El-Yaniv 2019")  # fmt: skip
def aurc(m: Masses) -> Ratio:
    """Σ (step in coverage) · selective risk, over confidences from high to low: no interpolation.    Shape: (...).

    With no ties it is the mean, over k, of the share of errors among the k rows that the model is surest of.
    """
    _, rows, errors = by_confidence(m)
    risk = ratio(errors.cumsum(-1), rows.cumsum(-1)).value
    return ratio(np.where(rows > 0, rows * risk, 0).sum(-1), rows.sum(-1))


def by_confidence(m: Masses) -> tuple[Array, Array, Array]:
    """Each confidence, the highest first, with the mass and the errors at it.    Shape: (C,), (..., C) twice.

    The rows of a bin stand in its middle.
    """
    ends = confidence_ends(m.tally)
    middle = np.where(ends[0] == ends[1], ends[0], ends[0] / 2 + ends[1] / 2)  # by class
    order = np.argsort(-middle.ravel(order="F"), kind="stable")
    each = middle.ravel(order="F")[order]
    starts, wrong = runs(each), errs(m.tally).ravel(order="F")[order]
    masses = np.concatenate([m.negatives, m.positives], -1).astype(np.float64)[..., order]
    rows, errors = (np.add.reduceat(x, starts, axis=-1) for x in (masses, masses * wrong))
    return each[starts], rows, errors


def errs(tally: ScoreTally) -> NDArray[np.bool_]:
    """Whether a negative and a positive row of each cell are decided wrongly at 1/2.    Shape: (U, 2)."""
    called = tally.scores >= cut_of(HALF, tally.score_kind)
    return np.stack([called, ~called], -1)


def confidence_ends(tally: ScoreTally) -> tuple[Array, Array]:
    """The least and the highest confidence of negative and of positive rows in each cell.    Shape: (U, 2) twice.

    Raises:
        NotKept: raw scores, which do not say how sure a model is.
    """
    _ = tally.probabilities  # refuses raw scores
    if tally.lows is None or tally.highs is None:
        own = np.repeat(_confidence(tally, tally.scores)[:, None], 2, 1)
        return own, own
    ends = [np.where(tally.mass > 0, x[:, :2], tally.scores[:, None]) for x in (tally.lows, tally.highs)]
    low, high = (_confidence(tally, x) for x in ends)
    return np.minimum(low, high), np.maximum(low, high)


def straddles(tally: ScoreTally) -> bool:
    """Whether a bin reaches over 1/2, so that what its rows are decided as is open."""
    cut = cut_of(HALF, tally.score_kind)
    return tally.highs is not None and bool(((tally.scores < cut) & (tally.highs[:, :2].max(1) >= cut)).any())


def _confidence(tally: ScoreTally, scores: Array) -> Array:
    return np.abs(scores) if tally.score_kind == "logit" else np.maximum(scores, 1 - scores)
