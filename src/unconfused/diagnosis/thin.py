"""A few thousand rows or cells that stand for millions: enough to see whether anything looks wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unconfused.tally.scores import ScoreTally

THIN = 1 << 14
"""Rows of a class that are looked at; where they show something, all are."""
CELLS = 1 << 12
"""Groups of neighbouring cells that are looked at, of scores that were counted."""


def thinned(tally: ScoreTally) -> ScoreTally:
    """A tally of few scores, evenly through the order, each for as many rows of a class; else this one."""
    sides = vars(tally).get("sides")  # sorted scores of each class, where they were not yet counted
    if tally.binned or (tally.total if sides is not None else len(tally.scores)) < 4 * THIN:
        return tally
    if sides is None:
        return _grouped(tally)
    steps = [max(len(side) // THIN, 1) for side in sides]
    few = [side[step // 2 :: step] for side, step in zip(sides, steps, strict=True)]
    made = ScoreTally.of_sides(tally.labels, tally.score_kind, few[0], few[1], tally.evidence)
    return replace(made, full=made.full * np.array([*steps, 1, 1]))


def _grouped(tally: ScoreTally) -> ScoreTally:
    """Neighbouring cells added up, as rows that all have the middle score, at the ends the lowest and the highest."""
    n = len(tally.scores)
    step = n // CELLS
    starts = np.arange(0, n, step)
    scores = tally.scores[np.minimum(starts + step // 2, n - 1)]
    scores[0], scores[-1] = tally.scores[0], tally.scores[-1]
    full = np.zeros((len(starts) + 1, tally.full.shape[1]), np.int64)
    full[1:, :2] = np.add.reduceat(tally.full[1:, :2], starts, axis=0)
    return ScoreTally(tally.labels, tally.score_kind, scores, full, evidence=tally.evidence)
