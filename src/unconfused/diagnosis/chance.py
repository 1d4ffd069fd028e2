"""Rules about agreement at chance: rows that are not paired, class ids that are shifted or renamed."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from unconfused.diagnosis.counts import FEW, MANY, SMALL, Counted
from unconfused.findings import Finding
from unconfused.labels import whole
from unconfused.tally.sparse import FEW as DENSE

CLEAR = 18
"""Standard errors between chance and the best agreement that the shares of the classes allow."""
SEEN = 8
"""As much where a model that is a quarter as good as those shares allow stands two standard errors above chance."""
LIMIT = 2**62
"""Class ids from which a difference might not fit into 64 bits."""
LARGE = 500
"""Classes up to which every renaming is tried."""


def chance_z(c: Counted) -> float:
    """(trace - E) / sd under random pairing with both margins fixed.    Shape: (K, K) → number.

    d = [i = j] - c_i/n - r_j/n + E/n; Var = Σ r_i c_j d_ij² / (n - 1); the moments of a permutation are exact.
    """
    sd = chance_sd(c)
    return (c.right - c.expected) / sd if sd > 0 else float("nan")


def chance_sd(c: Counted) -> float:
    """The standard deviation of the rows that are right under random pairing."""
    rows, columns = c.rows.astype(np.float64), c.columns.astype(np.float64)
    d = np.eye(len(rows)) - (columns[:, None] + rows[None, :]) / c.n + c.expected / c.n
    return math.sqrt(max(float(rows @ (d * d) @ columns), 0.0) / max(c.n - 1, 1))


def pairing(c: Counted) -> Iterator[Finding]:
    """Agreement exactly at chance with the right shares: labels and predictions of different rows.

    Only where a model that calls each class as often and is right stands ``CLEAR`` standard errors above chance: of
    fewer rows, or with a rare class, a weak model is at chance too. What may differ shrinks with the rare classes.
    """
    n = c.n
    if n < MANY or len(c.rows) > DENSE:
        return
    expected, accuracy = c.expected / n, c.right / n
    if abs(accuracy - expected) > 0.2 or np.count_nonzero(c.rows) < 2 or np.count_nonzero(c.columns) < 2:
        return
    off = float(np.abs(c.rows - c.columns).sum()) / 2 / n
    if off >= min(0.10, 0.25 * (1 - int(c.rows.max()) / n)):
        return
    sd, most = chance_sd(c), int(np.minimum(c.rows, c.columns).sum())
    if most - c.expected < CLEAR * sd or not abs(c.right - c.expected) < 3 * sd:
        return
    z = (c.right - c.expected) / sd
    seen, sure = c.cm.evidence, c.confidence
    grouped = is_grouped(seen["neighbours"], seen["changes"], len(c.rows))
    if not grouped and (sure is None or sure - accuracy <= 0.3):
        return
    why = "y_true is grouped by class." if grouped else f"The scores are {sure:.0%} sure of themselves."
    yield Finding(
        "CM-ORDER",
        "warning",
        f"Predictions agree with the labels as often as chance ({accuracy:.1%}, expected {expected:.1%}, "
        f"z = {z:.1f}), although the shares of the classes match within {off:.1%}. {why}",
        {"accuracy": accuracy, "chance": expected, "z": z, "difference": off},
        "This is what a shuffled generator looks like: labels in one order, predictions in another. Collect both in "
        "one pass (unconfused.evaluate_model does). If the model really knows nothing, ignore this.",
    )


def below_majority(c: Counted) -> Iterator[Finding]:
    """No more rows right than the largest class has: a warning where it is no more than by chance, and that is sure.

    Of few rows, or of few calls of a rare class, a weak model too is no better than chance: there it is a note.
    """
    n, right = c.total, c.right
    if n < FEW or len(c.rows) < 2 or right > (largest := int(c.rows.max())) or np.count_nonzero(c.columns) < 2:
        return
    better = right > c.expected
    sure = not better and int(np.minimum(c.rows, c.columns).sum()) - c.expected >= SEEN * chance_sd(c)
    name = c.cm.labels.names[int(c.rows.argmax())]
    yield Finding(
        "CM-BASE",
        "warning" if sure else "note",
        f"Accuracy {right / n:.3f} is not above always answering {name!r} ({largest / n:.3f})"
        + (", though the classes are told apart better than by chance." if better else ", nor above chance.")
        + ("" if better or sure else " So few rows or calls do not tell it from a weak model."),
        {"accuracy": right / n, "majority": largest / n, "chance": c.expected / n},
        "Read balanced_accuracy or mcc beside it.",
    )


def is_grouped(neighbours: int, changes: int, classes: int) -> bool:
    """Whether rows stand by class, as files in folders do."""
    return neighbours >= MANY - 1 and changes < 2 * classes


def opposed(c: Counted) -> Iterator[Finding]:
    """Two classes told apart, and called by each other's name."""
    if len(c.rows) != 2 or c.n < SMALL or c.right > c.expected or not (z := chance_z(c)) < -4:
        return
    accuracy = c.right / c.n
    yield Finding(
        "CM-INVERTED",
        "warning",
        f"{accuracy:.1%} of the predictions are right, {-z:.1f} standard errors below chance: the two classes are told "
        "apart and called by each other's name.",
        {"accuracy": accuracy, "z": z},
        "Look for the wrong column of predict_proba, a threshold applied the wrong way round, or 0 and 1 exchanged on "
        "one side. Nothing was turned round.",
    )


def shifted(c: Counted) -> Iterator[Finding]:
    """Whole-number classes that agree once all are moved by one."""
    n, right, values = c.n, c.right, None
    if n >= SMALL and len(c.rows) >= 4 and right < n / 3:
        values = whole(c.cm.labels.values)
    if values is None:
        return
    ids = np.array(values, object if max(map(abs, values)) >= LIMIT else np.int64)
    rows, columns, counts = c.cells
    apart = ids[columns] - ids[rows]
    moved = {by: int(counts[apart == by].sum()) for by in (1, -1)}
    by = max(moved, key=lambda x: moved[x])
    if moved[by] / n > 0.5 and moved[by] > 3 * max(right, n / len(values)):
        yield Finding(
            "CM-OFF1",
            "warning",
            f"{right / n:.0%} of the predictions are right, but {moved[by] / n:.0%} equal the true class "
            f"{'plus' if by > 0 else 'minus'} 1.",
            {"accuracy": right / n, "shifted": moved[by] / n, "shift": by},
            "One side counts its classes from 1, or has a background class. Align the ids before counting.",
        )


def renamed(c: Counted) -> Iterator[Finding]:
    """A renaming of the predicted classes that would make most rows right."""
    k = len(c.rows)
    if not 3 <= k <= LARGE or c.rows.min() < 5:
        return
    right = float((c.diagonal / c.rows).sum()) / k
    if right > 0.7:
        return
    rates = c.table / c.rows[:, None]
    best = rates.argmax(1)
    if len(set(best.tolist())) < k or next(shifted(c), None) is not None:
        return  # a renaming that is worth telling has the largest cell of every row in another column
    share = float(rates[np.arange(k), best].mean())
    moved = [i for i in range(k) if best[i] != i and rates[i, best[i]] >= 0.5]
    if share < 0.5 or share < right + 0.3 or len(moved) < 2:
        return
    names = c.cm.labels.names
    pairs = ", ".join(f"{names[best[i]]!r} -> {names[i]!r}" for i in moved[:4]) + (", ..." if len(moved) > 4 else "")
    yield Finding(
        "CM-PERM",
        "warning",
        f"Recall is {right:.0%} on average, but renaming what is predicted ({pairs}) would make it {share:.0%}.",
        {"recall": right, "renamed": share, "classes": len(moved)},
        "Predictions and labels number their classes differently: folder order, class_indices, StringIndexer. Fix the "
        "mapping where it is made; nothing was renamed here.",
    )
