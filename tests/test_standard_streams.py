"""What processes print at their start: nothing about absent GPUs, and everything else."""

import os
import re
import subprocess
import sys

import pytest

from tests.commands import ROOT
from tunit_tf import standard_streams

NOISE = re.compile(r"cuda|cuInit|oneDNN|InitializeLog|CPU instructions|AVX", re.IGNORECASE)
no_gpu = pytest.mark.skipif(
    any(driver.exists() for driver in standard_streams.DRIVERS), reason="this machine has a GPU"
)


def python(*arguments, **options):
    """A new process in which nothing was imported, with the machine's own variables."""
    hiding = ("TF_CPP_MIN_LOG_LEVEL", "CUDA_VISIBLE_DEVICES")
    variables = {k: v for k, v in os.environ.items() if k not in hiding}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT, env={**variables, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=300, **options,
    )  # fmt: skip


@no_gpu
@pytest.mark.parametrize(
    ("command", "printed"),
    [
        (("-m", "tunit_tf.translate", "--run_dir=/none", "--source=docs/images/shapes"), 1),
        (("-m", "export.saved_model", "--run_dir=/none", "--output=/none"), 1),
        (("-c", "from tunit_tf import Translator; import tensorflow; tensorflow.zeros(1)"), 0),
    ],
)
def test_a_process_does_not_say_that_there_is_no_gpu(command, printed):
    result = python(*command)
    assert not NOISE.search(result.stderr), result.stderr
    assert len(result.stderr.splitlines()) == printed, result.stderr


AMONG_NOISE = """
import os
from tunit_tf import standard_streams
with standard_streams.filtered():
    os.write(2, b"E0000 00:00:1 7 cuda_platform.cc:52] failed call to cuInit: INTERNAL\\n")
    os.write(2, b"F0000 00:00:1 7 cpu_feature_guard.cc:99] compiled for AVX\\n")
    {}
"""


@pytest.mark.parametrize(
    ("end", "code", "last"),
    [
        ("pass", 0, "F0000"),
        ("os.abort()", -6, "F0000"),
        ("raise ImportError('libcudart.so')", 1, "ImportError: libcudart.so"),
        ("print('unbuffered', file=__import__('sys').stderr)", 0, "unbuffered"),
    ],
)
def test_all_other_lines_are_shown_whatever_happens(end, code, last):
    result = python("-c", AMONG_NOISE.format(end))
    assert result.returncode == code
    assert "F0000 00:00:1 7 cpu_feature_guard.cc:99] compiled for AVX\n" in result.stderr
    assert result.stderr.splitlines()[-1].startswith(last)
    assert "cuInit" not in result.stderr


def test_a_machine_without_grep_shows_everything():
    program = "import os; os.environ['PATH'] = '/none'" + AMONG_NOISE.format("pass")
    assert "cuInit" in python("-c", program).stderr


def test_what_is_opened_later_does_not_become_a_closed_stream(tmp_path):
    program = (
        "import os, sys\nfrom tunit_tf import standard_streams\nstandard_streams.prepare()\n"
        f"file = open({str(tmp_path / 'own')!r}, 'w')\n"
        "os.write(2, b'a message')\nprint('word')\nprint('word', file=sys.stderr)"
    )
    command = ["sh", "-c", '"$0" -c "$1" <&- >&- 2>&-', sys.executable, program]
    assert subprocess.run(command, cwd=ROOT, timeout=60).returncode == 0
    assert (tmp_path / "own").read_bytes() == b""


def test_a_stream_that_lacks_a_character_prints_its_number():
    program = (
        "import os\nfrom tunit_tf import standard_streams\nstandard_streams.prepare()\n"
        "print('Wrote \\u00e9', os.fsdecode(b'\\xff'))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert result.stdout == "Wrote \\xe9 \\udcff\n", result.stderr


def test_warnings_of_pillow_which_name_no_file_are_not_shown():
    program = (
        "import warnings\nfrom tunit_tf import standard_streams\nstandard_streams.prepare()\n"
        "for module in ('PIL.TiffImagePlugin', 'elsewhere'):\n"
        "    warnings.warn_explicit(f'of {module}', UserWarning, 'a.py', 1, module)"
    )
    shown = python("-c", program).stderr
    assert "of elsewhere" in shown
    assert "PIL" not in shown


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_log_on_a_full_disk_ends_no_command(tmp_path, name):
    program = (
        "import pathlib, sys\nfrom tunit_tf import cli\n"
        f"def main():\n    for _ in range(9999):\n        print('a line', file=sys.{name})\n"
        f"    pathlib.Path({str(tmp_path / 'result')!r}).touch()\ncli.run(main)"
    )
    with open("/dev/full", "w") as full:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, name: full}
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, text=True, timeout=60, **streams
        )
    assert (tmp_path / "result").exists()
    if name == "stderr":
        assert done.returncode == 0
    else:
        assert done.returncode == 2
        assert done.stderr.startswith("error: What the command prints could not be written (No sp")


def test_whoever_stops_reading_ends_no_command(tmp_path):
    program = (
        "import pathlib\nfrom tunit_tf import cli\n"
        "def main():\n    for _ in range(99999):\n        print('a line')\n"
        f"    pathlib.Path({str(tmp_path / 'result')!r}).touch()\ncli.run(main)"
    )
    command = ["bash", "-c", '"$0" -c "$1" | head -c 1; exit ${PIPESTATUS[0]}']
    done = subprocess.run(
        [*command, sys.executable, program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "a", "")
    assert (tmp_path / "result").exists()
