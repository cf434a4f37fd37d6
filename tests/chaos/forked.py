"""Command lines in processes of their own that are forked from one that has imported TensorFlow.

Such a process has its own pid, flags, exit code and output as `python -m MODULE FLAGS` has, and
starts some seconds sooner.
"""

import multiprocessing
import os
import pathlib
import resource
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[2]

PRELOADED = ["tensorflow", "keras", "tunit_tf.training.trainer", "tunit_tf.evaluation.evaluator"]

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(PRELOADED)


class Forked:
    """A process that runs `python -m MODULE FLAGS` in the project's folder.

    Args:
      module: Name of the module.
      flags: Its command line flags.
      file_limit: Largest file in bytes that the process may write, as on a full disk.
      environment: Variables that it has beside those of this process.
    """

    def __init__(
        self,
        module: str,
        flags: list[str],
        file_limit: int | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self._folder = pathlib.Path(tempfile.mkdtemp())
        self._outputs = [self._folder / name for name in ("stdout", "stderr")]
        outputs = [str(path) for path in self._outputs]
        arguments = (module, flags, outputs, file_limit, environment or {})
        self._process = context.Process(target=_run, args=arguments)
        self._process.start()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, negative after a signal; None while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float | None = None) -> bool:
        """Waits until the process ended, or for some seconds; whether it ended."""
        self._process.join(seconds)
        return self._process.exitcode is not None

    def send_signal(self, number: signal.Signals) -> None:
        """Sends a signal."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Sends SIGKILL and waits."""
        self._process.kill()
        self._process.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def communicate(self, seconds: float) -> subprocess.CompletedProcess:
        """Waits for the end, and returns what the process printed."""
        if not self.wait(seconds):
            self.kill()
            raise TimeoutError(f"the process takes more than {seconds} s")
        out, err = (p.read_text() if p.exists() else "" for p in self._outputs)
        shutil.rmtree(self._folder, ignore_errors=True)
        return subprocess.CompletedProcess(self._process.name, self.returncode, out, err)


def _run(
    module: str,
    flags: list[str],
    outputs: list[str],
    file_limit: int | None,
    environment: dict[str, str],
) -> None:
    os.chdir(ROOT)
    os.environ.update(environment)
    for number, name in enumerate(outputs, 1):
        with open(name, "wb") as file:
            os.dup2(file.fileno(), number)
    sys.stdout, sys.stderr = (open(number, "w", closefd=False) for number in (1, 2))  # noqa: SIM115
    if file_limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # even if started in the background
    sys.argv = [module, *flags]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
