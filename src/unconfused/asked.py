"""What is asked of the columns of a table: of one model or of several, in slices, with what the rows cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from unconfused.errors import UsageError
from unconfused.ingest.joint import joint_arrays
from unconfused.ingest.row_costs import check_row_cost, is_number
from unconfused.ingest.rows import Reading
from unconfused.ingest.slices import by_names
from unconfused.labels import listed
from unconfused.passes import counted
from unconfused.tally.joint import Joint, JointScores
from unconfused.versus import READ_ROW_BY_ROW, each

PLAIN = ("y_pred", "y_score", "sample_weight", "count", "ids")


@dataclass(frozen=True)
class Asked:
    """What is kept of rows that come as columns, each by the role that it plays. It travels to where the rows are.

    Attributes:
        by: the columns to slice by together; each has the role ``by:name``, or ``cut:name`` where it has edges.
        edges: of the columns of numbers among them.
        role: "y_score" or "y_pred" of several models, else "".
        models: their names; the column of one has the role ``y_score:name``.
        threshold: of the joint table of several models' scores, one number or one for each.
        costs: what each row costs: one number for a cell, or None where a column says it, with the role ``cost:cell``.
    """

    by: tuple[tuple[str, ...], ...] = ()
    edges: Mapping[str, Any] = field(default_factory=dict)
    role: str = ""
    models: tuple[str, ...] = ()
    threshold: Any = None
    costs: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def quantiles(self) -> dict[str, int]:
        """The columns that are to be cut into so many parts of the rows, as even as ties allow."""
        return {x: int(n) for x, n in self.edges.items() if isinstance(n, int) and not isinstance(n, bool)}

    def cut(self, edges: Mapping[str, Any]) -> Asked:
        """The same with some edges found."""
        return replace(self, edges={**self.edges, **edges})

    def kept(self, reading: Reading, rows: Mapping[str, Any]) -> tuple[Any, ...]:
        """The tallies of some rows: of the model; or of each of several, and then the joint one."""
        by, own = self.apart(rows)
        y_true, edges = rows["y_true"], self.edges or None
        if not self.models:
            return (counted(reading, y_true, rows.get("unit"), by, edges, own),)
        given = [rows[f"{self.role}:{model}"] for model in self.models]
        kept = [counted(reading, y_true, None, by, edges, {**own, self.role: column}) for column in given]
        return (*kept, self.joint(reading, rows))

    def apart(self, rows: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """The columns to slice by, and the others but for the truth."""
        found = {name: rows[self.sliced(name)] for names in self.by for name in names}
        by = {names: tuple(found[name] for name in names) for names in self.by} or None
        costs = {cell: rows[f"cost:{cell}"] if cost is None else cost for cell, cost in self.costs.items()}
        return by, {x: rows[x] for x in PLAIN if x in rows} | {"row_cost": costs or None}

    def joint(self, reading: Reading, rows: Mapping[str, Any]) -> Joint | JointScores:
        """What the models made of some rows together."""
        plain = {x.name: getattr(reading, x.name) for x in fields(reading) if x.name in (*READ_ROW_BY_ROW, "batch")}
        given: dict[str, Any] = {self.role: {model: rows[f"{self.role}:{model}"] for model in self.models}}
        given |= {x: rows[x] for x in ("sample_weight", "count") if x in rows}
        made = joint_arrays(Reading(**plain), rows["y_true"], **given)
        if self.threshold is None:
            return made
        if not isinstance(made, JointScores):
            raise UsageError("threshold= was given, and the scores are of several classes.", "Their argmax is kept.")
        return made.at({x: float(t) for x, t in (each(self.threshold, made.models) or {}).items()})

    def sliced(self, name: str) -> str:
        """The role of a column to slice by."""
        return f"{'cut' if name in self.edges else 'by'}:{name}"


def asked_of(
    names: Mapping[str, Any], by: Any, edges: Any, threshold: Any, row_cost: Mapping[str, Any] | None
) -> tuple[Asked, dict[str, Any]]:
    """What the arguments of `evaluate_frame` ask, and the column of each role.

    Args:
        names: the column, the list of columns, or of y_score or y_pred ``{model: columns}``, of each role.
        by, edges, threshold, row_cost: as in `evaluate_frame`.

    Raises:
        UsageError: what does not go together.
    """
    edges, (role, models) = dict(edges or {}), _models(names)
    if models and names.get("unit") is not None:
        raise UsageError("unit= and several models were given.", "Their joint table counts rows, not units.")
    if threshold is not None and (not models or role == "y_pred"):
        raise UsageError("threshold= is for the scores of several models.", fix="Ask the result: .at(0.5).")
    sliced = () if by is None else tuple(by_names(by))
    if row_cost is not None:
        check_row_cost(row_cost)
    costs = {cell: float(x) if is_number(x) else None for cell, x in (row_cost or {}).items()}
    made = Asked(sliced, edges, role, tuple(map(str, models)), threshold, costs)
    if strange := [x for x in edges if not any(x in together for together in sliced)]:
        raise UsageError(f"edges= names {listed(strange)}, and by= does not.", fix="Name columns that are in by=.")
    columns = {x: name for x, name in names.items() if not models or x != role}
    columns |= {f"{role}:{model}": name for model, name in models.items()}
    columns |= {made.sliced(name): name for together in sliced for name in together}
    columns |= {f"cost:{cell}": (row_cost or {})[cell] for cell, cost in costs.items() if cost is None}
    return made, columns


def _models(names: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The role that models play, and the column of each; none where one model is meant."""
    several = [role for role in ("y_score", "y_pred") if isinstance(names.get(role), Mapping)]
    if not several:
        return "", {}
    if len(several) > 1 or len([x for x in ("y_score", "y_pred") if names.get(x) is not None]) > 1:
        raise UsageError("y_score= and y_pred= were given for several models.", fix="Give one of the two.")
    models = dict(names[several[0]])
    if len(models) < 2 or len(set(map(str, models))) < len(models):
        raise UsageError(
            f"{several[0]}= names {len(models)} model{'s' * (len(models) != 1)}.",
            fix='Name two or more, {"old": "p_old", "new": "p_new"}, or pass the column alone.',
        )
    return several[0], models
