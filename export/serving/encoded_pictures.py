"""Picture files as the bytes that a served model decodes."""

import io
import pathlib

from PIL import Image

from tunit_tf.errors import UserError
from tunit_tf.io import pixels

DECODED_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")  # by TensorFlow
DECODED_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
ORIENTATION = 0x0112  # EXIF tag; 1 is upright


def read(path: pathlib.Path) -> bytes:
    """The content of a picture file, or the picture as PNG where TensorFlow would not read it.

    TensorFlow reads neither EXIF rotation nor TIFF nor, for example, CMYK. The whole picture is
    decoded here, so that a broken one is found before it spoils a request with others.

    Raises:
      UserError: It cannot be read.
    """
    try:
        if not path.is_file():  # reading a pipe would block
            raise OSError("it is not a file")
        content = path.read_bytes()
        rgb = pixels.open_rgb(path)
        with Image.open(io.BytesIO(content)) as picture:
            if (
                picture.format in DECODED_FORMATS
                and picture.mode in DECODED_MODES
                and picture.getexif().get(ORIENTATION, 1) == 1
            ):
                return content
        buffer = io.BytesIO()
        rgb.save(buffer, format="PNG")
        return buffer.getvalue()
    # Pillow's decoders raise many kinds of errors on broken files.
    except Exception as error:
        raise UserError(f"{path} cannot be read ({error}).") from None
