"""Any column, from any library: the same classes, the same scores, the same matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from unconfused import ConfusionMatrix, confusion_matrix, evaluate
from unconfused.errors import InvalidValues, LabelTypeMismatch, ScoresAsLabels, ShapeError

np_only: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "(n, 1)": lambda x: np.array(x)[:, None],
    "every second": lambda x: np.repeat(np.array(x), 2)[::2],
    "backward": lambda x: np.array(x[::-1])[::-1],
    "objects": lambda x: np.array(x, dtype=object),
    "masked": lambda x: np.ma.masked_array(x, mask=np.zeros(len(x), bool)),
}
INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
FLOATS = ["float16", "float32", "float64", "longdouble"]
Y, Z = [0, 2, 1, 1, 2, 0, 2], [0, 1, 1, 2, 2, 0, 0]
EXPECTED = [[2, 0, 0], [0, 1, 1], [1, 1, 1]]
P = [0.0, 0.25, 0.5, 0.75, 1.0, 0.125, 0.5]
B = [0, 1, 1, 0, 1, 0, 0]


def pandas_sources() -> dict[str, Callable[[list[Any]], Any]]:
    pd, pa = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    return {
        "Series": pd.Series,
        "Index": pd.Index,
        "array": pd.array,
        "one-column frame": lambda x: pd.DataFrame({"x": x}),
        "category": lambda x: pd.Series(x).astype("category"),
        "Categorical": pd.Categorical,
        "nullable": lambda x: pd.Series(x).convert_dtypes(),
        "objects": lambda x: pd.Series(x, dtype=object),
        "Arrow-backed": lambda x: pd.Series(pd.arrays.ArrowExtensionArray(pa.array(x))),
        "Arrow dictionary": lambda x: pd.Series(pd.arrays.ArrowExtensionArray(pa.array(x).dictionary_encode())),
    }


def polars_sources() -> dict[str, Callable[[list[Any]], Any]]:
    pl = pytest.importorskip("polars")
    return {"Series": pl.Series, "one-column frame": lambda x: pl.DataFrame({"x": x})}


def arrow_sources() -> dict[str, Callable[[list[Any]], Any]]:
    pa = pytest.importorskip("pyarrow")
    return {
        "Array": pa.array,
        "ChunkedArray": lambda x: pa.chunked_array([x[:2], x[2:3], x[3:]]),
        "dictionary": lambda x: pa.array(x).dictionary_encode(),
        "chunked dictionaries": lambda x: pa.chunked_array(
            [pa.array(x[:3]).dictionary_encode(), pa.array(x[3:]).dictionary_encode()]
        ),
        "one-column table": lambda x: pa.table({"x": x}),
    }


def torch_sources() -> dict[str, Callable[[list[Any]], Any]]:
    torch = pytest.importorskip("torch")
    return {
        "tensor": torch.tensor,
        "(n, 1)": lambda x: torch.tensor(x)[:, None],
        "not contiguous": lambda x: torch.tensor([x, x]).T[:, 0],
        "list of 0-d": lambda x: [torch.tensor(v) for v in x],
        "list of (1,)": lambda x: [torch.tensor([v]) for v in x],
    }


def tensorflow_sources() -> dict[str, Callable[[list[Any]], Any]]:
    tf = pytest.importorskip("tensorflow")
    return {"tensor": tf.constant, "Variable": tf.Variable, "list of 0-d": lambda x: [tf.constant(v) for v in x]}


def jax_sources() -> dict[str, Callable[[list[Any]], Any]]:
    jnp = pytest.importorskip("jax.numpy")
    return {"array": jnp.array, "list of 0-d": lambda x: list(jnp.array(x))}


LIBRARIES: dict[str, Callable[[], dict[str, Callable[[list[Any]], Any]]]] = {
    "numpy": lambda: np_only,
    "pandas": pandas_sources,
    "polars": polars_sources,
    "arrow": arrow_sources,
    "torch": torch_sources,
    "tensorflow": tensorflow_sources,
    "jax": jax_sources,
}
HOLDS_TEXT = ("numpy", "pandas", "polars", "arrow")


# ── the same matrix from every source ─────────────────────────────────────────────────────────
@pytest.mark.parametrize("library", LIBRARIES)
def test_same_matrix(library: str) -> None:
    """Whole numbers, booleans and text, on either side and on both."""
    expected = confusion_matrix(np.array(Y), np.array(Z))
    assert expected.counts.tolist() == EXPECTED
    names = ["b", "a", "ü c"]
    words = [[names[i] for i in side] for side in (Y, Z)]
    flags = [[i == 1 for i in side] for side in (Y, Z)]
    for source, make in LIBRARIES[library]().items():
        for y, z in ((make(Y), make(Z)), (make(Y), Z), (np.array(Y), make(Z))):
            if "ategor" not in source and "dictionary" not in source:
                assert confusion_matrix(y, z) == expected, source
            assert confusion_matrix(y, z).table().tolist() == EXPECTED, source
            assert [type(x) for x in confusion_matrix(y, z).labels.values] == [int] * 3, source
        both = confusion_matrix(make(flags[0]), make(flags[1]))
        assert both.ravel() == (4, 1, 1, 1), source
        assert both.labels.values == (False, True), source
        assert both.labels.positive == 1, source
        if library in HOLDS_TEXT:
            made = confusion_matrix(make(words[0]), make(words[1]))
            assert sorted(made.labels) == sorted(names), source
            assert {type(x) for x in made.labels.values} == {str}, source
            for truth, row in zip(names, EXPECTED, strict=True):
                assert [made[truth, called] for called in names] == row, source


@pytest.mark.parametrize("library", LIBRARIES)
def test_same_scores(library: str) -> None:
    """Scores, weights and counts of the same columns."""
    expected = evaluate(np.array(B), y_score=np.array(P), sample_weight=np.array(P), count=np.array(Y))
    for source, make in LIBRARIES[library]().items():
        if source == "Arrow dictionary":
            continue  # plain numbers to pandas
        if "ategor" in source or "dictionar" in source:
            with pytest.raises(LabelTypeMismatch, match="Scores are numbers"):
                evaluate(B, y_score=make(P))
            continue
        if source == "objects":
            assert evaluate(B, y_score=make(P)).tallies == evaluate(B, y_score=P).tallies
            continue
        made = evaluate(make(B), y_score=make(P), sample_weight=make(P), count=make(Y))
        assert made.tallies == expected.tallies, source


# ── NumPy ─────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_types(dtype: str) -> None:
    """Every type over its whole range: the extremes, negatives, and as many classes as it can name."""
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    edge = [low, low + 1, high - 1, high]
    y, z = np.array(edge * 3, dtype), np.array((edge * 3)[1:] + edge[:1], dtype)
    cm = confusion_matrix(y, z)
    assert cm.labels.values == tuple(edge)
    assert [[cm[a, b] for b in edge] for a in edge] == np.roll(np.eye(4) * 3, 1, axis=1).tolist()
    many = np.arange(max(low, -300), min(high, 300) + 1).astype(dtype)
    cm = confusion_matrix(many, many[::-1])
    assert cm.labels.values == tuple(int(x) for x in many)
    assert np.array_equal(cm.counts, np.eye(len(many), dtype=int)[::-1])
    assert confusion_matrix(np.array(Y, dtype), Z).counts.tolist() == EXPECTED


def test_all_256_classes_of_uint8() -> None:
    """The code of a cell does not wrap round in the type of the labels."""
    rng = np.random.default_rng(0)
    y, z = (rng.integers(0, 256, 5000).astype(np.uint8) for _ in "yz")
    expected = np.zeros((256, 256), int)
    np.add.at(expected, (y.astype(int), z.astype(int)), 1)
    assert np.array_equal(confusion_matrix(y, z, labels=range(256)).counts, expected)


def test_labels_far_apart() -> None:
    """Class ids of any size, of either sign, next to each other in one matrix."""
    for values in ([-5, 2**62], [2**63, 2**64 - 1], [-(2**63), 2**63 - 1]):
        kind = np.uint64 if min(values) >= 0 else np.int64
        y = np.array(values * 5, kind)
        assert confusion_matrix(y, y[::-1]).counts.tolist() == [[0, 5], [5, 0]]
        assert confusion_matrix(y, y).labels.values == tuple(values)
    assert confusion_matrix([2**70, 1], [2**70, 2**70]).labels.values == (1, 2**70)


@pytest.mark.parametrize("dtype", FLOATS)
def test_whole_floats(dtype: str) -> None:
    """0.0 and 1.0 are the classes 0 and 1; -0.0 is 0."""
    assert confusion_matrix(np.array(Y, dtype), Z) == confusion_matrix(Y, Z)
    assert confusion_matrix(np.array([-0.0, 0.0, 1.0], dtype), [0, 0, 1]).ravel() == (2, 0, 0, 1)
    with pytest.raises(ScoresAsLabels, match="1 fractional value "):
        confusion_matrix([0, 1], np.array([0.5, 1], dtype))


def test_text_types() -> None:
    """Fixed width, variable width, bytes and objects name the same classes."""
    y, z = ["ab", "c", "ab"], ["ab", "ab", "c"]
    kinds: list[Any] = ["U2", "U10", object, np.dtypes.StringDType(), np.dtypes.StringDType(na_object=np.nan), "S2"]
    for a in kinds:
        for b in kinds:
            cm = confusion_matrix(np.array(y, a), np.array(z, b))
            assert cm == confusion_matrix(y, z), (a, b)


@pytest.mark.parametrize("gone", [np.nan, None], ids=str)
def test_null_text(gone: Any) -> None:
    """A null of a text type is a null, not one more class."""
    column = np.array(["a", gone, "b"], np.dtypes.StringDType(na_object=gone))
    for y, z in ((column, ["a", "b", "b"]), (["a", "b", "b"], column)):
        with pytest.raises(InvalidValues, match=r"1 null, NaN or infinite label \(of 3\), in row 1"):
            confusion_matrix(y, z)
        assert confusion_matrix(y, z, invalid="count").seats == ("missing",)


def test_masked() -> None:
    """A masked row is missing, whatever stands under the mask."""
    y = np.ma.masked_array([0, 1, 77], mask=[False, False, True])
    with pytest.raises(InvalidValues, match="in row 2"):
        confusion_matrix(y, [0, 1, 1])
    cm = confusion_matrix(y, [0, 1, 1], invalid="count")
    assert cm.labels == (0, 1)
    assert cm.table().tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 0]]
    with pytest.raises(InvalidValues, match="y_score has 1 null or NaN value"):
        evaluate([0, 1, 1], y_score=np.ma.masked_array([0.5, 0.5, 0.5], mask=[False, False, True]))


def test_other_sequences() -> None:
    """Ranges count; what is no column says so."""
    assert confusion_matrix(range(3), range(3)).counts.tolist() == np.eye(3).tolist()
    for x in ("abc", 5, None, {"a": 1}, {1, 2}, iter([1]), object()):
        with pytest.raises(ShapeError, match=f"y_true is a.* {type(x).__name__}, not a column"):
            confusion_matrix(x, [1])
    with pytest.raises(ShapeError, match="ragged"):
        confusion_matrix([[1, 2], [3]], [1, 2])
    for x in (np.array(["2020-01-01"], "M8[D]"), np.array([1j]), np.array([(1, 2)], "i4,i4")):
        with pytest.raises(LabelTypeMismatch, match=r"Classes (and slices )?are"):
            confusion_matrix(x, x)


def test_readonly_and_big_endian() -> None:
    """Memory that may not be written, and bytes in the other order."""
    y = np.array(Y)
    y.setflags(write=False)
    assert confusion_matrix(y, np.array(Z, ">i4")).counts.tolist() == EXPECTED
    assert evaluate(B, y_score=np.array(P, ">f4")).tallies == evaluate(B, y_score=P).tallies


# ── categoricals ──────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("ordered", [False, True])
def test_pandas_categoricals(ordered: bool) -> None:
    """Their order is kept, classes that do not occur included; ordered ones are declared."""
    pd = pytest.importorskip("pandas")
    kind = pd.CategoricalDtype(["low", "mid", "high"], ordered=ordered)
    y, z = pd.Series(["low", "high"], dtype=kind), pd.Series(["low", "low"], dtype=kind)
    for sides in ((y, z), (y.array, z.array), (pd.Index(y), pd.Index(z))):
        cm = confusion_matrix(*sides)
        assert cm.labels == ["low", "mid", "high"]
        assert cm.labels.declared == ordered
        assert cm.counts.tolist() == [[1, 0, 0], [0, 0, 0], [1, 0, 0]]
    other = confusion_matrix(y, ["low", "mid"])
    assert other.labels == (["low", "mid", "high"] if ordered else ["high", "low", "mid"])
    with pytest.raises(InvalidValues, match=r"y_true has 1 null.* in row 1"):
        confusion_matrix(pd.Series(["low", None], dtype=kind), z)
    binary = pd.Categorical([0, 0, 0])
    assert confusion_matrix(binary, binary).counts.tolist() == [[3, 0], [0, 0]]


def test_polars_categoricals() -> None:
    """An Enum declares its order; a Categorical holds text, whatever others were made before it."""
    pl = pytest.importorskip("polars")
    pl.Series(["zebra", "b"], dtype=pl.Categorical)
    y, z = (pl.Series(x, dtype=pl.Categorical) for x in (["b", "a"], ["b", "b"]))
    assert confusion_matrix(y, z) == confusion_matrix(["b", "a"], ["b", "b"])
    grades = pl.Enum(["low", "mid", "high"])
    y, z = (pl.Series(x, dtype=grades) for x in (["low", "high"], ["low", "low"]))
    cm = confusion_matrix(y, z)
    assert cm.labels == ["low", "mid", "high"]
    assert cm.labels.declared
    assert cm.counts.tolist() == [[1, 0, 0], [0, 0, 0], [1, 0, 0]]
    with pytest.raises(InvalidValues, match="in row 0"):
        confusion_matrix(pl.Series([None, "low"], dtype=grades), z)


def test_arrow_dictionaries() -> None:
    """An ordered dictionary declares its order; nulls are missing."""
    pa = pytest.importorskip("pyarrow")
    for ordered in (False, True):
        y = pa.DictionaryArray.from_arrays(pa.array([0, 2]), pa.array(["low", "mid", "high"]), ordered=ordered)
        z = pa.DictionaryArray.from_arrays(pa.array([0, 0]), pa.array(["low", "mid", "high"]), ordered=ordered)
        cm = confusion_matrix(y, z)
        assert cm.labels == ["low", "mid", "high"]
        assert cm.labels.declared == ordered
        assert cm.counts.tolist() == [[1, 0, 0], [0, 0, 0], [1, 0, 0]]
    with pytest.raises(InvalidValues, match="in row 1"):
        confusion_matrix(pa.array(["low", None]).dictionary_encode(), ["low", "low"])


# ── nulls ─────────────────────────────────────────────────────────────────────────────────────
def with_nulls() -> dict[str, Any]:
    pd, pl, pa = (pytest.importorskip(x) for x in ("pandas", "polars", "pyarrow"))
    values = [1, None, 0, None]
    words = ["a", None, "b", None]
    return {
        "list": values,
        "list with NA": [1, pd.NA, 0, pd.NA],
        "pandas Int64": pd.Series(values, dtype="Int64"),
        "pandas boolean": pd.Series([True, None, False, None], dtype="boolean"),
        "pandas Float64": pd.Series(values, dtype="Float64"),
        "pandas float": pd.Series(values, dtype=float),
        "pandas str": pd.Series(words, dtype="str"),
        "pandas string": pd.Series(words, dtype="string"),
        "pandas objects": pd.Series(words, dtype=object),
        "pandas Arrow int": pd.Series(values, dtype="int64[pyarrow]"),
        "pandas Arrow text": pd.Series(words, dtype=pd.ArrowDtype(pa.string())),
        "polars int": pl.Series(values),
        "polars bool": pl.Series([True, None, False, None]),
        "polars text": pl.Series(words),
        "polars float": pl.Series([1.0, None, 0.0, float("nan")]),
        "arrow int": pa.array(values),
        "arrow chunks": pa.chunked_array([[1, None], [0], [None]]),
        "arrow bool": pa.array([True, None, False, None]),
        "arrow text": pa.array(words),
        "arrow decimal": pa.array(values, pa.decimal128(5, 2)),
        "arrow float": pa.array([1.0, None, 0.0, float("nan")]),
    }  # fmt: skip


def test_nulls() -> None:
    """Two of four are missing, in rows 1 and 3, whoever says it."""
    for source, column in with_nulls().items():
        with pytest.raises(InvalidValues, match=r"2 null, NaN or infinite labels \(of 4\), first in rows 1, 3") as said:
            confusion_matrix(column, column)
        assert str(said.value).startswith("y_true has"), source
        cm = confusion_matrix(column, column, invalid="count")
        assert cm.seats == ("missing",), source
        assert cm.table().tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 2]], source
        assert cm.total == 4, source


def test_decimals() -> None:
    """Whole decimals are whole numbers; as scores they are floats."""
    pd, pl, pa = (pytest.importorskip(x) for x in ("pandas", "polars", "pyarrow"))
    for kind in (pa.decimal128(5, 2), pa.decimal256(40, 0)):
        column = pa.array(B, kind)
        for x in (column, pa.chunked_array([column]), pd.Series(B, dtype=pd.ArrowDtype(kind))):
            assert confusion_matrix(x, B).ravel() == (4, 0, 0, 3)
    half = pa.array(P).cast(pa.decimal128(5, 3))
    for x in (half, pd.Series(pd.arrays.ArrowExtensionArray(half)), pl.Series(half)):
        assert evaluate(B, y_score=x).tallies == evaluate(B, y_score=P).tallies
        with pytest.raises(ScoresAsLabels, match="5 fractional values"):
            confusion_matrix(B, x)


# ── tensors ───────────────────────────────────────────────────────────────────────────────────
def tensor_makers() -> dict[str, Callable[[Any, str], Any]]:
    torch, tf, jnp = (pytest.importorskip(x) for x in ("torch", "tensorflow", "jax.numpy"))
    return {
        "torch": lambda x, kind: torch.tensor(x, dtype=getattr(torch, kind)),
        "tensorflow": lambda x, kind: tf.constant(x, dtype=getattr(tf, kind)),
        "jax": lambda x, kind: jnp.array(x, dtype=getattr(jnp, kind)),
    }


@pytest.mark.parametrize("kind", ["bfloat16", "float16", "float32"])
def test_short_floats(kind: str) -> None:
    """Labels, scores and class probabilities of 16 bits, compared as float64."""
    raw = np.random.default_rng(0).normal(size=(30, 3))
    softmax: NDArray[Any] = np.exp(raw) / np.exp(raw).sum(1, keepdims=True)
    truth = np.arange(30) % 3
    for library, make in tensor_makers().items():
        assert confusion_matrix(make(Y, kind), make(Z, kind)).counts.tolist() == EXPECTED, library
        assert evaluate(make(B, kind), y_score=make(P, kind)).tallies == evaluate(B, y_score=P).tallies, library
        p = make(softmax.tolist(), kind)
        rounded = np.array(p.tolist() if hasattr(p, "tolist") else p.numpy().astype(np.float64).tolist())
        ev = evaluate(truth, y_score=p)
        assert np.array_equal(np.unique(rounded[:, 1]), ev["1"].scores.scores), library
        assert np.array_equal(ev.matrix.counts, confusion_matrix(truth, rounded.argmax(1)).counts), library


def test_one_row() -> None:
    """A batch of one, as (1,), (1, 1), and as a tensor without any axis."""
    for library, make in tensor_makers().items():
        for x in (1, [1], [[1]]):
            assert confusion_matrix(make(x, "int32"), make(x, "int32")).ravel() == (0, 0, 0, 1), library
            made = evaluate(make(x, "int32"), y_score=make(np.array(x) * 0.5, "float32"))
            assert made.at(0.5).ravel() == (0, 0, 0, 1), library
    assert evaluate(np.array(1), y_score=np.float64(0.5)).at(0.5).tp == 1


def test_gradients_and_views() -> None:
    """Tensors that carry a gradient, conjugate nothing, and are not contiguous."""
    torch = pytest.importorskip("torch")
    p = torch.tensor(P, requires_grad=True)
    assert evaluate(torch.tensor(B), y_score=p).tallies == evaluate(B, y_score=P).tallies
    assert p.requires_grad
    assert evaluate(B, y_score=(p * 1).sqrt() ** 2).scores is not None
    assert evaluate(B, y_score=list(p)).tallies == evaluate(B, y_score=P).tallies
    logits = torch.tensor([P, [1 - x for x in P]]).T
    assert not logits.is_contiguous()
    assert evaluate(B, y_score=logits, pos_label=0).tallies == evaluate(B, y_score=P, pos_label=0).tallies
    several = [torch.tensor([0, 1]), torch.tensor([1])]
    with pytest.raises(ShapeError, match=r"y_pred is ragged.*np\.concatenate"):
        confusion_matrix([0, 1, 1], several)


def test_frames_of_several_columns() -> None:
    """Class probabilities and labels side by side in a frame."""
    pd, pl, pa = (pytest.importorskip(x) for x in ("pandas", "polars", "pyarrow"))
    columns = {"a": [0.2, 0.5, 0.1], "b": [0.3, 0.25, 0.8], "c": [0.5, 0.25, 0.1]}
    expected: ConfusionMatrix = evaluate([2, 0, 0], y_score=np.array(list(columns.values())).T).matrix
    for frame in (pd.DataFrame(columns), pl.DataFrame(columns), pa.table(columns)):
        assert evaluate([2, 0, 0], y_score=frame).matrix == expected
    bits = {"x": [0, 1, 1], "y": [1, 1, 0]}
    for frame in (pd.DataFrame(bits), pl.DataFrame(bits), pa.table(bits), pd.DataFrame(bits).astype(bool)):
        made = evaluate(frame, frame, label_kind="multilabel", labels=["x", "y"]).matrix
        assert {name: cm.ravel() for name, cm in made.items()} == {"x": (1, 0, 0, 2), "y": (1, 0, 0, 2)}
