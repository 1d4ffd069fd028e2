"""Guarantees for any share of rows: every candidate threshold is tested, and those that pass are allowed.

The null hypothesis of a threshold is that the population breaks the condition there. Of x rows in n the exact
binomial p-value is P(Bin(n, v) >= x) for "at least v", P(Bin(n, v) <= x) for "at most v". Thresholds at 50 shares of
rows called, which are chosen without the classes, are tested together by Holm's method, so the one that is picked from
those that pass, whatever for, breaks the condition with probability δ at most. The condition need neither rise nor fall
with the threshold, as precision does not.

Source: Angelopoulos, Bates, Candès, Jordan & Lei 2021, https://arxiv.org/abs/2110.01052 (Learn then Test); Holm 1979.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from unconfused.decide.question import Question
from unconfused.errors import InsufficientData
from unconfused.inference.delta import Sample
from unconfused.inference.significance import adjusted, binomial_tail
from unconfused.metrics.catalogue import Blend, Ratio
from unconfused.metrics.language import Condition
from unconfused.tally.cells import Array

CANDIDATES = 50
ALSO = ("f1", "dice")
"""Of one share alone, which they rise with: TP / (TP + FP + FN)."""


def is_share(condition: Condition) -> bool:
    """Whether a condition is about a share of rows, bounded on one side."""
    query = condition.query
    plain = query.average is None and query.bound is None and query.metric.name != "no_information_rate"
    share = query.metric.kind == "proportion" or query.metric.name in ALSO or query.metric.name in ("jaccard", "iou")
    return plain and share and condition.op[0] in "<>" and 0 < condition.value < 1


def passing(condition: Condition, question: Question, sample: Sample, guarantee: float) -> NDArray[np.bool_]:
    """The candidate thresholds that pass: none of them breaks the condition but with probability 1 - guarantee."""
    hits, rows = shares(question, sample)
    places = candidates(sample)
    bound = _bound(condition)
    p = [_p_value(condition, float(hits[at]), round(float(rows[at])), bound) for at in places]
    passed = np.zeros(len(rows), bool)
    passed[places] = np.array(adjusted(p, "holm")) <= 1 - guarantee
    return passed


def check_enough(condition: Condition, question: Question, sample: Sample, guarantee: float) -> None:
    """Refuse a guarantee that so many rows cannot give, whatever they are.

    Raises:
        InsufficientData: even a threshold without any error would not pass.
    """
    _, rows = shares(question, sample)
    places = candidates(sample)
    bound, delta = _bound(condition), (1 - guarantee) / len(places)
    best = bound if condition.op[0] == ">" else 1 - bound
    most, needed = round(float(np.nanmax(rows[places]))), math.ceil(math.log(delta) / math.log(best))
    if most < needed:
        raise InsufficientData(
            f"{condition} rests on {most:,} rows at most, too few to guarantee it.",
            f"Of {len(places)} thresholds that are tested one could pass by luck, so each must be sure by itself to "
            f"{1 - delta:.4g}.",
            f"{needed:,} such rows would do if none of them is an error; or loosen the condition, or the guarantee.",
        )


def candidates(sample: Sample) -> NDArray[np.int64]:
    """The places of a sweep at which 2 %, 4 %, … of the rows are called, or the next there are."""
    c = sample.rows
    called = c.predicted[..., 1]
    wanted = np.arange(1, CANDIDATES + 1) / CANDIDATES * called[-1]
    return np.unique(np.minimum(np.searchsorted(called, wanted), len(called) - 1))


def shares(question: Question, sample: Sample) -> tuple[Array, Array]:
    """Rows that count, and those they are counted among, at each threshold.    Shape: (T,) twice."""
    form = question.reading(sample.rows).form(sample.rows)
    if isinstance(form, Blend):
        form = form.parts
        return form.num[..., 0], form.den[..., 0]
    assert isinstance(form, Ratio)
    return form.num, form.den


def _bound(condition: Condition) -> float:
    """The bound of the share itself: of F1 at least v, TP / (TP + FP + FN) is v / (2 - v) at least."""
    v = condition.value
    return v / (2 - v) if condition.query.metric.name in ALSO else v


def _p_value(condition: Condition, hits: float, rows: int, bound: float) -> float:
    if not rows:
        return 1.0
    if condition.op[0] == ">":
        return binomial_tail(hits, rows, bound)
    return binomial_tail(rows - hits, rows, 1 - bound)
