"""Shards: saved tallies opened as evaluations, and added into one that counts nothing twice."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from typing import Any

from unconfused.errors import MergeRefused, UsageError
from unconfused.evaluation import Evaluation
from unconfused.labels import plural
from unconfused.store import read
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Tallies, class_kind


def load(path: Any) -> Evaluation | Any:
    """Read what ``save`` wrote: an Evaluation, or the matrix or other tally that was saved by itself."""
    kept, told = read(path)
    return Evaluation(kept, (), told.source, told.fingerprints) if isinstance(kept, Tallies) else kept


def opened(path: str | os.PathLike[str]) -> Evaluation:
    """What a .uc file holds, as an evaluation.

    Raises:
        UsageError: a tally that has no report of its own.
    """
    kept, told = read(path)
    made = _tallies(kept)
    if made is None:
        raise UsageError(f"{os.fspath(path)} holds a {type(kept).__name__}, which has no report.")
    return Evaluation(made, source=told.source, fingerprints=told.fingerprints)


def _tallies(kept: Any) -> Tallies | None:
    if isinstance(kept, ConfusionMatrix):
        return Tallies(class_kind(kept), matrix=kept)
    if isinstance(kept, ScoreTally):
        return Tallies("binary", scores=kept)
    if isinstance(kept, Grouped) and kept:
        decided = isinstance(next(iter(kept.values())), ConfusionMatrix)
        kind: Any = "multilabel" if kept.kind == "label" else "multiclass"
        return Tallies(kind, matrix=kept if decided else None, scores=None if decided else kept)
    return kept if isinstance(kept, Tallies) else None


def merge(
    files: Iterable[str | os.PathLike[str]],
    *,
    output: str | os.PathLike[str] | None = None,
    allow_repeats: bool = False,
) -> Evaluation:
    """Add saved evaluations into one, exactly; refuse rows that are inside already.

    Each file carries the fingerprint of every piece that was added up in it, of what that piece counted. Evaluations
    that are added with ``+`` are not compared, but their fingerprints go along.

    Args:
        files: what `Evaluation.save` and ``unconfused tally`` wrote; names, or patterns such as ``"day*.uc"``.
        output: where to save the sum as well.
        allow_repeats: add a piece although an equal one is inside: other rows may give equal counts.

    Raises:
        MergeRefused: a piece is in two of the files, or their tallies do not fit.
        UsageError: no files, or an output that is one of them.
    """
    given: list[Any] = [files] if isinstance(files, str) or not isinstance(files, Iterable) else list(files)
    if strange := [x for x in given if not isinstance(x, (str, os.PathLike))]:
        raise UsageError(
            f"merge() was given {type(strange[0]).__name__}, and it adds files.",
            fix='Type uc.merge(["eu.uc", "us.uc"]); evaluations in memory add with +: sum([ev_eu, ev_us]).',
        )
    paths = matching(map(os.fspath, given))
    if not paths:
        raise UsageError("No file was named.", fix='Type uc.merge(["eu.uc", "us.uc"]).')
    if output is not None and _place(output) in map(_place, paths):
        raise UsageError(
            f"{os.fspath(output)} is also one of the files to add.",
            "A second run would count its rows twice.",
            "Write the sum to a file of its own.",
        )
    total, inside = Evaluation(Tallies.zero()), dict[str, str]()
    for path in paths:
        one = opened(path)
        again = [x for x in one.fingerprints if x in inside]
        if again and not allow_repeats:
            raise MergeRefused(
                f"{path} holds {plural(len(again), 'piece')} that {inside[again[0]]} holds too, equal in every count.",
                "Their rows would count twice.",
                "Leave it out. If they are other rows that happen to give equal counts, type allow_repeats=True.",
            )
        inside |= dict.fromkeys(one.fingerprints, path)
        total = total + one
    if output is not None:
        total.save(output)
    return total


def matching(files: Iterable[str]) -> list[str]:
    """The files of that name, or that a pattern matches, in order; a name that is a pattern too stays one file."""
    found = []
    for file in files:
        several = glob.has_magic(file) and not os.path.exists(file)
        found += sorted(glob.glob(file)) or [file] if several else [file]
    return found


def _place(path: str | os.PathLike[str]) -> str:
    """Where a path leads in the end."""
    return os.path.realpath(os.fspath(path))
