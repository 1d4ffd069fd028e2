"""Grouped: a keyed stack of one kind of tally, itself a tally."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import numpy as np

from unconfused.errors import MergeRefused, UnknownClass
from unconfused.labels import listed
from unconfused.tally.cells import Cells
from unconfused.tally.confusion import ConfusionMatrix

T = TypeVar("T")


class Grouped(Mapping[Any, T], Generic[T]):
    """Tallies by key: the labels of a multilabel problem, or each class against the rest.

    A tally: ``+`` unites the keys and adds what stands under the same one.

    Attributes:
        kind: "label" (independent labels) or "class" (each class against the rest).
    """

    __slots__ = ("_tallies", "kind")

    def __init__(self, tallies: Mapping[Any, T], kind: str = "label") -> None:
        self._tallies: dict[Any, T] = dict(tallies)
        self.kind = kind

    def each(self, change: Callable[[T], T]) -> Grouped[T]:
        """Every member changed alike."""
        return Grouped({key: change(x) for key, x in self.items()}, self.kind)

    def cells(self) -> Cells:
        """The positive class of every member, side by side: (L,) each, also ``n``. For matrices only."""
        return self._stacked([matrix.cells() for matrix in self._matrices()])

    def squares(self) -> Cells:
        """The same cells of squared weights."""
        return self._stacked([matrix.squares() for matrix in self._matrices()])

    def _matrices(self) -> list[ConfusionMatrix]:
        return [x for x in self._tallies.values() if isinstance(x, ConfusionMatrix)]

    def _stacked(self, members: list[Cells]) -> Cells:
        places = [matrix.labels.require_positive("an average over labels") for matrix in self._matrices()]
        tp, support, predicted = (
            np.array([getattr(c, x)[p] for c, p in zip(members, places, strict=True)])
            for x in ("tp", "support", "predicted")
        )
        return Cells(tp, support, predicted, np.array([c.n[0] for c in members]), len(members))

    def __add__(self, other: object) -> Grouped[T]:
        if not isinstance(other, Grouped):
            return self if type(other) is int and other == 0 else NotImplemented
        if not self or not other:
            return self or other
        if self.kind != other.kind:
            raise MergeRefused(f"One side is grouped by {self.kind}, the other by {other.kind}.")
        summed: dict[Any, Any] = dict(self)
        for key, tally in other.items():
            summed[key] = summed[key] + tally if key in summed else tally
        return Grouped(summed, self.kind)

    __radd__ = __add__

    def __getitem__(self, key: Any) -> T:
        if key in self._tallies:
            return self._tallies[key]
        alike = [k for k in self._tallies if str(k) == str(key)]
        if len(alike) == 1:
            return self._tallies[alike[0]]
        raise UnknownClass(f"There is no {self.kind} {key!r}.", fix=f"There are {listed(list(self._tallies))}.")

    def __contains__(self, key: object) -> bool:
        return key in self._tallies

    def __iter__(self) -> Iterator[Any]:
        return iter(self._tallies)

    def __len__(self) -> int:
        return len(self._tallies)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grouped) and self.kind == other.kind and self._tallies == other._tallies

    __hash__ = None  # type: ignore[assignment]

    def estimate(self, metric: str, *, level: float = 0.95, method: str | None = None, seed: int = 0) -> Any:
        """A metric over all members: ``"f1@macro"``, ``"recall[dog]"``."""
        from unconfused.inference import estimate

        return estimate(self, metric, level=level, method=method, seed=seed)

    def estimates(self, metric: str, *, level: float = 0.95, method: str | None = None, seed: int = 0) -> Any:
        """A metric of every member: ``{label: Estimate}``."""
        from unconfused.inference import estimates

        return estimates(self, metric, level=level, method=method, seed=seed)

    def report(self, *, level: float = 0.95) -> Any:
        """Per label and on average, with intervals."""
        from unconfused.show.report import report

        return report(self, level=level)

    def save(self, path: Any) -> None:
        """Write the tallies to one file, whole or not at all; `unconfused.load` reads it back."""
        from unconfused.store import save

        save(self, path)

    def __str__(self) -> str:
        from unconfused.show.text import grouped_text

        return grouped_text(self)

    __repr__ = __str__
