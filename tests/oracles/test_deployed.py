"""The prevalence of rows without a truth: published forms, EM as a plain loop, coverage, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import unconfused as uc
from unconfused.errors import InsufficientData, NotKept, ScoresOutOfRange, UsageError
from unconfused.inference.deployed import of_new_calls


def known(p: int = 500, n: int = 500, gap: float = 1.5, seed: int = 0, **options: Any) -> uc.Evaluation:
    rng = np.random.default_rng(seed)
    y = np.repeat([1, 0], [p, n])
    return uc.evaluate(y, y_score=rng.normal(size=p + n) + gap * y, score_kind="raw", **options)


def new(share: float, n: int = 1000, gap: float = 1.5, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=n) + gap * (rng.random(n) < share)


def test_calls_by_rogan_and_gladen() -> None:
    """(q + specificity - 1) / (sensitivity + specificity - 1), Rogan & Gladen 1978; the same by the table of Lipton
    et al. 2018: w = C⁻¹ μ, and the prevalence is that of the rows times w.
    """
    cm = uc.ConfusionMatrix.from_counts([[850, 150], [60, 240]], labels=["no", "yes"], pos_label="yes")
    found = of_new_calls(cm, 300, 1000)
    assert found.estimate.value == pytest.approx((0.3 - 0.15) / (0.8 - 0.15), abs=1e-6)
    joint = np.array([[850, 60], [150, 240]]) / 1300
    weights = np.linalg.solve(joint, [0.7, 0.3])
    assert found.estimate.value == pytest.approx(weights[1] * 300 / 1300, abs=1e-6)
    assert np.isnan(found.fit)
    assert not found.findings


def test_the_interval_of_calls_is_wide_by_both_samples() -> None:
    """The delta method over the share called, TPR and FPR, far from either end."""
    cm = uc.ConfusionMatrix.from_counts([[850, 150], [60, 240]], labels=["no", "yes"], pos_label="yes")
    e = of_new_calls(cm, 300, 1000).estimate
    share, j = e.value, 0.65
    var = 0.3 * 0.7 / 1000 + share**2 * 0.8 * 0.2 / 300 + (1 - share) ** 2 * 0.15 * 0.85 / 1000
    assert e.high - e.low == pytest.approx(2 * 1.96 * np.sqrt(var) / j, rel=0.03)


def test_many_known_rows_give_what_em_gives() -> None:
    """Saerens, Latinne & Decaestecker 2002: reweight calibrated probabilities, average, again; with normal scores."""
    ev, s = known(100_000, 100_000), new(0.15, 5000)
    p = 1 / (1 + np.exp(1.5**2 / 2 - 1.5 * s))  # calibrated at half and half
    share = 0.5
    for _ in range(500):
        odds = p / (1 - p) * share / (1 - share)
        share = float((odds / (1 + odds)).mean())
    assert float(ev.prevalence_of(y_score=s)) == pytest.approx(share, abs=0.006)


@pytest.mark.parametrize(("share", "p", "n"), [(0.1, 300, 300), (0.02, 200, 600), (0.5, 100, 100)])
def test_how_often_it_holds_the_truth(share: float, p: int, n: int) -> None:
    """40 pairs of samples: intervals from scores and from calls, and false alarms about the fit."""
    held, called, alarms = 0, 0, 0
    for seed in range(40):
        ev, s = known(p, n, seed=seed), new(share, 500, seed=seed + 1000)
        found = ev.prevalence_of(y_score=s)
        by_call = ev.prevalence_of(y_pred=(s >= 1).astype(int), threshold=1)
        held += found.estimate.low <= share <= found.estimate.high
        called += by_call.estimate.low <= share <= by_call.estimate.high
        alarms += bool(found.findings)
    assert held >= stats.binom.ppf(0.005, 40, 0.95)
    assert called >= stats.binom.ppf(0.005, 40, 0.95)
    assert alarms <= 3


def test_what_is_no_mixture_is_told() -> None:
    """Scores narrower than either class; the finding stands in the text and in the data."""
    ev = known(2000, 2000)
    found = ev.prevalence_of(y_score=0.3 * np.random.default_rng(1).normal(size=2000) + 0.75)
    assert found.fit < 1e-6
    assert [finding.code for finding in found.findings] == ["CM-DRIFT"]
    assert "CM-DRIFT" in str(found)
    assert "CM-DRIFT" in found._repr_html_()
    told = found.to_dict()
    assert told["findings"][0]["code"] == "CM-DRIFT"
    assert told["known"] == 0.5


def test_it_goes_into_at_prevalence() -> None:
    """As it is; the view is of the share found. Exact and binned scores find much the same."""
    ev = known()
    found = ev.prevalence_of(y_score=new(0.1))
    assert ev.at_prevalence(found).at(1.0).prevalence == float(found)
    assert "1,000 new rows" in str(found)
    binned = known(grid="floatbits").prevalence_of(y_score=new(0.1))
    assert float(binned) == pytest.approx(float(found), abs=0.01)


def test_scores_of_any_kind() -> None:
    """Log-odds and probabilities rank alike, so they tell alike."""
    y = np.repeat([1, 0], 300)
    s, z = np.random.default_rng(0).normal(size=600) + y, new(0.2, gap=1.0)
    by_odds = uc.evaluate(y, y_score=s, score_kind="logit").prevalence_of(y_score=z)
    by_chance = uc.evaluate(y, y_score=1 / (1 + np.exp(-s))).prevalence_of(y_score=1 / (1 + np.exp(-z)))
    assert float(by_odds) == pytest.approx(float(by_chance))


def test_few_rows_and_perfect_models() -> None:
    """No two rows of both classes at any score: one cut is left, and the interval is there."""
    ev = uc.evaluate([0] * 8 + [1] * 8, y_score=np.arange(16) / 16)
    e = ev.prevalence_of(y_score=[0.05, 0.1, 0.9, 0.95]).estimate
    assert 0 <= e.low < 0.4 < e.value < 0.6 < e.high <= 1


def test_what_it_refuses() -> None:
    """Each with what to type."""
    ev = known(50, 50)
    with pytest.raises(UsageError, match="exactly one"):
        ev.prevalence_of()
    with pytest.raises(InsufficientData, match="no new row"):
        ev.prevalence_of(y_score=[])
    with pytest.raises(NotKept, match="much the same score"):
        uc.evaluate([0, 1], y_score=[0.5, 0.5]).prevalence_of(y_score=[0.5])
    with pytest.raises(ScoresOutOfRange):
        uc.evaluate([0, 1], y_score=[0.4, 0.5]).prevalence_of(y_score=[1.5])
    with pytest.raises(NotKept, match=r"ev\[0\]\.prevalence_of"):
        uc.evaluate([0, 1, 2], y_score=np.eye(3)).prevalence_of(y_score=[0.5])
    with pytest.raises(uc.UnconfusedError):
        uc.evaluate([0, 1], [0, 1]).prevalence_of(y_pred=[0, 7])
    with pytest.raises(NotKept, match="come in units"):
        uc.evaluate([0, 1] * 20, y_score=np.arange(40) / 40, unit=np.arange(40) // 2).prevalence_of(y_score=[0.5])
    with pytest.raises(NotKept, match="One of the classes"):
        uc.evaluate([0, 0], y_score=[0.4, 0.5], labels=[0, 1]).prevalence_of(y_score=[0.5])
