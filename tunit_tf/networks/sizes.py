"""Image sizes the networks are made for, and the paper's widths for them."""

from tunit_tf.config import IMAGE_SIZES


def check_image_size(image_size: int) -> int:
    """Returns `image_size` if it is a power of two from 32 to 512, else raises ValueError."""
    if image_size not in IMAGE_SIZES:
        raise ValueError(
            f"image_size must be a power of two from 32 to 512, one of {IMAGE_SIZES}; "
            f"received {image_size}."
        )
    return image_size


def paper_channels(image_size: int) -> int:
    """Base width of generator and discriminator: 64 below 256 px, 32 from there."""
    return 64 if image_size < 256 else 32
