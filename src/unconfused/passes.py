"""Passes over the rows: labels and scores in, a matrix or an Evaluation out; from columns, frames, models, batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from unconfused import decide
from unconfused.decide import Ranges
from unconfused.diagnosis import diagnose
from unconfused.errors import NotKept, UnconfusedError, UsageError
from unconfused.evaluation import Evaluation
from unconfused.findings import Evidence, announce
from unconfused.inference.compare import Pairs, Plan, compare_estimates, compare_paired, usual_metrics
from unconfused.inference.comparison import Comparison
from unconfused.inference.significance import Adjust, McNemar
from unconfused.ingest.arrays import count_matrix, tally_arrays
from unconfused.ingest.batches import Step
from unconfused.ingest.files import InputFormat
from unconfused.ingest.frames import opened, paths_of
from unconfused.ingest.joint import joint_arrays
from unconfused.ingest.mixups import check_matrix
from unconfused.ingest.models import predictions
from unconfused.ingest.progress import watched
from unconfused.ingest.rows import Reading
from unconfused.ingest.slices import by_names, tally_slices
from unconfused.ingest.units import tally_units
from unconfused.labels import listed
from unconfused.metrics.language import parse
from unconfused.tally.axis import ScoreKind
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grids import usual
from unconfused.tally.joint import Joint, JointScores
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Tallies, class_kind


def confusion_matrix(
    y_true: Any,
    y_pred: Any = None,
    *,
    y_score: Any = None,
    threshold: Any = None,
    labels: Any = None,
    pos_label: Any = None,
    label_kind: Any = None,
    score_kind: ScoreKind = "probability",
    sample_weight: Any = None,
    count: Any = None,
    ignore: Any = None,
    unknown: Any = "error",
    invalid: Any = "error",
) -> Any:
    """Count who was called what: rows are the truth, columns the prediction.

    Args:
        y_true: true classes, (n,): integers, text, booleans, a categorical; list, array, tensor or frame column.
        y_pred: predicted classes, (n,).
        y_score: scores instead of classes: (n,) of the positive class, (n, 2), or (n, K) for argmax.
        threshold: with (n,) scores, positive means ``score >= threshold``; there is no default.
        labels: the classes in the order wanted, or ``{value: name}``.
        pos_label: the positive class; 1 or True where the classes are 0 and 1.
        label_kind: "class", "one-hot" or "multilabel"; needed for two-dimensional labels only.
        score_kind: "probability", "logit" (log-odds) or "raw".
        sample_weight: weights, (n,); metrics use their sums, `ConfusionMatrix.counts` stays rows.
        count: rows that each entry stands for, (n,) whole numbers.
        ignore: rows whose true class is one of these are left out, and counted.
        unknown: labels outside ``labels``: "error", "other" or "drop".
        invalid: null, NaN or out-of-range values: "error" or "count".

    Returns:
        A `ConfusionMatrix`; for ``label_kind="multilabel"`` one 2x2 for each label.

    >>> cm = confusion_matrix([1, 0, 1, 0], y_score=[0.8, 0.6, 0.3, 0.1], threshold=0.5)
    >>> cm.ravel()
    (1, 1, 1, 1)
    """
    reading = Reading(
        labels=labels, pos_label=pos_label, label_kind=label_kind, score_kind=score_kind,
        ignore=ignore, unknown=unknown, invalid=invalid,
    )  # fmt: skip
    made = count_matrix(
        reading, y_true, y_pred=y_pred, y_score=y_score, threshold=threshold, sample_weight=sample_weight, count=count
    )
    announce(diagnose(made, notes=False))
    return made


def evaluate(
    y_true: Any,
    y_pred: Any = None,
    *,
    y_score: Any = None,
    sample_weight: Any = None,
    count: Any = None,
    unit: Any = None,
    by: Mapping[Any, Any] | None = None,
    edges: Mapping[str, Any] | None = None,
    **reading: Any,
) -> Evaluation:
    """Keep what every later question needs: the matrix of the stated decision, and every threshold of the scores.

    Args:
        y_true, y_pred, y_score, sample_weight, count: as in `confusion_matrix`. Scores may be (n,) or (n, 2) for two
            classes, (n, K) for more, (n, L) with ``label_kind="multilabel"``.
        unit: of clustered rows the unit of each, (n,), such as a patient: every interval then counts units, not rows.
        by: columns to slice by, ``{"country": c, ("country", "device"): (c, d)}``, read as ``ev.by["country"]["DE"]``;
            nulls are the slice "missing".
        edges: of columns of numbers in ``by``: where intervals begin, ``{"age": [20, 40]}``, or into how many the rows
            are parted evenly, ``{"age": 4}``.
        reading: labels, pos_label, label_kind, score_kind, ignore, unknown, invalid, as in `confusion_matrix`.
            ``grid="folded"`` keeps scores in bins, of which ``pins=`` are exact thresholds; ``refine=True`` looks at
            the rows of open bins again.
            ``rules={"safe": uc.Costs(C)}`` takes decisions that weigh several scores of a row, each for its own matrix,
            ``ev.matrices["safe"]``; ``curves=False`` keeps no scores, only what they decide, rank and lose.

    >>> ev = evaluate([1, 0, 1, 0], y_score=[0.8, 0.6, 0.3, 0.1])
    >>> ev.at(0.5).ravel(), float(ev.estimate("roc_auc"))
    ((1, 1, 1, 1), 0.75)
    """
    given: dict[str, Any] = {"y_pred": y_pred, "y_score": y_score, "sample_weight": sample_weight, "count": count}
    return _told(Evaluation(_counted(Reading(**reading), y_true, unit, by, edges, given)))


def _counted(reading: Reading, y_true: Any, unit: Any, by: Any, edges: Any, given: dict[str, Any]) -> Tallies:
    """Rows by themselves, in slices or in units."""
    if unit is None:
        return tally_slices(reading, y_true, by, edges, **given)
    if by is not None or edges is not None:
        raise UsageError(
            "by= and unit= were given.",
            "The slices would need buckets of units of their own, and those are not kept.",
            "Evaluate each slice with unit=, or leave one of the two out.",
        )
    return tally_units(reading, y_true, unit=unit, **given)


def _told(evaluation: Evaluation) -> Evaluation:
    """The same, after a Python warning for each finding of that level."""
    announce((*diagnose(evaluation.tallies, notes=False), *evaluation.notes))
    return evaluation


def evaluate_frame(
    source: Any,
    *,
    y_true: str,
    y_score: Any = None,
    y_pred: Any = None,
    sample_weight: Any = None,
    count: Any = None,
    unit: Any = None,
    by: Any = None,
    edges: Mapping[str, Any] | None = None,
    input_format: InputFormat | None = None,
    delimiter: str | None = None,
    **reading: Any,
) -> Evaluation:
    """Evaluate columns of a table: a file (CSV, TSV, JSON lines, Parquet) or a pandas, Polars, Arrow or DuckDB frame.

    Args:
        source: the table; a path may be a glob, and ``-`` is standard input.
        y_true, y_pred, sample_weight, count, unit: names of columns.
        y_score: the name of a column, or a list of names: one for each class, in the order of ``labels``.
        by: columns to slice by, ``["country", ("country", "device")]``; ``edges`` of columns of numbers, as in
            `evaluate`.
        input_format: "csv", "tsv", "jsonl" or "parquet", for a file whose extension does not say it.
        delimiter: what separates the cells of a CSV file, if not a comma.
        reading: as in `evaluate`. Scores are kept on a grid unless ``grid="exact"``.
    """
    names = {"y_true": y_true, "y_pred": y_pred, "y_score": y_score, "sample_weight": sample_weight, "count": count}
    names["unit"] = unit
    sliced = [] if by is None else by_names(by)
    roles = {name: f"{'cut' if name in (edges or ()) else 'by'}:{name}" for wanted in sliced for name in wanted}
    names |= {role: name for name, role in roles.items()}
    reading.setdefault("grid", usual(reading.get("score_kind", "probability")))
    how = Reading(**reading)  # refused before anything is read

    def tallied(rows: dict[str, Any], how: Reading) -> Tallies:
        found = {name: rows.pop(role) for name, role in roles.items()}
        columns_by = {wanted: tuple(found[name] for name in wanted) for wanted in sliced} or None
        return _counted(how, rows.pop("y_true"), rows.pop("unit", None), columns_by, edges, rows)

    options: dict[str, Any] = {"labels": reading.get("labels"), "input_format": input_format, "delimiter": delimiter}
    with opened(source, names, **options) as table:
        at_once = len(table.pieces) == 1 or how.refine or any(isinstance(x, int) for x in (edges or {}).values())
        made = None if at_once else _in_pieces(table.pieces, tallied, replace(how, batch=True))
        return _told(Evaluation(made or tallied(table.whole(), how), source=paths_of(source)))


def _in_pieces(
    pieces: Sequence[Callable[[], dict[str, Any]]], tallied: Callable[[dict[str, Any], Reading], Tallies], how: Reading
) -> Tallies | None:
    """The sum over pieces; None where one cannot be read by itself, or is wrong: all rows together tell which."""
    kept: list[tuple[int, Tallies]] = []
    try:
        for piece in watched(pieces, total=len(pieces), text="Counting"):
            size, made = 1, tallied(piece(), how)
            while kept and kept[-1][0] <= size:  # like with like: each row is merged log(pieces) times
                before, earlier = kept.pop()
                size, made = size + before, earlier + made
            kept.append((size, made))
        whole: Tallies = sum((part for _, part in kept), Tallies.zero())
        check_matrix(whole.matrix)
    except UnconfusedError:
        return None
    return whole


def evaluate_model(
    model: Any,
    data: Any,
    *,
    step: Step | None = None,
    batch_size: int | None = None,
    steps: int | None = None,
    progress: bool | None = None,
    **reading: Any,
) -> Evaluation:
    """Run a model over its data once; the labels and the scores of a row come from the same batch.

    Args:
        model: a torch Module (switched to evaluation mode and back), a Keras model, a fitted scikit-learn estimator.
        data: a DataLoader, a PyDataset, a tf.data.Dataset, any batches (x, y), or arrays (X, y).
        step: ``(model, batch) -> (y_true, y_score)`` for batches and outputs of another shape.
        batch_size, steps: for arrays, and for data that never ends.
        progress: False for no bar; there is none anyway where the work is short or stderr is no terminal.
        reading: as in `evaluate`; say ``score_kind="logit"`` where the model has no last sigmoid or softmax.
    """
    made = predictions(
        model, data, Reading(**reading), step=step, batch_size=batch_size, steps=steps, progress=progress
    )
    tallies = tally_arrays(made.reading, made.y_true, y_score=made.y_score, sample_weight=made.sample_weight)
    own = Evidence(modelled=len(made.y_true) if step is None else 0)
    return _told(Evaluation(tallies.beside(own), made.notes, made.source))


READ_ROW_BY_ROW = ("labels", "pos_label", "label_kind", "score_kind", "ignore", "unknown", "invalid")
"""How columns may be read where models are compared row by row."""


def compare(
    y_true: Any,
    *,
    y_pred: Mapping[str, Any] | None = None,
    y_score: Mapping[str, Any] | None = None,
    threshold: Any = None,
    metrics: Iterable[str] | None = None,
    margin: float | None = None,
    level: float = 0.95,
    method: McNemar = "mid-p",
    adjust: Adjust | None = "holm",
    pairs: Pairs = "first",
    seed: int = 0,
    sample_weight: Any = None,
    count: Any = None,
    **reading: Any,
) -> Comparison:
    """Which model does better, on which metric, and how sure that is: on the same rows, or of two evaluations.

    Args:
        y_true: true classes, (n,); or ``{model: Evaluation or ConfusionMatrix}`` of models that were evaluated apart,
            which can tell less; or the ``tally`` of an earlier comparison, for other questions or another threshold.
        y_pred, y_score: one of them, ``{model: column}``; the first model is the reference. As in `evaluate`.
        threshold: of binary scores: one number for all, or ``{model: number}``.
        metrics: what to compare, such as ``["recall", "f1@macro"]``; the usual ones unless said otherwise.
        margin: the largest difference that does not matter; the verdict then says "equivalent" or "not worse".
        level: of the intervals; a difference counts as shown where its adjusted p-value is below 1 - level.
        method: of McNemar's test: "mid-p", "exact" or "asymptotic".
        adjust: p-values allow for their number by "holm", "bh" (Benjamini-Hochberg) or None.
        pairs: every model against the "first", or "all" pairs.
        seed: of whatever is resampled.
        sample_weight, count, reading: as in `confusion_matrix`.

    >>> y = [1, 0, 1, 0, 1, 1, 0, 0]
    >>> made = compare(y, y_pred={"old": [1, 0, 0, 0, 0, 1, 1, 0], "new": [1, 0, 1, 0, 1, 1, 1, 0]}, metrics=["recall"])
    >>> print(made["recall"].difference, made["recall"].p)
    0.500 [-0.10, 0.85] 0.25
    """
    plan = Plan(level, method, adjust, margin, pairs, seed)
    if isinstance(y_true, Mapping | Joint | JointScores):
        if any(x is not None for x in (y_pred, y_score, sample_weight, count)) or reading:
            raise UsageError(
                "compare() was given evaluations or a tally, and columns or how to read them too.",
                fix="Pass y_true= and y_score= for models on the same rows, or {model: evaluation} alone.",
            )
        if isinstance(y_true, Mapping):
            return _compare_apart(y_true, metrics, threshold, plan)
        return compare_paired(y_true, metrics, thresholds=_each(threshold, y_true.models), plan=plan)
    if strange := [x for x in reading if x not in READ_ROW_BY_ROW]:
        raise NotKept(
            f"compare() has no {listed(strange)}.", "It keeps what each model made of every row, exactly.",
            f"It takes {', '.join(READ_ROW_BY_ROW)}.",
        )  # fmt: skip
    how = Reading(**reading)
    given: dict[str, Any] = {"y_pred": y_pred, "y_score": y_score, "sample_weight": sample_weight, "count": count}
    tally = joint_arrays(how, y_true, **given)
    return compare_paired(tally, metrics, thresholds=_each(threshold, tally.models), plan=plan)


def ranges(models: Any, *, prevalence: float | None = None, level: float = 0.95) -> Ranges:
    """Which threshold of which model is best for which ratio of costs, at the prevalence of the rows or at another.

    Args:
        models: ``{model: Evaluation}``, or a `Comparison` of scores on the same rows.
        prevalence: the share of positives that it shall hold for; needed where the models saw different ones.
        level: of the intervals.

    >>> y, old, new = [1, 0, 1, 0], [0.8, 0.6, 0.3, 0.1], [0.9, 0.2, 0.7, 0.4]
    >>> made = ranges({"old": evaluate(y, y_score=old), "new": evaluate(y, y_score=new)})
    >>> made.at_ratio(1).models, made.at_ratio(1).threshold
    (('new',), 0.7)
    """
    if isinstance(models, Comparison) and isinstance(models.tally, JointScores):
        tally = models.tally
        return decide.ranges({model: tally.of(model) for model in tally.models}, prevalence=prevalence, level=level)
    if not isinstance(models, Mapping) or not models or not all(isinstance(x, Evaluation) for x in models.values()):
        raise UsageError(
            f"ranges() was given a {type(models).__name__} without scores of models.",
            fix='Type uc.ranges({"old": ev_old, "new": ev_new}), or ev.ranges() of one.',
        )
    scores = {str(model): ev.of_one_class("ranges") for model, ev in models.items()}
    return decide.ranges(scores, prevalence=prevalence, level=level)


def _each(threshold: Any, models: Iterable[str]) -> dict[str, Any] | None:
    """The threshold of each model."""
    if threshold is None:
        return None
    return (
        {str(k): x for k, x in threshold.items()}
        if isinstance(threshold, Mapping)
        else dict.fromkeys(models, threshold)
    )


def _compare_apart(held: Mapping[str, Any], metrics: Iterable[str] | None, threshold: Any, plan: Plan) -> Comparison:
    """Models that were evaluated apart."""
    evaluations = {str(k): _evaluated(x) for k, x in held.items()}
    if len(evaluations) < 2:
        raise UsageError(
            f"compare() was given {len(evaluations)} evaluation.", fix='Type {"old": ev_old, "new": ev_new}.'
        )
    first = next(iter(evaluations.values()))
    for model, other in evaluations.items():
        if (first.labels, first.labels.positive) != (other.labels, other.labels.positive):
            raise UsageError(
                f"The classes of {model!r} are {other.labels!r}, those of the first model {first.labels!r}.",
                "Their metrics are about other things.", "Evaluate both with the same labels= and pos_label=.",
            )  # fmt: skip
    cuts = _each(threshold, evaluations) or {}
    decided = [ev.decided or model in cuts for model, ev in evaluations.items()]
    scored = [isinstance(ev.scores, ScoreTally) for ev in evaluations.values()]
    calibrated = all(ev.score_kind != "raw" for ev in evaluations.values())
    asked = list(metrics) if metrics is not None else usual_metrics(
        first.labels, decided=all(decided), scored=all(scored), calibrated=calibrated
    )  # fmt: skip
    values = {
        model: {
            str(query): ev.estimate(
                str(query), threshold=cuts.get(model) if query.metric.of == "counts" else None,
                level=plan.level, seed=plan.seed,
            )
            for query in map(parse, asked)
        }
        for model, ev in evaluations.items()
    }  # fmt: skip
    return compare_estimates(values, {model: ev.total for model, ev in evaluations.items()}, plan=plan)


def _evaluated(x: Any) -> Evaluation:
    if isinstance(x, Evaluation):
        return x
    if isinstance(x, ConfusionMatrix):
        return Evaluation(Tallies(class_kind(x), x))
    raise UsageError(
        f"compare() was given a {type(x).__name__}.",
        fix="Pass {model: Evaluation or ConfusionMatrix}, or y_true with y_score={model: scores}.",
    )
