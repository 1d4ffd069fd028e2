"""Terminals for tests: one to start a process on, and what stands on it in the end."""

from __future__ import annotations

import fcntl
import pty
import struct
import termios
from typing import Any


def terminal(columns: int = 80) -> tuple[int, int]:
    """A terminal so wide: the side that reads what is written, and the side of the process."""
    main, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    return main, end


def drawn(text: str) -> list[str]:
    """The lines of a screen after what was written; longer than they are wide they may not be."""
    lines = [""]
    at = 0
    for letter in text.replace("\r\n", "\n"):
        if letter == "\n":
            lines.append("")
            at = 0
        elif letter == "\r":
            at = 0
        else:
            lines[-1] = lines[-1][:at].ljust(at) + letter + lines[-1][at + 1 :]
            at += 1
    return [line.rstrip() for line in lines]


def more(screen: Any) -> bytes:
    """The next bytes; none when the terminal is closed, which Linux calls an error."""
    try:
        return bytes(screen.read(1024))
    except OSError:
        return b""
