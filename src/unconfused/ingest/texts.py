"""CSV, TSV and JSON lines: every cell is read as text, and only what all cells say decides what a column is.

Labels are integers when all of them are canonical integers (``7``, not ``007`` or ``7.0``), else text; truth and
prediction are judged together, each column to slice by alone. Scores and weights are float64. An empty cell, or a key
that a line lacks, is null.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from unconfused.errors import (
    InputError,
    InvalidValues,
    InvalidWeights,
    ScoresAsLabels,
    UnreadableFile,
    optional,
    require,
)
from unconfused.ingest.columns import as_column
from unconfused.ingest.engine import Engine, loaded
from unconfused.ingest.files import File, Found, Wanted, sentence
from unconfused.ingest.lines import explained, lacks, line_in, source_of
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
PLAIN = {
    "VARCHAR": "{0}",
    "BIGINT": "(CASE WHEN strlen({0}) = 1 OR {0}::BIGINT::VARCHAR = {0} THEN {0} "
    "WHEN {0} IS NOT NULL THEN 'x' END)::BIGINT",
    "DOUBLE": "(CASE WHEN {0} < '-' OR contains({0}, '_') OR contains({0}, '(') OR contains({0}, chr(11)) THEN 'x' "
    "ELSE {0} END)::DOUBLE",
}
WITHOUT = {**PLAIN, "DOUBLE": "(CASE WHEN {0} < '-' THEN 'x' ELSE {0} END)::DOUBLE"}
"""The same for the cells of a file in which none of `ODD` occurs: looking for them in each costs a third of a scan."""
"""Casts that fail for every cell that the patterns above refuse, and for some that they take.

The engine reads more as a number: ``+-1``, ``1_000``, ``nan(7)``, a vertical tab at either end.
"""
ODD = (b"_", b"(", b"\x0b")
FIRST = 1000
"""Rows of which the first look is taken."""
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
        threads: several may read at once.
    """

    rows: int
    read: Callable[[int, int], Found]
    threads: bool = False


def load_texts(
    engine: Engine, files: Sequence[File], wanted: Wanted, labels: Declared | None, delimiter: str | None
) -> Cells:
    """The columns of text files, one file after the other, each row in its place.

    Most files hold what they should, in the plainest spelling: their cells are turned into numbers while they are read.
    One cell that is not so plain, and all are read again as text and judged in full.
    """
    return _plainly(engine, files, wanted, labels, delimiter) or _in_full(engine, files, wanted, labels, delimiter)


def _plainly(
    engine: Engine, files: Sequence[File], wanted: Wanted, labels: Declared | None, delimiter: str | None
) -> Cells | None:
    """The columns of files whose every cell is plain (`PLAIN`); None of others."""
    duckdb = require("duckdb", extra="io")
    names = list(dict.fromkeys(name for columns in wanted.values() for name in columns))
    try:
        sources = [source_of(engine, file, wanted, names, delimiter) for file in files]
        kinds = _plain_kinds(_looked_at(engine, names, *sources[0]), wanted, labels)
        if kinds is None:
            return None
        pairs = list(dict.fromkeys((name, kinds[role]) for role, columns in wanted.items() for name in columns))
        engine.execute(f"CREATE TABLE plain ({', '.join(f'p{i} {kind}' for i, (_, kind) in enumerate(pairs))})")

        def load(at: int) -> int:
            source, cells, parameters = sources[at]
            plain = WITHOUT if any(kind == "DOUBLE" for _, kind in pairs) and lacks(files[at], ODD) else PLAIN
            picks = (plain[kind].format(cells[names.index(name)]) for name, kind in pairs)
            query = f"INSERT INTO plain SELECT {', '.join(picks)} FROM {source}"
            return int(engine.execute(query, parameters).fetchone()[0])

        rows = sum(loaded(engine, [file.path for file in files], load, "Reading"))
    except (duckdb.Error, InputError):  # said in full, in the order of the files
        engine.execute("DROP TABLE IF EXISTS plain")
        return None
    query = "SELECT * FROM plain WHERE rowid >= ? AND rowid < ?"

    quick = all(kind != "VARCHAR" for _, kind in pairs) and optional("pyarrow") is not None  # which is sooner

    def read(start: int, stop: int) -> Found:
        with engine.cursor() as own:  # each thread has one
            if quick:
                found = own.sql(query, [start, stop])
                table = own.held(getattr(found, "to_arrow_table", None) or found.fetch_arrow_table)
                arrays = {name: _masked(table.column(name)) for name in table.column_names}
            else:
                arrays = own.execute(query, [start, stop]).fetchnumpy()
            return {r: [arrays[f"p{pairs.index((x, kinds[r]))}"] for x in columns] for r, columns in wanted.items()}

    return Cells(rows, read, threads=True)


def _masked(array: Any) -> Any:
    """A column of numbers of Arrow as NumPy, masked where it is null."""
    column = as_column(array, "")
    return column.values if column.missing is None else np.ma.MaskedArray(column.values, column.missing)


def _looked_at(
    engine: Engine, names: Sequence[str], source: str, cells: Sequence[str], parameters: Sequence[Any]
) -> dict[str, tuple[bool, bool]]:
    """Of each column: whether the first cells are whole numbers, and whether one of them is no number."""
    tests = ", ".join(f"bool_and(regexp_full_match({c}, ?)), bool_or(NOT regexp_full_match({c}, ?))" for c in cells)
    query = f"SELECT {tests} FROM (SELECT {', '.join(cells)} FROM {source} LIMIT {FIRST})"
    found = engine.execute(query, [WHOLE, NUMBER] * len(names) + [*parameters]).fetchone()
    return {x: (found[2 * i] is not False, found[2 * i + 1] is True) for i, x in enumerate(names)}


def _plain_kinds(
    looked: Mapping[str, tuple[bool, bool]], wanted: Wanted, labels: Declared | None
) -> dict[str, str] | None:
    """The type of each role, which the first cells prove (text) or propose (whole numbers); None where they do not."""
    kinds: dict[str, str | None] = {}
    classes = [name for role, columns in wanted.items() if not _plain(role) for name in columns]
    for role, columns in wanted.items():
        whole, other = all(looked[x][0] for x in columns), all(looked[x][1] for x in columns)
        if role.partition(":")[0] in NUMBERS:
            kinds[role] = NUMBERS[role.partition(":")[0]][1]
        elif role == NAMES or (not _plain(role) and _any_text(labels)):
            kinds[role] = "VARCHAR"
        elif _plain(role):
            kinds[role] = "BIGINT" if whole else "VARCHAR" if other else None
        else:  # truth and prediction are judged together
            kinds[role] = (
                "BIGINT" if all(looked[x][0] for x in classes) else
                "VARCHAR" if all(looked[x][1] for x in classes) else None
            )  # fmt: skip
    return None if None in kinds.values() else {role: str(kind) for role, kind in kinds.items()}


def _in_full(
    engine: Engine, files: Sequence[File], wanted: Wanted, labels: Declared | None, delimiter: str | None
) -> Cells:
    names = list(dict.fromkeys(name for columns in wanted.values() for name in columns))
    engine.execute(f"CREATE TEMP TABLE cells ({', '.join(f'c{i} VARCHAR' for i in range(len(names)))})")

    def load(at: int) -> int:
        return _load(engine, files[at], wanted, names, delimiter)

    rows = loaded(engine, [file.path for file in files], load, "Reading cell by cell")
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


def _kind_of_slice(engine: Engine, name: str, column: str) -> str:
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


def _all(engine: Engine, columns: Sequence[str], pattern: str, kind: str) -> bool:
    """Every cell that is not empty matches the pattern and fits the type."""
    if not columns:
        return False
    tests = " AND ".join(f"count({c}) = count({_cast(c, kind)})" for c in columns)
    return bool(engine.execute(f"SELECT {tests} FROM cells", [pattern] * len(columns)).fetchone()[0])


def _cast(column: str, kind: str) -> str:
    return f"CASE WHEN regexp_full_match({column}, ?) THEN try_cast({column} AS {kind}) END"


def _refuse_scores(engine: Engine, wanted: Wanted, places: Mapping[str, Sequence[str]]) -> None:
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


def _first_other(engine: Engine, column: str, pattern: str, kind: str) -> tuple[int, str, int]:
    """The first cell that is no number: its row, its text, and how many there are."""
    query = f"SELECT min(rowid), arg_min({column}, rowid), count(*) FROM cells WHERE {column} IS NOT NULL AND "
    place, value, bad = engine.execute(f"{query} ({_cast(column, kind)}) IS NULL", [pattern]).fetchone()
    return int(place), str(value), int(bad)


def _where(files: Sequence[File], rows: Sequence[int], place: int, delimiter: str | None) -> str:
    """Which line of which file a row came from."""
    ends = list(accumulate(rows))
    at = bisect.bisect_right(ends, place)
    own = place - (ends[at - 1] if at else 0)
    line = line_in(files[at], own, delimiter)
    return f"row {own} of {files[at].shown}" if line is None else f"line {line} of {files[at].shown}"


def _load(engine: Engine, file: File, wanted: Wanted, names: Sequence[str], delimiter: str | None) -> int:
    """Append the cells of one file; how many rows it has."""
    duckdb = require("duckdb", extra="io")
    try:
        source, cells, parameters = source_of(engine, file, wanted, names, delimiter)
        query = f"INSERT INTO cells SELECT {', '.join(cells)} FROM {source}"
        return int(engine.execute(query, parameters).fetchone()[0])
    except duckdb.Error as error:
        seen, fix = explained(file, delimiter, sentence(error).replace(file.pattern, file.shown))
        raise UnreadableFile(seen, "No row was counted.", fix) from error
