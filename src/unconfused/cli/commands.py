"""The commands that read predictions or tallies."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Annotated, Any, Literal, TypeAlias

from cyclopts import Parameter

from unconfused.cli import gates
from unconfused.cli.options import (
    DECISION,
    OUTPUT,
    SAVED,
    Columns,
    Level,
    Output,
    Reading,
    Shown,
    Slicing,
    Threshold,
    costs_of,
    distinct,
    read,
    tree_of,
)
from unconfused.cli.output import (
    EXTENSIONS,
    as_json,
    chosen,
    emit,
    number,
    page,
    rendered,
    rendered_matrix,
    with_slices,
)
from unconfused.errors import ThresholdUnset, UsageError, inert
from unconfused.evaluation import Evaluation
from unconfused.findings import announce
from unconfused.inference import Estimate
from unconfused.ingest.files import EXTENSIONS as READABLE
from unconfused.metrics.language import Condition, parse_conditions
from unconfused.shards import matching, opened
from unconfused.shards import merge as merge_files
from unconfused.show.escape import visible
from unconfused.show.export import finding_dict
from unconfused.show.shading import shaded
from unconfused.show.table import left, paragraph, width
from unconfused.tally.tallies import Tallies

Sources: TypeAlias = Annotated[
    str,
    Parameter(name="SOURCE", help="Files, patterns in quotes, or - for standard input."),
]
Target: TypeAlias = Annotated[
    str | None, Parameter(("--output", "-o"), group=OUTPUT, help="Where to, whole or not at all; for example week.uc.")
]
Opening: TypeAlias = Annotated[
    str | None, Parameter(("--cost",), group=OUTPUT, help="Costs at which the page opens, such as fp=1,fn=10 (html).")
]
Share: TypeAlias = Annotated[
    float | None, Parameter(group=OUTPUT, help="The share of positives at which the page opens (html).")
]
Tree: TypeAlias = Annotated[
    str | None,
    Parameter(
        group=OUTPUT,
        help='JSON of what is above each class, {"cat": "animal"}; the page shows each level of the tree (html).',
    ),
]
OTHERS = {*EXTENSIONS, *READABLE, ".gz", ".zst", ".zip"}
"""Extensions that promise something else than a tally."""
NO_COLUMNS, AS_USUAL, UNSLICED = Columns(), Reading(), Slicing()


def report(
    *sources: Sources,
    columns: Columns = NO_COLUMNS,
    slicing: Slicing = UNSLICED,
    reading: Reading = AS_USUAL,
    threshold: Threshold = None,
    level: Level = 0.95,
    cost: Opening = None,
    prevalence: Share = None,
    taxonomy: Tree = None,
    output: Output = None,
    format: Shown = None,
) -> int:
    """Every headline number with its interval, per class and on average."""
    opening = cost, prevalence, taxonomy
    return _reported(read(sources, columns, reading, slicing), threshold, level, opening, output, format)


def show(
    *files: Annotated[str, Parameter(name="FILE", help="Files that `tally` or `merge` wrote; several are added.")],
    threshold: Threshold = None,
    level: Level = 0.95,
    cost: Opening = None,
    prevalence: Share = None,
    taxonomy: Tree = None,
    output: Output = None,
    format: Shown = None,
) -> int:
    """The report of a .uc file."""
    return _reported(_added(files), threshold, level, (cost, prevalence, taxonomy), output, format)


def _reported(
    evaluation: Evaluation,
    threshold: float | None,
    level: float,
    opening: tuple[str | None, float | None, str | None],
    output: str | None,
    format: Any,
) -> int:
    form, (cost, prevalence, taxonomy) = chosen(format, output), opening
    if form == "html":
        costs, tree = None if cost is None else costs_of(cost), None if taxonomy is None else tree_of(taxonomy)
        emit(page(evaluation, threshold=threshold, cost=costs, prevalence=prevalence, taxonomy=tree), output)
    elif any(x is not None for x in opening):
        raise UsageError(
            f"--cost, --prevalence and --taxonomy are of the page, and this report is {form}.",
            "They would change nothing in it.",
            "Write -o report.html, or ask `unconfused choose --cost …` for the threshold.",
        )
    else:
        text = rendered(evaluation.report(threshold=threshold, level=level), form)
        if evaluation.by:
            text = with_slices(text, evaluation, form, threshold, level)
        emit(text, output)
    return 0


def matrix(
    *sources: Sources,
    columns: Columns = NO_COLUMNS,
    reading: Reading = AS_USUAL,
    threshold: Threshold = None,
    normalize: Annotated[
        Literal["true", "pred", "all"] | None,
        Parameter(group=OUTPUT, help="Shares of each row (true), of each column (pred), or of everything (all)."),
    ] = None,
    output: Output = None,
    format: Shown = None,
) -> int:
    """The confusion matrix: rows are the truth, columns the prediction."""
    evaluation = read(sources, columns, reading)
    made = decided(evaluation, threshold)
    form = chosen(format, output)
    emit(page(evaluation, threshold=threshold) if form == "html" else rendered_matrix(made, form, normalize), output)
    return 0


def decided(evaluation: Evaluation, threshold: float | None) -> Any:
    """The matrix at the threshold, or of the decision stated at the pass."""
    if threshold is not None:
        return evaluation.at(threshold)
    if not evaluation.decided:
        raise ThresholdUnset(
            "There are scores, and no rule says which of them are positive.",
            "0.5 is a decision about what a miss and a false alarm cost, not a default.",
            "Type threshold=0.5 (positive when score >= 0.5), or ask `unconfused report` for every threshold at once.",
        )
    return evaluation.matrix


def choose(
    *sources: Sources,
    cost: Annotated[
        str | None,
        Parameter(group=DECISION, help="What a row of each cell costs: fp=1,fn=10; abstain=0.5 refers rows."),
    ] = None,
    maximize: Annotated[str | None, Parameter(group=DECISION, help="A metric to make large, such as recall.")] = None,
    minimize: Annotated[str | None, Parameter(group=DECISION, help="A metric to make small, such as fpr.")] = None,
    where: Annotated[
        str | None,
        Parameter(group=DECISION, help="Conditions, such as 'precision.low >= 0.9 and predicted_prevalence <= 0.05'."),
    ] = None,
    guarantee: Annotated[
        float | None,
        Parameter(group=DECISION, help="How sure it shall be that the population keeps to --where 'fpr <= 0.05'."),
    ] = None,
    queue: Annotated[
        int | None, Parameter(group=DECISION, help="How many of the rows can be acted on at most.")
    ] = None,
    per: Annotated[int | None, Parameter(group=DECISION, help="Of how many rows --queue is, if not of all.")] = None,
    columns: Columns = NO_COLUMNS,
    reading: Reading = AS_USUAL,
    level: Level = 0.95,
    seed: Annotated[int, Parameter(group=DECISION, help="Of the splits and resamples behind the correction.")] = 0,
    output: Output = None,
    format: Annotated[
        Literal["text", "json", "markdown"] | None,
        Parameter(group=OUTPUT, help="Default: text on a terminal, json when piped."),
    ] = None,
) -> int:
    """The best threshold for stated costs, or for a metric within conditions; exit 1 when there is none."""
    form = chosen(format, output)
    if form not in ("text", "json", "markdown"):
        raise UsageError(f"choose has no {form} form.", fix="Type --format text, json or markdown.")
    costs = None if cost is None else costs_of(cost)
    asked: dict[str, Any] = {"cost": costs, "maximize": maximize, "minimize": minimize, "where": where}
    asked |= {"guarantee": guarantee, "queue": queue, "per": per}
    found = read(sources, columns, reading).choose(**asked, level=level, seed=seed)
    match form:
        case "json":
            emit(as_json(found.to_dict()), output)
        case "markdown":
            emit(found.to_markdown(), output)
        case _:
            emit(shaded(found), output)
    return 0 if found else 1


def check(
    *sources: Sources,
    require: Annotated[
        tuple[str, ...],
        Parameter(help="A condition such as 'recall >= 0.8' or 'precision.low > 0.7 and f1@macro > 0.6'; repeatable."),
    ] = (),
    no_worse: Annotated[
        tuple[str, ...],
        Parameter(negative=(), help="A metric that shall be as good as in the file of --against; repeatable."),
    ] = (),
    against: Annotated[str | None, Parameter(help="A .uc file that `tally` wrote: the baseline.")] = None,
    margin: Annotated[float, Parameter(help="By how much --no-worse may fall short of the baseline.")] = 0.0,
    junit: Annotated[
        str | None, Parameter(group=OUTPUT, help="Also write the gates to this file, as JUnit XML.")
    ] = None,
    columns: Columns = NO_COLUMNS,
    reading: Reading = AS_USUAL,
    threshold: Threshold = None,
    level: Level = 0.95,
    output: Output = None,
    format: Annotated[
        Literal["text", "json"] | None, Parameter(group=OUTPUT, help="Default: text on a terminal, json when piped.")
    ] = None,
) -> int:
    """Hold the numbers against conditions; exit 1 when one fails, or is undefined."""
    if not require and not no_worse and against is None:
        raise UsageError("No condition was named.", fix="Type, for example: --require 'recall >= 0.8'")
    conditions = [condition for text in require for condition in parse_conditions(text)]
    conditions += gates.no_worse(no_worse, against, margin, threshold)
    evaluation = read(sources, columns, reading)
    doubts = gates.mix(against, evaluation)
    announce(doubts)
    answers = [_answer(evaluation, condition, threshold, level) for condition in conditions]
    form = chosen(format, output)
    if junit is not None:
        emit(gates.junit(conditions, answers), junit)
    if form == "json":
        held = [_as_data(c, e) for c, e in zip(conditions, answers, strict=True)]
        emit(as_json({"passed": all(x["passed"] for x in held), "conditions": held,
                      "findings": list(map(finding_dict, doubts))}), output)  # fmt: skip
    elif form == "text":
        asked = [visible(str(c)) for c in conditions]
        room = max(map(width, asked))
        lines = [
            f"{'pass' if c.holds(e) else 'FAIL'}  {left(text, room)}  {inert(str(e))}"
            for c, text, e in zip(conditions, asked, answers, strict=True)
        ]
        emit("\n".join([*lines, *(line for x in doubts for line in paragraph(str(x)))]), output)
    else:
        raise UsageError(f"check has no {form} form.", fix="Type --format text or --format json.")
    return 0 if all(c.holds(e) for c, e in zip(conditions, answers, strict=True)) else 1


def _answer(evaluation: Evaluation, condition: Condition, threshold: float | None, level: float) -> Estimate:
    query = replace(condition.query, bound=None)
    if query.metric.of == "counts" and threshold is None:
        decided(evaluation, threshold)
    return evaluation.estimate(str(query), threshold=threshold if query.metric.of == "counts" else None, level=level)


def _as_data(condition: Condition, e: Estimate) -> dict[str, Any]:
    return {
        "condition": str(condition),
        "passed": bool(condition.holds(e)),
        **{name: number(getattr(e, name)) for name in ("value", "low", "high")},
        **{name: getattr(e, name) for name in ("level", "method", "n", "reason")},
    }


def tally(
    *sources: Sources,
    columns: Columns = NO_COLUMNS,
    slicing: Slicing = UNSLICED,
    reading: Reading = AS_USUAL,
    output: Target = None,
) -> int:
    """Count predictions into one small file: every later question is answered from it."""
    target = _target(output)
    return _saved(read(sources, columns, reading, slicing), target)


def merge(
    *files: Annotated[str, Parameter(name="FILE", help="Files that `tally` wrote.")],
    allow_repeats: Annotated[
        bool, Parameter(negative="", help="Add a file although an equal one is inside: other rows may count alike.")
    ] = False,
    output: Target = None,
) -> int:
    """Add .uc files into one, exactly; what does not fit together is refused."""
    target, files = _target(output), tuple(matching(files))
    if os.path.realpath(target) in map(os.path.realpath, files):
        raise UsageError(
            f"{target} is also one of the files to add.",
            "A second run would count its rows twice.",
            "Write the sum to a file of its own.",
        )
    if not files:
        raise UsageError("No FILE was named.", fix="Name one or more .uc files.")
    if not allow_repeats:
        distinct([os.path.realpath(file) for file in files])
    return _saved(merge_files(files, allow_repeats=allow_repeats), target)


def _added(files: tuple[str, ...]) -> Evaluation:
    if not files:
        raise UsageError("No FILE was named.", fix="Name one or more .uc files.")
    files = tuple(matching(files))
    distinct([os.path.realpath(file) for file in files])
    return sum(map(opened, files), Evaluation(Tallies.zero()))


def _target(output: str | None) -> str:
    if output is None:
        raise UsageError("Where to write was not said.", fix="Type, for example: -o week.uc")
    if not output.endswith(SAVED) and os.path.splitext(output)[1].lower() in OTHERS:
        raise UsageError(
            f"{output} is not named like a tally.",
            "What is written is one, and whoever opens it by its name would find something else.",
            f"Type -o {os.path.splitext(output)[0]}{SAVED}, or ask `unconfused report -o {output}` for the numbers."
            if os.path.splitext(output)[1].lower() in EXTENSIONS
            else f"Type -o {os.path.splitext(output)[0]}{SAVED}",
        )
    return output


def _saved(evaluation: Evaluation, output: str) -> int:
    evaluation.save(output)
    if sys.stderr.isatty():
        sys.stderr.write(f"{inert(output)}: {evaluation.total:,} rows\n")
    return 0
