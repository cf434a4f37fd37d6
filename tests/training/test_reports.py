"""What is written between the inner loops, and that the held-out images are encoded once for it."""

import dataclasses
import types

import pytest

from tunit_tf.evaluation.scores import encode
from tunit_tf.training import reports
from tunit_tf.training.reports import Health


@pytest.mark.parametrize(
    ("evaluate_every", "sample_every", "encoded"), [(2, 2, 1), (2, 3, 1), (3, 2, 1), (3, 3, 0)]
)
def test_scores_and_pictures_of_a_step_share_the_encoding(
    trained_run, monkeypatch, evaluate_every, sample_every, encoded
):
    calls, logged, pictures = [], {}, []

    def counting(*arguments):
        calls.append(arguments)
        return encode(*arguments)

    monkeypatch.setattr(reports, "encode", counting)
    config = dataclasses.replace(
        trained_run.config, evaluate_every=evaluate_every, sample_every=sample_every,
        checkpoint_every=5, log_every=5,
    )  # fmt: skip
    folder = types.SimpleNamespace(
        log=lambda _, numbers: logged.update(numbers),
        picture=lambda _, name, __: pictures.append(name),
    )
    checkpoints = types.SimpleNamespace(save_if_best=lambda *_: None)
    written = reports.Reports(
        config, folder, checkpoints, trained_run.translator, trained_run.split.validation.sample(4)
    )
    written.after_loop(4, "joint", 1.0, {})
    assert len(calls) == encoded
    assert ("validation/domain_agreement" in logged) == (evaluate_every == 2)
    assert sorted(pictures) == (["domain_grid", "reference_grid"] if sample_every == 2 else [])


WON = {"discriminator/real": 0.001, "discriminator/fake": 0.002}
EVEN = {"discriminator/real": 0.8, "discriminator/fake": 0.9}


def test_a_discriminator_that_stays_at_zero_is_warned_of():
    watched = Health()
    assert watched.check_terms(100, {"guiding/contrastive": 1.0}) == {}
    assert watched.check_terms(200, WON) == {}
    assert watched.check_terms(200 + reports.LONG - 1, WON) == {}
    (advice,) = watched.check_terms(200 + reports.LONG, WON).values()
    assert "since step 200" in advice
    assert "--weight_r1" in advice


def test_one_good_report_restarts_the_count():
    watched = Health()
    watched.check_terms(0, WON)
    watched.check_terms(reports.LONG // 2, EVEN)
    assert watched.check_terms(reports.LONG, WON) == {}
    assert watched.check_terms(2 * reports.LONG, WON) != {}


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
    for _ in range(reports.VALIDATIONS):
        found = watched.check_scores({"style_effect": effect}, 100, 4)
    assert ("style" in found) == is_warned_of


def test_validations_of_the_warm_up_have_no_styles_to_warn_of():
    watched = Health()
    for _ in range(5):
        assert watched.check_scores({"empty_domains": 0.0}, 100, 4) == {}
