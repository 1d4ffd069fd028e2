"""Colours of cells, in pictures and pages alike, and ink that can be read on them."""

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
GREY: RGB = (0.35, 0.35, 0.35)
"""The ink of a count of nothing."""


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


def written(ground: RGB, *, faint: bool) -> str:
    """The colour of text on a ``ground``: grey for what is ``faint``, where grey can be read on it.

    >>> written((1, 1, 1), faint=True), written((1, 1, 1), faint=False)
    ('#595959', 'black')
    """
    return css(GREY) if faint and contrast(ground, GREY) >= 4.5 else ink(ground)
