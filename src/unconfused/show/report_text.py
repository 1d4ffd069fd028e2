"""A report on a terminal: every class, the averages, the overall rates, at 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from unconfused.inference import Estimate
from unconfused.inference.majority import TEST
from unconfused.labels import plural
from unconfused.show.escape import isolated
from unconfused.show.grid import FULL, matrix_lines
from unconfused.show.lines import Footnotes, Rate, finding_lines, joined, method_lines, rate_lines, value_of
from unconfused.show.numbers import amounts, equals, listing
from unconfused.show.report import PER_CLASS, Report
from unconfused.show.shading import bar
from unconfused.show.table import GAP, PAGE, Column, lay_out, name, names, paragraph, total_width, width, wrap

MOST = 200
"""Classes that are listed at most."""
INDENT = 6
"""Columns that are kept free for names, if the numbers need all others."""
BESIDE = {
    "balanced_accuracy": "the mean recall of the classes",
    "mcc": "0 is chance, 1 perfect",
    "kappa": "agreement beyond chance",
    "roc_auc": "0.5 is chance, 1 perfect",
    "brier": "mean squared error; 0 is perfect",
    "log_loss": "mean -log p of the truth; 0 is perfect",
    "roc_auc@macro": "the mean; 0.5 is chance",
    "average_precision@macro": "the mean",
}
"""What stands beside a metric, where the report itself does not say more."""


def report_text(report: Report) -> str:
    """The sentence, the classes and their averages, the overall rates, footnotes, warnings."""
    footnotes = Footnotes()
    table = class_lines(report, footnotes)
    rates = [*_overall(report), *_of_positive(report), *of_scores(report.of_scores)]
    in_table = [(m, row.estimates[m], "") for row in report.classes for m in _metrics(report)]
    in_table += [(f"{m}@{average}", e, "") for average, found in report.averages.items() for m, e in found.items()]
    made = [f"Called: {report.rule}."] if report.rule and report.positive is None else []
    if report.rule and report.positive is not None:
        made = [f"{name(str(report.positive))} means {report.rule}."]
    if report.weight is not None:
        total = amounts(np.array([report.weight]))[0]
        made.append(f"Rows are weighted: {plural(report.total, 'row')} weigh {total} in all, and rates are of weights.")
    return joined(
        [
            paragraph(report.summary),
            [line for note in (*made, *report.remarks) for line in paragraph(note, "  ")],
            _matrix(report),
            table,
            [*footnotes.lines(), *_left_out(report)],
            rate_lines(rates, methods=False),
            _micro(report),
            [*method_lines([*in_table, *rates])[1:], *_tested(report)],
            _bound_to_prevalence(report),
            finding_lines(report.findings),
        ]
    )


def _matrix(report: Report) -> list[str]:
    """The matrix itself, where it is small enough to be read."""
    return matrix_lines(report.matrix) if report.matrix is not None and 0 < len(report.classes) <= FULL else []


def class_lines(report: Report, footnotes: Footnotes) -> list[str]:
    """A row for each class and each average. A name that is too long for its column stands on a line of its own."""
    rows = report.classes[:MOST]
    if not rows:
        return []
    metrics = _metrics(report)
    averages = list(report.averages.items())
    cells = [[footnotes.cell(row.estimates[m]) for m in metrics] for row in rows]
    cells += [[footnotes.cell(found[m]) for m in metrics] for _, found in averages]
    weighted = report.weight is not None and all(row.weight is not None for row in rows)
    sizes = amounts(np.array([row.weight if weighted else row.rows for row in rows]))
    size = Column(["weight" if weighted else "rows"], [*([text] for text in sizes), *([""] for _ in averages)])
    found = [*(row.estimates for row in rows), *(means for _, means in averages)]
    numbers = [
        Column([metric], [[row[i]] for row in cells], "left", [bar(metric, x[metric]) for x in found])
        for i, metric in enumerate(metrics)
    ]
    shown = names([str(row.label) for row in rows])
    head = "label" if report.kind == "multilabel" else "class"
    lines: list[str] = []
    for block in _blocks(size, numbers):
        room = PAGE - total_width(block) - len(GAP)
        means = [average if room < len("weighted mean") else f"{average} mean" for average, _ in averages]
        lines += ["", *_named(head, [*shown, *means], block, [len(rows)] if averages else [])]
    return [*lines[1:], *_more(report)]


def _blocks(size: Column, numbers: Sequence[Column]) -> list[list[Column]]:
    """As many columns side by side as fit, the size of the class before each block."""
    blocks = [[size]]
    for column in numbers:
        if len(blocks[-1]) > 1 and total_width([*blocks[-1], column]) > PAGE - len(GAP) - INDENT:
            blocks.append([size])
        blocks[-1].append(column)
    return blocks


def _metrics(report: Report) -> list[str]:
    """The columns of the table: precision, recall and F1, or what scores say of each label."""
    kept = report.classes[0].estimates if report.classes else {}
    return [m for m in PER_CLASS if m in kept] or list(kept)


def _named(head: str, shown: Sequence[str], numbers: Sequence[Column], rules: Sequence[int]) -> list[str]:
    room = PAGE - total_width(numbers) - len(GAP)
    if max(map(width, shown)) <= room:
        return lay_out([Column([head], [[text] for text in shown], "left"), *numbers], rules)
    indent = max(min(room, INDENT), width(head))
    cells = [[text] if width(text) <= indent else [*wrap(text, PAGE), ""] for text in shown]
    return _on_own_lines(head, cells, numbers, rules, indent)


def _on_own_lines(
    head: str, cells: Sequence[Sequence[str]], numbers: Sequence[Column], rules: Sequence[int], indent: int
) -> list[str]:
    """Numbers under their names."""
    blank = Column([" " * indent], [[""] for _ in cells], "left")
    lines = lay_out([blank, *numbers], rules)
    lines[0] = head + lines[0][len(head) :]
    body = iter(lines[2:])
    out = lines[:2]
    for row, cell in enumerate(cells):
        if row in rules:
            out.append(next(body))
        line = next(body)
        out += [*map(isolated, cell[:-1]), line] if len(cell) > 1 else [isolated(cell[0]) + line[width(cell[0]) :]]
    return out


def _left_out(report: Report) -> list[str]:
    """Which classes the means are without."""
    without: dict[tuple[str, ...], dict[str, None]] = {}
    for found in report.averages.values():
        for metric, e in found.items():
            if e.left_out and e.defined:
                without.setdefault(e.left_out, {})[metric] = None
    told = [f"{listing(list(metrics))} without {listing(list(map(name, gone)))}" for gone, metrics in without.items()]
    text = f"The means are of the classes where a metric is defined: {'; '.join(told)}."
    return paragraph(text, "  ") if told else []


def _micro(report: Report) -> list[str]:
    single = report.kind == "multiclass" and "accuracy" in report.overall
    return ["The accuracy is also the micro average of precision, recall and F1."] if single else []


def _more(report: Report) -> list[str]:
    beyond = len(report.classes) - MOST
    text = f"The first {MOST:,d} classes; {beyond:,d} more are in report.to_frame()."
    return ["", *paragraph(text)] if beyond > 0 else []


def _overall(report: Report) -> list[Rate]:
    rates = []
    for metric, e in report.overall.items():
        if metric == "no_information_rate":
            continue
        beside = BESIDE.get(metric, "")
        if metric == "accuracy":
            baseline = report.overall["no_information_rate"]
            beside = f"always the commonest: {value_of(baseline)}{_no_better(report)}"
        rates.append((metric, e, beside))
    return rates


def _no_better(report: Report) -> str:
    return "" if report.no_information_p is None else f", p {equals(report.no_information_p)}"


def _tested(report: Report) -> list[str]:
    return [] if report.no_information_p is None else paragraph(f"p: {TEST}.", "  ")


def _bound_to_prevalence(report: Report) -> list[str]:
    """Which of the rates another population would show too."""
    free = report.prevalence_free
    if len(free) < 2:
        return []
    return paragraph(
        f"The same at any share of the classes: {', '.join(free)}. The others are of these rows; "
        "at_prevalence(0.01) tells them at 1 % positive.",
        "  ",
    )


def _of_positive(report: Report) -> list[Rate]:
    label = name(str(report.positive))
    beside = {
        "specificity": f"of rows not {label}, those left alone",
        "npv": f"of rows not called {label}, those right",
        "fpr": f"of rows not {label}, those called it",
    }
    return [(metric, e, beside[metric]) for metric, e in report.of_positive.items() if metric in beside]


def of_scores(found: Mapping[str, Estimate]) -> list[Rate]:
    """What scores say at every threshold, the average precision beside its baseline."""
    rates = []
    for metric, e in found.items():
        beside = BESIDE.get(metric, "")
        if metric == "prevalence":
            continue
        if metric == "average_precision" and "prevalence" in found:
            beside = f"{value_of(found['prevalence'])} is chance: the prevalence"
        rates.append((metric, e, beside))
    return rates
