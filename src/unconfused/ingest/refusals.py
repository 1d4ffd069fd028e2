"""What rows that cannot be counted are refused with: the same words and counts wherever the rows lie.

``where`` says in which rows, for those who hold them in order: " in rows 1-2", after a comma; nothing otherwise.
"""

from __future__ import annotations

from typing import Any, NoReturn

from unconfused.errors import InvalidValues, LabelTypeMismatch, ScoresOutOfRange, UnknownLabels
from unconfused.labels import Labels, listed, plural


def missing_labels(name: str, gone: Any, n: int, where: str = "") -> InvalidValues:
    """``gone`` of ``n`` rows have no label."""
    return InvalidValues(
        f"{name} has {plural(gone, 'null, NaN or infinite label')} (of {n:,}){_placed(where)}.",
        "A missing label is right or wrong for no one.",
        'Repair them where the data is loaded, or type invalid="count" to keep them in a seat of their own.',
    )


def missing_scores(name: str, gone: Any, n: int, where: str = "", *, what: str = "null or NaN value") -> InvalidValues:
    """``gone`` of ``n`` scores are not there."""
    return InvalidValues(
        f"{name} has {plural(gone, what)} (of {n:,}){_placed(where)}.",
        "NaN can be neither ranked nor compared with a threshold, and without these rows the population is another.",
        'Repair the model output, or type invalid="count" to keep these rows in a seat of their own.',
    )


def scores_outside(name: str, outside: Any, told: str, where: str = "", *, what: str = "value") -> ScoresOutOfRange:
    """``outside`` probabilities leave [0, 1]; ``told`` is of how many, and how far they reach."""
    return ScoresOutOfRange(
        f"{name} has {plural(outside, what)} outside [0, 1] ({told}){_placed(where)}.",
        "They are no probabilities, so a threshold on them would mean something else.",
        'Say what they are: score_kind="logit" (log-odds), score_kind="raw" (larger means more of the positive class), '
        'or score_kind="probability" after repairing them.',
    )


def unknown_labels(strange: int, n: int, labels: Labels, parts: list[str]) -> UnknownLabels:
    """``strange`` of ``n`` rows hold labels outside the declared classes; ``parts`` name them, by column."""
    return UnknownLabels(
        f"{strange:,} of {plural(n, 'row')} {'holds' if strange == 1 else 'hold'} a label "
        f"outside the classes {listed(labels.names)} "
        f"({'; '.join(parts)}).",
        "Leaving them out without a word would make every rate too good.",
        'Add the class to labels=, or type unknown="other" (kept in a seat of its own) or unknown="drop" (left out, '
        "and counted).",
    )


def _placed(where: str) -> str:
    return f", {where}" if where else ""


def refuse_durations(name: str) -> NoReturn:
    """Refuse a column of durations, which engines give as whole numbers of different units, or not at all."""
    raise LabelTypeMismatch(
        f"Column {name!r} holds durations.",
        "Classes and slices are called by whole numbers, text or truth values; scores are numbers.",
        "Make a number of it, such as its seconds.",
    )


def refuse_nested(name: str) -> NoReturn:
    """Refuse a column of which each value holds several."""
    raise LabelTypeMismatch(
        f"Column {name!r} holds lists or records.",
        "Classes and slices are called by whole numbers, text or truth values.",
        "Take one number or one text out of each.",
    )
