"""What an editor knows of the front door: what every function of it gives back."""

from __future__ import annotations

import inspect
from typing import Any, get_overloads

import pytest

import unconfused as uc
from unconfused.errors import UsageError

FUNCTIONS = [name for name in uc.__all__ if inspect.isfunction(getattr(uc, name))]
DRAWN = ("plot_history",)  # the Axes of matplotlib, which is not asked for before it is needed


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_says_what_it_returns(name: str) -> None:
    """No front-door function gives back just anything."""
    said = inspect.get_annotations(getattr(uc, name))["return"]
    assert said == "Any" if name in DRAWN else said not in ("Any", None)


def test_a_call_says_which() -> None:
    """One model gives an Evaluation, several give Models; one class a row one matrix, several labels one for each."""

    def said(function: Any) -> list[Any]:
        return [inspect.get_annotations(x)["return"] for x in get_overloads(function)]

    assert said(uc.evaluate_frame) == ["Models", "Models", "Evaluation"]
    assert said(uc.confusion_matrix) == ["Grouped[ConfusionMatrix]", "ConfusionMatrix"]


@pytest.mark.parametrize("function", [uc.evaluate_frame, uc.confusion_matrix])
def test_no_overload_forgets_an_argument(function: Any) -> None:
    """Together they name every argument with its default; what several models refuse is not offered to them."""
    known = inspect.signature(function).parameters
    named: set[str] = set()
    for one in get_overloads(function):
        own = inspect.signature(one).parameters
        assert set(own) <= set(known)
        assert all(own[x].default in (known[x].default, inspect.Parameter.empty) for x in own)
        named |= set(own)
    assert named == set(known)
    with pytest.raises(UsageError, match="unit= and several models"):
        uc.evaluate_frame([], y_true="y", y_score={"old": "a", "new": "b"}, unit="u")
