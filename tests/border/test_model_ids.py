"""Ids of the rows that a model was asked about: beside arrays, or as the last part of each batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unconfused as uc
from unconfused.errors import LabelsApart, LengthMismatch, UsageError

SCORES = np.array([0.9, 0.2, 0.4, 0.8, 0.1, 0.7])
TRUTH = np.array([1, 1, 1, 0, 0, 0])
NAMES = ["a", "b", "c", "d", "e", "f"]


def step(model: Any, batch: Any) -> tuple[Any, ...]:
    return batch[1], batch[0], batch[2]


def test_the_last_of_what_step_returns_names_the_rows() -> None:
    batches = [(SCORES[:4], TRUTH[:4], NAMES[:4]), (SCORES[4:], TRUTH[4:], tuple(NAMES[4:]))]
    ev = uc.evaluate_model(object(), batches, step=step, ids=True)
    assert ev.rows(1, 0, threshold=0.5) == ["b", "c"]
    assert ev.rows(0, 1, threshold=0.5) == ["d", "f"]
    weighed = uc.evaluate_model(
        object(),
        batches,
        step=lambda model, batch: (*step(model, batch)[:2], [1.0] * len(batch[1]), batch[2]),
        ids=True,
    )
    assert weighed.rows(0, 1, threshold=0.75) == ["d"]
    assert weighed.at(0.5).full_weights is not None


def test_a_third_part_is_a_weight_unless_ids_are_asked_for() -> None:
    batches = [(SCORES, TRUTH, np.ones(6))]
    with pytest.raises(uc.errors.NotKept):
        uc.evaluate_model(object(), batches, step=step).rows(1, 0, threshold=0.5)


@pytest.mark.parametrize("what", [SCORES, (SCORES, TRUTH)], ids=["an array", "a pair"])
def test_batches_without_ids_are_refused(what: Any) -> None:
    with pytest.raises(UsageError, match="its last part names its rows"):
        uc.evaluate_model(object(), [what], step=lambda model, batch: batch, ids=True)


def test_ids_kept_beside_batches_are_refused() -> None:
    with pytest.raises(LabelsApart, match="ids beside it"):
        uc.evaluate_model(object(), iter([(SCORES, TRUTH)]), step=lambda model, b: (b[1], b[0]), ids=NAMES)
    with pytest.raises(LengthMismatch, match=r"\(5,\).*6 rows"):
        uc.evaluate_model(object(), [(SCORES, TRUTH)], step=lambda model, b: (b[1], b[0]), ids=NAMES[:5])


def test_of_a_fitted_estimator() -> None:
    """The ids stand beside X and y, and rows are those that its scores get most wrong."""
    linear = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = (x[:, 0] + rng.normal(size=200) > 0).astype(int)
    model = linear.LogisticRegression().fit(x, y)
    ids = [f"row {i}" for i in range(200)]
    found = uc.evaluate_model(model, (x, y), ids=ids).rows(1, 0, k=5, threshold=0.5)
    p = model.predict_proba(x)[:, 1]
    slow = sorted((i for i in range(200) if y[i] == 1 and p[i] < 0.5), key=lambda i: p[i])[:5]
    assert found == [ids[i] for i in slow]
    with pytest.raises(LengthMismatch, match=r"\(3,\).*200 rows"):
        uc.evaluate_model(model, (x, y), ids=[1, 2, 3])


def test_of_a_module_and_its_loader() -> None:
    """Batches (x, y, id), shuffled or not, text or numbers; rows that a sampler repeated leave with their ids."""
    torch = pytest.importorskip("torch")
    from torch.utils.data import DataLoader, DistributedSampler

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(1, 1, bias=False), torch.nn.Sigmoid(), torch.nn.Flatten(0))
    with torch.no_grad():
        model[0].weight[:] = 1.0
    x = torch.logit(torch.tensor(SCORES, dtype=torch.float32))[:, None]
    for names in (NAMES, list(range(6))):
        data = [(x[i], int(TRUTH[i]), names[i]) for i in range(6)]
        for shuffle in (False, True):
            ev = uc.evaluate_model(model, DataLoader(data, batch_size=4, shuffle=shuffle), ids=True)  # type: ignore[arg-type]
            assert ev.rows(1, 0, threshold=0.5) == [names[1], names[2]]
            assert ev.rows(0, 1, threshold=0.5) == [names[3], names[5]]
    shared = DataLoader(data, sampler=DistributedSampler(data, 4, 3, shuffle=False))  # type: ignore[arg-type,var-annotated]
    with pytest.warns(UserWarning, match="share"):
        share = uc.evaluate_model(model, shared, ids=True)
    assert share.total == 1
    assert share.rows(0, 1, threshold=0.5) == [3]
    with pytest.raises(LabelsApart, match="DataLoader"):
        uc.evaluate_model(model, DataLoader(data), ids=names)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="ids=True if the third names the rows"):
        uc.evaluate_model(model, DataLoader(data))  # type: ignore[arg-type]
