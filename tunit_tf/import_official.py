"""Converts a checkpoint of the paper's authors to a run folder.

`python -m tunit_tf.import_official --checkpoint=model_4568.ckpt --run_dir=runs/afhq_cat`
"""

import shlex

from tunit_tf import cli, path_flags
from tunit_tf import config as config_lib

CHECKPOINT = path_flags.define("checkpoint", "", "Path of the authors' .ckpt file.")


def main() -> None:
    """Imports the file as a run."""
    # TensorFlow, imported here, takes seconds that `--help` does not wait for.
    from tunit_tf.official import checkpoint as official_checkpoint

    result = official_checkpoint.import_run(
        CHECKPOINT.value, config_lib.from_flags(), config_lib.given_flags()
    )
    config = result.config
    print(
        f"Imported {result.origin.weights}: {config.image_size} px, {config.num_domains} domains, "
        f"style codes of {config.style_dim}, {result.used} tensors. License: {config.license}."
    )
    for why, count in result.dropped.items():
        print(f"Not used: {count} tensors of {why}.")
    for note in result.notes:
        print(note)
    print(
        f"The run counts as finished, at step {config.total_steps}. Try it:\n"
        f"  python -m tunit_tf.translate --run_dir={shlex.quote(config.run_dir)} --source=PICTURES "
        "--reference=PICTURES"
    )


def command() -> None:
    """Entry point of the console script."""
    config_lib.define_flags()
    cli.run(main)


if __name__ == "__main__":
    command()
