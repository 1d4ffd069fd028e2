"""One measurement in a process of its own: ``child.py '{"what": "time", …}'`` prints its result as JSON."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

import cases
import measure
import numpy as np

GIVEN = 1 << 15
"""Rows of the buffers that the long stream is given again and again."""


def of_case(name: str) -> cases.Case:
    """A case by its name."""
    return next(case for case in cases.CASES if case.name == name)


def time(case: str, peer: int | None, rows: int, runs: int) -> dict[str, Any]:
    """Our seconds, a peer's, and those of reading the same bytes, taken in turn."""
    found = of_case(case)
    side = None if peer is None else found.peers[peer]
    if side is not None and side.drop:
        sys.modules[side.drop] = None  # type: ignore[assignment]
    truth, other = found.rows(rows)
    calls: dict[str, Callable[[], Any]] = {
        "ours": found.ours.ready(truth, other),
        "read": lambda: (truth.sum(), other.sum()),
    }
    if side is not None:
        few = len(truth) // side.share
        calls["theirs"] = side.ready(truth[:few], other[:few])
    seconds = measure.in_turn(calls, runs)
    if side is not None:
        seconds["theirs"] *= side.share * side.repeats
    return seconds


def memory(case: str, peer: int | None, rows: int) -> int:
    """Bytes that a call adds at its peak, once it is warm."""
    found = of_case(case)
    truth, other = found.rows(rows)
    side = found.ours if peer is None else found.peers[peer]
    few = len(truth) // side.share
    call = side.ready(truth[:few], other[:few])
    measure.warm(call)
    return measure.added_memory(call)


def first(case: str, rows: int) -> list[float]:
    """Seconds of the first call in this process, and of the third."""
    found = of_case(case)
    call = found.ours.ready(*found.rows(rows))
    return [measure.once(call) for _ in range(3)][::2]


def growth(call: str, rows: int, runs: int) -> dict[str, float]:
    """Seconds of one of our calls, those of reading, and the memory it adds."""
    truth, other = cases.grown(call, rows)
    made = cases.OURS[call].ready(truth, other)
    seconds = measure.in_turn({"ours": made, "read": lambda: (truth.sum(), other.sum())}, runs)
    return {**seconds, "memory": measure.added_memory(made)}


def stream(rows: int) -> dict[str, float]:
    """Seconds of a stream of so many scores, and the memory of the process at its peak, above that before."""
    import unconfused as uc

    truth, scores = cases.scored(np.int8)(GIVEN)

    def given(times: int) -> None:
        made = uc.Stream()
        for _ in range(times):
            made.update(y_true=truth, y_score=scores)
        assert made.evaluation.tallies.total == times * GIVEN

    given(20)  # loads the compiler
    found: list[float] = []
    memory = measure.added_memory(lambda: found.append(measure.once(lambda: given(max(rows // GIVEN, 1)))))
    return {"memory": memory, "seconds": found[0]}


def skewed(rows: int) -> list[dict[str, Any]]:
    """The ROC AUC of scores that crowd together, as each of us keeps them in bins, beside the exact one."""
    import unconfused as uc

    random, found = np.random.default_rng(0), []
    for name, prevalence in (("all below 0.01", 0.3), ("all above 0.99", 0.3), ("0.16 % positive", 0.0016)):
        truth = (random.random(rows) < prevalence).astype(np.int64)
        chance = 1 / (1 + np.exp(-random.standard_normal(rows) - 1.5 * truth + (7 if prevalence < 0.01 else 1)))
        scores = {"all below 0.01": chance / 100, "all above 0.99": 1 - (1 - chance) / 100}.get(name, chance)
        scores = scores.astype(np.float32)
        exact = uc.evaluate(truth, y_score=scores).estimate("roc_auc").value
        ours = uc.evaluate(truth, y_score=scores, grid="folded").estimate("roc_auc")
        answers = {"unconfused": (ours.value, ours.bounds)}
        for package, call in (("torchmetrics", cases.torch_thresholds), ("keras", cases.keras_thresholds)):
            if measure.version(package):
                answers[package] = (float(call(truth, scores)()), None)
        found.append({"scores": name, "exact": exact, "answers": answers})
    return found


def main() -> None:
    """Measure what the argument asks for."""
    warnings.simplefilter("ignore")
    asked = json.loads(sys.argv[1])
    what = {"time": time, "memory": memory, "first": first, "growth": growth, "stream": stream, "skewed": skewed,
            "machine": measure.machine}[asked.pop("what")]  # fmt: skip
    print(json.dumps(what(**asked)))


if __name__ == "__main__":
    main()
