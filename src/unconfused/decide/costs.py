"""CellCosts: what a row of each cell costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from unconfused.errors import UsageError
from unconfused.labels import Labels
from unconfused.metrics.catalogue import ratio
from unconfused.tally.cells import Array, Cells
from unconfused.tally.rules import Costs as Table

CELLS = ("tn", "fp", "fn", "tp")
EXAMPLE = 'Type cost={"fp": 1, "fn": 10}: fp is what a false alarm costs, fn what a miss costs; also tn and tp.'

LARGEST = 1e120
"""Costs beyond it are refused: sums of their squares would overflow."""


@dataclass(frozen=True)
class CellCosts:
    """What a row of each cell costs, in any one unit; a gain is a negative cost.

    ``fp`` is a negative row called positive, ``fn`` a positive row that was not.

    >>> CellCosts.of({"fp": 1, "fn": 10}).theory
    0.09090909090909091
    >>> CellCosts.of({"fp": 10, "fn": 1}).theory
    0.9090909090909091
    """

    tn: float = 0.0
    fp: float = 0.0
    fn: float = 0.0
    tp: float = 0.0

    @classmethod
    def of(cls, stated: Mapping[str, float]) -> CellCosts:
        """Check what was stated.

        Raises:
            UsageError: an unknown cell, no finite number, or an error that costs no more than being right.
        """
        if not isinstance(stated, Mapping) or not stated or not set(stated) <= set(CELLS):
            raise UsageError(f"cost={stated!r} does not name cells.", fix=EXAMPLE)
        try:
            made = cls(**{cell: float(value) for cell, value in stated.items()})
        except (TypeError, ValueError):
            made = cls(math.nan)
        if not all(map(math.isfinite, made.each)):
            raise UsageError(f"cost={stated!r} holds what is no finite number.", fix=EXAMPLE)
        if max(map(abs, made.each)) > LARGEST:
            raise UsageError(
                f"cost={stated!r} goes beyond {LARGEST:g}.",
                "Sums of such costs are no longer numbers.",
                "Divide them all by the largest: only their ratios matter.",
            )
        if made.fp <= made.tn or made.fn <= made.tp:
            wrong, right = ("fp", "tn") if made.fp <= made.tn else ("fn", "tp")
            raise UsageError(
                f"{wrong} costs {getattr(made, wrong):g} and {right} costs {getattr(made, right):g}.",
                "Where an error costs no more than being right, no score is needed: one answer is best for every row.",
                EXAMPLE,
            )
        return made

    @classmethod
    def of_table(cls, stated: Table, labels: Labels) -> CellCosts:
        """The same from a table of two classes: rows the truth, columns the prediction, in the order of the labels.

        >>> from unconfused.labels import Labels
        >>> CellCosts.of_table(Table([[0, 1], [10, 0]]), Labels(["healthy", "ill"], pos_label="ill"))
        CellCosts(tn=0.0, fp=1.0, fn=10.0, tp=0.0)
        """
        stated.check(labels)
        if stated.abstain is not None:
            raise UsageError(
                "A threshold leaves no row undecided.", "abstain= is a rule of its own.", "Leave abstain= out."
            )
        positive = labels.require_positive("choose()")
        negative = 1 - positive
        places = {"tn": (negative, negative), "fp": (negative, positive), "fn": (positive, negative)}
        places["tp"] = (positive, positive)
        return cls.of({cell: float(stated.table[place]) for cell, place in places.items()})

    def __str__(self) -> str:
        return ", ".join(f"{cell}={value:g}" for cell, value in zip(CELLS, self.each, strict=True) if value)

    @property
    def each(self) -> tuple[float, ...]:
        """The four, in the order of ``CELLS``."""
        return self.tn, self.fp, self.fn, self.tp

    @property
    def theory(self) -> float:
        """(fp - tn) / (fp - tn + fn - tp): the probability from which calling a row positive costs less.

        Of calibrated probabilities it is the best threshold.    Source: Elkan 2001, equation 2.
        """
        alarm, miss = self.fp - self.tn, self.fn - self.tp
        return alarm / (alarm + miss)

    @property
    def range(self) -> tuple[float, float]:
        """The least and the most that a row can cost."""
        return min(self.each), max(self.each)

    def per_row(self, c: Cells) -> Array:
        """Σ cost / n over a 2x2, positive last; a row without a score is not called positive.    Shape: (...)."""
        cells = (x[..., 1] for x in (c.tn, c.fp, c.fn, c.tp))
        total = sum(cost * x for cost, x in zip(self.each, cells, strict=True))
        return ratio(total, c.n[..., 0]).value

    def gross(self, c: Cells) -> float:
        """Σ |cost| / n of one table: the size of what cancels in ``per_row``."""
        return float(CellCosts(*map(abs, self.each)).per_row(c))
