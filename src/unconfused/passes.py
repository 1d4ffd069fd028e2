"""Passes over rows in memory: labels and scores in, a matrix or an Evaluation out; also of a model over its data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, overload

from unconfused.diagnosis import diagnose
from unconfused.errors import UsageError
from unconfused.evaluation import Evaluation
from unconfused.findings import Evidence, announce
from unconfused.ingest.arrays import count_matrix, tally_arrays
from unconfused.ingest.batches import Step
from unconfused.ingest.models import predictions
from unconfused.ingest.rows import Reading
from unconfused.ingest.sliced import tally_sliced
from unconfused.ingest.units import tally_units
from unconfused.tally.axis import ScoreKind
from unconfused.tally.chosen import Chosen
from unconfused.tally.chosen import told as chosen_here
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.tallies import Tallies


@overload
def confusion_matrix(
    y_true: Any, y_pred: Any = None, *, label_kind: Literal["multilabel"], y_score: Any = None, threshold: Any = None,
    labels: Any = None, pos_label: Any = None, score_kind: ScoreKind = "probability", sample_weight: Any = None,
    count: Any = None, ignore: Any = None, unknown: Any = "error", invalid: Any = "error",
) -> Grouped[ConfusionMatrix]: ...  # fmt: skip
@overload
def confusion_matrix(
    y_true: Any, y_pred: Any = None, *, y_score: Any = None, threshold: Any = None, labels: Any = None,
    pos_label: Any = None, label_kind: Literal["class", "one-hot"] | None = None,
    score_kind: ScoreKind = "probability", sample_weight: Any = None, count: Any = None, ignore: Any = None,
    unknown: Any = "error", invalid: Any = "error",
) -> ConfusionMatrix: ...  # fmt: skip
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
) -> ConfusionMatrix | Grouped[ConfusionMatrix]:
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
    made = count_matrix(
        reading, y_true, y_pred=y_pred, y_score=y_score, threshold=threshold, sample_weight=sample_weight, count=count
    )
    if isinstance(threshold, Chosen) and isinstance(made, ConfusionMatrix):
        given = {"y_score": y_score, "sample_weight": sample_weight, "count": count}
        made = chosen_here(made, threshold, tally_arrays(reading, y_true, **given).scores)
    announce(diagnose(made, notes=False))
    return made


def evaluate(
    y_true: Any,
    y_pred: Any = None,
    *,
    y_score: Any = None,
    sample_weight: Any = None,
    count: Any = None,
    ids: Any = None,
    unit: Any = None,
    row_cost: Mapping[str, Any] | None = None,
    by: Mapping[Any, Any] | None = None,
    edges: Mapping[str, Any] | None = None,
    **reading: Any,
) -> Evaluation:
    """Keep what every later question needs: the matrix of the stated decision, and every threshold of the scores.

    Args:
        y_true, y_pred, y_score, sample_weight, count: as in `confusion_matrix`. Scores may be (n,) or (n, 2) for two
            classes, (n, K) for more, (n, L) with ``label_kind="multilabel"``.
        ids: a name for each row, (n,) whole numbers or text: `Evaluation.rows` then lists the worst of each cell, of
            which 50 are kept, or ``worst=`` others. Files and pages leave them out.
        unit: of clustered rows the unit of each, (n,), such as a patient: every interval then counts units, not rows.
        row_cost: what each row costs by itself, ``{"fp": review_cost, "fn": amount}``, columns (n,) or one number for
            all; also ``tn`` and ``tp``. ``ev.choose(cost="row")`` is then the threshold with the least total.
        by: columns to slice by, ``{"country": c, ("country", "device"): (c, d)}``, read as ``ev.by["country"]["DE"]``;
            nulls are the slice "missing".
        edges: of columns of numbers in ``by``: where intervals begin, ``{"age": [20, 40]}``, or into how many the rows
            are parted evenly, ``{"age": 4}``.
        reading: labels, pos_label, label_kind, score_kind, ignore, unknown, invalid, as in `confusion_matrix`.
            ``grid="folded"`` keeps scores in bins, of which ``pins=`` are exact thresholds; ``refine=True`` looks at
            the rows of open bins again.
            ``rules={"safe": uc.Costs(C)}`` takes decisions that weigh several scores of a row, each for its own matrix,
            ``ev.matrices["safe"]``; ``curves=False`` keeps no scores, only what they decide, rank and lose.

    >>> ev = evaluate([1, 0, 1, 0], y_score=[0.8, 0.6, 0.3, 0.1])
    >>> ev.at(0.5).ravel(), float(ev.estimate("roc_auc"))
    ((1, 1, 1, 1), 0.75)
    """
    given: dict[str, Any] = {"y_pred": y_pred, "y_score": y_score, "sample_weight": sample_weight, "count": count}
    given |= {"ids": ids, "row_cost": row_cost}
    return told(Evaluation(counted(Reading(**reading), y_true, unit, by, edges, given)))


def counted(reading: Reading, y_true: Any, unit: Any, by: Any, edges: Any, given: dict[str, Any]) -> Tallies:
    """Rows by themselves, in slices or in units."""
    if unit is None:
        return tally_sliced(reading, y_true, by, edges, given)
    if given.get("row_cost") is not None:
        raise UsageError(
            "row_cost= and unit= were given.",
            "How sure a total of the costs of clustered rows is, their buckets would have to show, and do not.",
            "Leave one of the two out.",
        )
    if by is not None or edges is not None:
        raise UsageError(
            "by= and unit= were given.",
            "The slices would need buckets of units of their own, and those are not kept.",
            "Evaluate each slice with unit=, or leave one of the two out.",
        )
    return tally_units(reading, y_true, unit=unit, **{k: x for k, x in given.items() if k != "row_cost"})


def told(evaluation: Evaluation) -> Evaluation:
    """The same, after a Python warning for each finding of that level."""
    announce((*diagnose(evaluation.tallies, notes=False), *evaluation.notes))
    return evaluation


def evaluate_model(
    model: Any,
    data: Any,
    *,
    ids: Any = None,
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
        ids: True where batches end with a name for each of their rows, (x, y, id); of arrays (X, y) the names, (n,).
            `Evaluation.rows` then lists the worst rows of each cell.
        step: ``(model, batch) -> (y_true, y_score)`` for batches and outputs of another shape; ids, if any, come last.
        batch_size, steps: for arrays, and for data that never ends.
        progress: of long work rows, speed and time left are shown on a terminal; False shows nothing, True anywhere.
        reading: as in `evaluate`; say ``score_kind="logit"`` where the model has no last sigmoid or softmax.
    """
    made = predictions(
        model, data, Reading(**reading), ids=ids, step=step, batch_size=batch_size, steps=steps, progress=progress
    )
    given = {"y_score": made.y_score, "sample_weight": made.sample_weight, "ids": made.ids}
    tallies = tally_arrays(made.reading, made.y_true, **given)
    own = Evidence(modelled=len(made.y_true) if step is None else 0)
    return told(Evaluation(tallies.beside(own), made.notes, made.source))
