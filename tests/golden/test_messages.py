"""What is said about each mistake that people make most, as it reads at 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest
from oracles.test_pitfalls import MADE, PAGE, ROW, told

WIDTH = 80


@pytest.mark.filterwarnings("ignore")
def test_messages(golden: Callable[[str, str], None]) -> None:
    """Code, level and message of every reproduction, under the number and the name of its pitfall."""
    for library in ("torch", "pandas"):
        pytest.importorskip(library)
    names = {int(found[1]): found[2].strip() for found in ROW.finditer(PAGE.read_text(encoding="utf-8"))}
    lines = []
    for pitfall in MADE:
        lines += ["", *textwrap.wrap(f"{pitfall.number}. {names[pitfall.number]}", WIDTH)]
        said = next((level, message) for code, level, message in told(pitfall.make) if code == pitfall.code)
        text = f"{said[0]} {pitfall.code}: {said[1]}"
        lines += textwrap.wrap(text, WIDTH, initial_indent="   ", subsequent_indent="   ", break_on_hyphens=False)
    assert max(map(len, lines)) <= WIDTH
    golden("text/messages.txt", "\n".join(lines[1:]) + "\n")
