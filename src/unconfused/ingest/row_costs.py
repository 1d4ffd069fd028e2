"""row_cost=: what each row costs, were it a false alarm or a miss, by a column or by one number for all."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import InvalidValues, NotKept, UsageError
from unconfused.ingest.columns import Column, as_column
from unconfused.ingest.factors import positions
from unconfused.ingest.weights import LARGEST, Weighing
from unconfused.labels import Labels, plural
from unconfused.tally.row_costs import CELLS, RowCosts

if TYPE_CHECKING:
    from unconfused.ingest.rows import Rows

EXAMPLE = 'Type row_cost={"fp": review_cost, "fn": amount}: a column, or one number for every row; also tn and tp.'


def check_row_cost(row_cost: Any) -> None:
    """Refuse what names no cells.

    Raises:
        UsageError: no mapping, or a cell that is none.
    """
    if not isinstance(row_cost, Mapping) or not row_cost or not set(row_cost) <= set(CELLS):
        raise UsageError(f"row_cost={row_cost!r:.60} does not name cells.", fix=EXAMPLE)


def is_number(cost: Any) -> bool:
    """Whether a cost is one number for every row."""
    return isinstance(cost, Real) and not isinstance(cost, bool)


def cost_columns(row_cost: Mapping[str, Any] | None) -> dict[str, Column | float]:
    """The columns, to be paired with the rest; numbers as they are."""
    if row_cost is None:
        return {}
    check_row_cost(row_cost)
    return {
        cell: float(cost) if is_number(cost) else as_column(cost, f"row_cost[{cell!r}]")
        for cell, cost in row_cost.items()
    }


def read_row_costs(columns: Mapping[str, Column | float], n: int) -> NDArray[np.float64] | None:
    """Costs in the order of ``CELLS``, 0 where none is stated.    Shape: (n, 4), or None.

    Raises:
        InvalidValues: a cost that is missing, no finite number, or beyond what its square can hold.
    """
    if not columns:
        return None
    made = np.zeros((n, len(CELLS)))
    for cell, cost in columns.items():
        made[:, CELLS.index(cell)] = cost if isinstance(cost, float) else _numbers(cost)
        own = made[:, CELLS.index(cell)]
        if (bad := ~(np.abs(own) <= LARGEST)).any():
            raise InvalidValues(
                f"row_cost[{cell!r}] holds {plural(bad.sum(), 'missing, infinite or huge value')}, {positions(bad)}.",
                "The total over any threshold would be no number.",
                "Say what these rows cost, or leave them out where the data is loaded.",
            )
    return made


def _numbers(column: Column) -> NDArray[np.float64]:
    if column.values.ndim != 1 or column.values.dtype.kind not in "biuf" or column.categories is not None:
        raise InvalidValues(
            f"{column.name} has shape {column.shape} and type {column.values.dtype}.", "A cost is a number.", EXAMPLE
        )
    x = column.values.astype(np.float64)
    if column.missing is not None:
        x[column.missing] = np.nan
    return x


def refuse_row_costs(rows: Rows, why: str) -> None:
    """Refuse costs where no threshold would read them.

    Raises:
        UsageError: they were given.
    """
    if rows.costs is not None:
        raise UsageError(
            f"row_cost= was given, and {why}.",
            "It prices what one threshold on one score decides.",
            "Evaluate one class against the rest with its scores, y_score= of shape (n,), or leave row_cost= out.",
        )


def row_costs(
    rows: Rows, truth: NDArray[np.int64], scores: NDArray[np.float64], labels: Labels, weighing: Weighing
) -> RowCosts | None:
    """What the rows cost at every score; ``truth`` (n,) places in ``labels``, with ``rows.costs`` of the same rows.

    Raises:
        NotKept: rows that are neither negative nor positive, of which nothing says what they cost.
    """
    if rows.costs is None:
        return None
    if (strange := truth >= len(labels)).any():
        raise NotKept(
            f"{plural(weighing.rows(strange), 'row')} of y_true hold no known class, {positions(strange)}.",
            "row_cost= prices negative and positive rows; what these cost nothing says.",
            'Leave them out: unknown="drop", or drop rows without a label.',
        )
    positive = labels.require_positive("row_cost=")
    bins = rows.reading.bins
    return RowCosts.count(
        (truth == positive).astype(np.int64), scores, rows.costs, count=weighing.count, weights=weighing.weights,
        grid=bins["grid"], pins=bins["pins"],
    )  # fmt: skip
