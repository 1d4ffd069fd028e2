"""Whether two evaluations hold the classes in other shares, so that some numbers differ whatever the models do."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from unconfused.findings import Finding
from unconfused.metrics.catalogue import ratio
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Tallies

SURE, FACTOR, APART = 5.0, 1.5, 0.1
"""Standard errors by which a share must differ, and then either this factor or so much of all rows."""


def rows_of_classes(tallies: Tallies) -> dict[str, int]:
    """Rows of each class by the truth, without weights; empty of labels that stand side by side."""
    matrix, scores = tallies.matrix, tallies.scores
    if isinstance(matrix, ConfusionMatrix):
        counts = np.asarray(matrix.full.sum(1)).ravel()[: len(matrix.labels)]
        return dict(zip(matrix.labels.texts, counts.tolist(), strict=True))
    if isinstance(scores, ScoreTally):
        place = scores.labels.require_positive("A share")
        return {scores.labels.texts[1 - place]: scores.negatives, scores.labels.texts[place]: scores.positives}
    return {}


def shifted(held: Mapping[str, Tallies]) -> tuple[Finding, ...]:
    """A warning where the class whose share differs most between the first evaluation and another differs by much.

    z = (p₂ - p₁) / √(p (1 - p) (1/n₁ + 1/n₂)), p pooled: more than 5 standard errors, and by half or by a tenth
    of all rows. Of two classes the positive one is told, or the last.
    """
    (first, tallies), *others = held.items()
    before = rows_of_classes(tallies)
    for model, other in others:
        found = _furthest(before, rows_of_classes(other), tallies.labels.positive_name)
        if found is None:
            continue
        name, old, new, z = found
        two = len(before) == 2
        return (
            Finding(
                "CM-SHIFT",
                "warning",
                f"{old:.1%} of the rows of {first!r} are {name}, {new:.1%} of those of {model!r} (z = {z:.1f}). "
                "Accuracy, precision and average precision move with that, whatever the models do.",
                {"first": old, "second": new, "z": z},
                f"Look at both in one population, ev.at_prevalence({old:.3g}), or at recall, specificity and roc_auc."
                if two
                else "Look at the recall of each class, which does not depend on how often the others come.",
            ),
        )
    return ()


def _furthest(a: dict[str, int], b: dict[str, int], positive: object) -> tuple[str, float, float, float] | None:
    """The class whose share differs most for certain, its shares and how certain."""
    n, m = sum(a.values()), sum(b.values())
    told, found = str(positive) if positive is not None else next(reversed(a), None), []
    for name in a if min(n, m) else ():
        if len(a) == 2 and name != told:
            continue
        old, new, pooled = (float(ratio(x, y).value) for x, y in (
            (a[name], n), (b.get(name, 0), m), (a[name] + b.get(name, 0), n + m)))  # fmt: skip
        z = float(ratio(new - old, math.sqrt(pooled * (1 - pooled) * (n + m) * float(ratio(1, n * m).value))).value)
        sides = [(old, new), (1 - old, 1 - new)] if len(a) == 2 else [(old, new)]
        much = abs(new - old) >= APART or any(max(x, y) >= FACTOR * min(x, y) for x, y in sides)
        if abs(z) > SURE and much:
            found.append((abs(z), name, old, new, z))
    return max(found)[1:] if found else None
