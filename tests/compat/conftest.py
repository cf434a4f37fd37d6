"""Where the compared files are."""

import pathlib

import pytest


def pytest_addoption(parser):
    parser.addoption("--given", required=True, help="Folder that tests.compat.given wrote.")


@pytest.fixture(scope="session")
def given(request) -> pathlib.Path:
    return pathlib.Path(request.config.getoption("--given"))
