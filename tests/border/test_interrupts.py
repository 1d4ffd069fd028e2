"""Ctrl-C, as processes of their own get it: no file half written, nothing temporary left, one plain line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from border.screens import drawn, more, terminal

SRC = Path(__file__).resolve().parents[2] / "src"
COLUMNS = ["--y-true", "y", "--y-score", "p"]
COMMANDS = [["tally", "-o", "out.uc"], ["report", "-o", "out.html"]]
COMMAND = """
import sys
from unconfused import cli
from unconfused.ingest import progress
progress.PATIENCE = 0.0
cli.process()
"""
"""The command line, which shows how far it is at once: the sign that it reads."""
HELD = """
import os, sys, time
def hold(_):
    print("go", flush=True)
    time.sleep(600)
os.fsync = hold
"""
"""Held up where a file is written, and not yet in its place."""
PIPES: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0}
LONG = 300
"""Names of one file: minutes to read."""


started: list[subprocess.Popen[bytes]] = []


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    """A folder with files that are to be written over; in the end they are what they were, and nothing is beside."""
    place, spare = tmp_path / "here", tmp_path / "spare"
    place.mkdir()
    spare.mkdir()
    for name in ("out.uc", "out.html"):
        (place / name).write_bytes(b"old")
    yield place
    for one in started:
        one.kill()  # those that did not end, of a test that failed
    started.clear()
    assert {x.name: x.read_bytes() for x in place.iterdir()} == {"out.uc": b"old", "out.html": b"old"}
    assert [x.name for x in spare.iterdir() if "unconfused" in x.name] == []


def start(room: Path, *arguments: str, **how: Any) -> subprocess.Popen[bytes]:
    """A process that works in the folder."""
    path = os.pathsep.join(filter(None, (str(SRC), os.environ.get("PYTHONPATH"))))
    env = {**os.environ, "PYTHONPATH": path, "TERM": "xterm", "TMPDIR": str(room.parent / "spare")}
    env.pop("CI", None)
    started.append(subprocess.Popen([sys.executable, *arguments], env=env, cwd=room, **how))
    return started[-1]


def press(running: subprocess.Popen[bytes]) -> None:
    """Ctrl-C; once more after ten seconds, since Python forgets one that comes while it cleans up; and then the end."""
    running.send_signal(signal.SIGINT)
    for seconds, act in ((10, partial(running.send_signal, signal.SIGINT)), (60, running.kill)):
        timer = threading.Timer(seconds, act)
        timer.daemon = True
        timer.start()


def rows(room: Path, kind: str) -> str:
    """What takes minutes to read: a pipe that nobody closes, or a file under many names."""
    if kind == "pipe":
        os.mkfifo(room.parent / "rows.csv")
        return str(room.parent / "rows.csv")
    for library in ("duckdb", "pandas", "pyarrow"):
        pytest.importorskip(library)
    import numpy as np
    import pandas as pd

    n, folder = 1 << 18, room.parent / "many"
    folder.mkdir()
    frame = pd.DataFrame({"y": np.arange(n) % 2, "p": (np.arange(n) % 4096) / 4096, "c": np.arange(n) % 3})
    first = folder / f"0.{kind}"
    if kind == "csv":
        frame.to_csv(first, index=False)
    else:
        frame.to_parquet(first)
    for i in range(1, LONG):
        os.link(first, folder / f"{i}.{kind}")
    return str(folder / f"*.{kind}")


@pytest.mark.parametrize("kind", ["pipe", "csv", "parquet"])
@pytest.mark.parametrize("command", COMMANDS, ids=["tally", "report"])
def test_command_line(command: list[str], kind: str, room: Path) -> None:
    """While it reads: status 130, one word, and a clean screen."""
    pytest.importorskip("cyclopts")
    main, end = terminal()
    source = rows(room, kind)
    arguments = [command[0], source, *COLUMNS, *command[1:]]
    running = start(room, "-c", COMMAND, *arguments, stdin=subprocess.DEVNULL, stdout=end, stderr=end)
    os.close(end)
    kept_open = os.open(source, os.O_WRONLY) if kind == "pipe" else None
    with os.fdopen(main, "rb", 0) as screen:
        written = screen.read(1)
        press(running)
        while block := more(screen):
            written += block
    assert running.wait(60) == 130, written.decode()
    assert drawn(written.decode()) == ["interrupted", ""]
    if kept_open is not None:
        os.close(kept_open)


SOURCES = {
    "relation": """
import duckdb
engine = duckdb.connect()
engine.execute("SET enable_progress_bar = false")  # its own one, on standard output
source = engine.sql("select (range % 2)::int as y, 0.5 as p, range % 3 as c from range(10000000000000)")
""",
    "lazy frame": """
import polars as pl
part = pl.LazyFrame({"y": [0, 1] * 100000, "p": [0.25, 0.75] * 100000, "c": [1, 2] * 100000})
source = pl.concat([part] * 20000)
""",
    "reader": """
import pyarrow as pa
one = pa.record_batch({"y": [0, 1] * 1000, "p": [0.25, 0.75] * 1000, "c": [1, 2] * 1000})
def forever():
    while True:
        yield one
source = pa.RecordBatchReader.from_batches(one.schema, forever())
""",
    "files": "source = sys.argv[1]\n",
}
ASKING = """
import sys
import unconfused as uc
from unconfused.ingest import progress
progress.PATIENCE = 0.0
{source}
try:
    uc.evaluate_frame(source, y_true="y", y_score="p", progress=True{how})
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("how", ["", ", by=['c'], edges={'c': 2}"], ids=["plain", "cut"])
@pytest.mark.parametrize("source", SOURCES)
def test_python(source: str, how: str, room: Path) -> None:
    """A KeyboardInterrupt out of the call, whatever is read, and no word of any thread."""
    for library in ("duckdb", "polars", "pyarrow", "pandas"):
        pytest.importorskip(library)
    files = [rows(room, "parquet")] if source == "files" else []
    code = ASKING.format(source=SOURCES[source], how=how)
    running = start(room, "-c", code, *files, **PIPES)
    assert running.stderr is not None
    first = running.stderr.read(1)
    press(running)
    out, err = running.communicate(timeout=60)
    assert (out, running.returncode) == (b"interrupted\n", 0), err.decode()
    said = (first + err).decode().splitlines()
    assert all(line.startswith(("Counting", "Looking", "Reading")) for line in said), said


@pytest.mark.parametrize("call", ["ev.save('out.uc')", "ev.to_html('out.html')"])
def test_writing(call: str, room: Path) -> None:
    """The old file stays, and the new one leaves nothing."""
    if "html" in call:
        pytest.importorskip("jinja2")
    code = f"{HELD}\nimport unconfused as uc\nev = uc.evaluate([0, 1, 0, 1], y_score=[0.1, 0.9, 0.4, 0.6])\n{call}"
    running = start(room, "-c", code, **PIPES)
    assert running.stdout is not None
    assert running.stdout.readline() == b"go\n"
    press(running)
    _, err = running.communicate(timeout=60)
    assert err.decode().splitlines()[-1] == "KeyboardInterrupt"


@pytest.mark.parametrize("command", COMMANDS, ids=["tally", "report"])
def test_command_line_writing(command: list[str], room: Path) -> None:
    """As while it reads."""
    for library in ("cyclopts", "duckdb", "jinja2"):
        pytest.importorskip(library)
    source = room.parent / "few.csv"
    source.write_text("y,p\n" + "1,0.9\n0,0.2\n1,0.4\n0,0.5\n" * 10)
    arguments = [command[0], str(source), *COLUMNS, *command[1:]]
    running = start(
        room, "-c", f"{HELD}\n{COMMAND}", *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    )
    assert running.stdout is not None
    assert running.stdout.readline() == b"go\n"
    press(running)
    _, err = running.communicate(timeout=60)
    assert (err, running.returncode) == (b"interrupted\n", 130)
