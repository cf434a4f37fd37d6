"""Figures of an evaluation, drawn with matplotlib, as uint8 pictures."""

from collections.abc import Sequence

import numpy as np
import sklearn.manifold
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from tunit_tf.evaluation import figures
from tunit_tf.evaluation.scores import EncodedImages

DPI = 110
MAX_MAPPED = 1000  # style codes in a t-SNE map
MAX_LEGEND = 20
LONGEST_LABEL = 24  # characters
THUMBNAILS = 150  # at most; images that would hide another are left out
THUMBNAIL_SIDE = 0.07  # share of the axes
THUMBNAIL_GAP = 0.04

# Distinct colors that also differ in lightness (Paul Tol's muted scheme, then matplotlib's).
PALETTE = (
    "#332288", "#cc6677", "#117733", "#ddcc77", "#88ccee", "#aa4499", "#44aa99", "#882255",
    "#999933", "#dd7733", "#1f77b4", "#bcbd22", "#8c564b", "#17becf", "#e377c2", "#7f7f7f",
)  # fmt: skip


def labels(names: Sequence[str], kind: str) -> tuple[list[str], str]:
    """Names of classes or runs as a figure can show them.

    Matplotlib's font has no Chinese, for example, and a long name leaves no room for the figure.

    Args:
      names: Any text, such as names of folders.
      kind: What the names are of: `class`.

    Returns:
      The names, numbered (`class 2`) where they cannot be shown, and for the caption what the
      numbers mean.
    """
    font = font_manager.get_font(font_manager.findfont(font_manager.FontProperties()))
    drawn = font.get_charmap()
    shown, meanings = [], []
    for number, name in enumerate(names):
        if (
            name.isprintable()
            and len(name) <= LONGEST_LABEL
            and drawn.keys() >= set(map(ord, name))
        ):
            shown.append(name)
        else:
            shown.append(f"{kind} {number}")
            meanings.append(f"{kind} {number} is {name}")
    return shown, "".join(f"; {meaning}" for meaning in meanings)


def color(index: int) -> str:
    """The color of a domain, a class or a run."""
    return PALETTE[index % len(PALETTE)]


def style_maps(encoded: EncodedImages) -> list[figures.Figure]:
    """t-SNE of style codes, as in the paper's figures."""
    mapped = encoded.sample(MAX_MAPPED)
    if len(mapped.images) < 5:
        return []
    places = style_map(mapped.styles)
    domains, classes = mapped.domains, mapped.images.classes()
    domain_names = [f"domain {k}" for k in range(domains.max() + 1)]
    by_domain = style_map_by(places, domains, domain_names)
    maps = [figures.Figure("styles_by_domain", "t-SNE of style codes, by pseudo-domain", by_domain)]
    if classes is not None:
        names, meanings = labels(mapped.images.label_names, "class")
        by_class = style_map_by(places, classes, names)
        caption = f"t-SNE of style codes, by class{meanings}"
        maps.append(figures.Figure("styles_by_class", caption, by_class))
    thumbnails = style_map_thumbnails(places, mapped.images.pixels(), domains)
    caption = "The same map with images; the color of a frame is that of the domain"
    maps.append(figures.Figure("styles_as_images", caption, thumbnails))
    return maps


def style_map(styles: np.ndarray, seed: int = 0) -> np.ndarray:
    """t-SNE of style codes `(n, style_dim)`, in [0, 1]^2, `(n, 2)` (van der Maaten 2008)."""
    perplexity = min(30.0, max(1.0, (len(styles) - 1) / 3))
    places = sklearn.manifold.TSNE(
        perplexity=perplexity, init="pca", random_state=seed, learning_rate="auto"
    ).fit_transform(styles.astype(np.float64))
    low, high = places.min(0), places.max(0)
    return (places - low) / np.maximum(high - low, 1e-9)


def style_map_by(places: np.ndarray, groups: np.ndarray, names: list[str]) -> np.ndarray:
    """Scatter of a style map `(n, 2)`, colored by group `(n,)`; uint8 `(H, W, 3)`."""
    figure, axes = _map_axes()
    for group in np.unique(groups):
        members = places[groups == group]
        axes.scatter(
            members[:, 0], members[:, 1], s=14, color=color(group), label=names[group], linewidths=0
        )
    if len(np.unique(groups)) <= MAX_LEGEND:
        figure.legend(
            loc="outside lower center", frameon=False, markerscale=1.6, ncols=5, fontsize=8,
            handletextpad=0.1, columnspacing=0.8,
        )  # fmt: skip
    return _drawn(figure)


def style_map_thumbnails(places: np.ndarray, images: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """A style map `(n, 2)` with images `(n, S, S, 3)` in frames of their group's color."""
    figure, axes = _map_axes()
    shown: list[np.ndarray] = []
    for i in np.random.default_rng(0).permutation(len(places)):
        if len(shown) >= THUMBNAILS:
            break
        place = places[i]
        if any(np.abs(place - other).max() < THUMBNAIL_GAP for other in shown):
            continue
        shown.append(place)
        half = THUMBNAIL_SIDE / 2
        box = (place[0] - half, place[0] + half, place[1] - half, place[1] + half)
        axes.imshow(images[i], extent=box, aspect="auto", zorder=2)
        frame = Rectangle(
            place - half, THUMBNAIL_SIDE, THUMBNAIL_SIDE, fill=False, edgecolor=color(groups[i]),
            linewidth=1.5, zorder=3,
        )  # fmt: skip
        axes.add_patch(frame)
    axes.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04))
    return _drawn(figure)


def confusion(counts: np.ndarray, row_names: list[str], column_names: list[str]) -> np.ndarray:
    """Counts `(K, C)` of images by pseudo-domain (rows) and class (columns)."""
    rows, columns = counts.shape
    figure = Figure(figsize=(2.2 + 0.55 * columns, 1.6 + 0.42 * rows), layout="constrained")
    axes = figure.subplots()
    axes.imshow(counts, cmap="Blues", aspect="auto")
    axes.set(
        xticks=range(columns), yticks=range(rows), xlabel="class", ylabel="pseudo-domain",
        title="pseudo-domains and classes",
    )  # fmt: skip
    axes.set_xticklabels(column_names, rotation=45, ha="right")
    axes.set_yticklabels(row_names)
    if rows * columns <= 400:
        for i, j in np.ndindex(counts.shape):
            shade = "white" if counts[i, j] > counts.max() / 2 else "black"
            axes.text(j, i, str(counts[i, j]), ha="center", va="center", color=shade, fontsize=8)
    return _drawn(figure)


def sizes(counts: np.ndarray, names: list[str]) -> np.ndarray:
    """Bars of the domain sizes `(K,)`."""
    figure = Figure(figsize=(max(4.0, 0.4 * len(counts)), 2.6), layout="constrained")
    axes = figure.subplots()
    axes.bar(range(len(counts)), counts, color=[color(i) for i in range(len(counts))])
    axes.axhline(counts.mean(), color="gray", linewidth=1, linestyle="--")
    axes.set(xticks=range(len(counts)), ylabel="training images", title="domain sizes")
    axes.set_xticklabels(names)
    _bare(axes)
    return _drawn(figure)


def curves(histories: dict[str, dict[str, tuple[list[int], list[float]]]]) -> np.ndarray:
    """Small multiples of every term and score, one line per run.

    Args:
      histories: {run: {name: (steps, values)}}.
    """
    names = sorted({name for history in histories.values() for name in history})
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(3.3 * columns, 2.1 * rows + 0.4), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, name in zip(panels, names, strict=False):
        for i, (run, history) in enumerate(histories.items()):
            if name in history:
                many = len(history[name][0]) > 12
                axes.plot(
                    *history[name], color=color(i), label=run, linewidth=1.2,
                    marker="" if many else "o", markersize=3,
                )  # fmt: skip
        axes.set_title(name, fontsize=9)
        axes.tick_params(labelsize=7)
        _bare(axes)
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    if len(histories) > 1:
        handles = [Line2D([], [], color=color(i), label=run) for i, run in enumerate(histories)]
        figure.legend(handles=handles, loc="outside upper left", ncols=4, frameon=False)
    return _drawn(figure)


def domain_scores(
    numbers: list[int], scores: dict[str, list[float]], marked: list[int]
) -> np.ndarray:
    """Scores of numbers of domains, a panel each, with some numbers marked; uint8 `(H, W, 3)`."""
    figure = Figure(figsize=(6.0, 2.2 * len(scores)), layout="constrained")
    panels = figure.subplots(len(scores), sharex=True, squeeze=False)[:, 0]
    for i, (axes, (name, values)) in enumerate(zip(panels, scores.items(), strict=True)):
        axes.plot(numbers, values, color=color(i), marker="o", markersize=3, linewidth=1.2)
        for number in marked:
            axes.axvline(number, color="gray", linewidth=1, linestyle="--", zorder=0)
        axes.set(ylabel=name)
        _bare(axes)
    panels[-1].set(xlabel="number of domains", xticks=numbers)
    return _drawn(figure)


def columns(pictures: dict[str, np.ndarray], gap: int = 2, inches: float = 0.95) -> np.ndarray:
    """Equal uint8 pictures `(N, S, S, 3)` side by side, a titled column for each entry."""
    titles, stacks = zip(*pictures.items(), strict=True)
    rows = len(stacks[0])
    engine = ConstrainedLayoutEngine(w_pad=gap / DPI, h_pad=gap / DPI, wspace=0, hspace=0)
    figure = Figure(figsize=(inches * len(titles), inches * rows + 0.25), layout=engine)
    panels = figure.subplots(rows, len(titles), squeeze=False)
    for column, (title, stack) in enumerate(zip(titles, stacks, strict=True)):
        panels[0, column].set_title(title, fontsize=7)
        for axes, picture in zip(panels[:, column], stack, strict=True):
            axes.imshow(picture, interpolation="nearest")
            axes.axis("off")
    return _drawn(figure)


def _map_axes() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(4.6, 4.0), layout="constrained")
    axes = figure.subplots()
    axes.set(xticks=[], yticks=[])
    _bare(axes)
    return figure, axes


def _bare(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)


def _drawn(figure: Figure) -> np.ndarray:
    """uint8 `(H, W, 3)`; names of classes and runs are drawn as they are, without formulas."""
    figure.set_dpi(DPI)
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
