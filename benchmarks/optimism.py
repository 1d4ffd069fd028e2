"""How much too good a chosen threshold looks on the rows that chose it, and how much of that ``corrected`` takes away.

    python benchmarks/optimism.py                1,000, 500 and 250 data sets; the table goes to docs/decisions.md
    python benchmarks/optimism.py --samples 50   quicker, printed only

Scores are normal in both classes, so what a threshold is worth in the population is known without any rows.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from unconfused.decide.luck import crossfitted, grouped
from unconfused.decide.problem import Problem
from unconfused.decide.sweep import Sweep, taken
from unconfused.inference.delta import Sample
from unconfused.labels import Labels
from unconfused.tally.cells import Cells
from unconfused.tally.scores import ScoreTally

PAGE = Path(__file__).resolve().parents[1] / "docs" / "decisions.md"
PREVALENCE, GAP = 0.2, 1.2
"""Share of positives, and how many standard deviations they score higher: an AUC of 0.80."""
ROWS = {200: 1.0, 1000: 0.5, 5000: 0.25}
"""Rows of a data set, and the share of the data sets that are drawn of that size."""
GOALS: dict[str, dict[str, Any]] = {
    "highest f1": {"maximize": "f1"},
    "highest mcc": {"maximize": "mcc"},
    "lowest cost, a miss costing 5 false alarms": {"cost": {"fp": 1, "fn": 5}},
}
LEFT = 0.15
"""The share of the optimism that may be left, beside two standard errors of the simulation."""


class Row(NamedTuple):
    """What one setting showed: mean errors of both values, and the standard error of the second."""

    n: int
    goal: str
    samples: int
    apparent: float
    corrected: float
    error: float

    @property
    def kept(self) -> bool:
        """Whether little enough is left."""
        return abs(self.corrected) <= LEFT * abs(self.apparent) + 2 * self.error


def drawn(rng: np.random.Generator, n: int) -> ScoreTally:
    """Rows of both classes, each row's class drawn by chance."""
    truth = (rng.random(n) < PREVALENCE).astype(int)
    return ScoreTally.count(Labels((0, 1)), "raw", truth, rng.normal(size=n) + GAP * truth)


def in_population(threshold: float) -> Sample:
    """The shares of the 2x2 that any number of rows comes to."""
    fp, tp = (1 - PREVALENCE) * stats.norm.sf(threshold), PREVALENCE * stats.norm.sf(threshold - GAP)
    c = Cells.of_table(np.array([[1 - PREVALENCE - fp, fp], [PREVALENCE - tp, tp]]))
    return Sample(c, c, c)


def too_good(tally: ScoreTally, asked: dict[str, Any], seed: int) -> tuple[float, float]:
    """Apparent and corrected value of a choice, each less what its threshold is worth in the population."""
    problem = Problem.of(
        tally.labels, asked.get("cost"), asked.get("maximize"), asked.get("minimize"), asked.get("where"), 0.95
    )
    sweep = Sweep.of(tally)
    place = problem.best(sweep)
    pooled = crossfitted(grouped(tally), problem, np.random.default_rng([seed, 1]))
    assert place is not None
    assert pooled is not None
    worth, own, others = (
        float(problem.goal.values(x, problem.level))
        for x in (in_population(float(sweep.thresholds[place])), taken(sweep.sample, place), pooled)
    )
    return own - worth, others - worth


def simulated(samples: int) -> Iterator[Row]:
    """Every size and goal."""
    for n, share in ROWS.items():
        for number, (goal, asked) in enumerate(GOALS.items()):
            rng, times = np.random.default_rng([n, number]), max(int(samples * share), 2)
            errors = np.array([too_good(drawn(rng, n), asked, seed) for seed in range(times)])
            apparent, corrected = errors.mean(0)
            yield Row(n, goal, times, apparent, corrected, float(errors[:, 1].std(ddof=1) / np.sqrt(times)))


def table(rows: Sequence[Row]) -> str:
    """As Markdown."""
    lines = [
        "| rows | chosen for | data sets | apparent, too good by | corrected, off by | left of it | limit |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        limit = LEFT + 2 * row.error / abs(row.apparent)
        mark = "" if row.kept else " ×"
        sign = -1 if "cost" in row.goal else 1
        left = abs(row.corrected / row.apparent)
        lines.append(
            f"| {row.n:,} | {row.goal} | {row.samples:,} | {sign * row.apparent:.4f} | "
            f"{sign * row.corrected:+.4f} ± {row.error:.4f} | {left:.0%} | {limit:.0%}{mark} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print, write the table of a full run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=1000)
    samples = parser.parse_args().samples
    rows = []
    for row in simulated(samples):
        rows.append(row)
        print(table([row]).splitlines()[-1], flush=True)
    print(f"{sum(row.kept for row in rows)} of {len(rows)} within their limits")
    if samples >= 1000:
        mark = re.compile(r"(?<=<!-- optimism -->\n\n).*?(?=\n*<!-- end -->)", re.DOTALL)
        PAGE.write_text(mark.sub(lambda _: table(rows), PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
