"""How often a nominal 95 % interval holds the truth: simulated with a fixed seed, written to docs/coverage.md.

    python benchmarks/interval_coverage.py               10,000 data sets a row (scores and several classes: 2,000)
    python benchmarks/interval_coverage.py --samples 500 quicker, printed only

Data sets in which a metric is undefined are left out of its share, and counted beside it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import integrate, stats

from unconfused.inference import counts, estimate
from unconfused.inference.delta import Sample
from unconfused.inference.intervals import exact, jeffreys, wilson
from unconfused.labels import Labels
from unconfused.metrics.language import parse
from unconfused.tally.cells import Cells
from unconfused.tally.scores import ScoreTally

PAGE = Path(__file__).resolve().parents[1] / "docs" / "coverage.md"
AT_ONCE = 2500

PROPORTIONS = ("accuracy", "precision", "recall", "specificity", "npv", "predicted_prevalence")
TOGETHER = ("f1", "jaccard", "balanced_accuracy", "informedness", "markedness", "g_mean")
OTHERS = ("fbeta(2)", "fowlkes_mallows", "mcc", "kappa", "lift")
RATIOS = ("positive_likelihood_ratio", "diagnostic_odds_ratio")
SEVERAL = ("f1@macro", "balanced_accuracy", "mcc", "kappa")

LARGE = [(100, 0.5, 0.8, 0.8), (100, 0.3, 0.8, 0.8), (200, 0.1, 0.8, 0.8), (1000, 0.02, 0.7, 0.7),
         (2000, 0.01, 0.8, 0.5), (5000, 0.01, 0.8, 0.5), (10000, 0.3, 0.95, 0.95)]  # fmt: skip
SMALL = [(20, 0.5, 0.8, 0.8), (20, 0.3, 0.8, 0.8), (50, 0.3, 0.8, 0.8), (50, 0.1, 0.8, 0.6), (100, 0.1, 0.8, 0.6),
         (200, 0.05, 0.6, 0.9), (500, 0.01, 0.8, 0.5), (1000, 0.01, 0.8, 0.5)]  # fmt: skip
"""Rows, prevalence, recall, precision."""
AREAS = [
    (0.93, [(50, 50, 0.8), (100, 100, 0.8), (50, 4950, 0.8), (300, 300, 0.9), (1000, 1000, 0.95)], 0.98),
    (0.93, [(10, 10, 0.8), (20, 20, 0.95), (10, 90, 0.9), (20, 1980, 0.9), (50, 50, 0.95)], 0.99),
    (0.90, [(50, 4950, 0.95), (50, 4950, 0.99), (100, 9900, 0.99)], 1.0),
]
PRECISIONS = [(0.92, [(50, 450, 0.8), (100, 9900, 0.95), (500, 4500, 0.9)], 0.98)]
"""Limits, and positives, negatives and AUC of normal scores."""


class Row(NamedTuple):
    """One setting and one metric: what was found, and between which limits it should lie."""

    setting: str
    metric: str
    covered: float
    undefined: float
    low: float
    high: float

    @property
    def kept(self) -> bool:
        """Whether it lies there."""
        return self.low <= self.covered <= self.high


def binary_shares(prevalence: float, recall: float, precision: float) -> np.ndarray:
    """The table of shares: rows are the truth."""
    tp = prevalence * recall
    fp = tp / precision - tp
    return np.array([[1 - prevalence - fp, fp], [prevalence - tp, tp]])


def several_shares(k: int) -> np.ndarray:
    """Classes whose shares fall from 1 to 1/k, each called right in 70 to 90 % and else anything alike."""
    share = 1 / np.arange(1, k + 1)
    right = np.linspace(0.9, 0.7, k)
    table = np.where(np.eye(k, dtype=bool), right[:, None], ((1 - right) / (k - 1))[:, None])
    return table * (share / share.sum())[:, None]


def covered(
    shares: np.ndarray, n: int, names: Sequence[str], samples: int, seed: int
) -> Iterator[tuple[str, float, float]]:
    """Each metric, the share of samples whose interval holds its true value, and the share where it is undefined."""
    drawn = np.random.default_rng(seed).multinomial(n, shares.ravel(), samples)
    tables, times = np.unique(drawn, axis=0, return_counts=True)
    stack, target = tables.reshape(-1, *shares.shape).astype(np.float64), Cells.of_table(shares)
    for name in names:
        query, held, defined = parse(name), 0, 0
        for start in range(0, len(stack), AT_ONCE):
            c, rows = Cells.of_table(stack[start : start + AT_ONCE]), times[start : start + AT_ONCE]
            if query.average:
                reading = counts.of_average(query, c)
            else:
                reading = (counts.of_class if query.metric.per_class else counts.of_table)(query.metric, *query.args)
            truth, value = float(reading.value(target)), reading.value(c)
            found = counts.interval(reading, Sample(c, c, c), 0.95)
            defined += rows[~np.isnan(value)].sum()
            held += rows[(found.low <= truth) & (truth <= found.high) & ~np.isnan(value)].sum()
        yield name, held / max(defined, 1), 1 - defined / samples


def exactly(shares: np.ndarray, n: int) -> Iterator[tuple[str, float, float]]:
    """The same of each proportion, Wilson's of x in m rows: summed over all m and x that can reasonably occur."""
    for name in PROPORTIONS:
        metric = parse(name).metric
        form = (counts.of_class if metric.per_class else counts.of_table)(metric).form(Cells.of_table(shares))
        rest, true, held, defined = float(form.den), float(form.num / form.den), 0.0, 0.0
        for m in between(n, rest) if rest < 1 - 1e-12 else (float(n),):
            x = between(m, true)
            low, high = wilson(x, np.full(x.shape, m), 0.95)
            chance = stats.binom.pmf(m, n, rest) if rest < 1 - 1e-12 else 1.0
            held += chance * stats.binom.pmf(x, m, true)[(low <= true) & (true <= high)].sum() * (m > 0)
            defined += chance * (m > 0)
        yield name, held / defined, max(1 - defined, 0)


def between(n: float, p: float) -> np.ndarray:
    """The values that a binomial count can reasonably have."""
    low, high = stats.binom.ppf([1e-9, 1 - 1e-9], n, p)
    return np.arange(low, high + 1)


def of_counts(samples: int, several: int) -> Iterator[Row]:
    """Binary tables, many rows and few; then tables of several classes."""
    for seed, (n, *rates) in enumerate(LARGE):
        shares, rest = binary_shares(*rates), (*TOGETHER, *OTHERS, *RATIOS)
        for name, share, gone in (*exactly(shares, n), *covered(shares, n, rest, samples, seed)):
            yield Row(f"many: n={n}, {_words(rates)}", name, share, gone, 0.93, 0.98)
    for seed, (n, *rates) in enumerate(SMALL, 100):
        for name, share, gone in covered(binary_shares(*rates), n, (*PROPORTIONS, *TOGETHER, *OTHERS), samples, seed):
            limits = (0.93, 0.98) if name in TOGETHER else (0.91, 0.99)
            yield Row(f"few: n={n}, {_words(rates)}", name, share, gone, *limits)
    for seed, (k, n) in enumerate([(k, n) for k in (3, 5, 10) for n in (300, 2000)], 200):
        for name, share, gone in covered(several_shares(k), n, SEVERAL, several, seed):
            yield Row(f"{k} classes: n={n}", name, share, gone, 0.93, 0.98)


def _words(rates: Sequence[float]) -> str:
    return ", ".join(f"{name} {x:g}" for name, x in zip(("prevalence", "recall", "precision"), rates, strict=True))


def of_proportions() -> Iterator[Row]:
    """Exact coverage over p from 0.0005 to 0.9995, of which the least and the mean matter."""
    shares = np.arange(0.0005, 1, 0.001)
    for n in (20, 50, 100, 1000):
        x = np.arange(n + 1.0)
        chance = stats.binom.pmf(x, n, shares[:, None])
        for name, by in (("Clopper-Pearson", exact), ("Wilson", wilson), ("Jeffreys", jeffreys)):
            low, high = by(x, np.full(n + 1, float(n)), 0.95)
            each = (chance * ((low <= shares[:, None]) & (shares[:, None] <= high))).sum(1)
            if by is exact:
                yield Row(f"proportion: n={n}", f"{name}, least", each.min(), 0.0, 0.95, 1.0)
                continue
            yield Row(f"proportion: n={n}", f"{name}, mean", each.mean(), 0.0, 0.945, 0.955)
            if by is wilson and (often := n * np.minimum(shares, 1 - shares) >= 5).any():
                yield Row(f"proportion: n={n}", f"{name}, least from 5 up", each[often].min(), 0.0, 0.925, 1)


def of_scores(samples: int) -> Iterator[Row]:
    """Normal scores of two classes, one standard deviation wide."""
    for metric, settings in (("roc_auc", AREAS), ("average_precision", PRECISIONS)):
        for low, cases, high in settings:
            for p, n, area in cases:
                gap, rng = float(np.sqrt(2) * stats.norm.ppf(area)), np.random.default_rng([p, n])
                truth = area if metric == "roc_auc" else true_precision(p / (p + n), gap)
                held = [
                    e.low <= truth <= e.high for e in (estimate(drawn(rng, p, n, gap), metric) for _ in range(samples))
                ]
                yield Row(f"{p} positives, {n} negatives, AUC {area:g}", metric, float(np.mean(held)), 0.0, low, high)


def drawn(rng: np.random.Generator, p: int, n: int, gap: float) -> ScoreTally:
    """Rows of both classes."""
    truth = np.repeat([1, 0], [p, n])
    return ScoreTally.count(Labels((0, 1)), "raw", truth, rng.normal(size=p + n) + gap * truth)


def true_precision(prevalence: float, gap: float) -> float:
    """∫ precision d recall of the population: the average precision of as many rows as one likes."""

    def precision(z: float) -> float:
        hits, alarms = prevalence * stats.norm.sf(z - gap), (1 - prevalence) * stats.norm.sf(z)
        return float(hits / (hits + alarms) * stats.norm.pdf(z - gap))

    return float(integrate.quad(precision, gap - 9, gap + 9, limit=200)[0])


def page(rows: Sequence[Row], samples: int, several: int) -> str:
    """The table as Markdown."""
    missed = [row for row in rows if not row.kept]
    head = [
        "# How often a 95 % interval holds the truth",
        "",
        "By [benchmarks/interval_coverage.py](../benchmarks/interval_coverage.py) with a fixed seed: "
        f"{samples:,} data sets a row, {several:,} "
        "for scores and for several classes. Proportions of many rows are summed exactly, those of n rows over all p.",
        "Data sets in which the metric is undefined are left out of its share; how many there were stands beside it.",
        "",
        f"{len(rows) - len(missed)} of {len(rows)} rows lie within the limits named"
        + (f"; outside: {len(missed)}, marked ×." if missed else "."),
    ]
    body: list[str] = []
    setting = ""
    for row in rows:
        if row.setting != setting:
            setting = row.setting
            body += ["", f"### {setting}", "", "| | covered | undefined | limits | |", "|---|---|---|---|---|"]
        mark = "" if row.kept else "×"
        limits = f"{100 * row.low:g}–{100 * row.high:g} %"
        share, gone = 100 * row.covered, 100 * row.undefined
        body.append(f"| {row.metric} | {share:.1f} % | {gone:.1f} % | {limits} | {mark} |")
    return "\n".join([*head, *body]) + "\n"


def main() -> None:
    """Measure, print what lies outside its limits, write the page of a full run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--part", choices=["counts", "proportions", "scores"])
    asked = parser.parse_args()
    several = min(asked.samples, 2000)
    parts: dict[str, Any] = {
        "counts": lambda: of_counts(asked.samples, several),
        "proportions": of_proportions,
        "scores": lambda: of_scores(several),
    }
    rows = []
    for name, part in parts.items():
        for row in part() if asked.part in (None, name) else ():
            rows.append(row)
            print(f"{'' if row.kept else 'OUTSIDE '}{row.setting}: {row.metric} {row.covered:.4f}", flush=True)
    print(f"{sum(row.kept for row in rows)} of {len(rows)} within their limits")
    if asked.samples >= 10_000 and asked.part is None:
        PAGE.write_text(page(rows, asked.samples, several), encoding="utf-8")


if __name__ == "__main__":
    main()
