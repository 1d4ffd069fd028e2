"""Decisions against brute force over every threshold, published thresholds, and a simulated population."""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable
from fractions import Fraction
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from scipy import stats

import unconfused as uc
from unconfused.decide import CellCosts
from unconfused.decide.guarantee import most_errors
from unconfused.decide.luck import grouped
from unconfused.decide.problem import Problem
from unconfused.decide.sweep import Sweep
from unconfused.errors import InsufficientData, NotKept, ThresholdUnset, UnknownClass, UsageError
from unconfused.evaluation import Evaluation

Rng = np.random.Generator
Rule = Callable[[Any], Fraction | None]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few resamples, for tests that look at the choice alone."""
    monkeypatch.setattr("unconfused.decide.luck.WORK", 0)


# ── data of every shape ───────────────────────────────────────────────────────────────────────
def of_probabilities(rng: Rng) -> Evaluation:
    n = int(rng.integers(4, 60))
    y = np.r_[0, 1, rng.integers(0, 2, n)]
    return uc.evaluate(y, y_score=rng.integers(0, 12, n + 2) / 11)


def of_logits(rng: Rng) -> Evaluation:
    n = int(rng.integers(4, 60))
    y = np.r_[0, 1, rng.integers(0, 2, n)]
    return uc.evaluate(
        y, y_score=rng.choice([rng.normal(size=n + 2), rng.normal(size=n + 2).round(1)]) * 4, score_kind="logit"
    )


def of_raw(rng: Rng) -> Evaluation:
    n = int(rng.integers(4, 60))
    scores = rng.choice([-np.inf, -3.5, 0.0, 2.0, 1e300, np.inf], n + 2)
    return uc.evaluate(np.r_[0, 1, rng.integers(0, 2, n)], y_score=scores, score_kind="raw")


def of_weights(rng: Rng) -> Evaluation:
    n = int(rng.integers(4, 60))
    y, weights = np.r_[0, 1, rng.integers(0, 2, n)], rng.integers(1, 9, n + 2) / 4
    return uc.evaluate(y, y_score=rng.random(n + 2).round(1), sample_weight=weights)


def of_seats(rng: Rng) -> Evaluation:
    """Rows whose truth is another class, or whose score or truth is missing."""
    n = int(rng.integers(20, 60))
    y = np.r_[0.0, 1, rng.choice([0, 1, 7, np.nan], n)]
    scores = np.r_[0.5, 0.5, rng.choice([0.1, 0.4, 0.6, 0.9, np.nan], n)]
    return uc.evaluate(y, y_score=scores, labels=[0, 1], unknown="other", invalid="count")


def of_lower_label(rng: Rng) -> Evaluation:
    n = int(rng.integers(4, 60))
    y = np.r_[["ham", "spam"], rng.choice(["ham", "spam"], n)]
    return uc.evaluate(y, y_score=rng.random(n + 2).round(1), pos_label="ham")


KINDS: dict[str, Callable[[Rng], Evaluation]] = {
    "probabilities": of_probabilities, "logits": of_logits, "raw": of_raw, "weights": of_weights, "seats": of_seats,
    "lower label": of_lower_label,
}  # fmt: skip


# ── brute force, in fractions, through ev.at alone ────────────────────────────────────────────
def candidates(ev: Evaluation) -> list[float]:
    """Every distinct score as a threshold, the largest first, before them inf."""
    assert ev.scores is not None
    tally: Any = ev.scores
    scores = tally.scores if ev.score_kind == "raw" else tally.probabilities
    nudged = (
        [t for s in scores for t in (s, np.nextafter(s, 0), s * (1 - 2e-15))] if ev.score_kind == "logit" else scores
    )
    return sorted({math.inf, *map(float, nudged)}, reverse=True)


def four(cm: Any) -> tuple[Fraction, ...]:
    return tuple(Fraction(float(x)) for x in cm.ravel())


def share(a: Fraction, b: Fraction) -> Fraction | None:
    return a / b if b else None


RULES: dict[str, Rule] = {
    "recall": lambda c: share(c[3], c[3] + c[2]),
    "precision": lambda c: share(c[3], c[3] + c[1]),
    "f1": lambda c: share(2 * c[3], 2 * c[3] + c[1] + c[2]),
    "accuracy": lambda c: share(c[0] + c[3], sum(c)),
    "fpr": lambda c: share(c[1], c[0] + c[1]),
    "predicted_prevalence": lambda c: share(c[1] + c[3], sum(c)),
}


def brute(ev: Evaluation, objective: Rule, sign: int, conditions: list[tuple[str, str, float]]) -> Any:
    """The matrix of the best threshold; among equals the one with the fewest alarms, which comes first."""
    best: tuple[Fraction, Any] | None = None
    for t in candidates(ev):
        cm = ev.at(t)
        values = [(RULES[metric](four(cm)), op, bar) for metric, op, bar in conditions]
        holds = all(
            v is not None and {">=": operator.ge, "<=": operator.le}[op](float(v), bar) for v, op, bar in values
        )
        value = objective(four(cm))
        if holds and value is not None and (best is None or sign * value > best[0]):
            best = (sign * value, cm)
    return None if best is None else best[1]


@pytest.mark.parametrize("kind", KINDS)
def test_costs_against_brute_force(kind: str, quick: None) -> None:
    """The cheapest threshold, with gains too; the point's threshold gives the point's matrix."""
    rng = np.random.default_rng(7)
    for _ in range(12):
        ev = KINDS[kind](rng)
        tn, tp = rng.integers(-3, 1, 2).tolist()
        cost = {"tn": tn, "tp": tp, "fp": tn + int(rng.integers(1, 9)), "fn": tp + int(rng.integers(1, 9))}
        point = ev.choose(cost=cost)
        expected = brute(
            ev, lambda c, cost=cost: sum(cost[k] * x for k, x in zip(("tn", "fp", "fn", "tp"), c, strict=True)), -1, []
        )
        assert point
        assert point.matrix.ravel() == expected.ravel()
        assert ev.at(point.threshold) == point.matrix
        assert point.expected_cost == point.apparent


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "seats"])
def test_conditions_against_brute_force(kind: str, quick: None) -> None:
    """A metric within up to two conditions, met or not."""
    rng = np.random.default_rng(8)
    for _ in range(12):
        ev = KINDS[kind](rng)
        conditions = [(str(rng.choice(list(RULES))), str(rng.choice([">=", "<="])), float(round(rng.random(), 1)))
                      for _ in range(rng.integers(1, 3))]  # fmt: skip
        metric, sign = str(rng.choice(list(RULES))), int(rng.choice([-1, 1]))
        where = " and ".join(f"{name} {op} {bar}" for name, op, bar in conditions)
        expected = brute(ev, RULES[metric], sign, conditions)
        point = ev.choose(**{"maximize" if sign > 0 else "minimize": metric, "where": where})
        assert bool(point) == (expected is not None), where
        if point:
            assert point.matrix.ravel() == expected.ravel(), (metric, sign, where)
            assert ev.at(point.threshold) == point.matrix
            assert [float(e) for e in point.achieved] == [
                float(ev.estimate(m, threshold=point.threshold)) for m, _, _ in conditions
            ]


def test_answers_are_those_of_the_matrix(quick: None) -> None:
    """What a point says of its matrix is what the matrix says: value, interval, method, rows, classes left out."""
    ev = of_probabilities(np.random.default_rng(1))
    for metric in ("recall", "f1", "mcc", "f1@macro", "precision[0]", "accuracy[1]", "support", "precision@weighted"):
        least = -1 if metric == "mcc" else 0
        for threshold in (ev.choose(maximize=metric), ev.choose(minimize="fpr", where=f"{metric} >= {least}")):
            asked = (threshold.achieved or (threshold.apparent,))[0]
            found = ev.estimate(metric, threshold=threshold.threshold)
            for field in ("name", "value", "low", "high", "level", "method", "n", "reason", "left_out"):
                assert getattr(asked, field) == getattr(found, field), (metric, field)


def test_equals_take_the_fewest_alarms(quick: None) -> None:
    """Costs that are equal but for the rounding of a sum are equal."""
    ev = uc.evaluate([1, 0, 0, 0, 1], y_score=[0.9, 0.8, 0.7, 0.6, 0.5])
    assert ev.choose(cost={"fp": 0.1, "fn": 0.3}).threshold == 0.9  # 3 x 0.1 for the last positive
    assert ev.choose(minimize="fpr").threshold == math.inf
    assert ev.choose(maximize="precision").threshold == 0.9
    assert ev.choose(cost={"fp": 0.1, "fn": 0.3, "tp": -0.1, "tn": 0.0}).threshold == 0.5


def test_a_bound_is_stricter_than_its_value(quick: None) -> None:
    """precision.low holds the lower end of the interval against the bar."""
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, 500)
    ev = uc.evaluate(y, y_score=1 / (1 + np.exp(-rng.normal(size=500) - 2 * y)))
    loose, strict = (ev.choose(maximize="recall", where=f"{x} >= 0.8") for x in ("precision", "precision.low"))
    assert strict.achieved[0].low >= 0.8
    assert strict.threshold > loose.threshold
    below = [t for t in ev.scores.scores if t < strict.threshold]
    assert all(ev.estimate("precision", threshold=t).low < 0.8 for t in below)


# ── scores at the ends ────────────────────────────────────────────────────────────────────────
def test_saturated_logits(quick: None) -> None:
    """A probability cannot part log-odds of 40 and 41: no threshold falls between, and the point says so."""
    ev = uc.evaluate([0, 0, 1, 1, 1], y_score=[-800, 40, 41, 41, 800], score_kind="logit")
    point = ev.choose(maximize="f1")
    assert ev.at(point.threshold) == point.matrix
    assert point.matrix.ravel() == (1, 1, 0, 3)
    assert point.merged == 2
    assert "score_kind='raw'" in str(point)
    raw = uc.evaluate([0, 0, 1, 1, 1], y_score=[-800, 40, 41, 41, 800], score_kind="raw").choose(maximize="f1")
    assert (raw.threshold, raw.matrix.ravel(), raw.merged) == (41, (2, 0, 0, 3), 0)
    ends = uc.evaluate([0, 1, 1], y_score=[-np.inf, -np.inf, np.inf], score_kind="logit")
    assert ends.choose(maximize="precision").threshold == 1
    assert ends.choose(maximize="recall").threshold == 0
    edge = uc.evaluate([0, 1, 1], y_score=[36.0, 40.0, 41.0], score_kind="logit").choose(maximize="f1")
    assert edge.matrix.ravel() == (1, 0, 0, 2)
    assert edge.threshold < 1


@pytest.mark.parametrize("scale", [1e-9, 0.1, 3.0, 12.0, 200.0])
def test_thresholds_of_logits(scale: float) -> None:
    """Every threshold of a sweep gives the sweep's own matrix; float32 logits below 30 all have one."""
    scores = np.unique(np.random.default_rng(4).normal(size=2000).astype(np.float32) * np.float32(scale))
    ev = uc.evaluate(np.arange(len(scores)) % 2, y_score=scores, score_kind="logit")
    sweep: Any = Sweep.of(ev.scores)  # type: ignore[arg-type]
    given = ~np.isnan(sweep.thresholds)
    assert given[np.r_[np.inf, scores[::-1]] < 30].all()
    for place in np.flatnonzero(given)[::37]:
        assert np.array_equal(ev.at(sweep.thresholds[place]).counts, sweep.sample.counts.table[place])


def test_infinite_raw_scores(quick: None) -> None:
    """Where raw scores are inf, no threshold calls nothing positive."""
    ev = uc.evaluate([0, 0, 1], y_score=[-np.inf, np.inf, 1.0], score_kind="raw")
    point = ev.choose(minimize="fpr")
    assert point.matrix.ravel() == (1, 1, 1, 0)
    assert point.to_dict()["reason"] == "scores of inf alone are called positive"
    everything = uc.evaluate([1, 0], y_score=[-np.inf, 0.0], score_kind="raw").choose(maximize="recall")
    assert everything.to_dict()["reason"] == "everything is called positive"


def test_hostile_names(quick: None) -> None:
    """A class name cannot leave its place in HTML or Markdown."""
    name = "<b>|`x"
    point = uc.evaluate(["a", name], y_score=[0.1, 0.9], pos_label=name).choose(maximize="recall")
    assert "<b>|" not in point._repr_html_().replace("<b>1.000", "")
    assert "&lt;b&gt;|" in point._repr_html_()
    assert name not in point.to_markdown()
    nothing = uc.evaluate(["a", name], y_score=[0.9, 0.1], pos_label=name).choose(maximize="recall", where="f1[a] > 1")
    assert "No threshold" in nothing._repr_html_()


# ── published thresholds ──────────────────────────────────────────────────────────────────────
def calibrated(points: int = 999) -> Evaluation:
    """Scores 0.001 … 0.999, each with exactly that share of positives."""
    p = np.arange(1, points + 1)
    y, scores = np.tile([1, 0], points), np.repeat(p / (points + 1), 2)
    return uc.evaluate(y, y_score=scores, count=np.stack([p, points + 1 - p], 1).ravel())


@pytest.mark.parametrize(("cost", "theory"), [({"fp": 1, "fn": 9}, 0.1), ({"fp": 9, "fn": 1}, 0.9),
                                              ({"fp": 3, "fn": 1, "tp": -4, "tn": -2}, 0.5)])  # fmt: skip
def test_elkan(cost: dict[str, float], theory: float) -> None:
    """Of calibrated probabilities the cheapest threshold is (fp - tn) / (fp - tn + fn - tp): Elkan 2001, equation 2.

    fp and fn swapped are another problem with another answer.
    """
    point = calibrated().choose(cost=cost)
    assert CellCosts.of(cost).theory == point.theory == pytest.approx(theory)
    assert point.threshold == pytest.approx(theory, abs=0.0011)  # at p = theory both answers cost the same


@pytest.mark.parametrize("beta", [0.5, 1, 2])
def test_lipton(beta: float) -> None:
    """Of calibrated probabilities the best F-beta is at F* / (1 + beta²): for F1 at half of F1* (Lipton 2014)."""
    point = calibrated().choose(maximize=f"fbeta({beta:g})")
    assert point.threshold == pytest.approx(float(point.apparent) / (1 + beta**2), abs=0.0011)
    assert point.theory is None


# ── what cannot be chosen ─────────────────────────────────────────────────────────────────────
def test_infeasible(quick: None) -> None:
    """False, with the value that is reachable, alone or beside the other conditions."""
    ev = uc.evaluate([1, 0, 1, 0, 1, 0], y_score=[0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    alone = ev.choose(minimize="fpr", where="recall >= 0.1 and f1 > 0.8")
    assert not alone
    assert alone.reason == "No threshold satisfies f1 > 0.8: f1 gets no nearer than 0.75, at threshold 0.5."
    assert (alone.nearest, float(alone.reached)) == (0.5, pytest.approx(0.75))
    beside = ev.choose(maximize="f1", where="precision >= 0.9 and recall >= 0.9")
    assert "where precision >= 0.9, recall gets no nearer than 0.3333, at threshold 0.9" in beside.reason
    below = ev.choose(maximize="recall", where="error_rate < 0.2")
    assert float(below.reached) == pytest.approx(1 / 3)
    equal = ev.choose(maximize="recall", where="recall == 0.6")
    assert float(equal.reached) == pytest.approx(2 / 3)
    for field in ("threshold", "matrix"):
        with pytest.raises(NotKept, match="f1 gets no nearer"):
            getattr(alone, field)


def test_undefined_satisfies_nothing(quick: None) -> None:
    """Where nothing is called positive the precision is undefined: neither allowed nor best."""
    ev = uc.evaluate([1, 0], y_score=[0.2, 0.8])
    assert ev.choose(minimize="fpr", where="precision >= 0").threshold == 0.8
    assert ev.choose(minimize="precision").threshold == 0.8
    weightless = uc.evaluate([1, 0], y_score=[0.2, 0.8], sample_weight=[0, 1])
    assert "recall is undefined" in weightless.choose(maximize="recall").reason
    assert "recall is undefined" in weightless.choose(minimize="fpr", where="recall > 0.1").reason


def test_refusals() -> None:
    """What leaves the decision open, or cannot be decided."""
    ev = of_probabilities(np.random.default_rng(0))
    no_costs = (
        {},
        {"fp": 1},
        {"fx": 1},
        {"fp": 1, "fn": math.nan},
        {"fp": "a", "fn": 1},
        {"fp": None, "fn": 1},
        [[0]],
        3,
    )
    asking: list[dict[str, Any]] = [
        *({"cost": cost} for cost in no_costs),
        *({"maximize": metric} for metric in ("roc_auc", "recall@ovo", "nonsense", "")),
        *({"maximize": "f1", "where": where} for where in ("", "brier < 1", "recall")),
        {},
        {"maximize": "f1", "minimize": "fpr"},
        {"maximize": "f1", "level": 2},
    ]
    for asked in asking:
        with pytest.raises(UsageError):
            ev.choose(**asked)
    with pytest.raises(UnknownClass):
        ev.choose(maximize="recall[dog]")
    with pytest.raises(NotKept, match="No row of the class '1'"):
        uc.evaluate([0, 0], y_score=[0.1, 0.2]).choose(maximize="recall")
    with pytest.raises(NotKept, match="No row of the class 'ham'"):
        uc.evaluate(["spam"], y_score=[0.1], labels=["ham", "spam"]).choose(maximize="recall")
    with pytest.raises((NotKept, ThresholdUnset)):
        uc.evaluate([0, 1], [0, 1]).choose(maximize="recall")


# ── luck ──────────────────────────────────────────────────────────────────────────────────────
PREVALENCE, SHIFT, NORMAL = 0.2, 1.0, NormalDist()


def drawn(rng: Rng, n: int) -> Evaluation:
    """Rows of a population with normal scores, whose positives stand one standard deviation higher."""
    y = np.r_[0, 1, rng.random(n - 2) < PREVALENCE].astype(int)
    return uc.evaluate(y, y_score=rng.normal(size=n) + SHIFT * y, score_kind="raw")


def true_f1(threshold: float) -> float:
    hits, alarms = (1 - NORMAL.cdf(threshold - SHIFT)) * PREVALENCE, (1 - NORMAL.cdf(threshold)) * (1 - PREVALENCE)
    return 2 * hits / (hits + alarms + PREVALENCE)


@pytest.mark.parametrize(("n", "samples"), [(200, 100), (1000, 50), (5000, 25)])
def test_correction(n: int, samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean error of the corrected F1 is at most 15 % of the apparent one's, plus two standard errors."""
    monkeypatch.setattr("unconfused.decide.luck.WORK", 25 * n)  # two splits
    monkeypatch.setattr("unconfused.decide.spread", lambda *_: (0.0, 0.0))
    rng = np.random.default_rng(n)
    errors = []
    for _ in range(samples):
        point = drawn(rng, n).choose(maximize="f1")
        truth = true_f1(point.threshold)
        errors.append((float(point.apparent) - truth, float(point.corrected) - truth))
    apparent, corrected = np.transpose(errors)
    assert apparent.mean() > 0
    assert abs(corrected.mean()) <= 0.15 * apparent.mean() + 2 * corrected.std() / math.sqrt(samples)


def test_spread_is_the_bootstrap() -> None:
    """The threshold wanders as it does when whole data sets are drawn with replacement."""
    rng = np.random.default_rng(5)
    ev = drawn(rng, 600)
    cost = {"fp": 1, "fn": 4}
    tally: Any = ev.scores
    scores, y = np.repeat(tally.scores, 2), np.tile([0, 1], len(tally.scores))
    rows = np.repeat(np.arange(len(scores)), tally.mass.ravel())
    chosen = []
    for _ in range(400):
        picked = rows[rng.integers(0, len(rows), len(rows))]
        order = np.argsort(-scores[picked], kind="stable")
        gain = np.cumsum(np.where(y[picked][order] == 1, 4, -1))
        last = np.append(np.diff(scores[picked][order]) != 0, True)
        chosen.append(scores[picked][order][last][np.argmax(gain[last])])
    low, high = ev.choose(cost=cost).spread
    found_low, found_high = np.quantile(chosen, [0.025, 0.975])
    width = found_high - found_low
    assert low == pytest.approx(found_low, abs=0.25 * width)
    assert high == pytest.approx(found_high, abs=0.25 * width)
    narrow = ev.choose(cost=cost, level=0.5).spread
    assert low <= narrow[0] <= narrow[1] <= high


def test_a_seed_repeats_itself() -> None:
    """The same tally and seed give the same point; the seed is named."""
    ev = drawn(np.random.default_rng(6), 300)
    one, two, other = (ev.choose(maximize="f1", seed=seed) for seed in (1, 1, 2))
    assert str(one) == str(two)
    assert one.corrected.value != other.corrected.value
    assert "seed 1" in one.corrected.method
    assert (one.threshold, one.seed) == (other.threshold, 1)


def test_corrected_conditions_and_costs() -> None:
    """Held-out rows all count once, whatever the seats and weights; a perfect cost keeps a width."""
    rng = np.random.default_rng(9)
    for kind in ("weights", "seats"):
        point = KINDS[kind](rng).choose(maximize="recall", where="specificity >= 0.1")
        assert point
        assert 0 < point.corrected.n <= point.apparent.n
        assert point.achieved_corrected[0].defined
    perfect = uc.evaluate([0, 0, 1, 1], y_score=[0.1, 0.2, 0.8, 0.9]).choose(cost={"fp": 1, "fn": 10})
    assert perfect.expected_cost == 0
    assert perfect.expected_cost.high > 0


def test_a_correction_that_no_fold_allows() -> None:
    """Where nine tenths of the rows allow no threshold, the corrected value is undefined and says why."""
    ev = uc.evaluate([0, 0, 1], y_score=[0.1, 0.2, 0.8])
    point = ev.choose(maximize="recall", where="support >= 1 and specificity >= 1 and precision.low >= 0.2", seed=0)
    assert point
    tight = ev.choose(maximize="recall", where="predicted_prevalence >= 0.33 and predicted_prevalence <= 0.34")
    assert tight.threshold == 0.8
    assert not tight.corrected.defined or tight.corrected.n <= tight.apparent.n


# ── many rows ─────────────────────────────────────────────────────────────────────────────────
def test_a_million_scores() -> None:
    """Exact over a million distinct scores in seconds: luck alone is measured on groups of neighbours."""
    rng = np.random.default_rng(10)
    y = (rng.random(1_000_000) < 0.02).astype(int)
    scores = 1 / (1 + np.exp(4 - rng.normal(size=len(y)) - 2 * y))
    ev = uc.evaluate(y, y_score=scores)
    start = time.perf_counter()
    point = ev.choose(cost={"fp": 1, "fn": 20})
    assert time.perf_counter() - start < 20
    assert point.threshold in scores
    assert "groups of scores" in point.corrected.method
    order = np.argsort(-scores)
    costs = np.cumsum(np.where(y[order] == 1, -20, 1))
    assert point.threshold == scores[order][np.argmin(costs)]
    few: Any = grouped(ev.scores)  # type: ignore[arg-type]
    rows = few.full[1:].sum(1)
    assert len(few.scores) < 12_000
    assert few.total == ev.total
    nearer = np.minimum(np.cumsum(rows), np.cumsum(rows[::-1])[::-1])
    assert (rows <= 1 + nearer / 400).all()


# ── guarantees ────────────────────────────────────────────────────────────────────────────────
def test_a_guarantee_takes_the_rows_that_tong_feng_and_li_publish() -> None:
    """59 negative rows for fpr <= 0.05 at 0.95, 299 for 0.01 (Tong, Feng & Li 2018); one fewer is refused."""
    for alpha, rows in ((0.05, 59), (0.01, 299)):
        asked = {"maximize": "recall", "where": f"fpr <= {alpha}", "guarantee": 0.95}
        y = np.r_[np.zeros(rows, int), 1, 1]
        scores = np.r_[np.linspace(0.1, 0.8, rows), 0.5, 0.9]
        assert uc.evaluate(y, y_score=scores).choose(**asked).matrix.ravel() == (rows, 0, 1, 1)
        with pytest.raises(InsufficientData, match=f"{rows} negative rows would do"):
            uc.evaluate(y[1:], y_score=scores[1:]).choose(**asked)


@pytest.mark.parametrize(
    ("n", "alpha", "delta"), [(59, 0.05, 0.05), (300, 0.1, 0.01), (5000, 0.05, 0.1), (10**6, 1e-3, 0.5)]
)
def test_the_errors_allowed_are_those_of_the_binomial_distribution(n: int, alpha: float, delta: float) -> None:
    m = most_errors(n, alpha, delta)
    assert stats.binom.cdf(m, n, alpha) <= delta < stats.binom.cdf(m + 1, n, alpha)


@pytest.mark.parametrize("where", ["fpr <= 0.1", "specificity >= 0.9", "recall >= 0.9", "fnr <= 0.1"])
def test_a_guarantee_is_kept_in_as_many_samples_as_it_says(where: str) -> None:
    """400 samples of 200 rows: the population breaks the condition in at most 10 % of them, and two standard errors.

    Without a guarantee it does so in about every second one.
    """
    rng, broken = np.random.default_rng(12), np.zeros(2)
    error = (lambda t: 1 - NORMAL.cdf(t)) if where[0] in "fs" and "fnr" not in where else (lambda t: NORMAL.cdf(t - 1))
    goal = (None, "fpr") if where.startswith(("recall", "fnr")) else ("recall", None)
    for _ in range(400):
        y = np.repeat([0, 1], 100)
        tally: Any = uc.evaluate(y, y_score=rng.normal(size=200) + y, score_kind="raw").scores
        sweep = Sweep.of(tally)
        for i, guarantee in enumerate((0.9, None)):
            place = Problem.of(tally.labels, None, *goal, where, 0.95, guarantee).best(sweep)
            broken[i] += error(sweep.thresholds[place]) > 0.1
    assert broken[0] <= 400 * 0.1 + 2 * math.sqrt(400 * 0.1 * 0.9)
    assert broken[1] > 400 * 0.3


def test_a_guarantee_without_anything_to_hold_is_refused() -> None:
    ev = of_probabilities(np.random.default_rng(0))
    no_bounds = (None, "mcc >= 0.9", "precision == 0.9", "recall@macro >= 0.1", "fpr.high <= 0.1", "fpr <= 0")
    for where, guarantee in (*((where, 0.9) for where in no_bounds), ("fpr <= 0.1", 1), ("fpr <= 0.1", 0.1)):
        with pytest.raises(UsageError, match="guarantee="):
            ev.choose(maximize="recall", where=where, guarantee=guarantee)
    with pytest.raises(NotKept, match="weighted"):
        of_weights(np.random.default_rng(0)).choose(maximize="recall", where="fpr <= 0.1", guarantee=0.9)


def test_a_guaranteed_point_says_so() -> None:
    point = drawn(np.random.default_rng(1), 400).choose(maximize="recall", where="fpr <= 0.1", guarantee=0.95)
    assert point.objective == "highest recall where fpr <= 0.1 of the population with probability 0.95"
    assert float(point.achieved[0]) < 0.1
