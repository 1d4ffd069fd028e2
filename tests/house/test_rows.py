"""``unconfused rows``: the ids of the rows that were got most wrong, and nothing of them where nobody asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("cyclopts")
pytest.importorskip("duckdb")

from unconfused import cli
from unconfused.passes import evaluate

TABLE = "id,label,p,guess\na,1,0.9,1\nb,1,0.2,0\nc,1,0.4,0\nd,0,0.8,1\ne,0,0.1,0\nf,0,0.7,1\n"
SCORES = ["--y-true", "label", "--y-score", "p", "--threshold", "0.5", "--ids", "id"]
MISSES = ["--actual", "1", "--predicted", "0"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """run("rows", …) is (exit code, standard output, standard error), as on a terminal."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "preds.csv").write_text(TABLE)

    def call(*arguments: Any, terminal: bool = True) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdout.isatty", lambda: terminal, raising=False)
        code = cli.main(["rows", *map(str, arguments)])
        return code, *capsys.readouterr()

    return call


def test_the_worst_rows_of_a_cell(run: Any) -> None:
    """Misses and false alarms, worst first, in each form."""
    assert run("preds.csv", *SCORES, *MISSES) == (0, "b\nc\n", "")
    assert run("preds.csv", *SCORES, "--actual", "0", "--predicted", "1", "-k", "1") == (0, "d\n", "")
    _, out, _ = run("preds.csv", *SCORES, *MISSES, terminal=False)
    assert json.loads(out) == {"actual": "1", "predicted": "0", "threshold": 0.5, "ids": ["b", "c"]}
    assert run("preds.csv", *SCORES, *MISSES, "--format", "csv")[1] == 'id\n"b"\n"c"\n'
    given = ["preds.csv", "--y-true", "label", "--y-pred", "guess", "--ids", "id"]
    assert run(*given, *MISSES)[1] == "b\nc\n"
    named = [*given, "--labels", "0=Negative,1=Positive", "--actual", "Positive", "--predicted", "Negative"]
    assert run(*named)[1] == "b\nc\n"
    assert run("preds.csv", *SCORES[:5], "0.1", *SCORES[6:], *MISSES)[1] == "No row of class 1 was called 0.\n"


def test_more_rows_than_are_kept_unless_asked(run: Any, tmp_path: Path) -> None:
    (tmp_path / "many.csv").write_text("id,label,guess\n" + "".join(f"{i},1,0\n" for i in range(90)) + "90,0,0\n")
    out = run("many.csv", "--y-true", "label", "--y-pred", "guess", "--ids", "id", *MISSES, "-k", 80)[1]
    assert out.split() == [str(i) for i in range(80)]


def test_ids_are_harmless_on_a_terminal_and_in_a_spreadsheet(run: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text('id,label,guess\n"\x1b[31mred",1,0\n=1+1,1,0\nx,0,0\n')
    asked = ["bad.csv", "--y-true", "label", "--y-pred", "guess", "--ids", "id", *MISSES]
    assert run(*asked)[1] == "\\x1b[31mred\n=1+1\n"
    assert "'=1+1" in run(*asked, "--format", "csv")[1]


def test_what_is_missing_is_said(run: Any) -> None:
    """Exit 2: no cell, no ids, no threshold, a class that is none, the right cell, a form that there is not."""
    for arguments, said in (
        (SCORES, "--actual Positive --predicted Negative"),
        ([*SCORES[:-2], *MISSES], "Type --ids COLUMN"),
        ([*SCORES[:4], *SCORES[6:], *MISSES], "no rule says which of them are positive"),
        ([*SCORES, "--actual", "7", "--predicted", "0"], "There is no class '7'"),
        ([*SCORES, "--actual", "1", "--predicted", "1"], "are right"),
        ([*SCORES, *MISSES, "-k", "0"], "no number of rows"),
        ([*SCORES, *MISSES, "-o", "x.html"], "rows has no html form"),
    ):
        code, out, err = run("preds.csv", *arguments)
        assert (code, out) == (2, "")
        assert said in err


def test_saved_files_hold_ids_only_where_that_was_asked_for(run: Any, tmp_path: Path) -> None:
    ev = evaluate([1, 1, 0], [0, 1, 0], ids=["a", "b", "c"])
    ev.save(tmp_path / "without.uc")
    ev.save(tmp_path / "with.uc", ids=True)
    assert run("with.uc", *MISSES) == (0, "a\n", "")
    code, _, err = run("without.uc", *MISSES)
    assert code == 2
    assert "saved files leave them out" in err
    assert run("with.uc", *MISSES, "--ids", "id")[0] == 2
    assert cli.main(["tally", "preds.csv", *SCORES[:4], "-o", "t.uc"]) == 0
    assert run("t.uc", *MISSES, "--threshold", "0.5")[0] == 2
