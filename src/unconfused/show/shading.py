"""Small bars and colours for a terminal that has them: the same letters in the same places, shaded by rich.

While `shaded` makes a text, tables and rates put marks round what has a shade. No name can hold such a mark, because
what cannot be seen is written as an escape. `rich_text` turns them into styles.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeAlias

from unconfused.errors import UnconfusedError, require
from unconfused.inference import Estimate
from unconfused.metrics.language import parse
from unconfused.show.colour import RGB, css, ink, ramp

Shade: TypeAlias = Callable[[str], str]
"""From a cell, padded to its width, to the same with its marks."""

_ON: ContextVar[bool] = ContextVar("shading", default=False)
_MARKED = re.compile("\x0e([^\x0f]*)\x0f([^\x0e]*)\x0e")
LEAST = 0.05
"""Shares below it have no ground."""
GREY, BLUE = (0.43, 0.45, 0.48), (0.03, 0.35, 0.75)
"""Grounds from small shares to all: about as dark, so that they stand out from black and from white alike."""
INKS = {"black": "#000000", "white": "#ffffff"}
"""Not those of the terminal, which may be greys."""


def _on(ground: RGB) -> str:
    return f"{INKS[ink(ground)]} on {css(ground)}"


SURE, UNSURE = _on(ramp(0.78)), _on(ramp(0.42))
"""A bar up to the lower end of the interval, and from there to the upper."""
LEVELS = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
FAINT, STRONG = "dim", "bold"


class Shaded(str):
    """Text with its marks; `plainly` takes them away."""

    __slots__ = ()


def shaded(*made: Any) -> Shaded:
    """Results as they print, one below the other, with marks."""
    token = _ON.set(True)
    try:
        return Shaded("\n\n".join(str(x).rstrip() for x in made))
    finally:
        _ON.reset(token)


def plainly(text: str) -> str:
    """The text without its marks."""
    return "\n".join(line.rstrip() for line in _MARKED.sub(r"\2", text).split("\n"))


def rich_text(made: Any) -> Any:
    """A result, or a text with marks, as rich prints it.

    Raises:
        MissingExtra: rich is not installed.
    """
    library, text = require("rich.text", extra="cli"), made if isinstance(made, Shaded) else shaded(made)
    out, at = library.Text(no_wrap=True, overflow="ignore", end=""), 0
    for mark in _MARKED.finditer(text):
        out.append(text[at : mark.start()]).append(mark[2], style=mark[1])
        at = mark.end()
    return out.append(text[at:])


# ── what has a shade ──────────────────────────────────────────────────────────────────────────────
def styled(text: str, style: str) -> str:
    """The text in one style of rich."""
    return f"\x0e{style}\x0f{text}\x0e" if _ON.get() and text else text


def cell(share: float) -> Shade | None:
    """The ground of a cell of a matrix: the bluer, the larger its share; none where that is small or of nothing."""
    if not _ON.get() or math.isnan(share) or share < LEAST:
        return None
    red, green, blue = (a + (b - a) * share for a, b in zip(GREY, BLUE, strict=True))
    return lambda text: styled(text, _on((red, green, blue)))


def bar(metric: str, e: Estimate) -> Shade | None:
    """A bar under an estimate, its full width being 1: deep to the lower end of the interval, light to the upper.

    None for what is undefined, and for a metric that is no share.
    """
    if not _ON.get() or not e.defined or not _is_share(metric):
        return None

    def under(text: str) -> str:
        sure, unsure = (min(max(round(x * len(text)), 0), len(text)) for x in (e.low, e.high))
        return styled(text[:sure], SURE) + styled(text[sure:unsure], UNSURE) + text[unsure:]

    return under


def _is_share(metric: str) -> bool:
    try:
        return parse(metric.removeprefix("corrected ")).metric.range == (0, 1)
    except UnconfusedError:
        return False


def strong(text: str) -> str:
    """A cell that stands out."""
    return styled(text, STRONG)


def leveled(line: str, level: str) -> str:
    """The first line of a finding, up to its colon in the colour of its level."""
    head, colon, said = line.partition(":")
    return styled(head + colon, LEVELS[level]) + said
