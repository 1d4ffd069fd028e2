"""What other programs read: it says the same as the matrix, and no label breaks out of its cell."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from golden.test_text import EVALUATIONS, MATRICES, hostile, seated, weighted
from hypothesis import given
from hypothesis import strategies as st

import unconfused.show
from unconfused.errors import InvalidCounts, MissingExtra, UnreadableFile, UsageError
from unconfused.inference import Estimate
from unconfused.show import escape, export
from unconfused.show.csv import read_matrix_csv
from unconfused.tally import ConfusionMatrix, Grouped

SCHEMA = json.loads((Path(unconfused.show.__file__).parent / "schema.json").read_text(encoding="utf-8"))
FRAMES = ["pandas", "polars", "arrow"]


def validate(made: Any) -> None:
    """The dictionary and its JSON follow the published schema; no NaN is written."""
    text = json.dumps(made, allow_nan=False)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(text))


def test_schema() -> None:
    """The schema itself is one, and describes every field that it demands."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", MATRICES)
def test_json(name: str) -> None:
    """Matrix and report follow the schema, whatever they hold."""
    cm = MATRICES[name]()
    validate(cm.to_dict())
    assert json.loads(cm.to_json()) == cm.to_dict()
    report = cm.report()
    validate(report.to_dict())
    assert json.loads(report.to_json(indent=1)) == report.to_dict()


@pytest.mark.parametrize("name", EVALUATIONS)
def test_evaluation_json(name: str) -> None:
    """The summary of an evaluation follows the schema, with and without a threshold."""
    ev = EVALUATIONS[name]()
    validate(export.evaluation_dict(ev))
    assert json.loads(export.evaluation_json(ev)) == export.evaluation_dict(ev)
    if name in ("binary", "multilabel"):
        validate(export.evaluation_dict(ev, threshold=0.5))


def test_undefined_json() -> None:
    """What is no number is null, and says why."""
    undefined = Estimate(np.nan, np.nan, np.nan, reason="nothing was predicted as this class")
    assert export.estimate_dict(undefined)["value"] is None
    assert export.estimate_dict(undefined)["reason"] == "nothing was predicted as this class"
    endless = export.estimate_dict(Estimate(2.0, 0.0, np.inf))
    assert (endless["value"], endless["high"]) == (2.0, None)
    assert endless["reason"]


@pytest.mark.parametrize("kind", ["csv", "md", "tex"])
@pytest.mark.parametrize("name", ["2", "weighted", "seats", "hostile", "never-called"])
def test_snapshots(name: str, kind: str, golden: Callable[[str, str], None]) -> None:
    """Tables for papers and spreadsheets are as they were last read by a person."""
    cm = MATRICES[name]()
    report = cm.report()
    text = {
        "csv": lambda: cm.to_csv(),
        "md": lambda: f"{cm.to_markdown()}\n{cm.to_markdown(normalize='true')}\n{report.to_markdown()}",
        "tex": lambda: f"{cm.to_latex()}\n{cm.to_latex(normalize='true')}\n{report.to_latex()}",
    }[kind]()
    golden(f"export/{name}.{kind}", text)


# ── frames ────────────────────────────────────────────────────────────────────────────────────────
def columns_of(frame: Any, kind: str) -> dict[str, list[Any]]:
    if kind == "arrow":
        return frame.to_pydict()  # type: ignore[no-any-return]
    return {name: frame[name].to_list() if kind == "polars" else frame[name].tolist() for name in frame.columns}


@pytest.mark.parametrize("kind", FRAMES)
def test_matrix_frames(kind: str) -> None:
    """One row for each cell; whole labels stay whole unless a seat stands beside them."""
    pytest.importorskip(export.LIBRARIES[kind])
    found = columns_of(ConfusionMatrix.from_counts([[3, 1], [0, 2]]).to_frame(kind), kind)
    assert found == {"actual": [0, 0, 1, 1], "predicted": [0, 1, 0, 1], "n": [3, 1, 0, 2]}
    assert columns_of(weighted().to_frame(kind), kind)["weight"] == [80.5, 9.25, 3.25, 20.0]
    assert columns_of(seated().to_frame(kind), kind)["actual"][-1] == "(missing)"


@pytest.mark.parametrize("kind", FRAMES)
def test_report_frames(kind: str) -> None:
    """One row for each estimate, by the name that ``estimate`` answers to."""
    pytest.importorskip(export.LIBRARIES[kind])
    cm = MATRICES["never-called"]()
    report = cm.report()
    found = columns_of(report.to_frame(kind), kind)
    assert list(found) == list(export.COLUMNS)
    for label, metric, value, reason in zip(*(found[x] for x in ("class", "metric", "value", "reason")), strict=True):
        question = metric if label is None or label != label else f"{metric}[{label}]"
        estimate = cm.estimate(question)
        assert np.isnan(value) if np.isnan(estimate.value) else value == estimate.value
        assert reason == estimate.reason or reason != reason


def test_frames_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another kind, or a library that is not there, is an error that says what to type."""
    with pytest.raises(UsageError, match="'pandas', 'polars' or 'arrow'"):
        seated().to_frame("dask")
    monkeypatch.setitem(export.LIBRARIES, "pandas", "no_such_library")
    with pytest.raises(MissingExtra, match="pip install no_such_library"):
        seated().to_frame()


# ── CSV ───────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("name", MATRICES)
def test_csv_back(name: str) -> None:
    """The CSV holds the matrix: classes, rows, weights and seats."""
    cm = MATRICES[name]()
    back = read_matrix_csv(cm.to_csv()) if len(cm.labels) else cm
    assert list(back.labels) == list(cm.labels)
    assert [type(x) for x in back.labels] == [type(x) for x in cm.labels]
    assert back.seats == cm.seats
    assert np.array_equal(back.full, cm.full)
    assert np.array_equal(back.table(), cm.table())


@given(st.lists(st.text(), min_size=1, max_size=5, unique=True))
def test_csv_text(labels: list[str]) -> None:
    """Any text comes back as it was; csv readers see one field a cell, and none that is a formula."""
    cm = ConfusionMatrix.from_counts(np.arange(len(labels) ** 2).reshape(len(labels), -1), labels=labels)
    text = cm.to_csv()
    assert read_matrix_csv(text) == cm
    assert read_matrix_csv(text.replace("\n", "\r\n") if not any("\n" in x for x in labels) else text) == cm
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert {len(row) for row in rows} == {3}
    fields = [field for row in rows for field in row[:2] if not re.fullmatch(r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?", field)]
    assert not any(field[:1] in tuple("=+-@\t\r\n") and field for field in fields)


@given(st.sets(st.integers(-(2**70), 2**70), min_size=1, max_size=4))
def test_csv_numbers(labels: set[int]) -> None:
    """Whole-number classes stay bare numbers, -1 too; text that looks like them stays text."""
    counts = np.ones((len(labels), len(labels)), int)
    numbers = ConfusionMatrix.from_counts(counts, labels=sorted(labels))
    texts = ConfusionMatrix.from_counts(counts, labels=[str(x) for x in sorted(labels)])
    assert read_matrix_csv(numbers.to_csv(), pos_label=numbers.labels.pos_label) == numbers
    assert read_matrix_csv(texts.to_csv()) == texts


def test_csv_plain_numbers() -> None:
    """Text that is a plain number is no formula: any reader finds the class as it was. The rest is kept still."""
    labels = ["-1", "+1.5", "1e3", "-.5", "'-1", "-1+1", "=x", "@x", "+", "-"]
    cm = ConfusionMatrix.from_counts(np.eye(len(labels), dtype=int), labels=labels)
    read = [row[0] for row in csv.reader(io.StringIO(cm.to_csv()))][1 :: len(labels)]
    assert read == ["-1", "+1.5", "1e3", "-.5", "''-1", "'-1+1", "'=x", "'@x", "'+", "'-"]
    assert read_matrix_csv(cm.to_csv()) == cm
    assert read_matrix_csv(cm.to_csv().replace('"-1"', '"\'-1"')) == cm  # as it was once written


def test_csv_from_spreadsheet() -> None:
    """A spreadsheet drops the quotes; classes are read as what all of them look like."""
    text = "\ufeffactual,predicted,n\r\ncat,cat,3\r\ncat,7,1\r\n7,7,2\r\n7,(missing),1"
    cm = read_matrix_csv(text)
    assert list(cm.labels) == ["cat", "7"]
    assert cm["7", "missing"] == 1
    assert list(read_matrix_csv("actual,predicted,n\n-1,1,2\n1,1,3\n").labels) == [-1, 1]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", UnreadableFile),
        ("truth,guess,n\n1,1,2\n", UnreadableFile),
        ("actual,predicted,n\n1,1\n", UnreadableFile),
        ('actual,predicted,n\n"cat,1,2\n', UnreadableFile),
        ("actual,predicted,n\n1,1,x\n", InvalidCounts),
        ("actual,predicted,n\n1,1,-2\n", InvalidCounts),
        ("actual,predicted,n\n1,1,99999999999999999999\n", InvalidCounts),
        ("actual,predicted,n,weight\n1,1,2,nan\n", InvalidCounts),
    ],
)
def test_csv_refused(text: str, error: type[Exception]) -> None:
    """What is no matrix is refused, not guessed."""
    with pytest.raises(error):
        read_matrix_csv(text)


def test_report_csv() -> None:
    """The report as CSV: a class that is a formula is one no more."""
    rows = list(csv.DictReader(io.StringIO(hostile().report().to_csv(), newline="")))
    assert list(rows[0]) == list(export.COLUMNS)
    assert '\'=HYPERLINK("x")' in {row["class"] for row in rows} or all("HYPER" not in row["class"] for row in rows)
    assert any(row["value"] == "" and row["reason"] for row in rows)


# ── markup ────────────────────────────────────────────────────────────────────────────────────────
LATEX = re.compile(r"\\(?:[a-zA-Z]+\{\}|char34\{\}|[{}$&#_% ])|\{\}|\$\\infty\$|[^\\{}$&#_%^~\n]")


@given(st.text())
def test_latex(text: str) -> None:
    """Escaped text is letters and closed commands, never an argument, a comment or the end of a cell."""
    escaped = escape.latex(text)
    assert "".join(LATEX.findall(escaped)) == escaped
    assert escaped[:1] not in ("[", "*")
    assert not re.search(r"--|``|''|,,|[?!]`", escaped)


CELL = re.compile(r"(?<!\\)(?:\\\\)*\|")


@given(st.lists(st.text(), min_size=1, max_size=4, unique=True))
def test_markdown(labels: list[str]) -> None:
    """Each line of a Markdown table has as many cells as its heading, and no tag."""
    k = len(labels)
    cm = ConfusionMatrix.from_counts(np.arange(1, k * k + 1).reshape(k, k), labels=labels)
    lines = cm.to_markdown().rstrip("\n").split("\n")
    assert len(lines) == k + 3
    assert {len(CELL.findall(line)) for line in lines} == {k + 3}
    assert "<" not in "".join(lines)


@given(st.text())
def test_html(text: str) -> None:
    """Escaped text opens no tag and closes no attribute."""
    assert not set("<>\"'") & set(escape.html(text))
    assert escape.html(text).isprintable() or set(escape.JOINERS) & set(text)


@given(st.text())
def test_apostrophes(text: str) -> None:
    """The apostrophe against formulas is put and taken away without a trace."""
    assert escape.csv_read(escape.csv_text(text)) == text


def test_grouped_report() -> None:
    """Labels of a multilabel problem export like classes."""
    report = Grouped({"cat": weighted(), "=dog": weighted()}).report()
    validate(report.to_dict())
    assert "\n| =dog | 23.25 |" in report.to_markdown()
    assert "micro mean" in report.to_latex()
