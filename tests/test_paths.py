"""A path of a user: expanded, or refused with a sentence; never an error of the system."""

import os
import pathlib
import subprocess
import sys

import pytest

from tests.commands import ROOT
from tunit_tf.errors import UserError
from tunit_tf.paths import user_path

NAME = "--source"
NOBODY = 65534


def test_the_home_folder_is_expanded(monkeypatch):
    monkeypatch.setenv("HOME", "/home/kim")
    assert user_path("~/cats", NAME) == pathlib.Path("/home/kim/cats")
    assert user_path("a~/cats", NAME) == pathlib.Path("a~/cats")


@pytest.mark.parametrize("text", ["cats", "tfds:cats/small", "C:/cats", "[v2] \\*?", "é \udcff 猫"])
def test_any_name_that_the_system_takes_is_a_path(tmp_path, text):
    path = user_path(tmp_path / text, NAME)
    path.mkdir(parents=True)
    assert user_path(str(path), NAME).is_dir()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "--source is empty; name a path, or leave it out"),
        (" ", "--source is empty"),
        ("gs://bucket/cats", "is an address; name a path on this machine"),
        ("file:///cats", "is an address"),
        ("~nobody.knows/cats", "no home folder is known for ~nobody.knows"),
        ("cats\0", "has a null character"),
        ("a" * 300, "the name is too long"),
        ("a/" * 3000, "the name is too long"),
    ],
)
def test_what_cannot_be_a_path_gets_a_sentence(text, words):
    with pytest.raises(UserError, match=words) as raised:
        user_path(text, NAME)
    assert len(str(raised.value)) < 250


def test_links_in_a_circle_are_named(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UserError, match="its links lead in a circle"):
        user_path(tmp_path / "a" / "cats", NAME)


@pytest.mark.parametrize("below", ["new", "a/b/new", "../new"])
def test_what_is_no_folder_on_the_way_is_named(tmp_path, below):
    (tmp_path / "notes.txt").write_text("of the user")
    (tmp_path / "unmounted").symlink_to(tmp_path / "gone")
    for name, what in (("notes.txt", "a file"), ("unmounted", "a link that leads nowhere")):
        words = f"{tmp_path / name} is {what}, and no folder; name another."
        with pytest.raises(UserError, match=words):
            user_path(tmp_path / name / below, NAME)
        user_path(tmp_path / name, NAME)


def test_a_closed_folder_and_a_user_without_home_are_named(tmp_path):
    (tmp_path / "closed" / "cats").mkdir(parents=True)
    (tmp_path / "closed").chmod(0)
    program = (
        "import os, sys\nfrom tunit_tf import paths\n"
        f"if not os.getuid():\n    os.setgroups([])\n    os.setuid({NOBODY + 1000})\n"
        "for text in sys.argv[1:]:\n"
        "    try:\n        paths.user_path(text, '--source')\n"
        "    except paths.UserError as error:\n        print(error)\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "HOME"}
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o711)
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "closed" / "cats"), "~/cats"],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    (tmp_path / "closed").chmod(0o700)
    assert "a folder on the way to it is closed; change its permissions" in result.stdout, result
    if not os.getuid():  # only then the process has a user of whom nothing is known
        assert "no home folder is known for ~;" in result.stdout
