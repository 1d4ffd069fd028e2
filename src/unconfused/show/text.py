"""What a terminal shows: one plain sentence, then the numbers, each with its name and its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from unconfused.diagnosis import diagnose
from unconfused.inference import estimate, estimates
from unconfused.labels import plural
from unconfused.show.escape import visible
from unconfused.show.grid import FULL, Grid, grid_lines, matrix_lines
from unconfused.show.lines import Footnotes, Rate, finding_lines, joined, rate_lines, value_of
from unconfused.show.numbers import amounts
from unconfused.show.report import report, score_rates
from unconfused.show.report_text import of_scores, report_text
from unconfused.show.shading import bar
from unconfused.show.table import Column, fitted, lay_out, name, names, paragraph, width
from unconfused.show.words import confused, confusions, mostly_called, notes, scores_sentence, sentence
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Tallies
from unconfused.tally.units import with_units

if TYPE_CHECKING:
    from unconfused.evaluation import Evaluation
    from unconfused.tally.rates import Rates

BRIEF = 30
"""Columns of a name that stands beside a number and was told in full above."""
WORST = 10
"""Classes, and pairs of classes, that are named where the matrix is too large to print."""

NOTED = ("CM-ONE-CLASS", "CM-NEVER")
"""Notes that stand under a matrix beside the warnings; rows left out, seats and ties are told above its rates."""


def matrix_text(cm: ConfusionMatrix) -> str:
    """A matrix: the sentence, the table, how it was made, the headline rates, and warnings."""
    parts = [paragraph(sentence(cm))]
    if len(cm.labels):
        parts += [matrix_lines(cm)] if len(cm.labels) <= FULL else large_lines(cm)
    parts.append([line for note in notes(cm) for line in paragraph(note, "  ")])
    if cm.total:
        parts.append(rate_lines(headline(cm)))
    found = diagnose(cm)
    constant = any(finding.code == "CM-CONST" for finding in found)  # says already what is never called
    parts.append(finding_lines(found, NOTED[:1] if constant else NOTED))
    return joined(parts)


# ── the table ─────────────────────────────────────────────────────────────────────────────────────
def large_lines(cm: ConfusionMatrix) -> list[list[str]]:
    """Instead of a matrix that is too large: the classes found least, and the pairs most confused."""
    k, total = len(cm.labels), cm.total
    pairs = confusions(cm, WORST)
    recall, precision = estimates(cm, "recall"), estimates(cm, "precision")
    wrong = [x for x in cm.labels if recall[x].value < 1]
    worst = sorted(wrong, key=lambda x: (recall[x].high, recall[x].value))[:WORST]
    if not total or not worst:
        return [paragraph(f"The {k} x {k} matrix is not printed: cm.to_frame() and cm.plot() show it.", "  ")]
    shown = dict(zip(cm.labels, names(cm.labels.texts), strict=True))
    often = dict(zip(cm.labels, mostly_called(cm), strict=True))
    rows, footnotes = amounts(cm.table(weighted=False).sum(1)), Footnotes()
    table = [
        Column(["class"], [[shown[x]] for x in worst], "left"),
        Column(["rows"], [[rows[cm.labels.index(x)]] for x in worst]),
        *(
            Column([metric], [[footnotes.cell(e[x])] for x in worst], "left", [bar(metric, e[x]) for x in worst])
            for metric, e in (("recall", recall), ("precision", precision))
        ),
        Column(["mostly called"], [[often[x]] for x in worst], "left"),
    ]
    head = f"The {len(worst)} of {k} classes that were found least (by the upper end of recall):"
    parts = [[head, *lay_out(fitted(table, (0, 4), spare=3)), *footnotes.lines()]]
    head = f"The {len(pairs)} pairs confused most (by the lower end of the rate):"
    parts.append([head, *pair_lines(pairs)])
    hidden = f"{plural(k - len(worst), 'class')} and {plural(confused(cm) - len(pairs), 'pair')}"
    example = visible(repr(worst[0])) if width(str(worst[0])) <= BRIEF else "'dog'"
    how = (
        f"Not shown: {hidden} more. print(cm.report()) lists every class, cm[{example}] is one of them against the "
        "rest, cm.plot() and cm.to_frame() hold the whole matrix."
    )
    return [*parts, paragraph(how)]


def pair_lines(pairs: Sequence[Any]) -> list[str]:
    """Confused pairs: which, how many rows, and which share of the class."""
    columns = [
        Column(["actual"], [[pair.truth] for pair in pairs], "left"),
        Column(["predicted"], [[pair.called] for pair in pairs], "left"),
        Column(["rows"], [[f"{pair.rows:,d}"] for pair in pairs]),
        Column(["of"], [[f"{pair.of:,d}"] for pair in pairs]),
        Column(["rate"], [[f"{pair.rate:.3f}"] for pair in pairs]),
        Column(["at least"], [[f"{pair.low:.3f}"] for pair in pairs]),
    ]
    return lay_out(fitted(columns, (0, 1)))


def rates_text(rates: Rates) -> str:
    """Shares of a matrix: the same table in percent."""
    whole = {"true": "Each row sums to 100 %: where the rows of a class went.",
             "pred": "Each column sums to 100 %: what the rows called a class are.",
             "all": "All cells together sum to 100 %."}[rates.how]  # fmt: skip
    parts = [paragraph(whole)]
    if len(rates.labels) > FULL:
        return joined([*parts, *large_lines(rates.matrix)])
    cells = [["-" if np.isnan(x) else f"{x:.1%}" for x in row] for row in rates.values]
    parts.append(grid_lines(Grid(names(rates.labels.texts, rates.seats), cells, shares=np.asarray(rates.values))))
    if np.isnan(rates.values).any():
        parts.append(["-: undefined, there is nothing to share."])
    return joined(parts)


# ── rates ─────────────────────────────────────────────────────────────────────────────────────────
def headline(cm: ConfusionMatrix) -> list[Rate]:
    """The rates that come first: of the positive class where there is one, else overall and of the worst classes."""
    right = amounts(cm.cells().correct[None])[0]
    largest = cm.labels[int(cm.cells().support.argmax())]
    baseline = estimate(cm, "no_information_rate")
    weighted = cm.full_weights is not None
    beside = f"always {name(str(largest))}: {value_of(baseline)}"
    if not weighted:
        beside = f"{right} of {cm.total:,d}; {beside}"
    rates = [("accuracy", estimate(cm, "accuracy"), beside)]
    if len(cm.labels) == 2 and cm.labels.positive is not None:
        return [*rates, *_of_positive(cm, str(cm.labels.positive_name))]
    if len(cm.labels) < 2:
        return rates
    rates += [
        ("balanced_accuracy", estimate(cm, "balanced_accuracy"), "the mean recall of the classes"),
        ("f1@macro", estimate(cm, "f1@macro"), "the mean F1 of the classes"),
    ]
    for metric in ("recall", "precision") if len(cm.labels) <= FULL else ():
        found = {x: e for x, e in estimates(cm, metric).items() if e.defined}
        if found:
            worst = min(found, key=lambda x: found[x].value)
            rates.append((f"{metric}@worst", estimate(cm, f"{metric}@worst"), f"the lowest: {name(str(worst))}"))
    return rates


def _of_positive(cm: ConfusionMatrix, positive: str) -> list[Rate]:
    label, c, p = name(positive, BRIEF), cm.cells(), cm.labels.index(cm.labels.positive_name)
    parts = {
        "precision": (c.tp, c.predicted, f"called {label}"),
        "recall": (c.tp, c.support, f"that are {label}"),
        "specificity": (c.tn, c.n - c.support, "that are not"),
    }
    rates = []
    for metric in ("precision", "recall", "f1", "specificity"):
        beside = ""
        if metric in parts and cm.full_weights is None:
            part, whole, which = parts[metric]
            beside = f"{part[p]:,.0f} of {whole[p]:,.0f} {which}"
        rates.append((metric, estimate(cm, metric), beside))
    return rates


# ── what several tallies show ─────────────────────────────────────────────────────────────────────
def grouped_text(group: Grouped[Any]) -> str:
    """Labels side by side: their report; of the scores of each column by true class, how many there are."""
    first = next(iter(group.values()), None)
    if isinstance(first, Grouped):
        rows = sum(tally.total for tally in first.values())
        return f"{plural(len(group), 'column')} of scores, each by true class, {plural(rows, 'row')}."
    return report_text(report(group))


def evaluation_text(ev: Evaluation) -> str:
    """An evaluation: its matrix, if a decision was stated, and what its scores say at every threshold."""
    tallies = with_units(ev.tallies)
    if isinstance(tallies.matrix, Grouped) or (tallies.matrix is None and isinstance(tallies.scores, Grouped)):
        return joined([report_text(report(ev)).splitlines(), _undecided(tallies)])
    rates = of_scores(score_rates(tallies))
    if isinstance(tallies.matrix, ConfusionMatrix):
        return joined([matrix_text(tallies.matrix).splitlines(), rate_lines(rates)])
    if not isinstance(tallies.scores, ScoreTally):
        return "No row was counted."
    return joined(
        [
            paragraph(scores_sentence(tallies.scores)),
            rate_lines(rates),
            _undecided(tallies),
            finding_lines(diagnose(tallies)),
        ]
    )


def _undecided(tallies: Tallies) -> list[str]:
    """How to take the decision that was not stated."""
    if tallies.matrix is not None or tallies.scores is None:
        return []
    return paragraph(
        "No decision was stated: ev.at(t) is the matrix of calling everything from t upward, "
        "ev.report(threshold=t) all its rates, at any threshold t."
    )
