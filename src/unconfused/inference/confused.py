"""Which classes are confused: one way more than the other, and in groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unconfused.errors import require
from unconfused.inference.significance import mcnemar
from unconfused.labels import Label
from unconfused.metrics.catalogue import ratio
from unconfused.tally.confusion import ConfusionMatrix


@dataclass(frozen=True, slots=True)
class Asymmetry:
    """Two classes that are confused one way more often than the other.

    Attributes:
        truth, called: the direction that is more frequent.
        there, back: rows of ``truth`` called ``called``, and the reverse.
        p: of the exact two-sided test that both ways are equally likely, after Holm's correction for all pairs.
    """

    truth: Label
    called: Label
    there: int
    back: int
    p: float


def asymmetries(cm: ConfusionMatrix, most: int | None = None) -> tuple[Asymmetry, ...]:
    """Pairs of classes by how certain it is that they are confused one way more than the other.

    Bowker's hypothesis of symmetry, pair by pair and exactly: of C_ij + C_ji rows, each way is as likely.

    Source: Bowker 1948; Holm 1979.
    """
    cells = np.asarray(cm.counts)
    i, j = np.nonzero(np.triu(cells + cells.T, 1))
    found = []
    for a, b in zip(i.tolist(), j.tolist(), strict=True):
        a, b = (a, b) if cells[a, b] >= cells[b, a] else (b, a)
        found.append((mcnemar(int(cells[a, b]), int(cells[b, a]), "exact"), a, b))
    found.sort(key=lambda x: (x[0], -int(cells[x[1], x[2]])))
    out: list[Asymmetry] = []
    least = 0.0
    for rank, (p, a, b) in enumerate(found):
        least = max(least, min(1.0, p * (len(found) - rank)))
        names = cm.labels.names
        out.append(Asymmetry(names[a], names[b], int(cells[a, b]), int(cells[b, a]), least))
    return tuple(out[:most])


def blocks(cm: ConfusionMatrix) -> list[Label]:
    """The classes in an order in which those that are confused stand side by side.

    Average linkage of 1 - (share confused, both ways, at most 1), its leaves in the order with the smallest distances
    between neighbours.

    Source: Bar-Joseph, Gifford & Jaakkola 2001.
    """
    k = len(cm.labels)
    if k < 3:
        return list(cm.labels.names)
    hierarchy, distance = (require(f"scipy.{x}", extra="stats") for x in ("cluster.hierarchy", "spatial.distance"))
    counts = np.asarray(cm.counts, np.float64)
    rates = np.nan_to_num(ratio(counts, counts.sum(1, keepdims=True)).value)
    apart = np.clip(1 - (rates + rates.T) / 2, 0, 1)
    np.fill_diagonal(apart, 0)
    flat = distance.squareform(apart, checks=False)
    tree = hierarchy.linkage(flat, "average", optimal_ordering=True)
    return [cm.labels.names[i] for i in hierarchy.leaves_list(tree).tolist()]
