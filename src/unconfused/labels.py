"""Labels: the classes of a problem, in order, and which of them is positive."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Sized
from decimal import Decimal
from typing import Any, NoReturn, TypeAlias, overload

from unconfused.errors import AmbiguousCall, LabelTypeMismatch, MergeRefused, PositiveClassUnset, UnknownClass

Label: TypeAlias = int | str | bool
Declared: TypeAlias = "Sequence[Any] | Mapping[Any, Any]"

OTHER = "other"
"""The seat of labels outside the declared classes, kept by ``unknown="other"``."""
MISSING = "missing"
"""The seat of null and NaN labels, kept by ``invalid="count"``."""
SEATS = (OTHER, MISSING)


class Labels(Sequence[Label]):
    """Ordered class names; equal to any list or tuple of the same names.

    Attributes:
        values: the classes as they stand in the data.
        names: the classes as they are shown; ``values`` unless a mapping renamed them.
        positive: the place of the positive class, or None while it is not known (or has not occurred).
        pos_label: the positive class as the caller stated it, or None.
        declared: the caller gave the classes, so they are kept whether they occur or not.

    >>> Labels.declare({0: "Negative", 1: "Positive"})
    Labels('Negative', 'Positive', positive='Positive')
    >>> Labels.infer([1, 0]) == (0, 1)
    True
    """

    __slots__ = ("_places", "declared", "names", "pos_label", "positive", "values")

    def __init__(
        self,
        values: Iterable[Label],
        names: Iterable[Label] | None = None,
        *,
        pos_label: Label | None = None,
        declared: bool = False,
    ) -> None:
        self.values: tuple[Label, ...] = tuple(values)
        self.names: tuple[Label, ...] = self.values if names is None else tuple(names)
        self.declared = declared
        _refuse_twice("class", self.values)
        _refuse_twice("name", self.names)
        self._places = {value: i for i, value in enumerate(self.values)}
        self._places.update({name: i for i, name in enumerate(self.names)})
        self.pos_label = pos_label
        self.positive = self._positive()

    def _positive(self) -> int | None:
        if self.pos_label is not None:
            return self.values.index(self.pos_label) if self.pos_label in self.values else None
        if set(self.values) in ({0, 1}, {-1, 1}) and 1 in self._places:
            return self.values.index(1)
        return 1 if self.declared and len(self) == 2 else None

    @classmethod
    def declare(cls, labels: Declared, pos_label: Label | None = None) -> Labels:
        """The classes that the caller listed, in that order, or mapped from value to name."""
        if isinstance(labels, Labels):
            stated = labels.pos_label if pos_label is None else pos_label
            return cls(labels.values, labels.names, pos_label=stated, declared=True)
        if isinstance(labels, str):
            raise LabelTypeMismatch(f"labels={labels!r} is one string.", fix=f"Type labels=[{labels!r}] for one class.")
        if isinstance(labels, (set, frozenset)) or not isinstance(labels, Sized):
            raise LabelTypeMismatch(
                f"labels= is a {type(labels).__name__}, and classes have an order.",
                "It is that of rows and columns, and of two classes the last is positive.",
                "Type labels=[...] in the order wanted, or {value: name}.",
            )
        values = [plain(value) for value in labels]
        names = [plain(name) for name in labels.values()] if isinstance(labels, Mapping) else values
        if not values:
            raise AmbiguousCall("labels= is empty.", fix="List at least one class, or leave labels= out.")
        same_kind(values, "labels=")
        made = cls(values, names, declared=True)
        if pos_label is None:
            return made
        return cls(values, names, pos_label=values[made.index(pos_label)], declared=True)

    @classmethod
    def against_rest(cls, name: Label) -> Labels:
        """The two classes of the question "this one, or not?", this one positive and last.

        >>> Labels.against_rest("dog")
        Labels('not dog', 'dog', positive='dog')
        """
        return cls((f"not {name}", str(name)), pos_label=str(name), declared=True)

    @classmethod
    def infer(cls, values: Iterable[Label], pos_label: Label | None = None) -> Labels:
        """The classes that occur: sorted, except that the positive one of two stands last.

        Values all 0/1 or boolean always make the two classes (0, 1).
        """
        found = ordered(values)
        if not all(isinstance(x, bool) for x in found):
            found = [int(x) if isinstance(x, bool) else x for x in found]
        if pos_label is not None and len(found) == 1 and pos_label not in found:  # it has not come yet
            same_kind([*found, pos_label], "pos_label= and the labels")
            found.append(pos_label)
        if found and set(found) <= {0, 1}:
            found = [False, True] if isinstance(found[0], bool) else [0, 1]
        if pos_label is not None and found and pos_label not in found:
            raise UnknownClass(
                f"pos_label={pos_label!r} is not among the {plural(len(found), 'class')} that occur: {listed(found)}.",
                "Every count of hits and misses would be zero.",
                f"Name one of them, or declare the classes: labels=[..., {pos_label!r}].",
            )
        if pos_label is not None and len(found) == 2 and found[0] == pos_label:
            found.reverse()
        return cls(found, pos_label=pos_label)

    def index(self, label: Any, start: int = 0, stop: int | None = None) -> int:
        """The place of a class, by its name, its value, or their text.

        Raises:
            UnknownClass: no class has that name.
            AmbiguousCall: two classes read alike as text.
        """
        try:
            place = self._places.get(plain(label))
        except (TypeError, LabelTypeMismatch):
            place = None
        if place is not None:
            return place
        alike = [
            i for i, (v, n) in enumerate(zip(self.values, self.names, strict=True)) if str(label) in (str(v), str(n))
        ]
        if len(alike) == 1:
            return alike[0]
        if alike:
            raise AmbiguousCall(f"{label!r} reads like {len(alike)} classes: {listed([self.names[i] for i in alike])}.")
        placed = isinstance(label, (int, slice)) and all(isinstance(name, str) for name in self.names)
        raise UnknownClass(
            f"There is no class {label!r}.",
            "Classes go by name, never by position." if placed else "",
            f"Known: {plural(len(self), 'class')}, {listed(self.names)}.",
        )

    @property
    def texts(self) -> tuple[str, ...]:
        """The names as text."""
        return tuple(str(name) for name in self.names)

    @property
    def positive_name(self) -> Label | None:
        """The name of the positive class, or None while it is not known."""
        return None if self.positive is None else self.names[self.positive]

    def require_positive(self, question: str) -> int:
        """The place of the positive class, or the error that shows how to name it."""
        if self.positive is not None:
            return self.positive
        last = self.names[-1] if self.names else "dog"
        raise PositiveClassUnset(
            f"{question} asks about the positive class, but nothing says which that is of "
            f"{plural(len(self), 'class')} ({listed(self.names)}).",
            fix=f'Type pos_label={last!r}, or ask for one class: "recall[{last}]".',
        )

    @property
    def _role(self) -> Label | None:
        """The positive class as it stands in the data: stated, or by rule."""
        return self.pos_label if self.positive is None else self.values[self.positive]

    def unite(self, other: Labels) -> Labels:
        """The classes of both, by the law that inferred ones are sorted again and declared ones must agree."""
        if self == other and self.key() == other.key():
            return self
        both_declared = self.declared and other.declared
        if both_declared and (self.values, self.names) != (other.values, other.names):
            self._refuse(other, "both declare their classes, and not the same ones in the same order")
        mine, theirs = self._role, other._role
        if mine is not None and theirs is not None and mine != theirs:
            self._refuse(other, f"the positive class is {mine!r} on one side and {theirs!r} on the other")
        pos_label = self.pos_label if self.pos_label is not None else other.pos_label
        if both_declared:
            return self if pos_label == self.pos_label else other
        if not self.declared and not other.declared:
            if len({isinstance(x, str) for x in (*self.values, *other.values)}) > 1:
                self._refuse(other, "one side names its classes with text, the other with numbers")
            both = {int(x) if isinstance(x, bool) else x for x in (*self.values, *other.values)}
            return Labels.infer(both if not _all_bool(self, other) else {bool(x) for x in both}, pos_label)
        declared, inferred = (self, other) if self.declared else (other, self)
        strays = [x for x in inferred.values if x not in declared.values]
        if strays:
            self._refuse(other, f"{listed(strays)} is not among the declared classes")
        return Labels(declared.values, declared.names, pos_label=pos_label, declared=True)

    def _refuse(self, other: Labels, difference: str) -> NoReturn:
        raise MergeRefused(
            f"The classes {listed(self.names)} and {listed(other.names)} do not fit together: {difference}.",
            "Adding by position would mix up classes.",
            "Count both with the same labels= (and pos_label=).",
        )

    def key(self) -> tuple[Any, ...]:
        """Everything that tells one Labels from another."""
        types = tuple(type(x).__name__ for x in (*self.values, *self.names))
        return (self.values, self.names, self.pos_label, self.declared, types)

    @overload
    def __getitem__(self, place: int) -> Label: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Label, ...]: ...
    def __getitem__(self, place: int | slice) -> Label | tuple[Label, ...]:
        return self.names[place]

    def __len__(self) -> int:
        return len(self.names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (Labels, list, tuple)) and self.names == tuple(other)

    def __hash__(self) -> int:
        return hash(self.names)

    def __repr__(self) -> str:
        role = "" if self.positive is None else f", positive={self.positive_name!r}"
        return f"Labels({', '.join(map(repr, self.names))}{role})"


def plain(label: Any) -> Label:
    """A label as a Python int, str or bool: NumPy scalars unwrapped, whole floats and decimals made integers.

    >>> plain(2.0)
    2
    """
    value = label.item() if hasattr(label, "item") and getattr(label, "ndim", 0) == 0 else label
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, Decimal | float) and math.isfinite(value) and value == int(value):
        value = int(value)
    if isinstance(value, (int, str)):  # a bool is an int
        return str(value) if isinstance(value, str) else value
    raise LabelTypeMismatch(
        f"{label!r} of type {type(label).__name__} cannot name a class.",
        "Classes are whole numbers, text or booleans.",
        "Convert the column, for example with .astype(str).",
    )


def same_kind(values: Iterable[Label], where: str) -> None:
    """Refuse text and numbers in one column: sorting and comparing them has no meaning."""
    texts = [x for x in values if isinstance(x, str)]
    numbers = [x for x in values if not isinstance(x, str)]
    if texts and numbers:
        raise LabelTypeMismatch(
            f"{where} mix text ({listed(texts[:3])}) and numbers ({listed(numbers[:3])}).",
            "They are never equal, so they would be counted as different classes.",
            "Give them one type where the data is loaded.",
        )


def ordered(values: Iterable[Label]) -> list[Label]:
    """The distinct values, sorted; text and numbers do not mix."""
    distinct = list(set(values))
    same_kind(distinct, "The labels")
    return sorted(distinct, key=lambda x: (isinstance(x, str), x))


def listed(labels: Sequence[Label], most: int = 6) -> str:
    """The first few labels as text for a message.

    >>> listed(["cat", "dog"])
    "'cat', 'dog'"
    """
    shown = ", ".join(repr(x) for x in list(labels)[:most])
    return f"{shown} and {len(labels) - most} more" if len(labels) > most else shown


def plural(n: Any, noun: str) -> str:
    """A count with its noun.

    >>> plural(1, "row"), plural(1200, "row"), plural(2, "class"), plural(2, "batch")
    ('1 row', '1,200 rows', '2 classes', '2 batches')
    """
    return f"{int(n):,} {noun}{'' if n == 1 else 'es' if noun.endswith(('s', 'ch')) else 's'}"


def whole(labels: Sequence[Label]) -> list[int] | None:
    """Labels as numbers, where all of them are whole ones or text that spells such; else None.

    >>> whole((7, -1)), whole(("7", "8")), whole(("7", "cat")), whole((True, False))
    ([7, -1], [7, 8], None, None)
    """
    found = []
    for x in labels:
        if not (type(x) is int or (isinstance(x, str) and x.removeprefix("-").isdecimal())):
            return None
        found.append(int(x))
    return found


def _refuse_twice(kind: str, entries: Sequence[Label]) -> None:
    if len(set(entries)) == len(entries):
        return
    twice = sorted({str(x) for x in entries if entries.count(x) > 1})
    raise AmbiguousCall(
        f"labels= holds the {kind} {', '.join(map(repr, twice))} more than once.",
        "Two classes under one name could not be told apart.",
        "Give every class a name of its own.",
    )


def _all_bool(*sides: Labels) -> bool:
    return all(isinstance(x, bool) for side in sides for x in side.values)
