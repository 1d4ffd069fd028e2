"""How often a 95 % ROC band holds the true curve: simulated with a fixed seed, written to docs/curves.md.

    python benchmarks/bands.py               500 data sets a row
    python benchmarks/bands.py --samples 50  quicker, printed only

Scores are normal in both classes, one standard deviation wide. "Whole curve" counts the data sets in which the true
curve lies within the simultaneous band at every threshold; "at 10 %" those in which the true recall at a
false-positive rate of 10 % lies within the pointwise band.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np
from scipy import stats

from unconfused.curves import Curve, curve
from unconfused.inference.roc_bands import roc_band
from unconfused.labels import Labels
from unconfused.tally.scores import ScoreTally

PAGE = Path(__file__).resolve().parents[1] / "docs" / "curves.md"
SETTINGS = [(20, 20, 0.8), (20, 20, 0.95), (50, 50, 0.8), (50, 450, 0.9), (50, 4950, 0.99), (300, 300, 0.6),
            (300, 300, 0.9), (1000, 1000, 0.95)]  # fmt: skip
RATE = 0.1


def covered(p: int, n: int, area: float, samples: int, grid: str | None = None) -> tuple[float, float, float, float]:
    """The share of both bands that holds, and their mean widths."""
    gap, rng = float(np.sqrt(2) * stats.norm.ppf(area)), np.random.default_rng([p, n])
    truth, found = np.repeat([1, 0], [p, n]), []
    for seed in range(samples):
        tally = ScoreTally.count(Labels((0, 1)), "raw", truth, rng.normal(size=p + n) + gap * truth)
        tally = tally if grid is None else tally.coarsen(grid)
        made = curve(tally, "roc")
        assert isinstance(made, Curve)
        true = stats.norm.sf(stats.norm.isf(made.x) - gap)
        (low, high), _ = roc_band(made, tally.ranked(), "simultaneous", 0.95, seed)
        (below, above), _ = roc_band(made, tally.ranked(), "pointwise", 0.95, seed)
        at = int(np.searchsorted(made.x, RATE))
        found.append((
            ((low <= true) & (true <= high)).all(), below[at] <= true[at] <= above[at],
            np.trapezoid(high - low, made.x), np.trapezoid(above - below, made.x),
        ))  # fmt: skip
    whole, one, wide, narrow = np.array(found, np.float64).mean(0)
    return whole, one, wide, narrow


def main() -> None:
    """Measure, print, write the table of a full run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=500)
    samples = parser.parse_args().samples
    lines = [
        "| positives | negatives | AUC | whole curve | mean width | at 10 % | mean width |",
        "|---|---|---|---|---|---|---|",
    ]
    for p, n, area in SETTINGS:
        whole, one, wide, narrow = covered(p, n, area, samples)
        lines.append(f"| {p:,} | {n:,} | {area:g} | {whole:.1%} | {wide:.3f} | {one:.1%} | {narrow:.3f} |")
        print(lines[-1], flush=True)
    if samples >= 500:
        mark = re.compile(r"(?<=<!-- bands -->\n\n).*?(?=\n*<!-- end -->)", re.DOTALL)
        PAGE.write_text(mark.sub(lambda _: "\n".join(lines), PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
