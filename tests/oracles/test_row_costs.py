"""Costs of each row by itself: the total at every threshold and the choice against loops over the rows."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import unconfused as uc
from unconfused import store
from unconfused.decide.by_row import Priced, _estimate
from unconfused.errors import InvalidValues, LengthMismatch, MergeRefused, NotKept, UnconfusedError, UsageError
from unconfused.evaluation import Evaluation

Rows = dict[str, Any]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few resamples, for tests that look at the choice alone."""
    monkeypatch.setattr("unconfused.decide.luck.WORK", 0)


def drawn(rng: np.random.Generator, kind: str) -> tuple[Rows, dict[str, Any], dict[str, Any]]:
    """Columns, costs and how they are read; whole costs, so that sums are exact."""
    n = int(rng.integers(4, 50))
    y = np.r_[0, 1, rng.integers(0, 2, n)]
    rows: Rows = {"y_true": y, "y_score": rng.integers(0, 12, n + 2) / 11}
    if kind == "weighted":
        rows["sample_weight"] = rng.integers(1, 9, n + 2) / 4
    if kind == "counted":
        rows["count"] = rng.integers(1, 4, n + 2)
    if kind == "logits":
        rows["y_score"] = rng.normal(size=n + 2).round(1)
    how = {"logits": {"score_kind": "logit"}, "bins": {"grid": "uniform(4)", "pins": ()}}.get(kind, {})
    costs = {
        "fp": rng.integers(0, 20, n + 2),
        "fn": rng.integers(0, 90, n + 2),
        "tp": -rng.integers(0, 5, n + 2),
        "tn": 1,
    }
    return rows, {cell: costs[cell] for cell in rng.permutation(list(costs))[: int(rng.integers(1, 5))]}, how


def cost_at(rows: Rows, costs: dict[str, Any], called: np.ndarray) -> float:
    """The mean cost of a row, one row after the other."""
    total = weight = 0.0
    for i, truth in enumerate(rows["y_true"]):
        cell = ("tn", "fp", "fn", "tp")[2 * int(truth) + int(called[i])]
        own = np.broadcast_to(costs.get(cell, 0), called.shape)[i]
        w = float(rows.get("sample_weight", np.ones(len(called)))[i] * rows.get("count", np.ones(len(called)))[i])
        total, weight = total + w * float(own), weight + w
    return total / weight


@pytest.mark.parametrize("kind", ["plain", "weighted", "counted", "logits", "bins"])
def test_the_least_total_by_a_loop_over_the_rows(kind: str, quick: None) -> None:
    """Over every threshold of the tally; among equals the one with the fewest alarms."""
    rng = np.random.default_rng(0)
    for _ in range(8):
        rows, costs, how = drawn(rng, kind)
        ev = uc.evaluate(**rows, **how, row_cost=costs)
        tally: Any = ev.scores
        cuts = [math.inf, *tally.scores[::-1]]
        totals = [cost_at(rows, costs, rows["y_score"] >= cut) for cut in cuts]
        sweep = Priced.at(tally, ev.tallies.row_costs)  # type: ignore[arg-type]
        assert sweep.totals / sweep.n == pytest.approx(totals, abs=1e-12)
        point = ev.choose(cost="row")
        best = int(np.flatnonzero(np.array(totals) <= min(totals) + 1e-12)[0])
        assert float(point.apparent) == pytest.approx(totals[best], abs=1e-12)
        assert point.apparent.low <= point.apparent.value <= point.apparent.high
        assert point.matrix.tp + point.matrix.fp == pytest.approx(
            sum((rows["y_score"] >= cuts[best]) * rows.get("sample_weight", 1) * rows.get("count", 1))
        )
        assert ev.at(point.threshold) == point.matrix


def test_conditions_and_a_queue_hold_beside_the_total(quick: None) -> None:
    rng = np.random.default_rng(1)
    for _ in range(5):
        rows, costs, how = drawn(rng, "plain")
        ev = uc.evaluate(**rows, **how, row_cost=costs)
        tally: Any = ev.scores
        n, y, s = len(rows["y_true"]), rows["y_true"], rows["y_score"]
        open_ = [t for t in [math.inf, *tally.scores[::-1]] if (s >= t).sum() <= n // 2 and (y[s >= t] == 1).sum() >= 1]
        point = ev.choose(cost="row", where="recall > 0", queue=n // 2)
        assert bool(point) == bool(open_)
        if point:
            assert float(point.apparent) == pytest.approx(min(cost_at(rows, costs, s >= t) for t in open_), abs=1e-12)
            assert point.queue.called <= n // 2


def test_the_same_costs_for_all_are_costs_of_cells() -> None:
    """Point, value and matrix are those of cost={"fp": 1, "fn": 10}; the interval is nearly the same."""
    rng = np.random.default_rng(2)
    y = (rng.random(3000) < 0.2).astype(int)
    ev = uc.evaluate(
        y, y_score=(1 / (1 + np.exp(2 - rng.normal(size=3000) - 2 * y))).round(3), row_cost={"fp": 1, "fn": 10}
    )
    one, other = ev.choose(cost="row"), ev.choose(cost={"fp": 1, "fn": 10})
    assert (one.threshold, one.matrix) == (other.threshold, other.matrix)
    assert float(one.apparent) == pytest.approx(float(other.apparent))
    assert (one.apparent.low, one.apparent.high) == pytest.approx((other.apparent.low, other.apparent.high), rel=0.03)
    assert float(one.corrected) == pytest.approx(float(other.corrected), rel=0.02)
    assert one.spread == pytest.approx(other.spread, abs=0.01)


def test_an_interval_does_not_depend_on_the_unit_of_the_weights(quick: None) -> None:
    """Weights in grams or in pounds: the same mean cost, as sure."""
    rng = np.random.default_rng(4)
    y, s, w, amount = rng.integers(0, 2, 400), rng.random(400), rng.exponential(size=400), rng.exponential(size=400)
    one, other = (
        uc.evaluate(y, y_score=s, sample_weight=unit * w, row_cost={"fp": 1, "fn": amount}).choose(cost="row").apparent
        for unit in (1, 454)
    )
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high), rel=1e-9)
    assert one.low < one.value < one.high


def test_the_costs_of_the_rows_change_the_answer() -> None:
    """Misses that cost much stand at low scores: one mean cost for all asks for another threshold, which costs more."""
    rng = np.random.default_rng(3)
    y = (rng.random(5000) < 0.2).astype(int)
    s = 1 / (1 + np.exp(2 - rng.normal(size=5000) - 2 * y))
    amount = 30 * (1 - s) ** 3
    ev = uc.evaluate(y, y_score=s, row_cost={"fp": 1, "fn": amount})
    mean = ev.choose(cost={"fp": 1, "fn": amount[y == 1].mean()})
    own = ev.choose(cost="row")
    assert own.threshold != mean.threshold
    called = [s >= x.threshold for x in (own, mean)]
    assert cost_at({"y_true": y}, {"fp": 1, "fn": amount}, called[0]) < cost_at(
        {"y_true": y}, {"fp": 1, "fn": amount}, called[1]
    )


def test_intervals_hold_the_truth() -> None:
    """The mean cost at a threshold fixed by a queue of all rows: 95 % intervals of 300 samples of 300 rows."""
    rng, held = np.random.default_rng(4), 0
    for _ in range(300):
        y = (rng.random(300) < 0.3).astype(int)
        s = np.where(rng.random(300) < 0.8, y, 1 - y) / 2 + 0.25  # one useful threshold: 20 % errors either way
        ev = uc.evaluate(y, y_score=s, row_cost={"fp": rng.exponential(1, 300), "fn": rng.exponential(4, 300)})
        tally: Any = ev.scores
        costs: Any = ev.tallies.row_costs
        e = _estimate(Priced.at(tally, costs), costs, 1, 0.95)
        held += e.low <= 0.7 * 0.2 * 1 + 0.3 * 0.2 * 4 <= e.high
    assert 0.91 * 300 <= held <= 0.98 * 300


def test_the_corrected_cost_is_nearer_to_that_of_new_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 60 samples of 150 rows the apparent cost lies below that of new rows; the corrected error is smaller."""
    monkeypatch.setattr("unconfused.decide.luck.WORK", 25 * 150)  # two splits
    monkeypatch.setattr("unconfused.decide.by_row._spread", lambda *_: (0.0, 0.0))
    rng = np.random.default_rng(5)

    def sample(n: int) -> tuple[Rows, dict[str, Any]]:
        y = np.r_[0, 1, rng.random(n - 2) < 0.3].astype(int)
        rows = {"y_true": y, "y_score": 1 / (1 + np.exp(-rng.normal(size=n) - y))}
        return rows, {"fp": rng.exponential(1, n), "fn": rng.exponential(2, n)}

    new, costs = sample(40_000)
    errors = []
    for _ in range(60):
        rows, own = sample(150)
        point = uc.evaluate(**rows, row_cost=own).choose(cost="row")
        called = new["y_score"] >= point.threshold
        truth = np.where(new["y_true"] == 1, np.where(called, 0, costs["fn"]), np.where(called, costs["fp"], 0)).mean()
        errors.append((float(point.apparent) - truth, float(point.corrected) - truth))
    apparent, corrected = np.transpose(errors)
    assert apparent.mean() < 0
    assert abs(corrected.mean()) < abs(apparent.mean()) / 2 + 2 * corrected.std() / math.sqrt(60)


# ── where rows come from ──────────────────────────────────────────────────────────────────────
def test_streams_frames_files_and_slices_sum_the_same(tmp_path: Path, quick: None) -> None:
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(6)
    n = 400
    frame = pd.DataFrame({"y": (rng.random(n) < 0.3).astype(int), "p": rng.random(n), "amount": rng.integers(1, 90, n),
                          "land": rng.choice(["DE", "US"], n)})  # fmt: skip
    cost = {"fp": 5, "fn": frame["amount"]}
    whole = uc.evaluate(frame["y"], y_score=frame["p"], row_cost=cost, grid="folded", by={"land": frame["land"]})
    stream = uc.Stream()
    for part in np.array_split(np.arange(n), 9):
        rows = frame.iloc[part]
        mask = np.r_[np.ones(len(part), bool), False]
        padded = {k: np.r_[rows[k], rows[k].iloc[:1]] for k in ("y", "p", "amount")}
        stream.update(y_true=padded["y"], y_score=padded["p"], row_cost={"fp": 5, "fn": padded["amount"]}, mask=mask)
    assert stream.evaluation.tallies.row_costs == whole.tallies.row_costs
    frame.to_csv(tmp_path / "rows.csv", index=False)
    for source in (frame, tmp_path / "rows.csv"):
        read = uc.evaluate_frame(source, y_true="y", y_score="p", row_cost={"fp": 5, "fn": "amount"})
        assert read.tallies.row_costs == whole.tallies.row_costs
    whole.save(tmp_path / "whole.uc")
    assert uc.load(tmp_path / "whole.uc").choose(cost="row").threshold == whole.choose(cost="row").threshold
    for land, own in whole.by["land"].items():
        here = frame["land"] == land
        alone = uc.evaluate(frame["y"][here], y_score=frame["p"][here], row_cost={"fp": 5, "fn": frame["amount"][here]},
                            grid="folded")  # fmt: skip
        assert own.choose(cost="row").matrix == alone.choose(cost="row").matrix
    exact = uc.evaluate(frame["y"], y_score=frame["p"], row_cost=cost)
    assert exact.coarsen("folded").tallies.row_costs == whole.tallies.row_costs
    refined = uc.evaluate(frame["y"], y_score=frame["p"], row_cost=cost, grid="folded", refine=True)
    assert refined.choose(cost="row").matrix == whole.choose(cost="row").matrix


def test_a_file_whose_costs_are_of_other_rows_is_refused(tmp_path: Path) -> None:
    ev = uc.evaluate([0, 1, 1], y_score=[0.1, 0.4, 0.8], row_cost={"fp": 1, "fn": [3, 4, 5]})
    other = uc.evaluate([0, 1], y_score=[0.1, 0.4], row_cost={"fp": 1, "fn": [3, 4]})
    store.save(replace(ev.tallies, row_costs=other.tallies.row_costs), tmp_path / "mixed.uc")
    with pytest.raises(UnconfusedError, match="of other rows"):
        uc.load(tmp_path / "mixed.uc")


# ── what is refused ───────────────────────────────────────────────────────────────────────────
def two(**more: Any) -> Evaluation:
    return uc.evaluate([0, 1, 1], y_score=[0.1, 0.4, 0.8], **more)


NO_COSTS = (
    {}, {"fx": 1}, 3, {"fp": [1, np.nan, 2]}, {"fp": [1, np.inf, 2]}, {"fn": ["a", "b", "c"]}, {"fp": math.nan},
    {"fn": [1, None, 2]}, {"fp": 1e200},
)  # fmt: skip


@pytest.mark.parametrize("bad", NO_COSTS)
def test_what_is_no_cost_is_refused(bad: Any) -> None:
    with pytest.raises((UsageError, InvalidValues), match="row_cost"):
        two(row_cost=bad)


def test_costs_need_one_score_a_row_and_both_classes_known() -> None:
    cost = {"fp": 1, "fn": [1, 2, 3]}
    with pytest.raises(LengthMismatch):
        two(row_cost={"fp": [1, 2]})
    p = np.full((3, 3), 1 / 3)
    for asked in (
        {"y_true": [0, 1, 1], "y_pred": [0, 1, 0]},
        {"y_true": [0, 1, 2], "y_score": p},
        {"y_true": np.eye(3, dtype=int), "y_score": p, "label_kind": "multilabel"},
        {"y_true": [0, 1, 1], "y_score": [0.1, 0.4, 0.8], "unit": [1, 2, 3]},
        {"y_true": [0, 1, 1], "y_pred": [0, 1, 1], "y_score": [0.1, 0.4, 0.8], "curves": False},
    ):
        with pytest.raises(UsageError, match="row_cost="):
            uc.evaluate(**asked, row_cost=cost)
    with pytest.raises(NotKept, match="hold no known class"):
        uc.evaluate([0, 1, 7], y_score=[0.1, 0.4, 0.8], labels=[0, 1], unknown="other", row_cost=cost)
    dropped = uc.evaluate([0, 1, 7], y_score=[0.1, 0.4, 0.8], labels=[0, 1], unknown="drop", row_cost=cost)
    assert dropped.tallies.row_costs is not None
    assert dropped.tallies.row_costs.sums[:, 2, 0].sum() == 2


def test_what_the_pass_did_not_sum_cannot_be_asked() -> None:
    with pytest.raises(NotKept, match="row_cost="):
        two().choose(cost="row")
    with pytest.raises(UsageError, match='cost="row"'):
        two(row_cost={"fp": 1, "fn": 2}).choose(cost="rows")
    with pytest.raises(UsageError, match="another objective"):
        two(row_cost={"fp": 1, "fn": 2}).choose(cost="row", maximize="f1")
    with pytest.raises(NotKept, match="view"):
        two(row_cost={"fp": 1, "fn": 2}).at_prevalence(0.1).choose(cost="row")
    with pytest.raises(MergeRefused, match="row costs"):
        two(row_cost={"fp": 1, "fn": 2}) + two()


def test_rows_without_a_score_cost_what_not_being_called_costs(quick: None) -> None:
    ev = uc.evaluate([0, 1, 1], y_score=[0.1, 0.9, np.nan], invalid="count", row_cost={"fp": 1, "fn": [0, 4, 7]})
    point = ev.choose(cost="row")
    assert (point.threshold, float(point.apparent)) == (0.9, pytest.approx(7 / 3))
    free = uc.evaluate([0, 1], y_score=[0.1, 0.9], row_cost={"fp": 1, "fn": [0, 4]}).choose(cost="row")
    assert float(free.apparent) == 0
    assert free.apparent.high > 0
