"""Spark: every threshold of all scores, beside its own evaluator with 1,000 bins, and what moves between processes.

    python benchmarks/spark.py                      ten million rows of Parquet, two executors of one core
    python benchmarks/spark.py --rows 1000000 --runs 3

Needs pyspark and Java. Both calls read the same file, in turn; a number is the median. Bytes shuffled are Spark's own
count of what its executors wrote for others.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SRC = Path(__file__).resolve().parents[1] / "src"
sys.path[0] = str(SRC)


def session(folder: str) -> Any:
    """Two executors that are processes of their own, on the loopback interface."""
    from pyspark.sql import SparkSession

    os.environ |= {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_DIRS": folder}
    builder = SparkSession.builder.master("local-cluster[2,1,2048]").appName("unconfused")
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.executor.memory": "2g",
        "spark.executorEnv.PYTHONPATH": str(SRC),
        "spark.log.level": "OFF",
    }.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def written(folder: str, rows: int) -> str:
    """Labels int8 and scores float64, in eight files."""
    import pyarrow as pa
    from pyarrow import parquet

    rng, place = np.random.default_rng(0), Path(folder) / "rows"
    place.mkdir()
    for part in range(8):
        n = rows // 8
        truth = rng.integers(2, size=n).astype(np.int8)
        score = np.clip(0.3 * truth + 0.7 * rng.random(n), 0, 1)
        parquet.write_table(pa.table({"y": truth, "p": score}), place / f"{part}.parquet")
    return str(place)


def shuffled(spark: Any) -> int:
    """Bytes that executors have written for others so far."""
    executors = spark.sparkContext._jsc.sc().statusStore().executorList(False)
    return sum(executors.apply(i).totalShuffleWrite() for i in range(executors.size()))


def timed(spark: Any, calls: dict[str, Callable[[], Any]], runs: int) -> dict[str, Any]:
    """Seconds and bytes of calls that take turns; each was made once before."""
    found: dict[str, Any] = {
        name: {"value": float(call()), "seconds": [], "shuffled": []} for name, call in calls.items()
    }
    for _ in range(runs):
        for name, call in calls.items():
            before, start = shuffled(spark), time.perf_counter()
            call()
            found[name]["seconds"].append(time.perf_counter() - start)
            time.sleep(1)  # executors report what they wrote a little later
            found[name]["shuffled"].append(shuffled(spark) - before)
    for one in found.values():
        one |= {"seconds": statistics.median(one["seconds"]), "shuffled": statistics.median(one["shuffled"])}
    return found


def main() -> None:
    """Print one line for each call, and the ratio."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=10**7)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--json", action="store_true", help="print the result as JSON")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        spark = session(folder)
        from pyspark.ml.evaluation import BinaryClassificationEvaluator

        import unconfused as uc

        frame = spark.read.parquet(written(folder, given.rows))
        theirs = BinaryClassificationEvaluator(rawPredictionCol="p", labelCol="y", numBins=1000)
        cast = frame.selectExpr("cast(y as double) y", "p")
        calls: dict[str, Callable[[], Any]] = {
            "unconfused": lambda: uc.evaluate_frame(frame, y_true="y", y_score="p").estimate("roc_auc").value,
            "BinaryClassificationEvaluator": lambda: theirs.evaluate(cast),
        }
        found = timed(spark, calls, given.runs)
        spark.stop()
    if given.json:
        print(json.dumps({"rows": given.rows, "runs": given.runs, **found}))
        return
    print(f"{given.rows:,} rows, median of {given.runs}")
    for name, one in found.items():
        print(
            f"{name:30}  {one['seconds']:8.2f} s  {one['shuffled']:14,.0f} bytes shuffled  roc_auc {one['value']:.6f}"
        )
    ours, others = (one["seconds"] for one in found.values())
    print(f"{others / ours:.1f} times as long")


if __name__ == "__main__":
    main()
