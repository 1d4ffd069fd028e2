"""``unconfused metrics``: the catalogue on the terminal."""

from __future__ import annotations

import shutil
import textwrap
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from unconfused.cli.options import OUTPUT, Output
from unconfused.cli.output import as_json, cells, chosen, emit, number
from unconfused.errors import UsageError
from unconfused.metrics import CATALOGUE, Metric, find

KINDS = {"counts": "a decision", "scores": "scores", "moments": "losses", "ranks": "ranks"}


def metrics(
    *search: Annotated[
        str, Parameter(name="SEARCH", help="Words that occur in the name, another name or the formula.")
    ],
    output: Output = None,
    format: Annotated[
        Literal["text", "json", "markdown", "csv"] | None,
        Parameter(group=OUTPUT, help="Default: text on a terminal, json when piped."),
    ] = None,
) -> int:
    """The catalogue: what can be asked, its range, which way is better, its other names and its formula."""
    found = [metric for metric in CATALOGUE.values() if all(_holds(metric, word) for word in search)]
    found.sort(key=lambda metric: not all(_holds(metric, word, by_name=True) for word in search))
    if not found:
        found = [find(" ".join(search))]
    match chosen(format, output):
        case "text":
            emit("\n\n".join(map(_text, found)), output)
        case "json":
            emit(as_json([_data(metric) for metric in found]), output)
        case "csv":
            rows = [list(map(_cell, _data(metric).values())) for metric in found]
            emit("\n".join(map(cells, [list(_data(found[0])), *rows])), output)
        case "markdown":
            emit("\n".join([*HEAD, *map(_row, found)]), output)
        case other:
            raise UsageError(f"metrics has no {other} form.", fix="Type --format text, json, markdown or csv.")
    return 0


def _holds(metric: Metric, word: str, *, by_name: bool = False) -> bool:
    names = (metric.name, *metric.also)
    return any(_plain(word) in _plain(text) for text in (names if by_name else (*names, metric.formula, metric.see)))


def _plain(text: str) -> str:
    return text.lower().replace("_", " ").replace("-", " ")


def called(metric: Metric) -> str:
    """The name as it is typed, with what stands in its parentheses.

    >>> called(find("fbeta"))
    'fbeta(b)'
    """
    names = ["|".join(p.words) if p.words else p.name for p in metric.parameters]
    return metric.name + (f"({', '.join(names)})" if names else "")


def _range(metric: Metric) -> str:
    low, high = (f"{x:g}".replace("inf", "∞").replace("-", "−") for x in metric.range)
    return f"{low} … {high}"


def _better(metric: Metric) -> str:
    return f"{metric.better} is better" if metric.better else "neither way is better"


def _text(metric: Metric) -> str:
    width = min(shutil.get_terminal_size().columns, 100)
    scope = "per class" if metric.per_class else "overall"
    head = f"{called(metric)}   {_range(metric)}, {_better(metric)}; of {KINDS[metric.of]}, {scope}"
    rest = (
        metric.formula,
        f"Also: {', '.join(metric.also)}" if metric.also else "",
        f"Undefined where {metric.undefined}." if metric.undefined else "",
        f"See {metric.see}" if metric.see else "",
    )
    lines = textwrap.wrap(head, width, subsequent_indent="    ")
    for text in filter(None, rest):
        lines += textwrap.wrap(text, width, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
    return "\n".join(lines)


HEAD = ("| metric | range | better | also | formula |", "|---|---|---|---|---|")


def _row(metric: Metric) -> str:
    parts = (called(metric), _range(metric), metric.better or "", ", ".join(metric.also), metric.formula)
    return "| " + " | ".join(part.replace("|", "\\|") for part in parts) + " |"


def _data(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "typed": called(metric),
        "formula": metric.formula,
        "low": number(metric.range[0]),
        "high": number(metric.range[1]),
        "better": metric.better,
        "kind": metric.kind,
        "of": metric.of,
        "per_class": metric.per_class,
        "also": list(metric.also),
        "undefined": metric.undefined,
        "see": metric.see,
    }


def _cell(value: Any) -> Any:
    return "; ".join(value) if isinstance(value, list) else "" if value is None else value
