"""The same classifier in a population with another share of positives: views that answer like tallies and do not add.

A row of class y stands for π' / π rows of that population if it is positive, for (1 - π') / (1 - π) if it is not: what
the scores of a class look like stays, how often the class comes changes (prior or label shift). The number of rows of
each class is then no sample any more, so intervals hold it fixed: recall and specificity alone are uncertain.

Source: Elkan 2001, theorem 2; Saerens, Latinne & Decaestecker 2002.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import NotKept, UsageError
from unconfused.labels import plural
from unconfused.tally.cells import divided
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.cuts import bracket
from unconfused.tally.grouped import Grouped
from unconfused.tally.kernels import exact_total
from unconfused.tally.odds import with_odds
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Tallies

AWAY = "Add the evaluations of the rows first, then ask: (ev + other).at_prevalence(...)."


class View:
    """What a view refuses: to be added, or to be saved as if its weights had been counted."""

    prevalence: float

    def __add__(self, other: object) -> NoReturn:
        raise TypeError(
            "Views at a prevalence do not add: the classes of each were weighted by how often they came in its own "
            f"rows, and together they came otherwise. {AWAY}"
        )

    __radd__ = __add__

    def save(self, path: Any) -> NoReturn:
        """A view is not saved.

        Raises:
            NotKept: always.
        """
        raise NotKept(
            f"This is a view at a prevalence of {self.prevalence:g}.",
            "Read back, its weights would pass for counts of rows.",
            "Save the evaluation that it was made from, and ask again: load(path).at_prevalence(...).",
        )


@dataclass(frozen=True, eq=False, repr=False)
class MatrixAt(View, ConfusionMatrix):
    """A two-class matrix weighted to a prevalence; ``counts`` are still the rows that were seen.

    ``weights`` add up to what they did before: of 150 rows, 1.5 are positive at a prevalence of 1 %.

    Attributes:
        prevalence: the share of positives in the population that is asked about.
    """

    prevalence: float = np.nan

    @classmethod
    def of(cls, matrix: ConfusionMatrix, prevalence: float) -> MatrixAt:
        """The matrix in a population with that share of positives; see `at_prevalence`."""
        share = _share(prevalence)
        positive = _two_classes(matrix.labels)
        unknown = exact_total(matrix.full[2:])
        factor = _factors(matrix.full_weights, matrix.full, -1, (1 - positive, positive), share, unknown)[:, None]
        sums, squares = (matrix.full if x is None else x for x in (matrix.full_weights, matrix.full_squares))
        rule = f"{(matrix.rule or 'given classes').partition(', at prevalence')[0]}, at prevalence {share:g}"
        made = replace(_plain(matrix), full_weights=sums * factor, full_squares=squares * factor**2, rule=rule)
        return cls._over(made, share)

    @classmethod
    def _over(cls, weighted: ConfusionMatrix, prevalence: float) -> MatrixAt:
        known: dict[str, Any] = {field.name: getattr(weighted, field.name) for field in fields(ConfusionMatrix)}
        return cls(**known, prevalence=prevalence)

    def one_vs_rest(self, label: Any) -> MatrixAt:
        """The 2x2 of one class against the other, that class positive and last."""
        share = self.prevalence if self.labels.index(label) == self.labels.positive else 1 - self.prevalence
        return self._over(super().one_vs_rest(label), share)


@dataclass(frozen=True, eq=False, repr=False)
class ScoresAt(View, ScoreTally):
    """Scores of two classes weighted to a prevalence. The scores themselves stay, so a threshold means the same rows.

    Attributes:
        prevalence: the share of positives in the population that is asked about.
        odds: what the odds of a positive are there, over what they were in the rows; 1 once the scores are moved.
        each: what a row of each column stands for; None where rows have weights of their own.    Shape: (4,).
        own: those weights, moved and as they were, their squares, and what each column was moved by.
    """

    prevalence: float = np.nan
    odds: float = 1.0
    each: NDArray[np.float64] | None = None
    own: tuple[NDArray[Any], ...] | None = None

    @classmethod
    def of(cls, tally: ScoreTally, prevalence: float) -> ScoresAt:
        """The scores in a population with that share of positives; see `at_prevalence`."""
        share = _share(prevalence)
        _two_classes(tally.labels)
        unknown = exact_total(tally.full[:, 2:])
        factor = _factors(tally.full_weights, tally.full, 0, (0, 1), share, unknown)
        sums, squares = (tally.full if x is None else x for x in (tally.full_weights, tally.full_squares))
        known = {field.name: getattr(tally, field.name) for field in fields(ScoreTally) if field.init}
        made: dict[str, Any] = {"full_weights": sums * factor, "full_squares": squares * factor**2, "prevalence": share}
        odds = float(factor[1] / factor[0]) * (tally.odds if isinstance(tally, ScoresAt) else 1.0)
        before = tally.each if isinstance(tally, ScoresAt) else np.ones(4) if tally.full_weights is None else None
        view = cls(**{**known, **made, "odds": odds, "each": None if before is None else before * factor})
        if before is not None:
            return view
        weights, squares, by = tally.unmoved if isinstance(tally, ScoresAt) else (sums, squares, np.ones(4))
        return replace(view, own=(made["full_weights"], weights, squares, by * factor))

    @property
    def unmoved(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64]]:
        """Weights and squares before they were moved, and by what; of rows that were drawn since, as they are."""
        assert self.full_weights is not None
        assert self.full_squares is not None
        if self.own is None or self.own[0] is not self.full_weights:
            return self.full_weights, self.full_squares, np.ones(4)
        return self.own[1], self.own[2], self.own[3]

    def recalibrated(self) -> ScoresAt:
        """The same rows at the probabilities that they have in this population: the odds of each, times ``odds``.

        Raises:
            NotKept: raw scores, which are no probabilities, or scores in bins, whose edges would move.
        """
        moved: ScoresAt = with_odds(self, self.odds)
        return replace(moved, odds=1.0)

    def bracket(self, threshold: float) -> list[ConfusionMatrix]:
        """Those matrices at this prevalence; rows are counted first and weighted then, which rounds once."""
        if self.each is not None:
            return [self._moved(made, made.full, made.full, self.each) for made in super().bracket(threshold)]
        weights, squares, by = self.unmoved
        found = bracket(replace(self, full_weights=weights, full_squares=squares, own=None), threshold)
        return [self._moved(made, made.full_weights, made.full_squares, by) for made in found]

    def _moved(self, made: ConfusionMatrix, sums: Any, squares: Any, by: NDArray[np.float64]) -> MatrixAt:
        positive = self.labels.require_positive("at()")
        each = by[[1 - positive, positive, 2, 3], None]
        rule = f"{made.rule}, at prevalence {self.prevalence:g}"
        made = replace(made, full_weights=sums * each, full_squares=squares * each**2, rule=rule)
        return MatrixAt._over(made, self.prevalence)


def at_prevalence(tally: Any, prevalence: float, recalibrate: bool = False) -> Any:
    """A view of a two-class matrix, of its scores, or of both, in a population with that share of positives.

    ``recalibrate`` also moves the scores, to the probabilities that the rows have there.

    Raises:
        UsageError: no share strictly between 0 and 1.
        NotKept: more than two classes, rows whose class is not known, or a class without rows.
    """
    if isinstance(tally, Tallies) and tally.units is not None:
        raise NotKept(
            "These rows come in units.",
            "How sure an answer about them is at another prevalence, the buckets of units do not tell.",
            "Evaluate without unit=, and take the intervals as too narrow.",
        )
    if isinstance(tally, Tallies):
        matrix, scores = (
            None if x is None else at_prevalence(x, prevalence, recalibrate) for x in (tally.matrix, tally.scores)
        )
        rules = {name: MatrixAt.of(made, prevalence) for name, made in tally.matrices.items()}
        return Tallies(tally.kind, matrix, scores, matrices=rules, worst=None if recalibrate else tally.worst)
    if isinstance(tally, Grouped):
        raise NotKept(
            f"There are {plural(len(tally), tally.kind)}, and one prevalence.",
            "Each of them has a prevalence of its own.",
            f"Ask one against the rest: ev[{next(iter(tally), 'dog')!r}].at_prevalence({prevalence}).",
        )
    if not isinstance(tally, ScoreTally):
        return MatrixAt.of(tally, prevalence)
    view = ScoresAt.of(tally, prevalence)
    return view.recalibrated() if recalibrate else view


def _share(prevalence: float) -> float:
    try:
        share = float(prevalence)
    except (TypeError, ValueError):
        share = np.nan
    if not 0 < share < 1:
        raise UsageError(
            f"prevalence={prevalence!r} is no share strictly between 0 and 1.", fix="Type 0.01 for 1 % positives."
        )
    return share


def _two_classes(labels: Any) -> int:
    if len(labels) > 2:
        raise NotKept(
            f"There are {len(labels)} classes, and one prevalence.",
            "It is the share of one of two classes.",
            f"Ask one against the rest: ev[{labels.names[0]!r}].at_prevalence(0.01).",
        )
    if len(labels) < 2:
        raise NotKept(f"There is {plural(len(labels), 'class')}: no prevalence can be another.", fix="Declare both.")
    positive: int = labels.require_positive("at_prevalence()")
    return positive


def _factors(
    weights: NDArray[Any] | None, rows: NDArray[Any], axis: int, places: tuple[int, int], share: float, unknown: int
) -> NDArray[np.float64]:
    """What a row of each truth counts for: negatives and positives at ``places``; the seats hold no rows."""
    if unknown:
        raise NotKept(
            f"{plural(unknown, 'row')} {'has' if unknown == 1 else 'have'} no known class.",
            "How many of them are positive at another prevalence, nothing says.",
            "Leave them out: unknown='drop', or drop rows without a label.",
        )
    totals = (rows if weights is None else weights).sum(axis, dtype=np.float64)[list(places)]
    if not totals.all():
        raise NotKept(
            f"No {'negative' if not totals[0] else 'positive'} row has any weight.",
            "How that class is called at another prevalence, nothing says.",
            "Add rows of that class.",
        )
    factor = np.ones(4)
    factor[list(places)] = divided(np.array([1 - share, share]) * totals.sum(), totals)
    return factor


def _plain(matrix: ConfusionMatrix) -> ConfusionMatrix:
    return ConfusionMatrix(*(getattr(matrix, field.name) for field in fields(ConfusionMatrix)))
