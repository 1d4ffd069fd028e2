"""How far a long pass is, on one line that is gone in the end: how much was read, how fast, and the time left.

It appears after a second, where stderr is a terminal or belongs to a notebook, and not where ``CI`` is set. Who asks
for it anywhere else gets whole lines, fewer and fewer of them.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeAlias, TypeVar

from unconfused.ingest.progress_words import Unit, counted, fitted, plainly, short, span

Rows = TypeVar("Rows", bound=Mapping[str, Any])
Probe: TypeAlias = Callable[[], tuple[float, float | None]]
"""How much was done until now, and which share of all that is, where it is known."""
Total: TypeAlias = Callable[[], int | None]
"""How many there are in all, where that is known; asked for once, and only by what is shown."""

PATIENCE = 1.0
"""Seconds of work before anything is shown: what is over sooner needs none."""
PAUSE = 0.25
"""Seconds from one look to the next."""
WINDOW = 20.0
"""Seconds over which the speed is taken."""
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
    meter = Meter(total)
    screen = _screen()
    if screen is None:
        yield meter
        return
    watch = _Watch(text, unit, probe or meter.probe, screen)
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


class _Watch(threading.Thread):
    """Shows now and then what a probe says."""

    def __init__(self, text: str, unit: Unit, probe: Probe, screen: _Line | _Lines) -> None:
        super().__init__(daemon=True, name="unconfused progress")
        self.text, self.unit, self.probe, self.screen = text, unit, probe, screen
        self.over, self.began = threading.Event(), time.monotonic()
        self.looks: deque[tuple[float, float, float]] = deque()

    def close(self) -> None:
        """It is over."""
        self.over.set()
        if self.is_alive():
            self.join(1.0)  # a probe that hangs holds nobody up
        if self in _watches:
            _watches.remove(self)

    def run(self) -> None:
        """Until it is over."""
        if self.over.wait(PATIENCE) or not _taken.acquire(blocking=False):
            return
        try:
            with suppress(Exception):  # stderr was closed, a cluster does not answer: that ends the looking, no more
                while not self.over.is_set():
                    parts = self.parts(time.monotonic(), *self.probe())
                    if not self.over.is_set():
                        self.screen.show(*parts)
                    self.over.wait(PAUSE)
                self.screen.clear()
        finally:
            _taken.release()

    def parts(self, now: float, amount: float, share: float | None) -> tuple[dict[str, str], float | None]:
        """What there is to say, and the share."""
        if amount:  # what goes before, such as a loop that is compiled, is no speed
            self.looks.append((now, amount, share or 0.0))
        while len(self.looks) > 2 and now - self.looks[1][0] >= WINDOW:
            self.looks.popleft()
        first = self.looks[0] if self.looks else (now, amount, share or 0.0)
        seconds, more, further = now - first[0], amount - first[1], (share or 0.0) - first[2]
        said = {"text": self.text, "amount": "", "share": "", "rate": "", "time": f"{span(now - self.began)} so far"}
        if amount:
            said["amount"] = counted(amount, self.unit)
        if share is not None:
            said["share"] = f"{100 * min(share, 1.0):3.0f} %"
        if more > 0 and seconds > 0:
            said["rate"] = f"{short(float(f'{more / seconds:.3g}'), self.unit)}/s"
        if share is not None and further > 0:
            said["time"] = f"{span(max(1 - share, 0.0) * seconds / further)} left"
        return said, share


# ── where it is shown ─────────────────────────────────────────────────────────────────────────
def _screen() -> _Line | _Lines | None:
    """What shows it; None where nothing is to be shown."""
    on, stream = _asked.get(), sys.stderr
    if on is False or stream is None:
        return None
    terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
    if terminal or type(stream).__module__.startswith("ipykernel"):
        return None if on is None and os.environ.get("CI") else _Line(stream)
    return _Lines(stream) if on else None


class _Line:
    """One line that is written over. The cursor rests at its start, so that an echoed ^C is written over too."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.used = stream, 0
        self.bars = str(getattr(stream, "encoding", "")).lower().replace("-", "") == "utf8"

    def show(self, said: Mapping[str, str], share: float | None) -> None:
        """In the place of what was there."""
        columns = self.columns() - 1
        line = fitted(plainly(said), share, columns, self.bars)
        self.stream.write(f"\r{line.ljust(min(self.used, columns))}\r")
        self.stream.flush()
        self.used = len(line)

    def clear(self) -> None:
        """Leave the terminal as it was."""
        self.stream.write(f"\r{' ' * min(max(self.used, 2), self.columns() - 1)}\r")
        self.stream.flush()

    def columns(self) -> int:
        """How wide the terminal is now."""
        try:
            return os.get_terminal_size(self.stream.fileno()).columns or 80
        except (OSError, ValueError, AttributeError):
            return 80


class _Lines:
    """Whole lines, each after twice the time."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.next, self.start = stream, 0.0, time.monotonic()

    def show(self, said: Mapping[str, str], share: float | None) -> None:
        """A line, if it is time for one."""
        now = time.monotonic() - self.start
        if now >= self.next:
            self.stream.write(f"{fitted(plainly(said), share, 120)}\n")
            self.stream.flush()
            self.next = 2 * now

    def clear(self) -> None:
        """What is written stays."""
