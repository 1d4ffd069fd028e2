"""Rows sliced by the values of columns: coded once, put together by code, and counted slice by slice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import InvalidValues, LengthMismatch, NotKept, ScoresAsLabels, ShapeError, UsageError
from unconfused.findings import Evidence
from unconfused.ingest.arrays import tally_arrays, tally_rows
from unconfused.ingest.columns import Column, as_column
from unconfused.ingest.factors import factor
from unconfused.ingest.quantiles import numbers_of, quantiles
from unconfused.ingest.rows import Reading, Rows, given_rows, standing
from unconfused.ingest.weights import Weighing
from unconfused.labels import Label, listed, plain, plural, same_kind
from unconfused.tally.slices import Edges, Key, Slices, intervals
from unconfused.tally.tallies import Tallies

By: TypeAlias = "Mapping[Any, Any]"
"""Columns by name; under a tuple of names a tuple of columns."""
EXAMPLE = 'by={"country": countries, ("country", "device"): (countries, devices)}'


@dataclass(frozen=True, slots=True)
class Codes:
    """One column of slices.

    Attributes:
        codes: places in ``values``, whole numbers (n,); -1 where the column is null.
        values: the values, or the names of the intervals; some need not occur.
        edges: of the intervals, or None.
    """

    codes: NDArray[Any]
    values: tuple[Label, ...]
    edges: Edges | None = None


def tally_slices(
    reading: Reading, y_true: Any, by: By | None, edges: Mapping[Any, Any] | None = None, **columns: Any
) -> Tallies:
    """Everything that one pass keeps, of all rows and of the rows of each slice.

    Args:
        reading: how the columns are to be read.
        y_true, columns: as `tally_arrays` takes them.
        by: the columns to slice by; nulls are a slice of their own.
        edges: of columns of numbers: where their intervals begin, or a number of intervals of equally many rows.

    Raises:
        UsageError: no columns, or edges that part nothing.
        LengthMismatch: a column of another length.
        InvalidValues: fractional numbers without edges.
    """
    given = {x: columns.get(x) for x in ("y_pred", "y_score", "sample_weight", "count", "ids", "row_cost")}
    if by is None:
        refuse_edges(edges, ())
        return tally_arrays(reading, y_true, **given)
    rows = given_rows(reading, y_true, **given)
    whole = tally_rows(standing(rows))
    named = named_columns(by)
    refuse_edges(edges, [name for names in named for name in names])
    codes = codes_of(named, len(rows.truth), edges, reading)
    reading = replace(_within(reading, whole), batch=True)
    rows = replace(rows, reading=reading)
    slices = {}
    for names, coded in codes.items():
        members = {key: tally_rows(standing(part)) for key, part in _parts(rows, coded)}
        slices[names] = Slices(names, members, tuple(x.edges for x in coded))
    return whole.sliced(slices)


def _within(reading: Reading, whole: Tallies) -> Reading:
    """Read with the classes of the whole, which a few rows need not hold."""
    if reading.label_kind == "multilabel":
        return reading
    labels = whole.labels
    positive = None if labels.positive is None else labels.values[labels.positive]
    return replace(reading, labels=labels, pos_label=positive)


def codes_of(
    named: Mapping[tuple[str, ...], tuple[Any, ...]], n: int, edges: Mapping[Any, Any] | None, reading: Reading
) -> dict[tuple[str, ...], list[Codes]]:
    """The columns of each slicing as codes, each column coded once."""
    known: dict[tuple[str, int], Codes] = {}
    for names, parts in named.items():
        for name, part in zip(names, parts, strict=True):
            if (name, id(part)) not in known:
                known[name, id(part)] = _coded(name, part, n, (edges or {}).get(name), reading)
    return {
        names: [known[name, id(part)] for name, part in zip(names, parts, strict=True)]
        for names, parts in named.items()
    }


def parts_of(coded: list[Codes], keep: NDArray[np.bool_] | None) -> tuple[NDArray[np.intp], list[tuple[Key, int, int]]]:
    """The rows ordered by slice, and of each slice that holds any its key and where its rows stand."""
    codes, size = _combined(coded)
    if keep is not None:
        codes = np.where(keep, codes, -1)  # what stands for no row makes no slice
    order = np.argsort(codes.astype(np.int16) if size < 1 << 15 else codes, kind="stable")
    ends = np.cumsum(np.bincount(codes + 1, minlength=size + 1))
    found: list[tuple[Key, int, int]] = []
    for place in np.flatnonzero(np.diff(ends)).tolist():
        start, end = int(ends[place]), int(ends[place + 1])
        first = order[start]
        key = tuple(None if x.codes[first] < 0 else x.values[x.codes[first]] for x in coded)
        found.append((key, start, end))
    return order, found


def numbered(coded: list[Codes]) -> tuple[NDArray[Any], list[Key]]:
    """The number of each row's slice, and the keys of those numbers; some need not occur."""
    if len(coded) == 1:
        codes, values = coded[0].codes, coded[0].values
        codes = codes if codes.min(initial=0) >= 0 else codes.astype(np.intp) % (len(values) + 1)
        return codes, [*((x,) for x in values), (None,)]
    codes, size = _combined(coded)
    first = np.zeros(size, np.intp)
    first[codes] = np.arange(len(codes))  # some row of each
    own = [x.codes[first].tolist() for x in coded]
    return codes, [
        tuple(None if i < 0 else x.values[i] for x, i in zip(coded, at, strict=True)) for at in zip(*own, strict=True)
    ]


def _combined(coded: list[Codes]) -> tuple[NDArray[np.int64], int]:
    """The values of each row as one number below a size that stays near to how many there are."""
    codes, size = coded[0].codes.astype(np.int64) + 1, len(coded[0].values) + 1
    for one in coded[1:]:  # dense again after each: a few columns of many values need no table of all pairs
        codes, size = _dense(codes * (len(one.values) + 1) + one.codes + 1, size * (len(one.values) + 1))
    return codes, size


def _dense(codes: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], int]:
    """Numbers below ``size`` as places among those that occur."""
    if size > 1 << 20:
        distinct, places = np.unique(codes, return_inverse=True)
        return places, len(distinct)
    seen = np.bincount(codes, minlength=size) > 0
    return (np.cumsum(seen) - 1)[codes], int(seen.sum())


def _parts(rows: Rows, coded: list[Codes]) -> Iterator[tuple[Key, Rows]]:
    """The rows of each slice that holds any."""
    order, parts = parts_of(coded, None if rows.weighing.count is None else rows.weighing.count > 0)
    rows = _taken(rows, order)
    for key, start, end in parts:
        yield key, _taken(rows, slice(start, end))


def _taken(rows: Rows, at: Any) -> Rows:
    """Some rows, in another order; of the evidence only what every row has alike."""

    def column(x: Column | None) -> Column | None:
        return (
            None if x is None else replace(x, values=x.values[at], missing=None if x.missing is None else x.missing[at])
        )

    w = rows.weighing
    truth = column(rows.truth)
    assert truth is not None
    n = len(truth)
    weighing = Weighing(n, *(None if x is None else x[at] for x in (w.weights, w.count)))
    coarse = Evidence(coarse=n if rows.evidence["coarse"] else 0)
    costs = None if rows.costs is None else rows.costs[at]
    return replace(
        rows, truth=truth, called=column(rows.called), score=column(rows.score), ids=column(rows.ids),
        weighing=weighing, evidence=coarse, costs=costs,
    )  # fmt: skip


# ── columns to codes ──────────────────────────────────────────────────────────────────────────
def named_columns(by: By) -> dict[tuple[str, ...], tuple[Any, ...]]:
    """Columns by the names that they are sliced by together."""
    if not isinstance(by, Mapping) or not by:
        raise UsageError(f"by= is {by!r:.40}.", "A slice is called by the name of its column.", f"Type {EXAMPLE}.")
    made: dict[tuple[str, ...], tuple[Any, ...]] = {}
    for name, column in by.items():
        together = isinstance(name, tuple)
        names = name if together else (name,)
        if not all(isinstance(x, str) for x in names) or not names or len(set(names)) < len(names):
            raise UsageError(f"by= names {name!r}.", "Columns are called by text, each once.", f"Type {EXAMPLE}.")
        parts = column if together else (column,)
        if not isinstance(parts, (tuple, list)) or len(parts) != len(names):
            raise UsageError(f"by= names {plural(len(names), 'column')} as {name!r}.", fix=f"Pass as many: {EXAMPLE}.")
        made[names] = tuple(parts)
    return made


def refuse_edges(edges: Mapping[Any, Any] | None, names: Any) -> None:
    """Refuse edges of a column that is not sliced by."""
    if strange := [x for x in edges or () if x not in names]:
        raise UsageError(f"edges= names {listed(strange)}, and by= does not.", fix="Name columns that are in by=.")


def _coded(name: str, given: Any, n: int, edges: Any, reading: Reading) -> Codes:
    column = as_column(given, f"by[{name!r}]")
    if column.values.ndim != 1:
        raise ShapeError(f"{column.name} has shape {column.shape}; slices are one value for each row, (n,).")
    if len(column) != n:
        raise LengthMismatch(f"{column.name} has {plural(len(column), 'row')}, y_true has {n:,}.")
    if edges is not None:
        return _cut(column, edges, name, reading.batch)
    example = f"edges={{{name!r}: [20, 40]}}, or edges={{{name!r}: 4}} for quarters of the rows"
    if column.values.dtype.kind == "f" and np.isinf(column.values).any():
        raise InvalidValues(f"{column.name} holds infinite numbers.", fix=f"Type {example}.")
    if column.categories is not None:
        return _of_categories(column)
    try:
        found = factor(column, invalid="count")
    except ScoresAsLabels as error:
        raise InvalidValues(
            f"{column.name} holds fractional numbers.", "Each would be a slice of its own.", f"Type {example}."
        ) from error
    return Codes(found.codes, found.values)


def _of_categories(column: Column) -> Codes:
    """A column that is coded already, with its own codes."""
    values = column.categories or ()
    if not set(map(type, values)) <= {str}:
        values = tuple(map(plain, values))
        same_kind(values, f"The categories of {column.name}")
    codes = column.values
    if codes.dtype.kind != "i":
        codes = codes.astype(np.int64)
    if column.missing is not None and column.missing.any():
        codes = np.where(column.missing, -1, codes)
    return Codes(codes, values)


def _cut(column: Column, edges: Any, name: str, batch: bool) -> Codes:
    """A column of numbers in intervals, each of which holds its lower edge."""
    x, gone = numbers_of(column, name)
    if isinstance(edges, int) and not isinstance(edges, bool):
        cut = _refuse_quantiles(name, edges) if batch else quantiles(x[~gone], edges, name)
    else:
        cut = tuple(float(e) for e in np.asarray(edges, np.float64).ravel())
    if not cut or not np.isfinite(cut).all() or (np.diff(cut) <= 0).any():
        raise UsageError(f"edges= of {name!r} are {list(cut)}.", fix="Name finite numbers that ascend: [20, 40, 60].")
    codes = np.searchsorted(cut, x, side="right")
    return Codes(np.where(gone, -1, codes), intervals(cut), cut)


def _refuse_quantiles(name: str, parts: int) -> NoReturn:
    raise NotKept(
        f"edges={{{name!r}: {parts}}} asks for quantiles, and these rows are a part of the whole.",
        "Every part would be cut elsewhere.",
        f"State the edges: edges={{{name!r}: [20, 40]}}.",
    )


def by_names(by: Any) -> list[tuple[str, ...]]:
    """Names of columns to slice by, as a table has them: ``["country", ("country", "device")]``.

    >>> by_names(["country", ("country", "device")])
    [('country',), ('country', 'device')]
    """
    named = [by] if isinstance(by, str) else by
    made = [x if isinstance(x, tuple) else (x,) for x in named] if isinstance(named, (list, tuple)) else []
    if not made or not all(isinstance(x, str) for names in made for x in names):
        raise UsageError(
            f"by= is {by!r:.40}.", "It names columns of the table.", 'Type by=["country", ("country", "device")].'
        )
    return made
