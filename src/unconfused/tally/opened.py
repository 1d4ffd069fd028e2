"""The second look: the rows of bins that leave something open, by their scores, in the place of those bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unconfused.errors import UsageError
from unconfused.labels import plural
from unconfused.tally.cuts import mixed, settled
from unconfused.tally.grids import Grid
from unconfused.tally.kernels import Floats, Ints, runs

if TYPE_CHECKING:
    from unconfused.tally.scores import ScoreTally

What: TypeAlias = "bool | Literal['order'] | Opened"
"""Bins that are looked at again: all that hold several scores, those in which the order of the classes is open; or, at
the second look, those that were found."""
RANGES = 32
"""Stretches of scores that a database is asked for at most; each is a comparison of every row."""
ROUNDED = 1e-9
"""How far apart, as a share, two sums of the same weights may be that were added in another order."""


@dataclass(frozen=True)
class Opened:
    """Cells of a grid whose rows are looked at again, of each column of scores. It travels to where the rows are.

    Attributes:
        bits: for each column one bit for each cell of the grid, packed.
        ranges: for each column stretches of scores, ends included, that hold all of these rows, and maybe others.
    """

    bits: tuple[bytes, ...]
    ranges: tuple[tuple[tuple[float, float], ...], ...]

    @classmethod
    def of(cls, tallies: list[ScoreTally], what: What) -> Opened:
        """The cells that each tally leaves open."""
        found = [(tally, open_cells(tally, what)) for tally in tallies]
        return cls(tuple(_packed(*one) for one in found), tuple(_stretches(*one) for one in found))

    def __bool__(self) -> bool:
        return any(map(any, self.bits))

    def of_column(self, place: int) -> Opened:
        """The same of one column."""
        return Opened((self.bits[place],), (self.ranges[place],))

    def holds(self, scores: Floats, grid: Grid, pins: ArrayLike) -> NDArray[np.bool_]:
        """Which rows of the one column lie in these cells.    Shape: (n,), NaN where there is no score → (n,)."""
        wanted = np.unpackbits(np.frombuffer(self.bits[0], np.uint8)).astype(bool)
        made = ~np.isnan(scores)
        made[made] = wanted[numbers(scores[made], grid, pins)]
        return made


def numbers(scores: Floats, grid: Grid, pins: ArrayLike) -> Ints:
    """The number of the cell of each score: of its bin, and of the pins that it reaches.    Shape: (n,)."""
    return grid.bins(scores) + np.searchsorted(np.asarray(pins), scores, side="right")


def open_cells(tally: ScoreTally, what: What) -> NDArray[np.bool_]:
    """The cells that leave something open.    Shape: (U,)."""
    return mixed(tally) if what == "order" else ~settled(tally)


def _packed(tally: ScoreTally, wide: NDArray[np.bool_]) -> bytes:
    held = np.zeros(tally.grid.size + len(tally.pins), bool)
    if wide.any():
        held[numbers(tally.scores[wide], tally.grid, tally.pins)] = True
    return np.packbits(held).tobytes()


def _stretches(tally: ScoreTally, wide: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """Neighbouring cells together; where they lie scattered, with the fewest rows between them."""
    if tally.lows is None or tally.highs is None or not wide.any():
        return ()
    starts = np.flatnonzero(wide & ~np.append(False, wide[:-1]))
    ends = np.flatnonzero(wide & ~np.append(wide[1:], False))
    rows = np.append(0, tally.full[1:].sum(1).cumsum())
    between = rows[starts[1:]] - rows[ends[:-1] + 1]
    apart = np.sort(np.argsort(-between, kind="stable")[: RANGES - 1])
    low, high = tally.lows.min(1)[starts[np.append(0, apart + 1)]], tally.highs.max(1)[ends[np.append(apart, -1)]]
    return tuple(zip(low.tolist(), high.tolist(), strict=True))


# ── in the place of the bins ──────────────────────────────────────────────────────────────────
def kept_apart(coarse: ScoreTally, exact: ScoreTally, what: What) -> ScoreTally:
    """A tally on a grid with its open cells by their scores, of which ``exact`` holds all rows."""
    wide = open_cells(coarse, what)
    return coarse.refined(_within(coarse, exact, wide), wide)


def looked_at(coarse: ScoreTally, exact: ScoreTally | None, what: What) -> ScoreTally:
    """The same, where ``exact`` was counted in a second pass: of the rows in the open cells, and maybe of others.

    Raises:
        UsageError: the cells hold other rows than before.
    """
    wide = open_cells(coarse, what)
    if not wide.any():
        return coarse
    if exact is None or not len(exact.labels):
        exact = coarse.taken(np.zeros(0, np.intp))
    rows = _within(coarse, exact, wide)
    _check(coarse.taken(np.flatnonzero(wide)), rows)
    return coarse.refined(rows, wide)


def _within(coarse: ScoreTally, exact: ScoreTally, wide: NDArray[np.bool_]) -> ScoreTally:
    own, all_of = (numbers(x.scores, coarse.grid, coarse.pins) for x in (coarse, exact))
    inside = np.isin(all_of, own[wide])
    return exact if inside.all() else exact.taken(np.flatnonzero(inside))


def _check(before: ScoreTally, rows: ScoreTally) -> None:
    """Hold the rows of a second look against what their cells held at the first."""
    cells = numbers(before.scores, before.grid, before.pins)
    differ = _differing(before, rows, cells)
    if not differ.any():
        return
    first = int(np.argmax(differ))
    held = int(before.full[1 + first].sum())
    found = int(rows.full[1:][numbers(rows.scores, before.grid, before.pins) == cells[first]].sum())
    told = (
        f"{held:,} rows and then {found:,}" if held != found else f"{held:,} rows of other scores, classes or weights"
    )
    raise UsageError(
        f"{differ.sum():,} of {plural(len(cells), 'bin')} hold other rows at the second look; "
        f"the first, from {float(before.scores[first]):.6g} on, held {told}.",
        "A table that changes or is sampled anew between two looks is two tables, and what can be read once is empty "
        "at the second.",
        'Keep the rows, by .cache(), .persist() or a file; or type grid="exact", which looks once.',
    )


def _differing(before: ScoreTally, rows: ScoreTally, cells: Ints) -> NDArray[np.bool_]:
    """Which of these cells hold other rows, scores or sums.    Shape: (U,)."""
    own = numbers(rows.scores, before.grid, before.pins)
    starts = runs(own)
    at, differ = np.searchsorted(cells, own[starts]), np.ones(len(cells), bool)
    differ[at] = False

    def unlike(known: NDArray[Any], found: NDArray[Any], slack: float = 0) -> None:
        differ[at] |= ~np.isclose(known[at], found, rtol=slack, atol=0) if slack else known[at] != found

    for column in range(before.full.shape[1]) if len(starts) else ():
        there = rows.full[1:, column]
        unlike(before.full[1:, column], np.add.reduceat(there, starts))
        for known, by, nothing in ((before.lows, np.minimum, np.inf), (before.highs, np.maximum, -np.inf)):
            assert known is not None
            unlike(known[:, column], by.reduceat(np.where(there > 0, rows.scores, nothing), starts))
        for name in ("full_weights", "full_squares"):
            if (sums := getattr(before, name)) is not None:
                unlike(sums[1:, column], np.add.reduceat(getattr(rows, name)[1:, column], starts), ROUNDED)
    return differ


def replaced(tally: ScoreTally, rows: ScoreTally, cells: NDArray[np.bool_]) -> dict[str, Any]:
    """The arrays of a tally with some of its cells gone and scores in their place; see `ScoreTally.refined`.

    Each is made in its own place, since of very many scores copies are what memory goes to.
    """
    kept = np.flatnonzero(~cells)
    behind = np.searchsorted(rows.scores, tally.scores[kept])
    at_kept, own = behind + np.arange(len(kept)), np.ones(len(kept) + len(rows.scores), bool)
    own[at_kept] = False

    def joined(old: NDArray[Any], new: NDArray[Any] | float, head: int = 0) -> NDArray[Any]:
        made = np.empty((head + len(own), *old.shape[1:]), old.dtype)
        made[:head], made[head:][at_kept] = old[:head], old[head:][kept]
        made[head:][own] = new
        return made

    def ends(name: str, nothing: float) -> NDArray[Any]:
        made, known = joined(getattr(tally, name), nothing), getattr(rows, name)
        for column in range(made.shape[1]):
            found = rows.scores if known is None else known[:, column]
            made[own, column] = np.where(rows.full[1:, column] > 0, found, nothing)
        return made

    arrays: dict[str, Any] = {"scores": joined(tally.scores, rows.scores)}
    for name in ("full", "full_weights", "full_squares"):
        known = getattr(tally, name)
        arrays[name] = None if known is None else joined(known, getattr(rows, name)[1:], 1)
    return arrays | {"lows": ends("lows", np.inf), "highs": ends("highs", -np.inf)}
