"""What the command lines share: flags in, one clear sentence and an exit code out."""

import sys
from collections.abc import Callable

from absl import app, logging

from tunit_tf.errors import UserError


def run(main: Callable[[], None]) -> None:
    """Parses the flags and runs `main`; a UserError becomes one line and exit code 2."""

    def guarded(arguments: list[str]) -> None:
        logging.set_verbosity(logging.WARNING)  # TensorFlow reports every checkpoint it shards
        try:
            if len(arguments) > 1:
                raise UserError(
                    f"Unexpected argument '{arguments[1]}'; settings are flags, --name=value."
                )
            main()
        except UserError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(2)

    app.run(guarded)
