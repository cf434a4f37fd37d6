"""The pair of ONNX files: equal to the run, of simple operations, a whole folder or none."""

import collections
import json
import shutil
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf

from export import manifest, onnx_pair
from export.manifest import OnnxManifest
from tests import commands
from tests.export.test_model_card import check_card, run_its_code

SIMPLE = {
    "Add", "AveragePool", "Concat", "Conv", "DepthToSpace", "GlobalAveragePool", "MatMul", "Max",
    "MaxPool", "Min", "Mul", "Pad", "Reciprocal", "ReduceSum", "Relu", "Reshape", "Slice",
    "Softmax", "Sqrt", "Squeeze", "Sub", "Tanh", "Transpose",
}  # fmt: skip


@pytest.fixture
def folder(onnx_folder):
    return onnx_folder


@pytest.fixture
def described(folder):
    return manifest.read(folder, OnnxManifest)


def session(folder, name):
    return onnxruntime.InferenceSession(folder / name, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("count", [1, 3])
def test_both_files_equal_the_run_for_any_batch(folder, described, translator, count):
    rng = np.random.default_rng(count)
    size = described.image_size
    image = rng.uniform(-1, 1, (count, size, size, 3)).astype(np.float32)
    guided = translator.guiding(image, training=False)
    names = ["style", "domain_probabilities"]
    style, probabilities = session(folder, described.encoder).run(names, {"image": image})
    np.testing.assert_allclose(style, guided.style, rtol=0, atol=1e-4)
    want = tf.nn.softmax(guided.domain_logits)
    np.testing.assert_allclose(probabilities, want, rtol=0, atol=1e-4)
    (drawn,) = session(folder, described.generator).run(
        ["translated"], {"image": image, "style": style}
    )
    wanted = translator.generator(image, guided.style).numpy()
    assert wanted.std() > 0.01
    np.testing.assert_allclose(drawn, wanted, rtol=0, atol=1e-4)
    assert 0 < described.largest < 1e-4


def test_the_operators_are_simple_ones_of_the_opset(folder, described):
    assert described.opset == onnx_pair.OPSET == 15
    for name in (described.encoder, described.generator):
        model = onnx.load(folder / name)
        onnx.checker.check_model(model, full_check=True)
        versions = {entry.domain: entry.version for entry in model.opset_import}
        assert versions[""] == described.opset
        used = collections.Counter((node.domain, node.op_type) for node in model.graph.node)
        assert {domain for domain, _ in used} == {""}
        assert {operator for _, operator in used} <= SIMPLE
        properties = {entry.key: entry.value for entry in model.metadata_props}
        assert properties["title"] == "Shapes"
        assert properties["step"] == str(described.step)


def test_the_manifest_has_names_shapes_and_all_files(folder, described):
    manifest.verify(folder, described)
    assert {path.name for path in folder.glob("[!.]*")} == {manifest.FILE_NAME, *described.files}
    assert [example.role for example in described.examples] == ["picture"] * 2 + ["look"] * 2
    for signature, file in (("encode", described.encoder), ("generate", described.generator)):
        opened = session(folder, file)
        listed = described.signatures[signature]
        found = {
            "inputs": {value.name: value.shape for value in opened.get_inputs()},
            "outputs": {value.name: value.shape for value in opened.get_outputs()},
        }
        for side, tensors in found.items():
            assert {n: t.shape for n, t in getattr(listed, side).items()} == {
                name: [None, *shape[1:]] for name, shape in tensors.items()
            }
            assert {shape[0] for shape in tensors.values()} == {onnx_pair.BATCH}
    assert described.signatures["generate"].inputs.keys() == {"image", "style"}
    assert described.signatures["encode"].outputs.keys() == {"style", "domain_probabilities"}


def test_the_code_of_the_card_runs(folder, described, tmp_path):
    text = check_card(folder, described)
    shutil.copytree(folder, tmp_path / "copy")
    run_its_code(text, tmp_path / "copy")


def test_an_earlier_export_is_replaced_and_nothing_else(folder, tiny_run, tmp_path):
    output = tmp_path / "onnx"
    shutil.copytree(folder, output)
    (output / "mine.txt").write_text("mine")
    flags = f"--run_dir={tiny_run}", f"--output={output}"
    refused = commands.run("export.onnx", *flags)
    assert refused.returncode == 2
    assert "mine.txt" in refused.stderr
    (output / "mine.txt").unlink()
    result = commands.run("export.onnx", *flags)
    assert result.returncode == 0, result.stderr
    assert json.loads((output / manifest.FILE_NAME).read_text())["examples"] == []
    assert [path.name for path in tmp_path.iterdir()] == ["onnx"]


def test_a_missing_extra_is_named(tmp_path):
    program = (
        "import sys; sys.modules['onnx'] = None\n"  # as if it were not installed
        "from export import onnx; onnx.command()"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, f"--output={tmp_path / 'new'}"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr == (
        "error: This command needs onnx, which is not installed: "
        "pip install -r requirements-onnx.txt.\n"
    )
