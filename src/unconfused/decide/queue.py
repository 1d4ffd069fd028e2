"""Queue: how many of the rows can be acted on, and how far a threshold fills it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.decide.sweep import Sweep
from unconfused.errors import UsageError
from unconfused.inference.delta import Sample, table_of
from unconfused.metrics.catalogue import ratio
from unconfused.tally.cells import Array

EXAMPLE = "Type queue=100 for 100 of these rows, or queue=20, per=1000 for 20 of every 1,000."
SLACK = 2.0**-46
"""Sums of weights may pass the limit by this share: their rounding."""


@dataclass(frozen=True)
class Queue:
    """At most ``size`` of every ``per`` rows are called positive.

    Attributes:
        size: what the queue holds.
        per: of how many rows.
        whole: ``per`` is the number of rows evaluated, since no other was named.
    """

    size: int
    per: int
    whole: bool = True

    @classmethod
    def of(cls, size: Any, per: Any, rows: int) -> Queue | None:
        """Read what was asked for; None without a queue.

        Raises:
            UsageError: no whole number of at least one, or a queue that holds more than all.
        """
        if size is None and per is None:
            return None
        stated = {"queue": size, **({} if per is None else {"per": per})}
        for name, value in stated.items():
            if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or value < 1:
                raise UsageError(
                    f"{name}={value!r} is no number of rows.",
                    "A queue holds whole rows." if value is not None else "Nothing says what the queue holds.",
                    f"{EXAMPLE} A share is a condition: where='predicted_prevalence <= 0.02'.",
                )
        if per is not None and size > per:
            raise UsageError(f"queue={size} of per={per} rows is more than all of them.", fix=EXAMPLE)
        return cls(int(size), rows if per is None else int(per), per is None)

    def __str__(self) -> str:
        return f"calling at most {self.size:,} {'rows' if self.whole else f'of every {self.per:,} rows'}"

    def fits(self, sample: Sample) -> NDArray[np.bool_]:
        """Where no more rows are called positive than the queue holds.    Shape: (T, S, S) tables → (T,)."""
        called, n = _called(sample), float(sample.counts.n.max(initial=0.0))
        if sample.weighted:
            fitting: NDArray[np.bool_] = called <= self.size * n / self.per * (1 + SLACK)
        else:
            fitting = called <= self.size * round(n) // self.per
        return fitting

    def filled(self, sweep: Sweep, place: int, binned: bool) -> Filled:
        """How far the threshold at a place of the sweep fills the queue, and what holds it back."""
        share = ratio(_called(sweep.sample), sweep.sample.counts.n[..., 0]).value
        rows = np.rint(share * self.per) if self.whole and not sweep.sample.weighted else share * self.per
        further = np.flatnonzero(~np.isnan(sweep.thresholds[place + 1 :])) + place + 1
        further = further[rows[further] > rows[place]]
        tied = 0.0
        if len(further) and not self.fits(sweep.sample)[further[0]]:
            tied = float(rows[further[0]] - rows[place])
        return Filled(self.size, self.per, float(rows[place]), tied, self.whole, binned)


def _called(sample: Sample) -> Array:
    """Rows called positive, whatever they are.    Shape: (T, S, S) tables → (T,)."""
    return np.asarray(table_of(sample.counts)[..., 1].sum(-1))


@dataclass(frozen=True)
class Filled:
    """How far a threshold fills a queue.

    Attributes:
        size: what the queue holds.
        per: of how many rows: those evaluated, or as was stated.
        called: rows called positive, of ``per``.
        tied: rows of the next score, or bin of a grid, which the queue cannot hold; 0 where more would fit.
        whole: ``per`` is the number of rows evaluated.
        binned: rows of a bin cannot be parted, whatever their scores.
    """

    size: int
    per: int
    called: float
    tied: float
    whole: bool = True
    binned: bool = False

    @property
    def free(self) -> float:
        """Places that stay free."""
        return max(0.0, self.size - self.called)

    def __str__(self) -> str:
        of = f"of these {self.per:,} rows" if self.whole else f"of every {self.per:,} rows"
        told = f"The queue holds {self.size:,} {of}: {_told(self.called)} {_is(self.called)} called"
        if self.free < 10.0**-9 * self.size:
            return f"{told}, and it is full."
        told += f", {_told(self.free)} {'place stays' if self.free == 1 else 'places stay'} free"
        if not self.tied:
            return f"{told}; to call more would not do better."
        where = "in one bin of the grid" if self.binned else "at one score"
        return f"{told}, since the next {_told(self.tied)} stand {where}, and no threshold parts them."


def _told(rows: float) -> str:
    return f"{round(rows):,}" if math.isclose(rows, round(rows), abs_tol=1e-9) else f"{rows:.3g}"


def _is(rows: float) -> str:
    return "is" if rows == 1 else "are"
