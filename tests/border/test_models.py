"""Models of any kind: step=, what is refused and what the refusal shows, single outputs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import unconfused as uc
from unconfused import errors
from unconfused.ingest.batches import described
from unconfused.ingest.models import predictions
from unconfused.ingest.rows import Reading

SRC = Path(__file__).resolve().parents[2] / "src"
Y = np.array([0, 1, 1, 0, 1, 0, 0])
P = np.array([0.1, 0.9, 0.4, 0.6, 0.8, 0.5, 0.2])


def given(model: Any, batch: Any) -> Any:
    """A step for batches that already hold labels and scores."""
    return batch


def in_batches(size: int) -> list[tuple[Any, Any]]:
    return [(Y[i : i + size], P[i : i + size]) for i in range(0, len(Y), size)]


# ── step= ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_batches_do_not_matter(size: int) -> None:
    """Any cut into batches gives the evaluation of the whole arrays."""
    ev = uc.evaluate_model(None, in_batches(size), step=given)
    assert np.array_equal(ev.at(0.5).counts, uc.evaluate(Y, y_score=P).at(0.5).counts)
    assert float(ev.estimate("roc_auc")) == float(uc.evaluate(Y, y_score=P).estimate("roc_auc"))


def test_any_model_and_data() -> None:
    """A plain function, with a generator, arrays, a dict, a frame or an object of one's own as data."""
    pandas = pytest.importorskip("pandas")
    thing = namedtuple("thing", "x y")(P, Y)

    class Store:
        x, y = P, Y

    def half(x: Any) -> Any:
        return np.asarray(x) / 2

    for data, step in (
        ((batch for batch in in_batches(3)), lambda model, b: (b[0], model(b[1]))),
        ((P, Y), lambda model, b: (b[1], model(b[0]))),
        (thing, lambda model, b: (b.y, model(b.x))),
        ({"x": P, "y": Y}, lambda model, b: (b["y"], model(b["x"]))),
        (pandas.DataFrame({"x": P, "y": Y}), lambda model, b: (b.y, model(b.x))),
        (Store(), lambda model, b: (b.y, model(b.x))),
        ([{"x": list(P), "y": list(Y)}], lambda model, b: (b["y"], model(b["x"]))),
    ):
        found = predictions(half, data, Reading(), step=step)
        assert np.array_equal(found.y_true, Y)
        assert np.array_equal(found.y_score, P / 2)
        assert found.source.startswith("half, 7 rows in ")


def test_step_weights() -> None:
    """A third value of step= is the weight; some batches with and some without are refused."""
    data = [(y, p, np.full(len(y), 2.0)) for y, p in in_batches(4)]
    found = predictions(None, data, Reading(), step=given)
    assert found.sample_weight is not None
    assert found.sample_weight.tolist() == [2.0] * 7
    with pytest.raises(errors.UsageError, match="1 of 2 batches came with a sample_weight"):
        predictions(None, [data[0], data[1][:2]], Reading(), step=given)


@pytest.mark.parametrize("answer", [P, (Y,), (Y, P, P, P), None, {"y": Y, "p": P}])
def test_step_answer(answer: Any) -> None:
    """What is no (y_true, y_score) is described, and the pair is shown."""
    with pytest.raises(errors.UsageError, match=r"step= returned .*Return \(y_true, y_score\)"):
        predictions(None, [0], Reading(), step=lambda model, batch: answer)


def test_steps() -> None:
    """steps= reads so many batches and no more, also of what never ends."""

    def endless() -> Any:
        while True:
            yield from in_batches(2)

    assert len(predictions(None, endless(), Reading(), step=given, steps=2).y_true) == 4
    with pytest.raises(errors.UsageError, match="steps=0 reads nothing"):
        predictions(None, endless(), Reading(), step=given, steps=0)


# ── refusals ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("model", [object(), np.tanh, "model.pt", None, {"weights": 1}])
def test_unknown_model(model: Any) -> None:
    """The error says which models are known, and shows step=."""
    with pytest.raises(errors.UsageError, match=r"torch Module.*Keras model.*scikit-learn.*step=lambda model, batch"):
        uc.evaluate_model(model, (P, Y))


def test_empty() -> None:
    """No batch, or only batches of no row."""
    for data in ([], [(Y[:0], P[:0])]):
        with pytest.raises(errors.EmptyInput, match="no row"):
            predictions(None, data, Reading(), step=given)
    walked = iter(in_batches(2))
    list(walked)
    with pytest.raises(errors.EmptyInput, match="make it again"):
        predictions(None, walked, Reading(), step=given)


def test_rows_that_do_not_pair() -> None:
    """The batch is named; a batch of one that was squeezed is recognised."""
    with pytest.raises(errors.LengthMismatch, match=r"Batch 2 of .* has 3 labels and scores of shape \(2,\)"):
        predictions(None, [(Y, P), (Y[:3], P[:2])], Reading(), step=given)
    with pytest.raises(errors.LengthMismatch, match=r"squeeze"):
        predictions(None, [(Y[:1], np.full(3, 1 / 3))], Reading(), step=given)


def test_widths_that_differ() -> None:
    """All batches have one shape but for their rows; every pixel is a row of its own."""
    with pytest.raises(errors.ShapeError, match=r"Batch 2 .*\(2, 3\); in the first batch their shape was \(2, 2\)"):
        predictions(None, [(Y[:2], np.eye(2)), (Y[:2], np.eye(3)[:2])], Reading(), step=given)
    masks = np.zeros((2, 4, 4)), np.full((2, 3, 4, 4), 1 / 3)
    with pytest.raises(errors.ShapeError, match=r"movedim"):
        predictions(None, [masks], Reading(), step=given)


def test_logits_by_default() -> None:
    """Logits under the default score_kind are refused at once, not at the end of a long run."""

    def two() -> Any:
        yield Y, P
        yield Y, P * 8 - 4
        pytest.fail("the pass went on")

    with pytest.raises(errors.ScoresOutOfRange, match=r"Batch 2 .*5 of 7 scores outside .*score_kind='logit'"):
        predictions(None, two(), Reading(), step=given)


def test_classes_are_no_scores() -> None:
    """A model that gives decisions is refused, unless the caller calls them raw scores."""
    for decided in (Y, Y.astype(bool)):
        with pytest.raises(errors.UsageError, match=r"classes, not scores.*confusion_matrix"):
            predictions(None, [(Y, decided)], Reading(), step=given)
    assert predictions(None, [(Y, Y * 3)], Reading(score_kind="raw"), step=given).y_score.max() == 3


def test_mistakes_are_told_before_the_run() -> None:
    """A positive class that is none of labels= is refused before the model is run."""
    with pytest.raises(errors.UnknownClass, match="horse"):
        predictions(None, [], Reading(labels=["cat", "dog"], pos_label="horse"), step=lambda *_: pytest.fail("it ran"))


@pytest.mark.parametrize(
    ("x", "words"), [([], "an empty list"), (np.zeros((2, 3)), "a ndarray of shape (2, 3)"), (3, "a int")]
)
def test_described(x: Any, words: str) -> None:
    """A few words for what came instead."""
    assert described(x) == words


# ── a single output is the score of the second class ──────────────────────────────────────────────
@pytest.mark.parametrize(
    ("labels", "pos_label", "turned"),
    [
        (None, None, False),
        (None, 1, False),
        (None, 0, True),
        ([0, 1], 0, True),
        ([0, 1], None, False),
        ([1, 0], None, False),  # an order to show; the model's classes are still 0 and 1
        ({0: "no", 1: "yes"}, "no", True),
        ({0: "no", 1: "yes"}, "yes", False),
    ],
)
def test_turned(labels: Any, pos_label: Any, turned: bool) -> None:
    """The score is turned round exactly where the first class is positive, and that is said."""
    found = predictions(None, [(Y, P)], Reading(labels=labels, pos_label=pos_label), step=given)
    assert np.array_equal(found.y_score, 1 - P if turned else P)
    assert [note.code for note in found.notes] == ["CM-TURNED"] * turned
    assert [note.evidence["turned"] for note in found.notes] == [7] * turned
    ev = uc.evaluate_model(None, [(Y, P)], step=given, labels=labels, pos_label=pos_label)
    assert float(ev.estimate("roc_auc")) == float(uc.evaluate(Y, y_score=P).estimate("roc_auc"))


def test_turned_kinds() -> None:
    """Log-odds and raw scores change their sign; text classes follow the declared order."""
    for kind in ("logit", "raw"):
        found = predictions(None, [(Y, P)], Reading(score_kind=kind, pos_label=0), step=given)  # type: ignore[arg-type]
        assert np.array_equal(found.y_score, -P)
    words = np.where(Y == 1, "dog", "cat")
    found = predictions(None, [(words, P)], Reading(labels=["cat", "dog"], pos_label="cat"), step=given)
    assert np.array_equal(found.y_score, 1 - P)
    kept = predictions(None, [(words, P)], Reading(labels=["cat", "dog"]), step=given)
    assert np.array_equal(kept.y_score, P)


def test_turned_is_not_guessed() -> None:
    """Which of two undeclared classes is the second is asked, not sorted out."""
    words = np.where(Y == 1, "dog", "cat")
    with pytest.raises(errors.AmbiguousCall, match=r"labels=\[first, second\]"):
        predictions(None, [(words, P)], Reading(pos_label="cat"), step=given)
    ignored = np.where(Y == 1, 1, -100)
    found = predictions(None, [(ignored, P)], Reading(pos_label=0, ignore=-100), step=given)
    assert found.notes[-1].evidence["turned"] == 7


def test_labels_of_any_kind() -> None:
    """Categoricals and nulls come through as the values they stand for."""
    pandas = pytest.importorskip("pandas")
    words = pandas.Series(["cat", "dog", None], dtype="category")
    found = predictions(None, [(words, P[:3])], Reading(), step=given)
    assert found.y_true.tolist() == ["cat", "dog", None]
    numbers = pandas.Series([1, None, 0], dtype="Int64")
    assert predictions(None, [(numbers, P[:3])], Reading(), step=given).y_true.tolist() == [1, None, 0]


def test_no_framework_is_imported() -> None:
    """Evaluating a model imports no framework that its user did not."""
    code = (
        "import sys, unconfused as uc\n"
        "uc.evaluate_model(None, [([0, 1], [.2, .8])], step=lambda model, batch: batch)\n"
        "print(*{'torch', 'keras', 'tensorflow', 'sklearn', 'rich'} & set(sys.modules))"
    )
    path = os.pathsep.join(filter(None, (str(SRC), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
