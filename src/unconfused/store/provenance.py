"""Provenance: where a saved tally came from, and a fingerprint of each piece that is in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from unconfused.findings import OF_ROWS
from unconfused.store.archive import Arrays, Node, list_of, node_of, refuse, text_of
from unconfused.store.packing import packed
from unconfused.tally.grouped import Grouped
from unconfused.tally.tallies import Tallies

BETWEEN = " + "
"""What stands between the sources of a sum."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a file says about the rows behind its tally.

    Attributes:
        source: where they came from, for people; None where no one said.
        fingerprints: one for each piece that was added up, of what it counted.
    """

    source: str | None
    fingerprints: tuple[str, ...]


def fingerprint(tally: Any) -> str:
    """128 bits of what a tally counted: equal for equal tallies, however their rows were cut into batches.

    >>> from unconfused import ConfusionMatrix
    >>> fingerprint(ConfusionMatrix.from_counts([[1, 2], [3, 4]]))[:8]
    '12e3cdac'
    """
    arrays: Arrays = {}
    made = hashlib.blake2b(
        json.dumps(_stable(packed(nameless(tally), "", arrays)), sort_keys=True).encode(), digest_size=16
    )
    for name in sorted(arrays):
        made.update(f"{name} {arrays[name].shape}".encode())
        made.update(np.ascontiguousarray(arrays[name]).tobytes())
    return made.hexdigest()


def nameless(tally: Any) -> Any:
    """A tally without ids of rows."""
    return tally.nameless() if isinstance(tally, Tallies) else tally


def _stable(node: Any) -> Any:
    """A node without what another cut of the same rows may show otherwise."""
    if isinstance(node, list):
        return [_stable(x) for x in node]
    if not isinstance(node, dict):
        return node
    return {key: _stable(x) for key, x in node.items() if key not in OF_ROWS}


def written(tally: Any, source: str | None, fingerprints: Iterable[str]) -> Node:
    """What the header says: for people and other programs, who need not read the tally for it."""
    scores = getattr(tally, "scores", None) if isinstance(tally, Tallies) else tally
    first = next(iter(scores.values()), None) if isinstance(scores, Grouped) else scores
    held = tally.matrix if isinstance(tally, Tallies) and tally.matrix is not None else first
    one = next(iter(held.values()), None) if isinstance(held, Grouped) else held
    rule = getattr(one, "rule", None)
    return {
        "source": None if source is None else bare(source),
        "labels": [str(x) for x in getattr(tally, "labels", ())],
        "rule": rule,
        "grid": None if getattr(first, "grid", None) is None else str(first.grid),  # type: ignore[union-attr]
        "weights": "none" if getattr(one, "full_weights", None) is None else "sums",
        "rows": getattr(tally, "total", None),
        "left_out": dict(tally.evidence.left_out) if hasattr(tally, "evidence") else {},
        "fingerprints": list(fingerprints),
    }


def read_provenance(header: Node, tally: Any) -> Provenance:
    """What the header of a file says; of version 1, which said nothing, the fingerprint of its tally."""
    if header["version"] == 1:
        return Provenance(None, (fingerprint(tally),))
    node = node_of(header.get("provenance"))
    source, prints = node.get("source"), [text_of(x) for x in list_of(node.get("fingerprints"))]
    if not prints or any(len(x) != 32 or set(x) - set("0123456789abcdef") for x in prints):
        refuse("its fingerprints are none")
    return Provenance(None if source is None else text_of(source), tuple(prints))


def pieces(*sides: Any) -> tuple[str, ...]:
    """The fingerprints of a sum of evaluations; none where no side was ever saved."""
    if not any(side.fingerprints for side in sides):
        return ()
    held = [side for side in sides if side.tallies.kind is not None]
    return tuple(x for side in held for x in side.fingerprints or (fingerprint(side.tallies),))


def bare(source: str) -> str:
    """A source without what is nobody's business: user, password, query and fragment of addresses.

    >>> bare("s3://me:secret@bucket/day 1.parquet?token=7 + local.csv")
    's3://bucket/day 1.parquet + local.csv'
    """
    return BETWEEN.join(_bare(part) for part in source.split(BETWEEN))


def _bare(address: str) -> str:
    if "://" not in address:
        return address
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
