"""Curve: the points of one curve, and the list of kinds that there are."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from unconfused.errors import NotKept, UsageError
from unconfused.metrics import parse, ratio
from unconfused.metrics.certificates import certificate
from unconfused.metrics.ranking import asked
from unconfused.tally.cells import Array
from unconfused.tally.grouped import Grouped
from unconfused.tally.scores import ScoreTally

Ends: TypeAlias = tuple[Array, Array]


@dataclass(frozen=True, eq=False, repr=False)
class Curve:
    """One curve. Most have a point for each distinct score, from "nothing is called positive" (inf) downward.

    Attributes:
        kind: "roc", "pr", "calibration" and so on.
        x, y: the points, float64 (n,); NaN where undefined (precision when nothing is called positive).
        thresholds: the score that belongs to each point: a row is positive when its score is at least this, float64
            (n,). Logits: as probabilities.
        x_name, y_name: what the axes show.
        area: the summary that belongs to this curve, or None.
        area_name: its name in the metric language, or None.
        area_bounds: what holds the exact area of binned scores, whose edges alone are points; else None.
        baseline: x and y of a model that knows nothing; of a calibration curve, of one that is calibrated.
        name: the class that is positive.
        beside: further lines over the same x, by name.    Shape: (n,) each.
        rows: effective rows behind each point, of a calibration curve; else None.
        interval: the ends of the interval of y at each point, or None; ``interval_name`` is what it is called.
        expected: where y lies, at so many rows, if the probabilities are right; or None.
    """

    kind: str
    x: Array
    y: Array
    thresholds: Array
    x_name: str
    y_name: str
    area: float | None
    area_name: str | None
    baseline: Ends
    name: str = ""
    beside: Mapping[str, Array] = field(default_factory=dict)
    rows: Array | None = None
    interval: Ends | None = None
    expected: Ends | None = None
    area_bounds: tuple[float, float] | None = None
    interval_name: str = ""

    def __post_init__(self) -> None:
        held = (self.x, self.y, self.thresholds, *self.baseline, *self.beside.values())
        for array in (*held, *(self.interval or ()), *(self.expected or ())):
            array.setflags(write=False)

    def columns(self) -> dict[str, Array]:
        """Everything that has a value at each point, by name."""
        found = {"threshold": self.thresholds, self.x_name: self.x, self.y_name: self.y, **self.beside}
        found |= {} if self.rows is None else {"rows": self.rows}
        for word, ends in (("", self.interval), ("expected ", self.expected)):
            found |= {} if ends is None else {f"{word}low": ends[0], f"{word}high": ends[1]}
        return found

    def to_frame(self, kind: str = "pandas") -> Any:
        """The points as a frame of "pandas", "polars" or "arrow"."""
        from unconfused.show.export import curve_frame

        return curve_frame(self, kind)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the curve with its baseline; returns the Axes."""
        from unconfused.show.figure import plot_curve

        return plot_curve(self, ax=ax, **options)

    def __str__(self) -> str:
        area = "" if self.area is None else f", {self.area_name} = {self.area:.4f}"
        if self.area_bounds and self.area_bounds[0] < self.area_bounds[1]:
            low, high = math.floor(self.area_bounds[0] * 1e5) / 1e5, math.ceil(self.area_bounds[1] * 1e5) / 1e5
            area += f", certified in [{low:.5f}, {high:.5f}]"
        many = f"{len(self.x):,} {'point' if len(self.x) == 1 else 'points'}"
        band = f", {self.interval_name}" if self.interval_name else ""
        return f"{self.kind} curve of {self.name!r}: {self.y_name} against {self.x_name}, {many}{area}{band}"

    __repr__ = __str__


@dataclass(frozen=True)
class Points:
    """What a kind of curve draws from a tally; the fields are those of `Curve`."""

    x_name: str
    x: Array
    y_name: str
    y: Array
    thresholds: Array
    baseline: Ends
    beside: Mapping[str, Array] = field(default_factory=dict)
    rows: Array | None = None
    area_name: str | None = None


@dataclass(frozen=True)
class Swept:
    """Cumulated masses at every threshold, the largest first; in rows or sums of weights.    Shape: (U + 1,) each."""

    tp: Array
    fp: Array
    thresholds: Array

    @classmethod
    def of(cls, tally: ScoreTally) -> Swept:
        """Summed from the highest score down. A score whose rows weigh nothing is no point of a curve."""
        masses = tally.masses[::-1]
        kept = masses.any(1)
        total = np.concatenate([np.zeros((1, 2)), np.cumsum(masses[kept], axis=0)])
        return cls(total[:, 1], total[:, 0], np.concatenate([[np.inf], axis(tally)[::-1][kept]]))

    @property
    def recall(self) -> Array:
        """tp / P."""
        return ratio(self.tp, self.tp[-1]).value

    @property
    def fpr(self) -> Array:
        """fp / N."""
        return ratio(self.fp, self.fp[-1]).value

    @property
    def called(self) -> Array:
        """The share of all rows that is called positive."""
        return ratio(self.tp + self.fp, self.tp[-1] + self.fp[-1]).value

    @property
    def precision(self) -> Array:
        """tp / (tp + fp): NaN where nothing is called positive."""
        return ratio(self.tp, self.tp + self.fp).value

    @property
    def prevalence(self) -> float:
        """P / (P + N)."""
        return float(ratio(self.tp[-1], self.tp[-1] + self.fp[-1]).value)


Draw: TypeAlias = Callable[..., Points]
KINDS: dict[str, Draw] = {}
"""Every kind of curve by its name, in the order of declaration."""


def kind(draw: Draw) -> Draw:
    """Declare a kind of curve: a function of a `ScoreTally`; its keyword arguments are what can be asked of it."""
    KINDS[draw.__name__] = draw
    return draw


def curve(tally: ScoreTally | Grouped[ScoreTally], kind: str, **options: Any) -> Curve | dict[Any, Curve]:
    """The curve of a binary tally; of several classes or labels, one curve for each: ``{class: Curve}``.

    Raises:
        UsageError: there is no such kind, or it has no such option.
        NotKept: the kind needs probabilities, and the scores are raw; or what it needs of several classes was not kept.
    """
    if kind not in KINDS:
        raise UsageError(f"There is no curve {kind!r}.", fix=f"Choose one of {', '.join(map(repr, KINDS))}.")
    known = [name for name in inspect.signature(KINDS[kind]).parameters if name != "tally"]
    if strange := [name for name in options if name not in known]:
        fix = f"It takes {', '.join(f'{name}=' for name in known)}." if known else "It takes none."
        raise UsageError(f"curve({kind!r}) has no option {strange[0]!r}.", fix=fix)
    if isinstance(tally, Grouped) and tally.kind == "class" and kind == "risk_coverage":
        raise NotKept(
            f"There are {len(tally)} classes, and how sure the decision among them was is not kept.",
            "The score of one class against the rest does not say it.",
            f"Ask one class, ev[{next(iter(tally), 'dog')!r}].curve('risk_coverage'), or name at the pass "
            "rules={'sure': uc.Abstain(below=0.8)} and read ev.matrices['sure'].",
        )
    if isinstance(tally, Grouped):
        return {name: _curve(member, kind, options) for name, member in tally.items()}
    return _curve(tally, kind, options)


def _curve(tally: ScoreTally, kind: str, options: dict[str, Any]) -> Curve:
    tally, area, bounds = tally.ranked(), None, None
    p = KINDS[kind](tally, **options)
    if p.area_name is not None:
        query = parse(p.area_name)
        area, bounds = asked(query.metric, tally, *query.args), certificate(query.metric, tally, *query.args)
    return Curve(
        kind, p.x, p.y, p.thresholds, p.x_name, p.y_name, area, p.area_name, p.baseline,
        str(tally.labels.positive_name), p.beside, p.rows, area_bounds=bounds,
    )  # fmt: skip


def axis(tally: ScoreTally) -> Array:
    """The scores as thresholds are written: probabilities, but raw scores as they are.    Shape: (U,)."""
    return tally.scores if tally.score_kind == "raw" else tally.probabilities


def between(low: float, high: float) -> Ends:
    """A straight line from (0, low) to (1, high)."""
    return np.array([0.0, 1.0]), np.array([low, high], np.float64)
