"""Users' files: found in order, named without clashes, bad ones counted, nothing overwritten."""

import os

import numpy as np
import pytest
from PIL import Image

from tunit_tf.errors import UserError
from tunit_tf.io import picture_files, pixels


@pytest.fixture
def folder(tmp_path):
    """Five pictures of many kinds in two levels, two bad ones, and a text file."""
    root = tmp_path / "pictures"
    (root / "sub").mkdir(parents=True)
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 50, 3), np.uint8))
    picture.save(root / "b.png")
    picture.convert("L").save(root / "a.jpg")
    picture.convert("CMYK").save(root / "sub" / "c.tiff")
    picture.convert("RGBA").save(root / "b.webp")
    picture.convert("P").save(root / "sub" / "d.GIF")
    (root / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and nothing more")
    (root / "empty.jpg").touch()
    (root / "notes.txt").write_text("not a picture")
    return root


def test_all_kinds_are_read_and_bad_ones_are_remembered(folder):
    paths = picture_files.find(str(folder), "source")
    assert [str(p.relative_to(folder)) for p in paths] == [
        "a.jpg", "b.png", "b.webp", "broken.png", "empty.jpg", "sub/c.tiff", "sub/d.GIF",
    ]  # fmt: skip
    reader = picture_files.Reader(16, "crop")
    batches = list(reader.batches(paths, 2))
    assert sorted(map(len, batches)) == [1, 1, 1, 2]
    read = [picture for batch in batches for picture in batch]
    assert [p.path.name for p in read] == ["a.jpg", "b.png", "b.webp", "c.tiff", "d.GIF"]
    assert all(p.square.shape == (16, 16, 3) for p in read)
    assert all(p.box == (0, 0, 16, 16) for p in read)
    assert {p.name for p in reader.bad} == {"broken.png", "empty.jpg"}


def test_letterbox_says_where_the_picture_is(folder):
    reader = picture_files.Reader(100, "letterbox")
    ((picture,),) = reader.batches([folder / "b.png"], 4)
    assert picture.box == (0, 20, 100, 80)


def test_names_follow_the_sources_and_do_not_clash(folder):
    paths = picture_files.find(str(folder), "source")
    stems = picture_files.output_stems(paths, folder)
    assert stems[folder / "a.jpg"] == "a"
    assert stems[folder / "b.png"] == "b_png"
    assert stems[folder / "b.webp"] == "b_webp"
    assert stems[folder / "sub" / "c.tiff"] == "sub/c"
    assert len(set(stems.values())) == len(paths)
    assert picture_files.output_stems([folder / "a.jpg"], folder / "a.jpg") == {
        folder / "a.jpg": "a"
    }


def test_names_that_look_like_others_do_not_clash(tmp_path):
    paths = [tmp_path / name for name in ("cat.jpg", "cat.png", "cat_jpg.png", "CAT_PNG.gif")]
    stems = picture_files.output_stems(paths, tmp_path)
    assert stems[tmp_path / "cat_jpg.png"] == "cat_jpg"
    assert len({stem.lower() for stem in stems.values()}) == len(paths)


def test_a_pipe_is_no_picture(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match=r"--source=.*pipe is neither a file nor a folder"):
        picture_files.find(str(tmp_path / "pipe"), "source")


def test_what_is_missing_is_named(folder, tmp_path):
    with pytest.raises(UserError, match=r"--source=nowhere does not exist"):
        picture_files.find("nowhere", "source")
    (tmp_path / "void").mkdir()
    with pytest.raises(UserError, match=r"--reference=.*void is a folder without images"):
        picture_files.find(str(tmp_path / "void"), "reference")
    reader = picture_files.Reader(16, "crop")
    assert list(reader.batches([folder / "empty.jpg"], 4)) == []
    with pytest.raises(UserError, match=r"--reference: no picture can be read; .*empty.jpg"):
        reader.require([], "reference")


def test_nothing_is_overwritten_unless_asked(tmp_path):
    writer = picture_files.Writer(str(tmp_path), overwrite=False)
    writer.check(["a.png", "sub/b.png"])
    writer.write("sub/b.png", pixels.encode(np.zeros((2, 2, 3), np.uint8), ".png"))
    with pytest.raises(UserError, match=r"1 of 2 outputs already exist, the first is .*b.png"):
        writer.check(["a.png", "sub/b.png"])
    picture_files.Writer(str(tmp_path), overwrite=True).check(["a.png", "sub/b.png"])
    assert writer.written == 1


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    writer = picture_files.Writer(str(tmp_path / "file"), overwrite=False)
    with pytest.raises(UserError, match=r"cannot be written"):
        writer.write("a.png", b"")


def test_names_are_unique_whatever_the_sources_are_called(tmp_path):
    paths = [tmp_path / name for name in ("cat.jpg", "cat.png", "cat_jpg.png", "CAT_PNG.gif")]
    stems = picture_files.output_stems(paths, tmp_path)
    assert stems == {
        paths[0]: "cat_jpg_", paths[1]: "cat_png_", paths[2]: "cat_jpg", paths[3]: "CAT_PNG",
    }  # fmt: skip
    assert picture_files.output_stems(paths, tmp_path) == stems
    assert picture_files.unique_names(["a_b", "a_b", "A_b"]) == ["a_b", "a_b_", "A_b__"]


def test_long_names_are_shortened_to_what_a_file_system_takes(tmp_path):
    paths = [tmp_path / f"{'x' * 248}.jpg", tmp_path / f"{'x' * 247}y.jpg", tmp_path / "é.png"]
    stems = picture_files.output_stems(paths, tmp_path)
    assert len(set(stems.values())) == 3
    writer = picture_files.Writer(str(tmp_path / "out"), overwrite=False)
    for stem in stems.values():
        writer.write(f"{stem}.webp", b"content")
    assert sorted(p.stem for p in (tmp_path / "out").iterdir()) == sorted(stems.values())


def test_inputs_are_never_replaced_and_a_file_is_no_folder(folder):
    writer = picture_files.Writer(str(folder), overwrite=True)
    with pytest.raises(UserError, match=r"b.png is one of the inputs"):
        writer.check(["b.png"], inputs=[folder / "b.png"])
    with pytest.raises(UserError, match=r"a.png would be the name of a result and of a folder"):
        writer.check(["a.png", "a.png/b.png"])
    with pytest.raises(UserError, match=r"--output is empty; name a folder"):
        picture_files.Writer("", overwrite=False)
    with pytest.raises(UserError, match=r"notes.txt is not a folder"):
        picture_files.Writer(str(folder / "notes.txt" / "out"), overwrite=False).check(["a.png"])
