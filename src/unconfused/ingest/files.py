"""Predictions in files: which ones, of which kind, and Parquet as an embedded DuckDB reads it.

Nothing is installed or downloaded: remote addresses are refused, and the engine loads no extension on its own.
"""

from __future__ import annotations

import difflib
import glob
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args

import numpy as np

from unconfused.errors import AmbiguousCall, LabelTypeMismatch, UnknownColumn, UnreadableFile, require
from unconfused.ingest.engine import Engine
from unconfused.ingest.progress import shown
from unconfused.labels import listed

InputFormat: TypeAlias = Literal["csv", "tsv", "jsonl", "parquet", "arrow"]
FORMATS: tuple[InputFormat, ...] = get_args(InputFormat)
EXTENSIONS: dict[str, InputFormat] = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".parquet": "parquet", ".pq": "parquet",
    ".arrow": "arrow", ".arrows": "arrow", ".feather": "arrow", ".ipc": "arrow",
}  # fmt: skip
PACKED = (".gz", ".zst")
STDIN = "-"
Wanted: TypeAlias = Mapping[str, Sequence[Any]]
"""Which columns play which role: ``{"y_true": ["label"], "y_score": ["p0", "p1"]}``."""
Found: TypeAlias = dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class File:
    """One file to read.

    Attributes:
        path: where it lies.
        shown: what it is called in messages.
        kind: how it is read.
    """

    path: str
    shown: str
    kind: InputFormat

    @property
    def pattern(self) -> str:
        """The path as DuckDB takes it: absolute, and nothing in it read as a wildcard."""
        return glob.escape(os.path.abspath(self.path))


def quoted(name: str) -> str:
    """A name as a quoted identifier of SQL.

    >>> print(quoted('a "b"'))
    "a ""b\"""
    """
    return '"' + name.replace('"', '""') + '"'


def check_columns(wanted: Wanted, available: Sequence[Any], where: str) -> None:
    """Refuse a column that is not there, or there twice."""
    for name in (name for names in wanted.values() for name in names):
        times = list(available).count(name)
        if times > 1:
            raise AmbiguousCall(
                f"{where} has {times} columns called {name!r}.", "Nothing says which is meant.", "Rename one of them."
            )
        if not times:
            raise UnknownColumn(f"{where} has no column {name!r}.", fix=_nearest(str(name), available))


def _nearest(name: str, available: Sequence[Any]) -> str:
    names = [str(x) for x in available]
    lowered = {x.casefold().strip(): x for x in names}
    close = difflib.get_close_matches(name.casefold().strip(), lowered, n=1, cutoff=0.5)
    hint = f"Did you mean {lowered[close[0]]!r}? " if close else ""
    whole = [x for x in names if "," in x and name in map(str.strip, x.split(","))]
    if whole:
        hint = f"Did you mean {whole[0]!r}? A name with a comma stands in double quotes of its own. "
    separated = [mark for mark in (";", "\t", "|") if len(names) == 1 and mark in names[0]]
    if separated:
        hint = f"Its cells are not separated by a comma: type delimiter={separated[0]!r}. "
    return f"{hint}Its {'only column is' if len(names) == 1 else f'{len(names)} columns are'} {listed(names, 50)}."


def sentence(error: BaseException) -> str:
    """The first line of an engine's error, without its prefix."""
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return first.partition("Error: ")[2] or first


# ── which files ───────────────────────────────────────────────────────────────────────────────
@contextmanager
def opened_files(sources: Sequence[str], kind: InputFormat | None) -> Iterator[list[File]]:
    """The files that each source names, in the order of their names; streams are first written to a temporary file."""
    files: list[File] = []
    with ExitStack() as stack:
        for source in sources:
            if source == STDIN:
                path = stack.enter_context(_spooled(sys.stdin.buffer, "standard input"))
                files.append(File(path, "standard input", kind or _as_csv(path)))
            elif os.path.exists(source) and not os.path.isdir(source) and not os.path.isfile(source):  # a pipe
                stream = stack.enter_context(open(source, "rb"))
                path = stack.enter_context(_spooled(stream, os.path.basename(source)))
                files.append(File(path, source, kind or kind_of(source)))
            else:
                files += [File(path, path, kind or kind_of(path)) for path in _paths(source)]
        _refuse_repeats(files)
        yield files


def _refuse_repeats(files: Sequence[File]) -> None:
    """One file named twice, or by a name and a pattern, would count its rows twice."""
    often = Counter(os.path.realpath(file.path) for file in files)
    for file in files:
        if (n := often[os.path.realpath(file.path)]) > 1:
            raise AmbiguousCall(
                f"{file.shown} is named {n} times, by its name or by a pattern.",
                "Its rows would count more than once.",
                "Name it once; where rows do stand for several, say so with count=.",
            )


def _as_csv(path: str) -> InputFormat:
    """What standard input is read as, unless its first bytes are those of another format."""
    with open(path, "rb") as file:
        start = file.read(64)
    signs: dict[bytes, tuple[str, InputFormat]] = {
        b"PAR1": ("Parquet", "parquet"), b"{": ("JSON lines", "jsonl"), b"ARROW1": ("Arrow", "arrow"),
        b"\xff\xff\xff\xff": ("Arrow", "arrow"),
    }  # fmt: skip
    for sign, (format, kind) in signs.items():
        if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(sign):
            raise UnreadableFile(
                f"Standard input looks like {format}.",
                "Unless its format is said, it is read as CSV.",
                f"Type input_format='{kind}' (or 'csv', if it is CSV).",
            )
    return "csv"


@contextmanager
def _spooled(stream: Any, name: str) -> Iterator[str]:
    with tempfile.NamedTemporaryFile(prefix="unconfused-") as file:
        with shown(f"Reading {name}", unit="byte") as meter:
            while block := stream.read1(1 << 20):
                meter.add(file.write(block))
            file.flush()
        yield file.name


def _paths(source: str) -> list[str]:
    if "://" in source:
        raise UnreadableFile(
            f"{source.partition('?')[0]} is a remote address.",
            "Only files on this machine are read; nothing is downloaded.",
            "Download it, or load it with pandas or Polars and pass the frame.",
        )
    if os.path.isdir(source):
        endings = Counter(Path(name).suffix for name in os.listdir(source) if Path(name).suffix in EXTENSIONS)
        ending = endings.most_common(1)[0][0] if endings else ".parquet"
        raise UnreadableFile(f"{source} is a directory.", fix=f"Name its files: '{os.path.join(source, '*' + ending)}'")
    if os.path.exists(source):
        return [source]
    found = sorted(path for path in glob.glob(source, recursive=True) if os.path.isfile(path))
    if found:
        return found
    if glob.has_magic(source):
        raise UnreadableFile(f"No file matches {source!r}.", fix=f"Relative paths start at {os.getcwd()}.")
    folder = os.path.dirname(source) or "."
    there = os.listdir(folder) if os.path.isdir(folder) else []
    close = difflib.get_close_matches(os.path.basename(source), there, n=1, cutoff=0.6)
    hint = f"Did you mean {os.path.join(os.path.dirname(source), close[0])}?" if close else ""
    raise UnreadableFile(f"There is no file {source}.", fix=hint or f"Relative paths start at {os.getcwd()}.")


def kind_of(path: str) -> InputFormat:
    """How a file is read, by its extension."""
    name = path.lower()
    for ending in PACKED:
        name = name.removesuffix(ending)
    kind = EXTENSIONS.get(Path(name).suffix)
    if kind is None:
        ending = Path(path).suffix
        raise UnreadableFile(
            f"{path} {f'ends in {ending}' if ending else 'has no extension'}, which does not say how to read it.",
            f"Known are {', '.join(EXTENSIONS)} and the text formats packed as .gz or .zst.",
            "Say what it is, for example input_format='csv', or save it as CSV or Parquet.",
        )
    return kind


# ── Parquet ───────────────────────────────────────────────────────────────────────────────────
SCAN = "read_parquet(?, hive_partitioning=false)"
SCAN_ROWS = (
    "read_parquet(?, hive_partitioning=false, file_row_number=true) WHERE file_row_number >= ? AND file_row_number < ?"
)
"""Row groups outside these rows are not read."""


def read_parquet(engine: Engine, files: Sequence[File], wanted: Wanted) -> Found:
    """The columns with the types that the file gives them; several files must agree."""
    parts = [_read_one(engine, file, wanted) for file in files]
    _check_types(files, wanted, parts)
    return {
        role: [_joined([part[role][place] for part in parts]) for place in range(len(names))]
        for role, names in wanted.items()
    }


def read_parquet_piece(engine: Engine, files: Sequence[File], wanted: Wanted, at: int, rows: tuple[int, int]) -> Found:
    """Some rows of file ``at``, held against the first row of the first file."""
    first = _read_one(engine, files[0], wanted, (0, 1))
    part = _read_one(engine, files[at], wanted, rows)
    _check_types([files[0], files[at]], wanted, [first, part])
    return part


def _check_types(files: Sequence[File], wanted: Wanted, parts: Sequence[Found]) -> None:
    """Refuse a column that is text in one file and numbers in another."""
    for role, names in wanted.items():
        for place, name in enumerate(names):
            arrays = [part[role][place] for part in parts]
            for file, array in zip(files, arrays, strict=True):
                if (array.dtype.kind in "OM") != (arrays[0].dtype.kind in "OM"):
                    raise LabelTypeMismatch(
                        f"Column {name!r} is {_in_words(arrays[0])} in {files[0].shown} and {_in_words(array)} "
                        f"in {file.shown}.",
                        "Text and numbers are never equal, so they would be counted as different classes.",
                        "Write both files with one type.",
                    )


def parquet_pieces(
    engine: Engine, files: Sequence[File], wanted: Wanted, size: int
) -> tuple[list[Callable[[], Found]], int | None]:
    """So many rows of the files at a time, and how many there are.

    All of them at once where a footer cannot be read, which reading it will explain.
    """
    duckdb = require("duckdb", extra="io")
    query = "SELECT num_rows FROM parquet_file_metadata(?)"
    try:
        rows = [int(engine.execute(query, [file.pattern]).fetchall()[0][0]) for file in files]
    except duckdb.Error:
        return [partial(read_parquet, engine, files, wanted)], None
    pieces: list[Callable[[], Found]] = [
        partial(read_parquet_piece, engine, files, wanted, at, (start, start + size))
        for at, n in enumerate(rows)
        for start in range(0, n, size)
    ]
    return pieces, sum(rows)


def _read_one(engine: Engine, file: File, wanted: Wanted, rows: tuple[int, int] | None = None) -> Found:
    """Columns of a file, all of their rows or those from one place to another."""
    duckdb = require("duckdb", extra="io")
    try:
        table = engine.sql(f"SELECT * FROM {SCAN}", params=[file.pattern])
        check_columns(wanted, table.columns, file.shown)
        if rows is not None:
            table = engine.sql(f"SELECT * FROM {SCAN_ROWS}", params=[file.pattern, *rows])
        return engine.held(lambda: project(table, wanted))
    except duckdb.Error as error:
        raise UnreadableFile(
            f"{file.shown} cannot be read as Parquet: {sentence(error).replace(file.pattern, file.shown)}.",
            "It may be cut short, damaged or of another format.",
            "Write it again, or say what it is with input_format='csv'.",
        ) from error


def project(relation: Any, wanted: Wanted) -> Found:
    """Columns of a DuckDB relation as NumPy, masked where they are null."""
    names = list(dict.fromkeys(cast(str, name) for names in wanted.values() for name in names))
    arrays = relation.project(", ".join(f"{quoted(name)} AS c{i}" for i, name in enumerate(names))).fetchnumpy()
    return {role: [arrays[f"c{names.index(name)}"] for name in columns] for role, columns in wanted.items()}


def _joined(arrays: list[Any]) -> Any:
    if len(arrays) == 1:
        return arrays[0]
    gone = np.concatenate([np.ma.getmaskarray(array) for array in arrays])
    values = np.concatenate([np.ma.getdata(array) for array in arrays])
    return np.ma.MaskedArray(values, gone) if gone.any() else values


def _in_words(array: Any) -> str:
    return "text" if array.dtype.kind == "O" else str(array.dtype)
