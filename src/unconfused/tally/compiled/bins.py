"""Loops that put scores into the cells of a grid, or find the largest of a row.

Floats are compared as *keys*, their bits read as a whole number and turned round below zero: key(a) < key(b) wherever
a < b, key(-0.0) = key(0.0) = 0, and a NaN lies beyond both infinities.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unconfused.tally.compiled.form import BLOCK, LINE, LONG, SHORT, compiled

FRESH = 8
"""Rows for each row of a state after which it holds most of the extremes that it will hold."""


@compiled
def _keys(bits: Any, keys: Any, lowest: Any, highest: Any) -> bool:
    """The keys of floats, from their bits; whether all lie between two of them."""
    whole = keys.dtype.type
    turn = np.iinfo(keys.dtype).min
    low = high = lowest
    for i in range(len(bits)):
        bit = bits[i]
        key = bit if bit >= whole(0) else whole(turn - bit)
        keys[i] = key
        low, high = min(low, key), max(high, key)
    return bool(low >= lowest and high <= highest)


@compiled
def _shifted(x: Any, shift: Any, more: Any, whole: Any) -> Any:
    """x >> (shift + more): two shifts known to be short stay in vector instructions of the width of x."""
    return whole(whole(x >> (shift & whole(31))) >> (more & whole(31)))


@compiled
def _cells(family: int, scores: Any, keys: Any, rest: Any, rest_bits: Any, grid: Any, cells: Any) -> None:
    """The bin of each score, as Grid.bins says, in whole numbers as wide as the score.

    ``grid``: the shift, in two parts, that leaves exponent and leading bits; their value at the first bin; bins of a
    side; the key of 1 (folded) or inf (floatbits); the key of ½.
    """
    whole, real = keys.dtype.type, scores.dtype.type
    shift, more, first, side, end, half = grid[0], grid[1], grid[2], grid[3], grid[4], grid[5]
    top, two = whole(side - whole(1)), whole(side + side)
    if family == 0:  # folded
        for i in range(len(scores)):
            rest[i] = real(1) - scores[i]
        for i in range(len(scores)):
            key = keys[i]
            upper = key >= half
            bits = max(whole(rest_bits[i] - whole(1)), whole(0)) if upper else key
            place = whole(_shifted(bits, shift, more, whole) - first)
            place = min(max(place, whole(0)), top)
            cell = whole(two - place) if upper else whole(place + whole(1))
            cell = whole(0) if key == whole(0) else cell
            cells[i] = whole(two + whole(1)) if key == end else cell
    elif family == 1:  # floatbits
        for i in range(len(scores)):
            key = keys[i]
            below = key < whole(0)
            bits = whole(whole(-1) - key) if below else key
            place = whole(_shifted(bits, shift, more, whole) - first)
            place = min(max(place, whole(0)), top)
            cell = whole(side - place) if below else whole(whole(side + whole(2)) + place)
            cell = whole(side + whole(1)) if key == whole(0) else cell
            cell = whole(two + whole(2)) if key == end else cell
            cells[i] = whole(0) if key == whole(-end) else cell
    else:  # uniform
        scale = real(side)
        for i in range(len(scores)):
            cells[i] = whole(np.int32(scores[i] * scale))


@compiled
def _begin(cell: Any, key: Any, places: Any, pins: Any, crowded: bool) -> Any:
    """The first of the two rows of ``state`` of a score, by its bin and key.

    ``places``: for each bin the row of ``state`` where it begins, and the key of the first pin inside it; where some
    bin is ``crowded`` with several, ``pins`` are the keys of all, and one that none reaches.
    """
    own, column = np.uint64(np.uint32(cell)), np.uint64
    begin, pin = places[own, column(0)], places[own, column(1)]
    passed = np.uint32(key >= pin)
    if crowded and key >= pin:
        first = np.int64(begin >> 1) - np.int64(own)
        while key >= pins[first + np.int64(passed)]:
            passed += np.uint32(1)
    return np.uint32(begin) + np.uint32(2) * passed


@compiled
def _tally(truth: Any, keys: Any, cells: Any, places: Any, pins: Any, crowded: bool, state: Any, fresh: bool) -> None:
    """Count each row, and keep the lowest and the highest key, at two rows of ``state`` for each cell.

    In a ``fresh`` state a new lowest or highest key is no rare thing, and a branch that was guessed wrong takes longer
    than writing each time.
    """
    column = np.uint64
    for i in range(len(truth)):
        key = keys[i]
        at = column(_begin(cells[i], key, places, pins, crowded) + np.uint32(truth[i]))
        state[at, column(0)] += 1
        if fresh:
            state[at, column(1)] = min(state[at, column(1)], key)
            state[at, column(2)] = max(state[at, column(2)], key)
        else:
            if key < state[at, column(1)]:
                state[at, column(1)] = key
            if key > state[at, column(2)]:
                state[at, column(2)] = key


@compiled
def bins(
    truth: Any, scores: Any, family: int, grid: Any, ends: Any, places: Any, pins: Any, crowded: bool, state: Any
) -> bool:
    """Tally rows of truth 0 and 1 whose scores lie between two keys."""
    keys, cells = np.empty(BLOCK, state.dtype), np.empty(BLOCK, state.dtype)
    rest = np.empty(BLOCK, scores.dtype)
    rest_bits = rest.view(state.dtype)
    for start in range(0, len(truth), BLOCK):
        t, s = truth[start : start + BLOCK], scores[start : start + BLOCK]
        seen = np.uint64(0)
        for i in range(len(t)):
            seen |= np.uint64(t[i])
        if seen > np.uint64(1) or not _keys(s.view(state.dtype), keys, ends[0], ends[1]):
            return False
        _cells(family, s, keys, rest, rest_bits, grid, cells)
        _tally(t, keys, cells, places, pins, crowded, state, start < FRESH * len(state))
    return True


@compiled
def ovr_bins(
    truth: Any,
    scores: Any,
    first_class: int,
    classes: int,
    family: int,
    grid: Any,
    ends: Any,
    places: Any,
    pins: Any,
    crowded: bool,
    states: Any,
) -> bool:
    """Tally some classes against the rest, block by block: ``scores`` (n, some), ``states`` (some, …)."""
    some = scores.shape[1]
    keys, cells = np.empty(BLOCK, states.dtype), np.empty(BLOCK, states.dtype)
    rest, own = np.empty(BLOCK, scores.dtype), np.empty(BLOCK, np.uint8)
    columns = np.empty((some, LONG + LINE), scores.dtype)
    rest_bits, column_bits = rest.view(states.dtype), columns.view(states.dtype)
    for start in range(0, len(truth), LONG):
        t = truth[start : start + LONG]
        rows = len(t)
        largest = np.uint64(0)
        for i in range(rows):
            largest = max(largest, np.uint64(t[i]))
        if largest >= np.uint64(classes):
            return False
        for at in range(0, rows, SHORT):  # each line of the table is read once, and stays near for all of its classes
            lines = scores[start + at : start + min(at + SHORT, rows)]
            for k in range(some):
                column = columns[k, at : at + SHORT]
                for i in range(len(lines)):
                    column[i] = lines[i, k]
        for k in range(some):
            for at in range(0, rows, BLOCK):
                end = min(at + BLOCK, rows)
                part, bits = columns[k, at:end], column_bits[k, at:end]
                for i in range(end - at):
                    own[i] = np.uint64(t[at + i]) == np.uint64(first_class + k)
                if not _keys(bits, keys, ends[0], ends[1]):
                    return False
                _cells(family, part, keys, rest, rest_bits, grid, cells)
                _tally(own[: end - at], keys, cells, places, pins, crowded, states[k], True)
    return True


@compiled
def tops(truth: Any, bits: Any, infinity: Any, table: Any, ties: Any) -> bool:
    """Count (truth, class of the largest score, the first among equals), and the rows that have equals."""
    classes = bits.shape[1]
    keys = np.empty(classes, bits.dtype)
    whole = keys.dtype.type
    for row in range(len(truth)):
        if np.uint64(truth[row]) >= np.uint64(classes) or not _keys(bits[row], keys, whole(-infinity), infinity):
            return False
        best = keys[0]
        for k in range(classes):
            best = max(best, keys[k])
        first, equal = np.int32(classes), np.int32(0)
        for k in range(classes):
            here = keys[k] == best
            equal += np.int32(here)
            first = min(first, np.int32(k) if here else np.int32(classes))
        table[np.int64(truth[row]), first] += 1
        ties[0] += equal > 1
    return True
