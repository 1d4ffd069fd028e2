"""``unconfused rows``: which rows of a table were got most wrong."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from unconfused.cli.commands import AS_USUAL, NO_COLUMNS, Sources, decided
from unconfused.cli.options import COLUMNS, OUTPUT, WORST, Columns, Output, Reading, Threshold, read, saved_among
from unconfused.cli.output import as_json, cells, chosen, emit
from unconfused.errors import UsageError
from unconfused.show.escape import csv_text, visible
from unconfused.tally.worst import KEEP


def rows(
    *sources: Sources,
    actual: Annotated[str | None, Parameter(group=WORST, help="The true class of the rows.")] = None,
    predicted: Annotated[str | None, Parameter(group=WORST, help="The class that they were called.")] = None,
    k: Annotated[int, Parameter(("-k",), group=WORST, help="How many, at most.")] = 20,
    ids: Annotated[
        str | None, Parameter(group=COLUMNS, help="What names each row; a .uc file may hold it already.")
    ] = None,
    columns: Columns = NO_COLUMNS,
    reading: Reading = AS_USUAL,
    threshold: Threshold = None,
    output: Output = None,
    format: Annotated[
        Literal["text", "json", "csv"] | None,
        Parameter(group=OUTPUT, help="Default: text on a terminal, json when piped."),
    ] = None,
) -> int:
    """The rows of one class that were most wrongly called another, by their ids, worst first."""
    form = chosen(format, output)
    if form not in ("text", "json", "csv"):
        raise UsageError(f"rows has no {form} form.", fix="Type --format text, json or csv.")
    if actual is None or predicted is None:
        raise UsageError(
            "Which rows was not said.", fix="Type, for example: --actual Positive --predicted Negative for the misses."
        )
    if sources and ids is None and not saved_among(sources):
        raise UsageError("Which column names the rows was not said.", fix="Type ids=COLUMN")
    if ids is not None and saved_among(sources):
        raise UsageError(
            f"--ids {ids} was given, and a .uc file.",
            "It holds ids or it does not; its rows are gone.",
            "Leave --ids out.",
        )
    evaluation = read(sources, columns, reading, ids=ids, worst=max(k, KEEP))
    if evaluation.kind == "binary":
        decided(evaluation, threshold)
    found = evaluation.rows(actual, predicted, k, threshold=threshold)
    match form:
        case "json":
            asked = {"actual": actual, "predicted": predicted, "threshold": threshold}
            emit(as_json({**asked, "ids": found}), output)
        case "csv":
            emit("\n".join(["id", *(cells([csv_text(x) if isinstance(x, str) else x]) for x in found)]), output)
        case _:
            none = f"No row of class {visible(actual)} was called {visible(predicted)}."
            emit("\n".join(visible(str(x)) for x in found) or none, output)
    return 0
