"""The page in its main states, wide and on a phone, light and dark: ``python docs/page_images.py``.

Needs what `make_images` needs, which calls it. Each state becomes two pictures, each holding a window of 1280 pixels
beside one of 390. A folder and names of states, if given, say where to and which.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import unconfused as uc

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
DATA = ROOT / "examples" / "data" / "breast-cancer.csv"
WIDE, NARROW, HIGH, GAP = 1280, 390, 1200, 24
COLOURS = 256
LONG = "a lesion whose name in the register goes on for sixty letter"
FAMILIES = ("birds", "mammals", "reptiles", "insects", "trees")


def tumours(**options: Any) -> uc.Evaluation:
    """Real scores of 569 tumours."""
    return uc.evaluate_frame(DATA, y_true="diagnosis", y_score="malignant_score", pos_label="malignant", **options)


def claims(n: int = 6_000, **options: Any) -> uc.Evaluation:
    """Made-up scores of claims, of which few are fraud; from three countries, one served worse."""
    rng = np.random.default_rng(7)
    truth = (rng.random(n) < 0.12).astype(int)
    country = rng.choice(["Germany", "France", "Poland", "Portugal"], n, p=[0.4, 0.3, 0.2, 0.1])
    skill = np.where(country == "Portugal", 0.9, 2.1)
    odds = rng.normal(-2.2, 1.1, n) + skill * truth
    if options.get("by") == "country":
        options["by"] = {"country": country}
    if options.pop("weighted", False):
        options["sample_weight"] = np.where(truth == 1, 0.61, 1.37) * rng.uniform(0.9, 1.1, n)
    return uc.evaluate(truth, y_score=1 / (1 + np.exp(-odds)), labels={0: "honest", 1: "fraud"}, **options)


def models() -> Any:
    """Two models on the same claims."""
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 1_500)
    scores = {"last year": 1.1, "this year": 1.5, "one feature": 0.6}
    made = {name: 1 / (1 + np.exp(-rng.normal(skill * (2 * truth - 1), 1.4))) for name, skill in scores.items()}
    return uc.compare(truth, y_score=made, margin=0.02)


def species(k: int) -> uc.ConfusionMatrix:
    """Classes that come in families of five, each taken mostly for one of its own."""
    rng = np.random.default_rng(0)
    family = np.arange(k) // 5
    near = family[:, None] == family
    counts = rng.poisson(8 * near * rng.random((k, k)) + 0.2 * (50 / k)) + np.diag(rng.integers(40, 120, k))
    order = rng.permutation(k)
    return uc.ConfusionMatrix.from_counts(counts[order][:, order], labels=[f"species {i}" for i in order])


def tree(k: int) -> dict[str, str]:
    """Species in families, families in five kingdoms."""
    above = {f"species {i}": f"family {i // 5}" for i in range(k)}
    return above | {f"family {i}": FAMILIES[i * 5 // (k // 5)] for i in range(k // 5)}


def scored_classes() -> uc.Evaluation:
    """Three classes with probabilities."""
    rng = np.random.default_rng(2)
    truth = rng.choice(3, 900, p=[0.5, 0.3, 0.2])
    mass = np.exp(rng.normal(size=(900, 3)) + 1.7 * np.eye(3)[truth] + [0, 0.4, 0])
    return uc.evaluate(
        truth, y_score=mass / mass.sum(1, keepdims=True), labels={0: "setosa", 1: "versicolor", 2: "virginica"}
    )


def labels() -> uc.Evaluation:
    """Three labels of one row, in scripts of three directions and lengths."""
    rng = np.random.default_rng(0)
    truth = (rng.random((800, 3)) < [0.5, 0.3, 0.1]).astype(int)
    score = np.clip(rng.beta(2, 3, (800, 3)) * 0.7 + 0.35 * truth * rng.random((800, 3)), 0, 1)
    return uc.evaluate(truth, y_score=score, label_kind="multilabel", labels=["قطة", "🐕 dog", LONG])


def names() -> uc.ConfusionMatrix:
    """Names of sixty letters, from right to left, and of emoji."""
    counts = [[52, 3, 6, 1], [4, 61, 2, 0], [5, 1, 38, 2], [0, 2, 3, 29]]
    return uc.ConfusionMatrix.from_counts(counts, labels=[LONG, "ממאיר בוודאות גבוהה", "حميد", "🫀 heart"])


def suspicious() -> uc.Evaluation:
    """Scores that hold too few values, of rows among which positives are rare."""
    rng = np.random.default_rng(1)
    truth = (rng.random(400) < 0.04).astype(int)
    return uc.evaluate(truth, y_score=(truth * rng.random(400) > 0.4).astype(float), labels={0: "healthy", 1: "ill"})


States = dict[str, tuple[Callable[[Path], Any], str, str]]
STATES: States = {
    "chosen": (lambda p: tumours().to_html(p, threshold=0.3, cost={"fp": 1, "fn": 10}), "", ""),
    "unchosen": (lambda p: tumours().to_html(p), "", ""),
    "costs": (lambda p: claims().to_html(p, threshold=0.5), "#t=0.13&fn=8&prevalence=0.05", "#explore"),
    "charts": (lambda p: claims().to_html(p, threshold=0.5), "#t=0.13&fn=8", ".charts"),
    "binned": (lambda p: claims(grid="folded").to_html(p, threshold=0.4), "", ""),
    "weighted": (lambda p: claims(weighted=True).to_html(p, threshold=0.4), "", ""),
    "findings": (lambda p: suspicious().to_html(p, threshold=0.5), "", ""),
    "slices": (lambda p: claims(by="country").to_html(p, threshold=0.3), "", "#slices-0"),
    "compared": (lambda p: models().to_html(p), "", ""),
    "three": (lambda p: scored_classes().to_html(p), "#order=rate&how=true", ""),
    "names": (lambda p: names().to_html(p), "", ""),
    "labels": (lambda p: labels().to_html(p, threshold=0.5), "#member=2", ""),
    "fifty": (lambda p: species(50).to_html(p), "#order=similar&hide=1", ""),
    "search": (lambda p: species(50).to_html(p), "#find=species+7&how=true", ""),
    "taxonomy": (lambda p: species(50).to_html(p, taxonomy=tree(50)), "#level=1", ""),
    "thousand": (lambda p: species(1_000).to_html(p), "#order=similar&hide=1", ""),
    "zoom": (lambda p: species(1_000).to_html(p), "#order=similar&hide=1&zoom=8", ""),
}
"""What is written, the settings in the address, and what is brought to the top of the window."""


def taken(browser: Any, path: Path, fragment: str, top: str, width: int, scheme: str) -> Image.Image:
    """A window of the page."""
    page = browser.new_page(viewport={"width": width, "height": HIGH}, color_scheme=scheme)
    page.goto(path.as_uri() + fragment)
    if page.query_selector("#data"):
        page.wait_for_selector("body[data-ready]")
    if top:
        page.eval_on_selector(top, "x => x.scrollIntoView()")
    page.wait_for_timeout(600)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"{path.name} is {wide} pixels wide in a window of {width}"
    drawn = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.close()
    return drawn


def make(folder: Path = IMAGES, only: tuple[str, ...] = ()) -> None:
    """Every state, light and dark."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as written, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, (write, fragment, top) in STATES.items():
            if only and name not in only:
                continue
            path = Path(written) / f"{name}.html"
            write(path)
            for scheme, ground in (("light", "#d8d8d8"), ("dark", "#3a3d42")):
                sheet = Image.new("RGB", (WIDE + GAP + NARROW, HIGH), ground)
                sheet.paste(taken(browser, path, fragment, top, WIDE, scheme), (0, 0))
                sheet.paste(taken(browser, path, fragment, top, NARROW, scheme), (WIDE + GAP, 0))
                few = sheet.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE).convert("RGB")
                few.save(folder / f"state_{name}_{scheme}.webp", lossless=True, quality=100, method=6)
        browser.close()


if __name__ == "__main__":
    make(*([Path(sys.argv[1]), tuple(sys.argv[2:])] if sys.argv[1:] else []))
