"""Tensors on an accelerator are counted there; where there is none, torch on the CPU stands in for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unconfused as uc
from unconfused.ingest import accelerated
from unconfused.ingest.arrays import count_matrix, tally_arrays
from unconfused.ingest.rows import Reading

torch = pytest.importorskip("torch")
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.fixture(autouse=True)
def on_the_spot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerated, "AWAY", (DEVICE,))
    monkeypatch.setattr(accelerated, "FEW", 1)


def scores(kind: str, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    z = rng.normal(-2, 9, 4000)
    p = 1 / (1 + np.exp(-z))
    special = [0.0, -0.0, 1.0, 5e-324, 0.5, np.nextafter(0.5, 0), np.nextafter(1, 0), 0.01, 0.25]
    ends = [np.inf, -np.inf, -5e-324, 1e300, -1e300]
    return np.concatenate([p if kind == "probability" else z, special, special if kind == "probability" else ends])


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize(
    ("kind", "grid"),
    [("probability", "folded"), ("probability", "folded(3)"), ("probability", "uniform(256)"), ("logit", "floatbits"),
     ("raw", "floatbits(2)"), ("probability", "floatbits")],
)  # fmt: skip
@pytest.mark.parametrize("options", [{}, {"pos_label": 0}, {"pins": [0.123]}, {"labels": {0: "no", 1: "yes"}}], ids=str)
def test_the_same_tally_as_from_arrays(dtype: str, kind: str, grid: str, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    s = torch.tensor(scores(kind, rng)).to(getattr(torch, dtype))
    y = torch.tensor(rng.integers(0, 2, len(s)))
    reading = Reading(score_kind=kind, grid=grid, **options)  # type: ignore[arg-type]
    there = accelerated.tallied(reading, y.to(DEVICE), None, s.to(DEVICE))
    assert there is not None
    assert there == tally_arrays(reading, y.numpy(), y_score=s.double().numpy())


@pytest.mark.parametrize("truth", ["int64", "uint8", "bool"])
def test_pairs_of_labels(truth: str) -> None:
    rng = np.random.default_rng(1)
    k = 2 if truth == "bool" else 7
    a, b = (torch.tensor(rng.integers(0, k, 500)).to(getattr(torch, truth)) for _ in "ab")
    there = accelerated.tallied(Reading(), a.to(DEVICE), b.to(DEVICE), None)
    assert there is not None
    assert there.matrix == count_matrix(Reading(), a.numpy(), y_pred=b.numpy())


def test_what_is_not_plain_comes_over_and_is_refused_in_the_same_words() -> None:
    y, p = torch.tensor([0, 1, 1, 0]), torch.tensor([0.1, 0.2, float("nan"), 0.4])
    assert accelerated.tallied(Reading(grid="folded"), y.to(DEVICE), None, p.to(DEVICE)) is None
    for scored, error in ((p, "NaN"), (p + 2, "outside|NaN")):
        with pytest.raises(uc.UnconfusedError, match=error):
            uc.evaluate(y.to(DEVICE), y_score=scored.to(DEVICE), grid="folded")
    assert accelerated.tallied(Reading(grid="folded"), (y * 3).to(DEVICE), None, torch.rand(4).to(DEVICE)) is None
    assert accelerated.tallied(Reading(), (y - 1).to(DEVICE), y.to(DEVICE), None) is None
    assert (
        accelerated.tallied(Reading(), y.to(DEVICE), None, torch.rand(4).to(DEVICE)) is None
    )  # exact: the scores come
