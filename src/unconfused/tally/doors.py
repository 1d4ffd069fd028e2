"""The doors of a matrix: questions answered upstairs, offered as methods. One lazy import, one call, no logic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from unconfused.tally.hinted import Hinted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from unconfused.findings import Finding
    from unconfused.inference import Estimate
    from unconfused.inference.confused import Asymmetry
    from unconfused.inference.taxonomy import Taxonomy
    from unconfused.labels import Label
    from unconfused.show.report import Report
    from unconfused.show.words import Confusion
    from unconfused.tally.confusion import ConfusionMatrix


class MatrixDoors(Hinted):
    """What can be asked of a `ConfusionMatrix` beyond its own arithmetic."""

    @property
    def _me(self) -> ConfusionMatrix:
        return cast("ConfusionMatrix", self)

    def estimate(self, metric: str, *, level: float = 0.95, method: str | None = None, seed: int = 0) -> Estimate:
        """One metric with its interval: ``"recall"``, ``"precision[dog]"``, ``"f1@macro"``, ``"fbeta(2)"``."""
        from unconfused.inference import estimate

        return estimate(self._me, metric, level=level, method=method, seed=seed)

    def estimates(
        self, metric: str, *, level: float = 0.95, method: str | None = None, seed: int = 0
    ) -> dict[Label, Estimate]:
        """A per-class metric for every class: ``{class: Estimate}``."""
        from unconfused.inference import estimates

        return estimates(self._me, metric, level=level, method=method, seed=seed)

    def report(self, *, level: float = 0.95) -> Report:
        """Per class and on average, with intervals; prints, and has ``to_frame``, ``to_markdown``, …"""
        from unconfused.show.report import report

        return report(self._me, level=level)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What looks wrong with these counts, most serious first."""
        from unconfused.diagnosis import diagnose

        return diagnose(self._me)

    def collapse(self, groups: Mapping[Any, Any], *, pos_label: Any = None) -> ConfusionMatrix:
        """The matrix of coarser classes, exactly: ``{"cat": "animal", "dog": "animal", "car": "thing"}``."""
        from unconfused.tally.collapse import collapse

        return collapse(self._me, groups, pos_label)

    def taxonomy(
        self, tree: Mapping[Any, Any], *, level: float = 0.95, method: str | None = None, seed: int = 0
    ) -> Taxonomy:
        """Read over a tree of its classes: how near errors are to the truth, and the matrix at each level.

        ``{"cat": "animal", "animal": "thing"}`` names the node above each one, ``{"cat": ("thing", "animal")}`` all
        above it from the top down, ``{"thing": {"animal": ["cat", "dog"]}}`` what is below.

        >>> from unconfused import ConfusionMatrix
        >>> cm = ConfusionMatrix.from_counts([[8, 2, 0], [1, 9, 0], [0, 1, 9]], labels=["cat", "dog", "car"])
        >>> found = cm.taxonomy({"cat": "animal", "dog": "animal", "car": "vehicle"})
        >>> f"{found.precision:.3f}", f"{found.distance:.3f}", [x.labels.names for x in found.levels]
        ('0.917', '0.333', [('animal', 'vehicle'), ('cat', 'dog', 'car')])
        """
        from unconfused.inference.taxonomy import taxonomy

        return taxonomy(self._me, tree, level=level, method=method, seed=seed)

    def reorder(self, order: Sequence[Any]) -> ConfusionMatrix:
        """The same matrix with its classes in another order, such as ``cm.blocks()``."""
        from unconfused.tally.collapse import reordered

        return reordered(self._me, order)

    def blocks(self) -> list[Label]:
        """The classes in an order in which those that are confused stand side by side."""
        from unconfused.inference.confused import blocks

        return blocks(self._me)

    def asymmetries(self, most: int | None = None) -> tuple[Asymmetry, ...]:
        """Pairs that are confused one way more often than the other, the most certain first."""
        from unconfused.inference.confused import asymmetries

        return asymmetries(self._me, most)

    def confusions(self, most: int | None = 10) -> list[Confusion]:
        """Pairs confused most, by the lower end of Wilson's interval of the rate."""
        from unconfused.show.words import confusions

        return confusions(self._me, most)

    def plot(self, *, normalize: Any = None, ax: Any = None, **options: Any) -> Any:
        """Draw the matrix as a heatmap; a list for ``normalize`` draws side by side. Returns the Axes."""
        from unconfused.show.figure import plot_matrix

        return plot_matrix(self._me, normalize=normalize, ax=ax, **options)

    def save(self, path: Any) -> None:
        """Write the tally to one file, whole or not at all; `unconfused.load` reads it back."""
        from unconfused.store import save

        save(self._me, path)

    def to_frame(self, kind: str = "pandas") -> Any:
        """Long form, one row per cell: ``actual, predicted, n`` (and ``weight``)."""
        from unconfused.show.export import matrix_frame

        return matrix_frame(self._me, kind)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, as in the JSON schema."""
        from unconfused.show.export import matrix_dict

        return matrix_dict(self._me)

    def to_json(self, *, indent: int | None = None) -> str:
        """JSON after the published schema; NaN is null."""
        from unconfused.show.export import matrix_json

        return matrix_json(self._me, indent=indent)

    def to_csv(self) -> str:
        """Long form as CSV: ``actual,predicted,n``."""
        from unconfused.show.csv import matrix_csv

        return matrix_csv(self._me)

    def to_markdown(self, *, normalize: Any = None) -> str:
        """A Markdown table with both axes named."""
        from unconfused.show.markup import matrix_markdown

        return matrix_markdown(self._me, normalize)

    def to_latex(self, *, normalize: Any = None) -> str:
        """A booktabs table with both axes named."""
        from unconfused.show.markup import matrix_latex

        return matrix_latex(self._me, normalize)

    def to_html(self, path: Any, *, taxonomy: Mapping[Any, Any] | None = None) -> None:
        """One offline page with the matrix and the rates; of classes in a tree at each of its levels."""
        from unconfused.show.page import write_page

        write_page(self._me, path, taxonomy=taxonomy)

    def __str__(self) -> str:
        from unconfused.show.text import matrix_text

        return matrix_text(self._me)

    __repr__ = __str__

    def __rich__(self) -> Any:
        from unconfused.show.shading import rich_text

        return rich_text(self._me)

    def _repr_html_(self) -> str:
        from unconfused.show.html import matrix_html

        return matrix_html(self._me)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))
