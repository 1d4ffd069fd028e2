"""Rows of several models to a joint tally: one truth, and what each model made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np

from unconfused.errors import AmbiguousCall, NotKept, ShapeError, UnconfusedError, UsageError
from unconfused.findings import Evidence
from unconfused.ingest.classes import factored, known, resolve, score_labels
from unconfused.ingest.factors import Factor
from unconfused.ingest.rows import Reading, Rows, paired
from unconfused.ingest.scored import argmax, read_scores
from unconfused.labels import Labels
from unconfused.tally.joint import Joint, JointScores

EXAMPLE = 'Type, for example: uc.compare(y_true, y_score={"old": p_old, "new": p_new}).'


def joint_arrays(
    reading: Reading,
    y_true: Any,
    *,
    y_pred: Mapping[str, Any] | None = None,
    y_score: Mapping[str, Any] | None = None,
    sample_weight: Any = None,
    count: Any = None,
) -> Joint | JointScores:
    """Everything that one pass over the rows of several models keeps.

    Args:
        reading: how all columns are to be read.
        y_true: the true classes, (n,).
        y_pred, y_score: one of them, a column for each model: predicted classes (n,); scores (n,) or (n, 2) of a
            binary problem, kept as they are, or (n, K), of which argmax is kept.

    Raises:
        UsageError: fewer than two models, or not one column for each.
        NotKept: several labels a row.
    """
    if (y_pred is None) == (y_score is None):
        raise AmbiguousCall("compare() takes y_pred= or y_score=, one of the two.", fix=EXAMPLE)
    role, given = ("y_score", y_score) if y_pred is None else ("y_pred", y_pred)
    if not isinstance(given, Mapping) or len(given) < 2:
        seen = f"{len(given)} of them" if isinstance(given, Mapping) else f"a {type(given).__name__}"
        raise UsageError(f"{role}= of compare() holds two models or more by name, not {seen}.", fix=EXAMPLE)
    if reading.label_kind == "multilabel":
        raise NotKept("compare() reads one class a row.", "", "Compare one label at a time: column i of both.")
    rows: dict[str, Rows] = {}
    for model, column in given.items():
        with _of(model):
            called, score = (column, None) if role == "y_pred" else (None, column)
            one = paired(reading, y_true, called, score, sample_weight, count)
        rows[str(model)] = _named(one, str(model))
    return _of_classes(rows) if role == "y_pred" else _of_scores(rows)


@contextmanager
def _of(model: str) -> Iterator[None]:
    """Errors say which model's column they are about."""
    try:
        yield
    except UnconfusedError as error:
        raise type(error)(f"Of model {model!r}: {error.seen}", error.why, error.fix) from error


def _named(rows: Rows, model: str) -> Rows:
    parts = {x: None if (c := getattr(rows, x)) is None else replace(c, name=f"{c.name}[{model!r}]")
             for x in ("called", "score")}  # fmt: skip
    return replace(rows, **parts)  # type: ignore[arg-type]


def _of_classes(rows: dict[str, Rows]) -> Joint:
    first = next(iter(rows.values()))
    truth = factored(first, first.truth)
    called = [factored(one, one.called) for one in rows.values() if one.called is not None]
    labels = _together(first.reading, truth, called)
    sides = [truth, *called]
    codes = [side.coded(labels) for side in sides]
    keep, weighing, evidence = known(first, codes, sides, labels), first.weighing, first.evidence
    cells = np.stack(codes, 1)
    if keep is not None:
        evidence += Evidence(unknown=weighing.rows(~keep))
        cells, weighing = cells[keep], weighing.keep(keep)
    return Joint.count(labels, list(rows), cells, count=weighing.count, weights=weighing.weights, evidence=evidence)


def _together(reading: Reading, truth: Factor, called: Sequence[Factor]) -> Labels:
    """The classes of all models: of inferred ones those that occur anywhere, so that none is filled in twice."""
    made = [resolve(reading, truth, side) for side in called]
    if len({labels.key() for labels in made}) == 1:
        return made[0]
    if not any(labels.declared for labels in made):
        return Labels.infer({value for side in (truth, *called) for value in side.values}, made[0].pos_label)
    return reduce(Labels.unite, made)


def _of_scores(rows: dict[str, Rows]) -> Joint | JointScores:
    first = next(iter(rows.values()))
    reading, truth, scores = first.reading, factored(first, first.truth), []
    widths = {
        model: 1 if one.score.values.ndim == 1 else one.score.shape[1] for model, one in rows.items() if one.score
    }
    if len({max(width, 2) for width in widths.values()}) > 1:
        seen = ", ".join(f"{width} of {model!r}" for model, width in widths.items())
        raise ShapeError(f"The models' scores differ in their columns: {seen}.", "They tell other classes apart.")
    for model, one in rows.items():
        assert one.score is not None
        with _of(model):
            labels = score_labels(reading, truth, one.score, partial=reading.batch)
            scores.append(read_scores(one.score, labels, reading.score_kind, reading.invalid))
    codes = truth.coded(labels)
    keep, weighing, evidence = known(first, [codes], [truth], labels), first.weighing, first.evidence
    if keep is not None:
        evidence += Evidence(unknown=weighing.rows(~keep))
        codes, scores, weighing = codes[keep], [x[keep] for x in scores], weighing.keep(keep)
    kept: dict[str, Any] = {"count": weighing.count, "weights": weighing.weights, "evidence": evidence}
    if scores[0].ndim == 2:
        cells = np.stack([codes, *(argmax(x)[0] for x in scores)], 1)
        return Joint.count(labels, list(rows), cells, rules=["argmax of the scores"] * len(rows), **kept)
    positive, k = labels.require_positive("A score"), len(labels)
    column = np.array([int(i == positive) for i in range(k)] + [2, 3])
    return JointScores.count(labels, list(rows), reading.score_kind, column[codes], np.stack(scores, 1), **kept)
