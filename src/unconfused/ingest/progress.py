"""How far a long pass is, on one line that is gone in the end: how much was read, how fast, and the time left.

It appears after a second, where stderr is a terminal or belongs to a notebook, and not where ``CI`` is set. Who asks
for it anywhere else gets whole lines, fewer and fewer of them. Rich draws it: where it is not installed there is none.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Literal, TypeAlias, TypeVar

Unit: TypeAlias = Literal["row", "byte", "task"]
Look: TypeAlias = Literal["terminal", "notebook", "file"]
Rows = TypeVar("Rows", bound=Mapping[str, Any])
Probe: TypeAlias = Callable[[], tuple[float, float | None]]
"""How much was done until now, and which share of all that is, where it is known."""
Total: TypeAlias = Callable[[], int | None]
"""How many there are in all, where that is known; asked for once, and only by what is shown."""

PATIENCE = 1.0
"""Seconds of work before anything is shown: what is over sooner needs none."""
PAUSE = 0.25
"""Seconds from one look to the next."""
_asked: ContextVar[bool | None] = ContextVar("asked", default=None)
_watches: list[_Watch] = []
_taken = threading.Lock()
"""Held by the one that is shown: passes that run at once share a terminal."""


@contextmanager
def asked(on: bool | None) -> Iterator[None]:
    """Within the block nothing is shown (False), or anywhere (True)."""
    before = _asked.set(on)
    try:
        yield
    finally:
        _asked.reset(before)


def unknown() -> None:
    """The total of what says nothing of it."""


class Meter:
    """What was done until now.

    Attributes:
        amount: how much, in the unit of what is shown.
        done: how much of the total, which may be counted in something else.
    """

    def __init__(self, total: Total) -> None:
        self.amount = self.done = 0
        self._total = total
        self._all: int | None = None

    def add(self, amount: int, done: int | None = None) -> None:
        """So much more is done; of the total as much, unless ``done`` says it."""
        self.done += amount if done is None else done
        self.amount += amount

    def over(self, pieces: Iterable[Rows]) -> Iterator[Rows]:
        """The same pieces; the rows of each are added once the work on it is over."""
        for rows in pieces:
            yield rows
            self.add(rows_in(rows))

    def probe(self) -> tuple[float, float | None]:
        """How much, and which share."""
        if self._all is None:
            self._all = self._total() or 0
        return self.amount, self.done / self._all if self._all else None


def rows_in(rows: Mapping[str, Any]) -> int:
    """How many rows there are of columns by role."""
    return next((len(x) for x in rows.values() if isinstance(x, Sized)), 0)


@contextmanager
def shown(text: str, total: Total = unknown, *, unit: Unit = "row", probe: Probe | None = None) -> Iterator[Meter]:
    """While the block runs it is shown how far it is, where anybody looks.

    Args:
        text: what is done, such as "Counting".
        total: how many there are in all.
        unit: of what.
        probe: how far it is, where somebody else knows; else what the Meter was told.
    """
    meter, how = Meter(total), looked_at()
    if how is None:
        yield meter
        return
    watch = _Watch(text, unit, probe or meter.probe, how)
    _watches.append(watch)
    try:
        watch.start()
        yield meter
    finally:
        watch.close()


def hush() -> None:
    """Show nothing any more: for who was interrupted, maybe on the way into a block."""
    for watch in [*_watches]:
        watch.close()


def looked_at() -> Look | None:
    """How anybody looks at what is shown; None where nobody does."""
    on, stream = _asked.get(), sys.stderr
    if on is False or stream is None:
        return None
    notebook = type(stream).__module__.startswith("ipykernel")
    if notebook or (stream.isatty() and os.environ.get("TERM") != "dumb"):
        return None if on is None and os.environ.get("CI") else "notebook" if notebook else "terminal"
    return "file" if on else None


class _Watch(threading.Thread):
    """Shows now and then what a probe says."""

    def __init__(self, text: str, unit: Unit, probe: Probe, how: Look) -> None:
        super().__init__(daemon=True, name="unconfused progress")
        self.text, self.unit, self.probe, self.how, self.stream = text, unit, probe, how, sys.stderr
        self.over, self.began = threading.Event(), time.monotonic()
        self.line: Any = None

    def close(self) -> None:
        """It is over; a probe that hangs holds nobody up."""
        self.over.set()
        if self.is_alive():
            self.join(1.0)
        if self.is_alive() and self.line is not None:
            wiping = threading.Thread(target=self.line.stop, daemon=True)
            wiping.start()
            wiping.join(1.0)
        if self in _watches:
            _watches.remove(self)

    def run(self) -> None:
        """Until it is over."""
        if self.over.wait(PATIENCE) or not _taken.acquire(blocking=False):
            return
        try:
            with suppress(Exception):  # no rich, stderr was closed, a cluster does not answer: that ends the looking
                self.show()
        finally:
            _taken.release()

    def show(self) -> None:
        """Look and show in turn."""
        from unconfused.ingest.progress_line import Line

        if self.over.is_set():  # while rich was loaded
            return
        with Line(self.stream, self.how, self.text, self.unit, self.began) as self.line:
            while not self.over.is_set():
                seen = self.probe()
                if not self.over.is_set():
                    self.line.look(*seen)
                self.over.wait(PAUSE)
