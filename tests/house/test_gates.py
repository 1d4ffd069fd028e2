"""Gates against a stored baseline, and JUnit XML that any parser reads whatever the classes are called."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as xml

import pytest

pytest.importorskip("cyclopts")
pytest.importorskip("duckdb")

import unconfused as uc
from unconfused import findings
from unconfused.cli import gates
from unconfused.cli.commands import check
from unconfused.cli.options import Columns, Reading
from unconfused.errors import UsageError
from unconfused.inference import Estimate
from unconfused.metrics.language import parse_conditions

ROWS = "y,p\n" + "1,.9\n" * 8 + "1,.2\n" * 2 + "0,.8\n" * 3 + "0,.1\n" * 17
OF_SCORES = Columns(y_true="y", y_score="p")


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """Predictions, and a baseline of recall 0.9 and precision 0.9 at one half."""
    (tmp_path / "now.csv").write_text(ROWS, encoding="utf-8")
    y, p = [1] * 10 + [0] * 20, [0.9] * 9 + [0.1] + [0.9] + [0.1] * 19
    uc.evaluate(y, y_score=p).save(tmp_path / "before.uc")
    return str(tmp_path / "now.csv"), str(tmp_path / "before.uc")


def checked(capsys: pytest.CaptureFixture[str], source: str, **how: Any) -> tuple[int, Any]:
    code = check(source, columns=OF_SCORES, format="json", **how)
    return code, json.loads(capsys.readouterr().out)["conditions"]


def test_against_a_baseline(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """A metric must reach its value there, on the side that is better for it, but for the margin."""
    now, before = files
    code, told = checked(capsys, now, no_worse=("recall", "fpr"), against=before, threshold=0.5)
    assert (code, [x["passed"] for x in told]) == (1, [False, False])
    assert [x["condition"] for x in told] == ["recall >= 0.9", "fpr <= 0.05"]
    code, told = checked(capsys, now, no_worse=("recall", "fpr"), against=before, threshold=0.5, margin=0.11)
    assert (code, [x["passed"] for x in told]) == (0, [True, True])
    code, told = checked(capsys, now, require=("recall >= 0.7",), no_worse=("roc_auc",), against=before, threshold=0.5)
    assert [x["condition"].split()[0] for x in told] == ["recall", "roc_auc"]


def test_a_baseline_with_other_shares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A gate that may fail because the classes come otherwise says so, in text and in JSON, and --strict counts it."""
    rows = "y,p\n" + "1,.9\n" * 80 + "1,.2\n" * 20 + "0,.8\n" * 180 + "0,.1\n" * 720
    (tmp_path / "now.csv").write_text(rows, encoding="utf-8")
    before, now = str(tmp_path / "before.uc"), str(tmp_path / "now.csv")
    uc.evaluate([1] * 500 + [0] * 500, y_score=[0.9] * 400 + [0.2] * 100 + [0.8] * 100 + [0.1] * 400).save(before)
    asked: dict[str, Any] = {"no_worse": ("precision",), "against": before, "threshold": 0.5, "columns": OF_SCORES}
    assert check(now, format="json", **asked) == 1
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert (found["code"], found["evidence"]["first"], found["evidence"]["second"]) == ("CM-SHIFT", 0.5, 0.1)
    assert check(now, format="text", **asked) == 1
    text = capsys.readouterr().out
    assert "50.0% of the rows of 'the baseline' are 1, 10.0%" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80
    with pytest.warns(findings.category("CM-SHIFT")):
        check(now, format="json", reading=Reading(strict=True), **asked)
    uc.evaluate([1] * 100 + [0] * 900, y_score=[0.9] * 100 + [0.1] * 900).save(before)
    capsys.readouterr()
    check(now, format="json", **asked)
    assert json.loads(capsys.readouterr().out)["findings"] == []


def test_junit(files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One case for each gate, a failure for each that does not hold, and the count of both."""
    where = tmp_path / "gates.xml"
    code, _ = checked(
        capsys, files[0], require=("recall >= 0.7 and precision >= 0.99",), threshold=0.5, junit=str(where)
    )
    assert code == 1
    suite = xml.parse(where).getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [(x.get("name"), len(x)) for x in suite] == [("recall >= 0.7", 0), ("precision >= 0.99", 1)]
    assert "precision is 0.727" in str(suite[1][0].get("message"))


def test_junit_of_any_class_name() -> None:
    """Tags, quotes and control characters in names leave well-formed XML; undefined fails."""
    conditions = parse_conditions("recall['a<b>&\"\x1b'] >= 0.5")
    undefined = Estimate(math.nan, math.nan, math.nan, reason="there is no row of this class")
    suite = xml.fromstring(gates.junit(conditions, [undefined]))[0]
    assert suite.get("failures") == "1"
    assert "a<b>&" in str(suite[0].get("name"))
    assert "\x1b" not in str(suite[0].get("name"))


def test_refusals(files: tuple[str, str]) -> None:
    """No condition, a baseline without metrics and the other way, a metric without a better side, no margin."""
    now, before = files
    for how, message in (
        ({}, "No condition"),
        ({"against": before}, "--against was given without --no-worse"),
        ({"no_worse": ("recall",)}, "--no-worse was given without --against"),
        ({"no_worse": ("prevalence",), "against": before}, "no better side"),
        ({"no_worse": ("recall",), "against": before, "margin": -1.0}, "no margin"),
    ):
        with pytest.raises(UsageError, match=message):
            check(now, columns=OF_SCORES, threshold=0.5, **how)
