"""Spark: every partition counted by its executor, and added up there; only tallies come to the driver.

Nothing is counted in accumulators, which a task that runs twice would feed twice. A tally is a row of a data frame, and
of the attempts at one task Spark keeps the rows of one.
"""

from __future__ import annotations

import gc
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias
from uuid import uuid4

from unconfused.errors import MissingExtra, UsageError, require
from unconfused.ingest.numbered import numbered, taken
from unconfused.ingest.progress import looked_at, shown
from unconfused.ingest.refusals import refuse_nested

PIECE = 1 << 20
"""Rows of a partition that are counted at a time."""
FEW, LARGE = 64, 4
"""Partitions up to which the driver adds their replies, small ones and any: a second stage would take longer."""
BATCH, USUAL = "spark.sql.execution.arrow.maxRecordsPerBatch", 10_000
"""How many rows come to Python at a time, unless told otherwise."""
CELLS = 1 << 18
"""Values in all columns that are asked for instead: each batch costs some time of its own."""
_GUARD = threading.Lock()
Pieces: TypeAlias = Iterable[Mapping[str, Any]]


def is_spark(source: Any) -> bool:
    """Whether this is a data frame of Spark, classic or Connect."""
    return type(source).__module__.startswith("pyspark.") and hasattr(source, "mapInArrow")


def partitions(
    frame: Any,
    names: Mapping[str, Any],
    reply: Callable[[Pieces], bytes],
    merge: Callable[[Iterable[bytes]], bytes],
    *,
    small: bool = False,
    text: str = "Counting",
) -> list[bytes]:
    """What ``reply`` makes of the rows of each partition, added by ``merge`` until few are left.

    Both functions run on the executors, so unconfused must be installed there.

    Args:
        frame: the table.
        names: the columns by role.
        reply: counts one partition.
        merge: adds.
        small: a reply is no larger than some hundred kilobytes.
        text: what is done.

    Raises:
        MissingExtra: it is not.
    """
    wanted, chosen = _chosen(frame, names)
    with _large_batches(frame.sparkSession, len(chosen.columns)):
        replies = chosen.mapInArrow(_Counted(wanted, reply), "tally binary, bucket int")
        parts = _parts(replies)
        if parts is None or parts > (FEW if small else LARGE):
            tasks = [] if parts is None else [math.isqrt(parts)]  # each adds as many as the driver will
            replies = replies.repartition(*tasks, "bucket").select("tally").mapInArrow(_Merged(merge), "tally binary")
        return [bytes(row[0]) for row in _collected(replies, text)]


@contextmanager
def _large_batches(session: Any, columns: int) -> Iterator[None]:
    """More rows come to Python at a time meanwhile, unless the session itself says how many; afterwards as before.

    No count depends on this. Where two threads count at once, the second leaves the session as it is; and so does one
    in whose session nothing may be set.
    """
    rows, changed = CELLS // columns, False
    if rows <= USUAL or not _GUARD.acquire(blocking=False):
        yield
        return
    try:
        with suppress(Exception):
            if BATCH not in session.conf.getAll:
                changed = True
                session.conf.set(BATCH, rows)
        yield
    finally:
        if changed:
            with suppress(Exception):  # of a session that was stopped
                session.conf.unset(BATCH)
        _GUARD.release()


def _parts(frame: Any) -> int | None:
    """How many partitions there are; None where only running tells, after a shuffle, and of Spark Connect."""
    try:
        plan = frame._jdf.queryExecution()
        adaptive = plan.executedPlan().nodeName().startswith("Adaptive")
        return None if adaptive else int(plan.toRdd().getNumPartitions())
    except Exception:  # nothing depends on it but which of two ways is shorter, and what is wrong is told by either
        return None


def groups(frame: Any, names: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The distinct combinations of columns, and under "count" how many rows have them: one GROUP BY, without Python.

    Text is compared byte by byte, whatever the collation of its column.
    """
    functions, types = require("pyspark.sql.functions"), require("pyspark.sql.types")
    wanted, chosen = _chosen(frame, names)
    keys = []
    for one in chosen.schema.fields:
        if isinstance(one.dataType, (types.ArrayType, types.MapType, types.StructType)):
            refuse_nested(next(str(names[role]) for role, name in wanted.items() if name == one.name))
        column = functions.col(one.name)
        if isinstance(one.dataType, types.StringType):
            column = column.cast("binary")
        elif isinstance(one.dataType, types.DecimalType):
            column = column.cast("double")
        keys.append(column.alias(one.name))
    texts = [one.name for one in chosen.schema.fields if isinstance(one.dataType, types.StringType)]
    rows = _collected(chosen.groupBy(*keys).count())
    columns = {one.name: [row[i] for row in rows] for i, one in enumerate(chosen.schema.fields)}
    for name in texts:
        columns[name] = [None if x is None else bytes(x).decode("utf-8", "backslashreplace") for x in columns[name]]
    return {"count": [row[len(keys)] for row in rows], **{role: columns[name] for role, name in wanted.items()}}


def _chosen(frame: Any, names: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """The wanted columns as c0, c1, …: by place, so that no name is ever read as an expression."""
    wanted, unique = numbered(frame.columns, names)
    places = [list(frame.columns).index(name) for name in unique]
    renamed = frame.toDF(*[f"c{i}" for i in range(len(frame.columns))]).select(*[f"c{i}" for i in places])
    return wanted, renamed.toDF(*[f"c{i}" for i in range(len(unique))])


@dataclass(frozen=True)
class _Counted:
    """The batches of one partition to one row: the reply, and which bucket it is added up in."""

    wanted: Mapping[str, Any]
    reply: Callable[[Pieces], bytes]

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        arrow, spark = require("pyarrow"), require("pyspark")
        content = self.reply(self._pieces(batches))
        _settled()
        yield arrow.RecordBatch.from_pydict(
            {"tally": [content], "bucket": arrow.array([spark.TaskContext.get().partitionId()], arrow.int32())}
        )

    def _pieces(self, batches: Iterator[Any]) -> Iterator[dict[str, Any]]:
        """Tables of about PIECE rows: Spark's own batches are small."""
        held: list[Any] = []
        rows = 0
        for batch in batches:
            held.append(batch)
            rows += len(batch)
            if rows >= PIECE:
                yield taken(require("pyarrow").Table.from_batches(held), self.wanted)
                held, rows = [], 0
        if held:
            yield taken(require("pyarrow").Table.from_batches(held), self.wanted)


@dataclass(frozen=True)
class _Merged:
    """The replies of one bucket to one."""

    merge: Callable[[Iterable[bytes]], bytes]

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        content = self.merge(x.as_py() for batch in batches for x in batch.column(0))
        _settled()
        yield require("pyarrow").RecordBatch.from_pydict({"tally": [content]})


def _settled() -> None:
    """Keep what was loaded out of the search for garbage, once for each of Spark's Python processes.

    There the search follows every task, and through the objects of the compiler alone it takes a tenth of a second.
    """
    if not gc.get_freeze_count():
        gc.freeze()


def _collected(frame: Any, text: str = "Counting") -> list[Any]:
    try:
        with _followed(frame, text):
            return list(frame.collect())
    except Exception as error:
        if "No module named 'unconfused'" in str(error):
            raise MissingExtra(
                "The executors of Spark cannot import unconfused.",
                "Every partition is counted where it lies, by this library.",
                "Install it in the Python that they run (spark.pyspark.python), or send it along: "
                "spark-submit --py-files, or --archives with a packed environment.",
            ) from None
        if "No module named 'numpy'" in str(error) or "No module named 'pyarrow'" in str(error):
            raise UsageError(
                "The executors of Spark lack NumPy or PyArrow.", fix="Install both in the Python that they run."
            ) from None
        raise


# ── how far a job is ──────────────────────────────────────────────────────────────────────────
@contextmanager
def _followed(frame: Any, text: str) -> Iterator[None]:
    """Show how many tasks of the jobs of this thread are done; where Spark draws a bar of its own, that is enough."""
    if looked_at() is None:
        yield
        return
    context, own, tag = None, False, f"unconfused-{uuid4()}"
    with suppress(Exception):  # Spark Connect has no context: what is left is the time
        found = frame.sparkSession.sparkContext
        own = found._jsc.sc().progressBar().isDefined()
        found.addJobTag(tag)
        context = found
    try:
        with nullcontext() if own else shown(text, unit="task", probe=partial(_tasks, context, tag)):
            yield
    finally:
        with suppress(Exception):  # of a session that was stopped
            if context is not None:
                context.removeJobTag(tag)


def _tasks(context: Any, tag: str) -> tuple[float, float | None]:
    """How many tasks of the jobs with this tag are done, and which share of those that are known."""
    with suppress(Exception):
        tracker = context.statusTracker()
        jobs = context._jsc.sc().statusTracker().getJobIdsForTag(tag)
        places = sorted({place for job in jobs for place in tracker.getJobInfo(job).stageIds})
        stages = [x for place in places if (x := tracker.getStageInfo(place)) is not None]
        begun = [x for x in stages if x.numActiveTasks or x.numCompletedTasks]
        last = begun[-1].stageId if begun else -1
        coming = [x for x in stages if x.stageId > last]  # one before it is left out: its rows lie there already
        done, known = sum(x.numCompletedTasks for x in begun), sum(x.numTasks for x in begun + coming)
        return done, done / known if known else None
    return 0, None
