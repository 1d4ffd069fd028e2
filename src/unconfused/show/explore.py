"""What a page can explore: a threshold, a prevalence and costs, and the numbers at which it opens."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from unconfused.decide.costs import Costs
from unconfused.labels import plural
from unconfused.metrics.catalogue import ratio
from unconfused.show.csv import csv_name
from unconfused.show.escape import markdown
from unconfused.show.numbers import amounts, percent
from unconfused.show.stops import RATES, Stops, explorable
from unconfused.show.views import View, views
from unconfused.tally.prevalence import at_prevalence
from unconfused.tally.scores import ScoreTally

SAFE = 2**53
"""Counts from here on go into JSON as text."""


@dataclass(frozen=True, eq=False)
class Explorer:
    """The binary part of a page: stops, charts, and what was stated.

    Attributes:
        stops: thresholds and counts.
        views: the linked charts.
        costs: of each cell; errors cost 1 each unless something was stated.
        prevalence: at which the page opens, None for that of the rows.
        names: classes and seats as Markdown and as CSV writes them.
    """

    stops: Stops
    views: list[View]
    costs: Costs
    prevalence: float | None
    names: Mapping[str, list[str]]
    score_kind: str
    level: float

    @classmethod
    def of(
        cls,
        subject: Any,
        threshold: float | None,
        cost: Mapping[str, float] | None,
        prevalence: float | None,
        level: float = 0.95,
    ) -> Explorer | None:
        """The explorer of an evaluation; None where no threshold can be moved."""
        tally = getattr(subject, "scores", None)
        if not isinstance(tally, ScoreTally) or not explorable(tally):
            return None
        if prevalence is not None:
            at_prevalence(tally, prevalence)  # refuses what is none
        stops = Stops.of(tally, threshold, level=level)
        curve = None if tally.score_kind == "raw" else subject.curve("calibration")
        seats = [f"({seat})" for seat in tally.at(math.inf).seats]
        names = {
            "markdown": [markdown(x) for x in stops.axis],
            "csv": [*map(csv_name, tally.labels), *seats],
        }
        costs = Costs(fp=1, fn=1) if cost is None else Costs.of(cost)
        return cls(stops, views(tally, curve), costs, prevalence, names, tally.score_kind, level)

    def data(self) -> dict[str, Any]:
        """Everything that the scripts of the page read."""
        stops = self.stops
        size = len(stops.axis)
        return {
            "views": [{"id": view.id, "spec": view.spec, "data": view.data} for view in self.views],
            "opening": self.opening,
            "stops": {
                "thresholds": [_number(t) for t in stops.thresholds.tolist()],
                "cells": [_column(stops.tables[:, i, j]) for i in range(size) for j in range(size)],
                "weighted": stops.tables.dtype.kind == "f",
                "axis": stops.axis,
                "names": self.names,
                "positive": stops.positive,
                "estimates": {rate: "\n".join(texts) for rate, texts in stops.estimates.items()},
                "open": stops.open,
                "chosen": stops.chosen,
                "cost": dict(zip(("tn", "fp", "fn", "tp"), self.costs.each, strict=True)),
                "prevalence": self.prevalence,
            },
        }

    # ── what stands in the page before any script runs ────────────────────────────────────────
    @property
    def opening(self) -> str:
        """Where the page opens."""
        t = f"{self.stops.thresholds[self.stops.open]:.6g}"
        return f"{t}, the median" if self.score_kind == "raw" else t

    @property
    def status(self) -> str:
        """Whether someone chose the threshold."""
        if self.stops.chosen:
            return "This is the chosen threshold."
        return f"No threshold has been chosen: the page opens at {self.opening}."

    @property
    def unit(self) -> str:
        """What the cells count."""
        return "sums of weights" if self.stops.tables.dtype.kind == "f" else "rows"

    @property
    def matrix(self) -> list[list[tuple[str, str, str]]]:
        """Each cell: amount, share of its row, share of its column."""
        table = self.stops.tables[self.stops.open]
        whole = table.astype(np.float64)
        texts, size = amounts(np.append(table.ravel(), table.sum())), len(table)
        rows, columns = (ratio(whole, whole.sum(axis, keepdims=True)).value for axis in (1, 0))
        return [
            [(texts[i * size + j], _share(rows[i, j]), _share(columns[i, j])) for j in range(size)] for i in range(size)
        ]

    @property
    def headline(self) -> dict[str, tuple[str, str]]:
        """Of a hundred: those found, and those right; each with the ends of its interval."""
        return {name: _hundred(self.stops.estimates[name][self.stops.open]) for name in ("recall", "precision")}

    @property
    def rates(self) -> list[tuple[str, str]]:
        """The rates at the opening, as they print."""
        return [(name, self.stops.estimates[name][self.stops.open]) for name in RATES]

    @property
    def positive(self) -> str:
        """The positive class."""
        return self.stops.axis[self.stops.positive]

    @property
    def kept(self) -> str:
        """How many thresholds the page holds."""
        return f"{plural(len(self.stops.thresholds), 'threshold')} with their counts"


def _share(x: float) -> str:
    return "–" if math.isnan(x) else percent(float(x))


def _hundred(told: str) -> tuple[str, str]:
    """A printed estimate out of a hundred: "0.738 [0.62, 0.83]" as "74" and "62 to 83"."""
    value, bracket, rest = told.partition(" [")
    if not value[:1].isdigit():
        return "–", "no interval"
    ends = [f"{100 * float(x):.12g}" for x in rest.partition("]")[0].split(", ")] if bracket else []
    return f"{100 * float(value):.0f}", " to ".join(ends) or "no interval"


def _number(t: float) -> float | str:
    return t if math.isfinite(t) else "Infinity" if t > 0 else "-Infinity"


def _column(values: Any) -> Any:
    """One cell at every stop; a single number where it never changes; text where JSON would round."""
    listed = [str(x) if isinstance(x, int) and x >= SAFE else x for x in values.tolist()]
    return listed[0] if len(set(listed)) == 1 else listed
