"""How a call is measured: in turn with others, by the median, and by the memory that it adds."""

from __future__ import annotations

import gc
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

MOST = 25
"""Runs of quick calls, at most."""
LONG = 3.0
"""Seconds after which there are no more runs than that."""
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
PACKAGES = ["unconfused", "numpy", "numba", "scikit-learn", "torch", "torchmetrics", "keras", "scors", "pycm", "polars",
            "duckdb"]  # fmt: skip


def in_turn(calls: dict[str, Callable[[], Any]], runs: int) -> dict[str, float]:
    """Median seconds of each call: all of them once, then all of them again, so that a slow moment meets everyone."""
    for call in calls.values():
        warm(call)
    times: dict[str, list[float]] = {name: [] for name in calls}
    began, most = time.perf_counter(), max(runs, MOST)
    while len(next(iter(times.values()))) < runs or (
        time.perf_counter() - began < LONG and len(next(iter(times.values()))) < most
    ):
        for name, call in calls.items():
            gc.collect()
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in times.items()}


def warm(call: Callable[[], Any]) -> None:
    """Call until compilers, caches and thread pools are ready; what takes long once is as ready as it will be."""
    if once(call) < 1:
        for _ in range(4):
            call()


def once(call: Callable[[], Any]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def added_memory(call: Callable[[], Any]) -> int:
    """Bytes that a call adds, at its peak, to what the process holds before it."""
    gc.collect()
    try:
        RESET.write_text("5")  # Linux forgets the peak so far
    except OSError:
        before = _peak()
        call()
        return _peak() - before
    before = _status("VmRSS")
    call()
    return _status("VmHWM") - before


def _status(name: str) -> int:
    line = next(x for x in STATUS.read_text().splitlines() if x.startswith(name))
    return 1024 * int(line.split()[1])


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def machine() -> dict[str, Any]:
    """What the numbers depend on: processor, cores, versions."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    model = next((x.split(":", 1)[1].strip() for x in lines if x.startswith("model name")), platform.processor())
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = {"python": platform.python_version()} | {name: found for name in PACKAGES if (found := version(name))}
    return {"processor": model, "cores": own, "system": platform.system(), "versions": versions}


def version(name: str) -> str | None:
    """The version of a package, or None where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
