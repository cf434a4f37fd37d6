"""The command line as a user meets it: real processes, one clear sentence, no traceback."""

import json

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
        (["--flagfile=configs/none.cfg"], "configs/none.cfg"),
    ],
)
def test_a_mistake_gets_one_sentence_and_a_code(tmp_path, flags, words):
    small = ["--image_size=32", "--synthetic_images=80", f"--run_dir={tmp_path / 'run'}"]
    result = train(*small, *flags)
    assert result.returncode != 0
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "run").exists()


def test_dry_run_prints_the_resolved_config_and_writes_nothing(tmp_path):
    result = train("--flagfile=configs/quickstart.cfg", "--dry_run", f"--run_dir={tmp_path / 'r'}")
    assert result.returncode == 0
    config = json.loads(result.stdout)
    assert config["warmup_batch_size"] == 64
    assert config["num_domains"] == 4
    assert not (tmp_path / "r").exists()
