"""Rules that read the counts of a matrix by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.findings import Finding
from unconfused.labels import listed
from unconfused.metrics.catalogue import ratio
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.sparse import Sparse

SMALL = 30
"""Rows below which a rate says little."""
FEW = 20
"""Rows below which nothing is suspected."""
MANY = 200
"""Rows from which chance is no excuse."""
UNIT = 1 << 20
"""Evidence of confidence is kept in whole parts of this."""


@dataclass(frozen=True)
class Counted:
    """A matrix as the rules read it; what several of them need is added up once."""

    cm: ConfusionMatrix

    @cached_property
    def table(self) -> Any:
        """Rows in each cell, without the seats; of thousands of classes `Sparse`.    Shape: (K, K)."""
        return self.cm.full[: len(self.cm.labels), : len(self.cm.labels)]

    @cached_property
    def cells(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Row, column and count of every cell that holds anything.    Shape: three times (C,)."""
        held = self.table if isinstance(self.table, Sparse) else Sparse.of(self.table)
        return held.rows, held.columns, held.values

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Rows of each class.    Shape: (K,)."""
        return np.asarray(self.table.sum(1))

    @cached_property
    def columns(self) -> NDArray[np.int64]:
        """Rows called each class.    Shape: (K,)."""
        return np.asarray(self.table.sum(0))

    @cached_property
    def n(self) -> int:
        """Rows that have a class on both sides."""
        return int(self.rows.sum())

    @cached_property
    def total(self) -> int:
        """All rows counted."""
        return self.cm.total

    @cached_property
    def right(self) -> int:
        """Rows called what they are."""
        return int(self.diagonal.sum())

    @cached_property
    def diagonal(self) -> NDArray[np.int64]:
        """Rows of each class called what they are.    Shape: (K,)."""
        return np.asarray(self.table.diagonal())

    @cached_property
    def expected(self) -> float:
        """Rows that would be right if the calls were dealt out at random: Σ r·c / n."""
        return float(self.rows.astype(np.float64) @ self.columns) / self.n

    @cached_property
    def confidence(self) -> float | None:
        """The mean of the largest class probability, where the pass looked at it."""
        judged = self.cm.evidence["judged"]
        return self.cm.evidence["confidence"] / UNIT / judged if judged else None


def constant(c: Counted) -> Iterator[Finding]:
    """One class is called throughout, though several occur."""
    if c.total < FEW or np.count_nonzero(c.columns) != 1:
        return
    classes = int(np.count_nonzero(c.rows))
    if classes > 1:
        name = c.cm.labels.names[int(c.columns.argmax())]
        yield Finding(
            "CM-CONST",
            "warning",
            f"Every one of {c.total:,} rows was called {name!r}, though {classes} classes occur.",
            {"rows": c.total, "classes": classes},
            "Usual causes: argmax over a single column (always 0), a threshold outside the scores, a model that "
            "learned nothing.",
        )


def overconfident(c: Counted) -> Iterator[Finding]:
    """Class probabilities that are far surer than right."""
    if c.confidence is not None and c.total >= MANY and c.confidence - c.right / c.total > 0.3:
        chance = c.expected / c.n
        skill = (c.right / c.n - chance) / (1 - chance) if chance < 1 else 0.0
        yield surer_than_right(c.confidence, c.right / c.total, c.total, skill=skill)


def surer_than_right(sure: float, accuracy: float, rows: int, *, skill: float) -> Finding:
    """The finding that probabilities promise more than they keep; a note where they tell the classes apart well."""
    return Finding(
        "CM-OVERCONF",
        "warning" if skill < 0.5 else "note",
        f"The mean confidence is {sure:.2f}, the accuracy {accuracy:.2f} ({rows:,} rows).",
        {"confidence": sure, "accuracy": accuracy, "rows": rows},
        "Either the model is badly calibrated, or scores and labels are not of the same rows: collect both in one "
        "pass. curve('calibration') shows which scores promise too much.",
    )


def perfect(c: Counted) -> Iterator[Finding]:
    """Not one error."""
    n = c.total
    if n >= MANY and np.count_nonzero(c.rows) > 1 and c.right == n:
        yield Finding(
            "CM-PERFECT",
            "note",
            f"All of {n:,} rows are right.",
            {"rows": n},
            "Check that the target is no feature, and that these rows were not trained on.",
        )


def classes(c: Counted) -> Iterator[Finding]:
    """Classes that are absent, never called, or rare."""
    cm = c.cm
    rows, columns = cm.full[: len(cm.labels)].sum(1), cm.full[:, : len(cm.labels)].sum(0)
    names = cm.labels.names
    absent = [names[i] for i in range(len(names)) if not rows[i] and not columns[i]]
    never = [names[i] for i in range(len(names)) if rows[i] and not columns[i]]
    small = [names[i] for i in range(len(names)) if 0 < rows[i] < SMALL]
    if len(names) == 1:
        yield Finding(
            "CM-ONE-CLASS",
            "note",
            f"Only the class {names[0]!r} occurs, so the matrix is 1 x 1.",
            {"classes": 1},
            "Declare all classes with labels= to see the ones that are absent.",
        )
    if absent:
        yield Finding(
            "CM-ABSENT",
            "note",
            f"{len(absent)} of {len(names)} classes without rows and never called: {listed(absent)}. "
            "Averages leave them out.",
            {"absent": len(absent), "classes": len(names)},
        )
    if never:
        yield Finding(
            "CM-NEVER", "note", f"Never called: {listed(never)}. Their precision is undefined.", {"classes": len(never)}
        )
    if small and len(names) > 1:
        fewest = int(rows[rows > 0].min())
        smallest = min(str(names[i]) for i in np.flatnonzero(rows == fewest))
        yield Finding(
            "CM-SMALL",
            "note",
            f"{len(small)} of {len(names)} classes with fewer than {SMALL} rows ({smallest!r}: {fewest}): "
            "read their rates with the interval.",
            {"classes": len(small), "rows": fewest},
        )


def balanced(c: Counted) -> Iterator[Finding]:
    """Two classes of exactly the same size: somebody chose that mix."""
    cm, rows, p = c.cm, c.rows, c.cm.labels.positive
    if len(rows) != 2 or p is None or c.total < MANY or rows[0] != rows[1] or cm.full_weights is not None:
        return
    tp, fp = int(cm.counts[p, p]), int(cm.counts[1 - p, p])
    if not tp:
        return
    rare = tp * 0.05 / (tp * 0.05 + fp * 0.95)
    yield Finding(
        "CM-BALANCED",
        "note",
        f"The two classes have exactly {int(rows[0]):,} rows each. Precision {tp / (tp + fp):.2f} holds for that mix; "
        f"with 5 % {cm.labels.positive_name!r} it would be {rare:.2f}.",
        {"precision": tp / (tp + fp), "at_5_percent": rare},
        "at_prevalence(0.05) reads every metric for the population that you have.",
    )


def weights(c: Counted) -> Iterator[Finding]:
    """A few heavy rows that decide everything."""
    cm = c.cm
    if cm.full_weights is None or cm.full_squares is None or cm.total < MANY:
        return
    yield from uneven(cm.total, cm.full_weights.sum(), cm.full_squares.sum())


def uneven(rows: int, weight: float, squares: float) -> Iterator[Finding]:
    """The finding that weights differ so much that (Σw)² / Σw² is below a tenth of the rows."""
    effective = float(ratio(weight**2, squares).value)
    if effective < rows / 10:
        yield Finding(
            "CM-ESS",
            "note",
            f"The weights are so uneven that {rows:,} rows tell as much as {effective:,.0f} of equal weight.",
            {"rows": rows, "effective": effective},
            "Intervals take that into account.",
        )
