"""What a node sends to others and hears of them; the connection is played."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from horarium.store.base import DUE, READY
from horarium.store.postgres import notifications
from horarium.store.postgres.notifications import HORIZON_MS, KEEPALIVE_S, Notifications

NOW = 1_000_000


class Line:
    """A connection over which messages go."""

    def __init__(self) -> None:
        self.said: list[tuple[str, float]] = []
        self.broken = self.ended = False
        self.hear: Callable[..., None] | None = None

    async def add_listener(self, channel: str, hear: Callable[..., None]) -> None:
        assert channel == "horarium"
        self.hear = hear

    def add_termination_listener(self, ended: Callable[..., None]) -> None:
        self.tell_end = ended

    async def execute(self, command: str, timeout: float) -> None:
        if self.broken:
            raise asyncpg.ConnectionDoesNotExistError("gone")
        self.said.append((command, timeout))

    def is_closed(self) -> bool:
        return self.ended

    def terminate(self) -> None:
        self.ended = True


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that are made, each of which takes no time."""
    made: list[float] = []
    sleep = asyncio.sleep

    async def paused(seconds: float, *given: Any) -> None:
        made.append(seconds)
        await sleep(0)

    monkeypatch.setattr(notifications.asyncio, "sleep", paused)
    return made


async def turns(count: int = 12) -> None:
    for _ in range(count):
        done = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(done.set_result, None)
        await done


@asynccontextmanager
async def node(lines: list[Any], hears: bool = True):  # type: ignore[no-untyped-def]
    """A node whose connections are these, one after another; what is raised of them instead is an error."""
    left = iter(lines)

    async def connect() -> Any:
        found = next(left)
        if isinstance(found, Exception):
            raise found
        return found

    made, heard = Notifications(connect, hears), []
    made.deliver = lambda topic, at: heard.append((topic, at))
    await made.start()
    try:
        yield made, heard
    finally:
        await made.close()


async def test_what_was_announced_since_the_last_message_goes_out_in_one_with_the_earliest_instants() -> None:
    line = Line()
    async with node([line]) as (made, _):
        made.send({READY: 7, DUE: NOW + HORIZON_MS}, NOW)
        made.send({READY: 9, DUE: NOW + HORIZON_MS + 1}, NOW)
        await turns()
        ((said, patience),) = line.said
        assert patience == 5.0
        made.send({DUE: NOW + HORIZON_MS + 1}, NOW)  # nothing to tell
        await turns()
        assert len(line.said) == 1
    name = said.removeprefix("NOTIFY horarium, '").split()[0]
    assert said == f"NOTIFY horarium, '{name} {READY}=7 {DUE}={NOW + HORIZON_MS}'"
    assert line.ended


async def test_a_message_of_another_node_is_delivered_and_its_own_or_a_strange_one_is_not() -> None:
    line, other = Line(), Line()
    async with node([line]) as (made, heard), node([other]) as (_, theirs):
        made.send({READY: 7}, NOW)
        await turns()
        message = line.said[0][0].split("'")[1]
        for hear in (line.hear, other.hear):
            assert hear is not None
            hear(None, 1, "horarium", message)
            hear(None, 1, "horarium", "news=of-tomorrow ready ready=-1")
        assert (heard, theirs) == ([], [(READY, 7)])


async def test_after_a_lost_connection_everything_is_looked_at_and_who_asks_again_waits_longer_each_time(
    pauses: list[float],
) -> None:
    lines = [Line(), Line(), Line()]
    lines[0].broken = True
    standby = asyncpg.TargetServerAttributeNotMatched(
        "only a standby"
    )  # while the servers change their roles
    away = [*[OSError("away")] * 4, standby, TimeoutError()]
    with capture_logs() as told:
        await lose_twice(lines, away, pauses)
    restored = {"log_level": "info", "event": "notifications_restored"}
    errors = ["gone", *["away"] * 4, "only a standby", "TimeoutError", None, "gone", None]
    lost = {"log_level": "warning", "event": "notifications_lost"}
    assert told == [restored if error is None else lost | {"error": error} for error in errors]


async def lose_twice(lines: list[Line], away: list[Exception], pauses: list[float]) -> None:
    """Lose the first connection and, once the second one is there, that one too."""
    async with node([lines[0], *away, lines[1], lines[2]]) as (made, heard):
        made.send({READY: 7}, NOW)
        await turns(60)
        assert (lines[0].ended, lines[1].ended) == (True, False)
        assert [at for _, at in heard] == [0] * 10
        assert {READY, DUE} <= {topic for topic, _ in heard}
        waited = [seconds for seconds in pauses if seconds >= 0.2]
        assert waited == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
        pauses.clear()
        lines[1].broken = True
        made.send({READY: 8}, NOW)
        await turns(30)
        assert [seconds for seconds in pauses if seconds >= 0.2] == [0.2]  # the patience begins anew
        made.send({READY: 9}, NOW)
        await turns()
        assert "ready=9" in lines[2].said[-1][0].lower()


@pytest.mark.parametrize("hears", [True, False])
async def test_an_idle_connection_that_ends_is_replaced_at_once_and_not_when_it_is_tested(
    hears: bool,
) -> None:
    lines = [Line(), Line()]
    async with node([*lines], hears) as (made, heard):
        await turns()
        heard.clear()
        lines[0].broken = True
        lines[0].tell_end(lines[0])
        await turns()
        assert lines[0].ended
        assert {(READY, 0), (DUE, 0)} <= {*heard}
        made.send({READY: 7}, NOW)
        await turns()
        assert lines[1].said


async def test_only_what_is_due_far_ahead_is_kept_to_oneself_and_all_else_is_told_whenever_it_is() -> None:
    """Every node looks at what is due often enough by itself."""
    line, far = Line(), NOW + HORIZON_MS + 1
    async with node([line]) as (made, _):
        for topic in notifications._TOPICS:
            made.send({topic: far}, NOW)
            await turns()
    told = [said.split("'")[1].split()[1] for said, _ in line.said]
    assert told == [f"{topic}={far}" for topic in notifications._TOPICS if topic != DUE]


async def test_an_idle_connection_is_tested_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (KEEPALIVE_S, HORIZON_MS) == (15.0, 60_000)
    monkeypatch.setattr(notifications, "KEEPALIVE_S", 0.0)
    line = Line()
    async with node([line]):
        await turns()
    assert len(line.said) >= 2
    assert {said.count("=") for said, _ in line.said} == {1}  # its name alone


async def test_a_node_that_cannot_hear_polls_until_it_is_lent_an_ear_and_again_when_that_is_gone(
    pauses: list[float],
) -> None:
    line, ear = Line(), Line()
    async with node([line], hears=False) as (made, heard):
        assert line.hear is None
        await turns()
        assert heard
        assert notifications.POLL_S in pauses
        heard.clear()
        await made.lend(ear, asyncio.get_running_loop())
        await turns(2)
        assert len({topic for topic, _ in heard}) == 10  # nobody knows what was missed
        heard.clear()
        await turns()
        assert heard == []
        assert ear.hear is not None
        ear.hear(None, 1, "horarium", f"node=another {READY}=5")
        await turns(2)
        assert heard == [(READY, 5)]
        ear.ended = True
        await turns()
        assert (DUE, 0) in heard
