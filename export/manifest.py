"""What a client of an exported model must know, so that no number is typed again."""

import hashlib
import json
import pathlib

import keras
import tensorflow as tf

from tunit_tf.errors import UserError
from tunit_tf.inference import domain_styles
from tunit_tf.inference.trained_run import TrainedRun

FORMAT = 1  # of the manifest; goes up when a field changes its meaning


def describe(run: TrainedRun, data: str = "") -> dict:
    """The part of a manifest that all kinds of export share.

    Args:
      run: The run.
      data: Images to measure the domains' styles on; '' takes what the run has.

    Returns:
      Sizes, ranges, average styles, origin. `domains` is None where no images are at hand.
    """
    config, translator = run.config, run.translator
    return {
        "format": FORMAT,
        "image_size": translator.image_size,
        "value_range": [-1.0, 1.0],
        "channels": "RGB",
        "num_domains": translator.num_domains,
        "style_dim": translator.style_dim,
        "style_on_unit_sphere": config.normalize_style,
        "domains": _domains(run, data),
        "licence": config.licence or None,
        "origin": config.origin or None,
        "step": run.step,
        "config": json.loads(config.to_json()),
        "made_with": {"tensorflow": tf.__version__, "keras": keras.__version__},
    }


def checksums(folder: pathlib.Path) -> dict[str, dict]:
    """{file: size in bytes and SHA-256} of all files below a folder."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(folder))] = {"bytes": path.stat().st_size, "sha256": digest}
    return found


def _domains(run: TrainedRun, data: str) -> list[dict] | None:
    """Images and average style of every domain; an empty domain has none."""
    try:
        known = domain_styles.load_or_measure(run, data)
    except UserError:
        return None
    return [
        {
            "images": int(count),
            "average_style": run.translator.as_styles(mean).tolist() if count else None,
        }
        for count, mean in zip(known.counts, known.means, strict=True)
    ]
