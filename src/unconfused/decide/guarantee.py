"""Guarantees: a threshold whose error rate in the population stays under a bound, but for a stated chance of bad luck.

A threshold that keeps the false-positive rate of a sample just under α breaks it in the population about every second
time. With n negative rows that did not train the model, the one that leaves at most m of them above it breaks it with
probability P(Bin(n, α) <= m) at most, whatever the scores look like; a higher threshold all the less. Ties only help.

What neither rises nor falls with the threshold, such as precision, is tested at several of them (`tested`).

Source: Tong, Feng & Li 2018, https://doi.org/10.1126/sciadv.aao1659 (the umbrella algorithm).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unconfused.decide.question import Question
from unconfused.decide.tested import check_enough, is_share, passing
from unconfused.errors import InsufficientData, NotKept, UsageError
from unconfused.inference.delta import Sample
from unconfused.labels import plural
from unconfused.metrics.catalogue import Ratio, ratio
from unconfused.metrics.language import Condition
from unconfused.tally.cells import Array

BOUNDED = {"fpr": "negative", "specificity": "negative", "fnr": "positive", "recall": "positive"}
"""Rates of one class alone, which fall or rise with the threshold, and the class."""


def check_guarantee(guarantee: float, conditions: Sequence[Condition]) -> None:
    """Refuse what cannot be guaranteed.

    Raises:
        UsageError: no probability of at least ½, no condition, or one that bounds no share of rows.
    """
    if not 0.5 <= guarantee < 1:
        raise UsageError(
            f"guarantee={guarantee!r} is no probability from 0.5 to 1.", fix="Type guarantee=0.95 to be 95 % sure."
        )
    for condition in conditions:
        if not is_ordered(condition) and not is_share(condition):
            raise UsageError(
                f"guarantee= cannot hold {condition}.",
                "It bounds a share of rows, such as fpr, recall, precision, accuracy or f1, on one side.",
                'Type where="fpr <= 0.05" or where="precision >= 0.9", or leave guarantee= out.',
            )
    if not conditions:
        raise UsageError(
            "guarantee= was given without where=.", "Nothing says what is guaranteed.", 'Type where="fpr <= 0.05".'
        )


def is_ordered(condition: Condition) -> bool:
    """Whether a condition bounds the error rate of one class, which rises or falls with the threshold."""
    query, bounds = condition.query, {"<": ("fpr", "fnr"), ">": ("specificity", "recall")}
    plain = query.label is None and query.average is None and query.bound is None
    return plain and query.metric.name in bounds.get(condition.op[0], ()) and 0 < condition.value < 1


def surely(condition: Condition, question: Question, sample: Sample, guarantee: float) -> NDArray[np.bool_]:
    """Where so few rows break the condition that the population breaks it with probability 1 - guarantee at most."""
    if not is_ordered(condition):
        return passing(condition, question, sample, guarantee)
    errors, rows = _errors(condition, question, sample)
    most = most_errors(round(float(rows[0])), _bound(condition), 1 - guarantee)
    kept: NDArray[np.bool_] = errors <= most
    return kept


def check_rows(condition: Condition, question: Question, sample: Sample, guarantee: float) -> None:
    """Refuse a guarantee that so many rows cannot give.

    Raises:
        NotKept: weighted rows, of which no one is a whole draw.
        InsufficientData: one error fewer than none would have to be allowed.
    """
    if sample.weighted:
        raise NotKept(
            "These rows are weighted.",
            "A guarantee counts independent rows, each as one.",
            "Evaluate without sample_weight=; the rates of a class are the same at any prevalence.",
        )
    if not is_ordered(condition):
        check_enough(condition, question, sample, guarantee)
        return
    rows, alpha, delta = round(float(_errors(condition, question, sample)[1][0])), _bound(condition), 1 - guarantee
    if most_errors(rows, alpha, delta) < 0:
        kind, chance = BOUNDED[condition.query.metric.name], math.exp(rows * math.log1p(-alpha))
        raise InsufficientData(
            f"There {'is' if rows == 1 else 'are'} {plural(rows, f'{kind} row')}, too few to guarantee {condition}.",
            f"Even with none of them called wrongly the population breaks it with probability {chance:.3g}, above "
            f"{delta:.3g}.",
            f"{rows_needed(alpha, delta):,} {kind} rows would do; or loosen the condition, or the guarantee.",
        )


def rows_needed(alpha: float, delta: float) -> int:
    """The least n with (1 - α)ⁿ <= δ: rows without any error that bound an error rate by α.

    >>> rows_needed(0.05, 0.05), rows_needed(0.01, 0.05), rows_needed(0.001, 0.05)
    (59, 299, 2995)
    """
    return math.ceil(math.log(delta) / math.log1p(-alpha) - 1e-9)


def most_errors(n: int, alpha: float, delta: float) -> int:
    """The largest m with P(Bin(n, α) <= m) <= δ; -1 where not even 0 is small enough.

    >>> most_errors(58, 0.05, 0.05), most_errors(59, 0.05, 0.05), most_errors(1000, 0.05, 0.05)
    (-1, 0, 38)
    """
    mean = n * alpha
    first = max(0, math.floor(mean - 40 * math.sqrt(mean * (1 - alpha))))  # there is nothing to see below
    m = np.arange(first, math.floor(mean) + 2, dtype=np.float64)
    start = math.lgamma(n + 1) - math.lgamma(first + 1) - math.lgamma(n - first + 1)
    start += first * math.log(alpha) + (n - first) * math.log1p(-alpha)
    grown = np.log(ratio(np.maximum(n - m[:-1], 1e-300), m[1:]).value) + math.log(alpha) - math.log1p(-alpha)
    chances = np.cumsum(np.exp(start + np.concatenate([[0.0], np.cumsum(grown)])))
    return first + int(np.searchsorted(chances, delta * (1 + 1e-9), side="right")) - 1


def _bound(condition: Condition) -> float:
    return condition.value if condition.op[0] == "<" else 1 - condition.value


def _errors(condition: Condition, question: Question, sample: Sample) -> tuple[Array, Array]:
    """Rows that are called wrongly at each threshold, and the rows of that class.    Shape: (T,) twice."""
    form = question.reading(sample.rows).form(sample.rows)
    assert isinstance(form, Ratio)
    return form.num if condition.op[0] == "<" else form.den - form.num, form.den
