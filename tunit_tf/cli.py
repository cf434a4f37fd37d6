"""What the command lines share: flags in, one clear sentence and an exit code out."""

import sys
from collections.abc import Callable

from absl import app, logging

from tunit_tf.config import ConfigError


def run(main: Callable[[], None]) -> None:
    """Parses the flags and runs `main`; a ConfigError becomes one line and exit code 2."""

    def guarded(arguments: list[str]) -> None:
        logging.set_verbosity(logging.WARNING)  # TensorFlow reports every checkpoint it shards
        try:
            if len(arguments) > 1:
                raise ConfigError(
                    f"Unexpected argument '{arguments[1]}'; settings are flags, --name=value."
                )
            main()
        except ConfigError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(2)

    app.run(guarded)
