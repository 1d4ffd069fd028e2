"""The worst rows of each cell: the same whatever the batches, as a plain sort has them, and not in files."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws.strategies import EDGES, FAMILIES, Problem, members
from laws.test_tallies import ZEROS, cuts
from numpy.typing import NDArray

import unconfused as uc
from unconfused.errors import InputError, InvalidValues, LengthMismatch, NotKept, ThresholdUnset, UsageError
from unconfused.stream import Stream
from unconfused.tally.grouped import Grouped
from unconfused.tally.tallies import Tallies
from unconfused.tally.worst import Worst

WITH_ROWS = [name for name in FAMILIES if not name.startswith(("models", "threshold"))]
few = settings(max_examples=4, deadline=None)


@st.composite
def named(draw: st.DrawFn, family: str) -> Problem:
    """Rows with ids, few of which are kept."""
    problem = draw(FAMILIES[family])
    kind: Any = draw(st.sampled_from([int, str, object]))
    ids = np.array(draw(st.permutations(range(-3, len(problem) - 3)))).astype(kind)
    return Problem({**problem.reading, "worst": draw(st.integers(1, 4))}, {**problem.columns, "ids": ids})


def kept(tally: Any) -> list[Worst]:
    """Everything of that kind that is inside, in order."""
    return [x for x in members(tally) if isinstance(x, Worst)]


@pytest.mark.parametrize("family", WITH_ROWS)
@given(data=st.data())
@few
def test_any_cut(family: str, data: st.DataObject) -> None:
    """The worst rows of the batches added up are those of the whole; so are those that a stream holds."""
    problem = data.draw(named(family))
    whole = problem.tally()
    batches = data.draw(cuts(problem))
    made = sum(batch.tally() for batch in batches)
    assert kept(made) == kept(whole)
    for part in (whole, *(batch.tally() for batch in batches)):
        assert kept(part)
        assert all(len(rows) <= x.keep for x in kept(part) for rows in x.cells.values())
    if not whole.slices:
        stream = Stream(**{"grid": "exact"} | problem.reading, edges=EDGES if whole.slices else None)
        for batch in batches:
            stream.update(**batch.arguments)
        assert kept(stream.evaluation.tallies) == kept(whole)
        assert kept(pickle.loads(pickle.dumps(stream)).evaluation.tallies) == kept(whole)


@pytest.mark.parametrize("family", WITH_ROWS)
@given(data=st.data())
@few
def test_group(family: str, data: st.DataObject) -> None:
    """Associative, commutative, with a zero."""
    problem = data.draw(named(family))
    parts = [kept(batch.tally())[-1] for batch in data.draw(cuts(problem))]
    a, b, c = (parts * 3)[:3]
    b = replace(b, keep=b.keep + 1)
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    for same in (a + Worst.zero(), ZEROS[Worst]() + a, a + 0, 0 + a, sum([a])):
        assert same == a


@pytest.mark.parametrize("family", WITH_ROWS)
@given(data=st.data())
@settings(max_examples=3, deadline=None)
def test_names_change_nothing_that_is_counted(family: str, data: st.DataObject) -> None:
    problem = data.draw(named(family))
    plain = Problem(problem.reading, {name: x for name, x in problem.columns.items() if name != "ids"})
    assert problem.tally() == plain.tally()


def slowly(truth: Any, called: Any, wrong: Any, ids: Any, cell: tuple[Any, Any], k: int) -> list[Any]:
    """All rows of the cell, sorted by how wrong they are and then by id."""
    rows = [(-w, i) for t, c, w, i in zip(truth, called, wrong, ids, strict=True) if (t, c) == cell]
    return [i for _, i in sorted(rows)][:k]


@given(st.integers(0, 2**32), st.sampled_from(["exact", "folded"]), st.sampled_from([1, 3, 50]))
@settings(max_examples=15, deadline=None)
def test_binary_scores_at_any_threshold(seed: int, grid: str, k: int) -> None:
    """Whatever the threshold, a prefix of the lowest positives and of the highest negatives."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 400))
    y, p, ids = rng.permutation(np.arange(n) % 2), rng.integers(0, 30, n) / 29, rng.permutation(n)
    ev = uc.evaluate(y, y_score=p, ids=ids, worst=k, grid=grid)
    for t in (0.0, 0.25, float(p[0]), 1.0, np.inf):
        called = (p >= t).astype(int)
        assert ev.rows(1, 0, k, threshold=t) == slowly(y, called, -p, ids, (1, 0), k)
        assert ev.rows(0, 1, k, threshold=t) == slowly(y, called, p, ids, (0, 1), k)


@given(st.integers(0, 2**32), st.integers(3, 15), st.booleans())
@settings(max_examples=10, deadline=None)
def test_a_score_for_each_class(seed: int, classes: int, logits: bool) -> None:
    """By the score of the class that was called, less that of its own; a class against the rest unites its cells."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 300))
    z = rng.integers(-3, 4, (n, classes)).astype(float)
    s = z if logits else np.exp(z) / np.exp(z).sum(1, keepdims=True)
    y, ids = rng.integers(0, classes, n), np.array([f"row {i:03}" for i in rng.permutation(n)])
    called = s.argmax(1)
    wrong = s[np.arange(n), called] - s[np.arange(n), y]
    ev = uc.evaluate(y, y_score=s, ids=ids, worst=4, score_kind="logit" if logits else "probability")
    for cell in {(int(t), int(c)) for t, c in zip(y, called, strict=True) if t != c}:
        assert ev.rows(*cell, 4) == slowly(y, called, wrong, ids, cell, 4)
    rest, own = np.where(y == 1, 1, 0), np.where(called == 1, 1, 0)
    assert ev[1].rows("1", "not 1", 4) == slowly(rest, own, wrong, ids, (1, 0), 4)
    assert ev[1].rows("not 1", "1", 4) == slowly(rest, own, wrong, ids, (0, 1), 4)


def test_classes_alone_come_in_the_order_of_their_ids() -> None:
    ev = uc.evaluate(["a", "a", "a", "b", "b"], ["b", "b", "a", "c", "b"], ids=[30, 4, 1, 2, 5])
    assert ev.rows("a", "b") == [4, 30]
    assert ev.rows("a", "b", k=1) == [4]
    assert ev.rows("b", "c") == [2]
    assert ev.rows("a", "c") == []
    assert ev["a"].rows("a", "not a") == [4, 30]


def test_a_decision_beside_scores() -> None:
    """The cell is that of the decision; a threshold asks the scores."""
    columns: dict[str, Any] = {"y_pred": [0, 0, 0, 1], "y_score": [0.2, 0.1, 0.7, 0.9], "ids": [1, 2, 3, 4]}
    ev = uc.evaluate([1, 1, 1, 0], **columns)
    assert ev.rows(1, 0) == [2, 1, 3]
    assert ev.rows(1, 0, threshold=0.5) == [2, 1]


def test_logits_and_turned_classes() -> None:
    y, z = ["no", "yes", "yes", "no"], [3.0, -2.0, 0.5, -np.inf]
    ev = uc.evaluate(y, y_score=z, ids=list("abcd"), labels=["no", "yes"], score_kind="logit")
    assert (ev.rows("yes", "no", threshold=0.5), ev.rows("no", "yes", threshold=0.5)) == (["b"], ["a"])
    assert ev.rows("yes", "no", threshold=0.9) == ["b", "c"]
    assert ev.rows("yes", "no", threshold=np.inf) == ["b", "c"]
    assert ev.rows("no", "yes", threshold=0.0) == ["a", "d"]


def test_seats_and_rows_left_out() -> None:
    """What was called by no class stands in its seat; what was left out on request is not there."""
    y, guess = ["a", "a", "b", "b", "zz"], ["dunno", "b", None, "a", "a"]
    how: dict[str, Any] = {"labels": ["a", "b"], "invalid": "count", "ids": range(5)}
    ev = uc.evaluate(y, guess, unknown="other", **how)
    assert (ev.rows("a", "other"), ev.rows("b", "missing"), ev.rows("b", "a")) == ([0], [2], [3])
    dropped = uc.evaluate(y, guess, unknown="drop", **how)
    assert (dropped.rows("a", "other"), dropped.rows("a", "b"), dropped.rows("b", "missing")) == ([], [1], [2])
    ignored = uc.evaluate([0, 0, 1, 1], [1, 1, 0, 0], ignore=0, ids=[7, 8, 9, 10])
    assert (ignored.rows(1, 0), ignored.rows(0, 1)) == ([9, 10], [])
    none = uc.evaluate([1, 1], y_score=[np.nan, 0.2], ids=[1, 2], labels=[0, 1], invalid="count")
    assert none.rows(1, 0, threshold=0.5) == [2]


def test_labels_masks_and_slices() -> None:
    truth, p = np.array([[1, 0], [1, 1], [0, 1]]), np.array([[0.4, 0.9], [0.2, 0.1], [0.7, 0.8]])
    ev = uc.evaluate(truth, y_score=p, label_kind="multilabel", labels=["cat", "dog"], ids=["x", "y", "z"])
    assert (ev["cat"].rows(1, 0, threshold=0.5), ev["dog"].rows(0, 1, threshold=0.5)) == (["y", "x"], ["x"])
    with pytest.raises(NotKept, match="Each label"):
        ev.rows(1, 0)
    mask = uc.evaluate(truth, 1 - truth, label_kind="class", ids=np.arange(6).reshape(3, 2))
    assert mask.rows(1, 0) == [0, 2, 3, 5]
    by = uc.evaluate([1, 1, 1, 0], y_score=[0.1, 0.2, 0.3, 0.9], ids=[1, 2, 3, 4], by={"c": ["u", "v", "u", "v"]})
    assert (by.rows(1, 0, threshold=0.5), by.by["c"]["u"].rows(1, 0, threshold=0.5)) == ([1, 2, 3], [1, 3])


def test_units_and_another_prevalence_keep_them() -> None:
    y, p, ids = [1, 1, 0, 0] * 5, np.linspace(0.1, 0.9, 20), np.arange(20)
    plain = uc.evaluate(y, y_score=p, ids=ids)
    wanted = plain.rows(1, 0, threshold=0.5)
    assert wanted == [0, 1, 4, 5, 8, 9]
    assert uc.evaluate(y, y_score=p, ids=ids, unit=np.arange(20) // 4).rows(1, 0, threshold=0.5) == wanted
    assert plain.at_prevalence(0.1).rows(1, 0, threshold=0.5) == wanted
    assert plain.coarsen("folded").rows(1, 0, threshold=0.5) == wanted


def test_tables(tmp_path: Path) -> None:
    """Text stays text, whole numbers become numbers; a Parquet file of several pieces gives the worst of all."""
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"y": [1, 1, 0], "p": [0.2, 0.1, 0.8], "id": ["007", "12", "x"]})
    frame.write_csv(tmp_path / "a.csv")
    for source in (frame, tmp_path / "a.csv"):
        ev = uc.evaluate_frame(source, y_true="y", y_score="p", ids="id")
        assert ev.rows(1, 0, threshold=0.5) == ["12", "007"]
    frame.with_columns(id=pl.Series([7, 12, 3])).write_csv(tmp_path / "b.csv")
    assert uc.evaluate_frame(tmp_path / "b.csv", y_true="y", y_score="p", ids="id").rows(1, 0, threshold=0.5) == [12, 7]
    n = 3 << 19
    rng = np.random.default_rng(0)
    big = pl.DataFrame({"y": rng.integers(0, 2, n), "p": rng.random(n, np.float32), "id": rng.permutation(n)})
    big.write_parquet(tmp_path / "c.parquet")
    ev = uc.evaluate_frame(tmp_path / "c.parquet", y_true="y", y_score="p", ids="id")
    lowest = big.filter(pl.col("y") == 1).sort("p", "id")["id"][:20].to_list()
    assert ev.rows(1, 0, threshold=0.5) == lowest


def test_saved_only_when_asked(tmp_path: Path) -> None:
    """By default a file knows no row by name and equals one of rows without names; with ids=True it does."""
    columns: dict[str, Any] = {"y_score": [0.1, 0.9, 0.7, 0.3], "by": {"c": list("uvuv")}}
    ev = uc.evaluate([1, 0, 1, 0], ids=["ann", "ben", "cy", "di"], **columns)
    ev.save(tmp_path / "a.uc")
    uc.evaluate([1, 0, 1, 0], **columns).save(tmp_path / "b.uc")
    assert (tmp_path / "a.uc").read_bytes() == (tmp_path / "b.uc").read_bytes()
    ev.save(tmp_path / "c.uc", ids=True)
    loaded = uc.load(tmp_path / "c.uc")
    assert loaded.tallies.worst == ev.tallies.worst
    assert loaded.by["c"]["u"].rows(1, 0, threshold=0.5) == ["ann"]
    assert loaded.fingerprints == uc.load(tmp_path / "a.uc").fingerprints
    for page in (str(ev), ev.report().to_markdown(), ev.report().to_json(), ev._repr_html_()):
        assert "ann" not in page
    with pytest.raises(NotKept, match="saved files leave them out"):
        (ev + uc.load(tmp_path / "a.uc")).rows(1, 0, threshold=0.5)
    multi = uc.evaluate([[1, 0], [0, 1]], [[0, 1], [1, 0]], label_kind="multilabel", ids=[5, 6])
    multi.save(tmp_path / "d.uc", ids=True)
    assert isinstance(uc.load(tmp_path / "d.uc").tallies.worst, Grouped)
    assert uc.load(tmp_path / "d.uc")[0].rows(1, 0) == [5]


@pytest.mark.parametrize(
    ("ids", "error", "text"),
    [
        ([1, 2], LengthMismatch, "ids has 2"),
        ([1, None, 3], InvalidValues, "ids holds 1 null"),
        ([1.0, np.nan, 3.0], InvalidValues, "ids holds 1 null"),
        ([1.5, 2.0, 3.0], InputError, "fractional"),
        (np.zeros((3, 2), int), InputError, "one id for each row"),
    ],
)
def test_ids_that_name_no_row(ids: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        uc.evaluate([1, 1, 0], y_score=[0.2, 0.4, 0.6], ids=ids)


def test_what_cannot_be_asked() -> None:
    ev = uc.evaluate([1, 1, 0], y_score=[0.2, 0.4, 0.6], ids=[1, 2, 3], worst=1)
    with pytest.raises(ThresholdUnset, match=r"threshold=0\.5"):
        ev.rows(1, 0)
    with pytest.raises(UsageError, match="are right"):
        ev.rows(1, 1, threshold=0.5)
    with pytest.raises(NotKept, match=r"worst=2"):
        ev.rows(1, 0, k=2, threshold=0.5)
    assert ev.rows(0, 1, k=1, threshold=0.7) == []
    with pytest.raises(UsageError, match="k=0"):
        ev.rows(1, 0, k=0, threshold=0.5)
    with pytest.raises(UsageError, match="worst=0"):
        uc.evaluate([1, 0], y_score=[0.2, 0.4], ids=[1, 2], worst=0)
    with pytest.raises(NotKept, match=r"uc.evaluate\(..., ids=ids\)"):
        uc.evaluate([1, 0], y_score=[0.2, 0.4]).rows(1, 0, threshold=0.5)
    many = uc.evaluate([0, 1, 2], y_score=np.eye(3)[[1, 1, 2]], ids=[1, 2, 3])
    with pytest.raises(NotKept, match="several classes"):
        many.rows(0, 1, threshold=0.5)


def test_a_stream_with_repeats_names_each_row_once() -> None:
    stream = Stream(worst=3)
    stream.update(y_true=[1, 1], y_score=[0.2, 0.3], ids=[10, 11])
    stream.update(y_true=[1, 1], y_score=[0.2, 0.1], ids=[10, 12])
    assert stream.evaluation.rows(1, 0, k=3, threshold=0.5) == [12, 10, 11]
    stream.update(y_true=[1], y_score=[0.4])
    with pytest.raises(NotKept, match="added"):
        stream.evaluation.rows(1, 0, threshold=0.5)


def test_memory_does_not_grow() -> None:
    """Of many rows no more are kept than asked for, and they are not a view of what was passed."""
    rng = np.random.default_rng(1)
    ids: NDArray[Any] = np.arange(200_000)
    ev = uc.evaluate(rng.integers(0, 2, 200_000), y_score=rng.random(200_000), ids=ids)
    assert isinstance(ev.tallies, Tallies)
    assert isinstance(ev.tallies.worst, Worst)
    assert {cell: len(rows) for cell, rows in ev.tallies.worst.cells.items()} == {(0, None): 50, (1, None): 50}
    assert len(pickle.dumps(ev.tallies.worst)) < 4096
