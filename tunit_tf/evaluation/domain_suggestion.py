"""How many domains do images have? Clusters of pretrained features for every number, compared.

The command line reads `Request` before it waits for anything, so what loads TensorFlow,
scikit-learn or matplotlib is imported by the functions that use it.
"""

import dataclasses
import pathlib
from typing import Any, NamedTuple

import numpy as np

from tunit_tf import config as config_lib
from tunit_tf.config import Config, check_bounds, setting
from tunit_tf.data import sources
from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import Bounds, UserError
from tunit_tf.io import files, pixels
from tunit_tf.io.output_folder import OutputFolder
from tunit_tf.metrics import EFFICIENTNET_LITE0
from tunit_tf.paths import user_path

FEWEST = 2  # smallest number of domains that is tried
SHOWN = 3  # numbers of domains with contact sheets
IMAGES_PER_DOMAIN = 4  # a larger number of domains is not tried
NUMBERS = "scores.json"
PLOT = "scores.png"
SHEET = "domains_{:02}/domain_{:02}.png"
COMMAND = "tunit_tf.suggest_domains"
UNSTABLE = 0.5  # stability below which clusters do not repeat
REPEATS = 0.7  # stability from which they do


def _as_in_training(name: str) -> Any:
    """A setting of training, with its default, help and choices."""
    known = config_lib.FIELDS[name]
    return dataclasses.field(default=known.default, metadata=known.metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What to look at, and how; every field is a flag of `suggest_domains.py`."""

    data: str = setting("", "A folder of images, tfds:NAME[/CONFIG] or 'synthetic'.", path=True)
    output: str = setting(
        "suggested_domains", "Folder for table, plot and contact sheets.", path=True
    )
    overwrite: bool = setting(False, "Replace results that exist.")
    max_domains: int = setting(20, "Largest number of domains that is tried.", Bounds(FEWEST, 100))
    max_images: int = setting(
        2000, "Maximum number of images to use, chosen with --seed.", Bounds(20, 10_000)
    )
    image_size: int = _as_in_training("image_size")
    resize: str = _as_in_training("resize")
    classes: str = _as_in_training("classes")
    cache_dir: str = _as_in_training("cache_dir")
    data_dir: str = _as_in_training("data_dir")
    seed: int = _as_in_training("seed")
    progress: bool = _as_in_training("progress")

    def __post_init__(self) -> None:
        if not self.data:
            raise UserError("Say which images to look at with --data=FOLDER.")
        check_bounds(self)

    def config(self) -> Config:
        """A config of training that opens the same images."""
        shared = {f.name for f in dataclasses.fields(self)} & set(config_lib.FIELDS)
        return Config(**{name: getattr(self, name) for name in shared})


class Candidate(NamedTuple):
    """One number of domains.

    Attributes:
      num_domains: K.
      silhouette: In [-1, 1]; how far the clusters are apart.
      stability: At most 1; how well they repeat on other images.
      labels: Domain of every image, `(N,)` int32.
    """

    num_domains: int
    silhouette: float
    stability: float
    labels: np.ndarray

    @property
    def score(self) -> float:
        """What candidates are ranked by."""
        return self.silhouette * max(self.stability, 0.0)


class Suggestion(NamedTuple):
    """What was found.

    Attributes:
      candidates: All, by K.
      best: Those with the best scores, the best first.
      finest: The largest K whose clusters repeat; None if none do.
    """

    candidates: list[Candidate]
    best: list[Candidate]
    finest: Candidate | None

    @property
    def shown(self) -> list[Candidate]:
        """Candidates with contact sheets: the best, and the finest."""
        return [
            c for c in self.candidates if any(c is other for other in (*self.best, self.finest))
        ]


def run(request: Request) -> str:
    """Looks at images, writes what was found, and returns it as text.

    Raises:
      UserError: The images cannot be read or are too few, the weights are not installed, or the
        output folder cannot be written or has other content.
    """
    from tunit_tf.evaluation import feature_cache

    output = _checked_output(user_path(request.output, "--output"), request.overwrite)
    config = request.config()
    images = sources.open_images(request.data, config).sample(request.max_images, request.seed)
    most = min(request.max_domains, len(images) // IMAGES_PER_DOMAIN)
    if most < FEWEST:
        raise UserError(
            f"{request.data} has {len(images)} images; at least {FEWEST * IMAGES_PER_DOMAIN} are "
            "needed to tell domains apart."
        )
    x = feature_cache.directions(images, EFFICIENTNET_LITE0, request.cache_dir)
    found = suggest(x, most, request.seed)
    write(output, found, images)
    return "\n".join([table(found, images), "", advice(found), f"Pictures  {output.path}"])


def suggest(x: np.ndarray, max_domains: int, seed: int) -> Suggestion:
    """Compares all numbers of domains from 2 on.

    Args:
      x: Features `(N, D)` of length 1.
      max_domains: The largest number.
      seed: Seed of the clusters.
    """
    from tunit_tf.metrics import clustering

    between = clustering.cosine_distances(x)
    candidates = []
    for count in range(FEWEST, max_domains + 1):
        labels = clustering.fit(x, count, seed).labels
        silhouette = clustering.silhouette(between, labels)
        stability = clustering.stability(x, count, seed)
        candidates.append(Candidate(count, silhouette, stability, labels))
    best = sorted(candidates, key=lambda c: -c.score)[:SHOWN]
    repeating = [c for c in candidates if c.stability >= REPEATS]
    return Suggestion(candidates, best, repeating[-1] if repeating else None)


def table(found: Suggestion, images: ImageSet | None = None) -> str:
    """A line per candidate; the best are marked. Images with classes add how these match."""
    from tunit_tf.metrics import clustering

    classes = None if images is None else images.classes()
    best = {c.num_domains for c in found.best}
    heading = "  K  silhouette  stability  images per domain"
    lines = [heading if classes is None else f"{heading}  accuracy   NMI"]
    for c in found.candidates:
        sizes = np.bincount(c.labels, minlength=c.num_domains)
        mark = "*" if c.num_domains in best else " "
        line = (
            f"{mark}{c.num_domains:2}  {c.silhouette:10.3f}  {c.stability:9.2f}  "
            f"{f'{sizes.min()} to {sizes.max()}':>17}"
        )
        if images is not None and classes is not None:
            shape = (c.num_domains, len(images.label_names))
            right = clustering.accuracy(c.labels, classes, shape)
            shared = clustering.normalized_mutual_information(c.labels, classes)
            line += f"  {right:8.3f}  {shared:4.2f}"
        lines.append(line)
    return "\n".join(lines)


def advice(found: Suggestion) -> str:
    """One sentence."""
    first, *others = (c.num_domains for c in found.best)
    clearest = f"{first}{f' (then {_listed(others)})' if others else ''}"
    if found.best[0].stability < UNSTABLE:
        return (
            "No number of domains stands out, as groups change with the images that are left out: "
            f"look at the contact sheets of {clearest}, and expect domains that blend into one "
            "another."
        )
    finest = 0 if found.finest is None else found.finest.num_domains
    finer = (
        f", and up to {finest} repeat on other images" if finest > max(first, *others, 0) else ""
    )
    return (
        f"The clearest number of domains is {clearest}{finer}: look at the contact sheets and "
        f"choose, for example --num_domains={max(first, finest)} "
        f"--domains_from={EFFICIENTNET_LITE0}."
    )


def _listed(numbers: list[int]) -> str:
    return " or ".join(map(str, numbers))


def _checked_output(folder: pathlib.Path, overwrite: bool) -> OutputFolder:
    """The folder of the results, which can be written, and has only results to replace."""
    output = OutputFolder(folder, COMMAND, "output")
    output.check_whole()
    if output.is_own and not overwrite:
        raise UserError(
            f"{folder} has results already; name another folder with --output, or give --overwrite."
        )
    return output


def write(output: OutputFolder, found: Suggestion, images: ImageSet) -> None:
    """Writes numbers, plot and contact sheets, in place of an earlier folder.

    Args:
      output: The folder.
      found: Candidates.
      images: The images that they divide.

    Raises:
      NotWrittenError: It cannot be written; an earlier folder is still there.
    """
    from tunit_tf.evaluation import figures, plots

    with output.replacing() as made:
        numbers = [
            {"num_domains": c.num_domains, "silhouette": c.silhouette, "stability": c.stability}
            for c in found.candidates
        ]
        best = [c.num_domains for c in found.best]
        files.write_json(made / NUMBERS, {"best": best, "candidates": numbers})
        pixels.save_png(
            made / PLOT,
            plots.domain_scores(
                [c.num_domains for c in found.candidates],
                {
                    "silhouette": [c.silhouette for c in found.candidates],
                    "stability": [c.stability for c in found.candidates],
                },
                best,
            ),
        )
        for candidate in found.shown:
            for domain in range(candidate.num_domains):
                members = np.flatnonzero(candidate.labels == domain)
                if not len(members):  # fewer different images than domains
                    continue
                name = SHEET.format(candidate.num_domains, domain)
                pixels.save_png(made / name, figures.gallery(images, members))
