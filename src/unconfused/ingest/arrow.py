"""Arrow: tables, datasets, batch readers, IPC files and the row groups of Parquet, a few rows at a time by PyArrow.

Text comes as codes into the distinct texts, so no row of it becomes a Python object.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from unconfused.errors import LabelTypeMismatch, UnreadableFile, optional, require
from unconfused.ingest.columns import Column, as_column
from unconfused.ingest.files import File, Found, Wanted, check_columns, quoted, sentence
from unconfused.ingest.progress import Total, shown, unknown
from unconfused.ingest.refusals import refuse_durations

NUMBERS = ("y_score", "sample_weight", "count", "cut", "cost")
"""Roles of numbers: text in them stays text, so that what is wrong with it is told as of a list."""
BUFFER = 1 << 20
"""Bytes of a column that are read at a time: they are used again for the next, where whole columns would need pages."""
WIDE = 4
"""A row group of more than so many pieces is read in batches, one after the other."""

Batches = Callable[[Sequence[str]], Iterator[Any]]
"""A pass over the rows: tables or batches of the named columns, in order."""


@dataclass(frozen=True, slots=True)
class Scan:
    """Columns of an Arrow source; every iteration over ``pieces`` is a new pass.

    Attributes:
        batches: one pass over the rows.
        wanted: which columns play which role.
        rows: how many are read at a time.
        categories: the order of unordered dictionaries means something: in memory, where there is one for all rows.
        total: how many rows there are, where that is known before they are read.
    """

    batches: Batches
    wanted: Wanted
    rows: int
    categories: bool = False
    total: Total = unknown

    def __iter__(self) -> Iterator[Callable[[], Found]]:
        for table in cut(self.batches(self._names), self.rows):
            yield partial(found_in, table, self.wanted, self.categories)

    @property
    def _names(self) -> list[str]:
        return list(dict.fromkeys(name for names in self.wanted.values() for name in names))

    def whole(self) -> Found:
        """All rows at once."""
        pa = require("pyarrow", extra="io")
        found = [pa.table(x) if isinstance(x, pa.RecordBatch) else x for x in self.batches(self._names)]
        return found_in(pa.concat_tables(found, promote_options="permissive"), self.wanted, self.categories)


def cut(batches: Iterable[Any], rows: int) -> Iterator[Any]:
    """The same rows as tables of so many, or a few more where batches are small."""
    pa = require("pyarrow", extra="io")
    waiting: list[Any] = []
    for batch in batches:
        table = pa.table(batch) if isinstance(batch, pa.RecordBatch) else batch
        if len(table) > rows:
            if waiting:
                yield pa.concat_tables(waiting)
            waiting = []
            for start in range(0, len(table), rows):
                yield table.slice(start, rows)
            continue
        waiting.append(table)
        if sum(map(len, waiting)) >= rows:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def found_in(table: Any, wanted: Wanted, categories: bool = False) -> Found:
    """Columns of an Arrow table, by role."""
    made: dict[tuple[str, bool], Column] = {}
    found: Found = {}
    for role, names in wanted.items():
        kind = role.partition(":")[0]
        for name in names:
            key = (name, kind in NUMBERS)
            if key not in made:
                made[key] = column_of(table.column(name), kind, categories)
        found[role] = [made[name, kind in NUMBERS] for name in names]
    return found


def column_of(array: Any, role: str, categories: bool = False) -> Column:
    """One column: numbers as they lie, text as codes into its distinct values."""
    pa, pc = require("pyarrow", extra="io"), require("pyarrow.compute", extra="io")
    kind = array.type
    if pa.types.is_decimal(kind):
        array = pc.cast(pc.cast(array, pa.string()), pa.float64())  # the nearest; straight, 0.35 would come out one off
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    if text and role not in NUMBERS:
        array = pc.cast(array, pa.large_string()).dictionary_encode()
    if not pa.types.is_dictionary(array.type):
        return as_column(array, role)
    if role in NUMBERS:
        return as_column(pc.cast(array, array.type.value_type), role)
    one = as_column(array, role)
    stored = not one.ordered and (text or not categories)
    return Column(role, one.values, one.missing, one.categories, one.ordered, stored=stored)


# ── sources ───────────────────────────────────────────────────────────────────────────────────
def scanned(source: Any, wanted: Wanted, rows: int) -> Scan | None:
    """A PyArrow table, dataset or scanner; None of anything else."""
    if type(source).__module__.partition(".")[0] != "pyarrow":
        return None
    if hasattr(source, "to_batches") and hasattr(source, "schema") and hasattr(source, "unify_dictionaries"):
        check_columns(wanted, source.schema.names, "The table")

        def whole(names: Sequence[str]) -> Iterator[Any]:
            yield source.select(names).unify_dictionaries()

        return Scan(whole, wanted, rows, categories=True, total=lambda: len(source))
    if hasattr(source, "scanner") and hasattr(source, "schema"):  # a dataset
        check_columns(wanted, source.schema.names, "The dataset")
        how = {"batch_size": rows, "batch_readahead": 2, "fragment_readahead": 1}
        return Scan(lambda names: source.to_batches(columns=names, **how), wanted, rows, total=partial(_length, source))
    if hasattr(source, "num_rows") and hasattr(source, "schema"):  # one batch
        pa = require("pyarrow", extra="io")
        return scanned(pa.table(source), wanted, rows)
    return None


def scan_relation(relation: Any, wanted: Wanted, rows: int) -> Scan | None:
    """A DuckDB relation, which runs again for every pass; None without PyArrow."""
    if optional("pyarrow") is None:
        return None

    def batches(names: Sequence[str]) -> Iterator[Any]:
        chosen = relation.project(", ".join(map(quoted, names)))
        read = getattr(chosen, "to_arrow_reader", None) or chosen.fetch_arrow_reader
        reader = read(rows)
        try:
            yield from reader
        finally:
            reader.close()  # the connection runs one query at a time

    return Scan(batches, wanted, rows)


def reader_of(source: Any) -> Any | None:
    """A reader of what gives its batches once, through Arrow's C stream; None of anything else."""
    if not hasattr(source, "__arrow_c_stream__"):
        return None
    pa = require("pyarrow", extra="io")
    return source if isinstance(source, pa.RecordBatchReader) else pa.RecordBatchReader.from_stream(source)


@contextmanager
def spooled(reader: Any, wanted: Wanted, rows: int) -> Iterator[Scan]:
    """What can be read once: its wanted columns are written to a temporary file, and read from there."""
    pa = require("pyarrow", extra="io")
    check_columns(wanted, reader.schema.names, "The reader")
    names = list(dict.fromkeys(name for columns in wanted.values() for name in columns))
    with tempfile.NamedTemporaryFile(prefix="unconfused-") as file:
        schema = pa.schema([reader.schema.field(name) for name in names])
        with pa.ipc.new_stream(file.name, schema) as writer, shown("Reading the batches") as meter:
            for batch in reader:
                writer.write_batch(batch.select(names))
                meter.add(len(batch))
        batches = partial(_ipc, File(file.name, "the reader", "arrow"))
        yield Scan(batches, wanted, rows, total=lambda: meter.amount)


def scan_ipc(files: Sequence[File], wanted: Wanted, rows: int) -> Scan:
    """Arrow IPC files and streams (Feather too), one after the other."""
    kinds: dict[str, tuple[bool, str, str]] = {}
    for file in files:
        with _reported(file):
            schema = _ipc_reader(file).schema
        check_columns(wanted, schema.names, file.shown)
        for name in (name for names in wanted.values() for name in names):
            kind = schema.field(name).type
            text, first, other = kinds.setdefault(name, (_text(kind), str(kind), file.shown))
            if text != _text(kind):
                raise LabelTypeMismatch(
                    f"Column {name!r} is {first} in {other} and {kind} in {file.shown}.",
                    "Text and numbers are never equal, so they would be counted as different classes.",
                    "Write both files with one type.",
                )

    def batches(names: Sequence[str]) -> Iterator[Any]:
        for file in files:
            yield from _ipc(file, names)

    return Scan(batches, wanted, rows, total=partial(_ipc_rows, files))


def _ipc_rows(files: Sequence[File]) -> int | None:
    """How many rows there are by the heads of their batches; None of streams, which have none apart."""
    pa, dataset = require("pyarrow", extra="io"), require("pyarrow.dataset", extra="io")
    try:
        return int(dataset.dataset([file.path for file in files], format="ipc").count_rows())
    except (pa.ArrowException, OSError, ValueError):
        return None


def _length(source: Any) -> int | None:
    """How many rows a dataset of local Parquet or Arrow files has, by their footers; None of others."""
    format, place = getattr(source, "format", None), getattr(source, "filesystem", None)
    footers = getattr(format, "default_extname", "") in ("parquet", "arrow") and not source._scan_options  # no filter
    return int(source.count_rows()) if footers and getattr(place, "type_name", "") == "local" else None


def _text(kind: Any) -> bool:
    return "string" in str(kind)


def _ipc(file: File, names: Sequence[str]) -> Iterator[Any]:
    with _reported(file):
        reader = _ipc_reader(file)
        count = getattr(reader, "num_record_batches", None)
        batches = reader if count is None else map(reader.get_batch, range(count))
        for batch in batches:
            batch.validate(full=True)  # offsets that lead out of the file are found here, not by a crash
            yield batch.select(names)


def _ipc_reader(file: File) -> Any:
    """Of an IPC file, else of an IPC stream."""
    pa = require("pyarrow", extra="io")
    source = pa.memory_map(file.path)
    with open(file.path, "rb") as raw:
        start = raw.read(8)
    return pa.ipc.open_file(source) if start.startswith(b"ARROW1") else pa.ipc.open_stream(source)


@contextmanager
def _reported(file: File) -> Iterator[None]:
    """What PyArrow says about a file, as an error of ours."""
    pa = require("pyarrow", extra="io")
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise UnreadableFile(
            f"{file.shown} cannot be read as Arrow: {sentence(error).rstrip('.')}.",
            "It may be cut short, damaged or of another format.",
            "Write it again, or say what it is with input_format='csv'.",
        ) from error


# ── Parquet ───────────────────────────────────────────────────────────────────────────────────
def scan_parquet(files: Sequence[File], wanted: Wanted, rows: int) -> RowGroups | None:
    """Row groups of Parquet files, each to be read when it is due, in any thread.

    None where PyArrow is not installed or a file is not as plain as that: DuckDB then reads it, or says what is wrong.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return None
    names = list(dict.fromkeys(name for columns in wanted.values() for name in columns))
    try:
        known = [pq.ParquetFile(file.path) for file in files]
        schemas = [one.schema_arrow for one in known]
        if any(schema.names.count(name) != 1 for schema in schemas for name in names):
            return None
        if any(len({_text(schema.field(name).type) for schema in schemas}) > 1 for name in names):
            return None
        groups = [(at, one.metadata.row_group(i).num_rows, i)
                  for at, one in enumerate(known) for i in range(one.num_row_groups)]  # fmt: skip
        spans = [name for x in schemas for name in names if pa.types.is_duration(x.field(name).type)]
        if not spans and not all(_plain(schema.field(name).type) for schema in schemas for name in names):
            return None
    except (pa.ArrowException, OSError, ValueError):
        return None
    finally:
        known = []
    if spans:
        refuse_durations(spans[0])  # DuckDB would take them for whole numbers
    texts = [sorted({name for name in names if _text(schema.field(name).type)}) for schema in schemas]
    return RowGroups([file.path for file in files], groups, texts, wanted, rows)


def _plain(kind: Any) -> bool:
    """A type that both engines read alike: numbers, truth values, decimals and text."""
    pa = require("pyarrow", extra="io")
    t = pa.types
    kind = kind.value_type if t.is_dictionary(kind) else kind
    tests = (t.is_integer, t.is_floating, t.is_boolean, t.is_decimal, t.is_string, t.is_large_string)
    return any(test(kind) for test in tests)


@dataclass(frozen=True, slots=True)
class RowGroups:
    """Pieces of Parquet files: neighbouring row groups together until they are large enough."""

    paths: list[str]
    groups: list[tuple[int, int, int]]
    texts: list[list[str]]
    wanted: Wanted
    rows: int
    footers: dict[int, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Callable[[], Found]]:
        for at, together, batches in self._parts():
            if batches > 1:
                yield from self._in_batches(at, together)
            else:
                yield partial(self._read, at, together)

    def total(self) -> int:
        """How many rows there are, as the footers say."""
        return sum(size for _, size, _ in self.groups)

    def _parts(self) -> Iterator[tuple[int, list[int], int]]:
        """The file, the row groups that are read together, and in how many batches they come."""
        together: list[int] = []
        held, last = 0, -1
        for at, size, group in self.groups:
            large = size > WIDE * self.rows
            if together and (at != last or large or held + size > self.rows):
                yield last, together, 1
                together, held = [], 0
            last = at
            if large:
                yield at, [group], -(-size // self.rows)
            elif size:
                together, held = [*together, group], held + size
        if together:
            yield last, together, 1

    def _file(self, at: int) -> Any:
        import pyarrow.parquet as pq

        known = self.footers.get(at)
        file = pq.ParquetFile(self.paths[at], metadata=known, read_dictionary=self.texts[at], buffer_size=BUFFER)
        if at not in self.footers:
            self.footers.clear()  # that of one file is kept, for its other row groups
            self.footers[at] = file.metadata
        return file

    @property
    def _names(self) -> list[str]:
        return list(dict.fromkeys(name for names in self.wanted.values() for name in names))

    def _read(self, at: int, groups: list[int]) -> Found:
        with damaged():
            table = self._file(at).read_row_groups(groups, columns=self._names, use_threads=False)
        return found_in(table, self.wanted)

    def _in_batches(self, at: int, groups: list[int]) -> Iterator[Callable[[], Found]]:
        with damaged():
            options = {"batch_size": self.rows, "row_groups": groups, "columns": self._names, "use_threads": False}
            for batch in self._file(at).iter_batches(**options):
                yield partial(found_in, batch, self.wanted)


@contextmanager
def damaged() -> Iterator[None]:
    """A row group that cannot be read is an error of ours; DuckDB, asked for all rows, will tell more."""
    pa = require("pyarrow", extra="io")
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableFile(f"A row group cannot be read: {sentence(error)}.") from error
