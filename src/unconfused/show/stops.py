"""Stops: the thresholds at which the page holds the counts, at most about two thousand, and what Python says there."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.decide.question import Question
from unconfused.decide.sweep import Sweep, taken, thresholds_of
from unconfused.inference import Estimate
from unconfused.inference.counts import interval
from unconfused.metrics.catalogue import ratio
from unconfused.metrics.hull import hull
from unconfused.metrics.language import parse
from unconfused.show.points import thinned
from unconfused.show.table import names
from unconfused.tally.axis import PERCENTS, cut_of
from unconfused.tally.prevalence import ScoresAt
from unconfused.tally.scores import ScoreTally

MOST, MOST_WEIGHTED, MOST_VIEWED = 2_000, 1_500, 500
"""Stops of one page; the corners of the hull and the pins stay even beyond. Sums of weights take more room,
intervals in a view more time."""
RATES = ("recall", "precision", "specificity", "f1", "accuracy")
"""The rates that stand beside the matrix."""
COLUMNS = 4


@dataclass(frozen=True, eq=False)
class Stops:
    """Thresholds, ascending, with the matrix and the estimates at each.

    Attributes:
        thresholds: a row is called positive when its score is at least this; the last calls nothing.    Shape: (T,).
        tables: the matrices, truth by prediction, in rows or sums of weights.    Shape: (T, S, S).
        axis: what rows and columns of a matrix are: the two classes, then the seats in use.
        positive: the place of the positive class, 0 or 1.
        written: each threshold in few digits that part the same rows.
        estimates: rate → what it prints at each stop.
        open: the stop at which the page opens.
        chosen: whether someone chose it.
    """

    thresholds: NDArray[np.float64]
    tables: NDArray[Any]
    axis: tuple[str, ...]
    positive: int
    written: list[str]
    estimates: dict[str, list[str]]
    open: int
    chosen: bool

    @classmethod
    def of(
        cls, tally: ScoreTally, threshold: float | None = None, *, level: float = 0.95, most: int | None = None
    ) -> Stops:
        """The stops of a tally with rows of both classes.

        Args:
            tally: of any grid; of a binned one the stops lie where its cells begin.
            threshold: the chosen one. Without it the page opens at 0.5, of raw scores at their median.
            level: of the intervals.
            most: how many, but for corners and pins.

        Raises:
            NotKept: rows of a bin may lie on either side of the chosen threshold.
        """
        if threshold is not None:
            tally.at(threshold)
        known = thresholds_of(tally)[::-1]
        start = _middle(tally) if threshold is None else float(threshold)
        written = [t for t in (*_round(tally), start) if _parts(tally, t)]
        if most is None:
            most = MOST_VIEWED if isinstance(tally, ScoresAt) else MOST if tally.weights is None else MOST_WEIGHTED
        places = _places(tally, most - len(written))
        found = {t: p for p, t in zip(places.tolist(), known[places].tolist(), strict=True) if _meant(tally, t, p)}
        found.update((t, _place(tally, t)) for t in written)
        thresholds = sorted(found)
        at = np.array([found[t] for t in thresholds])
        tables, axis = _tables(tally, at)
        nearest = min(range(len(thresholds)), key=lambda i: (abs(thresholds[i] - start), i))
        opened = thresholds.index(start) if start in found else nearest
        return cls(
            np.array(thresholds), tables, axis, tally.labels.require_positive("the page"),
            [_written(tally, t, found[t]) for t in thresholds], _estimates(tally, at, level), opened,
            threshold is not None,
        )  # fmt: skip


def explorable(tally: Any) -> bool:
    """Whether a threshold can be moved: scores of two classes that both have rows of some weight."""
    if not isinstance(tally, ScoreTally) or len(tally.labels) != 2 or tally.labels.positive is None:
        return False
    return bool(tally.masses.any(0).all()) and not np.isnan(thresholds_of(tally)).all()


def _middle(tally: ScoreTally) -> float:
    """Where the page opens if nothing was chosen: 0.5, or the median of raw scores."""
    if tally.score_kind != "raw":
        return 0.5
    rows = np.cumsum(tally.mass.sum(1, dtype=np.float64))
    return float(tally.scores[np.searchsorted(rows, rows[-1] / 2)])


def _round(tally: ScoreTally) -> Iterator[float]:
    """Thresholds that people type: the per cents, or the pins of raw scores."""
    yield from PERCENTS if tally.score_kind != "raw" else ()
    yield from tally.pins.tolist() if tally.score_kind != "logit" else ()


def _place(tally: ScoreTally, threshold: float) -> int:
    """The first cell that is called positive."""
    return int(np.searchsorted(tally.scores, cut_of(threshold, tally.score_kind)))


def _parts(tally: ScoreTally, threshold: float) -> bool:
    """Whether a threshold parts the cells: no row of the cell before it stands above."""
    place = _place(tally, threshold)
    if tally.highs is None or not place:
        return True
    return not bool((tally.highs[place - 1] >= cut_of(threshold, tally.score_kind)).any())


def _meant(tally: ScoreTally, threshold: float, place: int) -> bool:
    """Whether a threshold calls the cells from this place on positive; log-odds may round to the one beside."""
    if math.isnan(threshold):
        return False
    return threshold == math.inf or (_place(tally, threshold) == place and _parts(tally, threshold))


def _written(tally: ScoreTally, threshold: float, place: int) -> str:
    """A threshold in the fewest digits, three at least, that call the same rows positive."""
    if not math.isfinite(threshold):
        return ""
    texts = (f"{threshold:.{digits}g}" for digits in range(3, 17))
    return next((text for text in texts if _meant(tally, float(text), place)), repr(threshold))


def _places(tally: ScoreTally, most: int) -> NDArray[np.int64]:
    """Where the stops are: everywhere, or at the corners and pins, and evenly along ROC and PR between them."""
    size = len(tally.scores)
    if size < most:
        return np.arange(size + 1)
    masses = tally.masses
    fp, tp = (np.append(np.cumsum(x[::-1])[::-1], 0.0) for x in masses.T)
    pins = np.searchsorted(tally.scores, tally.pins)
    fixed = np.unique([0, size, *hull(masses[:, 0], masses[:, 1]).places, *pins])
    fpr, recall, precision = ratio(fp, fp[0]).value, ratio(tp, tp[0]).value, ratio(tp, tp + fp).value
    rest = max(most - len(fixed), 2)
    return np.unique([*fixed, *thinned(fpr, recall, rest // 2), *thinned(recall, precision, rest // 2)])


def _merged(tally: ScoreTally, at: NDArray[np.int64]) -> tuple[ScoreTally, NDArray[np.int64]]:
    """The rows between the stops put together, and where the stops lie then."""
    starts = np.unique(np.append(at, 0))
    starts = starts[starts < len(tally.scores)]
    return tally.merged(starts), np.searchsorted(starts, at)


def _tables(tally: ScoreTally, at: NDArray[np.int64]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """The matrix at each stop, as `ScoreTally.at` counts it: to the last bit.    Shape: (T, S, S)."""
    each = tally.each if isinstance(tally, ScoresAt) else None
    full = tally.full if tally.full_weights is None or each is not None else tally.full_weights
    if isinstance(tally, ScoresAt) and each is None:
        full, _, each = tally.unmoved
    none, positive = np.zeros((1, COLUMNS), full.dtype), tally.labels.require_positive("the page")
    above = np.concatenate([np.cumsum(full[:0:-1], axis=0)[::-1], none])[at]
    below = np.concatenate([none, np.cumsum(full[1:], axis=0)])[at]
    truth = [1 - positive, positive, 2, 3]
    out: NDArray[Any] = np.zeros((len(at), COLUMNS, COLUMNS), full.dtype)
    out[:, truth, 1 - positive], out[:, truth, positive], out[:, truth, 3] = below, above, full[0]
    out = out if each is None else out * each[truth][:, None]
    cm = tally.at(math.inf)
    kept = [0, 1, *(2 + ("other", "missing").index(seat) for seat in cm.seats)]
    return out[:, kept][:, :, kept], tuple(names(cm.labels.texts, cm.seats))


def _estimates(tally: ScoreTally, at: NDArray[np.int64], level: float) -> dict[str, list[str]]:
    """What each rate prints at each stop. In a view some intervals are drawn at random, so there each stands alone.

    Rows between the stops are put together first; weights are not, whose sums would round in another order.
    """
    if tally.full_weights is None:
        tally, at = _merged(tally, at)
    places = len(tally.scores) - at
    sample = taken(Sweep.of(tally, np.zeros(len(tally.scores) + 1)).sample, places)
    told = {}
    for rate in RATES:
        question = Question.of_query(parse(rate), tally.labels)
        if sample.fixed:
            found = [question.estimate(taken(sample, i), level) for i in range(len(at))]
            told[rate] = [str(replace(x, reason=None)) for x in found]
        else:
            reading = question.reading(sample.counts)
            values, ends = reading.value(sample.counts), interval(reading, sample, level)
            columns = (x.tolist() for x in np.broadcast_arrays(values, ends.low, ends.high))
            told[rate] = [str(Estimate(value, low, high)) for value, low, high in zip(*columns, strict=True)]
    return told
