"""Curves of what a decision is worth: at every ratio of costs, and at every threshold probability."""

from __future__ import annotations

from typing import Literal

import numpy as np

from unconfused.curves.points import Points, axis, between, kind
from unconfused.errors import UsageError
from unconfused.metrics import ratio
from unconfused.metrics.hull import hull
from unconfused.tally.axis import cut_of
from unconfused.tally.scores import ScoreTally

PERCENT = np.arange(1, 100) / 100


@kind
def cost(tally: ScoreTally) -> Points:
    """The expected cost of the best threshold, by how much misses matter: a lower envelope of straight lines.

    x = π·c_fn / (π·c_fn + (1 - π)·c_fp) for a prevalence π and costs c, y = fnr·x + fpr·(1 - x), as a share of the
    largest expected cost. The points are the corners of the envelope; the threshold of a point is the best from there
    to the next. The baseline is the better of calling everything and nothing positive.

    Source: Drummond & Holte 2006.
    """
    masses, none = tally.masses, np.zeros(0)
    h = hull(masses[:, 0], masses[:, 1])
    fpr, recall = ratio(h.fp, h.fp[-1]).value, ratio(h.tp, h.tp[-1]).value
    right, up = np.diff(fpr), np.diff(recall)
    x = np.concatenate([[0.0], ratio(right, right + up).value, [1.0]])
    best = np.minimum(np.arange(len(x)), len(fpr) - 1)  # the corner that is best from each point on
    y = (1 - recall[best]) * x + fpr[best] * (1 - x)
    thresholds = np.concatenate([axis(tally) if len(masses) else none, [np.inf]])[h.places[best]]
    triangle = (np.array([0, 0.5, 1]), np.array([0, 0.5, 0]))
    return Points("probability-cost of a miss", x, "normalised expected cost", y, thresholds, triangle)


@kind
def net_benefit(tally: ScoreTally, at: Literal["percent", "scores"] = "percent") -> Points:
    """tp / n - fp / n · t / (1 - t): true positives per row, less what the false ones cost at threshold t.

    Whoever acts at probability t says by it that a false alarm costs t / (1 - t) of what a hit is worth, so t is both
    the threshold and the price: it needs probabilities that are calibrated. Beside it stands calling everything
    positive; the baseline calls nothing.

    Args:
        tally: of probabilities or log-odds.
        at: the thresholds: "percent" for 1 %, 2 %, … 99 %, or "scores" for each score.

    Source: Vickers & Elkin 2006.
    """
    if at not in ("percent", "scores"):
        raise UsageError(f"at={at!r} is not known.", fix='Type at="percent" or at="scores".')
    scores, masses = tally.probabilities, tally.masses
    t = PERCENT if at == "percent" else scores
    below = np.searchsorted(tally.scores, [cut_of(x, tally.score_kind) for x in t]) if at == "percent" else slice(-1)
    everything, price = masses.sum(0), ratio(t, 1 - t).value
    called = np.concatenate([np.cumsum(masses[::-1], axis=0)[::-1], np.zeros((1, 2))])[below]
    benefit, of_all = (ratio(x[..., 1] - x[..., 0] * price, everything.sum()).value for x in (called, everything))
    return Points(
        "threshold probability", t, "net benefit", benefit, t, between(0, 0), {"everything called positive": of_all}
    )
