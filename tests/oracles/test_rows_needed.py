"""How many rows would do: against closed forms, simulated samples of that size, and every metric's own interval."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import NormalDist

import jsonschema
import numpy as np
import pytest

import unconfused as uc
from unconfused.errors import InsufficientData, NotKept, UsageError
from unconfused.inference.rows import least_factor, told
from unconfused.metrics.catalogue import CATALOGUE
from unconfused.tally.confusion import ConfusionMatrix

SCHEMA = json.loads((Path(uc.__file__).parent / "show" / "schema.json").read_text(encoding="utf-8"))
Z = NormalDist().inv_cdf(0.975)


def matrix(tn: int, fp: int, fn: int, tp: int) -> ConfusionMatrix:
    return ConfusionMatrix.from_counts([[tn, fp], [fn, tp]], labels=["no", "yes"], pos_label="yes")


def of_matrix(cm: ConfusionMatrix) -> uc.Evaluation:
    truth, called = np.repeat(np.indices((2, 2)).reshape(2, 4), cm.counts.ravel(), axis=1)
    return uc.evaluate(truth, called)


# ── a width ───────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("width", [0.1, 0.05, 0.01])
def test_a_proportion_by_the_closed_form(width: float) -> None:
    """As many positive rows as Wilson's interval needs to be so narrow, found by trying every number."""
    ev = of_matrix(matrix(700, 100, 40, 160))
    made = ev.rows_needed("recall", width=width)

    def wide(n: float) -> float:
        return 2 * Z * math.sqrt(0.8 * 0.2 * n + Z**2 / 4) / (n + Z**2)

    least = next(n for n in range(1, 10**6) if wide(n) <= width)
    assert made.rows * 0.2 == pytest.approx(least, rel=0.02)
    assert made.by_class["1"] == pytest.approx(least - 200, rel=0.02)
    assert made.by_class["0"] is None, "recall does not look at negatives"


def test_simulated_samples_of_that_size_are_so_wide() -> None:
    """Samples with as many rows have intervals that wide on average: a proportion, a delta-method metric, the AUC."""
    rng = np.random.default_rng(0)
    cm = matrix(700, 100, 40, 160)
    ev = of_matrix(cm)
    for metric in ("recall", "f1", "mcc", "precision"):
        rows = ev.rows_needed(metric, width=0.06).rows
        drawn = rng.multinomial(rows, cm.counts.ravel() / cm.total, 60)
        e = [matrix(*x).estimate(metric) for x in drawn.tolist()]
        assert np.mean([x.high - x.low for x in e]) == pytest.approx(0.06, rel=0.03), metric

    def scored(n: int, seed: int) -> uc.Evaluation:
        draw = np.random.default_rng(seed)
        y = (draw.random(n) < 0.3).astype(int)
        return uc.evaluate(y, y_score=draw.normal(size=n) + 1.2 * y, score_kind="raw")

    rows = scored(2000, 1).rows_needed("roc_auc", width=0.02).rows
    e = [scored(rows, seed).estimate("roc_auc") for seed in range(2, 12)]
    assert np.mean([x.high - x.low for x in e]) == pytest.approx(0.02, rel=0.05)


@pytest.mark.parametrize("name", sorted(n for n, m in CATALOGUE.items() if m.of == "counts" and m.kind != "count"))
def test_every_metric_of_counts(name: str) -> None:
    """Its own interval on that many times the rows is so wide, and on a tenth fewer rows it is wider."""
    cm = matrix(7000, 1000, 400, 1600)
    text = f"{name}(2)" if name == "fbeta" else name
    now = cm.estimate(text)
    if now.high - now.low < 1e-6 or not math.isfinite(now.high):
        pytest.skip("it has no width to narrow")
    made = of_matrix(cm).rows_needed(text, width=(now.high - now.low) / 2)
    share = made.rows / made.total
    for factor, sign in ((1.02, 1), (0.9, -1)):
        e = ConfusionMatrix.from_counts((cm.counts * share * factor).round().astype(int), labels=cm.labels).estimate(
            text
        )
        assert sign * (made.width - (e.high - e.low)) > 0


def test_scaling_rows_is_telling_them_again() -> None:
    """`told` of any tally is the sum of as many of it; of one class, of its rows alone."""
    y, p = [0, 1, 2, 1], np.array([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.6, 0.3, 0.1]])
    ev = uc.evaluate(y, y_score=p)
    for tally in (ev.matrix, ev.scores, ev.ranks, *ev.moments.values(), ev[1].scores):
        assert told(tally, 3) == tally + tally + tally
    only = told(ev.matrix, 4, 1)
    assert only.counts.tolist() == (ev.matrix.counts * np.array([[1], [4], [1]])).tolist()
    one = told(ev[1].scores, 4, 1)
    assert (one.positives, one.negatives) == (8, 2)


def test_which_class_is_short() -> None:
    """Where the metric does not depend on the shares of the classes, either may do, or none; else none is named."""
    ev = of_matrix(matrix(90000, 10000, 20, 80))
    assert ev.rows_needed("balanced_accuracy", width=0.02).by_class["0"] is None
    assert ev.rows_needed("balanced_accuracy", width=0.02).by_class["1"] > 1000
    assert ev.rows_needed("precision", width=0.001).by_class == {}
    assert ev.rows_needed("recall", width=0.5).more == 0
    assert "already" in str(ev.rows_needed("recall", width=0.5))


def test_the_factor_between_whole_ones() -> None:
    """Of a width that falls as 1 / √k the least factor is found to within the rounding."""
    for aim in (1.0, 1.5, 2.3, 17.0, 900.0, 12345.6):
        assert least_factor(lambda k, aim=aim: math.sqrt(aim / k), 10**9) == pytest.approx(aim, rel=1e-6)
    assert least_factor(lambda k: 2.0, 1000) is None


# ── two models ────────────────────────────────────────────────────────────────────────────────
def test_power_of_two_models_apart() -> None:
    """Samples of that size tell the two apart as often as was asked."""
    rng = np.random.default_rng(3)
    a, b = matrix(700, 100, 40, 160), matrix(640, 160, 20, 180)
    made = of_matrix(a).rows_needed("accuracy", against=of_matrix(b), power=0.8)
    ones = rng.binomial(made.rows, 0.86, 4000), rng.binomial(made.rows, 0.82, 4000)
    p = [x / made.rows for x in ones]
    z = (p[0] - p[1]) / np.sqrt(sum(q * (1 - q) for q in p) / made.rows)
    assert (z > Z).mean() == pytest.approx(0.8, abs=0.025)


def test_power_of_two_models_on_the_same_rows() -> None:
    """From a comparison: McNemar's test on as many rows finds it as often as was asked; fewer rows than apart."""
    rng = np.random.default_rng(4)
    cells = np.array([0.78, 0.04, 0.08, 0.1])  # both right, only the first, only the second, neither
    n = 1000
    kinds = np.repeat(np.arange(4), (cells * n).round().astype(int))
    y = np.arange(n) % 2
    first, second = np.isin(kinds, (0, 1)), np.isin(kinds, (0, 2))
    compared = uc.compare(
        y, y_pred={"a": np.where(first, y, 1 - y), "b": np.where(second, y, 1 - y)}, metrics=["accuracy"]
    )
    made = compared.rows_needed("accuracy")
    assert made.paired
    drawn = rng.multinomial(made.rows, cells, 4000)
    z = (drawn[:, 2] - drawn[:, 1]) / np.sqrt(drawn[:, 1] + drawn[:, 2])
    assert (z > Z).mean() == pytest.approx(0.8, abs=0.03)
    apart = [uc.evaluate(y, np.where(x, y, 1 - y)) for x in (first, second)]
    assert made.rows < apart[0].rows_needed("accuracy", against=apart[1]).rows


# ── refusals, and how it looks ────────────────────────────────────────────────────────────────
def test_refusals() -> None:
    """Neither or both of a width and a model, no width, an undefined metric, equal models, a view."""
    ev = of_matrix(matrix(700, 100, 40, 160))
    for wrong in ({}, {"width": 0.1, "against": ev}):
        with pytest.raises(UsageError, match="width= and against="):
            ev.rows_needed("recall", **wrong)
    for width in (0, -1, math.nan, math.inf):
        with pytest.raises(UsageError, match="no width"):
            ev.rows_needed("recall", width=width)
    with pytest.raises(InsufficientData, match="undefined"):
        of_matrix(matrix(5, 5, 0, 0)).rows_needed("recall", width=0.1)
    with pytest.raises(InsufficientData, match="the same for both"):
        ev.rows_needed("recall", against=ev)
    with pytest.raises(UsageError, match="no probability"):
        ev.rows_needed("recall", against=of_matrix(matrix(1, 2, 3, 4)), power=1)
    with pytest.raises(InsufficientData, match="even 1,099"):
        ev.rows_needed("recall", width=1e-9)
    with pytest.raises(NotKept, match="view"):
        ev.at_prevalence(0.01).rows_needed("precision", width=0.1)
    with pytest.raises(NotKept, match="apart"):
        uc.compare({"a": ev, "b": ev}).rows_needed("recall")


def test_how_it_looks() -> None:
    """A sentence, and data after the schema."""
    ev = of_matrix(matrix(700, 100, 40, 160))
    other = of_matrix(matrix(640, 160, 20, 180))
    for made in (ev.rows_needed("recall", width=0.05), ev.rows_needed("recall", against=other)):
        assert max(map(len, str(made).splitlines())) <= 80
        jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(made.to_dict(), allow_nan=False)))
    assert str(ev.rows_needed("recall", width=0.05)).startswith(
        "recall is 0.800 [0.74, 0.85] on 1,000 rows, 0.11 wide."
    )
