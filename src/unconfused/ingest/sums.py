"""Sums of many parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

T = TypeVar("T", bound=Any)


def balanced(parts: Iterable[T], zero: T) -> T:
    """The sum, in order: like with like, so that each part is added log(parts) times, and few are held at once.

    >>> balanced(["a", "b", "c"], "")
    'abc'
    """
    kept: list[tuple[int, T]] = []
    for part in parts:
        size = 1
        while kept and kept[-1][0] <= size:
            before, earlier = kept.pop()
            size, part = size + before, earlier + part
        kept.append((size, part))
    whole = zero
    for _, part in reversed(kept):
        whole = part + whole
    return whole
