"""Calls that once gave a plausible number, or a bare exception: each is refused in words, or answered right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import unconfused as uc
from unconfused.errors import (
    CountOverflow,
    DisjointLabels,
    InvalidCounts,
    InvalidWeights,
    LabelTypeMismatch,
    NotKept,
    ScoresOutOfRange,
    ThresholdUnset,
    UsageError,
)

from_counts = uc.ConfusionMatrix.from_counts


@pytest.mark.parametrize(
    ("truth", "called"), [("1,0", "1.0,0.0"), ("True,False", "1,0"), ("Yes,No", "yes,no")], ids=["1.0", "True", "Yes"]
)
def test_two_spellings_in_a_file(tmp_path: Path, truth: str, called: str) -> None:
    """Text that means the same class in two spellings is no table of errors."""
    a, b = truth.split(","), called.split(",")
    lines = [f"{a[i % 2]},{b[0 if i == 2 else i % 2]}" for i in range(20)]
    (tmp_path / "p.csv").write_text("y,p\n" + "\n".join(lines))
    with pytest.raises(DisjointLabels, match="spelled alike they would agree in 100%"):
        uc.evaluate_frame(tmp_path / "p.csv", y_true="y", y_pred="p")


def test_ids_against_names() -> None:
    """Class ids as text against class names."""
    with pytest.raises(LabelTypeMismatch, match=r"numbers as text .* holds names"):
        uc.confusion_matrix(["0", "1"] * 10, ["cat", "dog"] * 10)


def test_a_table_brings_its_names() -> None:
    """A crosstab is counted by name, in the order of labels=; other names on the two sides are refused."""
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame([[1, 2], [3, 4]], index=["a", "b"], columns=["b", "a"])
    assert from_counts(table)["a", "a"] == 2
    assert from_counts(table, labels={"b": "B", "a": "A"}).counts.tolist() == [[3, 4], [1, 2]]
    assert from_counts(pd.DataFrame([[1, 2], [3, 4]])).labels == (0, 1)
    for columns, labels in ((["a", "c"], None), (["a", "b"], ["x", "y"])):
        with pytest.raises(InvalidCounts, match="reindex"):
            from_counts(pd.DataFrame([[1, 2], [3, 4]], index=["a", "b"], columns=columns), labels=labels)


@pytest.mark.parametrize(
    "counts", [[[2**63, 2], [0, 1]], [[1e30, 1], [1, 1]], np.array([[2**63, 1], [1, 1]], np.uint64)]
)
def test_counts_beyond_63_bits(counts: Any) -> None:
    """They are refused whatever type they come in, and never wrap."""
    with pytest.raises(CountOverflow, match="9,223,372,036,854,775,807"):
        from_counts(counts)


def test_two_columns_that_are_no_distribution() -> None:
    """Two probabilities of one row sum to 1, as three do."""
    with pytest.raises(ScoresOutOfRange, match="1 of 2 rows of y_score does not sum to 1"):
        uc.evaluate([0, 1], y_score=[[0.9, 0.1], [0.9, 0.9]])


def test_arrays_have_no_names_to_add_by() -> None:
    """A matrix and its shares add to no array."""
    cm = uc.confusion_matrix([0, 1, 1], [0, 1, 0])
    for x in (cm, cm.normalize("true")):
        with pytest.raises(TypeError):
            x + np.eye(2)
        with pytest.raises(TypeError):
            np.eye(2) + x
    assert np.asarray(cm).tolist() == [[1, 0], [1, 1]]


def test_weights_too_large_to_square() -> None:
    """They would overflow in every interval."""
    with pytest.raises(InvalidWeights, match=r"1 value beyond 1e\+120, in row 1"):
        uc.confusion_matrix([0, 1], [0, 1], sample_weight=[1, 1e200])


@pytest.mark.parametrize("weight", [5e-324, 1e-121])
def test_weights_too_small_to_square(weight: float) -> None:
    """Their losses would add up to 0, and their pairs to nothing; 0 itself is a weight, and so is what adds up."""
    with pytest.raises(InvalidWeights, match=r"2 values below 1e-120, first in rows 0, 2"):
        uc.evaluate([0, 1, 1], y_score=[0.3, 0.6, 0.2], sample_weight=[weight, 1, weight])
    made = [uc.evaluate([0, 1, 1], y_score=[0.3, 0.6, 0.2], sample_weight=[0, x, x]) for x in (1e-119, 1)]
    assert made[0].estimate("brier").value == pytest.approx(made[1].estimate("brier").value)


def test_a_threshold_too_large_for_a_float() -> None:
    with pytest.raises(ThresholdUnset, match="is no number"):
        uc.evaluate([0, 1], y_score=[0.1, 0.2]).at(10**400)


@pytest.mark.parametrize("labels", [["benign", "malign"], {"benign": "B", "malign": "M"}])
def test_numbers_where_text_was_declared(labels: Any) -> None:
    """The message shows the mapping that was meant."""
    with pytest.raises(LabelTypeMismatch, match=r"labels=\{0: '[bB]"):
        uc.confusion_matrix([0, 1], [1, 0], labels=labels)


def test_an_end_of_an_interval_is_no_estimate() -> None:
    """``recall.low`` belongs to conditions; asked as a metric it is refused."""
    with pytest.raises(UsageError, match=r"estimate\('recall'\).low"):
        uc.confusion_matrix([0, 1], [0, 1]).estimate("recall.low")


def test_a_class_without_a_name() -> None:
    """Scores of the stated positive class alone: what is called negative has no column to stand in."""
    ev = uc.evaluate(["b", "b"], y_score=[0.2, 0.3], pos_label="b")
    with pytest.raises(NotKept, match="labels="):
        ev.at(0.25)
    assert "undefined" in str(ev)


def test_logits_do_not_saturate() -> None:
    """The log loss of several classes is read off the logits: log Σ exp(z) - z_y."""
    ev = uc.evaluate([2, 2], y_score=[[0, 0, -50.0], [0, 0, 3]], score_kind="logit", labels=[0, 1, 2])
    by_hand = np.mean([np.log(2 + np.exp(-50)) + 50, np.log(2 + np.exp(3)) - 3])
    assert ev.estimate("log_loss").value == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize("metric", ["f1@worst", "recall@weighted", "f1@micro", "f1@macro", "accuracy", "mcc"])
def test_a_matrix_without_rows(metric: str) -> None:
    """Every metric of a matrix whose rows were all ignored is undefined, with the reason."""
    estimate = uc.confusion_matrix([1, 1], [1, 1], ignore=1).estimate(metric)
    assert not estimate.defined
    assert "no row" in str(estimate)


def test_a_score_that_weighs_nothing() -> None:
    """It is no point of the ranking: value and interval are those without its row."""
    y, s, w = [1, 0, 1, 0, 1, 1], [0.2, 0.1, 0.7, 0.6, 0.8, 0.9], [1, 1, 1, 1, 1, 0]
    whole, without = (
        uc.evaluate(y[:n], y_score=s[:n], sample_weight=w[:n]).estimate("average_precision") for n in (6, 5)
    )
    assert (whole.value, whole.low, whole.high) == (without.value, without.low, without.high)
    assert whole.low > 0
