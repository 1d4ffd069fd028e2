"""Options that commands share: which columns, how they are read, and what comes out."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from cyclopts import Group, Parameter

from unconfused.errors import AmbiguousCall, InputError, UsageError
from unconfused.evaluation import Evaluation
from unconfused.findings import UnconfusedWarning, announce, category
from unconfused.findings.catalogue import entry
from unconfused.ingest.columns import as_column
from unconfused.ingest.files import STDIN
from unconfused.ingest.frames import columns, paths_of
from unconfused.ingest.frames import opened as opened_table
from unconfused.ingest.lines import line_of
from unconfused.ingest.rows import Reading as Rows
from unconfused.shards import matching, opened
from unconfused.tables import Pass
from unconfused.tally.tallies import Tallies
from unconfused.tally.worst import KEEP

DECISION = Group("What is best", sort_key=0)
WORST = Group("Which rows", sort_key=0)
FIGURES = Group("What was reported", sort_key=0)
COLUMNS = Group("Columns", sort_key=1)
READING = Group("How they are read", sort_key=2)
OUTPUT = Group("Output", sort_key=3)
SAVED = ".uc"
TREE = '{"cat": "animal", "dog": "animal", "car": "vehicle"}'
STREAM = "<stdin>"
"""What ``main`` puts in the place of a lone ``-``, which would read as the start of an option."""

Format: TypeAlias = Literal["text", "json", "markdown", "latex", "csv", "html"]
Threshold: TypeAlias = Annotated[
    float | None, Parameter(group=READING, help="Call positive what scores at least this; there is no default.")
]
Level: TypeAlias = Annotated[float, Parameter(group=READING, help="The level of every interval.")]
Output: TypeAlias = Annotated[
    str | None,
    Parameter(
        ("--output", "-o"), group=OUTPUT, help="Write here, whole or not at all; the extension chooses the format."
    ),
]
Shown: TypeAlias = Annotated[
    Format | None, Parameter(group=OUTPUT, help="Default: text on a terminal, json when piped.")
]


@Parameter(name="*", group=COLUMNS)
@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns play which role."""

    y_true: Annotated[
        str | None, Parameter(help="The true classes. Several (a,b,c): one column of 0 and 1 a label.")
    ] = None
    y_pred: Annotated[str | None, Parameter(help="The predicted classes.")] = None
    y_score: Annotated[
        str | None,
        Parameter(help="The score of the positive class, or one a class (p0,p1,p2), in the order of --labels."),
    ] = None
    sample_weight: Annotated[str | None, Parameter(help="What each row weighs.")] = None
    count: Annotated[str | None, Parameter(help="How many rows each row stands for.")] = None
    unit: Annotated[str | None, Parameter(help="Whose row it is, such as a patient; rows of one unit are alike.")] = (
        None
    )
    input_format: Annotated[
        Literal["csv", "tsv", "jsonl", "parquet", "arrow"] | None,
        Parameter(help="What the source is, where its extension does not say it; standard input is csv."),
    ] = None
    delimiter: Annotated[str | None, Parameter(help="What separates the cells of a CSV file, if not a comma.")] = None


@Parameter(name="*", group=COLUMNS)
@dataclass(frozen=True, kw_only=True)
class Slicing:
    """Which columns the rows are sliced by."""

    by: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="Slice by this column, or by several together (country,device); repeatable.",
        ),
    ] = ()
    edges: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="Where a column of numbers in --by is cut (age=20,40), or into how many even parts (age=4).",
        ),
    ] = ()


@Parameter(name="*", group=READING)
@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the values mean: said once, never guessed."""

    labels: Annotated[
        str | None, Parameter(help="The classes in order (a,b,c), or with a name for each (0=Negative,1=Positive).")
    ] = None
    pos_label: Annotated[str | None, Parameter(help="The positive class; 1 where the classes are 0 and 1.")] = None
    label_kind: Annotated[
        Literal["class", "one-hot", "multilabel"] | None, Parameter(help="Needed for several label columns only.")
    ] = None
    score_kind: Annotated[
        Literal["probability", "logit", "raw"], Parameter(help="What the scores are; logit is log-odds.")
    ] = "probability"
    ignore: Annotated[str | None, Parameter(help="Leave out rows whose true class is one of these (255, or a,b).")] = (
        None
    )
    unknown: Annotated[
        Literal["error", "other", "drop"], Parameter(help="Labels outside --labels: refuse, count as other, leave out.")
    ] = "error"
    invalid: Annotated[
        Literal["error", "count"], Parameter(help="Empty or impossible values: refuse, or count as missing.")
    ] = "error"
    strict: Annotated[
        bool, Parameter(negative="", help="Exit 1 where a warning doubts the numbers; it is told on standard error.")
    ] = False
    silence: Annotated[str | None, Parameter(help="Codes that --strict does not count (CM-BASE,CM-ORDER).")] = None


def read(
    sources: tuple[str, ...],
    cols: Columns,
    reading: Reading,
    slicing: Slicing | None = None,
    *,
    ids: str | None = None,
    worst: int = KEEP,
) -> Evaluation:
    """Evaluate columns of files, or load what was saved; with ``ids`` the ``worst`` rows of each cell are kept.

    Raises:
        UsageError: no source, no column of truth, or saved files beside files of rows.
    """
    if not sources:
        raise UsageError("No SOURCE was named.", fix="Name a file, a pattern in quotes, or - for standard input.")
    listen(reading)
    if saved := saved_among(sources):
        refuse_given(cols, reading, slicing or Slicing(), saved[0])
        made = sum(map(opened, distinct(matching(saved))), Evaluation(Tallies.zero()))
        announce(made.findings)
        return made
    names, options = _named(cols) | {"ids": ids}, table_options(sources, cols, reading)
    slicing = slicing or Slicing()
    by = [tuple(split(text)) for text in slicing.by] or None
    scan = Pass(Rows(grid="exact"), names, by, edges_of(slicing.edges))
    paths = options.pop("source")
    with numbered(sources, cols), opened_table(paths, scan.columns, **options) as table:
        scan.how = Rows(grid="exact", worst=worst, **typed(reading, names, table.peek()["y_true"]))
        found = scan.over(table, paths_of(paths))
        assert isinstance(found, Evaluation)  # of one model
        return found


def refuse_given(cols: Columns, reading: Reading, slicing: Slicing, saved: str) -> None:
    """Refuse options about rows beside a .uc file, which would change nothing."""
    spared = ("strict", "silence")
    given = [
        f"--{one.name.replace('_', '-')}"
        for part in (slicing, cols, reading)
        for one in fields(part)
        if one.name not in spared and getattr(part, one.name) != one.default
    ]
    if given:
        raise UsageError(
            f"{', '.join(given)} {'was' if len(given) == 1 else 'were'} given, and {saved} is a .uc file.",
            "How its rows were read and sliced was settled when they were counted; they are gone.",
            f"Leave {'it' if len(given) == 1 else 'them'} out, or tally the rows again with "
            f"{'it' if len(given) == 1 else 'them'}: unconfused tally SOURCE {given[0]} … -o {saved}",
        )


def listen(reading: Reading) -> None:
    """With --strict warnings are heard, but for those that are to be silent."""
    if reading.strict:
        warnings.simplefilter("always", UnconfusedWarning)
    for code in split(reading.silence) if reading.silence else ():
        warnings.filterwarnings("ignore", category=category(entry(code).code))


def saved_among(sources: tuple[str, ...]) -> list[str]:
    """The sources that are tallies: all of them or none."""
    saved = [source for source in sources if source.endswith(SAVED)]
    if saved and len(saved) < len(sources):
        raise UsageError(f"{saved[0]} holds a tally, and other sources hold rows.", fix="Tally the rows first.")
    return saved


def rows_of(sources: tuple[str, ...], cols: Columns, reading: Reading) -> dict[str, Any]:
    """The columns of files and how they are read, as `evaluate` takes them."""
    names = _named(cols)
    found = columns(names=names, **table_options(sources, cols, reading))
    return found | typed(reading, names, found["y_true"])


def _named(cols: Columns) -> dict[str, Any]:
    """The columns of each role."""
    if cols.y_true is None:
        raise UsageError("Which column holds the true classes was not said.", fix="Type y_true=COLUMN")
    names: dict[str, Any] = {role: _several(getattr(cols, role)) for role in ("y_true", "y_pred", "y_score")}
    return names | {role: getattr(cols, role) for role in ("sample_weight", "count", "unit")}


def table_options(sources: tuple[str, ...], cols: Columns, reading: Reading) -> dict[str, Any]:
    """Which files, and how their cells are read."""
    return {
        "source": [STDIN if source == STREAM else source for source in sources],
        "labels": _typed(None if reading.labels is None else _declared(reading.labels), "whole"),
        "input_format": cols.input_format,
        "delimiter": _mark(cols.delimiter),
    }


def typed(reading: Reading, names: Mapping[str, Any], y_true: Any) -> dict[str, Any]:
    """What the values mean, with classes as the column of truth holds them."""
    kind = _kind(y_true)
    labels = _typed(None if reading.labels is None else _declared(reading.labels), kind)
    if labels is None and reading.label_kind == "multilabel" and isinstance(names["y_true"], list):
        labels = names["y_true"]
    return {
        "labels": labels,
        "pos_label": None if reading.pos_label is None else _value(reading.pos_label, kind),
        "ignore": None if reading.ignore is None else [_value(x, kind) for x in split(reading.ignore)],
        "label_kind": reading.label_kind,
        "score_kind": reading.score_kind,
        "unknown": reading.unknown,
        "invalid": reading.invalid,
    }


@contextmanager
def numbered(sources: tuple[str, ...], cols: Columns) -> Iterator[None]:
    """Errors that name a row say where in the file it stands."""
    try:
        yield
    except InputError as error:
        place = re.search(r"\brows? (\d+)", error.seen)
        line = (
            place and len(sources) == 1 and line_of(sources[0], int(place[1]), cols.input_format, _mark(cols.delimiter))
        )
        if place and line:
            why = f"Rows count from 0: row {place[1]} starts at line {line} of {sources[0]}. {error.why}"
            raise type(error)(error.seen, why, error.fix) from error
        raise


def distinct(paths: list[str]) -> list[str]:
    """The same paths, each once; naming one twice would count its rows twice."""
    twice = sorted({path for path in paths if paths.count(path) > 1})
    if twice:
        raise AmbiguousCall(
            f"{twice[0]} is named {paths.count(twice[0])} times.",
            "Its rows would count more than once.",
            "Name each file once.",
        )
    return paths


# ── values typed as text ──────────────────────────────────────────────────────────────────────
_ITEM = re.compile(r'\s*(?:"((?:[^"]|"")*)"|((?!")[^,]*?))\s*(?:,|$)')


def split(text: str) -> list[str]:
    """Items between commas; an item in double quotes may hold commas.

    >>> split('a, b,"c, d"')
    ['a', 'b', 'c, d']
    """
    items, at = [], 0
    while at <= len(text):
        found = _ITEM.match(text, at)
        if found is None:
            raise UsageError(f"{text!r} is no list: its quotes do not close.", fix='Type, for example: a,b,"c, d"')
        items.append(found[2] if found[1] is None else found[1].replace('""', '"'))
        if found.end() == len(text) and not found[0].endswith(","):
            break
        at = found.end()
    return items


def costs_of(text: str) -> dict[str, float]:
    """Cell and cost, in pairs.

    >>> costs_of("fp=1, fn=10")
    {'fp': 1.0, 'fn': 10.0}
    """
    pairs = [item.partition("=") for item in split(text)]
    try:
        costs = {cell.strip(): float(value) for cell, _, value in pairs}
    except ValueError:
        costs = {}
    if len(costs) < len(pairs):
        raise UsageError(f"{text!r} does not say what each cell costs.", fix="Type, for example: --cost fp=1,fn=10")
    return costs


def tree_of(path: str) -> Mapping[str, Any]:
    """The tree in a file of JSON: what is above each class, or nested, ``{"animal": ["cat", "dog"]}``."""
    try:
        tree = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.", fix="Name a file of JSON.") from None
    except ValueError as error:
        raise UsageError(f"{path} is no JSON: {error}.", fix=f"Write, for example: {TREE}") from None
    if not isinstance(tree, dict):
        raise UsageError(f"{path} holds no mapping.", fix=f"Write, for example: {TREE}")
    return tree


def edges_of(texts: tuple[str, ...]) -> dict[str, Any] | None:
    """Column and edges, or a number of parts.

    >>> edges_of(("age=20,40", "income=4"))
    {'age': [20.0, 40.0], 'income': 4}
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, values = text.rpartition("=")
        try:
            numbers = [float(x) for x in values.split(",")]
        except ValueError:
            numbers = []
        if not equals or not name or not numbers or name in found:
            raise UsageError(
                f"{text!r} does not say where a column is cut.", fix="Type, for example: --edges age=20,40"
            )
        found[name] = int(values) if values.strip().isdigit() else numbers
    return found or None


def _several(text: str | None) -> Any:
    """One column, or a list of them."""
    if text is None:
        return None
    names = split(text)
    return names if len(names) > 1 else names[0]


def _declared(text: str) -> list[str] | dict[str, str]:
    """Classes in order, or value=name for each."""
    items = split(text)
    pairs = [item.partition("=") for item in items]
    if all(equals and value and not value.endswith(("<", ">", "!")) for value, equals, _ in pairs):
        return {value: name for value, _, name in pairs}
    return items


def _typed(stated: Any, kind: str) -> Any:
    """Classes as the column has them; all of one type."""
    if stated is None:
        return None
    values = [_value(x, kind) for x in stated]
    if any(isinstance(x, str) for x in values):
        values = list(stated)
    return dict(zip(values, stated.values(), strict=True)) if isinstance(stated, dict) else values


def _value(text: str, kind: str) -> Any:
    """A class typed as text, as the column would hold it: 7 where it holds whole numbers."""
    if kind == "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind == "whole" and re.fullmatch(r"-?(0|[1-9][0-9]*)", text):
        return int(text)
    return text


def _kind(column: Any) -> str:
    """What the values of a label column are: "whole", "bool" or "text"."""
    read = as_column(column, "y_true")
    values = read.values if read.categories is None else np.array([*read.categories], object)
    if values.dtype.kind == "O":
        return "text" if read.categories is None or any(isinstance(x, str) for x in values) else "whole"
    return "bool" if np.issubdtype(values.dtype, np.bool_) else "whole"


def _mark(text: str | None) -> str | None:
    return {"\\t": "\t", "tab": "\t", STREAM: "-"}.get(text, text) if text else None
