"""Scores of runs on photographs, in features that training has not seen.

`python -m benchmarks.photographs --runs=runs/cats_cpu`, with the extra `features`. Every held-out
image is redrawn in the style of another one. The distances are between these translations and
training images, which are neither sources nor references; beside them, those of the held-out
images themselves, which a perfect generator would get. "Halves": the held-out images, or twice
`--half_size` of them, are split in two: sources are one half, references the other, and the
distance is to the references' images. "Color" is the correlation of the mean color of translations
with that of their references.
"""

import numpy as np
from absl import flags

from tunit_tf import cli
from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError
from tunit_tf.evaluation.feature_cache import batches, cached_features, moments_of
from tunit_tf.evaluation.scores import cluster_scores, encode, score_translations
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.metrics import distances, features
from tunit_tf.metrics.extractor_names import EXTRACTOR_NAMES

RUNS = flags.DEFINE_list("runs", ["runs/cats_cpu"], "Folders of trained runs.")
FEATURES = flags.DEFINE_enum(
    "features", "efficientnet_lite2", list(EXTRACTOR_NAMES), "Extractor of the distances."
)
FEATURES_FILE = flags.DEFINE_string("features_file", "", "File of the extractor's weights.")
HALF_SIZE = flags.DEFINE_integer(
    "half_size", 0, "Held-out images in each half; 0 uses all. Smaller halves are further apart.", 0
)
flags.register_validator(HALF_SIZE.name, lambda size: size != 1, "must be 0, or 2 or more")
NUM_REAL = flags.DEFINE_integer("num_real", 600, "Training images to compare with.", 2)
COLUMNS = (
    "step", "images in joint steps", "held out", "Fréchet", "Fréchet, real", "KID", "KID, real",
    "per half", "Fréchet, halves", "Fréchet, real halves", "correlation of color",
    "domain agreement", "domains used", "reconstruction",
)  # fmt: skip


def mean_colors(pictures: np.ndarray) -> np.ndarray:
    """Mean color of every picture, uint8 `(N, S, S, 3)` to `(N, 3)`."""
    return pictures.mean((1, 2))


def row(folder: str, extractor: features.Extractor) -> list:
    """Values of a run, in the order of `COLUMNS`."""
    run = TrainedRun.load(folder)
    config = run.config
    split = run.split
    half_size = HALF_SIZE.value or len(split.validation) // 2
    if 2 * half_size > len(split.validation):
        raise UserError(
            f"--half_size={half_size} needs {2 * half_size} held-out images; {folder} has "
            f"{len(split.validation)}."
        )
    held_out = encode(run.translator, split.validation)
    scored = score_translations(run.translator, held_out)

    def of_real(images: ImageSet) -> np.ndarray:
        return np.asarray(cached_features(extractor, images, config.cache_dir))

    def of_fake(pictures: np.ndarray) -> np.ndarray:
        return np.concatenate([extractor(batch) for batch in batches(pictures)])

    def distance(first: np.ndarray, second: np.ndarray) -> float:
        return distances.frechet(moments_of(first), moments_of(second))

    fake, real = of_fake(scored.pictures), of_real(split.validation)
    others = of_real(split.train.sample(NUM_REAL.value))
    shuffled = np.random.default_rng(0).permutation(len(real))[: 2 * half_size]
    sources_half, references_half = np.array_split(shuffled, 2)
    mixed = run.translator.generate(
        split.validation.take(sources_half), held_out.styles[references_half]
    )
    looks = mean_colors(split.validation.pixels())[scored.references]
    joint = max(0, run.step - config.warmup_steps)
    return [
        run.step,
        joint * config.batch_size,
        len(real),
        distance(others, fake),
        distance(others, real),
        distances.kernel(others, fake).value,
        distances.kernel(others, real).value,
        half_size,
        distance(real[references_half], of_fake(mixed)),
        distance(real[references_half], real[sources_half]),
        np.corrcoef(mean_colors(scored.pictures).ravel(), looks.ravel())[0, 1],
        scored.scores["domain_agreement"],
        config.num_domains - int(cluster_scores(held_out, config.num_domains)["empty_domains"]),
        scored.scores["reconstruction"],
    ]


def cells(values: list) -> str:
    """Values of a row, separated for a table."""
    return " | ".join(f"{v:.3f}" if isinstance(v, float) else str(v) for v in values)


def main() -> None:
    """Prints a row of scores per run."""
    extractor = features.load(FEATURES.value, FEATURES_FILE.value, "~/.cache/tunit_tf")
    print(f"| run | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}")
    for folder in RUNS.value:
        print(f"| {folder} | {cells(row(folder, extractor))} |", flush=True)


if __name__ == "__main__":
    cli.run(main)
