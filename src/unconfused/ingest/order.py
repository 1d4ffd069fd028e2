"""The order of rows: predictions that lag behind, pairing that breaks off, rows that stand by class."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unconfused.ingest.columns import Column
from unconfused.ingest.factors import factor

MOST = 256
"""Shifts that are tried, either way."""
MANY = 200
"""Rows below which nothing is said."""
SURE = 8.0
"""Standard errors from which it is no chance."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the order of rows shows.

    Attributes:
        rows, changes: how many there are, and how often the true class changes from one to the next.
        classes: how many true classes occur.
        agreement, chance: the share that agrees, and that would by chance.
        lag: rows by which the predictions stand too late (early, if negative); 0 where no shift helps.
        lagged: the share that agrees once they are moved.
        breaks: the row from which agreement is at chance, while before it is not; None where that is not so.
        before, after: the share that agrees on either side of it.
    """

    rows: int
    changes: int
    classes: int
    agreement: float
    chance: float
    lag: int = 0
    lagged: float = 0.0
    breaks: int | None = None
    before: float = 0.0
    after: float = 0.0


def order_of(y_true: Column, y_pred: Column) -> Order | None:
    """Look at labels and predictions in the order of their rows; None where there are too few of them."""
    if y_true.values.ndim != 1 or y_pred.values.ndim != 1 or len(y_true) < MANY:
        return None
    truth, called = (factor(column, invalid="count") for column in (y_true, y_pred))
    place = {value: i for i, value in enumerate(truth.values)}
    theirs = np.array([*(place.get(value, -2) for value in called.values), -3])[called.codes]
    codes, n = truth.codes, len(truth.codes)
    shares = np.bincount(codes[codes >= 0], minlength=len(place)) / n
    chance = float(shares @ (np.bincount(theirs[theirs >= 0], minlength=len(place)) / n))
    right = codes == theirs
    agreement, changes = float(right.mean()), int(np.count_nonzero(codes[1:] != codes[:-1]))
    seen = Order(n, changes, len(place), agreement, chance)
    if changes < n / 4 or not 0 < chance < 1:
        return seen  # neighbours are alike: any shift would agree
    if abs(_z(agreement, chance, n)) < 3:
        lag, lagged = _lag(codes, theirs, chance)
        return Order(n, changes, len(place), agreement, chance, lag, lagged)
    at, before, after = _break(right)
    if at is not None and abs(_z(after, chance, n - at)) < 3 and _z(before, chance, at) > SURE:
        return Order(n, changes, len(place), agreement, chance, breaks=at, before=before, after=after)
    return seen


def _z(share: float, chance: float, n: int) -> float:
    return (share - chance) / math.sqrt(chance * (1 - chance) / n)


def _lag(truth: NDArray[np.int64], called: NDArray[np.int64], chance: float) -> tuple[int, float]:
    """The shift with the best agreement, if that is far above chance."""
    best, share = 0, 0.0
    for shift in range(1, min(MOST, len(truth) // 2) + 1):
        for by, a, b in ((shift, truth[:-shift], called[shift:]), (-shift, truth[shift:], called[:-shift])):
            if (x := float((a == b).mean())) > share:
                best, share = by, x
    return (best, share) if _z(share, chance, len(truth) - abs(best)) > SURE and share > chance + 0.2 else (0, 0.0)


def _break(right: NDArray[np.bool_]) -> tuple[int | None, float, float]:
    """The row that parts the best agreement before from the worst after."""
    n, edge = len(right), MANY // 2
    if n < 2 * edge:
        return None, 0.0, 0.0
    hits, at = np.cumsum(right), np.arange(edge, n - edge + 1)
    before, after = hits[at - 1] / at, (hits[-1] - hits[at - 1]) / (n - at)
    spread = np.sqrt(np.maximum(right.mean() * (1 - right.mean()), 1e-12) * (1 / at + 1 / (n - at)))
    z = (before - after) / spread
    best = int(z.argmax())
    if z[best] <= SURE or before[best] - after[best] < 0.2:
        return None, 0.0, 0.0
    return int(at[best]), float(before[best]), float(after[best])
