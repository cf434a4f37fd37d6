"""The progress bar: step, phase, speed, time left, main losses."""

import sys

import tqdm

from tunit_tf.config import Config

SHOWN = {
    "guiding/mutual_information": "I",
    "guiding/contrastive": "con",
    "discriminator/real": "D real",
    "discriminator/fake": "D fake",
    "generator/reconstruction": "rec",
}


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
