"""Engines whose rows stay where they are, and the road to each: the one place that says which.

==============  ==============================  ==============================  ====================================
engine          classes, with or without slices  one score on a grid            weights, units, several scores
==============  ==============================  ==============================  ====================================
Spark           one GROUP BY in the JVM         ``mapInArrow``: our kernels     ``mapInArrow``
Dask            partition by partition          partition by partition          partition by partition
PostgreSQL      one GROUP BY                    one GROUP BY, of its cells      batches of Arrow, to our kernels here
DuckDB          one GROUP BY                    sliced: one GROUP BY; else      batches
                                                batches, which take half as long
another         one GROUP BY, without text      batches                         batches
==============  ==============================  ==============================  ====================================

A second look (``refine=``) goes the road of the last column and keeps only rows in the bins that matter; of Ibis a
WHERE leaves out most of the others.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from unconfused.asked import Asked
from unconfused.edges import Everywhere, edges_apart
from unconfused.ingest import dask, ibis, spark
from unconfused.ingest.progress import shown
from unconfused.ingest.rows import Reading
from unconfused.parts import Counting, Names, Reply, Run, added, merged, tally_parts
from unconfused.tally.grids import EXACT

CELLS = 1 << 16
"""Bins of a grid whose tally is small: folded(8), uniform(65536)."""
EDGES = "Looking for edges"


def tally_elsewhere(source: Any, names: Names, reading: Reading, asked: Asked) -> tuple[Any, ...] | None:
    """What is kept of a table of Spark, Dask or Ibis; None of any other.

    Raises:
        UsageError: what needs all rows in one place.
    """
    run = _road(source)
    if run is None:
        return None
    if wanted := asked.quantiles:
        asked = asked.cut(edges_apart(_everywhere(source), {asked.sliced(x): (x, n) for x, n in wanted.items()}))
    return tally_parts(run, names, reading, asked)


def _everywhere(source: Any) -> Everywhere:
    """What any work makes of the rows of each part, added up."""
    if spark.is_spark(source):
        return partial(spark.partitions, source, text=EDGES)

    def seen(names: Names, reply: Any, merge: Any) -> list[bytes]:
        with shown(EDGES) as meter:
            if dask.is_dask(source):
                return dask.partitions(source, names, reply, merge)
            return [reply(meter.over(ibis.pieces(source, names)))]

    return seen


def _road(source: Any) -> Run | None:
    if spark.is_spark(source):

        def in_spark(names: Names, work: Counting) -> Reply:
            if _countable(names, work):
                return work.rows(spark.groups(source, names))
            found = spark.partitions(source, names, work.reply, merged, small=_small(names, work))
            return added(map(Reply.from_bytes, found))

        return in_spark
    if dask.is_dask(source):

        def in_dask(names: Names, work: Counting) -> Reply:
            with shown("Counting"):
                return added(map(Reply.from_bytes, dask.partitions(source, names, work.reply, merged)))

        return in_dask
    if ibis.is_ibis(source):

        def in_ibis(names: Names, work: Counting) -> Reply:
            here = ibis.is_here(source) and names.get("y_score") is not None and not work.by
            if not here and _binnable(names, work) and (made := _grouped(source, names, work)) is not None:
                return made
            with shown("Counting") as meter:
                return Reply.from_bytes(work.reply(meter.over(ibis.pieces(source, names, work.reading.refine))))

        return in_ibis
    return None


def _grouped(source: Any, names: Names, work: Counting) -> Reply | None:
    """The reply of a GROUP BY in a database, None where the rows themselves have to be looked at."""
    groups = ibis.groups(source, names, work.reading, work.edges or {})
    if groups is None:
        return None
    try:
        with shown("Counting"):
            made = Reply.from_bytes(work.reply(groups))
    except ibis.Unsure:
        return None
    of_rows = made.refusal is not None and made.refusal[0] == "ScoresAsLabels"  # says how many rows, not groups
    return None if of_rows else made


def _countable(names: Names, work: Counting) -> bool:
    """Whether a GROUP BY of values keeps everything: columns that rows share, each row counting once."""
    return not work.edges and _only(names, "y_true", "y_pred")


def _binnable(names: Names, work: Counting) -> bool:
    """Whether one keeps everything that groups a score by its cell and a number by its interval."""
    how = work.reading
    on_grid = how.curves and not how.rules and not how.refine and how.bins["grid"] != EXACT
    return _only(names, "y_true", "y_pred", *(["y_score"] if on_grid else []))


def _small(names: Names, work: Counting) -> bool:
    """Whether the tally of a part has some thousand cells at most: of one score on the usual grid."""
    grid = work.reading.bins["grid"]
    single = names.get("y_score") is not None and _only(names, "y_true", "y_score", "sample_weight", "count")
    return single and not work.by and 0 < grid.size <= CELLS


def _only(names: Names, *roles: str) -> bool:
    """Whether these are all columns, but for those of slices, and each is one column."""
    given = {role: name for role, name in names.items() if name is not None}
    sliced = ("by:", "cut:", "y_pred:")  # of several models too
    single = not any(isinstance(name, (list, tuple)) for name in given.values())
    return single and all(role in roles or role.startswith(sliced) for role in given)
