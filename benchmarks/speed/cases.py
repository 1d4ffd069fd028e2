"""What is measured: the rows of each case, our call, and the calls of others that answer the same question."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]
Data = tuple[Column, Column]
Call = Callable[[], Any]
CHUNK = 1 << 20
BATCH = 256


class Side(NamedTuple):
    """One call of a case.

    Attributes:
        name: what it is called in the table.
        ready: ``ready(truth, other)`` imports what it needs and returns the call.
        package: what has to be installed, as the package index names it; "" for nothing.
        least: how many times as long as ours it should take; None where nothing was promised.
        share: it is given one row of so many, and its seconds count that many times.
        drop: a module that is hidden from both sides.
        repeats: it is called once of so many times that the answer takes, and its seconds count that many times.
    """

    name: str
    ready: Callable[[Column, Column], Call]
    package: str = ""
    least: float | None = None
    share: int = 1
    drop: str = ""
    repeats: int = 1


class Case(NamedTuple):
    """A question, the rows it is asked of, and who answers.

    Attributes:
        name, title: for the command line, and for people.
        rows: ``rows(n)`` makes the two columns.
        ours: our call.
        peers: those of others.
        reads: how many times as long as reading the same bytes ours may take; None where nothing was promised.
        seconds: how long ours may take.
        per: 1 row of the case for so many of the run.
    """

    name: str
    title: str
    rows: Callable[[int], Data]
    ours: Side
    peers: tuple[Side, ...] = ()
    reads: float | None = None
    seconds: float | None = None
    per: int = 1


# ── rows ──────────────────────────────────────────────────────────────────────────────────────
def pairs(classes: int) -> Callable[[int], Data]:
    """True and predicted classes as int64, 80 % of them equal, or so."""

    def made(n: int) -> Data:
        random = np.random.default_rng(0)
        truth, called = np.empty(n, np.int64), np.empty(n, np.int64)
        for start in range(0, n, CHUNK):
            m = min(CHUNK, n - start)
            y = random.integers(0, classes, m)
            truth[start : start + m] = y
            called[start : start + m] = np.where(random.random(m) < 0.8, y, random.integers(0, classes, m))
        return truth, called

    return made


def scored(kind: type[Any] = np.int64) -> Callable[[int], Data]:
    """Classes 0 and 1, and calibrated float32 probabilities of the class 1: logistic of a normal, mean -2, spread 2."""

    def made(n: int) -> Data:
        random = np.random.default_rng(0)
        truth, scores = np.empty(n, kind), np.empty(n, np.float32)
        for start in range(0, n, CHUNK):
            m = min(CHUNK, n - start)
            p = 1 / (1 + np.exp(2 - 2 * random.standard_normal(m, np.float32)))
            truth[start : start + m] = random.random(m) < p
            scores[start : start + m] = p
        return truth, scores

    return made


def table(classes: int) -> Callable[[int], Data]:
    """Classes 0…K-1, and float32 probabilities (n, K): softmax of normals, the true class 2 higher."""

    def made(n: int) -> Data:
        random, step = np.random.default_rng(0), CHUNK // classes
        truth, scores = np.empty(n, np.int64), np.empty((n, classes), np.float32)
        for start in range(0, n, step):
            m = min(step, n - start)
            y, z = random.integers(0, classes, m), random.standard_normal((m, classes), np.float32)
            z[np.arange(m), y] += 2
            e = np.exp(z)
            truth[start : start + m], scores[start : start + m] = y, e / e.sum(1, keepdims=True)
        return truth, scores

    return made


# ── our calls ─────────────────────────────────────────────────────────────────────────────────
def our_pairs(truth: Column, called: Column) -> Call:
    import unconfused as uc

    return lambda: uc.confusion_matrix(truth, called)


def our_cut(truth: Column, scores: Column) -> Call:
    import unconfused as uc

    return lambda: uc.confusion_matrix(truth, y_score=scores, threshold=0.4)


def our_thresholds(truth: Column, scores: Column) -> Call:
    import unconfused as uc

    return lambda: uc.evaluate(truth, y_score=scores, grid="folded")


def our_area(truth: Column, scores: Column) -> Call:
    import unconfused as uc

    return lambda: uc.evaluate(truth, y_score=scores).estimate("roc_auc")


def our_updates(truth: Column, scores: Column) -> Call:
    """A stream of its own for each run, fed by batches of torch tensors where torch is installed."""
    import unconfused as uc

    batches = _batches(truth, scores)

    def call() -> Any:
        stream = uc.Stream()
        for y, p in batches:
            stream.update(y_true=y, y_score=p)
        return stream.evaluation

    return call


def every_value(matrix: Any, wanted: str = "value") -> dict[str, float]:
    """Each metric of counts, those of a class by all three averages: the value, or an end of the interval."""
    from unconfused.metrics import CATALOGUE

    found = {}
    for name, metric in CATALOGUE.items():
        if metric.of != "counts":
            continue
        text = f"{name}(2)" if name == "fbeta" else name
        for average in ("@macro", "@micro", "@weighted") if metric.per_class else ("",):
            found[text + average] = getattr(matrix.estimate(text + average), wanted)
    return found


def our_areas_drawn(truth: Column, scores: Column) -> Call:
    import unconfused as uc

    ev = uc.evaluate(truth, y_score=scores, grid="folded")
    return lambda: ev.estimate("roc_auc", method="bootstrap")


def our_matrices_drawn(truth: Column, scores: Column) -> Call:
    import unconfused as uc

    matrix = uc.confusion_matrix(truth, y_score=scores, threshold=0.4)
    return lambda: matrix.estimate("f1", method="bootstrap")


def our_values(truth: Column, called: Column) -> Call:
    import unconfused as uc

    return lambda: every_value(uc.confusion_matrix(truth, called))


def our_values_of_matrix(truth: Column, called: Column) -> Call:
    import unconfused as uc

    matrix = uc.confusion_matrix(truth, called)
    return lambda: every_value(matrix)


def our_intervals_of_matrix(truth: Column, called: Column) -> Call:
    import unconfused as uc

    matrix = uc.confusion_matrix(truth, called)
    return lambda: every_value(matrix, "low")


def our_report(truth: Column, called: Column) -> Call:
    import unconfused as uc

    matrix = uc.confusion_matrix(truth, called)
    return lambda: matrix.report()


# ── files ─────────────────────────────────────────────────────────────────────────────────────
@cache
def folder() -> Any:
    """Where this process has its files; gone when it ends."""
    return tempfile.TemporaryDirectory(prefix="unconfused-bench-")


def parquet_of(truth: Column, scores: Column) -> str:
    """The columns as a Parquet file, in row groups of a million rows, with a coded column of 1,000 texts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = os.path.join(folder().name, f"{len(truth)}.parquet")
    if not os.path.exists(path):
        names, random, writer = pa.array([f"slice {i}" for i in range(1000)]), np.random.default_rng(1), None
        for start in range(0, len(truth), CHUNK):
            y, p = truth[start : start + CHUNK], scores[start : start + CHUNK]
            codes = pa.array(random.integers(0, 1000, len(y)).astype(np.int32))
            coded = pa.DictionaryArray.from_arrays(codes, names)
            piece = pa.table({"label": y.astype(np.int8), "score": p, "slice": coded})
            writer = writer or pq.ParquetWriter(path, piece.schema)
            writer.write_table(piece)
        assert writer is not None
        writer.close()
    return path


def csv_of(truth: Column, scores: Column) -> str:
    """The columns as a CSV file."""
    import duckdb

    path = os.path.join(folder().name, f"{len(truth)}.csv")
    if not os.path.exists(path):
        connection = duckdb.connect()
        source = parquet_of(truth, scores)
        connection.sql("SELECT label, score FROM read_parquet(?)", params=[source]).write_csv(path)
    return path


def our_parquet(truth: Column, scores: Column) -> Call:
    import unconfused as uc

    path = parquet_of(truth, scores)
    return lambda: uc.evaluate_frame(path, y_true="label", y_score="score")


def our_slices(truth: Column, scores: Column) -> Call:
    import unconfused as uc

    path = parquet_of(truth, scores)
    return lambda: uc.evaluate_frame(path, y_true="label", y_score="score", by=["slice"])


def our_csv(truth: Column, scores: Column) -> Call:
    import unconfused as uc

    path = csv_of(truth, scores)
    return lambda: uc.evaluate_frame(path, y_true="label", y_score="score")


def duckdb_sums(truth: Column, scores: Column) -> Call:
    import duckdb

    connection, path = duckdb.connect(), parquet_of(truth, scores)
    query = "SELECT sum(label), sum(score), count(*) FROM read_parquet(?)"
    return lambda: connection.execute(query, [path]).fetchall()


def duckdb_table(truth: Column, scores: Column) -> Call:
    import duckdb

    path = csv_of(truth, scores)
    columns = "columns={'label': 'VARCHAR', 'score': 'DOUBLE'}, header=true, auto_detect=false"
    query = f"CREATE TEMP TABLE t AS SELECT * FROM read_csv(?, {columns})"
    return lambda: duckdb.connect().execute(query, [path])


# ── scikit-learn, NumPy, polars, DuckDB, scors, PyCM ──────────────────────────────────────────
def sklearn_pairs(truth: Column, called: Column) -> Call:
    from sklearn.metrics import confusion_matrix

    return lambda: confusion_matrix(truth, called)


def sklearn_curve(truth: Column, scores: Column) -> Call:
    from sklearn.metrics import roc_curve

    return lambda: roc_curve(truth, scores)


def sklearn_area(truth: Column, scores: Column) -> Call:
    from sklearn.metrics import roc_auc_score

    return lambda: roc_auc_score(truth, scores)


def sklearn_area_drawn(truth: Column, scores: Column) -> Call:
    """One of the 2,000 replicates."""
    from sklearn.metrics import roc_auc_score
    from sklearn.utils import resample

    return lambda: roc_auc_score(*resample(truth, scores))


def sklearn_matrix_drawn(truth: Column, scores: Column) -> Call:
    """One of the 2,000 replicates."""
    from sklearn.metrics import f1_score
    from sklearn.utils import resample

    called = (scores >= 0.4).astype(np.int64)
    return lambda: f1_score(*resample(truth, called))


def bincount(truth: Column, called: Column) -> Call:
    k = int(max(truth.max(), called.max())) + 1
    return lambda: np.bincount(truth * k + called, minlength=k * k).reshape(k, k)


def polars_pairs(truth: Column, called: Column) -> Call:
    import polars as pl

    frame = pl.DataFrame({"truth": truth, "called": called})
    return lambda: frame.group_by("truth", "called").len()


def duckdb_pairs(truth: Column, called: Column) -> Call:
    import duckdb

    connection = duckdb.connect()
    connection.register("source", {"truth": truth, "called": called})
    connection.execute("CREATE TABLE rows AS SELECT * FROM source")
    return lambda: connection.execute("SELECT truth, called, count(*) FROM rows GROUP BY ALL").fetchall()


def scors_area(truth: Column, scores: Column) -> Call:
    import scors

    labels = truth.astype(bool)
    return lambda: scors.roc_auc(labels, scores)


def pycm_values(truth: Column, called: Column) -> Call:
    from pycm import ConfusionMatrix

    return lambda: ConfusionMatrix(actual_vector=truth, predict_vector=called)


# ── TorchMetrics, Keras ───────────────────────────────────────────────────────────────────────
def torch_cut(truth: Column, scores: Column) -> Call:
    import torch
    from torchmetrics.functional.classification import binary_confusion_matrix

    y, p = torch.from_numpy(truth), torch.from_numpy(scores)
    return lambda: binary_confusion_matrix(p, y, threshold=0.4)


def torch_thresholds(truth: Column, scores: Column) -> Call:
    import torch
    from torchmetrics.functional.classification import binary_auroc

    y, p = torch.from_numpy(truth), torch.from_numpy(scores)
    return lambda: binary_auroc(p, y, thresholds=200)


def torch_many(truth: Column, scores: Column) -> Call:
    import torch
    from torchmetrics.functional.classification import multiclass_auroc

    y, p = torch.from_numpy(truth), torch.from_numpy(scores)
    return lambda: multiclass_auroc(p, y, num_classes=p.shape[1], thresholds=200)


def torch_updates_of_many(truth: Column, scores: Column) -> Call:
    from torchmetrics.classification import MulticlassAUROC

    return _torch_updates(lambda: MulticlassAUROC(num_classes=scores.shape[1], thresholds=200), truth, scores)


def torch_updates(truth: Column, scores: Column) -> Call:
    from torchmetrics import MetricCollection
    from torchmetrics.classification import BinaryAUROC, BinaryF1Score, BinaryPrecision, BinaryRecall

    def made() -> Any:
        return MetricCollection([BinaryPrecision(), BinaryRecall(), BinaryF1Score(), BinaryAUROC(thresholds=200)])

    return _torch_updates(made, truth, scores)


def _torch_updates(made: Callable[[], Any], truth: Column, scores: Column) -> Call:
    batches = _batches(truth, scores)

    def call() -> Any:
        metric = made()
        for y, p in batches:
            metric.update(p, y)
        return metric.compute()

    return call


def _batches(truth: Column, scores: Column) -> list[Any]:
    batches = [(truth[i : i + BATCH], scores[i : i + BATCH]) for i in range(0, len(truth) - BATCH + 1, BATCH)]
    try:
        import torch
    except ImportError:
        return batches
    return [(torch.from_numpy(y), torch.from_numpy(p)) for y, p in batches]


def keras_thresholds(truth: Column, scores: Column) -> Call:
    os.environ["KERAS_BACKEND"] = "torch"
    import keras
    import torch

    y, p = torch.from_numpy(truth.astype(np.float32)), torch.from_numpy(scores)

    def call() -> Any:
        metric = keras.metrics.AUC(num_thresholds=200)
        metric.update_state(y, p)
        return metric.result()

    return call


# ── the cases ─────────────────────────────────────────────────────────────────────────────────
def _pair_peers(least: float) -> tuple[Side, ...]:
    return (
        Side("scikit-learn confusion_matrix", sklearn_pairs, "scikit-learn", least),
        Side("NumPy bincount", bincount),
        Side("polars group_by", polars_pairs, "polars"),
        Side("DuckDB GROUP BY", duckdb_pairs, "duckdb"),
    )


OURS = {
    "matrix": Side("confusion_matrix", our_pairs),
    "cut": Side("confusion_matrix(threshold=)", our_cut),
    "folded": Side('evaluate(grid="folded")', our_thresholds),
    "area": Side('evaluate().estimate("roc_auc")', our_area),
    "updates": Side("Stream.update", our_updates),
    "parquet": Side("evaluate_frame(PARQUET)", our_parquet),
}
CASES = (
    Case("pairs2", "label pairs, K = 2", pairs(2), OURS["matrix"], _pair_peers(80), reads=2),
    Case("pairs10", "label pairs, K = 10", pairs(10), OURS["matrix"], _pair_peers(50), reads=3),
    Case(
        "threshold", "scores at one threshold", scored(), OURS["cut"],
        (Side("TorchMetrics binary_confusion_matrix", torch_cut, "torchmetrics", 70),), reads=1.5,
    ),
    Case(
        "thresholds", "scores at every threshold", scored(), OURS["folded"],
        (
            Side("scikit-learn roc_curve", sklearn_curve, "scikit-learn", 100),
            Side("TorchMetrics binary_auroc(thresholds=200)", torch_thresholds, "torchmetrics", 500, share=10),
            Side("Keras AUC(200)", keras_thresholds, "keras", share=10),
        ),
        reads=4,
    ),
    Case(
        "area", "exact ROC AUC with its interval", scored(), OURS["area"],
        (
            Side("scikit-learn roc_auc_score", sklearn_area, "scikit-learn", 22),
            Side("scors roc_auc", scors_area, "scors", 4),
        ),
    ),
    Case(
        "drawn-area", "ROC AUC, 2,000 bootstrap replicates of a folded tally", scored(),
        Side('estimate("roc_auc", method="bootstrap")', our_areas_drawn),
        (Side("scikit-learn resample, roc_auc_score", sklearn_area_drawn, "scikit-learn", 5000, 10, repeats=2000),),
        seconds=1,
    ),
    Case(
        "drawn-f1", "F1, 2,000 bootstrap replicates of a matrix", scored(),
        Side('estimate("f1", method="bootstrap")', our_matrices_drawn),
        (Side("scikit-learn resample, f1_score", sklearn_matrix_drawn, "scikit-learn", 10**6, 10, repeats=2000),),
        seconds=0.02,
    ),
    Case(
        "many", "100 classes against the rest", table(100), OURS["folded"],
        (Side("TorchMetrics multiclass_auroc(thresholds=200)", torch_many, "torchmetrics", 1000, share=100),), per=10,
    ),
    Case(
        "many-updates", "100 classes, 256 rows at a time", table(100), OURS["updates"],
        (Side("TorchMetrics MulticlassAUROC(thresholds=200)", torch_updates_of_many, "torchmetrics", 150, share=10),),
        per=100,
    ),
    Case(
        "values", "label pairs, K = 10: every value", pairs(10), Side("estimate of each metric", our_values),
        (Side("PyCM ConfusionMatrix", pycm_values, "pycm", 50, share=20),),
    ),
    *(
        Case(f"{name}{k}", f"{what} of a ready matrix, K = {k:,}", pairs(k), Side(call, ready), seconds=seconds, per=10)
        for name, what, call, ready, targets in (
            ("values", "every value", "estimate of each metric", our_values_of_matrix, (0.005, 0.5)),
            ("intervals", "every interval", "low of each estimate", our_intervals_of_matrix, (None, None)),
            ("report", "the report", "report", our_report, (None, None)),
        )
        for k, seconds in zip((10, 1000), targets, strict=True)
    ),
    Case(
        "updates", "scores, 256 rows at a time", scored(), OURS["updates"],
        (
            Side("TorchMetrics MetricCollection of 4", torch_updates, "torchmetrics", 40, share=10),
            Side("the same, without Numba", torch_updates, "torchmetrics", 10, share=10, drop="numba"),
        ),
        per=10,
    ),
    Case(
        "parquet", "a Parquet file, every threshold", scored(np.int8), OURS["parquet"],
        (Side("DuckDB, two sums and a count", duckdb_sums, "duckdb", 1 / 2),),
    ),
    Case(
        "csv", "a CSV file, every threshold", scored(np.int8), Side("evaluate_frame(CSV)", our_csv),
        (Side("DuckDB CREATE TEMP TABLE AS SELECT", duckdb_table, "duckdb", 1 / 1.5),),
    ),
    Case(
        "slices", "a Parquet file in 1,000 slices", scored(np.int8), Side("evaluate_frame(by=)", our_slices),
        (Side("the same without slices", our_parquet, "pyarrow", 1 / 3),),
    ),
)  # fmt: skip
GROWTH = ("matrix", "cut", "folded", "area", "parquet")
"""Our calls that are followed from 10⁴ rows to 10⁸."""


def grown(name: str, n: int) -> Data:
    """Rows of a call that is followed: int8 labels, and int8 labels or float32 scores."""
    truth, scores = scored(np.int8)(n)
    return (truth, np.asarray(scores >= 0.4, np.int8)) if name == "matrix" else (truth, scores)
