"""Sweep: the cells at every threshold, summed once from the largest score down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.inference.delta import Sample, table_of
from unconfused.tally.axis import logistic
from unconfused.tally.cells import Array, Cells
from unconfused.tally.cuts import COLUMNS
from unconfused.tally.prevalence import ScoresAt
from unconfused.tally.scores import ScoreTally

Parted: TypeAlias = Callable[[Array], tuple[Array, Array]]
"""Rows at each score to the rows called positive and the rest.    Shape: (U, 4) → twice (T, 4)."""


@dataclass(frozen=True)
class Sweep:
    """Every threshold, the largest first, and the 2x2 there (with the seats in use).

    Attributes:
        thresholds: inf, which calls nothing positive, then each score; for log-odds the probability that parts the
            same rows. NaN where no threshold does.    Shape: (U + 1,).
        sample: the tables; negative first, positive second.    Shape: (U + 1, S, S).
    """

    thresholds: Array
    sample: Sample

    @classmethod
    def of(cls, tally: ScoreTally, thresholds: Array | None = None) -> Sweep:
        """Sum the masses of a tally; ``thresholds`` where they are known."""

        def parted(rows: Array) -> tuple[Array, Array]:  # both added up, so that what is left of no row is exactly 0
            none = np.zeros((1, COLUMNS))
            called, left = np.cumsum(rows[::-1], axis=0), np.cumsum(rows, axis=0)[::-1]
            return np.concatenate([none, called]), np.concatenate([left, none])

        return cls(thresholds_of(tally) if thresholds is None else thresholds, _sampled(tally, parted))


def sample_at(tally: ScoreTally, place: int) -> Sample:
    """One place of the sweep without the others, both seats included.    Shape: (4, 4)."""

    def parted(rows: Array) -> tuple[Array, Array]:
        return rows[len(rows) - place :].sum(0)[None], rows[: len(rows) - place].sum(0)[None]

    return taken(_sampled(tally, parted, seats=True), 0)


def taken(sample: Sample, places: int | slice | NDArray[np.int64]) -> Sample:
    """Some tables of a stack."""
    return sample.each(lambda c: Cells.of_table(table_of(c)[places], c.k))


def _sampled(tally: ScoreTally, parted: Parted, seats: bool = False) -> Sample:
    seats = seats or bool(tally.full[0].any() or tally.full[:, 2:].any())
    counts = _tables(tally.full, parted, seats)
    if tally.full_weights is None or tally.full_squares is None:
        return Sample(counts, counts, counts)
    weights, squares = (_tables(x, parted, seats) for x in (tally.full_weights, tally.full_squares))
    return Sample(weights, squares, counts, weighted=True, fixed=isinstance(tally, ScoresAt))


def _tables(full: NDArray[Any], parted: Parted, seats: bool) -> Cells:
    """Truth by prediction, with ``parted`` adding up the rows called and not.    Shape: (U + 1, 4) → (T, S, S)."""
    called, left = parted(full[1:].astype(np.float64))
    if not seats:
        return Cells.of_table(np.stack([left[:, :2], called[:, :2]], -1))
    table = np.zeros((len(called), COLUMNS, COLUMNS))
    table[..., 0], table[..., 1], table[..., 3] = left, called, full[0]
    return Cells.of_table(table, 2)


def thresholds_of(tally: ScoreTally) -> Array:
    """A threshold for each place of the sweep, such that `ScoreTally.at` calls exactly its rows positive.

    Log-odds beyond about 36.7 (a probability within 2⁻⁵³ of 1) or below -745 lie too close for a float64 probability
    to part; so do raw scores of inf and "nothing". There stands NaN.    Shape: (U + 1,), the largest first.
    """
    scores = tally.scores
    if tally.score_kind != "logit":
        nothing = np.nan if len(scores) and scores[-1] == np.inf else np.inf
        return np.concatenate([[nothing], scores[::-1]])
    found = np.full(len(scores) + 1, np.nan)
    tops = scores if tally.highs is None else tally.highs.max(1)  # the highest score in each cell
    p = logistic(scores)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.fmax(p - np.nextafter(p, 0), p * (1 - p) * np.spacing(np.abs(scores)))
        for back in (8, 4, 2, 1, 0):  # from a little below each score to the score itself, which is preferred
            t = np.maximum(p - back * step, 0)
            odds, against = np.log(t), -np.log1p(-t)
            cut = odds + against
            rounding = np.spacing(np.fmax(np.abs(odds), against))  # of either term, and of their sum
            slack = np.where(np.isfinite(cut) & (cut != 0), 2 * rounding, 0)
            low, high = (np.searchsorted(ends, cut + sign * slack) for ends, sign in ((tops, -1), (scores, 1)))
            found[low[low == high]] = t[low == high]
    found[-1] = np.inf
    return found[::-1]
