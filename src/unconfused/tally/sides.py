"""Scores sorted by class: the exact ranking of two classes, and what a test of it needs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unconfused.tally.kernels import Floats, Ints, runs
from unconfused.tally.threads import in_threads, loops, parts_of, pieces, real_numbers, whole_numbers

Column = NDArray[Any]
_CHUNK = 1 << 20  # placements squared at a time


def sorted_sides(
    truth: Column, scores: Column, lowest: float = -math.inf, highest: float = math.inf
) -> tuple[Column, Column] | None:
    """The scores of truth 0 and those of truth 1, ascending, as float32 where all of them are, else float64.

    Halves of plain numbers sort several times faster than an order of all rows. -0.0 becomes 0.0. None where a truth is
    neither 0 nor 1, a score is NaN or outside ``lowest``…``highest``, or the columns are no whole numbers and floats.
    Shapes: (n,) twice → (negatives,), (positives,).
    """
    if not (whole_numbers(truth) and real_numbers(scores)):
        return None
    compiled = loops("split", truth, scores)
    sides = _split_compiled(compiled, truth, scores, lowest, highest) if compiled else None
    if compiled is None:
        sides = _split(truth, scores, lowest, highest)
    if sides is not None:
        in_threads(list(sides), lambda side: side.sort(), len(truth))
    return sides


def _split(truth: Column, scores: Column, lowest: float, highest: float) -> tuple[Column, Column] | None:
    s = scores.astype(np.float64) + 0.0
    if len(s) and not (truth.min() >= 0 and truth.max() <= 1 and s.min() >= lowest and s.max() <= highest):
        return None
    with np.errstate(over="ignore"):
        half = s.astype(np.float32)
    kept = half if (half == s).all() else s
    positive = truth != 0
    return kept[~positive], kept[positive]


def _split_compiled(
    compiled: Any, truth: Column, scores: Column, lowest: float, highest: float
) -> tuple[Column, Column] | None:
    parts = parts_of(len(truth))

    def look(rows: slice) -> tuple[int, bool]:
        ones, narrow = 0, True
        for t, s in pieces(truth[rows], scores[rows]):
            more = compiled.positives(t)
            if more < 0:
                return -1, False
            ones, narrow = ones + more, narrow and bool(s.itemsize == 4 or compiled.narrow(s))
        return ones, narrow

    seen = in_threads(parts, look, len(truth))
    if any(ones < 0 for ones, _ in seen):
        return None
    ends = np.cumsum([0, *(ones for ones, _ in seen)]).tolist()
    kind = np.float32 if all(narrow for _, narrow in seen) else np.float64
    negative, positive = np.empty(len(truth) - ends[-1], kind), np.empty(ends[-1], kind)

    def write(i: int) -> bool:
        start, b = parts[i].start, ends[i]
        a = start - b
        for t, s in pieces(truth[parts[i]], scores[parts[i]]):
            ones = compiled.split(t, s, lowest, highest, negative[a:], positive[b:])
            if ones < 0:
                return False
            a, b = a + len(t) - ones, b + ones
        return True

    return (negative, positive) if all(in_threads(list(range(len(parts))), write, len(truth))) else None


class Ranked(NamedTuple):
    """How the positives stand among the negatives, in whole numbers.

    The placement of a positive is #{negatives < s} + #{negatives <= s}, that of a negative #{positives > s} +
    #{positives >= s}: twice the rows that it outranks, ties a half.

    Attributes: rows of both classes; ``twice``, the sum of placements of either (2U of Mann & Whitney); sums of their
    squares over the ``up`` (positives) and the ``down`` (negatives).
    """

    negatives: int
    positives: int
    twice: int
    up: int
    down: int

    @property
    def variances(self) -> tuple[float, float]:
        """Of the share of negatives below a positive, and of positives above a negative, each over n - 1.

        NaN below two rows of a class, or without the other. Source: the components of DeLong, DeLong & Clarke-Pearson
        1988; the sums are whole, so nothing cancels.
        """
        n, m = self.negatives, self.positives
        return self._variance(self.up, m, n), self._variance(self.down, n, m)

    def _variance(self, squares: int, rows: int, others: int) -> float:
        over = rows * (rows - 1) * (2 * others) ** 2
        return (rows * squares - self.twice**2) / over if over else math.nan


def ranked_sums(negative: Column, positive: Column) -> Ranked:
    """The sums of placements of two sorted sides without NaN, of one type, exact whatever their size.

    >>> ranked_sums(np.array([0.1, 0.4]), np.array([0.4, 0.8]))
    Ranked(negatives=2, positives=2, twice=7, up=25, down=25)
    """
    n, m = len(negative), len(positive)
    compiled = loops("ranked", positive if m > n else negative) if max(n, m) < 2**31 else None
    if compiled is None:
        twice, up = _placed(positive, lambda s: _below(negative, s))
        return Ranked(n, m, twice, up, _placed(negative, lambda s: 2 * m - _below(positive, s))[1])
    large = negative if n > m else positive
    cuts = [large[part.start] for part in parts_of(len(large))[1:]]  # equal scores fall to one part
    edges = [[0, *np.searchsorted(side, cuts).tolist(), len(side)] for side in (negative, positive)]

    def part(i: int) -> list[int]:
        sums = np.zeros(5, np.uint64)
        compiled.ranked(negative, positive, *(x for edge in edges for x in edge[i : i + 2]), sums)
        return sums.tolist()

    totals = [sum(x) for x in zip(*in_threads(list(range(len(cuts) + 1)), part, n + m), strict=True)]
    return Ranked(n, m, totals[0], (totals[1] << 32) + totals[2], (totals[3] << 32) + totals[4])


def _below(side: Column, scores: Column) -> Ints:
    return np.searchsorted(side, scores, "left") + np.searchsorted(side, scores, "right")


def _placed(side: Column, placements: Callable[[Column], Ints]) -> tuple[int, int]:
    """Σ and Σ of squares of whole placements below 2**42, without overflow: by chunks, and in halves of 21 bits."""
    total = squares = 0
    for start in range(0, len(side), _CHUNK):
        a = placements(side[start : start + _CHUNK])
        high, low = a >> 21, a & (2**21 - 1)
        total += int(a.sum())
        squares += (int((high * high).sum()) << 42) + (int((high * low).sum()) << 22) + int((low * low).sum())
    return total, squares


def merged_masses(negative: Column, positive: Column) -> tuple[Floats, Ints]:
    """The distinct scores of two sorted sides, and the rows at each.    Shapes: (U,) float64, (U, 2) int64.

    >>> merged_masses(np.array([0.1, 0.4, 0.4]), np.array([0.4]))
    (array([0.1, 0.4]), array([[1, 0],
           [2, 1]]))
    """
    compiled = loops("masses", negative if len(negative) > len(positive) else positive)
    if compiled:
        distinct, mass = np.zeros(0), np.zeros((0, 2), np.int64)
        size = compiled.masses(negative, positive, distinct, mass)
        distinct, mass = np.empty(size), np.empty((size, 2), np.int64)
        compiled.masses(negative, positive, distinct, mass)
        return distinct, mass
    found = [(side[starts := runs(side)], np.diff(np.append(starts, len(side)))) for side in (negative, positive)]
    distinct = np.union1d(found[0][0], found[1][0])
    mass = np.zeros((len(distinct), 2), np.int64)
    for column, (at, count) in enumerate(found):
        mass[np.searchsorted(distinct, at), column] = count
    return distinct.astype(np.float64), mass
