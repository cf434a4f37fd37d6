"""How much of an image's content a translation keeps, measured from pixels alone."""

import numpy as np

LUMINANCE = np.array([0.299, 0.587, 0.114])


def edge_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson correlation `(n,)` of the edge maps of images and their translations.

    An edge map is the magnitude of the brightness gradient: it shows shapes and does not change
    with palette, light or contrast. 0 where a map is constant.

    Args:
      first: Images, uint8 `(n, S, S, 3)`.
      second: Their translations, likewise.
    """
    maps = []
    for images in (first, second):
        brightness = images @ LUMINANCE  # (n, S, S)
        # Central differences; at the border they would be one-sided, and large in every image.
        along_y = brightness[:, 2:, 1:-1] - brightness[:, :-2, 1:-1]
        along_x = brightness[:, 1:-1, 2:] - brightness[:, 1:-1, :-2]
        edges = np.hypot(along_x, along_y)
        edges = edges.reshape(len(edges), -1)
        edges -= edges.mean(1, keepdims=True)
        maps.append(edges / np.maximum(np.linalg.norm(edges, axis=1, keepdims=True), 1e-9))
    return (maps[0] * maps[1]).sum(1)
