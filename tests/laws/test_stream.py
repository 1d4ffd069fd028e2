"""A stream is a sum, whatever the batches, threads and processes; padding and repeats are left out and counted."""

from __future__ import annotations

import multiprocessing
import pickle
import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unconfused as uc
from unconfused.errors import IndexMismatch, InputError, MergeRefused, ShapeError, UsageError
from unconfused.findings import category

N = 3000
RNG = np.random.default_rng(0)
P = RNG.random(N)
Y = (RNG.random(N) < P).astype(int)
WHOLE = uc.evaluate(Y, y_score=P, grid="folded")


def filled(rows: Any = slice(None), **options: Any) -> uc.Stream:
    stream = uc.Stream(**options)
    for part in np.array_split(np.arange(N)[rows], 7):
        stream.update(y_true=Y[part], y_score=P[part])
    return stream


def test_a_mask_leaves_padding_out_and_counts_it() -> None:
    stream = uc.Stream(expected_n=N)
    padded = np.concatenate([np.arange(N), np.arange(40)])
    for start in range(0, len(padded), 380):
        rows = padded[start : start + 380]
        stream.update(y_true=Y[rows], y_score=P[rows], mask=np.arange(start, start + len(rows)) < N)
    found = stream.evaluation
    assert not [x for x in found.notes if x.code == "CM-EXPECTED"]
    stream.expected_n = N + 40
    with pytest.warns(category("CM-EXPECTED"), match="3,000 rows were given, 3,040 expected"):
        assert stream.evaluation.total == N
    assert found.total == N
    assert found.left_out == {"masked": 40}
    assert np.array_equal(found.scores.full, WHOLE.scores.full)
    with pytest.raises(ShapeError, match="mask"):
        stream.update(y_true=Y[:3], y_score=P[:3], mask=[1, 0, 1])


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_ids_remove_repeats_exactly(data: st.DataObject) -> None:
    """Each id counts at its first row, whatever the batches; a row in a later batch with a known id is left out."""
    kind = data.draw(st.sampled_from(["int", "text", "large"]))
    ids = np.array(data.draw(st.lists(st.integers(0, 60), min_size=1, max_size=80)))
    first = np.unique(ids, return_index=True)[1]
    named = {"int": ids, "text": np.array([f"row {i}" for i in ids], object), "large": ids + 2**40}[kind]
    stream = uc.Stream(labels=[0, 1])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(ids)), max_size=4)))
    for part in np.split(np.arange(len(ids)), cuts):
        if len(part):
            stream.update(y_true=Y[ids[part]], y_score=P[ids[part]], ids=named[part])
    found = stream.evaluation
    expected = uc.evaluate(Y[ids[first]], y_score=P[ids[first]], labels=[0, 1], grid="folded")
    assert np.array_equal(found.scores.full, expected.scores.full)
    assert found.left_out == ({"duplicate": len(ids) - len(first)} if len(ids) > len(first) else {})


def test_an_id_is_the_same_however_it_comes_and_padding_takes_none() -> None:
    """As an object, a 64-bit integer or an 8-bit one; a masked row neither counts nor uses its id up."""
    stream = uc.Stream(labels=[0, 1])
    for ids in (np.array([1, "a"], object), np.array([1, 2]), np.array([2, 1], np.uint8), np.array(["a", 3], object)):
        stream.update(y_true=[0, 1], y_score=[0.1, 0.2], ids=ids)
    assert stream.evaluation.left_out == {"duplicate": 4}
    stream.update(y_true=[0, 1], y_score=[0.1, 0.2], ids=[7, 7], mask=[False, True])
    assert stream.evaluation.left_out == {"duplicate": 4, "masked": 1}
    assert stream.evaluation.total == 5


def test_ids_of_two_streams_must_be_apart() -> None:
    a, b = uc.Stream(), uc.Stream()
    a.update(y_true=Y[:10], y_score=P[:10], ids=np.arange(10))
    b.update(y_true=Y[10:20], y_score=P[10:20], ids=np.arange(10, 20))
    both = a + b
    assert both.evaluation.total == 20
    both.update(y_true=Y[:20], y_score=P[:20], ids=np.arange(20))
    assert both.evaluation.total == 20
    b.update(y_true=Y[9:10], y_score=P[9:10], ids=[9])
    with pytest.raises(MergeRefused, match="1 row has the same id"):
        a + b
    with pytest.raises(InputError, match="fractional"):
        a.update(y_true=Y[:1], y_score=P[:1], ids=[0.5])


def test_a_refused_batch_changes_nothing() -> None:
    stream = filled()
    before = stream.evaluation
    for bad in ({"y_true": [0, 1], "y_score": [0.1, 7.0]}, {"y_true": [0, 3], "y_score": [0.1, 0.7]},
                {"y_true": [0, 1], "y_score": [0.1, np.nan], "ids": [5, 6]}):  # fmt: skip
        with pytest.raises(uc.UnconfusedError):
            stream.update(**bad)
        assert stream.evaluation == before
    stream.update(y_true=[0, 1], y_score=[0.1, 0.2], ids=[5, 6])
    assert stream.evaluation.total == N + 2


def test_streams_add_merge_and_forget() -> None:
    a, b = filled(slice(0, 1000)), filled(slice(1000, None))
    assert (a + b).evaluation == WHOLE
    assert sum([a, b]).evaluation == WHOLE
    a.merge(b)
    assert a.evaluation == WHOLE
    a.reset()
    assert a.evaluation.total == 0
    with pytest.raises(UsageError, match="refine"):
        uc.Stream(refine=True)


def test_pickled_with_what_waits() -> None:
    stream = filled(slice(0, 1000))
    copy = pickle.loads(pickle.dumps(stream))
    for part in np.array_split(np.arange(1000, N), 3):
        copy.update(y_true=Y[part], y_score=P[part])
    assert copy.evaluation == WHOLE
    assert stream.evaluation.total == 1000


def test_fed_by_several_threads() -> None:
    stream, parts = uc.Stream(), np.array_split(np.arange(N), 120)

    def feed(own: list[Any]) -> None:
        for part in own:
            stream.update(y_true=Y[part], y_score=P[part])

    threads = [threading.Thread(target=feed, args=(parts[i::6],)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stream.evaluation == WHOLE


def in_child(stream: uc.Stream, rows: Any, queue: Any) -> None:
    stream.update(y_true=Y[rows], y_score=P[rows])
    queue.put(stream.evaluation.total)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python's own word about forks and threads
def test_used_after_a_fork_while_a_thread_of_the_parent_holds_it() -> None:
    stream = filled(slice(0, 1000))
    context, held, done = multiprocessing.get_context("fork"), threading.Event(), threading.Event()

    def hold() -> None:
        with stream._lock():
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    queue = context.Queue()
    child = context.Process(target=in_child, args=(stream, slice(1000, 1500), queue))
    child.start()
    try:
        assert queue.get(timeout=30) == 1500
    finally:
        done.set()
        thread.join()
        child.join(30)
    assert stream.evaluation.total == 1000


def test_memory_does_not_grow_with_the_rows() -> None:
    stream = uc.Stream()
    for _ in range(60):
        stream.update(y_true=Y, y_score=np.random.default_rng(1).random(N))
    cells = [len(part.scores.scores) for _, part in stream._parts if part.scores is not None]
    assert sum(cells) <= 16 * 1100
    assert len(stream._parts) <= 8


@pytest.mark.parametrize("ids", [[1, None], np.array([1, np.nan]), [None, "a"]], ids=str)
def test_a_row_without_an_id_is_refused(ids: Any) -> None:
    with pytest.raises(uc.UnconfusedError, match="nulls"):
        uc.Stream().update(y_true=[0, 1], y_score=[0.1, 0.2], ids=ids)


@pytest.mark.parametrize("leave_out", [{"mask": [True, True, False, True]}, {"ids": [1, 2, 2, 3]}], ids=["mask", "ids"])
def test_rows_left_out_leave_all_that_is_known_of_their_column(leave_out: dict[str, Any]) -> None:
    """The declared order of a categorical, classes that did not come, 16-bit scores; also of a column to slice by."""
    sizes = pd.CategoricalDtype(["low", "mid", "high"], ordered=True)
    truth, called = (pd.Series(x, dtype=sizes) for x in (["low", "high", "low", "low"], ["low", "low", "low", "high"]))
    stream = uc.Stream()
    stream.update(y_true=truth, y_pred=called, by={"size": truth}, **leave_out)
    found = stream.evaluation
    assert found.labels.values == ("low", "mid", "high")
    assert found.labels.declared
    assert found.matrix.counts.tolist() == [[1, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert {key: one.total for key, one in found.by["size"].items()} == {"low": 2, "high": 1}
    halves = np.linspace(0, 1, 4).astype(np.float16)
    for grid in ("exact", "folded"):
        stream = uc.Stream(grid=grid)
        stream.update(y_true=[0, 1, 0, 1], y_score=halves, **leave_out)
        assert stream.evaluation.tallies.evidence["coarse"] == 3


@pytest.mark.parametrize("leave_out", [{"mask": [True, True, True]}, {"ids": [1, 2, 3]}], ids=["mask", "ids"])
def test_columns_of_other_index_are_refused_beside_a_mask_too(leave_out: dict[str, Any]) -> None:
    stream = uc.Stream()
    with pytest.raises(IndexMismatch):
        stream.update(y_true=pd.Series([0, 1, 1], [2, 1, 0]), y_pred=pd.Series([1, 1, 0]), **leave_out)
    assert stream.evaluation.tallies.kind is None


def test_what_is_no_stream_is_not_merged() -> None:
    stream = uc.Stream()
    stream.update(y_true=[1, 0], y_score=[0.8, 0.2])
    with pytest.raises(MergeRefused, match=r"given Evaluation, no Stream\..*stream\.evaluation \+ evaluation"):
        stream.merge(stream.evaluation)  # type: ignore[arg-type]
    assert stream.evaluation.total == 2
    for rows in ("10", -1, 2.5):
        with pytest.raises(UsageError, match="is no number of rows"):
            uc.Stream(expected_n=rows)  # type: ignore[arg-type]
    assert uc.Stream(expected_n=np.int64(3)).expected_n == 3  # type: ignore[arg-type]
