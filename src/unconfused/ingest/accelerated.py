"""Torch tensors on an accelerator: counted there with whole numbers, so that only the tally moves.

What is not plain (0, 1 or small labels, scores in range, no weights) returns None and comes over as it is.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from unconfused.tally.binning import Binned
from unconfused.tally.grids import LARGEST, OCTAVES, SMALLEST, Grid
from unconfused.tally.kernels import Floats, Ints

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
