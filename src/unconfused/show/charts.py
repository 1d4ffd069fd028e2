"""The curves of the page: Vega-Lite charts, thinned to what a picture can show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from unconfused.errors import require
from unconfused.show.escape import visible
from unconfused.show.points import TITLES, thinned

if TYPE_CHECKING:
    from unconfused.curves import Curve

AREAS = {"roc_auc": "ROC AUC", "average_precision": "average precision"}
DARK, PALE, HEIGHT = "var(--line-dark)", "#80808080", 300
POINTS = 500
"""Points that are drawn of a curve that stands alone; of several, two fifths each."""
CHOSEN = "chosen"
"""The signal that names the class whose curve is drawn dark."""
LOOK: dict[str, Any] = {
    "background": None,
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
"""Colours that follow the page, light or dark."""


@dataclass(frozen=True)
class Chart:
    """One chart: its place in the page, what is written over it, its classes and its Vega-Lite specification."""

    id: str
    title: str
    note: str
    classes: list[str]
    spec: dict[str, Any]


def charts(curves: Mapping[str, Mapping[str, Curve]]) -> list[Chart]:
    """A chart for each kind of curve: ``{kind: {class: Curve}}``."""
    return [_chart(kind, by_class) for kind, by_class in curves.items() if by_class]


def _chart(kind: str, by_class: Mapping[str, Curve]) -> Chart:
    alt = require("altair", extra="html")
    first, *others = by_class.values()
    most = POINTS if not others else POINTS * 2 // 5
    rows = [row for name, curve in by_class.items() for row in _rows(name, curve, most)]
    levels = [point for name, curve in by_class.items() for point in _ends(name, curve)]
    highest = max((row["y"] for row in rows), default=1.0) if kind == "lift" else 1.0
    fifths = alt.Axis(tickCount=5, labelOverlap=True)
    x = alt.X("x:Q", title=first.x_name, scale=alt.Scale(domain=[0, 1], nice=False), axis=fifths)
    y = alt.Y("y:Q", title=first.y_name, scale=alt.Scale(domain=[0, max(1.0, 1.05 * highest)], nice=False, clamp=True))
    if kind != "lift":
        y = alt.Y("y:Q", title=first.y_name, scale=alt.Scale(domain=[0, 1], nice=False))
    chosen = f"datum.class === {CHOSEN}"
    shape = "step-before" if kind == "pr" else "linear"
    tooltip = [
        alt.Tooltip("class:N", title="class"),
        alt.Tooltip("t:N", title="score at least"),
        alt.Tooltip("x:Q", title=first.x_name, format=".3f"),
        alt.Tooltip("y:Q", title=first.y_name, format=".3f"),
    ]
    base = alt.Chart(alt.NamedData(name="points")).encode(x=x, y=y, order=alt.Order("i:Q"))
    layers = [
        alt.Chart(alt.NamedData(name="baseline"))
        .transform_filter(chosen)
        .mark_line(strokeDash=[3, 3], color="#808080")
        .encode(x=x, y=y, order=alt.Order("i:Q"))
    ]
    if others:
        layers.append(base.mark_line(interpolate=shape, strokeWidth=1, color=PALE).encode(detail="class:N"))
    layers.append(base.transform_filter(chosen).mark_line(interpolate=shape, strokeWidth=2.5, color=DARK))
    layers.append(base.transform_filter(chosen).mark_point(size=90, opacity=0, filled=True).encode(tooltip=tooltip))
    made = (
        alt.layer(*layers)
        .add_params(alt.param(name=CHOSEN, value=next(iter(by_class))))
        .properties(width="container", height=HEIGHT, description=f"{TITLES[kind]}: {first.y_name} by {first.x_name}")
        .properties(autosize=alt.AutoSizeParams(type="fit", contains="padding"))
    )
    spec = made.to_dict()
    spec |= {"config": LOOK, "datasets": {"points": rows, "baseline": levels}}
    return Chart(kind, TITLES[kind], _note(by_class), list(by_class), spec)


def _rows(name: str, curve: Curve, most: int) -> list[dict[str, Any]]:
    kept = thinned(curve.x, curve.y, most)
    rows = [
        {"class": name, "i": i, "x": _short(curve.x[k]), "y": _short(curve.y[k]), "t": said(float(curve.thresholds[k]))}
        for i, k in enumerate(kept.tolist())
    ]
    if curve.kind == "pr" and rows:  # precision holds back to recall 0
        rows.insert(0, {**rows[0], "i": -1, "x": 0.0})
    return rows


def _ends(name: str, curve: Curve) -> list[dict[str, Any]]:
    """The baseline of a curve, where it has one."""
    pairs = list(zip(*(side.tolist() for side in curve.baseline), strict=True))
    finite = all(map(math.isfinite, (value for pair in pairs for value in pair)))
    return [{"class": name, "i": i, "x": x, "y": y} for i, (x, y) in enumerate(pairs)] if finite else []


def _note(by_class: Mapping[str, Curve]) -> str:
    (first, *others) = by_class.values()
    if others or first.area is None or not first.area_name:
        return ""
    value = "undefined" if math.isnan(first.area) else f"{first.area:.3f}"
    return f"{visible(first.name)}: {AREAS.get(first.area_name, first.area_name)} {value}"


def _short(value: Any) -> float:
    return float(f"{float(value):.6g}")


def said(threshold: float) -> str:
    """A threshold as it is written: inf is above every score."""
    return "(above every score)" if threshold == math.inf else f"{threshold:.6g}"
