"""Models against each other: on the same rows, or evaluated apart; and which is best for which costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from unconfused import decide
from unconfused.decide import Ranges
from unconfused.errors import NotKept, UsageError
from unconfused.evaluation import Evaluation
from unconfused.inference.compare import Pairs, Plan, compare_estimates, compare_paired, usual_metrics
from unconfused.inference.comparison import Comparison
from unconfused.inference.mix import shifted
from unconfused.inference.significance import Adjust, McNemar
from unconfused.ingest.joint import joint_arrays
from unconfused.ingest.rows import Reading
from unconfused.labels import listed
from unconfused.metrics.language import parse
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.joint import Joint, JointScores
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Tallies, class_kind

READ_ROW_BY_ROW = ("labels", "pos_label", "label_kind", "score_kind", "ignore", "unknown", "invalid")
"""How columns may be read where models are compared row by row."""


@dataclass(frozen=True, eq=False, repr=False)
class Models(Mapping[str, Evaluation]):
    """Several models on the same rows: the Evaluation of each by its name, and what they made of each row together.

    A tally: ``+`` adds each to its counterpart.

    Attributes:
        evaluations: of each model.
        joint: rows by truth and by what each model made of them, `Joint` or `JointScores`: what `compare` asks. Joint
            scores are exact, one cell for each distinct set of scores, so they grow with the rows.
    """

    evaluations: Mapping[str, Evaluation]
    joint: Joint | JointScores

    def __getitem__(self, model: str) -> Evaluation:
        return self.evaluations[model]

    def __iter__(self) -> Iterator[str]:
        return iter(self.evaluations)

    def __len__(self) -> int:
        return len(self.evaluations)

    def compare(self, metrics: Iterable[str] | None = None, **asked: Any) -> Comparison:
        """Which does better on the same rows: ``threshold``, ``margin``, ``level``, … as `compare` takes them."""
        return compare(self.joint, metrics=metrics, **asked)

    def __add__(self, other: object) -> Models:
        if not isinstance(other, Models):
            return self if type(other) is int and other == 0 else NotImplemented
        joint = self.joint + other.joint  # refused where they differ
        return Models({model: self[model] + other[model] for model in self}, joint)

    __radd__ = __add__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Models) and self.joint == other.joint and dict(self) == dict(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Models({listed(list(self))}, {self.joint.total:,} rows)"


def compare(
    y_true: Any,
    *,
    y_pred: Mapping[str, Any] | None = None,
    y_score: Mapping[str, Any] | None = None,
    threshold: Any = None,
    metrics: Iterable[str] | None = None,
    margin: float | None = None,
    level: float = 0.95,
    method: McNemar = "mid-p",
    adjust: Adjust | None = "holm",
    pairs: Pairs = "first",
    seed: int = 0,
    sample_weight: Any = None,
    count: Any = None,
    **reading: Any,
) -> Comparison:
    """Which model does better, on which metric, and how sure that is: on the same rows, or of two evaluations.

    Args:
        y_true: true classes, (n,); or ``{model: Evaluation or ConfusionMatrix}`` of models that were evaluated apart,
            which can tell less; or the ``tally`` of an earlier comparison, for other questions or another threshold;
            or the `Models` that `evaluate_frame` made of several columns.
        y_pred, y_score: one of them, ``{model: column}``; the first model is the reference. As in `evaluate`.
        threshold: of binary scores: one number for all, or ``{model: number}``.
        metrics: what to compare, such as ``["recall", "f1@macro"]``; the usual ones unless said otherwise.
        margin: the largest difference that does not matter; the verdict then says "equivalent" or "not worse".
        level: of the intervals; a difference counts as shown where its adjusted p-value is below 1 - level.
        method: of McNemar's test: "mid-p", "exact" or "asymptotic".
        adjust: p-values allow for their number by "holm", "bh" (Benjamini-Hochberg) or None.
        pairs: every model against the "first", or "all" pairs.
        seed: of whatever is resampled.
        sample_weight, count, reading: as in `confusion_matrix`.

    >>> y = [1, 0, 1, 0, 1, 1, 0, 0]
    >>> made = compare(y, y_pred={"old": [1, 0, 0, 0, 0, 1, 1, 0], "new": [1, 0, 1, 0, 1, 1, 1, 0]}, metrics=["recall"])
    >>> print(made["recall"].difference, made["recall"].p)
    0.500 [-0.10, 0.85] 0.25
    """
    plan = Plan(level, method, adjust, margin, pairs, seed)
    y_true = y_true.joint if isinstance(y_true, Models) else y_true
    if isinstance(y_true, Mapping | Joint | JointScores):
        if any(x is not None for x in (y_pred, y_score, sample_weight, count)) or reading:
            raise UsageError(
                "compare() was given evaluations or a tally, and columns or how to read them too.",
                fix="Pass y_true= and y_score= for models on the same rows, or {model: evaluation} alone.",
            )
        if isinstance(y_true, Mapping):
            return _compare_apart(y_true, metrics, threshold, plan)
        return compare_paired(y_true, metrics, thresholds=each(threshold, y_true.models), plan=plan)
    if strange := [x for x in reading if x not in READ_ROW_BY_ROW]:
        raise NotKept(
            f"compare() has no {listed(strange)}.", "It keeps what each model made of every row, exactly.",
            f"It takes {', '.join(READ_ROW_BY_ROW)}.",
        )  # fmt: skip
    how = Reading(**reading)
    given: dict[str, Any] = {"y_pred": y_pred, "y_score": y_score, "sample_weight": sample_weight, "count": count}
    tally = joint_arrays(how, y_true, **given)
    return compare_paired(tally, metrics, thresholds=each(threshold, tally.models), plan=plan)


def ranges(models: Any, *, prevalence: float | None = None, level: float = 0.95) -> Ranges:
    """Which threshold of which model is best for which ratio of costs, at the prevalence of the rows or at another.

    Args:
        models: ``{model: Evaluation}``, or a `Comparison` of scores on the same rows.
        prevalence: the share of positives that it shall hold for; needed where the models saw different ones.
        level: of the intervals.

    >>> from unconfused.passes import evaluate
    >>> y, old, new = [1, 0, 1, 0], [0.8, 0.6, 0.3, 0.1], [0.9, 0.2, 0.7, 0.4]
    >>> made = ranges({"old": evaluate(y, y_score=old), "new": evaluate(y, y_score=new)})
    >>> made.at_ratio(1).models, made.at_ratio(1).threshold
    (('new',), 0.7)
    """
    if isinstance(models, Comparison) and isinstance(models.tally, JointScores):
        tally = models.tally
        return decide.ranges({model: tally.of(model) for model in tally.models}, prevalence=prevalence, level=level)
    if not isinstance(models, Mapping) or not models or not all(isinstance(x, Evaluation) for x in models.values()):
        raise UsageError(
            f"ranges() was given a {type(models).__name__} without scores of models.",
            fix='Type uc.ranges({"old": ev_old, "new": ev_new}), or ev.ranges() of one.',
        )
    scores = {str(model): ev.of_one_class("ranges") for model, ev in models.items()}
    return decide.ranges(scores, prevalence=prevalence, level=level)


def each(threshold: Any, models: Iterable[str]) -> dict[str, Any] | None:
    """The threshold of each model."""
    if threshold is None:
        return None
    return (
        {str(k): x for k, x in threshold.items()}
        if isinstance(threshold, Mapping)
        else dict.fromkeys(models, threshold)
    )


def _compare_apart(held: Mapping[str, Any], metrics: Iterable[str] | None, threshold: Any, plan: Plan) -> Comparison:
    """Models that were evaluated apart."""
    evaluations = {str(k): _evaluated(x) for k, x in held.items()}
    if len(evaluations) < 2:
        raise UsageError(
            f"compare() was given {len(evaluations)} evaluation.", fix='Type {"old": ev_old, "new": ev_new}.'
        )
    first = next(iter(evaluations.values()))
    for model, other in evaluations.items():
        if (first.labels, first.labels.positive) != (other.labels, other.labels.positive):
            raise UsageError(
                f"The classes of {model!r} are {other.labels!r}, those of the first model {first.labels!r}.",
                "Their metrics are about other things.", "Evaluate both with the same labels= and pos_label=.",
            )  # fmt: skip
    cuts = each(threshold, evaluations) or {}
    decided = [ev.decided or model in cuts for model, ev in evaluations.items()]
    scored = [isinstance(ev.scores, ScoreTally) for ev in evaluations.values()]
    calibrated = all(ev.score_kind != "raw" for ev in evaluations.values())
    asked = list(metrics) if metrics is not None else usual_metrics(
        first.labels, decided=all(decided), scored=all(scored), calibrated=calibrated
    )  # fmt: skip
    values = {
        model: {
            str(query): ev.estimate(
                str(query), threshold=cuts.get(model) if query.metric.of == "counts" else None,
                level=plan.level, seed=plan.seed,
            )
            for query in map(parse, asked)
        }
        for model, ev in evaluations.items()
    }  # fmt: skip
    made = compare_estimates(values, {model: ev.total for model, ev in evaluations.items()}, plan=plan)
    mix = shifted({model: ev.tallies for model, ev in evaluations.items()})
    return replace(made, findings=(*mix, *made.findings))


def _evaluated(x: Any) -> Evaluation:
    if isinstance(x, Evaluation):
        return x
    if isinstance(x, ConfusionMatrix):
        return Evaluation(Tallies(class_kind(x), x))
    raise UsageError(
        f"compare() was given a {type(x).__name__}.",
        fix="Pass {model: Evaluation or ConfusionMatrix}, or y_true with y_score={model: scores}.",
    )
