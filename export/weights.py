"""Writes a run as a weights folder, to publish, to export from or to fine-tune.

`python -m export.weights --run_dir=runs/mine --output=models/mine`.
"""

from export import options
from export.options import WeightsOptions
from tunit_tf import cli
from tunit_tf import config as config_lib


def main() -> None:
    """Checks the flags and exports the run."""
    request = config_lib.from_flags(WeightsOptions)
    with options.extra("tflite"):  # here, so that --help does not wait for TensorFlow
        from export import published_weights

    run, output = options.load_run(request), request.path("output")
    with cli.interruptible(f"{output} is as it was before."):
        written = published_weights.write(run, output, request)
    print(options.wrote(output, written.license))


def command() -> None:
    """Entry point of the console script."""
    config_lib.define_flags(WeightsOptions)
    cli.run(main)


if __name__ == "__main__":
    command()
