"""Dask: every partition counted by its worker, and added up there; only tallies move.

Dask runs a task again when its worker is lost, and keeps one result of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from unconfused.errors import require
from unconfused.ingest.numbered import numbered

FAN = 16
"""Replies that are added at a time."""
Reply = Callable[[Iterable[Mapping[str, Any]]], bytes]


def is_dask(source: Any) -> bool:
    """Whether this is a data frame of Dask."""
    return type(source).__module__.startswith("dask") and hasattr(source, "to_delayed")


def partitions(
    frame: Any, names: Mapping[str, Any], reply: Reply, merge: Callable[[Iterable[bytes]], bytes]
) -> list[bytes]:
    """What ``reply`` makes of the rows of each partition, added by ``merge`` until one is left."""
    dask = require("dask")
    wanted, unique = numbered(frame.columns, names)
    parts = frame[unique].to_delayed()
    replies = [dask.delayed(_counted)(part, wanted, reply) for part in parts]
    while len(replies) > 1:
        replies = [dask.delayed(merge)(replies[i : i + FAN]) for i in range(0, len(replies), FAN)]
    return list(dask.compute(*replies))


def _counted(part: Any, wanted: Mapping[str, Any], reply: Reply) -> bytes:
    """The reply of one partition, a frame of pandas."""
    columns = {f"c{i}": part.iloc[:, i].reset_index(drop=True) for i in range(part.shape[1])}
    several = {role: name for role, name in wanted.items() if isinstance(name, list)}
    frames = {role: require("pandas").DataFrame({x: columns[x] for x in name}) for role, name in several.items()}
    return reply([{role: frames.get(role, columns.get(str(name))) for role, name in wanted.items()}])
