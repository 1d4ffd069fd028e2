"""Nodes of the header, and arrays, as tallies: each held to what such a tally is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from unconfused.labels import SEATS
from unconfused.store.archive import (
    DEPTH,
    Archive,
    Node,
    classes_of,
    evidence_of,
    key_of,
    label_of,
    labels_of,
    list_of,
    node_of,
    refuse,
    text_of,
)
from unconfused.tally.axis import SCORE_KINDS
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.cuts import COLUMNS
from unconfused.tally.grids import EXACT, Grid
from unconfused.tally.grouped import Grouped
from unconfused.tally.joint import Joint, JointScores, ascends
from unconfused.tally.kernels import LIMIT, Floats, Ints, exact_total
from unconfused.tally.moments import Moments
from unconfused.tally.ranks import Ranks
from unconfused.tally.row_costs import CELLS, RowCosts
from unconfused.tally.scores import ScoreTally
from unconfused.tally.slices import Edges, Key, Slices, intervals
from unconfused.tally.sparse import Sparse
from unconfused.tally.tallies import Tallies
from unconfused.tally.units import BUCKETS, KEPT, Units
from unconfused.tally.worst import Worst, first


def unpacked(node: Node, place: str, file: Archive, depth: int) -> Any:
    """The tally that a node of the header describes."""
    if depth > DEPTH:
        refuse("its groups nest too deeply")

    def inner(value: Any, at: str) -> Any:
        return unpacked(node_of(value), f"{place}{at}/", file, depth + 1)

    match node.get("kind"):
        case "confusion":
            labels = labels_of(node)
            full, weights, squares = _matrix(node, place, file, len(labels) + len(SEATS))
            rule = node.get("rule")
            return ConfusionMatrix(
                labels, full, weights, squares, evidence_of(node), None if rule is None else text_of(rule)
            )
        case "scores":
            return _scores(node, place, file)
        case "moments":
            n, sums = node.get("n"), file.array(f"{place}sums.npy", "<f8", (2, 3))
            if type(n) is not int or n < 0 or not (np.isfinite(sums[:, 0]) & (sums[:, 0] >= 0)).all():
                refuse("a number of rows or a sum of weights is no such number")
            return Moments(n, sums)
        case "ranks":
            return _ranks(node, place, file)
        case "row costs":
            return _row_costs(node, place, file)
        case "joint":
            return _joint(node, place, file)
        case "joint scores":
            return _joint_scores(node, place, file)
        case "grouped":
            keys, members = classes_of(node, "keys"), node.get("members")
            if not isinstance(members, list) or len(members) != len(keys):
                refuse("its groups and their keys do not pair up")
            tallies = [inner(member, f"members/{i}") for i, member in enumerate(members)]
            if len({type(x) for x in tallies}) > 1:
                refuse("its groups hold tallies of several kinds")
            return Grouped(dict(zip(keys, tallies, strict=True)), text_of(node.get("by")))
        case "slices":
            return _slices(node, inner)
        case "evaluation":
            return _evaluation(node, inner)
        case "units":
            return _units(inner(node.get("buckets"), "buckets"), file.array(f"{place}smallest.npy", "<i8", (None,)))
        case "worst":
            return _worst(node, file.array(f"{place}wrong.npy", "<f8", (None,)))
        case other:
            refuse(f"{other!r} is no kind of tally")


def _scores(node: Node, place: str, file: Archive) -> ScoreTally:
    labels, kind = labels_of(node), node.get("score_kind")
    if kind not in SCORE_KINDS or len(labels) > 2:  # a part may hold one class alone
        refuse("a score tally has two classes and a known kind of score")
    scores = file.array(f"{place}scores.npy", "<f8", (None,))
    if np.isnan(scores).any() or not (scores[1:] > scores[:-1]).all():
        refuse("its scores do not ascend")
    if kind == "probability" and ((scores < 0) | (scores > 1)).any():
        refuse("its probabilities leave [0, 1]")
    masses = _masses(node, place, file, (len(scores) + 1, COLUMNS))
    grid = Grid.parse(text_of(node.get("grid", "exact")))
    if grid == EXACT:
        return ScoreTally(labels, kind, scores, *masses, evidence_of(node))
    return ScoreTally(
        labels, kind, scores, *masses, evidence_of(node), grid, *_cells(masses[0], scores, grid, place, file)
    )


def _cells(full: Ints, scores: Floats, grid: Grid, place: str, file: Archive) -> Iterator[Floats]:
    """The pins, and the lowest and highest scores of binned rows: each row in a cell of its own."""
    pins = file.array(f"{place}pins.npy", "<f8", (None,))
    lows, highs = (file.array(f"{place}{x}.npy", "<f8", (len(scores), COLUMNS)) for x in ("lows", "highs"))
    held = full[1:] > 0
    if not (pins[1:] > pins[:-1]).all() or not (np.isposinf(lows) & np.isneginf(highs))[~held].all():
        refuse("its pins do not ascend, or scores stand where no row is")
    ends = np.where(held, [lows, highs], scores[:, None])
    keys = grid.bins(ends) + np.searchsorted(pins, ends, side="right")
    if np.isnan(pins).any() or (keys != keys[0, :, :1]).any() or not (ends[1, :-1].max(1) < scores[1:]).all():
        refuse("its scores leave the cells of its grid")
    if not (ends[0] <= ends[1]).all() or not (np.where(held, lows, np.inf).min(1) == scores).all():
        refuse("its lowest and highest scores do not fit")
    yield from (pins, lows, highs)


def _ranks(node: Node, place: str, file: Archive) -> Ranks:
    classes, places = node.get("classes"), file.array(f"{place}places.npy", "<i8", (None, 2))
    if type(classes) is not int or not 0 <= classes < 2**31:
        refuse("it ranks no number of classes")
    (best, worst), none = places.T, (places == 0).all(1)
    ascend = (np.diff(best * (classes + 1) + worst) > 0).all()
    if not ascend or not (none | ((best >= 1) & (best <= worst) & (worst <= classes))).all():
        refuse("its places do not ascend, or are none among its classes")
    return Ranks(classes, places, *_masses(node, place, file, (len(places),)))


def _row_costs(node: Node, place: str, file: Archive) -> RowCosts:
    scores, pins = (file.array(f"{place}{x}.npy", "<f8", (None,)) for x in ("scores", "pins"))
    if any(np.isnan(x).any() or not (x[1:] > x[:-1]).all() for x in (scores, pins)):
        refuse("its scores or its pins do not ascend")
    full = file.array(f"{place}full.npy", "<i8", (len(scores) + 1, 2))
    if (full < 0).any() or exact_total(full) > LIMIT:
        refuse("its counts are negative, or too many")
    sums, weights = file.array(f"{place}sums.npy", "<f8", (*full.shape[:1], len(CELLS), 3)), None
    if "weights" in list_of(node.get("arrays")):
        weights = file.array(f"{place}weights.npy", "<f8", (*full.shape, 2))
        if not (np.isfinite(weights) & (weights >= 0)).all() or weights[full == 0].any():
            refuse("its weights are negative, not finite, or stand where no row is")
    if not np.isfinite(sums).all() or (sums[..., 2] < 0).any() or sums[np.repeat(full, 2, 1) == 0].any():
        refuse("its sums of costs are not finite, or stand where no row is")
    return RowCosts(scores, full, weights, sums, Grid.parse(text_of(node.get("grid"))), pins)


def _joint(node: Node, place: str, file: Archive) -> Joint:
    labels, models, rules = labels_of(node), _models(node), node.get("rules")
    cells = file.array(f"{place}cells.npy", "<i8", (None, 1 + len(models)))
    if not ascends(cells) or ((cells < 0) | (cells >= len(labels) + len(SEATS))).any():
        refuse("its cells do not ascend, or name no class")
    if not isinstance(rules, list) or len(rules) != len(models):
        refuse("its models and their rules do not pair up")
    stated = tuple(None if rule is None else text_of(rule) for rule in rules)
    return Joint(labels, models, cells, *_masses(node, place, file, (len(cells),)), evidence_of(node), stated)


def _joint_scores(node: Node, place: str, file: Archive) -> JointScores:
    labels, models, kind = labels_of(node), _models(node), node.get("score_kind")
    if kind not in SCORE_KINDS or len(labels) > 2:  # a part may hold one class alone
        refuse("a score tally has two classes and a known kind of score")
    scores = file.array(f"{place}scores.npy", "<f8", (None, len(models)))
    if not ascends(scores) or (kind == "probability" and ((scores < 0) | (scores > 1)).any()):
        refuse("its scores do not ascend, or leave [0, 1]")
    masses = _masses(node, place, file, (len(scores), COLUMNS))
    return JointScores(labels, models, kind, scores, *masses, evidence_of(node))


def _models(node: Node) -> tuple[str, ...]:
    return tuple(text_of(model) for model in classes_of(node, "models"))


def _evaluation(node: Node, inner: Any) -> Tallies:
    problem, moments = node.get("problem"), node_of(node.get("moments"))
    if problem not in (None, "binary", "multiclass", "multilabel"):
        refuse(f"{problem!r} is no kind of problem")
    parts = {}
    kinds = {
        "matrix": ConfusionMatrix,
        "scores": ScoreTally,
        "ranks": Ranks,
        "matrices": ConfusionMatrix,
        "columns": Grouped,
    }
    for name, kind in kinds.items():
        part = None if node.get(name) is None else inner(node[name], name)
        members = list(part.values()) if isinstance(part, Grouped) else [] if part is None else [part]
        if not all(isinstance(x, kind) for x in members):
            refuse(f"its {name} is a tally of another kind")
        parts[name] = part
    losses = {name: inner(value, f"moments/{name}") for name, value in moments.items()}
    if not all(isinstance(x, Moments) for x in losses.values()):
        refuse("its moments are tallies of another kind")
    columns = parts["columns"]
    if isinstance(parts["ranks"], Grouped) or not isinstance(parts["matrices"], Grouped | None):
        refuse("its ranks or its rules are grouped otherwise")
    if columns and not all(
        isinstance(x, ScoreTally) and list(c) == list(columns) for c in columns.values() for x in c.values()
    ):
        refuse("its columns do not hold the scores of every class")
    units = None if node.get("units") is None else inner(node["units"], "units")
    if not isinstance(units, Units | None):
        refuse("its units are a tally of another kind")
    worst = None if node.get("worst") is None else inner(node["worst"], "worst")
    if not all(isinstance(x, Worst | None) for x in (worst.values() if isinstance(worst, Grouped) else [worst])):
        refuse("its worst rows are a tally of another kind")
    costs = None if node.get("row_costs") is None else inner(node["row_costs"], "row_costs")
    if not isinstance(costs, RowCosts | None):
        refuse("its row costs are a tally of another kind")
    if costs is not None and not (isinstance(parts["scores"], ScoreTally) and costs.fits(parts["scores"])):
        refuse("its row costs are of other rows than its scores")
    rules = dict(parts["matrices"] or {})
    made = Tallies(
        problem, parts["matrix"], parts["scores"], losses, parts["ranks"], rules, columns, units, worst=worst,
        row_costs=costs,
    )  # fmt: skip
    found = [inner(x, f"slices/{i}") for i, x in enumerate(list_of(node.get("slices", [])))]
    slices = {x.columns: x for x in found if isinstance(x, Slices)}
    if len(slices) < len(found):
        refuse("its slices are tallies of another kind, or there twice")
    for x in slices.values():
        if any(member.shape() != made.shape(names=()) for member in x.members.values()):
            refuse("a slice holds other tallies than the whole")
    return made.sliced(slices)


def _worst(node: Node, wrong: Floats) -> Worst:
    cells = [list_of(x) for x in list_of(node.get("cells"))]
    keys = [(label_of(x[0]), key_of(x[1])) if len(x) == 2 else refuse("a cell has two sides") for x in cells]
    names = [list_of(x) for x in list_of(node.get("ids"))]
    keep, ends = node.get("keep"), np.cumsum([0, *map(len, names)]).tolist()
    if not all(type(x) in (int, str) for cell in names for x in cell) or np.isnan(wrong).any():
        refuse("an id is neither a whole number nor text, or a distance is none")
    if len(set(keys)) < len(keys) or len(names) != len(keys) or ends[-1] != len(wrong):
        refuse("its cells, ids and distances do not go together")
    if type(keep) is not int or keep < 1 or any(len(cell) > keep for cell in names):
        refuse("a cell holds more rows than it keeps")
    parts = [
        tuple(zip(wrong[a:b].tolist(), cell, strict=True)) for a, b, cell in zip(ends, ends[1:], names, strict=False)
    ]
    if any(part != first(part, keep) for part in parts):
        refuse("the worst rows do not come first")
    return Worst(dict(zip(keys, parts, strict=True)), keep)


def _units(buckets: Any, smallest: Ints) -> Units:
    if not isinstance(buckets, Grouped) or not all(
        isinstance(x, Tallies) and x.units is None and type(key) is int and 0 <= key < BUCKETS
        for key, x in buckets.items()
    ):
        refuse("its buckets of units hold no evaluations, or have no numbers")
    if not len(smallest) or len(smallest) > KEPT or (smallest < 0).any() or not (np.diff(smallest) > 0).all():
        refuse("the hashes of its units do not ascend")
    return Units(buckets, smallest)


def _slices(node: Node, inner: Any) -> Slices:
    columns = tuple(text_of(x) for x in list_of(node.get("columns")))
    edges = tuple(None if x is None else _edges(list_of(x)) for x in list_of(node.get("edges")))
    keys: list[Key] = [tuple(map(key_of, list_of(x))) for x in list_of(node.get("keys"))]
    members = list_of(node.get("members"))
    if len(set(columns)) < len(columns) or len(edges) != len(columns) or {len(key) for key in keys} - {len(columns)}:
        refuse("its columns, edges and keys do not go together")
    if len(set(keys)) < len(keys) or len(members) != len(keys):
        refuse("its slices and their keys do not pair up")
    for place, cut in enumerate(edges):
        if cut is not None and {key[place] for key in keys} - {None, *intervals(cut)}:
            refuse("a slice is no interval between its edges")
    tallies = [inner(x, f"members/{i}") for i, x in enumerate(members)]
    if not all(isinstance(x, Tallies) and not x.slices for x in tallies):
        refuse("its slices hold something else than evaluations")
    return Slices(columns, dict(zip(keys, tallies, strict=True)), edges)


def _edges(x: list[Any]) -> Edges:
    if not x or not all(type(e) in (int, float) for e in x):
        refuse("its edges are no numbers")
    edges = tuple(map(float, x))
    if not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
        refuse("its edges do not ascend")
    return edges


def _matrix(node: Node, place: str, file: Archive, side: int) -> tuple[Any, Any, Any]:
    """The tables of a matrix, (side, side)."""
    if "rows" not in (node.get("arrays") or ()):
        return _masses(node, place, file, (side, side))
    rows = file.array(f"{place}rows.npy", "<i8", (None,))
    columns = file.array(f"{place}columns.npy", "<i8", (len(rows),))
    inside = (rows >= 0) & (rows < side) & (columns >= 0) & (columns < side)
    if not inside.all() or not (np.diff(rows * side + columns) > 0).all():
        refuse("its cells do not ascend, or stand outside the matrix")
    full, weights, squares = _masses(node, place, file, (len(rows),))
    if (full == 0).any():
        refuse("a cell that is named holds no row")
    made = (None if x is None else Sparse((side, side), rows, columns, x) for x in (full, weights, squares))
    return tuple(made)  # type: ignore[return-value]


def _masses(node: Node, place: str, file: Archive, shape: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """Rows, sums of weights and sums of squared weights; the last two together or not at all."""
    named = node.get("arrays")
    if not isinstance(named, list):
        refuse("it does not name its arrays")
    full = file.array(f"{place}full.npy", "<i8", shape)
    if (full < 0).any() or exact_total(full) > LIMIT:
        refuse("its counts are negative, or too many")
    if ("weights" in named) != ("squares" in named):
        refuse("it has sums of weights without sums of squares")
    if "weights" not in named:
        return full, None, None
    sums = [file.array(f"{place}{name}.npy", "<f8", shape) for name in ("weights", "squares")]
    for x in sums:
        if not (np.isfinite(x) & (x >= 0)).all() or x[full == 0].any():
            refuse("its weights are negative, not finite, or stand where no row is")
    return full, sums[0], sums[1]
