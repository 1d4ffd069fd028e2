"""Scores whose odds are multiplied: what a training set of another make-up did to probabilities, taken back.

Negatives kept with probability β, or classes weighted by w in the loss, make the odds that a model tells 1 / β, or
w_positive / w_negative, times too large: odds · β and odds · w_negative / w_positive are those of rows as they come.
The order of the rows stays, so nothing has to be counted again.

Source: Dal Pozzolo, Caelen, Johnson & Bontempi 2015, https://doi.org/10.1109/SSCI.2015.33; Elkan 2001.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from unconfused.errors import NotKept, UsageError
from unconfused.labels import Labels, plural
from unconfused.tally.cells import divided
from unconfused.tally.grouped import Grouped
from unconfused.tally.kernels import Floats, runs
from unconfused.tally.row_costs import RowCosts
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Tallies

Tally = TypeVar("Tally", bound=ScoreTally)
EXAMPLE = "Type undersampled=0.1 where a tenth of the negatives were kept, or class_weight={0: 1, 1: 10}."


def moved(scores: Floats, score_kind: str, odds: float) -> Floats:
    """Scores with their odds multiplied: p · o / (p · o + 1 - p), of log-odds z + log o.    Shape: (U,) → (U,).

    >>> moved(np.array([0.0, 0.5, 1.0]), "probability", 0.1).round(3).tolist()
    [0.0, 0.091, 1.0]
    """
    if score_kind == "logit":
        return np.asarray(scores + np.log(odds))
    return divided(scores * odds, scores * odds + (1 - scores))


def with_odds(tally: Tally, odds: float) -> Tally:
    """The same rows at scores whose odds are ``odds`` times what they were; equal ones are put together.

    Raises:
        NotKept: raw scores, which are no probabilities, or scores in bins, whose edges would move.
    """
    if tally.score_kind == "raw" or tally.binned:
        raise NotKept(
            "These scores are of score_kind='raw'." if tally.score_kind == "raw" else "These scores are binned.",
            "Only exact probabilities and log-odds can be moved to other odds.",
            "Ask without, or move the scores before they are counted.",
        )
    scores = moved(tally.scores, tally.score_kind, odds)
    starts = runs(scores)

    def united(full: Any) -> Any:
        if full is None or not len(starts):
            return full
        return np.concatenate([full[:1], np.add.reduceat(full[1:], starts, axis=0)])

    parts: dict[str, Any] = {x: united(getattr(tally, x)) for x in ("full", "full_weights", "full_squares")}
    return replace(tally, scores=scores[starts], **parts)


def recalibrated(tallies: Tallies, *, undersampled: Any = None, class_weight: Any = None) -> Tallies:
    """Everything that one pass kept, at the probabilities of rows as they come; see `Evaluation.recalibrated`.

    Raises:
        UsageError: not exactly one of both, no share in (0, 1], no positive weight for either class.
        NotKept: several classes or labels, or scores that cannot be moved.
    """
    scores = tallies.scored("recalibrated()")
    if isinstance(scores, Grouped):
        raise NotKept(
            f"There are {plural(len(scores), scores.kind)}.",
            "What training did to each, one number does not say.",
            f"Ask for one against the rest: ev[{next(iter(scores))!r}].recalibrated(...).",
        )
    odds = _odds(scores.labels, undersampled, class_weight)
    units = tallies.units and replace(tallies.units, buckets=tallies.units.buckets.each(lambda x: _moved(x, odds)))
    slices = {
        names: replace(x, members={key: _moved(part, odds) for key, part in x.members.items()})
        for names, x in tallies.slices.items()
    }
    return replace(_moved(tallies, odds), units=units, slices=slices)


def _moved(tallies: Tallies, odds: float) -> Tallies:
    scores, costs = tallies.scores, tallies.row_costs
    if not isinstance(scores, ScoreTally):
        return tallies
    return replace(
        tallies, scores=with_odds(scores, odds), row_costs=costs and _prices(costs, scores.score_kind, odds)
    )  # fmt: skip


def _prices(costs: RowCosts, score_kind: str, odds: float) -> RowCosts:
    scores = moved(costs.scores, score_kind, odds)
    starts = runs(scores)
    return replace(costs.merged(starts), scores=scores[starts])


def _odds(labels: Labels, undersampled: Any, class_weight: Any) -> float:
    """What the odds are to be multiplied with."""
    given = (undersampled is not None) + (class_weight is not None)
    if given != 1:
        raise UsageError(
            f"{'Both' if given else 'Neither'} of undersampled= and class_weight= {'were' if given else 'was'} given.",
            fix=EXAMPLE,
        )
    if undersampled is not None:
        if (
            isinstance(undersampled, bool)
            or not isinstance(undersampled, (int, float, np.number))
            or not 0 < undersampled <= 1
        ):
            raise UsageError(
                f"undersampled={undersampled!r} is no share in (0, 1].",
                "It is the share of negatives that were kept.",
                EXAMPLE,
            )
        return float(undersampled)
    positive = labels.require_positive("recalibrated()")
    pair = [_weight(class_weight, labels, place) for place in (1 - positive, positive)]
    return pair[0] / pair[1]


def _weight(class_weight: Any, labels: Labels, place: int) -> float:
    known = (labels.values[place], labels.names[place])
    found = [class_weight[x] for x in known if x in class_weight] if isinstance(class_weight, Mapping) else []
    try:
        weight = float(found[0])
    except (IndexError, TypeError, ValueError):
        weight = float("nan")
    if not 0 < weight < float("inf"):
        raise UsageError(
            f"class_weight={class_weight!r} names no positive weight for {known[1]!r}.",
            "The odds moved by the weight of one class over that of the other.",
            EXAMPLE,
        )
    return weight
