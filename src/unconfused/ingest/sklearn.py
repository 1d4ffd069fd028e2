"""A fitted scikit-learn estimator, or any object with its methods, and the rows (X, y) that it has to predict."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from unconfused.errors import NotKept, ShapeError, UnknownClass, UsageError
from unconfused.ingest.batches import Batch, Pass, Values, check_pair, described, values_of
from unconfused.ingest.rows import Reading
from unconfused.labels import Label, Labels, listed, plain

METHODS = {"probability": "predict_proba", "raw": "decision_function"}


def is_estimator(model: Any) -> bool:
    """Whether ``model`` has the methods that scikit-learn gives its estimators."""
    return all(hasattr(model, method) for method in ("fit", "predict", "get_params")) and not isinstance(model, type)


def estimator_pass(model: Any, data: Any, reading: Reading) -> Pass:
    """One call of ``predict_proba`` or ``decision_function``; its columns are brought to the order of the classes.

    Raises:
        UsageError: ``data`` is no (X, y), or the estimator lacks the method that ``score_kind`` asks for.
    """
    name, labels = type(model).__name__, reading.labels
    scoring = _method(model, name, reading.score_kind)
    x, y = _pair(data, name)
    if reading.label_kind == "multilabel":
        return Pass(
            source=name, batches=[x], total=1, labels=labels,
            read=lambda rows: Batch(y, _label_columns(scoring, model, rows)),
        )  # fmt: skip
    _check_fitted(model, name)
    classes = _classes(model, name)
    kept = Labels.declare(classes if labels is None else labels)
    order = _order(kept, classes, name)

    def read(rows: Any) -> Batch:
        return Batch(y, _columns(_called(scoring, rows, name), classes, name, model)[:, order])

    return Pass(source=name, batches=[x], total=1, labels=classes if labels is None else labels, read=read)


def _method(model: Any, name: str, score_kind: str) -> Any:
    if score_kind == "logit":
        raise UsageError(
            f"score_kind='logit' asks {name} for log-odds, and scikit-learn has no method that promises them.",
            "decision_function is a distance for some estimators and log-odds for others.",
            "Type score_kind='probability' for predict_proba or 'raw' for decision_function; where you know that it is "
            "log-odds: step=lambda model, batch: (batch[1], model.decision_function(batch[0])).",
        )
    wanted = METHODS[score_kind]
    if hasattr(model, wanted):
        return getattr(model, wanted)
    _check_fitted(model, name)  # an unfitted search hides its methods, which is another mistake
    for kind, method in METHODS.items():
        if hasattr(model, method):
            raise UsageError(
                f"score_kind={score_kind!r} asks for {wanted}, which {name} does not have.",
                f"It does have {method}.",
                f"Type score_kind={kind!r}.",
            )
    raise UsageError(
        f"{name} has neither predict_proba nor decision_function.",
        "Without scores there is no threshold to choose and no curve.",
        "Count its decisions: unconfused.confusion_matrix(y, model.predict(X)).",
    )


def _pair(data: Any, name: str) -> tuple[Any, Values]:
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise UsageError(
            f"The data is {described(data)}.",
            f"{name} predicts rows X, which are compared with their labels y.",
            "Type unconfused.evaluate_model(model, (X, y)).",
        )
    x, y = data
    if all(hasattr(part, "__len__") and not hasattr(part, "nnz") for part in (x, y)):  # a sparse X has no len
        check_pair(x, y)
    return x, values_of(y, "y")


def _check_fitted(model: Any, name: str) -> None:
    check = getattr(sys.modules.get("sklearn.utils.validation"), "check_is_fitted", None)
    if check is None:
        return
    try:
        check(model)
    except (AttributeError, ValueError) as error:  # NotFittedError is both
        if type(error).__name__ == "NotFittedError":
            raise _unfitted(name) from error
    except TypeError:
        pass  # not an estimator of scikit-learn's own family


def _unfitted(name: str) -> UsageError:
    return UsageError(f"This {name} is not fitted.", "It has seen no class yet.", "Call .fit(X_train, y_train) first.")


def _called(scoring: Any, rows: Any, name: str) -> Any:
    try:
        return scoring(rows)
    except (AttributeError, ValueError) as error:
        if type(error).__name__ == "NotFittedError":
            raise _unfitted(name) from error
        raise


def _classes(model: Any, name: str) -> list[Label]:
    classes = getattr(model, "classes_", None)
    if classes is None:
        raise UsageError(
            f"{name} has no classes_.",
            "Which class a column of its scores belongs to is not known.",
            "Pass the columns yourself: unconfused.evaluate(y, y_score=..., labels=[...]).",
        )
    if isinstance(classes, list) and any(np.ndim(part) for part in classes):
        raise UsageError(
            f"{name} predicts {len(classes)} labels per row.",
            "That is a problem of several labels, not of one class.",
            "Type label_kind='multilabel'.",
        )
    return [plain(label) for label in classes]


def _order(kept: Labels, classes: list[Label], name: str) -> list[int]:
    """Where each class that the caller lists stands among the estimator's own."""
    if set(kept.values) == set(classes):
        return [classes.index(value) for value in kept.values]
    if len(kept) == len(classes):
        pairs = ", ".join(f"{a!r}: {b!r}" for a, b in zip(classes[:3], kept.names, strict=False))
        fix = f"To show other names, map them: labels={{{pairs}{', ...' if len(classes) > 3 else ''}}}."
    else:
        fix = "List each of them once, or leave labels= out: classes_ is used, and unknown='other' keeps new labels."
    raise UnknownClass(
        f"labels= has {listed(kept.values)}; {name} was fitted on {listed(classes)}.",
        "Columns of scores and classes would not pair up.",
        fix,
    )


def _columns(scores: Any, classes: list[Label], name: str, model: Any) -> Values:
    """One column of scores per class.    Shape: (n,) or (n, K) → (n, K)."""
    values = np.asarray(scores)
    if values.ndim == 1 and len(classes) == 2:  # a distance towards the second class
        values = np.stack([-values, values], axis=1)
    pairwise = getattr(_innermost(model), "decision_function_shape", "ovr") == "ovo" and len(classes) > 2
    if pairwise and values.shape[-1] == len(classes) * (len(classes) - 1) // 2 and values.min(initial=0) < 0:
        raise ShapeError(
            f"{name} was made with decision_function_shape='ovo': a column stands for a pair of classes.",
            "A column must be the score of one class.",
            "Type decision_function_shape='ovr' where the estimator is made.",
        )
    if values.ndim != 2 or values.shape[1] != len(classes):
        raise ShapeError(
            f"{name} has {len(classes)} classes and gives scores of shape {values.shape}.",
            "There must be one column per class.",
        )
    return values


def _innermost(model: Any) -> Any:
    """The estimator within pipelines and searches."""
    while True:
        inner = getattr(model, "best_estimator_", None)
        inner = model.steps[-1][1] if inner is None and getattr(model, "steps", None) else inner
        if inner is None:
            return model
        model = inner


def _label_columns(scoring: Any, model: Any, x: Any) -> Values:
    """One column of scores per label, also from the list of (n, 2) that some estimators give.    Shape: (n, L)."""
    name = type(model).__name__
    scores = _called(scoring, x, name)
    if not isinstance(scores, list):
        return np.asarray(scores)
    columns = []
    for place, (part, classes) in enumerate(zip(scores, model.classes_, strict=True)):
        found = [plain(label) for label in classes]
        if not set(found) <= {0, 1}:
            raise NotKept(
                f"Output {place} of {name} has the classes {listed(found)}.",
                "A label is there or not: 0 or 1. Several outputs with classes of their own are several problems.",
                "Evaluate each by itself: unconfused.evaluate(y[:, i], y_score=model.predict_proba(X)[i]).",
            )
        column = np.asarray(part)
        never = np.zeros(len(column), column.dtype)
        columns.append(column if column.ndim == 1 else column[:, found.index(1)] if 1 in found else never)
    return np.stack(columns, axis=1)
