"""How ranges look: one line for each threshold that is best somewhere, in order of what a false alarm costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from unconfused.labels import plural
from unconfused.show.escape import html as safe
from unconfused.show.escape import markdown
from unconfused.show.export import SCHEMA_VERSION, estimate_dict, frame
from unconfused.show.html import box, quiet, table_of
from unconfused.show.html import paragraph as html_paragraph
from unconfused.show.lines import joined, plain
from unconfused.show.numbers import listing, percent
from unconfused.show.table import Column, fitted, lay_out, name, paragraph

if TYPE_CHECKING:
    from unconfused.decide import Range, Ranges

RATES = ("recall", "fpr", "precision", "predicted_prevalence")
SHOWN = 40
"""Ranges that a text holds; the widest are kept."""
READ = "A false alarm costs so many times what a miss costs; the threshold is the best one there on these rows."


def ranges_text(made: Ranges) -> str:
    """The sentence, the table, how it is read."""
    heads, rows = _heads(made), [_cells(made, x) for x in _kept(made)]
    columns = [
        Column([head], [[row[i]] for row in rows], "left" if head == "model" else "right")
        for i, head in enumerate(heads)
    ]
    named = [i for i, head in enumerate(heads) if head == "model"]
    return joined([paragraph(_headline(made)), lay_out(fitted(columns, named)), *map(paragraph, _remarks(made))])


def ranges_html(made: Ranges) -> str:
    """The same, in a notebook."""
    rows = [[*map(safe, _cells(made, x))] for x in _kept(made)]
    return box(html_paragraph(_headline(made)), table_of(READ, _heads(made), rows), *map(quiet, _remarks(made)[1:]))


def ranges_markdown(made: Ranges) -> str:
    """The same as a Markdown table."""
    rows = [_heads(made), *(_cells(made, x) for x in _kept(made))]
    lines = [f"| {' | '.join(map(markdown, row))} |" for row in rows]
    table = "\n".join([lines[0], "|" + "---:|" * len(rows[0]), *lines[1:]])
    return "\n\n".join([markdown(_headline(made)), table, *map(markdown, _remarks(made))]) + "\n"


def ranges_dict(made: Ranges) -> dict[str, Any]:
    """The same after the schema; a range that ends at infinity has ``high`` null."""
    return {
        "schema_version": SCHEMA_VERSION,
        "type": "ranges",
        "models": list(made.models),
        "prevalence": made.prevalence,
        "positive": made.positive,
        "level": made.level,
        "ranges": [
            {
                "low": x.low,
                "high": _finite(x.high),
                "slopes": {"low": x.slopes[0], "high": _finite(x.slopes[1])},
                "best": [
                    {"model": model, "threshold": _finite(threshold), "reason": _reason(threshold)}
                    for model, threshold in zip(x.models, x.thresholds, strict=True)
                ],
                "rates": [{"name": rate, **estimate_dict(getattr(x, rate))} for rate in RATES],
                "saving": x.saving,
            }
            for x in made.rows
        ],
    }


def ranges_frame(made: Ranges, kind: str = "pandas") -> Any:
    """One row for each range and model, the rates with the ends of their intervals."""
    rows = [
        {
            "low": x.low, "high": x.high, "slope_low": x.slopes[0], "slope_high": x.slopes[1], "model": model,
            "threshold": threshold,
            **{f"{rate}{end}": getattr(getattr(x, rate), end.lstrip("_") or "value")
               for rate in RATES for end in ("", "_low", "_high")},
            "saving": x.saving,
        }
        for x in made.rows
        for model, threshold in zip(x.models, x.thresholds, strict=True)
    ]  # fmt: skip
    return frame({column: [row[column] for row in rows] for column in rows[0]}, kind)


def threshold_text(threshold: float) -> str:
    """A threshold as it is shown.

    >>> [threshold_text(x) for x in (0.25, float("inf"), float("nan"))]
    ['0.25', 'nothing', '–']
    """
    if math.isnan(threshold):
        return "–"
    if math.isinf(threshold):
        return "nothing" if threshold > 0 else "everything"
    return f"{threshold:.6g}"


def _headline(made: Ranges) -> str:
    one = "" if len(made.models) == 1 else f" of {listing([name(x, 40) for x in made.models])}"
    many = f"{plural(len(made.rows), 'threshold')}{one} {'is' if len(made.rows) == 1 else 'are'}"
    return f"{many} best for some costs, where {percent(made.prevalence)} of the rows are {name(made.positive)}."


def _heads(made: Ranges) -> list[str]:
    return ["false alarm : miss", *(["model"] if len(made.models) > 1 else []), "threshold", "recall", "fpr"]


def _cells(made: Ranges, x: Range) -> list[str]:
    model = [listing([name(y, 40) for y in x.models])] if len(made.models) > 1 else []
    return [_ratio(x), *model, threshold_text(x.threshold), plain(x.recall), plain(x.fpr)]


def _ratio(x: Range) -> str:
    if math.isinf(x.high):
        return f"{x.low:.3g} and more"
    return f"{x.low:.3g} to {x.high:.3g}"


def _kept(made: Ranges) -> Sequence[Range]:
    """All ranges, or of many those that are widest as ratios."""
    if len(made.rows) <= SHOWN:
        return made.rows
    order = sorted(range(len(made.rows)), key=lambda i: made.rows[i].low / made.rows[i].high)[:SHOWN]
    return [made.rows[i] for i in sorted(order)]


def _remarks(made: Ranges) -> list[str]:
    told = [READ]
    if len(made.rows) > SHOWN:
        told.append(f"The {SHOWN} widest of {len(made.rows)} ranges; to_frame() holds all of them.")
    method = made.rows[0].recall.method
    return [*told, f"{100 * made.level:.4g} % intervals: {method}, of each threshold by itself."]


def _finite(x: float) -> float | None:
    return x if math.isfinite(x) else None


def _reason(threshold: float) -> str | None:
    if math.isfinite(threshold):
        return None
    return "no threshold parts its rows from the next" if math.isnan(threshold) else "nothing is called positive"
