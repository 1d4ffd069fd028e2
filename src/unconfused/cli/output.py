"""What comes out: one of six formats, to the terminal, a pipe or a file that appears whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np

from unconfused.cli.options import Format
from unconfused.errors import MissingExtra, UsageError, inert, require
from unconfused.evaluation import Evaluation
from unconfused.show.csv import csv_name
from unconfused.show.escape import csv_text, markdown, visible
from unconfused.show.shading import Shaded, plainly, rich_text, shaded
from unconfused.store import whole_file
from unconfused.tally.rates import Normalize

EXTENSIONS: dict[str, Format] = {
    ".txt": "text", ".json": "json", ".md": "markdown", ".tex": "latex", ".csv": "csv", ".html": "html", ".htm": "html",
}  # fmt: skip
PIECE = 1 << 13
FORMATS: tuple[Format, ...] = get_args(Format)


def chosen(format: Format | None, output: str | None) -> Format:
    """The format that was asked for, that the extension names, or that suits where it goes."""
    if format is not None:
        return format
    if output is None:
        return "text" if sys.stdout.isatty() else "json"
    named = EXTENSIONS.get(Path(output).suffix.lower())
    if named is None:
        raise UsageError(
            f"The extension of {output} names no format.",
            fix=f"End it in {', '.join(EXTENSIONS)}, or type --format with one of {', '.join(FORMATS)}.",
        )
    return named


def emit(text: str, output: str | None) -> None:
    """Write to ``output``, or to standard output."""
    if output is None and isinstance(text, Shaded) and coloured():
        return _printed(text)
    text = plainly(text) if isinstance(text, Shaded) else text
    text = text if text.endswith("\n") else text + "\n"
    if output is None:
        text = inert(text) if sys.stdout.isatty() else text  # CSV holds names as they are
        for start in range(0, len(text), PIECE):  # of one large write, what a closed pipe did not take is lost silently
            sys.stdout.write(text[start : start + PIECE])
        return
    with whole_file(output) as file:
        file.write(text.encode())


def coloured() -> bool:
    """Whether standard output is a terminal that has colours and wants them, and rich is installed."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return False
    try:
        return _console().color_system is not None
    except MissingExtra:
        return False


def _console() -> Any:
    return require("rich.console", extra="cli").Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def _printed(text: Shaded) -> None:
    _console().print(rich_text(text), soft_wrap=True)


def page(subject: Any, **opening: Any) -> str:
    """The offline page of an evaluation, with what it opens at, or of a comparison."""
    with tempfile.TemporaryDirectory(prefix="unconfused-") as folder:
        path = os.path.join(folder, "page.html")
        subject.to_html(path, **opening)
        return Path(path).read_text(encoding="utf-8")


def rendered(report: Any, format: Format) -> str:
    """A report as text of that format."""
    match format:
        case "json":
            return str(report.to_json(indent=2))
        case "markdown":
            return str(report.to_markdown())
        case "latex":
            return str(report.to_latex())
        case "csv":
            return str(report.to_csv())
    return shaded(report)


def with_slices(text: str, evaluation: Evaluation, format: Format, threshold: float | None, level: float) -> str:
    """A report, and how the slices of each column compare."""
    at = threshold if not evaluation.decided and evaluation.kind == "binary" else None
    made = [sliced.compare(threshold=at, level=level) for sliced in evaluation.by.values()]
    match format:
        case "text":
            return Shaded("\n\n".join([text.rstrip(), shaded(*made)]))
        case "json":
            return as_json({**json.loads(text), "slices": [x.to_dict() for x in made]})
        case "markdown":
            return "\n\n".join([text.rstrip(), *(x.to_markdown().rstrip() for x in made)])
    raise UsageError(f"Slices have no {format} form.", fix="Type --format text, json, markdown or html.")


def rendered_matrix(matrix: Any, format: Format, normalize: Normalize | None) -> str:
    """A matrix, or the matrices of several labels, as text of that format."""
    if isinstance(matrix, Mapping):
        return _by_label(matrix, format, normalize)
    match format:
        case "json":
            held = matrix.to_dict()
            return as_json(held if normalize is None else held | shares(matrix, normalize))
        case "markdown":
            return str(matrix.to_markdown(normalize=normalize))
        case "latex":
            return str(matrix.to_latex(normalize=normalize))
        case "csv":
            return str(matrix.to_csv()) if normalize is None else _long(matrix, normalize)
    return shaded(matrix if normalize is None else matrix.normalize(normalize))


def _by_label(matrices: Mapping[Any, Any], format: Format, normalize: Normalize | None) -> str:
    """One matrix after the other, each under its label."""
    if format == "json":
        return as_json({str(k): json.loads(rendered_matrix(x, format, normalize)) for k, x in matrices.items()})
    if format == "csv":
        lines = [rendered_matrix(x, format, normalize).splitlines() for x in matrices.values()]
        head = [f"label,{lines[0][0]}"] if lines else []
        return "\n".join(
            [*head, *(f"{csv_name(k)},{row}" for k, own in zip(matrices, lines, strict=True) for row in own[1:])]
        )
    mark, spelt = {"markdown": ("## {}\n\n", markdown), "latex": ("% {}\n", visible)}.get(format, ("{}\n", visible))
    told = [mark.format(spelt(str(k))) + rendered_matrix(x, format, normalize).strip() for k, x in matrices.items()]
    return Shaded("\n\n".join(told)) if format == "text" else "\n\n".join(told)


def shares(matrix: Any, normalize: Normalize) -> dict[str, Any]:
    """Shares beside the counts of the JSON form; null where there is nothing to share."""
    rates = matrix.normalize(normalize)
    values = [[None if np.isnan(x) else x for x in row] for row in rates.values.tolist()]
    return {"normalize": normalize, "axis": [str(x) for x in rates.axis], "rates": values}


def _long(matrix: Any, normalize: Normalize) -> str:
    rates = matrix.normalize(normalize)
    axis = [*(csv_text(x) if isinstance(x, str) else x for x in rates.labels), *(f"({seat})" for seat in rates.seats)]
    rows = [
        cells([actual, predicted, "" if np.isnan(x) else x])
        for actual, row in zip(axis, rates.values.tolist(), strict=True)
        for predicted, x in zip(axis, row, strict=True)
    ]
    of = {"true": "actual", "pred": "predicted", "all": "all"}[normalize]
    return "\n".join([f"actual,predicted,share_of_{of}", *rows])


def cells(values: list[Any]) -> str:
    """One line of CSV; text in quotes, numbers bare."""
    line = io.StringIO()
    csv.writer(line, lineterminator="", quoting=csv.QUOTE_NONNUMERIC).writerow(values)
    return line.getvalue()


def as_json(value: Any) -> str:
    """JSON that never holds NaN; letters stand as they are, what cannot be seen as an escape."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return re.sub(r"[^ -~\n]", lambda x: x[0] if x[0].isprintable() else json.dumps(x[0])[1:-1], text)


def number(x: float) -> float | None:
    """A number as JSON can hold it: None where it is NaN or infinite."""
    return float(x) if np.isfinite(x) else None
