"""A decision problem: what is optimised over the thresholds, and within which conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from unconfused.decide.costs import Costs
from unconfused.decide.point import Infeasible
from unconfused.decide.sweep import Sweep, threshold_of
from unconfused.errors import UsageError
from unconfused.inference import Estimate
from unconfused.inference.counts import Reading, interval, of_average, of_class, of_table
from unconfused.inference.delta import Sample
from unconfused.metrics.language import Condition, Query, parse, parse_conditions
from unconfused.tally.cells import Array, Cells
from unconfused.tally.scores import ScoreTally


@dataclass(frozen=True)
class Problem:
    """What is optimised, and within which conditions."""

    costs: Costs | None
    query: Query | None
    sign: float
    conditions: tuple[Condition, ...]
    level: float

    @classmethod
    def of(
        cls, cost: Mapping[str, float] | None, metric: str | None, lowest: bool, where: str | None, level: float
    ) -> Problem:
        conditions = tuple(parse_conditions(where)) if where else ()
        query = None if metric is None else parse(metric)
        for asked in (*([query] if query else []), *(condition.query for condition in conditions)):
            if asked.metric.of != "counts" or asked.label is not None:
                raise UsageError(
                    f"{str(asked)!r} does not depend on the threshold of one class.",
                    fix="Name a metric of decisions, such as recall, precision, f1 or predicted_prevalence.",
                )
        costs = None if cost is None else Costs.of(cost)
        return cls(costs, query, -1.0 if lowest or costs else 1.0, conditions, level)

    @property
    def words(self) -> str:
        goal = "lowest expected cost" if self.costs else f"{'highest' if self.sign > 0 else 'lowest'} {self.query}"
        return goal + (f" where {' and '.join(map(str, self.conditions))}" if self.conditions else "")

    def values(self, sample: Sample) -> Array:
        """The objective at every threshold, larger being better."""
        if self.costs:
            return -self.costs.per_row(sample.counts)
        assert self.query is not None
        return self.sign * _picked(self.query, sample, self.level)

    def allowed(self, sample: Sample) -> NDArray[np.bool_]:
        """Where every condition holds; an undefined value satisfies none."""
        allowed = np.ones(sample.counts.n.shape[:-1], bool)
        for condition in self.conditions:
            allowed &= condition.satisfied(_picked(condition.query, sample, self.level))
        return allowed

    def best(self, sweep: Sweep) -> int | None:
        """The place of the best threshold; among equals the one with the fewest alarms."""
        values = np.where(self.allowed(sweep.sample), self.values(sweep.sample), np.nan)
        if np.isnan(values).all():
            return None
        top = np.nanmax(values)
        return int(np.flatnonzero(values >= top - 1e-12 * abs(top))[0])

    def estimate(self, sample: Sample) -> Estimate:
        """The objective with its interval."""
        if self.costs:
            return self.costs.estimate(sample, self.level)
        assert self.query is not None
        return answer(self.query, sample, self.level)

    def infeasible(self, tally: ScoreTally, sweep: Sweep) -> Infeasible:
        """The condition that fails, and the threshold that comes nearest to it."""
        for condition in self.conditions:
            values = _picked(condition.query, sweep.sample, self.level)
            if np.isnan(values).all() or condition.satisfied(values).any():
                continue
            place = int(np.nanargmax(values if condition.op in (">=", ">") else -values))
            reached = answer(condition.query, sweep.at(place), self.level)
            threshold = threshold_of(tally, sweep.cuts[place])
            best = f"{condition.query} gets no better than {values[place]:.4g}, at threshold {threshold:.6g}"
            return Infeasible(f"No threshold satisfies {condition}: {best}.", threshold, reached)
        together = " and ".join(map(str, self.conditions)) or f"a defined {self.query}"
        values = self.values(sweep.sample)
        place = 0 if np.isnan(values).all() else int(np.nanargmax(values))
        reached = self.estimate(sweep.at(place))
        threshold = threshold_of(tally, sweep.cuts[place])
        reason = f"No threshold satisfies {together} at once, though each can be met alone."
        return Infeasible(reason, threshold, reached)


def _reading(query: Query, c: Cells) -> Reading:
    if query.average:
        return of_average(query, c)
    return of_class(query.metric, *query.args) if query.metric.per_class else of_table(query.metric, *query.args)


def _picked(query: Query, sample: Sample, level: float) -> Array:
    """The metric, or the end of its interval, at every threshold."""
    reading = _reading(query, sample.counts)
    if query.bound is None:
        return reading.value(sample.counts)
    found = interval(reading, sample, level)
    return found.low if query.bound == "low" else found.high


def answer(query: Query, sample: Sample, level: float) -> Estimate:
    reading = _reading(query, sample.counts)
    value, found = reading.value(sample.counts), interval(reading, sample, level)
    reason = query.metric.undefined if np.isnan(value) else None
    return Estimate(
        float(value), float(found.low), float(found.high), level, str(found.method), int(reading.rows(sample.rows)),
        reason=reason, name=str(replace(query, bound=None)),
    )  # fmt: skip
