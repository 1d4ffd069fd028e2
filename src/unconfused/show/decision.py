"""What a terminal shows of a decision: the threshold, what it costs or reaches, and how much of that is luck."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from unconfused.show.grid import matrix_lines
from unconfused.show.lines import Rate, joined, rate_lines
from unconfused.show.table import paragraph
from unconfused.show.words import sentence

if TYPE_CHECKING:
    from unconfused.decide import OperatingPoint


def point_text(point: OperatingPoint) -> str:
    """A chosen operating point: the sentence, the matrix, the numbers it was chosen for."""
    told = [paragraph(_headline(point)), paragraph(sentence(point.matrix)), matrix_lines(point.matrix)]
    return joined([*told, _rates(point), _thresholds(point)])


def _headline(point: OperatingPoint) -> str:
    name = point.matrix.labels.positive_name
    if math.isinf(point.threshold):
        return f"Call nothing {name}: that has the {point.objective}."
    return f"Call a row {name} when its score is at least {point.threshold:.6g}: that has the {point.objective}."


def _rates(point: OperatingPoint) -> list[str]:
    what = point.apparent.name
    rates: list[Rate] = [
        (what, point.apparent, "on the rows that chose the threshold"),
        (f"{what}, corrected", point.corrected, "on rows that did not choose it"),
    ]
    rates += [(reached.name, reached, "required") for reached in point.achieved if reached.name != what]
    return rate_lines(rates)


def _thresholds(point: OperatingPoint) -> list[str]:
    low, high = point.spread
    text = f"Of data sets like this one, 95 % would choose a threshold from {low:.4g} to {high:.4g}."
    if point.theory is not None:
        text += f" For calibrated probabilities these costs ask for {point.theory:.4g}."
    return paragraph(text)
