"""Forest tables: estimates one below the other, each drawn with its interval on one axis; of a page, sortable."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unconfused.show.escape import html as safe
from unconfused.show.html import CAPTION, PLAIN, TABLE, WORDS, label, styles_of, width_of

if TYPE_CHECKING:
    from unconfused.inference import Estimate

WIDE, HIGH, ROOM = 220, 22, 8
"""Pixels of one line, and the room at its ends for a mark."""
LONG = 26
"""Letters of a cell that stay in one line."""
BROKEN = WORDS.replace("16em", "9em")
STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Line:
    """One estimate: what stands in the columns, and whether its mark is filled."""

    cells: Sequence[str]
    estimate: Estimate
    filled: bool


def forest_table(
    caption: str, heads: Sequence[str], lines: Sequence[Line], *, about: str, line: float, margin: float | None = None
) -> str:
    """A table whose second column is the picture.

    Args:
        caption: what is shown.
        heads: the columns beside the picture; the first names the lines.
        lines: the estimates.
        about: what the axis counts.
        line: where the vertical line stands: 0 for a difference, the whole's value for slices.
        margin: the half width of the band around it within which a difference does not matter.
    """
    drawn = [x.estimate for x in lines if _finite(x.estimate)]
    if not lines:
        return ""
    ends = [x for e in drawn for x in (e.low, e.high)] + ([line] if math.isfinite(line) else [])
    ends += [-margin, margin] if margin is not None else []
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5

    def place(x: float) -> str:
        return f"{ROOM + (WIDE - 2 * ROOM) * (x - low) / (high - low):.1f}"

    layers = []  # behind the cell, however high its row is
    if math.isfinite(line):
        dashes = "linear-gradient(#808080 60%,transparent 0)"
        layers.append(f"{dashes} {place(line)}px 0/1px 5px repeat-y content-box border-box")
    if margin is not None:
        left, right = place(line - margin), place(line + margin)
        grey = f"transparent {left}px,#80808038 {left}px,#80808038 {right}px,transparent {right}px"
        layers.append(f"linear-gradient(90deg,{grey}) 0 0/{WIDE}px 100% repeat-y content-box border-box")
    behind = f"{PLAIN};background:{','.join(layers)}" if layers else PLAIN
    marks = "".join(
        f'<text x="{place(x)}" y="14" font-size="11" text-anchor="middle" fill="currentColor">{x:.4g}</text>'
        for x in ticks(low, high)
    )
    columns = [safe(heads[0]), f"{safe(about)}{_svg(marks)}", *map(safe, heads[1:])]
    styles = _styles(lines)
    head = "".join(
        f'<th scope="col" style="{style};font-weight:600">{x}</th>' for style, x in zip(styles, columns, strict=True)
    )
    rows = "".join(_row(x, place, [styles[0], behind, *styles[2:]]) for x in lines)
    return (
        f'<table class="sortable" style="{TABLE};border-spacing:0"><caption style="{CAPTION};font-weight:600">'
        f"{safe(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _styles(lines: Sequence[Line]) -> list[str]:
    """Of each column, the picture second: counts on the right, words broken where they are long."""
    first, *rest = zip(styles_of([x.cells for x in lines]), zip(*(x.cells for x in lines), strict=True), strict=True)
    return [first[0], PLAIN, *(BROKEN if max(map(len, cells)) > LONG else style for style, cells in rest)]


def _row(x: Line, place: Callable[[float], str], styles: Sequence[str]) -> str:
    first, *rest = x.cells
    mark = ""
    if _finite(x.estimate):
        low, value, high = map(place, (x.estimate.low, x.estimate.value, x.estimate.high))
        inside = "currentColor" if x.filled else "var(--paper, Canvas)"
        mark = f'<path d="M{low} 11H{high}" stroke="currentColor" stroke-width="2"/>'
        mark += f'<circle cx="{value}" cy="11" r="4.5" fill="{inside}" stroke="currentColor" stroke-width="1.5"/>'
    colour = "var(--first, #0072b2)" if x.filled else "inherit"
    cells = [_svg(f'<g style="color:{colour}">{mark}</g>'), *map(safe, rest)]
    head = f'<th scope="row" style="{PLAIN};font-weight:600;{width_of(len(first), 24)}">{label(first)}</th>'
    data = [f'<td style="{style}">{cell}</td>' for style, cell in zip(styles[1:], cells, strict=True)]
    return f"<tr>{head}{''.join(data)}</tr>"


def _svg(inside: str) -> str:
    """A picture that says nothing beyond the cells beside it."""
    style = "display:block;overflow:visible"
    return (
        f'<svg width="{WIDE}" height="{HIGH}" viewBox="0 0 {WIDE} {HIGH}" aria-hidden="true" style="{style}">'
        f"{inside}</svg>"
    )


def _finite(e: Estimate) -> bool:
    return all(map(math.isfinite, (e.low, e.value, e.high)))


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers between two ends.

    >>> ticks(-0.12, 0.31)
    [-0.1, 0.0, 0.1, 0.2, 0.3]
    """
    size = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(x * size for x in (*STEPS, 20) if (high - low) / (x * size) <= most)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 12) + 0.0 for i in range(first, math.floor(high / step + 1e-9) + 1)]
