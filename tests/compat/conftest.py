"""Where the compared files are."""

import pathlib

import pytest


def pytest_addoption(parser):
    parser.addoption(
        "--expected", required=True, help="Folder that tests.compat.write_expected wrote."
    )


@pytest.fixture(scope="session")
def written(request) -> pathlib.Path:
    return pathlib.Path(request.config.getoption("--expected"))
