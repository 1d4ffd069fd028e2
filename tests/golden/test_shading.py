"""Bars and colours on a terminal: the same letters as without them, and nothing where none are wanted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden.test_text import EVALUATIONS, MATRICES, binary, hostile

import unconfused as uc
from unconfused.show.colour import contrast
from unconfused.show.shading import SURE, UNSURE, Shaded, bar, cell, plainly, rich_text, shaded

pytest.importorskip("rich")
SHOWN = {**{f"matrix {name}": x for name, x in MATRICES.items()}, **EVALUATIONS}


def further() -> list[Any]:
    """Other results that print tables."""
    i = np.arange(240)
    truth, score = i % 2, (i * 37 % 101 + 40 * (i % 2)) / 141
    ev = uc.evaluate(truth, y_score=score, by={"third": i // 80})
    made = uc.compare(truth, y_score={"old": score, "new": (score + truth) / 2}, threshold=0.5)
    rates = hostile().normalize("true")
    return [ev.by["third"].compare(threshold=0.5), ev.choose(cost={"fp": 1, "fn": 5}), made, rates, ev.report()]


def spans(text: Any) -> list[tuple[str, str]]:
    """What is shaded, and how."""
    return [(text.plain[span.start : span.end], str(span.style)) for span in text.spans]


@pytest.mark.parametrize("name", SHOWN)
def test_same_letters(name: str) -> None:
    """Shaded text says what plain text says, at the same places; plain text holds no mark."""
    x = SHOWN[name]()
    for one in (x, x.report()):
        text = str(one).rstrip()
        assert "\x0e" not in text
        assert plainly(shaded(one)) == plainly(Shaded(text)) == text
        assert "\n".join(line.rstrip() for line in rich_text(one).plain.split("\n")) == text


def test_further() -> None:
    """So do decisions, comparisons, slices and shares, and each of them has shades."""
    for one in further():
        assert plainly(shaded(one)) == str(one).rstrip()
        assert one.__rich__().spans


def test_bars() -> None:
    """A bar is deep up to the lower end of the interval, light up to the upper, of a width that is 1."""
    recall, found = binary().estimate("recall"), spans(rich_text(binary()))
    at = next(i for i, (text, style) in enumerate(found) if text.startswith("0.738 ") and style == SURE)
    whole = len(str(recall))  # 0.738 [0.62, 0.83], one of the longest
    assert len(found[at][0]) == round(recall.low * whole)
    assert found[at + 1][1] == UNSURE
    assert len(found[at][0] + found[at + 1][0]) == round(recall.high * whole)


def test_no_bars() -> None:
    """What is no share has no bar, nor has what is undefined; nothing has one in plain text."""
    found = spans(rich_text(binary().report()))
    report = binary().report()
    first = {text.split(" ")[0] for text, style in found if style == SURE}
    assert f"{report.overall['balanced_accuracy'].value:.3f}" in first
    assert f"{report.overall['mcc'].value:.3f}" not in first
    never = rich_text(MATRICES["never-called"]().report())
    assert "undefined" in never.plain
    assert not [text for text, style in spans(never) if style == SURE and "undefined" in text]
    assert (bar("recall", binary().estimate("recall")), cell(0.5)) == (None, None)


def test_cells() -> None:
    """A cell of the matrix is the bluer, the larger its share of the row; a small one has no ground."""
    grounds = {
        text.strip(): style.partition(" on ")[2] for text, style in spans(rich_text(binary())) if " on " in style
    }
    blueness = {text: int(style[5:7], 16) - int(style[1:3], 16) for text, style in grounds.items()}
    assert blueness["76"] > blueness["48"] > blueness["17"] > blueness["9"] > 0
    few = uc.ConfusionMatrix.from_counts([[99, 4], [0, 50]])
    assert not {"4", "0"} & {text.strip() for text, _ in spans(rich_text(few))}


def test_legible() -> None:
    """Letters read on each of the grounds."""
    styles = {style for x in (binary(), hostile()) for _, style in spans(rich_text(x)) if " on " in style}
    assert len(styles) > 3
    for style in styles:
        a, b = (tuple(int(x[i : i + 2], 16) / 255 for i in (1, 3, 5)) for x in style.split(" on "))
        assert contrast(a, b) >= 4.5  # type: ignore[arg-type]


def test_an_error_leaves_no_shades() -> None:
    """A result that cannot be printed leaves the next one plain."""

    class Broken:
        def __str__(self) -> str:
            raise ValueError("no text")

    with pytest.raises(ValueError, match="no text"):
        shaded(Broken())
    assert "\x0e" not in str(binary())


# ── real terminals ────────────────────────────────────────────────────────────────────────────────
ROOT = Path(__file__).resolve().parents[2]
COMMAND = [
    "report", str(ROOT / "examples" / "data" / "breast-cancer.csv"), "--y-true", "diagnosis", "--y-score",
    "malignant_score", "--pos-label", "malignant", "--threshold", "0.5",
]  # fmt: skip


def on_terminal(**given: str) -> str:
    """What the command line writes to a terminal of that kind."""
    pty = pytest.importorskip("pty")
    kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLORTERM", "FORCE_COLOR")}
    master, slave = pty.openpty()  # not pty.fork: libraries with threads warn at a fork
    child = subprocess.Popen(
        [sys.executable, "-m", "unconfused", *COMMAND], stdin=slave, stdout=slave, stderr=slave, env={**kept, **given}
    )
    os.close(slave)
    written = b""
    while True:
        try:
            piece = os.read(master, 1 << 16)
        except OSError:  # the other side has closed
            break
        if not piece:
            break
        written += piece
    os.close(master)
    assert child.wait(60) == 0, written
    return written.decode().replace("\r\n", "\n")


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are of Unix")
def test_terminals() -> None:
    """Colours where the terminal has them, at any width; plain on a dumb one and under NO_COLOR; the same letters."""
    pytest.importorskip("cyclopts")
    pytest.importorskip("duckdb")
    plain = on_terminal(TERM="dumb", COLUMNS="80")
    assert "\x1b" not in plain
    assert on_terminal(TERM="xterm-256color", NO_COLOR="1", COLUMNS="80") == plain
    for term, columns in (("xterm-256color", "80"), ("xterm", "60"), ("linux", "120")):
        text = on_terminal(TERM=term, COLUMNS=columns)
        bare = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert bare != text
        assert "\n".join(line.rstrip() for line in bare.split("\n")) == plain
