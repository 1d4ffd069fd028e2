"""Attributes as scikit-learn, torchmetrics, PyCM and TensorFlow name them, and what to type here."""

from __future__ import annotations

from typing import Any, get_type_hints

from unconfused.curves import KINDS
from unconfused.errors import UnknownMetric
from unconfused.metrics import find
from unconfused.tally.confusion import ConfusionMatrix

SPELT = {
    "add": ("update(y_true=, y_score=)",),
    "array": ("counts",),
    "auc": ("estimate('roc_auc')",),
    "best_threshold": ("choose(...)",),
    "class_names": ("labels",),
    "classes": ("labels",),
    "classification_report": ("report()",),
    "compute": ("evaluation",),
    "confusion_matrix": ("matrix", "counts"),
    "plot_roc": ("curve('roc').plot()",),
    "pr_curve": ("curve('pr')",),
    "precision_recall_curve": ("curve('pr')",),
    "reset_state": ("reset()",),
    "reset_states": ("reset()",),
    "result": ("evaluation",),
    "roc_curve": ("curve('roc')",),
    "shape": ("counts.shape",),
    "show": ("plot()",),
    "stat": ("report()",),
    "summary": ("report()",),
    "threshold": ("at(0.5)", "rule"),
    "thresholds": ("curve('roc').thresholds", "rule"),
    "to_array": ("counts",),
    "to_dataframe": ("to_frame()", "report().to_frame()"),
    "to_dict": ("report().to_dict()",),
    "to_frame": ("report().to_frame()",),
    "to_json": ("report().to_json()",),
    "to_markdown": ("report().to_markdown()",),
    "to_numpy": ("counts",),
    "to_pandas": ("to_frame()", "report().to_frame()"),
    "update_state": ("update(y_true=, y_score=)",),
    "values": ("counts",),
}
"""What to type for names that are no metrics; the first that the result has."""


def absent(result: object, name: str) -> str:
    """The message about an attribute that a matrix, an evaluation or a stream does not have.

    >>> import unconfused as uc
    >>> absent(uc.confusion_matrix([1, 0], [1, 1]), "accuracy")
    "A ConfusionMatrix has no attribute 'accuracy'. Type .estimate('accuracy')."
    """
    kind = type(result)
    typed = _typed(kind, name) or _inside(result, name)
    article = "An" if kind.__name__[0] in "AEIOU" else "A"
    return f"{article} {kind.__name__} has no attribute {name!r}." + (f" Type .{typed}." if typed else "")


def _inside(result: Any, name: str) -> str | None:
    """The same of what a stream or an evaluation holds."""
    if _has(type(result), "evaluation"):
        read = type(result).evaluation.fget  # not read: that would count what waits, and warn
        kind, way = get_type_hints(read)["return"], "evaluation"
    elif _has(type(result), "decided") and result.kind != "multilabel":
        kind, way = ConfusionMatrix, "matrix" if result.decided else "at(0.5)"
    else:
        return None
    typed = name if _has(kind, name) else _typed(kind, name)
    return f"{way}.{typed}" if typed else None


def _typed(kind: type, name: str) -> str | None:
    """What a class offers under another name: a metric, a curve, an attribute in small letters."""
    for typed in SPELT.get(name.lower(), ()):
        if _has(kind, typed.partition("(")[0].partition(".")[0]):
            return typed
    if _has(kind, "estimate"):
        try:
            return f"estimate({find(name).name!r})"
        except UnknownMetric:
            pass
    if name in KINDS and _has(kind, "curve"):
        return f"curve({name!r})"
    return name.lower() if _has(kind, name.lower()) else None


def _has(kind: type, name: str) -> bool:
    return hasattr(kind, name) or name in getattr(kind, "__dataclass_fields__", {})
