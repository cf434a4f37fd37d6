"""Every command that writes a folder refuses one that somebody else has filled, and says why."""

import re
import shutil

import pytest

from tests import commands
from tests.chaos import user_files
from tunit_tf import paths


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def mine(tmp_path):
    """A folder of the user, with the names of everything that the commands write."""
    return user_files.filled(tmp_path / "mine")


@pytest.mark.parametrize("module", user_files.WRITERS)
def test_a_folder_of_the_user_stays_as_it_is(module, mine, tiny_run, tmp_path):
    before = contents(tmp_path)
    places = {"mine": mine, "run": tiny_run, "pictures": tiny_run / "samples"}
    flags = [flag.format(**places) for flag in user_files.WRITERS[module]]
    done = commands.run(module, *flags)
    assert done.returncode == 2, done
    assert f"{module} did not write, the first is .hidden; name a new or an empty" in done.stderr
    assert contents(tmp_path) == before
    assert (mine / "lock").is_symlink()


@pytest.mark.parametrize("module", user_files.WRITERS)
def test_a_folder_below_a_file_is_refused_before_work_starts(module, tiny_run, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("of the user")
    places = {"mine": file / "new", "run": tiny_run, "pictures": tmp_path}
    flags = [flag.format(**places) for flag in user_files.WRITERS[module]]
    done = commands.run(module, *flags)
    assert done.returncode == 2, done
    shown = str(places["mine"])[: paths.LONGEST_SHOWN]
    assert re.fullmatch(
        rf"error: --\w+={re.escape(shown)}.* cannot be reached: {re.escape(str(file))} is a file, "
        r"and no folder; name another\.\n",
        done.stderr,
    ), done
    assert contents(tmp_path) == {file: b"of the user"}


def test_a_run_is_not_a_folder_for_reports(tiny_run, tmp_path):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    before = contents(run)
    flags = f"--run_dir={tiny_run}", "--features=random_conv64", f"--report_dir={run}"
    done = commands.run("tunit_tf.evaluate", *flags)
    assert "is a folder of tunit_tf.train, not of tunit_tf.evaluate" in done.stderr
    assert contents(run) == before
