"""What a run writes between its inner loops: numbers, validations, pictures, checkpoints."""

import dataclasses
import functools
import re
import sys
from collections.abc import Callable

import tensorflow as tf
import tqdm
from absl import logging

from tunit_tf.config import Config
from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError
from tunit_tf.evaluation import figures
from tunit_tf.evaluation.scores import (
    METRICS,
    EncodedImages,
    PictureQuality,
    cluster_scores,
    encode,
    score_translations,
)
from tunit_tf.inference.run_folder import RunFolder
from tunit_tf.inference.translator import Translator
from tunit_tf.training.checkpoints import Checkpoints

SHOWN = {
    "guiding/mutual_information": "I",
    "guiding/contrastive": "con",
    "discriminator/real": "D real",
    "discriminator/fake": "D fake",
    "generator/reconstruction": "rec",
}

DISCRIMINATOR_WON = 0.02  # hinge loss on real plus translated images; 2 if all logits are 0
LONG = 1000  # steps after which this is reported
STYLE_IGNORED = 0.01  # mean difference of translations in two styles, images in [-1, 1]
MIN_PER_DOMAIN = 10  # held-out images per domain, below which empty domains are not reported
VALIDATIONS = 2  # with a sign, in a row; averages have neither domains nor styles at first


class Reports:
    """Writes logs and pictures when due, scores the averaged networks, warns of failing runs.

    Args:
      config: Resolved config of the run.
      folder: Where numbers and pictures go.
      checkpoints: Where states go.
      translator: The averaged networks.
      held_out: Images that are scored and shown.

    Attributes:
      scores: Scores of the last validation; empty before the first.
    """

    def __init__(
        self,
        config: Config,
        folder: RunFolder,
        checkpoints: Checkpoints,
        translator: Translator,
        held_out: ImageSet,
    ) -> None:
        self._config = config
        self._folder = folder
        self._checkpoints = checkpoints
        self._translator = translator
        self._held_out = held_out
        self._quality = PictureQuality(held_out)
        self._health = Health()
        self._warned: set[str] = set()  # signs of bad health that were logged
        self.scores: dict[str, float] = {}

    def after_loop(self, step: int, phase: str, speed: float, terms: dict[str, float]) -> None:
        """Writes what is due after an inner loop.

        Args:
          step: Steps done.
          phase: Name of the phase.
          speed: Images per second of the loop.
          terms: Mean terms of its steps.

        Raises:
          UserError: The run is to halt at a sign of collapse, or at a failed write.
        """
        config = self._config

        def is_due(period: int) -> bool:
            return step % period == 0 or step == config.total_steps

        if is_due(config.log_every):
            numbers = {"phase": phase, "images_per_second": round(speed, 2), **terms}
            self._write(step, "numbers", lambda: self._folder.log(step, numbers))
        is_scored = is_due(config.evaluate_every) or step == config.warmup_steps
        is_shown = is_due(config.sample_every) and step > config.warmup_steps
        if is_scored or is_shown:
            encoded = encode(self._translator, self._held_out)
        if is_scored:
            self._evaluate(step, encoded)
        if is_shown:
            self._draw(step, encoded)
        # The checkpoint comes last: a run that is killed before it repeats these steps when it is
        # resumed, and writes their numbers and pictures again.
        if is_due(config.checkpoint_every):
            self._write(step, "a checkpoint", self._checkpoints.save)
        self._watch(step, self._health.check_terms(step, terms))

    def save_last(self, step: int) -> None:
        """Saves the state at the end of a process. Raises UserError if it cannot be written."""
        try:
            self._checkpoints.save()
        except OSError as error:
            raise self._not_saved(step, "the last checkpoint", error) from None

    def final_scores(self, step: int) -> dict[str, float]:
        """The last validation of the run, made now if this process did none."""
        if not self.scores:
            self._evaluate(step, encode(self._translator, self._held_out))
        return self.scores

    def _draw(self, step: int, encoded: EncodedImages) -> None:
        """Writes the sample grids."""
        for name, draw in figures.GRIDS.items():
            picture = draw(self._translator, encoded)
            show = functools.partial(self._folder.picture, step, name, picture)
            self._write(step, "pictures", show)

    def _evaluate(self, step: int, encoded: EncodedImages) -> None:
        """Scores the averaged networks; clusters always, translations in the joint phase."""
        scores = cluster_scores(encoded, self._translator.num_domains)
        if step > self._config.warmup_steps:
            scores |= score_translations(self._translator, encoded, self._quality).scores
        self.scores = scores
        numbers = {f"validation/{name}": value for name, value in scores.items()}
        # Scores are logged before the best checkpoint is saved, which looks its score up there if
        # best.json is damaged.
        self._write(step, "scores", lambda: self._folder.log(step, numbers))
        metric = self._config.best_metric
        if step > self._config.warmup_steps and metric in scores:
            self._write(
                step,
                "the best checkpoint",
                lambda: self._checkpoints.save_if_best(metric, scores[metric], METRICS[metric]),
            )
        count = len(self._held_out)
        self._watch(step, self._health.check_scores(scores, count, self._config.num_domains))

    def _write(self, step: int, what: str, write: Callable[[], object]) -> None:
        """Writes; logs a failure, or raises it with --halt_on_failed_save."""
        try:
            write()
        except (OSError, tf.errors.OpError) as error:
            failure = self._not_saved(step, what, error)
            if self._config.halt_on_failed_save:
                raise failure from None
            logging.warning("%s The run goes on.", failure)

    def _not_saved(self, step: int, what: str, error: Exception) -> UserError:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        reason = re.sub(r"\{\{.*?\}\} *", "", reason)  # TensorFlow's names of graph nodes
        return UserError(
            f"At step {step} {what} could not be saved ({reason}); what was saved before is as it "
            f"was. Free space on the disk of {self._folder.path}; the same command resumes from "
            "the last checkpoint."
        )

    def _watch(self, step: int, signs: dict[str, str]) -> None:
        """Logs each health warning once, or halts with --halt_on_collapse."""
        for sign, warning in signs.items():
            if self._config.halt_on_collapse:
                self._write(step, "a checkpoint", self._checkpoints.save)
                raise UserError(f"Stopped at step {step} by --halt_on_collapse. {warning}")
            if sign not in self._warned:
                self._warned.add(sign)
                logging.warning("Step %d: %s", step, warning)


@dataclasses.dataclass
class Health:
    """Looks for bad signs in terms and scores; methods return {sign: sentence}, {} without any.

    Attributes:
      won_since: First step since which the discriminator has been at zero.
      seen: {sign: validations in a row that showed it}.
    """

    won_since: int | None = None
    seen: dict[str, int] = dataclasses.field(default_factory=dict)

    def check_terms(self, step: int, terms: dict[str, float]) -> dict[str, str]:
        """Looks at the mean terms of some steps."""
        if "discriminator/real" not in terms:
            return {}
        loss = terms["discriminator/real"] + terms["discriminator/fake"]
        if loss > DISCRIMINATOR_WON:
            self.won_since = None
            return {}
        if self.won_since is None:
            self.won_since = step
        if step - self.won_since < LONG:
            return {}
        advice = (
            f"The discriminator has recognized every translation since step {self.won_since} "
            f"(hinge loss {loss:.3f}), so that the generator learns nothing: raise --weight_r1 or "
            "lower --learning_rate_discriminator."
        )
        return {"discriminator": advice}

    def check_scores(
        self, scores: dict[str, float], images: int, num_domains: int
    ) -> dict[str, str]:
        """Looks at a validation on a number of held-out images."""
        found = {}
        empty = int(scores.get("empty_domains", 0))
        if self._lasts("empty", empty > 0 and images >= MIN_PER_DOMAIN * num_domains):
            found["empty"] = (
                f"{empty} of {num_domains} domains are empty on {images} held-out images: lower "
                "--num_domains, or start again with --domain_stddev=1 --weight_entropy=2."
            )
        effect = scores.get("style_effect")
        if self._lasts("style", effect is not None and effect < STYLE_IGNORED):
            found["style"] = (
                f"The style is ignored: translations of one source into two styles differ by "
                f"{effect:.4f} only (of 2): lower --weight_reconstruction or raise "
                "--weight_style_contrastive."
            )
        return found

    def _lasts(self, sign: str, shown: bool) -> bool:
        self.seen[sign] = self.seen.get(sign, 0) + 1 if shown else 0
        return self.seen[sign] >= VALIDATIONS


class Progress:
    """Context with one bar over all steps of a run; in a log file, a line every half minute.

    Args:
      config: Resolved config.
      step: Steps done before.
    """

    def __init__(self, config: Config, step: int) -> None:
        self._bar = tqdm.tqdm(
            total=config.total_steps,
            initial=step,
            unit="step",
            smoothing=0.05,
            dynamic_ncols=True,
            mininterval=0.5 if sys.stderr.isatty() else 30,
            disable=not config.progress,
        )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def update(self, step: int, phase: str, speed: float, terms: dict[str, float]) -> None:
        """Shows the state after `step`; `speed` in images per second."""
        losses = " ".join(
            f"{short} {terms[name]:.2f}" for name, short in SHOWN.items() if name in terms
        )
        self._bar.set_description(phase, refresh=False)
        self._bar.set_postfix_str(f"{speed:.0f} images/s {losses}", refresh=False)
        self._bar.update(step - self._bar.n)
