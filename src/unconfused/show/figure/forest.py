"""A forest plot: every difference of a comparison with its interval, on one axis with 0 and the margin."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from unconfused.errors import UsageError, require
from unconfused.inference.significance import ADJUSTMENTS
from unconfused.show.figure.curves import COLOURS
from unconfused.show.figure.text import PLAIN, families, settle
from unconfused.show.lines import plain
from unconfused.show.numbers import equals
from unconfused.show.table import name

if TYPE_CHECKING:
    from unconfused.inference.comparison import Comparison, Difference

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
    if ax is None:
        plt = require("matplotlib.pyplot", extra="plot")
        figure, ax = plt.subplots(figsize=(8.4, 1.5 + ROW * len(drawn)), layout="constrained")
        _draw(ax, made, drawn)
        settle(figure)
        return ax
    _draw(ax, made, drawn)
    return ax


def _draw(ax: Any, made: Comparison, drawn: list[Difference]) -> None:
    several = len({x.models for x in drawn}) > 1
    p = f"{ADJUSTMENTS[made.adjust]} p" if made.adjust and made.tests > 1 else "p"
    for place, x in enumerate(drawn):
        e, colour = x.difference, COLOURS[0] if x.significant else FAINT
        ax.plot([e.low, e.high], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
        ax.plot(
            [e.value], [place], "o", color=colour, markersize=6.5, markerfacecolor=colour if x.significant else "white"
        )
        ax.annotate(
            f"{'+' if e.value > 0 else ''}{plain(e)}   {p} {equals(x.adjusted)}", (1, place), (8, 0), va="center",
            xycoords=("axes fraction", "data"), textcoords="offset points", fontsize=9.5, color=INK,
            annotation_clip=False, **PLAIN,
        )  # fmt: skip
    margin = drawn[0].margin
    if margin is not None:
        ax.axvspan(-margin, margin, color=COLOURS[0], alpha=0.1, linewidth=0)
    ax.axvline(0, color=INK, linewidth=1)
    names = [x.metric + (f"  ({x.models[1]} - {x.models[0]})" if several else "") for x in drawn]
    texts = [name(text, 60) for text in names]
    ax.set_yticks(range(len(drawn)), texts, fontfamily=families(texts), fontsize=10, **PLAIN)
    ax.set_ylim(len(drawn) - 0.4, -0.6)
    ax.margins(x=0.06)
    first, second = (name(model, 40) for model in drawn[0].models)
    label = "difference" if several else f"{second} less {first}"
    words = f"{label}, with {100 * made.level:.4g} % intervals"
    ax.set_xlabel(words, fontsize=11, fontfamily=families([words]), **PLAIN)
    ax.tick_params(axis="y", length=0)
    ax.set_axisbelow(True)
    ax.grid(visible=True, axis="x", color="#808080", alpha=0.25, linewidth=0.6)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
