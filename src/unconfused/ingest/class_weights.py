"""Weights that let every class of a training set count the same, in the form that each library asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import EmptyInput, InvalidWeights, NotKept
from unconfused.ingest.classes import factored, known, resolve
from unconfused.ingest.rows import LabelKind, Reading, paired
from unconfused.labels import Declared, Label, Labels, listed, plural


@dataclass(frozen=True, eq=False, repr=False)
class TrainingWeights:
    """n / (K n_k) for each of K classes: every class weighs n / K in all, and the mean weight of a row is 1.

    A model trained with such weights tells the probability of another population, one in which the classes come equally
    often: choose its threshold on rows as they come, or take the weights back out first.

    Attributes:
        labels: the classes in order.
        rows: rows of each class, int64 (K,).
        weights: the weight of a row of each class, float64 (K,).
        codes: the place of each row's class in ``labels``, int64 (n,).

    >>> w = class_weights(["ham", "ham", "ham", "spam"], pos_label="spam")
    >>> w.sklearn, w.keras
    ({'ham': 0.6666666666666666, 'spam': 2.0}, {0: 0.6666666666666666, 1: 2.0})
    >>> w.pos_weight, w.per_row.tolist()
    (3.0, [0.6666666666666666, 0.6666666666666666, 0.6666666666666666, 2.0])
    """

    labels: Labels
    rows: NDArray[np.int64]
    weights: NDArray[np.float64]
    codes: NDArray[np.int64] = field(repr=False)

    def __post_init__(self) -> None:
        for array in (self.rows, self.weights, self.codes):
            array.setflags(write=False)

    @property
    def sklearn(self) -> dict[Label, float]:
        """Class → weight, for ``class_weight=`` of an estimator: ``LogisticRegression(class_weight=w.sklearn)``."""
        return dict(zip(self.labels.values, self.weights.tolist(), strict=True))

    @property
    def keras(self) -> dict[int, float]:
        """Place → weight, for ``model.fit(class_weight=w.keras)``: its classes are the places in ``labels``."""
        return dict(enumerate(self.weights.tolist()))

    @property
    def torch(self) -> list[float]:
        """The weights in the order of ``labels``: ``CrossEntropyLoss(weight=torch.tensor(w.torch))``."""
        found: list[float] = self.weights.tolist()
        return found

    @property
    def pos_weight(self) -> float:
        """Negative rows for each positive one: ``BCEWithLogitsLoss(pos_weight=torch.tensor(w.pos_weight))``.

        Raises:
            NotKept: there are not two classes.
            PositiveClassUnset: nothing says which of them is positive.
        """
        if len(self.labels) != 2:
            raise NotKept(
                f"There are {plural(len(self.labels), 'class')}.",
                "pos_weight= is what a positive row counts for in a loss of two classes.",
                "Type weight=torch.tensor(w.torch) in CrossEntropyLoss.",
            )
        positive = self.labels.require_positive("pos_weight")
        return float(self.weights[positive] / self.weights[1 - positive])

    @property
    def per_row(self) -> NDArray[np.float64]:
        """The weight of each row, (n,): ``fit(X, y, sample_weight=)``, ``WeightedRandomSampler(w.per_row, n)``."""
        found: NDArray[np.float64] = self.weights[self.codes]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.weights, dtype=dtype)

    def __str__(self) -> str:
        from unconfused.show.prevalence import class_weights_text

        return class_weights_text(self)

    __repr__ = __str__


def class_weights(
    y: Any,
    *,
    labels: Declared | None = None,
    pos_label: Any = None,
    label_kind: LabelKind | None = None,
    ignore: Any = None,
) -> TrainingWeights:
    """Balanced weights of the classes of a training set, n / (K n_k).

    Args:
        y: the classes of the rows, (n,): list, array, tensor, frame column, categorical.
        labels: the classes in the order that the model has them; those that occur, sorted, unless said.
        pos_label: the positive class; 1 or True where the classes are 0 and 1.
        label_kind: "class" or "one-hot"; needed for two-dimensional labels only.
        ignore: rows of these values have no class to train; `TrainingWeights.per_row` leaves them out.

    Raises:
        InvalidWeights: a class has no row, so no weight could make it count.

    >>> class_weights([0, 0, 0, 1]).torch
    [0.6666666666666666, 2.0]
    """
    reading = Reading(labels=labels, pos_label=pos_label, label_kind=label_kind, ignore=ignore)
    if label_kind == "multilabel":
        raise NotKept(
            "label_kind='multilabel' has a problem of two classes in each column.",
            fix="Ask for each label: uc.class_weights(y[:, 0]).",
        )
    rows = paired(reading, y, y, None, None, None)
    truth = factored(rows, rows.truth)
    found = resolve(reading, truth, None)
    codes = truth.coded(found)
    known(rows, [codes], [truth], found)  # refuses a label outside the declared ones
    n, k = np.bincount(codes, minlength=len(found)).astype(np.int64), len(found)
    if not codes.size:
        raise EmptyInput("y has no rows.", "There is nothing to balance.", "Check the filter or loader.")
    if not n.all():
        empty = [name for name, rows_of in zip(found.names, n.tolist(), strict=True) if not rows_of]
        raise InvalidWeights(
            f"{listed(empty)} {'has' if len(empty) == 1 else 'have'} no row among {plural(len(codes), 'row')}.",
            "No weight makes up for rows that are not there.",
            "Leave the class out of labels=, or add rows of it.",
        )
    return TrainingWeights(found, n, len(codes) / (k * n), codes)
