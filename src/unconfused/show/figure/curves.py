"""Curves of every threshold, drawn beside a model that knows nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from unconfused.errors import UsageError, require
from unconfused.show.figure.text import PLAIN, families
from unconfused.show.points import TITLES, thinned
from unconfused.show.table import name

if TYPE_CHECKING:
    from unconfused.curves import Curve

COLOURS = ("#0072B2", "#C04A00", "#00805F", "#A8518A", "#8A6D00", "#3D6FD9")
"""Told apart by the colour-blind, and readable as text on white and on black."""
AREAS = {"roc_auc": "ROC AUC", "average_precision": "AP"}
CORNERS = {"roc": "lower right", "pr": "lower left", "gain": "lower right", "lift": "upper right"}
NAMED = 12
"""Up to so many curves in one picture have a colour and a name each."""
POINTS = 4000


def plot_curve(curve: Curve | Mapping[Any, Curve], ax: Any = None, *, title: str | None = None, **options: Any) -> Any:
    """Draw a curve and its baseline; the area stands in the legend.

    Args:
        curve: a `Curve`, or several of one kind by class.
        ax: the Axes to draw into, and nothing else is touched; a second curve drawn there joins the first. Without it
            a figure is opened through pyplot.
        title: the title; "" for none.
        options: passed to ``Axes.plot``, such as ``color`` and ``label``.

    Returns:
        The Axes.
    """
    many = [replace(one, name=str(key)) for key, one in curve.items()] if isinstance(curve, Mapping) else [curve]
    if not many:
        raise UsageError("There is no curve to draw.")
    first = many[0]
    if ax is None:
        _, ax = require("matplotlib.pyplot", extra="plot").subplots(figsize=(5.2, 5.0), layout="constrained")
    _baseline(ax, many)
    if len(many) > NAMED:
        _crowd(ax, many)
    else:
        for one in many:
            x, y = _drawn(one)
            started = sum(line.get_gid() == "curve" for line in ax.lines)
            style = {"color": COLOURS[started % len(COLOURS)], "linestyle": ("-", "--")[started // len(COLOURS) % 2]}
            given = {key: style[key] for key in style if key not in options and key[0] not in options}
            drawn = {"linewidth": 2, "label": label(one), "gid": "curve", **given, **options}
            drawn |= {"drawstyle": "steps-pre"} if one.kind == "pr" else {}
            ax.plot(x, y, **drawn)
    _frame(ax, first, title)
    return ax


def label(curve: Curve) -> str:
    """What the legend says: the class, and the area where there is one."""
    who = name(curve.name)
    if curve.area is None or not curve.area_name:
        return who or TITLES.get(curve.kind, curve.kind)
    what = AREAS.get(curve.area_name, curve.area_name.replace("_", " "))
    text = f"{what} {'undefined' if np.isnan(curve.area) else format(curve.area, '.3f')}"
    return f"{who}: {text}" if who else text


def _drawn(curve: Curve, most: int = POINTS) -> tuple[Any, Any]:
    """The points that are drawn; precision holds back to the recall before it."""
    kept = thinned(curve.x, curve.y, most)
    x, y = curve.x[kept], curve.y[kept]
    if curve.kind == "pr" and len(x):
        x, y = np.concatenate([[0.0], x]), np.concatenate([y[:1], y])
    return x, y


def _baseline(ax: Any, many: list[Curve]) -> None:
    """What a model that knows nothing would reach, once for each level of it."""
    there = [line for line in ax.lines if line.get_gid() == "baseline"]
    levels = dict.fromkeys(tuple(np.round(np.concatenate(one.baseline), 12).tolist()) for one in many)
    drawn = {tuple(np.round(np.concatenate(line.get_data()), 12).tolist()) for line in there}
    for level in levels if len(levels) <= NAMED else ():
        if level not in drawn and not np.isnan(level).any():
            words = "no skill" if not there else "_"
            half = len(level) // 2
            there += ax.plot(
                level[:half], level[half:], color="#808080", linestyle=":", linewidth=1.5, label=words, gid="baseline",
                zorder=1.5,
            )  # fmt: skip


def _crowd(ax: Any, many: list[Curve]) -> None:
    """Many curves as one thin bundle."""
    collections = require("matplotlib.collections", extra="plot")
    lines = [np.column_stack(_drawn(one, 200)) for one in many]
    bundle = collections.LineCollection(
        lines, colors=[COLOURS[0]], linewidths=0.7, alpha=max(0.08, min(0.6, 12 / len(many))),
        label=f"each of {len(many):,} classes against the rest",
    )  # fmt: skip
    ax.add_collection(bundle)
    ax.autoscale_view()


def _frame(ax: Any, curve: Curve, title: str | None) -> None:
    """Axis names, limits that cut no line in half, and the legend where the curve is not."""
    ticker = require("matplotlib.ticker", extra="plot")
    ax.set_xlabel(curve.x_name.capitalize(), fontsize=11, **PLAIN)
    ax.set_ylabel(curve.y_name.capitalize(), fontsize=11, **PLAIN)
    ax.set_xlim(-0.015, 1.015)
    if curve.kind == "lift":
        highest = max((float(np.nanmax(line.get_ydata(), initial=1.0)) for line in ax.lines), default=1.0)
        ax.set_ylim(0, 1.06 * highest)
    else:
        ax.set_ylim(-0.015, 1.015)
        ax.yaxis.set_major_locator(ticker.MultipleLocator(0.2))
        ax.set_aspect("equal", adjustable="box")
    ax.xaxis.set_major_locator(ticker.MultipleLocator(0.2))
    ax.set_axisbelow(True)
    ax.grid(visible=True, color="#808080", alpha=0.25, linewidth=0.6)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    heading = TITLES.get(curve.kind, curve.kind) if title is None else title
    ax.set_title(heading, loc="left", fontsize=11, **PLAIN)
    legend = ax.legend(loc=CORNERS.get(curve.kind, "best"), fontsize=9, framealpha=0.85)
    for text in legend.get_texts():
        text.set(fontfamily=families([text.get_text()]), **PLAIN)
