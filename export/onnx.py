"""Writes a run as a pair of ONNX files, for ONNX Runtime, Unity, WebNN and other runtimes.

`python -m export.onnx --run_dir=runs/mine --output=models/onnx`.
"""

from export import options
from export.options import OnnxOptions
from tunit_tf import cli


def main() -> None:
    """Checks the flags and exports the run."""
    request = options.from_flags(OnnxOptions)
    with options.extra("onnx"):  # here, so that --help does not wait for TensorFlow
        from export import onnx_pair

    run = request.load_run()
    with cli.interruptible(f"{request.output} is as it was before."):
        written = onnx_pair.write(run, request.output, request.options)
    print(f"Largest difference from the networks: {written.largest:.1e} (values are in [-1, 1]).")
    print(options.wrote(request.output, written.license))


def command() -> None:
    """Entry point of the console script."""
    options.define_flags(OnnxOptions, "models/onnx")
    cli.run(main)


if __name__ == "__main__":
    command()
