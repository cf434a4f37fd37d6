"""Writes a run as pairs of .tflite files for phones and browsers.

`python -m export.tflite --run_dir=runs/mine --output=models/mobile`.
"""

from export import options
from export.options import Options
from tunit_tf import cli


def main() -> None:
    """Checks the flags and exports the run."""
    request = options.from_flags(Options)
    with options.extra("tflite"):  # here, so that --help does not wait for TensorFlow
        from export.mobile import bundle

    run = request.load_run()
    with cli.interruptible(f"{request.output} is as it was before."):
        written = bundle.write(run, request.output, request.options)
    print(bundle.table(written))
    print(options.wrote(request.output, written.license))


def command() -> None:
    """Entry point of the console script."""
    options.define_flags(Options, "models/mobile")
    cli.run(main)


if __name__ == "__main__":
    command()
