"""Averages over classes: each takes a metric and returns a function of ``Cells``; N metrics and M averages cost N + M.

All classes count, the two of a binary problem included. Classes where the metric is undefined are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from unconfused.errors import UsageError
from unconfused.metrics.catalogue import Argument, Metric, mean_of_defined
from unconfused.tally.cells import Array, Cells, divided

Reading: TypeAlias = Callable[[Cells], Array]


def macro(metric: Metric, *args: Argument) -> Reading:
    """The plain mean over the classes: macro-F1 is the mean of the F1s.    Shape: (...)."""
    return lambda c: mean_of_defined(metric.by_class(c, *args))


def micro(metric: Metric, *args: Argument) -> Reading:
    """The metric of the four cells added up over the classes: every decision counts the same.    Shape: (...)."""
    return lambda c: metric.by_class(c.pooled, *args)[..., 0]


def weighted(metric: Metric, *args: Argument) -> Reading:
    """The mean over the classes, each counting as often as it occurs.    Shape: (...)."""
    return lambda c: weighted_mean(metric.by_class(c, *args), c.support)


def worst(metric: Metric, *args: Argument) -> Reading:
    """The class that does worst: the smallest value, or the largest where lower is better.    Shape: (...)."""
    return lambda c: worst_of(metric, metric.by_class(c, *args))


AVERAGES: dict[str, Callable[..., Reading]] = {"macro": macro, "micro": micro, "weighted": weighted, "worst": worst}


def worst_of(metric: Metric, values: Array) -> Array:
    """The worst of the values that are defined; NaN where none is.    Shape: (..., k) → (...)."""
    if metric.better is None:
        raise UsageError(
            f"{metric.name}@worst has no answer.",
            f"Neither a high nor a low {metric.name} is the better one.",
            f"Name a class, {metric.name}[...], or ask for all of them.",
        )
    higher = metric.better == "higher"
    found: Array = np.where(np.isnan(values), np.inf if higher else -np.inf, values)
    found = found.min(-1) if higher else found.max(-1)
    return np.where(np.isnan(values).all(-1), np.nan, found)


def weighted_mean(values: Array, weights: Array) -> Array:
    """The mean of what is not NaN; NaN where that weighs nothing.    Shape: (..., k) → (...)."""
    weights = np.where(np.isnan(values), 0.0, weights)
    total = weights.sum(-1)
    shares = divided(weights, total[..., None])
    return np.asarray((np.where(weights > 0, values, 0.0) * shares).sum(-1))
