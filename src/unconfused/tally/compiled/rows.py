"""Loops over the scores of each row, one of every class."""

from __future__ import annotations

from typing import Any

import numpy as np

from unconfused.tally.compiled.form import compiled


@compiled
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


@compiled
def placed(truth: Any, scores: Any, best: Any, worst: Any, own: Any, squares: Any) -> bool:
    """Of each row of truth 0…K-1: 1 + #{s > s_y}, #{s >= s_y}, s_y and Σ s²."""
    classes = scores.shape[1]
    whole = classes - classes % 4
    for row in range(len(truth)):
        s, y = scores[row], np.uint64(truth[row])
        if y >= np.uint64(classes):
            return False
        x = s[y]
        above = reached = np.int32(0)
        for k in range(classes):
            above += np.int32(s[k] > x)
            reached += np.int32(s[k] >= x)
        a = b = c = d = 0.0
        for k in range(0, whole, 4):
            e, f, g, h = np.float64(s[k]), np.float64(s[k + 1]), np.float64(s[k + 2]), np.float64(s[k + 3])
            a += e * e
            b += f * f
            c += g * g
            d += h * h
        for k in range(whole, classes):
            a += np.float64(s[k]) * np.float64(s[k])
        best[row], worst[row], own[row], squares[row] = 1 + above, reached, x, (a + b) + (c + d)
    return True


@compiled
def kept_rows(truth: Any, scores: Any, tolerance: float, truths: Any, table: Any, start: int) -> bool:
    """Copy a batch of truth 0…K-1 and probabilities to where others wait, unless a row is irregular."""
    classes = scores.shape[1]
    whole, zero, one = classes - classes % 4, table.dtype.type(0), table.dtype.type(1)
    for row in range(len(truth)):
        s, to = scores[row], table[start + row]
        fit = np.int32(np.uint64(truth[row]) < np.uint64(classes)) - np.int32(1)
        for k in range(classes):
            fit += np.int32((s[k] >= zero) & (s[k] <= one))
            to[k] = s[k]
        a = b = c = d = 0.0
        for k in range(0, whole, 4):
            a += s[k]
            b += s[k + 1]
            c += s[k + 2]
            d += s[k + 3]
        for k in range(whole, classes):
            a += s[k]
        if fit < classes or not abs((a + b) + (c + d) - 1.0) <= tolerance:
            return False
        truths[start + row] = truth[row]
    return True
