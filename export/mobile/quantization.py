"""Smaller variants of a float32 .tflite file, by ai-edge-quantizer, with float32 in and out."""

import contextlib
import io
import warnings
from collections.abc import Iterable

import numpy as np
from ai_edge_quantizer import qtyping, quantizer
from ai_edge_quantizer.algorithm_manager import AlgorithmName
from ai_edge_quantizer.qtyping import TFLOperationName as Op

from export.mobile import conversion, operations

# What runs the model, and the variants it runs best, in order.
BEST_FOR = {
    "cpu": ("dynamic_int8", "static_int8", "float32", "weight_int8", "float16"),
    "gpu": ("float16", "float32", "weight_int8"),
    "npu": ("static_int8", "float16"),
}
CALIBRATED = "static_int8"
ALL, EVERYWHERE = Op.ALL_SUPPORTED, ".*"

# What static_int8 leaves in float32: the arithmetic of the norms. Squares and their means need more
# than 8 bits; in int8 they cost 13 dB (docs/decisions.md, 24).
IN_FLOAT = (Op.SUB, Op.MUL, Op.MEAN, Op.RSQRT, Op.ADD, Op.INPUT, Op.OUTPUT)

# One scale for each dense layer, not for each output: TensorFlow Lite 2.15 (`make compat`), of the
# age of the last on Maven Central, reads the first of several scales and computes nonsense.
DENSE = (qtyping.QuantGranularity.TENSORWISE,)


def quantize(
    content: bytes, variant: str, signature: str = "", samples: Iterable[dict[str, np.ndarray]] = ()
) -> bytes:
    """A variant of a float32 model.

    Args:
      content: The float32 .tflite file.
      variant: One of `VARIANTS`.
      signature: The model's signature, for calibration.
      samples: Inputs by name that show which values occur, for `static_int8`.
    """
    if variant == "float32":
        return content
    tool = quantizer.Quantizer(bytearray(content))
    if variant == "float16":
        tool.add_weight_only_config(EVERYWHERE, ALL, 16, algorithm_key=AlgorithmName.FLOAT_CASTING)
    elif variant == "dynamic_int8":
        tool.add_dynamic_config(EVERYWHERE, ALL, 8)
        tool.add_dynamic_config(EVERYWHERE, Op.FULLY_CONNECTED, 8, *DENSE)
    elif variant == "weight_int8":
        tool.add_weight_only_config(EVERYWHERE, ALL, 8)
    else:
        tool.add_static_config(EVERYWHERE, ALL, activation_num_bits=8, weight_num_bits=8)
        for op in IN_FLOAT:
            tool.update_quantization_recipe(EVERYWHERE, op, algorithm_key=AlgorithmName.NO_QUANTIZE)
        # Pooling in the norms; the only other pool, which moves pixels, may be int8.
        tool.update_quantization_recipe(
            operations.MEAN, Op.AVERAGE_POOL_2D, algorithm_key=AlgorithmName.NO_QUANTIZE
        )
        tool.add_dynamic_config(EVERYWHERE, Op.FULLY_CONNECTED, 8, *DENSE)
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):  # progress bars
        warnings.simplefilter("ignore")  # calibration keeps all tensors, and LiteRT warns of that
        ranges = tool.calibrate({signature: samples}) if variant == CALIBRATED else None
        result = tool.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    # Its constants lie behind the flatbuffer, where runtimes of 2023 do not look.
    model = conversion.read(bytes(result.quantized_model))
    conversion.name_by_signature(model)
    return conversion.write(model)
