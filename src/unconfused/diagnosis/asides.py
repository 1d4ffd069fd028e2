"""Rules that read Evidence: what was left out, and what only the call and the order of its rows could show."""

from __future__ import annotations

from collections.abc import Iterator

from unconfused.diagnosis.counts import Counted
from unconfused.diagnosis.rankings import Ranked
from unconfused.findings import Finding
from unconfused.labels import SEATS, plural
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.kernels import exact_total
from unconfused.tally.tallies import Tallies

FEW_UNITS = 30


def left_out(c: Counted) -> Iterator[Finding]:
    """Rows that were left out on request, and rows in a seat."""
    cm = c.cm
    reasons = {
        "ignored": "their true class was to be ignored",
        "unknown": "a label was outside the declared classes",
        "masked": "mask= marks them as padding",
        "duplicate": "their ids were there before",
    }
    for key, n in cm.left_out.items():
        yield Finding("CM-DROPPED", "note", f"{_rows(n)} left out: {reasons[key]}.", {"rows": n})
    for seat in cm.seats:
        i = len(cm.labels) + SEATS.index(seat)
        n = exact_total(cm.full[i]) + exact_total(cm.full[:, i]) - int(cm.full[i, i])
        yield Finding(
            "CM-SEATS", "note", f"{_rows(n)} put in the seat {seat!r} on either side, as errors.", {"rows": n}
        )


def of_call(tally: Tallies | ConfusionMatrix) -> Iterator[Finding]:
    """The same array twice, a threshold chosen here, arguments exchanged, a tail that repeats the head."""
    evidence = tally.evidence
    if n := evidence["alias"]:
        yield Finding(
            "CM-ALIAS",
            "warning",
            f"y_true and the prediction are the same array ({plural(n, 'row')}): the result is perfect because it "
            "compares the labels with themselves.",
            {"rows": n},
            "Look at the call: was the variable of the prediction overwritten?",
        )
    if n := evidence["chosen"]:
        yield Finding(
            "CM-THRESH-REUSE",
            "warning",
            f"The threshold was chosen on these {plural(n, 'row')}, so what they show at it is too good.",
            {"rows": n},
            "Read `corrected` of the operating point, or judge the threshold on rows that did not choose it.",
        )
    if n := evidence["swapped"]:
        yield Finding(
            "CM-SWAP-HINT",
            "warning",
            f"What was passed as y_true is named like a prediction, and the prediction like a truth ({n:,} rows).",
            {"rows": n},
            "y_true comes first. Exchanged, precision and recall change places.",
        )
    if n := evidence["repeated"]:
        yield Finding(
            "CM-DUPROWS",
            "warning",
            f"The last {plural(n, 'row')} of {tally.total:,} repeat the first, label and score alike.",
            {"rows": n, "total": tally.total},
            "They were collected twice: into lists that were not emptied, or by two passes. Leave one half out."
            if 2 * n == tally.total
            else "Distributed samplers fill up the last round like this. Leave them out: y_true[:-k], y_score[:-k].",
        )


def ties(c: Counted) -> Iterator[Finding]:
    """Decisions taken among equals, or at a threshold that rounding reached."""
    cm = c.cm
    if n := cm.evidence["ties"]:
        yield Finding(
            "CM-TIES", "note", f"{_rows(n)} called the first of several classes with the largest score.", {"rows": n}
        )
    if n := cm.evidence["rounded"]:
        yield Finding(
            "CM-ROUNDED",
            "note",
            f"{_rows(n)} found equal to the threshold only after rounding to the score's own type; as float64 "
            "they are not.",
            {"rows": n},
        )


def coarse(r: Ranked) -> Iterator[Finding]:
    """Scores of 16 bits."""
    scores, distinct = r.scores, len(r.scores.scores)
    if (n := scores.evidence["coarse"]) and distinct < scores.total / 2:
        yield Finding(
            "CM-COARSE",
            "note",
            f"{plural(n, 'score')} came in 16 bits, and only {distinct:,} of them differ: rows that the model told "
            "apart are tied.",
            {"rows": n, "distinct": distinct},
            "Convert the model's output with .float() before its sigmoid or softmax.",
        )


def _rows(n: int) -> str:
    return f"{plural(n, 'row')} {'was' if n == 1 else 'were'}"


def few_units(tallies: Tallies) -> Iterator[Finding]:
    """So few units that their spread is itself hardly known."""
    held = tallies.units
    if held is None or held.count >= FEW_UNITS:
        return
    yield Finding(
        "CM-FEW-UNITS",
        "warning",
        f"The {plural(tallies.total, 'row')} come from {plural(held.count, 'unit')}. Intervals rest on how units "
        f"differ, and fewer than {FEW_UNITS} tell little about that.",
        {"units": held.count, "rows": tallies.total},
        "Collect more units; more rows of the same ones help little.",
    )
