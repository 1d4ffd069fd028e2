"""Spark, with executors that are processes of their own: only tallies move, and each row counts once whatever fails."""

from __future__ import annotations

import io
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pyspark = pytest.importorskip("pyspark")
pytest.importorskip("duckdb")
if shutil.which("java") is None:
    pytest.skip("no Java on this machine", allow_module_level=True)

from border import elsewhere, odd  # noqa: E402
from border.elsewhere import CALLS, HOSTILE, PLAIN, Columns  # noqa: E402
from border.hostile import PASSES, Source, arrow_table, check_source  # noqa: E402

import unconfused as uc  # noqa: E402
from unconfused.errors import InputError, InvalidWeights, LabelTypeMismatch, MissingExtra  # noqa: E402
from unconfused.ingest import progress  # noqa: E402
from unconfused.ingest import spark as road  # noqa: E402

progress_line = pytest.importorskip("unconfused.ingest.progress_line")

SRC = Path(uc.__file__).resolve().parents[1]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:::(pyspark|py4j)"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two executors with a core each, everything on the loopback interface."""
    place = tmp_path_factory.mktemp("spark")
    os.environ |= {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_DIRS": str(place)}
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.executorEnv.PYTHONPATH": os.pathsep.join([str(SRC), str(Path(__file__).parents[1])]),
        "spark.sql.warehouse.dir": str(place / "warehouse"),
        "spark.sql.shuffle.partitions": "4",
        "spark.log.level": "OFF",
    }
    builder = pyspark.sql.SparkSession.builder.master("local-cluster[2,1,1024]").appName("unconfused")
    for name, value in settings.items():
        builder = builder.config(name, value)
    made = builder.getOrCreate()
    yield made
    made.stop()


def frame(spark: Any, data: Columns, parts: int = 4) -> Any:
    """Partitions, one of which is empty."""
    rows = [*zip(*data.values(), strict=True)]
    types = pyspark.sql.types
    kinds = {bool: types.BooleanType(), int: types.LongType(), float: types.DoubleType(), str: types.StringType()}
    fields = [types.StructField(name, kinds[type(next(v for v in x if v is not None))]) for name, x in data.items()]
    schema = types.StructType(fields)
    return spark.createDataFrame(rows, schema).repartition(parts).union(spark.createDataFrame([], schema))


@pytest.fixture(scope="module")
def plain(spark: Any) -> Any:
    return frame(spark, PLAIN).cache()


@pytest.fixture(scope="module")
def hostile(spark: Any) -> Any:
    return frame(spark, HOSTILE).cache()


@pytest.mark.parametrize("name", CALLS)
def test_same_tally(name: str, plain: Any) -> None:
    """Equal to the arrays' to the bit."""
    elsewhere.check_call(plain, name)


def test_weights(plain: Any) -> None:
    """Sums of weights to 1e-12."""
    elsewhere.check_weights(plain)


@pytest.mark.parametrize("name", elsewhere.SOME_REFUSED)
def test_refused(name: str, hostile: Any) -> None:
    """With the same numbers."""
    elsewhere.check_refused(hostile, name)


@pytest.mark.parametrize("name", elsewhere.SOME_COUNTED)
def test_counted(name: str, hostile: Any) -> None:
    """In the same seats."""
    elsewhere.check_counted(hostile, name)


@pytest.mark.parametrize("name", elsewhere.MODELS)
def test_several_models(name: str, plain: Any) -> None:
    """In one scan, with their joint table."""
    elsewhere.check_models(plain, name)


def test_row_costs(plain: Any, hostile: Any) -> None:
    """Summed where the rows are."""
    elsewhere.check_row_costs(plain)
    elsewhere.check_row_costs_refused(hostile)


def test_quantiles(plain: Any, hostile: Any) -> None:
    """Exact, by two looks."""
    elsewhere.check_quantiles(plain)
    elsewhere.check_quantiles_refused(hostile)


@pytest.mark.parametrize("what", PASSES)
def test_hostile_table(what: str, hard: Any, tmp_path: Path) -> None:
    """As every other source has it."""
    check_source(Source(lambda _: hard, order=False), what, tmp_path)


@pytest.fixture(scope="module")
def hard(spark: Any) -> Any:
    """The hostile table in partitions, one of which is empty."""
    made = spark.createDataFrame(arrow_table())
    return made.repartition(3).union(made.limit(0)).cache()


def test_types(spark: Any) -> None:
    """Decimals, floats of 32 bits and small integers are what they are."""
    made = spark.sql(
        "select cast(id % 2 as tinyint) y, cast(id / 8 as decimal(9, 4)) d, cast(id / 10 as float) f from range(9)"
    )
    truth = np.arange(9) % 2
    exact = uc.evaluate_frame(made, y_true="y", y_score="d", grid="exact")
    assert (
        exact.tallies == uc.evaluate(truth, y_score=np.arange(9) / 8).tallies if exact.scores.scores.max() <= 1 else 0
    )
    single = uc.evaluate_frame(made, y_true="y", y_score="f", grid="exact")
    assert single.tallies == uc.evaluate(truth, y_score=(np.arange(9) / 10).astype(np.float32)).tallies
    labels = uc.evaluate_frame(made.selectExpr("cast(y as decimal(5, 0)) t", "y"), y_true="t", y_pred="y")
    assert labels.matrix == uc.evaluate(truth, truth).matrix


def test_collations_do_not_merge_classes(spark: Any) -> None:
    """Text is equal only where its bytes are."""
    made = spark.sql("select c collate unicode_ci as c from values ('Cat'), ('cat'), ('cat') as t(c)")
    assert (
        uc.evaluate_frame(made, y_true="c", y_pred="c").matrix
        == uc.evaluate(["Cat", "cat", "cat"], ["Cat", "cat", "cat"]).matrix
    )


def test_what_an_executor_refuses(hostile: Any, plain: Any) -> None:
    """Our own error with its sentences, no trace of Java; and what no part can know."""
    with pytest.raises(InvalidWeights, match="negative") as error:
        uc.evaluate_frame(hostile, y_true="y", y_score="edge", sample_weight="w")
    assert "java" not in str(error.value).lower()


@pytest.mark.parametrize("name", elsewhere.SOME_REFINED)
def test_a_second_look(name: str, plain: Any) -> None:
    """Of the bins that leave something open, exact in the end."""
    elsewhere.check_refined(plain, name)


def test_odd_slices(spark: Any) -> None:
    """Slices by columns of odd types are called as everywhere, or refused."""
    names = [name for name in odd.COLUMNS if name != "hour"]  # Spark 4.0 has no times of a day
    odd.check(lambda name: spark.createDataFrame(odd.arrow_table(name)), names)
    with pytest.raises(LabelTypeMismatch, match="lists or records"):
        uc.evaluate_frame(spark.sql("select 1 y, map(1, 2) x"), y_true="y", y_pred="y", by=["x"])


def test_executors_without_the_package() -> None:
    """The message says where to install what."""

    class Frame:
        def collect(self) -> None:
            raise RuntimeError("Traceback … ModuleNotFoundError: No module named 'unconfused'")

    with pytest.raises(MissingExtra, match=r"executors of Spark cannot import unconfused.*--archives"):
        road._collected(Frame())


# ── what fails ────────────────────────────────────────────────────────────────────────────────
def fault(kind: str, folder: str) -> Any:
    """Rows that pass through; the first task to see the first partition meets with an accident."""

    def passed(batches: Iterator[Any]) -> Iterator[Any]:
        own = pyspark.TaskContext.get()
        with open(f"{folder}/{own.partitionId()}-{own.attemptNumber()}-{own.taskAttemptId()}", "x"):
            pass
        for batch in batches:
            yield batch
            if own.partitionId() == 0 and own.attemptNumber() == 0:
                accident()

    def accident() -> None:
        if kind == "killed":
            daemon = os.getppid()
            executor = int(Path(f"/proc/{daemon}/stat").read_text().rpartition(")")[2].split()[1])
            os.kill(executor, 9)
            time.sleep(60)  # until the daemon goes the same way
        else:
            raise OSError("the disk is gone")

    return passed


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the executor in /proc")
@pytest.mark.parametrize("stages", [1, 2])
@pytest.mark.parametrize("kind", ["failed", "killed"])
def test_every_row_counts_once(
    kind: str, stages: int, spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever becomes of the first attempt: it fails, or loses its executor."""
    n, parts = 20_000, 4
    monkeypatch.setattr(road, "LARGE", parts if stages == 1 else 0)
    rows = spark.range(n, numPartitions=parts).selectExpr(
        "id", "cast(id * 7919 % 3 = 0 as int) y", "(id * 104729 % 100003) / 100003D p"
    )
    made = uc.evaluate_frame(
        rows.mapInArrow(fault(kind, str(tmp_path)), rows.schema), y_true="y", y_score="p", by=["y"]
    )
    ids = np.arange(n)
    truth, score = (ids * 7919 % 3 == 0).astype(int), (ids * 104729 % 100003) / 100003
    attempts = sorted(path.name for path in tmp_path.iterdir())
    assert sum(name.startswith("0-") for name in attempts) >= 2, attempts
    assert made.tallies == uc.evaluate(truth, y_score=score, grid="folded", by={"y": truth}).tallies


def test_what_moves(plain: Any) -> None:
    """Between the executors and to the driver: some kilobytes, whatever the number of rows."""
    replies = road.partitions(plain, {"y_true": "y", "y_score": "p"}, *_work())
    assert sum(map(len, replies)) < 60_000
    assert len(replies) <= 4


@pytest.mark.parametrize("parts", [1, 5, 70])
def test_partitions_few_and_many(parts: int, spark: Any) -> None:
    """The driver adds what comes of few; what comes of many is added on the executors before."""
    rows = spark.range(700, numPartitions=parts).selectExpr("cast(id % 2 as int) y", "id / 700D p")
    replies = road.partitions(rows, {"y_true": "y", "y_score": "p"}, *_work(), small=True)
    assert len(replies) == parts if parts <= road.FEW else len(replies) <= 8
    made, ids = uc.evaluate_frame(rows, y_true="y", y_score="p"), np.arange(700)
    assert made.tallies == uc.evaluate(ids % 2, y_score=ids / 700, grid="folded").tallies


def test_partitions_are_numbered_where_nothing_has_to_run(spark: Any) -> None:
    """After a shuffle only running it tells, and a frame of Connect does not say."""
    rows = spark.range(10, numPartitions=3)
    assert road._parts(rows) == 3
    assert road._parts(rows.repartition(7, "id")) is None
    assert road._parts(object()) is None


def test_what_was_loaded_is_not_searched_for_garbage(spark: Any, plain: Any) -> None:
    """The search follows every task of a process that Spark uses again, and would take longer than a small part."""

    def frozen(batches: Iterator[Any]) -> Iterator[Any]:
        import gc

        import pyarrow as pa

        yield from (pa.RecordBatch.from_pydict({"n": [gc.get_freeze_count()]}) for _ in batches)

    uc.evaluate_frame(plain, y_true="y", y_score="p")
    counts = [row.n for row in spark.range(8, numPartitions=4).mapInArrow(frozen, "n long").collect()]
    assert max(counts) > 10_000


def test_the_session_is_as_before(spark: Any) -> None:
    """How many rows come at a time is set for the job alone, and not where the session says it."""
    rows = spark.range(10).selectExpr("cast(id % 2 as int) y", "id / 10D p")
    with road._large_batches(spark, 2):
        assert spark.conf.get(road.BATCH) == str(road.CELLS // 2)
        with road._large_batches(spark, 1):  # of another thread
            assert spark.conf.get(road.BATCH) == str(road.CELLS // 2)
    uc.evaluate_frame(rows, y_true="y", y_score="p")
    with pytest.raises(InputError):
        uc.evaluate_frame(rows.selectExpr("y", "p + 1 p"), y_true="y", y_score="p")
    assert road.BATCH not in spark.conf.getAll
    assert spark.conf.get(road.BATCH) == str(road.USUAL)
    spark.conf.set(road.BATCH, "3")
    try:
        with road._large_batches(spark, 2):
            assert spark.conf.get(road.BATCH) == "3"
        assert uc.evaluate_frame(rows, y_true="y", y_score="p").total == 10
        assert spark.conf.get(road.BATCH) == "3"
    finally:
        spark.conf.unset(road.BATCH)


def test_a_session_in_which_nothing_may_be_set() -> None:
    """Is left as it is; and what goes wrong meanwhile is told."""

    class Session:
        @property
        def conf(self) -> Any:
            raise RuntimeError("not allowed")

    with pytest.raises(ValueError, match="of the job"), road._large_batches(Session(), 2):
        raise ValueError("of the job")
    assert not road._GUARD.locked()


# ── how far it is ─────────────────────────────────────────────────────────────────────────────
def waiting(folder: str) -> Any:
    """Rows that pass through; all but two partitions wait for a file."""

    def passed(batches: Iterator[Any]) -> Iterator[Any]:
        yield from batches
        end = time.monotonic() + 120
        while (
            pyspark.TaskContext.get().partitionId() > 1 and not Path(folder, "go").exists() and time.monotonic() < end
        ):
            time.sleep(0.05)

    return passed


def followed(made: Callable[[], Any], folder: Path, monkeypatch: pytest.MonkeyPatch, sign: str) -> str:
    """What is written while a table is evaluated, some of whose tasks wait until the sign was shown."""

    class Screen(io.StringIO):
        def write(self, text: str) -> int:
            written = super().write(text)
            if sign in self.getvalue():
                (folder / "go").touch()
            return written

    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(sys, "stderr", screen := Screen())
    assert made().total == 60
    return screen.getvalue()


@pytest.mark.parametrize("road_taken", ["group by", "partitions", "two stages"])
def test_tasks_are_shown(road_taken: str, spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are done, of all that are known; and the tag by which they are found is taken off."""
    if road_taken == "two stages":
        monkeypatch.setattr(road, "FEW", 0)
    rows = spark.range(60, numPartitions=6).selectExpr(
        "cast(id % 2 as int) y", "cast(id % 3 > 0 as int) z", "id / 60D p"
    )
    rows, context = rows.mapInArrow(waiting(str(tmp_path)), rows.schema), spark.sparkContext
    context.addJobTag("own")
    try:
        asked = {"y_pred": "z"} if road_taken == "group by" else {"y_score": "p"}
        made = partial(uc.evaluate_frame, rows, y_true="y", progress=True, **asked)
        monkeypatch.setattr(progress_line.Line, "look", eager(progress_line.Line.look))
        written = followed(made, tmp_path, monkeypatch, "2 tasks")
        assert set(context.getJobTags()) == {"own"}
    finally:
        context.removeJobTag("own")
    assert "Counting  33 %  2 tasks  " in written


def eager(look: Callable[..., None]) -> Callable[..., None]:
    """Every look is a line."""

    def at_once(self: Any, *seen: Any) -> None:
        self.next = 0.0
        look(self, *seen)

    return at_once


def test_a_stage_that_was_done_before_is_not_waited_for() -> None:
    """Of tasks before the last stage that has begun, those of stages that never began are left out."""
    from pyspark.status import SparkJobInfo, SparkStageInfo

    stages = {place: SparkStageInfo(place, 0, "", *numbers, 0) for place, numbers in
              {1: (6, 0, 6), 2: (6, 0, 0), 3: (4, 2, 1), 4: (5, 0, 0)}.items()}  # fmt: skip

    class Tracker:
        getStageInfo = stages.get

        def getJobIdsForTag(self, tag: str) -> list[int]:
            return [7, 8] if tag == "ours" else []

        def getJobInfo(self, job: int) -> Any:
            return SparkJobInfo(job, {7: [1], 8: [4, 2, 3, 99]}[job], "RUNNING")

    class Context:
        statusTracker = Tracker

        @property
        def _jsc(self) -> Any:
            return self

        def sc(self) -> Any:
            return self

    assert road._tasks(Context(), "ours") == (7, 7 / 15)
    assert road._tasks(Context(), "another's") == (0, None)
    assert road._tasks(None, "ours") == (0, None)  # as of Spark Connect


@pytest.mark.parametrize("own", [True, False])
def test_no_second_bar(own: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Spark draws its own; of a session that tells nothing the time is shown."""

    class Bar:
        def isDefined(self) -> bool:
            return own

    class Session:
        """Classic, or what Connect has."""

        @property
        def sparkContext(self) -> Any:
            if not own:
                raise AttributeError("of Connect")
            return self

        _jsc = sparkSession = property(lambda self: self)
        sc = addJobTag = removeJobTag = lambda self, *_: self

        def progressBar(self) -> Bar:
            return Bar()

    screen, shown = io.StringIO(), threading.Event()
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "PAUSE", 0.01)
    monkeypatch.setattr(progress_line.Line, "look", lambda self, *seen: shown.set())
    monkeypatch.setattr(sys, "stderr", screen)
    with progress.asked(True), road._followed(Session(), "Counting"):
        watched = [*progress._watches]
        assert own or shown.wait(60)
    assert bool(watched) != own


def _work() -> Any:
    from unconfused.ingest.rows import Reading
    from unconfused.parts import Counting, merged

    return Counting(Reading(grid="folded", batch=True)).reply, merged
