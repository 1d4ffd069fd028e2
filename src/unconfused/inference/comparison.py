"""Comparison: what sets models apart on one metric after the other, and how sure one can be of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from unconfused.errors import AmbiguousCall, NotKept, UnknownMetric
from unconfused.findings import Finding
from unconfused.inference.rows import RowsNeeded, rows_to_tell_paired
from unconfused.inference.significance import Adjust
from unconfused.inference.value import Estimate
from unconfused.labels import Label, listed
from unconfused.metrics.catalogue import Better
from unconfused.metrics.language import parse
from unconfused.tally.joint import Joint, JointScores


@dataclass(frozen=True)
class Difference:
    """One metric of two models.

    Attributes:
        metric: the question, such as "recall[dog]".
        models: the reference, and the model that is held against it.
        values: the metric of each, with its own interval.
        difference: of the second less the first: above 0 the second model's is higher. ``method`` names the interval.
        p: how often chance alone would set two equal models as far apart; NaN where the difference is undefined.
        test: what gave it.
        z: its statistic, above 0 where the second model's metric is higher; None of a test that has none.
        adjusted: the p-value that allows for the number of tests in the comparison.
        better: whether a "higher" or a "lower" value is the better one, or None.
        margin: the largest difference that does not matter, or None.
    """

    metric: str
    models: tuple[str, str]
    values: tuple[Estimate, Estimate]
    difference: Estimate
    p: float
    test: str
    adjusted: float
    better: Better
    margin: float | None = None
    z: float | None = None

    @property
    def significant(self) -> bool:
        """Whether the adjusted p-value is below 1 - level; never where it is undefined."""
        return self.adjusted < 1 - self.difference.level

    @property
    def equivalent(self) -> bool | None:
        """Whether the whole interval lies within ± the margin; None without a margin."""
        if self.margin is None:
            return None
        return -self.margin < self.difference.low and self.difference.high < self.margin

    @property
    def not_worse(self) -> bool | None:
        """Whether the interval holds no loss as large as the margin; None without a margin, or a better side."""
        if self.margin is None or self.better is None:
            return None
        low, high = self.difference.low, self.difference.high
        return low > -self.margin if self.better == "higher" else high < self.margin

    @property
    def verdict(self) -> str:
        """What may be said, in words."""
        if not self.difference.defined:
            return "undefined"
        _, second = self.models
        word = "different"
        if self.significant:
            words = {"higher": ("worse", "better"), "lower": ("better", "worse"), None: ("lower", "higher")}
            word = words[self.better][self.difference.value > 0]
        told = f"{second} is {word}" if self.significant else "no difference shown"
        if self.equivalent:
            return f"{told}; equivalent within {self.margin:g}"
        if self.margin is None or word == "better":
            return told
        if self.not_worse:
            return f"{told}; {second} not worse by {self.margin:g}"
        return f"{told}; a difference of {self.margin:g} is not ruled out"


@dataclass(frozen=True)
class Flips:
    """The rows of one class that two models call differently, or alike.

    Attributes:
        models: the reference, and the model that is held against it.
        truth: the class.
        both_right, lost, won, both_wrong: rows; of those lost the reference alone is right, of those won the other.
        differ: rows that the two models call differently, those included that neither gets right.
    """

    models: tuple[str, str]
    truth: Label
    both_right: int
    lost: int
    won: int
    both_wrong: int
    differ: int

    @property
    def rows(self) -> int:
        """Rows of the class."""
        return self.both_right + self.lost + self.won + self.both_wrong


@dataclass(frozen=True)
class CostRange:
    """Where one model at its best threshold costs least.

    Attributes:
        low, high: between these a false alarm costs so many times what a miss costs; 0 to inf.
        models: the cheapest there; several that cost the same.
        saving: the largest share of the cost of the next best model that they save anywhere in the range.
    """

    low: float
    high: float
    models: tuple[str, ...]
    saving: float


@dataclass(frozen=True, repr=False)
class Comparison:
    """Two models or more, on one metric after the other.

    Attributes:
        models: in order; the first is the reference.
        differences: one for each metric and each pair of models.
        paired: both models were seen on the same rows, row by row.
        total: rows compared; of an unpaired comparison those of the smallest evaluation.
        level: of the intervals; differences are significant where the adjusted p-value is below 1 - level.
        adjust: how p-values allow for their number: "holm", "bh" or None.
        seed: of whatever was resampled.
        flips: by class, the rows that changed sides; empty without a decision.
        cochran: Q and p-value that all models are equally often right; None of two models, or without a decision.
        ranges: who costs least at which ratio of costs; empty without scores of a binary problem.
        rules: how each model's scores became classes; None for given classes.
        findings: what stands in the way of believing it.
        tally: what the pass kept; None of an unpaired comparison.
    """

    models: tuple[str, ...]
    differences: tuple[Difference, ...]
    paired: bool
    total: int
    level: float
    adjust: Adjust | None
    seed: int
    flips: tuple[Flips, ...] = ()
    cochran: tuple[float, float] | None = None
    ranges: tuple[CostRange, ...] = ()
    rules: Mapping[str, str | None] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    tally: Joint | JointScores | None = None

    @property
    def tests(self) -> int:
        """How many p-values there are, which ``adjust`` allows for."""
        return sum(x.p == x.p for x in self.differences)

    def __iter__(self) -> Iterator[Difference]:
        return iter(self.differences)

    def __getitem__(self, key: str | tuple[str, ...]) -> Difference:
        """``comparison["recall"]``; of more than two models ``comparison["recall", "new"]``."""
        metric, *models = (key,) if isinstance(key, str) else key
        wanted = str(parse(metric))
        asked = [x for x in self.differences if x.metric == wanted]
        if not asked:
            known = list(dict.fromkeys(x.metric for x in self.differences))
            raise UnknownMetric(f"This comparison holds no {wanted!r}.", fix=f"It holds {listed(known, 20)}.")
        found = [x for x in asked if tuple(models) in (x.models, x.models[1:], ())]
        if len(found) == 1:
            return found[0]
        pairs = "; ".join(f"{metric!r}, {', '.join(map(repr, x.models))}" for x in asked[:6])
        raise AmbiguousCall(f"{len(found)} of the pairs fit {models or metric!r}.", fix=f"Type one of: {pairs}.")

    def rows_needed(self, metric: str, *models: str, power: float = 0.8) -> RowsNeeded:
        """How many rows, given to both models, would tell them apart on a metric as often as ``power``."""
        found = self[(metric, *models)] if models else self[metric]
        if not self.paired:
            raise NotKept("These models were evaluated apart.", fix="Type ev.rows_needed(metric, against=other).")
        return rows_to_tell_paired(found.difference, self.total, power)

    def plot(self, ax: Any = None) -> Any:
        """Draw every difference with its interval, 0 and the margin; returns the Axes."""
        from unconfused.show.figure.forest import plot_comparison

        return plot_comparison(self, ax=ax)

    def to_html(self, path: Any) -> None:
        """One offline page with the differences on one axis, sortable, the rows that changed sides, and the costs."""
        from unconfused.show.page import write_comparison

        write_comparison(self, path)

    def to_frame(self, kind: str = "pandas") -> Any:
        """Long form, one row for each metric and pair of models; NaN where undefined."""
        from unconfused.show.comparison import comparison_frame

        return comparison_frame(self, kind)

    def to_dict(self) -> dict[str, Any]:
        """As data, after ``schema.json``."""
        from unconfused.show.comparison import comparison_dict

        return comparison_dict(self)

    def to_csv(self) -> str:
        """The rows of `to_frame` as CSV; empty where undefined."""
        from unconfused.show.comparison import comparison_csv

        return comparison_csv(self)

    def to_markdown(self) -> str:
        """The differences, the flips and the costs as Markdown tables."""
        from unconfused.show.comparison import comparison_markdown

        return comparison_markdown(self)

    def __str__(self) -> str:
        from unconfused.show.comparison import comparison_text

        return comparison_text(self)

    __repr__ = __str__

    def __rich__(self) -> Any:
        from unconfused.show.shading import rich_text

        return rich_text(self)

    def _repr_html_(self) -> str:
        from unconfused.show.comparison import comparison_html

        return comparison_html(self)
