"""Scores of runs on photographs, in features that training has not seen.

`python -m benchmarks.photographs --runs=runs/cats_cpu`, with the extra `features`. Every held-out
image is redrawn in the style of another one. The distances are between these translations and
training images, which are neither sources nor references. "Halves": the held-out images, or twice
`--half_size` of them, are split in two: sources are one half, references the other, and the
distance is to the references' images. "Color" is the correlation of the mean color of translations
with that of their references. "Look" is the look beyond color, by judges of 5 and of 10 groups or
of the classes (docs/evaluation.md). "Class agreement", where folders are classes: the share of
translations that a classifier on features assigns to the class of their reference.

Two rows need no network: the sources as they are (their distances are those between photographs,
which a perfect generator would get), and sources in the references' colors.

`--held_out=tuning` scores one half of the held-out images, to choose settings by; `final` scores
the other half. `--pictures` writes pairs drawn at random, to look at.
"""

import dataclasses
import statistics
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import sklearn.pipeline
from absl import flags

from tunit_tf import cli, path_flags
from tunit_tf.data.image_set import ImageSet, sampled_positions
from tunit_tf.data.sources import Split
from tunit_tf.errors import UserError
from tunit_tf.evaluation.feature_cache import (
    COLOR_TRANSFER,
    UNTOUCHED,
    Pictures,
    Recolored,
    cached_features,
    computed_features,
    moments_of,
)
from tunit_tf.evaluation.look import LookBeyondColor, has_classes
from tunit_tf.evaluation.scores import (
    EncodedImages,
    cluster_scores,
    encode,
    score_translations,
    shuffled_positions,
)
from tunit_tf.evaluation.translation_evaluation import color_correlation, fitted_classifier
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import output_folder, pixels
from tunit_tf.metrics import EXTRACTOR_NAMES, colors, distances, features

COMMAND = "benchmarks.photographs"
RUNS = flags.DEFINE_list("runs", ["runs/cats_cpu"], "Folders of trained runs.")
CHECKPOINT = flags.DEFINE_enum("checkpoint", "newest", ["newest", "best"], "Checkpoint to score.")
FEATURES = flags.DEFINE_enum(
    "features", "efficientnet_lite2", list(EXTRACTOR_NAMES), "Extractor of the distances."
)
FEATURES_FILE = path_flags.define("features_file", "", "File of the extractor's weights.")
HELD_OUT = flags.DEFINE_enum(
    "held_out", "all", ["all", "tuning", "final"],
    "Which held-out images are scored: all, or one of two halves drawn at random, so that settings "
    "chosen on 'tuning' are scored on 'final'.",
)  # fmt: skip
HALF_SIZE = flags.DEFINE_integer(
    "half_size", 0, "Held-out images in each half; 0 uses all. Smaller halves are further apart.", 0
)
flags.register_validator(HALF_SIZE.name, lambda size: size != 1, "must be 0, or 2 or more")
NUM_REAL = flags.DEFINE_integer("num_real", 600, "Training images to compare with.", 2)
PICTURES = path_flags.define(
    "pictures",
    "",
    "Folder for a picture per run: sources, references, color transfer, translation.",
)
NUM_PAIRS = flags.DEFINE_integer("num_pairs", 24, "Pairs in each picture.", 1)
SEED = flags.DEFINE_integer("seed", 0, "Draws the pairs of the pictures.", 0)
SPLIT_SEED = 1  # of the halves 'tuning' and 'final'
COLUMNS = (
    "step", "images in joint steps", "held out", "Fréchet", "KID", "per half", "Fréchet, halves",
    "correlation of color", "class agreement", "look of the reference", "look of the source",
    "pairs apart", "domain agreement", "domains used", "reconstruction",
)  # fmt: skip


class Results(NamedTuple):
    """What became of the sources.

    Attributes:
      pictures: N pictures.
      features: Their features `(N, dim)`.
      without_color: Their features without color `(N, dim)`.
      half: Features of results of the protocol "halves", `(n, dim)`.
    """

    pictures: Pictures
    features: np.ndarray
    without_color: np.ndarray
    half: np.ndarray


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Held-out images in which everything is scored, with all that is real computed once.

    Attributes:
      images: The held-out images that are scored.
      positions: Their positions among all that are held out, `(N,)`.
      references: Position of the reference of each.
      sources_half: Positions of the sources of the protocol "halves".
      references_half: Positions of their references.
      train: Features of training images `(n, dim)`.
      real: Features of the held-out images `(N, dim)`.
      judges: The judges of looks.
      classifier: Assigns features to classes; None without classes.
      extractor: Computes the features.
      cache_dir: Folder of features.
    """

    images: ImageSet
    positions: np.ndarray
    references: np.ndarray
    sources_half: np.ndarray
    references_half: np.ndarray
    train: np.ndarray
    real: np.ndarray
    judges: LookBeyondColor
    classifier: sklearn.pipeline.Pipeline | None
    extractor: features.Extractor
    cache_dir: str

    def untouched(self) -> Results:
        """The sources as they are."""
        without_color = self.judges.real[self.positions]
        return Results(self.images, self.real, without_color, self.real[self.sources_half])

    def recolored(self) -> Results:
        """Sources in the colors of their references; their features are kept on disk."""
        images = self.images
        pictures = Recolored(images, images.take(self.references))[:]
        half = Recolored(images.take(self.sources_half), images.take(self.references_half))[:]
        return Results(
            pictures,
            cached_features(self.extractor, pictures, self.cache_dir),
            cached_features(self.judges.extractor, pictures, self.cache_dir),
            cached_features(self.extractor, half, self.cache_dir),
        )

    def translated(self, pictures: np.ndarray, half: np.ndarray) -> Results:
        """Translations, uint8 `(N, S, S, 3)` and `(n, S, S, 3)`."""
        return Results(
            pictures,
            computed_features(self.extractor, pictures),
            computed_features(self.judges.extractor, pictures),
            computed_features(self.extractor, half),
        )

    def scores(self, results: Results) -> dict[str, object]:
        """The columns that need pictures only."""
        looks = self.judges.scores(
            self.positions, self.positions[self.references], results.without_color
        )
        references = self.images.take(self.references)
        classes = {}
        if self.classifier is not None:
            assigned = self.classifier.predict(results.features)
            classes["class agreement"] = float((assigned == references.classes()).mean())
        return {
            **classes,
            "held out": len(self.images),
            "Fréchet": distance(self.train, results.features),
            "KID": distances.kernel(self.train, results.features).value,
            "per half": len(results.half),
            "Fréchet, halves": distance(self.real[self.references_half], results.half),
            "correlation of color": color_correlation(results.pictures, references),
            "look of the reference": _joined(f"{x.of_reference:.3f}" for x in looks.values()),
            "look of the source": _joined(f"{x.of_source:.3f}" for x in looks.values()),
            "pairs apart": _joined(f"{x.pairs} ({name})" for name, x in looks.items()),
        }


def pairs_of(split: Split, extractor: features.Extractor, cache_dir: str) -> Pairs:
    """The pairs of held-out images that `--held_out` and `--half_size` choose.

    Args:
      split: Images that judges and distances know, and held-out images.
      extractor: Computes the features.
      cache_dir: Folder where features of real images are kept.

    Raises:
      UserError: There are fewer held-out images than that.
    """
    positions = held_out_positions(len(split.validation), HELD_OUT.value)
    images = split.validation.take(positions)
    half_size = HALF_SIZE.value or len(images) // 2
    if 2 * half_size > len(images):
        raise UserError(
            f"--half_size={half_size} needs {2 * half_size} held-out images; there are "
            f"{len(images)} with --held_out={HELD_OUT.value}."
        )
    shuffled = np.random.default_rng(0).permutation(len(images))[: 2 * half_size]
    sources_half, references_half = np.array_split(shuffled, 2)
    some = split.train.sample(NUM_REAL.value)
    classifier = None
    if has_classes(split.train, split.validation):
        classifier = fitted_classifier(split.train, extractor, cache_dir)
    return Pairs(
        images,
        positions,
        shuffled_positions(len(images)),
        sources_half,
        references_half,
        train=np.asarray(cached_features(extractor, some, cache_dir)),
        real=cached_features(extractor, split.validation, cache_dir)[positions],
        judges=LookBeyondColor(split.train, split.validation, extractor, cache_dir),
        classifier=classifier,
        extractor=extractor,
        cache_dir=cache_dir,
    )


def held_out_positions(count: int, part: str) -> np.ndarray:
    """Positions of `all`, or of the parts `tuning` or `final`, of `count` held-out images."""
    if part == "all":
        return np.arange(count)
    tuning, final = np.array_split(np.random.default_rng(SPLIT_SEED).permutation(count), 2)
    return np.sort({"tuning": tuning, "final": final}[part])


def row(run: TrainedRun, pairs: Pairs) -> dict[str, object]:
    """The columns of a run; writes its picture if `--pictures` asks for it."""
    config = run.config
    held_out = encode(run.translator, pairs.images)
    scored = score_translations(run.translator, held_out)
    mixed = run.translator.generate(
        pairs.images.take(pairs.sources_half), held_out.styles[pairs.references_half]
    )
    if PICTURES.value:
        _write_picture(run, pairs, scored.pictures)
    return {
        **pairs.scores(pairs.translated(scored.pictures, mixed)),
        **_scores_of_networks(run, held_out, scored.scores),
        "step": run.step,
        "images in joint steps": max(0, run.step - config.warmup_steps) * config.batch_size,
    }


def _scores_of_networks(
    run: TrainedRun, held_out: EncodedImages, scores: dict[str, float]
) -> dict[str, object]:
    empty = int(cluster_scores(held_out, run.config.num_domains)["empty_domains"])
    return {
        "domain agreement": scores["domain_agreement"],
        "domains used": run.config.num_domains - empty,
        "reconstruction": scores["reconstruction"],
    }


def _write_picture(run: TrainedRun, pairs: Pairs, translations: np.ndarray) -> None:
    """Rows of source, reference, color transfer and translation, two pairs in a row."""
    chosen = sampled_positions(len(pairs.images), NUM_PAIRS.value, SEED.value)
    sources = pairs.images.pixels(chosen)
    references = pairs.images.pixels(pairs.references[chosen])
    recolored = colors.transferred(sources, references)
    cells = list(zip(sources, references, recolored, translations[chosen], strict=True))
    rows = [
        [cell for pair in cells[start : start + 2] for cell in pair]
        for start in range(0, len(cells), 2)
    ]
    save_picture(run, HELD_OUT.value, rows)


def save_picture(run: TrainedRun, kind: str, rows: Sequence[Sequence[np.ndarray]]) -> None:
    """Writes rows of images of a run, `(S, S, 3)` uint8 each, as one picture to `--pictures`."""
    name = "_".join(part for part in run.folder.parts if part not in ("/", ".."))
    picture = pixels.encode(pixels.grid(rows), ".png")
    output = output_folder.named(PICTURES.value, PICTURES.name, COMMAND)
    output.write_over(f"{name}_{run.step}_{kind}.png", picture)


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Fréchet distance of features `(n, dim)`."""
    return distances.frechet(moments_of(first), moments_of(second))


def _joined(words: Iterable[str]) -> str:
    return ", ".join(words)


def print_head(first: str) -> None:
    """Prints the head of the table, whose first column has the name `first`."""
    print(f"| {first} | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}", flush=True)


def means(rows: Sequence[dict[str, object]]) -> dict[str, object]:
    """The means of columns that are numbers."""
    columns = {name: [row[name] for row in rows if name in row] for name in COLUMNS}
    return {
        name: statistics.fmean(values)
        for name, values in columns.items()
        if values and all(isinstance(value, int | float) for value in values)
    }


def print_row(name: str, values: dict[str, object]) -> None:
    """Prints a row of the table."""
    found = [values.get(column, "-") for column in COLUMNS]
    cells = [f"{v:.3f}" if isinstance(v, float) else str(v) for v in found]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def print_without_networks(found: Collection[Pairs], suffix: str = "") -> None:
    """Prints the rows that need no network, each the mean of some sets of pairs."""
    untouched = [pairs.scores(pairs.untouched()) for pairs in found]
    recolored = [pairs.scores(pairs.recolored()) for pairs in found]
    for name, rows in ((UNTOUCHED, untouched), (COLOR_TRANSFER, recolored)):
        print_row(name + suffix, rows[0] if len(rows) == 1 else means(rows))


def images_of(run: TrainedRun) -> tuple:
    """Names the images that a run is scored on; runs with the same ones share `Pairs`."""
    config, split = run.config, run.split
    return (
        config.data, config.validation_data, config.image_size, config.resize, config.box_feature,
        tuple(split.train.name_list()), tuple(split.validation.name_list()),
    )  # fmt: skip


def main() -> None:
    """Prints a row of scores per run, after those that need no network."""
    if PICTURES.value:
        output_folder.named(PICTURES.value, PICTURES.name, COMMAND)
    extractor = features.load(FEATURES.value, FEATURES_FILE.value, "~/.cache/tunit_tf")
    print_head("run")
    known: dict[tuple, Pairs] = {}
    for folder in RUNS.value:
        run = TrainedRun.load(folder, CHECKPOINT.value)
        of = images_of(run)
        if of not in known:  # runs on the same images share these rows
            known[of] = pairs_of(run.split, extractor, run.config.cache_dir)
            print_without_networks([known[of]])
        print_row(folder, row(run, known[of]))


if __name__ == "__main__":
    cli.run(main)
