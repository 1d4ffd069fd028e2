"""A matrix of thousands of classes keeps the cells that hold rows, and answers like one that keeps them all."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from laws.strategies import FAMILIES, alike

import unconfused as uc
from unconfused import store
from unconfused.errors import InputError, MergeRefused, NotKept, UnconfusedError, UnreadableFile
from unconfused.metrics import CATALOGUE
from unconfused.metrics.average import AVERAGES
from unconfused.tally import sparse
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.sparse import Sparse

OF_CLASSES = [name for name in FAMILIES if name.startswith(("classes", "a score for each class"))]
UNSPREAD = "since the rows show no spread"


@contextmanager
def few(classes: int) -> Iterator[None]:
    """Matrices of more classes than these are sparse."""
    before, sparse.FEW = sparse.FEW, classes
    try:
        yield
    finally:
        sparse.FEW = before


def pair(weighted: bool, seats: bool) -> tuple[ConfusionMatrix, ConfusionMatrix]:
    """The same rows of nine classes, kept both ways."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 9, 1500)
    called = np.where(rng.random(1500) < 0.7, truth, rng.integers(0, 8, 1500))
    y: Any = truth.astype(object)
    if seats:
        y[::97] = None
    options: dict[str, Any] = {"labels": range(10), "invalid": "count"}
    if weighted:
        options["sample_weight"] = rng.exponential(size=1500)
    dense = uc.confusion_matrix(y, called, **options)
    with few(4):
        thin = uc.confusion_matrix(y, called, **options)
    assert isinstance(thin.full, Sparse)
    assert isinstance(dense.full, np.ndarray)
    return dense, thin


def questions() -> Iterator[str]:
    for metric in CATALOGUE.values():
        if metric.of != "counts":
            continue
        spelled = {"fbeta": "fbeta(2)"}.get(metric.name, metric.name)
        yield from (spelled, f"{spelled}[3]", *(f"{spelled}@{average}" for average in AVERAGES))
    yield from ("kappa(linear)", "kappa(linear)[3]", "kappa(quadratic)@macro")


def answers(cm: ConfusionMatrix, text: str) -> Any:
    metric = CATALOGUE[text.partition("(")[0].partition("[")[0].partition("@")[0]]
    try:
        if metric.per_class and "@" not in text and "[" not in text:
            return list(cm.estimates(text).values())
        return [cm.estimate(text)]
    except UnconfusedError as error:
        return type(error)


@pytest.mark.parametrize("seats", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_every_metric_has_the_same_answer(weighted: bool, seats: bool) -> None:
    """With its interval; where no row shows a spread another one, and weighted kappa none."""
    dense, thin = pair(weighted, seats)
    with few(4):
        for text in questions():
            mine, theirs = answers(thin, text), answers(dense, text)
            if text in ("kappa(linear)", "kappa(quadratic)"):
                assert mine is NotKept
                continue
            if isinstance(theirs, type):
                assert mine is theirs, text
                continue
            for a, b in zip(mine, theirs, strict=True):
                assert (a.name, a.n, a.reason, a.left_out) == (b.name, b.n, b.reason, b.left_out)
                assert a.value == pytest.approx(b.value, rel=1e-9, nan_ok=True), text
                if UNSPREAD not in a.method:
                    assert a.method == b.method, text
                    assert (a.low, a.high) == pytest.approx((b.low, b.high), rel=1e-6, abs=1e-9, nan_ok=True), text
                else:
                    assert a.low <= a.value <= a.high
        boot = thin.estimate("mcc", method="bootstrap")
        assert boot.low < boot.value < boot.high
        assert boot.high - boot.low == pytest.approx(dense.estimate("mcc").high - dense.estimate("mcc").low, rel=0.25)


@pytest.mark.parametrize("seats", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_it_reads_the_same(weighted: bool, seats: bool) -> None:
    """Cell by cell, class by class, as shares, in words and in the long form."""
    dense, thin = pair(weighted, seats)
    with few(4):
        assert np.array_equal(np.asarray(thin), np.asarray(dense))
        assert np.array_equal(thin.counts, dense.counts)
        assert (thin.total, thin.seats, len(thin)) == (dense.total, dense.seats, len(dense))
        for truth in [*range(10), *dense.seats]:
            for called in range(10):
                assert thin[truth, called] == pytest.approx(dense[truth, called], rel=1e-12)
        for label in range(10):
            assert np.allclose(thin[label].full, dense[label].full, rtol=1e-12)
            assert isinstance(thin[label].full, np.ndarray)
        for how in ("true", "pred", "all"):
            shares = dense.normalize(how)  # type: ignore[arg-type]
            assert np.allclose(np.asarray(thin.normalize(how).values), np.nan_to_num(shares.values))  # type: ignore[arg-type]
            assert thin.normalize(how)[3, 4] == pytest.approx(shares[3, 4])  # type: ignore[arg-type]
        for mine, theirs in zip(thin.entries(), dense.entries(), strict=True):
            assert np.allclose(mine, theirs, rtol=1e-12)
        assert thin.findings == dense.findings
        assert str(thin).partition("\n")[0] == str(dense).partition("\n")[0]
        assert {x for x in thin.to_csv().splitlines() if ",0" not in x} <= set(dense.to_csv().splitlines())
        assert str(thin.report())


@pytest.mark.parametrize("weighted", [False, True])
def test_its_rows_columns_and_blocks_end_where_those_of_an_array_do(weighted: bool) -> None:
    dense, thin = ((x.full_weights if weighted else x.full) for x in pair(weighted, seats=True))
    for place in range(12):
        assert np.allclose(thin[place], dense[place], rtol=1e-12)
        assert np.allclose(thin[:, place], dense[:, place], rtol=1e-12)
        block = thin[:place, : place // 2]
        assert block.shape == (place, place // 2)
        assert block.ravel().sum() == pytest.approx(dense[:place, : place // 2].sum())


@pytest.mark.parametrize("family", OF_CLASSES)
@given(data=st.data())
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_adds_and_keeps_the_same(family: str, data: st.DataObject, tmp_path: Path) -> None:
    """Any cut of the rows, through a file, and sorted again where classes meet."""
    problem = data.draw(FAMILIES[family])
    whole = problem.tally()
    with few(2):
        order = np.array(data.draw(st.permutations(range(len(problem)))))
        cut = data.draw(st.integers(0, len(problem)))
        parts = [problem.part(rows).tally() for rows in (order[:cut], order[cut:]) if len(rows)]
        total = sum(parts[1:], parts[0])
        matrix = total.matrix
        assert isinstance(matrix.full, Sparse) == (len(matrix.labels) > 2)
        assert alike(total, problem.tally())
        store.save(total, tmp_path / "t.uc")
        assert store.load(tmp_path / "t.uc") == total
        assert matrix + ConfusionMatrix.zero() == matrix
        assert np.array_equal(np.asarray(matrix.full), whole.matrix.full)
    if whole.matrix.full_weights is not None:
        assert np.allclose(np.asarray(matrix.full_weights), whole.matrix.full_weights, rtol=1e-12)


def test_twenty_thousand_classes() -> None:
    """Counted, added, saved, asked and printed in a twentieth of what the cells alone would take."""
    rng = np.random.default_rng(1)
    k, n = 20_000, 60_000
    truth = rng.integers(0, k, n)
    called = np.where(rng.random(n) < 0.8, truth, rng.integers(0, k, n))
    tracemalloc.start()
    cm = uc.confusion_matrix(truth, called, labels=range(k))
    both = cm + uc.confusion_matrix(truth[:100], called[:100], labels=range(k))
    assert both.total == n + 100
    right = int((truth == called).sum())
    for text in (
        "accuracy",
        "mcc",
        "kappa",
        "f1@macro",
        "f1@weighted",
        "recall@micro",
        "balanced_accuracy",
        "mean_iou",
    ):
        e = cm.estimate(text)
        assert e.low < e.value < e.high, text
    assert float(cm.estimate("accuracy")) == right / n
    recall = cm.estimates("recall")
    assert len(recall) == k
    assert recall[7].n == (truth == 7).sum()
    assert cm[7].tp == ((truth == 7) & (called == 7)).sum()
    assert cm.normalize("true")[7, 7] == pytest.approx(recall[7].value)
    assert cm.findings
    assert "20000 classes" in str(cm)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < k * k * 8 / 20
    for ask in (
        lambda: cm.counts,
        lambda: np.asarray(cm),
        lambda: cm.to_dict(),
        lambda: cm.to_markdown(),
        lambda: list(cm),
    ):
        with pytest.raises(NotKept, match=r"3\.0 GiB"):
            ask()
    with pytest.raises(UnconfusedError):
        cm.plot()
    with pytest.raises(MergeRefused):
        cm + uc.confusion_matrix([0], [0], labels=range(k + 1))


HOSTILE = {
    "outside": {"rows": [0, 9], "columns": [0, 0], "full": [1, 1]},
    "negative place": {"rows": [-1, 1], "columns": [0, 0], "full": [1, 1]},
    "out of order": {"rows": [1, 0], "columns": [0, 0], "full": [1, 1]},
    "twice": {"rows": [1, 1], "columns": [0, 0], "full": [1, 1]},
    "no row": {"rows": [0, 1], "columns": [0, 0], "full": [1, 0]},
    "negative count": {"rows": [0, 1], "columns": [0, 0], "full": [1, -1]},
    "uneven": {"rows": [0, 1], "columns": [0], "full": [1, 1]},
}


@pytest.mark.parametrize("bad", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_cells_are_refused(bad: dict[str, list[int]], tmp_path: Path) -> None:
    """Cells ascend, stand inside the matrix and hold rows."""
    with few(2):
        cells = Sparse((7, 7), *(np.array(bad[name]) for name in ("rows", "columns", "full")))
        cm = ConfusionMatrix(uc.Labels.declare(range(5)), cells)
        try:
            store.save(cm, tmp_path / "t.uc")
        except InputError:
            return
        with pytest.raises(UnreadableFile):
            store.load(tmp_path / "t.uc")
