"""Slices: each equals the evaluation of its own rows, and a comparison holds each against the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import unconfused as uc
from unconfused.errors import InvalidValues, LengthMismatch, MergeRefused, NotKept, UnknownClass, UsageError
from unconfused.inference.unpaired import apart_alone

RNG = np.random.default_rng(5)
N = 600
TRUTH = RNG.integers(0, 2, N)
SCORE = np.round(np.clip(0.2 * TRUTH + 0.8 * RNG.random(N), 0, 1), 2)
COUNTRY = RNG.choice(["DE", "US", "FR"], N).astype(object)
DEVICE = RNG.integers(0, 3, N)
AGE = np.round(RNG.uniform(10, 80, N), 1)
BY: dict[Any, Any] = {"country": COUNTRY, "device": DEVICE, ("country", "device"): (COUNTRY, DEVICE)}


@pytest.mark.parametrize("grid", ["exact", "folded"])
@pytest.mark.parametrize("role", ["y_score", "y_pred"])
def test_each_slice_is_the_evaluation_of_its_rows(grid: str, role: str) -> None:
    """To the bit, weighted and with counts."""
    given = {role: SCORE if role == "y_score" else (SCORE > 0.5).astype(int)}
    extra = {"sample_weight": RNG.random(N), "count": RNG.integers(0, 4, N)}
    ev = uc.evaluate(TRUTH, **given, **extra, by=BY, grid=grid)
    assert ev.tallies.matrix == uc.evaluate(TRUTH, **given, **extra, grid=grid).tallies.matrix
    for (country, device), own in ev.by["country", "device"].items():
        rows = np.equal(COUNTRY, country) & np.equal(DEVICE, device)
        parts = {name: x[rows] for name, x in {**given, **extra}.items()}

        alone = uc.evaluate(TRUTH[rows], **parts, grid=grid)
        assert own.total == alone.total
        assert own.tallies.matrix == alone.tallies.matrix
        assert own.tallies.scores == alone.tallies.scores


def test_keys_are_the_values() -> None:
    """Text, whole numbers, truth values; nulls are missing; a text "missing" is another slice."""
    country = np.array(["DE", None, "missing", "DE"], object)
    ev = uc.evaluate([1, 0, 1, 0], y_score=[0.9, 0.1, 0.4, 0.6], by={"c": country, "b": [True, False, True, True],
                                                                    "n": [1.0, 2.0, np.nan, 1.0]})  # fmt: skip
    assert list(ev.by["c"]) == ["DE", "missing", None]
    assert (ev.by["c"]["DE"].total, ev.by["c"]["missing"].total, ev.by["c"][None].total) == (2, 1, 1)
    assert ev.by["c"]["missing"].at(0.5).ravel() == (0, 0, 1, 0)
    assert list(ev.by["b"]) == [False, True]
    assert list(ev.by["n"]) == [1, 2, None]
    assert ev.by["n"]["missing"].total == 1
    assert "FR" not in ev.by["c"]
    with pytest.raises(UnknownClass, match="no slice 'FR' of c"):
        ev.by["c"]["FR"]
    with pytest.raises(UnknownClass, match="not sliced by age"):
        ev.by["age"]
    assert not uc.evaluate([1, 0], y_score=[0.5, 0.1]).by


def test_given_edges() -> None:
    """Each interval holds its lower edge; what is null stands apart."""
    age = [19.9, 20, 39.9, 40, np.nan, -np.inf, np.inf]
    ev = uc.evaluate([1] * 6 + [0], y_score=[0.5] * 7, by={"age": age}, edges={"age": [20, 40]})
    assert {key: x.total for key, x in ev.by["age"].items()} == {"< 20": 2, "[20, 40)": 2, ">= 40": 2, None: 1}
    assert list(ev.by["age"]) == ["< 20", "[20, 40)", ">= 40", None]


@pytest.mark.parametrize("parts", [2, 4, 10])
def test_quantiles_part_the_rows_evenly(parts: int) -> None:
    """As evenly as ties and short edges allow."""
    ev = uc.evaluate(TRUTH, y_score=SCORE, by={"age": AGE}, edges={"age": parts})
    sizes = [x.total for x in ev.by["age"].values()]
    assert len(sizes) == parts
    assert sum(sizes) == N
    assert max(sizes) - min(sizes) <= 6


def test_ignored_rows_are_counted_where_they_stand() -> None:
    """Rows that the caller leaves out are told by each slice."""
    ev = uc.evaluate([1, 0, 2, 2], [1, 0, 1, 1], by={"c": ["a", "a", "a", "b"]}, ignore=2)
    assert ev.by["c"]["a"].left_out == {"ignored": 1}
    assert (ev.by["c"]["b"].total, ev.by["c"]["b"].left_out) == (0, {"ignored": 1})


def test_classes_of_the_whole() -> None:
    """A slice in which a class does not occur still has it."""
    ev = uc.evaluate(["a", "b", "c", "a"], ["a", "b", "b", "a"], by={"x": [1, 2, 2, 1]})
    assert ev.by["x"][1].labels == ["a", "b", "c"]
    more = uc.evaluate(["d", "a"], ["a", "d"], by={"x": [1, 3]})
    assert [x.labels for x in (ev + more).by["x"].values()] == [("a", "b", "c", "d")] * 3


def test_slices_of_several_scores_labels_and_rules() -> None:
    """A score for each class, and a label for each column."""
    p = RNG.dirichlet(np.ones(3), N)
    y, c = RNG.integers(0, 3, N), COUNTRY
    ev = uc.evaluate(y, y_score=p, by={"c": c}, rules={"sure": uc.Abstain(0.5)})
    own = uc.evaluate(y[c == "DE"], y_score=p[c == "DE"], rules={"sure": uc.Abstain(0.5)})
    assert ev.by["c"]["DE"].tallies.matrix == own.tallies.matrix
    assert ev.by["c"]["DE"].tallies.scores == own.tallies.scores
    assert ev.by["c"]["DE"].matrices["sure"] == own.matrices["sure"]
    assert ev.by["c"]["DE"][1].at(0.5) == own[1].at(0.5)
    many = uc.evaluate(p > 0.4, y_score=p, label_kind="multilabel", by={"c": c})
    assert many.by["c"]["US"].total == (c == "US").sum()


# ── refusals ──────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"by": {"age": AGE}}, InvalidValues, "fractional numbers"),
        ({"by": {"age": AGE[:5]}, "edges": {"age": 2}}, LengthMismatch, "5 rows, y_true has 600"),
        ({"by": {"age": AGE}, "edges": {"age": [40, 20]}}, UsageError, "ascend"),
        ({"by": {"age": AGE}, "edges": {"age": 1}}, UsageError, "parts nothing"),
        ({"by": {"c": COUNTRY}, "edges": {"c": [1]}}, InvalidValues, "no numbers"),
        ({"by": {"c": COUNTRY}, "edges": {"age": [1]}}, UsageError, "edges= names age|edges= names 'age'"),
        ({"edges": {"age": [1]}}, UsageError, "by= does not"),
        ({"by": {}}, UsageError, "by= is"),
        ({"by": ["c"]}, UsageError, "called by the name"),
        ({"by": {("c", "d"): COUNTRY}}, UsageError, "2 columns"),
    ],
)
def test_refused(how: dict[str, Any], error: type[Exception], said: str) -> None:
    """Each in words that say what to type."""
    with pytest.raises(error, match=said):
        uc.evaluate(TRUTH, y_score=SCORE, **how)


def test_sums_that_do_not_fit() -> None:
    """Other columns, other edges, text against numbers; quantiles of a batch."""

    def sliced(**how: Any) -> Any:
        return uc.evaluate([1, 0], y_score=[0.6, 0.2], **how)

    a = sliced(by={"c": ["x", "y"]})
    for other, said in (
        (sliced(), "slices by c"),
        (sliced(by={"d": ["x", "y"]}), "slices by d"),
        (sliced(by={"c": [1, 2]}), "text on one side"),
    ):
        with pytest.raises(MergeRefused, match=said):
            a + other
    with pytest.raises(MergeRefused, match=r"cut at \[1\.0\].*\[2\.0\]"):
        sliced(by={"c": [1, 2]}, edges={"c": [1]}) + sliced(by={"c": [1, 2]}, edges={"c": [2]})
    stream = uc.Stream(edges={"age": 4})
    with pytest.raises(NotKept, match="quantiles"):
        stream.update(y_true=[1, 0], y_score=[0.5, 0.1], by={"age": [1.5, 2.5]})


# ── comparing ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("grid", ["exact", "folded"])
def test_each_slice_is_held_against_all_other_rows(grid: str) -> None:
    """The rest is what an evaluation of the other rows says; its matrix exactly, its ROC AUC within rounding."""
    ev = uc.evaluate(TRUTH, y_score=SCORE, by=BY, grid=grid, sample_weight=RNG.integers(1, 4, N).astype(float))
    weights = ev.tallies.scores
    assert weights is not None
    made = ev.by["country"].compare(["recall", "roc_auc"], threshold=0.5, adjust=None)
    for row in made.rows:
        options: dict[str, Any] = {"threshold": 0.5} if row.metric == "recall" else {}
        parts = [x for key, x in ev.by["country"].items() if key != row.key]
        rest = sum(parts[1:], parts[0]).estimate(row.metric, **options)
        own = ev.by["country"][row.key].estimate(row.metric, **options)
        assert (row.value.value, row.value.low) == (own.value, own.low)
        assert row.rest.value == pytest.approx(rest.value, abs=1e-12)
        assert row.rest.low == pytest.approx(rest.low, abs=1e-9)
        assert row.p == pytest.approx(apart_alone(rest, own).p, abs=1e-9)


def test_worst_first_and_corrected() -> None:
    """A slice of coin throws leads and is told; Holm's p-values are never below the plain ones."""
    rng = np.random.default_rng(2)
    n = 8000
    country = rng.integers(0, 20, n)
    truth = rng.integers(0, 2, n)
    score = np.where(country == 13, rng.random(n), np.clip(0.3 * truth + 0.7 * rng.random(n), 0, 1))
    ev = uc.evaluate(truth, y_score=score, by={"country": country})
    made = ev.by["country"].compare()
    assert (made.metrics, made.rows[0].key, made.rows[0].worse) == (("roc_auc",), 13, True)
    assert not any(x.worse for x in made.rows[1:])
    assert all(x.adjusted >= x.p for x in made.rows)
    values = [x.value.value for x in made.rows[1:]]
    assert values == sorted(values)
    text = str(ev.by["country"])
    assert "1 worse" in text
    assert text.index("\n13 ") < text.index("\n7 ")
    assert len(made.to_dict()["slices"]) == 20
    assert made.to_markdown().count("\n") == 22


def test_under_the_null_few_are_told() -> None:
    """Slices that are alike: in 40 draws of 12 slices Holm lets a false one through in no more than a few."""
    rng, told = np.random.default_rng(11), 0
    for _ in range(40):
        right = rng.random(1200) < 0.8
        truth = rng.integers(0, 2, 1200)
        ev = uc.evaluate(truth, np.where(right, truth, 1 - truth), by={"s": rng.integers(0, 12, 1200)})
        told += any(x.significant for x in ev.by["s"].compare("accuracy").rows)
    assert told <= 6


def test_lower_is_better() -> None:
    """Of a loss the largest comes first; a slice of one class is undefined and stands last."""
    truth, score = [0, 1, 0, 1, 1], [0.1, 0.9, 0.9, 0.1, 0.8]
    ev = uc.evaluate(truth, y_score=score, by={"s": ["a", "a", "b", "b", "c"]})
    assert [x.key for x in ev.by["s"].compare("brier").rows] == ["b", "c", "a"]
    rows = ev.by["s"].compare("roc_auc").rows
    assert (rows[-1].key, rows[-1].difference.defined) == ("c", False)
    assert np.isnan(rows[-1].p)


# ── thousands, streams, files ─────────────────────────────────────────────────────────────────
def test_thousands_of_slices(tmp_path: Path) -> None:
    """Counted, saved and added."""
    rng = np.random.default_rng(0)
    n = 20_000
    key, truth, score = rng.integers(0, 3000, n), rng.integers(0, 2, n), rng.random(n)
    ev = uc.evaluate(truth, y_score=score, by={"user": key}, grid="folded")
    assert len(ev.by["user"]) == len(np.unique(key))
    assert sum(x.total for x in ev.tallies.slices[("user",)].members.values()) == n
    ev.save(tmp_path / "a.uc")
    assert uc.load(tmp_path / "a.uc").tallies == ev.tallies
    halves = [uc.evaluate(truth[s], y_score=score[s], by={"user": key[s]}, grid="folded") for s in
              (slice(None, n // 2), slice(n // 2, None))]  # fmt: skip
    assert (halves[0] + halves[1]).tallies == ev.tallies


def test_stream_with_mask_and_ids() -> None:
    """Padding and repeats are left out of the slices too."""
    stream = uc.Stream(grid="exact")
    stream.update(
        y_true=[1, 0, 1], y_score=[0.9, 0.2, 0.3], by={"c": ["x", "y", "x"]}, mask=np.array([True, True, False])
    )
    stream.update(y_true=[1, 0], y_score=[0.9, 0.8], by={"c": ["x", "y"]})
    ev = stream.evaluation
    assert {key: x.total for key, x in ev.by["c"].items()} == {"x": 2, "y": 2}
    assert ev.coarsen().by["c"]["x"].at(0.5).ravel() == (0, 0, 0, 2)


def test_names_keep_their_room_beside_certified_bounds() -> None:
    """Of bins every value has bounds; they stand below it, no line is longer than the page and no name in pieces."""
    names = np.array(["United Kingdom", "Bosnia and Herzegovina"])[DEVICE % 2]
    ev = uc.evaluate(TRUTH, y_score=SCORE, by={"country": names}, grid="folded(1)", pins=())
    lines = str(ev.by["country"]).splitlines()
    assert max(map(len, lines)) <= 80
    bounds = [f"in [{x.value.bounds[0]:.2f}"[:6] for x in ev.by["country"].compare().rows if x.value.bounds]
    assert len(bounds) == 2
    below = [line.strip() for line in lines if line.strip().startswith("in [0")]
    assert [line[:6] for line in below] == bounds
    assert any(line.startswith("United Kingdom ") for line in lines)
    assert any("in [...]: certified bounds" in line for line in lines)
