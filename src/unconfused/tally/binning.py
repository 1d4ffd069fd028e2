"""Loops over rows of scores: into the cells of a grid, and to the class with the largest."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.tally.grids import OCTAVES, SMALLEST, Grid
from unconfused.tally.kernels import Floats, Ints, least
from unconfused.tally.threads import cores, in_parts, in_threads, loops, pieces, real_numbers, whole_numbers

TOGETHER = 16
"""Classes counted in one sweep: their float32 scores of a row fill a line of the cache."""
MEMORY = 1 << 26
"""Bytes of cells that a thread fills in one sweep, unless a single class needs more."""
MOST_CLASSES = 4096
"""Beyond them a table of pairs would be mostly empty."""
_FAMILIES = ("folded", "floatbits", "uniform")
_FORMATS: dict[int, tuple[np.dtype[Any], int, int]] = {
    4: (np.dtype(np.int32), 23, 127),
    8: (np.dtype(np.int64), 52, 1023),
}  # key, mantissa, bias, by bytes


State: TypeAlias = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]


class Binned(NamedTuple):
    """Rows in the cells of a grid.

    A cell is numbered bin(s) + #{pins <= s}: a pin splits its bin, so that a threshold there is exact.
    Attributes: ``cells``, those that hold rows, ascending, int64 (U,); and for truth 0 and 1 the rows, ``counts``
    int64 (U, 2), their lowest and their highest score, ``lows`` and ``highs`` float64 (U, 2), inf and -inf for no rows.
    """

    cells: Ints
    counts: Ints
    lows: Floats
    highs: Floats


class BinSum:
    """Rows in the cells of a grid, a few at a time; `add` may be called from several threads.

    Args:
        grid, pins: as in `bin_counts`.

    >>> total = BinSum(Grid.parse("uniform(2)"), [0.25])
    >>> [total.add(np.array([1]), np.array([score])) for score in (0.2, 1.0, 1.5)]
    [True, True, False]
    >>> total.bins().cells
    array([0, 3])
    """

    def __init__(self, grid: Grid, pins: Sequence[float] = ()) -> None:
        self.grid, self.pins = grid, tuple(pins)
        self._counts, self._lows, self._highs = plan_of(grid, self.pins, 8).plain()
        self._guard = threading.Lock()

    def add(self, truth: NDArray[Any], scores: NDArray[Any]) -> bool:
        """Tally rows; False where `bin_counts` would return None, and then none of them is."""
        plan, states = _states(truth, scores, self.grid, self.pins)
        for counts, lows, highs in states or ():
            with self._guard:
                self._counts += counts
                np.minimum(self._lows, plan.scores(lows), out=self._lows)
                np.maximum(self._highs, plan.scores(highs), out=self._highs)
        return states is not None

    def add_slices(self, codes: NDArray[Any], *columns: NDArray[Any]) -> None:
        """Add rows that are in cells already: slice x cells + cell, and of each what `Binned` holds of them."""
        totals = self._counts, self._lows, self._highs
        if (compiled := loops("over_slices", codes)) is not None:
            with self._guard:
                compiled.over_slices(codes, *columns, *totals)
            return
        places = (2 * (codes % len(self._counts))[:, None] + np.arange(2)).ravel()
        with self._guard:
            for add, total, own in zip((np.add, np.minimum, np.maximum), totals, columns, strict=True):
                add.at(total.ravel(), places, own.ravel().astype(total.dtype))

    def bins(self) -> Binned:
        """All of them, without the cells that hold none."""
        cells = np.flatnonzero(self._counts.any(1))
        return Binned(cells, self._counts[cells], self._lows[cells], self._highs[cells])


def bin_counts(truth: NDArray[Any], scores: NDArray[Any], grid: Grid, pins: Sequence[float] = ()) -> Binned | None:
    """Tally scores of truth 0 or 1 in the cells of a grid that ``pins``, ascending, split.    Shapes: (n,) twice.

    Scores are in [0, 1] on the grids folded and uniform, and anything but NaN on floatbits. None where one is not,
    where a truth is neither 0 nor 1, or where the columns are no whole numbers and floats of at most 64 bits.

    >>> bin_counts(np.array([0, 1, 1]), np.array([0.2, 0.3, 1.0]), Grid.parse("uniform(2)"), [0.25]).cells
    array([0, 1, 3])
    """
    plan, states = _states(truth, scores, grid, tuple(pins))
    return None if states is None else plan.united(states)


def _states(
    truth: NDArray[Any], scores: NDArray[Any], grid: Grid, pins: tuple[float, ...]
) -> tuple[Plan, list[State] | None]:
    """What the parts of the rows come to; None where one of them is irregular."""
    plan = plan_of(grid, pins, scores.itemsize)
    if not (whole_numbers(truth) and real_numbers(scores)):
        return plan, None
    compiled = loops("bins", truth, scores)

    def part(rows: slice) -> State | None:
        state = plan.keyed(1)[0] if compiled else None
        plain = plan.plain()
        for t, s in pieces(truth[rows], scores[rows], compiled=compiled is not None):
            if not (compiled.bins(t, s, *plan.orders, state) if compiled else plan.tally(t, s, plain)):
                return None
        return plain if state is None else plan.columns(state)

    parts = in_parts(len(truth), part)
    good = [x for x in parts if x is not None]
    return plan, good if len(good) == len(parts) else None


def ovr_bin_counts(
    truth: NDArray[Any], scores: NDArray[Any], grid: Grid, pins: Sequence[float] = ()
) -> list[Binned] | None:
    """The same for each class against the rest: codes 0…K-1 (n,), scores (n, K) → K tallies."""
    if not (whole_numbers(truth) and real_numbers(scores, 2)):
        return None
    k = scores.shape[1]
    compiled, plan = loops("ovr_bins", truth, scores), plan_of(grid, tuple(pins), scores.itemsize)

    def some(first: int) -> list[Binned] | None:
        own = scores[:, first : first + step]
        if compiled:
            return _compiled_classes(compiled, plan, truth, own, first, k)
        classes = range(own.shape[1])
        states = [plan.plain() for _ in classes]
        for t, s in pieces(truth, own, compiled=False):
            if t.max() >= k or not all(plan.tally(t == first + i, s[:, i], states[i]) for i in classes):
                return None
        return [plan.united([state]) for state in states]

    sweeps = -(-k // max(min(TOGETHER, MEMORY // plan.bytes), 1))
    step = -(-k // (sweeps + -sweeps % cores()))  # as many for each core
    groups = in_threads(list(range(0, k, step)), some, scores.size)
    return None if any(x is None for x in groups) else [one for group in groups for one in group or ()]


def argmax_pairs(truth: NDArray[Any], scores: NDArray[Any]) -> tuple[Ints, int] | None:
    """Rows by true class and class of the largest score, the first among equals; and the rows that have equals.

    None where a code is not in 0…K-1, a score is NaN, or the columns are no whole numbers and floats.
    Shapes: (n,) and (n, K) → (K, K).

    >>> argmax_pairs(np.array([0, 1]), np.array([[0.5, 0.5], [0.2, 0.8]]))
    (array([[1, 0],
           [0, 1]]), 1)
    """
    if not (whole_numbers(truth) and real_numbers(scores, 2) and 0 < scores.shape[1] <= MOST_CLASSES):
        return None
    k, compiled = scores.shape[1], loops("tops", truth, scores)

    def part(rows: slice) -> tuple[Ints, int] | None:
        table, ties = np.zeros((k, k), np.int64), np.zeros(1, np.int64)
        for t, s in pieces(truth[rows], scores[rows], compiled=compiled is not None):
            if compiled:
                bits = s.view(_FORMATS[s.itemsize][0])
                good = compiled.tops(t, bits, bits.dtype.type(_key(np.inf, s.dtype)), table, ties)
            else:
                good = _tops(t, s, table, ties)
            if not good:
                return None
        return table, int(ties[0])

    parts = in_parts(len(truth), part)
    good = [x for x in parts if x is not None]
    return (np.sum([x for x, _ in good], axis=0), sum(x for _, x in good)) if len(good) == len(parts) else None


def _tops(truth: NDArray[Any], scores: NDArray[Any], table: Ints, ties: Ints) -> bool:
    k = scores.shape[1]
    if truth.max() >= k or np.isnan(scores).any():
        return False
    table += np.bincount(truth.astype(np.int64) * k + scores.argmax(1), minlength=k * k).reshape(k, k)
    ties += np.count_nonzero((scores == scores.max(1, keepdims=True)).sum(1) > 1)
    return True


def row_sums_off(scores: NDArray[Any], tolerance: float) -> int:
    """Rows whose sum, taken in float64, is not within ``tolerance`` of 1, or is NaN.    Shape: (n, K)."""
    compiled = loops("sums_off", scores) if real_numbers(scores, 2) else None

    def part(rows: slice) -> int:
        if compiled:
            return sum(compiled.sums_off(s, tolerance) for (s,) in pieces(scores[rows]))
        sums = scores[rows].sum(1, dtype=np.float64)
        return int(np.count_nonzero(~(np.abs(sums - 1) <= tolerance)))

    return sum(in_parts(len(scores), part))


class Plan:
    """A grid and its pins, as either form of the loop reads them."""

    def __init__(self, grid: Grid, pins: Sequence[float], width: int) -> None:
        self.grid, self.pins = grid, np.array(pins, np.float64)
        self.cells = grid.size + len(pins)
        self.floats = np.dtype(np.float64 if width == 8 else np.float32)
        self.whole, mantissa, bias = _FORMATS[self.floats.itemsize]
        self.bytes = 2 * self.cells * 4 * self.whole.itemsize
        self.empty = np.empty((2 * self.cells, 4), self.whole)
        self.empty[:] = [0, _key(np.inf, self.floats), _key(-np.inf, self.floats), 0]
        unbounded = grid.family == "floatbits"
        self.bounds = (-np.inf, np.inf) if unbounded else (0.0, 1.0)
        ends = [_key(x, self.floats) for x in self.bounds]
        shift = mantissa - grid.fineness
        octaves = bias + (SMALLEST if unbounded else -1 - OCTAVES) << grid.fineness
        side = {"folded": (grid.size - 2) // 2, "floatbits": (grid.size - 3) // 2}.get(grid.family, grid.size - 1)
        numbers = [min(shift, 31), max(shift - 31, 0), octaves, side, ends[1], _key(0.5, self.floats)]
        never = np.iinfo(self.whole).max
        kind = np.float64 if width == 8 else np.float32
        keys = np.array([*(_key(least(x, kind), self.floats) for x in self.pins.tolist()), never], self.whole)
        held = grid.bins(self.pins)
        places = np.full((grid.size, 2), never, self.whole)
        places[:, 0] = 2 * (np.arange(grid.size) + np.searchsorted(held, np.arange(grid.size)))
        np.minimum.at(places[:, 1], held, keys[:-1])  # the first of several
        self.orders = (
            _FAMILIES.index(grid.family),
            np.array(numbers, self.whole),
            np.array(ends, self.whole),
            places,
            keys,
            len(np.unique(held)) < len(held),
        )

    def keyed(self, classes: int) -> NDArray[Any]:
        """For each class, cell and truth: rows, lowest key, highest key, and a seat to fill the line."""
        states = np.empty((classes, *self.empty.shape), self.whole)
        states[:] = self.empty
        return states

    def plain(self) -> State:
        """Rows, lowest and highest score of each cell and truth."""
        shape = (self.cells, 2)
        return np.zeros(shape, np.int64), np.full(shape, np.inf), np.full(shape, -np.inf)

    def columns(self, state: NDArray[Any]) -> State:
        """The same three columns of a keyed one, the scores as keys."""
        counts, lows, highs = (state[:, i].reshape(-1, 2) for i in range(3))
        return counts, lows, highs

    def united(self, parts: Sequence[State]) -> Binned:
        """The cells of several parts together, those without rows left out."""
        counts = sum((x for x, _, _ in parts[1:]), parts[0][0].astype(np.int64))
        cells = np.flatnonzero(counts[:, 0] | counts[:, 1])
        counts = counts[cells]
        lows, highs = np.min([x[cells] for _, x, _ in parts], axis=0), np.max([x[cells] for _, _, x in parts], axis=0)
        return Binned(cells, counts, *(self.scores(x).astype(np.float64) for x in (lows, highs)))

    def scores(self, extremes: NDArray[Any]) -> NDArray[Any]:
        """The lowest or highest scores, also where they come as keys."""
        if extremes.dtype != self.whole:
            return extremes
        return np.where(extremes >= 0, extremes, np.iinfo(self.whole).min - extremes).view(self.floats)

    def takes(self, truth: NDArray[Any], scores: NDArray[Any]) -> bool:
        """Whether every truth is 0 or 1 and every score one of the grid's."""
        if not len(truth):
            return True
        least, most = self.bounds
        return bool(truth.min() >= 0 and truth.max() <= 1 and least <= scores.min() and scores.max() <= most)

    def tally(self, truth: NDArray[Any], scores: NDArray[Any], state: State) -> bool:
        """Add rows to the state, with NumPy."""
        s = scores.astype(np.float64) + 0.0
        if not self.takes(truth, s):
            return False
        cells = self.grid.bins(s) + np.searchsorted(self.pins, s, side="right")
        places, (counts, lows, highs) = 2 * cells + truth.astype(np.int64), state
        counts += np.bincount(places, minlength=counts.size).reshape(-1, 2)
        np.minimum.at(lows.reshape(-1), places, s)
        np.maximum.at(highs.reshape(-1), places, s)
        return True


@lru_cache(maxsize=16)
def plan_of(grid: Grid, pins: tuple[float, ...], width: int) -> Plan:
    """A plan, made once for all batches and slices that are counted alike."""
    return Plan(grid, pins, width)


def _key(x: float, floats: np.dtype[Any]) -> int:
    """A whole number that is larger for a larger float, and 0 for either zero."""
    bits = int(np.array(x, floats).view(_FORMATS[floats.itemsize][0]))
    return bits if bits >= 0 else int(np.iinfo(_FORMATS[floats.itemsize][0]).min) - bits


def _compiled_classes(
    compiled: Any, plan: Plan, truth: NDArray[Any], scores: NDArray[Any], first: int, classes: int
) -> list[Binned] | None:
    states = plan.keyed(scores.shape[1])
    for t, s in pieces(truth, scores):
        if not compiled.ovr_bins(t, s, first, classes, *plan.orders, states):
            return None
    return [plan.united([plan.columns(state)]) for state in states]
