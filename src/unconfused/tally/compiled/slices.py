"""Loops over rows of scores that belong to slices: put together by slice, and then each slice into the cells."""

from __future__ import annotations

from typing import Any

import numpy as np

from unconfused.tally.compiled.bins import _cells, _keys
from unconfused.tally.compiled.form import BLOCK, compiled

FEW = 128
"""Where a slice has rows in fewer than one of so many cells, these are put in order instead of looking at all."""


@compiled
def together(slices: Any, truth: Any, scores: Any, free: Any, truths: Any, column: Any) -> None:
    """Copy each row to the next free place of its slice; ``free`` moves on."""
    for i in range(len(slices)):
        at = free[slices[i]]
        free[slices[i]] = at + 1
        truths[at], column[at] = truth[i], scores[i]


@compiled
def _tally_seen(
    truth: Any, keys: Any, cells: Any, places: Any, pins: Any, crowded: bool, state: Any, taken: Any, seen: Any, many: int
) -> int:
    """Count rows as the loops over bins do, and note each cell that was not yet ``taken``; how many were noted."""
    column = np.uint64
    for i in range(len(truth)):
        own, key = column(np.uint32(cells[i])), keys[i]
        begin, pin = places[own, column(0)], places[own, column(1)]
        passed = np.uint32(key >= pin)
        if crowded and key >= pin:
            first = np.int64(begin >> 1) - np.int64(own)
            while key >= pins[first + np.int64(passed)]:
                passed += np.uint32(1)
        even = column(np.uint32(begin) + np.uint32(2) * passed)
        cell = even >> column(1)
        seen[many] = cell
        many += taken[cell] == 0
        taken[cell] = 1
        at = even + column(truth[i])
        state[at, column(0)] += 1
        if key < state[at, column(1)]:
            state[at, column(1)] = key
        if key > state[at, column(2)]:
            state[at, column(2)] = key
    return many


@compiled
def slices(
    truth: Any,
    scores: Any,
    bounds: Any,
    first: int,
    family: int,
    grid: Any,
    ends: Any,
    places: Any,
    pins: Any,
    crowded: bool,
    state: Any,
    none: Any,
    codes: Any,
    counts: Any,
    lows: Any,
    highs: Any,
) -> int:
    """Tally the rows between each two of ``bounds``, those of one slice; how many cells hold any, -1 at a strange row.

    Of each such cell, in order: its code, slice x cells + cell, slices numbered from ``first`` on; the rows of truth 0
    and 1; and the bits of their lowest and their highest score, or those in ``none``. ``state`` comes empty.
    """
    size, used, whole = len(state) // 2, 0, state.dtype.type
    turn, least = np.iinfo(state.dtype).min, state[0, 1]
    keys, cells = np.empty(BLOCK, state.dtype), np.empty(BLOCK, state.dtype)
    rest = np.empty(BLOCK, scores.dtype)
    rest_bits = rest.view(state.dtype)
    taken, seen = np.zeros(size, np.uint8), np.empty(size + 1, np.int64)
    for own in range(len(bounds) - 1):
        many = 0
        for start in range(bounds[own], bounds[own + 1], BLOCK):
            stop = min(start + BLOCK, bounds[own + 1])
            t, s = truth[start:stop], scores[start:stop]
            if not _keys(s.view(state.dtype), keys, ends[0], ends[1]):
                return -1
            _cells(family, s, keys, rest, rest_bits, grid, cells)
            many = _tally_seen(t, keys, cells, places, pins, crowded, state, taken, seen, many)
        if many * FEW < size:
            seen[:many].sort()
        else:
            many = 0
            for cell in range(size):
                seen[many] = cell
                many += taken[cell] != 0
        for i in range(many):
            cell = seen[i]
            taken[cell] = 0
            codes[used] = (np.int64(first) + own) * size + cell
            for side in range(2):
                at = 2 * cell + side
                rows, low, high = state[at, 0], state[at, 1], state[at, 2]
                counts[used, side] = rows
                lows[used, side] = none[0] if rows == 0 else low if low >= whole(0) else whole(turn - low)
                highs[used, side] = none[1] if rows == 0 else high if high >= whole(0) else whole(turn - high)
                state[at, 0], state[at, 1], state[at, 2] = whole(0), least, whole(turn)
            used += 1
    return used
