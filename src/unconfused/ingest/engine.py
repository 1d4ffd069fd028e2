"""The embedded DuckDB: an engine of our own, whose long queries show how far they are and end at Ctrl-C."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import accumulate
from typing import Any, TypeVar

from unconfused.errors import require
from unconfused.ingest.progress import shown

T = TypeVar("T")
TRIES, PAUSE = 500, 0.01
"""How often a connection that is busy is asked to end, and the seconds between."""


class Engine:
    """A connection whose queries run in a thread, beside the one that hears of Ctrl-C.

    DuckDB itself looks for signals only between some of its steps, and not while it reports how far it is.
    """

    def __init__(self, own: Any) -> None:
        self.own = own

    def held(self, task: Callable[[], T]) -> T:
        """What ``task`` makes, which Ctrl-C ends at once."""
        with ThreadPoolExecutor(1) as pool:
            try:
                return pool.submit(task).result()
            except KeyboardInterrupt:
                self.own.interrupt()
                raise

    def execute(self, query: str, parameters: Sequence[Any] | None = None) -> Engine:
        """Run a query."""
        self.held(lambda: self.own.execute(query, parameters))
        return self

    def fetchone(self) -> Any:
        """The next row of the last query."""
        return self.held(self.own.fetchone)

    def fetchall(self) -> Any:
        """All rows of the last query."""
        return self.held(self.own.fetchall)

    def fetchnumpy(self) -> Any:
        """The columns of the last query."""
        return self.held(self.own.fetchnumpy)

    @contextmanager
    def cursor(self) -> Iterator[Engine]:
        """Another connection to the same tables, for a thread of its own."""
        with self.own.cursor() as own:
            yield Engine(own)

    def sql(self, query: str, params: Sequence[Any]) -> Any:
        """A relation, which is not yet run: give to `held` what runs it."""
        return self.own.sql(query, params=params)


@contextmanager
def interruptible() -> Iterator[None]:
    """In whatever connection: DuckDB says "Query interrupted", as any error, where Ctrl-C was pressed."""
    try:
        yield
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from None
        raise


@contextmanager
def connection() -> Iterator[Engine]:
    """An engine of our own, in memory, that fetches nothing and spills into the system's temporary folder."""
    duckdb = require("duckdb", extra="io")
    settings = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "temp_directory": os.path.join(tempfile.gettempdir(), f"unconfused-{os.getpid()}"),
    }
    engine = duckdb.connect(":memory:", config=settings)
    try:
        yield Engine(engine)
    finally:
        _close(engine, duckdb.Error)


def _close(engine: Any, busy: type[Exception]) -> None:
    """Close a connection, also where Ctrl-C came while a thread for a query was starting: that is ended first."""
    for _ in range(TRIES):
        try:
            engine.close()
            return
        except busy:
            engine.interrupt()
            time.sleep(PAUSE)
    engine.close()


def loaded(engine: Engine, paths: Sequence[str], load: Callable[[int], int], text: str) -> list[int]:
    """What ``load`` makes of each file, by its place, in one long query; meanwhile bytes read of bytes are shown."""
    sizes = [os.path.getsize(path) for path in paths]
    whole, before = sum(sizes), list(accumulate(sizes, initial=0))
    made: list[int] = []

    def probe() -> tuple[float, float | None]:
        at = len(made)
        within = engine.own.query_progress() / 100 if knows and at < len(sizes) else 0.0
        done = before[at] + (within * sizes[at] if within > 0 else 0)  # below 0 it cannot tell
        return done, done / whole if whole else None

    knows = hasattr(engine.own, "query_progress")
    engine.execute("SET enable_progress_bar_print = false; SET enable_progress_bar = true")  # reckoned, never printed
    with shown(text, unit="byte", probe=probe):
        for place in range(len(paths)):
            made.append(load(place))
    return made
