"""How long our calls take beside those of others, measured in one run on one machine.

    python benchmarks/run.py                 ten million rows
    python benchmarks/run.py --quick         200,000 rows, three runs
    python benchmarks/run.py --only pairs    the cases whose names begin so; several with commas between
    python benchmarks/run.py --long          a stream of 10⁹ scores too
    python benchmarks/run.py --write         keeps the result with others of the day, draws it on docs/benchmarks.md

Every measurement has a process of its own, in which our call, one of another and the reading of the same bytes with
np.sum take turns; a number is the median of at least five. Ours are made with their default settings, checks included.
A package that is not installed is a line without numbers: ``python -m pip install -e '.[all]' --group bench``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[0] = str(HERE / "speed")

import cases
import measure
import record

SIZES = [10**4, 10**5, 10**6, 10**7, 10**8]


def child(environment: dict[str, str] | None = None, **asked: Any) -> Any:
    """What a process of its own measured, or a line that says why it could not."""
    path = os.pathsep.join(filter(None, (str(HERE.parent / "src"), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, str(HERE / "speed" / "child.py"), json.dumps(asked)],
        env={**os.environ, "PYTHONPATH": path, "KERAS_BACKEND": "torch", **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return f"failed: {(done.stderr.strip().splitlines() or [f'exit {done.returncode}'])[-1]}"
    return json.loads(done.stdout.splitlines()[-1])


def compared(case: Any, rows: int, runs: int) -> list[dict[str, Any]]:
    """One line for each peer of a case, or one for ours alone."""
    n, lines = max(rows // case.per, 1), []
    ours = child(what="memory", case=case.name, peer=None, rows=n)
    for place, side in list(enumerate(case.peers)) or [(None, None)]:
        line = {"case": case.name, "title": case.title, "rows": n, "call": case.ours.name, "memory": ours,
                "reads_at_most": case.reads, "seconds_at_most": case.seconds}  # fmt: skip
        if side is not None:
            line |= {"peer": side.name, "share": side.share, "repeats": side.repeats, "ratio_at_least": side.least}
        if side is not None and side.package and measure.version(side.package) is None:
            lines.append(line | {"note": "not installed"})
            continue
        found = child(what="time", case=case.name, peer=place, rows=n, runs=runs)
        lines.append(line | (found if isinstance(found, dict) else {"note": found}))
        if side is not None and isinstance(found, dict):
            theirs = child(what="memory", case=case.name, peer=place, rows=n)
            lines[-1] |= {"ratio": found["theirs"] / found["ours"], "memory_theirs": theirs}
    return lines


def first_calls(rows: int) -> list[dict[str, Any]]:
    """What the compiler costs the first call: where nothing is kept on disk, and where it is."""
    found = []
    for name in ("pairs10", "threshold", "thresholds", "area", "many"):
        with tempfile.TemporaryDirectory() as folder:
            n = rows // (10 if name == "many" else 1)
            cold, again = (child({"NUMBA_CACHE_DIR": folder}, what="first", case=name, rows=n) for _ in range(2))
        found.append({"case": name, "cold": cold[0], "warm": again[0], "later": again[1]})
    return found


def starts(runs: int) -> dict[str, float]:
    """Seconds of a process that imports NumPy, one that imports unconfused, and one that prints the help."""
    path = os.pathsep.join(filter(None, (str(HERE.parent / "src"), os.environ.get("PYTHONPATH"))))
    programs = {
        "import numpy": ["-c", "import numpy"],
        "import unconfused": ["-c", "import unconfused"],
        "import, and one matrix": ["-c", "import unconfused as uc; uc.confusion_matrix([1, 0, 1], [1, 0, 0])"],
        "unconfused --help": ["-m", "unconfused", "--help"],
    }
    if measure.version("cyclopts") is None:  # the command line is an extra
        del programs["unconfused --help"]
    times: dict[str, list[float]] = {name: [] for name in programs}
    environment = {**os.environ, "PYTHONPATH": path}
    for _ in range(runs + 1):
        for name, program in programs.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, *program], env=environment, capture_output=True, check=True)
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(found[1:]) for name, found in times.items()}


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Everything that was asked for."""
    rows, wanted = options.rows, lambda name: not options.only or name.startswith(tuple(options.only.split(",")))
    result: dict[str, Any] = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "rows": rows, "machine": child(what="machine")}
    lines: list[dict[str, Any]] = []
    for case in cases.CASES:
        if wanted(case.name):
            lines += compared(case, rows, options.runs)
            print(record.progress(lines[-1]), file=sys.stderr)
    result["cases"] = lines
    if wanted("first"):
        result["first"] = first_calls(rows)
    if wanted("growth"):
        sizes = [n for n in SIZES if n <= 10 * rows]
        result["growth"] = [
            {"call": name, "rows": n, **child(what="growth", call=name, rows=n, runs=options.runs)}
            for name in cases.GROWTH
            for n in sizes
        ]
    if wanted("stream"):
        most = 10**9 if options.long else 10 * rows
        result["stream"] = [
            {"rows": n, **child(what="stream", rows=n)} for n in (most // (1000 if options.long else 100), most)
        ]
    if wanted("start"):
        result["start"] = starts(options.runs)
    if wanted("skewed"):
        result["skewed"] = child(what="skewed", rows=rows // 10)
    return result


def main() -> None:
    """Measure, print, and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, help="rows of the large cases")
    parser.add_argument("--runs", type=int, help="runs of each call, at least")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--only", metavar="NAME[,NAME]")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    options.rows = options.rows or (200_000 if options.quick else 10_000_000)
    options.runs = options.runs or (3 if options.quick else 5)
    result = measured(options)
    print(record.page(result))
    if options.write:
        record.keep(result, [case.name for case in cases.CASES])


if __name__ == "__main__":
    main()
