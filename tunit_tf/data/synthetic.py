"""The built-in procedural set: four looks times free shapes, with the truth about both.

A look (domain) is a color and a texture: vertical ember stripes, a moss checkerboard, horizontal
reef stripes, plain orchid. Content is what a translation must keep: one of six shapes, its place,
size and angle, and a gray background with its own light. `judge` finds look and content
from pixels alone, so translations can be scored by a rule that does not depend on a model.
"""

import colorsys
from typing import NamedTuple

import numpy as np

from tunit_tf.data.image_set import ImageSet

DOMAINS = ("ember", "moss", "reef", "orchid")
HUES = np.array([0.04, 0.32, 0.57, 0.83])  # turns of the hue circle, one per domain
TEXTURES = ("vertical", "checker", "horizontal", "plain")  # one per domain
SHAPES = ("disc", "square", "triangle", "star", "cross", "ring")
PERIODS = 6  # periods of a texture across the image
SUPERSAMPLING = 3
MIN_CHROMA = 0.22  # in [0, 1]; gray backgrounds have none, every foreground pixel has more
PLAIN_BELOW = 0.03  # mean brightness step between neighboring pixels, at 32 px
ORIENTED_ABOVE = 1.7  # ratio of horizontal and vertical brightness steps


class Verdict(NamedTuple):
    """What `judge` finds in n images.

    `domain`: `(n,)` int32, -1 where color and texture do not match or nothing is found;
    `mask`: `(n, S, S)` bool, the content.
    """

    domain: np.ndarray
    mask: np.ndarray


def generate(count: int, image_size: int, seed: int) -> ImageSet:
    """Draws `count` images; the same arguments give the same images.

    Args:
      count: Number of images; domains are equally likely.
      image_size: Side in pixels.
      seed: Seed of the random numbers.

    Returns:
      Labeled images with content masks.
    """
    rng = np.random.default_rng([seed, image_size])
    images = np.empty((count, image_size, image_size, 3), np.uint8)
    masks = np.empty((count, image_size, image_size), bool)
    labels = rng.integers(0, len(DOMAINS), count, dtype=np.int32)
    for i, label in enumerate(labels):
        images[i], masks[i] = draw(label, image_size, rng)
    names = tuple(f"synthetic/{DOMAINS[label]}/{i:05d}" for i, label in enumerate(labels))
    return ImageSet(images, np.arange(count), names, labels, DOMAINS, masks)


def draw(domain: int, image_size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draws one image of a domain with random content.

    Returns:
      uint8 `(S, S, 3)`, and the content mask `(S, S)` bool.
    """
    side = image_size * SUPERSAMPLING
    axis = (np.arange(side) + 0.5) / side
    x, y = np.meshgrid(axis, axis)  # in [0, 1], y downwards

    radius = rng.uniform(0.32, 0.42)
    center = rng.uniform(radius, 1 - radius, 2)
    angle = rng.uniform(0, 2 * np.pi)
    u, v = (x - center[0]) / radius, (y - center[1]) / radius
    u, v = u * np.cos(angle) + v * np.sin(angle), v * np.cos(angle) - u * np.sin(angle)
    inside = _inside(SHAPES[rng.integers(len(SHAPES))], u, v)

    # Background: gray, lit from one side.
    light = rng.uniform(0, 2 * np.pi)
    ramp = (x - 0.5) * np.cos(light) + (y - 0.5) * np.sin(light)
    gray = rng.uniform(0.35, 0.7) + rng.uniform(0.1, 0.35) * ramp
    canvas = np.repeat(np.clip(gray, 0.05, 0.95)[..., None], 3, axis=-1)

    # Foreground: dark and bright tone of one hue, a little brighter towards the light.
    hue = HUES[domain] + rng.uniform(-0.025, 0.025)
    phase = rng.uniform(0, 1, 2)
    bright = np.array(colorsys.hsv_to_rgb(hue % 1, rng.uniform(0.6, 0.75), 1.0))
    dark = np.array(colorsys.hsv_to_rgb(hue % 1, 0.9, rng.uniform(0.45, 0.55)))
    tone = _texture(TEXTURES[domain], x, y, phase)[..., None]
    color = (tone * bright + (1 - tone) * dark) * (0.94 + 0.12 * ramp)[..., None]

    canvas = np.where(inside[..., None], color, canvas)
    blocks = canvas.reshape(image_size, SUPERSAMPLING, image_size, SUPERSAMPLING, 3)
    image = np.clip(np.rint(255 * blocks.mean((1, 3))), 0, 255).astype(np.uint8)
    cover = inside.reshape(image_size, SUPERSAMPLING, image_size, SUPERSAMPLING).mean((1, 3))
    return image, cover >= 0.5


def _inside(shape: str, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Which points (in units of the radius, about the center) a shape covers."""
    distance, angle = np.hypot(u, v), np.arctan2(v, u)
    if shape == "disc":
        return distance < 0.9
    if shape == "square":
        return np.maximum(abs(u), abs(v)) < 0.75
    if shape == "triangle":
        return np.maximum.reduce([-v, (np.sqrt(3) * u + v) / 2, (v - np.sqrt(3) * u) / 2]) < 0.52
    if shape == "star":
        return distance < 0.72 + 0.26 * np.cos(5 * angle)
    if shape == "cross":
        return np.minimum(abs(u), abs(v)) < np.where(np.maximum(abs(u), abs(v)) < 0.95, 0.36, 0)
    return (distance < 1.0) & (distance > 0.4)  # ring


def _texture(texture: str, x: np.ndarray, y: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """Brightness in [0, 1] of a texture at points of the unit square."""
    if texture == "plain":
        return np.full_like(x, 0.75)
    stripe_x = np.sin(2 * np.pi * (PERIODS * x + phase[0])) > 0
    stripe_y = np.sin(2 * np.pi * (PERIODS * y + phase[1])) > 0
    stripes = {"vertical": stripe_x, "horizontal": stripe_y, "checker": stripe_x ^ stripe_y}
    return stripes[texture].astype(float)


def judge(images: np.ndarray) -> Verdict:
    """Finds look and content of images from their pixels alone.

    Content is what has color. The color's domain has the nearest hue; the texture's domain
    follows from brightness steps between neighboring content pixels, along x and along y.

    Args:
      images: uint8 `(n, S, S, 3)`.
    """
    rgb = images.astype(np.float64) / 255
    value = rgb.max(-1)
    chroma = value - rgb.min(-1)
    mask = chroma > MIN_CHROMA  # (n, S, S)

    # Hue of the mean color direction on the plane orthogonal to gray, weighted by chroma.
    alpha = rgb[..., 0] - (rgb[..., 1] + rgb[..., 2]) / 2
    beta = np.sqrt(3) / 2 * (rgb[..., 1] - rgb[..., 2])
    alpha, beta = (np.where(mask, a, 0).sum((1, 2)) for a in (alpha, beta))
    hue = np.arctan2(beta, alpha) / (2 * np.pi) % 1  # (n,)
    turn = abs(hue[:, None] - HUES)
    by_color = np.minimum(turn, 1 - turn).argmin(1)

    core = _erode(mask)
    step_x = _mean_step(value, core, axis=2)
    step_y = _mean_step(value, core, axis=1)
    ratio = (step_x + 1e-6) / (step_y + 1e-6)
    plain = PLAIN_BELOW * 32 / images.shape[1]
    by_texture = np.select(
        [step_x + step_y < 2 * plain, ratio > ORIENTED_ABOVE, ratio < 1 / ORIENTED_ABOVE],
        [TEXTURES.index(t) for t in ("plain", "vertical", "horizontal")],
        TEXTURES.index("checker"),
    )
    agreed = (by_color == by_texture) & mask.any((1, 2))
    return Verdict(np.where(agreed, by_color, -1).astype(np.int32), mask)


def _erode(mask: np.ndarray) -> np.ndarray:
    """Pixels of `(n, S, S)` whose four neighbors belong to the mask as well."""
    padded = np.pad(mask, ((0, 0), (1, 1), (1, 1)))
    return (
        mask
        & padded[:, 2:, 1:-1]
        & padded[:, :-2, 1:-1]
        & padded[:, 1:-1, 2:]
        & padded[:, 1:-1, :-2]
    )


def _mean_step(value: np.ndarray, mask: np.ndarray, axis: int) -> np.ndarray:
    """Mean absolute difference `(n,)` of neighbors along `axis`, both in the mask."""
    size = value.shape[axis]
    first, second = (np.arange(size - 1), np.arange(1, size))
    both = mask.take(first, axis) & mask.take(second, axis)
    step = abs(value.take(second, axis) - value.take(first, axis))
    return np.where(both, step, 0).sum((1, 2)) / np.maximum(both.sum((1, 2)), 1)


def intersection_over_union(mask: np.ndarray, other: np.ndarray) -> np.ndarray:
    """`(n,)` overlap of two `(n, S, S)` bool masks; 1 where both are empty."""
    union = (mask | other).sum((1, 2))
    return np.where(union == 0, 1.0, (mask & other).sum((1, 2)) / np.maximum(union, 1))
