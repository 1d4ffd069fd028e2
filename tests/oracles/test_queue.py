"""A queue of cases that can be acted on: against brute force over every threshold, with ties, weights and bins."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import unconfused as uc
from unconfused.errors import UsageError
from unconfused.evaluation import Evaluation


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few resamples, for tests that look at the choice alone."""
    monkeypatch.setattr("unconfused.decide.luck.WORK", 0)


def thresholds(ev: Evaluation) -> list[float]:
    tally: Any = ev.scores.ranked()  # type: ignore[union-attr]
    return [math.inf, *tally.scores[::-1].tolist()]


def best(ev: Evaluation, queue: int, per: int | None) -> Any:
    """The matrix with the most hits among those that call no more than the queue holds, in fractions."""
    found = None
    for t in thresholds(ev):
        cm = ev.at(t)
        _, fp, _, tp = (Fraction(float(x)) for x in cm.ravel())
        n = Fraction(float(np.asarray(cm).sum()))
        if (tp + fp) * (per or ev.total) <= queue * n and (found is None or tp > Fraction(float(found.tp))):
            found = cm
    return found


def drawn(rng: np.random.Generator, **how: Any) -> Evaluation:
    n = int(rng.integers(5, 60))
    y = np.r_[0, 1, rng.integers(0, 2, n)]
    if how.pop("weighted", False):
        how["sample_weight"] = rng.integers(1, 9, n + 2) / 4
    return uc.evaluate(y, y_score=rng.integers(0, 12, n + 2) / 11, **how)


@pytest.mark.parametrize("how", [{}, {"weighted": True}, {"grid": "uniform(8)", "pins": ()}, {"grid": "folded(1)"}],
                         ids=["exact", "weighted", "bins", "folded"])  # fmt: skip
def test_the_most_hits_that_fit_into_the_queue(how: dict[str, Any], quick: None) -> None:
    """Brute force through ev.at over every threshold; never more rows than the queue holds."""
    rng = np.random.default_rng(0)
    for _ in range(25):
        ev = drawn(rng, **how)
        per = None if rng.random() < 0.5 else int(rng.integers(1, 2000))
        queue = int(rng.integers(1, per or ev.total + 10) if (per or 2) > 1 else 1)
        point = ev.choose(maximize="recall", queue=queue, per=per)
        assert point
        assert point.matrix.ravel() == best(ev, queue, per).ravel(), (queue, per)
        share = Fraction(float(point.matrix.tp + point.matrix.fp)) / Fraction(float(np.asarray(point.matrix).sum()))
        assert share * (per or ev.total) <= queue
        assert point.queue.called == pytest.approx(float(share * (per or ev.total)))


def test_tied_rows_stay_out_together(quick: None) -> None:
    """Three rows share the second score: a queue of 3 holds the first alone, and says what keeps two places free."""
    ev = uc.evaluate([1, 1, 0, 1, 0], y_score=[0.9, 0.7, 0.7, 0.7, 0.2])
    point = ev.choose(maximize="recall", queue=3)
    assert (point.threshold, point.queue.called, point.queue.free, point.queue.tied) == (0.9, 1, 2, 3)
    assert (
        "The queue holds 3 of these 5 rows: 1 is called, 2 places stay free, since the next 3 stand at one score"
        in (" ".join(str(point).split()))
    )
    assert point.to_dict()["queue"] == {"size": 3, "per": 5, "called": 1, "free": 2, "tied": 3}
    assert ev.choose(maximize="recall", queue=4).queue.free == 0
    binned = uc.evaluate([1, 1, 0, 1, 0], y_score=[0.9, 0.72, 0.71, 0.7, 0.2], grid="uniform(4)", pins=())
    assert "in one bin of the grid" in str(binned.choose(maximize="recall", queue=3).queue)


def test_where_all_are_tied_nothing_is_called(quick: None) -> None:
    ev = uc.evaluate([1, 0, 1], y_score=[0.5, 0.5, 0.5])
    point = ev.choose(maximize="recall", queue=2)
    assert (point.threshold, point.matrix.ravel(), point.queue.tied) == (math.inf, (1, 0, 2, 0), 3)


def test_a_queue_is_a_bound_and_no_aim(quick: None) -> None:
    """Where more calls would cost more, places stay free and nothing is said of ties."""
    ev = uc.evaluate([1, 0, 0, 0, 1], y_score=[0.9, 0.8, 0.7, 0.6, 0.5])
    point = ev.choose(cost={"fp": 1, "fn": 1}, queue=4)
    assert (point.threshold, point.queue.free, point.queue.tied) == (0.9, 3, 0)
    assert "to call more would not do better" in str(point.queue)


def test_alarms_of_every_thousand_scale_with_the_rows(quick: None) -> None:
    """20 of every 1,000 rows is the share of 2 %; also in a view, where a rare class leaves fewer alarms."""
    rng = np.random.default_rng(3)
    y = (rng.random(3000) < 0.2).astype(int)
    ev = uc.evaluate(y, y_score=1 / (1 + np.exp(2 - rng.normal(size=3000) - 2 * y)))
    one = ev.choose(maximize="recall", queue=20, per=1000)
    assert one.threshold == ev.choose(maximize="recall", where="predicted_prevalence <= 0.02").threshold
    assert one.threshold == ev.choose(maximize="recall", queue=60).threshold
    rare = ev.at_prevalence(0.02).choose(maximize="recall", queue=20, per=1000)
    assert rare.threshold < one.threshold
    assert float(rare.matrix.estimate("predicted_prevalence")) <= 0.02
    assert "of every 1,000 rows" in str(rare)


def test_a_condition_that_the_queue_does_not_allow_says_so(quick: None) -> None:
    ev = uc.evaluate([1, 0, 1, 0, 1, 0], y_score=[0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    found = ev.choose(minimize="fpr", where="recall >= 0.9", queue=2)
    assert not found
    assert found.reason.startswith(
        "No threshold satisfies recall >= 0.9: calling at most 2 rows, recall gets no nearer"
    )
    beside = ev.choose(minimize="fpr", where="precision >= 0.9 and recall >= 0.9", queue=3)
    assert "calling at most 3 rows, recall gets no nearer than 0.6667" in beside.reason
    raw = uc.evaluate([1, 0, 1], y_score=[np.inf, np.inf, 0.0], score_kind="raw")
    assert "scores of inf alone are more" in raw.choose(maximize="recall", queue=1).reason
    assert raw.choose(maximize="recall", queue=2).matrix.ravel() == (0, 1, 1, 1)


def test_rows_without_a_score_count_as_rows(quick: None) -> None:
    """They are not called positive, and are rows of which the queue is a share."""
    ev = uc.evaluate([1, 0, 1, 0], y_score=[0.9, 0.8, np.nan, np.nan], invalid="count")
    assert ev.choose(maximize="recall", queue=1, per=4).threshold == 0.9
    assert ev.choose(maximize="recall", queue=1, per=5).threshold == math.inf


@pytest.mark.parametrize(
    "asked", [{"queue": 0}, {"queue": 1.5}, {"queue": True}, {"queue": "3"}, {"per": 100}, {"queue": 5, "per": 4}]
)
def test_what_is_no_queue_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="queue=100"):
        uc.evaluate([1, 0], y_score=[0.9, 0.1]).choose(maximize="recall", **asked)


def test_a_queue_says_how_well_it_does_on_other_rows() -> None:
    """Each tenth is judged by a threshold that fills the same share of the other nine."""
    rng = np.random.default_rng(1)
    y = (rng.random(2000) < 0.1).astype(int)
    ev = uc.evaluate(y, y_score=1 / (1 + np.exp(3 - rng.normal(size=2000) - 2 * y)))
    point = ev.choose(maximize="recall", queue=100)
    low, high = point.spread
    assert low < point.threshold < high
    assert float(point.corrected) == pytest.approx(float(point.apparent), abs=0.05)
