"""How the comparison of slices looks: worst first, each slice against all other rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unconfused.inference.significance import ADJUSTMENTS
from unconfused.labels import plural
from unconfused.show.escape import markdown
from unconfused.show.export import SCHEMA_VERSION, estimate_dict, frame
from unconfused.show.forest import Line, forest_table
from unconfused.show.html import box
from unconfused.show.lines import joined, plain
from unconfused.show.numbers import p_value
from unconfused.show.shading import Shade, bar, strong
from unconfused.show.table import Column, fitted, lay_out, name, paragraph
from unconfused.tally.slices import told

if TYPE_CHECKING:
    from unconfused.inference.slices import SliceComparison, SliceRow

DRAWN = 200
"""Slices that are drawn."""
CERTIFIED = ", certified in "
MOST = 20
"""Slices that are told in words; all of them are in the frame."""
COLUMNS = (
    "slice", "rows", "metric", "value", "low", "high", "rest", "difference", "difference_low", "difference_high",
    "level", "interval", "p", "adjusted_p", "worse", "reason",
)  # fmt: skip


def slices_text(made: SliceComparison) -> str:
    """A table for each metric, and what was shown."""
    parts = []
    for metric in made.metrics:
        rows = made[metric]
        parts.append(paragraph(headline(made, metric)))
        heads = [told(made.columns), "rows", metric, "less the rest", _head(made)]
        cells = [_cells(x) for x in rows[:MOST]]
        shades: dict[int, list[Shade | None]] = {
            2: [bar(x.metric, x.value) for x in rows],
            3: [strong if x.significant else None for x in rows],
        }
        columns = [
            Column([h], [_stacked(c[i]) if i else [c[i]] for c in cells], "right" if i else "left", shades.get(i, ()))
            for i, h in enumerate(heads)
        ]
        lines = lay_out(fitted(columns, [0]))
        if any(CERTIFIED in cell for c in cells for cell in c[1:]):
            lines += ["", *paragraph("in [...]: certified bounds of values whose scores are in bins.")]
        if len(rows) > MOST:
            lines.append(f"and {len(rows) - MOST:,} more: .compare({metric!r}).to_frame()")
        parts.append(lines)
    return joined(parts)


def _stacked(cell: str) -> list[str]:
    """An estimate with its certified bounds on a line of their own, which leaves the names their room."""
    value, certified, bounds = cell.partition(CERTIFIED)
    return [value, f"in {bounds}"] if certified else [value]


def headline(made: SliceComparison, metric: str) -> str:
    """How many slices there are, and what was shown of them."""
    rows = made[metric]
    tested = [x for x in rows if x.p == x.p]
    worse, better = sum(x.worse for x in rows), sum(x.significant and not x.worse for x in rows)
    text = f"{metric} of {plural(len(rows), 'slice')} by {told(made.columns)}, worst first. "
    if not tested:
        return f"{text}None could be held against the rest."
    by = f" after {ADJUSTMENTS[made.adjust]}'s correction" if made.adjust is not None else ""
    if not worse and not better:
        return f"{text}None stands apart from the rest{by}."
    split = f"{worse:,} worse and {better:,} better than" if rows[0].better else f"{better:,} apart from"
    return f"{text}Shown to be {split} the rest{by}."


def _head(made: SliceComparison) -> str:
    return "p" if made.adjust is None else f"p, {ADJUSTMENTS[made.adjust].split('-')[0]}"


def _cells(x: SliceRow) -> list[str]:
    gap = f"{'+' if x.difference.value > 0 else ''}{plain(x.difference)}" if x.difference.defined else "undefined"
    return [
        name(x.name, 40),
        f"{x.rows:,}",
        plain(x.value) if x.value.defined else "undefined",
        gap,
        p_value(x.adjusted),
    ]


def slices_markdown(made: SliceComparison) -> str:
    """A Markdown table for each metric."""
    parts = []
    for metric in made.metrics:
        heads = [told(made.columns), "rows", metric, "less the rest", _head(made)]
        lines = [heads, ["---", "---:", "---:", "---:", "---:"], *(_cells(x) for x in made[metric])]
        parts.append("\n".join("| " + " | ".join(cell if i == 1 else markdown(cell) for cell in line) + " |"
                               for i, line in enumerate(lines)))  # fmt: skip
    return "\n\n".join(parts) + "\n"


def slices_html(made: SliceComparison) -> str:
    """The slices, in a notebook."""
    return box(*slices_parts(made))


def slices_parts(made: SliceComparison) -> list[str]:
    """A forest for each metric: the slices on the axis of the metric, the line at the value of all rows."""
    parts = []
    for metric in made.metrics:
        rows = made[metric]
        more = f" Here stand the first {DRAWN}; .to_frame() has all." if len(rows) > DRAWN else ""
        heads = [told(made.columns), "rows", metric, "less the rest", _head(made)]
        lines = [Line([x.name, *_cells(x)[1:]], x.value, x.significant) for x in rows[:DRAWN]]
        parts.append(forest_table(headline(made, metric) + more, heads, lines, about=metric, line=made.whole[metric]))
    return parts


def slices_frame(made: SliceComparison, kind: str = "pandas") -> Any:
    """One row for each slice and metric."""
    columns: dict[str, list[Any]] = {x: [] for x in COLUMNS}
    for x in made.rows:
        gap = x.difference
        values = (x.name, x.rows, x.metric, x.value.value, x.value.low, x.value.high, x.rest.value, gap.value, gap.low,
                  gap.high, made.level, x.value.method, x.p, x.adjusted, x.worse, x.value.reason)  # fmt: skip
        for column, value in zip(columns, values, strict=True):
            columns[column].append(value)
    return frame(columns, kind)


def slices_dict(made: SliceComparison) -> dict[str, Any]:
    """Everything as plain data."""
    rows = [
        {
            "slice": list(x.key) if isinstance(x.key, tuple) else x.key,
            "rows": x.rows,
            "metric": x.metric,
            **{part: estimate_dict(getattr(x, part)) for part in ("value", "rest", "difference")},
            **{part: None if (p := getattr(x, part)) != p else p for part in ("p", "adjusted")},
            "worse": x.worse,
        }
        for x in made.rows
    ]
    return {
        "schema_version": SCHEMA_VERSION, "kind": "slices", "columns": list(made.columns), "level": made.level,
        "adjust": made.adjust, "slices": rows,
    }  # fmt: skip
