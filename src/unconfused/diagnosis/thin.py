"""A few thousand rows that stand for millions: enough to see whether anything looks wrong."""

from __future__ import annotations

import numpy as np

from unconfused.tally.scores import ScoreTally

THIN = 1 << 14
"""Rows of a class that are looked at; where they show something, all are."""


def thinned(tally: ScoreTally) -> ScoreTally:
    """A tally of few rows, evenly through the order of each class and each for as many; else this one."""
    if tally.binned or tally.total < 4 * THIN:
        return tally
    sides = vars(tally).get("sides")  # sorted scores of each class, where they were not yet counted
    if sides is not None:
        steps = [max(len(side) // THIN, 1) for side in sides]
        few = [side[step // 2 :: step] for side, step in zip(sides, steps, strict=True)]
    elif len(tally.scores) < 4 * THIN:
        return tally
    else:
        ends = [np.cumsum(tally.full[1:, column]) for column in (0, 1)]
        steps = [max(int(end[-1]) // THIN, 1) for end in ends]
        places = [np.arange(step // 2, int(end[-1]), step) for end, step in zip(ends, steps, strict=True)]
        few = [tally.scores[np.searchsorted(end, at, side="right")] for end, at in zip(ends, places, strict=True)]
    columns = np.repeat([0, 1], [len(x) for x in few])
    scores = np.concatenate(few).astype(np.float64)
    counts = np.array(steps)[columns]
    return ScoreTally.count(tally.labels, tally.score_kind, columns, scores, count=counts, evidence=tally.evidence)
