"""Several models in one scan, quantile edges in pieces, and slices on the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("duckdb")
pytest.importorskip("narwhals")
pytest.importorskip("polars")

import unconfused as uc
from unconfused import cli
from unconfused.errors import MergeRefused, NotKept, UnknownClass, UsageError
from unconfused.ingest import frames
from unconfused.tally.joint import Joint, JointScores
from unconfused.versus import Models

pl = pytest.importorskip("polars")
RNG = np.random.default_rng(11)
N = 400
DATA: dict[str, list[Any]] = {
    "y": RNG.integers(2, size=N).tolist(),
    "old": RNG.random(N).round(2).tolist(),
    "new": RNG.random(N).round(3).tolist(),
    "truth": [["no", "yes", "ä b"][i] for i in RNG.integers(3, size=N)],
    "a": [["no", "yes", "ä b"][i] for i in RNG.integers(3, size=N)],
    "b": [["no", "yes", "ä b"][i] for i in RNG.integers(3, size=N)],
    "w": RNG.integers(1, 4, size=N).tolist(),
    "zone": RNG.integers(4, size=N).tolist(),
    "age": [None if i % 31 == 5 else x for i, x in enumerate(RNG.uniform(1, 90, size=N).round(1).tolist())],
    "odd": RNG.normal(0, 1e-8, size=N).tolist(),
    "same": [7.0] * 390 + [8.0] * 10,
}
WRITERS = {"csv": "write_csv", "jsonl": "write_ndjson", "parquet": "write_parquet", "arrow": "write_ipc"}
TWO = {"old": "old", "new": "new"}


@pytest.fixture(params=[*WRITERS, "polars", "lazy", "reader"])
def table(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The table through one way in, in pieces."""
    monkeypatch.setattr(frames, "PIECE", 90)
    frame = pl.DataFrame(DATA)
    if request.param in WRITERS:
        path = tmp_path / f"a.{request.param}"
        getattr(frame, WRITERS[request.param])(path)
        return path
    return {"polars": lambda: frame, "lazy": frame.lazy, "reader": lambda: reader(frame)}[request.param]()


def reader(frame: Any) -> Any:
    """The batches of a frame, once."""
    return pytest.importorskip("pyarrow").RecordBatchReader.from_stream(frame)


def compared(**how: Any) -> Any:
    """What the comparison of the arrays kept."""
    return uc.compare(DATA["y"], y_score={x: DATA[x] for x in TWO}, **how).tally


# ── several models ────────────────────────────────────────────────────────────────────────────
def test_several_models_in_one_scan(table: Any) -> None:
    """Each evaluation is that of its column, and the joint table that of the comparison, to the bit."""
    made = uc.evaluate_frame(table, y_true="y", y_score=TWO, sample_weight="w", by=["zone"])
    by = {"zone": DATA["zone"]}
    for model in TWO:
        alone = uc.evaluate(DATA["y"], y_score=DATA[model], sample_weight=DATA["w"], grid="folded", by=by)
        assert made[model].tallies == alone.tallies
    assert isinstance(made.joint, JointScores)
    assert made.joint == compared(sample_weight=DATA["w"])


def test_models_at_a_threshold(table: Any) -> None:
    """The joint table of decisions stays small, and is that of the scores at the thresholds."""
    made = uc.evaluate_frame(table, y_true="y", y_score=TWO, threshold={"old": 0.5, "new": 0.4})
    assert isinstance(made.joint, Joint)
    assert made.joint == compared().at({"old": 0.5, "new": 0.4})
    assert (
        made.compare(["recall"])["recall"].difference
        == uc.compare(
            DATA["y"], y_score={x: DATA[x] for x in TWO}, threshold={"old": 0.5, "new": 0.4}, metrics=["recall"]
        )["recall"].difference
    )


def test_models_at_a_threshold_where_a_piece_holds_one_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is below the threshold is called by the class that other pieces hold."""
    monkeypatch.setattr(frames, "PIECE", 90)
    truth = ["down"] * 200 + ["up"] * 200
    how: dict[str, Any] = {"y_true": "side", "y_score": TWO, "pos_label": "up"}
    made = uc.evaluate_frame(pl.DataFrame({**DATA, "side": truth}), **how, threshold=0.5)
    joint = uc.compare(truth, y_score={x: DATA[x] for x in TWO}, pos_label="up").tally
    assert made.joint == joint.at(dict.fromkeys(TWO, 0.5))
    alone = uc.compare([1, 0], y_score={x: DATA[x][:2] for x in TWO}).tally
    with pytest.raises(UnknownClass, match="the only class of these rows"):
        replace(alone, labels=uc.Labels(["up"], pos_label="up")).at(dict.fromkeys(TWO, 0.5))


def test_models_of_given_classes(table: Any) -> None:
    """Predicted classes of several models."""
    made = uc.evaluate_frame(table, y_true="truth", y_pred={"a": "a", "b": "b"})
    assert made.joint == uc.compare(DATA["truth"], y_pred={"a": DATA["a"], "b": DATA["b"]}).tally
    assert made["b"].tallies == uc.evaluate(DATA["truth"], DATA["b"]).tallies
    assert str(uc.compare(made, metrics=["accuracy"])) == str(made.compare(["accuracy"]))


def test_models_of_several_columns() -> None:
    """A list of columns is one multiclass score, of each model."""
    p = RNG.dirichlet([1, 1, 1], size=(2, 60))
    frame = pl.DataFrame({"y": RNG.integers(3, size=60), **{f"{m}{k}": p[i, :, k] for i, m in enumerate("ab")
                                                           for k in range(3)}})  # fmt: skip
    made = uc.evaluate_frame(frame, y_true="y", y_score={m: [f"{m}{k}" for k in range(3)] for m in "ab"})
    assert made.joint == uc.compare(frame["y"], y_score={"a": p[0], "b": p[1]}).tally
    assert made["a"].tallies == uc.evaluate(frame["y"], y_score=p[0], grid="folded").tallies


def test_models_add() -> None:
    """Parts of the rows give the whole; other models are refused."""
    frame = pl.DataFrame(DATA)
    parts = [uc.evaluate_frame(x, y_true="y", y_score=TWO) for x in (frame[:150], frame[150:])]
    whole = uc.evaluate_frame(frame, y_true="y", y_score=TWO)
    assert sum(parts) == whole
    assert isinstance(sum(parts), Models)
    assert repr(whole) == "Models('old', 'new', 400 rows)"
    other = uc.evaluate_frame(frame, y_true="y", y_score={"new": "new", "old": "old"})
    with pytest.raises(MergeRefused, match="models"):
        _ = whole + other


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"y_score": {"old": "old"}}, "names 1 model"),
        ({"y_score": TWO, "y_pred": {"a": "a", "b": "b"}}, "one of the two"),
        ({"y_score": TWO, "unit": "zone"}, "unit="),
        ({"y_score": "old", "threshold": 0.5}, "several models"),
        ({"y_score": "old", "edges": {"age": [1]}}, "by= does not"),
        ({"y_score": "old", "unit": "zone", "by": ["zone"]}, "by= and unit="),
    ],
)
def test_refused_before_reading(how: dict[str, Any], message: str) -> None:
    """What cannot be is said by name."""
    with pytest.raises(UsageError, match=message):
        uc.evaluate_frame(pl.DataFrame(DATA), y_true="y", **how)


# ── quantile edges ────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("column", "parts"), [("age", 4), ("age", 7), ("odd", 5), ("w", 3), ("zone", 2), ("same", 40)])
def test_quantiles_in_pieces(table: Any, column: str, parts: int) -> None:
    """The edges are those of all rows in order: negative values, ties, nulls, a few values."""
    values = np.array([np.nan if x is None else x for x in DATA[column]])
    expected = uc.evaluate(DATA["y"], y_score=DATA["old"], by={column: values}, edges={column: parts}, grid="folded")
    found = uc.evaluate_frame(table, y_true="y", y_score="old", by=[column], edges={column: parts})
    assert list(found.by[column]) == list(expected.by[column])
    assert found.tallies == expected.tallies


def test_quantiles_that_part_nothing(table: Any) -> None:
    """Refused as for arrays; a stream still has no quantiles."""
    for edges, message in (({"same": 2}, "one value too often"), ({"age": 1}, "parts nothing")):
        with pytest.raises(UsageError, match=message):
            uc.evaluate_frame(table, y_true="y", y_score="old", by=list(edges), edges=edges)
        table = pl.DataFrame(DATA)
    with pytest.raises(NotKept, match="quantiles"):
        uc.Stream(edges={"age": 4}).update(y_true=[1, 0], y_score=[0.5, 0.1], by={"age": [1, 2]})


# ── the command line ──────────────────────────────────────────────────────────────────────────
@pytest.fixture
def file(tmp_path: Path) -> str:
    """The table as a Parquet file."""
    pl.DataFrame(DATA).write_parquet(tmp_path / "a.parquet")
    return str(tmp_path / "a.parquet")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    pytest.importorskip("cyclopts")
    code = cli.main(list(arguments))
    return code, *capsys.readouterr()


SCORES = ["--y-true", "y", "--y-score", "old"]
SLICED = ["--by", "zone", "--by", "zone,truth", "--by", "age", "--edges", "age=4"]


def test_report_by_slices(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every form that has room for them holds the comparison of the slices; a tally keeps them."""
    data = json.loads(run(capsys, "report", file, *SCORES, *SLICED)[1])
    assert [x["columns"] for x in data["slices"]] == [["zone"], ["zone", "truth"], ["age"]]
    assert sum(x["rows"] for x in data["slices"][0]["slices"]) == N
    assert "zone and truth" in run(capsys, "report", file, *SCORES, *SLICED, "--format", "markdown")[1]
    at = run(capsys, "report", file, *SCORES, "--by", "zone", "--threshold", "0.5", "--format", "text")[1]
    assert "accuracy of 4 slices by zone, worst first" in at
    assert run(capsys, "tally", file, *SCORES, *SLICED, "-o", str(tmp_path / "a.uc"))[0] == 0
    kept = uc.load(tmp_path / "a.uc")
    assert len(kept.by["age"]) == 5
    assert kept.source == file
    assert "of 4 slices by zone" in run(capsys, "show", str(tmp_path / "a.uc"), "--format", "text")[1]


def test_slices_on_the_page(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The offline page has a section of them."""
    pytest.importorskip("altair")
    assert run(capsys, "report", file, *SCORES, *SLICED, "-o", str(tmp_path / "a.html"))[0] == 0
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert '<section id="slices-0"' in page
    assert "By zone and truth" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--by", "zon"], "Did you mean 'zone'"),
        (["--edges", "age=4"], "by= does not|--by does not"),
        (["--by", "age", "--edges", "age=x"], "does not say where"),
        (["--by", "zone", "--format", "csv"], "no csv form"),
    ],
)
def test_slices_refused(arguments: list[str], message: str, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the column, or the spelling."""
    code, _, err = run(capsys, "report", file, *SCORES, *arguments)
    assert code == 2
    assert any(part in err for part in message.split("|")), err


def test_slices_of_saved_rows(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rows of a .uc file are gone."""
    run(capsys, "tally", file, *SCORES, "-o", str(tmp_path / "a.uc"))
    code, _, err = run(capsys, "report", str(tmp_path / "a.uc"), "--by", "zone")
    assert code == 2
    assert "unconfused tally SOURCE --by" in err


def test_compare_in_pieces(file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same comparison, whatever the pieces."""
    asked = ["compare", file, "--y-true", "y", "--y-score", "old=old", "--y-score", "new=new"]
    whole = run(capsys, *asked)[1]
    monkeypatch.setattr(frames, "PIECE", 70)
    assert run(capsys, *asked)[1] == whole
