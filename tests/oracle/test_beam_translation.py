"""Folders translated on Beam's direct runner, in real processes."""

import io
import json
import pathlib
import shutil

import numpy as np
import pytest
from PIL import Image

from export.serving import versions
from tests import commands
from tunit_tf.data import synthetic


@pytest.fixture(scope="module")
def model(trained_run, tmp_path_factory):
    return versions.write(trained_run, tmp_path_factory.mktemp("beam") / "tunit", "crop", 10**6)


@pytest.fixture
def pictures(tmp_path):
    """Nine pictures in two folders, three broken ones, and a text file."""
    folder = tmp_path / "pictures"
    for i, square in enumerate(synthetic.generate(9, 48, 2).pixels()):
        path = folder / ("a" if i < 5 else "b/c") / f"{i}.{'png' if i % 2 else 'jpg'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(square).save(path)
    (folder / "empty.png").write_bytes(b"")
    (folder / "cut.jpg").write_bytes((folder / "a" / "0.jpg").read_bytes()[:300])
    (folder / "text.webp").write_text("no picture")
    (folder / "notes.txt").write_text("not even named like one")
    return folder


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    path = tmp_path_factory.mktemp("look") / "look.png"
    Image.fromarray(synthetic.generate(1, 48, 8).pixels()[0]).save(path)
    return path


def run(*flags):
    return commands.run("export.beam", *flags, "--runner=DirectRunner")


def results(output):
    return {str(p.relative_to(output)) for p in output.rglob("*.png")}


def test_every_picture_is_translated_once_and_broken_ones_are_letters(
    model, translator, pictures, reference, tmp_path
):
    output = tmp_path / "out"
    flags = [f"--model={model}", f"--source={pictures}", f"--reference={reference}"]
    done = run(*flags, f"--output={output}", "--batch_size=4")
    assert done.returncode == 0, done.stderr
    assert "9 translated, 0 were there already, 3 could not be read" in done.stdout
    good = [p for folder in ("a", "b/c") for p in sorted((pictures / folder).iterdir())]
    assert results(output) == {f"{p.relative_to(pictures)}.png" for p in good}
    for path in good[::4]:
        with Image.open(output / f"{path.relative_to(pictures)}.png") as drawn:
            gap = np.asarray(drawn).astype(int) - np.asarray(translator.redraw(path, reference))
        assert np.abs(gap).max() <= 2  # a difference of 1 in the small translation
    letters = letters_of(output)
    assert set(letters) == {"empty.png", "cut.jpg", "text.webp"}
    assert all(letters.values())
    assert not [p for p in output.rglob(".*.tmp")]  # nothing half-written

    # A second time only what is missing is done.
    shutil.rmtree(output / "b")
    before = {p: p.stat().st_mtime_ns for p in output.rglob("*.png")}
    again = run(*flags, f"--output={output}")
    assert "4 translated, 5 were there already, 3 could not" in again.stdout
    assert before.items() <= {p: p.stat().st_mtime_ns for p in output.rglob("*.png")}.items()


def test_a_pattern_and_the_average_of_a_domain(model, translator, pictures, tmp_path):
    known = json.loads((model / "manifest.json").read_text())["domains"]
    domain = next(k for k, entry in enumerate(known) if entry["images"])
    source, output = f"{pictures}/b/*/*.png", tmp_path / "out"
    flags = [f"--model={model}", f"--source={source}", f"--domain={domain}", "--size=model"]
    done = run(*flags, f"--output={output}")
    assert done.returncode == 0, done.stderr
    assert results(output) == {"c/5.png.png", "c/7.png.png"}
    style = np.array(known[domain]["average_style"], np.float32)
    with Image.open(io.BytesIO((output / "c/5.png.png").read_bytes())) as drawn:
        gap = np.asarray(drawn).astype(int)
    gap -= translator.generate([pictures / "b/c/5.png"], style)[0]
    assert np.abs(gap).max() <= 1


def test_photographs_keep_their_size_and_what_is_outside_of_a_region(
    model, translator, reference, tmp_path
):
    cells = Image.fromarray(synthetic.generate(1, 48, 3).pixels()[0])
    (tmp_path / "photos").mkdir()
    cells.resize((90, 60), Image.Resampling.BICUBIC).save(tmp_path / "photos" / "wide.png")
    done = run(
        f"--model={model}", f"--source={tmp_path / 'photos'}", f"--reference={reference}",
        f"--output={tmp_path / 'out'}", "--region=50%,0,50%,100%", "--detail=0.5", "--feather=2",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "out" / "wide.png.png") as drawn:
        gap = np.asarray(drawn).astype(int) - np.asarray(
            translator.redraw(
                tmp_path / "photos" / "wide.png", reference, "50%,0,50%,100%", detail=0.5, feather=2
            )
        )
    assert gap.shape == (60, 90, 3)
    assert not gap[:, :45].any()
    assert np.abs(gap).max() <= 2


def letters_of(output):
    """Reasons by name of the pictures that failed."""
    lines = [x for f in output.glob("dead-letters-*.jsonl") for x in f.read_text().splitlines()]
    return {pathlib.Path(x["path"]).name: x["reason"] for x in map(json.loads, lines)}


def test_animations_and_masks_are_redrawn_as_translate_does(model, translator, reference, tmp_path):
    folder, masks = tmp_path / "photos" / "a", tmp_path / "masks" / "a"
    folder.mkdir(parents=True)
    masks.mkdir(parents=True)
    frames = [Image.fromarray(square) for square in synthetic.generate(3, 48, 4).pixels()]
    still, *others = frames
    still.save(folder / "still.png")
    still.save(folder / "black.png")
    still.save(folder / "alone.png")
    timing = {"duration": [40, 90, 200], "loop": 3}
    still.save(folder / "moving.webp", save_all=True, append_images=others, lossless=True, **timing)
    still.save(folder / "moving.png", save_all=True, append_images=others, **timing)
    half = np.zeros((48, 48), np.uint8)
    half[:, :20] = 255
    for name in ("still", "moving"):
        Image.fromarray(half).save(masks / f"{name}.png")
    Image.new("L", (48, 48)).save(masks / "black.png")
    (folder / "clip.mp4").touch()
    output = tmp_path / "out"
    flags = [f"--model={model}", f"--source={tmp_path / 'photos'}", f"--reference={reference}"]
    flags += [f"--mask={tmp_path / 'masks'}", "--feather=3", f"--output={output}"]
    done = run(*flags, "--batch_size=2")
    assert done.returncode == 0, done.stderr
    assert "4 translated, 1 have masks that are all black, 0 were there already" in done.stdout
    assert "2 could not be read" in done.stdout
    assert letters_of(output) == {
        "clip.mp4": "it is a video; redraw it with tunit_tf.translate",
        "alone.png": f"it has no mask {masks / 'alone.png'}",
    }
    expected = [translator.redraw(x, reference, mask=half, feather=3) for x in frames]
    for name, count in (("still.png.png", 1), ("moving.webp.webp", 3), ("moving.png.png", 3)):
        with Image.open(output / "a" / name) as drawn:
            assert getattr(drawn, "n_frames", 1) == count
            for index in range(count):
                drawn.seek(index)
                gap = np.asarray(drawn.convert("RGB")).astype(int) - np.asarray(expected[index])
                assert np.abs(gap).max() <= 2
                assert not gap[:, 20:].any()
                if count > 1:
                    assert drawn.info["duration"] == timing["duration"][index]
                    assert drawn.info["loop"] == timing["loop"]
    with Image.open(output / "a" / "black.png.png") as drawn:
        np.testing.assert_array_equal(np.asarray(drawn), np.asarray(still))
    again = run(*flags)
    assert "0 translated, 4 were there already, 2 could not" in again.stdout


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model": "nowhere"}, "/nowhere is not a version that export.saved_model wrote"),
        ({"source": "nowhere"}, "/nowhere matches no file"),
        ({"reference": "nowhere.png"}, "/nowhere.png is not a readable picture"),
        ({"reference": ""}, "--reference is empty"),
        ({"reference": None}, "Name one look"),
        ({"reference": None, "domain": "99"}, "--domain=99 has no average style"),
        ({"size": "huge"}, "--size=huge must be source"),
        ({"region": "all"}, "--region=all must be x,y,width,height"),
        ({"feather": "3"}, "--feather softens the edges of --mask or --region"),
        ({"mask": "nowhere"}, "/nowhere is no folder with files; name one with a PNG file"),
        ({"mask": "{source}/a"}, "is in the folder of --source, so that masks would count"),
        ({"batch_size": "0"}, "--batch_size must be at least 1; received 0"),
    ],
)
def test_what_can_be_mistyped_is_one_sentence(
    model, pictures, reference, tmp_path, changed, message
):
    named = {"model": model, "source": pictures, "reference": reference, "output": tmp_path / "o"}
    named |= {name: value and value.format(**named) for name, value in changed.items()}
    flags = [f"--{name}={value}" for name, value in named.items() if value is not None]
    done = run(*flags)
    assert done.returncode == 2, done.stdout
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "o").exists()
