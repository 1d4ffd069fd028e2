"""A table in parts: however it is cut, the bytes of its replies add up to the tally of all rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from border.elsewhere import (
    CALLS,
    COUNTED,
    HOSTILE,
    MODELS,
    PLAIN,
    PRICED,
    QUANTILES,
    REFINED,
    REFUSED,
    Columns,
    array,
    by_arrays,
    counts,
    models_by_arrays,
    priced_by_arrays,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from laws.strategies import alike

from unconfused.asked import asked_of
from unconfused.edges import edges_apart
from unconfused.errors import InvalidWeights, MergeRefused, UnconfusedError, UsageError
from unconfused.ingest.quantiles import quantiles
from unconfused.ingest.rows import Reading
from unconfused.parts import Counting, Names, Reply, Run, merged, tally_parts
from unconfused.tally.tallies import Tallies

KEYS = ("y_true", "y_pred", "y_score", "sample_weight", "count", "unit")
GONE = "no column"


@dataclass
class Cut:
    """A table in parts, each of which is read two pieces at a time; only bytes leave it."""

    data: Columns
    places: list[int]

    def __call__(self, names: Names, work: Counting) -> Reply:
        """The sum of the replies."""
        (content,) = self.everywhere(names, work.reply, merged)
        return Reply.from_bytes(content)

    def everywhere(self, names: Names, work: Callable[..., bytes], merge: Callable[..., bytes]) -> list[bytes]:
        """Any work with each part."""
        n = len(self.data["y"])
        ends = [0, *sorted(x % (n + 1) for x in self.places), n]

        def pieces(start: int, end: int) -> Iterator[Mapping[str, Any]]:
            for a, b in ((start, (start + end) // 2), ((start + end) // 2, end)):
                yield {role: taken(name, a, b) for role, name in names.items() if name is not None}

        def taken(name: Any, a: int, b: int) -> Any:
            if isinstance(name, list):
                return np.stack([array(self.data[x])[a:b] for x in name], 1)
            return array(self.data[name])[a:b]

        return [merge(work(pieces(a, b)) for a, b in itertools.pairwise(ends))]


def kept(run: Run, **how: Any) -> tuple[Any, ...]:
    """What evaluate_frame makes of a table in parts."""
    names = {k: how.pop(k) for k in KEYS if k in how}
    asked, columns = asked_of(names, *(how.pop(x, None) for x in ("by", "edges", "threshold", "row_cost")))
    how.setdefault("grid", "folded")
    return tally_parts(run, columns, Reading(**how), asked)


def tallied(run: Run, **how: Any) -> Tallies:
    """The same of one model."""
    (made,) = kept(run, **how)
    assert isinstance(made, Tallies)
    return made


CUTS = st.lists(st.integers(0, 10**6), max_size=4)


@pytest.mark.parametrize("name", CALLS)
@given(places=CUTS)
@settings(max_examples=5)
def test_any_cut(name: str, places: list[int]) -> None:
    """Equal to the bit; sums of losses to 1e-12."""
    assert alike(tallied(Cut(PLAIN, places), **CALLS[name]), by_arrays(PLAIN, **CALLS[name]).tallies)


@pytest.mark.parametrize("name", [x for x in COUNTED if "slices" not in x])
@given(places=CUTS)
@settings(max_examples=5)
def test_any_cut_of_hostile_rows(name: str, places: list[int]) -> None:
    """In the same seats, for the same reasons."""
    how = COUNTED[name] | {"invalid": "count"}
    assert alike(tallied(Cut(HOSTILE, places), **how), by_arrays(HOSTILE, **how).tallies)


@pytest.mark.parametrize("name", [x for x in REFUSED if x != GONE])
@given(places=CUTS)
@settings(max_examples=5)
def test_any_cut_is_refused(name: str, places: list[int]) -> None:
    """With the same numbers, where they are not those of one part."""
    with pytest.raises(UnconfusedError) as wanted:
        by_arrays(HOSTILE, **REFUSED[name])
    with pytest.raises(UnconfusedError) as made:
        tallied(Cut(HOSTILE, places), **REFUSED[name])
    assert type(made.value) is type(wanted.value)
    if name != "text as scores":
        assert counts(made.value) == counts(wanted.value)


@pytest.mark.parametrize("name", MODELS)
@given(places=CUTS)
@settings(max_examples=5)
def test_any_cut_of_several_models(name: str, places: list[int]) -> None:
    """Each of them, and what they made of every row together."""
    *alone, joint = kept(Cut(PLAIN, places), **MODELS[name])
    *wanted, together = models_by_arrays(name)
    assert all(alike(x, y) for x, y in zip(alone, wanted, strict=True))
    assert joint == together


@given(places=CUTS)
@settings(max_examples=5)
def test_any_cut_of_rows_with_costs(places: list[int]) -> None:
    """Rows to the bit, sums to 1e-12."""
    assert alike(tallied(Cut(PLAIN, places), **PRICED), priced_by_arrays().tallies)


@pytest.mark.parametrize("name", REFINED)
@given(places=CUTS)
@settings(max_examples=5)
def test_any_cut_has_the_same_second_look(name: str, places: list[int]) -> None:
    """Each part finds its rows in the open bins of all parts."""
    how = {"grid": "folded(2)", "refine": True} | REFINED[name]
    models = how["y_score"] if isinstance(how["y_score"], dict) else {"": how["y_score"]}
    made = kept(Cut(PLAIN, places), **how)
    if "row_cost" in how:
        how["row_cost"] = {"fp": 5, "fn": array(PLAIN["amount"])}
    for one, column in zip(made, models.values(), strict=False):
        assert alike(one, by_arrays(PLAIN, **how | {"y_score": column}).tallies)


def test_a_table_that_changes_before_the_second_look() -> None:
    """Is an error with the bins that changed, whichever part they lie in."""
    for later in ([*PLAIN["p"][1:], 0.5], [*PLAIN["p"][:-1], 0.9999]):
        turns = iter([PLAIN, {**PLAIN, "p": later}])

        def changed(*work: Any, turns: Iterator[Columns] = turns) -> Any:
            return Cut(next(turns), [100])(*work)

        with pytest.raises(UsageError, match=r"hold other rows at the second look.* rows"):
            tallied(changed, y_true="y", y_score="p", grid="folded(2)", pins=(), refine=True)


@given(places=CUTS, parts=st.integers(2, 40), name=st.sampled_from([*QUANTILES]))
@settings(max_examples=30)
def test_any_cut_has_the_same_quantiles(places: list[int], parts: int, name: str) -> None:
    """Two looks at parts find the values that sorting all rows finds."""
    x = array(PLAIN[name]).astype(float)
    found = edges_apart(Cut(PLAIN, places).everywhere, {f"cut:{name}": (name, parts)})
    assert found == {name: quantiles(x[~np.isnan(x)], parts, name)}


def test_a_table_that_changes_between_two_looks() -> None:
    """Is no table that has quantiles."""
    for later in ([x + 1 for x in PLAIN["age"]], [None] * len(PLAIN["age"])):
        turns = iter([PLAIN, {**PLAIN, "age": later}])

        def changed(*work: Any, turns: Iterator[Columns] = turns) -> list[bytes]:
            return Cut(next(turns), [100]).everywhere(*work)

        with pytest.raises(UsageError, match=r"'age' held other values when it was read again.*\.cache"):
            edges_apart(changed, {"cut:age": ("age", 4)})


def test_parts_that_do_not_fit() -> None:
    """What a part refuses keeps its sentences; parts that no sum unites are refused as such."""
    with pytest.raises(InvalidWeights, match=r"^1 of 2 parts of the table cannot be counted; the first: .*negative"):
        tallied(Cut(HOSTILE, [15]), y_true="y", y_score="edge", sample_weight="w")
    mixed: Columns = {"y": [1, 0, 1, 0], "c": [1, 0, 1, 1]}
    texts: Columns = {"y": [1, 0], "c": ["1", "0"]}
    run, other = Cut(mixed, []), Cut(texts, [])

    def both(names: Names, work: Counting) -> Reply:
        return run(names, work) + other(names, work)

    with pytest.raises(MergeRefused, match=r"2 of 2 parts .*text, the other with numbers"):
        tallied(both, y_true="c", y_pred="c")


def test_no_rows() -> None:
    """Parts without rows make no evaluation."""
    with pytest.raises(UnconfusedError, match="no rows"):
        tallied(lambda names, work: Reply(), y_true="y", y_pred="y")
