"""Which files a folder or a pattern means, and what their results are relative to."""

import fnmatch

import pytest

from tunit_tf.io import file_patterns


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
    assert file_patterns.split(source) == expected


def test_a_pattern_without_a_folder_matches_files_of_the_current_one(tmp_path, monkeypatch):
    """As Beam does: among the paths of the files below the folder of the pattern."""
    monkeypatch.chdir(tmp_path)
    folder, pattern = file_patterns.split("*.jpg")
    files = [f"{tmp_path}/a.jpg", f"{tmp_path}/b.png"]
    assert fnmatch.filter(files, pattern) == files[:1]
    assert files[0].removeprefix(folder) == "a.jpg"


def test_pictures_are_told_by_their_names():
    names = ["a.jpg", "x/b.PNG", "c.txt", "x/.hidden.png", "x.png/notes"]
    assert [name for name in names if file_patterns.is_picture(name)] == ["a.jpg", "x/b.PNG"]


def test_results_keep_the_folders_of_their_pictures_and_have_short_names():
    assert file_patterns.result_name("/photos/a/b.jpg", "/photos/") == "a/b.jpg.png"
    assert file_patterns.result_name("/elsewhere/b.jpg", "/photos/") == "b.jpg.png"
    long = [file_patterns.result_name(f"/photos/{'x' * 247}{c}.jpg", "/photos/") for c in "ab"]
    assert len(set(long)) == 2
    assert all(len(name.encode()) <= 255 for name in long)
