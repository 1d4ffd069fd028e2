"""A Keras model with arrays, a PyDataset, a tf.data.Dataset or any iterable of batches, whatever its backend."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import GeneratorType
from typing import Any

import keras
import numpy as np

from unconfused.errors import AmbiguousCall, UsageError
from unconfused.findings import Finding
from unconfused.ingest.batches import (
    Batch,
    Pass,
    Step,
    any_batches,
    batch_of,
    check_pair,
    described,
    first,
    length,
    no_pair,
    no_scores,
    rows_of,
    stepped,
    values_of,
)
from unconfused.ingest.rows import Reading
from unconfused.labels import plural

ROWS = 32
"""Rows per batch where arrays are given: what ``model.evaluate`` takes too."""
CALL = "model.predict_on_batch(batch[0])"


def keras_pass(
    model: Any, data: Any, reading: Reading, *, step: Step | None, batch_size: int | None, steps: int | None
) -> Pass:
    """One walk over ``data``; every batch is predicted in inference mode.

    Raises:
        UsageError: ``data`` gives no batches, never ends, or needs ``step=``.
    """
    batches, total = _batches(data, batch_size, steps, any_kind=step is not None)
    batches, total = first(batches, total, steps)

    def read(batch: Any) -> Batch:
        if step is not None:
            return stepped(step, model, batch)
        if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
            raise no_pair(batch, call=CALL)
        output = model.predict_on_batch(keras.tree.map_structure(_native, batch[0]))
        if isinstance(output, (Mapping, tuple, list)):
            raise no_scores(output, call=CALL)
        return batch_of(batch[1], output, *batch[2:])

    return Pass(
        source=type(model).__name__,
        batches=batches,
        total=total,
        mode=_mode(model),
        read=read,
        notes=lambda whole: _notes(whole, reading),
    )


def _mode(model: Any) -> AbstractContextManager[Any]:
    """On the torch backend a model is a torch Module, whose training flags predicting would change."""
    if keras.backend.backend() != "torch":
        return nullcontext()
    from unconfused.ingest.torch import evaluating

    return evaluating(model)


def _native(x: Any) -> Any:
    """An input that the backend takes: tensors of another framework as NumPy."""
    library = type(x).__module__.partition(".")[0]
    foreign = library in ("torch", "tensorflow", "jax", "jaxlib") and not library.startswith(keras.backend.backend())
    return values_as_given(x) if foreign or hasattr(x, "iloc") else x


def values_as_given(x: Any) -> Any:
    """A tensor or a frame as NumPy in its own shape."""
    if hasattr(x, "detach"):
        x = x.detach().cpu()
        return (x.float() if x.dtype.is_floating_point and x.element_size() < 4 else x).numpy()
    return x.numpy() if hasattr(x, "numpy") else np.asarray(x)


def _batches(
    data: Any, batch_size: int | None, steps: int | None, *, any_kind: bool
) -> tuple[Iterable[Any], int | None]:
    if isinstance(data, tuple) and len(data) in (2, 3) and not isinstance(data[1], tuple):
        return _arrays(data, batch_size or ROWS)
    if isinstance(data, keras.utils.PyDataset):
        return _indexed(data, steps)
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None and isinstance(data, tensorflow.data.Dataset):
        return data, _cardinality(data, steps)
    if any_kind:
        return any_batches(data)
    if isinstance(data, GeneratorType) and steps is None:
        raise AmbiguousCall(
            "The data is a generator, which does not say whether it ends.",
            "Those written for Keras usually repeat for ever, and rows would be counted again and again.",
            "Type steps=, the number of batches that hold the data once, or pass list(generator) if it ends.",
        )
    if isinstance(data, (str, bytes, Mapping)) or hasattr(data, "shape") or not hasattr(data, "__iter__"):
        raise UsageError(
            f"The data is {described(data)}, which gives no labels with its rows.",
            fix="Pass (X, y), a keras.utils.PyDataset, a tf.data.Dataset or any iterable of batches (x, y).",
        )
    return data, length(data)


def _arrays(data: tuple[Any, ...], size: int) -> tuple[Iterable[Any], int]:
    """Arrays in batches; the inputs may be several, in a list or a dict."""
    x, *rest = data
    inputs = keras.tree.flatten(x)
    if not all(hasattr(part, "shape") for part in inputs):
        raise UsageError(
            "X holds Python numbers or text, not arrays.",
            "A list means several inputs.",
            "Pass np.asarray(X).",
        )
    for part in (*inputs, *rest[1:]):
        check_pair(part, rest[0])
    whole = [x, *(values_of(part, name) for part, name in zip(rest, ("y", "sample_weight"), strict=False))]
    n = len(inputs[0])

    def cut() -> Iterator[Any]:
        for start in range(0, n, size):
            rows = slice(start, start + size)
            yield keras.tree.map_structure(lambda part: rows_of(part, rows), tuple(whole))  # noqa: B023

    return cut(), -(-n // size)


def _indexed(data: Any, steps: int | None) -> tuple[Iterable[Any], int | None]:
    """A PyDataset by index: each batch once. Its own iterator may go round for ever."""
    total: int | None = data.num_batches
    last = steps if total is None else total
    if last is None:
        raise _endless(type(data).__name__)
    return (data[place] for place in range(last)), total


def _cardinality(data: Any, steps: int | None) -> int | None:
    spec = data.element_spec
    if isinstance(spec, tuple) and len(spec) > 1 and getattr(getattr(spec[1], "shape", None), "rank", None) == 0:
        raise UsageError(
            "The tf.data.Dataset gives single rows, not batches.",
            fix=f"Type data.batch({ROWS}).",
        )
    count = int(data.cardinality())
    if count == -1 and steps is None:
        raise _endless("tf.data.Dataset")
    return count if count >= 0 else None


def _endless(name: str) -> UsageError:
    return UsageError(
        f"This {name} never ends.",
        "Rows would be counted again and again.",
        "Type steps=, the number of batches that hold the data once, or leave its .repeat() out.",
    )


def _notes(whole: Batch, reading: Reading) -> Iterator[Finding]:
    if whole.sample_weight is not None:
        yield Finding(
            "CM-WEIGHT",
            "note",
            "The batches bring a sample_weight, which is honoured: metrics read sums of weights. In Keras only "
            "weighted_metrics= do so; metrics= count every row as one.",
            {"rows": len(whole.y_true)},
        )
    half = int(np.count_nonzero(whole.y_score == 0.5))
    if half and reading.score_kind == "probability" and whole.y_score.ndim == 1:
        yield Finding(
            "CM-HALF",
            "note",
            f"{plural(half, 'score')} of exactly 0.5: positive here at threshold 0.5 (score >= 0.5), negative for the "
            "binary accuracy of Keras (score > 0.5).",
            {"rows": half},
            "For the rule of Keras type .at(np.nextafter(0.5, 1)).",
        )
