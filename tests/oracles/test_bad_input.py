"""Bad input: an error of its own type that counts, points and says what to type; never a number."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unconfused import ConfusionMatrix, Stream, confusion_matrix, evaluate, evaluate_frame
from unconfused.errors import (
    AmbiguousCall,
    CountOverflow,
    DisjointLabels,
    EmptyInput,
    IndexMismatch,
    InvalidCounts,
    InvalidValues,
    InvalidWeights,
    LabelTypeMismatch,
    LengthMismatch,
    MergeRefused,
    NotKept,
    PositiveClassUnset,
    ScoresAsLabels,
    ScoresOutOfRange,
    SentinelLabels,
    ShapeError,
    ThresholdUnset,
    UnconfusedError,
    UnknownClass,
    UnknownLabels,
    UsageError,
)

NAN, INF = float("nan"), float("inf")
EYE = np.eye(3)


def stream(y_true: Any, y_pred: Any = None, *, y_score: Any = None, **options: Any) -> Any:
    """The same call through a stream, whose first batch is good."""
    rows = {name: options.pop(name) for name in ("sample_weight", "count") if name in options}
    opened = Stream(**options)
    opened.update(y_true=y_true, y_pred=y_pred, y_score=y_score, **rows)
    return opened.evaluation


DOORS: dict[str, Callable[..., Any]] = {"confusion_matrix": confusion_matrix, "evaluate": evaluate, "Stream": stream}


def refused(kind: type[UnconfusedError], *said: str, doors: Any = DOORS, **call: Any) -> None:
    """Every door refuses the call with that error, whose message holds what is said and reads well."""
    for name in doors:
        with pytest.raises(UnconfusedError) as caught:
            DOORS[name](**call)
        message = str(caught.value)
        assert type(caught.value) is kind, (name, type(caught.value), message)
        for words in said:
            assert words in message, (name, words, message)
        reads_well(message)


def reads_well(message: str) -> None:
    """Whole sentences, no number without its noun's form, nothing left over of the code that wrote it."""
    assert message.endswith((".", ":", ")")), message
    assert not re.search(r"(?<![\d.,-])1 [a-z]+ ?(values|rows|labels|classes|columns|scores)\b", message), message
    assert not re.search(r"(?<![\d.,-])1 (values|rows|labels|classes|columns|scores)\b", message), message
    assert not re.search(r"  |None|np\.(int|float|str)|dtype\(|\.\.(?!\.|\d)", message.replace("...", "")), message


def of(side: str, good: Any, bad: Any, **more: Any) -> dict[str, Any]:
    """The call in which one of y_true and y_pred is bad."""
    return {"y_true": bad, "y_pred": good, **more} if side == "y_true" else {"y_true": good, "y_pred": bad, **more}


both_sides = pytest.mark.parametrize("side", ["y_true", "y_pred"])
SCORED = ("evaluate", "Stream")


# ── lengths and shapes ────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("n", "m", "hint"),
    [
        (12_936, 12_944, "the last batch was filled up from the start of the data"),
        (100, 3200, "3,200 = 32 x 100: steps were probably given in rows instead of batches"),
        (70, 64, "64 = 1 x 64: the last, smaller batch was dropped"),
        (1000, 37, "Rows are paired by position, so one of them is incomplete"),
        (1, 3, "3 = 3 x 1"),
        (0, 3, "Rows are paired by position"),
        (3, 0, "Rows are paired by position"),
    ],
)
def test_lengths(n: int, m: int, hint: str) -> None:
    """Both lengths, the likely arithmetic, and what to do."""
    count = f"y_true has {n:,} row{'' if n == 1 else 's'}, y_"
    refused(LengthMismatch, count, f" has {m:,}", hint, "in one pass", y_true=[0] * n, y_pred=[0] * m)
    refused(LengthMismatch, count, f" has {m:,}", hint, doors=SCORED, y_true=[0] * n, y_score=[0.5] * m)
    refused(LengthMismatch, "sample_weight has 2", y_true=[0, 1, 1], y_pred=[0, 1, 1], sample_weight=[1, 1])
    refused(LengthMismatch, "count has 4", y_true=[0, 1, 1], y_pred=[0, 1, 1], count=[1] * 4)


def test_empty() -> None:
    """No rows are no matrix."""
    refused(EmptyInput, "y_true has no rows", y_true=[], y_pred=[])
    refused(EmptyInput, "y_true has no rows", doors=SCORED, y_true=np.array([]), y_score=np.array([]))
    refused(EmptyInput, "no rows", y_true=np.zeros((0, 3)), y_pred=np.zeros((0, 3)), label_kind="multilabel")
    for ask in (
        lambda ev: ev.matrix,
        lambda ev: ev.at(0.5),
        lambda ev: ev.estimate("roc_auc"),
        lambda ev: ev.curve("roc"),
    ):
        with pytest.raises(EmptyInput, match="holds no rows yet"):
            ask(Stream().evaluation)


@both_sides
def test_two_dimensions_of_unsaid_kind(side: str) -> None:
    """A shape is never used to guess; the choices are shown."""
    choices = ('label_kind="one-hot"', 'label_kind="multilabel"', 'label_kind="class"')
    refused(AmbiguousCall, f"{side} has shape (3, 3)", *choices, **of(side, [0, 1, 2], EYE))
    refused(AmbiguousCall, "(2, 3, 4)", *choices, **of(side, [0, 1], np.zeros((2, 3, 4))))
    refused(AmbiguousCall, "y_true has shape (402, 3)", y_true=np.zeros((402, 3)), y_pred=np.zeros((402, 5)))
    refused(ScoresAsLabels, "2 fractional values (of 4; min 0, max 1", **of(side, [0, 1], [[0.25, 0.75], [1, 0]]))


def test_two_dimensions_of_the_wrong_width() -> None:
    """Said kinds that the shapes do not bear out. Nothing is broadcast."""
    wide = np.eye(5)[:3]
    for kind in ("multilabel", "class", "one-hot"):
        refused(ShapeError, "(3, 3)", "(3, 5)", "Nothing was broadcast", y_true=EYE, y_pred=wide, label_kind=kind)
    refused(ShapeError, "(3,)", y_true=EYE, y_pred=[0, 1, 2], label_kind="multilabel")
    refused(ShapeError, "(3, 3)", "(3,)", y_true=EYE, y_pred=[0, 1, 2], label_kind="class")
    refused(ShapeError, "one-hot", y_true=[0, 1], y_pred=[0, 1], label_kind="one-hot")
    refused(ShapeError, "3 columns, labels= names 2 labels", y_true=EYE, y_pred=EYE, label_kind="multilabel",
            labels=["a", "b"])  # fmt: skip
    refused(
        ShapeError,
        "3 columns, labels= names 2 classes",
        y_true=EYE,
        y_pred=EYE,
        label_kind="one-hot",
        labels=["a", "b"],
    )
    refused(ShapeError, "y_score has 3 columns, labels= names 2 classes", y_true=["a"], y_score=[[0.2, 0.3, 0.5]],
            labels=["a", "b"])  # fmt: skip
    refused(ShapeError, "score of one class of two", "there are 3 classes: 0, 1, 2", "(n, K)",
            y_true=[0, 1, 2], y_score=[0.1, 0.2, 0.3])  # fmt: skip
    refused(ShapeError, "there is one class: 'a'", "labels=[negative, positive]", y_true=["a"], y_score=[0.1])
    refused(ShapeError, "y_score has shape (1, 1, 1)", y_true=[0], y_score=[[[0.1]]])


def test_not_one_hot() -> None:
    """Rows with no 1, with several, with other values, and with nulls."""
    bad = np.array([[1, 0], [1, 1], [0, 0]])
    where = "2 of 3 rows of y_true do not hold exactly one 1, in rows 1-2"
    refused(ShapeError, where, 'label_kind="multilabel"', y_true=bad, y_pred=bad, label_kind="one-hot")
    refused(ShapeError, "1 of 2 rows of y_pred does not hold exactly one 1, in row 1", y_true=np.eye(2), y_pred=bad[:2],
            label_kind="one-hot")  # fmt: skip
    for odd in ([[0.5, 0.5]], [[2, 0]], [[NAN, 1]], np.ma.masked_array([[0, 1]], mask=[[True, False]])):
        refused(ShapeError, "is not one-hot", y_true=odd, y_pred=[[0, 1]], label_kind="one-hot")


def test_one_hot_that_is() -> None:
    """Column i is labels[i], or i; all columns are classes, whether they occur or not."""
    cm = confusion_matrix(EYE[[0, 1, 1]], EYE[[0, 0, 1]], label_kind="one-hot")
    assert cm.labels == (0, 1, 2)
    assert cm.counts.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]
    named = confusion_matrix(EYE[[0, 1, 1]], EYE[[0, 0, 1]], label_kind="one-hot", labels=["c", "a", "b"])
    assert named["a", "c"] == 1
    assert confusion_matrix(EYE[[0, 1, 1]], ["c", "c", "a"], label_kind="one-hot", labels=["c", "a", "b"]) == named
    ev = evaluate(EYE, y_score=[[0.5, 0.25, 0.25]] * 3, label_kind="one-hot", labels=["c", "a", "b"])
    assert ev.matrix.counts.tolist() == [[1, 0, 0]] * 3


def test_multilabel_values() -> None:
    """Only 0 and 1, with the column where that is not so."""
    refused(UnknownLabels, "Column 1 of y_true holds 2", y_true=[[0, 2]], y_pred=[[0, 1]], label_kind="multilabel")
    refused(UnknownLabels, "2 x1", y_true=[[0, 1]], y_pred=[[0, 2]], label_kind="multilabel")
    refused(
        ScoresAsLabels, "y_pred holds 1 fractional value", y_true=[[0, 1]], y_pred=[[0, 0.5]], label_kind="multilabel"
    )
    refused(InvalidValues, "y_true has 1 null", y_true=[[0, NAN]], y_pred=[[0, 1]], label_kind="multilabel")
    refused(UsageError, "ignore=", y_true=[[0, 1]], y_pred=[[0, 1]], label_kind="multilabel", ignore=0)


def test_indexes() -> None:
    """Series that disagree are not paired by position, whichever of the columns they are."""
    pd = pytest.importorskip("pandas")
    a, b = pd.Series([0, 1, 1], index=[7, 8, 9]), pd.Series([0, 1, 1], index=[9, 8, 7])
    far = pd.Series([0, 1, 1])
    refused(IndexMismatch, "y_true and y_pred", "3 rows with the same labels in another order",
            "y_pred.loc[y_true.index]", ".to_numpy()", y_true=a, y_pred=b)  # fmt: skip
    refused(IndexMismatch, "3 rows with 0 labels in common", y_true=a, y_pred=far)
    refused(IndexMismatch, "1 row with 0 labels in common", y_true=a[:1], y_pred=far[:1])
    refused(IndexMismatch, "3 rows with 1 label in common", y_true=a, y_pred=pd.Series([0, 0, 0], index=[7, 1, 2]))
    refused(IndexMismatch, "y_true and y_score", doors=SCORED, y_true=a, y_score=b)
    refused(IndexMismatch, "y_true and sample_weight", y_true=a, y_pred=[0, 1, 1], sample_weight=b)
    refused(IndexMismatch, "y_pred and count", y_true=[0, 1, 1], y_pred=a, count=b)
    assert confusion_matrix(a, a.copy()).total == 3
    assert confusion_matrix(a, b.to_numpy()).total == 3
    assert confusion_matrix(a, b.loc[a.index]).counts.tolist() == [[0, 1], [1, 1]]


def headed(kind: str, **columns: Any) -> Any:
    """A frame of these columns."""
    library = pytest.importorskip(kind)
    return library.table(columns) if kind == "pyarrow" else library.DataFrame(columns)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_columns_are_not_taken_for_the_class_beside_theirs(kind: str) -> None:
    """Column i belongs to labels[i]; headings that are the classes in another order are not passed over."""
    a, b, c = [0.7, 0.2, 0.1, 0.6], [0.2, 0.7, 0.2, 0.3], [0.1, 0.1, 0.7, 0.1]
    call: dict[str, Any] = {"y_true": list("abca"), "labels": list("abc")}
    refused(AmbiguousCall, "The columns of y_score are 'c', 'b', 'a', the classes 'a', 'b', 'c'", "by position",
            y_score=headed(kind, c=c, b=b, a=a), **call)  # fmt: skip
    refused(AmbiguousCall, "'yes', 'no'", doors=SCORED, y_true=[0, 1], labels={0: "no", 1: "yes"},
            y_score=headed(kind, yes=[0.2, 0.8], no=[0.8, 0.2]))  # fmt: skip
    refused(AmbiguousCall, "'1', '0'", doors=SCORED, y_true=[0, 1],
            y_score=headed(kind, **{"1": [0.2, 0.8], "0": [0.8, 0.2]}))  # fmt: skip
    one_hot = headed(kind, b=[0, 1, 0, 0], a=[1, 0, 0, 1], c=[0, 0, 1, 0])
    refused(AmbiguousCall, "The columns of y_true are 'b', 'a', 'c', the classes 'a', 'b', 'c'", y_true=one_hot,
            y_pred=list("abca"), labels=list("abc"), label_kind="one-hot")  # fmt: skip
    assert evaluate(**call, y_score=headed(kind, a=a, b=b, c=c)).matrix.estimate("accuracy") == 1
    assert evaluate(**call, y_score=headed(kind, p=a, q=b, r=c)).matrix.estimate("accuracy") == 1  # nothing is said
    backward = evaluate(list("abca"), labels=list("cba"), y_score=headed(kind, c=c, b=b, a=a))
    assert backward.matrix["a", "a"] == 2
    assert evaluate([0, 1], y_score=headed(kind, no=[0.8, 0.2], yes=[0.2, 0.8])).at(0.5).ravel() == (1, 0, 0, 1)


def test_columns_that_are_only_counted_say_nothing_of_classes() -> None:
    """A frame made without headings numbers its columns; column 0 still belongs to labels[0]."""
    pd = pytest.importorskip("pandas")
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    assert evaluate([1, 0, 1], y_score=pd.DataFrame(scores), labels=[1, 0]).at(0.5).ravel() == (1, 0, 0, 2)
    with pytest.raises(AmbiguousCall, match="'0', '1', the classes '1', '0'"):
        evaluate([1, 0, 1], y_score=pd.DataFrame(scores, columns=["0", "1"]), labels=[1, 0])


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_two_frames_of_the_same_columns_in_another_order(kind: str) -> None:
    """The labels of one are not compared with those of another."""
    truth, other = headed(kind, cat=[0, 1, 1], dog=[1, 0, 0]), headed(kind, dog=[1, 0, 0], cat=[0, 1, 1])
    for label_kind in ("multilabel", "class", "one-hot"):
        refused(AmbiguousCall, "The columns of y_true are 'cat', 'dog', those of y_pred 'dog', 'cat'", y_true=truth,
                y_pred=other, label_kind=label_kind)  # fmt: skip
    refused(AmbiguousCall, "those of y_score", doors=SCORED, y_true=truth, y_score=other, label_kind="multilabel")
    refused(AmbiguousCall, "the labels 'dog', 'cat'", y_true=truth, y_pred=truth, label_kind="multilabel",
            labels=["dog", "cat"])  # fmt: skip
    same = confusion_matrix(truth, truth, label_kind="multilabel", labels=["cat", "dog"])
    assert same["cat"].ravel() == (1, 0, 0, 2)


# ── values that name no class ─────────────────────────────────────────────────────────────────
@both_sides
@pytest.mark.parametrize("make", [list, np.array, lambda x: np.array(x, object), lambda x: np.array(x)[:, None]])
def test_fractions(side: str, make: Any) -> None:
    """Scores given as classes are counted and shown, not rounded."""
    bad = make([0.003, 0.998, 1.0, 0.5])
    fix = "threshold=0.5" if side == "y_pred" else "not exchanged"
    seen = f"{side} holds 3 fractional values (of 4; min 0.003, max "
    refused(ScoresAsLabels, seen, "0.5 is a decision, not a default", fix, **of(side, [0, 1, 1, 0], bad))
    refused(ScoresAsLabels, "1 fractional value (of 2", **of(side, [0, 1], make([0, 0.5])))


@both_sides
@pytest.mark.parametrize("null", [NAN, None, INF, -INF])
def test_nulls(side: str, null: Any) -> None:
    """Null, NaN and infinite labels: how many, where, and the way to keep them."""
    fix = 'invalid="count"'
    good = [0, 1, 1, 0, 1]
    refused(
        InvalidValues,
        f"{side} has 1 null, NaN or infinite label (of 5), in row 2",
        fix,
        **of(side, good, [0, 1, null, 1, 0]),
    )
    refused(
        InvalidValues,
        "2 null, NaN or infinite labels (of 5), in rows 3-4, the last ones",
        **of(side, good, [0, 1, 1, null, null]),
    )
    refused(InvalidValues, "3 null", "first in rows 0, 2, 4", **of(side, good, [null, 1, null, 1, null]))
    cm = confusion_matrix(**of(side, good, [0, 1, null, 1, 0]), invalid="count")
    assert cm.total == 5
    assert cm.seats == ("missing",)
    assert cm["missing", 1] + cm[1, "missing"] == 1
    words = ["a", null, "b"]
    if null is None or null != null:
        refused(InvalidValues, "in row 1", **of(side, ["a", "b", "b"], words))


@both_sides
def test_kinds(side: str) -> None:
    """Text and numbers are never equal, on two sides or on one."""
    refused(LabelTypeMismatch, f"{side} holds text ('0', '1')", "holds numbers (0, 1)", f"{side}.astype(int)",
            **of(side, [0, 1, 1], ["0", "1", "1"]))  # fmt: skip
    refused(LabelTypeMismatch, "('cat', 'dog')", "names[", **of(side, [0, 1, 1], ["cat", "dog", "dog"]))
    refused(LabelTypeMismatch, f"{side} mix text ('a') and numbers (1)", **of(side, [0, 1], ["a", 1]))
    refused(LabelTypeMismatch, "cannot name a class", **of(side, [0, 1], np.array([0, object()])))
    refused(LabelTypeMismatch, "beyond 2**53", **of(side, [0, 1], [0.0, 2.0**60]))
    refused(LabelTypeMismatch, "dates or times", **of(side, [0, 1], np.array(["2020", "2021"], "M8[Y]")))


@pytest.mark.parametrize("sentinel", [-1, -100, 255, 65535, -9999])
def test_sentinels(sentinel: int) -> None:
    """A value that marks rows to leave out is not one more class, unless it is said to be."""
    y, z = [0, 1, 2, 18] * 5 + [sentinel] * 2, [0, 1, 2, 18] * 5 + [0, 1]
    refused(SentinelLabels, f"y_true holds {sentinel} (2 of 22 rows, 9.1%)", "0..18", f"ignore={sentinel}", "labels=",
            y_true=y, y_pred=z)  # fmt: skip
    cm = confusion_matrix(y, z, ignore=sentinel)
    assert (cm.total, cm.left_out) == (20, {"ignored": 2})
    assert confusion_matrix(y, z, labels=[0, 1, 2, 18, sentinel]).total == 22
    assert confusion_matrix(y, [*z[:-1], sentinel]).total == 22


def test_four_rows_tell_a_sentinel_and_a_shift() -> None:
    """As few as an example on a page has; -1, which may be a class, and a batch of less say nothing yet."""
    refused(SentinelLabels, "255 (1 of 4 rows, 25.0%)", y_true=[0, 1, 2, 255], y_pred=[0, 1, 1, 1])
    refused(SentinelLabels, "-100 (2 of 4 rows, 50.0%)", y_true=[-100, 7, -100, 0], y_pred=[3, 7, 0, 0])
    refused(DisjointLabels, "in 100% of 4 rows", "y_pred + 1", y_true=[1, 2, 3, 1], y_pred=[0, 1, 2, 0])
    assert confusion_matrix([0, 1, 2, -1], [0, 1, 1, 1]).total == 4
    assert confusion_matrix([0, 1, 255], [0, 1, 1]).total == 3
    assert confusion_matrix([1, 2, 3], [0, 1, 2]).total == 3
    assert confusion_matrix([1, 2, 3, 1], [0, 1, 2, 1]).total == 4


def test_no_false_sentinels() -> None:
    """{-1, 1}, sentiment, all 256 grey values, and ids that are predicted."""
    assert confusion_matrix([-1, 1] * 10, [1, 1] * 10).total == 20
    assert confusion_matrix([-1, 0, 1] * 10, [0, 0, 1] * 10).total == 30
    assert confusion_matrix(range(256), [*range(255), 0]).total == 256
    assert confusion_matrix([-1, 0, 1, 2] * 10, [0, 0, 1, -1] * 10).total == 40


def test_ignored_rows() -> None:
    """Several values, arrays of them, text; all rows ignored is an empty matrix that says so."""
    y, z = [0, 1, 255, 7], [0, 0, 1, 1]
    for ignore in ([255, 7], (255, 7), {255, 7}, np.array([255, 7])):
        assert confusion_matrix(y, z, ignore=ignore).left_out == {"ignored": 2}
    assert confusion_matrix(["a", "?"], ["a", "a"], ignore="?").total == 1
    assert confusion_matrix(y, z, ignore=255, count=[1, 2, 3, 4], labels=[0, 1, 7]).left_out == {"ignored": 3}
    nothing = confusion_matrix([255], [1], ignore=255)
    assert (nothing.total, nothing.left_out) == (0, {"ignored": 1})
    weighted = confusion_matrix(y, z, ignore=[255, 7], sample_weight=[1, 2, 3, 4])
    assert np.asarray(weighted).sum() == 3


# ── two columns that do not speak of the same classes ─────────────────────────────────────────
def test_off_by_one() -> None:
    """Class ids that count from 1 on one side and from 0 on the other, with and without classes in common."""
    y = [1, 2, 3] * 20
    z = [x - 1 for x in y]
    z[0] = 1
    refused(
        DisjointLabels,
        "y_true holds 1, 2, 3 and y_pred holds 0, 1, 2",
        "y_pred + 1",
        "98% of 60 rows",
        y_true=y,
        y_pred=z,
    )
    refused(DisjointLabels, "y_pred - 1", y_true=z, y_pred=y)
    refused(
        DisjointLabels, "no class in common", "y_pred + 1", "100% of 10 rows", y_true=[10, 20] * 5, y_pred=[9, 19] * 5
    )
    refused(DisjointLabels, "both spelled alike", y_true=["1.0", "0.0"] * 5, y_pred=["1", "0"] * 5)
    refused(DisjointLabels, "both spelled alike", y_true=["Cat", "Dog"] * 5, y_pred=["cat", "dog"] * 5)
    refused(DisjointLabels, "both spelled alike", y_true=["A", "B"] * 5, y_pred=["a", "b"] * 5)
    refused(DisjointLabels, "(y_true > 0)", "90% of 10 rows", y_true=[-1, 1] * 5, y_pred=[0, 1] * 4 + [1, 1])
    refused(DisjointLabels, "(y_pred > 0)", "100% of 10 rows", y_true=[0, 1] * 5, y_pred=[-1, 1] * 5)
    assert confusion_matrix([-1, 1] * 5, [1, 0] * 5).total == 10  # opposed: that would not make them agree
    assert confusion_matrix([-1, 1] * 5, [0, 1] * 5, labels=[-1, 0, 1]).total == 10
    assert confusion_matrix(y, z, labels=range(4)).total == 60


def test_no_false_disjoint() -> None:
    """A poor model, a small sample, and a scale on which one is off by one now and then."""
    assert confusion_matrix(["a"], ["b"]).counts.tolist() == [[0, 1], [0, 0]]
    assert confusion_matrix([1, 2, 3], [0, 1, 2]).total == 3
    rng = np.random.default_rng(0)
    for _ in range(50):
        y = rng.integers(0, 5, 40)
        assert confusion_matrix(y, np.clip(y + rng.integers(-1, 2, 40), 0, 4)).total == 40
        assert confusion_matrix(y, rng.integers(0, 5, 40)).total == 40


def test_near_duplicates() -> None:
    """White space and Unicode forms that only one side has."""
    for odd in ("dog ", "\tdog", "ｄｏｇ", "Dog"):
        refused(UnknownLabels, "y_true holds 'dog' (2 rows)", f"y_pred holds {odd!r} (1 row)", "white space, case or",
                y_true=["dog", "cat", "dog"], y_pred=[odd, "cat", "cat"])  # fmt: skip
    assert confusion_matrix(["dog", "dog "], ["dog ", "dog"]).total == 2
    assert confusion_matrix(["dog"], ["dog "], labels=["dog", "dog "]).total == 1
    assert confusion_matrix(["a", "A"], ["A", "a"]).total == 2


def test_unknown_labels() -> None:
    """Outside the declared classes: an error, a seat, or left out and counted."""
    call: dict[str, Any] = {"y_true": [0, 1, 2, 2, 0], "y_pred": [0, 5, 1, 0, 0], "labels": [0, 1]}
    refused(UnknownLabels, "3 of 5 rows hold a label outside the classes 0, 1", "y_true: 2 x2", "y_pred: 5 x1",
            'unknown="other"', 'unknown="drop"', **call)  # fmt: skip
    refused(UnknownLabels, "1 of 1 row holds a label", y_true=["x"], y_pred=["a"], labels=["a", "b"])
    other = confusion_matrix(**call, unknown="other")
    assert other.total == 5
    assert other.table().tolist() == [[2, 0, 0], [0, 0, 1], [1, 1, 0]]
    dropped = confusion_matrix(**call, unknown="drop")
    assert (dropped.total, dropped.left_out) == (2, {"unknown": 3})
    scored = {"y_true": [0, 1, 2], "y_score": [0.1, 0.2, 0.3], "labels": [0, 1]}
    refused(UnknownLabels, "1 of 3 rows holds", doors=SCORED, **scored)
    assert evaluate(**scored, unknown="drop").left_out == {"unknown": 1}
    assert evaluate(**scored, unknown="other").at(0.25)["other", 1] == 1


def test_dropped_rows_are_gone_from_matrix_and_scores() -> None:
    """A row whose prediction is unknown is left out of both, whatever else the batch holds."""
    rows: dict[str, Any] = {"y_pred": [0, 9, 1], "y_score": [0.1, 0.2, 0.3]}
    for y in ([0, 1, 5], [0, 1, 1]):
        ev = evaluate(y, **rows, labels=[0, 1], unknown="drop")
        assert ev.total == ev.scores.total == ev.matrix.total
        assert ev.left_out == ev.scores.left_out


# ── scores ────────────────────────────────────────────────────────────────────────────────────
def test_scores_that_are_none() -> None:
    """NaN, null, text, and what no probability can be."""
    y = [0, 1, 1, 0]
    for null in (NAN, None):
        refused(InvalidValues, "y_score has 2 null or NaN values (of 4), in rows 2-3, the last ones", 'invalid="count"',
                doors=SCORED, y_true=y, y_score=[0.5, 0.5, null, null])  # fmt: skip
    refused(InvalidValues, "1 null or NaN value (of 6), in row 1", doors=SCORED, y_true=[0, 1, 2][:2],
            y_score=[[0.2, 0.3, 0.5], [NAN, 0.5, 0.5]])  # fmt: skip
    for kind in ("probability", "logit", "raw"):
        refused(InvalidValues, "1 null or NaN value", doors=SCORED, y_true=y, y_score=[1, NAN, 0, 0], score_kind=kind)
    refused(ScoresOutOfRange, "y_score has 2 values outside [0, 1] (of 4; min -3.2, max 4.8), first in rows 0, 3",
            'score_kind="logit"', 'score_kind="raw"', 'score_kind="probability"', doors=SCORED,
            y_true=y, y_score=[-3.2, 0.5, 0.5, 4.8])  # fmt: skip
    for inf in (INF, -INF):
        refused(
            ScoresOutOfRange, "1 value outside [0, 1]", "in row 1", doors=SCORED, y_true=y, y_score=[0.5, inf, 0, 0]
        )
        for kind in ("logit", "raw"):
            assert evaluate(y, y_score=[0.5, inf, 0, 0], score_kind=kind).total == 4
    for text in (["0.1", "0.2", "0.3", "0.4"], np.array(["0.1", "0.2", "0.3", "x"]), ["a", None, 0.5, 1]):
        refused(LabelTypeMismatch, "Scores are numbers", ".astype(float)", doors=SCORED, y_true=y, y_score=text)
    ev = evaluate(y, y_score=[0.5, NAN, 7, 0.1], invalid="count")
    assert ev.total == 4
    assert ev.at(0.3).table().tolist() == [[1, 1, 0], [0, 0, 2], [0, 0, 0]]


def test_rows_that_do_not_sum_to_one() -> None:
    """Class probabilities that are none: independent sigmoids, softmax over the batch, logits."""
    y = [0, 1, 2]
    sigmoids = [[0.9, 0.8, 0.1], [0.2, 0.5, 0.3], [0.5, 0.25, 0.25]]
    refused(ScoresOutOfRange, "1 of 3 rows of y_score does not sum to 1 (from 1 to 1.8), in row 0", "separate scores",
            'label_kind="multilabel"', y_true=y, y_score=sigmoids)  # fmt: skip
    columns = np.array([[0.9, 0.8, 0.2], [0.05, 0.1, 0.3], [0.05, 0.1, 0.5]])
    refused(
        ScoresOutOfRange,
        "3 of 3 rows of y_score do not sum to 1",
        "softmax was taken over the rows",
        y_true=y,
        y_score=columns,
    )
    refused(ScoresOutOfRange, "3 values outside [0, 1] (of 9", y_true=y, y_score=EYE * 2)
    refused(ScoresOutOfRange, "1 row (of 2) with several logits of inf", "in row 1", y_true=[0, 1], score_kind="logit",
            y_score=[[0, 1, 2], [INF, INF, 0]])  # fmt: skip
    refused(ScoresOutOfRange, "2 rows (of 2)", doors=SCORED, y_true=[0, 1], score_kind="logit",
            y_score=[[-INF, -INF], [INF, INF]])  # fmt: skip


def test_columns_without_names() -> None:
    """Two columns and classes that are not 0 and 1; more columns and classes that are not 0…K-1."""
    refused(
        AmbiguousCall, "two columns", "'a', 'b'", "labels=", y_true=["a", "b"], y_score=[[0.5, 0.5]] * 2, pos_label="b"
    )
    refused(UnknownLabels, "outside the classes 0, 1, 2", y_true=[1, 3], y_score=[[0.5, 0.25, 0.25]] * 2)
    assert evaluate(["a", "b"], y_score=[[0.5, 0.5]] * 2, labels=["a", "b"]).at(0.5).tp == 1


def test_thresholds() -> None:
    """Missing, not a number, out of range, several, or beside a decision."""
    call: dict[str, Any] = {"y_true": [0, 1], "y_score": [0.2, 0.8]}
    only = ("confusion_matrix",)
    refused(
        ThresholdUnset, "no rule says which of them are positive", "threshold=0.5", "ev.at(0.5)", doors=only, **call
    )
    refused(ThresholdUnset, "threshold=0.0", doors=only, **call, score_kind="raw")
    refused(InvalidValues, "threshold= is NaN", doors=only, **call, threshold=NAN)
    for t in (-0.1, 1.5, 50):
        for kind in ("probability", "logit"):
            refused(ScoresOutOfRange, f"threshold={t:g} is no probability", "score_kind='raw'", doors=only, **call,
                    threshold=t, score_kind=kind)  # fmt: skip
        assert confusion_matrix(**call, threshold=t, score_kind="raw").total == 2
    for t in ([0.4], "half", {"a": 0.4}, (0.1, 0.2)):
        refused(ThresholdUnset, "is no number", doors=only, **call, threshold=t)
    refused(
        AmbiguousCall, "y_pred= was given, and threshold= too", doors=only, y_true=[0, 1], y_pred=[0, 1], threshold=0.4
    )
    refused(AmbiguousCall, "y_pred= was given, and y_score= too", doors=only, y_pred=[0, 1], **call)
    refused(AmbiguousCall, "3 columns and threshold=0.4", '["dog"].at(0.4)', doors=only, y_true=[0], threshold=0.4,
            y_score=[[0.2, 0.3, 0.5]])  # fmt: skip
    ev = evaluate(**call)
    for t, kind in ((None, ThresholdUnset), (NAN, InvalidValues), (2, ScoresOutOfRange), ({"a": 1}, ThresholdUnset)):
        with pytest.raises(kind):
            ev.at(t)
    with pytest.raises(ThresholdUnset, match=r"ev\.at\(0\.5\)"):
        _ = ev.matrix
    with pytest.raises(ThresholdUnset):
        ev.estimate("recall")
    with pytest.raises(NotKept, match=r"ev\[0\]\.at\(0\.4\)"):
        evaluate([0, 1, 2], y_score=EYE).at(0.4)
    with pytest.raises(NotKept, match="Evaluate with y_score="):
        evaluate([0, 1], [0, 1]).at(0.4)


def test_thresholds_by_label() -> None:
    """Every label named once, and no other."""
    bits = np.array([[0, 1], [1, 0]])
    ev = evaluate(bits, y_score=bits * 0.5, label_kind="multilabel", labels=["cat", "dog"])
    assert ev.at({"cat": 0.5, "dog": 0.75})["dog"].tp == 0
    for wrong, said in (
        ({"cat": 0.5}, "leave out 'dog'"),
        ({"cat": 0.5, "dog": 0.5, "eel": 0.5}, "no label 'eel'"),
        ({}, "'cat', 'dog'"),
    ):
        with pytest.raises(UsageError, match=said) as caught:
            ev.at(wrong)
        reads_well(str(caught.value))
    for wrong in (None, NAN, {"cat": NAN, "dog": 0.5}, {"cat": 3, "dog": 0.5}):
        with pytest.raises(UnconfusedError):
            ev.at(wrong)


def test_neither_classes_nor_scores() -> None:
    """y_true alone asks nothing."""
    refused(UsageError, "Neither y_pred= nor y_score=", y_true=[0, 1])


# ── weights and counts ────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("name", ["sample_weight", "count"])
def test_weights(name: str) -> None:
    """Negative, missing or infinite ones; fractions and overflow of counts; other shapes."""
    call: dict[str, Any] = {"y_true": [0, 1, 1], "y_pred": [0, 1, 0]}
    refused(
        InvalidWeights, f"{name} holds 1 negative, missing or infinite value, in row 1", **call, **{name: [1, -1, 1]}
    )
    refused(InvalidWeights, "2 negative, missing or infinite values, in rows 1-2", **call, **{name: [1, NAN, INF]})
    refused(InvalidWeights, f"{name} has shape (3, 2)", **call, **{name: np.ones((3, 2))})
    refused(InvalidWeights, "type", **call, **{name: ["1", "2", "3"]})
    if name == "count":
        refused(InvalidWeights, "count holds fractional values, in row 2", "sample_weight=", **call, count=[1, 2, 0.5])
        refused(CountOverflow, "beyond 2**63 - 1, in row 0", **call, count=[2**63, 1, 1])
        refused(CountOverflow, "more than 2**63 - 1", **call, count=[2**62, 2**62, 1])


def test_weights_of_every_element() -> None:
    """With label_kind="class" a weight for each element of a mask."""
    y, z, w = np.array([[0, 1], [1, 1]]), np.array([[0, 0], [1, 1]]), np.array([[1.0, 2], [3, 4]])
    cm = confusion_matrix(y, z, label_kind="class", sample_weight=w, count=y + 1)
    assert np.asarray(cm).tolist() == [[1, 0], [4, 14]]
    assert cm.counts.tolist() == [[1, 0], [2, 4]]


def test_counts_made_elsewhere() -> None:
    """Tables that are no confusion matrix."""
    for table, said in (
        ([[1, 2, 3], [4, 5, 6]], "shape (2, 3)"),
        ([1, 2], "shape (2,)"),
        ([], "shape (0,)"),
        ([[1, -2], [0, 1]], "1 negative value"),
        ([[0.5, 0.5], [0, 1]], "fractions"),
        ([[NAN, 1], [0, 1]], "not finite"),
        ([["a", "b"], ["c", "d"]], "whole numbers"),
    ):
        with pytest.raises(InvalidCounts) as caught:
            ConfusionMatrix.from_counts(table)
        assert said in str(caught.value)
        reads_well(str(caught.value))
    for labels in (["a"], ["a", "b", "c"]):
        with pytest.raises(InvalidCounts, match="2 x 2, but labels= names") as caught:
            ConfusionMatrix.from_counts([[1, 0], [0, 1]], labels=labels)
        reads_well(str(caught.value))
    for weights in ([[1]], [[1, -1], [1, 1]], [[1, NAN], [1, 1]], [[1, 0.5], [1, 1]]):
        with pytest.raises(InvalidCounts, match="weights="):
            ConfusionMatrix.from_counts([[1, 0], [0, 1]], weights=weights)


# ── classes ───────────────────────────────────────────────────────────────────────────────────
def test_positive_class() -> None:
    """One that is not there; none said; asked of more than two classes."""
    refused(UnknownClass, "pos_label='x' is not among the 2 classes that occur: 'a', 'b'", "labels=[..., 'x']",
            y_true=["a", "b"], y_pred=["a", "a"], pos_label="x")  # fmt: skip
    refused(UnknownClass, "There is no class 7", "3 classes, 0, 1, 2", y_true=[0, 1], y_score=EYE[:2], pos_label=7)
    refused(UnknownClass, "There is no class 'x'", y_true=["a"], y_pred=["a"], labels=["a", "b"], pos_label="x")
    refused(PositiveClassUnset, "pos_label='b'", y_true=["a", "b"], y_score=[0.1, 0.2], doors=SCORED)
    assert evaluate([0, 1], y_score=EYE[:2], pos_label=2).labels.positive == 2  # it has a column, though no row yet
    assert confusion_matrix(["a"], ["a"], pos_label="b").labels == ["a", "b"]
    cm = confusion_matrix(["a", "b"], ["a", "a"])
    for ask in (lambda: cm.tp, cm.ravel, lambda: cm.estimate("recall")):
        with pytest.raises(PositiveClassUnset, match=r"pos_label='b'.*recall\[b\]"):
            ask()
    with pytest.raises(UsageError, match=r"3 classes.*cm\['a'\]\.ravel\(\)"):
        confusion_matrix(list("abc"), list("abc")).ravel()


def test_declared_classes() -> None:
    """Lists that name no classes, or one twice."""
    for labels, kind in (
        ([], AmbiguousCall),
        (["a", "a"], AmbiguousCall),
        ({0: "x", 1: "x"}, AmbiguousCall),
        ("ab", LabelTypeMismatch),
        (["a", 1], LabelTypeMismatch),
        ([0.5, 1], LabelTypeMismatch),
        ([None, 1], LabelTypeMismatch),
    ):
        with pytest.raises(kind) as caught:
            confusion_matrix([0, 1], [0, 1], labels=labels)
        assert caught.value.args


def test_single_class() -> None:
    """2x2 where the class is 0 or 1 or the classes are declared; else 1x1, with a note."""
    for x, shape in (([0], 2), ([1], 2), ([True], 2), ([1.0], 2), ([5], 1), (["a"], 1)):
        cm = confusion_matrix(x * 3, x * 3)
        assert cm.counts.shape == (shape, shape)
        assert cm.total == 3
        assert ("CM-ONE-CLASS" in [f.code for f in cm.findings]) == (shape == 1)
    declared = confusion_matrix(["a"] * 3, ["a"] * 3, labels=["a", "b"])
    assert declared.counts.tolist() == [[3, 0], [0, 0]]
    assert np.isnan(declared.estimate("recall").value)
    assert declared.estimate("recall").reason == "no row is of this class"
    scored = evaluate([0, 0], y_score=[0.1, 0.9])
    assert scored.estimate("roc_auc").reason == "only one of the two classes has rows"
    assert "CM-ONE-CLASS" in [f.code for f in scored.findings]


def test_absent_and_never_predicted() -> None:
    """A matrix of full size, NaN with a reason, and a note."""
    cm = confusion_matrix(["a", "b"] * 20, ["a", "a"] * 20, labels=["a", "b", "c"])
    assert cm.counts.shape == (3, 3)
    found = cm.estimates("precision")
    assert found["b"].reason == found["c"].reason == "nothing was predicted as this class"
    assert cm.estimates("recall")["c"].reason == "no row is of this class"
    assert cm.estimate("f1@macro").left_out == ("c",)
    codes = {f.code: f.message for f in cm.findings}
    assert {"CM-ABSENT", "CM-NEVER"} <= set(codes)
    assert "'c'" in codes["CM-ABSENT"]
    assert "'b'" in codes["CM-NEVER"]
    with pytest.raises(UnknownClass, match="There is no class 'z'"):
        _ = cm["z", "a"]


def test_findings_read_well() -> None:
    """One row or a thousand: the noun follows the number."""
    for n in (1, 3):
        y, z = [0, 1] * 20, [0, 1] * 20
        odd, called = y + [None] * n + [7] * n, z + [0] * 2 * n
        cm = confusion_matrix(odd, called, labels=[0, 1], unknown="other", invalid="count")
        ties = evaluate([0, 1, 2][:n], y_score=[[0.5, 0.5, 0]] * n, labels=[0, 1, 2]).findings
        rounded = evaluate([0, 1] * n, y_score=np.float32([0.3, 0.1] * n)).at(0.3).findings
        left = confusion_matrix([*y, 9], [*z, 0], ignore=9, count=[1] * 40 + [n]).findings
        for finding in (*cm.findings, *ties, *rounded, *left):
            reads_well(finding.message)
            reads_well(finding.remedy or ".")


def test_choices_that_are_not_known() -> None:
    """Spellings of the options themselves."""
    for option in ({"label_kind": "labels"}, {"score_kind": "proba"}, {"unknown": "ignore"}, {"invalid": "drop"}):
        (name,) = option
        refused(UsageError, f"{name}='", "Choose one of", y_true=[0, 1], y_pred=[0, 1], **option)


# ── arguments ─────────────────────────────────────────────────────────────────────────────────────
def test_a_misspelt_argument_is_named_with_the_nearest() -> None:
    for name, said in (
        ("label", "Did you mean labels=?"),
        ("sample_weights", "sample_weight=?"),
        ("zzz", "There are l"),
        ("y_prob", "Type y_score=."),
        ("class_names", "Type labels=."),
        ("normalize", 'cm.normalize("true")'),
        ("average", 'estimate("f1@macro")'),
        ("threshold", "ev.at(0.5)"),
    ):
        for door in (evaluate, stream):
            with pytest.raises(UsageError, match=rf"There is no argument {name}= here\. .*{re.escape(said)}"):
                door([0, 1], [0, 1], **{name: [0, 1]})


def test_columns_that_are_given_elsewhere() -> None:
    """An argument that another call takes is no argument of this one, and no error of Python's about our insides."""
    for name in ("by", "y_true", "sample_weight", "ids"):
        with pytest.raises(UsageError, match=rf"no argument {name}= here\. It goes with the rows"):
            Stream(**{name: [0, 1]})
    with pytest.raises(UsageError, match=r"ev\.at\(0\.5\)"):
        Stream(threshold=0.5)


def test_what_is_ignored_is_of_the_kind_of_the_classes() -> None:
    """ "255" would leave out no row of 255, without a word."""
    said = ("ignore= names text ('255')", "y_true holds numbers (0, 1, 255)")
    refused(LabelTypeMismatch, *said, y_true=[0, 1, 255], y_pred=[0, 1, 1], ignore="255")
    refused(LabelTypeMismatch, "names numbers (255)", y_true=["a", "255"], y_pred=["a", "a"], ignore=[255])
    assert confusion_matrix([0, 1], [0, 1], ignore=255).total == 2  # none of this batch
    assert confusion_matrix([0, 1, 255], [0, 1, 1], ignore=[255, "void"]).total == 2


@pytest.mark.parametrize("level", ["0.9", None, [0.9], 95, 0, NAN])
def test_a_level_is_a_share(level: Any) -> None:
    with pytest.raises(UsageError, match="is no confidence level"):
        confusion_matrix([0, 1], [0, 1]).estimate("recall", level=level)


@pytest.mark.parametrize("metric", [None, 5, ["recall"]])
def test_a_metric_is_named_by_text(metric: Any) -> None:
    with pytest.raises(UsageError, match="names a metric"):
        confusion_matrix([0, 1], [0, 1]).estimate(metric)


def test_bins_and_costs_stay_where_numbers_are_numbers() -> None:
    ev = evaluate([0, 1, 1], y_score=[0.1, 0.4, 0.8])
    with pytest.raises(UsageError, match="too many"):
        ev.curve("calibration", how="equal width", bins=10**9)
    with pytest.raises(UsageError, match="beyond 1e\\+120"):
        ev.choose(cost={"fp": 1e308, "fn": 1e308})


def test_lists_of_columns_in_another_order_than_the_classes() -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("narwhals")
    rows = pd.DataFrame({"y": list("ab"), "a": [0.8, 0.3], "b": [0.2, 0.7], "p": [1, 0], "q": [0, 1]})
    with pytest.raises(AmbiguousCall, match=r"The columns of y_score are 'b', 'a', the classes 'a', 'b'.*same order"):
        evaluate_frame(rows, y_true="y", y_score=["b", "a"], labels=["a", "b"])
    assert evaluate_frame(rows, y_true="y", y_score=["a", "b"], labels=["a", "b"]).at(0.5).ravel() == (1, 0, 0, 1)
    with pytest.raises(AmbiguousCall, match="those of y_pred"):
        evaluate_frame(rows, y_true=["p", "q"], y_pred=["q", "p"], label_kind="multilabel")


def test_a_file_named_twice_is_not_counted_twice(tmp_path: Path) -> None:
    """By one name twice, by two names of one file, or by a name and a pattern that matches it."""
    pytest.importorskip("duckdb")
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("y,g\n1,1\n0,1\n", encoding="utf-8")
    one = str(tmp_path / "a.csv")
    for sources in ([one, one], [one, str(tmp_path / "." / "a.csv")], [one, str(tmp_path / "*.csv")]):
        with pytest.raises(AmbiguousCall, match=r"a\.csv is named 2 times"):
            evaluate_frame(sources, y_true="y", y_pred="g")
    assert evaluate_frame(str(tmp_path / "*.csv"), y_true="y", y_pred="g").total == 4


@pytest.mark.parametrize("truth", [[0, 1, 2, 1], ["a", "b", "c", "a"], [2, 2, 0, 0]])
def test_flattened_scores(truth: list[Any]) -> None:
    """Scores (n, K) in one long row are no steps of an epoch; of predictions, and of another factor, they may be."""
    flat = np.full((4, 3), 1 / 3).ravel()
    with pytest.raises(LengthMismatch, match=r"12 = 4 x 3 classes: .* end to end. .*y_score.reshape\(4, 3\)"):
        evaluate(truth, y_score=flat)
    with pytest.raises(LengthMismatch, match="steps were probably given in rows"):
        evaluate(truth, y_score=np.tile(flat, 2))
    with pytest.raises(LengthMismatch, match="steps were probably given in rows"):
        evaluate([0, 1, 2, 1], y_pred=[0] * 12)


@pytest.mark.parametrize("invalid", ["error", "count"])
def test_counts_of_nothing(invalid: Any) -> None:
    """Entries that stand for no row are told as that, not as scores of one class."""
    with pytest.raises(EmptyInput, match="every count is 0"):
        evaluate([0, 1], y_score=[0.2, 0.8], count=[0, 0], invalid=invalid)


@pytest.mark.parametrize("labels", [{"b", "a"}, frozenset("ab"), 2, (x for x in "ab")])
def test_classes_are_declared_in_an_order(labels: Any) -> None:
    """A set has none: which class is positive would be left to chance."""
    with pytest.raises(LabelTypeMismatch, match=r"classes have an order\..*labels=\[\.\.\.\]"):
        confusion_matrix(["a", "b"], ["a", "a"], labels=labels)
    for ordered in (["b", "a"], ("b", "a"), {"b": 1, "a": 2}.keys(), np.array(["b", "a"])):
        assert confusion_matrix(["a", "b"], ["a", "a"], labels=ordered).labels == ["b", "a"]


@pytest.mark.parametrize("given", [([0, 1], [0, 1]), (np.eye(2), ["a", "b"])])
def test_a_matrix_is_made_by_counting(given: Any) -> None:
    """PyCM's constructor has this name; here it leads to what counts."""
    with pytest.raises(UsageError, match=r"Type uc\.confusion_matrix\(y_true, y_pred\), or .*from_counts"):
        ConfusionMatrix(*given)


def test_classes_of_another_kind_are_told_as_they_were_declared() -> None:
    """By their values, which are what is compared, not by the names to show."""
    refused(LabelTypeMismatch, "y_true holds text ('0', '1'), the classes are numbers (0, 1)", y_true=["0", "1"],
            y_pred=["1", "1"], labels={0: "no", 1: "yes"})  # fmt: skip
    refused(LabelTypeMismatch, "the classes are text ('0', '1')", "labels={0: 'no', 1: 'yes'}", y_true=[0, 1],
            y_pred=[1, 1], labels={"0": "no", "1": "yes"})  # fmt: skip


@pytest.mark.parametrize("pos_label", [0, False, "cat"])
def test_labels_of_a_row_are_there_or_not(pos_label: Any) -> None:
    """Which value says so is no choice, and to pass over one would turn every rate round."""
    call = {"y_true": [[0, 1], [1, 1]], "label_kind": "multilabel", "pos_label": pos_label}
    refused(UsageError, f"pos_label={pos_label!r} was given", "pass 1 - y_true", y_pred=[[0, 1], [0, 1]], **call)
    refused(UsageError, "score is that of having it", doors=SCORED, y_score=[[0.1, 0.9], [0.2, 0.8]], **call)
    same = confusion_matrix([[0, 1], [1, 1]], [[0, 1], [0, 1]], label_kind="multilabel", pos_label=1)
    assert same == confusion_matrix([[0, 1], [1, 1]], [[0, 1], [0, 1]], label_kind="multilabel")


def test_a_matrix_is_asked_and_added_by_name() -> None:
    cm = ConfusionMatrix.from_counts([[76, 9], [17, 48]], labels=["no", "yes"])
    for place in (0, (1, 0), slice(1)):
        with pytest.raises(UnknownClass, match=r"by name, never by position\. Known: 2 classes, 'no', 'yes'"):
            cm[place]
    with pytest.raises(UsageError, match=r"not 3 labels\. Type cm\[truth, prediction\]"):
        cm["no", "yes", "no"]
    table = np.ones((2, 2), np.int64)
    for add in (lambda: cm + table, lambda: table + cm, lambda: sum([table], cm)):
        with pytest.raises(MergeRefused, match=r"array of shape \(2, 2\).*from_counts\(array, labels="):
            add()
