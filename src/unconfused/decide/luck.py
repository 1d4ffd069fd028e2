"""How much of a chosen threshold is luck: what it does on rows that did not choose it, and how far it wanders."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from unconfused.decide.problem import Problem
from unconfused.decide.sweep import Sweep, threshold_of
from unconfused.inference.delta import Sample
from unconfused.metrics.catalogue import ratio
from unconfused.tally.cells import Cells
from unconfused.tally.scores import ScoreTally

FOLDS = 10
WORK = 1_000_000
"""Scores swept in all for the correction, and as many again for the spread of the threshold."""


def crossfitted(tally: ScoreTally, problem: Problem, rng: np.random.Generator) -> Sample:
    """Each tenth of the rows under the threshold that the other nine tenths choose, added up over several splits."""
    repeats = int(np.clip(WORK // (FOLDS * len(tally.full)), 1, 20))
    parts: list[Sample] = []
    for _ in range(repeats):
        left = tally.full.copy()
        for fold in range(FOLDS):
            size = int(left.sum()) // (FOLDS - fold)
            held = rng.multivariate_hypergeometric(left.ravel(), size, method="marginals").reshape(left.shape)
            left = left - held
            chosen = problem.best(Sweep.of(with_rows(tally, tally.full - held)))
            if chosen is not None:
                parts.append(Sweep.of(with_rows(tally, held)).at(chosen))
    if not parts:
        return Sweep.of(tally).at(0)
    share = 1 / repeats
    return Sample.stacked([_padded(part) for part in parts]).each(
        lambda c: Cells.of_table(c.table.sum(0) * share, c.k)  # type: ignore[union-attr]
    )


def _padded(sample: Sample) -> Sample:
    """With both seats, so that folds with and without them add."""

    def padded(c: Cells) -> Cells:
        assert c.table is not None
        return Cells.of_table(np.pad(c.table, (0, 4 - c.table.shape[-1])), 2)

    return sample.each(padded)


def with_rows(tally: ScoreTally, full: NDArray[np.int64]) -> ScoreTally:
    """The tally with other row counts at the same scores; weights in proportion."""
    if tally.full_weights is None or tally.full_squares is None:
        return replace(tally, full=full)
    share = ratio(full, tally.full).value
    share[np.isnan(share)] = 0.0
    return replace(tally, full=full, full_weights=tally.full_weights * share, full_squares=tally.full_squares * share)


def spread(tally: ScoreTally, problem: Problem, rng: np.random.Generator) -> tuple[float, float]:
    """The middle 95 % of the thresholds that resampled data would choose: rows drawn anew from the same counts."""
    chosen = []
    for _ in range(int(np.clip(WORK // len(tally.full), 20, 200))):
        drawn = with_rows(tally, rng.poisson(tally.full))
        place = problem.best(Sweep.of(drawn))
        if place is not None:
            chosen.append(threshold_of(tally, np.concatenate([[np.inf], tally.scores[::-1]])[place]))
    if not chosen:
        return math.nan, math.nan
    ordered = np.sort(chosen)
    last = len(ordered) - 1
    return float(ordered[math.floor(0.025 * last)]), float(ordered[math.ceil(0.975 * last)])
