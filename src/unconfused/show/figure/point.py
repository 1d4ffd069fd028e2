"""A chosen threshold among all others: what each would have cost or reached, and which the data could have chosen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from unconfused.errors import inert
from unconfused.show.figure.curves import COLOURS, GREY, POINTS
from unconfused.show.figure.text import PLAIN, Ruler, families, onto
from unconfused.show.points import thinned
from unconfused.show.table import name

if TYPE_CHECKING:
    from unconfused.decide import OperatingPoint
    from unconfused.decide.point import Course
    from unconfused.tally.cells import Array
    from unconfused.tally.confusion import ConfusionMatrix

SHORT = {"expected_cost": "expected cost of a row"}
TITLE = 10.5
LINE: dict[str, Any] = {"drawstyle": "steps-pre", "linewidth": 2, "solid_joinstyle": "round"}


def plot_point(point: OperatingPoint, ax: Any = None, *, title: str | None = None) -> Any:
    """Draw the objective over all thresholds with the chosen one marked.

    The line is pale where a condition is not met. The band holds the thresholds that resampled data choose; the hollow
    marker with its whiskers is the objective on rows that did not choose the threshold.

    Args:
        point: what `Evaluation.choose` found.
        ax: the Axes to draw into; without them a figure is opened through pyplot.
        title: the title; "" for none.

    Returns:
        The Axes.
    """
    words = f"{point.objective[:1].upper()}{point.objective[1:]}" if title is None else title
    return onto(ax, lambda axes: _draw(axes, point, words), (6.4, 4.6))


def _draw(ax: Any, point: OperatingPoint, title: str) -> None:
    course, what = point.course, point.apparent.name
    low, high = ends_of(course)
    x, y, met = steps(course, high)
    if met.all():
        ax.plot(x, y, color=COLOURS[0], gid="course", **LINE)
    else:
        ax.plot(
            x, y, color=GREY, alpha=0.55, label="a condition is not met", gid="course", **{**LINE, "linewidth": 1.2}
        )
        ax.plot(x, np.where(met, y, np.nan), color=COLOURS[0], gid="met", **LINE)
    _spread(ax, point, low, high)
    if point.theory is not None and low <= point.theory <= high:
        words = f"{point.theory:.3g}, were the scores calibrated"
        ax.axvline(point.theory, color=GREY, linestyle=":", linewidth=1.5, label=words, gid="theory", zorder=1.5)
    at = min(max(float(point.threshold), low), high)
    ax.axvline(at, color=COLOURS[1], linewidth=1, gid="threshold", zorder=2)
    if point.corrected.defined:
        value, ends = point.corrected.value, [[point.corrected.value - point.corrected.low],
                                              [point.corrected.high - point.corrected.value]]  # fmt: skip
        ax.errorbar(
            [at], [value], yerr=ends, fmt="o", color=COLOURS[1], markerfacecolor="white", markersize=6, capsize=3,
            label=f"{rounded(value)} on rows that did not choose it", zorder=4,
        )  # fmt: skip
    ax.plot(
        [at], [point.apparent.value], "o", color=COLOURS[1], markersize=7, zorder=5, gid="chosen",
        label=f"{_threshold(point)}: {rounded(point.apparent.value)}",
    )  # fmt: skip
    frame(ax, point.matrix, title, SHORT.get(what, what), (low, high))


def steps(course: Course, high: float) -> tuple[Array, Array, Any]:
    """Thresholds, values and whether the conditions hold, ascending and as many as can be seen.

    What calling nothing positive comes to stands at ``high``.
    """
    order = np.flatnonzero(np.isfinite(course.thresholds))[::-1]
    nothing = course.values[:1] if course.thresholds[0] == math.inf else course.values[order[-1:]]
    x = np.concatenate([course.thresholds[order], [high]])
    y, met = np.concatenate([course.values[order], nothing]), np.append(course.met[order], course.met[:1])
    kept = thinned(x, y, POINTS)
    return x[kept], y[kept], met[kept]


def ends_of(course: Course) -> tuple[float, float]:
    """Where the axis of thresholds begins and ends: 0 and 1 of probabilities, else a little beyond the scores."""
    there = course.thresholds[np.isfinite(course.thresholds)]
    low, high = float(there.min(initial=math.inf)), float(there.max(initial=-math.inf))
    if not there.size or (low >= 0 and high <= 1):
        return 0.0, 1.0
    room = 0.03 * (high - low) or 1.0
    return low - room, high + room


def _spread(ax: Any, point: OperatingPoint, low: float, high: float) -> None:
    ends = [min(max(end, low), high) for end in point.spread if not math.isnan(end)]
    if not ends:
        return
    share = f"{100 * point.apparent.level:.4g} %"
    ax.axvspan(*ends, color=COLOURS[1], alpha=0.12, linewidth=0, zorder=0, gid="spread",
               label=f"where {share} of data sets like this choose")  # fmt: skip


def _threshold(point: OperatingPoint) -> str:
    if not math.isfinite(point.threshold):
        return "nothing is called positive" if point.threshold > 0 else "everything is called positive"
    return f"at {point.threshold:.4g}"


def rounded(value: float) -> str:
    """A cost or a rate in few digits."""
    return "undefined" if math.isnan(value) else f"{value:.3f}" if abs(value) < 100 else f"{value:,.4g}"


def frame(ax: Any, cm: ConfusionMatrix, title: str, what: str, ends: tuple[float, float]) -> None:
    """The title, the names of the axes, how far the axis of thresholds goes, the legend."""
    words = f"threshold: {name(str(cm.labels.positive_name), 40)} at this score and above"
    title, what = inert(title), inert(what)
    family = families([title, words, what])
    ruler, room = Ruler(family), ax.get_position().width * ax.figure.get_figwidth() * 72
    ax.set_title(ruler.fitted(title, TITLE, room, 2), loc="left", fontsize=TITLE, fontfamily=family, **PLAIN)
    ax.set_xlabel(ruler.fitted(words, TITLE, room), fontsize=TITLE, fontfamily=family, **PLAIN)
    ax.set_ylabel(what[:1].upper() + what[1:], fontsize=TITLE, fontfamily=family, **PLAIN)
    edge = 0.015 * (ends[1] - ends[0])
    ax.set_xlim(ends[0] - edge, ends[1] + edge)
    ax.margins(y=0.08)
    ax.set_axisbelow(True)
    ax.grid(visible=True, color="#808080", alpha=0.25, linewidth=0.6)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    legend = ax.legend(loc="best", fontsize=9, framealpha=0.85)
    legend.set_in_layout(False)
    for text in legend.get_texts():
        text.set(fontfamily=families([text.get_text()]), **PLAIN)
