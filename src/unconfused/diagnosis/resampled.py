"""Tables as they would be after the usual accidents: pairs lost, batches dropped, filled up or averaged."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from unconfused.tally.cells import Array

SIZES = (8, 16, 32, 50, 64, 100, 128, 256, 512, 1000, 1024)
"""Batch sizes that people use."""
DRAWS = 100
ROWS = 200_000
"""Rows up to which batches are dealt out one by one."""
Tables = NDArray[np.int64]


def unpaired(table: Tables, rng: np.random.Generator) -> Tables:
    """Predictions in another order: both margins stay.    Shape: (S, S) → (DRAWS, S, S)."""
    rows, columns = table.sum(1), table.sum(0)
    out = np.zeros((DRAWS, *table.shape), np.int64)
    for draw in range(DRAWS):
        left = columns.copy()
        for i, size in enumerate(rows):
            dealt = rng.multivariate_hypergeometric(left, size, method="marginals")
            out[draw, i], left = dealt, left - dealt
    return out


def without(table: Tables, rows: int, rng: np.random.Generator, *, twice: bool = False) -> Tables:
    """Some rows gone, or counted twice.    Shape: (S, S) → (DRAWS, S, S)."""
    some = rng.multivariate_hypergeometric(table.ravel(), rows, size=DRAWS, method="marginals")
    return table + (some if twice else -some).reshape(DRAWS, *table.shape)


def last_batches(n: int) -> Iterator[tuple[int, int, bool]]:
    """(size, rows, filled up) for every size that does not divide the rows."""
    for size in SIZES:
        if size < n and n % size:
            yield size, n % size, False
            yield size, size - n % size, True


def batches(table: Tables, size: int, rng: np.random.Generator) -> tuple[Tables, Array] | None:
    """Batches of rows in random order, and how many rows each has; None where that would take long.

    Shape: (S, S) → (B, S, S), (B,).
    """
    n, cells = int(table.sum()), table.size
    count = -(-n // size)
    if not size < n <= ROWS or count * cells > 1 << 22:
        return None
    codes = rng.permutation(np.repeat(np.arange(cells), table.ravel()))
    tables = np.bincount(codes + np.arange(n) // size * cells, minlength=count * cells).reshape(-1, *table.shape)
    return tables, tables.sum((1, 2)).astype(np.float64)
