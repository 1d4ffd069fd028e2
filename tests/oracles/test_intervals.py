"""Intervals against published numbers, textbook formulas written out, and how often they hold the truth."""

from __future__ import annotations

import copy
import math
import pickle
import re
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from scipy import stats

from unconfused.errors import AmbiguousCall, NotKept, PositiveClassUnset, ThresholdUnset, UsageError
from unconfused.inference import Estimate, counts, estimate, estimates
from unconfused.inference.delta import Sample, by_cell, by_margin
from unconfused.inference.intervals import exact, jeffreys, wilson
from unconfused.inference.scores import delong_error, newcombe
from unconfused.labels import Labels
from unconfused.metrics import CATALOGUE, macro
from unconfused.metrics.catalogue import metric
from unconfused.metrics.language import parse
from unconfused.metrics.ranking import Masses
from unconfused.tally.cells import Cells
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.moments import Moments
from unconfused.tally.scores import ScoreTally

Z = stats.norm.ppf(0.975)


def binary(tn: int, fp: int, fn: int, tp: int, **options: Any) -> ConfusionMatrix:
    return ConfusionMatrix.from_counts([[tn, fp], [fn, tp]], labels=["no", "yes"], **options)


def ends(e: Estimate) -> tuple[float, float]:
    return e.low, e.high


# ── proportions ───────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("x", "n", "score", "clopper_pearson"),
    [
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_the_four_proportions_of_newcombe_1998(x: int, n: int, score: Any, clopper_pearson: Any) -> None:
    cm = binary(10, 5, n - x, x)
    assert ends(estimate(cm, "recall")) == pytest.approx(score, abs=5e-5)
    assert ends(estimate(cm, "recall", method="exact")) == pytest.approx(clopper_pearson, abs=5e-5)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_exact_and_jeffreys_are_quantiles_of_beta_distributions(level: float) -> None:
    x, n, tail = np.arange(1, 30.0), 30.0, (1 - level) / 2
    low, high = exact(x, np.full(29, n), level)
    np.testing.assert_allclose(low, stats.beta.ppf(tail, x, n - x + 1), rtol=1e-9)
    np.testing.assert_allclose(high, stats.beta.ppf(1 - tail, x + 1, n - x), rtol=1e-9)
    low, high = jeffreys(x, np.full(29, n), level)
    np.testing.assert_allclose(low, stats.beta.ppf(tail, x + 0.5, n - x + 0.5), rtol=1e-9)
    np.testing.assert_allclose(high, stats.beta.ppf(1 - tail, x + 0.5, n - x + 0.5), rtol=1e-9)


@pytest.mark.parametrize("n", [5, 30, 200])
def test_the_exact_interval_never_covers_less_than_its_level(n: int) -> None:
    x = np.arange(n + 1.0)
    low, high = exact(x, np.full(n + 1, float(n)), 0.95)
    for p in np.linspace(0.005, 0.995, 67):
        assert stats.binom.pmf(x, n, p)[(low <= p) & (p <= high)].sum() >= 0.95 - 1e-12


def test_wilson_covers_its_level_on_average() -> None:
    x = np.arange(31.0)
    low, high = wilson(x, np.full(31, 30.0), 0.95)
    covered = [stats.binom.pmf(x, 30, p)[(low <= p) & (p <= high)].sum() for p in np.linspace(0.02, 0.98, 97)]
    assert 0.945 < np.mean(covered) < 0.96


def test_f1_is_the_interval_of_the_jaccard_carried_over() -> None:
    cm = binary(76, 9, 17, 48)
    for method in ("wilson", "exact", "jeffreys"):
        j = estimate(cm, "jaccard", method=method)
        f = estimate(cm, "f1", method=method)
        assert (float(f), *ends(f)) == pytest.approx([2 * x / (1 + x) for x in (float(j), *ends(j))], rel=1e-12)


def test_square_and_add_is_newcombes_interval_of_a_difference() -> None:
    """56/70 - 48/80 = 0.2, 0.0524 to 0.3339 (Newcombe 1998, method 10)."""
    e = estimate(binary(32, 48, 14, 56), "informedness")
    assert (float(e), *ends(e)) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


# ── the delta method ──────────────────────────────────────────────────────────────────────────────
def test_the_odds_ratio_has_woolfs_interval_and_likelihood_ratios_simels() -> None:
    tn, fp, fn, tp = 76, 9, 17, 48
    cm = binary(tn, fp, fn, tp)
    woolf = math.sqrt(sum(1 / x for x in (tn, fp, fn, tp)))
    simel = math.sqrt(1 / tp - 1 / (tp + fn) + 1 / fp - 1 / (fp + tn))
    for name, error in (("diagnostic_odds_ratio", woolf), ("positive_likelihood_ratio", simel)):
        e = estimate(cm, name)
        expected = [math.exp(math.log(float(e)) + sign * Z * error) for sign in (-1, 1)]
        assert ends(e) == pytest.approx(expected, rel=1e-8)


def test_kappa_has_the_standard_error_of_fleiss_cohen_and_everitt() -> None:
    """Their psychodiagnoses: 200 patients, kappa 0.429."""
    p, n = np.array([[0.53, 0.05, 0.02], [0.11, 0.14, 0.05], [0.01, 0.06, 0.03]]), 200
    row, column = p.sum(1), p.sum(0)
    expected = row @ column
    kappa = (np.trace(p) - expected) / (1 - expected)
    a = sum(p[i, i] * (1 - (row[i] + column[i]) * (1 - kappa)) ** 2 for i in range(3))
    b = sum(p[i, j] * (column[i] + row[j]) ** 2 for i, j in np.ndindex(3, 3) if i != j) * (1 - kappa) ** 2
    c = (kappa - expected * (1 - kappa)) ** 2
    error = math.sqrt((a + b - c) / n) / (1 - expected)
    e = estimate(ConfusionMatrix.from_counts(np.rint(p * n).astype(int)), "kappa")
    assert float(e) == pytest.approx(0.4286, abs=5e-5)
    fisher = [math.tanh(math.atanh(kappa) + sign * Z * error / (1 - kappa**2)) for sign in (-1, 1)]
    assert ends(e) == pytest.approx(fisher, rel=1e-9)


@pytest.mark.parametrize("name", ["mcc", "kappa", "mean_iou", "frequency_weighted_iou", "f1", "lift", "mcc@macro"])
def test_derivatives_by_margin_are_those_by_cell(name: str) -> None:
    table = np.random.default_rng(0).poisson(5, (6, 6)) + np.eye(6) * 20
    table[0, 1] = table[4] = 0
    c = Cells.of_table(table, 5)
    m = CATALOGUE[name.partition("@")[0]]
    reading = m if not m.per_class and "@" not in name else macro(m)
    seen, told = by_cell(reading, c), by_margin(reading, c)
    np.testing.assert_allclose(told[table > 0], seen[table > 0], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("args", [(), ("linear",), ("quadratic",)])
def test_declared_derivatives_are_those_of_the_function(args: tuple[str, ...]) -> None:
    table = np.random.default_rng(0).poisson(5, (5, 5)) + np.eye(5) * 20
    table[0, 1] = 0
    c = Cells.of_table(table, 4)
    for m in (m for m in CATALOGUE.values() if m.slopes and len(args) <= len(m.parameters)):
        assert m.slopes is not None
        seen, told = by_cell(lambda c, m=m: m(c, *args), c), m.slopes(c, *args)  # type: ignore[misc]
        np.testing.assert_allclose(told[table > 0], seen[table > 0], rtol=1e-5, atol=1e-9)


def test_a_metric_of_all_cells_without_derivatives_is_resampled_where_the_table_is_large() -> None:
    @metric(range=(0, 1), better="higher", kind="index", undefined="-", per_class=False)
    def upper_share(c: Cells):  # type: ignore[no-untyped-def]
        """Σ above the diagonal / n."""
        if c.table is None:
            raise NotKept("margins")
        return np.triu(c.table, 1).sum((-2, -1)) / c.n[..., 0]

    try:
        small, large = (ConfusionMatrix.from_counts(np.full((k, k), 4)) for k in (5, 60))
        assert estimate(small, "upper_share").method == "delta method on the logit scale"
        assert estimate(large, "upper_share").method == "bootstrap, 2000 replicates, seed 0"
    finally:
        from unconfused.metrics import catalogue

        del CATALOGUE["upper_share"], catalogue._NAMES["upper_share"]


def test_the_bootstrap_and_the_delta_method_agree_on_many_rows_and_the_seed_decides() -> None:
    cm = ConfusionMatrix.from_counts([[700, 40, 60], [50, 300, 10], [20, 30, 200]])
    for name in ("mcc", "kappa(linear)", "f1@macro", "mutual_information", "lift[1]"):
        delta, boot = estimate(cm, name), estimate(cm, name, method="bootstrap", seed=1)
        assert ends(boot) == pytest.approx(ends(delta), rel=0.03)
        assert ends(boot) == ends(estimate(cm, name, method="bootstrap", seed=1))
        assert ends(boot) != ends(estimate(cm, name, method="bootstrap", seed=2))


# ── what holds for every metric ───────────────────────────────────────────────────────────────────
def spelled(of: str) -> list[str]:
    arguments = {"fbeta": "(2)", "partial_roc_auc": "(0.2)"}
    return [
        name + arguments.get(name, "")
        for name, m in CATALOGUE.items()
        if m.of in {"counts": ("counts",), "scores": ("scores", "moments")}[of]
    ]


def check(e: Estimate, low: float, high: float, constant: bool = False) -> None:
    if not e.defined:
        assert e.reason
        assert math.isnan(e.low)
        assert math.isnan(e.high)
        assert str(e).startswith("undefined (")
        return
    assert low <= e.low <= e.value <= e.high <= high
    assert e.low < e.high or constant, e
    assert e.method


TABLES = [
    [[76, 9], [17, 48]], [[50, 0], [0, 10]], [[50, 0], [10, 0]], [[0, 5], [3, 0]], [[0, 0], [0, 7]], [[1, 0], [0, 0]],
    [[5, 1, 0], [0, 9, 0], [2, 0, 0]], [[3, 0, 0], [0, 4, 0], [0, 0, 5]], [[0, 4, 0], [0, 0, 4], [4, 0, 0]],
    [[10**9, 3, 1], [7, 10**6, 0], [1, 2, 10**3]],
]  # fmt: skip


UNMOVED = ("prevalence", "predicted_prevalence", "no_information_rate")
"""Averages of these over all classes may be the same whatever the data."""


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("table", TABLES, ids=str)
@pytest.mark.parametrize("name", spelled("counts"))
def test_every_interval_holds_its_value_stays_in_range_and_has_a_width(name: str, table: Any, weighted: bool) -> None:
    m = CATALOGUE[name.partition("(")[0]]
    counts = np.array(table)
    weights = counts * np.random.default_rng(0).random(counts.shape) if weighted else None
    cm = ConfusionMatrix.from_counts(counts, weights=weights)
    constant = m.kind == "count" or name == "coverage"  # every row is called
    for e in estimates(cm, name).values():
        check(e, *m.range, constant)
    if not m.per_class:
        check(estimate(cm, name), *m.range)
    for average in ("macro", "micro", "weighted", *(["worst"] if m.better else [])):
        check(estimate(cm, f"{name}@{average}"), *m.range, constant or name in UNMOVED)
    if counts.sum() < 1000 and not constant:
        check(estimate(cm, f"{name}[1]", method="bootstrap"), *m.range)


def test_averages_that_are_the_accuracy_have_its_interval() -> None:
    cm = ConfusionMatrix.from_counts([[30, 4, 6], [5, 30, 10], [2, 3, 20]])
    accuracy = estimate(cm, "accuracy")
    for name in ("precision@micro", "recall@micro", "f1@micro", "recall@weighted"):
        e = estimate(cm, name)
        assert (float(e), *ends(e)) == pytest.approx((float(accuracy), *ends(accuracy)), rel=1e-7), name


def test_the_worst_class_has_the_worst_of_intervals_that_hold_together() -> None:
    cm = ConfusionMatrix.from_counts([[30, 4, 6], [5, 30, 10], [2, 3, 20]])
    for name, worst in (("recall", min), ("fnr", max)):
        each, e = estimates(cm, name, level=1 - 0.05 / 3).values(), estimate(cm, f"{name}@worst")
        assert (e.value, e.low, e.high) == tuple(
            worst(column) for column in zip(*((x.value, *ends(x)) for x in each), strict=False)
        )
        assert e.level == 0.95
        assert e.method == "Wilson, Bonferroni over 3"


def test_an_average_names_the_classes_it_left_out_and_a_micro_average_leaves_out_none() -> None:
    cm = ConfusionMatrix.from_counts([[5, 1, 0], [2, 3, 0], [1, 1, 0]], labels=["cat", "dog", "eel"])
    for average in ("macro", "weighted", "worst"):
        e = estimate(cm, f"precision@{average}")
        assert e.left_out == ("eel",)
        assert str(e).endswith("] without eel")
    assert estimate(cm, "precision@micro").left_out == ()
    assert estimate(cm, "precision[eel]").reason == "nothing was predicted as this class"


def test_an_average_that_the_data_cannot_move_has_no_width() -> None:
    e = estimate(binary(5, 3, 2, 9), "prevalence@macro")
    assert (float(e), *ends(e)) == pytest.approx((0.5, 0.5, 0.5))


@pytest.mark.parametrize("name", spelled("scores"))
def test_every_interval_of_scores_holds_its_value_stays_in_range_and_has_a_width(name: str) -> None:
    m = CATALOGUE[name.partition("(")[0]]
    rng = np.random.default_rng(1)
    cases: list[tuple[list[int], Any]] = [
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]), ([0, 0, 1, 1], [0.8, 0.9, 0.1, 0.2]), ([0, 1, 0, 1], [0.5] * 4),
        ([0, 1], [0.0, 1.0]), ([1, 1, 1], [0.2, 0.3, 0.4]), ([0, 0], [0.2, 0.3]), ([0, 0, 1, 1], [0.0, 0.0, 1.0, 1.0]),
        ([0, 0, 1, 1], [1.0, 1.0, 0.0, 0.0]), (list(rng.integers(0, 2, 300)), rng.random(300)),
    ]  # fmt: skip
    for truth, scores in cases:
        for weights in (None, rng.random(len(truth))):
            tally = ScoreTally.count(Labels((0, 1)), "probability", np.array(truth), np.array(scores), weights=weights)
            check(estimate(tally, name), *m.range)
            check(estimate(tally, name, level=0.5), *m.range)


@pytest.mark.parametrize("name", [*spelled("counts"), "f1@macro", "recall@macro", "precision@micro", "f1@worst"])
def test_a_higher_level_is_wider_and_a_common_weight_changes_nothing(name: str) -> None:
    counts = np.array([[76, 9], [17, 48]])
    cm, doubled = binary(*counts.ravel()), binary(*counts.ravel(), weights=counts * 2.5)
    narrow, wide, same = estimate(cm, name, level=0.8), estimate(cm, name, level=0.99), estimate(doubled, name)
    if name == "support":
        assert float(same) == 2.5 * float(narrow)
        return
    assert wide.low < narrow.low
    assert narrow.high < wide.high or narrow.high == CATALOGUE[name.partition("(")[0]].range[1] == float(narrow)
    e = estimate(cm, name)
    assert (float(same), *ends(same), same.n) == pytest.approx((float(e), *ends(e), e.n), rel=1e-9)


def test_weights_that_differ_cost_rows_after_kish() -> None:
    """Σw = 65, Σw² = 2 * 65 in the denominator: half the effective rows."""
    cm = binary(10, 5, 17, 48)
    squares = ConfusionMatrix(cm.labels, cm.full, cm.full.astype(float), cm.full * 2.0)
    low, high = wilson(np.array(24.0), np.array(32.5), 0.95)
    assert ends(estimate(squares, "recall")) == pytest.approx((float(low), float(high)), rel=1e-12)
    assert estimate(squares, "recall").n == 65


# ── coverage ──────────────────────────────────────────────────────────────────────────────────────
def coverage(truth: np.ndarray, text: str, n: int, repeats: int, method: str | None = None) -> float:
    """The share of samples of ``n`` rows from the table of shares ``truth`` whose interval holds the true value."""
    query, draws = parse(text), np.random.default_rng(7).multinomial(n, truth.ravel(), repeats)
    c, target = (Cells.of_table(t.astype(float)) for t in (draws.reshape(repeats, *truth.shape), truth))
    if query.average:
        reading = counts.of_average(query, c)
    else:
        reading = (counts.of_class if query.metric.per_class else counts.of_table)(query.metric, *query.args)
    value, found = reading.value(c), counts.interval(reading, Sample(c, c, c), 0.95, method)
    held = (found.low <= reading.value(target)) & (reading.value(target) <= found.high)
    return float(held[~np.isnan(value)].mean())


def shares(prevalence: float, recall: float, specificity: float) -> np.ndarray:
    return np.array(
        [
            [(1 - prevalence) * specificity, (1 - prevalence) * (1 - specificity)],
            [prevalence * (1 - recall), prevalence * recall],
        ]
    )


@pytest.mark.parametrize("name", ["balanced_accuracy", "informedness", "g_mean", "recall@macro"])
def test_square_and_add_covers_where_a_rare_class_deceives_the_delta_method(name: str) -> None:
    truth = shares(0.01, 0.9, 0.95)
    assert coverage(truth, name, 500, 4000) >= 0.93
    assert coverage(truth, name, 500, 4000, method="delta") < 0.9


@pytest.mark.parametrize(
    ("name", "truth", "n"),
    [
        ("mcc", shares(0.1, 0.7, 0.97), 300),
        ("kappa", shares(0.3, 0.8, 0.9), 100),
        ("f1", shares(0.1, 0.7, 0.97), 200),
        ("f1@macro", shares(0.2, 0.7, 0.95), 200),
        ("positive_likelihood_ratio", shares(0.3, 0.8, 0.9), 200),
        ("normalized_mutual_information", shares(0.3, 0.8, 0.9), 300),
    ],
)
def test_intervals_hold_the_truth_about_as_often_as_they_say(name: str, truth: np.ndarray, n: int) -> None:
    assert 0.925 <= coverage(truth, name, n, 4000) <= 0.985


# ── ranking ───────────────────────────────────────────────────────────────────────────────────────
def tally_of(truth: Any, scores: Any, **options: Any) -> ScoreTally:
    return ScoreTally.count(Labels((0, 1)), "raw", np.asarray(truth), np.asarray(scores, float), **options)


def test_delong_is_its_definition_pair_by_pair() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(150) < 0.4).astype(int)
    s = np.round(rng.normal(y), 1)
    wins = (s[y == 1][:, None] > s[y == 0]) + 0.5 * (s[y == 1][:, None] == s[y == 0])
    by_positive, by_negative = wins.mean(1), wins.mean(0)
    expected = math.sqrt(by_positive.var(ddof=1) / len(by_positive) + by_negative.var(ddof=1) / len(by_negative))
    assert delong_error(tally_of(y, s)) == pytest.approx(expected, rel=1e-12)
    assert delong_error(tally_of(y, s, weights=np.full(150, 3.0))) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("area", "p", "n"), [(0.8, 20, 20), (0.97, 10, 400), (0.3, 7, 9)])
def test_newcombes_ends_solve_his_equation(area: float, p: int, n: int) -> None:
    m = (p + n) / 2 - 1
    for t in map(float, newcombe(area, p, n, 0.95)):
        spread = t * (1 - t) * (1 + m * (1 - t) / (2 - t) + m * t / (1 + t)) / (p * n)
        assert (area - t) ** 2 == pytest.approx(Z**2 * spread, rel=1e-9)


def test_the_method_of_an_auc_follows_the_rows_of_the_smaller_class() -> None:
    rng = np.random.default_rng(0)

    def method(p: int, n: int, gap: float) -> str:
        return estimate(tally_of([0] * n + [1] * p, [*rng.normal(size=n), *rng.normal(size=p) + gap]), "roc_auc").method

    assert method(500, 500, 1) == "DeLong on the logit scale"
    assert method(60, 600, 4).endswith(("wider than DeLong on the logit scale", "wider than Newcombe's method 5"))
    assert method(20, 500, 1) == "Newcombe's method 5"
    assert method(80, 80, 50) == "Newcombe's method 5"


@pytest.mark.parametrize(("name", "p", "n", "gap"), [("roc_auc", 50, 450, 2.6), ("average_precision", 80, 320, 1.5)])
def test_intervals_of_rankings_hold_the_truth(name: str, p: int, n: int, gap: float) -> None:
    rng = np.random.default_rng(3)

    def draw(p: int, n: int) -> ScoreTally:
        return tally_of([0] * n + [1] * p, np.r_[rng.normal(size=n), rng.normal(size=p) + gap])

    many = 1000
    truth = float(CATALOGUE[name](Masses.of(draw(p * many, n * many))))
    held = [e.low <= truth <= e.high for e in (estimate(draw(p, n), name) for _ in range(400))]
    assert np.mean(held) >= 0.92


def test_the_derivative_of_average_precision_is_that_of_its_sums() -> None:
    rng = np.random.default_rng(5)
    y = (rng.random(120) < 0.4).astype(int)
    tally = tally_of(y, np.round(rng.normal(y), 1))
    masses, variance = tally.masses.copy(), 0.0
    for i, side in np.argwhere(masses):
        change = np.zeros_like(masses)
        change[i, side] = 1e-5
        up, down = (
            float(CATALOGUE["average_precision"](Masses(tally, m[:, 0], m[:, 1])))
            for m in (masses + change, masses - change)
        )
        variance += masses[i, side] * ((up - down) / 2e-5) ** 2
    e = estimate(tally, "average_precision", method="logit")
    logit = math.log(e.value / (1 - e.value))
    half = Z * math.sqrt(variance) / (e.value * (1 - e.value))
    assert ends(e) == pytest.approx([1 / (1 + math.exp(-(logit + sign * half))) for sign in (-1, 1)], rel=1e-7)


def test_losses_have_students_interval_of_their_rows() -> None:
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, 80), np.round(rng.random(80), 1)
    tally = ScoreTally.count(Labels((0, 1)), "probability", y, p)
    rows = (p - y) ** 2
    expected = rows.mean() + np.array([-1, 1]) * stats.t.ppf(0.975, 79) * rows.std(ddof=1) / math.sqrt(80)
    for e in (estimate(tally, "brier"), estimate(Moments.of(rows), "brier")):
        assert (float(e), *ends(e), e.n) == pytest.approx((rows.mean(), *expected, 80), rel=1e-9)


# ── groups ────────────────────────────────────────────────────────────────────────────────────────
def group() -> Grouped[ConfusionMatrix]:
    return Grouped({"cat": binary(50, 4, 6, 40), "dog": binary(70, 9, 1, 20), "eel": binary(100, 0, 0, 0)})


def test_a_group_answers_per_label_and_on_average() -> None:
    labels = group()
    assert estimate(labels, "recall[cat]").value == 40 / 46
    assert estimate(labels, "recall[cat]").name == "recall[cat]"
    mean = estimate(labels, "recall@macro")
    assert float(mean) == pytest.approx((40 / 46 + 20 / 21) / 2)
    assert mean.left_out == ("eel",)
    assert str(mean).endswith("without eel")
    assert float(estimate(labels, "recall@micro")) == pytest.approx(60 / 67)
    assert float(estimate(labels, "recall@weighted")) == pytest.approx(60 / 67)
    assert float(estimate(labels, "recall@worst")) == pytest.approx(40 / 46)
    assert list(estimates(labels, "f1")) == ["cat", "dog", "eel"]
    with pytest.raises(AmbiguousCall, match=r"recall\[cat\].*recall@macro.*estimates\(\"recall\"\)"):
        estimate(labels, "recall")


@pytest.mark.parametrize("name", ["recall", "f1", "mcc", "fbeta(2)", "accuracy", "lift"])
@pytest.mark.parametrize("average", ["macro", "micro", "weighted", "worst"])
def test_averages_over_a_group_hold_their_value_and_have_a_width(name: str, average: str) -> None:
    m = CATALOGUE[name.partition("(")[0]]
    for labels in (group(), Grouped({"a": binary(5, 0, 0, 5), "b": binary(3, 0, 0, 2)})):
        check(estimate(labels, f"{name}@{average}"), *m.range)


def test_a_group_of_scores_is_pooled_by_micro_and_pairs_have_ovo() -> None:
    one, two = tally_of([0, 0, 1, 1], [1, 3, 2, 4]), tally_of([0, 1], [1, 2])
    assert float(estimate(Grouped({"a": one, "b": two}), "roc_auc@macro")) == pytest.approx(0.875)
    assert float(estimate(Grouped({"a": one, "b": two}, "pair"), "roc_auc@ovo")) == pytest.approx(0.875)
    with pytest.raises(NotKept, match="@macro"):
        estimate(Grouped({"a": one, "b": two}), "roc_auc@ovo")
    pooled = tally_of([0, 0, 1, 1, 0, 1], [1, 3, 2, 4, 1, 2])
    assert float(estimate(Grouped({"a": one, "b": two}), "roc_auc@micro")) == float(estimate(pooled, "roc_auc"))


# ── who can answer what ───────────────────────────────────────────────────────────────────────────
def test_questions_that_a_tally_cannot_answer_say_what_to_type() -> None:
    three = ConfusionMatrix.from_counts(np.eye(3, dtype=int), labels=["cat", "dog", "eel"])
    scores = tally_of([0, 1], [1, 2])
    unset = ConfusionMatrix(Labels(("cat", "dog")), np.ones((4, 4), np.int64))
    cases: list[tuple[Any, str, type[Exception], str]] = [
        (three, "recall", AmbiguousCall, r"recall\[cat\].*recall@macro.*estimates"),
        (three, "roc_auc", NotKept, r"uc\.evaluate"),
        (three, "recall@ovo", NotKept, "roc_auc@ovo"),
        (three, "prevalence@worst", UsageError, "Neither"),
        (unset, "recall", PositiveClassUnset, "pos_label="),
        (scores, "recall", ThresholdUnset, r"at\(0\.4\)\.estimate\('recall'\)"),
        (scores, "roc_auc@macro", NotKept, "'roc_auc'"),
        (scores, "roc_auc[0]", NotKept, "'roc_auc'"),
        (Moments.zero(), "recall", NotKept, "log_loss"),
    ]
    for tally, text, error, message in cases:
        with pytest.raises(error, match=message):
            estimate(tally, text)
    assert estimate(scores, "roc_auc[1]").value == 1
    for bad in ({"level": 95}, {"method": "magic"}):
        with pytest.raises(UsageError):
            estimate(three, "accuracy", **bad)
    with pytest.raises(UsageError, match="'delta', 'posterior', 'bootstrap'"):
        estimate(three, "mcc", method="exact")
    with pytest.raises(UsageError, match="one number"):
        estimates(three, "recall@macro")


def test_a_matrix_of_no_rows_is_undefined_everywhere() -> None:
    cm = ConfusionMatrix.from_counts(np.zeros((2, 2), int))
    for name in spelled("counts"):
        assert not estimate(cm, name).defined or name == "support"


# ── Estimate ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (0.7384, 0.6213, 0.8301, "0.738 [0.62, 0.83]"),
        (0.9996, 0.9981, 0.99996, "0.9996 [0.998, 0.99996]"),
        (1.0, 0.97, 1.0, "1.000 [0.97, 1.00]"),
        (0.0, 0.0, 0.004, "0.000 [0.00, 0.004]"),
        (0.2301, 0.2279, 0.2323, "0.230 [0.228, 0.232]"),
        (0.7384, 0.7379, 0.739, "0.738 [0.738, 0.74]"),
        (0.1234, 0.1, 0.1239, "0.123 [0.10, 0.124]"),
        (-0.2, -0.31, 0.004, "-0.200 [-0.31, 0.004]"),
        (1234.5, 900.2, 1500.0, "1234 [900, 1500]"),
        (2e-7, 1e-8, 3e-6, "2e-07 [1e-08, 3e-06]"),
    ],
)
def test_an_estimate_prints_no_bound_on_the_wrong_side(value: float, low: float, high: float, text: str) -> None:
    assert str(Estimate(value, low, high)) == text


def test_certified_bounds_are_printed_no_narrower_than_they_are() -> None:
    """Rounded outward, with the digits that tell them apart."""
    for low, high in ((0.90781, 0.90794), (1 / 3, 2 / 3), (0.12345678, 0.12345679), (0.1, 0.1000000001)):
        told = str(Estimate(low, low, high, bounds=(low, high)))
        found = re.search(r"certified in \[([\d.]+), ([\d.]+)\]", told)
        assert found is not None
        ends = [Decimal(x) for x in found.groups()]
        assert ends[0] <= Decimal(low)
        assert Decimal(high) <= ends[1]
        assert ends[1] - ends[0] <= Decimal(high) - Decimal(low) + Decimal("0.2") * (Decimal(high) - Decimal(low))
    assert "certified" not in str(Estimate(0.5, 0.4, 0.6, bounds=(0.5, 0.5)))


def test_an_estimate_compares_and_formats_like_its_value() -> None:
    e, nothing = Estimate(0.75, 0.6, 0.8), Estimate(math.nan, math.nan, math.nan, reason="no row is of this class")
    assert e > 0.7
    assert e >= 0.75
    assert e < 0.8
    assert e <= np.float64(0.75)
    assert e == 0.75
    assert e == Estimate(0.75, 0.1, 0.9)
    assert e != "0.75"
    assert e < 0.8
    assert sorted([e, Estimate(0.5, 0.4, 0.6)])[1] is e
    assert f"{e:.1%} {e}" == "75.0% 0.750 [0.60, 0.80]"
    assert (round(e, 1), round(e)) == (0.8, 1)
    assert hash(e) == hash(0.75)
    assert not any((nothing > 0, nothing < 1, nothing == nothing, nothing >= nothing))
    assert str(nothing) == "undefined (no row is of this class)"
    with pytest.raises(AttributeError):
        e.value = 1.0  # type: ignore[misc]
    with pytest.raises(TypeError):
        e + e  # type: ignore[operator]


def test_the_interval_of_a_matrix_waits_until_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    cm = ConfusionMatrix.from_counts([[8, 1, 1], [2, 7, 0], [0, 0, 0]], labels=["a", "b", "c"])
    asked, found = [], counts.interval
    monkeypatch.setattr(counts, "interval", lambda *given: asked.append(1) or found(*given))
    one, each = estimate(cm, "recall@macro"), estimates(cm, "recall")
    assert (float(one), one.name) == (pytest.approx((0.8 + 7 / 9) / 2), "recall@macro")
    assert math.isnan(each["c"].value)
    assert not hasattr(one, "_repr_latex_")
    assert not asked
    assert one.low < one.value < one.high
    assert (one.n, one.left_out, len(asked)) == (19, ("c",), 1)
    assert each["b"].method == each["a"].method == "Wilson"
    assert (each["a"].high, each["b"].n, len(asked)) == (wilson(np.array(8), np.array(10), 0.95)[1], 9, 2)
    with pytest.raises(AttributeError, match="has no attribute 'middle'"):
        _ = one.middle  # type: ignore[attr-defined]


def test_an_estimate_travels_with_the_interval_that_nobody_has_looked_at_yet() -> None:
    cm = ConfusionMatrix.from_counts([[76, 9], [17, 48]], labels=["no", "yes"], pos_label="yes")
    for travelled in (pickle.loads(pickle.dumps(estimate(cm, "recall"))), copy.copy(estimate(cm, "recall"))):
        assert repr(travelled) == repr(estimate(cm, "recall"))
        assert (travelled.n, travelled.low) == (65, estimate(cm, "recall").low)
