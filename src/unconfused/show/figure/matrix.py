"""A confusion matrix as a heatmap: both axes named, counts and shares together, every text legible."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unconfused.errors import UsageError, require
from unconfused.show.colour import EMPTY, written
from unconfused.show.figure.panel import HEADINGS, Panel, Shade, ordinal, pooled, units
from unconfused.show.figure.text import LINE, PLAIN, Ruler, families, settle, told_apart
from unconfused.show.numbers import number
from unconfused.tally.confusion import ConfusionMatrix

WRITTEN = 20
"""Up to so many classes every cell is written in."""
RULED = 60
"""Up to so many classes every class has a name and every cell an edge."""
POINTS = 72
CLEAR = (9.0, 6.0)
"""Sizes of both lines of a cell from which on counts are written in full."""


def plot_matrix(
    cm: ConfusionMatrix,
    normalize: Any = None,
    ax: Any = None,
    *,
    shade: Shade | None = None,
    annotate: bool | None = None,
    colorbar: bool | None = None,
    cmap: Any = "Blues",
    title: str | None = None,
) -> Any:
    """Draw a confusion matrix: rows are the actual classes, columns the predicted ones.

    Args:
        cm: the matrix.
        normalize: None for counts (with the share of each row below), "true", "pred" or "all" for shares; a list of
            these draws side by side.
        ax: the Axes to draw into, and nothing else is touched; for a list, as many Axes. Without it a figure is
            opened through pyplot.
        shade: what the colour of counts says: "rows" (the share of the actual class, so that rare classes show) or
            "counts". Without it "rows", and "counts" where the shares of rows are drawn beside it.
        annotate: write in every cell; without it up to 20 classes, where there is room.
        colorbar: draw the scale, inside the room of the same Axes; without it only in a figure of our own.
        cmap: a matplotlib colour map.
        title: the title; "" for none.

    Returns:
        The Axes, or an array of them for a list.

    Raises:
        UsageError: another ``normalize``, or not as many Axes as pictures.
        MissingExtra: matplotlib is not installed.
    """
    many = isinstance(normalize, list | tuple)
    hows = list(normalize) if many else [normalize]
    for how in hows:
        if how not in HEADINGS:
            fix = "Type None, 'true', 'pred' or 'all', or a list of them."
            raise UsageError(f"normalize={how!r} is not known.", fix=fix)
    beside: Shade = "counts" if "true" in hows else "rows"
    panels = [Panel.of(cm, how, shade or beside, title) for how in hows]
    ruler = Ruler(families([*panels[0].names, title or ""])) if panels else None
    if ruler is None:
        raise UsageError("normalize=[] draws nothing.", fix="Type normalize=[None, 'true'].")
    own = ax is None
    if own:
        axes = _open([own_side(panel, ruler, annotate) for panel in panels], panels, ruler)
    else:
        axes = list(np.ravel(ax))
        if len(axes) != len(panels):
            raise UsageError(
                f"{len(panels)} pictures were asked for, and ax= holds {len(axes)} Axes.",
                fix=f"Pass one for each, such as those of plt.subplots(1, {len(panels)})[1].",
            )
    maps = []
    for axis, panel in zip(axes, panels, strict=True):
        side = own_side(panel, ruler, annotate) if own else _side_of(axis)
        maps.append(Heatmap(axis, panel, side, ruler, own))
        maps[-1].draw(cmap, annotate, own if colorbar is None else colorbar)
    for one in maps:  # titles side by side stand at one height
        one.name(max(map(len, (other.small_print() for other in maps))))
    if own:
        settle(axes[0].figure)
    return np.array(axes, dtype=object) if many else axes[0]


def own_side(panel: Panel, ruler: Ruler, annotate: bool | None = None) -> float:
    """The side of the square that a panel wants in a figure of its own, in points."""
    s = max(panel.size, 1)
    if s > RULED:
        return 7.0 * POINTS
    if s > WRITTEN and not annotate:
        return max(6.0 * POINTS, 12 * panel.span)
    cell = max(96 if s <= 3 else 72 if s <= 5 else 50 if s <= 10 else 36, 216 / s)
    lines = [panel.text(i, j) for i, j in np.ndindex(panel.table.shape)]
    widest = max((max(ruler.width(large, 8), ruler.width(small, 6)) for large, small in lines), default=0.0)
    return float(max(cell, min(widest / 0.88, 90)) * panel.span)


def _side_of(ax: Any) -> float:
    """The side of the largest square that the Axes has room for, in points."""
    box, figure = ax.get_position(original=True), ax.get_figure(root=False)
    side = min(box.width * figure.bbox.width, box.height * figure.bbox.height) * POINTS / figure.dpi
    planned = ax.get_figure(root=True).get_layout_engine() is not None  # room for names and titles is still to be taken
    return float(side * (0.72 if planned else 1.0))


def _open(sides: Sequence[float], panels: Sequence[Panel], ruler: Ruler) -> list[Any]:
    """A figure of our own with room for the squares, their names, titles and scales."""
    plt = require("matplotlib.pyplot", extra="plot")
    size = 10 if panels[0].size <= 10 else 9 if panels[0].size <= WRITTEN else 8
    names = max((ruler.width(name, size) for name in panels[0].names), default=0)
    cell = min(side / panel.span for side, panel in zip(sides, panels, strict=True))
    below = 16 if names < cell else min(names, 130) * (0.72 if cell > 14 else 1.0) + 8
    width = sum(side + min(names, 160) + 120 for side in sides)
    height = max(sides) + below + 95
    figure, axes = plt.subplots(
        1, len(sides), figsize=(width / POINTS, height / POINTS), layout="constrained", squeeze=False
    )
    figure.get_layout_engine().set(w_pad=8 / POINTS, h_pad=8 / POINTS)
    return list(axes[0])


@dataclass
class Heatmap:
    """One panel on one Axes whose square has a side of so many points."""

    ax: Any
    panel: Panel
    side: float
    ruler: Ruler
    own: bool

    @property
    def cell(self) -> float:
        """The side of a cell in points."""
        return self.side / self.panel.span

    def draw(self, cmap: Any, annotate: bool | None, colorbar: bool) -> None:
        """Draw everything; nothing but the Axes is touched."""
        ax, panel = self.ax, self.panel
        if not panel.size:
            ax.text(0.5, 0.5, "no rows", ha="center", va="center", transform=ax.transAxes, **PLAIN)
        image, panel = self._image(cmap)
        self.panel = panel
        if panel.size <= RULED:
            self._edges()
        ax.set(xlim=(-0.5, panel.span - 0.5), ylim=(panel.span - 0.5, -0.5), aspect="equal")
        ax.grid(visible=False)
        for spine in ax.spines.values():
            spine.set_visible(False)
        full = panel.size <= WRITTEN if annotate is None else annotate
        if full and image is not None:
            self._write(image)
        self._names()
        if colorbar and image is not None:
            self._scale(image)

    # ── colours ───────────────────────────────────────────────────────────────────────────────
    def _image(self, cmap: Any) -> tuple[Any, Panel]:
        """The coloured squares: one image, or one for each block that the seats cut out."""
        matplotlib, colors = require("matplotlib", extra="plot"), require("matplotlib.colors", extra="plot")
        panel, notes = self.panel, list(self.panel.notes)
        found = matplotlib.colormaps[cmap] if isinstance(cmap, str) else cmap
        found = found.with_extremes(bad=EMPTY)
        gamma = 1.0 if panel.size <= WRITTEN else 0.5
        norm = colors.PowerNorm(gamma, vmin=0, vmax=panel.top) if gamma != 1 else colors.Normalize(0, panel.top)
        pixels = self.side * self.ax.get_figure(root=False).dpi / POINTS
        pool = max(1, math.ceil(panel.size / pixels)) if panel.size > RULED else 1
        if pool > 1:
            notes.append(f"each dot shows the darkest of {pool} x {pool} cells")
        k, image = panel.k, None
        for rows in (slice(0, k), slice(k, panel.size)):
            for columns in (slice(0, k), slice(k, panel.size)):
                block = panel.colours[rows, columns]
                if not block.size:
                    continue
                top, left = panel.places[rows.start] - 0.5, panel.places[columns.start] - 0.5
                extent = (left, left + block.shape[1], top + block.shape[0], top)
                made = self.ax.imshow(
                    np.ma.masked_invalid(pooled(block, pool)), cmap=found, norm=norm, extent=extent, aspect="equal",
                    interpolation="nearest", origin="upper",
                )  # fmt: skip
                image = image or made
        if panel.size > RULED and self._step() > 1:
            notes.append(f"every {ordinal(self._step())} class is named")
        return image, replace(panel, notes=tuple(notes))

    def _edges(self) -> None:
        """Thin lines between cells, and hatching over what is a share of nothing."""
        collections = require("matplotlib.collections", extra="plot")
        patches = require("matplotlib.patches", extra="plot")
        panel, places = self.panel, self.panel.places
        end = panel.span - 0.5
        inner = [place - 0.5 for place in places[1:]]
        lines = [[(at, -0.5), (at, end)] for at in inner] + [[(-0.5, at), (end, at)] for at in inner]
        width = 1.5 if panel.size <= WRITTEN else 0.5
        self.ax.add_collection(
            collections.LineCollection(lines, colors=[self.ax.get_facecolor()], linewidths=width), autolim=False
        )
        nothing, by_column = np.isnan(panel.colours), panel.how == "pred"
        runs = [run for run in ((0, panel.k), (panel.k, panel.size)) if run[0] < run[1]]
        for i in np.flatnonzero(nothing.all(0 if by_column else 1)):
            for start, stop in runs:
                corner, length = (places[start] - 0.5, places[i] - 0.5), stop - start
                box = (corner[::-1], 1, length) if by_column else (corner, length, 1)
                self.ax.add_patch(patches.Rectangle(*box, fill=False, hatch="////", edgecolor="#c4c4c4", linewidth=0))

    # ── text ──────────────────────────────────────────────────────────────────────────────────
    def _write(self, image: Any) -> None:
        """Both lines of every cell, in one size that fits them all; large counts are shortened where that is small."""
        panel = self.panel
        texts, (large, small) = self._lines(short=False)
        if large < CLEAR[0] or small < CLEAR[1]:
            shorter, sizes = self._lines(short=True)
            if sizes > (large, small):
                texts, (large, small) = shorter, sizes
                said = units(line for pair in texts.values() for line in pair)
                self.panel = replace(panel, notes=(*panel.notes, said))
        if large < 4.5:
            return
        for (i, j), (first, second) in texts.items():
            second = second if small else ""
            share = panel.colours[i, j]
            ground = EMPTY if math.isnan(share) else image.cmap(float(image.norm(share)))[:3]
            colour = written(ground, faint=panel.table[i, j] == 0)
            shift = LINE * (small if second else 0) / 2, -LINE * large / 2
            for line, size, up in ((first, large, shift[0]), (second, small, shift[1])):
                if line:
                    self.ax.text(
                        panel.places[j], panel.places[i], line, ha="center", va="center_baseline", fontsize=size,
                        color=colour, clip_on=True, transform=self._raised(up), **PLAIN,
                    )  # fmt: skip

    def _lines(self, *, short: bool) -> tuple[dict[Any, tuple[str, str]], tuple[float, float]]:
        """Both lines of every cell and their sizes; the second is 0 where two lines are too small to read."""
        panel, room = self.panel, 0.9 * self.cell
        texts = {(i, j): panel.text(i, j, short=short) for i, j in np.ndindex(panel.table.shape)}
        cap = 17.0 if panel.size <= 3 else 14.0 if panel.size <= 5 else 11.0 if panel.size <= 10 else 9.0
        widest = [max((self.ruler.width(pair[line], 1) for pair in texts.values()), default=0) for line in (0, 1)]
        large = min(cap, room / max(widest[0], 0.1), room / (LINE * 1.75))
        small = min(0.72 * large, room / max(widest[1], 0.1))
        if small < 4.5:
            large, small = min(cap, room / max(widest[0], 0.1), room / LINE), 0.0
        return texts, (large, small)

    def _raised(self, points: float) -> Any:
        """Where data stands, so many points higher."""
        transforms, figure = require("matplotlib.transforms", extra="plot"), self.ax.get_figure(root=True)
        return self.ax.transData + transforms.ScaledTranslation(0, points / POINTS, figure.dpi_scale_trans)

    def _step(self) -> int:
        """Every how many classes one is named."""
        least = math.ceil(6 * LINE / self.cell)
        if self.panel.size > RULED:
            least = max(least, math.ceil(self.panel.size / 40))
        steps = (n * 10**power for power in range(12) for n in (1, 2, 5))
        return int(next(step for step in steps if step >= least))

    def _names(self) -> None:
        """The classes on both axes, broken, turned or cut so that no two overlap."""
        ax, panel, cell, step = self.ax, self.panel, self.cell, self._step()
        places = [*range(0, panel.k, step), *range(panel.k, panel.size)]
        if step > 1:  # seats are named always, so their neighbour steps aside
            places = [p for p in places if p >= panel.k or p <= panel.k - max(1, step // 2) or panel.k == panel.size]
        pitch = cell * step
        size = 10.0 if panel.size <= 10 else 9.0 if panel.size <= WRITTEN else 8.0 if step == 1 else 7.0
        size = max(min(size, pitch / LINE), 5.0)
        names, at = [panel.names[p] for p in places], panel.places[places]
        long = 150.0 if self.own else 100.0
        lines = min(3, max(1, int(pitch / (size * LINE))))
        options: dict[str, Any] = {"fontsize": size, "fontfamily": families(names), **PLAIN}
        fit = self.ruler.fitted
        left = told_apart([fit(name, size, long, lines) for name in names], places)
        ax.set_yticks(at, left, ha="right", va="center", linespacing=1.1, **options)
        flat = [self.ruler.whole(name, size, pitch - 6, 3 if panel.size <= 5 else 2) for name in names]
        if all(name is not None for name in flat):
            ax.set_xticks(at, flat, rotation=0, ha="center", va="top", linespacing=1.1, **options)
        else:
            slanted = pitch >= size * LINE * 1.45
            below = told_apart([fit(name, size, min(long, 130.0)) for name in names], places)
            turn = ("anchor", 45, "right") if slanted else ("default", 90, "center")
            options |= dict(zip(("rotation_mode", "rotation", "ha"), turn, strict=True))
            ax.set_xticks(at, below, va="top", **options)
        ax.tick_params(length=2 if step > 1 else 0, pad=4, bottom=True, top=False, left=True, right=False)
        ax.tick_params(labelbottom=True, labeltop=False, labelleft=True, labelright=False)
        for axis, place in ((axis, place) for axis in (ax.xaxis, ax.yaxis) for place in range(len(places))):
            if places[place] >= panel.k:
                axis.get_ticklabels()[place].set_fontstyle("italic")
        ax.set_xlabel("Predicted class", fontsize=11, **PLAIN)
        ax.set_ylabel("Actual class", fontsize=11, **PLAIN)

    def small_print(self) -> list[str]:
        """The lines below the heading."""
        said = self.panel.notes if self.own else (" · ".join(self.panel.notes),)
        return [line for note in said for line in self._broken(note, 8.5).split("\n")]

    def _broken(self, text: str, size: float) -> str:
        """A text over the square; an Axes among others keeps its title low."""
        return self.ruler.fitted(text, size, max(self.side, 150.0), 3 if self.own else 2)

    def name(self, lines: int) -> None:
        """The heading at the left edge, above so many lines of small print."""
        notes = self.small_print()
        heading = self._broken(self.panel.heading, 11) if self.panel.heading else ""
        self.ax.set_title("", loc="center")
        self.ax.set_title(heading, loc="left", fontsize=11, pad=8 + 8.5 * LINE * lines, **PLAIN)
        above = 6 + 8.5 * LINE * (lines - len(notes))
        self.ax.annotate(
            "\n".join(notes), (0, 1), (0, above), xycoords="axes fraction", textcoords="offset points", ha="left",
            va="bottom", fontsize=8.5, linespacing=1.15, alpha=0.75, **PLAIN,
        )  # fmt: skip

    def _scale(self, image: Any) -> None:
        """The colour bar, in the room of the same Axes so that no other gives way."""
        bars, ticker = require("matplotlib.colorbar", extra="plot"), require("matplotlib.ticker", extra="plot")
        wide = 10 / self.side
        bar = bars.Colorbar(self.ax.inset_axes((1 + 1.4 * wide, 0, wide, 1)), image)
        shares = self.panel.scale not in ("rows", "Σw")
        if image.norm.vmax == 1 and shares:
            bar.set_ticks([0, 0.25, 0.5, 0.75, 1] if self.panel.size <= WRITTEN else [0, 0.01, 0.05, 0.1, 0.25, 0.5, 1])
        else:
            bar.locator = ticker.MaxNLocator(5, integer=not shares and self.panel.table.dtype.kind == "i")
        write = (lambda x, _: f"{100 * x:.3g} %") if shares else (lambda x, _: number(float(x)))
        bar.formatter = ticker.FuncFormatter(write)
        bar.update_ticks()
        bar.ax.tick_params(labelsize=8.5, length=2)
        bar.outline.set_visible(False)
        bar.set_label(self.panel.scale, fontsize=9, **PLAIN)
