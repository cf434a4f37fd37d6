"""A trained run: its networks, config, folder and step, for commands that work on run folders."""

import dataclasses
import functools
import pathlib
import sys

from tunit_tf.config import Config
from tunit_tf.data.sources import Split
from tunit_tf.errors import UserError
from tunit_tf.inference import run_folder, weights_folder
from tunit_tf.inference.translator import Translator
from tunit_tf.paths import user_path


@dataclasses.dataclass(frozen=True)
class TrainedRun:
    """One checkpoint of a run folder.

    Attributes:
      translator: The averaged networks.
      config: Config of the run.
      folder: The run folder.
      step: Step of the checkpoint.
    """

    translator: Translator
    config: Config
    folder: pathlib.Path
    step: int

    @classmethod
    def load(
        cls,
        run_dir: str | pathlib.Path,
        checkpoint: str = "newest",
        batch_size: int = 32,
        resize: str = "crop",
    ) -> "TrainedRun":
        """Loads a checkpoint of a finished or running run.

        Args:
          run_dir: Folder of the run.
          checkpoint: `newest` or `best`.
          batch_size: Images computed at once.
          resize: How pictures become squares, one of `pixels.RESIZE`.

        Raises:
          UserError: It is not a run folder, or has no such checkpoint.
        """
        folder = user_path(run_dir, "--run_dir")
        networks = run_folder.load_networks(folder, checkpoint)
        detail = networks.config.detail
        translator = Translator(networks.guiding, networks.generator, batch_size, resize, detail)
        return cls(translator, networks.config, folder, networks.step)

    @functools.cached_property
    def split(self) -> Split:
        """The images of the run as training divided them, opened at the first use.

        Raises:
          UserError: They cannot be opened, or are other ones than in training.
        """
        return self.split_of(self.config, own_images=True)

    def split_of(self, config: Config, own_images: bool) -> Split:
        """The images that a config names; if it is the run's own, as training divided them.

        Args:
          config: Names the images.
          own_images: Whether the run has named them, and not the user.

        Raises:
          UserError: They cannot be opened, or are other ones than in training.
        """
        if own_images and weights_folder.is_one(self.folder):
            raise UserError(
                f"{self.folder} is a weights folder, which has no images; name some with "
                "--data=FOLDER."
            )
        return run_folder.opened_split(
            self.folder, config, run_folder.recorded_split(self.folder, config)
        )

    @functools.cached_property
    def origin(self) -> str:
        """Where imported weights come from, in words; '' where the run was not imported.

        Raises:
          UserError: The record is damaged.
        """
        found = run_folder.origin(self.folder)
        return found.weights if found else ""

    @property
    def generator_is_trained(self) -> bool:
        """False for a checkpoint of the warm-up, in which the generator has its initial weights."""
        return self.step > self.config.warmup_steps

    def warn_if_untrained(self) -> None:
        """Warns on stderr if the checkpoint is from the warm-up."""
        if not self.generator_is_trained:
            print(
                f"warning: {self.folder} is in its warm-up (step {self.step}); its generator is "
                "untrained and its translations are noise.",
                file=sys.stderr,
            )
