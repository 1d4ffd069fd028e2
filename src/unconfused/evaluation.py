"""What users hold: Evaluation, Stream, and the functions that make them. Thin: every answer comes from a room below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from unconfused import curves, inference, store
from unconfused.curves import Curve, need_scores
from unconfused.diagnose import diagnose
from unconfused.errors import EmptyInput, NotKept, ThresholdUnset, UnknownClass
from unconfused.findings import Finding
from unconfused.inference import Estimate
from unconfused.ingest.arrays import at_thresholds, count_matrix, tally_arrays
from unconfused.ingest.batches import Step
from unconfused.ingest.files import InputFormat
from unconfused.ingest.frames import columns
from unconfused.ingest.models import predictions
from unconfused.ingest.rows import Reading
from unconfused.labels import Label, Labels
from unconfused.metrics.language import parse
from unconfused.tally.grouped import Grouped
from unconfused.tally.moments import Moments
from unconfused.tally.scores import ScoreKind, ScoreTally
from unconfused.tally.tallies import Kind, Matrix, Scores, Tallies


def confusion_matrix(
    y_true: Any,
    y_pred: Any = None,
    *,
    y_score: Any = None,
    threshold: Any = None,
    labels: Any = None,
    pos_label: Any = None,
    label_kind: Any = None,
    score_kind: ScoreKind = "probability",
    sample_weight: Any = None,
    count: Any = None,
    ignore: Any = None,
    unknown: Any = "error",
    invalid: Any = "error",
) -> Any:
    """Count who was called what: rows are the truth, columns the prediction.

    Args:
        y_true: true classes, (n,): integers, text, booleans, a categorical; list, array, tensor or frame column.
        y_pred: predicted classes, (n,).
        y_score: scores instead of classes: (n,) of the positive class, (n, 2), or (n, K) for argmax.
        threshold: with (n,) scores, positive means ``score >= threshold``; there is no default.
        labels: the classes in the order wanted, or ``{value: name}``.
        pos_label: the positive class; 1 or True where the classes are 0 and 1.
        label_kind: "class", "one-hot" or "multilabel"; needed for two-dimensional labels only.
        score_kind: "probability", "logit" (log-odds) or "raw".
        sample_weight: weights, (n,); metrics use their sums, `ConfusionMatrix.counts` stays rows.
        count: rows that each entry stands for, (n,) whole numbers.
        ignore: rows whose true class is one of these are left out, and counted.
        unknown: labels outside ``labels``: "error", "other" or "drop".
        invalid: null, NaN or out-of-range values: "error" or "count".

    Returns:
        A `ConfusionMatrix`; for ``label_kind="multilabel"`` one 2x2 for each label.

    >>> cm = confusion_matrix([1, 0, 1, 0], y_score=[0.8, 0.6, 0.3, 0.1], threshold=0.5)
    >>> cm.ravel()
    (1, 1, 1, 1)
    """
    reading = Reading(
        labels=labels, pos_label=pos_label, label_kind=label_kind, score_kind=score_kind,
        ignore=ignore, unknown=unknown, invalid=invalid,
    )  # fmt: skip
    return count_matrix(
        reading, y_true, y_pred=y_pred, y_score=y_score, threshold=threshold, sample_weight=sample_weight, count=count
    )


def evaluate(
    y_true: Any,
    y_pred: Any = None,
    *,
    y_score: Any = None,
    sample_weight: Any = None,
    count: Any = None,
    **reading: Any,
) -> Evaluation:
    """Keep what every later question needs: the matrix of the stated decision, and every threshold of the scores.

    Args:
        y_true, y_pred, y_score, sample_weight, count: as in `confusion_matrix`. Scores may be (n,) or (n, 2) for two
            classes, (n, K) for more, (n, L) with ``label_kind="multilabel"``.
        reading: labels, pos_label, label_kind, score_kind, ignore, unknown, invalid, as in `confusion_matrix`.

    >>> ev = evaluate([1, 0, 1, 0], y_score=[0.8, 0.6, 0.3, 0.1])
    >>> ev.at(0.5).ravel(), float(ev.estimate("roc_auc"))
    ((1, 1, 1, 1), 0.75)
    """
    given: dict[str, Any] = {"y_pred": y_pred, "y_score": y_score, "sample_weight": sample_weight, "count": count}
    return Evaluation(tally_arrays(Reading(**reading), y_true, **given))


def evaluate_frame(
    source: Any,
    *,
    y_true: str,
    y_score: Any = None,
    y_pred: Any = None,
    sample_weight: Any = None,
    count: Any = None,
    input_format: InputFormat | None = None,
    delimiter: str | None = None,
    **reading: Any,
) -> Evaluation:
    """Evaluate columns of a table: a file (CSV, TSV, JSON lines, Parquet) or a pandas, Polars, Arrow or DuckDB frame.

    Args:
        source: the table; a path may be a glob, and ``-`` is standard input.
        y_true, y_pred, sample_weight, count: names of columns.
        y_score: the name of a column, or a list of names: one for each class, in the order of ``labels``.
        input_format: "csv", "tsv", "jsonl" or "parquet", for a file whose extension does not say it.
        delimiter: what separates the cells of a CSV file, if not a comma.
        reading: as in `evaluate`.
    """
    names = {"y_true": y_true, "y_pred": y_pred, "y_score": y_score, "sample_weight": sample_weight, "count": count}
    rows = columns(source, names, labels=reading.get("labels"), input_format=input_format, delimiter=delimiter)
    return evaluate(**rows, **reading)


def evaluate_model(
    model: Any,
    data: Any,
    *,
    step: Step | None = None,
    batch_size: int | None = None,
    steps: int | None = None,
    progress: bool | None = None,
    **reading: Any,
) -> Evaluation:
    """Run a model over its data once; the labels and the scores of a row come from the same batch.

    Args:
        model: a torch Module (switched to evaluation mode and back), a Keras model, a fitted scikit-learn estimator.
        data: a DataLoader, a PyDataset, a tf.data.Dataset, any batches (x, y), or arrays (X, y).
        step: ``(model, batch) -> (y_true, y_score)`` for batches and outputs of another shape.
        batch_size, steps: for arrays, and for data that never ends.
        progress: False for no bar; there is none anyway where the work is short or stderr is no terminal.
        reading: as in `evaluate`; say ``score_kind="logit"`` where the model has no last sigmoid or softmax.
    """
    made = predictions(
        model, data, Reading(**reading), step=step, batch_size=batch_size, steps=steps, progress=progress
    )
    tallies = tally_arrays(made.reading, made.y_true, y_score=made.y_score, sample_weight=made.sample_weight)
    return Evaluation(tallies, made.notes, made.source)


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
        scores = need_scores(self._held.scores, "at()")
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
        if query.metric.name in self.moments and query.label is None and query.average is None:
            return self.moments[query.metric.name]
        return need_scores(self._held.scores, metric)

    def curve(self, kind: str) -> Curve | dict[Label, Curve]:
        """The "roc", "pr", "gain" or "lift" curve; for several classes or labels, one for each."""
        return curves.curve(need_scores(self._held.scores, f"curve({kind!r})"), kind)

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


class Stream:
    """An evaluation that grows batch by batch, for training and serving loops.

    Every batch is read in the same, stated way, so any cut of the rows gives the same evaluation. The tally is exact:
    with scores its memory grows with the number of distinct scores.

    Args:
        reading: labels, pos_label, label_kind, score_kind, ignore, unknown, invalid, as in `evaluate`.

    >>> stream = Stream()
    >>> stream.update(y_true=[1, 0], y_score=[0.8, 0.6])
    >>> stream.update(y_true=[1, 0], y_score=[0.3, 0.1])
    >>> stream.evaluation.at(0.5).ravel()
    (1, 1, 1, 1)
    """

    def __init__(self, **reading: Any) -> None:
        self.reading = Reading(**reading)
        self._parts: list[tuple[int, Tallies]] = []  # (batches, their sum), each at least twice the next
        self._latest = Tallies.zero()

    def update(
        self, *, y_true: Any, y_pred: Any = None, y_score: Any = None, sample_weight: Any = None, count: Any = None
    ) -> None:
        """Add one batch."""
        columns: dict[str, Any] = {"y_pred": y_pred, "y_score": y_score, "sample_weight": sample_weight, "count": count}
        made = latest = tally_arrays(self.reading, y_true, **columns)
        _ = self._latest + made  # refused now, not when the evaluation is read
        batches, kept = 1, list(self._parts)
        while kept and kept[-1][0] <= batches:  # like with like: each row is merged log(batches) times
            before, sum_before = kept.pop()
            made, batches = sum_before + made, batches + before
        self._latest, self._parts = latest, [*kept, (batches, made)]

    @property
    def evaluation(self) -> Evaluation:
        """Everything seen so far."""
        return Evaluation(sum((part for _, part in self._parts), Tallies.zero()))

    def reset(self) -> None:
        """Forget everything seen so far."""
        self._parts, self._latest = [], Tallies.zero()
