"""A column of labels as integer codes, and what such a column must not hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import LabelTypeMismatch, ScoresAsLabels
from unconfused.ingest.columns import Column
from unconfused.ingest.refusals import missing_labels
from unconfused.labels import Label, Labels, ordered, plain, plural, same_kind

_SMALL_RANGE = 1 << 16
_TIMES = (date, time, timedelta)


@dataclass(frozen=True, slots=True)
class Factor:
    """Labels as codes.

    Attributes:
        name: the argument, for messages.
        codes: int64 (n,), a place in ``values``; -1 where the label is missing.
        values: the distinct labels that occur.
        order: the categories of a categorical, in its order, whether they occur or not.
        ordered: that order was declared.
    """

    name: str
    codes: NDArray[np.int64]
    values: tuple[Label, ...]
    order: tuple[Label, ...] | None = None
    ordered: bool = False

    def keep(self, mask: NDArray[np.bool_]) -> Factor:
        """Only the rows where ``mask`` is true, with the values that still occur."""
        codes = self.codes[mask]
        present = np.bincount(codes + 1, minlength=len(self.values) + 1)[1:] > 0
        renumber = np.append(np.cumsum(present) - 1, -1)
        values = tuple(v for v, here in zip(self.values, present, strict=True) if here)
        return Factor(self.name, renumber[codes], values, self.order, self.ordered)

    def where(self, wanted: set[Label]) -> NDArray[np.bool_]:
        """True at rows whose label is one of ``wanted``."""
        hit = np.array([*(value in wanted for value in self.values), False])
        return hit[self.codes]

    def coded(self, labels: Labels) -> NDArray[np.int64]:
        """Places in ``labels``: K for a label outside them (``other``), K + 1 for a missing one.    Shape: (n,)."""
        k = len(labels)
        place = {value: i for i, value in enumerate(labels.values)}
        place.update({name: i for i, name in enumerate(labels.names) if name not in place})
        return np.array([*(place.get(value, k) for value in self.values), k + 1], np.int64)[self.codes]

    def count(self, value: Label) -> int:
        """Rows with that label."""
        return int((self.codes == self.values.index(value)).sum()) if value in self.values else 0


def factor(column: Column, *, invalid: str) -> Factor:
    """Code the labels of a one-dimensional column.

    Raises:
        ScoresAsLabels: fractional values.
        InvalidValues: null, NaN or infinite labels, unless ``invalid="count"``.
        LabelTypeMismatch: text and numbers in one column, or values that can name no class.
    """
    if column.categories is not None:
        codes, values = _of_categories(column)
    elif column.values.dtype.kind == "b":
        codes, values = _of_integers(column.values.view(np.uint8))
        values = tuple(bool(x) for x in values)
    elif column.values.dtype.kind in "iu":
        codes, values = _of_integers(column.values)
    elif column.values.dtype.kind == "f":
        column, (codes, values) = _of_floats(column)
    elif column.values.dtype.kind in "UST":
        distinct, codes = np.unique(column.values, return_inverse=True)
        values = tuple(plain(x) for x in distinct.tolist())
    elif column.values.dtype.kind == "O":
        codes, values = _of_objects(column)
    else:
        if column.values.dtype.kind in "mM":
            gone = np.isnat(column.values) | (False if column.missing is None else column.missing)
            known = column.values[~gone].astype(f"{column.values.dtype.kind}8[us]").tolist()
            if known:
                _refuse_kind(column.name, known[0])
        raise LabelTypeMismatch(
            f"{column.name} is of type {column.values.dtype}.",
            "Classes are whole numbers, text or booleans.",
            "Convert the column, for example with .astype(str).",
        )
    codes = codes.astype(np.int64, copy=False)
    if column.missing is not None and column.missing.any():
        codes = np.where(column.missing, -1, codes)
    gone = codes < 0
    if gone.any() and invalid != "count":
        raise missing_labels(column.name, gone.sum(), len(codes), positions(gone))
    made = Factor(column.name, codes, values, None if column.stored else _order(column), column.ordered)
    return made.keep(np.ones(len(codes), bool)) if gone.any() or column.categories is not None else made


def _order(column: Column) -> tuple[Label, ...] | None:
    return None if column.categories is None else tuple(plain(x) for x in column.categories)


def _of_categories(column: Column) -> tuple[NDArray[Any], tuple[Label, ...]]:
    values = _order(column) or ()
    same_kind(values, f"The categories of {column.name}")
    return column.values, values


def _of_integers(x: NDArray[Any]) -> tuple[NDArray[Any], tuple[Label, ...]]:
    low, high = (int(x.min()), int(x.max())) if len(x) else (0, 0)
    if high - low >= _SMALL_RANGE:
        distinct, codes = np.unique(x, return_inverse=True)
        return codes, tuple(distinct.tolist())
    shifted = np.subtract(x, x.dtype.type(low), dtype=x.dtype) if low else x
    wide = shifted.astype(np.int64, copy=False)
    if x.dtype.kind == "i" and high - low > np.iinfo(x.dtype).max:  # the shift would have wrapped
        wide = x.astype(np.int64) - low
    seen = np.bincount(wide, minlength=high - low + 1) > 0
    if seen.all():
        return wide, tuple(range(low, high + 1))
    renumber = np.cumsum(seen) - 1
    return renumber[wide], tuple((np.flatnonzero(seen) + low).tolist())


def _of_floats(column: Column) -> tuple[Column, tuple[NDArray[Any], tuple[Label, ...]]]:
    refuse_fractions(column)
    x = column.values
    finite = np.isfinite(x)
    whole = x[finite]
    if len(whole) and float(np.abs(whole).max()) > 2.0**53:
        raise LabelTypeMismatch(
            f"{column.name} holds labels beyond 2**53 as floating-point numbers.",
            "Neighbouring class ids are no longer distinct there.",
            "Load the column as integers or text.",
        )
    codes = np.full(len(x), -1, np.int64)
    codes[finite], values = _of_integers(whole.astype(np.int64))
    return column, (codes, values)


def refuse_fractions(column: Column) -> None:
    """Refuse fractional values: they are scores, whatever the shape."""
    x = column.values.ravel()
    if x.dtype.kind != "f":
        return
    fraction = np.isfinite(x) & (x != np.floor(x))
    if fraction.any():
        _refuse_scores(column.name, int(fraction.sum()), len(x), np.unique(x[np.isfinite(x)]))


def _refuse_scores(name: str, fractions: int, n: int, distinct: NDArray[Any]) -> NoReturn:
    raise ScoresAsLabels(
        f"{name} holds {plural(fractions, 'fractional value')} (of {n:,}; min {distinct.min():.3g}, "
        f"max {distinct.max():.3g}, {len(distinct):,} distinct): these are scores, not classes.",
        "They were not rounded for you: 0.5 is a decision, not a default.",
        _score_hint(name),
    )


def _score_hint(name: str) -> str:
    if name == "y_true":
        return "Check that y_true and y_pred are not exchanged: y_true= takes the true classes."
    return "Pass them as y_score=, and name the rule: threshold=0.5 for two classes, nothing (argmax) for more."


def _of_text(values: list[Any]) -> tuple[NDArray[Any], tuple[Label, ...]] | None:
    """Text and None alone, without a look at each row; None where there is anything else."""
    try:
        distinct = set(values)
    except TypeError:  # what cannot be hashed
        return None
    if not all(type(x) is str or x is None for x in distinct):
        return None
    found = ordered(x for x in distinct if x is not None)
    places = {None: -1} | {x: i for i, x in enumerate(found)}
    return np.fromiter(map(places.__getitem__, values), np.int64, len(values)), tuple(found)


def _of_objects(column: Column) -> tuple[NDArray[Any], tuple[Label, ...]]:
    if (text := _of_text(column.values.tolist())) is not None:
        return text
    places: dict[Any, int] = {}
    kinds: dict[Any, Label] = {}
    codes = np.empty(len(column), np.int64)
    fractional: Counter[float] = Counter()
    single: set[type] = set()
    for i, x in enumerate(column.values.tolist()):
        if type(x) not in single:
            if _many(x):
                _refuse_kind(column.name, x)
            single.add(type(x))
        if (column.missing is not None and column.missing[i]) or is_null(x):
            codes[i] = -1
            continue
        if isinstance(x, Decimal):
            x = plain(x) if x.is_finite() and x == int(x) else float(x)
        elif isinstance(x, bytearray):
            x = bytes(x)
        if isinstance(x, float) and not x.is_integer():
            if abs(x) == float("inf"):
                codes[i] = -1
            else:
                fractional[x] += 1
            continue
        key = (type(x), x)
        if key not in places:
            if isinstance(x, _TIMES):
                _refuse_kind(column.name, x)
            kinds[key] = plain(x)
            places[key] = len(places)
        codes[i] = places[key]
    if fractional:
        _refuse_scores(column.name, fractional.total(), len(column), np.array(sorted(fractional)))
    found = list(kinds.values())
    same_kind(found, column.name)
    values = ordered(found)
    renumber = np.array([*(values.index(x) for x in found), -1], np.int64)
    return renumber[codes], tuple(values)


def _many(x: Any) -> bool:
    """Whether this holds several values: a list, a record, an array."""
    return hasattr(x, "__len__") and not isinstance(x, (str, bytes, bytearray)) and getattr(x, "ndim", 1) > 0


def _refuse_kind(name: str, x: Any) -> NoReturn:
    """Refuse what has no name that files, tables and pages have alike."""
    what = "lists or records" if _many(x) else "durations" if isinstance(x, timedelta) else "dates or times"
    raise LabelTypeMismatch(
        f"{name} holds {what}, such as {x!s:.40}.",
        "Classes and slices are called by whole numbers, text or truth values.",
        'Make text of it, as coarse as wanted: frame["day"].dt.strftime("%Y-%m") gives months.'
        if isinstance(x, date | time)
        else "Take one number or one text out of each.",
    )


def is_null(x: Any) -> bool:
    """None, NaN, or the NA of a library; which is equal to nothing, itself included."""
    return x is None or type(x).__name__ in ("NAType", "NaTType") or bool(x != x)


def positions(mask: NDArray[np.bool_]) -> str:
    """Where a mask is true, for a message: one block, or the first few places.

    >>> positions(np.array([False, True, True, False]))
    'in rows 1-2'
    """
    places = np.flatnonzero(mask)
    if len(places) == 1:
        return f"in row {places[0]:,}"
    if places[-1] - places[0] + 1 == len(places):
        tail = ", the last ones" if places[-1] == len(mask) - 1 and len(places) < len(mask) else ""
        return f"in rows {places[0]:,}-{places[-1]:,}{tail}"
    return f"first in rows {', '.join(f'{p:,}' for p in places[:3])}"
