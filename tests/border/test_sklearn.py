"""Fitted scikit-learn estimators: the method that score_kind asks for, the order of classes_, what is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.datasets import load_digits, make_classification, make_multilabel_classification
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.metrics import confusion_matrix, roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

import unconfused as uc
from unconfused import errors
from unconfused.ingest.models import predictions
from unconfused.ingest.rows import Reading

X, Y = make_classification(300, n_informative=4, flip_y=0.2, random_state=0)
WORDS = np.where(Y == 1, "sick", "healthy")
DIGITS, DIGIT = load_digits(return_X_y=True)
MODELS = {
    "estimator": lambda: LogisticRegression(),
    "pipeline": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "search": lambda: GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2),
    "search of a pipeline": lambda: GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": [0.1, 1.0]}, cv=2
    ),
}


# ── two classes ───────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("y", [Y, WORDS], ids=["numbers", "words"])
@pytest.mark.parametrize("kind", ["probability", "raw"])
def test_binary(model: str, y: Any, kind: Any) -> None:
    """The matrix is that of predict, the AUC that of scikit-learn; the last of classes_ is positive."""
    fitted = MODELS[model]().fit(X, y)
    ev = uc.evaluate_model(fitted, (X, y), score_kind=kind)
    assert tuple(ev.labels) == tuple(fitted.classes_.tolist())
    assert ev.labels.positive_name == fitted.classes_[1]
    threshold = 0.5 if kind == "probability" else 0.0
    assert np.array_equal(ev.at(threshold).counts, confusion_matrix(y, fitted.predict(X)))
    scores = fitted.predict_proba(X)[:, 1] if kind == "probability" else fitted.decision_function(X)
    assert float(ev.estimate("roc_auc")) == pytest.approx(roc_auc_score(y, scores), abs=1e-12)


@pytest.mark.parametrize("kind", ["probability", "raw"])
def test_positive_first(kind: Any) -> None:
    """pos_label= takes the score of that class, also where it is the first of classes_."""
    fitted = LogisticRegression().fit(X, WORDS)
    ev = uc.evaluate_model(fitted, (X, WORDS), score_kind=kind, pos_label="healthy")
    scores = fitted.predict_proba(X)[:, 0] if kind == "probability" else -fitted.decision_function(X)
    at = 0.5 if kind == "probability" else 0.0
    assert ev.labels.positive_name == "healthy"
    assert ev.at(at).tp == int(((WORDS == "healthy") & (scores >= at)).sum())
    assert float(ev.estimate("roc_auc")) == pytest.approx(roc_auc_score(WORDS == "healthy", scores), abs=1e-12)


@pytest.mark.parametrize("kind", ["probability", "raw"])
def test_labels(kind: Any) -> None:
    """labels= sets the order and the names that are shown; the columns of the scores follow."""
    fitted = LogisticRegression().fit(X, Y)
    plain = uc.evaluate_model(fitted, (X, Y), score_kind=kind)
    shown = uc.evaluate_model(fitted, (X, Y), score_kind=kind, labels={1: "sick", 0: "well"}, pos_label=1)
    at = 0.5 if kind == "probability" else 0.0
    assert tuple(shown.labels) == ("sick", "well")
    assert shown.at(at)["sick", "well"] == plain.at(at)[1, 0]
    for labels, said in ((["well", "sick"], r"labels={0: 'well', 1: 'sick'}"), ([0, 1, 2], r"unknown='other'")):
        with pytest.raises(errors.UnknownClass, match=said):
            uc.evaluate_model(fitted, (X, Y), score_kind=kind, labels=labels)


def test_frames() -> None:
    """Frames and series are taken as they are, and refused where their indexes differ."""
    pandas = pytest.importorskip("pandas")
    x, y = pandas.DataFrame(X).add_prefix("x"), pandas.Series(WORDS, dtype="category")
    fitted = LogisticRegression().fit(x, y)
    ev = uc.evaluate_model(fitted, (x, y))
    assert np.array_equal(ev.at(0.5).counts, confusion_matrix(WORDS, fitted.predict(x)))
    with pytest.raises(errors.IndexMismatch, match="loc"):
        uc.evaluate_model(fitted, (x, y.sample(frac=1, random_state=0)))


# ── several classes, several labels ───────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("model", "kind"),
    [(GaussianNB(), "probability"), (LinearSVC(), "raw"), (SVC(), "raw"), (Perceptron(), "raw")],
    ids=["GaussianNB", "LinearSVC", "SVC", "Perceptron"],
)
def test_many_classes(model: Any, kind: Any) -> None:
    """One column for each class; the matrix is that of predict, in any order of labels."""
    names = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])[DIGIT]
    fitted = model.fit(DIGITS / 16, names)
    for order in (sorted(set(names)), sorted(set(names), reverse=True)):
        ev = uc.evaluate_model(fitted, (DIGITS / 16, names), score_kind=kind, labels=order)
        assert np.array_equal(ev.matrix.counts, confusion_matrix(names, fitted.predict(DIGITS / 16), labels=order))


def test_one_against_one() -> None:
    """Columns that stand for pairs of classes are refused, also where there are as many as classes."""
    few = DIGIT < 3
    fitted = SVC(decision_function_shape="ovo").fit(DIGITS[few], DIGIT[few])
    with pytest.raises(errors.ShapeError, match="decision_function_shape='ovr'"):
        uc.evaluate_model(make_pipeline(fitted), (DIGITS[few], DIGIT[few]), score_kind="raw")


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(10, random_state=0),
        MultiOutputClassifier(LogisticRegression()),
        OneVsRestClassifier(LogisticRegression()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_several_labels(model: Any) -> None:
    """With label_kind="multilabel" every label has its own matrix, from a list of arrays or from one."""
    x, y = make_multilabel_classification(200, n_classes=3, random_state=0)
    fitted = model.fit(x, y)
    ev = uc.evaluate_model(fitted, (x, y), label_kind="multilabel", labels=["a", "b", "c"])
    scores = fitted.predict_proba(x)
    for place, name in enumerate("abc"):
        column = scores[place][:, 1] if isinstance(scores, list) else scores[:, place]
        assert np.array_equal(ev.at(0.5)[name].counts, confusion_matrix(y[:, place], column >= 0.5))
    if isinstance(scores, list):
        with pytest.raises(errors.UsageError, match="label_kind='multilabel'"):
            uc.evaluate_model(fitted, (x, y))


def test_a_label_that_never_occurred() -> None:
    """A label without a positive row in training has score 0 everywhere."""
    x, y = make_multilabel_classification(200, n_classes=3, random_state=0)
    y[:, 1] = 0
    fitted = RandomForestClassifier(10, random_state=0).fit(x, y)
    found = predictions(fitted, (x, y), Reading(label_kind="multilabel"))
    assert found.y_score[:, 1].max() == 0
    three = RandomForestClassifier(10, random_state=0).fit(x, y + 1)
    with pytest.raises(errors.NotKept, match=r"model.predict_proba\(X\)\[i\]"):
        predictions(three, (x, y), Reading(label_kind="multilabel"))


# ── what is missing ───────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("model", "kind", "other"),
    [
        (GaussianNB(), "raw", "probability"),
        (LinearSVC(), "probability", "raw"),
        (make_pipeline(StandardScaler(), LinearSVC()), "probability", "raw"),
        (GridSearchCV(LinearSVC(), {"C": [1.0, 2.0]}, cv=2), "probability", "raw"),
        (RandomForestClassifier(5), "raw", "probability"),
    ],
    ids=["GaussianNB", "LinearSVC", "pipeline", "search", "forest"],
)
def test_the_other_method(model: Any, kind: Any, other: str) -> None:
    """An estimator that lacks the method shows the one that it has."""
    with pytest.raises(errors.UsageError, match=f"does not have.*score_kind='{other}'"):
        uc.evaluate_model(model.fit(X, Y), (X, Y), score_kind=kind)


def test_neither_method() -> None:
    """Hard votes have no score: they are counted as decisions."""
    votes = VotingClassifier([("a", GaussianNB()), ("b", LogisticRegression())]).fit(X, Y)
    with pytest.raises(errors.UsageError, match=r"confusion_matrix\(y, model.predict\(X\)\)"):
        uc.evaluate_model(votes, (X, Y))


def test_log_odds() -> None:
    """score_kind="logit" is explained, and reachable through step=."""
    fitted = LogisticRegression().fit(X, Y)
    with pytest.raises(errors.UsageError, match=r"'probability'.*'raw'.*step="):
        uc.evaluate_model(fitted, (X, Y), score_kind="logit")
    ev = uc.evaluate_model(
        fitted,
        (X, Y),
        score_kind="logit",
        step=lambda model, batch: (batch[1], model.decision_function(batch[0])),
    )
    assert np.array_equal(ev.at(0.3).counts, confusion_matrix(Y, fitted.predict_proba(X)[:, 1] >= 0.3))


@pytest.mark.parametrize("model", [*MODELS, "vote", "forest"])
@pytest.mark.parametrize("kind", ["probability", "raw"])
def test_unfitted(model: str, kind: Any) -> None:
    """An estimator that was not fitted is told so."""
    more = {"vote": lambda: VotingClassifier([("a", GaussianNB())]), "forest": RandomForestClassifier}
    with pytest.raises(errors.UsageError, match=r"not fitted.*\.fit\(X_train, y_train\)"):
        uc.evaluate_model({**MODELS, **more}[model](), (X, Y), score_kind=kind)


@pytest.mark.parametrize("given", [X, (X,), (X, Y, Y), "rows.csv"], ids=["X", "(X,)", "(X, y, w)", "path"])
def test_no_pair(given: Any) -> None:
    """The data of an estimator is (X, y)."""
    with pytest.raises(errors.UsageError, match=r"evaluate_model\(model, \(X, y\)\)"):
        uc.evaluate_model(LogisticRegression().fit(X, Y), given)


def test_lengths() -> None:
    """X and y of different length are refused."""
    with pytest.raises(errors.LengthMismatch, match="y has 299"):
        uc.evaluate_model(LogisticRegression().fit(X, Y), (X, Y[:-1]))


def test_no_classes() -> None:
    """An estimator class, and an estimator that names no classes, are refused."""

    class Bare:
        def fit(self) -> None: ...
        def predict(self) -> None: ...
        def get_params(self) -> None: ...
        def predict_proba(self, x: Any) -> Any:
            return np.full((len(x), 2), 0.5)

    with pytest.raises(errors.UsageError, match="classes_"):
        uc.evaluate_model(Bare(), (X, Y))
    with pytest.raises(errors.UsageError, match="not known here"):
        uc.evaluate_model(LogisticRegression, (X, Y))


def test_a_class_of_the_test_data_alone() -> None:
    """A label that the estimator has never seen is refused, or kept in its seat."""
    fitted = LogisticRegression().fit(X, Y)
    y = np.where(np.arange(300) < 5, 7, Y)
    with pytest.raises(errors.UnknownLabels, match="7"):
        uc.evaluate_model(fitted, (X, y))
    assert uc.evaluate_model(fitted, (X, y), unknown="other").at(0.5).total == 300
