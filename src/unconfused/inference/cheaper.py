"""Who costs least at which ratio of costs: every model at its best threshold, for every price of a false alarm."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from unconfused.inference.comparison import CostRange
from unconfused.metrics.catalogue import ratio
from unconfused.metrics.ranking import above
from unconfused.tally.cells import Array
from unconfused.tally.scores import ScoreTally

SAME = 1e-9
"""Costs, and ratios of costs, that differ by less than this share are the same."""


def cost_ranges(scores: Mapping[str, ScoreTally]) -> tuple[CostRange, ...]:
    """For a false alarm that costs r times a miss, r from 0 to inf: the model whose best threshold costs least.

    At the share λ = r / (1 + r) a threshold costs λ fp + (1 - λ) fn: a line in λ, so each model's least cost is made of
    the lines at the corners of the convex hull of its ROC curve. The models must have been given the same rows.

    Source: Provost & Fawcett 2001.
    """
    hulls = {model: hull(tally) for model, tally in scores.items()}
    edges = np.unique(np.concatenate([[0.0, 1.0], *(_corners(points) for points in hulls.values())]))
    cuts = [edges]
    costs = {model: _least(points, edges) for model, points in hulls.items()}
    names = list(costs)
    for i, a in enumerate(names):
        for b in names[i + 1 :]:  # between two edges both costs are straight, so they cross once at most
            gap = costs[a] - costs[b]
            here = np.flatnonzero(gap[:-1] * gap[1:] < 0)
            share = ratio(gap[here], gap[here] - gap[here + 1]).value
            cuts.append(edges[here] + share * (edges[here + 1] - edges[here]))
    grid = np.unique(np.concatenate(cuts))
    grid = np.append(grid[:-1][np.diff(grid) > SAME], 1.0)  # edges that rounding alone keeps apart are one
    middles = (grid[:-1] + grid[1:]) / 2
    at = np.stack([_least(points, middles) for points in hulls.values()])
    best = at.min(0)
    cheap = at <= best * (1 + SAME)
    next_best = np.where(cheap, np.inf, at).min(0)
    saved = np.where(np.isfinite(next_best), 1 - ratio(best, np.where(np.isfinite(next_best), next_best, 1)).value, 0)
    starts = np.flatnonzero(np.append(True, (cheap[:, 1:] != cheap[:, :-1]).any(0)))
    ends = np.append(starts[1:], len(middles))
    found = []
    for start, end in zip(starts, ends, strict=True):
        low, high = (float(ratio(x, 1 - x).value) if x < 1 else np.inf for x in (grid[start], grid[end]))
        models = tuple(name for name, yes in zip(names, cheap[:, start], strict=True) if yes)
        found.append(CostRange(low, high, models, float(saved[start:end].max())))
    return tuple(found)


def hull(tally: ScoreTally) -> Array:
    """False alarms and misses at the thresholds that are best for some costs, from "nothing" up.    Shape: (H, 2)."""
    negatives, positives = (np.append(0.0, above(x)[::-1]) for x in tally.masses.T)
    points = np.stack([negatives, positives[-1] - positives], 1)
    kept: list[tuple[float, float]] = []
    points = points[np.lexsort(points.T[::-1])]
    first = np.append(True, points[1:, 0] > points[:-1, 0])  # of as many false alarms the fewest misses
    for x, y in points[first].tolist():
        while len(kept) > 1:
            (x0, y0), (x1, y1) = kept[-2:]
            if (x1 - x0) * (y - y0) > (y1 - y0) * (x - x0):  # the last corner lies below the line past it
                break
            kept.pop()
        kept.append((x, y))
    return np.array(kept)


def _corners(points: Array) -> Array:
    """The shares λ at which the best threshold changes."""
    fewer = np.maximum(points[:-1, 1] - points[1:, 1], 0)
    change: Array = ratio(fewer, fewer + points[1:, 0] - points[:-1, 0]).value
    return change[~np.isnan(change)]


def _least(points: Array, shares: Array) -> Array:
    """The least cost of any threshold at each share.    Shape: (L,)."""
    corners = _corners(points)[::-1]  # descending along the hull, so ascending here
    place = len(points) - 1 - np.searchsorted(corners, shares, side="left")
    best = points[np.clip(place, 0, len(points) - 1)]
    return np.asarray(shares * best[:, 0] + (1 - shares) * best[:, 1])
