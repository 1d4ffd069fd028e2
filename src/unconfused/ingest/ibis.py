"""Ibis: tables of a database. Classes are counted there, by one GROUP BY; scores come in batches of Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from unconfused.errors import require
from unconfused.ingest.numbered import numbered, taken
from unconfused.ingest.refusals import refuse_durations

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


def groups(table: Any, names: Mapping[str, Any]) -> dict[str, Any] | None:
    """The distinct combinations of columns, and under "count" how many rows have them; None where text cannot be
    compared byte by byte."""
    wanted, chosen = _chosen(table, names)
    texts = [name for name, kind in chosen.schema().items() if kind.is_string()]
    encoder = ENCODERS.get(chosen.get_backend().name)
    if texts and encoder is None:
        return None
    if texts and encoder is not None:
        chosen = chosen.mutate(**{name: _encoded(chosen[name], *encoder) for name in texts})
    counted = chosen.group_by(list(chosen.columns)).agg(rows=chosen.count()).to_pyarrow()
    arrow = require("pyarrow")
    columns = {name: counted.column(name) for name in chosen.columns}
    columns |= {name: columns[name].cast(arrow.string()) for name in texts}
    return {"count": counted.column("rows"), **{role: columns[name] for role, name in wanted.items()}}


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
