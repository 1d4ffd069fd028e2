"""Sweep: the cells at every threshold, summed once from the largest score down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.inference.delta import Sample
from unconfused.tally.cells import Array, Cells
from unconfused.tally.scores import ScoreTally, logistic


@dataclass(frozen=True)
class Sweep:
    """The 2x2 (with its seats) at every threshold, the largest first.    ``thresholds`` (T,), tables (T, S, S)."""

    cuts: Array
    sample: Sample

    @classmethod
    def of(cls, tally: ScoreTally) -> Sweep:
        """Sum the masses from the largest score down."""
        cuts = np.concatenate([[np.inf], tally.scores[::-1]])
        counts = _tables(tally.full if tally.full_weights is None else tally.full_weights)
        if tally.full_squares is None:
            return cls(cuts, Sample(counts, counts, counts))
        return cls(cuts, Sample(counts, _tables(tally.full_squares), _tables(tally.full), weighted=True))

    def at(self, place: int) -> Sample:
        """One threshold."""
        return self.sample.each(lambda c: Cells.of_table(c.table[place], c.k))  # type: ignore[index]


def _tables(full: NDArray[Any]) -> Cells:
    """Truth by prediction at every threshold; seats only where they hold rows.    Shape: (U + 1, 4) → (U + 1, S, S)."""
    full = full.astype(np.float64)
    above = np.concatenate([np.zeros((1, 4)), np.cumsum(full[:0:-1], axis=0)])
    below = full[1:].sum(0) - above
    if not full[0].any() and not full[:, 2:].any():
        return Cells.of_table(np.stack([below[:, :2], above[:, :2]], -1))
    table = np.zeros((len(full), 4, 4))
    table[:, :, 0], table[:, :, 1], table[:, :, 3] = below, above, full[0]
    return Cells.of_table(table, 2)


def threshold_of(tally: ScoreTally, cut: float) -> float:
    """The cut in the units of thresholds: probabilities for logits."""
    return float(cut) if tally.score_kind != "logit" else float(logistic(np.asarray(cut)))
