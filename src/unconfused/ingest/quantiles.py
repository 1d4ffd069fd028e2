"""Edges that part the rows of a column evenly, exactly, where the column is too long to be sorted.

The first pass counts values by the first bits of their float64, the second keeps the values of the few bins in which an
edge lies. Memory does not grow with the rows, unless nearly all of them share those bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import InvalidValues, UsageError
from unconfused.ingest.columns import Column, as_column
from unconfused.tally.slices import Edges

Floats: TypeAlias = NDArray[np.float64]
SHIFT = np.uint64(46)
"""Bits that a bin leaves open: 2¹⁸ bins, each as wide as a value times 2⁻⁶."""


class Pieces(Protocol):
    """What can be gone through again and again, a few rows at a time."""

    @property
    def pieces(self) -> Iterable[Callable[[], dict[str, Any]]]:
        """A new pass."""


def numbers_of(column: Column, name: str) -> tuple[Floats, NDArray[np.bool_]]:
    """A column that is to be cut, and where it has no number."""
    if column.values.dtype.kind not in "iuf" or column.categories is not None:
        raise InvalidValues(
            f"edges= names {name!r}, and {column.name} holds no numbers.", fix="Leave it out of edges=."
        )
    x = column.values.astype(np.float64)
    return x, np.isnan(x) if column.missing is None else np.isnan(x) | column.missing


def cut_edges(table: Pieces, wanted: Mapping[str, tuple[str, int]]) -> dict[str, Edges]:
    """The edges of columns in pieces: ``wanted`` holds for each role the column and into how many parts it goes."""

    def values() -> Iterator[tuple[str, Floats]]:
        for piece in table.pieces:
            rows = piece()
            for role, (name, _) in wanted.items():
                x, gone = numbers_of(as_column(rows[role], f"by[{name!r}]"), name)
                yield name, x[~gone]

    bins: dict[str, Counter[int]] = {name: Counter() for name, _ in wanted.values()}
    for name, x in values():
        keys, counts = np.unique(_ordered(x) >> SHIFT, return_counts=True)
        bins[name].update(dict(zip(keys.tolist(), counts.tolist(), strict=True)))
    ranks: dict[str, _Ranks] = {}
    for name, parts in wanted.values():
        n = sum(bins[name].values())
        check_parts(name, parts, n)
        ranks[name] = _Ranks(bins[name], [0, *places(n, parts)])
    for name, x in values():
        ranks[name].add(x)
    return {name: edges_at(ranks[name].found(), name, parts) for name, parts in wanted.values()}


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


class _Ranks:
    """The values at some places of a column in order, of which only the bins that hold them are kept."""

    def __init__(self, bins: Counter[int], wanted: Sequence[int]) -> None:
        keys = np.array(sorted(bins), np.uint64)
        ends = np.cumsum([bins[int(key)] for key in keys])
        at = np.searchsorted(ends, wanted, side="right")
        self.wanted, self.keys, self.at = list(wanted), keys, at
        self.open = np.unique(keys[at])
        self.starts = {int(key): int(end) - bins[int(key)] for key, end in zip(keys, ends, strict=True)}
        self.held: dict[int, Counter[float]] = {int(key): Counter() for key in self.open}

    def add(self, x: Floats) -> None:
        """Look through more values."""
        keys = _ordered(x) >> SHIFT
        inside = np.isin(keys, self.open)
        values, first, counts = np.unique(x[inside], return_index=True, return_counts=True)
        for value, key, count in zip(values.tolist(), keys[inside][first].tolist(), counts.tolist(), strict=True):
            self.held[key][value] += count

    def found(self) -> Floats:
        """The values, in the order of the places."""
        made = []
        for place, at in zip(self.wanted, self.at, strict=True):
            key = int(self.keys[at])
            values = sorted(self.held[key])
            ends = np.cumsum([self.held[key][value] for value in values])
            made.append(values[int(np.searchsorted(ends, place - self.starts[key], side="right"))])
        return np.array(made)


def _ordered(x: Floats) -> NDArray[np.uint64]:
    """Whole numbers in the order of the values: the bits of float64, those of negative numbers turned round."""
    bits = np.ascontiguousarray(x + 0.0).view(np.uint64)
    negative = bits >> np.uint64(63) == 1
    return np.where(negative, ~bits, bits | np.uint64(1 << 63))
