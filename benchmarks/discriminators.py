"""Compares discriminators that are trained for the same CPU time.

`python -m benchmarks.discriminators --data=CATS --cpu_seconds=400`, with the extra `features`.
Every variant trains with every seed until its process has used this CPU time, preparation of
pseudo-domains included, and is scored like `benchmarks.photographs`. Narrow networks; weights are
those of configs/cifar_cpu.cfg with the paper's D, and of configs/cats_cpu.cfg with a projected D.
A run that has a checkpoint is scored as it is: give other data or --more another --output.
"""

from pathlib import Path

from absl import flags

from benchmarks import photographs, train_for
from tunit_tf import cli, path_flags
from tunit_tf.inference import run_folder
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import output_folder
from tunit_tf.metrics import features

COMMON = (
    "--style_dim=64",
    "--base_channels=16",
    "--guiding_width=0.25",
    "--domain_stddev=1",
    "--weight_entropy=2",
    "--normalize_style",
    "--weight_contrastive=0.1",
    "--augment_hue=0.05",
    "--weight_style_contrastive=0.05",
    "--learning_rate_guiding=3e-4",
    "--ema_ramp",
    "--ema_start=50",
    "--warmup_batch_size=64",
    "--warmup_steps=200",
    "--batch_size=16",
    "--joint_steps=1000000",
    "--evaluate_every=1000000",
    "--sample_every=1000000",
    "--checkpoint_every=1000000",
    "--noprogress",
)
PAPER = (
    "--weight_r1=2",
    "--weight_reconstruction=0.5",
    "--learning_rate_generator=4e-4",
    "--learning_rate_discriminator=4e-4",
)
PROJECTED = (
    "--discriminator=projected",
    "--weight_reconstruction=5",
    "--learning_rate_generator=2e-4",
    "--learning_rate_discriminator=2e-4",
    "--l2_generator=0",
    "--l2_discriminator=0",
)
AUGMENTED = ("--augment_discriminator=translation,cutout",)
FROM_FEATURES = ("--domains_from=efficientnet_lite0",)
VARIANTS = {
    "paper": PAPER,
    "paper+augmentation": (*PAPER, *AUGMENTED),
    "projected": PROJECTED,
    "projected+domains_from_features": (*PROJECTED, *FROM_FEATURES),
}

CHOSEN = flags.DEFINE_list("variants", list(VARIANTS), "Variants to run.")
flags.register_validator(
    CHOSEN.name, lambda names: set(names) <= set(VARIANTS), f"must be among {', '.join(VARIANTS)}"
)
DATA = path_flags.define("data", "datasets/afhq_cat", "Folder of images.")
IMAGE_SIZE = flags.DEFINE_integer("image_size", 32, "Side of the images in pixels.")
DOMAINS = flags.DEFINE_integer("num_domains", 10, "Number of pseudo-domains.")
MORE = flags.DEFINE_string("more", "", "Extra flags for every training run, separated by spaces.")
SEEDS = flags.DEFINE_list("seeds", ["0", "1", "2"], "Seeds.")
CPU_SECONDS = flags.DEFINE_float("cpu_seconds", 400, "CPU seconds per training run.", 1)
OUTPUT = path_flags.define("output", "runs/discriminators", "Folder of the runs.")


def train(variant: str, seed: str) -> Path:
    """Trains a variant unless its run has a checkpoint; returns the folder of the run."""
    name = f"{variant}_{IMAGE_SIZE.value}px_{CPU_SECONDS.value:g}s_{seed}"
    folder = Path(OUTPUT.value) / name
    if run_folder.is_trained(folder):
        return folder
    arguments = [
        *COMMON,
        *VARIANTS[variant],
        *MORE.value.split(),
        f"--data={DATA.value}",
        f"--image_size={IMAGE_SIZE.value}",
        f"--num_domains={DOMAINS.value}",
        f"--seed={seed}",
        # In the run's folder, so that every run computes the features of its images itself.
        f"--cache_dir={folder / 'cache'}",
    ]
    train_for.trained(CPU_SECONDS.value, folder, arguments)
    return folder


def main() -> None:
    """Trains every variant with every seed and prints their scores."""
    output_folder.named(OUTPUT.value, OUTPUT.name, "benchmarks.discriminators").claim()
    extractor = features.load(
        photographs.FEATURES.value, photographs.FEATURES_FILE.value, "~/.cache/tunit_tf"
    )
    photographs.print_head("variant, seed")
    pairs: dict[str, photographs.Pairs] = {}  # the seed decides which images are held out
    for variant in CHOSEN.value:
        rows = []
        for seed in SEEDS.value:
            run = TrainedRun.load(train(variant, seed))
            if seed not in pairs:
                pairs[seed] = photographs.pairs_of(run.split, extractor, run.config.cache_dir)
            rows.append(photographs.row(run, pairs[seed]))
            photographs.print_row(f"{variant}, {seed}", rows[-1])
        photographs.print_row(f"{variant}, mean", photographs.means(rows))
    photographs.print_without_networks(pairs.values(), ", mean")


if __name__ == "__main__":
    cli.run(main)
