"""Domain averages and samples against NumPy."""

import dataclasses
import io
import shutil

import numpy as np
import pytest

from tunit_tf.data import synthetic
from tunit_tf.errors import UserError
from tunit_tf.inference import domain_styles, run_folder
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import pixels

pytestmark = pytest.mark.usefixtures("plain_graphs")

RNG = np.random.default_rng(0)


def known():
    """Domains 0 and 2 of K = 4 in use, with 3000 and one style codes."""
    factor = RNG.normal(size=(3, 3))
    styles = np.concatenate([RNG.normal(size=(3000, 3)) @ factor + [1, 2, 3], [[5, 5, 5]]])
    domains = np.array([0] * 3000 + [2])
    return styles.astype(np.float32), domains, domain_styles.estimate(styles, domains, 4)


def test_moments_are_numpys():
    styles, _, found = known()
    np.testing.assert_array_equal(found.counts, [3000, 0, 1, 0])
    np.testing.assert_allclose(found.means[0], styles[:3000].mean(0), rtol=1e-5)
    np.testing.assert_allclose(found.covariances[0], np.cov(styles[:3000].T), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found.means[2], [5, 5, 5])
    assert np.isnan(found.means[[1, 3]]).all()
    assert not found.covariances[2].any()


def test_samples_have_the_domains_moments():
    _, _, found = known()
    drawn = found.sample(0, 200_000, seed=1)
    np.testing.assert_allclose(drawn.mean(0), found.means[0], atol=0.03)
    np.testing.assert_allclose(np.cov(drawn.T), found.covariances[0], atol=0.1)
    np.testing.assert_array_equal(found.sample(0, 5, seed=1)[:2], found.sample(0, 2, seed=1))
    np.testing.assert_allclose(found.sample(2, 3, seed=0), np.full((3, 3), 5.0))


def test_domains_that_are_not_there_are_named():
    _, _, found = known()
    with pytest.raises(UserError, match=r"no domain 4; the run has 4, 0 to 3"):
        found.mean(4)
    with pytest.raises(UserError, match=r"Domain 1 is empty, .* in use are 0, 2"):
        found.sample(1, 2, seed=0)


def test_closeness_is_in_radii():
    first, second = RNG.normal(size=(2, 4000, 5))
    second[:, 0] += 3 * np.sqrt(5)  # the radius of a standard Gaussian in 5 dimensions
    third = RNG.normal(size=(4000, 5))
    styles = np.concatenate([first, second, third])
    found = domain_styles.estimate(styles, np.repeat([0, 1, 2], 4000), 3).closeness()
    np.testing.assert_allclose(found[0, 1], 3.0, rtol=0.05)
    assert found[0, 2] < 0.05
    np.testing.assert_allclose(np.diag(found), 0.0)


def test_training_leaves_them_and_another_step_measures_again(tiny_run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(tiny_run, copy)
    run = TrainedRun.load(copy)
    with np.load(copy / run_folder.STYLES) as saved:
        left = saved["counts"], saved["means"]
    (copy / run_folder.STYLES).unlink()
    measured = domain_styles.load_or_measure(run)
    np.testing.assert_array_equal(measured.counts, left[0])
    np.testing.assert_allclose(measured.means, left[1], rtol=1e-4, atol=1e-6)
    assert (copy / run_folder.STYLES).exists()

    kept = (copy / run_folder.STYLES).read_bytes()
    earlier = dataclasses.replace(run, step=run.step - 1)  # as the best checkpoint may be
    assert domain_styles.load_or_measure(earlier).counts.sum() == measured.counts.sum()
    assert (copy / run_folder.STYLES).read_bytes() == kept

    config = dataclasses.replace(run.config, data="/nowhere")
    later = dataclasses.replace(run, config=config, step=run.step + 1)
    with pytest.raises(UserError, match=r"not available: --data=/nowhere is not a folder"):
        domain_styles.load_or_measure(later)


def test_styles_of_other_images_are_not_stored(tiny_run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(tiny_run, copy)
    for i, image in enumerate(synthetic.generate(12, 32, 9).pixels()):
        pixels.save_png(tmp_path / "others" / f"{i}.png", image)
    run = TrainedRun.load(copy)
    before = (copy / run_folder.STYLES).read_bytes()
    measured = domain_styles.load_or_measure(run, str(tmp_path / "others"))
    assert measured.counts.sum() == 12
    assert (copy / run_folder.STYLES).read_bytes() == before
    assert domain_styles.load_or_measure(run).counts.sum() == 72
    (copy / run_folder.STYLES).unlink()
    domain_styles.load_or_measure(run, str(tmp_path / "others"))
    assert not (copy / run_folder.STYLES).exists()


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "other networks", "nan"])
def test_damaged_styles_are_measured_again(trained_run, tmp_path, damage):
    run = dataclasses.replace(trained_run, folder=tmp_path)
    path = tmp_path / run_folder.STYLES
    whole = (trained_run.folder / run_folder.STYLES).read_bytes()
    path.write_bytes({"cut": whole[: len(whole) // 2], "empty": b""}.get(damage, b"no archive"))
    if damage == "other networks":
        other = domain_styles.estimate(np.zeros((2, 5), np.float32), np.array([0, 1]), 4)
        path.write_bytes(other.to_bytes(run.step))
    if damage == "nan":
        with np.load(io.BytesIO(whole)) as saved:
            fields = {name: saved[name] for name in domain_styles.DomainStyles._fields}
        fields["means"] = np.full_like(fields["means"], np.nan)
        path.write_bytes(domain_styles.DomainStyles(**fields).to_bytes(run.step))
    measured = domain_styles.load_or_measure(run)
    assert measured.means.shape == (3, 8)
    assert measured.counts.sum() == 72
    with np.load(path) as saved:
        np.testing.assert_array_equal(saved["counts"], measured.counts)


def test_a_run_folder_that_cannot_be_written_is_only_read(trained_run, tmp_path, capsys):
    """A folder in the place of the file fails for every user, as missing permission does."""
    (tmp_path / run_folder.STYLES / "full").mkdir(parents=True)
    run = dataclasses.replace(trained_run, folder=tmp_path)
    assert domain_styles.load_or_measure(run).counts.sum() == 72
    assert "domain_styles.npz cannot be written" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == [run_folder.STYLES]
