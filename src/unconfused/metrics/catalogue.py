"""One catalogue: every metric is declared once, and everything else reads the declaration.

A metric is a function of a tally's sums that broadcasts over leading axes. What it returns says how sure one can be:

- ``Ratio``: rows out of rows. Of ``kind="proportion"`` its rows are independent draws, and the interval is Wilson's.
- ``Blend``: a function of one or two independent proportions, rising in each, or of the mean of any number; the
  interval is square-and-add, of more than two no narrower than that of the rows which their mean is worth.
- an array: anything else; the interval is the delta method's.
"""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias, get_args, get_type_hints

import numpy as np
from numpy.typing import ArrayLike

from unconfused.errors import UnknownMetric, UsageError
from unconfused.tally.cells import Array, Cells, divided

Argument: TypeAlias = float | str
Better: TypeAlias = Literal["higher", "lower"] | None
Kind: TypeAlias = Literal["proportion", "combination", "index", "ratio", "count", "area", "loss", "calibration"]
Source: TypeAlias = Literal["counts", "scores", "moments", "ranks"]

UNIT, SIGNED, POSITIVE = (0.0, 1.0), (-1.0, 1.0), (0.0, math.inf)
"""The ranges that most metrics have."""
NO_ROW = "no row was counted, or the rows weigh nothing"


class Ratio(NamedTuple):
    """A numerator and the rows it rests on."""

    num: Array
    den: Array

    @property
    def value(self) -> Array:
        """The quotient: NaN where ``den`` is 0."""
        return divided(self.num, self.den)

    def at(self, index: int) -> Ratio:
        """One class of the last axis."""
        num, den = np.broadcast_arrays(self.num, self.den)
        return Ratio(num[..., index], den[..., index])


class Blend(NamedTuple):
    """Independent proportions on the last axis, and a function that rises in each.    Shape: (..., m) → (...).

    Of more than two parts it is a function of their mean. ``whole`` is the same number as one quotient, where rounding
    only once gives it exactly. Of a ``product`` the logarithms add up.
    """

    parts: Ratio
    combine: Callable[[Array], Array]
    whole: Ratio | None = None
    product: bool = False

    @classmethod
    def of(
        cls,
        *parts: Ratio,
        combine: Callable[[Array], Array],
        whole: Ratio | None = None,
        product: bool = False,
    ) -> Blend:
        """Several ratios of one shape, stacked on a new last axis."""
        stacked = Ratio(np.stack([p.num for p in parts], -1), np.stack([p.den for p in parts], -1))
        return cls(stacked, combine, whole, product)

    @property
    def value(self) -> Array:
        """The function of the proportions; NaN where it needs one that is undefined."""
        return self.combine(self.parts.value) if self.whole is None else self.whole.value

    def at(self, index: int) -> Blend:
        """One class of the axis before the parts."""
        parts = Ratio(self.parts.num[..., index, :], self.parts.den[..., index, :])
        return Blend(parts, self.combine, self.whole and self.whole.at(index), self.product)


Form: TypeAlias = Ratio | Blend | Array
Chance: TypeAlias = Callable[[Cells], tuple[Array, Array]]


def ratio(num: ArrayLike, den: ArrayLike) -> Ratio:
    """A numerator over a denominator, not yet divided.

    >>> ratio([3, 0], [4, 0]).value
    array([0.75,  nan])
    """
    return Ratio(np.asarray(num, np.float64), np.asarray(den, np.float64))


def within(values: Array, range: tuple[float, float]) -> Array:
    """Values that rounding may have put a little outside of their range, in it; NaN stays."""
    return np.asarray(np.minimum(np.maximum(values, range[0]), range[1]))


def value_of(form: Form) -> Array:
    """The number that a form stands for."""
    return form.value if isinstance(form, Ratio | Blend) else form


def mean_of_defined(values: Array) -> Array:
    """The plain mean of what is not NaN; NaN where nothing is left.    Shape: (..., m) → (...)."""
    lost = np.isnan(values)
    if values.size and not lost.any():
        return np.asarray(values.sum(-1) / values.shape[-1])
    return ratio(np.where(lost, 0, values).sum(-1), (~lost).sum(-1)).value


def against_rest(c: Cells, place: int | None = None) -> Cells:
    """Each class against the rest, or the one at ``place``; it stands last.    Shape: (..., k) → (..., k, 2, 2) tables.

    A sum of weights that rounding left a little below 0 is 0.
    """
    cells = (np.maximum(x, 0) for x in (c.tn, c.fp, c.fn, c.tp))
    return Cells.of_binary(*(x if place is None else x[..., place] for x in cells))


@dataclass(frozen=True, slots=True)
class Parameter:
    """What may stand in the parentheses: a number, a whole number or one of a few words."""

    name: str
    words: tuple[str, ...] = ()
    whole: bool = False
    default: Argument | None = None

    def read(self, text: str) -> Argument:
        """The argument that ``text`` spells, or UsageError."""
        if self.words:
            if text in self.words:
                return text
            raise UsageError(f"{self.name} is one of {', '.join(self.words)}, not {text!r}.")
        try:
            number = float(text)
        except ValueError:
            raise UsageError(f"{self.name} is a number, not {text!r}.") from None
        if not np.isfinite(number) or (self.whole and not number.is_integer()):
            raise UsageError(f"{self.name} is a {'whole' if self.whole else 'finite'} number, not {text!r}.")
        return int(number) if number.is_integer() else number


@dataclass(frozen=True, eq=False)
class Metric:
    """A question that a tally answers, with all that is known of it.

    Attributes:
        name: what ``estimate`` answers to.
        function: sums → ``Ratio``, ``Blend`` or array.
        range: the smallest and largest value it can take.
        better: "higher", "lower", or None where neither is.
        kind: what sort of number it is; with the form it chooses the interval.
        undefined: why it can be undefined, in words that end the sentence "undefined (…)"; "" where it cannot.
        also: other names, which parse too.
        see: where it comes from.
        of: "counts", "scores", "moments" or "ranks".
        per_class: one number per class, (..., k); else one number whatever K.
        parameters: what may stand in its parentheses.
        slopes: ``Cells`` → derivative by the count in each cell, (..., S, S). Only what reads every cell of a table
            needs to say it; of anything else the margins tell.
        chance: ``Cells`` → factor, degrees of freedom: of n rows in which truth and prediction are independent the
            metric is about factor · χ² / n. Of what is 0 then and cannot be less.    Shape: twice (...).
    """

    name: str
    function: Callable[..., Form]
    range: tuple[float, float]
    better: Better
    kind: Kind
    undefined: str
    also: tuple[str, ...]
    see: str
    of: Source
    per_class: bool
    parameters: tuple[Parameter, ...]
    slopes: Callable[..., Array] | None = None
    chance: Chance | None = None

    @property
    def formula(self) -> str:
        """The first line of the docstring: formula, then words."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0].partition("    Shape:")[0]

    def form(self, subject: Any, *args: Argument) -> Form:
        """What the function returns, not yet divided."""
        return self.function(subject, *args)

    def __call__(self, subject: Any, *args: Argument) -> Array:
        """The value, as float64, in its range: of ``Cells`` for counts, ``Masses`` for scores, ``Places`` for ranks."""
        return within(value_of(self.form(subject, *args)), self.range)

    def by_class(self, c: Cells, *args: Argument) -> Array:
        """One value per class; an overall metric reads each class's one-vs-rest 2x2.    Shape: (..., k)."""
        return self(c, *args) if self.per_class else self(against_rest(c), *args)


CATALOGUE: dict[str, Metric] = {}
"""Every metric by its name, in the order of declaration."""

_NAMES: dict[str, str] = {}


def metric(
    *,
    range: tuple[float, float],
    better: Better,
    kind: Kind,
    undefined: str,
    also: tuple[str, ...] = (),
    see: str = "",
    of: Source = "counts",
    per_class: bool = True,
    slopes: Callable[..., Array] | None = None,
    chance: Chance | None = None,
) -> Callable[[Callable[..., Form]], Metric]:
    """Declare a metric: the function's name becomes its name, its further parameters what stands in parentheses."""

    def declare(function: Callable[..., Form]) -> Metric:
        name = function.__name__
        parameters = _parameters(function)
        declared = Metric(
            name, function, range, better, kind, undefined, also, see, of, per_class, parameters, slopes, chance
        )
        for spelling in (name, *also):
            if _NAMES.setdefault(_plain(spelling), name) != name:
                raise ValueError(f"{spelling!r} already names {_NAMES[_plain(spelling)]}")
        CATALOGUE[name] = declared
        return declared

    return declare


_ELSEWHERE = {"macro": "macro", "micro": "micro", "weighted": "weighted", "ovo": "ovo", "ovr": "macro"}
"""Averages as they stand in names elsewhere, and as they are asked for here."""


def find(name: str) -> Metric:
    """The metric of that name, or UnknownMetric with the nearest. Case, spaces, hyphens and underscores do not matter.

    >>> find("Positive Predictive Value").name
    'precision'
    """
    try:
        return CATALOGUE[_NAMES[_plain(name)]]
    except KeyError:
        near = difflib.get_close_matches(_plain(name), _NAMES, n=1, cutoff=0.5)
        meant = _averaged(_plain(name)) or (_NAMES[near[0]] if near else None)
        fix = f"Did you mean {meant!r}?" if meant else f"There are: {', '.join(CATALOGUE)}."
        raise UnknownMetric(f"There is no metric {name!r}.", fix=fix) from None


def _averaged(plain: str) -> str | None:
    """What a name with its average in it, such as scikit-learn's ``f1_macro``, is called here."""
    first, _, rest = plain.partition("_")
    start, _, last = plain.rpartition("_")
    for average, stem in ((last, start), (first, rest)):
        if average in _ELSEWHERE and stem in _NAMES:
            return f"{_NAMES[stem]}@{_ELSEWHERE[average]}"
    return None


def _plain(name: str) -> str:
    return "_".join(name.lower().replace("-", " ").replace("_", " ").split())


def _parameters(function: Callable[..., Form]) -> tuple[Parameter, ...]:
    hints = get_type_hints(function)
    _, *rest = inspect.signature(function).parameters.values()
    return tuple(
        Parameter(p.name, get_args(hints[p.name]), hints[p.name] is int, None if p.default is p.empty else p.default)
        for p in rest
    )
