"""Ibis: tables of a database. What a GROUP BY can count is counted there; the rest comes in batches of Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from unconfused.errors import require
from unconfused.ingest.ibis_cells import Unsure, cell, interval, stand_ins
from unconfused.ingest.numbered import numbered, taken
from unconfused.ingest.refusals import refuse_durations
from unconfused.ingest.rows import Reading

__all__ = ["Unsure", "groups", "is_ibis", "pieces"]
Pieces: TypeAlias = "Iterator[dict[str, Any]]"

PIECE = 1 << 18
"""Rows that come at a time."""
ENCODERS = {"duckdb": ("encode",), "postgres": ("convert_to", "UTF8")}
"""What turns text into bytes there. A database may hold "Cat" and "cat" for equal, but not their bytes."""


def is_ibis(source: Any) -> bool:
    """Whether this is a table of Ibis."""
    return type(source).__module__.startswith("ibis.") and hasattr(source, "to_pyarrow_batches")


def pieces(table: Any, names: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows, some at a time."""
    arrow = require("pyarrow")
    wanted, chosen = _chosen(table, names)
    with _reader(chosen) as batches:
        for batch in batches:
            if len(batch):
                yield taken(arrow.Table.from_batches([batch]), wanted)


def _reader(chosen: Any) -> Any:
    engine = chosen.get_backend()
    if engine.name != "duckdb" or hasattr(engine.con, "fetch_record_batch"):
        return chosen.to_pyarrow_batches(chunk_size=PIECE)
    chosen.limit(0).to_pyarrow()  # makes its tables in memory known; DuckDB 2 has no more the batches Ibis asks it for
    return engine.con.sql(engine.compile(chosen)).to_arrow_reader(PIECE)


def groups(table: Any, names: Mapping[str, Any], reading: Reading, edges: Mapping[str, Any]) -> Pieces | None:
    """One GROUP BY: rows that stand for all rows of the same classes, slices and cell of the grid, with their "count".

    Of the scores of a group come the lowest and the highest, and all others stand with the lowest, so that a tally on
    the grid is the same. None where text cannot be compared byte by byte, or numbers by their bits.

    Args:
        table: the table.
        names: the columns of the roles ``y_true``, ``y_pred``, ``y_score``, ``by:name`` and ``cut:name``.
        reading: with the grid of the scores and its pins.
        edges: of the columns under ``cut:name`` where their intervals begin.
    """
    wanted, chosen = _chosen(table, names)
    kinds, encoder = chosen.schema(), ENCODERS.get(chosen.get_backend().name)
    numbers = {role: name for role, name in wanted.items() if role == "y_score" or role.startswith("cut:")}
    keys = {name for role, name in wanted.items() if role not in numbers}
    texts = [name for name in keys if kinds[name].is_string()]
    if (texts or numbers) and encoder is None:
        return None
    if not all(kinds[name].is_floating() or kinds[name].is_integer() for name in numbers.values()):
        return None
    by = {name: _encoded(chosen[name], *encoder) if encoder and name in texts else chosen[name] for name in keys}
    kept = {"count": chosen.count()}
    for role, name in numbers.items():
        x = chosen[name].cast("float64")
        by[f"key:{role}"] = cell(x, reading) if role == "y_score" else interval(x, edges[role.removeprefix("cut:")])
        kept |= {f"low:{role}": x.min(), f"high:{role}": x.max()}
    return _standing(chosen.group_by(**by).agg(**kept), wanted, texts, reading)


def _standing(grouped: Any, wanted: Mapping[str, Any], texts: Sequence[str], reading: Reading) -> Pieces:
    """The rows that stand for those of the groups, by role."""
    arrow = require("pyarrow")
    with _reader(grouped) as batches:
        for batch in batches:
            if len(batch):
                table = arrow.Table.from_batches([batch])
                columns = {x: table.column(x).cast(arrow.string()) if x in texts else table.column(x)
                           for x in table.column_names}  # fmt: skip
                found = {role: columns.get(f"low:{role}", columns.get(name)) for role, name in wanted.items()}
                yield stand_ins({"count": columns["count"], **found}, columns, reading)


def _chosen(table: Any, names: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """The wanted columns as c0, c1, …"""
    wanted, unique = numbered(table.columns, names)
    if spans := [name for name in unique if table[name].type().is_interval()]:
        refuse_durations(spans[0])
    return wanted, table.select(**{f"c{i}": table[name] for i, name in enumerate(unique)})


def _encoded(column: Any, function: str, *options: str) -> Any:
    """Text as its bytes, by a function of the database."""
    builtin = require("ibis").udf.scalar.builtin
    calls: list[Callable[..., None]] = [lambda text: None, lambda text, charset: None]
    kinds = (("string",) * (1 + len(options)), "binary")
    return builtin(calls[len(options)], name=function, signature=kinds)(column, *options)
