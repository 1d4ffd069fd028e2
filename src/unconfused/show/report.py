"""Report: every class, the averages and the overall rates as data, each an `Estimate`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from unconfused.diagnosis import diagnose
from unconfused.errors import UsageError
from unconfused.findings import Finding
from unconfused.inference import Estimate, estimate, estimates
from unconfused.inference.majority import no_information_p
from unconfused.labels import Label, plural
from unconfused.show.words import remarks, scores_sentence, sentence
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Kind, Matrix, Tallies
from unconfused.tally.units import with_units

if TYPE_CHECKING:
    from unconfused.evaluation import Evaluation

PER_CLASS = ("precision", "recall", "f1")
OF_POSITIVE = ("precision", "recall", "f1", "specificity", "npv", "fpr")
OVERALL = ("accuracy", "no_information_rate", "balanced_accuracy", "mcc", "kappa")
BASELINES = {"accuracy": "no_information_rate", "average_precision": "prevalence"}
"""What a metric is read against: the rate of always calling the commonest class, and of calling at random."""
PREVALENCE_FREE = frozenset({
    "recall", "specificity", "fpr", "fnr", "balanced_accuracy", "adjusted_balanced_accuracy", "informedness", "g_mean",
    "positive_likelihood_ratio", "negative_likelihood_ratio", "diagnostic_odds_ratio", "prevalence_threshold",
    "roc_auc", "partial_roc_auc", "ks",
})  # fmt: skip
"""What of two classes is the same at any share of positives, as long as the scores of each class look as they do."""

Subject: TypeAlias = "ConfusionMatrix | Grouped[Any] | ScoreTally | Evaluation"


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class (or label) of a report.

    Attributes:
        label: its name.
        rows: how many rows are of it; ``weight`` is the sum of their weights, None if unweighted.
        called: how many rows were called it; None where no class was called.
        estimates: metric → estimate.
    """

    label: Label
    rows: int
    weight: float | None
    called: int | None
    estimates: Mapping[str, Estimate]


@dataclass(frozen=True, repr=False)
class Report:
    """What there is to say about a classifier, as data. It prints, and has ``to_frame``, ``to_markdown``, …

    Attributes:
        kind: "binary", "multiclass" or "multilabel".
        summary: one plain sentence or two.
        total: rows counted; ``weight`` is the sum of their weights, None if unweighted.
        level: of all intervals.
        rule: how scores became classes; None for given classes, and where nothing was decided.
        positive: the positive class, or None.
        classes: one row for each class.
        averages: average → metric → estimate.
        overall: metrics of the whole matrix, ``no_information_rate`` beside the accuracy.
        of_positive: rates of the positive class of a binary problem.
        of_scores: metrics of the scores; ``prevalence`` is the baseline of the average precision.
        remarks: what only the rows could show, such as rows left out.
        left_out: rows left out on request, by reason.
        findings: what looks wrong, most serious first.
        no_information_p: p-value that the accuracy is no better than always calling the commonest class
            (`inference.majority`); None where it is not known, as of weighted rows.
        matrix: what the rates are of; None where nothing was decided, or for several labels.
    """

    kind: Kind
    summary: str
    total: int
    weight: float | None
    level: float
    rule: str | None = None
    positive: Label | None = None
    classes: tuple[ClassRow, ...] = ()
    averages: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)
    overall: Mapping[str, Estimate] = field(default_factory=dict)
    of_positive: Mapping[str, Estimate] = field(default_factory=dict)
    of_scores: Mapping[str, Estimate] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    no_information_p: float | None = None
    matrix: ConfusionMatrix | None = field(default=None, compare=False)

    def items(self) -> Iterator[tuple[Label | None, str, Estimate]]:
        """Every estimate once: its class or None, what ``estimate`` answers to, and the answer."""
        for row in self.classes:
            yield from ((row.label, metric, e) for metric, e in row.estimates.items())
        for average, found in self.averages.items():
            yield from ((None, f"{metric}@{average}", e) for metric, e in found.items())
        yield from ((None, metric, e) for metric, e in self.overall.items())
        yield from ((self.positive, metric, e) for metric, e in self.of_positive.items() if metric not in PER_CLASS)
        yield from ((None, metric, e) for metric, e in self.of_scores.items())

    @property
    def prevalence_free(self) -> list[str]:
        """Of a binary report, the metrics that are the same at any share of positives."""
        held = {**self.overall, **self.of_positive, **self.of_scores} if self.kind == "binary" else {}
        return [metric for metric, e in held.items() if metric in PREVALENCE_FREE and e.defined]

    def to_frame(self, kind: str = "pandas") -> Any:
        """Long form: ``class, metric, value, low, high, level, method, n, reason``; "pandas", "polars" or "arrow"."""
        from unconfused.show.export import report_frame

        return report_frame(self, kind)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, as in the JSON schema."""
        from unconfused.show.export import report_dict

        return report_dict(self)

    def to_json(self, *, indent: int | None = None) -> str:
        """JSON after the published schema; an undefined value is null and has its reason."""
        from unconfused.show.export import report_json

        return report_json(self, indent=indent)

    def to_csv(self) -> str:
        """The long form as CSV."""
        from unconfused.show.csv import report_csv

        return report_csv(self)

    def to_markdown(self) -> str:
        """Markdown tables: the overall rates, then the classes."""
        from unconfused.show.markup import report_markdown

        return report_markdown(self)

    def to_latex(self) -> str:
        """A booktabs table of the classes and averages, and one of the overall rates."""
        from unconfused.show.markup import report_latex

        return report_latex(self)

    def __str__(self) -> str:
        from unconfused.show.report_text import report_text

        return report_text(self)

    __repr__ = __str__

    def __rich__(self) -> Any:
        from unconfused.show.shading import rich_text

        return rich_text(self)

    def _repr_html_(self) -> str:
        from unconfused.show.html import report_html

        return report_html(self)


def report(subject: Subject, *, level: float = 0.95, threshold: Any = None) -> Report:
    """Per class and on average, with intervals.

    Args:
        subject: a matrix, matrices by label, scores, or an evaluation of any kind.
        level: of all intervals.
        threshold: for scores, the rule under which classes are called; without one, and without a decision stated when
            the rows were read, only what holds at every threshold is reported.
    """
    if isinstance(subject, ConfusionMatrix | Grouped | ScoreTally):
        tallies = _tallies(subject)
    else:
        tallies = with_units(subject.tallies)
    matrix = tallies.matrix if threshold is None else subject.at(threshold)  # type: ignore[union-attr]
    return _reported(tallies, matrix, level)


def _tallies(tally: ConfusionMatrix | Grouped[Any] | ScoreTally) -> Tallies:
    if isinstance(tally, Grouped):
        if any(isinstance(member, Grouped) for member in tally.values()):
            raise UsageError(
                "The scores of each column by true class have no report of their own.",
                "They are kept for questions about two columns or two classes at a time.",
                "Ask the evaluation: ev.report().",
            )
        kind: Kind = "multilabel" if tally.kind == "label" else "multiclass"
        decided = all(isinstance(member, ConfusionMatrix) for member in tally.values())
        return Tallies(kind, matrix=tally if decided else None, scores=None if decided else tally)
    if isinstance(tally, ConfusionMatrix):
        return Tallies("binary" if len(tally.labels) == 2 else "multiclass", matrix=tally)
    return Tallies("binary", scores=tally)


def _reported(tallies: Tallies, matrix: Matrix | None, level: float) -> Report:
    scores = tallies.scores
    held = matrix if matrix is not None else scores
    if held is None:
        return Report("binary", "No row was counted.", 0, None, level)
    if isinstance(held, Grouped):
        base = _of_group(held, level)
    else:
        base = _of_matrix(held, level) if isinstance(held, ConfusionMatrix) else _of_scores(held, level)
    classes = base.classes
    if isinstance(scores, Grouped):
        ranked = {metric: estimates(scores, metric, level=level) for metric in ("roc_auc", "average_precision")}
        more = {label: {metric: e[label] for metric, e in ranked.items()} for label in scores}
        classes = tuple(replace(row, estimates={**row.estimates, **more.get(row.label, {})}) for row in classes)
    return replace(
        base,
        kind=tallies.kind or base.kind,
        classes=classes,
        of_scores=score_rates(tallies, level),
        remarks=tuple(remarks(tallies.evidence)),
        left_out=tallies.evidence.left_out,
        findings=diagnose(replace(tallies, matrix=matrix)),
    )


def _of_matrix(cm: ConfusionMatrix, level: float) -> Report:
    k = len(cm.labels)
    by_metric = {metric: estimates(cm, metric, level=level) for metric in PER_CLASS} if k else {}
    rows, columns = cm.full.sum(1).tolist(), cm.full.sum(0).tolist()
    weights = None if cm.full_weights is None else cm.full_weights.sum(1).tolist()
    classes = [
        ClassRow(label, rows[i], weights and weights[i], columns[i], {m: e[label] for m, e in by_metric.items()})
        for i, label in enumerate(cm.labels)
    ]

    def each(metrics: Iterable[str], suffix: str = "") -> dict[str, Estimate]:
        return {metric: estimate(cm, metric + suffix, level=level) for metric in metrics} if k else {}

    return Report(
        "binary" if k == 2 else "multiclass",
        sentence(cm),
        cm.total,
        None if cm.full_weights is None else float(cm.full_weights.sum()),
        level,
        cm.rule,
        cm.labels.positive_name,
        tuple(classes),
        {average: each(PER_CLASS, f"@{average}") for average in ("macro", "weighted")} if k else {},
        each(OVERALL),
        each(OF_POSITIVE) if k == 2 and cm.labels.positive is not None else {},
        no_information_p=no_information_p(cm),
        matrix=cm,
    )


def _of_group(group: Grouped[Any], level: float) -> Report:
    """Labels side by side: matrices or scores."""
    members = list(group.values())
    decided = all(isinstance(member, ConfusionMatrix) for member in members)
    metrics = PER_CLASS if decided else ()
    found = {metric: estimates(group, metric, level=level) for metric in metrics}
    totals = {member.total for member in members}
    rules = {member.rule for member in members if isinstance(member, ConfusionMatrix)}
    noun, rows = "label" if group.kind == "label" else "class", max(totals, default=0)
    return Report(
        "multilabel" if group.kind == "label" else "multiclass",
        f"{plural(len(members), noun)}, {plural(rows, 'row')}{' each' if len(totals) < 2 else ' at most'}.",
        rows,
        None,
        level,
        rules.pop() if len(rules) == 1 else None,
        classes=tuple(_member(label, group[label], {m: e[label] for m, e in found.items()}) for label in group),
        averages={
            average: {metric: estimate(group, f"{metric}@{average}", level=level) for metric in metrics}
            for average in (("macro", "micro", "weighted") if decided and members else ())
        },
    )


def _member(label: Label, tally: ConfusionMatrix | ScoreTally, found: Mapping[str, Estimate]) -> ClassRow:
    if isinstance(tally, ScoreTally):
        weight = None if tally.weights is None else float(tally.weights[:, 1].sum())
        return ClassRow(label, tally.positives, weight, None, found)
    p = tally.labels.require_positive("a report")
    weight = None if tally.full_weights is None else float(tally.full_weights[p].sum())
    return ClassRow(label, int(tally.full[p].sum()), weight, int(tally.full[:, p].sum()), found)


def _of_scores(tally: ScoreTally, level: float) -> Report:
    weight = None if tally.full_weights is None else float(tally.full_weights.sum())
    positive = tally.labels.positive_name
    return Report("binary", scores_sentence(tally), tally.total, weight, level, positive=positive)


def score_rates(tallies: Tallies, level: float = 0.95) -> dict[str, Estimate]:
    """What scores say at every threshold; of several classes or labels, the means."""
    scores = tallies.scores
    found = {name: estimate(moments, name, level=level) for name, moments in tallies.moments.items()}
    if isinstance(scores, Grouped):
        names = ("roc_auc@macro", "average_precision@macro") if scores else ()
        return {**{name: estimate(scores, name, level=level) for name in names}, **found}
    if scores is None:
        return found
    found.update((name, estimate(scores, name, level=level)) for name in ("roc_auc", "average_precision"))
    if len(scores.labels) == 2:
        found["prevalence"] = estimate(scored(scores), "prevalence", level=level)
    if scores.score_kind != "raw":
        found.update((name, estimate(scores, name, level=level)) for name in ("brier", "log_loss"))
    return found


def scored(tally: ScoreTally) -> ConfusionMatrix:
    """The matrix of calling nothing positive, of the rows with a score and a class alone: the margins of curves."""

    def kept(full: Any) -> Any:
        return None if full is None else np.where((np.arange(len(full)) > 0)[:, None] & (np.arange(4) < 2), full, 0)

    arrays = (kept(x) for x in (tally.full, tally.full_weights, tally.full_squares))
    return ScoreTally(tally.labels, tally.score_kind, tally.scores, *arrays).at(math.inf)
