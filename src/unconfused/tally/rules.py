"""Rules that weigh several scores of one row: taken during the pass, each for a matrix of its own.

``rules={"safe": Costs(C)}`` names them, ``ev.matrices["safe"]`` holds what they decided. Of the scores of one class
against the rest no rule can be read afterwards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import ShapeError, UnknownClass, UsageError
from unconfused.labels import Label, Labels, listed, plural
from unconfused.tally.kernels import Floats

if TYPE_CHECKING:
    from unconfused.inference import Estimate
    from unconfused.tally.confusion import ConfusionMatrix

Called: TypeAlias = "tuple[NDArray[np.int64], NDArray[np.bool_]]"
SHOWN = 4
"""Classes up to which a rule is written out in full."""
CLOSE = 1e-9
"""Expected costs nearer than this, as a share of the largest cost, are added up again in a fixed order."""


class Ruled(dict[str, "ConfusionMatrix"]):
    """What each rule of a pass decided, by its name; of a name that none has, the error says how to name one."""

    def __missing__(self, name: Any) -> NoReturn:
        raise UnknownClass(
            f"There is no rule {name!r}.",
            "A decision that weighs several scores of a row is taken during the pass.",
            f"There are {listed(list(self))}." if self else f"Evaluate with rules={{{name!r}: uc.Costs(C)}}.",
        )


@dataclass(frozen=True, eq=False)
class Costs:
    """What each answer costs, in any one unit: rows are the truth, columns the prediction.

    A row of probabilities p is called the class j with the least expected cost Σ_i p_i C[i, j], the first among equals;
    with ``abstain`` it is called nothing where that is dearer than abstaining.

    Attributes:
        table: C[i, j] is the cost of calling a row of class i the class j, (K, K) in the order of the labels.
        abstain: the cost of calling a row nothing, or None where that is no answer.

    Source: Elkan 2001, equation 1; Chow 1970 for abstaining.

    >>> costs = Costs([[0, 1], [10, 0]])  # a miss of the second class costs 10, a false alarm 1
    >>> costs.called(np.array([[0.95, 0.05], [0.8, 0.2]]), Labels(["healthy", "ill"]))[0].tolist()
    [0, 1]
    """

    table: Any
    abstain: float | None = None

    def __post_init__(self) -> None:
        table = _numbers(self.table, "Costs")
        if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) < 2:
            raise ShapeError(
                f"The costs have shape {table.shape}.",
                "Each class has a row (the truth) and a column (what it was called).",
                "Type uc.Costs([[0, 1], [10, 0]]): here a row of the second class called the first costs 10.",
            )
        if self.abstain is not None and not np.isfinite(self.abstain):
            raise UsageError(
                f"abstain={self.abstain!r} is no finite number.", fix="Leave abstain= out to never abstain."
            )
        table.setflags(write=False)
        object.__setattr__(self, "table", table)

    def __str__(self) -> str:
        either = "" if self.abstain is None else f", or nothing for {self.abstain:g}"
        return f"least expected cost of {_spelled(self.table)}{either}"

    @property
    def range(self) -> tuple[float, float]:
        """The least and the most that a row can cost."""
        each = self.table.ravel().tolist() + ([] if self.abstain is None else [self.abstain])
        return min(each), max(each)

    def check(self, labels: Labels) -> int:
        """K, or ShapeError where the labels are more or fewer."""
        return _matching(len(self.table), labels, "The costs are for")

    def called(self, p: Floats, labels: Labels) -> Called:
        """The place of the class that each row of probabilities is called, and which rows had equals.

        Shape: (n, K) → twice (n,). Called nothing: K + 1.
        """
        k = self.check(labels)
        abstain = np.zeros((k, 0)) if self.abstain is None else np.full((k, 1), float(self.abstain))
        expected = _expected(p, np.hstack([self.table, abstain]))
        best = expected.argmin(1)
        ties = (expected[:, :k] == expected.min(1, keepdims=True)).sum(1) > 1
        return np.where(best == k, k + 1, best), ties

    def estimate(self, cm: ConfusionMatrix, *, level: float = 0.95) -> Estimate:
        """The mean cost of a row of a matrix, whatever rule made it, with its interval."""
        from unconfused.inference import cost_estimate

        return cost_estimate(cm, self, level=level)


@dataclass(frozen=True, eq=False)
class ClassWeights:
    """The class with the largest weight · probability, the first among equals.

    Args:
        weights: one positive number for each class: a list in the order of the labels, or ``{class: weight}``.

    >>> ClassWeights({"cat": 1, "dog": 3}).called(np.array([[0.7, 0.3]]), Labels(["cat", "dog"]))[0].tolist()
    [1]
    """

    weights: Any

    def __post_init__(self) -> None:
        named = isinstance(self.weights, Mapping)
        given = _numbers(list(self.weights.values()) if named else self.weights, "The class weights")
        if given.ndim != 1 or not len(given) or not (given > 0).all():
            raise UsageError(
                f"The class weights are {self.weights!r}.",
                "A class of weight 0 or less could never be called.",
                'Name one positive number for each class: uc.ClassWeights({"cat": 1, "dog": 3}).',
            )
        object.__setattr__(self, "weights", dict(zip(self.weights, given.tolist(), strict=True)) if named else given)

    def __str__(self) -> str:
        named = isinstance(self.weights, Mapping)
        words = ", ".join(f"{name}: {w:g}" for name, w in self.weights.items()) if named else _spelled(self.weights)
        return f"argmax of weight · probability, weights {words if len(words) < 200 else _digest(words)}"

    def called(self, p: Floats, labels: Labels) -> Called:
        """The place of the class that each row is called, and which rows had equals.    Shape: (n, K) → twice (n,)."""
        return first_largest(p * self._in_order(labels))

    def _in_order(self, labels: Labels) -> Floats:
        _matching(len(self.weights), labels, "There are weights for")
        if not isinstance(self.weights, Mapping):
            return np.asarray(self.weights)
        weights = np.zeros(len(labels))
        for name, weight in self.weights.items():
            weights[labels.index(name)] = weight
        if not weights.all():
            gone: list[Label] = [name for name, w in zip(labels, weights, strict=True) if not w]
            raise UsageError(f"The weights leave out {listed(gone)}.", fix="Name one weight for every class.")
        return weights


@dataclass(frozen=True)
class Abstain:
    """Nothing where the largest probability is below a limit, else what another rule says.

    Rows called nothing stand in the column ``missing`` of the matrix, and count as wrong; ``coverage`` is the share of
    the others, ``selective_accuracy`` how often those are right.

    Args:
        below: the limit in (0, 1].
        then: `Costs` or `ClassWeights` for the rows that are called; argmax unless said otherwise.

    Source: Chow 1970; El-Yaniv & Wiener 2010 for the names.

    >>> Abstain(below=0.8).called(np.array([[0.9, 0.1], [0.6, 0.4]]), Labels(["cat", "dog"]))[0].tolist()
    [0, 3]
    """

    below: float
    then: Costs | ClassWeights | None = None

    def __post_init__(self) -> None:
        if isinstance(self.below, bool) or not isinstance(self.below, (int, float)) or not 0 < self.below <= 1:
            raise UsageError(
                f"below={self.below!r} is no limit for a probability.",
                fix="Name one above 0 and up to 1: uc.Abstain(below=0.8).",
            )
        if not isinstance(self.then, Costs | ClassWeights | None):
            raise UsageError(f"then={self.then!r} is no rule.", fix="Type then=uc.Costs(C) or then=uc.ClassWeights(w).")

    def __str__(self) -> str:
        then = "argmax of the scores" if self.then is None else str(self.then)
        return f"{then}, nothing where the largest probability < {self.below:g}"

    def called(self, p: Floats, labels: Labels) -> Called:
        """The place of the class that each row is called, and which rows had equals.

        Shape: (n, K) → twice (n,). Called nothing: K + 1.
        """
        called, ties = first_largest(p) if self.then is None else self.then.called(p, labels)
        unsure = p.max(1) < self.below
        return np.where(unsure, len(labels) + 1, called), ties & ~unsure


Rule: TypeAlias = Costs | ClassWeights | Abstain
RULES = (Costs, ClassWeights, Abstain)


def check_rules(rules: Any) -> None:
    """Refuse what is no ``{name: rule}``."""
    if rules is None or (
        isinstance(rules, Mapping) and all(isinstance(k, str) and isinstance(v, RULES) for k, v in rules.items())
    ):
        return
    raise UsageError(
        f"rules={rules!r} does not name rules.",
        "Each is taken during the pass and read by its name afterwards.",
        'Type rules={"safe": uc.Costs(C), "sure": uc.Abstain(below=0.8)}, then ev.matrices["safe"].',
    )


def first_largest(scores: Floats) -> Called:
    """The column with the largest score, the first among equals, and which rows had equals.    Shape: (n, K)."""
    return scores.argmax(1), (scores == scores.max(1, keepdims=True)).sum(1) > 1


def _expected(p: Floats, costs: Floats) -> Floats:
    """Σ_i p_i C[i, j], so that which is least depends on no other row.    Shapes: (n, K), (K, M) → (n, M).

    A matrix product rounds differently from batch to batch; where that could decide, terms are added in order.
    """
    expected = p @ costs
    near = expected - expected.min(1, keepdims=True) <= CLOSE * np.abs(costs).max()
    close = np.flatnonzero(near.sum(1) > 1)
    in_order = np.zeros((len(close), costs.shape[1]))
    for chance, row in zip(p[close].T, costs, strict=True):
        in_order += chance[:, None] * row
    expected[close] = in_order
    return expected


def _numbers(given: Any, what: str) -> Floats:
    try:
        array = np.array(given, np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{what} are no table of numbers: {error}.") from error
    if not np.isfinite(array).all():
        raise UsageError(f"{what} hold what is no finite number.")
    return array


def _matching(size: int, labels: Labels, what: str) -> int:
    if size != len(labels):
        raise ShapeError(
            f"{what} {plural(size, 'class')}, and there are {len(labels)}: {listed(labels.names)}.",
            fix="Name every class once, in the order of labels=.",
        )
    return size


def _spelled(array: Floats) -> str:
    """The numbers themselves where there are few, else what tells them from any others."""
    nested: Sequence[Any] = array.tolist()
    shown = f"{[[_short(x) for x in row] if isinstance(row, list) else _short(row) for row in nested]}".replace("'", "")
    return shown if len(array) <= SHOWN else f"{' x '.join(map(str, array.shape))} numbers {_digest(str(nested))}"


def _short(x: float) -> str:
    return repr(x).removesuffix(".0")


def _digest(words: str) -> str:
    return f"(SHA-256 {hashlib.sha256(words.encode()).hexdigest()[:12]})"
