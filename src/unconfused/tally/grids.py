"""Grid: the bin of a score, by whole-number arithmetic alone, so that every machine and engine finds the same one.

Bins are intervals [lo, hi) of float64, and finer grids of one family nest in coarser ones: tallies of both add at the
coarser. Sources: methods of base-2 histograms, Masson, Rim & Lee 2019; the mirror at ½ makes the resolution that of
the odds at both ends.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unconfused.errors import MergeRefused, UsageError
from unconfused.tally.axis import ScoreKind
from unconfused.tally.kernels import Ints

Family: TypeAlias = Literal["exact", "folded", "floatbits", "uniform"]
OCTAVES = 64
"""Octaves of ``folded`` on either side of ½: a float64 sigmoid of -30 is 2⁻⁴³."""
SMALLEST, LARGEST = -126, 127
"""Exponents that ``floatbits`` tells apart: those of float32."""
USUAL = {"folded": 7, "floatbits": 7, "uniform": 10}
MOST = {"folded": 12, "floatbits": 10, "uniform": 20}
_MANTISSA, _BIAS = 52, 1023


@dataclass(frozen=True, slots=True)
class Grid:
    """A family of bins, and how fine they are.

    | grid | bins | for |
    |---|---|---|
    | exact | each score is its own | arrays in memory |
    | folded(m) | 2ᵐ in each octave of min(s, 1 - s), mirrored at ½, 64 octaves a side; 0 and 1 apart | probabilities |
    | floatbits(m) | 2ᵐ in each octave of \\|s\\| between 2⁻¹²⁶ and 2¹²⁸; 0, -inf and inf apart | any scores |
    | uniform(2ᵏ) | 2ᵏ of equal width; 1 apart | engines that can only multiply and floor |

    >>> grid = Grid.parse("folded(7)")
    >>> grid.bins([0.0, 0.25, 0.2501, 0.5, 1.0])
    array([    0,  8065,  8065,  8193, 16385])
    >>> grid.around(0.4)
    (0.3984375, 0.400390625)
    """

    family: Family = "exact"
    fineness: int = 0

    @classmethod
    def parse(cls, text: str | Grid) -> Grid:
        """The grid that "exact", "folded", "folded(7)", "floatbits(5)" or "uniform(1024)" names.

        Raises:
            UsageError: none of these, or finer than a tally should be.
        """
        if isinstance(text, Grid):
            return text
        found = re.fullmatch(r"\s*(\w+)\s*(?:\(\s*(\d+)\s*\))?\s*", str(text))
        if found is None or found[1] not in get_args(Family) or (found[1] == "exact" and found[2]):
            raise UsageError(
                f"grid={text!r} is not known.", fix='Choose one of "exact", "folded", "floatbits", "uniform(1024)".'
            )
        family = found[1]
        if family == "exact":
            return EXACT
        fineness = USUAL[family] if found[2] is None else int(found[2])
        if family == "uniform" and found[2] is not None:
            if fineness < 1 or fineness & (fineness - 1):
                raise UsageError(
                    f"uniform({fineness}) has no power of two as its number of bins.",
                    "Only then does a score times that number stay exact, and land in the same bin everywhere.",
                    f"Type uniform({2 ** round(math.log2(max(fineness, 1)))}).",
                )
            fineness = fineness.bit_length() - 1
        if fineness > MOST[family]:
            most = 2 ** MOST[family] if family == "uniform" else MOST[family]
            raise UsageError(f"{text} is too fine.", fix=f"The finest is {family}({most}).")
        return cls(family, fineness)  # type: ignore[arg-type]

    def __str__(self) -> str:
        size = 2**self.fineness if self.family == "uniform" else self.fineness
        return self.family if self.family == "exact" else f"{self.family}({size})"

    @property
    def size(self) -> int:
        """Bins; 0 of ``exact``, where no one numbers them."""
        match self.family:
            case "folded":
                return 2 * (OCTAVES << self.fineness) + 2
            case "floatbits":
                return 2 * ((LARGEST - SMALLEST + 1) << self.fineness) + 3
            case "uniform":
                return (1 << self.fineness) + 1
        return 0

    def bins(self, scores: ArrayLike) -> Ints:
        """The bin of each score, 0…size-1; a larger score is in no smaller bin.    Shape: any, of float64 without NaN.

        ``folded`` and ``uniform`` take scores in [0, 1].
        """
        s = np.asarray(scores, np.float64) + 0.0  # -0.0 is 0.0
        match self.family:
            case "folded":
                side = OCTAVES << self.fineness
                upper = s >= 0.5
                q = np.where(upper, 1 - s, s)  # 1 - s is exact from ½ on
                place = _octaves(q.view(np.int64) - upper, self.fineness, -1 - OCTAVES, side)
                inner = np.where(upper, 2 * side - place, place + 1)
                return np.where(s == 0, 0, np.where(s == 1, 2 * side + 1, inner))
            case "floatbits":
                side = (LARGEST - SMALLEST + 1) << self.fineness
                below = s < 0
                place = _octaves(np.abs(s).view(np.int64) - below, self.fineness, SMALLEST, side)
                inner = np.where(below, side - place, side + 2 + place)
                ends = np.where(below, 0, 2 * side + 2)
                return np.where(s == 0, side + 1, np.where(np.isinf(s), ends, inner))
            case "uniform":
                return np.floor(s * 2.0**self.fineness).astype(np.int64)
        raise AssertionError("exact scores have no bins")

    def around(self, score: float) -> tuple[float, float]:
        """The edges at or below a score and above it: thresholds there are exact. Beyond the last bin: inf."""
        own = int(self.bins(score))
        return self._edge(own), self._edge(own + 1)

    def _edge(self, wanted: int) -> float:
        """The least float64 in a bin of at least that number, by bisection of the numbers in their order."""
        ends = (-math.inf, math.inf) if self.family == "floatbits" else (0.0, 1.0)
        low, high = (_rank(x) for x in ends)
        if wanted > int(self.bins(ends[1])):
            return math.inf
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if int(self.bins(_of_rank(middle))) >= wanted else (middle + 1, high)
        return _of_rank(low)

    def with_coarser(self, other: Grid) -> Grid:
        """The coarser of two grids of one family, in which both nest.

        Raises:
            MergeRefused: two families, whose bins cut across each other.
        """
        if self.family != other.family:
            exact = "exact" in (self.family, other.family)
            grid = other if self.family == "exact" else self
            raise MergeRefused(
                f"One tally is {self}, the other {other}.",
                "The exact one would have to be rounded first." if exact else "Their bins cut across each other.",
                f'Round it yourself: .coarsen("{grid}").' if exact else "Tally both on the same grid.",
            )
        return min(self, other, key=lambda grid: grid.fineness)


EXACT = Grid()


def usual(score_kind: ScoreKind) -> str:
    """The grid of streams and frames: "folded" of probabilities, "floatbits" of logits and raw scores."""
    return "folded" if score_kind == "probability" else "floatbits"


def _octaves(bits: NDArray[np.int64], fineness: int, first: int, size: int) -> NDArray[np.int64]:
    """Exponent and leading mantissa bits of positive float64, counted from 2**first."""
    return np.asarray(np.clip((bits >> (_MANTISSA - fineness)) - ((_BIAS + first) << fineness), 0, size - 1))


def _rank(x: float) -> int:
    """A whole number that is larger for a larger float64."""
    bits = int(np.float64(x).view(np.int64))
    return bits if bits >= 0 else -(bits & (2**63 - 1))


def _of_rank(rank: int) -> float:
    return math.copysign(float(np.int64(abs(rank)).view(np.float64)), rank)
