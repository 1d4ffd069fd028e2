"""Ranks: at which place among the scores of its row the true class stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import MergeRefused
from unconfused.labels import plural
from unconfused.tally.kernels import Floats, Ints, add_counts, count_codes, exact_total, same, sum_codes
from unconfused.tally.threads import in_parts, loops, pieces

FEW = 1 << 20
"""Pairs of places that are counted one by one, if there are no more: beyond, those that occur are looked for."""
BLOCK = 1 << 18
"""Scores that NumPy compares at a time: they stay in the cache."""


class Placed(NamedTuple):
    """Of each row: best and worst place of the true class, the score of that class, and Σ s².    Shape: (n,) each."""

    best: Ints
    worst: Ints
    own: Floats
    squares: Floats

    def part(self, rows: slice) -> Placed:
        """Some of the rows, to be written."""
        return Placed(self.best[rows], self.worst[rows], self.own[rows], self.squares[rows])


def placed(truth: NDArray[np.int64], scores: NDArray[np.floating]) -> Placed:
    """One sweep over rows with a true class in 0…K-1 and K scores, none of them NaN.    Shapes: (n,) and (n, K).

    >>> placed(np.array([1]), np.array([[0.5, 0.25, 0.25]]))
    Placed(best=array([2]), worst=array([3]), own=array([0.25]), squares=array([0.375]))
    """
    compiled, n = loops("placed", truth, scores), len(truth)
    made = Placed(np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n), np.empty(n))

    def part(rows: slice) -> None:
        at = rows.start
        for y, s in pieces(truth[rows], scores[rows], compiled=compiled is not None):
            of = made.part(slice(at, at + len(y)))
            if compiled:
                compiled.placed(y, s, *of)
            else:
                _placed(y.view(np.int64), s, of)
            at += len(y)

    in_parts(n, part)
    return made


def _placed(truth: NDArray[np.int64], scores: NDArray[np.floating], made: Placed) -> None:
    step = max(BLOCK // max(scores.shape[1], 1), 1)
    for start in range(0, len(truth), step):
        rows = slice(start, start + step)
        s = scores[rows].astype(np.float64)
        own = np.take_along_axis(s, truth[rows, None], 1)
        made.best[rows], made.worst[rows] = 1 + (s > own).sum(1), (s >= own).sum(1)
        made.own[rows], made.squares[rows] = own[:, 0], (s**2).sum(1)


@dataclass(frozen=True, eq=False)
class Ranks:
    """Rows at each pair of places that the true class can have among the K scores of its row.

    The best is 1 + #{s_j > s_y}, the worst #{s_j >= s_y}; they differ where scores tie. A row whose true class or
    score is unknown stands at (0, 0): it is never found. Only pairs that occur are kept.

    A tally: ``+`` adds the rows at equal places.

    Attributes:
        classes: K, the scores of each row; 0 before there are any.
        places: best and worst, int64 (U, 2), distinct and ascending.
        full: rows at each, int64 (U,).
        full_weights: sum of weights there, float64 (U,), or None for unweighted rows.
        full_squares: sum of squared weights, or None.

    >>> Ranks.count(np.array([2, 0]), np.array([[0.5, 0.3, 0.2], [0.4, 0.4, 0.2]])).places.tolist()
    [[1, 2], [3, 3]]
    """

    classes: int
    places: Ints
    full: Ints
    full_weights: Floats | None = None
    full_squares: Floats | None = None

    def __post_init__(self) -> None:
        for array in (self.places, self.full, self.full_weights, self.full_squares):
            if array is not None:
                array.setflags(write=False)

    @classmethod
    def count(
        cls,
        truth: NDArray[np.int64],
        scores: Floats,
        *,
        count: Ints | None = None,
        sums: Floats | None = None,
        squares: Floats | None = None,
    ) -> Ranks:
        """Count rows: the place of the true class in 0…K-1 (else it is unknown) and K scores, a NaN meaning no score.

        Shapes: (n,) and (n, K); ``count``, ``sums`` (Σw) and ``squares`` (Σw²) of each row (n,).
        """
        k = scores.shape[1]
        usable = (truth < k) & ~np.isnan(scores).any(1)
        at = placed(np.where(usable, truth, 0), scores)
        return cls(k, *_gathered(np.where(usable, at.best * (k + 1) + at.worst, 0), k, count, sums, squares))

    @classmethod
    def at(cls, classes: int, best: Ints, worst: Ints) -> Ranks:
        """Rows whose true class has these places among K scores.    Shape: (n,) each."""
        codes = best * (classes + 1) + worst
        if (classes + 1) ** 2 > FEW:
            return cls(classes, *_gathered(codes, classes, None, None, None))
        rows = count_codes(codes, (classes + 1) ** 2)
        found = np.flatnonzero(rows)
        return cls(classes, np.stack(np.divmod(found, classes + 1), -1).astype(np.int64), rows[found])

    @classmethod
    def zero(cls) -> Ranks:
        """The ranks of no rows."""
        return cls(0, np.zeros((0, 2), np.int64), np.zeros(0, np.int64))

    @property
    def total(self) -> int:
        """Rows counted."""
        return exact_total(self.full)

    @property
    def masses(self) -> Floats:
        """Rows at each pair of places, or sums of weights where rows are weighted.    Shape: (U,)."""
        return self.full.astype(np.float64) if self.full_weights is None else self.full_weights

    @property
    def squares(self) -> Floats:
        """Σw² at each pair of places; rows, if unweighted.    Shape: (U,)."""
        return self.masses if self.full_squares is None else self.full_squares

    def __add__(self, other: object) -> Ranks:
        if not isinstance(other, Ranks):
            return self if type(other) is int and other == 0 else NotImplemented
        if not self.classes or not other.classes:
            return self if self.classes else other
        if self.classes != other.classes:
            raise MergeRefused(
                f"One side ranks {plural(self.classes, 'class')}, the other {other.classes}.",
                "A place among few is worth less than the same place among many.",
                "Evaluate both with a score for each of the same classes.",
            )
        if (self.full_weights is None) != (other.full_weights is None):
            raise MergeRefused(
                "One side ranks weighted rows and the other unweighted ones.",
                fix="Count both with sample_weight=, or neither.",
            )
        codes = np.concatenate([self._codes, other._codes])
        sums, squares = (
            None if a is None or b is None else np.concatenate([a, b])
            for a, b in ((self.full_weights, other.full_weights), (self.full_squares, other.full_squares))
        )
        rows = np.concatenate([self.full, other.full])
        add_counts(self.full.sum(keepdims=True), other.full.sum(keepdims=True))
        return Ranks(self.classes, *_gathered(codes, self.classes, rows, sums, squares))

    __radd__ = __add__

    @property
    def _codes(self) -> Ints:
        return self.places[:, 0] * (self.classes + 1) + self.places[:, 1]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Ranks)
            and self.classes == other.classes
            and np.array_equal(self.places, other.places)
            and np.array_equal(self.full, other.full)
            and same(self.full_weights, other.full_weights)
            and same(self.full_squares, other.full_squares)
        )

    __hash__ = None  # type: ignore[assignment]


def _gathered(
    codes: Ints, k: int, count: Ints | None, sums: Floats | None, squares: Floats | None
) -> tuple[Ints, Ints, Floats | None, Floats | None]:
    """Places, rows, Σw and Σw² at each code that occurs."""
    found, at = np.unique(codes, return_inverse=True)
    rows = count_codes(at, len(found), count)
    weights, squared = (None if x is None else sum_codes(at, len(found), x) for x in (sums, squares))
    return np.stack(np.divmod(found, k + 1), -1).astype(np.int64), rows, weights, squared
