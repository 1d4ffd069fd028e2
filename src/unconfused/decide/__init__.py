"""Decisions: the threshold that stated costs or constraints ask for, over every threshold there is.

Cells are summed once, from the largest score down, so each objective and each condition is one vector expression.
Sources: Elkan 2001 (costs), Provost & Fawcett 2001 (all thresholds at once), Stone 1974 (the correction).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from unconfused.decide.costs import CellCosts
from unconfused.decide.guarantee import check_rows
from unconfused.decide.luck import FOLDS, crossfitted, grouped, spread
from unconfused.decide.point import Infeasible, OperatingPoint
from unconfused.decide.problem import Problem
from unconfused.decide.question import Question
from unconfused.decide.queue import Filled, Queue
from unconfused.decide.ranges import Mixture, Range, Ranges, check_both_classes, ranges
from unconfused.decide.reachable import bounded, unsure
from unconfused.decide.rules import ChosenRule, asks_rules, choose_rule
from unconfused.decide.sweep import Sweep, taken
from unconfused.errors import NotKept
from unconfused.inference import Estimate
from unconfused.inference.delta import Sample
from unconfused.inference.intervals import quantile
from unconfused.inference.units import of_units
from unconfused.tally.grouped import Grouped
from unconfused.tally.prevalence import ScoresAt
from unconfused.tally.rules import Costs as Table
from unconfused.tally.scores import ScoreTally

__all__ = [
    "CellCosts",
    "ChosenRule",
    "Filled",
    "Infeasible",
    "Mixture",
    "OperatingPoint",
    "Range",
    "Ranges",
    "asks_rules",
    "choose",
    "choose_rule",
    "one_ranking",
    "ranges",
]


def choose(
    tally: ScoreTally,
    *,
    cost: Mapping[str, float] | Table | None = None,
    maximize: str | None = None,
    minimize: str | None = None,
    where: str | None = None,
    guarantee: float | None = None,
    queue: int | None = None,
    per: int | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> OperatingPoint | Infeasible:
    """The best threshold over all of them; see `Evaluation.choose`.

    Raises:
        UsageError: not exactly one objective, or one that no threshold changes.
        NotKept: one of the classes has no row with a score, or a guarantee is asked of weighted rows.
        InsufficientData: too few rows for the guarantee.
    """
    quantile(level)  # refuses what is no level
    held = Queue.of(queue, per, tally.total)
    problem = Problem.of(tally.labels, cost, maximize, minimize, where, level, guarantee, held)
    check_both_classes(tally, "choose()")
    ranked = tally if of_units(tally) else tally.ranked()  # buckets of units hold whole cells
    sweep = Sweep.of(ranked)
    if guarantee is not None:
        for requirement in problem.requirements:
            check_rows(requirement.condition, requirement.question, sweep.sample, guarantee)
    place = problem.best(sweep)
    if place is None:
        return unsure(problem.infeasible(sweep), tally, problem)
    sample, threshold = taken(sweep.sample, place), float(sweep.thresholds[place])
    matrix, coarse = tally.at(threshold), grouped(ranked)

    def seen(question: Question) -> Estimate:
        return question.of_matrix(matrix, level) if of_units(tally) else question.estimate(sample, level)

    apparent = bounded(seen(problem.goal), tally, problem)
    conditions = [requirement.question for requirement in problem.requirements]
    pooled = crossfitted(coarse, problem, np.random.default_rng([seed, 1]))
    groups = "" if coarse is tally else f" in {len(coarse.scores):,} groups of scores"
    what = "units" if of_units(tally) else "counts"
    split = f"{FOLDS}-fold split of the {what}{groups}, seed {seed}"
    return OperatingPoint(
        threshold=threshold,
        matrix=matrix,
        objective=problem.words,
        expected_cost=apparent if problem.costs else None,
        apparent=apparent,
        corrected=_as_wide(_corrected(problem.goal, pooled, level, split), apparent, of_units(tally)),
        theory=_theory(problem, tally),
        spread=spread(coarse, problem, np.random.default_rng([seed, 2])),
        achieved=tuple(seen(question) for question in conditions),
        achieved_corrected=tuple(
            _as_wide(_corrected(question, pooled, level, split), seen(question), of_units(tally))
            for question in conditions
        ),
        merged=int(np.isnan(sweep.thresholds[1:]).sum()),
        seed=seed,
        queue=None if held is None else held.filled(sweep, place, tally.binned),
    )


def one_ranking(scores: ScoreTally | Grouped[ScoreTally], question: str) -> ScoreTally:
    """The scores, where they rank rows by one class.

    Raises:
        NotKept: there are several, of which no threshold could choose one.
    """
    if isinstance(scores, ScoreTally):
        return scores
    raise NotKept(
        f"One threshold cannot choose among {len(scores)} {scores.kind}s.",
        fix=f"Choose for one against the rest: ev[{next(iter(scores))!r}].{question}(...).",
    )


def _theory(problem: Problem, tally: ScoreTally) -> float | None:
    """The best threshold of calibrated probabilities; in a view, of those calibrated to the rows as they came."""
    if problem.costs is None or tally.score_kind == "raw":
        return None
    t = problem.costs.theory
    return t / (t + (1 - t) * tally.odds) if isinstance(tally, ScoresAt) else t


def _as_wide(corrected: Estimate, apparent: Estimate, clustered: bool) -> Estimate:
    """Of clustered rows with the width that the apparent value has: the split tells no spread of units."""
    if not clustered or not corrected.defined or not apparent.defined:
        return corrected
    below, above = apparent.value - apparent.low, apparent.high - apparent.value
    split = corrected.method.partition(", on a ")[2]
    return replace(
        corrected, low=corrected.value - below, high=corrected.value + above,
        method=f"as wide as on the rows that chose it, on a {split}",
    )  # fmt: skip


def _corrected(question: Question, pooled: Sample | None, level: float, split: str) -> Estimate:
    """The question put to rows that did not choose."""
    if pooled is None:
        reason = "nine tenths of the rows allow no threshold"
        return Estimate(np.nan, np.nan, np.nan, level, split, reason=reason, name=question.name)
    found = question.estimate(pooled, level)
    return replace(found, method=f"{found.method}, on a {split}")
