"""Pictures, with matplotlib: right by default, drawn into your Axes or into a figure that pyplot shows."""

from __future__ import annotations

from typing import Any

import numpy as np

from unconfused.errors import require
from unconfused.show.figure.curves import plot_curve
from unconfused.show.figure.history import plot_history
from unconfused.show.figure.matrix import plot_matrix
from unconfused.show.figure.point import plot_point
from unconfused.show.figure.referral import plot_referral
from unconfused.show.figure.text import settle
from unconfused.tally.confusion import ConfusionMatrix

__all__ = ["plot_curve", "plot_evaluation", "plot_history", "plot_matrix", "plot_point", "plot_referral"]

MOST = 24
"""Labels of a multilabel problem that are drawn."""


def plot_evaluation(ev: Any, threshold: Any = None) -> Any:
    """Matrix and curves in one figure, opened through pyplot.

    Args:
        ev: an `Evaluation`.
        threshold: the rule under which the matrix is made; without it the decision stated at the pass, if there is one.

    Returns:
        An array of the Axes: the matrix (where something was decided), then ROC, precision and recall, gain (and lift,
        where nothing was). Multilabel: one matrix for each label.
    """
    matrix = ev.at(threshold) if threshold is not None else ev.matrix if ev.decided else None
    if ev.scores is None and isinstance(matrix, ConfusionMatrix):
        return plot_matrix(matrix, [None, "true"])
    plt = require("matplotlib.pyplot", extra="plot")
    if matrix is not None and not isinstance(matrix, ConfusionMatrix):
        return _labels(plt, matrix)
    kinds = ["roc", "pr", "gain"] if matrix is not None else ["roc", "pr", "gain", "lift"]
    figure, axes = plt.subplots(2, 2, figsize=(11.2, 9.8), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.14, h_pad=0.14)
    flat = list(axes.flat)
    if matrix is not None:
        plot_matrix(matrix, ax=flat[0], colorbar=True)
    for ax, kind in zip(flat[-len(kinds) :], kinds, strict=True):
        plot_curve(ev.curve(kind), ax=ax)
    settle(figure)
    return np.array(flat, dtype=object)


def _labels(plt: Any, matrices: Any) -> Any:
    """One small matrix for each label, the first ones of many."""
    shown = list(matrices.items())[:MOST]
    columns = min(4, max(1, len(shown)))
    rows = -(-len(shown) // columns) or 1
    figure, axes = plt.subplots(rows, columns, figsize=(3.6 * columns, 3.7 * rows), layout="constrained", squeeze=False)
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    for ax in axes.flat[len(shown) :]:
        ax.set_axis_off()
    for ax, (label, matrix) in zip(axes.flat, shown, strict=False):
        plot_matrix(matrix, ax=ax, title=str(label))
    if len(matrices) > len(shown):
        figure.suptitle(f"the first {len(shown)} of {len(matrices)} labels", fontsize=10)
    settle(figure)
    return np.array(list(axes.flat[: len(shown)]), dtype=object)
