"""Question: a number asked of every threshold at once, and with its interval of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from unconfused.decide.costs import CellCosts
from unconfused.decide.sweep import taken
from unconfused.errors import UsageError
from unconfused.inference import Estimate
from unconfused.inference.ask import sample_of
from unconfused.inference.counts import Reading, interval, of_average, of_class, of_table
from unconfused.inference.delta import Sample, table_of
from unconfused.inference.units import jackknifed
from unconfused.labels import Labels
from unconfused.metrics.catalogue import NO_ROW, against_rest
from unconfused.metrics.language import Bound, Query
from unconfused.tally.cells import Array, Cells
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.units import OfUnits

AT_ONCE = 2**14
"""Tables whose intervals are made at once."""


@dataclass(frozen=True)
class Question:
    """A metric of decisions, or what a row costs.

    Attributes:
        name: as the metric language has it.
        reading: of the tables, with the range and the rule for the interval.
        undefined: why there may be no value.
        bound: the end of the interval that is asked for instead of the value.
        place: the class that is asked about by name, 1 being the positive one; None for the metric as it stands.
        left_out: the classes that an average leaves out of a table.
    """

    name: str
    reading: Callable[[Cells], Reading]
    undefined: str = ""
    bound: Bound | None = None
    place: int | None = None
    left_out: Callable[[Cells], tuple[str, ...]] = lambda c: ()

    @classmethod
    def of_costs(cls, costs: CellCosts) -> Question:
        """What a row costs on average."""
        return cls("expected_cost", lambda c: Reading(costs.per_row, costs.range, "delta"))

    @classmethod
    def of_query(cls, query: Query, labels: Labels) -> Question:
        """A metric of decisions about the positive class, of the other class by name, or averaged over both.

        Raises:
            UsageError: a metric that no threshold changes.
            UnknownClass: a class that is not there.
        """
        metric, args, positive = query.metric, query.args, labels.require_positive("choose()")
        if metric.of != "counts" or query.average == "ovo":
            raise UsageError(
                f"{str(query)!r} is the same at every threshold.",
                "A threshold can be chosen only by what it changes.",
                "Name a metric of decisions, such as recall, precision, f1 or predicted_prevalence.",
            )

        def left_out(c: Cells) -> tuple[str, ...]:
            if query.average in (None, "micro"):
                return ()
            names = (labels.texts[1 - positive], labels.texts[positive])
            return tuple(x for x, value in zip(names, metric.by_class(c, *args), strict=True) if np.isnan(value))

        def reading(c: Cells) -> Reading:
            if query.average:
                return of_average(query, c)
            overall = query.label is None and not metric.per_class
            return of_table(metric, *args) if overall else of_class(metric, *args)

        place = None if query.label is None else int(labels.index(query.label) == positive)
        undefined = metric.undefined or NO_ROW
        return cls(str(replace(query, bound=None)), reading, undefined, query.bound, place, left_out)

    def values(self, sample: Sample, level: float) -> Array:
        """The value, or the end of its interval, at every threshold.    Shape: (T, S, S) tables → (T,)."""
        sample = self._about(sample)
        reading = self.reading(sample.counts)
        if self.bound is None:
            return reading.value(sample.counts)
        parts = (slice(at, at + AT_ONCE) for at in range(0, len(table_of(sample.counts)), AT_ONCE))
        return np.concatenate([getattr(interval(reading, taken(sample, x), level), self.bound) for x in parts])

    def estimate(self, sample: Sample, level: float) -> Estimate:
        """The value of one table with its interval."""
        about = self._about(sample)
        reading = self.reading(about.counts)
        value, found = float(reading.value(about.counts)), interval(reading, about, level)
        n = round(float(reading.rows(about.rows)))
        return Estimate(
            value, float(found.low), float(found.high), level, str(found.method), n,
            reason=self.undefined if np.isnan(value) else None, name=self.name, left_out=self.left_out(sample.counts),
        )  # fmt: skip

    def of_matrix(self, cm: ConfusionMatrix, level: float) -> Estimate:
        """The value of a matrix with its interval; of clustered rows with that of their units."""
        answer = self.estimate(sample_of(cm), level)
        if not isinstance(cm, OfUnits) or not answer.defined:
            return answer
        values = [self.estimate(sample_of(x), level).value for x in cm.without]
        return jackknifed(answer, values, self.reading(cm.cells()).range, cm.units)

    def _about(self, sample: Sample) -> Sample:
        if self.place is None:
            return sample
        return sample.each(lambda c: against_rest(c, self.place))
