"""The risk-coverage curve: how the share of errors grows with the share of rows that are decided."""

from __future__ import annotations

import numpy as np

from unconfused.curves.points import Points, between, kind
from unconfused.metrics import ratio
from unconfused.metrics.ranking import Masses
from unconfused.metrics.selective import by_confidence
from unconfused.tally.axis import logistic
from unconfused.tally.scores import ScoreTally


@kind
def risk_coverage(tally: ScoreTally) -> Points:
    """The share of errors among the rows that the model is surest of, against how many of all they are.

    Rows are decided at 1/2, the surest first: max(p, 1 - p) for a probability p. The threshold of a point is the
    confidence from which rows are decided. The baseline is a confidence that knows nothing: the error rate throughout.

    Source: El-Yaniv & Wiener 2010; Geifman & El-Yaniv 2017.
    """
    if not len(tally.scores):
        none = np.zeros(0)
        return Points("coverage", none, "selective risk", none, none, between(np.nan, np.nan), area_name="aurc")
    confidence, rows, errors = by_confidence(Masses.of(tally))
    decided, wrong = rows.cumsum(), errors.cumsum()
    used = rows > 0
    x, y = ratio(decided, decided[-1]).value, ratio(wrong, decided).value
    told = logistic(confidence) if tally.score_kind == "logit" else confidence
    return Points(
        "coverage", x[used], "selective risk", y[used], told[used], between(float(y[-1]), float(y[-1])),
        area_name="aurc",
    )  # fmt: skip
