"""unconfused: where a classifier's errors go, at every threshold, with an honest interval on every number.

Rows are the truth, columns the prediction. Positive means ``score >= threshold``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unconfused.curves import Curve as Curve
    from unconfused.decide import ChosenRule as ChosenRule
    from unconfused.decide import Infeasible as Infeasible
    from unconfused.decide import OperatingPoint as OperatingPoint
    from unconfused.decide import Ranges as Ranges
    from unconfused.decide import Referral as Referral
    from unconfused.errors import UnconfusedError as UnconfusedError
    from unconfused.evaluation import Evaluation as Evaluation
    from unconfused.examine import diagnose as diagnose
    from unconfused.findings import Finding as Finding
    from unconfused.findings import UnconfusedWarning as UnconfusedWarning
    from unconfused.inference import Estimate as Estimate
    from unconfused.inference.comparison import Comparison as Comparison
    from unconfused.ingest.class_weights import TrainingWeights as TrainingWeights
    from unconfused.ingest.class_weights import class_weights as class_weights
    from unconfused.labels import Labels as Labels
    from unconfused.passes import confusion_matrix as confusion_matrix
    from unconfused.passes import evaluate as evaluate
    from unconfused.passes import evaluate_model as evaluate_model
    from unconfused.shards import load as load
    from unconfused.shards import merge as merge
    from unconfused.show.figure import plot_history as plot_history
    from unconfused.stream import Stream as Stream
    from unconfused.tables import evaluate_frame as evaluate_frame
    from unconfused.tally.confusion import ConfusionMatrix as ConfusionMatrix
    from unconfused.tally.rates import Rates as Rates
    from unconfused.tally.rules import Abstain as Abstain
    from unconfused.tally.rules import ClassWeights as ClassWeights
    from unconfused.tally.rules import Costs as Costs
    from unconfused.versus import Models as Models
    from unconfused.versus import compare as compare
    from unconfused.versus import ranges as ranges

__version__ = "0.1.0"

_ROOMS = {
    "Abstain": "tally.rules",
    "ChosenRule": "decide",
    "ClassWeights": "tally.rules",
    "Comparison": "inference.comparison",
    "ConfusionMatrix": "tally.confusion",
    "Costs": "tally.rules",
    "Curve": "curves",
    "Estimate": "inference",
    "Evaluation": "evaluation",
    "Finding": "findings",
    "Infeasible": "decide",
    "Labels": "labels",
    "Models": "versus",
    "OperatingPoint": "decide",
    "Ranges": "decide",
    "Rates": "tally.rates",
    "Referral": "decide",
    "Stream": "stream",
    "TrainingWeights": "ingest.class_weights",
    "UnconfusedError": "errors",
    "UnconfusedWarning": "findings",
    "class_weights": "ingest.class_weights",
    "compare": "versus",
    "confusion_matrix": "passes",
    "diagnose": "examine",
    "evaluate": "passes",
    "evaluate_frame": "tables",
    "evaluate_model": "passes",
    "load": "shards",
    "merge": "shards",
    "plot_history": "show.figure",
    "ranges": "versus",
}
"""The front door: each name and the room that it is loaded from on first use."""

__all__ = sorted(_ROOMS)


_SPELT = {
    **{
        f"{metric}_score": f'uc.confusion_matrix(y_true, y_pred).estimate("{metric}")'
        for metric in ("accuracy", "balanced_accuracy", "f1", "precision", "recall", "jaccard")
    },
    "roc_auc_score": 'uc.evaluate(y_true, y_score=p).estimate("roc_auc")',
    "average_precision_score": 'uc.evaluate(y_true, y_score=p).estimate("average_precision")',
    "roc_curve": 'uc.evaluate(y_true, y_score=p).curve("roc")',
    "precision_recall_curve": 'uc.evaluate(y_true, y_score=p).curve("pr")',
    "classification_report": "uc.confusion_matrix(y_true, y_pred).report()",
    "ConfusionMatrixDisplay": "uc.confusion_matrix(y_true, y_pred).plot()",
}
"""What to type for names of scikit-learn that have another shape here."""


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        hint = f". Type {_SPELT[name]}" if name in _SPELT else ""
        raise AttributeError(f"module 'unconfused' has no attribute {name!r}{hint}")
    value = getattr(import_module(f"unconfused.{_ROOMS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
