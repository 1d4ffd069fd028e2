"""What only the rows of a call can show, looked at once: a few numbers that go with the tally as Evidence."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.findings import Evidence
from unconfused.ingest.columns import Column
from unconfused.ingest.factors import is_null

LOOK = 1 << 16
"""Rows that are looked at: of a large call the first ones, so that it costs next to nothing."""
SOON = 1 << 12
"""Rows that are looked at first, and changes of class among them that leave no question how rows stand."""
JUDGED = 1 << 12
"""Rows whose largest probability is added up, evenly through the call: their mean is known within 0.01."""
HEAD = 64
"""Rows of the head that are compared first, and nearly all of which must have scores of their own."""
TAIL = 1 << 10
"""Last rows among which the head is looked for; besides, the second half may be the first again."""
UNIT = 1 << 20
"""Confidence is added up in whole parts of this, so that it adds exactly."""
_PREDICTION = re.compile(r"(^|[\W_])(pred\w*|hat|scores?|proba?\w*|logits?|guess\w*)($|[\W_])")
_TRUTH = re.compile(r"(^|[\W_])(true|truth|labels?|targets?|actual|gt|gold)($|[\W_])")


def seen(y_true: Any, given: Any, truth: Column, other: Column, score_kind: str) -> Evidence:
    """Evidence of one call: ``given`` is y_pred, or y_score where there is none, and ``other`` its column."""
    n = len(truth)
    found: dict[str, int] = {
        "alias": n * _is_alias(y_true, given, truth, other),
        "swapped": n * _swapped(y_true, given),
    }
    if truth.values.ndim == 1:
        plainly = truth.values.dtype.kind in "biufU"
        head = truth.values[: LOOK if plainly else SOON]  # comparing objects takes longer, and a null may refuse to be
        if plainly or not ((truth.missing is not None and truth.missing[:SOON].any()) or any(map(is_null, head))):
            found["neighbours"], found["changes"] = _changes(head)
    scores = other.values
    if other.name == "y_score" and scores.dtype.kind == "f" and truth.values.ndim == 1:
        found["repeated"] = _repeated(truth, other)
        found["coarse"] = n if other.coarse else 0
        if scores.ndim == 2 and scores.shape[1] > 2 and score_kind == "probability":
            step = max(n // JUDGED, 1)
            best = scores[::step].max(1).astype(np.float64)
            gone = other.missing is not None and bool(other.missing[::step].any())
            if not gone and np.isfinite(best).all():
                found |= {"judged": len(best), "confidence": int(np.rint(best * UNIT).sum())}
    return Evidence(**found)


def _changes(head: NDArray[Any]) -> tuple[int, int]:
    """Adjacent rows looked at, and those of different classes: in growing pieces, until rows surely stand mixed."""
    seen = changes = 0
    while seen < len(head) - 1 and changes < SOON:
        piece = head[seen : 2 * seen + SOON]
        seen, changes = seen + len(piece) - 1, changes + int(np.count_nonzero(piece[1:] != piece[:-1]))
    return seen, changes


def _is_alias(y_true: Any, given: Any, truth: Column, other: Column) -> bool:
    if len(truth) < 2 or isinstance(y_true, (tuple, range)):  # literals may be one object
        return False
    if y_true is given:
        return True
    a, b = truth.values, other.values
    where = [(x.__array_interface__["data"][0], x.strides, x.shape, x.dtype) for x in (a, b) if x.dtype.kind != "O"]
    return len(where) == 2 and where[0] == where[1]


def _swapped(y_true: Any, given: Any) -> bool:
    """Series whose names say the opposite of the arguments that they were passed as."""
    names = [getattr(x, "name", None) for x in (y_true, given)]
    if not all(isinstance(name, str) for name in names):
        return False
    first, second = (str(name).lower() for name in names)
    return bool(_PREDICTION.search(first) and not _TRUTH.search(first)
                and _TRUTH.search(second) and not _PREDICTION.search(second))  # fmt: skip


def _repeated(truth: Column, score: Column) -> int:
    """How many last rows repeat the first ones, where scores are too fine for that to be chance."""
    n, values, labels = len(truth), score.values.reshape(len(truth), -1), truth.values
    if n < 4 * HEAD:
        return 0
    first = n - min(TAIL, n // 2)
    begins = (first + np.flatnonzero(values[first : n - 1, 0] == values[0, 0])).tolist()
    if n % 2 == 0 and values[n // 2, 0] == values[0, 0]:
        begins.insert(0, n // 2)
    for at in begins:  # only there can the head begin again
        if all(np.array_equal(x[at : at + HEAD], x[: n - at][:HEAD]) for x in (values, labels)) and all(
            np.array_equal(x[at:], x[: n - at]) for x in (values, labels)
        ):
            return int(n - at) if len(np.unique(values[:HEAD, 0])) >= 0.9 * HEAD else 0
    return 0
