"""Loops over rows of scores that belong to slices: put together by slice, and then each slice into the cells."""

from __future__ import annotations

from typing import Any

import numpy as np

from unconfused.tally.compiled.bins import _cells, _keys
from unconfused.tally.compiled.form import BLOCK, compiled

FEW = 128
"""Where a slice has rows in fewer than one of so many cells, these are put in order instead of looking at all."""


@compiled
def together(
    codes: Any, numbers: Any, truth: Any, scores: Any, bounds: Any, free: Any, truths: Any, column: Any
) -> None:
    """Copy the rows of each slice together, in their order. ``bounds`` (slices + 1) and ``free`` come as zeros."""
    for i in range(len(codes)):
        bounds[np.uint64(numbers[codes[i]]) + np.uint64(1)] += 1
    for i in range(len(free)):
        free[i] = bounds[i]
        bounds[i + 1] += bounds[i]
    for i in range(len(codes)):
        own = np.uint64(numbers[codes[i]])
        at = np.uint64(free[own])
        free[own] += 1
        truths[at], column[at] = truth[i], scores[i]


@compiled
def _tally_seen(
    truth: Any,
    keys: Any,
    cells: Any,
    places: Any,
    pins: Any,
    crowded: bool,
    state: Any,
    taken: Any,
    seen: Any,
    many: int,
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

    Each line of ``bounds`` (pieces, these slices + 1) says where in the columns a piece has the rows of each slice.
    Of each cell, in order: its code, slice x cells + cell; the rows of truth 0 and 1; their lowest and their highest
    score, inf and -inf for no rows. What is ``known`` of the slices is added to that. ``state`` comes empty.
    """
    size, used, whole = len(state) // 2, 0, state.dtype.type
    turn, least = np.iinfo(state.dtype).min, state[0, 1]
    keys, cells = np.empty(BLOCK, state.dtype), np.empty(BLOCK, state.dtype)
    rest = np.empty(BLOCK, scores.dtype)
    rest_bits = rest.view(state.dtype)
    taken, seen = np.zeros(size, np.uint8), np.empty(size + 1, np.int64)
    nothing = np.array([np.inf, -np.inf]).astype(scores.dtype).view(state.dtype)
    low_bits, high_bits = lows.view(state.dtype), highs.view(state.dtype)
    known = np.searchsorted(known_codes, first * size)
    for own in range(first, last):
        many, before = 0, known
        while before + many < len(known_codes) and known_codes[before + many] < (own + 1) * size:
            seen[many] = known_codes[before + many] - own * size
            taken[seen[many]] = 1
            many += 1
        for piece in range(len(bounds)):
            for start in range(bounds[piece, own - first], bounds[piece, own - first + 1], BLOCK):
                stop = min(start + BLOCK, bounds[piece, own - first + 1])
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
            codes[used] = own * size + cell
            also = known < len(known_codes) and known_codes[known] == codes[used]
            for side in range(2):
                at = 2 * cell + side
                rows, low, high = state[at, 0], state[at, 1], state[at, 2]
                counts[used, side] = rows
                if rows:
                    low_bits[used, side] = low if low >= whole(0) else whole(turn - low)
                    high_bits[used, side] = high if high >= whole(0) else whole(turn - high)
                    state[at, 0], state[at, 1], state[at, 2] = whole(0), least, whole(turn)
                else:
                    low_bits[used, side], high_bits[used, side] = nothing[0], nothing[1]
                if also:
                    counts[used, side] += known_counts[known, side]
                    lows[used, side] = min(lows[used, side], known_lows[known, side])
                    highs[used, side] = max(highs[used, side], known_highs[known, side])
            known += also
            used += 1
    return used
