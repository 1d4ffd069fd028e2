"""Metrics of calibration against scikit-learn, loops over rows, and simulations of calibrated probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

import unconfused as uc
from unconfused.errors import NotKept, UsageError
from unconfused.inference import estimate
from unconfused.metrics import CATALOGUE, parse
from unconfused.metrics.ranking import Masses

calibration = pytest.importorskip("sklearn.calibration")
isotonic = pytest.importorskip("sklearn.isotonic")
ALL = [m.name for m in CATALOGUE.values() if m.kind == "calibration"]
ERRORS = ("ece", "ece_equal_mass", "squared_ece", "miscalibration")


def problem(seed: int, n: int = 300, power: float = 1.0) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Truth, probabilities (right where ``power`` is 1), weights."""
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    return (rng.random(n) < p**power).astype(int), p, rng.exponential(size=n)


def value(name: str, *args: Any, **options: Any) -> float:
    """A metric without its interval."""
    query = parse(name)
    return float(query.metric(Masses.of(uc.evaluate(*args, **options).scores), *query.args))


# ── the Brier score, taken apart ──────────────────────────────────────────────────────────────
@given(
    st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.8, 1.0])), min_size=1, max_size=20),
    st.booleans(),
)
def test_the_parts_add_up_to_the_brier_score(rows: list[tuple[int, float]], weighted: bool) -> None:
    """miscalibration - discrimination + uncertainty, and none of them is negative."""
    truth, p = np.array(rows).T
    weights = np.linspace(0.1, 3, len(rows)) if weighted else None
    tally = uc.evaluate(truth.astype(int), y_score=p, sample_weight=weights, labels=[0, 1]).scores
    mcb, dsc, unc, brier = (
        float(CATALOGUE[name](Masses.of(tally)))
        for name in ("miscalibration", "discrimination", "uncertainty", "brier")
    )
    assert mcb - dsc + unc == pytest.approx(brier, abs=1e-12)
    assert min(mcb, dsc, unc) >= 0


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_miscalibration_is_what_an_isotonic_regression_gains(seed: int, weighted: bool) -> None:
    truth, p, weights = problem(seed, power=0.5)
    p, w = p.round(2), weights if weighted else None
    fit = isotonic.IsotonicRegression().fit_transform(p, truth, sample_weight=w)
    rate = np.average(truth, weights=w)
    told, best, blind = (np.average((x - truth) ** 2, weights=w) for x in (p, fit, rate))
    for name, expected in (("miscalibration", told - best), ("discrimination", blind - best), ("uncertainty", blind)):
        assert value(name, truth, y_score=p, sample_weight=w) == pytest.approx(expected, rel=1e-9), name
    curve = uc.evaluate(truth, y_score=p, sample_weight=w).curve("calibration")
    order = np.searchsorted(p, curve.x, sorter=np.argsort(p))
    np.testing.assert_allclose(curve.y, fit[np.argsort(p)][order], atol=1e-12)


# ── errors over bins ──────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("bins", [1, 4, 10])
def test_errors_over_bins_by_loops_over_rows(bins: int) -> None:
    """Without ties and with bins that divide the rows, bins of equal mass are equal slices of the sorted rows."""
    truth, p, _ = problem(1, n=200, power=2)
    order = np.argsort(p)
    equal = squared = 0.0
    for rows in np.split(order, bins):
        rate, told, n = truth[rows].mean(), p[rows].mean(), len(rows)
        equal += n / 200 * abs(rate - told)
        squared += n / 200 * ((rate - told) ** 2 - rate * (1 - rate) / (n - 1))
    wide = 0.0
    for i in range(bins):
        rows = np.flatnonzero((p >= i / bins) & (p < (i + 1) / bins))
        wide += abs(truth[rows].sum() - p[rows].sum()) / 200
    for name, expected in (("ece", wide), ("ece_equal_mass", equal), ("squared_ece", squared)):
        assert value(f"{name}({bins})", truth, y_score=p) == pytest.approx(expected, abs=1e-12), name


def test_rows_of_one_score_stay_in_one_bin() -> None:
    """A score belongs to the bin in which its first row falls: 0.2 to the first half here."""
    truth, p = [0, 1, 0, 1, 1, 0], [0.1, 0.2, 0.2, 0.2, 0.2, 0.9]
    assert value("ece_equal_mass(2)", truth, y_score=p) == pytest.approx((abs(0.9 - 3) + abs(0.9 - 0)) / 6)


def test_an_alone_row_says_nothing_of_its_bin() -> None:
    """Each in a bin of its own, there is no debiased error."""
    found = uc.evaluate([0, 1, 1], y_score=[0.1, 0.5, 0.9]).estimate("squared_ece(3)")
    assert str(found) == "undefined (no bin holds two rows)"


def test_the_debiased_error_is_unbiased() -> None:
    """Of calibrated probabilities its mean is 0, and of others the true squared error."""
    edges = np.linspace(0, 1, 11)  # p - p² over ten slices of the unit interval, averaged within each
    gaps = np.diff(edges**2 / 2 - edges**3 / 3) * 10
    for power, truly in ((1.0, 0.0), (2.0, (gaps**2).mean())):
        made = [problem(seed, 200, power) for seed in range(150)]
        found = [value("squared_ece(10)", truth, y_score=p) for truth, p, _ in made]
        error = np.std(found) / np.sqrt(len(found))
        assert abs(np.mean(found) - truly) < 4 * error


# ── what calibrated probabilities would show ──────────────────────────────────────────────────
@pytest.mark.parametrize("name", [f"{name}(10)" if name != "miscalibration" else name for name in ERRORS])
def test_what_is_expected_is_what_calibrated_probabilities_show(name: str) -> None:
    """Mean and 95th percentile over fresh rows, each positive with the probability that was told."""
    _, p, _ = problem(0, 400)
    rng = np.random.default_rng(7)
    tallies = [uc.evaluate((rng.random(400) < p).astype(int), y_score=p).scores for _ in range(400)]
    query = parse(name)
    seen = np.array([float(query.metric(Masses.of(tally), *query.args)) for tally in tallies])
    mean, most = estimate(tallies[0], name).expected
    assert mean == pytest.approx(seen.mean(), abs=4 * seen.std() / 20)
    assert 0.91 <= (seen <= most).mean() <= 0.985


def test_the_expected_error_is_printed_beside_an_error() -> None:
    truth, p, _ = problem(2)
    ev = uc.evaluate(truth, y_score=p)
    for name in ALL:
        found = ev.estimate(name)
        assert (found.expected is not None) == (name in ERRORS)
        assert ("expected of calibrated probabilities" in str(found)) == (name in ERRORS)
    assert ev.estimate("ece").low == 0
    assert uc.evaluate(truth, y_score=p**3).estimate("ece").low > 0


def test_the_same_seed_expects_the_same() -> None:
    truth, p, _ = problem(2)
    ev = uc.evaluate(truth, y_score=p)
    assert ev.estimate("ece").expected == ev.estimate("ece").expected != ev.estimate("ece", seed=1).expected


# ── intervals ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("name", ["miscalibration", "discrimination"])
def test_the_error_of_a_part_is_that_of_its_replicates(name: str) -> None:
    """What the isotonic fit itself moves is of second order."""
    truth, p, _ = problem(3, 2000, power=3)
    ev = uc.evaluate(truth, y_score=p)
    by_delta, drawn = ev.estimate(name), ev.estimate(name, method="bootstrap")
    assert by_delta.high - by_delta.low == pytest.approx(drawn.high - drawn.low, rel=0.12)


@pytest.mark.parametrize(("power", "n"), [(1.0, 300), (3.0, 1000)])
def test_intervals_of_discrimination_and_uncertainty_hold_the_truth(power: float, n: int) -> None:
    """Of p uniform and y ~ p**power: DSC is the variance of the rate, UNC what the prevalence leaves."""
    rate = 1 / (power + 1)
    truly = {"discrimination": 1 / (2 * power + 1) - rate**2, "uncertainty": rate * (1 - rate)}
    hits = dict.fromkeys(truly, 0)
    for seed in range(200):
        truth, p, _ = problem(seed, n, power)
        ev = uc.evaluate(truth, y_score=p)
        for name, true in truly.items():
            found = ev.estimate(name)
            hits[name] += found.low <= true <= found.high
    assert hits["uncertainty"] >= 182
    assert hits["discrimination"] >= 168


@pytest.mark.parametrize("name", ALL)
def test_only_methods_that_give_an_interval_are_taken(name: str) -> None:
    truth, p, weights = problem(0, 60)
    ev = uc.evaluate(truth, y_score=p, sample_weight=weights)
    with pytest.raises(UsageError, match="does not give an interval"):
        ev.estimate(name, method="delong")
    with pytest.raises(NotKept, match="raw"):
        uc.evaluate(truth, y_score=p, score_kind="raw").estimate(name)
    found = ev.estimate(name)
    assert found.low <= found.value <= found.high
    assert found.low < found.high


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("case", ["one row", "one class", "one score", "right"])
def test_the_smallest_tallies_have_an_honest_interval(name: str, case: str) -> None:
    truth, p = {
        "one row": ([1], [0.7]),
        "one class": ([0, 0, 0], [0.1, 0.4, 0.4]),
        "one score": ([0, 1, 1], [0.5, 0.5, 0.5]),
        "right": ([0, 0, 1, 1], [0.0, 0.0, 1.0, 1.0]),
    }[case]
    found = uc.evaluate(truth, y_score=p, labels=[0, 1]).estimate(name)
    if not found.defined:
        assert name == "squared_ece"
        return
    low, high = CATALOGUE[name].range
    assert low <= found.low <= found.value <= found.high <= high


# ── the reliability diagram ───────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("how", "strategy"), [("equal width", "uniform"), ("equal mass", "quantile")])
def test_points_of_the_reliability_diagram_are_those_of_scikit_learn(how: str, strategy: str) -> None:
    truth, p, _ = problem(4, 300, power=2)
    rate, told = calibration.calibration_curve(truth, p, n_bins=10, strategy=strategy)
    curve = uc.evaluate(truth, y_score=p).curve("calibration", how=how, bins=10)
    np.testing.assert_allclose(curve.x, told, atol=1e-12)
    np.testing.assert_allclose(curve.y, rate, atol=1e-12)
    assert curve.rows.sum() == 300
    assert curve.area == value(curve.area_name, truth, y_score=p)


def test_bars_of_the_reliability_diagram() -> None:
    """Wilson's intervals of the rates, and the quantiles of binomials with the probabilities that were told."""
    truth, p, _ = problem(4, 300, power=2)
    curve = uc.evaluate(truth, y_score=p).curve("calibration", how="equal width", bins=5)
    z = stats.norm.ppf(0.975)
    n, y = curve.rows, curve.y
    middle, half = y + z**2 / 2 / n, z * np.sqrt(y * (1 - y) / n + z**2 / 4 / n**2)
    np.testing.assert_allclose(curve.interval[0], (middle - half) / (1 + z**2 / n), atol=1e-9)
    np.testing.assert_allclose(curve.interval[1], (middle + half) / (1 + z**2 / n), atol=1e-9)
    for end, tail in zip(curve.expected, (0.025, 0.975), strict=True):
        assert (np.abs(end - stats.binom.ppf(tail, n, curve.x) / n) <= 1.01 / n).all()


def test_bands_of_isotonic_rates_hold_calibrated_probabilities() -> None:
    """At each score by itself, at about their level; one that is far off leaves them."""
    inside = []
    for seed in range(25):
        truth, p, _ = problem(seed, 200)
        curve = uc.evaluate(truth, y_score=p).curve("calibration", seed=seed)
        low, high = curve.expected
        inside.append(((low <= curve.y) & (curve.y <= high)).mean())
    assert 0.92 <= np.mean(inside) <= 0.99
    truth, p, _ = problem(0, 200, power=4)
    curve = uc.evaluate(truth, y_score=p).curve("calibration")
    assert (curve.y < curve.expected[0]).mean() > 0.3


def test_weighted_rows_count_for_their_effective_number() -> None:
    """Four rows of weight 1 and one of weight 4 are (Σw)² / Σw² = 3.2 rows."""
    ev = uc.evaluate([0, 1, 0, 1, 1], y_score=[0.5] * 5, sample_weight=[1, 1, 1, 1, 4])
    curve = ev.curve("calibration", how="equal width")
    assert curve.rows.tolist() == [3.2]
    assert curve.y.tolist() == [0.75]
