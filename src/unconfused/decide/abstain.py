"""Two thresholds: negative below the one, positive from the other on, and what lies between is referred at a cost.

The total is a sum of what lies below and of what lies above, so all pairs of thresholds are looked at in one sweep.
Source: Chow 1970, https://doi.org/10.1109/TIT.1970.1054406, for the rule of calibrated probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unconfused.decide.costs import CellCosts
from unconfused.decide.luck import FOLDS, folds, grouped, mean_of, middle, of_others, resampled, splits, with_rows
from unconfused.decide.point import Course
from unconfused.decide.problem import TIE
from unconfused.decide.question import Question
from unconfused.decide.referral import Referral
from unconfused.decide.sweep import sample_at, thresholds_of
from unconfused.errors import NotKept, UsageError
from unconfused.findings import Evidence
from unconfused.inference import Estimate
from unconfused.inference.counts import Reading
from unconfused.inference.delta import Sample, table_of
from unconfused.inference.units import jackknifed, of_units
from unconfused.labels import Labels, plural
from unconfused.metrics.catalogue import ratio
from unconfused.tally.cells import Array, Cells
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.cuts import mixed
from unconfused.tally.kernels import exact_total
from unconfused.tally.prevalence import ScoresAt
from unconfused.tally.rules import Costs as Table
from unconfused.tally.scores import ScoreTally
from unconfused.tally.units import OfUnits, beside, plain_of

REFERRED = 3
"""The column of rows that are called nothing: the seat ``missing``."""


# ── the problem ───────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Referring:
    """What a row of each cell costs, and what it costs to call it nothing."""

    costs: CellCosts
    abstain: float

    @classmethod
    def of(cls, stated: Any, labels: Labels) -> Referring | None:
        """Read costs that name ``abstain``; None of costs that do not.

        Raises:
            UsageError: no finite number, or referring costs no more than the cheaper of the right answers.
        """
        if isinstance(stated, Table):
            if stated.abstain is None:
                return None
            costs, price = CellCosts.of_table(replace(stated, abstain=None), labels), float(stated.abstain)
        elif isinstance(stated, Mapping) and "abstain" in stated:
            costs = CellCosts.of({cell: x for cell, x in stated.items() if cell != "abstain"})
            try:
                price = float(stated["abstain"])
            except (TypeError, ValueError):
                price = math.nan
        else:
            return None
        if not math.isfinite(price):
            raise UsageError(
                f"abstain={stated['abstain']!r} is no finite number.",
                fix='Type cost={"fp": 1, "fn": 10, "abstain": 0.5}.',
            )
        if price <= min(costs.tn, costs.tp):
            raise UsageError(
                f"To refer a row costs {price:g}, and no answer costs less than {min(costs.tn, costs.tp):g}.",
                "Then no score is needed: every row is referred.",
                "Say what a referral costs on the scale of tn, fp, fn and tp.",
            )
        return cls(costs, price)

    def __str__(self) -> str:
        return f"{self.costs}, abstain={self.abstain:g}"

    @property
    def theory(self) -> tuple[float, float]:
        """Of calibrated probabilities: call negative where (1 - p) tn + p fn costs no more than to refer, else positive
        where (1 - p) fp + p tp does not. Where the first reaches the second, Elkan's threshold twice.
        """
        c, a = self.costs, self.abstain
        low = (a - c.tn) / (c.fn - c.tn) if c.fn > c.tn else math.inf
        high = (c.fp - a) / (c.fp - c.tp) if c.fp > c.tp else -math.inf
        return (max(0.0, low), min(1.0, high)) if low < high else (c.theory, c.theory)

    def per_row(self, c: Cells) -> Array:
        """Σ cost / n over a 2x2 with its seats, positive last.    Shape: (..., 4, 4) tables → (...)."""
        x = self.costs
        each = np.zeros((4, 4))
        each[:2] = [[x.tn, x.fp, 0, self.abstain], [x.fn, x.tp, 0, self.abstain]]
        return ratio((table_of(c) * each).sum((-2, -1)), c.n[..., 0]).value

    def best(self, tally: ScoreTally, thresholds: Array) -> tuple[int, int]:
        """Places of the low and the high threshold among ``thresholds`` (U + 1,), the largest first.

        Among equals the pair that refers the fewest rows, then the one with the fewest alarms.
        """
        above, below, gross = self._parts(tally, thresholds)
        least = np.minimum.accumulate(below[::-1])[::-1]  # the best low threshold at or under each high one
        places = np.arange(len(below))
        own = np.where(below <= least + TIE * gross, places, len(below))
        low = np.minimum.accumulate(own[::-1])[::-1]
        reachable = np.isfinite(least)
        total = np.full(len(below), np.inf)
        total[reachable] = above[reachable] + below[low[reachable]]
        equal = np.flatnonzero(total <= total.min() + TIE * gross)
        mass = np.concatenate([[0.0], np.cumsum(tally.masses[::-1].sum(1))])
        high = int(equal[np.argmin(np.round(mass[low[equal]] - mass[equal], 12))])
        return int(low[high]), high

    def _parts(self, tally: ScoreTally, thresholds: Array) -> tuple[Array, Array, float]:
        """What is saved or lost against referring all, by rows called positive, by those called negative; its size."""
        c, masses = self.costs, tally.masses[::-1]
        prices = np.array([[c.fp, c.tp], [c.tn, c.fn]]) - self.abstain
        called, left = (masses @ price for price in prices)
        none, closed = np.zeros(1), np.isnan(thresholds)
        above = np.concatenate([none, np.cumsum(called)])
        below = np.concatenate([np.cumsum(left[::-1])[::-1], none])
        gross = float((masses @ np.abs(prices).max(0)).sum())
        return np.where(closed, np.inf, above), np.where(closed, np.inf, below), gross

    def courses(self, tally: ScoreTally, thresholds: Array) -> tuple[Course, Course]:
        """The expected cost at each low threshold with the best high one to it, and at each high with the best low."""
        above, below, _ = self._parts(tally, thresholds)
        met = np.ones(len(thresholds), bool)

        def course(added: Array) -> Course:
            values = np.where(np.isfinite(added), self._mean(tally, added), np.nan)
            return Course(thresholds, values, met)

        high, low = np.minimum.accumulate(above), np.minimum.accumulate(below[::-1])[::-1]
        return course(below + high), course(above + low)

    def _mean(self, tally: ScoreTally, added: Any) -> Any:
        """The mean cost of a row, from what is ``added`` to referring all of them."""
        full = tally.full if tally.full_weights is None else tally.full_weights
        n = float(tally.masses.sum()) + float(full[0].sum())
        return (added + self.abstain * n) / n

    def least(self, tally: ScoreTally) -> float:
        """No more than the mean cost of the best of all pairs, those inside bins included.

        The total rises or falls throughout with the rows of either class that are called, so in a bin it is extreme at
        a corner: none of its rows, all of one class, or all.
        """
        ranked = tally.ranked()
        c, masses = self.costs, ranked.masses[::-1]
        above, below, _ = self._parts(ranked, np.zeros(len(masses) + 1))
        inside = mixed(ranked)[::-1]
        gains = np.array([[c.fp, c.tp], [c.tn, c.fn]]) - self.abstain
        up, down = (np.where(inside, np.minimum(masses * g, 0).sum(1), 0.0) for g in gains)
        # a threshold inside the cell after place j: at best `up` more than above[j], `down` more than below[j + 1]
        inner_above, inner_below = above[:-1] + up, below[1:] + down
        lows = np.minimum.accumulate(np.minimum(below, np.append(inner_below, np.inf))[::-1])[::-1]
        best = min(float((above + lows).min()), float((inner_above + lows[:-1]).min()))
        return float(self._mean(ranked, best))


# ── the answer ────────────────────────────────────────────────────────────────────────────────
def refer(tally: ScoreTally, problem: Referring, others: Mapping[str, Any], level: float, seed: int) -> Referral:
    """The two thresholds with the least expected cost; ``others`` is what stands beside the costs.

    Raises:
        UsageError: another objective, or conditions.
        NotKept: rows that are of neither class, of which nothing says what they cost.
    """
    if stated := [name for name, x in others.items() if x is not None]:
        raise UsageError(
            f"cost= names abstain, and {stated[0]}= was given.",
            "Two thresholds are chosen by what everything costs together.",
            f"Leave {stated[0]}= out, or leave abstain out for one threshold.",
        )
    if unknown := exact_total(tally.full[:, 2:]):
        raise NotKept(
            f"{plural(unknown, 'row')} {'has' if unknown == 1 else 'have'} no known class.",
            "What they cost nothing says.",
            'Leave them out: unknown="drop", or drop rows without a label.',
        )
    ranked = tally if of_units(tally) else tally.ranked()
    thresholds = thresholds_of(ranked)
    low, high = (float(thresholds[place]) for place in problem.best(ranked, thresholds))
    matrix = referring(tally.at(high), tally.at(low))
    cost, share, wrong = questions(problem)
    apparent = _seen(cost, matrix, level)
    if tally.binned:
        apparent = replace(apparent, bounds=(min(apparent.value, problem.least(tally)), apparent.value))
    coarse = grouped(ranked)
    groups = "" if coarse is tally else f" in {len(coarse.scores):,} groups of scores"
    how = f"{FOLDS}-fold split of the {'units' if of_units(tally) else 'counts'}{groups}, seed {seed}"
    pooled = _crossfitted(coarse, problem, np.random.default_rng([seed, 1]))
    found = of_others(cost, pooled, level, how)
    return Referral(
        low, high, matrix, f"lowest expected cost ({problem})", apparent,
        _as_wide(found, apparent) if of_units(tally) else found,
        _seen(share, matrix, level), _seen(wrong, matrix, level),
        _theory(problem, tally), _spread(coarse, problem, level, np.random.default_rng([seed, 2])), seed,
        problem.courses(ranked, thresholds),
    )  # fmt: skip


def referring(high: ConfusionMatrix, low: ConfusionMatrix) -> ConfusionMatrix:
    """The matrix at the high threshold with the rows between it and the low one called nothing."""
    positive = low.labels.require_positive("choose()")
    negative = 1 - positive
    rows = high.full[:, negative] - low.full[:, negative]

    def moved(upper: Any, lower: Any) -> Any:
        if upper is None:
            return None
        between = np.where(rows > 0, np.maximum(upper[:, negative] - lower[:, negative], 0), 0)
        made = upper.copy()
        made[:, negative] = lower[:, negative]
        made[:, REFERRED] += between
        return made

    tables = {name: moved(getattr(high, name), getattr(low, name)) for name in ("full", "full_weights", "full_squares")}
    rules = [(x.rule or "").partition(",") for x in (high, low)]
    rule = f"{rules[0][0]}, referred from {rules[1][0].removeprefix('score >= ')}{''.join(rules[0][1:])}"
    evidence = high.evidence + Evidence(abstained=int(rows.sum()))
    made = replace(high, **tables, rule=rule, evidence=evidence)
    if isinstance(high, OfUnits) and isinstance(low, OfUnits):
        made = beside(plain_of(made), map(referring, high.parts, low.parts), high.units)
    return made


def questions(problem: Referring) -> tuple[Question, Question, Question]:
    """The expected cost, the share that is referred, and the errors among the rest, of tables with their seats."""
    x = problem.costs
    ends = min(*x.each, problem.abstain), max(*x.each, problem.abstain)

    def decided(c: Cells) -> Array:
        return np.asarray(table_of(c)[..., :2].sum((-2, -1)))

    proportions: dict[str, Callable[[Cells], Any]] = {
        "referred": lambda c: ratio(table_of(c)[..., REFERRED].sum(-1), c.n[..., 0]),
        "wrong": lambda c: ratio(table_of(c)[..., 0, 1] + table_of(c)[..., 1, 0], decided(c)),
    }
    share, wrong = (
        Question(name, Reading.of_form(form), "every row is referred") for name, form in proportions.items()
    )
    return Question("expected_cost", lambda c: Reading(problem.per_row, ends, "delta")), share, wrong


def _sample(cm: ConfusionMatrix) -> Sample:
    """The tables of a matrix with their seats, positive last."""
    positive = cm.labels.require_positive("choose()")
    order = [1 - positive, positive, 2, 3]

    def cells(table: Any) -> Cells:
        return Cells.of_table(np.asarray(table, np.float64)[np.ix_(order, order)], 2)

    rows = cells(cm.full)
    if cm.full_weights is None:
        return Sample(rows, rows, rows)
    fixed = hasattr(cm, "prevalence")
    return Sample(cells(cm.full_weights), cells(cm.full_squares), rows, weighted=True, fixed=fixed)


def _seen(question: Question, cm: ConfusionMatrix, level: float) -> Estimate:
    answer = question.estimate(_sample(cm), level)
    if not isinstance(cm, OfUnits) or not answer.defined:
        return answer
    values = [question.estimate(_sample(x), level).value for x in cm.without]
    return jackknifed(answer, values, question.reading(_sample(cm).counts).range, cm.units)


def _as_wide(found: Estimate, apparent: Estimate) -> Estimate:
    """With the width of the value on the rows that chose, which knows of units."""
    if not found.defined:
        return found
    shift = found.value - apparent.value
    method = f"as wide as on the rows that chose it, on a {found.method.partition(', on a ')[2]}"
    return replace(found, low=apparent.low + shift, high=apparent.high + shift, method=method)


def _crossfitted(tally: ScoreTally, problem: Referring, rng: np.random.Generator) -> Sample | None:
    """Each tenth of the rows under the thresholds that the other nine tenths choose."""
    thresholds, parts = thresholds_of(tally), []
    for held in folds(tally, rng):
        low, high = problem.best(with_rows(tally, tally.full - held), thresholds)
        rows = with_rows(tally, held)
        parts.append(_between(sample_at(rows, high), sample_at(rows, low)))
    return mean_of(parts, splits(tally))


def _between(high: Sample, low: Sample) -> Sample:
    """The tables at the high threshold, with the rows between it and the low one called nothing."""

    def moved(upper: Cells, lower: Cells) -> Cells:
        table = table_of(upper).copy()
        table[..., REFERRED] += table[..., 0] - table_of(lower)[..., 0]
        table[..., 0] = table_of(lower)[..., 0]
        return Cells.of_table(np.maximum(table, 0), upper.k)

    counts, squares, rows = (moved(getattr(high, x), getattr(low, x)) for x in ("counts", "squares", "rows"))
    return Sample(counts, squares, rows, high.weighted, high.fixed)


def _spread(
    tally: ScoreTally, problem: Referring, level: float, rng: np.random.Generator
) -> tuple[tuple[float, float], tuple[float, float]]:
    thresholds, lows, highs = thresholds_of(tally), [], []
    for drawn in resampled(tally, rng):
        low, high = problem.best(with_rows(tally, drawn), thresholds)
        lows.append(float(thresholds[low]))
        highs.append(float(thresholds[high]))
    return middle(lows, level), middle(highs, level)


def _theory(problem: Referring, tally: ScoreTally) -> tuple[float, float] | None:
    """In a view, of probabilities calibrated to the rows as they came."""
    if tally.score_kind == "raw":
        return None
    if not isinstance(tally, ScoresAt):
        return problem.theory
    low, high = (t / (t + (1 - t) * tally.odds) for t in problem.theory)
    return low, high
