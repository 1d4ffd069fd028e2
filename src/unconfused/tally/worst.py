"""Worst: the ids of the rows that a decision got most wrong, a few for each cell of the matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import NotKept, ThresholdUnset, UsageError
from unconfused.labels import SEATS, Label, Labels
from unconfused.tally.axis import cut_of
from unconfused.tally.grouped import Grouped
from unconfused.tally.kernels import LIMIT, Floats
from unconfused.tally.scores import ScoreTally

if TYPE_CHECKING:
    from unconfused.tally.tallies import Tallies

Id: TypeAlias = int | str
Cell: TypeAlias = "tuple[Label, Label | None]"
"""The true class and what it was called; None where no decision was stated, so that any threshold can be asked."""
Row: TypeAlias = tuple[float, Id]
"""How far on the wrong side, and the id."""
KEEP = 50
"""Rows that are kept of each cell, unless said otherwise."""


@dataclass(frozen=True)
class Worst:
    """The worst rows of each cell, worst first; equally bad ones in the order of their ids, numbers before text.

    How wrong a row is: by its score for the class that it was called, less that for its own; of one score a row the
    score itself among negatives, and its negative among positives; 0 where there are no scores.

    A tally: ``+`` keeps the worst of both sides, so any cut of the rows leaves the same ones.

    Attributes:
        cells: of each cell that holds rows, the worst of them.
        keep: how many, at most.
    """

    cells: Mapping[Cell, tuple[Row, ...]]
    keep: int = KEEP

    @classmethod
    def zero(cls) -> Worst:
        """No rows."""
        return cls({}, LIMIT)

    @classmethod
    def of(cls, cells: Sequence[Cell], codes: NDArray[Any], wrong: Floats, ids: NDArray[Any], keep: int) -> Worst:
        """The worst of some rows: ``codes`` are places in ``cells``, ``ids`` integers or text.    Shapes: (n,) each."""
        order = np.lexsort((np.unique(ids, return_inverse=True)[1], -wrong, codes))
        codes, wrong, ids = codes[order], wrong[order], ids[order]
        edges = np.flatnonzero(np.append(True, codes[1:] != codes[:-1])).tolist() if len(codes) else []
        made = {}
        for start, end in pairwise([*edges, len(codes)]):
            some = slice(start, min(end, start + keep))
            made[cells[codes[start]]] = tuple(zip((wrong[some] + 0.0).tolist(), ids[some].tolist(), strict=True))
        return cls(made, keep)

    def __add__(self, other: object) -> Worst:
        if not isinstance(other, Worst):
            return self if type(other) is int and other == 0 else NotImplemented
        keep = min(self.keep, other.keep)
        return Worst({cell: best_of(keep, self, other, cell) for cell in {**self.cells, **other.cells}}, keep)

    __radd__ = __add__
    __hash__ = None  # type: ignore[assignment]

    def against_rest(self, name: Label) -> Worst:
        """Of one class against all others: its misses, and what was wrongly called it."""
        rest, own = Labels.against_rest(name)
        made: dict[Cell, list[Row]] = {}
        for (truth, called), rows in self.cells.items():
            if called is not None and (truth == name) != (called == name):
                made.setdefault((own, rest) if truth == name else (rest, own), []).extend(rows)
        return Worst({cell: first(rows, self.keep) for cell, rows in made.items()}, self.keep)


def first(rows: Sequence[Row], keep: int) -> tuple[Row, ...]:
    """The worst of some rows, in order."""
    return tuple(sorted(rows, key=lambda row: (-row[0], isinstance(row[1], str), row[1]))[:keep])


def best_of(keep: int, a: Worst, b: Worst, cell: Cell) -> tuple[Row, ...]:
    """The worst rows of a cell of two sides."""
    return first((*a.cells.get(cell, ()), *b.cells.get(cell, ())), keep)


def candidates(codes: NDArray[Any], wrong: Floats, keep: int) -> NDArray[np.intp]:
    """Rows that may be among the ``keep`` worst of their cell: without those that so many others surpass."""
    found = np.unique(codes)
    if len(found) > 100 or len(codes) <= keep:
        return np.arange(len(codes))
    kept = []
    for code in found.tolist():
        at = np.flatnonzero(codes == code)
        if len(at) > keep:
            own = wrong[at]
            at = at[own >= np.partition(own, len(at) - keep)[len(at) - keep]]
        kept.append(at)
    return np.concatenate(kept) if kept else np.zeros(0, np.intp)


def against_rest(worst: Worst | Grouped[Worst], name: Label) -> Worst:
    """Of one class against the rest, or of one label."""
    return worst[name] if isinstance(worst, Grouped) else worst.against_rest(name)


# ── asking ────────────────────────────────────────────────────────────────────────────────────
def worst_rows(held: Tallies, truth: Any, called: Any, k: int, threshold: Any = None) -> list[Id]:
    """The ids of the k worst rows of class ``truth`` that were called ``called``.

    Raises:
        NotKept: no ids were given at the pass, or fewer were kept than are asked for.
        ThresholdUnset: of binary scores, no threshold.
        UsageError: a cell of rows that were called rightly.
    """
    worst = held.worst
    if worst is None:
        raise NotKept(
            "rows() needs the ids of the rows, and this evaluation has none.",
            "They were not given at the pass, or a part was added or loaded without them: saved files leave them out.",
            "Name the rows: uc.evaluate(..., ids=ids), uc.evaluate_frame(..., ids='column'), or update(..., ids=).",
        )
    if isinstance(worst, Grouped):
        label = next(iter(worst))
        raise NotKept("Each label has rows of its own.", fix=f"Ask one label: ev[{label!r}].rows(1, 0, threshold=0.5).")
    if type(k) is not int or k < 1:
        raise UsageError(f"k={k!r} is no number of rows.", fix="Name a whole number from 1 up.")
    own, given = _name(held.labels, truth), _name(held.labels, called)
    if own == given:
        raise UsageError(
            f"Rows of class {own!r} that were called {given!r} are right.",
            "Only rows on the wrong side are kept.",
            "Name another class for one of the two.",
        )
    rows = worst.cells.get((own, given), ()) if threshold is None else _beyond(held, worst, own, threshold)
    if threshold is None and held.matrix is None:
        raise ThresholdUnset(
            "This evaluation holds scores, and no decision was stated.",
            "Which rows are on the wrong side depends on the threshold.",
            f"Name one: ev.rows({own!r}, {given!r}, threshold=0.5).",
        )
    if k > worst.keep <= len(rows):
        raise NotKept(
            f"k={k:,} rows were asked for, and of each cell {worst.keep:,} were kept.",
            fix=f"Keep more at the pass: ids=..., worst={k}.",
        )
    return [name for _, name in rows[:k]]


def _beyond(held: Tallies, worst: Worst, own: Label, threshold: Any) -> tuple[Row, ...]:
    """The rows of a class on the wrong side of a threshold: the worst come first, whatever it is."""
    scores = held.scores
    if not isinstance(scores, ScoreTally):
        held.scored("A threshold")
        raise NotKept("One threshold cannot choose among several classes.", fix="Leave threshold= out.")
    cut = cut_of(threshold, scores.score_kind)
    if own == held.labels.positive_name:
        wrong = (row for row in worst.cells.get((own, None), ()) if math.isnan(cut) or -row[0] < cut)
    else:
        wrong = (row for row in worst.cells.get((own, None), ()) if row[0] >= cut)
    return tuple(wrong)


def _name(labels: Labels, label: Any) -> Label:
    """The name of a class or of a seat, as a matrix takes it."""
    if label in SEATS and label not in labels.texts:
        return str(label)
    return labels[labels.index(label)]
