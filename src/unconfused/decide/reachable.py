"""What a threshold inside a bin might reach: its rows could stand there in any order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from unconfused.decide.point import Infeasible
from unconfused.decide.problem import Problem
from unconfused.decide.sweep import Sweep
from unconfused.inference import Estimate
from unconfused.inference.delta import table_of
from unconfused.tally.cells import Cells
from unconfused.tally.cuts import mixed
from unconfused.tally.scores import ScoreTally


def bounded(apparent: Estimate, tally: ScoreTally, problem: Problem) -> Estimate:
    """The value at the best threshold between bins, with bounds that hold the best of all thresholds."""
    if not tally.binned:
        return apparent
    inside = _best_inside(tally, problem)
    better = max if problem.sign > 0 else min
    best = apparent.value if inside is None else better(apparent.value, inside)
    return replace(apparent, bounds=(min(apparent.value, best), max(apparent.value, best)))


def unsure(answer: Infeasible, tally: ScoreTally, problem: Problem) -> Infeasible:
    """The same, with a word on bins in which a threshold might satisfy the conditions after all."""
    if _best_inside(tally, problem) is None:
        return answer
    return replace(
        answer,
        reason=f"{answer.reason} A threshold inside a bin of the grid {tally.grid} might: count again with "
        'grid="exact" or finer bins.',
    )


def _best_inside(tally: ScoreTally, problem: Problem) -> float | None:
    """The best value at any threshold inside a bin; None where none can be allowed.

    Given the rows of each class, goals and conditions rise or fall throughout with either kind of error, so in a bin
    they are extreme at the corners: none of its rows called positive, all of one class, or all. A bin counts if each
    condition holds at some corner.
    """
    ranked = tally.ranked()
    cells = np.flatnonzero(mixed(ranked))
    if not len(cells):
        return None
    sweep, above = Sweep.of(ranked), len(ranked.scores) - 1 - cells
    corners = [_called(sweep, above, rows) for rows in ([], [0], [1], [0, 1])]
    allowed = np.ones(len(cells), bool)
    if problem.queue is not None:
        allowed &= np.any([problem.queue.fits(corner.sample) for corner in corners], axis=0)
    for requirement in problem.requirements:
        allowed &= np.any([problem.met(requirement, corner) for corner in corners], axis=0)
    values = problem.sign * np.stack([problem.goal.values(corner.sample, problem.level) for corner in corners])
    values = np.where(allowed, values, np.nan)
    return None if np.isnan(values).all() else problem.sign * float(np.nanmax(values))


def _called(sweep: Sweep, places: NDArray[np.intp], rows: list[int]) -> Sweep:
    """The tables at some places, the rows of these classes called as one place further down.    Shape: (T, S, S)."""

    def moved(c: Cells) -> Cells:
        tables = table_of(c)
        out = tables[places]
        out[:, rows] = tables[places + 1][:, rows]
        return Cells.of_table(out, c.k)

    return Sweep(sweep.thresholds[places], sweep.sample.each(moved))
