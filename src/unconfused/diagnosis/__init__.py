"""Rules: what looks wrong with a tally, most serious first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from unconfused.diagnosis import asides, chance, counts, rankings
from unconfused.diagnosis.counts import Counted
from unconfused.diagnosis.rankings import Ranked
from unconfused.diagnosis.thin import thinned
from unconfused.findings import LEVELS, Finding
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Tallies

OF_MATRIX: dict[str, tuple[Callable[[Counted], Iterator[Finding]], ...]] = {
    "warnings": (
        counts.constant, chance.pairing, chance.opposed, chance.shifted, chance.renamed, chance.below_majority,
        counts.overconfident,
    ),
    "notes": (counts.perfect, counts.classes, counts.balanced, counts.weights, asides.left_out, asides.ties),
}  # fmt: skip
OF_SCORES: dict[str, tuple[Callable[[Ranked], Iterator[Finding]], ...]] = {
    "warnings": (rankings.hard, rankings.constant, rankings.inverted, rankings.never_low, rankings.overconfident),
    "notes": (
        rankings.one_class,
        rankings.perfect,
        rankings.saturated,
        rankings.tied,
        rankings.weights,
        asides.coarse,
    ),
}
"""Rules by the most serious level that they can find."""


def diagnose(
    tally: ConfusionMatrix | Grouped[Any] | ScoreTally | Tallies, *, notes: bool = True
) -> tuple[Finding, ...]:
    """Everything that the tally shows to be doubtful, most serious first; without ``notes`` the warnings."""
    levels = ("warnings", "notes") if notes else ("warnings",)
    found = {(finding.code, finding.message): finding for level in levels for finding in _findings(tally, level)}
    return tuple(sorted(found.values(), key=lambda finding: LEVELS.index(finding.level)))


def _findings(tally: object, level: str) -> Iterator[Finding]:
    if isinstance(tally, Tallies):
        yield from _findings(tally.matrix, level)
        yield from _findings(tally.scores, level)
        if level == "warnings":
            yield from asides.few_units(tally)
        if tally.matrix is None and level == "warnings":
            yield from asides.of_call(tally)
    elif isinstance(tally, Grouped):
        yield from _of_members(tally, level)
    elif isinstance(tally, ConfusionMatrix) and tally.total:
        counted = Counted(tally)
        for of_matrix in OF_MATRIX[level]:
            yield from of_matrix(counted)
        if level == "warnings":
            yield from asides.of_call(tally)
    elif isinstance(tally, ScoreTally):
        few = thinned(tally) if level == "warnings" else tally
        found = _of_scores(Ranked(few), level)
        yield from (
            found if few is tally or not found else _of_scores(Ranked(tally), level)
        )  # all rows say what they are


def _of_scores(ranked: Ranked, level: str) -> list[Finding]:
    return [found for rule in OF_SCORES[level] for found in rule(ranked)]


def _of_members(group: Grouped[Any], level: str) -> Iterator[Finding]:
    """What each member shows, under its name; what all of them show is said once."""
    by_code: dict[str, list[tuple[Any, Finding]]] = {}
    for name, member in group.items():
        for finding in _findings(member, level):
            by_code.setdefault(finding.code, []).append((name, finding))
    for own in by_code.values():
        name, first = own[0]
        if first.code == "CM-HARD-SCORE" and len(own) < len(group):
            continue  # one class that is easy to tell
        if first.code in ("CM-CONST", "CM-PERFECT") and group.kind == "class":
            continue  # the matrix says it
        if len({finding.message for _, finding in own}) == 1 and len(own) == len(group):
            yield first
        else:
            more = f" So for {len(own) - 1} more of {len(group)}." if len(own) > 1 else ""
            message = f"{group.kind.capitalize()} {str(name)!r}: {first.message}{more}"
            yield Finding(first.code, first.level, message, first.evidence, first.remedy)
