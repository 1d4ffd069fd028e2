"""Pictures: what can be checked of them without looking at pixels."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import unconfused as uc
from unconfused.errors import UsageError
from unconfused.show.colour import contrast
from unconfused.show.points import thinned

matplotlib = pytest.importorskip("matplotlib")
plt = pytest.importorskip("matplotlib.pyplot")
colors = pytest.importorskip("matplotlib.colors")

NAMED = [[76, 9], [17, 48]]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """No figure outlives its test, and no setting of matplotlib changes in one."""
    before = dict(matplotlib.rcParams)
    yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == before


def named() -> uc.ConfusionMatrix:
    return uc.ConfusionMatrix.from_counts(NAMED, labels=["Negative", "Positive"])


def square(k: int, labels: Any = None, seed: int = 0) -> uc.ConfusionMatrix:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 40, (k, k)) * (rng.random((k, k)) < 0.1) + np.diag(rng.integers(1, 900, k))
    return uc.ConfusionMatrix.from_counts(counts, labels=labels)


def texts(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


def names(axis: Any) -> list[str]:
    return [text.get_text() for text in axis.get_ticklabels()]


def inside(figure: Any) -> bool:
    """Every name, axis name and title lies within the figure, once drawn."""
    figure.canvas.draw()
    return all(
        figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 and figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1
        for ax in figure.axes
        for box in [ax.get_tightbbox(figure.canvas.get_renderer())]
    )


def apart(labels: list[Any], renderer: Any) -> bool:
    """No two unturned names overlap."""
    boxes = [label.get_window_extent(renderer) for label in labels if label.get_text()]
    return not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def cell_contrasts(ax: Any) -> list[float]:
    """The contrast of every text in a cell with the colour below it."""
    found = []
    for text in ax.texts:
        if text.get_transform() is ax.transAxes or not hasattr(text, "_x"):
            continue
        x, y = text.get_position()
        for image in ax.images:
            left, right, bottom, top = image.get_extent()
            if left < x < right and top < y < bottom and text.get_ha() == "center":
                value = image.get_array()[int(y - top), int(x - left)]
                ground = image.cmap(image.norm(np.ma.masked_invalid(value)) if value is not np.ma.masked else np.nan)
                found.append(contrast(ground[:3], colors.to_rgb(text.get_color())))
    return found


# ── the matrix ────────────────────────────────────────────────────────────────────────────────────
def test_two_classes() -> None:
    """Both axes and every class are named; counts and shares stand together; nothing is cut off."""
    ax = named().plot()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Predicted class", "Actual class")
    assert names(ax.xaxis) == names(ax.yaxis) == ["Negative", "Positive"]
    assert {"76", "9", "17", "48", "89.4 %", "10.6 %", "26.2 %", "73.8 %"} <= set(texts(ax))
    assert ax.figure in map(plt.figure, plt.get_fignums())  # pyplot shows it
    assert inside(ax.figure)
    (bar,) = ax.child_axes
    assert "actual class (row)" in bar.get_ylabel()


def test_orientation() -> None:
    """Row 0 is drawn at the top: the miss stands below, the false alarm to the right."""
    ax = named().plot()
    at = {text.get_text(): text.get_position() for text in ax.texts}
    assert at["9"] == (1, 0)
    assert at["17"] == (0, 1)
    assert ax.get_ylim() == (1.5, -0.5)
    assert ax.get_xlim() == (-0.5, 1.5)


def test_side_by_side() -> None:
    """A list draws one picture for each, in one figure."""
    axes = named().plot(normalize=[None, "true", "pred", "all"])
    assert isinstance(axes, np.ndarray)
    assert axes.shape == (4,)
    assert len({id(ax.figure) for ax in axes}) == 1
    assert {"76", "89.4 %"} <= set(texts(axes[0]))
    assert {"89.4 %", "76 of 85"} <= set(texts(axes[1]))
    assert {"81.7 %", "76 of 93"} <= set(texts(axes[2]))
    assert {"50.7 %", "76 of 150"} <= set(texts(axes[3]))
    assert axes[0].get_title(loc="left") == "Counts"
    assert inside(axes[0].figure)


def test_thousands() -> None:
    """Counts are whole, with separators, and never in powers of ten."""
    ax = uc.ConfusionMatrix.from_counts([[1_500_000, 150], [12, 10**9]]).plot()
    assert {"1,500,000", "150", "1,000,000,000"} <= set(texts(ax))
    assert not any("e+" in text for text in texts(ax))
    assert inside(ax.figure)


@pytest.mark.parametrize(("k", "normalize"), [(3, None), (3, "true"), (12, None)])
def test_large_counts(k: int, normalize: Any) -> None:
    """Counts that would be too small to read are shortened, and the small print says what the signs mean."""
    ax = uc.ConfusionMatrix.from_counts(np.full((k, k), 10**12)).plot(normalize=normalize)
    cells = [text for text in ax.texts if text.get_ha() == "center"]
    assert min(text.get_fontsize() for text in cells) >= 6
    assert any(text.startswith("1.00 T") for text in texts(ax))
    assert any("T: trillion" in text for text in texts(ax))
    assert inside(ax.figure)


@pytest.mark.parametrize("hows", [[None, "true"], ["pred", "all", None]])
def test_titles_at_one_height(hows: list[Any]) -> None:
    """Titles side by side stand at one height, in one line each."""
    axes = named().plot(normalize=hows)
    axes[0].figure.canvas.draw()
    boxes = [ax._left_title.get_window_extent() for ax in axes]
    assert max(box.y0 for box in boxes) - min(box.y0 for box in boxes) < 1
    assert not any("\n" in ax.get_title(loc="left") for ax in axes)


@pytest.mark.parametrize("cmap", ["Blues", "viridis", "Greys", "coolwarm", "cividis"])
@pytest.mark.parametrize("normalize", [None, "true", "pred", "all"])
def test_contrast(cmap: str, normalize: Any) -> None:
    """Every text in a cell can be read on its colour: 4.5 to 1 at least."""
    counts = np.arange(1, 101).reshape(10, 10) ** 2
    counts[3] = 0
    ax = uc.ConfusionMatrix.from_counts(counts).plot(normalize=normalize, cmap=cmap)
    found = cell_contrasts(ax)
    assert len(found) >= 100
    assert min(found) >= 4.5


def test_nothing_to_share() -> None:
    """A class without rows is hatched and reads "–", not 0 %."""
    ax = uc.ConfusionMatrix.from_counts([[5, 1], [0, 0]], labels=["a", "b"]).plot(normalize="true")
    assert texts(ax).count("–") == 2
    (hatched,) = [patch for patch in ax.patches if patch.get_hatch()]
    assert hatched.get_bbox().bounds == (-0.5, 0.5, 2, 1)


def test_seats() -> None:
    """Seats stand apart from the classes, and are named."""
    cm = uc.confusion_matrix(
        ["a", "b", None, "z"], ["a", "b", "a", "b"], labels=["a", "b"], unknown="other", invalid="count"
    )
    ax = cm.plot()
    assert names(ax.yaxis) == ["a", "b", "(other)", "(missing)"]
    assert ax.get_yticks()[2] - ax.get_yticks()[1] > 1
    assert len(ax.images) == 4


def test_weights() -> None:
    """Sums of weights say so."""
    cm = uc.ConfusionMatrix.from_counts(NAMED, labels=["n", "p"], weights=[[7.5, 0.25], [1, 2]])
    ax = cm.plot()
    assert "Σw" in ax.get_title(loc="left")
    assert {"7.50", "0.25", "1", "2"} <= set(texts(ax))


@pytest.mark.filterwarnings("ignore:Glyph")
def test_names_are_text() -> None:
    """A name is never mathematics, whatever it holds, and none breaks the picture."""
    labels = ["$x_1$ & $\\frac", "猫咪", "كلب", "🐶 dog", "a\nb\x1b[31m", "<b>", "{}_^%", "$"]
    ax = square(8, labels).plot()
    ax.figure.canvas.draw()
    assert names(ax.yaxis)[0] == "$x_1$ & $\\frac"
    assert "\\n" in names(ax.yaxis)[4]
    every = [*ax.get_xticklabels(), *ax.get_yticklabels(), *ax.texts, ax.title, ax._left_title, ax.xaxis.label]
    assert not any(text.get_parse_math() or text.get_usetex() for text in every if text.get_text())
    assert inside(ax.figure)


def test_long_names() -> None:
    """Names of 60 letters are broken or cut, stay different, and overlap nowhere."""
    labels = [f"a category with a name that goes on for sixty letters or so, {i}" for i in range(9)]
    ax = square(9, labels).plot()
    assert inside(ax.figure)
    assert len(set(names(ax.xaxis))) == len(set(names(ax.yaxis))) == 9
    assert apart(ax.get_yticklabels(), ax.figure.canvas.get_renderer())


def test_long_names_of_slices() -> None:
    """Slices of wide letters without end leave room for the intervals and what is written beside them."""
    names = np.array(["m" * 300, "w" * 150 + " " + "m" * 149, "a"])
    ev = uc.evaluate([0, 1, 1] * 40, y_score=np.linspace(0, 1, 120), by={"made by": np.repeat(names, 40)})
    ax = ev.by["made by"].compare("roc_auc").plot()
    assert inside(ax.figure)
    assert ax.get_position().width > 0.1


@pytest.mark.parametrize(("k", "most_names"), [(21, 21), (60, 60), (200, 40), (1000, 40)])
def test_many_classes(k: int, most_names: int) -> None:
    """Beyond 20 classes cells hold no text, beyond 60 names are thinned; a thousand classes stay one image."""
    ax = square(k, [f"class {i}" for i in range(k)]).plot()
    assert len(ax.texts) == 1  # the small print
    assert len(names(ax.xaxis)) <= most_names
    assert len(ax.collections) + len(ax.patches) + len(ax.lines) + len(ax.images) <= 2
    assert inside(ax.figure)
    assert apart(ax.get_yticklabels(), ax.figure.canvas.get_renderer())


def test_pooling_keeps_every_confusion() -> None:
    """A single confusion among a thousand classes is drawn."""
    counts = np.diag(np.full(1000, 10))
    counts[700, 200] = 10
    (image,) = uc.ConfusionMatrix.from_counts(counts).plot().images
    pixels = np.asarray(image.get_array())
    by = 1000 // len(pixels)
    assert pixels[700 // by, 200 // by] == 0.5


@pytest.mark.parametrize("counts", [[[5]], [[0, 0], [0, 0]]])
def test_small(counts: Any) -> None:
    """One class, and no row at all."""
    assert inside(uc.ConfusionMatrix.from_counts(counts).plot().figure)


# ── your Axes ─────────────────────────────────────────────────────────────────────────────────────
def state(ax: Any) -> Any:
    return (ax.get_position().bounds, ax.get_xlim(), ax.get_ylim(), len(ax.get_children()), ax.get_title())


def test_your_axes() -> None:
    """With ax= the figure, its other Axes and pyplot's current Axes stay as they were."""
    figure, axes = plt.subplots(1, 3)
    axes[1].plot([1, 2])
    axes[2].imshow(np.eye(3))
    plt.sca(axes[2])
    before = [state(ax) for ax in axes[1:]]
    place, size = axes[0].get_position(original=True).bounds, figure.get_size_inches().tolist()
    back = named().plot(ax=axes[0], colorbar=True)
    assert back is axes[0]
    assert [state(ax) for ax in axes[1:]] == before
    assert figure.axes == list(axes)
    assert plt.gca() is axes[2]
    assert plt.get_fignums() == [figure.number]
    assert (figure._suptitle, figure.get_layout_engine()) == (None, None)
    assert axes[0].get_position(original=True).bounds == place
    assert figure.get_size_inches().tolist() == size


def test_your_figure_without_pyplot() -> None:
    """A figure that pyplot does not know needs no pyplot."""
    figure = pytest.importorskip("matplotlib.figure").Figure()
    ax = figure.subplots()
    named().plot(ax=ax)
    assert plt.get_fignums() == []


def test_your_axes_for_a_list() -> None:
    """A list needs as many Axes as pictures."""
    _, axes = plt.subplots(1, 2)
    assert named().plot(normalize=[None, "true"], ax=axes).tolist() == axes.tolist()
    with pytest.raises(UsageError, match="2 pictures"):
        named().plot(normalize=[None, "true"], ax=axes[0])
    with pytest.raises(UsageError, match="not known"):
        named().plot(normalize="rows")


# ── curves ────────────────────────────────────────────────────────────────────────────────────────
def scored(n: int = 400) -> uc.Evaluation:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, n)
    return uc.evaluate(truth, y_score=np.clip(0.25 * truth + 0.75 * rng.random(n), 0, 1))


@pytest.mark.parametrize("kind", ["roc", "pr", "gain", "lift"])
def test_curve(kind: str) -> None:
    """Axes named, a baseline, the area in the legend, nothing on the very edge."""
    curve = scored().curve(kind)
    ax = curve.plot()
    assert (ax.get_xlabel(), ax.get_ylabel()) == (curve.x_name.capitalize(), curve.y_name.capitalize())
    gids = [line.get_gid() for line in ax.lines]
    assert gids.count("baseline") == gids.count("curve") == 1
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert curve.area is None or any(f"{curve.area:.3f}" in text for text in legend)
    for line in ax.lines:
        x, y = line.get_data()
        assert np.isfinite(x).all()
        assert ax.get_xlim()[0] < x.min() <= x.max() < ax.get_xlim()[1]
        assert ax.get_ylim()[0] <= y.min() <= y.max() < ax.get_ylim()[1]
    assert kind == "lift" or ax.get_aspect() == 1
    assert inside(ax.figure)


def test_curves_join() -> None:
    """A second curve on the same Axes has its own colour, and shares the baseline."""
    ax = scored().curve("roc").plot()
    assert scored(300).curve("roc").plot(ax=ax, label="other") is ax
    kinds = [line.get_gid() for line in ax.lines]
    assert kinds.count("baseline") == 1
    drawn = [line for line in ax.lines if line.get_gid() == "curve"]
    assert len({line.get_color() for line in drawn}) == 2
    assert "other" in [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("threshold", [None, 0.5])
def test_evaluation(threshold: Any) -> None:
    """The overview has the matrix where something is decided, and curves."""
    axes = scored().plot(threshold=threshold)
    titles = [ax.get_title(loc="left") for ax in axes]
    assert len(titles) == 4
    assert (titles[0] == "Counts") == (threshold is not None)
    assert inside(axes[0].figure)


def test_evaluation_of_classes_and_labels() -> None:
    """Several classes, and several labels, one curve or matrix for each."""
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(3), 60)
    axes = uc.evaluate(rng.integers(0, 3, 60), y_score=p).plot()
    assert [line.get_gid() for line in axes[1].lines].count("curve") == 3
    many = uc.evaluate(rng.integers(0, 2, (60, 5)), y_score=rng.random((60, 5)), label_kind="multilabel")
    assert len(many.plot(threshold=0.5)) == 5
    assert inside(many.plot()[0].figure)


def test_thinned() -> None:
    """Ends stay, the number is kept, and a corner of the line is not lost."""
    x = np.linspace(0, 1, 100_001)
    y = np.where(x < 0.5, 0.0, 1.0)
    kept = thinned(x, y, 500)
    assert (kept[0], kept[-1]) == (0, 100_000)
    assert len(kept) <= 500
    assert np.abs(np.interp(x, x[kept], y[kept]) - y).mean() < 0.01
    assert thinned(np.array([0, np.nan, 1]), np.array([0, 1, np.inf]), 5).tolist() == [0]


# ── history ───────────────────────────────────────────────────────────────────────────────────────
HISTORY = {
    "loss": [0.7, 0.4, 0.3],
    "accuracy": [0.6, 0.8, 0.9],
    "val_loss": [0.8, 0.5, 0.45],
    "val_accuracy": [0.5, 0.7, 0.8],
}


class Kept:
    """What Keras returns."""

    history = HISTORY
    epoch = (0, 1, 2)


@pytest.mark.parametrize(
    "history", [HISTORY, Kept(), [{key: values[i] for key, values in HISTORY.items()} for i in range(3)]]
)
def test_history(history: Any) -> None:
    """Losses and rates in panels of their own, training and validation named, epochs whole and from 1."""
    axes = uc.plot_history(history)
    assert [ax.get_ylabel() for ax in axes] == ["Loss", "Accuracy"]
    for ax in axes:
        assert ax.get_xlabel() == "Epoch"
        assert sorted(texts(ax)) == ["training", "validation"]
        assert [line.get_xdata().tolist() for line in ax.lines] == [[1, 2, 3]] * 2
        assert all(float(tick).is_integer() for tick in ax.get_xticks())
    assert inside(axes[0].figure)


def test_history_names_stay_apart() -> None:
    """The names of lines that end together do not overlap."""
    metrics = ("auc", "accuracy", "precision", "recall")
    (ax,) = uc.plot_history({f"{part}{metric}": [0.5, 0.9] for metric in metrics for part in ("", "val_")})
    ax.figure.canvas.draw()
    assert len(ax.texts) == 8
    assert apart(ax.texts, ax.figure.canvas.get_renderer())


def test_history_names_below_the_edge() -> None:
    """The name of a line that ends at the top does not rise above the panel."""
    for axes in (None, plt.subplots(figsize=(4, 3))[1]):
        (ax,) = uc.plot_history({"accuracy": [0.2, 0.99], "val_accuracy": [0.5, 1.0]}, ax=axes)
        ax.figure.canvas.draw()
        assert all(text.get_window_extent().y1 <= ax.bbox.y1 + 1 for text in ax.texts)


def test_history_of_other_things() -> None:
    """The learning rate has a panel of its own; NaN and one epoch are drawn."""
    axes = uc.plot_history({"loss": [float("nan"), 3.0], "learning_rate": [1e-3, 1e-4], "accuracy": [0.1, 0.2]})
    assert [ax.get_ylabel() for ax in axes] == ["Loss", "Accuracy", "Learning rate"]
    uc.plot_history([{"loss": 1.0}])
    _, given = plt.subplots()
    assert uc.plot_history({"loss": [1.0]}, ax=given)[0] is given


@pytest.mark.parametrize("history", [{}, [], {"loss": []}, {"loss": ["high"]}, 3, None])
def test_no_history(history: Any) -> None:
    """What is no history says what one looks like."""
    with pytest.raises(UsageError):
        uc.plot_history(history)
