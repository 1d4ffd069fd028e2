"""One offline page: a single file that needs no network, no server and no installation to be read."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any

from unconfused import __version__
from unconfused.errors import NotKept, inert, require
from unconfused.labels import plural
from unconfused.show import html
from unconfused.show.classes import classes_data
from unconfused.show.comparison import against, costs_html, headline, methods, pair_html
from unconfused.show.comparison import pairs as pairs_of
from unconfused.show.escape import visible
from unconfused.show.explore import Explorer
from unconfused.show.numbers import listing
from unconfused.show.report import Report, report
from unconfused.show.slices import slices_parts
from unconfused.show.taxonomy import by_level, taxonomy_parts, tree_of
from unconfused.show.views import bundle
from unconfused.show.words import notes
from unconfused.store import whole_file
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.slices import told

if TYPE_CHECKING:
    from unconfused.inference.comparison import Comparison

SCRIPTS = tuple(
    f"page{part}.js"
    for part in ("_address", "_tables", "_numbers", "_copy", "_copies", "_binary", "_expressions", "_charts",
                 "_explore", "_levels", "_classes", "")
)  # fmt: skip
"""What runs on the page, after the library of the charts."""
LISTED = 200
"""Classes that the table of classes holds."""


@dataclass
class Section:
    """A part of the page: a heading and fragments of HTML."""

    id: str
    title: str
    parts: list[str] = field(default_factory=list)


def write_page(
    subject: Any,
    path: str | os.PathLike[str],
    *,
    threshold: Any = None,
    cost: Mapping[str, float] | None = None,
    prevalence: float | None = None,
    taxonomy: Mapping[Any, Any] | None = None,
) -> None:
    """Write the page of a matrix or an evaluation to ``path``: whole, or not at all.

    Args:
        subject: a `ConfusionMatrix` or an `Evaluation`.
        path: where to; a file that is there is replaced.
        threshold: the rule under which the matrix of an evaluation is made: the chosen point, where the page opens.
        cost: what a row of each cell costs, ``{"fp": 1, "fn": 10}``: the page opens with it; else errors cost 1 each.
        prevalence: the share of positives with which the page opens; else that of the rows.
        taxonomy: a tree of three classes or more, as ``cm.taxonomy`` takes it: the page shows them at each level too.

    Raises:
        MissingExtra: Jinja2 (or, for curves, Altair and vl-convert) is not installed.
        UnreadableFile: there is no such folder.
        OSError: the place cannot be written.
    """
    content = page(subject, threshold=threshold, cost=cost, prevalence=prevalence, taxonomy=taxonomy).encode()
    with whole_file(path) as file:
        file.write(content)


def page(
    subject: Any,
    *,
    threshold: Any = None,
    cost: Mapping[str, float] | None = None,
    prevalence: float | None = None,
    taxonomy: Mapping[Any, Any] | None = None,
) -> str:
    """The page as text; see `write_page`."""
    made = report(subject, threshold=threshold)
    matrix = _matrix(subject, threshold)
    explorer = Explorer.of(subject, threshold, cost, prevalence, made.level)
    if explorer is None and (cost is not None or prevalence is not None):
        raise NotKept(
            "The page has no threshold that could be moved.",
            "cost= and prevalence= are of scores of two classes that both have rows.",
            "Leave them out.",
        )
    tree = None if taxonomy is None else tree_of(matrix, taxonomy, made.level)
    reports = [made, *(report(x, level=made.level) for x in (tree.levels[:-1] if tree else ()))]
    classes = classes_data(matrix, tree)
    held = explorer.data() if explorer else {}
    held |= {"classes": classes} if classes else {}
    findings = Section("findings", "Worth knowing first", _kept(html.findings_list(made.findings)))
    decided = matrix is not None and not (explorer and not explorer.kind and threshold is not None)
    sections = [
        Section("matrix", "Who was called what", _matrix_parts(matrix) if decided or not explorer else []),
        Section("rates", "Rates, and how sure they are", by_level([html.rates_table(x) for x in reports])),
        Section("classes", "Each class", by_level([html.classes_table(x, LISTED) for x in reports])),
        Section("tree", "How far apart in the tree", taxonomy_parts(tree) if tree else []),
        *_slices(subject, matrix, threshold, made.level),
    ]
    confused = [html.pairs_table(x) for x in (matrix, *(x.matrix for x in reports[1:]))] if classes else []
    pairs = Section("pairs", "Most confused", by_level(confused))
    return _rendered(
        title=f"{made.kind.capitalize()} classifier: {plural(made.total, 'row')}",
        kind=f"{made.kind.capitalize()} classifier, {plural(made.total, 'row')}",
        summary=made.summary,
        findings=findings,
        sections=sections,
        pairs=pairs,
        classes=classes,
        explorer=explorer,
        facts=_facts(made),
        held=held,
    )


@dataclass(frozen=True, repr=False)
class Cell:
    """The page in a cell of a notebook: a frame of its own, which reaches neither the notebook nor a network.

    Attributes:
        content: the page.
        height: of the frame, in pixels.
    """

    content: str
    height: int

    def __repr__(self) -> str:
        return f"The page, {len(self.content) / 1e6:.1f} MB, for a notebook; ev.to_html(path) writes it to a file."

    def _repr_html_(self) -> str:
        return (
            f'<iframe title="unconfused" srcdoc="{escape(self.content, quote=True)}" sandbox="allow-scripts '
            f'allow-downloads" style="width:100%;height:{self.height}px;border:0"></iframe>'
        )


def write_comparison(made: Comparison, path: str | os.PathLike[str]) -> None:
    """Write the page of a comparison to ``path``: whole, or not at all; raises as `write_page` does."""
    content = comparison_page(made).encode()
    with whole_file(path) as file:
        file.write(content)


def comparison_page(made: Comparison) -> str:
    """The page of a comparison as text: every pair of models as a forest, the rows that changed sides, the costs."""
    sections = [
        Section(f"pair-{i}", against(models), pair_html(made, models)) for i, models in enumerate(pairs_of(made))
    ]
    facts = [("Models", listing([visible(x) for x in made.models], 20))]
    facts += [(f"Rule of {visible(model)}", rule) for model, rule in made.rules.items() if rule]
    facts += [("Rows", f"{made.total:,}, the same of every model" if made.paired else "of each model its own")]
    facts += [("Methods", methods(made)), ("Seed", str(made.seed)), ("Made", _made())]
    return _rendered(
        title=f"Comparison: {listing([visible(x) for x in made.models], 4)}",
        kind=f"Comparison of {plural(len(made.models), 'model')}",
        summary=headline(made),
        findings=Section("findings", "Worth knowing first", _kept(html.findings_list(made.findings))),
        sections=[Section("overall", "All models", costs_html(made)), *sections],
        pairs=Section("pairs", "", []),
        classes=None,
        explorer=None,
        facts=facts,
        held={},
    )


def _rendered(
    *, title: str, kind: str, summary: str, findings: Section, sections: list[Section], pairs: Section, classes: Any,
    explorer: Explorer | None, facts: list[tuple[str, str]], held: Mapping[str, Any],
) -> str:  # fmt: skip
    """The template, filled: what the sections hold is HTML, all else is text."""
    jinja = require("jinja2", extra="html")
    safe = require("markupsafe", extra="html").Markup
    moving = held or any('class="sortable"' in part for section in sections for part in section.parts)
    scripts = [*([bundle()] if explorer else []), *map(_asset, SCRIPTS)] if moving else []
    for section in (findings, pairs, *sections):
        section.parts = [safe(part) for part in section.parts]
    environment = jinja.Environment(
        autoescape=True, undefined=jinja.StrictUndefined, trim_blocks=True,
        finalize=lambda x: inert(x) if type(x) is str else x,
    )  # fmt: skip
    text: str = environment.from_string(_asset("page.html.j2")).render(
        policy=_policy(scripts),
        version=__version__,
        title=title,
        style=safe(_asset("page.css")),
        kind=kind,
        summary=summary,
        findings=findings,
        sections=sections,
        pairs=pairs,
        classes=classes,
        whole=html.WHOLE,
        explorer=explorer,
        facts=facts,
        data=safe(_json(held)),
        scripts=[safe(script) for script in scripts],
    )
    return text


def _matrix(subject: Any, threshold: Any) -> Any:
    if isinstance(subject, ConfusionMatrix | Grouped):
        return subject
    if threshold is not None:
        return subject.at(threshold)
    return subject.matrix if subject.decided else None


def _matrix_parts(matrix: Any) -> list[str]:
    """The table of a matrix, or of each label."""
    if matrix is None:
        return [
            "<p>Scores alone decide nothing; name a threshold to see the matrix: ev.to_html(path, threshold=…).</p>"
        ]
    if isinstance(matrix, ConfusionMatrix):
        return [html.matrix_or_pairs(matrix), *(html.quiet(note) for note in notes(matrix))]
    members = list(matrix.items())
    shown = [f"<div><h3>{html.label(name)}</h3>{html.matrix_table(member)}</div>" for name, member in members[:LISTED]]
    more = [html.quiet(f"{len(members) - LISTED} more are not shown.")] if len(members) > LISTED else []
    return [f'<div class="many">{"".join(shown)}</div>', *more]


def _slices(subject: Any, matrix: Any, threshold: Any, level: float) -> list[Section]:
    """The slices by each column, against all other rows: of a decision by what is usual, else by how they rank."""
    metrics = None
    if isinstance(matrix, ConfusionMatrix) and len(matrix.labels) == 2 and matrix.labels.positive is not None:
        metrics = ["recall", "precision", "accuracy"]
    return [
        Section(
            f"slices-{i}",
            f"By {told(sliced.slices.columns)}",
            slices_parts(sliced.compare(metrics, threshold=threshold, level=level)),
        )
        for i, sliced in enumerate(getattr(subject, "by", {}).values())
    ]


def _facts(made: Report) -> list[tuple[str, str]]:
    """What the page was made from, in words."""
    labels = [visible(str(row.label)) for row in made.classes]
    weights = "" if made.weight is None else f", weights adding up to {made.weight:,.6g}"
    facts = [("Rows", f"{made.total:,}{weights}")]
    facts += [("Left out", f"{plural(n, 'row')} ({reason})") for reason, n in made.left_out.items()]
    facts += [("Labels" if made.kind == "multilabel" else "Classes", listing(labels, 20))] if labels else []
    facts += [("Positive class", visible(str(made.positive)))] if made.positive is not None else []
    facts += [("Rule", made.rule)] if made.rule else []
    facts += [("Remark", remark) for remark in made.remarks]
    facts += [("Intervals", f"{100 * made.level:.4g} %, by the method named beside each rate")]
    facts += [("Reading", "Rows of the matrix are the actual classes, columns the predicted ones.")]
    return [*facts, ("Made", _made())]


def _made() -> str:
    return f"{_now():%Y-%m-%d %H:%M} UTC by unconfused {__version__}"


def _now() -> datetime:
    """The time, or the one that SOURCE_DATE_EPOCH states for builds that should repeat."""
    stated = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(stated), UTC) if stated.isdigit() else datetime.now(UTC)


def _kept(part: str) -> list[str]:
    return [part] if part else []


def _asset(name: str) -> str:
    return resources.files("unconfused.show").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _policy(scripts: list[str]) -> str:
    """Nothing is loaded from anywhere, and only the scripts that the page was written with run."""
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts]
    rules = ["default-src 'none'", "style-src 'unsafe-inline'", "base-uri 'none'", "form-action 'none'"]
    return "; ".join([*rules, f"script-src {' '.join(hashes)}"] if hashes else rules)


def _json(value: Any) -> str:
    """JSON that no label can end early."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").replace("\u2028", "\\u2028")
