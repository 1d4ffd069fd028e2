"""Passes over tables: the columns of a file or a frame, in pieces where rows may be added up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any, TypeAlias, TypeVar, overload

from unconfused.again import not_again, refined
from unconfused.asked import Asked, asked_of
from unconfused.engines import tally_elsewhere
from unconfused.errors import EmptyInput, UnconfusedError
from unconfused.evaluation import Evaluation
from unconfused.ingest.columns import check_headings
from unconfused.ingest.engine import interruptible
from unconfused.ingest.files import InputFormat
from unconfused.ingest.frames import Table, opened, paths_of
from unconfused.ingest.mixups import check_matrix
from unconfused.ingest.progress import asked, rows_in, shown
from unconfused.ingest.quantiles import cut_edges
from unconfused.ingest.rows import Reading
from unconfused.ingest.sliced import SliceCounter, tally_sliced
from unconfused.labels import Declared, Labels
from unconfused.passes import told
from unconfused.tally.grids import usual
from unconfused.tally.joint import Joint, JointScores
from unconfused.tally.tallies import Tallies
from unconfused.tally.threads import cores, one_core, pooled
from unconfused.versus import Models

T = TypeVar("T")
Kept: TypeAlias = Callable[[Reading, Mapping[str, Any]], tuple[Any, ...]]
"""What is kept of some rows."""


@overload
def evaluate_frame(
    source: Any, *, y_true: Any, y_score: Mapping[str, Any], y_pred: None = None, sample_weight: Any = None,
    count: Any = None, ids: Any = None, row_cost: Mapping[str, Any] | None = None, by: Any = None,
    edges: Mapping[str, Any] | None = None, threshold: Any = None, input_format: InputFormat | None = None,
    delimiter: str | None = None, progress: bool | None = None, **reading: Any,
) -> Models: ...  # fmt: skip
@overload
def evaluate_frame(
    source: Any, *, y_true: Any, y_pred: Mapping[str, Any], y_score: None = None, sample_weight: Any = None,
    count: Any = None, ids: Any = None, row_cost: Mapping[str, Any] | None = None, by: Any = None,
    edges: Mapping[str, Any] | None = None, input_format: InputFormat | None = None, delimiter: str | None = None,
    progress: bool | None = None, **reading: Any,
) -> Models: ...  # fmt: skip
@overload
def evaluate_frame(
    source: Any, *, y_true: Any, y_score: str | Sequence[Any] | None = None, y_pred: str | Sequence[Any] | None = None,
    sample_weight: Any = None, count: Any = None, ids: Any = None, unit: Any = None,
    row_cost: Mapping[str, Any] | None = None, by: Any = None, edges: Mapping[str, Any] | None = None,
    input_format: InputFormat | None = None, delimiter: str | None = None, progress: bool | None = None, **reading: Any,
) -> Evaluation: ...  # fmt: skip
def evaluate_frame(
    source: Any,
    *,
    y_true: Any,
    y_score: Any = None,
    y_pred: Any = None,
    sample_weight: Any = None,
    count: Any = None,
    ids: Any = None,
    unit: Any = None,
    row_cost: Mapping[str, Any] | None = None,
    by: Any = None,
    edges: Mapping[str, Any] | None = None,
    threshold: Any = None,
    input_format: InputFormat | None = None,
    delimiter: str | None = None,
    progress: bool | None = None,
    **reading: Any,
) -> Evaluation | Models:
    """Evaluate columns of a table of any size: a file, a pandas, Polars, Arrow or DuckDB frame, a pattern of files.

    Rows of a Spark or Dask data frame, or of a table of Ibis, stay where they are: `unconfused.engines`.

    Args:
        source: the table; a path may be a glob, and ``-`` is standard input. Files may be CSV, TSV or JSON lines (also
            packed as .gz or .zst), Parquet or Arrow IPC.
        y_true, y_pred, sample_weight, count, ids, unit: names of columns.
        y_score: the name of a column, or a list of names: one for each class, in the order of ``labels``.
            ``{"old": "p_old", "new": "p_new"}``, of y_score or y_pred, evaluates several models in one scan.
        row_cost: what each row costs by itself: the name of a column for a cell, or one number for all rows,
            ``{"fp": 5, "fn": "amount"}``; as in `evaluate`.
        by: columns to slice by, ``["country", ("country", "device")]``; ``edges`` of columns of numbers, as in
            `evaluate`.
        threshold: of several models: the joint table keeps what they decide there, not each pair of scores.
        input_format: "csv", "tsv", "jsonl", "parquet" or "arrow", for a file whose extension does not say it.
        delimiter: what separates the cells of a CSV file, if not a comma.
        progress: of long work rows, speed and time left are shown on a terminal; False shows nothing, True anywhere.
        reading: as in `evaluate`. Scores are kept on a grid unless ``grid="exact"``.

    Returns:
        An `Evaluation`; of several models `Models`: the Evaluation of each by name, and ``.joint``, the table that
        `compare` asks.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"y": [1, 0, 1, 0], "old": [0.8, 0.6, 0.3, 0.1], "new": [0.9, 0.2, 0.7, 0.4]})
    >>> evaluate_frame(frame, y_true="y", y_score="old").at(0.5).ravel()
    (1, 1, 1, 1)
    >>> both = evaluate_frame(frame, y_true="y", y_score={"old": "old", "new": "new"})
    >>> both["new"].at(0.5).ravel(), both.compare(["roc_auc"])["roc_auc"].difference.value
    ((2, 0, 0, 2), 0.25)
    """
    names = {"y_true": y_true, "y_pred": y_pred, "y_score": y_score, "sample_weight": sample_weight, "count": count}
    names |= {"ids": ids, "unit": unit}
    reading.setdefault("grid", usual(reading.get("score_kind", "probability")))
    scan = Pass(Reading(**reading), names, by, edges, threshold, row_cost)  # refused before anything is read
    options: dict[str, Any] = {"labels": reading.get("labels"), "input_format": input_format, "delimiter": delimiter}
    with asked(progress), interruptible():
        if (elsewhere := tally_elsewhere(source, scan.columns, scan.how, scan.asked)) is not None:
            return scan.told(elsewhere)
        with opened(source, scan.columns, **options) as table:
            return scan.over(table, paths_of(source))


def _check_lists(several: Mapping[str, Sequence[Any]], labels: Declared | None) -> None:
    """Refuse lists of columns that are called like the classes, or like those of another role, in another order."""
    orders = {f"those of {role}": names for role, names in several.items()}
    if labels is not None and several:
        orders |= {"the classes": Labels.declare(labels).names}
    for role, names in several.items():
        for whose, wanted in orders.items():
            check_headings(role, list(map(str, names)), whose, wanted, "List them in the same order.")


class Pass:
    """One pass over the columns of a table: what is counted of them, and how.

    Args:
        how: how the columns are read.
        names: the column, the list of columns, or of y_score or y_pred ``{model: columns}``, of each role.
        by, edges, threshold, row_cost: as in `evaluate_frame`.
    """

    def __init__(
        self,
        how: Reading,
        names: Mapping[str, Any],
        by: Any,
        edges: Any,
        threshold: Any = None,
        row_cost: Mapping[str, Any] | None = None,
    ) -> None:
        self.how = replace(how, pins=None if how.pins is None else tuple(how.pins))  # read at every look
        self.asked, self.columns = asked_of(names, by, edges, threshold, row_cost)
        self._check()

    def _check(self) -> None:
        several = {role: list(x) for role, x in self.columns.items() if isinstance(x, (list, tuple))}
        _check_lists(several, self.how.labels)

    def over(self, table: Table, source: str | None = None) -> Evaluation | Models:
        """What the pass kept of a table: an Evaluation, or `Models`."""
        if cut := self.asked.quantiles:
            found = cut_edges(table, {self.asked.sliced(name): (name, parts) for name, parts in cut.items()})
            self.asked = self.asked.cut(found)
        counting = not self.asked.models and self.columns.get("unit") is None
        return self.told(self._summed(table, self.asked.kept, counting), source)

    def told(self, kept: tuple[Any, ...], source: str | None = None) -> Evaluation | Models:
        """The same of what was kept."""
        evaluations = [told(Evaluation(x, source=source)) for x in kept if isinstance(x, Tallies)]
        if not self.asked.models:
            return evaluations[0]
        return Models(dict(zip(self.asked.models, evaluations, strict=True)), kept[-1])

    def joint_of(self, table: Table) -> Joint | JointScores:
        """The joint table of the models alone."""
        made: Joint | JointScores = self._summed(table, lambda how, rows: (self.asked.joint(how, rows),))[0]
        return made

    def _summed(
        self,
        table: Table,
        kept: Kept,
        counting: bool = False,
    ) -> tuple[Any, ...]:
        """The sum over pieces. Where one cannot be read by itself, or is wrong, all rows together tell which."""
        self._check()  # how they are read may have been found in the table
        made = self._of_pieces(table, kept, counting)
        if made is None:
            with shown("Reading all rows at once"):
                return kept(self.how, table.whole())
        if not self.how.refine:
            return made
        roles = {role: role for role in self.columns}
        return refined(made, roles, self.how, self.asked, partial(self._look, table))

    def _look(self, table: Table, roles: Mapping[str, Any], how: Reading, asked: Asked) -> Tallies:
        """A second look at every piece: ``roles`` says which column of a piece plays which role."""

        def one(rows: dict[str, Any]) -> tuple[Any, ...]:
            try:
                return asked.kept(how, {role: rows[x] for role, x in roles.items() if x in rows})
            except EmptyInput:
                return (Tallies.zero(),)

        sums = _Sum()
        try:
            for made in _counted(table, table.pieces, one, "Looking again"):
                sums.add(made)
        except (UnconfusedError, MemoryError):
            raise
        except Exception as error:  # every library has its own for what is used up
            raise not_again(error) from error
        found: Tallies = sums.total()[0] if sums.parts else Tallies.zero()
        return found

    def _of_pieces(self, table: Table, kept: Kept, counting: bool) -> tuple[Any, ...] | None:
        batch, sums = replace(self.how, batch=True, refine=False), _Sum()
        counter = SliceCounter(batch, self.asked.edges or None) if counting else None

        def one(rows: dict[str, Any]) -> tuple[Any, ...]:
            if counter is None:
                return kept(batch, rows)
            rest = counter.take(rows["y_true"], *self.asked.apart(rows))
            return () if rest is None else (rest,)

        try:
            pieces = iter(table.pieces)
            head = [piece for _, piece in zip(range(2), pieces, strict=False)]
            if len(head) < 2:
                return self._of_one(head[0](), kept, counting) if head else None
            for made in _counted(table, chain(head, pieces), one, "Counting"):
                if made:
                    sums.add(made)
            whole = sums.total()
            if counter is not None:
                whole = (counter.over(*whole),)
            for x in whole:
                check_matrix(x.matrix if isinstance(x, Tallies) else None)
        except UnconfusedError:
            return None
        return whole

    def _of_one(self, rows: dict[str, Any], kept: Kept, counting: bool) -> tuple[Any, ...]:
        if not counting or not self.asked.by:
            return kept(self.how, rows)
        by, columns = self.asked.apart(rows)
        return (tally_sliced(self.how, rows["y_true"], by, self.asked.edges or None, columns),)


class _Sum:
    """A sum that adds like with like: each row is merged log(pieces) times."""

    def __init__(self) -> None:
        self.parts: list[tuple[int, tuple[Any, ...]]] = []

    def add(self, made: tuple[Any, ...]) -> None:
        size = 1
        while self.parts and self.parts[-1][0] <= size:
            before, earlier = self.parts.pop()
            size, made = size + before, _added(earlier, made)
        self.parts.append((size, made))

    def total(self) -> tuple[Any, ...]:
        whole = self.parts[-1][1] if self.parts else ()
        for _, part in self.parts[-2::-1]:
            whole = _added(part, whole)
        return whole


def _added(a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def _counted(table: Table, pieces: Iterable[Callable[[], T]], task: Callable[[T], Any], text: str) -> Iterator[Any]:
    """``task`` of the rows of each piece, in as many threads as may read them; meanwhile it is shown how far it is."""
    threads = cores() if table.threads else 1

    def one(piece: Callable[[], Any]) -> tuple[int, Any]:
        with one_core(threads > 1):
            rows = piece()
            return rows_in(rows), task(rows)

    with shown(text, table.rows) as meter:
        for rows, made in _ahead(pieces, one, threads):
            yield made
            meter.add(rows)


def _ahead(items: Iterable[T], task: Callable[[T], Any], threads: int) -> Iterator[Any]:
    """``task`` of each item, in order; so many are on their way at a time, and no more are taken."""
    if threads < 2:
        yield from map(task, items)
        return
    waiting: deque[Future[Any]] = deque()
    with pooled(threads) as pool:
        for item in items:
            waiting.append(pool.submit(task, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
