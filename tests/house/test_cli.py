"""The command line through its real door: formats, exit codes, streams, and errors as plain sentences."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("cyclopts")
pytest.importorskip("duckdb")

from unconfused import cli
from unconfused.passes import evaluate
from unconfused.shards import load

ROOT = Path(__file__).resolve().parents[2]
CANCER = str(ROOT / "examples" / "data" / "breast-cancer.csv")
DIGITS = str(ROOT / "examples" / "data" / "digits.csv")
SCORES = ["--y-true", "diagnosis", "--y-score", "malignant_score", "--pos-label", "malignant"]
GUESSES = ["--y-true", "diagnosis", "--y-pred", "prediction", "--pos-label", "malignant"]
AT = ["--threshold", "0.5"]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """run("report", …) is (exit code, standard output, standard error)."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")

    def call(*arguments: Any, terminal: bool = False, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = cli.main([str(x) for x in arguments])
        return code, *capsys.readouterr()

    return call


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# ── the main job ──────────────────────────────────────────────────────────────────────────────
def test_report_on_terminal(run: Run) -> None:
    """Text on a terminal, within 80 columns, every number with its interval."""
    code, out, err = run("report", CANCER, *SCORES, *AT, terminal=True)
    assert (code, err) == (0, "")
    assert "malignant means score >= 0.5" in out
    assert "0.892 [0.84, 0.93]" in out
    assert max(map(len, out.splitlines())) <= 80


def test_report_piped(run: Run) -> None:
    """JSON when piped; the same numbers."""
    code, out, _ = run("report", CANCER, *SCORES, *AT)
    assert code == 0
    data = json.loads(out)
    assert data["total"] == 569
    assert data["of_positive"]["recall"]["value"] == pytest.approx(189 / 212)


def test_matrix(run: Run) -> None:
    """Given classes and scores at a threshold make their matrices."""
    assert json.loads(run("matrix", CANCER, *GUESSES)[1])["counts"] == [[344, 13], [23, 189]]
    at = json.loads(run("matrix", CANCER, *SCORES, "--threshold", "0.4")[1])
    assert at["counts"] == [[336, 21], [18, 194]]
    assert at["rule"] == "score >= 0.4"


@pytest.mark.parametrize("normalize", ["true", "pred", "all"])
def test_normalize(normalize: str, run: Run) -> None:
    """Shares in every format; JSON keeps the counts beside them."""
    data = json.loads(run("matrix", CANCER, *GUESSES, "--normalize", normalize)[1])
    whole = {"true": 357, "pred": 367, "all": 569}[normalize]
    assert data["rates"][0][0] == pytest.approx(344 / whole)
    assert data["counts"][0][0] == 344
    rows = list(
        csv.DictReader(io.StringIO(run("matrix", CANCER, *GUESSES, "--normalize", normalize, "--format", "csv")[1]))
    )
    of = {"true": "actual", "pred": "predicted", "all": "all"}[normalize]
    assert float(rows[0][f"share_of_{of}"]) == pytest.approx(344 / whole)
    for form in ("text", "markdown", "latex"):
        assert (
            f"{344 / whole:.1%}"[:4] in run("matrix", CANCER, *GUESSES, "--normalize", normalize, "--format", form)[1]
        )


FORMATS = {"text": "malignant", "json": "{", "markdown": "| ", "latex": "\\begin{tabular}", "csv": ",", "html": "<html"}


@pytest.mark.parametrize("command", ["report", "matrix"])
@pytest.mark.parametrize("form", FORMATS)
def test_formats(form: str, command: str, run: Run, tmp_path: Path) -> None:
    """Each format goes to standard output, and to a file whose extension names it."""
    if form == "html":
        pytest.importorskip("altair")
        pytest.importorskip("vl_convert")
    code, out, err = run(command, CANCER, *SCORES, *AT, "--format", form)
    assert (code, err) == (0, "")
    assert FORMATS[form] in out
    extension = {"text": "txt", "markdown": "md", "latex": "tex"}.get(form, form)
    path = tmp_path / f"out.{extension}"
    assert run(command, CANCER, *SCORES, *AT, "-o", path)[:2] == (0, "")
    clock = re.compile(r"\d\d:\d\d UTC")  # a page says when it was made
    assert clock.sub("", path.read_text(encoding="utf-8")) == clock.sub("", out)
    assert list(tmp_path.iterdir()) == [path]


def test_page_opens_where_it_is_told(run: Run, tmp_path: Path) -> None:
    """Costs and a prevalence are for the page; a text says that they would change nothing."""
    pytest.importorskip("altair")
    pytest.importorskip("vl_convert")
    path, opening = tmp_path / "out.html", ["--cost", "fp=1,fn=10", "--prevalence", "0.05"]
    assert run("report", CANCER, *SCORES, *opening, "-o", path)[0] == 0
    held = json.loads(path.read_text(encoding="utf-8").partition('id="data">')[2].partition("</script>")[0])
    assert held["cost"] == {"tn": 0, "fp": 1, "fn": 10, "tp": 0}
    assert held["prevalence"] == 0.05
    code, _, err = run("report", CANCER, *SCORES, *opening, "--format", "text")
    assert code == 2
    assert "-o report.html" in err
    code, _, err = run("report", CANCER, *SCORES, "--cost", "fp", "-o", path)
    assert code == 2
    assert "--cost fp=1,fn=10" in err


def test_page_of_a_tree(run: Run, tmp_path: Path) -> None:
    """The tree is a file of JSON, of names or numbers; what is none is refused."""
    pytest.importorskip("jinja2")
    tree, path = write(tmp_path, "tree.json", '{"0": "even", "1": "odd", "2": "even"}'), tmp_path / "out.html"
    rows = write(tmp_path, "rows.csv", "t,p\n0,0\n1,1\n2,1\n2,2\n0,2\n")
    asked = ("report", rows, "--y-true", "t", "--y-pred", "p", "--taxonomy")
    assert run(*asked, tree, "-o", path)[0] == 0
    held = json.loads(path.read_text(encoding="utf-8").partition('id="data">')[2].partition("</script>")[0])
    assert held["classes"]["levels"][0]["to"] == [0, 1, 0]
    assert held["classes"]["levels"][0]["axis"] == ["even", "odd"]
    for wrong, told in (("nowhere.json", "cannot be read"), (rows, "is no JSON")):
        code, _, err = run(*asked, wrong, "-o", path)
        assert code == 2
        assert told in err
    assert run(*asked, tree, "--format", "text")[0] == 2


def test_output_appears_whole_or_not_at_all(run: Run, tmp_path: Path) -> None:
    """A refused command leaves the old file as it was, and no other."""
    path = write(tmp_path, "out.json", "old")
    assert run("report", CANCER, "--y-true", "nothing", "--y-score", "malignant_score", "-o", path)[0] == 2
    assert path.read_text() == "old"
    code, _, err = run("report", CANCER, *SCORES, "-o", tmp_path / "nowhere" / "out.json")
    assert code == 2
    assert "no such folder" in err
    code, _, err = run("report", CANCER, *SCORES, "-o", tmp_path / "out.docx")
    assert code == 2
    assert "--format" in err
    assert list(tmp_path.iterdir()) == [path]


# ── where rows come from ──────────────────────────────────────────────────────────────────────
def test_stdin(run: Run, tmp_path: Path) -> None:
    """`-` reads CSV, or what --input-format says."""
    expected = run("matrix", CANCER, *GUESSES)[1]
    assert run("matrix", "-", *GUESSES, stdin=Path(CANCER).read_bytes())[1] == expected
    lines = "".join(
        json.dumps(row) + "\n" for row in csv.DictReader(io.StringIO(Path(CANCER).read_text(encoding="utf-8")))
    )
    assert run("matrix", "-", *GUESSES, "--input-format", "jsonl", stdin=lines.encode())[1] == expected


@pytest.mark.parametrize(("start", "kind"), [(b"PAR1\x15\x04", "parquet"), (b'\n{"y": 1}\n', "jsonl")])
def test_stdin_of_another_format(start: bytes, kind: str, run: Run) -> None:
    """What is plainly no CSV is not read as one, unless that is said."""
    code, _, err = run("matrix", "-", "--y-true", "y", "--y-pred", "g", stdin=start)
    assert code == 2
    assert f"--input-format {kind}" in err
    assert "looks like" not in run("matrix", "-", *GUESSES, "--input-format", "csv", stdin=start)[2]


def test_several_sources(run: Run, tmp_path: Path) -> None:
    """Files add up, and a class that one of them lacks is none of its own."""
    a = write(tmp_path, "a.csv", "y,g\n1,1\n2,1\n")
    b = write(tmp_path, "b.tsv", "y\tg\n3\t3\n")
    data = json.loads(run("matrix", a, b, "--y-true", "y", "--y-pred", "g")[1])
    assert (data["labels"], data["total"]) == ([1, 2, 3], 3)


@pytest.mark.parametrize(
    ("options", "labels", "positive"),
    [
        (["--labels", "0=Negative,1=Positive"], ["Negative", "Positive"], "Positive"),
        (["--labels", "0=Negative,1=Positive", "--pos-label", "0"], ["Negative", "Positive"], "Negative"),
        (["--labels", "1,0", "--pos-label", "1"], [1, 0], 1),
        (["--pos-label", "0"], [1, 0], 0),
        (["--labels", '0="no, never",1=yes'], None, None),
        ([], [0, 1], 1),
    ],
)
def test_labels(options: list[str], labels: Any, positive: Any, run: Run, tmp_path: Path) -> None:
    """Classes typed as text are the classes of the column, whatever its type."""
    path = write(tmp_path, "a.csv", "y,g\n1,1\n0,1\n")
    code, out, _ = run("matrix", path, "--y-true", "y", "--y-pred", "g", *options)
    if labels is None:
        assert code == 2
        return
    data = json.loads(out)
    assert (data["labels"], data["positive"]) == (labels, positive)


def test_text_labels(run: Run, tmp_path: Path) -> None:
    """Text stays text: 007 is no 7, and a class with a comma stands in quotes."""
    path = write(tmp_path, "a.csv", 'y,g\n007,007\n"a, b",7\n>=50K,7\n')
    options = ["--y-true", "y", "--y-pred", "g", "--labels", '007,7,"a, b",>=50K']
    assert json.loads(run("matrix", path, *options)[1])["labels"] == ["007", "7", "a, b", ">=50K"]
    assert json.loads(run("matrix", path, *options, "--ignore", '"a, b"')[1])["left_out"] == {"ignored": 1}


def test_booleans(run: Run, tmp_path: Path) -> None:
    """A boolean column of Parquet is named True and False."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"y": [True, False, True], "p": [0.9, 0.2, 0.3]}), tmp_path / "a.parquet")
    for label in ("True", "true"):
        options = ["--y-true", "y", "--y-score", "p", "--pos-label", label]
        assert json.loads(run("matrix", tmp_path / "a.parquet", *options, *AT)[1])["counts"] == [[1, 0], [1, 1]]


def test_many_columns(run: Run, tmp_path: Path) -> None:
    """Several scores are one score of several classes; several truths are labels."""
    path = write(tmp_path, "a.csv", "y,a,b,c,u,v\nx,.5,.3,.2,1,0\nz,.1,.1,.8,0,0\n")
    options = ["--y-true", "y", "--y-score", "a,b,c", "--labels", "x,y,z"]
    assert json.loads(run("matrix", path, *options)[1])["counts"] == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]
    options = ["--y-true", "u,v", "--y-score", "a,b", "--label-kind", "multilabel", *AT]
    data = json.loads(run("matrix", path, *options)[1])
    assert list(data) == ["u", "v"]
    assert data["u"]["counts"] == [[1, 0], [0, 1]]
    rows = list(csv.DictReader(io.StringIO(run("matrix", path, *options, "--format", "csv")[1])))
    assert [row["label"] for row in rows] == ["u"] * 4 + ["v"] * 4
    code, out, _ = run("matrix", path, *options, "--format", "text")
    assert code == 0
    assert out.index("u\n") < out.index("v\n")


def test_weights(run: Run, tmp_path: Path) -> None:
    """Weights and counts."""
    path = write(tmp_path, "a.csv", "y,g,w,n\n1,1,.5,3\n0,1,.25,2\n")
    options = [path, "--y-true", "y", "--y-pred", "g"]
    assert json.loads(run("matrix", *options, "--count", "n")[1])["counts"] == [[0, 2], [0, 3]]
    assert json.loads(run("matrix", *options, "--sample-weight", "w")[1])["weights"] == [[0, 0.25], [0, 0.5]]


# ── gates ─────────────────────────────────────────────────────────────────────────────────────
def test_check(run: Run) -> None:
    """Exit 0 when all hold, 1 when one fails; every condition is shown with its interval."""
    gate = ["check", CANCER, *SCORES, *AT, "--require"]
    assert run(*gate, "recall >= 0.8")[0] == 0
    code, out, _ = run(*gate, "recall >= 0.8 and precision.low > 0.9", "--require", "roc_auc > .9", terminal=True)
    assert code == 1
    assert [line.split()[0] for line in out.splitlines()] == ["pass", "FAIL", "pass"]
    assert "0.936 [0.89, 0.96]" in out
    data = json.loads(run(*gate, "recall[benign] >= 0.99")[1])
    assert data["passed"] is False
    assert data["conditions"][0]["n"] == 357


def test_check_undefined(run: Run, tmp_path: Path) -> None:
    """An undefined value satisfies nothing, and JSON holds null and the reason."""
    path = write(tmp_path, "a.csv", "y,p\n1,.5\n0,.1\n")
    gate = ["check", path, "--y-true", "y", "--y-score", "p", "--threshold", "0.9", "--require", "precision >= 0"]
    code, out, _ = run(*gate)
    assert code == 1
    assert json.loads(out)["conditions"][0]["value"] is None
    assert "nothing was predicted" in json.loads(out)["conditions"][0]["reason"]


def test_check_usage(run: Run) -> None:
    """A gate that cannot be read, or has no decision, is bad usage and never a pass."""
    for options, message in (
        ([], "--require"),
        (["--require", "recal >= 0.8"], "Did you mean 'recall'"),
        (["--require", "recall"], "one of >=, <=, >, <, == was expected"),
        (["--require", "recall >= 0.8"], "--threshold 0.5"),
        (["--require", "roc_auc > 0.8", "--format", "csv"], "text"),
    ):
        code, out, err = run("check", CANCER, *SCORES, *options)
        assert (code, out) == (2, "")
        assert message in err


# ── tallies ───────────────────────────────────────────────────────────────────────────────────
def test_tally_merge_show(run: Run, tmp_path: Path) -> None:
    """A week of days is the week."""
    lines = Path(CANCER).read_text(encoding="utf-8").splitlines(keepends=True)
    days = [write(tmp_path, f"{i}.csv", lines[0] + "".join(lines[1 + i :: 3])) for i in range(3)]
    for day in days:
        assert run("tally", day, *SCORES, "-o", day.with_suffix(".uc"))[0] == 0
    week = tmp_path / "week.uc"
    assert run("merge", *(day.with_suffix(".uc") for day in days), "-o", week)[0] == 0
    rows = list(csv.DictReader(io.StringIO(Path(CANCER).read_text(encoding="utf-8"))))
    truth, scores = [row["diagnosis"] for row in rows], [float(row["malignant_score"]) for row in rows]
    assert load(week).tallies == evaluate(truth, y_score=scores, pos_label="malignant").tallies
    whole = run("report", CANCER, *SCORES, *AT)[1]
    assert run("show", week, *AT)[1] == whole
    assert run("report", week, *AT)[1] == whole
    assert run("show", *(day.with_suffix(".uc") for day in days), *AT)[1] == whole
    code, _, err = run("merge", week, week, "-o", tmp_path / "twice.uc")
    assert code == 2
    assert "2 times" in err
    code, _, err = run("merge", week, days[0].with_suffix(".uc"), "-o", week)
    assert code == 2
    assert "also one of the files" in err


def test_tally_usage(run: Run, tmp_path: Path) -> None:
    """No output, no files, rows beside tallies, and damaged files."""
    assert "-o" in run("tally", CANCER, *SCORES)[2]
    assert "No FILE" in run("merge", "-o", tmp_path / "a.uc")[2]
    (tmp_path / "bad.uc").write_bytes(b"PK")
    code, _, err = run("show", tmp_path / "bad.uc")
    assert code == 2
    assert "bad.uc" in err
    assert "holds a tally" in run("report", tmp_path / "bad.uc", CANCER, *SCORES)[2]
    assert f"{CANCER} is no .uc file" in run("show", CANCER)[2]
    assert "is a directory" in run("show", tmp_path)[2]
    other = write(tmp_path, "o.csv", "y,g\ncat,dog\n")
    run("tally", other, "--y-true", "y", "--y-pred", "g", "-o", tmp_path / "o.uc")
    run("tally", CANCER, *SCORES, "-o", tmp_path / "c.uc")
    code, _, err = run("merge", tmp_path / "o.uc", tmp_path / "c.uc", "-o", tmp_path / "x.uc")
    assert code == 2
    assert not (tmp_path / "x.uc").exists()


# ── the catalogue ─────────────────────────────────────────────────────────────────────────────
def test_metrics(run: Run) -> None:
    """All of it, or what the words occur in; names come first."""
    everything = json.loads(run("metrics")[1])
    assert {"recall", "roc_auc", "kappa"} <= {entry["name"] for entry in everything}
    assert json.loads(run("metrics", "recall")[1])[0]["name"] == "recall"
    found = json.loads(run("metrics", "Positive-Predictive", "value")[1])
    assert [entry["name"] for entry in found] == ["precision"]
    assert all(entry["formula"] for entry in everything)
    code, out, _ = run("metrics", terminal=True)
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    code, _, err = run("metrics", "recal1")
    assert code == 2
    assert "Did you mean 'recall'" in err
    assert len(run("metrics", "--format", "csv")[1].splitlines()) == len(everything) + 1
    assert len(run("metrics", "--format", "markdown")[1].splitlines()) == len(everything) + 2


# ── choose ────────────────────────────────────────────────────────────────────────────────────
def test_choose(run: Run) -> None:
    """The point as text, JSON after the schema, and Markdown; the same threshold in all."""
    code, out, err = run("choose", CANCER, *SCORES, "--cost", "fp=1,fn=10", terminal=True)
    assert (code, err) == (0, "")
    assert "lowest\nexpected cost (fp=1, fn=10)" in out
    assert "corrected expected_cost" in out
    assert max(map(len, out.splitlines())) <= 80
    code, text, _ = run("choose", CANCER, *SCORES, "--cost", "fp=1,fn=10")
    point = json.loads(text)
    follows_schema(point)
    assert repr(point["threshold"]) in out
    assert point["matrix"] == json.loads(run("matrix", CANCER, *SCORES, "--threshold", point["threshold"])[1])
    assert point["theory"] == pytest.approx(1 / 11)
    swapped = json.loads(run("choose", CANCER, *SCORES, "--cost", "fp=10,fn=1")[1])
    assert swapped["threshold"] > point["threshold"]
    code, text, _ = run(
        "choose", CANCER, *SCORES, "--maximize", "recall", "--where", "precision >= 0.95", "--format", "markdown"
    )
    assert code == 0
    assert "| corrected precision |" in text


def test_choose_queue(run: Run) -> None:
    """--queue counts rows, with --per of so many; how full it is stands in the text and in the data."""
    code, out, _ = run("choose", CANCER, *SCORES, "--maximize", "recall", "--queue", "300", "--per", "1000")
    point = json.loads(out)
    follows_schema(point)
    assert (code, point["queue"]["size"], point["queue"]["per"]) == (0, 300, 1000)
    assert 0 < point["queue"]["called"] <= 300
    text = run("choose", CANCER, *SCORES, "--maximize", "recall", "--queue", "20", "--format", "text")[1]
    assert "The queue holds 20 of these 569 rows" in text


def test_choose_two_thresholds(run: Run) -> None:
    """A price for abstaining makes two thresholds, as text, as data after the schema and as Markdown."""
    asked = ("choose", CANCER, *SCORES, "--cost", "fp=1,fn=10,abstain=0.5")
    code, out, _ = run(*asked)
    made = json.loads(out)
    follows_schema(made)
    assert (code, made["type"]) == (0, "referral")
    assert 0 <= made["low"] < made["high"] <= 1
    assert "refer it in between" in " ".join(run(*asked, "--format", "text")[1].split())
    assert "| referred |" in run(*asked, "--format", "markdown")[1]


def test_choose_nothing(run: Run) -> None:
    """A threshold of inf is null, and its reason stands beside it."""
    code, out, _ = run("choose", CANCER, *SCORES, "--minimize", "fpr")
    point = json.loads(out)
    follows_schema(point)
    assert (code, point["threshold"], point["reason"]) == (0, None, "nothing is called positive")
    assert "Call nothing malignant" in run("choose", CANCER, *SCORES, "--minimize", "fpr", "--format", "text")[1]


def test_choose_infeasible(run: Run) -> None:
    """Conditions that cannot be met fail the gate; the reason goes to standard output."""
    where = ["--maximize", "recall", "--where", "precision >= 0.999 and recall >= 0.99"]
    code, out, err = run("choose", CANCER, *SCORES, *where, "--format", "text")
    assert (code, err) == (1, "")
    assert "where precision >= 0.999, recall gets no\nnearer than 0.7594" in out
    code, out, _ = run("choose", CANCER, *SCORES, *where)
    found = json.loads(out)
    follows_schema(found)
    assert (code, found["type"], found["nearest_reason"]) == (1, "infeasible", None)
    assert found["reached"]["value"] == pytest.approx(161 / 212)
    code, out, _ = run("choose", CANCER, *SCORES, *where, "--format", "markdown")
    assert code == 1
    assert out.startswith("No threshold satisfies recall")


def follows_schema(data: Any) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "src" / "unconfused" / "show" / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(data)


NO_CHOICE = {
    "no objective": ([], ["No objectives", "--cost fp=1,fn=10"]),
    "two objectives": (["--maximize", "f1", "--minimize", "fpr"], ["2 objectives"]),
    "no costs": (["--cost", "fp:1"], ["'fp:1'", "--cost fp=1,fn=10"]),
    "twice": (["--cost", "fp=1,fp=2"], ["--cost fp=1,fn=10"]),
    "one cost": (["--cost", "fp=1"], ["fn costs 0", "--cost fp=1,fn=10"]),
    "no cell": (["--cost", "fp=1,fx=2"], ["fx=2.0"]),
    "of scores": (["--maximize", "roc_auc"], ["same at every threshold"]),
    "no condition": (["--maximize", "f1", "--where", "recall"], ["was expected"]),
    "no such form": (["--maximize", "f1", "-o", "x.csv"], ["no csv form"]),
}


@pytest.mark.parametrize(("options", "said"), NO_CHOICE.values(), ids=NO_CHOICE.keys())
def test_choose_refusals(options: list[str], said: list[str], run: Run) -> None:
    """What leaves the decision open is bad usage, not a failed gate."""
    code, out, err = run("choose", CANCER, *SCORES, *options)
    assert (code, out) == (2, "")
    for text in said:
        assert text in err


# ── errors ────────────────────────────────────────────────────────────────────────────────────
YP = ["--y-true", "y", "--y-score", "p"]
ERRORS: dict[str, tuple[str, list[str], list[str]]] = {
    "unknown column": ("y,p\n1,.5\n", ["--y-true", "Y", "--y-score", "p"], ["no column 'Y'", "Did you mean 'y'"]),
    "text score": ("y,p\n1,.5\n0,oops\n", [*YP], ["'oops'", "line 3", "--y-score"]),
    "empty score": ("y,p\n1,.5\n0,\n1,\n", [*YP], ["2 null", "line 3", "--invalid count"]),
    "NaN score": ("y,p\n1,.5\n\n0,nan\n", [*YP], ["NaN", "line 4", "--invalid count"]),
    "out of range": ("y,p\n1,1.5\n0,0\n", [*YP], ["outside [0, 1]", "--score-kind logit"]),
    "no truth": ("y,p\n1,.5\n", ["--y-score", "p"], ["--y-true COLUMN"]),
    "no prediction": ("y,p\n1,.5\n", ["--y-true", "y"], ["--y-pred", "--y-score"]),
    "scores as classes": ("y,p\n1,.5\n0,.7\n", ["--y-true", "y", "--y-pred", "p"], ["fractional", "--y-score p"]),
    "no positive class": ("y,p\na,.5\nb,.7\n", [*YP], ["--pos-label"]),
    "unknown label": ("y,p\n1,.5\n2,.7\n", [*YP, "--labels", "0,1"], ["2", "--unknown drop"]),
    "no rows": ("y,p\n", [*YP], ["no rows"]),
    "short line": ("y,p\n1,.5\n0\n", [*YP], ["Line 3", "1 cell"]),
    "unknown option": ("y,p\n", ["--y-tru", "y"], ["--y-tru", "Did you mean", "report --help"]),
    "bad number": ("y,p\n", ["--threshold", "half"], ["half", "--threshold"]),
    "bad threshold": ("y,p\n1,.5\n0,1\n", [*YP, "--threshold", "2"], ["no probability"]),
    "bad choice": ("y,p\n", ["--format", "xml"], ["xml", "markdown"]),
    "a comma in a name": (
        'y,"p, positive"\n1,.5\n',
        ["--y-true", "y", "--y-score", "p, positive"],
        ["Did you mean 'p, positive'?", "in double quotes of its own"],
    ),
    "edges of text": (
        "y,p,g\n1,.5,a\n0,.4,b\n",
        [*YP, "--by", "g", "--edges", "g=3"],
        ["line 2", "name another column with --edges."],
    ),
    "no edges": ("y,p\n1,.5\n0,.4\n", [*YP, "--by", "p"], ["slice of its own", "--edges p=20,40"]),
    "bad list": ("y,p\n1,.5\n", ["--y-true", '"y', "--y-score", "p"], ["quotes do not close"]),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "said"), ERRORS.values(), ids=ERRORS.keys())
def test_errors(content: str, options: list[str], said: list[str], run: Run, tmp_path: Path) -> None:
    """Exit 2, nothing on standard output, and sentences that say what was seen and what to type."""
    code, out, err = run("report", write(tmp_path, "preds.csv", content), *options)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert "Traceback" not in err
    for text in said:
        assert text in err


def test_no_threshold(run: Run) -> None:
    """A matrix of scores needs a decision; a report without one says what holds at every threshold."""
    code, out, err = run("matrix", CANCER, *SCORES)
    assert (code, out) == (2, "")
    assert "--threshold 0.5" in err
    code, out, _ = run("report", CANCER, *SCORES)
    assert code == 0
    assert "roc_auc" in out


def test_missing_files(run: Run, tmp_path: Path) -> None:
    """Not there, a directory, no extension, a truncated Parquet file."""
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")
    for source, said in (
        (tmp_path / "nope.csv", "There is no file"),
        (tmp_path, "is a directory"),
        (tmp_path / "cut.parquet", "cannot be read as Parquet"),
        ("https://example.com/preds.csv", "nothing is downloaded"),
        (write(tmp_path, "data", "y,p\n"), "--input-format csv"),
    ):
        code, _, err = run("report", source, "--y-true", "y", "--y-score", "p")
        assert code == 2
        assert said in err


def test_commands(run: Run) -> None:
    """No command is help; a wrong one is an error that shows the right one."""
    code, out, _ = run()
    assert code == 0
    assert "report" in out
    code, _, err = run("reprot")
    assert code == 2
    assert 'Did you mean "report"' in err
    code, _, err = run("report")
    assert code == 2
    assert "No SOURCE" in err


def test_spelling() -> None:
    """Messages of the library name options."""
    assert cli.spelled("Type label_kind=\"multilabel\" or labels=['a', 'b'].") == (
        "Type --label-kind multilabel or --labels a,b."
    )
    assert cli.spelled("threshold=0.5. With y_score=.") == "--threshold 0.5. With --y-score."
    assert cli.spelled("mylabels=1 and pos_label='a b'") == "mylabels=1 and --pos-label 'a b'"


# ── help ──────────────────────────────────────────────────────────────────────────────────────
def test_help(run: Run, golden: Callable[[str, str], None]) -> None:
    """The help as it is read, at 80 columns."""
    pages = {name: run(*([name] if name else []), "--help")[1] for name in ("", *cli.COMMANDS)}
    for page in pages.values():
        assert max(map(len, page.splitlines())) <= 80
    golden("../golden/help.txt", "\n".join(pages.values()))


def test_every_option_is_documented(run: Run) -> None:
    """No option without a sentence: what stands after its name and kind is text."""
    for name in cli.COMMANDS:
        for line in run(name, "--help")[1].splitlines():
            words = line.strip("│ ").split()
            if words and words[0].startswith("--"):
                described = [word for word in words if word.islower() or word[0].isupper()]
                assert len(words) > 3, f"unconfused {name}: {line}"
                assert described


# ── as a process ──────────────────────────────────────────────────────────────────────────────
def process(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    path = os.pathsep.join(filter(None, (str(ROOT / "src"), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1", **options.pop("env", {})}
    command = [sys.executable, "-m", "unconfused", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def test_process() -> None:
    """Piped, the module answers in JSON; the exit code is the process's."""
    done = process("matrix", CANCER, *GUESSES)
    out, err = done.communicate()
    assert (done.returncode, err) == (0, b"")
    assert json.loads(out)["total"] == 569
    done = process("check", CANCER, *GUESSES, "--require", "recall > 0.99")
    done.communicate()
    assert done.returncode == 1


def test_closed_pipe(tmp_path: Path) -> None:
    """A reader that leaves early, as `| head` does, is no error."""
    rows = "".join(f"c{i % 300},c{i % 299}\n" for i in range(3000))
    running = process("matrix", str(write(tmp_path, "a.csv", "y,g\n" + rows)), "--y-true", "y", "--y-pred", "g")
    assert running.stdout is not None
    assert running.stderr is not None
    with running.stderr:
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.wait() == 141


def test_interrupt() -> None:
    """Ctrl-C ends with one word and without a trace."""
    running = process("report", "-", "--y-true", "y", "--y-score", "p", stdin=subprocess.PIPE)
    time.sleep(4)  # past the imports, waiting for rows
    running.send_signal(signal.SIGINT)
    out, err = running.communicate()
    assert (out, err, running.returncode) == (b"", b"interrupted\n", 130)


def test_light_help() -> None:
    """Help loads neither NumPy nor any reader."""
    code = "import sys; from unconfused.cli import main; main(['--help']); print(*sorted(sys.modules))"
    path = os.pathsep.join(filter(None, (str(ROOT / "src"), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {"numpy", "duckdb", "narwhals", "matplotlib", "pandas"}


def test_missing_extra(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without cyclopts the command says what to install."""
    monkeypatch.setitem(sys.modules, "cyclopts", None)
    code, _, err = run("--help")
    assert code == 2
    assert "pip install 'unconfused[cli]'" in err


def test_merge_counts_nothing_twice(run: Run, tmp_path: Path) -> None:
    """A copy under another name is refused, and taken when the caller says that it is something else."""
    (tmp_path / "a.csv").write_text("y,p\n1,0.9\n0,0.2\n1,0.4\n")
    assert (
        run("tally", str(tmp_path / "a.csv"), "--y-true", "y", "--y-score", "p", "-o", str(tmp_path / "a.uc"))[0] == 0
    )
    (tmp_path / "b.uc").write_bytes((tmp_path / "a.uc").read_bytes())
    pair = [str(tmp_path / "a.uc"), str(tmp_path / "b.uc"), "-o", str(tmp_path / "c.uc")]
    code, _, said = run("merge", *pair)
    assert (code, (tmp_path / "c.uc").exists()) == (2, False)
    assert "--allow-repeats." in said
    assert run("merge", *pair, "--allow-repeats")[0] == 0
    assert load(tmp_path / "c.uc").total == 6


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--y-true", "y"], "--y-true was given"),
        (["--labels", "a,b", "--unit", "u"], "--unit, --labels were given"),
        (["--by", "c"], "--by was given"),
        (["--score-kind", "logit"], "--score-kind was given"),
    ],
)
@pytest.mark.parametrize("command", ["report", "matrix", "choose"])
def test_columns_of_a_saved_file(command: str, options: list[str], named: str, run: Run, tmp_path: Path) -> None:
    """They would change nothing, so they are refused, with what to type."""
    if "--by" in options and command != "report":
        return
    path = str(tmp_path / "a.uc")
    evaluate([0, 1, 0, 1], y_score=[0.1, 0.9, 0.4, 0.6]).save(path)
    code, _, err = run(command, path, *options, *(["--cost", "fp=1,fn=2"] if command == "choose" else []))
    assert code == 2
    assert named in err
    assert f"unconfused tally SOURCE {options[0] if len(options) == 2 else '--unit'}" in err


@pytest.mark.parametrize("name", ["x.csv", "x.html", "x.JSON", "x.parquet", "x.arrow", "x.csv.gz"])
def test_tally_under_another_name(name: str, run: Run, tmp_path: Path) -> None:
    """A tally is not written under a name that promises something else."""
    rows = write(tmp_path, "a.csv", "y,p\n1,0.9\n0,0.2\n1,0.4\n")
    code, _, err = run("tally", str(rows), "--y-true", "y", "--y-score", "p", "-o", str(tmp_path / name))
    assert (code, (tmp_path / name).exists()) == (2, False)
    assert ".uc" in err
    assert run("tally", str(rows), "--y-true", "y", "--y-score", "p", "-o", str(tmp_path / "day1"))[0] == 0
    assert run("merge", str(tmp_path / "day1"), "-o", str(tmp_path / name))[0] == 2


def test_saved_files_by_a_pattern(run: Run, tmp_path: Path) -> None:
    """`day*.uc` in quotes, or in a shell that does not spell it out."""
    for i in range(2):
        rows = tmp_path / f"day{i}.csv"
        rows.write_text(f"y,p\n1,.{i + 5}\n0,.{i + 2}\n", encoding="utf-8")
        assert run("tally", str(rows), "--y-true", "y", "--y-score", "p", "-o", str(tmp_path / f"day{i}.uc"))[0] == 0
    days, week = str(tmp_path / "day*.uc"), str(tmp_path / "week.uc")
    assert run("merge", days, "-o", week)[0] == 0
    shown = run("show", week, "--format", "json")[1]
    assert run("show", days, "--format", "json")[1] == shown
    assert run("report", days, "--format", "json")[1] == shown
    assert json.loads(shown)["total"] == 4
    code, _, err = run("merge", days, str(tmp_path / "day0.uc"), "-o", week)
    assert code == 2
    assert "Name each file once." in err


def test_columns_named_like_the_classes_in_another_order(run: Run, tmp_path: Path) -> None:
    rows = tmp_path / "p.csv"
    rows.write_text("y,a,b\na,.9,.1\nb,.2,.8\n", encoding="utf-8")
    code, _, err = run("report", str(rows), "--y-true", "y", "--y-score", "b,a", "--labels", "a,b")
    assert code == 2
    assert "The columns of y_score are 'b', 'a', the classes 'a', 'b'" in err
    assert run("report", str(rows), "--y-true", "y", "--y-score", "a,b", "--labels", "a,b")[0] == 0
