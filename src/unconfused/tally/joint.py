"""Joint tallies: what several models made of the same rows, kept together so that they can be compared row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import MergeRefused, UnknownClass, UsageError
from unconfused.findings import Evidence
from unconfused.labels import SEATS, Labels, listed
from unconfused.tally.axis import ScoreKind, cut_of
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.cuts import COLUMNS
from unconfused.tally.kernels import Floats, Ints, check_total, count_codes, exact_total, same, sum_codes
from unconfused.tally.scores import ScoreTally

Sums: TypeAlias = dict[str, Any]
"""Rows, Σw and Σw² by name, as both tallies call them."""
EXACT = 2**53
"""Whole numbers below this are float64s, and so are their sums."""


class _Models:
    """What both joint tallies share: models by name, and cells that stand in ascending order."""

    labels: Labels
    models: tuple[str, ...]
    full: Ints
    full_weights: Floats | None
    full_squares: Floats | None
    evidence: Evidence
    _keys: ClassVar[str]

    def __post_init__(self) -> None:
        for array in (getattr(self, self._keys), self.full, self.full_weights, self.full_squares):
            if array is not None:
                array.setflags(write=False)

    @property
    def total(self) -> int:
        """Rows counted."""
        return exact_total(self.full)

    def place(self, model: str) -> int:
        """Which of the models that is."""
        if model not in self.models:
            raise UnknownClass(f"There is no model {model!r}.", fix=f"There are {listed(self.models)}.")
        return self.models.index(model)

    def save(self, path: Any) -> None:
        """Write the tally to one file, whole or not at all; `unconfused.load` reads it back."""
        from unconfused.store import save

        save(self, path)

    def _check(self, other: Any, stated: Sequence[str]) -> None:
        if self.models != other.models:
            raise MergeRefused(
                f"One side holds the models {listed(self.models)}, the other {listed(other.models)}.",
                "Rows would be compared with those of another model.",
                "Count both with the same models in the same order.",
            )
        if (self.full_weights is None) != (other.full_weights is None):
            raise MergeRefused("One side counts weighted rows and the other unweighted ones.")
        for name in stated:
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                raise MergeRefused(f"{name} is {mine!r} on one side and {theirs!r} on the other.")

    def _alike(self, other: Any, stated: Sequence[str]) -> bool:
        arrays = (self._keys, "full", "full_weights", "full_squares")
        return (
            self.labels.key() == other.labels.key()
            and all(getattr(self, x) == getattr(other, x) for x in ("models", "evidence", *stated))
            and all(_same(getattr(self, x), getattr(other, x)) for x in arrays)
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.total:,} rows, models {listed(self.models)}, {self.labels!r})"


@dataclass(frozen=True, eq=False, repr=False)
class Joint(_Models):
    """Rows by true class and by the class that each model gave them.

    A tally: ``+`` adds cells; classes are aligned by name, models must be the same ones in the same order.

    Attributes:
        labels: the K classes, in order.
        models: the M models.
        cells: distinct, ascending, int64 (C, 1 + M): the place of the true class, then of the class that each model
            gave; K is the seat ``other``, K + 1 the seat ``missing``.
        full: rows in each cell, int64 (C,).
        full_weights, full_squares: Σw and Σw² of the same cells, float64 (C,), or None for unweighted rows.
        evidence: what only the rows could show.
        rules: how each model's scores became classes; None for given classes.
    """

    labels: Labels
    models: tuple[str, ...]
    cells: Ints
    full: Ints
    full_weights: Floats | None = None
    full_squares: Floats | None = None
    evidence: Evidence = field(default_factory=Evidence)
    rules: tuple[str | None, ...] = ()
    _keys: ClassVar[str] = "cells"

    @classmethod
    def count(
        cls,
        labels: Labels,
        models: Sequence[str],
        cells: NDArray[Any],
        *,
        count: Ints | None = None,
        weights: Floats | None = None,
        evidence: Evidence | None = None,
        rules: Sequence[str | None] = (),
    ) -> Joint:
        """Tally rows: ``cells`` (n, 1 + M) holds for each row the places described above."""
        small = cells.astype(np.uint16) if len(labels) + len(SEATS) < 2**16 else cells  # which sorts much faster
        order, place, size = _distinct(small)
        return cls(
            labels,
            tuple(models),
            cells[order].astype(np.int64),
            **_summed(place, size, count, weights),
            evidence=evidence or Evidence(),
            rules=tuple(rules) or (None,) * len(models),
        )

    @classmethod
    def zero(cls) -> Joint:
        """The tally of no rows: x + zero is x."""
        return cls(Labels(()), (), np.zeros((0, 1), np.int64), np.zeros(0, np.int64))

    @property
    def masses(self) -> Floats:
        """What metrics read: sums of weights where rows are weighted, else rows.    Shape: (C,)."""
        return self.full.astype(np.float64) if self.full_weights is None else self.full_weights

    @property
    def squares(self) -> Floats:
        """Σw² of the same cells; rows, if unweighted.    Shape: (C,)."""
        return self.masses if self.full_squares is None else self.full_squares

    def only(self, *models: str) -> Joint:
        """The same rows of some of the models."""
        places = [self.place(model) for model in models]
        keys = self.cells[:, [0, *(1 + place for place in places)]]
        order, place, size = _distinct(keys)
        sums = _each(lambda x: _total(place, size, x), self)
        rules = tuple(self.rules[place] for place in places)
        return Joint(self.labels, models, keys[order], evidence=self.evidence, rules=rules, **sums)

    def matrix(self, model: str) -> ConfusionMatrix:
        """The confusion matrix of one model."""
        at, side = self.place(model), len(self.labels) + len(SEATS)
        codes = self.cells[:, 0] * side + self.cells[:, 1 + at]

        def table(sums: Floats | None) -> Floats | None:
            return None if sums is None else sum_codes(codes, side * side, sums).reshape(side, side)

        rows = count_codes(codes, side * side, self.full).reshape(side, side)
        weights, squares = table(self.full_weights), table(self.full_squares)
        return ConfusionMatrix(self.labels, rows, weights, squares, self.evidence, self.rules[at])

    def __add__(self, other: object) -> Joint:
        if not isinstance(other, Joint):
            return self if type(other) is int and other == 0 else NotImplemented
        if not self.models or not other.models:
            return self if self.models else other
        self._check(other, ["rules"])
        a, b = (self, other) if self.labels.key() == other.labels.key() else (self._pruned(), other._pruned())
        labels = a.labels.unite(b.labels)
        cells = np.concatenate([_moved(x.cells, x.labels, labels) for x in (a, b)])
        order, place, size = _distinct(cells)
        sums, evidence = _added(place, size, self, other), self.evidence + other.evidence
        return Joint(labels, self.models, cells[order], evidence=evidence, rules=self.rules, **sums)

    __radd__ = __add__

    def _pruned(self) -> Joint:
        """Without inferred classes that no row has: they were only filled in to make two."""
        k, seen = len(self.labels), set(self.cells.ravel().tolist())
        kept = [place for place in range(k) if place in seen]
        if self.labels.declared or len(kept) == k:
            return self
        labels = Labels([self.labels.values[i] for i in kept], pos_label=self.labels.pos_label)
        places = np.zeros(k + len(SEATS), np.int64)
        places[kept], places[k:] = range(len(kept)), range(len(kept), len(kept) + len(SEATS))
        return replace(self, labels=labels, cells=places[self.cells])

    def __eq__(self, other: object) -> bool:
        return self._alike(other, ["rules"]) if isinstance(other, Joint) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False, repr=False)
class JointScores(_Models):
    """Rows of either class at each distinct set of scores, one score from each model.

    A tally: ``+`` unites the cells. As large as there are distinct sets of scores; exact.

    Attributes:
        labels: the two classes, one of them positive.
        models: the M models.
        score_kind: "probability", "logit" (log-odds) or "raw".
        scores: distinct and ascending, the first model's first, float64 (U, M); NaN for a score that is not usable.
        full: rows, int64 (U, 4): negative, positive, and the seats ``other`` and ``missing`` of the truth.
        full_weights, full_squares: Σw and Σw² in the same cells, or None for unweighted rows.
        evidence: what only the rows could show.
    """

    labels: Labels
    models: tuple[str, ...]
    score_kind: ScoreKind
    scores: Floats
    full: Ints
    full_weights: Floats | None = None
    full_squares: Floats | None = None
    evidence: Evidence = field(default_factory=Evidence)
    _keys: ClassVar[str] = "scores"

    @classmethod
    def count(
        cls,
        labels: Labels,
        models: Sequence[str],
        score_kind: ScoreKind,
        truth: NDArray[Any],
        scores: Floats,
        *,
        count: Ints | None = None,
        weights: Floats | None = None,
        evidence: Evidence | None = None,
    ) -> JointScores:
        """Tally rows: ``truth`` (n,) holds columns 0…3 as above, ``scores`` (n, M) is NaN where there is none."""
        scores = scores + 0.0  # -0.0 ties with 0.0
        order, place, size = _distinct(scores)
        codes = place * COLUMNS + truth
        sums: Sums = {k: x.reshape(-1, COLUMNS) for k, x in _summed(codes, size * COLUMNS, count, weights).items()}
        return cls(labels, tuple(models), score_kind, scores[order], evidence=evidence or Evidence(), **sums)

    @classmethod
    def zero(cls) -> JointScores:
        """The tally of no rows: x + zero is x."""
        return cls(Labels(()), (), "probability", np.zeros((0, 0)), np.zeros((0, COLUMNS), np.int64))

    def scored(self) -> JointScores:
        """Only the rows that have a usable score of every model, and a class."""
        kept = ~np.isnan(self.scores).any(1) & self.full[:, :2].any(1)
        if kept.all():
            return self
        return replace(self, scores=self.scores[kept], **_each(lambda x: x[kept], self))

    @cached_property
    def _known(self) -> dict[str, ScoreTally]:
        return {}

    def of(self, model: str) -> ScoreTally:
        """The scores of one model, with everything that can be asked of them."""
        if model not in self._known:
            self._known[model] = self._of(model)
        return self._known[model]

    def _of(self, model: str) -> ScoreTally:
        order, place, size = _distinct(self.scores[:, [self.place(model)]])
        scores = self.scores[order, self.place(model)]
        usable = size - int(np.isnan(scores).sum())  # NaN stands last

        def table(full: NDArray[Any]) -> NDArray[Any]:
            return _total(np.where(place < usable, place + 1, 0), usable + 1, full)

        sums = _each(table, self)
        return ScoreTally(self.labels, self.score_kind, scores[:usable], evidence=self.evidence, **sums)

    def at(self, thresholds: Mapping[str, float]) -> Joint:
        """The classes that follow from "positive when score >= threshold", each model at a threshold of its own."""
        if set(thresholds) != set(self.models):
            raise UsageError(
                f"The thresholds name {listed(list(thresholds))}, the models are {listed(self.models)}.",
                fix="Name one threshold for every model, or one number for all.",
            )
        positive, k = self.labels.require_positive("A threshold"), len(self.labels)
        if k < 2:
            raise UnknownClass(
                f"{listed(self.labels.names)} is the only class of these rows.",
                "Whatever is below the threshold has no name.",
                "Declare both: labels=[negative, positive].",
            )
        truth = np.array([1 - positive, positive, k, k + 1])
        cells = [np.tile(truth, len(self.scores))]
        for place, model in enumerate(self.models):
            own, cut = self.scores[:, place], cut_of(thresholds[model], self.score_kind)
            called = np.where(np.isnan(own), k + 1, np.where(own >= cut, positive, 1 - positive))
            cells.append(np.repeat(called, COLUMNS))
        kept = self.full.ravel() > 0
        order, place_of, size = _distinct(rows := np.stack(cells, 1)[kept])
        sums = _each(lambda x: _total(place_of, size, x.ravel()[kept]), self)
        rules = tuple(f"score >= {float(thresholds[model])!r}" for model in self.models)
        return Joint(self.labels, self.models, rows[order], evidence=self.evidence, rules=rules, **sums)

    def __add__(self, other: object) -> JointScores:
        if not isinstance(other, JointScores):
            return self if type(other) is int and other == 0 else NotImplemented
        if not self.models or not other.models:
            return self if self.models else other
        self._check(other, ["score_kind"])
        labels = self.labels.unite(other.labels)
        if len(labels) > 2:
            raise MergeRefused(f"Together the tallies have {len(labels)} classes, {labels!r}; scores tell two apart.")
        scores = np.concatenate([self.scores, other.scores])
        order, place, size = _distinct(scores)
        sums, evidence = _added(place, size, self, other), self.evidence + other.evidence
        return JointScores(labels, self.models, self.score_kind, scores[order], evidence=evidence, **sums)

    __radd__ = __add__

    def __eq__(self, other: object) -> bool:
        return self._alike(other, ["score_kind"]) if isinstance(other, JointScores) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


def ascends(keys: NDArray[Any]) -> bool:
    """Whether cells stand as these tallies hold them: distinct and in ascending order.    Shape: (n, m)."""
    order, _, size = _distinct(keys)
    return size == len(keys) and bool((np.diff(order) > 0).all())


# ── cells ─────────────────────────────────────────────────────────────────────────────────────
def _distinct(keys: NDArray[Any]) -> tuple[Ints, Ints, int]:
    """Where each distinct row of ``keys`` (n, m) first stands, in ascending order; the place of every row; how many.

    NaN stands last, and is one value.
    """
    if not len(keys):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), 0
    order = np.lexsort(keys.T[::-1])
    before, after = keys[order[:-1]], keys[order[1:]]
    differ = ((before != after) & ~((before != before) & (after != after))).any(1)  # x != x where x is NaN
    starts = np.concatenate([[True], differ])
    place = np.empty(len(keys), np.int64)
    place[order] = np.cumsum(starts) - 1
    return order[starts], place, int(starts.sum())


def _summed(codes: Ints, size: int, count: Ints | None, weights: Floats | None) -> Sums:
    """Rows, Σw and Σw² at each code."""
    rows = count_codes(codes, size, count)
    if weights is None:
        return {"full": rows}
    times = 1 if count is None else count
    w, q = (sum_codes(codes, size, x * times) for x in (weights, weights**2))
    return {"full": rows, "full_weights": w, "full_squares": q}


def _each(change: Callable[..., NDArray[Any]], *tallies: _Models) -> Sums:
    """Rows, Σw and Σw² of tallies, changed alike."""
    parts = {name: [getattr(x, name) for x in tallies] for name in ("full", "full_weights", "full_squares")}
    return {name: None if arrays[0] is None else change(*arrays) for name, arrays in parts.items()}


def _added(place: Ints, size: int, a: _Models, b: _Models) -> Sums:
    """The sums of two tallies whose cells, one after the other, go to ``place``."""
    check_total(a.total + b.total, lambda: a.total + b.total)
    return _each(lambda x, y: _total(place, size, np.concatenate([x, y])), a, b)


def _total(place: Ints, size: int, values: NDArray[Any]) -> NDArray[Any]:
    if not len(values) or (values.dtype.kind != "f" and exact_total(values) >= EXACT):
        out = np.zeros((size, *values.shape[1:]), values.dtype)
        np.add.at(out, place, values)
        return out
    columns = [np.bincount(place, x, size) for x in values.reshape(len(values), -1).T]  # in float64, many times faster
    return np.stack(columns, -1).reshape(size, *values.shape[1:]).astype(values.dtype)


def _moved(cells: Ints, labels: Labels, wanted: Labels) -> Ints:
    """The same cells with the places that ``wanted`` gives the classes."""
    k = len(wanted)
    places = np.array([*(wanted.values.index(value) for value in labels.values), k, k + 1])
    return places[cells]


def _same(a: NDArray[Any] | None, b: NDArray[Any] | None) -> bool:
    if a is None or b is None or a.dtype.kind != "f":
        return same(a, b)
    return np.array_equal(a, b, equal_nan=True)
