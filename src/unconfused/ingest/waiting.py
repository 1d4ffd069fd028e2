"""What a stream keeps besides its tally: batches that wait to be counted together, and the ids of rows that were."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import InputError
from unconfused.ingest.rows import Reading
from unconfused.ingest.scored import SUM_TOLERANCE
from unconfused.tally.binning import row_sums_off
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Tallies
from unconfused.tally.threads import loops, ready

WAITING = 1 << 20
"""Rows that there is room for, 5 MB of labels and float32 scores; they are counted together when another batch would
not fit. A pass over many takes hardly longer than over few."""
WIDEST = 1 << 23
"""Scores that wait, at most, where each row has several."""
SPARSE = 1 << 33
"""Ids up to this have a bit each, 1 GiB in all."""


class Waiting:
    """Batches of plain labels and scores, copied end to end until they are worth a pass.

    Plain are labels 0 and 1 with scores (n,) in range, and labels 0…K-1 with probabilities (n, K). What is not as plain
    as that is not taken: the pass finds out what it is, and says so.
    """

    def __init__(self, reading: Reading) -> None:
        simple = (
            reading.label_kind in (None, "class") and reading.ignore is None and not reading.rules and reading.curves
        )
        self.names = None if reading.labels is None else list(reading.labels)
        self.two = simple and (self.names is None or (len(self.names) == 2 and set(self.names) == {0, 1}))
        self.many = simple and reading.pos_label is None and reading.score_kind == "probability"
        self.low, self.high = (0.0, 1.0) if reading.score_kind == "probability" else (-np.inf, np.inf)
        self.truth: NDArray[Any] = np.zeros(0, np.int8)
        self.scores: NDArray[Any] = np.zeros(0)
        self.rows, self._batch = 0, 0
        self._kind: tuple[Any, ...] = ()
        self._latest: Tallies | None = None
        self._plain = False  # batches are arrays that the loop can read
        self._loop: Any = None  # that checks and copies such a batch
        self._limits: tuple[float, ...] = ()  # within which its scores are

    @property
    def full(self) -> bool:
        """Whether another batch like the last would not fit."""
        return self.rows + self._batch > len(self.truth)

    def take(self, y_true: Any, y_score: Any, latest: Tallies) -> bool:
        """Whether the batch was taken; it follows on ``latest``, the tally of another."""
        truth, scores = _as_numpy(y_true), _as_numpy(y_score)
        if truth is None or scores is None:
            return False
        kind = truth.dtype, scores.dtype, truth.ndim, scores.ndim, truth.shape[1:], scores.shape[1:]
        if (kind != self._kind or latest is not self._latest) and not self._suits(truth, scores, latest):
            return False
        self._kind, self._latest = kind, latest
        start, n = self.rows, len(truth)
        end = start + n
        if not 0 < n == len(scores) or end > len(self.truth) or 2 * n > len(self.truth):
            return False
        if self._loop and self._plain and truth.flags.carray and scores.flags.carray:
            good = self._loop(truth, scores, *self._limits, self.truth, self.scores, start)
        else:
            truth = truth.reshape(n)
            scores = scores.reshape(n, *self.scores.shape[1:])
            good = self._in_range(truth, scores)
            if good:
                self.truth[start:end], self.scores[start:end] = truth, scores
        if good:
            self.rows, self._batch = end, n
        return bool(good)

    def _suits(self, truth: NDArray[Any], scores: NDArray[Any], latest: Tallies) -> bool:
        """Whether there is, or can be, room for batches of this kind."""
        if not 0 < truth.ndim < 3 or not 0 < scores.ndim < 3 or truth.shape[1:] not in ((), (1,)):
            return False
        if scores.dtype.kind != "f" or scores.itemsize == 2 or truth.dtype.kind not in "iubf":
            return False
        width = () if scores.shape[1:] == (1,) else scores.shape[1:]
        if not width:
            fit = self.two
        else:
            fit = self.many and width[0] > 2 and truth.dtype.kind in "iu" and self.names in (None, [*range(width[0])])
        if not fit or not _follows(latest, width):
            return False
        kind: Any = np.bool_ if truth.dtype.kind == "b" else np.int64 if width else np.int8
        now = self.scores.dtype, self.truth.dtype, self.scores.shape[1:]
        if not len(self.truth) or now != (scores.dtype, kind, width):
            if self.rows:
                return False
            room = min(WAITING, max(WIDEST // math.prod(width), 2))
            self.truth, self.scores = np.empty(room, kind), np.empty((room, *width), scores.dtype)
        native = truth.dtype.isnative and scores.dtype.isnative and scores.itemsize <= 8
        self._plain = native and truth.ndim == 1 and scores.ndim == self.scores.ndim and truth.dtype.kind in "biu"
        self._loop = self._copier(ready) if self._plain else None
        return True

    def _in_range(self, truth: NDArray[Any], scores: NDArray[Any]) -> bool:
        """Whether the pass would take these rows as they are."""
        flat, classes = (scores, 2) if scores.ndim == 1 else (scores.ravel(), scores.shape[1])
        if not (self.low <= np.minimum.reduce(flat) and np.maximum.reduce(flat) <= self.high):  # NaN is neither
            return False
        if truth.dtype.kind == "f" and not ((truth == 0) | (truth == 1)).all():
            return False
        if truth.dtype.kind in "iu" and not 0 <= np.minimum.reduce(truth) <= np.maximum.reduce(truth) < classes:
            return False
        return scores.ndim == 1 or row_sums_off(scores, SUM_TOLERANCE) == 0

    def give(self) -> dict[str, Any]:
        """The rows that wait, which wait no longer."""
        rows, self.rows = self.rows, 0
        if not rows:
            return {}
        truth, scores = self.truth[:rows], self.scores[:rows]
        if self._plain and self._loop is None:
            self._loop = self._copier(loops)
        return {"y_true": truth, "y_score": scores}

    def _copier(self, looked: Callable[..., Any]) -> Any:
        """The compiled loop that checks and copies a batch, if ``looked`` (`loops`, `ready`) says so."""
        name = "kept" if self.scores.ndim == 1 else "kept_rows"
        self._limits = (self.low, self.high) if self.scores.ndim == 1 else (SUM_TOLERANCE,)
        return getattr(looked(name, self.truth, self.scores), name, None)


def _follows(latest: Tallies, width: tuple[int, ...]) -> bool:
    """Whether unweighted scores of this width can be added to what was counted; if not, that is said at once."""
    if latest.kind is None:
        return True
    if not width:
        scores = latest.scores
        return latest.matrix is None and isinstance(scores, ScoreTally) and scores.weights is None
    ranks = latest.ranks
    return latest.scores is not None and ranks is not None and ranks.classes == width[0] and ranks.full_weights is None


def _as_numpy(x: Any) -> NDArray[Any] | None:
    """An array, or a torch tensor on the CPU as one; None of anything else."""
    if type(x) is np.ndarray:
        return x
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(x, torch.Tensor):
        return None
    try:
        array: NDArray[Any] = (x.detach() if x.requires_grad else x).numpy()
    except (TypeError, RuntimeError):  # on another device, sparse, or of a type that NumPy has not
        return None
    return array


class Ids:
    """Ids seen so far: a bit for each whole number, anything else in a set."""

    def __init__(self) -> None:
        self.bits, self.others = np.zeros(0, np.uint8), set[Any]()

    def fresh(self, ids: NDArray[Any]) -> NDArray[np.bool_]:
        """True at the first row of each id that was not there before."""
        first = np.zeros(len(ids), bool)
        if self._small(ids):
            first[np.unique(ids, return_index=True)[1]] = True
            known = ids < 8 * len(self.bits)
            old = np.zeros(len(ids), bool)
            place = ids[known].astype(np.int64)
            old[known] = (self.bits[place >> 3] >> (place & 7).astype(np.uint8)) & 1
            return first & ~old
        if ids.dtype.kind == "f":
            raise InputError("ids holds fractional numbers.", "An id is equal or not.", "Pass whole numbers or text.")
        seen: set[Any] = set()
        for i, x in enumerate(ids.tolist()):
            first[i] = x not in seen and x not in self.others and not self._has(x)
            seen.add(x)
        return first

    def add(self, ids: NDArray[Any]) -> None:
        """Note ids that are fresh."""
        if not len(ids):
            return
        if not self._small(ids):
            small = [x for x in ids.tolist() if _fits(x)]
            self.others.update(x for x in ids.tolist() if not _fits(x))
            ids = np.array(small, np.int64)
            if not small:
                return
        place = ids.astype(np.int64)
        size = int(place.max()) // 8 + 1
        if size > len(self.bits):
            self.bits = np.concatenate([self.bits, np.zeros(max(size, 2 * len(self.bits)) - len(self.bits), np.uint8)])
        np.bitwise_or.at(self.bits, place >> 3, np.left_shift(1, place & 7).astype(np.uint8))

    def all(self) -> NDArray[Any]:
        """All of them."""
        small = np.flatnonzero(np.unpackbits(self.bits, bitorder="little"))
        return np.array([*small.tolist(), *self.others], object) if self.others else small

    def _has(self, x: Any) -> bool:
        return _fits(x) and x < 8 * len(self.bits) and bool(self.bits[x >> 3] >> (x & 7) & 1)

    @staticmethod
    def _small(ids: NDArray[Any]) -> bool:
        return ids.dtype.kind in "iu" and (not len(ids) or (int(ids.min()) >= 0 and int(ids.max()) < SPARSE))


def _fits(x: Any) -> bool:
    return isinstance(x, int) and 0 <= x < SPARSE
