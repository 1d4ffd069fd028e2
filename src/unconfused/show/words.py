"""What is said about a matrix in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unconfused.inference.intervals import wilson
from unconfused.labels import SEATS, Label, plural
from unconfused.metrics.catalogue import ratio
from unconfused.show.escape import isolated
from unconfused.show.numbers import amounts, percent
from unconfused.show.prevalence import view_note
from unconfused.show.table import name, names
from unconfused.tally.prevalence import MatrixAt, ScoresAt

if TYPE_CHECKING:
    from unconfused.findings import Evidence
    from unconfused.tally.confusion import ConfusionMatrix
    from unconfused.tally.scores import ScoreTally


SHARES: dict[str | None, str] = {
    "true": "Share of the actual class (each row adds up to 100 %)",
    "pred": "Share of the predicted class (each column adds up to 100 %)",
    "all": "Share of all rows",
}
"""What is written over a normalised matrix."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows of one class that were called another.

    Attributes:
        truth, called: names as they are shown; a seat in parentheses.
        rows: how many; ``weight`` is the sum of their weights (rows, if unweighted).
        of: all rows of the class ``truth``.
        rate: their share of that class, by weight.
        low: the lower end of Wilson's 95 % interval of that share: what the data bears out.
    """

    truth: str
    called: str
    rows: int
    weight: float
    of: int
    rate: float
    low: float


def confusions(cm: ConfusionMatrix, most: int | None = None, *, by: str = "low") -> list[Confusion]:
    """Pairs of classes that were confused, those first that the data bears out best (``by="weight"``: most rows)."""
    truth, called, rows, weights = _wrong(cm)
    counts, squares = cm.cells().rows, cm.squares().rows
    effective = ratio(counts**2, squares).value[truth]
    rate = ratio(weights, counts[truth]).value
    defined = np.flatnonzero(~np.isnan(rate))  # rows of weight 0 are no share of anything
    truth, called, rows, weights, rate, effective = (
        x[defined] for x in (truth, called, rows, weights, rate, effective)
    )
    low = wilson(rate * effective, effective, 0.95)[0]
    first, second = (low, weights) if by == "low" else (weights, low)
    order = np.lexsort((called, truth, -second, -first))[:most]
    shown, support = names(cm.labels.texts, cm.seats), cm.full.sum(1)
    return [
        Confusion(
            shown[truth[x]],
            shown[called[x]],
            int(rows[x]),
            float(weights[x]),
            int(support[truth[x]]),
            float(rate[x]),
            float(low[x]),
        )
        for x in order.tolist()
    ]


def confused(cm: ConfusionMatrix) -> int:
    """How many pairs of classes were confused at all."""
    return len(_wrong(cm)[0])


def mostly_called(cm: ConfusionMatrix) -> list[str]:
    """What the rows of each class were most often called instead; "" where none was."""
    truth, called, _, weights = _wrong(cm)
    shown, most = names(cm.labels.texts, cm.seats), [""] * len(cm.labels)
    for x in np.lexsort((-called, weights, truth)).tolist():  # of each class the last stays
        if weights[x]:
            most[truth[x]] = shown[called[x]]
    return most


def _wrong(cm: ConfusionMatrix) -> tuple[NDArray[Any], ...]:
    """Where rows of a class were called something else: truth and prediction as places of names, rows, weights."""
    truth, called, rows, weights, _ = cm.entries()
    k, wrong = len(cm.labels), (truth < len(cm.labels)) & (truth != called)
    places = np.array([*range(k), *(k + cm.seats.index(seat) if seat in cm.seats else -1 for seat in SEATS)])
    return truth[wrong], places[called[wrong]], rows[wrong], weights[wrong]


def sentence(cm: ConfusionMatrix) -> str:
    """What the matrix says, in one plain sentence or two."""
    if not cm.total:
        return "No row was counted."
    if cm.full_weights is not None and not cm.full_weights.any():
        return f"{plural(cm.total, 'row')} of weight 0: there is nothing to say about them."
    if len(cm.labels) == 2 and cm.labels.positive is not None and not _one_sided(cm):
        return _of_positive(cm, cm.labels[cm.labels.positive])
    return f"{_overall(cm)} {_most_frequent(cm)}".rstrip()


def _one_sided(cm: ConfusionMatrix) -> bool:
    p = cm.labels.positive
    return not (cm.full[p].any() or cm.full[:, p].any())


def _of_positive(cm: ConfusionMatrix, positive: Label) -> str:
    p = cm.labels.index(positive)
    label = name(str(positive))
    tp, support, called = int(cm.full[p, p]), int(cm.full[p].sum()), int(cm.full[:, p].sum())
    many = f"{support:,d} {label} {'row' if support == 1 else 'rows'}"
    if isinstance(positive, (int, bool)) or not str(positive).isalpha():
        many = f"{plural(support, 'row')} that {'is' if support == 1 else 'are'} {label}"
    if not support:
        return f"No row is {label}; {_so_many(called)} called {label}, and none of them is."
    if not called:
        return f"Of {many}, none was found: nothing was called {label}."
    if cm.full_weights is not None:
        return _by_weight(cm, p, many, label)
    found_text, right_text = _part(tp, support), _part(tp, called)
    return (
        f"Of {many}, {found_text} {_was(tp)} found; "
        f"of {called:,d} called {label}, {right_text} {'is' if tp <= 1 else 'are'}."
    )


def _by_weight(cm: ConfusionMatrix, p: int, many: str, label: str) -> str:
    c = cm.cells()
    found, right = (float(ratio(c.tp, whole).value[p]) for whole in (c.support, c.predicted))
    first = f"the {many} have no weight" if np.isnan(found) else f"{percent(found)} of {many} were found"
    last = f"those called {label} have none" if np.isnan(right) else f"{percent(right)} of those called {label} are"
    return f"{_scale(cm)}, {first}; {last}."


def _scale(cm: ConfusionMatrix) -> str:
    return f"At a prevalence of {percent(cm.prevalence)}" if isinstance(cm, MatrixAt) else "By weight"


def _part(n: int, of: int) -> str:
    return "none" if not n else "all" if n == of > 1 else f"{n:,d}"


def _was(n: int) -> str:
    return "was" if n <= 1 else "were"


def _be(n: int) -> str:
    return "is" if n == 1 else "are"


def _so_many(n: int) -> str:
    return "none was" if not n else f"{plural(n, 'row')} {_was(n)}"


def _overall(cm: ConfusionMatrix) -> str:
    right = int(cm.full.diagonal()[: len(cm.labels)].sum())
    if right == cm.total:
        return "The row was called what it is." if right == 1 else f"All {right:,d} rows were called what they are."
    if cm.full_weights is not None:
        c = cm.cells()
        return (
            f"{_scale(cm)}, {percent(float(c.correct / c.n[0]))} of {plural(cm.total, 'row')} were called what they "
            "are."
        )
    called = "was called what it is" if 1 in (right, cm.total) else "were called what they are"
    return f"{right:,d} of {plural(cm.total, 'row')} {called} ({percent(right / cm.total)})."


def _most_frequent(cm: ConfusionMatrix) -> str:
    worst = confusions(cm, 1, by="weight")
    if not worst or not worst[0].weight or len(cm.labels) < 2:
        return ""
    (c,) = worst
    truth, called = isolated(c.truth), isolated(c.called)
    if cm.full_weights is not None:
        return f"The most frequent confusion, by weight: {percent(c.rate)} of what is {truth} was called {called}."
    which = f"{c.rows:,d} of {plural(c.of, 'row')} that {_be(c.of)} {truth}"
    return f"The most frequent confusion: {which} {_was(c.rows)} called {called}."


def scores_sentence(tally: ScoreTally) -> str:
    """How many rows have scores, and of which class they are."""
    if not tally.total or not tally.labels:
        return "No row was counted."
    if len(tally.labels) == 1:
        only = name(tally.labels.texts[0])
        return f"{plural(tally.total, 'row')} with scores, all of {only}: the other class has no name."
    p = tally.labels.require_positive("a report")
    classes = [name(str(x)) for x in (tally.labels[p], tally.labels[1 - p])]
    kinds = {"probability": "probabilities", "logit": "log-odds", "raw": "raw scores"}
    without = tally.total - tally.positives - tally.negatives
    parts = [f"{n:,d} {_be(n)} {label}" for n, label in zip((tally.positives, tally.negatives), classes, strict=True)]
    if without:
        parts.append(f"{without:,d} {'has' if without == 1 else 'have'} no score or no class")
    told = f"{plural(tally.total, 'row')} with {kinds[tally.score_kind]} of {classes[0]}: {', '.join(parts)}."
    return f"{told} {view_note(tally)}" if isinstance(tally, ScoresAt) else told


def notes(cm: ConfusionMatrix) -> list[str]:
    """How the matrix came about: the rule, weights, seats, and the rows that are not in it."""
    said = []
    if cm.rule:
        positive = cm.labels.positive_name
        called = "Called" if positive is None or len(cm.labels) != 2 else f"{name(str(positive))} means"
        said.append(f"{called}: {cm.rule}." if positive is None else f"{called} {cm.rule}.")
    if isinstance(cm, MatrixAt):
        said.append(view_note(cm))
    elif cm.full_weights is not None:
        total = amounts(cm.full_weights.sum(keepdims=True))[0]
        said.append(
            f"Rows are weighted: the matrix shows sums of weights, {total} in all, of {plural(cm.total, 'row')}."
        )
    meanings = {"other": "labels outside the declared classes", "missing": "no label, or no usable score"}
    said += [f"({seat}): {meanings[seat]}; counted as wrong." for seat in cm.seats]
    return [*said, *remarks(cm.evidence)]


def remarks(evidence: Evidence) -> list[str]:
    """What only the rows could show: rows left out on request, ties."""
    texts = {
        "ignored": "left out, as ignore= asked",
        "unknown": "left out, for a label outside the declared classes (unknown='drop')",
        "ties": "with the highest score in several classes: the first of them was taken",
        "rounded": "equal to the threshold only after rounding to the type of the score",
    }
    return [f"{plural(n, 'row')} {texts[key]}." for key, n in evidence.items() if key in texts]
