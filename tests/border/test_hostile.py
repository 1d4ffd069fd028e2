"""One hostile table through every source: refused with the same counts, and counted alike on request."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("duckdb")
pytest.importorskip("narwhals")

from border.hostile import CLASSES, SOURCES, TABLE, Source

import unconfused as uc
from unconfused.errors import UnconfusedError
from unconfused.ingest import frames

PASSES: dict[str, dict[str, Any]] = {
    "odd scores": {"y_true": "y", "y_score": "odd"},
    "odd scores, raw": {"y_true": "y", "y_score": "odd", "score_kind": "raw"},
    "odd scores, exact": {"y_true": "y", "y_score": "odd", "grid": "exact"},
    "float32": {"y_true": "y", "y_score": "single", "score_kind": "logit"},
    "decimals": {"y_true": "y", "y_score": "money", "pins": [0.07]},
    "booleans": {"y_true": "flag", "y_score": "p", "pos_label": True},
    "null labels": {"y_true": "gap", "y_score": "p"},
    "text": {"y_true": "label", "y_pred": "guess"},
    "text, declared": {"y_true": "label", "y_pred": "guess", "labels": CLASSES},
    "text, declared, other": {"y_true": "label", "y_pred": "guess", "labels": CLASSES, "unknown": "other"},
    "text, declared, dropped": {"y_true": "label", "y_pred": "guess", "labels": CLASSES, "unknown": "drop"},
    "one class": {"y_true": "one", "y_score": "p"},
    "one class, declared": {"y_true": "one", "y_score": "p", "labels": [0, 1]},
    "slices": {"y_true": "y", "y_score": "odd", "by": ["part", ("part", "gap")]},
    "slices, cut": {"y_true": "y", "y_score": "p", "by": ["odd"], "edges": {"odd": [0, 0.5]}},
    "units": {"y_true": "y", "y_score": "p", "unit": "one"},
}


def expected(how: dict[str, Any], source: Source) -> dict[str, Any]:
    """The columns as the arrays that they are meant to be, and the same pass over them."""
    asked = {"grid": "folded" if how.get("score_kind", "probability") == "probability" else "floatbits"} | how
    given = {role: column(asked.pop(role), source) for role in ("y_true", "y_pred", "y_score", "unit") if role in asked}
    if by := asked.pop("by", None):
        parts = {name: column(name, source) for x in by for name in ([x] if isinstance(x, str) else x)}
        asked["by"] = {x: parts[x] if isinstance(x, str) else tuple(parts[name] for name in x) for x in by}
    return asked | given


def column(name: str, source: Source) -> Any:
    """One column as an array."""
    values = TABLE[name]
    if name in ("label", "guess", "part", "gap"):
        return np.array(values, object)
    if name in ("odd", "single", "money"):
        made = np.array([np.nan if x is None else float(x) for x in values])
        gone = np.array([x is None for x in values]) if source.nan else np.isnan(made)
        return np.ma.MaskedArray(made, gone)
    return np.array(values)


def outcome(call: Any) -> tuple[Any, ...]:
    """What came of it: tallies with what was left out, or the error and every number in it."""
    try:
        ev = call()
    except UnconfusedError as error:
        told = re.sub(r"null or NaN|null, NaN or infinite", "", error.seen)
        return type(error), re.findall(r"\d[\d,.]*", told)
    return ev.tallies, ev.tallies.evidence.left_out


@pytest.mark.parametrize("size", [90, 1 << 20], ids=["pieces", "whole"])
@pytest.mark.parametrize("name", SOURCES)
def test_every_source(name: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused with the numbers that arrays are refused with; counted, to the bit, as arrays are."""
    monkeypatch.setattr(frames, "PIECE", size)
    source = SOURCES[name]
    for what, how in PASSES.items():
        if size > 90 and what not in ("odd scores", "float32", "decimals", "text, declared"):
            continue  # all rows at once are what the frames' own tests read
        if not source.kinds and what == "booleans":
            continue  # text files have no truth values: a test of its own
        for invalid in ("error", "count"):
            asked = expected({**how, "invalid": invalid}, source)
            truth = asked.pop("y_true")
            wanted = outcome(lambda truth=truth, asked=asked: uc.evaluate(truth, **asked))
            folder = tmp_path / f"{list(PASSES).index(what)}{invalid}"
            folder.mkdir()
            table = source.make(folder)
            found = outcome(lambda table=table, how=how, kind=invalid: uc.evaluate_frame(table, **how, invalid=kind))
            assert found == wanted, (what, invalid)


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
