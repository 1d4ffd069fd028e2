"""The benchmarks run, whatever of the others is installed; what they found is no matter here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = [sys.executable, str(ROOT / "benchmarks" / "run.py"), "--quick", "--rows", "20000", "--runs", "1", "--only"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("pairs2", "NumPy bincount"),
        ("drawn", "1 of 2,000 replicates"),
        ("start", "import unconfused"),
        ("stream", "64 MB"),
        ("parquet", "two sums"),
    ],
)
def test_benchmarks_run(name: str, shown: str) -> None:
    """A case beside its peers, and two that have none: each prints its table."""
    done = subprocess.run([*RUN, name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout
    assert "failed" not in done.stdout
    assert "Measured on" in done.stdout


def test_a_case_measured_again_takes_the_place_of_the_first() -> None:
    """The others of the day stay."""
    sys.path.insert(0, str(ROOT / "benchmarks" / "speed"))
    try:
        import record
    finally:
        sys.path.pop(0)
    before = {"date": "d", "cases": [{"case": "a", "ours": 1}, {"case": "b", "ours": 2}], "start": {"x": 1}}
    now = {"date": "d", "cases": [{"case": "a", "ours": 3}]}
    made = record.joined(before, now, ["b", "a"])
    assert made["cases"] == [{"case": "b", "ours": 2}, {"case": "a", "ours": 3}]
    assert made["start"] == {"x": 1}
