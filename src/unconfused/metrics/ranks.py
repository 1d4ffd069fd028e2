"""Metrics of the place that the true class has among the scores of its row.

Where scores tie the place is drawn at random, so a value is the mean over the tied places. A row without a place, its
true class or its scores unknown, is never found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unconfused.errors import UsageError
from unconfused.metrics.catalogue import NO_ROW, UNIT, Ratio, metric, ratio
from unconfused.tally.cells import Array
from unconfused.tally.ranks import Ranks


@dataclass(frozen=True, slots=True)
class Places:
    """Best and worst place of the true class, and how much mass stands there.    Shapes: (U,) each.

    >>> Places(np.array([1.0]), np.array([2.0]), np.array([10.0])).lucky.worst
    array([1.])
    """

    best: Array
    worst: Array
    masses: Array

    @classmethod
    def of(cls, tally: Ranks) -> Places:
        """The places of a tally."""
        best, worst = tally.places.T.astype(np.float64)
        return cls(best, worst, tally.masses)

    @property
    def lucky(self) -> Places:
        """Every tie falls for the true class."""
        return replace(self, worst=self.best)

    @property
    def unlucky(self) -> Places:
        """Every tie falls against it."""
        return replace(self, best=self.worst)

    @property
    def tied(self) -> Array:
        """How many places the draw is among; 0 of a row without a place.    Shape: (U,)."""
        return np.where(self.best > 0, self.worst - self.best + 1, 0)


@metric(of="ranks", per_class=False, range=UNIT, better="higher", kind="proportion", undefined=NO_ROW,
        also=("top k", "top k accuracy score", "hits at k"), see="Russakovsky et al. 2015")  # fmt: skip
def top_k_accuracy(p: Places, k: int) -> Ratio:
    """rows whose true class is among the k largest scores / n, tied places drawn at random.    Shape: ()."""
    return ratio((p.masses * found_within(p, k)).sum(-1), p.masses.sum(-1))


@metric(of="ranks", per_class=False, range=UNIT, better="higher", kind="index", undefined=NO_ROW,
        also=("mrr",), see="Voorhees 1999")  # fmt: skip
def mean_reciprocal_rank(p: Places) -> Ratio:
    """mean 1 / place of the true class among the scores, tied places drawn at random.    Shape: ()."""
    return ratio((p.masses * reciprocals(p)).sum(-1), p.masses.sum(-1))


def found_within(p: Places, k: int) -> Array:
    """The chance that the true class is among the first k places.    Shape: (U,)."""
    if k < 1:
        raise UsageError(f"top_k_accuracy({k}) has no meaning: k is 1 or more.", fix="Type: top_k_accuracy(5)")
    return np.nan_to_num(ratio(np.clip(k - p.best + 1, 0, p.tied), p.tied).value)


def reciprocals(p: Places) -> Array:
    """The mean of 1 / place over the tied places: (H_worst - H_(best - 1)) / tied.    Shape: (U,)."""
    most = int(p.worst.max(initial=0))
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, most + 1))])
    spread = harmonic[p.worst.astype(int)] - harmonic[np.maximum(p.best - 1, 0).astype(int)]
    alone = ratio(1, p.best).value  # exact where nothing ties
    return np.nan_to_num(np.where(p.tied == 1, alone, ratio(spread, p.tied).value))
