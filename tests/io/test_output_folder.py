"""Output folders: foreign ones are refused, and only what a command wrote is replaced."""

import json
import os
import pathlib
import shutil

import pytest

from tunit_tf.errors import UserError
from tunit_tf.io import files, output_folder
from tunit_tf.io.output_folder import MARKER, OutputFolder


def opened(path, command="tunit_tf.evaluate"):
    return OutputFolder(path, command, "report_dir")


@pytest.fixture
def own(tmp_path):
    """A folder in which a command wrote two files."""
    folder = opened(tmp_path / "own")
    folder.check()
    folder.write("index.html", b"<html>")
    folder.write("figures/a.png", b"picture")
    return tmp_path / "own"


def test_nothing_is_touched_before_something_is_written(tmp_path):
    folder = opened(tmp_path / "new")
    folder.check()
    folder.check_whole()
    folder.release()
    assert not (tmp_path / "new").exists()


def test_new_empty_and_own_folders_are_accepted(own, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".DS_Store").touch()
    (tmp_path / "empty" / ".writing-0a_b1c2d").mkdir()  # of a process that was killed
    for path in (tmp_path / "new", tmp_path / "empty", own):
        opened(path).check()
    assert (own / "figures" / "a.png").read_bytes() == b"picture"


def test_a_foreign_folder_is_refused_with_its_first_file(tmp_path):
    for name in ("notes.txt", "index.html", "z"):
        (tmp_path / name).touch()
    with pytest.raises(UserError, match=r"did not write, the first is index\.html; name a new"):
        opened(tmp_path).check()


@pytest.mark.parametrize(
    "mark", [b"", b"{}", b"[]\n", b"\xff\xfe", b'{"written_by": "tunit_tf"}', b"[" * 100_000]
)
def test_a_mark_is_known_by_its_content(tmp_path, mark):
    (tmp_path / "mine.txt").touch()
    (tmp_path / MARKER).write_bytes(mark)
    with pytest.raises(UserError, match=r"mine\.txt|a folder of tunit_tf,"):
        opened(tmp_path).check()


def test_a_folder_of_another_command_is_refused(own):
    with pytest.raises(UserError, match=r"is a folder of tunit_tf\.evaluate, not of tunit_tf\.tra"):
        opened(own, "tunit_tf.train").check()


def test_files_links_and_marks_that_are_links_are_refused(own, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / MARKER).symlink_to(own / MARKER)
    words_of = {"file": "is a file", "gone": "leads nowhere", "linked": "is no plain file"}
    for name, words in words_of.items():
        with pytest.raises(UserError, match=words):
            opened(tmp_path / name).check()


def test_only_unchanged_files_may_be_replaced(own):
    folder = opened(own)
    folder.check_unchanged(["index.html", "figures/a.png", "missing"])
    (own / "index.html").write_bytes(b"edited by hand")
    (own / "metrics.json").touch()
    (own / "dangling").symlink_to(own / "nowhere")
    with pytest.raises(UserError, match=r"index\.html was changed after tunit_tf\.evaluate wrote"):
        folder.check_unchanged(["index.html"])
    for name in ("metrics.json", "dangling"):
        with pytest.raises(UserError, match=f"{name} was not written by tunit_tf.evaluate"):
            folder.check_unchanged([name])


def test_a_link_to_the_same_content_is_not_the_file(own):
    (own / "index.html").rename(own.parent / "moved.html")
    (own / "index.html").symlink_to(own.parent / "moved.html")
    with pytest.raises(UserError, match=r"index\.html was changed"):
        opened(own).check_unchanged(["index.html"])


def test_a_file_that_was_changed_is_kept_beside_the_new_one(own, caplog):
    (own / "index.html").write_bytes(b"edited")
    for content in (b"second", b"third"):
        opened(own).write_over("index.html", content)
    assert (own / "kept-1-index.html").read_bytes() == b"edited"
    assert (own / "index.html").read_bytes() == b"third"
    assert len(list(own.glob("kept-*"))) == 1
    assert "it is kept as kept-1-index.html" in caplog.text


def test_only_unchanged_files_are_deleted(own):
    folder = opened(own)
    folder.delete("figures/a.png")
    folder.delete("never written")
    assert not (own / "figures" / "a.png").exists()
    (own / "index.html").write_bytes(b"edited")
    folder.delete("index.html")
    assert (own / "index.html").exists()


def test_names_in_a_mark_do_not_lead_out_of_the_folder(own):
    (own.parent / "precious").write_bytes(b"picture")
    for name in ("../precious", str(own.parent / "precious"), "figures/../../precious"):
        opened(own).note(name, output_folder.checksum(own.parent / "precious"))
        opened(own).delete(name)
        assert name not in opened(own).written()
    assert (own.parent / "precious").exists()


@pytest.mark.parametrize("name", [MARKER, "figures/a.png"])
def test_a_pipe_is_not_waited_for(own, name):
    (own / name).unlink()
    os.mkfifo(own / name)
    with pytest.raises(UserError, match=r"is no plain file|was changed after"):
        opened(own).check_whole()


def test_a_process_that_is_killed_between_note_and_file_changes_nothing(own):
    opened(own).note("index.html", "0" * 64)
    opened(own).check_unchanged(["index.html"])


def test_a_mark_that_was_cut_goes_on(own):
    with (own / MARKER).open("ab") as file:
        file.write(b'{"file": "figures/b.png", "sha')
    opened(own).write("later.txt", b"later")
    opened(own).check_unchanged(["index.html", "figures/a.png", "later.txt"])


@pytest.mark.parametrize("foreign", ["notes.txt", "figures/holiday.png", "figures/link", ".hidden"])
def test_a_folder_is_replaced_only_if_nothing_else_is_in_it(own, foreign):
    path = own / foreign
    refused = pytest.raises(UserError, match=f"{foreign} was not written by")
    with refused, opened(own).replacing() as new:
        (new / "index.html").write_bytes(b"new")
        path.symlink_to(own.parent) if foreign.endswith("link") else path.touch()
    with refused, opened(own).replacing():
        pass
    path.unlink()
    (own / ".DS_Store").touch()
    with opened(own).replacing() as new:
        (new / "index.html").write_bytes(b"new")
    assert sorted(p.name for p in own.iterdir()) == [MARKER, "index.html"]
    opened(own).check_whole()


def test_the_current_folder_is_not_replaced(own, monkeypatch):
    monkeypatch.chdir(own)
    with pytest.raises(UserError, match="is the current folder"):
        opened(pathlib.Path(".")).check_whole()


def test_a_lost_mark_is_made_again_where_the_content_is_known(own):
    (own / MARKER).unlink()
    with pytest.raises(UserError, match="did not write"):
        opened(own).check()
    folder = OutputFolder(own, "tunit_tf.evaluate", "report_dir", recognized=True)
    folder.check()
    folder.write_over("index.html", b"new")
    assert (own / "kept-1-index.html").read_bytes() == b"<html>"
    opened(own).check()


def test_names_that_are_not_utf_8_are_noted(own):
    name = b"caf\xe9.png".decode(errors="surrogateescape")
    opened(own).write(name, b"picture")
    opened(own).check_unchanged([name])


def test_what_was_written_is_known_to_others(own):
    assert set(output_folder.written_in(own)) == {own / "index.html", own / "figures" / "a.png"}
    assert output_folder.written_in(own.parent) == {}
    lines = (own / MARKER).read_text().splitlines()
    assert json.loads(lines[0]) == {"written_by": "tunit_tf.evaluate"}
    copy = shutil.copytree(own, own.parent / "copy")
    opened(copy).check_whole()


def test_a_new_file_replaces_nothing(tmp_path):
    with files.new(tmp_path / "new.png") as path:
        path.write_bytes(b"content")
    assert (tmp_path / "new.png").read_bytes() == b"content"
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("new.png", "dangling"):
        with pytest.raises(FileExistsError), files.new(tmp_path / name) as path:
            path.write_bytes(b"other")
    assert (tmp_path / "new.png").read_bytes() == b"content"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling", "new.png"]
