"""Checks that detect failing runs; each finding comes with one sentence of advice."""

import dataclasses

DISCRIMINATOR_WON = 0.02  # hinge loss on real plus translated images; 2 if all logits are 0
LONG = 1000  # steps for which it must have won
STYLE_IGNORED = 0.01  # mean difference of translations in two styles, images in [-1, 1]
MIN_PER_DOMAIN = 10  # held-out images for each domain, below which an empty one is no sign
VALIDATIONS = 2  # in a row that must show a sign: early averages have neither domains nor styles


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
