"""The cell of a score as an expression of SQL, such that rows of one key lie in one cell of the grid.

A database knows no bits of a float, but IEEE arithmetic: 1 - s is exact from ½ on, and so is s times a power of two.
The logarithm that finds the octave may be an octave off for a score beside a power of two, which then has a key of its
own within the same cell: keys may be finer than cells, never coarser.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from unconfused.errors import require
from unconfused.ingest.rows import Reading
from unconfused.tally.axis import PERCENTS
from unconfused.tally.grids import LARGEST, OCTAVES, SMALLEST, Grid

NULL, NAN = -1, -2
"""Keys of rows without a score. All keys below 0 are of rows whose score is none."""
_GUARD = threading.RLock()


class Unsure(Exception):
    """A group reached across cells: the database does not reckon as IEEE says."""


def celled(table: Any, reading: Reading) -> Any:
    """The table with a whole number, ``cell``, for each score in its column ``score``, float64.

    Scores of one number >= 0 lie in one cell of the grid and between the same pins; those of one number below 0 are
    unusable for one reason. Each step is a column, which the database works out once.
    """
    ibis, grid, pins = require("ibis"), reading.bins["grid"], reading.bins["pins"].tolist()
    s, bounded = table.score, reading.score_kind == "probability"
    lowest, highest = (0.0, 1.0) if bounded else (-math.inf, math.inf)
    table = table.mutate(inside=(s > lowest) & (s < highest) & (s != 0.0))  # never of NaN, which is above all
    table = table.mutate(inner=ibis.ifelse(table.inside, s, 0.5))
    table = _binned(table, grid)
    cell = table.bin * (len(pins) + 1) + _pins(table.inner, pins, bounded) + 3
    ends = [(s == x, i) for i, x in enumerate((0.0, lowest, highest))]  # each is a cell of its own
    out = [(s == -math.inf, -3), (s == math.inf, -4), (s < 0.0, -5)]
    cell = ibis.cases((table.inside, cell), (s.isnull(), NULL), (s.isnan(), NAN), *ends, *out, else_=-6)
    return table.mutate(cell=cell)


def _binned(table: Any, grid: Grid) -> Any:
    """With ``bin``, a whole number >= 0, of ``inner``: of two bins of the grid it is never the same."""
    ibis, s, m = require("ibis"), table.inner, grid.fineness
    if grid.family == "uniform":
        return table.mutate(bin=(s * 2.0**m).floor())
    if grid.family == "folded":
        upper, size, first, last = s >= 0.5, ibis.ifelse(s >= 0.5, 1.0 - s, s), -1 - OCTAVES, -1
    else:
        upper, size, first, last = s < 0.0, s.abs(), SMALLEST, LARGEST
    most = 2 << m
    table = table.mutate(upper=upper, size=size)
    table = table.mutate(octave=ibis.greatest(ibis.least((table.size.ln() / math.log(2)).floor(), last), first))
    table = table.mutate(parts=table.size * ibis.literal(2.0) ** (float(m) - table.octave.cast("float64")))  # exact
    parts = ibis.least(table.parts, float(most))
    place = ibis.ifelse(table.upper, -parts, parts).floor()  # of the upper side bins are (lo, hi] as seen from its end
    return table.mutate(bin=(table.octave - first) * (4 * most) + place + most)


def _pins(s: Any, pins: Sequence[float], bounded: bool) -> Any:
    """How many pins are no higher than a score, which is between 0 and 1 where ``bounded``."""
    if not bounded or not set(PERCENTS) <= set(pins):
        return reached(s, pins)
    near = (s * 100.0 + 0.5).floor()
    percents = near - require("ibis").ifelse(s < near.cast("float64") / 100.0, 1, 0)  # i / 100 is one float64 anywhere
    others = sorted(set(pins) - set(PERCENTS))
    return percents + reached(s, others) if others else percents


def interval(x: Any, edges: Any) -> Any:
    """The number of the interval between edges, of a column of float64; NULL for no number."""
    cuts = np.asarray(edges, np.float64).ravel().tolist()
    return require("ibis").cases((x.isnull(), NULL), (x.isnan(), NULL), else_=reached(x, cuts))


def reached(x: Any, cuts: Sequence[float]) -> Any:
    """How many of ``cuts``, ascending, are no larger than ``x``: by halves."""
    ibis = require("ibis")

    def between(low: int, high: int) -> Any:
        if low == high:
            return ibis.literal(low, "int64")
        middle = (low + high) // 2
        return ibis.ifelse(x < float(cuts[middle]), between(low, middle), between(middle + 1, high))

    return between(0, len(cuts))


def stand_ins(groups: Any, wanted: Mapping[str, str], reading: Reading) -> dict[str, Any]:
    """Rows that stand for those of groups, by role: one with the lowest score for all but one, and the highest.

    Args:
        groups: a table of PyArrow with a row for each group: under "rows" how many it stands for, under "score" and
            "highest" the ends of its scores, and under "cell" their cell.
        wanted: the columns by role.
        reading: the grid and its pins.

    Raises:
        Unsure: a cell of the grid holds but one of the two ends.
    """
    rows = {"count": groups.column("rows"), **{role: groups.column(name) for role, name in wanted.items()}}
    if "y_score" not in wanted:
        return rows
    count, key, low, high = (groups.column(x).to_numpy() for x in ("rows", "cell", "score", "highest"))
    grid, pins = reading.bins["grid"], reading.bins["pins"]
    ends = [x[key >= 0].astype(np.float64) for x in (low, high)]
    first, last = (grid.bins(x) + np.searchsorted(pins, x, side="right") for x in ends)
    if (first != last).any():
        raise Unsure
    wide = (key >= 0) & (low < high)
    arrow, at = require("pyarrow"), np.concatenate([np.arange(len(key)), np.flatnonzero(wide)])
    scores = np.concatenate([np.where(key == NAN, np.nan, low), high[wide]])
    made = {role: column.take(arrow.array(at)) for role, column in rows.items()}
    made["count"] = arrow.array(np.concatenate([count - wide, np.ones(int(wide.sum()), np.int64)]))
    made["y_score"] = arrow.array(scores, mask=key[at] == NULL, from_pandas=False)
    return made


@contextmanager
def step_by_step() -> Iterator[None]:
    """Queries that are written meanwhile keep each step: put together, what two of them share would be done twice."""
    options = require("ibis").options.sql
    with _GUARD:
        before, options.fuse_selects = options.fuse_selects, False
        try:
            yield
        finally:
            options.fuse_selects = before
