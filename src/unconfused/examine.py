"""The doctor: everything that can be said about labels and predictions, without a number that nobody should believe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from unconfused.diagnosis import diagnose as rules
from unconfused.diagnosis.verdict import Diagnosis
from unconfused.errors import InputError, UnconfusedError
from unconfused.findings import Finding
from unconfused.ingest.arrays import tally_arrays
from unconfused.ingest.columns import as_column
from unconfused.ingest.order import Order, order_of
from unconfused.ingest.rows import Reading
from unconfused.labels import plural


def diagnose(
    y_true: Any,
    y_pred: Any = None,
    *,
    y_score: Any = None,
    sample_weight: Any = None,
    count: Any = None,
    **reading: Any,
) -> Diagnosis:
    """What looks wrong with labels and predictions, most serious first; also what only the order of rows can show.

    Args:
        y_true, y_pred, y_score, sample_weight, count: as in `evaluate`.
        reading: as in `evaluate`.

    Returns:
        A `Diagnosis`. What `evaluate` would refuse is a finding of level "error" in it.

    >>> found = diagnose([0, 1, 1, 0] * 20, [1, 1, 0, 1] * 20)
    >>> found.sound, [finding.code for finding in found]
    (False, ['CM-INVERTED', 'CM-BASE'])
    """
    given = {"y_pred": y_pred, "y_score": y_score, "sample_weight": sample_weight, "count": count}
    try:
        made = tally_arrays(Reading(**reading), y_true, **given)
    except InputError as error:
        return Diagnosis.of((refusal(error), *_of_order(y_true, y_pred)), None)
    return Diagnosis.of((*rules(made), *_of_order(y_true, y_pred)), made.total)


def refusal(error: UnconfusedError) -> Finding:
    """An error as a finding."""
    return Finding(error.code, "error", f"{error.seen} {error.why}".rstrip(), {}, error.fix)


def _of_order(y_true: Any, y_pred: Any) -> Iterator[Finding]:
    if y_pred is None:
        return
    try:
        seen = order_of(as_column(y_true, "y_true"), as_column(y_pred, "y_pred"))
    except InputError:
        return
    if seen is not None:
        yield from _lag(seen)
        yield from _sorted(seen)


def _lag(seen: Order) -> Iterator[Finding]:
    if seen.lag:
        way = "later" if seen.lag > 0 else "earlier"
        yield Finding(
            "CM-LAG",
            "warning",
            f"As passed, {seen.agreement:.1%} agree, which is chance ({seen.chance:.1%}); with y_pred read "
            f"{plural(abs(seen.lag), 'row')} {way} it is {seen.lagged:.1%}.",
            {"rows": seen.lag, "agreement": seen.agreement, "moved": seen.lagged},
            "A batch was consumed before predicting, or dropped. Make the iterator anew before predict; nothing was "
            "moved here.",
        )
    if seen.breaks is not None:
        yield Finding(
            "CM-BREAK",
            "warning",
            f"Up to row {seen.breaks:,} {seen.before:.1%} agree, from there on {seen.after:.1%}, which is chance "
            f"({seen.chance:.1%}).",
            {"row": seen.breaks, "before": seen.before, "after": seen.after},
            "A row is missing on one side about there, or two files were joined in different order. Join by an id.",
        )


def _sorted(seen: Order) -> Iterator[Finding]:
    if seen.classes > 1 and seen.changes < 2 * seen.classes:
        yield Finding(
            "CM-SORTED",
            "note",
            f"The rows stand by class: it changes {plural(seen.changes, 'time')} in {seen.rows:,} rows.",
            {"changes": seen.changes, "rows": seen.rows},
            "Any part of them has other shares of the classes, such as the first steps= or all but a last batch.",
        )
