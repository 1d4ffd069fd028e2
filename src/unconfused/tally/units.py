"""Clustered rows: rows of one unit (a patient, a user, a film) are alike, so they count for less than as many others.

Units are spread over 100 buckets by a hash of their names, and beside the whole stands what each bucket adds to it. How
much an answer moves when a bucket is left out then tells how sure it is, whatever the question. Buckets add like any
tally, so a unit may be cut over batches, files and machines; what matters is that it has the same name everywhere.

Source: Miller 1974 for the jackknife; buckets of units as in Chamandy et al. 2012.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.cuts import bracket
from unconfused.tally.grouped import Grouped
from unconfused.tally.kernels import Ints
from unconfused.tally.moments import Moments
from unconfused.tally.ranks import Ranks
from unconfused.tally.scores import ScoreTally

if TYPE_CHECKING:
    from unconfused.tally.tallies import Tallies

BUCKETS = 100
KEPT = 64
"""Smallest hashes that are kept: up to so many units are counted exactly."""


def hashed(name: str) -> int:
    """63 bits that are the same for the same name on every machine (BLAKE2b of its UTF-8, big-endian, shifted by one).

    >>> hashed("patient 7") == hashed("patient 7"), 0 <= hashed("7") < 2**63
    (True, True)
    """
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big") >> 1


@dataclass(frozen=True, eq=False)
class Units:
    """What each bucket of units adds to an evaluation.

    A tally: ``+`` adds the buckets.

    Attributes:
        buckets: number of the bucket → its part; buckets without a unit are left out.
        smallest: the smallest hashes of units, ascending, at most 64.    int64.
    """

    buckets: Grouped[Tallies]
    smallest: Ints

    @classmethod
    def zero(cls) -> Units:
        """No units."""
        return cls(Grouped({}, "bucket"), np.zeros(0, np.int64))

    @property
    def count(self) -> int:
        """How many units there are: exactly below 64, else as the smallest hashes tell."""
        if len(self.smallest) < KEPT:
            return len(self.smallest)
        return round((KEPT - 1) * 2.0**63 / float(self.smallest[-1]))

    def __add__(self, other: object) -> Units:
        if not isinstance(other, Units):
            return self if type(other) is int and other == 0 else NotImplemented
        buckets = self.buckets + other.buckets
        ordered = Grouped({key: buckets[key] for key in sorted(buckets)}, buckets.kind)
        return Units(ordered, np.union1d(self.smallest, other.smallest)[:KEPT])

    __radd__ = __add__

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Units) and self.buckets == other.buckets and np.array_equal(self.smallest, other.smallest)
        )

    __hash__ = None  # type: ignore[assignment]


# ── tallies that know their buckets ───────────────────────────────────────────────────────────
class OfUnits:
    """A tally beside its parts by bucket; asked like the tally, it answers with the units in mind.

    Attributes:
        parts: the same tally of each bucket; they add up to it.
        units: how many units there are.
    """

    parts: tuple[Any, ...]
    units: int

    def __add__(self, other: object) -> NoReturn:
        raise TypeError(
            "A part of an evaluation of clustered rows does not add: its buckets would be lost. "
            "Add the evaluations, then ask: (ev + other).at(0.4)."
        )

    __radd__ = __add__

    @cached_property
    def without(self) -> tuple[Any, ...]:
        """The tally without each of its parts."""
        return without_each(plain_of(self), self.parts)


@dataclass(frozen=True, eq=False, repr=False)
class MatrixOfUnits(OfUnits, ConfusionMatrix):
    """A matrix and its parts by bucket of units."""

    parts: tuple[ConfusionMatrix, ...] = ()
    units: int = 0

    def one_vs_rest(self, label: Any) -> MatrixOfUnits:
        """The 2x2 of one class against all others, that class positive and last."""
        parts = [x.one_vs_rest(label) for x in self.parts if label in x.labels.values or label in x.labels.names]
        return beside(super().one_vs_rest(label), parts, self.units)  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False, repr=False)
class ScoresOfUnits(OfUnits, ScoreTally):
    """Scores and their parts by bucket of units."""

    parts: tuple[ScoreTally, ...] = ()
    units: int = 0

    def at(self, threshold: float) -> MatrixOfUnits:
        """The matrix of "positive when score >= threshold", with its buckets."""
        parts = [bracket(part, threshold)[0] for part in self.parts]
        return beside(super().at(threshold), parts, self.units)  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False, repr=False)
class MomentsOfUnits(OfUnits, Moments):
    """Moments and their parts by bucket of units."""

    parts: tuple[Moments, ...] = ()
    units: int = 0


@dataclass(frozen=True, eq=False, repr=False)
class RanksOfUnits(OfUnits, Ranks):
    """Ranks and their parts by bucket of units."""

    parts: tuple[Ranks, ...] = ()
    units: int = 0


class GroupOfUnits(Grouped[Any]):
    """A group of tallies, each with its parts by the same buckets."""

    @property
    def units(self) -> int:
        """How many units there are."""
        return next((x.units for x in self.values()), 0)

    @property
    def without(self) -> tuple[Grouped[Any], ...]:
        """The group without each bucket."""
        members = {key: x.without for key, x in self.items()}
        return tuple(
            Grouped({key: x[i] for key, x in members.items()}, self.kind)
            for i in range(min(map(len, members.values()), default=0))
        )


VIEWS: dict[type, Any] = {
    ConfusionMatrix: MatrixOfUnits, ScoreTally: ScoresOfUnits, Moments: MomentsOfUnits, Ranks: RanksOfUnits
}  # fmt: skip


def beside(tally: Any, parts: Iterable[Any], units: int) -> Any:
    """A tally, or a group of them, with its parts by bucket."""
    parts = tuple(parts)
    if isinstance(tally, Grouped):
        zero = {key: type(x).zero() for key, x in tally.items()}
        own = {key: [p[key] if key in p else zero[key] for p in parts] for key in tally}
        return GroupOfUnits({key: beside(x, own[key], units) for key, x in tally.items()}, tally.kind)
    known = {x.name: getattr(tally, x.name) for x in fields(tally) if x.init}
    return VIEWS[type(tally)](**known, parts=parts, units=units)


def with_units(tallies: Tallies) -> Tallies:
    """The same, every part of it beside its buckets; as it is without units."""
    held = tallies.units
    if held is None:
        return tallies
    parts = list(held.buckets.values())

    def seen(tally: Any, of: Any) -> Any:
        return None if tally is None else beside(tally, (x for p in parts if (x := of(p)) is not None), held.count)

    return replace(
        tallies,
        matrix=seen(tallies.matrix, lambda p: p.matrix),
        scores=seen(tallies.scores, lambda p: p.scores),
        ranks=seen(tallies.ranks, lambda p: p.ranks),
        moments={k: seen(x, lambda p, k=k: p.moments.get(k)) for k, x in tallies.moments.items()},
        matrices={k: seen(x, lambda p, k=k: p.matrices.get(k)) for k, x in tallies.matrices.items()},
        columns=None,
    )


def without_each(tally: Any, parts: Sequence[Any]) -> tuple[Any, ...]:
    """A tally without each of the parts that add up to it."""
    if isinstance(tally, ScoreTally):
        return tuple(_less(tally, rows) for rows in zip(*aligned(tally, parts), strict=True))
    before: list[Any] = [0]
    for part in parts[:-1]:
        before.append(before[-1] + part)
    after: list[Any] = [0]
    for part in parts[:0:-1]:
        after.append(part + after[-1])
    zero = type(tally).zero()
    return tuple(zero + x + y for x, y in zip(before, after[::-1], strict=True))


def aligned(tally: ScoreTally, parts: Sequence[ScoreTally]) -> list[list[Any]]:
    """Rows, Σw and Σw² of every part in the cells of the whole.    Each (U + 1, 4) by part, or None."""

    def of(part: ScoreTally, name: str) -> NDArray[Any] | None:
        if (whole := getattr(tally, name)) is None:
            return None
        own, placed = getattr(part, name), np.zeros(whole.shape, whole.dtype)
        places = np.searchsorted(tally.scores, part.scores, side="right")  # 0 is the row without a score
        np.add.at(placed, np.append(0, places), own)
        return placed

    return [[of(part, name) for part in parts] for name in ("full", "full_weights", "full_squares")]


def _less(tally: ScoreTally, rows: tuple[Any, ...]) -> ScoreTally:
    sums = dict(zip(("full", "full_weights", "full_squares"), rows, strict=True))
    less = {name: getattr(tally, name) - x for name, x in sums.items() if x is not None}
    empty = less["full"] == 0
    kept: dict[str, Any] = {name: np.where(empty, 0, x) for name, x in less.items()}
    return replace(tally, **kept)


def plain_of(view: Any) -> Any:
    """The tally without its buckets."""
    base = next(kind for kind, own in VIEWS.items() if isinstance(view, own))
    return base(**{x.name: getattr(view, x.name) for x in fields(base) if x.init})
