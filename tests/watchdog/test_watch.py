"""The ping by which somebody notices that the watchdog itself does not work any more."""

from contextlib import asynccontextmanager

import aiohttp
import pytest

from horarium.watchdog.alerts import Alerts
from horarium.watchdog.checks import Limits
from horarium.watchdog.watch import Watchdog, Watched


class Session:
    """As much of a session as a ping needs. It answers with a status."""

    def __init__(self, status):
        self.status, self.asked = status, 0

    @asynccontextmanager
    async def get(self, url):
        self.asked += 1
        yield self

    def raise_for_status(self):
        if self.status >= 400:
            raise aiohttp.ClientError(str(self.status))


@pytest.mark.parametrize(("status", "asked"), [(200, 1), (204, 1), (404, 3), (503, 3)])
async def test_a_ping_that_is_refused_goes_out_again_in_the_next_round(status, asked):
    dog = Watchdog(Watched((), "sqlite:///none"), Limits(), Alerts(), ping_url="https://ping.example.com/")
    session = Session(status)
    for _ in range(3):
        await dog._ping(session)
    assert session.asked == asked
