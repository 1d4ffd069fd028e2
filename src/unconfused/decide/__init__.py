"""Decisions: the threshold that stated costs or constraints ask for, over every threshold there is.

Cells are summed once, from the largest score down, so each objective and each constraint is one vector expression.
Sources: Elkan 2001 (costs), Provost & Fawcett 2001 (all thresholds at once), Efron 1986 (optimism).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from unconfused.decide.costs import Costs
from unconfused.decide.luck import FOLDS, crossfitted, spread
from unconfused.decide.point import Infeasible, OperatingPoint
from unconfused.decide.problem import Problem, answer
from unconfused.decide.sweep import Sweep, threshold_of
from unconfused.errors import NotKept, UsageError
from unconfused.tally.scores import ScoreTally

__all__ = ["Costs", "Infeasible", "OperatingPoint", "choose"]


def choose(
    tally: ScoreTally,
    *,
    cost: Mapping[str, float] | None = None,
    maximize: str | None = None,
    minimize: str | None = None,
    where: str | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> OperatingPoint | Infeasible:
    """The best threshold over all of them; see `Evaluation.choose`."""
    if sum(x is not None for x in (cost, maximize, minimize)) != 1:
        raise UsageError(
            f"{sum(x is not None for x in (cost, maximize, minimize))} objectives were given.",
            "A threshold is best for one of them.",
            'Type one of cost={"fp": 1, "fn": 10}, maximize="recall", minimize="fpr".',
        )
    if not tally.positives or not tally.negatives:
        raise NotKept("One of the two classes has no row.", "No threshold can be judged without both.")
    problem = Problem.of(cost, maximize or minimize, minimize is not None, where, level)
    sweep = Sweep.of(tally)
    place = problem.best(sweep)
    if place is None:
        return problem.infeasible(tally, sweep)
    cut, sample = float(sweep.cuts[place]), sweep.at(place)
    threshold, apparent = threshold_of(tally, cut), problem.estimate(sample)
    pooled = crossfitted(tally, problem, np.random.default_rng([seed, 1]))
    return OperatingPoint(
        threshold=threshold,
        matrix=tally.at_cut(cut, f"score >= {threshold:.12g}"),
        objective=problem.words,
        expected_cost=apparent if problem.costs else None,
        apparent=apparent,
        corrected=replace(
            problem.estimate(pooled), method=f"{apparent.method}, on a {FOLDS}-fold split of the counts, seed {seed}"
        ),
        theory=problem.costs.theory if problem.costs and tally.score_kind != "raw" else None,
        spread=spread(tally, problem, np.random.default_rng([seed, 2])),
        achieved=tuple(answer(condition.query, sample, level) for condition in problem.conditions),
    )
