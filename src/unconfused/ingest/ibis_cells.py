"""The cell of a score as an expression of SQL, such that rows of one key lie in one cell of the grid.

A database knows no bits of a float, but IEEE arithmetic: 1 - s is exact from ½ on, and so is s times a power of two. The
logarithm that finds the octave may be an octave off for a score beside a power of two, which then has a key of its own
within the same cell: keys may be finer than cells, never coarser.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from unconfused.errors import require
from unconfused.ingest.rows import Reading
from unconfused.tally.axis import PERCENTS
from unconfused.tally.grids import LARGEST, OCTAVES, SMALLEST, Grid

NULL, NAN = -1, -2
"""Keys of rows without a score. All keys below 0 are of rows whose score is none."""


class Unsure(Exception):
    """A group reached across cells: the database does not reckon as IEEE says."""


def cell(s: Any, reading: Reading) -> Any:
    """A whole number for each score, a column of float64.

    Scores of one number >= 0 lie in one cell of the grid and between the same pins; those of one number below 0 are
    unusable for one reason.
    """
    ibis, kind, grid, pins = require("ibis"), reading.score_kind, reading.bins["grid"], reading.bins["pins"].tolist()
    special = [(s.isnull(), NULL), (s.isnan(), NAN)]
    if kind == "probability":
        special += [(s == -math.inf, -3), (s == math.inf, -4), (s < 0.0, -5), (s > 1.0, -6)]
    ends = (0.0, 1.0) if grid.family in ("folded", "uniform") else (0.0, math.inf, -math.inf)
    special += [(s == x, i) for i, x in enumerate(ends)]  # each is a cell of its own
    inner = _inner(ibis, s, grid) * (len(pins) + 1) + _pins(ibis, s, pins)
    return ibis.cases(*special, else_=inner + len(ends))


def _inner(ibis: Any, s: Any, grid: Grid) -> Any:
    """Of a score that is no end of the grid the bin, a whole number >= 0; of any other some number, without an error."""
    m, inside = grid.fineness, (s > 0.0) & (s < 1.0)
    if grid.family == "uniform":
        return (ibis.ifelse(inside, s, 0.5) * 2.0**m).floor()
    if grid.family == "folded":
        upper, first, last = s >= 0.5, -1 - OCTAVES, -1
        size = ibis.ifelse(inside, ibis.ifelse(upper, 1.0 - s, s), 0.5)
    else:
        upper, first, last = s < 0.0, SMALLEST, LARGEST
        size = ibis.ifelse((s != 0.0) & (s > -math.inf) & (s < math.inf), s.abs(), 1.0)
    octave = ibis.greatest(ibis.least((size.ln() / math.log(2)).floor(), last), first)
    most = 2 << m
    parts = ibis.least(size * ibis.literal(2.0) ** (float(m) - octave.cast("float64")), float(most))  # exact
    place = ibis.ifelse(upper, -parts, parts).floor()  # of the upper side bins are (lo, hi] as seen from its end
    return (octave - first) * (4 * most) + place + most


def _pins(ibis: Any, s: Any, pins: Sequence[float]) -> Any:
    """How many pins are no higher than a score between 0 and 1, or any score where the per cents are not pinned."""
    if not set(PERCENTS) <= set(pins):
        return reached(s, pins)
    near = (ibis.ifelse((s > 0.0) & (s < 1.0), s, 0.5) * 100.0).round()
    percents = near - ibis.ifelse(s < near.cast("float64") / 100.0, 1, 0)  # i / 100 is the same float64 everywhere
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


def stand_ins(rows: Mapping[str, Any], columns: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    """Rows that stand for those of groups: one with the lowest score for all but one, and that with the highest.

    Args:
        rows: a row of Arrow for each group, by role; under "count" how many it stands for.
        columns: under ``key:y_score`` the `cell`, under ``low:y_score`` and ``high:y_score`` the ends of its scores.
        reading: the grid and its pins.

    Raises:
        Unsure: a cell holds but one of the two ends.
    """
    if "key:y_score" not in columns:
        return dict(rows)
    key, low, high = (columns[f"{x}:y_score"].to_numpy(zero_copy_only=False) for x in ("key", "low", "high"))
    grid, pins = reading.bins["grid"], reading.bins["pins"]
    ends = [x[key >= 0].astype(np.float64) for x in (low, high)]
    first, last = (grid.bins(x) + np.searchsorted(pins, x, side="right") for x in ends)
    if (first != last).any():
        raise Unsure
    wide = (key >= 0) & (low < high)
    arrow, at = require("pyarrow"), np.concatenate([np.arange(len(key)), np.flatnonzero(wide)])
    made = {role: column.take(arrow.array(at)) for role, column in rows.items()}
    count = columns["count"].to_numpy(zero_copy_only=False)
    scores = np.concatenate([np.where(key == NAN, np.nan, low), high[wide]])
    made["count"] = arrow.array(np.concatenate([count - wide, np.ones(int(wide.sum()), np.int64)]))
    made["y_score"] = arrow.array(scores, mask=np.append(key, key[wide]) == NULL, from_pandas=False)
    return made
