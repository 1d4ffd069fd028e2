"""What we ask: one catalogue of metrics, their averages, and the language that names them."""

from unconfused.metrics import association, calibration, overall, per_class, pr_area, proper, ranking, ranks, selective
from unconfused.metrics.average import AVERAGES, macro, micro, weighted, worst
from unconfused.metrics.catalogue import CATALOGUE, Blend, Metric, Parameter, Ratio, find, metric, ratio
from unconfused.metrics.language import Condition, Query, parse, parse_conditions

__all__ = [
    "AVERAGES", "CATALOGUE", "Blend", "Condition", "Metric", "Parameter", "Query", "Ratio", "association",
    "calibration", "find", "macro", "metric", "micro", "overall", "parse", "parse_conditions", "per_class",
    "pr_area", "proper", "ranking", "ranks", "ratio", "selective", "weighted", "worst",
]  # fmt: skip
