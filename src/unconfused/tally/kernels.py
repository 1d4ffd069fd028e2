"""Loops over rows: columns in, integer counts and compensated sums out.

This module, binning (scores into bins), sliced (the same in slices) and sides (scores sorted by class) hold the only
ones. Each that a large column comes to has two forms, which count the same to the bit: one of NumPy, and one in
compiled/. These read columns of any width as they are and return None at whatever is irregular: the caller then looks
closer, and says what it was.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import CountOverflow
from unconfused.tally.threads import in_parts, loops, pieces, real_numbers, whole_numbers

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LIMIT = 2**63 - 1
_CHUNK = 1 << 10  # rows per partial sum: short enough that rounding inside one stays below 1e-13


def count_codes(codes: NDArray[Any], size: int, count: Ints | None = None) -> Ints:
    """Rows at each code in 0…size-1; ``count`` says how many rows each stands for.    Shape: (n,) → (size,)."""
    if count is None:
        return np.bincount(codes, minlength=size).astype(np.int64, copy=False)
    check_total(int(count.max(initial=0)) * len(count), lambda: sum(count.tolist()))
    counts = np.zeros(size, np.int64)
    np.add.at(counts, codes, count)
    return counts


def sum_codes(codes: NDArray[Any], size: int, weights: Floats) -> Floats:
    """Sum of ``weights`` at each code, compensated.    Shape: (n,) → (size,).

    Few cells: chunk by chunk with Neumaier's compensation. Many: sorted, and each run added up pairwise.
    """
    total, lost = np.zeros(size), np.zeros(size)
    if size > _CHUNK:
        order = np.argsort(codes, kind="stable")
        starts = runs(codes[order])
        total[codes[order[starts]]] = np.add.reduceat(weights[order], starts) if len(starts) else 0.0
        return total
    for start in range(0, len(codes), _CHUNK):
        part = np.bincount(codes[start : start + _CHUNK], weights[start : start + _CHUNK], size)
        new = total + part
        big = np.abs(total) >= np.abs(part)
        lost += np.where(big, (total - new) + part, (part - new) + total)
        total = new
    return total + lost


def runs(values: NDArray[Any]) -> Ints:
    """Where each run of equal values starts in a sorted array.    Shape: (n,) → (runs,)."""
    if len(values) == 0:
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])).astype(np.int64)


def add_counts(a: Ints, b: Ints) -> Ints:
    """Elementwise a + b whose grand total still fits in 63 bits."""
    check_sum(a, b)
    return a + b


def check_sum(a: Any, b: Any) -> None:
    """Refuse counts that come to more than 63 bits together."""
    check_total(_quick_total(a) + _quick_total(b), lambda: sum(a.ravel().tolist()) + sum(b.ravel().tolist()))


def exact_total(counts: Ints) -> int:
    """The sum of counts as a Python integer, exact whatever its size."""
    quick = _quick_total(counts)
    return int(counts.sum()) if quick <= LIMIT else sum(counts.ravel().tolist())


def _quick_total(counts: Ints) -> int:
    """An upper bound of the sum that cannot wrap."""
    return int(counts.max(initial=0)) * counts.size


def check_total(bound: int, exact: Any) -> None:
    """Refuse totals past 2**63 - 1; ``exact()`` is only asked where the cheap upper ``bound`` is past it."""
    if bound > LIMIT and (total := exact()) > LIMIT:
        raise CountOverflow(
            f"The counts add up to {total:,}, more than 2**63 - 1 = {LIMIT:,}.",
            "A 64-bit integer would wrap round to a wrong number.",
            "Keep the shards apart, or count in larger units.",
        )


def same(a: NDArray[Any] | None, b: NDArray[Any] | None) -> bool:
    """Both are absent, or equal element by element."""
    return a is b or (a is not None and b is not None and np.array_equal(a, b))


# ── columns as they are ───────────────────────────────────────────────────────────────────────
def pair_counts(truth: NDArray[Any], called: NDArray[Any], limit: int = 64) -> Ints | None:
    """Rows at each pair of values 0…m-1, where m - 1 is the largest in either column.    Shape: (n,) twice → (m, m).

    None where a value is not in 0…limit-1, or a column holds no whole numbers.

    >>> pair_counts(np.array([True, False]), np.array([1, 1], np.uint8))
    array([[0, 1],
           [0, 1]])
    """
    if not whole_numbers(truth, called):
        return None
    compiled = loops("pairs", truth, called)
    shift = max((limit - 1).bit_length(), 1)

    def part(rows: slice) -> Ints | None:
        table = np.zeros((4, 1 << 2 * shift), np.int64)
        form = compiled.pairs if compiled else _pairs
        for t, c in pieces(truth[rows], called[rows], compiled=compiled is not None):
            if not form(t, c, shift, table):
                return None
        return np.asarray(table.sum(0))

    total = _added(in_parts(len(truth), part))
    if total is None:
        return None
    places = np.flatnonzero(total)
    m = int(max((places >> shift).max(initial=-1), (places & ((1 << shift) - 1)).max(initial=-1))) + 1
    return total.reshape(1 << shift, -1)[:m, :m].copy() if m <= limit else None


def _pairs(truth: NDArray[Any], called: NDArray[Any], shift: int, table: Ints) -> bool:
    largest = max(int(truth.max()), int(called.max()))
    if largest <= 1:
        ones, calls, hits = (int(np.count_nonzero(x)) for x in (truth, called, np.logical_and(truth, called)))
        table[0, [0, 1, 1 << shift, (1 << shift) + 1]] += [
            len(truth) - ones - calls + hits,
            calls - hits,
            ones - hits,
            hits,
        ]
    elif largest < 1 << shift:
        table[0] += np.bincount((truth.astype(np.int64) << shift) + called.astype(np.int64), minlength=table.shape[1])
    return largest < 1 << shift


def value_counts(x: NDArray[Any], most: int = 1 << 16) -> tuple[int, Ints] | None:
    """The smallest value, and the rows at each from there to the largest.    Shape: (n,) → (range,).

    None where that range is longer than ``most``, or these are no whole numbers. No rows: (0, no counts).

    >>> value_counts(np.array([7, 5, 7]))
    (5, array([1, 0, 2]))
    """
    if not whole_numbers(x):
        return None
    if not len(x):
        return 0, np.zeros(0, np.int64)
    extents = in_parts(len(x), lambda rows: (int(x[rows].min()), int(x[rows].max())))
    low = min(a for a, _ in extents)
    size = max(b for _, b in extents) - low + 1
    if size > most:
        return None
    compiled = loops("values", x)
    mask = (1 << 8 * x.itemsize) - 1

    def part(rows: slice) -> Ints:
        counts = np.zeros((4 if compiled else 1, size), np.int64)
        form = compiled.values if compiled else _values
        for (piece,) in pieces(x[rows], compiled=compiled is not None):
            form(piece, np.uint64(low & mask), np.uint64(mask), counts)
        return np.asarray(counts.sum(0))

    return low, np.asarray(sum(in_parts(len(x), part)), np.int64)


def _values(x: NDArray[Any], low: np.uint64, mask: np.uint64, counts: Ints) -> None:
    counts[0] += np.bincount(((x.astype(np.uint64) - low) & mask).astype(np.int64), minlength=counts.shape[1])


def cut_counts(
    truth: NDArray[Any],
    scores: NDArray[Any],
    cut: float,
    lowest: float = 0.0,
    highest: float = 1.0,
    near: Collection[float] = (),
) -> tuple[Ints, int] | None:
    """Rows by truth, 0 or 1, and by ``score >= cut`` as float64; and the scores equal to one of ``near``.

    A ``cut`` of NaN calls nothing. None where a truth is neither 0 nor 1, or a score is NaN, lies outside
    ``lowest``…``highest`` or is no float of at most 64 bits.    Shape: (n,) twice → (2, 2).

    >>> cut_counts(np.array([0, 1, 1]), np.array([0.2, 0.5, 0.4]), 0.5)
    (array([[1, 0],
           [1, 1]]), 0)
    """
    if not (whole_numbers(truth) and real_numbers(scores)):
        return None
    compiled = loops("cuts", truth, scores) if len(near) <= 2 else None
    kind: type[np.floating[Any]] = np.float64 if scores.itemsize == 8 else np.float32
    numbers = [least(cut, kind), least(lowest, kind), -least(-highest, kind)]
    numbers += [least(x, kind) if float(least(x, kind)) == x else kind(np.nan) for x in near]
    numbers += [kind(np.nan)] * (5 - len(numbers))

    def part(rows: slice) -> Ints | None:
        counts = np.zeros(5, np.int64)
        for t, s in pieces(truth[rows], scores[rows], compiled=compiled is not None):
            if compiled:
                good = compiled.cuts(t, s, *numbers, counts)
            else:
                good = _cuts(t, s.astype(np.float64), cut, lowest, highest, near, counts)
            if not good:
                return None
        return counts

    total = _added(in_parts(len(truth), part))
    if total is None:
        return None
    n, ones, calls, hits, missed = total.tolist()
    return np.array([[n - ones - calls + hits, calls - hits], [ones - hits, hits]]), missed


def _cuts(
    t: NDArray[Any], s: Floats, cut: float, lowest: float, highest: float, near: Collection[float], counts: Ints
) -> bool:
    called = s >= cut
    counts += np.array([len(t), *map(np.count_nonzero, (t, called, called & (t != 0), np.isin(s, list(near))))])
    return bool(t.max() <= 1 and ((s >= lowest) & (s <= highest)).all())


def least(x: float, kind: type[np.floating[Any]]) -> Any:
    """The smallest number of that type that is no smaller than ``x``: the scores of that type at or above are the same.

    >>> bool(least(0.1, np.float32) == np.float32(0.1)), bool(least(0.3, np.float32) == np.float32(0.3))
    (True, True)
    """
    with np.errstate(over="ignore"):
        near = kind(x)
    return np.nextafter(near, kind(np.inf)) if float(near) < x else near


def _added(parts: list[Ints | None]) -> Ints | None:
    """The sum of what the parts counted, or None where one of them met something irregular."""
    good = [x for x in parts if x is not None]
    return np.sum(good, axis=0) if len(good) == len(parts) else None
