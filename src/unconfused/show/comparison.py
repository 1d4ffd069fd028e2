"""How a comparison looks: the differences with their p-values, the rows that changed sides, who costs least where."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from unconfused.inference import Estimate
from unconfused.inference.significance import ADJUSTMENTS
from unconfused.labels import plural
from unconfused.show.csv import csv_lines
from unconfused.show.escape import html as safe
from unconfused.show.escape import markdown
from unconfused.show.export import SCHEMA_VERSION, estimate_dict, finding_dict, frame
from unconfused.show.forest import Line, forest_table
from unconfused.show.html import box, findings_list, quiet, table_of
from unconfused.show.html import paragraph as html_paragraph
from unconfused.show.lines import finding_lines, joined, plain, value_of
from unconfused.show.numbers import equals, listing, p_value, percent
from unconfused.show.shading import Shade, bar, strong
from unconfused.show.table import Column, fitted, lay_out, name, paragraph

if TYPE_CHECKING:
    from unconfused.inference.comparison import Comparison, CostRange, Difference, Flips

COLUMNS = (
    "metric", "reference", "model", "reference_value", "model_value", "difference", "low", "high", "level", "interval",
    "p", "adjusted_p", "test", "z", "n", "verdict", "reason",
)  # fmt: skip
FLIP_HEADS = ("class", "rows", "both right", "lost", "won", "both wrong")
EMPTY: Mapping[int, Sequence[Shade | None]] = {}
COSTS = "Who costs least, each at the best threshold on these rows, when a false alarm costs so many times a miss:"


# ── text ──────────────────────────────────────────────────────────────────────────────────────────
def comparison_text(made: Comparison) -> str:
    """A comparison: what was shown, a table for each pair of models, flips, costs, and how it was found."""
    parts = [paragraph(headline(made))]
    for models in pairs(made):
        rows = [x for x in made.differences if x.models == models]
        table = _table(_heads(made, models), _cells(made, rows), _shades(rows))
        parts += [[f"{against(models)}:", *table], _verdicts(rows)]
        if flips := [x for x in made.flips if x.models == models]:
            told = paragraph(_flips_told(models))
            parts.append([*told, *_table(FLIP_HEADS, [_flip_cells(x) for x in flips])])
    parts += [paragraph(line) for line in _overall(made)]
    if made.ranges:
        parts.append([*paragraph(COSTS), *(f"  {_range(x)}" for x in _told_ranges(made))])
    parts += [_methods(made), finding_lines(made.findings, ("CM-UNSCORED",))]
    return joined(parts)


def _shades(rows: Sequence[Difference]) -> dict[int, list[Shade | None]]:
    """A bar under each value, and what was shown in bold."""
    values = {i + 1: [bar(x.metric, x.values[i]) for x in rows] for i in (0, 1)}
    return {**values, 3: [strong if x.significant else None for x in rows]}


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], shades: Mapping[int, Sequence[Shade | None]] = EMPTY
) -> list[str]:
    columns = [
        Column([head], [[row[i]] for row in rows], "left" if i == 0 else "right", shades.get(i, ()))
        for i, head in enumerate(heads)
    ]
    named = [0, *(i for i, head in enumerate(heads) if i and len(head) > 12)]
    return lay_out(fitted(columns, named))


def _heads(made: Comparison, models: tuple[str, str]) -> list[str]:
    heads = ["metric", *(name(model, 40) for model in models), "difference", "p"]
    return [*heads, ADJUSTMENTS[made.adjust].split("-")[0]] if _is_adjusted(made) else heads


def _is_adjusted(made: Comparison) -> bool:
    return made.adjust is not None and made.tests > 1


def _cells(made: Comparison, rows: Sequence[Difference]) -> list[list[str]]:
    return [
        [x.metric, *map(value_of, x.values), _signed(x), p_value(x.p)]
        + ([p_value(x.adjusted)] if _is_adjusted(made) else [])
        for x in rows
    ]


def _signed(x: Difference) -> str:
    """A difference with its sign."""
    if not x.difference.defined:
        return "undefined"
    return f"{'+' if x.difference.value > 0 else ''}{plain(x.difference)}"


def _flip_cells(x: Flips) -> list[str]:
    counts = (x.rows, x.both_right, x.lost, x.won, x.both_wrong)
    return [name(str(x.truth), 40), *(f"{n:,}" for n in counts)]


def _verdicts(rows: Sequence[Difference]) -> list[str]:
    """What may be said, each verdict with its metrics."""
    said: dict[str, list[str]] = {}
    for x in rows:
        said.setdefault(x.verdict, []).append(x.metric)
    return [
        line for verdict, metrics in said.items() for line in paragraph(f"{verdict}: {listing(metrics, 12)}.", "  ")
    ]


# ── words ─────────────────────────────────────────────────────────────────────────────────────────
def headline(made: Comparison) -> str:
    """Which models, on which rows, and how many differences were shown."""
    shown = sum(x.significant for x in made.differences)
    rows = "the same " + plural(made.total, "row") if made.paired else "rows of their own"
    by = f" after {ADJUSTMENTS[made.adjust]}'s correction" if _is_adjusted(made) else ""
    models = listing([name(x, 40) for x in made.models])
    return f"{models} on {rows}: {shown} of {plural(made.tests, 'difference')} shown{by} (level {made.level:g})."


def pairs(made: Comparison) -> list[tuple[str, str]]:
    """The models that are held against each other."""
    return list(dict.fromkeys(x.models for x in made.differences))


def against(models: tuple[str, str]) -> str:
    """Who is held against whom."""
    first, second = (name(x, 40) for x in models)
    return f"{second} against {first}"


def _flips_told(models: tuple[str, str]) -> str:
    first, second = (name(x, 40) for x in models)
    return f"Rows by class: lost are those that {first} has right and {second} wrong, won the other way round."


def _overall(made: Comparison) -> list[str]:
    if made.cochran is None:
        return []
    q, p = made.cochran
    return [f"All {len(made.models)} models equally often right: Cochran's Q = {q:.3g}, p {equals(p)}."]


def _told_ranges(made: Comparison) -> list[CostRange]:
    """Without the ends where every model does the same: calls everything positive, or nothing."""
    return [x for x in made.ranges if len(x.models) < len(made.models)] or list(made.ranges)


def _range(x: CostRange) -> str:
    ends = f"{x.low:.3g} to {x.high:.3g} times" if math.isfinite(x.high) else f"{x.low:.3g} times or more"
    if x.low == 0:
        ends = f"up to {x.high:.3g} times" if math.isfinite(x.high) else "at any ratio"
    saved = f", by up to {percent(x.saving)}" if x.saving > 0 else ""
    return f"{ends}: {listing([name(m, 40) for m in x.models])}{saved}"


def _methods(made: Comparison) -> list[str]:
    intervals = [(x.metric, x.difference.method) for x in made.differences]
    lines = _told(f"{100 * made.level:.4g} % intervals", intervals)
    lines += _told("p-values", [(x.metric, x.test) for x in made.differences])
    if _is_adjusted(made):
        lines += paragraph(f"{ADJUSTMENTS[made.adjust]}: {made.tests} tests.", "  ")
    return lines


def _told(what: str, methods: Sequence[tuple[str, str]]) -> list[str]:
    """Which metrics had which method."""
    said: dict[str, dict[str, None]] = {}
    for metric, method in methods:
        if method:
            said.setdefault(method, {})[metric] = None
    told = list(said) if len(said) == 1 else [f"{', '.join(metrics)}: {method}" for method, metrics in said.items()]
    return paragraph(f"{what}: {'; '.join(told)}.", "  ") if told else []


# ── notebooks and Markdown ────────────────────────────────────────────────────────────────────────
def comparison_html(made: Comparison) -> str:
    """A comparison, in a notebook."""
    parts = [html_paragraph(headline(made)), findings_list(made.findings)]
    for models in pairs(made):
        parts += pair_html(made, models)
    return box(*parts, *costs_html(made), quiet(methods(made)))


def pair_html(made: Comparison, models: tuple[str, str]) -> list[str]:
    """What sets two models apart: their differences on one axis, and the rows that changed sides."""
    rows = [x for x in made.differences if x.models == models]
    lines = [
        Line([*texts, x.verdict], x.difference, x.significant)
        for x, texts in zip(rows, _cells(made, rows), strict=True)
    ]
    heads, margin = [*_heads(made, models), "verdict"], next((x.margin for x in rows), None)
    parts = [forest_table(against(models), heads, lines, about="difference", line=0.0, margin=margin)]
    if flips := [[*map(safe, _flip_cells(x))] for x in made.flips if x.models == models]:
        parts.append(table_of(_flips_told(models), FLIP_HEADS, flips))
    return parts


def costs_html(made: Comparison) -> list[str]:
    """What holds of all models: whether they are equally often right, and which costs least where."""
    parts = [*map(html_paragraph, _overall(made))]
    return parts + ([html_paragraph(COSTS), *(quiet(_range(x)) for x in _told_ranges(made))] if made.ranges else [])


def methods(made: Comparison) -> str:
    """How the intervals and p-values were made."""
    return " ".join(map(str.strip, _methods(made)))


def comparison_markdown(made: Comparison) -> str:
    """A comparison as Markdown tables."""
    parts = [markdown(headline(made)), *(f"**{x.level} {x.code}**: {markdown(x.message)}" for x in made.findings)]
    for models in pairs(made):
        rows = [x for x in made.differences if x.models == models]
        cells = [[*row, x.verdict] for x, row in zip(rows, _cells(made, rows), strict=True)]
        parts += [f"**{markdown(against(models))}**", _rows([*_heads(made, models), "verdict"], cells)]
        if flips := [_flip_cells(x) for x in made.flips if x.models == models]:
            parts += [markdown(_flips_told(models)), _rows(FLIP_HEADS, flips)]
    parts += map(markdown, _overall(made))
    if made.ranges:
        parts.append("\n".join([markdown(COSTS), "", *(f"- {markdown(_range(x))}" for x in _told_ranges(made))]))
    parts.append(markdown(methods(made)))
    return "\n\n".join(parts) + "\n"


def _rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(map(markdown, row))} |" for row in (heads, *rows)]
    return "\n".join([lines[0], "|---" + "|---:" * (len(heads) - 1) + "|", *lines[1:]])


# ── data ──────────────────────────────────────────────────────────────────────────────────────────
def comparison_dict(made: Comparison) -> dict[str, Any]:
    """A comparison after the schema."""
    return {
        "schema_version": SCHEMA_VERSION,
        "type": "comparison",
        "models": list(made.models),
        "paired": made.paired,
        "total": made.total,
        "level": made.level,
        "adjust": made.adjust,
        "tests": made.tests,
        "seed": made.seed,
        "rules": dict(made.rules),
        "differences": [
            {
                "metric": x.metric,
                "models": list(x.models),
                "values": [_named(e) for e in x.values],
                "difference": _named(x.difference),
                "p": _finite(x.p),
                "adjusted_p": _finite(x.adjusted),
                "test": x.test,
                "z": None if x.z is None else _finite(x.z),
                "margin": x.margin,
                "equivalent": x.equivalent,
                "not_worse": x.not_worse,
                "verdict": x.verdict,
            }
            for x in made.differences
        ],
        "flips": [
            {
                "models": list(x.models), "truth": x.truth, "both_right": x.both_right, "lost": x.lost, "won": x.won,
                "both_wrong": x.both_wrong, "differ": x.differ,
            }
            for x in made.flips
        ],
        "cochran": None if made.cochran is None else dict(zip(("q", "p"), made.cochran, strict=True)),
        "cost_ranges": [
            {"low": x.low, "high": _finite(x.high), "models": list(x.models), "saving": x.saving} for x in made.ranges
        ],
        "findings": [finding_dict(x) for x in made.findings],
    }  # fmt: skip


def _named(e: Estimate) -> dict[str, Any]:
    return {"name": e.name, **estimate_dict(e)}


def _finite(x: float) -> float | None:
    return x if math.isfinite(x) else None


def records(made: Comparison) -> Iterator[tuple[Any, ...]]:
    """The rows of the long form, each after ``COLUMNS``."""
    for x in made.differences:
        e, (first, second) = x.difference, x.values
        yield (
            x.metric, *x.models, first.value, second.value, e.value, e.low, e.high, e.level, e.method, x.p, x.adjusted,
            x.test, math.nan if x.z is None else x.z, e.n, x.verdict, e.reason,
        )  # fmt: skip


def comparison_frame(made: Comparison, kind: str = "pandas") -> Any:
    """Long form, one row for each metric and pair of models; NaN where undefined."""
    rows = list(records(made))
    return frame({column: [row[i] for row in rows] for i, column in enumerate(COLUMNS)}, kind)


def comparison_csv(made: Comparison) -> str:
    """The long form as CSV; empty where undefined."""
    return csv_lines(COLUMNS, records(made))
