"""The mean cost of a row of a matrix, whatever rule made it."""

from __future__ import annotations

import math

import numpy as np

from unconfused.errors import NotKept
from unconfused.inference.intervals import effective, held, student, wilson
from unconfused.inference.value import Estimate
from unconfused.labels import SEATS, plural
from unconfused.metrics.catalogue import NO_ROW, ratio
from unconfused.tally.cells import Array
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.kernels import Ints
from unconfused.tally.rules import Costs


def cost_estimate(cm: ConfusionMatrix, costs: Costs, *, level: float = 0.95) -> Estimate:
    """Σ cost · rows / n, with Student's t on the mean and variance of the rows' costs.

    Without a spread to see, Wilson on the value's place between the least and the largest cost. Rows called nothing
    cost ``abstain``.

    Raises:
        ShapeError: costs of another number of classes.
        NotKept: rows in a seat that nothing says the cost of.

    >>> cm = ConfusionMatrix.from_counts([[90, 10], [1, 9]], labels=["healthy", "ill"])
    >>> print(cost_estimate(cm, Costs([[0, 1], [10, 0]])))
    0.182 [0.00, 0.37]
    """
    costs.check(cm.labels)
    truth, called, rows, weights, squares = cm.entries()
    each = _each(costs, truth, called, len(cm.labels))
    n = weights.sum()
    name = "expected cost"
    if not n:
        return Estimate(math.nan, math.nan, math.nan, level, "", 0, reason=NO_ROW, name=name)
    value = np.asarray((weights * each).sum() / n)
    worth = effective(n, squares.sum())
    error = np.sqrt((squares * (each - value) ** 2).sum() * ratio(worth, worth - 1).value) / n
    least, most = costs.range
    if error > 1e-9 * abs(value):
        half = student(level, float(worth) - 1) * error
        ends, words = (value - half, value + half), "Student's t on the mean and variance of the rows' costs"
    else:
        place = ratio(value - least, most - least).value
        low, high = wilson(place * worth, worth, level)
        ends = (least + (most - least) * low, least + (most - least) * high)
        words = "Wilson on the place between the least and the largest cost, since the rows show no spread"
    low, high = held(value, ends, (least, most))
    return Estimate(float(value), float(low), float(high), level, words, int(rows.sum()), name=name)


def _each(costs: Costs, truth: Ints, called: Ints, k: int) -> Array:
    """What a row of each cell costs.    Shape: (cells,)."""
    nothing = (called == k + SEATS.index("missing")) & (costs.abstain is not None)
    unpriced = (truth >= k) | ((called >= k) & ~nothing)
    if unpriced.any():
        seats = sorted({SEATS[place - k] for place in (*truth[truth >= k], *called[(called >= k) & ~nothing])})
        raise NotKept(
            f"Rows stand in {plural(len(seats), 'seat')} ({', '.join(seats)}), and nothing says what they cost.",
            "A mean over the other rows alone would be of another population.",
            "Say what a row called nothing costs, uc.Costs(C, abstain=2), or leave such rows out when counting.",
        )
    each = costs.table[np.where(nothing, 0, truth), np.where(nothing, 0, called)]
    return np.where(nothing, math.nan if costs.abstain is None else costs.abstain, each)
