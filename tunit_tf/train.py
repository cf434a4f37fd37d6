"""Trains TUNIT: `python -m tunit_tf.train --data=FOLDER --run_dir=runs/mine`."""

import sys

from absl import flags

from tunit_tf import cli
from tunit_tf import config as config_lib
from tunit_tf.training import memory

DRY_RUN = flags.DEFINE_boolean(
    "dry_run", False, "Print the resolved config and the memory that it takes, and stop."
)


def main() -> None:
    """Trains, or prints the config with --dry_run."""
    config = config_lib.from_flags()
    if config.init_from:
        from tunit_tf.training import initialization  # here because of TensorFlow, as below

        config = initialization.completed(config, config_lib.given_flags())
    config = config.resolved()
    if DRY_RUN.value:
        print(config.to_json())
        print(memory.sentence(config), file=sys.stderr)  # so that stdout is JSON
        return
    from tunit_tf.training import trainer  # TensorFlow takes seconds to import

    trainer.train(config)


def command() -> None:
    """Entry point of the console script."""
    config_lib.define_flags()
    cli.run(main)


if __name__ == "__main__":
    command()
