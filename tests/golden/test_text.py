"""What a terminal shows: read by a person once, held here since; and what must be true of it for any labels."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unconfused as uc
from unconfused.findings import Evidence
from unconfused.labels import Labels
from unconfused.show.escape import JOINERS, LTR, visible
from unconfused.show.numbers import amounts, percent
from unconfused.show.table import PAGE, chop, names, paragraph, width, wrap
from unconfused.show.words import confusions, sentence
from unconfused.tally import ConfusionMatrix, Grouped

HOSTILE = [
    "<script>", "a_$x_{$", '=HYPERLINK("x")', "\x1b[31mred", "two\nlines", "x" * 60, "a name of some sixty letters, "
    "with spaces and marks, that_goes_on", "שלום", "猫の写真", "👩‍👩‍👧 family ❤️", "total", "cat ", "",
]  # fmt: skip
ANIMALS = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def spread(k: int, hits: float, errors: float) -> np.ndarray[Any, Any]:
    """A table with most rows on the diagonal, the same on every machine."""
    place = np.arange(k)
    noise = (place[:, None] * 7 + place * 13) % 11
    return np.where(np.eye(k, dtype=bool), hits + noise, np.where(noise > 11 * (1 - errors), noise // 3, 0)).astype(int)


def binary() -> ConfusionMatrix:
    return ConfusionMatrix.from_counts([[76, 9], [17, 48]], labels=["Negative", "Positive"])


def hostile(k: int = 12) -> ConfusionMatrix:
    counts = spread(k, 40, 0.6)
    counts[3, :], counts[:, 4] = 0, 0
    return ConfusionMatrix.from_counts(counts, labels=HOSTILE[-k:])


def large() -> ConfusionMatrix:
    i = np.arange(200)
    counts = np.diag(30 + i * i % 17)
    counts[i, (i + 1) % 200] = i * 7 % 13
    counts[i, i * 31 % 200] += i * 11 % 5
    return ConfusionMatrix.from_counts(counts, labels=[f"n{x:08d}" for x in i.tolist()])


def weighted() -> ConfusionMatrix:
    weights = [[80.5, 9.25], [3.25, 20.0]]
    return ConfusionMatrix.from_counts([[76, 9], [17, 48]], labels=["Negative", "Positive"], weights=weights)


def seated() -> ConfusionMatrix:
    full = np.array([[18, 9, 0, 0], [0, 9, 0, 9], [9, 0, 0, 0], [9, 0, 0, 2]])
    labels = Labels.declare(["cat", "dog"])
    return ConfusionMatrix(labels, full, evidence=Evidence(ignored=12, ties=1), rule="score >= 0.4")


MATRICES: dict[str, Callable[[], ConfusionMatrix]] = {
    "2": binary,
    "10": lambda: ConfusionMatrix.from_counts(spread(10, 900, 0.9), labels=ANIMALS),
    "200": large,
    "weighted": weighted,
    "seats": seated,
    "hostile": hostile,
    "hostile-2": lambda: ConfusionMatrix.from_counts([[76, 9], [17, 48]], labels=HOSTILE[5:7]),
    "never-called": lambda: ConfusionMatrix.from_counts([[50, 0], [30, 0]]),
    "huge-counts": lambda: ConfusionMatrix.from_counts(spread(12, 10**9, 0.9) * 10**6),
    "empty": lambda: ConfusionMatrix.from_counts(np.zeros((2, 2), int)),
    "no-class": ConfusionMatrix.zero,
    "one-class": lambda: ConfusionMatrix.from_counts([[5]], labels=["only"]),
}


def check_page(text: str) -> None:
    """80 display columns, no control character, nothing at the end of a line."""
    for line in text.split("\n"):
        assert width(line) <= PAGE, line
        assert line == line.rstrip()
        assert not {unicodedata.category(x) for x in line.replace(LTR, "")} & {"Cc", "Cs", "Zl", "Zp"}
        assert not {x for x in line if unicodedata.category(x) == "Cf"} - {*JOINERS, LTR}


@pytest.mark.parametrize("name", MATRICES)
def test_matrix(name: str, golden: Callable[[str, str], None]) -> None:
    """A matrix prints as it was last read by a person."""
    text = str(MATRICES[name]())
    check_page(text)
    golden(f"text/matrix-{name}.txt", text + "\n")


@pytest.mark.parametrize("name", MATRICES)
def test_report(name: str, golden: Callable[[str, str], None]) -> None:
    """A report prints as it was last read by a person."""
    text = str(MATRICES[name]().report())
    check_page(text)
    golden(f"text/report-{name}.txt", text + "\n")


@pytest.mark.parametrize("how", ["true", "pred", "all"])
def test_rates(how: Any, golden: Callable[[str, str], None]) -> None:
    """Shares print with what they are shares of; nothing of nothing is no number."""
    text = str(MATRICES["never-called"]().normalize(how))
    check_page(text)
    golden(f"text/rates-{how}.txt", text + "\n")


def scored(k: int, **reading: Any) -> Any:
    """An evaluation of scores that any machine computes alike."""
    i = np.arange(240)
    if k == 2:
        return uc.evaluate(i % 2, y_score=(i * 37 % 101 + 40 * (i % 2)) / 141, labels={0: "benign", 1: "sick"})
    scores = ((i[:, None] * 37 + np.arange(k) * 53) % 97 + 60 * (i[:, None] % k == np.arange(k))) / 157
    if reading:
        return uc.evaluate((scores + (i[:, None] * 11 % 7) / 20 > 0.6).astype(int), y_score=scores, **reading)
    return uc.evaluate(i % k, y_score=scores / scores.sum(1, keepdims=True), labels=list(range(k)))


EVALUATIONS: dict[str, Callable[[], Any]] = {
    "binary": lambda: scored(2),
    "multiclass": lambda: scored(3),
    "multilabel": lambda: scored(3, label_kind="multilabel", labels=["cat", "dog", "a cow"]),
    "classes": lambda: uc.evaluate([1, 0, 1, 1], [1, 0, 0, 1]),
}


@pytest.mark.parametrize("name", EVALUATIONS)
def test_evaluation(name: str, golden: Callable[[str, str], None]) -> None:
    """An evaluation shows its decision, if one was stated, and what holds at every threshold."""
    ev = EVALUATIONS[name]()
    text = f"{ev}\n{'=' * 80}\n{ev.report()}\n"
    check_page(text)
    golden(f"text/evaluation-{name}.txt", text)


@pytest.mark.parametrize("name", ["binary", "multilabel"])
def test_evaluation_at(name: str, golden: Callable[[str, str], None]) -> None:
    """With a threshold the report holds the decision and the scores."""
    ev = EVALUATIONS[name]()
    text = f"{ev.report(threshold=0.5)}\n{'=' * 80}\n{ev.at(0.5)}\n"
    check_page(text)
    golden(f"text/evaluation-{name}-at.txt", text)


def test_grouped() -> None:
    """Labels side by side print as their report."""
    group = Grouped({"cat": binary(), "dog": binary()})
    assert str(group) == str(group.report())
    check_page(str(group))


def test_tallies_of_scores_by_true_class() -> None:
    """What an exact evaluation of several classes keeps for pairs of them prints in a line, and has no report."""
    ev = uc.evaluate([0, 1, 2, 1], y_score=[[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.3, 0.6], [0.3, 0.6, 0.1]])
    assert str(ev.tallies.columns) == "3 columns of scores, each by true class, 4 rows."
    assert "columns=3 columns of scores" in repr(ev.tallies)
    with pytest.raises(uc.errors.UsageError, match="have no report of their own"):
        ev.tallies.columns.report()  # type: ignore[union-attr]


def test_first_sentence() -> None:
    """The text begins with what the matrix says, in plain words."""
    assert str(binary()).startswith("Of 65 Positive rows, 48 were found; of 57 called Positive, 48 are.\n\n")
    ones = ConfusionMatrix.from_counts([[3, 1], [0, 1]])
    assert sentence(ones) == "Of 1 row that is 1, 1 was found; of 2 called 1, 1 is."
    assert sentence(ConfusionMatrix.from_counts([[3, 0], [0, 4]])).endswith("all were found; of 4 called 1, all are.")
    assert sentence(ConfusionMatrix.from_counts([[3, 2], [0, 0]])).startswith("No row is 1; 2 rows were called 1")
    many = sentence(MATRICES["10"]())
    assert "rows were called what they are" in many
    assert "The most frequent confusion: " in many
    assert sentence(ConfusionMatrix.zero()) == "No row was counted."


def test_grammar() -> None:
    """One row was, several rows were."""
    said = [sentence(ConfusionMatrix.from_counts(x, labels=list("abc"))).split(". ")[0] for x in (
        [[0, 4, 0], [0, 0, 4], [0, 0, 0]], [[1, 4, 0], [0, 0, 3], [0, 0, 0]], [[0, 1, 0], [0, 0, 0], [0, 0, 0]],
    )]  # fmt: skip
    assert said == [
        "0 of 8 rows were called what they are (0 %)",
        "1 of 8 rows was called what it is (12.5 %)",
        "0 of 1 row was called what it is (0 %)",
    ]


def test_baseline_beside_accuracy() -> None:
    """The baseline is never rounded to the other side of the accuracy."""
    cm = ConfusionMatrix.from_counts([[0, 4], [2, 99_994]])
    for text in (str(cm), str(cm.report())):
        assert "accuracy" in text
        assert "0.9999 [" in text
        assert ": 0.99996" in text
        assert ": 1.000" not in text


def test_notes_under_a_matrix() -> None:
    """One class only, a class never called and rows left out are noted; what a warning says is not said again."""
    one = str(uc.confusion_matrix(["a"], ["a"]))
    assert "Note CM-ONE-CLASS: Only the class 'a' occurs" in one
    assert "Note CM-NEVER: Never called: 'c'." in str(uc.confusion_matrix(list("abc"), list("abb")))
    assert "CM-NEVER" not in str(MATRICES["never-called"]())
    assert "1 row left out" in str(uc.confusion_matrix(["a", "b", "i"], ["a", "b", "a"], ignore="i"))


def test_weights_of_zero() -> None:
    """Rows that weigh nothing are no share of anything, and no division by zero."""
    weightless = uc.confusion_matrix([0, 1, 1], [1, 0, 1], sample_weight=[0, 0, 0])
    assert sentence(weightless) == "3 rows of weight 0: there is nothing to say about them."
    check_page(str(weightless))
    some = uc.confusion_matrix([0, 1, 1], [0, 1, 0], sample_weight=[1, 0, 0])
    assert sentence(some) == "By weight, the 2 rows that are 1 have no weight; those called 1 have none."
    three = uc.confusion_matrix([0, 1, 2, 1], [1, 0, 2, 1], sample_weight=[0, 0, 1, 2.5])
    assert sentence(three) == "By weight, 100 % of 4 rows were called what they are."
    check_page(str(three.report()))


def test_every_class_is_named() -> None:
    """Up to twelve classes all names stand in the text in full."""
    text = str(hostile())
    for label in names(hostile().labels.texts):
        for word in re.split(r"(?<=[ _])", label):
            assert word.rstrip()[:20] in text


def test_look_alikes() -> None:
    """Two classes never look the same, nor like a seat or the totals."""
    shown = names(["a\u200db", "ab", "e\u0301", "\xe9", "total", "(other)", "cat", "cat "], ["other"])
    assert len(set(shown)) == len(shown)
    assert [text.endswith(")") for text in shown] == [True] * 6 + [False, False, True]


def test_confusions() -> None:
    """Pairs are ranked by what the data bears out: one row of one does not top the list."""
    cm = ConfusionMatrix.from_counts([[0, 1, 0], [0, 60, 40], [0, 9, 991]], labels=list("abc"))
    assert [(c.truth, c.called) for c in confusions(cm)] == [("b", "c"), ("a", "b"), ("c", "b")]
    assert confusions(cm)[0].low == pytest.approx(0.3094, abs=1e-4)  # Wilson of 40 in 100
    assert [c.rows for c in confusions(cm, by="weight")] == [40, 9, 1]


def test_numbers() -> None:
    """Sums of weights keep four digits, and never become a 0 that they are not."""
    assert amounts(np.array([1e-9, 2e-9])) == ["1e-09", "2e-09"]
    assert amounts(np.array([3.0, 4000.0])) == ["3", "4,000"]
    assert amounts(np.array([12345.678, 0.01])) == ["12,345.7", "<0.1"]
    assert percent(1 / 3) == "33.3 %"
    assert percent(1e-5) == "0.001 %"


WIDTHS = {
    "cat": 3,
    "猫": 2,
    "e\u0301": 1,
    "🐱": 2,
    "👩‍👩‍👧": 2,
    "❤️": 2,
    "👍🏽": 2,
    "한글": 4,
    "שלום": 4,
    "ｆ": 2,
    "": 0,
}


@pytest.mark.parametrize("text", WIDTHS)
def test_width(text: str) -> None:
    """Wide letters and emoji take two columns, marks none."""
    assert width(text) == WIDTHS[text]


@given(st.text())
def test_visible(text: str) -> None:
    """Any label is one line that no terminal obeys; what could be seen stays as it was."""
    check_page("\n".join(paragraph(visible(text))))
    if text and text.isprintable() and text == text.strip():
        assert visible(text) == text


@given(st.text(), st.integers(2, 30))
def test_broken_lines(text: str, columns: int) -> None:
    """Breaking a line loses no letter and keeps to the width."""
    seen = visible(text)
    assert "".join(chop(seen, columns)) == seen
    assert "".join("".join(wrap(seen, columns)).split()) == "".join(seen.split())
    assert all(width(line) <= columns for line in [*chop(seen, columns), *wrap(seen, columns)])


@settings(max_examples=60)
@given(st.lists(st.text(max_size=70), min_size=1, max_size=16, unique=True), st.integers(0, 10**7))
def test_any_labels(labels: list[str], hits: int) -> None:
    """Whatever the classes are called, the page holds."""
    cm = ConfusionMatrix.from_counts(spread(len(labels), hits, 0.5), labels=labels)
    check_page(str(cm))
    check_page(str(cm.report()))
    check_page(str(cm.normalize("true")))
