"""What is gained and lost if translations keep a part of the source's colors.

`python -m benchmarks.keep_color --run_dir=runs/quickstart`, with a run on the procedural set.
"""

import numpy as np

from tunit_tf import cli, path_flags
from tunit_tf.data import synthetic
from tunit_tf.evaluation import scores
from tunit_tf.evaluation.scores import PictureQuality, encode, score_translations
from tunit_tf.inference.trained_run import TrainedRun

RUN_DIR = path_flags.define("run_dir", "runs/quickstart", "Folder of a trained run.")

# RGB to luma and two differences of color, as in JPEG (BT.601).
TO_LUMA = np.array([
    [0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312],
])  # fmt: skip
COLUMNS = (
    "domain_agreement", "translation_accuracy", "content_iou", "edge_correlation",
    "frechet_random_conv64",
)  # fmt: skip


def kept(source: np.ndarray, translated: np.ndarray) -> dict[str, np.ndarray]:
    """Translations with parts of the sources, uint8 `(N, S, S, 3)` by name."""
    x, y = (images.astype(np.float64) @ TO_LUMA.T for images in (source, translated))
    luma_x, luma_y = x[..., :1], y[..., :1]
    shift = luma_x.mean((1, 2), keepdims=True) - luma_y.mean((1, 2), keepdims=True)
    made = {
        "luma": (luma_x, y),
        "half of the luma": ((luma_x + luma_y) / 2, y),
        "mean luma": (luma_y + shift, y),
        "colors, not luma": (luma_y, x),
    }
    inverse = np.linalg.inv(TO_LUMA).T
    mixed = {n: np.concatenate([a, b[..., 1:]], -1) @ inverse for n, (a, b) in made.items()}
    return {name: np.clip(np.rint(v), 0, 255).astype(np.uint8) for name, v in mixed.items()}


def main() -> None:
    """Prints the scores of every way to keep colors."""
    run = TrainedRun.load(RUN_DIR.value)
    images = run.split.validation
    encoded, quality = encode(run.translator, images), PictureQuality(images)
    scored = score_translations(run.translator, encoded)
    source, references = images.pixels(), scored.references
    labels = images.classes()
    print(f"| kept of the source | {' | '.join(COLUMNS)} |")
    print(f"|---|{'---|' * len(COLUMNS)}")
    variants = {"nothing": scored.pictures, **kept(source, scored.pictures)}
    for name, pictures in variants.items():
        verdict = synthetic.judge(pictures)
        overlap = synthetic.intersection_over_union(verdict.mask, images.masks[images.rows])
        domains = run.translator.domains(pictures)
        values = (
            (domains == encoded.domains[references]).mean(),
            (verdict.domain == labels[references]).mean(),
            overlap.mean(),
            scores.edge_correlation(source, pictures).mean(),
            *quality.scores(pictures).values(),
        )
        print(f"| {name} | {' | '.join(f'{value:.2f}' for value in values)} |")


if __name__ == "__main__":
    cli.run(main)
