"""Make the pictures of the pages anew: ``python docs/make_images.py``.

Needs unconfused[cli,plot,html,stats], Playwright with a Chromium of the system, scikit-learn, Pillow, and Keras with
PyTorch.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ["MPLBACKEND"] = "Agg"

import matplotlib.pyplot as plt
import numpy as np
import page_images
from matplotlib.patches import FancyBboxPatch
from PIL import Image

import unconfused as uc

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
DATA = "examples/data/breast-cancer.csv"
READING = ("--y-true", "diagnosis", "--y-score", "malignant_score", "--pos-label", "malignant", "--threshold", "0.5")


def run(*command: str) -> str:
    """What a Python program of this project prints."""
    path = os.pathsep.join(filter(None, (str(ROOT / "src"), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1", "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, stdout=subprocess.PIPE, encoding="utf-8", check=True
    )
    return done.stdout


def report_picture() -> None:
    """The terminal beside the heatmap of the same matrix."""
    printed = run("-m", "unconfused", "matrix", DATA, *READING, "--format", "text")
    lines = ["$ unconfused matrix breast-cancer.csv --y-true diagnosis \\", "    --y-score malignant_score "
             "--pos-label malignant --threshold 0.5", "", *printed.rstrip().splitlines()]  # fmt: skip
    figure = plt.figure(figsize=(14, 5.6))
    terminal, heatmap = figure.add_axes((0.005, 0.01, 0.545, 0.98)), figure.add_axes((0.64, 0.13, 0.345, 0.73))
    terminal.set(xlim=(0, 1), ylim=(0, 1))
    terminal.axis("off")
    terminal.add_patch(
        FancyBboxPatch((0.015, 0.02), 0.97, 0.96, "round,pad=0,rounding_size=0.02", facecolor="#1b1f27", linewidth=0)
    )
    step = 0.90 / max(len(lines), 20)
    for place, line in enumerate(lines):
        colour = "#8bd5ca" if place < 2 else "#e6e6e6"
        terminal.text(0.045, 0.945 - place * step, line, color=colour, fontsize=10.5, va="top", family="monospace")
    ev = uc.evaluate_frame(ROOT / DATA, y_true="diagnosis", y_score="malignant_score", pos_label="malignant")
    ev.at(0.5).plot(ax=heatmap)
    figure.savefig(IMAGES / "report.png", dpi=150, facecolor="white", metadata={"Software": None})
    plt.close(figure)


def kept(figure: Any, name: str) -> None:
    """A figure as a small picture of 128 colours."""
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=90, facecolor="white", metadata={"Software": None})
    plt.close(figure)
    Image.open(drawn).convert("RGB").quantize(128).save(IMAGES / f"{name}.png", optimize=True)


def gallery() -> None:
    """One picture of each kind of figure."""
    ev = uc.evaluate_frame(ROOT / DATA, y_true="diagnosis", y_score="malignant_score", pos_label="malignant")
    kept(ev.plot(threshold=0.5)[0].figure, "figure_overview")
    kept(ev.at(0.5).plot(normalize=[None, "true"])[0].figure, "figure_matrix")
    for kind in ("roc", "pr", "det", "gain", "lift", "ks", "calibration", "cost", "net_benefit", "risk_coverage"):
        kept(ev.curve(kind).plot().figure, f"figure_{kind}")
    kept(ev.choose(cost={"fp": 1, "fn": 10}).plot().figure, "figure_point")
    kept(ev.choose(maximize="recall", where="precision >= 0.95").plot().figure, "figure_condition")
    kept(ev.choose(cost={"fp": 1, "fn": 10, "abstain": 0.5}).plot().figure, "figure_referral")
    claims = page_images.claims(by="country")
    kept(claims.by["country"].compare(["recall"], threshold=0.3).plot().figure, "figure_slices")
    kept(page_images.models().plot().figure, "figure_compared")
    history = {"loss": [0.69, 0.52, 0.43, 0.38, 0.35], "val_loss": [0.61, 0.49, 0.44, 0.43, 0.44]}
    history |= {"accuracy": [0.55, 0.74, 0.81, 0.84, 0.86], "val_accuracy": [0.66, 0.76, 0.79, 0.8, 0.79]}
    history |= {"recall": [0.41, 0.63, 0.72, 0.77, 0.8], "val_recall": [0.5, 0.66, 0.7, 0.71, 0.69]}
    kept(np.ravel(uc.plot_history(history))[0].figure, "figure_history")


def terminal_pictures() -> None:
    """What a terminal with colours shows, on a light and on a dark ground."""
    from playwright.sync_api import sync_playwright
    from rich.console import Console
    from rich.terminal_theme import DEFAULT_TERMINAL_THEME, MONOKAI

    from unconfused.show.shading import rich_text

    ev = uc.evaluate_frame(ROOT / DATA, y_true="diagnosis", y_score="malignant_score", pos_label="malignant")
    k = np.arange(8)
    counts = np.random.default_rng(0).poisson(25 * np.exp(-np.abs(k[:, None] - k))) + np.diag(40 + 9 * k)
    many = uc.ConfusionMatrix.from_counts(counts, labels=["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen"])
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 700, "height": 300})
        for name, result, theme in (("terminal", ev.at(0.5), DEFAULT_TERMINAL_THEME), ("terminal_dark", many, MONOKAI)):
            console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True, color_system="truecolor")
            console.print(rich_text(result), soft_wrap=True)
            path = Path(folder) / f"{name}.html"
            path.write_text(console.export_html(theme=theme, inline_styles=True), encoding="utf-8")
            page.goto(path.as_uri())
            shot = Image.open(io.BytesIO(page.screenshot(full_page=True)))
            shot.convert("RGB").quantize(64).save(IMAGES / f"{name}.png", optimize=True)
        browser.close()


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    report_picture()
    gallery()
    page_images.make()
    terminal_pictures()
    for example in ("logistic_regression", "keras_breast_cancer"):
        run(f"examples/{example}.py", str(IMAGES))
