"""Two models' scores of the same rows: differences of ranking and of loss, their intervals and tests.

| metric | standard error of the difference |
|---|---|
| roc_auc | DeLong's, from the differences of each row's placements |
| average_precision | infinitesimal jackknife, from the differences of each row's influence |
| log_loss, brier, brier_sum | of the differences of each row's losses; Student's t |
| anything else | bootstrap of the joint scores |

Intervals are Δ ± z standard errors (t for losses), p-values the same z or t: the interval holds 0 where p > 1 - level.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from unconfused.inference.intervals import effective, quantile, student
from unconfused.inference.paired import Apart
from unconfused.inference.resample import draws
from unconfused.inference.scores import groups
from unconfused.inference.significance import student_two_sided, two_sided
from unconfused.metrics.catalogue import ratio
from unconfused.metrics.language import Query
from unconfused.metrics.proper import log_losses, square_losses
from unconfused.metrics.ranking import Masses, above
from unconfused.tally.cells import Array
from unconfused.tally.joint import JointScores
from unconfused.tally.kernels import Ints
from unconfused.tally.scores import ScoreTally

MOST, LEAST, WORK = 2000, 100, 2**24
"""Bootstrap replicates: as many as this work allows, between these."""
GROUPS = 256
"""Scores of a model that a bootstrap keeps apart where there are more than ``GROUPS``² pairs of scores."""
SAME = "identical rankings"
NO_SPREAD = "every row tells the same difference, so nothing shows how sure it is"


@dataclass(frozen=True, slots=True)
class ScorePair:
    """The joint scores of two models on rows that both have scored.

    Shapes: ``masses``, ``squares`` (U, 2) of the negatives and positives in each cell; ``places`` (U,) twice: which of
    a model's own scores a cell has.
    """

    tallies: tuple[ScoreTally, ScoreTally]
    places: tuple[Ints, Ints]
    masses: Array
    squares: Array
    weighted: bool

    @classmethod
    def of(cls, joint: JointScores, first: str, second: str) -> ScorePair:
        """Two of the models; ``joint`` holds rows that all have scored."""
        tallies = joint.of(first), joint.of(second)
        columns = [joint.scores[:, joint.place(model)] for model in (first, second)]
        a, b = (np.searchsorted(t.scores, x).astype(np.int64) for t, x in zip(tallies, columns, strict=True))
        weighted = joint.full_weights is not None and joint.full_squares is not None
        rows = joint.full[:, :2].astype(np.float64)
        masses = rows if joint.full_weights is None else joint.full_weights[:, :2]
        squares = rows if joint.full_squares is None else joint.full_squares[:, :2]
        return cls(tallies, (a, b), masses, squares, weighted)

    def coarse(self) -> ScorePair:
        """The same rows at no more than ``GROUPS`` scores of either model."""
        if len(self.masses) <= GROUPS**2:
            return self
        starts = [groups(tally, GROUPS) for tally in self.tallies]
        own = [np.searchsorted(s, place, side="right") - 1 for s, place in zip(starts, self.places, strict=True)]
        keys, place = np.unique(own[0] * GROUPS + own[1], return_inverse=True)

        def added(values: Array) -> Array:
            return np.stack([np.bincount(place, x, len(keys)) for x in values.T], 1)

        a, b = (tally.merged(s) for tally, s in zip(self.tallies, starts, strict=True))
        places = (keys // GROUPS, keys % GROUPS)
        return ScorePair((a, b), places, added(self.masses), added(self.squares), self.weighted)

    def each(self, by_score: Array, side: int) -> Array:
        """What stands at a model's own scores, for every cell."""
        return np.asarray(by_score[self.places[side]])


def apart(query: Query, pair: ScorePair, difference: float, level: float, seed: int) -> Apart:
    """How sure one can be of a difference of a metric of scores."""
    name = query.metric.name
    if name in ("log_loss", "brier", "brier_sum"):
        return _losses(name, pair, difference, level)
    if name == "roc_auc":
        slopes, words, test = _placements(pair), "paired DeLong", "DeLong"
    elif name == "average_precision":
        slopes, words, test = _influence(pair), "infinitesimal jackknife of the difference", "z of the jackknife"
    else:
        return _bootstrap(query, pair, difference, level, seed)
    if not slopes.any() and difference == 0:
        return Apart(0.0, 0.0, 1.0, "", SAME)
    return _by_z(difference, _error(pair, slopes, by_class=name == "roc_auc"), level, words, test)


def _by_z(difference: float, error: float, level: float, words: str, test: str) -> Apart:
    """Δ ± z standard errors, and the p-value of z."""
    if not error > 1e-12:
        return Apart(math.nan, math.nan, math.nan, "", NO_SPREAD)
    half, z = quantile(level) * error, difference / error
    return Apart(difference - half, difference + half, two_sided(z), words, test, z)


def _error(pair: ScorePair, slopes: Array, *, by_class: bool) -> float:
    """√ of the sum over both classes of Σ Q (d - d̄)² / (Σw)² · m / (m - 1), d what a row adds (U, 2), m the rows.

    Without ``by_class`` the slopes are derivatives by the mass in a cell, and the classes are one sample.
    """
    if not by_class:
        return float(np.sqrt((pair.squares * slopes**2).sum()))
    variance = 0.0
    for side in (0, 1):
        w, q, d = pair.masses[:, side], pair.squares[:, side], slopes[:, side]
        total = w.sum()
        rows = float(effective(total, q.sum()))
        off = d - ratio((w * d).sum(), total).value
        variance += float(ratio((q * off**2).sum(), total**2).value * ratio(rows, rows - 1).value)
    return math.sqrt(variance) if variance > 0 else 0.0


def _placements(pair: ScorePair) -> Array:
    """By how much each row's placement among the other class differs between the models.    Shape: (U, 2).

    Source: DeLong, DeLong & Clarke-Pearson 1988.
    """
    both = []
    for side, tally in enumerate(pair.tallies):
        negatives, positives = tally.masses.T
        below = ratio(np.cumsum(negatives) - negatives / 2, negatives.sum()).value
        beyond = ratio(above(positives) - positives / 2, positives.sum()).value
        both.append(np.stack([pair.each(beyond, side), pair.each(below, side)], 1))
    return both[1] - both[0]


def _influence(pair: ScorePair) -> Array:
    """By how much the average precisions move apart with one row more in each cell.    Shape: (U, 2)."""
    both = []
    for side, tally in enumerate(pair.tallies):
        negatives, positives = tally.masses.T
        total, hits, alarms = positives.sum(), above(positives), above(negatives)
        called = hits + alarms
        precision = ratio(hits, called).value
        value = ratio((positives * precision).sum(), total).value
        gain = np.cumsum(ratio(positives * alarms, called**2).value)
        loss = np.cumsum(ratio(positives * hits, called**2).value)
        slopes = ratio(np.stack([-loss, precision + gain - value], 1), total).value
        both.append(pair.each(slopes, side))
    return both[1] - both[0]


def _losses(name: str, pair: ScorePair, difference: float, level: float) -> Apart:
    read, factor = (log_losses, 1) if name == "log_loss" else (square_losses, 2 if name == "brier_sum" else 1)
    first, second = (pair.each(factor * read(tally), side) for side, tally in enumerate(pair.tallies))
    held = pair.masses > 0
    off = np.where(held, np.where(held, second, 0) - np.where(held, first, 0) - difference, 0)
    rows = float(effective(pair.masses.sum(), pair.squares.sum()))
    spread = float((pair.squares * off**2).sum() * ratio(rows, rows - 1).value)
    error = math.sqrt(spread) / float(pair.masses.sum()) if spread > 0 else 0.0
    if not error > 1e-12 * max(1.0, abs(difference)):
        return Apart(0.0, 0.0, 1.0, "", SAME) if difference == 0 else _by_z(difference, 0.0, level, "", "")
    half, t = student(level, rows - 1) * error, difference / error
    p = student_two_sided(t, rows - 1)
    return Apart(
        difference - half,
        difference + half,
        p,
        "Student's t on the rows' differences",
        "paired t",
        t,
    )


def _bootstrap(query: Query, pair: ScorePair, difference: float, level: float, seed: int) -> Apart:
    whole, pair = pair, pair.coarse()
    cells, squares = pair.masses.ravel(), pair.squares.ravel()
    used, found = np.flatnonzero(cells), []
    orders = [np.argsort(place, kind="stable") for place in pair.places]
    repeats = int(np.clip(WORK // max(cells.size, 1), LEAST, MOST))
    for drawn in draws(cells[used], squares[used], pair.weighted, repeats, seed, 4 * cells.size):
        masses = np.zeros((len(drawn), cells.size))
        masses[:, used] = drawn
        first, second = (_read(query, pair, masses.reshape(len(drawn), -1, 2), side, orders[side]) for side in (0, 1))
        found.append(second - first)
    values = np.concatenate(found)
    values = values[np.isfinite(values)]
    error = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    if difference == 0 and not error > 1e-12:
        return Apart(0.0, 0.0, 1.0, "", SAME)
    grouped = "" if pair is whole else f" of {GROUPS} groups of each model's scores"
    words = f"bootstrap standard error, {repeats} replicates{grouped}, seed {seed}"
    return _by_z(difference, error, level, words, "z of the bootstrap")


def _read(query: Query, pair: ScorePair, masses: Array, side: int, order: Ints) -> Array:
    """The metric of one model in every replicate.    Shape: (R, U, 2) → (R,)."""
    tally, place = pair.tallies[side], pair.places[side]
    starts = np.searchsorted(place[order], np.arange(len(tally.scores)))
    own = np.add.reduceat(masses[:, order], starts, axis=1)
    value: Array = query.metric(Masses(tally, own[..., 0], own[..., 1]), *query.args)
    return value
