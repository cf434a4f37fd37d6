"""Writes a run as pairs of .tflite files for phones and browsers.

`python -m export.tflite --run_dir=runs/mine --output=models/mobile`.
"""

from export import options
from export.options import Options
from tunit_tf import cli
from tunit_tf import config as config_lib


def main() -> None:
    """Checks the flags and exports the run."""
    request = config_lib.from_flags(Options)
    with options.extra("tflite"):  # here, so that --help does not wait for TensorFlow
        from export.mobile import bundle

    run, output = options.load_run(request), request.path("output")
    with cli.interruptible(f"{output} is as it was before."):
        written = bundle.write(run, output, request)
    print(bundle.table(written))
    print(options.wrote(output, written.license))


def command() -> None:
    """Entry point of the console script."""
    config_lib.define_flags(Options)
    cli.run(main)


if __name__ == "__main__":
    command()
