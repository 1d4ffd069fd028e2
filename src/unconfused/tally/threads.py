"""When a loop over rows is compiled, what it is given, and over how many threads it goes."""

from __future__ import annotations

import math
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")
Part = TypeVar("Part")
Column = NDArray[Any]

FEW = 10_000
"""Rows below which the compiler is never asked: NumPy is done in less than a millisecond."""
PAYS = 1 << 18
"""Rows of one loop and one pair of types after which it is compiled. Loading the compiler takes half a second, and
compiling some seconds, once for each machine. NumPy takes that long for some ten million rows; streams are longer."""
SHARE = 1 << 17
"""Rows for each thread, at least: starting one costs as much as counting some ten thousand."""
MOST = 1 << 30
"""Rows of a part, at most: what it counts fits in 32 bits."""
COPIED = 1 << 16
"""Rows copied at a time where a loop cannot read a column as it lies: the copy stays in the cache."""
THREADS = 8
"""Threads, at most: beyond them memory is the limit."""

_seen: dict[tuple[str, ...], int] = {}
_absent = False
_own = threading.local()


def loops(name: str, *columns: Column) -> Any:
    """The module that holds the compiled loop where that pays, else None. NumPy counts the same, to the bit.

    No threads are kept and none of the compiler's are used, so a process may fork at any time.
    """
    rows = len(columns[0])
    if rows < FEW or _absent:
        return None
    kind = (name, *(x.dtype.str for x in columns))
    _seen[kind] = min(_seen.get(kind, 0) + rows, PAYS)
    return ready(name, *columns)


def ready(name: str, *columns: Column) -> Any:
    """The same for columns of any length, once rows enough of their types have been through the loop."""
    global _absent
    if _absent or _seen.get((name, *(x.dtype.str for x in columns)), 0) < PAYS:
        return None
    try:
        from unconfused.tally import compiled
    except ImportError:  # not installed, or unfit for this NumPy
        _absent = True
        return None
    except Exception as error:  # installed and broken, such as by another version of something that it loads
        _absent = True
        told = f"numba cannot be loaded ({type(error).__name__}: {error}); NumPy counts instead, to the same numbers."
        warnings.warn(f"{told} Repair it for speed: pip install -U numba.", RuntimeWarning, stacklevel=3)
        return None
    return compiled


def cores() -> int:
    """Processors that this process may use, at most THREADS; one inside of `one_core`."""
    if getattr(_own, "alone", False):
        return 1
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(own, THREADS)


@contextmanager
def one_core(alone: bool = True) -> Iterator[None]:
    """This thread starts no others meanwhile: as many as there are cores are at work already; False lifts that."""
    before = getattr(_own, "alone", False)
    _own.alone = alone
    try:
        yield
    finally:
        _own.alone = before


def parts_of(rows: int) -> list[slice]:
    """One range of rows for each thread that is worth it."""
    parts = max(min(cores(), rows // SHARE), math.ceil(rows / MOST), 1)
    edges = [rows * i // parts for i in range(parts + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]


def in_parts(rows: int, task: Callable[[slice], Part]) -> list[Part]:
    """``task`` of each part of the rows."""
    return in_threads(parts_of(rows), task, rows)


def in_threads(items: list[Item], task: Callable[[Item], Part], rows: int) -> list[Part]:
    """``task`` of each item, in threads that end with the call, if there are rows enough for two."""
    if len(items) < 2 or cores() < 2 or rows < 2 * SHARE:
        return [task(item) for item in items]
    with pooled(min(len(items), cores())) as pool:
        return list(pool.map(task, items))


@contextmanager
def pooled(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that end with the block. After Ctrl-C nobody waits for what they do, such as compiling."""
    pool, wait = ThreadPoolExecutor(threads), True
    try:
        yield pool
    except (KeyboardInterrupt, GeneratorExit):
        wait = False
        raise
    finally:
        pool.shutdown(wait, cancel_futures=True)


def pieces(*columns: Column, compiled: bool = True) -> Iterator[tuple[Column, ...]]:
    """Rows of columns as a loop reads them: whole where they lie so already, else copied some at a time.

    Whole numbers and truth values come unsigned, float16 as float32, bytes in the machine's order. One-dimensional
    columns come contiguous.
    """
    rows = len(columns[0])
    whole = compiled and all(_fit(x) for x in columns)
    step = max(rows, 1) if whole else COPIED
    for start in range(0, rows, step):
        yield tuple(_read(x[start : start + step]) for x in columns)


def _fit(x: Column) -> bool:
    return x.dtype.isnative and x.dtype != np.float16 and (x.ndim > 1 or x.flags.c_contiguous)


def _read(x: Column) -> Column:
    if not _fit(x):
        kind = np.dtype(np.float32) if x.dtype.itemsize == 2 and x.dtype.kind == "f" else x.dtype.newbyteorder("=")
        x = np.ascontiguousarray(x, kind)
    return x if x.dtype.kind == "f" else x.view(f"u{x.dtype.itemsize}")


def whole_numbers(*columns: Column) -> bool:
    """Whether these are columns of whole numbers or truth values."""
    return all(x.ndim == 1 and x.dtype.kind in "biu" for x in columns)


def real_numbers(x: Column, ndim: int = 1) -> bool:
    """Whether this is a column of float16, float32 or float64."""
    return x.ndim == ndim and x.dtype.kind == "f" and x.dtype.itemsize <= 8
