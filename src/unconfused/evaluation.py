"""Evaluation: what one pass over the rows kept, and every question it answers. Thin: the answers come from below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from unconfused import curves, decide, inference, store
from unconfused.curves import Curve
from unconfused.diagnosis import diagnose
from unconfused.errors import EmptyInput, NotKept, ThresholdUnset, UnknownClass
from unconfused.findings import Finding
from unconfused.inference import Estimate
from unconfused.inference.bands import banded
from unconfused.inference.roc_bands import Band, check_band
from unconfused.inference.slices import ByColumns, Sliced
from unconfused.ingest.arrays import at_thresholds
from unconfused.labels import Label, Labels
from unconfused.metrics.language import parse
from unconfused.questions import Questions
from unconfused.show.doors import EvaluationDoors
from unconfused.tally import chosen
from unconfused.tally.axis import ScoreKind
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.moments import Moments
from unconfused.tally.ranks import Ranks
from unconfused.tally.rules import Ruled
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Kind, Matrix, Scores, Tallies
from unconfused.tally.units import with_units
from unconfused.tally.worst import against_rest, worst_rows


@dataclass(frozen=True, repr=False)
class Evaluation(Questions, EvaluationDoors):
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
        return Ruled(self._seen.matrices)

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
    def at(self, threshold: Any) -> ConfusionMatrix | Any:
        """The matrix of "positive when score >= threshold"; the model is not run again.

        Multilabel: one matrix for each label, at one threshold or at ``{label: threshold}``.
        """
        scores = self._scored("at()")
        if isinstance(scores, ScoreTally):
            return chosen.told(scores.at(threshold), threshold, scores)
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
        worst = self._seen.worst and against_rest(self._seen.worst, self._member(label))
        return Evaluation(Tallies("binary", two, one, matrices=rules, worst=worst))

    def _member(self, label: Any) -> Label:
        return self.labels[self.labels.index(label)]

    def _binary_class(self, label: Any) -> Evaluation:
        place = self.labels.index(label)
        if self.scores is None:
            worst = self._seen.worst and against_rest(self._seen.worst, self._member(label))
            return Evaluation(Tallies("binary", self.matrix[label], worst=worst))
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
        asked = self._asked(metric, threshold, per_class=True)
        return inference.estimates(asked, metric, level=level, method=method, seed=seed)

    def _asked(self, metric: str, threshold: Any, per_class: bool = False) -> Any:
        """The tally that can answer a metric: of several classes that of each one's scores, or the sums over rows."""
        query = parse(metric)
        if query.metric.of == "counts":
            return self.at(threshold) if threshold is not None else self.matrix
        if query.average == "ovo" and (pairs := self._held.pairs()) is not None:
            return pairs
        if query.metric.of == "ranks":
            return self._held.ranked(metric)
        loss = query.metric.name.removesuffix("_sum")
        if loss in self.moments and query.label is None and query.average is None and not per_class:
            return self.moments[loss]
        return self._scored(metric)

    def rows(self, truth: Any, called: Any, k: int = 20, *, threshold: Any = None) -> list[int | str]:
        """The ids of the k worst rows of class ``truth`` that were called ``called``, where ids were given at the pass.

        The worst are those whose score is furthest on the wrong side; of classes alone the first in the order of ids.

        Args:
            truth, called: classes, or the seats "other" and "missing".
            k: how many, at most; of each cell 50 are kept, or ``worst=`` others, as the pass was told.
            threshold: of binary scores; left out, the decision stated at the pass.

        Raises:
            NotKept: no ids, or more rows than were kept.

        >>> import unconfused as uc
        >>> ev = uc.evaluate([1, 1, 1, 0], y_score=[0.8, 0.1, 0.3, 0.9], ids=["a", "b", "c", "d"])
        >>> ev.rows(1, 0, threshold=0.5), ev.rows(1, 0, k=1, threshold=0.9), ev.rows(0, 1, threshold=0.5)
        (['b', 'c'], ['b'], ['d'])
        """
        return worst_rows(self._held, truth, called, k, threshold)

    def curve(
        self, kind: str, *, band: Band | None = None, level: float = 0.95, seed: int = 0, **options: Any
    ) -> Curve | dict[Label, Curve]:
        """One curve; for several classes or labels, one for each: ``{class: Curve}``.

        Args:
            kind: "roc", "pr", "gain", "lift", "response", "det", "ks", "cost", "net_benefit", "calibration" or
                "risk_coverage".
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

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What looks wrong, most serious first."""
        return (*diagnose(self.tallies), *self.notes)

    def save(self, path: Any, *, ids: bool = False) -> None:
        """Write everything that was kept to one file, whole or not at all; `load` reads it back.

        Ids of rows are left out unless ``ids=True``: the file then names rows, and who has it can look them up.
        """
        store.save(self.tallies, path, source=self.source, fingerprints=self.fingerprints, ids=ids)

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
