"""Agreement and information: overall metrics that read every cell of the table, not its margins alone.    Shape: (...).

Each says its own derivative by the count in a cell, so that its interval costs no more than the table.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from unconfused.errors import NotKept
from unconfused.metrics.catalogue import NO_ROW, POSITIVE, SIGNED, UNIT, Ratio, metric, ratio
from unconfused.metrics.overall import covariance
from unconfused.tally.cells import Array, Cells
from unconfused.tally.sparse import Sparse

Agreement = Literal["unweighted", "linear", "quadratic"]


def _kappa_slopes(c: Cells, weights: Agreement = "unweighted") -> Array:
    truth, prediction = ratio(c.rows, c.n).value, ratio(c.columns, c.n).value
    if weights == "unweighted":  # two places differ, and a seat is always wrong
        known = np.arange(c.rows.shape[-1]) < c.k
        by_row, by_column = 1 - prediction * known, 1 - truth * known
        distance = 1 - c.by_place(np.broadcast_to(known * 1.0, c.rows.shape))
    else:
        distance = _distance(c, weights)
        by_row, by_column = prediction @ distance.T, truth @ distance
    observed, expected = c.over(_shares(c) * distance), (by_column * prediction).sum(-1)
    share, spread = c.by_table(ratio(observed, expected).value), c.by_table(expected)
    moved = share * (c.by_row(by_row) + c.by_column(by_column) - spread) - distance
    return ratio(moved, c.by_table(expected * c.n[..., 0])).value


def _information_slopes(c: Cells) -> Array:
    gain = np.where(_shares(c) > 0, _gain(c), 0)
    return ratio(gain - c.by_table(np.asarray(mutual_information(c))), c.by_table(c.n[..., 0])).value


def _normalized_slopes(c: Cells) -> Array:
    information, entropy = c.by_table(np.asarray(mutual_information(c))), c.by_table(_entropies(c))
    truth, prediction = ratio(c.rows, c.n).value, ratio(c.columns, c.n).value
    moved = -c.by_row(_log(truth)) - c.by_column(_log(prediction)) - entropy
    of_entropy = ratio(moved, c.by_table(c.n[..., 0])).value
    share = ratio(information, entropy).value
    return ratio(2 * (_information_slopes(c) - share * of_entropy), entropy).value


def _information_by_chance(c: Cells) -> tuple[Array, Array]:
    """½ and (r - 1)(s - 1): of an independent truth and prediction 2 n I, the G statistic, is about χ²."""
    truth, prediction = (np.count_nonzero(margin, -1) - 1.0 for margin in (c.rows, c.columns))
    return np.full(truth.shape, 0.5), np.maximum(truth * prediction, 1.0)


def _normalized_by_chance(c: Cells) -> tuple[Array, Array]:
    return ratio(1, _entropies(c)).value, _information_by_chance(c)[1]


@metric(range=SIGNED, better="higher", kind="index", per_class=False,
        undefined="all rows are of one class and all were predicted as it",
        also=("cohen kappa", "cohen's kappa"), see="Cohen 1960, 1968; interval: Fleiss, Cohen & Everitt 1969",
        slopes=_kappa_slopes)  # fmt: skip
def kappa(c: Cells, weights: Agreement = "unweighted") -> Ratio:
    """(p_o - p_e) / (1 - p_e): agreement beyond that of the margins; weights forgive near misses.    Shape: (...)."""
    if weights == "unweighted":
        apart = (ratio(c.support, c.n).value * ratio(c.uncalled, c.n).value).sum(-1)
        return ratio(covariance(c), apart + ratio(c.rows[..., c.k :].sum(-1), c.n[..., 0]).value)
    distance = _distance(c, weights)
    truth, prediction = ratio(c.rows, c.n).value, ratio(c.columns, c.n).value
    expected = ((truth @ distance) * prediction).sum(-1)
    return ratio(expected - (_shares(c) * distance).sum((-2, -1)), expected)


@metric(range=POSITIVE, better="higher", kind="index", undefined=NO_ROW, per_class=False,
        also=("mi",), see="Shannon 1948", slopes=_information_slopes, chance=_information_by_chance)  # fmt: skip
def mutual_information(c: Cells) -> Array:
    """Σ p log(p / (row · column)), in nats: what the prediction tells of the truth.    Shape: (...)."""
    information: Array = np.maximum(c.over(_shares(c) * _gain(c)), 0)
    return information


@metric(range=UNIT, better="higher", kind="index", per_class=False,
        undefined="all rows are of one class and all were predicted alike", also=("nmi",),
        see="Strehl & Ghosh 2002, arithmetic mean",
        slopes=_normalized_slopes, chance=_normalized_by_chance)  # fmt: skip
def normalized_mutual_information(c: Cells) -> Ratio:
    """2 I / (H(truth) + H(prediction)): the mutual information as a share of the mean entropy.    Shape: (...)."""
    information = 2 * mutual_information(c)
    return ratio(information, np.maximum(_entropies(c), information))


def _shares(c: Cells) -> Array:
    if c.table is None:
        raise NotKept(
            "Only the margins are known here.",
            "This metric reads every cell of the table.",
            "Ask the ConfusionMatrix, or one class: kappa[dog].",
        )
    return ratio(c.values, c.by_table(c.n[..., 0])).value


def _gain(c: Cells) -> Array:
    """log(p / (row · column)) in each cell.    Shape: (..., S, S)."""
    truth, prediction = ratio(c.rows, c.n).value, ratio(c.columns, c.n).value
    return _log(_shares(c)) - c.by_row(_log(truth)) - c.by_column(_log(prediction))


def _entropies(c: Cells) -> Array:
    """The entropy of the truth and that of the prediction, added.    Shape: (...)."""
    truth, prediction = ratio(c.rows, c.n).value, ratio(c.columns, c.n).value
    total: Array = -(truth * _log(truth)).sum(-1) - (prediction * _log(prediction)).sum(-1)
    return total


def _distance(c: Cells, weights: Agreement) -> Array:
    """How far apart two classes stand, 1 at most; a seat is as wrong as can be.    Shape: (S, S)."""
    if isinstance(c.table, Sparse):
        raise NotKept(
            f"kappa({weights}) weighs every pair of {c.k:,} classes.",
            "They are not written out for so many.",
            "Type kappa, or group the classes first.",
        )
    place = np.arange(c.rows.shape[-1])
    steps = np.abs(place[:, None] - place)
    power = {"unweighted": 0, "linear": 1, "quadratic": 2}[weights]
    apart = np.where(steps > 0, ratio(steps, max(c.k - 1, 1)).value ** power, 0.0)
    return np.where((place[:, None] < c.k) & (place < c.k), apart, 1.0)


def _log(shares: Array) -> Array:
    logs: Array = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return logs
