"""How a decision looks: the threshold, the matrix, what it costs or reaches, and how much of that is luck."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from unconfused.inference import Estimate
from unconfused.show.escape import html as safe
from unconfused.show.escape import markdown
from unconfused.show.export import SCHEMA_VERSION, estimate_dict, matrix_dict
from unconfused.show.grid import matrix_lines
from unconfused.show.html import box, halves, matrix_table, quiet, table_of
from unconfused.show.html import paragraph as html_paragraph
from unconfused.show.lines import Rate, joined, rate_lines
from unconfused.show.markup import matrix_markdown
from unconfused.show.table import name, paragraph
from unconfused.show.words import sentence

if TYPE_CHECKING:
    from unconfused.decide import Filled, Infeasible, OperatingPoint

CHOSE, OTHERS = "on the rows that chose it", "on rows that did not choose it"
NOTHING, EVERYTHING = "nothing is called positive", "everything is called positive"
INFINITE = "scores of inf alone are called positive"


# ── terminal ──────────────────────────────────────────────────────────────────────────────────────
def point_text(point: OperatingPoint) -> str:
    """A chosen operating point: the sentence, the matrix, the numbers it was chosen for."""
    told = [paragraph(_headline(point)), paragraph(sentence(point.matrix)), matrix_lines(point.matrix)]
    return joined([*told, rate_lines(_rates(point)), *map(paragraph, _remarks(point))])


def infeasible_text(found: Infeasible) -> str:
    """Why there is no threshold, and what came nearest."""
    return joined([paragraph(found.reason), rate_lines([(found.reached.name, found.reached, "there")])])


# ── notebooks and Markdown ────────────────────────────────────────────────────────────────────────
def point_html(point: OperatingPoint) -> str:
    """A chosen operating point, in a notebook."""
    return box(
        html_paragraph(_headline(point)), html_paragraph(sentence(point.matrix)), matrix_table(point.matrix),
        estimates_table(_rates(point)), *map(quiet, _remarks(point)),
    )  # fmt: skip


def infeasible_html(found: Infeasible) -> str:
    """Why there is no threshold, in a notebook."""
    return box(html_paragraph(found.reason), estimates_table([(found.reached.name, found.reached, "there")]))


def estimates_table(rates: Iterable[Rate]) -> str:
    """Estimates as a table of HTML."""
    rows = []
    for what, e, beside in rates:
        value, interval = halves(e)
        rows.append([safe(what), f"<b>{safe(value)}</b>", safe(interval), safe(beside), safe(e.method)])
    heads = ["", "value", "interval", "where", "method"]
    return table_of("What it comes to", heads, rows, words=4)


def point_markdown(point: OperatingPoint) -> str:
    """A chosen operating point as Markdown."""
    told = [_headline(point), sentence(point.matrix), *_remarks(point)]
    first, second, *rest = map(markdown, told)
    return (
        "\n\n".join([first, second, matrix_markdown(point.matrix).strip(), markdown_rows(_rates(point)), *rest]) + "\n"
    )


def infeasible_markdown(found: Infeasible) -> str:
    """Why there is no threshold, as Markdown."""
    return f"{markdown(found.reason)}\n\n{markdown_rows([(found.reached.name, found.reached, 'there')])}\n"


def markdown_rows(rates: Iterable[Rate]) -> str:
    """Estimates as a table of Markdown."""
    lines = ["| | value | where | method |", "|---|---|---|---|"]
    lines += [
        f"| {' | '.join(map(markdown, (what, str(e), beside, e.method if e.defined else '')))} |"
        for what, e, beside in rates
    ]
    return "\n".join(lines)


# ── data ──────────────────────────────────────────────────────────────────────────────────────────
def point_dict(point: OperatingPoint) -> dict[str, Any]:
    """A chosen operating point after the schema."""
    low, high = point.spread
    return {
        "schema_version": SCHEMA_VERSION,
        "type": "operating_point",
        "objective": point.objective,
        "threshold": finite(point.threshold),
        "reason": _infinity(point),
        "matrix": matrix_dict(point.matrix),
        "apparent": named(point.apparent),
        "corrected": named(point.corrected),
        "expected_cost": None if point.expected_cost is None else named(point.expected_cost),
        "theory": point.theory,
        "spread": {"low": finite(low), "high": finite(high), "reason": _unbounded(low, high)},
        "achieved": [
            {"apparent": named(apparent), "corrected": named(corrected)}
            for apparent, corrected in zip(point.achieved, point.achieved_corrected, strict=True)
        ],
        "merged": point.merged,
        "seed": point.seed,
        "queue": point.queue and _queue_dict(point.queue),
    }


def _queue_dict(queue: Filled) -> dict[str, Any]:
    return {
        "size": queue.size, "per": queue.per, "called": queue.called, "free": queue.free, "tied": queue.tied,
    }  # fmt: skip


def infeasible_dict(found: Infeasible) -> dict[str, Any]:
    """Why there is no threshold, after the schema."""
    return {
        "schema_version": SCHEMA_VERSION,
        "type": "infeasible",
        "objective": found.objective,
        "reason": found.reason,
        "nearest": finite(found.nearest),
        "nearest_reason": None if math.isfinite(found.nearest) else NOTHING if found.nearest > 0 else EVERYTHING,
        "reached": named(found.reached),
    }


def named(e: Estimate) -> dict[str, Any]:
    """An estimate with its name, after the schema."""
    return {"name": e.name, **estimate_dict(e)}


def finite(x: float) -> float | None:
    """A number, or None for what JSON has none for."""
    return x if math.isfinite(x) else None


def _infinity(point: OperatingPoint) -> str | None:
    """Why a threshold is no finite number."""
    if math.isfinite(point.threshold):
        return None
    if point.threshold < 0:
        return EVERYTHING
    return INFINITE if point.matrix.tp + point.matrix.fp else NOTHING


def _unbounded(low: float, high: float) -> str | None:
    """Why the spread of the threshold has an end that is no finite number."""
    if math.isnan(low):
        return "no resampled data set allows a threshold"
    return None if math.isfinite(low) and math.isfinite(high) else "inf calls nothing positive, -inf everything"


# ── words ─────────────────────────────────────────────────────────────────────────────────────────
def _headline(point: OperatingPoint) -> str:
    positive = name(str(point.matrix.labels.positive_name))
    does = {
        NOTHING: f"Call nothing {positive}",
        EVERYTHING: f"Call every row {positive}",
        None: f"Call a row {positive} when its score is at least {point.threshold!r}",
    }.get(_infinity(point), f"Call a row {positive} when its score is inf")
    return f"{does}: that has the {point.objective}."


def _rates(point: OperatingPoint) -> list[Rate]:
    apparent, corrected = [point.apparent, *point.achieved], [point.corrected, *point.achieved_corrected]
    pairs = {a.name: (a, c) for a, c in reversed(list(zip(apparent, corrected, strict=True)))}
    rates: list[Rate] = []
    for what in dict.fromkeys(e.name for e in apparent):
        chosen, others = pairs[what]
        rates += [(what, chosen, CHOSE), (f"corrected {what}", others, OTHERS)]
    return rates


def _remarks(point: OperatingPoint) -> list[str]:
    low, high = point.spread
    told = "No resampled data set allows a threshold."
    if not math.isnan(low):
        ends = f"from {low:.4g} to {high:.4g}" if low < high else f"of {low:.4g}"
        told = f"Of data sets like this one, {100 * point.apparent.level:.4g} % would choose a threshold {ends}."
    if point.theory is not None:
        told += f" For calibrated probabilities these costs ask for {point.theory:.4g}."
    filled = [] if point.queue is None else [str(point.queue)]
    if not point.merged:
        return [*filled, told]
    merged = f"{point.merged:,} of the log-odds are so extreme that no probability in float64 parts them from the next"
    return [*filled, told, f"{merged}: no threshold falls between. score_kind='raw' has thresholds in log-odds."]
