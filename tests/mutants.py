"""Change one thing in the code at a time, and see that a test falls.

    python tests/mutants.py                    all of them, some minutes
    python tests/mutants.py cuts worst         those in files of that name

A mutant that survives is a line that no test holds. The changes are made in a copy of the project.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TALLIES = "tests/laws/test_tallies.py"
LONGEST = 900
"""Seconds after which a test that has not fallen counts as one that never ends, which is a fall too."""


class Mutant(NamedTuple):
    """One change, and the tests that should notice: a file, or ``file::part of names``."""

    file: str
    old: str
    new: str
    tests: str


MUTANTS = [
    Mutant("tally/cuts.py", '("lows", np.minimum, np.inf)', '("lows", np.maximum, np.inf)', f"{TALLIES}::cut"),
    Mutant("tally/cuts.py", "lowest >= highest", "lowest > highest",
           "tests/oracles/test_certificates.py::equal_cost"),
    Mutant("tally/cuts.py", "= 1 / rows[unsure], 1 -", "= 0 / rows[unsure], 1 -",
           "tests/oracles/test_certificates.py::each_end"),
    Mutant("tally/cuts.py", "1 - 1 / rows[unsure]", "1 - 2 / rows[unsure]", "tests/oracles/test_certificates.py"),
    Mutant("tally/cuts.py", "& (high >= cut)", "& (high > cut)", "tests/oracles/test_certificates.py"),
    Mutant("tally/grids.py", "q.view(np.int64) - upper,", "q.view(np.int64),", "tests/oracles/test_kernels.py::bin"),
    Mutant("tally/grids.py", "min(self, other, key=", "max(self, other, key=", "tests/oracles/test_certificates.py"),
    Mutant("tally/moments.py", "self.sums + other.sums", "self.sums + 1.0001 * other.sums", f"{TALLIES}::cut"),
    Mutant("tally/ranks.py", "~np.isnan(scores).any(1)", "~np.isnan(scores).all(1)", "tests/oracles/test_ranks.py"),
    Mutant("tally/ranks.py", "(s >= own).sum(1)", "(s > own).sum(1) + 1", "tests/oracles/test_ranks.py"),
    Mutant("tally/sparse.py", "2 * truth + called", "2 * called + truth", "tests/laws/test_sparse.py"),
    Mutant("tally/sparse.py", "(self.columns < right)", "(self.columns <= right)", "tests/laws/test_sparse.py::blocks"),
    Mutant("tally/slices.py", "summed[key] + tally if key in summed else tally", "tally", f"{TALLIES}::cut"),
    Mutant("tally/slices.py", "if mine != theirs:", "if False:", "tests/oracles/test_slices.py"),
    Mutant("tally/units.py", "[:KEPT])", "[: KEPT - 1])", "tests/oracles/test_units.py"),
    Mutant("tally/units.py", "len(self.smallest) < KEPT", "len(self.smallest) <= KEPT", "tests/oracles/test_units.py"),
    Mutant("tally/worst.py", "min(self.keep, other.keep)", "self.keep", "tests/laws/test_worst.py::group"),
    Mutant("tally/worst.py", "(-row[0], isinstance", "(row[0], isinstance", "tests/laws/test_worst.py::cut"),
    Mutant("tally/worst.py", "if row[0] >= cut)", "if row[0] > cut)", "tests/laws/test_worst.py"),
    Mutant("tally/row_costs.py", "costs[:, 2 + called], costs[:, called]", "costs[:, called], costs[:, 2 + called]",
           "tests/oracles/test_row_costs.py"),
    Mutant("tally/row_costs.py", "(once * own, twice * own,", "(once * own, once * own,",
           "tests/oracles/test_row_costs.py::unit_of"),
    Mutant("tally/row_costs.py", "else once * weights", "else once", "tests/oracles/test_row_costs.py::unit_of"),
    Mutant("tally/ranks.py", "np.concatenate([self.full, other.full])", "np.concatenate([self.full, self.full])",
           f"{TALLIES}::cut"),
    Mutant("tally/joint.py", "self.cells[:, 0] * side + self.cells[:, 1 + at]",
           "self.cells[:, 1 + at] * side + self.cells[:, 0]", "tests/oracles/test_compare.py"),
    Mutant("tally/joint.py", "if len(labels) + len(SEATS) < 2**16 else cells", "if True else cells",
           "tests/oracles/test_compare.py::very_many"),
    Mutant("tally/joint.py", "places[kept], places[k:] = range(len(kept)), range(len(kept),",
           "places[kept], places[k:] = range(len(kept)), range(", "tests/oracles/test_compare.py::filled_in"),
    Mutant("tally/prevalence.py", "squares * factor**2, rule=", "squares * factor, rule=",
           "tests/oracles/test_prevalence.py"),
    Mutant("tally/prevalence.py", "squares * factor**2, \"prev", "squares * factor, \"prev",
           "tests/oracles/test_prevalence.py::as_sure"),
    Mutant("tally/prevalence.py", "np.array([1 - share, share])", "np.array([share, 1 - share])",
           "tests/oracles/test_prevalence.py"),
    Mutant("store/__init__.py", "tally if ids else nameless(tally)", "tally", "tests/laws/test_worst.py::saved"),
    Mutant("store/packing.py", '"declared": labels.declared', '"declared": True', "tests/laws/test_store.py"),
    Mutant("tally/binning.py", "np.minimum.at(places[:, 1], held", "np.maximum.at(places[:, 1], held",
           "tests/oracles/test_kernels.py::bin"),
    Mutant("tally/compiled/bins.py", "while key >= pins[first", "if key >= pins[first",
           "tests/oracles/test_kernels.py::bin"),
    Mutant("tally/compiled/labels.py", "if seen > np.uint64(1) or good < len(truth):", "if seen > np.uint64(1):",
           "tests/laws/test_waiting.py"),
    Mutant("tally/compiled/labels.py", "if seen > np.uint64(1) or good < len(truth):", "if good < len(truth):",
           "tests/laws/test_waiting.py"),
    Mutant("tally/compiled/labels.py", "hits += y & called", "hits += y", "tests/oracles/test_kernels.py::cut"),
    Mutant("ingest/waiting.py", "self._batch = end, n", "self._batch = end - 1, n", "tests/laws/test_waiting.py"),
    Mutant("ingest/waiting.py", "return first & ~old", "return first", "tests/laws/test_stream.py"),
    Mutant("stream.py", "(new)\n            self._left_out +=", "(new)\n            self._left_out =",
           "tests/laws/test_stream.py"),
    Mutant("stream.py", "made, batches = sum_before + made,", "made, batches = made,", "tests/laws/test_stream.py"),
    Mutant("parts.py", "self.refused + other.refused", "self.refused", "tests/laws/test_parts.py"),
    Mutant("decide/sweep.py", "called, left = parted(", "left, called = parted(", "tests/oracles/test_decide.py"),
    Mutant("metrics/certificates.py", "low - slack", "low + 10 * slack",
           "tests/oracles/test_certificates.py::last_bit"),
    Mutant("tally/sliced.py", "counts[theirs] += b.counts", "counts[theirs] = b.counts",
           "tests/oracles/test_kernels.py::slices_are_binned"),
    Mutant("tally/sliced.py", "np.minimum(lows[theirs], b.lows)", "np.maximum(lows[theirs], b.lows)",
           "tests/oracles/test_kernels.py::slices_are_binned"),
    Mutant("tally/sliced.py", "lengths.cumsum() - lengths)[:, None]", "lengths.cumsum() * 0)[:, None]",
           "tests/oracles/test_kernels.py::slices_are_binned"),
    Mutant("tally/compiled/slices.py", "side] += known_counts", "side] -= known_counts",
           "tests/oracles/test_kernels.py::slices_are_binned"),
    Mutant("tally/compiled/slices.py", "_turned(known_low_bits[known, side], turn)", "least",
           "tests/oracles/test_kernels.py::slices_are_binned"),
    Mutant("tally/compiled/slices.py", "= none, least, most", "= none, least, state[at, column(2)]",
           "tests/oracles/test_kernels.py::slices_are_binned"),
    Mutant("tally/compiled/slices.py", "codes[i] % len(totals)", "codes[i] % 7",
           "tests/border/test_pieces.py::held_and_counted"),
    Mutant("tally/opened.py", "mixed(tally) if what == \"order\" else ~settled(tally)", "mixed(tally)",
           "tests/border/test_refine.py::ends_exact"),
    Mutant("tally/opened.py", "np.sort(np.argsort(-between, kind=\"stable\")[: RANGES - 1])",
           "np.argsort(between)[:0]", "tests/border/test_refine.py::stretches"),
    Mutant("tally/opened.py", "before.full[1:, column], np.add", "0 * before.full[1:, column], 0 * np.add",
           "tests/border/test_refine.py::changes"),
    Mutant("tally/opened.py", "getattr(rows, name)[1:, column], starts), ROUNDED)",
           "getattr(rows, name)[1:, column], starts), np.inf)",
           "tests/border/test_refine.py::weights_that_change"),
    Mutant("again.py", "reading.refine)) > MOST:", "reading.refine)) >= MOST:",
           "tests/border/test_refine.py::too_many"),
    Mutant("asked.py", "{**self.edges, **edges}", "{**edges, **self.edges}",
           "tests/border/test_ibis.py::test_quantiles"),
    Mutant("asked.py", "{**own, self.role: column}) for column in given]",
           "{**own, self.role: given[0]}) for column in given]", "tests/laws/test_parts.py::several_models"),
    Mutant("asked.py", "rows[f\"cost:{cell}\"] if cost is None else cost", "rows.get(f\"cost:{cell}\", 0.0)",
           "tests/laws/test_parts.py::costs"),
    Mutant("edges.py", "self.found.get(x, NOTHING) + other.found.get(x, NOTHING)", "self.found.get(x, NOTHING)",
           "tests/laws/test_parts.py::quantiles"),
    Mutant("inference/value.py", "quantize(unit, ROUND_FLOOR)", "quantize(unit, ROUND_CEILING)",
           "tests/oracles/test_intervals.py::certified_bounds"),
    Mutant("inference/value.py", "lambda text: float(text) >= shown)", "lambda text: True)",
           "tests/oracles/test_intervals.py::wrong_side"),
    Mutant("inference/value.py", "getattr(self, each.name) for each in fields(self)}",
           "self.__dict__.get(each.name) for each in fields(self)}", "tests/oracles/test_intervals.py::travels"),
    Mutant("ingest/ibis_cells.py", "ibis.ifelse(table.upper, -parts, parts).floor()", "parts.floor()",
           "tests/border/test_ibis.py::test_cells"),
    Mutant("ingest/ibis_cells.py", "ifelse(s < near.cast", "ifelse(s <= near.cast",
           "tests/border/test_ibis.py::test_cells"),
    Mutant("ingest/ibis_cells.py", "np.concatenate([count - wide, ", "np.concatenate([count, ",
           "tests/border/test_ibis.py::test_cells"),
    Mutant("store/packing.py", "pins=tally.pins, lows=tally.lows", "pins=tally.pins[:0], lows=tally.lows",
           "tests/laws/test_store.py::pins"),
    Mutant("tally/prevalence.py", "* (tally.odds if isinstance(tally, ScoresAt) else 1.0)", "* 1.0",
           "tests/oracles/test_recalibrated.py::view_of_a_view"),
]  # fmt: skip


def caught(mutant: Mutant) -> str:
    """What the tests make of a mutant."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("src", "tests"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        path = copy / "src" / "unconfused" / mutant.file
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(mutant.old, mutant.new, 1), encoding="utf-8")
        file, _, names = mutant.tests.partition("::")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", file, *(["-k", names] if names else [])]
        try:
            made = subprocess.run(
                command, cwd=copy, env={**os.environ, "PYTHONPATH": str(copy / "src")}, capture_output=True,
                text=True, timeout=LONGEST,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return "caught: it never ends"
        told = next((x for x in made.stdout.splitlines() if x.startswith(("FAILED", "ERROR"))), "")
        return {0: "SURVIVED", 1: f"caught: {told}"}.get(made.returncode, f"no verdict, exit {made.returncode}")


def main(wanted: list[str]) -> int:
    """Print a line for each; the number that survived is the exit status."""
    alive = 0
    for mutant in MUTANTS:
        if wanted and not any(name in mutant.file for name in wanted):
            continue
        began, verdict = time.perf_counter(), caught(mutant)
        alive += not verdict.startswith("caught")
        told = f"{mutant.file}: {mutant.old} -> {mutant.new}"
        print(f"{told}\n    {verdict[:110]} ({time.perf_counter() - began:.0f} s)", flush=True)
    print(f"{alive} not caught")
    return alive


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
