"""The command line as a user meets it: real processes, one clear sentence, no traceback."""

import json
import re
import subprocess
import sys

import pytest

from tests import commands


def train(*flags):
    return commands.run("tunit_tf.train", *flags)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--colour=red"], "Unknown command line flag 'colour'"),
        (["--batch_size=many"], "flag --batch_size=many"),
        (["--mixed_precision=int3"], "should be one of"),
        (["--image_size=100"], "image_size must be one of (32, 64, 128, 256, 512); received 100"),
        (["--num_domains=1"], "num_domains must be at least 2"),
        (["--data=nowhere"], "--data=nowhere is not a folder"),
        (["--batch_size=64", "--synthetic_images=20"], "A batch of 64 needs"),
        (["stray"], "Unexpected argument 'stray'"),
        (["--run_dir="], "--run_dir is empty; name a folder."),
        (["--cache_dir="], "--cache_dir is empty; name a folder."),
        (["--flagfile=configs/none.cfg"], "configs/none.cfg"),
    ],
)
def test_a_mistake_gets_one_sentence_and_a_code(tmp_path, flags, words):
    small = ["--image_size=32", "--synthetic_images=80", f"--run_dir={tmp_path / 'run'}"]
    result = train(*small, *flags)
    assert result.returncode == 2
    sentences = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(sentences) == 1, result.stderr
    assert words in sentences[0]
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "run").exists()


def test_dry_run_prints_the_resolved_config_and_writes_nothing(tmp_path):
    result = train("--flagfile=configs/quickstart.cfg", "--dry_run", f"--run_dir={tmp_path / 'r'}")
    assert result.returncode == 0
    config = json.loads(result.stdout)
    assert config["warmup_batch_size"] == 64
    assert config["num_domains"] == 4
    assert not (tmp_path / "r").exists()


def test_help_groups_the_flags():
    result = train("--help")
    assert result.returncode == 0
    _, where, networks = re.split(r"^(?=Where:|Networks:)", result.stdout, flags=re.MULTILINE)
    assert "--data:" in where
    assert "--image_size:" in networks


@pytest.mark.parametrize(
    ("raised", "code", "printed"),
    [
        ("KeyboardInterrupt()", 130, "Interrupted.\n"),
        ("KeyboardInterrupt('3 files were written.')", 130, "Interrupted. 3 files were written.\n"),
        ("cli.UserError('--a=1 is too small.')", 2, "error: --a=1 is too small.\n"),
    ],
)
def test_how_a_command_ends(raised, code, printed):
    program = f"from tunit_tf import cli\ndef main():\n    raise {raised}\ncli.run(main)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == code
    assert result.stderr == printed


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("\ufeff--seed=1\n--num_domains=4\n".encode(), "begins with a byte order mark"),
        ("\ufeff# a comment\n--seed=1\n".encode(), "begins with a byte order mark"),
        ("--seed=1\n".encode("utf-16"), "is not UTF-8 text"),
    ],
)
def test_a_flagfile_of_another_encoding_is_named(tmp_path, content, words):
    (tmp_path / "flags.cfg").write_bytes(content)
    program = (
        "from absl import flags\nfrom tunit_tf import cli, config\nconfig.define_flags()\n"
        "def main():\n    print(flags.FLAGS.seed)\ncli.run(main)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, f"--flagfile={tmp_path / 'flags.cfg'}"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 2
    assert result.stdout == ""
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_reading_a_config_imports_no_tensorflow():
    program = "import sys, tunit_tf, tunit_tf.cli, tunit_tf.config; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    imported = set(result.stdout.split())
    assert "tunit_tf.config" in imported
    assert not imported & {"tensorflow", "keras", "scipy", "sklearn", "matplotlib"}


def test_the_public_name_is_loaded_when_it_is_used():
    import tunit_tf
    from tunit_tf.inference.translator import Translator

    assert tunit_tf.Translator is Translator
    assert "Translator" in dir(tunit_tf)
    with pytest.raises(AttributeError, match="has no attribute 'Trainer'"):
        _ = tunit_tf.Trainer
