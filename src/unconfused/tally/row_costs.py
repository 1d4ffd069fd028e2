"""Row costs: what each row costs by itself, summed in the cells of the scores, so that any threshold has its total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unconfused.errors import MergeRefused
from unconfused.tally.grids import EXACT, Grid
from unconfused.tally.kernels import Floats, Ints, check_total, count_codes, exact_total, runs, same, sum_codes

if TYPE_CHECKING:
    from unconfused.tally.scores import ScoreTally

CELLS = ("tn", "fp", "fn", "tp")
_ARRAYS = ("scores", "full", "weights", "sums", "pins")


@dataclass(frozen=True, eq=False, repr=False)
class RowCosts:
    """What the rows in each cell of a binary problem's scores cost together, called negative and called positive.

    The cells are those of the `ScoreTally` of the same rows. A tally: ``+`` unites them in the same way.

    Attributes:
        scores: the lowest score in each cell, ascending, float64 (U,).
        full: rows, negative and positive, int64 (U + 1, 2). Row 0 is the rows without a usable score.
        weights: Σw and Σw² of the same rows, float64 (U + 1, 2, 2), or None for unweighted rows.
        sums: Σwc, Σw²c and Σw²c² of their costs c as a true negative, false alarm, miss and hit (``CELLS``): of a
            negative row the first two, of a positive row the last two, 0 elsewhere.    float64 (U + 1, 4, 3).
        grid: the bins.
        pins: scores that no cell reaches across, ascending, float64.
    """

    scores: Floats
    full: Ints
    weights: Floats | None
    sums: Floats
    grid: Grid = EXACT
    pins: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            if (array := getattr(self, name)) is not None:
                array.setflags(write=False)

    @classmethod
    def count(
        cls,
        truth: NDArray[Any],
        scores: Floats,
        costs: Floats,
        *,
        count: Ints | None = None,
        weights: Floats | None = None,
        grid: Grid = EXACT,
        pins: ArrayLike = (),
    ) -> RowCosts:
        """Sum rows: ``truth`` (n,) is 0 or 1, ``scores`` (n,) the score or NaN, ``costs`` (n, 4) in order of ``CELLS``.

        ``count`` (n,) says how many rows each entry stands for, ``weights`` (n,) what each of them weighs.
        """
        usable = ~np.isnan(scores)
        order = np.argsort(scores, kind="stable")  # NaN last
        ranked = scores[order[: int(usable.sum())]] + 0.0  # -0.0 ties with 0.0
        starts = runs(ranked)
        place = np.zeros(len(scores), np.int64)
        place[order[: len(ranked)]] = np.repeat(np.arange(1, len(starts) + 1), np.diff(np.append(starts, len(ranked))))
        codes, size = place * 2 + truth, (len(starts) + 1) * 2
        times = np.ones(len(scores)) if count is None else count.astype(np.float64)
        once = times if weights is None else times * weights
        twice = once if weights is None else once * weights

        def summed(values: Floats) -> Floats:
            return sum_codes(codes, size, values)

        sums = np.zeros((size, 2, 3))  # by cell and truth: called negative, called positive
        for called in (0, 1):
            own = np.where(truth == 1, costs[:, 2 + called], costs[:, called])
            for i, values in enumerate((once * own, twice * own, twice * own**2)):
                sums[:, called, i] = summed(values)
        kept = None if weights is None else np.stack([summed(once), summed(twice)], -1).reshape(-1, 2, 2)
        exact = cls(ranked[starts], count_codes(codes, size, count).reshape(-1, 2), kept, sums.reshape(-1, 4, 3))
        return exact if grid == EXACT else exact.coarsen(grid, pins)

    @classmethod
    def zero(cls) -> RowCosts:
        """The costs of no rows: x + zero is x."""
        return cls(np.zeros(0), np.zeros((1, 2), np.int64), None, np.zeros((1, 4, 3)))

    @property
    def total(self) -> int:
        """Rows counted."""
        return exact_total(self.full)

    @property
    def masses(self) -> Floats:
        """Σw and Σw² of the negative and positive rows in each cell; rows, if unweighted.    Shape: (U + 1, 2, 2)."""
        return np.repeat(self.full.astype(np.float64)[..., None], 2, -1) if self.weights is None else self.weights

    def fits(self, tally: ScoreTally) -> bool:
        """Whether these are the costs of the rows of a tally: cell by cell as many negatives and positives."""
        starts = np.searchsorted(tally.scores, self.scores)
        if not len(self.scores):
            return not len(tally.scores) and np.array_equal(tally.full[:, :2], self.full)
        if starts[0] or starts[-1] == len(tally.scores) or not np.array_equal(tally.scores[starts], self.scores):
            return False
        rows = np.add.reduceat(tally.full[1:, :2], starts, axis=0)
        return np.array_equal(np.concatenate([tally.full[:1, :2], rows]), self.full)

    def coarsen(self, grid: str | Grid, pins: ArrayLike | None = None) -> RowCosts:
        """The same rows in the bins of a coarser grid; as `ScoreTally.coarsen`, which checks. ``pins`` are scores."""
        wanted = self.pins if pins is None else np.unique(np.asarray(pins, np.float64) + 0.0)
        return self._united([self], Grid.parse(grid), wanted)

    def merged(self, starts: Ints) -> RowCosts:
        """Neighbouring cells put together, a new one beginning at each of ``starts``."""
        return replace(self, **_added([self], starts))

    # ── adding ────────────────────────────────────────────────────────────────────────────────
    def __add__(self, other: object) -> RowCosts:
        if not isinstance(other, RowCosts):
            return self if type(other) is int and other == 0 else NotImplemented
        for a, b in ((self, other), (other, self)):
            if not a.total and not len(a.scores) and a.weights is None and a.grid == EXACT:
                return b
        if (self.weights is None) != (other.weights is None):
            raise MergeRefused(
                "One tally has weighted rows and the other unweighted ones.",
                fix="Count both with sample_weight=, or neither.",
            )
        check_total(self.total + other.total, lambda: self.total + other.total)
        pins = self.pins if same(self.pins, other.pins) else np.intersect1d(self.pins, other.pins)
        return self._united([self, other], self.grid.with_coarser(other.grid), pins)

    __radd__ = __add__

    def _united(self, parts: Sequence[RowCosts], grid: Grid, pins: Floats) -> RowCosts:
        scores = np.sort(np.concatenate([x.scores for x in parts]))
        keys = scores if grid == EXACT else grid.bins(scores) + np.searchsorted(pins, scores, side="right")
        return replace(self, grid=grid, pins=pins, **_added(parts, runs(keys)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RowCosts):
            return NotImplemented
        return self.grid == other.grid and all(same(getattr(self, x), getattr(other, x)) for x in _ARRAYS)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        places = f"bins, {self.grid}" if self.grid != EXACT else "distinct scores"
        return f"RowCosts({self.total:,} rows at {len(self.scores):,} {places})"


def _added(parts: Sequence[RowCosts], starts: Ints) -> dict[str, Any]:
    """The cells of several in ascending order, added up from each of ``starts`` to the next."""
    scores = np.concatenate([x.scores for x in parts])
    order = np.argsort(scores, kind="stable")

    def summed(name: str) -> Any:
        arrays = [getattr(x, name) for x in parts]
        if arrays[0] is None:
            return None
        joined = np.concatenate([x[1:] for x in arrays])[order]
        reduced = np.add.reduceat(joined, starts, axis=0) if len(starts) else joined
        return np.concatenate([sum(x[:1] for x in arrays), reduced])

    return {name: summed(name) for name in ("full", "weights", "sums")} | {"scores": scores[order][starts]}
