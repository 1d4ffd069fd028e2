"""Which model does better on which metric: from what one pass over their rows kept, or from what each was alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from unconfused.errors import NotKept, ThresholdUnset, UsageError
from unconfused.findings import Finding
from unconfused.inference.ask import estimate
from unconfused.inference.cheaper import cost_ranges
from unconfused.inference.comparison import Comparison, Difference, Flips
from unconfused.inference.intervals import quantile
from unconfused.inference.paired import Apart, Pair, event, pairs_of, proportion, resampled, value_by
from unconfused.inference.paired_scores import ScorePair, apart
from unconfused.inference.significance import METHODS, Adjust, McNemar, adjusted, cochran_q
from unconfused.inference.unpaired import apart_alone, unpaired_finding
from unconfused.inference.value import Estimate
from unconfused.labels import Labels, plural
from unconfused.metrics.language import Query, parse
from unconfused.tally.joint import Joint, JointScores
from unconfused.tally.kernels import exact_total

Pairs: TypeAlias = Literal["first", "all"]
BINARY = ("accuracy", "recall", "specificity", "precision", "f1", "mcc")
SEVERAL = ("accuracy", "balanced_accuracy", "f1@macro", "mcc")
RANKING, LOSSES = ("roc_auc", "average_precision"), ("brier", "log_loss")
FEW = 6
"""Classes up to which the recall of each is compared unasked."""
INFINITE = "the difference of two values that are not both finite"


@dataclass(frozen=True)
class Plan:
    """How a comparison is made.

    Attributes:
        level: of the intervals.
        method: of McNemar's test.
        adjust: how p-values allow for their number.
        margin: the largest difference that does not matter, or None.
        pairs: every model against the "first", or "all" pairs.
        seed: of whatever is resampled.
    """

    level: float = 0.95
    method: McNemar = "mid-p"
    adjust: Adjust | None = "holm"
    margin: float | None = None
    pairs: Pairs = "first"
    seed: int = 0

    def __post_init__(self) -> None:
        quantile(self.level)  # refuses what is no level
        adjusted([], self.adjust)
        if self.method not in METHODS:
            fix = f"Choose one of {', '.join(map(repr, METHODS))}."
            raise UsageError(f"method={self.method!r} is not known.", fix=fix)
        if self.pairs not in ("first", "all"):
            raise UsageError(f"pairs={self.pairs!r} is not known.", fix='Choose "first" or "all".')
        if self.margin is not None and not 0 < self.margin < math.inf:
            raise UsageError(f"margin={self.margin!r} is no margin.", fix="Name a difference above 0, such as 0.01.")


# ── the same rows ─────────────────────────────────────────────────────────────────────────────
def compare_paired(
    tally: Joint | JointScores,
    metrics: Iterable[str] | None = None,
    *,
    thresholds: Mapping[str, float] | None = None,
    plan: Plan | None = None,
) -> Comparison:
    """Models on the same rows.

    Args:
        tally: what the pass kept.
        metrics: questions in the metric language; without them the usual ones for what was kept.
        thresholds: of scores, for each model.
        plan: how; 95 % intervals, mid-p McNemar and Holm unless said otherwise.
    """
    plan = plan or Plan()
    scores = tally.scored() if isinstance(tally, JointScores) else None
    decided = tally if isinstance(tally, Joint) else None
    if isinstance(tally, JointScores) and thresholds is not None:
        decided = tally.at(thresholds)
    elif thresholds is not None:
        raise UsageError("The classes are decided already.", fix="Leave threshold= out.")
    queries = _queries(metrics, decided, scores)
    each = {model: _Model.of(model, decided, scores) for model in tally.models}
    values = {(q, model): own.ask(q, plan) for q in queries for model, own in each.items()}
    found: list[Difference] = []
    for first, second in pairs_of(tally.models, plan.pairs):
        how = _apart(decided, scores, queries, values, (first, second), plan)
        found += [_difference(q, (first, second), values, how[q], plan) for q in queries]
    return Comparison(
        tally.models, _adjusted(found, plan), True, tally.total, plan.level, plan.adjust, plan.seed,
        flips=() if decided is None else _flips(decided, plan),
        cochran=None if decided is None else _cochran(decided),
        ranges=() if scores is None or not scores.total else cost_ranges({m: scores.of(m) for m in tally.models}),
        rules={} if decided is None else dict(zip(decided.models, decided.rules, strict=True)),
        findings=tuple(_unscored(tally, scores)), tally=tally,
    )  # fmt: skip


@dataclass(frozen=True)
class _Model:
    """What was kept of one model: the matrix of its decision, and its scores."""

    matrix: Any
    scores: Any

    @classmethod
    def of(cls, model: str, decided: Joint | None, scores: JointScores | None) -> _Model:
        return cls(decided and decided.matrix(model), scores and scores.of(model))

    def ask(self, query: Query, plan: Plan) -> Estimate:
        """One metric of the model alone."""
        if query.metric.of == "counts":
            if self.matrix is None:
                raise ThresholdUnset(
                    f"{str(query)!r} is a number of decisions, and these are scores.",
                    "Every threshold gives another one.",
                    'Name one for both, threshold=0.4, or one for each: threshold={"old": 0.4, "new": 0.3}.',
                )
            return estimate(self.matrix, query, level=plan.level, seed=plan.seed)
        if self.scores is None:
            raise NotKept(
                f"{str(query)!r} needs the scores of a binary problem, one for each row and model.",
                "Predicted classes have lost them; of (n, K) scores compare() keeps argmax.",
                "Pass y_score= of one class against the rest.",
            )
        return estimate(self.scores, query, level=plan.level, seed=plan.seed)


def _queries(metrics: Iterable[str] | None, decided: Joint | None, scores: JointScores | None) -> list[Query]:
    if isinstance(metrics, str):
        metrics = [metrics]
    asked = _usual(decided, scores) if metrics is None else list(metrics)
    queries = list(dict.fromkeys(map(parse, asked)))
    if not queries:
        raise UsageError("No metric was named.", fix='Type, for example: metrics=["recall", "precision"].')
    for query in queries:
        if query.bound is not None:
            raise UsageError(f"{query} is an end of an interval.", fix="Name the metric alone.")
    return queries


def _usual(decided: Joint | None, scores: JointScores | None) -> list[str]:
    asked: list[str] = []
    if decided is not None:
        asked += _of_decisions(decided.labels)
    if scores is not None:
        asked += [*RANKING, *(LOSSES if scores.score_kind != "raw" and decided is None else ())]
    return asked


def _of_decisions(labels: Labels) -> list[str]:
    if len(labels) == 2 and labels.positive is not None:
        return list(BINARY)
    recalls = [str(replace(parse("recall"), label=text)) for text in labels.texts] if len(labels) <= FEW else []
    return [*SEVERAL, *recalls]


def _apart(
    decided: Joint | None, scores: JointScores | None, queries: Sequence[Query],
    values: Mapping[tuple[Query, str], Estimate], models: tuple[str, str], plan: Plan,
) -> dict[Query, Apart]:  # fmt: skip
    """How far apart two models are on each question; the same but for the sign whichever comes first."""
    first, second = sorted(models)
    found: dict[Query, Apart] = {}
    usual = [q for q in queries if math.isfinite(values[q, second].value - values[q, first].value)]
    of_scores = [q for q in usual if q.metric.of != "counts"]
    if scores is not None and of_scores:
        held = ScorePair.of(scores, first, second)
        for q in of_scores:
            found[q] = apart(q, held, values[q, second].value - values[q, first].value, plan.level, plan.seed)
    if decided is not None and len(of_scores) < len(usual):
        found |= _decisions_apart(decided, [q for q in usual if q.metric.of == "counts"], (first, second), plan)
    if models != (first, second):
        found = {q: x.turned() for q, x in found.items()}
    return {q: found.get(q, Apart(math.nan, math.nan, math.nan, "", "")) for q in queries}


def _decisions_apart(
    decided: Joint, queries: Sequence[Query], models: tuple[str, str], plan: Plan
) -> dict[Query, Apart]:
    pair, cells = Pair.of(decided, *models), decided.matrix(models[0]).cells()
    found: dict[Query, Apart] = {}
    for q in queries:
        seen = event(q, pair, _place(q, decided.labels))
        if seen is not None:
            found[q] = proportion(pair, seen, plan.level, plan.method)
    if rest := [q for q in queries if q not in found]:
        values = [value_by(q, cells, _place(q, decided.labels)) for q in rest]
        found |= dict(zip(rest, resampled(pair, values, plan.level, plan.seed), strict=True))
    return found


def _place(query: Query, labels: Labels) -> int | None:
    """The class that a question is about; None of the whole table."""
    if query.label is not None:
        return labels.index(query.label)
    if query.average or not query.metric.per_class:
        return None
    return labels.require_positive(query.metric.name)


def _difference(
    query: Query, models: tuple[str, str], values: Mapping[tuple[Query, str], Estimate], how: Apart, plan: Plan
) -> Difference:
    first, second = (values[query, model] for model in models)
    value = second.value - first.value
    reason = None
    if not math.isfinite(value):
        value, reason = math.nan, first.reason or second.reason or INFINITE
        how = Apart(math.nan, math.nan, math.nan, "", "")
    low, high = (value if math.isnan(end) else end for end in (how.low, how.high)) if reason is None else (value, value)
    span = query.metric.range[1] - query.metric.range[0]
    low, high = min(max(low, -span), value), max(min(high, span), value)
    difference = Estimate(
        value, low, high, plan.level, how.method, min(first.n, second.n), reason=reason, name=str(query)
    )
    return Difference(
        str(query), models, (first, second), difference, how.p, how.test, how.p, query.metric.better, plan.margin, how.z
    )


def _adjusted(found: Sequence[Difference], plan: Plan) -> tuple[Difference, ...]:
    raised = adjusted([x.p for x in found], plan.adjust)
    return tuple(replace(x, adjusted=p) for x, p in zip(found, raised, strict=True))


def _flips(decided: Joint, plan: Plan) -> tuple[Flips, ...]:
    found = []
    for first, second in pairs_of(decided.models, plan.pairs):
        pair = Pair.of(decided, first, second)
        right = pair.first == pair.truth, pair.second == pair.truth
        for place, name in enumerate(decided.labels):
            here = pair.truth == place
            if not here.any():
                continue
            rows = [
                exact_total(pair.rows[here & mask])
                for mask in (right[0] & right[1], right[0] & ~right[1], ~right[0] & right[1], ~right[0] & ~right[1],
                             pair.first != pair.second)
            ]  # fmt: skip
            found.append(Flips((first, second), name, *rows))
    return tuple(found)


def _cochran(decided: Joint) -> tuple[float, float] | None:
    if len(decided.models) < 3 or decided.full_weights is not None:
        return None
    truth = decided.cells[:, :1]
    right = (decided.cells[:, 1:] == truth) & (truth < len(decided.labels))
    return cochran_q(right.astype(np.float64), decided.full.astype(np.float64))


def _unscored(tally: Joint | JointScores, scores: JointScores | None) -> list[Finding]:
    lost = tally.total - scores.total if scores is not None else 0
    if not lost:
        return []
    message = f"{plural(lost, 'row')} of {tally.total:,} have no class or no usable score of every model."
    remedy = "Metrics of scores are compared on the other rows."
    return [Finding("CM-UNSCORED", "note", message, {"rows": lost, "of": tally.total}, remedy)]


# ── other rows ────────────────────────────────────────────────────────────────────────────────
def compare_estimates(
    values: Mapping[str, Mapping[str, Estimate]], rows: Mapping[str, int], *, plan: Plan | None = None
) -> Comparison:
    """Models that were evaluated apart, from the estimates of each: ``{model: {metric: Estimate}}``."""
    plan, models = plan or Plan(), tuple(values)
    queries = [parse(metric) for metric in next(iter(values.values()))]
    asked = {(q, model): values[model][str(q)] for q in queries for model in models}
    found = [
        _difference(q, (first, second), asked, apart_alone(asked[q, first], asked[q, second]), plan)
        for first, second in pairs_of(models, plan.pairs)
        for q in queries
    ]
    return Comparison(
        models, _adjusted(found, plan), False, min(rows.values()), plan.level, plan.adjust, plan.seed,
        findings=(unpaired_finding(dict(rows)),),
    )  # fmt: skip


def usual_metrics(labels: Labels, *, decided: bool, scored: bool, calibrated: bool) -> list[str]:
    """What is compared unasked of evaluations: the metrics of a decision where there is one, and of scores."""
    asked = _of_decisions(labels) if decided else []
    return [*asked, *((*RANKING, *(LOSSES if calibrated and not decided else ())) if scored else ())]
