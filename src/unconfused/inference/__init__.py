"""How sure: every number that rests on a sample has an interval, with the method named."""

from unconfused.inference.ask import estimate, estimates
from unconfused.inference.value import Estimate

__all__ = ["Estimate", "estimate", "estimates"]
