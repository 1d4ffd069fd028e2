"""Which classes a call is about: declared, a categorical's, or those that occur."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import AmbiguousCall, EmptyInput, LabelTypeMismatch, ShapeError
from unconfused.ingest.columns import Column, check_headings
from unconfused.ingest.factors import Factor, factor
from unconfused.ingest.mixups import check_classes, check_kinds
from unconfused.ingest.refusals import unknown_labels
from unconfused.ingest.rows import Reading, Rows
from unconfused.labels import Label, Labels, listed, plain, plural


def factored(rows: Rows, column: Column) -> Factor:
    """One column of labels as codes; it has one value for each row."""
    if column.values.ndim != 1:
        raise ShapeError(f"{column.name} has shape {column.shape}; labels are one value for each row, (n,).")
    return factor(column, invalid=rows.reading.invalid)


def resolve(reading: Reading, truth: Factor, called: Factor | None) -> Labels:
    """The classes of a call: declared, an ordered categorical's, or those that occur."""
    pos_label = None if reading.pos_label is None else plain(reading.pos_label)
    sides = [truth] if called is None else [truth, called]
    if called is not None:
        check_kinds(truth, called)
    if reading.labels is not None:
        return Labels.declare(reading.labels, pos_label)
    orders = {side.order for side in sides if side.ordered and side.order is not None}
    if len(orders) > 1:
        raise AmbiguousCall(
            f"y_true and y_pred are ordered categoricals with different categories: {truth.order} and "
            f"{called.order if called else ()}.",
            fix="Give both the same categories, or type labels= in the order wanted.",
        )
    if orders:
        return Labels.declare(orders.pop(), pos_label)
    if called is not None and not reading.batch:
        check_classes(truth, called)
    found = {value for side in sides for value in side.values}
    hints = {side.order for side in sides}
    hint = hints.pop() if len(hints) == 1 else None
    if pos_label is None and hint is not None and found <= set(hint) and not set(hint) <= {0, 1}:
        return Labels(hint)  # the order of an unordered categorical, until it meets another one
    if found <= {0, 1} and not all(isinstance(value, bool) for value in found):
        found = {int(value) for value in found}
    return Labels.infer(found, pos_label)


def score_labels(reading: Reading, truth: Factor, score: Column, *, partial: bool = False) -> Labels:
    """The classes of a call with scores: two with a positive one, or as many as there are columns.

    A ``partial`` call is a batch, which may hold the stated positive class alone: the other gets its name later.
    """
    width = 1 if score.values.ndim == 1 else score.shape[1] if score.values.ndim == 2 else 0
    if width == 0:
        raise ShapeError(f"y_score has shape {score.shape}; scores are (n,), (n, 2) or (n, K).")
    by_place = width > 2 and reading.labels is None and not truth.ordered
    labels = Labels.declare(range(width), reading.pos_label) if by_place else resolve(reading, truth, None)
    if width > 2 and len(labels) != width:
        raise ShapeError(
            f"y_score has {width} columns, labels= names {plural(len(labels), 'class')} ({listed(labels.names)}).",
            "Column i is the score of labels[i].",
            "Name every column, in order.",
        )
    unnamed = partial and width == 1 and len(labels) == 1 and labels.positive is not None
    if not len(labels) and not len(score):
        raise EmptyInput(
            "No entry stands for a row: every count is 0, or its label is ignored.",
            "There is no score to keep, and nothing says which classes there are.",
            "Check count= and the filter, or declare the classes: labels=[negative, positive].",
        )
    if width <= 2 and len(labels) != 2 and not unnamed:
        many = len(labels) > 2
        seen = f"there are {len(labels)} classes" if many else "there is one class" if labels else "no row has a class"
        raise ShapeError(
            f"y_score has shape {score.shape}, the score of one class of two, but {seen}"
            + (f": {listed(labels.names)}." if labels else "."),
            "One score cannot tell more classes apart." if many else "The other class has no name.",
            "Pass one column for each class, (n, K)." if many else "Declare both: labels=[negative, positive].",
        )
    if width == 2 and reading.labels is None and not truth.ordered and set(labels.values) != {0, 1}:
        raise AmbiguousCall(
            f"y_score has two columns, and the classes are {listed(labels.names)}.",
            "Nothing says which column belongs to which class.",
            "Type labels= in the order of the columns.",
        )
    if width > 1:
        check_labels(score, labels)
    if width <= 2:
        labels.require_positive("A score")
    return labels


def check_labels(column: Column, labels: Labels) -> None:
    """Refuse a frame whose headings are the classes in another order: column i belongs to labels[i]."""
    for classes in (labels.names, labels.values):
        check_headings(column.name, column.heads, "the classes", classes if labels.declared else sorted(classes))


def known(
    rows: Rows, coded: Sequence[NDArray[Any]], names: Sequence[Factor], labels: Labels
) -> NDArray[np.bool_] | None:
    """Which rows to keep, given the labels outside the declared classes; None for all."""
    outside = [codes == len(labels) for codes in coded]
    strange: NDArray[np.bool_] = np.logical_or.reduce(outside)
    if not strange.any() or rows.reading.unknown == "other":
        return None
    if rows.reading.unknown == "drop":
        return ~strange
    for side in names:
        check_declared(side, labels)
    parts = [
        strangers(side.name, {v: side.count(v) for v in side.values}, labels)
        for side, mask in zip(names, outside, strict=True)
        if mask.any()
    ]
    raise unknown_labels(int(strange.sum()), len(strange), labels, parts)


def strangers(name: str, rows: Mapping[Label, int], labels: Labels) -> str:
    """The labels of a column that are none of the classes, and how many rows hold each."""
    values = [v for v in rows if v not in labels.values and v not in labels.names]
    return f"{name}: {', '.join(f'{v!r} x{rows[v]:,}' for v in values[:4])}"


def check_declared(side: Factor, labels: Labels) -> None:
    """Refuse text where numbers were declared, and numbers where text was: every row would be outside the classes."""
    text = [isinstance(x[0], str) if x else None for x in (side.values, labels.values)]
    if None in text or text[0] == text[1]:
        return
    kinds = ("text", "numbers") if text[0] else ("numbers", "text")
    pairs = ", ".join(f"{x!r}: {name!r}" for x, name in zip(side.values, labels.names, strict=False))
    raise LabelTypeMismatch(
        f"{side.name} holds {kinds[0]} ({listed(side.values, 3)}), the classes are {kinds[1]} "
        f"({listed(labels.values, 3)}).",
        "They are never equal, so every row would be outside the classes.",
        f"Say what stands for what: labels={{{pairs}}}."
        if not text[0]
        else f"Type labels= as {side.name} spells them, in the order of the columns.",
    )
