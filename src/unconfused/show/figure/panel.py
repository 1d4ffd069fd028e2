"""What one heatmap shows, before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import UsageError
from unconfused.show.numbers import UNITS, number, short_number, short_percent
from unconfused.show.table import names
from unconfused.show.words import SHARES
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.sparse import Sparse

Shade = Literal["rows", "counts"]
HEADINGS: dict[str | None, str] = {None: "Counts", **SHARES}
SCALES = {
    "true": "share of the actual class (row)",
    "pred": "share of the predicted class (column)",
    "all": "share of all rows",
    "counts": "rows",
}


@dataclass(frozen=True)
class Panel:
    """What one heatmap shows, before anything is drawn.

    Attributes:
        names: the classes, then the seats in use.
        k: how many of them are classes.
        table: rows, or sums of weights.    Shape: (S, S).
        shares: what the percentages say; NaN for a share of nothing.    Shape: (S, S).
        colours: what the colours say, NaN likewise, and the value of the darkest.
        how: None, "true", "pred" or "all".
        heading, notes, scale: the title, the small print below it, and what the colour bar measures.
    """

    names: list[str]
    k: int
    table: NDArray[Any]
    shares: NDArray[np.float64]
    colours: NDArray[np.float64]
    top: float
    how: str | None
    heading: str
    notes: tuple[str, ...]
    scale: str

    @classmethod
    def of(cls, cm: ConfusionMatrix, how: Any, shade: Shade = "rows", title: str | None = None) -> Panel:
        """The panel of a matrix: ``how`` as in ``ConfusionMatrix.normalize``, or None for the counts."""
        if isinstance(cm.full, Sparse):
            raise UsageError(
                f"A picture of {len(cm.labels):,} x {len(cm.labels):,} cells has none that could be seen.",
                fix="print(cm) lists the pairs most confused; cm[label].plot() shows one class against the rest.",
            )
        shares = cm.normalize("true" if how is None else how)
        table, weighted = cm.table(), cm.weights is not None
        by_count = how is None and shade == "counts"
        colours = table.astype(np.float64) if by_count else shares.values
        whole = how != "all" and not by_count
        top = 1.0 if whole else float(np.nanmax(colours, initial=0)) or 1.0
        scale = SCALES["counts" if by_count else how or "true"]
        heading, _, adds_up = HEADINGS[how].partition(" (")
        heading = "Sum of weights (Σw)" if how is None and weighted else heading
        said = [f"{cm.total:,} rows" + (" (weighted: Σw)" if weighted else "")]
        said += [cm.rule] if cm.rule else []
        said += [f"{n:,} left out ({reason})" for reason, n in cm.left_out.items()]
        notes = [" · ".join(said)]
        notes += ["% of the actual class (row)"] if how is None else [adds_up[:-1]] if adds_up else []
        return cls(
            names(cm.labels.texts, cm.seats), len(cm.labels), table, shares.values, colours, top, how,
            heading if title is None else title, tuple(notes), "Σw" if by_count and weighted else scale,
        )  # fmt: skip

    @property
    def size(self) -> int:
        """Rows and columns drawn."""
        return len(self.names)

    @property
    def places(self) -> NDArray[np.float64]:
        """Where each name stands on its axis: seats keep a distance from the classes."""
        places = np.arange(self.size, dtype=np.float64)
        places[self.k :] += self.gap
        return places

    @property
    def gap(self) -> float:
        """The distance between classes and seats, in cells."""
        return 0.0 if self.k == self.size else max(0.2, 0.015 * self.size)

    @property
    def span(self) -> float:
        """The length of an axis, in cells."""
        return max(self.size, 1) + self.gap

    def text(self, i: int, j: int, *, short: bool = False) -> tuple[str, str]:
        """The large and the small line of a cell; ``short`` writes large counts in thousands, millions, …"""
        write = short_number if short else number
        count, share = write(self.table[i, j].item()), short_percent(float(self.shares[i, j]))
        if self.how is None:
            return count, "" if self.table[i, j] == 0 and self.k > 5 else share
        if self.k > 5 and self.table[i, j] == 0 and share != "–":
            return "0", ""
        whole = self.table.sum({"true": 1, "pred": 0}.get(self.how))
        of = whole if self.how == "all" else whole[i if self.how == "true" else j]
        return share, f"{count} of {write(of.item())}" if self.k <= 5 else count


def units(texts: Iterable[str]) -> str:
    """What the signs behind short counts mean, of those in use."""
    used = {text[-1] for line in texts for text in line.split(" of ") if text[-2:-1] == " "}
    return ", ".join(f"{sign}: {word}" for sign, (_, word) in UNITS.items() if sign in used)


def pooled(block: NDArray[np.float64], by: int) -> NDArray[np.float64]:
    """The largest value of each ``by`` x ``by`` cells; NaN where there is none.    Shape: (R, C) → (⌈R/by⌉, ⌈C/by⌉)."""
    if by == 1:
        return block
    filled = np.where(np.isnan(block), -np.inf, block)
    for axis in (0, 1):
        starts = np.arange(0, filled.shape[axis], by)
        filled = np.maximum.reduceat(filled, starts, axis=axis)
    return np.where(np.isneginf(filled), np.nan, filled)


def ordinal(n: int) -> str:
    """2 → "2nd", 5 → "5th"."""
    return f"{n}nd" if n == 2 else f"{n}th"
