"""The loops over rows, compiled: what kernels, binning and sides do with NumPy, to the bit, at the speed of reading.

Loaded late, by threads.loops() alone. Columns are contiguous; labels come unsigned, so that a negative one is too
large. Rows go by blocks that stay in the nearest cache: a first sweep checks the block, in vector instructions, and the
next counts it without a check in between. A loop returns False at what it cannot count, and leaves its counts unfit.

Floats are compared as *keys*, their bits read as a whole number and turned round below zero: key(a) < key(b) wherever
a < b, key(-0.0) = key(0.0) = 0, and a NaN lies beyond both infinities.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

Loop = TypeVar("Loop", bound=Callable[..., Any])
BLOCK = 2048
"""Rows of a block: 32 KiB of two columns of 64 bits."""
LONG = 8 * BLOCK
"""Rows of a block where each class has cells of its own, which have to be fetched again for every block."""
LINE = 16
"""Floats of a line of the cache, left between columns: else all of them would fall on the same lines."""


def _compiled(loop: Loop) -> Loop:
    """Compiled at its first call, without the interpreter's lock, and kept on disk where a folder can be written."""
    try:
        made: Loop = numba.njit(nogil=True, cache=True)(loop)
    except RuntimeError:  # no such folder
        made = numba.njit(nogil=True)(loop)
    return made


@_compiled
def pairs(truth: Any, called: Any, shift: int, table: Any) -> bool:
    """Count pairs of codes below 2**shift into one of four tables (4, 4**shift): none is written twice running."""
    for start in range(0, len(truth), BLOCK):
        t, c = truth[start : start + BLOCK], called[start : start + BLOCK]
        rows = len(t)
        seen = ones = calls = hits = np.uint64(0)
        for i in range(rows):
            x, y = np.uint64(t[i]), np.uint64(c[i])
            seen |= x | y
            ones += x
            calls += y
            hits += x & y
        if seen <= np.uint64(1):
            tp, p, q = np.int64(hits), np.int64(ones), np.int64(calls)
            table[0, 0] += rows - p - q + tp
            table[0, 1] += q - tp
            table[0, 1 << shift] += p - tp
            table[0, (1 << shift) + 1] += tp
        elif seen >> np.uint64(shift):
            return False
        else:
            whole = rows - rows % 4
            for i in range(0, whole, 4):
                table[0, (np.int64(t[i]) << shift) + np.int64(c[i])] += 1
                table[1, (np.int64(t[i + 1]) << shift) + np.int64(c[i + 1])] += 1
                table[2, (np.int64(t[i + 2]) << shift) + np.int64(c[i + 2])] += 1
                table[3, (np.int64(t[i + 3]) << shift) + np.int64(c[i + 3])] += 1
            for i in range(whole, rows):
                table[0, (np.int64(t[i]) << shift) + np.int64(c[i])] += 1
    return True


@_compiled
def values(x: Any, low: Any, mask: Any, counts: Any) -> bool:
    """Count whole numbers by their distance from ``low``, modulo ``mask`` + 1; four tables (4, range)."""
    whole = len(x) - len(x) % 4
    for i in range(0, whole, 4):
        counts[0, (np.uint64(x[i]) - low) & mask] += 1
        counts[1, (np.uint64(x[i + 1]) - low) & mask] += 1
        counts[2, (np.uint64(x[i + 2]) - low) & mask] += 1
        counts[3, (np.uint64(x[i + 3]) - low) & mask] += 1
    for i in range(whole, len(x)):
        counts[0, (np.uint64(x[i]) - low) & mask] += 1
    return True


@_compiled
def cuts(truth: Any, scores: Any, cut: Any, lowest: Any, highest: Any, near: Any, far: Any, counts: Any) -> bool:
    """Add rows, positives, calls, hits, and scores equal to ``near`` or ``far``, to the five ``counts``."""
    for start in range(0, len(truth), BLOCK):
        t, s = truth[start : start + BLOCK], scores[start : start + BLOCK]
        seen = ones = hits = np.uint64(0)
        good = calls = missed = np.int32(0)
        for i in range(len(t)):
            x = s[i]
            good += np.int32((x >= lowest) & (x <= highest))
            calls += np.int32(x >= cut)
            missed += np.int32((x == near) | (x == far))
        for i in range(len(t)):
            y = np.uint64(t[i])
            seen |= y
            ones += y
            hits += y if s[i] >= cut else np.uint64(0)
        if seen > np.uint64(1) or good < len(t):
            return False
        counts[0] += len(t)
        counts[1] += np.int64(ones)
        counts[2] += calls
        counts[3] += np.int64(hits)
        counts[4] += missed
    return True


# ── bins ──────────────────────────────────────────────────────────────────────────────────────
@_compiled
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


@_compiled
def _shifted(x: Any, shift: Any, more: Any, whole: Any) -> Any:
    """x >> (shift + more): two shifts known to be short stay in vector instructions of the width of x."""
    return whole(whole(x >> (shift & whole(31))) >> (more & whole(31)))


@_compiled
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


@_compiled
def _tally(truth: Any, keys: Any, cells: Any, places: Any, pins: Any, crowded: bool, state: Any) -> None:
    """Count each row, and keep the lowest and the highest key, at two rows of ``state`` for each cell.

    ``places``: for each bin the row of ``state`` where it begins, and the key of the first pin inside it. ``crowded``:
    some bin holds several; ``pins`` are the keys of all, and one that none reaches.
    """
    column = np.uint64
    for i in range(len(truth)):
        own, key = column(cells[i]), keys[i]
        begin, pin = np.int64(places[own, column(0)]), places[own, column(1)]
        at = column(begin + np.int64(truth[i]) + 2 * np.int64(key >= pin))
        if crowded and key >= pin:
            passed = (begin >> 1) - np.int64(own) + 1
            while key >= pins[passed]:
                passed += 1
                at += column(2)
        state[at, column(0)] += 1
        if key < state[at, column(1)]:
            state[at, column(1)] = key
        if key > state[at, column(2)]:
            state[at, column(2)] = key


@_compiled
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
        _tally(t, keys, cells, places, pins, crowded, state)
    return True


@_compiled
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
    keys, cells = np.empty(LONG, states.dtype), np.empty(LONG, states.dtype)
    rest, own = np.empty(LONG, scores.dtype), np.empty(LONG, np.uint8)
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
        for i in range(rows):  # each line of the table is read once
            for k in range(some):
                columns[k, i] = scores[start + i, k]
        for k in range(some):
            for i in range(rows):
                own[i] = np.uint64(t[i]) == np.uint64(first_class + k)
            if not _keys(column_bits[k, :rows], keys, ends[0], ends[1]):
                return False
            _cells(family, columns[k, :rows], keys, rest, rest_bits, grid, cells)
            _tally(own[:rows], keys, cells, places, pins, crowded, states[k])
    return True


@_compiled
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


@_compiled
def sums_off(scores: Any, tolerance: float) -> int:
    """Rows whose sum is not within ``tolerance`` of 1."""
    classes, off = scores.shape[1], 0
    whole = classes - classes % 4
    for row in range(len(scores)):
        a = b = c = d = 0.0
        for k in range(0, whole, 4):
            a += scores[row, k]
            b += scores[row, k + 1]
            c += scores[row, k + 2]
            d += scores[row, k + 3]
        for k in range(whole, classes):
            a += scores[row, k]
        off += not abs((a + b) + (c + d) - 1.0) <= tolerance
    return off


# ── sides ─────────────────────────────────────────────────────────────────────────────────────
@_compiled
def positives(truth: Any) -> Any:
    """Rows of truth 1, or -1 where some truth is neither 0 nor 1."""
    seen = ones = np.uint64(0)
    for i in range(len(truth)):
        y = np.uint64(truth[i])
        seen |= y
        ones += y
    return np.int64(ones) if seen <= np.uint64(1) else np.int64(-1)


@_compiled
def narrow(scores: Any) -> bool:
    """Whether every score is a float32."""
    for start in range(0, len(scores), BLOCK):
        s = scores[start : start + BLOCK]
        good = 0
        for i in range(len(s)):
            good += np.float64(np.float32(s[i])) == s[i]
        if good < len(s):
            return False
    return True


@_compiled
def split(truth: Any, scores: Any, lowest: float, highest: float, negative: Any, positive: Any) -> Any:
    """Write the scores of truth 0 and 1 apart; how many are of truth 1, or -1 where a score lies outside the range."""
    real = negative.dtype.type
    a = b = np.int64(0)
    left, right = np.empty(BLOCK, negative.dtype), np.empty(BLOCK, negative.dtype)
    for start in range(0, len(truth), BLOCK):
        t, s = truth[start : start + BLOCK], scores[start : start + BLOCK]
        good = np.int32(0)
        for i in range(len(s)):
            good += np.int32((s[i] >= lowest) & (s[i] <= highest))
        if good < len(s):
            return np.int64(-1)
        m = p = np.int64(0)
        for i in range(len(s)):  # each score is written to both, and one of the two places moves on
            left[m] = right[p] = real(s[i]) + real(0)  # -0.0 becomes 0.0
            y = np.int64(t[i])
            m += 1 - y
            p += y
        negative[a : a + m] = left[:m]
        positive[b : b + p] = right[:p]
        a, b = a + m, b + p
    return b


@_compiled
def ranked(negative: Any, positive: Any, i: int, i_end: int, j: int, j_end: int, sums: Any) -> None:
    """Add, over a range of either sorted side: Σ placements of positives, and Σ squares of both, in 32-bit halves.

    The placement of a positive is #negatives below + #negatives not above it; that of a negative, the same upside down.
    """
    half, low = np.uint64(32), np.uint64(2**32 - 1)
    m2 = 2 * len(positive)
    total = up = up_low = down = down_low = np.uint64(0)
    while i < i_end or j < j_end:
        if j == j_end or (i < i_end and negative[i] <= positive[j]):
            x = negative[i]
        else:
            x = positive[j]
        i0, j0 = i, j
        while i < i_end and negative[i] == x:
            i += 1
        while j < j_end and positive[j] == x:
            j += 1
        a, b = np.uint64(i0 + i), np.uint64(m2 - j0 - j)
        p, n = np.uint64(j - j0), np.uint64(i - i0)
        total += a * p
        a, b = a * a, b * b
        up += (a >> half) * p
        up_low += (a & low) * p
        down += (b >> half) * n
        down_low += (b & low) * n
    sums[0] += total
    sums[1] += up
    sums[2] += up_low
    sums[3] += down
    sums[4] += down_low


@_compiled
def masses(negative: Any, positive: Any, scores: Any, mass: Any) -> int:
    """Write each distinct score of two sorted sides, and its rows on either, if there is room; how many there are."""
    i = j = u = 0
    while i < len(negative) or j < len(positive):
        if j == len(positive) or (i < len(negative) and negative[i] <= positive[j]):
            x = negative[i]
        else:
            x = positive[j]
        i0, j0 = i, j
        while i < len(negative) and negative[i] == x:
            i += 1
        while j < len(positive) and positive[j] == x:
            j += 1
        if len(scores):
            scores[u], mass[u, 0], mass[u, 1] = x, i - i0, j - j0
        u += 1
    return u
