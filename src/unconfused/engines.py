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

from collections.abc import Mapping, Sequence
from typing import Any

from unconfused.errors import UsageError
from unconfused.ingest import dask, ibis, spark
from unconfused.ingest.rows import Reading
from unconfused.parts import Counting, Names, Reply, Run, added, merged, tally_parts
from unconfused.tally.tallies import Tallies


def tally_elsewhere(
    source: Any,
    names: Names,
    reading: Reading,
    by: Sequence[tuple[str, ...]],
    edges: Mapping[str, Any] | None,
    row_cost: Mapping[str, Any] | None = None,
) -> Tallies | None:
    """The tallies of a table of Spark, Dask or Ibis; None of any other.

    Raises:
        UsageError: what needs all rows in one place.
    """
    run = _road(source)
    if run is None:
        return None
    if any(role.startswith(("y_score:", "y_pred:")) for role in names):
        raise UsageError(
            "Several models were named, and the rows stay where they are.",
            "Their joint table is made of rows that are at hand.",
            'Evaluate each, then type uc.compare({"old": ev_old, "new": ev_new}); or write them to a file.',
        )
    if row_cost is not None:
        raise UsageError(
            "row_cost= was given, and the rows stay where they are.",
            "What each row costs is summed of rows that are at hand.",
            "Write the columns to a file and evaluate that.",
        )
    return tally_parts(run, names, reading, by, edges)


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
    plain = all(role in ("y_true", "y_pred") or role.startswith("by:") for role in given)
    return plain and not work.edges and not any(isinstance(name, (list, tuple)) for name in given.values())
