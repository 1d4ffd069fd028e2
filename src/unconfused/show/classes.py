"""The matrix of several classes as a page explores it: counts packed, with orders that a browser cannot find."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from unconfused.errors import MissingExtra
from unconfused.inference.confused import blocks
from unconfused.inference.taxonomy import groups_at
from unconfused.labels import Label, plural
from unconfused.show.csv import csv_name
from unconfused.show.table import names
from unconfused.tally.confusion import ConfusionMatrix

if TYPE_CHECKING:
    from unconfused.inference.taxonomy import Taxonomy

MOST = 2_048
"""Classes of which a page holds every cell."""
SIMILAR = 1_000
"""Classes that are put in an order of similarity."""
SAFE = 2**53
TYPES = {"Uint8": "u1", "Uint16": "<u2", "Uint32": "<u4", "Float64": "<f8"}
"""Arrays of a browser, the smallest first."""


def classes_data(cm: Any, tree: Taxonomy | None = None) -> dict[str, Any] | None:
    """The counts of three classes or more; None of fewer, of thousands, and of counts that no float64 holds.

    With a ``tree`` also what the classes are at each of its levels; the page adds the cells itself.
    """
    if not packed(cm):
        return None
    table = cm.table()
    kind = _type(table)
    return {
        **_axis(cm),
        "weighted": table.dtype.kind == "f",
        "type": kind,
        "counts": base64.b64encode(zlib.compress(table.astype(TYPES[kind]).tobytes(), 9)).decode(),
        "levels": [] if tree is None else [
            _axis(x) | _members(cm, x, groups_at(tree.paths, i), i) for i, x in enumerate(tree.levels[:-1], 1)
        ],
    }  # fmt: skip


def packed(cm: Any) -> bool:
    """Whether a page holds every cell of a matrix."""
    if not isinstance(cm, ConfusionMatrix) or not 3 <= len(cm.labels) <= MOST:
        return False
    return cm.weights is not None or cm.table().sum() < SAFE


def _axis(cm: ConfusionMatrix) -> dict[str, Any]:
    """What rows and columns are, as they are shown and copied, and their order of similarity."""
    return {
        "axis": names(cm.labels.texts, cm.seats),
        "classes": len(cm.labels),
        "similar": _similar(cm),
        "csv": [*map(csv_name, cm.labels), *(f"({seat})" for seat in cm.seats)],
    }


def _members(cm: ConfusionMatrix, at: ConfusionMatrix, above: Mapping[Label, Label], floor: int) -> dict[str, Any]:
    """Where each class goes at a level, and what the level is called."""
    to = [at.labels.index(above[name]) for name in cm.labels.names]
    return {"to": to, "name": f"level {floor}: {plural(len(at.labels), 'class')}"}


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
