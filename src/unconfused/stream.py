"""Stream: an evaluation that grows batch by batch, for training and serving loops."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.diagnosis import diagnose
from unconfused.errors import InvalidValues, LengthMismatch, MergeRefused, ShapeError, UsageError
from unconfused.evaluation import Evaluation
from unconfused.findings import Evidence, Finding, announce
from unconfused.ingest.cluster import gathered
from unconfused.ingest.columns import Column, as_column
from unconfused.ingest.factors import is_null
from unconfused.ingest.mixups import check_matrix
from unconfused.ingest.row_costs import check_row_cost, is_number
from unconfused.ingest.rows import Reading
from unconfused.ingest.slices import tally_slices
from unconfused.ingest.waiting import Ids, Waiting
from unconfused.labels import plural
from unconfused.tally.grids import usual
from unconfused.tally.hinted import Hinted
from unconfused.tally.tallies import Tallies


class Stream(Hinted):
    """An evaluation that grows batch by batch: constant memory, and any cut of the rows gives the same tally.

    Batches are read in the same, stated way; one that cannot be is refused and changes nothing. Scores are kept on a
    grid unless ``grid="exact"``. Several threads may update one stream; it can be pickled, and used after a fork.

    Args:
        expected_n: rows that there should be in the end, without padding and repeats; any other number is a warning of
            the evaluation.
        edges: of columns of numbers that `update` is given in ``by``: where their intervals begin.
        reading: labels, pos_label, label_kind, score_kind, ignore, unknown, invalid, grid, pins, as in `evaluate`.

    >>> stream = Stream()
    >>> stream.update(y_true=[1, 0], y_score=[0.8, 0.6])
    >>> stream.update(y_true=[1, 0], y_score=[0.3, 0.1])
    >>> stream.evaluation.at(0.5).ravel()
    (1, 1, 1, 1)
    """

    def __init__(
        self, *, expected_n: int | None = None, edges: Mapping[str, Any] | None = None, **reading: Any
    ) -> None:
        reading.setdefault("grid", usual(reading.get("score_kind", "probability")))
        if reading.get("refine"):
            raise UsageError("A stream cannot refine=.", "Its rows are gone.", 'Type grid="exact", or finer bins.')
        if expected_n is not None and (not isinstance(expected_n, (int, np.integer)) or expected_n < 0):
            raise UsageError(f"expected_n={expected_n!r} is no number of rows.", fix="Type a whole number from 0 up.")
        self.expected_n, self.edges = expected_n, edges
        self.reading = Reading(**reading, batch=True)
        self._guard, self._owner = threading.RLock(), os.getpid()
        self.reset()

    def reset(self) -> None:
        """Forget everything seen so far."""
        with self._lock():
            self._parts: list[tuple[int, Tallies]] = []  # (batches, their sum), each at least twice the next
            self._latest = Tallies.zero()
            self._waiting = Waiting(self.reading)
            self._left_out = Evidence()
            self._ids = Ids()
            self._told: set[str] = set()

    def update(
        self,
        *,
        y_true: Any,
        y_pred: Any = None,
        y_score: Any = None,
        sample_weight: Any = None,
        count: Any = None,
        by: Mapping[Any, Any] | None = None,
        mask: Any = None,
        ids: Any = None,
        row_cost: Mapping[str, Any] | None = None,
    ) -> None:
        """Add one batch.

        Args:
            y_true, y_pred, y_score, sample_weight, count, by: as in `evaluate`; ``by`` with every batch or with none.
            mask: (n,) booleans; rows where it is false are padding, left out and counted.
            ids: (n,) one for each row; a row whose id was there before is left out and counted. Whole numbers below
                2³³ take one bit of memory each, others some hundred bytes. Given with every batch, `Evaluation.rows`
                lists the worst rows of each cell.
            row_cost: what each row costs by itself, as in `evaluate`; with every batch or with none.
        """
        with self._lock():
            plain = y_pred is sample_weight is count is by is self.edges is mask is ids is row_cost is None
            if plain and self._waiting.take(y_true, y_score, self._latest):
                if self._waiting.full:
                    self._count_waiting()
                return
            self._count_waiting()
            columns = {"y_true": y_true, "y_pred": y_pred, "y_score": y_score,
                       "sample_weight": sample_weight, "count": count, "ids": ids}  # fmt: skip
            kept, left_out, new = self._wanted(mask, ids)
            columns["row_cost"] = row_cost if kept is None else _priced(row_cost, kept)
            if kept is None:
                self._add(self._tally(columns, by))
            elif kept.any():
                some = {name: x if name == "row_cost" else _rows(x, name, kept) for name, x in columns.items()}
                self._add(self._tally(some, None if by is None else {name: _sliced(x, kept) for name, x in by.items()}))
            self._ids.add(new)
            self._left_out += left_out

    def _wanted(self, mask: Any, ids: Any) -> tuple[NDArray[np.bool_] | None, Evidence, NDArray[Any]]:
        """Which rows to count (None for all), how many are left out and why, and the ids that are new."""
        kept, masked = None, 0
        if mask is not None:
            kept = as_column(mask, "mask").values
            if kept.dtype != bool or kept.ndim != 1:
                raise ShapeError(f"mask has shape {kept.shape} and type {kept.dtype}; it is one boolean for each row.")
            masked = int((~kept).sum())
        if ids is None:
            return kept, Evidence(masked=masked), np.zeros(0, np.int64)
        column = as_column(ids, "ids")
        given = column.values
        nulls = column.missing is not None and bool(column.missing.any())
        if nulls or (given.dtype.kind in "Of" and any(map(is_null, given.ravel().tolist()))):
            raise InvalidValues("ids holds nulls.", "A row without an id may or may not have been there before.",
                                "Leave those rows out with mask=, or name them.")  # fmt: skip
        if given.ndim != 1 or (kept is not None and len(given) != len(kept)):
            raise ShapeError(f"ids has shape {given.shape}; there is one id for each row.")
        counted = np.arange(len(given)) if kept is None else np.flatnonzero(kept)
        fresh = self._ids.fresh(given[counted])
        wanted = np.zeros(len(given), bool)
        wanted[counted[fresh]] = True
        return wanted, Evidence(masked=masked, duplicate=int((~fresh).sum())), given[wanted]

    def _tally(self, columns: dict[str, Any], by: Mapping[Any, Any] | None = None) -> Tallies:
        given = {name: x for name, x in columns.items() if name != "y_true"}
        return tally_slices(self.reading, columns["y_true"], by, self.edges, **given)

    def _add(self, made: Tallies, waited: bool = False) -> None:
        latest = made
        if not waited:
            _ = self._latest + made  # refused now, not when the evaluation is read
        batches, kept = 1, list(self._parts)
        while kept and kept[-1][0] <= batches:  # like with like: each row is merged log(batches) times
            before, sum_before = kept.pop()
            made, batches = sum_before + made, batches + before
        self._latest, self._parts = latest, [*kept, (batches, made)]

    def _count_waiting(self) -> None:
        if columns := self._waiting.give():
            self._add(self._tally(columns), waited=True)

    @property
    def evaluation(self) -> Evaluation:
        """Everything seen so far; what looks wrong with it is a Python warning, once."""
        with self._lock():
            self._count_waiting()
            tallies = sum((part for _, part in self._parts), Tallies.zero()).beside(self._left_out)
            check_matrix(tallies.matrix)
            made = Evaluation(tallies, self._unexpected(tallies))
            announce((*diagnose(tallies, notes=False), *made.notes), self._told)
            return made

    def _unexpected(self, tallies: Tallies) -> tuple[Finding, ...]:
        """Whether rows are missing or too many; padding and repeats are none."""
        rows = tallies.total + sum(tallies.evidence[x] for x in ("ignored", "unknown"))
        if self.expected_n is None or rows == self.expected_n:
            return ()
        short = rows < self.expected_n
        return (
            Finding(
                "CM-EXPECTED",
                "warning",
                f"{plural(rows, 'row')} {'was' if rows == 1 else 'were'} given, {self.expected_n:,} expected.",
                {"rows": rows, "expected": self.expected_n},
                "A loader that drops its last batch, or a process whose part was not merged, leaves rows out."
                if short
                else "A sampler that pads its last batch, or a batch that was given twice, adds rows.",
            ),
        )

    # ── adding ────────────────────────────────────────────────────────────────────────────────
    def merge(self, other: Stream) -> None:
        """Add everything that another stream, read in the same way, has seen.

        Raises:
            MergeRefused: rows with the same ids are in both, or the tallies do not fit.
        """
        if not isinstance(other, Stream):
            raise MergeRefused(
                f"merge() was given {type(other).__name__}, no Stream.",
                "What it has seen cannot be told from what this one has.",
                "Add evaluations instead: stream.evaluation + evaluation.",
            )
        with other._lock():
            other._count_waiting()
            parts, left_out, ids = other._parts, other._left_out, other._ids.all()
        with self._lock():
            self._count_waiting()
            again = int((~self._ids.fresh(ids)).sum()) if len(ids) else 0
            if again:
                raise MergeRefused(
                    f"{plural(again, 'row')} {'has' if again == 1 else 'have'} the same id in both streams.",
                    "They are counted already on both sides, and cannot be told apart any more.",
                    "Give each row to one stream.",
                )
            total: Tallies = sum((part for _, part in parts), Tallies.zero())
            if total.kind is not None:
                self._add(total)
            self._ids.add(ids)
            self._left_out += left_out

    def all_reduce(self, group: Any = None) -> Evaluation:
        """What all processes of torch.distributed have seen, in each of them; every one has to call it.

        Streams are left alone, so that a second call counts nothing twice. Only tallies travel, not rows. Processes may
        have seen other classes, or nothing.

        Args:
            group: of processes; all of them unless said otherwise.

        Raises:
            UsageError: there is no process group.
            MergeRefused: rows with the same ids are in two processes, or the streams read otherwise.
        """
        first, *others = gathered(self, group)
        total: Stream = sum(others, first)
        return total.evaluation

    def __add__(self, other: object) -> Stream:
        if not isinstance(other, Stream):
            return self if type(other) is int and other == 0 else NotImplemented
        made = Stream(expected_n=self.expected_n if self.expected_n == other.expected_n else None, edges=self.edges)
        made.reading = self.reading
        made._waiting = Waiting(self.reading)
        made.merge(self)
        made.merge(other)
        return made

    __radd__ = __add__

    # ── threads, processes ────────────────────────────────────────────────────────────────────
    def _lock(self) -> threading.RLock:
        """The lock; after a fork a new one, since no thread of the parent is there to release the old."""
        if self._owner != os.getpid():
            self._guard, self._owner = threading.RLock(), os.getpid()
        return self._guard

    def __getstate__(self) -> dict[str, Any]:
        with self._lock():
            self._count_waiting()
            return {name: x for name, x in vars(self).items() if name not in ("_guard", "_owner", "_waiting")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._guard, self._owner, self._waiting = threading.RLock(), os.getpid(), Waiting(self.reading)


def _sliced(x: Any, kept: NDArray[np.bool_]) -> Any:
    """Some rows of a column to slice by, or of several."""
    return tuple(_rows(one, "by", kept) for one in x) if isinstance(x, tuple) else _rows(x, "by", kept)


def _priced(row_cost: Mapping[str, Any] | None, kept: NDArray[np.bool_]) -> Mapping[str, Any] | None:
    """The costs of some rows; a number is that of all."""
    if row_cost is None:
        return None
    check_row_cost(row_cost)
    return {cell: x if is_number(x) else _rows(x, "row_cost", kept) for cell, x in row_cost.items()}


def _rows(x: Any, name: str, kept: NDArray[np.bool_]) -> Column | None:
    """Some rows of a column of a batch, with all that is known of it: declared order, index, width of its floats."""
    if x is None:
        return None
    column = as_column(x, name, keep_single=True)
    if len(column) != len(kept):
        raise LengthMismatch(f"{name} has {plural(len(column), 'row')}, mask= or ids= {len(kept):,}.")
    index = None if column.index is None else column.index[kept]
    return replace(column.keep(kept), index=index)
