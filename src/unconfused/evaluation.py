"""Evaluation: what one pass over the rows kept, and every question it answers. Thin: the answers come from below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from unconfused import curves, decide, inference, store
from unconfused.curves import Curve
from unconfused.decide import Infeasible, OperatingPoint
from unconfused.diagnose import diagnose
from unconfused.errors import EmptyInput, NotKept, ThresholdUnset, UnknownClass
from unconfused.findings import Finding
from unconfused.inference import Estimate
from unconfused.ingest.arrays import at_thresholds
from unconfused.labels import Label, Labels
from unconfused.metrics.language import parse
from unconfused.tally.grouped import Grouped
from unconfused.tally.moments import Moments
from unconfused.tally.scores import ScoreKind, ScoreTally
from unconfused.tally.tallies import Kind, Matrix, Scores, Tallies


@dataclass(frozen=True, repr=False)
class Evaluation:
    """One pass over the rows, ready for every question: a tally that answers.

    Attributes:
        tallies: what was kept.
        notes: what the pass itself showed, such as a model found in training mode.
        source: where the rows came from, for people to read.
    """

    tallies: Tallies
    notes: tuple[Finding, ...] = field(default=(), compare=False)
    source: str | None = field(default=None, compare=False)

    # ── what it holds ─────────────────────────────────────────────────────────────────────────
    @property
    def kind(self) -> Kind | None:
        """ "binary", "multiclass" or "multilabel"."""
        return self.tallies.kind

    @property
    def labels(self) -> Labels:
        """The classes in order; of a multilabel problem, the labels."""
        return self.tallies.labels

    @property
    def decided(self) -> bool:
        """A decision was stated at the pass: given classes, or argmax."""
        return self.tallies.matrix is not None

    @property
    def matrix(self) -> Matrix:
        """The matrix of the decision stated at the pass; with scores alone an error that shows how to decide."""
        matrix = self._held.matrix
        if matrix is None:
            raise ThresholdUnset(
                "This evaluation holds scores, and no decision was stated.",
                "0.5 is a decision about what a miss and a false alarm cost, not a default.",
                "Name a threshold: ev.at(0.5).",
            )
        return matrix

    @property
    def _held(self) -> Tallies:
        if self.kind is None:
            raise EmptyInput("This evaluation holds no rows yet.", fix="Add a batch: stream.update(y_true=, y_score=).")
        return self.tallies

    def _scored(self, question: str) -> Scores:
        scores = self._held.scores
        if scores is None:
            raise NotKept(
                f"{question} needs scores, and this evaluation was made from predicted classes.",
                "A class has lost how sure the model was.",
                "Evaluate with y_score=.",
            )
        return scores

    @property
    def scores(self) -> Scores | None:
        """Negatives and positives at each score; for several classes or labels, one tally for each."""
        return self.tallies.scores

    @property
    def moments(self) -> Mapping[str, Moments]:
        """Sums of per-row losses of a multiclass problem."""
        return self.tallies.moments

    @property
    def score_kind(self) -> ScoreKind | None:
        """How the scores are to be read, or None without scores."""
        first = next(iter(self.scores.values())) if isinstance(self.scores, Grouped) else self.scores
        return None if first is None else first.score_kind

    @property
    def total(self) -> int:
        """Rows counted: all that were given, less those that the caller asked to leave out."""
        return self.tallies.total

    @property
    def left_out(self) -> dict[str, int]:
        """Rows that the caller asked to leave out, by reason."""
        return self.tallies.evidence.left_out

    # ── asking ────────────────────────────────────────────────────────────────────────────────
    def at(self, threshold: Any) -> Any:
        """The matrix of "positive when score >= threshold"; the model is not run again.

        Multilabel: one matrix for each label, at one threshold or at ``{label: threshold}``.
        """
        scores = self._scored("at()")
        if isinstance(scores, ScoreTally):
            return scores.at(threshold)
        if self.kind == "multiclass":
            raise NotKept(
                f"One threshold cannot choose among {len(scores)} classes.",
                fix=f"Ask one class against the rest: ev[{next(iter(scores))!r}].at({threshold}); "
                "ev.matrix holds the argmax decision.",
            )
        return at_thresholds(scores, threshold)

    def __getitem__(self, label: Any) -> Evaluation:
        """One class against the rest, or one label: a binary Evaluation."""
        matrix, scores = self.tallies.matrix, self.tallies.scores
        if self.kind == "binary":
            return self._binary_class(label)
        one = scores[self._member(label)] if isinstance(scores, Grouped) else None
        two = matrix[self._member(label)] if isinstance(matrix, Grouped) else matrix and matrix[label]
        return Evaluation(Tallies("binary", two, one))

    def _member(self, label: Any) -> Label:
        return self.labels[self.labels.index(label)]

    def _binary_class(self, label: Any) -> Evaluation:
        place = self.labels.index(label)
        if self.scores is None:
            return Evaluation(Tallies("binary", self.matrix[label]))
        if place == self.labels.positive:
            return self
        raise UnknownClass(
            f"{label!r} is the negative class here: the scores are of {str(self.labels.positive_name)!r}.",
            "Turned round, ties would fall on the other side of every threshold.",
            f"Evaluate with pos_label={label!r} and the scores of that class.",
        )

    def estimate(
        self, metric: str, *, threshold: Any = None, level: float = 0.95, method: str | None = None, seed: int = 0
    ) -> Estimate:
        """One metric with its interval.

        Metrics of scores (``"roc_auc"``, ``"average_precision"``, ``"brier"``) need no decision; metrics of a decision
        read `matrix`, or the matrix at ``threshold``.
        """
        return inference.estimate(self._asked(metric, threshold), metric, level=level, method=method, seed=seed)

    def estimates(
        self, metric: str, *, threshold: Any = None, level: float = 0.95, method: str | None = None, seed: int = 0
    ) -> dict[Label, Estimate]:
        """A per-class metric of every class or label: ``{class: Estimate}``."""
        return inference.estimates(self._asked(metric, threshold), metric, level=level, method=method, seed=seed)

    def _asked(self, metric: str, threshold: Any) -> Any:
        """The tally that can answer a metric."""
        query = parse(metric)
        if query.metric.of == "counts":
            return self.at(threshold) if threshold is not None else self.matrix
        loss = query.metric.name.removesuffix("_sum")
        if loss in self.moments and query.label is None and query.average is None:
            return self.moments[loss]
        return self._scored(metric)

    def curve(self, kind: str) -> Curve | dict[Label, Curve]:
        """The "roc", "pr", "gain" or "lift" curve; for several classes or labels, one for each."""
        return curves.curve(self._scored(f"curve({kind!r})"), kind)

    def choose(
        self,
        *,
        cost: Mapping[str, float] | None = None,
        maximize: str | None = None,
        minimize: str | None = None,
        where: str | None = None,
        level: float = 0.95,
        seed: int = 0,
    ) -> OperatingPoint | Infeasible:
        """The best of all thresholds for stated costs, or for a metric within constraints.

        Args:
            cost: what a row of each cell costs: ``{"fp": 1, "fn": 10}``; also ``tp`` and ``tn``, a gain being negative.
            maximize, minimize: a metric instead of costs: ``"recall"``, ``"f1"``, ``"fbeta(2)"``.
            where: constraints: ``"precision >= 0.9 and predicted_prevalence <= 0.05"``; ``precision.low`` is the lower
                end of its interval.
            level: of the intervals.
            seed: of the split and of the resampling behind ``corrected`` and ``spread``.

        Returns:
            The `OperatingPoint`; among equals the threshold with the fewest alarms. `Infeasible`, which is false,
            where no threshold satisfies the constraints.

        >>> import unconfused as uc
        >>> ev = uc.evaluate([1, 0, 1, 0], y_score=[0.8, 0.6, 0.7, 0.1])
        >>> ev.choose(cost={"fp": 1, "fn": 10}).threshold
        0.7
        """
        scores = self._scored("choose()")
        if not isinstance(scores, ScoreTally):
            raise NotKept(
                f"One threshold cannot choose among {len(scores)} {scores.kind}s.",
                fix=f"Choose for one against the rest: ev[{next(iter(scores))!r}].choose(...).",
            )
        return decide.choose(
            scores, cost=cost, maximize=maximize, minimize=minimize, where=where, level=level, seed=seed
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What looks wrong, most serious first."""
        return (*diagnose(self.tallies), *self.notes)

    def report(self, *, threshold: Any = None, level: float = 0.95) -> Any:
        """Every headline number with its interval; prints, and has ``to_frame``, ``to_markdown``, …"""
        from unconfused.show.report import report

        return report(self, level=level, threshold=threshold)

    def plot(self, *, threshold: Any = None) -> Any:
        """Matrix and curves in one figure; returns the Axes."""
        from unconfused.show.figure import plot_evaluation

        return plot_evaluation(self, threshold=threshold)

    def to_html(self, path: Any, *, threshold: Any = None) -> None:
        """One offline page with the matrix, the rates and the curves."""
        from unconfused.show.page import write_page

        write_page(self, path, threshold=threshold)

    def save(self, path: Any) -> None:
        """Write everything that was kept to one file, whole or not at all; `load` reads it back."""
        store.save(self.tallies, path)

    # ── adding ────────────────────────────────────────────────────────────────────────────────
    def __add__(self, other: object) -> Evaluation:
        if not isinstance(other, Evaluation):
            return self if type(other) is int and other == 0 else NotImplemented
        notes = (*self.notes, *(note for note in other.notes if note not in self.notes))
        sources = dict.fromkeys(x for x in (self.source, other.source) if x)
        return Evaluation(self.tallies + other.tallies, notes, " + ".join(sources) or None)

    __radd__ = __add__
    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        from unconfused.show.text import evaluation_text

        return evaluation_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from unconfused.show.html import evaluation_html

        return evaluation_html(self)


def load(path: Any) -> Any:
    """Read what ``save`` wrote: the matrix, the tally or the Evaluation."""
    kept = store.load(path)
    return Evaluation(kept) if isinstance(kept, Tallies) else kept
