"""The pictures of an evaluation: translations, maps of style codes, galleries of the domains."""

from typing import NamedTuple

import numpy as np

from tunit_tf.data.image_set import ImageSet
from tunit_tf.evaluation import plots, sample_grids
from tunit_tf.inference.translator import Translator
from tunit_tf.io import pixels

MAX_MAPPED = 1000  # style codes in a t-SNE map
MAX_GALLERIES = 20
GALLERY = (3, 12)  # rows and columns


class Codes(NamedTuple):
    """Style codes and pseudo-domains of some images."""

    images: ImageSet
    styles: np.ndarray
    domains: np.ndarray


class Drawing(NamedTuple):
    """A figure: file name without suffix, caption, uint8 picture `(H, W, 3)`."""

    name: str
    caption: str
    picture: np.ndarray


def translations(translator: Translator, held_out: ImageSet) -> list[Drawing]:
    """Grids of held-out images in the styles of references and of domains."""
    return [
        Drawing(
            "reference_grid",
            "Sources (left) in the style of single references (top)",
            sample_grids.reference_grid(translator, held_out),
        ),
        Drawing(
            "domain_grid",
            "Sources (left) in the average style of every domain (an image of it on top)",
            sample_grids.domain_grid(translator, held_out),
        ),
    ]


def style_maps(codes: Codes) -> list[Drawing]:
    """t-SNE of style codes, as in the paper's figures."""
    rows = np.random.default_rng(0).permutation(len(codes.images))[:MAX_MAPPED]
    if len(rows) < 5:
        return []
    places = plots.style_map(codes.styles[rows])
    domains, labels = codes.domains[rows], codes.images.classes(rows)
    domain_names = [f"domain {k}" for k in range(domains.max() + 1)]
    figures = [
        Drawing(
            "styles_by_domain",
            "t-SNE of style codes, by pseudo-domain",
            plots.style_map_by(places, domains, domain_names),
        )
    ]
    if labels is not None:
        drawn = plots.style_map_by(places, labels, list(codes.images.label_names))
        figures.append(Drawing("styles_by_class", "t-SNE of style codes, by class", drawn))
    drawn = plots.style_map_thumbnails(places, codes.images.pixels(rows), domains)
    caption = "The same map with images, framed in their domain's colour"
    figures.append(Drawing("styles_as_images", caption, drawn))
    return figures


def galleries(codes: Codes) -> list[Drawing]:
    """Some images of each of the largest domains."""
    counts = np.bincount(codes.domains)
    rows, columns = GALLERY
    figures = []
    for domain in np.sort(np.argsort(-counts, kind="stable")[:MAX_GALLERIES]):
        members = np.random.default_rng(0).permutation(np.flatnonzero(codes.domains == domain))
        if not len(members):
            continue
        cells = list(codes.images.pixels(members[: rows * columns]))
        lines = [cells[i : i + columns] for i in range(0, len(cells), columns)]
        caption = f"Domain {domain}: {counts[domain]} of {len(codes.images)} training images"
        figures.append(
            Drawing(
                f"domain_{domain}",
                caption,
                pixels.grid(lines, zoom=pixels.legible_zoom(codes.images.images.shape[1])),
            )
        )
    return figures
