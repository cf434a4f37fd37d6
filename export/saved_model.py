"""Writes a run as a SavedModel for TF Serving.

`python -m export.saved_model --run_dir=runs/mine --output=models/tunit` writes the next version.
"""

import shlex

from export import options
from export.options import ServingOptions
from tunit_tf import cli
from tunit_tf import config as config_lib


def main() -> None:
    """Checks the flags and exports the run."""
    request = config_lib.from_flags(ServingOptions)
    with options.extra("serving"):  # here, so that --help does not wait for TensorFlow
        from export.serving import versions

    run, output = options.load_run(request), request.path("output")
    with cli.interruptible(f"No version was written to {output}."):
        version = versions.write(
            run, output, request.resize, request.max_pixels, request.data, request.examples
        )
    print(options.wrote(version, run.config.license))
    if not (version / versions.WARM_UP).exists():
        print(
            "Without warm-up records, which need tensorflow-serving-api: "
            "pip install -r requirements-serving.txt"
        )
    model, run_dir = (shlex.quote(str(path)) for path in (version, request.path("run_dir")))
    print(f"Check it:  python -m export.compare --model={model} --run_dir={run_dir}")


def command() -> None:
    """Entry point of the command line."""
    config_lib.define_flags(ServingOptions)
    cli.run(main)


if __name__ == "__main__":
    command()
