"""Metrics of the whole table, whatever K; with ``[class]`` each reads that class's one-vs-rest 2x2.    Shape: (...)."""

from __future__ import annotations

import numpy as np

from unconfused.metrics.catalogue import NO_ROW, SIGNED, UNIT, Blend, Ratio, mean_of_defined, metric, ratio
from unconfused.tally.cells import Array, Cells


@metric(range=UNIT, better="higher", kind="proportion", undefined=NO_ROW, per_class=False, also=("acc",))
def accuracy(c: Cells) -> Ratio:
    """Σ tp / n: the share of the rows that was called what it is.    Shape: (...)."""
    return ratio(c.correct, c.n[..., 0])


@metric(range=UNIT, better="lower", kind="proportion", undefined=NO_ROW, per_class=False,
        also=("misclassification rate", "zero one loss", "err"))  # fmt: skip
def error_rate(c: Cells) -> Ratio:
    """Σ wrong / n = 1 - accuracy: the share of the rows that was called something else.    Shape: (...)."""
    return ratio(c.wrong, c.n[..., 0])


@metric(range=UNIT, better="higher", kind="proportion", undefined=NO_ROW, per_class=False,
        see="El-Yaniv & Wiener 2010")  # fmt: skip
def coverage(c: Cells) -> Ratio:
    """Σ called / n: the share of the rows that was called one of the classes, and not nothing.    Shape: (...)."""
    return ratio(c.predicted.sum(-1), c.n[..., 0])


@metric(range=UNIT, better="higher", kind="proportion", undefined="no row was called one of the classes",
        per_class=False, see="El-Yaniv & Wiener 2010")  # fmt: skip
def selective_accuracy(c: Cells) -> Ratio:
    """Σ tp / Σ called: of the rows that were called a class, the share that was called what it is.    Shape: (...)."""
    return ratio(c.correct, c.predicted.sum(-1))


@metric(range=UNIT, better="higher", kind="combination", undefined="no class has a row", per_class=False,
        also=("bacc", "uar"), see="Brodersen et al. 2010")  # fmt: skip
def balanced_accuracy(c: Cells) -> Blend:
    """The mean recall of the classes that have rows; those without are left out.    Shape: (...)."""
    return Blend(ratio(c.tp, c.support), mean_of_defined)


@metric(range=SIGNED, better="higher", kind="combination", undefined="fewer than two classes have rows",
        per_class=False, see="Guyon et al. 2015")  # fmt: skip
def adjusted_balanced_accuracy(c: Cells) -> Blend:
    """(b - 1/m) / (1 - 1/m) of the balanced accuracy b over m classes: 0 is chance, 1 perfect.    Shape: (...)."""
    return Blend(ratio(c.tp, c.support), _above_chance)


def _mcc_slopes(c: Cells) -> Array:
    """dr = (d cov - cov / 2 · (dv / v + dw / w)) / √(v w) of the variances v and w, each a sum over classes."""
    known = np.arange(c.rows.shape[-1]) < c.k
    truth, prediction = (ratio(x, c.n).value * known for x in (c.rows, c.columns))
    v, w = (c.by_table(x) for x in (_variance(c.support, c.others, c.n), _variance(c.predicted, c.uncalled, c.n)))
    agree = c.by_table(covariance(c))
    moved = c.by_place(np.broadcast_to(known * 1.0, c.rows.shape)) - c.by_row(prediction) - c.by_column(truth)
    moved = moved - agree + c.by_table((truth * prediction).sum(-1))
    rise, turn = (x * (known - 2 * x) for x in (truth, prediction))
    of_truth = c.by_row(known - 2 * truth) - c.by_table(rise.sum(-1))
    of_prediction = c.by_column(known - 2 * prediction) - c.by_table(turn.sum(-1))
    spread = ratio(of_truth, v).value + ratio(of_prediction, w).value
    return ratio(moved - agree / 2 * spread, np.sqrt(v) * np.sqrt(w) * c.by_table(c.n[..., 0])).value


@metric(range=SIGNED, better="higher", kind="index", per_class=False, slopes=_mcc_slopes,
        undefined="all rows are of one class, or all were predicted alike",
        also=("matthews", "matthews correlation", "matthews correlation coefficient", "phi", "r_k"),
        see="Matthews 1975; Gorodkin 2004")  # fmt: skip
def mcc(c: Cells) -> Ratio:
    """cov(truth, prediction) / √(var(truth) · var(prediction)), over one indicator per class (R_K).    Shape: (...)."""
    truth, prediction = _variance(c.support, c.others, c.n), _variance(c.predicted, c.uncalled, c.n)
    return ratio(covariance(c), np.sqrt(truth) * np.sqrt(prediction))


@metric(range=UNIT, better="higher", kind="index", undefined="no class was there or predicted", per_class=False,
        also=("miou",), see="Everingham et al. 2010")  # fmt: skip
def mean_iou(c: Cells) -> Array:
    """The mean Jaccard of the classes that are there or were predicted.    Shape: (...)."""
    return mean_of_defined(ratio(c.tp, c.support + c.fp).value)


@metric(range=UNIT, better="higher", kind="index", undefined="no class has a row", per_class=False,
        also=("fwiou",), see="Long et al. 2015")  # fmt: skip
def frequency_weighted_iou(c: Cells) -> Ratio:
    """Σ support · J / Σ support: each class's Jaccard counts as often as it occurs.    Shape: (...)."""
    share = ratio(c.support, c.support.sum(-1, keepdims=True))
    return ratio(np.nansum(share.value * ratio(c.tp, c.support + c.fp).value, -1), c.support.sum(-1) > 0)


@metric(range=UNIT, better=None, kind="proportion", undefined=NO_ROW, per_class=False,
        also=("nir", "majority rate"), see="Kuhn 2008")  # fmt: skip
def no_information_rate(c: Cells) -> Ratio:
    """max support / n: the accuracy of calling everything the commonest class.    Shape: (...)."""
    return ratio(c.support.max(-1, initial=0), c.n[..., 0])


def _above_chance(recalls: Array) -> Array:
    chance = ratio(1, (~np.isnan(recalls)).sum(-1)).value
    return ratio(mean_of_defined(recalls) - chance, 1 - chance).value


def covariance(c: Cells) -> Array:
    """Σ over classes of (tp tn - fp fn) / n²; each factor is a share, so nothing overflows or cancels needlessly."""
    tp, fp, fn, tn = (ratio(x, c.n).value for x in (c.tp, c.fp, c.fn, c.tn))
    total: Array = (tp * tn - fp * fn).sum(-1)
    return total


def _variance(inside: Array, outside: Array, n: Array) -> Array:
    """Σ over classes of the share inside times that outside: exactly 0 where one class holds everything."""
    total: Array = (ratio(inside, n).value * ratio(outside, n).value).sum(-1)
    return total
