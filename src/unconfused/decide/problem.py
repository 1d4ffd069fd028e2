"""A decision problem: what is optimised over the thresholds, and within which conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unconfused.decide.costs import CellCosts
from unconfused.decide.guarantee import check_guarantee, check_rows, surely
from unconfused.decide.point import Course, Infeasible
from unconfused.decide.question import Question
from unconfused.decide.queue import Queue
from unconfused.decide.sweep import Sweep, taken
from unconfused.errors import UsageError
from unconfused.labels import Labels
from unconfused.metrics.language import Condition, parse, parse_conditions
from unconfused.tally.cells import Array
from unconfused.tally.rules import Costs as Table

TIE = 2.0**-46
"""Objectives are equal when they differ by less than this share of what was added up: the rounding of sums."""


@dataclass(frozen=True)
class Requirement:
    """A condition, and the question in it."""

    condition: Condition
    question: Question

    def nearest(self, values: Array) -> int:
        """The place whose value comes nearest to the condition; NaN never does."""
        match self.condition.op:
            case ">=" | ">":
                return int(np.nanargmax(values))
            case "<=" | "<":
                return int(np.nanargmin(values))
        return int(np.nanargmin(np.abs(values - self.condition.value)))


@dataclass(frozen=True)
class Problem:
    """What is optimised, and within which conditions.    ``sign``: 1 where more is better, -1 where less is."""

    goal: Question
    sign: float
    requirements: tuple[Requirement, ...]
    level: float
    costs: CellCosts | None = None
    guarantee: float | None = None
    queue: Queue | None = None
    filling: Question | None = None

    @classmethod
    def of(
        cls,
        labels: Labels,
        cost: Mapping[str, float] | Table | None,
        maximize: str | None,
        minimize: str | None,
        where: str | None,
        level: float,
        guarantee: float | None = None,
        queue: Queue | None = None,
    ) -> Problem:
        """Read what was asked for.

        Raises:
            UsageError: not exactly one objective, costs that are none, a metric that no threshold changes.
        """
        given = sum(x is not None for x in (cost, maximize, minimize))
        if given != 1:
            raise UsageError(
                f"{given or 'No'} objectives were given.",
                "A threshold is best for one of them.",
                'Type one of cost={"fp": 1, "fn": 10}, maximize="recall", minimize="fpr".',
            )
        conditions = [] if where is None else parse_conditions(where)
        requirements = tuple(Requirement(x, Question.of_query(x.query, labels)) for x in conditions)
        if guarantee is not None:
            check_guarantee(guarantee, conditions)
        filling = None if queue is None else Question.of_query(parse("predicted_prevalence"), labels)
        if cost is not None:
            costs = CellCosts.of_table(cost, labels) if isinstance(cost, Table) else CellCosts.of(cost)
            return cls(Question.of_costs(costs), -1.0, requirements, level, costs, guarantee, queue, filling)
        goal = Question.of_query(parse(str(maximize if minimize is None else minimize)), labels)
        return cls(
            goal,
            1.0 if minimize is None else -1.0,
            requirements,
            level,
            guarantee=guarantee,
            queue=queue,
            filling=filling,
        )

    @property
    def words(self) -> str:
        """The problem in words: "highest recall where precision >= 0.9"."""
        name = self.goal.name if self.goal.bound is None else f"{self.goal.name}.{self.goal.bound}"
        goal = f"{'highest' if self.sign > 0 else 'lowest'} {name}"
        if self.costs:
            goal = f"lowest expected cost ({self.costs})"
        conditions = " and ".join(str(x.condition) for x in self.requirements)
        sure = "" if self.guarantee is None else f" of the population with probability {self.guarantee:g}"
        told = f"{goal} where {conditions}{sure}" if conditions else goal
        return told if self.queue is None else f"{told}, {self.queue}"

    def course(self, sweep: Sweep) -> Course:
        """The objective at every place, and where the conditions hold; an undefined value satisfies none."""
        allowed = self._open(sweep)
        for requirement in self.requirements:
            allowed &= self.met(requirement, sweep)
        return Course(sweep.thresholds, self.values(sweep), allowed)

    def best(self, sweep: Sweep, course: Course | None = None) -> int | None:
        """The place of the best threshold, among equals the one with the fewest alarms; None where none is allowed.

        An undefined value is never the best.
        """
        course = self.course(sweep) if course is None else course
        values = np.where(course.met, self.sign * course.values, np.nan)
        if np.isnan(values).all():
            return None
        top = int(np.nanargmax(values))
        size = self.size(sweep, top, float(values[top]))
        return int(np.flatnonzero(values >= values[top] - TIE * size)[0])

    def check_rows(self, sweep: Sweep) -> None:
        """Refuse a guarantee that so many rows cannot give."""
        if self.guarantee is not None:
            for requirement in self.requirements:
                check_rows(requirement.condition, requirement.question, sweep.sample, self.guarantee)

    def values(self, sweep: Sweep) -> Array:
        """The objective at every place.    Shape: (T,)."""
        return self.goal.values(sweep.sample, self.level)

    def size(self, sweep: Sweep, place: int, value: float) -> float:
        """The size of what was added up to the objective at a place."""
        return self.costs.gross(taken(sweep.sample, place).counts) if self.costs else max(1.0, abs(value))

    def infeasible(self, sweep: Sweep) -> Infeasible:
        """The first condition that cannot be met, alone or beside those before it, and what comes nearest to it."""
        anywhere, held = self._open(sweep), ""
        if not anywhere.any():
            place = int(np.flatnonzero(~np.isnan(sweep.thresholds))[0])
            reason = f"No threshold keeps to {self.queue}: scores of inf alone are more."
            return self._unreached(reason, sweep, place, self.filling or self.goal)
        if self.queue is not None:
            held = str(self.queue)
        for requirement in self.requirements:
            if not (anywhere & self.met(requirement, sweep)).any():
                return self._short(requirement, sweep, anywhere, held and f"{held}, ")
        allowed = anywhere
        for requirement in self.requirements:
            both = allowed & self.met(requirement, sweep)
            if not both.any():
                return self._short(requirement, sweep, allowed, f"{held}, ")
            allowed, held = both, f"{held} and {requirement.condition}" if held else f"where {requirement.condition}"
        place = int(np.flatnonzero(allowed)[0])
        reason = f"{self.goal.name} is undefined ({self.goal.undefined}) at every threshold{held and f' {held}'}."
        return self._unreached(reason, sweep, place, self.goal)

    def _open(self, sweep: Sweep) -> NDArray[np.bool_]:
        """Places that have a threshold and fit into the queue."""
        there: NDArray[np.bool_] = ~np.isnan(sweep.thresholds)
        return there if self.queue is None else there & self.queue.fits(sweep.sample)

    def met(self, requirement: Requirement, sweep: Sweep) -> NDArray[np.bool_]:
        """At which places a condition holds."""
        if self.guarantee is not None:
            return surely(requirement.condition, requirement.question, sweep.sample, self.guarantee)
        values = requirement.question.values(sweep.sample, self.level)
        met: NDArray[np.bool_] = requirement.condition.satisfied(values)
        return met

    def _short(self, requirement: Requirement, sweep: Sweep, allowed: NDArray[np.bool_], held: str) -> Infeasible:
        condition, question = requirement.condition, requirement.question
        values = np.where(allowed, question.values(sweep.sample, self.level), np.nan)
        seen = f"No threshold satisfies {condition}: {held}"
        if np.isnan(values).all():
            place = int(np.flatnonzero(allowed)[0])
            reason = f"{seen}{condition.query} is undefined ({question.undefined})."
        else:
            place = requirement.nearest(values)
            near = f"at threshold {sweep.thresholds[place]:.6g}"
            reason = f"{seen}{condition.query} gets no nearer than {values[place]:.4g}, {near}."
            if self.guarantee is not None:  # what the rows show is not what the population does
                sure = f"with probability {self.guarantee:g} of the population"
                reason = f"{seen}{sure}. On these rows {condition.query} is {values[place]:.4g} at best, {near}."
        return self._unreached(reason, sweep, place, question)

    def _unreached(self, reason: str, sweep: Sweep, place: int, question: Question) -> Infeasible:
        reached = question.estimate(taken(sweep.sample, place), self.level)
        return Infeasible(reason, self.words, float(sweep.thresholds[place]), reached)
