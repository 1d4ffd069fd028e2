"""The same table through every library gives the same tally."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("duckdb")
pytest.importorskip("narwhals")

from unconfused.errors import AmbiguousCall, InputError, InvalidValues, UnconfusedError, UnknownColumn, UsageError
from unconfused.ingest.frames import columns
from unconfused.passes import evaluate
from unconfused.tables import evaluate_frame
from unconfused.tally.scores import ScoreTally

RNG = np.random.default_rng(3)
ROWS = 200
DATA: dict[str, list[Any]] = {
    "the label": [["no", "yes, é", ' "x" '][i] for i in RNG.integers(3, size=ROWS)],
    "guess": [["no", "yes, é", ' "x" '][i] for i in RNG.integers(3, size=ROWS)],
    "y": RNG.integers(2, size=ROWS).tolist(),
    "p": RNG.random(ROWS).tolist(),
    "w": RNG.random(ROWS).tolist(),
    "n": RNG.integers(1, 5, size=ROWS).tolist(),
}


def as_csv(path: Path) -> Any:
    pl = pytest.importorskip("polars")
    pl.DataFrame(DATA).write_csv(path / "a.csv")
    return path / "a.csv"


def as_jsonl(path: Path) -> Any:
    pl = pytest.importorskip("polars")
    pl.DataFrame(DATA).write_ndjson(path / "a.jsonl")
    return str(path / "a.jsonl")


def as_parquet(path: Path) -> Any:
    pl = pytest.importorskip("polars")
    pl.DataFrame(DATA).write_parquet(path / "a.parquet")
    return str(path / "a.parquet")


def as_relation(path: Path) -> Any:
    duckdb = pytest.importorskip("duckdb")
    return duckdb.connect().from_parquet(as_parquet(path))


SOURCES: dict[str, Callable[[Path], Any]] = {
    "csv": as_csv,
    "jsonl": as_jsonl,
    "parquet": as_parquet,
    "pandas": lambda path: pytest.importorskip("pandas").DataFrame(DATA, index=np.arange(ROWS)[::-1]),
    "pandas-arrow": lambda path: pytest.importorskip("pandas").DataFrame(DATA).convert_dtypes(dtype_backend="pyarrow"),
    "polars": lambda path: pytest.importorskip("polars").DataFrame(DATA),
    "polars-lazy": lambda path: pytest.importorskip("polars").LazyFrame(DATA),
    "pyarrow": lambda path: pytest.importorskip("pyarrow").table(DATA),
    "duckdb": as_relation,
}


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())
def test_same_tally(make: Callable[[Path], Any], tmp_path: Path) -> None:
    """Classes, scores, weights and counts: equal to the array result to the bit."""
    table = make(tmp_path)
    by_class = evaluate(DATA["the label"], DATA["guess"], count=DATA["n"])
    assert evaluate_frame(table, y_true="the label", y_pred="guess", count="n").tallies == by_class.tallies
    scored = evaluate(DATA["y"], y_score=DATA["p"], sample_weight=DATA["w"])
    exact = evaluate_frame(table, y_true="y", y_score="p", sample_weight="w", grid="exact")
    assert exact.tallies == scored.tallies
    binned = evaluate(DATA["y"], y_score=DATA["p"], grid="folded", count=DATA["n"])
    assert evaluate_frame(table, y_true="y", y_score="p", count="n").tallies == binned.tallies


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())
def test_several_scores(make: Callable[[Path], Any], tmp_path: Path) -> None:
    """A list of columns is one score of several classes."""
    found = columns(make(tmp_path), {"y_true": "y", "y_score": ["p", "w", "n"]})
    expected = np.stack([DATA["p"], DATA["w"], DATA["n"]], 1).astype(float)
    np.testing.assert_array_equal(found["y_score"], expected)


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())
def test_unknown_column(make: Callable[[Path], Any], tmp_path: Path) -> None:
    """Every library refuses in the same words."""
    said = r"no column 'guesss'\. Did you mean 'guess'.*'the label', 'guess', 'y', 'p'"
    with pytest.raises(UnknownColumn, match=said):
        columns(make(tmp_path), {"y_true": "guesss"})


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())
def test_a_column_where_its_name_belongs(make: Callable[[Path], Any], tmp_path: Path) -> None:
    """``y_true=frame["y"]`` is refused with what to type, whatever holds the rows."""
    column = pytest.importorskip("pandas").Series(DATA["y"])
    with pytest.raises(UsageError, match=r"y_true= holds a Series, not the name of a column.*y_true=\"NAME\""):
        evaluate_frame(make(tmp_path), y_true=column, y_score="p")  # type: ignore[arg-type]


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())
def test_nulls(make: Callable[[Path], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nulls are refused with the same count everywhere, and counted alike on request."""
    monkeypatch.setitem(DATA, "p", [None if i % 50 == 7 else p for i, p in enumerate(DATA["p"])])
    table = make(tmp_path)
    with pytest.raises(InvalidValues, match="4 null or NaN"):
        evaluate_frame(table, y_true="y", y_score="p")
    counted = evaluate_frame(table, y_true="y", y_score="p", invalid="count")
    scores = [np.nan if p is None else p for p in DATA["p"]]
    expected = evaluate(DATA["y"], y_score=scores, invalid="count", grid="folded").tallies
    assert isinstance(counted.scores, ScoreTally)
    assert isinstance(expected.scores, ScoreTally)
    assert np.array_equal(counted.scores.full, expected.scores.full)
    assert counted.scores.evidence["null"] + counted.scores.evidence["nan"] == 4


def test_categories() -> None:
    """The order of an ordered categorical survives."""
    pd = pytest.importorskip("pandas")
    grades = pd.Categorical(["high", "low", "mid"], ["low", "mid", "high"], ordered=True)
    frame = pd.DataFrame({"y": grades, "g": grades})
    assert evaluate_frame(frame, y_true="y", y_pred="g").labels == ["low", "mid", "high"]


def test_columns_that_are_no_text() -> None:
    """pandas names columns by number too; the same name twice is refused."""
    pd = pytest.importorskip("pandas")
    assert list(columns(pd.DataFrame([[5, 6]]), {"y_true": 1})["y_true"]) == [6]
    with pytest.raises(AmbiguousCall, match="one name"):
        columns(pd.DataFrame([[1, 2]], columns=["a", "a"]), {"y_true": "a"})


@pytest.mark.parametrize("source", [[1, 2], {"y": [1]}, 7, None, [], [None]])
def test_no_table(source: Any) -> None:
    """What is no table is refused by its type."""
    with pytest.raises(InputError, match=r"no table.*Pass a path"):
        columns(source, {"y_true": "y"})


def test_text_in_scores() -> None:
    """Text beside numbers in several score columns."""
    pl = pytest.importorskip("polars")
    with pytest.raises(UnconfusedError, match="numbers"):
        columns(pl.DataFrame({"y": [1], "a": ["x"], "b": [0.5]}), {"y_true": "y", "y_score": ["a", "b"]})
