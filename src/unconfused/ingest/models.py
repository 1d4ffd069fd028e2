"""Predictions of a model: one pass over its data, labels and scores of a row from the same batch."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unconfused.errors import (
    AmbiguousCall,
    EmptyInput,
    LabelsApart,
    LengthMismatch,
    ScoresOutOfRange,
    ShapeError,
    UsageError,
)
from unconfused.findings import Finding
from unconfused.ingest.batches import (
    Batch,
    Pass,
    Step,
    Values,
    any_batches,
    apart,
    described,
    first,
    stepped,
    values_of,
)
from unconfused.ingest.progress import asked, shown
from unconfused.ingest.rows import Reading
from unconfused.ingest.sklearn import estimator_pass, is_estimator
from unconfused.labels import Labels, plain, plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What a model says about its data, row by row, in the order of the pass.

    Attributes:
        reading: how the columns are to be read; its ``labels`` are the caller's, else the model's (``classes_``).
        y_true: the labels (n, …).
        y_score: the scores of the same rows: (n,) of the positive class, or (n, K), column i for ``labels[i]``.
        sample_weight: their weights, where the data brings some.
        ids: their names, where they were asked for.
        notes: what the pass showed.
        source: the model and how much was read.
    """

    reading: Reading
    y_true: Values
    y_score: Values
    sample_weight: Values | None
    ids: Values | None
    notes: tuple[Finding, ...]
    source: str


def predictions(
    model: Any,
    data: Any,
    reading: Reading,
    *,
    ids: Any = None,
    step: Step | None = None,
    batch_size: int | None = None,
    steps: int | None = None,
    progress: bool | None = None,
) -> Predictions:
    """Run a model over its data, once.

    Args:
        model: a torch Module, a Keras model, a fitted scikit-learn estimator; with ``step=`` anything.
        data: batches (x, y), such as a DataLoader, a PyDataset or a tf.data.Dataset; or arrays (X, y).
        reading: what the labels and the scores are.
        ids: names of the rows of arrays, (n,); True where each batch, or what ``step`` returns, ends with them.
        step: ``(model, batch) -> (y_true, y_score)`` for batches and outputs of another shape. A single score per
            row is that of the second class. A third value is taken as sample_weight.
        batch_size: rows per batch where arrays are given.
        steps: read this many batches; needed where the data never ends.
        progress: False shows nothing, True also where stderr is no terminal. What is over in a second shows nothing.

    Raises:
        UsageError: a model or data that is not understood without ``step=``.
        EmptyInput: the data gave no row.
    """
    declared = None if reading.labels is None else Labels.declare(reading.labels, reading.pos_label)  # before the run
    run = _named(lambda by: _open(model, data, reading, by, batch_size, steps), data, step, ids)
    parts: list[Batch] = []
    batches = run.total if run.total != 1 else None  # of one nothing is known until it is over
    with run.mode, asked(progress), shown(f"Running {run.source}", lambda: batches) as meter:
        for batch in run.batches:
            parts.append(run.read(batch))
            _check(parts, run.source, reading)
            meter.add(len(parts[-1].y_true), done=1)
    whole = _joined(parts, run.source)
    if not isinstance(ids, bool) and ids is not None:
        whole = whole._replace(ids=_names_of(ids, len(whole.y_true)))
    _check_type(whole, run.source, reading)
    notes, real = list(run.notes(whole)), run.real(whole)
    whole = whole if real is None else whole.keep(real)
    scores = whole.y_score
    if _is_turned(whole, declared, reading):
        scores = _turned(scores, reading.score_kind)
        notes.append(_turned_note(len(scores), reading))
    return Predictions(
        reading=reading if run.labels is None else replace(reading, labels=run.labels),
        y_true=whole.y_true,
        y_score=scores,
        sample_weight=whole.sample_weight,
        ids=whole.ids,
        notes=tuple(notes),
        source=f"{run.source}, {plural(len(scores), 'row')} in {plural(len(parts), 'batch')}",
    )


# ── which model it is ─────────────────────────────────────────────────────────────────────────────
def _open(
    model: Any, data: Any, reading: Reading, step: Step | None, batch_size: int | None, steps: int | None
) -> Pass:
    """The pass for this kind of model. A framework that the user did not import is never imported."""
    _check_together(data)
    if _is_a(model, "keras", "Model"):  # before torch: on its backend a Keras model is a Module too
        from unconfused.ingest.keras import keras_pass

        return keras_pass(model, data, reading, step=step, batch_size=batch_size, steps=steps)
    if _is_a(model, "torch.nn", "Module"):
        from unconfused.ingest.torch import module_pass

        return module_pass(model, data, step=step, batch_size=batch_size, steps=steps)
    if step is not None:
        batches, total = first(*any_batches(data), steps)
        name = getattr(model, "__name__", type(model).__name__)
        return Pass(source=name, batches=batches, total=total, read=lambda batch: stepped(step, model, batch))
    if is_estimator(model):
        return estimator_pass(model, data, reading)
    raise UsageError(
        f"The model is {described(model)}, which is not known here.",
        "Known are a torch Module with a DataLoader, a Keras model with a data set or (X, y), and a fitted "
        "scikit-learn estimator with (X, y).",
        "For anything else say how to read a batch: step=lambda model, batch: (batch[1], model(batch[0]))",
    )


def _check_together(data: Any) -> None:
    """Refuse (loader, labels): a loader brings the labels of its rows, and may order them as it likes."""
    loaders = (("torch.utils.data", "DataLoader"), ("keras.utils", "PyDataset"), ("tensorflow.data", "Dataset"))
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        return
    if any(_is_a(data[0], *loader) for loader in loaders) and (hasattr(data[1], "shape") or isinstance(data[1], list)):
        name = type(data[0]).__name__
        shuffles = "shuffles its rows" if _shuffles(data[0]) else "may shuffle, drop or repeat rows"
        raise LabelsApart(
            f"The data is a {name} and labels beside it.",
            f"The {name} {shuffles}, and labels kept elsewhere do not follow.",
            "Pass the loader alone, which yields (x, y): unconfused.evaluate_model(model, loader).",
        )


def _shuffles(loader: Any) -> bool:
    return bool(getattr(loader, "shuffle", False)) or type(getattr(loader, "sampler", None)).__name__ == "RandomSampler"


def _is_a(model: Any, module: str, name: str) -> bool:
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(model, kind)


# ── ids of rows ───────────────────────────────────────────────────────────────────────────────────
def _named(opened: Callable[[Step | None], Pass], data: Any, step: Step | None, ids: Any) -> Pass:
    """The pass; with ``ids=True`` one that takes the ids off its batches, or off what ``step`` returns."""
    if ids is None or ids is False:
        return opened(step)
    if ids is not True:
        if not isinstance(data, (tuple, list)):
            raise LabelsApart(
                f"The data is {described(data)} and ids beside it.",
                "Batches come in an order of their own, which ids kept elsewhere do not follow.",
                "Yield (x, y, id) and type ids=True: the last part of each batch then names its rows.",
            )
        return opened(step)
    kept: list[Any] = []

    def less(model: Any, batch: Any) -> tuple[Any, ...]:
        assert step is not None
        rest, names = apart(step(model, batch), "What step= returned")
        kept[:] = [names]
        return rest

    run = opened(None if step is None else less)

    def read(batch: Any) -> Batch:
        if step is None:
            batch, names = apart(batch, "A batch")
            kept[:] = [names]
        made = run.read(batch)
        return made._replace(ids=_names_of(kept[0], len(made.y_true)))

    return replace(run, read=read)


def _names_of(ids: Any, rows: int) -> Values:
    names = values_of(list(ids) if isinstance(ids, tuple) else ids, "ids")
    if names.shape != (rows,):
        raise LengthMismatch(
            f"ids has shape {names.shape}, and there are {plural(rows, 'row')}.",
            "Each row has one name.",
            "Pass one id for each row of the data.",
        )
    return names


# ── the batches, one by one and together ──────────────────────────────────────────────────────────
def _check(parts: Sequence[Batch], source: str, reading: Reading) -> None:
    """Refuse the latest batch as soon as it is read: a long run should not fail at its end."""
    batch, where = parts[-1], f"Batch {len(parts):,} of {source}"
    n, shape = len(batch.y_true), batch.y_score.shape
    if shape[0] != n or (batch.sample_weight is not None and len(batch.sample_weight) != n):
        squeezed = n == 1 and len(shape) == 1
        raise LengthMismatch(
            f"{where} has {plural(n, 'label')} and scores of shape {shape}.",
            "A batch of one lost its first axis, probably to squeeze()." if squeezed else "One of them is no row.",
            "Use .squeeze(-1) or none at all." if squeezed else "Return both for the same rows, with step=.",
        )
    if len(shape) > 2 and shape != batch.y_true.shape:
        raise ShapeError(
            f"{where} has labels of shape {batch.y_true.shape} and scores of shape {shape}.",
            "Every pixel or token is a row of its own, with one label and one score per class.",
            "Bring both to rows: step=lambda model, batch: (y.reshape(-1), scores.reshape(-1, n_classes)), "
            "where the axis of the classes stands last (in torch: .movedim(1, -1) before).",
        )
    for earlier, now, name in ((parts[0].y_score, batch.y_score, "scores"), (parts[0].y_true, batch.y_true, "labels")):
        if earlier.shape[1:] != now.shape[1:]:
            raise ShapeError(
                f"{where} has {name} of shape {now.shape}; in the first batch their shape was {earlier.shape}.",
                "Only the number of rows may differ between batches.",
                "Flatten sequences of different length in step=, or fix a squeeze() that met a batch of one.",
            )
    if reading.score_kind == "probability" and reading.invalid == "error" and batch.y_score.dtype.kind == "f":
        _check_range(batch.y_score, where)


def _check_range(scores: Values, where: str) -> None:
    beyond = int(np.count_nonzero((scores < 0) | (scores > 1)))
    if beyond:
        raise ScoresOutOfRange(
            f"{where} has {beyond:,} of {scores.size:,} scores outside [0, 1]: from {np.nanmin(scores):.4g} to "
            f"{np.nanmax(scores):.4g}.",
            "score_kind='probability' is what is assumed, and these are none.",
            "Type score_kind='logit' for a model without sigmoid or softmax at its end, 'raw' for any other score.",
        )


def _joined(parts: Sequence[Batch], source: str) -> Batch:
    full = [part for part in parts if len(part.y_true)]
    if not full:
        raise EmptyInput(
            f"The data of {source} gave {plural(len(parts), 'batch')} and no row.",
            "There is nothing to count.",
            "An iterator that was walked before is empty now: make it again.",
        )
    weights = [part.sample_weight for part in full if part.sample_weight is not None]
    if weights and len(weights) != len(full):
        raise UsageError(
            f"{len(weights):,} of {plural(len(full), 'batch')} came with a sample_weight.", "All must, or none."
        )
    return Batch(
        np.concatenate([part.y_true for part in full]),
        np.concatenate([part.y_score for part in full]),
        np.concatenate(weights) if weights else None,
        None if full[0].ids is None else np.concatenate([part.ids for part in full if part.ids is not None]),
    )


def _check_type(whole: Batch, source: str, reading: Reading) -> None:
    if whole.y_score.dtype.kind in "biu" and reading.score_kind != "raw":
        raise UsageError(
            f"The output of {source} is of type {whole.y_score.dtype}: classes, not scores.",
            "Decisions have no threshold to choose and no curve.",
            "Return the scores, or count decisions with unconfused.confusion_matrix(y_true, y_pred).",
        )


# ── which class a single output stands for ────────────────────────────────────────────────────────
def _is_turned(whole: Batch, declared: Labels | None, reading: Reading) -> bool:
    """Whether the positive class is the first of the model's two, while its single output scores the second."""
    shape, kind = whole.y_score.shape, reading.label_kind
    single = len(shape) == 1 or (shape == whole.y_true.shape and kind == "class")
    if not single or kind == "multilabel" or (declared is None and reading.pos_label is None):
        return False
    if declared is not None:
        if len(declared) != 2 or declared.positive is None:
            return False
        values, positive = declared.values, declared.values[declared.positive]
        return positive == (min(values) if set(values) in ({0, 1}, {-1, 1}) else values[0])
    seen, positive = _seen(whole.y_true, reading.ignore), plain(reading.pos_label)
    for pair in ((0, 1), (-1, 1)):
        if positive in pair and seen <= set(pair):
            return positive == pair[0]
    raise AmbiguousCall(
        f"pos_label={reading.pos_label!r}, and the model has a single output.",
        "It is the score of the second of two classes, and which one that is has not been said.",
        "Declare both, the one with low scores first: labels=[first, second].",
    )


def _seen(y_true: Values, ignore: Any) -> set[Any]:
    left_out = set() if ignore is None else {ignore} if np.isscalar(ignore) else set(ignore)
    return {x for x in set(y_true.ravel().tolist()) if x is not None and x == x and x not in left_out}


def _turned(scores: Values, score_kind: str) -> Values:
    values = scores.astype(np.float64)
    return 1 - values if score_kind == "probability" else -values


def _turned_note(rows: int, reading: Reading) -> Finding:
    how = "1 - score" if reading.score_kind == "probability" else "-score"
    named = "The positive class" if reading.pos_label is None else f"pos_label={reading.pos_label!r}"
    return Finding(
        "CM-TURNED",
        "note",
        f"The model's single output is the score of its second class. {named} is the first, so "
        f"{plural(rows, 'score')} had to be turned round: {how}.",
        {"turned": rows},
    )
