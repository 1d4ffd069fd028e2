"""docs/pitfalls.md: each of its 48 rows has a test, and claims no other level than the catalogue has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from unconfused.findings.catalogue import entries

ROOT = Path(__file__).resolve().parents[2]
ROWS = {
    int(found[1]): found[3]
    for found in re.finditer(
        r"^\| (\d+) \| ([^|]+)\| ([^|]+)\|", (ROOT / "docs" / "pitfalls.md").read_text(encoding="utf-8"), re.MULTILINE
    )
}
NOWHERE = {number for number, text in ROWS.items() if text.startswith("cannot be caught")}


def numbers_tested() -> set[int]:
    """The numbers that stand in the name of a test, or in the list of mistakes that are made one by one."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "oracles").glob("test_p*.py")]
    found = [
        number for text in texts for number in re.findall(r"^def test_(\d+)_|^    Pitfall\((\d+),", text, re.MULTILINE)
    ]
    return {int(name or made) for name, made in found}


def test_every_row_has_a_test_but_for_what_nothing_can_catch() -> None:
    assert list(ROWS) == list(range(1, 49))
    assert {43, 45} == NOWHERE
    assert set(ROWS) - NOWHERE == numbers_tested()


@pytest.mark.parametrize("number", sorted(ROWS))
def test_levels_are_those_of_the_catalogue(number: int) -> None:
    """Before each code of a row stands its level: "error CM-A", "warnings CM-B and CM-C"."""
    level = None
    for word, code in re.findall(r"\b(error|warning|note)s?\b|(CM-[A-Z0-9-]+)", ROWS[number]):
        level = word or level
        if code:
            assert level == entries()[code].level, f"{code} is no {level}"
