"""What an evaluation found, its figures among it: translations and images of the domains."""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tunit_tf.data.image_set import ImageSet, sampled_positions
from tunit_tf.evaluation.scores import EncodedImages
from tunit_tf.inference import domain_styles
from tunit_tf.inference.translator import Translator
from tunit_tf.io import pixels

NUM_SOURCES = 8
MAX_REFERENCES = 10
MAX_GALLERIES = 20
GALLERY = (3, 12)  # rows and columns


class Figure(NamedTuple):
    """A picture of the report.

    Attributes:
      name: File name without suffix.
      caption: Text below the picture.
      picture: uint8 `(H, W, 3)`.
    """

    name: str
    caption: str
    picture: np.ndarray


@dataclasses.dataclass(frozen=True)
class Beside:
    """The numbers of the run's other checkpoint.

    Attributes:
      checkpoint: Which it is, and its step: `best, step 2000`.
      metrics: {section: {name: value}}.
    """

    checkpoint: str
    metrics: dict[str, dict[str, float]]


@dataclasses.dataclass
class EvaluationResult:
    """Numbers, figures and warnings of an evaluation.

    Attributes:
      metrics: {section: {name: value}}.
      counts: {metric or section: numbers of images behind it}.
      domains: Sizes of the pseudo-domains and, with labels, the classes and their contingency
        table.
      warnings: Sentences for the user.
      figures: {section: figures}.
      beside: The other of the newest and the best checkpoint, if they differ.
      without_network: {row: {section: {name: value}}} of what needs no network: the untouched
        sources, and sources in the colors of their references.
    """

    metrics: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)
    counts: dict[str, dict] = dataclasses.field(default_factory=dict)
    domains: dict[str, list] = dataclasses.field(default_factory=dict)
    warnings: list[str] = dataclasses.field(default_factory=list)
    figures: dict[str, list[Figure]] = dataclasses.field(default_factory=dict)
    beside: Beside | None = None
    without_network: dict[str, dict[str, dict[str, float]]] = dataclasses.field(
        default_factory=dict
    )

    def add_figures(self, section: str, draw: Callable[[], list[Figure]]) -> None:
        """Draws the figures of a section; if that fails, the report has its numbers only."""
        try:
            self.figures[section] = draw()
        except Exception as error:  # of Matplotlib, scikit-learn, TensorFlow
            self.warnings.append(
                f"The figures of '{section}' could not be drawn ({type(error).__name__}: {error})."
            )

    def add_without_network(self, section: str, rows: dict[str, dict[str, float]]) -> None:
        """Adds {row: {name: value}} of a section."""
        for row, values in rows.items():
            self.without_network.setdefault(row, {})[section] = values


def translations(translator: Translator, held_out: EncodedImages) -> list[Figure]:
    """Grids of held-out images in the styles of references and of domains."""
    return [
        Figure(
            "reference_grid",
            "Sources (left) in the style of single references (top)",
            reference_grid(translator, held_out),
        ),
        Figure(
            "domain_grid",
            "Sources (left) in the average style of every domain (top: an image of the domain)",
            domain_grid(translator, held_out),
        ),
    ]


def galleries(encoded: EncodedImages) -> list[Figure]:
    """Some images of each of the largest domains."""
    counts = np.bincount(encoded.domains)
    figures = []
    for domain in np.sort(np.argsort(-counts, kind="stable")[:MAX_GALLERIES]):
        members = np.flatnonzero(encoded.domains == domain)
        if not len(members):
            continue
        caption = f"Domain {domain}: {counts[domain]} of {len(encoded.images)} training images"
        figures.append(Figure(f"domain_{domain}", caption, gallery(encoded.images, members)))
    return figures


def gallery(images: ImageSet, members: np.ndarray) -> np.ndarray:
    """Some of the images at positions `members`, in random order; uint8 `(H, W, 3)`."""
    rows, columns = GALLERY
    chosen = members[sampled_positions(len(members), rows * columns)]
    cells = list(images.pixels(chosen))
    lines = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    return pixels.grid(lines, zoom=pixels.legible_zoom(images.images.shape[1]))


def reference_grid(translator: Translator, encoded: EncodedImages) -> np.ndarray:
    """Sources (left) in the styles of single references (top), uint8 `(H, W, 3)`.

    References are chosen so that every pseudo-domain in use is shown.
    """
    references = spread(encoded.domains, MAX_REFERENCES)
    top = list(encoded.images.pixels(references))
    return grid(translator, encoded.images, top, encoded.styles[references])


def domain_grid(translator: Translator, encoded: EncodedImages) -> np.ndarray:
    """Sources (left) in the average style of every domain in use, uint8 `(H, W, 3)`.

    The paper's figures use these styles. The top row shows one image of each domain.
    """
    images, styles, domains = encoded
    means = translator.as_styles(
        domain_styles.estimate(styles, domains, translator.num_domains).means
    )
    used = np.unique(domains)[:MAX_REFERENCES]
    top = [images.pixels(np.flatnonzero(domains == k)[:1])[0] for k in used]
    return grid(translator, images, top, means[used])


def grid(
    translator: Translator, images: ImageSet, top: list[np.ndarray], styles: np.ndarray
) -> np.ndarray:
    """Translates evenly spread sources to every style.

    Args:
      translator: Networks of the run.
      images: Sources to choose from.
      top: Pictures `(S, S, 3)` uint8 of the row of headings.
      styles: A style code for each heading, `(len(top), style_dim)`.

    Returns:
      uint8 `(H, W, 3)`.
    """
    places = np.linspace(0, len(images) - 1, min(NUM_SOURCES, len(images)))
    sources = np.unique(places.astype(int))
    repeated = images.take(np.repeat(sources, len(styles)))
    cells = translator.generate(repeated, np.tile(styles, (len(sources), 1)))
    cells = cells.reshape(len(sources), len(styles), *cells.shape[1:])
    rows: list[list[np.ndarray | None]] = [[None, *top]]
    rows += [[images.pixels(slice(s, s + 1))[0], *cells[i]] for i, s in enumerate(sources)]
    return pixels.grid(rows, zoom=pixels.legible_zoom(cells.shape[2]))


def spread(domains: np.ndarray, count: int) -> np.ndarray:
    """Up to `count` positions that visit the domains in turn."""
    turns: list[tuple[int, int, int]] = []
    for domain in np.unique(domains):
        members = np.flatnonzero(domains == domain)
        turns += [(turn, int(domain), int(place)) for turn, place in enumerate(members)]
    chosen = sorted(turns)[:count]
    return np.array([place for _, _, place in sorted(chosen, key=lambda t: (t[1], t[0]))])


GRIDS = {"reference_grid": reference_grid, "domain_grid": domain_grid}
