"""The page that its reader moves: every control, read back against Python in a real browser."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden.browsing import EVIL, LONG, dots, matrix, opened, slid, text, typed

import unconfused as uc
from unconfused.errors import NotKept, UsageError
from unconfused.labels import Labels
from unconfused.metrics.hull import hull
from unconfused.show.escape import visible
from unconfused.show.numbers import amounts, percent
from unconfused.show.stops import RATES, Stops
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Tallies

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:altair")


def rows(n: int = 400, seed: int = 1) -> tuple[Any, Any]:
    """Truth and probabilities that tell it apart, some of them equal."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < 0.3).astype(int)
    return truth, np.round(1 / (1 + np.exp(-(2.2 * truth - 1.4 + rng.normal(size=n)))), 3)


def exact(**options: Any) -> uc.Evaluation:
    truth, score = rows()
    return uc.evaluate(truth, y_score=score, labels={0: "benign", 1: "malignant"}, **options)


def binned() -> uc.Evaluation:
    truth, score = rows(5_000)
    return uc.evaluate(truth, y_score=score).coarsen("folded(4)")


def log_odds() -> uc.Evaluation:
    truth, score = rows()
    return uc.evaluate(truth, y_score=np.log(score) - np.log1p(-score), score_kind="logit")


def weighted() -> uc.Evaluation:
    return exact(sample_weight=np.random.default_rng(0).uniform(0.1, 3, 400))


def decimal() -> uc.Evaluation:
    """Weights whose sums lie between two printed numbers again and again: how they round depends on their order."""
    return exact(sample_weight=np.random.default_rng(2).integers(1, 400, 400) * 0.005)


def seated() -> uc.Evaluation:
    truth, score = rows()
    return uc.evaluate(
        [*truth.tolist(), None, 1, 7], y_score=[*score, 0.7, math.nan, 0.2], labels=[0, 1], unknown="other",
        invalid="count",
    )  # fmt: skip


def large() -> uc.Evaluation:
    """Counts that no float64 holds."""
    scores = np.array([0.1, 0.35, 0.6, 0.9])
    full = np.zeros((5, 4), np.int64)
    full[1:, 0] = [2**60 + 1, 2**55 + 3, 2**53 + 1, 7]
    full[1:, 1] = [5, 2**53 + 5, 2**56 + 9, 2**58 + 1]
    return uc.Evaluation(Tallies("binary", scores=ScoreTally(Labels([0, 1]), "probability", scores, full)))


def raw() -> uc.Evaluation:
    truth, score = rows()
    return uc.evaluate(truth, y_score=10 * score - 3, score_kind="raw")


def skewed() -> uc.Evaluation:
    """The positive class stands first."""
    truth, score = rows()
    return uc.evaluate(np.where(truth, "a", "b"), y_score=score, pos_label="a")


def view() -> uc.Evaluation:
    """In a population of few positives."""
    return exact().at_prevalence(0.05)


SUBJECTS = [exact, binned, log_odds, weighted, decimal, seated, large, raw, skewed, view]


def told(cm: uc.ConfusionMatrix) -> list[tuple[str, str, str]]:
    """A matrix as the page shows it."""
    shares = [
        [percent(x) if x == x else "–" for x in cm.normalize(how).values.ravel().tolist()] for how in ("true", "pred")
    ]
    texts = amounts(np.append(cm.table().ravel(), cm.table().sum()))[:-1]
    return list(zip(texts, *shares, strict=True))


def plain(estimate: Any) -> str:
    """An estimate as it prints, without why it is undefined."""
    return str(estimate).partition(" (")[0]


# ── what the page holds ───────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("make", SUBJECTS)
def test_stops_are_what_the_evaluation_says(make: Any) -> None:
    """At every stop the matrix is that of ``at``, and the rates print the same."""
    ev = make()
    stops = Stops.of(ev.scores)
    assert (np.diff(stops.thresholds) > 0).all()
    for i in np.unique(np.linspace(0, len(stops.thresholds) - 1, 40).astype(int)).tolist():
        cm = ev.at(stops.thresholds[i])
        assert cm.table().tolist() == stops.tables[i].tolist()
        assert [stops.estimates[rate][i] for rate in RATES] == [plain(cm.estimate(rate)) for rate in RATES]


@pytest.mark.parametrize("kind", ["probability", "logit", "raw"])
def test_few_of_very_many_thresholds(kind: Any) -> None:
    """Of 50,000 scores about 2,000 stay, and among them the corners of the hull, the per cents and the chosen one."""
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 50_000)
    score = truth + rng.normal(size=50_000)
    score = 1 / (1 + np.exp(-score)) if kind == "probability" else score
    tally = uc.evaluate(truth, y_score=score, score_kind=kind).scores
    stops = Stops.of(tally, 0.123456)
    assert 1_000 < len(stops.thresholds) <= 2_000
    assert stops.thresholds[stops.open] == 0.123456
    corners = hull(*tally.masses.T)
    held = {(int(t[0, 1]), int(t[1, 1])) for t in stops.tables}
    assert set(zip(corners.fp.astype(int).tolist(), corners.tp.astype(int).tolist(), strict=True)) <= held
    if kind != "raw":
        assert {i / 100 for i in range(1, 100)} <= set(stops.thresholds.tolist())


def test_refusals(tmp_path: Path) -> None:
    """Costs and a prevalence that nothing could use are refused, as are those that are none."""
    cm = uc.evaluate([0, 1, 1], [0, 1, 0])
    with pytest.raises(NotKept, match="no threshold"):
        cm.to_html(tmp_path / "x.html", cost={"fp": 1, "fn": 2})
    with pytest.raises(UsageError, match="costs"):
        exact().to_html(tmp_path / "x.html", cost={"fp": 0})
    with pytest.raises(UsageError, match="prevalence"):
        exact().to_html(tmp_path / "x.html", prevalence=2)
    assert not list(tmp_path.iterdir())


# ── in the browser ────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("make", SUBJECTS)
def test_threshold(browser: Any, tmp_path: Path, make: Any) -> None:
    """Moved by slider or typed, the matrix, its shares and the rates are Python's to the last digit."""
    ev, path = make(), tmp_path / "page.html"
    ev.to_html(path)
    page, heard = opened(browser, path)
    stops = Stops.of(ev.scores)
    last = len(stops.thresholds) - 1
    assert page.get_attribute("#slider", "max") == str(last)
    for stop in (stops.open, 0, last // 3, last // 2, last):
        slid(page, stop)
        cm = ev.at(stops.thresholds[stop])
        assert matrix(page) == told(cm)
        assert [text(page, f"rate-{rate}") for rate in RATES] == [plain(cm.estimate(rate)) for rate in RATES]
    t = stops.thresholds[last // 4]
    typed(page, "threshold", repr(float(t)))
    assert matrix(page) == told(ev.at(t))
    assert "No threshold has been chosen" in text(page, "status")
    assert heard == []
    page.close()


@pytest.mark.parametrize("make", [exact, binned, log_odds, weighted, skewed])
def test_prevalence_and_costs(browser: Any, tmp_path: Path, make: Any) -> None:
    """They move the matrix, the rates, the expected cost and the cheapest threshold, as views and ``choose`` do."""
    ev, path = make(), tmp_path / "page.html"
    ev.to_html(path, threshold=0.5)
    page, heard = opened(browser, path)
    for share, fp, fn in ((None, 1, 10), (0.02, 3, 40), (0.7, 2.5, 1)):
        view = ev if share is None else ev.at_prevalence(share)
        if share is not None:
            typed(page, "prevalence", 100 * share)
        typed(page, "fp", fp)
        typed(page, "fn", fn)
        cm = view.at(0.5)
        assert matrix(page) == told(cm)
        assert text(page, "rate-precision").partition(" ")[0] == str(cm.estimate("precision")).partition(" ")[0]
        point = view.choose(cost={"fp": fp, "fn": fn})
        assert text(page, "best-cost") == amounts(np.array([1000 * point.apparent.value]))[0]
        page.click("#go")
        assert matrix(page) == told(view.at(point.threshold))
        assert text(page, "expected") == text(page, "best-cost")
        page.click("#back")
        assert matrix(page) == told(ev.at(0.5))
        assert text(page, "status") == "This is the chosen threshold."
    assert heard == []
    page.close()


def test_opening(browser: Any, tmp_path: Path) -> None:
    """The page opens at what was stated; and with nothing stated says so, at 0.5 or at the median of raw scores."""
    path = tmp_path / "page.html"
    exact().to_html(path, threshold=0.3, cost={"fp": 2, "fn": 7}, prevalence=0.05)
    page, _ = opened(browser, path)
    fields = [page.input_value(f"#{x}") for x in ("threshold", "prevalence", "fp", "fn")]
    assert fields == ["0.3", "5", "2", "7"]
    assert matrix(page) == told(exact().at_prevalence(0.05).at(0.3))
    page.close()
    raw().to_html(path)
    page, _ = opened(browser, path)
    assert "the median" in text(page, "status")
    scores = np.sort(10 * rows()[1] - 3)
    assert float(page.input_value("#threshold")) == pytest.approx(scores[199], rel=1e-4)
    page.close()


def test_headline(browser: Any, tmp_path: Path) -> None:
    """Of a hundred, with the intervals; the same before and after the script has run."""
    path = tmp_path / "page.html"
    exact().to_html(path, threshold=0.5)
    still = browser.new_page(java_script_enabled=False)
    still.goto(path.as_uri())
    page, _ = opened(browser, path)
    recall = exact().at(0.5).estimate("recall")
    assert still.inner_text("h1") == page.inner_text("h1")
    assert text(page, "found") == f"{100 * recall.value:.0f}"
    low, high = (float(x) / 100 for x in text(page, "found-ends").split(" to "))
    assert low == pytest.approx(recall.low, abs=0.01)
    assert high == pytest.approx(recall.high, abs=0.01)
    assert [cell[:2] for cell in matrix(still)] == [cell[:2] for cell in matrix(page)]
    still.close()
    page.close()


def test_charts_are_linked(browser: Any, tmp_path: Path) -> None:
    """Every chart has the operating point, and moves it with the threshold; a click on a chart moves there."""
    path = tmp_path / "page.html"
    exact().to_html(path)
    page, heard = opened(browser, path, viewport={"width": 1280, "height": 3000})
    names = {"roc", "pr", "gain", "lift", "cost", "net_benefit", "calibration", "scores"}
    before = dots(page)
    assert set(before) == names
    slid(page, 40)
    page.wait_for_timeout(300)
    after = dots(page)
    assert {name for name in names if after[name] == before[name]} == set()
    page.click("#roc svg", position={"x": 60, "y": 20})
    page.wait_for_timeout(300)
    assert dots(page) != after
    typed(page, "prevalence", 1)
    page.wait_for_timeout(300)
    assert heard == []
    page.close()


def test_address(browser: Any, tmp_path: Path) -> None:
    """The settings stand in the address, and a copied address opens with them; nonsense is ignored."""
    path = tmp_path / "page.html"
    exact().to_html(path, threshold=0.5)
    page, _ = opened(browser, path)
    typed(page, "threshold", 0.25)
    typed(page, "prevalence", 10)
    typed(page, "fn", 30)
    page.wait_for_function("location.hash.includes('fn=30')")
    fragment = page.evaluate("location.hash")
    shown = matrix(page), text(page, "expected")
    page.click("#back")
    page.wait_for_function("location.hash === ''")
    page.close()
    other, heard = opened(browser, path, fragment)
    assert (matrix(other), text(other, "expected")) == shown
    other.close()
    other, _ = opened(browser, path, "#t=%3Cscript%3E&prevalence=7&fp=-1&fn=x")
    assert matrix(other) == told(exact().at(0.5))
    assert heard == []
    other.close()


def halves() -> uc.Evaluation:
    """Weights whose sums are exact, whatever their order, and whole for some cells."""
    return exact(sample_weight=np.resize([0.5, 1, 2.5, 0.0, 2.0**-20], 400))


@pytest.mark.parametrize("make", [exact, weighted, halves, skewed])
def test_copies(browser: Any, tmp_path: Path, make: Any) -> None:
    """A copy is the matrix as Python writes it, and carries that no threshold was chosen."""
    ev, path = make(), tmp_path / "page.html"
    ev.to_html(path)
    page, heard = opened(browser, path)
    page.click("#copy-markdown")
    copied = page.input_value("#copied")
    assert copied.startswith("No threshold has been chosen. ")
    assert ev.at(0.5).to_markdown() in copied
    page.click("#copy-csv")
    head, *lines = page.input_value("#copied").splitlines()
    assert head == f"actual,predicted,{'weight' if make in (weighted, halves) else 'n'},threshold,remark"
    assert all("No threshold has been chosen" in line for line in lines)
    cells = [line.split(",") for line in ev.at(0.5).to_csv().splitlines()[1:]]
    assert [line.split(",")[:2] for line in lines] == [cell[:2] for cell in cells]
    if make is not weighted:  # those sums differ in their last digit, by the order of what was added
        assert [line.split(",")[2] for line in lines] == [cell[-1] for cell in cells]
    assert heard == []
    page.close()


def test_sums_of_weights_are_written_as_in_python(browser: Any, tmp_path: Path) -> None:
    exact().to_html(tmp_path / "page.html")
    page, _ = opened(browser, tmp_path / "page.html")
    numbers = [0.0, 3.0, 2.5, 0.1, 1e-4, 9.9e-5, 1e-7, 5e-324, 1e15, 1e16, 123456789012345680.0, 1e21, 1.5e300, -2.0]
    assert page.evaluate("all => all.map(Numbers.repr)", numbers) == [repr(x) for x in numbers]
    page.close()


def test_matrices_of_labels_wear_the_colours_of_the_page(browser: Any, tmp_path: Path) -> None:
    """On dark paper no cell is light, and the text of each is that of the page."""
    truth = np.random.default_rng(0).integers(0, 2, (60, 3))
    made = uc.confusion_matrix(truth, truth[::-1], label_kind="multilabel")
    uc.confusion_matrix(truth[:, 0], truth[:, 1]).to_html(tmp_path / "one.html")
    uc.evaluate(truth, truth[::-1], label_kind="multilabel").to_html(tmp_path / "many.html")
    read = "all => all.map(x => [getComputedStyle(x).backgroundColor, getComputedStyle(x).color])"
    for name, cells in (("one", 4), ("many", 4 * len(made))):
        grounds = {}
        for scheme in ("light", "dark"):
            page, heard = opened(browser, tmp_path / f"{name}.html", color_scheme=scheme)
            found = page.eval_on_selector_all("#matrix tbody td", read)
            ink = page.evaluate("getComputedStyle(document.body).color")
            assert len(found) == cells
            assert {colour for _, colour in found} == {ink}
            assert heard == []
            grounds[scheme] = [sum(map(float, re.findall(r"[\d.]+", ground)[:3])) / 3 for ground, _ in found]
            page.close()
        assert max(grounds["dark"]) < 0.5 < min(grounds["light"])


def test_every_order_can_be_read_on_a_phone(browser: Any, tmp_path: Path) -> None:
    """The closed list is as wide as its longest choice."""
    uc.ConfusionMatrix.from_counts(np.arange(16).reshape(4, 4)).to_html(tmp_path / "page.html")
    for width in (360, 390, 1280):
        page, _ = opened(browser, tmp_path / "page.html", viewport={"width": width, "height": 900})
        needed = page.eval_on_selector(
            "#order", "x => { const own = x.cloneNode(true); own.style.cssText = 'width:auto;position:absolute';"
            " document.body.append(own); return own.offsetWidth; }"
        )  # fmt: skip
        assert page.eval_on_selector("#order", "x => x.offsetWidth") >= needed
        page.close()


def test_keyboard_and_names(browser: Any, tmp_path: Path) -> None:
    """Every control is reached by Tab and has a name; arrows move the threshold, and what it is is said."""
    path = tmp_path / "page.html"
    exact().to_html(path)
    page, _ = opened(browser, path)
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert {"slider", "threshold", "prevalence", "own", "fp", "fn", "copy-markdown", "copy-csv"} <= set(reached)
    page.focus("#slider")
    before = page.get_attribute("#slider", "aria-valuetext")
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#slider", "aria-valuetext") != before
    nameless = "all => all.filter(x => !x.labels?.length && !x.ariaLabel && !x.textContent.trim()).map(x => x.id)"
    assert page.eval_on_selector_all("input, button, select, textarea", nameless) == []
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("names", [EVIL[:2], EVIL[2:], [LONG, "שלום"], ["🙂👩‍👩‍👧", "=HYPERLINK(1)"]])
def test_hostile_names(browser: Any, tmp_path: Path, width: int, names: list[str]) -> None:
    """Names are text, however they read, and push nothing out of the window."""
    truth, score = rows()
    path = tmp_path / "page.html"
    uc.evaluate(truth, y_score=score, labels=dict(enumerate(names))).to_html(path)
    page, heard = opened(browser, path, viewport={"width": width, "height": 900})
    slid(page, 10)
    page.click("#copy-csv")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelectorAll('img, b b, script:not([type]) + img').length") == 0
    assert visible(names[1]) in str(page.text_content("h1"))
    assert visible(names[0]) in page.locator(".matrix th bdi").all_text_contents()
    assert heard == []
    page.close()


def test_size(tmp_path: Path) -> None:
    """However many scores there are, the page stays under 1.3 MB."""
    truth, _ = rows(120_000)
    score = np.random.default_rng(0).beta(1 + truth, 2)
    weights = np.random.default_rng(1).random(len(truth))
    for options in ({}, {"sample_weight": weights}):
        path = tmp_path / "page.html"
        uc.evaluate(truth, y_score=score, **options).to_html(path, threshold=0.5)
        assert path.stat().st_size < 1_300_000
