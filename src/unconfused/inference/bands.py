"""How sure a curve is: intervals of its points, and where they would lie of a model that is right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from unconfused.curves import Curve
from unconfused.inference.calibration import CELLS, FITS, REPLICATES, consistent, evenly
from unconfused.inference.intervals import wilson
from unconfused.inference.roc_bands import Band, roc_band
from unconfused.metrics.hull import pav
from unconfused.tally.cells import Array
from unconfused.tally.grouped import Grouped
from unconfused.tally.scores import ScoreTally


def banded(
    curve: Curve | dict[Any, Curve],
    tally: ScoreTally | Grouped[ScoreTally] | None = None,
    *,
    band: Band | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Curve | dict[Any, Curve]:
    """The same curve, or curves, with ``interval`` and ``expected`` where they are known: of calibration curves.

    ``band`` asks for the interval of a ROC curve of ``tally``, after `roc_bands`.

    ``interval`` is Wilson's of the observed rate in each bin; isotonic rates are pooled from neighbours and have none.
    ``expected`` holds a share ``level`` of the rates that as many rows show if every row is positive with the
    probability that was told, at each point by itself.

    Source: consistency bars, Bröcker & Smith 2007; of isotonic rates, Dimitriadis, Gneiting & Jordan 2021.
    """
    if isinstance(curve, dict):
        held = tally if isinstance(tally, Grouped) else {}
        return {name: _one(one, held.get(name), band, level, seed) for name, one in curve.items()}
    return _one(curve, tally if isinstance(tally, ScoreTally) else None, band, level, seed)


def _one(curve: Curve, tally: ScoreTally | None, band: Band | None, level: float, seed: int) -> Curve:
    if band is None or tally is None:
        return _banded(curve, level, seed)
    ends, told = roc_band(curve, tally.ranked(), band, level, seed)
    return replace(curve, interval=ends, interval_name=told)


def _banded(curve: Curve, level: float, seed: int) -> Curve:
    if curve.rows is None or not len(curve.x):
        return curve
    if curve.area_name == "miscalibration":
        return replace(curve, expected=_isotonic(curve.x, curve.rows, level, seed))
    seen = consistent(curve.x, np.rint(curve.rows).astype(np.int64), REPLICATES, seed)
    low, high = np.quantile(seen, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return replace(curve, interval=wilson(curve.y * curve.rows, curve.rows, level), expected=(low, high))


def _isotonic(x: Array, rows: Array, level: float, seed: int) -> tuple[Array, Array]:
    """Where the isotonic fit lies of rows that are positive with probability x."""
    starts = evenly(rows, CELLS)
    mass, told = (np.add.reduceat(v, starts) for v in (rows, rows * x))
    share = np.clip(told / mass, 0, 1)
    fits = np.stack(
        [pav(mass * (1 - y), mass * y).spread() for y in consistent(share, np.rint(mass).astype(np.int64), FITS, seed)]
    )
    ends = np.quantile(fits, [(1 - level) / 2, (1 + level) / 2], axis=0)
    size = np.diff(np.append(starts, len(x)))
    return np.repeat(ends[0], size), np.repeat(ends[1], size)
