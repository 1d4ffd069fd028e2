"""The pages by axe-core, the accessibility checks that browsers' own tools run: light and dark, wide and narrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from golden.browsing import opened
from golden.test_page import exact, weighted
from golden.test_page_classes import counts, labelled, scored
from golden.test_page_forest import compared, sliced

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:altair")


def chosen(path: Path) -> None:
    exact().to_html(path, threshold=0.3, cost={"fp": 1, "fn": 10}, prevalence=0.1)


def unchosen(path: Path) -> None:
    weighted().to_html(path)


def three(path: Path) -> None:
    scored(3).to_html(path)


def fifty(path: Path) -> None:
    counts(50).to_html(path)


def in_a_tree(path: Path) -> None:
    counts(12).to_html(path, taxonomy={f"species {i}": f"family {i // 4}" for i in range(12)})


def multilabel(path: Path) -> None:
    labelled().to_html(path)


def by_slices(path: Path) -> None:
    sliced().to_html(path, threshold=0.5)


def models(path: Path) -> None:
    compared(margin=0.02).to_html(path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("write", [chosen, unchosen, three, fifty, in_a_tree, multilabel, by_slices, models])
def test_no_serious_violation(browser: Any, tmp_path: Path, write: Any, scheme: str) -> None:
    """Names, roles, contrast, order of headings and what else axe-core looks at."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    path = tmp_path / "page.html"
    write(path)
    page, heard = opened(browser, path, viewport={"width": 1280, "height": 4000}, color_scheme=scheme)
    found = axe.run(page).response["violations"]
    serious = [
        (x["id"], x["help"], [node["html"] for node in x["nodes"]][:3])
        for x in found
        if x["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert heard == []
    page.close()


def test_axe_looks(browser: Any, tmp_path: Path) -> None:
    """It finds an image without a name, so an empty list of findings means something."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    path = tmp_path / "page.html"
    path.write_text("<!doctype html><html lang=en><title>x</title><main><img src='data:,'></main>")
    page = browser.new_page()
    page.goto(path.as_uri())
    assert "image-alt" in {x["id"] for x in axe.run(page).response["violations"]}
    page.close()
