"""Text files as tables of text in the engine: their columns, where a row starts, and what is wrong with one.

CSV, TSV and JSON lines, as they are or packed.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, TextIO

from unconfused.errors import UnreadableFile
from unconfused.ingest.engine import Engine
from unconfused.ingest.files import PACKED, File, InputFormat, Wanted, check_columns, kind_of, quoted

CHUNK = 1 << 20
"""Bytes that are looked through at a time."""


def source_of(
    engine: Engine, file: File, wanted: Wanted, names: Sequence[str], delimiter: str | None
) -> tuple[str, list[str], list[Any]]:
    """A table of text in SQL, its columns called ``names``, and its parameters."""
    mark = _mark(file, delimiter)
    available = _keys(engine, file, names) if file.kind == "jsonl" else _header(engine, file, mark)
    check_columns(wanted, available, file.shown)
    if file.kind == "jsonl":
        types = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in names)
        query = f"read_json(?, format='newline_delimited', records=true, columns={{{types}}})"
        return query, [quoted(name) for name in names], [file.pattern]
    types = ", ".join(f"'h{i}': 'VARCHAR'" for i in range(len(available)))
    query = (
        f"read_csv(?, columns={{{types}}}, header=true, auto_detect=false, delim=?, quote='\"', escape='\"', "
        "nullstr='', strict_mode=true, hive_partitioning=false)"
    )
    return query, [f"h{available.index(name)}" for name in names], [file.pattern, mark]


def _mark(file: File, delimiter: str | None) -> str:
    return delimiter if delimiter is not None else "\t" if file.kind == "tsv" else ","


def _header(engine: Engine, file: File, mark: str) -> list[str]:
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


def _keys(engine: Engine, file: File, names: Sequence[str]) -> list[str]:
    """The keys of the first object, or of all where a wanted one is not among them."""
    objects = "SELECT json_keys(json) AS keys FROM read_ndjson_objects(?)"
    first = engine.execute(f"{objects} LIMIT 1", [file.pattern]).fetchone()
    if first is None:
        raise UnreadableFile(f"{file.shown} is empty.", "It should hold one JSON object a line.", "Write it again.")
    if not first[0]:  # no object
        seen, fix = explained(file, None, "its first line names no column")
        raise UnreadableFile(seen, "No row was counted.", fix)
    if set(names) <= set(first[0]):
        return list(first[0])
    every = engine.execute(f"SELECT DISTINCT unnest(keys) AS key FROM ({objects}) ORDER BY key", [file.pattern])
    return [*first[0], *(key for (key,) in every.fetchall() if key not in first[0])]


def lacks(file: File, marks: Sequence[bytes]) -> bool:
    """Whether none of these bytes occurs below the first line of a file that is text as it lies, without escapes."""
    if file.kind == "jsonl" or file.path.lower().endswith(PACKED):
        return False
    with open(file.path, "rb") as raw:
        raw.readline()
        return not any(mark in piece for piece in iter(partial(raw.read, CHUNK), b"") for mark in marks)


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


def explained(file: File, delimiter: str | None, otherwise: str) -> tuple[str, str]:
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


# ── where a row is ────────────────────────────────────────────────────────────────────────────
def line_of(path: str, row: int, input_format: InputFormat | None, delimiter: str | None) -> int | None:
    """The line at which row ``row`` (from 0) of a text file starts; None where that cannot be told."""
    if not os.path.isfile(path):
        return None
    file = File(path, path, input_format or kind_of(path))
    return None if file.kind == "parquet" else line_in(file, row, delimiter)


def line_in(file: File, row: int, delimiter: str | None) -> int | None:
    """The line of a file in which a row of it begins; None where Python cannot tell."""
    try:
        return next(islice((start for start, _ in _records(file, delimiter)), row, None), None)
    except (EOFError, zlib.error, OSError, UnicodeDecodeError, csv.Error):  # the engine is more lenient than Python
        return None
