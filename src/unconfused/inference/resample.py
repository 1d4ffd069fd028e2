"""Resampling of counts: n rows drawn again from a table are one multinomial draw, whatever n. Seeded.

Weighted cells are drawn from Gamma(S²/Q, Q/S), which has their mean S = Σw and variance Q = Σw².

Source: Efron 1979; Chamandy et al. 2012 for the Poisson form; Goutte & Gaussier 2005 and Caelen 2017 for the posterior.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from unconfused.inference.bca import bca
from unconfused.inference.delta import CHUNK, Reading, Sample, smoothed, table_of
from unconfused.metrics.catalogue import ratio
from unconfused.tally.cells import Array, Cells
from unconfused.tally.sparse import Sparse

MOST, LEAST = 2000, 200
"""Replicates: as many as the work allows, between these."""
WORK = 2**26
"""Numbers read by all replicates together."""
DRAWS = 2000
"""From a posterior."""


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
        if not sums.size:
            yield np.zeros(size)  # of no rows come no rows
        elif weighted or total >= 2**62 or not float(total).is_integer():
            yield generator.gamma(ratio(sums**2, squares).value, ratio(squares, sums).value, size)
        else:
            yield generator.multinomial(int(total), sums / total, size[0]).astype(np.float64)


def percentiles(reading: Reading, sample: Sample, level: float, seed: int) -> tuple[float, float]:
    """Where the middle ``level`` of the replicates of one table (S, S) lies; NaN where none is defined."""
    values = replicated(reading, sample, seed)
    values = values[np.isfinite(values)]
    if not values.size:
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def accelerated(reading: Reading, sample: Sample, level: float, seed: int) -> tuple[float, float]:
    """The ends of the BCa interval of one table (S, S); NaN where no replicate is defined."""
    table, rows, k = table_of(sample.counts), table_of(sample.rows), sample.counts.k
    used = np.nonzero(table)
    less = np.repeat(table[None], len(used[0]), axis=0)
    less[(np.arange(len(less)), *used)] -= ratio(table[used], rows[used]).value  # a row of the weight usual there
    left = reading(Cells.of_table(np.maximum(less, 0), k))
    return bca(replicated(reading, sample, seed), float(reading(sample.counts)), left, rows[used], level)


def replicated(reading: Reading, sample: Sample, seed: int) -> Array:
    """The replicates of one table (S, S).    Shape: (R,)."""
    table, squares, k = table_of(sample.counts), table_of(sample.squares), sample.counts.k
    used = np.nonzero(table)
    repeats, found = replicates(table.size), []
    for cells in draws(table[used], squares[used], sample.weighted, repeats, seed, table.size):
        tables = np.zeros((len(cells), *table.shape))
        tables[:, used[0], used[1]] = cells
        found.append(reading(Cells.of_table(tables, k)))
    return np.concatenate(found)


def resampled_sparse(reading: Reading, sample: Sample, level: float, seed: int) -> tuple[Array, Array]:
    """The same of a sparse table, a replicate at a time."""
    table, squares, k = sample.counts.table, sample.squares.values, sample.counts.k
    assert isinstance(table, Sparse)
    cells = draws(table.values, squares, sample.weighted, replicates(table.size), seed)
    values = [reading(Cells.of_table(replace(table, values=row), k)) for chunk in cells for row in chunk]
    low, high = _quantiles(np.array(values).reshape(-1, 1), level)
    return low[0], high[0]


def posterior(reading: Reading, sample: Sample, level: float, seed: int) -> tuple[Array, Array]:
    """Where the middle ``level`` of the posterior of every table of a stack lies; NaN where none is defined.

    Shares of the cells have the Dirichlet posterior of one row spread over them before any was seen (Perks' prior). Of
    classes with a fixed number of rows the shares are those within each class, and the prior is Jeffreys'.
    Shape: (...) twice.
    """
    told, stack = smoothed(sample), table_of(sample.counts).shape[:-2]
    table, squares, k = table_of(told.counts), table_of(told.squares), sample.counts.k
    seats = table.shape[-1]
    shapes, scales = (
        np.nan_to_num(ratio(*pair).value).reshape(-1, seats, seats) for pair in ((table**2, squares), (squares, table))
    )
    totals = table_of(sample.counts).sum(-1, keepdims=True).reshape(-1, seats, 1)
    step = max(1, CHUNK // (DRAWS * seats**2))
    low, high = np.empty((2, len(shapes)))
    for start in range(0, len(shapes), step):
        chunk = slice(start, start + step)  # a table is drawn alike whatever else is asked for
        pairs = zip(shapes[chunk], scales[chunk], strict=True)
        drawn = np.stack([np.random.default_rng(seed).gamma(*pair, (DRAWS, seats, seats)) for pair in pairs], 1)
        if sample.fixed:
            drawn *= np.nan_to_num(ratio(totals[chunk], drawn.sum(-1, keepdims=True)).value)
        values = reading(Cells.of_table(drawn, k))
        low[chunk], high[chunk] = _quantiles(values, level)
    return low.reshape(stack), high.reshape(stack)


def _quantiles(values: Array, level: float) -> Array:
    """Both ends of the middle ``level`` of each column, without what is undefined there."""
    undefined = np.isnan(values).any(0)
    found = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=0)
    for place in np.flatnonzero(undefined):
        column = values[:, place][~np.isnan(values[:, place])]
        found[:, place] = np.quantile(column, [(1 - level) / 2, (1 + level) / 2]) if column.size else np.nan
    return np.asarray(found)
