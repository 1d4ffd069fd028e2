"""Slices as evaluations, and which of them stand out: each against all other rows, the tests corrected."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from unconfused.errors import NotKept, UnknownClass, UsageError
from unconfused.inference.compare import usual_metrics
from unconfused.inference.paired import Apart
from unconfused.inference.significance import Adjust, adjusted
from unconfused.inference.unpaired import apart_alone
from unconfused.inference.value import Estimate
from unconfused.labels import listed
from unconfused.metrics.catalogue import Better
from unconfused.metrics.language import Query, parse
from unconfused.tally.scores import ScoreTally
from unconfused.tally.slices import Slices, rest, shown, told
from unconfused.tally.tallies import Tallies

if TYPE_CHECKING:
    from unconfused.evaluation import Evaluation

UNKNOWN = Apart(math.nan, math.nan, math.nan, "", "")


@dataclass(frozen=True)
class SliceRow:
    """One metric of one slice.

    Attributes:
        key: the slice: a value, or a tuple of values.
        name: the same as it is shown.
        rows: rows of the slice.
        metric: the question.
        value: the metric of the slice, with its interval.
        rest: the metric of all other rows.
        difference: of the slice less the rest, with its interval.
        p: how often chance alone would set equal slices as far apart; NaN where it is undefined.
        adjusted: the p-value that allows for the number of tests.
        better: whether a "higher" or a "lower" value is the better one, or None.
    """

    key: Any
    name: str
    rows: int
    metric: str
    value: Estimate
    rest: Estimate
    difference: Estimate
    p: float
    adjusted: float
    better: Better

    @property
    def significant(self) -> bool:
        """Whether the adjusted p-value is below 1 - level; never where it is undefined."""
        return self.adjusted < 1 - self.value.level

    @property
    def worse(self) -> bool:
        """Whether it is shown to be worse than the rest."""
        sign = {"higher": -1, "lower": 1, None: 0}[self.better]
        return self.significant and self.difference.value * sign > 0


@dataclass(frozen=True)
class SliceComparison:
    """Every slice against all other rows, worst first: those shown to be worse lead, then by value.

    Attributes:
        columns: what the rows are sliced by.
        rows: a `SliceRow` for each slice and metric, worst first within a metric.
        metrics: the questions.
        level: of the intervals.
        adjust: how p-values allow for their number.
        whole: the metric of all rows.
    """

    columns: tuple[str, ...]
    rows: tuple[SliceRow, ...]
    metrics: tuple[str, ...]
    level: float
    adjust: Adjust | None
    whole: Mapping[str, float]

    def __getitem__(self, metric: str) -> tuple[SliceRow, ...]:
        """The slices in the order of one metric."""
        found = tuple(x for x in self.rows if x.metric == str(parse(metric)))
        if not found:
            raise NotKept(f"{metric!r} was not asked of these slices.", fix=f"There are {listed(self.metrics)}.")
        return found

    def to_frame(self, kind: str = "pandas") -> Any:
        """One row for each slice and metric: a pandas frame, or "polars" or "arrow"."""
        from unconfused.show.slices import slices_frame

        return slices_frame(self, kind)

    def plot(self, ax: Any = None) -> Any:
        """Draw every slice of one metric with its interval, worst first, and the value of all rows; returns the Axes.

        Of several metrics a figure with Axes for each is opened; ``ax`` takes the first.
        """
        from unconfused.show.figure.forest import plot_slices

        return plot_slices(self, ax=ax)

    def to_markdown(self) -> str:
        """The table as Markdown."""
        from unconfused.show.slices import slices_markdown

        return slices_markdown(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data, without NaN."""
        from unconfused.show.slices import slices_dict

        return slices_dict(self)

    def __str__(self) -> str:
        from unconfused.show.slices import slices_text

        return slices_text(self)

    __repr__ = __str__

    def __rich__(self) -> Any:
        from unconfused.show.shading import rich_text

        return rich_text(self)

    def _repr_html_(self) -> str:
        from unconfused.show.slices import slices_html

        return slices_html(self)


class Sliced(Mapping[Any, "Evaluation"]):
    """The slices of an evaluation by some columns, each an Evaluation; prints how they compare.

    Args:
        slices: what the pass kept.
        whole: the evaluation of all rows.
        make: a slice's tallies as an evaluation.
    """

    def __init__(self, slices: Slices, whole: Evaluation, make: Callable[[Tallies], Evaluation]) -> None:
        self.slices, self.whole, self._make = slices, whole, make

    def __getitem__(self, key: Any) -> Evaluation:
        return self._make(self.slices[key])

    def __contains__(self, key: object) -> bool:
        return key in self.slices

    def __iter__(self) -> Iterator[Any]:
        return iter(self.slices)

    def __len__(self) -> int:
        return len(self.slices)

    def compare(
        self,
        metrics: str | Iterable[str] | None = None,
        *,
        threshold: Any = None,
        level: float = 0.95,
        adjust: Adjust | None = "holm",
        seed: int = 0,
    ) -> SliceComparison:
        """Each slice against all other rows.

        Args:
            metrics: what to compare; unless said otherwise accuracy, or of scores without a decision the ROC AUC.
            threshold: of binary scores, for metrics of a decision.
            level: of the intervals; a slice stands out where its adjusted p-value is below 1 - level.
            adjust: p-values allow for their number by "holm", "bh" or None.
            seed: of whatever is resampled.
        """
        asked = [metrics] if isinstance(metrics, str) else metrics
        queries = list(dict.fromkeys(map(parse, asked or self._usual(threshold))))
        if len(self.slices.members) < 1 or not queries:
            raise UsageError("There is nothing to compare.", fix='Type metrics=["recall"].')
        found = [row for query in queries for row in self._rows(query, threshold, level, seed)]
        raised = adjusted([x.p for x in found], adjust)
        rows = [replace(x, adjusted=p) for x, p in zip(found, raised, strict=True)]
        order = {str(query): i for i, query in enumerate(queries)}
        rows.sort(key=lambda x: (order[x.metric], not x.worse, *_badness(x)))
        whole = {str(query): self._estimate(self.whole, query, threshold, level, seed).value for query in queries}
        return SliceComparison(self.slices.columns, tuple(rows), tuple(order), level, adjust, whole)

    def _usual(self, threshold: Any) -> list[str]:
        whole = self.whole
        decided = whole.decided or (threshold is not None and isinstance(whole.scores, ScoreTally))
        if whole.kind == "multilabel":
            return ["f1@macro"] if decided else ["roc_auc@macro"]
        usual = usual_metrics(whole.labels, decided=decided, scored=not decided, calibrated=False)
        return usual[:1]

    def _rows(self, query: Query, threshold: Any, level: float, seed: int) -> Iterator[SliceRow]:
        options = (query, threshold, level, seed)
        for key, tally in zip(self.slices, self.slices.members.values(), strict=True):
            value = self._estimate(self._make(tally), *options)
            other = self._estimate(self._make(_others(self.whole.tallies, tally)), *options)
            defined = value.defined and other.defined and math.isfinite(value.value - other.value)
            how = apart_alone(other, value) if defined else UNKNOWN
            reason = None if defined else value.reason or other.reason or "the values are not both finite"
            gap = value.value - other.value if defined else math.nan
            difference = Estimate(gap, how.low, how.high, level, how.method, value.n, reason=reason, name=str(query))
            name = ", ".join(map(shown, key if isinstance(key, tuple) else (key,)))
            yield SliceRow(
                key, name, tally.total, str(query), value, other, difference, how.p, how.p, query.metric.better
            )

    @staticmethod
    def _estimate(ev: Any, query: Query, threshold: Any, level: float, seed: int) -> Estimate:
        stated = {"threshold": threshold} if query.metric.of == "counts" and threshold is not None else {}
        found: Estimate = ev.estimate(str(query), level=level, seed=seed, **stated)
        return found

    def __str__(self) -> str:
        return str(self.compare())

    __repr__ = __str__

    def __rich__(self) -> Any:
        from unconfused.show.shading import rich_text

        return rich_text(self)

    def _repr_html_(self) -> str:
        return self.compare()._repr_html_()


class ByColumns(Mapping[Any, Sliced]):
    """The slices of an evaluation, by a column or by several: ``ev.by["country"]``, ``ev.by["country", "device"]``."""

    def __init__(self, slices: Mapping[tuple[str, ...], Sliced]) -> None:
        self._slices = dict(slices)

    def __getitem__(self, columns: Any) -> Sliced:
        names = columns if isinstance(columns, tuple) else (columns,)
        if names not in self._slices:
            there = [told(x) for x in self._slices]
            raise UnknownClass(
                f"The rows were not sliced by {told(names)}.",
                "Slices are counted during the pass." if not there else "",
                f"There are slices by {listed(there)}." if there else 'Evaluate with by={"country": countries}.',
            )
        return self._slices[names]

    def __contains__(self, columns: object) -> bool:
        return (columns if isinstance(columns, tuple) else (columns,)) in self._slices

    def __iter__(self) -> Iterator[Any]:
        return (names if len(names) > 1 else names[0] for names in self._slices)

    def __len__(self) -> int:
        return len(self._slices)

    def __repr__(self) -> str:
        return f"Slices by {listed([told(x) for x in self._slices])}" if self._slices else "No slices"


def _others(whole: Tallies, part: Tallies) -> Tallies:
    """The rows of all other slices, as far as metrics of decisions and of scores ask."""
    parts = {
        name: getattr(whole, name) and rest(getattr(whole, name), getattr(part, name)) for name in ("matrix", "scores")
    }
    losses = {name: rest(x, part.moments[name]) for name, x in whole.moments.items()}
    return Tallies(whole.kind, parts["matrix"], parts["scores"], losses)


def _badness(x: SliceRow) -> tuple[bool, float]:
    """Ascending: the worst first, what is undefined last."""
    value = x.value.value
    return math.isnan(value), 0.0 if math.isnan(value) else -value if x.better == "lower" else value
