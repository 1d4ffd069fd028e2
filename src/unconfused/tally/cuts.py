"""The cells of a score tally: added up, and parted by a threshold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import NotKept
from unconfused.findings import Evidence
from unconfused.labels import plural
from unconfused.tally.axis import cut_of, logistic, near_misses
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.kernels import Floats, Ints, exact_total, runs
from unconfused.tally.sides import merged_masses

if TYPE_CHECKING:
    from unconfused.tally.scores import ScoreTally

COLUMNS = 4
"""The truth of a row: negative, positive, and the seats other and missing."""


def placed(negative: NDArray[Any], positive: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """The cells of an exact tally, from the sorted scores of either class."""
    scores, mass = merged_masses(negative, positive)
    return _kept(scores=scores, full=_seated(mass))


def unfolded(counts: NDArray[Any], lows: NDArray[Any], highs: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """The cells of a binned tally, from the rows of either class in each, their lowest and highest scores (U, 2)."""
    extremes = [np.full((len(counts), COLUMNS), x) for x in (np.inf, -np.inf)]
    for array, own in zip(extremes, (lows, highs), strict=True):
        array[:, :2] = own
    least = np.minimum(extremes[0][:, 0], extremes[0][:, 1])
    return _kept(scores=least, full=_seated(counts), lows=extremes[0], highs=extremes[1])


def _seated(mass: NDArray[Any]) -> Ints:
    """Rows of the two classes beside the seats that none of them has.    Shape: (U, 2) → (U + 1, 4)."""
    full = np.zeros((len(mass) + 1, COLUMNS), np.int64)
    full[1:, :2] = mass
    return full


def _kept(**arrays: NDArray[Any]) -> dict[str, NDArray[Any]]:
    for array in arrays.values():
        array.setflags(write=False)
    return arrays


def added(parts: Sequence[ScoreTally], keys: Sequence[NDArray[Any]], *, extremes: bool) -> dict[str, Any]:
    """The cells of several tallies, added up where their ``keys``, ascending in each tally, are equal."""
    joined = np.sort(np.concatenate(keys))
    cells = joined[runs(joined)]
    starts = [runs(x) for x in keys]
    places = [_places(x[own], cells) for x, own in zip(keys, starts, strict=True)]

    def united(arrays: list[Any], by: np.ufunc, nothing: float) -> Any:
        rows = [x if len(own) == len(x) else by.reduceat(x, own, axis=0) for x, own in zip(arrays, starts, strict=True)]
        none = np.full((1, *arrays[0].shape[1:]), nothing, arrays[0].dtype)
        return reduce(by, [np.concatenate([x, none]).take(at, axis=0) for x, at in zip(rows, places, strict=True)])

    def summed(name: str) -> Any:
        arrays = [getattr(x, name) for x in parts]
        if arrays[0] is None:
            return None
        return np.concatenate([sum(x[:1] for x in arrays), united([x[1:] for x in arrays], np.add, 0)])

    made = {name: summed(name) for name in ("full", "full_weights", "full_squares")}
    for name, by, nothing in (("lows", np.minimum, np.inf), ("highs", np.maximum, -np.inf)):
        made[name] = united([_extremes(x, name, nothing) for x in parts], by, nothing) if extremes else None
    return made | {"scores": united([x.scores for x in parts], np.minimum, np.inf)}


def _places(own: NDArray[Any], cells: NDArray[Any]) -> Ints:
    """Where each of ``cells`` stands among a tally's own, all of which are there; behind them if it is not."""
    places = np.full(len(cells), len(own))
    places[np.searchsorted(cells, own)] = np.arange(len(own))
    return places


def _extremes(tally: ScoreTally, name: str, nothing: float) -> Floats:
    known: Floats | None = getattr(tally, name)
    return np.where(tally.full[1:] > 0, tally.scores[:, None], nothing) if known is None else known


def settled(tally: ScoreTally) -> NDArray[np.bool_]:
    """Cells in which each class has one score at most, and both the same if both are there.    Shape: (U,)."""
    if tally.lows is None or tally.highs is None:
        return np.ones(len(tally.scores), bool)
    lowest, highest = tally.lows[:, :2].min(1), tally.highs[:, :2].max(1)
    return np.asarray(lowest >= highest)


def mixed(tally: ScoreTally) -> NDArray[np.bool_]:
    """Cells of a ranked tally in which the order of the classes is open.    Shape: (U,)."""
    return np.asarray((tally.mass > 0).all(1) & ~settled(tally))


def matrix_at(tally: ScoreTally, threshold: float) -> ConfusionMatrix:
    """The matrix at a threshold that parts the rows; see `ScoreTally.at`."""
    likely, *extreme = tally.bracket(threshold)
    if extreme:
        raise _off_grid(tally, threshold)
    return likely


def bracket(tally: ScoreTally, threshold: float) -> list[ConfusionMatrix]:
    """See `ScoreTally.bracket`."""
    cut = cut_of(threshold, tally.score_kind)
    split = int(np.searchsorted(tally.scores, cut, side="left"))  # the first cell wholly at or above the cut
    likely, ways = _shares(tally, split - 1, cut)
    rounded = Evidence(rounded=sum(_rows_at(tally, near) for near in near_misses(cut)))

    def matrix(share: Floats) -> ConfusionMatrix:
        rows = _table(tally, tally.full, split, share)
        weights, squares = (None if x is None else _table(tally, x, split, share)
                            for x in (tally.full_weights, tally.full_squares))  # fmt: skip
        rule = f"score >= {float(threshold)!r}"
        return ConfusionMatrix(tally.labels, rows, weights, squares, tally.evidence + rounded, rule)

    return [matrix(share) for share in (likely, *ways)]


def _shares(tally: ScoreTally, cell: int, cut: float) -> tuple[Floats, list[Floats]]:
    """The share of each column of a cell that is at or above the cut: likely, and where that is open every extreme.

    Of rows that weigh alike one at least is on either side: those that gave the cell its lowest and highest score.
    """
    if tally.lows is None or tally.highs is None or cell < 0 or not (tally.highs[cell] >= cut).any():
        return np.zeros(COLUMNS), []
    rows, low, high = tally.full[cell + 1].astype(np.float64), tally.lows[cell], tally.highs[cell]
    least = ((rows > 0) & (low >= cut)).astype(np.float64)
    unsure = (rows > 0) & (low < cut) & (high >= cut)
    most, likely = least.copy(), least.copy()
    if tally.full_weights is None:
        least[unsure], most[unsure] = 1 / rows[unsure], 1 - 1 / rows[unsure]
    else:
        most[unsure] = 1
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        part = np.rint(rows * (high - cut) / (high - low)) / rows
    likely[unsure] = np.clip(np.where(np.isfinite(part), part, 0.5), least, most)[unsure]
    free = np.flatnonzero(least < most).tolist()
    ways = [likely.copy() for _ in range(2 ** len(free))] if free else []
    for number, way in enumerate(ways):
        for bit, column in enumerate(free):
            way[column] = (least, most)[number >> bit & 1][column]
    return likely, ways


def _table(tally: ScoreTally, full: NDArray[Any], split: int, share: Floats) -> NDArray[Any]:
    """All cells from ``split`` on called positive, and a share of the one before.    Shape: (U + 1, 4) → (4, 4).

    Weights are added from the ends towards the threshold, as sums that run over all thresholds add them.
    """
    positive = tally.labels.require_positive("at()")
    if len(tally.labels) == 1:
        raise NotKept(
            f"Every row is {tally.labels.names[0]!r}, and the other class has no name.",
            "What is called negative would stand in no column.",
            "Declare both: labels=[negative, positive].",
        )
    below, above = full[1 : split + 1].sum(0), np.ascontiguousarray(full[:split:-1]).sum(0)
    if share.any():
        part = full[split] * share
        part = np.rint(part).astype(full.dtype) if full.dtype == np.int64 else part
        below, above = below - part, above + part
    truth = [1 - positive, positive, 2, 3]  # where a column of `full` stands in the matrix
    out = np.zeros((COLUMNS, COLUMNS), full.dtype)
    out[truth, 1 - positive], out[truth, positive], out[truth, 3] = below, above, full[0]
    return out


def _rows_at(tally: ScoreTally, score: float) -> int:
    """Rows whose score is exactly that, as far as the cells show it."""
    cell = int(np.searchsorted(tally.scores, score))
    if cell == len(tally.scores) or tally.scores[cell] != score:
        return 0
    if tally.highs is None:
        return exact_total(tally.full[cell + 1])
    return exact_total(tally.full[cell + 1][tally.highs[cell] == score])


def _off_grid(tally: ScoreTally, threshold: float) -> NotKept:
    """Why a threshold has no exact matrix, and what to type instead."""
    cut, wanted = cut_of(threshold, tally.score_kind), f"{float(threshold)!r}"
    rows = plural(tally.full[int(np.searchsorted(tally.scores, cut))].sum(), "row")
    low, high = tally.grid.around(cut)
    low, high = max([low, *tally.pins[tally.pins <= cut]]), min([high, *tally.pins[tally.pins > cut]])
    near = " or ".join(f"ev.at({t!r})" for t in _parting(tally, low, high))
    unit = " in log-odds" if tally.score_kind == "logit" else ""
    return NotKept(
        f"{rows} of the bin from {low:.6g} to {high:.6g}{unit} may lie on either side of threshold={wanted}.",
        f"The grid {tally.grid} did not keep where in a bin its rows stand.",
        f'Type {near and near + " (exact), "}ev.estimate("recall", threshold={wanted}) for a value with bounds, '
        f'or count again with pins=[{wanted}] or grid="exact".',
    )


def _parting(tally: ScoreTally, *cuts: float) -> Iterator[float]:
    """A threshold that parts the rows at each of these cuts; of log-odds the nearest probability that does."""
    for cut in cuts:
        exact = float(cut if tally.score_kind != "logit" else logistic(np.array(cut)))
        for t in (exact, math.nextafter(exact, -math.inf), math.nextafter(exact, math.inf)):
            if (tally.score_kind == "raw" or 0 <= t <= 1) and len(bracket(tally, t)) == 1:
                yield t
                break
