"""What every picture of a curve shares: its title, and fewer points, chosen so that it looks the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TITLES = {
    "roc": "ROC",
    "pr": "Precision and recall",
    "gain": "Cumulative gain",
    "lift": "Lift",
    "response": "Precision by share called positive",
    "det": "Detection error trade-off",
    "ks": "Recall and false alarms by threshold",
    "cost": "Cost curve",
    "net_benefit": "Net benefit",
    "calibration": "Reliability",
    "risk_coverage": "Risk and coverage",
}


def thinned(x: NDArray[np.float64], y: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """The places of at most ``most`` points, evenly along the drawn line; both ends stay.

    Points that are not finite are left out.    Shape: (n,), (n,) → (at most ``most``,), ascending.

    >>> thinned(np.arange(5.0), np.zeros(5), 3).tolist()
    [0, 2, 4]
    """
    kept = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if len(kept) <= most:
        return kept
    across, up = (np.abs(np.diff(v[kept])) / (float(np.ptp(v[kept])) or 1.0) for v in (x, y))
    length = np.concatenate([[0.0], np.cumsum(across + up)])
    near = np.searchsorted(length, np.linspace(0, length[-1], most), side="left")
    chosen: NDArray[np.int64] = kept[np.unique([0, *np.minimum(near, len(kept) - 1)[1:-1], len(kept) - 1])]
    return chosen
