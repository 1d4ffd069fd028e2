"""How a population looks in which the classes come otherwise: what a view says of itself, and weights of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unconfused.labels import plural
from unconfused.show.lines import joined
from unconfused.show.numbers import amounts, percent
from unconfused.show.table import Column, fitted, lay_out, name, names, paragraph
from unconfused.tally.prevalence import MatrixAt, ScoresAt

if TYPE_CHECKING:
    from unconfused.ingest.class_weights import TrainingWeights


def view_note(view: MatrixAt | ScoresAt) -> str:
    """What the numbers of a view are of: a population, and the rows that they were seen in."""
    positive = name(str(view.labels.positive_name))
    shown = f": the matrix shows what {plural(view.total, 'row')} would come to" if isinstance(view, MatrixAt) else ""
    return f"Weighted to a population in which {percent(view.prevalence)} are {positive}{shown}."


def class_weights_text(w: TrainingWeights) -> str:
    """The weights of classes: how they are made, then a line for each."""
    head = f"Balanced weights n / (K n_k) of {plural(len(w.labels), 'class')} in {plural(w.rows.sum(), 'row')}."
    table = [
        Column(["class"], [[x] for x in names(w.labels.texts)], "left"),
        Column(["rows"], [[x] for x in amounts(w.rows)]),
        Column(["weight"], [[x] for x in amounts(np.asarray(w.weights))]),
    ]
    return joined([paragraph(head), lay_out(fitted(table, (0,)))])
