"""The prevalence where nobody knows the truth: from scores or predicted classes of new rows alone.

What the scores of each class look like is taken to stay as it is, only how often the classes come to change (prior
shift). The new rows are then a mixture π f₁ + (1 - π) f₀ of what the tally holds, over groups of scores; EM looks for
the most likely π (Saerens, Latinne & Decaestecker 2002). Called and not called are two such groups:
π = (share called - FPR) / (TPR - FPR), the black-box shift estimator (Lipton, Wang & Smola 2018; Rogan & Gladen 1978).

f₁ and f₀ were counted on rows too, and to take them for known draws π towards ½ where a class is rare. So π is the
share with the least misfit r' Σ⁻¹ r: r is what the mixture leaves, Σ its variance under π, of the new rows and of the
known ones. With f₁ and f₀ known it is as likely a share as that of EM; of two groups it is that of BBSE. The interval
is where the misfit is within z² of the least (Hansen, Heaton & Yaron 1996), and the least misfit is χ² with as many
degrees of freedom as groups less 2 if any mixture fits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import InsufficientData, NotKept
from unconfused.findings import Finding
from unconfused.inference.intervals import effective, quantile
from unconfused.inference.significance import chi_square_tail
from unconfused.inference.units import of_units
from unconfused.inference.value import Estimate
from unconfused.labels import plural
from unconfused.metrics.catalogue import ratio
from unconfused.tally.cells import Array
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.scores import ScoreTally

GROUPS, EACH = 20, 10
"""Groups of scores at most, and how many rows of either class each is worth at least: fewer are called too telling."""
ALARM = 0.001
"""A fit less likely than this is told."""
STEPS, ZOOMS = 100, 4
"""Shares that are tried at once, and how often between two of them again."""
MIXED, BBSE = "mixture over {} groups of scores, by its misfit", "share called, TPR and FPR (BBSE), by its misfit"


@dataclass(frozen=True, repr=False)
class DeployedPrevalence:
    """The share of positives among rows without a truth. ``ev.at_prevalence(found)`` takes it as it is.

    Attributes:
        estimate: the share with its interval; ``n`` are the new rows.
        known: the share of positives in the rows that have a truth.
        groups: of scores, or 2 where rows were called or not.
        fit: p-value that the new rows are any mixture of the two classes; NaN where there is nothing left to see it by.
        findings: ``CM-DRIFT`` where they hardly are.
    """

    estimate: Estimate
    known: float
    groups: int
    fit: float
    findings: tuple[Finding, ...] = ()

    def __float__(self) -> float:
        return self.estimate.value

    def to_dict(self) -> dict[str, Any]:
        """As data, after ``schema.json``."""
        from unconfused.show.deployed import deployed_dict

        return deployed_dict(self)

    def __str__(self) -> str:
        from unconfused.show.deployed import deployed_text

        return deployed_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from unconfused.show.deployed import deployed_html

        return deployed_html(self)


def of_new_scores(tally: ScoreTally, scores: NDArray[np.float64], level: float = 0.95) -> DeployedPrevalence:
    """The prevalence of rows with these scores, in the units of the tally.    Shape: (n,).

    Raises:
        NotKept: rows that come in units, a class without rows, or scores that are all alike.
        InsufficientData: no new row.
    """
    _check(tally, len(scores))
    masses = tally.masses
    squares = masses if tally.squares is None else tally.squares
    starts = _starts(masses, effective(masses.sum(0), squares.sum(0)))
    if len(starts) < 2:
        raise NotKept(
            "All rows have much the same score.", "So no new row tells what it is.", "Evaluate a model that ranks rows."
        )
    place = np.searchsorted(tally.scores[starts[1:]], scores, side="right")
    new = np.bincount(place, minlength=len(starts)).astype(np.float64)
    known, spread = (np.add.reduceat(x, starts, axis=0) for x in (masses, squares))
    return _fitted(known, spread, new, level, MIXED.format(len(starts)))


def _starts(masses: Array, rows: Array) -> NDArray[np.int64]:
    """Where groups of scores begin, each worth ``EACH`` rows of either class, and 1 / ``GROUPS`` of both together."""
    cumulated = np.cumsum(masses / masses.sum(0), axis=0)
    starts, before = [0], np.zeros(2)
    for _ in range(GROUPS):
        added = cumulated - before
        enough = ((added * rows >= EACH).all(1) & (added.sum(1) >= 2 / GROUPS)).nonzero()[0]
        left = (1 - cumulated[enough]) * rows
        enough = enough[(left >= EACH).all(1)]
        if not len(enough):
            break
        starts.append(int(enough[0]) + 1)
        before = cumulated[enough[0]]
    if len(starts) < 2:  # too few rows for that, or classes too far apart: where they are told apart best
        starts += [int(np.abs(cumulated[:-1, 0] - cumulated[:-1, 1]).argmax()) + 1] if len(masses) > 1 else []
    return np.array(starts)


def of_new_calls(matrix: ConfusionMatrix, called: int, rows: int, level: float = 0.95) -> DeployedPrevalence:
    """The prevalence of ``rows`` new rows of which ``called`` were called positive, by the decision of ``matrix``.

    >>> cm = ConfusionMatrix.from_counts([[900, 100], [20, 80]], labels=["well", "ill"], pos_label="ill")
    >>> round(of_new_calls(cm, 240, 1000).estimate.value, 3)  # (0.24 - 0.1) / (0.8 - 0.1)
    0.2
    """
    positive = matrix.labels.require_positive("prevalence_of()")
    if len(matrix.labels) != 2 or matrix.full[2:].any() or matrix.full[:, 2:].any():
        raise NotKept(
            f"The matrix has {plural(len(matrix.labels), 'class')}, or rows without a class or a call.",
            "The share called tells the prevalence of one of two classes.",
            "Ask scores: ev.prevalence_of(y_score=...), of several classes ev['dog'].prevalence_of(y_score=...).",
        )
    _check(matrix, rows)
    order = [1 - positive, positive]
    full = matrix.full if matrix.full_weights is None else matrix.full_weights
    squares = full if matrix.full_squares is None else matrix.full_squares
    known, spread = (x[np.ix_(order, order)].T.astype(np.float64) for x in (full, squares))
    return _fitted(known, spread, np.array([rows - called, called], np.float64), level, BBSE)


def _check(tally: ScoreTally | ConfusionMatrix, rows: int) -> None:
    if of_units(tally):
        raise NotKept(
            "These rows come in units.",
            "How sure the rates of a class are, their buckets do not tell here.",
            "Evaluate without unit=, and take the interval as too narrow.",
        )
    if not rows:
        raise InsufficientData("There is no new row.", fix="Pass the scores, or the calls, of the rows asked about.")
    held = tally.masses if isinstance(tally, ScoreTally) else tally.full[:2]
    if not (held.sum(0) if isinstance(tally, ScoreTally) else held.sum(1)).all():
        raise NotKept(
            "One of the classes has no rows.", "What its scores look like is not known.", "Evaluate rows of both."
        )


def _fitted(masses: Array, squares: Array, new: Array, level: float, method: str) -> DeployedPrevalence:
    """The mixture that fits best.    Shapes: (G, 2), negative first, and (G,)."""
    total, groups, limit = float(new.sum()), len(new), quantile(level) ** 2
    n, p = (float(x) for x in effective(masses.sum(0), squares.sum(0)))
    none, ill = (ratio(x, x.sum()).value for x in masses.T)

    def misfit(shares: Array) -> Array:
        """r' Σ⁻¹ r of the residual r = q - m over all groups but the last, which the others tell.    (S,) → (S,)."""
        share = shares[:, None]
        left = (new / total - share * ill - (1 - share) * none)[:, :-1]
        spread = np.zeros((len(shares), groups - 1, groups - 1))
        pooled = masses.sum(1) / masses.sum() + 0 * share
        for part, rows, rate in (
            (share * ill + (1 - share) * none, total, 1 / total + 0 * share), (ill + 0 * share, p, share**2 / p),
            (none + 0 * share, n, (1 - share) ** 2 / n),
        ):  # fmt: skip
            x = ((part * rows + pooled) / (rows + 1))[:, :-1]  # a group that was not seen is not impossible
            spread += (x[:, :, None] * np.eye(groups - 1) - x[:, :, None] * x[:, None, :]) * rate[:, :, None]
        return np.asarray((left * np.linalg.solve(spread, left[..., None])[..., 0]).sum(-1))

    shares = np.linspace(0, 1, STEPS + 1)
    for _ in range(ZOOMS):
        off = misfit(shares)
        at = int(off.argmin())
        least, value = float(off[at]), float(shares[at])
        shares = np.linspace(shares[max(at - 1, 0)], shares[min(at + 1, STEPS)], STEPS + 1)

    def end(inside: float, outside: float) -> float:
        """Where the misfit has grown by z², from the best share to 0 or 1."""
        shares = np.linspace(inside, outside, STEPS + 1)
        for _ in range(ZOOMS):
            out = np.flatnonzero(misfit(shares) > least + limit)
            if not len(out):
                return float(shares[-1])
            shares = np.linspace(shares[max(out[0] - 1, 0)], shares[out[0]], STEPS + 1)
        return float(shares[-1])

    found = Estimate(value, end(value, 0.0), end(value, 1.0), level, method, round(total), name="prevalence")
    freedom = groups - (1 if value in (0, 1) else 2)  # one is spent on the best share
    fit = chi_square_tail(least, freedom) if freedom else math.nan
    known = float(masses[:, 1].sum() / masses.sum())
    return DeployedPrevalence(found, known, groups, fit, _told(fit, round(total)))


def _told(fit: float, rows: int) -> tuple[Finding, ...]:
    if not fit < ALARM:
        return ()
    return (
        Finding(
            "CM-DRIFT",
            "warning",
            f"The scores of {plural(rows, 'new row')} are no mixture of the two classes as they were evaluated "
            f"(p = {fit:.2g}): more has changed than how often the classes come.",
            {"p": fit, "rows": rows},
            "Take the prevalence for a guess. Label some of the new rows and evaluate those.",
        ),
    )
