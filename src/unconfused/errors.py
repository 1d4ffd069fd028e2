"""Everything that unconfused refuses, and why.

UnconfusedError
├── InputError (ValueError)          what was given cannot be counted honestly
│   ├── LengthMismatch               two columns that should pair up do not
│   ├── ShapeError                   an array of another shape than the call can mean
│   ├── IndexMismatch                two pandas Series whose indexes disagree
│   ├── ScoresAsLabels               fractional values where classes were expected
│   ├── LabelTypeMismatch            strings against numbers, or kinds mixed in one column
│   ├── DisjointLabels               truth and prediction share no class
│   ├── UnknownLabels                a label outside the declared classes
│   ├── SentinelLabels               an undeclared "ignore" value such as 255 or -100
│   ├── InvalidValues                null, NaN or infinite labels
│   ├── ScoresOutOfRange             a score that its declared kind cannot take
│   ├── InvalidWeights               negative, infinite or missing weights, or counts that are not whole
│   ├── InvalidCounts                a table that is no confusion matrix
│   ├── EmptyInput                   no row to count
│   ├── UnknownColumn                a column that the table does not have
│   └── UnreadableFile               a file that is not there, is cut short or is of no known kind
├── UsageError (ValueError)          the call leaves a decision open
│   ├── AmbiguousCall                two readings; the message shows how to say each
│   ├── PositiveClassUnset           a question about "the positive class" before one was named
│   ├── LabelsApart                  labels beside the loader that yields their rows
│   ├── ThresholdUnset               scores without the rule that turns them into classes
│   ├── UnknownMetric                a name that the catalogue does not have
│   ├── UnknownClass (KeyError)      a class that the matrix does not have
│   ├── NotKept                      the tally does not hold what the question needs
│   └── InsufficientData             fewer rows than what was asked takes
├── MergeRefused (TypeError)         two tallies that do not count the same thing
├── CountOverflow (OverflowError)    a total beyond 2**63 - 1
└── MissingExtra (ImportError)       an optional library that is not installed

Every message says what was seen (with numbers), why that is a problem, and what to type.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import ClassVar


class UnconfusedError(Exception):
    """The root of the tree.

    Args:
        seen: what was found, with numbers and positions.
        why: why counting it would mislead.
        fix: what to type instead.
    """

    code: ClassVar[str] = "CM-ERROR"

    def __init__(self, seen: str, why: str = "", fix: str = "") -> None:
        seen, why, fix = map(inert, (seen, why, fix))
        self.seen, self.why, self.fix = seen, why, fix
        super().__init__(" ".join(part for part in (seen, why, fix) if part))

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would print its repr


class InputError(UnconfusedError, ValueError):
    """What was given cannot be counted honestly."""

    code = "CM-INPUT"


class LengthMismatch(InputError):
    """Two columns that should pair up do not."""

    code = "CM-LEN"


class ShapeError(InputError):
    """An array of another shape than the call can mean."""

    code = "CM-SHAPE"


class IndexMismatch(InputError):
    """Two pandas Series whose indexes disagree."""

    code = "CM-INDEX"


class ScoresAsLabels(InputError):
    """Fractional values where classes were expected."""

    code = "CM-SCORE-AS-PRED"


class LabelTypeMismatch(InputError):
    """Strings against numbers, or several kinds in one column."""

    code = "CM-TYPE"


class DisjointLabels(InputError):
    """Truth and prediction share no class."""

    code = "CM-DISJOINT"


class UnknownLabels(InputError):
    """A label outside the declared classes."""

    code = "CM-UNKNOWN"


class SentinelLabels(InputError):
    """An undeclared "ignore" value such as 255 or -100."""

    code = "CM-IGNORE"


class InvalidValues(InputError):
    """Null, NaN or infinite values."""

    code = "CM-NONFINITE"


class ScoresOutOfRange(InputError):
    """A score that its declared kind cannot take."""

    code = "CM-RANGE"


class InvalidWeights(InputError):
    """Negative, infinite or missing weights, or counts that are not whole."""

    code = "CM-NEGW"


class InvalidCounts(InputError):
    """A table that is no confusion matrix."""

    code = "CM-COUNTS"


class EmptyInput(InputError):
    """No row to count."""

    code = "CM-EMPTY"


class UnknownColumn(InputError):
    """A column that the table does not have."""

    code = "CM-COLUMN"


class UnreadableFile(InputError):
    """A file that is not there, is cut short or is of no known kind."""

    code = "CM-FILE"


class UsageError(UnconfusedError, ValueError):
    """The call leaves a decision open."""

    code = "CM-USAGE"


class AmbiguousCall(UsageError):
    """Two readings of one call; the message shows how to say each."""

    code = "CM-AMBIGUOUS"


class PositiveClassUnset(UsageError):
    """A question about "the positive class" before one was named."""

    code = "CM-POS"


class LabelsApart(UsageError):
    """Labels beside the loader that yields their rows."""

    code = "CM-LOADER-SHUFFLE"


class ThresholdUnset(UsageError):
    """Scores without the rule that turns them into classes."""

    code = "CM-THRESHOLD"


class UnknownMetric(UsageError):
    """A name that the catalogue does not have."""

    code = "CM-METRIC"


class UnknownClass(UsageError, KeyError):
    """A class that the matrix does not have."""

    code = "CM-CLASS"


class NotKept(UsageError):
    """The tally does not hold what the question needs."""

    code = "CM-NOTKEPT"


class InsufficientData(UsageError):
    """Fewer rows than what was asked takes; the message says how many would do."""

    code = "CM-FEW"


class MergeRefused(UnconfusedError, TypeError):
    """Two tallies that do not count the same thing."""

    code = "CM-MERGE"


class CountOverflow(UnconfusedError, OverflowError):
    """A total beyond 2**63 - 1."""

    code = "CM-OVERFLOW"


class MissingExtra(UnconfusedError, ImportError):
    """An optional library that is not installed."""

    code = "CM-EXTRA"


JOINERS = "\u200c\u200d"
"""Zero-width characters that belong to words (Persian) and to emoji; they stay as they are."""


def inert(text: str, kept: str = "\n\t\u200e" + JOINERS) -> str:
    r"""Text as a terminal prints it: what it would obey, and what cannot be seen, is written as an escape.

    Lines, and what was ``kept`` besides, stay as they are.

    >>> inert("red\x1b[31m\u202e")
    'red\\x1b[31m\\u202e'
    """
    if text.isprintable():
        return text
    return "".join(x if x.isprintable() or x in kept else x.encode("unicode_escape").decode() for x in text)


def optional(module: str) -> ModuleType | None:
    """Import a library that is not needed but good to have; None where it is not here.

    >>> optional("there.is.none")
    """
    try:
        return import_module(module)
    except ImportError:
        return None


def require(module: str, *, extra: str | None = None) -> ModuleType:
    """Import an optional library, or say which extra brings it; without ``extra`` people bring it themselves.

    >>> require("json", extra="io").__name__
    'json'
    """
    try:
        return import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise MissingExtra(
            f"This needs {library}, which could not be imported ({error}).",
            fix=f"Type: pip install {library}" if extra is None else f"Type: pip install 'unconfused[{extra}]'",
        ) from error
