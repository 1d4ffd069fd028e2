"""Class imbalance in the open: the test against the commonest class, and what another prevalence leaves as it is."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import unconfused as uc
from unconfused.inference.majority import no_information_p
from unconfused.inference.significance import binomial_tail
from unconfused.metrics.catalogue import CATALOGUE
from unconfused.show.report import PREVALENCE_FREE
from unconfused.tally.prevalence import at_prevalence

TABLE = [[231, 27], [32, 54]]


def test_the_published_table_of_caret() -> None:
    """Kuhn, *caret*, ``?confusionMatrix``: accuracy .8285 (.7844, .8668), NIR .75, P 0.0003097, kappa .5336."""
    cm = uc.ConfusionMatrix.from_counts(TABLE, labels=["normal", "abnormal"], pos_label="abnormal")
    accuracy = cm.estimate("accuracy", method="exact")
    assert [round(x, 4) for x in (accuracy.value, accuracy.low, accuracy.high)] == [0.8285, 0.7844, 0.8668]
    assert cm.estimate("no_information_rate").value == 0.75
    assert round(no_information_p(cm) or 0, 7) == 0.0003097
    assert round(cm.estimate("kappa").value, 4) == 0.5336


@given(n=st.integers(1, 3000), x=st.floats(0, 1), p=st.floats(0.001, 0.999))
@settings(max_examples=200, deadline=None)
def test_the_tail_is_that_of_scipy(n: int, x: float, p: float) -> None:
    """Of any count and share, however far out."""
    k = round(x * n)
    assert binomial_tail(k, n, p) == pytest.approx(stats.binom.sf(k - 1, n, p), rel=1e-7, abs=1e-12)


def test_the_tail_of_many_rows() -> None:
    """A billion rows are no more work than a million."""
    n = 10**9
    for sd in (-3, 0, 3):
        k = round(n * 0.3 + sd * np.sqrt(n * 0.21))
        assert binomial_tail(k, n, 0.3) == pytest.approx(stats.binom.sf(k - 1, n, 0.3), rel=1e-3)


@pytest.mark.parametrize("n", [2**40, 10**14, 2**60])
@pytest.mark.parametrize("p", [0.001, 0.3, 0.5, 0.97])
def test_the_tail_of_more_rows_than_anyone_has(n: int, p: float) -> None:
    for sd in (-3, 0, 3, 8):
        k = round(n * p + sd * np.sqrt(n * p * (1 - p)))
        assert binomial_tail(k, n, p) == pytest.approx(stats.norm.sf(sd), rel=1e-2)


def test_a_matrix_of_more_rows_than_a_float_counts_is_printed() -> None:
    """The share of the commonest class, as a float, may miss the number of rows in it by some."""
    cm = uc.ConfusionMatrix.from_counts([[0, 173845618164570767], [0, 206394459843333290]])
    assert no_information_p(cm) == pytest.approx(0.5, abs=1e-6)
    assert "always" in str(cm)


def test_several_classes_are_held_against_the_commonest() -> None:
    """SciPy's test of the rows that are right; of rows that are no draws of one, nothing."""
    rng = np.random.default_rng(0)
    y = rng.choice(3, 200, p=[0.6, 0.3, 0.1])
    called = np.where(rng.random(200) < 0.7, y, rng.integers(0, 3, 200))
    cm = uc.confusion_matrix(y, called)
    share = np.bincount(y).max() / 200
    other = stats.binomtest(int((y == called).sum()), 200, share, alternative="greater")
    assert no_information_p(cm) == pytest.approx(other.pvalue)
    assert no_information_p(uc.confusion_matrix(y, called, sample_weight=np.ones(200))) is None
    assert no_information_p(uc.evaluate(y, called, unit=np.arange(200) // 2).matrix) is None
    assert no_information_p(uc.confusion_matrix([0, 0], [0, 0], labels=[0, 1])) == 1


def test_a_majority_model_is_no_better_than_itself() -> None:
    """Everything called the commonest class: more often than not as good by luck."""
    cm = uc.confusion_matrix([0] * 96 + [1] * 4, [0] * 100)
    assert (no_information_p(cm) or 0) > 0.5


@pytest.mark.parametrize("share", [0.01, 0.6])
def test_what_is_free_of_the_prevalence_and_nothing_else(share: float) -> None:
    """Every metric of a decision or of scores about a binary problem, at another prevalence: the same, or not."""
    rng = np.random.default_rng(1)
    y = (rng.random(400) < 0.3).astype(int)
    ev = uc.evaluate(y, y_score=1 / (1 + np.exp(1 - rng.normal(size=400) - 1.5 * y)))
    view, cm = ev.at_prevalence(share), ev.at(0.4)
    moved = at_prevalence(cm, share)
    free = set()
    for name, metric in CATALOGUE.items():
        if metric.of not in ("counts", "scores"):
            continue
        asked = {"fbeta": "fbeta(2)", "partial_roc_auc": "partial_roc_auc(0.2)"}.get(name, name)
        try:
            before, after = (x.estimate(asked) for x in ((cm, moved) if metric.of == "counts" else (ev, view)))
        except uc.UnconfusedError:
            continue  # asks for an argument or for several classes
        if before.value == pytest.approx(after.value, rel=1e-9):
            free.add(name)
    assert {x for x in PREVALENCE_FREE if x in free} == PREVALENCE_FREE
    assert not free - PREVALENCE_FREE - {"coverage", "uncertainty"}


def test_the_report_says_so_in_every_form() -> None:
    """Text, Markdown, LaTeX, HTML and JSON; the average precision stands beside the prevalence."""
    y = np.repeat([0, 1], [75, 25])
    ev = uc.evaluate(y, y_score=np.r_[np.linspace(0, 0.7, 75), np.linspace(0.3, 1, 25)])
    made = ev.report(threshold=0.65)
    p = no_information_p(ev.at(0.65))
    assert p is not None
    assert 0.001 < p < 0.5
    flat = " ".join(str(made).split())
    assert f"always the commonest: 0.750, p = {p:.3f}" in flat
    assert "0.250 is chance: the prevalence" in flat
    assert "The same at any share of the classes: balanced_accuracy, recall, specificity, fpr, roc_auc." in flat
    for text in (made.to_markdown(), made.to_latex(), made._repr_html_()):
        assert f"p = {p:.3f}" in text
    told = json.loads(made.to_json())
    assert told["no_information_p"] == pytest.approx(p)
    assert told["prevalence_free"] == ["balanced_accuracy", "recall", "specificity", "fpr", "roc_auc"]
    assert told["baselines"]["average_precision"] == "prevalence"
