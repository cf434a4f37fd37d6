"""The exported folder: whole or not there, and true to its manifest."""

import dataclasses
import hashlib
import json
import pathlib
import shutil
import signal

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from PIL import Image

from export import manifest
from export.mobile import bundle, conversion, op_profile, timing, variants
from export.mobile.runtime import Pair
from export.options import VARIANTS, Options
from tests import commands
from tests.chaos.forked import Forked
from tests.chaos.tiny_runs import wait
from tunit_tf.data import synthetic
from tunit_tf.errors import UserError
from tunit_tf.inference import run_folder
from tunit_tf.io.output_folder import OutputFolder

pytestmark = pytest.mark.usefixtures("plain_graphs")

DOCS_SHAPES = pathlib.Path(__file__).parents[3] / "docs" / "images" / "shapes"
ONE = Options(variants=("float32",), quality_images=2)


@pytest.fixture(autouse=True, scope="module")
def converted_once():
    """Every export in this process starts from the same float32 pair of the run.

    The images given to `float_pair` decide factors that change no result (`ranges`).
    """
    convert, pairs = variants.float_pair, {}

    def float_pair(translator, squares):
        if translator not in pairs:
            pairs[translator] = convert(translator, squares)
        return pairs[translator]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(variants, "float_pair", float_pair)
        yield


def files_in(path):
    return {p.name: p.read_bytes() for p in path.glob("[!.]*")}


def test_the_manifest_lists_every_file_with_its_checksum(pair_folder):
    described = manifest.read_mobile(pair_folder)
    found = files_in(pair_folder)
    assert set(found) == {*described.files, "manifest.json"}
    for name, entry in described.files.items():
        assert hashlib.sha256(found[name]).hexdigest() == entry.sha256
        assert len(found[name]) == entry.bytes
    assert list(described.variants) == list(VARIANTS)
    for entry in described.variants.values():
        assert entry.shipped
        assert {entry.encoder, entry.generator} <= set(found)
    assert described.step == 6
    assert described.style_dim == described.signatures.generate.inputs["style"][1]


def test_a_client_translates_with_an_average_style_of_the_manifest(pair_folder, translator):
    described = manifest.read_mobile(pair_folder)
    pair = Pair(*(pair_folder / f"{r}_float32.tflite" for r in ("encoder", "generator")))
    square = synthetic.generate(1, described.image_size, 5).pixels()
    known = next(d for d in described.domains if d.images)
    style = np.array(known.average_style, np.float32)
    drawn = pair.generate(square[0], style)
    gap = np.abs(drawn.astype(int) - translator.generate(square, style)[0])
    assert gap.max() <= 1


def test_the_picture_compares_every_variant(pair_folder):
    with Image.open(pair_folder / bundle.COMPARISON) as picture:
        pixels = np.asarray(picture)
    assert pixels.std() > 10
    columns = 3 + len(VARIANTS)
    assert pixels.shape[1] > columns * 50


def test_a_second_export_replaces_the_first(trained_run, tmp_path):
    output = tmp_path / "mobile"
    both = Options(variants=("float32", "float16"), quality_images=2, examples=1)
    written = bundle.write(trained_run, output, both)
    assert {one.file for one in written.examples} < set(files_in(output))
    assert bundle.COMPARISON in files_in(output)
    bundle.write(trained_run, output, ONE)
    assert set(files_in(output)) == {
        "encoder_float32.tflite", "generator_float32.tflite", "manifest.json", "README.md",
    }  # fmt: skip
    assert [p.name for p in tmp_path.iterdir()] == ["mobile"]


def test_a_variant_that_is_too_far_stops_the_export_and_leaves_nothing(trained_run, tmp_path):
    options = Options(variants=("dynamic_int8",), min_psnr=200.0, quality_images=2)
    with pytest.raises(UserError, match=r"dynamic_int8 is too far .* --min_psnr=200"):
        bundle.write(trained_run, tmp_path / "mobile", options)
    assert not list(tmp_path.iterdir())


def test_a_calibrated_variant_that_is_too_far_is_measured_but_not_shipped(trained_run, tmp_path):
    options = Options(
        variants=("static_int8",), min_psnr=200.0, quality_images=2, calibration_steps=2
    )
    described = bundle.write(trained_run, tmp_path / "mobile", options)
    assert not described.variants["static_int8"].shipped
    assert described.variants["static_int8"].psnr > 0
    assert not list((tmp_path / "mobile").glob("*.tflite"))
    assert "| static_int8 | - | - |" in bundle.table(described)
    assert "No variant is near enough" in (tmp_path / "mobile" / "README.md").read_text()


def test_the_license_of_an_imported_run_is_carried_on(trained_run, tmp_path):
    config = dataclasses.replace(trained_run.config, license="CC BY-NC 4.0")
    licensed = dataclasses.replace(trained_run, config=config)
    described = bundle.write(licensed, tmp_path / "mobile", ONE)
    assert described.license == "CC BY-NC 4.0"
    assert b"CC BY-NC 4.0" in (tmp_path / "mobile" / "encoder_float32.tflite").read_bytes()
    assert not (tmp_path / "mobile" / bundle.COMPARISON).exists()  # shows images


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--variants=float8"], "--variants must be among float32,"),
        (["--quality_images=1"], "--quality_images must be at least 2; received 1"),
        (["--quality_images=1000000000000"], "--quality_images must be at most 1000000"),
        (["--min_psnr=nan"], "--min_psnr must be a finite number; received nan"),
        (["--examples=33"], "--examples must be at most 32; received 33"),
        (["--run_dir=nowhere"], "nowhere"),
        (["--data=nowhere"], "--data=FOLDER"),
    ],
)
def test_what_can_be_mistyped_is_one_sentence(tiny_run, tmp_path, flags, message):
    output = tmp_path / "mobile"
    result = commands.run("export.tflite", f"--run_dir={tiny_run}", f"--output={output}", *flags)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_of_other_things_is_not_replaced(trained_run, tmp_path):
    (tmp_path / "thesis.txt").write_text("all of it")
    with pytest.raises(UserError, match=r"the first is thesis\.txt"):
        bundle.write(trained_run, tmp_path, ONE)
    assert (tmp_path / "thesis.txt").read_text() == "all of it"


def test_what_was_added_to_an_export_is_not_replaced_and_a_link_stays_one(trained_run, tmp_path):
    (tmp_path / "disk").mkdir()
    link = tmp_path / "mobile"
    link.symlink_to(tmp_path / "disk")
    bundle.write(trained_run, link, ONE)
    OutputFolder(link, "export.tflite", "models").write("benchmark.md", b"a table")
    bundle.write(trained_run, link, ONE)
    assert link.is_symlink()
    assert (tmp_path / "disk" / "manifest.json").exists()
    (link / "photos").mkdir()
    (link / "photos" / "precious.jpg").touch()
    with pytest.raises(UserError, match=r"photos/precious\.jpg was not written"):
        bundle.write(trained_run, link, ONE)
    assert (link / "photos" / "precious.jpg").exists()
    shutil.rmtree(link / "photos")
    for name in ("README.md", "manifest.json"):
        written = (link / name).read_bytes()
        (link / name).write_bytes(written + b"\nA note.\n")
        with pytest.raises(UserError, match=f"{name} was changed after export.tflite wrote it"):
            bundle.write(trained_run, link, ONE)
        (link / name).write_bytes(written)
    assert manifest.read_mobile(link).variants["float32"].shipped


def test_images_are_opened_once(trained_run):
    images = bundle.open_images(trained_run)
    assert images.held_out.images is images.calibration.images
    assert images.named is None
    images = bundle.open_images(trained_run, str(DOCS_SHAPES), str(DOCS_SHAPES))
    assert images.held_out is images.calibration is images.named
    assert bundle.open_images(trained_run, calibrates=False).calibration is None


def test_styles_of_other_images_are_not_kept_in_the_run(trained_run, tmp_path):
    kept = (trained_run.folder / run_folder.STYLES).read_bytes()
    others = dataclasses.replace(ONE, data=str(DOCS_SHAPES))
    described = bundle.write(trained_run, tmp_path / "mobile", others)
    assert sum(domain.images for domain in described.domains) == 4
    assert (trained_run.folder / run_folder.STYLES).read_bytes() == kept


@pytest.mark.parametrize("flag", ["output", "run_dir"])
def test_an_empty_flag_is_not_the_current_folder(tiny_run, tmp_path, flag):
    flags = {"run_dir": tiny_run, "output": tmp_path / "mobile", flag: ""}
    result = commands.run("export.tflite", *(f"--{name}={value}" for name, value in flags.items()))
    assert result.returncode == 2
    assert f"--{flag} is empty; name a path" in result.stderr


def test_an_interrupt_leaves_the_folder_as_it_was(tiny_run, tmp_path):
    """Ctrl-C in a process that has begun to write."""
    flags = {"run_dir": tiny_run, "output": tmp_path / "mobile", "quality_images": 2}
    process = Forked("export.tflite", [f"--{name}={value}" for name, value in flags.items()])
    assert wait(process, lambda: bool(list(tmp_path.glob(".writing-*"))), pause=0.005)
    process.send_signal(signal.SIGINT)
    done = process.communicate(100)
    assert done.returncode == 130, done
    assert f"Interrupted. {tmp_path / 'mobile'} is as it was before." in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_export_is_not_measured(pair_folder, tiny_run, tmp_path):
    shutil.copytree(pair_folder, tmp_path / "mobile")
    cut = tmp_path / "mobile" / "encoder_float16.tflite"
    cut.write_bytes(cut.read_bytes()[:1000])
    flags = f"--run_dir={tiny_run}", f"--models={tmp_path / 'mobile'}"
    result = commands.run("export.benchmark", *flags)
    assert result.returncode == 2
    assert f"{cut} is not the file that was exported" in result.stderr
    cut.unlink()
    assert f"{cut} cannot be read" in commands.run("export.benchmark", *flags).stderr


def test_the_command_measures_every_variant(pair_folder, onnx_folder, tiny_run, tmp_path):
    output = tmp_path / "mobile"
    shutil.copytree(pair_folder, output)
    described = json.loads((output / "manifest.json").read_text())
    for name in ("float16", "weight_int8", "static_int8"):  # two of five take less time
        described["variants"][name]["shipped"] = False
    described["recommended"] = {}
    (output / "manifest.json").write_text(json.dumps(described))
    flags = [f"--run_dir={tiny_run}", f"--models={output}", "--rounds=1", "--repeats=2"]
    result = commands.run("export.benchmark", *flags, f"--run_dir={tiny_run}")
    assert result.returncode == 2
    assert "There are 2 --run_dir, 1 --models and 0 --onnx;" in result.stderr
    result = commands.run("export.benchmark", *flags, "--profile", f"--onnx={onnx_folder}")
    assert result.returncode == 0, result.stderr
    for text in (
        "| default graph |", "| float32 |", "| dynamic_int8 |", "| ONNX Runtime |", "x CONV_2D",
    ):  # fmt: skip
        assert text in result.stdout
    assert (output / "benchmark.md").read_text() in result.stdout
    (output / "manifest.json").write_text(json.dumps({"kind": "another"}))
    result = commands.run("export.benchmark", *flags)
    assert result.returncode == 2
    assert 'manifest.json: The manifest is not of kind "tflite"' in result.stderr


def test_pairs_are_timed_in_turns_and_compared_with_their_own_baseline(pair_folder, monkeypatch):
    """The second of two exports takes twice as long in everything but float16."""
    timed = []

    def measure(path, *_):
        timed.append(path)
        slower = 1 + (len(timed) > 12) if "float16" not in path.name else 1
        return timing.Timing(1.0, {1: [10.0 * slower], 2: [5.0]}, 100.0, 1)

    monkeypatch.setattr(timing, "measure", measure)
    described = manifest.read_mobile(pair_folder)
    export = timing.Exported(pair_folder, described, {"encode": b"", "generate": b""}, {})
    rows = timing.compare([export, export], 1, 1, lambda _: None)
    names = ["default graph", *VARIANTS]
    assert [row["variant"] for row in rows] == names + names
    assert len(timed) == 2 * 2 * len(names)
    cells = [line.split(" | ") for line in timing.table(rows).splitlines()[2:]]
    assert {line[0] for line in cells} == {f"| {described.image_size}"}
    assert [line[6] for line in cells] == ["1.00"] * 8 + ["2.00"] + ["1.00"] * 3


@pytest.mark.parametrize("variant", ["dynamic_int8", "weight_int8"])
def test_the_profile_counts_every_operation_of_an_invocation(pair_folder, variant):
    content = (pair_folder / f"encoder_{variant}.tflite").read_bytes()
    times = op_profile.measure(content, repeats=1)
    model = conversion.read(content)
    codes = [model.operatorCodes[op.opcodeIndex].builtinCode for op in model.subgraphs[0].operators]
    unpacked = codes.count(schema.BuiltinOperator.DEQUANTIZE)  # weights, once at load
    assert (unpacked > 0) == (variant == "weight_int8")
    assert sum(t.number for t in times) == len(codes) - unpacked
    assert times == sorted(times, key=lambda t: -t.milliseconds)
