"""What the checks cost: the same calls with and without them, in turns.

    python benchmarks/checks.py                     ten million rows, fifteen pairs
    python benchmarks/checks.py --rows 1000000 --pairs 5

A line for each call: the median time without checks, what they add (the median of the differences within pairs), and
whether that is at most the larger of 5 % and 0.5 ms.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

import unconfused as uc
from unconfused.findings import Evidence

MOST, LEAST = 0.05, 0.0005
"""What the checks may add: a share of the call, or seconds."""
CHECKS: dict[str, Any] = {
    "unconfused.ingest.rows.seen": lambda *_: Evidence(),
    "unconfused.ingest.classes.check_classes": lambda *_: None,
    "unconfused.ingest.classes.check_kinds": lambda *_: None,
    "unconfused.passes.diagnose": lambda *_, **__: (),
}
"""Everything that looks for mistakes in arrays or in what was counted, and what stands in its place."""


@contextmanager
def without() -> Iterator[None]:
    """No checks inside."""
    held = [patch(name, stand_in) for name, stand_in in CHECKS.items()]
    for one in held:
        one.start()
    try:
        yield
    finally:
        for one in held:
            one.stop()


def calls(rows: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Calls of each kind; of scores for each class so many rows that the scores are ten times as many."""
    rng = np.random.default_rng(0)
    y = (rng.random(rows) < 0.3).astype(np.int8)
    p = np.clip(0.3 * y + 0.7 * rng.random(rows), 0, 1)
    yield "evaluate, scores, exact", lambda: uc.evaluate(y, y_score=p)
    yield "evaluate, scores, folded", lambda: uc.evaluate(y, y_score=p, grid="folded")
    yield "confusion_matrix at 0.5", lambda: uc.confusion_matrix(y, y_score=p, threshold=0.5)
    for k in (2, 10, 100):
        truth = rng.integers(0, k, rows)
        called = np.where(rng.random(rows) < 0.8, truth, rng.integers(0, k, rows))
        yield f"confusion_matrix, K = {k}", lambda t=truth, c=called: uc.confusion_matrix(t, c)  # type: ignore[misc]
    for k in (10, 100):
        n = max(10 * rows // k // 10, 100)
        truth = rng.integers(0, k, n)
        s = rng.random((n, k)) + 2 * np.eye(k)[truth]
        s /= s.sum(1, keepdims=True)
        for grid in ("exact", "folded"):
            yield (
                f"evaluate, K = {k}, {grid}, {n:,} rows",
                lambda t=truth, s=s, g=grid: uc.evaluate(  # type: ignore[misc]
                    t, y_score=s, grid=g
                ),
            )


def seconds(call: Callable[[], Any], clock: Callable[[], float]) -> float:
    """How long one call takes."""
    gc.collect()
    began = clock()
    call()
    return clock() - began


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=10**7)
    options.add_argument("--pairs", type=int, default=15)
    options.add_argument("--only", default="", help="calls whose names begin so")
    options.add_argument(
        "--cpu", action="store_true", help="seconds of the processor, of all threads, for a busy machine"
    )
    asked = options.parse_args()
    warnings.simplefilter("ignore")
    print(f"| {asked.rows:,} rows, {asked.pairs} pairs | without checks | they add | share | at most |")
    print("|---|---|---|---|---|")
    clock = time.process_time if asked.cpu else time.perf_counter
    for name, call in calls(asked.rows):
        if not name.startswith(asked.only):
            continue
        call()  # compiled, loaded
        pairs = []
        for turn in range(asked.pairs):
            found = {}
            for checked in (True, False) if turn % 2 else (False, True):
                if checked:
                    found[checked] = seconds(call, clock)
                else:
                    with without():
                        found[checked] = seconds(call, clock)
            pairs.append((found[False], found[True]))
        plain = statistics.median(off for off, _ in pairs)
        added = statistics.median(on - off for off, on in pairs)
        most = max(MOST * plain, LEAST)
        kept = "kept" if added <= most else "not kept"
        print(f"| {name} | {plain * 1e3:.2f} ms | {added * 1e3:+.2f} ms | {added / plain:+.1%} | "
              f"{most * 1e3:.2f} ms, {kept} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
