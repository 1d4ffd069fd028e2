"""Views of the errors: coarser classes, another order, pairs confused most, and one way more than the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import unconfused as uc
from unconfused import errors

LETTERS = "abcdef"
PAIRS = st.lists(
    st.tuples(st.sampled_from(LETTERS), st.sampled_from(LETTERS), st.just(0.0) | st.floats(1e-9, 9)), min_size=1
)
GROUPS = st.fixed_dictionaries({x: st.sampled_from(["X", "Y", "Z"]) for x in LETTERS})


@given(PAIRS, GROUPS, st.booleans())
def test_collapsing_is_counting_coarser_classes(rows: Any, groups: dict[str, str], weighted: bool) -> None:
    """Every cell, weight and margin is that of the rows with their coarser classes."""
    truth, guess, weight = zip(*rows, strict=True)
    options = {"sample_weight": weight} if weighted else {}
    made = uc.confusion_matrix(truth, guess, labels=list(LETTERS), **options).collapse(groups)
    names = list(dict.fromkeys(groups.values()))
    again = uc.confusion_matrix([groups[x] for x in truth], [groups[x] for x in guess], labels=names, **options)
    assert made.labels == again.labels
    assert np.array_equal(made.counts, again.counts)
    assert made.total == len(rows)
    if weighted:
        assert np.allclose(np.asarray(made), np.asarray(again))


def test_seats_stay_and_classes_may_not_vanish() -> None:
    cm = uc.confusion_matrix(["a", "b", "c", "?"], ["a", "c", "b", "a"], labels=["a", "b", "c"], unknown="other")
    made = cm.collapse({"a": "vowel", "b": "rest", "c": "rest"})
    assert made.total == 4
    assert made["other", "vowel"] == 1
    assert made["rest", "rest"] == 2
    with pytest.raises(errors.UsageError, match="leave out 'c'"):
        cm.collapse({"a": "vowel", "b": "rest"})
    with pytest.raises(errors.UnknownClass):
        cm.collapse({"a": 0, "b": 0, "c": 0, "d": 1})
    assert cm.collapse({"a": "v", "b": "r", "c": "r"}, pos_label="v").labels.positive_name == "v"


def test_another_order_moves_names_with_their_rows() -> None:
    cm = uc.confusion_matrix([0, 1, 2, 2], [0, 2, 2, 1])
    turned = cm.reorder([2, 0, 1])
    assert turned.labels == (2, 0, 1)
    assert all(turned[a, b] == cm[a, b] for a in range(3) for b in range(3))
    assert float(turned.estimate("f1@macro")) == float(cm.estimate("f1@macro"))
    for order in ([0, 1], [0, 1, 1]):
        with pytest.raises(errors.UsageError):
            cm.reorder(order)


def test_asymmetry_is_the_exact_binomial_test() -> None:
    """Each p-value against scipy, Holm against statsmodels' definition written out."""
    stats = pytest.importorskip("scipy.stats")
    counts = np.array([[90, 12, 2], [1, 70, 9], [4, 8, 60]])
    found = uc.ConfusionMatrix.from_counts(counts, labels=["a", "b", "c"]).asymmetries()
    pairs = {("a", "b"): (12, 1), ("c", "a"): (4, 2), ("b", "c"): (9, 8)}
    assert {(x.truth, x.called): (x.there, x.back) for x in found} == pairs
    raw = sorted(stats.binomtest(a, a + b).pvalue for a, b in pairs.values())
    holm = np.maximum.accumulate(np.minimum(1, np.array(raw) * [3, 2, 1]))
    assert [x.p for x in found] == pytest.approx(holm.tolist())
    large = uc.ConfusionMatrix.from_counts([[0, 1100], [1000, 0]]).asymmetries()
    assert large[0].p == pytest.approx(stats.binomtest(1100, 2100).pvalue, rel=1e-4)


def test_blocks_put_confused_classes_side_by_side() -> None:
    """Classes of two hidden groups, in alternating order."""
    pytest.importorskip("scipy")
    counts = np.eye(6, dtype=int) * 50
    for i in range(6):
        for j in range(6):
            if i != j and i % 2 == j % 2:
                counts[i, j] = 20
    order = uc.ConfusionMatrix.from_counts(counts, labels=list(LETTERS)).blocks()
    assert [LETTERS.index(str(x)) % 2 for x in order] in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])
    assert uc.ConfusionMatrix.from_counts([[1, 2], [3, 4]]).blocks() == [0, 1]


def test_pairs_confused_most_are_those_that_the_data_bears_out() -> None:
    """Three of four rows come after 300 of 500: few rows prove little."""
    cm = uc.ConfusionMatrix.from_counts([[200, 300, 0], [0, 100, 0], [3, 0, 1]], labels=["a", "b", "c"])
    assert [(x.truth, x.called, x.rows) for x in cm.confusions()] == [("a", "b", 300), ("c", "a", 3)]
