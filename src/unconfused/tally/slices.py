"""Slices: the tallies of the rows that have the same values in some columns, itself a tally."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from unconfused.errors import JOINERS, MergeRefused, NotKept, UnknownClass, inert
from unconfused.labels import MISSING, Label, listed
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.moments import Moments
from unconfused.tally.scores import ScoreTally
from unconfused.tally.sparse import Sparse

if TYPE_CHECKING:
    from unconfused.tally.tallies import Tallies

Key: TypeAlias = "tuple[Label | None, ...]"
"""The values of a slice, one of each column; None where the column is null."""
Edges: TypeAlias = "tuple[float, ...]"


@dataclass(frozen=True, eq=False, repr=False)
class Slices(Mapping[Any, Any]):
    """Tallies by the values of columns.

    A tally: ``+`` unites the keys and adds what stands under the same one. Keys are in order, nulls last.

    Attributes:
        columns: the names of the columns.
        members: the `Tallies` of the rows that have these values.
        edges: of each column the numbers that part it into intervals; None of a column whose values are the keys.
    """

    columns: tuple[str, ...] = ()
    members: Mapping[Key, Tallies] = field(default_factory=dict)
    edges: tuple[Edges | None, ...] = ()

    def __post_init__(self) -> None:
        ranks = [None if cut is None else {x: i for i, x in enumerate(intervals(cut))} for cut in self.edges]
        ordered = sorted(self.members, key=lambda key: [_rank(x, r) for x, r in zip(key, ranks, strict=True)])
        object.__setattr__(self, "members", {key: self.members[key] for key in ordered})

    @classmethod
    def zero(cls) -> Slices:
        """The slices of no rows: x + zero is x."""
        return cls()

    # ── reading it ────────────────────────────────────────────────────────────────────────────
    def __getitem__(self, key: Any) -> Tallies:
        return self.members[self.find(key)]

    def __contains__(self, key: object) -> bool:
        try:
            return self.find(key) in self.members
        except UnknownClass:
            return False

    def __iter__(self) -> Iterator[Any]:
        """The keys: a value, or a tuple of values where there are several columns."""
        return iter(self.members if len(self.columns) > 1 else (key[0] for key in self.members))

    def __len__(self) -> int:
        return len(self.members)

    def find(self, key: Any) -> Key:
        """The key that a value, a tuple of values, or their text stands for; "missing" is null.

        Raises:
            UnknownClass: there is no such slice.
        """
        wanted = tuple(key) if len(self.columns) > 1 and isinstance(key, (tuple, list)) else (key,)
        if wanted in self.members:
            return wanted
        named = self._named.get(tuple(map(str, wanted)))
        if named is None:
            there = [", ".join(map(shown, key)) for key in self.members]
            raise UnknownClass(f"There is no slice {key!r} of {told(self.columns)}.", fix=f"There are {listed(there)}.")
        return named

    @cached_property
    def _named(self) -> dict[tuple[str, ...], Key]:
        """Keys as they are shown; a text "missing" comes before a null."""
        return {tuple(map(shown, key)): key for key in reversed(list(self.members))}

    # ── adding ────────────────────────────────────────────────────────────────────────────────
    def __add__(self, other: object) -> Slices:
        if not isinstance(other, Slices):
            return self if type(other) is int and other == 0 else NotImplemented
        if not self.columns or not other.columns:
            return self if self.columns else other
        if self.columns != other.columns:
            raise MergeRefused(f"One side is sliced by {told(self.columns)}, the other by {told(other.columns)}.")
        for column, mine, theirs in zip(self.columns, self.edges, other.edges, strict=True):
            if mine != theirs:
                raise MergeRefused(
                    f"{column!r} is cut at {list(mine or ())} on one side and at {list(theirs or ())} on the other.",
                    "Its intervals overlap.",
                    f"State the edges for both: edges={{{column!r}: {list(mine or theirs or ())}}}.",
                )
        for place, column in enumerate(self.columns):
            kinds = [
                {isinstance(key[place], str) for key in x.members if key[place] is not None} for x in (self, other)
            ]
            if len(kinds[0] | kinds[1]) > 1:
                raise MergeRefused(
                    f"{column!r} holds text on one side and numbers on the other.",
                    "They are never equal, so the slices of the same rows would stand apart.",
                    "Slice both by a column of one type.",
                )
        summed = dict(self.members)
        for key, tally in other.members.items():
            summed[key] = summed[key] + tally if key in summed else tally
        return replace(self, members=summed)

    __radd__ = __add__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Slices):
            return NotImplemented
        return (self.columns, self.edges, self.members) == (other.columns, other.edges, other.members)

    __hash__ = None  # type: ignore[assignment]

    def within(self, whole: Tallies) -> Slices:
        """The same with the classes of the whole in every slice, whether its own rows have them or not."""
        return replace(self, members={key: within(tally, whole) for key, tally in self.members.items()})

    def coarsen(self, grid: Any, pins: Any) -> Slices:
        """The same with the scores of every slice on a coarser grid."""
        return self.each(lambda tally: tally.coarsen(grid, pins))

    def each(self, change: Callable[[Tallies], Tallies]) -> Slices:
        """Every slice changed alike."""
        return replace(self, members={key: change(tally) for key, tally in self.members.items()})

    def __repr__(self) -> str:
        return f"Slices({len(self):,} of {told(self.columns)})"


def within(part: Tallies, whole: Tallies) -> Tallies:
    """The tallies of some rows with the classes of all: an inferred class may occur elsewhere alone."""

    scores, of = part.scores, whole.scores
    alone = part.kind == whole.kind and part.matrix is None and not part.matrices
    if alone and isinstance(scores, ScoreTally) and isinstance(of, ScoreTally) and scores.labels is of.labels:
        return part  # as of thousands of slices at once

    def alike(mine: Any, theirs: Any) -> Any:
        if isinstance(mine, (ConfusionMatrix, ScoreTally)) and mine.labels.key() != theirs.labels.key():
            return (
                mine.under(theirs.labels) if isinstance(mine, ConfusionMatrix) else replace(mine, labels=theirs.labels)
            )
        return mine

    return replace(
        part,
        kind=whole.kind,
        matrix=alike(part.matrix, whole.matrix),
        scores=alike(part.scores, whole.scores),
        matrices={name: alike(x, whole.matrices[name]) for name, x in part.matrices.items()},
    )


def rest(whole: Any, part: Any) -> Any:
    """The tally of the rows of ``whole`` that are not among those of ``part``, for metrics of a decision or of scores.

    Extents of binned scores stay those of the whole, so bounds are no tighter than they are.

    Raises:
        NotKept: a tally that cannot be taken apart.
    """
    if isinstance(whole, Grouped):
        return Grouped({key: rest(whole[key], part[key]) for key in whole}, whole.kind)
    if isinstance(whole, Moments):
        return Moments(whole.n - part.n, np.maximum(whole.sums - part.sums, 0))
    if isinstance(whole, ConfusionMatrix) and not isinstance(whole.full, Sparse):
        full, weights, squares = _less(whole, part, slice(None))
        return ConfusionMatrix(whole.labels, full, weights, squares, rule=whole.rule)
    if isinstance(whole, ScoreTally):
        places = np.searchsorted(whole.scores, part.scores, side="right")  # the cell that begins at or below each
        full, weights, squares = _less(whole, part, np.concatenate([[0], places]))
        cells = np.flatnonzero(full[1:].any(1))
        made = replace(whole, full=full, full_weights=weights, full_squares=squares)
        return made.taken(cells) if made.lows is None else made.taken(cells, full[1:][cells] == 0)
    raise NotKept(f"A {type(whole).__name__} cannot be parted into a slice and the rest.")


def _less(whole: Any, part: Any, places: Any) -> tuple[Any, Any, Any]:
    """Rows, sums of weights and of squares without those of ``part``, whose rows stand at ``places``; dust is 0."""
    full = whole.full.copy()
    np.subtract.at(full, places, part.full)

    def sums(name: str) -> Any:
        if getattr(whole, name) is None:
            return None
        left = getattr(whole, name).copy()
        np.subtract.at(left, places, getattr(part, name))
        return np.where(full > 0, np.maximum(left, 0), 0)

    return full, sums("full_weights"), sums("full_squares")


# ── intervals ─────────────────────────────────────────────────────────────────────────────────
def intervals(edges: Edges) -> tuple[str, ...]:
    """What the parts between edges are called; each holds its lower edge.

    >>> intervals((20, 40, 60.5))
    ('< 20', '[20, 40)', '[40, 60.5)', '>= 60.5')
    """
    names = [repr(int(x)) if float(x).is_integer() and abs(x) < 1e15 else repr(float(x)) for x in edges]
    inner = [f"[{low}, {high})" for low, high in pairwise(names)]
    return (f"< {names[0]}", *inner, f">= {names[-1]}")


def shown(value: Label | None) -> str:
    """A value of a key as it is shown."""
    return MISSING if value is None else str(value)


def told(columns: tuple[str, ...]) -> str:
    """The columns of slices in words.

    >>> told(("country", "device"))
    'country and device'
    """
    return " and ".join(inert(str(x), JOINERS) for x in columns)


def _rank(value: Label | None, places: dict[str, int] | None) -> tuple[bool, bool, Any]:
    """Numbers in their order, text in its own, intervals along the axis; nulls last."""
    if value is None:
        return True, False, 0
    if places is not None:
        return False, False, places[str(value)]
    return False, isinstance(value, str), value
