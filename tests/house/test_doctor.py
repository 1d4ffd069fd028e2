"""``unconfused doctor``, ``explain`` and ``reconcile``, and ``--strict``: what is printed, and the exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("cyclopts")
pytest.importorskip("duckdb")

from unconfused import cli

ROOT = Path(__file__).resolve().parents[2]
CANCER = str(ROOT / "examples" / "data" / "breast-cancer.csv")
GUESSES = ["--y-true", "diagnosis", "--y-pred", "prediction", "--pos-label", "malignant"]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """run("doctor", …) is (exit code, standard output, standard error), as on a terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")

    def call(*arguments: Any, terminal: bool = True) -> tuple[int, str, str]:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
        code = cli.main([str(x) for x in arguments])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """A CSV of the columns y and p."""

    def write(truth: list[Any], guess: list[Any]) -> Path:
        path = tmp_path / "preds.csv"
        path.write_text("y,p\n" + "".join(f"{a},{b}\n" for a, b in zip(truth, guess, strict=True)), encoding="utf-8")
        return path

    return write


AS = ["--y-true", "y", "--y-pred", "p"]


def test_a_sound_table(run: Run) -> None:
    code, out, err = run("doctor", CANCER, *GUESSES)
    assert (code, err) == (0, "")
    assert "569 rows" in out
    assert json.loads(run("doctor", CANCER, *GUESSES, terminal=False)[1])["sound"] is True


def test_a_warning_and_an_error_exit_1(run: Run, table: Any) -> None:
    """Most serious first, each with its remedy and the command that tells more."""
    code, out, err = run("doctor", table([0, 1] * 20, [0, 0] * 20), *AS)
    assert (code, err) == (1, "")
    assert out.startswith("40 rows: 1 warning")
    assert "Warning CM-CONST: Every one of 40 rows" in out
    assert "unconfused explain CM-CONST" in out
    assert max(map(len, out.splitlines())) <= 80
    code, out, _ = run("doctor", table([0, 1] * 20, [0.25, 0.75] * 20), *AS)
    assert code == 1
    assert "Error CM-SCORE-AS-PRED" in out
    assert run("doctor", table([0], [0]), "--y-true", "nothing", "--y-pred", "p")[0] == 2
    assert run("doctor")[0] == 2


def test_explain(run: Run) -> None:
    """One entry, several, all; unknown ones are bad usage that shows the nearest."""
    code, out, _ = run("explain", "order")
    assert code == 0
    assert out.startswith("CM-ORDER (warning): ")
    assert max(map(len, out.splitlines())) <= 96
    assert len(run("explain")[1].splitlines()) > 60
    assert [x["code"] for x in json.loads(run("explain", "CM-BASE", "CM-LEN", terminal=False)[1])] == [
        "CM-BASE",
        "CM-LEN",
    ]
    assert run("explain", "CM-BASE", "--format", "markdown")[1].startswith("## CM-BASE: ")
    code, _, err = run("explain", "CM-BASES")
    assert code == 2
    assert "Did you mean CM-BASE" in err


def test_reconcile(run: Run) -> None:
    """Exit 0 where a cause was found, 1 where none was; figures keep their digits."""
    options = [CANCER, *GUESSES]
    code, out, err = run("reconcile", *options, "--figure", "precision=0.8915", "--figure", "recall=0.9356")
    assert (code, err) == (0, "")
    assert "Truth and prediction exchanged" in out
    data = json.loads(run("reconcile", *options, "--figure", "f1@macro=0.9130", terminal=False)[1])
    assert set(data) == {"figures", "counted", "causes", "tables"}
    code, out, _ = run("reconcile", *options, "--figure", "accuracy=0.123456")
    assert code == 1
    assert "No matrix" in out
    code, _, err = run("reconcile", *options)
    assert code == 2
    assert "--figure accuracy=0.965" in err


def test_strict(run: Run, table: Any) -> None:
    """A warning fails the command after it has printed what was asked; a silenced one does not."""
    path = table([0, 1] * 20, [0, 0] * 20)
    assert run("matrix", path, *AS)[0] == 0
    code, out, err = run("matrix", path, *AS, "--strict")
    assert code == 1
    assert "Every one" in out
    assert err.startswith("warning CM-CONST: Every one of 40 rows")
    assert run("matrix", path, *AS, "--strict", "--silence", "CM-CONST,base")[::2] == (0, "")
    code, _, err = run("matrix", path, *AS, "--strict", "--silence", "nonsense")
    assert code == 2
    assert "There is no code 'nonsense'" in err
    saved = path.with_suffix(".uc")
    assert run("tally", path, *AS, "-o", saved)[0] == 0
    assert run("report", saved, "--strict")[0] == 1
    assert run("matrix", CANCER, *GUESSES, "--strict")[::2] == (0, "")
