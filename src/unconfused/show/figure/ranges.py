"""The convex hull in the ROC plane: a corner for each threshold that is best for some costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unconfused.show.figure.curves import COLOURS, GREY
from unconfused.show.figure.text import PLAIN, families, onto
from unconfused.show.ranges import threshold_text
from unconfused.show.table import name

if TYPE_CHECKING:
    from unconfused.decide import Ranges

NAMED = 12
"""Corners up to which each has its threshold beside it."""


def plot_ranges(made: Ranges, ax: Any = None) -> Any:
    """Draw the hull and its corners, in the colour of the model whose threshold it is.

    Args:
        made: the ranges.
        ax: the Axes to draw into; without them a figure is opened through pyplot.

    Returns:
        The Axes.
    """
    return onto(ax, lambda axes: _draw(axes, made), (5.6, 5.4))


def _draw(ax: Any, made: Ranges) -> None:
    points = [(float(x.fpr), float(x.recall)) for x in made.rows]
    ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, zorder=1)
    ax.plot(*zip(*points, strict=True), color=GREY, linewidth=1.5, zorder=2, gid="hull")
    for place, model in enumerate(made.models):
        own = [(p, x) for p, x in zip(points, made.rows, strict=True) if x.models[0] == model]
        if not own:
            continue
        colour = COLOURS[place % len(COLOURS)]
        ax.plot(*zip(*(p for p, _ in own), strict=True), "o", color=colour, markersize=6, zorder=3,
                label=name(model, 40))  # fmt: skip
        if len(made.rows) > NAMED:
            continue
        for point, x in own:
            ax.annotate(threshold_text(x.threshold), point, (7, -9), textcoords="offset points", fontsize=9,
                        color=colour, **PLAIN)  # fmt: skip
    words = [f"thresholds that are best for some costs, {name(made.positive, 40)} positive"]
    ax.set_title(words[0], fontsize=11, fontfamily=families(words), **PLAIN)
    ax.set_xlabel("false positive rate")
    ax.set_ylabel("recall")
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(-0.02, 1.02)
    if len(made.models) > 1:
        texts = [name(model, 40) for model in made.models]
        ax.legend(loc="lower right", frameon=False, prop={"family": families(texts)})
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
