"""Resampling of counts: n rows drawn again from a table are one multinomial draw, whatever n. Seeded.

Weighted cells are drawn from Gamma(S²/Q, Q/S), which has their mean S = Σw and variance Q = Σw².

Source: Efron 1979; Chamandy et al. 2012 for the Poisson form.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from unconfused.inference.delta import CHUNK, Reading, Sample, table_of
from unconfused.metrics.catalogue import ratio
from unconfused.tally.cells import Array, Cells

MOST, LEAST = 2000, 200
"""Replicates: as many as the work allows, between these."""
WORK = 2**26
"""Numbers read by all replicates together."""


def replicates(size: int) -> int:
    """How many replicates of ``size`` numbers each are drawn."""
    return int(np.clip(WORK // max(size, 1), LEAST, MOST))


def draws(
    sums: Array, squares: Array, weighted: bool, repeats: int, seed: int, width: int | None = None
) -> Iterator[Array]:
    """Replicates of the cells ``sums`` (C,), a chunk (r, C) at a time; ``width`` is what a caller makes of one."""
    generator = np.random.default_rng(seed)
    step = max(1, CHUNK // max(width or sums.size, 1))
    total = sums.sum()
    for start in range(0, repeats, step):
        size = (min(step, repeats - start), sums.size)
        if weighted or total >= 2**62 or not float(total).is_integer():
            yield generator.gamma(ratio(sums**2, squares).value, ratio(squares, sums).value, size)
        else:
            yield generator.multinomial(int(total), sums / total, size[0]).astype(np.float64)


def percentiles(reading: Reading, sample: Sample, level: float, seed: int) -> tuple[float, float]:
    """Where the middle ``level`` of the replicates of one table (S, S) lies; NaN where none is defined."""
    table, squares, k = table_of(sample.counts), table_of(sample.squares), sample.counts.k
    used = np.nonzero(table)
    repeats, found = replicates(table.size), []
    for cells in draws(table[used], squares[used], sample.weighted, repeats, seed, table.size):
        tables = np.zeros((len(cells), *table.shape))
        tables[:, used[0], used[1]] = cells
        found.append(reading(Cells.of_table(tables, k)))
    values = np.concatenate(found)
    values = values[np.isfinite(values)]
    if not values.size:
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
