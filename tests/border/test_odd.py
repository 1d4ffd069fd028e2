"""Slices by columns of odd types: called alike whatever the table, or refused in plain words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("duckdb")
pytest.importorskip("narwhals")
pytest.importorskip("polars")
pd = pytest.importorskip("pandas")

from border import odd  # noqa: E402

import unconfused as uc  # noqa: E402
from unconfused.errors import LabelTypeMismatch  # noqa: E402


def parquet(folder: Path) -> Callable[[str], Any]:
    """Through a file."""

    def made(name: str) -> str:
        path = str(folder / f"{name}.parquet")
        pytest.importorskip("pyarrow.parquet").write_table(odd.arrow_table(name), path)
        return path

    return made


MAKERS: dict[str, Callable[[Path], Callable[[str], Any]]] = {
    "pyarrow": lambda folder: odd.arrow_table,
    "pandas": lambda folder: lambda name: odd.arrow_table(name).to_pandas(),
    "pandas-arrow": lambda folder: lambda name: odd.arrow_table(name).to_pandas(types_mapper=pd.ArrowDtype),
    "polars": lambda folder: lambda name: pytest.importorskip("polars").from_arrow(odd.arrow_table(name)),
    "duckdb": lambda folder: lambda name: pytest.importorskip("duckdb").connect().from_arrow(odd.arrow_table(name)),
    "parquet": parquet,
}


@pytest.mark.parametrize("kind", MAKERS)
def test_slices_are_called_alike(kind: str, tmp_path: Path) -> None:
    """By the same values, or by none."""
    odd.check(MAKERS[kind](tmp_path))


def test_arrays() -> None:
    """As lists of Python."""
    odd.check_arrays()


def test_the_refusal_says_what_to_type() -> None:
    """By month, for example; and which column it is."""
    with pytest.raises(LabelTypeMismatch, match=r"by\['x'\] holds dates or times, such as 2024-01-02.*strftime"):
        uc.evaluate_frame(odd.arrow_table("day"), y_true="y", y_pred="y", by=["x"])
    day = pd.to_datetime(pd.Series(odd.COLUMNS["stamp"]))
    months = uc.evaluate(odd.Y, odd.Y, by={"month": day.dt.strftime("%Y-%m")}).by["month"]
    assert list(months) == ["2024-01", None]


@pytest.mark.parametrize("kind", ["pandas", "pandas-arrow", "polars", "pyarrow", "duckdb", "parquet"])
def test_edges_of_odd_columns(kind: str, tmp_path: Path) -> None:
    """Decimals are cut as numbers, a column of nulls is the slice of nulls, and what is no number is refused."""
    make = MAKERS[kind](tmp_path)
    how: dict[str, Any] = {"y_true": "y", "y_score": "p", "by": ["x"]}
    for edges in ([0.25], 2):
        found = uc.evaluate_frame(make("cents"), **how, edges={"x": edges}).by["x"]
        assert sorted(found[key].total for key in found) == [4, 8]
    nulls = uc.evaluate_frame(make("none"), **how, edges={"x": [1, 2]}).by["x"]
    assert {key: nulls[key].total for key in nulls} == {None: 12}
    for name in ("day", "span", "list", "flag"):
        with pytest.raises(uc.UnconfusedError, match=r"holds no numbers|shape|durations"):
            uc.evaluate_frame(make(name), **how, edges={"x": [1, 2]})
