"""The pictures of an evaluation: translations, maps of style codes, galleries of the domains."""

from typing import NamedTuple

import numpy as np

from tunit_tf.data.image_set import ImageSet, sampled_positions
from tunit_tf.evaluation import plots, sample_grids
from tunit_tf.evaluation.encoded_images import EncodedImages
from tunit_tf.inference.translator import Translator
from tunit_tf.io import pixels

MAX_MAPPED = 1000  # style codes in a t-SNE map
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


def translations(translator: Translator, held_out: EncodedImages) -> list[Figure]:
    """Grids of held-out images in the styles of references and of domains."""
    return [
        Figure(
            "reference_grid",
            "Sources (left) in the style of single references (top)",
            sample_grids.reference_grid(translator, held_out),
        ),
        Figure(
            "domain_grid",
            "Sources (left) in the average style of every domain (top: an image of the domain)",
            sample_grids.domain_grid(translator, held_out),
        ),
    ]


def style_maps(encoded: EncodedImages) -> list[Figure]:
    """t-SNE of style codes, as in the paper's figures."""
    mapped = encoded.sample(MAX_MAPPED)
    if len(mapped.images) < 5:
        return []
    places = plots.style_map(mapped.styles)
    domains, labels = mapped.domains, mapped.images.classes()
    domain_names = [f"domain {k}" for k in range(domains.max() + 1)]
    by_domain = plots.style_map_by(places, domains, domain_names)
    figures = [Figure("styles_by_domain", "t-SNE of style codes, by pseudo-domain", by_domain)]
    if labels is not None:
        by_class = plots.style_map_by(places, labels, list(mapped.images.label_names))
        figures.append(Figure("styles_by_class", "t-SNE of style codes, by class", by_class))
    thumbnails = plots.style_map_thumbnails(places, mapped.images.pixels(), domains)
    caption = "The same map with images; the color of a frame is that of the domain"
    figures.append(Figure("styles_as_images", caption, thumbnails))
    return figures


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
