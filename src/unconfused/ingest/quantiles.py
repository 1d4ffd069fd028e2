"""Edges that part the rows of a column evenly, exactly, where the column is too long to be sorted.

The first look counts values by the first bits of their float64, the second keeps the values of the few bins in which an
edge lies. Memory does not grow with the rows, unless nearly all of them share those bits. What a look sees of some rows
adds to what it sees of others, so the rows may lie anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import InvalidValues, UsageError
from unconfused.ingest.columns import Column, as_column
from unconfused.ingest.progress import Total, shown
from unconfused.ingest.sums import balanced
from unconfused.tally.slices import Edges

Floats: TypeAlias = NDArray[np.float64]
Keys: TypeAlias = NDArray[np.uint64]
SHIFT = np.uint64(46)
"""Bits that a bin leaves open: 2¹⁸ bins, each as wide as a value times 2⁻⁶."""
FAN = 16
"""Histograms that are added at a time."""


class Pieces(Protocol):
    """What can be gone through again and again, a few rows at a time."""

    @property
    def pieces(self) -> Iterable[Callable[[], dict[str, Any]]]:
        """A new pass."""

    @property
    def rows(self) -> Total:
        """How many rows there are, where that is known."""


def numbers_of(column: Column, name: str) -> tuple[Floats, NDArray[np.bool_]]:
    """A column that is to be cut, and where it has no number."""
    column = _decimals(column)
    if column.values.dtype.kind not in "iuf" or column.categories is not None:
        raise InvalidValues(
            f"edges= names {name!r}, and {column.name} holds no numbers.", fix="Leave it out of edges=."
        )
    x = column.values.astype(np.float64)
    return x, np.isnan(x) if column.missing is None else np.isnan(x) | column.missing


def _decimals(column: Column) -> Column:
    """Objects that are decimals or null as the nearest float64; of anything else the column as it is."""
    x = column.values
    if x.dtype != object or x.ndim != 1 or column.categories is not None:
        return column
    gone = np.zeros(len(x), bool) if column.missing is None else column.missing
    if not all(hidden or value is None or isinstance(value, Decimal) for value, hidden in zip(x, gone, strict=True)):
        return column
    return replace(column, values=np.array([float(v) if isinstance(v, Decimal) else np.nan for v in x], np.float64))


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often whole numbers occur; ``+`` adds.

    Attributes:
        values: those that do, ascending.    Shape: (k,).
        counts: how often.
    """

    values: Keys
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, x: Keys) -> Histogram:
        """Each of these once."""
        values, counts = np.unique(x, return_counts=True)
        return cls(values, counts.astype(np.int64))

    def __add__(self, other: Histogram) -> Histogram:
        values, place = np.unique(np.concatenate([self.values, other.values]), return_inverse=True)
        counts = np.zeros(len(values), np.int64)
        np.add.at(counts, place, np.concatenate([self.counts, other.counts]))
        return Histogram(values, counts)


NOTHING = Histogram(np.zeros(0, np.uint64), np.zeros(0, np.int64))


@dataclass(frozen=True)
class Look:
    """One of the two looks at columns that are to be cut. It travels to where the rows are.

    Attributes:
        columns: the name of each, by the role that it plays.
        bins: at the second look, the bins of each column of which the values are wanted.
    """

    columns: Mapping[str, str]
    bins: Mapping[str, Keys] | None = None

    def at(self, pieces: Iterable[Mapping[str, Any]]) -> dict[str, Histogram]:
        """What it sees of these rows, by column."""
        found: dict[str, list[Histogram]] = {}
        for rows in pieces:
            for role, name in self.columns.items():
                x, gone = numbers_of(as_column(rows[role], f"by[{name!r}]"), name)
                found.setdefault(name, []).append(self._seen(name, _ordered(x[~gone])))
                if len(found[name]) == FAN:
                    found[name] = [balanced(found[name], NOTHING)]
        return {name: balanced(x, NOTHING) for name, x in found.items()}

    def _seen(self, name: str, keys: Keys) -> Histogram:
        if self.bins is None:
            return Histogram.of(keys >> SHIFT)
        return Histogram.of(keys[np.isin(keys >> SHIFT, self.bins[name])])


def cut_edges(table: Pieces, wanted: Mapping[str, tuple[str, int]]) -> dict[str, Edges]:
    """The edges of columns in pieces: ``wanted`` holds for each role the column and into how many parts it goes."""

    def seen(look: Look) -> Mapping[str, Histogram]:
        with shown("Looking for edges", table.rows) as meter:
            return look.at(meter.over(piece() for piece in table.pieces))

    return edges_seen(seen, wanted)


def edges_seen(
    seen: Callable[[Look], Mapping[str, Histogram]], wanted: Mapping[str, tuple[str, int]]
) -> dict[str, Edges]:
    """The same by two looks at all rows.

    Raises:
        UsageError: a column that cannot be parted so, or whose rows are others at the second look.
    """
    columns = {role: name for role, (name, _) in wanted.items()}
    bins, ends, at, first = seen(Look(columns)), {}, {}, {}
    for name, parts in wanted.values():
        held = bins.get(name, NOTHING)
        ends[name] = np.cumsum(held.counts)
        n = int(held.counts.sum())
        check_parts(name, parts, n)
        first[name] = [0, *places(n, parts)]
        at[name] = np.searchsorted(ends[name], first[name], side="right")
    values = seen(Look(columns, {name: np.unique(bins[name].values[x]) for name, x in at.items()}))
    made = {}
    for name, parts in wanted.values():
        held = values.get(name, NOTHING)
        own = Histogram(held.values >> SHIFT, held.counts)
        expected = {int(bins[name].values[i]): int(bins[name].counts[i]) for i in at[name]}
        if expected != {key: int(own.counts[own.values == key].sum()) for key in expected}:
            raise UsageError(
                f"{name!r} held other values when it was read again, so no quantiles can be told.",
                "A table that is sampled or changed between two looks is two tables.",
                f"State the edges: edges={{{name!r}: [20, 40]}}; or keep the rows, by .cache(), .persist() or a file.",
            )
        found = []
        for place, i in zip(first[name], at[name], strict=True):
            inside = own.values == bins[name].values[i]
            before = int(ends[name][i]) - int(bins[name].counts[i])
            found.append(held.values[inside][np.searchsorted(np.cumsum(held.counts[inside]), place - before, "right")])
        made[name] = edges_at(_unordered(np.array(found, np.uint64)), name, parts)
    return made


def quantiles(x: Floats, parts: int, name: str) -> Edges:
    """Values that part these rows into that many intervals, as equal as ties allow."""
    check_parts(name, parts, len(x))
    ranked = np.sort(x) + 0.0
    return edges_at(ranked[[0, *places(len(x), parts)]], name, parts)


def check_parts(name: str, parts: int, n: int) -> None:
    """Refuse what parts nothing."""
    if parts < 2 or not n:
        raise UsageError(f"edges={{{name!r}: {parts}}} parts nothing.", fix="Name two or more intervals.")


def places(n: int, parts: int) -> list[int]:
    """The first row of each part but the lowest, of n rows in order."""
    return [min(-(-n * i // parts), n - 1) for i in range(1, parts)]


def edges_at(found: Floats, name: str, parts: int) -> Edges:
    """Edges from the lowest value and the values at the first row of each part."""
    lowest, kept = found[0], np.unique(found[found > found[0]])
    if not len(kept):
        raise UsageError(f"{name!r} holds one value too often to be parted into {parts}.", fix="State its edges.")
    short = np.array([float(f"{e:.4g}") for e in kept])
    if (kept % 1).any() and short[0] > lowest and (np.diff(short) > 0).all():
        kept = short  # four digits part fractional numbers as evenly, and read better
    return tuple(float(e) for e in kept if np.isfinite(e))


def _ordered(x: Floats) -> Keys:
    """Whole numbers in the order of the values: the bits of float64, those of negative numbers turned round."""
    bits = np.ascontiguousarray(x + 0.0).view(np.uint64)
    negative = bits >> np.uint64(63) == 1
    return np.where(negative, ~bits, bits | np.uint64(1 << 63))


def _unordered(keys: Keys) -> Floats:
    """The values of `_ordered`."""
    high = keys >> np.uint64(63) == 1
    return np.where(high, keys ^ np.uint64(1 << 63), ~keys).view(np.float64)
