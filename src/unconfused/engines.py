"""Engines whose rows stay where they are, and the road to each: the one place that says which.

==============  ===========================================  ========================================================
engine          classes alone, with or without slices        scores, weights, units
==============  ===========================================  ========================================================
Spark           one GROUP BY in the JVM                      ``mapInArrow``: our kernels, partition by partition
Dask            partition by partition                       partition by partition
Ibis            one GROUP BY in the database                 batches of Arrow through our kernels, here
==============  ===========================================  ========================================================
"""

from __future__ import annotations

from functools import partial
from typing import Any

from unconfused.asked import Asked
from unconfused.edges import Everywhere, edges_apart
from unconfused.ingest import dask, ibis, spark
from unconfused.ingest.rows import Reading
from unconfused.parts import Counting, Names, Reply, Run, added, merged, tally_parts


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
        return partial(spark.partitions, source)
    if dask.is_dask(source):
        return partial(dask.partitions, source)
    return lambda names, reply, merge: [reply(ibis.pieces(source, names))]


def _road(source: Any) -> Run | None:
    if spark.is_spark(source):

        def in_spark(names: Names, work: Counting) -> Reply:
            if _countable(names, work):
                return work.rows(spark.groups(source, names))
            return added(map(Reply.from_bytes, spark.partitions(source, names, work.reply, merged)))

        return in_spark
    if dask.is_dask(source):

        def in_dask(names: Names, work: Counting) -> Reply:
            return added(map(Reply.from_bytes, dask.partitions(source, names, work.reply, merged)))

        return in_dask
    if ibis.is_ibis(source):

        def in_ibis(names: Names, work: Counting) -> Reply:
            if _countable(names, work) and (groups := ibis.groups(source, names)) is not None:
                return work.rows(groups)
            return Reply.from_bytes(work.reply(ibis.pieces(source, names)))

        return in_ibis
    return None


def _countable(names: Names, work: Counting) -> bool:
    """Whether a GROUP BY keeps everything: columns of values that rows share, each row counting once."""
    given = {role: name for role, name in names.items() if name is not None}
    plain = all(role.partition(":")[0] in ("y_true", "y_pred", "by") for role in given)
    return plain and not work.edges and not any(isinstance(name, (list, tuple)) for name in given.values())
