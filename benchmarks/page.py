"""How large the page is, when it can be read and moved, and what a step takes: measured in a headless Chromium.

    python benchmarks/page.py            prints
    python benchmarks/page.py --write    and draws the table on docs/benchmarks.md

Each time twice: what passed, and what the page's own thread worked of it, which other work on the machine does not
lengthen. To the headline and the charts it is from the start of the navigation, the median of the runs; a step is from
the event at the control until the second frame after it is due, of a hundred steps the 90th percentile, at 1280 × 900
with the charts in sight.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

import unconfused as uc

DOCS = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
HEADS = ("page", "size", "headline and matrix", "charts in sight", "threshold step", "prevalence step", "cost step")
TARGETS = ("target", "1.3 MB, K = 1,000: 3 MB", "500 ms", "1,000 ms", "50 ms", "100 ms", "100 ms")
BEGIN, END = "<!-- page -->", "<!-- page end -->"
RUNS, STEPS = 5, 100

STEP = """async ([control, part]) => {
  const frame = () => new Promise(requestAnimationFrame), it = document.getElementById(control);
  it.value = control === 'slider' ? Math.floor(Number(it.max) * part) : 1 + 97 * part;
  const start = performance.now();
  it.dispatchEvent(new Event('input'));
  await frame(); await frame();
  return performance.now() - start;
}"""


def binary(n: int = 100_000) -> Any:
    rng = np.random.default_rng(0)
    truth = (rng.random(n) < 0.3).astype(int)
    return uc.evaluate(truth, y_score=1 / (1 + np.exp(-(2.2 * truth - 1.4 + rng.normal(size=n)))))


def binned() -> Any:
    return binary().coarsen("folded")


def several(k: int) -> Any:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, k, 20 * k)
    weight = rng.gamma(0.3, size=(20 * k, k)) + 3 * np.eye(k)[truth] * rng.random((20 * k, 1))
    labels = {i: f"species {i}" for i in range(k)}
    return uc.evaluate(truth, y_score=weight / weight.sum(1, keepdims=True), labels=labels)


CASES: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "binary, every score": (binary, {"threshold": 0.5}),
    "binary, in bins": (binned, {"threshold": 0.5}),
    "K = 50": (lambda: several(50), {}),
    "K = 1,000": (lambda: several(1_000), {}),
}


def measured(browser: Any, path: Path) -> dict[str, Any]:
    """The times of one page in milliseconds: passed and worked."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(path.as_uri())
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked() -> float:
        found = {x["name"]: x["value"] for x in session.send("Performance.getMetrics")["metrics"]}
        return 1e3 * float(found["TaskDuration"])

    seen, drawn = [], []
    for _ in range(RUNS):
        page.goto(path.as_uri(), wait_until="commit")
        page.wait_for_selector("body[data-ready]", timeout=120_000)
        drawn.append((page.evaluate("performance.now()"), worked()))
        seen.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    page.wait_for_timeout(2_000)
    steps = {}
    for control in ("slider", "prevalence", "fn"):
        page.locator(".charts").scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        times = []
        for i in range(STEPS):
            before = worked()
            times.append((page.evaluate(STEP, [control, i / STEPS]), worked() - before))
        steps[control] = [float(x) for x in np.quantile(times, 0.9, axis=0)]
    page.close()
    return {
        "size": path.stat().st_size,
        "headline": statistics.median(seen),
        "charts": [statistics.median(x) for x in zip(*drawn, strict=True)],
        **steps,
    }


def rows() -> list[dict[str, Any]]:
    """Every case, in one browser."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    found = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, (make, options) in CASES.items():
            path = Path(folder) / "page.html"
            make().to_html(path, **options)
            found.append({"page": name, **measured(browser, path)})
            print(found[-1], f"load {os.getloadavg()[0]:.1f}", flush=True)
        browser.close()
    return found


def table(found: list[dict[str, Any]]) -> str:
    """As Markdown, the targets below."""
    lines = [HEADS, tuple("---" for _ in HEADS)]
    for x in found:
        both = [f"{x[k][0]:,.0f} / {x[k][1]:,.0f} ms" for k in ("charts", "slider", "prevalence", "fn")]
        lines.append((x["page"], f"{x['size'] / 1e6:.2f} MB", f"{x['headline']:,.0f} ms", *both))
    body = "\n".join(f"| {' | '.join(line)} |" for line in [*lines, TARGETS])
    return f"{body}\n\nPassed / worked. The load of the machine of {os.cpu_count()} cores was {os.getloadavg()[1]:.1f}."


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    told = table(rows())
    print(told)
    if parser.parse_args().write:
        head, _, rest = DOCS.read_text(encoding="utf-8").partition(BEGIN)
        DOCS.write_text(f"{head}{BEGIN}\n\n{told}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
