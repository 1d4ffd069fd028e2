"""What each kind of curve asks of its Axes: names, limits that cut no line in half, scales, the legend."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from unconfused.errors import require
from unconfused.show.figure.text import PLAIN, families

if TYPE_CHECKING:
    from unconfused.curves import Curve

PERCENT = (0.0001, 0.001, 0.01, 0.1, 1, 5, 20, 40, 60, 80, 95, 99, 99.9, 99.99, 99.999, 99.9999)
"""Where an axis of normal deviates may have its marks."""
EDGE = 0.015


@dataclass(frozen=True)
class Look:
    """How a kind of curve is drawn.

    Attributes:
        corner: where the legend stands.
        baseline: what the baseline is called.
        steps: matplotlib's ``drawstyle``, of lines that jump; else "".
        square: both axes alike, from 0 to 1.
        y_name: what the axis is called, where the name of the curve's y is not all that is drawn.
    """

    corner: str = "best"
    baseline: str = "no skill"
    steps: str = ""
    square: bool = True
    y_name: str = ""


LOOKS = {
    "roc": Look("lower right"),
    "pr": Look("lower left", steps="steps-pre"),
    "gain": Look("lower right"),
    "lift": Look("upper right", square=False),
    "response": Look("lower left"),
    "det": Look("upper right", square=False),
    "ks": Look("upper right", steps="steps-post", square=False, y_name="share of the class called positive"),
    "cost": Look("upper left", "all or nothing called positive", square=False),
    "net_benefit": Look("upper right", "nothing called positive", square=False),
    "calibration": Look("upper left", "calibrated"),
    "risk_coverage": Look("center left", "every row as sure", steps="steps-pre", square=False),
}


def frame(ax: Any, curve: Curve, title: str) -> None:
    """Finish the Axes of a curve."""
    look, ticker = LOOKS[curve.kind], require("matplotlib.ticker", extra="plot")
    ax.set_xlabel(_sentence(curve.x_name), fontsize=11, **PLAIN)
    ax.set_ylabel(_sentence(look.y_name or curve.y_name), fontsize=11, **PLAIN)
    if curve.kind == "det":
        _deviates(ax)
        ax.set_xlabel(f"{ax.get_xlabel()} (%)")
        ax.set_ylabel(f"{ax.get_ylabel()} (%)")
    else:
        _limits(ax, curve, look, ticker)
    ax.set_axisbelow(True)
    ax.grid(visible=True, color="#808080", alpha=0.25, linewidth=0.6)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.set_title(title, loc="left", fontsize=11, **PLAIN)
    legend = ax.legend(loc=look.corner, fontsize=9, framealpha=0.85)
    legend.set_in_layout(False)  # long names do not take the room of the curves
    for text in legend.get_texts():
        text.set(fontfamily=families([text.get_text()]), **PLAIN)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _limits(ax: Any, curve: Curve, look: Look, ticker: Any) -> None:
    ends, seen = (0.0, 1.0), _values(ax, 0)
    if curve.kind == "ks" and seen.size and not 0 <= seen.min() <= seen.max() <= 1:  # raw scores have their own units
        ends = (float(seen.min()), float(seen.max()))
    edge = EDGE * (ends[1] - ends[0])
    ax.set_xlim(ends[0] - edge, ends[1] + edge)
    if (ends[0], ends[1]) == (0, 1):
        ax.xaxis.set_major_locator(ticker.MultipleLocator(0.2))
    if look.square or curve.kind == "ks":
        ax.set_ylim(-EDGE, 1 + EDGE)
        ax.yaxis.set_major_locator(ticker.MultipleLocator(0.2))
        if look.square:
            ax.set_aspect("equal", adjustable="box")
        return
    low = {"net_benefit": -0.15}.get(curve.kind, 0.0)
    highest = float(_values(ax, 1, ("curve", "baseline")).max(initial=1.0 if curve.kind == "lift" else 0.0)) or 1.0
    ax.set_ylim(low * highest, (1.3 if curve.kind == "cost" else 1.06) * highest)


def _values(ax: Any, axis: int, kinds: tuple[str, ...] = ("curve",)) -> Any:
    """All finite coordinates of the lines drawn so far."""
    found = [np.asarray(line.get_data()[axis], np.float64) for line in ax.lines if line.get_gid() in kinds]
    together = np.concatenate([np.zeros(0), *found])
    return together[np.isfinite(together)]


# ── normal deviates ───────────────────────────────────────────────────────────────────────────
def _deviates(ax: Any) -> None:
    """Both axes as normal deviates, wide enough for the smallest rate that is not 0; a rate of 0 or 1 has
    none, and the line leaves the Axes."""
    ticker = require("matplotlib.ticker", extra="plot")
    marks = [mark / 100 for mark in PERCENT]
    for axis, (scale, limits, ticks) in enumerate(
        ((ax.set_xscale, ax.set_xlim, ax.xaxis), (ax.set_yscale, ax.set_ylim, ax.yaxis))
    ):
        seen = _values(ax, axis)
        seen = seen[(seen > 0) & (seen < 1)]
        low, high = min(0.01, seen.min(initial=0.01) / 1.5), max(0.9, 1 - (1 - seen.max(initial=0.9)) / 1.5)
        scale("function", functions=(deviate, normal))
        limits(low, high)
        ticks.set_major_locator(ticker.FixedLocator([mark for mark in marks if low <= mark <= high]))
        ticks.set_minor_locator(ticker.NullLocator())
        ticks.set_major_formatter(ticker.FuncFormatter(lambda x, _: f"{100 * x:.6g}"))


def deviate(rates: Any) -> Any:
    """Φ⁻¹, of rates that are kept off 0 and 1.    Shape: any."""
    inverse = np.vectorize(NormalDist().inv_cdf, otypes=[np.float64])
    return inverse(np.clip(np.nan_to_num(rates, nan=0.5), 1e-12, 1 - 1e-12))


def normal(deviates: Any) -> Any:
    """Φ.    Shape: any."""
    return np.vectorize(NormalDist().cdf, otypes=[np.float64])(deviates)
