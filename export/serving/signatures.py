"""The public functions of an exported model, from encoded bytes or float images to translations."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tunit_tf.inference.translator import Translator
from tunit_tf.io import pixels, value_range

Size = tuple[tf.Tensor, tf.Tensor]  # height and width, int64


class Endpoint(NamedTuple):
    """A function from tensors to a dict of named tensors, and the specs of its inputs."""

    function: Callable[..., dict[str, tf.Tensor]]
    inputs: list[tf.TensorSpec]


def endpoints(translator: Translator, resize: str, max_pixels: int) -> dict[str, Endpoint]:
    """The signatures of a SavedModel.

    `serving_default`: `image_bytes` and `reference_bytes` `(N,)` strings, pictures of any size as
    JPEG, PNG or WebP, to `translated_bytes` `(N,)`, PNG of `(S, S)` pixels.
    `encode`: `image` `(N, S, S, 3)` to `style` `(N, style_dim)`, `domain_probabilities` `(N, K)`.
    `generate`: `image` and `style` to `translated` `(N, S, S, 3)`.
    `translate`: `image` and `reference` to `translated`.
    Float images are in [-1, 1]. Every example is independent of the others in its batch.

    Args:
      translator: Networks.
      resize: How pictures become squares, `crop` or `stretch`.
      max_pixels: Largest picture that is decoded.
    """
    size, guiding, generator = translator.image_size, translator.guiding, translator.generator

    def encode(image: tf.Tensor) -> dict[str, tf.Tensor]:
        output = guiding(image, training=False)
        return {
            "style": output.style,
            "domain_probabilities": tf.nn.softmax(output.domain_logits),
        }

    def generate(image: tf.Tensor, style: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"translated": generator(image, style)}

    def translate(image: tf.Tensor, reference: tf.Tensor) -> dict[str, tf.Tensor]:
        return generate(image, encode(reference)["style"])

    def serving_default(image_bytes: tf.Tensor, reference_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        tf.debugging.assert_equal(
            tf.size(image_bytes),
            tf.size(reference_bytes),
            "image_bytes and reference_bytes must have as many pictures",
        )
        squares = [
            decode_squares(encoded, name, size, resize, max_pixels)
            for encoded, name in (
                (image_bytes, "image_bytes"),
                (reference_bytes, "reference_bytes"),
            )
        ]
        translated = translate(*squares)["translated"]
        drawn = value_range.to_bytes(translated)
        return {
            "translated_bytes": tf.map_fn(
                tf.io.encode_png, drawn, fn_output_signature=tf.TensorSpec((), tf.string)
            )
        }

    def picture(name: str) -> tf.TensorSpec:
        return tf.TensorSpec((None, size, size, 3), tf.float32, name)

    def encoded(name: str) -> tf.TensorSpec:
        return tf.TensorSpec((None,), tf.string, name)

    style = tf.TensorSpec((None, translator.style_dim), tf.float32, "style")
    return {
        "serving_default": Endpoint(
            serving_default, [encoded("image_bytes"), encoded("reference_bytes")]
        ),
        "encode": Endpoint(encode, [picture("image")]),
        "generate": Endpoint(generate, [picture("image"), style]),
        "translate": Endpoint(translate, [picture("image"), picture("reference")]),
    }


def decode_squares(
    encoded: tf.Tensor, name: str, size: int, resize: str, max_pixels: int
) -> tf.Tensor:
    """Encoded pictures `(N,)` as squares `(N, size, size, 3)` in [-1, 1].

    Grayscale becomes RGB and transparency white, as in training. EXIF rotation and color profiles
    are not applied, since TensorFlow does not read them; GIF and BMP are refused, since it ignores
    the transparency of the first and the palette of the second.

    Args:
      encoded: JPEG, PNG or WebP.
      name: Name of the input, for the message of an error.
      size: Side of the squares in pixels.
      resize: `crop` or `stretch`.
      max_pixels: Largest picture that is decoded.

    Raises:
      tf.errors.InvalidArgumentError: In the graph; a picture cannot be decoded. The message has
        the input's name and the picture's index.
    """

    def one(indexed: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        index, content = indexed
        picture = _decoded_or_empty(content, max_pixels)
        message = tf.strings.format(
            f"{name}[{{}}] cannot be decoded: it is not a whole JPEG, PNG or WebP, or "
            f"has more than {max_pixels} pixels",
            index,
        )
        with tf.control_dependencies([tf.debugging.Assert(tf.size(picture) > 0, [message])]):
            picture = tf.identity(picture)
        return _square(_opaque_rgb(picture), size, resize)

    return tf.map_fn(
        one,
        (tf.range(tf.size(encoded)), encoded),
        fn_output_signature=tf.TensorSpec((size, size, 3), tf.float32),
    )


def _decoded_or_empty(content: tf.Tensor, max_pixels: int) -> tf.Tensor:
    """uint8 `(H, W, C)`, or an empty tensor for what cannot be decoded.

    A graph cannot catch the error of a decoder, but a data set can leave the element out.
    """

    def decode(content: tf.Tensor) -> tf.Tensor:
        height, width = _header_size(content)
        allowed = (height > 0) & (width > 0) & (height * width <= max_pixels)
        with tf.control_dependencies([tf.debugging.Assert(allowed, [height, width])]):
            content = tf.identity(content)
        return tf.io.decode_image(content, channels=0, expand_animations=False)

    nothing = tf.data.Dataset.from_tensors(tf.zeros((0, 0, 0), tf.uint8))
    picture = tf.data.Dataset.from_tensors(content).map(decode).ignore_errors()
    # Not Dataset.reduce: it prepares its function again in every call, 80 ms against 0.5.
    return picture.concatenate(nothing).take(1).get_single_element()


def _header_size(content: tf.Tensor) -> Size:
    """Height and width, int64, that a picture's header claims; nothing is decoded.

    Raises an error in the graph for an unknown or cut header.
    """

    def number(start: int, count: int, big_endian: bool = False) -> tf.Tensor:
        """Unsigned integer of `count` bytes."""
        octets = tf.cast(
            tf.io.decode_raw(tf.strings.substr(content, start, count), tf.uint8), tf.int64
        )
        octets = tf.ensure_shape(octets, (count,))
        octets = octets if big_endian else octets[::-1]
        return tf.reduce_sum(octets * [256 ** (count - 1 - i) for i in range(count)])

    def starts(prefix: bytes, at: int = 0) -> tf.Tensor:
        return tf.strings.substr(content, at, len(prefix)) == prefix

    def jpeg() -> Size:
        shape = tf.cast(tf.io.extract_jpeg_shape(content), tf.int64)
        return shape[0], shape[1]

    def png() -> Size:
        return number(20, 4, True), number(16, 4, True)

    def webp() -> Size:
        lossless = number(21, 4)
        return tf.case(
            [
                (starts(b"VP8X", 12), lambda: (number(27, 3) + 1, number(24, 3) + 1)),
                (
                    starts(b"VP8L", 12),
                    lambda: (lossless // 2**14 % 2**14 + 1, lossless % 2**14 + 1),
                ),
            ],
            default=lambda: (number(28, 2) % 2**14, number(26, 2) % 2**14),
        )

    return tf.case(
        [
            (starts(b"\xff\xd8\xff"), jpeg),
            (starts(b"\x89PNG\r\n\x1a\n"), png),
            (starts(b"RIFF") & starts(b"WEBP", 8), webp),
        ],
        default=lambda: (tf.constant(0, tf.int64), tf.constant(0, tf.int64)),
        exclusive=True,
    )


def _opaque_rgb(picture: tf.Tensor) -> tf.Tensor:
    """float32 `(H, W, 3)` in [0, 255] of uint8 with 1 to 4 channels; transparency is white."""
    channels = tf.shape(picture)[-1]
    picture = tf.cast(picture, tf.float32)
    colors = tf.cond(
        channels >= 3, lambda: picture[..., :3], lambda: tf.repeat(picture[..., :1], 3, axis=-1)
    )
    alpha = tf.cond(
        (channels == 2) | (channels == 4),
        lambda: picture[..., -1:] / 255.0,
        lambda: tf.ones_like(picture[..., :1]),
    )
    white = tf.constant(pixels.BACKGROUND, tf.float32)
    return tf.ensure_shape(colors * alpha + white * (1.0 - alpha), (None, None, 3))


def _square(picture: tf.Tensor, size: int, resize: str) -> tf.Tensor:
    """`(size, size, 3)` in [-1, 1], antialiased, of `(H, W, 3)` in [0, 255]."""
    if resize == "crop":
        shape = tf.shape(picture)
        side = tf.minimum(shape[0], shape[1])
        top, left = (shape[0] - side) // 2, (shape[1] - side) // 2
        picture = picture[top : top + side, left : left + side]
    picture = tf.image.resize(picture, (size, size), "bicubic", antialias=True)
    # Rounded to bytes, as decoded training images are.
    return value_range.from_bytes(tf.round(tf.clip_by_value(picture, 0.0, 255.0)))
