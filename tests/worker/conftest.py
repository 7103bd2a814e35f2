"""What the tests of lanes share."""

import pytest

from horarium.worker.lanes import Lanes
from tests.support.server_loop import pytest_asyncio_loop_factories
from tests.worker.test_lanes import Time

__all__ = ["pytest_asyncio_loop_factories"]


@pytest.fixture
def time(monkeypatch):
    """The time of the lanes, which a test sets."""
    time = Time()
    monkeypatch.setattr(Lanes, "_now", lambda lanes: time.now)
    return time
