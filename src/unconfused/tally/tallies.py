"""Tallies: everything that one pass over the rows keeps, as one tally."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from unconfused.errors import MergeRefused, NotKept
from unconfused.findings import Evidence
from unconfused.labels import Labels
from unconfused.tally.axis import pinned
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grids import Grid
from unconfused.tally.grouped import Grouped
from unconfused.tally.moments import Moments
from unconfused.tally.ranks import Ranks
from unconfused.tally.row_costs import RowCosts
from unconfused.tally.scores import ScoreTally
from unconfused.tally.slices import Slices, told
from unconfused.tally.units import Units
from unconfused.tally.worst import Worst

_PARTS = ("matrix", "scores", "ranks", "columns", "units", "row_costs")
Kind: TypeAlias = Literal["binary", "multiclass", "multilabel"]
Matrix: TypeAlias = "ConfusionMatrix | Grouped[ConfusionMatrix]"
Scores: TypeAlias = "ScoreTally | Grouped[ScoreTally]"


@dataclass(frozen=True)
class Tallies:
    """The tallies of one evaluation; ``+`` adds each to its counterpart.

    Attributes:
        kind: "binary" (one score for each row, or two classes), "multiclass" or "multilabel".
        matrix: of the decision stated at the pass, or None. Multilabel: one 2x2 for each label.
        scores: negatives and positives at each score, or None without scores. Several classes or labels: one for each.
        moments: per-row losses that the scores of one class cannot give back ("log_loss", "brier").
        ranks: the place of the true class among the scores of several classes, or None.
        matrices: of each rule that was named at the pass.
        columns: of several classes for the score of each the rows of each class: of an exact evaluation, and on a grid
            where ``pairs=True`` asked for it.
        units: of clustered rows, what each bucket of units adds to all this.
        slices: of the columns that the rows were sliced by, the tallies of the rows of each value.
        worst: of rows that were given with ids, those of the worst in each cell; names of rows beside what is counted.
        row_costs: what the rows cost at every score, where each has costs of its own.
    """

    kind: Kind | None = None
    matrix: Matrix | None = None
    scores: Scores | None = None
    moments: Mapping[str, Moments] = field(default_factory=dict)
    ranks: Ranks | None = None
    matrices: Mapping[str, ConfusionMatrix] = field(default_factory=dict)
    columns: Grouped[Grouped[ScoreTally]] | None = None
    units: Units | None = None
    slices: Mapping[tuple[str, ...], Slices] = field(default_factory=dict)
    worst: Worst | Grouped[Worst] | None = field(default=None, compare=False, repr=False)
    row_costs: RowCosts | None = None

    @classmethod
    def zero(cls) -> Tallies:
        """The tallies of no rows."""
        return cls()

    @property
    def _held(self) -> Matrix | Scores | None:
        kept = (self.matrix, self.scores, *self.matrices.values())
        return next((tally for tally in kept if tally is not None), None)

    @property
    def labels(self) -> Labels:
        """The classes; of a multilabel problem, the labels."""
        held = self._held
        if isinstance(held, Grouped):
            return Labels(held, declared=True)
        return Labels(()) if held is None else held.labels

    def scored(self, question: str) -> Scores:
        """The scores that a question needs, or NotKept."""
        scores = self.scores
        if scores is None and (self.ranks is not None or self.matrices):
            raise NotKept(
                f"{question} needs the scores, and the pass kept none: curves=False was given.",
                "What they decided, ranked and lost was counted, not the scores themselves.",
                "Evaluate without curves=False.",
            )
        if scores is None:
            raise NotKept(
                f"{question} needs scores, and this evaluation was made from predicted classes.",
                "A class has lost how sure the model was.",
                "Evaluate with y_score=.",
            )
        return scores

    def ranked(self, question: str) -> Ranks:
        """The ranks that a question needs, or NotKept."""
        if self.ranks is None:
            raise NotKept(
                f"{question} needs a score for each of several classes, and this evaluation has none.",
                "It asks at which place among them the true class stands.",
                "Evaluate with y_score= of shape (n, K).",
            )
        return self.ranks

    @property
    def total(self) -> int:
        """Rows counted."""
        held = self._held
        if isinstance(held, Grouped):
            return max((member.total for member in held.values()), default=0)
        return 0 if held is None else held.total

    def pairs(self) -> Grouped[ScoreTally] | None:
        """Of each two classes how the score of the first ranks the rows of both, where ``columns`` were kept."""
        if self.columns is None:
            return None
        made = {(a, b): own[a] + own[b] for a, own in self.columns.items() for b in own if a != b}
        return Grouped(made, "pair")

    @property
    def evidence(self) -> Evidence:
        """What only the rows could show."""
        held = self._held
        if isinstance(held, Grouped):
            return held[next(iter(held))].evidence if held else Evidence()
        return Evidence() if held is None else held.evidence

    def __add__(self, other: object) -> Tallies:
        if not isinstance(other, Tallies):
            return self if type(other) is int and other == 0 else NotImplemented
        if self.kind is None or other.kind is None:
            return other if self.kind is None else self
        mine, theirs = self.shape(), other.shape()
        if mine != theirs:
            raise MergeRefused(f"One evaluation is {mine}, the other {theirs}.", fix="Evaluate both in the same way.")
        if isinstance(self.matrix if self.scores is None else self.scores, Grouped):
            self.labels.unite(other.labels)  # other labels would leave some of them with fewer rows
        matrix = _sum(self.matrix, other.matrix)
        made = Tallies(
            class_kind(matrix) if self.scores is None and isinstance(matrix, ConfusionMatrix) else self.kind,
            matrix,
            _sum(self.scores, other.scores),
            {name: self.moments[name] + other.moments[name] for name in self.moments},
            _sum(self.ranks, other.ranks),
            {name: self.matrices[name] + other.matrices[name] for name in self.matrices},
            _sum(self.columns, other.columns),
            _sum(self.units, other.units),
            worst=None if self.worst is None or other.worst is None else _sum(self.worst, other.worst),
            row_costs=_sum(self.row_costs, other.row_costs),
        )
        return made.sliced({names: self.slices[names] + other.slices[names] for names in self.slices})

    __radd__ = __add__

    def sliced(self, slices: Mapping[tuple[str, ...], Slices]) -> Tallies:
        """The same with slices, each with the classes of the whole."""
        return replace(self, slices={names: x.within(self) for names, x in slices.items()}) if slices else self

    def without_slices(self) -> Tallies:
        """The same of all rows alone."""
        return replace(self, slices={})

    def coarsen(self, grid: str | Grid, pins: Iterable[float] | None = None) -> Tallies:
        """The same with its scores on a coarser grid; ``pins`` are thresholds."""

        def coarse(held: Any) -> Any:
            if isinstance(held, Grouped):
                return Grouped({key: coarse(member) for key, member in held.items()}, held.kind)
            return held and held.coarsen(grid, None if pins is None else pinned(pins, held.score_kind))

        units = self.units and replace(self.units, buckets=self.units.buckets.each(lambda x: x.coarsen(grid, pins)))
        slices = {names: x.coarsen(grid, pins) for names, x in self.slices.items()}
        scores, costs = coarse(self.scores), self.row_costs
        columns = coarse(self.columns) if _on_a_grid(self.columns) else None
        costs = costs and costs.coarsen(grid, scores.pins)
        return replace(self, scores=scores, columns=columns, units=units, slices=slices, row_costs=costs)

    def nameless(self) -> Tallies:
        """The same without ids of rows."""
        return replace(self, worst=None, slices={names: x.each(Tallies.nameless) for names, x in self.slices.items()})

    def beside(self, evidence: Evidence) -> Tallies:
        """The same with more evidence beside every matrix and every score tally."""

        def told(held: Any) -> Any:
            if held is None or not evidence:
                return held
            if isinstance(held, Grouped):
                return Grouped({key: told(member) for key, member in held.items()}, held.kind)
            return replace(held, evidence=held.evidence + evidence)

        return replace(self, matrix=told(self.matrix), scores=told(self.scores))

    def shape(self, names: Iterable[tuple[str, ...]] | None = None) -> str:
        """What is kept, in words; the same of both sides of a sum. ``names`` are the slices, all unless said."""
        held = [name for name in _PARTS if getattr(self, name) is not None]
        held += [*sorted(self.moments), *(f"the rule {name!r}" for name in sorted(self.matrices))]
        kind = self.kind if held != ["matrix"] or self.kind == "multilabel" else "one of given classes"
        held += [f"slices by {told(columns)}" for columns in sorted(self.slices if names is None else names)]
        return f"{kind} with {', '.join(held).replace('row_costs', 'row costs')}"


def class_kind(matrix: ConfusionMatrix) -> Kind:
    """What given classes make: a batch may hold fewer of them than the whole."""
    return "binary" if len(matrix.labels) <= 2 else "multiclass"


def _on_a_grid(columns: Grouped[Grouped[ScoreTally]] | None) -> bool:
    return columns is not None and any(x.binned for own in columns.values() for x in own.values())


def _sum(a: Any, b: Any) -> Any:
    return None if a is None else a + b
