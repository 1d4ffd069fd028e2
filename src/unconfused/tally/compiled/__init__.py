"""The loops over rows, compiled: what kernels, binning and sides do with NumPy, to the bit, at the speed of reading.

Loaded late, by threads.loops() alone. Columns are contiguous; labels come unsigned, so that a negative one is too
large. Rows go by blocks that stay in the nearest cache: a first sweep checks the block, in vector instructions, and the
next counts it without a check in between. A loop returns False at what it cannot count, and leaves its counts unfit.
What a loop calls stands in its own file: the compiler keeps its work on disk until that file changes.
"""

from unconfused.tally.compiled.bins import bins as bins
from unconfused.tally.compiled.bins import ovr_bins as ovr_bins
from unconfused.tally.compiled.bins import tops as tops
from unconfused.tally.compiled.labels import cuts as cuts
from unconfused.tally.compiled.labels import kept as kept
from unconfused.tally.compiled.labels import pairs as pairs
from unconfused.tally.compiled.labels import values as values
from unconfused.tally.compiled.rows import kept_rows as kept_rows
from unconfused.tally.compiled.rows import placed as placed
from unconfused.tally.compiled.rows import sums_off as sums_off
from unconfused.tally.compiled.sides import masses as masses
from unconfused.tally.compiled.sides import narrow as narrow
from unconfused.tally.compiled.sides import positives as positives
from unconfused.tally.compiled.sides import ranked as ranked
from unconfused.tally.compiled.sides import split as split
from unconfused.tally.compiled.slices import over_slices as over_slices
from unconfused.tally.compiled.slices import slices as slices
from unconfused.tally.compiled.slices import together as together
