"""An attribute that a result does not have says what to type, and nothing else about the result changes."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import unconfused as uc
from unconfused.metrics import CATALOGUE

SRC = Path(__file__).resolve().parents[2] / "src"


def results() -> list[Any]:
    stream = uc.Stream()
    stream.update(y_true=[1, 0], y_score=[0.8, 0.6])
    return [uc.confusion_matrix([1, 0], [1, 1]), uc.evaluate([1, 0], y_score=[0.8, 0.6]), stream]


CM, EV, STREAM = results()


def said(result: Any, name: str) -> str:
    with pytest.raises(AttributeError) as caught:
        getattr(result, name)
    return str(caught.value)


@pytest.mark.parametrize("metric", CATALOGUE)
def test_metrics(metric: str) -> None:
    for name in (metric, *CATALOGUE[metric].also):
        typed = f"estimate({metric!r})."
        assert said(CM, name) == f"A ConfusionMatrix has no attribute {name!r}. Type .{typed}"
        assert said(EV, name) == f"An Evaluation has no attribute {name!r}. Type .{typed}"
        assert said(STREAM, name) == f"A Stream has no attribute {name!r}. Type .evaluation.{typed}"
        assert not any(hasattr(result, name) for result in (CM, EV, STREAM))


@pytest.mark.parametrize(
    ("result", "name", "typed"),
    [
        (CM, "TP", "tp"),
        (CM, "ACC", "estimate('accuracy')"),
        (CM, "f1_score", "estimate('f1')"),
        (CM, "to_pandas", "to_frame()"),
        (CM, "to_numpy", "counts"),
        (CM, "shape", "counts.shape"),
        (CM, "classes", "labels"),
        (CM, "classification_report", "report()"),
        (CM, "show", "plot()"),
        (CM, "stat", "report()"),
        (EV, "roc", "curve('roc')"),
        (EV, "auc", "estimate('roc_auc')"),
        (EV, "threshold", "at(0.5)"),
        (EV, "best_threshold", "choose(...)"),
        (EV, "summary", "report()"),
        (EV, "to_frame", "report().to_frame()"),
        (EV, "to_json", "report().to_json()"),
        (EV, "tp", "at(0.5).tp"),
        (uc.evaluate([1, 0], y_pred=[1, 1]), "tp", "matrix.tp"),
        (STREAM, "compute", "evaluation"),
        (STREAM, "result", "evaluation"),
        (STREAM, "add", "update(y_true=, y_score=)"),
        (STREAM, "report", "evaluation.report"),
    ],
)
def test_other_names(result: Any, name: str, typed: str) -> None:
    assert said(result, name).endswith(f" has no attribute {name!r}. Type .{typed}.")
    for call, library in (("to_frame()", "pandas"), ("plot()", "matplotlib")):
        if call in typed:
            pytest.importorskip(library)
    if "=" not in typed and "..." not in typed:
        found = eval(f"result.{typed}", {"result": result})
        assert found is not None


def test_protocols() -> None:
    for result in (CM, EV):
        for made in (copy.copy(result), copy.deepcopy(result), pickle.loads(pickle.dumps(result))):
            assert made == result
    for made in (copy.copy(EV), pickle.loads(pickle.dumps(STREAM)).evaluation):
        assert made.total == 2
    for result in (CM, EV, STREAM):
        kind = type(result).__name__
        assert said(result, "__array_interface__") == f"{kind!r} object has no attribute '__array_interface__'"
        assert said(result, "anything") == f"{'An' if kind[0] == 'E' else 'A'} {kind} has no attribute 'anything'."
        assert "accuracy" not in dir(result)
        assert np.array([result, None], dtype=object)[0] is result


def test_a_failing_property_says_why() -> None:
    class Broken(uc.ConfusionMatrix):
        @property
        def broken(self) -> int:
            return int(None.nothing)  # type: ignore[attr-defined]

    assert "NoneType" in said(Broken.zero(), "broken")


def test_private_names_load_nothing() -> None:
    code = (
        "import sys; from unconfused.tally.confusion import ConfusionMatrix as C; cm = C.zero(); "
        "before = set(sys.modules); hasattr(cm, '_x'), hasattr(cm, '__array__'); assert set(sys.modules) == before; "
        "assert 'unconfused.metrics' not in before; hasattr(cm, 'x'); assert 'unconfused.metrics' in sys.modules"
    )
    path = os.pathsep.join(filter(None, (str(SRC), os.environ.get("PYTHONPATH"))))
    env = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
