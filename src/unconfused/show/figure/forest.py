"""Forest plots: the differences of a comparison, or the slices of an evaluation, each with its interval on one axis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from unconfused.errors import UsageError, require
from unconfused.inference.significance import ADJUSTMENTS
from unconfused.show.escape import visible
from unconfused.show.figure.curves import COLOURS
from unconfused.show.figure.text import PLAIN, families, onto, settle
from unconfused.show.lines import plain
from unconfused.show.numbers import equals
from unconfused.show.table import name

if TYPE_CHECKING:
    from unconfused.inference import Estimate
    from unconfused.inference.comparison import Comparison, Difference
    from unconfused.inference.slices import SliceComparison, SliceRow

MOST = 60
"""Slices of one metric that are drawn."""
ROW, FAINT, INK = 0.34, "#767676", "#333333"
"""Inches of a line, the colour of a difference that was not shown, and that of words."""


def plot_comparison(made: Comparison, ax: Any = None) -> Any:
    """Draw the differences of a comparison, one line each; a filled mark is one that was shown.

    Args:
        made: the comparison.
        ax: the Axes to draw into; without them a figure is opened through pyplot.

    Returns:
        The Axes.

    Raises:
        UsageError: no difference is a finite number.
    """
    drawn = [x for x in made.differences if math.isfinite(x.difference.low) and math.isfinite(x.difference.high)]
    if not drawn:
        raise UsageError("No difference of this comparison is a finite number, so there is nothing to draw.")
    return onto(ax, lambda axes: _draw(axes, made, drawn), (8.4, 1.5 + ROW * len(drawn)))


def plot_slices(made: SliceComparison, ax: Any = None) -> Any:
    """Draw the slices of one metric, worst first, one line each; a filled mark stands apart from the rest.

    Args:
        made: the comparison of slices; of several metrics each has Axes of its own in a figure.
        ax: the Axes to draw into, the first metric alone; without them a figure is opened through pyplot.

    Returns:
        The Axes, or an array of them.

    Raises:
        UsageError: no slice has a finite value.
    """
    found = {metric: [x for x in made[metric] if _finite(x.value)][:MOST] for metric in made.metrics}
    found = {metric: rows for metric, rows in found.items() if rows}
    if not found:
        raise UsageError("No slice has a finite value, so there is nothing to draw.")
    if ax is not None:
        metric, rows = next(iter(found.items()))
        _draw_slices(ax, made, metric, rows)
        return ax
    plt = require("matplotlib.pyplot", extra="plot")
    sizes = [len(rows) + 2.5 for rows in found.values()]
    figure, axes = plt.subplots(
        len(found), figsize=(8.4, 0.5 + ROW * sum(sizes)), layout="constrained", height_ratios=sizes, squeeze=False
    )
    for one, (metric, rows) in zip(axes.flat, found.items(), strict=True):
        _draw_slices(one, made, metric, rows)
    settle(figure)
    return axes[0, 0] if len(found) == 1 else axes[:, 0]


def _draw_slices(ax: Any, made: SliceComparison, metric: str, rows: list[SliceRow]) -> None:
    p = f"{ADJUSTMENTS[made.adjust]} p" if made.adjust and len(made.rows) > 1 else "p"
    for place, x in enumerate(rows):
        _mark(ax, place, x.value, x.significant, f"{plain(x.value)}   {p} {equals(x.adjusted)}   n = {x.rows:,}")
    ax.axvline(made.whole[metric], color=INK, linewidth=1, linestyle=(0, (4, 3)))
    words = f"{visible(metric)}, with {100 * made.level:.4g} % intervals; dashed: all rows"
    _dress(ax, [x.name for x in rows], words, 32)


def _finite(e: Estimate) -> bool:
    return all(map(math.isfinite, (e.low, e.value, e.high)))


def _draw(ax: Any, made: Comparison, drawn: list[Difference]) -> None:
    several = len({x.models for x in drawn}) > 1
    p = f"{ADJUSTMENTS[made.adjust]} p" if made.adjust and made.tests > 1 else "p"
    for place, x in enumerate(drawn):
        sign = "+" if x.difference.value > 0 else ""
        _mark(ax, place, x.difference, x.significant, f"{sign}{plain(x.difference)}   {p} {equals(x.adjusted)}")
    margin = drawn[0].margin
    if margin is not None:
        ax.axvspan(-margin, margin, color=COLOURS[0], alpha=0.1, linewidth=0)
    ax.axvline(0, color=INK, linewidth=1)
    names = [x.metric + (f"  ({x.models[1]} - {x.models[0]})" if several else "") for x in drawn]
    first, second = (name(model, 40) for model in drawn[0].models)
    label = "difference" if several else f"{second} less {first}"
    words = f"{label}, with {100 * made.level:.4g} % intervals"
    _dress(ax, names, words)


def _mark(ax: Any, place: int, e: Estimate, filled: bool, beside: str) -> None:
    """An interval with its value, and what is written at its right."""
    colour = COLOURS[0] if filled else FAINT
    ax.plot([e.low, e.high], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
    ax.plot([e.value], [place], "o", color=colour, markersize=6.5, markerfacecolor=colour if filled else "white")
    ax.annotate(
        beside, (1, place), (8, 0), va="center", xycoords=("axes fraction", "data"), textcoords="offset points",
        fontsize=9.5, color=INK, annotation_clip=False, **PLAIN,
    )  # fmt: skip


def _dress(ax: Any, names: list[str], words: str, letters: int = 60) -> None:
    """The names at the left, of so many letters at most, the axis below, nothing else."""
    texts = [name(text, letters) for text in names]
    ax.set_yticks(range(len(texts)), texts, fontfamily=families(texts), fontsize=10, **PLAIN)
    ax.set_ylim(len(texts) - 0.4, -0.6)
    ax.margins(x=0.06)
    ax.set_xlabel(words, fontsize=11, fontfamily=families([words]), **PLAIN)
    ax.tick_params(axis="y", length=0)
    ax.set_axisbelow(True)
    ax.grid(visible=True, axis="x", color="#808080", alpha=0.25, linewidth=0.6)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
