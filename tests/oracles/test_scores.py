"""Scores against scikit-learn, against counting row by row, and the front door of the design line by line."""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import unconfused as uc
from unconfused.errors import NotKept, PositiveClassUnset, ThresholdUnset
from unconfused.tally.axis import logistic

metrics = pytest.importorskip("sklearn.metrics")
INF = np.inf


def problem(seed: int, digits: int, n: int = 60) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Truth, scores with ties, weights over four orders of magnitude."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(2, size=n)
    truth[:2] = 0, 1
    scores = np.clip(rng.normal(0.4 + 0.2 * truth, 0.25), 0, 1).round(digits)
    return truth, scores, rng.exponential(size=n) * 10.0 ** rng.integers(-2, 3, n)


CASES = [(seed, digits, weighted) for seed in range(4) for digits in (1, 2, 12) for weighted in (False, True)]
every_case = pytest.mark.parametrize(("seed", "digits", "weighted"), CASES)


# ── scikit-learn ──────────────────────────────────────────────────────────────────────────────
@every_case
@pytest.mark.parametrize("names", [[0, 1], ["no", "yes"], [False, True], [-1, 1], [3, 8]])
def test_areas_and_losses(seed: int, digits: int, weighted: bool, names: list[Any]) -> None:
    """To 1e-12, with ties, weights, any names, and either class positive."""
    truth, scores, weights = problem(seed, digits)
    y = np.array(names)[truth]
    w = weights if weighted else None
    for positive in (1, 0):
        own = scores if positive else 1 - scores
        ev = uc.evaluate(y, y_score=own, pos_label=names[positive], sample_weight=w)
        is_positive = (truth == positive).astype(int)
        for name, theirs in (
            ("roc_auc", metrics.roc_auc_score(is_positive, own, sample_weight=w)),
            ("average_precision", metrics.average_precision_score(is_positive, own, sample_weight=w)),
            ("log_loss", metrics.log_loss(is_positive, own, sample_weight=w)),
            ("brier", metrics.brier_score_loss(is_positive, own, sample_weight=w)),
        ):
            assert float(ev.estimate(name)) == pytest.approx(theirs, rel=1e-12, abs=1e-12), name
        assert ev.labels.positive_name == names[positive]


@every_case
def test_curves(seed: int, digits: int, weighted: bool) -> None:
    """Every point and threshold of scikit-learn's curves, in its order."""
    truth, scores, weights = problem(seed, digits)
    w = weights if weighted else None
    ev = uc.evaluate(truth, y_score=scores, sample_weight=w)
    fpr, tpr, thresholds = metrics.roc_curve(truth, scores, sample_weight=w, drop_intermediate=False)
    roc = ev.curve("roc")
    assert np.array_equal(roc.thresholds, thresholds)
    assert roc.thresholds[0] == INF
    np.testing.assert_allclose(roc.x, fpr, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(roc.y, tpr, rtol=1e-12, atol=1e-15)
    assert roc.area == float(ev.estimate("roc_auc"))
    assert roc.area == pytest.approx(np.trapezoid(roc.y, roc.x), rel=1e-12)

    precision, recall, thresholds = metrics.precision_recall_curve(truth, scores, sample_weight=w)
    pr = ev.curve("pr")
    assert np.array_equal(pr.thresholds[1:][::-1], thresholds)
    np.testing.assert_allclose(pr.y[1:][::-1], precision[:-1], rtol=1e-12)  # its last point, (0, 1), is made up
    np.testing.assert_allclose(pr.x[1:][::-1], recall[:-1], rtol=1e-12)
    assert np.isnan(pr.y[0])
    assert pr.x[0] == 0
    assert pr.area == float(ev.estimate("average_precision"))


@every_case
def test_curves_are_the_matrices_of_their_thresholds(seed: int, digits: int, weighted: bool) -> None:
    """At each point the rates are those of ev.at(threshold)."""
    truth, scores, weights = problem(seed, digits, 30)
    ev = uc.evaluate(truth, y_score=scores, sample_weight=weights if weighted else None)
    curves = {kind: ev.curve(kind) for kind in ("roc", "pr", "gain", "lift")}
    for i, t in enumerate(curves["roc"].thresholds):
        tn, fp, fn, tp = (float(x) for x in ev.at(t).ravel())
        called, n = tp + fp, tn + fp + fn + tp
        points = {
            "roc": (fp / (fp + tn), tp / (tp + fn)),
            "pr": (tp / (tp + fn), tp / called if called else np.nan),
            "gain": (called / n, tp / (tp + fn)),
            "lift": (called / n, tp / called / ((tp + fn) / n) if called else np.nan),
        }
        for kind, (x, y) in points.items():
            found = curves[kind]
            assert found.thresholds[i] == t
            np.testing.assert_allclose([found.x[i], found.y[i]], [x, y], rtol=1e-11, atol=1e-14, err_msg=kind)


@pytest.mark.parametrize("weighted", [False, True])
def test_several_classes(weighted: bool) -> None:
    """One against the rest as scikit-learn averages it, and the losses of the whole distribution."""
    rng = np.random.default_rng(5)
    raw = rng.normal(size=(80, 4)).round(1)
    p = np.exp(raw) / np.exp(raw).sum(1, keepdims=True)
    names = np.array(["d", "a", "c", "b"])
    truth = rng.integers(4, size=80)
    w = rng.exponential(size=80) if weighted else None
    ev = uc.evaluate(names[truth], y_score=p, labels=list(names), sample_weight=w)
    one_hot = np.eye(4)[truth]
    auc = metrics.roc_auc_score(one_hot, p, average=None, sample_weight=w)
    precision = metrics.average_precision_score(one_hot, p, average=None, sample_weight=w)
    for i, name in enumerate(names):
        assert float(ev[name].estimate("roc_auc")) == pytest.approx(auc[i], rel=1e-12)
        assert float(ev.estimates("average_precision")[name]) == pytest.approx(precision[i], rel=1e-12)
        assert float(ev.estimate(f"roc_auc[{name}]")) == pytest.approx(auc[i], rel=1e-12)
        assert ev[name].at(0.3).tp == pytest.approx(np.sum((p[:, i] >= 0.3) * (truth == i) * (1 if w is None else w)))
    assert float(ev.estimate("roc_auc@macro")) == pytest.approx(auc.mean(), rel=1e-12)
    assert float(ev.estimate("log_loss")) == pytest.approx(metrics.log_loss(truth, p, sample_weight=w), rel=1e-12)
    half_squares = ((p - one_hot) ** 2).sum(1) / 2
    assert float(ev.estimate("brier")) == pytest.approx(np.average(half_squares, weights=w), rel=1e-12)
    assert np.asarray(ev.matrix) == pytest.approx(
        metrics.confusion_matrix(names[truth], names[p.argmax(1)], labels=names, sample_weight=w)
    )
    assert ev.kind == "multiclass"
    logits = uc.evaluate(names[truth], y_score=raw, labels=list(names), score_kind="logit", sample_weight=w)
    for name in ("log_loss", "brier", "roc_auc@macro"):
        assert float(logits.estimate(name)) == pytest.approx(float(ev.estimate(name)), rel=1e-9), name
    assert np.array_equal(logits.matrix.counts, ev.matrix.counts)


# ── every threshold, counted row by row ───────────────────────────────────────────────────────
ODD = [-INF, -1e308, -2.5, -5e-324, -0.0, 0.0, 5e-324, 1e-310, 0.1, float(np.float32(0.1)), 1.0, 2.0**60, 1e308, INF]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(ODD)), min_size=1, max_size=12), st.sampled_from(ODD))
@settings(max_examples=80)
def test_at_is_brute_force(rows: list[tuple[bool, float]], threshold: float) -> None:
    """Positive means score >= threshold: with ±0, denormals and ±inf on either side."""
    truth, scores = (np.array(x) for x in zip(*rows, strict=True))
    expected = tuple(
        sum(1 for y, s in rows if y == positive and (s >= threshold) == called)
        for positive, called in ((False, False), (False, True), (True, False), (True, True))
    )
    ev = uc.evaluate(truth, y_score=scores, score_kind="raw")
    assert ev.at(threshold).ravel() == expected
    assert uc.confusion_matrix(truth, y_score=scores, threshold=threshold, score_kind="raw") == ev.at(threshold)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@given(seed=st.integers(0, 1000))
@settings(max_examples=15)
def test_scores_are_compared_as_float64(kind: Any, seed: int) -> None:
    """Every score, its neighbours and the decimal that was meant: as float64, and a note where the type decides."""
    rng = np.random.default_rng(seed)
    truth, scores = rng.integers(2, size=30), (rng.integers(0, 11, 30) / 10).astype(kind)
    ev = uc.evaluate(truth, y_score=scores)
    wide = scores.astype(np.float64)
    for t in (0.3, 0.7, *np.unique(wide), *np.nextafter(wide[:5], 0), *np.nextafter(wide[:5], 1)):
        cm = ev.at(t)
        called = wide >= t
        assert cm.ravel() == tuple(
            int(((truth == a) & (called == b)).sum()) for a, b in ((0, False), (0, True), (1, False), (1, True))
        )
        assert cm == uc.confusion_matrix(truth, y_score=scores, threshold=t)
    equal_once_rounded = int((scores == kind(0.3)).sum()) if kind is not np.float64 else 0
    found = [f.evidence["rows"] for f in ev.at(0.3).findings if f.code == "CM-ROUNDED"]
    assert found == ([equal_once_rounded] if equal_once_rounded else [])


def test_rounding_is_not_seen_where_there_is_none() -> None:
    """0 and 1 are 0 and 1 in every type, however near the threshold is."""
    ev = uc.evaluate([0, 1] * 20, y_score=[0.0, 1.0] * 20)
    for t in (0.9999, 1e-9, 1e-300, float(np.nextafter(1, 0))):
        assert not [f for f in ev.at(t).findings if f.code == "CM-ROUNDED"], t
    raw = uc.evaluate([0, 1], y_score=[-INF, INF], score_kind="raw")
    assert not [f for f in raw.at(1e300).findings if f.code == "CM-ROUNDED"]


def test_counts_and_weights_at_a_threshold() -> None:
    """What stands beside the decision counts rows, not entries."""
    scores = np.float32([0.3, 0.3, 0.1])
    cm = uc.confusion_matrix([0, 1, 1], y_score=scores, threshold=0.3, count=[2, 3, 4])
    assert cm.ravel() == (0, 2, 4, 3)
    assert cm == uc.evaluate([0, 1, 1], y_score=scores, count=[2, 3, 4]).at(0.3)
    ties = uc.evaluate([0, 1, 1], y_score=[[0.4, 0.4, 0.2]] * 2 + [[0, 0, 1]], count=[2, 3, 4])
    assert ties.matrix.evidence["ties"] == 5
    dropped = uc.evaluate([0, 9], y_score=[[0.4, 0.4, 0.2]] * 2, labels=[0, 1, 2], unknown="drop")
    assert dropped.matrix.evidence["ties"] == 1


# ── logits ────────────────────────────────────────────────────────────────────────────────────
def test_logits_do_not_saturate() -> None:
    """Ranked as given: ±800 and ±801 differ, though as probabilities they would not."""
    z = np.array([-801.0, -800, -1e-300, -0.0, 0.0, 40, 800, 801])
    y = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    ev = uc.evaluate(y, y_score=z, score_kind="logit")
    assert len(ev.scores.scores) == 7
    assert float(ev.estimate("roc_auc")) == pytest.approx(metrics.roc_auc_score(y, z), rel=1e-12)
    at_half = ev.at(0.5)
    assert at_half.ravel() == (2, 2, 1, 3)
    assert at_half == uc.confusion_matrix(y, y_score=z, threshold=0.5, score_kind="logit")
    assert ev.at(1).tp + ev.at(1).fp == 0
    assert ev.at(INF).tp + ev.at(INF).fp == 0
    assert ev.at(0).tn + ev.at(0).fn == 0
    assert float(ev.estimate("log_loss")) == pytest.approx(np.logaddexp(0, np.where(y == 1, -z, z)).mean(), rel=1e-12)
    curve = ev.curve("roc")
    assert (np.diff(curve.thresholds) <= 0).all()
    assert curve.thresholds[0] == INF
    assert ((curve.thresholds[1:] >= 0) & (curve.thresholds[1:] <= 1)).all()


def test_infinite_logits() -> None:
    """±inf ranks first and last; no threshold of inf is reached, and certainty that is right loses nothing."""
    ev = uc.evaluate([0, 1, 1], y_score=[-INF, 0.0, INF], score_kind="logit")
    assert ev.at(1).ravel() == (1, 0, 1, 1)
    assert ev.at(INF).ravel() == (1, 0, 2, 0)
    assert ev.at(0).ravel() == (0, 1, 0, 2)
    assert float(ev.estimate("roc_auc")) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sure = uc.evaluate([0, 2], y_score=[[INF, 0, 0], [-INF, 1, 1]], score_kind="logit")
        assert float(sure.estimate("log_loss")) == pytest.approx(np.log(2) / 2)
        assert sure["1"].at(0.5).ravel() == (1, 1, 0, 0)
        two = uc.evaluate([0, 1, 1], y_score=[[INF, 0], [0, INF], [1, 1]], score_kind="logit")
    assert two.at(0.5).ravel() == (1, 0, 0, 2)


@given(st.lists(st.floats(-40, 40), min_size=1, max_size=10), st.floats(0.001, 0.999))
@settings(max_examples=60)
def test_thresholds_of_logits_are_probabilities(z: list[float], t: float) -> None:
    """Away from rounding, logit >= log(t / (1 - t)) is probability >= t."""
    p = logistic(np.array(z))
    clear = np.abs(p - t) > 1e-12
    if clear.any():
        y = np.arange(len(z)) % 2
        by_logit = uc.evaluate(y[clear], y_score=np.array(z)[clear], score_kind="logit").at(t)
        assert by_logit.ravel() == uc.evaluate(y[clear], y_score=p[clear]).at(t).ravel()


# ── shapes ────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("kind", ["probability", "logit", "raw"])
def test_two_columns(kind: str) -> None:
    """The positive class's column is the score, whichever that is and in whatever order they are declared."""
    rng = np.random.default_rng(2)
    y, p = rng.integers(2, size=40), rng.random(40).round(2)
    z = np.log(p + 0.01) - np.log(1.01 - p) if kind == "logit" else p
    two = np.stack([np.zeros(40), z], 1) if kind == "logit" else np.stack([1 - p, p], 1)
    options: dict[str, Any] = {"score_kind": kind}
    assert uc.evaluate(y, y_score=two, **options).at(0.4) == uc.evaluate(y, y_score=z, **options).at(0.4)
    assert uc.evaluate(y, y_score=z[:, None], **options).tallies == uc.evaluate(y, y_score=z, **options).tallies
    other = uc.evaluate(y, y_score=two, pos_label=0, **options)
    turned = -z if kind == "logit" else 1 - p
    assert other.labels.positive_name == 0
    assert other.at(0.4).ravel() == uc.evaluate(1 - y, y_score=turned, **options).at(0.4).ravel()
    words = np.array(["no", "yes"])[y]
    back = uc.evaluate(words, y_score=two[:, ::-1], labels=["yes", "no"], pos_label="yes", **options)
    assert back.at(0.4).ravel() == uc.evaluate(y, y_score=z, **options).at(0.4).ravel()
    assert back.at(0.4).labels == ["yes", "no"]
    assert back.at(0.4).counts[0, 0] == back.at(0.4).tp


def test_several_labels() -> None:
    """A threshold for each label, by name; averages over them; one label alone."""
    rng = np.random.default_rng(3)
    y, p = rng.integers(2, size=(50, 3)), rng.random((50, 3)).round(2)
    names = ["cat", "dog", "eel"]
    ev = uc.evaluate(y, y_score=p, label_kind="multilabel", labels=names)
    assert ev.kind == "multilabel"
    assert ev.labels == names
    assert not ev.decided
    cuts = {"eel": 0.7, "cat": 0.2, "dog": 0.5}
    stacked = metrics.multilabel_confusion_matrix(y, p >= [cuts[name] for name in names])
    for name, table in zip(names, stacked, strict=True):
        assert ev.at(cuts)[name].counts.tolist() == table.tolist()
        assert ev[name].at(cuts[name]).counts.tolist() == table.tolist()
        i = names.index(name)
        assert float(ev[name].estimate("roc_auc")) == pytest.approx(metrics.roc_auc_score(y[:, i], p[:, i]), rel=1e-12)
    assert ev.at(0.5).estimate("f1@macro").value == pytest.approx(metrics.f1_score(y, p >= 0.5, average="macro"))
    assert ev.estimate("f1@micro", threshold=0.5).value == pytest.approx(metrics.f1_score(y, p >= 0.5, average="micro"))
    assert ev.estimate("roc_auc@macro").value == pytest.approx(metrics.roc_auc_score(y, p, average="macro"))
    same = uc.confusion_matrix(y, y_score=p, threshold=cuts, label_kind="multilabel", labels=names)
    assert same == ev.at(cuts)
    decided = uc.confusion_matrix(y, p >= 0.5, label_kind="multilabel", labels=names)
    assert [decided[name].counts.tolist() for name in names] == [ev.at(0.5)[name].counts.tolist() for name in names]


def test_argmax_takes_the_first_of_equals() -> None:
    """The lowest index among equals, counted."""
    ev = uc.evaluate([0, 1, 2, 2], y_score=[[1, 1, 0], [0, 1, 1], [1, 1, 1], [0, 0, 1]], score_kind="raw")
    assert ev.matrix.counts.tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 1]]
    assert ev.matrix.evidence["ties"] == 3
    assert "CM-TIES" in [f.code for f in ev.findings]


# ── the front door, line by line ──────────────────────────────────────────────────────────────
def test_front_door_of_one_matrix(tmp_path: Path) -> None:
    """The first block of the design, as it is typed."""
    cm = uc.ConfusionMatrix.from_counts([[76, 9], [17, 48]], labels=["Negative", "Positive"])
    text = str(cm)
    for words in ("Negative", "Positive", "actual", "predicted", "76", "48", "recall", "["):
        assert words in text
    assert cm.counts.dtype == np.int64
    assert (cm.labels, cm.total) == (["Negative", "Positive"], 150)
    assert (cm.tn, cm.fp, cm.fn, cm.tp) == cm.ravel() == (76, 9, 17, 48)
    assert np.asarray(cm).tolist() == [[76, 9], [17, 48]]
    assert cm["Positive", "Negative"] == 17
    rates = cm.normalize("true")
    assert np.asarray(rates).sum(1) == pytest.approx([1, 1])
    assert rates["Positive", "Negative"] == pytest.approx(17 / 65)
    for how in ("pred", "all"):
        assert np.nansum(cm.normalize(how).values) == pytest.approx(2 if how == "pred" else 1)
    assert "Positive" in str(rates)
    assert (cm + cm).total == 300
    recall = cm.estimate("recall")
    assert (str(recall), recall.level, recall.method) == ("0.738 [0.62, 0.83]", 0.95, "Wilson")
    assert recall > 0.7
    assert f"{recall:.3f}" == "0.738"
    for asked in ("f1@macro", "precision[Positive]", "fbeta(2)"):
        assert cm.estimate(asked).low < cm.estimate(asked).value < cm.estimate(asked).high
    assert list(cm.estimates("recall")) == ["Negative", "Positive"]
    report = cm.report()
    assert "Positive" in str(report)
    assert report.to_markdown()
    assert report.to_latex()
    assert report.to_dict()
    assert report.to_json()
    pytest.importorskip("pandas")
    assert len(report.to_frame())
    assert cm.findings == ()
    assert "<" in cm._repr_html_()
    truth, called = np.repeat([0, 0, 1, 1], [76, 9, 17, 48]), np.repeat([0, 1, 0, 1], [76, 9, 17, 48])
    assert uc.confusion_matrix(truth, called).counts.tolist() == cm.counts.tolist()
    assert uc.confusion_matrix(truth, y_score=called * 0.8, threshold=0.4).counts.tolist() == cm.counts.tolist()
    cm.save(tmp_path / "cm.uc")
    assert uc.load(tmp_path / "cm.uc") == cm


def test_front_door_plots() -> None:
    """Raw and normalised side by side, one in an Axes of one's own, curves."""
    plt = pytest.importorskip("matplotlib.pyplot")
    cm = uc.ConfusionMatrix.from_counts([[76, 9], [17, 48]], labels=["Negative", "Positive"])
    try:
        assert len(np.ravel(cm.plot(normalize=[None, "true"]))) == 2
        _, ax = plt.subplots()
        assert cm.plot(ax=ax) is ax
        curve = uc.evaluate([0, 1, 1], y_score=[0.1, 0.4, 0.3]).curve("roc")
        assert curve.plot(ax=ax) is ax
    finally:
        plt.close("all")


def test_front_door_of_an_evaluation(tmp_path: Path) -> None:
    """The second block, as far as it stands today."""
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=200)
    p = np.clip(0.3 + 0.4 * y + rng.normal(0, 0.2, 200), 0, 1)
    ev = uc.evaluate(y, y_score=p)
    with pytest.raises(ThresholdUnset, match=r"at\(0\.5\)"):
        _ = ev.matrix
    assert ev.at(0.4).ravel() == tuple(metrics.confusion_matrix(y, p >= 0.4).ravel())
    assert ev[1] is ev
    for asked in ("roc_auc", "average_precision", "brier", "log_loss"):
        found = ev.estimate(asked)
        assert found.low <= found.value <= found.high
        assert found.low < found.high
    assert ev.estimate("recall", threshold=0.4) == ev.at(0.4).estimate("recall")
    pandas = pytest.importorskip("pandas")
    for kind in ("roc", "pr", "gain", "lift"):
        frame = ev.curve(kind).to_frame()
        assert isinstance(frame, pandas.DataFrame)
        assert len(frame) == len(ev.scores.scores) + 1
        for other in ("polars", "arrow"):
            pytest.importorskip("polars" if other == "polars" else "pyarrow")
            assert len(ev.curve(kind).to_frame(other)) == len(frame)
    assert isinstance(ev.findings, tuple)
    half = uc.evaluate(y[:100], y_score=p[:100]) + uc.evaluate(y[100:], y_score=p[100:])
    assert half == ev
    ev.save(tmp_path / "eu.uc")
    assert uc.load(tmp_path / "eu.uc") == ev
    assert str(ev.report(threshold=0.4))
    ev.to_html(tmp_path / "report.html", threshold=0.4)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html")
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert str(ev)

    names = ["cat", "dog", "eel"]
    three = uc.evaluate(np.array(names)[np.arange(60) % 3], y_score=rng.dirichlet(np.ones(3), 60), labels=names)
    assert three.matrix.total == 60
    assert three["dog"].at(0.4).labels.positive_name == "dog"
    assert three["dog"].estimate("roc_auc") == three.estimate("roc_auc[dog]")
    assert three.estimate("roc_auc@macro").low < three.estimate("roc_auc@macro").high
    assert list(three.curve("roc")) == names
    assert three.estimate("accuracy") == three.matrix.estimate("accuracy")


def test_front_door_of_streams_and_frames(tmp_path: Path) -> None:
    """The third block: a stream, a frame, a file."""
    rng = np.random.default_rng(1)
    y, p = rng.integers(2, size=50), rng.random(50).round(3)
    stream = uc.Stream(labels=[0, 1])
    for start in range(0, 50, 7):
        stream.update(y_true=y[start : start + 7], y_score=p[start : start + 7])
    assert stream.evaluation == uc.evaluate(y, y_score=p, labels=[0, 1], grid="folded")
    stream.reset()
    assert stream.evaluation.total == 0
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"label": y, "p": p})
    assert uc.evaluate_frame(frame, y_true="label", y_score="p") == uc.evaluate(y, y_score=p, grid="folded")
    assert uc.evaluate_frame(frame, y_true="label", y_score="p", grid="exact") == uc.evaluate(y, y_score=p)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    assert uc.evaluate_frame(tmp_path / "rows.csv", y_true="label", y_score="p").at(0.4) == uc.evaluate(
        y, y_score=p
    ).at(0.4)


def test_classes_of_the_design() -> None:
    """The bullets on classes and the positive class, one by one."""
    named = uc.confusion_matrix([0, 1, 1], [0, 1, 0], labels={0: "Negative", 1: "Positive"})
    assert named.labels == ["Negative", "Positive"]
    assert named["Positive", "Negative"] == 1
    assert named.labels.positive_name == "Positive"
    assert uc.confusion_matrix([2, 10, 1], [2, 1, 10]).labels == [1, 2, 10]
    assert uc.confusion_matrix(["a", "b"], ["a", "b"], pos_label="a").labels == ["b", "a"]
    assert uc.confusion_matrix(["a", "b", "b"], ["a", "b", "a"], pos_label="a").ravel() == (1, 1, 0, 1)
    assert uc.confusion_matrix([-1, 1], [-1, -1]).ravel() == (1, 0, 1, 0)
    assert uc.confusion_matrix([False, True], [True, True]).ravel() == (0, 1, 0, 1)
    assert uc.confusion_matrix(["x", "y"], ["x", "x"], labels=["x", "y"]).ravel() == (1, 0, 1, 0)
    lower = uc.confusion_matrix([0, 1, 1], [0, 1, 0], labels=[0, 1], pos_label=0)
    assert lower.labels == [0, 1]
    assert lower.ravel() == (1, 1, 0, 1)
    assert lower.counts.tolist() == [[1, 0], [1, 1]]
    unset = uc.confusion_matrix(["a", "b"], ["b", "b"])
    assert unset.total == 2
    with pytest.raises(PositiveClassUnset):
        _ = unset.tp
    seats = uc.confusion_matrix([0, 1, 7, None], [0, None, 1, 1], labels=[0, 1], unknown="other", invalid="count")
    assert seats.total == 4
    assert float(seats.estimate("accuracy")) == 0.25
    assert float(seats.estimate("recall")) == 0
    assert float(seats.estimate("recall@macro")) == 0.5
    assert [len(seats.estimates("recall")), len(seats.labels)] == [2, 2]
    assert seats.ravel() == (1, 2, 1, 0)


def test_minus_zero_is_zero() -> None:
    """Whichever zero comes first, the one that is kept has no sign."""
    for scores in ([-0.0, 0.0], [0.0, -0.0], [-0.0, -0.0]):
        one, two = (uc.evaluate([i], y_score=[s], score_kind="raw").scores for i, s in enumerate(scores))
        for kept in (uc.evaluate([0, 1], y_score=scores, score_kind="raw").scores.scores, (one + two).scores):
            assert kept.tolist() == [0]
            assert not np.signbit(kept).any()


def test_a_score_that_weighs_nothing_is_no_point_of_a_curve() -> None:
    """As in scikit-learn's curve of the other rows."""
    y, p, w = [0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5], [1.0, 2, 1, 3, 0]
    ev = uc.evaluate(y, y_score=p, sample_weight=w)
    rest = uc.evaluate(y[:-1], y_score=p[:-1], sample_weight=w[:-1])
    for kind in ("roc", "pr", "gain", "lift"):
        assert np.array_equal(ev.curve(kind).thresholds, rest.curve(kind).thresholds)
        assert np.array_equal(ev.curve(kind).y, rest.curve(kind).y, equal_nan=True)
    assert len(ev.scores.scores) == 5


def test_raw_scores_have_no_probability() -> None:
    """Thresholds in their own units; what needs a probability is an error."""
    ev = uc.evaluate([0, 1, 1], y_score=[-3, 12, 40], score_kind="raw")
    assert ev.at(12).ravel() == (1, 0, 0, 2)
    for name in ("brier", "log_loss", "ece"):
        with pytest.raises(NotKept, match="score_kind='raw'"):
            ev.estimate(name)
    with pytest.raises(NotKept):
        uc.evaluate([0, 1, 2], y_score=np.eye(3), score_kind="raw")["1"].estimate("log_loss")


def test_a_curve_runs_one_way() -> None:
    """Thresholds fall, recall and false alarms rise, and the ends are there."""
    truth, scores, _ = problem(9, 1)
    for kind in ("roc", "gain", "lift"):
        curve = uc.evaluate(truth, y_score=scores).curve(kind)
        assert all(a > b for a, b in pairwise(curve.thresholds))
        assert all(a <= b for a, b in pairwise(curve.x))
        assert (curve.x[0], curve.x[-1]) == (0, 1)
        assert not curve.x.flags.writeable
        assert not curve.y.flags.writeable
        assert not curve.thresholds.flags.writeable


@pytest.mark.parametrize("grid", ["exact", "floatbits"])
@pytest.mark.parametrize("kind", ["logit", "raw"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("far", [np.inf, -np.inf, 1e308, -1e308])
def test_infinite_scores_are_printed(far: float, weighted: bool, kind: Any, grid: str) -> None:
    """A loss that is infinite, or as good as that, is said without a warning (which is an error here)."""
    rng = np.random.default_rng(0)
    y, s = np.arange(10) % 2, rng.normal(size=10)
    s[3], s[4:7] = -far, far
    ev = uc.evaluate(y, y_score=s, score_kind=kind, grid=grid, sample_weight=rng.random(10) if weighted else None)
    assert "10 rows" in repr(ev)
    assert "roc_auc" in str(ev.report(threshold=0.0))
    if kind == "logit":
        loss = ev.estimate("log_loss")
        assert (loss.value, str(loss).split()[0]) == (np.inf, "∞") if np.isinf(far) else loss.value > 1e300


@pytest.mark.parametrize("curves", [True, False])
def test_losses_of_every_class(curves: bool) -> None:
    """Each against the rest, as ``brier[cat]`` asks it; without the scores it is an error, no number of all classes."""
    rng = np.random.default_rng(3)
    y, p = rng.integers(0, 3, 90), rng.dirichlet([1, 1, 1], 90)
    ev = uc.evaluate(y, y_score=p, curves=curves)
    if not curves:
        with pytest.raises(NotKept):
            ev.estimates("brier")
        return
    for metric, peer in (("brier", metrics.brier_score_loss), ("log_loss", metrics.log_loss)):
        found = ev.estimates(metric)
        assert list(found) == [0, 1, 2]
        for k, e in found.items():
            assert e.value == pytest.approx(peer(y == k, p[:, k]), rel=1e-12)
            assert e == ev.estimate(f"{metric}[{k}]")
        assert ev.estimate("log_loss").value == pytest.approx(metrics.log_loss(y, p), rel=1e-12)
