"""Coarser classes, and classes in another order: the same rows, counted exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import UsageError
from unconfused.labels import SEATS, Labels, listed, plain
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.sparse import FEW, Sparse, Table


def collapse(cm: ConfusionMatrix, groups: Mapping[Any, Any], pos_label: Any = None) -> ConfusionMatrix:
    """The matrix of coarser classes: what recounting the rows with them would give.

    Args:
        cm: the matrix.
        groups: class → the class that it belongs to, for every class; the order in which groups are first named is
            that of the new rows and columns.
        pos_label: the positive group; of two the last unless said otherwise.

    Raises:
        UsageError: a class is left out, or named twice.
        UnknownClass: a name that is no class.
    """
    places: dict[int, Any] = {}
    for label, group in groups.items():
        place = cm.labels.index(label)
        if place in places:
            raise UsageError(f"{label!r} is named twice.", "It can go to one group only.")
        places[place] = plain(group)
    left = [cm.labels.names[i] for i in range(len(cm.labels)) if i not in places]
    if left:
        raise UsageError(
            f"The groups leave out {listed(left)}.",
            "Their rows would vanish from every count.",
            "Name a group for every class; one that stays as it is maps to itself.",
        )
    labels = Labels.declare(list(dict.fromkeys(places.values())), pos_label)
    to = [labels.index(places[i]) for i in range(len(cm.labels))]
    return _moved(cm, labels, to)


def reordered(cm: ConfusionMatrix, order: Sequence[Any]) -> ConfusionMatrix:
    """The same matrix with its classes in another order; each is named once.

    Raises:
        UsageError: a class is left out, or named twice.
    """
    places = [cm.labels.index(label) for label in order]
    if sorted(places) != list(range(len(cm.labels))):
        missing = [name for i, name in enumerate(cm.labels.names) if i not in places]
        raise UsageError(
            f"The order leaves out {listed(missing)}." if missing else "The order names a class twice.",
            fix="Name every class once.",
        )
    positive = None if cm.labels.positive is None else cm.labels.values[cm.labels.positive]
    values, names = ([x[i] for i in places] for x in (cm.labels.values, cm.labels.names))
    labels = Labels(values, names, pos_label=positive, declared=True)
    return _moved(cm, labels, [places.index(i) for i in range(len(places))])


def _moved(cm: ConfusionMatrix, labels: Labels, to: list[int]) -> ConfusionMatrix:
    k = len(labels)
    places = np.array([*to, *range(k, k + len(SEATS))])
    parts = (cm.full, cm.full_weights, cm.full_squares)
    full, weights, squares = (None if x is None else _added(x, places, k + len(SEATS)) for x in parts)
    assert full is not None
    return ConfusionMatrix(labels, full, weights, squares, cm.evidence, cm.rule)


def _added(table: Table, to: NDArray[np.int64], side: int) -> Table:
    """The cells at their new places, added where several meet."""
    cells = table if isinstance(table, Sparse) else Sparse.of(table)
    out = np.zeros((side, side), cells.dtype)
    np.add.at(out, (to[cells.rows], to[cells.columns]), cells.values)
    return Sparse.of(out) if side - len(SEATS) > FEW else out
