"""Problems for the law tests: rows, how they are read, and when two tallies of them are alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from unconfused.ingest.arrays import count_matrix, tally_arrays
from unconfused.ingest.joint import joint_arrays
from unconfused.ingest.rows import Reading
from unconfused.ingest.slices import tally_slices
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.joint import Joint, JointScores
from unconfused.tally.moments import Moments
from unconfused.tally.ranks import Ranks
from unconfused.tally.row_costs import RowCosts
from unconfused.tally.rules import Abstain, ClassWeights, Costs, Rule
from unconfused.tally.scores import ScoreTally
from unconfused.tally.slices import Slices
from unconfused.tally.tallies import Tallies

POOLS: tuple[tuple[Any, ...], ...] = (
    (0, 1),
    (-1, 1),
    (False, True),
    (0, 1, 2, 5),
    (-3, 2**62, 4),
    ("no", "yes"),
    ("", "a", "B", "ä b"),
)
WEIGHTS = st.just(0.0) | st.floats(1e-100, 1e6)  # their squares are no subnormals, which round as they like
SCORES = {
    "probability": st.sampled_from([0.0, -0.0, 5e-324, 0.25, 0.5, 0.75, float(np.nextafter(1, 0)), 1.0]),
    "logit": st.sampled_from([-np.inf, -800.0, -1.5, -0.0, 0.0, 1e-300, 2.0, 800.0, np.inf]),
    "raw": st.sampled_from([-np.inf, -1e308, -3.0, 0.0, 7.5, 1e308, np.inf]),
}


GRIDS = (("probability", "folded(1)"), ("probability", "uniform(4)"), ("logit", "floatbits"), ("raw", "floatbits(0)"))


@dataclass(frozen=True)
class Problem:
    """Rows, how they are read, and the threshold of a matrix that is asked of scores."""

    reading: dict[str, Any]
    columns: dict[str, NDArray[Any]]
    threshold: float | None = None

    def __len__(self) -> int:
        return len(self.columns["y_true"])

    def part(self, rows: Any) -> Problem:
        """The same problem over some of its rows."""
        return Problem(self.reading, {name: x[rows] for name, x in self.columns.items()}, self.threshold)

    @property
    def arguments(self) -> dict[str, Any]:
        """The columns as a pass takes them: costs of rows under one name."""
        columns = dict(self.columns)
        if priced := {name[5:]: columns.pop(name) for name in list(columns) if name.startswith("cost ")}:
            columns["row_cost"] = priced
        return columns

    def tally(self) -> Any:
        """What one pass over the rows keeps."""
        columns = self.arguments
        truth, how = columns.pop("y_true"), Reading(**self.reading)
        if several := [name for name in columns if " of " in name]:  # "y_pred of a": the column of one of the models
            role = several[0].partition(" ")[0]
            models = {name.rpartition(" ")[2]: columns.pop(name) for name in several}
            return joint_arrays(how, truth, **{role: models}, **columns)
        if sliced := {name[3:]: columns.pop(name) for name in list(columns) if name.startswith("by ")}:
            return tally_slices(how, truth, together(sliced), EDGES, **columns)
        if self.threshold is None:
            return tally_arrays(how, truth, **columns)
        return count_matrix(how, truth, threshold=self.threshold, **columns)


EDGES = {"age": [20, 40.5]}


def together(columns: dict[str, NDArray[Any]]) -> dict[Any, Any]:
    """Columns to slice by: each alone, and both."""
    return {**columns, tuple(columns): tuple(columns.values())}


def column(values: list[Any]) -> NDArray[Any]:
    """A column that keeps what its values are: text and None stay objects."""
    if any(isinstance(x, str) or x is None for x in values):
        out = np.empty(len(values), object)
        out[:] = values
        return out
    return np.array(values)


@st.composite
def weighed(draw: st.DrawFn, n: int, least: int = 0) -> dict[str, NDArray[Any]]:
    """No weights, weights, counts, or both."""
    made: dict[str, NDArray[Any]] = {}
    if draw(st.booleans()):
        made["sample_weight"] = np.array(draw(st.lists(WEIGHTS, min_size=n, max_size=n)))
    if draw(st.booleans()):
        made["count"] = np.array(draw(st.lists(st.integers(least, 5), min_size=n, max_size=n)))
    return made


@st.composite
def of_classes(draw: st.DrawFn, style: str) -> Problem:
    """Predicted classes: inferred, declared, renamed, with seats, or with rows left out."""
    pool = draw(st.sampled_from(POOLS))
    reading: dict[str, Any] = {}
    strangers: tuple[Any, ...] = ()
    if style != "inferred":
        order = draw(st.permutations(pool))
        reading["labels"] = {x: f"class {i}" for i, x in enumerate(order)} if style == "renamed" else order
        if draw(st.booleans()):
            reading["pos_label"] = draw(st.sampled_from(order))
    if style == "seats":
        reading |= {"unknown": "other", "invalid": "count"}
        strangers = ("zebra" if isinstance(pool[0], str) else 77, None)
    if style == "left out":
        reading |= {"unknown": "drop", "ignore": pool[0]}
        strangers = ("zebra" if isinstance(pool[0], str) else 77,)
    n = draw(st.integers(1, 12))
    sides = [column(draw(st.lists(st.sampled_from(pool + strangers), min_size=n, max_size=n))) for _ in "tp"]
    return Problem(reading, {"y_true": sides[0], "y_pred": sides[1], **draw(weighed(n))})


@st.composite
def of_scores(draw: st.DrawFn, kind: str, decided: bool = False, grid: str = "exact") -> Problem:
    """One score a row, of two classes; ``decided`` at a threshold, or kept on a grid."""
    pool = draw(st.sampled_from([(0, 1), (False, True), ("no", "yes")]))
    reading: dict[str, Any] = {"score_kind": kind, "grid": grid}
    if grid != "exact" and draw(st.booleans()):
        reading["pins"] = draw(st.sampled_from([(), (0.3,)]))
    strangers: tuple[Any, ...] = ()
    if pool == ("no", "yes") or draw(st.booleans()):
        reading["labels"] = pool
        if draw(st.booleans()):
            reading["pos_label"] = draw(st.sampled_from(pool))
        if draw(st.booleans()):
            reading["unknown"] = draw(st.sampled_from(["other", "drop"]))
            strangers = ("zebra" if isinstance(pool[0], str) else 77,)
    scores = SCORES[kind]
    if draw(st.booleans()):
        reading["invalid"] = "count"
        strangers += (None,) if "labels" in reading else ()  # a batch without any class must be told them
        scores = st.one_of(scores, st.just(np.nan))
    n = draw(st.integers(1, 12))
    truth = column(draw(st.lists(st.sampled_from(pool + strangers), min_size=n, max_size=n)))
    columns = {"y_true": truth, "y_score": np.array(draw(st.lists(scores, min_size=n, max_size=n)))}
    if not decided and not strangers and draw(st.booleans()):
        columns["y_pred"] = column(draw(st.lists(st.sampled_from(pool), min_size=n, max_size=n)))
        reading["labels"] = pool
    if kind != "raw" and not decided and "labels" in reading and draw(st.booleans()):
        reading["rules"] = draw(rules(2))
        reading["curves"] = draw(st.booleans())
    cut = draw(st.sampled_from([0.0, 0.25, 0.5, 1.0, np.inf])) if decided else None
    return Problem(reading, {**columns, **draw(weighed(n, 0 if "labels" in reading else 1))}, cut)


@st.composite
def of_many_scores(draw: st.DrawFn, kind: str) -> Problem:
    """One score for each of three classes: argmax, one tally for each class, and moments."""
    reading: dict[str, Any] = {"score_kind": kind}
    pool: tuple[Any, ...] = (0, 1, 2)
    if draw(st.booleans()):
        pool = tuple(draw(st.permutations(("a", "b", "c"))))
        reading["labels"] = pool
    if draw(st.booleans()):
        reading["pos_label"] = draw(st.sampled_from(pool))
    if draw(st.booleans()):
        reading["curves"] = False
    if kind != "raw" and draw(st.booleans()):
        reading["rules"] = draw(rules(3))
    n = draw(st.integers(1, 8))
    whole = np.array(draw(st.lists(st.integers(0, 6), min_size=3 * n, max_size=3 * n)), float).reshape(n, 3)
    scores = whole - 3 if kind != "probability" else (whole + 1) / (whole + 1).sum(1, keepdims=True)
    truth = column(draw(st.lists(st.sampled_from(pool), min_size=n, max_size=n)))
    return Problem(reading, {"y_true": truth, "y_score": scores, **draw(weighed(n))})


@st.composite
def rules(draw: st.DrawFn, k: int) -> dict[str, Rule]:
    """Named rules over k classes; whole costs and weights, so that many rows have equals."""
    cost, weight = st.integers(0, 4), st.sampled_from([0.5, 1.0, 2.0])
    table = st.lists(st.lists(cost, min_size=k, max_size=k), min_size=k, max_size=k)
    costs = st.builds(Costs, table, abstain=st.sampled_from([None, 0.5, 1.0]))
    weights = st.builds(ClassWeights, st.lists(weight, min_size=k, max_size=k))
    sure = st.builds(Abstain, st.sampled_from([0.4, 0.5, 1.0]), then=st.one_of(st.none(), costs, weights))
    return draw(st.dictionaries(st.sampled_from(["a", "b/c", "\u00e4"]), st.one_of(costs, weights, sure), min_size=1))


@st.composite
def of_labels(draw: st.DrawFn, side: str) -> Problem:
    """Several labels a row, with scores or with decisions."""
    n, width = draw(st.integers(1, 8)), draw(st.integers(1, 3))
    reading: dict[str, Any] = {"label_kind": "multilabel"}
    if draw(st.booleans()):
        reading["labels"] = ["cat", "dog", "eel"][:width]

    def bits() -> NDArray[Any]:
        return np.array(draw(st.lists(st.integers(0, 1), min_size=n * width, max_size=n * width))).reshape(n, width)

    columns = {"y_true": bits(), side: bits() if side == "y_pred" else bits() / 2 + 0.25}
    return Problem(reading, {**columns, **draw(weighed(n))})


@st.composite
def of_models(draw: st.DrawFn, problems: st.SearchStrategy[Problem], role: str) -> Problem:
    """Two or three models on the same rows, the others like the first in another order, or with some rows changed."""
    problem = draw(problems)
    columns = dict(problem.columns)
    first = columns.pop(role)
    for model in "abc"[: draw(st.integers(2, 3))]:
        columns[f"{role} of {model}"] = first[np.array(draw(st.permutations(range(len(problem)))))]
    reading = {name: x for name, x in problem.reading.items() if name not in ("rules", "curves")}
    return Problem(reading, {name: x for name, x in columns.items() if name != "y_pred"})


@st.composite
def sliced(draw: st.DrawFn, problems: st.SearchStrategy[Problem]) -> Problem:
    """Rows with two columns to slice by: one of values, one of numbers that are cut."""
    problem = draw(problems)
    pool = draw(st.sampled_from([("DE", "US", None), (7, -1, 2**40), (True, False), ("missing", "", None)]))
    ages = st.sampled_from([np.nan, -np.inf, 19.9, 20.0, 40.0, 40.5, 1e300])
    country, age = (
        draw(st.lists(x, min_size=len(problem), max_size=len(problem))) for x in (st.sampled_from(pool), ages)
    )
    return Problem(problem.reading, {**problem.columns, "by country": column(country), "by age": np.array(age)})


@st.composite
def priced(draw: st.DrawFn, problems: st.SearchStrategy[Problem]) -> Problem:
    """Rows of two known classes, each with costs of its own; gains are hits alone, so that no sum cancels."""
    problem = draw(problems.filter(lambda x: x.reading.get("unknown") != "other" and None not in x.columns["y_true"]))
    cells = draw(st.sets(st.sampled_from(["tn", "fp", "fn", "tp"]), min_size=1))
    costs = {
        f"cost {cell}": np.array(draw(st.lists(WEIGHTS, min_size=len(problem), max_size=len(problem))))
        * (-1 if cell == "tp" else 1)
        for cell in sorted(cells)
    }
    reading = {name: x for name, x in problem.reading.items() if name not in ("rules", "curves")}
    return Problem(reading, {**problem.columns, **costs})


FAMILIES: dict[str, st.SearchStrategy[Problem]] = {
    **{f"classes, {style}": of_classes(style) for style in ("inferred", "declared", "renamed", "seats", "left out")},
    **{f"scores, {kind}": of_scores(kind) for kind in SCORES},
    **{f"scores, {kind}, {grid}": of_scores(kind, grid=grid) for kind, grid in GRIDS},
    **{f"threshold, {kind}": of_scores(kind, decided=True) for kind in SCORES},
    **{f"a score for each class, {kind}": of_many_scores(kind) for kind in SCORES},
    **{f"labels, {side}": of_labels(side) for side in ("y_pred", "y_score")},
    **{f"slices, classes {x}": sliced(of_classes(x)) for x in ("inferred", "declared", "seats", "left out")},
    **{f"slices, {kind}": sliced(of_scores(kind)) for kind in SCORES},
    "slices, folded": sliced(of_scores("probability", grid="folded(1)")),
    "slices, a score for each class": sliced(of_many_scores("logit")),
    "slices, labels": sliced(of_labels("y_score")),
    **{f"row costs, {kind}": priced(of_scores(kind)) for kind in SCORES},
    **{f"row costs, {kind}, {grid}": priced(of_scores(kind, grid=grid)) for kind, grid in GRIDS},
    "row costs, slices": sliced(priced(of_scores("probability"))),
    **{f"models, classes {x}": of_models(of_classes(x), "y_pred") for x in ("inferred", "seats", "left out")},
    **{f"models, {kind}": of_models(of_scores(kind), "y_score") for kind in SCORES},
}
"""Every way in which rows become a tally."""


def members(tally: Any) -> list[Any]:
    """A tally and every tally inside it."""
    inside: list[Any] = []
    if isinstance(tally, Tallies):
        parts = (tally.matrix, tally.scores, tally.ranks, tally.row_costs, *tally.moments.values(),
                 *tally.matrices.values())  # fmt: skip
        inside = [x for x in (*parts, *tally.slices.values(), tally.worst) if x is not None]
    elif isinstance(tally, Grouped):
        inside = list(tally.values())
    return [tally, *(x for one in inside for x in members(one))]


def close(a: Any, b: Any) -> bool:
    """Float sums: equal to 1e-12, relative."""
    if a is None or b is None:
        return a is b
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-12, atol=0, equal_nan=True))


def alike(a: Any, b: Any) -> bool:
    """Equal to the bit in everything that is whole or stated, and to 1e-12 in sums of floats."""
    if type(a) is not type(b):
        return False
    if isinstance(a, Tallies):
        pairs = [(getattr(a, x), getattr(b, x)) for x in ("matrix", "scores", "ranks", "row_costs")]
        stated = a.kind == b.kind and a.labels.key() == b.labels.key()
        for mine, theirs in ((a.moments, b.moments), (a.matrices, b.matrices), (a.slices, b.slices)):
            stated = stated and sorted(mine) == sorted(theirs)
            pairs += [(mine[name], theirs.get(name)) for name in mine]
        return stated and all(alike(x, y) for x, y in pairs)
    if isinstance(a, Grouped):
        return (a.kind, list(a)) == (b.kind, list(b)) and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, Slices):
        same = (a.columns, a.edges, list(a.members)) == (b.columns, b.edges, list(b.members))
        return same and all(alike(x, b.members[key]) for key, x in a.members.items())
    if isinstance(a, Moments):
        return a.n == b.n and close(a.sums, b.sums)
    if isinstance(a, RowCosts):
        alone = ("scores", "pins", "full")
        same = a.grid == b.grid and all(np.array_equal(getattr(a, x), getattr(b, x)) for x in alone)
        return same and close(a.weights, b.weights) and close(a.sums, b.sums)
    if isinstance(a, Ranks):
        same = a.classes == b.classes and np.array_equal(a.places, b.places) and np.array_equal(a.full, b.full)
        return same and close(a.full_weights, b.full_weights) and close(a.full_squares, b.full_squares)
    if isinstance(a, (ConfusionMatrix, ScoreTally)):
        names = ("rule",) if isinstance(a, ConfusionMatrix) else ("score_kind",)
        stated = all(getattr(a, x) == getattr(b, x) for x in (*names, "evidence")) and a.labels.key() == b.labels.key()
        same = stated and np.array_equal(a.full, b.full) and a.full.dtype == b.full.dtype == np.int64
        if isinstance(a, ScoreTally):
            alone = ("scores", "pins", "lows", "highs")
            same = same and a.grid == b.grid and all(np.array_equal(getattr(a, x), getattr(b, x)) for x in alone)
        return same and close(a.full_weights, b.full_weights) and close(a.full_squares, b.full_squares)
    if isinstance(a, (Joint, JointScores)):
        keys = ("cells", "rules") if isinstance(a, Joint) else ("scores", "score_kind")
        same = a.labels.key() == b.labels.key() and (a.models, a.evidence) == (b.models, b.evidence)
        same = same and np.array_equal(getattr(a, keys[0]), getattr(b, keys[0]), equal_nan=keys[0] == "scores")
        same = same and getattr(a, keys[1]) == getattr(b, keys[1]) and np.array_equal(a.full, b.full)
        return same and close(a.full_weights, b.full_weights) and close(a.full_squares, b.full_squares)
    return bool(a == b)
