"""Ibis: tables of a database. What a GROUP BY can count is counted there; the rest comes in batches of Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from functools import reduce
from operator import or_
from typing import Any, TypeAlias

from unconfused.errors import require
from unconfused.ingest.ibis_cells import Unsure, celled, interval, stand_ins, step_by_step
from unconfused.ingest.numbered import numbered, taken
from unconfused.ingest.refusals import refuse_durations
from unconfused.ingest.rows import Reading
from unconfused.tally.opened import Opened

__all__ = ["Unsure", "groups", "is_here", "is_ibis", "pieces"]
Pieces: TypeAlias = "Iterator[dict[str, Any]]"

PIECE = 1 << 18
"""Rows that come at a time."""
SPARE, LEAST = 2.0**-50, 1e-300
"""How much further than its ends a stretch of scores reaches: a share of either, and at least so much."""
ENCODERS = {"duckdb": ("encode",), "postgres": ("convert_to", "UTF8")}
"""What turns text into bytes there. A database may hold "Cat" and "cat" for equal, but not their bytes."""


def is_ibis(source: Any) -> bool:
    """Whether this is a table of Ibis."""
    return type(source).__module__.startswith("ibis.") and hasattr(source, "to_pyarrow_batches")


def is_here(table: Any) -> bool:
    """Whether its rows are in this process: they need not travel to be counted."""
    return bool(table.get_backend().name == "duckdb")


def pieces(table: Any, names: Mapping[str, Any], among: Any = False) -> Iterator[dict[str, Any]]:
    """The rows, some at a time; of a second look ``among`` its cells those whose scores lie near them."""
    arrow = require("pyarrow")
    wanted, chosen = _chosen(table, names)
    if isinstance(among, Opened):
        chosen = _near(chosen, wanted.get("y_score"), among)
    with _reader(chosen) as batches:
        for batch in batches:
            if len(batch):
                yield taken(arrow.Table.from_batches([batch]), wanted)


def _near(chosen: Any, score: Any, opened: Opened) -> Any:
    """The rows within the stretches of one column of scores: a WHERE of the database.

    A little more than asked for is taken, so that how the database reads a number decides nothing; which rows lie in
    the cells is found here. Decimals are rounded by each engine in its own way, so all of them come.
    """
    if not isinstance(score, str) or not (chosen[score].type().is_floating() or chosen[score].type().is_integer()):
        return chosen
    x = chosen[score].cast("float64")
    parts = [(x >= low - abs(low) * SPARE - LEAST) & (x <= high + abs(high) * SPARE + LEAST)
             for low, high in opened.ranges[0]]  # fmt: skip
    return chosen.filter(reduce(or_, parts))


def _reader(chosen: Any, few: bool = False) -> Any:
    """What the batches of a query come from; the query is written down at once, and run when they are asked for."""
    engine = chosen.get_backend()
    if few and engine.name == "postgres":
        return nullcontext(_at_once(engine, engine.compile(chosen), chosen.schema()))
    if engine.name != "duckdb" or hasattr(engine.con, "fetch_record_batch"):
        return chosen.to_pyarrow_batches(chunk_size=PIECE)
    chosen.limit(0).to_pyarrow()  # makes its tables in memory known; DuckDB 2 has no more the batches Ibis asks it for
    return engine.con.sql(engine.compile(chosen)).to_arrow_reader(PIECE)


def _at_once(engine: Any, query: str, schema: Any) -> Iterator[Any]:
    """The result as one batch: PostgreSQL runs nothing in parallel whose rows are fetched some at a time."""
    arrow = require("pyarrow")
    with closing(engine.raw_sql(query)) as cursor:
        rows = arrow.array(cursor.fetchall(), type=schema.as_struct().to_pyarrow())
    yield arrow.RecordBatch.from_struct_array(rows)


def groups(table: Any, names: Mapping[str, Any], reading: Reading, edges: Mapping[str, Any]) -> Pieces | None:
    """One GROUP BY: rows that stand for all rows of the same classes, slices and cell of the grid, with their "count".

    Of the scores of a group come the lowest and the highest, and all others stand with the lowest, so that a tally on
    the grid is the same. None where text cannot be compared byte by byte, or a score is no float and no whole number.

    Args:
        table: the table.
        names: the columns of the roles ``y_true``, ``y_pred``, ``y_score``, ``by:name`` and ``cut:name``.
        reading: with the grid of the scores and its pins.
        edges: of the columns under ``cut:name`` where their intervals begin.
    """
    wanted, chosen = _chosen(table, names)
    kinds, encoder = chosen.schema(), ENCODERS.get(chosen.get_backend().name)
    numbers = {role: f"x{i}" for i, role in enumerate(wanted) if role.startswith("cut:")}
    numbers |= {role: "score" for role in wanted if role == "y_score"}
    keys = dict.fromkeys(name for role, name in wanted.items() if role not in numbers)
    texts = [name for name in keys if kinds[name].is_string()]
    if (texts or numbers) and encoder is None:
        return None
    if not all(kinds[wanted[role]].is_floating() or kinds[wanted[role]].is_integer() for role in numbers):
        return None
    columns = {name: _encoded(chosen[name], *encoder) if encoder and name in texts else chosen[name] for name in keys}
    columns |= {own: chosen[wanted[role]].cast("float64") for role, own in numbers.items()}
    rows = chosen.select(**columns)
    by = {name: rows[name] for name in keys}
    for role, own in numbers.items():
        if role != "y_score":
            by[f"{own}_in"] = interval(rows[own], edges[role.removeprefix("cut:")])
    if "y_score" in numbers:
        rows = celled(rows, reading)
        by["cell"] = rows.cell
    kept = {own: rows[own].min() for own in numbers.values()}
    kept |= {"highest": rows.score.max()} if "y_score" in numbers else {}
    grouped = rows.group_by(**by).agg(rows=rows.count(), **kept)
    return _standing(grouped, {role: numbers.get(role, name) for role, name in wanted.items()}, texts, reading)


def _standing(grouped: Any, wanted: Mapping[str, str], texts: Sequence[str], reading: Reading) -> Pieces:
    """The rows that stand for those of the groups, by role."""
    arrow = require("pyarrow")
    with step_by_step():
        reader = _reader(grouped, few=not any(":" in role for role in wanted))
    with reader as batches:
        for batch in batches:
            if len(batch):
                table = arrow.Table.from_batches([batch])
                for name in texts:
                    place = table.column_names.index(name)
                    table = table.set_column(place, name, table.column(name).cast(arrow.string()))
                yield stand_ins(table, wanted, reading)


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
