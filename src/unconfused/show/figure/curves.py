"""Curves of every threshold, drawn beside a model that knows nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from unconfused.errors import UsageError, require
from unconfused.show.figure.axes import LOOKS, frame
from unconfused.show.figure.reliability import draw_rates
from unconfused.show.points import TITLES, thinned
from unconfused.show.table import name

if TYPE_CHECKING:
    from unconfused.curves import Curve

COLOURS = ("#0072B2", "#C04A00", "#00805F", "#A8518A", "#8A6D00", "#3D6FD9")
"""Told apart by the colour-blind, and readable as text on white and on black."""
GREY = "#808080"
AREAS = {"roc_auc": "ROC AUC", "average_precision": "AP", "ks": "KS", "ece": "ECE", "ece_equal_mass": "ECE",
         "aurc": "AURC"}  # fmt: skip
LONGEST = 24
"""Columns that the name of a class may take in a legend."""
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
            _line(ax, one, alone=len(many) == 1, options=options)
    frame(ax, first, TITLES.get(first.kind, first.kind) if title is None else title)
    return ax


def label(curve: Curve) -> str:
    """What the legend says: the class, and the area where there is one."""
    who = name(curve.name, LONGEST)
    if curve.area is None or not curve.area_name:
        there = np.isfinite(curve.x) & np.isfinite(curve.y)
        text = "" if there.any() else "undefined"
    else:
        what, _, argument = curve.area_name.partition("(")
        what = AREAS.get(what, what.replace("_", " ")) + (f" ({argument}" if argument else "")
        text = f"{what} {'undefined' if np.isnan(curve.area) else format(curve.area, '.3f')}"
        text = f"recall, {text}" if curve.kind == "ks" else text
    return ": ".join(filter(None, (who, text))) or TITLES.get(curve.kind, curve.kind)


def _line(ax: Any, one: Curve, alone: bool, options: dict[str, Any]) -> None:
    """One curve, and what stands beside it, in the next colour."""
    started = sum(line.get_gid() == "curve" for line in ax.lines)
    style = {"color": COLOURS[started % len(COLOURS)], "linestyle": ("-", "--")[started // len(COLOURS) % 2]}
    given = {key: style[key] for key in style if key not in options and key[0] not in options}
    drawn = {"linewidth": 2, "label": label(one), "gid": "curve", **given, **options}
    steps = LOOKS[one.kind].steps
    drawn |= {"drawstyle": steps} if steps else {}
    x, y = _drawn(one)
    drawn |= {"marker": "o", "markersize": 4.5} if len(x) == 1 and "marker" not in options else {}
    (line,) = ax.plot(x, y, **drawn)
    if one.rows is None and one.interval is not None:
        kept = thinned(one.x, one.y, POINTS)
        low, high = (end[kept] for end in one.interval)
        ax.fill_between(
            one.x[kept], low, high, color=line.get_color(), alpha=0.18, linewidth=0, label=one.interval_name, zorder=1,
        )  # fmt: skip
    if one.rows is not None:
        draw_rates(ax, one, line, alone=alone and not started)
    for words, values in one.beside.items():
        own = one.kind == "ks"  # belongs to the curve; what belongs to the data is grey
        shown = {line.get_label() for line in ax.lines}
        ax.plot(
            *_drawn(replace(one, y=values)), color=line.get_color() if own else GREY, linestyle="--", linewidth=1.5,
            drawstyle=steps or "default", label="_" if words in shown else words, gid="beside", zorder=1.8,
        )  # fmt: skip


def _drawn(curve: Curve, most: int = POINTS) -> tuple[Any, Any]:
    """The points that are drawn; precision holds back to the recall before it."""
    across, up = _to_the_ends(curve) if curve.kind == "ks" else (curve.x, curve.y)
    kept = thinned(across, up, most)
    x, y = across[kept], up[kept]
    if curve.kind == "pr" and len(x):
        x, y = np.concatenate([[0.0], x]), np.concatenate([y[:1], y])
    return x, y


def _to_the_ends(curve: Curve) -> tuple[Any, Any]:
    """Thresholds above the highest score call nothing positive, and below the lowest everything."""
    scores = curve.x[np.isfinite(curve.x)]
    if not scores.size:
        return curve.x, curve.y
    low, high = float(scores.min()), float(scores.max())
    room = 0.0 if 0 <= low <= high <= 1 else 0.03 * (high - low) or 1.0
    ends = (low - room, high + room) if room else (0.0, 1.0)
    return np.concatenate([ends[1:], curve.x[1:], ends[:1]]), np.append(curve.y, curve.y[-1:])


def _baseline(ax: Any, many: list[Curve]) -> None:
    """What a model that knows nothing would reach, once for each level of it."""
    there = [line for line in ax.lines if line.get_gid() == "baseline"]
    levels = dict.fromkeys(tuple(np.round(np.concatenate(one.baseline), 12).tolist()) for one in many)
    drawn = {tuple(np.round(np.concatenate(line.get_data()), 12).tolist()) for line in there}
    for level in levels if len(levels) <= NAMED else ():
        if level not in drawn and not np.isnan(level).any():
            words = "_" if there else LOOKS[many[0].kind].baseline
            half = len(level) // 2
            there += ax.plot(
                level[:half], level[half:], color=GREY, linestyle=":", linewidth=1.5, label=words, gid="baseline",
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
