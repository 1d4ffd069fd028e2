"""A matrix over a tree of its classes: how near errors are to the truth, and how it looks at each level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from unconfused.errors import NotKept
from unconfused.inference import estimate
from unconfused.labels import plural
from unconfused.show.classes import packed
from unconfused.show.escape import html as safe
from unconfused.show.export import estimate_dict
from unconfused.show.html import halves, label, table_of
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


# ── on the page ───────────────────────────────────────────────────────────────────────────────────
def tree_of(matrix: Any, tree: Mapping[Any, Any], level: float) -> Taxonomy:
    """The matrix of a page read over a tree.

    Raises:
        NotKept: the page shows no matrix whose classes could be put together.
    """
    if not packed(matrix):
        raise NotKept(
            "The page shows no matrix of three classes or more with every cell.",
            "taxonomy= says which of its classes belong together.",
            "Leave taxonomy out.",
        )
    made: Taxonomy = matrix.taxonomy(tree, level=level)
    return made


def by_level(parts: Sequence[str]) -> list[str]:
    """The same part of the page at each level, the classes themselves first; the page shows one at a time."""
    if len(parts) < 2:
        return [part for part in parts if part]
    first, *rest = parts
    hidden = (f'<div data-level="{i}" hidden>{part}</div>' for i, part in enumerate(rest, 1))
    return [f'<div data-level="0">{first}</div>{"".join(hidden)}']


def taxonomy_parts(t: Taxonomy) -> list[str]:
    """The hierarchical rates, and the accuracy at each level."""
    level = t.distance.level
    found = {name: (e, *halves(e)) for name, e in t.estimates.items()}
    rates = [
        [safe(name), f"<b>{safe(value)}</b>", safe(ends), f"{e.n:,}", safe(e.method)]
        for name, (e, value, ends) in found.items()
    ]
    levels = []
    for i, x in enumerate(t.levels, 1):
        value, ends = halves(estimate(x, "accuracy", level=level))
        shown = listing([label(name) for name in names(x.labels.texts)])
        levels.append([str(i), f"{len(x.labels):,}", shown, f"<b>{safe(value)}</b>", safe(ends)])
    interval = f"{100 * level:.4g} % interval"
    return [
        table_of("Distances are in edges of the tree", ["rate", "value", interval, "n", "method"], rates, words=4),
        table_of("Levels, from the top down", ["level", "classes", "which", "accuracy", interval], levels, words=2),
    ]
