"""Reported figures against counts: every slip is named that gives them, and none that does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unconfused as uc
from unconfused import errors
from unconfused.diagnosis.figures import Figure

metrics = pytest.importorskip("sklearn.metrics")
RNG = np.random.default_rng(1)
TRUTH = (RNG.random(2000) < 0.3).astype(int)
SCORE = np.round(np.clip(0.1 + 0.5 * RNG.random(2000) + 0.35 * TRUTH * RNG.random(2000), 0, 1), 2)
GUESS, ABOVE = (SCORE >= 0.5).astype(int), (SCORE > 0.5).astype(int)
EV = uc.evaluate(TRUTH, y_score=SCORE)


def shown(**values: float) -> dict[str, str]:
    return {name: f"{x:.4f}" for name, x in values.items()}


def names(made: Any, *, certain: bool = True) -> list[str]:
    return [cause.name for cause in made.causes if cause.certain == certain]


@pytest.mark.parametrize(
    ("figures", "cause"),
    [
        (shown(f1=metrics.f1_score(TRUTH, GUESS), recall=metrics.recall_score(TRUTH, GUESS)), "as counted"),
        (shown(f1=metrics.f1_score(TRUTH, ABOVE), accuracy=metrics.accuracy_score(TRUTH, ABOVE)), "> for >="),
        (
            shown(recall=metrics.recall_score(GUESS, TRUTH), precision=metrics.precision_score(GUESS, TRUTH)),
            "swapped axes",
        ),
        (shown(f1=metrics.f1_score(TRUTH, GUESS, pos_label=0)), "other positive class"),
        (shown(f1=metrics.f1_score(TRUTH, GUESS, average="macro")), "macro"),
        (shown(f1=metrics.f1_score(TRUTH, GUESS, average="weighted")), "weighted"),
        (shown(f1=metrics.f1_score(TRUTH, GUESS, average="micro")), "micro"),
        (
            shown(f1=metrics.f1_score(TRUTH, SCORE >= 0.4), recall=metrics.recall_score(TRUTH, SCORE >= 0.4)),
            "threshold",
        ),
        (shown(roc_auc=1 - metrics.roc_auc_score(TRUTH, SCORE)), "other positive class"),
    ],
)
def test_a_slip_is_named_for_certain(figures: dict[str, str], cause: str) -> None:
    """Figures as scikit-learn gives them under each slip."""
    made = EV.reconcile(figures)
    assert cause in names(made)
    for found in made.causes:
        for name, text in figures.items():
            assert f"{found.values[name]:.4f}" == text


def test_several_causes_are_all_told() -> None:
    """A score of exactly one half is called otherwise by two rules that give the same figures."""
    made = EV.reconcile(shown(f1=metrics.f1_score(TRUTH, ABOVE), accuracy=metrics.accuracy_score(TRUTH, ABOVE)))
    assert {"> for >=", "threshold"} <= set(names(made))
    assert str(made).startswith("metric")
    assert "Each of these gives the figures to every digit" in str(made)


def test_what_depends_on_the_batches_is_possible_only() -> None:
    """Averaged batches and a lost order are named, and not for certain."""
    parts = [slice(i, i + 32) for i in range(0, 2000, 32)]
    mean = np.mean([metrics.recall_score(TRUTH[x], GUESS[x], zero_division=0) for x in parts])
    made = EV.reconcile(recall=f"{mean:.3f}")
    assert names(made) == []
    assert "averaged batches" in names(made, certain=False)
    lost = np.random.default_rng(5).permutation(GUESS)
    made = EV.reconcile(
        accuracy=f"{metrics.accuracy_score(TRUTH, lost):.3f}", recall=f"{metrics.recall_score(TRUTH, lost):.3f}"
    )
    assert "row order lost" in names(made, certain=False)
    made = EV.reconcile(accuracy=f"{metrics.accuracy_score(TRUTH[:1984], GUESS[:1984]):.5f}")
    assert made.tables == 0
    assert "dropped last batch" in names(made, certain=False)
    assert "row order lost" not in names(made, certain=False)


@pytest.mark.parametrize("figures", [{"accuracy": "0.9999", "f1": "0.10"}, {"accuracy": "0.72345"}])
def test_figures_that_no_table_gives(figures: dict[str, str]) -> None:
    """Granularity: 2,000 rows have no accuracy of 0.72345, and no 600 positives such a pair."""
    made = EV.reconcile(figures)
    assert made.tables == 0
    assert names(made) == []
    assert "No matrix with these rows of each class" in str(made)
    assert made.to_dict()["tables"] == 0


def test_counting_tables_is_counting_tables() -> None:
    """All 2x2 with four and five rows that have a recall of 0.75 and a precision of 0.60, by plain loops."""
    cm = uc.ConfusionMatrix.from_counts([[5, 0], [1, 3]])
    ev = uc.evaluate([0] * 5 + [1] * 4, [0] * 5 + [0, 1, 1, 1])
    assert np.array_equal(ev.matrix.counts, cm.counts)
    made = ev.reconcile(recall="0.75", precision="0.60", accuracy="0.67")
    found = 0
    for tp in range(5):
        for fp in range(6):
            table = np.array([[5 - fp, fp], [4 - tp, tp]])
            y = np.repeat([0, 0, 1, 1], table.ravel())
            z = np.repeat([0, 1, 0, 1], table.ravel())
            fits = False
            for how in ({"pos_label": 1}, {"pos_label": 0}, *({"average": x} for x in ("macro", "micro", "weighted"))):
                got = [f(y, z, zero_division=np.nan, **how) for f in (metrics.recall_score, metrics.precision_score)]
                got.append(metrics.accuracy_score(y, z))
                fits |= all(abs(a - b) <= 0.005 + 1e-9 for a, b in zip(got, (0.75, 0.60, 0.67), strict=True))
            found += fits
    assert made.tables == found


def test_several_classes() -> None:
    truth = RNG.integers(0, 4, 500)
    guess = np.where(RNG.random(500) < 0.7, truth, 0)
    ev = uc.evaluate(truth, guess)
    made = ev.reconcile({"f1@macro": f"{metrics.f1_score(truth, guess, average='weighted'):.4f}"})
    assert names(made) == ["weighted"]
    made = ev.reconcile({"recall[2]": f"{metrics.recall_score(truth, guess, labels=[2], average=None)[0]:.4f}"})
    assert names(made)[0] == "as counted"
    assert ev.reconcile(accuracy="0.70001").tables == 0


@pytest.mark.parametrize(
    ("given", "value", "half"),
    [("0.90", 0.9, 0.005), (0.9, 0.9, 0.05), ("90.5 %", 0.905, 0.0005), ("1e-3", 0.001, 0.0005), (1, 1.0, 0.5)],
)
def test_digits_count(given: Any, value: float, half: float) -> None:
    figure = Figure.read("accuracy", given)
    assert (figure.value, figure.half) == (pytest.approx(value), pytest.approx(half))
    assert figure.holds(np.array([value + 0.99 * half, value + 1.01 * half])).tolist() == [True, False]


def test_what_cannot_be_reconciled() -> None:
    for figures, kind in (({}, errors.UsageError), ({"accuracy": "high"}, errors.UsageError),
                          ({"recall@worst": "0.5"}, errors.UsageError), ({"accurracy": 1}, errors.UnknownMetric),
                          ({"accuracy": "nan"}, errors.UsageError)):  # fmt: skip
        with pytest.raises(kind):
            EV.reconcile(figures)
    with pytest.raises(errors.NotKept):
        uc.evaluate([0, 1], [0, 1]).reconcile(roc_auc=0.9)
