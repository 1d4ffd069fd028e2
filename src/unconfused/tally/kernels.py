"""The only loops over rows: integer codes and sorted scores in, integer counts and compensated sums out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import CountOverflow

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
    check_total(_quick_total(a) + _quick_total(b), lambda: sum(a.ravel().tolist()) + sum(b.ravel().tolist()))
    return a + b


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
