"""Matrices and reports for other programs: frames, dictionaries and JSON (CSV: `csv`; Markdown and LaTeX: `markup`)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from unconfused.errors import UsageError, require
from unconfused.inference import Estimate
from unconfused.labels import Label
from unconfused.show.report import BASELINES, Report, report
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.sparse import Sparse
from unconfused.tally.units import with_units

if TYPE_CHECKING:
    from unconfused.curves import Curve
    from unconfused.evaluation import Evaluation
    from unconfused.findings import Finding

SCHEMA_VERSION = 1
"""Of ``schema.json`` beside this module; raised when a field changes its meaning."""
LIBRARIES = {"pandas": "pandas", "polars": "polars", "arrow": "pyarrow"}


# ── frames ────────────────────────────────────────────────────────────────────────────────────────
def frame(columns: Mapping[str, Any], kind: str = "pandas") -> Any:
    """Columns as a frame.

    Raises:
        UsageError: ``kind`` is none of "pandas", "polars", "arrow".
        MissingExtra: that library is not installed.
    """
    if kind not in LIBRARIES:
        raise UsageError(f"to_frame({kind!r}) is not known.", fix="Type 'pandas', 'polars' or 'arrow'.")
    library = require(LIBRARIES[kind])
    return library.table(dict(columns)) if kind == "arrow" else library.DataFrame(dict(columns))


def matrix_frame(cm: ConfusionMatrix, kind: str = "pandas") -> Any:
    """Long form, one row for each cell by class: ``actual, predicted, n`` and, if weighted, ``weight``.

    Of more than 2,048 classes only the cells that hold rows. Seats stand in parentheses; where there are any, all names
    are text.
    """
    axis: list[Label] = [*cm.labels, *(f"({seat})" for seat in cm.seats)]
    if len({type(label) for label in axis}) > 1:
        axis = [str(label) for label in axis]
    size, table = len(axis), cm.table(weighted=False)
    sparse = isinstance(table, Sparse)
    columns: dict[str, Any] = {
        "actual": [axis[i] for i in table.rows] if sparse else [label for label in axis for _ in range(size)],
        "predicted": [axis[i] for i in table.columns] if sparse else axis * size,
        "n": table.ravel().tolist(),
    }
    if cm.full_weights is not None:
        columns["weight"] = cm.table().ravel().tolist()
    return frame(columns, kind)


def report_frame(made: Report, kind: str = "pandas") -> Any:
    """Long form, one row for each estimate; ``value``, ``low`` and ``high`` are NaN where undefined."""
    rows = list(records(made))
    return frame({name: [row[i] for row in rows] for i, name in enumerate(COLUMNS)}, kind)


COLUMNS = ("class", "metric", "value", "low", "high", "level", "method", "n", "reason")


def records(made: Report) -> Iterator[tuple[Any, ...]]:
    """The rows of that long form, each after ``COLUMNS``."""
    for label, metric, e in made.items():
        name = None if label is None else str(label)
        yield name, metric, e.value, e.low, e.high, e.level, e.method, e.n, e.reason


def curve_frame(curve: Curve, kind: str = "pandas") -> Any:
    """The points of a curve: ``threshold``, both axes under their names, and what else is known at each point."""
    return frame(curve.columns(), kind)


# ── dictionaries and JSON ─────────────────────────────────────────────────────────────────────────
def matrix_dict(cm: ConfusionMatrix) -> dict[str, Any]:
    """A matrix after the schema. ``counts`` and ``weights`` hold the classes, then the seats in use."""
    return {
        "schema_version": SCHEMA_VERSION,
        "type": "confusion_matrix",
        "labels": list(cm.labels.names),
        "values": list(cm.labels.values),
        "positive": cm.labels.positive_name,
        "declared": cm.labels.declared,
        "seats": list(cm.seats),
        "counts": cm.table(weighted=False).tolist(),
        "weights": None if cm.full_weights is None else cm.table().tolist(),
        "rule": cm.rule,
        "total": cm.total,
        "left_out": cm.left_out,
    }


def report_dict(made: Report) -> dict[str, Any]:
    """A report after the schema."""

    def each(found: Mapping[str, Estimate]) -> dict[str, Any]:
        return {metric: estimate_dict(e) for metric, e in found.items()}

    return {
        "schema_version": SCHEMA_VERSION,
        "type": "report",
        "kind": made.kind,
        "summary": made.summary,
        "total": made.total,
        "weight": made.weight,
        "level": made.level,
        "rule": made.rule,
        "positive": made.positive,
        "classes": [
            {
                "label": row.label,
                "rows": row.rows,
                "weight": row.weight,
                "called": row.called,
                "estimates": each(row.estimates),
            }
            for row in made.classes
        ],
        "averages": {average: each(found) for average, found in made.averages.items()},
        "overall": each(made.overall),
        "of_positive": each(made.of_positive),
        "of_scores": each(made.of_scores),
        "baselines": dict(BASELINES),
        "no_information_p": made.no_information_p,
        "prevalence_free": made.prevalence_free,
        "remarks": list(made.remarks),
        "left_out": dict(made.left_out),
        "findings": [finding_dict(finding) for finding in made.findings],
    }


def evaluation_dict(ev: Evaluation, *, threshold: Any = None, level: float = 0.95) -> dict[str, Any]:
    """An evaluation after the schema: its matrix (or matrices, at ``threshold`` if given) and its report."""
    held = with_units(ev.tallies).matrix if threshold is None else ev.at(threshold)
    return {
        "schema_version": SCHEMA_VERSION,
        "type": "evaluation",
        "kind": ev.kind,
        "labels": list(ev.labels.names),
        "score_kind": ev.score_kind,
        "total": ev.total,
        "left_out": ev.left_out,
        "matrix": matrix_dict(held) if isinstance(held, ConfusionMatrix) else None,
        "matrices": [{"label": label, "matrix": matrix_dict(cm)} for label, cm in held.items()]
        if isinstance(held, Grouped)
        else None,
        "report": report_dict(report(ev, level=level, threshold=threshold)),
    }


def estimate_dict(e: Estimate) -> dict[str, Any]:
    """An estimate; what is no finite number is null, and ``reason`` says why."""
    ends = [e.value, e.low, e.high, *(e.bounds or ())]
    reason = e.reason or (None if all(map(math.isfinite, ends)) else "infinite, or an interval without end")
    value, low, high, *bounds = (number if math.isfinite(number) else None for number in ends)
    return {"value": value, "low": low, "high": high, "level": e.level, "method": e.method, "n": e.n,
            "reason": reason, "bounds": bounds or None, "left_out": list(e.left_out),
            "expected": None if e.expected is None else list(e.expected)}  # fmt: skip


def finding_dict(finding: Finding) -> dict[str, Any]:
    """A finding after the schema."""
    evidence = {key: x if math.isfinite(x) else None for key, x in finding.evidence.items()}
    return {"code": finding.code, "level": finding.level, "message": finding.message, "evidence": evidence,
            "remedy": finding.remedy}  # fmt: skip


def matrix_json(cm: ConfusionMatrix, *, indent: int | None = None) -> str:
    """`matrix_dict` as JSON."""
    return json.dumps(matrix_dict(cm), indent=indent, allow_nan=False)


def report_json(made: Report, *, indent: int | None = None) -> str:
    """`report_dict` as JSON."""
    return json.dumps(report_dict(made), indent=indent, allow_nan=False)


def evaluation_json(ev: Evaluation, *, threshold: Any = None, level: float = 0.95, indent: int | None = None) -> str:
    """`evaluation_dict` as JSON."""
    return json.dumps(evaluation_dict(ev, threshold=threshold, level=level), indent=indent, allow_nan=False)
