"""What holds of every metric and every average: range, reasons, symmetry, scale, and intervals that hold the value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from unconfused.errors import AmbiguousCall, NotKept, UsageError
from unconfused.inference import Estimate, estimate, estimates
from unconfused.labels import Labels
from unconfused.metrics import CATALOGUE, find
from unconfused.metrics.average import AVERAGES
from unconfused.metrics.catalogue import Metric
from unconfused.metrics.language import parse
from unconfused.metrics.ranking import Masses
from unconfused.tally.cells import Cells
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.scores import ScoreTally

Table = NDArray[Any]
ARGUMENTS: dict[str, tuple[tuple[Any, ...], ...]] = {
    "fbeta": ((2,), (0.5,)),
    "kappa": ((), ("linear",), ("quadratic",)),
    "partial_roc_auc": ((0.1,), (1,)),
    **dict.fromkeys(["ece", "ece_equal_mass", "squared_ece"], ((), (3,))),
    "pr_auc": ((), ("interpolated",), ("trapezoid",), ("spark",)),
}
OF_COUNTS = [(m, args) for m in CATALOGUE.values() if m.of == "counts" for args in ARGUMENTS.get(m.name, ((),))]
OF_SCORES = [
    (m, args) for m in CATALOGUE.values() if m.of in ("scores", "moments") for args in ARGUMENTS.get(m.name, ((),))
]
EPS = 1e-12


def spelled(metric: Metric, args: tuple[Any, ...], average: str = "") -> str:
    inside = f"({', '.join(map(str, args))})" if args else ""
    return f"{metric.name}{inside}" + (f"@{average}" if average else "")


# ── tables with empty rows, columns and cells, from one row to a billion ──────────────────────
CELL = st.one_of(st.just(0), st.just(0), st.integers(0, 3), st.integers(0, 10**9))


@st.composite
def tables(draw: st.DrawFn, least: int = 1, most: int = 4) -> Table:
    k = draw(st.integers(least, most))
    table = np.array(draw(st.lists(CELL, min_size=k * k, max_size=k * k)), np.int64).reshape(k, k)
    for axis, places in enumerate(draw(st.tuples(*[st.sets(st.integers(0, k - 1), max_size=1)] * 2))):
        for place in places:
            table[(place,) if axis == 0 else (slice(None), place)] = 0
    return table


@st.composite
def matrices(draw: st.DrawFn, least: int = 1) -> ConfusionMatrix:
    """Of counts or of weights, with and without seats."""
    table = draw(tables(least))
    k = len(table)
    full = np.zeros((k + 2, k + 2), np.int64)
    full[:k, :k] = table
    for place in draw(st.sets(st.sampled_from([(0, k), (k, 0), (k + 1, k - 1), (k, k), (k - 1, k + 1)]), max_size=2)):
        full[place] = draw(st.integers(0, 20))
    labels = Labels(range(k), pos_label=k - 1, declared=True)
    if not draw(st.booleans()):
        return ConfusionMatrix(labels, full)
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    means = rng.exponential(size=full.shape) * 10.0 ** rng.integers(-3, 4, full.shape)
    spread = 1 + rng.random(full.shape)
    return ConfusionMatrix(labels, full, full * means, full * means**2 * spread)


def within(metric: Metric, values: Any) -> bool:
    low, high = metric.range
    values = np.asarray(values)
    slack = EPS * max(1.0, abs(low), 0.0 if np.isinf(high) else abs(high))
    inside = (values >= low - slack) & (values <= high + slack)
    return bool((inside | np.isnan(values)).all())


def same(a: Any, b: Any, tolerance: float = 1e-9) -> bool:
    return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True))


def readings(c: Cells) -> Iterator[tuple[str, Metric, Any]]:
    """Every metric as it stands, by class and on every average."""
    for metric, args in OF_COUNTS:
        yield spelled(metric, args), metric, metric(c, *args)
        if metric.per_class or c.table is not None:
            yield spelled(metric, args) + "[…]", metric, metric.by_class(c, *args)
        for name, average in AVERAGES.items():
            if (name == "worst" and metric.better is None) or (name == "micro" and reads_every_cell(metric)):
                continue
            yield spelled(metric, args, name), metric, average(metric, *args)(c)


def reads_every_cell(metric: Metric) -> bool:
    return metric.name in ("kappa", "mutual_information", "normalized_mutual_information")


# ── range, scale, symmetry ────────────────────────────────────────────────────────────────────
@given(matrices())
@settings(max_examples=40)
def test_every_value_is_in_range(cm: ConfusionMatrix) -> None:
    """NaN or inside the declared range, by class and averaged, of counts and of weights."""
    for name, metric, value in readings(cm.cells()):
        assert within(metric, value), (name, value)
        assert not np.isinf(value).any(), name


@given(tables(), st.sampled_from([2, 1000, 10**6]))
@settings(max_examples=20)
def test_scale_does_not_matter(table: Table, factor: int) -> None:
    """Every row told a thousand times over leaves every rate where it is."""
    one, many = Cells.of_table(table.astype(float)), Cells.of_table(table.astype(float) * factor)
    for (name, metric, a), (_, _, b) in zip(readings(one), readings(many), strict=True):
        if metric.kind == "count":
            assert same(np.asarray(a) * factor, b), name
        else:
            assert same(a, b), name


@given(tables(least=2), st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_the_order_of_classes_does_not_matter(table: Table, random: Any) -> None:
    """Per class the values move with their class; overall and on average nothing moves."""
    order = list(range(len(table)))
    random.shuffle(order)
    moved = Cells.of_table(table[np.ix_(order, order)].astype(float))
    backward = Cells.of_table(table[::-1, ::-1].astype(float))
    for (name, _metric, a), (_, _, b), (_, _, c) in zip(
        readings(Cells.of_table(table.astype(float))), readings(moved), readings(backward), strict=True
    ):
        by_class = np.shape(a) == (len(table),)
        if not (name.startswith("kappa(") and "[" not in name and "@" not in name):  # near misses know the order
            assert same(np.asarray(a)[order] if by_class else a, b), name
        assert same(np.asarray(a)[::-1] if by_class else a, c), name


SWAPPED = {
    "precision": "recall",
    "npv": "specificity",
    "fpr": "false_omission_rate",
    "fnr": "fdr",
    "informedness": "markedness",
    "prevalence": "predicted_prevalence",
}
KEPT = (
    "accuracy", "error_rate", "jaccard", "f1", "dice", "fowlkes_mallows", "mcc", "kappa", "kappa(linear)",
    "kappa(quadratic)", "mutual_information", "normalized_mutual_information", "mean_iou", "diagnostic_odds_ratio",
    "lift",
)  # fmt: skip


@given(tables(), st.integers(0, 3))
@settings(max_examples=40)
def test_axes_exchanged(table: Table, seats: int) -> None:
    """What is precision of a matrix is recall of the transposed one; what treats both alike stays."""
    table = np.pad(table, (0, 2)).astype(float)
    table[-1, 0] = table[0, -2] = seats
    here, there = (Cells.of_table(x, len(table) - 2) for x in (table, table.T))
    for a, b in (*SWAPPED.items(), *((b, a) for a, b in SWAPPED.items())):
        assert same(CATALOGUE[a](here), CATALOGUE[b](there)), (a, b)
    for text in KEPT:
        query = parse(text)
        assert same(query.metric(here, *query.args), query.metric(there, *query.args)), text
    assert same(CATALOGUE["fbeta"](here, 2), CATALOGUE["fbeta"](there, 0.5))


@given(tables(least=2))
@settings(max_examples=40)
def test_identities(table: Table) -> None:
    """What must agree by algebra, cell by cell."""
    c = Cells.of_table(table.astype(float))
    m = {name: find(name)(c) for name in CATALOGUE if CATALOGUE[name].of == "counts" and name != "fbeta"}
    for a, b in (("recall", "fnr"), ("specificity", "fpr"), ("precision", "fdr"), ("npv", "false_omission_rate"),
                 ("accuracy", "error_rate")):  # fmt: skip
        assert same(m[a] + m[b], np.where(np.isnan(m[a]), np.nan, 1.0)), (a, b)
    assert same(m["f1"], m["dice"])
    assert same(m["f1"], CATALOGUE["fbeta"](c, 1))
    assert same(m["informedness"], m["recall"] + m["specificity"] - 1)
    assert same(m["lift"] * m["prevalence"], np.where(np.isnan(m["lift"]), np.nan, m["precision"]))
    assert same(AVERAGES["macro"](CATALOGUE["recall"])(c), m["balanced_accuracy"])
    assert same(AVERAGES["weighted"](CATALOGUE["recall"])(c), m["accuracy"])
    for name in ("precision", "recall", "f1"):
        assert same(AVERAGES["micro"](CATALOGUE[name])(c), m["accuracy"]), name
    assert same(m["support"].sum(), c.n[0])


@given(tables(least=2), tables(least=2), st.integers(0, 2))
@settings(max_examples=20)
def test_metrics_of_a_sum(a: Table, b: Table, gap: int) -> None:
    """metric(A ∪ B) is the metric of the summed tallies, also where B has other classes than A."""
    names = [f"c{i}" for i in range(len(a))], [f"c{i + gap}" for i in range(len(b))]
    made = []
    for table, classes in zip((a, b), names, strict=True):
        k = len(table)
        full = np.zeros((k + 2, k + 2), np.int64)
        full[:k, :k] = table
        made.append(ConfusionMatrix(Labels.infer(classes), full))
    total = made[0] + made[1]
    assume(total.total)
    union = sorted({*names[0], *names[1]})
    by_hand = np.zeros((len(union), len(union)))
    for table, classes in zip((a, b), names, strict=True):
        places = [union.index(x) for x in classes]
        by_hand[np.ix_(places, places)] += table
    kept = [i for i, x in enumerate(union) if x in total.labels]
    assert by_hand.sum() == total.total
    assert by_hand[np.ix_(kept, kept)].sum() == by_hand.sum()
    expected = Cells.of_table(by_hand[np.ix_(kept, kept)])
    for (name, _, x), (_, _, y) in zip(readings(total.cells()), readings(expected), strict=True):
        assert np.array_equal(x, y, equal_nan=True), name


# ── undefined exactly when it says ────────────────────────────────────────────────────────────
Condition = Callable[[int, int, int, int], bool]
UNDEFINED: dict[str, Condition] = {
    "precision": lambda tn, fp, fn, tp: tp + fp == 0,
    "fdr": lambda tn, fp, fn, tp: tp + fp == 0,
    "recall": lambda tn, fp, fn, tp: tp + fn == 0,
    "fnr": lambda tn, fp, fn, tp: tp + fn == 0,
    "specificity": lambda tn, fp, fn, tp: tn + fp == 0,
    "fpr": lambda tn, fp, fn, tp: tn + fp == 0,
    "npv": lambda tn, fp, fn, tp: tn + fn == 0,
    "false_omission_rate": lambda tn, fp, fn, tp: tn + fn == 0,
    "jaccard": lambda tn, fp, fn, tp: tp + fp + fn == 0,
    "f1": lambda tn, fp, fn, tp: tp + fp + fn == 0,
    "dice": lambda tn, fp, fn, tp: tp + fp + fn == 0,
    "fbeta": lambda tn, fp, fn, tp: tp + fp + fn == 0,
    "informedness": lambda tn, fp, fn, tp: tp + fn == 0 or tn + fp == 0,
    "g_mean": lambda tn, fp, fn, tp: tp + fn == 0 or tn + fp == 0,
    "markedness": lambda tn, fp, fn, tp: tp + fp == 0 or tn + fn == 0,
    "fowlkes_mallows": lambda tn, fp, fn, tp: tp + fn == 0 or tp + fp == 0,
    "lift": lambda tn, fp, fn, tp: tp + fn == 0 or tp + fp == 0,
    "prevalence": lambda tn, fp, fn, tp: tp + fp + fn + tn == 0,
    "predicted_prevalence": lambda tn, fp, fn, tp: tp + fp + fn + tn == 0,
    "prevalence_threshold": lambda tn, fp, fn, tp: tp + fn == 0 or tn + fp == 0 or tp == fp == 0,
    "positive_likelihood_ratio": lambda tn, fp, fn, tp: tp + fn == 0 or fp == 0,
    "negative_likelihood_ratio": lambda tn, fp, fn, tp: tp + fn == 0 or tn == 0,
    "diagnostic_odds_ratio": lambda tn, fp, fn, tp: fp == 0 or fn == 0,
    "support": lambda tn, fp, fn, tp: False,
    "accuracy": lambda tn, fp, fn, tp: tp + fp + fn + tn == 0,
    "error_rate": lambda tn, fp, fn, tp: tp + fp + fn + tn == 0,
    "coverage": lambda tn, fp, fn, tp: tp + fp + fn + tn == 0,
    "selective_accuracy": lambda tn, fp, fn, tp: tp + fp + fn + tn == 0,
    "no_information_rate": lambda tn, fp, fn, tp: tp + fp + fn + tn == 0,
    "mutual_information": lambda tn, fp, fn, tp: tp + fp + fn + tn == 0,
    "balanced_accuracy": lambda tn, fp, fn, tp: tp + fp + fn + tn == 0,
    "mean_iou": lambda tn, fp, fn, tp: tp + fp + fn + tn == 0,
    "frequency_weighted_iou": lambda tn, fp, fn, tp: tp + fp + fn + tn == 0,
    "adjusted_balanced_accuracy": lambda tn, fp, fn, tp: tp + fn == 0 or tn + fp == 0,
    "mcc": lambda tn, fp, fn, tp: 0 in (tp + fn, tn + fp, tp + fp, tn + fn),
    "kappa": lambda tn, fp, fn, tp: max(tn, tp, fp + fn) == tp + fp + fn + tn and fp + fn == 0,
    "normalized_mutual_information": lambda tn, fp, fn, tp: sum(x > 0 for x in (tn, fp, fn, tp)) <= 1,
}
"""When the 2x2 with these cells leaves a metric without a value."""


def test_every_metric_says_when_it_is_undefined() -> None:
    """The table above knows them all, and a reason is declared exactly where one can be needed."""
    assert set(UNDEFINED) == {m.name for m, _ in OF_COUNTS}
    for metric, _ in OF_COUNTS:
        assert bool(metric.undefined) == (metric.name != "support")
    for metric, _ in OF_SCORES:
        assert metric.undefined


@pytest.mark.parametrize("scale", [1, 10**9])
def test_undefined_exactly_when_it_says(scale: int) -> None:
    """Over all patterns of empty cells of a 2x2: NaN where the condition holds, with the reason; a number elsewhere."""
    for code in range(32):
        tn, fp, fn, tp = (scale * (code >> i & 1) * (1 + i * (code >> 4)) for i in range(4))
        cm = ConfusionMatrix.from_counts([[tn, fp], [fn, tp]])
        for metric, args in OF_COUNTS:
            found = cm.estimate(spelled(metric, args))
            expected = UNDEFINED[metric.name](tn, fp, fn, tp)
            where = (metric.name, (tn, fp, fn, tp), found.value)
            assert np.isnan(found.value) == expected, where
            assert (found.reason is not None) == expected == (not found.defined), where
            if expected:
                assert found.reason == metric.undefined, where
                assert np.isnan(found.low), where
                assert np.isnan(found.high), where
                assert str(found) == f"undefined ({metric.undefined})", where


def test_weights_leave_undefined_what_counts_do() -> None:
    """A cell without rows weighs exactly nothing, however the other weights round."""
    rng = np.random.default_rng(1)
    for k in [2] * 12 + [3] * 8 + [9] * 4:
        table = rng.integers(1, 4, (k, k)) * (rng.random((k, k)) < 0.4)
        if rng.random() < 0.3:  # everything is called one class
            table[:, 1:] = 0
        weights = table * rng.exponential(size=(k, k)) * 10.0 ** rng.integers(-4, 5, (k, k))
        cm, plain = ConfusionMatrix.from_counts(table, weights=weights), ConfusionMatrix.from_counts(table)
        for metric, args in OF_COUNTS:
            text = spelled(metric, args)
            for mine, theirs in zip(estimates(cm, text).values(), estimates(plain, text).values(), strict=True):
                assert mine.defined == theirs.defined, (mine.name, table.tolist(), mine.value, theirs.value)
                assert within(metric, mine.value), (mine.name, mine.value)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("k", [2, 3, 5])
def test_rows_that_weigh_nothing_divide_nothing(k: int) -> None:
    """Every metric and every average is undefined with a reason, and NumPy has nothing to warn of."""
    cm = ConfusionMatrix.from_counts(np.arange(1, k * k + 1).reshape(k, k), weights=np.zeros((k, k)))
    for metric, args in OF_COUNTS:
        found = list(estimates(cm, spelled(metric, args)).values())
        for average in AVERAGES:
            try:
                found.append(estimate(cm, spelled(metric, args, average)))
            except UsageError:  # overall as it is
                continue
        for e in found:
            assert e.reason if not e.defined else metric.kind == "count" or e.value == 0, e.name


# ── intervals ─────────────────────────────────────────────────────────────────────────────────
def holds(metric: Metric, found: Estimate) -> None:
    if not found.defined:
        assert np.isnan([found.value, found.low, found.high]).all(), found.name
        assert found.reason, found.name
        return
    assert found.reason is None, found.name
    low, high = metric.range
    assert low - EPS <= found.low <= found.value <= found.high <= high + EPS, (
        found.name,
        found.low,
        found.value,
        found.high,
    )
    assert np.isfinite([found.low, found.value]).all(), found.name
    assert found.method, found.name
    assert found.level == 0.95, found.name


@given(matrices())
@settings(max_examples=8)
def test_every_interval_holds_its_value(cm: ConfusionMatrix) -> None:
    """Of every metric, class and average, from an empty table to a billion rows."""
    for metric, args in OF_COUNTS:
        text = spelled(metric, args)
        by_class = estimates(cm, text)
        for found in by_class.values():
            holds(metric, found)
            assert found.n <= max(cm.total, 0), found.name
        if len(cm.labels):
            one = estimate(cm, f"{text}[0]")
            assert one.name == by_class[0].name
            assert same([one.value, one.low, one.high], [by_class[0].value, by_class[0].low, by_class[0].high]), (
                one.name
            )
        if not metric.per_class or len(cm.labels) <= 2:
            holds(metric, estimate(cm, text))
        else:
            with pytest.raises(AmbiguousCall):
                estimate(cm, text)
        for average in AVERAGES:
            asked = spelled(metric, args, average)
            if average == "worst" and metric.better is None:
                with pytest.raises(UsageError):
                    estimate(cm, asked)
                continue
            try:
                found = estimate(cm, asked)
            except NotKept:
                assert average == "micro"
                assert reads_every_cell(metric)
                continue
            holds(metric, found)
            undefined = tuple(str(x) for x, e in by_class.items() if not e.defined)
            assert found.left_out == (() if average == "micro" else undefined), asked


@given(matrices(), st.sampled_from(["wilson", "exact", "jeffreys"]), st.sampled_from([0.5, 0.9, 0.999]))
@settings(max_examples=8)
def test_every_method_holds_its_value(cm: ConfusionMatrix, method: str, level: float) -> None:
    """The other intervals of proportions, and other levels."""
    pytest.importorskip("scipy")
    for metric, args in OF_COUNTS:
        if metric.kind != "proportion":
            continue
        for found in estimates(cm, spelled(metric, args), method=method, level=level).values():
            if found.defined:
                assert 0 <= found.low <= found.value <= found.high <= 1, (found.name, method)
                assert found.level == level


# ── metrics of scores ─────────────────────────────────────────────────────────────────────────
@st.composite
def score_tallies(draw: st.DrawFn, kind: str | None = None) -> ScoreTally:
    """A few distinct scores, either class possibly absent."""
    kind = kind or draw(st.sampled_from(["probability", "logit", "raw"]))
    u = draw(st.integers(1, 6))
    pool = st.floats(0, 1) if kind == "probability" else st.floats(-1e3, 1e3)
    scores = np.array(sorted(draw(st.lists(pool, min_size=u, max_size=u, unique=True)))) + 0.0
    mass = np.array(draw(st.lists(CELL, min_size=2 * u, max_size=2 * u))).reshape(u, 2)
    mass[:, draw(st.sampled_from([[], [], [], [0], [1]]))] = 0
    scores, mass = scores[mass.any(1)], mass[mass.any(1)]
    if not len(scores):
        scores, mass = np.zeros(1), np.ones((1, 2), np.int64)
    full = np.pad(mass, ((1, 0), (0, 2))).astype(np.int64)
    labels = Labels([0, 1])
    if not draw(st.booleans()):
        return ScoreTally(labels, kind, scores, full)  # type: ignore[arg-type]
    w = full * draw(st.floats(1e-3, 1e3))
    return ScoreTally(labels, kind, scores, full, w, w * 2.0)  # type: ignore[arg-type]


def defined(metric: Metric, tally: ScoreTally) -> bool:
    positives, negatives = tally.positives > 0, tally.negatives > 0
    if metric.name in ("roc_auc", "partial_roc_auc", "ks"):
        return positives and negatives
    if metric.name == "squared_ece":  # some bin holds two rows
        return bool(np.isfinite(metric(Masses.of(tally))))
    return positives if metric.name in ("average_precision", "pr_auc") else positives or negatives


def of_probabilities(metric: Metric) -> bool:
    """It asks how probable a class is; a rank says nothing about that."""
    return metric.kind in ("loss", "calibration") or metric.name == "aurc"


@given(score_tallies())
@settings(max_examples=40)
def test_scores_in_range_and_undefined_when_they_say(tally: ScoreTally) -> None:
    """Every metric of scores, with its interval."""
    for metric, args in OF_SCORES:
        if tally.score_kind == "raw" and of_probabilities(metric):
            with pytest.raises(NotKept):
                estimate(tally, spelled(metric, args))
            continue
        value = float(metric(Masses.of(tally), *args))
        assert within(metric, value), (metric.name, value)
        assert np.isnan(value) != defined(metric, tally), (metric.name, value)
        if metric.name in ("partial_roc_auc", "ks", "pr_auc") or metric.kind == "calibration":
            continue  # their bootstrap is timed elsewhere
        found = estimate(tally, spelled(metric, args))
        holds(metric, found)
        assert same(found.value, value), metric.name


@given(score_tallies("raw"), st.sampled_from([2, 10**3]))
@settings(max_examples=40)
def test_rankings_know_only_the_order(tally: ScoreTally, factor: int) -> None:
    """A rising change of the scores or more of the same rows changes nothing; turned round, the AUC is 1 - AUC."""
    moved = ScoreTally(tally.labels, "raw", np.arange(len(tally.scores)) * 1.0, tally.full * factor)
    turned = ScoreTally(tally.labels, "raw", -tally.scores[::-1] + 0.0, np.vstack([tally.full[:1], tally.full[:0:-1]]))
    plain = ScoreTally(tally.labels, "raw", tally.scores, tally.full)
    for metric, args in OF_SCORES:
        if of_probabilities(metric):
            continue
        assert same(metric(Masses.of(plain), *args), metric(Masses.of(moved), *args)), metric.name
    for name in ("roc_auc", "ks"):
        here, there = (float(CATALOGUE[name](Masses.of(t))) for t in (plain, turned))
        assert same(here, 1 - there if name == "roc_auc" else there), name


def test_a_single_row_of_each_kind() -> None:
    """n = 1 is no special case."""
    for table in ([[1, 0], [0, 0]], [[0, 1], [0, 0]], [[0, 0], [1, 0]], [[0, 0], [0, 1]]):
        cm = ConfusionMatrix.from_counts(table)
        for metric, args in OF_COUNTS:
            holds(metric, estimate(cm, spelled(metric, args)))
