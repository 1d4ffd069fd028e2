"""Decisions: the threshold that stated costs or constraints ask for, over every threshold there is.

Cells are summed once, from the largest score down, so each objective and each constraint is one vector expression.
Sources: Elkan 2001 (costs), Provost & Fawcett 2001 (all thresholds at once), Efron 1986 (optimism).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import NotKept, UsageError
from unconfused.inference import Estimate
from unconfused.inference.counts import Reading, interval, of_average, of_class, of_table
from unconfused.inference.delta import Sample
from unconfused.inference.intervals import quantile
from unconfused.metrics.catalogue import ratio
from unconfused.metrics.language import Condition, Query, parse, parse_conditions
from unconfused.tally.cells import Array, Cells
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.scores import ScoreTally, logistic

CELLS = ("tn", "fp", "fn", "tp")
FOLDS = 10
WORK = 1_000_000
"""Scores swept in all for the correction, and as many again for the spread of the threshold."""
Objective: TypeAlias = Callable[[Cells], Array]


class Infeasible:
    """No threshold satisfies the constraints: false in ``if``, with the nearest trade-off that can be reached.

    Attributes:
        reason: which constraint cannot be met, and what came nearest.
        nearest: the threshold that comes nearest to the constraint.
        reached: what the constrained metric is there.
    """

    def __init__(self, reason: str, nearest: float, reached: Estimate) -> None:
        self.reason, self.nearest, self.reached = reason, nearest, reached

    def __bool__(self) -> bool:
        return False

    def _refuse(self) -> NoReturn:
        raise NotKept(
            self.reason, "No threshold was chosen.", "Loosen the constraint, or train a model that ranks better."
        )

    @property
    def threshold(self) -> NoReturn:
        """There is none: raises the reason."""
        self._refuse()

    @property
    def matrix(self) -> NoReturn:
        """There is none: raises the reason."""
        self._refuse()

    def __repr__(self) -> str:
        return f"Infeasible: {self.reason}"


@dataclass(frozen=True)
class OperatingPoint:
    """A chosen threshold, and how sure one can be of it.

    Attributes:
        threshold: a row is positive when its score is at least this; inf calls nothing positive.
        matrix: the matrix there.
        objective: what was optimised, in words.
        expected_cost: cost of a row, where costs were stated.
        apparent: the objective at the threshold, on the rows that chose it: too good.
        corrected: the objective when each tenth of the rows is judged by the threshold that the others choose.
        theory: the threshold of calibrated probabilities with these costs, (C10 - C00) / (C10 - C00 + C01 - C11).
        spread: the thresholds that 95 % of resampled data sets would have chosen.
        achieved: the constrained metrics at the threshold.
    """

    threshold: float
    matrix: ConfusionMatrix
    objective: str
    expected_cost: Estimate | None
    apparent: Estimate
    corrected: Estimate
    theory: float | None
    spread: tuple[float, float]
    achieved: tuple[Estimate, ...]

    def __str__(self) -> str:
        from unconfused.show.decision import point_text

        return point_text(self)

    __repr__ = __str__


@dataclass(frozen=True)
class Costs:
    """What each kind of row costs; a gain is a negative cost.

    >>> Costs.of({"fp": 1, "fn": 10}).theory
    0.09090909090909091
    """

    tn: float = 0.0
    fp: float = 0.0
    fn: float = 0.0
    tp: float = 0.0

    @classmethod
    def of(cls, stated: Mapping[str, float]) -> Costs:
        """Check what was stated.

        Raises:
            UsageError: an unknown cell, no number, or an error that costs no more than being right.
        """
        strange = [key for key in stated if key not in CELLS]
        if strange or not stated:
            raise UsageError(
                f"cost= names {strange or 'nothing'}.", fix='Type cost={"fp": 1, "fn": 10}; also tp and tn.'
            )
        made = cls(**{key: float(value) for key, value in stated.items()})
        if not all(math.isfinite(getattr(made, cell)) for cell in CELLS):
            raise UsageError(f"cost={dict(stated)} holds a value that is not finite.", fix="Name a finite cost.")
        if made.fp <= made.tn or made.fn <= made.tp:
            raise UsageError(
                f"With {made} one of the two errors costs no more than being right.",
                "Then one answer is best for every row, whatever its score.",
                'State both: cost={"fp": 1, "fn": 10}.',
            )
        return made

    @property
    def theory(self) -> float:
        """The probability from which calling a row positive costs less: Elkan 2001, equation 2."""
        alarm, miss = self.fp - self.tn, self.fn - self.tp
        return alarm / (alarm + miss)

    def total(self, c: Cells) -> Array:
        """Σ cost over the rows of a 2x2, positive last; no score means not called positive.    Shape: (...)."""
        parts = (c.tn, c.fp, c.fn, c.tp)
        total = np.zeros(c.n.shape[:-1])
        for cell, x in zip(CELLS, parts, strict=True):
            total = total + getattr(self, cell) * x[..., 1]
        return total

    def per_row(self, c: Cells) -> Array:
        """The mean cost of a row.    Shape: (...)."""
        return ratio(self.total(c), c.n[..., 0]).value

    def estimate(self, sample: Sample, level: float) -> Estimate:
        """The mean cost of a row with a normal interval from the four cells.    Source: linear in multinomial cells."""
        c, squares = sample.counts, sample.squares
        mean = float(self.per_row(c))
        spread = (
            sum(float(getattr(squares, cell)[..., 1]) * (getattr(self, cell) - mean) ** 2 for cell in CELLS)
            / float(c.n[..., 0]) ** 2
        )
        half = quantile(level) * math.sqrt(spread)
        ends = [getattr(self, cell) for cell in CELLS]
        return Estimate(
            mean, max(mean - half, min(ends)), min(mean + half, max(ends)), level, "normal, costs of the four cells",
            int(sample.rows.n[..., 0]), name="expected_cost",
        )  # fmt: skip


@dataclass(frozen=True)
class Sweep:
    """The 2x2 (with its seats) at every threshold, the largest first.    ``thresholds`` (T,), tables (T, S, S)."""

    cuts: Array
    sample: Sample

    @classmethod
    def of(cls, tally: ScoreTally) -> Sweep:
        """Sum the masses from the largest score down."""
        cuts = np.concatenate([[np.inf], tally.scores[::-1]])
        counts = _tables(tally.full if tally.full_weights is None else tally.full_weights)
        if tally.full_squares is None:
            return cls(cuts, Sample(counts, counts, counts))
        return cls(cuts, Sample(counts, _tables(tally.full_squares), _tables(tally.full), weighted=True))

    def at(self, place: int) -> Sample:
        """One threshold."""
        return self.sample.each(lambda c: Cells.of_table(c.table[place], c.k))  # type: ignore[index]


def _tables(full: NDArray[Any]) -> Cells:
    """Truth by prediction at every threshold; seats only where they hold rows.    Shape: (U + 1, 4) → (U + 1, S, S)."""
    full = full.astype(np.float64)
    above = np.concatenate([np.zeros((1, 4)), np.cumsum(full[:0:-1], axis=0)])
    below = full[1:].sum(0) - above
    if not full[0].any() and not full[:, 2:].any():
        return Cells.of_table(np.stack([below[:, :2], above[:, :2]], -1))
    table = np.zeros((len(full), 4, 4))
    table[:, :, 0], table[:, :, 1], table[:, :, 3] = below, above, full[0]
    return Cells.of_table(table, 2)


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
    problem = _Problem.of(cost, maximize or minimize, minimize is not None, where, level)
    sweep = Sweep.of(tally)
    place = problem.best(sweep)
    if place is None:
        return problem.infeasible(tally, sweep)
    sample = sweep.at(place)
    pooled = _crossfitted(tally, problem, np.random.default_rng([seed, 1]))
    apparent = problem.estimate(sample)
    return OperatingPoint(
        threshold=_threshold(tally, sweep.cuts[place]),
        matrix=tally.at_cut(sweep.cuts[place], f"score >= {_threshold(tally, sweep.cuts[place]):.12g}"),
        objective=problem.words,
        expected_cost=apparent if problem.costs else None,
        apparent=apparent,
        corrected=replace(
            problem.estimate(pooled),
            method=f"{FOLDS}-fold split of the counts, seed {seed}; interval: {apparent.method}",
        ),
        theory=problem.costs.theory if problem.costs and tally.score_kind != "raw" else None,
        spread=_spread(tally, problem, np.random.default_rng([seed, 2])),
        achieved=tuple(_answer(condition.query, sample, level) for condition in problem.conditions),
    )


@dataclass(frozen=True)
class _Problem:
    """What is optimised, and within which conditions."""

    costs: Costs | None
    query: Query | None
    sign: float
    conditions: tuple[Condition, ...]
    level: float

    @classmethod
    def of(
        cls, cost: Mapping[str, float] | None, metric: str | None, lowest: bool, where: str | None, level: float
    ) -> _Problem:
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
        return _answer(self.query, sample, self.level)

    def infeasible(self, tally: ScoreTally, sweep: Sweep) -> Infeasible:
        """The condition that fails, and the threshold that comes nearest to it."""
        for condition in self.conditions:
            values = _picked(condition.query, sweep.sample, self.level)
            if np.isnan(values).all() or condition.satisfied(values).any():
                continue
            place = int(np.nanargmax(values if condition.op in (">=", ">") else -values))
            reached = _answer(condition.query, sweep.at(place), self.level)
            threshold = _threshold(tally, sweep.cuts[place])
            best = f"{condition.query} gets no better than {values[place]:.4g}, at threshold {threshold:.6g}"
            return Infeasible(f"No threshold satisfies {condition}: {best}.", threshold, reached)
        together = " and ".join(map(str, self.conditions)) or f"a defined {self.query}"
        values = self.values(sweep.sample)
        place = 0 if np.isnan(values).all() else int(np.nanargmax(values))
        reached = self.estimate(sweep.at(place))
        threshold = _threshold(tally, sweep.cuts[place])
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


def _answer(query: Query, sample: Sample, level: float) -> Estimate:
    reading = _reading(query, sample.counts)
    value, found = reading.value(sample.counts), interval(reading, sample, level)
    reason = query.metric.undefined if np.isnan(value) else None
    return Estimate(
        float(value), float(found.low), float(found.high), level, str(found.method), int(reading.rows(sample.rows)),
        reason=reason, name=str(replace(query, bound=None)),
    )  # fmt: skip


def _threshold(tally: ScoreTally, cut: float) -> float:
    """The cut in the units of thresholds: probabilities for logits."""
    return float(cut) if tally.score_kind != "logit" else float(logistic(np.asarray(cut)))


# ── how much of it is luck ────────────────────────────────────────────────────────────────────
def _crossfitted(tally: ScoreTally, problem: _Problem, rng: np.random.Generator) -> Sample:
    """Each tenth of the rows under the threshold that the other nine tenths choose, added up over several splits."""
    repeats = int(np.clip(WORK // (FOLDS * len(tally.full)), 1, 20))
    parts: list[Sample] = []
    for _ in range(repeats):
        left = tally.full.copy()
        for fold in range(FOLDS):
            size = int(left.sum()) // (FOLDS - fold)
            held = rng.multivariate_hypergeometric(left.ravel(), size, method="marginals").reshape(left.shape)
            left = left - held
            chosen = problem.best(Sweep.of(_with_rows(tally, tally.full - held)))
            if chosen is not None:
                parts.append(Sweep.of(_with_rows(tally, held)).at(chosen))
    if not parts:
        return Sweep.of(tally).at(0)
    share = 1 / repeats
    return Sample.stacked([_padded(part) for part in parts]).each(
        lambda c: Cells.of_table(c.table.sum(0) * share, c.k)  # type: ignore[union-attr]
    )


def _padded(sample: Sample) -> Sample:
    """With both seats, so that folds with and without them add."""

    def padded(c: Cells) -> Cells:
        assert c.table is not None
        return Cells.of_table(np.pad(c.table, (0, 4 - c.table.shape[-1])), 2)

    return sample.each(padded)


def _with_rows(tally: ScoreTally, full: NDArray[np.int64]) -> ScoreTally:
    """The tally with other row counts at the same scores; weights in proportion."""
    if tally.full_weights is None or tally.full_squares is None:
        return replace(tally, full=full)
    share = ratio(full, tally.full).value
    share[np.isnan(share)] = 0.0
    return replace(tally, full=full, full_weights=tally.full_weights * share, full_squares=tally.full_squares * share)


def _spread(tally: ScoreTally, problem: _Problem, rng: np.random.Generator) -> tuple[float, float]:
    """The middle 95 % of the thresholds that resampled data would choose: rows drawn anew from the same counts."""
    chosen = []
    for _ in range(int(np.clip(WORK // len(tally.full), 20, 200))):
        drawn = _with_rows(tally, rng.poisson(tally.full))
        place = problem.best(Sweep.of(drawn))
        if place is not None:
            chosen.append(_threshold(tally, np.concatenate([[np.inf], tally.scores[::-1]])[place]))
    if not chosen:
        return math.nan, math.nan
    ordered = np.sort(chosen)
    last = len(ordered) - 1
    return float(ordered[math.floor(0.025 * last)]), float(ordered[math.ceil(0.975 * last)])
