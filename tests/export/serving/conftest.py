"""What the tests of the served model share."""

import pytest

from export.serving import session


@pytest.fixture(scope="session")
def model(exported) -> session.Model:
    """The exported version, loaded as a server loads it."""
    return session.Model(exported)
