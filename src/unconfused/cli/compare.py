"""``unconfused compare``: which of several models does better on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter

from unconfused.cli.commands import Sources
from unconfused.cli.options import (
    COLUMNS,
    OUTPUT,
    READING,
    Columns,
    Level,
    Output,
    Reading,
    distinct,
    listen,
    numbered,
    saved_among,
    split,
    table_options,
    typed,
)
from unconfused.cli.output import as_json, chosen, emit, page
from unconfused.errors import UsageError
from unconfused.ingest.frames import opened as opened_table
from unconfused.ingest.rows import Reading as Rows
from unconfused.shards import opened
from unconfused.show.shading import shaded
from unconfused.tables import Pass
from unconfused.versus import compare as compared

WHAT = Group("What is compared", sort_key=0)


@Parameter(name="*", group=COLUMNS)
@dataclass(frozen=True, kw_only=True)
class Models:
    """Which columns play which role, one of each model."""

    y_true: Annotated[str | None, Parameter(help="The true classes.")] = None
    y_score: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="MODEL=COLUMN, its score of the positive class; once for each model, the reference first.",
        ),
    ] = ()
    y_pred: Annotated[
        tuple[str, ...],
        Parameter(negative="", show_default=False, help="MODEL=COLUMN, its predicted classes; once for each model."),
    ] = ()
    sample_weight: Annotated[str | None, Parameter(help="What each row weighs.")] = None
    count: Annotated[str | None, Parameter(help="How many rows each row stands for.")] = None
    input_format: Annotated[
        Literal["csv", "tsv", "jsonl", "parquet", "arrow"] | None,
        Parameter(help="What the source is, where its extension does not say it; standard input is csv."),
    ] = None
    delimiter: Annotated[str | None, Parameter(help="What separates the cells of a CSV file, if not a comma.")] = None


NO_MODELS, AS_USUAL = Models(), Reading()


def compare(
    *sources: Sources,
    columns: Models = NO_MODELS,
    reading: Reading = AS_USUAL,
    threshold: Annotated[
        tuple[str, ...],
        Parameter(
            group=READING,
            negative="",
            show_default=False,
            help="Call positive what scores at least this: a number for all, or MODEL=NUMBER.",
        ),
    ] = (),
    metric: Annotated[
        tuple[str, ...],
        Parameter(
            group=WHAT,
            negative="",
            show_default=False,
            help="A metric, such as f1@macro; repeatable. Default: the usual ones.",
        ),
    ] = (),
    margin: Annotated[float | None, Parameter(group=WHAT, help="The largest difference that does not matter.")] = None,
    pairs: Annotated[Literal["first", "all"], Parameter(group=WHAT, help="Against the first model, or all pairs.")] = (
        "first"
    ),
    method: Annotated[
        Literal["mid-p", "exact", "asymptotic"], Parameter(group=WHAT, help="Which of McNemar's tests.")
    ] = "mid-p",
    adjust: Annotated[
        Literal["holm", "bh", "none"], Parameter(group=WHAT, help="How p-values allow for the number of tests.")
    ] = "holm",
    seed: Annotated[int, Parameter(group=WHAT, help="Of whatever is resampled.")] = 0,
    level: Level = 0.95,
    output: Output = None,
    format: Annotated[
        Literal["text", "json", "markdown", "csv", "html"] | None,
        Parameter(group=OUTPUT, help="Default: text on a terminal, json when piped."),
    ] = None,
) -> int:
    """Which model does better on which metric, and how sure that is."""
    form = chosen(format, output)
    if form == "latex":
        raise UsageError("compare has no latex form.", fix="Type --format text, json, markdown, csv or html.")
    asked: dict[str, Any] = {
        "threshold": _thresholds(threshold), "metrics": metric or None, "margin": margin, "level": level,
        "method": method, "adjust": None if adjust == "none" else adjust, "pairs": pairs, "seed": seed,
    }  # fmt: skip
    listen(reading)
    made = _of_tallies(sources, asked) if saved_among(sources) else _of_rows(sources, columns, reading, asked)
    match form:
        case "json":
            emit(as_json(made.to_dict()), output)
        case "markdown":
            emit(made.to_markdown(), output)
        case "csv":
            emit(made.to_csv(), output)
        case "html":
            emit(page(made), output)
        case _:
            emit(shaded(made), output)
    return 0


def _of_tallies(sources: tuple[str, ...], asked: dict[str, Any]) -> Any:
    """Each file is a model, under the name of the file."""
    return compared({Path(path).stem: opened(path) for path in distinct(list(sources))}, **asked)


def _of_rows(sources: tuple[str, ...], models: Models, reading: Reading, asked: dict[str, Any]) -> Any:
    """The columns of all models are read together, and then parted."""
    if not sources:
        raise UsageError("No SOURCE was named.", fix="Name a file, a pattern in quotes, or - for standard input.")
    if bool(models.y_score) == bool(models.y_pred):
        raise UsageError(
            "compare takes --y-score or --y-pred, one of the two.", fix="Type --y-score old=COLUMN --y-score new=COLUMN"
        )
    role = "y_score" if models.y_score else "y_pred"
    named = _named(getattr(models, role), "COLUMN")
    if len(named) < 2:
        raise UsageError("One model was named.", fix=f"Name each: --{role.replace('_', '-')} MODEL=COLUMN, repeated.")
    names: dict[str, Any] = {
        "y_true": models.y_true, "sample_weight": models.sample_weight, "count": models.count, role: named,
    }  # fmt: skip
    if models.y_true is None:
        raise UsageError("Which column holds the true classes was not said.", fix="Type y_true=COLUMN")
    cols = Columns(y_true=models.y_true, input_format=models.input_format, delimiter=models.delimiter)
    options = table_options(sources, cols, reading)
    scan = Pass(Rows(), names, None, None)
    with numbered(sources, cols), opened_table(options.pop("source"), scan.columns, **options) as table:
        scan.how = Rows(**typed(reading, names, table.peek()["y_true"]))
        return compared(scan.joint_of(table), **asked)


def _named(pairs: tuple[str, ...], what: str) -> dict[str, str]:
    """MODEL=SOMETHING, of each model."""
    found = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    if len(found) < len(pairs):
        raise UsageError(f"{', '.join(pairs)} does not name each model once.", fix=f"Type old={what} and new={what}")
    return found


def _thresholds(given: tuple[str, ...]) -> Any:
    """One number for all models, or one for each: repeated, or between commas."""
    if not given:
        return None
    given = tuple(part for text in given for part in split(text))
    try:
        if len(given) == 1 and "=" not in given[0]:
            return float(given[0])
        return {model: float(value) for model, value in _named(given, "NUMBER").items()}
    except ValueError as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{', '.join(given)} is no threshold.", fix="Type, for example: --threshold 0.4") from None
