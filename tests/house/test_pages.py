"""What a page says is what the library says: its catalogue, its errors and the output of its first command.

`<!-- raises -->` is followed by a python block and by a text block, which is the error that it raises;
`<!-- catalogue: KIND -->` by the table of the metrics of that kind; `<!-- output: report -->` by what the first command
of the README prints. `pytest --update` writes all of them anew.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import unconfused as uc
from unconfused.errors import UnconfusedError
from unconfused.metrics import CATALOGUE, Metric

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 96
RAISES = re.compile(r"(<!-- raises -->\n\n```python\n(?P<code>.*?)```\n\n```text\n)(?P<text>.*?)(?=```\n)", re.DOTALL)
TABLE = re.compile(r"(<!-- catalogue: (?P<kind>[\w ]+) -->\n\n)(?P<text>(?:\|[^\n]*\n)*)")
OUTPUT = re.compile(r"(<!-- output: report -->\n\n```text\n)(?P<text>.*?)(?=```\n)", re.DOTALL)

KINDS: dict[str, Callable[[Metric], bool]] = {
    "of a class": lambda m: m.of == "counts" and m.per_class,
    "of the whole matrix": lambda m: m.of == "counts" and not m.per_class,
    "of scores": lambda m: m.of in ("scores", "moments"),
    "of ranks": lambda m: m.of == "ranks",
}


def same(page: Path, pattern: re.Pattern[str], tell: Callable[[re.Match[str]], str], update: bool) -> None:
    """What stands behind every mark of a page is what ``tell`` says."""
    text = page.read_text(encoding="utf-8")
    assert pattern.search(text), f"{page.name} has no such mark"
    if update:
        text = pattern.sub(lambda found: found[1] + tell(found), text)
        page.write_text(text, encoding="utf-8")
    for found in pattern.finditer(text):
        assert found["text"] == tell(found)


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update"))


# ── errors ────────────────────────────────────────────────────────────────────────────────────────
def raised(code: str) -> str:
    """The error that a block raises, folded like a paragraph."""
    names = {"uc": uc, "np": np}
    if "pd." in code:
        names["pd"] = pytest.importorskip("pandas")
    try:
        exec(code, names)  # what stands on a page of this project
    except UnconfusedError as error:
        told = f"{type(error).__name__}: {error}"
        return "\n".join(textwrap.wrap(told, WIDTH, break_long_words=False, break_on_hyphens=False)) + "\n"
    raise AssertionError(f"this raises nothing:\n{code}")


def test_raised_errors(update: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every error on the page about bad input is what its code raises."""
    page = ROOT / "docs" / "bad-input.md"
    monkeypatch.chdir(ROOT)
    same(page, RAISES, lambda found: raised(found["code"]), update)


# ── metrics ───────────────────────────────────────────────────────────────────────────────────────
def catalogue(kind: str) -> str:
    """A table of the metrics of one kind, in the order in which they are declared."""
    heads = ("name", "what it is", "range", "better", "undefined when", "also called", "source")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for metric in filter(KINDS[kind], CATALOGUE.values()):
        low, high = ("∞" if np.isinf(end) else f"{end:g}" for end in metric.range)
        name = metric.name
        if metric.parameters:
            name += f"({', '.join(given(p.name, p.words, p.default) for p in metric.parameters)})"
        cells = [
            f"`{name}`", metric.formula.strip().replace("``", "`"), f"{low} … {high}", metric.better or "–",
            metric.undefined or "never", ", ".join(metric.also) or "–",
            re.sub(r"([^;]+?)[,:] (https://\S+)", lambda m: f"[{m[1].strip()}]({m[2]})", metric.see) or "–",
        ]  # fmt: skip
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def given(name: str, words: tuple[str, ...], default: object) -> str:
    return "/".join(words) if words else name if default is None else f"{name}={default}"


def test_catalogue(update: bool) -> None:
    """The page of metrics is the catalogue, and every metric stands on it once."""
    assert all(sum(holds(metric) for holds in KINDS.values()) == 1 for metric in CATALOGUE.values())
    page = ROOT / "docs" / "metrics.md"
    same(page, TABLE, lambda found: catalogue(found["kind"]), update)
    assert {found["kind"] for found in TABLE.finditer(page.read_text(encoding="utf-8"))} == set(KINDS)


# ── the first command ─────────────────────────────────────────────────────────────────────────────
def test_first_output(update: bool) -> None:
    """The README shows what its first command prints."""
    for library in ("duckdb", "narwhals", "cyclopts", "rich"):
        pytest.importorskip(library)
    page = ROOT / "README.md"
    command = re.search(r"&& unconfused ([^\n]+)", page.read_text(encoding="utf-8"))
    assert command
    done = subprocess.run(
        [sys.executable, "-m", "unconfused", *shlex.split(command[1]), "--format", "text"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUTF8": "1", "COLUMNS": "80"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    same(page, OUTPUT, lambda _: done.stdout, update)
