"""The loops over rows, in both of their forms, against loops that no one would call fast."""

from __future__ import annotations

import importlib.util
import itertools
import math
import os
import subprocess
import sys
import threading
import types
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from unconfused import tally
from unconfused.tally import binning, kernels, sides, sliced, threads
from unconfused.tally.grids import Grid
from unconfused.tally.ranks import Ranks, placed

FORMS = [
    "numpy",
    pytest.param(
        "compiled", marks=pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="numba is not here")
    ),
]
both = pytest.mark.parametrize("form", FORMS)
INTEGERS = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", ">i4"]
FLOATS = ["float16", "float32", "float64", ">f4", ">f8"]
PROBABILITIES = [0.0, -0.0, 5e-324, 1e-45, 1e-40, 2.0**-65, 2.0**-64, 0.1, 0.25, 0.3, 0.5, 0.75, 0.9, 1.0]
NUMBERS = [*PROBABILITIES, -0.1, -1.5, 3.0, 2.0**-126, -(2.0**-126), 2.0**127, 1e300, -1e300, math.inf, -math.inf]


@contextmanager
def taken(form: str, share: int = 4, copied: int = 3) -> Iterator[None]:
    """Rows take that form whatever their number, in parts of ``share`` rows, and are copied by so many."""
    small = {"FEW": 0, "PAYS": 0, "SHARE": share, "COPIED": copied, "cores": lambda: 3, "_absent": form == "numpy"}
    with mock.patch.multiple(threads, **small):
        yield


def as_laid(draw: Any, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same values, one after the other, every other place, or backwards."""
    match draw(st.integers(0, 2)):
        case 0:
            return x
        case 1:
            wide = np.zeros((2 * len(x), *x.shape[1:]), x.dtype)
            wide[::2] = x
            return wide[::2]
    return x[::-1].copy()[::-1]


@st.composite
def labels(draw: Any, rows: int, values: list[int], kinds: list[str] = INTEGERS) -> Any:
    kind = np.dtype(draw(st.sampled_from(kinds)))
    if kind.kind != "b":
        values = [v for v in values if np.iinfo(kind).min <= v <= np.iinfo(kind).max]
    x = draw(st.lists(st.sampled_from(values), min_size=rows, max_size=rows))
    return as_laid(draw, np.array(x, object).astype(kind))


@st.composite
def scores(draw: Any, shape: tuple[int, ...], pool: list[float], kinds: list[str] = FLOATS) -> Any:
    kind = np.dtype(draw(st.sampled_from(kinds)))
    low, high = (0, 1) if min(pool) >= 0 else (None, None)
    own = st.floats(low, high, allow_nan=False, width=64)
    near = st.builds(lambda x, to: float(np.nextafter(kind.type(x), kind.type(to))), st.sampled_from(pool), own)
    n = math.prod(shape)
    with np.errstate(over="ignore"):
        x = draw(st.lists(st.sampled_from(pool) | own | near, min_size=n, max_size=n))
        return as_laid(draw, np.array(x).astype(kind).reshape(shape))


def equal(a: Any, b: Any) -> bool:
    """Equal to the bit, type by type."""
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return bool(a == b)


ROWS = st.integers(0, 40)


# ── codes ─────────────────────────────────────────────────────────────────────────────────────
@both
@given(st.data())
def test_pairs_are_counted_as_they_come(form: str, data: Any) -> None:
    n, values = data.draw(ROWS), data.draw(st.sampled_from([[0, 1], [0, 1, 2, 5], [0, 7, 15]]))
    kind = data.draw(st.sampled_from([["bool", "int64"], ["int64"], ["uint8", "int8", "bool"], ["int32", ">i4"]]))
    truth, called = data.draw(labels(n, values, kind)), data.draw(labels(n, values, kind))
    with taken(form):
        table = kernels.pair_counts(truth, called, limit=16)
    seen = Counter(zip(truth.tolist(), called.tolist(), strict=True))
    m = max([-1, *map(int, truth), *map(int, called)]) + 1
    assert table is not None
    assert table.dtype == np.int64
    assert table.tolist() == [[seen[i, j] for j in range(m)] for i in range(m)]


@both
@pytest.mark.parametrize("odd", [-1, 10, 16, 2**40, -(2**63)])
def test_pairs_outside_the_limit_are_left_to_others(form: str, odd: int) -> None:
    truth = np.array([0, 1, 9] * 5)
    called = truth.copy()
    called[7] = odd
    with taken(form):
        assert kernels.pair_counts(truth, called, limit=10) is None
        assert kernels.pair_counts(called, truth, limit=10) is None
        assert kernels.pair_counts(truth, truth.astype(float)) is None
        assert kernels.pair_counts(truth, truth, limit=10) is not None


@both
@given(st.data())
def test_values_are_counted_from_the_smallest(form: str, data: Any) -> None:
    base = data.draw(st.sampled_from([0, -3, 100, -128, 2**31 - 4, -(2**63), 2**63 - 5, 2**64 - 5]))
    x = data.draw(labels(data.draw(ROWS), [0, 1, *range(base, base + 5)]))
    with taken(form):
        found = kernels.value_counts(x, most=200)
    distinct = x.astype(object)
    low, high = (min(distinct), max(distinct)) if len(x) else (0, -1)
    if high - low >= 200:
        assert found is None
        return
    assert found is not None
    assert found[0] == low
    assert found[1].tolist() == [sum(v == low + i for v in distinct) for i in range(high - low + 1)]


# ── thresholds ────────────────────────────────────────────────────────────────────────────────
@both
@given(st.data())
def test_a_cut_compares_as_float64(form: str, data: Any) -> None:
    n = data.draw(ROWS)
    free = data.draw(st.booleans())
    pool = NUMBERS if free else PROBABILITIES
    truth, s = data.draw(labels(n, [0, 1], ["bool", "int64"])), data.draw(scores((n,), pool))
    cut = data.draw(st.sampled_from([*pool, float(np.float32(0.1)), float(np.float16(0.3)), math.nan]))
    near = data.draw(st.lists(st.sampled_from([*pool, float(np.float32(0.1)), float(np.float32(0.3))]), max_size=3))
    ends = (-math.inf, math.inf) if free else (0.0, 1.0)
    with taken(form):
        found = kernels.cut_counts(truth, s, cut, *ends, near=near)
    assert found is not None
    rows = list(zip(truth.tolist(), s.astype(float).tolist(), strict=True))
    assert found[0].tolist() == [[sum(t == y and (x >= cut) == c for t, x in rows) for c in (0, 1)] for y in (0, 1)]
    assert found[1] == sum(x in near for _, x in rows)


@both
@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
@pytest.mark.parametrize("odd", [math.nan, -0.001, 1.01, math.inf, -math.inf])
def test_a_score_out_of_range_is_left_to_others(form: str, kind: str, odd: float) -> None:
    truth, s = np.array([0, 1] * 8), np.linspace(0, 1, 16).astype(kind)
    s[11] = odd
    grid = Grid.parse("folded")
    table = np.stack([s, 1 - s], 1)
    with taken(form), np.errstate(invalid="ignore"):
        assert kernels.cut_counts(truth, s, 0.5) is None
        assert (kernels.cut_counts(truth, s, 0.5, -math.inf, math.inf) is None) == math.isnan(odd)
        assert binning.bin_counts(truth, s, grid) is None
        assert binning.bin_counts(truth, s, Grid.parse("uniform")) is None
        assert (binning.bin_counts(truth, s, Grid.parse("floatbits")) is None) == math.isnan(odd)
        assert binning.ovr_bin_counts(truth, table, grid) is None
        assert (binning.argmax_pairs(truth, table) is None) == bool(np.isnan(table).any())
        assert sides.sorted_sides(truth, s, 0.0, 1.0) is None
        assert (sides.sorted_sides(truth, s) is None) == math.isnan(odd)


@both
@pytest.mark.parametrize("odd", [2, -1, 2**32])
def test_a_truth_of_neither_class_is_left_to_others(form: str, odd: int) -> None:
    truth, s = np.array([0, 1] * 8), np.linspace(0, 1, 16)
    truth[5] = odd
    grid, table = Grid.parse("folded"), np.stack([s, 1 - s], 1)
    with taken(form):
        for y in (truth, truth.astype(float)):
            assert kernels.cut_counts(y, s, 0.5) is None
            assert binning.bin_counts(y, s, grid) is None
            assert binning.ovr_bin_counts(y, table, grid) is None
            assert binning.argmax_pairs(y, table) is None
            assert sides.sorted_sides(y, s) is None


# ── bins ──────────────────────────────────────────────────────────────────────────────────────
def slowly_binned(truth: Any, s: Any, grid: Grid, pins: list[float]) -> dict[int, list[Any]]:
    """Rows, lowest and highest score of either truth in each cell, a row at a time."""
    cells: dict[int, list[Any]] = {}
    for y, x in zip(truth.tolist(), s.astype(float).tolist(), strict=True):
        cell = cells.setdefault(
            int(grid.bins(x)) + sum(p <= x for p in pins), [[0, 0], [math.inf] * 2, [-math.inf] * 2]
        )
        cell[0][y] += 1
        cell[1][y], cell[2][y] = min(cell[1][y], x), max(cell[2][y], x)
    return cells


GRIDS = ["folded(0)", "folded(7)", "folded(12)", "uniform(1)", "uniform(1024)", "floatbits(0)", "floatbits(7)"]


@both
@given(st.data())
def test_each_score_is_in_the_cell_of_its_bin_and_pins(form: str, data: Any) -> None:
    grid, n = Grid.parse(data.draw(st.sampled_from([*GRIDS, "floatbits(10)"]))), data.draw(ROWS)
    pool = NUMBERS if grid.family == "floatbits" else PROBABILITIES
    truth, s = data.draw(labels(n, [0, 1], ["bool", "int64"])), data.draw(scores((n,), pool))
    own = st.sampled_from([*pool, *s.astype(float).tolist()])
    pins = sorted({x + 0.0 for x in data.draw(st.lists(own | st.floats(0, 1), max_size=8))})
    with taken(form):
        found = binning.bin_counts(truth, s, grid, pins)
    slow = slowly_binned(truth, s, grid, pins)
    assert found is not None
    assert [x.dtype for x in found] == [np.int64, np.int64, np.float64, np.float64]
    assert found.cells.tolist() == sorted(slow)
    for i, cell in enumerate(found.cells.tolist()):
        assert [x[i].tolist() for x in found[1:]] == slow[cell]
    assert not (np.signbit(found.lows) & (found.lows == 0)).any(), "-0.0 is 0.0"


@both
@given(st.data())
def test_slices_are_binned_as_their_own_rows(form: str, data: Any) -> None:
    """In pieces, however the rows come, and however many of the slices hold none."""
    grid, slices = Grid.parse(data.draw(st.sampled_from(GRIDS))), data.draw(st.integers(1, 9))
    pool = NUMBERS if grid.family == "floatbits" else PROBABILITIES
    kinds = data.draw(st.sampled_from([["float16"], ["float32"], ["float64"], [">f4"]]))
    held = []
    for _ in range(data.draw(st.integers(1, 4))):
        n = data.draw(ROWS)
        own = data.draw(labels(n, list(range(slices)), ["int8", "uint32", "int64"]))
        held.append((own, data.draw(labels(n, [0, 1], ["bool", "int64"])), data.draw(scores((n,), pool, kinds))))
    turned = np.array(data.draw(st.permutations(range(slices))), np.uint32)
    pins, number = [0.1, 0.1 + 1e-9, 0.1 + 2e-9, 0.5], slices + len(held)
    with taken(form):
        rows = [sliced.together(own, turned, *x, slices + i) for i, (own, *x) in enumerate(held, 1)]
        some = sliced.slice_bins(rows, grid, pins)
        found = sliced.slice_bins(rows[:1], grid, pins, known=some).of(number)
        assert equal(some.plus(sliced.slice_bins(rows[:1], grid, pins)).joined(),
                     sliced.slice_bins(rows[:1], grid, pins, known=some).joined())  # fmt: skip
    for (own, truth, s), made in zip(held, rows, strict=True):
        for place, side in itertools.product(range(slices), range(2)):
            at = 2 * int(turned[place]) + side
            there = slice(made.bounds[at], made.bounds[at + 1])
            assert made.scores[there].tolist() == s[(own == place) & (truth == side)].tolist()
    own, truth, s = (np.concatenate([*(x[i] for x in held), held[0][i]]) for i in range(3))
    for place in range(slices):
        slow = slowly_binned(truth[own == place], s[own == place], grid, pins)
        own_bins = found[turned[place]]
        assert own_bins.cells.tolist() == sorted(slow)
        for i, cell in enumerate(own_bins.cells.tolist()):
            assert [x[i].tolist() for x in own_bins[1:]] == slow[cell]
        assert not (np.signbit(own_bins.lows) & (own_bins.lows == 0)).any(), "-0.0 is 0.0"
    assert not any(len(x.cells) for x in found[slices:])


@both
@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("name", GRIDS)
def test_scores_round_every_edge_are_in_the_bin_of_the_grid(form: str, name: str, kind: str) -> None:
    """Powers of two and their neighbours, from the least denormal on, over more rows than a block has."""
    grid, real = Grid.parse(name), np.dtype(kind).type
    powers = 2.0 ** np.arange(-1074, 1024)
    edges = np.concatenate([powers, 1 - powers[powers < 1], powers * 1.5, np.arange(1025) / 1024, [np.inf]])
    with np.errstate(over="ignore"):
        edges = np.concatenate([edges, -edges]).astype(kind)
    s = np.concatenate([edges, np.nextafter(edges, real(np.inf)), np.nextafter(edges, real(-np.inf))])
    s = s if grid.family == "floatbits" else s[(s >= 0) & (s <= 1)]
    truth = np.arange(len(s)) % 2
    pins = [0.25, 0.2500001, 0.2500002, 0.3]
    with taken(form, share=len(s), copied=5000):
        found = binning.bin_counts(truth, s, grid, pins)
    assert found is not None
    wide = s.astype(np.float64)
    cells = grid.bins(wide) + np.searchsorted(pins, wide, side="right")
    counts = np.bincount(2 * cells + truth, minlength=2 * (grid.size + 4)).reshape(-1, 2)
    assert found.cells.tolist() == np.flatnonzero(counts.any(1)).tolist()
    assert found.counts.tolist() == counts[found.cells].tolist()


@both
@settings(max_examples=30)
@given(st.data())
def test_each_class_against_the_rest_is_a_tally_of_its_own(form: str, data: Any) -> None:
    n, k = data.draw(ROWS), data.draw(st.integers(1, 5))
    truth = data.draw(labels(n, list(range(k)), ["int64", "uint8"]))
    s = data.draw(scores((n, k), PROBABILITIES, ["float16", "float32", "float64"]))
    s = np.asfortranarray(s) if data.draw(st.booleans()) else s
    grid, pins = Grid.parse("folded(5)"), [0.1, 0.101, 0.5]
    with taken(form):
        found = binning.ovr_bin_counts(truth, s, grid, pins)
        assert found is not None
        assert len(found) == k
        for i in range(k):
            assert equal(found[i], binning.bin_counts(truth == i, s[:, i], grid, pins))


@both
@settings(max_examples=50)
@given(st.data())
def test_the_largest_score_wins_and_the_first_among_equals(form: str, data: Any) -> None:
    n, k = data.draw(ROWS), data.draw(st.integers(1, 9))
    truth = data.draw(labels(n, list(range(k)), ["int64", "uint8"]))
    s = data.draw(scores((n, k), NUMBERS, ["float16", "float32", "float64"]))
    with taken(form):
        found = binning.argmax_pairs(truth, s)
    table = np.zeros((k, k), int)
    ties = 0
    for y, row in zip(truth.tolist(), s.astype(float).tolist(), strict=True):
        table[y, row.index(max(row))] += 1
        ties += row.count(max(row)) > 1
    assert found is not None
    assert found[0].tolist() == table.tolist()
    assert found[1] == ties


@both
@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_rows_that_do_not_sum_to_one_are_counted(form: str, kind: str) -> None:
    s = np.full((20, 7), 1 / 7).astype(kind)
    s[3] *= 1.01
    s[11] *= 0.99
    s[5, 2] = np.nan
    with taken(form):
        assert binning.row_sums_off(s, 2e-3) == 3
        assert binning.row_sums_off(np.asfortranarray(s), 2e-3) == 3
        assert binning.row_sums_off(s[:, :-1], 1e-2) == 20
        assert binning.row_sums_off(s[:0], 1e-2) == 0


@both
@settings(max_examples=50)
@given(st.data())
def test_the_true_class_has_its_place_among_the_scores(form: str, data: Any) -> None:
    """Places and scores to the bit, sums of squares to 1e-12."""
    n, k = data.draw(ROWS), data.draw(st.integers(1, 9))
    truth = data.draw(labels(n, list(range(k)), ["int64"]))
    s = data.draw(scores((n, k), PROBABILITIES, ["float16", "float32", "float64"]))
    s = np.asfortranarray(s) if data.draw(st.booleans()) else s
    with taken(form):
        found = placed(truth, s)
    for i, (y, row) in enumerate(zip(truth.tolist(), s.astype(float).tolist(), strict=True)):
        assert found.best[i] == 1 + sum(x > row[y] for x in row)
        assert found.worst[i] == sum(x >= row[y] for x in row)
        assert found.own[i] == row[y]
        assert found.squares[i] == pytest.approx(math.fsum(x * x for x in row), rel=1e-12)
    if n:
        counted = Counter(zip(found.best.tolist(), found.worst.tolist(), strict=True))
        for ranks in (Ranks.at(k, found.best, found.worst), Ranks.count(truth, s.astype(np.float64))):
            assert [tuple(x) for x in ranks.places.tolist()] == sorted(counted)
            assert ranks.full.tolist() == [counted[x] for x in sorted(counted)]


# ── sides ─────────────────────────────────────────────────────────────────────────────────────
@both
@given(st.data())
@example(None)
def test_sides_rank_as_every_pair_says(form: str, data: Any) -> None:
    if data is None:
        truth, s = np.array([0, 1]), np.array([-0.0, 0.0])
    else:
        n = data.draw(ROWS)
        truth, s = data.draw(labels(n, [0, 1], ["bool", "int64"])), data.draw(scores((n,), NUMBERS))
    with taken(form):
        parted = sides.sorted_sides(truth, s)
        assert parted is not None
        ranked = sides.ranked_sums(*parted)
        distinct, mass = sides.merged_masses(*parted)
    wide = s.astype(np.float64) + 0.0
    with np.errstate(over="ignore"):
        lossless = bool((wide.astype(np.float32) == wide).all())
    for y, side in enumerate(parted):
        assert side.dtype == (np.float32 if lossless else np.float64)
        assert side.tolist() == sorted(wide[truth == y].tolist())
        assert not (np.signbit(side) & (side == 0)).any()

    negative, positive = (wide[truth == y] for y in (0, 1))
    up = [int((negative < x).sum() + (negative <= x).sum()) for x in positive]
    down = [int((positive > x).sum() + (positive >= x).sum()) for x in negative]
    assert tuple(ranked) == (len(negative), len(positive), sum(up), sum(x * x for x in up), sum(x * x for x in down))
    for variance, own, others in zip(ranked.variances, (up, down), (len(negative), len(positive)), strict=True):
        if len(own) < 2 or not others:
            assert math.isnan(variance)
        else:
            assert variance == pytest.approx(np.var(np.array(own) / (2 * others), ddof=1), rel=1e-12, abs=1e-15)

    values, at = np.unique(wide, return_inverse=True)
    assert distinct.dtype == np.float64
    assert distinct.tolist() == values.tolist()
    assert mass.tolist() == [[int(((at == i) & (truth == y)).sum()) for y in (0, 1)] for i in range(len(values))]


@both
def test_ranks_agree_with_scikit_learn(form: str) -> None:
    random = np.random.default_rng(1)
    s = np.round(random.normal(size=20_000), 2).astype(np.float32)
    truth = (random.random(20_000) < 0.1).astype(np.int64)
    with taken(form, share=1000, copied=5000):
        parted = sides.sorted_sides(truth, s)
        assert parted is not None
        ranked = sides.ranked_sums(*parted)
    auc = ranked.twice / (2 * ranked.negatives * ranked.positives)
    assert auc == pytest.approx(roc_auc_score(truth, s), rel=1e-12)


def test_placements_of_any_size_are_squared_without_overflow() -> None:
    placements = np.array([2**41, 2**41 - 1, 2**33 + 7, 0, 1])
    with mock.patch.object(sides, "_CHUNK", 2):
        assert sides._placed(placements, lambda x: x) == (
            sum(placements.tolist()),
            sum(x * x for x in placements.tolist()),
        )


# ── how they are taken ────────────────────────────────────────────────────────────────────────
@pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="numba is not here")
@pytest.mark.parametrize("seed", range(3))
def test_both_forms_agree_to_the_bit_over_many_blocks(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = 50_000
    z = random.normal(-2, 3, n).astype(["float32", "float64", "float32"][seed])
    s = (1 / (1 + np.exp(-z))).astype(z.dtype)
    truth = (random.random(n) < s).astype(np.int64)
    table = random.dirichlet(np.full(20, 0.2), n).astype(z.dtype)
    classes = random.integers(0, 20, n)
    percents = [i / 100 for i in range(1, 100)]
    folded, floatbits = Grid.parse("folded"), Grid.parse("floatbits")

    def all_of_them() -> list[Any]:
        parted = sides.sorted_sides(truth, s)
        assert parted is not None
        return [
            kernels.pair_counts(truth, (s > 0.3).astype(np.int64)),
            kernels.pair_counts(classes, np.roll(classes, 1)),
            kernels.value_counts(classes * 7 - 50),
            kernels.cut_counts(truth, s, 0.3, near=[float(np.float32(0.3))]),
            binning.bin_counts(truth, s, folded, percents),
            binning.bin_counts(truth, z, floatbits, [-1.0, 0.0, 0.5]),
            sliced.slice_bins([sliced.together(classes, np.arange(20), truth, s, 20)] * 2, folded, percents).joined(),
            sliced.slice_bins(
                [sliced.together(np.arange(n) // 100, np.arange(n), truth, z, n // 100)], floatbits, [-1.0, 0.0, 0.5]
            ).joined(),
            binning.ovr_bin_counts(classes, table, folded, percents),
            binning.argmax_pairs(classes, table),
            binning.row_sums_off(table, 1e-3),
            placed(classes, table)[:3],
            parted,
            sides.ranked_sums(*parted),
            sides.merged_masses(*parted),
        ]

    results = []
    for form in ("numpy", "compiled"):
        with taken(form, share=20_000, copied=5000):
            results.append(all_of_them())
    assert not any(x is None for x in results[0])
    for a, b in zip(*results, strict=True):
        assert equal(a, b)


def test_few_rows_never_wait_for_the_compiler() -> None:
    code = """
import sys
import numpy as np
from unconfused.tally import binning, kernels, sides
from unconfused.tally.grids import Grid
y, s = np.arange(150) % 2, np.linspace(0, 1, 150)
for _ in range(100):
    kernels.pair_counts(y, y), kernels.cut_counts(y, s, 0.5), binning.bin_counts(y, s, Grid.parse("folded"))
    sides.ranked_sums(*sides.sorted_sides(y, s))
assert "numba" not in sys.modules
"""
    path = os.pathsep.join(filter(None, sys.path))
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, check=True)


@pytest.mark.parametrize("broken", [False, True])
def test_without_a_compiler_numpy_counts(broken: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not installed; or it is, and falls over as it is loaded, which is said once."""
    loaded = {name: x for name, x in sys.modules.items() if not name.startswith("unconfused.tally.compiled")}
    loaded["numba"] = types.ModuleType("numba") if broken else None
    monkeypatch.delattr(tally, "compiled", raising=False)
    monkeypatch.setattr(threads, "_absent", False)
    monkeypatch.setattr(threads, "FEW", 0)
    monkeypatch.setattr(threads, "PAYS", 0)
    told = pytest.warns(RuntimeWarning, match=r"numba cannot be loaded \(AttributeError") if broken else nullcontext()
    with mock.patch.dict(sys.modules, loaded, clear=True), told:
        table = kernels.pair_counts(np.array([0, 1, 1]), np.array([0, 1, 0]))
    assert table is not None
    assert table.tolist() == [[1, 0], [1, 1]]
    assert threads._absent


def test_a_stream_of_batches_comes_to_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of one kind add up; another kind, or a batch of few rows, starts from nothing."""
    pytest.importorskip("numba")
    monkeypatch.setattr(threads, "FEW", 10)
    monkeypatch.setattr(threads, "PAYS", 100)
    monkeypatch.setattr(threads, "_absent", False)
    monkeypatch.setattr(threads, "_seen", {})
    batch = np.zeros(40, np.int64)
    assert [threads.loops("a", batch) is not None for _ in range(4)] == [False, False, True, True]
    assert threads.loops("b", batch) is None
    assert threads.loops("a", batch.astype(np.int8)) is None
    assert all(threads.loops("c", batch[:9]) is None for _ in range(20))


@both
def test_no_thread_outlives_its_call(form: str) -> None:
    before = threading.active_count()
    with taken(form):
        kernels.pair_counts(np.arange(100) % 3, np.arange(100) % 2)
    assert threading.active_count() == before


def test_what_a_part_raises_is_raised() -> None:
    def task(rows: slice) -> None:
        raise ZeroDivisionError(rows.start)

    with taken("numpy"), pytest.raises(ZeroDivisionError):
        threads.in_parts(100, task)
