"""What the exports of a run say about it: the common fields of a manifest."""

import json
import pathlib
import sys
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from export import manifest
from export.manifest import Domain, WeightsManifest
from tunit_tf.config import Config
from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError
from tunit_tf.inference import domain_styles, weights_folder
from tunit_tf.inference.trained_run import TrainedRun


def describe(
    run: TrainedRun, images: ImageSet | None = None, title: str = "", description: str = ""
) -> dict[str, Any]:
    """The fields of `manifest.Manifest` that a run decides.

    Args:
      run: The run.
      images: Images to measure the domains' styles on; None takes what the run has.
      title: Title of the model for people; '' derives one from the config.
      description: A sentence on the model for people; '' as above.

    Returns:
      Keyword arguments; `domains` is None if no images are available.
    """
    config, translator = run.config, run.translator
    known = published(run)
    if known:
        title, description = title or known.title, description or known.description
    return {
        "title": title or f"{_name_of_data(config)}, {config.image_size} px",
        "description": description or _description(run),
        "image_size": translator.image_size,
        "num_domains": translator.num_domains,
        "style_dim": translator.style_dim,
        "style_on_unit_sphere": config.normalize_style,
        "domains": _domains(run, images),
        "detail": config.detail,
        "license": config.license or None,
        "origin": run.origin or None,
        "step": run.step,
        "config": json.loads(config.to_json()),
        "made_with": {"tensorflow": tf.__version__, "keras": keras.__version__},
    }


def published(run: TrainedRun) -> WeightsManifest | None:
    """The manifest of a weights folder; None for a run folder.

    Raises:
      UserError: It is missing or damaged.
    """
    if not weights_folder.is_one(run.folder):
        return None
    return manifest.read(run.folder, WeightsManifest)


def _name_of_data(config: Config) -> str:
    if config.data == "synthetic":
        return "Procedural shapes"
    return pathlib.PurePath(config.data.removeprefix("tfds:")).name or "Imported weights"


def _description(run: TrainedRun) -> str:
    labels = {
        "unsupervised": "without labels",
        "pseudo-labeled": "without labels of its images",
        "semi-supervised": "with a few labels",
        "supervised": "with labels",
    }
    return (
        f"Transfers the style of one picture to another. Trained for {run.step} steps "
        f"{labels[run.config.mode]}; it sorts pictures into {run.config.num_domains} styles."
    )


def _domains(run: TrainedRun, images: ImageSet | None) -> list[Domain] | None:
    """Images, average style and spread of every domain; an empty domain has no style."""
    try:
        # Styles of other images than the run's own are not kept in the run folder.
        known = (
            domain_styles.load_or_measure(run)
            if images is None
            else domain_styles.measure(run.translator, images)
        )
    except UserError as error:
        print(f"warning: The export has no average styles of domains. {error}", file=sys.stderr)
        return None

    def domain(count: int, mean: np.ndarray, covariance: np.ndarray) -> Domain:
        if not count:
            return Domain(images=0, average_style=None)
        deviation = np.sqrt(np.diagonal(covariance))
        average: Any = run.translator.as_styles(mean).tolist()
        return Domain(images=count, average_style=average, style_deviation=deviation.tolist())

    return [domain(int(c), m, v) for c, m, v in zip(*known, strict=True)]
