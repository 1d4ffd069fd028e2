"""A short run of the fuzzing that `benchmarks/fuzz.py` does for ten minutes, and what that has found."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")

from border.fuzzed import CRASHES, example, outcome, seeds


@pytest.mark.parametrize("start", range(0, 240, 40))
def test_changed_files(start: int, tmp_path: Path) -> None:
    """Read, or refused with an error of ours."""
    for seed in range(start, start + 40):
        outcome(tmp_path, *example(seed))


def test_what_was_found(tmp_path: Path) -> None:
    """Every file that once broke a reader."""
    for name, content in CRASHES.items():
        outcome(tmp_path, name.partition(" ")[0], content)


def test_unchanged_files_are_read(tmp_path: Path) -> None:
    """Else the others would be refused for the wrong reason."""
    for name, content in seeds():
        assert outcome(tmp_path, name, content) == "read", name
