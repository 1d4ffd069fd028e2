"""Files in pieces, and slices of tables: the same tally as of all rows at once, and the same errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("duckdb")
pytest.importorskip("narwhals")
pytest.importorskip("polars")

import unconfused as uc
from unconfused.errors import InvalidValues, LabelTypeMismatch, UnconfusedError, UnknownColumn, UsageError
from unconfused.ingest import frames, sliced

pl = pytest.importorskip("polars")
RNG = np.random.default_rng(8)
N = 300
DATA: dict[str, list[Any]] = {
    "y": RNG.integers(2, size=N).tolist(),
    "p": RNG.random(N).round(3).tolist(),
    "guess": [["no", "yes", "ä b"][i] for i in RNG.integers(3, size=N)],
    "truth": [["no", "yes", "ä b"][i] for i in RNG.integers(3, size=N)],
    "w": RNG.integers(1, 4, size=N).tolist(),
    "country": [["DE", "US", None][i] for i in RNG.integers(3, size=N)],
    "zone": RNG.integers(4, size=N).tolist(),
    "age": RNG.uniform(1, 90, size=N).round(1).tolist(),
}
WRITERS = {"csv": "write_csv", "jsonl": "write_ndjson", "parquet": "write_parquet"}
BY = {"by": ["country", ("country", "zone"), "age"], "edges": {"age": [20, 40]}}


def written(folder: Path, ending: str, data: Any = None, name: str = "a") -> str:
    path = folder / f"{name}.{ending}"
    getattr(pl.DataFrame(DATA if data is None else data), WRITERS[ending])(path)
    return str(path)


def expected(**how: Any) -> Any:
    columns = {name: np.array(x, object) if name == "country" else x for name, x in DATA.items()}
    by = {"country": columns["country"], ("country", "zone"): (columns["country"], columns["zone"]), "age": DATA["age"]}
    return uc.evaluate(DATA["y"], y_score=DATA["p"], by=by, edges=BY["edges"], **how)


# ── slices of tables ──────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("source", ["csv", "jsonl", "parquet", "polars", "lazy", "pandas", "pyarrow", "duckdb"])
def test_slices_of_every_source(source: str, tmp_path: Path) -> None:
    """Equal to those of the columns, keys included; nulls are missing."""
    frame = pl.DataFrame(DATA)
    tables: dict[str, Any] = {
        "polars": lambda: frame, "lazy": frame.lazy,
        "pandas": lambda: pytest.importorskip("pandas").DataFrame(DATA),
        "pyarrow": lambda: pytest.importorskip("pyarrow").table(DATA),
        "duckdb": lambda: pytest.importorskip("duckdb").connect().from_parquet(written(tmp_path, "parquet")),
    }  # fmt: skip
    table = written(tmp_path, source) if source in WRITERS else tables[source]()
    ev = uc.evaluate_frame(table, y_true="y", y_score="p", **BY)
    assert ev.tallies == expected(grid="folded").tallies
    assert ev.by["country"]["missing"].total == DATA["country"].count(None)


def test_columns_to_slice_by_are_judged_alone(tmp_path: Path) -> None:
    """Text in one does not make the labels text; fractional numbers need edges; what is no number is told by line."""
    path = tmp_path / "a.csv"
    path.write_text("y,p,c,x\n1,0.9,1,0.5\n0,0.1,a,1.5\n")
    ev = uc.evaluate_frame(path, y_true="y", y_score="p", by=["c"])
    assert (ev.labels, list(ev.by["c"])) == ((0, 1), ["1", "a"])
    with pytest.raises(InvalidValues, match=r"'x' holds fractional.*edges="):
        uc.evaluate_frame(path, y_true="y", y_score="p", by=["x"])
    with pytest.raises(InvalidValues, match=r"'a' in column 'c' \(line 3 of .*edges takes numbers"):
        uc.evaluate_frame(path, y_true="y", y_score="p", by=["c"], edges={"c": [1]})
    with pytest.raises(UnknownColumn, match="'d'"):
        uc.evaluate_frame(path, y_true="y", y_score="p", by=["d"])
    for by in ([], [1], {"c": 1}):
        with pytest.raises(UsageError, match="names columns of the table"):
            uc.evaluate_frame(path, y_true="y", y_score="p", by=by)


# ── pieces ────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(params=[47, N])
def piece(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Rows that are read at a time."""
    monkeypatch.setattr(frames, "PIECE", request.param)
    return int(request.param)


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("grid", ["exact", "folded", "uniform(64)"])
def test_any_piece_gives_the_same(ending: str, grid: str, piece: int, tmp_path: Path) -> None:
    """Scores, weights, classes, slices."""
    path = written(tmp_path, ending)
    assert uc.evaluate_frame(path, y_true="y", y_score="p", grid=grid, **BY).tallies == expected(grid=grid).tallies
    weighted = uc.evaluate_frame(path, y_true="y", y_score="p", sample_weight="w", grid=grid)
    assert weighted.tallies == uc.evaluate(DATA["y"], y_score=DATA["p"], sample_weight=DATA["w"], grid=grid).tallies
    classes = uc.evaluate_frame(path, y_true="truth", y_pred="guess")
    assert classes.tallies == uc.evaluate(DATA["truth"], DATA["guess"]).tallies


@pytest.mark.parametrize("ending", WRITERS)
def test_several_files(ending: str, piece: int, tmp_path: Path) -> None:
    """One after the other, cut where each ends."""
    for i in range(3):
        written(tmp_path, ending, {name: x[100 * i : 100 * i + 100] for name, x in DATA.items()}, f"part{i}")
    found = uc.evaluate_frame(str(tmp_path / f"part*.{ending}"), y_true="y", y_score="p", **BY)
    assert found.tallies == expected(grid="folded").tallies


@pytest.mark.parametrize("ending", WRITERS)
def test_the_same_errors(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In pieces as at once, with the rows counted over all pieces."""
    bad = DATA | {"p": [None if i % 70 == 9 else x for i, x in enumerate(DATA["p"])],
                  "far": [2.0 if i == 250 else x for i, x in enumerate(DATA["p"])]}  # fmt: skip
    path, told = written(tmp_path, ending, bad), []
    for size in (1 << 20, 32):
        monkeypatch.setattr(frames, "PIECE", size)
        for column in ("p", "far", "guess", "nowhere"):
            with pytest.raises(UnconfusedError) as error:
                uc.evaluate_frame(path, y_true="y", y_score=column)
            told.append((type(error.value), str(error.value)))
    assert told[:4] == told[4:]


def test_files_of_two_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text in one Parquet file and numbers in the next are refused in pieces too."""
    monkeypatch.setattr(frames, "PIECE", 2)
    written(tmp_path, "parquet", {"y": [1, 0, 1], "p": [0.5, 0.1, 0.2]}, "a")
    written(tmp_path, "parquet", {"y": ["1", "0", "1"], "p": [0.5, 0.1, 0.2]}, "b")
    with pytest.raises(LabelTypeMismatch, match=r"'y' is int64 in .*a\.parquet and text in .*b\.parquet"):
        uc.evaluate_frame(str(tmp_path / "*.parquet"), y_true="y", y_score="p")


def test_a_piece_of_one_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Classes that a piece does not hold are those of the whole."""
    monkeypatch.setattr(frames, "PIECE", 2)
    path = written(tmp_path, "parquet", {"y": ["no", "no", "no", "yes"], "p": [0.1, 0.2, 0.9, 0.8]})
    ev = uc.evaluate_frame(path, y_true="y", y_score="p", pos_label="yes", grid="exact")
    assert ev.tallies == uc.evaluate(["no"] * 3 + ["yes"], y_score=[0.1, 0.2, 0.9, 0.8], pos_label="yes").tallies
    refined = uc.evaluate_frame(path, y_true="y", y_score="p", pos_label="yes", refine=True)
    assert refined.total == 4


@pytest.mark.parametrize(("size", "expected"), [(1 << 20, 1), (47, 7), (20, 15), (300, 1), (75, 4), (150, 2)])
def test_how_many_pieces(size: int, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small row groups go together, large ones are cut."""
    pq = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(frames, "PIECE", size)
    table = pl.DataFrame(DATA).to_arrow()
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=N if size < 50 else 75)
    with frames.opened(tmp_path / "a.parquet", {"y_true": "y"}) as opened:
        assert opened.rows() == N
        sizes = [len(piece()["y_true"]) for piece in opened.pieces]
        assert (len(sizes), sum(sizes)) == (expected, N)


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("how", [{}, {"pos_label": 0}, {"score_kind": "logit"}, {"grid": "uniform(64)", "pins": [0.3]}])
@pytest.mark.parametrize("held", [1 << 24, 150, 1])
@pytest.mark.parametrize("form", ["numpy", "compiled"])
def test_slices_that_are_held_and_counted_together(
    form: str, held: int, kind: str, how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They equal the evaluations of their own rows, beside a piece that is not plain and is counted by itself."""
    if form == "compiled":
        pytest.importorskip("numba")
    monkeypatch.setattr(frames, "PIECE", 100)
    monkeypatch.setattr(sliced, "HELD", held)
    monkeypatch.setattr("unconfused.tally.threads.FEW", 0 if form == "compiled" else 1 << 40)
    monkeypatch.setattr("unconfused.tally.threads.PAYS", 0)
    slow = sliced.SliceCounter._slowly
    taken: list[Any] = []
    monkeypatch.setattr(sliced.SliceCounter, "_slowly", lambda *x: (taken.append(x), slow(*x))[1])
    scores = np.array(DATA["p"]).astype(kind)
    gone = np.arange(N) == 150  # in the second of three pieces
    frame = pl.DataFrame(DATA).with_columns(p=pl.Series(scores), q=pl.Series(np.ma.MaskedArray(scores, gone).tolist()))
    frame = frame.with_columns(q=frame["q"].cast(frame["p"].dtype), coded=frame["country"].cast(pl.Categorical))
    by = {"zone": DATA["zone"], "coded": np.array(DATA["country"], object), "age": DATA["age"],
          ("zone", "country"): (DATA["zone"], np.array(DATA["country"], object))}  # fmt: skip
    options = {"edges": {"age": 4}, "invalid": "count", **how}
    grid = {"grid": "floatbits" if how.get("score_kind") == "logit" else "folded"} | how
    for column, pieces in (("p", 0), ("q", 1)):
        taken.clear()
        given = np.ma.MaskedArray(scores, gone) if column == "q" else scores
        found = uc.evaluate_frame(frame, y_true="y", y_score=column, by=list(by), **options)
        assert len(taken) == pieces
        assert found.tallies == uc.evaluate(DATA["y"], y_score=given, by=by, **grid | options).tallies
        for (zone, country), own in found.by["zone", "country"].items():
            rows = [i for i in range(N) if (DATA["zone"][i], DATA["country"][i]) == (zone, country)]
            alone = uc.evaluate(np.array(DATA["y"])[rows], y_score=given[rows], invalid="count", **grid)
            assert own.tallies.scores == alone.tallies.scores
