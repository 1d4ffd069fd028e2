"""Training on resampled or weighted rows, taken back: by the formulas, by moved scores, and of a fitted model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import unconfused as uc
from unconfused.errors import NotKept, UsageError
from unconfused.tally.prevalence import at_prevalence

BETAS = (1e-3, 0.1, 0.5, 1.0)


def rows(seed: int = 0, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.2).astype(int)
    return y, (1 / (1 + np.exp(1 - rng.normal(size=n) - 2 * y))).round(3)


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("kind", ["probability", "logit"])
def test_probabilities_are_those_of_the_formula(beta: float, kind: Any) -> None:
    """p = β p_s / (β p_s - p_s + 1), Dal Pozzolo et al. 2015: the same as a pass over scores moved row by row."""
    y, p = rows()
    scores = p if kind == "probability" else np.log(p / (1 - p))
    made = uc.evaluate(y, y_score=scores, score_kind=kind).recalibrated(undersampled=beta)
    moved = beta * p / (beta * p - p + 1)
    tally: Any = made.scores
    assert tally.probabilities == pytest.approx(np.unique(moved), rel=1e-12)
    for metric in ("brier", "log_loss", "roc_auc", "average_precision", "ece(10)"):
        assert float(made.estimate(metric)) == pytest.approx(
            float(uc.evaluate(y, y_score=moved).estimate(metric)), rel=1e-9
        )


def test_the_ranking_stays_to_the_bit() -> None:
    y, p = rows()
    ev = uc.evaluate(y, y_score=p)
    made = ev.recalibrated(undersampled=0.1)
    for metric in ("roc_auc", "average_precision", "ks", "partial_roc_auc(0.1)"):
        assert str(made.estimate(metric)) == str(ev.estimate(metric))
        assert float(made.estimate(metric)) == float(ev.estimate(metric))
    point, other = (x.choose(cost={"fp": 1, "fn": 5}) for x in (ev, made))
    assert point.matrix.ravel() == other.matrix.ravel()
    assert other.threshold == pytest.approx(0.1 * point.threshold / (0.1 * point.threshold + 1 - point.threshold))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["probability", "logit"])
def test_a_view_of_a_view_moves_scores_from_where_they_were(weighted: bool, kind: Any) -> None:
    """By way of another prevalence as straight: the odds of both steps count, not of the last alone."""
    y, p = rows()
    scores = p if kind == "probability" else np.log(p / (1 - p))
    weights = np.random.default_rng(1).uniform(0.5, 2, len(y)) if weighted else None
    tally = uc.evaluate(y, y_score=scores, score_kind=kind, sample_weight=weights).scores
    straight = at_prevalence(tally, 0.05, recalibrate=True)
    around = at_prevalence(at_prevalence(at_prevalence(tally, 0.6), 0.3), 0.05, recalibrate=True)
    assert around.scores == pytest.approx(straight.scores, rel=1e-12)
    assert not np.allclose(straight.scores, tally.scores, rtol=0.1)
    assert around.masses == pytest.approx(straight.masses, rel=1e-12)


@pytest.mark.parametrize("weights", [{0: 1, 1: 10}, {0: 0.1, 1: 1}, {0: np.float32(2), 1: 20}])
def test_weights_of_classes_are_a_share_of_the_negatives(weights: dict[int, float]) -> None:
    """Positives that weigh ten times as much are negatives of which a tenth was kept."""
    y, p = rows()
    ev = uc.evaluate(y, y_score=p)
    one, other = ev.recalibrated(class_weight=weights), ev.recalibrated(undersampled=0.1)
    assert one.scores.scores == pytest.approx(other.scores.scores, rel=1e-6)  # type: ignore[union-attr]
    named = uc.evaluate(y, y_score=p, labels={0: "good", 1: "bad"}, pos_label=1)
    again = named.recalibrated(class_weight={"good": 1, "bad": 10})
    assert again.scores.scores == pytest.approx(other.scores.scores)  # type: ignore[union-attr]


def test_a_model_trained_on_few_negatives_is_calibrated_again() -> None:
    """Logistic regression on a tenth of the negatives, and with weights in its loss: undone, it tells what the
    whole would have told.
    """
    linear = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(1)
    y = (rng.random(60_000) < 0.05).astype(int)
    x = rng.normal(size=(60_000, 1)) + 1.5 * y[:, None]
    train, test = np.arange(60_000) < 30_000, np.arange(60_000) >= 30_000
    kept = train & ((y == 1) | (rng.random(60_000) < 0.1))
    few = linear.LogisticRegression(C=1e6).fit(x[kept], y[kept])
    weighed = linear.LogisticRegression(C=1e6, class_weight={0: 1, 1: 10}).fit(x[train], y[train])
    for model, how in ((few, {"undersampled": 0.1}), (weighed, {"class_weight": {0: 1, 1: 10}})):
        ev = uc.evaluate(y[test], y_score=model.predict_proba(x[test])[:, 1])
        made = ev.recalibrated(**how)
        assert float(made.estimate("log_loss")) < 0.8 * float(ev.estimate("log_loss"))
        mean = np.average(made.scores.probabilities, weights=made.scores.mass.sum(1))
        assert mean == pytest.approx(0.05, abs=0.006)
        assert made.choose(cost={"fp": 1, "fn": 9}).threshold == pytest.approx(0.1, abs=0.03)


def test_everything_beside_the_scores_moves_along(tmp_path: Path) -> None:
    """Slices, units and row costs answer from the moved scores; the result adds and is saved like any other."""
    y, p = rows()
    land = np.where(np.arange(400) % 3, "DE", "US")
    moved = 0.2 * p / (0.2 * p - p + 1)

    def counted(scores: np.ndarray, at: Any = slice(None), **more: Any) -> Any:
        return uc.evaluate(y[at], y_score=scores[at], row_cost={"fp": 1, "fn": 7}, **more)

    made = counted(p, by={"land": land}).recalibrated(undersampled=0.2)
    own = counted(moved, by={"land": land})
    assert made.choose(cost="row").matrix.ravel() == own.choose(cost="row").matrix.ravel()
    assert made.by["land"]["US"].choose(cost="row").threshold == pytest.approx(
        own.by["land"]["US"].choose(cost="row").threshold
    )
    halves = [counted(p, np.arange(400) % 2 == i).recalibrated(undersampled=0.2) for i in (0, 1)]
    whole = counted(p).recalibrated(undersampled=0.2)
    assert sum(halves).tallies == whole.tallies  # type: ignore[attr-defined]
    whole.save(tmp_path / "x.uc")
    assert uc.load(tmp_path / "x.uc").tallies == whole.tallies
    unit = np.arange(400) // 4
    units = uc.evaluate(y, y_score=p, unit=unit).recalibrated(undersampled=0.2).estimate("brier")
    assert str(units) == str(uc.evaluate(y, y_score=moved, unit=unit).estimate("brier"))


def test_what_cannot_be_taken_back_says_so() -> None:
    y, p = rows()
    ev = uc.evaluate(y, y_score=p)
    no_shares: list[Any] = [0, -1, 1.5, True, "0.1", np.nan]
    no_weights: list[Any] = [{0: 1}, {0: 0, 1: 1}, {0: 1, 1: np.inf}, 3, "balanced", {0: "a", 1: 1}]
    for how in (
        {}, {"undersampled": 0.1, "class_weight": {0: 1, 1: 2}}, *({"undersampled": x} for x in no_shares),
        *({"class_weight": x} for x in no_weights),
    ):  # fmt: skip
        with pytest.raises(UsageError):
            ev.recalibrated(**how)
    for other in (
        uc.evaluate(y, y_score=p, score_kind="raw"), ev.coarsen("folded"), uc.evaluate(y, y),
        uc.evaluate([0, 1, 2], y_score=np.full((3, 3), 1 / 3)),
    ):  # fmt: skip
        with pytest.raises(NotKept):
            other.recalibrated(undersampled=0.1)
