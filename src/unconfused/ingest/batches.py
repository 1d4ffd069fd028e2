"""One pass over a model's data: labels and scores of the same batch, as NumPy; and what to type when they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import IndexMismatch, LengthMismatch, UsageError
from unconfused.findings import Finding
from unconfused.ingest.columns import as_column
from unconfused.labels import Declared

Step: TypeAlias = "Callable[[Any, Any], tuple[Any, ...]]"
Values: TypeAlias = "NDArray[Any]"


class Batch(NamedTuple):
    """Rows of one batch, or of the whole pass.

    Attributes:
        y_true: their labels (n, …).
        y_score: the model's output for the same rows: (n,) or (n, K).
        sample_weight: their weights, where the data brings some.
        ids: their names, where they were asked for.
    """

    y_true: Values
    y_score: Values
    sample_weight: Values | None = None
    ids: Values | None = None

    def keep(self, mask: NDArray[np.bool_]) -> Batch:
        """Only the rows where ``mask`` is true."""
        return Batch(*(None if x is None else x[mask] for x in self))  # type: ignore[arg-type]


def _no_notes(_: Batch) -> Iterable[Finding]:
    return ()


def _all_rows(_: Batch) -> NDArray[np.bool_] | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One walk over the data of a model, not yet begun.

    Attributes:
        source: what is read, for messages.
        batches: what the walk goes over.
        read: one of them to labels and scores.
        total: how many there are, where that is known.
        mode: holds the model as it must be during the walk, and puts it back.
        labels: the classes in the order that the scores follow; the model's own where it states them.
        notes: what the whole pass shows.
        real: which rows are the data's own, (n,); None for all. Others were repeated to fill up a share.
    """

    source: str
    batches: Iterable[Any]
    read: Callable[[Any], Batch]
    total: int | None = None
    mode: AbstractContextManager[Any] = field(default_factory=nullcontext)
    labels: Declared | None = None
    notes: Callable[[Batch], Iterable[Finding]] = _no_notes
    real: Callable[[Batch], NDArray[np.bool_] | None] = _all_rows


def values_of(x: Any, name: str) -> Values:
    """Any array-like as plain NumPy values; a null is None, or NaN among floats.    Shape: (n, …); (n, 1) → (n,)."""
    column = as_column(x, name)
    values = column.values
    if column.categories is not None:
        named = np.empty(len(column.categories) + 1, object)
        named[:-1] = column.categories
        values = named[values]  # code -1 is the last: None
    if column.missing is not None and column.missing.any():
        values = values.copy() if values.dtype.kind == "f" else values.astype(object)
        values[column.missing] = None
    return values


def batch_of(y_true: Any, y_score: Any, sample_weight: Any = None) -> Batch:
    """Labels, scores and weights of the same rows, as NumPy."""
    weight = None if sample_weight is None else values_of(sample_weight, "sample_weight")
    return Batch(values_of(y_true, "y_true"), values_of(y_score, "y_score"), weight)


def stepped(step: Step, model: Any, batch: Any) -> Batch:
    """What ``step`` reads from one batch: (y_true, y_score), or with sample_weight as a third."""
    given = step(model, batch)
    if isinstance(given, (tuple, list)) and len(given) in (2, 3):
        return batch_of(*given)
    raise UsageError(
        f"step= returned {described(given)}.",
        "It reads one batch and gives the labels of its rows and the model's scores for them.",
        "Return (y_true, y_score), in that order.",
    )


def apart(batch: Any, what: str) -> tuple[tuple[Any, ...], Any]:
    """What stands before the last part of a batch, and that part: the ids of its rows.

    Raises:
        UsageError: there are fewer than three parts.
    """
    if isinstance(batch, (tuple, list)) and len(batch) > 2:
        return tuple(batch[:-1]), batch[-1]
    raise UsageError(
        f"{what} is {described(batch)}, and ids=True.",
        "Then its last part names its rows, after inputs or scores, labels and weights.",
        "Yield (x, y, id), return (y_true, y_score, id) from step=, or leave ids= out.",
    )


def described(x: Any) -> str:
    """What a batch or an output is, in a few words.

    >>> described((1, {"input_ids": 2}))
    'a tuple of 2 (int, dict)'
    >>> described({"logits": 2})
    "a dict with 'logits'"
    """
    kind = type(x).__name__
    if isinstance(x, Mapping):
        return f"a {kind} with {', '.join(repr(key) for key in list(x)[:4])}"
    if isinstance(x, (tuple, list)):
        within = ", ".join(type(part).__name__ for part in x[:4])
        return f"a {kind} of {len(x)} ({within})" if x else f"an empty {kind}"
    shape = getattr(x, "shape", None)
    return f"a {kind}" if shape is None else f"a {kind} of shape {tuple(shape)}"


def no_pair(batch: Any, *, call: str = "model(batch[0])") -> UsageError:
    """The refusal of a batch that is no (x, y), with the ``step=`` that would read it."""
    fix = f"step=lambda model, batch: (batch[1], {call})"
    if isinstance(batch, Mapping):
        keys = [str(key) for key in batch]
        y = next((key for key in keys if key in ("labels", "label", "y", "target", "targets")), "label")
        x = next((key for key in keys if key != y), "x")
        fix = f'step=lambda model, batch: (batch["{y}"], {call})'.replace("batch[0]", f'batch["{x}"]')
    elif isinstance(batch, (tuple, list)) and len(batch) == 3:
        fix = (
            f"ids=True if the third names the rows; if it is a weight, step=lambda model, batch: (batch[1], {call}, "
            "batch[2])"
        )
    return UsageError(
        f"A batch is {described(batch)}.",
        "Which part holds the inputs and which the labels is only known for a pair (x, y).",
        f"Say how to read it: {fix}",
    )


def no_scores(output: Any, *, call: str = "model(batch[0])") -> UsageError:
    """The refusal of an output that is no single array, with the ``step=`` that would read it."""
    part = ""
    if hasattr(output, "logits"):
        part = ".logits"
    elif isinstance(output, Mapping):
        part = f"[{next(iter(output), 'scores')!r}]"
    elif isinstance(output, (tuple, list)):
        part = "[0]"
    return UsageError(
        f"The model's output is {described(output)}.",
        "Which part of it holds the scores is not known.",
        f"Say how to read it: step=lambda model, batch: (batch[1], {call}{part})",
    )


def is_arrays(data: Any) -> bool:
    """Whether ``data`` is the pair (X, y) of arrays, and not a sequence of batches."""
    return (
        isinstance(data, tuple)
        and len(data) == 2
        and hasattr(data[0], "shape")
        and (hasattr(data[1], "shape") or isinstance(data[1], list))
    )


def rows_of(data: Any, rows: slice) -> Any:
    """Some rows of an array or a frame."""
    return data.iloc[rows] if hasattr(data, "iloc") else data[rows]


def check_pair(x: Any, y: Any) -> None:
    """Refuse rows and labels of different length, or with pandas indexes that disagree."""
    if len(x) != len(y):
        raise LengthMismatch(f"X has {len(x):,} rows, y has {len(y):,}.", "Rows are paired by position.")
    indexes = [part.index for part in (x, y) if hasattr(getattr(part, "index", None), "equals")]
    if len(indexes) == 2 and not indexes[0].equals(indexes[1]):
        raise IndexMismatch(
            "X and y both carry a pandas index, and the two differ.",
            "By position a row would be compared with another row's label.",
            "Align them, for example y.loc[X.index], or pass y.to_numpy() if position is right.",
        )


def sliced(data: tuple[Any, ...], size: int) -> Iterator[tuple[Any, ...]]:
    """The arrays (X, y) in batches of ``size`` rows."""
    for start in range(0, len(data[0]), size):
        yield tuple(rows_of(part, slice(start, start + size)) for part in data)


def length(data: Any) -> int | None:
    """How many batches there are, where the data knows."""
    try:
        return len(data)
    except (TypeError, NotImplementedError):
        return None


def first(batches: Iterable[Any], total: int | None, steps: int | None) -> tuple[Iterable[Any], int | None]:
    """The first ``steps`` batches; all of them without ``steps``."""
    if steps is None:
        return batches, total
    if steps < 1:
        raise UsageError(f"steps={steps} reads nothing.", fix="Name at least one batch, or leave steps= out.")
    return islice(batches, steps), steps if total is None else min(steps, total)


def any_batches(data: Any) -> tuple[Iterable[Any], int | None]:
    """Data of any kind, for a ``step=``: an iterable goes batch by batch; arrays, frames and dicts are one batch."""
    whole = is_arrays(data) or isinstance(data, (str, bytes, Mapping)) or hasattr(data, "shape")
    if whole or not (hasattr(data, "__iter__") or hasattr(data, "__getitem__")):
        return [data], 1
    return data, length(data)
