"""Inference with a trained pair of networks: style codes, pseudo-domains, translations."""

import pathlib
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf
from PIL import Image

from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError
from tunit_tf.inference import saved_run
from tunit_tf.io import pixels, value_range
from tunit_tf.networks import Generator, GuidingNetwork

# Squares of the networks' size, or pictures of any kind, by path or opened.
Images = np.ndarray | ImageSet | Sequence[str | pathlib.Path | Image.Image]


class Translator:
    """Redraws images in the look of others, in batches.

    Wherever images are asked for, they may be a uint8 array `(N, S, S, 3)`, an `ImageSet`, or a
    list of file names and opened PIL pictures of any size and mode, which are cut to squares.

    Args:
      guiding: Guiding network, as a rule the average of a run.
      generator: Generator of the same run.
      batch_size: Images computed at once.
      resize: How pictures become squares, one of `images.RESIZE`.

    Attributes:
      image_size: Side S of the squares.
      num_domains: Number K of pseudo-domains.
      style_dim: Length of a style code.
      guiding, generator: The networks.
    """

    def __init__(
        self,
        guiding: GuidingNetwork,
        generator: Generator,
        batch_size: int = 32,
        resize: str = "crop",
    ):
        self.guiding, self.generator = guiding, generator
        self.image_size = generator.image_size
        self.num_domains = guiding.num_domains
        self.style_dim = guiding.style_dim
        self.resize = resize
        self._batch_size = batch_size
        dtype = guiding.variable_dtype
        x = tf.TensorSpec((None, self.image_size, self.image_size, 3), tf.uint8)
        s = tf.TensorSpec((None, self.style_dim), dtype)

        @tf.function(input_signature=[x])
        def guide(x):
            return guiding(tf.cast(value_range.from_bytes(x), dtype), training=False)

        @tf.function(input_signature=[x, s])
        def generate(x, s):
            return generator(tf.cast(value_range.from_bytes(x), dtype), s)

        self._guide, self._generate = guide, generate

    @classmethod
    def load(
        cls,
        run_dir: str | pathlib.Path,
        checkpoint: str = "newest",
        batch_size: int = 32,
        resize: str = "crop",
    ) -> "Translator":
        """The averaged networks of a run.

        Args:
          run_dir: Folder of a finished or running run.
          checkpoint: `newest` or `best`.
          batch_size, resize: As for the constructor.

        Raises:
          UserError: It is not a run folder, or has no such checkpoint.
        """
        networks = saved_run.load_networks(pathlib.Path(run_dir).expanduser(), checkpoint)
        return cls(networks.guiding, networks.generator, batch_size, resize)

    def guide(self, images: Images) -> tuple[np.ndarray, np.ndarray]:
        """Style codes `(N, style_dim)` and most likely pseudo-domains `(N,)` int32, in one pass."""
        outputs = [self._guide(x) for _, x in self._batches(images)]
        domains = np.concatenate([np.argmax(o.domain_logits, axis=-1) for o in outputs])
        return np.concatenate([o.style for o in outputs]), domains.astype(np.int32)

    def style(self, images: Images) -> np.ndarray:
        """Style codes `(N, style_dim)`."""
        return self.guide(images)[0]

    def domains(self, images: Images) -> np.ndarray:
        """Most likely pseudo-domains `(N,)` int32."""
        return self.guide(images)[1]

    def translate(self, sources: Images, references: Images) -> np.ndarray:
        """Redraws every source in the look of its reference.

        Args:
          sources: N images.
          references: As many, or a single one for all.

        Returns:
          uint8 `(N, S, S, 3)`.

        Raises:
          ValueError: The numbers do not fit.
        """
        return self.generate(sources, self.style(references))

    def generate(self, sources: Images, styles: np.ndarray) -> np.ndarray:
        """As `translate`, from style codes `(N, style_dim)`, or one `(style_dim,)` for all."""
        return np.concatenate(list(self.generate_batches(sources, styles)))

    def generate_batches(self, sources: Images, styles: np.ndarray) -> Iterator[np.ndarray]:
        """As `generate`, batch by batch, so that not all need fit into memory."""
        styles = np.atleast_2d(styles)
        if len(styles) not in (1, len(sources)):
            raise ValueError(
                f"There must be one style for all {len(sources)} sources or one for each; "
                f"received {len(styles)}."
            )
        if styles.shape[1] != self.style_dim:
            raise ValueError(
                f"The style codes have {self.style_dim} numbers in this run; received "
                f"{styles.shape[1]}: they are of another run."
            )
        styles = np.broadcast_to(styles, (len(sources), self.style_dim))
        for positions, x in self._batches(sources):
            yield pixels.to_bytes(self._generate(x, styles[positions]))

    def as_styles(self, styles: np.ndarray) -> np.ndarray:
        """Means, mixtures and samples `(N, style_dim)` as the guiding network would give them.

        That is on the unit sphere in runs with `--normalize_style`, and unchanged otherwise.
        """
        if not self.guiding.normalize_style:
            return styles
        return styles / np.maximum(np.linalg.norm(styles, axis=-1, keepdims=True), 1e-12)

    def read(self, pictures: Images) -> np.ndarray:
        """Pictures of any kind as uint8 squares `(N, S, S, 3)`."""
        if isinstance(pictures, np.ndarray | ImageSet):
            return pictures[:]
        return np.stack([self._read_one(picture) for picture in pictures])

    def _read_one(self, picture: str | pathlib.Path | Image.Image) -> np.ndarray:
        opened = isinstance(picture, Image.Image)
        rgb = pixels.upright_rgb(picture) if opened else pixels.open_rgb(picture)
        return pixels.square(rgb, self.image_size, self.resize)

    def _batches(self, images: Images) -> Iterator[tuple[slice, np.ndarray]]:
        """Positions and uint8 `(n, S, S, 3)`, the last batch smaller."""
        if not len(images):
            raise UserError("There are no images to work on.")
        for start in range(0, len(images), self._batch_size):
            positions = slice(start, min(start + self._batch_size, len(images)))
            x = self.read(images[positions])
            size = self.image_size
            if x.shape[1:] != (size, size, 3) or x.dtype != np.uint8:
                raise ValueError(
                    f"An array of images must be uint8 (N, {size}, {size}, 3); received {x.dtype} "
                    f"{x.shape}."
                )
            yield positions, x
