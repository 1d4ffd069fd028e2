"""Curves of a ranking: what is found, and what is called by mistake, at every threshold."""

from __future__ import annotations

import math

from unconfused.curves.points import Points, Swept, between, kind
from unconfused.metrics import ratio
from unconfused.tally.scores import ScoreTally


@kind
def roc(tally: ScoreTally) -> Points:
    """Recall against the false-positive rate.    Source: Provost & Fawcett 2001."""
    s = Swept.of(tally)
    return Points(
        "false positive rate", s.fpr, "recall", s.recall, s.thresholds, between(0, 1), area_name="roc_auc"
    )  # fmt: skip


@kind
def pr(tally: ScoreTally) -> Points:
    """Precision against recall; undefined where nothing is called positive.    Source: Davis & Goadrich 2006."""
    s = Swept.of(tally)
    level = between(s.prevalence, s.prevalence)
    return Points("recall", s.recall, "precision", s.precision, s.thresholds, level, area_name="average_precision")


@kind
def gain(tally: ScoreTally) -> Points:
    """Recall against the share of rows called positive: how much is found by looking at the highest scores."""
    s = Swept.of(tally)
    return Points("share called positive", s.called, "recall", s.recall, s.thresholds, between(0, 1))


@kind
def lift(tally: ScoreTally) -> Points:
    """Precision over prevalence against the share of rows called positive: gain divided by its baseline."""
    s = Swept.of(tally)
    lifted = ratio(s.recall, s.called).value
    return Points("share called positive", s.called, "lift", lifted, s.thresholds, between(1, 1))


@kind
def response(tally: ScoreTally) -> Points:
    """Precision against the share of rows called positive: of those looked at so far, how many are it."""
    s = Swept.of(tally)
    level = between(s.prevalence, s.prevalence)
    return Points("share called positive", s.called, "precision", s.precision, s.thresholds, level)


@kind
def det(tally: ScoreTally) -> Points:
    """The share missed against the false-positive rate: both errors, drawn on normal deviates.

    There the curve of two normal distributions of one width is a straight line.    Source: Martin et al. 1997.
    """
    s = Swept.of(tally)
    missed = ratio(s.tp[-1] - s.tp, s.tp[-1]).value
    return Points("false positive rate", s.fpr, "false negative rate", missed, s.thresholds, between(1, 0))


@kind
def ks(tally: ScoreTally) -> Points:
    """Recall and the false-positive rate against the threshold: ``ks`` is their widest gap.    Source: Smirnov 1948."""
    s = Swept.of(tally)
    return Points(
        "threshold", s.thresholds, "recall", s.recall, s.thresholds, between(math.nan, math.nan),
        {"false positive rate": s.fpr}, area_name="ks",
    )  # fmt: skip
