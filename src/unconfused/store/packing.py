"""A tally as a node of the header, and its arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import InputError
from unconfused.labels import Labels
from unconfused.store.archive import (
    Arrays,
    Node,
)
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.joint import Joint, JointScores
from unconfused.tally.moments import Moments
from unconfused.tally.prevalence import View
from unconfused.tally.ranks import Ranks
from unconfused.tally.row_costs import RowCosts
from unconfused.tally.scores import ScoreTally
from unconfused.tally.slices import Slices
from unconfused.tally.sparse import Sparse
from unconfused.tally.tallies import Tallies
from unconfused.tally.units import Units
from unconfused.tally.worst import Worst


def packed(tally: Any, place: str, arrays: Arrays) -> Node:
    """What the header says of a tally; its arrays are added to ``arrays``, under names that begin with ``place``."""

    def blocks(**named: NDArray[Any] | None) -> Node:
        kept = {name: array for name, array in named.items() if array is not None}
        arrays.update(
            {f"{place}{name}.npy": array.astype(array.dtype.newbyteorder("<")) for name, array in kept.items()}
        )
        return {"arrays": list(kept)}

    match tally:
        case View():
            tally.save(place)  # refuses
        case ConfusionMatrix():
            return {
                "kind": "confusion",
                "labels": _packed_labels(tally.labels),
                "rule": tally.rule,
                "evidence": dict(tally.evidence),
            } | blocks(**_tables(tally))
        case ScoreTally():
            return {
                "kind": "scores",
                "labels": _packed_labels(tally.labels),
                "score_kind": tally.score_kind,
                "grid": str(tally.grid),
                "evidence": dict(tally.evidence),
            } | blocks(
                scores=tally.scores, full=tally.full, weights=tally.full_weights, squares=tally.full_squares,
                pins=tally.pins, lows=tally.lows, highs=tally.highs,
            )  # fmt: skip
        case Moments():
            return {"kind": "moments", "n": tally.n} | blocks(sums=tally.sums)
        case Ranks():
            return {"kind": "ranks", "classes": tally.classes} | blocks(
                places=tally.places, full=tally.full, weights=tally.full_weights, squares=tally.full_squares
            )
        case RowCosts():
            return {"kind": "row costs", "grid": str(tally.grid)} | blocks(
                scores=tally.scores, full=tally.full, weights=tally.weights, sums=tally.sums, pins=tally.pins
            )
        case Joint() | JointScores():
            node = {"labels": _packed_labels(tally.labels), "models": list(tally.models)}
            stated: Node = {"kind": "joint", "rules": list(tally.rules)} if isinstance(tally, Joint) else {
                "kind": "joint scores", "score_kind": tally.score_kind
            }  # fmt: skip
            cells = {"cells": tally.cells} if isinstance(tally, Joint) else {"scores": tally.scores}
            return {**stated, **node, "evidence": dict(tally.evidence)} | blocks(
                **cells, full=tally.full, weights=tally.full_weights, squares=tally.full_squares
            )
        case Grouped():
            members = [packed(x, f"{place}members/{i}/", arrays) for i, x in enumerate(tally.values())]
            return {"kind": "grouped", "by": tally.kind, "keys": list(tally), "members": members}
        case Slices():
            members = [packed(x, f"{place}members/{i}/", arrays) for i, x in enumerate(tally.members.values())]
            edges = [None if cut is None else list(cut) for cut in tally.edges]
            keys = [list(key) for key in tally.members]
            stated = {"columns": list(tally.columns), "edges": edges, "keys": keys}
            return {"kind": "slices", **stated, "members": members}
        case Tallies():
            parts = {name: getattr(tally, name) for name in ("matrix", "scores", "ranks", "columns")}
            parts["matrices"] = Grouped(tally.matrices, "rule")
            return {
                "kind": "evaluation",
                "problem": tally.kind,
                **{k: None if x is None else packed(x, f"{place}{k}/", arrays) for k, x in parts.items()},
                "moments": {k: packed(x, f"{place}moments/{k}/", arrays) for k, x in tally.moments.items()},
                **({} if tally.units is None else {"units": packed(tally.units, f"{place}units/", arrays)}),
                **({} if tally.worst is None else {"worst": packed(tally.worst, f"{place}worst/", arrays)}),
                **(
                    {}
                    if tally.row_costs is None
                    else {"row_costs": packed(tally.row_costs, f"{place}row_costs/", arrays)}
                ),
                "slices": [packed(x, f"{place}slices/{i}/", arrays) for i, x in enumerate(tally.slices.values())],
            }
        case Units():
            node = packed(tally.buckets, f"{place}buckets/", arrays)
            return {"kind": "units", "buckets": node} | blocks(smallest=tally.smallest)
        case Worst():
            rows = list(tally.cells.values())
            stated = {"keep": tally.keep, "cells": list(map(list, tally.cells))}
            names = {"ids": [[name for _, name in cell] for cell in rows]}
            wrong = np.array([distance for cell in rows for distance, _ in cell], np.float64)
            return {"kind": "worst", **stated, **names} | blocks(wrong=wrong)
    raise InputError(f"A {type(tally).__name__} is no tally.", fix="Save a matrix or an evaluation.")


def _tables(cm: ConfusionMatrix) -> dict[str, NDArray[Any] | None]:
    """The arrays of a matrix: every cell, or of thousands of classes where rows stand and how many."""
    named = {"full": cm.full, "weights": cm.full_weights, "squares": cm.full_squares}
    if not isinstance(cm.full, Sparse):
        return named
    cells = {name: None if table is None else table.values for name, table in named.items()}
    return {"rows": cm.full.rows, "columns": cm.full.columns, **cells}


def _packed_labels(labels: Labels) -> Node:
    return {
        "values": list(labels.values),
        "names": list(labels.names),
        "pos_label": labels.pos_label,
        "declared": labels.declared,
    }
