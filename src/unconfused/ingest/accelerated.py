"""Torch tensors on an accelerator: counted there with whole numbers, so that only the tally moves.

What is not plain (0, 1 or small labels, scores in range, no weights) returns None and comes over as it is.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from unconfused.findings import Evidence
from unconfused.ingest.columns import Column
from unconfused.ingest.express import matrix_of_table, scores_of_bins
from unconfused.ingest.rows import Reading, Rows
from unconfused.ingest.weights import Weighing
from unconfused.tally.binning import Binned
from unconfused.tally.grids import EXACT, LARGEST, OCTAVES, SMALLEST, Grid
from unconfused.tally.kernels import Floats, Ints
from unconfused.tally.tallies import Tallies, class_kind

FEW = 1 << 14
"""Rows below which it takes longer to start the work there than to bring them over."""
MOST = 64
"""Labels up to here are counted as pairs."""
AWAY = ("cuda", "xpu")
"""Devices with float64, whose bits the grids read."""


def away(*tensors: Any) -> bool:
    """Whether all of these are torch tensors on one accelerator, one value a row."""
    torch = sys.modules.get("torch")
    if torch is None or not all(isinstance(x, torch.Tensor) for x in tensors):
        return False
    here = {x.device for x in tensors}
    return len(here) == 1 and here.pop().type in AWAY and all(x.dim() == 1 for x in tensors)


def tallied(reading: Reading, y_true: Any, y_pred: Any, y_score: Any) -> Tallies | None:
    """The tallies of plain columns on an accelerator: of given classes, or of one score a row on a grid."""
    given = y_score if y_pred is None else y_pred
    if not away(y_true, given) or len(y_true) < FEW or len(y_true) != len(given):
        return None
    if reading.label_kind not in (None, "class") or reading.ignore is not None or reading.rules or not reading.curves:
        return None
    n, zero = len(y_true), np.broadcast_to(np.int8(0), (len(y_true),))  # the rows stay where they are
    kinds = [np.dtype(bool if "bool" in str(x.dtype) else np.int64) for x in (y_true, given)]
    truth, other = Column("y_true", zero), Column("y_pred" if y_score is None else "y_score", zero)
    if y_score is None:
        table = pairs(y_true, y_pred)
        rows = Rows(reading, truth, other, None, Weighing(n), Evidence())
        matrix = None if table is None else matrix_of_table(rows, table, *kinds)
        return None if matrix is None else Tallies(class_kind(matrix), matrix)
    grid = reading.bins["grid"]
    if y_pred is not None or grid == EXACT or reading.refine:
        return None
    found = bins(y_true, y_score, grid, reading.bins["pins"])
    rows = Rows(reading, truth, None, other, Weighing(n), Evidence())
    scores = None if found is None else scores_of_bins(rows, found, kinds[0])
    return None if scores is None else Tallies("binary", None, scores)


def pairs(truth: Any, called: Any) -> Ints | None:
    """Rows at each pair of labels below ``MOST``, as `pair_counts` has it."""
    torch = sys.modules["torch"]
    if len(truth) != len(called) or not len(truth) or any(x.is_floating_point() for x in (truth, called)):
        return None
    t, c = truth.long(), called.long()
    low, high = min(int(t.min()), int(c.min())), max(int(t.max()), int(c.max()))
    if low < 0 or high >= MOST:
        return None
    side = high + 1
    table: Ints = torch.bincount(t * side + c, minlength=side * side).cpu().numpy().reshape(side, side)
    return table


def bins(truth: Any, scores: Any, grid: Grid, pins: Floats) -> Binned | None:
    """Rows in the cells of a grid, as `bin_counts` has it."""
    torch = sys.modules["torch"]
    if len(truth) != len(scores) or not len(truth) or not scores.is_floating_point():
        return None
    s, t = scores.detach().double() + 0.0, truth.long()
    low, high = (0.0, 1.0) if grid.family != "floatbits" else (-np.inf, np.inf)
    if not bool(((t == truth) & (t >= 0) & (t <= 1) & (s >= low) & (s <= high)).all()):
        return None
    cells = _bins(torch, s, grid) + torch.searchsorted(torch.as_tensor(pins, device=s.device), s, right=True)
    places, size = 2 * cells + t, 2 * (grid.size + len(pins))
    counts = torch.bincount(places, minlength=size)
    lows, highs = (
        torch.full((size,), start, dtype=torch.float64, device=s.device).scatter_reduce(0, places, s, how)
        for start, how in ((np.inf, "amin"), (-np.inf, "amax"))
    )
    table, least, most = (x.cpu().numpy().reshape(-1, 2) for x in (counts, lows, highs))
    held = np.flatnonzero(table.any(1))
    return Binned(held, table[held], least[held], most[held])


def _bins(torch: Any, s: Any, grid: Grid) -> Any:
    """`Grid.bins` in the words of torch."""
    if grid.family == "uniform":
        return torch.floor(s * 2.0**grid.fineness).long()
    folded = grid.family == "folded"
    turned = s >= 0.5 if folded else s < 0
    size = torch.where(turned, 1 - s, s) if folded else s.abs()
    first, octaves = (-1 - OCTAVES, OCTAVES) if folded else (SMALLEST, LARGEST - SMALLEST + 1)
    side = octaves << grid.fineness
    bits = size.view(torch.int64) - turned.long()
    place = ((bits >> (52 - grid.fineness)) - ((1023 + first) << grid.fineness)).clamp(0, side - 1)
    if folded:
        inner = torch.where(turned, 2 * side - place, place + 1)
        return torch.where(s == 0, 0, torch.where(s == 1, 2 * side + 1, inner))
    inner = torch.where(turned, side - place, side + 2 + place)
    ends = torch.where(turned, 0, 2 * side + 2)
    return torch.where(s == 0, side + 1, torch.where(torch.isinf(s), ends, inner))
