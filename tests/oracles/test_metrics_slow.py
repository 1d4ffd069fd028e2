"""Every metric of counts against its definition, written a second time in plain loops over fractions."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction as F

import numpy as np
import pytest

from unconfused.metrics import AVERAGES, CATALOGUE, macro, metric, ratio
from unconfused.tally.cells import Cells

Four = tuple[F, F, F, F]


def share(a: F | float, b: F | float) -> F | float | None:
    return None if b == 0 else a / b


def both(a: F | float | None, b: F | float | None, how: Callable[[float, float], float]) -> float | None:
    return None if a is None or b is None else how(a, b)


def odds(tp: F, fp: F, fn: F, tn: F) -> F | float | None:
    return both(share(tp, fp), share(tn, fn), lambda a, b: a * b)


def threshold(tp: F, fp: F, fn: F, tn: F) -> float | None:
    hits, alarms = share(tp, tp + fn), share(fp, fp + tn)
    if hits is None or alarms is None:
        return None
    return share(math.sqrt(alarms), math.sqrt(hits) + math.sqrt(alarms))


PER_CLASS: dict[str, Callable[[F, F, F, F], float | F | None]] = {
    "precision": lambda tp, fp, fn, tn: share(tp, tp + fp),
    "recall": lambda tp, fp, fn, tn: share(tp, tp + fn),
    "specificity": lambda tp, fp, fn, tn: share(tn, tn + fp),
    "npv": lambda tp, fp, fn, tn: share(tn, tn + fn),
    "fpr": lambda tp, fp, fn, tn: share(fp, tn + fp),
    "fnr": lambda tp, fp, fn, tn: share(fn, tp + fn),
    "fdr": lambda tp, fp, fn, tn: share(fp, tp + fp),
    "false_omission_rate": lambda tp, fp, fn, tn: share(fn, tn + fn),
    "jaccard": lambda tp, fp, fn, tn: share(tp, tp + fp + fn),
    "f1": lambda tp, fp, fn, tn: share(2 * tp, 2 * tp + fp + fn),
    "dice": lambda tp, fp, fn, tn: share(2 * tp, 2 * tp + fp + fn),
    "fbeta": lambda tp, fp, fn, tn: share(5 * tp, 5 * tp + 4 * fn + fp),
    "informedness": lambda tp, fp, fn, tn: both(share(tp, tp + fn), share(tn, tn + fp), lambda a, b: a + b - 1),
    "markedness": lambda tp, fp, fn, tn: both(share(tp, tp + fp), share(tn, tn + fn), lambda a, b: a + b - 1),
    "g_mean": lambda tp, fp, fn, tn: both(share(tp, tp + fn), share(tn, tn + fp), lambda a, b: math.sqrt(a * b)),
    "fowlkes_mallows": lambda tp, fp, fn, tn: both(
        share(tp, tp + fn), share(tp, tp + fp), lambda a, b: math.sqrt(a * b)
    ),
    "prevalence": lambda tp, fp, fn, tn: share(tp + fn, tp + fp + fn + tn),
    "predicted_prevalence": lambda tp, fp, fn, tn: share(tp + fp, tp + fp + fn + tn),
    "prevalence_threshold": threshold,
    "positive_likelihood_ratio": lambda tp, fp, fn, tn: (
        None if tp + fn == 0 or fp == 0 else (tp / (tp + fn)) / (fp / (fp + tn))
    ),
    "negative_likelihood_ratio": lambda tp, fp, fn, tn: (
        None if tp + fn == 0 or tn == 0 else (fn / (tp + fn)) / (tn / (fp + tn))
    ),
    "diagnostic_odds_ratio": odds,
    "lift": lambda tp, fp, fn, tn: share(tp * (tp + fp + fn + tn), (tp + fp) * (tp + fn)),
    "support": lambda tp, fp, fn, tn: tp + fn,
}


def cells_of(table: np.ndarray, k: int) -> list[Four]:
    """tp, fp, fn, tn of each class, counted cell by cell."""
    found = []
    for c in range(k):
        four = [F(0)] * 4
        for i, row in enumerate(table.tolist()):
            for j, rows in enumerate(row):
                four[{(True, True): 0, (False, True): 1, (True, False): 2, (False, False): 3}[i == c, j == c]] += rows
        found.append(tuple(four))
    return found


def mean(values: list[F | float | None]) -> F | float | None:
    defined = [v for v in values if v is not None]
    return sum(defined) / len(defined) if defined else None


def accuracy(t: np.ndarray, k: int) -> F | float | None:
    return share(F(int(sum(t[i, i] for i in range(k)))), F(int(t.sum())))


def adjusted(t: np.ndarray, k: int) -> F | float | None:
    recalls = [r for r in (PER_CLASS["recall"](*c) for c in cells_of(t, k)) if r is not None]
    if not recalls:
        return None
    chance = F(1, len(recalls))
    return share(mean(recalls) - chance, 1 - chance)


def mcc(t: np.ndarray, k: int) -> float | None:
    """Pearson's correlation of indicator variables, one row of the data at a time (Gorodkin's definition)."""
    n = int(t.sum())
    cov = {"xy": F(0), "xx": F(0), "yy": F(0)}
    for c in range(k):
        x, y = F(int(t[c].sum()), n), F(int(t[:, c].sum()), n)
        for i, row in enumerate(t.tolist()):
            for j, rows in enumerate(row):
                a, b = (i == c) - x, (j == c) - y
                cov["xy"] += rows * a * b
                cov["xx"] += rows * a * a
                cov["yy"] += rows * b * b
    product = cov["xx"] * cov["yy"]
    return None if product == 0 else float(cov["xy"]) / math.sqrt(product)


def kappa(power: int) -> Callable[[np.ndarray, int], float | F | None]:
    def reads(t: np.ndarray, k: int) -> float | F | None:
        n = int(t.sum())
        seen = expected = F(0)
        for i in range(len(t)):
            for j in range(len(t)):
                far = F(abs(i - j), max(k - 1, 1)) ** power if i != j else F(0)
                far = far if max(i, j) < k else F(1)
                seen += far * F(int(t[i, j]), n)
                expected += far * F(int(t[i].sum()), n) * F(int(t[:, j].sum()), n)
        return None if expected == 0 else 1 - seen / expected

    return reads


def information(t: np.ndarray, k: int) -> float:
    p = t / t.sum()
    return sum(
        p[i, j] * math.log(p[i, j] / (p[i].sum() * p[:, j].sum())) for i, j in np.ndindex(t.shape) if p[i, j]
    )  # fmt: skip


def normalized(t: np.ndarray, k: int) -> float | None:
    p = t / t.sum()
    entropy = sum(-x * math.log(x) for margin in (p.sum(0), p.sum(1)) for x in margin if x)
    return share(2 * information(t, k), entropy)


def per_class(name: str) -> Callable[[np.ndarray, int], list[F | float | None]]:
    return lambda t, k: [PER_CLASS[name](*c) for c in cells_of(t, k)]


def weighted(name: str) -> Callable[[np.ndarray, int], F | float | None]:
    def reads(t: np.ndarray, k: int) -> F | float | None:
        pairs = [(v, c[0] + c[2]) for v, c in zip(per_class(name)(t, k), cells_of(t, k), strict=True) if v is not None]
        return share(sum(v * w for v, w in pairs), sum(w for _, w in pairs))

    return reads


OVERALL: dict[tuple[str, tuple[str, ...]], Callable[[np.ndarray, int], float | F | None]] = {
    ("accuracy", ()): accuracy,
    ("error_rate", ()): lambda t, k: None if t.sum() == 0 else 1 - accuracy(t, k),
    ("coverage", ()): lambda t, k: share(F(int(t[:, :k].sum())), F(int(t.sum()))),
    ("selective_accuracy", ()): lambda t, k: share(F(int(sum(t[i, i] for i in range(k)))), F(int(t[:, :k].sum()))),
    ("balanced_accuracy", ()): lambda t, k: mean(per_class("recall")(t, k)),
    ("adjusted_balanced_accuracy", ()): adjusted,
    ("mcc", ()): mcc,
    ("kappa", ()): kappa(0),
    ("kappa", ("linear",)): kappa(1),
    ("kappa", ("quadratic",)): kappa(2),
    ("mean_iou", ()): lambda t, k: mean(per_class("jaccard")(t, k)),
    ("frequency_weighted_iou", ()): weighted("jaccard"),
    ("no_information_rate", ()): lambda t, k: share(F(int(max(t[i].sum() for i in range(k)))), F(int(t.sum()))),
    ("mutual_information", ()): information,
    ("normalized_mutual_information", ()): normalized,
}


def tables(seed: int = 0, count: int = 60) -> list[tuple[np.ndarray, int]]:
    """Small tables, many of them with empty rows, columns and cells, some with seats beyond their classes."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        k = int(rng.integers(1, 5))
        size = k + int(rng.integers(0, 3))
        table = rng.integers(0, 6, (size, size)) * (rng.random((size, size)) < rng.choice([0.3, 0.6, 1.0]))
        table[rng.integers(size)] *= rng.random() < 0.7
        found.append((table, k) if table.sum() else (table + 1, k))
    return found


def test_every_metric_of_counts_has_a_slow_definition() -> None:
    registered = {name for name, m in CATALOGUE.items() if m.of == "counts"}
    assert registered == set(PER_CLASS) | {name for name, _ in OVERALL}


@pytest.mark.parametrize("name", PER_CLASS)
def test_per_class_metrics_are_their_definition_and_undefined_exactly_with_it(name: str) -> None:
    args = (2,) if name == "fbeta" else ()
    for table, k in tables():
        expected = [math.nan if v is None else float(v) for v in per_class(name)(table, k)]
        found = CATALOGUE[name](Cells.of_table(table.astype(float), k), *args)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14, err_msg=str(table))


@pytest.mark.parametrize(("name", "args"), OVERALL)
def test_overall_metrics_are_their_definition_and_undefined_exactly_with_it(name: str, args: tuple[str, ...]) -> None:
    for table, k in tables():
        expected = OVERALL[name, args](table, k)
        found = CATALOGUE[name](Cells.of_table(table.astype(float), k), *args)
        wanted = math.nan if expected is None else float(expected)
        np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-13, err_msg=str(table))


@pytest.mark.parametrize("name", PER_CLASS)
def test_averages_leave_out_what_is_undefined(name: str) -> None:
    args = (2,) if name == "fbeta" else ()
    better = CATALOGUE[name].better
    for table, k in tables(1, 30):
        c = Cells.of_table(table.astype(float), k)
        values = per_class(name)(table, k)
        defined = [float(v) for v in values if v is not None]
        pooled = PER_CLASS[name](*(sum(column, F(0)) for column in zip(*cells_of(table, k), strict=True)))
        expected = {"macro": mean(values), "weighted": weighted(name)(table, k), "micro": pooled}
        if better:
            expected["worst"] = (min if better == "higher" else max)(defined, default=None)
        for average, value in expected.items():
            found = AVERAGES[average](CATALOGUE[name], *args)(c)
            np.testing.assert_allclose(found, math.nan if value is None else float(value), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", [name for name, m in CATALOGUE.items() if m.of == "counts"])
def test_values_lie_in_the_declared_range_and_broadcast_over_leading_axes(name: str) -> None:
    m, args = CATALOGUE[name], (2,) if name == "fbeta" else ()
    rng = np.random.default_rng(3)
    stack = rng.integers(0, 9, (2, 5, 4, 4)).astype(float) * (rng.random((2, 5, 4, 4)) < 0.5)
    together = m(Cells.of_table(stack, 3), *args)
    assert together.shape == (2, 5, 3) if m.per_class else (2, 5)
    for place in np.ndindex(2, 5):
        np.testing.assert_allclose(together[place], m(Cells.of_table(stack[place], 3), *args), rtol=1e-12, atol=1e-15)
    low, high = m.range
    assert np.all(np.isnan(together) | ((together >= low - 1e-12) & (together <= high + 1e-12)))
    assert m.by_class(Cells.of_table(stack, 3), *args).shape == (2, 5, 3)


@pytest.mark.parametrize("name", [name for name, m in CATALOGUE.items() if m.of == "counts" and name != "support"])
def test_a_table_of_quintillions_gives_the_same_rates_as_a_small_one(name: str) -> None:
    m, args = CATALOGUE[name], (2,) if name == "fbeta" else ()
    table = np.array([[700, 3, 9], [1, 5, 2], [80, 40, 160]])
    small, large = (m(Cells.of_table((table * factor).astype(float)), *args) for factor in (1, 2**52))
    np.testing.assert_allclose(large, small, rtol=1e-13)


def test_the_correlation_of_a_very_rare_class_keeps_its_digits() -> None:
    table = np.array([[10**15, 3], [2, 7]])
    tn, fp, fn, tp = (F(int(x)) for x in table.ravel())
    exact = float(tp * tn - fp * fn) / math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    assert float(CATALOGUE["mcc"](Cells.of_table(table.astype(float)))) == pytest.approx(exact, rel=1e-13)


def test_a_metric_is_declared_once_and_is_there() -> None:
    """A new metric costs these few lines and answers to every name, average and argument at once."""
    from unconfused.inference import estimate
    from unconfused.metrics import find
    from unconfused.tally.confusion import ConfusionMatrix

    @metric(range=(0, 1), better="lower", kind="proportion", undefined="nothing was counted", also=("fa share",))
    def false_alarm_share(c: Cells):  # type: ignore[no-untyped-def]
        """fp / n."""
        return ratio(c.fp, c.n)

    try:
        cm = ConfusionMatrix.from_counts([[5, 2], [1, 4]], labels=["no", "yes"])
        assert float(estimate(cm, "fa share")) == 2 / 12
        assert float(estimate(cm, "false_alarm_share@macro")) == float(macro(false_alarm_share)(cm.cells())) == 1.5 / 12
        assert find("FA-Share").formula == "fp / n."
        with pytest.raises(ValueError, match="already names"):
            metric(range=(0, 1), better=None, kind="index", undefined="", also=("recall",))(lambda c: c.tp)
    finally:
        for names in (CATALOGUE, __import__("unconfused.metrics.catalogue", fromlist=["_NAMES"])._NAMES):
            for key in [key for key, value in names.items() if "false_alarm_share" in (key, value) or "lambda" in key]:
                del names[key]


def test_every_declaration_says_what_it_is() -> None:
    for name, m in CATALOGUE.items():
        assert m.name == name
        assert m.range[0] < m.range[1]
        assert m.formula, name
        assert bool(m.undefined) != (name == "support"), name
        assert "Shape:" in (m.function.__doc__ or ""), name
