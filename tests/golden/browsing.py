"""Pages in a real browser: opened, listened to, moved and read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

EVIL = [
    "<script>alert(1)</script>",
    '"><img src=http://x.test/a onerror=alert(2)>',
    "</script><b>",
    "a\x1b[31m\n\u202e",
]
LONG = "a class with a name that goes on for sixty letters, or more"


def opened(browser: Any, path: Path, fragment: str = "", **options: Any) -> tuple[Any, list[str]]:
    """The page, drawn, and everything that it complained of or asked the network for."""
    heard: list[str] = []
    page = browser.new_page(**options)
    page.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: heard.append(f"error: {error}"))
    page.on("request", lambda request: request.url.startswith(path.as_uri()) or heard.append(f"request: {request.url}"))
    page.goto(path.as_uri() + fragment)
    if page.query_selector("#data"):
        page.wait_for_selector("body[data-ready]", timeout=30_000)
    return page, heard


def typed(page: Any, field: str, text: object) -> None:
    """A number typed into a field, and left."""
    page.fill(f"#{field}", str(text))
    page.dispatch_event(f"#{field}", "change")


def slid(page: Any, stop: int) -> None:
    """The slider moved to a stop."""
    page.eval_on_selector("#slider", "(it, at) => { it.value = at; it.dispatchEvent(new Event('input')); }", stop)


def matrix(page: Any) -> list[tuple[str, str, str]]:
    """Each cell: amount, share of its row, share of its column."""
    read = "all => all.map(x => ['count', 'row', 'column'].map(part => x.querySelector('.' + part).textContent))"
    return [tuple(cell) for cell in page.eval_on_selector_all("[id^=cell-]", read)]


def text(page: Any, *ids: str) -> str:
    """What stands in an element, or in several."""
    return " ".join(page.text_content(f"#{one}") for one in ids)


def dots(page: Any) -> dict[str, list[float]]:
    """Where the operating point stands on each chart that is drawn: its place in the picture."""
    return {
        str(name): place
        for name, place in page.evaluate(
            """() => [...document.querySelectorAll('#explore .chart')].map(chart => {
              const marks = [...chart.querySelectorAll('.role-mark.mark-symbol path, .role-mark.mark-rule line')];
              const box = marks.at(-1)?.getBoundingClientRect();
              return [chart.id, box ? [box.x, box.y] : null];
            })"""
        )
    }
