"""How sure a ROC curve is: at each false-positive rate by itself, or as a whole.

Both come from the masses at each score drawn anew, positives and negatives apart, so no cost grows with the rows.

- "simultaneous": the whole curve of the population lies in the band. In units of √N across and √P up a curve only ever
  runs up and to the right, so it is a height over the diagonal line that it crosses once; the band is the curve moved
  up and down by the distance that the heights of ``level`` of the replicates keep to everywhere. It is never narrower
  than what rows of a kind that was not seen could do: (1 - r)ⁿ = (1 - level) / 2.
- "pointwise": recall at this false-positive rate: the middle ``level`` of the replicates, and Wilson's of the recall.

Source: Campbell 1994 and Macskassy, Provost & Rosset 2005 for the fixed width; `benchmarks/bands.py` for its coverage.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias, get_args

import numpy as np

from unconfused.curves import Curve
from unconfused.errors import NotKept, UsageError
from unconfused.inference.intervals import Bounds, effective, wilson
from unconfused.inference.resample import draws
from unconfused.inference.scores import merged
from unconfused.inference.units import of_units
from unconfused.tally.cells import Array
from unconfused.tally.scores import ScoreTally

Band: TypeAlias = Literal["pointwise", "simultaneous"]
BANDS: tuple[Band, ...] = get_args(Band)
REPEATS = 1000
PLACES = 400
"""Where the heights of two curves are compared."""


def check_band(band: str, kind: str) -> None:
    """Refuse what has no band.

    Raises:
        UsageError: another curve, or a word that is neither.
    """
    if kind != "roc":
        raise UsageError(
            f"curve({kind!r}) has no option 'band'.", fix='Bands are of the ROC curve: curve("roc", band=).'
        )
    if band not in BANDS:
        raise UsageError(f"band={band!r} is not known.", fix=f"Type {' or '.join(map(repr, BANDS))}.")


def roc_band(curve: Curve, tally: ScoreTally, band: Band, level: float, seed: int) -> tuple[Bounds, str]:
    """The ends of the band at each point of a ROC curve, and what it is called.

    Between two thresholds the curve may run anywhere: a band of binned scores says so.

    Raises:
        NotKept: rows that come in units, which are drawn together.
    """
    if of_units(tally):
        raise NotKept(
            "These rows come in units.",
            "A band draws rows one by one, and those of a unit are alike.",
            'Ask the interval of ev.estimate("roc_auc"), which is that of units; or evaluate without unit=.',
        )
    told = f"{100 * level:g} % {band} band"
    masses = tally.masses
    squares = masses if tally.squares is None else tally.squares
    n, p = (float(x) for x in effective(masses.sum(0), squares.sum(0)))
    if not masses.sum(0).all() or not len(curve.x):
        return (np.full(len(curve.x), np.nan), np.full(len(curve.x), np.nan)), told
    few = merged(tally)
    drawn = _replicates(few, seed)
    own = _summed(few.masses[None])
    if band == "simultaneous":
        wide = _width(own, drawn, n, p, level)
        return _moved(curve.x, curve.y, wide / math.sqrt(2 * n), wide / math.sqrt(2 * p)), told
    recalls = np.stack([np.interp(curve.x, x, y) for x, y in zip(*drawn, strict=True)])
    low, high = np.quantile(recalls, [(1 - level) / 2, (1 + level) / 2], axis=0)
    below, above = wilson(curve.y * p, np.full(len(curve.y), p), level)
    return (np.minimum(low, below), np.maximum(high, above)), told


def _replicates(tally: ScoreTally, seed: int) -> tuple[Array, Array]:
    """False-positive rates and recalls of the curves of rows drawn anew.    Shape: (R, U + 1) twice."""
    masses, weighted = tally.masses, tally.squares is not None
    squares = masses if tally.squares is None else tally.squares
    sides = []
    for column in (0, 1):
        used = np.flatnonzero(masses[:, column])
        found = np.zeros((REPEATS, len(masses)))
        chunks = draws(masses[used, column], squares[used, column], weighted, REPEATS, 2 * seed + column)
        found[:, used] = np.concatenate(list(chunks))
        sides.append(found)
    return _summed(np.stack(sides, -1))


def _summed(masses: Array) -> tuple[Array, Array]:
    """Both rates at every threshold, the largest first.    Shape: (R, U, 2) → (R, U + 1) twice."""
    total = np.concatenate([np.zeros((len(masses), 1, 2)), masses[:, ::-1].cumsum(1)], 1)
    rates = total / np.maximum(total[:, -1:], 1e-300)
    return rates[..., 0], rates[..., 1]


def _width(own: tuple[Array, Array], drawn: tuple[Array, Array], n: float, p: float, level: float) -> float:
    """How far the heights of that share of the replicates stay from those of the curve."""
    places = np.linspace(0, math.sqrt(n) + math.sqrt(p), PLACES)

    def heights(rates: tuple[Array, Array]) -> Array:
        across, up = rates[0] * math.sqrt(n), rates[1] * math.sqrt(p)
        return np.stack([np.interp(places, a + b, b - a) for a, b in zip(across, up, strict=True)])

    off = np.abs(heights(drawn) - heights(own)).max(1) / math.sqrt(2)
    unseen = -math.log((1 - level) / 2) / math.sqrt(2 * min(n, p))
    return max(float(np.quantile(off, level)), unseen)


def _moved(x: Array, y: Array, across: float, up: float) -> Bounds:
    """The lowest and the highest that a curve can be whose points lie so far off."""
    before = np.searchsorted(x, x - across, side="right") - 1  # the last point certainly passed
    after = np.searchsorted(x, x + across, side="left")
    low = np.where(before >= 0, y[np.maximum(before, 0)] - up, 0)
    high = np.where(after < len(y), y[np.minimum(after, len(y) - 1)] + up, 1)
    return np.clip(low, 0, 1), np.clip(high, 0, 1)
