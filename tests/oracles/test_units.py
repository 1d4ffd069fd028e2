"""Clustered rows: the jackknife by hand, coverage where rows of a unit are alike, and the laws of a tally."""

from __future__ import annotations

import hashlib
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import unconfused as uc
from unconfused.cli import main
from unconfused.errors import InvalidValues, LengthMismatch, MergeRefused, NotKept
from unconfused.evaluation import Evaluation
from unconfused.tally.units import BUCKETS, hashed


def clustered(seed: int, units: int = 80, rows: int = 10, **how: Any) -> tuple[dict[str, Any], Evaluation]:
    """Rows of a unit share their truth and most of their score."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(units), rows)
    y = np.repeat((rng.random(units) < 0.4).astype(int), rows)
    s = np.repeat(rng.normal(size=units), rows) + 0.5 * rng.normal(size=len(y)) + 1.2 * y
    columns = {"y_true": y, "y_score": (1 / (1 + np.exp(0.6 - s))).round(3), "unit": unit}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return columns, uc.evaluate(**columns, **how)


def bucket(unit: Any) -> int:
    return (int.from_bytes(hashlib.blake2b(str(unit).encode(), digest_size=8).digest(), "big") >> 1) % BUCKETS


# ── against the definition ────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("metric", ["recall", "f1", "mcc", "accuracy", "roc_auc", "average_precision", "brier"])
def test_the_jackknife_by_leaving_buckets_out(metric: str) -> None:
    """√((M-1)/M Σ(θ - θ̄)²) over evaluations without each bucket, Student's t, the scale of the metric."""
    columns, ev = clustered(0)
    place = np.array([bucket(u) for u in columns["unit"]])
    threshold = 0.5 if metric in ("recall", "f1", "mcc", "accuracy") else None
    left = []
    for m in np.unique(place):
        rest = uc.evaluate(columns["y_true"][place != m], y_score=columns["y_score"][place != m])
        left.append(float(rest.estimate(metric, threshold=threshold)))
    error = math.sqrt((len(left) - 1) / len(left) * ((np.array(left) - np.mean(left)) ** 2).sum())
    e, t = ev.estimate(metric, threshold=threshold), stats.t.ppf(0.975, len(left) - 1)
    v = float(uc.evaluate(columns["y_true"], y_score=columns["y_score"]).estimate(metric, threshold=threshold))
    assert float(e) == v
    low, high = (-1, 1) if metric == "mcc" else (0, 1)
    p = (v - low) / (high - low)
    half = t * error / (high - low) / (p * (1 - p))
    ends = [low + (high - low) / (1 + math.exp(-(math.log(p / (1 - p)) + sign * half))) for sign in (-1, 1)]
    assert [e.low, e.high] == pytest.approx(ends, rel=1e-6)
    assert f"{len(left)} buckets of units" in e.method


def test_it_covers_where_independent_rows_do_not() -> None:
    """Rows of a unit alike: 95 % intervals that count rows hold the truth in far fewer samples, these do."""
    truth = {"roc_auc": stats.norm.cdf(1.2 / math.sqrt(2 * 1.25)), "recall": 1 - stats.norm.cdf(-0.6 / math.sqrt(1.25))}
    held = {(metric, how): 0 for metric in truth for how in ("units", "rows")}
    for seed in range(60):
        columns, ev = clustered(seed, units=100, rows=8)
        both = {"units": ev, "rows": uc.evaluate(columns["y_true"], y_score=columns["y_score"])}
        for how, one in both.items():
            for metric, value in truth.items():
                e = one.estimate(metric, threshold=0.5 if metric == "recall" else None)
                held[metric, how] += e.low <= value <= e.high
    for metric in truth:
        assert held[metric, "units"] >= 51, held
        assert held[metric, "rows"] <= 45, held


def test_rows_of_their_own_are_as_before() -> None:
    """Where each row is a unit the interval is that of independent rows, but for the luck of the buckets."""
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 4000)
    p = rng.random(4000) * 0.6 + 0.4 * y * rng.random(4000)
    own, rows = uc.evaluate(y, y_score=p, unit=np.arange(4000)), uc.evaluate(y, y_score=p)
    for metric in ("roc_auc", "brier"):
        a, b = own.estimate(metric), rows.estimate(metric)
        assert a.high - a.low == pytest.approx(b.high - b.low, rel=0.25)
    assert own.tallies.units.count == pytest.approx(4000, rel=0.5)


# ── every kind of problem ─────────────────────────────────────────────────────────────────────
def problems(seed: int, n: int = 120) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    rng = np.random.default_rng(seed)
    y, p = rng.integers(0, 2, n), rng.random(n).round(2)
    names = np.array(["cat", "dog", "fox"])
    rules = {"weighed": uc.ClassWeights([1, 2, 3])}
    return {
        "binary": ({"y_true": y, "y_score": p}, {}),
        "weights": ({"y_true": y, "y_score": p, "sample_weight": rng.integers(1, 5, n)}, {}),
        "counts": ({"y_true": y, "y_score": p, "count": rng.integers(0, 4, n)}, {}),
        "logits": ({"y_true": y, "y_score": rng.normal(size=n)}, {"score_kind": "logit"}),
        "folded": ({"y_true": y, "y_score": p}, {"grid": "folded"}),
        "classes": ({"y_true": names[rng.integers(0, 3, n)], "y_pred": names[rng.integers(0, 3, n)]}, {}),
        "multiclass": (
            {"y_true": names[rng.integers(0, 3, n)], "y_score": rng.dirichlet(np.ones(3), n)},
            {"labels": list(names), "rules": rules},
        ),
        "multilabel": (
            {"y_true": rng.integers(0, 2, (n, 3)), "y_score": rng.random((n, 3))}, {"label_kind": "multilabel"}
        ),
    }  # fmt: skip


@pytest.mark.parametrize("kind", list(problems(0)))
@given(seed=st.integers(0, 1000))
@settings(max_examples=5, deadline=None)
def test_it_is_a_tally(kind: str, seed: int) -> None:
    """Units cut over batches add up to the whole, whose values are those without units; a file holds all of it."""
    columns, how = problems(seed)[kind]
    rng = np.random.default_rng(seed)
    unit, part = rng.integers(0, 70, 120), rng.integers(0, 3, 120)
    part[:3] = 0, 1, 2
    whole = uc.evaluate(**columns, unit=unit, **how)
    batches = [
        uc.evaluate(**{k: x[part == i] for k, x in columns.items()}, unit=unit[part == i], **how) for i in range(3)
    ]
    added = sum(batches)
    assert added.tallies.units.count == whole.tallies.units.count == len(np.unique(unit))
    plain = uc.evaluate(**columns, **how)
    path = Path.cwd() / f".units-{kind}-{seed}.uc"
    try:
        whole.save(path)
        again = uc.load(path)
    finally:
        path.unlink(missing_ok=True)
    assert again.tallies == whole.tallies
    metric = {"classes": "accuracy", "multiclass": "roc_auc@macro", "multilabel": "roc_auc@macro"}.get(kind, "roc_auc")
    a, b, c, d = (x.estimate(metric) for x in (whole, added, again, plain))
    assert float(a) == float(d) == pytest.approx(float(b))
    assert (a.low, a.high) == (c.low, c.high) == pytest.approx((b.low, b.high), rel=1e-6)
    assert "units" in a.method
    assert a.low <= a.value <= a.high


def test_every_door_counts_units() -> None:
    """The matrix, the report, one class, averages, a chosen threshold, ranges and rows needed have wide intervals."""
    columns, ev = clustered(2)
    rows = uc.evaluate(columns["y_true"], y_score=columns["y_score"])

    def wider(a: Any, b: Any) -> bool:
        return "units" in a.method and a.high - a.low > 1.3 * (b.high - b.low)

    assert wider(ev.at(0.5).estimate("recall"), rows.at(0.5).estimate("recall"))
    assert wider(ev.at(0.5).estimates("recall")["0"] if "0" in ev.at(0.5).estimates("recall") else
                 ev.at(0.5).estimates("recall")[0], rows.at(0.5).estimates("recall")[0])  # fmt: skip
    assert wider(ev.at(0.5)[0].estimate("recall"), rows.at(0.5)[0].estimate("recall"))
    assert "buckets of units" in str(ev.report(threshold=0.5))
    for text in (str(ev), str(ev.report())):
        assert "buckets of units" in text
        assert "DeLong" not in text
    assert "buckets of units" in str(ev.report().to_dict())
    mine, other = ev.choose(cost={"fp": 1, "fn": 3}), rows.choose(cost={"fp": 1, "fn": 3})
    assert mine.threshold == other.threshold
    assert wider(mine.apparent, other.apparent)
    assert mine.corrected.high - mine.corrected.low == pytest.approx(mine.apparent.high - mine.apparent.low)
    assert wider(ev.ranges().rows[9].recall, rows.ranges().rows[9].recall)
    assert ev.rows_needed("roc_auc", width=0.05).rows > 1.5 * rows.rows_needed("roc_auc", width=0.05).rows
    names = np.array(["cat", "dog", "fox"])
    many = uc.evaluate(names[columns["unit"] % 3], names[(columns["unit"] % 7) % 3], unit=columns["unit"])
    for metric in ("f1@macro", "f1@weighted", "f1@worst", "recall[dog]", "kappa", "balanced_accuracy"):
        assert "units" in many.estimate(metric).method


def test_nothing_to_see() -> None:
    """Where no bucket differs the interval is Wilson's on the units, and never of no width."""
    ev = uc.evaluate([0, 1] * 200, y_score=[0.1, 0.9] * 200, unit=np.repeat(np.arange(40), 10))
    e = ev.estimate("roc_auc")
    assert (e.value, e.high) == (1, 1)
    assert e.low == pytest.approx(40 / (40 + stats.norm.ppf(0.975) ** 2), rel=1e-6)


# ── what is refused, and what is said ─────────────────────────────────────────────────────────
def test_refusals() -> None:
    """A row without a unit, too few units named, fractions, other views, a sum with rows that have no units."""
    y, p = [0, 1, 0, 1], [0.1, 0.9, 0.4, 0.6]
    with pytest.raises(InvalidValues, match="missing in 1 row"):
        uc.evaluate(y, y_score=p, unit=["a", None, "b", "c"])
    with pytest.raises(InvalidValues, match="fractional"):
        uc.evaluate(y, y_score=p, unit=[1.5, 1, 2, 3])
    with pytest.raises(LengthMismatch):
        uc.evaluate(y, y_score=p, unit=[1, 2, 3])
    _, ev = clustered(0)
    with pytest.raises(NotKept, match="come in units"):
        ev.at_prevalence(0.01)
    with pytest.raises(MergeRefused, match="units"):
        ev + uc.evaluate(y, y_score=p)
    with pytest.raises(TypeError, match="Add the evaluations"):
        ev.at(0.5) + ev.at(0.5)


def test_few_units_are_told() -> None:
    """A warning below 30 units, whatever the rows; none from there on."""
    y, p = np.arange(400) % 2, np.random.default_rng(0).random(400)
    with pytest.warns(uc.UnconfusedWarning, match="come from 29 units"):
        few = uc.evaluate(y, y_score=p, unit=np.arange(400) % 29)
    assert "CM-FEW-UNITS" in [x.code for x in few.findings]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        enough = uc.evaluate(y, y_score=p, unit=np.arange(400) % 30)
    assert "CM-FEW-UNITS" not in [x.code for x in enough.findings]


def test_the_hash_is_the_same_everywhere() -> None:
    """Fixed values, so that shards counted on other machines and in other years fit; 7, 7.0 and "7" are one unit."""
    assert hashed("patient 7") == int.from_bytes(hashlib.blake2b(b"patient 7", digest_size=8).digest(), "big") >> 1
    y, p = [0, 1, 0, 1], [0.1, 0.9, 0.4, 0.6]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = [
            uc.evaluate(y, y_score=p, unit=u).tallies.units for u in ([7, 8, 7, 9], [7.0, 8.0, 7.0, 9.0], list("7879"))
        ]
    assert made[0] == made[1] == made[2]


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--unit`` names the column; the doctor takes no notice of it."""
    columns, ev = clustered(0)
    lines = [f"{y},{p},p{u}" for y, p, u in zip(*columns.values(), strict=True)]
    source = tmp_path / "films.csv"
    source.write_text("\n".join(["y,p,u", *lines]), encoding="utf-8")
    given = [str(source), "--y-true", "y", "--y-score", "p", "--unit", "u"]
    assert main(["report", *given, "--threshold", "0.5", "--format", "text"]) == 0
    assert "buckets of units" in capsys.readouterr().out
    assert main(["doctor", *given]) == 0
    frame = {"y": columns["y_true"], "p": columns["y_score"], "u": columns["unit"]}
    pandas = pytest.importorskip("pandas")
    made = uc.evaluate_frame(pandas.DataFrame(frame), y_true="y", y_score="p", unit="u", grid="exact")
    assert made.tallies == ev.tallies


def test_as_many_hashes_are_kept_of_a_sum_as_of_the_whole() -> None:
    """More units than that are told by the smallest hashes, of all that any part has seen."""
    y, unit = np.arange(300) % 2, [f"unit {i}" for i in range(300)]
    whole = uc.evaluate(y, y, unit=unit)
    parts = uc.evaluate(y[:150], y[:150], unit=unit[:150]) + uc.evaluate(y[150:], y[150:], unit=unit[150:])
    assert len(whole.tallies.units.smallest) == 64
    assert np.array_equal(parts.tallies.units.smallest, whole.tallies.units.smallest)
