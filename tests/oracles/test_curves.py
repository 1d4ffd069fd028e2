"""Curves and the ROC hull against scikit-learn, SciPy, Keras and definitions written out threshold by threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, stats

import unconfused as uc
from unconfused.curves import KINDS
from unconfused.errors import NotKept, UsageError
from unconfused.metrics import CATALOGUE
from unconfused.metrics.hull import hull, pav

metrics = pytest.importorskip("sklearn.metrics")
isotonic = pytest.importorskip("sklearn.isotonic")


def problem(seed: int, digits: int = 12, n: int = 60) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Truth, scores with ties, weights."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(2, size=n)
    truth[:2] = 0, 1
    scores = np.clip(rng.normal(0.4 + 0.2 * truth, 0.25), 0, 1).round(digits)
    return truth, scores, rng.exponential(size=n) * 10.0 ** rng.integers(-2, 3, n)


CASES = [(seed, digits, weighted) for seed in range(3) for digits in (1, 2, 12) for weighted in (False, True)]
every_case = pytest.mark.parametrize(("seed", "digits", "weighted"), CASES)
CELLS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12)


def evaluated(seed: int, digits: int, weighted: bool) -> uc.Evaluation:
    truth, scores, weights = problem(seed, digits)
    return uc.evaluate(truth, y_score=scores, sample_weight=weights if weighted else None)


def rates(ev: uc.Evaluation, threshold: float) -> dict[str, float]:
    """The rates of one threshold, from its matrix."""
    c = ev.at(threshold).cells()
    tn, fp, fn, tp = (float(x[1]) for x in (c.tn, c.fp, c.fn, c.tp))
    n = tn + fp + fn + tp
    precision = tp / (tp + fp) if tp + fp else np.nan
    return {"fpr": fp / (tn + fp), "fnr": fn / (tp + fn), "recall": tp / (tp + fn), "precision": precision,
            "called": (tp + fp) / n, "tp": tp / n, "fp": fp / n, "p": (tp + fn) / n}  # fmt: skip


# ── the hull ──────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("size", [1, 2, 3, 30, 400])
@pytest.mark.parametrize("seed", range(6))
def test_pooling_is_the_isotonic_regression_of_scikit_learn(size: int, seed: int) -> None:
    """Of few rows, of many rows at each score (where little is pooled), and of weights over ten orders of magnitude."""
    rng = np.random.default_rng(seed)
    positives = rng.binomial(50, np.linspace(0.1, 0.9, size)) if seed % 2 else rng.integers(0, 3, size)
    negatives = 50 - positives if seed % 2 else rng.integers(0, 3, size)
    if seed > 3:
        positives, negatives = (x * 10.0 ** rng.integers(-5, 5, size) for x in (positives, negatives))
    blocks, mass = pav(negatives, positives), negatives + positives
    used = mass > 0
    if not used.any():
        assert np.isnan(blocks.spread()).all()
        return
    model = isotonic.IsotonicRegression()
    fit = model.fit_transform(np.flatnonzero(used), positives[used] / mass[used], sample_weight=mass[used])
    np.testing.assert_allclose(blocks.spread()[used], fit, atol=1e-12)
    assert (np.diff(blocks.rates) > 0).all()
    np.testing.assert_allclose([blocks.negatives.sum(), blocks.positives.sum()], [negatives.sum(), positives.sum()])


@pytest.mark.parametrize("size", [2, 100, 5000])
def test_a_chain_of_poolings_is_followed_to_its_end(size: int) -> None:
    """One heavy fall at the end takes in almost all blocks before it, one at a time."""
    positives = np.linspace(0, 1, size)
    negatives = 1 - positives
    negatives[-1] = 1e6
    fit = isotonic.IsotonicRegression().fit_transform(
        np.arange(size), positives / (negatives + positives), sample_weight=negatives + positives
    )
    np.testing.assert_allclose(pav(negatives, positives).spread(), fit, atol=1e-12)


@given(CELLS)
def test_a_corner_of_the_hull_is_what_some_costs_make_best(cells: list[tuple[int, int]]) -> None:
    """Over every slope no threshold beats the corners, each corner is the only best somewhere, and their places fit."""
    n, p = np.array(cells).T
    corners = hull(n, p)
    fp, tp = (np.concatenate([[0], np.cumsum(x[::-1])]) for x in (n, p))
    for angle in np.linspace(0, np.pi / 2, 41):
        gains, best = (np.cos(angle) * up - np.sin(angle) * right for up, right in ((tp, fp), (corners.tp, corners.fp)))
        assert gains.max() == pytest.approx(best.max(), abs=1e-9)
    places = len(cells) - corners.places
    assert (corners.tp == tp[places]).all()
    assert (corners.fp == fp[places]).all()
    right, up = np.diff(corners.fp), np.diff(corners.tp)
    assert (right[:-1] * up[1:] < right[1:] * up[:-1]).all()  # it turns right at every corner


# ── every kind ────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", ["usual", "weights", "one class", "one point", "log-odds"])
def test_every_kind_of_every_tally(kind: str, case: str) -> None:
    """Points of one length that cannot be changed, a frame, a text; single classes and single points too."""
    truth, scores, weights = problem(0, 2)
    ev = {
        "usual": lambda: uc.evaluate(truth, y_score=scores),
        "weights": lambda: uc.evaluate(truth, y_score=scores, sample_weight=weights),
        "one class": lambda: uc.evaluate([0, 0, 0], y_score=[0.1, 0.2, 0.2], labels=[0, 1]),
        "one point": lambda: uc.evaluate([0, 1], y_score=[0.3, 0.3]),
        "log-odds": lambda: uc.evaluate(truth, y_score=30 * scores - 12, score_kind="logit"),
    }[case]()
    curve = ev.curve(kind)
    found = curve.columns()
    assert {len(x) for x in found.values()} == {len(curve.x)}
    assert list(curve.to_frame().columns) == list(found)
    for array in (curve.x, curve.y, curve.thresholds, *curve.beside.values(), *(curve.expected or ())):
        assert not array.flags.writeable
    assert kind in str(curve)
    many = uc.evaluate(np.arange(9) % 3, y_score=np.full((9, 3), 1 / 3))
    if kind == "risk_coverage":  # how sure the decision among three is, the scores of each do not say
        with pytest.raises(NotKept, match=r"uc\.Abstain"):
            many.curve(kind)
    else:
        assert list(many.curve(kind)) == [0, 1, 2]


def test_what_raw_scores_cannot_draw_is_an_error() -> None:
    ev = uc.evaluate([0, 1, 1], y_score=[-3, 12, 40], score_kind="raw")
    for kind in KINDS:
        if kind in ("calibration", "net_benefit", "risk_coverage"):
            with pytest.raises(NotKept, match="score_kind='raw'"):
                ev.curve(kind)
        else:
            assert len(ev.curve(kind).x) >= 3


@pytest.mark.parametrize(
    ("kind", "options", "says"),
    [
        ("rock", {}, "'roc'"),
        ("roc", {"bins": 3}, "takes none"),
        ("calibration", {"widths": 3}, "how=, bins="),
        ("calibration", {"how": "quantile"}, "equal mass"),
        ("calibration", {"bins": 10}, "equal width"),
        ("calibration", {"how": "equal mass", "bins": 0}, "bins=0"),
        ("net_benefit", {"at": 0.5}, "percent"),
    ],
)
def test_a_wrong_kind_or_option_is_an_error_that_shows_the_right_ones(kind: str, options: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        uc.evaluate([0, 1], y_score=[0.2, 0.6]).curve(kind, **options)


# ── at every threshold ────────────────────────────────────────────────────────────────────────
@every_case
def test_det_response_and_ks_are_the_rates_of_their_thresholds(seed: int, digits: int, weighted: bool) -> None:
    ev = evaluated(seed, digits, weighted)
    det, response, ks = (ev.curve(kind) for kind in ("det", "response", "ks"))
    for i, t in enumerate(det.thresholds):
        expected = rates(ev, t)
        assert (det.x[i], det.y[i]) == pytest.approx((expected["fpr"], expected["fnr"]), abs=1e-9)
        assert response.x[i] == pytest.approx(expected["called"], abs=1e-9)
        assert response.y[i] == pytest.approx(expected["precision"], abs=1e-9, nan_ok=True)
        assert ks.y[i] == pytest.approx(expected["recall"], abs=1e-9)
        assert ks.beside["false positive rate"][i] == pytest.approx(expected["fpr"], abs=1e-9)
    assert (ks.x == ks.thresholds).all()
    assert np.abs(ks.y - ks.beside["false positive rate"]).max() == pytest.approx(ks.area)


def test_det_and_ks_against_their_peers() -> None:
    truth, scores, _ = problem(5, 2)
    ev = uc.evaluate(truth, y_score=scores)
    fpr, fnr, _ = metrics.det_curve(truth, scores)
    det = ev.curve("det")
    ours = set(zip(det.x.round(12), det.y.round(12), strict=True))
    assert set(zip(fpr.round(12), fnr.round(12), strict=True)) <= ours
    assert ev.curve("ks").area == pytest.approx(stats.ks_2samp(scores[truth == 1], scores[truth == 0]).statistic)


@every_case
def test_the_cost_curve_is_the_least_of_all_lines(seed: int, digits: int, weighted: bool) -> None:
    """Between its corners too, never above the trivial classifiers; and the threshold of a corner reaches it."""
    ev = evaluated(seed, digits, weighted)
    curve, found = ev.curve("cost"), [rates(ev, t) for t in ev.curve("roc").thresholds]
    for x in np.linspace(0, 1, 101):
        least = min(r["fnr"] * x + r["fpr"] * (1 - x) for r in found)
        assert np.interp(x, curve.x, curve.y) == pytest.approx(least, abs=1e-9)
        assert least <= np.interp(x, *curve.baseline) + 1e-12
    for i, t in enumerate(curve.thresholds[:-1]):
        here = rates(ev, t)
        for x in (curve.x[i], curve.x[i + 1]):
            assert here["fnr"] * x + here["fpr"] * (1 - x) == pytest.approx(np.interp(x, curve.x, curve.y), abs=1e-9)


@every_case
@pytest.mark.parametrize("at", ["percent", "scores"])
def test_net_benefit_is_hits_less_the_price_of_alarms(seed: int, digits: int, weighted: bool, at: str) -> None:
    ev = evaluated(seed, digits, weighted)
    curve = ev.curve("net_benefit", at=at)
    assert len(curve.x) == (99 if at == "percent" else len(ev.scores.scores))
    for t, benefit, of_all in zip(curve.x, curve.y, curve.beside["everything called positive"], strict=True):
        here = rates(ev, t)
        if t == 1:
            assert np.isnan(benefit)
            continue
        assert benefit == pytest.approx(here["tp"] - here["fp"] * t / (1 - t), abs=1e-9)
        assert of_all == pytest.approx(here["p"] - (1 - here["p"]) * t / (1 - t), abs=1e-9)


def test_net_benefit_of_log_odds_is_that_of_their_probabilities() -> None:
    truth, scores, _ = problem(3)
    odds = np.log(scores.clip(0.001, 0.999)) - np.log1p(-scores.clip(0.001, 0.999))
    a, b = (uc.evaluate(truth, y_score=s, score_kind=k).curve("net_benefit").y
            for s, k in ((scores.clip(0.001, 0.999), "probability"), (odds, "logit")))  # fmt: skip
    np.testing.assert_allclose(a, b, atol=1e-12)


# ── areas under precision and recall ──────────────────────────────────────────────────────────
@every_case
def test_areas_under_precision_and_recall_by_straight_lines(seed: int, digits: int, weighted: bool) -> None:
    """scikit-learn's curve starts at precision 1, Spark's at the first precision; by steps it is the average one."""
    truth, scores, weights = problem(seed, digits)
    ev = evaluated(seed, digits, weighted)
    precision, recall, _ = metrics.precision_recall_curve(truth, scores, sample_weight=weights if weighted else None)
    assert float(ev.estimate("pr_auc(trapezoid)")) == pytest.approx(metrics.auc(recall, precision), rel=1e-9)
    precision[-1] = precision[-2]
    assert float(ev.estimate("pr_auc(spark)")) == pytest.approx(metrics.auc(recall, precision), rel=1e-9)
    by_steps, average = ev.estimate("pr_auc(step)"), ev.estimate("average_precision")
    assert [by_steps.value, by_steps.low, by_steps.high] == [average.value, average.low, average.high]


@every_case
def test_the_interpolated_area_is_an_integral(seed: int, digits: int, weighted: bool) -> None:
    """Davis & Goadrich 2006: between two thresholds false alarms come in at one rate for each row that is found."""
    ev = evaluated(seed, digits, weighted)
    masses = ev.scores.masses[::-1]
    tp = fp = area = 0.0
    for more_fp, more_tp in masses:
        if more_tp:
            rate, from_tp, from_fp = more_fp / more_tp, tp, fp
            area += integrate.quad(
                lambda x, r=rate, a=from_tp, b=from_fp: 1.0 if x + b == 0 else x / (x + b + r * (x - a)),
                max(tp, 1e-300), tp + more_tp, epsabs=0, epsrel=1e-11,
            )[0]  # fmt: skip
        tp, fp = tp + more_tp, fp + more_fp
    assert float(ev.estimate("pr_auc(interpolated)")) == pytest.approx(area / tp, rel=1e-8)


def test_the_interpolated_area_of_four_rows_by_hand() -> None:
    """(1 - ln 2 + 1 - 2 ln 4/3) / 2; Keras says 0.36574429 with thresholds between the scores."""
    ev = uc.evaluate([1, 0, 1, 0], y_score=[0.2, 0.4, 0.6, 0.8])
    assert float(ev.estimate("pr_auc(interpolated)")) == pytest.approx(1 - np.log(2) / 2 - np.log(4 / 3), rel=1e-12)
    assert float(ev.estimate("pr_auc(interpolated)")) == pytest.approx(0.36574429, abs=1e-7)


@pytest.mark.slow
def test_the_interpolated_area_is_that_of_keras() -> None:
    """With a Keras threshold between any two scores, to float32."""
    keras = pytest.importorskip("keras")
    truth, scores, weights = problem(1, 1)
    theirs = keras.metrics.AUC(curve="PR", summation_method="interpolation", thresholds=list(np.arange(1, 20, 2) / 20))
    theirs.update_state(truth, scores, sample_weight=weights)
    ev = uc.evaluate(truth, y_score=scores, sample_weight=weights)
    assert float(ev.estimate("pr_auc(interpolated)")) == pytest.approx(float(theirs.result()), abs=1e-5)


@pytest.mark.parametrize("grid", ["exact", "folded", "folded(0)"])
def test_rows_that_weigh_nothing_have_no_say(grid: str) -> None:
    """Wherever they stand, the highest score included: no metric of scores is another number, or lost."""
    truth, scores, weights = problem(5)
    at = [int(scores.argmax()), int(scores.argmin()), *range(0, len(truth), 7)]
    weights[at] = 0
    kept = weights > 0
    both = [
        uc.evaluate(y, y_score=s, sample_weight=w, grid=grid, labels=[0, 1], pos_label=1)
        for y, s, w in ((truth, scores, weights), (truth[kept], scores[kept], weights[kept]))
    ]
    for name, metric in CATALOGUE.items():
        if metric.of == "scores":
            words = [x for each in metric.parameters for x in each.words]
            for how in words or (["0.1"] if name == "partial_roc_auc" else [""]):
                of_all, of_some = (ev.estimate(f"{name}({how})" if how else name) for ev in both)
                assert of_some.defined
                assert of_all.defined, (name, how)
                if grid == "exact":  # a bin is as wide as the scores that fell in it, whatever they weigh
                    assert of_all.value == pytest.approx(of_some.value, rel=1e-12), (name, how)


@pytest.mark.parametrize("how", ["trapezoid", "spark", "interpolated", "step"])
def test_an_area_where_nothing_is_called_at_first(how: str) -> None:
    """A bin whose highest score weighs nothing: precision begins below it."""
    ev = uc.evaluate([1, 0], y_score=[4.75, 5.0], sample_weight=[0.5, 0], grid="floatbits(0)", score_kind="logit")
    found = ev.estimate(f"pr_auc({how})")
    assert found.value == 1
    assert found.bounds == (1, 1)
