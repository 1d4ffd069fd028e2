"""Text in a figure: measured before it is drawn, broken or cut to the room there is, and never read as mathematics."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from unconfused.errors import require

LINE = 1.25
"""The height of a line, in font sizes."""
PLAIN: dict[str, Any] = {"parse_math": False, "usetex": False}
"""What every text of ours is drawn with: a class may be called ``$x_1$``."""

# Families that hold scripts and signs which the default font lacks, by platform; those installed are tried in order.
SCRIPTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Noto Sans JP", "Source Han Sans SC"),
    *("WenQuanYi Zen Hei", "PingFang SC", "Hiragino Sans", "Apple SD Gothic Neo", "Microsoft YaHei"),
    *("Yu Gothic", "Malgun Gothic", "Noto Sans Arabic", "Noto Naskh Arabic", "Noto Sans Hebrew", "Geeza Pro"),
    *("Segoe UI", "Tahoma", "Noto Sans Devanagari", "Noto Sans Bengali", "Noto Sans Tamil", "Noto Sans Thai"),
    *("Nirmala UI", "Leelawadee UI", "Arial Unicode MS", "Noto Emoji", "Segoe UI Emoji", "Segoe UI Symbol"),
    *("Apple Symbols", "Symbola", "Noto Sans Symbols2"),
)


def families(texts: Iterable[str]) -> list[str]:
    """The default font families, and behind them installed ones that hold what the default font lacks."""
    manager, properties = require("matplotlib.font_manager", extra="plot"), _default_font()
    first: list[str] = list(properties.get_family())
    wanted = {ord(x) for text in texts for x in text if ord(x) > 0x2FF and x.isprintable()}
    if not wanted:
        return first
    wanted -= _characters(manager.findfont(properties))
    files = {entry.name: entry.fname for entry in manager.fontManager.ttflist}
    for name in SCRIPTS:
        if wanted and name in files and (found := wanted & _characters(files[name])):
            first.append(name)
            wanted -= found
    return first


def _default_font() -> Any:
    return require("matplotlib.font_manager", extra="plot").FontProperties()


@lru_cache(maxsize=64)
def _characters(path: str) -> frozenset[int]:
    try:
        return frozenset(require("matplotlib.font_manager", extra="plot").get_font(path).get_charmap())
    except (OSError, RuntimeError):  # a font file that cannot be read holds nothing for us
        return frozenset()


def onto(ax: Any, draw: Callable[[Any], None], size: tuple[float, float]) -> Any:
    """``draw`` on the Axes, which are returned; without them on those of a new figure, so many inches wide and high."""
    if ax is not None:
        draw(ax)
        return ax
    figure, ax = require("matplotlib.pyplot", extra="plot").subplots(figsize=size, layout="constrained")
    draw(ax)
    settle(figure)
    return ax


def settle(figure: Any) -> None:
    """Lay out a figure of our own beforehand: squares and their scales need more than the pass of a first drawing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # signs that no font has are reported when they are drawn
        figure.get_layout_engine().execute(figure)


def cut(text: str, most: int) -> str:
    """The start and the end of a text, ``most`` characters together: names often differ only in their last ones.

    >>> cut("abcdefghij", 5)
    'ab…ij'
    """
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail].rstrip()}…{text[len(text) - tail :].lstrip()}"


class Ruler:
    """Widths of text in points, without a canvas."""

    def __init__(self, family: Sequence[str]) -> None:
        self._font = require("matplotlib.font_manager", extra="plot").FontProperties(family=list(family), size=100)
        self._pen = require("matplotlib.textpath", extra="plot").TextToPath()
        self._widths: dict[str, float] = {}

    def width(self, text: str, size: float) -> float:
        """The width of the widest line, a little more rather than less."""
        return max(sum(map(self._advance, line)) for line in text.split("\n")) * size * 1.03

    def _advance(self, character: str) -> float:
        if character not in self._widths:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a sign that no font has is drawn as a box, and measured as one
                width = self._pen.get_text_width_height_descent(f"n{character}n", self._font, False)[0]
                rest = self._pen.get_text_width_height_descent("nn", self._font, False)[0]
            self._widths[character] = max(0.0, (width - rest) / 100)
        return self._widths[character]

    def whole(self, text: str, size: float, room: float, lines: int) -> str | None:
        """The text in at most so many lines, broken only between words; None where that does not fit."""
        broken = self._wrapped(text, size, room, hard=False)
        return "\n".join(broken) if broken is not None and len(broken) <= lines else None

    def fitted(self, text: str, size: float, room: float, lines: int = 1) -> str:
        """The text in at most so many lines of the room, cut in the middle where it is longer."""
        if (kept := self.whole(text, size, room, lines)) is not None:
            return kept
        low, high = 2, len(text)
        while low < high:  # the most characters that fit
            middle = (low + high + 1) // 2
            broken = self._wrapped(cut(text, middle) if middle < len(text) else text, size, room, hard=True)
            low, high = (middle, high) if len(broken or ()) <= lines else (low, middle - 1)
        short = cut(text, low) if low < len(text) else text
        return "\n".join((self._wrapped(short, size, room, hard=True) or [short])[:lines])

    def _wrapped(self, text: str, size: float, room: float, *, hard: bool) -> list[str] | None:
        lines, line = [], ""
        for word in re.findall(r"[^\s_/\-–—…]*[\s_/\-–—…]*", text):
            if line and self.width((line + word).rstrip(), size) > room:
                lines.append(line.rstrip())
                line = ""
            line += word
            while self.width(line.rstrip(), size) > room and len(line.rstrip()) > 1:
                if not hard:
                    return None
                keep = next(n for n in range(len(line) - 1, 0, -1) if n == 1 or self.width(line[:n], size) <= room)
                lines.append(line[:keep])
                line = line[keep:]
        return [*lines, line.rstrip()] if line.rstrip() or not lines else lines


def told_apart(names: Sequence[str], places: Sequence[int]) -> list[str]:
    """Names that were cut to the same text get their place behind them."""
    twice = {name for name in names if list(names).count(name) > 1}
    return [f"{name} #{place + 1}" if name in twice else name for name, place in zip(names, places, strict=True)]
