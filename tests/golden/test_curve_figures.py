"""Pictures of every kind of curve: what can be checked of them without looking at pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import unconfused as uc
from unconfused.curves import KINDS
from unconfused.show.figure import plot_curve

matplotlib = pytest.importorskip("matplotlib")
plt = pytest.importorskip("matplotlib.pyplot")
LONG = "a class whose name goes on and on for much longer than any legend is wide"


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """No figure outlives its test, and no setting of matplotlib changes in one."""
    before = dict(matplotlib.rcParams)
    yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == before


def scored(n: int = 400, **options: Any) -> uc.Evaluation:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, n)
    return uc.evaluate(truth, y_score=np.clip(0.25 * truth + 0.75 * rng.random(n), 0, 1), **options)


def inside(ax: Any) -> bool:
    """Every name, axis name, title and the legend lies within the figure, once drawn."""
    figure = ax.figure
    figure.canvas.draw()
    boxes = [ax.get_tightbbox(figure.canvas.get_renderer()), ax.get_legend().get_window_extent()]
    return all(
        figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 and figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1
        for box in boxes
    )


def gids(ax: Any) -> list[str]:
    return [line.get_gid() for line in ax.lines]


def legend(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("kind", KINDS)
def test_a_curve_alone(kind: str) -> None:
    """Its line, its baseline, its summary in the legend, and nothing cut off."""
    curve = scored().curve(kind)
    ax = curve.plot()
    assert gids(ax).count("curve") == 1
    assert gids(ax).count("baseline") == (kind != "ks")
    assert curve.area is None or any(f"{curve.area:.3f}" in text for text in legend(ax))
    assert all(name in legend(ax) for name in curve.beside)
    assert ax.get_title(loc="left")
    assert inside(ax)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", ["one class", "one point", "long names", "many classes", "right"])
def test_curves_of_odd_tallies(kind: str, case: str) -> None:
    """Undefined curves say so, single points are seen, long names are cut, many classes are a bundle."""
    rng = np.random.default_rng(0)
    many = 30 if case == "many classes" else 3
    p = rng.dirichlet(np.ones(many), 8 * many)
    names = [LONG, "$x_1$", "c"] if case == "long names" else list(range(many))
    ev = {
        "one class": lambda: uc.evaluate([0, 0, 0], y_score=[0.1, 0.2, 0.7], labels=[0, 1]),
        "one point": lambda: uc.evaluate([0, 1], y_score=[0.3, 0.3]),
        "right": lambda: uc.evaluate([0, 0, 1, 1], y_score=[0.0, 0.1, 0.9, 1.0]),
    }.get(case, lambda: uc.evaluate(np.array(names)[np.arange(8 * many) % many], y_score=p, labels=names))()
    apart = kind == "risk_coverage" and ev.kind == "multiclass"  # asked of one class after the other
    ax = plot_curve({x: ev[x].curve(kind) for x in ev.labels.names} if apart else ev.curve(kind))
    assert inside(ax)
    if case == "one class" and kind in ("roc", "det", "gain", "cost", "ks"):
        assert any("undefined" in text for text in legend(ax))
    if case == "many classes":
        assert len(ax.collections) >= 1
        assert gids(ax).count("curve") == 0
    for line in ax.lines:
        if line.get_gid() == "curve" and len(line.get_xdata()) == 1:
            assert line.get_marker() == "o"


def test_det_has_axes_of_normal_deviates() -> None:
    """On which the line of no skill is straight, and a rate of 0 leads out of the picture."""
    curve = scored().curve("det")
    ax = curve.plot()
    low, middle, high = (ax.transData.transform((x, 1 - x)) for x in (0.05, 0.5, 0.95))
    assert (high - middle) == pytest.approx(middle - low, abs=1e-6)
    assert ax.get_xscale() == ax.get_yscale() == "function"
    assert 0 < ax.get_xlim()[0] < curve.x[curve.x > 0].min()
    assert ax.get_xlabel().endswith("(%)")


def test_thresholds_of_ks_reach_from_end_to_end() -> None:
    """Above the highest score nothing is called, below the lowest everything: in probabilities and in other units."""
    ax = scored().curve("ks").plot()
    x, y = next(line for line in ax.lines if line.get_gid() == "curve").get_data()
    assert (x[0], y[0], x[-1], y[-1]) == (1, 0, 0, 1)
    raw = uc.evaluate([0, 1, 1], y_score=[-30, 12, 40], score_kind="raw").curve("ks").plot()
    assert raw.get_xlim()[0] < -30
    assert raw.get_xlim()[1] > 40


@pytest.mark.parametrize(("how", "bars"), [("isotonic", False), ("equal width", True), ("equal mass", True)])
def test_the_reliability_diagram(how: str, bars: bool) -> None:
    """A band for chance, an interval on every bin, and where the rows are; of two models neither band nor rows."""
    curve = scored().curve("calibration", how=how)
    ax = curve.plot()
    assert {"calibrated", "expected if calibrated", "rows"} <= set(legend(ax))
    assert len(ax.collections) == 1 + bars
    assert len(ax.patches) > 1
    before = len(ax.patches)
    curve.plot(ax=ax, label="another")
    assert len(ax.patches) == before
    assert gids(ax).count("baseline") == 1


def test_net_benefit_shows_where_it_is_worth_something() -> None:
    """Calling everything positive falls without end; the picture stops a little below 0."""
    curve = scored().curve("net_benefit")
    ax = curve.plot()
    assert curve.beside["everything called positive"].min() < -10
    assert -0.3 * curve.y.max() < ax.get_ylim()[0] < 0
    assert ax.get_ylim()[1] > curve.y.max()
