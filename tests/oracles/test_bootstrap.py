"""The bootstrap of counts is that of rows; BCa against SciPy's, and what either costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

import unconfused as uc
from unconfused.errors import NotKept
from unconfused.inference.ask import sample_of
from unconfused.inference.counts import of_class
from unconfused.inference.resample import replicated as of_counts
from unconfused.inference.scores import replicated as of_scores
from unconfused.inference.units import value_of
from unconfused.metrics.language import parse


def rows(n: int = 2000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.2).astype(int)
    return y, (1 / (1 + np.exp(1 - rng.normal(size=n) - 1.3 * y))).round(3)


def of_rows(measure: Any, y: np.ndarray, p: np.ndarray, times: int) -> np.ndarray:
    """The slow definition: draw rows with replacement, measure again."""
    rng = np.random.default_rng(1)
    return np.array([measure(y[at], p[at]) for at in rng.integers(0, len(y), (times, len(y)))])


@pytest.mark.parametrize(
    ("metric", "measure"), [("roc_auc", roc_auc_score), ("average_precision", average_precision_score)]
)
def test_scores_drawn_as_counts_are_rows_drawn_anew(metric: str, measure: Any) -> None:
    """Two samples of replicates, one from the cells and one from the rows, come from one distribution."""
    y, p = rows()
    cells = of_scores(parse(metric), uc.evaluate(y, y_score=p).scores, seed=0)
    assert stats.ks_2samp(cells, of_rows(measure, y, p, 1000)).pvalue > 0.001


def test_a_matrix_drawn_as_counts_is_rows_drawn_anew() -> None:
    """The same of F1 from four cells."""
    y, p = rows()
    cm = uc.confusion_matrix(y, y_score=p, threshold=0.4)
    cells = of_counts(of_class(parse("f1").metric).value, sample_of(cm), 0)
    found = of_rows(lambda a, b: f1_score(a, b >= 0.4), y, p, 1000)
    assert stats.ks_2samp(cells, found).pvalue > 0.001


@pytest.mark.parametrize("metric", ["f1", "mcc", "kappa", "precision@macro", "lift"])
def test_bca_of_a_matrix_by_scipy(metric: str) -> None:
    """The ends of scipy.stats.bootstrap over the rows, but for the luck of either's draws."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 200)
    called = np.where(rng.random(200) < 0.8, y, 1 - y)
    cm = uc.confusion_matrix(y, called)

    def measure(place: np.ndarray, axis: int = -1) -> np.ndarray:
        tables = np.stack([(place == cell).sum(axis) for cell in range(4)], -1).reshape(-1, 2, 2)
        found = [value_of(uc.ConfusionMatrix.from_counts(x, labels=[0, 1]), parse(metric)) for x in tables]
        return np.array(found).reshape(place.shape[:-1])

    e = cm.estimate(metric, method="bca")
    rng = np.random.default_rng(0)
    other = stats.bootstrap((2 * y + called,), measure, method="BCa", n_resamples=1500, batch=1500, rng=rng)
    low, high = other.confidence_interval
    assert [e.low, e.high] == pytest.approx([low, high], abs=0.12 * (e.high - e.low))
    assert "BCa bootstrap, 2000 replicates, seed 0" in e.method
    assert cm.estimate(metric, method="bca").low == e.low, "the seed gives the same again"


def test_bca_of_scores_by_the_definition() -> None:
    """Acceleration from leaving out each row in turn, bias from the replicates, quantiles moved by both."""
    y, p = rows(150, 3)
    ev = uc.evaluate(y, y_score=p)
    e = ev.estimate("roc_auc", method="bca")
    values = np.sort(of_scores(parse("roc_auc"), ev.scores, seed=0))
    own = roc_auc_score(y, p)
    left = np.array([roc_auc_score(np.delete(y, i), np.delete(p, i)) for i in range(150)])
    off = left.mean() - left
    curve = (off**3).sum() / (6 * (off**2).sum() ** 1.5)
    start = stats.norm.ppf(((values < own).sum() + 0.5 * (values == own).sum() + 0.5) / (len(values) + 1))
    moved = start + stats.norm.ppf([0.025, 0.975])
    ends = np.quantile(values, stats.norm.cdf(start + moved / (1 - curve * moved)))
    assert [e.low, e.high] == pytest.approx(list(ends), abs=2e-4)


@given(seed=st.integers(0, 10**6), n=st.integers(1, 30))
@settings(max_examples=30, deadline=None)
def test_it_holds_its_value_and_has_a_width(seed: int, n: int) -> None:
    """Whatever the rows: inside the range, around the value, never of no width."""
    rng = np.random.default_rng(seed)
    y, p = np.r_[0, 1, rng.integers(0, 2, n)], rng.integers(0, 5, n + 2) / 4
    ev = uc.evaluate(y, y_score=p, sample_weight=rng.integers(1, 4, n + 2) if seed % 2 else None)
    for metric in ("roc_auc", "average_precision", "f1", "mcc", "kappa"):
        at = None if "_" in metric else 0.5
        e = ev.estimate(metric, threshold=at, method="bca")
        if e.defined:
            assert e.low <= e.value <= e.high
            assert e.low < e.high
            assert e.low >= (-1 if metric in ("mcc", "kappa") else 0)
            assert e.high <= 1


def test_the_groups_are_named() -> None:
    """Of many scores the replicates are of groups, and the method says so."""
    y, p = np.arange(20_000) % 2, np.random.default_rng(0).random(20_000)
    assert (
        "2000 replicates of 2,048 groups of scores"
        in uc.evaluate(y, y_score=p).estimate("ks", method="bootstrap").method
    )


def test_thousands_of_classes_are_refused() -> None:
    """Cells that are kept sparse have no BCa."""
    y = np.arange(3000)
    with pytest.raises(NotKept, match="BCa leaves out"):
        uc.confusion_matrix(y, np.roll(y, 1)).estimate("kappa", method="bca")


@pytest.mark.parametrize("method", ["bootstrap", "bca", None])
@pytest.mark.parametrize("query", ["recall", "mcc", "f1@macro", "f1@worst"])
def test_of_no_rows_nothing_is_drawn(query: str, method: str | None) -> None:
    """An empty table has no value and no interval, and the method is named."""
    e = uc.ConfusionMatrix.from_counts([[0, 0], [0, 0]]).estimate(query, method=method)
    assert np.isnan([e.value, e.low, e.high]).all()
    assert e.reason
    assert not e.method.startswith(",")
