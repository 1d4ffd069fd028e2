"""How an Evaluation shows itself: each a lazy import and one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from unconfused.tally.hinted import Hinted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unconfused.evaluation import Evaluation
    from unconfused.show.report import Report


class EvaluationDoors(Hinted):
    """The reports, figures and pages of an `Evaluation`."""

    @property
    def _me(self) -> Evaluation:
        return cast("Evaluation", self)

    def report(self, *, threshold: Any = None, level: float = 0.95) -> Report:
        """Every headline number with its interval; prints, and has ``to_frame``, ``to_markdown``, …"""
        from unconfused.show.report import report

        return report(self._me, level=level, threshold=threshold)

    def plot(self, *, threshold: Any = None) -> Any:
        """Matrix and curves in one figure; returns the Axes."""
        from unconfused.show.figure import plot_evaluation

        return plot_evaluation(self._me, threshold=threshold)

    def to_html(
        self,
        path: Any,
        *,
        threshold: Any = None,
        cost: Mapping[str, float] | None = None,
        prevalence: float | None = None,
        taxonomy: Mapping[Any, Any] | None = None,
    ) -> None:
        """One offline page with the matrix, the rates and the curves.

        Of scores of two classes its reader moves the threshold, the prevalence and the costs; it opens at those given.
        Of three classes or more in a tree (``taxonomy=``, as of ``cm.taxonomy``) its reader picks the level.
        """
        from unconfused.show.page import write_page

        write_page(self._me, path, threshold=threshold, cost=cost, prevalence=prevalence, taxonomy=taxonomy)

    def page(
        self,
        *,
        threshold: Any = None,
        cost: Mapping[str, float] | None = None,
        prevalence: float | None = None,
        taxonomy: Mapping[Any, Any] | None = None,
        height: int = 760,
    ) -> Any:
        """The page of `to_html` inside the cell of a notebook, ``height`` pixels high."""
        from unconfused.show.page import Cell, page

        return Cell(page(self._me, threshold=threshold, cost=cost, prevalence=prevalence, taxonomy=taxonomy), height)

    def __str__(self) -> str:
        from unconfused.show.text import evaluation_text

        return evaluation_text(self._me)

    __repr__ = __str__

    def __rich__(self) -> Any:
        from unconfused.show.shading import rich_text

        return rich_text(self._me)

    def _repr_html_(self) -> str:
        from unconfused.show.html import evaluation_html

        return evaluation_html(self._me)
