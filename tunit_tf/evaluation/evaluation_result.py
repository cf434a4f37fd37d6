"""What an evaluation found, filled part by part."""

import dataclasses

from tunit_tf.evaluation.figures import Figure


@dataclasses.dataclass(frozen=True)
class Beside:
    """The numbers of the run's other checkpoint.

    Attributes:
      checkpoint: Which it is, and its step: `best, step 2000`.
      metrics: {section: {name: value}}.
    """

    checkpoint: str
    metrics: dict[str, dict[str, float]]


@dataclasses.dataclass
class EvaluationResult:
    """Numbers, figures and warnings of an evaluation.

    Attributes:
      metrics: {section: {name: value}}.
      counts: {metric or section: numbers of images behind it}.
      domains: Sizes of the pseudo-domains and, with labels, the classes and their contingency
        table.
      warnings: Sentences for the user.
      figures: {section: figures}.
      beside: The other of the newest and the best checkpoint, if they differ.
    """

    metrics: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)
    counts: dict[str, dict] = dataclasses.field(default_factory=dict)
    domains: dict[str, list] = dataclasses.field(default_factory=dict)
    warnings: list[str] = dataclasses.field(default_factory=list)
    figures: dict[str, list[Figure]] = dataclasses.field(default_factory=dict)
    beside: Beside | None = None
