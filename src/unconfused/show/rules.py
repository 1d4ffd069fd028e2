"""How a choice among rules looks: the sentence, the matrix of the best, what every rule comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unconfused.inference import Estimate
from unconfused.show.escape import html as safe
from unconfused.show.escape import markdown
from unconfused.show.export import SCHEMA_VERSION, estimate_dict, frame, matrix_dict
from unconfused.show.grid import matrix_lines
from unconfused.show.html import box, halves, matrix_table, quiet, table_of
from unconfused.show.html import paragraph as html_paragraph
from unconfused.show.lines import joined, rate_lines
from unconfused.show.markup import matrix_markdown
from unconfused.show.table import name, paragraph
from unconfused.show.words import sentence

if TYPE_CHECKING:
    from unconfused.decide import ChosenRule

LUCK = "Each interval is of its rule alone; the best of several owes some of its lead to these rows."


def chosen_text(made: ChosenRule) -> str:
    """The sentence, the matrix, one line for each rule."""
    rates = [(name(rule), e, "") for rule, e in _all(made).items()]
    return joined([
        paragraph(_headline(made)), paragraph(sentence(made.matrix)), matrix_lines(made.matrix),
        rate_lines(rates), paragraph(LUCK),
    ])  # fmt: skip


def chosen_html(made: ChosenRule) -> str:
    """The same, in a notebook."""
    rows = [[safe(rule), *map(safe, halves(e)), safe(e.method)] for rule, e in _all(made).items()]
    table = table_of(made.apparent.name, ["rule", "value", "interval", "method"], rows, words=3)
    return box(html_paragraph(_headline(made)), matrix_table(made.matrix), table, quiet(LUCK))


def chosen_markdown(made: ChosenRule) -> str:
    """The same as Markdown."""
    rows = [f"| {markdown(rule)} | {markdown(str(e))} | {markdown(e.method)} |" for rule, e in _all(made).items()]
    table = "\n".join([f"| rule | {markdown(made.apparent.name)} | method |", "|---|---|---|", *rows])
    parts = [markdown(_headline(made)), matrix_markdown(made.matrix).strip(), table, markdown(LUCK)]
    return "\n\n".join(parts) + "\n"


def chosen_dict(made: ChosenRule) -> dict[str, Any]:
    """The same after the schema."""
    return {
        "schema_version": SCHEMA_VERSION,
        "type": "chosen_rule",
        "objective": made.objective,
        "rule": made.name,
        "matrix": matrix_dict(made.matrix),
        "rules": [{"rule": rule, "objective": _named(e)} for rule, e in _all(made).items()],
    }


def chosen_frame(made: ChosenRule, kind: str = "pandas") -> Any:
    """One row for each rule, the best first."""
    found = _all(made)
    columns: dict[str, Any] = {"rule": list(found), "objective": [e.name for e in found.values()]}
    for part in ("value", "low", "high", "level", "method", "n"):
        columns[part] = [getattr(e, part) for e in found.values()]
    return frame(columns, kind)


def _all(made: ChosenRule) -> dict[str, Estimate]:
    return {made.name: made.apparent, **made.others}


def _headline(made: ChosenRule) -> str:
    return f"Of {1 + len(made.others)} rules {name(made.name)} has the {made.objective}."


def _named(e: Estimate) -> dict[str, Any]:
    return {"name": e.name, **estimate_dict(e)}
