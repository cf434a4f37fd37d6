"""Warnings come when they should, and not before."""

import pytest

from tunit_tf.training import health
from tunit_tf.training.health import Health

WON = {"discriminator/real": 0.001, "discriminator/fake": 0.002}
EVEN = {"discriminator/real": 0.8, "discriminator/fake": 0.9}


def test_a_discriminator_that_stays_at_zero_is_warned_of():
    watched = Health()
    assert watched.check_terms(100, {"guiding/contrastive": 1.0}) == {}
    assert watched.check_terms(200, WON) == {}
    assert watched.check_terms(200 + health.LONG - 1, WON) == {}
    (advice,) = watched.check_terms(200 + health.LONG, WON).values()
    assert "since step 200" in advice
    assert "--weight_r1" in advice


def test_one_good_report_restarts_the_count():
    watched = Health()
    watched.check_terms(0, WON)
    watched.check_terms(health.LONG // 2, EVEN)
    assert watched.check_terms(health.LONG, WON) == {}
    assert watched.check_terms(2 * health.LONG, WON) != {}


def test_empty_domains_are_warned_of_when_there_are_enough_images():
    watched = Health()
    scores = {"empty_domains": 2.0}
    assert watched.check_scores(scores, 1000, 10) == {}  # once is no sign
    assert "2 of 10 domains are empty" in watched.check_scores(scores, 1000, 10)["empty"]
    few = Health()
    for _ in range(3):
        assert few.check_scores(scores, 99, 10) == {}


@pytest.mark.parametrize(("effect", "is_warned_of"), [(0.0, True), (0.009, True), (0.02, False)])
def test_an_ignored_style_is_warned_of(effect, is_warned_of):
    watched = Health()
    for _ in range(health.VALIDATIONS):
        found = watched.check_scores({"style_effect": effect}, 100, 4)
    assert ("style" in found) == is_warned_of


def test_validations_of_the_warm_up_have_no_styles_to_warn_of():
    watched = Health()
    for _ in range(5):
        assert watched.check_scores({"empty_domains": 0.0}, 100, 4) == {}
