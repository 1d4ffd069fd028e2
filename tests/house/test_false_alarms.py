"""The measurement of false alarms runs, its tables say what it found, and warnings that are due come every time."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn")

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def script() -> Any:
    where = ROOT / "benchmarks" / "false_alarms.py"
    spec = importlib.util.spec_from_file_location("false_alarms", where)
    assert spec is not None
    assert spec.loader is not None
    made = sys.modules["false_alarms"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    yield made
    del sys.modules["false_alarms"]


def some(seed: int) -> dict[str, Any]:
    """Three models that are soon fitted."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.tree import DecisionTreeClassifier

    return {
        "logistic": LogisticRegression(class_weight="balanced", max_iter=2000),
        "bayes": GaussianNB(),
        "tree": DecisionTreeClassifier(min_samples_leaf=10, random_state=seed),
    }


def test_sound_models_are_not_suspected(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is a threshold chosen on other rows; one judged on its own rows is, every time."""
    monkeypatch.setattr(script, "sound", some)
    seen = script.looked(some, [8], [0.5], ["wine", "breast_cancer"])
    assert [one for one in seen if one.codes and one.view != "chosen here"] == []
    assert {one.view for one in seen} == {"model", "scores", "classes", "compared", "chosen", "chosen here", "deployed"}
    assert [one.codes for one in seen if one.view == "chosen here"] == [{"CM-THRESH-REUSE"}] * 3
    assert script.missed(seen) == []
    table = script.of_sound(seen)
    assert "| CM-SHIFT | 0 | 6 | 0.0 |" in table
    assert table.endswith("| any other | 0 | 30 | 0.0 | |")  # (3 + 1) views of wine, 6 of cancer, of three models


@pytest.mark.parametrize("name", ["wine", "breast_cancer", "diabetes, worst tenth"])
def test_models_that_know_nothing_or_doubt_nothing_are_told_of(script: Any, name: str) -> None:
    seen = script.looked(script.doubtful, [8], [0.5], [name])
    assert script.missed(seen) == []
    due = [one for one in seen if (one.model, one.view) in script.DUE]
    assert len(due) == 4
    assert script.missed([type(due[0])(name, "full tree", "scores", frozenset())])  # that can fail
    assert "| full tree | scores | 1 | CM-HARD-SCORE (1)" in script.of_doubtful(seen, [])


def test_the_tables_stand_on_the_page(script: Any) -> None:
    page = script.PAGE.read_text(encoding="utf-8")
    assert "| new |" in script.written(script.written(page, "false alarms", "| new |"), "right alarms", "| new |")
    for head in ("| code | warnings | of evaluations |", "| model | what was passed | evaluations |"):
        assert head in page
    rate = [float(row.split("|")[4]) for row in page.splitlines() if row.startswith("| CM-") and row.count("|") == 6]
    assert rate
    assert max(rate) <= 5
