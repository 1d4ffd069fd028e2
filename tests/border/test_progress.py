"""How far a long pass is: where it is shown, what it says, and that nothing of it stays."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from border.screens import drawn, more, rows_used, screen, terminal
from hypothesis import example, given
from hypothesis import strategies as st

import unconfused as uc
from unconfused.errors import inert
from unconfused.ingest import progress
from unconfused.ingest.progress import Look, asked, shown

progress_line = pytest.importorskip("unconfused.ingest.progress_line")  # which is drawn by rich

SRC = Path(__file__).resolve().parents[2] / "src"
N = 1000


class Terminal(io.StringIO):
    """What is written to it, and a sign once something was."""

    encoding = "utf-8"

    def __init__(self, tty: bool = True) -> None:
        super().__init__()
        self.tty, self.sign = tty, threading.Event()

    def isatty(self) -> bool:
        return self.tty

    def write(self, text: str) -> int:
        written = super().write(text)
        self.sign.set()
        return written


class Notebook(Terminal):
    """The stream of a cell."""


Notebook.__module__ = "ipykernel.iostream"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is shown is shown at once, wherever these tests run."""
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "PAUSE", 0.01)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")


def work(screen: Terminal, **how: Any) -> str:
    """What is written while work goes on until it is."""
    with shown("Counting", lambda: N, **how) as meter:
        meter.add(400)
        while "400 rows" not in screen.getvalue():
            assert screen.sign.wait(60)
            screen.sign.clear()
    return screen.getvalue()


@pytest.mark.parametrize("stream", [Terminal, Notebook])
def test_a_line_that_is_gone_in_the_end(stream: type[Terminal], monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was done, and the share of all."""
    there = stream(tty=stream is Terminal)
    monkeypatch.setattr(sys, "stderr", there)
    written = work(there)
    assert "Counting" in written
    assert "40 %  400 rows" in written
    assert rows_used(written, 100) == 1
    assert drawn(written, 100) == [""]
    assert "\x1b[?25l" not in written  # the cursor is never hidden: who is killed could not show it again
    assert ("\x1b" in written) == (stream is Terminal)


def test_an_echo_is_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal shows ^C where the cursor is: at the start of the line."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with suppress(KeyboardInterrupt), shown("Counting"):
        assert screen.sign.wait(60)
        screen.write("^C")
        raise KeyboardInterrupt
    assert "^C" in screen.getvalue()
    assert drawn(screen.getvalue()) == [""]


@pytest.mark.parametrize(
    ("on", "tty", "settings"),
    [
        (False, True, {}),
        (None, False, {}),
        (None, True, {"CI": "true"}),
        (None, True, {"TERM": "dumb"}),
    ],
    ids=["switched off", "no terminal", "CI", "dumb"],
)
def test_silence(on: bool | None, tty: bool, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a character, and no thread."""
    screen = Terminal(tty)
    monkeypatch.setattr(sys, "stderr", screen)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with asked(on), shown("Counting") as meter:
        assert "unconfused progress" not in {thread.name for thread in threading.enumerate()}
        meter.add(3)
    assert (screen.getvalue(), meter.amount) == ("", 3)
    monkeypatch.setattr(sys, "stderr", None)  # as under pythonw
    with shown("Counting"):
        pass


def test_short_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is shown of what is over before anybody wonders."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(progress, "PATIENCE", 600.0)
    with shown("Counting") as meter:
        meter.add(1)
    assert screen.getvalue() == ""


def test_asked_for_where_nothing_can_be_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole lines, which stay."""
    screen = Terminal(tty=False)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("CI", "true")
    with asked(True):
        written = work(screen)
    assert "Counting  40 %  400 rows  " in written
    assert written.endswith(" so far\n")
    assert not {"\r", "\x1b", "━"} & {*written}


def test_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two passes at once the first is shown."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with shown("First"):
        assert screen.sign.wait(60)
        with shown("Second"):
            pass
    assert "Second" not in screen.getvalue()


@pytest.mark.parametrize("error", [RuntimeError("no answer"), ValueError("closed")])
def test_a_probe_that_fails(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends the looking and nothing else."""
    asked_for = threading.Event()

    def probe() -> tuple[float, float | None]:
        asked_for.set()
        raise error

    monkeypatch.setattr(sys, "stderr", Terminal())
    with shown("Counting", probe=probe):
        assert asked_for.wait(60)


def test_a_probe_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holds nobody up, and the line is gone all the same."""
    there, hung, answer, looks = Terminal(), threading.Event(), threading.Event(), iter([(5, None), (6, None)])

    def probe() -> tuple[float, float | None]:
        found = next(looks)
        if found[0] == 6:
            hung.set()
            assert answer.wait(600)
        return found

    monkeypatch.setattr(sys, "stderr", there)
    try:
        with shown("Counting", probe=probe):
            assert hung.wait(60)
            watch = progress._watches[-1]
        assert watch.is_alive()
        assert "5 rows" in there.getvalue()
        assert drawn(there.getvalue(), 100) == [""]
    finally:
        answer.set()
    watch.join(60)
    assert drawn(there.getvalue(), 100) == [""]


def test_without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is shown, and nothing fails."""
    there = Terminal()
    monkeypatch.setattr(sys, "stderr", there)
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    monkeypatch.delitem(sys.modules, progress_line.__name__)
    with asked(True), shown("Counting") as meter:
        progress._watches[-1].join(60)
        meter.add(3)
    assert (there.getvalue(), meter.amount) == ("", 3)


# ── what it says ──────────────────────────────────────────────────────────────────────────────
def line(there: Terminal, how: Look = "terminal", text: str = "Counting") -> Any:
    return progress_line.Line(there, how, text, "row", progress_line.time.monotonic())


def test_speed_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first rows on: what goes before them is no speed; and it is that of the last seconds."""
    clock = SimpleNamespace(now=50.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(progress_line, "time", clock)
    made, said = line(Terminal()), []
    slow = 13.0 + 2 * progress_line.WINDOW
    looks = [(0.0, 0, 0.0), (10.0, 0, 0.0), (11.0, 1_000_000, 0.1), (13.0, 5_000_000, 0.5),
             (slow, 5_100_000, 0.51), (slow + 4, 5_200_000, 0.52)]  # fmt: skip
    for seconds, amount, share in looks:
        clock.now = 50.0 + seconds
        made.look(amount, share)
        said.append({**made.tasks[-1].fields})
    assert [x["time"] for x in said[:4]] == ["0:00:00 so far", "0:00:10 so far", "0:00:11 so far", "0:00:03 left"]
    assert [x["rate"] for x in said] == ["", "", "", "2.00 million/s", "", "25.0 thousand/s"]
    assert said[-1]["time"] == "0:03:12 left"
    assert [x["amount"] for x in said[:3]] == ["", "", "1.00 million rows"]
    made = line(Terminal())
    clock.now += 100
    made.look(7, None)
    assert [made.tasks[-1].fields[x] for x in ("share", "time")] == ["", "0:01:40 so far"]


LETTERS = st.characters(max_codepoint=0x2FF, exclude_categories=("Cf",)) | st.sampled_from("文字かな")
"""Of which every terminal knows how wide they are."""


@given(
    st.text(LETTERS, max_size=40), st.lists(st.floats(0, 1e14), min_size=1, max_size=3).map(sorted),
    st.none() | st.floats(0, 1.1), st.integers(1, 160), st.sampled_from(["utf-8", "ascii", "cp1252"]),
)  # fmt: skip
@example("Counting", [1e6, 2e6], 0.5, 20, "utf-8")
@example("Counting", [1e6, 2e6], 0.5, 40, "utf-8")
@example("Reading [red]x[/]\x1b[2J\n\r\t文.csv", [1e6, 2e6], 0.5, 120, "utf-8")
def test_no_line_is_wider_than_the_terminal(
    text: str, amounts: list[float], share: float | None, columns: int, encoding: str
) -> None:
    """Whatever the numbers, the words and the letters that there are; and nothing of it is obeyed or is markup."""
    there = Terminal()
    there.encoding = encoding
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        with line(there, text=text) as made:
            for x in amounts:
                made.look(x, share)
                there.getvalue().encode(encoding)
            shows = screen(there.getvalue(), columns)
            assert shows.cursor.y == 0
            assert columns <= 3 or shows.cursor.x <= columns - 3
            assert shows.display[0].strip()
            if columns > 120:
                words = inert(text, kept="").encode(encoding, "replace").decode(encoding).split()
                parts = [*words, *(part for part in made.tasks[-1].fields.values() if part != made.text)]
                assert all(part.strip() in "".join(shows.display[0]) for part in parts)
    assert rows_used(there.getvalue(), columns) == 1
    assert drawn(there.getvalue(), columns) == [""]


@pytest.mark.parametrize(
    ("columns", "left"),
    [
        (100, "Counting ━━━━━━━━━━━━━━━━━━━━━━━━  50 %  5.00 million rows  2.00 million/s  0:00:03 left"),
        (80, "Counting ━━━━━━━━━━━━━  50 %  5.00 million rows  2.00 million/s  0:00:03 left"),
        (60, "Counting ━━━━━━━━━  50 %  5.00 million rows  0:00:03 left"),
        (40, "50 %  5.00 million rows  0:00:03 left"),
        (20, "5.00 million rows"),
        (14, "5.00 millio"),
    ],
)
def test_what_matters_least_is_left_out(columns: int, left: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a bar takes what is left."""
    clock, there = SimpleNamespace(now=50.0, monotonic=lambda: clock.now), Terminal()
    monkeypatch.setattr(progress_line, "time", clock)
    monkeypatch.setenv("COLUMNS", str(columns))
    with line(there) as made:
        for amount, share in ((1_000_000, 0.1), (5_000_000, 0.5)):
            made.look(amount, share)
            clock.now += 2
        shows = screen(there.getvalue(), columns).display[0].strip()
    assert re.sub("[━╸╺]+", lambda bar: "━" * len(bar[0]), shows) == left


@given(st.floats(0, 1e15))
def test_three_digits_say_it(x: float) -> None:
    """To half of the last one."""
    said = progress_line.short(x)
    number, _, word = said.partition(" ")
    scale = {"": 1.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}[word]
    assert float(number.replace(",", "")) * scale == pytest.approx(x, rel=5e-3, abs=0.5)


# ── how many rows there are ───────────────────────────────────────────────────────────────────
def sources(folder: Path) -> dict[str, tuple[Any, int | None]]:
    """Tables of N rows, and what is known of that before they are read."""
    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.feather
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    table = pa.table({"y": rng.integers(0, 2, N), "p": rng.random(N)})
    pq.write_table(table, folder / "a.parquet", row_group_size=300)
    pa.feather.write_feather(table, folder / "a.arrow")
    with pa.ipc.new_stream(folder / "a.arrows", table.schema) as writer:
        writer.write_table(table)
    table.to_pandas().to_csv(folder / "a.csv", index=False)
    relation = duckdb.connect().read_csv(str(folder / "a.csv"))
    return {
        "Parquet": (folder / "a.parquet", N),
        "Arrow file": (folder / "a.arrow", N),
        "Arrow stream": (folder / "a.arrows", None),
        "CSV": (folder / "a.csv", N),
        "table": (table, N),
        "dataset": (ds.dataset(folder / "a.parquet"), N),
        "dataset of text": (ds.dataset(folder / "a.csv", format="csv"), None),
        "filtered dataset": (ds.dataset(folder / "a.parquet").filter(ds.field("y") == 1), None),
        "reader": (table.to_reader(), N),
        "pandas": (pd.read_csv(folder / "a.csv"), N),
        "Polars": (pl.read_csv(folder / "a.csv"), N),
        "lazy": (pl.scan_csv(folder / "a.csv"), None),
        "relation": (relation, None),
    }


@pytest.mark.parametrize(
    "name",
    ["Parquet", "Arrow file", "Arrow stream", "CSV", "table", "dataset", "dataset of text", "filtered dataset",
     "reader", "pandas", "Polars", "lazy", "relation"],
)  # fmt: skip
def test_rows_of_every_source(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, and set against all of them where these are known."""
    for library in ("duckdb", "pandas", "polars", "pyarrow"):
        pytest.importorskip(library)
    from unconfused.ingest import frames

    monkeypatch.setattr(frames, "PIECE", 100)
    meters: list[tuple[str, progress.Meter]] = []
    original = progress.shown

    def kept(text: str, *args: Any, **more: Any) -> Any:
        made = original(text, *args, **more)

        class Noted:
            def __enter__(self) -> progress.Meter:
                meters.append((text, made.__enter__()))
                return meters[-1][1]

            def __exit__(self, *error: Any) -> Any:
                return made.__exit__(*error)

        return Noted()

    from unconfused import tables
    from unconfused.ingest import quantiles

    monkeypatch.setattr(tables, "shown", kept)
    monkeypatch.setattr(quantiles, "shown", kept)
    source, rows = sources(tmp_path)[name]
    ev = uc.evaluate_frame(source, y_true="y", y_score="p", by=["p"], edges={"p": 4})
    assert [text for text, _ in meters] == ["Looking for edges", "Looking for edges", "Counting"]
    whole = ev.total
    assert [meter.probe() for _, meter in meters] == [(whole, None if rows is None else 1.0)] * 3


def test_batches_of_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows, and the share of the batches."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    batches = [(np.array([0, 1]), np.array([0.2, 0.8])), (np.array([1, 0]), np.array([0.7, 0.3]))]
    seen = threading.Event()

    def step(model: Any, batch: Any) -> Any:
        while seen.is_set() and "50 %  2 rows" not in screen.getvalue():
            threading.Event().wait(0.01)
        seen.set()
        return batch

    assert uc.evaluate_model(None, batches, step=step).total == 4
    assert "Running NoneType" in screen.getvalue()
    assert drawn(screen.getvalue()) == [""]
    silent = Terminal()
    monkeypatch.setattr(sys, "stderr", silent)
    assert uc.evaluate_model(None, batches, step=lambda model, batch: batch, progress=False).total == 4
    assert silent.getvalue() == ""


def test_bytes_of_text_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all files, with what the engine says of the one that is being read."""
    pytest.importorskip("duckdb")
    from unconfused.ingest import engine

    paths = [tmp_path / name for name in "ab"]
    for path, size in zip(paths, (100, 300), strict=True):
        path.write_bytes(b"x" * size)

    class Own:
        def execute(self, *_: Any) -> None:
            pass

        def query_progress(self) -> float:
            return answers.pop()

    probes: list[Callable[[], Any]] = []
    original = engine.shown

    def kept(text: str, **more: Any) -> Any:
        probes.append(more["probe"])
        return original(text, **more)

    monkeypatch.setattr(engine, "shown", kept)
    answers, looks = [50.0, -1.0], []

    def load(place: int) -> int:
        looks.append(probes[0]())
        return place

    assert engine.loaded(engine.Engine(Own()), [str(x) for x in paths], load, "Reading") == [0, 1]
    assert [*looks, probes[0]()] == [(0, 0.0), (250.0, 0.625), (400, 1.0)]


# ── on a real terminal ────────────────────────────────────────────────────────────────────────
@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "rows.csv"
    os.mkfifo(path)
    yield path
    path.unlink()


@pytest.mark.parametrize("columns", [80, 60, 40, 20, 12])
def test_terminal(columns: int, pipe: Path, tmp_path: Path) -> None:
    """The command line reads a pipe that stays open until the line has shown; then only the result is there."""
    pytest.importorskip("cyclopts")
    main, end = terminal(columns)
    target = tmp_path / "a.uc"
    command = ["tally", str(pipe), "--y-true", "y", "--y-score", "p", "-o", target.name]
    path = os.pathsep.join(filter(None, (str(SRC), os.environ.get("PYTHONPATH"))))
    env = {**os.environ, "PYTHONPATH": path, "TERM": "xterm", "PYTHONUTF8": "1"}
    env.pop("COLUMNS")
    running = subprocess.Popen(
        [sys.executable, "-m", "unconfused", *command],
        stdin=subprocess.DEVNULL, stdout=end, stderr=end, env=env, cwd=tmp_path,
    )  # fmt: skip
    os.close(end)
    written = b""
    with pipe.open("w") as rows, os.fdopen(main, "rb", 0) as screen:
        rows.write("y,p\n" + "1,0.9\n0,0.2\n" * 50)
        rows.flush()
        while b"604" not in written:  # bytes, on any width
            written += screen.read(1024)
        rows.close()
        while block := more(screen):
            written += block
    assert running.wait(60) == 0
    text = written.decode()
    wide = max(columns, len("a.uc: 100 rows") + 1)
    assert drawn(text, wide) == ["a.uc: 100 rows", ""]
    assert rows_used(text.replace("a.uc: 100 rows", ""), columns) == 1
    assert ("Reading" in text) == (columns > 40)
    assert uc.load(target).total == 100
