"""A matrix over a tree of its classes: how near errors are to the truth, and how it looks at each level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unconfused.inference import estimate
from unconfused.labels import plural
from unconfused.show.export import estimate_dict
from unconfused.show.lines import joined, plain, rate_lines
from unconfused.show.numbers import listing
from unconfused.show.table import Column, fitted, lay_out, names, paragraph

if TYPE_CHECKING:
    from unconfused.inference.taxonomy import Taxonomy


def taxonomy_text(t: Taxonomy) -> str:
    """What it says in one sentence, the hierarchical rates, and a line for each level."""
    n, classes = plural(t.distance.n, "row"), plural(len(t.paths), "class")
    head = f"{n} of {classes} in a tree of {plural(len(t.levels), 'level')} below its root"
    far = "no row was called wrong" if not t.error_distance.defined else (
        f"a wrong row lies {t.error_distance:.3g} edges of the tree from its class on average"
    )  # fmt: skip
    rates = [(name, e, "") for name, e in t.estimates.items()]
    table = [
        Column(["level"], [[str(i)] for i in range(1, len(t.levels) + 1)]),
        Column(["classes"], [[listing(names(x.labels.texts))] for x in t.levels], "left"),
        Column(["accuracy"], [[plain(estimate(x, "accuracy", level=t.distance.level))] for x in t.levels]),
    ]
    parts = [paragraph(f"{head}; {far}."), rate_lines(rates)]
    return joined([*parts, lay_out(fitted(table, (1,)))] if t.levels else parts)


def taxonomy_dict(t: Taxonomy) -> dict[str, Any]:
    """Plain lists and numbers; what is undefined is null."""
    right = [estimate(x, "accuracy", level=t.distance.level) for x in t.levels]
    levels = [{"classes": list(x.labels.names), "accuracy": estimate_dict(e)}
              for x, e in zip(t.levels, right, strict=True)]  # fmt: skip
    paths = [list(path) for path in t.paths.values()]
    return {
        "classes": list(t.paths),
        "paths": paths,
        **{name.replace(" ", "_"): estimate_dict(e) for name, e in t.estimates.items()},
        "levels": levels,
    }
