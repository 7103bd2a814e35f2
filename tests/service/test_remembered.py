"""What a process remembers of the database: how long a change that was made elsewhere goes unnoticed, and what makes it
be noticed. (That each route forgets what it has changed itself is walked through in tests/mutations.)"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from horarium.domain.errors import Conflict, Unavailable
from horarium.domain.host_lists import host_list
from horarium.domain.ids import Id, prefixed
from horarium.domain.schedule import ScheduleState
from horarium.service import identity, metrics, pauses, readiness, recording, targets
from horarium.service.allowed_hosts import AllowedHosts
from horarium.service.readiness import Readiness
from horarium.service.schedules import ScheduleDraft
from horarium.store.verbs import events as event_verbs
from horarium.times import Timing
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"
DAY_MS = 86_400_000


async def name_of_target(house: House) -> str:
    return (await house.services.targets.resolve(house.first.workspace_id, "nightly")).name


async def name_of_workspace(house: House) -> str:
    return (await house.services.identities.resolve(house.first.key)).workspace.name


@pytest.mark.parametrize(
    ("asked", "table", "for_ms"),
    [
        (name_of_target, "targets", targets.REMEMBERED_MS),
        (name_of_workspace, "workspaces", identity.REMEMBERED_MS),
    ],
)
async def test_what_was_looked_up_is_looked_up_again_when_its_time_is_over_however_often_it_is_asked_for(
    asked: Callable[[House], Awaitable[str]], table: str, for_ms: int
) -> None:
    async with House.open(NOW) as house:
        await house.target("tool", key="nightly", name="Before")
        house.store.connection.execute(f"UPDATE {table} SET name = 'Before'")
        house.services.identities.forget()
        begun = house.clock.now
        assert await asked(house) == "Before"
        house.store.connection.execute(f"UPDATE {table} SET name = 'After'")
        seen = []
        for after_ms in (0, for_ms // 2, for_ms - 1, for_ms, for_ms + 1):
            house.clock.now = begun + after_ms
            seen.append(await asked(house))
        assert seen == ["Before", "Before", "Before", "After", "After"]


async def test_a_changed_list_of_hosts_counts_from_the_next_refresh_on() -> None:
    async with House.open(NOW) as house:
        hosts, tenancy, who = AllowedHosts(house.store), house.services.tenancy, await house.who()
        before = None
        for given, after in ((["a.example"], ("a.example",)), (["b.example"], ("b.example",)), (["*"], None)):
            await tenancy.update_workspace(who, who.workspace_id, allowed_hosts=given)
            assert hosts.of(who.workspace_id) == before
            await hosts.refresh()
            before = after and host_list(after)
            assert hosts.of(who.workspace_id) == before


async def test_events_are_recorded_for_a_week_after_somebody_has_read_them_and_no_longer() -> None:
    async with House.open(NOW) as house:
        own, recorder = house.first.workspace_id, house.services.recording
        until = house.clock.now + recording.WANTED_MS
        assert own not in house.store.recording
        await recorder.want(own)
        seen = []
        for now in (until - 1, until):
            assert own in house.store.recording  # as it was last looked at
            house.clock.now = now
            await recorder.refresh()
            seen.append(own in house.store.recording)
        assert seen == [True, False]


async def test_that_events_are_read_is_said_again_once_a_day() -> None:
    async with House.open(NOW) as house:
        own, begun = house.first.workspace_id, house.clock.now
        wanted = []
        for after_ms in (0, DAY_MS, DAY_MS + 1, 2 * DAY_MS + 1):
            house.clock.now = begun + after_ms
            await house.services.recording.want(own)
            log = await house.store.read(event_verbs.event_log, own)
            wanted.append(log.wanted_until_ms - begun - recording.WANTED_MS)
        assert wanted == [0, 0, DAY_MS + 1, DAY_MS + 1]


async def test_one_look_at_what_keeps_a_server_from_working_answers_for_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = [100.0]
    monkeypatch.setattr(readiness, "time", SimpleNamespace(monotonic=lambda: at[0]))
    async with House.open(NOW) as house:
        looked, seen = Readiness(house.store, house.clock), []
        assert await looked.reasons() == []
        looked.may_work = lambda: False
        for after_s in (0.5, 0.999, 1.0):
            at[0] = 100.0 + after_s
            seen.append(len(await looked.reasons()))
        looked.may_work = lambda: True
        for after_s in (1.999, 2.0):
            at[0] = 100.0 + after_s
            seen.append(len(await looked.reasons()))
        assert seen == [0, 0, 1, 1, 0]


async def test_a_look_that_takes_long_is_kept_for_a_second_from_its_end_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise a database that is slow would be asked again by each who waits for it."""
    at, looks = [100.0], []
    monkeypatch.setattr(readiness, "time", SimpleNamespace(monotonic=lambda: at[0]))

    async def slow(self: Readiness) -> list[str]:
        looks.append(at[0])
        at[0] += 3.0
        return []

    monkeypatch.setattr(Readiness, "_look_at_the_database", slow)
    async with House.open(NOW) as house:
        looked = Readiness(house.store, house.clock)
        for after_s in (100.0, 103.0, 103.9, 104.0):
            at[0] = max(at[0], after_s)
            await looked.reasons()
    assert looks == [100.0, 104.0]


async def test_a_database_that_is_away_is_asked_for_figures_once_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at, asked = [100.0], []
    monkeypatch.setattr(metrics, "time", SimpleNamespace(monotonic=lambda: at[0]))
    async with House.open(NOW) as house:

        async def away(*_: Any) -> Any:
            asked.append(at[0])
            raise Unavailable("away")

        monkeypatch.setattr(house.store, "read", away)
        for after_s in (0.0, 0.5, 1.0, 1.5, 2.9):
            at[0] = 100.0 + after_s
            await house.services.metrics._read()
    assert asked == [100.0, 101.5, 102.9]


async def test_a_schedule_that_cannot_be_resumed_when_its_pause_is_over_is_tried_again_after_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with House.open(NOW) as house:
        who, service = await house.who(), house.services.pauses
        target = await house.target("tool")
        timing = Timing("0 0 1 1 *")
        draft = ScheduleDraft(who.workspace_id, who.principal_id, "s", timing, target.id)
        made = await house.services.schedules.create(draft)
        end = house.clock.now + 3_600_000
        await house.services.schedules.pause(who, made.id, until_ms=end)
        tried = []

        async def refused(self: Any, workspace_id: Id, schedule_id: Id, now: int) -> None:
            tried.append(now - end)
            raise Conflict("it cannot be resumed")

        with monkeypatch.context() as patched, capture_logs() as lines:
            patched.setattr(pauses.PauseService, "_resume_schedule", refused)
            for after_ms in (-1, 0, 1, 59_999, 60_000, 119_999):
                house.clock.now = end + after_ms
                await service.resume_due()
        assert tried == [0, 60_000]
        assert [(line["event"], line["schedule"], line["error"]) for line in lines] == [
            ("not_resumed", prefixed("sch", made.id), "it cannot be resumed")
        ] * 2
        house.clock.now = end + 120_000
        await service.resume_due()
        again = await house.services.schedules.get(who.workspace_id, made.id)
        assert again.state is ScheduleState.ACTIVE


async def test_whoever_resumes_schedules_is_told_while_there_may_be_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pauses, "RESUMED_AT_ONCE", 2)
    async with House.open(NOW) as house:
        who, target = await house.who(), await house.target("tool")
        end = house.clock.now + 1_000
        for _ in range(3):
            draft = ScheduleDraft(who.workspace_id, who.principal_id, "s", Timing("0 0 1 1 *"), target.id)
            made = await house.services.schedules.create(draft)
            await house.services.schedules.pause(who, made.id, until_ms=end)
        house.clock.now = end
        assert [await house.services.pauses.resume_due() for _ in range(3)] == [True, False, False]
