"""Two thresholds with a referral between them: against brute force over every pair, and Chow's rule."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import unconfused as uc
from unconfused.decide.sweep import thresholds_of
from unconfused.errors import NotKept, UsageError
from unconfused.evaluation import Evaluation

COST = {"fp": 1, "fn": 10, "abstain": 0.5}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few resamples, for tests that look at the choice alone."""
    monkeypatch.setattr("unconfused.decide.luck.WORK", 0)


def drawn(rng: np.random.Generator, kind: str) -> Evaluation:
    n = int(rng.integers(3, 30))
    y, s = np.r_[0, 1, rng.integers(0, 2, n)], rng.integers(0, 9, n + 2) / 8
    match kind:
        case "weights":
            return uc.evaluate(y, y_score=s, sample_weight=rng.integers(1, 9, n + 2) / 4)
        case "logits":
            return uc.evaluate(y, y_score=rng.normal(size=n + 2).round(1), score_kind="logit")
        case "raw":
            return uc.evaluate(y, y_score=rng.choice([-np.inf, -3.5, 0.0, 2.0, np.inf], n + 2), score_kind="raw")
        case "lower label":
            return uc.evaluate(np.where(y == 1, "ham", "spam"), y_score=s, pos_label="ham", labels=["ham", "spam"])
        case "no score":
            s = np.where(np.r_[True, True, rng.random(n) < 0.8], s, np.nan)
            return uc.evaluate(y, y_score=s, invalid="count")
        case "bins":
            return uc.evaluate(y, y_score=s, grid="uniform(4)", pins=())
    return uc.evaluate(y, y_score=s)


def brute(ev: Evaluation, cost: dict[str, float]) -> tuple[Fraction, tuple[Any, ...]]:
    """The least mean cost over every pair of thresholds, through ev.at alone; the fewest referred, then called."""
    tally: Any = ev.scores
    cuts = [float(t) for t in thresholds_of(tally.ranked()) if not math.isnan(t)]
    best = None
    positive = ev.labels.positive
    order = np.ix_([1 - positive, positive], [1 - positive, positive])  # type: ignore[operator, list-item]
    tables = [ev.at(t) for t in cuts]
    cells = [np.asarray(x.full if x.full_weights is None else x.full_weights)[order].ravel() for x in tables]
    n = Fraction(float((tables[0].full if tables[0].full_weights is None else tables[0].full_weights).sum()))
    price = {k: Fraction(float(cost.get(k, 0))) for k in ("tn", "fp", "fn", "tp", "abstain")}
    for j, high in enumerate(cells):
        for low in cells[j:]:
            _, fp, _, tp = (Fraction(float(x)) for x in high)
            tn, _, fn, _ = (Fraction(float(x)) for x in low)
            referred = n - fp - tp - tn - fn
            both = zip(("tn", "fp", "fn", "tp"), (tn, fp, fn, tp), strict=True)
            total = (sum((price[k] * x for k, x in both), Fraction(0)) + price["abstain"] * referred) / n
            found = (total, referred, tp + fp, (float(tn), float(fp), float(fn), float(tp)))
            if best is None or found < best:
                best = found
    assert best is not None
    return best[0], (float(best[1]), best[3])


KINDS = ("plain", "weights", "logits", "raw", "lower label", "no score", "bins")


@pytest.mark.parametrize("kind", KINDS)
def test_the_cheapest_pair_by_brute_force(kind: str, quick: None) -> None:
    rng = np.random.default_rng(0)
    for _ in range(10):
        ev = drawn(rng, kind)
        tn, tp = rng.integers(-3, 1, 2).tolist()
        cost = {"tn": tn, "tp": tp, "fp": tn + int(rng.integers(1, 9)), "fn": tp + int(rng.integers(1, 9))}
        cost["abstain"] = min(tn, tp) + int(rng.integers(1, 17)) / 4
        made = ev.choose(cost=cost)
        value, (referred, cells) = brute(ev, cost)
        assert float(made.expected_cost) == pytest.approx(float(value), abs=1e-12), cost
        matrix = np.asarray(made.matrix.full if made.matrix.full_weights is None else made.matrix.full_weights)
        positive = made.matrix.labels.positive
        order = np.ix_([1 - positive, positive], [1 - positive, positive])
        assert tuple(matrix[order].ravel()) == pytest.approx(cells), cost
        assert matrix[:, 3].sum() == pytest.approx(referred)
        above, below = ev.at(made.high), ev.at(made.low)
        assert above.ravel()[1::2] == pytest.approx((cells[1], cells[3]))
        assert float(below.full[:, 1 - positive].sum()) == made.matrix.full[:, 1 - positive].sum()
        assert made.low <= made.high
        e = made.expected_cost
        assert e.low <= e.value <= e.high
        if e.bounds:
            assert e.bounds[0] <= e.value == e.bounds[1]


def test_bounds_hold_the_best_of_the_scores_themselves(quick: None) -> None:
    rng = np.random.default_rng(1)
    for _ in range(25):
        n = int(rng.integers(5, 60))
        y, s = np.r_[0, 1, rng.integers(0, 2, n)], rng.random(n + 2)
        exact = uc.evaluate(y, y_score=s).choose(cost={"fp": 2, "fn": 3, "abstain": 0.7})
        binned = uc.evaluate(y, y_score=s, grid="uniform(4)", pins=()).choose(cost={"fp": 2, "fn": 3, "abstain": 0.7})
        low, high = binned.expected_cost.bounds
        assert low - 1e-12 <= float(exact.expected_cost) <= high + 1e-12


@pytest.mark.parametrize("abstain", [0.2, 0.5, 0.8])
def test_calibrated_probabilities_are_referred_where_chow_does(abstain: float) -> None:
    """Negative up to p = a / fn, positive from 1 - a / fp: of scores that are exactly calibrated (Chow 1970)."""
    p = np.arange(1, 400)
    ev = uc.evaluate(np.tile([1, 0], 399), y_score=np.repeat(p / 400, 2), count=np.stack([p, 400 - p], 1).ravel())
    made = ev.choose(cost={"fp": 1, "fn": 4, "abstain": abstain})
    if abstain < 0.8:
        assert made.theory == pytest.approx((abstain / 4, 1 - abstain))
    else:
        assert made.theory == (0.2, 0.2)
        assert made.low == made.high
    assert (made.low, made.high) == pytest.approx(made.theory, abs=0.006)


def test_a_dear_referral_is_one_threshold() -> None:
    rng = np.random.default_rng(2)
    y = (rng.random(500) < 0.3).astype(int)
    ev = uc.evaluate(y, y_score=1 / (1 + np.exp(-rng.normal(size=500) - y)))
    made, one = ev.choose(cost={"fp": 1, "fn": 3, "abstain": 100}), ev.choose(cost={"fp": 1, "fn": 3})
    assert made.low == made.high == one.threshold
    assert made.expected_cost == pytest.approx(float(one.apparent))
    assert made.corrected == pytest.approx(float(one.corrected), abs=0.02)
    assert float(made.referred) == 0
    assert made.referred.high > 0
    assert "Refer no row" in str(made)


def test_the_corrected_cost_is_nearer_to_that_of_new_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 60 samples of 150 rows the apparent cost lies below that of new rows; the corrected error is smaller."""
    monkeypatch.setattr("unconfused.decide.luck.WORK", 25 * 150)  # two splits
    monkeypatch.setattr("unconfused.decide.abstain._spread", lambda *_: ((0.0, 0.0), (0.0, 0.0)))
    rng = np.random.default_rng(3)

    def sample(n: int) -> tuple[Any, Any]:
        y = np.r_[0, 1, rng.random(n - 2) < 0.3].astype(int)
        return y, rng.normal(size=n) + y

    y, s = sample(40_000)
    errors = []
    for _ in range(60):
        truth, scores = sample(150)
        made = uc.evaluate(truth, y_score=scores, score_kind="raw").choose(cost={"fp": 1, "fn": 2, "abstain": 0.4})
        cost = np.select([s < made.low, s >= made.high], [2 * y, 1 - y], 0.4).mean()
        errors.append((float(made.expected_cost) - cost, float(made.corrected) - cost))
    apparent, corrected = np.transpose(errors)
    assert apparent.mean() < 0
    assert abs(corrected.mean()) < abs(apparent.mean()) / 2 + 2 * corrected.std() / math.sqrt(60)


def test_views_and_units_answer_too() -> None:
    """At another prevalence the rows are weighted by class; units make the interval theirs, not the value."""
    rng = np.random.default_rng(4)
    ill, person = np.repeat((rng.random(80) < 0.4).astype(int), 10), np.repeat(np.arange(80), 10)
    s = 1 / (1 + np.exp(-np.repeat(rng.normal(size=80), 10) - 0.3 * rng.normal(size=800) - ill))
    rows, units = (uc.evaluate(ill, y_score=s, unit=u).choose(cost=COST) for u in (None, person))
    assert float(rows.expected_cost) == pytest.approx(float(units.expected_cost))
    assert units.expected_cost.high - units.expected_cost.low > rows.expected_cost.high - rows.expected_cost.low
    assert "buckets of units" in units.expected_cost.method
    ev = uc.evaluate(ill, y_score=s)
    k = ill.mean()
    weights = np.where(ill == 1, 0.05 / k, 0.95 / (1 - k))
    view, same = ev.at_prevalence(0.05), uc.evaluate(ill, y_score=s, sample_weight=weights)
    one, other = view.choose(cost=COST), same.choose(cost=COST)
    assert (one.low, one.high) == (other.low, other.high)
    assert float(one.expected_cost) == pytest.approx(float(other.expected_cost))


def test_a_table_of_costs_says_the_same(quick: None) -> None:
    """Rows are the truth: transposed it is another problem."""
    rng = np.random.default_rng(5)
    y = (rng.random(300) < 0.3).astype(int)
    ev = uc.evaluate(y, y_score=1 / (1 + np.exp(-rng.normal(size=300) - y)))
    made, table = ev.choose(cost=COST), ev.choose(cost=uc.Costs([[0, 1], [10, 0]], abstain=0.5))
    assert (made.low, made.high, made.objective) == (table.low, table.high, table.objective)
    assert ev.choose(cost=uc.Costs([[0, 10], [1, 0]], abstain=0.5)).high > made.high


def test_what_leaves_it_open_is_refused() -> None:
    ev = uc.evaluate([0, 1, 1, 0], y_score=[0.1, 0.4, 0.8, 0.3])
    no_prices: list[Any] = [math.nan, "a", 0, -1]
    for cost in ({"abstain": 1}, *({**COST, "abstain": price} for price in no_prices)):
        with pytest.raises(UsageError):
            ev.choose(cost=cost)
    for more in ({"where": "recall > 0.1"}, {"maximize": "f1"}, {"queue": 3}, {"guarantee": 0.9}):
        with pytest.raises(UsageError, match="abstain"):
            ev.choose(cost=COST, **more)
    strange = uc.evaluate([0, 1, 7], y_score=[0.1, 0.4, 0.8], labels=[0, 1], unknown="other")
    with pytest.raises(NotKept, match="1 row has no known class"):
        strange.choose(cost=COST)


def test_how_it_looks(quick: None) -> None:
    rng = np.random.default_rng(6)
    y = (rng.random(300) < 0.3).astype(int)
    ev = uc.evaluate(y, y_score=1 / (1 + np.exp(-rng.normal(size=300) - y)), labels={0: "<b>", 1: "il|l"}, pos_label=1)
    made = ev.choose(cost=COST)
    schema = json.loads((Path(uc.__file__).parent / "show" / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(made.to_dict())
    text = " ".join(str(made).split())
    assert "and refer it in between: that has the lowest expected cost (fp=1, fn=10, abstain=0.5)" in text
    assert "referred" in made.to_markdown()
    assert "il|l" not in made.to_markdown()
    assert "<b>" not in made._repr_html_().replace("<b>0.", "")
    raw = uc.evaluate([0, 1], y_score=[np.inf, -np.inf], score_kind="raw").choose(cost=COST)
    jsonschema.Draft202012Validator(schema).validate(raw.to_dict())
    assert raw.theory is None
