"""Numbers at the edge of what a float64 holds, and intervals of what has hardly any spread."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from scipy import stats

from unconfused.inference import counts, delta, estimate
from unconfused.inference.delta import Sample
from unconfused.inference.intervals import chi_square, student, wilson
from unconfused.labels import Labels
from unconfused.metrics import CATALOGUE
from unconfused.metrics.calibration import width_starts
from unconfused.tally.cells import Cells
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.moments import Moments
from unconfused.tally.scores import ScoreTally


def value(table: Any, text: str, **options: Any) -> float:
    cm = ConfusionMatrix.from_counts(table, labels=list("abcdefg")[: len(table)], **options)
    return float(estimate(cm, text))


def cells(table: Any, k: int | None = None) -> Cells:
    return Cells.of_table(np.asarray(table, np.float64), k)


# ── small cells beside large ones ─────────────────────────────────────────────────────────────────
HEAVY = [[1e12, 0, 0], [0, 1e-4, 1e-4], [0, 0, 1e-4]]


def test_rows_of_little_weight_keep_their_digits_beside_heavy_ones() -> None:
    c = cells(HEAVY)
    assert CATALOGUE["specificity"](c)[0] == 1.0
    assert CATALOGUE["npv"](c)[0] == 1.0
    assert CATALOGUE["mcc"].by_class(c)[0] == pytest.approx(1.0, rel=1e-15)
    assert CATALOGUE["error_rate"](c) == pytest.approx(1e-16, rel=1e-12)
    assert CATALOGUE["fnr"](cells([[1e12, 1e-9], [1e-3, 1]]))[0] == pytest.approx(1e-21, rel=1e-12)


def test_counts_beyond_the_digits_of_a_float_keep_their_small_cells() -> None:
    big = [[2**61, 0, 0], [0, 5, 0], [0, 0, 7]]
    assert value(big, "specificity[a]") == value(big, "npv[a]") == 1.0
    wrong = [[2**61, 20], [20, 500]]
    assert value(wrong, "error_rate") == pytest.approx(40 / 2**61, rel=1e-12)
    assert value(wrong, "fnr[a]") == pytest.approx(20 / 2**61, rel=1e-12)


@pytest.mark.parametrize("k", [2, 3, 4, 7])
def test_a_weighted_table_with_one_column_has_no_correlation(k: int) -> None:
    rng = np.random.default_rng(k)
    for _ in range(50):
        table = np.zeros((k, k))
        table[:, rng.integers(k)] = rng.random(k) * 10.0 ** rng.integers(-9, 9, k)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert math.isnan(CATALOGUE["mcc"](cells(table)))
            assert math.isnan(CATALOGUE["mcc"](cells(table.T)))


def test_kappa_of_one_column_has_no_interval_of_rounding_alone() -> None:
    cm = ConfusionMatrix.from_counts([[1, 0], [1, 0]], weights=[[3.3, 0], [0.1, 0]])
    e = estimate(cm, "kappa")
    assert e.value == 0
    assert e.low < -0.01 < 0.01 < e.high


def test_the_four_cells_of_a_table_are_those_counted_cell_by_cell() -> None:
    rng = np.random.default_rng(5)
    for seats, k in ((1, 1), (2, 1), (2, 2), (3, 2), (5, 5), (6, 4), (70, 66)):
        stack = rng.integers(0, 9, (3, 2, seats, seats)).astype(float)
        c = cells(stack, k)
        for i in range(k):
            row, column = np.arange(seats) == i, np.arange(seats) != i
            np.testing.assert_array_equal(c.tp[..., i], stack[..., i, i])
            np.testing.assert_array_equal(c.fn[..., i], stack[..., i, column].sum(-1))
            np.testing.assert_array_equal(c.fp[..., i], stack[..., ~row, i].sum(-1))
            np.testing.assert_array_equal(c.tn[..., i], stack[..., ~row, :][..., column].sum((-2, -1)))
        np.testing.assert_array_equal(c.wrong, c.n[..., 0] - c.correct)
        margins = Cells(c.diagonal, c.rows, c.columns, c.n, k)
        for name in ("tp", "fp", "fn", "tn", "others", "uncalled", "wrong"):
            np.testing.assert_array_equal(getattr(margins, name), getattr(c, name), err_msg=name)
        for name in ("tp", "fp", "fn", "tn"):
            np.testing.assert_array_equal(getattr(c.pooled, name)[..., 0], getattr(c, name).sum(-1), err_msg=name)


# ── values ────────────────────────────────────────────────────────────────────────────────────────
def test_f1_and_dice_are_rounded_once() -> None:
    for tp in range(60):
        for wrong in range(1, 60):
            c = cells([[7, wrong], [0, tp]])
            assert CATALOGUE["f1"](c)[1] == CATALOGUE["dice"](c)[1] == 2 * tp / (2 * tp + wrong)


# ── the mean of many classes ──────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("rows", [(300, 40, 8), (10,) * 10, (100, 100, 100, 3), (200, 6, 6, 6, 6, 6, 6, 6)])
@pytest.mark.parametrize("right", [0.8, 0.95])
def test_the_mean_recall_of_many_classes_keeps_its_level(rows: tuple[int, ...], right: float) -> None:
    rng = np.random.default_rng(1)
    k = len(rows)
    truth = np.clip(right + np.linspace(-0.04, 0.04, k), 0, 1)
    hits = rng.binomial(rows, truth, (1500, k))
    table = np.zeros((1500, k, k))
    for i in range(k):
        table[:, i, i], table[:, i, (i + 1) % k] = hits[:, i], rows[i] - hits[:, i]
    found = counts.interval(counts.of_table(CATALOGUE["balanced_accuracy"]), _sample(table), 0.95)
    held = np.mean((found.low <= truth.mean()) & (truth.mean() <= found.high))
    assert 0.935 < held < 0.99


def _sample(table: np.ndarray) -> Sample:
    c = cells(table)
    return Sample(c, c, c)


def test_means_of_many_classes_share_one_method_and_two_classes_keep_theirs() -> None:
    table = [[8, 1, 1], [0, 9, 0], [2, 0, 28]]
    cm = ConfusionMatrix.from_counts(table, labels=["a", "b", "c"])
    b, a, r = (estimate(cm, text) for text in ("balanced_accuracy", "adjusted_balanced_accuracy", "recall@macro"))
    assert b.method == a.method == r.method == f"{counts.OUTER} of Wilson"
    assert (b.low, b.high) == (r.low, r.high)
    assert [1.5 * x - 0.5 for x in (b.value, b.low, b.high)] == pytest.approx([a.value, a.low, a.high])
    two = ConfusionMatrix.from_counts([[8, 1, 1], [0, 0, 0], [2, 0, 28]], labels=["a", "b", "c"])
    assert estimate(two, "balanced_accuracy").method == "square-and-add of Wilson"
    perfect = estimate(ConfusionMatrix.from_counts(np.diag([4, 5, 60]), labels=["a", "b", "c"]), "balanced_accuracy")
    assert 0.7 < perfect.low < perfect.high == 1


# ── information near independence ─────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("text", ["mutual_information", "nmi", "mi[a]", "nmi[a]"])
@pytest.mark.parametrize("table", [[[20, 20], [20, 20]], [[40, 20], [20, 10]], [[8, 4, 4], [4, 2, 2], [12, 6, 6]]])
def test_information_of_independent_columns_has_an_interval_from_zero(text: str, table: Any) -> None:
    cm = ConfusionMatrix.from_counts(table, labels=list("abc")[: len(table)])
    e = estimate(cm, text)
    assert e.value == pytest.approx(0, abs=1e-12)
    assert e.low == 0
    assert e.value < e.high < 0.2


def test_information_by_chance_holds_zero_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    tables = rng.multinomial(150, np.outer([0.5, 0.3, 0.2], [0.4, 0.4, 0.2]).ravel(), 1000).reshape(-1, 3, 3)
    for name in ("mutual_information", "normalized_mutual_information"):
        found = counts.interval(counts.of_table(CATALOGUE[name]), _sample(tables), 0.95)
        assert 0.92 < np.mean(found.low == 0) < 0.98


@pytest.mark.parametrize("freedom", [1, 2, 3, 5, 16, 100])
@pytest.mark.parametrize("level", [0.8, 0.9, 0.95, 0.99])
def test_quantiles_without_scipy_are_near_those_of_scipy(freedom: int, level: float) -> None:
    assert chi_square(level, np.float64(freedom)) == pytest.approx(stats.chi2.ppf(level, freedom), rel=0.015)
    expected = stats.t.ppf((1 + level) / 2, freedom)
    assert student(level, freedom) == pytest.approx(expected, rel=1e-9 if freedom < 3 else 0.015)


# ── no spread but that of rounding ────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("p", [0.1, 0.3, 0.7])
def test_the_brier_of_identical_rows_has_an_honest_interval(p: float) -> None:
    moments = sum((Moments.of(np.array([p**2])) for _ in range(12)), Moments.zero())
    assert moments.standard_error == 0
    e = estimate(moments, "brier")
    tally = ScoreTally.count(Labels((0, 1)), "probability", np.zeros(12, int), np.full(12, p))
    assert e.method.startswith("Wilson on the share of the largest loss")
    ends = wilson(np.float64(12 * p**2), np.float64(12), 0.95)
    assert (e.low, e.high) == pytest.approx([float(end) for end in ends], rel=1e-9)
    for text in ("brier", "ece", "log_loss"):
        e = estimate(tally, text)
        assert e.high - e.low > 0.05, text


def test_squares_that_cancelled_or_vanished_leave_one_row_and_no_nan() -> None:
    weights = np.array([[1e-170, 2e-170], [1e-170, 3e-170]])
    cm = ConfusionMatrix.from_counts([[1, 2], [1, 3]], weights=weights)
    assert cm.squares().n == 0
    for text in ("recall[0]", "accuracy", "balanced_accuracy", "f1[0]", "f1@weighted"):
        e = estimate(cm, text)
        assert 0 <= e.low <= e.value <= e.high <= 1, text


# ── large tables ──────────────────────────────────────────────────────────────────────────────────
def test_a_stack_of_large_tables_is_read_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    stack = rng.integers(1, 50, (2, 3, 6, 6)).astype(float)
    reading = counts.of_table(CATALOGUE["mcc"])
    by_cell = counts.interval(reading, _sample(stack), 0.95)
    monkeypatch.setattr(delta, "CELL_WORK", 0)
    by_margin = counts.interval(reading, _sample(stack), 0.95)
    np.testing.assert_allclose(by_margin.low, by_cell.low, rtol=1e-6)
    np.testing.assert_allclose(by_margin.high, by_cell.high, rtol=1e-6)


# ── metrics of scores ─────────────────────────────────────────────────────────────────────────────
def tally_of(y: Any, p: Any, kind: Any = "probability") -> ScoreTally:
    return ScoreTally.count(Labels((0, 1)), kind, np.asarray(y), np.asarray(p, float))


def test_the_gap_of_kolmogorov_and_smirnov_keeps_its_level_also_where_there_is_none() -> None:
    rng = np.random.default_rng(0)
    for shift, truth in ((0.0, 0.0), (1.0, 2 * stats.norm.cdf(0.5) - 1)):
        held = 0
        for _ in range(200):
            y = np.repeat([0, 1], [40, 25])
            e = estimate(tally_of(y, rng.normal(size=65) + shift * y, "raw"), "ks")
            held += e.low <= truth <= e.high
            assert 0 <= e.low <= e.value <= e.high <= 1
        assert held >= 190
    half = math.sqrt(math.log(80) / 80) + math.sqrt(math.log(80) / 50)
    assert e.high == pytest.approx(min(1, e.value + half))


def test_the_calibration_error_of_calibrated_scores_reaches_down_to_zero() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(60):
        p = rng.random(300)
        e = estimate(tally_of((rng.random(300) < p).astype(int), p), "ece")
        held += e.low == 0
    assert held >= 52
    p = rng.random(3000)
    off = estimate(tally_of((rng.random(3000) < p**3).astype(int), p), "ece")
    assert 0.2 < off.low < 0.25 < off.high < 0.3  # E|p - p³| is 0.25


def test_an_edge_between_bins_belongs_to_the_bin_above() -> None:
    for bins in (3, 10, 15, 49, 100):
        edges = np.arange(1, bins) / bins
        tally = tally_of(np.zeros(2 * len(edges), int), np.concatenate([edges, np.nextafter(edges, 0)]))
        starts = width_starts(tally, bins)
        np.testing.assert_array_equal(tally.scores[starts[1:]], edges)


def test_a_mean_loss_of_few_rows_has_students_interval() -> None:
    loss = np.array([0.04, 0.09, 0.25, 0.16])
    e = estimate(Moments.of(loss), "brier")
    half = stats.t.ppf(0.975, 3) * loss.std(ddof=1) / 2
    assert (e.low, e.high) == pytest.approx((max(0, loss.mean() - half), loss.mean() + half), rel=2e-3)


def test_rows_that_weigh_nothing_give_a_reason_that_is_true() -> None:
    cm = ConfusionMatrix.from_counts([[1, 2], [1, 3]], weights=np.zeros((2, 2)))
    e = estimate(cm, "accuracy")
    assert not e.defined
    assert "weigh nothing" in str(e)
