"""Comparisons of models, held against published values, SciPy, and slow definitions in plain loops."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

import unconfused as uc
import unconfused.show
from unconfused.cli import main
from unconfused.errors import (
    AmbiguousCall,
    LengthMismatch,
    MergeRefused,
    NotKept,
    ThresholdUnset,
    UnreadableFile,
    UsageError,
)
from unconfused.inference.cheaper import cost_ranges
from unconfused.inference.intervals import wilson
from unconfused.inference.paired import newcombe_10
from unconfused.inference.scores import delong_error
from unconfused.inference.significance import (
    adjusted,
    binomial_half,
    chi_square_tail,
    cochran_q,
    mcnemar,
    student_two_sided,
)
from unconfused.inference.unpaired import apart_alone
from unconfused.labels import Labels
from unconfused.metrics import CATALOGUE
from unconfused.tally.joint import Joint
from unconfused.tally.scores import ScoreTally


def paired(n: int, seed: int, models: int = 2, digits: int | None = None) -> tuple[Any, dict[str, Any]]:
    """Classes and the scores of models whose errors go together."""
    rng = np.random.default_rng(seed)
    y = rng.integers(2, size=n)
    shared, scores = rng.normal(size=n), {}
    for i in range(models):
        z = (1 + 0.3 * i) * (2 * y - 1) + shared + rng.normal(size=n)
        p = special.expit(z)
        scores["abcdef"[i]] = p if digits is None else p.round(digits)
    return y, scores


# ── published values ──────────────────────────────────────────────────────────────────────────
def test_mcnemar_as_published() -> None:
    """Airway hyper-responsiveness of 21 children, cells 1, 1, 7, 12 (Fagerland, Lydersen & Laake 2013, table 1)."""
    assert mcnemar(1, 7, "mid-p") == pytest.approx(0.0391, abs=5e-5)
    assert mcnemar(1, 7, "exact") == pytest.approx(0.0703, abs=5e-5)
    assert mcnemar(1, 7, "asymptotic") == pytest.approx(0.0339, abs=5e-5)


def test_the_interval_of_paired_proportions_as_published() -> None:
    """The same children (Fagerland, Lydersen & Laake 2014, Newcombe's square-and-add): -0.507 to -0.026."""
    low, high = newcombe_10(1, 1, 7, 12, 0.95)
    assert (low, high) == (pytest.approx(-0.507, abs=5e-4), pytest.approx(-0.026, abs=5e-4))


@pytest.mark.parametrize(
    ("x", "n", "y", "m", "low", "high"), [(56, 70, 48, 80, 0.0524, 0.3339), (9, 10, 3, 10, 0.1705, 0.8090)]
)
def test_the_interval_of_independent_proportions_as_published(
    x: int, n: int, y: int, m: int, low: float, high: float
) -> None:
    """Newcombe 1998 (Statistics in Medicine 17, 873), table II, method 10."""
    first, second = (
        uc.Estimate(k / of, *map(float, wilson(np.asarray(float(k)), np.asarray(float(of)), 0.95)))
        for k, of in ((y, m), (x, n))
    )
    found = apart_alone(first, second)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


# ── tails, against SciPy ──────────────────────────────────────────────────────────────────────
@given(n=st.integers(1, 5000), data=st.data())
@settings(max_examples=60)
def test_mcnemar_is_the_binomial_of_scipy(n: int, data: st.DataObject) -> None:
    b = data.draw(st.integers(0, n))
    tail, here = binomial_half(min(b, n - b), n)
    assert tail == pytest.approx(stats.binom.cdf(min(b, n - b), n, 0.5), rel=1e-9)
    exact = stats.binomtest(b, n, 0.5).pvalue
    assert mcnemar(b, n - b, "exact") == pytest.approx(exact, rel=1e-9)
    mid = exact - here if 2 * b != n else 1.0
    assert mcnemar(b, n - b) == pytest.approx(mid, rel=1e-9)
    assert mcnemar(b, n - b) == mcnemar(n - b, b)
    assert mcnemar(b, n - b, "asymptotic") == pytest.approx(stats.chi2.sf((2 * b - n) ** 2 / n, 1), rel=1e-9)


def test_no_row_apart_is_no_evidence() -> None:
    assert {mcnemar(0, 0, method) for method in ("mid-p", "exact", "asymptotic")} == {1.0}


@pytest.mark.parametrize("n", [10**6, 10**9])
def test_tails_of_very_many_rows(n: int) -> None:
    for z in (0.0, 1.0, 4.0):
        k = int(n / 2 - z * math.sqrt(n) / 2)
        assert binomial_half(k, n)[0] == pytest.approx(stats.binom.cdf(k, n, 0.5), rel=1e-5)


def test_a_mid_p_of_more_rows_than_a_float_counts() -> None:
    n = 2**60
    for z in (1.0, 4.0):
        assert mcnemar(n // 2 - int(z * 2**29), n // 2 + int(z * 2**29)) == pytest.approx(
            2 * stats.norm.sf(z), rel=1e-6
        )


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 30, 999, 1000])
def test_tails_are_those_of_scipy(freedom: int) -> None:
    for x in (0.0, 0.3, 2.0, 9.0):
        loose = 1e-3 if freedom >= 1000 else 1e-9
        assert student_two_sided(x, freedom) == pytest.approx(2 * stats.t.sf(x, freedom), rel=loose * 10, abs=1e-12)
        assert chi_square_tail(x, freedom) == pytest.approx(stats.chi2.sf(x, freedom), rel=1e-9)


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_adjusted_p_values_by_definition(p: list[float]) -> None:
    """Holm in plain words: the smallest times m, the next times m - 1, never falling; BH is SciPy's."""
    order, worst = sorted(range(len(p)), key=lambda i: p[i]), 0.0
    holm = [0.0] * len(p)
    for rank, i in enumerate(order):
        worst = max(worst, min(1.0, (len(p) - rank) * p[i]))
        holm[i] = worst
    assert adjusted(p, "holm") == pytest.approx(holm)
    assert adjusted(p, "bh") == pytest.approx(stats.false_discovery_control(p, method="bh"))
    assert adjusted(p, None) == p
    assert adjusted([*p, math.nan], "holm")[:-1] == adjusted(p, "holm")


def test_cochran_by_definition() -> None:
    """Of rows in a loop; of two models it is McNemar's asymptotic test."""
    rng = np.random.default_rng(1)
    right = rng.random((80, 4)) < [0.9, 0.8, 0.8, 0.6]
    by_model, by_row = right.sum(0), right.sum(1)
    q = 3 * (4 * sum(int(g) ** 2 for g in by_model) - sum(map(int, by_model)) ** 2)
    q /= 4 * sum(map(int, by_row)) - sum(int(x) ** 2 for x in by_row)
    found = cochran_q(right.astype(float), np.ones(80))
    assert found == (pytest.approx(q), pytest.approx(stats.chi2.sf(q, 3)))
    b, c = int((right[:, 0] & ~right[:, 1]).sum()), int((right[:, 1] & ~right[:, 0]).sum())
    assert cochran_q(right[:, :2].astype(float), np.ones(80))[1] == pytest.approx(mcnemar(b, c, "asymptotic"))


# ── paired DeLong and the other scores, by slow definitions ───────────────────────────────────
def slow_delong(y: Any, a: Any, b: Any) -> tuple[float, float]:
    """The difference of two AUCs and its standard error, from every pair of rows (DeLong et al. 1988)."""
    kernels = []
    for s in (a, b):
        rows = [[1.0 if p > q else 0.5 if p == q else 0.0 for q in s[y == 0]] for p in s[y == 1]]
        kernels.append(np.array(rows))
    areas = [k.mean() for k in kernels]
    by_positive, by_negative = (np.array([k.mean(axis) for k in kernels]) for axis in (1, 0))
    s10, s01 = np.cov(by_positive), np.cov(by_negative)
    total = s10 / (y == 1).sum() + s01 / (y == 0).sum()
    return areas[1] - areas[0], math.sqrt(total[0, 0] + total[1, 1] - 2 * total[0, 1])


OVARIAN = """
3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0  1.6 5.6 5 1  3.8 5.7 5 1
3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1  4.3 7.0 4 1  3.6 6.7 4 0  2.3 4.4 6 1  4.2 7.6 4 0
4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1  3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1  3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1
4.3 6.5 4 1  3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0  3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1  3.5 6.2 5 1
2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1  3.3 5.7 6 1  3.7 6.9 5 1  3.6 6.6 5 1
"""
"""Albumin, total protein, K-G score and outcome of the 43 patients of DeLong, DeLong & Clarke-Pearson 1988 who have all
three, as SAS/STAT's example "Comparing Receiver Operating Characteristic Curves" prints them."""


def test_delong_as_published() -> None:
    """Areas, standard errors and paired tests of SAS's PROC LOGISTIC on these patients, to its four digits."""
    albumin, protein, kg, y = np.array(OVARIAN.split(), float).reshape(-1, 4).T
    scores = {"K-G": 10 - kg, "albumin": albumin, "protein": protein}
    told = {"K-G": (0.7258, 0.1028), "albumin": (0.7366, 0.0927), "protein": (0.6478, 0.1000)}
    for model, (area, error) in told.items():
        ev = uc.evaluate(y.astype(int), y_score=scores[model], score_kind="raw")
        assert isinstance(ev.scores, ScoreTally)
        assert round(ev.estimate("roc_auc").value, 4) == area
        assert round(delong_error(ev.scores), 4) == error
        e = ev.estimate("roc_auc", method="delong")  # SAS's is on the scale itself: 0.7258 ± 1.96 · 0.1028
        logit, half = math.log(area / (1 - area)), 1.96 * error / (area * (1 - area))
        ends = [1 / (1 + math.exp(-logit - sign * half)) for sign in (-1, 1)]
        assert [e.low, e.high] == pytest.approx(ends, abs=3e-4)
    made = uc.compare(y.astype(int), y_score=scores, score_kind="raw", metrics=["roc_auc"], adjust=None)
    found = {x.models[1]: x for x in made.differences}
    for model, (difference, chi_square, p) in {"albumin": (0.0108, 0.0127, 0.9102),
                                               "protein": (-0.0780, 0.5554, 0.4561)}.items():  # fmt: skip
        assert round(found[model].difference.value, 4) == difference
        assert round(found[model].z ** 2, 4) == chi_square
        assert round(found[model].p, 4) == p


def test_an_area_as_published() -> None:
    """109 CT images rated 1 to 5 (Hanley & McNeil 1982): area 0.893; Stata's roctab has DeLong's error, 0.0307."""
    normal, abnormal = (33, 6, 6, 11, 2), (3, 2, 2, 11, 33)
    y, rating = np.repeat([0, 1], [58, 51]), np.concatenate([np.repeat(np.arange(5), x) for x in (normal, abnormal)])
    ev = uc.evaluate(y, y_score=rating, score_kind="raw")
    assert isinstance(ev.scores, ScoreTally)
    assert round(ev.estimate("roc_auc").value, 4) == 0.8932
    assert round(delong_error(ev.scores), 4) == 0.0307


def test_a_million_rows_are_resampled_in_groups() -> None:
    """More than 256² pairs of scores: the standard error of what is drawn in groups is that of rows drawn anew."""
    rng = np.random.default_rng(5)
    y = rng.integers(0, 2, 80_000)
    shared = rng.normal(size=80_000) + y
    scores = {"a": shared + rng.normal(size=80_000), "b": shared + 0.5 * rng.normal(size=80_000)}
    found = uc.compare(y, y_score=scores, score_kind="raw", metrics=["ks"])["ks"].difference
    assert "of 256 groups of each model's scores" in found.method

    def drop(at: np.ndarray) -> float:
        return float(
            np.diff([stats.ks_2samp(x[at][y[at] == 1], x[at][y[at] == 0]).statistic for x in scores.values()])[0]
        )

    drawn = [drop(rng.integers(0, len(y), len(y))) for _ in range(40)]
    assert (found.high - found.low) / 3.92 == pytest.approx(np.std(drawn), rel=0.45)
    assert found.value == pytest.approx(drop(np.arange(len(y))), abs=1e-9)


@pytest.mark.parametrize("digits", [None, 1])
@pytest.mark.parametrize("seed", range(3))
def test_paired_delong(seed: int, digits: int | None) -> None:
    y, scores = paired(60, seed, digits=digits)
    difference, error = slow_delong(y, *scores.values())
    found = uc.compare(y, y_score=scores)["roc_auc"]
    assert found.difference.value == pytest.approx(difference, abs=1e-12)
    assert found.z == pytest.approx(difference / error)
    assert found.p == pytest.approx(2 * stats.norm.sf(abs(difference / error)))
    assert found.difference.high == pytest.approx(difference + stats.norm.ppf(0.975) * error)
    assert found.test == "DeLong"


def test_the_same_ranking_under_another_scale() -> None:
    """Scores that rank alike differ in nothing, and it says so."""
    y, scores = paired(50, 1)
    found = uc.compare(y, y_score={"a": scores["a"], "b": scores["a"] ** 3})
    assert (found["roc_auc"].difference, found["roc_auc"].p) == (0, 1)
    assert found["roc_auc"].test == found["average_precision"].test == "identical rankings"
    assert found["brier"].difference != 0


def test_no_spread_is_no_certainty() -> None:
    """One model right about every pair and the other wrong: DeLong's error is 0, which proves nothing."""
    found = uc.compare([0, 0, 1, 1], y_score={"a": [0.9, 0.8, 0.2, 0.1], "b": [0.1, 0.2, 0.8, 0.9]})["roc_auc"]
    assert found.difference == 1
    assert math.isnan(found.p)
    assert not found.significant
    assert "nothing shows" in found.test


def test_losses_are_the_paired_t_test() -> None:
    y, scores = paired(40, 2)
    made = uc.compare(y, y_score=scores)
    for name, loss in (
        ("brier", lambda p: (p - y) ** 2),
        ("log_loss", lambda p: -np.log(np.where(y == 1, p, 1 - p))),
    ):
        a, b = (loss(p) for p in scores.values())
        expected = stats.ttest_rel(b, a)
        assert made[name].z == pytest.approx(expected.statistic)
        assert made[name].p == pytest.approx(expected.pvalue)
        interval = expected.confidence_interval(0.95)
        assert made[name].difference.low == pytest.approx(interval.low, rel=1e-3)
        assert made[name].difference.high == pytest.approx(interval.high, rel=1e-3)


@pytest.mark.parametrize("metric", ["average_precision", "ks"])
def test_other_rankings_have_the_spread_of_resampled_rows(metric: str) -> None:
    """The standard error of the difference is that of rows drawn again."""
    y, scores = paired(300, 3)
    found, rng = uc.compare(y, y_score=scores, metrics=[metric])[metric], np.random.default_rng(0)
    assert found.z is not None
    seen = []
    for _ in range(150):
        rows = rng.integers(300, size=300)
        a, b = (float(uc.evaluate(y[rows], y_score=p[rows]).estimate(metric)) for p in scores.values())
        seen.append(b - a)
    assert found.difference.value / found.z == pytest.approx(np.std(seen), rel=0.25)


# ── decisions ─────────────────────────────────────────────────────────────────────────────────
def test_every_metric_is_the_difference_of_both() -> None:
    """Of every metric of counts in the catalogue: the second model's value less the first's, within its interval."""
    rng = np.random.default_rng(5)
    y = rng.integers(2, size=120)
    calls = {name: np.where(rng.random(120) < right, y, 1 - y) for name, right in (("a", 0.7), ("b", 0.8))}
    names = [f"{x.name}({2})" if any(p.default is None for p in x.parameters) else x.name
             for x in CATALOGUE.values() if x.of == "counts"]  # fmt: skip
    made = uc.compare(y, y_pred=calls, metrics=names)
    for name in names:
        found = made[name]
        values = [float(uc.confusion_matrix(y, calls[model]).estimate(name)) for model in "ab"]
        assert [e.value for e in found.values] == pytest.approx(values)
        assert found.difference.value == pytest.approx(values[1] - values[0], abs=1e-12)
        assert found.difference.low <= found.difference.value <= found.difference.high
        assert 0 <= found.p <= 1, name


@pytest.mark.parametrize("metric", ["accuracy", "error_rate", "recall", "fnr", "specificity", "fpr", "accuracy[0]",
                                    "predicted_prevalence", "recall[0]", "specificity[0]"])  # fmt: skip
def test_proportions_are_mcnemar_and_newcombe(metric: str) -> None:
    """The rows behind a proportion in a loop, with seats for what is missing."""
    rng = np.random.default_rng(6)
    y: list[Any] = [None if x == 2 else int(x) for x in rng.choice([0, 1, 2], p=[0.5, 0.45, 0.05], size=150)]
    calls = {k: [None if rng.random() < 0.05 else int(rng.random() < 0.5 + 0.3 * (t == 1)) for t in y] for k in "ab"}
    how: dict[str, Any] = {"labels": [0, 1], "invalid": "count"}
    found = uc.compare(y, y_pred=calls, metrics=[metric], **how)[metric]
    name, _, label = metric.rstrip("]").partition("[")
    p = int(label or 1)
    pairs = []
    for t, a, b in zip(y, calls["a"], calls["b"], strict=True):
        if t != p if name in ("recall", "fnr") else t == p and name in ("specificity", "fpr"):
            continue
        right = {
            "accuracy": lambda c, t=t: ((c == p) == (t == p)) if label else (t is not None and c == t),
            "error_rate": lambda c, t=t: not (t is not None and c == t),
            "recall": lambda c: c == p, "fnr": lambda c: c != p, "specificity": lambda c: c != p,
            "fpr": lambda c: c == p, "predicted_prevalence": lambda c: c == p,
        }[name]  # fmt: skip
        pairs.append((right(a), right(b)))
    cells = [sum(x == want for x in pairs) for want in ((True, True), (False, True), (True, False), (False, False))]
    assert found.difference.value == pytest.approx((cells[1] - cells[2]) / len(pairs))
    assert (found.difference.low, found.difference.high) == pytest.approx(newcombe_10(*cells, 0.95))
    assert found.p == pytest.approx(mcnemar(cells[2], cells[1]))
    assert found.test == "McNemar mid-p"


def test_randomisation_by_trying_every_swap() -> None:
    """Of few rows: the share of all 2ᵐ swaps that set the F1s as far apart."""
    y = np.array([1, 1, 1, 1, 0, 0, 0, 0, 1, 0])
    a = np.array([1, 0, 0, 1, 1, 0, 1, 0, 0, 0])
    b = np.array([1, 1, 1, 1, 0, 0, 0, 1, 1, 0])

    def f1(c: Any) -> float:
        return 2 * float((c & y).sum()) / float(c.sum() + y.sum())

    differ, seen = np.flatnonzero(a != b), []
    for swaps in itertools.product([False, True], repeat=len(differ)):
        c, d = a.copy(), b.copy()
        c[differ[list(swaps)]], d[differ[list(swaps)]] = b[differ[list(swaps)]], a[differ[list(swaps)]]
        seen.append(abs(f1(d) - f1(c)) >= abs(f1(b) - f1(a)) - 1e-12)
    found = uc.compare(y, y_pred={"a": a, "b": b}, metrics=["f1"])["f1"]
    assert found.p == pytest.approx(np.mean(seen), abs=0.04)  # three standard errors of 2,000 replicates
    assert found.test.startswith("randomisation")


def test_the_bootstrap_is_that_of_rows() -> None:
    """Percentiles of macro-F1 over rows drawn again, and over the joint counts."""
    rng = np.random.default_rng(7)
    n = 150
    y = rng.choice(list("cde"), n)
    calls = {k: np.where(rng.random(n) < right, y, rng.choice(list("cde"), n)) for k, right in (("a", 0.5), ("b", 0.7))}
    found = uc.compare(y, y_pred=calls, metrics=["f1@macro"])["f1@macro"]
    seen = []
    for _ in range(800):
        rows = rng.integers(n, size=n)
        values = [uc.confusion_matrix(y[rows], x[rows]) for x in calls.values()]
        first, second = (_macro_f1(np.asarray(cm)) for cm in values)
        seen.append(second - first)
    low, high = np.quantile(seen, [0.025, 0.975])
    assert found.difference.low == pytest.approx(low, abs=0.025)
    assert found.difference.high == pytest.approx(high, abs=0.025)


def _macro_f1(table: Any) -> float:
    return float(np.mean([2 * table[i, i] / (table[i].sum() + table[:, i].sum()) for i in range(len(table))]))


@given(seed=st.integers(0, 10**6), n=st.integers(4, 60), k=st.integers(2, 4))
@settings(max_examples=25)
def test_turned_round_it_is_the_opposite(seed: int, n: int, k: int) -> None:
    """compare(a, b) is -compare(b, a), to the bit: estimates, intervals, p-values, flips."""
    rng = np.random.default_rng(seed)
    y, a, b = rng.integers(k, size=(3, n))
    metrics = ["accuracy", "mcc", "f1@macro", "f1[0]", "recall[1]"]
    how: dict[str, Any] = {"labels": range(k), "metrics": metrics}
    one, other = uc.compare(y, y_pred={"a": a, "b": b}, **how), uc.compare(y, y_pred={"b": b, "a": a}, **how)
    for x, z in zip(one.differences, other.differences, strict=True):
        for mine, theirs in ((x.difference.value, -z.difference.value), (x.difference.low, -z.difference.high),
                             (x.difference.high, -z.difference.low), (x.p, z.p), (x.adjusted, z.adjusted)):  # fmt: skip
            assert mine == theirs or (math.isnan(mine) and math.isnan(theirs))
    assert [(x.lost, x.won) for x in one.flips] == [(x.won, x.lost) for x in other.flips]


@given(seed=st.integers(0, 10**6), n=st.integers(2, 40))
@settings(max_examples=25)
def test_a_model_against_itself(seed: int, n: int) -> None:
    """The difference is 0, within the interval, and p is 1."""
    rng = np.random.default_rng(seed)
    y, p = np.append(rng.integers(2, size=n), [0, 1]), rng.random(n + 2).round(1)
    made = uc.compare(y, y_score={"a": p, "b": p}, threshold=0.5)
    for x in (*made.differences, *uc.compare(y, y_score={"a": p, "b": p}).differences):
        if x.difference.defined:
            assert (x.difference.value, x.p, x.significant) == (0, 1, False)
            assert x.difference.low <= 0 <= x.difference.high
    assert sum(x.lost + x.won + x.differ for x in made.flips) == 0


@given(seed=st.integers(0, 10**6), n=st.integers(2, 40), weighted=st.booleans())
@settings(max_examples=25)
def test_flips_by_counting(seed: int, n: int, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    y, a, b, c = rng.integers(3, size=(4, n))
    w = rng.random(n) + 0.1 if weighted else None
    made = uc.compare(y, y_pred={"a": a, "b": b, "c": c}, labels=[0, 1, 2], sample_weight=w, pairs="all")
    assert {x.models for x in made.differences} == {("a", "b"), ("a", "c"), ("b", "c")}
    calls = {"a": a, "b": b, "c": c}
    for x in made.flips:
        here, first, second = y == x.truth, *(calls[m] for m in x.models)
        expected = [(here & (f == (first == y)) & (s == (second == y))).sum() for f, s in
                    ((True, True), (True, False), (False, True), (False, False))]  # fmt: skip
        assert [x.both_right, x.lost, x.won, x.both_wrong] == expected
        assert (x.differ, x.rows) == ((here & (first != second)).sum(), here.sum())


def test_equal_weights_change_no_estimate() -> None:
    """Weights that are all 2 count for as many rows as there are."""
    y, scores = paired(200, 8)
    plain = uc.compare(y, y_score=scores, threshold=0.5)
    twice = uc.compare(y, y_score=scores, threshold=0.5, sample_weight=np.full(200, 2.0))
    for a, b in zip(plain.differences, twice.differences, strict=True):
        assert b.difference.value == pytest.approx(a.difference.value)
        width_a, width_b = (x.difference.high - x.difference.low for x in (a, b))
        assert width_b == pytest.approx(width_a, rel=0.1)
        assert b.p == pytest.approx(a.p, abs=0.06)
    assert plain["roc_auc"].p == pytest.approx(twice["roc_auc"].p)


def test_mcnemar_keeps_its_level() -> None:
    """Equal models are told apart in no more than a twentieth of samples, and intervals hold 0 in the others."""
    rng, wrong, missed = np.random.default_rng(9), 0, 0
    for _ in range(400):
        y = rng.integers(2, size=80)
        hard = rng.random(80) < 0.3
        a, b = (np.where(hard & (rng.random(80) < 0.5), 1 - y, y) for _ in "ab")
        found = uc.compare(y, y_pred={"a": a, "b": b}, metrics=["accuracy"])["accuracy"]
        wrong += found.p < 0.05
        missed += not found.difference.low <= 0 <= found.difference.high
    assert wrong <= 30
    assert missed <= 34


# ── what is said of it ────────────────────────────────────────────────────────────────────────
def test_margins() -> None:
    """Equivalent where the whole interval lies inside; not worse where its bad end does."""
    y, scores = paired(2000, 10)
    made = uc.compare(y, y_score=scores, metrics=["roc_auc", "brier"], margin=0.2)
    assert made["roc_auc"].equivalent
    assert made["roc_auc"].not_worse
    assert "equivalent within 0.2" in made["brier"].verdict
    close = uc.compare(y, y_score=scores, metrics=["roc_auc", "brier"], margin=1e-6)
    better = made["roc_auc"].difference.low > 0
    assert close["roc_auc"].equivalent is False
    assert close["roc_auc"].not_worse is better
    lower = made["brier"].difference.high < 0
    assert close["brier"].not_worse is lower
    assert uc.compare(y, y_score=scores, metrics=["roc_auc"])["roc_auc"].equivalent is None


def test_better_goes_the_way_of_the_metric() -> None:
    """A lower log loss is the better one."""
    y, scores = paired(3000, 11)
    made = uc.compare(y, y_score={"old": scores["a"], "new": special.expit(4 * (2 * y - 1.0))}, metrics=["log_loss"])
    assert made["log_loss"].difference < 0
    assert made["log_loss"].verdict == "new is better"


def test_undefined_metrics_are_no_tests() -> None:
    """A metric that one model leaves undefined has a reason and no p-value, and does not count."""
    made = uc.compare([0, 1, 1, 0], y_pred={"a": [0, 0, 0, 0], "b": [0, 1, 1, 1]}, metrics=["precision", "recall"])
    found = made["precision"]
    assert math.isnan(found.difference.value)
    assert found.difference.reason
    assert math.isnan(found.p)
    assert found.verdict == "undefined"
    assert made.tests == 1
    assert made["recall"].adjusted == made["recall"].p


def test_the_doors_hold_the_same_numbers() -> None:
    """Text, Markdown, HTML, JSON, CSV and frames; JSON never holds NaN."""
    y, scores = paired(80, 12, models=3)
    made = uc.compare(y, y_score=scores, threshold={"a": 0.5, "b": 0.4, "c": 0.6}, margin=0.05)
    held = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    schema = json.loads((Path(unconfused.show.__file__).parent / "schema.json").read_text(encoding="utf-8"))
    pytest.importorskip("jsonschema").Draft202012Validator(schema).validate(held)
    assert held["differences"][0]["difference"]["value"] == made.differences[0].difference.value
    assert held["rules"] == {"a": "score >= 0.5", "b": "score >= 0.4", "c": "score >= 0.6"}
    assert held["cochran"]["q"] == made.cochran[0]
    frame = made.to_frame()
    assert frame["p"].tolist() == [x.p for x in made.differences]
    lines = made.to_csv().splitlines()
    assert lines[0].split(",")[:3] == ["metric", "reference", "model"]
    assert len(lines) == len(made.differences) + 1
    assert "np.float64" not in made.to_csv()
    for text in (str(made), made.to_markdown(), made._repr_html_()):
        assert "b against a" in text
        assert "accuracy" in text
    assert max(map(len, str(made).splitlines())) <= 80
    assert made["recall", "c"].models == ("a", "c")
    assert made["recall", "a", "c"] is made["recall", "c"]
    with pytest.raises(AmbiguousCall, match="'recall', 'a', 'b'"):
        made["recall"]
    with pytest.raises(UsageError, match="holds no 'npv'"):
        made["npv"]


def test_it_draws() -> None:
    """One line for each difference, into the Axes given."""
    plt = pytest.importorskip("matplotlib.pyplot")
    y, scores = paired(80, 13)
    made = uc.compare(y, y_score=scores, threshold=0.5, margin=0.02)
    assert len(made.plot().get_yticks()) == len(made.differences)
    _, ax = plt.subplots()
    assert made.plot(ax) is ax
    plt.close("all")


# ── who costs least ───────────────────────────────────────────────────────────────────────────
@given(seed=st.integers(0, 10**6), n=st.integers(2, 40))
@settings(max_examples=40)
def test_cost_ranges_by_trying_every_threshold(seed: int, n: int) -> None:
    """At any ratio the models named cost least, and the ranges cover every ratio once."""
    y, scores = paired(n, seed, models=3, digits=1)
    y[:2] = 0, 1
    tallies = {m: uc.evaluate(y, y_score=p).scores for m, p in scores.items()}
    ranges = cost_ranges(tallies)
    assert (ranges[0].low, ranges[-1].high) == (0, math.inf)
    assert [x.high for x in ranges[:-1]] == [x.low for x in ranges[1:]]
    for x in ranges:
        r = 2 * x.low + 0.61803 if math.isinf(x.high) else x.low + 0.61803 * (x.high - x.low)  # no touching point
        costs = {
            m: min(r * (p[y == 0] >= t).sum() + (p[y == 1] < t).sum() for t in (*set(p.tolist()), math.inf))
            for m, p in scores.items()
        }
        least = min(costs.values())
        assert set(x.models) == {m for m, cost in costs.items() if cost <= least * (1 + 1e-7) + 1e-12}


# ── two evaluations ───────────────────────────────────────────────────────────────────────────
def test_unpaired() -> None:
    """The values of both, an interval wider than the paired one, and a warning."""
    y, scores = paired(300, 14)
    both = {m: uc.evaluate(y, y_score=p) for m, p in scores.items()}
    made, rows = uc.compare(both, threshold=0.5), uc.compare(y, y_score=scores, threshold=0.5)
    assert [x.metric for x in made.differences] == [x.metric for x in rows.differences]
    for x, z in zip(made.differences, rows.differences, strict=True):
        assert x.difference.value == z.difference.value
        assert x.difference.high - x.difference.low > z.difference.high - z.difference.low
        assert (x.p < 0.05) == (not x.difference.low <= 0 <= x.difference.high)
    assert made.findings[0].code == "CM-UNPAIRED"
    assert "CM-UNPAIRED" in str(made)
    assert not made.paired
    matrices = {m: ev.at(0.5) for m, ev in both.items()}
    assert uc.compare(matrices)["recall"].difference.value == made["recall"].difference.value


# ── what is refused ───────────────────────────────────────────────────────────────────────────
def test_refusals() -> None:
    """Each says what is wrong and what to type."""
    y, p = [0, 1, 0, 1], [0.1, 0.9, 0.2, 0.8]
    two = {"old": p, "new": p}
    refused: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (UsageError, "two models or more by name, not a list", {"y_score": p}),
        (UsageError, "not 1 of them", {"y_score": {"old": p}}),
        (AmbiguousCall, "one of the two", {"y_score": two, "y_pred": two}),
        (AmbiguousCall, "one of the two", {}),
        (ThresholdUnset, "recall.*Every threshold", {"y_score": two, "metrics": ["recall"]}),
        (NotKept, "needs the scores", {"y_pred": {"old": y, "new": y}, "metrics": ["roc_auc"]}),
        (UsageError, "decided already", {"y_pred": {"old": y, "new": y}, "threshold": 0.5}),
        (UsageError, "thresholds name 'old'", {"y_score": two, "threshold": {"old": 0.5}}),
        (UsageError, "end of an interval", {"y_score": two, "metrics": ["roc_auc.low"]}),
        (UsageError, "margin=-1", {"y_score": two, "margin": -1}),
        (UsageError, "method='fisher'", {"y_score": two, "method": "fisher"}),
        (UsageError, "adjust='bonf'", {"y_score": two, "adjust": "bonf"}),
        (LengthMismatch, "Of model 'new'", {"y_score": {"old": p, "new": p[:3]}}),
        (NotKept, "has no 'grid'", {"y_score": two, "grid": "folded"}),
        (NotKept, "one class a row", {"y_score": two, "label_kind": "multilabel"}),
    ]
    for kind, words, given_ in refused:
        with pytest.raises(kind, match=words):
            uc.compare(y, **given_)
    with pytest.raises(UsageError, match="given evaluations"):
        uc.compare({"a": uc.evaluate(y, y_score=p)}, y_score=two)
    with pytest.raises(UsageError, match="classes of 'b'"):
        uc.compare({"a": uc.evaluate(y, y), "b": uc.evaluate([1, 2], [1, 2])})


def test_scores_that_are_missing_leave_the_ranking_alone() -> None:
    """Metrics of scores are compared on rows that every model has scored, and it is said."""
    y, scores = paired(60, 15)
    scores["b"][:5] = np.nan
    made = uc.compare(y, y_score=scores, invalid="count")
    kept = uc.compare(y[5:], y_score={m: p[5:] for m, p in scores.items()})
    assert made["roc_auc"].difference.value == kept["roc_auc"].difference.value
    assert made["roc_auc"].p == kept["roc_auc"].p
    assert [x.code for x in made.findings] == ["CM-UNSCORED"]
    assert uc.compare(y, y_score=scores, invalid="count", threshold=0.5, metrics=["recall"]).total == 60


def test_class_scores_are_compared_by_argmax() -> None:
    rng = np.random.default_rng(16)
    y, p, q = rng.integers(3, size=50), rng.dirichlet(np.ones(3), 50), rng.dirichlet(np.ones(3), 50)
    made = uc.compare(y, y_score={"p": p, "q": q})
    same = uc.compare(y, y_pred={"p": p.argmax(1), "q": q.argmax(1)}, labels=[0, 1, 2])
    assert made.rules["p"] == "argmax of the scores"
    assert [x.difference.value for x in made.differences] == [x.difference.value for x in same.differences]


def test_the_tally_answers_again(tmp_path: Path) -> None:
    """Shards add up to the whole, and another threshold needs no row."""
    y, scores = paired(90, 17, digits=2)
    whole = uc.compare(y, y_score=scores).tally
    parts = [uc.compare(y[i::3], y_score={m: p[i::3] for m, p in scores.items()}).tally for i in range(3)]
    assert sum(parts) == whole
    whole.save(tmp_path / "both.uc")
    kept = uc.load(tmp_path / "both.uc")
    assert kept == whole
    asked: dict[str, Any] = {"threshold": {"a": 0.4, "b": 0.6}, "metrics": ["recall", "roc_auc"]}
    assert uc.compare(kept, **asked).to_dict() == uc.compare(y, y_score=scores, **asked).to_dict()
    decided = whole.at({"a": 0.4, "b": 0.6})
    assert isinstance(decided, Joint)
    assert decided.matrix("b") == uc.confusion_matrix(y, y_score=scores["b"], threshold=0.6)
    assert whole.of("a") == uc.evaluate(y, y_score=scores["a"]).scores
    with pytest.raises(MergeRefused, match="another model"):
        whole + uc.compare(y, y_score={"a": scores["a"], "c": scores["b"]}).tally


# ── the command line ──────────────────────────────────────────────────────────────────────────
def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Columns by model from one file, in every format, and saved tallies by the name of their file."""
    pytest.importorskip("cyclopts")
    pytest.importorskip("duckdb")
    monkeypatch.chdir(tmp_path)
    y, scores = paired(60, 18)
    lines = [f"{t},{p},{q}" for t, p, q in zip(y, *scores.values(), strict=True)]
    Path("p.csv").write_text("\n".join(['label,old score,"new, score"', *lines]) + "\n", encoding="utf-8")
    columns = ["p.csv", "--y-true", "label", "--y-score", "old=old score", "--y-score", "new=new, score"]
    asked = ["--threshold", "old=0.4", "--threshold", "new=0.5", "--metric", "recall", "--metric", "roc_auc"]
    made = uc.compare(y, y_score=dict(zip(("old", "new"), scores.values(), strict=True)),
                      threshold={"old": 0.4, "new": 0.5}, metrics=["recall", "roc_auc"])  # fmt: skip
    expected = {"text": str(made), "markdown": made.to_markdown(), "csv": made.to_csv()}
    for form, text in expected.items():
        assert main(["compare", *columns, *asked, "--format", form]) == 0
        assert capsys.readouterr().out.strip() == text.strip()
    assert main(["compare", *columns, *asked]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(made.to_dict()))
    assert main(["compare", *columns, *asked, "-o", "made.html"]) == 0
    assert "new against old" in Path("made.html").read_text(encoding="utf-8")
    for name, p in zip(("old", "new"), scores.values(), strict=True):
        uc.evaluate(y, y_score=p).save(f"{name}.uc")
    assert main(["compare", "old.uc", "new.uc", "--metric", "roc_auc", "--format", "text"]) == 0
    assert "CM-UNPAIRED" in capsys.readouterr().out
    for wrong, words in (
        (columns[:5], "One model was named"), ([*columns, "--metric", "recall"], "Every threshold"),
        (columns[:3], "takes --y-score or --y-pred"), ([*columns, "--threshold", "half"], "no threshold"),
        ([*columns, *asked, "--format", "text", "-o", "x.tex", "--margin", "-1"], "margin"),
    ):  # fmt: skip
        assert main(["compare", *wrong]) == 2
        assert words in capsys.readouterr().err


def test_files_that_no_joint_tally_wrote_are_refused(tmp_path: Path) -> None:
    """Cells out of order or twice, classes that are not there, rules that do not pair up, scores that leave [0, 1]."""
    y, scores = paired(30, 19, digits=1)
    held = uc.compare(y, y_score=scores).tally
    decided = held.at({"a": 0.5, "b": 0.5})
    damaged = [
        replace(decided, cells=decided.cells[::-1].copy()),
        replace(decided, cells=np.zeros_like(decided.cells)),
        replace(decided, cells=decided.cells + 9),
        replace(decided, rules=("score >= 0.5",)),
        replace(held, scores=held.scores[::-1].copy()),
        replace(held, scores=held.scores + 1),
    ]
    for tally in damaged:
        tally.save(tmp_path / "bad.uc")
        with pytest.raises(UnreadableFile, match=r"bad\.uc"):
            uc.load(tmp_path / "bad.uc")


def test_cells_of_very_many_classes_do_not_fall_together() -> None:
    """Classes 1 and 65,537 are the same in 16 bits."""
    cells = np.array([[1, 1], [65_537, 65_537], [65_537, 1]])
    assert Joint.count(Labels(range(70_000)), ["a"], cells).cells.tolist() == [[1, 1], [65_537, 1], [65_537, 65_537]]


def test_a_class_filled_in_to_make_two_goes_when_others_come() -> None:
    """The seats move with it."""
    first = Joint.count(Labels((0, 1)), ["a"], np.array([[0, 0], [0, 3]]))  # no row of 1; one called nothing
    both = first + Joint.count(Labels((0, 2)), ["a"], np.array([[1, 1], [1, 2]]))
    assert both.labels.names == (0, 2)
    assert both.cells.tolist() == [[0, 0], [0, 3], [1, 1], [1, 2]]


def test_a_comparison_is_walked_difference_by_difference() -> None:
    made = uc.compare([0, 1, 1, 0], y_pred={"a": [0, 1, 0, 0], "b": [0, 1, 1, 1]}, metrics=["recall", "accuracy"])
    assert [x.metric for x in made] == ["recall", "accuracy"]
    assert list(made) == list(made.differences)
