"""The convex hull of the ROC curve, which is the isotonic calibration map: one pass over the masses, O(U).

Neighbouring scores are pooled until the share of positives rises from block to block. Each block is an edge of the
hull; its share tells the slope of that edge, and is the probability that isotonic calibration gives to its scores.

Source: Ayer et al. 1955 (PAV); Fawcett & Niculescu-Mizil 2007 for the hull.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unconfused.metrics.catalogue import ratio
from unconfused.tally.cells import Array

FEW, SHORT = 16, 256
"""Once fewer than one block in ``FEW`` falls, or no more than ``SHORT`` are left, the rest is pooled one by one."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """Runs of neighbouring scores that isotonic regression gives one value.

    Attributes:
        starts: where each block begins in the scores, ascending from 0, int64 (B,).
        negatives, positives: its masses, float64 (B,).
        size: scores in all.
    """

    starts: NDArray[np.int64]
    negatives: Array
    positives: Array
    size: int

    @property
    def rates(self) -> Array:
        """The share of positives in each block, rising.    Shape: (B,)."""
        return ratio(self.positives, self.negatives + self.positives).value

    def spread(self) -> Array:
        """The isotonic fit at every score; NaN where nothing has a mass.    Shape: (U,)."""
        if not len(self.starts):
            return np.full(self.size, np.nan)
        return np.repeat(self.rates, np.diff(np.append(self.starts, self.size)))


@dataclass(frozen=True, eq=False)
class Hull:
    """Corners of the upper convex hull of the ROC curve, from "nothing is called positive" to "everything is".

    Attributes:
        places: a corner calls the scores from this place on positive; U calls none, 0 all.    Shape: (B + 1,).
        fp, tp: the masses it calls positive.    Shape: (B + 1,).
    """

    places: NDArray[np.int64]
    fp: Array
    tp: Array


def pav(negatives: ArrayLike, positives: ArrayLike) -> Blocks:
    """Pool neighbours whose shares of positives do not rise.

    Args:
        negatives, positives: masses at each score, scores ascending; rows or sums of weights.    Shape: (U,).

    Returns:
        The fewest blocks with strictly rising shares; none where nothing has a mass. A score without mass joins the
        block before it.

    >>> pav([1, 0, 2, 0], [0, 1, 1, 3]).rates.round(3)
    array([0. , 0.5, 1. ])
    """
    n, p = (np.asarray(x, np.float64) for x in (negatives, positives))
    starts = np.flatnonzero((n > 0) | (p > 0))
    n, p, size = n[starts], p[starts], len(n)
    while len(starts) > 1:
        rates = ratio(p, n + p).value
        rises = np.concatenate([[True], rates[1:] > rates[:-1]])
        falls = len(starts) - int(rises.sum())
        if not falls:
            break
        if falls * FEW < len(starts) or len(starts) <= SHORT:
            kept, n, p = _pooled(n, p)
            starts = starts[kept]
            break
        first = np.flatnonzero(rises)  # a run that nowhere rises ends in one block, in whatever order it is pooled
        starts, n, p = starts[first], np.add.reduceat(n, first), np.add.reduceat(p, first)
    if len(starts):
        starts[0] = 0
    return Blocks(starts.astype(np.int64), n, p, size)


def hull(negatives: ArrayLike, positives: ArrayLike) -> Hull:
    """The corners of the hull: the thresholds that are best at some cost ratio and prevalence.

    >>> corners = hull([1, 0, 2, 0], [0, 1, 1, 3])
    >>> corners.places.tolist(), corners.fp.tolist(), corners.tp.tolist()
    ([4, 3, 1, 0], [0.0, 0.0, 2.0, 3.0], [0.0, 3.0, 5.0, 5.0])
    """
    blocks = pav(negatives, positives)
    fp, tp = (np.concatenate([[0.0], np.cumsum(x[::-1])]) for x in (blocks.negatives, blocks.positives))
    return Hull(np.concatenate([[blocks.size], blocks.starts[::-1]]), fp, tp)


def _pooled(n: Array, p: Array) -> tuple[list[int], Array, Array]:
    """The same, one block at a time: where the blocks begin, and their masses."""
    begins: list[int] = []
    below: list[tuple[float, float]] = []  # positives and rows of each block so far
    for place, (hits, rows) in enumerate(zip(p.tolist(), (n + p).tolist(), strict=True)):
        begin = place
        while below and below[-1][0] / below[-1][1] >= hits / rows:
            more_hits, more_rows = below.pop()
            hits, rows, begin = hits + more_hits, rows + more_rows, begins.pop()
        below.append((hits, rows))
        begins.append(begin)
    return begins, np.add.reduceat(n, begins), np.add.reduceat(p, begins)
