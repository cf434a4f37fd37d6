"""Unit-length feature vectors of images, for clustering into pseudo-domains."""

import numpy as np

from tunit_tf.data.image_set import ImageSet
from tunit_tf.evaluation.feature_cache import cached_features
from tunit_tf.metrics import clustering, features


def directions(images: ImageSet, extractor_name: str, cache_dir: str) -> np.ndarray:
    """Principal components of features, scaled to length 1.

    Args:
      images: N images.
      extractor_name: One of `EXTRACTOR_NAMES` that needs no file.
      cache_dir: Folder where the features are kept.

    Returns:
      `(N, 64)` float32.

    Raises:
      UserError: The extractor's weights are not installed, or the cache cannot be written.
    """
    extractor = features.load(extractor_name, "", cache_dir)
    return clustering.directions(cached_features(extractor, images, cache_dir))
