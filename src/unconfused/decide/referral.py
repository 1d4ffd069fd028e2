"""Two chosen thresholds, and what became of the rows below, above and between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from unconfused.decide.point import Course
from unconfused.inference import Estimate
from unconfused.tally.confusion import ConfusionMatrix


@dataclass(frozen=True, repr=False)
class Referral:
    """Two chosen thresholds, what lies between them being referred, and how sure one can be of them.

    Attributes:
        low: a row is negative when its score is below this; -inf or the lowest score where none is.
        high: a row is positive when its score is at least this; inf where none is. Between the two it is referred.
        matrix: the matrix there; a row that is referred, or has no score, is called ``missing``.
        objective: what was optimised, in words.
        expected_cost: what a row costs on the rows that chose the thresholds: too good.
        corrected: the same where each tenth of the rows is judged by the thresholds that the others choose.
        referred: the share of rows that is referred.
        wrong: the share of errors among the rows that are not.
        theory: both thresholds for calibrated probabilities; equal where referring never pays, None of raw scores.
        spread: the middle 95 % (of ``level=0.95``) of the low and of the high thresholds that resampled data choose.
        seed: of the splits and resamples.
        courses: the expected cost at every low threshold with the best high one to it, and at every high one with the
            best low one.
    """

    low: float
    high: float
    matrix: ConfusionMatrix
    objective: str
    expected_cost: Estimate
    corrected: Estimate
    referred: Estimate
    wrong: Estimate
    theory: tuple[float, float] | None
    spread: tuple[tuple[float, float], tuple[float, float]]
    seed: int
    courses: tuple[Course, Course] = field(compare=False)

    def to_dict(self) -> dict[str, Any]:
        """As data, after ``schema.json``: no NaN or infinity, an infinite threshold is null with a reason."""
        from unconfused.show.referral import referral_dict

        return referral_dict(self)

    def to_markdown(self) -> str:
        """The sentence, the matrix and the numbers as Markdown."""
        from unconfused.show.referral import referral_markdown

        return referral_markdown(self)

    def __str__(self) -> str:
        from unconfused.show.referral import referral_text

        return referral_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from unconfused.show.referral import referral_html

        return referral_html(self)

    def plot(self, ax: Any = None, *, title: str | None = None) -> Any:
        """Draw the expected cost over all low and all high thresholds, with the chosen pair marked; returns the Axes.

        Between the two, where rows are referred, the ground is shaded; the bars below hold the thresholds that
        resampled data choose.
        """
        from unconfused.show.figure import plot_referral

        return plot_referral(self, ax=ax, title=title)
