"""Judges of the look beyond color, fitted to a run's training images."""

import numpy as np

from tunit_tf.data.image_set import ImageSet, sampled_positions
from tunit_tf.evaluation.feature_cache import cached_features
from tunit_tf.metrics import look
from tunit_tf.metrics.features import Extractor
from tunit_tf.metrics.look import FeaturesWithoutColor, Judge, Look

GROUPS = (5, 10)  # numbers of groups, where classes are not known
CLASSES = "classes"  # name of the judge that knows them
MIN_PER_GROUP = 10  # training images; with fewer on average, a number of groups is left out
MAX_FITTED = 5000  # training images that judges are fitted to


def has_classes(train: ImageSet, held_out: ImageSet) -> bool:
    """Whether both sets have labels, and the training images have at least two classes."""
    labels = train.classes()
    if labels is None or held_out.labels is None:
        return False
    return len(np.unique(labels)) > 1


class LookBeyondColor:
    """Scores translations between held-out images by judges that see no color.

    With labels there is one judge, of classes. Without, there is one for each of `GROUPS`.

    Args:
      train: Training images, which judges are fitted to.
      held_out: Held-out images: sources and references.
      extractor: Computes the features.
      cache_dir: Folder where features of real images are kept.

    Attributes:
      extractor: Computes the features of images without color.
      real: Those of the held-out images, `(n, dim)`.
      agreement: {judge: share of the held-out images that it assigns to their class or to the
        group of the closest center}.
    """

    def __init__(
        self, train: ImageSet, held_out: ImageSet, extractor: Extractor, cache_dir: str
    ) -> None:
        self.extractor = FeaturesWithoutColor(extractor)
        fitted = train.take(np.sort(sampled_positions(len(train), MAX_FITTED)))
        features = np.asarray(cached_features(self.extractor, fitted, cache_dir))
        self.real = np.asarray(cached_features(self.extractor, held_out, cache_dir))
        self._mean = look.mean_of(features)
        directions, real = (look.directions(x, self._mean) for x in (features, self.real))
        self._judges: dict[str, Judge] = {}
        self._groups: dict[str, np.ndarray] = {}
        self.agreement: dict[str, float] = {}
        classes, held_out_classes = fitted.classes(), held_out.classes()
        groups: dict[str, tuple[np.ndarray, np.ndarray]] = {}  # of training and held-out images
        if has_classes(fitted, held_out):
            assert classes is not None
            assert held_out_classes is not None
            groups[CLASSES] = classes, held_out_classes
        else:
            for count in GROUPS:
                if len(fitted) >= MIN_PER_GROUP * count:
                    clusters = look.Groups(directions, count)
                    groups[f"k{count}"] = clusters.labels, clusters.assign(real)
        for name, (of_train, of_held_out) in groups.items():
            judge = Judge(directions, of_train)
            self._judges[name], self._groups[name] = judge, judge(real)
            self.agreement[name] = float((self._groups[name] == of_held_out).mean())

    def scores(
        self, sources: np.ndarray, references: np.ndarray, results: np.ndarray
    ) -> dict[str, Look]:
        """Scores of every judge.

        Args:
          sources: Positions of the sources among the held-out images, `(N,)`.
          references: Positions of their references, `(N,)`.
          results: Features of what became of the sources, by `extractor`, `(N, dim)`.
        """
        directions = look.directions(results, self._mean)
        return {
            name: look.compare(
                self._groups[name][sources], self._groups[name][references], judge(directions)
            )
            for name, judge in self._judges.items()
        }
