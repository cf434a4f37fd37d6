"""Text and code for the model card that show how to load the files of an export."""

import string

from export.manifest import Example, Variant

PICTURE, LOOK = "picture.jpg", "look.jpg"  # names in the code where there are no examples

PAIR = string.Template("""In Python (`pip install ai-edge-litert numpy pillow`):

```python
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps


def read(name):
    square = ImageOps.fit(Image.open(name).convert("RGB"), ($size, $size))
    return np.asarray(square, np.float32)[None] / 127.5 - 1


encode = Interpreter("$encoder").get_signature_runner("encode")
generate = Interpreter("$generator").get_signature_runner("generate")
style = encode(image=read("$look"))["style"]
translated = generate(image=read("$picture"), style=style)["translated"][0]
values = np.clip(np.rint((translated + 1) * 127.5), 0, 255).astype(np.uint8)
Image.fromarray(values).save("translated.png")
```

On a phone and in a browser, with a clone of tunit-tf and this folder as `MODELS`:
`make android MODELS=FOLDER` writes an app, `make web MODELS=FOLDER` serves a page that translates
on the visitor's machine. In a program of your own, LiteRT (Android, iOS, C++) and LiteRT.js run the
files; the signatures are `encode` and `generate`.""")

SAVED_MODEL = string.Template("""In Python (`pip install tensorflow`):

```python
import tensorflow as tf

model = tf.saved_model.load(".")
translate = model.signatures["serving_default"]
picture, look = (tf.constant([open(name, "rb").read()]) for name in ("$picture", "$look"))
drawn = translate(image_bytes=picture, reference_bytes=look)["translated_bytes"][0]
open("translated.png", "wb").write(drawn.numpy())
```

The folder is a version of a model for TensorFlow Serving:
`tensorflow_model_server --model_name=tunit --model_base_path=THE_FOLDER_ABOVE`. Phones and browsers
take the files that `python -m export.tflite` writes for the same run.""")


def code_for_pair(variant: Variant | None, size: int, examples: list[Example]) -> str:
    """Markdown for a pair of .tflite files; its code runs in the folder.

    Args:
      variant: The pair that the code loads; None if none is shipped.
      size: Side of the squares in pixels.
      examples: Pictures that the code translates, if there are any.
    """
    if variant is None:
        return "No variant is near enough to the networks to be shipped."
    return PAIR.substitute(
        size=size, encoder=variant.encoder, generator=variant.generator, **_named(examples)
    )


def code_for_saved_model(examples: list[Example]) -> str:
    """Markdown for a SavedModel; its code runs in the version's folder."""
    return SAVED_MODEL.substitute(_named(examples))


def _named(examples: list[Example]) -> dict[str, str]:
    names = {"picture": PICTURE, "look": LOOK}
    return names | {one.role: one.file for one in reversed(examples)}
