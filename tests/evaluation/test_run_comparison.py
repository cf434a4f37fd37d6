"""Runs side by side: what another run's report must be."""

import shutil

import pytest

from tunit_tf.errors import UserError
from tunit_tf.evaluation import run_comparison


@pytest.fixture
def other(tiny_run, tmp_path):
    """A run folder of which only the config is left."""
    shutil.copy(tiny_run / "config.json", tmp_path)
    return tmp_path


def test_a_run_without_a_report_is_fine(other):
    run_comparison.check_folders([other])
    (other / "report").write_text("a file of the user")
    run_comparison.check_folders([other])


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"{}", b'{"metrics": 3}', b'{"metrics": {"Clusters": ["nmi"]}}',
        b'{"metrics": {"Clusters": {"nmi": "high"}}}', b"[" * 10**5,
        b'{"metrics": {"Clusters": {"nmi": 1' + b"0" * 400 + b"}}}",
    ],
)  # fmt: skip
def test_a_damaged_report_of_another_run_is_named(other, content):
    (other / "report").mkdir()
    (other / "report" / "metrics.json").write_bytes(content)
    with pytest.raises(UserError, match=r"report/metrics.json is damaged; delete it, or evaluate"):
        run_comparison.check_folders([other])


def test_a_report_that_cannot_be_read_is_named(other):
    (other / "report" / "metrics.json").mkdir(parents=True)
    with pytest.raises(UserError, match=r"metrics.json cannot be read \(Is a directory\)"):
        run_comparison.check_folders([other])
