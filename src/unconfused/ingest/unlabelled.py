"""Rows whose truth nobody knows: their scores, or how many were called positive."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import NotKept
from unconfused.ingest.arrays import count_matrix
from unconfused.ingest.columns import as_column
from unconfused.ingest.rows import Reading
from unconfused.ingest.scored import read_scores
from unconfused.labels import Labels
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.scores import ScoreTally


def new_scores(y_score: Any, tally: ScoreTally) -> NDArray[np.float64]:
    """Scores of the positive class, read as those of the tally were.    Shape: (n,).

    Raises:
        InvalidValues: null or NaN scores.
        ScoresOutOfRange: a value that is no score of that kind.
        NotKept: a column for each of several classes.
    """
    scores = read_scores(as_column(y_score, "y_score"), tally.labels, tally.score_kind, "error")
    if scores.ndim != 1:
        raise NotKept(
            f"y_score has {scores.shape[1]} columns.",
            "This ranks rows by one class.",
            "Pass the column of that class: y_score[:, i].",
        )
    return scores


def new_calls(y_pred: Any, labels: Labels) -> tuple[int, int]:
    """How many rows were called positive, of how many.

    Raises:
        UnknownLabels: a class that is not among the labels.
    """
    positive = labels.require_positive("prevalence_of()")
    values = dict(zip(labels.values, labels.names, strict=True))
    made = count_matrix(Reading(labels=values, pos_label=labels.names[positive]), y_pred, y_pred=y_pred)
    assert isinstance(made, ConfusionMatrix)
    return int(made.full[positive].sum()), made.total
