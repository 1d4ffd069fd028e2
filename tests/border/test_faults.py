"""Faults: a full disk, an interruption, files of noise. What was there stays, and nothing half-written appears."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("duckdb")

import unconfused as uc
from unconfused import store

SRC = Path(__file__).resolve().parents[2] / "src"


def run(code: str, folder: Path, **how: Any) -> subprocess.CompletedProcess[str]:
    """A process of its own, in the folder."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=folder, env={**os.environ, "PYTHONPATH": str(SRC)},
        capture_output=True, text=True, check=False, **how,
    )  # fmt: skip


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs limits on the size of files")
@pytest.mark.parametrize("room", [0, 100, 4096])
def test_a_full_disk_leaves_the_old_file(room: int, tmp_path: Path) -> None:
    """Saving fails with the system's error, the old file is whole, and no draft is left beside it."""
    old = uc.evaluate([1, 0, 1], [1, 0, 0])
    old.save(tmp_path / "day.uc")
    done = run(
        f"""
        import resource, signal, numpy as np, unconfused as uc
        ev = uc.evaluate(np.arange(20000) % 2, y_score=np.linspace(0, 1, 20000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as a full disk: an error, not a signal
        resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, resource.RLIM_INFINITY))
        try:
            ev.save("day.uc")
        except OSError as error:
            print(type(error).__name__)
        """,
        tmp_path,
    )
    assert done.stdout == "OSError\n", done.stderr
    assert uc.load(tmp_path / "day.uc") == old
    assert os.listdir(tmp_path) == ["day.uc"]


def test_an_interruption_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between two blocks."""
    old, new = uc.evaluate([1, 0, 1], [1, 0, 0]), uc.evaluate([1, 0, 1] * 9, y_score=[0.5, 0.1, 0.9] * 9)
    old.save(tmp_path / "day.uc")
    put, written = store._put, list[str]()

    def interrupted(archive: Any, name: str, content: bytes) -> None:
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(name)
        put(archive, name, content)

    monkeypatch.setattr(store, "_put", interrupted)
    with pytest.raises(KeyboardInterrupt):
        new.save(tmp_path / "day.uc")
    assert uc.load(tmp_path / "day.uc") == old
    assert os.listdir(tmp_path) == ["day.uc"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_in_mid_scan(tmp_path: Path) -> None:
    """The command ends with 130, writes nothing, and leaves no temporary file behind."""
    pytest.importorskip("pyarrow")
    spool = tmp_path / "spool"
    spool.mkdir()
    done = run(
        f"""
        import os, signal, sys, tempfile
        tempfile.tempdir = {str(spool)!r}
        import numpy as np, pyarrow as pa
        from unconfused import tables
        table = pa.table({{"y": np.arange(5000) % 2, "p": np.linspace(0, 1, 5000)}})
        with pa.ipc.new_file("a.arrow", table.schema) as file:
            file.write_table(table)
        from unconfused.ingest import frames
        frames.PIECE = 100
        added, count = tables._Sum.add, []
        def add(self, made):
            count.append(1)
            if len(count) == 5:
                os.kill(os.getpid(), signal.SIGINT)
            added(self, made)
        tables._Sum.add = add
        from unconfused.cli import main
        sys.exit(main(["tally", "a.arrow", "--y-true", "y", "--y-score", "p", "-o", "a.uc"]))
        """,
        tmp_path,
    )
    assert done.returncode == 130, done.stderr
    assert sorted(os.listdir(tmp_path)) == ["a.arrow", "spool"]
    assert os.listdir(spool) == []
    assert signal.getsignal(signal.SIGINT) is not None
