"""Decisions that weigh several scores of a row, against plain loops over the rows; and what they cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unconfused as uc
from unconfused.errors import MergeRefused, NotKept, ShapeError, UnknownClass, UsageError

COSTS = [[0, 1, 5], [2, 0, 1], [9, 1, 0]]


def problem(n: int = 500, k: int = 3) -> tuple[Any, Any]:
    rng = np.random.default_rng(4)
    p = rng.dirichlet(np.ones(k), n)
    return np.array([rng.choice(k, p=row) for row in p]), p


def by_hand(y: Any, p: Any, called: Any, k: int = 3) -> list[list[int]]:
    table = [[0] * (k + 2) for _ in range(k + 2)]
    for truth, row in zip(y, p, strict=True):
        table[truth][called([float(x) for x in row])] += 1
    return table


def cheapest(costs: Any, abstain: float | None = None) -> Any:
    k = len(costs)

    def called(p: list[float]) -> int:
        expected = [sum(p[i] * costs[i][j] for i in range(k)) for j in range(k)]
        best = min(range(k), key=lambda j: expected[j])
        return k + 1 if abstain is not None and expected[best] > abstain else best

    return called


def largest(p: list[float]) -> int:
    return max(range(len(p)), key=lambda j: p[j])


def test_each_rule_decides_as_its_definition_says() -> None:
    y, p = problem()
    weights = [1.0, 2.5, 0.5]
    rules = {
        "costs": (uc.Costs(COSTS), cheapest(COSTS)),
        "chow": (uc.Costs(COSTS, abstain=0.6), cheapest(COSTS, 0.6)),
        "weights": (uc.ClassWeights(weights), lambda row: largest([w * x for w, x in zip(weights, row, strict=True)])),
        "named": (uc.ClassWeights({2: 0.5, 0: 1, 1: 2.5}), lambda row: largest([row[0], 2.5 * row[1], 0.5 * row[2]])),
        "sure": (uc.Abstain(below=0.6), lambda row: largest(row) if max(row) >= 0.6 else 4),
        "both": (uc.Abstain(0.5, then=uc.Costs(COSTS)), lambda row: cheapest(COSTS)(row) if max(row) >= 0.5 else 4),
    }
    ev = uc.evaluate(y, y_score=p, rules={name: rule for name, (rule, _) in rules.items()})
    assert list(ev.matrices) == list(rules)
    for name, (rule, called) in rules.items():
        assert ev.matrices[name].full.tolist() == by_hand(y, p, called), name
        assert ev.matrices[name].rule == str(rule)
        assert ev.matrices[name].total == len(y)
    assert ev.matrix.rule == "argmax of the scores"


def test_a_rule_that_was_not_taken_cannot_be_read() -> None:
    """The limit of counting once is said where it is met, with what to type."""
    y, p = problem()
    with pytest.raises(UnknownClass, match=r"no rule 'safe'.*during the pass.*rules=\{'safe': uc.Costs\(C\)\}"):
        uc.evaluate(y, y_score=p).matrices["safe"]
    ev = uc.evaluate(y, y_score=p, rules={"safe": uc.Costs(COSTS)})
    with pytest.raises(KeyError, match=r"no rule 'sage'.*There are 'safe'"):
        ev.matrices["sage"]
    assert "sage" not in ev.matrices
    assert ev.matrices.get("sage") is None


def test_rows_of_the_costs_are_the_truth() -> None:
    """Turned round, they give other answers and another bill."""
    y, p = problem()
    ev = uc.evaluate(y, y_score=p, rules={"safe": uc.Costs(COSTS), "turned": uc.Costs(np.transpose(COSTS))})
    assert ev.matrices["safe"] != ev.matrices["turned"]
    two = [[0, 1], [10, 0]]  # missing the second class costs ten times a false alarm
    binary = uc.evaluate(
        [0, 1], y_score=[0.2, 0.2], rules={"safe": uc.Costs(two), "turned": uc.Costs(np.transpose(two))}
    )
    assert binary.matrices["safe"].fp == 1
    assert binary.matrices["safe"].fn == 0
    assert binary.matrices["turned"].fn == 1


def test_costs_of_two_classes_are_elkans_threshold() -> None:
    """Positive from (fp - tn) / (fp - tn + fn - tp) = 1 / 11 on, whichever class is named first."""
    rng = np.random.default_rng(0)
    p = rng.random(400)
    y = (rng.random(400) < p).astype(int)
    ev = uc.evaluate(y, y_score=p, rules={"safe": uc.Costs([[0, 1], [10, 0]])})
    assert ev.matrices["safe"].full.tolist() == ev.at(1 / 11).full.tolist()
    named = uc.evaluate(y, y_score=p, labels=[1, 0], pos_label=1, rules={"safe": uc.Costs([[0, 10], [1, 0]])})
    assert named.matrices["safe"].ravel() == ev.at(1 / 11).ravel()
    logit = uc.evaluate(y, y_score=np.log(p / (1 - p)), score_kind="logit", rules={"safe": uc.Costs([[0, 1], [10, 0]])})
    assert logit.matrices["safe"].full.tolist() == ev.at(1 / 11).full.tolist()


def test_logits_are_read_through_softmax_and_raw_scores_are_refused() -> None:
    y, p = problem()
    rules = {"safe": uc.Costs(COSTS), "sure": uc.Abstain(0.6), "weights": uc.ClassWeights([1, 2, 3])}
    ev = uc.evaluate(y, y_score=p, rules=rules)
    logits = uc.evaluate(y, y_score=np.log(p) + 7, score_kind="logit", rules=rules)
    for name in rules:
        assert logits.matrices[name].full.tolist() == ev.matrices[name].full.tolist()
    with pytest.raises(UsageError, match="raw scores are none"):
        uc.evaluate(y, y_score=p, score_kind="raw", rules=rules)


def test_equals_fall_to_the_first_and_are_counted() -> None:
    even = [[0.25, 0.25, 0.5]] * 3 + [[0.5, 0.25, 0.25]]
    ev = uc.evaluate([0, 1, 2, 0], y_score=even, rules={
        "costs": uc.Costs([[0, 1, 1], [1, 0, 1], [1, 1, 0.5]]), "weights": uc.ClassWeights([2, 2, 1]),
        "sure": uc.Abstain(0.5)})  # fmt: skip
    assert ev.matrices["weights"].evidence["ties"] == 3
    assert ev.matrices["weights"].counts.sum(0).tolist() == [4, 0, 0]
    assert ev.matrices["costs"].evidence["ties"] == 3
    assert ev.matrices["costs"].counts.sum(0).tolist() == [4, 0, 0]
    assert ev.matrices["sure"].evidence["abstained"] == 0


def test_the_cut_of_the_rows_decides_no_tie() -> None:
    """A matrix product rounds differently for one row and for many; equals are settled in a fixed order of terms."""
    rng = np.random.default_rng(5)
    p = rng.integers(1, 4, (300, 7)) / 10.0
    p /= p.sum(1, keepdims=True)
    rule, labels = uc.Costs(1 - np.eye(7)), uc.Labels.declare(range(7))
    whole = rule.called(p, labels)
    alone = [rule.called(p[i : i + 1], labels) for i in range(len(p))]
    assert whole[0].tolist() == [called[0] for called, _ in alone]
    assert whole[1].tolist() == [ties[0] for _, ties in alone]
    assert whole[1].any()


def test_rows_called_nothing_are_counted_and_coverage_reads_them() -> None:
    y, p = problem()
    p[:10] = np.nan
    ev = uc.evaluate(y, y_score=p, rules={"sure": uc.Abstain(0.6)}, invalid="count", curves=False)
    sure, top = ev.matrices["sure"], np.nanmax(np.where(np.isnan(p), -1, p), 1)
    kept = top >= 0.6
    assert sure.evidence["abstained"] == (~kept).sum() - 10
    assert sure.full[:, 4].sum() == (~kept).sum()
    assert float(sure.estimate("coverage")) == pytest.approx(kept.mean())
    right = (y == np.where(np.isnan(p), -1, p).argmax(1)) & kept
    assert float(sure.estimate("selective_accuracy")) == pytest.approx(right.sum() / kept.sum())
    assert float(sure.estimate("accuracy")) == pytest.approx(right.mean())
    assert sure.estimate("selective_accuracy").n == kept.sum()


# ── what it costs ─────────────────────────────────────────────────────────────────────────────────
def test_the_expected_cost_is_the_mean_over_the_rows_with_students_interval() -> None:
    stats = pytest.importorskip("scipy.stats")
    y, p = problem()
    ev = uc.evaluate(y, y_score=p, rules={"safe": uc.Costs(COSTS), "sure": uc.Costs(COSTS, abstain=0.4)})
    costs = uc.Costs(COSTS, abstain=0.4)
    for cm, called in ((ev.matrix, p.argmax(1)), (ev.matrices["safe"], np.array([cheapest(COSTS)(r) for r in p]))):
        each = np.array(COSTS)[y, called]
        e = uc.Costs(COSTS).estimate(cm, level=0.9)
        assert e.value == pytest.approx(each.mean(), rel=1e-12)
        expected = stats.t.interval(0.9, len(y) - 1, each.mean(), stats.sem(each))
        assert (e.low, e.high) == pytest.approx(expected, rel=1e-6)
    assert costs.estimate(ev.matrices["sure"]) < uc.Costs(COSTS).estimate(ev.matrix)
    with pytest.raises(NotKept, match="missing"):
        uc.Costs(COSTS).estimate(ev.matrices["sure"])
    with pytest.raises(ShapeError, match="2 classes"):
        uc.Costs([[0, 1], [1, 0]]).estimate(ev.matrix)


def test_the_expected_cost_of_weighted_rows_and_of_rows_alike() -> None:
    y, p = problem(60)
    twice = uc.evaluate(y, y_score=p, sample_weight=np.full(60, 2.0), rules={"safe": uc.Costs(COSTS)})
    once = uc.evaluate(y, y_score=p, rules={"safe": uc.Costs(COSTS)})
    a, b = (uc.Costs(COSTS).estimate(x.matrices["safe"]) for x in (twice, once))
    assert (a.value, a.low, a.high, a.n) == pytest.approx((b.value, b.low, b.high, b.n), rel=1e-12)
    perfect = uc.Costs(COSTS).estimate(uc.confusion_matrix([0, 1, 2], [0, 1, 2]))
    assert (perfect.value, perfect.low) == (0, 0)
    assert 0 < perfect.high <= 9
    assert not uc.Costs(COSTS).estimate(uc.ConfusionMatrix.from_counts(np.zeros((3, 3), int))).defined


# ── what is refused ───────────────────────────────────────────────────────────────────────────────
def test_what_is_no_rule_is_refused() -> None:
    y, p = problem(20)
    for rules in ({"a": "argmax"}, {1: uc.Abstain(0.5)}, [uc.Abstain(0.5)], uc.Costs(COSTS)):
        with pytest.raises(UsageError, match="rules="):
            uc.evaluate(y, y_score=p, rules=rules)
    for table in ([1, 2], [[1, 2]], [[0]], [[0, np.nan], [1, 0]], "ab", [[0, 1], [2]]):
        with pytest.raises((UsageError, ShapeError)):
            uc.Costs(table)
    for weights in ([], [1, 0], [1, -1], {"a": 0}, [[1, 2]], [1, np.inf]):
        with pytest.raises(UsageError):
            uc.ClassWeights(weights)
    for below in (0, 1.5, "0.5", True, np.nan):
        with pytest.raises(UsageError):
            uc.Abstain(below=below)
    with pytest.raises(UsageError):
        uc.Costs(COSTS, abstain=np.inf)
    with pytest.raises(UsageError):
        uc.Abstain(0.5, then="argmax")  # type: ignore[arg-type]
    for rule in (uc.Costs([[0, 1], [1, 0]]), uc.ClassWeights([1, 2])):
        with pytest.raises(ShapeError, match="2 classes, and there are 3"):
            uc.evaluate(y, y_score=p, rules={"a": rule})
    with pytest.raises(UnknownClass):
        uc.evaluate(y, y_score=p, rules={"a": uc.ClassWeights({"cat": 1, "dog": 1, "eel": 1})})
    with pytest.raises(UsageError, match="y_pred= was given alone"):
        uc.evaluate(y, y, rules={"a": uc.Abstain(0.5)})
    with pytest.raises(UsageError, match="each label is decided by itself"):
        uc.evaluate(np.eye(3), y_score=np.eye(3), label_kind="multilabel", rules={"a": uc.Abstain(0.5)})


def test_rules_of_one_name_that_differ_do_not_add() -> None:
    y, p = problem(20)
    for a, b in (
        (uc.Costs(COSTS), uc.Costs(np.transpose(COSTS))),
        (uc.Costs(1 - np.eye(3)), uc.Costs(1 - np.eye(3), abstain=1)),
        (uc.Abstain(0.5), uc.Abstain(0.6)),
        (uc.ClassWeights([1, 2, 3]), uc.ClassWeights([3, 2, 1])),
    ):
        one, two = (uc.evaluate(y, y_score=p, rules={"rule": rule}) for rule in (a, b))
        with pytest.raises(MergeRefused):
            one + two
        assert (one + one).matrices["rule"].total == 40
    with pytest.raises(MergeRefused, match="the rule 'rule'"):
        one + uc.evaluate(y, y_score=p)
    big = np.arange(100).reshape(10, 10)
    assert str(uc.Costs(big)) != str(uc.Costs(big.T))
    assert len(str(uc.Costs(big))) < 100


# ── curves=False ──────────────────────────────────────────────────────────────────────────────────
def test_without_curves_the_decisions_the_ranks_and_the_losses_stay() -> None:
    y, p = problem()
    whole, lean = uc.evaluate(y, y_score=p), uc.evaluate(y, y_score=p, curves=False)
    for text in ("accuracy", "top_k_accuracy(2)", "mrr", "log_loss", "brier", "f1@macro"):
        assert lean.estimate(text).value == whole.estimate(text).value
    assert lean.scores is None
    assert lean.kind == "multiclass"
    for ask in (lambda: lean.curve("roc"), lambda: lean.estimate("roc_auc@macro"), lambda: lean.at(0.5)):
        with pytest.raises(NotKept, match="curves=False"):
            ask()
    assert lean[1].matrix == whole[1].matrix
    with pytest.raises(MergeRefused):
        lean + whole
    assert (lean + lean).total == 2 * len(y)
    with pytest.raises(UsageError, match="Nothing would be left"):
        uc.evaluate([0, 1], y_score=[0.1, 0.9], curves=False)
    with pytest.raises(UsageError, match="curves='no'"):
        uc.evaluate(y, y_score=p, curves="no")
    binary = uc.evaluate([0, 1], y_score=[0.1, 0.9], curves=False, rules={"sure": uc.Abstain(0.8)})
    assert binary.total == 2
    assert binary.labels == [0, 1]
