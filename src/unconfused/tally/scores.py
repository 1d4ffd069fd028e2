"""ScoreTally: negatives and positives at each distinct score; every threshold at once."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import InvalidValues, MergeRefused, NotKept, ScoresOutOfRange, ThresholdUnset
from unconfused.findings import Evidence
from unconfused.labels import Labels
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.kernels import Floats, Ints, check_total, count_codes, exact_total, runs, same, sum_codes

ScoreKind: TypeAlias = Literal["probability", "logit", "raw"]
SCORE_KINDS: tuple[ScoreKind, ...] = ("probability", "logit", "raw")
COLUMNS = 4
"""The truth of a row: negative, positive, and the seats other and missing."""


@dataclass(frozen=True, eq=False, repr=False)
class ScoreTally:
    """Rows of either class at each distinct score: the exact tally of a binary problem.

    A tally: ``+`` unites the scores. Positive means ``score >= threshold``, both as float64.

    Attributes:
        labels: the two classes, one of them positive.
        score_kind: "probability", "logit" (log-odds) or "raw".
        scores: the distinct scores, ascending, float64 (U,).
        full: rows, int64 (U + 1, 4). Row 0 is the rows without a usable score; row i + 1 stands at ``scores[i]``.
            Columns: negative, positive, and the seats ``other`` and ``missing`` of the truth.
        full_weights, full_squares: Σw and Σw² in the same cells, float64, or None for unweighted rows.
        evidence: what only the rows could show.
    """

    labels: Labels
    score_kind: ScoreKind
    scores: Floats
    full: Ints
    full_weights: Floats | None = None
    full_squares: Floats | None = None
    evidence: Evidence = field(default_factory=Evidence)

    def __post_init__(self) -> None:
        for array in (self.scores, self.full, self.full_weights, self.full_squares):
            if array is not None:
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
    ) -> ScoreTally:
        """Tally rows: ``truth`` (n,) holds columns 0…3 as above, ``scores`` (n,) the score, NaN where there is none."""
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
        return cls(
            labels,
            score_kind,
            ranked[starts],
            count_codes(codes, size, count).reshape(-1, COLUMNS),
            summed(None if weights is None else weights * times),
            summed(None if weights is None else weights**2 * times),
            evidence or Evidence(),
        )

    @classmethod
    def zero(cls) -> ScoreTally:
        """The tally of no rows: x + zero is x."""
        return cls(Labels(()), "probability", np.zeros(0), np.zeros((1, COLUMNS), np.int64))

    # ── reading it ────────────────────────────────────────────────────────────────────────────
    @property
    def mass(self) -> Ints:
        """Rows, negative and positive, at each score: int64 (U, 2)."""
        return self.full[1:, :2]

    @property
    def weights(self) -> Floats | None:
        """Sums of weights, negative and positive, at each score: float64 (U, 2), or None."""
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
        return exact_total(self.mass[:, 0])

    @property
    def positives(self) -> int:
        """Rows of the positive class that have a score."""
        return exact_total(self.mass[:, 1])

    @property
    def total(self) -> int:
        """Rows counted."""
        return exact_total(self.full)

    @property
    def left_out(self) -> dict[str, int]:
        """Rows that the caller asked to leave out, by reason."""
        return self.evidence.left_out

    @property
    def probabilities(self) -> Floats:
        """The scores as probabilities: as they are, or log-odds through the logistic function.

        Raises:
            NotKept: raw scores have no such reading.
        """
        if self.score_kind == "raw":
            raise NotKept(
                "These scores are of score_kind='raw'.",
                "They rank rows, but no one said which probability a score stands for.",
                "Calibrate them first, or pass score_kind='logit' if they are log-odds.",
            )
        return self.scores if self.score_kind == "probability" else logistic(self.scores)

    def weighty(self) -> ScoreTally:
        """Without the scores whose rows weigh nothing: they are no points of a ranking."""
        if self.weights is None or self.weights.any(1).all():
            return self
        kept = np.concatenate([[True], self.weights.any(1)])
        parts = {x: getattr(self, x)[kept] for x in ("full", "full_weights", "full_squares")}
        return replace(self, scores=self.scores[kept[1:]], **parts)

    def at(self, threshold: float) -> ConfusionMatrix:
        """The matrix of the rule "positive when score >= threshold".

        ``threshold=inf`` calls nothing positive (but raw scores of inf). A row without a usable score is called
        ``missing``.
        """
        cut = cut_of(threshold, self.score_kind)
        split = int(np.searchsorted(self.scores, cut, side="left")) + 1

        def table(full: Any) -> Any:
            return None if full is None else self._tabled(full[0], full[1:split].sum(0), full[split:].sum(0))

        return ConfusionMatrix(
            self.labels,
            table(self.full),
            table(self.full_weights),
            table(self.full_squares),
            self.evidence + Evidence(rounded=sum(self._rows_at(near) for near in near_misses(cut))),
            f"score >= {float(threshold)!r}",
        )

    def _rows_at(self, score: float) -> int:
        """Rows whose score is exactly that."""
        place = int(np.searchsorted(self.scores, score))
        return exact_total(self.full[place + 1]) if place < len(self.scores) and self.scores[place] == score else 0

    def _tabled(self, unscored: NDArray[Any], below: NDArray[Any], above: NDArray[Any]) -> NDArray[Any]:
        positive = self.labels.require_positive("at()")
        if len(self.labels) == 1:
            raise NotKept(
                f"Every row is {self.labels.names[0]!r}, and the other class has no name.",
                "What is called negative would stand in no column.",
                "Declare both: labels=[negative, positive].",
            )
        truth = [1 - positive, positive, 2, 3]  # where a column of `full` stands in the matrix
        out = np.zeros((COLUMNS, COLUMNS), unscored.dtype)
        out[truth, 1 - positive], out[truth, positive], out[truth, 3] = below, above, unscored
        return out

    # ── adding ────────────────────────────────────────────────────────────────────────────────
    def __add__(self, other: object) -> ScoreTally:
        if not isinstance(other, ScoreTally):
            return self if type(other) is int and other == 0 else NotImplemented
        for a, b in ((self, other), (other, self)):
            if not a.labels and not a.total and a.full_weights is None:
                return b
        if (self.full_weights is None) != (other.full_weights is None):
            raise MergeRefused("One tally has weighted rows and the other unweighted ones.")
        if self.score_kind != other.score_kind:
            raise MergeRefused(
                f"The scores are of kind {self.score_kind!r} on one side and {other.score_kind!r} on the other.",
                "They are not on one scale.",
                "Tally both with the same score_kind=.",
            )
        same_labels = self.labels.key() == other.labels.key()
        labels = self.labels if same_labels else self._seen_labels().unite(other._seen_labels())
        if len(labels) > 2:
            raise MergeRefused(f"Together the tallies have {len(labels)} classes, {labels!r}; scores tell two apart.")
        check_total(self.total + other.total, lambda: self.total + other.total)
        scores = np.concatenate([self.scores, other.scores])
        order = np.argsort(scores, kind="stable")
        starts = runs(scores[order])

        def united(a: Any, b: Any) -> Any:
            if a is None or b is None:
                return None
            merged = np.concatenate([a[1:], b[1:]])[order]
            summed = np.add.reduceat(merged, starts, axis=0) if len(starts) else merged
            return np.concatenate([a[:1] + b[:1], summed])

        return ScoreTally(
            labels,
            self.score_kind,
            scores[order][starts],
            united(self.full, other.full),
            united(self.full_weights, other.full_weights),
            united(self.full_squares, other.full_squares),
            self.evidence + other.evidence,
        )

    __radd__ = __add__

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
        mine, theirs = ((x.labels.key(), x.score_kind, x.evidence) for x in (self, other))
        arrays = ("scores", "full", "full_weights", "full_squares")
        return mine == theirs and all(same(getattr(self, x), getattr(other, x)) for x in arrays)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ScoreTally({self.total:,} rows at {len(self.scores):,} distinct scores, {self.labels!r})"


def logistic(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), without overflow.    Shape: any."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def cut_of(threshold: float, score_kind: ScoreKind) -> float:
    """The threshold on the axis of the scores: log-odds for logits, else as it is.

    Raises:
        ScoresOutOfRange: no probability, where a probability is meant.
    """
    try:
        t = float(threshold)
    except (TypeError, ValueError):
        raise ThresholdUnset(f"threshold={threshold!r} is no number.", fix="Name one, such as 0.5.") from None
    if math.isnan(t):
        raise InvalidValues("threshold= is NaN.", "No score can be compared with it.", "Name a number.")
    if score_kind != "raw" and math.isfinite(t) and not 0 <= t <= 1:
        raise ScoresOutOfRange(
            f"threshold={t:g} is no probability.",
            f"With score_kind={score_kind!r} thresholds are probabilities between 0 and 1.",
            "Name one of those; only score_kind='raw' has thresholds in units of its own.",
        )
    if score_kind != "logit" or t == -math.inf:
        return t
    if t == math.inf:
        return math.nan  # above every probability, that of log-odds inf too: no score is >= NaN
    return math.inf if t == 1 else -math.inf if t == 0 else math.log(t) - math.log1p(-t)


def near_misses(cut: float) -> set[float]:
    """What ``cut`` becomes in 32 and 16 bits, where that is another number: scores there look equal and are not.

    0, 1 and inf are left out: scores of any type stand there, and have been rounded by no one.

    >>> near_misses(0.5)
    set()
    """
    if not math.isfinite(cut):
        return set()
    with np.errstate(over="ignore"):
        return {float(np.float32(cut)), float(np.float16(cut))} - {cut, 0.0, 1.0, math.inf, -math.inf}
