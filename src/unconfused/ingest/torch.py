"""A torch Module and a DataLoader, or any iterable of batches: eval mode, no gradients, the model's own device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from unconfused.errors import UsageError
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
    is_arrays,
    length,
    no_pair,
    no_scores,
    sliced,
    stepped,
)
from unconfused.labels import plural

ROWS = 256
"""Rows per batch where arrays are given instead of batches."""


def module_pass(model: Any, data: Any, *, step: Step | None, batch_size: int | None, steps: int | None) -> Pass:
    """One walk over ``data`` with the module in eval mode, each batch on the module's device.

    Raises:
        UsageError: ``data`` gives no batches, or they need ``step=``.
    """
    device, kind = _home(model)
    training = _training(model)
    batches, total = _batches(data, batch_size, any_kind=step is not None)
    batches, total = first(batches, total, steps)

    def read(batch: Any) -> Batch:
        # no_grad and not inference_mode: what a module caches on its first call must still be good for training.
        with torch.no_grad():
            if step is not None:
                return stepped(step, model, moved(batch, device))
            if not isinstance(batch, (tuple, list)) or len(batch) != 2:
                raise no_pair(batch)
            x, y = batch
            output = model(moved(_tensors(x, kind), device))
        if not isinstance(output, torch.Tensor):
            raise no_scores(output)
        return batch_of(y, output)

    return Pass(
        source=type(model).__name__,
        batches=batches,
        total=total,
        mode=evaluating(model),
        read=read,
        notes=lambda whole: (*training, *loader_notes(data, len(whole.y_true), cut=steps is not None)),
        real=lambda whole: real_rows(data, len(whole.y_true)),
    )


def _training(model: Any) -> tuple[Finding, ...]:
    """A note where layers that behave otherwise in training were found in training mode."""
    kinds = Counter(
        name
        for module in model.modules()
        for name in ("Dropout", "BatchNorm")
        if module.training and name in type(module).__name__
    )
    if not kinds:
        return ()
    layers = ", ".join(plural(n, f"{name} layer") for name, n in sorted(kinds.items()))
    return (
        Finding(
            "CM-TRAIN-MODE",
            "note",
            f"The model was found in training mode ({layers}): it was switched to evaluation mode and back.",
            {"layers": kinds.total()},
        ),
    )


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Eval mode within; afterwards, and after an error, every submodule has the training flag that it had."""
    flags = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, flag in flags:
            if module.training != flag:
                module.train(flag)  # may be more than a flag: adapters that were merged come apart again
        for module, flag in flags:
            module.training = flag


def _home(model: Any) -> tuple[Any, Any]:
    """Where the module lives, and the floating type that it computes in."""
    own = [*model.parameters(), *model.buffers()]
    kind = next((tensor.dtype for tensor in own if tensor.is_floating_point()), torch.get_default_dtype())
    return (own[0].device if own else torch.device("cpu")), kind


def moved(batch: Any, device: Any) -> Any:
    """The batch with every tensor in it on ``device``."""
    if isinstance(batch, (dict, list, tuple)):
        return _mapped(batch, lambda part: moved(part, device))
    return batch.to(device) if hasattr(batch, "to") else batch


def _tensors(x: Any, kind: Any) -> Any:
    """NumPy inputs as tensors, fractional ones in the module's own type."""
    if isinstance(x, (dict, list, tuple)):
        return _mapped(x, lambda part: _tensors(part, kind))
    if not isinstance(x, np.ndarray):
        return x
    return torch.as_tensor(x, dtype=kind if x.dtype.kind == "f" else None)


def _mapped(batch: Any, change: Any) -> Any:
    if isinstance(batch, dict):
        return {key: change(part) for key, part in batch.items()}
    parts = [change(part) for part in batch]
    return type(batch)(*parts) if hasattr(batch, "_fields") else type(batch)(parts)


def _batches(data: Any, batch_size: int | None, *, any_kind: bool) -> tuple[Iterable[Any], int | None]:
    if is_arrays(data):
        check_pair(*data)
        size = batch_size or ROWS
        return sliced(data, size), -(-len(data[0]) // size)
    if any_kind:
        return any_batches(data)
    single = isinstance(data, torch.utils.data.Dataset) and not isinstance(data, torch.utils.data.IterableDataset)
    if single or isinstance(data, (str, bytes, Mapping)) or hasattr(data, "shape") or not hasattr(data, "__iter__"):
        raise UsageError(
            f"The data is {described(data)}, which gives no batches.",
            "A module is run batch by batch, and each batch brings its own labels.",
            "Type torch.utils.data.DataLoader(dataset, batch_size=256), or pass the arrays as (X, y).",
        )
    return data, length(data)


def real_rows(loader: Any, rows: int) -> NDArray[np.bool_] | None:
    """Which rows of one process's share are the data set's own; None where all are, or that cannot be told.

    A DistributedSampler repeats the first rows until all shares are equal, then deals them out in turn: the j-th row
    of a share is row j * world + rank of that list, repeated if that is len(dataset) or more.    Shape: (n,).
    """
    sampler = _sharing(loader)
    if sampler is None or sampler.drop_last or rows > sampler.num_samples:
        return None
    if type(sampler).__iter__ is not torch.utils.data.distributed.DistributedSampler.__iter__:
        return None
    places = np.arange(rows) * sampler.num_replicas + sampler.rank
    real: NDArray[np.bool_] = places < len(sampler.dataset)
    return None if real.all() else real


def _sharing(loader: Any) -> Any:
    sampler = getattr(loader, "sampler", None) if isinstance(loader, torch.utils.data.DataLoader) else None
    if not isinstance(sampler, torch.utils.data.distributed.DistributedSampler) or sampler.num_replicas < 2:
        return None
    return sampler


def loader_notes(loader: Any, rows: int, *, cut: bool = False) -> Iterator[Finding]:
    """What a DataLoader does to the rows of its data set before anyone counts them; ``cut`` short on request."""
    if not isinstance(loader, torch.utils.data.DataLoader):
        return
    sampler, size = loader.sampler, length(loader.dataset)
    if (share := _sharing(loader)) is not None:
        yield from _share_notes(loader, share, rows)
    elif isinstance(sampler, torch.utils.data.WeightedRandomSampler) or getattr(sampler, "replacement", False):
        yield Finding(
            "CM-RESAMPLED",
            "warning",
            f"The loader's {type(sampler).__name__} draws rows with replacement: some were counted more than once, "
            "others never, and the shares of the classes are the sampler's.",
            {"rows": rows},
            "Evaluate with a loader that has no such sampler.",
        )
    elif loader.drop_last and size is not None and rows < size and not cut:
        yield Finding(
            "CM-DROPLAST",
            "warning",
            f"drop_last=True left {size - rows:,} of the data set's {plural(size, 'row')} unread.",
            {"unread": size - rows, "rows": size},
            "Evaluate with drop_last=False.",
        )


def _share_notes(loader: Any, sampler: Any, rows: int) -> Iterator[Finding]:
    real, shares, size = real_rows(loader, rows), sampler.num_replicas, len(sampler.dataset)
    repeated = 0 if real is None else int((~real).sum())
    uneven = size % shares > 0 and not repeated and not _takes_part(sampler)
    yield Finding(
        "CM-SHARE",
        "warning",
        f"The loader's {type(sampler).__name__} gave this process {plural(rows - repeated, 'row')} of {size:,}, one of "
        f"{shares} shares" + (", which are made equal by repeating or dropping rows." if uneven else "."),
        {"rows": rows - repeated, "shares": shares},
        "Add the evaluations of all processes, or evaluate once with a loader that has no such sampler.",
    )
    if repeated:
        yield Finding(
            "CM-PADDED",
            "note",
            f"{plural(repeated, 'row')} at the end of this share {'was' if repeated == 1 else 'were'} left out: the "
            "sampler repeated them to make all shares equal.",
            {"rows": repeated},
        )


def _takes_part(sampler: Any) -> bool:
    """Whether the rows that the sampler repeats are known, so that the shares add up to the data set."""
    own = torch.utils.data.distributed.DistributedSampler
    return not sampler.drop_last and type(sampler).__iter__ is own.__iter__
