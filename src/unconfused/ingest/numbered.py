"""Columns of a table under names of our own, c0, c1, …, that mean nothing to any engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unconfused.ingest.files import check_columns


def numbered(available: Sequence[Any], names: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """The columns that are wanted, each once, and for each role what they are called by their place among those.

    >>> numbered(["y", "p"], {"y_true": "y", "y_score": ["p", "y"], "unit": None})
    ({'y_true': 'c0', 'y_score': ['c1', 'c0']}, ['y', 'p'])
    """
    given = {role: name for role, name in names.items() if name is not None}
    wanted = {role: list(name) if isinstance(name, (list, tuple)) else [name] for role, name in given.items()}
    check_columns(wanted, list(available), "The table")
    unique = list(dict.fromkeys(name for columns in wanted.values() for name in columns))
    called = {role: [f"c{unique.index(name)}" for name in columns] for role, columns in wanted.items()}
    several = {role for role, name in given.items() if isinstance(name, (list, tuple))}
    return {role: columns if role in several else columns[0] for role, columns in called.items()}, unique


def taken(table: Any, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """From a table of PyArrow with such names the columns of each role."""
    return {role: table.select(name) if isinstance(name, list) else table.column(name) for role, name in wanted.items()}
