"""Users' files: found in order, named without clashes, bad ones counted, nothing overwritten."""

import contextlib
import fnmatch
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import pytest
from PIL import Image

from tunit_tf.errors import UserError
from tunit_tf.io import picture_files, pixels

VALUES = np.random.default_rng(0).integers(0, 256, (8, 12), np.uint8)


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
    assert {p.name for p in reader.bad} == {"broken.png", "empty.jpg"}


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
    os.mkfifo(tmp_path / "pipe.png")
    assert picture_files.below(tmp_path) == []
    with pytest.raises(UserError, match=r"--source=.*pipe.png is neither a file nor a folder"):
        picture_files.find(str(tmp_path / "pipe.png"), "source")


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


def writer_of(folder, overwrite):
    return picture_files.Writer(str(folder), "tunit_tf.translate", overwrite)


def test_nothing_is_overwritten_unless_asked(tmp_path):
    writer = writer_of(tmp_path, overwrite=False)
    writer.check(["a.png", "sub/b.png"])
    writer.write("sub/b.png", pixels.encode(np.zeros((2, 2, 3), np.uint8), ".png"))
    with pytest.raises(UserError, match=r"1 of 2 outputs already exist, the first is .*b.png"):
        writer.check(["a.png", "sub/b.png"])
    writer_of(tmp_path, overwrite=True).check(["a.png", "sub/b.png"])
    assert writer.written == 1


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file is a file; name a folder"):
        writer_of(tmp_path / "file", overwrite=False)
    writer = writer_of(tmp_path / "out", overwrite=False)
    (tmp_path / "out").touch()
    with pytest.raises(UserError, match=r"cannot be written"):
        writer.write("a.png", b"")


def test_places_of_pipelines_are_addresses_or_absolute(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert picture_files.place("gs://bucket/*.jpg", "source") == "gs://bucket/*.jpg"
    for text in ("~/cats/**", "cats/**", "./a/../cats/**"):
        assert picture_files.place(text, "source") == f"{tmp_path}/cats/**"


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
    writer = writer_of(tmp_path / "out", overwrite=False)
    for stem in stems.values():
        writer.write(f"{stem}.webp", b"content")
    assert sorted(p.stem for p in (tmp_path / "out").glob("[!.]*")) == sorted(stems.values())


def test_inputs_are_never_replaced_and_a_file_is_no_folder(folder):
    with pytest.raises(UserError, match=r"translate did not write, the first is"):
        writer_of(folder, overwrite=True)
    out = folder / "out"
    writer_of(out, overwrite=True).write("b.png", b"")
    writer = writer_of(out, overwrite=True)
    with pytest.raises(UserError, match=r"b.png is one of the inputs"):
        writer.check(["b.png"], inputs=[out / "b.png"])
    with pytest.raises(UserError, match=r"a.png would be the name of a result and of a folder"):
        writer.check(["a.png", "a.png/b.png"])
    with pytest.raises(UserError, match=r"--output is empty; name a path"):
        writer_of("", overwrite=False)
    with pytest.raises(UserError, match=r"notes.txt is a file, and no folder"):
        writer_of(folder / "notes.txt" / "out", overwrite=False).check(["a.png"])


@contextlib.contextmanager
def unprivileged():
    """Root may read everything; the block runs as nobody then."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("mode", [0o000, 0o744 & ~0o111])
def test_folders_without_access_are_skipped_and_named(mode, caplog):
    with tempfile.TemporaryDirectory() as name:  # tmp_path is closed to other users
        root = pathlib.Path(name)
        for path in (root / "open" / "a.png", root / "closed" / "b.png"):
            path.parent.mkdir()
            path.touch()
        root.chmod(0o755)
        (root / "closed").chmod(mode)
        with unprivileged():
            found = picture_files.below(root)
        assert found == [root / "open" / "a.png"]
        assert (
            f"Skipped 1 folders that cannot be read: {root / 'closed'} (Permission" in caplog.text
        )
        root.chmod(mode)
        with (
            unprivileged(),
            pytest.raises(UserError, match=rf"^{root} cannot be read \(Permission"),
        ):
            picture_files.below(root)
        for folder in (root, root / "closed"):
            folder.chmod(0o755)


def test_heic_is_data_where_its_reader_is_installed(tmp_path):
    (tmp_path / "a.HEIC").touch()
    program = (
        "import pathlib, sys\n{}\nfrom tunit_tf.io import picture_files\n"
        f"print(len(picture_files.below(pathlib.Path({str(tmp_path)!r}))))"
    )

    def found(before):
        return subprocess.run(
            [sys.executable, "-c", program.format(before)], capture_output=True, text=True
        )

    without = found("sys.modules['pillow_heif'] = None")
    assert without.stdout == "0\n", without
    assert "kinds that are not read (.heic); convert" in without.stderr
    assert "pip install pillow-heif reads .heic" in without.stderr
    assert found("").stdout == f"{int(pixels.READS_HEIC)}\n"


def test_what_is_left_out_of_a_folder_is_counted_and_named(tmp_path, caplog):
    for name in (
        "a.png", "b.JFIF", "c.avif", "d.jpe", "sub/e.gif", "notes.txt", "f.JXL", "sub/g.jxl",
        "h.psd", ".hidden.png", ".thumbnails/i.png", "sub/.ipynb_checkpoints/e.gif",
        "@eaDir/a.png", "sub/__MACOSX/._e.gif",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    for name in ("gone.png", "class", "notes.md"):
        (tmp_path / name).symlink_to("/nowhere/at/all")
    (tmp_path / "a_loop.png").symlink_to("a_loop.png")
    found = [str(path.relative_to(tmp_path)) for path in picture_files.below(tmp_path)]
    assert found == ["a.png", "b.JFIF", "c.avif", "d.jpe", "sub/e.gif"]
    links, kinds = (record.getMessage() for record in caplog.records)
    assert kinds.startswith("Skipped 3 files of kinds that are not read (.jxl, .psd); convert")
    assert kinds.endswith(f"{tmp_path}/f.JXL; {tmp_path}/h.psd; {tmp_path}/sub/g.jxl")
    assert links.startswith("Skipped 3 links that lead nowhere; is a disk not mounted?: ")
    assert links.endswith(f"{tmp_path}/a_loop.png; {tmp_path}/class; {tmp_path}/gone.png")


def test_jfif_and_avif_are_read(tmp_path):
    picture = Image.new("RGB", (8, 8), (200, 30, 60))
    picture.save(tmp_path / "a.jfif", "JPEG")
    picture.save(tmp_path / "b.avif", quality=95)
    reader = picture_files.Reader(8, "crop")
    (found,) = reader.batches(picture_files.below(tmp_path), 4)
    for read in found:
        np.testing.assert_allclose(read.square, np.asarray(picture), atol=6)


def test_links_to_folders_are_followed_and_loops_are_not(tmp_path):
    root, elsewhere = tmp_path / "images", tmp_path / "elsewhere"
    for path in (root / "cat" / "a.png", elsewhere / "b.png"):
        path.parent.mkdir(parents=True)
        path.touch()
    (root / "dog").symlink_to(elsewhere)
    (root / "wolf").symlink_to(elsewhere)
    (elsewhere / "again").symlink_to(root)
    (root / "cat" / "self").symlink_to(".")
    (root / "nowhere.png").symlink_to("missing")
    found = [str(path.relative_to(root)) for path in picture_files.below(root)]
    assert found == ["cat/a.png", "dog/b.png", "wolf/b.png"]


@pytest.mark.parametrize(
    ("source", "folder", "pattern"),
    [
        ("gs://photos/cats", "gs://photos/cats/", "gs://photos/cats/**"),
        ("gs://photos/*/a?.jpg", "gs://photos/", "gs://photos/*/a?.jpg"),
        ("/photos/", "/photos/", "/photos/**"),
        ("/photos/2[01]/*.png", "/photos/", "/photos/2[01]/*.png"),
        ("*.jpg", "{here}/", "{here}/*.jpg"),
        ("./cats/*.jpg", "{here}/cats/", "{here}/cats/*.jpg"),
        ("../x", "{above}/x/", "{above}/x/**"),
        (".", "{here}/", "{here}/**"),
        ("~/cats", "{home}/cats/", "{home}/cats/**"),
    ],
)
def test_folders_and_patterns(tmp_path, monkeypatch, source, folder, pattern):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", "/home/of")
    places = {"here": tmp_path / "here", "above": tmp_path, "home": "/home/of"}
    expected = (folder.format(**places), pattern.format(**places))
    assert picture_files.split_pattern(source) == expected


def test_a_pattern_without_a_folder_matches_files_of_the_current_one(tmp_path, monkeypatch):
    """As Beam does: among the paths of the files below the folder of the pattern."""
    monkeypatch.chdir(tmp_path)
    folder, pattern = picture_files.split_pattern("*.jpg")
    files = [f"{tmp_path}/a.jpg", f"{tmp_path}/b.png"]
    assert fnmatch.filter(files, pattern) == files[:1]
    assert files[0].removeprefix(folder) == "a.jpg"


@pytest.mark.parametrize(
    ("source", "output", "inner"),
    [
        ("/photos/", "/photos/new", "/photos/new/"),
        ("/photos/", "/photos/new/../new/", "/photos/new/"),
        ("/photos/", "/photos", ""),
        ("/photos/new/", "/photos", ""),
        ("/photos/", "/photos2", ""),
        ("gs://a/b/", "gs://a/b/c", "gs://a/b/c/"),
    ],
)
def test_results_among_the_sources_are_told_by_their_folder(source, output, inner):
    assert picture_files.results_among(source, output) == inner


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("it has 9 pixels"), "it has 9 pixels"),
        (PermissionError(13, "Permission denied", "/a.png"), "Permission denied"),
        (OSError("it is cut"), "it is cut"),
        (UserError("it has no mask"), "it has no mask"),
        (MemoryError(), "it does not fit into memory; make it smaller"),
        (ValueError(), "ValueError: "),
        (KeyError("a"), "KeyError: 'a'"),
    ],
)
def test_reasons_are_words(error, reason):
    assert picture_files.reason_of(error) == reason


def test_a_file_that_is_no_picture_is_not_named_twice(folder):
    reader = picture_files.Reader(8, "crop")
    assert not list(reader.batches([folder / "empty.jpg"], 1))
    assert reader.bad[folder / "empty.jpg"] == (
        "its content is that of no kind of picture that is read"
    )


def test_pictures_are_told_by_their_names():
    names = ["a.jpg", "x/b.PNG", "c.txt", "x/.hidden.png", "x.png/notes"]
    assert [name for name in names if picture_files.is_picture(name)] == ["a.jpg", "x/b.PNG"]


def test_results_keep_the_folders_of_their_pictures_and_have_short_names():
    assert picture_files.result_name("/photos/a/b.jpg", "/photos/") == "a/b.jpg.png"
    assert picture_files.result_name("/elsewhere/b.jpg", "/photos/") == "b.jpg.png"
    long = [picture_files.result_name(f"/photos/{'x' * 247}{c}.jpg", "/photos/") for c in "ab"]
    assert len(set(long)) == 2
    assert all(len(name.encode()) <= 255 for name in long)


@pytest.fixture
def folders(tmp_path):
    """Sources `a/cat.jpg` and `dog.png` of 12 x 8 pixels, and a folder of their masks."""
    for name in ("sources/a", "masks/a"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("a/cat.jpg", "dog.png"):
        Image.new("RGB", (12, 8)).save(tmp_path / "sources" / name)
        Image.fromarray(VALUES).save((tmp_path / "masks" / name).with_suffix(".png"))
    return tmp_path


def masks_of(folders, mask="masks", source="sources"):
    source, mask = folders / source, picture_files.ALPHA if mask == "alpha" else folders / mask
    return picture_files.MaskFiles(
        str(mask), str(source), picture_files.find(str(source), "source")
    )


def mask_of(masks, path):
    return masks.of(path, pixels.open_as(path, pixels.upright))


def test_a_source_has_the_mask_of_its_name(folders):
    Image.new("L", (12, 8), 7).save(folders / "masks" / "dog.png")
    masks = masks_of(folders)
    cat, dog = (folders / "sources" / name for name in ("a/cat.jpg", "dog.png"))
    np.testing.assert_array_equal(mask_of(masks, cat), VALUES)
    assert np.unique(mask_of(masks, dog)) == [7]
    single = picture_files.MaskFiles(str(folders / "masks"), str(dog), [dog])
    assert np.unique(mask_of(single, dog)) == [7]


@pytest.mark.parametrize("size", [(24, 16), (6, 4), (12, 9)])
def test_a_mask_of_another_size_is_resized_to_its_picture(folders, size):
    Image.fromarray(VALUES).resize(size).save(folders / "masks" / "dog.png")
    assert mask_of(masks_of(folders), folders / "sources" / "dog.png").size == (12, 8)


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (Image.fromarray(VALUES), VALUES),
        (Image.fromarray(np.dstack([VALUES] * 3)), VALUES),
        (Image.fromarray(np.dstack([np.full_like(VALUES, 255), VALUES])), VALUES),  # on nothing
        (Image.fromarray(VALUES > 99), np.where(VALUES > 99, 255, 0)),
        (Image.fromarray(VALUES.astype(np.uint16) * 257), VALUES),
    ],
    ids=["gray", "RGB", "white on transparent", "1 bit", "16 bit"],
)
def test_every_mode_of_a_png_is_read_as_gray(folders, picture, expected):
    picture.save(folders / "masks" / "dog.png")
    mask = mask_of(masks_of(folders), folders / "sources" / "dog.png")
    np.testing.assert_array_equal(mask, expected)


def test_alpha_is_the_channel_of_the_source_upright(folders):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter to be upright
    source = folders / "sources" / "dog.png"
    picture = Image.fromarray(np.dstack([VALUES, VALUES, VALUES, VALUES[::-1]]))
    picture.save(source, exif=exif)
    mask = mask_of(masks_of(folders, "alpha"), source)
    np.testing.assert_array_equal(mask, np.rot90(VALUES[::-1], -1))
    with pytest.raises(UserError, match="has no alpha channel"):
        mask_of(masks_of(folders, "alpha"), folders / "sources" / "a" / "cat.jpg")


def test_what_is_wrong_with_a_folder_is_one_sentence(folders):
    for mask, words in (
        ("nowhere", r"nowhere does not exist; name a folder with a PNG"),
        ("masks/dog.png", r"dog.png is a file; name a folder with a PNG"),
        ("sources", r"is in the folder of --source, so that masks would count as sources"),
        ("sources/a", r"is in the folder of --source"),
    ):
        with pytest.raises(UserError, match=words):
            masks_of(folders, mask)
    with pytest.raises(UserError, match="is in the folder of --source"):
        masks_of(folders, "sources", "sources/dog.png")
    (folders / "masks" / "dog.png").rename(folders / "masks" / "dog.jpg")
    with pytest.raises(UserError, match=r"1 of 2 sources have no mask .*dog.png there is no"):
        masks_of(folders)
    with pytest.raises(UserError, match=r"\(dog.jpg is there: save it as PNG\)"):
        masks_of(folders)


def test_a_single_source_may_name_its_mask(folders):
    source = folders / "sources" / "dog.png"
    masks = masks_of(folders, "masks/dog.png", "sources/dog.png")
    np.testing.assert_array_equal(mask_of(masks, source), mask_of(masks_of(folders), source))
    with pytest.raises(UserError, match="is the source itself"):
        masks_of(folders, "sources/dog.png", "sources/dog.png")


def test_a_mask_that_cannot_be_used_leaves_its_source_out(folders):
    Image.new("L", (8, 12)).save(folders / "masks" / "dog.png")
    Image.fromarray(VALUES).save(folders / "masks" / "a" / "cat.png", format="JPEG")
    for name in ("bird", "fish"):
        Image.new("RGB", (12, 8)).save(folders / "sources" / f"{name}.png")
    (folders / "masks" / "bird.png").write_text("no picture")
    (folders / "masks" / "fish.png").mkdir()
    reader = picture_files.Reader(16, "letterbox")
    paths = picture_files.find(str(folders / "sources"), "source")
    assert not list(reader.batches(paths, 4, masks_of(folders)))
    reasons = {path.name: reason for path, reason in reader.bad.items()}
    assert (
        "8 x 12 pixels and the picture 12 x 8, which is a different aspect ratio"
        in reasons["dog.png"]
    )
    assert "cat.png cannot be read: it is a JPEG file by its content" in reasons["cat.jpg"]
    assert "bird.png cannot be read" in reasons["bird.png"]
    assert "fish.png is not a file" in reasons["fish.png"]


@pytest.mark.parametrize("resize", ["stretch", "crop", "letterbox"])
def test_a_mask_is_cut_as_its_picture(folders, resize):
    gray = np.dstack([VALUES] * 3)
    Image.fromarray(gray).save(folders / "sources" / "dog.png")
    path = folders / "sources" / "dog.png"
    reader = picture_files.Reader(16, resize)
    ((picture,),) = reader.batches([path], 1, masks_of(folders))
    np.testing.assert_array_equal(picture.mask, picture.square[..., 0])
