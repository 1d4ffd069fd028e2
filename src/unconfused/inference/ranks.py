"""How sure a metric of ranks is: Wilson on a share of rows, Student's t on a mean over rows.

Where scores tie the value lies between that of every tie lost and that of every tie won. The low end is that of the
former, the high end that of the latter.
"""

from __future__ import annotations

import numpy as np

from unconfused.errors import UsageError
from unconfused.inference.intervals import PROPORTION, Bounds, effective, held, student
from unconfused.inference.value import Estimate
from unconfused.metrics.catalogue import ratio
from unconfused.metrics.language import Query
from unconfused.metrics.ranks import Places, reciprocals
from unconfused.tally.cells import Array
from unconfused.tally.ranks import Ranks


def of_ranks(query: Query, ranks: Ranks, level: float, method: str | None) -> Estimate:
    """A metric of ranks with its interval, and with its bounds where scores tie."""
    metric, places = query.metric, Places.of(ranks)
    value, low, high = (metric(p, *query.args) for p in (places, places.unlucky, places.lucky))
    if np.isnan(value):
        nan = float("nan")
        return Estimate(nan, nan, nan, level, "", 0, reason=metric.undefined, name=str(query))
    allowed = tuple(PROPORTION) if metric.kind == "proportion" else ("normal",)
    if method is not None and method not in allowed:
        raise UsageError(
            f"method={method!r} does not give an interval for {metric.name}.",
            fix=f"Type one of {', '.join(map(repr, allowed))}, or leave method= out.",
        )
    rows = effective(places.masses.sum(), ranks.squares.sum())
    name, by = PROPORTION[method if metric.kind == "proportion" and method else "wilson"]
    if metric.kind == "proportion":
        ends = by(low * rows, rows, level)[0], by(high * rows, rows, level)[1]
        words = name + (", Kish's effective rows" if ranks.full_weights is not None else "")
    else:
        ends = _mean(ranks, places.unlucky, low, rows, level)[0], _mean(ranks, places.lucky, high, rows, level)[1]
        words = "Student's t on the mean and variance of the rows"
    low_end, high_end = held(value, ends, metric.range)
    tied = low < high
    return Estimate(
        float(value), float(low_end), float(high_end), level, words + (", ties lost and won" if tied else ""),
        ranks.total, bounds=(float(low), float(high)) if tied else None, name=str(query),
    )  # fmt: skip


def _mean(ranks: Ranks, places: Places, mean: Array, rows: Array, level: float) -> Bounds:
    """mean ± t √(Σw²(x - mean)²) / Σw; with no spread to see, Wilson on the mean as a share."""
    spread = (ranks.squares * (reciprocals(places) - mean) ** 2).sum()
    error = np.sqrt(spread * ratio(rows, rows - 1).value) / places.masses.sum()
    if not error > 1e-9 * mean:
        return PROPORTION["wilson"][1](mean * rows, rows, level)
    half = student(level, float(rows) - 1) * error
    return mean - half, mean + half
