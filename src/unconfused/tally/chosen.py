"""A threshold that remembers which rows chose it, so that reading it on the same rows can be told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unconfused.findings import Evidence
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.scores import ScoreTally


class Signature(NamedTuple):
    """What tells some scored rows from others, whatever their order.

    Attributes:
        grid: the bins of the scores, "exact" for none.
        negatives, positives: rows.
        sum: Σ over rows of a hash of score and class, mod 2⁶⁴.
    """

    grid: str
    negatives: int
    positives: int
    sum: int

    @classmethod
    def of(cls, tally: ScoreTally) -> Signature:
        """Of the rows behind a tally; the same for any cut and order of them."""
        counts = tally.full[1:, :2].astype(np.uint64)
        bits = _mixed((tally.scores + 0.0).view(np.uint64))  # -0.0 is 0.0
        total = (counts * np.stack([bits, _mixed(bits)], -1)).sum(dtype=np.uint64)
        rows = counts.sum(0).tolist()
        return cls(str(tally.grid), rows[0], rows[1], int(total))


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finisher of SplitMix64: every bit depends on every other.    Source: Steele, Lea & Flood 2014."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


class Chosen(float):
    """A threshold in every way a float, and the signature of the rows that chose it.

    >>> Chosen(0.37, Signature("exact", 1, 1, 0))
    0.37
    """

    rows: Signature

    def __new__(cls, value: float, rows: Signature) -> Chosen:
        made = super().__new__(cls, value)
        made.rows = rows
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Chosen, (float(self), self.rows)


def told(matrix: ConfusionMatrix, threshold: Any, tally: Any) -> ConfusionMatrix:
    """The matrix, with evidence of it where the threshold was chosen on these very rows."""
    if not isinstance(threshold, Chosen) or not isinstance(tally, ScoreTally):
        return matrix
    if threshold.rows[:3] != (str(tally.grid), tally.negatives, tally.positives) or threshold.rows != Signature.of(
        tally
    ):
        return matrix
    return replace(matrix, evidence=matrix.evidence + Evidence(chosen=matrix.total))
