import pytest

from tests.unit.insight.shop import database_of, frame_of, sales


@pytest.fixture(scope="session")
def lines():
    return sales()


@pytest.fixture(scope="session")
def database(lines):
    return database_of(lines)


@pytest.fixture(scope="session")
def frame(lines):
    return frame_of(lines)
