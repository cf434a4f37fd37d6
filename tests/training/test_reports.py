"""What is written between the inner loops, and that the held-out images are encoded once for it."""

import dataclasses
import types

import pytest

from tunit_tf.evaluation.scores import encode
from tunit_tf.training import reports


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
