"""Tables whose rows stay where they are: every part is counted there, and travels as the bytes of one tally.

What a worker makes of its rows is a `Reply`. Replies add, and nothing but their bytes moves between machines. A part
alone cannot tell everything, so it keeps what it cannot judge (a null, an unknown label) in the seats of its tally, and
the whole is refused in the end, in the words and with the counts of rows in memory.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import accumulate, pairwise
from operator import add
from typing import Any, TypeAlias

import numpy as np

from unconfused import errors
from unconfused.again import each_model, refined
from unconfused.asked import Asked
from unconfused.errors import EmptyInput, UnconfusedError
from unconfused.ingest.classes import check_declared, strangers
from unconfused.ingest.factors import Factor
from unconfused.ingest.mixups import check_matrix
from unconfused.ingest.refusals import missing_labels, missing_scores, scores_outside, unknown_labels
from unconfused.ingest.rows import Reading
from unconfused.ingest.sums import balanced
from unconfused.labels import Labels, plural
from unconfused.store import from_bytes, to_bytes
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Tallies

Names: TypeAlias = Mapping[str, Any]
"""Columns by the role that they play: a name, or a list of names."""


@dataclass(frozen=True)
class Reply:
    """What comes back from some parts of a table; ``+`` adds.

    Attributes:
        tallies: of the rows that were counted.
        parts: how many of them held rows.
        refused: how many of them could not be counted.
        refusal: the kind and the sentences of the first error, or None.
        beside: of several models the tallies of all but the first, and the joint table.
    """

    tallies: Tallies = field(default_factory=Tallies.zero)
    parts: int = 0
    refused: int = 0
    refusal: tuple[str, ...] | None = None
    beside: tuple[Any, ...] = ()

    @property
    def kept(self) -> tuple[Any, ...]:
        """Everything that was counted."""
        return (self.tallies, *self.beside)

    def __add__(self, other: Reply) -> Reply:
        parts, refused = self.parts + other.parts, self.refused + other.refused
        first = self.refusal or other.refusal
        if first is None:
            try:
                beside = tuple(map(add, self.beside, other.beside)) or self.beside or other.beside
                return Reply(self.tallies + other.tallies, parts, beside=beside)
            except UnconfusedError as error:
                return Reply(parts=parts, refused=parts, refusal=_sentences(error))
        return Reply(parts=parts, refused=refused, refusal=first)

    def to_bytes(self) -> bytes:
        """What travels: a line about the parts, then the tallies."""
        blocks = [] if self.tallies.kind is None else [to_bytes(x) for x in self.kept]
        head = {"parts": self.parts, "refused": self.refused, "refusal": self.refusal, "sizes": [*map(len, blocks)]}
        return b"\n".join([json.dumps(head).encode(), b"".join(blocks)])

    @classmethod
    def from_bytes(cls, content: bytes) -> Reply:
        """The reply that `to_bytes` made bytes of."""
        head, _, blocks = bytes(content).partition(b"\n")
        said = json.loads(head)
        ends = [0, *accumulate(said["sizes"])]
        tallies, *beside = [from_bytes(blocks[a:b]) for a, b in pairwise(ends)] or [Tallies.zero()]
        refusal = None if said["refusal"] is None else tuple(said["refusal"])
        return cls(tallies, said["parts"], said["refused"], refusal, tuple(beside))

    def error(self) -> UnconfusedError:
        """The first error, as it was raised where the rows are."""
        assert self.refusal is not None
        kind, seen, why, fix = self.refusal
        where = f"{self.refused:,} of {plural(self.parts, 'part')} of the table cannot be counted; the first: "
        made: UnconfusedError = getattr(errors, kind)(where + seen if self.parts > 1 else seen, why, fix)
        return made


def refused(error: UnconfusedError) -> Reply:
    """The reply of a part that cannot be counted."""
    return Reply(parts=1, refused=1, refusal=_sentences(error))


def _sentences(error: UnconfusedError) -> tuple[str, ...]:
    kind = next(x.__name__ for x in type(error).__mro__ if x.__module__ == errors.__name__)
    return (kind, error.seen, error.why, error.fix)


@dataclass(frozen=True)
class Counting:
    """What is done with the rows of a part. It travels to where they are.

    Attributes:
        reading: how the columns are read.
        asked: what is kept of them.
    """

    reading: Reading
    asked: Asked = field(default_factory=Asked)

    @property
    def by(self) -> tuple[tuple[str, ...], ...]:
        """The columns to slice by together."""
        return self.asked.by

    @property
    def edges(self) -> Mapping[str, Any]:
        """Of the columns of numbers to slice by."""
        return self.asked.edges

    def rows(self, columns: Mapping[str, Any]) -> Reply:
        """The reply of rows: their columns by the role that they play."""
        try:
            tallies, *beside = self.asked.kept(self.reading, columns)
            return Reply(tallies, 1, beside=tuple(beside))
        except EmptyInput:
            return Reply()
        except UnconfusedError as error:
            return refused(error)

    def reply(self, pieces: Iterable[Mapping[str, Any]]) -> bytes:
        """The reply of the pieces of one part; it is one part, however many pieces it was read in."""
        whole = added(map(self.rows, pieces))
        return replace(whole, parts=min(whole.parts, 1), refused=min(whole.refused, 1)).to_bytes()


def added(replies: Iterable[Reply]) -> Reply:
    """The sum."""
    return balanced(replies, Reply())


def merged(replies: Iterable[bytes]) -> bytes:
    """Several replies as one."""
    return added(map(Reply.from_bytes, replies)).to_bytes()


# ── the whole ─────────────────────────────────────────────────────────────────────────────────
Run: TypeAlias = Callable[[Names, Counting], Reply]
"""Counts every part of one table: the columns, and what is done with them."""


def tally_parts(run: Run, names: Names, reading: Reading, asked: Asked) -> tuple[Any, ...]:
    """Everything that one pass keeps of a table in parts: the tallies of each model, and of several the joint table.

    Classes that nobody declared are those of all parts. Where a part alone cannot be read without the others' classes,
    they are looked up first, and then it is counted again.

    Raises:
        UsageError: what cannot be done part by part.
        UnconfusedError: whatever rows in memory would be refused with.
    """
    pins = None if reading.pins is None else tuple(reading.pins)  # what travels is no iterator
    unknown: Any = "other" if reading.unknown == "error" else reading.unknown
    own = replace(reading, pins=pins, unknown=unknown, invalid="count", batch=True, refine=False)
    reply, found = run(names, Counting(own, asked)), None
    if _apart(reply, names, reading):
        found = _labels(run, names, own)
        positive = None if found.positive is None else found.values[found.positive]
        if len(found):
            known = replace(own, labels=found.values, pos_label=positive)
            reply = run(names, Counting(known, asked))
    if reply.refusal is not None:
        if asked.costs:  # of rows that have a price but no class: what is wrong with them is told first
            priced = {role: name for role, name in names.items() if not role.startswith("cost:")}
            tally_parts(run, priced, reading, replace(asked, costs={}))
        raise reply.error()
    whole = reply.kept if found is None else tuple(_under(found, x) for x in reply.kept)
    if reply.tallies.kind is None:
        raise EmptyInput("The table has no rows.", "A matrix of nothing answers no question.", "Check the filter.")
    for one, columns in zip(whole, each_model(names, asked), strict=False):
        _check(run, columns, one, reading, own)
    if reading.refine:
        whole = refined(whole, names, replace(own, refine=reading.refine), asked, partial(_looked, run))
    return whole


def _looked(run: Run, names: Names, reading: Reading, asked: Asked) -> Tallies:
    """A second look at every part."""
    reply = run(names, Counting(reading, asked))
    if reply.refusal is not None:
        raise reply.error()
    return reply.tallies


def _check(run: Run, names: Names, whole: Tallies, reading: Reading, own: Reading) -> None:
    """Refuse what rows in memory would be refused for."""
    check_matrix(whole.matrix)
    if reading.invalid == "error":
        hidden = reading.unknown == "drop" and names.get("y_pred") is not None and whole.evidence["unknown"]
        _refuse_missing(run(names, Counting(replace(own, unknown="other"))).tallies if hidden else whole)
    if reading.unknown == "error":
        _refuse_unknown(run, names, whole, own)


def _apart(reply: Reply, names: Names, reading: Reading) -> bool:
    """Whether a part was refused for what it could not know: the classes of the others."""
    inferred = reading.labels is None and reading.label_kind in (None, "class")
    scores = [name for role, name in names.items() if role.partition(":")[0] == "y_score"]
    by_place = any(isinstance(name, (list, tuple)) and len(name) > 2 for name in scores)
    lost = ("ShapeError", "PositiveClassUnset", "UnknownClass", "MergeRefused")
    return inferred and not by_place and reply.refusal is not None and reply.refusal[0] in lost


def _labels(run: Run, names: Names, reading: Reading) -> Labels:
    """The classes that occur in all parts."""
    return _occurring(run, names, "y_true", reading).labels


def _occurring(run: Run, names: Names, role: str, reading: Reading) -> ConfusionMatrix:
    """How many rows hold each label of a column: on the diagonal."""
    columns = {"y_true": names[role], "y_pred": names[role], "count": names.get("count")}
    reply = run(columns, Counting(replace(reading, labels=None, rules=None, curves=True)))
    if reply.refusal is not None:
        raise reply.error()
    matrix = reply.tallies.matrix
    return matrix if isinstance(matrix, ConfusionMatrix) else ConfusionMatrix(Labels(()), np.zeros((2, 2), np.int64))


def _under(labels: Labels, part: Any) -> Any:
    """Under classes that nobody declared, although every part was told them."""
    if not isinstance(part, Tallies):
        return replace(part, labels=labels) if part.labels.values == labels.values else part
    if part.kind is None or part.labels.values != labels.values:
        return part

    def named(held: Any) -> Any:
        return replace(held, labels=labels) if isinstance(held, (ConfusionMatrix, ScoreTally)) else held

    matrices = {name: named(x) for name, x in part.matrices.items()}
    made = replace(part, matrix=named(part.matrix), scores=named(part.scores), matrices=matrices)
    return made.sliced(part.slices)


def _members(held: Any) -> list[Any]:
    return [] if held is None else list(held.values()) if isinstance(held, Grouped) else [held]


def _refuse_missing(whole: Tallies) -> None:
    """Refuse what stands in the seats for nulls, in the order in which rows in memory are looked at."""
    matrices, scores = _members(whole.matrix), _members(whole.scores)
    held = scores or matrices or list(whole.matrices.values())
    if whole.kind != "multilabel":
        held = held[:1]  # of several classes each holds the same rows
    n = sum(x.total + x.evidence["unknown"] for x in held)  # with those that were dropped
    if gone := sum(_missing(x) for x in held):
        raise missing_labels("y_true", gone, n)
    several = whole.ranks is not None  # then the evidence is of rows, of which any score may be the reason
    if wrong := sum(x.evidence[key] for x in held for key in ("null", "nan")):
        raise missing_scores("y_score", wrong, n, what="row with null or NaN" if several else "null or NaN value")
    if wrong := sum(x.evidence[key] for x in held for key in ("minus_inf", "plus_inf", "below", "above")):
        raise scores_outside("y_score", wrong, f"of {n:,}", what="row with a value" if several else "value")
    if gone := sum(int(x.full[:, len(x.labels) + 1].sum()) for x in matrices if x.rule is None):
        raise missing_labels("y_pred", gone, n)


def _missing(tally: Any) -> int:
    """Rows without a true label."""
    full = tally.full
    return int(full[:, 3].sum() if isinstance(tally, ScoreTally) else full[len(tally.labels) + 1, :].sum())


def _refuse_unknown(run: Run, names: Names, whole: Tallies, reading: Reading) -> None:
    """Refuse labels outside the declared classes, after asking the parts which they are."""
    held: Any = next(iter([*_members(whole.matrix), *_members(whole.scores), *whole.matrices.values()]), None)
    if held is None or whole.kind == "multilabel":
        return
    full, k = held.full, len(held.labels)
    if isinstance(held, ScoreTally):
        strange = int(full[:, 2].sum())
    else:
        strange = int(full[k, :].sum() + (full[:, k].sum() - full[k, k] if held.rule is None else 0))
    if not strange:
        return
    parts = []
    for role in ("y_true", "y_pred"):
        if names.get(role) is None:
            continue
        own = replace(reading, pos_label=None, ignore=reading.ignore if role == "y_true" else None)
        seen = _occurring(run, names, role, own)
        rows = Counter({value: int(seen.full[i, i]) for i, value in enumerate(seen.labels.values)})
        if any(value not in whole.labels.values and value not in whole.labels.names for value in rows):
            check_declared(Factor(role, np.zeros(0, np.int64), tuple(rows)), whole.labels)
            parts.append(strangers(role, rows, whole.labels))
    raise unknown_labels(strange, whole.total, whole.labels, parts)
