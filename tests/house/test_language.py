"""The metric language: what is parsed prints back to itself, and nothing else is read."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unconfused import evaluate
from unconfused.errors import UnknownMetric, UsageError
from unconfused.inference import Estimate, estimate
from unconfused.metrics import CATALOGUE, Metric, Query, find, parse, parse_conditions
from unconfused.tally.confusion import ConfusionMatrix


def arguments(metric: Metric) -> st.SearchStrategy[tuple[Any, ...]]:
    numbers = st.floats(1e-9, 1e9).map(lambda x: int(x) if x.is_integer() else x)
    each = [
        st.sampled_from(p.words) if p.words else st.integers(1, 999) if p.whole else numbers for p in metric.parameters
    ]
    return st.tuples(*each).map(
        lambda args: args if args != tuple(p.default for p in metric.parameters) else ()
    )  # fmt: skip


@st.composite
def queries(draw: st.DrawFn) -> Query:
    metric = draw(st.sampled_from(list(CATALOGUE.values())))
    label = draw(st.none() | st.text() | st.text("[]\"'\\ @.<>=and"))
    average = (
        draw(st.none() | st.sampled_from(["macro", "micro", "weighted", "worst", "ovo"])) if label is None else None
    )
    return Query(metric, draw(arguments(metric)), label, average, draw(st.none() | st.sampled_from(["low", "high"])))


@given(queries())
def test_a_question_prints_back_to_itself(query: Query) -> None:
    assert parse(str(query)) == query
    assert str(parse(str(query))) == str(query)


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[Query, str, float]:
    query = draw(queries())
    low, high = query.metric.range
    value = draw(st.floats(max(low, -1e9), min(high, 1e9)))
    return query, draw(st.sampled_from([">=", "<=", ">", "<", "=="])), value


@given(st.lists(comparisons(), min_size=1, max_size=4))
def test_conditions_print_back_to_themselves(parts: list[tuple[Query, str, float]]) -> None:
    text = " and ".join(f"{query} {op} {value!r}" for query, op, value in parts)
    conditions = parse_conditions(text)
    assert [(c.query, c.op, c.value) for c in conditions] == parts
    assert parse_conditions(" and ".join(map(str, conditions))) == conditions


@given(st.text("recalmfb12 ()[]@.,='\"\\<>", max_size=20))
def test_any_other_text_is_refused_in_words(text: str) -> None:
    try:
        query = parse(text)
    except UsageError:
        return
    assert parse(str(query)) == query


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_name_and_alias_is_found_whatever_its_case_and_spaces(name: str) -> None:
    metric = CATALOGUE[name]
    for spelling in (name, *metric.also):
        for text in (spelling, spelling.upper(), spelling.replace("_", "-"), f"  {spelling.replace('_', ' ')} "):
            assert find(text) is metric
            if not any(p.default is None for p in metric.parameters):
                assert parse(text).metric is metric


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("sensitivity", "recall"),
        ("ppv[dog].low", "precision[dog].low"),
        (" F1-score @ macro ", "f1@macro"),
        ("fbeta(0.50)", "fbeta(0.5)"),
        ("fbeta( b = 2.0 )[x]", "fbeta(2)[x]"),
        ("kappa(unweighted)", "kappa"),
        ("cohen's kappa(linear)", "kappa(linear)"),
        ("ece(15)", "ece"),
        ("ece()", "ece"),
        ("partial auc(max_fpr=.1)", "partial_roc_auc(0.1)"),
        ("iou['a ] b']", 'jaccard["a ] b"]'),
        ('recall["say \\"hi\\" \\\\"]', 'recall["say \\"hi\\" \\\\"]'),
        ("recall[ New York, NY ]", "recall[New York, NY]"),
        ('recall[""]', 'recall[""]'),
        ("recall[" + " 'a' ]", "recall[a]"),
        ("lr+", "positive_likelihood_ratio"),
    ],
)
def test_spellings_come_back_under_their_first_name(text: str, printed: str) -> None:
    assert str(parse(text)) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "name of a metric"),
        ("recal", "'recall'"),
        ("zzzzzz", "There are: "),
        ("recall(2)", "takes no argument"),
        ("fbeta", "needs b"),
        ("fbeta(x)", "number"),
        ("fbeta(nan)", "finite"),
        ("fbeta(1,2)", "takes 1 argument"),
        ("fbeta(beta=2)", "argument here is b"),
        ("kappa(cubic)", "unweighted, linear, quadratic"),
        ("ece(2.5)", "whole number"),
        ("recall[dog", "does not end"),
        ("recall[]", "class name was expected"),
        ("recall['dog]", "quotes do not close"),
        ("recall@mean", "macro, micro, weighted, worst"),
        ("recall[dog]@macro", "cannot be asked at once"),
        ("recall.mid", "low, high"),
        ("recall >= 0.8", "nothing more"),
        ("__import__('os')", "name of a metric"),
    ],
)
def test_mistakes_are_errors_that_say_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        parse(text)


def test_an_unknown_name_is_an_error_of_its_own() -> None:
    with pytest.raises(UnknownMetric, match="Did you mean 'balanced_accuracy'"):
        parse("balanced_acuracy")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("f1_macro", "f1@macro"), ("macro_f1", "f1@macro"), ("precision_weighted", "precision@weighted"),
        ("roc_auc_ovr", "roc_auc@macro"), ("roc_auc_ovo", "roc_auc@ovo"), ("f2", "fbeta(2)"), ("prec", "precision"),
        ("neg_log_loss", "log_loss"), ("matthews_corrcoef", "mcc"),
    ],
)  # fmt: skip
def test_names_of_other_libraries_lead_to_ours(typed: str, meant: str) -> None:
    """And what is meant can be typed."""
    with pytest.raises(UnknownMetric) as caught:
        parse(typed)
    assert caught.value.fix == f"Did you mean {meant!r}?"
    assert str(parse(meant)) == meant


def test_a_name_like_none_is_no_other_metric() -> None:
    with pytest.raises(UnknownMetric, match=r"no metric 'mse'\. There are: accuracy, "):
        parse("mse")


@pytest.mark.parametrize("text", ["partial_roc_auc", "fbeta", "top_k_accuracy"])
def test_the_argument_of_an_example_is_one_that_can_be_asked(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    example = re.search(rf"as in ({text}\(.+?\))", str(caught.value))
    assert example is not None
    scores = [[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8]] * 4
    ev = evaluate([0, 1, 2] * 4, y_score=scores)
    assert ev.estimate(example[1] + ("" if text.startswith("top") else "[1]")).value == 1


@pytest.mark.parametrize(
    "text", ["recall", "recall >= ", "recall >= 80%", "recall >= 0.8 or f1 > 1", "0.8 <= recall", "recall >= 1 and"]
)
def test_conditions_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_conditions(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("fpr <= 5", "fpr <= 5 always holds: fpr lies between 0 and 1.* type fpr <= 0.05"),
        ("recall.low >= 80", "recall.low >= 80 never holds.* type recall.low >= 0.8"),
        ("precision[dog] > -0.1", "always holds.* Name a number from 0 to 1"),
        ("mcc == 2", "never holds: mcc lies between -1 and 1"),
    ],
)
def test_a_condition_that_cannot_go_either_way_is_refused(text: str, told: str) -> None:
    """A gate of ``fpr <= 5``, meant as per cent, would pass whatever the model does."""
    with pytest.raises(UsageError, match=told):
        parse_conditions(text)


def test_a_number_at_the_end_of_a_range_and_beyond_an_open_one_may_be_asked() -> None:
    assert [c.value for c in parse_conditions("recall >= 1 and fpr <= 0 and positive_likelihood_ratio >= 80")] == [
        1,
        0,
        80,
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("f1_macro", "f1@macro"), ("Precision Weighted", "precision@weighted"), ("macro f1", "f1@macro"),
     ("roc_auc_ovo", "roc_auc@ovo"), ("roc_auc_ovr", "roc_auc@macro")],
)  # fmt: skip
def test_an_average_as_others_spell_it_is_told_as_it_is_spelt_here(name: str, meant: str) -> None:
    with pytest.raises(UnknownMetric, match=f"Did you mean '{meant}'"):
        parse(name)
    parse(meant)


def test_a_condition_holds_of_the_value_or_of_the_bound_it_names() -> None:
    cm = ConfusionMatrix.from_counts([[76, 9], [17, 48]], labels=["no", "yes"])
    verdicts = {
        str(c): c.holds(estimate(cm, c.query))
        for c in parse_conditions("recall >= .7 and recall.low >= 0.7 and recall.high>0.8 and fpr <.2 and f1 == 1")
    }
    assert verdicts == {
        "recall >= 0.7": True,
        "recall.low >= 0.7": False,
        "recall.high > 0.8": True,
        "fpr < 0.2": True,
        "f1 == 1": False,
    }


@pytest.mark.parametrize("op", [">=", "<=", ">", "<", "=="])
def test_what_is_undefined_satisfies_nothing(op: str) -> None:
    nothing = Estimate(math.nan, math.nan, math.nan)
    for query in ("recall", "recall.low"):
        for value in ("0", "0.5", "1"):
            (condition,) = parse_conditions(f"{query} {op} {value}")
            assert not condition.holds(nothing)
