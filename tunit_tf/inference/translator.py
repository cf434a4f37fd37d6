"""Inference with a trained pair of networks: style codes, pseudo-domains, translations."""

import pathlib
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf
from PIL import Image

from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError
from tunit_tf.inference import masking, run_folder
from tunit_tf.inference import photograph as photographs
from tunit_tf.inference.masking import Masks
from tunit_tf.inference.photograph import Region, Settings
from tunit_tf.io import pixels, value_range
from tunit_tf.networks import Generator, GuidingNetwork
from tunit_tf.networks.guiding import GuidingOutput
from tunit_tf.paths import user_path

# Squares of the networks' size as an array, or pictures of any size as files or opened ones.
Images = np.ndarray | ImageSet | Sequence[str | pathlib.Path | Image.Image]


class Translator:
    """Translates images into the style of reference images.

    A translation keeps the content of the source (pose, shape, background) and takes the style of
    the reference (color, texture). The guiding network encodes images as style codes and assigns
    them to pseudo-domains; the generator draws a source in the style of a code.

    Arguments named `images`, `sources` or `references` are one of:

    - a uint8 array `(N, S, S, 3)` of squares with the side S of the networks,
    - a list of file names and opened PIL pictures of any size and mode, which are cut to squares,
    - an `ImageSet`, as `tunit_tf.data` makes them.

    With `masks`, only what they mark is redrawn, and all other pixels are those of the sources.
    They are one of:

    - a uint8 or bool array `(N, S, S)`, 255 or True where a source is redrawn,
    - a list of file names and opened PIL pictures, white where a source is redrawn, with the
      aspect ratio of the source,
    - `"alpha"`: the alpha channels of the sources, which are pictures then.

    Args:
      guiding: Guiding network, usually the averaged one of a run.
      generator: Generator of the same run.
      batch_size: Number of images computed at once. It bounds the memory, not the results.
      resize: How pictures become squares: `"crop"` cuts the center, `"stretch"` changes the aspect
        ratio, `"letterbox"` fills the margins with the mirrored picture.
      detail: How much of a photograph's own detail `redraw` returns, in 0..1, where it is not told.

    Attributes:
      image_size: Side S of the squares in pixels.
      num_domains: Number K of pseudo-domains.
      style_dim: Length of a style code.
      resize: As given.
      detail: As given.
      guiding: The guiding network, a Keras model.
      generator: The generator, a Keras model.

    Example:
    ```python
    from PIL import Image
    from tunit_tf import Translator

    translator = Translator.load("runs/mine")
    translator.redraw("cat.jpg", "fox.jpg").save("cat_as_fox.jpg")  # at the photograph's size

    # Many pictures, as squares of the networks' size:
    translated = translator.translate(["cat.jpg", "dog.jpg"], ["fox.jpg"])  # uint8 (2, S, S, 3)
    Image.fromarray(translated[0]).save("square.png")

    # Halfway between the style of the cat and that of the fox:
    styles = translator.style(["cat.jpg", "fox.jpg"])
    half = translator.generate(["cat.jpg"], translator.as_styles(styles.mean(0)))
    ```
    """

    def __init__(
        self,
        guiding: GuidingNetwork,
        generator: Generator,
        batch_size: int = 32,
        resize: str = "crop",
        detail: float = 1.0,
    ) -> None:
        self.guiding, self.generator = guiding, generator
        self.image_size = generator.image_size
        self.num_domains = guiding.num_domains
        self.style_dim = guiding.style_dim
        self.resize = resize
        self.detail = detail
        self._batch_size = batch_size
        dtype = guiding.variable_dtype
        x = tf.TensorSpec((None, self.image_size, self.image_size, 3), tf.uint8)
        s = tf.TensorSpec((None, self.style_dim), dtype)

        @tf.function(input_signature=[x])
        def guide(x: tf.Tensor) -> GuidingOutput:
            return guiding(tf.cast(value_range.from_bytes(x), dtype), training=False)

        @tf.function(input_signature=[x, s])
        def generate(x: tf.Tensor, s: tf.Tensor) -> tf.Tensor:
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
        """Loads the averaged networks of a run.

        Args:
          run_dir: Folder of a finished or running run.
          checkpoint: `"newest"`, or `"best"` by the metric of the run.
          batch_size: Number of images computed at once.
          resize: How pictures become squares: `"crop"`, `"stretch"` or `"letterbox"`.

        Returns:
          A `Translator`.

        Raises:
          UserError: It is not a run folder, or has no such checkpoint.
        """
        networks = run_folder.load_networks(user_path(run_dir, "run_dir"), checkpoint)
        detail = networks.config.detail
        return cls(networks.guiding, networks.generator, batch_size, resize, detail)

    def guide(self, images: Images) -> tuple[np.ndarray, np.ndarray]:
        """Encodes images as style codes and pseudo-domains, in one pass.

        Args:
          images: N images.

        Returns:
          Style codes `(N, style_dim)` and most likely pseudo-domains `(N,)` int32.

        Raises:
          UserError: There are no images.
          ValueError: An array has the wrong shape or dtype.
        """
        outputs = [self._guide(x) for _, x in self._batches(images)]
        domains = np.concatenate([np.argmax(o.domain_logits, axis=-1) for o in outputs])
        return np.concatenate([o.style for o in outputs]), domains.astype(np.int32)

    def style(self, images: Images) -> np.ndarray:
        """Encodes N images as style codes `(N, style_dim)`; see `guide`."""
        return self.guide(images)[0]

    def domains(self, images: Images) -> np.ndarray:
        """Assigns N images to pseudo-domains `(N,)` int32, in 0..K-1; see `guide`."""
        return self.guide(images)[1]

    def translate(
        self,
        sources: Images,
        references: Images,
        masks: Masks | None = None,
        feather: int | None = None,
    ) -> np.ndarray:
        """Translates every source into the style of its reference.

        Args:
          sources: N images whose content is kept.
          references: N images whose style is taken, or a single one for all sources.
          masks: Where the sources are redrawn; None redraws all pixels.
          feather: Pixels inside of a mask's edge over which it is mixed with the source; None is
            S/32.

        Returns:
          Translations, uint8 `(N, S, S, 3)`.

        Raises:
          ValueError: There is neither one reference nor one per source, or an array has the wrong
            shape or dtype.
          UserError: There are no images.
        """
        return self.generate(sources, self.style(references), masks, feather)

    def redraw(
        self,
        photograph: str | pathlib.Path | Image.Image | np.ndarray,
        reference: str | pathlib.Path | Image.Image | np.ndarray,
        region: str | tuple[float, float, float, float] | None = None,
        mask: np.ndarray | str | pathlib.Path | Image.Image | None = None,
        detail: float | None = None,
        colors_only: bool = False,
        feather: int | None = None,
    ) -> Image.Image:
        """Redraws a photograph in the look of a reference, at its own size and sharp.

        All of the picture is redrawn, not only its center: the network sees it with mirrored
        margins, or squeezed to a square with `resize="stretch"`. `tunit_tf.inference.detail`
        says how its small translation and the photograph become the result.

        Args:
          photograph: File, opened picture or uint8 `(H, W, 3)`.
          reference: File, opened picture, or a square uint8 `(S, S, 3)`, whose style is taken.
          region: The part that is redrawn, as (x, y, width, height) in pixels, or as text in pixels
            or percent (`"10%,5%,50%,50%"`); None is the whole picture.
          mask: What is redrawn within it: uint8 or bool `(H, W)`, a file or opened picture of the
            photograph's aspect ratio, white where it is redrawn, or `"alpha"`.
          detail: From 0, the enlarged translation, to 1, all detail of the photograph; None is the
            setting of the run.
          colors_only: Takes only colors from the translation, and textures from the photograph.
          feather: Pixels inside of the edge of region or mask over which the change fades; None is
            a 32nd of the shorter side of what is redrawn.

        Returns:
          A picture of the photograph's size, RGB, or RGBA if it has transparency, in sRGB.

        Raises:
          OSError: A file cannot be read.
          UserError: The region or mask does not fit the photograph.
          ValueError: An array has the wrong shape or dtype, or a number is out of range.
        """
        for name, value, bounds in (
            ("detail", detail, photographs.DETAIL), ("feather", feather, photographs.FEATHER)
        ):  # fmt: skip
            if value is not None:
                bounds.check(name, value)
        place = None
        if region is not None:
            place = Region.parse(region if isinstance(region, str) else ",".join(map(str, region)))
        settings = Settings(self.detail if detail is None else detail, colors_only, feather)
        subject = photographs.read(photograph, place)
        shares = None
        if mask is not None:
            marked = masking.opened(mask, photograph, subject.size)
            shares = masking.shares_of(marked, subject, feather)
        square = subject.square(self.image_size, self.resize)
        look = reference[None] if isinstance(reference, np.ndarray) else [reference]
        translation = self.generate(square.image[None], self.style(look))[0]
        return subject.redrawn(square, translation, settings, shares)

    def generate(
        self,
        sources: Images,
        styles: np.ndarray,
        masks: Masks | None = None,
        feather: int | None = None,
    ) -> np.ndarray:
        """Translates every source into the style of a code.

        Args:
          sources: N images whose content is kept.
          styles: Style codes `(N, style_dim)`, or one `(style_dim,)` for all sources, from `style`
            or `as_styles`.
          masks: Where the sources are redrawn; None redraws all pixels.
          feather: Pixels inside of a mask's edge over which it is mixed with the source; None is
            S/32.

        Returns:
          Translations, uint8 `(N, S, S, 3)`.

        Raises:
          ValueError: The number of style codes or masks, or the length or shape of one, does not
            fit.
          UserError: There are no images, or a mask does not fit its source.
        """
        return np.concatenate(list(self.generate_batches(sources, styles, masks, feather)))

    def generate_batches(
        self,
        sources: Images,
        styles: np.ndarray,
        masks: Masks | None = None,
        feather: int | None = None,
    ) -> Iterator[np.ndarray]:
        """Yields what `generate` returns in batches, for more images than fit into memory."""
        styles = np.atleast_2d(styles)
        if len(styles) not in (1, len(sources)):
            raise ValueError(
                f"There must be one style for all {len(sources)} sources or one for each; "
                f"received {len(styles)}."
            )
        if styles.shape[1] != self.style_dim:
            raise ValueError(
                f"The style codes have {self.style_dim} numbers in this run; received "
                f"{styles.shape[1]}: they are from another run."
            )
        if not isinstance(masks, str | None) and len(masks) != len(sources):
            raise ValueError(
                f"There must be one mask per source; received {len(masks)} for {len(sources)}."
            )
        styles = np.broadcast_to(styles, (len(sources), self.style_dim))
        for positions, x in self._batches(sources):
            drawn = pixels.to_bytes(self._generate(x, styles[positions]))
            if masks is not None:
                chosen = masks if isinstance(masks, str) else masks[positions]
                shown = masking.read(chosen, sources[positions], self.image_size, self.resize)
                whole = photographs.Box(0, 0, self.image_size, self.image_size)
                width = photographs.feather_of(whole, feather)
                drawn = photographs.mixed(x, drawn, masking.weights(shown, width))
            yield drawn

    def as_styles(self, styles: np.ndarray) -> np.ndarray:
        """Maps means, mixtures and samples of style codes to valid style codes.

        Args:
          styles: `(N, style_dim)` or `(style_dim,)`.

        Returns:
          The same shape: projected to the unit sphere in runs with `--normalize_style`, unchanged
          otherwise.
        """
        if not self.guiding.normalize_style:
            return styles
        return styles / np.maximum(np.linalg.norm(styles, axis=-1, keepdims=True), 1e-12)

    def read(self, pictures: Images) -> np.ndarray:
        """Reads N pictures of any kind as uint8 squares `(N, S, S, 3)`."""
        if isinstance(pictures, np.ndarray | ImageSet):
            return pictures[:]
        return np.stack(
            [
                pixels.square(pixels.open_rgb(picture), self.image_size, self.resize)
                for picture in pictures
            ]
        )

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
