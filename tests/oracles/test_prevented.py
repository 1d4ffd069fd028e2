"""Mistakes that cannot happen here, or are put right without a word: what docs/pitfalls.md claims of them, each held.

The number in a test's name is that of the row.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import unconfused as uc

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.filterwarnings("ignore")


def test_2_metrics_of_batches_are_never_averaged() -> None:
    """Of the batches 0,0 → 0,1 and 1,1 → 0,1 the mean of the recalls is 0.25, the recall 0.5."""
    one, two = (uc.confusion_matrix(y, p, labels=[0, 1]) for y, p in (([0, 0], [0, 1]), ([1, 1], [0, 1])))
    with pytest.raises(TypeError):
        one.estimate("recall") + two.estimate("recall")
    assert (one + two).estimate("recall").value == 0.5
    found = uc.evaluate([0, 0, 1, 1], [0, 1, 0, 1]).reconcile(recall="0.25")
    assert not any("batch" not in cause.name for cause in found.causes)


def test_6_both_axes_are_printed() -> None:
    cm = uc.confusion_matrix([0, 0, 0, 1], [0, 0, 1, 1])
    for text in (str(cm), cm.to_markdown(), cm.to_latex(), cm.to_csv(), cm._repr_html_()):
        assert "actual" in text.lower()
        assert "predicted" in text.lower()


def test_17_cells_are_counted_in_64_bits() -> None:
    """16 · 17 + 16 is 32 in eight bits, the cell (1, 15)."""
    assert (uc.confusion_matrix(*[np.arange(17, dtype=np.uint8)] * 2).counts == np.eye(17)).all()


def test_20_nothing_is_broadcast() -> None:
    """Broadcast, a perfect prediction would be right in 5 of 9 pairs."""
    cm = uc.confusion_matrix(np.array([[0], [1], [1]]), np.array([0, 1, 1]))
    assert (cm.total, cm.estimate("accuracy").value) == (3, 1.0)


def test_24_undefined_is_no_number() -> None:
    e = uc.confusion_matrix([1, 0, 1], [0, 0, 0]).estimate("precision")
    assert not e.defined
    assert "predicted" in str(e.reason)
    assert np.isnan(e.value)


def test_25_a_micro_average_is_given_where_it_is_asked_for() -> None:
    cm = uc.confusion_matrix([0, 1, 2, 2], [0, 1, 2, 1])
    assert list(cm.report().averages) == ["macro", "weighted"]
    assert str(cm.report()).count("micro") == 1  # "accuracy is also the micro average of …"
    assert cm.estimate("f1@micro").value == cm.estimate("accuracy").value


def test_32_tensors_are_read_as_they_are() -> None:
    """Half precision, with a gradient; the caller's tensor is left alone."""
    torch = pytest.importorskip("torch")
    score = torch.tensor([0.125, 0.875, 0.75, 0.25], requires_grad=True)
    for given in (score, score.bfloat16(), score.half()):
        ev = uc.evaluate(torch.tensor([0, 1, 0, 1]), y_score=given)
        assert ev.at(0.5).ravel() == (1, 1, 1, 1)
    assert score.requires_grad
    assert score.grad is None


def test_33_a_stream_of_scores_does_not_grow() -> None:
    """What it holds hardly grows after twice the rows, and the area has bounds that hold the exact one."""
    rng = np.random.default_rng(0)

    def batch() -> tuple[Any, Any]:
        y = (rng.random(10_000) < 0.3).astype(int)
        return y, np.clip(0.3 * y + 0.7 * rng.random(10_000), 0, 1)

    batches = [batch() for _ in range(40)]
    stream, kept = uc.Stream(), []
    for y, p in batches:
        stream.update(y_true=y, y_score=p)
        kept.append(len(pickle.dumps(stream)))
    assert kept[-1] < 1.3 * kept[19]  # after twice the rows
    assert kept[-1] < 800_000  # all scores would be 3,200,000 bytes
    y, p = (np.concatenate(x) for x in zip(*batches, strict=True))
    exact, held = uc.evaluate(y, y_score=p).estimate("roc_auc").value, stream.evaluation.estimate("roc_auc")
    assert held.bounds is not None
    assert held.bounds[0] <= exact <= held.bounds[1]
    assert held.bounds[1] - held.bounds[0] < 0.01


def test_34_the_time_of_counting_is_measured_beside_others() -> None:
    """The page names pairs of classes and scores, of ten million rows, each beside another library."""
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    for what, beside in (("label pairs, K = 2", "scikit-learn"), ("scores at one threshold", "TorchMetrics")):
        rows = [line for line in page.splitlines() if line.startswith(f"| {what} ")]
        assert any("10,000,000" in line for line in rows)
        assert any(beside in line for line in rows)


def test_35_of_many_classes_the_worst_and_what_they_are_confused_with() -> None:
    """300 classes: a text of a page's length, the pairs by name; a drawing writes no number, and names that fit."""
    plt = pytest.importorskip("matplotlib.pyplot")
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 300, 30_000)
    called = np.where(rng.random(30_000) < 0.9, truth, rng.integers(0, 300, 30_000))
    called[(truth == 7) & (rng.random(30_000) < 0.5)] = 11
    cm = uc.confusion_matrix(truth, called)
    lines = str(cm).splitlines()
    assert len(lines) < 50
    assert max(map(len, lines)) <= 80
    assert "that are 7 were called 11" in " ".join(lines)
    pair = cm.confusions(1)[0]
    assert (pair.truth, pair.called) == ("7", "11")
    ax = cm.plot()
    written = [t for t in ax.texts if t.get_text().replace(",", "").isdigit()]
    named = [t for t in ax.get_xticklabels() if t.get_text()]
    plt.close(ax.figure)
    assert not written
    assert 10 <= len(named) <= 60


def test_36_every_cell_of_a_drawing_is_whole_and_written_out() -> None:
    """All cells inside the axes, a text in each, and counts in full."""
    plt = pytest.importorskip("matplotlib.pyplot")
    ax = uc.ConfusionMatrix.from_counts([[123_456, 7, 0], [1, 150_000, 2], [0, 3, 9]]).plot()
    texts = [t.get_text() for t in ax.texts]
    left, right = sorted(ax.get_xlim())
    low, high = sorted(ax.get_ylim())
    plt.close(ax.figure)
    assert (left, right, low, high) == (-0.5, 2.5, -0.5, 2.5)
    for count in ("123,456", "150,000", "7", "1", "2", "3", "9"):
        assert count in texts
    assert texts.count("0") == 2
    assert not any("e+" in text for text in texts)


@pytest.mark.parametrize(("normalize", "said"), [("true", "row"), ("pred", "column"), ("all", "all cells")])
def test_37_a_table_of_shares_says_what_is_one_hundred_percent(normalize: Any, said: str) -> None:
    """As text, Markdown and LaTeX, in a data frame of a file and under a drawing."""
    plt = pytest.importorskip("matplotlib.pyplot")
    cm = uc.confusion_matrix([0, 1, 2, 2] * 20, [0, 1, 1, 2] * 20)
    for text in (str(cm.normalize(normalize)), cm.to_markdown(normalize=normalize), cm.to_latex(normalize=normalize)):
        assert said in text.lower()
        assert "100 " in text
    ax = cm.plot(normalize=normalize)
    small = " ".join([ax.get_title("left"), ax.get_title(), *(t.get_text() for t in ax.texts)])
    plt.close(ax.figure)
    assert {"true": "each row adds", "pred": "each column adds", "all": "Share of all rows"}[normalize] in small


def test_38_every_number_has_an_interval() -> None:
    """9 of 14."""
    e = uc.confusion_matrix([0, 1] * 7, [0, 1] * 4 + [1, 1] * 1 + [1, 0] * 2).estimate("accuracy")
    assert e.value == 9 / 14
    assert e.low < 0.42
    assert e.high > 0.83


def test_39_models_on_the_same_rows_are_compared_row_by_row() -> None:
    """The better model is right wherever the other is, and in a few rows more: only pairs show that it is better."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 400)
    old = np.where(rng.random(400) < 0.8, truth, 1 - truth)
    new = np.where((old != truth) & (rng.random(400) < 0.2), truth, old)
    paired = uc.compare(truth, y_pred={"old": old, "new": new}, metrics=["accuracy"])
    apart = uc.compare({"old": uc.evaluate(truth, old), "new": uc.evaluate(truth, new)}, metrics=["accuracy"])
    one, other = (made["accuracy"] for made in (paired, apart))
    assert one.difference.value == pytest.approx(other.difference.value)
    assert one.difference.low > 0 > other.difference.low
    assert one.p < 0.001 < 0.05 < other.p
    assert "CM-UNPAIRED" in [found.code for found in apart.findings]
    with pytest.raises(uc.errors.LengthMismatch):
        uc.compare(truth, y_pred={"old": old, "new": new[:-1]})


def test_40_curves_are_one_table_without_interpolation() -> None:
    """Trapezoids under the curve of a constant score would give 0.505 at 1 % positives."""
    ev = uc.evaluate([1] + [0] * 99, y_score=np.full(100, 0.3))
    curve = ev.curve("pr")
    assert len(curve.x) == len(curve.y) == len(curve.thresholds)
    assert ev.estimate("average_precision").value == pytest.approx(0.01)


def test_41_no_point_of_a_long_curve_is_lost() -> None:
    """A hundred thousand scores: as many points, both ends, and the area beneath them is the estimate."""
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, 100_000), rng.permutation(100_000) / 100_000
    ev = uc.evaluate(y, y_score=p)
    curve = ev.curve("roc")
    assert len(curve.x) == 100_001
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0, 0, 1, 1)
    assert float(np.trapezoid(curve.y, curve.x)) == pytest.approx(ev.estimate("roc_auc").value, abs=1e-12)


def test_44_points_of_calibration_say_how_many_rows_they_rest_on() -> None:
    """A bin without rows is no point, a bin of two rows says so, and what chance allows there is wide."""
    rng = np.random.default_rng(0)
    p = np.append(0.05 + 0.02 * rng.random(500), [0.93, 0.95])
    ev = uc.evaluate(np.append(rng.random(500) < 0.06, [True, False]).astype(int), y_score=p)
    curve = ev.curve("calibration", how="equal width", bins=10)
    rows = np.asarray(curve.rows)
    assert rows.tolist() == [500, 2]
    assert not np.isnan(curve.y).any()
    low, high = (np.asarray(x) for x in curve.expected)
    assert high[1] - low[1] > 0.4 > 0.05 > high[0] - low[0]
    assert {"rows", "expected low", "expected high"} <= set(curve.to_frame())


def test_48_weights_that_are_all_zero_give_no_number() -> None:
    e = uc.confusion_matrix([0, 1], [0, 1], sample_weight=[0, 0]).estimate("accuracy")
    assert not e.defined
    assert e.reason
