"""What stands in one cell of a picture or page: a number, a share, a colour and ink that can be read on it."""

from __future__ import annotations

import math
from typing import TypeAlias

RGB: TypeAlias = tuple[float, float, float]

RAMP: tuple[RGB, ...] = (
    (0.969, 0.984, 1.0),
    (0.871, 0.922, 0.969),
    (0.776, 0.859, 0.937),
    (0.620, 0.792, 0.882),
    (0.420, 0.682, 0.839),
    (0.259, 0.573, 0.776),
    (0.129, 0.443, 0.710),
    (0.031, 0.318, 0.612),
    (0.031, 0.188, 0.420),
)
"""One hue from light to dark: the order survives every kind of colour blindness, and grey printing."""
EMPTY: RGB = (0.90, 0.90, 0.90)
"""The colour of a share of nothing."""


def number(value: float) -> str:
    """A count or a sum of weights, with thousands separators and never an exponent.

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


def percent(share: float) -> str:
    """A share as a percentage that says 0 % and 100 % only where that is exact; "–" for a share of nothing.

    >>> percent(0.8941), percent(1), percent(0.99999), percent(float("nan"))
    ('89.4 %', '100 %', '>99.9 %', '–')
    """
    if math.isnan(share):
        return "–"
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    if share < 0.001:
        return "<0.1 %"
    return ">99.9 %" if share > 0.999 else f"{100 * share:.1f} %"


def cut(text: str, most: int) -> str:
    """The start and the end of a text, ``most`` characters together: names often differ only in their last ones.

    >>> cut("abcdefghij", 5)
    'ab…ij'
    """
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail].rstrip()}…{text[len(text) - tail :].lstrip()}"


def ramp(share: float) -> RGB:
    """The colour of a share in [0, 1]; grey for NaN."""
    if math.isnan(share):
        return EMPTY
    place = min(max(share, 0.0), 1.0) * (len(RAMP) - 1)
    low = min(int(place), len(RAMP) - 2)
    part = place - low
    red, green, blue = (a + (b - a) * part for a, b in zip(RAMP[low], RAMP[low + 1], strict=True))
    return red, green, blue


def css(colour: RGB) -> str:
    """A colour as ``#rrggbb``.

    >>> css((1.0, 0.5, 0.0))
    '#ff8000'
    """
    return "#" + "".join(f"{round(255 * x):02x}" for x in colour)


def luminance(colour: RGB) -> float:
    """Relative luminance of an sRGB colour (WCAG 2.2)."""
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: RGB, b: RGB) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2); small text wants 4.5."""
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def ink(colour: RGB) -> str:
    """Black or white, whichever reads better; one of them always reaches 4.58.

    >>> ink((1, 1, 1)), ink((0.03, 0.19, 0.42))
    ('black', 'white')
    """
    return "black" if contrast(colour, (0, 0, 0)) >= contrast(colour, (1, 1, 1)) else "white"
