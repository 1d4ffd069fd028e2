"""One hostile table, and every source that it is read through. Other engines' tests add their own to ``SOURCES``.

``NUMBERS`` holds what scores may be in a table of numbers, ``LABELS`` what labels may be in one of text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import unconfused as uc
from unconfused.errors import UnconfusedError

INF = math.inf
ODD: list[float | None] = [
    None, math.nan, INF, -INF, -0.0, 0.0, 5e-324, 2.2250738585072009e-308, 1.0, 1 - 2**-53, 1 + 2**-52, -5e-324, 0.5,
    0.49999999999999994, None, math.nan, 1e308, -1.5,
]  # fmt: skip
"""Scores: null, NaN, infinite, -0.0, denormal, exactly 0 and 1, one step outside and inside."""
TEXTS: list[str | None] = ["no", "yes, é", ' "x" ', None, "no ", "NaN", "missing", "yes, e\u0301", "stray"]
CLASSES = ["no", "yes, é", ' "x" ', "no ", "NaN", "missing", "yes, e\u0301"]
"""Spaces that matter, accents composed and not, quotes, words that mean something elsewhere; "stray" is unknown."""
PLACES = "|".join([
    r"^[\d,]+ of \d+ parts of the table cannot be counted; the first: ",
    r",? (first )?in rows? [\d, and-]+(, the last ones)?",
])  # fmt: skip
"""What an error says about where rows stand."""
ROWS = 252
MANY = range(ROWS)
TABLE: dict[str, list[Any]] = {
    "y": [i % 2 for i in MANY],
    "flag": [i % 3 == 0 for i in MANY],
    "odd": [ODD[i % len(ODD)] for i in MANY],
    "single": [None if (x := ODD[i % len(ODD)]) is None else float(np.float32(max(min(x, 3e38), -3e38)))
               if math.isfinite(x) else x for i in MANY],
    "money": [None if i % 50 == 7 else Decimal(i % 101) / 100 for i in MANY],
    "p": [(i * 37 % 251) / 250 for i in MANY],
    "label": [TEXTS[i % len(TEXTS)] for i in MANY],
    "guess": [TEXTS[i * 5 % len(TEXTS)] for i in MANY],
    "gap": [None if i % 5 == 3 else i % 2 for i in MANY],
    "one": [1] * ROWS,
    "part": [["DE", "US", None, "Ö ster"][i % 4] for i in MANY],
}  # fmt: skip
"""Columns by name. ``single`` is float32 where the source has one, ``money`` a decimal."""


class Source(NamedTuple):
    """A way in.

    Attributes:
        make: the table as that source has it, given a folder.
        nan: it tells NaN from null; else both are null.
        kinds: it has types for float32, decimals and truth values.
        order: its rows stand in an order, so that an error says where.
    """

    make: Callable[[Path], Any]
    nan: bool = True
    kinds: bool = True
    order: bool = True


def arrow_table() -> Any:
    """With the types that the columns are meant to have."""
    pa = pytest.importorskip("pyarrow")
    types = {"y": pa.int8(), "single": pa.float32(), "money": pa.decimal128(5, 2), "gap": pa.int32()}
    return pa.table({name: pa.array(x, types.get(name)) for name, x in TABLE.items()})


def _polars() -> Any:
    return pytest.importorskip("polars").from_arrow(arrow_table())


def _parquet(folder: Path) -> str:
    """Several files and row groups, of which some are empty."""
    pq = pytest.importorskip("pyarrow.parquet")
    table = arrow_table()
    for i, part in enumerate((table[:100], table[:0], table[100:101], table[101:])):
        pq.write_table(part, folder / f"part{i}.parquet", row_group_size=40)
    return str(folder / "part*.parquet")


def _ipc(folder: Path, ending: str) -> str:
    pa = pytest.importorskip("pyarrow")
    table = arrow_table()
    for i, part in enumerate((table[:0], table[:100], table[100:])):
        new = pa.ipc.new_stream if ending == "arrows" else pa.ipc.new_file
        with new(str(folder / f"part{i}.{ending}"), part.schema) as writer:
            writer.write_table(part, max_chunksize=30)
    return str(folder / f"part*.{ending}")


def cell(x: Any) -> str:
    """A value as CSV has it."""
    if x is None:
        return ""
    return '"' + x.replace('"', '""') + '"' if isinstance(x, str) else repr(x) if isinstance(x, float) else str(x)


def _csv(folder: Path, ending: str, mark: str = ",") -> str:
    lines = [mark.join(TABLE), *(mark.join(map(cell, row)) for row in zip(*TABLE.values(), strict=True))]
    return _packed(folder, f"a.{ending}", "\n".join(lines) + "\n")


def _jsonl(folder: Path, ending: str) -> str:
    def value(x: Any) -> Any:
        return str(x) if isinstance(x, Decimal) or (isinstance(x, float) and not math.isfinite(x)) else x

    rows = [dict(zip(TABLE, row, strict=True)) for row in zip(*TABLE.values(), strict=True)]
    lines = [json.dumps({name: value(x) for name, x in row.items() if x is not None}) for row in rows]
    return _packed(folder, f"a.{ending}", "\n".join(lines) + "\n")


def _packed(folder: Path, name: str, text: str) -> str:
    path = folder / name
    if name.endswith((".gz", ".zst")):
        pa = pytest.importorskip("pyarrow")
        with pa.CompressedOutputStream(str(path), "gzip" if name.endswith(".gz") else "zstd") as file:
            file.write(text.encode())
    else:
        path.write_text(text, encoding="utf-8")
    return str(path)


def _relation(folder: Path) -> Any:
    return pytest.importorskip("duckdb").connect().sql(f"select * from read_parquet('{_parquet(folder)}')")


def _batches() -> Any:
    pa, table = pytest.importorskip("pyarrow"), arrow_table()
    empty = table.schema.empty_table().to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]
    return [*empty, *table.to_batches(max_chunksize=70), *empty]


def _reader() -> Any:
    return pytest.importorskip("pyarrow").RecordBatchReader.from_batches(arrow_table().schema, _batches())


def _dataset(folder: Path) -> Any:
    dataset = pytest.importorskip("pyarrow.dataset")
    _parquet(folder)
    return dataset.dataset(sorted(map(str, folder.glob("part*.parquet"))))


class Capsule:
    """A table of a library that nobody has heard of, which speaks Arrow's C stream."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return _reader().__arrow_c_stream__(requested_schema)


def _pandas(**how: Any) -> Any:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({name: pd.Series(x, dtype=object) for name, x in TABLE.items()})
    for name, kind in {
        "y": "int8",
        "flag": bool,
        "odd": "float64",
        "single": "float32",
        "p": float,
        "one": int,
    }.items():
        frame[name] = frame[name].astype(kind)
    frame["gap"] = frame["gap"].astype("Int32")
    return frame.assign(**how)


SOURCES: dict[str, Source] = {
    "csv": Source(lambda folder: _csv(folder, "csv"), kinds=False),
    "tsv": Source(lambda folder: _csv(folder, "tsv", "\t"), kinds=False),
    "csv.gz": Source(lambda folder: _csv(folder, "csv.gz"), kinds=False),
    "csv.zst": Source(lambda folder: _csv(folder, "csv.zst"), kinds=False),
    "jsonl": Source(lambda folder: _jsonl(folder, "jsonl"), kinds=False),
    "jsonl.gz": Source(lambda folder: _jsonl(folder, "jsonl.gz"), kinds=False),
    "jsonl.zst": Source(lambda folder: _jsonl(folder, "jsonl.zst"), kinds=False),
    "parquet": Source(_parquet),
    "arrow": Source(lambda folder: _ipc(folder, "arrow")),
    "arrows": Source(lambda folder: _ipc(folder, "arrows")),
    "pandas": Source(lambda folder: _pandas(), nan=False),
    "pandas-arrow": Source(
        lambda folder: arrow_table().to_pandas(types_mapper=pytest.importorskip("pandas").ArrowDtype)
    ),
    "polars": Source(lambda folder: _polars()),
    "polars-lazy": Source(lambda folder: _polars().lazy()),
    "pyarrow": Source(lambda folder: arrow_table()),
    "pyarrow-batches": Source(lambda folder: pytest.importorskip("pyarrow").Table.from_batches(_batches())),
    "dataset": Source(_dataset),
    "reader": Source(lambda folder: _reader()),
    "capsule": Source(lambda folder: Capsule()),
    "duckdb": Source(_relation),
}
"""What reads it, by name."""


PASSES: dict[str, dict[str, Any]] = {
    "odd scores": {"y_true": "y", "y_score": "odd"},
    "odd scores, raw": {"y_true": "y", "y_score": "odd", "score_kind": "raw"},
    "odd scores, exact": {"y_true": "y", "y_score": "odd", "grid": "exact"},
    "float32": {"y_true": "y", "y_score": "single", "score_kind": "logit"},
    "decimals": {"y_true": "y", "y_score": "money", "pins": [0.07]},
    "booleans": {"y_true": "flag", "y_score": "p", "pos_label": True},
    "null labels": {"y_true": "gap", "y_score": "p"},
    "text": {"y_true": "label", "y_pred": "guess"},
    "text, declared": {"y_true": "label", "y_pred": "guess", "labels": CLASSES},
    "text, declared, other": {"y_true": "label", "y_pred": "guess", "labels": CLASSES, "unknown": "other"},
    "text, declared, dropped": {"y_true": "label", "y_pred": "guess", "labels": CLASSES, "unknown": "drop"},
    "one class": {"y_true": "one", "y_score": "p"},
    "one class, declared": {"y_true": "one", "y_score": "p", "labels": [0, 1]},
    "slices": {"y_true": "y", "y_score": "odd", "by": ["part", ("part", "gap")]},
    "slices, cut": {"y_true": "y", "y_score": "p", "by": ["odd"], "edges": {"odd": [0, 0.5]}},
    "units": {"y_true": "y", "y_score": "p", "unit": "one"},
}


def expected(how: dict[str, Any], source: Source) -> dict[str, Any]:
    """The columns as the arrays that they are meant to be, and the same pass over them."""
    asked = {"grid": "folded" if how.get("score_kind", "probability") == "probability" else "floatbits"} | how
    given = {role: column(asked.pop(role), source) for role in ("y_true", "y_pred", "y_score", "unit") if role in asked}
    if by := asked.pop("by", None):
        parts = {name: column(name, source) for x in by for name in ([x] if isinstance(x, str) else x)}
        asked["by"] = {x: parts[x] if isinstance(x, str) else tuple(parts[name] for name in x) for x in by}
    return asked | given


def column(name: str, source: Source) -> Any:
    """One column as an array."""
    values = TABLE[name]
    if name in ("label", "guess", "part", "gap"):
        return np.array(values, object)
    if name in ("odd", "single", "money"):
        made = np.array([np.nan if x is None else float(x) for x in values])
        gone = np.array([x is None for x in values]) if source.nan else np.isnan(made)
        return np.ma.MaskedArray(made, gone)
    return np.array(values)


def outcome(call: Any, source: Source) -> tuple[Any, ...]:
    """What came of it: tallies with what was left out, or the error and every number in it."""
    try:
        ev = call()
    except UnconfusedError as error:
        told = re.sub(r"null or NaN|null, NaN or infinite", "", error.seen)
        if not source.order:
            told = re.sub(PLACES, "", told)
        return type(error), re.findall(r"\d[\d,.]*", told)
    return ev.tallies, ev.tallies.evidence.left_out


def check_source(source: Source, what: str, folder: Path) -> None:
    """One pass over the table: refused with the numbers of arrays, or counted, to the bit, as they are."""
    how = PASSES[what]
    if not source.kinds and what == "booleans":
        return  # text files have no truth values: a test of its own
    for invalid in ("error", "count"):
        asked = expected({**how, "invalid": invalid}, source)
        truth = asked.pop("y_true")
        wanted = outcome(lambda truth=truth, asked=asked: uc.evaluate(truth, **asked), source)
        place = folder / f"{list(PASSES).index(what)}{invalid}"
        place.mkdir()
        table = source.make(place)
        found = outcome(lambda table=table, kind=invalid: uc.evaluate_frame(table, **how, invalid=kind), source)
        assert found == wanted, (what, invalid)
