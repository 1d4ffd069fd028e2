"""The line that says how far a pass is, drawn by rich.

Three things are our own. Rich squeezes all columns of a narrow terminal alike; here what matters least is left out. It
hides the cursor, which a process that is killed cannot show again; here it stays. And in a notebook it draws through
widgets, which need not be installed and swallow what is printed meanwhile; here the line is written over.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.constrain import Constrain
from rich.filesize import decimal, pick_unit_and_suffix
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column

from unconfused.errors import inert
from unconfused.ingest.progress import Look, Unit

THOUSANDS = ["", " thousand", " million", " billion", " trillion"]
LEAST = ("rate", "text", "share", "time")
"""What is left out where there is no room, in this order."""
BAR = (8, 24)
"""Columns of the bar, which takes what is left: fewer are none."""
SPARE = 3
"""Columns that stay free, so that an echoed ^C stands on the line and is gone with it."""
WINDOW = 20.0
"""Seconds over which the speed is taken."""


def short(x: float, unit: Unit = "row") -> str:
    """A number in three digits.

    >>> short(345), short(12_345), short(8_123_456), short(0.5), short(2.5e9, "byte"), short(12, "byte")
    ('345', '12.3 thousand', '8.12 million', '0.5', '2.50 GB', '12 bytes')
    """
    if unit == "byte":
        return str(decimal(int(x), precision=2))
    size, word = pick_unit_and_suffix(int(x), THOUSANDS, 1000)
    y = x / size
    if word:
        return f"{y:,.{2 - (y >= 10) - (y >= 100)}f}{word}"
    return f"{x:,.0f}" if x >= 10 or x == int(x) else f"{x:.1g}"


class _Screen(Console):  # type: ignore[misc]
    """A console that leaves the cursor alone."""

    def show_cursor(self, show: bool = True) -> bool:
        """Do nothing."""
        return False


class Line(Progress):  # type: ignore[misc]
    """One line, gone in the end; of a file whole lines, each after twice the time.

    Args:
        stream: where it is written.
        how: what that is.
        text: what is done, such as "Counting".
        unit: of what is counted.
        began: when, by the monotonic clock.
    """

    def __init__(self, stream: Any, how: Look, text: str, unit: Unit, began: float) -> None:
        self.how, self.unit, self.used, self.next, there = how, unit, 0, 0.0, how == "terminal"
        console = _Screen(
            file=stream, width=None if there else 100, force_terminal=there, force_interactive=there,
            force_jupyter=False,
        )  # fmt: skip
        super().__init__(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False,
            speed_estimate_period=WINDOW, get_time=time.monotonic,
        )  # fmt: skip
        self.text = inert(text, kept="").encode(console.encoding, "replace").decode(console.encoding)
        for visible in (False, True):  # what is hidden is the amount, which has a speed of its own
            self.add_task("", total=None, visible=visible)
        self.tasks[-1].start_time = began

    def look(self, amount: float, share: float | None) -> None:
        """Show that so much is done, and which share."""
        hidden, task = self.tasks
        self.update(hidden.id, completed=amount)
        self.update(task.id, completed=share or 0.0, total=None if share is None else 1.0)
        left, speed = task.time_remaining, hidden.speed
        named = "" if self.unit == "byte" else f" {self.unit}{'s' * (amount != 1)}"
        self.update(
            task.id,
            text=self.text,
            share="" if share is None else f"{task.percentage:.0f} %",
            amount=f"{short(amount, self.unit)}{named}" if amount else "",
            rate=f"{short(speed, self.unit)}/s" if speed else "",
            time=f"{_span(task.elapsed)} so far" if left is None else f"{_span(left)} left",
        )
        self.show()

    def get_renderables(self) -> Iterator[Any]:
        """The most that there is room for."""
        for task in self.tasks[1:]:
            room, wide = max(self.console.width - SPARE, 1), self.console.options.update(max_width=999)
            kept = [name for name, said in task.fields.items() if said]
            for least in ("", *LEAST):
                kept = [name for name in kept if name != least] or kept
                self.columns = [_column(name, name == kept[0]) for name in kept]
                free = room - self.console.measure(self.make_tasks_table([task]), options=wide).maximum
                if free >= 0:
                    break
            if {"text", "share"} <= {*kept} and self.how != "file" and free > BAR[0]:
                self.columns.insert(1, BarColumn(min(free - 1, BAR[1])))
            yield Constrain(self.make_tasks_table([task]), room)

    def start(self) -> None:
        """Begin, where rich draws it."""
        if self.how == "terminal":
            super().start()

    def show(self) -> None:
        """In the place of what was there, or as one more line if it is time for one."""
        if self.how == "terminal":
            self.refresh()
            return
        with self.console.capture() as made:
            self.console.print(self)
        if self.how == "notebook":
            self._write(made.get().rstrip())
        elif (now := self.tasks[-1].elapsed) >= self.next:
            self.console.file.write(f"{made.get().rstrip()}\n")
            self.console.file.flush()
            self.next = 2 * now

    def stop(self) -> None:
        """Leave nothing, but for whole lines."""
        if self.how == "terminal":
            super().stop()
        elif self.used:
            self._write("")

    def _write(self, line: str) -> None:
        """In the place of what was there."""
        self.console.file.write(f"\r{line.ljust(self.used)}\r")
        self.console.file.flush()
        self.used = len(line)


def _column(name: str, first: bool) -> TextColumn:
    text = f"{'' if first else ' '}{{task.fields[{name}]}}"
    return TextColumn(text, markup=False, table_column=Column(no_wrap=True, overflow="crop"))


def _span(seconds: float) -> timedelta:
    return timedelta(seconds=int(seconds))
