"""What two columns of labels say about each other: the usual reasons why labels that should be equal are not."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import DisjointLabels, LabelTypeMismatch, SentinelLabels, UnknownLabels
from unconfused.ingest.factors import Factor
from unconfused.labels import Label, listed, plural, whole
from unconfused.tally.confusion import ConfusionMatrix

SENTINELS = (-1, -100, 255, 65535, -9999)
"""Values that usually mark rows to leave out."""
FEW = 4
"""Rows below which nothing is told of them; -1, which may be a class, and classes that fit in part ask for more."""


def check_kinds(truth: Factor, called: Factor) -> None:
    """Refuse text against numbers: they are never equal."""
    if not truth.values or not called.values:
        return
    text = [isinstance(side.values[0], str) for side in (truth, called)]
    if text[0] == text[1]:
        return
    strings, numbers = (truth, called) if text[0] else (called, truth)
    casts, texts = {str(x) for x in numbers.values}, [str(x) for x in strings.values]
    fits = (set(texts) <= casts or casts <= set(texts)) and all(x.removeprefix("-").isdigit() for x in texts)
    raise LabelTypeMismatch(
        f"{strings.name} holds text ({listed(strings.values, 3)}), {numbers.name} holds numbers "
        f"({listed(numbers.values, 3)}).",
        "They are never equal, so every row would count as an error.",
        f"{strings.name}.astype(int) makes the classes the same; do it where the data is loaded."
        if fits
        else f"Map one onto the other where the data is loaded, for example names[{numbers.name}].",
    )


def check_classes(truth: Factor, called: Factor) -> None:
    """Look for the usual reasons why labels that should be equal are not. Only for classes that nobody declared."""
    _check(Sides(truth, called))


def check_matrix(matrix: object) -> None:
    """The same question to the counts of several batches: a batch alone may hold too few classes to tell."""
    if not isinstance(matrix, ConfusionMatrix) or matrix.labels.declared or matrix.rule is not None:
        return
    rows, columns = np.nonzero(matrix.counts)
    if not len(rows):
        return
    everything, values = np.ones(len(rows), bool), matrix.labels.values
    truth, called = (
        Factor(name, codes.astype(np.int64), values).keep(everything)
        for name, codes in (("y_true", rows), ("y_pred", columns))
    )
    _check(Sides(truth, called, matrix.counts[rows, columns]))


def _check(sides: Sides) -> None:
    for check in (
        _check_two,
        _check_sentinel,
        _check_numerals,
        _check_disjoint,
        _check_near_duplicates,
        _check_shifted,
    ):
        check(sides)


@dataclass(frozen=True, slots=True)
class Sides:
    """Both columns, and how many rows each pair of codes stands for (None: one)."""

    truth: Factor
    called: Factor
    times: NDArray[np.int64] | None = None

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.truth.codes) if self.times is None else int(self.times.sum())

    def count(self, side: Factor, value: Label) -> int:
        """Rows with that label on one side."""
        if self.times is None:
            return side.count(value)
        return int(self.times[side.codes == side.values.index(value)].sum())

    def agreement(self, shift: int | None) -> float:
        """The share of rows that agree: as given (None), spelled alike (0), or with y_pred moved by ``shift``."""

        def read(x: Label, moved: int) -> Label | float:
            if not shift:
                return x if shift is None else _spelled(x)
            return int(x) + moved if whole([x]) else x

        place = {read(x, 0): i for i, x in enumerate(self.truth.values)}
        places = np.array([*(place.get(read(x, shift or 0), -2) for x in self.called.values), -2])
        return float(np.average(places[self.called.codes] == self.truth.codes, weights=self.times))


def _check_two(sides: Sides) -> None:
    """Two classes written as -1 and 1, or as 0 and 255, on one side and as 0 and 1 on the other."""
    values = [tuple(sorted(side.values)) if all(type(x) is int for x in side.values) else () for side in _both(sides)]
    if sides.n < 10 or (0, 1) not in values or not {(-1, 1), (0, 255)} & set(values):
        return
    codes = [np.argsort(side.values)[side.codes] for side in _both(sides)]
    share = float(np.average(codes[0] == codes[1], weights=sides.times))
    if share >= 0.5:
        other = next(side for side, own in zip(_both(sides), values, strict=True) if own != (0, 1))
        _refuse_disjoint(sides, f"({other.name} > 0)", share, "two classes, written in two ways")


def _both(sides: Sides) -> tuple[Factor, Factor]:
    return sides.truth, sides.called


def _check_sentinel(sides: Sides) -> None:
    truth, called, n = sides.truth, sides.called, sides.n
    numbers = [x for x in truth.values if isinstance(x, int)]
    for sentinel in SENTINELS:
        if n < (10 if sentinel == -1 else FEW) or sentinel not in numbers or sentinel in called.values:
            continue
        rest = [x for x in numbers if x != sentinel] + [x for x in called.values if isinstance(x, int)]
        if not rest:
            continue
        gap = max(rest) + 1 < sentinel if sentinel > 0 else max(rest) >= 2 or sentinel < -1
        if min(rest) >= 0 and gap:
            k = sides.count(truth, sentinel)
            raise SentinelLabels(
                f"y_true holds {sentinel} ({k:,} of {n:,} rows, {k / n:.1%}), y_pred never does, "
                f"and the other classes are {min(rest)}..{max(rest)}.",
                f"{sentinel} usually marks rows to leave out; as a class it would count as that many errors.",
                f"Type ignore={sentinel}, or list it in labels= to keep it as a class.",
            )


def refuse_other_kind(ignore: set[Label], truth: Factor) -> None:
    """Refuse to ignore text among numbers, or numbers among text: no row could be meant."""
    kinds = [{isinstance(x, str) for x in values if x is not None} for values in (ignore, truth.values)]
    if not all(kinds) or kinds[0] & kinds[1]:
        return
    what = ("numbers", "text")
    raise LabelTypeMismatch(
        f"ignore= names {what[max(kinds[0])]} ({listed(sorted(ignore, key=str), 3)}), {truth.name} holds "
        f"{what[max(kinds[1])]} ({listed(truth.values, 3)}).",
        "They are never equal, so no row would be left out.",
        "Name the values as they stand in the column.",
    )


def _check_numerals(sides: Sides) -> None:
    """Text of which one side spells numbers throughout and the other none: a class id against a name."""
    truth, called = sides.truth, sides.called
    if sides.n < 10 or len(truth.values) < 2 or not all(isinstance(x, str) for x in truth.values):
        return
    spelled = [[isinstance(_spelled(x), float) for x in side.values] for side in (truth, called)]
    for ids, names in ((0, 1), (1, 0)):
        if all(spelled[ids]) and not any(spelled[names]):
            numbers, words = ((truth, called)[i] for i in (ids, names))
            raise LabelTypeMismatch(
                f"{numbers.name} holds numbers as text ({listed(numbers.values, 3)}), {words.name} holds names "
                f"({listed(words.values, 3)}).",
                "They are never equal, so every row would count as an error.",
                f"Map one onto the other where the data is loaded, for example names[{numbers.name}].",
            )


def _spelled(x: Label) -> str | float:
    """A label whatever its spelling: a number for "1", "1.0" and "True", else text in lower case."""
    text = str(x).strip().casefold()
    if text in ("true", "false"):
        return float(text == "true")
    try:
        return float(text)
    except ValueError:
        return text


def _check_near_duplicates(sides: Sides) -> None:
    truth, called = sides.truth, sides.called

    def folded(x: Label) -> str:
        text = unicodedata.normalize("NFKC", str(x)).strip()
        return text.casefold() if len(text) > 1 else text  # letters may be classes in either case

    theirs = {folded(x): x for x in called.values if isinstance(x, str)}
    for x in truth.values:
        y = theirs.get(folded(x)) if isinstance(x, str) else None
        if y is None or x == y or x in called.values or y in truth.values:
            continue
        raise UnknownLabels(
            f"y_true holds {x!r} ({plural(sides.count(truth, x), 'row')}) and y_pred holds {y!r} "
            f"({plural(sides.count(called, y), 'row')}).",
            "They differ only in white space, case or Unicode form, and would be counted as different classes.",
            "Spell them alike where the data is loaded, or list both in labels=.",
        )


def _check_disjoint(sides: Sides) -> None:
    """No class in common, and one simple change that would make most rows agree."""
    truth, called = sides.truth, sides.called
    if sides.n < 10 or len(truth.values) < 2 or set(truth.values) & set(called.values):
        return
    for shift, spelled in ((1, "y_pred + 1"), (-1, "y_pred - 1"), (0, "both spelled alike")):
        share = sides.agreement(shift)
        if share >= 0.5:
            _refuse_disjoint(sides, spelled, share, "no class in common")


def _check_shifted(sides: Sides) -> None:
    """Class ids that start and end one later on one side, and agree once they are moved back."""
    truth, called = sides.truth, sides.called
    theirs, ours = whole(truth.values), whole(called.values)
    if sides.n < FEW or len(truth.values) < 3 or theirs is None or ours is None:
        return
    first, last = (end(theirs) - end(ours) for end in (min, max))
    if first != last or abs(first) != 1:
        return
    as_given, share = (sides.agreement(shift) for shift in (None, first))
    if share > 0.5 and share > 3 * as_given and (sides.n >= 30 or share == 1):
        spelled = f"y_pred {'+' if first > 0 else '-'} 1"
        _refuse_disjoint(sides, spelled, share, f"as they are, {as_given:.0%} of the rows agree")


def _refuse_disjoint(sides: Sides, spelled: str, share: float, seen: str) -> NoReturn:
    raise DisjointLabels(
        f"y_true holds {listed(sides.truth.values)} and y_pred holds {listed(sides.called.values)}: {seen}.",
        f"With {spelled} they would agree in {share:.0%} of {sides.n:,} rows: "
        "one side counts or spells its classes differently.",
        "Align them where the data is loaded; nothing was changed here.",
    )
