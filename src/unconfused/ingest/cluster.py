"""The processes of torch.distributed: what each of them holds, in every one of them."""

from __future__ import annotations

from typing import Any

from unconfused.errors import UsageError, require


def gathered(own: Any, group: Any = None) -> list[Any]:
    """What every process of the group passes, in the order of their ranks; all of them must call it.

    Raises:
        UsageError: there is no process group.
    """
    distributed = require("torch.distributed")
    if not distributed.is_available() or not distributed.is_initialized():
        raise UsageError(
            "There is no process group of torch.distributed.",
            "One process has nobody to add up with.",
            "Call torch.distributed.init_process_group first, or read stream.evaluation.",
        )
    held: list[Any] = [None] * distributed.get_world_size(group)
    distributed.all_gather_object(held, own, group=group)
    return held
