"""Writes a run as a weights folder, to publish, to export from or to fine-tune.

`python -m export.weights --run_dir=runs/mine --output=models/mine`.
"""

from export import options
from export.options import WeightsOptions
from tunit_tf import cli


def main() -> None:
    """Checks the flags and exports the run."""
    request = options.from_flags(WeightsOptions)
    with options.extra("tflite"):  # here, so that --help does not wait for TensorFlow
        from export import published_weights

    run = request.load_run()
    with cli.interruptible(f"{request.output} is as it was before."):
        written = published_weights.write(run, request.checkpoint, request.output, request.options)
    print(options.wrote(request.output, written.license))


def command() -> None:
    """Entry point of the console script."""
    options.define_flags(WeightsOptions, "models/weights")
    cli.run(main)


if __name__ == "__main__":
    command()
