"""The page of several classes or labels: the matrix that is searched and sorted, and one class picked at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden.browsing import EVIL, LONG, matrix, opened, text, typed

import unconfused as uc
from unconfused.show.classes import classes_data
from unconfused.show.escape import visible
from unconfused.show.numbers import percent

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:altair")


def counts(k: int, seed: int = 0) -> uc.ConfusionMatrix:
    rng = np.random.default_rng(seed)
    table = rng.poisson(0.4, (k, k)) + np.diag(rng.integers(20, 60, k))
    return uc.ConfusionMatrix.from_counts(table, labels=[f"species {i}" for i in range(k)])


def scored(k: int = 4, n: int = 800) -> uc.Evaluation:
    rng = np.random.default_rng(2)
    truth = rng.integers(0, k, n)
    p = np.exp(rng.normal(size=(n, k)) + 2 * np.eye(k)[truth])
    return uc.evaluate(truth, y_score=p / p.sum(1, keepdims=True), labels={i: f"class {i}" for i in range(k)})


def labelled() -> uc.Evaluation:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, (300, 3))
    return uc.evaluate(
        truth, y_score=np.clip(0.4 * truth + 0.6 * rng.random((300, 3)), 0, 1), label_kind="multilabel",
        labels=["cat", "dog", "bird"],
    )  # fmt: skip


def cells(page: Any) -> list[list[str]]:
    """The table that is shown, row by row, without its names."""
    read = "rows => rows.map(row => [...row.querySelectorAll('td')].map(x => x.textContent))"
    return page.eval_on_selector_all("#classes-view tbody tr", read)  # type: ignore[no-any-return]


def names(page: Any) -> list[str]:
    """The actual classes that are shown, from the top."""
    return list(page.locator("#classes-view tbody th[scope=row]").all_text_contents())


def test_small_matrix(browser: Any, tmp_path: Path) -> None:
    """Counts and shares are Python's; the order of errors and the hidden diagonal are what they say."""
    cm, path = counts(12), tmp_path / "page.html"
    cm.to_html(path)
    page, heard = opened(browser, path)
    assert cells(page) == [[str(x) for x in row] for row in cm.counts.tolist()]
    for how in ("true", "pred"):
        page.select_option("#how", how)
        shares = cm.normalize(how).values.tolist()
        assert cells(page) == [[percent(x) for x in row] for row in shares]
    page.select_option("#how", "count")
    page.select_option("#order", "rate")
    recall = np.array([e.value for e in cm.estimates("recall").values()])
    assert names(page) == [f"species {i}" for i in np.argsort(recall, kind="stable")]
    page.select_option("#order", "given")
    page.check("#hide")
    assert [row[i] for i, row in enumerate(cells(page))] == [""] * 12
    page.click("#copy-classes")
    assert page.input_value("#classes-copied") == cm.to_csv()
    assert heard == []
    page.close()


def test_order_of_similarity(browser: Any, tmp_path: Path) -> None:
    """Classes that are confused stand side by side, in the order of ``blocks``."""
    pytest.importorskip("scipy")
    cm, path = counts(9), tmp_path / "page.html"
    cm.to_html(path)
    page, _ = opened(browser, path)
    page.select_option("#order", "similar")
    assert names(page) == list(cm.blocks())
    page.close()


@pytest.mark.parametrize("k", [50, 1_000])
def test_large_matrix(browser: Any, tmp_path: Path, k: int) -> None:
    """A picture of all, in which arrows read cells; a search makes a table of one class and those it is taken for."""
    cm, path = counts(k), tmp_path / "page.html"
    cm.to_html(path)
    assert path.stat().st_size < 3_000_000
    page, heard = opened(browser, path)
    assert page.locator("canvas").count() == 1
    assert page.locator("p.axes").inner_text() == "Down: actual class. Across: predicted class."
    read = "c => [...c.getContext('2d').getImageData(0, 0, c.width, 1).data]"
    pixels = np.array(page.eval_on_selector("canvas", read)).reshape(k, -1, 4)[:, 0]
    empty = pixels[1:][np.argmin(cm.counts[0, 1:])]
    assert (pixels[1:] != empty).any(1).tolist() == (cm.counts[0, 1:] > 0).tolist()
    assert not (pixels[1:] == pixels[0]).all(1).any()
    page.focus("canvas")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert text(page, "reading").startswith(f"Actual species 0, called species 1: {cm.counts[0, 1]}; ")
    page.fill("#find", "species 7")
    whole = [x for x in names(page) if x == "species 7"]
    assert whole == ["species 7"]
    shown = [int(x.split()[1]) for x in names(page)]
    assert len(shown) <= 10
    assert cells(page) == [[str(cm.counts[i, j]) for j in shown] for i in shown]
    page.wait_for_function("location.hash.includes('find=')")
    fragment = page.evaluate("location.hash")
    page.close()
    other, more = opened(browser, path, fragment)
    assert [int(x.split()[1]) for x in names(other)] == shown
    assert heard + more == []
    other.close()


def test_weights_and_seats(browser: Any, tmp_path: Path) -> None:
    """Sums of weights are told as Python tells them, and seats stand behind the classes."""
    rng = np.random.default_rng(0)
    truth, called = rng.integers(0, 4, 200), rng.integers(0, 4, 200)
    cm = uc.confusion_matrix(truth, called, labels=[0, 1, 2], unknown="other", sample_weight=rng.random(200))
    cm.to_html(tmp_path / "page.html")
    page, heard = opened(browser, tmp_path / "page.html")
    assert names(page) == ["0", "1", "2", "(other)"]
    assert cells(page) == [[f"{x:.2f}" for x in row] for row in cm.table().tolist()]
    assert heard == []
    page.close()


def test_what_is_not_packed() -> None:
    """Two classes need no search, and counts that a browser cannot add are left to the tables."""
    assert classes_data(uc.ConfusionMatrix.from_counts([[1, 2], [3, 4]], labels=["a", "b"])) is None
    assert classes_data(uc.ConfusionMatrix.from_counts(np.eye(3, dtype=int) * 2**53, labels=list("abc"))) is None


@pytest.mark.parametrize("make", [scored, labelled])
def test_one_picked(browser: Any, tmp_path: Path, make: Any) -> None:
    """Each class or label has its own thresholds and counts, and the address names it."""
    ev, path = make(), tmp_path / "page.html"
    ev.to_html(path)
    page, heard = opened(browser, path)
    picked = list(ev.scores)
    assert page.locator("#member option").all_text_contents() == [str(x) for x in picked]
    with page.expect_navigation():
        page.select_option("#member", index=2)
    page.wait_for_selector("body[data-ready]")
    typed(page, "threshold", 0.3)
    cm = ev[picked[2]].at(float(page.input_value("#threshold")))
    assert [cell[0] for cell in matrix(page)] == [f"{x:,d}" for x in cm.table().ravel().tolist()]
    assert text(page, "rate-recall") == str(cm.estimate("recall"))
    assert str(picked[2]) in str(page.text_content(".lead"))
    page.wait_for_function("location.hash.includes('member=2')")
    assert heard == []
    page.close()


def test_chosen_thresholds_of_labels(browser: Any, tmp_path: Path) -> None:
    """A threshold for each label is where its counts open."""
    ev, path = labelled(), tmp_path / "page.html"
    ev.to_html(path, threshold={"cat": 0.3, "dog": 0.5, "bird": 0.7})
    page, _ = opened(browser, path, "#member=2")
    assert page.input_value("#threshold") == "0.7"
    assert text(page, "status") == "This is the chosen threshold."
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hostile_classes(browser: Any, tmp_path: Path, width: int, scheme: str) -> None:
    """Names are text wherever they stand, and nothing is wider than the window."""
    labels, path = [*EVIL, LONG, "שלום", "🙂"], tmp_path / "page.html"
    k = len(labels)
    truth = np.arange(40 * k) % k
    p = np.random.default_rng(0).dirichlet(np.ones(k), 40 * k) + np.eye(k)[truth]
    uc.evaluate(truth, y_score=p / p.sum(1, keepdims=True), labels=dict(enumerate(labels))).to_html(path)
    page, heard = opened(browser, path, viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert names(page) == [visible(x) for x in labels]
    page.fill("#find", "<script>")
    page.select_option("#order", "rows")
    assert EVIL[0] in names(page)
    assert page.locator("#member option").all_text_contents() == [visible(x) for x in labels]
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert heard == []
    page.close()


def test_a_long_class_hides_no_count(browser: Any, tmp_path: Path) -> None:
    """Names without a space break in either column of the pairs, so that their numbers stay in sight."""
    labels = ["m" * 300, *(f"class {i}" for i in range(8))]
    counts = np.full((9, 9), 1) + np.diag([50] * 9)
    counts[1, 0] = 20
    path = tmp_path / "page.html"
    uc.ConfusionMatrix.from_counts(counts, labels=labels).to_html(path)
    page, heard = opened(browser, path)
    assert not heard
    table = page.locator("table", has_text="confused most")
    assert table.evaluate("x => x.getBoundingClientRect().right") <= page.viewport_size["width"]


def test_headings_are_printed(browser: Any, tmp_path: Path) -> None:
    """A heading that sorts its table is a button, and still a heading on paper."""
    path = tmp_path / "page.html"
    scored().to_html(path)
    page, _ = opened(browser, path)
    page.emulate_media(media="print")
    assert page.locator("#classes th button").count()
    assert all(x.is_visible() for x in page.locator("#classes th button").all())
