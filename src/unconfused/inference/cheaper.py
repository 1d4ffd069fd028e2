"""Who costs least at which ratio of costs: every model at its best threshold, for every price of a false alarm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.inference.comparison import CostRange
from unconfused.metrics.catalogue import ratio
from unconfused.metrics.hull import hull
from unconfused.tally.cells import Array
from unconfused.tally.scores import ScoreTally

SAME = 1e-9
"""Costs, and ratios of costs, that differ by less than this share are the same."""


@dataclass(frozen=True)
class Stretch:
    """Where the same thresholds of the same models cost least.

    Attributes:
        low, high: between these a false alarm costs so many times what a miss costs; 0 to inf.
        best: model → place: the scores from that place on are called positive. Several cost the same.
        saving: the largest share of the cost of the next best model that they save anywhere in between.
    """

    low: float
    high: float
    best: Mapping[str, int]
    saving: float


def stretches(scores: Mapping[str, ScoreTally]) -> tuple[Stretch, ...]:
    """For a false alarm that costs r times a miss, r from 0 to inf: the thresholds that cost least.

    At the share λ = r / (1 + r) a threshold costs λ fp + (1 - λ) fn per row: a line in λ, so each model's least cost is
    made of the lines at the corners of the convex hull of its ROC curve. The models share one prevalence.

    Source: Provost & Fawcett 2001.
    """
    found = _costs({model: _Corners.of(tally) for model, tally in scores.items()})
    return _joined(found, lambda x: x.best)


def cost_ranges(scores: Mapping[str, ScoreTally]) -> tuple[CostRange, ...]:
    """The same by model alone, whatever its threshold: who costs least where."""
    return tuple(CostRange(x.low, x.high, tuple(x.best), x.saving) for x in _joined(stretches(scores), _models))


def _models(x: Stretch) -> tuple[str, ...]:
    return tuple(x.best)


def _joined(found: tuple[Stretch, ...], key: Callable[[Stretch], Any]) -> tuple[Stretch, ...]:
    """Neighbours with the same key as one."""
    joined: list[Stretch] = []
    for x in found:
        if joined and key(joined[-1]) == key(x):
            last = joined.pop()
            x = Stretch(last.low, x.high, last.best, max(last.saving, x.saving))
        joined.append(x)
    return tuple(joined)


@dataclass(frozen=True, eq=False)
class _Corners:
    """False alarms and misses per row at the corners of the hull, from "nothing" up.    Shape: (H,) each."""

    places: NDArray[np.int64]
    alarms: Array
    misses: Array

    @classmethod
    def of(cls, tally: ScoreTally) -> _Corners:
        masses = tally.masses
        h, rows = hull(masses[:, 0], masses[:, 1]), masses.sum()
        return cls(h.places, ratio(h.fp, rows).value, ratio(h.tp[-1] - h.tp, rows).value)

    @property
    def turns(self) -> Array:
        """The shares λ at which the next corner takes over, falling.    Shape: (H - 1,)."""
        fewer, more = self.misses[:-1] - self.misses[1:], np.diff(self.alarms)
        return np.asarray(ratio(fewer, fewer + more).value)

    def best(self, shares: Array) -> NDArray[np.intp]:
        """Which corner costs least at each share.    Shape: (L,)."""
        return np.asarray(len(self.places) - 1 - np.searchsorted(self.turns[::-1], shares, side="left"))

    def least(self, shares: Array) -> Array:
        """What it costs.    Shape: (L,)."""
        at = self.best(shares)
        return np.asarray(shares * self.alarms[at] + (1 - shares) * self.misses[at])


def _costs(hulls: Mapping[str, _Corners]) -> tuple[Stretch, ...]:
    edges = np.unique(np.concatenate([[0.0, 1.0], *(corners.turns for corners in hulls.values())]))
    cuts, names = [edges], list(hulls)
    costs = {model: corners.least(edges) for model, corners in hulls.items()}
    for i, a in enumerate(names):
        for b in names[i + 1 :]:  # between two edges both costs are straight, so they cross once at most
            gap = costs[a] - costs[b]
            here = np.flatnonzero(gap[:-1] * gap[1:] < 0)
            share = ratio(gap[here], gap[here] - gap[here + 1]).value
            cuts.append(edges[here] + share * (edges[here + 1] - edges[here]))
    grid = np.unique(np.concatenate(cuts))
    grid = np.append(grid[:-1][np.diff(grid) > SAME], 1.0)  # edges that rounding alone keeps apart are one
    middles = (grid[:-1] + grid[1:]) / 2
    at = np.stack([corners.least(middles) for corners in hulls.values()])
    places = np.stack([corners.places[corners.best(middles)] for corners in hulls.values()])
    least = at.min(0)
    cheap = at <= least * (1 + SAME)
    others = np.where(cheap, np.inf, at).min(0)
    saved = np.where(np.isfinite(others), 1 - ratio(least, np.where(np.isfinite(others), others, 1)).value, 0)
    ends = [float(ratio(x, 1 - x).value) if x < 1 else np.inf for x in grid]
    return tuple(
        Stretch(
            ends[j], ends[j + 1],
            {name: int(places[i, j]) for i, name in enumerate(names) if cheap[i, j]}, float(saved[j]),
        )
        for j in range(len(middles))
    )  # fmt: skip
