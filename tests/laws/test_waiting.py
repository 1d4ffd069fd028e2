"""A stream copies plain batches end to end and counts them together: nobody can tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unconfused.errors import InputError, MergeRefused, UnconfusedError
from unconfused.ingest import waiting
from unconfused.passes import evaluate
from unconfused.stream import Stream
from unconfused.tally import threads


@pytest.fixture(params=["NumPy", "compiled"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How rows are checked and copied, after the first were counted."""
    if request.param == "compiled":
        pytest.importorskip("numba")
        monkeypatch.setattr(threads, "FEW", 0)
        monkeypatch.setattr(threads, "PAYS", 0)
    else:
        monkeypatch.setattr(threads, "_absent", True)
    return str(request.param)


def rows_of(classes: int, rows: int = 3000) -> tuple[Any, Any]:
    random = np.random.default_rng(classes)
    truth = random.integers(0, classes, rows)
    scores = random.dirichlet(np.full(classes, 0.5), rows).astype(np.float32)
    return truth, scores if classes > 2 else scores[:, 1].copy()  # as it lies: the loop reads no strides


@pytest.mark.parametrize("grid", ["folded", "exact"])
@pytest.mark.parametrize("classes", [2, 3, 20])
@pytest.mark.parametrize("size", [1, 64, 700])
def test_batches_are_counted_as_the_whole(
    classes: int, size: int, grid: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the size of a batch, and of the room in which batches wait."""
    monkeypatch.setattr(waiting, "WIDEST", 500 * classes)
    truth, scores = rows_of(classes, 200 if size == 1 else 3000)
    stream = Stream(grid=grid)
    for start in range(0, len(truth), size):
        stream.update(y_true=truth[start : start + size], y_score=scores[start : start + size])
    if size == 64:
        assert (stream._waiting._loop is not None) == (form == "compiled")
    found, whole = stream.evaluation.tallies, evaluate(truth, y_score=scores, grid=grid).tallies
    if classes > 2:
        assert np.array_equal(found.matrix.full, whole.matrix.full)
        assert found.ranks == whole.ranks
        for name, moments in found.moments.items():
            assert moments.n == whole.moments[name].n
            np.testing.assert_allclose(moments.sums, whole.moments[name].sums, rtol=1e-12)
    sides = [[x.scores] if classes == 2 else list(x.scores.values()) for x in (found, whole)]
    for a, b in zip(*sides, strict=True):
        assert np.array_equal(a.scores, b.scores)
        assert np.array_equal(a.full, b.full)
        assert a.binned == b.binned
        assert not a.binned or (np.array_equal(a.lows, b.lows) and np.array_equal(a.highs, b.highs))


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("waits", [False, True])
def test_what_does_not_fit_is_refused_at_once(classes: int, waits: bool, form: str) -> None:
    """Another number of classes, classes instead of scores, a bad value; and the rows before it stay."""
    truth, scores = rows_of(classes)
    other_truth, other_scores = rows_of(6 - classes)
    stream = Stream()
    stream.update(y_true=truth, y_score=scores)
    if not waits:
        assert stream.evaluation.total == 3000
    with pytest.raises(MergeRefused):
        stream.update(y_true=other_truth, y_score=other_scores)
    with pytest.raises(UnconfusedError):
        stream.update(y_true=truth, y_pred=truth)
    for odd in (np.nan, 1.5, -0.5):
        bad = scores.copy()
        bad[7] = odd
        with pytest.raises(InputError):
            stream.update(y_true=truth, y_score=bad)
    with pytest.raises(UnconfusedError):
        stream.update(y_true=truth + 1, y_score=scores)
    with pytest.raises(UnconfusedError):
        stream.update(y_true=truth[1:], y_score=scores)
    if classes > 2:
        with pytest.raises(InputError):
            stream.update(y_true=truth, y_score=scores / 2)
    stream.update(y_true=truth, y_score=scores)
    assert stream.evaluation.total == 6000


def test_scores_after_classes_are_refused_at_once() -> None:
    """What cannot be added does not wait until the evaluation is read."""
    truth, scores = rows_of(2)
    stream = Stream()
    stream.update(y_true=truth, y_pred=truth)
    with pytest.raises(MergeRefused):
        stream.update(y_true=truth, y_score=scores)
    assert stream.evaluation.total == 3000


def test_batches_of_every_kind_in_turn_are_counted_as_the_whole(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other types, layouts and shapes between plain batches; a score for many labels is refused."""
    monkeypatch.setattr(waiting, "WIDEST", 400)
    truth, scores = rows_of(2, 4000)
    wide = np.stack([scores, scores], 1)
    kinds = [
        (truth, scores), (truth.astype(bool), scores), (truth.astype(float), scores), (truth[:, None], scores[:, None]),
        (truth, wide[:, 0]), (truth.astype(np.uint8), scores.astype(np.float64)), (truth.astype(">i4"), scores),
        (truth, scores.astype(">f4")), (truth.tolist(), scores.tolist()),
    ]  # fmt: skip
    stream = Stream(grid="exact")
    for start in range(0, 4000, 100):
        rows = slice(start, start + 100)
        y, s = kinds[start // 100 % len(kinds)]
        stream.update(y_true=y[rows], y_score=s[rows])
        with pytest.raises(UnconfusedError):
            stream.update(y_true=truth[rows], y_score=np.array(scores[0]))
    whole = evaluate(truth, y_score=scores)
    assert stream.evaluation.total == 4000
    assert np.array_equal(stream.evaluation.scores.full, whole.scores.full)
