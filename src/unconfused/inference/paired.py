"""Two models on the same rows, decision by decision: differences, their intervals and tests, from joint counts alone.

| metric | interval | test |
|---|---|---|
| a proportion of rows that are the same for both models (accuracy, recall, specificity, …) | Newcombe's method 10 | McNemar's |
| anything else (precision, F1, MCC, averages) | percentiles of the multinomial bootstrap of the joint cells | randomisation: rows change models |

Weighted rows: Kish's effective rows; z of the discordant weights, or of the bootstrap's standard error.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import NotKept
from unconfused.inference import counts
from unconfused.inference.delta import CHUNK
from unconfused.inference.intervals import effective, wilson
from unconfused.inference.resample import draws, replicates
from unconfused.inference.significance import McNemar, mcnemar, two_sided
from unconfused.metrics.average import AVERAGES
from unconfused.metrics.catalogue import against_rest, ratio
from unconfused.metrics.language import Query
from unconfused.tally.cells import Array, Cells
from unconfused.tally.joint import Joint
from unconfused.tally.kernels import Ints, exact_total, runs

Mask: TypeAlias = NDArray[np.bool_]
Value: TypeAlias = Callable[[Cells], Array]
NEWCOMBE = "Newcombe's method 10"
MARGINS = 32
"""Seats of a table up to which resampling reads all of its cells; of larger ones the margins, where these suffice."""
SMOOTHED = ", one row spread over the cells where one model errs alone since none is there"


class Apart(NamedTuple):
    """How far the second model is from the first: the ends of the interval, the p-value, and what gave them."""

    low: float
    high: float
    p: float
    method: str
    test: str
    z: float | None = None

    def turned(self) -> Apart:
        """The same of the first against the second."""
        return self._replace(low=-self.high, high=-self.low, z=None if self.z is None else -self.z)


@dataclass(frozen=True, slots=True)
class Pair:
    """The joint counts of two models.

    Shapes: ``truth``, ``first``, ``second`` (C,) places of classes and seats; ``rows``, ``masses``, ``squares`` (C,).
    """

    truth: Ints
    first: Ints
    second: Ints
    rows: Ints
    masses: Array
    squares: Array
    k: int
    weighted: bool

    @classmethod
    def of(cls, joint: Joint, first: str, second: str) -> Pair:
        """Two of the models of a joint tally."""
        joint = joint.only(first, second)
        truth, a, b = joint.cells.T
        weighted = joint.full_weights is not None
        return cls(truth, a, b, joint.full, joint.masses, joint.squares, len(joint.labels), weighted)

    @property
    def seats(self) -> int:
        """The side of a table: the classes, and both seats where one of them is in use."""
        used = max(int(x.max(initial=0)) for x in (self.truth, self.first, self.second))
        return self.k if used < self.k else self.k + 2


# ── proportions of the same rows ──────────────────────────────────────────────────────────────
def event(query: Query, pair: Pair, place: int | None) -> tuple[Mask, Mask, Mask] | None:
    """Which cells a proportion rests on, and in which of them it counts the first and the second model's answer.

    None for a metric whose rows are not the same for both models.
    """
    of_class = query.metric.per_class or query.label is not None
    name, truth, p = query.metric.name, pair.truth, -1 if place is None else place
    everything = np.ones(len(truth), bool)
    if query.average or name not in _RESTS_ON:
        return None
    rests = {"all": everything, "class": truth == p, "others": truth != p}[_RESTS_ON[name]]

    def counts(called: Ints) -> Mask:
        if name in ("accuracy", "error_rate"):
            right: Mask = (truth == p) == (called == p) if of_class else (truth == called) & (truth < pair.k)
            return right if name == "accuracy" else ~right
        named: Mask = called == p
        return ~named if name in ("fnr", "specificity") else named

    return rests, counts(pair.first), counts(pair.second)


_RESTS_ON = {
    "accuracy": "all", "error_rate": "all", "predicted_prevalence": "all", "recall": "class", "fnr": "class",
    "specificity": "others", "fpr": "others",
}  # fmt: skip


def proportion(pair: Pair, seen: tuple[Mask, Mask, Mask], level: float, method: McNemar) -> Apart:
    """The difference of two proportions of the same rows, and McNemar's test of it."""
    rests, first, second = seen
    cells = [rests & mask for mask in (first & second, ~first & second, first & ~second, ~first & ~second)]
    both, won, lost, neither = (float(pair.masses[mask].sum()) for mask in cells)
    worth = both + won + lost + neither
    if pair.weighted:
        squares = float(pair.squares[rests].sum())
        scale = float(ratio(effective(np.asarray(worth), np.asarray(squares)), worth).value)
        both, won, lost, neither = (x * scale for x in (both, won, lost, neither))
    low, high = newcombe_10(both, won, lost, neither, level)
    kish = ", Kish's effective rows" if pair.weighted else ""
    if pair.weighted:
        differ = cells[1] | cells[2]
        moved = pair.masses[cells[1]].sum() - pair.masses[cells[2]].sum()
        z = float(np.nan_to_num(ratio(moved, np.sqrt(pair.squares[differ].sum())).value))
        return Apart(low, high, two_sided(z), NEWCOMBE + kish, "z of the discordant weights", z)
    b, c = (exact_total(pair.rows[mask]) for mask in (cells[2], cells[1]))
    return Apart(low, high, mcnemar(b, c, method), NEWCOMBE, f"McNemar {method}")


def newcombe_10(both: float, first: float, second: float, neither: float, level: float) -> tuple[float, float]:
    """The interval of p₁ - p₂ of rows where both hold, just the first, just the second, neither: square-and-add.

    Δ - √(l₁² - 2φ l₁u₂ + u₂²) to Δ + √(u₁² - 2φ u₁l₂ + l₂²), with the distances of each proportion from the ends of its
    Wilson interval, and φ the correlation, n/2 taken off its numerator where that is positive.

    Source: Newcombe 1998 (Statistics in Medicine 17, 2635), method 10.

    >>> [round(end, 3) for end in newcombe_10(1, 1, 7, 12, 0.95)]
    [-0.507, -0.026]
    """
    n = both + first + second + neither
    x1, x2 = both + first, both + second
    parts = [(ratio(x, n).value, *wilson(np.asarray(x), np.asarray(n), level)) for x in (x1, x2)]
    (l1, u1), (l2, u2) = ((float(p - low), float(high - p)) for p, low, high in parts)
    together = both * neither - first * second
    if together > 0:
        together = max(together - n / 2, 0.0)
    product = x1 * (n - x1) * x2 * (n - x2)
    phi = float(ratio(together, np.sqrt(product)).value) if product > 0 else 0.0
    middle = float(ratio(first - second, n).value)
    below = np.sqrt(max(l1**2 - 2 * phi * l1 * u2 + u2**2, 0.0))
    above = np.sqrt(max(u1**2 - 2 * phi * u1 * l2 + l2**2, 0.0))
    return max(middle - float(below), -1.0), min(middle + float(above), 1.0)


# ── any other metric ──────────────────────────────────────────────────────────────────────────
def value_by(query: Query, c: Cells, place: int | None) -> Value:
    """A question as a function of whole tables.    Shape: (..., S, S) → (...)."""
    metric, args = query.metric, query.args
    if query.average == "worst":
        return AVERAGES["worst"](metric, *args)
    if query.average:
        return counts.of_average(query, c).value
    if place is None:
        return counts.of_table(metric, *args).value
    of_class = counts.of_class(metric, *args)
    return lambda tables: of_class.value(against_rest(tables, place))


def resampled(pair: Pair, values: Sequence[Value], level: float, seed: int) -> list[Apart]:
    """The bootstrap interval and the randomisation test of each question, from the same draws.

    Drawing n rows again is one multinomial draw over the joint cells. Of two models that are as good as each other
    each row might as well have been the other's: of c rows in cell (truth, a, b) Bin(c, ½) go to (truth, b, a), and p
    is (1 + how often that sets the models as far apart) / (1 + replicates).

    Source: Efron 1979; Noreen 1989; Yeh 2000.
    """
    tables = _Tables.of(pair, values)
    found, repeats = _drawn(pair, tables, values, seed), tables.replicates(pair)
    ends = [_middle(x, level) for x in found]
    words = [f"bootstrap of the joint counts, {repeats} replicates, seed {seed}"] * len(values)
    if flat := [i for i, (low, high) in enumerate(ends) if not high - low > 1e-12]:
        again = _drawn(_smoothed(pair), tables, [values[i] for i in flat], seed)
        for i, x in zip(flat, again, strict=True):
            ends[i], words[i] = _middle(x, level), words[i] + SMOOTHED
    first, second = (tables.read(pair.masses[None], pair.truth, called) for called in (pair.first, pair.second))
    apart = [float(value(second)[0] - value(first)[0]) for value in values]
    if pair.weighted:
        errors = [float(np.std(x[np.isfinite(x)], ddof=1)) for x in found]
        ps = [two_sided(x / error) if error > 1e-12 else 1.0 for x, error in zip(apart, errors, strict=True)]
        test = "z of the bootstrap's standard error"
    else:
        ps = _randomised(pair, tables, values, apart, seed)
        test = f"randomisation, {repeats} replicates, seed {seed}"
    return [Apart(low, high, p, word, test) for (low, high), p, word in zip(ends, ps, words, strict=True)]


@dataclass(frozen=True, slots=True)
class _Tables:
    """How joint cells become the cells of one model: whole tables, or of many classes their margins, if those do."""

    seats: int
    k: int
    whole: bool

    @classmethod
    def of(cls, pair: Pair, values: Sequence[Value]) -> _Tables:
        """Margins where there are many classes and no question reads the cells between."""
        margins = cls(pair.seats, pair.k, False)
        try:
            for value in values if pair.seats > MARGINS else ():
                value(margins.read(pair.masses[None], pair.truth, pair.first))
        except NotKept:
            return cls(pair.seats, pair.k, True)
        return cls(pair.seats, pair.k, pair.seats <= MARGINS)

    @property
    def size(self) -> int:
        """Numbers of one table."""
        return self.seats**2 if self.whole else 3 * self.seats

    def replicates(self, pair: Pair) -> int:
        """How many times the joint cells are drawn, and a table read."""
        return replicates(8 * max(self.size, len(pair.masses)))

    def read(self, cells: Array, truth: Ints, called: Ints) -> Cells:
        """The cells of a model that called ``truth`` (C,) ``called`` (C,).    Shape: (R, C) → (R, …)."""
        if self.whole:
            table = _gathered(cells, truth * self.seats + called, self.seats**2)
            return Cells.of_table(table.reshape(-1, self.seats, self.seats), self.k)
        right = truth == called
        diagonal = _gathered(cells[:, right], truth[right], self.seats)
        rows, columns = (_gathered(cells, x, self.seats) for x in (truth, called))
        return Cells(diagonal, rows, columns, rows.sum(-1, keepdims=True), self.k)


def _drawn(pair: Pair, tables: _Tables, values: Sequence[Value], seed: int) -> list[Array]:
    """The difference of each question in every bootstrap replicate."""
    width, found = max(tables.size, len(pair.masses)), []
    for cells in draws(pair.masses, pair.squares, pair.weighted, tables.replicates(pair), seed, width):
        first, second = (tables.read(cells, pair.truth, called) for called in (pair.first, pair.second))
        found.append([value(second) - value(first) for value in values])
    return [np.concatenate(parts) for parts in zip(*found, strict=True)]


def _middle(values: Array, level: float) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _smoothed(pair: Pair) -> Pair:
    """The pair with one row more, spread over cells where one of the models is right and the other is not."""
    used = np.unique(pair.truth[pair.truth < pair.k])
    calls = np.unique(np.concatenate([used, pair.first, pair.second]))
    calls = calls if len(calls) > 1 else np.unique(np.append(calls, (calls + 1) % max(pair.k, 2)))
    other = calls[(np.searchsorted(calls, used) + 1) % len(calls)]
    truth, a, b = (np.concatenate(x) for x in ((used, used), (used, other), (other, used)))
    share = np.full(len(truth), 1 / max(len(truth), 1))
    unit = ratio(pair.squares.sum(), pair.masses.sum()).value if pair.weighted else np.float64(1)
    return Pair(
        np.concatenate([pair.truth, truth]), np.concatenate([pair.first, a]), np.concatenate([pair.second, b]),
        np.concatenate([pair.rows, np.zeros(len(truth), np.int64)]),
        np.concatenate([pair.masses, share * unit]), np.concatenate([pair.squares, share * unit**2]),
        pair.k, pair.weighted,
    )  # fmt: skip


def _randomised(pair: Pair, tables: _Tables, values: Sequence[Value], apart: list[float], seed: int) -> list[float]:
    differ, repeats = np.flatnonzero(pair.first != pair.second), tables.replicates(pair)
    generator, beyond = np.random.default_rng(seed), np.zeros(len(values))
    truth = np.concatenate([pair.truth, pair.truth[differ]])
    first, second = (
        np.concatenate([mine, other[differ]]) for mine, other in ((pair.first, pair.second), (pair.second, pair.first))
    )
    step = max(1, CHUNK // max(tables.size, len(truth)))
    for start in range(0, repeats if len(differ) else 0, step):
        swapped = generator.binomial(pair.rows[differ], 0.5, (min(step, repeats - start), len(differ)))
        stayed = np.repeat(pair.masses[None], len(swapped), 0)
        stayed[:, differ] -= swapped
        cells = np.concatenate([stayed, swapped], 1)
        sides = [tables.read(cells, truth, called) for called in (first, second)]
        for i, value in enumerate(values):
            there = np.abs(value(sides[1]) - value(sides[0]))
            beyond[i] += np.sum(~(there < abs(apart[i]) - 1e-12))  # an undefined one counts against the difference
    return [float(x) for x in ratio(beyond + 1, repeats + 1).value] if len(differ) else [1.0] * len(values)


def _gathered(cells: Array, codes: Ints, size: int) -> Array:
    """Cells added up where their codes say.    Shape: (R, C) → (R, size)."""
    order = np.argsort(codes, kind="stable")
    starts = runs(codes[order])
    out = np.zeros((len(cells), size))
    if len(starts):
        out[:, codes[order][starts]] = np.add.reduceat(cells[:, order], starts, axis=1)
    return out


def pairs_of(models: Sequence[str], pairs: str) -> Iterator[tuple[str, str]]:
    """Every model against the first, or all pairs."""
    for i, first in enumerate(models[: len(models) if pairs == "all" else 1]):
        yield from ((first, second) for second in models[i + 1 :])
