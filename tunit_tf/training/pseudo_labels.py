"""Pseudo-labels from pretrained features: made before the first step, then kept in the run."""

import dataclasses
import json
from typing import Any

import numpy as np

from tunit_tf.config import Config
from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError
from tunit_tf.evaluation import feature_cache
from tunit_tf.inference import run_folder
from tunit_tf.metrics import clustering


def prepare(images: ImageSet, config: Config) -> ImageSet:
    """The training images with a pseudo-domain each: recorded ones if there is a checkpoint.

    Args:
      images: Training images; their own labels are ignored and replaced.
      config: Resolved config of a pseudo-labeled run.

    Raises:
      UserError: The record is missing or damaged, the features cannot be computed, or there are
        fewer images than domains.
    """
    if run_folder.is_trained(config.run_path):
        return recorded(images, config)
    if len(images) < config.num_domains:
        raise UserError(
            f"{config.num_domains} domains need at least as many training images, but there are "
            f"only {len(images)}; add images or lower --num_domains."
        )
    x = feature_cache.directions(images, config.domains_from, config.cache_dir)
    return _labeled(images, clustering.fit(x, config.num_domains, config.seed).labels)


def record(images: ImageSet, config: Config) -> dict[str, Any]:
    """Where the pseudo-domains come from, and the domain of each image by its name."""
    domains = images.classes()
    assert domains is not None
    by_name = dict(zip(images.name_list(), domains.tolist(), strict=True))
    return {"features": config.domains_from, "num_domains": config.num_domains, "domains": by_name}


def recorded(images: ImageSet, config: Config) -> ImageSet:
    """The training images with the pseudo-domains that the run folder has recorded.

    Raises:
      UserError: The record is missing or damaged, or lacks an image.
    """
    path = config.run_path / run_folder.DOMAINS
    cure = "restore it from a copy, or start a new run with another --run_dir"
    try:
        known = json.loads(path.read_bytes())["domains"]
        domains = [known[name] for name in images.name_list()]
    except FileNotFoundError:
        raise UserError(f"{path}, which has the run's pseudo-domains, is gone; {cure}.") from None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise UserError(f"{path} is damaged ({type(error).__name__}); {cure}.") from None
    except KeyError as error:
        raise UserError(f"{path} has no entry {error}; {cure}.") from None
    for name, domain in zip(images.name_list(), domains, strict=True):
        if type(domain) is not int or not 0 <= domain < config.num_domains:
            raise UserError(
                f"{path} is damaged: the domain of {name} must be in 0..{config.num_domains - 1}; "
                f"received {domain!r}. Restore it from a copy, or start a new run with another "
                "--run_dir."
            )
    return _labeled(images, np.array(domains, np.int32))


def _labeled(images: ImageSet, domains: np.ndarray) -> ImageSet:
    labels = np.full(len(images.names), -1, np.int32)
    labels[images.rows] = domains
    names = tuple(f"domain {k}" for k in range(domains.max() + 1))
    return dataclasses.replace(images, labels=labels, label_names=names)
