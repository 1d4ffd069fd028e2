"""Spark: every threshold of all scores, beside its own evaluator with 1,000 bins, and what moves between processes.

    python benchmarks/spark.py                      two million rows of Parquet, two executors of one core
    python benchmarks/spark.py --rows 10000000 --runs 5

Needs pyspark and Java, and Linux. Both calls read the same file, in turn, after one turn that is not counted; a number
is the median. Beside the seconds on the wall stands the time of all processors that the driver, the executors and their
Python workers took, which other programs on the machine do not lengthen. Bytes shuffled are Spark's own count of what
its executors wrote for others.
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


def processors() -> float:
    """Seconds that this process, those below it and those of them that have ended have had of a processor."""
    found: dict[int, tuple[int, float]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = place.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        found[int(place.parent.name)] = int(words[1]), sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")
    ours = {os.getpid()}
    while more := {pid for pid, (parent, _) in found.items() if parent in ours} - ours:
        ours |= more
    return sum(found[pid][1] for pid in ours)


def timed(spark: Any, calls: dict[str, Callable[[], Any]], runs: int) -> dict[str, Any]:
    """Seconds and bytes of calls that take turns; each was made once before."""
    found: dict[str, Any] = {
        name: {"value": float(call()), "seconds": [], "processors": [], "shuffled": []} for name, call in calls.items()
    }
    for _ in range(runs):
        for name, call in calls.items():
            one, before = found[name], shuffled(spark)
            start, spent = time.perf_counter(), processors()
            call()
            one["seconds"].append(time.perf_counter() - start)
            one["processors"].append(processors() - spent)
            time.sleep(1)  # executors report what they wrote a little later
            one["shuffled"].append(shuffled(spark) - before)
            print(f"{name}: {one['seconds'][-1]:.2f} s", file=sys.stderr, flush=True)
    return {name: {x: statistics.median(n) if isinstance(n, list) else n for x, n in one.items()}
            for name, one in found.items()}  # fmt: skip


def main() -> None:
    """Print one line for each call, and the ratio."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=2 * 10**6)
    options.add_argument("--runs", type=int, default=3)
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
        print(f"{name:30}  {one['seconds']:8.2f} s  {one['processors']:8.2f} s of processors  "
              f"{one['shuffled']:14,.0f} bytes shuffled  roc_auc {one['value']:.6f}")  # fmt: skip
    ours, others = found.values()
    wall, spent = (others[x] / ours[x] for x in ("seconds", "processors"))
    rate = given.rows / ours["processors"] / 1e6
    print(f"{wall:.1f} times as long, {spent:.1f} times the processors; {rate:.2f} million rows a second and core")


if __name__ == "__main__":
    main()
