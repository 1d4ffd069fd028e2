"""Columns by name: of files, of pandas, Polars and PyArrow frames, and of DuckDB relations."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from unconfused.errors import AmbiguousCall, InputError, InvalidValues, UnreadableFile, UsageError, require
from unconfused.ingest.arrow import Scan, reader_of, scan_ipc, scan_parquet, scan_relation, scanned, spooled
from unconfused.ingest.columns import as_column
from unconfused.ingest.engine import connection, interruptible
from unconfused.ingest.files import (
    FORMATS,
    STDIN,
    File,
    Found,
    InputFormat,
    Wanted,
    check_columns,
    opened_files,
    parquet_pieces,
    project,
    read_parquet,
)
from unconfused.ingest.progress import Total, unknown
from unconfused.ingest.texts import load_texts
from unconfused.labels import Declared

PIECE = 1 << 20
"""Rows that are read and counted at a time."""
NAMES = {"parquet": "Parquet", "arrow": "Arrow"}
"""Formats that are no text."""


def columns(
    source: Any,
    names: Mapping[str, Any],
    *,
    labels: Declared | None = None,
    input_format: InputFormat | None = None,
    delimiter: str | None = None,
) -> dict[str, Any]:
    """Read named columns of a table, by the role they play; every row is kept, in order.

    Args:
        source: a path or pattern, or several (CSV, TSV, JSON lines, Parquet, Arrow; ``-`` is standard input), a pandas
            or Polars frame, eager or lazy, a PyArrow table, dataset or batch reader, or a DuckDB relation.
        names: a column, or a list of columns that belong together, for each role; None leaves a role out.
        labels: the declared classes; where one of them is text, a text file's labels are.
        input_format: "csv", "tsv", "jsonl", "parquet" or "arrow", for a file whose extension does not say it.
        delimiter: what separates the cells of a CSV file, if not a comma.

    Returns:
        For each role one array-like (n,), or a NumPy array (n, m) for a list of m columns.

    Raises:
        UnknownColumn: a column that the table does not have.
        UnreadableFile: a file that cannot be read.
    """
    with opened(source, names, labels=labels, input_format=input_format, delimiter=delimiter) as table:
        return table.whole()


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns of a table, not yet read.

    Attributes:
        whole: all of them, by the role they play.
        pieces: the same a few rows at a time, each to be called when it is due; every iteration is a new pass.
        threads: pieces may be called in several threads at once.
        rows: how many there are, where that is known before they are read.
    """

    whole: Callable[[], dict[str, Any]]
    pieces: Iterable[Callable[[], dict[str, Any]]]
    threads: bool = False
    rows: Total = unknown

    def peek(self) -> dict[str, Any]:
        """The first piece."""
        return next((piece() for piece in self.pieces), None) or self.whole()


@dataclass(frozen=True, slots=True)
class _Told:
    """Pieces of found columns, as roles have them."""

    told: Callable[[Found], dict[str, Any]]
    pieces: Iterable[Callable[[], Found]]

    def __iter__(self) -> Iterator[Callable[[], dict[str, Any]]]:
        return (_then(self.told, piece) for piece in self.pieces)


class _Found(NamedTuple):
    """A `Table` of found columns."""

    whole: Callable[[], Found]
    pieces: Iterable[Callable[[], Found]]
    threads: bool = False
    rows: Total = unknown

    @classmethod
    def of(cls, scan: Scan) -> _Found:
        return cls(scan.whole, scan, rows=scan.total)


@contextmanager
def opened(
    source: Any,
    names: Mapping[str, Any],
    *,
    labels: Declared | None = None,
    input_format: InputFormat | None = None,
    delimiter: str | None = None,
) -> Iterator[Table]:
    """A table to read from, as `columns` takes it, at once or in pieces.

    Parquet is read by PyArrow, row group by row group and in threads; where that cannot be, and to say what is wrong,
    by DuckDB. Text files go through DuckDB, which judges every cell. Arrow and what speaks its C stream come as
    batches; what gives them once is first written to a temporary file. Frames in memory are read a slice at a time.
    """
    wanted = {role: _listed(role, name) for role, name in names.items() if name is not None}

    def told(found: Found) -> dict[str, Any]:
        return {
            role: _together(role, found[role]) if isinstance(names[role], (list, tuple)) else found[role][0]
            for role in wanted
        }

    with interruptible(), _read_from(source, wanted, labels, input_format, delimiter) as found:
        yield Table(lambda: told(found.whole()), _Told(told, found.pieces), found.threads, found.rows)


def _then(told: Callable[[Found], dict[str, Any]], piece: Callable[[], Found]) -> Callable[[], dict[str, Any]]:
    return lambda: told(piece())


@contextmanager
def _read_from(
    source: Any, wanted: Wanted, labels: Declared | None, input_format: InputFormat | None, delimiter: str | None
) -> Iterator[_Found]:
    """The columns, by what kind of source it is."""
    paths = [source] if isinstance(source, (str, os.PathLike)) else source
    if isinstance(paths, (list, tuple)) and paths and all(isinstance(path, (str, os.PathLike)) for path in paths):
        with _files([os.fspath(path) for path in paths], wanted, labels, input_format, delimiter) as read:
            yield read
    elif type(source).__module__.partition(".")[0] in ("duckdb", "_duckdb") and hasattr(source, "fetchnumpy"):
        check_columns(wanted, source.columns, "The relation")
        scan = scan_relation(source, wanted, PIECE)
        whole = partial(project, source, wanted)
        yield _Found(whole, [whole]) if scan is None else _Found.of(scan)
    elif (scan := scanned(source, wanted, PIECE)) is not None:
        yield _Found.of(scan)
    elif (frame := _framed(source)) is not None:
        yield _Found(partial(_from_frame, frame, wanted), _Slices(frame, wanted), rows=partial(_length, frame))
    elif (reader := reader_of(source)) is not None:
        with spooled(reader, wanted, PIECE) as scan:
            yield _Found.of(scan)
    else:
        raise InputError(
            f"A {type(source).__module__}.{type(source).__qualname__} is no table that can be read.",
            fix="Pass a path, or a pandas, Polars, PyArrow or DuckDB table.",
        )


def paths_of(source: Any) -> str | None:
    """The paths that a source names, for people to read; None of a frame."""
    paths = [source] if isinstance(source, (str, os.PathLike)) else source
    if not isinstance(paths, (list, tuple)) or not all(isinstance(x, (str, os.PathLike)) for x in paths):
        return None
    return " + ".join("standard input" if path == STDIN else os.fspath(path) for path in paths)


@contextmanager
def _files(
    sources: list[str],
    wanted: Wanted,
    labels: Declared | None,
    input_format: InputFormat | None,
    delimiter: str | None,
) -> Iterator[_Found]:
    """The columns of files, one after the other."""
    if input_format not in (None, *FORMATS):
        raise UsageError(f"input_format={input_format!r} is not known.", fix=f"Choose one of {', '.join(FORMATS)}.")
    with opened_files(sources, input_format) as files:
        kinds = {NAMES.get(file.kind, "text") for file in files}
        if len(kinds) > 1:
            raise UnreadableFile(f"Some of the files are {' and some are '.join(sorted(kinds))}.",
                                 fix="Read one kind at a time.")  # fmt: skip
        if kinds == {"Arrow"}:
            yield _Found.of(scan_ipc(files, wanted, PIECE))
            return
        if kinds == {"Parquet"} and (groups := scan_parquet(files, wanted, PIECE)) is not None:
            yield _Found(partial(_parquet_at_once, files, wanted), groups, True, groups.total)
            return
        with connection() as engine:
            if kinds == {"Parquet"}:
                pieces, rows = parquet_pieces(engine, files, wanted, PIECE)
                yield _Found(partial(read_parquet, engine, files, wanted), pieces, rows=lambda: rows)
                return
            cells = load_texts(engine, files, wanted, labels, delimiter)
            starts = range(0, max(cells.rows, 1), PIECE)
            pieces = [partial(cells.read, i, i + PIECE) for i in starts]
            yield _Found(partial(cells.read, 0, cells.rows), pieces, cells.threads, lambda: cells.rows)


def _parquet_at_once(files: list[File], wanted: Wanted) -> Found:
    with connection() as engine:
        return read_parquet(engine, files, wanted)


def _listed(role: str, name: Any) -> list[Any]:
    named = list(name) if isinstance(name, (list, tuple)) else [name]
    for one in named:
        if not isinstance(one, Hashable):
            raise UsageError(
                f"{role}= holds a {type(one).__name__}, not the name of a column.",
                "The rows are looked up in the table by name.",
                f'Type {role}="NAME", or pass the columns themselves to uc.evaluate(...).',
            )
    return named


# ── frames ────────────────────────────────────────────────────────────────────────────────────
def _framed(source: Any) -> Any:
    """A frame that Narwhals knows; None of anything else."""
    narwhals = require("narwhals.stable.v2", extra="io")
    try:
        return narwhals.from_native(source)
    except narwhals.exceptions.DuplicateError as error:
        raise AmbiguousCall(
            f"The frame has several columns of one name. {str(error).rstrip('.')}.", fix="Rename them."
        ) from error
    except TypeError:
        return None


def _chosen(frame: Any, wanted: Wanted) -> Any:
    """The columns that are wanted of a frame."""
    narwhals = require("narwhals.stable.v2", extra="io")
    names = list(dict.fromkeys(name for columns in wanted.values() for name in columns))
    check_columns(wanted, list(frame.collect_schema().names()), "The frame")
    return frame.select(*[narwhals.col(name) for name in names])


def _length(frame: Any) -> int | None:
    """How many rows a frame has; None of a lazy one."""
    return len(frame) if hasattr(frame, "__len__") else None


def _from_frame(frame: Any, wanted: Wanted) -> Found:
    """The columns as the frame's own library holds them."""
    narwhals = require("narwhals.stable.v2", extra="io")
    chosen = _chosen(frame, wanted)
    if isinstance(chosen, narwhals.LazyFrame):
        chosen = chosen.collect()
    return {role: [narwhals.to_native(chosen.get_column(name)) for name in columns] for role, columns in wanted.items()}


@dataclass(frozen=True, slots=True)
class _Slices:
    """Some rows of a frame at a time; a lazy frame of Polars is run in its streaming engine, never whole."""

    frame: Any
    wanted: Wanted

    def __iter__(self) -> Iterator[Callable[[], Found]]:
        narwhals = require("narwhals.stable.v2", extra="io")
        chosen = _chosen(self.frame, self.wanted)
        if isinstance(chosen, narwhals.LazyFrame):
            native = narwhals.to_native(chosen)
            if not hasattr(native, "collect_batches"):
                yield partial(_from_frame, self.frame, self.wanted)
                return
            for batch in native.collect_batches(chunk_size=PIECE, maintain_order=True):
                yield partial(_from_frame, narwhals.from_native(batch), self.wanted)
            return
        for start in range(0, len(chosen), PIECE):
            yield partial(_from_frame, chosen[start : start + PIECE], self.wanted)


def _together(role: str, parts: list[Any]) -> Any:
    """Columns side by side, (n, m): scores as float64 with NaN for null, labels masked where they are null."""
    role = role.partition(":")[0]  # "y_score:new" is a score
    read = [as_column(part, role) for part in parts]
    gone = np.stack([np.zeros(len(x), bool) if x.missing is None else x.missing for x in read], 1)
    if role == "y_score":
        if any(x.values.dtype.kind not in "biuf" or x.categories is not None for x in read):
            raise InvalidValues("One of the columns of y_score holds something else than numbers.")
        return np.where(gone, np.nan, np.stack([x.values.astype(np.float64) for x in read], 1))
    values = [x.values if x.categories is None else np.array(x.categories, object)[x.values] for x in read]
    mixed = len({x.dtype.kind for x in values}) > 1
    stacked = np.stack([x.astype(object) if mixed else x for x in values], 1)
    return np.ma.MaskedArray(stacked, gone) if gone.any() else stacked
