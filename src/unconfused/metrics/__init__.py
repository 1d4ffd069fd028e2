"""What we ask: one catalogue of metrics, their averages, and the language that names them."""

from unconfused.metrics import association, overall, per_class, proper, ranking
from unconfused.metrics.average import AVERAGES, macro, micro, weighted, worst
from unconfused.metrics.catalogue import CATALOGUE, Blend, Metric, Parameter, Ratio, find, metric, ratio
from unconfused.metrics.language import Condition, Query, parse, parse_conditions

__all__ = [
    "AVERAGES", "CATALOGUE", "Blend", "Condition", "Metric", "Parameter", "Query", "Ratio", "association", "find",
    "macro", "metric", "micro", "overall", "parse", "parse_conditions", "per_class", "proper", "ranking", "ratio",
    "weighted", "worst",
]  # fmt: skip
