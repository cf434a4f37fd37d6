"""What each way of translating leaves on disk, and that it is what the networks draw."""

import _thread
import contextlib
import re
import resource
import signal
import threading
import time

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tests.inference.test_video import frames_of, record, sound_of
from tunit_tf.data import synthetic
from tunit_tf.errors import UserError
from tunit_tf.inference import file_translation, masking
from tunit_tf.inference import photograph as photographs
from tunit_tf.inference.domain_styles import load_or_measure
from tunit_tf.inference.file_translation import Request
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import picture_files, pixels
from tunit_tf.io.output_folder import MARKER

pytestmark = pytest.mark.usefixtures("plain_graphs")

IMAGES = synthetic.generate(5, 32, 3).pixels()


def pixels_of(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Folders `sources` of three images and a broken one, and `references` of two."""
    root = tmp_path_factory.mktemp("pictures")
    for i in range(3):
        pixels.save_png(root / "sources" / f"source{i}.png", IMAGES[i])
    (root / "sources" / "broken.jpg").touch()
    for i in range(2):
        pixels.save_png(root / "references" / f"reference{i}.png", IMAGES[3 + i])
    return root


@pytest.fixture
def translate(trained_run, pictures, tmp_path):
    """A function that translates all sources and returns the result and what was written."""

    def run(**request):
        request = {"source": str(pictures / "sources"), "progress": False, **request}
        result = file_translation.run(trained_run, Request(output=str(tmp_path / "out"), **request))
        files = sorted(p for p in (tmp_path / "out").rglob("[!.]*") if p.is_file())
        assert result.written == len(files)
        assert [path.name for path in result.bad] == ["broken.jpg"]
        return {str(p.relative_to(tmp_path / "out")): pixels_of(p) for p in files}

    return run


def test_one_look_for_each_reference(translate, translator, pictures):
    written = translate(reference=str(pictures / "references"))
    assert list(written) == [f"reference{j}/source{i}.png" for j in range(2) for i in range(3)]
    for j in range(2):
        expected = translator.translate(IMAGES[:3], IMAGES[[3 + j]])
        for i in range(3):
            np.testing.assert_array_equal(written[f"reference{j}/source{i}.png"], expected[i])


def test_a_single_look_needs_no_folder(translate, translator, pictures):
    written = translate(reference=str(pictures / "references" / "reference1.png"))
    assert list(written) == ["source0.png", "source1.png", "source2.png"]
    expected = translator.translate(IMAGES[:3], IMAGES[[4]])
    np.testing.assert_array_equal(written["source2.png"], expected[2])


def test_average_of_references(translate, translator, pictures):
    written = translate(reference=str(pictures / "references"), average_references=True)
    expected = translator.generate(IMAGES[:3], translator.style(IMAGES[3:]).mean(0))
    np.testing.assert_array_equal(written["source1.png"], expected[1])


def test_average_of_a_domain(translate, trained_run, translator):
    known = load_or_measure(trained_run)
    domain = int(np.argmax(known.counts))
    expected = translator.generate(IMAGES[:3], known.mean(domain))
    written = translate(domain=domain)
    np.testing.assert_array_equal(written["source0.png"], expected[0])


def test_samples_of_a_domain(translate, trained_run, translator):
    known = load_or_measure(trained_run)
    domain = int(np.argmax(known.counts))
    written = translate(domain=domain, sample=2, seed=5)
    styles = known.sample(domain, 2, seed=5)
    for i, style in enumerate(styles):
        expected = translator.generate(IMAGES[:3], style)
        name = f"domain_{domain}_sample_00{i}/source1.png"
        np.testing.assert_array_equal(written[name], expected[1])


def test_strength_goes_from_the_own_style_to_the_references(translate, translator, pictures):
    reference = str(pictures / "references" / "reference0.png")
    own = translate(reference=reference, strength=0.0)
    np.testing.assert_array_equal(
        own["source0.png"], translator.translate(IMAGES[:3], IMAGES[:3])[0]
    )
    half = translate(reference=reference, strength=0.5, overwrite=True)
    style = (translator.style(IMAGES[:3]) + translator.style(IMAGES[[3]])) / 2
    np.testing.assert_array_equal(half["source0.png"], translator.generate(IMAGES[:3], style)[0])


@pytest.mark.parametrize("animation", ["gif", "webp"])
def test_frames_go_from_one_reference_to_the_other(translate, translator, pictures, animation):
    written = translate(
        reference=str(pictures / "references"), interpolate=True, frames=4, animation=animation
    )
    assert len(written) == 3 * (4 + 1)
    ends = translator.style(IMAGES[3:])
    for frame, style in ((0, ends[0]), (1, (2 * ends[0] + ends[1]) / 3), (3, ends[1])):
        expected = translator.generate(IMAGES[:3], style)[2].astype(int)
        found = written[f"source2/frame_00{frame}.png"]
        assert np.abs(found - expected).max() <= 1  # rounding of the mixture
    assert f"source2.{animation}" in written


def test_the_grid_has_sources_and_references_at_its_edges(translate, translator, pictures):
    (grid,) = translate(reference=str(pictures / "references"), grid=True).values()
    grid = grid[::3, ::3]  # 32 px are enlarged to 96
    step, gap = 34, 2
    cells = {
        (i, j): grid[gap + i * step :, gap + j * step :][:32, :32]
        for i in range(4)
        for j in range(3)
    }
    assert (cells[0, 0] == 255).all()
    np.testing.assert_array_equal(cells[0, 2], IMAGES[4])
    np.testing.assert_array_equal(cells[3, 0], IMAGES[2])
    np.testing.assert_array_equal(cells[3, 1], translator.translate(IMAGES[:3], IMAGES[[3]])[2])


def test_letterbox_gives_the_aspect_ratio_back(tiny_run, pictures, tmp_path):
    Image.fromarray(IMAGES[0]).resize((64, 32)).save(tmp_path / "wide.png")
    request = Request(
        source=str(tmp_path / "wide.png"), output=str(tmp_path / "out"), format="jpeg",
        reference=str(pictures / "references" / "reference0.png"), size="model", progress=False,
    )  # fmt: skip
    file_translation.run(TrainedRun.load(tiny_run, resize="letterbox"), request)
    with Image.open(tmp_path / "out" / "wide.jpg") as picture:
        assert picture.size == (32, 16)
        assert picture.format == "JPEG"


@pytest.fixture
def masked(tmp_path):
    """Folder of masks of all sources, the broken one too: a half, everything, nothing."""
    folder = tmp_path / "masks"
    values = np.zeros((3, 32, 32), np.uint8)
    values[0, :, :16] = values[1] = 255
    for name, value in zip(("source0", "source1", "source2"), values, strict=True):
        folder.mkdir(exist_ok=True)
        Image.fromarray(value).save(folder / f"{name}.png")
    Image.fromarray(values[0]).save(folder / "broken.png")
    return folder, values


def test_only_what_a_mask_marks_is_redrawn(translate, translator, pictures, masked):
    folder, values = masked
    reference = str(pictures / "references" / "reference0.png")
    drawn = translator.translate(IMAGES[:3], IMAGES[[3]])
    for feather, given in ((1, None), (4, 4)):
        written = translate(reference=reference, mask=str(folder), feather=given, overwrite=True)
        expected = photographs.mixed(IMAGES[:3], drawn, masking.weights(values, feather))
        for i in range(3):
            np.testing.assert_array_equal(written[f"source{i}.png"], expected[i])
    np.testing.assert_array_equal(written["source0.png"][:, 16:], IMAGES[0, :, 16:])
    np.testing.assert_array_equal(written["source1.png"], drawn[1])
    np.testing.assert_array_equal(written["source2.png"], IMAGES[2])


def test_a_grid_shows_masked_translations(translate, translator, pictures, masked):
    folder, values = masked
    reference = str(pictures / "references" / "reference0.png")
    (grid,) = translate(reference=reference, mask=str(folder), grid=True).values()
    expected = translator.translate(IMAGES[:3], IMAGES[[3]], values)
    for i in range(3):
        cell = grid[::3, ::3][2 + (i + 1) * 34 :, 2 + 34 :][:32, :32]
        np.testing.assert_array_equal(cell, expected[i])


def test_alpha_marks_and_black_masks_are_reported(trained_run, translator, pictures, tmp_path):
    """One source has a mask, one is transparent everywhere, one has no alpha channel."""
    (tmp_path / "sources").mkdir()
    alpha = np.zeros((2, 32, 32), np.uint8)
    alpha[0, 8:] = 255
    for i in range(2):
        picture = Image.fromarray(np.dstack([IMAGES[i], alpha[i]]))
        picture.save(tmp_path / "sources" / f"{i}.png")
    Image.fromarray(IMAGES[2]).save(tmp_path / "sources" / "2.png")
    request = Request(
        source=str(tmp_path / "sources"), output=str(tmp_path / "out"), mask="alpha",
        reference=str(pictures / "references" / "reference0.png"), size="model", progress=False,
    )  # fmt: skip
    result = file_translation.run(trained_run, request)
    assert [path.name for path in result.unchanged] == ["1.png"]
    assert {p.name: reason for p, reason in result.bad.items()} == {
        "2.png": "it has no alpha channel to take the mask from"
    }
    white = np.where(alpha[..., None] > 0, IMAGES[:2], 255).astype(np.uint8)
    expected = translator.translate(white, IMAGES[[3]], alpha)
    for i in range(2):
        np.testing.assert_array_equal(pixels_of(tmp_path / "out" / f"{i}.png"), expected[i])
    assert (expected[0, :8] == 255).all()


def rgba_of(path):
    with Image.open(path) as picture:
        return np.array(picture.convert("RGBA"))


@pytest.fixture
def album(tmp_path):
    """A photograph as a rotated JPEG file of 60 x 90 pixels, and a PNG file with transparency."""
    rng = np.random.default_rng(4)
    folder = tmp_path / "album"
    folder.mkdir()
    cells = Image.fromarray(rng.integers(0, 256, (20, 30, 3)).astype(np.uint8))
    picture = cells.resize((90, 60), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    exif[0x010F] = "Maker"
    picture.save(folder / "photo.JPG", exif=exif)
    alpha = np.full((60, 90), 255, np.uint8)
    alpha[:20] = 0
    picture.putalpha(Image.fromarray(alpha))
    picture.save(folder / "cut.png")
    return folder


@pytest.fixture
def redraw(trained_run, pictures, album, tmp_path):
    """A function that redraws the album, and returns the opened results by name."""
    opened = contextlib.ExitStack()

    def run(**request):
        request = {
            "source": str(album), "output": str(tmp_path / "out"), "progress": False,
            "reference": str(pictures / "references" / "reference0.png"), **request,
        }  # fmt: skip
        result = file_translation.run(trained_run, Request(**request))
        run.bad = {path.name: reason for path, reason in result.bad.items()}
        files = sorted(p for p in (tmp_path / "out").rglob("[!.]*") if p.is_file())
        return {
            str(path.relative_to(tmp_path / "out")): opened.enter_context(Image.open(path))
            for path in files
        }

    with opened:
        yield run


def test_photographs_come_back_at_their_own_size(redraw, translator, album):
    found = redraw()
    assert {name: picture.size for name, picture in found.items()} == {
        "cut.png": (90, 60), "photo.jpg": (60, 90),
    }  # fmt: skip
    assert not found["photo.jpg"].getexif()
    expected = translator.redraw(album / "cut.png", IMAGES[3])
    np.testing.assert_array_equal(np.array(found["cut.png"]), np.array(expected))
    expected = np.array(translator.redraw(album / "photo.JPG", IMAGES[3])).astype(int)
    assert np.abs(np.array(found["photo.jpg"]) - expected).mean() < 3  # JPEG


def test_the_longer_side_of_results_may_be_given(redraw):
    sizes = {name: picture.size for name, picture in redraw(size="45", format="jpeg").items()}
    assert sizes == {"cut.jpg": (45, 30), "photo.jpg": (30, 45)}


@pytest.mark.parametrize("size", ["16", "120"])
def test_sizes_keep_the_aspect_ratio(redraw, album, size):
    (found,) = redraw(source=str(album / "photo.JPG"), size=size).values()
    assert found.size == (round(int(size) * 2 / 3), int(size))


def test_regions_leave_the_rest_of_a_photograph(redraw, album):
    found = redraw(region="50%,0,50%,100%", format="png", feather=3, detail=0.5)
    given = rgba_of(album / "cut.png")
    drawn = np.array(found["cut.png"])
    np.testing.assert_array_equal(drawn[:, :45], given[:, :45])
    assert (drawn[20:, 50:] != given[20:, 50:]).any(-1).mean() > 0.5
    # Pixels that do not fit one of the pictures: the other one is redrawn.
    found = redraw(region="70,0,10,10", overwrite=True)
    assert "photo.JPG" in redraw.bad
    assert "reaches outside of the picture of 60 x 90 pixels" in redraw.bad["photo.JPG"]


def test_masks_are_applied_at_the_size_of_a_photograph(redraw, album):
    given = rgba_of(album / "cut.png")
    found = redraw(source=str(album / "cut.png"), mask="alpha")
    drawn = np.array(found["cut.png"])
    np.testing.assert_array_equal(drawn[:20], given[:20])
    assert (drawn[25:] != given[25:]).any()


@pytest.mark.parametrize(("kind", "suffix"), [("GIF", ".gif"), ("WEBP", ".webp"), ("PNG", ".png")])
@pytest.mark.parametrize("size", ["source", "model"])
def test_animations_keep_frames_timing_and_loop(redraw, translator, tmp_path, kind, suffix, size):
    frames = [Image.fromarray(image).resize((64, 40)) for image in IMAGES[:4]]
    options = {"lossless": True} if kind == "WEBP" else {}
    frames[0].save(
        tmp_path / f"moving{suffix}", kind, save_all=True, append_images=frames[1:], loop=3,
        duration=[40, 200, 70, 1000], **options,
    )  # fmt: skip
    with Image.open(tmp_path / f"moving{suffix}") as moving:
        shown = [frame.convert("RGB") for frame in ImageSequence.Iterator(moving)]
    (found,) = redraw(source=str(tmp_path / f"moving{suffix}"), size=size).values()
    assert found.format == kind
    assert found.n_frames == 4
    assert found.info["loop"] == 3
    durations, errors = [], []
    for index, frame in enumerate(shown):
        found.seek(index)
        found.load()
        durations.append(found.info["duration"])
        if size == "source":
            expected = np.array(translator.redraw(frame, IMAGES[3])).astype(int)
        else:
            expected = translator.translate([frame], IMAGES[[3]])[0].astype(int)
        errors.append(np.abs(np.array(found.convert("RGB")) - expected).mean())
    assert durations == [40, 200, 70, 1000]
    assert max(errors) <= (4 if kind == "GIF" else 0.01)  # GIF has 256 colors


def test_a_damaged_animation_leaves_nothing(redraw, album):
    frames = [Image.fromarray(image) for image in IMAGES[:4]]
    path = album / "moving.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=50)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = redraw()
    assert sorted(found) == ["cut.png", "photo.jpg"]
    assert list(redraw.bad) == ["moving.gif"]


def test_an_animation_that_ends_within_a_block_is_skipped(redraw, album):
    """Pillow raises errors of many kinds, depending on where a file ends."""
    frames = [Image.fromarray(image) for image in IMAGES[:3]]
    frames[0].save(album / "whole.gif", save_all=True, append_images=frames[1:], duration=50)
    content = (album / "whole.gif").read_bytes()
    (album / "whole.gif").unlink()
    starts = [i for i in range(len(content) // 2, len(content)) if content[i] in (0x21, 0x2C)]
    # The last frame's blocks, and those where its header ends.
    cuts = {start + more for start in starts[-40:] for more in (1, 2, 3, 5)}
    for cut in sorted(cuts):
        (album / f"cut{cut:06d}.gif").write_bytes(content[:cut])
    found = redraw()
    assert {"cut.png", "photo.jpg"} <= set(found)
    assert set(redraw.bad) | set(found) >= {f"cut{cut:06d}.gif" for cut in cuts}


def test_a_black_mask_is_reported_once_for_all_frames_and_looks(trained_run, pictures, tmp_path):
    frames = []
    for i, opaque in enumerate((0, 0, 255)):
        frame = Image.fromarray(IMAGES[i])
        frame.putalpha(opaque if i else 0)
        frames.append(frame)
    (tmp_path / "sources").mkdir()
    webp = {"save_all": True, "lossless": True, "exact": True}
    frames[0].save(tmp_path / "sources" / "some.webp", append_images=frames[1:], **webp)
    frames[0].save(tmp_path / "sources" / "none.webp", append_images=frames[1:2], **webp)
    frames[0].save(tmp_path / "sources" / "still.png")
    request = Request(
        source=str(tmp_path / "sources"), output=str(tmp_path / "out"), mask="alpha",
        reference=str(pictures / "references"), progress=False,
    )  # fmt: skip
    result = file_translation.run(trained_run, request)
    assert result.written == 6
    assert [path.name for path in result.unchanged] == ["none.webp", "still.png"]


def test_the_quality_of_a_grid_is_that_asked_for(translate, pictures, tmp_path):
    sizes = []
    for quality in (10, 95):
        translate(
            reference=str(pictures / "references"), grid=True, format="jpeg", quality=quality,
            overwrite=True,
        )  # fmt: skip
        sizes.append((tmp_path / "out" / "grid.jpg").stat().st_size)
    assert 2 * sizes[0] < sizes[1]


@pytest.fixture
def interruptible():
    """Lets SIGINT raise KeyboardInterrupt, as in a command; pytest-xdist ignores the signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def clip(tmp_path):
    """A video of eight frames of a rate that varies, with sound."""
    (tmp_path / "clips").mkdir()
    return record(tmp_path / "clips" / "clip.mp4", [0, 24, 48, 72, 200, 224, 240, 400], sound=True)


def test_videos_keep_frames_and_sound(trained_run, translator, pictures, clip, tmp_path):
    Image.fromarray(IMAGES[0]).save(clip.with_name("still.png"))
    clip.with_name("broken.mp4").write_bytes(clip.read_bytes()[:2000])
    request = Request(
        source=str(clip.parent), output=str(tmp_path / "out"), batch_size=3, progress=False,
        reference=str(pictures / "references"), region="0,0,50%,100%", feather=0,
    )  # fmt: skip
    result = file_translation.run(trained_run, request)
    assert list(result.bad) == [clip.with_name("broken.mp4")]
    assert result.written == 4
    for i in range(2):
        found = tmp_path / "out" / f"reference{i}" / "clip.mp4"
        times, durations, given = frames_of(clip)
        now = frames_of(found)
        np.testing.assert_allclose(now[:2], (times, durations), atol=1e-3)
        expected = [
            np.array(translator.redraw(frame, IMAGES[3 + i], (0, 0, 32, 48), feather=0))
            for frame in given
        ]
        assert np.abs(now[2].astype(int) - expected).mean() < 5
        assert sound_of(found) == sound_of(clip)
        assert len(list(found.parent.iterdir())) == 2


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_video_leaves_nothing(trained_run, pictures, clip, tmp_path):
    record(clip, list(range(0, 24 * 2000, 24)))
    request = Request(
        source=str(clip), output=str(tmp_path / "out"), batch_size=4, progress=False,
        reference=str(pictures / "references" / "reference0.png"),
    )  # fmt: skip

    def interrupt_when_it_writes() -> None:
        while not any(path.stat().st_size for path in (tmp_path / "out").glob(".*.mp4")):
            time.sleep(0.001)
        _thread.interrupt_main()

    watcher = threading.Thread(target=interrupt_when_it_writes, daemon=True)
    watcher.start()
    with pytest.raises(KeyboardInterrupt, match="0 files were written"):
        file_translation.run(trained_run, request)
    watcher.join()
    assert not list((tmp_path / "out").iterdir())


def test_a_full_disk_ends_a_translation_of_animations(trained_run, pictures, tmp_path):
    """What cannot be written is no fault of a picture."""
    frames = [Image.fromarray(image) for image in IMAGES[:2]]
    (tmp_path / "sources").mkdir()
    for name in "ab":
        frames[0].save(tmp_path / "sources" / f"{name}.gif", save_all=True, append_images=frames)
    (tmp_path / "out").mkdir()
    request = Request(
        source=str(tmp_path / "sources"), output=str(tmp_path / "out"), progress=False,
        reference=str(pictures / "references" / "reference0.png"),
    )  # fmt: skip
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limit[1]))
    try:
        with pytest.raises(UserError, match=r"a.gif cannot be written \(File too large\)"):
            file_translation.run(trained_run, request)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("flag", [{"grid": True}, {"interpolate": True}])
def test_grids_and_interpolations_take_no_videos(trained_run, pictures, clip, tmp_path, flag):
    request = Request(
        source=str(clip), output=str(tmp_path / "out"), progress=False,
        reference=str(pictures / "references"), **flag,
    )  # fmt: skip
    with pytest.raises(UserError, match=r"clip.mp4 is a video; leave --grid"):
        file_translation.run(trained_run, request)


def test_transparent_frames_stay_transparent(redraw, tmp_path):
    frames = []
    for i in range(3):
        frame = Image.fromarray(IMAGES[i]).resize((48, 48))
        alpha = np.full((48, 48), 255, np.uint8)
        alpha[: 8 * i + 4] = 0
        frame.putalpha(Image.fromarray(alpha))
        frames.append(frame)
    frames[0].save(
        tmp_path / "moving.webp", save_all=True, append_images=frames[1:], lossless=True, exact=True
    )
    (found,) = redraw(source=str(tmp_path / "moving.webp")).values()
    for i, frame in enumerate(frames):
        found.seek(i)
        np.testing.assert_array_equal(np.array(found)[..., 3], np.array(frame)[..., 3])


def test_existing_results_are_kept(translate, pictures):
    reference = str(pictures / "references" / "reference0.png")
    translate(reference=reference)
    with pytest.raises(UserError, match=r"3 of 4 outputs already exist"):
        translate(reference=reference)
    translate(reference=reference, overwrite=True)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"source": ""}, r"--source=FILE_OR_FOLDER"),
        ({}, r"either --reference=FILE_OR_FOLDER or --domain"),
        ({"reference": "x", "domain": 1}, r"either --reference=FILE_OR_FOLDER or --domain"),
        ({"reference": "x", "sample": 3}, r"--sample draws looks of a domain"),
        ({"domain": 1, "interpolate": True}, r"need --reference"),
        ({"reference": "x", "grid": True, "interpolate": True}, r"only one of"),
        ({"reference": "x", "strength": 1.5}, r"--strength must be at most 1; received 1.5"),
        ({"reference": "x", "frames": 1}, r"--frames must be at least 2; received 1"),
        (
            {"reference": "x", "feather": 2},
            r"--feather softens the edges of --mask or --region; give",
        ),
        ({"reference": "x", "mask": "m", "feather": 2049}, r"at most 2048; received 2049"),
        ({"reference": "x", "batch_size": 0}, r"--batch_size must be at least 1; received 0"),
        ({"reference": "x", "size": "large"}, r"--size=large must be source, .* model, .* or"),
        ({"reference": "x", "size": "-4"}, r"--size=-4 must be source"),
        ({"reference": "x", "size": "4"}, r"--size must be at least 16; received 4"),
        ({"reference": "x", "size": "9" * 400}, r"--size must be at most 16384"),
        ({"reference": "x", "region": "1,2,3"}, r"--region=1,2,3 must be x,y,width,height"),
        ({"reference": "x", "region": "1,2,3,4", "size": "model"}, r"leave --size=model out"),
        ({"reference": "x", "detail": 1.01}, r"--detail must be at most 1; received 1.01"),
        ({"reference": "x", "detail": 0.5, "size": "model"}, r"leave --size=model out"),
        ({"reference": "x", "detail": 0.5, "colors_only": True}, r"leave --detail out"),
        ({"reference": "x", "colors_only": True, "grid": True}, r"--grid shows squares"),
        ({"reference": "x", "size": "300", "grid": True}, r"--grid shows squares.*leave --size"),
        ({"reference": "x", "quality": 0}, r"--quality must be at least 1; received 0"),
    ],
)
def test_a_contradiction_gets_one_sentence(request_, words):
    with pytest.raises(UserError, match=words):
        Request(**{"source": "s", "output": "o", **request_})


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"seed": -1, "domain": 0}, r"--seed must be at least 0; received -1"),
        ({"frames": 10**9, "reference": "x"}, r"--frames must be at most 10000; received 10000000"),
        ({"batch_size": 10**12, "domain": 0}, r"--batch_size must be at most 4096"),
        ({"sample": -3, "domain": 0}, r"--sample must be at least 0; received -3"),
        (
            {"strength": float("nan"), "domain": 0},
            "--strength must be a finite number; received nan",
        ),
    ],
)
def test_numbers_out_of_range_get_one_sentence(request_, words):
    with pytest.raises(UserError, match=words):
        Request(source="s", **request_)


@pytest.mark.parametrize("flag", ["source", "reference", "mask", "data"])
def test_originals_are_never_replaced(trained_run, tmp_path, flag):
    for i in range(2):
        pixels.save_png(tmp_path / f"{flag}s" / f"{i}.png", IMAGES[i])
    pixels.save_png(tmp_path / "other.png", IMAGES[2])
    if flag == "mask":
        pixels.save_png(tmp_path / "masks" / "other.png", IMAGES[2])
    (tmp_path / "link").symlink_to(tmp_path / f"{flag}s")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*.png")}
    named = {
        "source": str(tmp_path / "other.png"), "reference": str(tmp_path / "other.png"),
        flag: str(tmp_path / f"{flag}s"),
    }  # fmt: skip
    if flag == "data":
        named = {**named, "reference": "", "domain": 0}
    for output in (named[flag], f"{named[flag]}/", str(tmp_path / "link")):
        request = Request(**named, output=output, overwrite=True, progress=False)
        with pytest.raises(UserError, match=r"translate did not write, the first is 0\.png"):
            file_translation.run(trained_run, request)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*.png")} == before


def test_references_in_other_folders_are_never_replaced_either(trained_run, tmp_path):
    pixels.save_png(tmp_path / "a.png", IMAGES[0])
    pixels.save_png(tmp_path / "looks" / "of" / "a.png", IMAGES[1])
    before = (tmp_path / "looks" / "of" / "a.png").read_bytes()
    request = Request(
        source=str(tmp_path / "a.png"), reference=str(tmp_path / "looks"), overwrite=True,
        output=str(tmp_path / "looks" / "of"), progress=False,
    )  # fmt: skip
    with pytest.raises(UserError, match=r"did not write, the first is a\.png"):
        file_translation.run(trained_run, request)
    assert (tmp_path / "looks" / "of" / "a.png").read_bytes() == before


def test_results_are_replaced_only_where_they_are_results(trained_run, tmp_path):
    """Files of others among them, results that were changed, and links stay, --overwrite or not."""
    pixels.save_png(tmp_path / "photos" / "a.png", IMAGES[0])
    out = tmp_path / "out"

    def run(overwrite, **changes):
        named = {"source": str(tmp_path / "photos"), "reference": str(tmp_path / "photos")}
        request = Request(
            **{**named, "output": str(out), **changes}, overwrite=overwrite, progress=False
        )
        return file_translation.run(trained_run, request)

    run(False)
    pixels.save_png(tmp_path / "precious.png", IMAGES[1])
    (out / "notes.txt").write_text("of the user")
    run(True)
    written = (out / "a.png").read_bytes()
    for spoil in (
        lambda path: path.write_bytes(b"touched up"),
        lambda path: path.symlink_to(tmp_path / "precious.png"),
        lambda path: path.symlink_to(tmp_path / "nowhere"),
    ):
        (out / "a.png").unlink()
        spoil(out / "a.png")
        with pytest.raises(UserError, match=r"a\.png was changed after tunit_tf\.translate wrote"):
            run(True)
        with pytest.raises(UserError, match=r"1 of 1 outputs already exist"):
            run(False)
    (out / "a.png").unlink()
    (out / "a.png").write_bytes(written)
    with pytest.raises(UserError, match=r"a\.png is one of the inputs"):
        run(True, source=str(out))
    run(True)
    assert (out / "notes.txt").read_text() == "of the user"


def test_results_among_the_sources_are_no_sources(trained_run, tmp_path, caplog):
    for i in range(2):
        pixels.save_png(tmp_path / "photos" / f"{i}.png", IMAGES[i])
    for name in ("try1", "try2"):
        output = tmp_path / "photos" / name
        request = Request(
            source=str(tmp_path / "photos"), reference=str(tmp_path / "photos" / "0.png"),
            output=str(output), progress=False,
        )  # fmt: skip
        assert file_translation.run(trained_run, request).written == 2
    assert "Skipped 2 pictures that this program has written itself" in caplog.text
    # As what a user names they are pictures like others, and so are those that were changed.
    assert len(picture_files.below(output)) == 2
    pixels.save_png(output / "0.png", IMAGES[3])
    assert output / "0.png" in picture_files.below(tmp_path / "photos")


def test_every_source_and_look_gets_a_file(trained_run, tmp_path):
    for i, name in enumerate(("cat.jpg", "cat.png", "cat_jpg.png", f"{'x' * 248}.png")):
        (tmp_path / "sources").mkdir(exist_ok=True)
        Image.fromarray(IMAGES[i]).save(tmp_path / "sources" / name)
    for i, name in enumerate(("a/b.png", "a_b.png")):
        pixels.save_png(tmp_path / "references" / name, IMAGES[i])
    request = Request(
        source=str(tmp_path / "sources"), reference=str(tmp_path / "references"),
        output=str(tmp_path / "out"), progress=False,
    )  # fmt: skip
    result = file_translation.run(trained_run, request)
    assert result.written == 8
    assert len([p for p in (tmp_path / "out").rglob("[!.]*") if p.is_file()]) == 8
    assert {p.name for p in (tmp_path / "out").iterdir()} == {MARKER, "a_b", "a_b_"}


@pytest.mark.usefixtures("interruptible")
# An interrupt within Pillow's opening of a file leaves that file to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_says_how_many_whole_files_there_are(trained_run, pictures, tmp_path):
    """As Ctrl-C does, a thread interrupts the main one; here when some of 400 files are there."""
    for i in range(400):
        pixels.save_png(tmp_path / "sources" / f"{i}.png", IMAGES[0])
    request = Request(
        source=str(tmp_path / "sources"), output=str(tmp_path / "out"), progress=False,
        reference=str(pictures / "references" / "reference0.png"), batch_size=1,
    )  # fmt: skip

    def interrupt_when_it_writes() -> None:
        while not list((tmp_path / "out").glob("[!.]*.png")):
            time.sleep(0.001)
        _thread.interrupt_main()

    watcher = threading.Thread(target=interrupt_when_it_writes, daemon=True)
    watcher.start()
    with pytest.raises(KeyboardInterrupt) as interrupt:
        file_translation.run(trained_run, request)
    watcher.join()
    left = list((tmp_path / "out").glob("[!.]*"))
    assert 1 <= len(left) < 400
    assert all(pixels_of(p).shape == (32, 32, 3) for p in left)
    (count,) = re.findall(r"^(\d+) files? w[a-z]+ written to .*out\.$", str(interrupt.value))
    assert int(count) in (len(left), len(left) - 1)  # -1: between the rename and the count


def test_interpolation_wants_two_references(translate, pictures):
    with pytest.raises(UserError, match=r"references?/reference0.png has 1"):
        translate(reference=str(pictures / "references" / "reference0.png"), interpolate=True)


def test_unknown_domains_are_named(translate):
    with pytest.raises(UserError, match=r"There is no domain 7; the run has 3"):
        translate(domain=7)
