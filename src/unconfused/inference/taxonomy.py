"""Classes in a tree: a cat called a dog is nearer the truth than a cat called a car.

A class stands for itself and everything above it but the root. Over rows, with T and P these sets of the true class and
of what it was called,

    hierarchical precision  Σ |T ∩ P| / Σ |P|
    hierarchical recall     Σ |T ∩ P| / Σ |T|
    hierarchical F          2 Σ |T ∩ P| / (Σ |T| + Σ |P|)
    distance                Σ |T Δ P| / n, the edges of the tree between the two

A row called by no class (a seat) was called the root: P is empty.

Source: Kiritchenko, Matwin, Nock & Famili 2006; Silla & Freitas 2011, who leave out the root.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import NotKept, UnconfusedError, UsageError
from unconfused.inference import counts
from unconfused.inference.ask import sample_of
from unconfused.inference.delta import table_of
from unconfused.inference.value import Estimate
from unconfused.labels import Label, Labels, listed, plain, plural
from unconfused.metrics.catalogue import ratio
from unconfused.tally.cells import Array, Cells, divided
from unconfused.tally.collapse import collapse
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.rules import Costs
from unconfused.tally.sparse import FEW

EXAMPLE = '{"cat": "animal", "dog": "animal", "car": "vehicle"}'


@dataclass(frozen=True)
class Taxonomy:
    """A matrix read over a tree of its classes.

    Attributes:
        precision, recall, f1: hierarchical ones, summed over rows.
        distance: edges of the tree between the truth and what it was called, the mean over all rows.
        error_distance: the same over the rows that were called wrong.
        levels: the matrix at each level of the tree, coarsest first; a class above a level stays as it is.
        paths: of each class the nodes from the top down to it, without the root.
    """

    precision: Estimate
    recall: Estimate
    f1: Estimate
    distance: Estimate
    error_distance: Estimate
    levels: tuple[ConfusionMatrix, ...]
    paths: Mapping[Label, tuple[Label, ...]]

    @property
    def estimates(self) -> dict[str, Estimate]:
        """The five by name."""
        return {e.name: e for e in (self.precision, self.recall, self.f1, self.distance, self.error_distance)}

    @property
    def costs(self) -> Costs:
        """The edges between every two classes as costs, to decide by: ``rules={"tree": cm.taxonomy(tree).costs}``."""
        return Costs(_tree(list(self.paths.values()))[1].astype(float))

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        from unconfused.show.taxonomy import taxonomy_dict

        return taxonomy_dict(self)

    def __str__(self) -> str:
        from unconfused.show.taxonomy import taxonomy_text

        return taxonomy_text(self)

    __repr__ = __str__


def taxonomy(cm: ConfusionMatrix, tree: Mapping[Any, Any], *, level: float, method: str | None, seed: int) -> Taxonomy:
    """A matrix read over a tree.

    Args:
        cm: the matrix; its classes are nodes of the tree, leaves or not.
        tree: the node above each one, ``{"cat": "animal", "animal": "thing"}``; or what is above it from the top down,
            ``{"cat": ("thing", "animal")}``; or nested, ``{"thing": {"animal": ["cat", "dog"]}}``.
        level, method, seed: of the intervals: "delta", "posterior", "bootstrap" or "bca".

    Raises:
        UsageError: a class is not in the tree, a node has two parents, or the tree runs in a circle.
        NotKept: thousands of classes.
    """
    if len(cm.labels) > FEW:
        raise NotKept(
            f"There are {len(cm.labels):,} classes.",
            "Every two of them would be compared.",
            "Collapse them to their parents first: cm.collapse({...}).",
        )
    if not cm.labels:
        raise UsageError("The matrix has no classes.", fix="Count some rows first.")
    paths = paths_of(cm.labels, tree)
    depth, apart = _tree(paths, len(cm.axis))
    shared = (depth[:, None] + depth - apart) // 2
    wrong = 1 - np.eye(len(depth))
    wrong[len(paths) :] = 1  # a seat is never right
    sample, most = sample_of(cm), float(max(apart.max(), 1))

    def ask(name: str, num: NDArray[Any], den: NDArray[Any], top: float, why: str) -> Estimate:
        reading = counts.Reading(
            lambda c: ratio(_sum(c, num), _sum(c, den)), (0.0, top), "delta", lambda c: _slopes(c, num, den)
        )
        value = float(reading.value(sample.counts))
        if np.isnan(value):
            return Estimate(value, value, value, level, "", cm.total, reason=why, name=name)
        found = counts.interval(reading, sample, level, method, seed)
        return Estimate(value, float(found.low), float(found.high), level, str(found.method), cm.total, name=name)

    called, true = np.broadcast_to(depth, apart.shape), np.broadcast_to(depth[:, None], apart.shape)
    why = "no row has a class below the root"
    return Taxonomy(
        ask("hierarchical precision", shared, called, 1.0, why),
        ask("hierarchical recall", shared, true, 1.0, why),
        ask("hierarchical f1", 2 * shared, called + true, 1.0, why),
        ask("distance", apart, np.ones_like(apart), most, "there are no rows"),
        ask("distance of errors", apart * wrong, wrong, most, "no row was called wrong"),
        tuple(_levels(cm, paths)),
        dict(zip(cm.labels.names, paths, strict=True)),
    )


def _sum(c: Cells, weights: NDArray[Any]) -> Array:
    """Σ weights · cells.    Shapes: (..., S, S), (S, S) → (...)."""
    return np.asarray((table_of(c) * weights).sum((-2, -1)))


def _slopes(c: Cells, num: NDArray[Any], den: NDArray[Any]) -> Array:
    """How the quotient of two such sums moves with each cell.    Shape: (..., S, S)."""
    below = _sum(c, den)[..., None, None]
    return divided(num - divided(_sum(c, num)[..., None, None], below) * den, below)


def _tree(paths: list[tuple[Label, ...]], seats: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How deep each class lies, and the edges between every two; seats are the root.    Shapes: (S,), (S, S)."""
    side = max(seats, len(paths))
    nodes = {node: i for i, node in enumerate(dict.fromkeys(node for path in paths for node in path))}
    on = np.zeros((side, len(nodes)), np.int64)
    for place, path in enumerate(paths):
        on[place, [nodes[node] for node in path]] = 1
    depth = on.sum(1)
    return depth, depth[:, None] + depth - 2 * on @ on.T


def _levels(cm: ConfusionMatrix, paths: list[tuple[Label, ...]]) -> Iterator[ConfusionMatrix]:
    named = dict(zip(cm.labels.names, paths, strict=True))
    for floor in range(1, max(map(len, paths), default=0) + 1):
        yield collapse(cm, groups_at(named, floor))


def groups_at(paths: Mapping[Label, tuple[Label, ...]], floor: int) -> dict[Label, Label]:
    """Of each class the node that stands for it at a level of the tree, 1 the coarsest.

    >>> groups_at({"cat": ("animal", "cat"), "car": ("car",)}, 1)
    {'cat': 'animal', 'car': 'car'}
    """
    above = {name: path[min(floor, len(path)) - 1] if path else name for name, path in paths.items()}
    mixed = len({isinstance(node, str) for node in above.values()}) > 1  # numbers below, names above
    return {name: str(node) if mixed else node for name, node in above.items()}


# ── the tree ──────────────────────────────────────────────────────────────────────────────────
def paths_of(labels: Labels, tree: Mapping[Any, Any]) -> list[tuple[Label, ...]]:
    """Of each class the nodes from the top down to it; a single top above all of them is the root, and left out.

    >>> paths_of(Labels(["cat", "car"]), {"cat": "animal", "animal": "thing", "car": "thing"})
    [('animal', 'cat'), ('car',)]
    """
    if not isinstance(tree, Mapping) or not tree:
        raise UsageError(f"The tree is {tree!r:.40}.", "It says which node is above each class.", f"Type {EXAMPLE}.")
    above: dict[Label, Label | None] = {}
    for node, parent in _edges(tree, labels):
        if above.get(node, parent) != parent and None not in (above[node], parent):
            raise UsageError(
                f"{node!r} is below {above[node]!r} and below {parent!r}.",
                "In a tree there is one way up from each node.",
                "Name one parent.",
            )
        above[node] = above.get(node) if parent is None else parent
    left = [name for name in labels.names if name not in above]
    if left:
        raise UsageError(
            f"The tree leaves out {listed(left)}.",
            "How far such a class is from the others is not said.",
            "Name what is above every class; None for one that stands alone.",
        )
    paths = [tuple(reversed(list(_upward(name, above)))) for name in labels.names]
    roots = {path[0] for path in paths}
    return [path[1:] for path in paths] if len(roots) == 1 else paths


def _edges(tree: Mapping[Any, Any], labels: Labels) -> Iterator[tuple[Label, Label | None]]:
    """Each node with the one above it, or None; whichever way the tree is written."""
    for key, value in tree.items():
        node = _node(key, labels)
        if isinstance(value, tuple):  # from the top down
            chain = [*(_node(x, labels) for x in value), node]
            yield chain[0], None
            yield from zip(chain[1:], chain, strict=False)
        elif isinstance(value, Mapping):
            yield node, None
            yield from ((_node(child, labels), node) for child in value)
            yield from _edges(value, labels)
        elif isinstance(value, (list, set, frozenset)):
            yield node, None
            yield from ((_node(child, labels), node) for child in value)
        elif value is None:
            yield node, None
        else:
            parent = _node(value, labels)
            yield from ((node, parent), (parent, None))


def _node(x: Any, labels: Labels) -> Label:
    """A node by the name of its class, if it is one."""
    try:
        return labels.names[labels.index(x)]
    except UnconfusedError:
        return plain(x)


def _upward(node: Label, above: Mapping[Label, Label | None]) -> Iterable[Label]:
    seen: dict[Label, None] = {}
    at: Label | None = node
    while at is not None:
        if at in seen:
            raise UsageError(
                f"The tree runs in a circle of {plural(len(seen), 'node')}: {listed(list(seen))}.",
                "Nothing is above itself.",
                "Name the parent of each node, the top having none.",
            )
        seen[at] = None
        at = above[at]
    return seen
