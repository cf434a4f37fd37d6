"""What the command lines share: flags in, one clear sentence and an exit code out."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator

from absl import app, flags, logging

from tunit_tf import flagfile, path_flags, standard_streams
from tunit_tf.errors import UserError

HELP = {"--help", "-help", "-h"}
PACKAGES = ("tunit_tf", "export", "benchmarks", "tests")
USER_ERROR = 2
INTERRUPTED = 130  # as a shell reports a process that SIGINT ended


def run(main: Callable[[], None]) -> None:
    """Parses the flags, runs `main` and exits.

    The exit code is 0; 2 after a `UserError`, which becomes one line on stderr; 130 after Ctrl-C.

    Args:
      main: Function without arguments of a command line; its module's docstring heads `--help`.
    """
    standard_streams.prepare()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")  # no startup messages from TensorFlow
    standard_streams.hide_absent_gpus()

    def guarded(arguments: list[str]) -> None:
        logging.set_verbosity(logging.WARNING)  # TensorFlow logs every checkpoint it shards
        try:
            if len(arguments) > 1:
                raise UserError(
                    f"Unexpected argument '{arguments[1]}'; settings are flags, --name=value."
                )
            main()
            if standard_streams.lost():
                raise UserError(standard_streams.lost())
        except UserError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(USER_ERROR)
        except KeyboardInterrupt as interrupt:
            # What is left on disk, where the command can say so: KeyboardInterrupt("3 files ...").
            print(" ".join(["Interrupted.", *map(str, interrupt.args)]), file=sys.stderr)
            sys.stderr.flush()
            sys.stdout.flush()
            os._exit(INTERRUPTED)  # without waiting for threads that still compute

    app.run(guarded, flags_parser=lambda arguments: _parse(arguments, main))


@contextlib.contextmanager
def interruptible(what_is_left: str) -> Iterator[None]:
    """Lets Ctrl-C in its block end the command with a sentence on what is left on disk."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(*interrupt.args or [what_is_left]) from None


def _parse(arguments: list[str], main: Callable[[], None]) -> list[str]:
    """Parses the flags; a wrong one gives a one-line error, and --help ends with 0."""
    if HELP & set(arguments[1:]):
        print(_help(main))
        sys.exit(0)
    try:
        rest = flags.FLAGS([arguments[0], *flagfile.expanded(arguments[1:])])
        path_flags.check(flags.FLAGS)
        return rest
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(USER_ERROR)
    except (flags.Error, ValueError) as error:  # a ValueError for --noNAME=VALUE
        message = str(error).removeprefix("ERROR:: ").replace(" ?", "?").rstrip(".")
        end = "" if message.endswith("?") else "."
        print(f"error: {message}{end} --help lists all flags.", file=sys.stderr)
        sys.exit(USER_ERROR)
    except SystemExit:  # of absl's --helpfull and the like, whose exit code is 1
        sys.exit(0)


def _help(main: Callable[[], None]) -> str:
    """What a command does, and the flags of the project, under the headings of `define_flags`."""
    parts = [main.__globals__["__doc__"]]
    for heading, defined in flags.FLAGS.flags_by_module_dict().items():
        if heading.split(".")[0] in PACKAGES or heading == sys.argv[0]:
            title = heading.partition(": ")[2] or "Flags"
            lines = flags.FLAGS.module_help(heading).splitlines()[2:]  # without absl's heading
            parts.append("\n".join([f"{title}:", *lines]) if defined else "")
    return "\n\n".join(part.strip("\n") for part in parts if part)
