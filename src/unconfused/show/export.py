"""Matrices and reports for other programs: frames, dictionaries, JSON and CSV (Markdown and LaTeX: `markup`)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from unconfused.errors import InvalidCounts, UnreadableFile, UsageError, require
from unconfused.inference import Estimate
from unconfused.labels import SEATS, Label, Labels
from unconfused.show.escape import csv_read, csv_text
from unconfused.show.markup import matrix_latex, matrix_markdown
from unconfused.show.report import BASELINES, Report, report
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped

if TYPE_CHECKING:
    from unconfused.curves import Curve
    from unconfused.evaluation import Evaluation
    from unconfused.findings import Finding

__all__ = [
    "curve_frame", "evaluation_dict", "evaluation_json", "frame", "matrix_csv", "matrix_dict", "matrix_frame",
    "matrix_json", "matrix_latex", "matrix_markdown", "read_matrix_csv", "report_csv", "report_dict", "report_frame",
    "report_json",
]  # fmt: skip

SCHEMA_VERSION = 1
"""Of ``schema.json`` beside this module; raised when a field changes its meaning."""
LIBRARIES = {"pandas": "pandas", "polars": "polars", "arrow": "pyarrow"}


# ── frames ────────────────────────────────────────────────────────────────────────────────────────
def frame(columns: Mapping[str, Any], kind: str = "pandas") -> Any:
    """Columns as a frame.

    Raises:
        UsageError: ``kind`` is none of "pandas", "polars", "arrow".
        MissingExtra: that library is not installed.
    """
    if kind not in LIBRARIES:
        raise UsageError(f"to_frame({kind!r}) is not known.", fix="Type 'pandas', 'polars' or 'arrow'.")
    library = require(LIBRARIES[kind])
    return library.table(dict(columns)) if kind == "arrow" else library.DataFrame(dict(columns))


def matrix_frame(cm: ConfusionMatrix, kind: str = "pandas") -> Any:
    """Long form, one row for each cell by class: ``actual, predicted, n`` and, if weighted, ``weight``.

    Seats stand in parentheses; where there are any, all names are text.
    """
    axis: list[Label] = [*cm.labels, *(f"({seat})" for seat in cm.seats)]
    if len({type(label) for label in axis}) > 1:
        axis = [str(label) for label in axis]
    size = len(axis)
    columns: dict[str, Any] = {
        "actual": [label for label in axis for _ in range(size)],
        "predicted": axis * size,
        "n": cm.table(weighted=False).ravel().tolist(),
    }
    if cm.full_weights is not None:
        columns["weight"] = cm.table().ravel().tolist()
    return frame(columns, kind)


def report_frame(made: Report, kind: str = "pandas") -> Any:
    """Long form, one row for each estimate; ``value``, ``low`` and ``high`` are NaN where undefined."""
    rows = list(_records(made))
    return frame({name: [row[i] for row in rows] for i, name in enumerate(COLUMNS)}, kind)


COLUMNS = ("class", "metric", "value", "low", "high", "level", "method", "n", "reason")


def _records(made: Report) -> Iterator[tuple[Any, ...]]:
    for label, metric, e in made.items():
        name = None if label is None else str(label)
        yield name, metric, e.value, e.low, e.high, e.level, e.method, e.n, e.reason


# ── dictionaries and JSON ─────────────────────────────────────────────────────────────────────────
def curve_frame(curve: Curve, kind: str = "pandas") -> Any:
    """The points of a curve: ``threshold``, and both axes under their names."""
    return frame({"threshold": curve.thresholds, curve.x_name: curve.x, curve.y_name: curve.y}, kind)


def matrix_dict(cm: ConfusionMatrix) -> dict[str, Any]:
    """A matrix after the schema. ``counts`` and ``weights`` hold the classes, then the seats in use."""
    return {
        "schema_version": SCHEMA_VERSION,
        "type": "confusion_matrix",
        "labels": list(cm.labels.names),
        "values": list(cm.labels.values),
        "positive": cm.labels.positive_name,
        "declared": cm.labels.declared,
        "seats": list(cm.seats),
        "counts": cm.table(weighted=False).tolist(),
        "weights": None if cm.full_weights is None else cm.table().tolist(),
        "rule": cm.rule,
        "total": cm.total,
        "left_out": cm.left_out,
    }


def report_dict(made: Report) -> dict[str, Any]:
    """A report after the schema."""

    def each(found: Mapping[str, Estimate]) -> dict[str, Any]:
        return {metric: estimate_dict(e) for metric, e in found.items()}

    return {
        "schema_version": SCHEMA_VERSION,
        "type": "report",
        "kind": made.kind,
        "summary": made.summary,
        "total": made.total,
        "weight": made.weight,
        "level": made.level,
        "rule": made.rule,
        "positive": made.positive,
        "classes": [
            {
                "label": row.label,
                "rows": row.rows,
                "weight": row.weight,
                "called": row.called,
                "estimates": each(row.estimates),
            }
            for row in made.classes
        ],
        "averages": {average: each(found) for average, found in made.averages.items()},
        "overall": each(made.overall),
        "of_positive": each(made.of_positive),
        "of_scores": each(made.of_scores),
        "baselines": dict(BASELINES),
        "remarks": list(made.remarks),
        "left_out": dict(made.left_out),
        "findings": [_finding(finding) for finding in made.findings],
    }


def evaluation_dict(ev: Evaluation, *, threshold: Any = None, level: float = 0.95) -> dict[str, Any]:
    """An evaluation after the schema: its matrix (or matrices, at ``threshold`` if given) and its report."""
    held = ev.tallies.matrix if threshold is None else ev.at(threshold)
    return {
        "schema_version": SCHEMA_VERSION,
        "type": "evaluation",
        "kind": ev.kind,
        "labels": list(ev.labels.names),
        "score_kind": ev.score_kind,
        "total": ev.total,
        "left_out": ev.left_out,
        "matrix": matrix_dict(held) if isinstance(held, ConfusionMatrix) else None,
        "matrices": [{"label": label, "matrix": matrix_dict(cm)} for label, cm in held.items()]
        if isinstance(held, Grouped)
        else None,
        "report": report_dict(report(ev, level=level, threshold=threshold)),
    }


def estimate_dict(e: Estimate) -> dict[str, Any]:
    """An estimate; what is no finite number is null, and ``reason`` says why."""
    ends = [e.value, e.low, e.high]
    reason = e.reason or (None if all(map(math.isfinite, ends)) else "infinite, or an interval without end")
    value, low, high = (number if math.isfinite(number) else None for number in ends)
    bounds = None if e.bounds is None else list(e.bounds)
    return {"value": value, "low": low, "high": high, "level": e.level, "method": e.method, "n": e.n,
            "reason": reason, "bounds": bounds, "left_out": list(e.left_out)}  # fmt: skip


def _finding(finding: Finding) -> dict[str, Any]:
    evidence = {key: x if math.isfinite(x) else None for key, x in finding.evidence.items()}
    return {"code": finding.code, "level": finding.level, "message": finding.message, "evidence": evidence,
            "remedy": finding.remedy}  # fmt: skip


def matrix_json(cm: ConfusionMatrix, *, indent: int | None = None) -> str:
    """`matrix_dict` as JSON."""
    return json.dumps(matrix_dict(cm), indent=indent, allow_nan=False)


def report_json(made: Report, *, indent: int | None = None) -> str:
    """`report_dict` as JSON."""
    return json.dumps(report_dict(made), indent=indent, allow_nan=False)


def evaluation_json(ev: Evaluation, *, threshold: Any = None, level: float = 0.95, indent: int | None = None) -> str:
    """`evaluation_dict` as JSON."""
    return json.dumps(evaluation_dict(ev, threshold=threshold, level=level), indent=indent, allow_nan=False)


# ── CSV ───────────────────────────────────────────────────────────────────────────────────────────
def matrix_csv(cm: ConfusionMatrix) -> str:
    """Long form: ``actual,predicted,n`` and, if weighted, ``weight``; one line for each cell.

    Text is quoted and no spreadsheet reads it as a formula; numbers, booleans and the seats ``(other)`` and
    ``(missing)`` stand bare. `read_matrix_csv` reads it back.
    """
    axis = [*map(_field, cm.labels), *(f"({seat})" for seat in cm.seats)]
    rows = cm.table(weighted=False).tolist()
    weights = None if cm.full_weights is None else cm.table().tolist()
    lines = ["actual,predicted,n" + ("" if weights is None else ",weight")]
    for i, truth in enumerate(axis):
        for j, called in enumerate(axis):
            weight = "" if weights is None else f",{weights[i][j]!r}"
            lines.append(f"{truth},{called},{rows[i][j]}{weight}")
    return "\n".join(lines) + "\n"


def report_csv(made: Report) -> str:
    """The long form of a report: ``class,metric,value,low,high,level,method,n,reason``; empty where undefined."""
    lines = [",".join(COLUMNS)]
    lines += [",".join(map(_field, row)) for row in _records(made)]
    return "\n".join(lines) + "\n"


def _field(x: Any) -> str:
    if x is None or (isinstance(x, float) and math.isnan(x)):
        return ""
    return '"' + csv_text(x).replace('"', '""') + '"' if isinstance(x, str) else repr(x)


_FIELD = re.compile(r'"((?:[^"]|"")*)"|((?:[^",\r\n][^,\r\n]*)?)')


def read_matrix_csv(text: str, *, pos_label: Any = None) -> ConfusionMatrix:
    """The matrix that `matrix_csv` wrote: the same classes in the same order, the same rows, weights and seats.

    What a long table cannot hold is not read back: the positive class (``pos_label=``), the rule, rows left out, and
    squared weights, which are taken as equal within a cell. Where a spreadsheet has dropped the quotes, classes that
    all look like whole numbers are read as numbers. Cells that are absent are 0; cells named twice are added. Read
    files with ``newline=""``.

    Raises:
        UnreadableFile: the text is no such table.
        InvalidCounts: a count or weight that is none.

    >>> cm = ConfusionMatrix.from_counts([[3, 1], [0, 2]], labels=["cat", "=dog"])
    >>> read_matrix_csv(matrix_csv(cm)) == cm
    True
    """
    header, *lines = _lines(text.removeprefix("\ufeff"))
    heads = [field for field, _ in header]
    if heads not in (["actual", "predicted", "n"], ["actual", "predicted", "n", "weight"]):
        raise UnreadableFile(
            f"The first line is {','.join(heads)!r}.",
            "Without its headings it is not known which column is the truth.",
            "A matrix begins with actual,predicted,n (and weight).",
        )
    if any(len(line) != len(heads) for line in lines):
        raise UnreadableFile(f"A line does not have {len(heads)} fields.", fix="Write it with cm.to_csv().")
    quoted = any(is_quoted for line in lines for _, is_quoted in line[:2])
    fields = [field for line in lines for field in line[:2]]
    names = [_name(*field) for field in fields]
    if not quoted and any(isinstance(x, str) and not isinstance(x, _Seat) for x in names):
        names = [text if isinstance(x, int) else x for x, (text, _) in zip(names, fields, strict=True)]
    labels = Labels.declare(list(dict.fromkeys(x for x in names if not isinstance(x, _Seat))) or [0], pos_label)
    return _filled(labels, names, lines)


class _Seat(str):
    """The name of a seat, so that no class can be taken for it."""


def _lines(text: str) -> list[list[tuple[str, bool]]]:
    """Fields of each line, and whether they were quoted."""
    lines: list[list[tuple[str, bool]]] = []
    at, fields = 0, list[tuple[str, bool]]()
    while at < len(text):
        match = _FIELD.match(text, at)
        assert match is not None
        quoted = match[1] is not None
        fields.append((match[1].replace('""', '"') if quoted else match[2], quoted))
        at = match.end()
        if text.startswith(",", at):
            at += 1
            continue
        if at < len(text) and text[at] not in "\r\n":
            raise UnreadableFile(f"A quote does not close, or more follows it, near character {at}.")
        at += 2 if text.startswith("\r\n", at) else 1
        lines.append(fields)
        fields = []
    if not lines:
        raise UnreadableFile("The text is empty.", fix="A matrix begins with actual,predicted,n.")
    return lines


def _name(text: str, is_quoted: bool) -> Label:
    if is_quoted:
        return csv_read(text)
    if text in {f"({seat})" for seat in SEATS}:
        return _Seat(text[1:-1])
    if text in ("True", "False"):
        return text == "True"
    return int(text) if re.fullmatch(r"-?\d+", text) else csv_read(text)


def _filled(labels: Labels, names: Sequence[Label], lines: Sequence[Sequence[tuple[str, bool]]]) -> ConfusionMatrix:
    k, weighted = len(labels), bool(lines) and len(lines[0]) == 4
    full = np.zeros((k + 2, k + 2), np.int64)
    weights = np.zeros((k + 2, k + 2))
    places = [k + SEATS.index(x) if isinstance(x, _Seat) else labels.values.index(x) for x in names]
    for line, truth, called in zip(lines, places[::2], places[1::2], strict=True):
        try:
            full[truth, called] += int(line[2][0])
            weights[truth, called] += float(line[3][0]) if weighted else 0.0
        except (ValueError, OverflowError) as error:
            raise InvalidCounts(f"{','.join(field for field, _ in line)!r} holds no count: {error}.") from None
    if (full < 0).any() or not np.isfinite(weights).all() or (weights < 0).any():
        raise InvalidCounts("A count or weight is negative or not finite.", "Rows cannot be taken away.")
    if not weighted:
        return ConfusionMatrix(labels, full)
    return ConfusionMatrix(labels, full, weights, weights**2 / np.maximum(full, 1))
