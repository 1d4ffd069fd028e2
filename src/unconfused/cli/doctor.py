"""``unconfused doctor``, ``explain`` and ``reconcile``: find the mistake before anyone believes the number."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from cyclopts import Parameter

from unconfused.cli.commands import AS_USUAL, NO_COLUMNS, Sources
from unconfused.cli.options import FIGURES, OUTPUT, Columns, Output, Reading, Threshold, read, rows_of, saved_among
from unconfused.cli.output import as_json, chosen, emit
from unconfused.diagnosis.verdict import Diagnosis
from unconfused.errors import InputError, UnknownColumn, UnreadableFile, UsageError
from unconfused.examine import diagnose, refusal
from unconfused.findings.catalogue import Entry, entries, entry
from unconfused.show.doctor import entry_dict, entry_markdown, entry_text
from unconfused.show.shading import shaded

Told: TypeAlias = Annotated[
    Literal["text", "json"] | None, Parameter(group=OUTPUT, help="Default: text on a terminal, json when piped.")
]


def doctor(
    *sources: Sources,
    columns: Columns = NO_COLUMNS,
    reading: Reading = AS_USUAL,
    output: Output = None,
    format: Told = None,
) -> int:
    """Everything that looks wrong with a table of predictions, most serious first."""
    made = _examined(sources, columns, reading)
    _written(made, format, output, "doctor")
    return 0 if made.sound else 1


def _examined(sources: tuple[str, ...], columns: Columns, reading: Reading) -> Diagnosis:
    if not sources or saved_among(sources):
        evaluation = read(sources, columns, reading)
        return Diagnosis.of(evaluation.findings, evaluation.total)
    try:
        rows = rows_of(sources, columns, reading)
        rows.pop("unit", None)  # what looks wrong with rows does not depend on whose they are
    except (UnknownColumn, UnreadableFile):
        raise
    except InputError as error:
        return Diagnosis.of((refusal(error),), None)
    return diagnose(**rows)


def explain(
    *codes: Annotated[str, Parameter(name="CODE", help="Such as CM-ORDER, or order; all of them without one.")],
    output: Output = None,
    format: Annotated[
        Literal["text", "json", "markdown"] | None,
        Parameter(group=OUTPUT, help="Default: text on a terminal, json when piped."),
    ] = None,
) -> int:
    """What a code means, how it comes about, and the lines that show and repair it."""
    found = [entry(code) for code in codes] or list(entries().values())
    match chosen(format, output):
        case "text":
            emit("\n\n\n".join(map(entry_text, found)) if codes else _listed(found), output)
        case "json":
            emit(as_json([entry_dict(x) for x in found]), output)
        case "markdown":
            emit("\n".join(map(entry_markdown, found)), output)
        case other:
            raise UsageError(f"explain has no {other} form.", fix="Type --format text, json or markdown.")
    return 0


def _listed(found: list[Entry]) -> str:
    return "\n".join(f"{x.code:<18} {x.level:<8} {x.title}" for x in found)


def reconcile(
    *sources: Sources,
    figure: Annotated[
        tuple[str, ...],
        Parameter(
            group=FIGURES,
            negative="",
            show_default=False,
            help="What was reported, as it was printed: f1@macro=0.80; repeatable.",
        ),
    ] = (),
    columns: Columns = NO_COLUMNS,
    reading: Reading = AS_USUAL,
    threshold: Threshold = None,
    output: Output = None,
    format: Told = None,
) -> int:
    """Which slip turns these counts into the figures that were reported."""
    pairs = [text.rpartition("=") for text in figure]
    if not pairs or not all(name and value for name, _, value in pairs):
        raise UsageError("Which figures were reported was not said.", fix="Type, for example: --figure accuracy=0.965")
    figures = {name.strip(): value.strip() for name, _, value in pairs}
    made = read(sources, columns, reading).reconcile(figures, threshold=threshold)
    _written(made, format, output, "reconcile")
    return 0 if made else 1


def _written(made: Any, format: Any, output: str | None, command: str) -> None:
    match chosen(format, output):
        case "text":
            emit(shaded(made), output)
        case "json":
            emit(as_json(made.to_dict()), output)
        case other:
            raise UsageError(f"{command} has no {other} form.", fix="Type --format text or --format json.")
