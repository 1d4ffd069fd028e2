"""How numbers are written: counts, sums of weights, percentages; and lists of words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDING = 2.0**-44
"""Sums of weights are whole numbers when they differ from these by less than this share of the largest."""


def amounts(values: NDArray[Any]) -> list[str]:
    """Counts with separators; sums of weights with as many decimals as their size asks for.

    >>> amounts(np.array([1234, 5])), amounts(np.array([12.25, 0.001, 0.0]))
    (['1,234', '5'], ['12.25', '<0.01', '0.00'])
    """
    if values.dtype.kind in "iu":
        return [f"{value:,d}" for value in values.ravel().tolist()]
    return [_sum(value, decimals_of(values)) for value in values.ravel().tolist()]


def with_totals(table: NDArray[Any]) -> list[list[str]]:
    """The cells of a matrix as text, with a total at the end of each row, and a last row of totals.

    >>> with_totals(np.array([[76, 9], [17, 48]]))
    [['76', '9', '85'], ['17', '48', '65'], ['93', '57', '150']]
    """
    texts = amounts(np.block([[table, table.sum(1, keepdims=True)], [table.sum(0), table.sum()]]))
    width = len(table) + 1
    return [texts[i : i + width] for i in range(0, len(texts), width)]


def decimals_of(values: NDArray[Any]) -> int:
    """Decimals that show the largest value to four digits at least: 0 where all are whole, -1 for powers of ten."""
    largest = float(np.max(values, initial=0.0))
    if largest and not 1e-4 <= largest < 1e15:
        return -1
    if (np.abs(values - np.rint(values)) <= ROUNDING * largest).all():
        return 0
    return int(np.clip(3 - np.floor(np.log10(largest)), 1, 8))


def _sum(value: float, decimals: int) -> str:
    if decimals < 0:
        return f"{value:.3g}"
    least = 10.0**-decimals
    return f"<{least:.{decimals}f}" if 0 < value < least / 2 else f"{value:,.{decimals}f}"


def number(value: float) -> str:
    """One count or sum of weights in a small cell, with thousands separators and never an exponent.

    >>> number(1234567), number(0.25), number(150.0)
    ('1,234,567', '0.25', '150')
    """
    if math.isnan(value):
        return "–"
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    decimals = 2 if abs(value) < 1000 else 1 if abs(value) < 100_000 else 0
    if abs(value) < 0.01:
        return "<0.01" if value > 0 else ">-0.01"
    return f"{value:,.{decimals}f}"


UNITS = {"k": (1e3, "thousand"), "M": (1e6, "million"), "G": (1e9, "billion"), "T": (1e12, "trillion")}


def short_number(value: float) -> str:
    """A large count to three digits or so, with the sign of its unit; smaller ones as `number` writes them.

    >>> short_number(99_999), short_number(1_234_567), short_number(10**15)
    ('99,999', '1.23 M', '1,000 T')
    """
    if math.isnan(value) or abs(value) < 100_000:
        return number(value)
    sign, size = next((sign, size) for sign, (size, _) in reversed(UNITS.items()) if abs(value) >= size)
    shown = value / size
    return f"{shown:,.{2 if abs(shown) < 10 else 1 if abs(shown) < 100 else 0}f} {sign}"


def percent(share: float) -> str:
    """A share as a percentage, never rounded to 0 or 100 when it is neither.

    >>> percent(0.8267), percent(0.99996), percent(1.0)
    ('82.7 %', '99.996 %', '100 %')
    """
    if share in (0, 1) or not np.isfinite(share):
        return "undefined" if np.isnan(share) else f"{share:.0%}".replace("%", " %")
    texts = (f"{100 * share:.{decimals}f}" for decimals in range(1, 12))
    return next((text for text in texts if float(text) not in (0, 100)), repr(float(100 * share))) + " %"


def short_percent(share: float) -> str:
    """A share in a small cell: 0 % and 100 % only where that is exact; "–" for a share of nothing.

    >>> [short_percent(x) for x in (0.8941, 1, 0.99999, float("nan"))]
    ['89.4 %', '100 %', '>99.9 %', '–']
    """
    if math.isnan(share):
        return "–"
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    if share < 0.001:
        return "<0.1 %"
    return ">99.9 %" if share > 0.999 else f"{100 * share:.1f} %"


def listing(words: Sequence[str], most: int = 6) -> str:
    """``a, b and c``; of many the first few.

    >>> listing(["a", "b", "c"])
    'a, b and c'
    """
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def p_value(p: float) -> str:
    """A p-value to three decimals, never 0.

    >>> [p_value(x) for x in (0.0391, 1e-9, 0.9999, 1.0, float("nan"))]
    ['0.039', '<0.001', '>0.999', '1', '–']
    """
    if math.isnan(p):
        return "–"
    if p < 0.001:
        return "<0.001"
    return "1" if p == 1 else ">0.999" if p > 0.999 else f"{p:.3f}"


def equals(p: float) -> str:
    """A p-value behind its letter: "= 0.039", "< 0.001"."""
    text = p_value(p)
    return f"{text[0]} {text[1:]}" if text[0] in "<>" else f"= {text}"
