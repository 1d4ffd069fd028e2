"""A value of binned scores with its certificate: the interval reaches as much further as the value may be off."""

from __future__ import annotations

from dataclasses import replace

from unconfused.inference.value import Estimate
from unconfused.metrics.catalogue import Metric
from unconfused.metrics.certificates import Bounds


def certified(answer: Estimate, bounds: Bounds | None, metric: Metric) -> Estimate:
    """The answer with ``bounds`` that hold the value on the rows themselves; None leaves it as it is.

    The sampling error is not known apart from where the rows stand, so the ends of the interval move out by the
    distance of the bounds: bounds and sampling error are added, never hidden in each other.
    """
    if bounds is None or not answer.defined:
        return answer
    least, most = metric.range
    low, high = min(bounds[0], answer.value), max(bounds[1], answer.value)
    return replace(
        answer,
        low=max(least, answer.low - (answer.value - low)),
        high=min(most, answer.high + (high - answer.value)),
        bounds=(low, high),
    )


def hull(values: list[float]) -> Bounds | None:
    """The least and the most of the values that are defined."""
    defined = [x for x in values if x == x]
    return (min(defined), max(defined)) if defined else None
