"""A second look at a table: the rows in the bins that a first one left open, by their scores.

The first look counts everything on a grid. What it left open is known then, cell by cell, and only those rows are kept
by the second: memory grows with them and not with the table. Both looks are sums over pieces, so the rows may lie
anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from unconfused.asked import Asked
from unconfused.errors import UsageError
from unconfused.ingest.files import sentence
from unconfused.ingest.rows import Reading
from unconfused.tally.grouped import Grouped
from unconfused.tally.kernels import exact_total
from unconfused.tally.opened import Opened, What, looked_at, open_cells
from unconfused.tally.scores import ScoreTally
from unconfused.tally.slices import Slices
from unconfused.tally.tallies import Tallies

MOST = 1 << 25
"""Rows whose scores a second look keeps."""
EACH = 250
"""Bytes that a distinct score takes while it is put in its place."""

Look = Callable[[Mapping[str, Any], Reading, Asked], Tallies]
"""Counts the rows of a table once more: the columns of one model by role, how they are read, what is kept."""


def refined(
    kept: tuple[Any, ...], names: Mapping[str, Any], reading: Reading, asked: Asked, look: Look
) -> tuple[Any, ...]:
    """What a pass kept, with every bin that leaves something open replaced by the scores of its rows.

    Args:
        kept: the tallies of each model, and of several the joint table.
        names: the columns of the table by role.
        reading, asked: of the pass; ``reading.refine`` says which bins.
        look: takes the second look.

    Raises:
        UsageError: more rows than memory should hold; or the bins hold other rows than at the first look.
    """
    alone = replace(asked, role="", models=(), threshold=None, costs={})
    made = []
    for one, columns in zip(kept, each_model(names, asked), strict=False):
        if (second := _reading(one, reading)) is not None:
            columns = {role: x for role, x in columns.items() if role != "ids" and not role.startswith("cost:")}
            one = _refined(one, look(columns, second, alone), reading.refine)
        made.append(one)
    return (*made, *kept[len(made) :])


def each_model(names: Mapping[str, Any], asked: Asked) -> list[Mapping[str, Any]]:
    """The columns of each model, as if it were the only one."""
    if not asked.models:
        return [names]
    shared = {role: name for role, name in names.items() if not role.startswith(f"{asked.role}:")}
    return [{**shared, asked.role: names[f"{asked.role}:{model}"]} for model in asked.models]


def _reading(whole: Tallies, reading: Reading) -> Reading | None:
    """How rows are read the second time: under the classes of the first, and only those in its open cells."""
    held = _columns(whole.scores)
    opened = Opened.of(held, reading.refine) if held and held[0].binned else None
    if not opened:
        return None
    _check_size(held, reading)
    own: dict[str, Any] = {}
    if reading.label_kind != "multilabel":
        labels = whole.labels
        own["labels"] = dict(zip(labels.values, labels.names, strict=True))
        own["pos_label"] = None if labels.positive is None else labels.names[labels.positive]
    return replace(reading, refine=opened, rules=None, curves=True, pairs=False, batch=True, **own)


def _columns(scores: Any) -> list[ScoreTally]:
    return [] if scores is None else list(scores.values()) if isinstance(scores, Grouped) else [scores]


def _open_rows(held: list[ScoreTally], what: What) -> int:
    return sum(exact_total(x.full[1:][open_cells(x, what)]) for x in held)


def _check_size(held: list[ScoreTally], reading: Reading) -> None:
    if (rows := _open_rows(held, reading.refine)) > MOST:
        _refuse_size(held, reading, rows)


def _refuse_size(held: list[ScoreTally], reading: Reading, rows: int) -> NoReturn:
    bins = sum(int(np.count_nonzero(open_cells(x, reading.refine))) for x in held)
    fewer = 0 if reading.refine == "order" else _open_rows(held, "order")
    ways = [f'refine="order" ({fewer:,} rows), if the ranking is what you ask'] if 0 < fewer <= MOST else []
    ways.append("pins=[...], if it is a threshold")
    plain = all(x.full_weights is None for x in held)
    ways += [f'grid="exact", which looks once and keeps {sum(x.total for x in held):,} rows'] if plain else []
    raise UsageError(
        f"refine={reading.refine!r} would keep the scores of {rows:,} rows, of {bins:,} of "
        f"{sum(len(x.scores) for x in held):,} bins.",
        f"That is up to {rows * EACH / 1e9:.0f} GB, and {MOST:,} rows are the most.",
        f"Type {'; or '.join(ways)}. Without refine= every value comes with bounds that hold the exact one.",
    )


def not_again(error: Exception) -> UsageError:
    """What a source that cannot be read twice is refused with."""
    return UsageError(
        f"The table was read once and cannot be read again: {sentence(error).rstrip('.')}.",
        "refine= looks twice, and what can be read once is gone by then.",
        'Keep the rows in a table or a file; or type grid="exact", which looks once.',
    )


# ── in their place ────────────────────────────────────────────────────────────────────────────
def _refined(whole: Tallies, rows: Tallies | None, what: What) -> Tallies:
    """A tally of the first look with the rows of the second."""
    again = Tallies.zero() if rows is None else rows
    made = replace(whole, scores=_each(whole.scores, again.scores, what))
    if whole.units is not None:
        found = {} if again.units is None else again.units.buckets
        buckets = {key: _refined(x, found.get(key), what) for key, x in whole.units.buckets.items()}
        made = replace(made, units=replace(whole.units, buckets=Grouped(buckets, whole.units.buckets.kind)))
    return replace(made, slices={x: _sliced(own, again.slices.get(x), what) for x, own in whole.slices.items()})


def _each(scores: Any, rows: Any, what: What) -> Any:
    if isinstance(scores, Grouped):
        found = rows if isinstance(rows, Grouped) else {}
        return Grouped({key: looked_at(x, found.get(key), what) for key, x in scores.items()}, scores.kind)
    return scores and looked_at(scores, rows if isinstance(rows, ScoreTally) else None, what)


def _sliced(slices: Slices, rows: Slices | None, what: What) -> Slices:
    found = {} if rows is None else rows.members
    return replace(slices, members={key: _refined(x, found.get(key), what) for key, x in slices.members.items()})
