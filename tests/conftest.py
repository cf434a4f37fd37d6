"""Two logical CPUs, so that tests can distribute, and tiny configs."""

import contextlib
import ctypes
import gc
import os
import pathlib
import resource
import sys

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
# XLA compiles fast code slowly, or slow code fast.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

import pytest
import tensorflow as tf

from tests import commands, session_folder
from tunit_tf.config import Config
from tunit_tf.inference.trained_run import TrainedRun

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)

TINY = {
    "image_size": 32,
    "num_domains": 3,
    "style_dim": 8,
    "base_channels": 4,
    "guiding_width": 1 / 16,
    "queue_length": 16,
    "batch_size": 4,
    "warmup_steps": 2,
    "joint_steps": 2,
    "synthetic_images": 40,
    "steps_per_loop": 2,
    "ema_start": 1,
    "progress": False,
}

MAX_MEMORY = 3_500_000_000  # resident bytes of a test process, over all its modules

# Files that take minutes, the slowest first, so that the processes of `make test`, each of which
# takes a whole file at a time, end at about the same time.
SLOW = (
    "training/test_compiled_graphs",  # quick, but lists all graphs of the process
    "training/test_trainer", "training/test_distribution", "training/test_workers",
    "chaos", "parity", "export/mobile/test_bundle", "export", "evaluation",
)  # fmt: skip


def pytest_collection_modifyitems(items):
    """Starts with the slow files."""

    def place(item) -> int:
        path = item.path.relative_to(pathlib.Path(__file__).parent).as_posix()
        return next((i for i, name in enumerate(SLOW) if path.startswith(name)), len(SLOW))

    items.sort(key=place)


def pytest_terminal_summary(terminalreporter, config):
    """Names the tests that need another environment."""
    if any("oracle" in argument for argument in config.args):
        return
    terminalreporter.write_line(
        "Left out: tests/oracle (PyTorch, Beam: make oracle-test), tests/compat (archived "
        "libraries: make compat), web_demo (make web-test), android_demo (make android-test)."
    )


@pytest.fixture(autouse=True, scope="module")
def freed_memory(request):
    """Gives back what a module's tests held: traced functions keep networks in reference cycles.

    The module with which a process passes the limit of resident memory fails.
    """
    before = peak_memory()
    yield
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # other C libraries do without
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    if "oracle" not in request.path.parts:  # PyTorch and Beam need more
        peak = peak_memory()
        assert before > MAX_MEMORY or peak < MAX_MEMORY, f"{peak / 1e9:.1f} GB resident"


def peak_memory() -> int:
    """Largest resident memory of this process so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@contextlib.contextmanager
def graph_optimizer(disabled):
    """Turns TensorFlow's graph optimizer off or on."""
    before = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": disabled})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False, **before})


@pytest.fixture(scope="module")
def plain_graphs():
    """Graphs as they are traced: optimizing them takes most of the time and changes rounding."""
    with graph_optimizer(disabled=True):
        yield


@pytest.fixture
def optimized_graphs():
    """Optimized graphs, where `plain_graphs` is the rule of a module."""
    with graph_optimizer(disabled=False):
        yield


@pytest.fixture(scope="session")
def tiny():
    """A function that makes a resolved config of tiny networks, with changes."""

    def make(**changes) -> Config:
        return Config(**{**TINY, **changes}).resolved()

    return make


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """Folder of a finished run of tiny networks on the procedural set; tests must not change it."""
    changes = {"joint_steps": 4, "synthetic_images": 80, "evaluate_every": 3, "log_every": 1}

    def fill(folder: pathlib.Path) -> None:
        settings = {**TINY, **changes, "run_dir": folder / "run", "cache_dir": folder / "cache"}
        flags = (f"--{name}={value}" for name, value in settings.items())
        result = commands.run("tunit_tf.train", *flags)
        assert result.returncode == 0, result.stderr

    return session_folder.make(tmp_path_factory, "tiny", fill) / "run"


@pytest.fixture(scope="session")
def trained_run(tiny_run):
    """The newest checkpoint of the tiny run; its functions are traced once for all tests."""
    return TrainedRun.load(tiny_run)


@pytest.fixture(scope="session")
def translator(trained_run):
    """Its networks."""
    return trained_run.translator


@pytest.fixture(scope="session")
def two_replicas():
    """A strategy over two logical CPUs; one per process, as collectives of a second would clash."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
