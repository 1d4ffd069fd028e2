"""Columns by name: of files, of pandas, Polars and PyArrow frames, and of DuckDB relations."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from unconfused.errors import AmbiguousCall, InputError, InvalidValues, UnreadableFile, UsageError, require
from unconfused.ingest.columns import as_column
from unconfused.ingest.files import (
    FORMATS,
    STDIN,
    Found,
    InputFormat,
    Wanted,
    check_columns,
    connection,
    opened_files,
    parquet_rows,
    project,
    read_parquet,
    read_parquet_piece,
)
from unconfused.ingest.texts import load_texts
from unconfused.labels import Declared

PIECE = 1 << 20
"""Rows of a file that are read and counted at a time."""


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
        source: a path or pattern, or several (CSV, TSV, JSON lines, Parquet; ``-`` is standard input), a pandas, Polars
            or PyArrow frame, or a DuckDB relation.
        names: a column, or a list of columns that belong together, for each role; None leaves a role out.
        labels: the declared classes; where one of them is text, a text file's labels are.
        input_format: "csv", "tsv", "jsonl" or "parquet", for a file whose extension does not say it.
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
        pieces: the same a few rows at a time, each to be called when it is due; one where the table is small, or in
            memory anyway.
    """

    whole: Callable[[], dict[str, Any]]
    pieces: Sequence[Callable[[], dict[str, Any]]]


@contextmanager
def opened(
    source: Any,
    names: Mapping[str, Any],
    *,
    labels: Declared | None = None,
    input_format: InputFormat | None = None,
    delimiter: str | None = None,
) -> Iterator[Table]:
    """A table to read from, as `columns` takes it; files can be read in pieces."""
    wanted = {role: _listed(name) for role, name in names.items() if name is not None}

    def told(found: Found) -> dict[str, Any]:
        return {
            role: _together(role, found[role]) if isinstance(names[role], (list, tuple)) else found[role][0]
            for role in wanted
        }

    paths = [source] if isinstance(source, (str, os.PathLike)) else source
    if isinstance(paths, (list, tuple)) and paths and all(isinstance(path, (str, os.PathLike)) for path in paths):
        with _files([os.fspath(path) for path in paths], wanted, labels, input_format, delimiter) as (whole, pieces):
            yield Table(lambda: told(whole()), [_then(told, piece) for piece in pieces])
        return
    if type(source).__module__.partition(".")[0] in ("duckdb", "_duckdb") and hasattr(source, "fetchnumpy"):
        check_columns(wanted, source.columns, "The relation")
        found = project(source, wanted)
    else:
        found = _from_frame(source, wanted)
    yield Table(lambda: told(found), [lambda: told(found)])


def _then(told: Callable[[Found], dict[str, Any]], piece: Callable[[], Found]) -> Callable[[], dict[str, Any]]:
    return lambda: told(piece())


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
) -> Iterator[tuple[Callable[[], Found], list[Callable[[], Found]]]]:
    """The columns of files, one after the other: all at once, or in pieces."""
    if input_format not in (None, *FORMATS):
        raise UsageError(f"input_format={input_format!r} is not known.", fix=f"Choose one of {', '.join(FORMATS)}.")
    with opened_files(sources, input_format) as files, connection() as engine:
        parquet = [file.kind == "parquet" for file in files]
        if any(parquet) and not all(parquet):
            raise UnreadableFile("Some of the files are Parquet and some are text.", fix="Read one kind at a time.")
        if all(parquet):
            whole = partial(read_parquet, engine, files, wanted)
            sizes = parquet_rows(engine, files) or []
            pieces: list[Callable[[], Found]] = [
                partial(read_parquet_piece, engine, files, wanted, at, (start, start + PIECE))
                for at, size in enumerate(sizes)
                for start in range(0, size, PIECE)
            ]
            yield whole, pieces if sum(sizes) > PIECE else [whole]
            return
        cells = load_texts(engine, files, wanted, labels, delimiter)
        starts = range(0, max(cells.rows, 1), PIECE)
        yield partial(cells.read, 0, cells.rows), [partial(cells.read, i, i + PIECE) for i in starts]


def _listed(name: Any) -> list[Any]:
    return list(name) if isinstance(name, (list, tuple)) else [name]


def _from_frame(source: Any, wanted: Wanted) -> Found:
    """The columns as the frame's own library holds them."""
    narwhals = require("narwhals.stable.v2", extra="io")
    try:
        frame = narwhals.from_native(source)
    except narwhals.exceptions.DuplicateError as error:
        raise AmbiguousCall(
            f"The frame has several columns of one name. {str(error).rstrip('.')}.", fix="Rename them."
        ) from error
    except TypeError as error:
        raise InputError(
            f"A {type(source).__module__}.{type(source).__qualname__} is no table that can be read.",
            fix="Pass a path, or a pandas, Polars, PyArrow or DuckDB table.",
        ) from error
    names = list(dict.fromkeys(name for columns in wanted.values() for name in columns))
    check_columns(wanted, list(frame.collect_schema().names()), "The frame")
    chosen = frame.select(*[narwhals.col(name) for name in names])
    if isinstance(chosen, narwhals.LazyFrame):
        chosen = chosen.collect()
    return {role: [narwhals.to_native(chosen.get_column(name)) for name in columns] for role, columns in wanted.items()}


def _together(role: str, parts: list[Any]) -> Any:
    """Columns side by side, (n, m): scores as float64 with NaN for null, labels masked where they are null."""
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
