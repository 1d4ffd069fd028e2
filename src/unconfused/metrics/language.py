"""The metric language: ``name[(args)][[class]][@average][.low|.high]``, and conditions such as ``recall >= 0.8``.

    recall                    the positive class of a binary matrix
    fbeta(2)                  with an argument
    precision[dog]            one class, compared with str(label)
    precision["a ] b"]        any text in quotes; a backslash keeps the next character
    f1@macro                  an average over the classes
    recall.low                the lower end of the interval

It has this small grammar and is never evaluated as code. What is parsed prints back to itself, under its first name.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, NoReturn, Protocol, cast

from unconfused.errors import UsageError
from unconfused.metrics.average import AVERAGES
from unconfused.metrics.catalogue import Argument, Metric, Parameter, find

Bound = Literal["low", "high"]
Average = Literal["macro", "micro", "weighted", "worst", "ovo"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_'+\- ]*")
_ARGUMENTS = re.compile(r"\(([^()]*)\)")
_BARE = re.compile(r"""[^\[\]"'\\]+""")
_WORD = re.compile(r"[A-Za-z]+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(?![\w.%])")
_OPERATOR = re.compile(r">=|<=|==|>|<")
_OPERATORS: dict[str, Callable[[Any, float], Any]] = {
    ">=": operator.ge, "<=": operator.le, "==": operator.eq, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
EXAMPLES = "Examples: recall, precision[dog], f1@macro, fbeta(2), recall.low."


class Answer(Protocol):
    """What a condition looks at: an estimate."""

    @property
    def value(self) -> float:
        """The number."""

    @property
    def low(self) -> float:
        """The lower end of its interval."""

    @property
    def high(self) -> float:
        """The upper end of its interval."""


@dataclass(frozen=True, slots=True, repr=False)
class Query:
    """One question: which metric, with which arguments, of which class or average, and which end of the interval."""

    metric: Metric
    args: tuple[Argument, ...] = ()
    label: str | None = None
    average: Average | None = None
    bound: Bound | None = None

    def __str__(self) -> str:
        args = f"({', '.join(map(_shown, self.args))})" if self.args else ""
        label = "" if self.label is None else f"[{_quoted(self.label)}]"
        average = f"@{self.average}" if self.average else ""
        return f"{self.metric.name}{args}{label}{average}" + (f".{self.bound}" if self.bound else "")

    def __repr__(self) -> str:
        return f"Query({self})"

    def pick(self, answer: Answer) -> float:
        """The number asked for: the value, or an end of its interval."""
        return getattr(answer, self.bound or "value")  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Condition:
    """A question, a comparison and a number."""

    query: Query
    op: str
    value: float

    def __str__(self) -> str:
        return f"{self.query} {self.op} {_shown(self.value)}"

    def holds(self, answer: Answer) -> bool:
        """Whether the estimate satisfies it; an undefined value satisfies nothing."""
        return bool(self.satisfied(self.query.pick(answer)))

    def satisfied(self, values: Any) -> Any:
        """Which numbers satisfy it; NaN never does."""
        return _OPERATORS[self.op](values, self.value)


def parse(text: str) -> Query:
    """The question that ``text`` spells.

    >>> parse("sensitivity[dog].low")
    Query(recall[dog].low)
    >>> str(parse("f1-score @ macro"))
    'f1@macro'
    """
    return _parsed(text) if isinstance(text, str) else _Reader(text).query()


@lru_cache(1024)
def _parsed(text: str) -> Query:
    reader = _Reader(text)
    query = reader.query()
    reader.end()
    return query


def parse_conditions(text: str) -> list[Condition]:
    """The conditions that ``text`` spells, joined by "and".

    >>> [str(c) for c in parse_conditions("recall >= .8 and ppv.low > 0.9")]
    ['recall >= 0.8', 'precision.low > 0.9']
    """
    reader = _Reader(text)
    conditions = [reader.condition()]
    while reader.take(_WORD, "and"):
        conditions.append(reader.condition())
    reader.end()
    return conditions


class _Reader:
    """Reads from left to right; every refusal points at the place."""

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise UsageError(f"{text!r} is no text that names a metric.", fix=EXAMPLES)
        self.text, self.at = text, 0

    def condition(self) -> Condition:
        query = self.query()
        op = self.take(_OPERATOR) or self.refuse("one of >=, <=, >, <, == was expected")
        number = self.take(_NUMBER) or self.refuse("a number was expected")
        return _within_range(Condition(query, op, float(number)))

    def query(self) -> Query:
        metric = find((self.take(_NAME) or self.refuse("the name of a metric was expected")).strip())
        args = self.arguments(metric)
        label = self.label()
        average = self.one_of("@", (*AVERAGES, "ovo"))
        if label is not None and average:
            self.refuse("a class and an average cannot be asked at once")
        bound = self.one_of(".", ("low", "high"))
        return Query(metric, args, label, cast("Average | None", average), cast("Bound | None", bound))

    def arguments(self, metric: Metric) -> tuple[Argument, ...]:
        given = [part.strip() for part in self.take(_ARGUMENTS)[1:-1].split(",")]
        given = [part for part in given if part] if len(given) == 1 else given
        if len(given) > len(metric.parameters):
            self.refuse(f"{metric.name} takes {len(metric.parameters) or 'no'} argument(s), {len(given)} given")
        args = [_argument(p, g) for p, g in zip(metric.parameters, given, strict=False)]
        missing = [p for p in metric.parameters[len(given) :] if p.default is None]
        if missing:
            names, examples = (", ".join(getattr(p, x) for p in missing) for x in ("name", "example"))
            self.refuse(f"{metric.name} needs {names}, as in {metric.name}({examples})")
        while args and args[-1] == metric.parameters[len(args) - 1].default:
            args.pop()
        return tuple(args)

    def label(self) -> str | None:
        if not self.skip("["):
            return None
        self.space()
        quote = self.text[self.at : self.at + 1]
        quoted = quote in ('"', "'")
        label = self.quoted(quote) if quoted else self.take(_BARE).strip()
        if not self.skip("]"):
            self.refuse("the class name does not end; put a name with brackets, quotes or backslashes in quotes")
        if not label and not quoted:
            self.refuse("a class name was expected")
        return label

    def quoted(self, quote: str) -> str:
        self.at += 1
        found: list[str] = []
        while (char := self.text[self.at : self.at + 1]) != quote:
            if char == "\\":
                self.at += 1
                char = self.text[self.at : self.at + 1]
            if not char:
                self.refuse("the quotes do not close")
            found.append(char)
            self.at += 1
        self.at += 1
        return "".join(found)

    def one_of(self, mark: str, words: tuple[str, ...]) -> str | None:
        if not self.skip(mark):
            return None
        start, word = self.at, self.take(_WORD)
        if word not in words:
            self.at = start
            self.refuse(f"one of {', '.join(words)} was expected after {mark!r}")
        return word

    def take(self, pattern: re.Pattern[str], wanted: str | None = None) -> str:
        """What the pattern matches here, or "" where it does not, or does not match what is wanted."""
        self.space()
        match = pattern.match(self.text, self.at)
        if match is None or (wanted is not None and match.group() != wanted):
            return ""
        self.at = match.end()
        return match.group()

    def skip(self, mark: str) -> bool:
        self.space()
        found = self.text.startswith(mark, self.at)
        self.at += found * len(mark)
        return found

    def space(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def end(self) -> None:
        self.space()
        if self.at < len(self.text):
            self.refuse("nothing more was expected")

    def refuse(self, problem: str) -> NoReturn:
        raise UsageError(f"{self.text!r} at position {self.at}: {problem}.", fix=EXAMPLES)


def _within_range(condition: Condition) -> Condition:
    """The condition, whose number its metric can take: ``fpr <= 5``, meant as per cent, would hold whatever comes."""
    (low, high), value = condition.query.metric.range, condition.value
    if low <= value <= high:
        return condition
    always = bool(condition.satisfied(low) and condition.satisfied(high))
    name = condition.query.metric.name
    share = replace(condition, value=float(f"{0.01 * value:.12g}"))
    meant = f"Of 100 it is a share: type {share}." if low <= share.value <= high else ""
    raise UsageError(
        f"{condition} {'always' if always else 'never'} holds: {name} lies between {low:g} and {high:g}.",
        "A condition that cannot go either way tests nothing.",
        meant or f"Name a number from {low:g} to {high:g}.",
    )


def _argument(parameter: Parameter, text: str) -> Argument:
    name, equals, value = text.rpartition("=")
    if equals and name.strip() != parameter.name:
        raise UsageError(f"{text!r}: the argument here is {parameter.name}.", fix=f"Type: {parameter.name}={value}")
    return parameter.read(value.strip())


def _shown(argument: Argument) -> str:
    return argument if isinstance(argument, str) else repr(argument).removesuffix(".0")


def _quoted(label: str) -> str:
    if _BARE.fullmatch(label) and label == label.strip():
        return label
    return '"' + label.replace("\\", "\\\\").replace('"', '\\"') + '"'
