"""The risk-coverage curve and the area under it, by loops over the rows and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unconfused as uc
from unconfused.errors import NotKept


def points(y: np.ndarray, p: np.ndarray, weights: np.ndarray) -> list[tuple[float, float, float]]:
    """Confidence, coverage and selective risk, one confidence after the other, the highest first."""
    sure, wrong = np.maximum(p, 1 - p), (p >= 0.5) != y
    found = []
    for level in sorted(set(sure.tolist()), reverse=True):
        decided = sure >= level
        found.append(
            (level, weights[decided].sum() / weights.sum(), weights[decided & wrong].sum() / weights[decided].sum())
        )
    return found


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("digits", [1, 2, 15])
def test_the_points_and_the_area_by_a_loop(digits: int, weighted: bool) -> None:
    rng = np.random.default_rng(digits)
    for _ in range(10):
        y, p = rng.integers(0, 2, 60), rng.random(60).round(digits)
        w = rng.integers(1, 9, 60) / 4 if weighted else np.ones(60)
        ev = uc.evaluate(y, y_score=p, sample_weight=w if weighted else None)
        curve: Any = ev.curve("risk_coverage")
        slow = points(y, p, w)
        assert np.stack([curve.thresholds, curve.x, curve.y], 1) == pytest.approx(np.array(slow))
        area = sum((b - a) * risk for (_, b, risk), a in zip(slow, [0, *(x for _, x, _ in slow)], strict=False))
        assert curve.area == pytest.approx(area)
        assert float(ev.estimate("aurc")) == curve.area
        assert curve.y[-1] == curve.baseline[1][0] == pytest.approx(1 - float(ev.at(0.5).estimate("accuracy")))


def test_without_ties_it_is_the_mean_risk_of_the_surest_rows() -> None:
    """(1/n) Σ_k errors among the k surest / k: Geifman, Uziel & El-Yaniv 2019; four rows by hand."""
    ev = uc.evaluate([1, 1, 0, 1], y_score=[0.9, 0.2, 0.3, 0.6])
    # surest first: 0.9 right, 0.2 wrong, 0.3 right, 0.6 right
    assert float(ev.estimate("aurc")) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, 500), rng.random(500)
    wrong = ((p >= 0.5) != y)[np.argsort(-np.maximum(p, 1 - p))]
    assert float(uc.evaluate(y, y_score=p).estimate("aurc")) == pytest.approx(
        (wrong.cumsum() / np.arange(1, 501)).mean()
    )


def test_a_confidence_that_knows_nothing_costs_the_error_rate() -> None:
    """Rows are referred by chance: the risk stays the same. A perfect order has the least area there can be."""
    rng = np.random.default_rng(1)
    blind = rng.random(20_000) < 0.3
    sure = 0.5 + rng.random(20_000) / 2.001
    ev = uc.evaluate((~blind).astype(int), y_score=sure)
    assert float(ev.estimate("aurc")) == pytest.approx(0.3, abs=0.02)
    best = uc.evaluate((~blind).astype(int), y_score=np.where(blind, 0.5 + sure / 100, sure / 2 + 0.5))
    assert float(best.estimate("aurc")) == pytest.approx(0.3 + 0.7 * np.log(0.7), abs=0.01)


def test_log_odds_are_as_sure_as_they_are_large() -> None:
    """Nothing saturates: logits of 40 and 50 are told apart where their probabilities are both 1."""
    y, z = np.array([0, 1, 1, 0, 0]), np.array([40.0, 50.0, -1.0, -2.0, -60.0])
    ev = uc.evaluate(y, y_score=z, score_kind="logit")
    assert float(ev.estimate("aurc")) == pytest.approx((0 + 0 + 1 / 3 + 1 / 4 + 2 / 5) / 5)
    curve: Any = ev.curve("risk_coverage")
    assert curve.thresholds[-1] == pytest.approx(1 / (1 + np.exp(-1)))


def test_an_interval_holds_the_area_of_the_population() -> None:
    """Of 100 samples of 300 rows, 95 % intervals hold what a million rows show in 88 or more."""
    rng = np.random.default_rng(2)

    def sample(n: int) -> Any:
        p = rng.beta(0.7, 0.9, n)
        return uc.evaluate((rng.random(n) < p).astype(int), y_score=p)

    truth, held = float(sample(10**6).estimate("aurc")), 0
    for _ in range(100):
        e = sample(300).estimate("aurc")
        assert e.low <= e.value <= e.high
        held += e.low <= truth <= e.high
    assert held >= 88


def test_what_does_not_say_how_sure_it_is_is_refused() -> None:
    for ask in (lambda ev: ev.curve("risk_coverage"), lambda ev: ev.estimate("aurc")):
        with pytest.raises(NotKept, match="raw"):
            ask(uc.evaluate([0, 1], y_score=[0.1, 2.0], score_kind="raw"))
    labels = uc.evaluate(np.eye(3, dtype=int), y_score=np.eye(3) / 2 + 0.2, label_kind="multilabel")
    assert list(labels.curve("risk_coverage")) == [0, 1, 2]


def test_it_is_drawn_and_framed() -> None:
    pytest.importorskip("matplotlib")
    rng = np.random.default_rng(3)
    y, p = rng.integers(0, 2, 60), rng.random(60).round(2)
    curve: Any = uc.evaluate(y, y_score=p).curve("risk_coverage")
    assert list(curve.to_frame().columns) == ["threshold", "coverage", "selective risk"]
    axes = curve.plot()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Coverage", "Selective risk")
    assert any("AURC" in text.get_text() for text in axes.get_legend().get_texts())
