"""Top-k accuracy and the mean reciprocal rank: by drawing every order of the ties, and against scikit-learn."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unconfused import evaluate
from unconfused.errors import MergeRefused, NotKept, UnreadableFile, UsageError
from unconfused.inference import Estimate, estimate
from unconfused.inference.intervals import wilson
from unconfused.tally.ranks import Ranks


def places(scores: list[float], truth: int) -> list[int]:
    """The place of the true class in every order of the classes that the scores allow."""
    orders = [o for o in permutations(range(len(scores))) if sorted(scores, reverse=True) == [scores[i] for i in o]]
    return [order.index(truth) + 1 for order in orders]


@st.composite
def rows(draw: st.DrawFn) -> tuple[list[int], list[list[float]]]:
    """A few rows of three or four scores, many of them tied."""
    k, n = draw(st.integers(3, 4)), draw(st.integers(1, 8))
    scores = draw(st.lists(st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=k, max_size=k), min_size=n, max_size=n))
    return draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n)), scores


@given(rows())
@settings(max_examples=60)
def test_a_value_is_the_mean_over_every_order_of_the_ties_and_its_bounds_are_the_extremes(given_: Any) -> None:
    truth, scores = given_
    ev = evaluate(truth, y_score=scores, score_kind="raw")
    drawn = [places(row, y) for row, y in zip(scores, truth, strict=True)]
    for text, read in (
        *((f"top_k_accuracy({k})", lambda place, k=k: float(place <= k)) for k in (1, 2, 3, 9)),
        ("mrr", lambda place: 1 / place),
    ):
        values = [[read(place) for place in row] for row in drawn]
        e = ev.estimate(text)
        assert float(e) == pytest.approx(np.mean([np.mean(row) for row in values]), rel=1e-12)
        worst, best = np.mean([min(row) for row in values]), np.mean([max(row) for row in values])
        if best > worst:
            assert e.bounds == pytest.approx((worst, best), rel=1e-12)
            assert e.low <= e.bounds[0] <= e.value <= e.bounds[1] <= e.high
        else:
            assert e.bounds is None
        assert 0 <= e.low <= e.value <= e.high <= 1


def untied(n: int = 400, k: int = 6) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(k), n)
    return np.array([rng.choice(k, p=row) for row in p]), p


@pytest.mark.parametrize("weighted", [False, True])
def test_without_ties_it_is_what_scikit_learn_computes(weighted: bool) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    y, p = untied()
    w = np.random.default_rng(1).exponential(size=len(y)) if weighted else None
    ev = evaluate(y, y_score=p, sample_weight=w)
    for k in range(1, 6):
        theirs = metrics.top_k_accuracy_score(y, p, k=k, sample_weight=w)
        assert float(ev.estimate(f"top k({k})")) == pytest.approx(theirs, rel=1e-12)
    one_hot = np.eye(6)[y]
    theirs = metrics.label_ranking_average_precision_score(one_hot, p, sample_weight=w)
    assert float(ev.estimate("mrr")) == pytest.approx(theirs, rel=1e-12)


def test_the_first_place_is_the_accuracy_of_argmax() -> None:
    """With its interval; and a row without a truth or a score is wrong in both."""
    y, p = untied()
    p[::50] = np.nan
    truth = y.astype(object)
    truth[7::40] = None
    ev = evaluate(truth, y_score=p, labels=range(6), invalid="count")
    top, accuracy = ev.estimate("top_k_accuracy(1)"), ev.estimate("accuracy")
    assert (top.value, top.low, top.high, top.n) == pytest.approx(
        (accuracy.value, accuracy.low, accuracy.high, accuracy.n), rel=1e-12
    )
    assert ev.ranks is not None
    assert ev.ranks.total == len(y)
    assert float(ev.estimate("top_k_accuracy(6)")) < 1


def test_ties_widen_the_interval_by_what_they_could_change() -> None:
    """Forty rows of four equal scores: place 1 with chance ¼, never or always."""
    e = evaluate([0] * 40, y_score=[[0.25] * 4] * 40).estimate("top_k_accuracy(1)")
    assert (e.value, e.bounds) == (0.25, (0.0, 1.0))
    assert (e.low, e.high) == (0.0, 1.0)
    half = evaluate([0] * 40, y_score=[[0.5, 0.5, 0]] * 20 + [[0.6, 0.3, 0.1]] * 20).estimate("top_k_accuracy(1)")
    low, high = (wilson(np.float64(x), np.float64(40), 0.95)[end] for end, x in enumerate((20, 40)))
    assert (half.value, half.low, half.high) == (0.75, float(low), float(high))


def test_the_mean_reciprocal_rank_has_students_interval() -> None:
    stats = pytest.importorskip("scipy.stats")
    y, p = untied()
    x = [1 / places_ for places_ in (1 + (p > p[np.arange(len(y)), y][:, None]).sum(1))]
    e = evaluate(y, y_score=p).estimate("mrr", level=0.9)
    expected = stats.t.interval(0.9, len(y) - 1, np.mean(x), stats.sem(x))
    assert (e.low, e.high) == pytest.approx(expected, rel=1e-6)


def test_the_interval_of_top_k_covers() -> None:
    """In samples of 40 rows of six classes about nineteen times of twenty."""
    rng = np.random.default_rng(2)
    p = rng.dirichlet(np.ones(6), 2000)
    y = (rng.random((2000, 1)) > p.cumsum(1)).sum(1).clip(0, 5)
    truth = float(evaluate(y, y_score=p).estimate("top_k_accuracy(2)"))
    held = 0
    for _ in range(400):
        some = rng.integers(2000, size=40)
        e = estimate(Ranks.count(y[some], p[some]), "top_k_accuracy(2)")
        held += e.low <= truth <= e.high
    assert 0.92 <= held / 400 <= 0.98


def test_what_has_no_ranks_says_so() -> None:
    y, p = untied(20, 3)
    ev, binary = evaluate(y, y_score=p), evaluate([0, 1], y_score=[0.1, 0.9])
    with pytest.raises(NotKept, match="several classes"):
        binary.estimate("mrr")
    for tally in (ev.matrix, ev.moments["brier"], ev["1"].scores, ev.scores):
        with pytest.raises(NotKept):
            estimate(tally, "mrr" if not hasattr(tally, "keys") else "mrr@macro")
    for text in ("accuracy", "mrr[1]", "mrr@macro", "roc_auc"):
        with pytest.raises(NotKept):
            estimate(ev.ranks, text)
    for text in ("top_k_accuracy(0)", "top_k_accuracy(1.5)", "top_k_accuracy"):
        with pytest.raises(UsageError):
            ev.estimate(text)
    with pytest.raises(UsageError, match="method="):
        ev.estimate("mrr", method="wilson")
    assert isinstance(ev.estimate("top_k_accuracy(2)", method="jeffreys"), Estimate)
    with pytest.raises(MergeRefused, match="3 classes"):
        Ranks.count(y, p) + Ranks.count(y, np.hstack([p, p[:, :1]]))
    with pytest.raises(MergeRefused, match="weighted"):
        Ranks.count(y, p) + Ranks.count(y, p, sums=np.ones(20), squares=np.ones(20))
    assert np.isnan(float(estimate(Ranks.zero(), "mrr")))


@pytest.mark.parametrize("bad", [[[1, 2], [1, 1]], [[0, 2]], [[2, 1]], [[1, 9]], [[-1, 1]], [[1, 1], [1, 1]]], ids=str)
def test_hostile_places_are_refused(bad: Any, tmp_path: Any) -> None:
    from unconfused import store

    ranks = Ranks(3, np.array(bad), np.ones(len(bad), np.int64))
    store.save(ranks, tmp_path / "r.uc")
    with pytest.raises(UnreadableFile, match="places"):
        store.load(tmp_path / "r.uc")


def test_a_row_that_lacks_any_score_has_no_place() -> None:
    """One NaN is enough: the true class might have stood on either side of it."""
    truth, scores = np.array([0, 0, 1]), np.array([[0.5, np.nan, 0.2], [0.5, 0.3, 0.2], [np.nan] * 3])
    made = Ranks.count(truth, scores)
    assert made.places.tolist() == [[0, 0], [1, 1]]
    assert made.full.tolist() == [2, 1]
