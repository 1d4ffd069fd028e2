"""Files: nothing is typed from a sample, every row is kept in order, and what cannot be read says where."""

from __future__ import annotations

import gzip
import itertools
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("duckdb")

from unconfused.errors import (
    AmbiguousCall,
    InvalidValues,
    InvalidWeights,
    LabelTypeMismatch,
    ScoresAsLabels,
    UnknownColumn,
    UnreadableFile,
    UsageError,
)
from unconfused.ingest.engine import connection
from unconfused.ingest.frames import columns
from unconfused.ingest.lines import line_of
from unconfused.ingest.texts import NUMBER, PLAIN, WHOLE

ROLES = {"y_true": "label", "y_score": "p"}


def write(folder: Path, name: str, content: str | bytes) -> str:
    path, raw = folder / name, content if isinstance(content, bytes) else content.encode()
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return str(path)


def read(path: str, **how: Any) -> tuple[list[Any], list[Any]]:
    found = columns(path, ROLES, **how)
    return np.ma.MaskedArray(found["y_true"]).tolist(), np.ma.MaskedArray(found["y_score"]).tolist()


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.csv.gz", "a.jsonl", "a.ndjson", "a.jsonl.gz", "a b [1] 'x'.csv"])
def test_formats(name: str, tmp_path: Path) -> None:
    """The same rows from every text format; empty cells and absent keys are null."""
    if "json" in name:
        text = '{"label": 1, "p": 0.25}\n{"label": "0", "p": "1e-3"}\n\n{"p": null}\n'
    else:
        text = "id,p,label\n1,0.25,1\n2,1e-3,0\n\n3,,\n".replace(",", "\t" if "tsv" in name else ",")
    assert read(write(tmp_path, name, text)) == ([1, 0, None], [0.25, 0.001, None])


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "0"], [1, 0]),
        (["-5", "7"], [-5, 7]),
        (["007", "7"], ["007", "7"]),
        (["1", "unknown"], ["1", "unknown"]),
        (["True", "False"], ["True", "False"]),
        (["1.0", "0.0"], ["1.0", "0.0"]),
        (["1e3", "1"], ["1e3", "1"]),
        ([" 1", "1"], [" 1", "1"]),
        (["9223372036854775807"], [2**63 - 1]),
        (["9223372036854775808"], ["9223372036854775808"]),
        (["NA", "nan"], ["NA", "nan"]),
        (['"a,b\n""c"""', "é"], ['a,b\n"c"', "é"]),
    ],
    ids=str,
)
def test_labels(cells: list[str], expected: list[Any], tmp_path: Path) -> None:
    """Labels are integers when all of them are canonical integers, else text exactly as it stands."""
    path = write(tmp_path, "a.csv", "label,p\n" + "".join(f"{cell},0\n" for cell in cells))
    found = read(path)[0]
    assert found == expected
    assert [type(x) for x in found] == [type(x) for x in expected]


def test_no_sample(tmp_path: Path) -> None:
    """One odd label after a hundred thousand integers makes all of them text, in order."""
    labels = [str(i % 10) for i in range(100_000)] + ["ten"]
    path = write(tmp_path, "a.csv", "label,p\n" + "".join(f"{x},{i}\n" for i, x in enumerate(labels)))
    assert read(path) == (labels, [float(i) for i in range(len(labels))])


def test_one_decision_for_truth_and_prediction(tmp_path: Path) -> None:
    """A class that is never predicted does not make prediction another type than truth."""
    path = write(tmp_path, "a.csv", "label,guess\n1,1\nunknown,2\n")
    found = columns(path, {"y_true": "label", "y_pred": "guess"})
    assert found["y_pred"].tolist() == ["1", "2"]


def test_declared_text(tmp_path: Path) -> None:
    """Where a declared class is text, the labels are; so shards agree."""
    path = write(tmp_path, "a.csv", "label,p\n1,0.5\n")
    assert read(path, labels=["1", "unknown"])[0] == ["1"]
    assert read(path, labels={1: "yes", 0: "no"})[0] == [1]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", 0.1), (" .5 ", 0.5), ("5.", 5.0), ("-1E-5", -1e-5), ("5e-324", 5e-324), ("1e400", float("inf")),
        ("-inf", float("-inf")), ("0.1000000000000000055511151231257827", 0.1),
        ("2.2250738585072011e-308", 2.225073858507201e-308),
    ],
)  # fmt: skip
def test_scores(text: str, value: float, tmp_path: Path) -> None:
    """Scores are the nearest float64."""
    assert read(write(tmp_path, "a.csv", f"label,p\n1,{text}\n"))[1] == [value]


@pytest.mark.parametrize("cell", ["oops", "0.5x", "1_000", "0x1A", "1 2", "True", '"0,5"', "n/a"])
def test_unreadable_score(cell: str, tmp_path: Path) -> None:
    """A score that is no number is named with its file and line."""
    path = write(tmp_path, "a.csv", f'label,p\n"two\nlines",0.5\n\nx,\nx,{cell}\nx,{cell}\n')
    shown = cell.strip('"')
    with pytest.raises(
        InvalidValues, match=rf"'{shown}' in column 'p' \(line 6 of .*a\.csv\) is no number; .* 1 other"
    ):
        read(path)


def test_unreadable_in_second_file(tmp_path: Path) -> None:
    """The line is the line of its own file, packed or not."""
    write(tmp_path, "a.jsonl", '{"label": 1, "p": 1}\n' * 3)
    write(tmp_path, "b.jsonl.gz", '{"label": 1, "p": 1}\n\n{"label": 1, "p": "x"}\n')
    with pytest.raises(InvalidValues, match=r"line 3 of .*b\.jsonl\.gz"):
        read(str(tmp_path / "*.jsonl*"))


def test_weights_and_counts(tmp_path: Path) -> None:
    """Weights are float64, counts whole."""
    path = write(tmp_path, "a.csv", "label,p,w,n\n1,0,0.5,3\n0,0,,2.5\n")
    found = columns(path, {"y_true": "label", "sample_weight": "w"})
    assert found["sample_weight"].tolist() == [0.5, None]
    with pytest.raises(InvalidWeights, match=r"'2\.5' in column 'n' \(line 3"):
        columns(path, {"y_true": "label", "count": "n"})


def test_scores_as_labels(tmp_path: Path) -> None:
    """Fractional numbers are not classes, not even as text."""
    path = write(tmp_path, "a.csv", "label,p\nyes,0.5\nno,0.25\nno,1\n")
    with pytest.raises(ScoresAsLabels, match=r"'p' holds 2 fractional numbers such as 0\.5 \(2 distinct\).*y_score=p"):
        columns(path, {"y_true": "label", "y_pred": "p"})
    assert columns(path, {"y_true": "p"}, labels=["0.5", "0.25", "1"])["y_true"].tolist() == ["0.5", "0.25", "1"]


def test_several_columns(tmp_path: Path) -> None:
    """A list of columns stands side by side, in its order."""
    path = write(tmp_path, "a.csv", "y,a,b,c\n1,.1,.2,.3\n0,.4,,.6\n")
    found = columns(path, {"y_true": ["y", "y"], "y_score": ["c", "a", "b"], "y_pred": None})
    assert list(found) == ["y_true", "y_score"]
    assert found["y_true"].tolist() == [[1, 1], [0, 0]]
    np.testing.assert_array_equal(found["y_score"], [[0.3, 0.1, 0.2], [0.6, 0.4, np.nan]])


def test_many_files(tmp_path: Path) -> None:
    """A pattern reads its files by name, a list in its order; columns go by name."""
    write(tmp_path, "1.csv", "label,p\n1,0.1\n")
    write(tmp_path, "2.csv", "p,label\n0.2,0\n")
    write(tmp_path, "3.tsv", "label\tp\nx\t0.3\n")
    assert read(str(tmp_path / "*.csv")) == ([1, 0], [0.1, 0.2])
    found = columns([tmp_path / "3.tsv", tmp_path / "1.csv"], ROLES)
    assert found["y_true"].tolist() == ["x", "1"]


def test_hostile_names(tmp_path: Path) -> None:
    """Names of columns and files are never SQL, and no wildcard where a file has that name."""
    evil = "p\"); DROP TABLE cells; --'"
    path = write(tmp_path, "[ab].csv", 'label,"' + evil.replace('"', '""') + '"\n1,0.5\n')
    write(tmp_path, "a.csv", "label,other\n0,0\n")
    assert columns(path, {"y_true": "label", "y_score": evil})["y_score"].tolist() == [0.5]
    lines = write(tmp_path, "e.jsonl", '{"label": 1, "p\\"); DROP TABLE cells; --\'": 0.5}\n')
    assert columns(lines, {"y_true": "label", "y_score": evil})["y_score"].tolist() == [0.5]


def test_unknown_column(tmp_path: Path) -> None:
    """The nearest name and all names."""
    path = write(tmp_path, "a.csv", "Label,p\n1,0.5\n")
    with pytest.raises(
        UnknownColumn, match=r"no column 'label'\. Did you mean 'Label'\? Its 2 columns are 'Label', 'p'"
    ):
        read(path)
    with pytest.raises(UnknownColumn, match=r"delimiter=';'"):
        read(write(tmp_path, "b.csv", "label;p\n1;0.5\n"))
    assert read(str(tmp_path / "b.csv"), delimiter=";") == ([1], [0.5])
    with pytest.raises(UnknownColumn, match="'q'"):
        read(write(tmp_path, "a.jsonl", '{"label": 1}\n{"q": 0.5}\n'))
    with pytest.raises(AmbiguousCall, match="2 columns called 'p'"):
        read(write(tmp_path, "c.csv", "label,p,p\n1,0.5,0.5\n"))


BROKEN: dict[str, tuple[str, str | bytes, str]] = {
    "empty": ("a.csv", "", "is empty"),
    "no header": ("a.csv", "\n1,2\n", "first line"),
    "short line": ("a.csv", "label,p\n1,0.5\n0\n", "Line 3 .* 1 cell, its header has 2"),
    "long line": ("a.csv", "label,p\n1,0.5,7\n", "Line 2 .* 3 cells"),
    "open quotes": ("a.csv", 'label,p\n1,0.5\n"x,1\n2,3\n', "breaks off after line 2"),
    "not UTF-8": ("a.csv", "label,p\né,1\n".encode("latin-1"), "not UTF-8"),
    "UTF-16": ("a.csv", "label,p\n1,1\n".encode("utf-16"), "not UTF-8|no column"),
    "two line ends": ("a.csv", "label,p\r\n1,1\n0,0\r\n", "end in two ways"),
    "no JSON": ("a.jsonl", '{"label": 1, "p": 1}\n{"label": 1,\n', "Line 2 .* no JSON"),
    "no object": ("a.jsonl", '{"label": 1, "p": 1}\n5\n', "Line 2 .* holds 5"),
    "array": ("a.json", '[{"label": 1, "p": 1}]', "one JSON array.*jq"),
    "long array": ("a.json", '[\n{"label": 1, "p": 1}\n]', "one JSON array.*jq"),
    "mark": ("a.jsonl", '\ufeff{"label": 1, "p": 1}\n', "byte order mark"),
    "empty lines": ("a.jsonl", "\n\n", "is empty"),
    "no Parquet": ("a.parquet", "label,p\n1,1\n", "cannot be read as Parquet"),
    "empty Parquet": ("a.parquet", "", "cannot be read as Parquet"),
    "Excel": ("a.xlsx", "PK", r"ends in \.xlsx.*input_format='csv'"),
    "no extension": ("predictions", "label,p\n1,1\n", "no extension"),
}


@pytest.mark.parametrize(("name", "content", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_broken(name: str, content: str | bytes, message: str, tmp_path: Path) -> None:
    """What cannot be read is refused with the place and what to do."""
    with pytest.raises((UnreadableFile, UnknownColumn), match=f"(?s){message}") as caught:
        read(write(tmp_path, name, content))
    assert caught.value.fix


def test_cut_short(tmp_path: Path) -> None:
    """Packed files that end too early, or are no packed files."""
    whole = gzip.compress(b"label,p\n" + b"".join(b"%d,0.%d\n" % (i % 2, i) for i in range(20_000)))
    for content in (whole[: len(whole) // 2], b"label,p\n1,1\n"):
        path = tmp_path / "a.csv.gz"
        path.write_bytes(content)
        with pytest.raises(UnreadableFile, match=r"a\.csv\.gz"):
            read(str(path))


def test_byte_order_mark(tmp_path: Path) -> None:
    """What Excel puts before a CSV file is no part of the first name."""
    assert read(write(tmp_path, "a.csv", b"\xef\xbb\xbflabel,p\r\n1,0.5\r\n")) == ([1], [0.5])


def test_not_there(tmp_path: Path) -> None:
    """Files that are not there, directories, patterns, addresses."""
    write(tmp_path, "preds.csv", "label,p\n1,1\n")
    for source, message in (
        (tmp_path / "pred.csv", r"no file .*Did you mean .*preds\.csv"),
        (tmp_path, r"directory.*\*\.csv"),
        (tmp_path / "*.parquet", "No file matches"),
        ("s3://user:secret@bucket/a.csv?key=1", "nothing is downloaded"),
    ):
        with pytest.raises(UnreadableFile, match=message):
            read(str(source))
    with pytest.raises(UsageError, match="input_format='xls'"):
        read(str(tmp_path / "preds.csv"), input_format="xls")
    assert read(write(tmp_path, "preds", "label,p\n1,1\n"), input_format="csv") == ([1], [1.0])


def test_pipe(tmp_path: Path) -> None:
    """A named pipe is read once, whole."""
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=["label,p\n1,0.5\n"])
    writer.start()
    assert read(str(pipe)) == ([1], [0.5])
    writer.join()


def test_line_of(tmp_path: Path) -> None:
    """Rows count from 0, lines from 1, and lines without anything are no rows."""
    path = write(tmp_path, "a.csv", 'label,p\n"a\nb",1\n\nc,1\n')
    assert [line_of(path, row, None, None) for row in range(3)] == [2, 5, None]


# ── Parquet ───────────────────────────────────────────────────────────────────────────────────
def test_parquet(tmp_path: Path) -> None:
    """Parquet keeps its types, nulls included."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = pa.table(
        {
            "label": pa.array(["a", None, "b"]).dictionary_encode(),
            "p": pa.array([0.1, float("nan"), None], pa.float32()),
            "flag": [True, None, False],
            "n": pa.array([1, None, 3], pa.int8()),
            'q"': pa.array([1, 2, 3]),
        }
    )
    path = str(tmp_path / "a.parquet")
    pq.write_table(table, path)
    labels, scores = read(path)
    assert labels == ["a", None, "b"]
    assert scores[0] == np.float32(0.1)
    assert scores[2] is None
    found = columns(path, {"y_true": "flag", "y_pred": "n", "count": 'q"'})
    assert found["y_true"].dtype == bool
    assert found["y_pred"].tolist() == [1, None, 3]
    assert found["count"].dtype == np.int64
    with pytest.raises(UnknownColumn, match=r"'lable'.*'label'"):
        columns(path, {"y_true": "lable"})


def test_parquet_damaged(tmp_path: Path) -> None:
    """Truncated or overwritten Parquet is refused."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"label": [i % 2 for i in range(50_000)], "p": list(range(50_000))}), path)
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[200:-2000:997] = bytes(len(damaged[200:-2000:997]))
    for content in (whole[:3], whole[:1000], whole[:-1], bytes(damaged)):
        path.write_bytes(content)
        with pytest.raises(UnreadableFile, match=r"a\.parquet"):
            read(str(path))


def test_parquet_shards(tmp_path: Path) -> None:
    """Shards add up in the order of their names; types that do not fit are refused."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"label": pa.array([1, 0], pa.int8()), "p": [0.1, 0.2]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"p": [0.3, None], "label": pa.array([1, None], pa.int64())}), tmp_path / "2.parquet")
    assert read(str(tmp_path / "*.parquet")) == ([1, 0, 1, None], [0.1, 0.2, 0.3, None])
    pq.write_table(pa.table({"label": ["1"], "p": [0.3]}), tmp_path / "3.parquet")
    with pytest.raises(LabelTypeMismatch, match=r"'label' is int8 in .* and text in"):
        read(str(tmp_path / "*.parquet"))
    write(tmp_path, "4.csv", "label,p\n1,1\n")
    with pytest.raises(UnreadableFile, match="some are text"):
        columns([tmp_path / "1.parquet", tmp_path / "4.csv"], ROLES)


ODD = "10.eE+-_ \t\v\n(nai"


@pytest.mark.parametrize(("kind", "pattern"), [("DOUBLE", NUMBER), ("BIGINT", WHOLE)])
def test_no_plain_cast_takes_what_is_refused(kind: str, pattern: str) -> None:
    """Of every short text of odd characters, and of names of numbers between them."""
    texts = ["".join(x) for n in range(5) for x in itertools.product(ODD, repeat=n)]
    names = ("inf", "Infinity", "nan", "nan(1)", "0x1p3", "1_000.5", "1e400", "9" * 20, "-0", "007", "+7", "7.0", "1'0")
    ends = ("", "+", "-", "+-", "-+", "--", " ", "\v", "\x00", "\u00a0", "_", "1", "e5", "+-1", "f", "d", "%")
    texts += [a + name + b for name in names for a in ends for b in ends]
    with connection() as engine:
        engine.execute("CREATE TABLE t (x VARCHAR)")
        spelled = pa.table({"x": texts})
        engine.own.register("spelled", spelled)
        assert spelled.num_rows == engine.execute("INSERT INTO t SELECT * FROM spelled").fetchone()[0]
        plain = PLAIN[kind].format("x").removesuffix(f"::{kind}")
        taken = f"try_cast({plain} AS {kind}) IS NOT NULL"
        if kind == "BIGINT":  # the cast inside may fail as well
            taken = taken.replace("x::BIGINT", "try_cast(x AS BIGINT)")
        wrong = engine.execute(f"SELECT x FROM t WHERE {taken} AND NOT regexp_full_match(x, ?)", [pattern]).fetchall()
        count = engine.execute(f"SELECT count(*) FROM t WHERE {taken}").fetchone()[0]
    assert not wrong
    assert count >= 25


@pytest.mark.parametrize("cell", ["+-1", "1_000", "nan(7)", "\v0.5", "0.5\v", "x"])
@pytest.mark.parametrize("row", [0, 5000])
def test_a_late_odd_cell_is_refused_as_an_early_one(cell: str, row: int, tmp_path: Path) -> None:
    cells = ["0.5"] * 6000
    cells[row] = cell
    path = write(tmp_path, "a.csv", "label,p\n" + "".join(f"1,{x}\n" for x in cells))
    with pytest.raises(InvalidValues, match=f"line {row + 2} of"):
        read(path)


@pytest.mark.parametrize("row", [0, 5000])
@pytest.mark.parametrize(("cell", "first"), [("007", "7"), ("cat", "7"), ("1.0", "7"), ("-0", 7), ("", 7)])
def test_a_late_label_decides_as_an_early_one(row: int, cell: str, first: Any, tmp_path: Path) -> None:
    """Text as soon as one cell is no whole number, wherever it stands."""
    cells = ["7"] * 6000
    cells[row] = cell
    labels, _ = read(write(tmp_path, "a.csv", "label,p\n" + "".join(f"{x},0.5\n" for x in cells)))
    assert (labels[1], labels[row]) == (first, {"-0": 0, "": None}.get(cell, cell))
