"""Tables for papers and pages: Markdown and LaTeX (booktabs), with both axes named and every label escaped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from unconfused.inference import Estimate
from unconfused.inference.majority import TEST
from unconfused.show.escape import latex, markdown, visible
from unconfused.show.lines import Footnotes, value_of
from unconfused.show.numbers import amounts, equals, with_totals
from unconfused.show.table import names

if TYPE_CHECKING:
    from unconfused.show.report import Report
    from unconfused.tally.confusion import ConfusionMatrix

Escape: TypeAlias = Callable[[str], str]
Rows: TypeAlias = list[list[str]]
RULE = "\\midrule"


SUMS = {"true": "rows sum to 100 %", "pred": "columns sum to 100 %", "all": "all cells sum to 100 %"}
"""What is 100 % in a table of shares."""


def matrix_markdown(cm: ConfusionMatrix, normalize: Any = None) -> str:
    """A GitHub table: rows are actual, columns predicted; counts with totals, or shares in percent."""
    shown, cells, totals = _matrix(cm, normalize)
    heads = [*map(markdown, shown), *(["total"] if totals else [])]
    feet = [["**total**", *totals]] if totals else []
    body = [[f"**{markdown(name)}**", *row] for name, row in zip(shown, cells, strict=True)]
    return _github([f"actual \\\\ predicted{_unit(cm, normalize)}", *heads], [*body, *feet])


def matrix_latex(cm: ConfusionMatrix, normalize: Any = None) -> str:
    """A booktabs table: rows are actual, columns predicted; counts with totals, or shares in percent."""
    shown, cells, totals = _matrix(cm, normalize)
    size, end = len(shown), ["total"] if totals else []
    unit = _percent_sign(_unit(cm, normalize))
    over = f" & \\multicolumn{{{size}}}{{c}}{{predicted{unit}}}{' & ' if totals else ''} \\\\"
    heads = ["actual", *map(latex, shown), *end]
    body = [[latex(name), *map(_percent_sign, row)] for name, row in zip(shown, cells, strict=True)]
    lines = [over, f"\\cmidrule(lr){{2-{size + 1}}}", _row(heads), RULE, *map(_row, body)]
    if totals:
        lines += [RULE, _row(["total", *totals])]
    return _tabular("l" + "r" * (size + len(end)), lines)


def _unit(cm: ConfusionMatrix, normalize: Any) -> str:
    """What the cells hold, where it is not rows."""
    weights = cm.full_weights is not None
    if normalize is None:
        return " (sums of weights)" if weights else ""
    return f" (shares{' of weights' if weights else ''}: {SUMS[normalize]})"


def _matrix(cm: ConfusionMatrix, normalize: Any) -> tuple[list[str], list[list[str]], list[str]]:
    """Names, cells (with the total of each row) and totals of the columns; shares have no totals."""
    shown = names(cm.labels.texts, cm.seats)
    if normalize is not None:
        values = cm.normalize(normalize).values
        return shown, [["undefined" if np.isnan(x) else f"{x:.1%}" for x in row] for row in values], []
    *cells, totals = with_totals(cm.table())
    return shown, cells, totals


def report_markdown(report: Report) -> str:
    """The summary, the classes with their averages, and the overall rates, as GitHub tables."""
    footnotes = Footnotes()
    parts = [markdown(report.summary)]
    heads, body, averages = _classes(report, footnotes, markdown)
    if body:
        parts.append(_github(heads, [*body, *averages]))
    rates = [[markdown(name), cell, f"{e.n:,d}"] for name, cell, e in _rates(report, footnotes)]
    if rates:
        parts.append(_github(["metric", f"estimate [{100 * report.level:g} % interval]", "rows"], rates))
    parts += [markdown(text) for text in against_majority(report)]
    parts += [f"{markdown(footnotes.mark(text))} {markdown(text)}" for text in footnotes.texts]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def report_latex(report: Report) -> str:
    """Two booktabs tables: the classes with their averages, and the overall rates."""
    footnotes = Footnotes()
    heads, body, averages = _classes(report, footnotes, latex)
    tables = []
    if body:
        lines = [_row(heads), RULE, *map(_row, body), *([RULE, *map(_row, averages)] if averages else [])]
        tables.append(_tabular("lr" + "l" * (len(heads) - 2), lines))
    rates = [[latex(name), cell, f"{e.n:,d}"] for name, cell, e in _rates(report, footnotes)]
    if rates:
        level = f"estimate [{100 * report.level:g}\\,\\% interval]"
        tables.append(_tabular("llr", [_row(["metric", level, "rows"]), RULE, *map(_row, rates)]))
    notes = [f"\\par {latex(text)}" for text in against_majority(report)]
    notes += [f"\\par {latex(footnotes.mark(text))} {latex(text)}" for text in footnotes.texts]
    return "\n".join([*tables, *notes]).rstrip("\n").replace("∞", "$\\infty$") + "\n"


def _classes(report: Report, footnotes: Footnotes, escape: Escape) -> tuple[list[str], Rows, Rows]:
    if not report.classes:
        return [], [], []
    metrics = list(report.classes[0].estimates)
    weighted = report.classes[0].weight is not None
    sizes = amounts(np.array([row.weight if weighted else row.rows for row in report.classes]))
    shown = names([str(row.label) for row in report.classes])
    body = [
        [escape(name), size, *(footnotes.cell(row.estimates[m]) for m in metrics)]
        for name, size, row in zip(shown, sizes, report.classes, strict=True)
    ]
    averages = [
        [f"{average} mean", "", *(_average(found.get(m), footnotes) for m in metrics)]
        for average, found in report.averages.items()
    ]
    heads = ["label" if report.kind == "multilabel" else "class", "weight" if weighted else "rows"]
    return [*heads, *map(escape, metrics)], body, averages


def _average(e: Estimate | None, footnotes: Footnotes) -> str:
    if e is None:
        return "-"
    if not e.left_out or not e.defined:
        return footnotes.cell(e)
    return f"{footnotes.cell(e)} {footnotes.mark('without ' + ', '.join(map(visible, e.left_out)))}"


def _rates(report: Report, footnotes: Footnotes) -> list[tuple[str, str, Estimate]]:
    found = {**report.overall, **report.of_positive, **report.of_scores}
    return [(name, footnotes.cell(e), e) for name, e in found.items()]


def against_majority(report: Report) -> list[str]:
    """The accuracy beside that of always calling the commonest class, as a sentence; none where nothing is known."""
    if report.no_information_p is None:
        return []
    accuracy, share = (value_of(report.overall[metric]) for metric in ("accuracy", "no_information_rate"))
    p = equals(report.no_information_p)
    return [f"Accuracy {accuracy}; always the commonest class: {share}; p {p} ({TEST})."]


def _github(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = [":---", *("---:" for _ in heads[1:])]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (heads, rule, *rows))


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + " \\\\"


def _tabular(columns: str, lines: Sequence[str]) -> str:
    inner = ["\\toprule", *lines, "\\bottomrule"]
    begin = ["% needs \\usepackage{booktabs}", f"\\begin{{tabular}}{{{columns}}}"]
    return "\n".join([*begin, *inner, "\\end{tabular}", ""])


def _percent_sign(text: str) -> str:
    return text.replace("%", "\\%")
