"""Variants: smaller, close, float32 outside."""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from export.mobile import conversion, operations, quantization, variants
from export.mobile.runtime import Pair
from export.options import VARIANTS
from tunit_tf.data import synthetic


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_takes_and_gives_float32(pair_folder, variant):
    for role in ("encoder", "generator"):
        interpreter = Interpreter(str(pair_folder / f"{role}_{variant}.tflite"))
        for details in interpreter.get_input_details() + interpreter.get_output_details():
            assert details["dtype"] == np.float32
            assert details["shape"][0] == 1


@pytest.mark.parametrize(
    ("variant", "share"),
    [("float16", 0.5), ("dynamic_int8", 0.25), ("weight_int8", 0.25), ("static_int8", 0.25)],
)
def test_weights_take_their_share_of_the_bytes(rng, variant, share):
    """On a layer large enough for the graph not to count."""
    kernel = rng.standard_normal((3, 3, 128, 128)).astype(np.float32)

    def convolve(x):
        return {"y": operations.convolve(x, kernel)}

    content = conversion.convert(convolve, "convolve", {"x": (1, 8, 8, 128)})
    samples = [{"x": rng.standard_normal((1, 8, 8, 128)).astype(np.float32)}]
    small = quantization.quantize(content, variant, "convolve", samples)
    assert share * kernel.nbytes <= len(small) < 1.05 * share * kernel.nbytes


def test_quality_knows_equal_images_and_a_known_error(rng):
    x = rng.uniform(-0.9, 0.9, (3, 32, 32, 3)).astype(np.float32)
    assert variants.compare(x, x).ssim == pytest.approx(1.0)
    measured = variants.compare(x + np.float32(0.02), x)
    assert measured.psnr == pytest.approx(40.0, abs=0.01)  # 20 log10(2 / 0.02)
    assert measured.largest == pytest.approx(0.02, rel=1e-4)


def test_every_variant_translates_as_the_networks_do(pair_folder, translator):
    squares = synthetic.generate(4, 32, 3).pixels()
    pairs = variants.translated_by_networks(translator, squares)
    found = {}
    for variant in VARIANTS:
        pair = Pair(*(pair_folder / f"{r}_{variant}.tflite" for r in ("encoder", "generator")))
        found[variant] = variants.compare(variants.translate(pair, pairs), pairs.translated)
    assert found["float32"].largest < 1e-5
    assert found["float16"].psnr > 50
    for variant in ("dynamic_int8", "weight_int8"):
        assert found[variant].psnr > 25
    assert found["static_int8"].psnr > 15  # untrained networks are harder to quantize
