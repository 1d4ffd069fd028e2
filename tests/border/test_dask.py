"""Dask: every partition is counted by its worker, and a worker that is killed is counted once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

distributed = pytest.importorskip("distributed")
dd = pytest.importorskip("dask.dataframe")
pytest.importorskip("duckdb")

import pandas as pd  # noqa: E402
from border import elsewhere, odd  # noqa: E402
from border.elsewhere import CALLS, HOSTILE, PLAIN, Columns  # noqa: E402
from border.hostile import PASSES, SOURCES, Source, check_source  # noqa: E402

import unconfused as uc  # noqa: E402
from unconfused.errors import InvalidWeights, LabelTypeMismatch, UsageError  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore:::(distributed|dask|tornado|asyncio|zict)"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
PARTS = 5


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes on this machine, without a dashboard."""
    made = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1", protocol="tcp",
        silence_logs=50,
    )  # fmt: skip
    with made, distributed.Client(made) as client:
        yield client


def frame(data: Columns) -> Any:
    """Partitions, one of which is empty."""
    whole = {name: any(type(v) is int for v in x) and None in x for name, x in data.items()}
    table = pd.DataFrame({k: pd.array(x, "Int64") if whole[k] else elsewhere.array(x) for k, x in data.items()})
    return dd.concat([dd.from_pandas(table, npartitions=PARTS, sort=False), dd.from_pandas(table.iloc[:0])])


@pytest.mark.parametrize("name", CALLS)
def test_same_tally(name: str, cluster: Any) -> None:
    """Equal to the arrays' to the bit."""
    elsewhere.check_call(frame(PLAIN), name)


def test_weights(cluster: Any) -> None:
    """Sums of weights to 1e-12."""
    elsewhere.check_weights(frame(PLAIN))


@pytest.mark.parametrize("name", elsewhere.SOME_REFUSED)
def test_refused(name: str, cluster: Any) -> None:
    """With the same numbers."""
    elsewhere.check_refused(frame(HOSTILE), name)


@pytest.mark.parametrize("name", elsewhere.SOME_COUNTED)
def test_counted(name: str, cluster: Any) -> None:
    """In the same seats."""
    elsewhere.check_counted(frame(HOSTILE), name)


@pytest.mark.parametrize("name", elsewhere.MODELS)
def test_several_models(name: str, cluster: Any) -> None:
    """In one scan, with their joint table."""
    elsewhere.check_models(frame(PLAIN), name)


def test_row_costs(cluster: Any) -> None:
    """Summed where the rows are."""
    elsewhere.check_row_costs(frame(PLAIN))
    elsewhere.check_row_costs_refused(frame(HOSTILE))


def test_quantiles(cluster: Any) -> None:
    """Exact, by two looks."""
    elsewhere.check_quantiles(frame(PLAIN))
    elsewhere.check_quantiles_refused(frame(HOSTILE))


@pytest.mark.parametrize("numpy", [False, True])
@pytest.mark.parametrize("what", PASSES)
def test_hostile_table(what: str, numpy: bool, cluster: Any, tmp_path: Path) -> None:
    """As every other source has it: by columns of Arrow, in which null is not NaN, and by those of NumPy."""
    if numpy and what == "decimals":  # objects, of which Dask itself makes text
        with pytest.raises(LabelTypeMismatch, match="text values"):
            uc.evaluate_frame(_hostile(numpy), **PASSES[what])
        return
    check_source(Source(lambda _: _hostile(numpy), nan=not numpy, order=False), what, tmp_path)


def _hostile(numpy: bool) -> Any:
    """The hostile table in partitions, one of which is empty."""
    table = SOURCES["pandas" if numpy else "pandas-arrow"].make(Path())
    return dd.concat([dd.from_pandas(table, npartitions=PARTS, sort=False), dd.from_pandas(table.iloc[:0])])


def test_what_a_worker_refuses(cluster: Any) -> None:
    """Our own error with its sentences; and what no part can know."""
    with pytest.raises(InvalidWeights, match=r"1 of \d parts of the table.*negative"):
        uc.evaluate_frame(frame(HOSTILE), y_true="y", y_score="edge", sample_weight="w")


@pytest.mark.parametrize("name", elsewhere.REFINED)
def test_a_second_look(name: str, cluster: Any) -> None:
    """Of the bins that leave something open, exact in the end; rows that are others by then are an error."""
    elsewhere.check_refined(frame(PLAIN), name)


def _drawn(part: Any) -> Any:
    """Scores that are new each time."""
    return part.assign(p=np.random.default_rng().random(len(part)))


def test_a_frame_that_changes(cluster: Any) -> None:
    """A random column of a lazy frame is another one at the second look."""
    made = frame({"y": PLAIN["y"], "p": PLAIN["p"]})
    changing = made.map_partitions(_drawn, meta=made._meta)
    with pytest.raises(UsageError, match=r"hold other rows at the second look.*persist"):
        uc.evaluate_frame(changing, y_true="y", y_score="p", refine=True)


def test_odd_slices(cluster: Any) -> None:
    """Columns of Arrow are called as everywhere. Of objects Dask itself makes text, which they are called by then."""

    def made(name: str, **how: Any) -> Any:
        return dd.from_pandas(odd.arrow_table(name).to_pandas(**how), npartitions=2, sort=False)

    odd.check(lambda name: made(name, types_mapper=pd.ArrowDtype))
    days = uc.evaluate_frame(made("day"), y_true="y", y_pred="y", by=["x"]).by["x"]
    assert list(days) == ["2024-01-01", "2024-01-02", "2024-01-03", None]


def _fatal(part: Any, folder: str) -> Any:
    """Kill the worker that is the first to read this."""
    if len(part) and part["k"].iloc[0] == 0:
        try:
            os.close(os.open(f"{folder}/killed", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return part
        os.kill(os.getpid(), signal.SIGKILL)
    return part


def test_a_worker_is_killed(cluster: Any, tmp_path: Path) -> None:
    """What it had counted is counted again by another, once."""
    n = 20_000
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"k": np.arange(n) // 1000, "y": rng.integers(2, size=n), "p": rng.random(n)})
    parts = dd.from_pandas(table, npartitions=20, sort=False).map_partitions(_fatal, str(tmp_path), meta=table.iloc[:0])
    made = uc.evaluate_frame(parts, y_true="y", y_score="p")
    assert (tmp_path / "killed").exists()
    assert made.tallies == uc.evaluate(table.y, y_score=table.p, grid="folded").tallies
