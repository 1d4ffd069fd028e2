"""ScoreTally: negatives and positives at each score, or in each bin of a grid; every threshold at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unconfused.errors import MergeRefused, NotKept
from unconfused.findings import Evidence
from unconfused.labels import Labels
from unconfused.tally.axis import ScoreKind, logistic, pinned
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.cuts import COLUMNS, added, bracket, matrix_at, placed, unfolded
from unconfused.tally.grids import EXACT, Grid
from unconfused.tally.kernels import Floats, Ints, check_total, count_codes, exact_total, runs, same, sum_codes
from unconfused.tally.opened import Opened, What, kept_apart, replaced
from unconfused.tally.sides import Ranked as Placements
from unconfused.tally.sides import ranked_sums

_ARRAYS = ("scores", "full", "full_weights", "full_squares", "pins", "lows", "highs")


@dataclass(frozen=True, eq=False, repr=False)
class ScoreTally:
    """Rows of either class in each cell of a binary problem's scores.

    A cell is one distinct score (the exact tally) or one bin of a grid, split by the pins that fall into it. Positive
    means ``score >= threshold``, both as float64; a threshold between two cells parts their rows exactly.

    A tally: ``+`` unites the cells, of two grids of one family on the coarser, of pins those that both sides have.

    Attributes:
        labels: the two classes, one of them positive.
        score_kind: "probability", "logit" (log-odds) or "raw".
        scores: the lowest score in each cell, ascending, float64 (U,).
        full: rows, int64 (U + 1, 4). Row 0 is the rows without a usable score; row i + 1 is the cell of ``scores[i]``.
            Columns: negative, positive, and the seats ``other`` and ``missing`` of the truth.
        full_weights, full_squares: Σw and Σw² in the same cells, float64, or None for unweighted rows.
        evidence: what only the rows could show.
        grid: the bins.
        pins: scores that no cell reaches across, ascending, float64.
        lows, highs: the lowest and the highest score of the rows behind ``full[1:]``, inf and -inf where there are
            none, float64 (U, 4). None where every cell is one score.
    """

    labels: Labels
    score_kind: ScoreKind
    scores: Floats
    full: Ints
    full_weights: Floats | None = None
    full_squares: Floats | None = None
    evidence: Evidence = field(default_factory=Evidence)
    grid: Grid = EXACT
    pins: Floats = field(default_factory=lambda: np.zeros(0))
    lows: Floats | None = field(default_factory=lambda: None)
    highs: Floats | None = field(default_factory=lambda: None)

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            if (array := getattr(self, name)) is not None:
                array.setflags(write=False)

    # ── making one ────────────────────────────────────────────────────────────────────────────
    @classmethod
    def count(
        cls,
        labels: Labels,
        score_kind: ScoreKind,
        truth: NDArray[Any],
        scores: Floats,
        *,
        count: Ints | None = None,
        weights: Floats | None = None,
        evidence: Evidence | None = None,
        grid: Grid = EXACT,
        pins: ArrayLike = (),
        refine: What = False,
    ) -> ScoreTally:
        """Tally rows: ``truth`` (n,) holds columns 0…3 as above, ``scores`` (n,) the score, NaN where there is none.

        ``refine`` keeps the scores of bins that leave something open: the order of their rows ("order"), or anything.
        With some cells `Opened` it keeps the rows in these alone, exactly.
        """
        if isinstance(refine, Opened):
            at = refine.holds(scores, grid, pins)
            truth, scores = truth[at], scores[at]
            if count is None and weights is None and (truth < 2).all():
                negative, positive = (np.sort(scores[truth == i] + 0.0) for i in (0, 1))
                return cls.of_sides(labels, score_kind, negative, positive)
            count, grid = None if count is None else count[at], EXACT
            weights = None if weights is None else weights[at]
        usable = ~np.isnan(scores)
        order = np.argsort(scores, kind="stable")  # NaN last
        ranked = scores[order[: int(usable.sum())]] + 0.0  # -0.0 ties with 0.0
        starts = runs(ranked)
        place = np.zeros(len(scores), np.int64)  # row 0: no usable score
        place[order[: len(ranked)]] = np.repeat(np.arange(1, len(starts) + 1), np.diff(np.append(starts, len(ranked))))
        codes, size = place * COLUMNS + truth, (len(starts) + 1) * COLUMNS

        def summed(values: Floats | None) -> Floats | None:
            return None if values is None else sum_codes(codes, size, values).reshape(-1, COLUMNS)

        times = 1 if count is None else count
        exact = cls(
            labels,
            score_kind,
            ranked[starts],
            count_codes(codes, size, count).reshape(-1, COLUMNS),
            summed(None if weights is None else weights * times),
            summed(None if weights is None else weights**2 * times),
            evidence or Evidence(),
        )
        if grid == EXACT:
            return exact
        coarse = exact.coarsen(grid, pins)
        return kept_apart(coarse, exact, refine) if refine else coarse

    @classmethod
    def of_sides(
        cls,
        labels: Labels,
        score_kind: ScoreKind,
        negative: NDArray[Any],
        positive: NDArray[Any],
        evidence: Evidence | None = None,
    ) -> ScoreTally:
        """The exact tally of the sorted scores of either class; its cells are made when they are first asked for."""
        made = cls.__new__(cls)
        vars(made).update(
            labels=labels, score_kind=score_kind, full_weights=None, full_squares=None, evidence=evidence or Evidence(),
            grid=EXACT, pins=np.zeros(0), lows=None, highs=None, sides=(negative, positive),
        )  # fmt: skip
        return made

    @classmethod
    def of_pairs(
        cls, labels: Labels, score_kind: ScoreKind, pairs: tuple[NDArray[Any], ...], evidence: Evidence, bins: Any
    ) -> ScoreTally:
        """The tally of the rows, lowest and highest scores of both classes in each bin, (U, 2) each; made as above."""
        made = cls.__new__(cls)
        vars(made).update(labels=labels, score_kind=score_kind, full_weights=None, full_squares=None)
        vars(made).update(evidence=evidence, grid=bins["grid"], pins=bins["pins"], pairs=pairs)
        return made

    def __getattr__(self, name: str) -> Any:
        """The cells of a tally that was made of its sides, or of pairs."""
        kept = vars(self)
        if name not in ("scores", "full", "lows", "highs") or not ("sides" in kept or "pairs" in kept):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        kept.update(unfolded(*kept["pairs"]) if "pairs" in kept else placed(*kept["sides"]))
        return kept[name]

    @classmethod
    def zero(cls) -> ScoreTally:
        """The tally of no rows: x + zero is x."""
        return cls(Labels(()), "probability", np.zeros(0), np.zeros((1, COLUMNS), np.int64))

    def coarsen(self, grid: str | Grid, pins: ArrayLike | None = None) -> ScoreTally:
        """The same rows in the bins of a coarser grid: of an exact tally any, else one of its family.

        Args:
            grid: such as "folded" or "folded(5)".
            pins: scores that no cell may reach across; the tally's own, of an exact one the per cents.

        Raises:
            MergeRefused: a grid in which the bins do not nest.
            NotKept: a pin that the tally does not have.
        """
        grid = Grid.parse(grid)
        if self.grid != EXACT and grid.with_coarser(self.grid) != grid:
            raise MergeRefused(f"The tally is {self.grid}, and {grid} is finer.", fix="Count the rows again.")
        if pins is None:
            pins = self.pins if self.binned else pinned(None, self.score_kind)
        wanted = np.unique(np.asarray(pins, np.float64) + 0.0)
        if self.binned and (lost := np.setdiff1d(wanted, self.pins)).size:
            raise NotKept(
                f"The tally has no pin at {lost[0]:g}.", "What stood on either side of it was added up.",
                "Pin it before the pass: pins=[...].",
            )  # fmt: skip
        return self if grid == EXACT else self._united([self], grid, wanted)

    def refined(self, rows: ScoreTally, cells: NDArray[np.bool_]) -> ScoreTally:
        """The same with each of ``cells`` (U,) replaced by the scores of its rows, whose exact tally is ``rows``.

        It stays on its grid, and adds as before; a sum with another tally has whole bins again.
        """
        return replace(self, **replaced(self, rows, cells))

    def merged(self, starts: Ints) -> ScoreTally:
        """Neighbouring cells put together, a new one beginning at each of ``starts``."""
        sizes = np.diff(starts, append=len(self.scores))
        return replace(self, **added([self], [np.repeat(starts, sizes)], extremes=True))

    # ── reading it ────────────────────────────────────────────────────────────────────────────
    @property
    def mass(self) -> Ints:
        """Rows, negative and positive, in each cell: int64 (U, 2)."""
        return self.full[1:, :2]

    @property
    def weights(self) -> Floats | None:
        """Sums of weights, negative and positive, in each cell: float64 (U, 2), or None."""
        return None if self.full_weights is None else self.full_weights[1:, :2]

    @property
    def squares(self) -> Floats | None:
        """Sums of squared weights in the same cells, or None."""
        return None if self.full_squares is None else self.full_squares[1:, :2]

    @property
    def masses(self) -> Floats:
        """What metrics read: sums of weights where rows are weighted, else rows.    Shape: (U, 2) float64."""
        return self.mass.astype(np.float64) if self.weights is None else self.weights

    @property
    def negatives(self) -> int:
        """Rows of the negative class that have a score."""
        return len(vars(self)["sides"][0]) if "sides" in vars(self) else exact_total(self.mass[:, 0])

    @property
    def positives(self) -> int:
        """Rows of the positive class that have a score."""
        return len(vars(self)["sides"][1]) if "sides" in vars(self) else exact_total(self.mass[:, 1])

    @property
    def total(self) -> int:
        """Rows counted."""
        return self.negatives + self.positives if "sides" in vars(self) else exact_total(self.full)

    @cached_property
    def placements(self) -> Placements | None:
        """How the positives stand among the negatives, where both are at hand in order: the ROC AUC and its error."""
        return ranked_sums(*vars(self)["sides"]) if "sides" in vars(self) else None

    @property
    def left_out(self) -> dict[str, int]:
        """Rows that the caller asked to leave out, by reason."""
        return self.evidence.left_out

    @property
    def binned(self) -> bool:
        """Whether a cell may hold several scores, so that values come with bounds."""
        return self.lows is not None

    @property
    def probabilities(self) -> Floats:
        """The lowest score in each cell as a probability.    Shape: (U,).

        Raises:
            NotKept: raw scores have no such reading.
        """
        return self.as_probability(self.scores)

    @property
    def mids(self) -> Floats:
        """The middle of the scores that each class has in a cell, as probabilities.    Shape: (U, 2).

        Where a class has none it is that of the lowest score.
        """
        own = self.probabilities[:, None]
        if self.lows is None or self.highs is None:
            return np.repeat(own, 2, 1)
        low, high = (np.where(self.mass > 0, self.as_probability(x[:, :2]), own) for x in (self.lows, self.highs))
        return np.where(low == high, low, low / 2 + high / 2)

    def as_probability(self, scores: Floats) -> Floats:
        """Scores of this kind as probabilities: as they are, or log-odds through the logistic function.

        Raises:
            NotKept: raw scores have no such reading.
        """
        if self.score_kind == "raw":
            raise NotKept(
                "These scores are of score_kind='raw'.",
                "They rank rows, but no one said which probability a score stands for.",
                "Calibrate them first, or pass score_kind='logit' if they are log-odds.",
            )
        return scores if self.score_kind == "probability" else logistic(scores)

    def weighty(self) -> ScoreTally:
        """Without the cells whose rows weigh nothing: they are no points of a ranking."""
        if self.weights is None or self.weights.any(1).all():
            return self
        return self.taken(np.flatnonzero(self.weights.any(1)))

    def ranked(self) -> ScoreTally:
        """Each cell in which one class lies wholly below the other as two: the finest ranking that is certain."""
        if self.lows is None or self.highs is None:
            return self
        apart = (self.full[1:, :2] > 0).all(1) & ~self.full[1:, 2:].any(1)
        first = np.where(self.highs[:, 0] < self.lows[:, 1], 0, 1)  # the column that stands lower
        apart &= (self.highs[:, 0] < self.lows[:, 1]) | (self.highs[:, 1] < self.lows[:, 0])
        if not apart.any():
            return self
        cells = np.repeat(np.arange(len(apart)), 1 + apart)
        second = np.diff(cells, prepend=-1) == 0
        lower = apart[cells] & ~second
        drop = np.zeros((len(cells), COLUMNS), bool)
        drop[lower, 1 - first[cells[lower]]] = drop[second, first[cells[second]]] = True
        return self.taken(cells, drop)

    def taken(self, cells: NDArray[Any], drop: NDArray[np.bool_] | None = None) -> ScoreTally:
        """These cells, without the rows under ``drop``."""

        def kept(array: Any, gone: float = 0) -> Any:
            if array is None:
                return None
            head = len(array) - len(self.scores)
            taken = array[cells + head] if drop is None else np.where(drop, gone, array[cells + head])
            return np.concatenate([array[:head], taken.astype(array.dtype)])

        lows, highs = kept(self.lows, np.inf), kept(self.highs, -np.inf)
        sums = {name: kept(getattr(self, name)) for name in ("full", "full_weights", "full_squares")}
        scores = self.scores[cells] if drop is None else lows.min(1)
        return replace(self, scores=scores, lows=lows, highs=highs, **sums)

    def at(self, threshold: float) -> ConfusionMatrix:
        """The matrix of the rule "positive when score >= threshold".

        ``threshold=inf`` calls nothing positive (but raw scores of inf). A row without a usable score is called
        ``missing``.

        Raises:
            NotKept: rows of a bin may lie on either side of the threshold.
        """
        return matrix_at(self, threshold)

    def bracket(self, threshold: float) -> list[ConfusionMatrix]:
        """The matrix at a threshold; where rows of a bin may be on both sides the likely one, then the extremes."""
        return bracket(self, threshold)

    # ── adding ────────────────────────────────────────────────────────────────────────────────
    def __add__(self, other: object) -> ScoreTally:
        if not isinstance(other, ScoreTally):
            return self if type(other) is int and other == 0 else NotImplemented
        for a, b in ((self, other), (other, self)):
            if not a.labels and not a.total and a.full_weights is None:
                return b
        if (self.full_weights is None) != (other.full_weights is None):
            raise MergeRefused(
                "One tally has weighted rows and the other unweighted ones.",
                fix="Count both with sample_weight=, or neither.",
            )
        if self.score_kind != other.score_kind:
            raise MergeRefused(
                f"The scores are of kind {self.score_kind!r} on one side and {other.score_kind!r} on the other.",
                "They are not on one scale.",
                "Tally both with the same score_kind=.",
            )
        sides = [vars(x).get("sides") for x in (self, other)]
        if None not in sides and self.labels.key() == other.labels.key():
            low, high = (np.sort(np.concatenate(side)) for side in zip(*sides, strict=True))
            return ScoreTally.of_sides(self.labels, self.score_kind, low, high, self.evidence + other.evidence)
        grid = self.grid.with_coarser(other.grid)
        same_labels = self.labels.key() == other.labels.key()
        labels = self.labels if same_labels else self._seen_labels().unite(other._seen_labels())
        if len(labels) > 2:
            raise MergeRefused(f"Together the tallies have {len(labels)} classes, {labels!r}; scores tell two apart.")
        check_total(self.total + other.total, lambda: self.total + other.total)
        pins = self.pins if same(self.pins, other.pins) else np.intersect1d(self.pins, other.pins)
        stated = replace(self, labels=labels, evidence=self.evidence + other.evidence)
        return stated._united([self, other], grid, pins)

    __radd__ = __add__

    def _united(self, parts: list[ScoreTally], grid: Grid, pins: Floats) -> ScoreTally:
        """All rows of ``parts`` in the cells of one grid, the rest as here."""

        def keys(scores: Floats) -> NDArray[Any]:
            return scores if grid == EXACT else grid.bins(scores) + np.searchsorted(pins, scores, side="right")

        sums = added(parts, [keys(x.scores) for x in parts], extremes=grid != EXACT or any(x.binned for x in parts))
        return replace(self, grid=grid, pins=pins, **sums)

    def _seen_labels(self) -> Labels:
        """Without an inferred class that no row has: it was only filled in to make two."""
        positive = self.labels.positive
        if self.labels.declared or positive is None:
            return self.labels
        seen = self.full.sum(0, dtype=bool).tolist()
        kept = [value for i, value in enumerate(self.labels.values) if seen[int(i == positive)]]
        return Labels(kept, pos_label=self.labels.pos_label)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ScoreTally):
            return NotImplemented
        mine, theirs = ((x.labels.key(), x.score_kind, x.evidence, x.grid) for x in (self, other))
        return mine == theirs and all(same(getattr(self, x), getattr(other, x)) for x in _ARRAYS)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        places = f"bins, {self.grid}" if self.binned else "distinct scores"
        return f"ScoreTally({self.total:,} rows at {len(self.scores):,} {places}, {self.labels!r})"
