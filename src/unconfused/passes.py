"""Passes over the rows: labels and scores in, a matrix or an Evaluation out; from columns, frames, models, batches."""

from __future__ import annotations

from typing import Any

from unconfused.evaluation import Evaluation
from unconfused.ingest.arrays import count_matrix, tally_arrays
from unconfused.ingest.batches import Step
from unconfused.ingest.files import InputFormat
from unconfused.ingest.frames import columns
from unconfused.ingest.models import predictions
from unconfused.ingest.rows import Reading
from unconfused.tally.scores import ScoreKind
from unconfused.tally.tallies import Tallies


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
