"""Matrices and reports as CSV, and a matrix read back from it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from unconfused.errors import InvalidCounts, UnreadableFile
from unconfused.labels import SEATS, Label, Labels
from unconfused.show.escape import csv_read, csv_text
from unconfused.show.export import COLUMNS, records
from unconfused.show.report import Report
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.sparse import Sparse


def matrix_csv(cm: ConfusionMatrix) -> str:
    """Long form: ``actual,predicted,n`` and, if weighted, ``weight``; one line for each cell.

    Of more than 2,048 classes only the cells that hold rows.
    Text is quoted and no spreadsheet reads it as a formula; numbers, booleans and the seats ``(other)`` and
    ``(missing)`` stand bare. `read_matrix_csv` reads it back.
    """
    axis = [*map(_field, cm.labels), *(f"({seat})" for seat in cm.seats)]
    table = cm.table(weighted=False)
    sparse, size = isinstance(table, Sparse), len(axis)
    places = zip(table.rows, table.columns, strict=True) if sparse else np.ndindex(size, size)
    weights = None if cm.full_weights is None else cm.table().ravel().tolist()
    lines = ["actual,predicted,n" + ("" if weights is None else ",weight")]
    for x, ((i, j), rows) in enumerate(zip(places, table.ravel().tolist(), strict=True)):
        weight = "" if weights is None else f",{weights[x]!r}"
        lines.append(f"{axis[i]},{axis[j]},{rows}{weight}")
    return "\n".join(lines) + "\n"


def report_csv(made: Report) -> str:
    """The long form of a report: ``class,metric,value,low,high,level,method,n,reason``; empty where undefined."""
    return csv_lines(COLUMNS, records(made))


def csv_lines(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table: text quoted and read as a formula by no spreadsheet, numbers bare, empty where undefined."""
    return "\n".join([",".join(heads), *(",".join(map(_field, row)) for row in rows)]) + "\n"


def csv_name(label: Label) -> str:
    """A class as `matrix_csv` writes it."""
    return _field(label)


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
