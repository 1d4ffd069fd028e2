"""How an estimated prevalence looks: the share, how it was found, and whether its assumption holds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from unconfused.labels import plural
from unconfused.show.export import SCHEMA_VERSION, estimate_dict, finding_dict
from unconfused.show.html import box, findings_list
from unconfused.show.html import paragraph as html_paragraph
from unconfused.show.lines import finding_lines, joined
from unconfused.show.numbers import equals
from unconfused.show.table import paragraph

if TYPE_CHECKING:
    from unconfused.inference.deployed import DeployedPrevalence


def deployed_text(made: DeployedPrevalence) -> str:
    """On a terminal."""
    return joined([*map(paragraph, _sentences(made)), finding_lines(made.findings)])


def deployed_html(made: DeployedPrevalence) -> str:
    """In a notebook."""
    return box(*map(html_paragraph, _sentences(made)), findings_list(made.findings))


def deployed_dict(made: DeployedPrevalence) -> dict[str, Any]:
    """After the schema."""
    return {
        "schema_version": SCHEMA_VERSION,
        "type": "prevalence",
        "estimate": estimate_dict(made.estimate),
        "known": made.known,
        "groups": made.groups,
        "fit": None if math.isnan(made.fit) else made.fit,
        "findings": [finding_dict(finding) for finding in made.findings],
    }


def _sentences(made: DeployedPrevalence) -> list[str]:
    e = made.estimate
    head = (
        f"Of {plural(e.n, 'new row')} a share of {e} is positive; of those with a known class it was {made.known:.3f}."
    )
    fit = "That only the share of the classes has changed is taken for granted: two kinds of rows fit almost any share"
    if not math.isnan(made.fit):
        fit = f"That only the share of the classes has changed fits the new rows with p {equals(made.fit)}"
    return [head, f"{fit}. {100 * e.level:g} % interval: {e.method}."]
