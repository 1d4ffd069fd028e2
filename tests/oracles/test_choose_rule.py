"""The best of the rules that a pass kept: against the definition, and the axes of the costs the right way round."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import unconfused as uc
from unconfused.errors import NotKept, ShapeError, UsageError
from unconfused.evaluation import Evaluation

SCHEMA = json.loads((Path(uc.__file__).parent / "show" / "schema.json").read_text(encoding="utf-8"))
MISS_OF_TWO = np.array([[0, 1, 1], [1, 0, 1], [20, 20, 0]])
"""A row of class 2 that is called anything else costs 20."""


def evaluated(seed: int = 0, n: int = 600) -> tuple[np.ndarray, np.ndarray, Evaluation]:
    rng = np.random.default_rng(seed)
    y = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    logits = rng.normal(size=(n, 3)) + 1.5 * np.eye(3)[y]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    rules = {
        "careful": uc.Costs(MISS_OF_TWO),
        "careless": uc.Costs(MISS_OF_TWO.T),
        "weighed": uc.ClassWeights([1, 2, 3]),
    }
    return y, p, uc.evaluate(y, y_score=p, rules=rules)


@pytest.mark.parametrize("table", [MISS_OF_TWO, MISS_OF_TWO.T, 1 - np.eye(3)])
def test_the_cheapest_by_the_definition(table: np.ndarray) -> None:
    """Σ C[truth, called] / n of every decision; the least is chosen, the others stand beside it in order."""
    _, _, ev = evaluated()
    made = ev.choose(cost=uc.Costs(table))
    costs = {name: (cm.counts * table).sum() / cm.total for name, cm in ev.matrices.items()}
    costs[str(ev.matrix.rule)] = (ev.matrix.counts * table).sum() / ev.total
    order = sorted(costs, key=costs.__getitem__)
    assert [made.name, *made.others] == order
    assert [float(e) for e in (made.apparent, *made.others.values())] == pytest.approx([costs[x] for x in order])
    assert made.expected_cost is made.apparent
    assert made.apparent.low <= made.apparent.value <= made.apparent.high
    assert made.matrix == {**ev.matrices, ev.matrix.rule: ev.matrix}[made.name]


def test_a_transposed_table_is_another_problem() -> None:
    """Rows are the truth: with the axes swapped another rule is best."""
    _, _, ev = evaluated()
    assert ev.choose(cost=uc.Costs(MISS_OF_TWO)).name == "careful"
    assert ev.choose(cost=uc.Costs(MISS_OF_TWO.T)).name == "careless"


def test_a_metric_instead_of_costs() -> None:
    """The highest, or the lowest, of any metric of decisions."""
    _, _, ev = evaluated()
    made = ev.choose(maximize="recall[2]")
    values = {name: float(cm.estimate("recall[2]")) for name, cm in ev.matrices.items()}
    assert values[made.name] == max(values.values()) == float(made.apparent)
    assert made.expected_cost is None
    assert float(ev.choose(minimize="error_rate").apparent) == pytest.approx(
        1 - float(ev.choose(maximize="accuracy").apparent)
    )


def test_two_classes_take_a_table_too() -> None:
    """Of binary scores a 2x2 table is the four cells, in the order of the labels, whichever is positive."""
    y, p = [1, 0, 1, 0, 1, 0], [0.8, 0.6, 0.7, 0.1, 0.3, 0.2]
    ev = uc.evaluate(y, y_score=p)
    for table, cells in (([[0, 1], [10, 0]], {"fp": 1, "fn": 10}), ([[0, 10], [1, 0]], {"fp": 10, "fn": 1})):
        assert ev.choose(cost=uc.Costs(table)).threshold == ev.choose(cost=cells).threshold
    lower = uc.evaluate(y, y_score=[1 - x for x in p], labels=[0, 1], pos_label=0)
    assert lower.choose(cost=uc.Costs([[0, 1], [10, 0]])).threshold == lower.choose(cost={"fn": 1, "fp": 10}).threshold
    referred = ev.choose(cost=uc.Costs([[0, 1], [10, 0]], abstain=0.5))
    same = ev.choose(cost={"fp": 1, "fn": 10, "abstain": 0.5})
    assert (referred.low, referred.high) == (same.low, same.high)
    with pytest.raises(ShapeError):
        ev.choose(cost=uc.Costs(MISS_OF_TWO))


def test_refusals() -> None:
    """Nothing to choose among, no objective or two, conditions on thresholds, costs of two classes."""
    y, p, ev = evaluated()
    with pytest.raises(NotKept, match="one decision"):
        uc.evaluate(y, y_score=p).choose(cost=uc.Costs(MISS_OF_TWO))
    with pytest.raises(UsageError, match="objectives"):
        ev.choose()
    with pytest.raises(UsageError, match="objectives"):
        ev.choose(maximize="accuracy", cost=uc.Costs(MISS_OF_TWO))
    with pytest.raises(UsageError, match="bound thresholds"):
        ev.choose(maximize="accuracy", where="recall[2] >= 0.9")
    with pytest.raises(UsageError, match="of two classes"):
        ev.choose(cost={"fp": 1, "fn": 10})
    with pytest.raises(NotKept, match="One threshold cannot choose"):
        uc.evaluate(y, y_score=p).choose(maximize="recall[2]")


def test_how_it_looks() -> None:
    """Text within the page, a frame, Markdown, HTML, data after the schema."""
    made = evaluated()[2].choose(cost=uc.Costs(MISS_OF_TWO))
    assert "Of 4 rules careful has the lowest expected_cost." in str(made)
    assert max(map(len, str(made).splitlines())) <= 80
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(made.to_dict(), allow_nan=False)))
    assert made.to_frame()["rule"][0] == "careful"
    assert "| careful |" in made.to_markdown()
    assert "careful" in made._repr_html_()
