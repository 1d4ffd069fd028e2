"""Terminals for tests: one to start a process on, and what stands on it in the end."""

from __future__ import annotations

import fcntl
import pty
import struct
import termios
from typing import Any

import pytest

pyte = pytest.importorskip("pyte")


def terminal(columns: int = 80) -> tuple[int, int]:
    """A terminal so wide: the side that reads what is written, and the side of the process."""
    main, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    return main, end


def screen(text: str, columns: int = 80) -> Any:
    """A terminal so wide after what was written to it."""
    made = pyte.Screen(columns, 24)
    made.set_mode(pyte.modes.LNM)  # a newline begins a line, as behind a terminal's driver
    pyte.Stream(made).feed(text)
    return made


def drawn(text: str, columns: int = 80) -> list[str]:
    """The lines of a terminal after what was written, down to its cursor, which is to be seen."""
    made = screen(text, columns)
    assert not made.cursor.hidden
    lines = [line.rstrip() for line in made.display]
    assert not any(lines[made.cursor.y + 1 :])
    return lines[: made.cursor.y + 1]


def rows_used(text: str, columns: int) -> int:
    """How many rows of a terminal so wide were written on at most, line ends aside."""
    made = screen("", columns)
    stream, most = pyte.Stream(made), 0
    for part in text.split("\r"):
        stream.feed(f"\r{part}")
        most = max(most, sum(bool(line.strip()) for line in made.display))
    return most


def more(screen: Any) -> bytes:
    """The next bytes; none when the terminal is closed, which Linux calls an error."""
    try:
        return bytes(screen.read(1024))
    except OSError:
        return b""
