"""Decisions: the threshold that stated costs or constraints ask for, over every threshold there is.

Cells are summed once, from the largest score down, so each objective and each condition is one vector expression.
Sources: Elkan 2001 (costs), Provost & Fawcett 2001 (all thresholds at once), Stone 1974 (the correction).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from unconfused.decide.abstain import Referring, refer
from unconfused.decide.by_row import choose_by_row, kept_costs
from unconfused.decide.costs import CellCosts
from unconfused.decide.luck import FOLDS, crossfitted, grouped, of_others, spread
from unconfused.decide.point import Infeasible, OperatingPoint
from unconfused.decide.problem import Problem
from unconfused.decide.question import Question
from unconfused.decide.queue import Filled, Queue
from unconfused.decide.ranges import Mixture, Range, Ranges, check_both_classes, ranges
from unconfused.decide.reachable import bounded, unsure
from unconfused.decide.referral import Referral
from unconfused.decide.rules import ChosenRule, asks_rules, choose_rule
from unconfused.decide.sweep import Sweep, taken
from unconfused.errors import NotKept
from unconfused.inference import Estimate
from unconfused.inference.intervals import quantile
from unconfused.inference.units import of_units
from unconfused.labels import plural
from unconfused.tally.chosen import Chosen, Signature
from unconfused.tally.grouped import Grouped
from unconfused.tally.prevalence import ScoresAt
from unconfused.tally.row_costs import RowCosts
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
    "Referral",
    "asks_rules",
    "choose",
    "choose_rule",
    "one_ranking",
    "ranges",
]


def choose(
    tally: ScoreTally,
    *,
    cost: Mapping[str, float] | Table | str | None = None,
    maximize: str | None = None,
    minimize: str | None = None,
    where: str | None = None,
    guarantee: float | None = None,
    queue: int | None = None,
    per: int | None = None,
    level: float = 0.95,
    seed: int = 0,
    row_costs: RowCosts | None = None,
) -> OperatingPoint | Infeasible | Referral:
    """The best threshold over all of them; see `Evaluation.choose`. ``row_costs`` is what the pass summed of them.

    Raises:
        UsageError: not exactly one objective, or one that no threshold changes.
        NotKept: one of the classes has no row with a score, or a guarantee is asked of weighted rows.
        InsufficientData: too few rows for the guarantee.
    """
    quantile(level)  # refuses what is no level
    if (referring := Referring.of(cost, tally.labels)) is not None:
        check_both_classes(tally, "choose()")
        others = {"maximize": maximize, "minimize": minimize, "where": where, "guarantee": guarantee, "queue": queue}
        return refer(tally, referring, others, level, seed)
    held = Queue.of(queue, per, tally.total)
    if isinstance(cost, str):
        check_both_classes(tally, "choose()")
        stated = {"maximize": maximize, "minimize": minimize, "where": where, "level": level, "guarantee": guarantee}
        return choose_by_row(tally, kept_costs(cost, row_costs), stated | {"queue": held}, seed)
    problem = Problem.of(tally.labels, cost, maximize, minimize, where, level, guarantee, held)
    check_both_classes(tally, "choose()")
    ranked = tally if of_units(tally) else tally.ranked()  # buckets of units hold whole cells
    sweep = Sweep.of(ranked)
    problem.check_rows(sweep)
    course = problem.course(sweep)
    place = problem.best(sweep, course)
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
        threshold=Chosen(threshold, Signature.of(tally)) if guarantee is None else threshold,
        matrix=matrix,
        objective=problem.words,
        expected_cost=apparent if problem.costs else None,
        apparent=apparent,
        corrected=_as_wide(of_others(problem.goal, pooled, level, split), apparent, of_units(tally)),
        theory=_theory(problem, tally),
        spread=spread(coarse, problem, np.random.default_rng([seed, 2])),
        achieved=tuple(seen(question) for question in conditions),
        achieved_corrected=tuple(
            _as_wide(of_others(question, pooled, level, split), seen(question), of_units(tally))
            for question in conditions
        ),
        merged=int(np.isnan(sweep.thresholds[1:]).sum()),
        seed=seed,
        course=course,
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
        f"One threshold cannot choose among {plural(len(scores), scores.kind)}.",
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
