"""How sure an answer about clustered rows is: how far it moves when a bucket of units is left out.

Var = (M - 1) / M Σ (θ₋ₘ - θ̄)² over M buckets, and Student's t with M - 1 degrees of freedom on the scale of the metric.
It asks nothing of the metric but that it is smooth, and nothing of the rows of a unit.

Source: Miller 1974; Efron & Tibshirani 1993, chapter 11.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from unconfused.inference import counts
from unconfused.inference.intervals import held, on_scale, scale_name, student, wilson
from unconfused.inference.scores import merged
from unconfused.inference.value import Estimate
from unconfused.metrics.average import weighted_mean, worst_of
from unconfused.metrics.catalogue import against_rest, ratio
from unconfused.metrics.language import Query
from unconfused.metrics.ranking import asked
from unconfused.metrics.ranks import Places
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.moments import Moments
from unconfused.tally.ranks import Ranks
from unconfused.tally.scores import ScoreTally
from unconfused.tally.units import GroupOfUnits, OfUnits, ScoresOfUnits, plain_of, without_each


def of_units(tally: Any) -> bool:
    """Whether a tally stands beside its parts by bucket of units."""
    return isinstance(tally, OfUnits | GroupOfUnits)


def clustered(answer: Estimate, tally: Any, query: Query) -> Estimate:
    """An answer with the interval that the buckets of units give."""
    if query.metric.kind == "count" or not answer.defined:
        return answer
    return jackknifed(answer, [value_of(x, query) for x in leave_outs(tally)], query.metric.range, tally.units)


def leave_outs(tally: Any) -> Sequence[Any]:
    """The tally without each bucket; scores in so few groups that their number costs nothing."""
    if isinstance(tally, ScoresOfUnits):
        return without_each(merged(plain_of(tally)), tally.parts)
    if isinstance(tally, GroupOfUnits):
        own = {key: leave_outs(x) for key, x in tally.items()}
        places = range(min(map(len, own.values()), default=0))
        return [Grouped({key: x[i] for key, x in own.items()}, tally.kind) for i in places]
    found: Sequence[Any] = tally.without
    return found


def jackknifed(answer: Estimate, values: Sequence[float], range: tuple[float, float], units: int) -> Estimate:
    """The interval from the values without each bucket."""
    left = np.array([x for x in values if math.isfinite(x)])
    value, m = np.float64(answer.value), len(left)
    name = f"jackknife over {m} buckets of units, Student's t on {scale_name(range)}"
    error = np.sqrt(ratio(m - 1, m).value * ((left - left.mean()) ** 2).sum()) if m > 1 else np.float64(0)
    if error > 1e-9 * abs(value):
        bounds = on_scale(np.asarray(value), np.asarray(error), range, student(answer.level, m - 1))
    elif math.isinf(range[1]) or math.isinf(range[0]):
        bounds, name = (np.asarray(range[0]), np.asarray(range[1])), "the whole range, since no bucket of units differs"
    else:
        place, rows = (value - range[0]) / (range[1] - range[0]), np.asarray(float(max(units, 1)))
        low, high = wilson(np.asarray(place * rows), rows, answer.level)
        bounds = tuple(range[0] + (range[1] - range[0]) * end for end in (low, high))  # type: ignore[assignment]
        name = "Wilson on the units, since no bucket of them differs"
    low, high = held(np.asarray(value), bounds, range)
    return replace(answer, low=float(low), high=float(high), method=name)


def value_of(tally: Any, query: Query) -> float:
    """The value alone, of a tally that can answer; NaN where a class is not there."""
    match tally:
        case ConfusionMatrix():
            return _of_matrix(tally, query)
        case ScoreTally():
            return asked(query.metric, tally.weighty(), *query.args)
        case Moments():
            return tally.mean * (2 if query.metric.name == "brier_sum" else 1)
        case Ranks():
            return float(query.metric(Places.of(tally), *query.args))
    assert isinstance(tally, Grouped)
    plain = replace(query, label=None, average=None)
    if query.label is not None:
        return value_of(tally[query.label], plain)
    if query.average == "micro":
        return math.nan
    values = np.array([value_of(x, plain) for x in tally.values()])
    if query.average == "worst":
        return float(worst_of(query.metric, values))
    weights = [_support(x) if query.average == "weighted" else 1.0 for x in tally.values()]
    return float(weighted_mean(values, np.array(weights)))


def _support(member: Any) -> float:
    if isinstance(member, ScoreTally):
        return float(member.masses[:, 1].sum())
    return float(member.cells().support[member.labels.require_positive("@weighted")])


def _of_matrix(cm: ConfusionMatrix, query: Query) -> float:
    cells, metric, args = cm.cells(), query.metric, query.args
    if query.average == "worst":
        return float(worst_of(metric, np.asarray(metric.by_class(cells, *args))))
    if query.average:
        return float(counts.of_average(query, cells).value(cells))
    if query.label is None and not metric.per_class:
        return float(counts.of_table(metric, *args).value(cells))
    place = cm.labels.index(query.label) if query.label is not None else cm.labels.require_positive(metric.name)
    return float(counts.of_class(metric, *args).value(against_rest(cells, place)))
