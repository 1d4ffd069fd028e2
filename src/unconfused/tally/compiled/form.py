"""How the loops are compiled, and the blocks that they go by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Loop = TypeVar("Loop", bound=Callable[..., Any])
BLOCK = 2048
"""Rows of a block: 32 KiB of two columns of 64 bits."""
LONG = 8 * BLOCK
"""Rows of a block where each class has cells of its own, which have to be fetched again for every block."""
SHORT = 128
"""Rows that are turned into columns at a time: a line of the cache of each is 8 KiB."""
LINE = 16
"""Floats of a line of the cache, left between columns: else all of them would fall on the same lines."""


def compiled(loop: Loop) -> Loop:
    """Compiled at its first call, without the interpreter's lock, and kept on disk where a folder can be written."""
    try:
        made: Loop = numba.njit(nogil=True, cache=True)(loop)
    except RuntimeError:  # no such folder
        made = numba.njit(nogil=True)(loop)
    return made
