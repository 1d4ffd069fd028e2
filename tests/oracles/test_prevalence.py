"""Views at another prevalence: against Bayes' theorem, published intervals, rows repeated as often, and simulation."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

import unconfused as uc
from unconfused.errors import NotKept, PositiveClassUnset, UsageError
from unconfused.evaluation import Evaluation
from unconfused.inference import counts, estimate, estimates
from unconfused.inference.delta import Sample
from unconfused.metrics import CATALOGUE
from unconfused.metrics.language import parse
from unconfused.tally.cells import Cells
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.prevalence import MatrixAt, at_prevalence

Z = stats.norm.ppf(0.975)
ARGUMENTS = {"fbeta": "(2)", "partial_roc_auc": "(0.2)"}
OF_COUNTS = [name + ARGUMENTS.get(name, "") for name, m in CATALOGUE.items() if m.of == "counts"]
UNMOVED = ["recall", "specificity", "fpr", "fnr", "informedness", "g_mean", "balanced_accuracy",
           "adjusted_balanced_accuracy"]  # fmt: skip
RATIOS = ["positive_likelihood_ratio", "negative_likelihood_ratio", "diagnostic_odds_ratio", "prevalence_threshold"]


def binary(tn: int, fp: int, fn: int, tp: int) -> ConfusionMatrix:
    return ConfusionMatrix.from_counts([[tn, fp], [fn, tp]], labels=["no", "yes"])


def scored(seed: int = 0, n: int = 300, **options: Any) -> Evaluation:
    rng = np.random.default_rng(seed)
    y = np.r_[0, 1, rng.random(n - 2) < 0.4].astype(int)
    return uc.evaluate(y, y_score=np.round(1 / (1 + np.exp(1 - rng.normal(size=n) - 2 * y)), 2), **options)


# ── values ────────────────────────────────────────────────────────────────────────────────────────
def test_a_mammogram_at_a_prevalence_of_one_percent_is_right_in_eight_of_a_hundred() -> None:
    """Sensitivity 80 %, false-positive rate 9.6 %: 7.8 % (Gigerenzer & Hoffrage 1995, after Eddy 1982)."""
    view = at_prevalence(binary(904, 96, 200, 800), 0.01)
    assert float(estimate(view, "precision")) == pytest.approx(0.078, abs=5e-4)
    assert float(estimate(view, "precision")) == pytest.approx(0.01 * 0.8 / (0.01 * 0.8 + 0.99 * 0.096), rel=1e-12)
    assert float(estimate(view, "npv")) == pytest.approx(0.99 * 0.904 / (0.99 * 0.904 + 0.01 * 0.2), rel=1e-12)


@pytest.mark.parametrize("name", OF_COUNTS)
def test_every_metric_is_that_of_rows_repeated_as_often_as_the_classes_come(name: str) -> None:
    cm, more = binary(20, 5, 3, 22), binary(20 * 3, 5 * 3, 3, 22)
    view, expected = at_prevalence(cm, 25 / 100), {x: float(e) for x, e in estimates(more, name).items()}
    found = {x: float(e) for x, e in estimates(view, name).items()}
    scale = 2 if name == "support" else 1  # a view has as many rows as were seen
    assert {x: scale * value for x, value in found.items()} == pytest.approx(expected, rel=1e-12)
    for average in ("macro", "weighted", "micro"):
        both = [float(estimate(x, f"{name}@{average}")) for x in (view, more)]
        assert scale * both[0] == pytest.approx(both[1], rel=1e-12)


OF_SCORES = [x + ARGUMENTS.get(x, "") for x, m in CATALOGUE.items() if m.of in ("scores", "moments")]
OF_SCORES.remove("squared_ece")  # is corrected for how many rows there are


@pytest.mark.parametrize("name", OF_SCORES)
def test_every_metric_of_scores_is_that_of_rows_repeated_as_often(name: str) -> None:
    rng = np.random.default_rng(2)
    y = np.repeat([0, 1], 60)
    p = np.round(1 / (1 + np.exp(1 - rng.normal(size=120) - 2 * y)), 2)
    found = uc.evaluate(y, y_score=p).at_prevalence(0.2).estimate(name)
    expected = uc.evaluate(y, y_score=p, count=np.where(y == 1, 1, 4)).estimate(name)
    assert float(found) == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize("share", [0.025, 0.1, 1 / 3])
@pytest.mark.parametrize("positive", [0, 1])
def test_rows_are_counted_before_they_are_weighted(share: float, positive: int) -> None:
    """A matrix of a view is that of the rows, weighted, to the bit: no sum of many rounded weights."""
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, 800)
    ev = uc.evaluate(y, y_score=np.clip(0.3 * y + 0.6 * rng.random(800), 0, 1), pos_label=positive)
    view = ev.at_prevalence(share)
    for t in (0.01, 0.2, 0.345, 0.5, 0.8):
        expected = at_prevalence(ev.at(t), share)
        assert view.at(t).full_weights.tolist() == expected.full_weights.tolist()
        np.testing.assert_allclose(view.at(t).full_squares, expected.full_squares, rtol=1e-14)


def test_the_own_prevalence_changes_no_value() -> None:
    ev = scored()
    view = ev.at_prevalence(float(ev.estimate("prevalence", threshold=0.5)))
    for name in ("precision", "mcc", "f1", "lift", "kappa"):
        assert float(view.estimate(name, threshold=0.5)) == pytest.approx(float(ev.estimate(name, threshold=0.5)))
    twice = ev.at_prevalence(0.7).at_prevalence(0.02)
    assert twice.at(0.4).prevalence == 0.02
    assert float(twice.estimate("f1", threshold=0.4)) == pytest.approx(
        float(ev.at_prevalence(0.02).estimate("f1", threshold=0.4))
    )


def test_weights_of_rows_stay_in_proportion_within_their_class() -> None:
    ev = scored(3, sample_weight=np.random.default_rng(3).random(300) + 0.5)
    recall, fpr = (float(ev.estimate(x, threshold=0.5)) for x in ("recall", "fpr"))
    view = ev.at_prevalence(0.03)
    assert float(view.estimate("precision", threshold=0.5)) == pytest.approx(
        0.03 * recall / (0.03 * recall + 0.97 * fpr)
    )
    assert view.at(0.5).weights.sum() == pytest.approx(ev.at(0.5).weights.sum())


def test_weighted_scores_and_weighted_classes_are_as_sure() -> None:
    """The interval at a threshold is that of the same decision, counted without scores."""
    rng = np.random.default_rng(6)
    y, s, w = rng.integers(0, 2, 300), rng.random(300), rng.exponential(size=300)
    one = uc.evaluate(y, y_score=s, sample_weight=w).at_prevalence(0.1).at(0.5).estimate("precision")
    other = uc.evaluate(y, (s >= 0.5).astype(int), sample_weight=w).at_prevalence(0.1).estimate("precision")
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high), rel=1e-9)


def test_the_curve_of_precision_passes_through_the_points_of_the_view() -> None:
    view = scored().at_prevalence(0.05)
    curve = view.curve("pr")
    assert curve.area == pytest.approx(float(view.estimate("average_precision")))
    assert curve.baseline[1][0] == pytest.approx(0.05)
    for i in (3, 20, 50):
        assert curve.y[i] == pytest.approx(float(view.estimate("precision", threshold=curve.thresholds[i])))


# ── intervals ─────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("share", [0.5, 0.03, 0.001])
def test_predictive_values_have_the_logit_interval_of_mercaldo_lau_and_zhou(share: float) -> None:
    """Var logit PPV = (1 - se) / (n₁ se) + sp / (n₀ (1 - sp)); of the NPV se / (n₁ (1 - se)) + (1 - sp) / (n₀ sp)."""
    tn, fp, fn, tp = 288, 87, 178, 240  # theirs, of an Alzheimer's gene: 418 cases, 375 controls
    view, se, sp = at_prevalence(binary(tn, fp, fn, tp), share), tp / (tp + fn), tn / (tn + fp)
    variance = {
        "precision": (1 - se) / tp + sp / fp,
        "npv": se / fn + (1 - sp) / tn,
    }
    for name, var in variance.items():
        e = estimate(view, name)
        logit = math.log(e.value / (1 - e.value))
        expected = [1 / (1 + math.exp(-(logit + sign * Z * math.sqrt(var)))) for sign in (-1, 1)]
        assert (e.low, e.high) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("name", UNMOVED + RATIOS)
def test_what_the_prevalence_does_not_move_keeps_its_interval(name: str) -> None:
    for cm in (binary(76, 12, 17, 48), *([] if name in RATIOS else [binary(50, 0, 3, 20)])):
        before, after = estimate(cm, name), estimate(at_prevalence(cm, 0.02), name)
        assert (before.value, before.low, before.high) == pytest.approx(
            (after.value, after.low, after.high), nan_ok=True
        )
        assert before.n == after.n


def test_what_the_prevalence_sets_has_no_width() -> None:
    view = at_prevalence(binary(76, 9, 17, 48), 0.02)
    for name, value in (("prevalence", 0.02), ("no_information_rate", 0.98)):
        e = estimate(view, name)
        assert e.low == e.value == e.high == pytest.approx(value)
        assert e.method == "set by the prevalence, not estimated"


@pytest.mark.parametrize("table", [(76, 9, 17, 48), (50, 0, 3, 20), (50, 0, 0, 20), (10, 4, 5, 0), (0, 9, 0, 9)])
@pytest.mark.parametrize("name", OF_COUNTS)
def test_every_interval_holds_its_value_and_stays_in_range(name: str, table: tuple[int, ...]) -> None:
    e, m = estimate(at_prevalence(binary(*table), 0.004), f"{name}[yes]"), CATALOGUE[name.partition("(")[0]]
    if e.defined:
        assert m.range[0] <= e.low <= e.value <= e.high <= m.range[1]


MOVED = ["precision", "npv", "accuracy", "f1", "mcc", "kappa", "lift", "predicted_prevalence", "markedness", "jaccard"]


@pytest.mark.parametrize(
    ("p", "n", "recall", "specificity", "share"),
    [(100, 200, 0.8, 0.8, 0.01), (30, 30, 0.8, 0.9, 0.05), (40, 300, 0.9, 0.99, 0.02), (20, 1000, 0.9, 0.99, 0.01)],
)
def test_intervals_hold_the_truth_of_the_other_population(
    p: int, n: int, recall: float, specificity: float, share: float
) -> None:
    """Exactly, over all pairs of hits and correct rejections that can reasonably occur: 92 % to 98 % of 95 %."""
    hits, rejections = (np.arange(*stats.binom.ppf([5e-4, 1 - 5e-4], *of)) for of in ((p, recall), (n, specificity)))
    tp, tn = (x.ravel() for x in np.meshgrid(hits, rejections))
    chance = stats.binom.pmf(tp, p, recall) * stats.binom.pmf(tn, n, specificity)
    a, b = (1 - share) * (p + n) / n, share * (p + n) / p
    plain = Cells.of_binary(tn, n - tn, p - tp, tp)
    sums, squares = (Cells.of_binary(x * tn, x * (n - tn), y * (p - tp), y * tp) for x, y in ((a, b), (a * a, b * b)))
    wrong, right = (1 - specificity, 1 - recall), (specificity, recall)
    truth = ConfusionMatrix.from_counts(
        np.rint(
            1e9 * np.array([[right[0] * (1 - share), wrong[0] * (1 - share)], [wrong[1] * share, right[1] * share]])
        )
    )
    for name in MOVED:
        query = parse(name)
        reading = (counts.of_class if query.metric.per_class else counts.of_table)(query.metric)
        found, value = counts.interval(reading, Sample(sums, squares, plain, True, True), 0.95), reading.value(sums)
        target = float(estimate(truth, name))
        held, defined = (found.low <= target) & (target <= found.high), ~np.isnan(value)
        covered = chance[held & defined].sum() / chance[defined].sum()
        assert 0.92 <= covered <= 0.98, (name, covered)


def test_average_precision_holds_the_truth_of_the_other_population() -> None:
    rng = np.random.default_rng(4)

    def draw(p: int, n: int) -> Evaluation:
        y, s = np.repeat([1, 0], [p, n]), np.r_[rng.normal(size=p) + 1.5, rng.normal(size=n)]
        return uc.evaluate(y, y_score=s, score_kind="raw").at_prevalence(0.1)

    truth = float(draw(200_000, 200_000).estimate("average_precision"))
    held = [e.low <= truth <= e.high for e in (draw(100, 1000).estimate("average_precision") for _ in range(300))]
    assert np.mean(held) >= 0.92


# ── decisions ─────────────────────────────────────────────────────────────────────────────────────
def test_a_choice_is_that_of_rows_repeated_as_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unconfused.decide.luck.WORK", 0)
    rng = np.random.default_rng(6)
    y = np.repeat([0, 1], 80)
    p = np.round(1 / (1 + np.exp(1 - rng.normal(size=160) - 2 * y)), 2)
    view = uc.evaluate(y, y_score=p).at_prevalence(0.1)
    more = uc.evaluate(y, y_score=p, count=np.where(y == 1, 1, 9))
    for asked in (
        {"cost": {"fp": 1, "fn": 5}},
        {"maximize": "f1"},
        {"maximize": "recall", "where": "precision >= 0.3"},
    ):
        a, b = view.choose(**asked), more.choose(**asked)
        assert a.threshold == b.threshold
        assert float(a.apparent) == pytest.approx(float(b.apparent))
        assert isinstance(a.matrix, MatrixAt)


def test_costs_at_another_prevalence_ask_for_another_threshold_of_the_old_probabilities() -> None:
    """Calibrated at ½, wanted at π' = 0.1: the odds of a threshold are 9 times what they are after recalibration."""
    k = np.arange(1, 1000)
    ev = uc.evaluate(np.tile([1, 0], 999), y_score=np.repeat(k / 1000, 2), count=np.stack([k, 1000 - k], 1).ravel())
    stays, moves = (ev.at_prevalence(0.1, recalibrate=x).choose(cost={"fp": 1, "fn": 4}) for x in (False, True))
    assert moves.theory == pytest.approx(0.2)
    assert stays.theory == pytest.approx(9 * 0.25 / (1 + 9 * 0.25))
    assert stays.threshold == pytest.approx(stays.theory, abs=0.0011)
    assert moves.threshold == pytest.approx(0.2, abs=0.0011)
    assert [float(x) for x in moves.matrix.ravel()] == pytest.approx([float(x) for x in stays.matrix.ravel()])


@pytest.mark.parametrize("kind", ["probability", "logit"])
def test_recalibrated_scores_are_saerens_and_the_ranking_stays(kind: str) -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 200)
    logit = rng.normal(size=200) + y
    p = 1 / (1 + np.exp(-logit))
    ev = uc.evaluate(y, y_score=p if kind == "probability" else logit, score_kind=kind)
    was, share = y.mean(), 0.03
    view = ev.at_prevalence(share, recalibrate=True)
    up, down = share / was, (1 - share) / (1 - was)
    assert view.scores.probabilities == pytest.approx(np.sort(p * up / (p * up + (1 - p) * down)))
    assert float(view.estimate("roc_auc")) == pytest.approx(float(ev.estimate("roc_auc")), rel=1e-12)
    assert ev.at_prevalence(share).scores.scores is ev.scores.scores


# ── what a view refuses ───────────────────────────────────────────────────────────────────────────
def test_views_do_not_add_and_are_not_saved(tmp_path: Any) -> None:
    ev = scored()
    view = ev.at_prevalence(0.1)
    matrix, scores = view.at(0.5), view.scores
    for a, b in ((view, view), (ev, view), (view, ev), (matrix, ev.at(0.5)), (ev.at(0.5), matrix), (scores, ev.scores),
                 (ev.scores, scores), (0, matrix)):  # fmt: skip
        with pytest.raises(TypeError, match="Views at a prevalence do not add"):
            a + b
    for one in (view, matrix):
        with pytest.raises(NotKept, match=r"load\(path\)\.at_prevalence"):
            one.save(tmp_path / "view.uc")
    assert not list(tmp_path.iterdir())


def test_a_view_of_one_class_against_the_other_is_a_view() -> None:
    view = scored().at_prevalence(0.1).at(0.5)
    assert isinstance(view[0], MatrixAt)
    assert view[0].prevalence == 0.9
    assert float(estimate(view[0], "precision")) == pytest.approx(float(estimate(view, "npv")))


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.2, math.nan, "many", None])
def test_a_prevalence_lies_between_none_and_all(share: Any) -> None:
    with pytest.raises(UsageError, match="no share strictly between 0 and 1"):
        scored().at_prevalence(share)


def test_what_has_no_other_prevalence_says_so() -> None:
    with pytest.raises(NotKept, match=r"ev\[0\]\.at_prevalence"):
        uc.evaluate([0, 1, 2], y_score=np.eye(3)).at_prevalence(0.1)
    with pytest.raises(NotKept, match="2 rows have no known class"):
        uc.evaluate([0, 1, 7, 7], y_score=[0.1, 0.2, 0.3, 0.4], labels=[0, 1], unknown="other").at_prevalence(0.1)
    with pytest.raises(NotKept, match="No positive row"):
        uc.evaluate([0, 0], [0, 1]).at_prevalence(0.1)
    with pytest.raises(PositiveClassUnset):
        uc.evaluate(["a", "b"], ["a", "b"]).at_prevalence(0.1)
    with pytest.raises(NotKept, match="raw"):
        uc.evaluate([0, 1], y_score=[3.0, 4.0], score_kind="raw").at_prevalence(0.1, recalibrate=True)


def test_a_view_says_which_population_it_is_of() -> None:
    view = scored().at_prevalence(0.02)
    assert "2.0 % are 1" in str(view)
    assert "At a prevalence of 2.0 %" in str(view.at(0.5))
    assert view.at(0.5).rule == "score >= 0.5, at prevalence 0.02"
    assert view.report(threshold=0.5).to_dict()
    assert "2.0 %" in str(view.choose(cost={"fp": 1, "fn": 10}))


def test_several_classes_or_labels_are_told_in_the_plural() -> None:
    """What refuses them says how many there are, in English."""
    y, p = np.arange(30) % 5, np.full((30, 5), 0.2)
    several = uc.evaluate(y, y_score=p)
    for ask in (
        lambda: several.at_prevalence(0.1),
        lambda: several.recalibrated(undersampled=0.1),
        lambda: several.choose(cost={"fp": 1, "fn": 2}),
    ):
        with pytest.raises(NotKept, match=r"5 classes\b"):
            ask()
    labelled = uc.evaluate(np.eye(5, dtype=int)[y], y_score=p, label_kind="multilabel")
    with pytest.raises(NotKept, match=r"5 labels\b"):
        labelled.at_prevalence(0.1)


@pytest.mark.parametrize("grid", ["exact", "folded(3)"])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_metric_at_a_threshold_is_that_of_the_matrix_at_the_threshold(grid: str, weighted: bool) -> None:
    rng = np.random.default_rng(5)
    y = np.repeat([0, 1], [300, 60])
    weights = rng.random(360) + 0.5 if weighted else None
    view = uc.evaluate(y, y_score=rng.beta(2 + 2 * y, 4), sample_weight=weights, grid=grid).at_prevalence(0.02)
    for name, metric in CATALOGUE.items():
        if metric.of == "counts":
            text = f"{name}(2)" if name == "fbeta" else name
            asked = replace(view.estimate(text, threshold=0.5), bounds=None)  # a pin has none, which bins say of it
            assert repr(asked) == repr(view.at(0.5).estimate(text)), text
