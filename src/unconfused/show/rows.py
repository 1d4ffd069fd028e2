"""How the rows that would do look: a sentence, and what one class alone would need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unconfused.labels import plural
from unconfused.show.export import SCHEMA_VERSION, estimate_dict
from unconfused.show.lines import joined, plain
from unconfused.show.numbers import listing
from unconfused.show.table import name, paragraph

if TYPE_CHECKING:
    from unconfused.inference.rows import RowsNeeded


def needed_text(made: RowsNeeded) -> str:
    """What is there, what would do, and of which class."""
    return joined([paragraph(" ".join(filter(None, (_now(made), _would_do(made), _alone(made)))))])


def needed_dict(made: RowsNeeded) -> dict[str, Any]:
    """The same after the schema."""
    return {
        "schema_version": SCHEMA_VERSION,
        "type": "rows_needed",
        "metric": made.metric,
        "estimate": {"name": made.estimate.name, **estimate_dict(made.estimate)},
        "width": made.width,
        "power": made.power,
        "paired": made.paired,
        "total": made.total,
        "rows": made.rows,
        "more": made.more,
        "by_class": dict(made.by_class),
    }


def _now(made: RowsNeeded) -> str:
    e = made.estimate
    if made.width is None:
        return f"{made.metric} of the two models differs by {plain(e)} on {plural(made.total, 'row')}."
    return f"{made.metric} is {plain(e)} on {plural(made.total, 'row')}, {e.high - e.low:.2g} wide."


def _would_do(made: RowsNeeded) -> str:
    aim = (
        f"{made.width:g} wide" if made.width is not None else f"told apart {100 * (made.power or 0):.4g} % of the time"
    )
    if not made.more:
        return f"That is {aim} already." if made.width is not None else f"As many rows are enough to be {aim}."
    which = "" if made.width is not None else " that both are given" if made.paired else " for each"
    return f"To be {aim} takes about {plural(made.rows, 'row')}{which} like these: {made.more:,} more."


def _alone(made: RowsNeeded) -> str:
    if not made.more or not made.by_class:
        return ""
    told = [f"{n:,} more of {name(x)}" for x, n in made.by_class.items() if n is not None]
    idle = [name(x) for x, n in made.by_class.items() if n is None]
    alone = f"So would {' or '.join(told)} alone" if told else "No one class alone would do"
    return f"{alone}; rows of {listing(idle)} alone would not." if told and idle else f"{alone}."
