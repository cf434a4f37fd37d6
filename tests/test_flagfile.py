"""Flagfiles mean what a reader of them thinks, and what is no flagfile is named."""

import os

import pytest

from tunit_tf import flagfile
from tunit_tf.errors import UserError


@pytest.mark.parametrize(
    ("line", "flag"),
    [
        ("--data=my cats", "--data=my cats"),
        ('--data="my cats"', "--data=my cats"),
        ("--data='my cats'  # the best", "--data=my cats"),
        ('--data="cats #1"', "--data=cats #1"),
        ("--data=cats # the best", "--data=cats"),
        ("--data=cats#1", "--data=cats#1"),
        ("--data=Bob's cats", "--data=Bob's cats"),
        ("--data='cats", "--data='cats"),
        ("  --nojoint   # faster", "--nojoint"),
        ("--data=", "--data="),
    ],
)
def test_quotes_and_comments_are_no_part_of_a_value(tmp_path, line, flag):
    (tmp_path / "a.cfg").write_text(f"# first\n\n{line}\n// last\n")
    assert flagfile.expanded([f"--flagfile={tmp_path / 'a.cfg'}"]) == [flag]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_part_of_the_first_flag(tmp_path, encoding):
    (tmp_path / "a.cfg").write_text("--data=Käthe\n", encoding=encoding)
    assert flagfile.expanded(["--flagfile", str(tmp_path / "a.cfg")]) == ["--data=Käthe"]


def test_a_flagfile_of_another_encoding_is_named(tmp_path):
    (tmp_path / "a.cfg").write_text("--seed=1\n", encoding="utf-16")
    with pytest.raises(UserError, match=r"a\.cfg is not UTF-8 text"):
        flagfile.expanded([f"--flagfile={tmp_path / 'a.cfg'}"])


def test_null_characters_are_no_text(tmp_path):
    (tmp_path / "environ").write_bytes(b"HOME=/root\0TOKEN=secret\0")
    with pytest.raises(UserError, match="is no text") as caught:
        flagfile.expanded([f"--flagfile={tmp_path / 'environ'}"])
    assert "secret" not in str(caught.value)


def test_arguments_keep_their_order_around_flagfiles_in_flagfiles(tmp_path):
    inner, outer = tmp_path / "inner.cfg", tmp_path / "outer.cfg"
    inner.write_text("--seed=2")
    outer.write_text(f"--seed=1\n--flagfile={inner}\n--seed=3")
    arguments = ["--seed=0", f"-flagfile={outer}", "--seed=4", "--", f"--flagfile={inner}"]
    seeds = ["--seed=0", "--seed=1", "--seed=2", "--seed=3", "--seed=4"]
    assert flagfile.expanded(arguments) == [*seeds, "--", f"--flagfile={inner}"]


def loop(folder):
    (folder / "loop.cfg").write_text(f"--flagfile={folder / 'loop.cfg'}")
    return folder / "loop.cfg"


def fifo(folder):
    os.mkfifo(folder / "fifo")
    return folder / "fifo"


def large(folder):
    (folder / "a.cfg").write_bytes(b"#" * (flagfile.MAX_BYTES + 1))
    return folder / "a.cfg"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda _: "", "--flagfile is empty"),
        (lambda folder: folder / "none.cfg", "No such file or directory"),
        (lambda folder: folder, "it is not a file"),
        (lambda _: "/dev/zero", "it is not a file"),
        (fifo, "it is not a file"),
        (loop, "is named by itself"),
        (large, "it has more than 1,048,576 bytes"),
    ],
)
def test_what_is_no_flagfile_is_named(tmp_path, make, words):
    with pytest.raises(UserError, match=words):
        flagfile.expanded([f"--flagfile={make(tmp_path)}"])
