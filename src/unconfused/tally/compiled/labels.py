"""Loops over rows of labels, and of labels with scores at one threshold."""

from __future__ import annotations

from typing import Any

import numpy as np

from unconfused.tally.compiled.form import BLOCK, compiled


@compiled
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


@compiled
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


@compiled
def cuts(truth: Any, scores: Any, cut: Any, lowest: Any, highest: Any, near: Any, far: Any, counts: Any) -> bool:
    """Add rows, positives, calls, hits, and scores equal to ``near`` or ``far``, to the five ``counts``."""
    for start in range(0, len(truth), BLOCK):
        t, s = truth[start : start + BLOCK], scores[start : start + BLOCK]
        seen = ones = hits = good = calls = missed = np.uint64(0)
        for i in range(len(t)):  # one sweep: memory is read ahead only while both columns go on
            x, y = s[i], np.uint64(t[i])
            called = np.uint64(x >= cut)
            good += np.uint64((x >= lowest) & (x <= highest))
            missed += np.uint64((x == near) | (x == far))
            calls += called
            seen |= y
            ones += y
            hits += y & called
        if seen > np.uint64(1) or good < np.uint64(len(t)):
            return False
        counts[0] += len(t)
        counts[1] += np.int64(ones)
        counts[2] += np.int64(calls)
        counts[3] += np.int64(hits)
        counts[4] += np.int64(missed)
    return True


@compiled
def kept(truth: Any, scores: Any, lowest: float, highest: float, truths: Any, column: Any, start: int) -> bool:
    """Copy a batch of truth 0 and 1 to where others wait, from row ``start`` on, unless a row is irregular."""
    good, seen = 0, np.uint64(0)
    for i in range(len(truth)):
        good += (scores[i] >= lowest) & (scores[i] <= highest)
        seen |= np.uint64(truth[i])
    if seen > np.uint64(1) or good < len(truth):
        return False
    for i in range(len(truth)):
        truths[start + i], column[start + i] = truth[i], scores[i]
    return True
