"""A table in parts: however it is cut, the bytes of its replies add up to the tally of all rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from border.elsewhere import CALLS, COUNTED, HOSTILE, PLAIN, REFUSED, Columns, array, by_arrays, counts
from hypothesis import given, settings
from hypothesis import strategies as st
from laws.strategies import alike

from unconfused.errors import InvalidWeights, MergeRefused, UnconfusedError
from unconfused.ingest.rows import Reading
from unconfused.ingest.slices import by_names
from unconfused.parts import Counting, Names, Reply, Run, merged, tally_parts
from unconfused.tally.tallies import Tallies

KEYS = ("y_true", "y_pred", "y_score", "sample_weight", "count", "unit")
GONE = "no column"


def cut(data: Columns, places: list[int]) -> Run:
    """Counts each part by itself, two pieces at a time, and sends bytes."""
    n = len(data["y"])
    ends = [0, *sorted(x % (n + 1) for x in places), n]

    def run(names: Names, work: Counting) -> Reply:
        def pieces(start: int, end: int) -> Iterator[Mapping[str, Any]]:
            for a, b in ((start, (start + end) // 2), ((start + end) // 2, end)):
                yield {role: taken(name, a, b) for role, name in names.items() if name is not None}

        def taken(name: Any, a: int, b: int) -> Any:
            if isinstance(name, list):
                return np.stack([array(data[x])[a:b] for x in name], 1)
            return array(data[name])[a:b]

        parts = itertools.pairwise(ends)
        return Reply.from_bytes(merged(work.reply(pieces(a, b)) for a, b in parts))

    return run


def tallied(run: Run, **how: Any) -> Tallies:
    """What evaluate_frame makes of a table in parts."""
    names = {k: how.pop(k) for k in KEYS if k in how}
    by, edges = by_names(how.pop("by")) if "by" in how else [], how.pop("edges", None)
    names |= {f"by:{x}": x for group in by for x in group}
    how.setdefault("grid", "folded")
    return tally_parts(run, names, Reading(**how), by, edges)


CUTS = st.lists(st.integers(0, 10**6), max_size=4)


@pytest.mark.parametrize("name", CALLS)
@given(places=CUTS)
@settings(max_examples=5)
def test_any_cut(name: str, places: list[int]) -> None:
    """Equal to the bit; sums of losses to 1e-12."""
    assert alike(tallied(cut(PLAIN, places), **CALLS[name]), by_arrays(PLAIN, **CALLS[name]).tallies)


@pytest.mark.parametrize("name", [x for x in COUNTED if "slices" not in x])
@given(places=CUTS)
@settings(max_examples=5)
def test_any_cut_of_hostile_rows(name: str, places: list[int]) -> None:
    """In the same seats, for the same reasons."""
    how = COUNTED[name] | {"invalid": "count"}
    assert alike(tallied(cut(HOSTILE, places), **how), by_arrays(HOSTILE, **how).tallies)


@pytest.mark.parametrize("name", [x for x in REFUSED if x != GONE])
@given(places=CUTS)
@settings(max_examples=5)
def test_any_cut_is_refused(name: str, places: list[int]) -> None:
    """With the same numbers, where they are not those of one part."""
    with pytest.raises(UnconfusedError) as wanted:
        by_arrays(HOSTILE, **REFUSED[name])
    with pytest.raises(UnconfusedError) as made:
        tallied(cut(HOSTILE, places), **REFUSED[name])
    assert type(made.value) is type(wanted.value)
    if name != "text as scores":
        assert counts(made.value) == counts(wanted.value)


def test_parts_that_do_not_fit() -> None:
    """What a part refuses keeps its sentences; parts that no sum unites are refused as such."""
    with pytest.raises(InvalidWeights, match=r"^1 of 2 parts of the table cannot be counted; the first: .*negative"):
        tallied(cut(HOSTILE, [15]), y_true="y", y_score="edge", sample_weight="w")
    mixed: Columns = {"y": [1, 0, 1, 0], "c": [1, 0, 1, 1]}
    texts: Columns = {"y": [1, 0], "c": ["1", "0"]}
    run, other = cut(mixed, []), cut(texts, [])

    def both(names: Names, work: Counting) -> Reply:
        return run(names, work) + other(names, work)

    with pytest.raises(MergeRefused, match=r"2 of 2 parts .*text, the other with numbers"):
        tallied(both, y_true="c", y_pred="c")


def test_no_rows() -> None:
    """Parts without rows make no evaluation."""
    with pytest.raises(UnconfusedError, match="no rows"):
        tallied(lambda names, work: Reply(), y_true="y", y_pred="y")
