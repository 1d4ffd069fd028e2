"""Rules that read the scores of a binary problem."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from unconfused.diagnosis.chance import is_grouped
from unconfused.diagnosis.counts import FEW, MANY, surer_than_right, uneven
from unconfused.findings import Finding
from unconfused.tally.cuts import settled
from unconfused.tally.scores import ScoreTally

TWICE = 0.7311
"""logistic(1): no sigmoid of a sigmoid lies above it, or below one half."""


@dataclass(frozen=True)
class Ranked:
    """The scores as the rules read them; what several of them need is added up once."""

    scores: ScoreTally

    @cached_property
    def mass(self) -> NDArray[np.int64]:
        """Rows of the negative and of the positive class in each cell, one class after the other.    Shape: (2, U)."""
        return np.ascontiguousarray(self.scores.mass.T)

    @cached_property
    def sides(self) -> tuple[int, int]:
        """Negative and positive rows that have a score; no tally holds more than 64 bits do."""
        sides = vars(self.scores).get("sides")
        negatives, positives = map(len, sides) if sides else self.mass.sum(1).tolist()
        return negatives, positives

    @property
    def positives(self) -> int:
        """Positive rows that have a score."""
        return self.sides[1]

    @property
    def negatives(self) -> int:
        """Negative rows that have a score."""
        return self.sides[0]

    @cached_property
    def rows(self) -> int:
        """Rows of both classes; 0 where one of them is missing."""
        return self.positives + self.negatives if self.positives and self.negatives else 0

    @cached_property
    def auc(self) -> float:
        """ROC AUC, each row counted once: Σ p (n below + n level / 2) / PN.  (No product of vectors: no threads.)"""
        negative, positive = self.mass.astype(np.float64)
        wins = float((positive * (negative.cumsum() - negative / 2)).sum())
        return wins / self.positives / self.negatives

    @cached_property
    def below_half(self) -> float:
        """How many standard errors of pure chance the AUC lies below one half."""
        return (0.5 - self.auc) / math.sqrt((self.rows + 1) / 12 / (self.positives * self.negatives))

    @cached_property
    def accuracy(self) -> float:
        """The share of rows that a threshold of one half would get right; not for raw scores."""
        at = int(self.scores.scores.searchsorted(0.5 if self.scores.score_kind == "probability" else 0.0))
        return (int(self.mass[0, :at].sum()) + int(self.mass[1, at:].sum())) / self.rows

    @cached_property
    def confidence(self) -> float:
        """The mean of max(p, 1 - p); not for raw scores."""
        p = self.scores.probabilities
        return float((np.maximum(p, 1 - p) * self.mass.sum(0)).sum()) / self.rows


def one_class(r: Ranked) -> Iterator[Finding]:
    """Nothing to rank against."""
    p, n = r.positives, r.negatives
    if p and n:
        return
    missing = "positive" if not p else "negative"
    yield Finding(
        "CM-ONE-CLASS",
        "note",
        f"No {missing} row has a score (positive is {str(r.scores.labels.positive_name)!r}): "
        "curves and their areas are undefined.",
        {"positives": p, "negatives": n},
    )


def hard(r: Ranked) -> Iterator[Finding]:
    """Classes given as scores."""
    rows, s = r.rows, r.scores.scores
    if rows < FEW or len(s) > 2 or not settled(r.scores).all():
        return
    values = set(s.tolist())
    if values <= {0.0, 1.0} or values == {-1.0, 1.0}:
        own = r.scores.evidence["modelled"] > 0
        yield Finding(
            "CM-HARD-SCORE",
            "note" if own else "warning",
            f"The scores of {rows:,} rows are only {-1 if -1.0 in values else 0} and 1: "
            + ("the model is always certain." if own else "classes, or a model that is always certain."),
            {"rows": rows, "distinct": len(s)},
            "ROC AUC of such scores is balanced accuracy. Pass predict_proba(X)[:, 1] or decision_function(X) of a "
            "model that has more to say than a full tree or a single neighbour.",
        )


def constant(r: Ranked) -> Iterator[Finding]:
    """One score for every row, which ranks none of them."""
    s = r.scores.scores
    if r.rows < FEW or len(s) != 1 or not settled(r.scores).all() or float(s[0]) in (0.0, 1.0):
        return  # 0 or 1 throughout is a class
    yield Finding(
        "CM-CONST",
        "warning",
        f"Every one of {r.rows:,} rows has the score {float(s[0]):.3g}, though both classes occur: it ranks nothing.",
        {"rows": r.rows, "score": float(s[0])},
        "Usual causes: a model that learned nothing, a baseline, dead units before the last layer, the same input for "
        "every row.",
    )


def inverted(r: Ranked) -> Iterator[Finding]:
    """The negatives stand above the positives."""
    if r.rows and r.below_half > 4:
        auc, z = r.auc, r.below_half
        yield Finding(
            "CM-INVERTED",
            "warning",
            f"ROC AUC is {auc:.3f}, {z:.1f} standard errors below 0.5: the scores rank the negative class higher.",
            {"roc_auc": auc, "z": z},
            "Look for the wrong column of predict_proba, a distance used as a score, or the wrong pos_label=. "
            "Nothing was turned round.",
        )


def never_low(r: Ranked) -> Iterator[Finding]:
    """Probabilities that never fall below one half, of a class that is not that common."""
    rows, s = r.rows, r.scores.scores
    if rows < 50 or r.scores.score_kind != "probability" or not len(s) or s[0] < 0.5 or len(s) <= 2:
        return
    prevalence = r.positives / rows
    if r.confidence - prevalence < 0.1:
        return
    twice = s[-1] <= TWICE
    why = "A sigmoid applied twice gives just this range." if twice else (
        "It looks like the probability of the predicted class, max(axis=1), and not of the positive one."
    )  # fmt: skip
    yield Finding(
        "CM-MAXPROB",
        "warning",
        f"The score never falls below 0.5 (from {s[0]:.3f} to {s[-1]:.3f}), although {1 - prevalence:.0%} of the rows "
        f"are negative. {why}",
        {"lowest": float(s[0]), "highest": float(s[-1]), "prevalence": prevalence},
        'Pass the output before its last sigmoid as score_kind="logit".' if twice else "Pass column [:, 1].",
    )


def overconfident(r: Ranked) -> Iterator[Finding]:
    """Probabilities that are far surer than right, at chance or above it."""
    rows, scores = r.rows, r.scores
    if rows < MANY or scores.score_kind == "raw" or len(scores.scores) <= 2 or r.confidence - r.accuracy <= 0.3:
        return
    auc, z, sure = r.auc, r.below_half, r.confidence
    if abs(z) < 3 and is_grouped(scores.evidence["neighbours"], scores.evidence["changes"], 2):
        yield Finding(
            "CM-ORDER",
            "warning",
            f"ROC AUC is {auc:.3f}, as of chance (z = {-z:.1f}), although the scores are {sure:.0%} sure of themselves "
            "and y_true is grouped by class.",
            {"roc_auc": auc, "z": -z, "confidence": sure},
            "This is what a shuffled generator looks like: labels in one order, scores in another. Collect both in one "
            "pass (unconfused.evaluate_model does).",
        )
    elif z <= 4:
        yield surer_than_right(sure, r.accuracy, rows, skill=2 * auc - 1)


def perfect(r: Ranked) -> Iterator[Finding]:
    """Not one pair in the wrong order."""
    if r.rows >= MANY and len(r.scores.scores) > 2 and not ((r.mass > 0).all(0)).any() and r.auc == 1:
        yield Finding(
            "CM-PERFECT",
            "note",
            f"Every positive of {r.rows:,} rows has a higher score than every negative.",
            {"rows": r.rows},
            "Check that the target is no feature, and that these rows were not trained on.",
        )


def weights(r: Ranked) -> Iterator[Finding]:
    """A few heavy rows that decide everything."""
    scores = r.scores
    if r.rows >= MANY and scores.weights is not None and scores.squares is not None:
        yield from uneven(r.rows, float(scores.weights.sum()), float(scores.squares.sum()))


def saturated(r: Ranked) -> Iterator[Finding]:
    """Many rows at exactly 0 or 1, where nothing ranks them."""
    rows, s, mass = r.rows, r.scores.scores, r.mass
    if rows < MANY or r.scores.score_kind != "probability" or len(s) <= 20:
        return
    at_ends = int(mass[:, (s == 0) | (s == 1)].sum())
    wrong = int(mass[1, s == 0].sum() + mass[0, s == 1].sum())
    if at_ends > rows / 4 and wrong:
        yield Finding(
            "CM-SATURATED",
            "note",
            f"{at_ends / rows:.0%} of the scores are exactly 0 or 1, {wrong:,} of them on the wrong side: nothing "
            "ranks them there, and their log loss is as large as it is clipped.",
            {"share": at_ends / rows, "wrong": wrong},
            'Pass the log-odds before the last sigmoid or softmax: score_kind="logit".',
        )


def tied(r: Ranked) -> Iterator[Finding]:
    """Pairs of a positive and a negative row that no score tells apart."""
    scores = r.scores
    if r.rows < FEW or len(scores.scores) <= 2:
        return
    pairs = float(r.positives) * r.negatives
    alike = settled(scores)  # in a bin of several scores no one knows
    share = float(r.mass[0, alike].astype(np.float64) @ r.mass[1, alike]) / pairs
    if share > 0.05:
        yield Finding(
            "CM-TIED",
            "note",
            f"{share:.0%} of the pairs of a positive and a negative row have the same score; ROC AUC counts each of "
            f"them as half, so it could be up to {share / 2:.2f} higher or lower.",
            {"share": share, "distinct": len(scores.scores)},
        )
