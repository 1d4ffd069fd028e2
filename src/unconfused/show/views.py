"""The linked charts of a binary page: Vega-Lite frames with fixed scales, which the page fills from its counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from unconfused.curves import Curve
from unconfused.errors import require
from unconfused.show.points import TITLES, thinned
from unconfused.tally.scores import ScoreTally

BLUE, ORANGE = "var(--first)", "var(--second)"
"""Two hues that every kind of colour blindness tells apart."""
HEIGHT, BARS = 300, 40
POINTS, FEW = 300, 60
TOP, BOTTOM, LOW, HIGH = "top", "bottom", "low", "high"
"""Signals: the ends of an axis whose range follows the prevalence, and of the axis of scores."""


LOOK: dict[str, Any] = {
    "background": None,
    "aria": False,
    "mark": {"invalid": None},
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        **dict.fromkeys(("labelColor", "titleColor", "domainColor", "tickColor"), "currentColor"),
        "gridColor": "#80808040",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
}
"""Colours that follow the page, light or dark. Each chart as a whole has a name; its thousand points have none."""


@dataclass(frozen=True)
class View:
    """One chart: its place in the page, what stands over it, and its Vega specification without data."""

    id: str
    title: str
    note: str
    spec: Mapping[str, Any]


@cache
def views(probable: bool) -> tuple[View, ...]:
    """The charts of one class against the other, those of a probability only where scores are ``probable``."""
    made = [
        _view("roc", "false positive rate", "recall", "Further up and left is better; on the dashed line is chance."),
        _view("pr", "recall", "precision", "Dashed: calling everything positive."),
        _view("gain", "share called positive", "recall", "How much is found by looking at the highest scores."),
        _view("lift", "share called positive", "lift", "How much denser than all rows those called are.", top=True),
        _view("cost", "probability-cost of a miss", "normalised expected cost", "Thin: this threshold at every cost.",
              most=0.55),
    ]  # fmt: skip
    if probable:
        made += [
            _view("net_benefit", "threshold probability", "net benefit",
                  "Thin: everything called positive. The price is the threshold's own.", top=True, below=True),
            _view("calibration", "probability", "observed rate",
                  "Band: where 95 % of the points would lie if the probabilities were right."),
        ]  # fmt: skip
    return (*made, View("scores", "Scores of each class", "The line is the threshold.", _bars()))


def pictures(tally: ScoreTally, calibration: Curve | None, few: int | None = None) -> dict[str, Any]:
    """What the charts show that does not follow from the counts at the stops; with ``few`` stops in less detail."""
    made = {"scores": histogram(tally)}
    return (
        made
        if calibration is None
        else made | {"calibration": _reliability(calibration, POINTS if few is None else FEW)}
    )


def _view(
    id: str,
    x_name: str,
    y_name: str,
    note: str,
    *,
    top: bool = False,
    below: bool = False,
    most: float = 1,
    data: Any = None,
) -> View:
    """A frame with a band, a baseline, a thin line, the curve, and the operating point on it."""
    alt = require("altair", extra="html")
    upper = alt.expr(TOP) if top else most
    lower = alt.expr(BOTTOM) if below else 0
    fifths = alt.Axis(tickCount=5, labelOverlap=True)
    x = alt.X("x:Q", title=x_name, scale=alt.Scale(domain=[0, 1], nice=False), axis=fifths)
    y = alt.Y("y:Q", title=y_name, scale=alt.Scale(domain=[lower, upper], nice=False, clamp=top), axis=fifths)
    order = alt.Order("i:Q")

    def of(name: str) -> Any:
        return alt.Chart(alt.NamedData(name=name))

    shape = "step-before" if id == "pr" else "linear"
    layers = [
        of("band").mark_area(color=BLUE, opacity=0.18).encode(x=x, y=y, y2="y2:Q"),
        of("base").mark_line(strokeDash=[4, 4], color="#808080").encode(x=x, y=y, order=order),
        of("thin").mark_line(strokeWidth=1.2, color=ORANGE, clip=True).encode(x=x, y=y, order=order),
        of("line").mark_line(interpolate=shape, strokeWidth=2.2, color=BLUE).encode(x=x, y=y, order=order),
        of("best").mark_point(shape="diamond", size=130, strokeWidth=2, color="currentColor").encode(x=x, y=y),
        of("dot").mark_point(filled=True, size=130, color=ORANGE, opacity=1, stroke="currentColor").encode(x=x, y=y),
    ]
    return View(id, TITLES[id], note, _spec(alt.layer(*layers), f"{TITLES[id]}: {y_name} by {x_name}"))


def _bars() -> dict[str, Any]:
    """Shares of each class in bins of the score, and the threshold as a line."""
    alt = require("altair", extra="html")
    scale = alt.Scale(domain=[alt.expr(LOW), alt.expr(HIGH)], nice=False, clamp=True)
    x = alt.X("x:Q", title="score", scale=scale, axis=alt.Axis(tickCount=5, labelOverlap=True))
    bars = (
        alt.Chart(alt.NamedData(name="bars"))
        .mark_bar(opacity=0.55, strokeWidth=0)
        .encode(
            x=x,
            x2="x2:Q",
            y=alt.Y("y:Q", title="share of the class", scale=alt.Scale(domain=[0, alt.expr(TOP)], nice=False),
                    stack=None, axis=alt.Axis(tickCount=5, format="%")),
            y2=alt.datum(0),
            color=alt.Color("class:N", scale=alt.Scale(range=[BLUE, ORANGE]),
                            legend=alt.Legend(orient="top", title=None, labelLimit=150, symbolOpacity=0.55), sort=None),
        )
    )  # fmt: skip
    rule = alt.Chart(alt.NamedData(name="dot")).mark_rule(color="currentColor", strokeWidth=2).encode(x=x)
    return _spec(alt.layer(bars, rule), "Scores of each class, and the threshold")


def _spec(chart: Any, description: str) -> dict[str, Any]:
    alt = require("altair", extra="html")
    signals = {TOP: 1.0, BOTTOM: 0.0, LOW: 0.0, HIGH: 1.0}
    made = chart.add_params(*(alt.param(name=name, value=x) for name, x in signals.items())).properties(
        width="container", height=HEIGHT, description=description,
        autosize=alt.AutoSizeParams(type="fit", contains="padding"),
    )  # fmt: skip
    look = LOOK | {"legend": {"labelColor": "currentColor", "labelFontSize": 12}}
    lite = made.to_dict() | {"config": look}
    spec: dict[str, Any] = require("vl_convert", extra="html").vegalite_to_vega(lite, vl_version=vegalite())
    return spec  # Vega, so that no browser has to compile it again


@cache
def bundle() -> str:
    """What draws the charts: Vega without Vega-Lite, of whose size and start the page needs nothing."""
    convert = require("vl_convert", extra="html")
    vega = f"https://cdn.jsdelivr.net/npm/vega@{convert.get_vega_version()}/+esm"  # a name: vl-convert holds the file
    snippet = f'import {{View, parse, Warn}} from "{vega}"; window.vega = {{View, parse, Warn}};'
    text: str = convert.javascript_bundle(snippet=snippet, vl_version=vegalite())
    return text.replace("\r\n", "\n").replace("</script", "<\\/script")


def vegalite() -> str:
    """The version of Vega-Lite that Altair writes, or the newest that there is."""
    written: str = require("altair", extra="html").SCHEMA_VERSION.removeprefix("v")
    known: list[str] = require("vl_convert", extra="html").get_vegalite_versions()
    short = ".".join(written.split(".")[:2])
    return short if short in known else known[-1]


def histogram(tally: ScoreTally) -> dict[str, Any]:
    """Shares of each class in bins of equal width; of raw scores the outer bins reach to the ends.

    A cell of a binned tally lies in the bin of its lowest score.
    """
    masses = tally.masses
    at = tally.scores if tally.score_kind == "raw" else tally.probabilities
    low, high = (0.0, 1.0) if tally.score_kind != "raw" else _span(at[np.isfinite(at)])
    edges = np.linspace(low, high, BARS + 1)
    place = np.clip(np.searchsorted(edges, at, side="right") - 1, 0, BARS - 1)
    shares = [np.bincount(place, x, BARS) / (x.sum() or 1.0) for x in masses.T]
    return {
        "low": low,
        "high": high,
        "edges": [_short(x) for x in edges],
        "negative": [_short(x) for x in shares[0]],
        "positive": [_short(x) for x in shares[1]],
    }


def _span(scores: Any) -> tuple[float, float]:
    low, high = (float(scores[0]), float(scores[-1])) if len(scores) else (0.0, 1.0)
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _reliability(curve: Curve, most: int) -> dict[str, Any]:
    kept = thinned(curve.x, curve.y, most)
    columns = {"x": curve.x, "y": curve.y}
    columns |= {} if curve.expected is None else {"low": curve.expected[0], "high": curve.expected[1]}
    return {name: [_short(x) for x in values[kept]] for name, values in columns.items()}


def _short(x: Any) -> float | None:
    return float(f"{float(x):.5g}") if np.isfinite(x) else None
