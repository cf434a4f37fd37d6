"""What an evaluation found, filled part by part."""

import dataclasses

from tunit_tf.evaluation.figures import Figure


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
    """

    metrics: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)
    counts: dict[str, dict] = dataclasses.field(default_factory=dict)
    domains: dict[str, list] = dataclasses.field(default_factory=dict)
    warnings: list[str] = dataclasses.field(default_factory=list)
    figures: dict[str, list[Figure]] = dataclasses.field(default_factory=dict)
