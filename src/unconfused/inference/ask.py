"""``estimate`` and ``estimates``: one question in the metric language, put to any tally."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, NoReturn, TypeAlias

import numpy as np

from unconfused.errors import AmbiguousCall, NotKept, ThresholdUnset, UsageError
from unconfused.inference import calibration, counts, groups, scores
from unconfused.inference.certified import certified, hull
from unconfused.inference.counts import Reading
from unconfused.inference.delta import Sample
from unconfused.inference.intervals import Interval, quantile
from unconfused.inference.ranks import of_ranks
from unconfused.inference.units import clustered, of_units
from unconfused.inference.value import Estimate
from unconfused.labels import Label
from unconfused.metrics.catalogue import NO_ROW, against_rest
from unconfused.metrics.certificates import certificate
from unconfused.metrics.language import Query, parse
from unconfused.metrics.ranking import asked
from unconfused.tally.cells import Array, Cells
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.moments import Moments
from unconfused.tally.prevalence import MatrixAt
from unconfused.tally.ranks import Ranks
from unconfused.tally.scores import ScoreTally
from unconfused.tally.units import ScoresOfUnits, beside

Tally: TypeAlias = "ConfusionMatrix | ScoreTally | Moments | Ranks | Grouped[Any]"


def estimate(
    tally: Tally, text: str | Query, *, level: float = 0.95, method: str | None = None, seed: int = 0
) -> Estimate:
    """One metric of a tally, with its interval.

    Args:
        tally: what was counted.
        text: the question, such as "recall", "precision[dog]", "f1@macro", "fbeta(2)".
        level: how sure the interval should be.
        method: "wilson", "exact", "jeffreys" (proportions and what is made of them), "delta", "bootstrap", "bca";
            for roc_auc "delong", "newcombe", "bootstrap", "bca"; chosen by rule when left out.
        seed: of anything that is resampled.

    Raises:
        UnknownMetric, UnknownClass: a name that is not there.
        AmbiguousCall, PositiveClassUnset: one number was asked for and there are several.
        NotKept, ThresholdUnset: the tally does not hold the answer.

    >>> cm = ConfusionMatrix.from_counts([[76, 9], [17, 48]], labels=["Negative", "Positive"])
    >>> print(estimate(cm, "recall"))
    0.738 [0.62, 0.83]
    """
    query = text if isinstance(text, Query) else parse(text)
    if query.bound is not None and not isinstance(text, Query):  # a condition picks the end itself
        whole = replace(query, bound=None)
        raise UsageError(f"{query} is an end of an interval.", fix=f"Type estimate({str(whole)!r}).{query.bound}")
    quantile(level)  # refuses what is no level
    answer = _estimate(tally, query, level, method, seed)
    return clustered(answer, tally, query) if of_units(tally) and method is None else answer


def _estimate(tally: Tally, query: Query, level: float, method: str | None, seed: int) -> Estimate:
    if isinstance(tally, ConfusionMatrix):
        return _of_matrix(tally, query, level, method, seed)
    if isinstance(tally, ScoreTally):
        return _of_scores(tally, query, level, method, seed)
    if isinstance(tally, Moments):
        return _of_moments(tally, query, level, method)
    if isinstance(tally, Ranks):
        return _of_ranks(tally, query, level, method)
    return _of_group(tally, query, level, method, seed)


def estimates(
    tally: Tally, text: str | Query, *, level: float = 0.95, method: str | None = None, seed: int = 0
) -> dict[Label, Estimate]:
    """A metric of every class (or every label of a group): {class: Estimate}.

    >>> cm = ConfusionMatrix.from_counts([[76, 9], [17, 48]], labels=["Negative", "Positive"])
    >>> {name: f"{e:.2f}" for name, e in estimates(cm, "recall").items()}
    {'Negative': '0.89', 'Positive': '0.74'}
    """
    query = text if isinstance(text, Query) else parse(text)
    quantile(level)
    name = query.metric.name
    if query.label is not None or query.average:
        raise UsageError(f"{query} is one number.", fix=f"Type estimates({name!r}), or estimate({str(query)!r}).")
    if of_units(tally) and isinstance(tally, ConfusionMatrix):
        named = zip(tally.labels, tally.labels.texts, strict=True)
        return {key: estimate(tally, replace(query, label=text), level=level, method=method) for key, text in named}
    if isinstance(tally, Grouped):
        return {key: estimate(member, query, level=level, method=method, seed=seed) for key, member in tally.items()}
    if not isinstance(tally, ConfusionMatrix):
        raise NotKept(f"A {type(tally).__name__} holds no several classes.", fix=f"Type estimate({str(query)!r}).")
    _counts_only(query)
    sample = sample_of(tally).each(against_rest)
    reading = counts.of_class(query.metric, *query.args)
    names = [replace(query, label=text) for text in tally.labels.texts]
    return dict(zip(tally.labels, _answers(names, reading, sample, level, method, seed), strict=True))


def estimate_at(
    tally: ScoreTally, text: str, threshold: float, *, level: float = 0.95, method: str | None = None, seed: int = 0
) -> Estimate:
    """A metric of the decision at a threshold; inside a bin the likely value, with bounds from the extreme matrices.

    Given the rows of each class, the metrics of a 2x2 rise or fall throughout with either kind of error, so they are
    extreme at the corners. Those that are 0 where truth and prediction are independent are so between corners of
    different sign. Rows of a seat in the bin are wrong for one class or for the other: what reads both classes may then
    turn between the corners, and is only known to be in its range.
    """
    query = parse(text)
    likely, *corners = tally.bracket(threshold)
    if isinstance(tally, ScoresOfUnits):
        likely = beside(likely, [part.bracket(threshold)[0] for part in tally.parts], tally.units)
    answer = estimate(likely, text, level=level, method=method, seed=seed)
    if not tally.binned:
        return answer
    values = [estimate(x, text, level=level, method=method, seed=seed).value for x in corners]
    if query.metric.chance and len({estimate(x, "informedness").value > 0 for x in corners}) > 1:
        values.append(0.0)
    if (query.average or not query.metric.per_class) and len({x.full[2:].tobytes() for x in corners}) > 1:
        values += query.metric.range
    return certified(answer, hull([answer.value, *values]), query.metric)


def sample_of(cm: ConfusionMatrix) -> Sample:
    """The three tables of a matrix, as floats."""
    cells = cm.cells()
    if cm.full_weights is None:
        return Sample(cells, cells, cells)
    rows = Cells.of_table(cm.table(weighted=False).astype(np.float64), cells.k)
    return Sample(cells, cm.squares(), rows, weighted=True, fixed=isinstance(cm, MatrixAt))


def _of_matrix(cm: ConfusionMatrix, query: Query, level: float, method: str | None, seed: int) -> Estimate:
    _counts_only(query)
    if not cm.labels:
        return Estimate(math.nan, math.nan, math.nan, level, "", 0, reason=NO_ROW, name=str(query))
    if query.average == "ovo":
        raise NotKept("A ConfusionMatrix keeps no scores.", "@ovo ranks two classes at a time.", "Ask for roc_auc@ovo.")
    if query.average == "worst":
        apart = groups.apart(level, len(cm.labels))
        members = estimates(cm, replace(query, average=None), level=apart, method=method, seed=seed)
        return groups.worst(query, members, cm.total, level)
    sample = sample_of(cm)
    if query.average:
        reading = counts.of_average(query, sample.counts)
    elif query.label is None and not query.metric.per_class:
        reading = counts.of_table(query.metric, *query.args)
    else:
        place = _place(cm, query)
        sample = sample.each(lambda c: against_rest(c, place))
        reading = counts.of_class(query.metric, *query.args)
    (answer,) = _answers([query], reading, sample, level, method, seed, lambda: _left_out(cm, query, sample.counts))
    return answer


def _answers(
    queries: list[Query],
    reading: Reading,
    sample: Sample,
    level: float,
    method: str | None,
    seed: int,
    left_out: Callable[[], tuple[str, ...]] = tuple,
) -> list[Estimate]:
    """The value of each table of a stack; all else when it is first looked at, the intervals of all tables at once."""
    values = reading.value(sample.counts)
    rest = _Rest(
        lambda: counts.interval(reading, sample, level, method, seed), lambda: reading.rows(sample.rows), left_out
    )
    if method is not None:  # which may not fit
        _ = rest.found
    return [
        Estimate.awaiting(partial(rest.at, i), value, level=level, reason=_reason(query, value), name=str(query))
        for i, (query, value) in enumerate(zip(queries, values.reshape(-1).tolist(), strict=True))
    ]


class _Rest:
    """What belongs to the values of a stack of tables and takes longer than they do."""

    def __init__(
        self, interval: Callable[[], Interval], rows: Callable[[], Array], left_out: Callable[[], tuple[str, ...]]
    ) -> None:
        self._interval, self._rows, self._left_out = interval, rows, left_out

    @cached_property
    def found(self) -> list[Array]:
        """Low, high, method and rows of each table."""
        found = self._interval()
        return [
            x.reshape(-1) for x in np.broadcast_arrays(found.low, found.high, np.asarray(found.method), self._rows())
        ]

    def at(self, place: int) -> dict[str, Any]:
        """Those of one."""
        low, high, method, n = (x[place] for x in self.found)
        return {
            "low": float(low),
            "high": float(high),
            "method": str(method),
            "n": int(n),
            "left_out": self._left_out(),
        }


def _answer(query: Query, value: float, low: float, high: float, n: int, method: str, level: float) -> Estimate:
    return Estimate(value, low, high, level, method, n, reason=_reason(query, value), name=str(query))


def _reason(query: Query, value: float) -> str | None:
    """Why a value is undefined."""
    return (query.metric.undefined or NO_ROW) if math.isnan(value) else None


def _place(cm: ConfusionMatrix, query: Query) -> int:
    """Which class a per-class question is about."""
    if query.label is not None:
        return cm.labels.index(query.label)
    if len(cm.labels) <= 2:
        return cm.labels.require_positive(query.metric.name)
    _several(query, cm.labels.texts[0], f"this matrix has {len(cm.labels)} classes")


def _several(query: Query, example: str, seen: str) -> NoReturn:
    one, mean = replace(query, label=example), replace(query, average="macro")
    raise AmbiguousCall(
        f"{str(query)!r} is one number per class, and {seen}.",
        "Picking or averaging them is a choice that changes the number.",
        f'Type "{one}" for one class, "{mean}" for their mean, or estimates("{query}") for all of them.',
    )


def _left_out(cm: ConfusionMatrix, query: Query, c: Cells) -> tuple[str, ...]:
    if query.average in (None, "micro"):
        return ()
    undefined: Array = np.isnan(query.metric.by_class(c, *query.args))
    return tuple(text for text, gone in zip(cm.labels.texts, undefined, strict=True) if gone)


def _counts_only(query: Query) -> None:
    if query.metric.of != "counts":
        raise NotKept(
            f"A ConfusionMatrix cannot answer {str(query)!r}.",
            "It counts decisions; the scores behind them are gone.",
            f"Type uc.evaluate(y_true, y_score=...).estimate({str(query)!r}).",
        )


def _of_scores(tally: ScoreTally, query: Query, level: float, method: str | None, seed: int) -> Estimate:
    if query.metric.of == "counts":
        raise ThresholdUnset(
            f"{str(query)!r} is a number of decisions, and these are scores.",
            "Every threshold gives another one.",
            f"Name the threshold: .at(0.4).estimate({str(query)!r}).",
        )
    if query.metric.of == "ranks":
        raise NotKept(
            f"{str(query)!r} needs a score for each of several classes.",
            "Here are the scores of one class against the rest.",
            "Ask the multiclass evaluation.",
        )
    if query.average or (query.label is not None and tally.labels.index(query.label) != tally.labels.positive):
        raise NotKept(
            f"{str(query)!r} asks beyond one ranking.",
            f"These scores rank rows by {tally.labels.positive_name!r} alone.",
            f"Type {str(replace(query, label=None, average=None))!r}.",
        )
    tally = tally.weighty().ranked()
    value = asked(query.metric, tally, *query.args)
    room = calibration if query.metric.kind == "calibration" else scores
    found = room.interval(query, tally, value, level, method, seed)
    rows = tally.positives + tally.negatives
    answer = _answer(query, value, float(found.low), float(found.high), rows, str(found.method), level)
    answer = replace(answer, expected=found.expected)
    return certified(answer, certificate(query.metric, tally, *query.args), query.metric)


def _of_moments(moments: Moments, query: Query, level: float, method: str | None) -> Estimate:
    if query.metric.of != "moments" or query.label is not None or query.average or method not in (None, "normal"):
        raise NotKept(
            f"Moments of a loss cannot answer {str(query)!r}.",
            "They hold the mean and the variance of one loss over all rows.",
            "Type log_loss, brier or brier_sum.",
        )
    value, found = scores.of_moments(query.metric.name, moments, level)
    return _answer(query, value, float(found.low), float(found.high), moments.n, str(found.method), level)


def _of_ranks(ranks: Ranks, query: Query, level: float, method: str | None) -> Estimate:
    if query.metric.of != "ranks" or query.label is not None or query.average:
        raise NotKept(
            f"Ranks cannot answer {str(query)!r}.",
            "They hold the place of the true class among the scores, of all rows together.",
            "Type top_k_accuracy(5) or mean_reciprocal_rank.",
        )
    return of_ranks(query, ranks, level, method)


def _of_group(group: Grouped[Any], query: Query, level: float, method: str | None, seed: int) -> Estimate:
    plain = replace(query, label=None, average=None)
    if query.label is not None:
        one = estimate(group[query.label], plain, level=level, method=method, seed=seed)
        return replace(one, name=str(query))
    if not query.average:
        _several(query, str(next(iter(group), "dog")), f"there are {len(group)} of them")
    rows = max((member.total for member in group.values()), default=0)
    if query.average == "micro":
        return _pooled(group, query, rows, level)
    apart = groups.apart(level, len(group)) if query.average == "worst" else level
    members = estimates(group, plain, level=apart, method=method, seed=seed)
    if query.average == "worst":
        return groups.worst(query, members, rows, level)
    return groups.mean(query, group, members, rows, level)


def _pooled(group: Grouped[Any], query: Query, rows: int, level: float) -> Estimate:
    if query.metric.of == "scores" and group.kind in ("class", "label") and len(group):
        one = estimate(groups.pooled(group), replace(query, average=None), level=level)
        return replace(one, name=str(query), n=rows)
    matrices = [member for member in group.values() if isinstance(member, ConfusionMatrix)]
    if len(matrices) < len(group) or not matrices or query.metric.of != "counts":
        raise NotKept(
            f"{str(query)!r} would pool scores of several rankings.",
            "They need not be on one scale.",
            f"Type {str(replace(query, average='macro'))!r}.",
        )
    sample = Sample.stacked([_positive_against_rest(cm, query) for cm in matrices])
    value, found = counts.pooled_interval(counts.of_class(query.metric, *query.args), sample, level)
    return _answer(query, float(value), float(found.low), float(found.high), rows, str(found.method), level)


def _positive_against_rest(cm: ConfusionMatrix, query: Query) -> Sample:
    place = cm.labels.require_positive(str(query))
    return sample_of(cm).each(lambda c: against_rest(c, place))
