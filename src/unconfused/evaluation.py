"""Evaluation: what one pass over the rows kept, and every question it answers. Thin: the answers come from below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, SupportsFloat, cast

from unconfused import curves, decide, inference, store
from unconfused.curves import Curve
from unconfused.decide import ChosenRule, Infeasible, OperatingPoint, Ranges
from unconfused.diagnosis import diagnose
from unconfused.diagnosis.reconcile import Reconciliation, reconcile
from unconfused.errors import EmptyInput, NotKept, ThresholdUnset, UnknownClass, UsageError
from unconfused.findings import Finding, announce
from unconfused.inference import Estimate
from unconfused.inference.bands import banded
from unconfused.inference.deployed import DeployedPrevalence, of_new_calls, of_new_scores
from unconfused.inference.roc_bands import Band, check_band
from unconfused.inference.rows import RowsNeeded
from unconfused.inference.slices import ByColumns, Sliced
from unconfused.ingest.arrays import at_thresholds
from unconfused.ingest.unlabelled import new_calls, new_scores
from unconfused.labels import Label, Labels
from unconfused.metrics.language import parse
from unconfused.show.doors import EvaluationDoors
from unconfused.tally.axis import ScoreKind
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.moments import Moments
from unconfused.tally.prevalence import at_prevalence
from unconfused.tally.ranks import Ranks
from unconfused.tally.rules import Costs
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Kind, Matrix, Scores, Tallies
from unconfused.tally.units import with_units


@dataclass(frozen=True, repr=False)
class Evaluation(EvaluationDoors):
    """One pass over the rows, ready for every question: a tally that answers.

    Attributes:
        tallies: what was kept.
        notes: what the pass itself showed, such as a model found in training mode.
        source: where the rows came from, for people to read.
        fingerprints: of the saved pieces that were added up, so that none is added again.
    """

    tallies: Tallies
    notes: tuple[Finding, ...] = field(default=(), compare=False)
    source: str | None = field(default=None, compare=False)
    fingerprints: tuple[str, ...] = field(default=(), compare=False)

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
        """A decision was stated at the pass."""
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
        return self._seen

    @cached_property
    def _seen(self) -> Tallies:
        return with_units(self.tallies)

    def _scored(self, question: str) -> Scores:
        return self._held.scored(question)

    @property
    def scores(self) -> Scores | None:
        """Negatives and positives at each score; for several classes or labels, one tally for each."""
        return self._seen.scores

    @property
    def moments(self) -> Mapping[str, Moments]:
        """Sums of per-row losses of a multiclass problem."""
        return self._seen.moments

    @property
    def ranks(self) -> Ranks | None:
        """The place of the true class among the scores of each row, of a multiclass problem with scores."""
        return self._seen.ranks

    @property
    def matrices(self) -> Mapping[str, ConfusionMatrix]:
        """What each rule named at the pass decided: ``ev.matrices["safe"]`` after ``rules={"safe": uc.Costs(C)}``."""
        return self._seen.matrices

    def of_one_class(self, question: str) -> ScoreTally:
        """The scores, where they rank rows by one class; else an error that shows how to ask ``question``."""
        return decide.one_ranking(self._scored(f"{question}()"), question)

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
        matrix, scores = self._seen.matrix, self._seen.scores
        if self.kind == "binary":
            return self._binary_class(label)
        one = scores[self._member(label)] if isinstance(scores, Grouped) else None
        two = matrix[self._member(label)] if isinstance(matrix, Grouped) else matrix and matrix[label]
        rules = {name: decided[label] for name, decided in self.matrices.items()}
        return Evaluation(Tallies("binary", two, one, matrices=rules))

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
        read `matrix`, or the matrix at ``threshold``. Of binned scores the value has ``bounds`` around the exact one.
        """
        if threshold is not None and isinstance(self.scores, ScoreTally) and parse(metric).metric.of == "counts":
            return inference.estimate_at(self.scores, metric, threshold, level=level, method=method, seed=seed)
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
        if query.average == "ovo" and (pairs := self._held.pairs()) is not None:
            return pairs
        if query.metric.of == "ranks":
            return self._held.ranked(metric)
        loss = query.metric.name.removesuffix("_sum")
        if loss in self.moments and query.label is None and query.average is None:
            return self.moments[loss]
        return self._scored(metric)

    def curve(
        self, kind: str, *, band: Band | None = None, level: float = 0.95, seed: int = 0, **options: Any
    ) -> Curve | dict[Label, Curve]:
        """One curve; for several classes or labels, one for each: ``{class: Curve}``.

        Args:
            kind: "roc", "pr", "gain", "lift", "response", "det", "ks", "cost", "net_benefit" or "calibration".
            band: of "roc", "simultaneous" (holds the whole curve of the population) or "pointwise" (recall at each
                false-positive rate by itself): the ``interval`` of the curve.
            level, seed: of that band, of the intervals and consistency bands of a calibration curve, and of their
                samples.
            options: of "calibration" ``how="isotonic"`` (or "equal width", "equal mass") and ``bins=15``; of
                "net_benefit" ``at="percent"`` (or "scores").
        """
        scores = self._scored(f"curve({kind!r})")
        made = curves.curve(scores, kind, **options)
        if band is not None:
            check_band(band, kind)
        return banded(made, scores, band=band, level=level, seed=seed)

    def choose(
        self,
        *,
        cost: Mapping[str, float] | Costs | None = None,
        maximize: str | None = None,
        minimize: str | None = None,
        where: str | None = None,
        guarantee: float | None = None,
        level: float = 0.95,
        seed: int = 0,
    ) -> OperatingPoint | Infeasible | ChosenRule:
        """The best of all thresholds for stated costs, or for a metric within constraints; of kept rules the best.

        Args:
            cost: what a row of each cell costs: ``{"fp": 1, "fn": 10}``; also ``tp`` and ``tn``, a gain being negative.
                Of several classes ``uc.Costs(C)``, rows the truth: the cheapest of `matrix` and `matrices`.
            maximize, minimize: a metric instead of costs: ``"recall"``, ``"f1"``, ``"fbeta(2)"``.
            where: constraints: ``"precision >= 0.9 and predicted_prevalence <= 0.05"``; ``precision.low`` is the lower
                end of its interval.
            guarantee: how sure it shall be that the population keeps to ``where``, each condition bounding a share of
                rows: ``where="fpr <= 0.05", guarantee=0.95``, or precision, accuracy, f1 and so on, for which 50
                thresholds are tested. For rows that did not train the model.
            level, seed: of the intervals; of the split and of the resampling behind ``corrected`` and ``spread``.

        Returns:
            The `OperatingPoint`; among equals the threshold with the fewest alarms. `Infeasible`, which is false,
            where no threshold satisfies the constraints. Of several classes the `ChosenRule`.

        >>> import unconfused as uc
        >>> uc.evaluate([1, 0, 1, 0], y_score=[0.8, 0.6, 0.7, 0.1]).choose(cost={"fp": 1, "fn": 10}).threshold
        0.7
        """
        asked: dict[str, Any] = {"cost": cost, "maximize": maximize, "minimize": minimize, "where": where}
        if decide.asks_rules(self._held, cost):
            return decide.choose_rule(self._held, **asked, guarantee=guarantee, level=level)
        return decide.choose(self.of_one_class("choose"), **asked, guarantee=guarantee, level=level, seed=seed)

    def ranges(self, *, prevalence: float | None = None, level: float = 0.95) -> Ranges:
        """The best threshold for every ratio of costs, at the prevalence of these rows or at another: one table.

        >>> import unconfused as uc
        >>> uc.evaluate([1, 0, 1, 0], y_score=[0.8, 0.6, 0.7, 0.1]).ranges().at_ratio(0.1).threshold
        0.7
        """
        return decide.ranges({"model": self.of_one_class("ranges")}, prevalence=prevalence, level=level)

    def rows_needed(
        self, metric: str, *, against: Evaluation | None = None, threshold: Any = None, **aim: Any
    ) -> RowsNeeded:
        """How many rows more, and of which class, until an interval is ``width=`` wide or ``against=`` is told apart.

        >>> import unconfused as uc
        >>> uc.evaluate([1] * 50 + [0] * 50, [1] * 40 + [0] * 60).rows_needed("recall", width=0.1).more
        389
        """
        return inference.rows_needed(
            [one._asked(metric, threshold) for one in (self, against) if one is not None], metric, **aim
        )

    def reconcile(
        self, figures: Mapping[str, Any] | None = None, *, threshold: float | None = None, **more: Any
    ) -> Reconciliation:
        """Which of the usual slips turns these counts into the figures that were reported.

        Args:
            figures, more: metric → number as it was printed, ``{"f1@macro": "0.80"}`` or ``accuracy="0.965"``.
            threshold: of the decision, where only scores were kept; one half unless said otherwise.

        >>> import unconfused as uc
        >>> ev = uc.evaluate([1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 0, 1, 0, 0, 0, 0])
        >>> [cause.name for cause in ev.reconcile(accuracy="0.75", f1="0.73").causes]
        ['macro']
        """
        return reconcile(self._held, {**(figures or {}), **more}, threshold=threshold)

    def at_prevalence(self, prevalence: SupportsFloat, *, recalibrate: bool = False) -> Evaluation:
        """The same classifier in a population with that share of positives: a view that answers every question.

        Rows are weighted by class, π' / π and (1 - π') / (1 - π): what the scores of each class look like is taken to
        stay as it is (prior shift). Intervals hold the size of each class fixed. Views do not add. The average
        precision of a class made much rarer rests on the few highest negatives: with 100 it stands too high, and its
        95 % interval holds the truth in 4 of 5 samples; with 1,000 in 93 %.

        Args:
            prevalence: the share of positives, between 0 and 1; or what `prevalence_of` found.
            recalibrate: move the probabilities too, odds · π' (1 - π) / π (1 - π'). Left out, the scores stay, so that
                a threshold means the same rows as before; calibrated probabilities are then those of the old
                prevalence.

        Raises:
            UsageError: no share strictly between 0 and 1.
            NotKept: more than two classes, rows whose class is not known, or a class without rows.

        >>> import unconfused as uc
        >>> ev = uc.evaluate([1, 1, 1, 1, 0, 0, 0, 0], y_score=[0.9, 0.8, 0.7, 0.2, 0.6, 0.4, 0.3, 0.1])
        >>> [f"{x.estimate('precision', threshold=0.5):.3f}" for x in (ev, ev.at_prevalence(0.01))]
        ['0.750', '0.029']
        """
        return Evaluation(at_prevalence(self._held, cast("float", prevalence), recalibrate), self.notes, self.source)

    def prevalence_of(
        self, *, y_score: Any = None, y_pred: Any = None, threshold: Any = None, level: float = 0.95
    ) -> DeployedPrevalence:
        """The share of positives among new rows whose truth nobody knows, from their scores or their classes alone.

        What the scores of a class look like is taken to stay as it is (prior shift); whether the new rows fit that is
        told. The answer goes into `at_prevalence`. Pass ``y_score=`` in the units of these scores; or ``y_pred=``, as
        decided by `matrix`, or by ``threshold``.

        Raises:
            UsageError: not exactly one of both.
            NotKept: several classes, rows that come in units, a class without rows.

        >>> import unconfused as uc
        >>> ev = uc.evaluate([1] * 100 + [0] * 100, [1] * 80 + [0] * 110 + [1] * 10)
        >>> found = ev.prevalence_of(y_pred=[1] * 24 + [0] * 76)  # (0.24 - 0.1) / (0.8 - 0.1)
        >>> print(found.estimate, float(ev.at_prevalence(found).estimate("prevalence")))
        """
        if (y_score is None) == (y_pred is None):
            raise UsageError(
                "Pass exactly one of y_score= and y_pred=.", fix="Scores tell more: ev.prevalence_of(y_score=p_new)."
            )
        if y_score is not None:
            tally = self.of_one_class("prevalence_of")
            found = of_new_scores(tally, new_scores(y_score, tally), level)
        else:
            matrix = self._asked("accuracy", threshold)
            found = of_new_calls(matrix, *new_calls(y_pred, matrix.labels), level)
        announce(found.findings)
        return found

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What looks wrong, most serious first."""
        return (*diagnose(self.tallies), *self.notes)

    def save(self, path: Any) -> None:
        """Write everything that was kept to one file, whole or not at all; `load` reads it back."""
        store.save(self.tallies, path, source=self.source, fingerprints=self.fingerprints)

    def coarsen(self, grid: str = "folded", pins: Iterable[float] | None = None) -> Evaluation:
        """The same evaluation with its scores in bins: smaller, and able to be added to one that is.

        Args:
            grid: "folded", "floatbits" or "uniform(1024)"; of a binned evaluation a coarser one of its family.
            pins: thresholds that stay exact besides the 99 per cents; of a binned evaluation some that it has.
        """
        return replace(self, tallies=self.tallies.coarsen(grid, pins))

    @property
    def by(self) -> Mapping[Any, Sliced]:
        """Slices by the columns that were named at the pass: ``ev.by["country"]["DE"]``, each an Evaluation."""
        return ByColumns({names: Sliced(slices, self, Evaluation) for names, slices in self._held.slices.items()})

    # ── adding ────────────────────────────────────────────────────────────────────────────────
    def __add__(self, other: object) -> Evaluation:
        if not isinstance(other, Evaluation):
            return self if type(other) is int and other == 0 else NotImplemented
        notes = (*self.notes, *(note for note in other.notes if note not in self.notes))
        told = " + ".join(dict.fromkeys(x for x in (self.source, other.source) if x)) or None
        return Evaluation(self.tallies + other.tallies, notes, told, store.pieces(self, other))

    __radd__ = __add__
    __hash__ = None  # type: ignore[assignment]
