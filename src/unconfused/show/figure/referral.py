"""Two chosen thresholds among all others: what each would have cost, and what lies between them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from unconfused.show.figure.curves import COLOURS, GREY
from unconfused.show.figure.point import LINE, SHORT, ends_of, frame, rounded, steps
from unconfused.show.figure.text import onto
from unconfused.show.numbers import percent
from unconfused.show.table import name

if TYPE_CHECKING:
    from unconfused.decide import Referral

NEGATIVE, POSITIVE, CHOSEN = COLOURS[0], COLOURS[2], COLOURS[1]
FOOT = 0.025
"""Height of the bars below, as a share of the picture."""
FAR = 5
"""How many times the chosen cost the picture shows; what is dearer leaves it."""


def plot_referral(made: Referral, ax: Any = None, *, title: str | None = None) -> Any:
    """Draw the expected cost at every low and at every high threshold, each with the best of the other.

    The chosen pair stands where both lines are lowest; the rows between them are referred. The bars below hold the
    thresholds that resampled data choose; the hollow marker with its whiskers is the cost on rows that did not choose.

    Args:
        made: what `Evaluation.choose` found for costs that name ``abstain``.
        ax: the Axes to draw into; without them a figure is opened through pyplot.
        title: the title; "" for none.

    Returns:
        The Axes.
    """
    words = f"{made.objective[:1].upper()}{made.objective[1:]}" if title is None else title
    return onto(ax, lambda axes: _draw(axes, made, words), (6.4, 4.6))


def _draw(ax: Any, made: Referral, title: str) -> None:
    ends = ends_of(made.courses[0])
    positive = made.matrix.labels.require_positive("plot()")
    yes, no = (name(str(made.matrix.labels.names[place]), 24) for place in (positive, 1 - positive))
    lines = (
        (made.courses[0], NEGATIVE, "low", f"{no} below here"),
        (made.courses[1], POSITIVE, "high", f"{yes} from here on"),
    )
    for course, colour, what, words in lines:
        x, y, _ = steps(course, ends[1])
        ax.plot(x, y, color=colour, gid=what, label=words, **LINE)
    low, high = (min(max(float(t), ends[0]), ends[1]) for t in (made.low, made.high))
    if made.low < made.high:
        share = f"{percent(made.referred.value)} of the rows are referred"
        ax.axvspan(low, high, color=GREY, alpha=0.14, linewidth=0, zorder=0, gid="referred", label=share)
    _foot(ax, made, ends)
    if made.theory is not None:
        for place, t in enumerate(dict.fromkeys(made.theory)):
            told = "were the scores calibrated" if place == 0 else None
            ax.axvline(t, color=GREY, linestyle=":", linewidth=1.5, label=told, gid="theory", zorder=1.5)
    cost = made.expected_cost.value
    if made.corrected.defined:
        e, middle = made.corrected, (low + high) / 2
        ax.errorbar(
            [middle], [e.value], yerr=[[e.value - e.low], [e.high - e.value]], fmt="o", color=CHOSEN,
            markerfacecolor="white", markersize=6, capsize=3, zorder=4,
            label=f"{rounded(e.value)} on rows that did not choose them",
        )  # fmt: skip
    told = f"{_threshold(made.low)} and {_threshold(made.high)}" if made.low < made.high else _threshold(made.high)
    at = list(dict.fromkeys([low, high]))
    ax.plot(
        at, [cost] * len(at), "o", color=CHOSEN, markersize=7, zorder=5, gid="chosen", label=f"{told}: {rounded(cost)}"
    )
    frame(ax, made.matrix, title, SHORT["expected_cost"], ends)
    ax.set_xlabel("threshold")
    most = FAR * max(cost, made.corrected.high if made.corrected.defined else cost)
    if 0 < most < ax.get_ylim()[1]:
        least = min(float(np.nanmin(course.values)) for course in made.courses)
        ax.set_ylim(least - 0.12 * (most - least), most)


def _foot(ax: Any, made: Referral, ends: tuple[float, float]) -> None:
    """Where resampled data put each of the two."""
    told: str | None = f"where {100 * made.expected_cost.level:.4g} % of data sets like this choose"
    for low, high in made.spread:
        if not math.isnan(low + high):
            left, right = np.clip([low, high], *ends)
            ax.axvspan(left, right, 0, FOOT, color=CHOSEN, alpha=0.55, linewidth=0, gid="spread", label=told)
            told = None


def _threshold(t: float) -> str:
    return f"{t:.4g}" if math.isfinite(t) else "none"
