"""Temporary folders vanish with their owners; files are whole or absent."""

import errno
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from tunit_tf.errors import UserError
from tunit_tf.io import files


def aged(path):
    path.mkdir()
    (path / "file").touch()
    os.utime(path, (time.time() - 3600,) * 2)
    return path


def test_only_folders_that_nobody_holds_are_deleted(tmp_path):
    stale = aged(tmp_path / ".writing-0a_b1c2d")
    others = [aged(tmp_path / name) for name in (".writing-mine", ".writing-UPPERCAS", "writing-")]
    with files.temporary_folder(tmp_path) as held:
        assert not stale.exists()
        os.utime(held, (time.time() - 3600,) * 2)
        with files.temporary_folder(tmp_path) as second:
            assert held.is_dir()
            assert second != held
    assert sorted(tmp_path.iterdir()) == sorted(others)


def test_a_young_folder_may_still_be_locked_by_its_owner(tmp_path):
    young = tmp_path / ".writing-abcdefgh"
    young.mkdir()
    with files.temporary_folder(tmp_path):
        assert young.exists()


def test_the_longest_name_can_be_written(tmp_path):
    path = tmp_path / ("x" * 251 + ".png")
    files.write_bytes(path, b"content")
    assert path.read_bytes() == b"content"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_names_the_reason_and_the_cure(tmp_path):
    words = r"^The report cannot be written \(File exists\); name another folder\.$"
    (tmp_path / "file").touch()
    with (
        pytest.raises(UserError, match=words),
        files.writing("The report", "name another folder"),
    ):
        files.write_bytes(tmp_path / "file" / "below", b"")


@pytest.mark.parametrize(
    ("number", "cure"),
    [
        (errno.ENOSPC, "free space there or name another folder"),
        (errno.EFBIG, "free space there or name another folder"),
        (errno.EACCES, "change its permissions or name another folder"),
        (errno.ENOTDIR, "name another folder"),
        (errno.EIO, "name another folder"),
    ],
)
def test_the_cure_fits_the_reason(number, cure):
    with (
        pytest.raises(UserError, match=rf"\({os.strerror(number)}\); {cure}\.$"),
        files.writing("The report", "name another folder"),
    ):
        raise OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("context", "written"),
    [("temporary_folder(place)", "made / 'file'"), ("renamed(place / 'a.png')", "made")],
)
def test_sigterm_ends_a_process_after_what_is_unfinished_is_deleted(tmp_path, context, written):
    """Also if it comes twice, as some launchers send it."""
    program = (
        "import os, pathlib, signal, sys, time\nfrom tunit_tf.io import files\n"
        f"place = pathlib.Path(sys.argv[1])\nwith files.{context} as made:\n"
        f"    ({written}).touch()\n"
        "    try:\n        os.kill(os.getpid(), signal.SIGTERM)\n        time.sleep(60)\n"
        "    finally:\n        os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], timeout=50)
    assert done.returncode == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def test_a_programs_own_handler_of_sigterm_stays(tmp_path):
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with files.temporary_folder(tmp_path):
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with files.temporary_folder(tmp_path):
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("interrupted", ["finished", "new"])
def test_an_interrupt_between_two_renames_loses_nothing(tmp_path, monkeypatch, interrupted):
    folder, rename = tmp_path / "finished", pathlib.Path.rename
    folder.mkdir()
    (folder / "old.txt").write_text("before")

    def interrupt(path, target):
        moved = None if path.name == "new" else rename(path, target)
        if path.name == interrupted:
            raise KeyboardInterrupt
        return moved

    with files.temporary_folder(tmp_path) as temporary:
        (temporary / "new").mkdir()
        monkeypatch.setattr(pathlib.Path, "rename", interrupt)
        with pytest.raises(KeyboardInterrupt):
            files.replace_folder(folder, temporary / "new")
        monkeypatch.undo()
    assert (folder / "old.txt").read_text() == "before"
