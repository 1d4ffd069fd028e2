"""Columns of odd types to slice by: what each is called by, or that it is refused, through whatever they come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pytest

import unconfused as uc
from unconfused.errors import UnconfusedError

N = 12
MANY = range(N)
Y, P = [i % 2 for i in MANY], [i * 7 % 12 / 12 for i in MANY]
COLUMNS: dict[str, list[Any]] = {
    "day": [dt.date(2024, 1, 1 + i % 3) if i % 5 else None for i in MANY],
    "stamp": [dt.datetime(2024, 1, 1 + i % 3, 12) if i % 5 else None for i in MANY],
    "zoned": [dt.datetime(2024, 1, 1 + i % 3, 12, tzinfo=dt.UTC) if i % 5 else None for i in MANY],
    "hour": [dt.time(1 + i % 3) for i in MANY],
    "span": [dt.timedelta(hours=1 + i % 3) for i in MANY],
    "euros": [Decimal(i % 3) if i % 5 else None for i in MANY],
    "cents": [Decimal(i % 3) / 4 for i in MANY],
    "list": [[1, 2] if i % 2 else [3] for i in MANY],
    "record": [{"a": i % 2} for i in MANY],
    "bytes": [b"a" if i % 2 else b"b" for i in MANY],
    "flag": [bool(i % 2) if i % 5 else None for i in MANY],
    "none": [None] * N,
    "whole": [float(i % 3) for i in MANY],
    "big": [2**60 + i % 2 for i in MANY],
}
NAMED: dict[str, dict[Any, int]] = {
    "euros": {0: 3, 1: 3, 2: 3, None: 3},
    "bytes": {"a": 6, "b": 6},
    "flag": {False: 4, True: 5, None: 3},
    "none": {None: 12},
    "whole": {0: 4, 1: 4, 2: 4},
    "big": {2**60: 6, 2**60 + 1: 6},
}
"""The slices and their rows. All other columns are refused."""
TOLD = {
    "day": "dates or times", "stamp": "dates or times", "zoned": "dates or times", "hour": "dates or times",
    "span": "durations|shape|records", "cents": "fractional numbers", "list": "lists or records|ragged",
    "record": "lists or records",
}  # fmt: skip


def arrow_table(name: str) -> Any:
    """Truth, score and the column as "x"."""
    pa = pytest.importorskip("pyarrow")
    types = {
        "day": pa.date32(), "stamp": pa.timestamp("us"), "zoned": pa.timestamp("us", "Europe/Berlin"),
        "hour": pa.time64("us"), "span": pa.duration("us"), "euros": pa.decimal128(9, 2), "cents": pa.decimal128(9, 2),
        "none": pa.null(),
    }  # fmt: skip
    return pa.table({"y": Y, "p": P, "x": pa.array(COLUMNS[name], types.get(name))})


def check(make: Callable[[str], Any], names: Iterable[str] = COLUMNS) -> None:
    """The keys, or the refusal, of scores and of classes."""
    for name in names:
        for how in ({"y_score": "p"}, {"y_pred": "y"}):
            if name in NAMED:
                found = uc.evaluate_frame(make(name), y_true="y", **how, by=["x"]).by["x"]
                assert {key: found[key].total for key in found} == NAMED[name], name
                assert {type(key) for key in found} == {type(key) for key in NAMED[name]}, name
            else:
                with pytest.raises(UnconfusedError, match=TOLD[name]):
                    uc.evaluate_frame(make(name), y_true="y", **how, by=["x"])


def check_arrays() -> None:
    """Columns that are lists of Python's own values."""
    for name, column in COLUMNS.items():
        if name in NAMED:
            found = uc.evaluate(Y, y_score=P, by={"x": column}).by["x"]
            assert {key: found[key].total for key in found} == NAMED[name]
        else:
            with pytest.raises(UnconfusedError, match=TOLD[name]):
                uc.evaluate(Y, y_score=P, by={"x": column})
