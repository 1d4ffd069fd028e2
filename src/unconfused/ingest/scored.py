"""Scores: what they may hold, the classes that a rule makes of them, and what is kept of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import LabelTypeMismatch, ScoresOutOfRange, ThresholdUnset, UsageError
from unconfused.findings import Evidence
from unconfused.ingest.columns import Column
from unconfused.ingest.factors import is_null, positions
from unconfused.ingest.refusals import missing_scores, scores_outside
from unconfused.ingest.rows import Reading
from unconfused.ingest.weights import Weighing
from unconfused.labels import Label, Labels, listed, plural
from unconfused.tally.axis import ScoreKind, cut_of, logistic, near_misses
from unconfused.tally.grids import EXACT, Grid
from unconfused.tally.grouped import Grouped
from unconfused.tally.moments import CLIP, Moments
from unconfused.tally.opened import Opened
from unconfused.tally.ranks import Ranks
from unconfused.tally.rules import Rule, first_largest
from unconfused.tally.scores import ScoreTally

Floats = NDArray[np.float64]
SUM_TOLERANCE = 1e-3
"""How far from 1 the class probabilities of a row may sum."""
MOST_PAIRED = 64
"""Classes of which every two are compared: their pairs grow with the square."""


def read_scores(column: Column, labels: Labels, kind: ScoreKind, invalid: str) -> Floats:
    """The scores as float64: (n,) of the positive class, or (n, K).

    NaN stands for a score that is null, NaN or out of range, and is an error unless ``invalid="count"``.

    Raises:
        InvalidValues: null or NaN scores.
        ScoresOutOfRange: a value that ``kind`` cannot take, or rows of class probabilities that do not sum to 1.
    """
    if column.values.dtype.kind == "O" and column.categories is None:
        column = Column(column.name, _from_objects(column), column.missing, index=column.index)
    if column.values.dtype.kind not in "biuf" or column.categories is not None:
        kind_of = "a categorical" if column.categories is not None else f"of type {column.values.dtype}"
        raise LabelTypeMismatch(
            f"{column.name} is {kind_of}.",
            "Scores are numbers.",
            "Convert the column where the data is loaded, for example with .astype(float).",
        )
    scores = column.values.astype(np.float64)
    if column.missing is not None and column.missing.any():
        scores[column.missing] = np.nan
    _check_missing(column, scores, invalid)
    _check_range(column, scores, kind, invalid)
    if kind == "logit" and scores.ndim == 2:
        _check_infinities(column, scores, invalid)
    if scores.ndim == 1:
        return scores
    if kind == "probability":
        _check_sums(column, scores)
    if scores.shape[1] == 2:
        positive = labels.require_positive("A score")
        own = positive if labels.declared else int(labels.values[positive])  # undeclared classes are 0 and 1
        return scores[:, own] - scores[:, 1 - own] if kind == "logit" else scores[:, own].copy()
    return scores


def unusable(column: Column, kind: ScoreKind, weighing: Weighing) -> Evidence:
    """Rows that ``invalid="count"`` keeps without a score, by the first reason that fits one of its values."""
    x = column.values
    if x.dtype.kind == "O" and column.categories is None:
        x = _from_objects(column)
        null = np.array([v is None for v in column.values.ravel().tolist()]).reshape(x.shape)
    else:
        null = np.zeros(x.shape, bool)
    if x.dtype.kind not in "biuf":
        return Evidence()
    if column.missing is not None:
        null = null | (column.missing if column.missing.ndim == x.ndim else column.missing[:, None])
    reasons = {"null": null, "nan": np.isnan(x)}
    if kind == "probability":
        reasons |= {"minus_inf": x == -np.inf, "plus_inf": x == np.inf, "below": x < 0, "above": x > 1}
    found, left = {}, np.ones(len(x), bool)
    for reason, mask in reasons.items():
        here = left & (mask if mask.ndim == 1 else mask.any(1))
        found[reason], left = weighing.rows(here), left & ~here
    return Evidence(**found)


def _from_objects(column: Column) -> Floats:
    texts: list[Any] = [x for x in column.values.ravel().tolist() if isinstance(x, (str, bytes))]
    if texts:
        raise LabelTypeMismatch(
            f"{column.name} holds {plural(len(texts), 'text value')} ({listed(texts, 3)}) of {column.values.size:,}.",
            "Scores are numbers.",
            "Convert the column where the data is loaded, for example with .astype(float).",
        )
    try:
        found = [np.nan if is_null(x) else float(x) for x in column.values.ravel().tolist()]
    except (TypeError, ValueError) as error:
        raise LabelTypeMismatch(f"{column.name} holds values that are no numbers: {error}.") from error
    return np.array(found).reshape(column.shape)


def _check_missing(column: Column, scores: Floats, invalid: str) -> None:
    gone = np.isnan(scores)
    if not gone.any() or invalid == "count":
        return
    by_row = np.asarray(gone if gone.ndim == 1 else gone.any(1))
    raise missing_scores(column.name, gone.sum(), gone.size, positions(by_row))


def _check_range(column: Column, scores: Floats, kind: ScoreKind, invalid: str) -> None:
    if kind != "probability":
        return
    outside = (scores < 0) | (scores > 1)
    if not outside.any():
        return
    if invalid == "count":
        scores[outside] = np.nan
        return
    by_row = np.asarray(outside if outside.ndim == 1 else outside.any(1))
    told = f"of {scores.size:,}; min {np.nanmin(scores):.4g}, max {np.nanmax(scores):.4g}"
    raise scores_outside(column.name, outside.sum(), told, positions(by_row))


def _check_infinities(column: Column, scores: Floats, invalid: str) -> None:
    """One logit of a row may be inf; several, or -inf everywhere, leave softmax without an answer."""
    top = scores.max(1)
    lost = np.isinf(top) & ((top < 0) | ((scores == np.inf).sum(1) > 1))
    if not lost.any():
        return
    if invalid == "count":
        scores[lost] = np.nan
        return
    raise ScoresOutOfRange(
        f"{column.name} has {plural(lost.sum(), 'row')} (of {len(scores):,}) with several logits of inf or none above "
        f"-inf, {positions(lost)}.",
        "Softmax of such a row is undefined.",
        'Repair the model output, or type invalid="count" to keep these rows in a seat of their own.',
    )


def sum_tolerance(column: Column) -> float:
    """How far from 1 the class probabilities of a row may sum: those from 16-bit floats to two digits."""
    return 2e-2 if column.coarse else SUM_TOLERANCE


def _check_sums(column: Column, scores: Floats) -> None:
    """Class probabilities of a row sum to 1."""
    tolerance = sum_tolerance(column)
    sums = scores.sum(1)
    wrong = np.abs(sums - 1) > tolerance
    if not wrong.any():
        return
    columns = np.abs(scores.sum(0) - 1).max() <= tolerance
    cause = (
        "The columns sum to 1 instead: softmax was taken over the rows of the batch."
        if columns
        else "They look like separate scores for each class, not like one distribution."
    )
    raise ScoresOutOfRange(
        f"{int(wrong.sum()):,} of {plural(len(sums), 'row')} of {column.name} {'does' if wrong.sum() == 1 else 'do'} "
        f"not sum to 1 (from {np.nanmin(sums):.3g} to {np.nanmax(sums):.3g}), {positions(wrong)}.",
        cause,
        'Take softmax over the last axis, or say what they are: score_kind="logit" or score_kind="raw"; '
        'for independent labels label_kind="multilabel".',
    )


# ── decisions ─────────────────────────────────────────────────────────────────────────────────
def require_threshold(threshold: Any, kind: ScoreKind) -> float:
    """The threshold, or the error that says why there is none by default."""
    if threshold is None:
        example = "0.5" if kind != "raw" else "0.0"
        raise ThresholdUnset(
            "y_score holds scores, and no rule says which of them are positive.",
            "0.5 is a decision about what a miss and a false alarm cost, not a default.",
            f"Type threshold={example} (positive when score >= {example}), or evaluate every threshold at once: "
            f"ev = uc.evaluate(y_true, y_score=...), then ev.at({example}).",
        )
    cut_of(threshold, kind)
    return float(threshold)


def decide(
    scores: Floats, threshold: Any, labels: Labels, kind: ScoreKind
) -> tuple[NDArray[np.int64], str, NDArray[np.bool_]]:
    """Classes from scores: codes in ``labels`` (K + 1 without a score), the rule, rows equal only after rounding."""
    value = require_threshold(threshold, kind)
    cut = cut_of(value, kind)
    positive = labels.require_positive("A threshold")
    called = np.where(scores >= cut, positive, 1 - positive)
    called[np.isnan(scores)] = len(labels) + 1
    return called, f"score >= {value!r}", np.isin(scores, list(near_misses(cut)))


def argmax(scores: Floats) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The class with the largest score, the lowest index among equals, and which rows had equals."""
    gone = np.asarray(np.isnan(scores).any(1))
    called, ties = first_largest(np.where(gone[:, None], -np.inf, scores))
    called[gone] = scores.shape[1] + 1
    return called, ties & ~gone


def ruled(rule: Rule, p: Floats, labels: Labels) -> tuple[NDArray[np.int64], dict[str, NDArray[np.bool_]]]:
    """Classes from probabilities by a rule, codes in ``labels`` (K + 1 for none); rows with equals, and called nothing.

    Shape: (n, K) → (n,) each.
    """
    gone = np.asarray(np.isnan(p).any(1))
    called, ties = rule.called(np.where(gone[:, None], 0.0, p), labels)
    nothing = called == len(labels) + 1
    return np.where(gone, len(labels) + 1, called), {"ties": ties & ~gone, "abstained": nothing & ~gone}


def class_probabilities(scores: Floats, kind: ScoreKind, labels: Labels) -> Floats:
    """What a rule weighs: the probability of each class, in the order of ``labels``.    Shape: (n,) or (n, K) → (n, K).

    Raises:
        UsageError: raw scores.
    """
    if kind == "raw":
        raise UsageError(
            'rules= was given with score_kind="raw".',
            "A rule weighs probabilities, and raw scores are none.",
            'Calibrate the scores, or say that they are log-odds: score_kind="logit".',
        )
    if scores.ndim == 2:
        return np.ascontiguousarray(softmax(scores) if kind == "logit" else scores)
    sides = (logistic(scores), logistic(-scores)) if kind == "logit" else (scores, 1 - scores)
    return np.stack(sides if labels.require_positive("A score") == 0 else sides[::-1], -1)


# ── what is kept ──────────────────────────────────────────────────────────────────────────────
def score_tallies(
    truth: NDArray[np.int64], scores: Floats, labels: Labels, reading: Reading, weighing: Weighing, evidence: Evidence
) -> ScoreTally | Grouped[ScoreTally]:
    """The masses of a binary problem, or of each class against the rest."""
    k, kind = len(labels), reading.score_kind
    options: dict[str, Any] = {"count": weighing.count, "weights": weighing.weights, "evidence": evidence}
    options |= reading.bins
    if scores.ndim == 1:
        positive = labels.require_positive("A score")
        column = np.array([int(i == positive) for i in range(k)] + [2, 3])
        return ScoreTally.count(labels, kind, column[truth], scores, **options)
    tallies = {}
    for place, name in enumerate(labels.names):
        column = np.array([int(i == place) for i in range(k)] + [2, 3])
        own = scores[:, place] if kind != "logit" else log_odds(scores, place)
        if isinstance(reading.refine, Opened):
            options["refine"] = reading.refine.of_column(place)
        tallies[name] = ScoreTally.count(Labels.against_rest(name), kind, column[truth], own, **options)
    return Grouped(tallies, "class")


def score_columns(
    truth: NDArray[np.int64], scores: Floats, labels: Labels, reading: Reading, weighing: Weighing
) -> Grouped[Grouped[ScoreTally]] | None:
    """For the score of each class the rows of each class: what two classes at a time are compared by.

    None of more than ``MOST_PAIRED`` classes, and on a grid unless ``reading.pairs``.    Shapes: (n,) and (n, K).

    Raises:
        UsageError: ``reading.pairs`` of more classes than that.
    """
    exact = Grid.parse(reading.grid) == EXACT
    if reading.pairs and len(labels) > MOST_PAIRED:
        raise UsageError(
            f"pairs=True was given, and there are {len(labels)} classes.",
            f"What is kept grows with their square, so {MOST_PAIRED} classes are the most.",
            'Leave pairs= out, and ask for "roc_auc@macro".',
        )
    if not (exact or reading.pairs) or len(labels) > MOST_PAIRED:
        return None
    usable = ~np.isnan(scores).any(1)
    rows = [np.flatnonzero((truth == place) & usable) for place in range(len(labels))]
    bins = {"grid": reading.bins["grid"], "pins": reading.bins["pins"]}
    plain = weighing.weights is None and weighing.count is None

    def side(own: Floats, at: NDArray[np.intp], positive: bool, name: Label) -> ScoreTally:
        two = Labels.against_rest(name)
        if exact and plain:
            ranked, none = np.sort(own[at] + 0.0), np.zeros(0)
            return ScoreTally.of_sides(two, reading.score_kind, *((none, ranked) if positive else (ranked, none)))
        kept = weighing if plain else weighing.keep(np.isin(np.arange(len(own)), at))
        return ScoreTally.count(two, reading.score_kind, np.full(len(at), int(positive)), own[at],
                                count=kept.count, weights=kept.weights, **bins)  # fmt: skip

    made = {}
    for place, name in enumerate(labels.names):
        own = scores[:, place].astype(np.float64) if reading.score_kind != "logit" else log_odds(scores, place)
        members = {other: side(own, at, i == place, name)
                   for i, (other, at) in enumerate(zip(labels.names, rows, strict=True))}  # fmt: skip
        made[name] = Grouped(members, "truth")
    return Grouped(made, "column")


def log_odds(logits: Floats, place: int) -> Floats:
    """z_k - log Σ_{j≠k} exp(z_j): the log-odds of one class under softmax, unsaturated.    Shape: (n, K) → (n,)."""
    others = np.delete(logits, place, axis=1)
    top = others.max(1)
    with np.errstate(invalid="ignore"):
        rest = top + np.log(np.exp(others - top[:, None]).sum(1))
        return np.asarray(logits[:, place] - np.where(np.isfinite(top), rest, top))


def score_moments(truth: NDArray[np.int64], scores: Floats, kind: ScoreKind, weighing: Weighing) -> dict[str, Moments]:
    """Log loss and half the squared distance (equal to Brier's score at K = 2) of rows that have truth and scores."""
    if kind == "raw":
        return {}
    known = (truth < scores.shape[1]) & ~np.isnan(scores).any(1)
    given, y, kept = scores[known], truth[known], weighing.keep(known)
    p = softmax(given) if kind == "logit" else given
    rows = np.arange(len(p))
    own = p[rows, y]
    log_loss = _surprise(own)
    if kind == "logit":  # read off the logits, where nothing saturates
        top = given.max(1)
        with np.errstate(invalid="ignore"):
            unclipped = top + np.log(np.exp(given - top[:, None]).sum(1)) - given[rows, y]
        log_loss = np.where(np.isfinite(unclipped), unclipped, log_loss)
    losses = {"log_loss": log_loss, "brier": _distance(own, (p**2).sum(1))}
    return {name: Moments.of(x, weights=kept.weights, count=kept.count) for name, x in losses.items()}


def moments_of(own: Floats, squares: Floats) -> dict[str, Moments]:
    """The same of the probability of each row's class and Σ p² of the row.    Shape: (n,) each."""
    return {"log_loss": Moments.of(_surprise(own)), "brier": Moments.of(_distance(own, squares))}


def _surprise(own: Floats) -> Floats:
    return np.asarray(-np.log(np.clip(own, CLIP, 1 - CLIP)))


def _distance(own: Floats, squares: Floats) -> Floats:
    return (squares - 2 * own + 1) / 2


def score_ranks(truth: NDArray[np.int64], scores: Floats, weighing: Weighing) -> Ranks:
    """The place of the true class among the scores of each row.    Shapes: (n,), (n, K)."""
    return Ranks.count(truth, scores, count=weighing.count, sums=weighing.sums, squares=weighing.squares)


def softmax(logits: Floats) -> Floats:
    """exp(z) / Σ exp(z) of each row; infinite logits share what there is.    Shape: (n, K) → (n, K)."""
    top = logits.max(1, keepdims=True)
    p = np.where(np.isinf(top), logits == top, np.exp(logits - np.where(np.isinf(top), 0, top)))
    return np.asarray(p / p.sum(1, keepdims=True))
