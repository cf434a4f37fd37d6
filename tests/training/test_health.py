"""Warnings come when they should, and not before."""

import pytest

from tunit_tf.training import health
from tunit_tf.training.health import Health

WON = {"discriminator/real": 0.001, "discriminator/fake": 0.002}
EVEN = {"discriminator/real": 0.8, "discriminator/fake": 0.9}


def test_a_discriminator_that_stays_at_zero_is_told():
    watched = Health()
    assert watched.of_terms(100, {"guiding/contrastive": 1.0}) == {}
    assert watched.of_terms(200, WON) == {}
    assert watched.of_terms(200 + health.LONG - 1, WON) == {}
    (advice,) = watched.of_terms(200 + health.LONG, WON).values()
    assert "since step 200" in advice
    assert "--weight_r1" in advice


def test_one_good_report_starts_the_count_anew():
    watched = Health()
    watched.of_terms(0, WON)
    watched.of_terms(health.LONG // 2, EVEN)
    assert watched.of_terms(health.LONG, WON) == {}
    assert watched.of_terms(2 * health.LONG, WON) != {}


def test_empty_domains_are_told_when_there_are_images_enough():
    watched = Health()
    scores = {"empty_domains": 2.0}
    assert watched.of_scores(scores, 1000, 10) == {}  # once says nothing
    assert "2 of 10 domains are empty" in watched.of_scores(scores, 1000, 10)["empty"]
    few = Health()
    for _ in range(3):
        assert few.of_scores(scores, 99, 10) == {}


@pytest.mark.parametrize(("effect", "told"), [(0.0, True), (0.009, True), (0.02, False)])
def test_an_ignored_style_is_told(effect, told):
    watched = Health()
    for _ in range(health.VALIDATIONS):
        found = watched.of_scores({"style_effect": effect}, 100, 4)
    assert ("style" in found) == told


def test_validations_of_the_warm_up_say_nothing_of_styles():
    watched = Health()
    for _ in range(5):
        assert watched.of_scores({"empty_domains": 0.0}, 100, 4) == {}
