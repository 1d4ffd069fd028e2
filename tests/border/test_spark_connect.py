"""Spark Connect, with a server of its own: the same bytes as of arrays, though nothing of the JVM can be asked."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if importlib.util.find_spec("pyspark") is None or importlib.util.find_spec("grpc") is None:
    pytest.skip("no pyspark[connect]", allow_module_level=True)
if shutil.which("java") is None:
    pytest.skip("no Java on this machine", allow_module_level=True)

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

import unconfused as uc

random = np.random.default_rng(0)
truth = random.integers(2, size=5000)
score = np.clip(0.3 * truth + 0.7 * random.random(5000), 0, 1)
country = np.array(["de", "fr", "it"])[random.integers(3, size=5000)]
guess = np.where(score > 0.5, "yes", "no")
named = np.array(["no", "yes"])[truth]
pq.write_table(pa.table({"y": truth, "p": score, "c": country, "t": named, "g": guess}), sys.argv[1])

spark = SparkSession.builder.remote("local[2]").getOrCreate()
frame = spark.read.parquet(sys.argv[1]).repartition(5)
assert ".connect." in type(frame).__module__, type(frame)
bins = {"grid": "folded", "pins": [i / 100 for i in range(1, 100)]}
scored = uc.evaluate_frame(frame, y_true="y", y_score="p", by=["c"], progress=True)
assert scored.tallies == uc.evaluate(truth, y_score=score, by={"c": country}, **bins).tallies
called = uc.evaluate_frame(frame, y_true="t", y_pred="g", by=["c"], pos_label="yes")
assert called.tallies == uc.evaluate(named, guess, by={"c": country}, pos_label="yes").tallies
weighed = uc.evaluate_frame(frame, y_true="y", y_score="p", sample_weight="p", grid="exact")
exact = uc.evaluate(truth, y_score=score, sample_weight=score)
np.testing.assert_allclose(weighed.tallies.scores.full_weights, exact.tallies.scores.full_weights, rtol=1e-12)
try:
    uc.evaluate_frame(frame, y_true="y", y_score="c")
except uc.errors.InputError as error:
    print(error)
spark.stop()
"""


def test_the_same_as_arrays(tmp_path: Path) -> None:
    """Scores in slices, classes in one GROUP BY, weights; and what is no score is refused in our words."""
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    own = {"PYTHONPATH": paths, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    made = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(tmp_path / "rows.parquet")],
        env={**os.environ, **own}, capture_output=True, text=True, timeout=300, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr[-3000:]
    assert made.stdout.startswith(
        "5 of 5 parts of the table cannot be counted; the first: y_score holds 1,000 text values"
    )
    assert "Counting" in made.stderr
