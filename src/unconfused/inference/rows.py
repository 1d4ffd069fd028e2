"""How many rows more until an interval is as narrow as wanted, or until two models are told apart.

The rows that are there are taken as the population: the same shares, told k times over, get the interval that k times
as many rows would have. It is the interval of the usual method, so whatever rule chooses that is followed too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Any

import numpy as np

from unconfused.errors import InsufficientData, NotKept, UsageError
from unconfused.inference.ask import Tally, estimate
from unconfused.inference.intervals import quantile
from unconfused.inference.units import of_units
from unconfused.inference.unpaired import apart_alone
from unconfused.inference.value import Estimate
from unconfused.labels import Labels
from unconfused.metrics.catalogue import ratio
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.moments import Moments
from unconfused.tally.prevalence import MatrixAt, ScoresAt
from unconfused.tally.scores import ScoreTally
from unconfused.tally.sparse import Sparse

MOST = 2**40
"""Rows beyond which no answer is given."""
SINGLE = 10
"""Classes up to which it is asked whether rows of one alone would do."""


@dataclass(frozen=True, repr=False)
class RowsNeeded:
    """How many rows would do.

    Attributes:
        metric: the question, such as "recall".
        estimate: the metric of the rows that are there; of two models their difference.
        width: that the interval shall have, or None where two models shall be told apart.
        power: how often as many rows would tell them apart, or None.
        total: rows that are there; of two models those of the first.
        rows: rows in all that would do, with the classes in the shares that they have.
        by_class: rows more that would do if they were of this class alone, None where no number would; empty where the
            shares of the classes change the metric itself.
        paired: of two models, whether it counts rows that both are given.
    """

    metric: str
    estimate: Estimate
    width: float | None
    power: float | None
    total: int
    rows: int
    by_class: Mapping[str, int | None] = field(default_factory=dict)
    paired: bool = False

    @property
    def more(self) -> int:
        """Rows that are still to come."""
        return max(self.rows - self.total, 0)

    def to_dict(self) -> dict[str, Any]:
        """As data, after ``schema.json``."""
        from unconfused.show.rows import needed_dict

        return needed_dict(self)

    def __str__(self) -> str:
        from unconfused.show.rows import needed_text

        return needed_text(self)

    __repr__ = __str__


def rows_needed(
    tallies: Sequence[Tally], text: str, *, width: float | None = None, power: float = 0.8, level: float = 0.95,
    method: str | None = None, seed: int = 0,
) -> RowsNeeded:  # fmt: skip
    """Of one tally until the interval is ``width`` wide; of two until they are told apart.

    Raises:
        UsageError: neither or both of a width and another model, or values that are none.
        InsufficientData: nothing here says how many.
    """
    if (width is None) == (len(tallies) == 1):
        raise UsageError(
            f"{'Neither of' if width is None else 'Both'} width= and against= were given.",
            "Rows are needed for the one or for the other.",
            'Type rows_needed("recall", width=0.05), or rows_needed("recall", against=other).',
        )
    if width is not None:
        return rows_for_width(tallies[0], text, width, level=level, method=method, seed=seed)
    first, second = tallies
    return rows_to_tell(first, second, text, power=power, level=level, method=method, seed=seed)


def rows_for_width(
    tally: Tally, text: str, width: float, *, level: float = 0.95, method: str | None = None, seed: int = 0
) -> RowsNeeded:
    """Rows until the interval of a metric is no wider than that.

    Raises:
        UsageError: no width above 0.
        InsufficientData: the metric is undefined here, or no number of rows within reason does.

    >>> cm = ConfusionMatrix.from_counts([[76, 9], [17, 48]], labels=["Negative", "Positive"])
    >>> rows_for_width(cm, "recall", 0.1).by_class
    {'Negative': None, 'Positive': 230}
    """
    if not 0 < width < math.inf:
        raise UsageError(f"width={width!r} is no width.", fix="Type 0.05 for an interval such as [0.70, 0.75].")
    if isinstance(tally, MatrixAt | ScoresAt):
        raise NotKept(
            "This is a view at a prevalence.", "It says nothing on how its rows would come.", "Ask ev itself."
        )

    def asked(some: Tally, factor: int = 1, place: int | None = None) -> Estimate:
        return _of_more(some, factor, place, text, level, method, seed)

    now, rows = asked(tally), rows_of(tally)
    if not now.defined:
        raise InsufficientData(f"{now.name} is undefined here ({now.reason}).", "Nothing says how it would spread.")

    def narrow(factor: int, place: int | None = None) -> float:
        e = asked(tally, factor, place)
        return (e.high - e.low) / width

    factor = least_factor(narrow, MOST // max(rows, 1))
    if factor is None:
        raise InsufficientData(
            f"{now.name} is {now}, and even {MOST:,} rows would not make that {width:g} wide.",
            fix="Ask for a wider one.",
        )
    return RowsNeeded(
        now.name, now, width, None, rows, math.ceil(factor * rows - 1e-6), _by_class(tally, asked, narrow, now)
    )


def rows_to_tell(
    first: Tally, second: Tally, text: str, *, power: float = 0.8, level: float = 0.95, method: str | None = None,
    seed: int = 0,
) -> RowsNeeded:  # fmt: skip
    """Rows until two models, each evaluated on rows of its own, are told apart as often as ``power``.

    Both are taken to grow by the same factor, and to differ as much as they do here.

    Raises:
        UsageError: no power between 0 and 1.
        InsufficientData: the metric is undefined, or the two do not differ.
    """
    reach = 1 + NormalDist().inv_cdf(_power(power)) / quantile(level)

    def asked(factor: int) -> tuple[Estimate, Estimate]:
        a, b = (_of_more(x, factor, None, text, level, method, seed) for x in (first, second))
        return a, b

    a, b = asked(1)
    gap, rows = b.value - a.value, rows_of(first)
    _refuse_equal(a.name, gap)

    def unsure(factor: int) -> float:
        found = apart_alone(*asked(factor))
        return float(ratio(reach * (gap - found.low if gap > 0 else found.high - gap), abs(gap)).value)

    factor = least_factor(unsure, MOST // max(rows, 1))
    if factor is None:
        raise InsufficientData(f"{a.name} differs by {gap:.2g}: even {MOST:,} rows would not tell the two apart.")
    now = apart_alone(a, b)
    difference = Estimate(gap, now.low, now.high, level, now.method, min(a.n, b.n), name=a.name)
    return RowsNeeded(a.name, difference, None, power, rows, math.ceil(factor * rows - 1e-6))


def rows_to_tell_paired(difference: Estimate, rows: int, power: float = 0.8) -> RowsNeeded:
    """The same of two models on the same rows, from the interval of their difference: it narrows as 1 / √rows.

    Raises:
        UsageError: no power between 0 and 1.
        InsufficientData: the difference is undefined, or 0.
    """
    gap, reach = difference.value, 1 + NormalDist().inv_cdf(_power(power)) / quantile(difference.level)
    _refuse_equal(difference.name, gap)
    off = reach * (gap - difference.low if gap > 0 else difference.high - gap)
    need = math.ceil(rows * float(ratio(off, abs(gap)).value) ** 2)
    return RowsNeeded(difference.name, difference, None, power, rows, need, paired=True)


def least_factor(wide: Callable[[int], float], most: int) -> float | None:
    """The least factor on the rows at which ``wide`` falls to 1; between whole factors it falls as a power of them."""
    low, high = 1, 1
    before = here = wide(1)
    if here <= 1:
        return 1.0
    while here > 1:
        low, before, high = high, here, high * 2
        if high > most:
            return None
        here = wide(high)
    while high - low > max(1, low // 64):
        middle = (low + high) // 2
        value = wide(middle)
        if value > 1:
            low, before = middle, value
        else:
            high, here = middle, value
    falls = math.log(float(ratio(before, here).value))
    share = float(ratio(math.log(before), falls).value) if falls > 0 else 1.0
    return float(low * ratio(high, low).value ** min(share, 1.0))


def _of_more(
    tally: Any, factor: int, place: int | None, text: str, level: float, method: str | None, seed: int
) -> Estimate:
    """The estimate with every row told so many times over; of clustered rows, with so many times the units."""
    if not of_units(tally):
        return estimate(told(tally, factor, place), text, level=level, method=method, seed=seed)
    e, root = estimate(tally, text, level=level, method=method, seed=seed), math.sqrt(factor)
    low, high = (float(e.value + ratio(end - e.value, root).value) for end in (e.low, e.high))
    return replace(e, low=low, high=high)


def told(tally: Any, factor: int, place: int | None = None) -> Any:
    """Every row told so many times over; with ``place`` those of one class alone."""
    if factor == 1:
        return tally
    if isinstance(tally, Grouped):
        return Grouped({key: told(x, factor, place) for key, x in tally.items()}, tally.kind)
    if isinstance(tally, Moments):
        return replace(tally, n=tally.n * factor, sums=tally.sums * factor)
    times: Any = factor
    if place is not None:
        times = np.ones(len(tally.labels) + 2, np.int64)
        times[place] = factor
        times = times[:, None] if isinstance(tally, ConfusionMatrix) else np.append(times[_columns(tally)], (1, 1))
    parts = {name: getattr(tally, name) for name in ("full", "full_weights", "full_squares")}
    return replace(tally, **{name: _times(x, times) for name, x in parts.items() if x is not None})


def rows_of(tally: Any) -> int:
    """Rows counted; of a group those of its largest member."""
    if isinstance(tally, Grouped):
        return max((rows_of(x) for x in tally.values()), default=0)
    return int(tally.n if isinstance(tally, Moments) else tally.total)


def _times(x: Any, times: Any) -> Any:
    if isinstance(x, Sparse):
        return replace(x, values=x.values * (times if isinstance(times, int) else times[x.rows, 0]))
    return x * times


def _columns(tally: ScoreTally) -> list[int]:
    """The place of the negative and of the positive class."""
    positive = tally.labels.require_positive("rows_needed()")
    return [1 - positive, positive]


def _by_class(
    tally: Any, asked: Callable[[Any], Estimate], narrow: Callable[[int, int], float], now: Estimate
) -> dict[str, int | None]:
    """Rows more of each class alone, where the shares of the classes leave the value as it is."""
    if of_units(tally) or not isinstance(tally, ConfusionMatrix | ScoreTally) or len(tally.labels) > SINGLE:
        return {}
    labels: Labels = tally.labels
    for place in range(len(labels)):
        if not math.isclose(asked(told(tally, 3, place)).value, now.value, rel_tol=1e-9, abs_tol=1e-12):
            return {}
    found: dict[str, int | None] = {}
    for place, name in enumerate(labels.texts):
        rows = _rows_of_class(tally, place)
        far = max(MOST // max(rows, 1), 1)
        does = narrow(min(far, 2**20), place) <= 1
        factor = least_factor(lambda k, place=place: narrow(k, place), far) if does else None  # type: ignore[misc]
        found[name] = None if factor is None else math.ceil((factor - 1) * rows - 1e-6)
    return found


def _rows_of_class(tally: Any, place: int) -> int:
    if isinstance(tally, ScoreTally):
        return int(tally.positives if place == tally.labels.require_positive("rows_needed()") else tally.negatives)
    return int(tally.table(weighted=False)[place].sum()) if not isinstance(tally.full, Sparse) else int(tally.total)


def _power(power: float) -> float:
    if not 0 < power < 1:
        raise UsageError(
            f"power={power!r} is no probability.", fix="Type 0.8 to be told apart in four of five samples."
        )
    return power


def _refuse_equal(name: str, gap: float) -> None:
    if not gap or not math.isfinite(gap):
        raise InsufficientData(
            f"{name} is the same for both." if gap == 0 else f"The difference in {name} is undefined.",
            "Nothing says how far apart they are, so no number of rows is known to tell them apart.",
            'Ask for a width instead: rows_needed("recall", width=0.02).',
        )
