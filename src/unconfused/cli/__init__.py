"""The command line: commands by name, exit codes, and errors in plain sentences.

Exit codes: 0 good, 1 a gate failed, 2 bad input or usage, 130 interrupted, 141 nobody reads what is written.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

from unconfused import __version__
from unconfused.errors import UnconfusedError, inert, require
from unconfused.findings import UnconfusedWarning
from unconfused.ingest.progress import hush


class Command(NamedTuple):
    """A command: the function that is loaded when it is typed, what it does, and how it is typed."""

    function: str
    what: str
    usage: str
    example: str


COMMANDS = {
    "report": Command(
        "commands:report",
        "Every headline number with its interval, per class and on average.",
        "SOURCE... --y-true COLUMN --y-score COLUMN | --y-pred COLUMN",
        "preds.csv --y-true label --y-score p --threshold 0.4 -o report.html",
    ),
    "matrix": Command(
        "commands:matrix",
        "The confusion matrix: rows are the truth, columns the prediction.",
        "SOURCE... --y-true COLUMN --y-pred COLUMN | --y-score COLUMN --threshold NUMBER",
        "preds.csv --y-true label --y-pred guess --normalize true",
    ),
    "choose": Command(
        "commands:choose",
        "The best threshold for stated costs, or for a metric within conditions; exit 1 when there is none.",
        "SOURCE... --y-true COLUMN --y-score COLUMN --cost COSTS | --maximize METRIC | --minimize METRIC",
        "preds.csv --y-true label --y-score p --maximize recall --where 'precision >= 0.9'",
    ),
    "compare": Command(
        "compare:compare",
        "Which of several models does better on the same rows, on which metric, and how sure that is.",
        "SOURCE... --y-true COLUMN (--y-score | --y-pred) MODEL=COLUMN... | A.uc B.uc",
        "p.parquet --y-true y --y-score old=p_old --y-score new=p_new",
    ),
    "check": Command(
        "commands:check",
        "Hold the numbers against conditions; exit 1 when one fails.",
        "SOURCE... --y-true COLUMN --y-score COLUMN | --y-pred COLUMN --require CONDITION",
        "preds.csv --y-true label --y-score p --threshold 0.4 --require 'recall >= 0.8'",
    ),
    "tally": Command(
        "commands:tally",
        "Count predictions into one small file, from which every later question is answered.",
        "SOURCE... --y-true COLUMN --y-score COLUMN | --y-pred COLUMN -o FILE.uc",
        "day1.parquet --y-true label --y-score p -o day1.uc",
    ),
    "merge": Command(
        "commands:merge",
        "Add .uc files into one, exactly; what does not fit together is refused.",
        "FILE.uc... -o FILE.uc",
        "day*.uc -o week.uc",
    ),
    "show": Command("commands:show", "The report of a .uc file.", "FILE.uc...", "week.uc --threshold 0.4"),
    "rows": Command(
        "rows:rows",
        "The rows of one class that were most wrongly called another, by their ids, worst first.",
        "SOURCE... --y-true COLUMN --y-score COLUMN | --y-pred COLUMN --ids COLUMN --actual CLASS --predicted CLASS",
        "preds.csv --y-true label --y-score p --threshold 0.5 --ids id --actual 1 --predicted 0 -k 10",
    ),
    "doctor": Command(
        "doctor:doctor",
        "Everything that looks wrong with a table of predictions, most serious first; exit 1 unless all are notes.",
        "SOURCE... --y-true COLUMN --y-pred COLUMN | --y-score COLUMN",
        "preds.csv --y-true label --y-pred guess",
    ),
    "explain": Command(
        "doctor:explain",
        "What a code means, how it comes about, and the lines that show and repair it.",
        "CODE...",
        "CM-ORDER",
    ),
    "reconcile": Command(
        "doctor:reconcile",
        "Which slip turns these counts into the figures that were reported; exit 1 when none that was tried does.",
        "SOURCE... --y-true COLUMN --y-score COLUMN | --y-pred COLUMN --figure METRIC=NUMBER",
        "preds.csv --y-true label --y-pred guess --figure accuracy=0.965 --figure f1=0.81",
    ),
    "metrics": Command(
        "catalogue:metrics",
        "The catalogue: what can be asked, its range, which way is better, its other names and its formula.",
        "[SEARCH...]",
        "sensitivity",
    ),
}
ABOUT = (
    "Where a classifier's errors go, with an honest interval on every number.\n\n"
    "A SOURCE is a CSV, TSV, Parquet or JSON lines file, a pattern such as 'preds/*.parquet', a .uc file, or - for "
    "standard input. Text on a terminal, JSON when piped, unless --format or the extension of --output says otherwise."
)


INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; its exit code."""
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:
        hush()
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:  # the reader has left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except UnconfusedError as error:
        return complain(error.seen, error.why, error.fix)
    except OSError as error:
        return complain(f"{error.filename or 'The output'}: {error.strerror or error}.")


def process() -> NoReturn:
    """Be the process of a command line. After Ctrl-C it ends at once: no thread is waited for."""
    code = main()
    if code != INTERRUPTED:
        sys.exit(code)
    sys.stderr.flush()
    os._exit(code)  # what was temporary is gone by now


def _run(arguments: list[str]) -> int:
    cyclopts = require("cyclopts", extra="cli")
    app = cyclopts.App(
        name="unconfused",
        help=ABOUT,
        help_format="plaintext",
        version=__version__,
        print_error=False,
        exit_on_error=False,
        suppress_keyboard_interrupt=False,
        result_action="return_value",
    )
    for place, (name, command) in enumerate(COMMANDS.items()):
        app.command(
            f"unconfused.cli.{command.function}",
            name=name,
            help=f"{command.what}\n\nExample: unconfused {name} {command.example}",
            usage=f"Usage: unconfused {name} {command.usage} [OPTIONS]",
            sort_key=place,
        )
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    told: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnconfusedWarning)  # a report tells them; --strict listens
            warnings.showwarning = _heard(told, warnings.showwarning)
            code = app(["<stdin>" if word == "-" else word for word in arguments])
        sys.stdout.flush()
        if told:
            sys.stderr.writelines(f"warning {text}\n" for text in dict.fromkeys(told))
            return code or 1
    except cyclopts.CycloptsError as error:
        typed = [word for word in arguments[:1] if word in COMMANDS]
        return complain(str(error), fix=f"Type: {' '.join(['unconfused', *typed, '--help'])}")
    return code if isinstance(code, int) else 0


def _heard(told: list[str], shown: Any) -> Any:
    """A ``warnings.showwarning`` that keeps our own warnings and shows the others as before."""

    def show(message: Any, kind: Any, *where: Any, **more: Any) -> None:
        if issubclass(kind, UnconfusedWarning):
            told.append(str(message))
        else:
            shown(message, kind, *where, **more)

    return show


# ── errors ────────────────────────────────────────────────────────────────────────────────────
KEYWORDS = (
    "y_true", "y_score", "y_pred", "sample_weight", "count", "labels", "pos_label", "label_kind", "score_kind",
    "threshold", "ignore", "unknown", "invalid", "level", "input_format", "delimiter", "normalize", "cost", "maximize",
    "minimize", "where", "guarantee", "seed", "margin", "method", "adjust", "pairs",
    "allow_repeats", "ids", "edges", "unit",
)  # fmt: skip
_KEYWORD = re.compile(rf"\b({'|'.join(KEYWORDS)})=(\[[^\]]*\]|\{{[^}}]*\}}|'[^']*'|\"[^\"]*\"|-?\w+(?:[.\-]\w+)*)?")


def complain(seen: str, why: str = "", fix: str = "") -> int:
    """Say on stderr what was seen, why that is a problem and what to type; exit code 2."""
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else 0
    seen, why, fix = map(inert, (seen, why, fix))
    parts = [f"error: {seen}", *(f"  {spelled(part)}" for part in (why, fix) if part)]
    parts[0] = spelled(parts[0])
    sys.stderr.writelines(f"{line}\n" for part in parts for line in _wrapped(part, width))
    return 2


def spelled(text: str) -> str:
    """A message of the library in the spelling of the command line.

    >>> spelled("Type threshold=0.5, or labels=['no', 'yes'].")
    'Type --threshold 0.5, or --labels no,yes.'
    >>> spelled('Type cost={"fp": 1, "fn": 10}.')
    'Type --cost fp=1,fn=10.'
    >>> spelled("Type edges={'age': [20, 40]}.")
    'Type --edges age=20,40.'
    """

    def option(match: re.Match[str]) -> str:
        name, value = match[1].replace("_", "-"), match[2] or ""
        if value.startswith("["):
            value = ",".join(part.strip().strip("'\"") for part in value[1:-1].split(","))
        if value.startswith("{"):
            value = re.sub(r"['\" \[\]]", "", value[1:-1]).replace(":", "=")
        if re.fullmatch(r"(['\"])[\w.\-]+\1", value):
            value = value[1:-1]
        return f"--{name} {'' if value == 'True' else value}".rstrip()

    return _KEYWORD.sub(option, text)


def _wrapped(text: str, width: int) -> Iterator[Any]:
    yield from textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False) if width else [text]
