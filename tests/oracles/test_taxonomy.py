"""Classes in a tree, against sets of ancestors row by row and against figures that others print."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unconfused as uc
from unconfused.errors import NotKept, UsageError

TREE: dict[Any, Any] = {
    "cat": "animal", "dog": "animal", "animal": "thing", "car": "vehicle", "bus": "vehicle", "vehicle": "thing",
    "pen": "thing",
}  # fmt: skip
CLASSES = ["cat", "dog", "car", "bus", "pen", "animal"]


def ancestors(node: Any, tree: dict[Any, Any]) -> set[Any]:
    """The node and all above it but the root."""
    found = set()
    while node in tree:  # the root has no parent
        found.add(node)
        node = tree[node]
    return found


def edges(a: Any, b: Any, tree: dict[Any, Any]) -> int:
    """Edges between two nodes: up from each to where the ways meet."""

    def way(node: Any) -> list[Any]:
        return [node, *way(tree[node])] if node in tree else [node]

    up, down = way(a), way(b)
    return min(up.index(node) + down.index(node) for node in up if node in down)


def slowly(truth: Any, called: Any, tree: dict[Any, Any], weight: Any = None) -> dict[str, float]:
    """Kiritchenko's sums, row by row."""
    w = np.ones(len(truth)) if weight is None else weight
    sets = [(ancestors(t, tree), ancestors(c, tree)) for t, c in zip(truth, called, strict=True)]
    both = sum(x * len(t & c) for x, (t, c) in zip(w, sets, strict=True))
    precision = both / sum(x * len(c) for x, (_, c) in zip(w, sets, strict=True))
    recall = both / sum(x * len(t) for x, (t, _) in zip(w, sets, strict=True))
    far = [edges(t, c, tree) for t, c in zip(truth, called, strict=True)]
    wrong = [t != c for t, c in zip(truth, called, strict=True)]
    return {
        "hierarchical precision": precision,
        "hierarchical recall": recall,
        "hierarchical f1": 2 * precision * recall / (precision + recall) if both else 0.0,
        "distance": float(np.average(far, weights=w)),
        "distance of errors": float(np.average(far, weights=w * wrong)) if any(wrong) else float("nan"),
    }


@given(st.integers(0, 2**32), st.booleans())
@settings(max_examples=25, deadline=None)
def test_against_sets_of_ancestors(seed: int, weighted: bool) -> None:
    """Leaves, an inner node and a leaf of another depth; every way of writing the tree."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 200))
    truth, called = rng.choice(CLASSES, n), rng.choice(CLASSES, n)
    weight = rng.random(n) + 0.1 if weighted else None
    cm = uc.confusion_matrix(truth, called, labels=CLASSES, sample_weight=weight)
    nested = {"thing": {"animal": ["cat", "dog"], "vehicle": {"car": None, "bus": {}}, "pen": None}}
    paths = {"cat": ("thing", "animal"), "dog": ("thing", "animal"), "car": ("thing", "vehicle"),
             "bus": ("thing", "vehicle"), "pen": ("thing",), "animal": ("thing",)}  # fmt: skip
    wanted = slowly(truth, called, TREE, weight)
    for tree in (TREE, nested, paths):
        found = cm.taxonomy(tree).estimates
        assert {name: e.value for name, e in found.items()} == pytest.approx(wanted, nan_ok=True)
        assert all(e.low <= e.value <= e.high for e in found.values() if e.defined)


def test_figures_printed_by_hiclass() -> None:
    """Its tests of precision, recall and F: paths of two and four levels below the root that it adds itself."""

    def read(pairs: list[tuple[str, str]]) -> Any:
        tree = {"1": "root", "2": "1", "3": "2", "4": "3", "5": "2", "6": "5"}
        cm = uc.confusion_matrix(*zip(*pairs, strict=True), labels=["2", "4", "6"])
        return cm.taxonomy(tree)

    exchanged = read([("4", "6"), ("6", "4")])
    assert (exchanged.precision, exchanged.recall, exchanged.f1) == (0.5, 0.5, 0.5)
    assert read([("4", "4"), ("6", "6")]).precision == 1
    assert read([("2", "6"), ("2", "4")]).recall == 1
    assert read([("6", "2"), ("4", "2")]).recall == 0.5


def test_the_root_is_left_out() -> None:
    """With it a row called anything at all would be right in part; a root named or not makes no difference."""
    cm = uc.ConfusionMatrix.from_counts([[7, 3], [2, 8]], labels=["cat", "car"])
    for tree in ({"cat": None, "car": None}, {"cat": "thing", "car": "thing"}, {"thing": ["cat", "car"]}):
        found = cm.taxonomy(tree)
        assert found.precision == found.recall == found.f1 == 0.75 == cm.estimate("accuracy")
        assert (found.distance, found.error_distance) == (0.5, 2.0)


def test_levels_are_the_matrix_recounted() -> None:
    rng = np.random.default_rng(5)
    truth, called = rng.choice(CLASSES, 300), rng.choice(CLASSES, 300)
    found = uc.confusion_matrix(truth, called, labels=CLASSES).taxonomy(TREE)
    up = {name: name if name in ("pen", "animal") else TREE[name] for name in CLASSES}
    coarse = uc.confusion_matrix([up[x] for x in truth], [up[x] for x in called], labels=["animal", "vehicle", "pen"])
    assert [x.labels.names for x in found.levels] == [("animal", "vehicle", "pen"), tuple(CLASSES)]
    assert np.array_equal(found.levels[0].counts, coarse.counts)
    assert np.array_equal(found.levels[1].counts, uc.confusion_matrix(truth, called, labels=CLASSES).counts)


def test_seats_were_called_the_root() -> None:
    cm = uc.confusion_matrix(["cat", "dog", "cat"], ["cat", "?", "dog"], labels=["cat", "dog"], unknown="other")
    found = cm.taxonomy({"cat": ("thing", "animal"), "dog": ("thing", "animal"), "thing": "all"})
    assert (found.precision, found.recall) == (5 / 6, 5 / 9)  # of depth three: 3 + 0 + 2 shared
    assert (found.distance, found.error_distance) == (5 / 3, 2.5)


@pytest.mark.parametrize("k", [6, 60])
def test_intervals_against_the_bootstrap(k: int) -> None:
    """The closed-form delta method is as wide as resampling the cells says, for few classes and for many."""
    rng = np.random.default_rng(k)
    counts = rng.integers(0, 4, (k, k)) + np.diag(rng.integers(20, 60, k))
    cm = uc.ConfusionMatrix.from_counts(counts, labels=[f"c{i}" for i in range(k)])
    tree = {f"c{i}": f"g{i % 4}" for i in range(k)}
    usual, drawn = cm.taxonomy(tree), cm.taxonomy(tree, method="bootstrap", seed=1)
    for name, e in usual.estimates.items():
        other = drawn.estimates[name]
        assert e.method.startswith("delta method")
        assert (e.low, e.high) == pytest.approx((other.low, other.high), abs=0.1 * (e.high - e.low))
    assert cm.taxonomy(tree, level=0.5).distance.high < usual.distance.high


def test_no_errors_and_few_rows() -> None:
    found = uc.ConfusionMatrix.from_counts([[3, 0], [0, 2]], labels=["cat", "car"]).taxonomy({"all": ["cat", "car"]})
    assert found.precision == 1 > found.precision.low
    assert (found.distance.value, found.distance.high > 0) == (0, True)
    assert found.error_distance.reason == "no row was called wrong"
    assert "no row was called wrong" in str(found)


def test_costs_to_decide_by() -> None:
    """The table is the edges between classes, and a pass takes it as a rule."""
    cm = uc.ConfusionMatrix.from_counts(np.eye(3, dtype=int), labels=[0, 1, 2])
    costs = cm.taxonomy({0: "a", 1: "a", 2: None}).costs
    assert costs.table.tolist() == [[0, 2, 3], [2, 0, 3], [3, 3, 0]]
    p = np.array([[0.32, 0.3, 0.38]])
    ev = uc.evaluate([0], y_score=p, rules={"tree": costs})
    assert ev.matrix[0, 2] == 1  # the likeliest class
    assert ev.matrices["tree"][0, 0] == 1  # 0.3 · 2 + 0.38 · 3 edges expected, less than 0.62 · 3


def test_names_of_classes_and_their_values() -> None:
    cm = uc.confusion_matrix([0, 1], [0, 1], labels={0: "cat", 1: "dog"})
    assert cm.taxonomy({0: "animal", "dog": "animal"}).paths == {"cat": ("cat",), "dog": ("dog",)}


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ({"cat": "animal"}, "leaves out 'dog'"),
        ({}, "The tree is"),
        ({"cat": "dog", "dog": "cat"}, "circle of 2 nodes"),
        ({"a": ["cat", "dog"], "b": ["cat"]}, "'cat' is below 'a' and below 'b'"),
        ({"cat": ("x", "a"), "dog": ("y", "a")}, "'a' is below 'x' and below 'y'"),
    ],
)
def test_what_is_no_tree(tree: Any, text: str) -> None:
    cm = uc.ConfusionMatrix.from_counts([[3, 1], [0, 2]], labels=["cat", "dog"])
    with pytest.raises(UsageError, match=text):
        cm.taxonomy(tree)


def test_thousands_of_classes() -> None:
    y = np.arange(2100)
    with pytest.raises(NotKept, match="2,100 classes"):
        uc.confusion_matrix(y, y).taxonomy({1: "a"})


def test_plain_numbers() -> None:
    cm = uc.ConfusionMatrix.from_counts([[3, 0], [0, 2]], labels=["cat", "car"])
    made = cm.taxonomy({"cat": "animal", "car": "thing"}).to_dict()
    assert made["paths"] == [["animal", "cat"], ["thing", "car"]]
    assert made["hierarchical_precision"]["value"] == 1
    assert made["distance_of_errors"]["value"] is None
    assert [x["classes"] for x in made["levels"]] == [["animal", "thing"], ["cat", "car"]]
