"""Mean and covariance of each pseudo-domain's style codes, for average and sampled looks."""

import io
import pathlib
import sys
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tunit_tf.data import sources
from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError

if TYPE_CHECKING:  # a command line reads its flags before it waits for TensorFlow
    from tunit_tf.inference.trained_run import TrainedRun
    from tunit_tf.inference.translator import Translator

MAX_IMAGES = 20_000  # measured; more would not visibly change an average look


class DomainStyles(NamedTuple):
    """What is known of the style codes of K pseudo-domains.

    Attributes:
      counts: `(K,)` int64, images measured.
      means: `(K, style_dim)` float32; NaN where a domain is empty.
      covariances: `(K, style_dim, style_dim)` float32; zero where a domain has fewer than two.
    """

    counts: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def mean(self, domain: int) -> np.ndarray:
        """Average style `(style_dim,)` of a domain, as in the paper's figures.

        Raises:
          UserError: There is no such domain, or it is empty.
        """
        num_domains = len(self.counts)
        if not 0 <= domain < num_domains:
            raise UserError(
                f"There is no domain {domain}; the run has {num_domains}, 0 to {num_domains - 1}."
            )
        if not self.counts[domain]:
            used = ", ".join(map(str, np.flatnonzero(self.counts)))
            raise UserError(
                f"Domain {domain} is empty, no image belongs to it; those in use are {used}."
            )
        return self.means[domain]

    def sample(self, domain: int, count: int, seed: int) -> np.ndarray:
        """Styles `(count, style_dim)` drawn from a domain's Gaussian: looks without a reference.

        Raises:
          UserError: As `mean`.
        """
        mean = self.mean(domain).astype(np.float64)
        values, vectors = np.linalg.eigh(self.covariances[domain].astype(np.float64))
        noise = np.random.default_rng(seed).standard_normal((count, len(mean)))
        return (mean + noise * np.sqrt(np.maximum(values, 0)) @ vectors.T).astype(np.float32)

    def closeness(self) -> np.ndarray:
        """`(K, K)` distances of domain means, in root-mean-square radii of the two domains.

        Domains that coincide have 0; NaN where one is empty.
        """
        spread = np.trace(self.covariances, axis1=1, axis2=2)
        radius = np.sqrt((spread[:, None] + spread) / 2)
        distance = np.linalg.norm(self.means[:, None] - self.means, axis=-1)
        return distance / np.maximum(radius, 1e-12)

    def to_bytes(self, step: int) -> bytes:
        """A file of the styles as of a step."""
        buffer = io.BytesIO()
        np.savez(buffer, step=step, **self._asdict())
        return buffer.getvalue()


def estimate(styles: np.ndarray, domains: np.ndarray, num_domains: int) -> DomainStyles:
    """Statistics of style codes `(N, style_dim)` by their domains `(N,)`."""
    style_dim = styles.shape[1]
    counts = np.bincount(domains, minlength=num_domains)
    means = np.full((num_domains, style_dim), np.nan, np.float32)
    covariances = np.zeros((num_domains, style_dim, style_dim), np.float32)
    for domain in np.flatnonzero(counts):
        members = styles[domains == domain].astype(np.float64)
        means[domain] = members.mean(0)
        if len(members) > 1:
            covariances[domain] = np.cov(members, rowvar=False).reshape(style_dim, style_dim)
    return DomainStyles(counts, means, covariances)


def measure(translator: "Translator", images: ImageSet) -> DomainStyles:
    """Statistics over (a seeded part of) a set of images."""
    if len(images) > MAX_IMAGES:
        images = images.sample(MAX_IMAGES)
    return estimate(*translator.guide(images), translator.num_domains)


def load_or_measure(run: "TrainedRun", data: str = "") -> DomainStyles:
    """Statistics over the training images of a run.

    They are read from the run folder, or measured and saved there for the next time. Statistics
    over other images (`data`) are neither read from the run folder nor saved there.

    Args:
      run: The run.
      data: Images to measure them on instead, as --data; '' takes the run's.

    Raises:
      UserError: There are no saved statistics, and the images cannot be opened.
    """
    from tunit_tf.inference import run_folder, weights_folder  # takes seconds: TensorFlow

    path = run.folder / run_folder.STYLES
    saved = None if data else _load(path, run)
    if saved is not None and saved.step == run.step:
        return saved.styles
    try:
        images = sources.open_images(data, run.config) if data else run.split.train
    except UserError as error:
        raise UserError(
            f"The styles of the domains at step {run.step} are not in {path}, and the "
            f"images to measure them on are not available: {error}"
        ) from None
    measured = measure(run.translator, images)
    # Saved statistics of a later step stay: they are the newest checkpoint's, and this is the best.
    # A weights folder stays as its manifest lists it.
    is_newer = saved is None or saved.step < run.step
    if not data and is_newer and not weights_folder.is_one(run.folder):
        _save(path, run, measured)
    return measured


class _Saved(NamedTuple):
    """The content of `run_folder.STYLES`."""

    step: int
    styles: DomainStyles


def _save(path: pathlib.Path, run: "TrainedRun", measured: DomainStyles) -> None:
    """Saves statistics, or warns if the run folder is only readable; they can be used anyway."""
    from tunit_tf.inference import run_folder  # takes seconds: TensorFlow

    try:
        run_folder.output_of(path.parent).write_over(path.name, measured.to_bytes(run.step))
    except OSError as error:
        print(
            f"warning: {path} cannot be written ({error.strerror or error}); the domains will "
            "be measured again the next time.",
            file=sys.stderr,
        )


def _load(path: pathlib.Path, run: "TrainedRun") -> _Saved | None:
    """The saved statistics and their step; None if there are none or they are damaged."""
    translator = run.translator
    num_domains, style_dim = translator.num_domains, translator.style_dim
    try:
        with path.open("rb") as file, np.load(file) as saved:
            step = int(saved["step"])
            styles = DomainStyles(*(saved[name] for name in DomainStyles._fields))
    # NumPy and zipfile raise many kinds of errors on damaged files.
    except Exception:
        return None
    shapes = ((num_domains,), (num_domains, style_dim), (num_domains, style_dim, style_dim))
    if tuple(array.shape for array in styles) != shapes:
        return None
    # Means of empty domains are NaN; any other NaN is damage.
    known = styles.counts > 0
    numbers = (styles.means[known], styles.covariances)
    return _Saved(step, styles) if all(np.isfinite(x).all() for x in numbers) else None
