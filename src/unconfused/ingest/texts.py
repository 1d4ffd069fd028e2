"""CSV, TSV and JSON lines: every cell is read as text, and only what all cells say decides what a column is.

Labels are integers when all of them are canonical integers (``7``, not ``007`` or ``7.0``), else text; truth and
prediction are judged together, each column to slice by alone. Scores and weights are float64. An empty cell, or a key
that a line lacks, is null.
"""

from __future__ import annotations

import bisect
import csv
import gzip
import io
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Any, TextIO

from unconfused.errors import InputError, InvalidValues, InvalidWeights, ScoresAsLabels, UnreadableFile, require
from unconfused.ingest.files import File, Found, InputFormat, Wanted, check_columns, kind_of, quoted, sentence
from unconfused.labels import Declared, plural

WHOLE = r"-?(0|[1-9][0-9]*)"
NUMBER = r"\s*[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:inf|infinity|nan))\s*"
NUMBERS: dict[str, tuple[str, str, type[InputError]]] = {
    "y_score": (NUMBER, "DOUBLE", InvalidValues),
    "sample_weight": (NUMBER, "DOUBLE", InvalidWeights),
    "count": (WHOLE, "BIGINT", InvalidWeights),
    "cut": (NUMBER, "DOUBLE", InvalidValues),
    "cost": (NUMBER, "DOUBLE", InvalidValues),
}
"""Roles that hold numbers: what a cell must look like, its type, and the error when it does not."""
NAMES = "unit"
"""The role that holds names, whatever they look like."""
IDS = "ids"
"""The role that holds names of rows: whole numbers where all of them are, text as it stands otherwise."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of text files in a table of the engine, whose columns are judged and can be read.

    Attributes:
        rows: how many there are.
        read: the columns by role, of the rows from one place to another.
    """

    rows: int
    read: Callable[[int, int], Found]


def load_texts(
    engine: Any, files: Sequence[File], wanted: Wanted, labels: Declared | None, delimiter: str | None
) -> Cells:
    """The columns of text files, one file after the other, each row in its place."""
    names = list(dict.fromkeys(name for columns in wanted.values() for name in columns))
    engine.execute(f"CREATE TEMP TABLE cells ({', '.join(f'c{i} VARCHAR' for i in range(len(names)))})")
    rows = [_load(engine, file, wanted, names, delimiter) for file in files]
    places = {role: [f"c{names.index(name)}" for name in columns] for role, columns in wanted.items()}
    classes = list(dict.fromkeys(c for role, columns in places.items() if not _plain(role) for c in columns))
    whole = not _any_text(labels) and _all(engine, classes, WHOLE, "BIGINT")
    if not whole and not _any_text(labels):
        _refuse_scores(engine, wanted, places)
    labelled = ("", "BIGINT" if whole else "VARCHAR", InputError)
    kinds = {role: NUMBERS.get(role.partition(":")[0], labelled) for role in places}
    kinds |= {role: ("", "VARCHAR", InputError) for role in places if role == NAMES}
    kinds |= {role: ("", "BIGINT" if _all(engine, columns, WHOLE, "BIGINT") else "VARCHAR", InputError)
              for role, columns in places.items() if role == IDS}  # fmt: skip
    kinds |= {role: ("", _kind_of_slice(engine, wanted[role][0], columns[0]), InputError)
              for role, columns in places.items() if role.startswith("by:")}  # fmt: skip
    picks: dict[str, str] = {}
    for role, columns in places.items():
        pattern, kind, error = kinds[role]
        for name, column in zip(wanted[role], columns, strict=True):
            if pattern and not _all(engine, [column], pattern, kind):
                place, value, bad = _first_other(engine, column, pattern, kind)
                raise error(
                    f"{value!r} in column {name!r} ({_where(files, rows, place, delimiter)}) is no "
                    f"{'whole number' if kind == 'BIGINT' else 'number'}"
                    + (f"; nor are {bad - 1:,} other cells of it." if bad > 1 else "."),
                    f"{_argument(role)} takes {'whole numbers' if kind == 'BIGINT' else 'numbers such as 0.73'}.",
                    "Correct the file, leave a cell without a value empty, or name another column with "
                    f"{_argument(role)}=.",
                )
            picks[f"{column}::{kind}"] = f"{column}_{kind}"
    query = f"SELECT {', '.join(f'{x} AS {y}' for x, y in picks.items())} FROM cells WHERE rowid >= ? AND rowid < ?"

    def read(start: int, stop: int) -> Found:
        arrays = engine.execute(query, [start, stop]).fetchnumpy()
        return {role: [arrays[picks[f"{c}::{kinds[role][1]}"]] for c in columns] for role, columns in places.items()}

    return Cells(sum(rows), read)


def _plain(role: str) -> bool:
    """Whether a role holds something else than classes."""
    return role.partition(":")[0] in (*NUMBERS, NAMES, IDS, "by")


def _argument(role: str) -> str:
    """What a role is called in a call."""
    head = role.partition(":")[0]
    return "edges" if head == "cut" else head


def _kind_of_slice(engine: Any, name: str, column: str) -> str:
    """A column to slice by holds whole numbers or text; fractional numbers are refused, as in a frame."""
    if _all(engine, [column], WHOLE, "BIGINT"):
        return "BIGINT"
    if _all(engine, [column], NUMBER, "DOUBLE"):
        query = f"SELECT count(*) FROM cells WHERE {column}::DOUBLE % 1 != 0"
        if engine.execute(query).fetchone()[0]:
            raise InvalidValues(
                f"Column {name!r} holds fractional numbers.",
                "Each would be a slice of its own.",
                f"Say where to part them: edges={{{name!r}: [20, 40]}}.",
            )
    return "VARCHAR"


def _any_text(labels: Declared | None) -> bool:
    values = list(labels) if isinstance(labels, Mapping) else getattr(labels, "values", labels)
    return values is not None and any(isinstance(x, str) for x in values)


def _all(engine: Any, columns: Sequence[str], pattern: str, kind: str) -> bool:
    """Every cell that is not empty matches the pattern and fits the type."""
    if not columns:
        return False
    tests = " AND ".join(f"count({c}) = count({_cast(c, kind)})" for c in columns)
    return bool(engine.execute(f"SELECT {tests} FROM cells", [pattern] * len(columns)).fetchone()[0])


def _cast(column: str, kind: str) -> str:
    return f"CASE WHEN regexp_full_match({column}, ?) THEN try_cast({column} AS {kind}) END"


def _refuse_scores(engine: Any, wanted: Wanted, places: Mapping[str, Sequence[str]]) -> None:
    """A label column of fractional numbers holds scores: as text each of them would be a class."""
    for role, columns in places.items():
        for name, column in zip(wanted[role], columns, strict=True):
            if _plain(role) or not _all(engine, [column], NUMBER, "DOUBLE"):
                continue
            tally = "count(*), count(DISTINCT x), arg_min(x, rowid)"
            query = f"SELECT {tally} FROM (SELECT {column} AS x, rowid FROM cells) WHERE x::DOUBLE % 1 != 0"
            fractions, distinct, example = engine.execute(query).fetchone()
            if fractions:
                raise ScoresAsLabels(
                    f"Column {name!r} holds {plural(fractions, 'fractional number')} such as {example} "
                    f"({distinct:,} distinct): these are scores, not classes.",
                    "They were not rounded for you: 0.5 is a decision, not a default.",
                    f"Name it with y_score={name} instead, and the decision with threshold=0.5."
                    if role.startswith("y_pred")
                    else f"Name the column of the true classes with {role}=.",
                )


def _first_other(engine: Any, column: str, pattern: str, kind: str) -> tuple[int, str, int]:
    """The first cell that is no number: its row, its text, and how many there are."""
    query = f"SELECT min(rowid), arg_min({column}, rowid), count(*) FROM cells WHERE {column} IS NOT NULL AND "
    place, value, bad = engine.execute(f"{query} ({_cast(column, kind)}) IS NULL", [pattern]).fetchone()
    return int(place), str(value), int(bad)


def _where(files: Sequence[File], rows: Sequence[int], place: int, delimiter: str | None) -> str:
    """Which line of which file a row came from."""
    ends = list(accumulate(rows))
    at = bisect.bisect_right(ends, place)
    own = place - (ends[at - 1] if at else 0)
    line = _line(files[at], own, delimiter)
    return f"row {own} of {files[at].shown}" if line is None else f"line {line} of {files[at].shown}"


def line_of(path: str, row: int, input_format: InputFormat | None, delimiter: str | None) -> int | None:
    """The line at which row ``row`` (from 0) of a text file starts; None where that cannot be told."""
    if not os.path.isfile(path):
        return None
    file = File(path, path, input_format or kind_of(path))
    return None if file.kind == "parquet" else _line(file, row, delimiter)


def _line(file: File, row: int, delimiter: str | None) -> int | None:
    try:
        return next(islice((start for start, _ in _records(file, delimiter)), row, None), None)
    except (EOFError, zlib.error, OSError, UnicodeDecodeError, csv.Error):  # the engine is more lenient than Python
        return None


# ── loading ───────────────────────────────────────────────────────────────────────────────────
def _load(engine: Any, file: File, wanted: Wanted, names: Sequence[str], delimiter: str | None) -> int:
    """Append the cells of one file; how many rows it has."""
    duckdb = require("duckdb", extra="io")
    mark = _mark(file, delimiter)
    try:
        available = _keys(engine, file, names) if file.kind == "jsonl" else _header(engine, file, mark)
        check_columns(wanted, available, file.shown)
        if file.kind == "jsonl":
            types = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in names)
            query = f"read_json(?, format='newline_delimited', records=true, columns={{{types}}})"
            chosen, parameters = ", ".join(map(quoted, names)), [file.pattern]
        else:
            types = ", ".join(f"'h{i}': 'VARCHAR'" for i in range(len(available)))
            query = (
                f"read_csv(?, columns={{{types}}}, header=true, auto_detect=false, delim=?, quote='\"', escape='\"', "
                "nullstr='', strict_mode=true, hive_partitioning=false)"
            )
            chosen, parameters = ", ".join(f"h{available.index(name)}" for name in names), [file.pattern, mark]
        return int(engine.execute(f"INSERT INTO cells SELECT {chosen} FROM {query}", parameters).fetchone()[0])
    except duckdb.Error as error:
        seen, fix = _explained(file, delimiter, sentence(error).replace(file.pattern, file.shown))
        raise UnreadableFile(seen, "No row was counted.", fix) from error


def _mark(file: File, delimiter: str | None) -> str:
    return delimiter if delimiter is not None else "\t" if file.kind == "tsv" else ","


def _header(engine: Any, file: File, mark: str) -> list[str]:
    """The cells of the first line."""
    lines = "read_csv(?, columns={'line': 'VARCHAR'}, header=false, auto_detect=false, delim=?, quote='', escape='')"
    first = engine.execute(f"SELECT line FROM {lines} LIMIT 1", [file.pattern, "\x1f"]).fetchone()
    if first is None or not first[0]:
        raise UnreadableFile(
            f"{file.shown} is empty." if first is None else f"The first line of {file.shown} is empty.",
            "It should name the columns.",
            "Write it again, with a header.",
        )
    return next(csv.reader([first[0]], delimiter=mark), [])


def _keys(engine: Any, file: File, names: Sequence[str]) -> list[str]:
    """The keys of the first object, or of all where a wanted one is not among them."""
    objects = "SELECT json_keys(json) AS keys FROM read_ndjson_objects(?)"
    first = engine.execute(f"{objects} LIMIT 1", [file.pattern]).fetchone()
    if first is None:
        raise UnreadableFile(f"{file.shown} is empty.", "It should hold one JSON object a line.", "Write it again.")
    if not first[0]:  # no object
        seen, fix = _explained(file, None, "its first line names no column")
        raise UnreadableFile(seen, "No row was counted.", fix)
    if set(names) <= set(first[0]):
        return list(first[0])
    every = engine.execute(f"SELECT DISTINCT unnest(keys) AS key FROM ({objects}) ORDER BY key", [file.pattern])
    return [*first[0], *(key for (key,) in every.fetchall() if key not in first[0])]


# ── what is wrong with a file: asked only when reading failed ─────────────────────────────────
def _opened(file: File) -> TextIO | None:
    """The file as text; None where only DuckDB can unpack it."""
    with open(file.path, "rb") as raw:
        magic = raw.read(4)
    if magic == b"\x28\xb5\x2f\xfd":
        return None
    if magic[:2] == b"\x1f\x8b":
        return gzip.open(file.path, "rt", encoding="utf-8-sig", newline="")
    return open(file.path, encoding="utf-8-sig", newline="")


def _lines(file: File) -> Iterator[str]:
    """The lines as they are, but a last one that is not ended."""
    with _opened(file) or io.StringIO() as stream:
        yield from (line for line in stream if line.endswith("\n"))


def _records(file: File, delimiter: str | None) -> Iterator[tuple[int, Any]]:
    """Each record after the header, with the line that it starts at; lines without anything are no records."""
    with _opened(file) or io.StringIO() as stream:
        if file.kind == "jsonl":
            yield from ((number, line) for number, line in enumerate(stream, 1) if line.strip())
            return
        reader = csv.reader(stream, delimiter=_mark(file, delimiter), strict=True)
        next(reader, None)
        start = reader.line_num + 1
        for record in reader:
            if record:
                yield start, record
            start = reader.line_num + 1


def _explained(file: File, delimiter: str | None, otherwise: str) -> tuple[str, str]:
    """What was seen and what to do, in our own words where the cause can be found."""
    again = "Write it again, whole and as UTF-8."
    try:
        cause = _bad_json(file) if file.kind == "jsonl" else _bad_csv(file, delimiter)
    except UnicodeDecodeError as error:
        cause = f"{file.shown} is not UTF-8 (byte {error.object[error.start]:#04x} cannot be read)", again
    except (EOFError, zlib.error, OSError) as error:
        cause = f"{file.shown} cannot be unpacked: {error}", again
    except csv.Error as error:
        cause = f"{file.shown} does not end well: {error}", again
    seen, fix = cause or (f"{file.shown} cannot be read as {file.kind.upper()}: {otherwise.rstrip('.')}", again)
    return f"{seen}.", fix


def _bad_csv(file: File, delimiter: str | None) -> tuple[str, str] | None:
    with _opened(file) or io.StringIO() as stream:
        header = next(csv.reader(stream, delimiter=_mark(file, delimiter)), [])
    start = 1
    try:
        for start, record in _records(file, delimiter):
            if len(record) != len(header):
                return (
                    f"Line {start} of {file.shown} has {len(record)} cell{'s' * (len(record) != 1)}, its header has "
                    f"{len(header)}",
                    "Complete or remove that line, and put text that holds the separator in double quotes.",
                )
    except csv.Error as error:
        return f"{file.shown} breaks off after line {start}: {error}", "Close the quotes there, or write it again."
    if len({line[-2:] == "\r\n" for line in _lines(file)}) > 1:
        return f"The lines of {file.shown} end in two ways, \\n and \\r\\n", "Convert it: dos2unix FILE"
    return None


def _bad_json(file: File) -> tuple[str, str] | None:
    with open(file.path, "rb") as raw:
        if raw.read(3) == b"\xef\xbb\xbf":
            return f"{file.shown} starts with a byte order mark", "JSON has none: save it as UTF-8 without BOM."
    for line, text in _records(file, None):
        lines = 'JSON lines hold one object a line, such as {"label": 1, "p": 0.9}.'
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            if line == 1 and text.lstrip().startswith("["):
                return f"{file.shown} is one JSON array", f"{lines} Convert it: jq -c '.[]' {file.shown}"
            return f"Line {line} of {file.shown} is no JSON: {error}", lines
        if isinstance(value, list) and line == 1:
            return f"{file.shown} is one JSON array", f"{lines} Convert it: jq -c '.[]' {file.shown}"
        if not isinstance(value, dict):
            return f"Line {line} of {file.shown} holds {json.dumps(value)[:40]}, no JSON object", lines
    return None
