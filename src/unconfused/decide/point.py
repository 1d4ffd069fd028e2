"""What a decision comes to: an operating point, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from unconfused.decide.queue import Filled
from unconfused.errors import NotKept
from unconfused.inference import Estimate
from unconfused.tally.cells import Array
from unconfused.tally.confusion import ConfusionMatrix


@dataclass(frozen=True, repr=False)
class Infeasible:
    """No threshold satisfies the conditions: false in ``if``, with the nearest trade-off that can be reached.

    Attributes:
        reason: which condition cannot be met, and what came nearest.
        objective: what was asked for, in words.
        nearest: the threshold that comes nearest to the condition.
        reached: the metric of the condition there.
    """

    reason: str
    objective: str
    nearest: float
    reached: Estimate

    def __bool__(self) -> bool:
        return False

    def _refuse(self) -> NoReturn:
        raise NotKept(
            self.reason, "No threshold was chosen.", "Loosen the condition, or train a model that ranks better."
        )

    @property
    def threshold(self) -> NoReturn:
        """There is none: raises the reason."""
        self._refuse()

    @property
    def matrix(self) -> NoReturn:
        """There is none: raises the reason."""
        self._refuse()

    def to_dict(self) -> dict[str, Any]:
        """As data, after ``schema.json``."""
        from unconfused.show.decision import infeasible_dict

        return infeasible_dict(self)

    def to_markdown(self) -> str:
        """The reason and what was reached, as Markdown."""
        from unconfused.show.decision import infeasible_markdown

        return infeasible_markdown(self)

    def __str__(self) -> str:
        from unconfused.show.decision import infeasible_text

        return infeasible_text(self)

    __repr__ = __str__

    def __rich__(self) -> Any:
        from unconfused.show.shading import rich_text

        return rich_text(self)

    def _repr_html_(self) -> str:
        from unconfused.show.decision import infeasible_html

        return infeasible_html(self)


@dataclass(frozen=True, eq=False)
class Course:
    """What was optimised, at every threshold.

    Attributes:
        thresholds: the largest first, inf where nothing is called positive; NaN where none parts the rows.
            Shape: (T,).
        values: the objective on the rows.    Shape: (T,).
        met: whether the conditions hold.    Shape: (T,).
    """

    thresholds: Array
    values: Array
    met: NDArray[np.bool_]


@dataclass(frozen=True, repr=False)
class OperatingPoint:
    """A chosen threshold, and how sure one can be of it.

    Attributes:
        threshold: a row is positive when its score is at least this: a probability for logits, else in units of the
            scores. inf calls nothing positive. ``ev.at(point.threshold)`` is ``point.matrix``.
        matrix: the matrix there.
        objective: what was optimised, in words.
        expected_cost: what a row costs, in the unit of the costs, where these were stated; the same as ``apparent``.
        apparent: the objective on the rows that chose the threshold: too good.
        corrected: the objective where each tenth of the rows is judged by the threshold that the others choose.
        theory: the best threshold of calibrated probabilities with these costs; None without costs, or of raw scores.
        spread: the middle 95 % (of ``level=0.95``) of the thresholds that resampled data choose.
        achieved: the metrics of the conditions at the threshold, in their order: too good, like ``apparent``.
        achieved_corrected: the same on rows that did not choose the threshold.
        merged: log-odds so extreme that no float64 probability parts them from the next; no threshold falls between.
        seed: of the splits and resamples.
        course: the objective at every threshold.
        queue: how far the threshold fills the queue that was stated, or None.
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
    achieved_corrected: tuple[Estimate, ...]
    merged: int
    seed: int
    course: Course = field(compare=False)
    queue: Filled | None = None

    def to_dict(self) -> dict[str, Any]:
        """As data, after ``schema.json``: no NaN or infinity, a threshold of inf is null with a reason."""
        from unconfused.show.decision import point_dict

        return point_dict(self)

    def to_markdown(self) -> str:
        """The sentence, the matrix and the numbers as Markdown."""
        from unconfused.show.decision import point_markdown

        return point_markdown(self)

    def __str__(self) -> str:
        from unconfused.show.decision import point_text

        return point_text(self)

    __repr__ = __str__

    def __rich__(self) -> Any:
        from unconfused.show.shading import rich_text

        return rich_text(self)

    def _repr_html_(self) -> str:
        from unconfused.show.decision import point_html

        return point_html(self)

    def plot(self, ax: Any = None, *, title: str | None = None) -> Any:
        """Draw the objective over all thresholds with the chosen one marked; returns the Axes.

        The band holds the thresholds that resampled data choose, the hollow marker is ``corrected``, and the line is
        pale where a condition is not met.
        """
        from unconfused.show.figure import plot_point

        return plot_point(self, ax=ax, title=title)
