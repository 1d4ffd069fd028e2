"""The best threshold for every ratio of costs: against trying them all, isotonic regression and a worked example."""

from __future__ import annotations

import json
import math
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

import unconfused as uc
from unconfused.errors import NotKept, UsageError
from unconfused.evaluation import Evaluation

SCHEMA = json.loads((Path(uc.__file__).parent / "show" / "schema.json").read_text(encoding="utf-8"))


def scored(
    seed: int, n: int, kind: str = "probability", weighted: bool = False
) -> tuple[np.ndarray, np.ndarray, Evaluation]:
    rng = np.random.default_rng(seed)
    y, p = np.r_[0, 1, rng.integers(0, 2, n)], rng.integers(1, 10, n + 2) / 10
    scores = np.log(p / (1 - p)) if kind == "logit" else p
    weights = rng.integers(1, 5, n + 2).astype(float) if weighted else None
    return y, p, uc.evaluate(y, y_score=scores, score_kind=kind, sample_weight=weights)


def least_cost(y: np.ndarray, p: np.ndarray, r: float, prevalence: float | None = None) -> float:
    """The least expected cost of any threshold, a miss costing 1, by trying each."""
    share = y.mean() if prevalence is None else prevalence
    return min(
        r * (1 - share) * (p[y == 0] >= t).mean() + share * (p[y == 1] < t).mean() for t in (*np.unique(p), math.inf)
    )


# ── one model ─────────────────────────────────────────────────────────────────────────────────
@given(seed=st.integers(0, 10**6), n=st.integers(0, 40), prevalence=st.none() | st.floats(0.001, 0.999))
@settings(max_examples=60)
def test_each_threshold_costs_least_in_its_range(seed: int, n: int, prevalence: float | None) -> None:
    """At any ratio inside a range its threshold costs what the best of all costs; the ranges leave no gap."""
    y, p, ev = scored(seed, n)
    made = ev.ranges(prevalence=prevalence)
    share = y.mean() if prevalence is None else prevalence
    assert (made.rows[0].low, made.rows[-1].high) == (0, math.inf)
    assert [x.high for x in made.rows[:-1]] == [x.low for x in made.rows[1:]]
    for x in made.rows:
        for r in (x.low + 0.01 * (min(x.high, 2 * x.low + 1) - x.low), (x.low + min(x.high, 2 * x.low + 1)) / 2):
            own = r * (1 - share) * (p[y == 0] >= x.threshold).mean() + share * (p[y == 1] < x.threshold).mean()
            assert own == pytest.approx(least_cost(y, p, r, prevalence), rel=1e-7, abs=1e-12)
        assert float(x.recall) == pytest.approx((p[y == 1] >= x.threshold).mean())
        assert float(x.fpr) == pytest.approx((p[y == 0] >= x.threshold).mean())
        assert made.at_ratio(min(x.high, 2 * x.low + 1)) is x


@given(seed=st.integers(0, 10**6), n=st.integers(1, 40))
@settings(max_examples=40)
def test_the_choice_agrees(seed: int, n: int) -> None:
    """`choose` with the same costs takes a threshold that costs the same."""
    y, p, ev = scored(seed, n)
    rng = np.random.default_rng(seed)
    fp, fn = rng.uniform(0.1, 10, 2)
    point = ev.choose(cost={"fp": fp, "fn": fn})
    assert point
    assert float(point.apparent) == pytest.approx(fn * least_cost(y, p, fp / fn))
    assert ev.at(ev.ranges().at_ratio(fp / fn).threshold).estimate("recall").defined


@given(seed=st.integers(0, 10**6), n=st.integers(0, 60))
@settings(max_examples=40)
def test_the_ends_are_the_odds_of_isotonic_regression(seed: int, n: int) -> None:
    """Where one threshold gives way to the next, r / (1 + r) is a value of the isotonic fit of truth on score."""
    y, p, ev = scored(seed, n)
    fit = np.unique(IsotonicRegression().fit(p, y).predict(p).round(12))
    turns = [x.high / (1 + x.high) for x in ev.ranges().rows[:-1]]
    assert np.allclose(turns, fit[(fit > 0) & (fit < 1)], atol=1e-9)


def test_slopes_of_a_worked_example() -> None:
    """Four corners by hand: (0, 0), (0, 1/2), (1/2, 1), (1, 1) have edges of slope inf, 1 and 0."""
    ev = uc.evaluate([1, 0, 1, 0], y_score=[0.8, 0.6, 0.6, 0.1])
    rows = ev.ranges().rows
    assert [x.threshold for x in rows] == [0.6, 0.8]
    assert [x.slopes for x in rows] == [(0, pytest.approx(1)), (pytest.approx(1), math.inf)]
    tenth = ev.ranges(prevalence=0.1).rows[0]
    assert tenth.slopes[1] == pytest.approx(1)
    assert tenth.high == pytest.approx(1 / 9), "m = r (1 - π) / π, so a ratio of 1/9 has slope 1 where π = 0.1"


def test_provost_and_fawcett() -> None:
    """Their example: ten times as many negatives, equal costs, has slope 10; a miss ten times as dear then slope 1."""
    ev = uc.evaluate([1] * 10 + [0] * 100, y_score=[0.9] * 8 + [0.5] * 2 + [0.9] * 5 + [0.5] * 15 + [0.1] * 80)
    odds = {x.slopes[1] / x.high for x in ev.ranges().rows if 0 < x.high < math.inf}
    assert all(value == pytest.approx(10) for value in odds)


def test_precision_follows_the_prevalence() -> None:
    """Precision is that of the population asked about, recall stays."""
    _, _, ev = scored(3, 200)
    for mine, other in zip(ev.ranges().rows, ev.ranges(prevalence=0.01).rows, strict=True):
        view = ev.at_prevalence(0.01).at(mine.threshold)
        assert float(other.recall) == float(mine.recall)
        assert float(other.precision) == pytest.approx(float(view.estimate("precision")), nan_ok=True)


@pytest.mark.parametrize("kind", ["probability", "logit"])
@pytest.mark.parametrize("weighted", [False, True])
def test_every_threshold_can_be_typed(kind: str, weighted: bool) -> None:
    """`ev.at` of a threshold has the rates of its row, weighted and as log-odds too."""
    _, _, ev = scored(5, 100, kind, weighted)
    for x in ev.ranges().rows:
        assert float(ev.at(x.threshold).estimate("recall")) == pytest.approx(float(x.recall))
        assert float(ev.at(x.threshold).estimate("fpr")) == pytest.approx(float(x.fpr))


# ── mixtures ──────────────────────────────────────────────────────────────────────────────────
@given(seed=st.integers(0, 10**6), n=st.integers(2, 40), fpr=st.floats(0, 1))
@settings(max_examples=60)
def test_a_mixture_reaches_the_rate(seed: int, n: int, fpr: float) -> None:
    """It has exactly that false-positive rate, where the hull goes, and no single threshold finds more."""
    y, p, ev = scored(seed, n)
    made = ev.ranges()
    mixed = made.at_fpr(fpr) if fpr >= float(made.rows[-1].fpr) else None
    if mixed is None:
        with pytest.raises(NotKept):
            made.at_fpr(fpr)
        return
    assert mixed.fpr == pytest.approx(min(fpr, float(made.rows[0].fpr)), abs=1e-12)
    assert sum(share for *_, share in mixed.parts) == pytest.approx(1)
    rates = [((p[y == 0] >= t).mean(), (p[y == 1] >= t).mean()) for t in (*np.unique(p), math.inf)]
    assert float(mixed.recall) >= max(up for right, up in rates if right <= fpr) - 1e-9
    assert mixed.recall.low <= float(mixed.recall) <= mixed.recall.high


# ── several models ────────────────────────────────────────────────────────────────────────────
@given(seed=st.integers(0, 10**6), n=st.integers(2, 40))
@settings(max_examples=30)
def test_several_models_by_trying_every_threshold(seed: int, n: int) -> None:
    """The models named cost least; of evaluations and of a comparison of the same rows alike."""
    rng = np.random.default_rng(seed)
    y = np.r_[0, 1, rng.integers(0, 2, n)]
    scores = {m: rng.integers(1, 10, n + 2) / 10 for m in "abc"}
    made = uc.ranges({m: uc.evaluate(y, y_score=p) for m, p in scores.items()})
    for x in made.rows:
        r = x.low + 0.61803 * (min(x.high, 2 * x.low + 1) - x.low)
        costs = {m: least_cost(y, p, r) for m, p in scores.items()}
        assert set(x.models) == {m for m, cost in costs.items() if cost <= min(costs.values()) * (1 + 1e-7) + 1e-12}
    compared = uc.compare(y, y_score=scores, threshold=0.5, metrics=["recall"])
    paired = uc.ranges(compared)
    assert [(x.low, x.models, x.thresholds) for x in paired.rows] == [
        (x.low, x.models, x.thresholds) for x in made.rows
    ]
    by_model = [x.models for i, x in enumerate(made.rows) if not i or x.models != made.rows[i - 1].models]
    assert by_model == [x.models for x in compared.ranges]


def test_models_of_other_rows_need_a_prevalence() -> None:
    """Rows of their own, at other prevalences: one must be named, and rates are compared."""
    a, b = uc.evaluate([1, 0, 0, 0], y_score=[0.9, 0.8, 0.2, 0.1]), uc.evaluate([1, 1, 0], y_score=[0.9, 0.2, 0.1])
    with pytest.raises(UsageError, match=r"prevalences from 0[.]25 to 0[.]66"):
        uc.ranges({"a": a, "b": b})
    made = uc.ranges({"a": a, "b": b}, prevalence=0.5)
    assert (made.prevalence, made.rows[0].models) == (0.5, ("a", "b"))
    with pytest.raises(UsageError, match="without scores"):
        uc.ranges([a, b])
    with pytest.raises(UsageError, match="same classes"):
        uc.ranges({"a": a, "b": uc.evaluate(["x", "y"], y_score=[0.1, 0.2], pos_label="x")})


# ── what cannot be answered, and how it looks ─────────────────────────────────────────────────
def test_refusals() -> None:
    """One class alone, several classes, no ratio, no prevalence."""
    with pytest.raises(NotKept, match="No row of the class"):
        uc.evaluate([1, 1], y_score=[0.5, 0.6]).ranges()
    with pytest.raises(NotKept, match=r"\.ranges\("):
        uc.evaluate([0, 1, 2], y_score=np.eye(3)).ranges()
    _, _, ev = scored(0, 20)
    for wrong in (0, -1, math.inf, math.nan):
        with pytest.raises(UsageError, match="no ratio of costs"):
            ev.ranges().at_ratio(wrong)
    with pytest.raises(UsageError, match="strictly between 0 and 1"):
        ev.ranges(prevalence=1)
    with pytest.raises(UsageError, match="no share"):
        ev.ranges().at_fpr(1.5)


def test_how_it_looks() -> None:
    """Text within the page, a frame, Markdown, HTML, data after the schema, a picture."""
    rng = np.random.default_rng(1)
    y = (rng.random(3000) < 0.3).astype(int)
    old, new = (uc.evaluate(y, y_score=1 / (1 + np.exp(1 - k * y - rng.normal(size=3000)))) for k in (1, 2))
    for made in (old.ranges(), uc.ranges({"old": old, "<b>new\n": new}, prevalence=0.05)):
        text = str(made)
        assert max(map(len, text.splitlines())) <= 80
        assert "recall" in text
        assert text.count("\n") < 100
        jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(made.to_dict(), allow_nan=False)))
        assert len(made.to_frame()) == sum(len(x.models) for x in made.rows)
        assert "<b>new" not in made._repr_html_()
        assert made.to_markdown().count("\n|") == min(len(made.rows), 40) + 2
    plt = pytest.importorskip("matplotlib.pyplot")
    _, ax = plt.subplots()
    assert made.plot(ax) is ax
    assert made.plot() is not ax
    plt.close("all")
