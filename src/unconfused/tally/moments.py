"""Moments: count, mean and spread of a loss that each row has."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.tally.kernels import Floats, exact_total

ROUNDING = 2.0**-48
"""What the sums of squares may have lost, as a share: their rounding and that of some additions."""
CLIP = float(np.finfo(np.float64).eps)
"""The log loss reads no probability as smaller than this, nor larger than 1 less this."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums of a per-row loss x with weights w.

    A tally: ``+`` adds the sums; rows stay a Python integer.

    Attributes:
        n: rows.
        sums: ``sums[i, j]`` is Σ wⁱ⁺¹ xʲ for i in 0, 1 and j in 0, 1, 2.    Shape: (2, 3).
    """

    n: int
    sums: Floats

    def __post_init__(self) -> None:
        self.sums.setflags(write=False)

    @classmethod
    def of(cls, x: Floats, *, weights: Floats | None = None, count: NDArray[Any] | None = None) -> Moments:
        """The moments of the losses ``x`` (n,); ``count`` says how many rows each stands for."""
        times = np.ones(len(x)) if count is None else np.asarray(count, np.float64)
        n = len(x) if count is None else exact_total(count)
        powers = [times * x**j for j in (0, 1, 2)]  # sums of what is never negative, added pairwise: nothing cancels
        once = powers if weights is None else [weights * y for y in powers]
        twice = powers if weights is None else [weights * y for y in once]
        return cls(n, np.array([[y.sum() for y in once], [y.sum() for y in twice]]))

    @classmethod
    def zero(cls) -> Moments:
        """The moments of no rows."""
        return cls(0, np.zeros((2, 3)))

    @property
    def mean(self) -> float:
        """Σwx / Σw; NaN without weight."""
        (w, wx, _), _ = self.sums
        return float(wx / w) if w else math.nan

    @property
    def standard_error(self) -> float:
        """√(Σw²(x - mean)²) / Σw, with the small-sample factor √(n / (n - 1)); NaN below two rows.

        A spread that is no more than the rounding of the sums it is left of is none.
        """
        m, (w0, w1, w2) = self.mean, self.sums[1]
        if self.n < 2 or math.isnan(m):
            return math.nan
        spread = w2 - 2 * m * w1 + m * m * w0
        spread = spread if spread > ROUNDING * w2 else 0.0
        return math.sqrt(spread * self.n / (self.n - 1)) / float(self.sums[0, 0])

    def __add__(self, other: object) -> Moments:
        if not isinstance(other, Moments):
            return self if type(other) is int and other == 0 else NotImplemented
        return Moments(self.n + other.n, self.sums + other.sums)

    __radd__ = __add__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moments) and self.n == other.n and np.array_equal(self.sums, other.sums)

    __hash__ = None  # type: ignore[assignment]
