"""How sure a metric of counts is: which interval answers which question.

| what is asked | interval |
|---|---|
| a proportion | Wilson, on Kish's effective rows if weighted |
| F1, Dice | that of the Jaccard, carried over |
| informedness, markedness, G-mean; balanced accuracy and any macro average over disjoint rows, of two classes | square-and-add |
| the latter of more classes | the outer ends of square-and-add and of Wilson on the rows that the mean is worth: one fails when many classes, the other when one rare class decides |
| a micro or weighted average in [0, 1] | Wilson on the rows that the delta method finds it to be worth |
| the worst of m classes | each class's own interval at level 1 - α/m |
| anything else | the delta method on the logit, Fisher's z or log scale |

Mutual information that chance alone comes to, by the χ² of its G statistic, has an interval that starts at 0.
The delta method is for many rows: with fewer than 100, or an empty cell in a 2x2, or no spread to see at all, the middle
of the Dirichlet posterior takes its place, out to the value should it leave that out.

In a view at a prevalence the size of each class is no sample. What the prevalence does not move (recall, specificity, and
what is made of them) keeps its interval; anything else has the delta method's, or the posterior's, within the classes.
"""  # noqa: E501

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import NotKept, UsageError
from unconfused.inference.delta import Sample, by_cell, by_class, smoothed, spread, standard_error, table_of
from unconfused.inference.intervals import (
    PROPORTION,
    Bounds,
    Interval,
    chi_square,
    effective,
    held,
    of_mean,
    of_ratio,
    on_scale,
    quantile,
    scale_name,
    square_and_add,
)
from unconfused.inference.resample import DRAWS, accelerated, percentiles, posterior, replicates, resampled_sparse
from unconfused.metrics.average import AVERAGES
from unconfused.metrics.catalogue import (
    Argument,
    Blend,
    Chance,
    Form,
    Metric,
    Ratio,
    find,
    mean_of_defined,
    ratio,
    value_of,
    within,
)
from unconfused.metrics.language import Query
from unconfused.tally.cells import Array, Cells
from unconfused.tally.sparse import Sparse

OF_ANYTHING = ("delta", "posterior", "bootstrap", "bca")
METHODS = (*PROPORTION, *OF_ANYTHING)
OUTER = "the outer ends of square-and-add and of the mean on the rows it is worth, each"
CHANCE = "from 0, since chance alone comes to as much by the χ² of the G statistic"
SMOOTHED = ", one row spread over the table since an empty cell left no spread"
AVERAGED = {"mean_iou": ("jaccard", "macro"), "frequency_weighted_iou": ("jaccard", "weighted")}
"""Overall metrics that are an average over the classes."""
UNSPREAD = "Wilson on the rows that a mean over the classes is worth, since the rows show no spread"
SET = "set by the prevalence, not estimated"
LARGE = 64
"""Seats beyond which no posterior of all cells is drawn."""
MANY = 100
"""Rows from which the delta method is trusted with a 2x2 that has no empty cell."""

Words: TypeAlias = "str | NDArray[np.str_]"
Rule = Literal["proportion", "combination", "average", "count", "delta"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One question put to tables: the form of the answer, its range, and the rule for its interval."""

    form: Callable[[Cells], Form]
    range: tuple[float, float]
    rule: Rule
    slopes: Callable[[Cells], Array] | None = None
    chance: Chance | None = None

    @classmethod
    def of_form(cls, form: Callable[[Cells], Form]) -> Callable[[Cells], Reading]:
        """A proportion that is no metric of the catalogue, for any table."""
        return lambda c: cls(form, (0.0, 1.0), "proportion")

    def value(self, c: Cells) -> Array:
        """The answer.    Shape: (...)."""
        return within(value_of(self.form(c)), self.range)

    def rows(self, c: Cells) -> Array:
        """Rows that the answer rests on: of a proportion those of its denominator.    Shape: (...)."""
        form = self.form(c) if self.rule == "proportion" else None
        return form.den if isinstance(form, Ratio) else np.broadcast_to(c.n[..., 0], self.value(c).shape)


def of_table(metric: Metric, *args: Argument) -> Reading:
    """An overall metric, of the table as it stands."""
    known = metric.slopes
    slopes = None if known is None else lambda c: known(c, *args)
    if known is None and metric.name in AVERAGED:
        mean, average = AVERAGED[metric.name]
        slopes = _slopes_of_average(find(mean), (), average)
    return Reading(lambda c: metric.form(c, *args), metric.range, _rule(metric), slopes, metric.chance)


def _slopes_of_average(metric: Metric, args: tuple[Argument, ...], average: str) -> Callable[[Cells], Array]:
    read = of_class(metric, *args)
    return lambda c: by_class(lambda two: value_of(read.form(two)), average, c)


def of_class(metric: Metric, *args: Argument) -> Reading:
    """A metric of the last class of 2x2 tables."""

    def last(c: Cells) -> Form:
        form = metric.form(c, *args)
        if not metric.per_class:
            return form
        return form.at(1) if isinstance(form, Ratio | Blend) else form[..., 1]

    return Reading(last, metric.range, _rule(metric), chance=metric.chance)


def of_average(query: Query, c: Cells) -> Reading:
    """An average over the classes of one table; ``c`` shows whether the classes rest on rows of their own."""
    metric, args = query.metric, query.args
    read: Callable[[Cells], Form] = AVERAGES[str(query.average)](metric, *args)
    rule: Rule = "count" if metric.kind == "count" else "delta"
    if query.average == "macro" and _on_disjoint_rows(metric, args, c):
        return Reading(lambda c: _mean_of_classes(metric.form(c, *args)), metric.range, "combination")
    if query.average != "macro" and metric.range == (0.0, 1.0):
        rule = "average"
    return Reading(read, metric.range, rule, _slopes_of_average(metric, args, str(query.average)))


def interval(reading: Reading, sample: Sample, level: float, method: str | None = None, seed: int = 0) -> Interval:
    """The interval of a reading of every table in a stack.    Shape: (...)."""
    value = reading.value(sample.counts)
    if reading.rule == "count":
        return Interval(value, value, "counted, not estimated")
    if sample.fixed and _moved(reading, sample.counts):
        reading = replace(reading, rule="delta")
    bounds, name = _bounds(reading, sample, value, level, _checked(reading, method), seed)
    return Interval(*held(value, bounds, reading.range), name)


def pooled_interval(reading: Reading, sample: Sample, level: float) -> tuple[Array, Interval]:
    """The sum of a stack of tables whose rows may be the same rows: the spreads of the tables are added."""
    value, bounds = _spreads_added(reading, sample, level)
    name = f"delta method on {scale_name(reading.range)}, spreads of the labels added"
    if _flat(value, bounds):
        bounds, name = _spreads_added(reading, smoothed(sample), level)[1], name + SMOOTHED
    return value, Interval(*held(value, bounds, reading.range), name)


def _spreads_added(reading: Reading, sample: Sample, level: float) -> tuple[Array, Bounds]:
    pooled = Cells.of_table(table_of(sample.counts).sum(0), sample.counts.k)
    value = reading.value(pooled)
    error = spread(by_cell(reading.value, pooled), sample).sum(0)
    return value, on_scale(value, error, reading.range, quantile(level))


def _flat(value: Array, bounds: Bounds) -> NDArray[np.bool_]:
    """Where a value is defined and its interval is not, or has no width but that of rounding."""
    low, high = bounds
    flat: NDArray[np.bool_] = ~(high - low > 1e-9 * np.abs(value) + 1e-15) & ~np.isnan(value)
    return flat


def _on_disjoint_rows(metric: Metric, args: tuple[Argument, ...], c: Cells) -> bool:
    """Whether the classes' proportions rest on rows of their own, as recall and precision do."""
    form = metric.form(c, *args) if metric.per_class and metric.kind == "proportion" else None
    return isinstance(form, Ratio) and bool(np.broadcast_to(form.den, c.tp.shape).sum() <= c.n.sum() * (1 + 1e-9))


def _rule(metric: Metric) -> Rule:
    kind = metric.kind
    return kind if kind in ("proportion", "combination", "count") else "delta"


def _mean_of_classes(form: Form) -> Blend:
    assert isinstance(form, Ratio)
    return Blend(form, mean_of_defined)


def _checked(reading: Reading, method: str | None) -> str:
    if method is None:
        return "usual" if reading.rule == "delta" else "wilson"
    allowed = OF_ANYTHING if reading.rule == "delta" else METHODS
    if method not in allowed:
        raise UsageError(
            f"method={method!r} does not give an interval for this metric.",
            "It is no proportion." if method in METHODS else "",
            f"Type one of {', '.join(map(repr, allowed))}, or leave method= out.",
        )
    return method


def _bounds(
    reading: Reading, sample: Sample, value: Array, level: float, method: str, seed: int
) -> tuple[Bounds, Words]:
    if method in ("bootstrap", "bca"):
        return _bootstrap(reading, sample, level, seed, percentiles if method == "bootstrap" else accelerated)
    if method == "posterior":
        return _posterior(reading, sample, ..., level, seed)
    if method in ("usual", "delta"):
        return _delta(reading, sample, value, level, seed, few=method == "usual")
    name, by = PROPORTION[method]
    if reading.rule == "average":
        worth = _worth(reading, sample, value)
        return by(value * worth, worth, level), f"{name} on the rows that its delta-method variance is worth"
    form, squares = reading.form(sample.counts), reading.form(sample.squares)
    if isinstance(form, Ratio) and isinstance(squares, Ratio):
        kish = "" if not sample.weighted else ", Kish's effective rows"
        return of_ratio(form, squares, level, by), name + kish
    assert isinstance(form, Blend)
    assert isinstance(squares, Blend)
    added, seats = square_and_add(form, squares, level, by), form.parts.den.shape[-1]
    if seats <= 2:
        return added, f"square-and-add of {name}" if seats > 1 else f"{name}, carried over"
    many = np.sum(form.parts.den > 0, -1) > 2
    (low, high), (worth_low, worth_high) = added, of_mean(form, squares, level, by)
    low, high = (np.where(many, np.fmin(low, worth_low), low), np.where(many, np.fmax(high, worth_high), high))
    return (low, high), np.where(many, f"{OUTER} of {name}", f"square-and-add of {name}")


def _worth(reading: Reading, sample: Sample, value: Array) -> Array:
    """Independent rows that an average is worth: p (1 - p) / variance, or Kish's where it has no variance."""
    variance = standard_error(reading.value, sample, reading.slopes) ** 2
    worth = ratio(value * (1 - value), variance).value
    flat = ~(variance > 1e-18 * value**2) | ~(worth > 0)
    return np.where(flat, _kish(sample), worth)


def _kish(sample: Sample) -> Array:
    return effective(sample.counts.n[..., 0], sample.squares.n[..., 0])


def _delta(reading: Reading, sample: Sample, value: Array, level: float, seed: int, few: bool) -> tuple[Bounds, Words]:
    try:
        low, high = _on_scale(reading, sample, level)
    except NotKept:  # reads every cell of a table that has too many
        return _bootstrap(reading, sample, level, seed)
    name: Words = f"delta method on {scale_name(reading.range)}"
    flat, near = _flat(value, (low, high)), np.zeros(value.shape, bool)
    if reading.chance is not None:
        near, ends = _by_chance(reading.chance, sample, value, level)
        low, high = (np.where(near, end, old) for end, old in zip(ends, (low, high), strict=True))
        flat, name = flat & ~near, np.where(near, CHANCE, name)
    if isinstance(sample.counts.table, Sparse) or sample.counts.rows.shape[-1] > LARGE:  # too many cells to draw
        few_ends = _unspread(reading, sample, value, level)
        low, high = (np.where(flat, end, old) for end, old in zip(few_ends, (low, high), strict=True))
        return (low, high), np.where(flat, UNSPREAD, name)
    unsure = flat | (_few(sample) & ~np.isnan(value) & ~near if few else False)
    if not unsure.any():
        return (low, high), name
    (lows, highs), words = _posterior(reading, sample, unsure, level, seed)
    low, high = (np.array(np.broadcast_to(end, value.shape)) for end in (low, high))
    low[unsure], high[unsure] = lows, highs
    name = np.where(unsure, words, name)
    if sample.fixed and (constant := _flat(value, (low, high))).any():
        low, high, name = (np.where(constant, x, y) for x, y in ((value, low), (value, high), (SET, name)))
    return (low, high), name


def _unspread(reading: Reading, sample: Sample, value: Array, level: float) -> Bounds:
    """Wilson on the value's place in the range, of m² / Σ 1/n rows over the m classes that have any."""
    least, most = reading.range
    rows = effective(sample.counts.support, sample.squares.support)
    worth = ratio(np.sum(rows > 0, -1) ** 2, np.nansum(1 / rows, -1)).value
    if np.isinf(most):
        return np.full_like(value, least), np.full_like(value, most)
    place = (value - least) / (most - least)
    low, high = PROPORTION["wilson"][1](place * worth, worth, level)
    return least + (most - least) * low, least + (most - least) * high


def _few(sample: Sample) -> NDArray[np.bool_]:
    """Whether a table holds too few rows for the delta method, or a 2x2 has an empty cell.    Shape: (...)."""
    table, rows = table_of(sample.rows), sample.rows.n[..., 0] if sample.fixed else _kish(sample)
    least = table.min((-2, -1)) if table.shape[-1] == 2 else np.full(table.shape[:-2], np.inf)
    few: NDArray[np.bool_] = (least < (10 if sample.fixed else 1)) | (rows < MANY)
    return few


def _posterior(reading: Reading, sample: Sample, places: Any, level: float, seed: int) -> tuple[Bounds, str]:
    """The middle of the posterior of some tables of a stack."""
    some = sample.each(lambda c: Cells.of_table(table_of(c)[places], c.k))
    name = "posterior of the shares in each class" if sample.fixed else "Dirichlet posterior of the shares"
    return posterior(reading.value, some, level, seed), f"{name}, {DRAWS} draws, seed {seed}"


def _moved(reading: Reading, c: Cells) -> bool:
    """Whether a question has another answer where the classes come in other shares, by the example of one table."""
    seats = table_of(c).shape[-1]
    table = np.sqrt(np.arange(2.0, 2 + seats**2)).reshape(seats, seats)
    table[c.k :] = 0
    before, after = (
        float(reading.value(Cells.of_table(x, c.k))) for x in (table, table * [[2.0], *[[1.0]] * (seats - 1)])
    )
    return not math.isclose(before, after, rel_tol=1e-9)


def _by_chance(chance: Chance, sample: Sample, value: Array, level: float) -> tuple[NDArray[np.bool_], Bounds]:
    """Where a value is no more than chance alone comes to, c = factor · χ² / n, and [0, (√value + √c)²] there.

    The root of the G statistic moves up by about that of what it is about.
    """
    factor, freedom = chance(sample.counts)
    top = factor * chi_square(level, freedom) / _kish(sample)
    return value <= top, (np.zeros_like(value), (np.sqrt(value) + np.sqrt(top)) ** 2)


def _on_scale(reading: Reading, sample: Sample, level: float) -> Bounds:
    error = standard_error(reading.value, sample, reading.slopes)
    return on_scale(reading.value(sample.counts), error, reading.range, quantile(level))


def _bootstrap(
    reading: Reading, sample: Sample, level: float, seed: int, ends: Callable[..., tuple[float, float]] = percentiles
) -> tuple[Bounds, Words]:
    if isinstance(sample.counts.table, Sparse) and ends is not percentiles:
        raise NotKept(
            f"There are {sample.counts.table.shape[-1]:,} classes.", "BCa leaves out a row of every cell in turn.",
            'Type method="bootstrap".',
        )  # fmt: skip
    if isinstance(sample.counts.table, Sparse):
        repeats = replicates(sample.counts.table.size)
        return resampled_sparse(reading.value, sample, level, seed), f"bootstrap, {repeats} replicates, seed {seed}"
    table = table_of(sample.counts)
    words_for = "bootstrap" if ends is percentiles else "BCa bootstrap"
    name = f"{words_for}, {replicates(table.shape[-1] ** 2)} replicates, seed {seed}"
    stack = table.shape[:-2]
    low, high, words = np.empty(stack), np.empty(stack), np.full(stack, name + SMOOTHED)
    for place in np.ndindex(stack):
        one = sample.each(lambda c, at=place: Cells.of_table(table_of(c)[at], c.k))  # type: ignore[misc]
        low[place], high[place] = ends(reading.value, one, level, seed)
        if not _flat(high[place], (low[place], high[place])):
            words[place] = name
        else:
            low[place], high[place] = ends(reading.value, smoothed(one), level, seed)
    return (low, high), words
