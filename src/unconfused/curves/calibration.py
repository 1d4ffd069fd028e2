"""The reliability diagram: of the rows told p, what share is positive."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.curves.points import Points, between, kind
from unconfused.errors import UsageError
from unconfused.metrics import find, ratio
from unconfused.metrics.calibration import binned, checked, fitted, starts_of
from unconfused.metrics.ranking import Masses
from unconfused.tally.cells import Array
from unconfused.tally.scores import ScoreTally

How: TypeAlias = Literal["isotonic", "equal width", "equal mass"]
ERRORS = {"equal width": "ece", "equal mass": "ece_equal_mass"}
"""The bins, and the metric that sums over them."""
BINS = 15


@kind
def calibration(tally: ScoreTally, how: How = "isotonic", bins: int | None = None) -> Points:
    """The observed rate against the probability that was told; the baseline is a calibrated model.

    Args:
        tally: of probabilities or log-odds.
        how: "isotonic" is the rate at each score after isotonic regression, which needs no choice of bins; "equal
            width" and "equal mass" are the means over bins.
        bins: how many, 15 unless said otherwise; of "isotonic" there are none.

    Source: Dimitriadis, Gneiting & Jordan 2021 (CORP).
    """
    if how not in ("isotonic", *ERRORS):
        raise UsageError(f"how={how!r} is not known.", fix='Type how="isotonic", "equal width" or "equal mass".')
    if how == "isotonic" and bins is not None:
        raise UsageError(
            "The isotonic curve has no bins.", fix=f'Leave bins= out, or type how="equal width", bins={bins}.'
        )
    m = Masses.of(tally)
    if how == "isotonic":
        starts = np.flatnonzero(tally.masses.any(1))
        name = "miscalibration"
    else:
        starts = starts_of(find(ERRORS[how]), tally, checked(BINS if bins is None else bins))
        name = ERRORS[how] + ("" if bins in (None, BINS) else f"({bins})")
    rows, told, positives = binned(m, starts)
    used = rows > 0
    y = fitted(m)[starts] if how == "isotonic" else ratio(positives, rows).value
    x, scores = ratio(told, rows).value, tally.probabilities[starts]
    if how == "isotonic":
        x = np.clip(x, *np.sort(tally.mids[starts], axis=1).T)  # of one score that score, however the sums round
    return Points(
        "probability", x[used], "observed rate", y[used], scores[used], between(0, 1),
        rows=_effective(tally, starts, rows)[used], area_name=name,
    )  # fmt: skip


def _effective(tally: ScoreTally, starts: NDArray[np.intp], rows: Array) -> Array:
    """Kish's effective rows (Σw)² / Σw² of each bin; of rows without weights, the rows."""
    if tally.squares is None or not len(starts):
        return rows
    return ratio(rows**2, np.add.reduceat(tally.squares.sum(1), starts)).value
