"""Rules: what looks wrong with a tally, most serious first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from unconfused.findings import Finding
from unconfused.labels import SEATS, listed, plural
from unconfused.metrics.ranking import Masses, roc_auc
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.kernels import exact_total
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Tallies

_ORDER = {"error": 0, "warning": 1, "note": 2}
_SMALL = 30  # rows below which a rate says little


def diagnose(tally: ConfusionMatrix | Grouped[Any] | ScoreTally | Tallies) -> tuple[Finding, ...]:
    """Everything that the counts show to be doubtful, most serious first."""
    found = {(finding.code, finding.message): finding for finding in _findings(tally)}
    return tuple(sorted(found.values(), key=lambda finding: _ORDER[finding.level]))


def _findings(tally: object) -> Iterator[Finding]:
    if isinstance(tally, Tallies):
        yield from _findings(tally.matrix)
        yield from _findings(tally.scores)
    elif isinstance(tally, Grouped):
        for member in tally.values():
            yield from _findings(member)
    elif isinstance(tally, ConfusionMatrix):
        yield from _of_matrix(tally)
    elif isinstance(tally, ScoreTally):
        yield from _of_scores(tally)


def _of_matrix(cm: ConfusionMatrix) -> Iterator[Finding]:
    if not cm.total:
        return
    yield from _constant(cm)
    yield from _below_baseline(cm)
    yield from _classes(cm)
    yield from _asides(cm)


def _constant(cm: ConfusionMatrix) -> Iterator[Finding]:
    classes, called = int(np.count_nonzero(cm.counts.sum(1))), np.flatnonzero(cm.counts.sum(0))
    if cm.total >= 20 and len(called) == 1 and classes > 1:
        name = cm.labels.names[called[0]]
        yield Finding(
            "CM-CONST",
            "warning",
            f"Every one of {cm.total:,} rows was called {name!r}, though {classes} classes occur.",
            {"rows": cm.total, "classes": classes},
            "Usual causes: argmax over a single column (always 0), a threshold outside the scores, a model that "
            "learned nothing.",
        )


def _below_baseline(cm: ConfusionMatrix) -> Iterator[Finding]:
    rows = cm.counts.sum(1)
    columns = cm.counts.sum(0)
    right, largest = int(cm.counts.trace()), int(rows.max(initial=0))
    if len(cm.labels) < 2 or cm.total < 20 or right > largest or (columns > 0).sum() < 2:
        return
    n = cm.total
    chance = sum(int(r) * int(c) for r, c in zip(rows, columns, strict=True)) / n
    name = cm.labels.names[int(rows.argmax())]
    better = right > chance
    yield Finding(
        "CM-BASE",
        "note" if better else "warning",
        f"Accuracy {right / n:.3f} is not above always answering {name!r} ({largest / n:.3f})"
        + (", though the classes are told apart better than by chance." if better else ", nor above chance."),
        {"accuracy": right / n, "majority": largest / n, "chance": chance / n},
        "Read balanced_accuracy or mcc beside it.",
    )


def _classes(cm: ConfusionMatrix) -> Iterator[Finding]:
    rows, columns = cm.full[: len(cm.labels)].sum(1), cm.full[:, : len(cm.labels)].sum(0)
    names = cm.labels.names
    absent = [names[i] for i in range(len(names)) if not rows[i] and not columns[i]]
    never = [names[i] for i in range(len(names)) if rows[i] and not columns[i]]
    small = [names[i] for i in range(len(names)) if 0 < rows[i] < _SMALL]
    if len(names) == 1:
        yield Finding(
            "CM-ONE-CLASS",
            "note",
            f"Only the class {names[0]!r} occurs, so the matrix is 1 x 1.",
            {"classes": 1},
            "Declare all classes with labels= to see the ones that are absent.",
        )
    if absent:
        yield Finding(
            "CM-ABSENT",
            "note",
            f"{len(absent)} of {len(names)} classes without rows and never called: {listed(absent)}. "
            "Averages leave them out.",
            {"absent": len(absent), "classes": len(names)},
        )
    if never:
        yield Finding(
            "CM-NEVER", "note", f"Never called: {listed(never)}. Their precision is undefined.", {"classes": len(never)}
        )
    if small and len(names) > 1:
        smallest = min((int(rows[names.index(name)]), str(name)) for name in small)
        yield Finding(
            "CM-SMALL",
            "note",
            f"{len(small)} of {len(names)} classes with fewer than {_SMALL} rows ({smallest[1]!r}: {smallest[0]}): "
            "read their rates with the interval.",
            {"classes": len(small), "rows": smallest[0]},
        )


def _asides(cm: ConfusionMatrix) -> Iterator[Finding]:
    reasons = {"ignored": "their true class was to be ignored", "unknown": "a label was outside the declared classes"}
    for key, n in cm.left_out.items():
        yield Finding("CM-DROPPED", "note", f"{_rows(n)} left out: {reasons[key]}.", {"rows": n})
    for seat in cm.seats:
        i = len(cm.labels) + SEATS.index(seat)
        n = exact_total(cm.full[i]) + exact_total(cm.full[:, i]) - int(cm.full[i, i])
        yield Finding(
            "CM-SEATS", "note", f"{_rows(n)} put in the seat {seat!r} on either side, as errors.", {"rows": n}
        )
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


def _rows(n: int) -> str:
    return f"{plural(n, 'row')} {'was' if n == 1 else 'were'}"


def _of_scores(scores: ScoreTally) -> Iterator[Finding]:
    p, n = scores.positives, scores.negatives
    if not p or not n:
        missing = "positive" if not p else "negative"
        yield Finding(
            "CM-ONE-CLASS",
            "note",
            f"No {missing} row has a score (positive is {str(scores.labels.positive_name)!r}): "
            "curves and their areas are undefined.",
            {"positives": p, "negatives": n},
        )
        return
    if p + n >= 20 and len(scores.scores) <= 2 and set(scores.scores.tolist()) <= {0.0, 1.0}:
        yield Finding(
            "CM-HARD-SCORE",
            "warning",
            f"The scores of {p + n:,} rows are only 0 and 1: classes, or a model that is always certain.",
            {"rows": p + n, "distinct": len(scores.scores)},
            "ROC AUC of such scores is balanced accuracy. Pass predict_proba(X)[:, 1] or decision_function(X) of a "
            "model that has more to say than a full tree or a single neighbour.",
        )
    auc = float(roc_auc(Masses(scores, scores.mass[:, 0], scores.mass[:, 1])))
    z = (0.5 - auc) / (((p + n + 1) / 12) / (p * n)) ** 0.5
    if z > 4:
        yield Finding(
            "CM-INVERTED",
            "warning",
            f"ROC AUC is {auc:.3f}, {z:.1f} standard errors below 0.5: the scores rank the negative class higher.",
            {"roc_auc": auc, "z": z},
            "Look for the wrong column of predict_proba, a distance used as a score, or the wrong pos_label=. "
            "Nothing was turned round.",
        )
