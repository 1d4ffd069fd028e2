"""Costs: what a row of each cell costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from unconfused.errors import UsageError
from unconfused.inference import Estimate
from unconfused.inference.delta import Sample
from unconfused.inference.intervals import quantile
from unconfused.metrics.catalogue import ratio
from unconfused.tally.cells import Array, Cells

CELLS = ("tn", "fp", "fn", "tp")


@dataclass(frozen=True)
class Costs:
    """What each kind of row costs; a gain is a negative cost.

    >>> Costs.of({"fp": 1, "fn": 10}).theory
    0.09090909090909091
    """

    tn: float = 0.0
    fp: float = 0.0
    fn: float = 0.0
    tp: float = 0.0

    @classmethod
    def of(cls, stated: Mapping[str, float]) -> Costs:
        """Check what was stated.

        Raises:
            UsageError: an unknown cell, no number, or an error that costs no more than being right.
        """
        strange = [key for key in stated if key not in CELLS]
        if strange or not stated:
            raise UsageError(
                f"cost= names {strange or 'nothing'}.", fix='Type cost={"fp": 1, "fn": 10}; also tp and tn.'
            )
        made = cls(**{key: float(value) for key, value in stated.items()})
        if not all(math.isfinite(getattr(made, cell)) for cell in CELLS):
            raise UsageError(f"cost={dict(stated)} holds a value that is not finite.", fix="Name a finite cost.")
        if made.fp <= made.tn or made.fn <= made.tp:
            raise UsageError(
                f"With {made} one of the two errors costs no more than being right.",
                "Then one answer is best for every row, whatever its score.",
                'State both: cost={"fp": 1, "fn": 10}.',
            )
        return made

    @property
    def theory(self) -> float:
        """The probability from which calling a row positive costs less: Elkan 2001, equation 2."""
        alarm, miss = self.fp - self.tn, self.fn - self.tp
        return alarm / (alarm + miss)

    def total(self, c: Cells) -> Array:
        """Σ cost over the rows of a 2x2, positive last; no score means not called positive.    Shape: (...)."""
        parts = (c.tn, c.fp, c.fn, c.tp)
        total = np.zeros(c.n.shape[:-1])
        for cell, x in zip(CELLS, parts, strict=True):
            total = total + getattr(self, cell) * x[..., 1]
        return total

    def per_row(self, c: Cells) -> Array:
        """The mean cost of a row.    Shape: (...)."""
        return ratio(self.total(c), c.n[..., 0]).value

    def estimate(self, sample: Sample, level: float) -> Estimate:
        """The mean cost of a row with a normal interval from the four cells.    Source: linear in multinomial cells."""
        c, squares = sample.counts, sample.squares
        mean = float(self.per_row(c))
        spread = (
            sum(float(getattr(squares, cell)[..., 1]) * (getattr(self, cell) - mean) ** 2 for cell in CELLS)
            / float(c.n[..., 0]) ** 2
        )
        half = quantile(level) * math.sqrt(spread)
        ends = [getattr(self, cell) for cell in CELLS]
        return Estimate(
            mean, max(mean - half, min(ends)), min(mean + half, max(ends)), level, "normal, costs of the four cells",
            int(sample.rows.n[..., 0]), name="expected_cost",
        )  # fmt: skip
