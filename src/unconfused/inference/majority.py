"""Whether a classifier does better than calling every row the commonest class."""

from __future__ import annotations

from unconfused.inference.significance import binomial_tail
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.units import OfUnits

TEST = "exact binomial test, one-sided, that the accuracy is above that share"


def no_information_p(cm: ConfusionMatrix) -> float | None:
    """P(X >= rows called what they are), X ~ Bin(n, share of the commonest class); None where rows are not draws.

    The share is taken as known. Weighted rows, those of units and views at a prevalence are no independent draws of 1.

    Source: Kuhn 2008, as caret's confusionMatrix prints it.

    >>> cm = ConfusionMatrix.from_counts([[231, 27], [32, 54]], labels=["normal", "abnormal"])
    >>> round(no_information_p(cm), 7)
    0.0003097
    """
    if cm.full_weights is not None or isinstance(cm, OfUnits) or not cm.total or not len(cm.labels):
        return None
    c = cm.cells()
    return binomial_tail(float(c.correct), cm.total, float(c.support.max()) / cm.total)
