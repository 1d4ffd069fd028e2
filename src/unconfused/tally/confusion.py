"""ConfusionMatrix: how many rows of each class were called what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unconfused.errors import InvalidCounts, MergeRefused, UsageError
from unconfused.findings import Evidence
from unconfused.labels import SEATS, Label, Labels, listed, plain, plural
from unconfused.tally.cells import Cells
from unconfused.tally.doors import MatrixDoors
from unconfused.tally.kernels import LIMIT, Floats, Ints, add_counts, check_total, exact_total, same
from unconfused.tally.rates import Normalize, Rates


@dataclass(frozen=True, eq=False, repr=False)
class ConfusionMatrix(MatrixDoors):
    """Counts of (truth, prediction) pairs: rows are the truth, columns the prediction.

    A tally: ``+`` is associative and commutative, the matrix of no rows is its zero, classes are aligned by name.

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
    full: Ints
    full_weights: Floats | None = None
    full_squares: Floats | None = None
    evidence: Evidence = field(default_factory=Evidence)
    rule: str | None = None

    def __post_init__(self) -> None:
        for array in (self.full, self.full_weights, self.full_squares):
            if array is not None:
                array.setflags(write=False)

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
            counts, labels = _of_frame(counts, labels)
        table = _whole_counts(counts)
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
        """Rows in each cell, int64 (K, K)."""
        return self.full[: len(self.labels), : len(self.labels)]

    @property
    def weights(self) -> Floats | None:
        """Sum of weights in each cell, float64 (K, K); None for unweighted rows."""
        return None if self.full_weights is None else self.full_weights[: len(self.labels), : len(self.labels)]

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

    def table(self, *, weighted: bool | None = None) -> NDArray[Any]:
        """Rows (int64) or, for weighted rows, sums of weights (float64), with the seats in use.    Shape: (S, S)."""
        return self._in_use(self.full if self.full_weights is None or weighted is False else self.full_weights)

    def _in_use(self, full: NDArray[Any]) -> NDArray[Any]:
        k = len(self.labels)
        kept = [*range(k), *(k + SEATS.index(seat) for seat in self.seats)]
        return full[np.ix_(kept, kept)]

    def cells(self) -> Cells:
        """What metrics read: sums of weights where rows are weighted, else rows."""
        return Cells.of_table(self.table().astype(np.float64), len(self.labels))

    def squares(self) -> Cells:
        """The same cells of squared weights (rows, if unweighted): Kish's n_eff is cells² / squares."""
        if self.full_squares is None:
            return self.cells()
        return Cells.of_table(self._in_use(self.full_squares).astype(np.float64), len(self.labels))

    def _cell(self, truth_is_positive: bool, called_positive: bool) -> Any:
        p = self.labels.require_positive("tn, fp, fn, tp")
        name = ("tn", "fp", "fn", "tp")[2 * truth_is_positive + called_positive]
        if self.full_weights is None:
            return int(self._exact_cells(p)[name])
        here = np.arange(len(self.full_weights)) == p
        truth, called = here == truth_is_positive, here == called_positive
        return float(self.full_weights[np.ix_(truth, called)].sum())  # no subtraction, so never below 0

    def _exact_cells(self, place: int) -> dict[str, int]:
        row, column = exact_total(self.full[place]), exact_total(self.full[:, place])
        tp = int(self.full[place, place])
        return {"tp": tp, "fn": row - tp, "fp": column - tp, "tn": self.total - row - column + tp}

    @property
    def tn(self) -> Any:
        """Rows neither of the positive class nor called it (sum of weights if weighted)."""
        return self._cell(False, False)

    @property
    def fp(self) -> Any:
        """Rows called the positive class that are not of it: false alarms."""
        return self._cell(False, True)

    @property
    def fn(self) -> Any:
        """Rows of the positive class that were called something else: misses."""
        return self._cell(True, False)

    @property
    def tp(self) -> Any:
        """Rows of the positive class that were called it: hits."""
        return self._cell(True, True)

    def ravel(self) -> tuple[Any, Any, Any, Any]:
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
                raise UsageError(f"cm[...] takes a truth and a prediction, not {len(key)} labels.")
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
        fold = np.zeros((2, len(self.full)), np.int64)
        fold[0], fold[:, place] = 1, (0, 1)

        def folded(full: NDArray[Any]) -> NDArray[Any]:
            return _seated(fold @ full @ fold.T)

        squares = None if self.full_squares is None else folded(self.full_squares)
        weights = None if self.full_weights is None else folded(self.full_weights)
        two = Labels.against_rest(self.labels.names[place])
        return ConfusionMatrix(two, folded(self.full), weights, squares, self.evidence, self.rule)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        table = self.counts if self.weights is None else self.weights
        return np.array(table, dtype=dtype)

    def normalize(self, how: Normalize) -> Rates:
        """Shares instead of counts: ``"true"`` of each row, ``"pred"`` of each column, ``"all"`` of everything.

        A row without rows is NaN, not 0. Seats stay in the denominators and are shown.
        """
        return Rates.of(self, how)

    # ── adding ────────────────────────────────────────────────────────────────────────────────
    def __add__(self, other: object) -> ConfusionMatrix:
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
            add_counts(_aligned(a.full, a.labels, labels), _aligned(b.full, b.labels, labels)),
            _add_sums(a.full_weights, a.labels, b.full_weights, b.labels, labels),
            _add_sums(a.full_squares, a.labels, b.full_squares, b.labels, labels),
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
        cut = np.ix_([*kept, k, k + 1], [*kept, k, k + 1])
        weights, squares = (None if x is None else x[cut] for x in (self.full_weights, self.full_squares))
        return ConfusionMatrix(labels, self.full[cut], weights, squares, self.evidence, self.rule)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConfusionMatrix):
            return NotImplemented
        return (
            self.labels.key() == other.labels.key()
            and self.rule == other.rule
            and self.evidence == other.evidence
            and np.array_equal(self.full, other.full)
            and same(self.full_weights, other.full_weights)
            and same(self.full_squares, other.full_squares)
        )

    __hash__ = None  # type: ignore[assignment]
    __array_ufunc__ = None  # adding an array of counts without names is refused

    def __iter__(self) -> Iterator[Any]:
        """Rows of the matrix, as NumPy would give them."""
        return iter(np.asarray(self))

    def __len__(self) -> int:
        return len(self.labels)


def _of_frame(frame: Any, labels: Any) -> tuple[NDArray[Any], Any]:
    """The counts of a pandas table by name, with the classes in order; one without names goes by position."""
    rows, columns = ([plain(x) for x in axis] for axis in (frame.index, frame.columns))
    if rows == columns == list(range(len(rows))):
        return frame.to_numpy(), labels
    wanted = rows if labels is None else list(Labels.declare(labels).values)
    if sorted(map(str, rows)) != sorted(map(str, columns)) or set(wanted) != set(rows):
        raise InvalidCounts(
            f"The rows are {listed(rows)}, the columns {listed(columns)}"
            + (f", and labels= names {listed(wanted)}." if labels is not None else "."),
            "Counted by position, a prediction would stand under another class's name.",
            "Give both sides the same classes: table.reindex(index=names, columns=names, fill_value=0).",
        )
    at = [[axis.index(x) for x in wanted] for axis in (rows, columns)]
    return frame.to_numpy()[np.ix_(*at)], wanted if labels is None else labels


def _whole_counts(counts: ArrayLike) -> Ints:
    """The counts as int64 (K, K), or why they are none."""
    try:
        table = np.asarray(counts)
    except ValueError as error:
        raise InvalidCounts(f"The counts are no table: {error}.", "Every row has one count for each class.") from error
    if table.ndim != 2 or table.shape[0] != table.shape[1] or table.size == 0:
        raise InvalidCounts(
            f"The counts have shape {table.shape}.",
            "A confusion matrix has one row and one column for each class.",
            "Pass a square table: rows are the truth, columns the prediction.",
        )
    if table.dtype == object:  # Python integers past 64 bits end up here
        table = np.array([[int(x) for x in row] for row in table.tolist()], dtype=object)
        exact = sum(table.ravel().tolist())
        if exact > LIMIT:
            check_total(exact, lambda: exact)
    elif table.dtype.kind not in "biuf":
        raise InvalidCounts(f"The counts are of type {table.dtype}.", "They must be whole numbers.")
    elif table.dtype.kind == "f" and not (np.isfinite(table).all() and (table == np.floor(table)).all()):
        raise InvalidCounts(
            "The counts hold fractions or values that are not finite.",
            "Shares cannot be counted again, and their rows are lost.",
            "Pass the counts; ask for shares with .normalize('true').",
        )
    if (table < 0).any():
        negative = plural((table < 0).sum(), "negative value")
        raise InvalidCounts(f"The counts hold {negative}.", "A count is at least 0.")
    if table.dtype.kind in "fu":  # beyond 63 bits the cast would wrap
        check_total(int(table.max()), lambda: sum(int(x) for x in table.ravel().tolist()))
    whole = table.astype(np.int64)
    check_total(int(whole.max()) * whole.size, lambda: sum(whole.ravel().tolist()))
    return whole


def _seated(table: NDArray[Any]) -> NDArray[Any]:
    """A table of classes with the two empty seats behind them.    Shape: (K, K) → (K + 2, K + 2)."""
    return np.pad(table, (0, len(SEATS)))


def _aligned(full: NDArray[Any], labels: Labels, wanted: Labels) -> NDArray[Any]:
    """The same table with its classes where ``wanted`` has them."""
    if labels.values == wanted.values:
        return full
    k = len(wanted)
    places = [*(wanted.values.index(value) for value in labels.values), k, k + 1]
    out = np.zeros((k + 2, k + 2), full.dtype)
    out[np.ix_(places, places)] = full
    return out


def _add_sums(a: Floats | None, la: Labels, b: Floats | None, lb: Labels, wanted: Labels) -> Floats | None:
    return None if a is None or b is None else _aligned(a, la, wanted) + _aligned(b, lb, wanted)
