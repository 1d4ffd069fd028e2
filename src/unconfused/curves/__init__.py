"""Curves: what every threshold gives, from a score tally alone."""

from unconfused.curves import calibration, costs, ranking, selective
from unconfused.curves.points import KINDS, Curve, curve

__all__ = ["KINDS", "Curve", "calibration", "costs", "curve", "ranking", "selective"]
