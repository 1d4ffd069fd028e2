"""One hostile table through every source: refused with the same counts, and counted alike on request."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("duckdb")
pytest.importorskip("narwhals")

from border.hostile import PASSES, SOURCES, TABLE, check_source

import unconfused as uc
from unconfused.errors import UnconfusedError
from unconfused.ingest import frames


@pytest.mark.parametrize("size", [90, 1 << 20], ids=["pieces", "whole"])
@pytest.mark.parametrize("name", SOURCES)
def test_every_source(name: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused with the numbers that arrays are refused with; counted, to the bit, as arrays are."""
    monkeypatch.setattr(frames, "PIECE", size)
    source = SOURCES[name]
    for what in PASSES:
        if size > 90 and what not in ("odd scores", "float32", "decimals", "text, declared"):
            continue  # all rows at once are what the frames' own tests read
        check_source(source, what, tmp_path)


def test_text_files_have_no_truth_values(tmp_path: Path) -> None:
    """They are the texts True and False, and say so in the labels."""
    for name in ("csv", "jsonl"):
        ev = uc.evaluate_frame(SOURCES[name].make(tmp_path), y_true="flag", y_pred="flag")
        assert {str(x).lower() for x in ev.labels.values} == {"true", "false"}


def test_the_hostile_table_is_hostile() -> None:
    """It is refused where it should be, with the counts that can be read off it."""
    with pytest.raises(UnconfusedError, match=r"56 null or NaN values \(of 252"):
        uc.evaluate(TABLE["y"], y_score=[np.nan if x is None else x for x in TABLE["odd"]])
    counted = uc.evaluate(TABLE["y"], y_score=[np.nan if x is None else x for x in TABLE["odd"]], invalid="count")
    assert int(counted.scores.full[0].sum()) == 140
