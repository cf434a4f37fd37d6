"""Folders of real files in every format, splits, caches, and what goes wrong."""

import io
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from tunit_tf.data import cache, sources
from tunit_tf.errors import UserError

RNG = np.random.default_rng(0)


@pytest.fixture
def settings(tiny, tmp_path):
    def make(**changes):
        return tiny(cache_dir=str(tmp_path / "cache"), **changes)

    return make


def picture(mode="RGB", size=(40, 30), color=None):
    """A color with one black pixel, since many pictures of a single color are mentioned."""
    image = Image.new("RGB", size, color or tuple(RNG.integers(0, 255, 3).tolist()))
    image.putpixel((0, 0), (0, 0, 0))
    return image.convert(mode)


def folder_of(root: pathlib.Path, names, mode="RGB"):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(mode).save(path)
    return root


def test_every_format_and_mode_is_read(tmp_path, settings):
    root = tmp_path / "images"
    root.mkdir()
    red = (200, 30, 40)
    picture(color=red).save(root / "a.jpg", quality=95)
    picture(color=red).save(root / "b.PNG")
    picture(color=red).save(root / "c.webp", lossless=True)
    picture("CMYK", color=red).save(root / "d.jpeg", quality=95)
    picture("RGBA", color=red).save(root / "e.png")
    picture("P", color=red).save(root / "f.png")
    picture("L", color=(90, 90, 90)).save(root / "g.jpg")
    images = sources.open_images(str(root), settings())
    assert images.images.shape == (7, 32, 32, 3)
    np.testing.assert_allclose(images.pixels()[:6].mean((1, 2)), [red] * 6, atol=8)
    np.testing.assert_allclose(images.pixels()[6].mean((0, 1)), 90, atol=2)


@pytest.mark.parametrize(("constant", "warns"), [(0, False), (1, False), (3, True)])
def test_many_pictures_of_a_single_color_are_mentioned(tmp_path, settings, caplog, constant, warns):
    for i in range(10):
        noise = RNG.integers(0, 255, (8, 8, 3)).astype(np.uint8)
        gray = Image.new("RGB", (8, 8), (i, i, i))
        (gray if i < constant else Image.fromarray(noise)).save(tmp_path / f"{i}.png")
    sources.open_images(str(tmp_path), settings())
    said = f"{constant} of 10 pictures of {tmp_path} that were looked at have a single color"
    assert (said in caplog.text) == warns
    assert ("such as 0.png" in caplog.text) == warns


def test_transparency_lies_over_white(tmp_path, settings):
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    images = sources.open_images(str(tmp_path), settings())
    np.testing.assert_array_equal(images.pixels(), 255)


def test_sixteen_bit_gray_keeps_its_brightness(tmp_path, settings):
    Image.fromarray(np.full((8, 8), 128 * 256, np.uint16)).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(sources.open_images(str(tmp_path), settings()).pixels(), 128)


def test_exif_rotation_is_applied(tmp_path, settings):
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:16] = 255  # bright on top
    exif = Image.Exif()
    exif[0x0112] = 3  # stored upside down
    Image.fromarray(pixels[::-1]).save(tmp_path / "turned.png", exif=exif)
    shown = sources.open_images(str(tmp_path), settings()).pixels()[0]
    np.testing.assert_array_equal(shown, pixels)


@pytest.mark.parametrize(("resize", "share"), [("stretch", 0.25), ("crop", 0.5)])
def test_resizing_stretches_or_crops(tmp_path, settings, resize, share):
    pixels = np.zeros((64, 128, 3), np.uint8)
    pixels[:, 48:80] = 255  # a bright quarter in the middle
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    shown = sources.open_images(str(tmp_path), settings(resize=resize)).pixels()[0]
    np.testing.assert_allclose((shown > 127).mean(), share, atol=0.04)


def test_labels_are_the_first_folder_at_any_depth(tmp_path, settings):
    folder_of(tmp_path, ["cat/a.png", "cat/deep/er/b.png", "dog/c.png"])
    images = sources.open_images(str(tmp_path), settings())
    assert images.label_names == ("cat", "dog")
    np.testing.assert_array_equal(images.classes(), [0, 0, 1])
    assert images.name_list() == ["cat/a.png", "cat/deep/er/b.png", "dog/c.png"]


def test_a_flat_folder_has_no_labels(tmp_path, settings):
    folder_of(tmp_path, ["a.png", "b.png"])
    assert sources.open_images(str(tmp_path), settings()).labels is None


def test_classes_are_chosen_by_name_or_index(tmp_path, settings):
    folder_of(tmp_path, ["a/1.png", "b/1.png", "c/1.png"])
    images = sources.open_images(str(tmp_path), settings(classes="0, c"))
    assert images.label_names == ("a", "c")
    with pytest.raises(UserError, match="'zebra' is neither a class folder"):
        sources.open_images(str(tmp_path), settings(classes="zebra"))
    with pytest.raises(UserError, match="names the class 'a' twice"):
        sources.open_images(str(tmp_path), settings(classes="a,0"))


def test_bad_files_are_skipped_and_named_once(tmp_path, settings, caplog):
    folder_of(tmp_path, ["good.png"])
    whole = io.BytesIO()
    noise = RNG.integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(whole, "JPEG")
    (tmp_path / "truncated.jpg").write_bytes(whole.getvalue()[:700])
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("not a picture")
    images = sources.open_images(str(tmp_path), settings(max_unreadable=0.75))
    assert images.name_list() == ["good.png"]
    messages = [r.getMessage() for r in caplog.records if "Skipped" in r.getMessage()]
    assert len(messages) == 1
    assert "3 unreadable of 4" in messages[0]
    assert all(name in messages[0] for name in ("truncated.jpg", "empty.png", "text.jpg"))
    with pytest.raises(UserError, match=r"3 of 4 images cannot be read, more than .*=0\.7 of"):
        sources.open_images(str(tmp_path), settings(max_unreadable=0.7))


def test_a_file_that_vanishes_before_it_is_read_is_a_bad_one(tmp_path, settings, monkeypatch):
    folder_of(tmp_path, ["a.png", "b.png"])
    paths = sources.picture_files.below(tmp_path)
    (tmp_path / "b.png").unlink()
    monkeypatch.setattr(sources.picture_files, "below", lambda _: paths)
    images = sources.open_images(str(tmp_path), settings(max_unreadable=0.5))
    assert images.name_list() == ["a.png"]


def test_decoded_images_are_cached_until_a_file_changes(tmp_path, settings, monkeypatch):
    root = folder_of(tmp_path / "images", ["a.png", "b.png"])
    first = sources.open_images(str(root), settings())
    with monkeypatch.context() as patch:
        patch.setattr(Image, "open", lambda path: pytest.fail(f"decoded {path} again"))
        again = sources.open_images(str(root), settings())
    np.testing.assert_array_equal(first.pixels(), again.pixels())
    picture(color=(1, 2, 3)).save(root / "b.png")
    np.testing.assert_array_equal(
        sources.open_images(str(root), settings()).pixels()[1, 16, 16], [1, 2, 3]
    )


def test_another_content_of_the_same_size_and_time_is_noticed(tmp_path, settings):
    """As an archive leaves it that is unpacked over an older one."""
    root = tmp_path / "images"
    for color in ((1, 2, 3), (4, 5, 6)):
        root.mkdir(exist_ok=True)
        Image.new("RGB", (40, 30), color).save(root / "a.bmp")
        os.utime(root / "a.bmp", (10**9, 10**9))
        np.testing.assert_array_equal(
            sources.open_images(str(root), settings()).pixels()[0, 0, 0], color
        )


def test_what_could_not_be_read_is_tried_again(settings, caplog):
    """As after a repaired mount or `chmod`, which change nothing about a file."""
    mounted = False

    def opener():
        if not mounted:
            raise OSError("Input/output error")
        return Image.new("RGB", (9, 9), (7, 8, 9))

    def decoded():
        openers = [lambda: Image.new("RGB", (9, 9), (1, 2, 3)), opener]
        return cache.decoded(openers, ["a", "b"], "key", settings(max_unreadable=0.5))

    for _ in range(2):
        np.testing.assert_array_equal(decoded().good, [0])
    assert caplog.text.count("Skipped 1 unreadable of 2") == 2
    mounted = True
    found = decoded()
    np.testing.assert_array_equal(found.good, [0, 1])
    np.testing.assert_array_equal(found.images[:, 0, 0], [(1, 2, 3), (7, 8, 9)])
    mounted = False  # it is cached now
    np.testing.assert_array_equal(decoded().images, found.images)


def test_nothing_half_written_stays_in_the_cache(tmp_path, settings):
    folder_of(tmp_path / "images", ["a.png"])
    sources.open_images(str(tmp_path / "images"), settings())
    left = sorted(path.suffix for path in (tmp_path / "cache").iterdir())
    assert left == [".json", ".npy"]


def array_file(array):
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


@pytest.mark.parametrize(
    ("suffix", "spoil"),
    [
        (".npy", lambda whole: whole[:-100]),
        (".npy", lambda whole: whole[:20]),
        (".npy", lambda _: b""),
        (".npy", lambda _: b"words"),
        (".npy", lambda _: array_file(np.zeros((2, 32, 32, 3), np.float32))),
        (".npy", lambda _: array_file(np.zeros((1, 32, 32, 3), np.uint8))),
        (".json", lambda _: b""),
        (".json", lambda _: b"[]"),
        (".json", lambda _: b"\xff\xfe"),
    ],
)
def test_a_damaged_cache_is_made_again(tmp_path, settings, suffix, spoil, caplog):
    root = folder_of(tmp_path / "images", ["a.png", "b.png"])
    first = sources.open_images(str(root), settings()).pixels().copy()
    (damaged,) = (tmp_path / "cache").glob(f"*{suffix}")
    damaged.write_bytes(spoil(damaged.read_bytes()))
    np.testing.assert_array_equal(sources.open_images(str(root), settings()).pixels(), first)
    assert f"{damaged.with_suffix('.npy')} is damaged" in caplog.text
    caplog.clear()
    sources.open_images(str(root), settings())
    assert not caplog.records


def test_the_space_of_a_cache_is_reserved_before_anything_is_decoded(
    tmp_path, settings, monkeypatch
):
    """Writing to a sparse memory map of a full disk ends the process."""
    root, opened, seen = folder_of(tmp_path / "images", ["a.png", "b.png"]), Image.open, []

    def look(path):
        (temporary,) = (tmp_path / "cache").glob(".decoding-*/*.npy")
        seen.append(temporary.stat())
        return opened(path)

    monkeypatch.setattr(Image, "open", look)
    sources.open_images(str(root), settings())
    assert len(seen) == 2
    assert all(512 * status.st_blocks >= status.st_size > 2 * 32 * 32 * 3 for status in seen)


def test_a_full_disk_gets_one_sentence_and_nothing_is_left(tmp_path, settings, monkeypatch):
    root = folder_of(tmp_path / "images", ["a.png"])

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    words = r"The image cache .* cannot be written \(No space left on device\); .*--cache_dir"
    with pytest.raises(UserError, match=words):
        sources.open_images(str(root), settings())
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cache_behind_a_closed_folder_names_the_flag(settings, tmp_path):
    root = folder_of(tmp_path / "images", ["a.png"])
    (tmp_path / "cache").symlink_to("cache")  # unlike permissions, this stops root too
    with pytest.raises(UserError, match="--cache_dir"):
        sources.open_images(str(root), settings())


def test_what_a_killed_process_left_in_the_cache_is_deleted(tmp_path, settings):
    root = folder_of(tmp_path / "images", ["a.png"])
    stale = tmp_path / "cache" / ".decoding-abcd1234"
    stale.mkdir(parents=True)
    (stale / "half.npy").write_bytes(b"half")
    os.utime(stale, (time.time() - 3600,) * 2)
    sources.open_images(str(root), settings())
    assert not stale.exists()


def test_sigterm_while_decoding_leaves_nothing(tmp_path):
    """A process that gets it from the first of 200 slow pictures."""
    program = (
        "import os, signal, sys, time\nfrom PIL import Image\n"
        "from tunit_tf.config import Config\nfrom tunit_tf.data import cache\n"
        "def opener():\n    os.kill(os.getpid(), signal.SIGTERM)\n    time.sleep(0.5)\n"
        "    return Image.new('RGB', (8, 8))\n"
        "names = [str(i) for i in range(200)]\n"
        "config = Config(image_size=32, cache_dir=sys.argv[1], progress=False)\n"
        "cache.decoded([opener] * 200, names, 'key', config)\n"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], timeout=100)
    assert done.returncode == 128 + signal.SIGTERM
    assert time.monotonic() - started < 20  # all pictures take 50 s on two cores
    assert list(tmp_path.iterdir()) == []


def test_more_procedural_images_than_memory_are_refused(settings, monkeypatch):
    def too_many(*_):
        raise MemoryError

    monkeypatch.setattr(sources.synthetic.np, "empty", too_many)
    with pytest.raises(UserError, match="40 procedural images of 32 px do not fit"):
        sources.load(settings())


@pytest.mark.parametrize("content", [[], ["notes.txt"]])
def test_an_empty_folder_is_an_error(tmp_path, settings, content):
    for name in content:
        (tmp_path / name).write_text("words")
    with pytest.raises(UserError, match=f"No images .* below {tmp_path}"):
        sources.load(settings(data=str(tmp_path)))


def test_a_folder_of_broken_files_is_an_error(tmp_path, settings):
    (tmp_path / "a.jpg").write_text("words")
    with pytest.raises(UserError, match="None of the 1 images can be read"):
        sources.load(settings(data=str(tmp_path)))


def test_a_missing_path_is_named_with_the_choices(settings):
    with pytest.raises(UserError, match=r"--data=nowhere is not a folder.*synthetic.*tfds:"):
        sources.load(settings(data="nowhere"))


def test_the_folder_of_tfds_is_a_path_of_the_user(settings):
    with pytest.raises(UserError, match="--data_dir=~nobody-has-this/tfds: no home folder"):
        sources.load(settings(data="tfds:cifar10", data_dir="~nobody-has-this/tfds"))


def test_an_unknown_tfds_name_is_an_error(settings):
    with pytest.raises(UserError, match="tfds:no_such_set is unknown to TFDS"):
        sources.load(settings(data="tfds:no_such_set"))


def test_a_cache_that_cannot_be_written_names_the_flag(tmp_path, tiny):
    root = folder_of(tmp_path / "images", ["a.png"])
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="--cache_dir"):
        sources.open_images(str(root), tiny(cache_dir=str(tmp_path / "file" / "cache")))
