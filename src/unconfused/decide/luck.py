"""How much of a chosen threshold is luck: what it does on rows that did not choose it, and how far it wanders.

Both need the counts alone: to split the rows is to split each count, to draw them anew is to draw each count anew.
Of many scores, neighbours are put into groups first, so that the cost does not grow with the rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from unconfused.decide.problem import Problem
from unconfused.decide.question import Question
from unconfused.decide.sweep import Sweep, sample_at, thresholds_of
from unconfused.inference import Estimate
from unconfused.inference.delta import Sample, table_of
from unconfused.metrics.catalogue import ratio
from unconfused.tally.cells import Cells
from unconfused.tally.scores import ScoreTally
from unconfused.tally.units import ScoresOfUnits, aligned

FOLDS = 10
WORK = 500_000
"""Scores swept in all for the correction, and as many again for the spread of the threshold."""
MOST = 10_000
"""Distinct scores up to which none are put together."""
FINE = 500
"""Groups for each step of 1 in the log-odds of the rank: none holds more than 1/500 of the rows on its nearer side."""


def grouped(tally: ScoreTally) -> ScoreTally:
    """The tally itself, or with neighbouring scores put together at the lowest of them, finely at both ends."""
    if len(tally.scores) <= MOST:
        return tally
    rank = np.cumsum(tally.full[1:].sum(1, dtype=np.float64))
    step = np.floor(FINE * np.log(rank / (rank[-1] + 1 - rank)))
    return tally.merged(np.flatnonzero(np.diff(step, prepend=-np.inf)))


def crossfitted(tally: ScoreTally, problem: Problem, rng: np.random.Generator) -> Sample | None:
    """Each tenth of the rows under the threshold that the other nine tenths choose, added up.

    The mean of several random splits; None where no nine tenths allow a threshold.    Source: Stone 1974.
    """
    thresholds, repeats = thresholds_of(tally), splits(tally)
    parts: list[Sample] = []
    for held in folds(tally, rng):
        chosen = problem.best(Sweep.of(with_rows(tally, tally.full - held), thresholds))
        if chosen is not None:
            parts.append(sample_at(with_rows(tally, held), chosen))
    return mean_of(parts, repeats)


def mean_of(parts: list[Sample], repeats: int) -> Sample | None:
    """The held-out tables of several splits as one; None without any."""
    if not parts:
        return None
    return Sample.stacked(parts).each(lambda c: Cells.of_table(table_of(c).sum(0) / repeats, c.k))


def of_others(question: Question, pooled: Sample | None, level: float, split: str) -> Estimate:
    """The question put to rows that did not choose."""
    if pooled is None:
        reason = "nine tenths of the rows allow no threshold"
        return Estimate(np.nan, np.nan, np.nan, level, split, reason=reason, name=question.name)
    found = question.estimate(pooled, level)
    return replace(found, method=f"{found.method}, on a {split}")


def spread(tally: ScoreTally, problem: Problem, rng: np.random.Generator) -> tuple[float, float]:
    """The middle of the thresholds that resampled data would choose: each count drawn anew, from Poisson's law.

    The middle 95 % at ``level=0.95``; NaN where no resample allows a threshold.
    """
    thresholds, chosen = thresholds_of(tally), []
    for drawn in resampled(tally, rng):
        place = problem.best(Sweep.of(with_rows(tally, drawn), thresholds))
        if place is not None:
            chosen.append(float(thresholds[place]))
    return middle(chosen, problem.level)


def middle(chosen: list[float], level: float) -> tuple[float, float]:
    """The ends of the middle 95 % (of ``level=0.95``); NaN of nothing."""
    if not chosen:
        return math.nan, math.nan
    tail, last = (1 - level) / 2, len(chosen) - 1
    ordered = np.sort(chosen)
    return float(ordered[math.floor(tail * last)]), float(ordered[math.ceil((1 - tail) * last)])


def splits(tally: ScoreTally) -> int:
    """How many random splits are averaged."""
    return _times(tally, 1, 10, FOLDS)


def folds(tally: ScoreTally, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """The tenths of every split, one after the other."""
    for _ in range(splits(tally)):
        yield from _folds(tally, rng)


def _folds(tally: ScoreTally, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Each tenth of the rows, drawn by chance; of clustered rows each tenth of the buckets of units."""
    if isinstance(tally, ScoresOfUnits):
        rows = np.stack(aligned(tally, tally.parts)[0])
        for places in np.array_split(rng.permutation(len(rows)), FOLDS):
            yield rows[places].sum(0)
        return
    left = tally.full
    for fold in range(FOLDS):
        held = rng.binomial(left, 1 / (FOLDS - fold))
        left = left - held
        yield held


def resampled(tally: ScoreTally, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """The rows drawn anew, many times: each count from Poisson's law, or whole buckets of units."""
    times = _times(tally, 40, 200)
    if isinstance(tally, ScoresOfUnits):
        rows = np.stack(aligned(tally, tally.parts)[0])
        for drawn in rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), times):
            yield np.tensordot(drawn, rows, 1)
        return
    for _ in range(times):
        yield rng.poisson(tally.full)


def with_rows(tally: ScoreTally, full: NDArray[np.int64]) -> ScoreTally:
    """The tally with other row counts at the same scores; weights in proportion."""
    if tally.full_weights is None or tally.full_squares is None:
        return replace(tally, full=full)
    share = np.nan_to_num(ratio(full, tally.full).value)
    return replace(tally, full=full, full_weights=tally.full_weights * share, full_squares=tally.full_squares * share)


def _times(tally: ScoreTally, least: int, most: int, sweeps: int = 1) -> int:
    return int(np.clip(WORK // (sweeps * len(tally.full)), least, most))
