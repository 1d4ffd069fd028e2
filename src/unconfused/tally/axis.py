"""The axis of scores: how they are to be read, and where a threshold lies on it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, TypeAlias

import numpy as np

from unconfused.errors import InvalidValues, ScoresOutOfRange, ThresholdUnset
from unconfused.tally.kernels import Floats

ScoreKind: TypeAlias = Literal["probability", "logit", "raw"]
SCORE_KINDS: tuple[ScoreKind, ...] = ("probability", "logit", "raw")
PERCENTS = tuple(i / 100 for i in range(1, 100))
"""The probabilities that are pinned unless said otherwise: thresholds there are exact on any grid."""


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
    except (TypeError, ValueError, OverflowError):
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


def pinned(pins: Iterable[float] | None, score_kind: ScoreKind) -> Floats:
    """Where thresholds lie on the axis of the scores: of probabilities the 99 per cents, and those named besides.

    ``pins=()`` pins none at all.    Shape: (P,), ascending.
    """
    named = [] if pins is None else list(pins)
    usual = PERCENTS if score_kind != "raw" and (pins is None or named) else ()
    cuts = np.array([cut_of(t, score_kind) for t in (*usual, *named)], np.float64)
    return np.unique(cuts[np.isfinite(cuts)] + 0.0)
