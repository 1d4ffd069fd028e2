"""Loops over scores that are sorted by class, negatives and positives apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from unconfused.tally.compiled.form import BLOCK, compiled


@compiled
def positives(truth: Any) -> Any:
    """Rows of truth 1, or -1 where some truth is neither 0 nor 1."""
    seen = ones = np.uint64(0)
    for i in range(len(truth)):
        y = np.uint64(truth[i])
        seen |= y
        ones += y
    return np.int64(ones) if seen <= np.uint64(1) else np.int64(-1)


@compiled
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


@compiled
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


@compiled
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


@compiled
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
