"""The picture of a chosen threshold, and what a saved figure holds."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import unconfused as uc

matplotlib = pytest.importorskip("matplotlib")
plt = pytest.importorskip("matplotlib.pyplot")
LONG = "a class whose name goes on and on for much longer than any axis is wide"


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """No figure outlives its test, and no setting of matplotlib changes in one."""
    before = dict(matplotlib.rcParams)
    yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == before


def scored(n: int = 300, kind: str = "probability", **options: Any) -> uc.Evaluation:
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 2, n)
    score = np.clip(0.3 * truth + 0.7 * rng.random(n), 0, 1).round(2)
    return uc.evaluate(truth, y_score=score if kind == "probability" else 8 * score - 4, score_kind=kind, **options)


def drawn(ax: Any) -> dict[str, Any]:
    """The lines of a picture by what they are."""
    return {line.get_gid(): line for line in ax.lines if line.get_gid()}


CASES: dict[str, Any] = {
    "cost": lambda: scored().choose(cost={"fp": 1, "fn": 5}),
    "metric": lambda: scored().choose(maximize="f1"),
    "bound": lambda: scored().choose(maximize="precision.low"),
    "condition": lambda: scored().choose(maximize="recall", where="precision >= 0.8"),
    "log-odds": lambda: scored(kind="logit").choose(cost={"fp": 3, "fn": 1}),
    "raw": lambda: scored(kind="raw").choose(cost={"fp": 1, "fn": 5}),
    "nothing": lambda: scored().choose(cost={"fp": 10_000, "fn": 0.001}),
    "prevalence": lambda: scored().at_prevalence(0.05).choose(cost={"fp": 1, "fn": 9}),
    "binned": lambda: scored(grid="folded").choose(cost={"fp": 1, "fn": 5}),
    "queue": lambda: scored().choose(maximize="recall", queue=10, per=100),
    "long": lambda: scored(labels={0: "no", 1: LONG}).choose(maximize="mcc"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_chosen_threshold(case: str) -> None:
    """The dot stands at the threshold and on the line; none allowed is better; nothing is cut off."""
    point = CASES[case]()
    ax = point.plot()
    lines = drawn(ax)
    line, (x, y) = lines.get("met", lines["course"]), lines["chosen"].get_data()
    across, up = line.get_data()
    at = min(float(point.threshold), float(across.max()))
    assert x[0] == at
    assert y[0] == point.apparent.value
    if case != "bound":
        assert up[np.searchsorted(across, at)] == pytest.approx(point.apparent.value, rel=1e-12)
        best = np.nanmin(up) if point.objective.startswith("lowest") else np.nanmax(up)
        assert best == pytest.approx(point.apparent.value, rel=1e-12)
    assert ("met" in lines) == (case in ("condition", "queue"))
    assert ("theory" in lines) == (point.theory is not None)
    assert f"{point.apparent.value:.3f}" in " ".join(t.get_text() for t in ax.get_legend().get_texts())
    figure = ax.figure
    figure.canvas.draw()
    box = ax.get_tightbbox(figure.canvas.get_renderer())
    assert figure.bbox.x0 <= box.x0
    assert box.x1 <= figure.bbox.x1
    assert box.y1 <= figure.bbox.y1


def test_every_threshold_is_in_the_course() -> None:
    """The course is the objective of the matrix at each threshold."""
    ev = scored()
    point = ev.choose(maximize="recall", where="precision >= 0.8")
    for t, value, met in zip(point.course.thresholds, point.course.values, point.course.met, strict=True):
        cm = ev.at(t)
        assert value == float(cm.estimate("recall"))
        assert met == (float(cm.estimate("precision")) >= 0.8)


def test_your_axes() -> None:
    """What was given is drawn into, with your title, and nothing else is opened."""
    _, axes = plt.subplots(1, 2)
    assert CASES["cost"]().plot(axes[1], title="mine $x_{$") is axes[1]
    assert axes[1].get_title(loc="left") == "mine $x_{$"
    assert not axes[0].lines
    assert plt.get_fignums() == [1]


def test_by_row() -> None:
    """Costs that differ from row to row have a course too."""
    rng = np.random.default_rng(0)
    truth, score = rng.integers(0, 2, 200), rng.random(200).round(2)
    ev = uc.evaluate(truth, y_score=score, row_cost={"fp": 2, "fn": 9 * rng.random(200)})
    point = ev.choose(cost="row")
    ax = point.plot()
    assert drawn(ax)["chosen"].get_data()[1][0] == pytest.approx(np.nanmin(point.course.values))


@pytest.mark.parametrize("fonttype", [3, 42])
def test_fonts_are_embedded(fonttype: int) -> None:
    """A PDF holds the fonts that it names; an SVG draws letters as paths and needs none."""
    figure = CASES["cost"]().plot().figure
    pdf, svg = io.BytesIO(), io.StringIO()
    with matplotlib.rc_context({"pdf.fonttype": fonttype, "pdf.compression": 0}):
        figure.savefig(pdf, format="pdf")
    figure.savefig(svg, format="svg")
    fonts = re.findall(rb"/Subtype /(\w+)\b[^>]*?/Type /Font\b|/Type /Font\b[^>]*?/Subtype /(\w+)\b", pdf.getvalue())
    kinds = {kind for pair in fonts for kind in pair if kind}
    assert kinds <= ({b"Type3"} if fonttype == 3 else {b"Type0", b"CIDFontType2"})
    assert kinds
    assert b"/CharProcs" in pdf.getvalue() if fonttype == 3 else b"/FontFile2" in pdf.getvalue()
    assert "<text" not in svg.getvalue()
