"""The threshold with the least total, where each row has costs of its own that the pass summed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.decide.luck import FOLDS, folds, grouped, mean_of, middle, of_others, resampled, splits, with_rows
from unconfused.decide.point import Infeasible, OperatingPoint
from unconfused.decide.problem import Problem
from unconfused.decide.question import Question
from unconfused.decide.sweep import Sweep, sample_at, taken, thresholds_of
from unconfused.errors import NotKept, UsageError
from unconfused.inference import Estimate
from unconfused.inference.counts import Reading
from unconfused.inference.delta import Sample
from unconfused.inference.intervals import effective, held, student, wilson
from unconfused.metrics.catalogue import ratio
from unconfused.tally.cells import Array
from unconfused.tally.moments import Moments
from unconfused.tally.row_costs import RowCosts
from unconfused.tally.scores import ScoreTally

BY_ROW = "row"
NAME = "expected_cost"


def kept_costs(cost: str, costs: RowCosts | None) -> RowCosts:
    """The costs of the rows, where the pass summed them.

    Raises:
        UsageError: another word than "row".
        NotKept: it did not.
    """
    if cost != BY_ROW:
        raise UsageError(
            f"cost={cost!r} is not known.",
            fix='Type cost={"fp": 1, "fn": 10}, or cost="row" for the costs that row_cost= gave each row.',
        )
    if costs is None:
        raise NotKept(
            'cost="row" asks for the costs of each row, and none were summed.',
            "Only the pass sees them; a view at a prevalence leaves them out.",
            'Evaluate with row_cost={"fp": review_cost, "fn": amount}, or type cost={"fp": 1, "fn": 10}.',
        )
    return costs


@dataclass(frozen=True)
class Priced(Sweep):
    """A sweep with what all rows cost at each place.    ``totals``, ``gross`` (U + 1,): Σwc and Σ|Σwc|; ``n``: Σw."""

    totals: Array
    gross: Array
    n: float

    @classmethod
    def at(cls, tally: ScoreTally, costs: RowCosts, full: NDArray[Any] | None = None) -> Priced:
        """Every threshold of a tally, its costs cell by cell; ``full`` says how many rows stand there instead.

        The costs of a cell go with its rows, in proportion.
        """
        rows = tally if full is None else with_rows(tally, full)
        share = np.nan_to_num(ratio(rows.full[:, :2], costs.full).value)
        base = Sweep.of(rows)
        sums = costs.sums[..., 0].reshape(-1, 2, 2) * share[..., None]  # cell, truth, called
        n = float((costs.masses[..., 0] * share).sum())
        return cls(base.thresholds, base.sample, _added(sums.sum(1)), _added(np.abs(sums).sum(1)), n)


def _added(sums: Array) -> Array:
    """At every place what the cells above cost called positive, and the rest not.    Shape: (U + 1, 2) → (U + 1,)."""
    none = np.zeros(1)
    called = np.concatenate([none, np.cumsum(sums[:0:-1, 1])])
    total: Array = called + np.cumsum(sums[:, 0])[::-1]
    return total


@dataclass(frozen=True)
class ByRow(Problem):
    """The least total of the rows' own costs, within the conditions of a problem."""

    @property
    def words(self) -> str:
        """The problem in words."""
        return super().words.replace(f"lowest {NAME}", "lowest expected cost (row by row)", 1)

    def values(self, sweep: Sweep) -> Array:
        """The mean cost of a row at every place."""
        assert isinstance(sweep, Priced)
        return ratio(sweep.totals, np.full(1, sweep.n)).value

    def size(self, sweep: Sweep, place: int, value: float) -> float:
        """The size of what was added up."""
        assert isinstance(sweep, Priced)
        return float(sweep.gross[place]) / sweep.n if sweep.n else 0.0


def choose_by_row(
    tally: ScoreTally, costs: RowCosts, stated: Mapping[str, Any], seed: int
) -> OperatingPoint | Infeasible:
    """The threshold at which the rows cost least together; ``stated`` are the conditions, as `Problem.of` takes them.

    Raises:
        UsageError: another objective beside it.
    """
    if stated["maximize"] is not None or stated["minimize"] is not None:
        raise UsageError("cost= was given, and another objective.", "A threshold is best for one of them.")
    conditions = (stated[x] for x in ("where", "level", "guarantee", "queue"))
    asked = Problem.of(tally.labels, None, None, "error_rate", *conditions)  # a goal that stands in for the costs
    goal = Question(NAME, lambda c: Reading(lambda x: np.zeros(x.n.shape[:-1]), (-math.inf, math.inf), "delta"))
    problem = ByRow(goal, -1.0, asked.requirements, asked.level, None, asked.guarantee, asked.queue, asked.filling)
    tally = _matched(tally, costs)
    sweep = Priced.at(tally, costs)
    problem.check_rows(sweep)
    course = problem.course(sweep)
    place = problem.best(sweep, course)
    if place is None:
        return problem.infeasible(sweep)
    sample, level = taken(sweep.sample, place), problem.level
    apparent = _estimate(sweep, costs, place, level)
    coarse = grouped(tally)
    few = costs if coarse is tally else costs.merged(np.searchsorted(tally.scores, coarse.scores))
    value, pooled = _crossfitted(coarse, few, problem, np.random.default_rng([seed, 1]))
    groups = "" if coarse is tally else f" in {len(coarse.scores):,} groups of scores"
    how = f"{FOLDS}-fold split of the counts{groups}, the costs of a score shared by its rows, seed {seed}"
    questions = [requirement.question for requirement in problem.requirements]
    return OperatingPoint(
        threshold=float(sweep.thresholds[place]),
        matrix=tally.at(float(sweep.thresholds[place])),
        objective=problem.words,
        expected_cost=apparent,
        apparent=apparent,
        corrected=_moved(apparent, value, how),
        theory=None,
        spread=_spread(coarse, few, problem, np.random.default_rng([seed, 2])),
        achieved=tuple(question.estimate(sample, level) for question in questions),
        achieved_corrected=tuple(of_others(question, pooled, level, how) for question in questions),
        merged=int(np.isnan(sweep.thresholds[1:]).sum()),
        seed=seed,
        course=course,
        queue=None if problem.queue is None else problem.queue.filled(sweep, place, tally.binned),
    )


def _matched(tally: ScoreTally, costs: RowCosts) -> ScoreTally:
    """The tally with the cells of its costs: what was looked at again is put together."""
    if len(tally.scores) == len(costs.scores):
        return tally
    return tally.merged(np.searchsorted(tally.scores, costs.scores))


def _estimate(sweep: Priced, costs: RowCosts, place: int, level: float) -> Estimate:
    """The mean cost of a row at a place, from the mean and variance of the rows' costs."""
    cut = len(costs.scores) + 1 - place  # row 0 and the cells below are not called positive
    sums = costs.sums.reshape(-1, 2, 2, 3)
    first, second, third = sums[:cut, :, 0].sum((0, 1)) + sums[cut:, :, 1].sum((0, 1))
    (w, w2), n = costs.masses.sum((0, 1)), costs.total
    found = Moments(n, np.array([[w, first, math.nan], [w2, second, third]]))
    value, error, worth = float(ratio(sweep.totals[place], w).value), found.standard_error, float(effective(w, w2))
    if error > 1e-9 * abs(value):
        half = student(level, worth - 1) * error
        ends, words = (value - half, value + half), "Student's t on the mean and variance of the rows' costs"
    else:
        each = ratio(costs.sums[..., 0].sum(0), np.repeat(costs.masses[..., 0].sum(0), 2)).value
        least, most = min(value, *each[~np.isnan(each)]), max(value, *each[~np.isnan(each)])
        low, high = wilson(ratio(value - least, most - least).value * worth, np.asarray(worth), level)
        ends = (float(least + (most - least) * low), float(least + (most - least) * high))
        words = "Wilson on the place between the mean costs of the cells, since the rows show no spread"
    low, high = held(np.asarray(value), (np.asarray(ends[0]), np.asarray(ends[1])), (-math.inf, math.inf))
    return Estimate(value, float(low), float(high), level, words, n, name=NAME)


def _crossfitted(
    tally: ScoreTally, costs: RowCosts, problem: Problem, rng: np.random.Generator
) -> tuple[float, Sample | None]:
    """The mean cost of rows under the threshold that others choose, and their table."""
    total, n, parts = 0.0, 0.0, []
    for out in folds(tally, rng):
        chosen = problem.best(Priced.at(tally, costs, tally.full - out))
        if chosen is not None:
            judged = Priced.at(tally, costs, out)
            total, n = total + float(judged.totals[chosen]), n + judged.n
            parts.append(sample_at(with_rows(tally, out), chosen))
    return float(ratio(total, n).value), mean_of(parts, splits(tally))


def _spread(tally: ScoreTally, costs: RowCosts, problem: Problem, rng: np.random.Generator) -> tuple[float, float]:
    thresholds, chosen = thresholds_of(tally), []
    for drawn in resampled(tally, rng):
        place = problem.best(Priced.at(tally, costs, drawn))
        if place is not None:
            chosen.append(float(thresholds[place]))
    return middle(chosen, problem.level)


def _moved(apparent: Estimate, value: float, how: str) -> Estimate:
    """A value on other rows, as wide as on these."""
    if math.isnan(value):
        reason = "nine tenths of the rows allow no threshold"
        return Estimate(value, value, value, apparent.level, how, reason=reason, name=NAME)
    method = f"as wide as on the rows that chose it, on a {how}"
    shift = value - apparent.value
    return replace(apparent, value=value, low=apparent.low + shift, high=apparent.high + shift, method=method)
