"""Quantiles of columns whose rows stay where they are: two looks at every part, of which only histograms travel."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import UnconfusedError
from unconfused.ingest.quantiles import NOTHING, Histogram, Look, edges_seen
from unconfused.parts import Names, Reply, refused
from unconfused.tally.slices import Edges

Everywhere: TypeAlias = Callable[
    [Names, Callable[[Iterable[Mapping[str, Any]]], bytes], Callable[[Iterable[bytes]], bytes]], list[bytes]
]
"""Does a work with the rows of each part, and adds what comes of it: the columns, the work, the sum."""


def edges_apart(everywhere: Everywhere, wanted: Mapping[str, tuple[str, int]]) -> dict[str, Edges]:
    """The edges that part the rows of columns evenly, exactly, as `cut_edges` finds them.

    Args:
        everywhere: the road to the parts.
        wanted: for each role the column, and into how many parts it goes.

    Raises:
        UnconfusedError: a column that holds no numbers, or cannot be parted so.
    """

    def seen(look: Look) -> dict[str, Histogram]:
        whole = _sum(everywhere({role: name for role, (name, _) in wanted.items()}, _Seen(look), _added))
        if whole.refusal is not None:
            raise whole.refusal.error()
        return whole.found

    return edges_seen(seen, wanted)


@dataclass(frozen=True)
class _Found:
    """What a look saw of some parts, by column; or why it could not."""

    found: dict[str, Histogram]
    refusal: Reply | None = None

    def __add__(self, other: _Found) -> _Found:
        names = {**self.found, **other.found}
        whole = {x: self.found.get(x, NOTHING) + other.found.get(x, NOTHING) for x in names}
        replies = [x for x in (self.refusal, other.refusal) if x is not None]
        return _Found(whole, sum(replies, Reply()) if replies else None)

    def to_bytes(self) -> bytes:
        """As a packed archive of arrays, named by their places: the names of the columns stand in the first."""
        arrays: list[NDArray[Any]] = [np.array([*self.found], np.str_)]
        arrays += [array for x in self.found.values() for array in (x.values, x.counts)]
        if self.refusal is not None:
            arrays.append(np.frombuffer(self.refusal.to_bytes(), np.uint8))
        file = io.BytesIO()
        np.savez_compressed(file, *arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> _Found:
        """What `to_bytes` made bytes of."""
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            names, *arrays = (file[f"arr_{i}"] for i in range(len(file.files)))
        found = {name: Histogram(*arrays[2 * i : 2 * i + 2]) for i, name in enumerate(names.tolist())}
        rest = arrays[2 * len(found) :]
        return cls(found, Reply.from_bytes(rest[0].tobytes()) if rest else None)


@dataclass(frozen=True)
class _Seen:
    """A look at the rows of a part, as bytes."""

    look: Look

    def __call__(self, pieces: Iterable[Mapping[str, Any]]) -> bytes:
        try:
            return _Found(self.look.at(pieces)).to_bytes()
        except UnconfusedError as error:
            return _Found({}, refused(error)).to_bytes()


def _sum(parts: Iterable[bytes]) -> _Found:
    return sum(map(_Found.from_bytes, parts), _Found({}))


def _added(parts: Iterable[bytes]) -> bytes:
    return _sum(parts).to_bytes()
