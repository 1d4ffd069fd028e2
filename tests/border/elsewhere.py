"""The rows that engines elsewhere are held to: what they must count, and what they must refuse, as arrays do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from laws.strategies import alike

import unconfused as uc
from unconfused.errors import InvalidValues, UnconfusedError, UsageError

RNG = np.random.default_rng(12)
N = 400
ODD = 'the "label", l`a.b\' é'
"""A name that means something to every engine but what it names."""
Columns = dict[str, list[Any]]


def drawn(*values: Any) -> list[Any]:
    return [values[i] for i in RNG.integers(len(values), size=N)]


PLAIN: Columns = {
    "y": RNG.integers(2, size=N).tolist(),
    "p": RNG.random(N).round(3).tolist(),
    "a": [0.5] * N,
    ODD: drawn("no", "yes, é", " x ", "e\u0301", "\u00e9"),
    "guess": drawn("no", "yes, é", " x ", "e\u0301", "No"),
    "sure": drawn(True, False),
    "w": RNG.random(N).tolist(),
    "n": RNG.integers(0, 4, size=N).tolist(),
    "country": drawn("DE", "US", None, "de"),
    "zone": drawn(1, 2, 3, None),
    "age": RNG.uniform(1, 90, size=N).round(1).tolist(),
}
PLAIN["b"] = [round(1 - a - p / 4, 6) for a, p in zip(PLAIN["a"], PLAIN["p"], strict=True)]
PLAIN["c"] = [1 - a - b for a, b in zip(PLAIN["a"], PLAIN["b"], strict=True)]
PLAIN["class"] = drawn(0, 1, 2)

EDGE = [0.0, -0.0, 1.0, 0.5, 5e-324, 2.2e-308, 1 - 2**-53, float(np.nextafter(0.5, 0)), 0.1]
BAD = {"nan": np.nan, "null": None, "inf": np.inf, "-inf": -np.inf, "above": 1.5, "below": -1e-9}
HOSTILE: Columns = {
    "y": [1, 0] * 15,
    "p": [*EDGE, *EDGE, *[x for x in BAD.values() for _ in range(2)]],
    "edge": [*EDGE, *EDGE, *EDGE, 0.3, 0.4, 0.6],
    "holes": [*EDGE, *EDGE, None, *EDGE, None, np.nan],
    "far": [*EDGE, *EDGE, 1.5, *EDGE, -3.0, 2.0],
    "text": [None if i % 7 == 3 else ["a", "b ", "ä"][i % 3] for i in range(30)],
    "called": [None if i % 11 == 3 else ["a", "b ", "ä"][i % 2] for i in range(30)],
    "one": ["a"] * 30,
    "sure": [i % 4 == 0 for i in range(30)],
    "w": [1.0] * 29 + [-1.0],
}

Made = Callable[[Columns], Any]
"""What makes a table of columns: of several parts, one of them empty."""


def array(values: list[Any]) -> Any:
    """A column as the arrays' road takes it: floats with NaN for null, or objects."""
    if any(isinstance(x, float) for x in values):
        return np.array([np.nan if x is None else x for x in values], float)
    return np.array(values, object if None in values or isinstance(values[0], str) else None)


def by_arrays(data: Columns, **given: Any) -> Any:
    """The same evaluation of the columns themselves, on the grid of tables."""
    names = ("y_true", "y_pred", "y_score", "sample_weight", "count", "unit")
    columns = {k: given.pop(k) for k in names if k in given}
    rows = {
        k: np.stack([array(data[x]) for x in v], 1) if isinstance(v, list) else array(data[v])
        for k, v in columns.items()
    }
    if "by" in given:
        cut = lambda x: array(data[x])  # noqa: E731
        given["by"] = {x: tuple(map(cut, x)) if isinstance(x, tuple) else cut(x) for x in given["by"]}
    if "y_score" in columns:
        given.setdefault("grid", "folded")
    return uc.evaluate(rows.pop("y_true"), **rows, **given)


CALLS: Mapping[str, dict[str, Any]] = {
    "scores": {"y_true": "y", "y_score": "p"},
    "scores in slices": {
        "y_true": "y", "y_score": "p", "by": ["country", ("country", "zone"), "age"], "edges": {"age": [20, 40]},
    },
    "exact scores, counted": {"y_true": "sure", "y_score": "p", "count": "n", "grid": "exact"},
    "classes": {"y_true": ODD, "y_pred": "guess"},
    "classes in slices": {"y_true": ODD, "y_pred": "guess", "by": ["country", "zone"]},
    "several scores": {"y_true": "class", "y_score": ["a", "b", "c"]},
    "both": {"y_true": "y", "y_pred": "sure", "y_score": "p", "labels": {0: "no", 1: "yes"}},
    "units": {"y_true": "y", "y_score": "p", "unit": "zone1"},
    "raw, another grid": {"y_true": "y", "y_score": "age", "score_kind": "raw", "grid": "floatbits"},
    "text with a positive class": {"y_true": "side", "y_score": "p", "pos_label": "up"},
    "ignored": {"y_true": "class", "y_pred": "y", "ignore": 2},
}  # fmt: skip
PLAIN["zone1"] = [1 if x is None else x for x in PLAIN["zone"]]
PLAIN["side"] = ["down"] * (N // 2) + ["up"] * (N // 2)


def check_call(table: Any, name: str) -> None:
    """Equal to the bit."""
    how = CALLS[name]
    made, wanted = uc.evaluate_frame(table, **how), by_arrays(PLAIN, **how)
    assert alike(made.tallies, wanted.tallies)  # to the bit; sums of losses to 1e-12
    assert made.total == wanted.total


def check_weights(table: Any) -> None:
    """Rows to the bit, sums of weights to 1e-12."""
    for how in ({"y_score": "p", "y_true": "y"}, {"y_pred": "guess", "y_true": ODD}):
        made = uc.evaluate_frame(table, **how, sample_weight="w")
        assert alike(made.tallies, by_arrays(PLAIN, **how, sample_weight="w").tallies)


REFUSED: Mapping[str, dict[str, Any]] = {
    "scores": {"y_true": "y", "y_score": "p"},
    "null scores": {"y_true": "y", "y_score": "holes"},
    "scores out of range": {"y_true": "y", "y_score": "far"},
    "null labels": {"y_true": "text", "y_score": "edge", "labels": ["a", "b "]},
    "null classes": {"y_true": "text", "y_pred": "called"},
    "unknown": {"y_true": "one", "y_pred": "one", "labels": ["b ", "ä"]},
    "unknown beside scores": {"y_true": "one", "y_score": "edge", "labels": ["b ", "ä"]},
    "unknown beside a positive class": {
        "y_true": "one",
        "y_score": "edge",
        "labels": {"b ": "bee", "ä": "umlaut"},
        "pos_label": "umlaut",
    },
    "unknown calls": {"y_true": "text", "y_pred": "called", "labels": ["a", "b "], "ignore": "ä"},
    "one class": {"y_true": "one", "y_score": "edge"},
    "a class that never occurs": {"y_true": "one", "y_score": "edge", "labels": ["a", "b"], "pos_label": "c"},
    "text as scores": {"y_true": "y", "y_score": "text"},
    "no column": {"y_true": "y", "y_score": "P"},
}
COUNTED: Mapping[str, dict[str, Any]] = {
    "scores": {"y_true": "y", "y_score": "p"},
    "truth values": {"y_true": "sure", "y_score": "p"},
    "classes": {"y_true": "text", "y_pred": "called"},
    "classes and unknown": {"y_true": "text", "y_pred": "called", "labels": ["a", "b "], "unknown": "other"},
    "null labels": {"y_true": "text", "y_score": "p", "labels": ["ä", "a"], "unknown": "other"},
    "dropped": {"y_true": "text", "y_score": "p", "labels": ["ä", "a"], "unknown": "drop"},
    "one class": {"y_true": "one", "y_pred": "one"},
    "slices of nulls": {"y_true": "y", "y_score": "p", "by": ["text"]},
}
SOME_REFUSED = ("scores", "null scores", "null classes", "unknown", "one class", "no column")
SOME_COUNTED = ("scores", "classes and unknown", "null labels", "slices of nulls")
"""For engines that take seconds for a job."""


def counts(error: UnconfusedError) -> str:
    """What an error says was seen, without where in memory it stands or how far it reaches."""
    seen = re.sub(r"^[\d,]+ of \d+ parts of the table cannot be counted; the first: ", "", error.seen)
    return re.sub(r",? (first )?in rows? [\d, and-]+(, the last ones)?|; min .*?(?=\))|has shape \(\d+,\)", "", seen)


def check_refused(table: Any, name: str, *, same_words: bool = True) -> None:
    """The same kind of error with the same numbers."""
    how = REFUSED[name]
    if name == "no column":
        with pytest.raises(UnconfusedError, match=r"no column 'P'\. Did you mean 'p'"):
            uc.evaluate_frame(table, **how)
        return
    with pytest.raises(UnconfusedError) as wanted:
        by_arrays(HOSTILE, **how)
    with pytest.raises(UnconfusedError) as made:
        uc.evaluate_frame(table, **how)
    assert type(made.value) is type(wanted.value), (made.value, wanted.value)
    if same_words and name != "text as scores":
        assert counts(made.value) == counts(wanted.value)


def check_counted(table: Any, name: str) -> None:
    """Identical tallies, nulls and NaN told apart as far as the engine does."""
    how = COUNTED[name] | {"invalid": "count"}
    made, wanted = uc.evaluate_frame(table, **how).tallies, by_arrays(HOSTILE, **how).tallies
    for one, other in ((made.scores, wanted.scores), (made.matrix, wanted.matrix)):
        assert (one is None) == (other is None)
        if other is not None:
            assert one.labels.key() == other.labels.key()
            np.testing.assert_array_equal(one.full, other.full)
            assert one.evidence["null"] + one.evidence["nan"] == other.evidence["null"] + other.evidence["nan"]
            for key in ("minus_inf", "plus_inf", "below", "above", "unknown"):
                assert one.evidence[key] == other.evidence[key]
        if hasattr(other, "lows"):
            for x in ("scores", "lows", "highs", "pins"):
                np.testing.assert_array_equal(getattr(one, x), getattr(other, x))
    assert list(made.slices) == list(wanted.slices)
    for names, slices in wanted.slices.items():
        assert list(made.slices[names].members) == list(slices.members)
        for key, member in slices.members.items():
            np.testing.assert_array_equal(made.slices[names].members[key].scores.full, member.scores.full)


# ── several models, costs, quantiles ──────────────────────────────────────────────────────────
PLAIN["old"] = [round(0.2 + x * 0.6, 2) for x in PLAIN["p"]]
PLAIN["other"] = drawn("no", "yes, é", " x ", "e\u0301", "No")
PLAIN["amount"] = RNG.uniform(0, 9, size=N).round(2).tolist()
PLAIN["few"] = [None if i % 9 == 0 else float(x) for i, x in enumerate(RNG.integers(-3, 4, size=N))]
PLAIN["small"] = (RNG.normal(size=N) * 10.0 ** RNG.integers(-300, 3, size=N)).tolist()
for _name, _share in (("d", 0.25), ("e", 0.5), ("f", 0.25)):
    PLAIN[_name] = [_share] * N
MODELS: Mapping[str, dict[str, Any]] = {
    "scores": {"y_true": "y", "y_score": {"old": "old", "new": "p"}},
    "at thresholds": {
        "y_true": "y", "y_score": {"old": "old", "new": "p"}, "threshold": {"old": 0.5, "new": 0.4}, "by": ["country"],
    },
    "at a threshold, a class to a part": {
        "y_true": "side", "y_score": {"old": "old", "new": "p"}, "threshold": 0.5, "pos_label": "up",
    },
    "text": {"y_true": "side", "y_score": {"old": "old", "new": "p"}, "pos_label": "up", "count": "n"},
    "classes": {"y_true": ODD, "y_pred": {"old": "guess", "new": "other"}, "by": ["zone"]},
    "classes, counted": {"y_true": ODD, "y_pred": {"old": "guess", "new": "other"}, "count": "n"},
    "several scores": {"y_true": "class", "y_score": {"old": ["a", "b", "c"], "new": ["d", "e", "f"]}},
}  # fmt: skip


def models_by_arrays(name: str) -> tuple[Any, ...]:
    """Of each model the tallies of its columns, and the joint table of the comparison."""
    how = dict(MODELS[name])
    threshold, (role, models) = how.pop("threshold", None), next((x, m) for x, m in how.items() if isinstance(m, dict))
    alone = [by_arrays(PLAIN, **{**how, role: column}).tallies for column in models.values()]
    columns = {m: np.stack([array(PLAIN[x]) for x in c], 1) if isinstance(c, list) else array(PLAIN[c])
               for m, c in models.items()}  # fmt: skip
    rest = {x: how[x] for x in ("pos_label",) if x in how} | {x: PLAIN[how[x]] for x in ("count",) if x in how}
    joint = uc.compare(array(PLAIN[how["y_true"]]), **{role: columns}, **rest).tally
    if threshold is not None:
        joint = joint.at(threshold if isinstance(threshold, dict) else dict.fromkeys(models, threshold))
    return (*alone, joint)


def check_models(table: Any, name: str) -> None:
    """To the bit."""
    made, (*alone, joint) = uc.evaluate_frame(table, **MODELS[name]), models_by_arrays(name)
    assert isinstance(made, uc.Models)
    for model, tallies in zip(made, alone, strict=True):
        assert alike(made[model].tallies, tallies)
    assert made.joint == joint
    assert str(made.compare()) == str(uc.compare(joint))


PRICED: Mapping[str, Any] = {"y_true": "y", "y_score": "p", "row_cost": {"fp": 5, "fn": "amount"}, "by": ["zone"]}


def priced_by_arrays() -> Any:
    """With a cost of its own for each row."""
    return by_arrays(PLAIN, **{**PRICED, "row_cost": {"fp": 5, "fn": array(PLAIN["amount"])}})


def check_row_costs(table: Any) -> None:
    """What rows cost by themselves: rows to the bit, sums to 1e-12."""
    made, wanted = uc.evaluate_frame(table, **PRICED), priced_by_arrays()
    assert alike(made.tallies, wanted.tallies)
    assert made.choose(cost="row").threshold == wanted.choose(cost="row").threshold


def check_row_costs_refused(table: Any) -> None:
    """Null labels are told before the costs of their rows are; a cost that is none is told by its part."""
    with pytest.raises(UnconfusedError) as wanted:
        by_arrays(HOSTILE, y_true="text", y_score="edge", labels=["a", "b "], row_cost={"fn": 1})
    with pytest.raises(UnconfusedError) as made:
        uc.evaluate_frame(table, y_true="text", y_score="edge", labels=["a", "b "], row_cost={"fn": 1})
    assert counts(made.value) == counts(wanted.value)
    with pytest.raises(InvalidValues, match=r"row_cost\['fn'\] holds"):
        uc.evaluate_frame(table, y_true="y", y_score="edge", row_cost={"fn": "holes"})


QUANTILES: Mapping[str, Any] = {"age": 4, "few": 3, "small": 7, "n": 2}


IN_QUANTILES: Mapping[str, Any] = {
    "y_true": "y", "y_score": "p", "by": [*QUANTILES, ("age", "country")], "edges": QUANTILES,
}  # fmt: skip


def check_quantiles(table: Any) -> None:
    """Two looks find the edges that all rows in one place give."""
    made, wanted = uc.evaluate_frame(table, **IN_QUANTILES), by_arrays(PLAIN, **IN_QUANTILES)
    assert made.tallies.slices == wanted.tallies.slices
    assert alike(made.tallies, wanted.tallies)


def check_quantiles_refused(table: Any) -> None:
    """Columns that cannot be cut, with the sentences of arrays."""
    for column, parts, kind in (("text", 3, InvalidValues), ("one", 2, InvalidValues), ("w", 1, UsageError)):
        how = {"y_true": "y", "y_score": "edge", "by": [column], "edges": {column: parts}}
        with pytest.raises(kind) as wanted:
            by_arrays(HOSTILE, **how)
        with pytest.raises(kind) as made:
            uc.evaluate_frame(table, **how)
        assert counts(made.value) == counts(wanted.value)


# ── a second look ─────────────────────────────────────────────────────────────────────────────
PLAIN["call"] = [i % 2 for i in range(N)]
PLAIN["q"] = [float(x) for x in np.random.default_rng(5).beta(0.4, 2, N).round(3)]
REFINED: Mapping[str, dict[str, Any]] = {
    "scores": {"y_true": "y", "y_score": "q"},
    "order": {"y_true": "y", "y_score": "q", "refine": "order"},
    "slices": {"y_true": "y", "y_score": "q", "by": ["country", ("country", "zone")]},
    "weights": {"y_true": "y", "y_score": "q", "sample_weight": "w"},
    "counted, order": {"y_true": "y", "y_score": "q", "count": "n", "refine": "order"},
    "units": {"y_true": "y", "y_score": "q", "unit": "zone1"},
    "several scores": {"y_true": "class", "y_score": ["a", "b", "c"]},
    "both": {"y_true": "y", "y_pred": "call", "y_score": "q", "labels": {0: "no", 1: "yes"}},
    "raw": {"y_true": "y", "y_score": "age", "score_kind": "raw", "grid": "floatbits(1)"},
    "a class to a part": {"y_true": "side", "y_score": "q", "pos_label": "up"},
    "costs": {"y_true": "y", "y_score": "q", "row_cost": {"fp": 5, "fn": "amount"}},
    "models": {"y_true": "y", "y_score": {"old": "old", "new": "q"}},
}
SOME_REFINED = ("slices", "a class to a part")
"""For engines that take seconds for a job."""


def check_refined(table: Any, name: str) -> None:
    """Two passes end where all rows at once do: to the bit, and with the values of the exact scores."""
    how = {"grid": "folded(2)", "refine": True} | REFINED[name]
    made = uc.evaluate_frame(table, **how)
    if "row_cost" in how:
        how["row_cost"] = {"fp": 5, "fn": array(PLAIN["amount"])}
    models = how["y_score"] if isinstance(how["y_score"], dict) else {None: how["y_score"]}
    for model, column in models.items():
        one = made if model is None else made[model]
        assert alike(one.tallies, by_arrays(PLAIN, **how | {"y_score": column}).tallies)
        exact = by_arrays(
            PLAIN, **{x: y for x, y in how.items() if x != "refine"} | {"y_score": column, "grid": "exact"}
        )
        held = one.tallies.scores if isinstance(one.tallies.scores, Mapping) else {"": one.tallies.scores}
        assert all(x.binned for x in held.values())
        for metric in ("roc_auc", "ks", *(["average_precision"] if how["refine"] is True else [])):
            of_class = f"{metric}@macro" if len(held) > 1 else metric
            found, wanted = one.estimate(of_class), exact.estimate(of_class).value
            if "sample_weight" in how:
                assert abs(found.value - wanted) <= 1e-12
            else:
                assert (found.value, found.bounds) == (wanted, (wanted, wanted))


def check_refined_hostile(table: Any) -> None:
    """Rows without a score or a class, at the ends of the scores, in the seats."""
    for how in (COUNTED["scores"], COUNTED["dropped"], COUNTED["null labels"], {"y_true": "y", "y_score": "edge"}):
        given = how | {"invalid": "count", "grid": "folded(1)", "refine": True}
        made, wanted = uc.evaluate_frame(table, **given).tallies.scores, by_arrays(HOSTILE, **given).tallies.scores
        for x in ("scores", "full", "lows", "highs"):
            np.testing.assert_array_equal(getattr(made, x), getattr(wanted, x))
