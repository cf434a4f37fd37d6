"""What starting from other weights is worth: runs from scratch and from the cats, in CPU time.

`python -m benchmarks.fine_tuning --data=FLOWERS`, with the extra `features`. A fifth of the images
is held out. The runs see `--photographs` of the others, with the settings of
configs/my_folder_cpu.cfg at constant rates, and are scored each time that a process of theirs has
used the next of `--cpu_minutes`. Preparation and every restart count. Scores are those of
`benchmarks.photographs`; judges and classifier know all images that are not held out.

Results are kept in `--output`: the command goes on where it stopped, and repeats a run that was
interrupted.
"""

import json
import pathlib
import shutil

import numpy as np
from absl import flags

from benchmarks import photographs, train_for
from benchmarks.photographs import Pairs
from tunit_tf import cli, path_flags
from tunit_tf.config import RANDOM_WEIGHTS, Config
from tunit_tf.data import sources
from tunit_tf.data.sources import Split
from tunit_tf.errors import UserError
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import files, output_folder, picture_files
from tunit_tf.metrics import features

SCRATCH, FROM_WEIGHTS = "scratch", "from_weights"
# The architecture of pretrained/cats_128, for runs that take none from there.
NARROW = (
    "--style_dim=64",
    "--base_channels=16",
    "--guiding_width=0.25",
    "--normalize_style",
    "--discriminator=projected",
    "--head_width=64",
)
CONFIG = pathlib.Path("configs/my_folder_cpu.cfg")
COMMON = (
    "--joint_steps=1000000",
    "--decay_steps=0",
    "--sample_every=1000000",
    "--evaluate_every=1000000",
    "--checkpoint_every=1000000",
    "--noprogress",
)
HELD_OUT_SHARE = 0.2

DATA = path_flags.define("data", "datasets/flowers", "Folder of images, with class folders.")
PHOTOGRAPHS = flags.DEFINE_integer("photographs", 200, "Images to train on; 0 takes all.", 0)
IMAGE_SIZE = flags.DEFINE_integer("image_size", 128, "Side of the images in pixels.")
DOMAINS = flags.DEFINE_integer("num_domains", 5, "Number of pseudo-domains.")
INIT_FROM = path_flags.define("init_from", "pretrained/cats_128", "Weights to start from.")
VARIANTS = flags.DEFINE_list("variants", [SCRATCH, FROM_WEIGHTS], "Variants to run.")
flags.register_validator(
    VARIANTS.name,
    lambda names: set(names) <= {SCRATCH, FROM_WEIGHTS},
    f"must be among {SCRATCH}, {FROM_WEIGHTS}",
)
CPU_MINUTES = flags.DEFINE_list("cpu_minutes", ["10", "20", "40"], "When a run is scored.")
SEEDS = flags.DEFINE_list("seeds", ["0"], "Seeds of the runs.")
MORE = flags.DEFINE_string("more", "", "Extra flags for every training run, separated by spaces.")
OUTPUT = path_flags.define("output", "runs/fine_tuning", "Folder of the runs.")


def linked_parts() -> dict[str, pathlib.Path]:
    """Folders of links to the images: `held_out`, `rest`, and `train`, which is part of the rest.

    The same images are held out and trained on in every run.

    Raises:
      UserError: There are fewer images than --photographs, or --output has results on other ones.
    """
    root = path_flags.path(DATA).resolve()
    paths = np.array(picture_files.find(str(root), DATA.name), dtype=object)
    shuffled = paths[np.random.default_rng(0).permutation(len(paths))]
    held_out, rest = np.split(shuffled, [round(HELD_OUT_SHARE * len(paths))])
    count = PHOTOGRAPHS.value or len(rest)
    if count > len(rest):
        raise UserError(f"--photographs={count} is more than the {len(rest)} of --data.")
    base = path_flags.path(OUTPUT) / f"images_{count}"
    parts = {"held_out": held_out, "rest": rest, "train": rest[:count]}
    links = {base / part / p.relative_to(root): p for part, chosen in parts.items() for p in chosen}
    for link in filter(pathlib.Path.is_symlink, base.rglob("*")):
        if link.readlink() != links.get(link):
            raise UserError(
                f"--output={OUTPUT.value} has results on other images, such as {link.readlink()}; "
                "name another --output."
            )
    for link, path in links.items():
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(path)
    return {part: base / part for part in parts}


def scored(variant: str, seed: str, folders: dict[str, pathlib.Path], pairs: Pairs) -> list[dict]:
    """Trains a variant and scores it after each of `--cpu_minutes`; returns the rows."""
    count = PHOTOGRAPHS.value or "all"
    name = f"{variant}_{count}_{IMAGE_SIZE.value}px_{seed}"
    folder = path_flags.path(OUTPUT) / name
    record = folder.with_suffix(".json")
    rows = json.loads(record.read_bytes()) if record.exists() else []
    if not rows or not folder.exists() or TrainedRun.load(folder).step != rows[-1]["step"]:
        rows = []
        shutil.rmtree(folder, ignore_errors=True)
    start = {
        SCRATCH: (f"--init_from={RANDOM_WEIGHTS}", *NARROW),
        FROM_WEIGHTS: (f"--init_from={INIT_FROM.value}",),
    }[variant]
    arguments = [
        f"--flagfile={CONFIG}",
        *start,
        *COMMON,
        *MORE.value.split(),
        f"--data={folders['train']}",
        f"--validation_data={folders['held_out']}",
        f"--image_size={IMAGE_SIZE.value}",
        f"--features_size={IMAGE_SIZE.value}",
        f"--num_domains={DOMAINS.value}",
        f"--seed={seed}",
        f"--cache_dir={folder / 'cache'}",  # every run computes the features of its images itself
    ]
    for minutes in CPU_MINUTES.value[len(rows) :]:
        used = rows[-1]["cpu_seconds"] if rows else 0.0
        used += train_for.trained(60 * float(minutes) - used, folder, arguments)
        run = TrainedRun.load(folder)
        rows.append({"cpu_seconds": used, **photographs.row(run, pairs)})
        files.write_json(record, rows)
        photographs.print_row(f"{name}, {used / 60:.1f} CPU minutes", rows[-1])
    return rows


def main() -> None:
    """Trains and scores all variants with all seeds, and prints a table."""
    output_folder.named(OUTPUT.value, OUTPUT.name, "benchmarks.fine_tuning").claim()
    extractor = features.load(
        photographs.FEATURES.value, photographs.FEATURES_FILE.value, "~/.cache/tunit_tf"
    )
    folders = linked_parts()
    config = Config(image_size=IMAGE_SIZE.value, resize="crop").resolved()
    known, held_out = (
        sources.open_images(str(folders[part]), config) for part in ("rest", "held_out")
    )
    pairs = photographs.pairs_of(Split(known, held_out), extractor, "~/.cache/tunit_tf")
    photographs.print_head("run")
    photographs.print_without_networks([pairs])
    for variant in VARIANTS.value:
        found = [scored(variant, seed, folders, pairs) for seed in SEEDS.value]
        for minutes, rows in zip(CPU_MINUTES.value, zip(*found, strict=True), strict=True):
            photographs.print_row(f"{variant}, {minutes} minutes, mean", photographs.means(rows))


if __name__ == "__main__":
    cli.run(main)
