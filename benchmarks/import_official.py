"""Time and peak memory of importing an official checkpoint.

`.venv-oracle/bin/python -m benchmarks.import_official`, after `make oracle-test`: PyTorch writes
the file, which has the size and form of a real one, with random weights and moments.
"""

import pathlib
import sys
import tempfile

import numpy as np
from absl import flags

from benchmarks.process import measured
from tunit_tf import cli
from tunit_tf.config import Config
from tunit_tf.official import checkpoint as official_checkpoint
from tunit_tf.official import names as official_names
from tunit_tf.training.state import TrainState

IMAGE_SIZE = flags.DEFINE_integer("image_size", 128, "Side of the images in pixels.")


def write_checkpoint(path: pathlib.Path, zipped: bool) -> None:
    """Writes a checkpoint with the authors' names and shapes, and moments like the weights."""
    sys.modules["triton"] = None  # crashes in a process that has loaded TensorFlow
    import torch

    state = TrainState(Config(image_size=IMAGE_SIZE.value))
    content = {"epoch": 0}
    for part, (attribute, names_of) in official_checkpoint.NETWORKS.items():
        content[part] = {}
        for name, variable in names_of(getattr(state, attribute)).items():
            values = [v.numpy() for v in official_names.parts_of(variable)]
            array = np.ascontiguousarray(official_names.to_official(name, values))
            content[part][name] = torch.from_numpy(array)
    for part, (_, network, slots) in official_checkpoint.OPTIMIZERS.items():
        names = [name for name in content[network] if official_names.is_parameter(name)]
        moments = {
            i: {"step": 1} | {slot: content[network][name].abs() for slot in slots if slot}
            for i, name in enumerate(names)
        }
        content[part] = {"state": moments, "param_groups": [{"params": list(moments)}]}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)


def main() -> None:
    """Prints time and memory for both file formats."""
    print("| px | format | file MB | import s | peak MB |")
    print("|---|---|---|---|---|")
    for zipped in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "model.ckpt"
            write_checkpoint(path, zipped)
            size = path.stat().st_size / 1e6
            seconds, peak = measured(
                "tunit_tf.import_official", f"--checkpoint={path}", f"--run_dir={folder}/run"
            )
        form = "zip" if zipped else "before PyTorch 1.6"
        print(
            f"| {IMAGE_SIZE.value} | {form} | {size:.0f} | {seconds:.0f} | {peak:.0f} |", flush=True
        )


if __name__ == "__main__":
    cli.run(main)
