"""Guarantees of shares that neither rise nor fall with the threshold: Learn then Test."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from scipy import stats

import unconfused as uc
from unconfused.decide.problem import Problem
from unconfused.decide.sweep import Sweep
from unconfused.decide.tested import candidates
from unconfused.errors import InsufficientData, UsageError

NORMAL = NormalDist()
SHARE, GAP = 0.3, 1.5


def drawn(n: int, seed: int) -> uc.Evaluation:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < SHARE).astype(int)
    return uc.evaluate(y, y_score=rng.normal(size=n) + GAP * y, score_kind="raw")


def in_population(metric: str, threshold: float) -> float:
    tp, fp = SHARE * (1 - NORMAL.cdf(threshold - GAP)), (1 - SHARE) * (1 - NORMAL.cdf(threshold))
    fn, tn = SHARE - tp, 1 - SHARE - fp
    return {"precision": tp / (tp + fp), "accuracy": tp + tn, "f1": 2 * tp / (2 * tp + fp + fn),
            "npv": tn / (tn + fn), "false_omission_rate": fn / (tn + fn)}[metric]  # fmt: skip


@pytest.mark.parametrize(
    ("where", "goal"),
    [
        ("precision >= 0.65", "recall"),
        ("accuracy >= 0.74", "recall"),
        ("f1 >= 0.55", "precision"),
        ("npv >= 0.9", "precision"),
        ("false_omission_rate <= 0.1", "precision"),
    ],
)
def test_it_is_kept_in_as_many_samples_as_it_says(where: str, goal: str) -> None:
    """200 samples of 500 rows: the population breaks it in at most 10 % of them and two standard errors; without it
    far more often. Where no threshold passes nothing is broken.
    """
    metric, op, value = where.split()
    broken, chosen = np.zeros(2), np.zeros(2)
    for seed in range(200):
        tally: Any = drawn(500, seed).scores
        sweep = Sweep.of(tally)
        for i, guarantee in enumerate((0.9, None)):
            place = Problem.of(tally.labels, None, goal, None, where, 0.95, guarantee).best(sweep)
            if place is not None:
                true = in_population(metric, float(sweep.thresholds[place]))
                chosen[i] += 1
                broken[i] += true < float(value) if op == ">=" else true > float(value)
    assert broken[0] <= 200 * 0.1 + 2 * math.sqrt(200 * 0.1 * 0.9)
    assert broken[1] > 200 * 0.2
    assert chosen[0] > 100, "it is no guarantee never to answer"


def test_a_chosen_point_passes_by_scipy_and_holm() -> None:
    """Each candidate by SciPy's binomial test, then Holm by hand: the best recall of those that pass."""
    ev = drawn(800, 3)
    point = ev.choose(maximize="recall", where="precision >= 0.7", guarantee=0.95)
    assert isinstance(point, uc.OperatingPoint)
    sweep = Sweep.of(ev.scores)  # type: ignore[arg-type]
    places = candidates(sweep.sample)
    tables = [ev.at(sweep.thresholds[at]) for at in places]
    p = np.array([stats.binomtest(cm.tp, cm.tp + cm.fp, 0.7, alternative="greater").pvalue for cm in tables])
    order, passed = np.argsort(p), []
    for rank, at in enumerate(order):
        if p[at] > 0.05 / (len(p) - rank):
            break
        passed.append(at)
    best = max(passed, key=lambda at: (tables[at].tp, -tables[at].fp))
    assert point.threshold == sweep.thresholds[places[best]]
    assert point.objective == "highest recall where precision >= 0.7 of the population with probability 0.95"


def test_candidates_do_not_look_at_the_classes() -> None:
    """Other classes at the same scores: the same thresholds."""
    rng = np.random.default_rng(0)
    s = rng.random(300).round(2)
    a, b = (Sweep.of(uc.evaluate(rng.integers(0, 2, 300), y_score=s).scores) for _ in range(2))  # type: ignore[arg-type]
    assert (candidates(a.sample) == candidates(b.sample)).all()
    assert 40 <= len(candidates(a.sample)) <= 50


def test_what_cannot_be_sure_says_what_would() -> None:
    """Too few rows: how many would do; none that passes: infeasible, not the nearest; no share: refused."""
    with pytest.raises(InsufficientData, match="such rows would do"):
        drawn(40, 0).choose(maximize="recall", where="precision >= 0.9", guarantee=0.95)
    never = drawn(1000, 0).choose(maximize="recall", where="precision >= 0.97", guarantee=0.95)
    assert not never
    assert "with probability 0.95 of the population" in never.reason
    with pytest.raises(UsageError, match="share of rows"):
        drawn(100, 0).choose(maximize="recall", where="mcc >= 0.2", guarantee=0.95)
