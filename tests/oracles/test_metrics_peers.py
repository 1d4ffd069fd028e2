"""Agreement with scikit-learn and PyCM wherever both define a number.

Where they differ, they do on purpose:

DIFFERENCES
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

from unconfused.inference import estimate, estimates
from unconfused.labels import Labels
from unconfused.metrics import CATALOGUE
from unconfused.metrics.ranking import Masses
from unconfused.tally.cells import Cells
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.scores import ScoreTally

sk = pytest.importorskip("sklearn.metrics")

DIFFERENCES = """
| case | scikit-learn | PyCM | unconfused |
|---|---|---|---|
| precision of a class never predicted, recall of one without rows | 0, warns | "None" | NaN with its reason |
| F1, Jaccard of a class neither there nor predicted | 0, warns | "None" | NaN with its reason |
| macro and weighted averages with such a class | it takes part with 0 | "None" | left out, and named |
| MCC when everything was predicted alike | 0 | "None" | NaN with its reason |
| kappa when one class is there and predicted | NaN, warns | "None" | NaN with its reason |
| positive likelihood ratio without false positives | NaN, warns | "None" | NaN with its reason |
| normalized mutual information of one class and one class | 1 | - | NaN: there is no entropy to share |
| ROC AUC with one class | NaN, warns | - | NaN with its reason |
| average precision without positives | 0, warns | - | NaN with its reason |
| `average="binary"` | class 1, whatever the labels | - | the positive class, named by the caller |
| Brier score of K > 2 classes | Σ (p - y)² | - | `brier` is half of it, as at K = 2; `brier_sum` is the sum |
| log loss of p = 0 or 1 | clipped at 2.2e-16, silently | - | the same, and the estimate says of how many rows |
"""
__doc__ = (__doc__ or "").replace("DIFFERENCES", DIFFERENCES.strip())


def drawn(seed: int, k: int, n: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    guess = np.where(rng.random(n) < 0.6, truth, rng.integers(0, k, n))
    return truth, guess, rng.random(n) * 3


def matrix(truth: np.ndarray, guess: np.ndarray, k: int, weights: np.ndarray | None = None) -> ConfusionMatrix:
    counts = np.zeros((k, k), np.int64)
    np.add.at(counts, (truth, guess), 1)
    if weights is None:
        return ConfusionMatrix.from_counts(counts)
    sums = np.zeros((k, k))
    np.add.at(sums, (truth, guess), weights)
    return ConfusionMatrix.from_counts(counts, weights=sums)


CASES = [(seed, k, weighted) for seed in range(3) for k in (2, 3, 5) for weighted in (False, True)]


@pytest.mark.parametrize(("seed", "k", "weighted"), CASES)
def test_per_class_metrics_and_averages_are_those_of_scikit_learn(seed: int, k: int, weighted: bool) -> None:
    truth, guess, weights = drawn(seed, k)
    w = weights if weighted else None
    cm, options = matrix(truth, guess, k, w), {"labels": range(k), "sample_weight": w}
    peers: dict[str, Any] = {
        "precision": sk.precision_score,
        "recall": sk.recall_score,
        "f1": sk.f1_score,
        "dice": sk.f1_score,
        "jaccard": sk.jaccard_score,
        "fbeta(2)": lambda *a, **o: sk.fbeta_score(*a, beta=2, **o),
        "fbeta(0.5)": lambda *a, **o: sk.fbeta_score(*a, beta=0.5, **o),
    }
    for name, peer in peers.items():
        for average in ("macro", "micro", "weighted"):
            expected = peer(truth, guess, average=average, **options)
            assert float(estimate(cm, f"{name}@{average}")) == pytest.approx(expected, rel=1e-12), (name, average)
        expected = peer(truth, guess, average=None, **options)
        np.testing.assert_allclose([float(e) for e in estimates(cm, name).values()], expected, rtol=1e-12)


@pytest.mark.parametrize(("seed", "k", "weighted"), CASES)
def test_overall_metrics_are_those_of_scikit_learn(seed: int, k: int, weighted: bool) -> None:
    truth, guess, weights = drawn(seed, k)
    w = weights if weighted else None
    cm = matrix(truth, guess, k, w)
    expected = {
        "accuracy": sk.accuracy_score(truth, guess, sample_weight=w),
        "error_rate": sk.zero_one_loss(truth, guess, sample_weight=w),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, guess, sample_weight=w),
        "adjusted_balanced_accuracy": sk.balanced_accuracy_score(truth, guess, sample_weight=w, adjusted=True),
        "mcc": sk.matthews_corrcoef(truth, guess, sample_weight=w),
        "kappa": sk.cohen_kappa_score(truth, guess, sample_weight=w),
        "kappa(linear)": sk.cohen_kappa_score(truth, guess, sample_weight=w, weights="linear"),
        "kappa(quadratic)": sk.cohen_kappa_score(truth, guess, sample_weight=w, weights="quadratic"),
    }
    if not weighted:
        expected["mutual_information"] = sk.mutual_info_score(truth, guess)
        expected["normalized_mutual_information"] = sk.normalized_mutual_info_score(truth, guess)
    for name, value in expected.items():
        assert float(estimate(cm, name)) == pytest.approx(value, rel=1e-10), name


def test_likelihood_ratios_are_those_of_scikit_learn() -> None:
    truth, guess, _ = drawn(4, 2)
    cm = matrix(truth, guess, 2)
    plus, minus = sk.class_likelihood_ratios(truth, guess)
    assert float(estimate(cm, "lr+")) == pytest.approx(plus, rel=1e-12)
    assert float(estimate(cm, "nlr")) == pytest.approx(minus, rel=1e-12)


EMPTY, HALVES, SCORES = np.zeros(4, np.int64), np.array([0, 0, 1, 1]), [0.1, 0.2, 0.3, 0.4]
ON_PURPOSE: list[tuple[str, np.ndarray, np.ndarray, Any, float]] = [
    ("precision[1]", HALVES, EMPTY, lambda: sk.precision_score(HALVES, EMPTY), 0),
    ("recall[1]", EMPTY, HALVES, lambda: sk.recall_score(EMPTY, HALVES), 0),
    ("f1[1]", EMPTY, EMPTY, lambda: sk.f1_score(EMPTY, EMPTY), 0),
    ("jaccard[1]", EMPTY, EMPTY, lambda: sk.jaccard_score(EMPTY, EMPTY), 0),
    ("mcc", HALVES, EMPTY, lambda: sk.matthews_corrcoef(HALVES, EMPTY), 0),
    ("kappa", EMPTY, EMPTY, lambda: sk.cohen_kappa_score(EMPTY, EMPTY), math.nan),
    ("lr+[1]", HALVES, HALVES, lambda: sk.class_likelihood_ratios(HALVES, HALVES)[0], math.nan),
    ("nmi", EMPTY, EMPTY, lambda: sk.normalized_mutual_info_score(EMPTY, EMPTY), 1),
    ("roc_auc", EMPTY, EMPTY, lambda: sk.roc_auc_score(EMPTY, SCORES), math.nan),
    ("average_precision", EMPTY, EMPTY, lambda: sk.average_precision_score(EMPTY, SCORES), 0),
]


@pytest.mark.parametrize(("name", "truth", "guess", "peer", "value"), ON_PURPOSE, ids=[case[0] for case in ON_PURPOSE])
def test_what_scikit_learn_gives_where_a_number_is_undefined(
    name: str, truth: np.ndarray, guess: np.ndarray, peer: Any, value: float
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = peer()
    assert theirs == pytest.approx(value, nan_ok=True)
    scores = ScoreTally.count(Labels((0, 1)), "probability", truth, np.array(SCORES))
    ours = estimate(scores if name in ("roc_auc", "average_precision") else matrix(truth, guess, 2), name)
    assert not ours.defined
    assert ours.reason


def test_a_class_without_rows_is_left_out_of_balanced_accuracy_as_in_scikit_learn() -> None:
    truth, guess = np.array([0, 0, 1, 1, 1]), np.array([0, 2, 1, 1, 0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = sk.balanced_accuracy_score(truth, guess)
    assert float(estimate(matrix(truth, guess, 3), "balanced_accuracy")) == pytest.approx(expected)


# ── scores ────────────────────────────────────────────────────────────────────────────────────────
def scored(seed: int, weighted: bool, n: int = 200, decimals: int = 2) -> tuple[Any, Any, Any, ScoreTally]:
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < 0.3).astype(np.int64)
    scores = np.round(1 / (1 + np.exp(-rng.normal(2 * truth - 1))), decimals)
    weights = rng.integers(0, 5, n) * rng.random(n) if weighted else None
    return truth, scores, weights, ScoreTally.count(Labels((0, 1)), "probability", truth, scores, weights=weights)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("decimals", [1, 2, 9])
@pytest.mark.parametrize("seed", range(4))
def test_metrics_of_scores_are_those_of_scikit_learn(seed: int, decimals: int, weighted: bool) -> None:
    truth, scores, w, tally = scored(seed, weighted, decimals=decimals)
    expected = {
        "roc_auc": sk.roc_auc_score(truth, scores, sample_weight=w),
        "average_precision": sk.average_precision_score(truth, scores, sample_weight=w),
        "log_loss": sk.log_loss(truth, scores, sample_weight=w),
        "brier": sk.brier_score_loss(truth, scores, sample_weight=w),
    }
    for limit in (0.05, 0.3, 1.0):
        value = sk.roc_auc_score(truth, scores, sample_weight=w, max_fpr=limit)
        expected[f"partial_roc_auc({limit})"] = value
    fpr, tpr, _ = sk.roc_curve(truth, scores, sample_weight=w, drop_intermediate=False)
    expected["ks"] = np.max(np.abs(tpr - fpr))
    for name, value in expected.items():
        assert float(estimate(tally, name)) == pytest.approx(value, rel=1e-12), name


def test_the_log_loss_of_certainty_is_clipped_as_in_scikit_learn_and_says_so() -> None:
    truth, scores = np.array([0, 1, 1, 0]), np.array([1.0, 0.0, 1.0, 0.25])
    tally = ScoreTally.count(Labels((0, 1)), "probability", truth, scores)
    answer = estimate(tally, "log_loss")
    assert float(answer) == pytest.approx(sk.log_loss(truth, scores), rel=1e-12)
    assert "3 rows" in answer.method


def test_the_loss_of_logits_forms_no_probability() -> None:
    truth, logits = np.array([0, 1, 1, 0]), np.array([900.0, -40.0, 3.0, -1.0])
    tally = ScoreTally.count(Labels((0, 1)), "logit", truth, logits)
    expected = (900 + math.log1p(math.exp(40)) + math.log1p(math.exp(-3)) + math.log1p(math.exp(-1))) / 4
    assert float(estimate(tally, "log_loss")) == pytest.approx(expected, rel=1e-12)


def test_the_sum_form_of_brier_is_that_of_scikit_learn_for_several_classes() -> None:
    from unconfused.tally.moments import Moments

    rng = np.random.default_rng(0)
    truth, p = rng.integers(0, 3, 50), rng.dirichlet([1, 1, 1], 50)
    rows = ((p - np.eye(3)[truth]) ** 2).sum(1) / 2
    moments = Moments.of(rows)
    assert float(estimate(moments, "brier_sum")) == pytest.approx(sk.brier_score_loss(truth, p), rel=1e-12)
    assert float(estimate(moments, "brier")) == pytest.approx(sk.brier_score_loss(truth, p) / 2, rel=1e-12)


def test_the_auc_of_a_quintillion_pairs_is_exact() -> None:
    """Past 2**63 pairs the numerator is a Python integer."""
    from fractions import Fraction

    full = np.zeros((4, 4), np.int64)
    full[1:, 0], full[1:, 1] = [4 * 10**12, 3, 10**12], [1, 10**12 + 7, 5 * 10**12]
    tally = ScoreTally(Labels((0, 1)), "raw", np.arange(3.0), full)
    negatives, positives = ([int(x) for x in tally.mass[:, side]] for side in (0, 1))
    wins = sum(p * (2 * sum(negatives[:i]) + negatives[i]) for i, p in enumerate(positives))
    exact = Fraction(wins, 2 * sum(negatives) * sum(positives))
    assert float(CATALOGUE["roc_auc"](Masses.of(tally))) == pytest.approx(float(exact), rel=1e-15)


def test_the_auc_is_the_share_of_pairs_won_counted_one_by_one() -> None:
    truth, scores, _, tally = scored(9, False, n=60, decimals=1)
    won = [
        1.0 if a > b else 0.5 if a == b else 0.0 for a in scores[truth == 1] for b in scores[truth == 0]
    ]  # fmt: skip
    assert float(estimate(tally, "roc_auc")) == pytest.approx(sum(won) / len(won), rel=1e-15)


@pytest.mark.parametrize("bins", [1, 3, 10, 15])
def test_the_calibration_error_is_its_definition_row_by_row(bins: int) -> None:
    truth, scores, _, tally = scored(2, False, n=150)
    total = 0.0
    for b in range(bins):
        inside = [
            (p, y) for p, y in zip(scores, truth, strict=True) if b == min(int(p * bins), bins - 1)
        ]  # fmt: skip
        total += abs(sum(p for p, _ in inside) - sum(y for _, y in inside))
    assert float(estimate(tally, f"ece({bins})")) == pytest.approx(total / len(truth), rel=1e-12)


# ── PyCM ──────────────────────────────────────────────────────────────────────────────────────────
PYCM = {
    "precision": "PPV", "recall": "TPR", "specificity": "TNR", "npv": "NPV", "fpr": "FPR", "fnr": "FNR", "fdr": "FDR",
    "false_omission_rate": "FOR", "f1": "F1", "jaccard": "J", "informedness": "BM", "markedness": "MK", "g_mean": "GM",
    "fowlkes_mallows": "G", "prevalence": "PRE", "positive_likelihood_ratio": "PLR", "support": "P",
    "negative_likelihood_ratio": "NLR", "diagnostic_odds_ratio": "DOR",
    "mcc": "MCC", "accuracy": "ACC", "error_rate": "ERR",
}  # fmt: skip


@pytest.mark.parametrize("name", PYCM)
@pytest.mark.parametrize("seed", range(4))
def test_per_class_statistics_are_those_of_pycm_and_undefined_with_it(name: str, seed: int) -> None:
    pycm = pytest.importorskip("pycm")
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 6, (4, 4)) * (rng.random((4, 4)) < 0.7)
    table[3, 3] += 1
    peer = pycm.ConfusionMatrix(matrix={i: dict(enumerate(row)) for i, row in enumerate(table.tolist())})
    found = CATALOGUE[name].by_class(Cells.of_table(table.astype(float)))
    for place, value in enumerate(getattr(peer, PYCM[name]).values()):
        if value == "None":
            assert math.isnan(found[place]), (name, table)
        else:
            assert found[place] == pytest.approx(float(value), rel=1e-9, abs=1e-12), (name, table)
