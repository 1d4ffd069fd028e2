"""Rows to tallies: coded, counted, and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import AmbiguousCall, ShapeError, UnknownLabels, UsageError
from unconfused.findings import Evidence
from unconfused.ingest import express
from unconfused.ingest.accelerated import tallied
from unconfused.ingest.classes import factored, known, resolve, score_labels
from unconfused.ingest.columns import Column, check_headings
from unconfused.ingest.factors import Factor
from unconfused.ingest.row_costs import refuse_row_costs, row_costs
from unconfused.ingest.rows import Reading, Rows, paired
from unconfused.ingest.scored import (
    argmax,
    class_probabilities,
    decide,
    read_scores,
    require_threshold,
    ruled,
    score_columns,
    score_moments,
    score_ranks,
    score_tallies,
    unusable,
)
from unconfused.ingest.worst import worst_of
from unconfused.labels import Label, Labels, listed, plural
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.opened import Opened
from unconfused.tally.scores import ScoreTally
from unconfused.tally.sparse import counted
from unconfused.tally.tallies import Matrix, Tallies, class_kind
from unconfused.tally.worst import Worst


def tally_arrays(
    reading: Reading,
    y_true: Any,
    *,
    y_pred: Any = None,
    y_score: Any = None,
    sample_weight: Any = None,
    count: Any = None,
    ids: Any = None,
    row_cost: Any = None,
) -> Tallies:
    """Everything that one pass keeps: the matrix of the stated decision, the masses at each score, the losses."""
    plain = sample_weight is None and count is None and ids is None and row_cost is None
    if plain and (made := tallied(reading, y_true, y_pred, y_score)) is not None:
        return made
    return tally_rows(paired(reading, y_true, y_pred, y_score, sample_weight, count, ids=ids, row_cost=row_cost))


def tally_rows(rows: Rows) -> Tallies:
    """The same of rows that are paired."""
    if rows.reading.label_kind == "multilabel":
        return _multilabel(rows)
    made = _class_tallies(rows)
    return made if rows.ids is None else replace(made, worst=worst_of(rows, made))


def count_matrix(
    reading: Reading,
    y_true: Any,
    *,
    y_pred: Any = None,
    y_score: Any = None,
    threshold: Any = None,
    sample_weight: Any = None,
    count: Any = None,
) -> Matrix:
    """The matrix of one decision: given classes, argmax, or ``score >= threshold``."""
    if y_pred is not None and (y_score is not None or threshold is not None):
        raise AmbiguousCall(
            f"y_pred= was given, and {'y_score' if y_score is not None else 'threshold'}= too.",
            "The classes are decided already; a matrix shows one decision.",
            "Pass y_pred= alone, or y_score= with threshold=. uc.evaluate takes both y_pred= and y_score=.",
        )
    rows = paired(reading, y_true, y_pred, y_score, sample_weight, count)
    if reading.label_kind == "multilabel":
        return _multilabel_matrix(rows, threshold)
    quick = express.matrix_of_pairs(rows) if rows.score is None else express.matrix_at(rows, threshold)
    if quick is not None:
        return quick
    truth = factored(rows, rows.truth)
    if rows.called is not None:
        labels = resolve(reading, truth, factored(rows, rows.called))
        return _label_matrix(rows, truth, labels)
    assert rows.score is not None
    score, rows = rows.score, _noted(rows, rows.score)
    labels = score_labels(reading, truth, score)
    scores = read_scores(score, labels, reading.score_kind, reading.invalid)
    if scores.ndim == 2:
        if threshold is not None:
            raise AmbiguousCall(
                f"y_score has {scores.shape[1]} columns and threshold={threshold!r} was given.",
                "One threshold cannot choose among several classes.",
                'Leave threshold= out (argmax), or ask one class against the rest: uc.evaluate(...)["dog"].at(0.4).',
            )
        return _argmax_matrix(rows, truth, labels, scores)
    called, rule, rounded = decide(scores, threshold, labels, reading.score_kind)
    return _counted(rows, truth, labels, called, rule, {"rounded": rounded})


# ── counting ──────────────────────────────────────────────────────────────────────────────────
def _label_matrix(rows: Rows, truth: Factor, labels: Labels) -> ConfusionMatrix:
    assert rows.called is not None
    called = factored(rows, rows.called)
    codes = [truth.coded(labels), called.coded(labels)]
    keep = known(rows, codes, [truth, called], labels)
    return _pairs(rows, labels, codes[0], codes[1], keep, None)


def _argmax_matrix(rows: Rows, truth: Factor, labels: Labels, scores: NDArray[np.float64]) -> ConfusionMatrix:
    called, ties = argmax(scores)
    return _counted(rows, truth, labels, called, "argmax of the scores", {"ties": ties})


def _ruled(rows: Rows, truth: Factor, labels: Labels, scores: NDArray[np.float64]) -> dict[str, ConfusionMatrix]:
    """A matrix for each rule that was named."""
    if not rows.reading.rules:
        return {}
    p = class_probabilities(scores, rows.reading.score_kind, labels)
    decided = {name: (str(rule), *ruled(rule, p, labels)) for name, rule in rows.reading.rules.items()}
    return {name: _counted(rows, truth, labels, called, rule, seen) for name, (rule, called, seen) in decided.items()}


def _counted(
    rows: Rows, truth: Factor, labels: Labels, called: NDArray[Any], rule: str, seen: Mapping[str, NDArray[np.bool_]]
) -> ConfusionMatrix:
    """The matrix of classes made from scores; ``seen`` is evidence of the rows that are counted."""
    codes = truth.coded(labels)
    keep = known(rows, [codes], [truth], labels)
    counted = {name: rows.weighing.rows(mask if keep is None else mask & keep) for name, mask in seen.items()}
    noted = replace(rows, evidence=rows.evidence + Evidence(**counted))
    return _pairs(noted, labels, codes, called, keep, rule)


def _pairs(
    rows: Rows,
    labels: Labels,
    truth: NDArray[Any],
    called: NDArray[Any],
    keep: NDArray[np.bool_] | None,
    rule: str | None,
) -> ConfusionMatrix:
    side = len(labels) + 2
    codes, weighing, evidence = truth * side + called, rows.weighing, rows.evidence
    if keep is not None:
        evidence += Evidence(unknown=weighing.rows(~keep))
        codes, weighing = codes[keep], weighing.keep(keep)

    tables = counted(codes, side, weighing.count, weighing.sums, weighing.squares)
    return ConfusionMatrix(labels, *tables, evidence, rule)


def _class_tallies(rows: Rows) -> Tallies:
    reading = rows.reading
    if not reading.rules and reading.curves and rows.costs is None and not reading.pairs:
        if rows.score is None and (matrix := express.matrix_of_pairs(rows)) is not None:
            return Tallies(class_kind(matrix), matrix)
        if (quick := express.scores_of_two(rows)) is not None:
            return Tallies("binary", None, quick)
    truth = factored(rows, rows.truth)
    if rows.score is None:
        _refuse_rules(reading, "y_pred= was given alone, and rules weigh scores")
        refuse_row_costs(rows, "there are no scores")
        _refuse_pairs(reading, "there are no scores")
        assert rows.called is not None
        labels = resolve(reading, truth, factored(rows, rows.called))
        given = _label_matrix(rows, truth, labels)
        return Tallies(class_kind(given), given)
    score, rows = rows.score, _noted(rows, rows.score)
    labels = score_labels(reading, truth, score, partial=True)
    if not reading.curves:
        refuse_row_costs(rows, "curves=False keeps no scores")
        _refuse_pairs(reading, "curves=False keeps no scores")
    if score.values.ndim == 2 and score.values.shape[1] > 2:
        refuse_row_costs(rows, f"y_score has a score for each of {score.values.shape[1]} classes")
    if (
        len(labels) > 2
        and reading.curves
        and not reading.rules
        and (swift := express.scores_of_many(rows, truth, labels))
    ):
        return swift
    scores = read_scores(score, labels, reading.score_kind, reading.invalid)
    codes = truth.coded(labels)
    sides = [truth] if rows.called is None else [truth, factored(rows, rows.called)]
    keep = known(rows, [side.coded(labels) for side in sides], sides, labels)
    matrix = None
    if rows.called is not None:
        matrix = _label_matrix(rows, truth, labels)
    elif scores.ndim == 2:
        matrix = _argmax_matrix(rows, truth, labels, scores)
    matrices = _ruled(rows, truth, labels, scores)
    weighing, evidence = rows.weighing, rows.evidence
    if keep is not None:
        evidence += Evidence(unknown=weighing.rows(~keep))
        codes, scores, weighing, rows = codes[keep], scores[keep], weighing.keep(keep), rows.keep(keep)
    tallies = None
    if reading.curves:
        tallies = score_tallies(codes, scores, labels, reading, weighing, evidence)
    if scores.ndim == 1:
        if matrix is None and tallies is None and not matrices:
            _nothing_kept()
        _refuse_pairs(reading, "there is one score for each row")
        prices = row_costs(rows, codes, scores, labels, weighing)
        return Tallies("binary", matrix, tallies, matrices=matrices, row_costs=prices)
    moments = score_moments(codes, scores, reading.score_kind, weighing)
    ranks = score_ranks(codes, scores, weighing)
    columns = score_columns(codes, scores, labels, reading, weighing) if reading.curves else None
    return Tallies("multiclass", matrix, tallies, moments, ranks, matrices, columns)


def _noted(rows: Rows, score: Column) -> Rows:
    """With the reasons why rows have no usable score, where they are kept."""
    if rows.reading.invalid != "count":
        return rows
    return replace(rows, evidence=rows.evidence + unusable(score, rows.reading.score_kind, rows.weighing))


def _refuse_rules(reading: Reading, why: str) -> None:
    if reading.rules:
        raise UsageError(f"rules= names {listed(list(reading.rules))}, but {why}.", fix="Leave rules= out.")


def _refuse_pairs(reading: Reading, why: str) -> None:
    if reading.pairs:
        raise UsageError(
            f"pairs=True was given, and {why}.",
            "It compares the scores of each two of several classes.",
            "Leave pairs= out.",
        )


def _nothing_kept() -> NoReturn:
    raise UsageError(
        "curves=False keeps no scores, and no decision was stated.",
        "Nothing would be left of these rows.",
        'Leave curves=False out, or name a decision: y_pred=, or rules={"safe": uc.Costs(C)}.',
    )


# ── several labels for each row ───────────────────────────────────────────────────────────────
def label_names(rows: Rows) -> Labels:
    """The labels of a multilabel problem: declared, or 0…L-1."""
    width = rows.truth.shape[1]
    labels = Labels(range(width), declared=True) if rows.reading.labels is None else Labels.declare(rows.reading.labels)
    if len(labels) != width:
        raise ShapeError(
            f"y_true has {plural(width, 'column')}, labels= names {plural(len(labels), 'label')} "
            f"({listed(labels.names)}).",
            "Column i stands for labels[i].",
            "Name every column, in order.",
        )
    if rows.reading.labels is not None:
        check_headings(rows.truth.name, rows.truth.heads, "the labels", labels.names)
    return labels


def _of_label(rows: Rows, place: int) -> Rows:
    """The rows of one label as a binary problem over 0 and 1."""
    reading = replace(rows.reading, labels=(0, 1), pos_label=None, label_kind=None)
    if isinstance(reading.refine, Opened):
        reading = replace(reading, refine=reading.refine.of_column(place))
    parts = [None if c is None else c.part(place) for c in (rows.truth, rows.called, rows.score)]
    assert parts[0] is not None
    one = replace(rows, reading=reading, truth=parts[0], called=parts[1], score=parts[2])
    strays = set(factored(one, one.truth).values) - {0, 1}
    if strays:
        raise UnknownLabels(
            f"Column {place} of y_true holds {listed(sorted(strays))}.",
            'With label_kind="multilabel" every value says whether a row has that label: 0 or 1.',
        )
    return one


def _multilabel(rows: Rows) -> Tallies:
    _refuse_rules(rows.reading, "each label is decided by itself, at a threshold of its own")
    refuse_row_costs(rows, "each label is decided by itself")
    _refuse_pairs(rows.reading, "the labels of a row do not exclude each other")
    if rows.reading.pos_label not in (None, 1):
        raise UsageError(
            f'pos_label={rows.reading.pos_label!r} was given with label_kind="multilabel".',
            "There 1 says that a row has a label, and the score is that of having it.",
            "Leave pos_label= out; where 0 stands for having it, pass 1 - y_true.",
        )
    members: dict[Label, Tallies] = {}
    for place, name in enumerate(label_names(rows).names):
        members[name] = tally_rows(_of_label(rows, place))
    matrix = {name: t.matrix for name, t in members.items() if isinstance(t.matrix, ConfusionMatrix)}
    scores = {name: t.scores for name, t in members.items() if isinstance(t.scores, ScoreTally)}
    worst = {name: t.worst for name, t in members.items() if isinstance(t.worst, Worst)}
    return Tallies(
        "multilabel",
        Grouped(matrix) if matrix else None,
        Grouped(scores) if scores else None,
        worst=Grouped(worst) if worst else None,
    )


def _multilabel_matrix(rows: Rows, threshold: Any) -> Grouped[ConfusionMatrix]:
    tallies = _multilabel(rows)
    if isinstance(tallies.matrix, Grouped):
        return tallies.matrix
    assert isinstance(tallies.scores, Grouped)
    return at_thresholds(tallies.scores, threshold)


def at_thresholds(scores: Grouped[ScoreTally], threshold: Any) -> Grouped[ConfusionMatrix]:
    """One matrix for each label, at one threshold or at ``{label: threshold}``."""
    if isinstance(threshold, Mapping):
        named = {str(label): value for label, value in threshold.items()}
        missing = [label for label in scores if str(label) not in named]
        strange = set(named) - {str(label) for label in scores}
        if missing or strange:
            raise UsageError(
                f"The thresholds leave out {listed(missing)}."
                if missing
                else f"There is no label {listed(sorted(strange))}.",
                fix="Name one threshold for every label, or one number for all.",
            )
        return Grouped({label: tally.at(named[str(label)]) for label, tally in scores.items()})
    value = require_threshold(threshold, next(iter(scores.values())).score_kind)
    return Grouped({label: tally.at(value) for label, tally in scores.items()})
