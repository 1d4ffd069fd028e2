"""The picture of two chosen thresholds, and the courses behind it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import unconfused as uc

matplotlib = pytest.importorskip("matplotlib")
plt = pytest.importorskip("matplotlib.pyplot")
COST = {"fp": 1, "fn": 5, "abstain": 0.4}


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """No figure outlives its test."""
    yield
    plt.close("all")


def scored(n: int = 200, kind: str = "probability", **options: Any) -> uc.Evaluation:
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 2, n)
    score = np.clip(0.4 * truth + 0.6 * rng.random(n), 0, 1).round(2)
    return uc.evaluate(truth, y_score=score if kind == "probability" else 8 * score - 4, score_kind=kind, **options)


CASES: dict[str, Any] = {
    "plain": lambda: scored().choose(cost=COST),
    "never": lambda: scored().choose(cost={**COST, "abstain": 3}),
    "log-odds": lambda: scored(kind="logit").choose(cost=COST),
    "raw": lambda: scored(kind="raw").choose(cost=COST),
    "binned": lambda: scored(grid="folded").choose(cost=COST),
    "weighted": lambda: scored(sample_weight=np.linspace(0.5, 2, 200)).choose(cost=COST),
    "elsewhere": lambda: scored().at_prevalence(0.1).choose(cost=COST),
    "long": lambda: scored(labels={0: "no $x_{$", 1: "a class whose name goes on for longer than any axis"}).choose(
        cost=COST
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_two_chosen_thresholds(case: str) -> None:
    """Both lines are lowest at the chosen pair, whose cost they show; the shade lies between; nothing is cut off."""
    made = CASES[case]()
    ax = made.plot()
    lines = {line.get_gid(): line for line in ax.lines if line.get_gid()}
    x, y = lines["chosen"].get_data()
    assert (
        set(x) == {min(max(t, 0.0), float(lines["low"].get_xdata().max())) for t in (made.low, made.high)}
        or case == "raw"
    )
    assert set(y) == {made.expected_cost.value}
    for course, what in zip(made.courses, ("low", "high"), strict=True):
        assert np.nanmin(course.values) == pytest.approx(made.expected_cost.value, rel=1e-12)
        at = np.flatnonzero(course.thresholds == getattr(made, what))
        assert course.values[at] == pytest.approx(made.expected_cost.value, rel=1e-12)
        assert np.nanmin(lines[what].get_ydata()) == pytest.approx(made.expected_cost.value, rel=1e-12)
    shades = [patch for patch in ax.patches if patch.get_gid() == "referred"]
    assert len(shades) == (made.low < made.high)
    assert ("theory" in lines) == (made.theory is not None)
    assert f"{made.expected_cost.value:.3f}" in " ".join(t.get_text() for t in ax.get_legend().get_texts())
    figure = ax.figure
    figure.canvas.draw()
    box = ax.get_tightbbox(figure.canvas.get_renderer())
    assert figure.bbox.x0 <= box.x0
    assert box.x1 <= figure.bbox.x1
    assert box.y1 <= figure.bbox.y1


def test_courses_are_the_best_of_every_pair() -> None:
    """Against trying all pairs of thresholds by the matrices there."""
    ev = scored(60)
    made = ev.choose(cost=COST)
    thresholds = made.courses[0].thresholds

    def cost(low: float, high: float) -> float:
        upper, lower = ev.at(high), ev.at(low)
        referred = upper.tn + upper.fn - lower.tn - lower.fn
        return float(upper.fp * COST["fp"] + lower.fn * COST["fn"] + referred * COST["abstain"]) / upper.total

    tried = {(low, high): cost(low, high) for low, high in itertools.product(thresholds, repeat=2) if low <= high}
    for i, t in enumerate(thresholds):
        assert made.courses[0].values[i] == pytest.approx(min(c for (low, _), c in tried.items() if low == t))
        assert made.courses[1].values[i] == pytest.approx(min(c for (_, high), c in tried.items() if high == t))


def test_your_axes() -> None:
    """What was given is drawn into, with your title, and nothing else is opened."""
    _, axes = plt.subplots(1, 2)
    assert CASES["plain"]().plot(axes[1], title="mine") is axes[1]
    assert axes[1].get_title(loc="left") == "mine"
    assert not axes[0].lines
    assert plt.get_fignums() == [1]
