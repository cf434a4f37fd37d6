"""The pair without TensorFlow: in an environment that has nothing but what a client needs."""

import os
import pathlib
import shutil
import subprocess
import venv
from importlib import metadata

import numpy as np
import pytest
from packaging.requirements import Requirement
from PIL import Image

from export.mobile import conversion, graphs
from export.mobile.runtime import Model, ModelError, Pair
from tests import commands, videos
from tunit_tf.data import synthetic
from tunit_tf.networks import Generator

ROOT = pathlib.Path(__file__).parents[3]


def needed_by(*names: str) -> dict[str, metadata.Distribution]:
    """The installed packages of these names and all that they require."""
    found, wanted = {}, list(names)
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = metadata.distribution(name)
            required = map(Requirement, found[name].requires or [])
            wanted += [r.name for r in required if not r.marker or r.marker.evaluate({"extra": ""})]
    return found


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    """Python with ai-edge-litert, numpy, pillow, pydantic and what these require, and nothing else.

    Their files are linked from the tests' environment, which has the versions of the requirements
    files.
    """
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder)
    (packages,) = (folder / "lib").glob("python*/site-packages")
    needed = needed_by("ai-edge-litert", "numpy", "pillow", "pydantic")
    pins = (ROOT / "requirements-tflite.txt").read_text()
    assert f"ai-edge-litert=={needed['ai-edge-litert'].version}\n" in pins
    for distribution in needed.values():
        for file in distribution.files:
            if ".." not in file.parts and "__pycache__" not in file.parts:
                (packages / file).parent.mkdir(parents=True, exist_ok=True)
                (packages / file).symlink_to(file.locate())
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    squares = synthetic.generate(2, 48, 9).pixels()
    Image.fromarray(squares[0]).resize((64, 48)).save(folder / "source.png")
    Image.fromarray(squares[1]).save(folder / "reference.webp", lossless=True)
    return folder / "source.png", folder / "reference.webp"


def flags(pair_folder, pictures, output, variant="float32"):
    source, reference = pictures
    return [
        f"--encoder={pair_folder / f'encoder_{variant}.tflite'}",
        f"--generator={pair_folder / f'generator_{variant}.tflite'}",
        f"--source={source}", f"--reference={reference}", f"--output={output}",
    ]  # fmt: skip


def test_translates_as_the_run_does_without_tensorflow(
    bare_python, pair_folder, pictures, translator, tmp_path
):
    output = tmp_path / "translated.png"
    command = [bare_python, "-m", "export.run_tflite", *flags(pair_folder, pictures, output)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    listing = "from importlib import metadata; print(*[d.name for d in metadata.distributions()])"
    packages = subprocess.run(
        [bare_python, "-c", listing], check=True, capture_output=True, text=True
    ).stdout.split()
    assert {"ai-edge-litert", "numpy"} <= set(packages)
    assert not [name for name in packages if "tensorflow" in name]
    source, reference = pictures
    with Image.open(output) as picture:
        gap = np.asarray(picture).astype(int) - np.asarray(translator.redraw(source, reference))
    assert gap.shape == (48, 64, 3)
    assert np.abs(gap).max() <= 2  # a difference of 1 in the small translation


@pytest.mark.parametrize(
    ("more", "size"),
    [
        (["--size=model"], (32, 32)),
        (["--size=100", "--detail=0.5"], (100, 75)),
        (["--region=25%,0,50%,50%", "--feather=2"], (64, 48)),
        (["--colors_only", "--quality=50"], (64, 48)),
    ],
)
def test_results_have_the_size_that_is_asked_for(
    pair_folder, pictures, translator, tmp_path, more, size
):
    output = tmp_path / ("out.jpg" if "--colors_only" in more else "out.png")
    commands.run("export.run_tflite", *flags(pair_folder, pictures, output), *more)
    source, reference = pictures
    with Image.open(output) as picture, Image.open(source) as given:
        assert picture.size == size
        if size == (32, 32):
            expected = translator.translate([source], [reference])[0]
            assert np.abs(np.asarray(picture).astype(int) - expected).max() <= 1
        if "--feather=2" in more:
            outside = np.ones((48, 64), bool)
            outside[:24, 16:48] = False
            np.testing.assert_array_equal(
                np.asarray(picture)[outside], np.asarray(given.convert("RGB"))[outside]
            )
            assert (np.asarray(picture) != np.asarray(given.convert("RGB"))).any()


def test_masks_and_animations_need_no_tensorflow_either(
    bare_python, pair_folder, pictures, translator, tmp_path
):
    source, reference = pictures
    frames = [Image.fromarray(x).resize((64, 48)) for x in synthetic.generate(3, 48, 5).pixels()]
    frames[0].save(tmp_path / "moving.webp", save_all=True, append_images=frames[1:], lossless=True)
    mask = np.zeros((48, 64), np.uint8)
    mask[:, :40] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    for given, output in ((source, "still.png"), (tmp_path / "moving.webp", "out.webp")):
        made = flags(pair_folder, (given, reference), tmp_path / output)
        command = [bare_python, "-m", "export.run_tflite", *made, f"--mask={tmp_path / 'mask.png'}"]
        subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
        with Image.open(tmp_path / output) as found, Image.open(given) as opened:
            assert getattr(found, "n_frames", 1) == getattr(opened, "n_frames", 1)
            for index in range(getattr(found, "n_frames", 1)):
                found.seek(index)
                opened.seek(index)
                picture = opened.convert("RGB")
                expected = translator.redraw(picture, reference, mask=tmp_path / "mask.png")
                gap = np.asarray(found.convert("RGB")).astype(int) - np.asarray(expected)
                assert np.abs(gap).max() <= 2
                assert not gap[:, 40:].any()
    refused = commands.run(
        "export.run_tflite", *flags(pair_folder, (tmp_path / "moving.webp", reference), "out.png")
    )
    assert refused.returncode == 2
    assert "is an animation, and so is its result; let --output end with .webp." in refused.stderr


def test_videos_are_redrawn_frame_by_frame(pair_folder, pictures, translator, tmp_path):
    source = videos.record(tmp_path / "moving.mp4")
    made = flags(pair_folder, (source, pictures[1]), tmp_path / "out.mp4")
    done = commands.run("export.run_tflite", *made)
    assert done.returncode == 0, done.stderr
    times, _, found = videos.frames_of(tmp_path / "out.mp4")
    np.testing.assert_allclose(times, np.array(videos.TIMES) / 600, atol=1e-3)
    given = videos.frames_of(source)[2]
    expected = [translator.redraw(frame, pictures[1]) for frame in given]
    assert np.abs(found.astype(int) - np.stack(expected)).mean() < 4  # lossy
    source.write_bytes(source.read_bytes()[:900])
    for output, words in (
        ("cut.mp4", "moving.mp4 is not a readable video (it has no picture; it may be damaged)."),
        ("out.webm", "moving.mp4 is a video, and so is its result; let --output end with .mp4."),
    ):
        made = flags(pair_folder, (source, pictures[1]), tmp_path / output)
        refused = commands.run("export.run_tflite", *made)
        assert refused.returncode == 2
        assert words in refused.stderr
        assert not (tmp_path / output).exists()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"encoder": "missing.tflite"}, "missing.tflite cannot be read"),
        ({"encoder": "{source}"}, "is not a .tflite file"),
        ({"encoder": "{generator}"}, "not 'encode': is it the other file of the pair?"),
        ({"source": "missing.png"}, "missing.png is not a readable picture"),
        ({"reference": "{encoder}"}, "is not a readable picture"),
        ({"output": "out.gif"}, "is a single picture; let --output end with .png or .jpg"),
        ({"output": "out.mp4"}, "is a single picture; let --output end with .png or .jpg"),
        ({"output": "out.bmp"}, "must end with .png or .jpg"),
        ({"output": "{source}"}, "exists already; name another file"),
        ({"output": "{encoder}"}, "must end with .png or .jpg"),
        ({"size": "huge"}, "--size=huge must be source"),
        ({"region": "0,0,999,9"}, "the region 0,0,999,9 reaches outside"),
        ({"region": "all"}, "--region=all must be x,y,width,height"),
        ({"detail": "2"}, "--detail must be at most 1; received 2"),
        ({"mask": "nowhere"}, "--mask=nowhere does not exist"),
        ({"mask": "alpha"}, "it has no alpha channel to take the mask from"),
        ({"feather": "3"}, "--feather softens the edges of --mask or --region"),
        ({"quality": "101"}, "--quality must be at most 100"),
        ({"threads": "0"}, "--threads must be at least 1; received 0"),
        ({"threads": "20000"}, "--threads must be at most 256; received 20000"),
    ],
)
def test_what_can_be_mistyped_is_one_sentence(pair_folder, pictures, tmp_path, changed, message):
    given = flags(pair_folder, pictures, tmp_path / "out.png", "dynamic_int8")
    named = dict(flag.removeprefix("--").split("=", 1) for flag in given)
    named.update({name: value.format(**named) for name, value in changed.items()})
    result = commands.run("export.run_tflite", *(f"--{n}={v}" for n, v in named.items()))
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.iterdir())


def test_what_has_no_end_is_no_model(tmp_path):
    os.mkfifo(tmp_path / "pipe.tflite")
    for path in (tmp_path / "pipe.tflite", pathlib.Path("/dev/zero")):
        with pytest.raises(ModelError, match=r"cannot be read \(it is not a file\)"):
            Model(path, "encode")


def test_files_of_different_models_are_not_a_pair(pair_folder):
    shapes = {"image": (1, 64, 64, 3), "style": (1, 8)}
    other = graphs.generator(Generator(64, style_dim=8, base_channels=2))
    with pytest.raises(ModelError, match="32 pixels, the generator of 64"):
        Pair(pair_folder / "encoder_float32.tflite", conversion.convert(other, "generate", shapes))


def test_encoder_and_generator_of_other_style_lengths_are_not_a_pair(pair_folder):
    shapes = {"image": (1, 32, 32, 3), "style": (1, 4)}
    other = graphs.generator(Generator(32, style_dim=4, base_channels=2))
    with pytest.raises(ModelError, match="style codes of 8 numbers, the generator takes 4"):
        Pair(pair_folder / "encoder_float32.tflite", conversion.convert(other, "generate", shapes))


def test_a_changed_byte_is_a_sentence_or_a_model(pair_folder):
    """LiteRT refuses such files with ValueError at once, or with RuntimeError in several places."""
    content = (pair_folder / "encoder_dynamic_int8.tflite").read_bytes()
    image = np.zeros((1, 32, 32, 3), np.float32)
    refused = []
    for place in range(0, len(content), len(content) // 200):
        broken = bytearray(content)
        broken[place] ^= 0xFF
        try:
            Model(bytes(broken), "encode")(image=image)
        except ModelError as error:
            refused.append(str(error))
    assert any("is not a .tflite file" in message for message in refused)
    assert any("the file is damaged" in message for message in refused)


def test_a_file_that_its_manifest_does_not_describe_is_refused(pair_folder, pictures, tmp_path):
    copy = tmp_path / "mobile"
    shutil.copytree(pair_folder, copy)
    path = copy / "generator_dynamic_int8.tflite"
    content = bytearray(path.read_bytes())
    content[-5000] ^= 1
    path.write_bytes(content)
    given = flags(copy, pictures, tmp_path / "out.png", "dynamic_int8")
    result = commands.run("export.run_tflite", *given)
    assert result.returncode == 2
    assert "generator_dynamic_int8.tflite is not the file that was exported" in result.stderr
    assert not (tmp_path / "out.png").exists()


def test_threads_do_not_change_what_is_drawn(pair_folder, rng):
    path = pair_folder / "generator_float32.tflite"
    x = rng.uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    s = rng.standard_normal((1, 8)).astype(np.float32)
    one, two = (Model(path, "generate", threads)(image=x, style=s) for threads in (1, 2))
    np.testing.assert_allclose(one["translated"], two["translated"], rtol=0, atol=1e-5)


def test_pictures_and_links_at_the_output_stay(pair_folder, pictures, tmp_path):
    (tmp_path / "photo.png").write_bytes(b"of the user")
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere.png")
    for name in ("photo.png", "link.png"):
        given = flags(pair_folder, pictures, tmp_path / name)
        result = commands.run("export.run_tflite", *given)
        assert f"{name} exists already; name another file, or delete it first" in result.stderr
    assert (tmp_path / "photo.png").read_bytes() == b"of the user"
    assert not (tmp_path / "nowhere.png").exists()
