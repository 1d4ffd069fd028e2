"""How two thresholds look: the sentence, the matrix with what is referred, what it costs, how much of it is luck."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from unconfused.show.decision import CHOSE, OTHERS, estimates_table, finite, markdown_rows, named
from unconfused.show.escape import markdown
from unconfused.show.export import SCHEMA_VERSION, matrix_dict
from unconfused.show.grid import matrix_lines
from unconfused.show.html import box, matrix_table, quiet
from unconfused.show.html import paragraph as html_paragraph
from unconfused.show.lines import Rate, joined, rate_lines
from unconfused.show.markup import matrix_markdown
from unconfused.show.table import name, paragraph

if TYPE_CHECKING:
    from unconfused.decide import Referral


def referral_text(made: Referral) -> str:
    """The sentence, the matrix, the numbers."""
    told = [paragraph(_headline(made)), matrix_lines(made.matrix)]
    return joined([*told, rate_lines(_rates(made)), *map(paragraph, _remarks(made))])


def referral_html(made: Referral) -> str:
    """The same, in a notebook."""
    remarks = map(quiet, _remarks(made))
    return box(html_paragraph(_headline(made)), matrix_table(made.matrix), estimates_table(_rates(made)), *remarks)


def referral_markdown(made: Referral) -> str:
    """The same as Markdown."""
    parts = [markdown(_headline(made)), matrix_markdown(made.matrix).strip(), markdown_rows(_rates(made))]
    return "\n\n".join([*parts, *map(markdown, _remarks(made))]) + "\n"


def referral_dict(made: Referral) -> dict[str, Any]:
    """The same after the schema."""
    return {
        "schema_version": SCHEMA_VERSION,
        "type": "referral",
        "objective": made.objective,
        "low": finite(made.low),
        "high": finite(made.high),
        "reason": _infinite(made),
        "matrix": matrix_dict(made.matrix),
        **{x: named(getattr(made, x)) for x in ("expected_cost", "corrected", "referred", "wrong")},
        "theory": None if made.theory is None else list(made.theory),
        "spread": {x: [finite(end) for end in ends] for x, ends in zip(("low", "high"), made.spread, strict=True)},
        "seed": made.seed,
    }


def _infinite(made: Referral) -> str | None:
    """Why a threshold is no finite number."""
    told = [] if math.isfinite(made.low) else ["nothing is referred or called positive" if made.low > 0 else
                                               "nothing is called negative"]  # fmt: skip
    told += [] if math.isfinite(made.high) else ["nothing is called positive" if made.high > 0 else "all are positive"]
    return "; ".join(told) or None


def _headline(made: Referral) -> str:
    positive = made.matrix.labels.require_positive("choose()")
    yes, no = (name(str(made.matrix.labels.names[place])) for place in (positive, 1 - positive))
    if made.low == made.high:
        return (
            f"Refer no row, and call it {yes} when its score is at least {made.high!r}: that has the {made.objective}."
        )
    return (
        f"Call a row {no} when its score is below {made.low!r}, {yes} when it is at least {made.high!r}, and refer it "
        f"in between: that has the {made.objective}."
    )


def _rates(made: Referral) -> list[Rate]:
    return [
        ("expected_cost", made.expected_cost, CHOSE),
        ("corrected expected_cost", made.corrected, OTHERS),
        ("referred", made.referred, "of all rows"),
        ("wrong", made.wrong, "of the rows that are not referred"),
    ]


def _remarks(made: Referral) -> list[str]:
    told = ["Rows that are referred, or have no score, stand in the column missing."]
    ends = [
        f"{what} from {low:.4g} to {high:.4g}"
        for what, (low, high) in zip(("the lower", "the upper"), made.spread, strict=True)
    ]
    told.append(
        f"Of data sets like this one, {100 * made.expected_cost.level:.4g} % would choose {' and '.join(ends)}."
    )
    if made.theory is not None:
        low, high = made.theory
        told[-1] += f" For calibrated probabilities these costs ask for {low:.4g}" + (
            f" and {high:.4g}." if low < high else ", and to refer nothing."
        )
    return told
