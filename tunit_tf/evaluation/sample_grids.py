"""Sample pictures of a run: sources x references, and sources x domain averages."""

import numpy as np

from tunit_tf.data.image_set import ImageSet
from tunit_tf.evaluation.encoded_images import EncodedImages
from tunit_tf.inference import domain_styles
from tunit_tf.inference.translator import Translator
from tunit_tf.io import pixels

NUM_SOURCES = 8
MAX_REFERENCES = 10


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
