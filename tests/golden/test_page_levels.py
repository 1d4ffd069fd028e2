"""The page of classes in a tree: the control that puts them together, and the numbers of Python at each level."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden.browsing import EVIL, opened, text
from golden.test_page_classes import cells, names

import unconfused as uc
from unconfused.errors import NotKept, UsageError
from unconfused.show import html
from unconfused.show.escape import visible

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:altair")
NAMES = ["cat", "dog", "sparrow", "eagle", "oak", "fern"]
TREE = {"animal": {"mammal": ["cat", "dog"], "bird": ["sparrow", "eagle"]}, "plant": ["oak", "fern"]}


def counted() -> uc.ConfusionMatrix:
    table = np.random.default_rng(0).poisson(4, (6, 6)) + np.diag([30, 20, 25, 15, 40, 9])
    return uc.ConfusionMatrix.from_counts(table, labels=NAMES)


def seated() -> uc.ConfusionMatrix:
    """Weights that no binary fraction holds, and rows of no known class."""
    rng = np.random.default_rng(1)
    truth, called = (rng.choice([*NAMES, "lamp"], 400) for _ in range(2))
    return uc.confusion_matrix(truth, called, labels=NAMES, unknown="other", sample_weight=rng.random(400) / 3)


def scored() -> uc.Evaluation:
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 6, 500)
    p = np.exp(rng.normal(size=(500, 6)) + 2 * np.eye(6)[truth])
    return uc.evaluate(truth, y_score=p / p.sum(1, keepdims=True), labels=dict(enumerate(NAMES)))


def visible_rows(page: Any, section: str) -> list[list[str]]:
    """The rows of the table that is shown in a section."""
    read = """parts => parts.filter(x => !x.hidden).flatMap(x => [...x.querySelectorAll('tbody tr')])
      .map(row => [...row.cells].map(cell => cell.textContent))"""
    return page.eval_on_selector_all(f"#{section} [data-level]", read)  # type: ignore[no-any-return]


def rows_of(table: str) -> list[list[str]]:
    """The same of what Python writes, without its marks."""
    plain = {"&#x27;": "'", "&lt;": "<", "&gt;": ">", "&amp;": "&"}
    lines = re.findall(r"<tr>(.*?)</tr>", table.partition("<tbody>")[2])
    found = [[re.sub(r"<[^>]*>", "", x) for x in re.findall(r"<t[hd].*?</t[hd]>", line)] for line in lines]
    return [[re.sub("|".join(plain), lambda x: plain[x[0]], cell) for cell in row] for row in found]


@pytest.mark.parametrize("make", [counted, seated, scored])
def test_each_level(browser: Any, tmp_path: Path, make: Any) -> None:
    """Counts, copies and rates are those of ``cm.collapse``, and the address names the level."""
    subject, path = make(), tmp_path / "page.html"
    subject.to_html(path, taxonomy=TREE)
    cm = subject if isinstance(subject, uc.ConfusionMatrix) else subject.matrix
    page, heard = opened(browser, path)
    groups = {
        "0": {x: x for x in NAMES},
        "1": {x: "plant" if x in ("oak", "fern") else "animal" for x in NAMES},
        "2": dict(zip(NAMES, ["mammal", "mammal", "bird", "bird", "oak", "fern"], strict=True)),
    }
    assert [x.get_attribute("value") for x in page.query_selector_all("#level option")] == ["0", "2", "1"]
    for level in ("1", "2", "0", "2"):
        page.select_option("#level", level)
        at = cm.collapse(groups[level])
        assert names(page) == [*at.labels.names, *(["(other)"] if make is seated else [])]
        page.select_option("#how", "count")
        wanted = html.amounts(at.table())
        assert cells(page) == np.reshape(wanted, (len(at.table()), -1)).tolist()
        page.select_option("#how", "true")
        assert cells(page) == [[html.percent(x) for x in row] for row in at.normalize("true").values.tolist()]
        page.click("#copy-classes")
        copied = [line.rpartition(",") for line in page.input_value("#classes-copied").splitlines()[1:]]
        assert [float(x) for _, _, x in copied] == at.table().ravel().tolist()
        report = at.report() if level != "0" else subject.report()
        assert visible_rows(page, "classes") == rows_of(html.classes_table(report, 200))
        assert visible_rows(page, "rates") == rows_of(html.rates_table(report))
        assert visible_rows(page, "pairs") == rows_of(html.pairs_table(at))
    page.wait_for_function("location.hash.includes('level=2')")
    fragment = page.evaluate("location.hash")
    page.close()
    page, more = opened(browser, path, fragment)
    assert names(page)[:4] == ["mammal", "bird", "oak", "fern"]
    assert "hierarchical f1" in text(page, "tree")
    assert str(cm.taxonomy(TREE).f1).partition(" ")[0] in text(page, "tree")
    assert heard + more == []
    page.close()


def test_a_class_is_found_in_its_group(browser: Any, tmp_path: Path) -> None:
    """The search knows which classes a group holds, and every class of a thousand goes somewhere."""
    k, path = 1_000, tmp_path / "page.html"
    rng = np.random.default_rng(0)
    table = rng.poisson(0.3, (k, k)) + np.diag(rng.integers(20, 60, k))
    cm = uc.ConfusionMatrix.from_counts(table, labels=[f"species {i}" for i in range(k)])
    cm.to_html(path, taxonomy={f"species {i}": (f"order {i // 100}", f"family {i // 20}") for i in range(k)})
    assert path.stat().st_size < 3_000_000
    page, heard = opened(browser, path, "#level=1&find=species+777")
    at = cm.collapse({f"species {i}": f"order {i // 100}" for i in range(k)})
    assert "order 7" in names(page)
    page.fill("#find", "")
    assert cells(page) == [[f"{x:,}" for x in row] for row in at.counts.tolist()]
    page.select_option("#level", "2")
    page.select_option("#order", "similar")
    assert page.locator("canvas").count() == 1
    page.select_option("#level", "0")
    assert text(page, "reading") == "All 1,000 shown."
    assert heard == []
    page.close()


def test_hostile_groups(browser: Any, tmp_path: Path) -> None:
    """Names of groups are text too."""
    cm, path = counted(), tmp_path / "page.html"
    cm.to_html(path, taxonomy=dict(zip(NAMES, [*EVIL, EVIL[0], EVIL[1]], strict=True)))
    page, heard = opened(browser, path, "#level=1")
    assert names(page) == [visible(x) for x in EVIL]
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert heard == []
    page.close()


def test_no_tree_where_nothing_can_be_put_together(tmp_path: Path) -> None:
    """Two classes, scores alone, and trees that leave a class out are refused."""
    two = uc.ConfusionMatrix.from_counts([[5, 1], [2, 4]], labels=["a", "b"])
    alone = uc.evaluate([0, 1, 1, 0], y_score=[0.1, 0.9, 0.6, 0.4])
    for subject in (two, alone):
        with pytest.raises(NotKept, match="taxonomy"):
            subject.to_html(tmp_path / "page.html", taxonomy={"a": "x", "b": "x"})
    with pytest.raises(UsageError, match="leaves out"):
        counted().to_html(tmp_path / "page.html", taxonomy={"cat": "animal"})
    assert list(tmp_path.iterdir()) == []
