"""Averages over the members of a group, each of which has its own interval.

Labels of a multilabel problem share rows, and their tallies do not show how they err together. So the bounds are
averaged like the values, as if all erred at once: too wide perhaps, never too narrow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from unconfused.errors import NotKept
from unconfused.inference.value import Estimate
from unconfused.labels import Labels
from unconfused.metrics.average import weighted_mean, worst_of
from unconfused.metrics.language import Query
from unconfused.tally.cells import Array
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.scores import ScoreTally

POOLED = "the class asked about"


def apart(level: float, members: int) -> float:
    """The level at which each of several intervals must hold for all to hold at ``level`` (Bonferroni)."""
    return 1 - (1 - level) / max(members, 1)


def mean(query: Query, group: Grouped[Any], members: Mapping[Any, Estimate], rows: int, level: float) -> Estimate:
    """The plain or weighted mean of the members' values, and of their bounds."""
    if query.average == "ovo" and group.kind != "pair":
        raise NotKept(
            f"These {len(group)} tallies are each of one {group.kind} against the rest.",
            "@ovo compares two classes at a time. What that takes is kept of at most 64 classes, of scores on a grid "
            "only where it was asked for.",
            f'Type "{query.metric.name}@macro" for the mean over them, or evaluate with pairs=True or grid="exact".',
        )
    weights = np.array([_support(member) if query.average == "weighted" else 1.0 for member in group.values()])
    value, low, high, *ends = (float(weighted_mean(column, weights)) for column in _columns(members))
    return Estimate(
        value, low, high, level, f"mean of the bounds of {len(members)}: {_method(members)}", rows,
        bounds=_bounds(members, ends), reason=query.metric.undefined if np.isnan(value) else None, name=str(query),
        left_out=_undefined(members),
    )  # fmt: skip


def worst(query: Query, members: Mapping[Any, Estimate], rows: int, level: float) -> Estimate:
    """The worst value among members whose intervals hold together; so does the worst of their bounds."""
    value, low, high, *ends = (float(worst_of(query.metric, column)) for column in _columns(members))
    return Estimate(
        value, low, high, level, f"{_method(members)}, Bonferroni over {len(members)}", rows,
        bounds=_bounds(members, ends), reason=query.metric.undefined if np.isnan(value) else None, name=str(query),
        left_out=_undefined(members),
    )  # fmt: skip


def _columns(members: Mapping[Any, Estimate]) -> Array:
    rows = [(e.value, e.low, e.high, *(e.bounds or (e.value, e.value))) for e in members.values()]
    return np.array(rows, np.float64).reshape(-1, 5).T


def _bounds(members: Mapping[Any, Estimate], ends: list[float]) -> tuple[float, float] | None:
    """Certified where a member is; undefined members are in neither end."""
    return (ends[0], ends[1]) if any(e.bounds for e in members.values()) else None


def pooled(group: Grouped[Any]) -> ScoreTally:
    """The scores of every class against the rest as one ranking, in which each row stands once for each class.

    How the scores of a row go together is not known, so all of them count for one row: Σw² is as of one weight.
    """
    together: ScoreTally = sum(replace(x, labels=Labels.against_rest(POOLED)) for x in group.values())
    sums = together.full.astype(np.float64) if together.full_weights is None else together.full_weights
    squares = sums if together.full_squares is None else together.full_squares
    return replace(together, full_weights=sums, full_squares=len(group) * squares)


def _undefined(members: Mapping[Any, Estimate]) -> tuple[str, ...]:
    return tuple(str(key) for key, e in members.items() if not e.defined)


def _method(members: Mapping[Any, Estimate]) -> str:
    told = [e for e in members.values() if e.defined] or members.values()
    return " or ".join(dict.fromkeys(e.method for e in told))


def _support(member: ConfusionMatrix | ScoreTally) -> float:
    if isinstance(member, ScoreTally):
        return float(member.masses[:, 1].sum())
    return float(member.cells().support[member.labels.require_positive("@weighted")])
