"""What each two of several classes are compared by, on a grid: it adds, is saved, and its bounds hold the value."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unconfused as uc
from unconfused.errors import MergeRefused, NotKept, UsageError

NAMES = ["a", "b", "c", "d"]


def problem(seed: int, n: int, kind: str, digits: int = 3) -> tuple[Any, Any]:
    """Rows of four classes; scores that tie now and then."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 4)).round(digits)
    truth = rng.integers(4, size=n)
    z[np.arange(n), truth] += 1
    return truth, z if kind != "probability" else np.exp(z) / np.exp(z).sum(1, keepdims=True)


GRIDS = {"probability": ["folded(1)", "folded(7)", "uniform(16)"], "logit": ["floatbits(2)"], "raw": ["floatbits(2)"]}


@pytest.mark.parametrize("kind", GRIDS)
@given(seed=st.integers(0, 999), n=st.integers(4, 400), weighed=st.sampled_from(["", "count", "sample_weight"]),
       cuts=st.lists(st.integers(0, 400), max_size=4), data=st.data())  # fmt: skip
@settings(max_examples=15, deadline=None)
def test_any_cut_and_bounds(kind: str, seed: int, n: int, weighed: str, cuts: list[int], data: st.DataObject) -> None:
    """Batches in any number add up to the tally of all rows, and the bounds of the mean hold the exact one."""
    truth, scores = problem(seed, n, kind)
    weights = {weighed: np.random.default_rng(seed).integers(1, 4, size=n)} if weighed else {}
    how: dict[str, Any] = {"score_kind": kind, "labels": range(4)}
    binned = how | {"grid": data.draw(st.sampled_from(GRIDS[kind])), "pairs": True}
    whole = uc.evaluate(truth, y_score=scores, **weights, **binned)
    ends = sorted({0, n, *(min(x, n) for x in cuts)})
    parts = [uc.evaluate(truth[a:b], y_score=scores[a:b], **{x: w[a:b] for x, w in weights.items()}, **binned)
             for a, b in pairwise(ends)]  # fmt: skip
    added = sum(data.draw(st.permutations(parts)))
    assert added.tallies.columns == whole.tallies.columns
    exact = uc.evaluate(truth, y_score=scores, **weights, **how).estimate("roc_auc@ovo")
    found = whole.estimate("roc_auc@ovo")
    assert exact.defined == found.defined
    if exact.defined:
        assert found.bounds is not None
        assert found.bounds[0] - 1e-12 <= exact.value <= found.bounds[1] + 1e-12
        assert found.low <= found.bounds[0] <= found.value <= found.bounds[1] <= found.high


def test_it_is_saved_and_coarsened_and_added_at_the_coarser(tmp_path: Path) -> None:
    """In the format of before; of two grids the sum has the bins of the coarser."""
    truth, scores = problem(0, 400, "probability")
    fine, coarse = (uc.evaluate(truth, y_score=scores, grid=x, pairs=True) for x in ("folded(6)", "folded(2)"))
    fine.save(tmp_path / "a.uc")
    back = uc.load(tmp_path / "a.uc")
    assert back.tallies == fine.tallies
    assert back.estimate("roc_auc@ovo").bounds == fine.estimate("roc_auc@ovo").bounds
    assert (back + fine).tallies == (fine + fine).tallies
    assert fine.coarsen("folded(2)").tallies == coarse.tallies
    assert (fine + coarse).tallies == (coarse + coarse).tallies
    with pytest.raises(MergeRefused, match="columns"):
        fine + uc.evaluate(truth, y_score=scores, grid="folded(6)")


@pytest.mark.parametrize("n", [100, 3000])
def test_streams_and_tables_keep_it_too(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As arrays do, in batches and in pieces, also by the compiled loop."""
    truth, scores = problem(1, n, "probability")
    wanted = uc.evaluate(truth, y_score=scores, grid="folded(3)", pairs=True)
    stream = uc.Stream(grid="folded(3)", pairs=True)
    for rows in np.array_split(np.arange(n), 7):
        stream.update(y_true=truth[rows], y_score=scores[rows])
    assert stream.evaluation.tallies.columns == wanted.tallies.columns
    assert stream.evaluation.estimate("roc_auc@ovo") == wanted.estimate("roc_auc@ovo")
    pytest.importorskip("narwhals")
    pd = pytest.importorskip("pandas")
    from unconfused.ingest import frames

    monkeypatch.setattr(frames, "PIECE", n // 3)
    frame = pd.DataFrame(scores, columns=NAMES).assign(y=truth)
    for more in ({}, {"refine": True}):
        made = uc.evaluate_frame(frame, y_true="y", y_score=NAMES, grid="folded(3)", pairs=True, **more)
        assert made.tallies.columns == wanted.tallies.columns
    assert made.estimate("roc_auc@macro").value == uc.evaluate(truth, y_score=scores).estimate("roc_auc@macro").value


def test_scores_of_32_bits_are_those_numbers() -> None:
    """As float64, like everywhere."""
    truth, scores = problem(2, 600, "probability")
    narrow = scores.astype(np.float32)
    one, other = (uc.evaluate(truth, y_score=x, grid="folded(3)", pairs=True) for x in (narrow, narrow.astype(float)))
    assert one.tallies.columns == other.tallies.columns


def test_what_has_no_pairs_says_so() -> None:
    """Nothing is kept that was not asked for, and what cannot be kept is refused."""
    truth, scores = problem(3, 300, "probability")
    with pytest.raises(NotKept, match=r"pairs=True or grid=\"exact\""):
        uc.evaluate(truth, y_score=scores, grid="folded").estimate("roc_auc@ovo")
    assert uc.evaluate(truth, y_score=scores, pairs=True) == uc.evaluate(truth, y_score=scores)
    binary, p = truth % 2, scores[:, 0]
    bits = (scores > 0.3).astype(int)
    for given_rows in ({"y_true": binary, "y_score": p}, {"y_true": truth, "y_pred": truth},
                       {"y_true": truth, "y_score": scores, "curves": False},
                       {"y_true": bits, "y_score": scores, "label_kind": "multilabel"}):  # fmt: skip
        with pytest.raises(UsageError, match=r"pairs=True was given, and .*Leave pairs= out"):
            uc.evaluate(**given_rows, pairs=True)
    wide = np.full((130, 65), 1 / 65)
    with pytest.raises(UsageError, match=r"65 classes.*64 classes are the most"):
        uc.evaluate(np.arange(130) % 65, y_score=wide, grid="folded", pairs=True)
    with pytest.raises(UsageError, match="pairs='yes' is not known"):
        uc.evaluate(truth, y_score=scores, pairs="yes")
