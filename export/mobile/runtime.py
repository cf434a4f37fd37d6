"""Runs the pair as a phone does: LiteRT, NumPy and Pillow, no TensorFlow."""

import contextlib
import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from tunit_tf.io import pixels
from tunit_tf.paths import content_of

ENCODE, GENERATE = "encode", "generate"  # signatures
ROLES = {ENCODE: "encoder", GENERATE: "generator"}  # which file has which
INPUTS = {ENCODE: {"image"}, GENERATE: {"image", "style"}}
DAMAGED = "the file is damaged; copy or export it again."


class ModelError(ValueError):
    """A file is not there, or not the model it should be; the message names it."""


class Model:
    """A .tflite file with one signature, called with named arrays.

    Args:
      model: Path, or the file's bytes.
      signature: Which signature it must have.
      threads: Number of CPU threads.

    Attributes:
      input_shapes: {input: its shape}.
      output_shapes: {output: its shape}.

    Raises:
      ModelError: It is not such a file, or is damaged.
    """

    def __init__(self, model: pathlib.Path | bytes, signature: str, threads: int = 1) -> None:
        self._name = str(model) if isinstance(model, pathlib.Path) else "the model"
        try:
            content = content_of(model) if isinstance(model, pathlib.Path) else model
        except OSError as error:
            raise ModelError(f"{self._name} cannot be read ({error.strerror}).") from None
        try:
            self._interpreter = Interpreter(model_content=content, num_threads=threads)
        except ValueError:
            raise ModelError(f"{self._name} is not a .tflite file.") from None
        found = list(self._interpreter.get_signature_list())
        if found != [signature]:
            raise ModelError(
                f"{self._name} has the signatures {found}, not '{signature}': is it the other file "
                "of the pair?"
            )
        with self._damage():
            self._run = self._interpreter.get_signature_runner(signature)
            self.input_shapes = _shapes(self._run.get_input_details())
            self.output_shapes = _shapes(self._run.get_output_details())
        if set(self.input_shapes) != INPUTS[signature]:
            raise ModelError(f"{self._name} takes {sorted(self.input_shapes)}, {DAMAGED}")

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by name, of float32 inputs by name.

        Raises:
          ModelError: The file is damaged.
        """
        with self._damage():
            return self._run(**inputs)

    @contextlib.contextmanager
    def _damage(self) -> Iterator[None]:
        """Turns what LiteRT raises for a damaged file into a sentence."""
        try:
            yield
        except (RuntimeError, ValueError, KeyError, IndexError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
            raise ModelError(f"LiteRT cannot run {self._name} ({reason}); {DAMAGED}") from None

    @property
    def partitions(self) -> int:
        """Stretches of the graph that a delegate runs."""
        operations = self._interpreter._get_ops_details()  # there is no public way
        return sum(operation["op_name"] == "DELEGATE" for operation in operations)


class Pair:
    """Encoder and generator of one model.

    Args:
      encoder: File, or its bytes.
      generator: File, or its bytes.
      threads: Number of CPU threads.

    Raises:
      ModelError: One is broken, or they do not belong together.
    """

    def __init__(
        self, encoder: pathlib.Path | bytes, generator: pathlib.Path | bytes, threads: int = 1
    ) -> None:
        self.encoder = Model(encoder, ENCODE, threads)
        self.generator = Model(generator, GENERATE, threads)
        self.image_size = self.generator.input_shapes["image"][1]
        if self.encoder.input_shapes["image"] != self.generator.input_shapes["image"]:
            raise ModelError(
                f"The encoder takes images of {self.encoder.input_shapes['image'][1]} pixels, the "
                f"generator of {self.image_size}: they are of different models."
            )
        lengths = self.encoder.output_shapes["style"][-1], self.generator.input_shapes["style"][-1]
        if lengths[0] != lengths[1]:
            raise ModelError(
                f"The encoder gives style codes of {lengths[0]} numbers, the generator takes "
                f"{lengths[1]}: they are of different models."
            )

    def style(self, square: np.ndarray) -> np.ndarray:
        """Style code `(1, style_dim)` of a uint8 `(S, S, 3)` image."""
        return self.encoder(image=pixels.from_bytes(square[None]))["style"]

    def generate(self, square: np.ndarray, style: np.ndarray) -> np.ndarray:
        """A uint8 `(S, S, 3)` image redrawn in a style, uint8 `(S, S, 3)`."""
        return pixels.to_bytes(self.generate_float(square, style))

    def generate_float(self, square: np.ndarray, style: np.ndarray) -> np.ndarray:
        """As `generate`, float32 in [-1, 1]."""
        inputs = {"image": pixels.from_bytes(square[None]), "style": style.reshape(1, -1)}
        return self.generator(**inputs)["translated"][0]


def _shapes(details: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(map(int, detail["shape"])) for name, detail in details.items()}
