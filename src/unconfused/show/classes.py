"""The matrix of several classes as a page explores it: counts packed, with orders that a browser cannot find."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np

from unconfused.errors import MissingExtra
from unconfused.inference.confused import blocks
from unconfused.show.csv import csv_name
from unconfused.show.escape import markdown
from unconfused.show.table import names
from unconfused.tally.confusion import ConfusionMatrix

MOST = 2_048
"""Classes of which a page holds every cell."""
SIMILAR = 1_000
"""Classes that are put in an order of similarity."""
SAFE = 2**53
TYPES = {"Uint8": "u1", "Uint16": "<u2", "Uint32": "<u4", "Float64": "<f8"}
"""Arrays of a browser, the smallest first."""


def classes_data(cm: Any) -> dict[str, Any] | None:
    """The counts of three classes or more; None of fewer, of thousands, and of counts that no float64 holds."""
    if not isinstance(cm, ConfusionMatrix) or not 3 <= len(cm.labels) <= MOST:
        return None
    table = cm.table()
    if table.dtype.kind != "f" and table.sum() >= SAFE:
        return None
    kind = _type(table)
    axis = names(cm.labels.texts, cm.seats)
    return {
        "axis": axis,
        "classes": len(cm.labels),
        "weighted": table.dtype.kind == "f",
        "type": kind,
        "counts": base64.b64encode(zlib.compress(table.astype(TYPES[kind]).tobytes(), 9)).decode(),
        "similar": _similar(cm),
        "markdown": [markdown(x) for x in axis],
        "csv": [*map(csv_name, cm.labels), *(f"({seat})" for seat in cm.seats)],
    }


def _type(table: Any) -> str:
    """The smallest type that holds every cell as it is."""
    if table.dtype.kind == "f":
        return "Float64"
    most = int(np.max(table, initial=0))
    return next((kind for kind, bits in (("Uint8", 8), ("Uint16", 16), ("Uint32", 32)) if most < 2**bits), "Float64")


def _similar(cm: ConfusionMatrix) -> list[int] | None:
    """The places of the classes, those that are confused side by side; None of too many, and without SciPy."""
    if len(cm.labels) > SIMILAR:
        return None
    try:
        return [cm.labels.index(x) for x in blocks(cm)]
    except MissingExtra:
        return None
