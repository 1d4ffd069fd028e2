"""Passes over tables: the columns of a file or a frame, in pieces where rows may be added up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from unconfused.engines import tally_elsewhere
from unconfused.errors import UnconfusedError
from unconfused.evaluation import Evaluation
from unconfused.ingest.files import InputFormat
from unconfused.ingest.frames import opened, paths_of
from unconfused.ingest.mixups import check_matrix
from unconfused.ingest.progress import watched
from unconfused.ingest.rows import Reading
from unconfused.ingest.slices import by_names
from unconfused.passes import counted, told
from unconfused.tally.grids import usual
from unconfused.tally.tallies import Tallies


def evaluate_frame(
    source: Any,
    *,
    y_true: str,
    y_score: Any = None,
    y_pred: Any = None,
    sample_weight: Any = None,
    count: Any = None,
    unit: Any = None,
    by: Any = None,
    edges: Mapping[str, Any] | None = None,
    input_format: InputFormat | None = None,
    delimiter: str | None = None,
    **reading: Any,
) -> Evaluation:
    """Evaluate columns of a table: a file (CSV, TSV, JSON lines, Parquet) or a pandas, Polars, Arrow or DuckDB frame.

    Rows of a Spark or Dask data frame, or of a table of Ibis, stay where they are: `unconfused.engines`.

    Args:
        source: the table; a path may be a glob, and ``-`` is standard input.
        y_true, y_pred, sample_weight, count, unit: names of columns.
        y_score: the name of a column, or a list of names: one for each class, in the order of ``labels``.
        by: columns to slice by, ``["country", ("country", "device")]``; ``edges`` of columns of numbers, as in
            `evaluate`.
        input_format: "csv", "tsv", "jsonl" or "parquet", for a file whose extension does not say it.
        delimiter: what separates the cells of a CSV file, if not a comma.
        reading: as in `evaluate`. Scores are kept on a grid unless ``grid="exact"``.
    """
    names = {"y_true": y_true, "y_pred": y_pred, "y_score": y_score, "sample_weight": sample_weight, "count": count}
    names["unit"] = unit
    sliced = [] if by is None else by_names(by)
    roles = {name: f"{'cut' if name in (edges or ()) else 'by'}:{name}" for wanted in sliced for name in wanted}
    names |= {role: name for name, role in roles.items()}
    reading.setdefault("grid", usual(reading.get("score_kind", "probability")))
    how = Reading(**reading)  # refused before anything is read

    def tallied(rows: dict[str, Any], how: Reading) -> Tallies:
        found = {name: rows.pop(role) for name, role in roles.items()}
        columns_by = {wanted: tuple(found[name] for name in wanted) for wanted in sliced} or None
        return counted(how, rows.pop("y_true"), rows.pop("unit", None), columns_by, edges, rows)

    if (elsewhere := tally_elsewhere(source, names, how, sliced, edges)) is not None:
        return told(Evaluation(elsewhere))

    options: dict[str, Any] = {"labels": reading.get("labels"), "input_format": input_format, "delimiter": delimiter}
    with opened(source, names, **options) as table:
        at_once = len(table.pieces) == 1 or how.refine or any(isinstance(x, int) for x in (edges or {}).values())
        made = None if at_once else _in_pieces(table.pieces, tallied, replace(how, batch=True))
        return told(Evaluation(made or tallied(table.whole(), how), source=paths_of(source)))


def _in_pieces(
    pieces: Sequence[Callable[[], dict[str, Any]]], tallied: Callable[[dict[str, Any], Reading], Tallies], how: Reading
) -> Tallies | None:
    """The sum over pieces; None where one cannot be read by itself, or is wrong: all rows together tell which."""
    kept: list[tuple[int, Tallies]] = []
    try:
        for piece in watched(pieces, total=len(pieces), text="Counting"):
            size, made = 1, tallied(piece(), how)
            while kept and kept[-1][0] <= size:  # like with like: each row is merged log(pieces) times
                before, earlier = kept.pop()
                size, made = size + before, earlier + made
            kept.append((size, made))
        whole: Tallies = sum((part for _, part in kept), Tallies.zero())
        check_matrix(whole.matrix)
    except UnconfusedError:
        return None
    return whole
