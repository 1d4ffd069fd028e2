"""Loops over rows of scores that belong to slices: put together by slice, and then each slice into the cells."""

from __future__ import annotations

from typing import Any

import numpy as np

from unconfused.tally.compiled.bins import _begin, _cells, _keys
from unconfused.tally.compiled.form import BLOCK, compiled


@compiled
def together(codes: Any, numbers: Any, truth: Any, scores: Any, bounds: Any, free: Any, column: Any) -> None:
    """Copy the scores of each slice and truth together, in their order. ``bounds`` (2 slices + 1) come as zeros."""
    one, two = np.uint64(1), np.uint64(2)
    for i in range(len(codes)):
        bounds[two * np.uint64(numbers[codes[i]]) + np.uint64(truth[i]) + one] += 1
    for i in range(len(free)):
        free[i] = bounds[i]
        bounds[i + 1] += bounds[i]
    for i in range(len(codes)):
        own = two * np.uint64(numbers[codes[i]]) + np.uint64(truth[i])
        at = np.uint64(free[own])
        free[own] += 1
        column[at] = scores[i]


@compiled
def _tally_side(
    side: int, keys: Any, cells: Any, rows: int, places: Any, pins: Any, crowded: bool, state: Any, taken: Any
) -> None:
    """Count rows of one truth as the loops over bins do, and mark each cell as ``taken``."""
    column = np.uint64
    for i in range(rows):
        key = keys[i]
        at = column(_begin(cells[i], key, places, pins, crowded) + np.uint32(side))
        taken[at >> column(1)] = 1
        state[at, column(0)] += 1
        state[at, column(1)] = min(state[at, column(1)], key)
        state[at, column(2)] = max(state[at, column(2)], key)


@compiled
def _turned(x: Any, turn: Any) -> Any:
    """The key of a float from its bits, or its bits from the key."""
    return x if x >= 0 else turn - x


@compiled
def slices(
    scores: Any,
    bounds: Any,
    first: int,
    last: int,
    family: int,
    grid: Any,
    ends: Any,
    places: Any,
    pins: Any,
    crowded: bool,
    state: Any,
    known_codes: Any,
    known_counts: Any,
    known_lows: Any,
    known_highs: Any,
    codes: Any,
    counts: Any,
    lows: Any,
    highs: Any,
) -> int:
    """Tally some slices, ``first`` to ``last``; how many of their cells hold rows, -1 at a row that is not plain.

    Each line of ``bounds`` (pieces, two for each of these slices + 1) says where in the column a piece has the rows of
    each slice, first those of truth 0. Of each cell, in order: its code, slice x cells + cell; the rows of truth 0 and
    1; their lowest and their highest score, inf and -inf for no rows. What is ``known`` of the slices is added to that.
    ``state`` comes empty.
    """
    size, used, column = len(state) // 2, 0, np.uint64
    turn, none, least, most = np.iinfo(state.dtype).min, state[0, 0], state[0, 1], state[0, 2]
    keys, cells = np.empty(BLOCK, state.dtype), np.empty(BLOCK, state.dtype)
    rest = np.empty(BLOCK, scores.dtype)
    rest_bits = rest.view(state.dtype)
    taken, seen = np.zeros(-(-size // 8) * 8, np.uint8), np.empty(size + 1, np.int64)
    eights = taken.view(np.uint64)
    low_bits, high_bits = lows.view(state.dtype), highs.view(state.dtype)
    known_low_bits, known_high_bits = known_lows.view(state.dtype), known_highs.view(state.dtype)
    known = np.searchsorted(known_codes, first * size)
    for own in range(first, last):
        before, at_cell = known, used
        while known < len(known_codes) and known_codes[known] < (own + 1) * size:
            cell = known_codes[known] - own * size
            taken[cell] = 1
            for side in range(2):
                state[2 * cell + side, 1] = _turned(known_low_bits[known, side], turn)
                state[2 * cell + side, 2] = _turned(known_high_bits[known, side], turn)
            known += 1
        for side in range(2):
            for piece in range(len(bounds)):
                begin, end = bounds[piece, 2 * (own - first) + side], bounds[piece, 2 * (own - first) + side + 1]
                for start in range(begin, end, BLOCK):
                    s = scores[start : min(start + BLOCK, end)]
                    if not _keys(s.view(state.dtype), keys, ends[0], ends[1]):
                        return -1
                    _cells(family, s, keys, rest, rest_bits, grid, cells)
                    _tally_side(side, keys, cells, len(s), places, pins, crowded, state, taken)
        many = 0
        for eight in range(len(eights)):
            if eights[eight]:
                for cell in range(8 * eight, 8 * eight + 8):
                    seen[many] = cell
                    many += taken[cell]
                eights[eight] = column(0)
        for i in range(many):
            codes[used] = own * size + seen[i]
            for side in range(2):
                at = column(2 * seen[i] + side)
                counts[used, side] = state[at, column(0)]
                low_bits[used, side] = _turned(state[at, column(1)], turn)
                high_bits[used, side] = _turned(state[at, column(2)], turn)
                state[at, column(0)], state[at, column(1)], state[at, column(2)] = none, least, most
            used += 1
        for i in range(before, known):
            while codes[at_cell] != known_codes[i]:
                at_cell += 1
            for side in range(2):
                counts[at_cell, side] += known_counts[i, side]
    return used


@compiled
def over_slices(codes: Any, counts: Any, lows: Any, highs: Any, totals: Any, least: Any, most: Any) -> None:
    """Add the cells of all slices, whose codes are slice x cells + cell."""
    for i in range(len(codes)):
        cell = codes[i] % len(totals)
        for side in range(2):
            totals[cell, side] += counts[i, side]
            least[cell, side] = min(least[cell, side], lows[i, side])
            most[cell, side] = max(most[cell, side], highs[i, side])
