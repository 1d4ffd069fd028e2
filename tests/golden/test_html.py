"""HTML: fragments for notebooks, and the offline page in a real browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden.browsing import EVIL, LONG, opened

import unconfused as uc
from unconfused.findings import Finding
from unconfused.show.colour import contrast, ink, ramp
from unconfused.show.figure.text import cut
from unconfused.show.html import estimate_html, finding_html
from unconfused.show.numbers import short_percent

VOID = {"br", "meta", "img", "hr", "link", "input"}


class Tree(HTMLParser):
    """Tags, attributes and text; fails where tags do not pair up."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def count(self, tag: str) -> int:
        return sum(one == tag for one, _ in self.tags)

    def heads(self, scope: str) -> int:
        return sum(tag == "th" and attrs.get("scope") == scope for tag, attrs in self.tags)


def matrix(k: int = 2) -> uc.ConfusionMatrix:
    if k == 2:
        return uc.ConfusionMatrix.from_counts([[76, 9], [17, 48]], labels=["Negative", "Positive"])
    counts = np.random.default_rng(0).integers(0, 9, (k, k)) + 50 * np.eye(k, dtype=int)
    return uc.ConfusionMatrix.from_counts(counts, labels=[f"class {i}" for i in range(k)])


def evil() -> uc.ConfusionMatrix:
    return uc.ConfusionMatrix.from_counts(np.arange(16).reshape(4, 4), labels=EVIL)


def evaluation(k: int = 2, n: int = 300, labels: Any = None) -> uc.Evaluation:
    rng = np.random.default_rng(2)
    truth = rng.integers(0, k, n)
    if k == 2:
        return uc.evaluate(truth, y_score=np.clip(0.3 * truth + 0.7 * rng.random(n), 0, 1), labels=labels)
    p = rng.dirichlet(np.ones(k), n) + np.eye(k)[truth]
    return uc.evaluate(truth, y_score=p / p.sum(1, keepdims=True), labels=labels)


def harmless(text: str) -> Tree:
    """The tree of a fragment without script, handlers or anything from outside."""
    tree = Tree(text)
    assert not {"script", "img", "link", "iframe", "style"} & {tag for tag, _ in tree.tags}
    for _, attrs in tree.tags:
        assert not [name for name in attrs if name.startswith("on") or name in ("src", "href")]
    assert "\x1b" not in text
    assert "\u202e" not in text
    return tree


# ── fragments ─────────────────────────────────────────────────────────────────────────────────────
def test_matrix() -> None:
    """Both axes named, every class twice, counts and shares together."""
    tree = harmless(matrix()._repr_html_())
    assert (tree.heads("rowgroup"), tree.heads("colgroup"), tree.heads("row"), tree.heads("col")) == (1, 1, 2, 2)
    assert {"Actual class", "Predicted class", "Negative", "Positive", "76", "89.4 %", "17", "26.2 %"} <= set(tree.text)


@pytest.mark.parametrize("how", ["true", "pred", "all"])
def test_rates(how: Any) -> None:
    """Shares with their counts; a share of nothing is a dash."""
    tree = harmless(uc.ConfusionMatrix.from_counts([[5, 0], [0, 0]], labels=["a", "b"]).normalize(how)._repr_html_())
    assert ("–" in tree.text) == (how != "all")


def test_legible() -> None:
    """Every cell's text reads on its colour, and the colours say light to dark."""
    styles = re.findall(r"background:(#\w{6});color:(#\w{6}|black|white)", matrix(20)._repr_html_())
    assert len(styles) == 400
    known = {"black": "#000000", "white": "#ffffff"}
    for colours in styles:
        a, b = (tuple(int(known.get(x, x)[i : i + 2], 16) / 255 for i in (1, 3, 5)) for x in colours)
        assert contrast(a, b) >= 4.5  # type: ignore[arg-type]


def test_ramp() -> None:
    """Black or white reads on every colour of the ramp."""
    for share in np.linspace(0, 1, 501).tolist():
        ground = ramp(share)
        assert contrast(ground, (0, 0, 0) if ink(ground) == "black" else (1, 1, 1)) >= 4.5


def test_evil_labels() -> None:
    """Names are text: nothing in them becomes a tag, and what cannot be seen is spelt out."""
    for text in (evil()._repr_html_(), evil().report()._repr_html_(), evil().normalize("true")._repr_html_()):
        tree = harmless(text)
        assert EVIL[0] in tree.text
        assert any("\\x1b[31m\\n\\u202e" in part for part in tree.text)
    found = finding_html(Finding("CM-X", "warning", EVIL[0], {}, EVIL[1]))
    assert EVIL[0] in "".join(harmless(found).text)


def test_many_classes() -> None:
    """A large matrix becomes the pairs confused most: no notebook is flooded."""
    text = matrix(300)._repr_html_()
    assert len(text) < 40_000
    assert "pairs confused most" in "".join(harmless(text).text)


def test_seats_left_out_and_rule() -> None:
    """Seats, rows left out, weights and the rule are all said."""
    cm = uc.confusion_matrix(
        ["a", "b", None, "z", "i"], ["a", "b", "a", "b", "a"], labels=["a", "b"], unknown="other", invalid="count",
        ignore="i", sample_weight=[0.5, 1, 1, 1, 1],
    )  # fmt: skip
    said = "".join(harmless(cm._repr_html_()).text)
    assert all(word in said for word in ("(other)", "(missing)", "left out", "Σw"))
    assert "score &gt;= 0.4" in evaluation().at(0.4)._repr_html_()


def test_report_evaluation_estimate() -> None:
    """Each shows its numbers with intervals and methods."""
    for shown in (evaluation(), evaluation(4), matrix().report(), evaluation(40)):
        assert harmless(shown._repr_html_()).count("table") >= 1
    recall = matrix().estimate("recall")
    said = " ".join(harmless(estimate_html(recall)).text)
    assert "0.738" in said
    assert "[0.62, 0.83]" in said
    nothing = uc.ConfusionMatrix.from_counts([[5, 0], [3, 0]], labels=["n", "p"]).estimate("precision")
    assert "undefined" in estimate_html(nothing)
    labels = uc.evaluate([[1, 0], [0, 1], [1, 1]], [[1, 0], [1, 1], [1, 0]], label_kind="multilabel")
    assert harmless(labels._repr_html_()).count("table") >= 1


def test_cells() -> None:
    """Shares near the ends are not rounded to them; names keep start and end."""
    assert [short_percent(x) for x in (0.0, 1.0, 0.9999, 0.0001, float("nan"))] == [
        "0 %",
        "100 %",
        ">99.9 %",
        "<0.1 %",
        "–",
    ]
    assert len(cut("x" * 100, 9)) == 9


# ── the page ──────────────────────────────────────────────────────────────────────────────────────
html_extra = pytest.mark.filterwarnings("ignore::DeprecationWarning:altair")


def test_page_of_a_matrix(tmp_path: Path) -> None:
    """A matrix of two classes makes a page without any script."""
    path = tmp_path / "matrix.html"
    uc.ConfusionMatrix.from_counts([[5, 1], [2, 7]], labels=EVIL[:2]).to_html(path)
    text = path.read_text(encoding="utf-8")
    assert "<script" not in text
    (policy,) = [attrs["content"] for tag, attrs in Tree(text).tags if "http-equiv" in attrs]
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert "http" not in re.sub(r"http-equiv|img src=http", "", text)
    assert list(tmp_path.iterdir()) == [path]


def test_page_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that cannot be written leaves what was there."""
    path = tmp_path / "report.html"
    path.write_text("before")

    def fail(*_: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="full"):
        matrix().to_html(path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@html_extra
def test_page_in_a_browser(browser: Any, tmp_path: Path, width: int, scheme: str) -> None:
    """It opens from disk, silent and without network; curves are drawn; nothing is wider than the window."""
    path = tmp_path / "report.html"
    evaluation().to_html(path, threshold=0.5)
    page, heard = opened(browser, path, viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert heard == []
    page.locator(".chart svg").nth(7).wait_for(state="attached")  # those out of sight come later
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").inner_text().startswith("Of ")
    page.close()


@html_extra
def test_page_kinds(tmp_path: Path) -> None:
    """Multilabel, very many classes, scores alone: each has its page; a policy lets only the page's own scripts run."""
    rng = np.random.default_rng(0)
    many = uc.evaluate(rng.integers(0, 2, (50, 3)), y_score=rng.random((50, 3)), label_kind="multilabel")
    many.to_html(tmp_path / "labels.html", threshold=0.5)
    evaluation(30).to_html(tmp_path / "thirty.html")
    evaluation().to_html(tmp_path / "scores.html")
    for name in ("labels", "thirty", "scores"):
        text = (tmp_path / f"{name}.html").read_text(encoding="utf-8")
        (policy,) = [attrs["content"] for tag, attrs in Tree(text).tags if "http-equiv" in attrs]
        rules = dict(rule.split(" ", 1) for rule in str(policy).split("; "))
        assert rules["default-src"] == "'none'"
        assert all(source.startswith("'sha256-") for source in rules["script-src"].split())
    assert "No threshold has been chosen" in text


@pytest.mark.parametrize("width", [1280, 390])
@html_extra
def test_page_names(browser: Any, tmp_path: Path, width: int) -> None:
    """Short names stand in one line, however many there are; long ones are broken."""
    path = tmp_path / "names.html"
    matrix(30).to_html(path)
    evaluation(30).to_html(tmp_path / "numbers.html")
    uc.ConfusionMatrix.from_counts([[5, 1], [2, 7]], labels=["malignant", LONG]).to_html(tmp_path / "long.html")
    broken = []
    for name in ("names", "numbers", "long"):
        page, _ = opened(browser, tmp_path / f"{name}.html", viewport={"width": width, "height": 900})
        found = "all => all.filter(one => one.getClientRects().length > 1).map(one => one.textContent)"
        broken += page.locator("th bdi").evaluate_all(found)
        page.close()
    assert set(broken) == {LONG}


@html_extra
def test_page_bundle_once(tmp_path: Path) -> None:
    """The library of the charts stands in the page once, and nothing is fetched by a tag."""
    path = tmp_path / "report.html"
    evaluation(n=20_000).to_html(path)
    text = path.read_text(encoding="utf-8")
    assert text.count("window.vega={") == 1
    assert len(text) < 1_300_000
    assert not [attrs for _, attrs in Tree(text).tags if {"src", "href"} & set(attrs)]
