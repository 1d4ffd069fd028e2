"""Several classes with scores, few and a thousand; a multilabel and a weighted page; the page inside a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden.browsing import matrix, opened, slid, text, typed
from golden.test_page import exact, told
from golden.test_page_classes import cells, labelled, scored

import unconfused as uc
from unconfused.show.explore import DRAWN
from unconfused.show.numbers import amounts

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:altair")


def many(k: int, weighted: bool = False) -> uc.Evaluation:
    """Scores of k classes, a dozen rows of each."""
    rng = np.random.default_rng(k)
    truth = np.arange(12 * k) % k
    mass = rng.gamma(0.3, size=(12 * k, k)) + 2 * np.eye(k)[truth] * rng.random((12 * k, 1)) + 1e-9
    weights = {"sample_weight": rng.uniform(0.5, 2, 12 * k)} if weighted else {}
    labels = {i: f"species {i}" for i in range(k)}
    return uc.evaluate(truth, y_score=mass / mass.sum(1, keepdims=True), labels=labels, **weights)


def weighted_classes() -> uc.Evaluation:
    return many(5, weighted=True)


@pytest.mark.parametrize(("k", "most"), [(3, 1.3e6), (50, 3e6), (1_000, 3e6)])
def test_several_classes(browser: Any, tmp_path: Path, k: int, most: float) -> None:
    """The matrix of the argmax, and one class against the rest at its thresholds, with the numbers of Python."""
    ev, path = many(k), tmp_path / "page.html"
    ev.to_html(path)
    assert path.stat().st_size < most
    page, heard = opened(browser, path)
    names = list(page.locator("#member option").all_text_contents())
    assert len(names) == min(k, DRAWN)
    if k > DRAWN:
        areas = {x: ev[x].estimate("roc_auc").value for x in (names if k == 1_000 else ev.labels.texts)}
        assert max(areas[x] for x in names) <= np.sort([*areas.values()])[DRAWN - 1]
    page.fill("#find", "species 2")
    shown = [int(x.split()[1]) for x in page.locator("#classes-view tbody th[scope=row]").all_text_contents()]
    assert 2 in shown
    assert cells(page) == [[str(ev.matrix.counts[i, j]) for j in shown] for i in shown]
    page.close()

    place = len(names) - 1
    page, more = opened(browser, path, f"#member={place}&t=0.2")
    one = ev[names[place]]
    t = float(page.input_value("#threshold"))
    cm = one.at(t)
    assert abs(t - 0.2) < 0.1
    assert [cell[0] for cell in matrix(page)] == [f"{x:,d}" for x in cm.table().ravel().tolist()]
    for rate in ("recall", "precision", "specificity", "f1", "accuracy"):
        assert text(page, f"rate-{rate}").startswith(str(cm.estimate(rate)).partition(" (")[0])
    page.wait_for_selector("#roc svg")
    assert heard + more == []
    page.close()


@pytest.mark.parametrize("make", [weighted_classes, labelled, lambda: scored(3)])
def test_one_of_them_at_costs(browser: Any, tmp_path: Path, make: Any) -> None:
    """The picked class or label has a prevalence, costs and a cheapest threshold of its own."""
    ev, path = make(), tmp_path / "page.html"
    ev.to_html(path, cost={"fp": 1, "fn": 4})
    page, heard = opened(browser, path, "#member=1")
    one = ev[list(ev.scores)[1]].at_prevalence(0.1)
    typed(page, "prevalence", 10)
    page.click("#go")
    t = float(page.input_value("#threshold"))
    assert matrix(page) == told(one.at(t))
    point = one.choose(cost={"fp": 1, "fn": 4})
    assert matrix(page) == told(point.matrix)
    assert text(page, "expected") == text(page, "best-cost") == amounts(np.array([1000 * point.apparent.value]))[0]
    for stop in range(0, int(page.get_attribute("#slider", "max")) + 1, 7):
        slid(page, stop)
        if not page.input_value("#threshold"):
            continue
        assert matrix(page) == told(one.at(float(page.input_value("#threshold"))))
    assert heard == []
    page.close()


def test_in_a_cell(browser: Any, tmp_path: Path) -> None:
    """The page works in the frame of a notebook: moved, and with another class picked, without an address."""
    for ev, several in ((exact(), False), (scored(3), True)):
        path = tmp_path / "notebook.html"
        cell = ev.page(threshold=None, height=600)
        assert "to_html" in repr(cell)
        path.write_text(f"<!doctype html><title>x</title>{cell._repr_html_()}", encoding="utf-8")
        page = browser.new_page()
        heard: list[str] = []
        page.on("console", lambda message, heard=heard: heard.append(message.text))
        page.on("pageerror", lambda error, heard=heard: heard.append(str(error)))
        page.goto(path.as_uri())
        frame = page.query_selector("iframe").content_frame()
        frame.wait_for_selector("body[data-ready]")
        if several:
            frame.select_option("#member", index=2)
            frame.locator(".lead bdi", has_text="class 2").first.wait_for()
            frame.wait_for_selector("body[data-ready]")
        typed(frame, "threshold", 0.3)
        one = ev["class 2"] if several else ev
        cm = one.at(float(frame.input_value("#threshold")))
        assert [cell[0] for cell in matrix(frame)] == [f"{x:,d}" for x in cm.table().ravel().tolist()]
        page.wait_for_timeout(200)
        assert heard == []
        page.close()
