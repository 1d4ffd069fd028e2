"""What a page can explore: a threshold, a prevalence and costs, and the numbers at which it opens."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from unconfused import curves
from unconfused.decide.costs import CellCosts
from unconfused.inference.bands import banded
from unconfused.labels import plural
from unconfused.metrics.catalogue import find, ratio
from unconfused.metrics.ranking import asked
from unconfused.show.csv import csv_name
from unconfused.show.escape import latex, markdown, visible
from unconfused.show.numbers import amounts, percent
from unconfused.show.stops import RATES, Stops, explorable
from unconfused.show.views import View, pictures, views
from unconfused.tally.prevalence import at_prevalence
from unconfused.tally.scores import ScoreTally

SAFE = 2**53
"""Counts from here on go into JSON as text."""


DRAWN, ROOM = 40, 2_400
"""Classes of which each can be picked, of more those that rank worst; and stops of all of them together."""


@dataclass(frozen=True, eq=False)
class Member:
    """One class against the rest, or one label, or the positive class: what can be moved about it.

    Attributes:
        name: as it is picked.
        stops: thresholds and counts.
        pictures: what the charts show besides: bars of the scores, the reliability of probabilities.
        names: classes and seats as Markdown, CSV and LaTeX write them.
    """

    name: str
    stops: Stops
    pictures: Mapping[str, Any]
    names: Mapping[str, Any]
    score_kind: str

    @classmethod
    def of(
        cls, name: str | None, tally: ScoreTally, threshold: float | None, level: float, most: int | None, curve: Any
    ) -> Member:
        """What can be moved of one tally."""
        stops = Stops.of(tally, threshold, level=level, most=most)
        seats = [f"({seat})" for seat in tally.at(math.inf).seats]
        name = stops.axis[stops.positive] if name is None else name
        names = {
            "markdown": [markdown(x) for x in stops.axis],
            "csv": [*map(csv_name, tally.labels), *seats],
            "latex": [latex(x) for x in stops.axis],
            "positive": markdown(name),
            "latexPositive": latex(name),
        }
        return cls(name, stops, pictures(tally, curve, most), names, tally.score_kind)

    def data(self) -> dict[str, Any]:
        """Everything that the scripts of the page read."""
        stops = self.stops
        size = len(stops.axis)
        return {
            "name": self.name,
            "opening": self.opening,
            "pictures": self.pictures,
            "thresholds": [_number(t) for t in stops.thresholds.tolist()],
            "cells": [_column(stops.tables[:, i, j]) for i in range(size) for j in range(size)],
            "weighted": stops.tables.dtype.kind == "f",
            "axis": stops.axis,
            "names": self.names,
            "positive": stops.positive,
            "written": "\n".join(stops.written),
            "estimates": {rate: "\n".join(texts) for rate, texts in stops.estimates.items()},
            "open": stops.open,
            "chosen": stops.chosen,
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
    def kept(self) -> str:
        """How many thresholds the page holds."""
        return f"{plural(len(self.stops.thresholds), 'threshold')} with their counts"


@dataclass(frozen=True, eq=False)
class Explorer:
    """The part of a page that moves.

    Attributes:
        members: of a binary evaluation one; of several classes or labels each.
        views: the linked charts.
        costs: of each cell; errors cost 1 each unless something was stated.
        prevalence: at which the page opens, None for that of the rows.
        level: of the intervals.
        kind: "" of a binary evaluation, else "class" or "label": what is picked.
        left: how many more there are.
    """

    members: list[Member]
    views: tuple[View, ...]
    costs: CellCosts
    prevalence: float | None
    level: float
    kind: str
    left: int

    @classmethod
    def of(
        cls, subject: Any, threshold: Any, cost: Mapping[str, float] | None, prevalence: float | None, level: float
    ) -> Explorer | None:
        """The explorer of an evaluation; None where no threshold can be moved."""
        scores = getattr(subject, "scores", None)
        if scores is None:
            return None
        if prevalence is not None:
            at_prevalence(scores, prevalence)  # refuses what is none
        alone = isinstance(scores, ScoreTally)
        found = {None: scores} if alone else {name: x for name, x in scores.items() if x.total}
        able = {name: tally for name, tally in found.items() if explorable(tally)}
        if not able:
            return None
        worst = sorted(able, key=lambda name: _area(able[name])) if len(able) > DRAWN else list(able)
        picked = [name for name in able if name in set(worst[:DRAWN])]
        most = None if alone else ROOM // len(picked)
        members = []
        for name in picked:
            tally, chosen = able[name], threshold.get(name) if isinstance(threshold, Mapping) else threshold
            curve = None if tally.score_kind == "raw" else curves.curve(tally, "calibration")
            curve = banded(curve, level=level) if alone and curve else curve
            members.append(Member.of(None if alone else visible(str(name)), tally, chosen, level, most, curve))
        costs = CellCosts(fp=1, fn=1) if cost is None else CellCosts.of(cost)
        drawn = views(able[picked[0]].score_kind != "raw")
        return cls(members, drawn, costs, prevalence, level, "" if alone else scores.kind, len(able) - len(picked))

    def data(self) -> dict[str, Any]:
        """Everything that the scripts of the page read."""
        return {
            "views": [{"id": view.id, "spec": view.spec} for view in self.views],
            "members": [member.data() for member in self.members],
            "cost": dict(zip(("tn", "fp", "fn", "tp"), self.costs.each, strict=True)),
            "prevalence": self.prevalence,
        }


def _area(tally: ScoreTally) -> float:
    """The ROC AUC, to order by."""
    return float(asked(find("roc_auc"), tally))


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
