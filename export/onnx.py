"""Writes a run as a pair of ONNX files, for ONNX Runtime, Unity, WebNN and other runtimes.

`python -m export.onnx --run_dir=runs/mine --output=models/onnx`.
"""

from export import options
from export.options import OnnxOptions
from tunit_tf import cli
from tunit_tf import config as config_lib


def main() -> None:
    """Checks the flags and exports the run."""
    request = config_lib.from_flags(OnnxOptions)
    with options.extra("onnx"):  # here, so that --help does not wait for TensorFlow
        from export import onnx_pair

    run, output = options.load_run(request), request.path("output")
    with cli.interruptible(f"{output} is as it was before."):
        written = onnx_pair.write(run, output, request)
    print(f"Largest difference from the networks: {written.largest:.1e} (values are in [-1, 1]).")
    print(options.wrote(output, written.license))


def command() -> None:
    """Entry point of the console script."""
    config_lib.define_flags(OnnxOptions)
    cli.run(main)


if __name__ == "__main__":
    command()
