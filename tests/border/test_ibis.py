"""Tables of a database through Ibis: DuckDB in this process, and a PostgreSQL server that these tests start."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ibis = pytest.importorskip("ibis")
duckdb = pytest.importorskip("duckdb")
psycopg = pytest.importorskip("psycopg")

from border import elsewhere, odd  # noqa: E402
from border.elsewhere import CALLS, COUNTED, HOSTILE, PLAIN, REFUSED, Columns  # noqa: E402
from border.hostile import PASSES, TABLE, Source, check_source  # noqa: E402

import unconfused as uc  # noqa: E402
from unconfused.errors import InvalidWeights, LabelTypeMismatch, ScoresAsLabels  # noqa: E402
from unconfused.ingest import ibis as road  # noqa: E402
from unconfused.ingest.rows import Reading  # noqa: E402
from unconfused.parts import Counting, Reply  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what Ibis asks DuckDB for
KINDS = {bool: "boolean", int: "bigint", float: "double precision", str: "text"}
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
Execute = Callable[..., Any]


def program(name: str) -> str:
    """A program of PostgreSQL: on the path, or where Debian puts them."""
    found = shutil.which(name) or next((str(x.with_name(name)) for x in PROGRAMS[::-1]), None)
    if found is None:
        pytest.skip("no PostgreSQL on this machine")
    return found


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of its own on a socket in a folder of its own; it listens to no network, and does not run as root."""
    control, initdb = program("pg_ctl"), program("initdb")
    folder = tempfile.mkdtemp(prefix="unconfused-")
    other = {"user": "postgres"} if os.geteuid() == 0 else {}
    if other:
        shutil.chown(folder, "postgres")
    quiet: dict[str, Any] = {"check": True, "stdout": subprocess.DEVNULL, "cwd": "/", "timeout": 120, **other}
    data = f"{folder}/data"
    subprocess.run([initdb, "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync"], **quiet)
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    subprocess.run([control, "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start"], **quiet)
    yield folder
    subprocess.run([control, "-D", data, "-m", "immediate", "stop"], **quiet)
    shutil.rmtree(folder)


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def engine(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Execute, str]]:
    """A connection of Ibis, how it is told SQL, and how the engine spells a parameter."""
    if request.param == "duckdb":
        made = ibis.duckdb.connect()
        yield made, made.con.execute, "?"
        made.disconnect()
        return
    folder = request.getfixturevalue("server")
    made = ibis.postgres.connect(host=folder, user="tester", database="postgres")
    with psycopg.connect(host=folder, user="tester", dbname="postgres", autocommit=True) as session:
        yield made, session.execute, "%s"
    made.disconnect()


def kind_of(values: list[Any]) -> str:
    return KINDS[type(next(x for x in values if x is not None))]


def table(engine: Any, name: str, data: Columns, kinds: Mapping[str, str] | None = None) -> Any:
    """A table of these columns."""
    connection, execute, mark = engine
    columns = [
        f'"{column.replace(chr(34), chr(34) * 2)}" {(kinds or {}).get(column) or kind_of(x)}'
        for column, x in data.items()
    ]
    execute(f"create table {name} ({', '.join(columns)})")
    rows = [*zip(*data.values(), strict=True)]
    marks = ", ".join([f"({', '.join([mark] * len(data))})"] * len(rows))
    execute(f"insert into {name} values {marks}", [value for row in rows for value in row])
    return connection.table(name)


@pytest.fixture(scope="module")
def plain(engine: Any) -> Any:
    return table(engine, "plain", PLAIN)


@pytest.fixture(scope="module")
def hostile(engine: Any) -> Any:
    return table(engine, "hostile", HOSTILE)


@pytest.mark.parametrize("size", [1 << 18, 90])
@pytest.mark.parametrize("name", CALLS)
def test_same_tally(name: str, size: int, plain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal to the arrays' to the bit, in one batch or in several."""
    monkeypatch.setattr(road, "PIECE", size)
    elsewhere.check_call(plain, name)


@pytest.mark.parametrize("name", elsewhere.REFINED)
def test_a_second_look(name: str, plain: Any) -> None:
    """Of the bins that leave something open, exact in the end."""
    elsewhere.check_refined(plain, name)


def test_a_second_look_at_what_has_no_score(hostile: Any) -> None:
    """Nulls, NaN, infinities and what is out of range stay in their seats; denormals are found again."""
    elsewhere.check_refined_hostile(hostile)


def test_a_second_look_is_filtered_in_the_database(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only rows near open bins come over, of integers, floats of 32 bits and those at the ends too."""
    connection, execute, _ = engine
    rows = "generate_series(0, 999)" if connection.name == "postgres" else "range(1000)"
    execute("create table looked as select i % 3 % 2 as y, cast(x as double precision) as p, cast(x as real) as single,"
            " cast(2000 * x as bigint) as n from (select i, case when i < 900 then 0.25 else i / 2000.0 end as x "
            f"from {rows} as t(i)) as rows")  # fmt: skip
    narrow = connection.table("looked")
    came: list[int] = []
    counted = road.taken

    def seen(rows: Any, wanted: Any) -> Any:
        came.append(len(rows))
        return counted(rows, wanted)

    monkeypatch.setattr(road, "taken", seen)
    for column, how in {"p": {}, "single": {}, "n": {"score_kind": "raw", "grid": "floatbits(2)"}}.items():
        came.clear()
        how = {"pins": (), "refine": True, **({"grid": "folded(1)"} | how)}
        made = uc.evaluate_frame(narrow, y_true="y", y_score=column, **how)
        values = narrow.select("y", column).to_pandas()
        assert made.scores == uc.evaluate(values["y"], y_score=values[column], **how).scores
        assert came[-1] == 100


def test_weights(plain: Any) -> None:
    """Sums of weights to 1e-12."""
    elsewhere.check_weights(plain)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, hostile: Any) -> None:
    """With the same numbers."""
    elsewhere.check_refused(hostile, name)


@pytest.mark.parametrize("name", COUNTED)
def test_counted(name: str, hostile: Any) -> None:
    """In the same seats."""
    elsewhere.check_counted(hostile, name)


@pytest.mark.parametrize("name", elsewhere.MODELS)
def test_several_models(name: str, plain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one scan, with their joint table."""
    monkeypatch.setattr(road, "PIECE", 90)
    elsewhere.check_models(plain, name)


def test_row_costs(plain: Any, hostile: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Summed where the rows are."""
    monkeypatch.setattr(road, "PIECE", 90)
    elsewhere.check_row_costs(plain)
    elsewhere.check_row_costs_refused(hostile)


def test_quantiles(plain: Any, hostile: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exact, by two looks."""
    monkeypatch.setattr(road, "PIECE", 90)
    elsewhere.check_quantiles(plain)
    elsewhere.check_quantiles_refused(hostile)


@pytest.mark.parametrize("what", PASSES)
def test_hostile_table(what: str, hard: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As every other source has it."""
    monkeypatch.setattr(road, "PIECE", 90)
    check_source(Source(lambda _: hard, order=False), what, tmp_path)


@pytest.fixture(scope="module")
def hard(engine: Any) -> Any:
    """The hostile table."""
    kinds = {"y": "smallint", "single": "real", "money": "decimal(5, 2)", "gap": "integer"}
    return table(engine, "hard", TABLE, kinds)


def test_classes_are_counted_in_the_database(plain: Any, hostile: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No row of theirs comes over."""

    def never(*_: Any) -> Any:
        raise AssertionError("rows were asked for")

    monkeypatch.setattr(road, "pieces", never)
    for name in ("classes", "classes in slices"):
        elsewhere.check_call(plain, name)
    elsewhere.check_counted(hostile, "classes")


def test_what_a_piece_refuses(hostile: Any) -> None:
    """Our own error."""
    with pytest.raises(InvalidWeights, match="negative"):
        uc.evaluate_frame(hostile, y_true="y", y_score="edge", sample_weight="w")


def test_types(engine: Any) -> None:
    """Decimals, floats of 32 bits and small integers are what they are; so are expressions."""
    connection, execute, _ = engine
    execute("create table kinds (y smallint, d decimal(9, 4), f real, k integer)")
    execute("insert into kinds values (0, 0.125, 0.1, 0), (1, 0.25, 0.7, 1), (1, 0.5, 0.3, 1)")
    made, truth = connection.table("kinds"), [0, 1, 1]
    exact = uc.evaluate_frame(made, y_true="y", y_score="d", grid="exact")
    assert exact.tallies == uc.evaluate(truth, y_score=[0.125, 0.25, 0.5]).tallies
    single = uc.evaluate_frame(made.filter(made.k >= 0), y_true="y", y_score="f", grid="exact")
    assert single.tallies == uc.evaluate(truth, y_score=np.array([0.1, 0.7, 0.3], np.float32)).tallies
    labels = uc.evaluate_frame(made.mutate(t=made.k.cast("decimal(5, 0)")), y_true="t", y_pred="y")
    assert labels.matrix == uc.evaluate(truth, truth).matrix


def test_collations_do_not_merge_classes(engine: Any) -> None:
    """Text is equal only where its bytes are, whatever the column's collation says."""
    connection, execute, mark = engine
    kind = "text collate nocase"
    if mark == "%s":
        execute("create collation blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
        kind = "text collate blind"
    execute(f"create table cats (c {kind})")
    execute("insert into cats values ('Cat'), ('cat'), ('cat')")
    made = uc.evaluate_frame(connection.table("cats"), y_true="c", y_pred="c")
    assert made.matrix == uc.evaluate(["Cat", "cat", "cat"], ["Cat", "cat", "cat"]).matrix


def test_odd_slices(engine: Any) -> None:
    """Slices by columns of odd types are called as everywhere, or refused."""
    connection, turns = engine[0], count()

    def made(name: str) -> Any:
        if engine[2] == "?":
            return ibis.memtable(odd.arrow_table(name))
        return connection.create_table(f"odd{next(turns)}", odd.arrow_table(name), temp=True)

    several = ("list", "record", "none", "span") if engine[2] == "%s" else ()  # which Ibis does not write there
    odd.check(made, [name for name in odd.COLUMNS if name not in several])
    if engine[2] == "%s":
        engine[1]("create table spans (y bigint, p double precision, x interval, l integer[])")
        engine[1]("insert into spans values (0, 0.5, '1 hour', '{1}'), (1, 0.5, '2 hours', '{2, 3}')")
        for name in "xl":
            with pytest.raises(LabelTypeMismatch, match=r"durations|lists"):
                uc.evaluate_frame(connection.table("spans"), y_true="y", y_pred="y", by=[name])


def test_memory_tables() -> None:
    """A table that Ibis holds itself."""
    made = ibis.memtable({"y": [1, 0, 1], "p": [0.5, 0.25, 0.75]})
    assert uc.evaluate_frame(made, y_true="y", y_score="p").total == 3


# ── scores in one GROUP BY ────────────────────────────────────────────────────────────────────
def beside(x: float) -> list[float]:
    """A score and its neighbours."""
    return [float(np.nextafter(x, -np.inf)), x, float(np.nextafter(x, np.inf))]


POWERS = [s * 2.0**e for e in (-1074, -1073, -1023, -1022, -127, -126, -66, -65, -64, -9, -2, -1, 0) for s in (1, 1.5)]
EDGES = [x for p in POWERS for y in (p, 1 - p) for x in beside(y) if 0 <= x <= 1]
FAR = [s * y for x in (*POWERS, 2.0**127, 2.0**128, 1.7e308, np.inf) for y in beside(x) for s in (-1, 1)]
PINS = [0.3, 0.1 + 0.2, 1 / 3, 5e-324, 1 - 2**-53]
GRIDS = ("folded(7)", "folded(0)", "folded(12)", "floatbits(7)", "floatbits(10)", "uniform(1024)")
hostile_scores = st.one_of(
    st.floats(0, 1),
    st.sampled_from([*EDGES, *PINS, -0.0]),
    st.integers(1, 99).flatmap(lambda i: st.sampled_from(beside(i / 100))),
    st.integers(0, 2**13).flatmap(lambda i: st.sampled_from(beside(2.0**-3 + i * 2.0**-16))),
)


@pytest.fixture(scope="module")
def scored(engine: Any) -> Callable[..., Any]:
    """What puts scores and labels into a table, without those of the last time."""
    connection, execute, mark = engine
    execute("create table scored (y smallint, s double precision)")

    def made(truth: Any, scores: Any) -> Any:
        execute("delete from scored")
        marks = ", ".join([f"({mark}, {mark})"] * len(scores))
        pairs = zip(np.asarray(truth).tolist(), np.asarray(scores, float).tolist(), strict=True)
        execute(f"insert into scored values {marks}", [value for pair in pairs for value in pair])
        return connection.table("scored")

    return made


def check_cells(scored: Any, truth: Any, scores: Any, **how: Any) -> None:
    """One GROUP BY keeps what the arrays do, to the bit."""
    how["labels"] = (0, 1)
    work = Counting(Reading(invalid="count", batch=True, **how))
    groups = road.groups(scored(truth, scores), {"y_true": "y", "y_score": "s"}, work.reading, {})
    reply = Reply.from_bytes(work.reply(groups))
    assert reply.refusal is None
    same = reply.tallies.scores == uc.evaluate(truth, y_score=scores, **how).scores
    assert same


@pytest.mark.parametrize("grid", GRIDS)
def test_cells_at_their_edges(grid: str, scored: Any) -> None:
    """The cell that SQL finds for denormals, zeros, ones, pins and the neighbours of every edge is the grid's."""
    rng = np.random.default_rng(3)
    scores = np.array([*EDGES, *PINS, -0.0, *(x for i in range(1, 100) for x in beside(i / 100)), *rng.random(99)])
    truth = rng.integers(2, size=len(scores))
    check_cells(scored, truth, scores, grid=grid, pins=PINS)


@pytest.mark.parametrize("kind", ["raw", "logit"])
def test_cells_of_any_score(kind: str, scored: Any) -> None:
    """The same of numbers without bounds."""
    scores = np.array([*FAR, *EDGES, -0.0, 0.0, 3.0, -0.1])
    truth = np.arange(len(scores)) % 3 // 2
    check_cells(scored, truth, scores, grid="floatbits", score_kind=kind, pins=[0.25, 0.3])


@given(st.lists(st.tuples(st.integers(0, 1), hostile_scores), min_size=1, max_size=300), st.sampled_from(GRIDS))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_cells(scored: Any, rows: list[tuple[int, float]], grid: str) -> None:
    """The same of any rows."""
    truth, scores = zip(*rows, strict=True)
    check_cells(scored, truth, scores, grid=grid)


def test_scores_are_counted_in_the_database(engine: Any, plain: Any, hostile: Any, monkeypatch: Any) -> None:
    """No row of theirs comes over; of DuckDB, which is in this process, none of slices."""

    def never(*_: Any) -> Any:
        raise AssertionError("rows were asked for")

    monkeypatch.setattr(road, "pieces", never)
    elsewhere.check_call(plain, "scores in slices")
    elsewhere.check_counted(hostile, "slices of nulls")
    if engine[2] == "%s":
        for name in ("scores", "both", "raw, another grid", "text with a positive class"):
            elsewhere.check_call(plain, name)
        for name in ("scores", "truth values", "null labels", "dropped"):
            elsewhere.check_counted(hostile, name)


def test_a_group_that_reaches_across_cells_is_counted_by_rows(plain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a database makes of the arithmetic: what it says is looked at, and otherwise not believed."""
    asked, rows = [], road.pieces
    monkeypatch.setattr(road, "celled", lambda table, _: table.mutate(cell=(table.score * 3).floor()))
    monkeypatch.setattr(road, "pieces", lambda *given: asked.append(given) or rows(*given))
    elsewhere.check_call(plain, "scores in slices")
    assert asked


def test_scores_as_labels(plain: Any) -> None:
    """The error says how many rows, not how many groups."""
    with pytest.raises(ScoresAsLabels, match=rf"of {elsewhere.N}"):
        uc.evaluate_frame(plain, y_true="p", y_pred="y")


def test_sorted_groups_are_no_sorted_rows(plain: Any) -> None:
    """The order in which groups come is nobody's."""
    made = uc.evaluate_frame(plain, y_true="y", y_score="p", by=["zone1"])
    assert not {"neighbours", "changes", "repeated"} & {*made.scores.evidence}


@pytest.mark.parametrize("size", [1 << 18, 7])
def test_ids(engine: Any, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst rows by their names, whole numbers or text, of scores and of classes, sliced or not."""
    monkeypatch.setattr(road, "PIECE", size)
    rng, n = np.random.default_rng(3), 60
    data: Columns = {
        "y": rng.integers(2, size=n).tolist(),
        "p": (rng.permutation(n) / n).tolist(),  # no ties: rows of a database have no order
        "guess": rng.integers(2, size=n).tolist(),
        "k": rng.permutation(10**6)[:n].tolist(),
        "name": [f"né {i}" for i in rng.permutation(n)],
        "c": rng.integers(3, size=n).tolist(),
    }
    made = table(engine, f"named{size}", data)
    for ids in ("k", "name"):
        by_score = uc.evaluate_frame(made, y_true="y", y_score="p", ids=ids, by=["c"])
        wanted = uc.evaluate(data["y"], y_score=data["p"], ids=data[ids], grid="folded", by={"c": data["c"]})
        for actual, predicted in ((1, 0), (0, 1)):
            asked: Any = (actual, predicted, 5)
            assert by_score.rows(*asked, threshold=0.5) == wanted.rows(*asked, threshold=0.5)
            assert len(by_score.rows(*asked, threshold=0.5)) == 5
        by_class = uc.evaluate_frame(made, y_true="y", y_pred="guess", ids=ids)
        again = uc.evaluate(data["y"], data["guess"], ids=data[ids])
        assert set(by_class.rows(1, 0, n)) == set(again.rows(1, 0, n)) != set()


# ── how far it is ─────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("asked", "where", "said"),
    [
        ({"y_true": "n", "y_pred": "n"}, "stand_ins", "Counting"),
        ({"y_true": "y", "y_score": "p", "by": ["zone"]}, "stand_ins", "Counting"),
        ({"y_true": "y", "y_score": "p", "by": ["age"], "edges": {"age": 4}}, "taken", "Looking for edges"),
    ],
    ids=["classes", "cells", "edges"],
)
def test_time_is_shown(
    asked: dict[str, Any], where: str, said: str, plain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a database groups, and while rows are looked at for edges."""
    pytest.importorskip("rich")
    from unconfused.ingest import progress

    original, written, shown = getattr(road, where), io.StringIO(), []

    def held(*given: Any) -> Any:
        if not shown:  # of a first batch, so that the query is under way
            for _ in range(1200):
                if "so far" in written.getvalue():
                    break
                time.sleep(0.05)
            shown.append(re.match(rf"{said}  0:\d\d:\d\d so far\n", written.getvalue()))
        return original(*given)

    monkeypatch.setattr(road, where, held)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(sys, "stderr", written)
    assert uc.evaluate_frame(plain, progress=True, **asked).total == elsewhere.N
    assert shown != []
    assert shown[0], written.getvalue()
