"""Suggests how many domains images have: `python -m tunit_tf.suggest_domains --data=FOLDER`."""

from tunit_tf import cli
from tunit_tf import config as config_lib
from tunit_tf.evaluation import domain_suggestion


def main() -> None:
    """Compares numbers of domains and prints the table."""
    print(domain_suggestion.run(config_lib.from_flags(domain_suggestion.Request)))


def command() -> None:
    """Entry point of the console script."""
    config_lib.define_flags(domain_suggestion.Request)
    cli.run(main)


if __name__ == "__main__":
    command()
