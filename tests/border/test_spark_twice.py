"""Spark with speculation: a slow task runs twice at the same time, and each row counts once.

Spark starts a duplicate only on another host than that of the slow task, and the workers of ``local-cluster`` have one
host; these are two workers of a master, on two addresses of the loopback interface.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pyspark = pytest.importorskip("pyspark")
if shutil.which("java") is None:
    pytest.skip("no Java on this machine", allow_module_level=True)
if not sys.platform.startswith("linux"):
    pytest.skip("needs a second address of the loopback interface", allow_module_level=True)

import unconfused as uc  # noqa: E402
from unconfused.ingest import spark as road  # noqa: E402

HOME = Path(pyspark.__file__).parent
SCALA = next((HOME / "jars").glob("spark-core_*.jar")).name.split("_")[1].split("-")[0]  # as bin/spark-class says
SRC = Path(uc.__file__).resolve().parents[1]
PATIENCE = 240
"""Seconds, at most, until a daemon has started, and until the first attempt has a duplicate."""
LIGHT = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
"""What lets a Java that lives for seconds start sooner."""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:::(pyspark|py4j)"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def daemon(stack: ExitStack, folder: Path, name: str, host: str, *given: str) -> Path:
    """A process of Spark that ends with the test; the file that it logs to."""
    log = folder / f"{name}-{host}.log"
    java = [shutil.which("java") or "java", "-Xmx256m", *LIGHT, "-cp", str(HOME / "jars" / "*")]
    java += [f"org.apache.spark.deploy.{name.lower()}.{name}", "--host", host, "--port", "0", "--webui-port", "0"]
    env = os.environ | {"SPARK_LOCAL_IP": host, "SPARK_HOME": str(HOME), "SPARK_SCALA_VERSION": SCALA}
    with log.open("w") as out:
        made = subprocess.Popen([*java, *given], env=env, stdout=out, stderr=subprocess.STDOUT, cwd=folder)
    stack.callback(made.wait)
    stack.callback(made.kill)
    return log


def found(log: Path, pattern: str) -> str:
    """What the log says as soon as it does."""
    end = time.monotonic() + PATIENCE
    while (said := re.search(pattern, log.read_text(errors="replace"))) is None:
        assert time.monotonic() < end, log.read_text(errors="replace")[-2000:]
        time.sleep(0.1)
    return said[1]


@pytest.fixture
def spark(tmp_path: Path) -> Iterator[Any]:
    """Two executors on two hosts, one core each; of a stage that is mostly done the slow tasks are started again."""
    with ExitStack() as stack:
        master = found(daemon(stack, tmp_path, "Master", "127.0.0.1"), r"Starting Spark master at (spark://\S+)")
        for host in ("127.0.0.1", "127.0.0.2"):
            daemon(stack, tmp_path, "Worker", host, "--cores", "1", "--memory", "700m", "-d", str(tmp_path), master)
        os.environ |= {
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_DIRS": str(tmp_path),
        }
        settings = {
            "spark.ui.enabled": "false",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.executor.memory": "600m",
            "spark.executor.extraJavaOptions": " ".join(LIGHT),
            "spark.executorEnv.PYTHONPATH": str(SRC),
            "spark.log.level": "OFF",
            "spark.sql.shuffle.partitions": "2",
            "spark.scheduler.minRegisteredResourcesRatio": "1.0",
            "spark.cores.max": "2",
            "spark.speculation": "true",
            "spark.speculation.interval": "200ms",
            "spark.speculation.quantile": "0.5",
            "spark.speculation.multiplier": "1.5",
            "spark.speculation.minTaskRuntime": "1s",
        }
        builder = pyspark.sql.SparkSession.builder.master(master).appName("unconfused")
        for name, value in settings.items():
            builder = builder.config(name, value)
        made = builder.getOrCreate()
        yield made
        made.stop()


def sleepy(folder: str) -> Any:
    """Rows that pass through; the first attempt at the first partition gives its rows, and ends when it has company."""

    def passed(batches: Iterator[Any]) -> Iterator[Any]:
        own, end = pyspark.TaskContext.get(), time.monotonic() + PATIENCE
        with open(f"{folder}/{own.partitionId()}-{own.attemptNumber()}", "x"):
            pass
        yield from batches
        if own.partitionId() == 0 and own.attemptNumber() == 0:
            while not os.path.exists(f"{folder}/0-1") and time.monotonic() < end:
                time.sleep(0.1)

    return passed


def test_a_slow_task_and_its_duplicate(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both read all rows of the partition, at the same time and to the end; one of them is kept.

    Whether the driver adds what comes of the partitions, or executors do.
    """
    n, ids = 20_000, np.arange(20_000)
    rows = spark.range(n, numPartitions=4).selectExpr(
        "cast(id * 7919 % 3 = 0 as int) y", "(id * 104729 % 100003) / 100003D p"
    )
    truth, score = (ids * 7919 % 3 == 0).astype(int), (ids * 104729 % 100003) / 100003
    wanted = uc.evaluate(truth, y_score=score, grid="folded").tallies
    for few in (4, 0):
        monkeypatch.setattr(road, "FEW", few)
        place = tmp_path / f"attempts-{few}"
        place.mkdir()
        made = uc.evaluate_frame(rows.mapInArrow(sleepy(str(place)), rows.schema), y_true="y", y_score="p")
        assert {"0-0", "0-1"} <= {path.name for path in place.iterdir()}
        assert made.tallies == wanted
