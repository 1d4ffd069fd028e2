"""Weights of classes against scikit-learn's, and in the losses of the libraries that take them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unconfused as uc
from unconfused.errors import EmptyInput, InvalidWeights, NotKept, PositiveClassUnset, UnknownLabels, UsageError

COLUMNS: list[Any] = [
    [0, 0, 0, 1], np.array([3, 1, 1, 2, 2, 2]), ["cat", "dog", "cat", "cat"], [True, False, False], [-1, 1, 1, 1, 1],
    np.repeat([10, 20, 30], [5, 50, 500]),
]  # fmt: skip


@pytest.mark.parametrize("y", COLUMNS, ids=str)
def test_balanced_weights_are_those_of_scikit_learn(y: Any) -> None:
    sklearn = pytest.importorskip("sklearn.utils.class_weight")
    w, classes = uc.class_weights(y), np.unique(y)
    expected = sklearn.compute_class_weight("balanced", classes=classes, y=y)
    assert list(w.sklearn) == list(w.labels) == classes.tolist()
    assert w.torch == pytest.approx(expected.tolist())
    assert list(w.sklearn.values()) == w.torch == np.asarray(w).tolist() == list(w.keras.values())
    assert w.per_row == pytest.approx(sklearn.compute_sample_weight("balanced", y))
    assert w.per_row.mean() == pytest.approx(1)


def test_an_estimator_takes_the_dictionary() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(0)
    y = rng.choice(["ham", "spam"], 200, p=[0.9, 0.1])
    x, w = rng.normal(size=(200, 2)) + (y == "spam")[:, None], uc.class_weights(y)
    fits = [
        linear.LogisticRegression(class_weight=w.sklearn).fit(x, y),
        linear.LogisticRegression(class_weight="balanced").fit(x, y),
        linear.LogisticRegression().fit(x, y, sample_weight=w.per_row),
    ]
    for fit in fits[1:]:
        np.testing.assert_allclose(fit.coef_, fits[0].coef_, rtol=1e-4)


def test_the_order_is_that_of_the_declared_classes() -> None:
    y = ["dog", "cat", "dog", "eel", "dog"]
    w = uc.class_weights(y, labels=["eel", "dog", "cat"])
    assert w.torch == pytest.approx([5 / 3, 5 / 9, 5 / 3])
    assert w.keras == {0: w.sklearn["eel"], 1: w.sklearn["dog"], 2: w.sklearn["cat"]}
    named = uc.class_weights([0, 1, 1], labels={0: "no", 1: "yes"})
    assert named.sklearn == {0: 1.5, 1: 0.75}  # as the data spells them
    assert uc.class_weights([[0, 1], [0, 1], [1, 0]], label_kind="one-hot").torch == [1.5, 0.75]


def test_pos_weight_is_negatives_for_each_positive() -> None:
    assert uc.class_weights([0, 0, 0, 1]).pos_weight == 3
    assert uc.class_weights(["a", "b", "b"], pos_label="a").pos_weight == 2
    with pytest.raises(PositiveClassUnset):
        _ = uc.class_weights(["a", "b", "b"]).pos_weight
    with pytest.raises(NotKept, match="3 classes"):
        _ = uc.class_weights([0, 1, 2]).pos_weight


def test_torch_losses_take_the_forms() -> None:
    torch = pytest.importorskip("torch")
    y = np.array([0, 0, 0, 1])
    w, logits = uc.class_weights(y), torch.zeros(4, 2)
    loss = torch.nn.CrossEntropyLoss(weight=torch.tensor(w.torch), reduction="sum")
    assert loss(logits, torch.tensor(y)).item() == pytest.approx(np.log(2) * w.per_row.sum())
    torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(w.pos_weight))(
        logits[:, 0], torch.tensor(y, dtype=torch.float32)
    )
    drawn = list(torch.utils.data.WeightedRandomSampler(w.per_row, 2000, generator=torch.Generator().manual_seed(0)))
    assert 0.45 < np.mean(y[drawn]) < 0.55


def test_a_class_without_rows_has_no_weight() -> None:
    with pytest.raises(InvalidWeights, match="'eel' has no row among 2 rows"):
        uc.class_weights(["cat", "dog"], labels=["cat", "dog", "eel"])
    with pytest.raises(InvalidWeights):
        uc.class_weights([0, 0])
    with pytest.raises(UnknownLabels):
        uc.class_weights(["cat", "dog"], labels=["cat"])
    with pytest.raises(EmptyInput):
        uc.class_weights([])
    with pytest.raises(NotKept, match="y\\[:, 0\\]"):
        uc.class_weights([[0, 1], [1, 1]], label_kind="multilabel")
    with pytest.raises(UsageError):
        uc.class_weights([[0, 1], [1, 1]])


def test_ignored_rows_have_no_weight_and_the_table_prints() -> None:
    w = uc.class_weights([0, 0, 1, -100], ignore=-100)
    assert w.per_row.tolist() == [0.75, 0.75, 1.5]
    assert str(w).splitlines()[0] == "Balanced weights n / (K n_k) of 2 classes in 3 rows."
    assert str(w).splitlines()[-1].split() == ["1", "1", "1.500"]
    with pytest.raises(ValueError, match="read-only"):
        w.weights[0] = 1
