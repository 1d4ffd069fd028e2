"""Bands around a ROC curve: they hold the truth as often as they say, on exact and on binned scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import unconfused as uc
from unconfused.curves import Curve
from unconfused.errors import NotKept, UsageError

BANDS = ["simultaneous", "pointwise"]


def drawn(p: int, n: int, gap: float, seed: int, **options: Any) -> uc.Evaluation:
    rng = np.random.default_rng(seed)
    y = np.repeat([1, 0], [p, n])
    return uc.evaluate(y, y_score=rng.normal(size=p + n) + gap * y, score_kind="raw", **options)


@pytest.mark.parametrize(("p", "n", "gap"), [(60, 60, 1.2), (30, 270, 2.0)])
@pytest.mark.parametrize("grid", ["exact", "floatbits"])
def test_how_often_they_hold_the_truth(p: int, n: int, gap: float, grid: str) -> None:
    """The whole curve of two normal distributions, and its recall at 10 % false positives: 40 samples of 95 %."""
    whole = one = 0
    for seed in range(40):
        ev = drawn(p, n, gap, seed, grid=grid)
        for band in BANDS:
            curve: Any = ev.curve("roc", band=band, seed=seed)
            true, (low, high) = stats.norm.sf(stats.norm.isf(curve.x) - gap), curve.interval
            inside = (low <= true) & (true <= high)
            whole += band == "simultaneous" and inside.all()
            one += band == "pointwise" and inside[np.searchsorted(curve.x, 0.1)]
    assert whole >= 35, "below this with probability .01 if it holds the truth in 95 %"
    assert one >= 35


@pytest.mark.parametrize("band", BANDS)
@given(seed=st.integers(0, 10**6), p=st.integers(1, 12), n=st.integers(1, 12), ties=st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_they_hold_the_curve_and_stay_in_the_square(band: str, seed: int, p: int, n: int, ties: int) -> None:
    """Whatever the rows, perfect and useless models included: around the curve, never of no width."""
    rng = np.random.default_rng(seed)
    y = np.repeat([1, 0], [p, n])
    w = rng.integers(1, 4, p + n) if seed % 2 else None
    curve: Any = uc.evaluate(y, y_score=rng.integers(0, ties, p + n) / ties, sample_weight=w).curve("roc", band=band)
    low, high = curve.interval
    assert (low <= curve.y + 1e-12).all()
    assert (curve.y <= high + 1e-12).all()
    assert (low >= 0).all()
    assert (high <= 1).all()
    assert (low < high).all()


def test_a_simultaneous_band_is_the_wider_one() -> None:
    """On average over the curve; the level counts, and the same seed gives the same band."""
    ev = drawn(200, 200, 1.0, 0)

    def width(band: str, level: float = 0.95) -> float:
        curve: Any = ev.curve("roc", band=band, level=level)
        return float(np.trapezoid(curve.interval[1] - curve.interval[0], curve.x))

    assert width("simultaneous") > 1.2 * width("pointwise")
    assert width("simultaneous", 0.5) < width("simultaneous", 0.9) < width("simultaneous", 0.99)
    assert width("pointwise") == width("pointwise")


def test_perfect_separation_is_not_certain() -> None:
    """Twenty rows without an error leave room for errors that were not seen."""
    curve: Any = uc.evaluate([0] * 20 + [1] * 20, y_score=np.arange(40) / 40).curve("roc", band="simultaneous")
    at = np.flatnonzero(curve.y == 1)[0]
    assert curve.interval[0][at] < 0.85


def test_it_is_named_and_drawn() -> None:
    """In the text, in the frame, in the legend; of several classes each has its own."""
    pytest.importorskip("matplotlib")
    ev = drawn(30, 30, 1.0, 1)
    curve: Any = ev.curve("roc", band="simultaneous", level=0.9)
    assert str(curve).endswith("90 % simultaneous band")
    assert {"low", "high"} <= set(curve.columns())
    axes = curve.plot()
    assert "90 % simultaneous band" in [text.get_text() for text in axes.get_legend().get_texts()]
    rng = np.random.default_rng(0)
    several = uc.evaluate(rng.integers(0, 3, 60), y_score=rng.dirichlet([1, 1, 1], 60)).curve("roc", band="pointwise")
    assert isinstance(several, dict)
    assert all(isinstance(one, Curve) and one.interval is not None for one in several.values())


def test_what_has_no_band_says_so() -> None:
    """Another curve, another word, rows that come in units."""
    ev = drawn(30, 30, 1.0, 1)
    with pytest.raises(UsageError, match="Bands are of the ROC curve"):
        ev.curve("pr", band="pointwise")
    with pytest.raises(UsageError, match="'pointwise' or 'simultaneous'"):
        ev.curve("roc", band="wide")  # type: ignore[arg-type]
    y = np.repeat([0, 1], 20)
    with pytest.raises(NotKept, match="come in units"):
        uc.evaluate(y, y_score=np.arange(40) / 40, unit=np.arange(40) // 2).curve("roc", band="pointwise")
