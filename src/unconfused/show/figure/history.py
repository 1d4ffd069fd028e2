"""A training history: what each epoch brought, training beside validation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unconfused.errors import UsageError, require
from unconfused.show.figure.curves import COLOURS
from unconfused.show.figure.text import PLAIN, families
from unconfused.show.table import name

LOSSES = ("loss", "error", "entropy", "mse", "mae", "rmse", "mape", "hinge", "divergence", "perplexity", "nll")
PANELS = ("Loss", "Rate", "Learning rate", "Value")
VALIDATION = "val_"
STEP = 12.0
"""Points between the names of two lines."""


@dataclass(frozen=True)
class Line:
    """One metric of one part of the data, a value for each epoch."""

    metric: str
    part: str
    values: np.ndarray[Any, np.dtype[np.float64]]


def plot_history(history: Any, ax: Any = None) -> Any:
    """Draw loss and rates per epoch, in panels of their own, each line named where it ends.

    Args:
        history: a Keras ``History``, a dict ``{metric: [value per epoch]}``, or a list with one dict per epoch. Metrics
            that begin with ``val_`` are of the validation data. Epochs count from 1.
        ax: as many Axes as there are panels (losses, rates, the learning rate, other values); without them a figure is
            opened through pyplot.

    Returns:
        An array of the Axes.

    Raises:
        UsageError: nothing that can be read as a history, or another number of Axes.
    """
    lines, first = _read(history)
    panels = {title: group for title in PANELS if (group := [line for line in lines if panel_of(line, lines) == title])}
    if ax is None:
        plt = require("matplotlib.pyplot", extra="plot")
        size = (5.4 * len(panels), 3.8)
        axes = list(plt.subplots(1, len(panels), figsize=size, layout="constrained", squeeze=False)[1][0])
    else:
        axes = list(np.ravel(ax))
    if len(axes) != len(panels):
        raise UsageError(
            f"The history fills {len(panels)} panels ({', '.join(panels)}), and ax= holds {len(axes)} Axes.",
            fix=f"Pass {len(panels)}: fig, axes = plt.subplots(1, {len(panels)}).",
        )
    for axis, (title, group) in zip(axes, panels.items(), strict=True):
        _panel(axis, title, group, first)
    return np.array(axes, dtype=object)


def panel_of(line: Line, lines: Sequence[Line]) -> str:
    """Where a line belongs: its name decides, then whether all values of that metric are shares."""
    words = line.metric.lower()
    if words in ("lr", "learning_rate"):
        return "Learning rate"
    shares = all(0 <= x <= 1 for other in lines if other.metric == line.metric for x in other.values.tolist() if x == x)
    if any(word in words for word in LOSSES) and not (shares and "rate" in words):
        return "Loss"
    return "Rate" if shares else "Value"


def _read(history: Any) -> tuple[list[Line], int]:
    """The lines of a history, and the number of its first epoch."""
    kept = getattr(history, "history", history)
    epochs = [int(epoch) for epoch in (getattr(history, "epoch", None) or [])]
    if isinstance(kept, Sequence) and kept and all(isinstance(one, Mapping) for one in kept):
        metrics = dict.fromkeys(key for one in kept for key in one)
        kept = {key: [one.get(key, math.nan) for one in kept] for key in metrics}
    if not hasattr(kept, "items") or not kept:
        raise UsageError(
            f"{type(history).__name__} holds no history of training.",
            fix="Pass what model.fit() returned, {'loss': [...], 'val_loss': [...]}, or a list of one dict per epoch.",
        )
    lines = []
    for key, values in kept.items():
        text = str(key)
        if text == "epoch":
            continue
        try:
            numbers = np.array([float(value) for value in values], np.float64)
        except (TypeError, ValueError):
            fix = "Each metric needs one number per epoch."
            raise UsageError(f"The history's {text!r} is not a list of numbers.", fix=fix) from None
        part = "validation" if text.startswith(VALIDATION) else "training"
        lines.append(Line(text.removeprefix(VALIDATION), part, numbers))
    if not any(len(line.values) for line in lines):
        raise UsageError("The history has no epoch.", fix="Train for at least one.")
    return lines, (epochs[0] if epochs else 0) + 1


def _panel(ax: Any, title: str, lines: Sequence[Line], first: int) -> None:
    ticker = require("matplotlib.ticker", extra="plot")
    metrics = list(dict.fromkeys(line.metric for line in lines))
    ends: list[tuple[float, float, str, str]] = []
    for line in lines:
        place = metrics.index(line.metric) if len(metrics) > 1 else int(line.part == "validation")
        colour, style = COLOURS[place % len(COLOURS)], "--" if line.part == "validation" else "-"
        epochs = np.arange(first, first + len(line.values))
        words = line.part if len(metrics) == 1 else f"{spoken(line.metric)}, {line.part}"
        few = np.isfinite(line.values).sum() <= 3
        ax.plot(
            epochs, line.values, color=colour, linestyle=style, linewidth=2, label=words, marker="o" if few else None
        )
        seen = np.flatnonzero(np.isfinite(line.values))
        if len(seen):
            ends.append((float(epochs[seen[-1]]), float(line.values[seen[-1]]), words, colour))
    ax.margins(x=0.02, y=0.06)
    values = np.concatenate([line.values[np.isfinite(line.values)] for line in lines] or [np.zeros(0)])
    low, high = ax.get_ylim()
    if len(values) and (title == "Rate" and len(set(values.tolist())) == 1):
        low, high = 0.0, 1.0
    elif len(values) and title != "Rate" and values.min() >= 0:
        low, high = 0.0, 1.06 * (float(values.max()) or 1.0)
    if title == "Rate":
        low, high = max(low, -0.01), min(high, 1.01)
    ax.set_ylim(low, high)
    if title != "Learning rate":
        _name_ends(ax, ends)
    ax.xaxis.set_major_locator(ticker.MaxNLocator(8, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    ax.set_xlabel("Epoch", fontsize=11, **PLAIN)
    ax.set_ylabel(spoken(metrics[0]).capitalize() if len(metrics) == 1 else title, fontsize=11, **PLAIN)
    ax.set_axisbelow(True)
    ax.grid(visible=True, color="#808080", alpha=0.25, linewidth=0.6)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _name_ends(ax: Any, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """The names of lines beside their last points, moved apart where they would overlap."""
    figure = ax.get_figure(root=False)
    low, high = ax.get_ylim()
    points = ax.get_position(original=True).height * figure.bbox.height * 72 / figure.dpi
    unit = max(points, 1.0) / ((high - low) or 1.0)
    last = max((x for x, *_ in ends), default=0.0)
    ends = sorted(ends, key=lambda end: end[1])
    wanted = [(y - low) * unit for _, y, *_ in ends]
    spots: list[float] = []
    for at in wanted:
        spots.append(max(at, spots[-1] + STEP) if spots else at)
    for back, place in enumerate(reversed(range(len(spots)))):
        spots[place] = min(spots[place], points - STEP * (back + 0.5))  # pushed down again: none leaves the panel
    for (_, y, words, colour), spot, at in zip(ends, spots, wanted, strict=True):
        ax.annotate(
            words, (last, y), (7, spot - at), textcoords="offset points", va="center", ha="left", fontsize=9.5,
            color=colour, annotation_clip=False, fontfamily=families([words]), **PLAIN,
        )  # fmt: skip


def spoken(metric: str) -> str:
    """The name of a metric in words."""
    return name(metric.replace("_", " "))
