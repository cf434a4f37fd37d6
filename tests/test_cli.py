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
        (["--run_dir="], "--run_dir is empty; name a path, or leave it out"),
        (["--cache_dir="], "--cache_dir is empty; name a path, or leave it out"),
        (["--validation_data="], "--validation_data is empty"),
        (["--flagfile="], "--flagfile is empty"),
        (["--run_dir=gs://bucket/run"], "--run_dir=gs://bucket/run is an address"),
        (["--nojoint=true"], "--nojoint=true does not take an argument"),
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


@pytest.mark.parametrize(
    ("given", "needed"),
    [
        ("--frames=8", "interpolate"),
        ("--animation=webp", "interpolate"),
        ("--seed=0", "sample"),
        ("--data=photos", "domain"),
        ("--sample=2", "domain"),
    ],
)
def test_a_flag_without_the_one_that_it_belongs_to_is_refused(given, needed):
    named = ("--source=docs/images/shapes", "--reference=docs/images/looks")
    result = commands.run("tunit_tf.translate", *named, given)
    assert result.returncode == 2
    assert f"{given.partition('=')[0]} has no effect without --{needed}" in result.stderr


@pytest.mark.parametrize("name", ["model", "reference", "mask", "output", "source"])
def test_an_unset_variable_of_a_pipeline_is_named(name):
    named = ("--model=m", "--reference=look.jpg", "--output=out", "--source=*.jpg", "--mask=masks")
    result = commands.run("export.beam", *named, f"--{name}=")
    assert result.returncode == 2
    assert f"error: --{name} is empty; name a path, or leave it out" in result.stderr


def test_dry_run_prints_the_resolved_config_and_writes_nothing(tmp_path):
    result = train("--flagfile=configs/quickstart.cfg", "--dry_run", f"--run_dir={tmp_path / 'r'}")
    assert result.returncode == 0
    config = json.loads(result.stdout)
    assert config["warmup_batch_size"] == 64
    assert config["num_domains"] == 4
    assert not (tmp_path / "r").exists()


def test_random_weights_override_a_flagfile(tmp_path):
    (tmp_path / "mine.cfg").write_text("--init_from=pretrained/cats_128\n")
    dry_run = f"--flagfile={tmp_path / 'mine.cfg'}", "--dry_run"
    of_weights, random = (
        json.loads(train(*dry_run, *more).stdout) for more in ((), ("--init_from=none",))
    )
    assert (of_weights["init_from"], of_weights["style_dim"]) == ("pretrained/cats_128", 64)
    assert (random["init_from"], random["style_dim"]) == ("", 128)


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
