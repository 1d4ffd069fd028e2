"""The first law: a tally is a sum over rows, whatever the batches, their order and the machine."""

from __future__ import annotations

import copy
import importlib
import inspect
import pkgutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from laws.strategies import EDGES, FAMILIES, POOLS, Problem, alike, column, members, together
from numpy.typing import NDArray

import unconfused.tally
from unconfused import confusion_matrix, evaluate, store
from unconfused.errors import CountOverflow, MergeRefused, UnconfusedError
from unconfused.evaluation import Evaluation
from unconfused.findings import Evidence
from unconfused.labels import Labels
from unconfused.stream import Stream
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.joint import Joint, JointScores
from unconfused.tally.moments import Moments
from unconfused.tally.prevalence import View
from unconfused.tally.ranks import Ranks
from unconfused.tally.row_costs import RowCosts
from unconfused.tally.scores import ScoreTally
from unconfused.tally.slices import Slices
from unconfused.tally.tallies import Tallies
from unconfused.tally.units import OfUnits, Units
from unconfused.tally.worst import Worst

LIMIT = 2**63 - 1
ZEROS = {
    kind: kind.zero
    for kind in (
        ConfusionMatrix,
        ScoreTally,
        Moments,
        Joint,
        JointScores,
        Ranks,
        RowCosts,
        Slices,
        Tallies,
        Units,
        Worst,
    )
} | {Grouped: lambda: Grouped({})}
every_family = pytest.mark.parametrize("family", FAMILIES)
few = settings(max_examples=12)


@st.composite
def cuts(draw: st.DrawFn, problem: Problem) -> list[Problem]:
    """The rows in a few batches, none empty, in any order, each in any order."""
    batch = np.array(draw(st.lists(st.integers(0, 3), min_size=len(problem), max_size=len(problem))))
    order = np.array(draw(st.permutations(range(len(problem)))))
    return [problem.part(order[batch[order] == i]) for i in draw(st.permutations(sorted(set(batch.tolist()))))]


def test_every_tally_is_tested() -> None:
    """What adds and lives in tally/ is one of those below."""
    found = {
        kind
        for room in pkgutil.iter_modules(unconfused.tally.__path__)
        for _, kind in inspect.getmembers(importlib.import_module(f"unconfused.tally.{room.name}"), inspect.isclass)
        if "__add__" in vars(kind) and kind.__module__ == f"unconfused.tally.{room.name}"
    }
    assert found - {View, OfUnits} == set(ZEROS)  # a view is no tally: it adds to nothing


# ── any cut of the rows ───────────────────────────────────────────────────────────────────────
@every_family
@given(data=st.data())
@few
def test_any_cut(family: str, data: st.DataObject) -> None:
    """The sum of the tallies of the batches is the tally of the whole; so is what a stream holds."""
    problem = data.draw(FAMILIES[family])
    whole = problem.tally()
    batches = data.draw(cuts(problem))
    assert alike(sum(batch.tally() for batch in batches), whole)
    if isinstance(whole, Tallies):
        stream = Stream(**{"grid": "exact"} | problem.reading, edges=EDGES if whole.slices else None)
        for batch in batches:
            sliced = {name[3:]: x for name, x in batch.columns.items() if name.startswith("by ")}
            prices = {name[5:]: x for name, x in batch.columns.items() if name.startswith("cost ")}
            columns = {name: x for name, x in batch.columns.items() if not name.startswith(("by ", "cost "))}
            stream.update(**columns, row_cost=prices or None, by=together(sliced) if sliced else None)
        assert alike(stream.evaluation.tallies, whole)
        assert alike(sum(Evaluation(batch.tally()) for batch in batches).tallies, whole)


@every_family
@given(data=st.data())
@few
def test_group(family: str, data: st.DataObject) -> None:
    """Associative, commutative, with a zero: of each tally and of every tally inside it."""
    problem = data.draw(FAMILIES[family])
    inside = [members(batch.tally()) for batch in data.draw(cuts(problem))]
    assume(len({len(x) for x in inside}) == 1)
    for parts in zip(*inside, strict=True):
        a, b, c = (parts * 3)[:3]
        assert alike((a + b) + c, a + (b + c))
        assert alike(a + b, b + a)
        zero = ZEROS[type(a)]()
        for same in (a + zero, zero + a, a + 0, 0 + a, sum([a])):
            assert same == a
            assert alike(same, a)
        assert zero + zero == zero


@every_family
@given(data=st.data())
@few
def test_rows_are_left_alone(family: str, data: st.DataObject) -> None:
    """Another order of the rows changes nothing, the input is not written to, and results are read-only."""
    problem = data.draw(FAMILIES[family])
    before = copy.deepcopy(problem.columns)
    made = problem.tally()
    for name, x in problem.columns.items():
        assert np.array_equal(x, before[name], equal_nan=x.dtype.kind == "f"), name
        assert x.flags.writeable, name
    order = data.draw(st.permutations(range(len(problem))))
    assert alike(problem.part(np.array(order)).tally(), made)
    for one in members(made):
        arrays = [x for name in ("full", "full_weights", "full_squares", "scores", "places", "cells", "sums", "counts",
                                 "mass") if isinstance(x := getattr(one, name, None), np.ndarray)]  # fmt: skip
        for array in arrays:
            assert not array.flags.writeable
            for x in problem.columns.values():
                assert not np.shares_memory(array, x)


@every_family
@given(data=st.data())
@few
def test_count_stands_for_rows(family: str, data: st.DataObject) -> None:
    """tally(rows, count=c) is the tally of the rows repeated c times."""
    problem = data.draw(FAMILIES[family])
    n = len(problem)
    count = np.array(data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)))
    assume(count.any())
    plain = {name: x for name, x in problem.columns.items() if name != "count"}
    repeated = Problem(problem.reading, plain, problem.threshold).part(np.repeat(np.arange(n), count))
    counted = Problem(problem.reading, {**plain, "count": count}, problem.threshold)
    assert alike(counted.tally(), repeated.tally())


@every_family
@given(data=st.data())
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_saved_between_two_additions(family: str, data: st.DataObject, tmp_path: Path) -> None:
    """Each batch adds to what the last one left in a file."""
    problem, path = data.draw(FAMILIES[family]), tmp_path / "so-far.uc"
    total = 0
    for batch in data.draw(cuts(problem)):
        store.save(total + batch.tally(), path)
        total = store.load(path)
    assert alike(total, problem.tally())


@pytest.mark.parametrize("weighted", [False, True])
def test_many_small_batches(weighted: bool) -> None:
    """A long stream: whole numbers to the bit, sums to 1e-12, memory of the parts logarithmic."""
    rng = np.random.default_rng(0)
    n = 3000
    y, p, w = rng.integers(2, size=n), rng.random(n).round(2), rng.exponential(size=n) * 10.0 ** rng.integers(-6, 6, n)
    stream = Stream(grid="exact")
    for rows in np.array_split(np.arange(n), 500):
        stream.update(y_true=y[rows], y_score=p[rows], sample_weight=w[rows] if weighted else None)
    assert len(stream._parts) <= 10
    assert alike(stream.evaluation.tallies, evaluate(y, y_score=p, sample_weight=w if weighted else None).tallies)


def test_sums_of_weights_are_compensated() -> None:
    """Many small weights behind a large one are not lost."""
    w = np.concatenate([[1e16], np.ones(200_000)])
    zeros = np.zeros(len(w), int)
    cm = confusion_matrix(zeros, zeros, sample_weight=w)
    assert cm.weights is not None
    assert cm.weights[0, 0] == pytest.approx(1e16 + 200_000, rel=2e-13)  # 2e-11 without compensation


@pytest.mark.parametrize("good", [1, 2, 3, 4])
def test_a_failed_update_loses_nothing(good: int) -> None:
    """A batch that is refused leaves the stream as it was, whatever is merged at that moment."""
    stream = Stream(grid="exact")
    for _ in range(good):
        stream.update(y_true=[0, 1], y_score=[0.1, 0.9])
    before = stream.evaluation.tallies
    with pytest.raises(MergeRefused):
        stream.update(y_true=[0, 1], y_pred=[0, 1])
    with pytest.raises(UnconfusedError):
        stream.update(y_true=[0, 1], y_score=[0.1, 1.9])
    assert stream.evaluation.tallies == before
    stream.reset()
    assert stream.evaluation.total == 0


# ── classes that meet ─────────────────────────────────────────────────────────────────────────
@given(data=st.data())
@settings(max_examples=40)
def test_inferred_classes_unite(data: st.DataObject) -> None:
    """Disjoint or overlapping, they are sorted again, and every cell stays where its names are."""
    pool = data.draw(st.sampled_from([p for p in POOLS if len(p) > 2]))
    batches = []
    for _ in range(3):
        names = data.draw(st.lists(st.sampled_from(pool), min_size=1, max_size=2, unique=True))
        rows = data.draw(st.lists(st.tuples(*[st.sampled_from(names)] * 2), min_size=1, max_size=5))
        batches.append(rows)
    made = [confusion_matrix(*map(column, zip(*rows, strict=True))) for rows in batches]
    total = sum(made)
    everything = [pair for rows in batches for pair in rows]
    assert alike(total, confusion_matrix(*map(column, zip(*everything, strict=True))))
    for truth in total.labels:
        for called in total.labels:
            assert total[truth, called] == everything.count((truth, called))


@pytest.mark.parametrize("kind", ["y_pred", "y_score"])
def test_a_batch_with_one_class_of_minus_one_and_one(kind: str) -> None:
    """{1} alone reads as half of {0, 1} until -1 comes."""
    y, p = [1, 1, -1, 1], [0.9, 0.4, 0.2, 0.6]
    guess = {"y_pred": [1, 1, -1, -1], "y_score": p}[kind]
    whole = evaluate(y, **{kind: guess})
    for cut in (1, 2):
        parts = [evaluate(y[:cut], **{kind: guess[:cut]}), evaluate(y[cut:], **{kind: guess[cut:]})]
        assert alike((parts[0] + parts[1]).tallies, whole.tallies)
        assert alike((parts[1] + parts[0]).tallies, whole.tallies)


@pytest.mark.parametrize("pos_label", [0, 2])
def test_a_batch_with_one_class_of_zero_and_two(pos_label: int) -> None:
    """A positive class that has not come yet is no mistake while only one class has."""
    y, z = np.array([0, 0, 2, 2, 0]), np.array([0, 2, 2, 0, 0])
    whole = confusion_matrix(y, z, pos_label=pos_label)
    parts = [confusion_matrix(y[i : i + 1], z[i : i + 1], pos_label=pos_label) for i in range(5)]
    assert alike(sum(parts), whole)
    scored = [evaluate(y[:2], y_score=[0.1, 0.2], pos_label=2), evaluate(y[2:], y_score=[0.3, 0.4, 0.1], pos_label=2)]
    assert alike(sum(scored).tallies, evaluate(y, y_score=[0.1, 0.2, 0.3, 0.4, 0.1], pos_label=2).tallies)


def test_booleans_meet_whole_numbers() -> None:
    """False and 0 are one class in either order."""
    a, b = confusion_matrix([True], [False]), confusion_matrix([1, 2], [1, 2])
    assert alike(a + b, b + a)
    assert list(map(type, (a + b).labels.values)) == [int, int, int]
    mixed = confusion_matrix(np.array([True, 2, False], dtype=object), [1, 2, 0])
    assert list(map(type, mixed.labels.values)) == [int, int, int]


def test_batches_with_fewer_classes_than_the_whole() -> None:
    """Two classes in one batch and three in the next are one multiclass evaluation."""
    a, b = evaluate(list("ab"), list("ab")), evaluate(list("abc"), list("acb"))
    whole = evaluate(list("ababc"), list("abacb"))
    assert (a.kind, b.kind, whole.kind) == ("binary", "multiclass", "multiclass")
    assert alike((a + b).tallies, whole.tallies)
    assert alike((b + a).tallies, whole.tallies)


def test_declared_classes_hold_inferred_ones() -> None:
    """Inferred classes inside the declared ones join them; declared order, names and positive class stand."""
    declared = confusion_matrix(["b"], ["a"], labels={"b": "Bad", "a": "Good"}, pos_label="b")
    inferred = confusion_matrix(["a"], ["a"])
    for total in (declared + inferred, inferred + declared):
        assert total.labels == ["Bad", "Good"]
        assert total.labels.positive_name == "Bad"
        assert total.counts.tolist() == [[0, 1], [0, 1]]


@pytest.mark.parametrize(
    ("a", "b", "difference"),
    [
        ({"labels": ["a", "b"]}, {"labels": ["b", "a"]}, "not the same ones in the same order"),
        ({"labels": ["a", "b"]}, {"labels": ["a", "b", "c"]}, "not the same ones in the same order"),
        ({"labels": ["a", "b"]}, {"labels": {"a": "A", "b": "B"}}, "not the same ones in the same order"),
        ({"labels": ["a", "b"], "pos_label": "a"}, {"labels": ["a", "b"], "pos_label": "b"}, "'a' on one side and 'b'"),
        ({"pos_label": "a"}, {"pos_label": "b"}, "'a' on one side and 'b' on the other"),
        ({"labels": ["a", "x"]}, {}, "'b' is not among the declared classes"),
    ],
)
def test_classes_that_do_not_fit(a: dict[str, Any], b: dict[str, Any], difference: str) -> None:
    """Refused with the difference spelled out, in either order."""
    y_a, y_b = ["a", "a"], ["a", "b"]
    one, two = confusion_matrix(y_a, y_a, **a), confusion_matrix(y_b, y_b, **b)
    for x, y in ((one, two), (two, one)):
        with pytest.raises(MergeRefused) as refused:
            x + y
        assert "'a'" in str(refused.value)
    with pytest.raises(MergeRefused, match=difference):
        one + two
    both = [x for x in (a, b) if len(x.get("labels", "ab")) == 2 and "x" not in x.get("labels", "") and x]
    scores = [evaluate(["a", "b"], y_score=[0.1, 0.2], **x).scores for x in both]
    if len(scores) == 2:
        with pytest.raises(MergeRefused, match=difference):
            scores[0] + scores[1]


def test_what_does_not_add() -> None:
    """Text and numbers, weighted and unweighted rows, two rules, two score kinds, two sets of labels, and no tally."""
    ints = confusion_matrix([0, 1], [0, 1])
    p = [0.2, 0.8]

    def several(labels_given: int, **reading: Any) -> Evaluation:
        bits = np.eye(labels_given)
        return evaluate(bits, bits, label_kind="multilabel", **reading)

    refused = [
        (ints, confusion_matrix(["a"], ["a"])),
        (ints, confusion_matrix([0, 1], [0, 1], sample_weight=[1, 1])),
        (ints, confusion_matrix([0, 1], y_score=p, threshold=0.5)),
        (confusion_matrix([0, 1], y_score=p, threshold=0.4), confusion_matrix([0, 1], y_score=p, threshold=0.5)),
        (evaluate([0, 1], y_score=p), evaluate([0, 1], [0, 1])),
        (evaluate([0, 1], y_score=p), evaluate([0, 1], y_score=p, score_kind="raw")),
        (evaluate([0, 1], y_score=p), evaluate([0, 1], y_score=p, sample_weight=p)),
        (evaluate([0, 1, 2], [0, 1, 2]), several(3)),
        (evaluate(np.eye(2), np.eye(2), label_kind="multilabel"),
         evaluate(np.eye(3), np.eye(3), label_kind="multilabel")),
        (evaluate(np.eye(2), np.eye(2), label_kind="multilabel", labels=["a", "b"]),
         evaluate(np.eye(2), np.eye(2), label_kind="multilabel", labels=["a", "c"])),
        (Grouped({"a": ints}), Grouped({"a": ints}, "class")),
    ]  # fmt: skip
    for a, b in refused:
        for x, y in ((a, b), (b, a)):
            with pytest.raises(MergeRefused):
                x + y
    for tally in (
        ints,
        ScoreTally.zero(),
        Moments.zero(),
        Ranks.zero(),
        Tallies.zero(),
        Grouped({}),
        evaluate([0, 1], y_score=p),
    ):
        for other in (1, 0.0, None, False, "x"):
            with pytest.raises(TypeError):
                tally + other
    for result in (ints.normalize("true"), ints.estimate("accuracy"), evaluate([0, 1], y_score=p).curve("roc")):
        with pytest.raises(TypeError):
            result + result


@given(data=st.data())
@few
def test_slices_unite_by_key(data: st.DataObject) -> None:
    """Keys of either side stand in the sum, in any grouping and order."""
    tallies = st.builds(lambda n: ConfusionMatrix.from_counts([[n, 1], [0, n]]), st.integers(0, 9))
    groups = [Grouped(data.draw(st.dictionaries(st.sampled_from("abcd"), tallies, max_size=3)), "slice") for _ in "123"]
    a, b, c = groups
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert set(a + b) == {*a, *b}
    for key in a + b:
        assert (a + b)[key] == sum(group[key] for group in (a, b) if key in group)


# ── integers stay integers ────────────────────────────────────────────────────────────────────
def test_counts_near_the_limit() -> None:
    """Exact up to 2**63 - 1 rows, refused beyond, never wrapped round."""
    half = 2**62
    a, b = (ConfusionMatrix.from_counts([[x, 0], [0, 0]]) for x in (half, half - 1))
    assert (a + b).total == LIMIT == (b + a).total
    assert (a + b)[0, 0] == LIMIT
    for x, y in ((a, a), (a + b, ConfusionMatrix.from_counts([[0, 0], [0, 1]]))):
        with pytest.raises(CountOverflow, match=r"2\*\*63 - 1"):
            x + y
    with pytest.raises(CountOverflow):
        ConfusionMatrix.from_counts([[half, half], [0, 0]])
    with pytest.raises(CountOverflow):
        ConfusionMatrix.from_counts([[2**64, 0], [0, 0]])
    with pytest.raises(CountOverflow):
        confusion_matrix([0, 1], [0, 1], count=[half, half])
    assert confusion_matrix([0, 1], [0, 1], count=[half, half - 1]).total == LIMIT
    assert confusion_matrix([0, 1], [0, 1], count=[half, half - 1]).tn == half


@pytest.mark.parametrize("count", [[2**63], [2.0**63], [1e19], np.array([2**63 + 5], np.uint64), [2**70]])
def test_counts_past_the_limit(count: Any) -> None:
    """Whatever their type, they are an overflow, not a negative number."""
    with pytest.raises(CountOverflow):
        confusion_matrix([0], [0], count=count)


def test_score_counts_near_the_limit() -> None:
    """The same of score masses; the moments of that many rows stay whole."""
    half = 2**62
    a, b = (evaluate([0], y_score=[0.5], count=[x]).scores for x in (half, half - 1))
    assert (a + b).total == LIMIT
    assert (a + b).at(0.5).fp == LIMIT
    with pytest.raises(CountOverflow):
        a + a
    many = evaluate([0, 1], y_score=[[0.5, 0.3, 0.2]] * 2, count=[2**53 + 1, 2])
    assert many.moments["brier"].n == 2**53 + 3
    assert (many + many).moments["brier"].n == 2**54 + 6
    assert many.matrix.total == 2**53 + 3


def test_cells_of_a_large_matrix_are_exact() -> None:
    """tn, fp, fn, tp are Python integers, exact beyond 2**53."""
    cm = ConfusionMatrix.from_counts([[2**61 + 1, 3], [5, 2**61 + 7]])
    assert cm.ravel() == (2**61 + 1, 3, 5, 2**61 + 7)
    assert all(type(x) is int for x in cm.ravel())
    three = ConfusionMatrix.from_counts([[2**60 + 1, 1, 2], [3, 2**60 + 3, 4], [5, 6, 2**60 + 5]])
    assert three[1].ravel() == (2**61 + 13, 7, 7, 2**60 + 3)


# ── evidence and labels, which travel with the sums ───────────────────────────────────────────
@given(st.lists(st.dictionaries(st.sampled_from(["ignored", "unknown", "ties"]), st.integers(0, 9)), max_size=4))
def test_evidence_adds(parts: list[dict[str, int]]) -> None:
    """Counts of rows add; what is zero is not there."""
    total = sum((Evidence(**part) for part in parts), Evidence())
    for key in ("ignored", "unknown", "ties"):
        assert total[key] == sum(part.get(key, 0) for part in parts)
    assert total == sum((Evidence(**part) for part in reversed(parts)), Evidence())


@given(st.sampled_from(POOLS), st.data())
def test_labels_unite(pool: tuple[Any, ...], data: st.DataObject) -> None:
    """Associative and commutative, sorted, the zero the empty labels."""
    sides = [Labels.infer(data.draw(st.sets(st.sampled_from(pool)))) for _ in "123"]
    a, b, c = sides
    assert a.unite(b).key() == b.unite(a).key()
    assert a.unite(b).unite(c).key() == a.unite(b.unite(c)).key()
    assert a.unite(Labels(())).key() == a.key()


def test_weighted_cells_are_never_negative() -> None:
    """What is left after subtraction is not less than nothing."""
    rng = np.random.default_rng(3)
    for _ in range(200):
        table: NDArray[Any] = rng.integers(0, 3, (3, 3)) * (rng.random((3, 3)) < 0.5)
        rows = np.repeat(np.arange(9), table.ravel())
        if not len(rows):
            continue
        w = rng.exponential(size=len(rows)) * 10.0 ** rng.integers(-8, 8, len(rows))
        cm = confusion_matrix(rows // 3, rows % 3, sample_weight=w, labels=[0, 1, 2])
        for place in range(3):
            tn, fp, fn, tp = cm[place].ravel()
            truth, called = rows // 3 == place, rows % 3 == place
            for one, there in (
                (tp, truth & called),
                (fp, ~truth & called),
                (fn, truth & ~called),
                (tn, ~(truth | called)),
            ):
                assert one == pytest.approx(w[there].sum(), rel=1e-12)


@pytest.mark.parametrize("stated", [{"pos_label": 0}, {"labels": [0, 1], "pos_label": 0}])
def test_opposite_positive_classes(stated: dict[str, Any]) -> None:
    """A positive class that holds by rule and another one that was stated do not add: roles would change places."""
    by_rule, other = evaluate([1, 1, 0], y_score=[0.9, 0.8, 0.1]), evaluate([1, 0], y_score=[0.2, 0.9], **stated)
    for a, b in ((by_rule, other), (other, by_rule)):
        with pytest.raises(MergeRefused, match="the positive class is"):
            a + b


def test_a_batch_of_the_positive_class_alone() -> None:
    """It waits for the name of the other class, so the cut of the rows decides nothing."""
    whole = evaluate(["b", "a", "b", "b"], y_score=[0.2, 0.3, 0.2, 0.3], pos_label="b")
    for cut in (1, 2, 3):
        stream = Stream(pos_label="b", grid="exact")
        for part in (slice(cut, None), slice(0, cut)):
            stream.update(y_true=["b", "a", "b", "b"][part], y_score=[0.2, 0.3, 0.2, 0.3][part])
        assert stream.evaluation == whole
