"""The list of mutants speaks of the code as it is."""

from __future__ import annotations

import pytest
from mutants import MUTANTS, ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.file} {mutant.old}")
def test_mutants_can_be_made(mutant: Mutant) -> None:
    """The line that is changed stands in the file, once, and the tests that should notice are there."""
    text = (ROOT / "src" / "unconfused" / mutant.file).read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1
    assert mutant.old != mutant.new
    file, _, names = mutant.tests.partition("::")
    told = (ROOT / file).read_text(encoding="utf-8")
    assert any(names in line for line in told.splitlines() if line.startswith("def test_"))
