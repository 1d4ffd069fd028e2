"""How sure: every number that rests on a sample has an interval, with the method named."""

from unconfused.inference.ask import estimate, estimate_at, estimates
from unconfused.inference.costs import cost_estimate
from unconfused.inference.rows import rows_needed
from unconfused.inference.value import Estimate

__all__ = ["Estimate", "cost_estimate", "estimate", "estimate_at", "estimates", "rows_needed"]
