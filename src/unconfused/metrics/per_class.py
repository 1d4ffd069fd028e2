"""Metrics of one class against the rest: functions of its tp, fp, fn and tn.    Shape: (..., k) unless said."""

from __future__ import annotations

import numpy as np

from unconfused.errors import UsageError
from unconfused.metrics.catalogue import NO_ROW, POSITIVE, SIGNED, UNIT, Blend, Ratio, metric, ratio
from unconfused.tally.cells import Array, Cells

NO_SUPPORT = "no row is of this class"
NO_OTHERS = "every row is of this class"
NONE_CALLED = "nothing was predicted as this class"
ALL_CALLED = "everything was predicted as this class"
NEITHER = "this class was neither there nor predicted"
POWERS = "Powers 2011, https://arxiv.org/abs/2010.16061"


@metric(range=UNIT, better="higher", kind="proportion", undefined=NONE_CALLED,
        also=("positive predictive value", "ppv"), see=POWERS)  # fmt: skip
def precision(c: Cells) -> Ratio:
    """tp / (tp + fp): of the rows called this class, the share that is.    Shape: (..., k)."""
    return ratio(c.tp, c.predicted)


@metric(range=UNIT, better="higher", kind="proportion", undefined=NO_SUPPORT,
        also=("sensitivity", "tpr", "true positive rate", "hit rate"), see=POWERS)  # fmt: skip
def recall(c: Cells) -> Ratio:
    """tp / (tp + fn): of the rows of this class, the share that was found.    Shape: (..., k)."""
    return ratio(c.tp, c.support)


@metric(range=UNIT, better="higher", kind="proportion", undefined=NO_OTHERS,
        also=("tnr", "true negative rate", "selectivity"), see=POWERS)  # fmt: skip
def specificity(c: Cells) -> Ratio:
    """tn / (tn + fp): of the rows of other classes, the share left alone.    Shape: (..., k)."""
    return ratio(c.tn, c.others)


@metric(range=UNIT, better="higher", kind="proportion", undefined=ALL_CALLED,
        also=("negative predictive value",), see=POWERS)  # fmt: skip
def npv(c: Cells) -> Ratio:
    """tn / (tn + fn): of the rows called something else, the share that is.    Shape: (..., k)."""
    return ratio(c.tn, c.uncalled)


@metric(range=UNIT, better="lower", kind="proportion", undefined=NO_OTHERS,
        also=("false positive rate", "fall-out", "false alarm rate"), see=POWERS)  # fmt: skip
def fpr(c: Cells) -> Ratio:
    """fp / (tn + fp): of the rows of other classes, the share called this one.    Shape: (..., k)."""
    return ratio(c.fp, c.others)


@metric(range=UNIT, better="lower", kind="proportion", undefined=NO_SUPPORT,
        also=("false negative rate", "miss rate"), see=POWERS)  # fmt: skip
def fnr(c: Cells) -> Ratio:
    """fn / (tp + fn): of the rows of this class, the share that was missed.    Shape: (..., k)."""
    return ratio(c.fn, c.support)


@metric(range=UNIT, better="lower", kind="proportion", undefined=NONE_CALLED,
        also=("false discovery rate",), see=POWERS)  # fmt: skip
def fdr(c: Cells) -> Ratio:
    """fp / (tp + fp): of the rows called this class, the share that is not.    Shape: (..., k)."""
    return ratio(c.fp, c.predicted)


@metric(range=UNIT, better="lower", kind="proportion", undefined=ALL_CALLED,
        also=("for",), see=POWERS)  # fmt: skip
def false_omission_rate(c: Cells) -> Ratio:
    """fn / (tn + fn): of the rows called something else, the share of this class.    Shape: (..., k)."""
    return ratio(c.fn, c.uncalled)


@metric(range=UNIT, better="higher", kind="proportion", undefined=NEITHER,
        also=("iou", "intersection over union", "critical success index", "threat score"),
        see="Jaccard 1901")  # fmt: skip
def jaccard(c: Cells) -> Ratio:
    """tp / (tp + fp + fn): of the rows that are it or are called it, the share that is both.    Shape: (..., k)."""
    return ratio(c.tp, c.support + c.fp)


@metric(range=UNIT, better="higher", kind="combination", undefined=NEITHER,
        also=("f1 score", "f measure", "f score"),
        see="van Rijsbergen 1979; interval: https://arxiv.org/abs/2309.14621")  # fmt: skip
def f1(c: Cells) -> Blend:
    """2 tp / (2 tp + fp + fn) = 2J / (1 + J): the harmonic mean of precision and recall.    Shape: (..., k)."""
    whole = ratio(2 * c.tp, 2 * c.tp + c.fp + c.fn)
    return Blend.of(ratio(c.tp, c.support + c.fp), combine=lambda j: ratio(2 * j, 1 + j).value[..., 0], whole=whole)


@metric(range=UNIT, better="higher", kind="combination", undefined=NEITHER,
        also=("dice coefficient", "sorensen dice"), see="Dice 1945; the same number as f1")  # fmt: skip
def dice(c: Cells) -> Blend:
    """2 tp / (2 tp + fp + fn): twice the overlap over both sizes; F1 under its name in imaging.    Shape: (..., k)."""
    form = f1.form(c)
    assert isinstance(form, Blend)
    return form


@metric(range=UNIT, better="higher", kind="index", undefined=NEITHER, also=("f beta",), see="van Rijsbergen 1979")
def fbeta(c: Cells, b: float) -> Ratio:
    """(1 + b²) tp / ((1 + b²) tp + b² fn + fp): recall counts b times as much as precision.    Shape: (..., k)."""
    if not b > 0:
        raise UsageError(f"fbeta({b}) has no meaning: b is above 0.", fix="Type fbeta(2) to count recall twice.")
    share = 1 / (1 + b * b)  # tp + (b² fn + fp) / (1 + b²), so that a large b does not overflow
    return ratio(c.tp, c.tp + (1 - share) * c.fn + share * c.fp)


@metric(range=SIGNED, better="higher", kind="combination", undefined="this class is in every row or in none",
        also=("bookmaker informedness", "youden j", "youden's j", "true skill statistic"),
        see="Youden 1950; " + POWERS)  # fmt: skip
def informedness(c: Cells) -> Blend:
    """recall + specificity - 1: how much better than chance the class is told from the rest.    Shape: (..., k)."""
    return Blend.of(ratio(c.tp, c.support), ratio(c.tn, c.others), combine=_sum_less_one)


@metric(range=SIGNED, better="higher", kind="combination", undefined="everything was predicted alike",
        also=("delta p",), see=POWERS)  # fmt: skip
def markedness(c: Cells) -> Blend:
    """precision + npv - 1: how much better than chance the prediction tells the class.    Shape: (..., k)."""
    return Blend.of(ratio(c.tp, c.predicted), ratio(c.tn, c.uncalled), combine=_sum_less_one)


@metric(range=UNIT, better="higher", kind="combination", undefined="this class is in every row or in none",
        also=("geometric mean", "gmean"), see="Kubat & Matwin 1997")  # fmt: skip
def g_mean(c: Cells) -> Blend:
    """√(recall · specificity): 0 as soon as one of the two is.    Shape: (..., k)."""
    return Blend.of(ratio(c.tp, c.support), ratio(c.tn, c.others), combine=_root_of_product, product=True)


@metric(range=UNIT, better="higher", kind="index", undefined="this class was not there, or not predicted",
        also=("fowlkes mallows index", "fmi"), see="Fowlkes & Mallows 1983")  # fmt: skip
def fowlkes_mallows(c: Cells) -> Ratio:
    """√(precision · recall) = tp / √((tp + fp)(tp + fn)): their geometric mean.    Shape: (..., k)."""
    return ratio(c.tp, np.sqrt(c.support) * np.sqrt(c.predicted))


@metric(range=UNIT, better=None, kind="proportion", undefined=NO_ROW, also=("base rate",))
def prevalence(c: Cells) -> Ratio:
    """(tp + fn) / n: the share of the rows that is of this class.    Shape: (..., k)."""
    return ratio(c.support, c.n)


@metric(range=UNIT, better=None, kind="proportion", undefined=NO_ROW,
        also=("predicted positive rate", "alarm rate", "bias"))  # fmt: skip
def predicted_prevalence(c: Cells) -> Ratio:
    """(tp + fp) / n: the share of the rows that was called this class.    Shape: (..., k)."""
    return ratio(c.predicted, c.n)


@metric(range=UNIT, better="lower", kind="index",
        undefined="recall or the false positive rate is undefined, or both are 0",
        see="Balayla 2020, https://doi.org/10.1371/journal.pone.0240215")  # fmt: skip
def prevalence_threshold(c: Cells) -> Ratio:
    """√fpr / (√recall + √fpr): the prevalence under which precision falls steeply.    Shape: (..., k)."""
    hits, alarms = (np.sqrt(np.maximum(x, 0)) for x in (_recall(c), _fpr(c)))
    return ratio(alarms, hits + alarms)


@metric(range=POSITIVE, better="higher", kind="ratio", undefined="there is no false positive, or a class is missing",
        also=("lr+", "plr", "positive likelihood"), see="Deeks & Altman 2004")  # fmt: skip
def positive_likelihood_ratio(c: Cells) -> Ratio:
    """recall / fpr: the factor by which an alarm raises the odds of this class.    Shape: (..., k)."""
    return ratio(_recall(c), _fpr(c))


@metric(range=POSITIVE, better="lower", kind="ratio", undefined="there is no true negative, or a class is missing",
        also=("nlr", "negative likelihood"), see="Deeks & Altman 2004")  # fmt: skip
def negative_likelihood_ratio(c: Cells) -> Ratio:
    """fnr / specificity: the factor by which silence changes the odds of this class.    Shape: (..., k)."""
    return ratio(ratio(c.fn, c.support).value, ratio(c.tn, c.others).value)


@metric(range=POSITIVE, better="higher", kind="ratio", undefined="there is no false positive, or no false negative",
        also=("dor",), see="Glas et al. 2003")  # fmt: skip
def diagnostic_odds_ratio(c: Cells) -> Array:
    """(tp / fp) · (tn / fn): the odds of an alarm on this class over those on the rest.    Shape: (..., k)."""
    return ratio(c.tp, c.fp).value * ratio(c.tn, c.fn).value


@metric(range=POSITIVE, better="higher", kind="ratio", undefined="this class was not there, or not predicted",
        see="Brin et al. 1997")  # fmt: skip
def lift(c: Cells) -> Ratio:
    """precision / prevalence: how many times richer in this class the rows called it are.    Shape: (..., k)."""
    return ratio(ratio(c.tp, c.predicted).value, ratio(c.support, c.n).value)


@metric(range=POSITIVE, better=None, kind="count", undefined="")
def support(c: Cells) -> Array:
    """tp + fn: rows of this class.    Shape: (..., k)."""
    return c.support


def _recall(c: Cells) -> Array:
    return ratio(c.tp, c.support).value


def _fpr(c: Cells) -> Array:
    return ratio(c.fp, c.others).value


def _root_of_product(parts: Array) -> Array:
    root: Array = np.sqrt(np.maximum(parts.prod(-1), 0))
    return root


def _sum_less_one(parts: Array) -> Array:
    total: Array = parts.sum(-1) - 1
    return total
