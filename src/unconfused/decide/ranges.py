"""Which threshold of which model is best for which ratio of costs: the corners of the convex hull of the ROC curves.

Costs and prevalence come in as one number, the slope m = c_fp (1 - π) / (c_fn π): all points on a line of that slope
cost the same, so the best threshold is the corner of the hull that such a line touches first, and stays the best from
the slope of the edge on its one side to that on its other.

Source: Provost & Fawcett 2001, https://doi.org/10.1023/A:1007601015854.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from unconfused.decide.question import Question
from unconfused.decide.sweep import sample_at, thresholds_of
from unconfused.errors import NotKept, UsageError
from unconfused.inference import Estimate, estimate_at
from unconfused.inference.cheaper import Stretch, stretches
from unconfused.inference.intervals import quantile, wilson
from unconfused.inference.units import of_units
from unconfused.labels import Labels
from unconfused.metrics.catalogue import ratio
from unconfused.metrics.language import parse
from unconfused.tally.prevalence import at_prevalence
from unconfused.tally.scores import ScoreTally

RATES = ("recall", "fpr", "precision", "predicted_prevalence")


@dataclass(frozen=True)
class Range:
    """Where one threshold costs least.

    Attributes:
        low, high: between these a false alarm costs so many times what a miss costs; 0 to inf.
        slopes: the same as slopes of the lines of equal cost in the ROC plane, c_fp (1 - π) / (c_fn π).
        models: whose threshold it is; several that cost the same.
        thresholds: of each of them: inf calls nothing positive. NaN where no threshold parts its rows from the next,
            as between log-odds that are the same probability in float64.
        recall, fpr, precision, predicted_prevalence: of the first model there.
        saving: the largest share of the cost of the next best model that they save anywhere in the range.
    """

    low: float
    high: float
    slopes: tuple[float, float]
    models: tuple[str, ...]
    thresholds: tuple[float, ...]
    recall: Estimate
    fpr: Estimate
    precision: Estimate
    predicted_prevalence: Estimate
    saving: float

    @property
    def threshold(self) -> float:
        """Of the first model."""
        return self.thresholds[0]


@dataclass(frozen=True)
class Mixture:
    """Two neighbouring corners of the hull, each taken for a share of the rows that is drawn by chance.

    Attributes:
        fpr: the false-positive rate that is reached exactly.
        recall: what it finds, with Wilson's interval on the positive rows.
        parts: (model, threshold, share of the rows decided by it); one where a corner has just this rate.
    """

    fpr: float
    recall: Estimate
    parts: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, repr=False)
class Ranges:
    """The best threshold for every ratio of costs, at one prevalence.

    Attributes:
        rows: in order of what a false alarm costs, 0 to inf without a gap.
        models: who was asked.
        prevalence: the share of positives that it holds for.
        positive: the class that is called or not.
        level: of the intervals.
    """

    rows: tuple[Range, ...]
    models: tuple[str, ...]
    prevalence: float
    positive: str
    level: float

    def at_ratio(self, ratio: float) -> Range:
        """The best threshold where a false alarm costs so many times what a miss costs.

        Raises:
            UsageError: no number above 0.
        """
        if not 0 < ratio < math.inf:
            raise UsageError(
                f"ratio={ratio!r} is no ratio of costs.", fix="Type 0.1 where a miss costs ten times a false alarm."
            )
        return next(x for x in self.rows if ratio <= x.high)

    def at_fpr(self, fpr: float) -> Mixture:
        """The best that reaches a false-positive rate exactly: one corner of the hull, or two by the toss of a coin.

        Between the corners A and B a share of rows drawn by chance is decided by B, the rest by A; both rates of the
        mixture then lie on the straight line between them, above every single threshold.

        Raises:
            UsageError: no share between 0 and 1.
            NotKept: every threshold that is best for some costs raises more false alarms than that.
        """
        if not 0 <= fpr <= 1:
            raise UsageError(f"fpr={fpr!r} is no share from 0 to 1.", fix="Type 0.05 for 5 % of the negative rows.")
        corners = self.rows[::-1]  # false alarms rising
        after = next((x for x in corners if float(x.fpr) >= fpr), corners[-1])
        before = next((x for x in self.rows if float(x.fpr) <= fpr), None)
        if before is None:
            raise NotKept(f"The first corner of the hull has a false-positive rate of {float(after.fpr):.4g}.")
        share = float(ratio(fpr - float(before.fpr), float(after.fpr) - float(before.fpr)).value)
        weights = [(before, 1 - share), (after, share)] if 0 < share < 1 else [(before if share <= 0 else after, 1.0)]
        if math.isnan(share):
            weights = [(before, 1.0)]
        value, rows = sum(w * float(x.recall) for x, w in weights), min(x.recall.n for x, _ in weights)
        low, high = wilson(np.asarray(value * rows), np.asarray(float(rows)), self.level)
        method = "Wilson on the positive rows"
        recall = Estimate(value, float(low), float(high), self.level, method, rows, name="recall")
        reached = sum(w * float(x.fpr) for x, w in weights)
        return Mixture(reached, recall, tuple((x.models[0], x.threshold, w) for x, w in weights))

    def plot(self, ax: Any = None) -> Any:
        """Draw the hull in the ROC plane, a corner for each threshold; returns the Axes."""
        from unconfused.show.figure.ranges import plot_ranges

        return plot_ranges(self, ax=ax)

    def to_frame(self, kind: str = "pandas") -> Any:
        """One row for each range and model."""
        from unconfused.show.ranges import ranges_frame

        return ranges_frame(self, kind)

    def to_dict(self) -> dict[str, Any]:
        """As data, after ``schema.json``."""
        from unconfused.show.ranges import ranges_dict

        return ranges_dict(self)

    def to_markdown(self) -> str:
        """The table as Markdown."""
        from unconfused.show.ranges import ranges_markdown

        return ranges_markdown(self)

    def __str__(self) -> str:
        from unconfused.show.ranges import ranges_text

        return ranges_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from unconfused.show.ranges import ranges_html

        return ranges_html(self)


def ranges(scores: Mapping[str, ScoreTally], *, prevalence: float | None = None, level: float = 0.95) -> Ranges:
    """The best threshold of the best model for every ratio of costs; see `Evaluation.ranges`.

    Raises:
        UsageError: models seen at several prevalences, and none was named; a prevalence that is none.
        NotKept: one of the classes has no row with a score.
    """
    quantile(level)  # refuses what is no level
    tallies = {str(model): tally if of_units(tally) else tally.ranked() for model, tally in scores.items()}
    labels = [tally.labels for tally in tallies.values()]
    for tally in tallies.values():
        check_both_classes(tally, "ranges()")
    if len({(x.positive_name, *x) for x in labels}) > 1:
        raise UsageError(
            "The models do not have the same classes.", fix="Evaluate all with one labels= and pos_label=."
        )
    seen = [_prevalence(tally) for tally in tallies.values()]
    if prevalence is None and max(seen) - min(seen) > 1e-12:
        raise UsageError(
            f"The models were seen at prevalences from {min(seen):.4g} to {max(seen):.4g}.",
            "What is best depends on how often the class comes.",
            "Name one: ranges(..., prevalence=0.01).",
        )
    if prevalence is not None:
        tallies = {model: at_prevalence(tally, prevalence) for model, tally in tallies.items()}
    share = seen[0] if prevalence is None else float(prevalence)
    rows = tuple(_row(x, tallies, share, level) for x in stretches(tallies))
    return Ranges(rows, tuple(tallies), share, str(labels[0].positive_name), level)


def check_both_classes(tally: ScoreTally, question: str) -> None:
    """Refuse scores of one class alone.

    Raises:
        NotKept: one of the classes has no row with a score.
    """
    positive = tally.labels.require_positive(question)
    for rows, place in ((tally.negatives, 1 - positive), (tally.positives, positive)):
        if not rows:
            raise NotKept(
                f"No row of the class {tally.labels.texts[place]!r} has a score.",
                "Without it there is nothing to weigh: one answer is right for every row.",
                "Add rows of that class.",
            )


def _prevalence(tally: ScoreTally) -> float:
    masses = tally.masses.sum(0)
    return float(ratio(masses[1], masses.sum()).value)


def _row(x: Stretch, tallies: Mapping[str, ScoreTally], share: float, level: float) -> Range:
    odds = float(ratio(1 - share, share).value)
    called = {model: len(tallies[model].scores) - place for model, place in x.best.items()}
    first = next(iter(called))
    sample = sample_at(tallies[first], called[first])
    thresholds = tuple(float(thresholds_of(tallies[model])[place]) for model, place in called.items())
    if of_units(tallies[first]) and not math.isnan(thresholds[0]):
        rates = {name: estimate_at(tallies[first], name, thresholds[0], level=level) for name in RATES}
    else:
        rates = {name: _asked(name, tallies[first].labels).estimate(sample, level) for name in RATES}
    return Range(
        x.low, x.high, (x.low * odds, x.high * odds), tuple(called), thresholds,
        saving=x.saving, **rates,
    )  # fmt: skip


def _asked(name: str, labels: Labels) -> Question:
    return Question.of_query(parse(name), labels)
