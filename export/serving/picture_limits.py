"""How a served model reads pictures; constants that need no TensorFlow."""

RESIZE = ("crop", "stretch")
DEFAULT_MAX_PIXELS = 2**25  # 33 megapixels, 100 MB decoded
