"""Numbers at the edge of what a float64 holds, and intervals of what has hardly any spread."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

from unconfused.inference import estimate
from unconfused.metrics import CATALOGUE
from unconfused.tally.cells import Cells
from unconfused.tally.confusion import ConfusionMatrix


def value(table: Any, text: str, **options: Any) -> float:
    cm = ConfusionMatrix.from_counts(table, labels=list("abcdefg")[: len(table)], **options)
    return float(estimate(cm, text))


def cells(table: Any, k: int | None = None) -> Cells:
    return Cells.of_table(np.asarray(table, np.float64), k)


# ── small cells beside large ones ─────────────────────────────────────────────────────────────────
HEAVY = [[1e12, 0, 0], [0, 1e-4, 1e-4], [0, 0, 1e-4]]


def test_rows_of_little_weight_keep_their_digits_beside_heavy_ones() -> None:
    c = cells(HEAVY)
    assert CATALOGUE["specificity"](c)[0] == 1.0
    assert CATALOGUE["npv"](c)[0] == 1.0
    assert CATALOGUE["mcc"].by_class(c)[0] == pytest.approx(1.0, rel=1e-15)
    assert CATALOGUE["error_rate"](c) == pytest.approx(1e-16, rel=1e-12)
    assert CATALOGUE["fnr"](cells([[1e12, 1e-9], [1e-3, 1]]))[0] == pytest.approx(1e-21, rel=1e-12)


def test_counts_beyond_the_digits_of_a_float_keep_their_small_cells() -> None:
    big = [[2**61, 0, 0], [0, 5, 0], [0, 0, 7]]
    assert value(big, "specificity[a]") == value(big, "npv[a]") == 1.0
    wrong = [[2**61, 20], [20, 500]]
    assert value(wrong, "error_rate") == pytest.approx(40 / 2**61, rel=1e-12)
    assert value(wrong, "fnr[a]") == pytest.approx(20 / 2**61, rel=1e-12)


@pytest.mark.parametrize("k", [2, 3, 4, 7])
def test_a_weighted_table_with_one_column_has_no_correlation(k: int) -> None:
    rng = np.random.default_rng(k)
    for _ in range(50):
        table = np.zeros((k, k))
        table[:, rng.integers(k)] = rng.random(k) * 10.0 ** rng.integers(-9, 9, k)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert math.isnan(CATALOGUE["mcc"](cells(table)))
            assert math.isnan(CATALOGUE["mcc"](cells(table.T)))


def test_the_four_cells_of_a_table_are_those_counted_cell_by_cell() -> None:
    rng = np.random.default_rng(5)
    for seats, k in ((1, 1), (2, 1), (2, 2), (3, 2), (5, 5), (6, 4)):
        stack = rng.integers(0, 9, (3, 2, seats, seats)).astype(float)
        c = cells(stack, k)
        for i in range(k):
            row, column = np.arange(seats) == i, np.arange(seats) != i
            np.testing.assert_array_equal(c.tp[..., i], stack[..., i, i])
            np.testing.assert_array_equal(c.fn[..., i], stack[..., i, column].sum(-1))
            np.testing.assert_array_equal(c.fp[..., i], stack[..., ~row, i].sum(-1))
            np.testing.assert_array_equal(c.tn[..., i], stack[..., ~row, :][..., column].sum((-2, -1)))
        np.testing.assert_array_equal(c.wrong, c.n[..., 0] - c.correct)
        margins = Cells(c.diagonal, c.rows, c.columns, c.n, k)
        for name in ("tp", "fp", "fn", "tn", "others", "uncalled", "wrong"):
            np.testing.assert_array_equal(getattr(margins, name), getattr(c, name), err_msg=name)
        for name in ("tp", "fp", "fn", "tn"):
            np.testing.assert_array_equal(getattr(c.pooled(), name)[..., 0], getattr(c, name).sum(-1), err_msg=name)
