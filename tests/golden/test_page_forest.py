"""Pages of slices and of comparisons: forests whose numbers are Python's, in tables that their headings sort."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden.browsing import EVIL, LONG, opened

import unconfused as uc
from unconfused.show.escape import visible
from unconfused.show.forest import WIDE, ticks
from unconfused.show.lines import plain
from unconfused.show.table import name

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:altair")
NAMES = ["DE", "FR", "US"]


def rows(names: list[str], n: int = 3_000) -> tuple[Any, Any, Any]:
    """Truth, scores and a column; the scores of the second name tell nothing."""
    rng = np.random.default_rng(0)
    column, truth = rng.integers(0, len(names), n), rng.integers(0, 2, n)
    score = np.where(column == 1, rng.random(n), np.clip(0.3 * truth + 0.7 * rng.random(n), 0, 1))
    return truth, score, np.array(names, dtype=object)[column]


def sliced(names: list[str] | None = None) -> uc.Evaluation:
    truth, score, column = rows(names or NAMES)
    return uc.evaluate(truth, y_score=score, by={"country": column.tolist()})


def compared(names: tuple[str, str] = ("old", "new"), **options: Any) -> Any:
    truth, score, _ = rows(NAMES)
    better = np.clip(score + 0.15 * truth * np.random.default_rng(1).random(len(truth)), 0, 1)
    return uc.compare(truth, y_score=dict(zip(names, (score, better), strict=True)), threshold=0.5, **options)


def table(page: Any, place: str) -> list[list[str]]:
    """The cells of a sortable table, row by row, without the picture."""
    read = "rows => rows.map(row => [...row.cells].map(x => x.textContent).filter((_, i) => i !== 1))"
    return page.eval_on_selector_all(f"{place} tbody tr", read)  # type: ignore[no-any-return]


def drawn(page: Any, place: str) -> list[list[float]]:
    """Of each row the ends of its line and the middle of its mark, in pixels of the picture."""
    read = """rows => rows.map(row => {
      const [, low, high] = /M(.*) 11H(.*)/.exec(row.querySelector('g path').getAttribute('d'));
      return [low, row.querySelector('circle').getAttribute('cx'), high].map(Number);
    })"""
    return page.eval_on_selector_all(f"{place} tbody tr", read)  # type: ignore[no-any-return]


def test_slices(browser: Any, tmp_path: Path) -> None:
    """Each metric has its slices, worst first, with the numbers of ``compare`` and marks where they belong."""
    ev, path = sliced(), tmp_path / "page.html"
    ev.to_html(path, threshold=0.5)
    page, heard = opened(browser, path)
    made = ev.by["country"].compare(["recall", "precision", "accuracy"], threshold=0.5)
    for i, metric in enumerate(made.metrics):
        place = f"#slices-0 .scroll:nth-of-type({i + 1}) table"
        found = made[metric]
        assert [(row[0], row[1], row[2]) for row in table(page, place)] == [
            (x.name, f"{x.rows:,}", plain(x.value)) for x in found
        ]
        flat = np.ravel(drawn(page, place))
        values = np.ravel([(x.value.low, x.value.value, x.value.high) for x in found])
        slope, start = np.polyfit(values, flat, 1)
        assert np.abs(flat - (slope * values + start)).max() < 0.1
        assert (flat > 0).all()
        assert (flat < WIDE).all()
    assert heard == []
    page.close()


def test_slices_without_threshold(browser: Any, tmp_path: Path) -> None:
    """Where nothing was decided the slices are compared by how well their scores rank."""
    ev, path = sliced(), tmp_path / "page.html"
    ev.to_html(path)
    page, _ = opened(browser, path)
    assert [row[0] for row in table(page, "#slices-0 table")] == [x.name for x in ev.by["country"].compare()["roc_auc"]]
    page.close()


def test_sorting(browser: Any, tmp_path: Path) -> None:
    """A heading sorts up, down, and back to what it was; the keyboard does too, and readers are told."""
    ev, path = sliced(), tmp_path / "page.html"
    ev.to_html(path, threshold=0.5)
    page, heard = opened(browser, path)
    place = "#slices-0 .scroll:nth-of-type(1) table"
    given = table(page, place)
    page.click(f"{place} th >> text=country")
    assert [row[0] for row in table(page, place)] == NAMES
    page.click(f"{place} th >> text=country")
    assert [row[0] for row in table(page, place)] == NAMES[::-1]
    page.click(f"{place} th >> text=country")
    assert table(page, place) == given
    page.focus(f"{place} th >> text=rows")
    page.keyboard.press("Enter")
    assert page.get_attribute(f"{place} th:has-text('rows')", "aria-sort") == "ascending"
    counts = [int(row[1].replace(",", "")) for row in table(page, place)]
    assert counts == sorted(counts)
    assert heard == []
    page.close()


@pytest.mark.parametrize("make", [compared, lambda: compared(margin=0.02, adjust=None)])
def test_comparison(browser: Any, tmp_path: Path, make: Any) -> None:
    """The page of a comparison holds every difference, the rows that changed sides, and asks no network."""
    made, path = make(), tmp_path / "page.html"
    made.to_html(path)
    page, heard = opened(browser, path)
    found = table(page, "#pair-0 .sortable")
    assert [row[0] for row in found] == [x.metric for x in made.differences]
    for row, x in zip(found, made.differences, strict=True):
        assert row[3].removeprefix("+") == plain(x.difference)
        assert row[-1] == x.verdict
    flat = np.ravel(drawn(page, "#pair-0 .sortable"))
    values = np.ravel([(x.difference.low, x.difference.value, x.difference.high) for x in made.differences])
    slope, start = np.polyfit(values, flat, 1)
    assert np.abs(flat - (slope * values + start)).max() < 0.1
    zero = re.search(r"([\d.]+)px 0/1px", page.get_attribute("#pair-0 .sortable tbody td", "style"))
    assert zero is not None
    assert float(zero[1]) == pytest.approx(start, abs=0.1)
    flips = page.locator("#pair-0 table").nth(1).locator("tbody tr").all_inner_texts()
    assert [line.split()[1:] for line in flips] == [
        [f"{n:,}" for n in (x.rows, x.both_right, x.lost, x.won, x.both_wrong)] for x in made.flips
    ]
    assert heard == []
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_hostile_names(browser: Any, tmp_path: Path, width: int) -> None:
    """Names of slices and of models are text, and nothing is wider than the window."""
    names = [*EVIL, LONG, "=HYPERLINK(1)", "a_$x_{$"]
    one, other = tmp_path / "one.html", tmp_path / "other.html"
    sliced(names).to_html(one, threshold=0.5)
    compared((EVIL[0], EVIL[1])).to_html(other)
    for path, shown in ((one, map(visible, names)), (other, [name(x, 40) for x in EVIL[:2]])):
        page, heard = opened(browser, path, viewport={"width": width, "height": 900})
        assert page.evaluate("document.querySelectorAll('img, main script').length") == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        text = str(page.text_content("main"))
        assert [x for x in shown if x not in text] == []
        assert heard == []
        page.close()


def test_several_models_each_have_a_forest() -> None:
    """Three models against the first are two forests, in the notebook too."""
    truth, score, _ = rows(NAMES)
    made = uc.compare(truth, y_score={"a": score, "b": 1 - score, "c": score**2})
    assert made._repr_html_().count('class="sortable"') == 2


def test_in_notebooks() -> None:
    """Slices draw their forest in a cell, and a value without an interval leaves its line empty."""
    truth, score, column = rows(NAMES, 300)
    ev = uc.evaluate(
        truth[column != "US"], y_score=score[column != "US"], by={"country": column[column != "US"].tolist()}
    )
    shown = ev.by["country"]._repr_html_()
    assert shown.count("<circle") == 2
    ev = uc.evaluate([0, 1, 1, 1], y_score=[0.1, 0.9, 0.8, 0.3], by={"country": ["a", "a", "b", "b"]})
    assert ev.by["country"]._repr_html_().count("<circle") == 1


def test_ticks_are_round_and_few() -> None:
    for low, high in ((0, 1), (-3e-5, 2e-5), (1e6, 1e6 + 3), (-1, 1e9)):
        found = ticks(low, high)
        assert 1 <= len(found) <= 6
        assert all(low - 1e-9 * abs(high) <= x <= high * (1 + 1e-9) for x in found)
    assert all(math.isfinite(x) for x in ticks(0.1, 0.1000001))
