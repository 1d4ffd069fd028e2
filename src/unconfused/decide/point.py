"""What a decision comes to: an operating point, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from unconfused.errors import NotKept
from unconfused.inference import Estimate
from unconfused.tally.confusion import ConfusionMatrix


class Infeasible:
    """No threshold satisfies the constraints: false in ``if``, with the nearest trade-off that can be reached.

    Attributes:
        reason: which constraint cannot be met, and what came nearest.
        nearest: the threshold that comes nearest to the constraint.
        reached: what the constrained metric is there.
    """

    def __init__(self, reason: str, nearest: float, reached: Estimate) -> None:
        self.reason, self.nearest, self.reached = reason, nearest, reached

    def __bool__(self) -> bool:
        return False

    def _refuse(self) -> NoReturn:
        raise NotKept(
            self.reason, "No threshold was chosen.", "Loosen the constraint, or train a model that ranks better."
        )

    @property
    def threshold(self) -> NoReturn:
        """There is none: raises the reason."""
        self._refuse()

    @property
    def matrix(self) -> NoReturn:
        """There is none: raises the reason."""
        self._refuse()

    def __repr__(self) -> str:
        return f"Infeasible: {self.reason}"


@dataclass(frozen=True)
class OperatingPoint:
    """A chosen threshold, and how sure one can be of it.

    Attributes:
        threshold: a row is positive when its score is at least this; inf calls nothing positive.
        matrix: the matrix there.
        objective: what was optimised, in words.
        expected_cost: cost of a row, where costs were stated.
        apparent: the objective at the threshold, on the rows that chose it: too good.
        corrected: the objective when each tenth of the rows is judged by the threshold that the others choose.
        theory: the threshold of calibrated probabilities with these costs, (C10 - C00) / (C10 - C00 + C01 - C11).
        spread: the thresholds that 95 % of resampled data sets would have chosen.
        achieved: the constrained metrics at the threshold.
    """

    threshold: float
    matrix: ConfusionMatrix
    objective: str
    expected_cost: Estimate | None
    apparent: Estimate
    corrected: Estimate
    theory: float | None
    spread: tuple[float, float]
    achieved: tuple[Estimate, ...]

    def __str__(self) -> str:
        from unconfused.show.decision import point_text

        return point_text(self)

    __repr__ = __str__
