"""HTML fragments for notebooks: semantic tables with their styles inside, no script, legible on light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from unconfused.findings import Finding
from unconfused.labels import plural
from unconfused.show.colour import css, ramp, written
from unconfused.show.escape import html as safe
from unconfused.show.lines import plain, value_of
from unconfused.show.markup import against_majority
from unconfused.show.numbers import amounts, percent
from unconfused.show.report import BASELINES, Report, report
from unconfused.show.table import names
from unconfused.show.words import SHARES, confusions, notes, sentence
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.rates import Rates

if TYPE_CHECKING:
    from unconfused.inference import Estimate

WHOLE = 30
"""Classes up to which the whole matrix is shown; of more, the pairs confused most."""
LISTED = 20
"""Pairs or classes that are listed of many."""
CAPTIONS: dict[str | None, str] = {None: "Rows, and their share of the actual class", **SHARES}
BOX = "font:14px/1.45 system-ui,sans-serif;color:inherit;max-width:100%;overflow-x:auto"
TABLE = "border-collapse:separate;border-spacing:1px;margin:.4em 0;font-variant-numeric:tabular-nums"
HEAD = "background:transparent;font-weight:600;padding:.2em .6em;text-align:center;vertical-align:bottom"
SIDE = "background:transparent;font-weight:600;padding:.2em .6em;text-align:right;vertical-align:middle"
TURNED = f"{SIDE};writing-mode:vertical-rl;transform:rotate(180deg);text-align:center"
DATA = "padding:.25em .7em;text-align:center;vertical-align:middle;white-space:nowrap"
PLAIN = "background:transparent;padding:.2em .6em;text-align:left;vertical-align:top;white-space:nowrap"
COUNTS = PLAIN.replace("left", "right")
COUNT = re.compile(r"[\d,]+|[\d.]+ %|–")
WORDS = f"{PLAIN.replace('nowrap', 'normal')};min-width:16em"
"""Of a column that holds words and may be broken."""
CAPTION = "caption-side:top;text-align:left;padding:.2em 0;color:inherit"
QUIET = "font-size:.88em;opacity:.85;margin:.3em 0"
LEVELS = {"error": "#b3261e", "warning": "#8a5a00", "note": "#3f5f7f"}


# ── what notebooks show ───────────────────────────────────────────────────────────────────────────
def matrix_html(cm: ConfusionMatrix) -> str:
    """A matrix: the sentence, the table (or the pairs confused most), how it came about."""
    return box(
        paragraph(sentence(cm)),
        matrix_or_pairs(cm),
        *(quiet(note) for note in notes(cm)),
    )


def rates_html(rates: Rates) -> str:
    """Shares of a matrix, in the same shape."""
    return box(matrix_or_pairs(rates.matrix, rates.how), *(quiet(note) for note in notes(rates.matrix)))


def report_html(made: Report) -> str:
    """A report: the sentence, what looks wrong, the rates, the classes."""
    return _report_box(made)


def evaluation_html(ev: Any) -> str:
    """An evaluation: the matrix where something was decided, and its report."""
    matrix = ev.matrix if ev.decided else None
    return _report_box(report(ev), matrix_or_pairs(matrix) if isinstance(matrix, ConfusionMatrix) else "")


def _report_box(made: Report, matrix: str = "") -> str:
    return box(
        paragraph(made.summary), findings_list(made.findings), matrix, rates_table(made), classes_table(made),
        *(quiet(remark) for remark in (*against_majority(made), *made.remarks)),
    )  # fmt: skip


def estimate_html(estimate: Estimate) -> str:
    """One number with its interval, and how that was made."""
    value, interval = halves(estimate)
    said = [f"{100 * estimate.level:.4g} % interval: {estimate.method}" if estimate.method and interval else ""]
    said += [f"n = {estimate.n:,}" if estimate.n else ""]
    small = f' <span style="opacity:.85">{safe(interval)}</span>' if interval else ""
    note = safe(" · ".join(filter(None, said))) if any(said) else ""
    what = f"{safe(estimate.name)} " if estimate.name else ""
    return box(f'<div>{what}<b>{safe(value)}</b>{small}</div><div style="{QUIET}">{note}</div>')


def finding_html(finding: Finding) -> str:
    """One finding."""
    return box(findings_list([finding]))


# ── pieces ────────────────────────────────────────────────────────────────────────────────────────
def box(*parts: str) -> str:
    """The parts in one block whose styles reach nothing else."""
    return f'<div class="unconfused" style="{BOX}">{"".join(parts)}</div>'


def paragraph(text: str) -> str:
    """A sentence."""
    return f'<p style="margin:.3em 0">{safe(text)}</p>'


def quiet(text: str) -> str:
    """A remark below."""
    return f'<p style="{QUIET}">{safe(text)}</p>'


def label(text: object) -> str:
    """A class name, kept from turning round what stands beside it."""
    return f"<bdi>{safe(str(text))}</bdi>"


def matrix_or_pairs(cm: ConfusionMatrix, how: Any = None) -> str:
    """The matrix, or of many classes the pairs confused most."""
    return matrix_table(cm, how) if len(cm.labels) <= WHOLE else pairs_table(cm)


def matrix_table(cm: ConfusionMatrix, how: Any = None) -> str:
    """The matrix with both axes named; a cell holds a count and a share, and its colour shows the share."""
    table, shares, k = cm.table(), cm.normalize("true" if how is None else how).values, len(cm.labels)
    plain, texts = names(cm.labels.texts, cm.seats), amounts(table)
    shown, room = [f"<bdi>{safe(x)}</bdi>" for x in plain], [width_of(len(x), 14) for x in plain]
    size = len(shown)
    if not size:
        return ""
    heads = "".join(
        f'<th scope="col" style="{_edge(HEAD, j, k, "left")};{room[j]}">{x}</th>' for j, x in enumerate(shown)
    )
    rows = []
    for i in range(size):
        cells = []
        for j in range(size):
            share = float(shares[i, j])
            ground = ramp(share if how != "all" else share / (float(np.nanmax(shares, initial=0)) or 1.0))
            text = written(ground, faint=not table[i, j])
            hue = "--first" if i == j < k else "--second"  # of a page, which has colours of its own
            shade = f"background:{css(ground)};color:{text};--share:{np.nan_to_num(share):.3g};--hue:var({hue})"
            style = _edge(_edge(f"{DATA};{shade}", j, k, "left"), i, k, "top")
            said = "–" if np.isnan(share) else percent(share)
            large, small = (texts[i * size + j], said) if how is None else (said, texts[i * size + j])
            cells.append(f'<td style="{style}">{large}<br><small style="color:inherit">{small}</small></td>')
        first = f'<th scope="rowgroup" rowspan="{size}" style="{TURNED}">Actual class</th>' if i == 0 else ""
        beside = f"{_edge(SIDE, i, k, 'top')};{room[i]}"
        rows.append(f'<tr>{first}<th scope="row" style="{beside}">{shown[i]}</th>{"".join(cells)}</tr>')
    caption = CAPTIONS[how]
    if cm.weights is not None:
        caption = caption.replace("Rows", "Sums of weights (Σw)")
    return (
        f'<table style="{TABLE}"><caption style="{CAPTION}">{caption}</caption><thead>'
        f'<tr><td colspan="2" rowspan="2" style="background:transparent"></td>'
        f'<th scope="colgroup" colspan="{size}" style="{HEAD}">Predicted class</th></tr><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def width_of(letters: int, most: int) -> str:
    """The style of a name: in one line up to ``most`` letters, broken where it is longer."""
    if letters <= most:
        return "white-space:nowrap"
    return f"box-sizing:content-box;min-width:{0.64 * most:.1f}em;white-space:normal;overflow-wrap:anywhere"


def _edge(style: str, place: int, k: int, side: str) -> str:
    """A line between the classes and the seats."""
    return f"{style};border-{side}:3px double currentColor" if place == k else style


def pairs_table(cm: ConfusionMatrix) -> str:
    """Of many classes: the pairs confused most, those first that the data bears out best."""
    found, k = confusions(cm, LISTED), len(cm.labels)
    rows = [
        [label(x.truth), label(x.called), f"{x.rows:,} of {x.of:,}", percent(x.rate), f"{100 * x.low:.1f} % or more"]
        for x in found
    ]
    heads = ["Actual class", "Predicted class", "rows", "of the actual class", "95 % sure"]
    return table_of(
        f"The {len(found)} pairs confused most, of {plural(k, 'class')}; cm.plot() draws all, cm.to_csv() lists them.",
        heads,
        rows,
        names=2,
    )


def rates_table(made: Report) -> str:
    """The rates of the whole, of the positive class and of the scores, each with its interval."""
    asked: dict[str, Estimate] = {**made.overall}
    asked |= {f"{metric}[{made.positive}]": e for metric, e in made.of_positive.items()}
    asked |= made.of_scores
    asked |= {f"{metric}@{average}": e for average, found in made.averages.items() for metric, e in found.items()}
    rows = []
    for name, e in asked.items():
        value, interval = halves(e)
        beside = BASELINES.get(name)
        against = f"; {value_of(asked[beside])} without skill" if beside in asked and e.defined else ""
        out = f" without {', '.join(map(str, e.left_out))}" if e.left_out else ""
        rows.append(
            [safe(name), f"<b>{safe(value)}</b>", safe(f"{interval}{out}{against}"), f"{e.n:,}", safe(e.method)]
        )
    return table_of("Rates", ["rate", "value", f"{100 * made.level:.4g} % interval", "n", "method"], rows, words=4)


def classes_table(made: Report, most: int = WHOLE) -> str:
    """Every class with its rates; of many, those found least."""
    if not made.classes:
        return ""
    chosen: Sequence[Any] = made.classes
    title = "Labels" if made.kind == "multilabel" else "Classes"
    if len(chosen) > most:
        chosen = sorted(chosen, key=lambda row: _height(row.estimates))[:most]
        title = f"The {most} of {len(made.classes):,} {title.lower()} that do worst (by the upper end of the interval)"
    metrics = list(dict.fromkeys(metric for row in chosen for metric in row.estimates))
    weighted = made.weight is not None
    called = any(row.called is not None for row in chosen)
    heads = [
        "label" if made.kind == "multilabel" else "class",
        "rows",
        *(["Σw"] if weighted else []),
        *(["called so"] if called else []),
        *metrics,
    ]
    rows = []
    for row in chosen:
        cells = [label(row.label), f"{row.rows:,}"]
        cells += [f"{row.weight:,.4g}" if row.weight is not None else "–"] if weighted else []
        cells += ["–" if row.called is None else f"{row.called:,}"] if called else []
        rows.append([*cells, *(_short(row.estimates.get(metric)) for metric in metrics)])
    return table_of(title, heads, rows)


def _height(found: Mapping[str, Estimate]) -> float:
    """The upper end of a class's recall, or of its AUC; undefined last."""
    e = found.get("recall") or found.get("roc_auc")
    return 2.0 if e is None or not e.defined else e.high


def _short(e: Estimate | None) -> str:
    if e is None:
        return "–"
    value, interval = halves(e)
    return f'{safe(value)} <small style="opacity:.85">{safe(interval)}</small>'


def halves(e: Estimate) -> tuple[str, str]:
    """The value and the interval of an estimate, as it prints."""
    if not e.defined:
        return str(e), ""
    value, bracket, rest = plain(e).partition(" [")
    return value, bracket.strip() + rest


def findings_list(findings: Iterable[Finding]) -> str:
    """What looks wrong, each with its level, its code and what to do."""
    items = []
    for finding in findings:
        mark = (
            f'<b style="background:{LEVELS[finding.level]};color:white;border-radius:.25em;padding:0 .4em">'
            f"{safe(finding.level)}</b> <code>{safe(finding.code)}</code>"
        )
        remedy = f" <i>{safe(finding.remedy)}</i>" if finding.remedy else ""
        items.append(f'<li style="margin:.2em 0">{mark} {safe(finding.message)}{remedy}</li>')
    return f'<ul style="list-style:none;padding:0;margin:.4em 0">{"".join(items)}</ul>' if items else ""


def styles_of(rows: Sequence[Sequence[str]]) -> list[str]:
    """Of each column: counts and percentages end on the right, words begin on the left."""
    columns = [*zip(*rows, strict=True)][1:]
    return [PLAIN, *(COUNTS if all(map(COUNT.fullmatch, column)) else PLAIN for column in columns)]


def _letters(name: str) -> int:
    return len(name.removeprefix("<bdi>").removesuffix("</bdi>"))


def table_of(
    caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]], words: int | None = None, *, names: int = 1
) -> str:
    """A table whose first ``names`` columns name its rows; cells are HTML, headings and caption are text.

    ``words`` is the column whose cells may be broken, as long names are.
    """
    if not rows:
        return ""
    styles = styles_of(rows)
    if words is not None:
        styles[words] = WORDS
    named = zip(styles, heads, strict=True)
    head = "".join(f'<th scope="col" style="{style};font-weight:600">{safe(x)}</th>' for style, x in named)
    lines = []
    for first, *rest in rows:
        line = [f'<th scope="row" style="{PLAIN};font-weight:600;{width_of(_letters(first), 24)}">{first}</th>']
        for place, (style, cell) in enumerate(zip(styles[1:], rest, strict=True), 1):
            long = place < names and _letters(cell) > 24
            line.append(f'<td style="{style}{";" + width_of(_letters(cell), 24) if long else ""}">{cell}</td>')
        lines.append(f"<tr>{''.join(line)}</tr>")
    return (
        f'<table style="{TABLE}"><caption style="{CAPTION};font-weight:600">{safe(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )
