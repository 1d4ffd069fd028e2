"""What a reliability diagram shows besides its line: what chance would do, how sure each point is, where rows are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from unconfused.curves import Curve

BARS = 40
HEIGHT = 0.12
"""The share of the Axes that the highest bar of rows takes."""


def draw_rates(ax: Any, curve: Curve, line: Any, *, alone: bool) -> None:
    """Intervals and bands of a calibration curve; ``alone`` also where its rows are."""
    colour = line.get_color()
    if curve.interval is not None:
        line.set(marker="o", markersize=4.5, linewidth=1.2)
        ax.vlines(curve.x, *curve.interval, color=colour, linewidth=1.2, alpha=0.8)
    if not alone:
        return
    if curve.expected is not None:
        low, high = curve.expected
        ax.fill_between(
            curve.x, low, high, color="#808080", alpha=0.22, linewidth=0, label="expected if calibrated", zorder=1
        )
    if curve.rows is None or not len(curve.x):
        return
    places, heights = curve.x, curve.rows
    if curve.interval is None:  # a point for each score: drawn as a histogram
        heights, edges = np.histogram(np.clip(places, 0, 1), np.linspace(0, 1, BARS + 1), weights=heights)
        places = (edges[1:] + edges[:-1]) / 2
    ax.bar(places, heights / heights.max() * HEIGHT, 1 / BARS, color=colour, alpha=0.25, label="rows", zorder=0.9)
