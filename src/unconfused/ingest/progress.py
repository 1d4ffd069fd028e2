"""A progress bar for long work: on a terminal, after a second, and only where rich is installed."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from unconfused.errors import inert

T = TypeVar("T")

PATIENCE = 1.0
"""Seconds of work before a bar appears: what is over sooner needs none."""


def watched(items: Iterable[T], *, total: int | None, text: str, on: bool | None = None) -> Iterator[T]:
    """The same items; meanwhile a bar on stderr. Silent where stderr is no terminal, and with ``on=False``."""
    if on is False or not sys.stderr.isatty():
        yield from items
        return
    bar, start = None, time.monotonic()
    try:
        for done, item in enumerate(items, 1):
            yield item  # the work on it happens here
            if bar is None and time.monotonic() - start >= PATIENCE:
                bar = _Bar(text, total)
            if bar is not None:
                bar.show(done)
    finally:
        if bar is not None:
            bar.close()


class _Bar:
    """A bar of rich; nothing at all without rich."""

    def __init__(self, text: str, total: int | None) -> None:
        self._progress: Any = None
        try:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
        except ImportError:
            return
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task(inert(text), total=total)
        self._progress.start()

    def show(self, done: int) -> None:
        """``done`` items are behind us."""
        if self._progress is not None:
            self._progress.update(self._task, completed=done)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._progress is not None:
            self._progress.stop()
