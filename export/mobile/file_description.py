"""Signatures of a pair's .tflite files, and the meaning of their tensors."""

import json
from typing import Any

from export.manifest import FORMAT
from export.mobile import conversion, metadata
from export.mobile.conversion import ENCODE, GENERATE, ROLES
from tunit_tf.inference.translator import Translator

VALUE_RANGE = (-1.0, 1.0)
AUTHOR = "made with tunit_tf"


def signatures(translator: Translator) -> dict[str, dict[str, dict[str, list[int]]]]:
    """{signature: {`inputs` or `outputs`: {name: shape}}}; all tensors are float32."""
    shapes = conversion.input_shapes(translator)
    outputs: dict[str, dict[str, tuple[int, ...]]] = {
        ENCODE: {
            "style": (1, translator.style_dim),
            "domain_probabilities": (1, translator.num_domains),
        },
        GENERATE: {"translated": shapes[GENERATE]["image"]},
    }
    return {
        name: {
            "inputs": {k: list(shape) for k, shape in shapes[name].items()},
            "outputs": {k: list(shape) for k, shape in outputs[name].items()},
        }
        for name in shapes
    }


def describe(described: dict[str, Any], signature: str, variant: str) -> metadata.Description:
    """The metadata of one file.

    Args:
      described: Fields of the manifest, as `run_description.describe` returns them.
      signature: `encode` or `generate`.
      variant: One of `VARIANTS`.
    """
    size, step = described["image_size"], json.dumps(described["step"])
    if signature == ENCODE:
        text = "Style code and pseudo-domain of an image (TUNIT's guiding network)."
    else:
        text = "Redraws an image in a style (TUNIT's generator)."
    return metadata.Description(
        name=f"TUNIT {ROLES[signature]}, {variant}",
        text=f"{text} {size} px, step {step}.",
        version=f"{FORMAT}.{step}",
        author=AUTHOR,
        license=described["licence"] or "not stated",
        tensors=_tensors(described, signature),
    )


def _tensors(described: dict[str, Any], signature: str) -> dict[str, metadata.Tensor]:
    unit = VALUE_RANGE if described["style_on_unit_sphere"] else None
    style = metadata.Tensor("Style code: a look, computed once for a reference.", value_range=unit)

    def image(text: str) -> metadata.Tensor:
        size = described["image_size"]
        return metadata.Tensor(text, image_size=size, value_range=VALUE_RANGE)

    if signature == ENCODE:
        labels = tuple(f"domain {k}" for k in range(described["num_domains"]))
        return {
            "image": image("Square RGB picture whose look is wanted, in [-1, 1]."),
            "style": style,
            "domain_probabilities": metadata.Tensor(
                "Probability of every pseudo-domain.", value_range=(0.0, 1.0), labels=labels
            ),
        }
    return {
        "image": image("Square RGB picture to redraw, in [-1, 1]."),
        "style": style,
        "translated": image("The picture redrawn, in [-1, 1]."),
    }
