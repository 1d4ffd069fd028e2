"""What we keep: frozen values with ``+``, a zero and laws."""

from unconfused.tally.cells import Cells
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.moments import Moments
from unconfused.tally.ranks import Ranks
from unconfused.tally.rates import Rates
from unconfused.tally.scores import ScoreTally

__all__ = ["Cells", "ConfusionMatrix", "Grouped", "Moments", "Ranks", "Rates", "ScoreTally"]
