"""Binned tallies against the rows themselves: bounds hold the exact value, pins and edges are exact."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import unconfused as uc
from unconfused.decide.sweep import thresholds_of
from unconfused.errors import MergeRefused, NotKept, UsageError
from unconfused.metrics import CATALOGUE
from unconfused.metrics.certificates import _CERTIFICATES
from unconfused.tally.axis import cut_of
from unconfused.tally.cuts import bracket
from unconfused.tally.grids import Grid

TINY = 5e-324
POINTS = {
    "probability": [0.0, -0.0, TINY, 1e-300, 2.0**-60, 1e-9, 0.01, 0.0101, 0.25, 0.2501, 0.2502, 0.4, 0.5, 0.5000001,
                    0.75, 0.990001, 0.9999, 1 - 2.0**-40, float(np.nextafter(1, 0)), 1.0],
    "logit": [-math.inf, -800.0, -30.0, -1.5, -1.499, -TINY, -0.0, 0.0, TINY, 1e-30, 0.3, 0.3001, 2.0, 37.0, math.inf],
    "raw": [-math.inf, -1e308, -1e30, -3.0, -2.999, 0.0, 7.5, 7.51, 1e40, 1e308, math.inf],
}  # fmt: skip
GRIDS = {
    "probability": ["folded(0)", "folded(3)", "folded", "uniform(2)", "uniform(64)", "floatbits(1)"],
    "logit": ["floatbits(0)", "floatbits"],
    "raw": ["floatbits(0)", "floatbits(5)"],
}
OF_SCORES = [
    "roc_auc",
    "partial_roc_auc(0.1)",
    "partial_roc_auc(1)",
    "average_precision",
    "ks",
    "pr_auc(interpolated)",
    "pr_auc(trapezoid)",
]
OF_PROBABILITIES = ["log_loss", "brier", "brier_sum", "ece", "ece(2)", "ece(20)", "miscalibration", "discrimination",
                    "uncertainty", "aurc"]  # fmt: skip


@st.composite
def rows(draw: st.DrawFn, kind: str, weighted: bool = False) -> dict[str, Any]:
    """Scores with ties, denormals, both zeros and infinities, constant or spread; any mix of the classes."""
    pool = draw(st.lists(st.sampled_from(POINTS[kind]), min_size=1, max_size=6))
    fine = st.floats(0, 1) if kind == "probability" else st.floats(-5, 5)
    score = st.one_of(st.sampled_from(pool), fine, fine.map(lambda x: round(x, 3)))
    n = draw(st.integers(1, 40))
    made: dict[str, Any] = {
        "y_true": np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)), int),
        "y_score": np.array(draw(st.lists(score, min_size=n, max_size=n))),
    }
    if weighted:
        made["sample_weight"] = np.array(draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.7]), min_size=n, max_size=n)))
    return made


def asked(ev: Any, metric: str, **options: Any) -> Any:
    return ev.estimate(metric, **options)


def assert_holds(exact: float, binned: Any) -> None:
    """The bounds hold the exact value (to the rounding of a sum), the estimate and are in turn in the interval."""
    if math.isnan(exact):
        assert not binned.defined
        return
    low, high = binned.bounds
    slack = 1e-12 * max(1.0, abs(exact)) if math.isfinite(exact) else 0.0
    assert low - slack <= exact <= high + slack, (exact, binned.bounds)
    assert low <= binned.value <= high
    assert binned.low <= low
    assert high <= binned.high or math.isclose(high, binned.high, rel_tol=1e-12)


def assert_same(binned: Any, exact: Any) -> None:
    """The same rows; how many of them only rounding sets apart from the threshold, bins do not show."""
    assert binned.labels == exact.labels
    assert binned.rule == exact.rule
    assert np.array_equal(binned.full, exact.full)


def test_every_metric_of_scores_has_a_certificate_or_is_known_to_have_none() -> None:
    without = {"ece_equal_mass", "squared_ece"}
    named = {name for name, metric in CATALOGUE.items() if metric.of in ("scores", "moments")}
    assert named == set(_CERTIFICATES) | without


@pytest.mark.parametrize("kind", POINTS)
@pytest.mark.parametrize("weighted", [False, True], ids=["rows", "weights"])
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_bounds_hold_the_exact_value_of_every_metric_of_scores(kind: str, weighted: bool, data: st.DataObject) -> None:
    given_rows = data.draw(rows(kind, weighted))
    grid = data.draw(st.sampled_from(GRIDS[kind]))
    exact = uc.evaluate(**given_rows, score_kind=kind)
    binned = uc.evaluate(**given_rows, score_kind=kind, grid=grid, pins=data.draw(st.sampled_from([None, ()])))
    names = OF_SCORES + (OF_PROBABILITIES if kind != "raw" else [])
    for name in names:
        assert_holds(float(asked(exact, name)), asked(binned, name))
    refined = uc.evaluate(**given_rows, score_kind=kind, grid=grid, refine=True)
    for name in names[:5]:
        value, found = float(asked(exact, name)), asked(refined, name)
        assert (math.isnan(value) and not found.defined) or math.isclose(
            value, found.value, rel_tol=1e-12, abs_tol=1e-12
        )


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_row_at_each_end_of_a_bin_is_on_its_side_of_any_threshold(n: int) -> None:
    """So a threshold between the ends calls at least one row positive and leaves at least one."""
    scores = np.linspace(0.7001, 0.7101, n)
    ev = uc.evaluate([0] + [1] * n, y_score=[0.1, *scores], grid="folded(2)", pins=())
    assert ev.estimate("recall", threshold=0.705).bounds == (1 / n, (n - 1) / n)
    assert (n == 2) == (ev.scores.bracket(0.705)[1:] == [])


@pytest.mark.parametrize("best", [False, True])
def test_bounds_hold_a_value_that_reaches_them_to_the_last_bit(best: bool) -> None:
    """Rows that weigh next to nothing leave the order of a bin open whose other rows stand in the extreme one."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        weights = np.append(rng.random(8), [1e-30, 1e-30])
        truth = np.array([0, 0, 0, 0, 1, 1, 1, 1, *((1, 0) if best else (0, 1))])
        scores = np.append(0.7 + (0.001 if best else -0.001) * truth[:8] + 1e-5 * np.arange(8), [0.69, 0.71])
        given_rows = {"y_true": truth, "y_score": scores, "sample_weight": weights}
        exact = float(uc.evaluate(**given_rows).estimate("roc_auc"))
        low, high = uc.evaluate(**given_rows, grid="folded(1)", pins=()).estimate("roc_auc").bounds
        assert high - low > 0.5
        assert low <= exact <= high
        assert math.isclose(exact, high if best else low, rel_tol=1e-12, abs_tol=1e-12)


COUNTS = [name if not m.parameters else f"{name}({'quadratic' if m.parameters[0].words else 2})"
          for name, m in CATALOGUE.items() if m.of == "counts"]  # fmt: skip


@pytest.mark.parametrize("kind", POINTS)
@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_bounds_hold_every_metric_of_counts_at_any_threshold(kind: str, data: st.DataObject) -> None:
    """Also where seats hold rows: a true class that is not known adds to the columns."""
    given_rows = data.draw(rows(kind))
    n = len(given_rows["y_true"])
    strange = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    if data.draw(st.booleans()):
        given_rows["y_true"] = np.where(strange, 7, given_rows["y_true"])
    how: dict[str, Any] = {"score_kind": kind, "labels": [0, 1], "unknown": "other"}
    exact = uc.evaluate(**given_rows, **how)
    binned = uc.evaluate(**given_rows, **how, grid=data.draw(st.sampled_from(GRIDS[kind])), pins=())
    score = data.draw(st.sampled_from(given_rows["y_score"].tolist()))
    threshold = score if kind != "logit" else float(1 / (1 + np.exp(-np.clip(score, -700, 700))))
    for name in COUNTS:
        assert_holds(float(asked(exact, name, threshold=threshold)), asked(binned, name, threshold=threshold))
    for name in ("f1@macro", "precision@weighted", "recall@worst", "f1[0]"):
        assert_holds(float(asked(exact, name, threshold=threshold)), asked(binned, name, threshold=threshold))


@pytest.mark.parametrize("kind", POINTS)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_pins_and_edges_are_exact_and_all_else_refuses_or_is(kind: str, data: st.DataObject) -> None:
    given_rows = data.draw(rows(kind))
    named = [data.draw(st.sampled_from([0.333, 0.9999, 1e-7]))] if kind != "raw" else [0.5, -2.9995]
    exact = uc.evaluate(**given_rows, score_kind=kind)
    grid = data.draw(st.sampled_from(GRIDS[kind]))
    binned = uc.evaluate(**given_rows, score_kind=kind, grid=grid, pins=named)
    for threshold in (*named, *(i / 100 for i in range(1, 100) if kind != "raw"), math.inf):
        assert_same(binned.at(threshold), exact.at(threshold))
    if kind == "probability":
        for edge in Grid.parse(grid).around(data.draw(st.floats(0, 1)))[:1]:
            assert_same(binned.at(edge), exact.at(edge))
    for threshold in given_rows["y_score"].tolist():
        if kind == "logit":
            continue
        if len(bracket(binned.scores, threshold)) == 1:
            assert_same(binned.at(threshold), exact.at(threshold))
        else:
            with pytest.raises(NotKept, match="pins="):
                binned.at(threshold)


def test_a_threshold_inside_a_bin_names_the_edges_beside_it() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(5000)
    ev = uc.evaluate(rng.random(5000) < p, y_score=p, grid="folded", pins=())
    with pytest.raises(NotKept, match=r"ev\.at\(0\.3984375\) or ev\.at\(0\.400390625\)") as caught:
        ev.at(0.3991)
    assert "pins=[0.3991]" in str(caught.value)
    assert ev.at(0.3984375).total == ev.at(0.400390625).total == 5000
    logits = uc.evaluate(
        rng.random(5000) < p, y_score=np.log(p / (1 - p)), score_kind="logit", grid="floatbits(2)", pins=()
    )
    with pytest.raises(NotKept, match="log-odds") as caught:
        logits.at(0.398)
    for part in str(caught.value).split("ev.at(")[1:]:
        assert logits.at(float(part.split(")")[0])).total == 5000


@pytest.mark.parametrize("family", ["folded", "floatbits", "uniform"])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_grids_nest_ascend_and_mirror(family: str, data: st.DataObject) -> None:
    """Coarser bins hold whole finer ones, larger scores stand in no smaller bin, edges belong to the bin above them."""
    any_score = st.floats(0, 1) if family != "floatbits" else st.floats(allow_nan=False)
    s = np.sort(np.array(data.draw(st.lists(any_score, min_size=2, max_size=30))) + 0.0)
    fine, coarse = (Grid(family, m) for m in (data.draw(st.integers(3, 8)), data.draw(st.integers(0, 3))))  # type: ignore[arg-type]
    bins, wide = fine.bins(s), coarse.bins(s)
    assert (np.diff(bins) >= 0).all()
    assert bins.min() >= 0
    assert bins.max() < fine.size
    assert all(len(set(wide[bins == b].tolist())) == 1 for b in bins)
    low, high = fine.around(float(s[0]))
    assert low <= s[0]
    assert s[0] < high or math.isinf(high)
    assert int(fine.bins(low)) == bins[0]
    if math.isfinite(high):
        assert int(fine.bins(high)) > bins[0] == int(fine.bins(math.nextafter(high, -math.inf)))


def test_the_folded_grid_is_that_of_the_odds() -> None:
    """A bin holds scores whose smaller side min(s, 1 - s) differs by less than 2⁻ᵐ, 64 octaves down on either side."""
    grid = Grid.parse("folded(7)")
    for exponent in range(1, 52):
        for side in (2.0**-exponent, 1 - 2.0**-exponent):
            low, high = grid.around(side)
            assert high - low <= 2.0**-7 * min(side, 1 - side) * 1.01 + 2.0**-53
    assert grid.bins([0.0, -0.0, TINY, 0.5, 1.0]).tolist() == [0, 0, 1, 8193, 16385]
    tiny = 1 / (1 + np.exp(30.0))
    assert grid.bins(tiny) != grid.bins(tiny * 1.02)


def test_skewed_scores_keep_their_auc_where_linear_bins_lose_it() -> None:
    """Everything below 0.01, everything above 0.99, and a prevalence of 0.16 %: within 1e-3, by the bounds too."""
    rng = np.random.default_rng(5)
    lost = []
    for shift, spread in ((-7.0, 1.0), (7.0, 1.0), (-8.0, 2.0)):
        logit = rng.normal(shift, spread, 60_000)
        p = 1 / (1 + np.exp(-logit))
        y = (rng.random(p.size) < p).astype(int)
        exact = float(uc.evaluate(y, y_score=p).estimate("roc_auc"))
        found = uc.evaluate(y, y_score=p, grid="folded").estimate("roc_auc")
        assert abs(found.value - exact) < 1e-3
        assert found.bounds[0] <= exact <= found.bounds[1]
        assert found.bounds[1] - found.bounds[0] < 2e-3
        places = np.ceil(p * 199).astype(int)  # the 200 thresholds of Keras and torchmetrics
        lost.append(abs(float(uc.evaluate(y, y_score=places / 199).estimate("roc_auc")) - exact))
    assert max(lost) > 0.06


def test_rare_events_of_a_sigmoid_keep_their_auc() -> None:
    """Two thirds of the scores lie below 2⁻³³, where 32 octaves would tie them all."""
    rng = np.random.default_rng(1)
    logit = rng.normal(-26, 7, 40_000)
    logit[:400] += 9
    y, p = np.arange(40_000) < 400, 1 / (1 + np.exp(-logit))
    exact, found = (uc.evaluate(y, y_score=p, grid=g).estimate("roc_auc") for g in ("exact", "folded"))
    assert abs(float(exact) - float(found)) < 1e-3
    assert found.bounds[0] <= float(exact) <= found.bounds[1]


def test_prevalence_of_one_in_a_billion_made_as_tallies() -> None:
    """2³⁰ negatives for each positive, by count=: the bounds hold what plain fractions say."""
    scores = np.array([0.1, 0.10001, 0.4, 0.40001, 0.9])
    y, count = np.array([0, 1, 0, 1, 0]), np.array([2**30, 1, 2**29, 1, 2**10])
    exact = uc.evaluate(y, y_score=scores, count=count)
    binned = uc.evaluate(y, y_score=scores, count=count, grid="uniform(2)", pins=())
    for name in ("roc_auc", "average_precision", "ks", "brier", "log_loss"):
        assert_holds(float(exact.estimate(name)), binned.estimate(name))


def test_the_best_threshold_of_bins_comes_with_what_could_be_better() -> None:
    rng = np.random.default_rng(3)
    p = rng.beta(1, 3, 4000)
    y = rng.random(4000) < p
    exact = uc.evaluate(y, y_score=p)
    for grid in ("folded(0)", "folded(3)", "folded"):
        binned = uc.evaluate(y, y_score=p, grid=grid, pins=())
        for question in (
            {"maximize": "f1"},
            {"cost": {"fp": 1, "fn": 7}},
            {"maximize": "recall", "where": "precision >= 0.5"},
        ):
            best, found = exact.choose(**question), binned.choose(**question)
            assert found.matrix == exact.at(found.threshold)
            low, high = found.apparent.bounds
            assert low - 1e-12 <= best.apparent.value <= high + 1e-12
            assert low <= found.apparent.value <= high


def test_bins_add_at_the_coarser_resolution_and_pins_that_both_have_stay() -> None:
    rng = np.random.default_rng(2)
    p, y = rng.random(900), rng.integers(0, 2, 900)
    a = uc.evaluate(y[:400], y_score=p[:400], grid="folded(3)", pins=[0.333, 0.777])
    b = uc.evaluate(y[400:], y_score=p[400:], grid="folded(7)", pins=[0.333])
    both = a + b
    assert both == b + a
    assert both == uc.evaluate(y, y_score=p, grid="folded(3)", pins=[0.333])
    assert both.at(0.333) == uc.evaluate(y, y_score=p).at(0.333)
    with pytest.raises(NotKept):
        both.coarsen("folded(3)", pins=[0.777])
    exact = uc.evaluate(y, y_score=p)
    with pytest.raises(MergeRefused, match=r'coarsen\("folded\(3\)"\)'):
        exact + a
    assert exact.coarsen("folded(3)", pins=[0.333]) == both
    assert exact.coarsen("folded") + exact.coarsen("folded") == uc.evaluate(
        np.tile(y, 2), y_score=np.tile(p, 2), grid="folded"
    )
    with pytest.raises(MergeRefused):
        a.coarsen("folded(7)")
    with pytest.raises(MergeRefused):
        a + uc.evaluate(y, y_score=p, grid="uniform(64)")


@pytest.mark.parametrize(
    ("grid", "kind"),
    [("folded", "logit"), ("uniform(64)", "raw"), ("uniform(1000)", "probability"), ("linear", "probability"),
     ("folded(30)", "probability"), ("exact(3)", "probability")],
)  # fmt: skip
def test_grids_that_cannot_be_are_refused(grid: str, kind: Any) -> None:
    with pytest.raises(UsageError):
        uc.evaluate([0, 1], y_score=[0.1, 0.2], grid=grid, score_kind=kind)


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", "ks"])
def test_scores_that_are_equal_cost_no_certainty(metric: str) -> None:
    """A bin that holds one score alone is settled, though both classes are in it: its bounds are the value."""
    rng = np.random.default_rng(5)
    y = rng.integers(0, 2, 500)
    s = np.array([0.21, 0.36, 0.5, 0.64, 0.83])[np.clip(rng.integers(0, 5, 500) + y, 0, 4)]
    exact, binned = (uc.evaluate(y, y_score=s, grid=grid).estimate(metric) for grid in ("exact", "uniform(16)"))
    assert binned.bounds == pytest.approx((exact.value, exact.value), abs=1e-12)


def test_exact_stays_exact_unless_asked() -> None:
    y, p = [0, 1, 1, 0], [0.1, 0.4, 0.35, 0.8]
    assert uc.evaluate(y, y_score=p).estimate("roc_auc").bounds is None
    stream = uc.Stream(grid="exact")
    stream.update(y_true=y, y_score=p)
    assert stream.evaluation == uc.evaluate(y, y_score=p)
    stream = uc.Stream()
    stream.update(y_true=y, y_score=p)
    assert stream.evaluation.estimate("roc_auc").bounds == (0.5, 0.5)
    assert "certified" not in str(stream.evaluation.estimate("roc_auc"))


def test_pins_lie_in_probabilities_also_of_logits() -> None:
    z: NDArray[np.float64] = np.linspace(-4, 4, 801)
    ev = uc.evaluate(z > 0.3, y_score=z, score_kind="logit", grid="floatbits(0)")
    for i in range(1, 100):
        assert ev.at(i / 100).tp == int(((z > 0.3) & (z >= cut_of(i / 100, "logit"))).sum())


def test_counts_go_on_past_where_float32_stops() -> None:
    """A tally that stands at 2²⁴ - 10 in one bin counts each further row."""
    start = uc.evaluate([0, 1], y_score=[0.2, 0.7], count=[2**24 - 10, 1], grid="folded")
    more = uc.evaluate([0] * 300, y_score=[0.2] * 300, labels=[0, 1], grid="folded")
    assert (start + more).scores.negatives == 2**24 + 290
    assert sum([more] * 100, start).scores.negatives == 2**24 - 10 + 30_000


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_counted_nan_changes_no_other_row(data: st.DataObject) -> None:
    """Nor do scores that are null, infinite, below 0 or above 1: they stand in a seat, and why is counted."""
    given_rows = data.draw(rows("probability"))
    y, p = given_rows["y_true"], given_rows["y_score"]
    bad = data.draw(st.lists(st.sampled_from([math.nan, math.inf, -math.inf, -0.5, 1.5]), min_size=1, max_size=5))
    at = data.draw(st.integers(0, len(p)))
    whole = uc.evaluate(
        np.insert(y, at, 1), y_score=np.insert(p, at, bad[0]), invalid="count", grid="folded", labels=[0, 1]
    )
    for x in bad[1:]:
        whole += uc.evaluate([1], y_score=[x], invalid="count", grid="folded", labels=[0, 1])
    clean = uc.evaluate(y, y_score=p, grid="folded", labels=[0, 1])
    assert np.array_equal(whole.scores.full[1:], clean.scores.full[1:])
    assert np.array_equal(whole.scores.lows, clean.scores.lows)
    assert whole.scores.full[0].tolist() == [0, len(bad), 0, 0]
    reasons = {"nan": math.isnan, "plus_inf": lambda x: x == math.inf, "minus_inf": lambda x: x == -math.inf,
               "below": lambda x: -1 < x < 0, "above": lambda x: 1 < x < 2}  # fmt: skip
    assert {name: whole.scores.evidence[name] for name in reasons} == {
        name: sum(map(fits, bad)) for name, fits in reasons.items()
    }


@pytest.mark.parametrize("grid", ["exact", "floatbits", "floatbits(2)"])
def test_every_threshold_that_a_choice_can_name_is_one_that_parts_its_rows(grid: str) -> None:
    """Of log-odds, which reach the thresholds through two logarithms: rounding must not carry one into a bin."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        z = rng.normal(0, 3, 3000)
        y = rng.random(z.size) < 1 / (1 + np.exp(-z))
        ev = uc.evaluate(y, y_score=z, score_kind="logit", grid=grid)
        cells = ev.scores.ranked()
        found = [(t, low) for t, low in zip(thresholds_of(cells)[1:], cells.scores[::-1], strict=True) if t == t]
        assert len(found) > 0.9 * len(cells.scores)
        for threshold, low in found[:: max(1, len(found) // 150)]:
            assert int(ev.at(float(threshold)).full[:, 1].sum()) == int((z >= low).sum())


@pytest.mark.parametrize(
    ("grid", "edges"),
    [
        ("floatbits", [-96.0, -3.0, -1.0, -0.75, -0.5, 0.0, 0.5, 0.75, 1.0, 3.0, 96.0]),
        ("floatbits(1)", [-3.0, -2.0, -0.75, 0.75, 2.0, 3.0]),
        ("folded", [0.0, 2.0**-40, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 1 - 2.0**-20, 1.0]),
        ("uniform(64)", [0.0, 0.25, 0.515625, 1.0]),
    ],
)
def test_round_numbers_are_edges_that_belong_to_the_bin_above(grid: str, edges: list[float]) -> None:
    assert [Grid.parse(grid).around(x)[0] for x in edges] == edges


@pytest.mark.parametrize(
    ("scores", "options"),
    [
        ([0.431, 0.433, 0.436, 0.1], {"grid": "folded(2)", "pins": [0.43]}),
        ([0.2301, 0.2303, 0.2402, 0.9], {"grid": "uniform(4)", "pins": ()}),
        ([0.31, 0.33, 0.36, 4.0], {"grid": "floatbits(1)", "score_kind": "logit", "pins": ()}),
        ([0.31, 0.33, 0.36, 4.0], {"grid": "floatbits(1)", "score_kind": "raw"}),
    ],
)
def test_thresholds_named_instead_can_be_typed(scores: list[float], options: dict[str, Any]) -> None:
    """Where rows of a bin may lie on either side, the edges beside it are exact, and are written as numbers."""
    truth = [0, 0, 0, 1]
    ev, middle = uc.evaluate(truth, y_score=scores, **options), (scores[0] + scores[1]) / 2
    with pytest.raises(NotKept, match="may lie on either side") as caught:
        ev.at(1 / (1 + math.exp(-middle)) if options.get("score_kind") == "logit" else middle)
    typed = [float(text) for text in re.findall(r"ev\.at\((.+?)\)(?= or | \(exact)", caught.value.fix)]
    assert typed
    exact = uc.evaluate(truth, y_score=scores, **{**options, "grid": "exact"})
    assert [ev.at(t).counts.tolist() for t in typed] == [exact.at(t).counts.tolist() for t in typed]
