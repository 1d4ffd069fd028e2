"""The rows of one call: columns paired and checked, as the caller said how to read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import AmbiguousCall, EmptyInput, ShapeError, UsageError
from unconfused.findings import Evidence
from unconfused.ingest.columns import Column, as_column, check_headings, check_pairing
from unconfused.ingest.factors import factor, positions, refuse_fractions
from unconfused.ingest.mixups import refuse_other_kind
from unconfused.ingest.row_costs import cost_columns, read_row_costs
from unconfused.ingest.seen import seen
from unconfused.ingest.weights import Weighing, read_weights
from unconfused.labels import Declared, Labels, listed, plain, plural
from unconfused.tally.axis import SCORE_KINDS, ScoreKind, pinned
from unconfused.tally.grids import Grid
from unconfused.tally.opened import Opened, What
from unconfused.tally.rules import Rule, check_rules
from unconfused.tally.worst import KEEP

COLUMNS = ("y_true", "y_pred", "y_score", "threshold", "sample_weight", "count", "by", "ids", "unit", "row_cost")
"""What a call takes besides; here they stand for what was misspelt."""
SPELT = {
    "normalize": 'Ask the matrix: cm.normalize("true").',
    "average": 'Ask for it by name: estimate("f1@macro").',
    "threshold": "Every threshold is kept: ask the result, ev.at(0.5).",
    **dict.fromkeys(("y_prob", "y_proba", "probs", "scores"), "Type y_score=."),
    **dict.fromkeys(("class_names", "target_names", "names", "classes"), "Type labels=."),
    "weights": "Type sample_weight=.",
    "ignore_index": "Type ignore=.",
    "groups": "Type unit=.",
}
"""What to type for arguments as other libraries name them."""
LabelKind: TypeAlias = Literal["class", "one-hot", "multilabel"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How columns are to be read: what the caller says once, so that nothing is guessed from values.

    Attributes:
        labels: the classes in order, or a mapping from value to the name to show.
        pos_label: the positive class.
        label_kind: "class" (one value a row), "one-hot" or "multilabel"; None means "class" for one-dimensional labels.
        score_kind: "probability", "logit" (log-odds) or "raw".
        ignore: rows whose y_true is one of these values are left out, and counted.
        unknown: labels outside ``labels``: "error", "other" (kept in a seat) or "drop" (left out, and counted).
        invalid: null, NaN or out-of-range values: "error" or "count" (kept in the seat ``missing``).
        rules: decisions that weigh several scores of a row, ``{name: rule}``, each for a matrix of its own.
        curves: False keeps no scores, only what they decide, rank and lose.
        grid: the bins of scores: "exact", "folded", "floatbits", "uniform(1024)", with or without "(fineness)".
        pins: thresholds that stay exact on any grid, besides the 99 per cents of probabilities and logits; () for none.
        refine: look again at the rows of bins that leave something open, and keep their scores: True for all that is,
            "order" for the order of the two classes, on which every ranking metric but the average precision rests. Of
            a table it is a second pass.
        pairs: of several classes keep on a grid too what each two of them are compared by ("roc_auc@ovo"), for at most
            64 classes; it takes as many times the memory as there are classes.
        worst: with ids, how many of the worst rows of each cell are kept by their id.
        batch: these rows are a part, so whether both sides speak of the same classes is asked of the whole.
    """

    labels: Declared | None = None
    pos_label: Any = None
    label_kind: LabelKind | None = None
    score_kind: ScoreKind = "probability"
    ignore: Any = None
    unknown: Literal["error", "other", "drop"] = "error"
    invalid: Literal["error", "count"] = "error"
    rules: Mapping[str, Rule] | None = None
    curves: bool = True
    grid: str | Grid = "exact"
    pins: Iterable[float] | None = None
    refine: What = False
    pairs: bool = False
    worst: int = KEEP
    batch: bool = False

    def __new__(cls, **given: Any) -> Self:
        known = (*cls.__dataclass_fields__, *COLUMNS)
        for name in given.keys() - cls.__dataclass_fields__.keys():
            near = get_close_matches(name, known, 1, 0.6)
            there = ", ".join(x for x in cls.__dataclass_fields__ if x != "batch")
            fix = SPELT.get(name, f"Did you mean {near[0]}=?" if near else f"There are {there}.")
            if name in COLUMNS and name not in SPELT:
                fix = "It goes with the rows, as in uc.evaluate(...) or stream.update(...)."
            raise UsageError(f"There is no argument {name}= here.", fix=fix)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        choices: dict[str, Sequence[Any]] = {
            "label_kind": (None, "class", "one-hot", "multilabel"),
            "score_kind": SCORE_KINDS,
            "unknown": ("error", "other", "drop"),
            "invalid": ("error", "count"),
            "curves": (True, False),
            "pairs": (True, False),
            "refine": (True, False, "order", self.refine if isinstance(self.refine, Opened) else False),
        }
        check_rules(self.rules)
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                known = ", ".join(repr(x) for x in allowed if x is not None)
                raise UsageError(f"{name}={getattr(self, name)!r} is not known.", fix=f"Choose one of {known}.")
        if type(self.worst) is not int or self.worst < 1:
            raise UsageError(f"worst={self.worst!r} is no number of rows.", fix="Name a whole number from 1 up.")
        if isinstance(self.pins, (str, int, float)):
            raise UsageError(f"pins={self.pins!r} is no list.", fix=f"Type pins=[{self.pins}].")
        if Grid.parse(self.grid).family in ("folded", "uniform") and self.score_kind != "probability":
            raise UsageError(
                f"grid={str(self.grid)!r} is for probabilities, and these are of score_kind={self.score_kind!r}.",
                "Its bins lie between 0 and 1.",
                'Type grid="floatbits", which takes any score.',
            )

    @cached_property
    def bins(self) -> dict[str, Any]:
        """The grid of the scores and the pins on their axis."""
        return {"grid": Grid.parse(self.grid), "pins": pinned(self.pins, self.score_kind), "refine": self.refine}


@dataclass(frozen=True)
class Rows:
    """The columns of one call, paired and with the ignored rows gone."""

    reading: Reading
    truth: Column
    called: Column | None
    score: Column | None
    weighing: Weighing
    evidence: Evidence
    ids: Column | None = None
    costs: NDArray[np.float64] | None = None

    def keep(self, mask: NDArray[np.bool_]) -> Rows:
        """Only the rows where ``mask`` is true."""
        return replace(
            self,
            truth=self.truth.keep(mask),
            called=None if self.called is None else self.called.keep(mask),
            score=None if self.score is None else self.score.keep(mask),
            weighing=self.weighing.keep(mask),
            ids=None if self.ids is None else self.ids.keep(mask),
            costs=None if self.costs is None else self.costs[mask],
        )


def paired(
    reading: Reading, y_true: Any, y_pred: Any, y_score: Any, sample_weight: Any, count: Any, **more: Any
) -> Rows:
    """The columns of a call as rows: read, flattened as the caller said, of one length, without the ignored ones."""
    return standing(given_rows(reading, y_true, y_pred, y_score, sample_weight, count, **more))


def given_rows(
    reading: Reading,
    y_true: Any,
    y_pred: Any,
    y_score: Any,
    sample_weight: Any,
    count: Any,
    *,
    ids: Any = None,
    row_cost: Any = None,
) -> Rows:
    """The same with all rows, as they were given."""
    if y_pred is None and y_score is None:
        raise UsageError("Neither y_pred= nor y_score= was given.", fix="Pass predicted classes or scores.")
    single = reading.label_kind == "multilabel"  # then one column is one label
    truth = as_column(y_true, "y_true", keep_single=single)
    called = None if y_pred is None else as_column(y_pred, "y_pred", keep_single=single)
    score = None if y_score is None else as_column(y_score, "y_score", keep_single=single)
    weights = None if sample_weight is None else as_column(sample_weight, "sample_weight")
    counts = None if count is None else as_column(count, "count")
    names = None if ids is None else as_column(ids, "ids")
    prices = cost_columns(row_cost)
    if reading.label_kind == "class":
        weights, counts, names = (
            x if x is None or x.shape != truth.shape else x.flat() for x in (weights, counts, names)
        )
    if names is not None and names.values.ndim != 1:
        raise ShapeError(f"ids has shape {names.shape}; there is one id for each row.")
    truth, called, score = _flattened(reading, truth, called, score)
    beside = (truth, called, score, weights, counts, names, *prices.values())
    given = [column for column in beside if isinstance(column, Column)]
    check_pairing(given)
    if len(truth) == 0:
        raise EmptyInput(
            "y_true has no rows.", "A matrix of nothing answers no question.", "Check the filter or loader."
        )
    other = called if called is not None else score
    assert other is not None
    evidence = seen(y_true, y_pred if called is not None else y_score, truth, other, reading.score_kind)
    if counts is not None:
        evidence = evidence.without("neighbours", "changes", "repeated")  # entries that stand for several have no order
    weighing = read_weights(weights, counts, len(truth))
    return Rows(reading, truth, called, score, weighing, evidence, names, read_row_costs(prices, len(truth)))


def standing(rows: Rows) -> Rows:
    """Without the entries that stand for no row, and those whose class is to be ignored."""
    if rows.weighing.count is not None and not rows.weighing.count.all():
        rows = rows.keep(rows.weighing.count > 0)  # what stands for no row names no class either
    return rows if rows.reading.ignore is None else _without_ignored(rows)


def _flattened(
    reading: Reading, truth: Column, called: Column | None, score: Column | None
) -> tuple[Column, Column | None, Column | None]:
    """One row for each label; two-dimensional labels only as the caller said what they are."""
    kind = reading.label_kind
    for column in (truth, called):
        if column is not None and column.values.ndim > 1 and kind is None:
            refuse_fractions(column)
            raise AmbiguousCall(
                f"{column.name} has shape {column.shape}: it could hold one column for each class, or one row for "
                "each element.",
                "A shape is not enough to tell, and the matrices differ.",
                'Say which: label_kind="one-hot", label_kind="multilabel", or label_kind="class" when every element '
                "is a row (masks, token tags).",
            )
    partner = called if called is not None else score
    if kind == "class" and truth.values.ndim > 1:
        if partner is None or partner.shape != truth.shape:
            shape = None if partner is None else partner.shape
            raise ShapeError(
                f"y_true has shape {truth.shape}, {partner.name if partner else 'y_pred'} has shape {shape}.",
                'With label_kind="class" every element is a row, so both need the same shape. Nothing was broadcast.',
            )
        flat_score = score.flat() if score is not None and score.shape == truth.shape else score
        return truth.flat(), None if called is None else called.flat(), flat_score
    if kind == "one-hot":
        if all(column is None or column.values.ndim == 1 for column in (truth, called)):
            raise ShapeError(
                f'y_true has shape {truth.shape}; label_kind="one-hot" takes one column for each class.',
                fix="Pass (n, K) arrays of 0 and 1, or leave label_kind= out for one class a row.",
            )
        if called is not None and called.values.ndim == truth.values.ndim and called.shape[1:] != truth.shape[1:]:
            raise ShapeError(f"y_true has shape {truth.shape}, y_pred has shape {called.shape}. Nothing was broadcast.")
        return _from_one_hot(truth, reading), None if called is None else _from_one_hot(called, reading), score
    if kind == "multilabel":
        for column in (truth, called, score):
            if column is not None and column.values.ndim != 2:
                raise ShapeError(
                    f'{column.name} has shape {column.shape}; label_kind="multilabel" takes one column for each label.',
                    fix="Pass (n, L) arrays of 0 and 1, and scores of the same shape.",
                )
            if column is not None and column.shape != truth.shape:
                raise ShapeError(
                    f"y_true has shape {truth.shape}, {column.name} has shape {column.shape}. Nothing was broadcast."
                )
        return truth, called, score
    if called is not None and called.values.ndim > 1:
        raise ShapeError(f"y_true has shape {truth.shape} and y_pred {called.shape}. Nothing was broadcast.")
    return truth, called, score


def _from_one_hot(column: Column, reading: Reading) -> Column:
    """The place of the single 1 in each row: column i is the class labels[i], or i where none are declared."""
    if column.values.ndim == 1:
        return column
    values = np.asarray(column.values)
    gone = column.missing is not None and bool(np.any(column.missing))
    if values.ndim != 2 or values.dtype.kind not in "biuf" or gone or not np.isin(values, (0, 1)).all():
        raise ShapeError(
            f"{column.name} with shape {column.shape} is not one-hot.",
            'label_kind="one-hot" takes rows of 0 and a single 1.',
        )
    ones = values.sum(1)
    if (ones != 1).any():
        wrong = int((ones != 1).sum())
        raise ShapeError(
            f"{wrong:,} of {plural(len(values), 'row')} of {column.name} {'does' if wrong == 1 else 'do'} not hold "
            f"exactly one 1, {positions(ones != 1)}.",
            "Such a row names no class, or several.",
            'If a row may have several labels, type label_kind="multilabel".',
        )
    width = values.shape[1]
    classes = Labels.declare(range(width) if reading.labels is None else reading.labels).values
    if len(classes) != width:
        raise ShapeError(
            f"{column.name} has {plural(width, 'column')}, labels= names {plural(len(classes), 'class')} "
            f"({listed(classes)}).",
            "Column i stands for labels[i].",
            "Name every column, in order.",
        )
    if reading.labels is not None:
        check_headings(column.name, column.heads, "the classes", classes)
    return replace(column, values=values.argmax(1), missing=None, categories=classes, ordered=True)


def _without_ignored(rows: Rows) -> Rows:
    ignore = rows.reading.ignore
    several = isinstance(ignore, (list, tuple, set, frozenset, range)) or getattr(ignore, "ndim", 0) == 1
    wanted = {plain(value) for value in (ignore if several else [ignore])}
    if rows.truth.values.ndim > 1:
        raise UsageError("ignore= leaves rows out by their one true class; multilabel rows have several.")
    classes = factor(rows.truth, invalid="count")
    out = classes.where(wanted)
    if not out.any():
        refuse_other_kind(wanted, classes)
        return rows
    return replace(rows.keep(~out), evidence=rows.evidence + Evidence(ignored=rows.weighing.rows(out)))
