"""Which of the usual accidents turns these counts into the figures that were reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from unconfused.diagnosis import resampled
from unconfused.diagnosis.figures import Figure, Style, all_hold, read_figures, value
from unconfused.errors import NotKept
from unconfused.metrics.language import Query
from unconfused.metrics.ranking import Masses
from unconfused.tally.cells import Array, Cells
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Tallies

STYLES: tuple[Style, ...] = (None, "macro", "micro", "weighted")
GRID = 1_000_000
"""Tables up to which all with the same margins are tried."""
CLASSES = 64
"""Classes up to which accidents are simulated."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One way to arrive at the figures.

    Attributes:
        name: a short name: "as counted", "> for >=", "swapped axes", "threshold", …
        told: the sentence.
        certain: it gives the figures to every printed digit; else it lies in what the accident would give.
        values: what it gives, or the middle of that.
    """

    name: str
    told: str
    certain: bool
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True, repr=False)
class Reconciliation:
    """Every cause that was found; none is chosen.

    Attributes:
        figures: what was reported, as it was printed.
        counted: what the counts give.
        causes: certain ones first; empty where none of those tried fits.
        tables: how many 2x2 with these rows of each class give the figures; None where that was not tried.
    """

    figures: Mapping[str, str]
    counted: Mapping[str, float]
    causes: tuple[Cause, ...]
    tables: int | None = None

    def __bool__(self) -> bool:
        return bool(self.causes)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers; an undefined value is None."""
        from unconfused.show.doctor import reconciliation_dict

        return reconciliation_dict(self)

    def __str__(self) -> str:
        from unconfused.show.doctor import reconciliation_text

        return reconciliation_text(self)

    __repr__ = __str__


def reconcile(tallies: Tallies, given: Mapping[str, Any], *, threshold: float | None = None) -> Reconciliation:
    """Try the usual causes on what was counted.

    Args:
        tallies: a matrix, scores, or both, of classes (not multilabel).
        given: metric → reported number; text keeps its last zeros.
        threshold: of the decision, where only scores were kept; one half unless said otherwise.

    Raises:
        NotKept: several independent labels.
    """
    figures = read_figures(given)
    case = Case.of(tallies, threshold)
    counted = {figure: case.value(figure.query) for figure in figures}
    exact = list(_exact(case, figures))
    tables = None if exact else _possible(case, figures)
    loose = [] if exact else list(_loose(case, figures, counted))
    if tables == 0:  # a permutation keeps the rows of each class
        loose = [cause for cause in loose if cause.name != "row order lost"]
    return Reconciliation(
        {str(figure.query): figure.text for figure in figures},
        {str(figure.query): x for figure, x in counted.items()},
        (*exact, *loose),
        tables,
    )


@dataclass(frozen=True)
class Case:
    """What was counted, as the causes read it.

    Attributes:
        matrix: the decision.
        scores: the scores behind it, or None.
        threshold: where they were cut, or None.
    """

    matrix: ConfusionMatrix
    scores: ScoreTally | None = None
    threshold: float | None = None

    @classmethod
    def of(cls, tallies: Tallies, threshold: float | None) -> Case:
        """The matrix of an evaluation, or of its scores at a threshold."""
        scores = tallies.scores if isinstance(tallies.scores, ScoreTally) else None
        if isinstance(tallies.matrix, ConfusionMatrix) and threshold is None:
            return cls(tallies.matrix)
        if scores is None:
            raise NotKept(
                "This evaluation holds neither one matrix nor the scores of two classes.",
                fix='Reconcile one label or class at a time: ev["dog"].reconcile(...).',
            )
        cut = (0.0 if scores.score_kind == "raw" else 0.5) if threshold is None else float(threshold)
        return cls(scores.at(cut), scores, cut)

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, as text."""
        return tuple(str(x) for x in self.matrix.labels.names)

    def value(self, query: Query, cells: Cells | None = None, place: int | None = None, style: Style = None) -> float:
        """What a metric is of the matrix, or of another table."""
        if query.metric.of == "scores" and self.scores is not None:
            return float(query.metric(Masses.of(self.scores), *query.args))
        if query.metric.of != "counts":
            raise NotKept(f"{query} needs scores, and this evaluation holds classes.", fix="Evaluate with y_score=.")
        place = self.matrix.labels.positive if place is None else place
        return float(value(query, self.matrix.cells() if cells is None else cells, place, self.names, style))


def _exact(case: Case, figures: tuple[Figure, ...]) -> Iterator[Cause]:
    """Readings of the same counts that give every figure; of those that give the same numbers the simplest."""
    seen: list[tuple[float, ...]] = []
    for name, told, cells, place in _tables(case):
        for style in STYLES:
            if style is not None and all(figure.query.average == style for figure in figures):
                continue  # that is what was asked
            values = {figure: _read(case, figure.query, name, cells, place, style) for figure in figures}
            numbers = tuple(values.values())
            if numbers in seen or any(np.isnan(x) for x in numbers):
                continue
            seen.append(numbers)
            if all(bool(figure.holds(np.asarray(x))) for figure, x in values.items()):
                average = "" if style is None else f"the {style} average over the classes"
                parts = [part for part in (told, average) if part]
                sentence = " and ".join(parts) if parts else "the counts as they are"
                label = "as counted" if not parts else " + ".join(filter(None, (name, style)))
                yield Cause(label, f"{sentence[0].upper()}{sentence[1:]}.", True, _named(values))
    counted = {figure: case.value(figure.query) for figure in figures if figure.query.metric.of == "counts"}
    if len(counted) == len(figures) and not all(bool(f.holds(np.asarray(x))) for f, x in counted.items()):
        yield from _thresholds(case, figures)


def _tables(case: Case) -> Iterator[tuple[str, str, Cells, int | None]]:
    """The matrix, and what a slip of the hand makes of it: (name, told, cells, positive class)."""
    p, k = case.matrix.labels.positive, len(case.matrix.labels)
    table = case.matrix.table().astype(np.float64)
    straight, turned = Cells.of_table(table, k), Cells.of_table(np.swapaxes(table, -1, -2), k)
    other = None if p is None or k != 2 else case.matrix.labels.names[1 - p]
    yield "", "", straight, p
    if case.scores is not None and case.threshold is not None:
        above = case.scores.at(np.nextafter(case.threshold, np.inf))
        yield "> for >=", f"score > {case.threshold:g} instead of >=", above.cells(), p
    if other is not None and p is not None:
        yield "other positive class", f"{other!r} as the positive class", straight, 1 - p
    yield "swapped axes", "truth and prediction exchanged", turned, p
    if other is not None and p is not None:
        told = f"truth and prediction exchanged, with {other!r} as the positive class"
        yield "swapped axes + other positive class", told, turned, 1 - p


def _read(case: Case, query: Query, name: str, cells: Cells, place: int | None, style: Style) -> float:
    """A figure under a slip; ROC AUC of the other positive class is that of scores turned round."""
    if query.metric.of != "scores":
        return case.value(query, cells, place, style)
    found = case.value(query)
    return 1 - found if query.metric.name == "roc_auc" and name == "other positive class" else found


def _thresholds(case: Case, figures: tuple[Figure, ...]) -> Iterator[Cause]:
    """Other cuts of the scores that give every figure."""
    scores, p = case.scores, case.matrix.labels.positive
    if scores is None or p is None:
        return
    masses = scores.masses[::-1]
    called = np.concatenate([np.zeros((1, 2)), masses.cumsum(0)])  # the largest threshold first: nothing called
    left = called[-1] - called
    cells = [left[:, 0], called[:, 0], left[:, 1], called[:, 1]]
    stack = Cells.of_binary(*(cells if p == 1 else cells[::-1]))
    values = {figure: value(figure.query, stack, p, case.names) for figure in figures}
    hits = np.flatnonzero(all_hold(figures, values))
    places = [x for x in hits.tolist() if x > 0]
    if not places:
        return
    cuts = scores.scores[::-1][np.array(places) - 1]
    unit = " (log-odds)" if scores.score_kind == "logit" else ""
    span = (
        f"{cuts[0]:.6g}" if len(cuts) == 1 else f"one of {len(cuts):,} thresholds from {cuts[-1]:.6g} to {cuts[0]:.6g}"
    )
    middle = {figure: x[places[len(places) // 2]] for figure, x in values.items()}
    yield Cause("threshold", f"Another threshold: {span}{unit}.", True, _named(middle))


def _loose(case: Case, figures: tuple[Figure, ...], counted: Mapping[Figure, float]) -> Iterator[Cause]:
    """Accidents whose outcome is not certain, where all figures lie within what they give."""
    cm, k = case.matrix, len(case.matrix.labels)
    asked = all(figure.query.metric.of == "counts" for figure in figures)
    if not asked or cm.full_weights is not None or not 1 < k <= CLASSES or cm.seats:
        return
    table, rng = cm.counts, np.random.default_rng(0)
    p, n = cm.labels.positive, int(table.sum())

    def read(tables: Any) -> dict[Figure, Array]:
        cells = Cells.of_table(np.asarray(tables, np.float64), k)
        return {figure: value(figure.query, cells, p, case.names) for figure in figures}

    lost = read(resampled.unpaired(table, rng))
    if _within(figures, lost) and not all(np.min(lost[f]) <= x <= np.max(lost[f]) for f, x in counted.items()):
        told = "The order of the rows was lost: predictions paired with other rows give such figures."
        yield Cause("row order lost", told, False, _middle(lost))
    for filled in (False, True):
        found: dict[int, Any] = {}
        for size, rows, up in resampled.last_batches(n):
            if up == filled and rows <= n and _printable(figures, n + rows if filled else n - rows):
                values = read(resampled.without(table, rows, rng, twice=filled))
                if _within(figures, values):
                    found[size] = values
        if found:
            what = "filled up with rows that count twice" if filled else "dropped"
            sizes = ", ".join(map(str, found))
            told = f"The last batch was {what}: possible with batches of {sizes}."
            yield Cause("padded last batch" if filled else "dropped last batch", told, False,
                        _middle(next(iter(found.values()))))  # fmt: skip
    yield from _averaged(case, figures, read, rng)


def _averaged(case: Case, figures: tuple[Figure, ...], read: Any, rng: np.random.Generator) -> Iterator[Cause]:
    found: dict[int, Mapping[Figure, Array]] = {}
    for size in resampled.SIZES:
        means: dict[Figure, list[float]] = {figure: [] for figure in figures}
        for _ in range(4):
            made = resampled.batches(case.matrix.counts, size, rng)
            if made is None:
                break
            for figure, x in read(made[0]).items():
                means[figure].append(float(np.nan_to_num(x).mean()))  # 0 where undefined, as most libraries have it
        values = {figure: np.array(x) for figure, x in means.items()}
        if all(len(x) for x in values.values()) and _within(figures, values, spread=1.0):
            found[size] = values
    if found:
        sizes = ", ".join(map(str, found))
        told = f"The metrics of batches were averaged: possible with batches of {sizes} rows in random order."
        yield Cause("averaged batches", told, False, _middle(next(iter(found.values()))))


def _within(figures: tuple[Figure, ...], values: Mapping[Figure, Array], spread: float = 0.0) -> bool:
    """Whether every figure lies in the range of its values, widened by ``spread`` times it."""
    for figure in figures:
        x = values[figure][~np.isnan(values[figure])]
        if not len(x):
            return False
        more = spread * (x.max() - x.min()) + figure.half
        if not x.min() - more <= figure.value <= x.max() + more:
            return False
    return True


def _possible(case: Case, figures: tuple[Figure, ...]) -> int | None:
    """How many tables with these rows of each class give the figures, whichever way they were read."""
    cm, p = case.matrix, case.matrix.labels.positive
    if len(cm.labels) != 2 or p is None or cm.full_weights is not None or cm.seats:
        return _shares_possible(case, figures)
    counts = [figure for figure in figures if figure.query.metric.of == "counts"]
    positives, negatives = int(cm.counts[p].sum()), int(cm.counts[1 - p].sum())
    if not counts or (positives + 1) * (negatives + 1) > GRID:
        return _shares_possible(case, figures)
    tp, fp = (x.ravel().astype(np.float64) for x in np.mgrid[: positives + 1, : negatives + 1])
    cells = [negatives - fp, fp, positives - tp, tp]
    stack = Cells.of_binary(*(cells if p == 1 else cells[::-1]))
    fits = np.zeros(len(tp), bool)
    for place in (p, 1 - p):
        for style in STYLES:
            values = {figure: value(figure.query, stack, place, case.names, style) for figure in counts}
            fits |= all_hold(tuple(counts), values)
    return int(fits.sum())


def _shares_possible(case: Case, figures: tuple[Figure, ...]) -> int | None:
    """0 where a share of a known number of rows cannot be printed so; else None."""
    cm = case.matrix
    if cm.full_weights is not None:
        return None
    return None if _printable(figures, cm.total) else 0


def _printable(figures: tuple[Figure, ...], n: int) -> bool:
    """Whether some number of n rows gives each overall share as it was printed."""
    shares = [f for f in figures if f.query.metric.name in ("accuracy", "error_rate") and f.query.label is None]
    return all(bool(f.holds(np.round(np.asarray(f.value * n)) / n)) for f in shares)


def _named(values: Mapping[Figure, Any]) -> dict[str, float]:
    return {str(figure.query): float(x) for figure, x in values.items()}


def _middle(values: Mapping[Figure, Array]) -> dict[str, float]:
    return {str(figure.query): float(np.nanmedian(x)) for figure, x in values.items()}
