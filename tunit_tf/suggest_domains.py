"""Suggests how many domains images have: `python -m tunit_tf.suggest_domains --data=FOLDER`."""

from tunit_tf import cli
from tunit_tf import config as config_lib
from tunit_tf.evaluation.suggestion_request import SuggestionRequest


def main() -> None:
    """Compares numbers of domains and prints the table."""
    request = config_lib.from_flags(SuggestionRequest)
    # Here, so that --help and wrong flags do not wait for TensorFlow.
    from tunit_tf.evaluation import domain_suggestion

    print(domain_suggestion.run(request))


def command() -> None:
    """Entry point of the console script."""
    config_lib.define_flags(SuggestionRequest)
    cli.run(main)


if __name__ == "__main__":
    command()
