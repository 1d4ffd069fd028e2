"""Fuzzing of the file readers and of ``uc.load``: whatever the bytes, an error of ours or a tally, and never a crash.

    python benchmarks/fuzz.py                  ten minutes
    python benchmarks/fuzz.py --seconds 60 --seed 7

Each example runs in a worker process, which is watched for signals, hangs and memory: what kills it is written to
``fuzz-found/`` with the seed, and belongs into ``tests/border/fuzzed.py`` once it is repaired.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT / "src")
sys.path.insert(1, str(ROOT / "tests"))

PATIENCE = 60
MEMORY = 6 << 30
FOUND = Path("fuzz-found")


def work(seeds: multiprocessing.SimpleQueue[int | None], told: multiprocessing.SimpleQueue[tuple[int, str]]) -> None:
    """Run the examples of seeds until there is none."""
    from border import fuzzed

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    fuzzed.seeds()
    told.put((-1, "ready"))
    with tempfile.TemporaryDirectory() as folder:
        while (seed := seeds.get()) is not None:
            name, content = fuzzed.example(seed)
            try:
                told.put((seed, fuzzed.outcome(Path(folder), name, content)))
            except BaseException as error:
                told.put((seed, f"!{type(error).__name__}: {error}"))


def main() -> None:
    """Fuzz for so many seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    from border import fuzzed

    began, seed, outcomes, bad = time.monotonic(), options.seed, dict[str, int](), 0
    context = multiprocessing.get_context("spawn")
    while time.monotonic() - began < options.seconds:
        seeds, told = context.SimpleQueue(), context.SimpleQueue()  # of a worker each: the last may have died inside
        worker = context.Process(target=work, args=(seeds, told), daemon=True)
        worker.start()
        told.get()
        while time.monotonic() - began < options.seconds and seed % 5000 != 4999:
            seeds.put(seed)
            sent = time.monotonic()
            while told.empty() and worker.is_alive() and time.monotonic() - sent < PATIENCE:
                time.sleep(0.0005)
            what = (
                told.get()[1] if not told.empty() else f"!exit {worker.exitcode}" if not worker.is_alive() else "!hang"
            )
            outcomes[what.partition(":")[0]] = outcomes.get(what.partition(":")[0], 0) + 1
            if what.startswith("!"):
                bad += 1
                name, content = fuzzed.example(seed)
                FOUND.mkdir(exist_ok=True)
                (FOUND / f"{seed}-{name}").write_bytes(content)
                print(f"seed {seed}, {name}: {what[:300]}", flush=True)
            seed += 1
            if not worker.is_alive() or what == "!hang":
                break
        else:
            seed += seed % 5000 == 4999
        seeds.put(None)
        worker.join(5)
        worker.kill()
    spent = time.monotonic() - began
    print(f"{seed - options.seed:,} examples in {spent:.0f} s, {bad} of them bad: "
          f"{', '.join(f'{name} {n:,}' for name, n in sorted(outcomes.items()))}")  # fmt: skip
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
