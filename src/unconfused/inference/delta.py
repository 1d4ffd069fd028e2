"""The delta method for any metric of a table: how far it moves when one row more falls into a cell.

Var = Σ Q (U - Ū)², with U the derivative by cell, Ū its mean over rows, and Q the rows (Σw² of weighted ones): the
infinitesimal jackknife. Derivatives are central differences on the cells that hold rows. Where there are too many of
those and the metric reads margins only, U_ij = γ_i [i = j] + a_i + b_j takes 3 S + 1 derivatives instead of S².

Source: Fleiss, Cohen & Everitt 1969 for kappa; Jaeckel 1972 in general.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import NotKept
from unconfused.metrics.catalogue import against_rest, ratio
from unconfused.tally.cells import Array, Cells
from unconfused.tally.sparse import Sparse

Reading: TypeAlias = Callable[[Cells], Array]

STEP = 2.0**-17
"""Relative step of a central difference: about the cube root of the precision of a float64."""
CHUNK = 2**21
"""Numbers held at once while many tables are read."""
CELL_WORK = 2**22
"""Numbers read by cell-wise derivatives at most: all S² cells up to S = 45; beyond, only where most cells are empty."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The same table three times: what metrics read, squared weights, and rows.    Each (..., S, S) of k classes.

    ``fixed``: how many rows each class has was set, as in a view at a prevalence; only what they are called varies.
    """

    counts: Cells
    squares: Cells
    rows: Cells
    weighted: bool = False
    fixed: bool = False

    def each(self, change: Callable[[Cells], Cells]) -> Sample:
        """All three changed alike."""
        changed = change(self.counts)
        if not self.weighted:
            return Sample(changed, changed, changed)
        return Sample(changed, change(self.squares), change(self.rows), True, self.fixed)

    @classmethod
    def stacked(cls, samples: Sequence[Sample]) -> Sample:
        """Samples of tables of one size, on a new first axis."""

        def stack(parts: Iterable[Cells]) -> Cells:
            return Cells.of_table(np.stack([table_of(part) for part in parts]), samples[0].counts.k)

        return cls(
            stack(s.counts for s in samples),
            stack(s.squares for s in samples),
            stack(s.rows for s in samples),
            any(s.weighted for s in samples),
            all(s.fixed for s in samples),
        )


def table_of(c: Cells) -> Array:
    """The cells of a sample, which is always counted from tables."""
    assert isinstance(c.table, np.ndarray)
    return c.table


def standard_error(reading: Reading, sample: Sample, slopes: Reading | None = None) -> Array:
    """The standard error of a metric of each table of a stack; ``slopes`` where they are known.    Shape: (...)."""
    c = sample.counts
    if slopes is not None:
        return spread(slopes(c), sample)
    if isinstance(c.table, Sparse):
        raise NotKept(f"The derivatives of this metric would be taken by each of {c.k:,} classes.")
    table = table_of(c)
    few = np.count_nonzero(table) * table.shape[-1] ** 2 <= CELL_WORK
    return spread(by_cell(reading, c) if few else by_margin(reading, c), sample)


def spread(slopes: Array, sample: Sample) -> Array:
    """√(Σ Q (U - Ū)²): what the rows of a sample do to a sum that moves by U with each.    Shape: (...).

    Ū is the mean over all rows, or over those of the same class where the size of each class is fixed.
    """
    c = sample.counts
    if isinstance(c.table, Sparse):
        mean = ratio(c.over(c.values * slopes), c.n[..., 0]).value
        return np.sqrt(c.over(sample.squares.values * (slopes - mean) ** 2))
    table, axes = table_of(c), -1 if sample.fixed else (-2, -1)
    mean = ratio((table * slopes).sum(axes, keepdims=True), table.sum(axes, keepdims=True)).value
    moved = np.sqrt(table_of(sample.squares)) * (slopes - np.nan_to_num(mean))  # so tiny weights do not overflow
    error: Array = np.sqrt((moved**2).sum((-2, -1)))
    return error


def by_class(reading: Reading, average: str, c: Cells) -> Array:
    """Derivatives by cell of an average over classes, each read off its 2x2 against the rest.    Shape: (..., S, S).

    A row of cell (i, j) is a miss of class i, a false alarm of j and a true negative of the others, so that
    U_ij = a_i + b_j off the diagonal, up to a constant: four derivatives for each class, however many cells.
    """
    two = against_rest(c)
    if average == "micro":
        pooled = by_cell(reading, Cells.of_table(table_of(two).sum(-3)))
        values, slopes = np.ones(c.support.shape), np.broadcast_to(pooled[..., None, :, :], table_of(two).shape)
    else:
        values, slopes = reading(two), by_cell(reading, two)
    defined = ~np.isnan(values)
    weights = np.where(defined, c.support if average == "weighted" else 1.0, 0.0)
    share = weights if average == "micro" else ratio(weights, weights.sum(-1, keepdims=True)).value
    tn, fp, fn, tp = (np.where(defined, slopes[..., i, j], 0.0) for i in (0, 1) for j in (0, 1))
    hit, missed, alarm = share * (tp - tn), share * (fn - tn), share * (fp - tn)
    if average == "weighted":  # a row more of a class also counts it more
        mean = np.nansum(share * values, -1, keepdims=True)
        own = np.where(defined, ratio(values - mean, weights.sum(-1, keepdims=True)).value, 0.0)
        hit, missed = hit + own, missed + own
    seats = [(0, 0)] * (hit.ndim - 1) + [(0, c.rows.shape[-1] - c.k)]
    hit, missed, alarm = (np.pad(np.nan_to_num(x), seats) for x in (hit, missed, alarm))
    return c.by_place(hit - missed - alarm) + c.by_row(missed) + c.by_column(alarm)


def by_cell(reading: Reading, c: Cells) -> Array:
    """Derivatives by cell, 0 where a cell is empty.    Shape: (..., S, S)."""
    table = table_of(c)
    seats = table.shape[-1]
    used = np.argwhere(table.reshape(-1, seats, seats).any(0))
    slopes = np.zeros_like(table)
    for places in _chunks(used, table.size):
        change = np.zeros((len(places), *table.shape))
        step = np.moveaxis(table[..., places[:, 0], places[:, 1]], -1, 0) * STEP
        change[(np.arange(len(places)), ..., places[:, 0], places[:, 1])] = step
        rise = reading(Cells.of_table(table + change, c.k)) - reading(Cells.of_table(table - change, c.k))
        slopes[..., places[:, 0], places[:, 1]] = np.moveaxis(ratio(rise, 2 * step).value, 0, -1)
    return np.where(table > 0, slopes, 0.0)


def by_margin(reading: Reading, c: Cells) -> Array:
    """Derivatives by diagonal, row, column and total, put together for each cell.    Shape: (..., S, S)."""
    seats = c.rows.shape[-1]
    if c.rows.ndim > 1:  # a table at a time: these are the large ones
        table = table_of(c)
        slopes = np.empty_like(table)
        for place in np.ndindex(table.shape[:-2]):
            slopes[place] = by_margin(reading, Cells.of_table(table[place], c.k))
        return slopes
    start = np.concatenate([c.diagonal, c.rows, c.columns, c.n])
    slopes = np.zeros_like(start)
    for places in _chunks(np.flatnonzero(start), start.size):
        change = np.zeros((len(places), start.size))
        change[np.arange(len(places)), places] = start[places] * STEP
        up, down = (reading(_of_margins(start + sign * change, seats, c.k)) for sign in (1, -1))
        slopes[places] = (up - down) / (2 * STEP * start[places])
    diagonal, rows, columns = slopes[:-1].reshape(3, seats)
    joined: Array = np.diag(diagonal) + rows[:, None] + columns + slopes[-1]
    return joined


def smoothed(sample: Sample) -> Sample:
    """The sample with one row more, spread evenly over the cells of the classes and seats in use.

    Where no row fell into the cells that matter the delta method sees no spread; this leaves it some to see. Of classes
    with a fixed number of rows, each gets one row more.
    """
    table, squares = table_of(sample.counts), table_of(sample.squares)
    live = (table.sum(-1) > 0) | (table.sum(-2) > 0)
    live |= live.sum(-1, keepdims=True) < 2  # a single class in use tells nothing about errors
    spread_over = (live[..., :, None] & live[..., None, :]) * 1.0
    axes = -1 if sample.fixed else (-2, -1)
    share = np.nan_to_num(ratio(spread_over, spread_over.sum(axes, keepdims=True)).value)
    unit = np.nan_to_num(ratio(squares.sum(axes, keepdims=True), table.sum(axes, keepdims=True)).value)
    k = sample.counts.k
    counts, rest = Cells.of_table(table + share * unit, k), Cells.of_table(squares + share * unit**2, k)
    return replace(sample, counts=counts, squares=rest)


def _of_margins(margins: Array, seats: int, k: int) -> Cells:
    diagonal, rows, columns = np.split(margins[..., :-1], (seats, 2 * seats), -1)
    return Cells(diagonal, rows, columns, margins[..., -1:], k)


def _chunks(places: NDArray[np.intp], size: int) -> Iterator[NDArray[np.intp]]:
    step = max(1, CHUNK // max(size, 1))
    return (places[i : i + step] for i in range(0, len(places), step))
