"""A second look at a table: in pieces, of the bins that matter alone, ending exact; or refused, with the numbers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

duckdb = pytest.importorskip("duckdb")
pytest.importorskip("narwhals")
pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")

from border import elsewhere  # noqa: E402
from border.elsewhere import HOSTILE, PLAIN, REFINED, Columns  # noqa: E402
from laws.strategies import alike  # noqa: E402

import unconfused as uc  # noqa: E402
from unconfused import again  # noqa: E402
from unconfused.errors import InputError, UsageError  # noqa: E402
from unconfused.ingest import frames  # noqa: E402
from unconfused.tally import opened  # noqa: E402

PIECE = 90


@pytest.fixture(autouse=True)
def in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many rows at a time."""
    monkeypatch.setattr(frames, "PIECE", PIECE)


def arrow(data: Columns) -> Any:
    return pa.table({name: pa.array(x, from_pandas=False) for name, x in data.items()})


def parquet(data: Columns, folder: Path) -> str:
    pytest.importorskip("pyarrow.parquet").write_table(arrow(data), folder / "a.parquet", row_group_size=50)
    return str(folder / "a.parquet")


def in_files(data: Columns, folder: Path) -> str:
    """Several, by a pattern."""
    table = arrow(data)
    for i in range(0, len(table), 130):
        pytest.importorskip("pyarrow.parquet").write_table(table.slice(i, 130), folder / f"part{i:04}.parquet")
    return str(folder / "part*.parquet")


def text(data: Columns, folder: Path, ending: str) -> str:
    frame = pl.DataFrame(data, strict=False)
    (frame.write_csv if ending == "csv" else frame.write_ndjson)(folder / f"a.{ending}")
    return str(folder / f"a.{ending}")


def ipc(data: Columns, folder: Path) -> str:
    with pa.ipc.new_file(str(folder / "a.arrow"), arrow(data).schema) as file:
        file.write_table(arrow(data), max_chunksize=70)
    return str(folder / "a.arrow")


def pandas(data: Columns) -> Any:
    made = pytest.importorskip("pandas")
    return made.DataFrame({name: made.Series(x, dtype=object if None in x else None) for name, x in data.items()})


SOURCES: dict[str, Callable[[Columns, Path], Any]] = {
    "Parquet": parquet,
    "files": in_files,
    "CSV": lambda data, folder: text(data, folder, "csv"),
    "JSON lines": lambda data, folder: text(data, folder, "jsonl"),
    "IPC": ipc,
    "pandas": lambda data, folder: pandas(data),
    "Polars": lambda data, folder: pl.DataFrame(data, strict=False),
    "lazy": lambda data, folder: pl.LazyFrame(data, strict=False),
    "Arrow": lambda data, folder: arrow(data),
    "dataset": lambda data, folder: pytest.importorskip("pyarrow.dataset").dataset(parquet(data, folder)),
    "reader": lambda data, folder: arrow(data).to_reader(70),
    "relation": lambda data, folder: duckdb.connect().from_parquet(parquet(data, folder)),
}


def used(data: Columns) -> Columns:
    """Without the columns that are never asked for, some of which no file can hold."""
    return {name: x for name, x in data.items() if name not in (elsewhere.ODD, "small", "few")}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", REFINED)
def test_ends_exact(name: str, source: str, tmp_path: Path) -> None:
    """Of every source that can be read in pieces, the reader too, which is written to a file first."""
    elsewhere.check_refined(SOURCES[source](used(PLAIN), tmp_path), name)


@pytest.mark.parametrize("source", ["Parquet", "CSV", "Polars", "relation"])
def test_rows_that_have_no_score(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stay in their seats."""
    monkeypatch.setattr(frames, "PIECE", 12)
    elsewhere.check_refined_hostile(SOURCES[source](HOSTILE, tmp_path))


def test_labels_for_each_row(tmp_path: Path) -> None:
    """Of a multilabel problem every label has bins of its own."""
    data = {"a": PLAIN["y"], "b": PLAIN["y"][::-1], "p": PLAIN["q"], "q": PLAIN["p"]}
    how: dict[str, Any] = {"label_kind": "multilabel", "grid": "folded(2)", "refine": True}
    made = uc.evaluate_frame(parquet(data, tmp_path), y_true=["a", "b"], y_score=["p", "q"], **how)
    columns = [np.stack([data[x] for x in names], 1) for names in (("a", "b"), ("p", "q"))]
    assert alike(made.tallies, uc.evaluate(columns[0], y_score=columns[1], **how).tallies)


@given(scores=st.lists(st.sampled_from([0.0, 5e-324, 1e-300, 0.1, 0.1000001, 0.11, 0.5, 1 - 2**-53, 1.0]), min_size=2),
       seed=st.integers(0, 99), what=st.sampled_from([True, "order"]), pins=st.sampled_from([None, (), [0.1000001]]),
       grid=st.sampled_from(["folded(1)", "folded(12)", "uniform(2)", "floatbits(2)"]))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_scores(scores: list[float], seed: int, what: Any, pins: Any, grid: str) -> None:
    """Ends, denormals, ties, pins: the same as of all rows at once, however few lie in a piece."""
    truth = np.random.default_rng(seed).integers(2, size=len(scores))
    how = {"score_kind": "raw" if grid.startswith("float") else "probability", "grid": grid, "refine": what}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "PIECE", 3)
        made = uc.evaluate_frame(pa.table({"y": truth, "p": scores}), y_true="y", y_score="p", pins=pins, **how)
    assert made.tallies == uc.evaluate(truth, y_score=np.array(scores), pins=pins, **how).tallies


def test_pins_that_are_read_once() -> None:
    """An iterator is the same thresholds at both looks."""
    table = arrow({"y": PLAIN["y"], "p": PLAIN["q"]})
    made = uc.evaluate_frame(table, y_true="y", y_score="p", pins=(x for x in [0.123]), refine=True)
    assert made.tallies == uc.evaluate(PLAIN["y"], y_score=PLAIN["q"], grid="folded", pins=[0.123], refine=True).tallies


def test_nothing_is_open_nothing_is_read_again() -> None:
    """One pass where every bin holds one score."""
    looks: list[int] = []

    class Frame:
        """What gives its rows as Arrow again and again."""

        def __arrow_c_stream__(self, requested: Any = None) -> Any:
            looks.append(1)
            return arrow({"y": [0, 1] * 200, "p": [0.25, 0.75] * 200}).__arrow_c_stream__(requested)

    made = uc.evaluate_frame(Frame(), y_true="y", y_score="p", refine=True)
    assert (len(made.scores.scores), looks) == (2, [1])


# ── what is kept ──────────────────────────────────────────────────────────────────────────────
def test_only_the_rows_that_matter_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 40,000 rows the 400 in bins that hold several scores."""
    kept: list[int] = []
    exact = opened.looked_at

    def seen(coarse: Any, rows: Any, what: Any) -> Any:
        kept.append(rows.total)
        return exact(coarse, rows, what)

    monkeypatch.setattr(again, "looked_at", seen)
    monkeypatch.setattr(frames, "PIECE", 1 << 12)
    rng = np.random.default_rng(0)
    p = np.append(np.full(39_600, 0.25), rng.uniform(0.6, 0.9, 400))
    y = rng.integers(2, size=p.size)
    made = uc.evaluate_frame(
        pa.table({"y": y, "p": p}), y_true="y", y_score="p", grid="folded(1)", pins=(), refine=True
    )
    assert kept == [400]
    assert made.estimate("roc_auc").value == uc.evaluate(y, y_score=p).estimate("roc_auc").value


@pytest.mark.parametrize("most", [1, 2, 3, 32])
def test_stretches_of_scores(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database is asked for few, which hold all open bins and leave out the gaps with the most rows."""
    monkeypatch.setattr(opened, "RANGES", most)
    p = [0.3, 0.31, *[0.4] * 5, 0.6, 0.61, *[0.7] * 90, 0.8, 0.81, *[0.9] * 30, 0.95, 0.951]
    coarse = uc.evaluate(np.arange(len(p)) % 2, y_score=p, grid="folded(3)", pins=()).scores
    (found,) = opened.Opened.of([coarse], True).ranges
    whole = [(0.3, 0.31), (0.6, 0.61), (0.8, 0.81), (0.95, 0.951)]
    gone = {1: [], 2: [1], 3: [1, 2], 32: [0, 1, 2]}[most]
    starts, ends = [0, *(x + 1 for x in gone)], [*gone, 3]
    assert list(found) == [(whole[a][0], whole[b][1]) for a, b in zip(starts, ends, strict=True)]


def test_too_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused before they are read, with how many there are and what to type."""
    table = arrow({"y": PLAIN["y"], "p": PLAIN["q"]})
    monkeypatch.setattr(again, "MOST", 100)
    how: dict[str, Any] = {"y_true": "y", "y_score": "p", "grid": "folded(2)", "pins": ()}
    coarse = uc.evaluate_frame(table, **how).scores
    rows = {x: int(coarse.full[1:][opened.open_cells(coarse, x)].sum()) for x in (True, "order")}
    with pytest.raises(UsageError, match=rf"refine=True would keep the scores of {rows[True]} rows") as error:
        uc.evaluate_frame(table, **how, refine=True)
    assert rows["order"] > 100
    assert "100 rows are the most" in str(error.value)
    assert 'refine="order"' not in str(error.value)
    with pytest.raises(UsageError, match="pins="):
        uc.evaluate_frame(table, **how, refine="order")
    monkeypatch.setattr(again, "MOST", rows[True])
    assert uc.evaluate_frame(table, **how, refine=True).total == len(PLAIN["y"])


def test_fewer_rows_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order alone, where that takes few enough."""
    p = np.append(np.linspace(0.01, 0.2, 500), [0.6, 0.61, 0.62])
    y = np.append(np.zeros(500, int), [0, 1, 1])
    monkeypatch.setattr(again, "MOST", 10)
    with pytest.raises(UsageError, match=r'refine="order" \(3 rows\)'):
        uc.evaluate_frame(pa.table({"y": y, "p": p}), y_true="y", y_score="p", grid="folded(1)", pins=(), refine=True)


# ── sources that change, or end ───────────────────────────────────────────────────────────────
CHANGES: dict[str, Callable[[list[int], list[float]], tuple[list[int], list[float]]]] = {
    "a row less": lambda y, p: (y[:-1], p[:-1]),
    "a row more": lambda y, p: ([*y, 1], [*p, 0.31]),
    "another score": lambda y, p: (y, [0.3000001, *p[1:]]),
    "another class": lambda y, p: ([1 - y[0], *y[1:]], p),
    "no rows": lambda y, p: ([], []),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("more", ["", "w", "by"])
def test_a_table_that_changes(change: str, more: str) -> None:
    """An error with the bins and the numbers, never a value."""
    y, p = [0, 1] * 200, [0.3, *(0.3 + i / 10_000 for i in range(399))]
    given: dict[str, Any] = {"": {}, "w": {"sample_weight": "w"}, "by": {"by": ["c"]}}[more]
    first, second = ((y, p), CHANGES[change](y, p))
    schema = pa.schema([("y", pa.int64()), ("p", pa.float64()), ("w", pa.float64()), ("c", pa.string())])
    looks: list[int] = []

    def batches() -> Iterator[Any]:
        a, b = first if len(looks) == 1 else second
        rows = {"y": a, "p": b, "w": [0.5] * len(a), "c": ["x"] * len(a)}
        yield from pa.table(rows, schema=schema).to_batches(max_chunksize=PIECE)

    class Changing:
        """A table of PyArrow that is another one each time it is read."""

        def __init__(self) -> None:
            self.schema = schema

        def scanner(self) -> None:
            """That it has one says that it is a dataset."""

        def to_batches(self, columns: list[str], **how: Any) -> Iterator[Any]:
            looks.append(1)
            return (x.select(columns) for x in batches())

    Changing.__module__ = "pyarrow._dataset"  # as those of which it is one
    with pytest.raises(UsageError, match=r"hold other rows at the second look.*rows") as error:
        uc.evaluate_frame(Changing(), y_true="y", y_score="p", grid="folded(3)", pins=(), refine=True, **given)
    assert len(looks) == 2
    assert re.search(r"\d+ of \d+ bins?", str(error.value))
    assert 'grid="exact"' in str(error.value)


def test_weights_that_change() -> None:
    """Also where each bin holds as many rows of the same scores."""
    data = {"y": PLAIN["y"], "p": PLAIN["q"], "w": PLAIN["w"]}
    connection = duckdb.connect()
    connection.register("rows", arrow(data))
    relation = connection.sql("select y, p, random() as w from rows")
    with pytest.raises(UsageError, match="rows of other scores, classes or weights"):
        uc.evaluate_frame(relation, y_true="y", y_score="p", sample_weight="w", pins=(), refine=True)


def test_a_relation_that_can_be_read_once() -> None:
    """DuckDB says so itself since its second version; before, it finds nothing, which is told by the numbers."""
    connection = duckdb.connect()
    connection.register("rows", arrow({"y": PLAIN["y"], "p": PLAIN["q"]}).to_reader(50))
    with pytest.raises(UsageError, match=r"(cannot be read again|rows and then 0\.).*read once"):
        uc.evaluate_frame(connection.table("rows"), y_true="y", y_score="p", pins=(), refine=True)


def test_a_generator_is_no_table() -> None:
    """Rows that nobody keeps are refused before anything is read."""
    with pytest.raises(InputError, match="generator is no table"):
        uc.evaluate_frame((x for x in [1]), y_true="y", y_score="p", refine=True)


# ── memory ────────────────────────────────────────────────────────────────────────────────────
MEASURE = """
import json, resource, sys
import unconfused as uc
from unconfused.ingest import frames
frames.PIECE = 1 << 17
ev = uc.evaluate_frame(sys.argv[1], y_true="y", y_score="p", grid="folded(4)", pins=(), **json.loads(sys.argv[2]))
print(json.dumps([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, len(ev.scores.scores)]))
"""


def test_memory_grows_with_the_rows_that_matter(tmp_path: Path) -> None:
    """Of two million rows a few thousand lie in open bins: a second look takes hardly more than the first."""
    pq = pytest.importorskip("pyarrow.parquet")
    rng, n = np.random.default_rng(0), 2_000_000
    p = np.where(rng.random(n) < 0.002, rng.random(n), 2.0 ** -rng.integers(1, 40, n))
    table = pa.table({"y": (rng.random(n) < 0.5).astype(np.int8), "p": p})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=1 << 17)

    def peak(**how: Any) -> tuple[int, int]:
        command = [sys.executable, "-c", MEASURE, str(tmp_path / "a.parquet"), json.dumps(how)]
        made = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
        size, places = json.loads(made.stdout)
        return size, places

    (one, _), (two, places) = peak(), peak(refine=True)
    assert 3_000 < places < 6_000
    assert two - one < 48 << 20  # all scores and labels are 18 MB as they lie, and some 200 MB in memory as tallies
