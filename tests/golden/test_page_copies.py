"""What is copied as LaTeX and as a picture: the numbers of Python, with the words that no threshold was chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden.browsing import LONG, opened, typed
from golden.test_page import RATES, exact, large, plain, rows, seated, skewed, view, weighted

import unconfused as uc
from unconfused.show.escape import latex
from unconfused.show.numbers import amounts

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:altair")
ODD = ["a_$x_{$ 50% \\input{x}", LONG]


def odd() -> uc.Evaluation:
    truth, score = rows()
    return uc.evaluate(truth, y_score=score, labels=dict(enumerate(ODD)))


@pytest.mark.parametrize("make", [exact, weighted, seated, skewed, large, odd])
def test_latex(browser: Any, tmp_path: Path, make: Any) -> None:
    """The tabular is that of ``to_latex``; the rates and the circumstances follow."""
    ev, path = make(), tmp_path / "page.html"
    ev.to_html(path)
    page, heard = opened(browser, path)
    page.click("#copy-latex")
    copied = page.input_value("#copied")
    assert copied.startswith(ev.at(0.5).to_latex())
    for rate in RATES:
        assert f"{rate} & {plain(ev.at(0.5).estimate(rate))} \\\\" in copied
    name = latex(ev.labels.texts[ev.labels.require_positive("the test")])
    assert f"\\par No threshold has been chosen. {name} means score \\textgreater{{}}= 0.5." in copied
    assert heard == []
    page.close()


def picture(browser: Any, path: Path, target: Path, threshold: float | None = None) -> list[str]:
    """The picture saved where there is no clipboard, and the texts that were written into it."""
    page, heard = opened(browser, path)
    page.evaluate(
        """() => {
          Object.defineProperty(navigator, 'clipboard', { value: undefined });
          const draw = CanvasRenderingContext2D.prototype.fillText;
          window.written = [];
          CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
            written.push(text);
            draw.call(this, text, ...at);
          };
        }"""
    )
    if threshold is not None:
        typed(page, "threshold", threshold)
    with page.expect_download() as saved:
        page.click("#copy-png")
    saved.value.save_as(target)
    texts = list(page.evaluate("written"))
    assert page.text_content("#copy-status") == "Saved as matrix.png."
    assert heard == []
    page.close()
    return texts


@pytest.mark.parametrize("make", [exact, seated, odd, view])
def test_picture(browser: Any, tmp_path: Path, make: Any) -> None:
    """Counts, names, rates and circumstances stand in it, and names that are too long end in dots."""
    image = pytest.importorskip("PIL.Image")
    ev, path, target = make(), tmp_path / "page.html", tmp_path / "matrix.png"
    ev.to_html(path)
    texts = picture(browser, path, target)
    cm = ev.at(0.5)
    assert set(amounts(cm.table())) <= set(texts)
    assert {plain(cm.estimate(rate)) for rate in RATES} <= set(texts)
    assert texts[0].startswith("No threshold has been chosen. ")
    for name in cm.labels.texts:
        assert any((name.startswith(text.removesuffix("…")) and len(text) > 5) or text == name for text in texts)
    pixels = np.asarray(image.open(target).convert("RGB"))
    assert (pixels[0] == 255).all()
    assert (pixels[:, -1] == 255).all()
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50


def test_picture_of_a_chosen_threshold(browser: Any, tmp_path: Path) -> None:
    """It says at which threshold it was taken, and no more that none was chosen."""
    path = tmp_path / "page.html"
    exact().to_html(path, threshold=0.5)
    texts = picture(browser, path, tmp_path / "matrix.png", 0.25)
    assert texts[0] == "malignant means score >= 0.25."
    assert set(amounts(exact().at(0.25).table())) <= set(texts)
