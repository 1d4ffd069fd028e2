"""Curves: what every threshold gives, from a score tally alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from unconfused.errors import UsageError
from unconfused.metrics import find, ratio
from unconfused.metrics.ranking import Masses
from unconfused.tally.cells import Array
from unconfused.tally.grouped import Grouped
from unconfused.tally.scores import ScoreTally


@dataclass(frozen=True, eq=False, repr=False)
class Curve:
    """One curve: a point for each distinct score, from "nothing is called positive" (threshold inf) downward.

    Attributes:
        kind: "roc", "pr", "gain" or "lift".
        x, y: the points, float64 (U + 1,); NaN where undefined (precision when nothing is called positive).
        thresholds: a row is positive when its score is at least this, float64 (U + 1,), descending from inf. Logits: as
            probabilities.
        x_name, y_name: what the axes show.
        area: the summary that belongs to this curve, or None.
        area_name: its name in the metric language, or None.
        baseline: x and y of a model that knows nothing.
        name: the class that is positive.
    """

    kind: str
    x: Array
    y: Array
    thresholds: Array
    x_name: str
    y_name: str
    area: float | None
    area_name: str | None
    baseline: tuple[Array, Array]
    name: str = ""

    def __post_init__(self) -> None:
        for array in (self.x, self.y, self.thresholds, *self.baseline):
            array.setflags(write=False)

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
        return f"{self.kind} curve of {self.name!r}: {self.y_name} against {self.x_name}, {len(self.x):,} points{area}"

    __repr__ = __str__


@dataclass(frozen=True)
class _Swept:
    """Cumulated masses at every threshold, the largest first; in rows or sums of weights."""

    tp: Array
    fp: Array
    thresholds: Array

    @classmethod
    def of(cls, tally: ScoreTally) -> _Swept:
        masses = tally.masses[::-1]
        kept = masses.any(1)  # a score whose rows weigh nothing is no point of a curve
        total = np.concatenate([np.zeros((1, 2)), np.cumsum(masses[kept], axis=0)])
        axis = tally.scores if tally.score_kind == "raw" else tally.probabilities
        return cls(total[:, 1], total[:, 0], np.concatenate([[np.inf], axis[::-1][kept]]))

    @property
    def positives(self) -> float:
        return float(self.tp[-1])

    @property
    def negatives(self) -> float:
        return float(self.fp[-1])


def _roc(s: _Swept) -> dict[str, Any]:
    """Recall against the false-positive rate.    Source: Provost & Fawcett 2001."""
    ends = np.array([0.0, 1.0])
    fpr, recall = ratio(s.fp, s.negatives).value, ratio(s.tp, s.positives).value
    return _points("false positive rate", fpr, "recall", recall, (ends, ends))


def _pr(s: _Swept) -> dict[str, Any]:
    """Precision against recall; undefined where nothing is called positive.    Source: Davis & Goadrich 2006."""
    prevalence = ratio(np.full(2, s.positives), s.positives + s.negatives).value
    recall, precision = ratio(s.tp, s.positives).value, ratio(s.tp, s.tp + s.fp).value
    return _points("recall", recall, "precision", precision, (np.array([0.0, 1.0]), prevalence))


def _gain(s: _Swept) -> dict[str, Any]:
    """Recall against the share of rows called positive: how much is found by looking at the highest scores."""
    ends = np.array([0.0, 1.0])
    called = ratio(s.tp + s.fp, s.positives + s.negatives).value
    return _points("share called positive", called, "recall", ratio(s.tp, s.positives).value, (ends, ends))


def _lift(s: _Swept) -> dict[str, Any]:
    """Precision over prevalence against the share of rows called positive: gain divided by its baseline."""
    called, recall = ratio(s.tp + s.fp, s.positives + s.negatives).value, ratio(s.tp, s.positives).value
    flat = (np.array([0.0, 1.0]), np.ones(2))
    return _points("share called positive", called, "lift", ratio(recall, called).value, flat)


def _points(x_name: str, x: Array, y_name: str, y: Array, baseline: tuple[Array, Array]) -> dict[str, Any]:
    return {"x": x, "y": y, "x_name": x_name, "y_name": y_name, "baseline": baseline}


_CURVES: dict[str, tuple[Callable[[_Swept], dict[str, Any]], str | None]] = {
    "roc": (_roc, "roc_auc"),
    "pr": (_pr, "average_precision"),
    "gain": (_gain, None),
    "lift": (_lift, None),
}
KINDS = tuple(_CURVES)


def curve(tally: ScoreTally | Grouped[ScoreTally], kind: str) -> Curve | dict[Any, Curve]:
    """The curve of a binary tally; of several classes or labels, one curve for each: ``{class: Curve}``."""
    if kind not in _CURVES:
        raise UsageError(f"There is no curve {kind!r}.", fix=f"Choose one of {', '.join(map(repr, KINDS))}.")
    if isinstance(tally, Grouped):
        return {name: _curve(member, kind) for name, member in tally.items()}
    return _curve(tally, kind)


def _curve(tally: ScoreTally, kind: str) -> Curve:
    draw, area_name = _CURVES[kind]
    swept = _Swept.of(tally)
    area = None if area_name is None else float(find(area_name)(Masses.of(tally)))
    return Curve(
        kind,
        thresholds=swept.thresholds,
        area=area,
        area_name=area_name,
        name=str(tally.labels.positive_name),
        **draw(swept),
    )
