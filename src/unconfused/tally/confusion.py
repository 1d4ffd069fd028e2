"""ConfusionMatrix: how many rows of each class were called what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unconfused.errors import InvalidCounts, MergeRefused, UsageError
from unconfused.findings import Evidence
from unconfused.labels import SEATS, Label, Labels, listed, plural
from unconfused.tally import sparse
from unconfused.tally.cells import Cells
from unconfused.tally.doors import MatrixDoors
from unconfused.tally.given import of_frame, whole_counts
from unconfused.tally.kernels import Floats, Ints, check_sum, exact_total
from unconfused.tally.rates import Normalize, Rates
from unconfused.tally.sparse import Sparse, Table


@dataclass(frozen=True, eq=False, repr=False)
class ConfusionMatrix(MatrixDoors):
    """Counts of (truth, prediction) pairs: rows are the truth, columns the prediction.

    A tally: ``+`` is associative and commutative, the matrix of no rows is its zero, classes are aligned by name.
    Of more than 2,048 classes only the cells that hold rows are kept (`Sparse`), with the same face.

    Attributes:
        labels: the K classes, in order.
        full: rows, int64 (K + 2, K + 2): the classes, then the seats ``other`` and ``missing``.
        full_weights: sum of weights in the same cells, float64, or None for unweighted rows.
        full_squares: sum of squared weights, float64, or None.
        evidence: what only the rows could show: rows left out on request, ties.
        rule: how scores became classes, such as ``score >= 0.4``; None for given classes.

    >>> cm = ConfusionMatrix.from_counts([[76, 9], [17, 48]], labels=["Negative", "Positive"])
    >>> cm["Positive", "Negative"], cm.tp, cm.total
    (17, 48, 150)
    """

    labels: Labels
    full: Any
    full_weights: Any = None
    full_squares: Any = None
    evidence: Evidence = field(default_factory=Evidence)
    rule: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.labels, Labels):
            raise UsageError(
                f"ConfusionMatrix(...) was called with a {type(self.labels).__name__}, not with Labels and counts.",
                "A matrix is what counting makes.",
                "Type uc.confusion_matrix(y_true, y_pred), or ConfusionMatrix.from_counts(counts, labels=[...]).",
            )
        many, rows = len(self.labels) > sparse.FEW, self.full
        for name in ("full", "full_weights", "full_squares"):
            table = getattr(self, name)
            if table is None:
                continue
            if many != isinstance(table, Sparse):
                table = Sparse.of(table, rows) if many else np.asarray(table)
                object.__setattr__(self, name, table)
            table.setflags(write=False)

    # ── making one ────────────────────────────────────────────────────────────────────────────
    @classmethod
    def from_counts(
        cls, counts: ArrayLike, *, labels: Any = None, pos_label: Any = None, weights: ArrayLike | None = None
    ) -> ConfusionMatrix:
        """A matrix from counts made elsewhere: rows are the truth, columns the prediction.    Shape: (K, K).

        A pandas table (such as ``pandas.crosstab(y_true, y_pred)``) brings its own names, which must be the same on
        both sides; its rows and columns are put in the order of ``labels``.
        Without ``labels=`` the classes are 0…K-1. ``weights`` (K, K) are sums of weights in the same cells; squared
        weights are then taken as equal within a cell.

        Raises:
            InvalidCounts: not square, negative, fractional, or of another size than ``labels``.
        """
        if all(hasattr(counts, x) for x in ("index", "columns", "reindex")):
            counts, labels = of_frame(counts, labels)
        table = whole_counts(counts)
        k = len(table)
        made = Labels.declare(range(k) if labels is None else labels, pos_label)
        if len(made) != k:
            raise InvalidCounts(
                f"The counts are {k} x {k}, but labels= names {plural(len(made), 'class')} ({listed(made.names)}).",
                "A name would stand at the wrong row.",
                "Name every row once, in order.",
            )
        if weights is None:
            return cls(made, _seated(table))
        sums = np.array(weights, np.float64)
        if sums.shape != table.shape or not np.isfinite(sums).all() or (sums < 0).any() or sums[table == 0].any():
            raise InvalidCounts(f"weights= must be finite, not negative, {k} x {k}, and 0 where the count is 0.")
        return cls(made, _seated(table), _seated(sums), _seated(sums**2 / np.maximum(table, 1)))

    @classmethod
    def zero(cls) -> ConfusionMatrix:
        """The matrix of no rows: x + zero is x."""
        return cls(Labels(()), np.zeros((2, 2), np.int64))

    # ── reading it ────────────────────────────────────────────────────────────────────────────
    @property
    def counts(self) -> Ints:
        """Rows in each cell, int64 (K, K); of thousands of classes refused where they would fill the memory."""
        return np.asarray(self.full[: len(self.labels), : len(self.labels)])

    @property
    def weights(self) -> Floats | None:
        """Sum of weights in each cell, float64 (K, K); None for unweighted rows."""
        k = len(self.labels)
        return None if self.full_weights is None else np.asarray(self.full_weights[:k, :k])

    @property
    def total(self) -> int:
        """Rows counted: all that were given, less those that the caller asked to leave out."""
        return exact_total(self.full)

    @property
    def left_out(self) -> dict[str, int]:
        """Rows that the caller asked to leave out, by reason."""
        return self.evidence.left_out

    @property
    def seats(self) -> tuple[str, ...]:
        """The seats that hold rows, of ``other`` and ``missing``."""
        k = len(self.labels)
        return tuple(name for i, name in enumerate(SEATS, k) if self.full[i].any() or self.full[:, i].any())

    @property
    def axis(self) -> tuple[Label, ...]:
        """What the rows and columns of ``table()`` are: the classes, then the seats that hold rows."""
        return (*self.labels, *self.seats)

    def table(self, *, weighted: bool | None = None) -> Any:
        """Rows (int64) or, for weighted rows, sums of weights (float64), with the seats in use.    Shape: (S, S)."""
        return self._in_use(self.full if self.full_weights is None or weighted is False else self.full_weights)

    def _in_use(self, full: Table) -> Table:
        k = len(self.labels)
        return _taken(full, [*range(k), *(k + SEATS.index(seat) for seat in self.seats)])

    def entries(self) -> tuple[Ints, Ints, Ints, Floats, Floats]:
        """The cells that hold rows: truth and prediction (places; K is ``other``, K + 1 ``missing``), rows, Σw, Σw²."""
        rows = self.full if isinstance(self.full, Sparse) else Sparse.of(self.full)
        plain = rows.values.astype(np.float64)
        if self.full_weights is None or self.full_squares is None:
            return rows.rows, rows.columns, rows.values, plain, plain
        weights, squares = (
            x.values if isinstance(x, Sparse) else x[rows.rows, rows.columns]
            for x in (self.full_weights, self.full_squares)
        )
        return rows.rows, rows.columns, rows.values, weights, squares

    def cells(self) -> Cells:
        """What metrics read: sums of weights where rows are weighted, else rows."""
        return self._cells

    @cached_property
    def _cells(self) -> Cells:
        return Cells.of_table(self.table().astype(np.float64), len(self.labels))

    def squares(self) -> Cells:
        """The same cells of squared weights (rows, if unweighted): Kish's n_eff is cells² / squares."""
        return self._squares

    @cached_property
    def _squares(self) -> Cells:
        if self.full_squares is None:
            return self._cells
        return Cells.of_table(self._in_use(self.full_squares).astype(np.float64), len(self.labels))

    def _cell(self, truth_is_positive: bool, called_positive: bool) -> int | Any:
        p = self.labels.require_positive("tn, fp, fn, tp")
        full = self.full if self.full_weights is None else self.full_weights
        return _folded(full, p)[int(truth_is_positive), int(called_positive)].item()

    @property
    def tn(self) -> int | Any:
        """Rows neither of the positive class nor called it (sum of weights if weighted)."""
        return self._cell(False, False)

    @property
    def fp(self) -> int | Any:
        """Rows called the positive class that are not of it: false alarms."""
        return self._cell(False, True)

    @property
    def fn(self) -> int | Any:
        """Rows of the positive class that were called something else: misses."""
        return self._cell(True, False)

    @property
    def tp(self) -> int | Any:
        """Rows of the positive class that were called it: hits."""
        return self._cell(True, True)

    def ravel(self) -> tuple[int | Any, int | Any, int | Any, int | Any]:
        """``tn, fp, fn, tp`` of a two-class matrix, by role and never by position."""
        if len(self.labels) != 2:
            raise UsageError(
                f"ravel() gives tn, fp, fn, tp, but this matrix has {plural(len(self.labels), 'class')}.",
                "Which of them is positive changes all four.",
                f"Ask for one class against the rest: cm[{self.labels[0] if self.labels else 'dog'!r}].ravel().",
            )
        return self.tn, self.fp, self.fn, self.tp

    def __getitem__(self, key: Any) -> Any:
        """``cm[truth, prediction]`` is a cell, by label; ``cm[label]`` is that class against the rest."""
        if isinstance(key, tuple):
            if len(key) != 2:
                raise UsageError(
                    f"cm[...] takes a truth and a prediction, not {plural(len(key), 'label')}.",
                    fix="Type cm[truth, prediction] for a cell, cm[label] for one class against the rest.",
                )
            truth, called = (self._place(label) for label in key)
            full = self.full if self.full_weights is None else self.full_weights
            return full[truth, called].item()
        return self.one_vs_rest(key)

    def _place(self, label: Any) -> int:
        k = len(self.labels)
        if label in SEATS and label not in self.labels.texts:
            return k + SEATS.index(label)
        return self.labels.index(label)

    def one_vs_rest(self, label: Any) -> ConfusionMatrix:
        """The 2x2 of one class against all others, that class positive and last.

        A seat joins the rest: a row called ``other`` was not called this class.
        """
        place = self.labels.index(label)
        parts = (self.full, self.full_weights, self.full_squares)
        full, weights, squares = (None if x is None else _seated(_folded(x, place)) for x in parts)
        two = Labels.against_rest(self.labels.names[place])
        return ConfusionMatrix(two, full, weights, squares, self.evidence, self.rule)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.counts if self.full_weights is None else self.weights, dtype=dtype)

    def normalize(self, how: Normalize) -> Rates:
        """Shares instead of counts: ``"true"`` of each row, ``"pred"`` of each column, ``"all"`` of everything.

        A row without rows is NaN, not 0. Seats stay in the denominators and are shown.
        """
        return Rates.of(self, how)

    # ── adding ────────────────────────────────────────────────────────────────────────────────
    def __add__(self, other: object) -> ConfusionMatrix:
        if isinstance(other, np.ndarray):
            raise MergeRefused(
                f"One side is an array of shape {other.shape}, whose rows and columns have no names.",
                "Adding by position would mix up classes.",
                "Add ConfusionMatrix.from_counts(array, labels=[...]).",
            )
        if not isinstance(other, ConfusionMatrix):
            return self if type(other) is int and other == 0 else NotImplemented
        for a, b in ((self, other), (other, self)):
            if a._is_zero():
                return b
        if (self.full_weights is None) != (other.full_weights is None):
            raise MergeRefused(
                "One matrix counts weighted rows and the other unweighted ones.",
                fix="Count both with sample_weight=, or neither.",
            )
        if self.rule != other.rule:
            mine, theirs = (rule or "given classes" for rule in (self.rule, other.rule))
            raise MergeRefused(
                f"One matrix comes from {mine}, the other from {theirs}.",
                "Their sum would be the matrix of no decision that anyone takes.",
                "Count both with the same threshold=.",
            )
        a, b = (self, other) if self.labels.key() == other.labels.key() else (self._pruned(), other._pruned())
        labels = a.labels.unite(b.labels)
        return ConfusionMatrix(
            labels,
            _add(a.full, a.labels, b.full, b.labels, labels),
            _add(a.full_weights, a.labels, b.full_weights, b.labels, labels),
            _add(a.full_squares, a.labels, b.full_squares, b.labels, labels),
            self.evidence + other.evidence,
            self.rule,
        )

    __radd__ = __add__

    def _is_zero(self) -> bool:
        bare = self.full_weights is None and self.rule is None and not self.evidence
        return bare and not self.labels and not self.full.any()

    def _pruned(self) -> ConfusionMatrix:
        """Without inferred classes that no row has: they were only filled in to show a 2x2."""
        k = len(self.labels)
        seen = np.logical_or(self.full[:k].any(1), self.full[:, :k].any(0))
        if self.labels.declared or seen.all():
            return self
        kept = [i for i in range(k) if seen[i]]
        labels = Labels([self.labels.values[i] for i in kept], pos_label=self.labels.pos_label)
        parts = (self.full, self.full_weights, self.full_squares)
        full, weights, squares = (None if x is None else _taken(x, [*kept, k, k + 1]) for x in parts)
        return ConfusionMatrix(labels, full, weights, squares, self.evidence, self.rule)

    def under(self, labels: Labels) -> ConfusionMatrix:
        """The same rows with the classes of ``labels``, in their order; every class that a row has is among them."""
        bare = self._pruned()
        parts = (bare.full, bare.full_weights, bare.full_squares)
        full, weights, squares = (None if x is None else _aligned(x, bare.labels, labels) for x in parts)
        return ConfusionMatrix(labels, full, weights, squares, self.evidence, self.rule)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConfusionMatrix):
            return NotImplemented
        return (
            self.labels.key() == other.labels.key()
            and self.rule == other.rule
            and self.evidence == other.evidence
            and _same(self.full, other.full)
            and _same(self.full_weights, other.full_weights)
            and _same(self.full_squares, other.full_squares)
        )

    __hash__ = None  # type: ignore[assignment]
    __array_ufunc__ = None  # adding an array of counts without names is refused

    def __iter__(self) -> Iterator[Any]:
        """Rows of the matrix, as NumPy would give them."""
        return iter(np.asarray(self))

    def __len__(self) -> int:
        return len(self.labels)


def _seated(table: NDArray[Any]) -> NDArray[Any]:
    """A table of classes with the two empty seats behind them.    Shape: (K, K) → (K + 2, K + 2)."""
    return np.pad(table, (0, len(SEATS)))


def _folded(full: Table, place: int) -> NDArray[Any]:
    """One class against the rest, that class last; no cell is a difference, so none is below 0.    Shape: (2, 2)."""
    if isinstance(full, Sparse):
        return full.folded(place)
    rest = np.arange(len(full)) != place
    return np.array([[full[np.ix_(a, b)].sum() for b in (rest, ~rest)] for a in (rest, ~rest)])


def _taken(full: Table, places: list[int]) -> Table:
    """The rows and columns at these places, in their order."""
    if not isinstance(full, Sparse):
        return full[np.ix_(places, places)]
    to = np.full(full.shape[0], -1)
    to[places] = np.arange(len(places))
    return full.moved(to, len(places))


def _aligned(full: Table, labels: Labels, wanted: Labels) -> Table:
    """The same table with its classes where ``wanted`` has them."""
    if labels.values == wanted.values:
        return full
    k, place_of = len(wanted), {value: i for i, value in enumerate(wanted.values)}
    places = [*(place_of[value] for value in labels.values), k, k + 1]
    if k > sparse.FEW:
        return (full if isinstance(full, Sparse) else Sparse.of(full)).moved(places, k + 2)
    out = np.zeros((k + 2, k + 2), full.dtype)
    out[np.ix_(places, places)] = full
    return out


def _add(a: Table | None, la: Labels, b: Table | None, lb: Labels, wanted: Labels) -> Table | None:
    if a is None or b is None:
        return None
    if a.dtype.kind == "i":
        check_sum(a, b)
    a, b = _aligned(a, la, wanted), _aligned(b, lb, wanted)
    return a.plus(b) if isinstance(a, Sparse) and isinstance(b, Sparse) else np.asarray(a) + np.asarray(b)


def _same(a: Table | None, b: Table | None) -> bool:
    """Both are absent, or equal cell by cell."""
    if isinstance(a, Sparse) and isinstance(b, Sparse):
        return a.same(b)
    return a is b or (a is not None and b is not None and np.array_equal(a, b))
