"""Make the pictures of the pages anew: ``python docs/make_images.py``.

Needs unconfused[cli,plot], scikit-learn, and Keras with PyTorch.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

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


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    report_picture()
    for example in ("logistic_regression", "keras_breast_cancer"):
        run(f"examples/{example}.py", str(IMAGES))
