"""The mistakes that people make most, each made once through the public API: what is said, how loudly, and the numbers.

docs/pitfalls.md lists all of them; a row there that names a code has its reproduction here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import unconfused as uc
from unconfused import errors, findings
from unconfused.diagnosis.rankings import Ranked
from unconfused.diagnosis.thin import thinned
from unconfused.errors import UnconfusedError
from unconfused.findings.catalogue import entries

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pitfalls.md"
ROW = re.compile(r"^\| (\d+) \| ([^|]+)\| ([^|]+)\|", re.MULTILINE)


class Pitfall(NamedTuple):
    """One mistake: its number, the code and level that it brings up, words of the message, and the call."""

    number: int
    code: str
    level: str
    said: str
    make: Callable[[np.random.Generator], Any]


def noisy(truth: Any, share: float, rng: np.random.Generator) -> Any:
    """Predictions of which about that share is another class."""
    k = int(truth.max()) + 1
    return np.where(rng.random(len(truth)) < share, (truth + rng.integers(1, k, len(truth))) % k, truth)


def shuffled(rng: np.random.Generator) -> Any:
    truth = np.repeat([0, 1, 2, 3], 250)
    return uc.confusion_matrix(truth, rng.permutation(noisy(truth, 0.05, rng)))


def shuffled_texts(rng: np.random.Generator) -> Any:
    """The same of names in a list or a column, more than are looked at."""
    truth = np.repeat(["cat", "dog", "fox", "hen"], 1250).astype(object)
    return uc.confusion_matrix(truth.tolist(), rng.permutation(truth).tolist())


def shuffled_scores(rng: np.random.Generator) -> Any:
    """Labels of files in order, sure scores of the same rows in another order."""
    truth = np.repeat([0, 1], 250)
    return uc.evaluate(truth, y_score=rng.permutation(np.where(truth, 0.97, 0.02) + 0.02 * rng.random(500)))


def shuffled_shares(rng: np.random.Generator) -> Any:
    """Class probabilities of rows in random order: nothing is grouped, but they are surer than right."""
    truth = rng.integers(0, 4, 1000)
    return uc.evaluate(truth, y_score=rng.permutation(0.9 * np.eye(4)[truth] + 0.025))


def consumed(rng: np.random.Generator) -> Any:
    truth = rng.integers(0, 4, 1000)
    return uc.diagnose(truth, np.roll(noisy(truth, 0.1, rng), 32))


def padded(rng: np.random.Generator, k: int = 13, column: Callable[[Any], Any] = np.asarray) -> Any:
    truth, score = rng.integers(0, 2, 499), rng.random(499)
    return uc.evaluate(column(np.append(truth, truth[:k])), y_score=column(np.append(score, score[:k])))


def never_reset(rng: np.random.Generator) -> Any:
    stream = uc.Stream(expected_n=100)
    for _ in range(3):
        stream.update(y_true=[0, 1] * 50, y_pred=[0, 1] * 50)
    return stream.evaluation


def off_by_one(rng: np.random.Generator) -> Any:
    truth = rng.integers(1, 9, 800)
    return uc.confusion_matrix(truth, np.where(rng.random(800) < 0.9, truth - 1, rng.integers(0, 9, 800)))


def permuted(rng: np.random.Generator) -> Any:
    truth = rng.integers(0, 4, 400)
    return uc.confusion_matrix(truth, np.array([3, 0, 2, 1])[noisy(truth, 0.05, rng)])


def scored(rng: np.random.Generator, share: float = 0.3) -> tuple[Any, Any]:
    truth = (rng.random(400) < share).astype(int)
    return truth, np.clip(0.35 * truth + 0.65 * rng.random(400), 0, 1)


def most_probable(rng: np.random.Generator) -> Any:
    truth, score = scored(rng)
    return uc.evaluate(truth, y_score=np.maximum(score, 1 - score))


def sigmoid_twice(rng: np.random.Generator) -> Any:
    truth, score = scored(rng)
    return uc.evaluate(truth, y_score=1 / (1 + np.exp(-score)))


def wrong_column(rng: np.random.Generator) -> Any:
    truth, score = scored(rng)
    return uc.evaluate(truth, y_score=1 - score)


def reused(rng: np.random.Generator) -> Any:
    """The best of all thresholds for F1, judged on the rows that chose it."""
    truth, score = scored(rng, 0.1)
    point = uc.evaluate(truth, y_score=score).choose(maximize="f1")
    return uc.confusion_matrix(truth, y_score=score, threshold=point.threshold)


def other_shares(rng: np.random.Generator) -> Any:
    """The same true and false positive rates among half, and among a tenth, of positives."""
    tables = {"old": [[400, 100], [100, 400]], "new": [[720, 180], [20, 80]]}
    return uc.compare({model: uc.ConfusionMatrix.from_counts(table) for model, table in tables.items()})


def hard(rng: np.random.Generator) -> Any:
    truth, score = scored(rng)
    return uc.evaluate(truth, y_score=(score >= 0.4).astype(float))


def coarse(rng: np.random.Generator) -> Any:
    truth = rng.integers(0, 2, 4000)
    return uc.evaluate(truth, y_score=(0.9 + rng.random(4000) / 10).astype(np.float16))


def series(truth: Any, guess: Any, names: Any = (None, None), index: Any = None) -> Any:
    pd = pytest.importorskip("pandas")
    return uc.confusion_matrix(pd.Series(truth, index, name=names[0]), pd.Series(guess, name=names[1]))


def trained(rng: np.random.Generator) -> Any:
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.BatchNorm1d(1), torch.nn.Sigmoid(), torch.nn.Flatten(0))
    return uc.evaluate_model(model, (rng.random((6, 2)), np.array([0, 1] * 3)))


def loader_and_labels(rng: np.random.Generator) -> Any:
    torch = pytest.importorskip("torch")
    data = torch.utils.data.TensorDataset(torch.zeros(4, 2), torch.tensor([0, 1, 0, 1]))
    loader = torch.utils.data.DataLoader(data, shuffle=True)
    return uc.evaluate_model(torch.nn.Linear(2, 1), (loader, [0, 1, 0, 1]))


MADE = [
    Pitfall(1, "CM-ORDER", "warning", "chance (24.1%, expected 25.0%, z = -0.7)", shuffled),
    Pitfall(1, "CM-ORDER", "warning", "y_true is grouped by class", shuffled_texts),
    Pitfall(1, "CM-ORDER", "warning", "98% sure of themselves and y_true is grouped", shuffled_scores),
    Pitfall(1, "CM-ORDER", "warning", "sure of themselves", shuffled_shares),
    Pitfall(1, "CM-LAG", "warning", "32 rows later", consumed),
    Pitfall(1, "CM-LOADER-SHUFFLE", "error", "DataLoader shuffles its rows", loader_and_labels),
    Pitfall(3, "CM-RANGE", "error", "2 values outside [0, 1] (of 3; min -1, max 2)",
            lambda rng: uc.evaluate([0, 1, 0], y_score=[-1.0, 2.0, 0.5])),
    Pitfall(4, "CM-HARD-SCORE", "warning", "400 rows are only 0 and 1", hard),
    Pitfall(4, "CM-HARD-SCORE", "warning", "40 rows are only -1 and 1",
            lambda rng: uc.evaluate([-1, 1] * 20, y_score=[-1, 1, 1, 1] * 10, score_kind="raw")),
    Pitfall(5, "CM-COUNTS", "error", "2 x 2, but labels= names 3 classes",
            lambda rng: uc.ConfusionMatrix.from_counts([[1, 2], [3, 4]], labels=["a", "b", "c"])),
    Pitfall(7, "CM-SWAP-HINT", "warning", "3 rows",
            lambda rng: series([0, 1, 1], [0, 1, 0], ("y_pred", "label"))),
    Pitfall(7, "CM-SCORE-AS-PRED", "error", "y_true and y_pred are not exchanged",
            lambda rng: uc.confusion_matrix([0.2, 0.7], [0, 1])),
    Pitfall(8, "CM-UNKNOWN", "error", "2 of 5 rows hold a label outside the classes 0, 1 (y_true: 2 x2; y_pred: 2 x1)",
            lambda rng: uc.confusion_matrix([0, 1, 1, 2, 2], [0, 1, 0, 1, 2], labels=[0, 1])),
    Pitfall(9, "CM-DUPROWS", "warning", "The last 13 rows of 512 repeat the first", padded),
    Pitfall(9, "CM-DUPROWS", "warning", "The last 255 rows of 754 repeat the first", lambda rng: padded(rng, 255)),
    Pitfall(9, "CM-DUPROWS", "warning", "The last 499 rows of 998 repeat the first", lambda rng: padded(rng, 499)),
    Pitfall(9, "CM-DUPROWS", "warning", "The last 13 rows of 512 repeat the first",
            lambda rng: padded(rng, column=pytest.importorskip("pandas").Series)),
    Pitfall(10, "CM-EXPECTED", "warning", "300 rows were given, 100 expected", never_reset),
    Pitfall(11, "CM-DISJOINT", "error", "With y_pred + 1 they would agree in 100% of 40 rows",
            lambda rng: uc.confusion_matrix([1, 2, 3, 1] * 10, [0, 1, 2, 0] * 10)),
    Pitfall(11, "CM-DISJOINT", "error", "With y_pred + 1 they would agree in 100% of 40 rows",
            lambda rng: uc.confusion_matrix(list("1231") * 10, list("0120") * 10)),
    Pitfall(11, "CM-DISJOINT", "error", "With (y_true > 0) they would agree in 75% of 40 rows",
            lambda rng: uc.confusion_matrix([-1, -1, 1, 1] * 10, [0, 1, 1, 1] * 10)),
    Pitfall(11, "CM-DISJOINT", "error", "y_true holds 0, 255 and y_pred holds 0, 1: two classes, written in two ways",
            lambda rng: uc.confusion_matrix(np.array([0, 255] * 20, np.uint8), [0, 1] * 20)),
    Pitfall(11, "CM-OFF1", "warning", "equal the true class minus 1", off_by_one),
    Pitfall(12, "CM-PERM", "warning", "3 -> 0, 0 -> 1, 1 -> 3", permuted),
    Pitfall(13, "CM-IGNORE", "error", "y_true holds 255 (10 of 40 rows, 25.0%)",
            lambda rng: uc.confusion_matrix([0, 1, 2, 255] * 10, [0, 1, 1, 1] * 10)),
    Pitfall(13, "CM-IGNORE", "error", "y_true holds -100 (10 of 40 rows, 25.0%)",
            lambda rng: uc.confusion_matrix([0, 1, 1, -100] * 10, [0, 1, 1, 1] * 10)),
    Pitfall(14, "CM-INVERTED", "warning", "standard errors below 0.5", wrong_column),
    Pitfall(14, "CM-MAXPROB", "warning", "from 0.50", most_probable),
    Pitfall(14, "CM-MAXPROB", "warning", "A sigmoid applied twice", sigmoid_twice),
    Pitfall(15, "CM-THRESH-REUSE", "warning", "chosen on these 400 rows", reused),
    Pitfall(16, "CM-ABSENT", "note", "1 of 3 classes without rows and never called: 2",
            lambda rng: uc.confusion_matrix([0, 1], [0, 1], labels=[0, 1, 2])),
    Pitfall(18, "CM-COARSE", "note", "4,000 scores came in 16 bits", coarse),
    Pitfall(19, "CM-INDEX", "error", "4 rows with the same labels in another order",
            lambda rng: series([0, 0, 1, 1], [1, 1, 0, 0], index=[3, 2, 1, 0])),
    Pitfall(20, "CM-SHAPE", "error", "(402, 3)",
            lambda rng: uc.confusion_matrix(np.zeros((402, 3)), np.zeros((402, 5)), label_kind="multilabel")),
    Pitfall(21, "CM-BASE", "warning", "0.800 is not above always answering 0 (0.900), nor above chance",
            lambda rng: uc.confusion_matrix([0] * 90 + [1] * 10, [1] * 10 + [0] * 90)),
    Pitfall(21, "CM-CONST", "warning", "Every one of 40 rows was called 0",
            lambda rng: uc.confusion_matrix([0, 0, 0, 1] * 10, np.zeros((40, 1)).argmax(1))),
    Pitfall(21, "CM-CONST", "warning", "Every one of 40 rows has the score 0.25",
            lambda rng: uc.evaluate([0, 0, 0, 1] * 10, y_score=np.full(40, 0.25))),
    Pitfall(22, "CM-BALANCED", "note", "Precision 0.80 holds for that mix; with 5 % 1 it would be 0.17",
            lambda rng: uc.ConfusionMatrix.from_counts([[80, 20], [20, 80]])),
    Pitfall(22, "CM-SHIFT", "warning", "50.0% of the rows of 'old' are 1, 10.0% of those of 'new' (z = -",
            other_shares),
    Pitfall(23, "CM-ONE-CLASS", "note", "1 x 1", lambda rng: uc.confusion_matrix(["a"] * 3, ["a"] * 3)),
    Pitfall(24, "CM-NEVER", "note", "Never called: 2", lambda rng: uc.confusion_matrix([0, 1, 2], [0, 1, 1])),
    Pitfall(26, "CM-SCORE-AS-PRED", "error", "3 fractional values (of 3; min 0.2, max 0.7, 3 distinct)",
            lambda rng: uc.confusion_matrix([0, 1, 1], [0.2, 0.7, 0.4])),
    Pitfall(27, "CM-AMBIGUOUS", "error", "(2, 2)",
            lambda rng: uc.confusion_matrix([[1, 0], [0, 1]], [[1, 0], [0, 1]])),
    Pitfall(28, "CM-LEN", "error", "12,944 = 809 x 16: the last batch was filled up from the start",
            lambda rng: uc.confusion_matrix(np.zeros(12_936, int), np.zeros(12_944, int))),
    Pitfall(28, "CM-LEN", "error", "steps were probably given in rows",
            lambda rng: uc.confusion_matrix(np.zeros(394, int), np.zeros(6304, int))),
    Pitfall(29, "CM-TYPE", "error", "('0', '1')", lambda rng: uc.confusion_matrix([0, 1], ["0", "1"])),
    Pitfall(29, "CM-UNKNOWN", "error", "'cat ' (2 rows)",
            lambda rng: uc.confusion_matrix(["cat", "dog", "cat"], ["cat ", "dog", "cat "])),
    Pitfall(29, "CM-UNKNOWN", "error", "y_pred holds 'Cat' (2 rows)",
            lambda rng: uc.confusion_matrix(["cat", "dog", "cat"], ["Cat", "dog", "Cat"])),
    Pitfall(30, "CM-POS", "error", "'<=50K', '>50K'",
            lambda rng: uc.confusion_matrix([">50K", "<=50K"], [">50K", ">50K"]).estimate("recall")),
    Pitfall(31, "CM-NONFINITE", "error", "64 null or NaN values (of 10,000), in rows 9,936-9,999, the last ones",
            lambda rng: uc.evaluate([0, 1] * 5000, y_score=np.append(rng.random(9936), np.full(64, np.nan)))),
    Pitfall(31, "CM-RANGE", "error", "1 value outside [0, 1] (of 3; min 0.2, max inf)",
            lambda rng: uc.evaluate([0, 1, 0], y_score=[0.2, np.inf, 0.5])),
    Pitfall(42, "CM-ALIAS", "warning", "the same array (50 rows)",
            lambda rng: uc.confusion_matrix(y := rng.integers(0, 2, 50), y)),
    Pitfall(46, "CM-TRAIN-MODE", "note", "1 BatchNorm layer", trained),
    Pitfall(47, "CM-PERFECT", "note", "All of 300 rows are right",
            lambda rng: uc.confusion_matrix([0, 1, 2] * 100, [0, 1, 2] * 100)),
    Pitfall(47, "CM-PERFECT", "note", "Every positive of 300 rows has a higher score",
            lambda rng: uc.evaluate([0, 1] * 150, y_score=[0, 0.5] * 150 + rng.random(300) / 2)),
    Pitfall(48, "CM-NEGW", "error", "1 negative, missing or infinite value, in row 0",
            lambda rng: uc.confusion_matrix([0, 1], [0, 1], sample_weight=[-1, 1])),
    Pitfall(48, "CM-ESS", "note", "300 rows tell as much as 5",
            lambda rng: uc.confusion_matrix([0, 1] * 150, [0, 1] * 150, sample_weight=[1e6] * 5 + [1] * 295)),
    Pitfall(48, "CM-ESS", "note", "300 rows tell as much as 5",
            lambda rng: uc.evaluate([0, 1] * 150, y_score=rng.random(300), sample_weight=[1e6] * 5 + [1] * 295)),
]  # fmt: skip


def told(make: Callable[[np.random.Generator], Any]) -> list[tuple[str, str, str]]:
    """Code, level and message of all that a call brings up."""
    try:
        made = make(np.random.default_rng(7))
    except UnconfusedError as error:
        return [(error.code, "error", str(error))]
    return [(found.code, found.level, found.message) for found in made.findings]


@pytest.mark.parametrize("pitfall", MADE, ids=lambda p: f"{p.number}-{p.code}")
def test_the_mistake_is_named(pitfall: Pitfall) -> None:
    found = told(pitfall.make)
    here = [(level, message) for code, level, message in found if code == pitfall.code]
    assert here, found
    assert here[0][0] == pitfall.level
    assert pitfall.said in here[0][1]


def test_the_page_lists_every_pitfall_and_what_catches_it() -> None:
    """48 rows; each code of a row has its reproduction above, and each reproduction its row."""
    text = PAGE.read_text(encoding="utf-8")
    rows = {int(found[1]): set(re.findall(r"CM-[A-Z0-9-]+", found[3])) for found in ROW.finditer(text)}
    assert list(rows) == list(range(1, 49))
    made: dict[int, set[str]] = {}
    for pitfall in MADE:
        made.setdefault(pitfall.number, set()).add(pitfall.code)
    assert {number: codes for number, codes in rows.items() if codes} == made
    assert {code for codes in rows.values() for code in codes} <= set(entries())


# ── sound input stays silent ──────────────────────────────────────────────────────────────────
def warned(made: Any) -> list[str]:
    return [finding.code for finding in made.findings if finding.level == "warning"]


@pytest.mark.parametrize("seed", range(20))
def test_weak_models_are_not_suspected(seed: int) -> None:
    """Skill just above chance, labels grouped by class, honest probabilities."""
    rng = np.random.default_rng(seed)
    truth = np.repeat([0, 1, 2, 3], 500)
    guess = np.where(rng.random(2000) < 0.2, truth, rng.integers(0, 4, 2000))
    assert warned(uc.confusion_matrix(truth, guess)) == []
    p = rng.beta(2, 2, 2000)
    assert warned(uc.evaluate((rng.random(2000) < p).astype(int), y_score=p)) == []


@pytest.mark.parametrize(
    ("truth", "guess"),
    [
        ([-1, 1] * 50, [1, 1, -1, 1] * 25),
        (list(range(256)) * 2, [*range(255), 0] * 2),
        ([0, 1, 2, 3, 4] * 40, [0, 1, 3, 3, 4] * 40),
        ([0, 1, 2, 3, 4] * 40, [1, 1, 3, 3, 4] * 40),
        ([-1, 1, 0, 1] * 20, [-1, 1, 0, 0] * 20),
        (list("aAbB") * 20, list("aAbb") * 20),
    ],
    ids=["signs", "grey values", "one step too high", "two steps too high", "no, perhaps, yes", "letters"],
)
def test_what_looks_like_a_mistake_and_is_none(truth: list[int], guess: list[int]) -> None:
    assert warned(uc.confusion_matrix(truth, guess)) == []


def test_a_chosen_threshold_knows_its_rows() -> None:
    """In any order and any cut, on any grid; not on other rows of the same number, nor as a bare number."""
    import pickle

    rng = np.random.default_rng(3)
    truth, score = scored(rng)
    ev, order = uc.evaluate(truth, y_score=score), rng.permutation(400)
    point = ev.choose(cost={"fp": 1, "fn": 5})
    assert "CM-THRESH-REUSE" in warned(ev.at(point.threshold))
    assert "CM-THRESH-REUSE" not in warned(point.matrix)  # it says itself what is apparent and what corrected
    again = pickle.loads(pickle.dumps(point.threshold))
    parts = [uc.evaluate(truth[i], y_score=score[i]) for i in np.array_split(order, 3)]
    assert "CM-THRESH-REUSE" in warned(sum(parts[1:], parts[0]).at(again))
    folded = ev.coarsen("folded")
    assert "CM-THRESH-REUSE" in warned(folded.at(folded.choose(cost={"fp": 1, "fn": 5}).threshold))
    moved = score.copy()
    moved[0] = moved[0] / 2
    exchanged = truth.copy()
    exchanged[[np.argmin(truth), np.argmax(truth)]] = [1, 0]
    for other in (uc.evaluate(truth, y_score=moved), uc.evaluate(exchanged, y_score=score), parts[0]):
        assert "CM-THRESH-REUSE" not in warned(other.at(point.threshold))
    assert "CM-THRESH-REUSE" not in warned(ev.at(float(point.threshold)))
    sure = ev.choose(maximize="recall", where="fpr <= 0.6", guarantee=0.9)
    assert "CM-THRESH-REUSE" not in warned(ev.at(sure.threshold))


def test_shares_that_differ_by_chance_or_by_little() -> None:
    """Neither few rows nor a small difference between very many is worth a warning."""

    def compared(a: Any, b: Any) -> list[str]:
        tables = {"old": a, "new": b}
        return warned(uc.compare({model: uc.ConfusionMatrix.from_counts(x) for model, x in tables.items()}))

    assert "CM-SHIFT" not in compared([[5, 0], [1, 4]], [[1, 0], [2, 7]])
    assert "CM-SHIFT" not in compared([[500_000, 0], [10, 500_000]], [[510_000, 0], [10, 490_000]])
    assert "CM-SHIFT" in compared(
        [[99_000, 0], [500, 500]], [[98_000, 0], [1000, 1000]]
    )  # twice as many of a rare class
    assert "CM-SHIFT" in compared(np.diag([500, 300, 200]), np.diag([500, 450, 50]))
    assert "CM-SHIFT" not in compared(np.diag([500, 300, 200]), np.diag([480, 310, 210]))


@pytest.mark.parametrize(
    ("table", "level"),
    [
        ([[115, 5], [13, 0]], "note"),  # a forest that dares call five rows of a rare class
        ([[60, 1], [5, 0]], "note"),
        ([[582, 148], [143, 27]], "warning"),  # drawn from the shares of the classes
        ([[45, 45], [6, 4]], "note"),
        ([[240, 210], [205, 245]], None),  # above the majority
    ],
)
def test_at_chance_is_a_warning_where_skill_would_show(table: list[list[int]], level: str | None) -> None:
    """So few calls that even the best of them would hardly stand out are no sign of a model that knows nothing."""
    found = [x.level for x in uc.ConfusionMatrix.from_counts(table).findings if x.code == "CM-BASE"]
    assert found == ([level] if level else [])


def test_a_score_that_is_the_same_for_every_row_is_told_once() -> None:
    """Of two classes and of labels, binned or not; of several classes the matrix says it; a dead column is no model."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 60)
    two = (truth == 0).astype(int)
    for asked in ({}, {"grid": "folded"}, {"score_kind": "raw"}):
        assert warned(uc.evaluate(two, y_score=np.full(60, 0.37), **asked)) == ["CM-CONST"]
    assert warned(uc.evaluate(two, y_score=np.full(60, 0.37), grid="uniform(8)")) == ["CM-CONST"]
    near = 0.37 + 1e-6 * rng.random(60)  # one bin, many scores
    assert "CM-CONST" not in warned(uc.evaluate(two, y_score=near, grid="uniform(8)"))
    assert warned(uc.evaluate(truth, y_score=np.tile([0.3, 0.3, 0.4], (60, 1)))) == ["CM-CONST"]
    p = 0.6 * np.eye(3)[truth] + 0.4 * rng.dirichlet(np.ones(3), 60)
    p[:, 1] = 0.3
    assert "CM-CONST" not in warned(uc.evaluate(truth, y_score=p / 2, score_kind="raw"))
    labels = uc.evaluate(np.eye(3, dtype=int)[truth], y_score=p, label_kind="multilabel")
    assert [x.message[:10] for x in labels.findings if x.code == "CM-CONST"] == ["Label '1':"]


def test_few_rows_say_nothing() -> None:
    """Of a handful of rows nothing is suspected, whatever they look like."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        n = int(rng.integers(2, 19))
        truth, score = rng.integers(0, 2, n), rng.random(n)
        assert warned(uc.evaluate(truth, y_score=score)) == []
        assert warned(uc.confusion_matrix(truth, (score > 0.5).astype(int))) == []


def test_chance_has_the_moments_that_permuting_has() -> None:
    """The z of agreement is (trace - mean) / sd over random pairings, here drawn one by one."""
    from unconfused.diagnosis.chance import chance_z
    from unconfused.diagnosis.counts import Counted

    rng = np.random.default_rng(3)
    truth, guess = rng.choice(4, 300, p=[0.5, 0.3, 0.1, 0.1]), rng.choice(4, 300, p=[0.4, 0.2, 0.3, 0.1])
    cm = uc.confusion_matrix(truth, guess)
    drawn = [int((truth == rng.permutation(guess)).sum()) for _ in range(20_000)]
    z = (int(cm.counts.trace()) - np.mean(drawn)) / np.std(drawn)
    assert chance_z(Counted(cm)) == pytest.approx(z, abs=0.05)


def test_warnings_can_be_made_errors_one_by_one() -> None:
    with pytest.warns(findings.CMAliasWarning):
        uc.confusion_matrix(y := np.arange(30) % 2, y)


def test_the_doctor_reports_what_others_raise() -> None:
    """A refusal is a finding of level error, told first; the doctor itself refuses bad usage only."""
    made = uc.diagnose([0, 1, 1], [0.2, 0.7, 0.4])
    assert (made.rows, made.sound, [f.code for f in made]) == (None, False, ["CM-SCORE-AS-PRED"])
    assert "unconfused explain CM-SCORE-AS-PRED" in str(made)
    with pytest.raises(errors.UsageError):
        uc.diagnose([0, 1], [0, 1], invalid="drop")
    good = uc.diagnose([0, 1] * 50, [0, 1] * 49 + [1, 0])
    assert good.sound
    assert good.to_dict()["sound"]


@pytest.mark.parametrize("n", [70_000, 200_000])
@pytest.mark.parametrize("share", [0.5, 0.02, 0.0])
def test_a_few_rows_stand_for_all(n: int, share: float) -> None:
    """What is looked at first has the same shares, mean and order, whether the tally was sorted or counted."""
    rng = np.random.default_rng(n)
    y = (rng.random(n) < share).astype(int)
    p = np.clip(0.2 * y + 0.8 * rng.random(n), 0, 1)
    for tally in (uc.evaluate(y, y_score=p).scores, uc.evaluate(y, y_score=p, count=np.ones(n, int)).scores):
        few = thinned(tally)
        assert len(few.scores) < 4 * 2**14 <= len(tally.scores)
        assert few.positives == pytest.approx(tally.positives, rel=0.001, abs=0)
        assert few.negatives == pytest.approx(tally.negatives, rel=0.001, abs=0)
        if share:
            for question in ("accuracy", "confidence", "auc"):
                assert getattr(Ranked(few), question) == pytest.approx(getattr(Ranked(tally), question), abs=0.003)


def test_mistakes_of_many_rows_and_classes_are_found() -> None:
    """A column that ranks its class last is told of 80,000 rows, and its numbers are those of all of them."""
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 3, 80_000)
    logits = rng.normal(size=(80_000, 3)) + 2 * np.eye(3)[truth]
    logits[:, 1] *= -1
    made = uc.evaluate(truth, y_score=logits, score_kind="raw")
    told_of = [x for x in made.findings if x.code == "CM-INVERTED"]
    assert len(told_of) == 1
    assert told_of[0].evidence["roc_auc"] == pytest.approx(float(made.estimate("roc_auc[1]")), abs=1e-9)
