"""What the audit log says of changes: the action, the thing and the facts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from horarium.domain.actions import ActionKind
from horarium.domain.events import EventFilter
from horarium.domain.ids import Id, prefixed
from horarium.domain.listings import AuditListing
from horarium.domain.schedule import Schedule, ScheduleState
from horarium.domain.target import Target
from horarium.domain.tenancy import Identity
from horarium.service import actions, schedules
from horarium.service.facts import key_facts
from horarium.service.schedules import ScheduleDraft
from horarium.service.tenancy import recover
from horarium.times import Timing
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"
URL = "https://example.com/hook"
HOUR = 3_600_000


class Desk:
    """Somebody in a house with a target and a schedule, and what they have done since."""

    def __init__(self, house: House, who: Identity, target: Target, schedule: Schedule) -> None:
        self.house, self.services, self.who = house, house.services, who
        self.target, self.schedule = target, schedule
        self._seen = 0

    async def noted(self, workspace_id: Id | None = None) -> list[tuple[str, str, Any, Any]]:
        """(action, subject, before, after) of the entries since the last call, the oldest first."""
        own = workspace_id or self.who.workspace_id
        listing = AuditListing(own, 100)
        who = replace(self.who, workspace=replace(self.who.workspace, id=own))
        entries = list(reversed((await self.services.audit.page(who, listing)).items))
        if workspace_id is None:
            entries, self._seen = entries[self._seen :], len(entries)
        found = [(each, json.loads(each.content or "{}")) for each in entries]
        return [
            (each.action, each.subject, said.get("before"), said.get("after", said.get("entries")))
            for each, said in found
        ]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with House.open(NOW) as house:
        who, target = await house.who(), await house.target("tool", executor="echo", config={})
        draft = ScheduleDraft(who.workspace_id, who.principal_id, "s", Timing("0 * * * *"), target.id)
        made = Desk(house, who, target, await house.services.schedules.create(draft))
        await made.noted()
        yield made


async def test_what_is_done_to_sources_and_the_directory(desk: Desk) -> None:
    sources, who = desk.services.audiences, desk.who
    headers = {"Authorization": "secret"}
    await sources.put_source(who, "crm", "http", {"url": URL, "headers": headers})
    await sources.put_source(who, "crm", "http", {"url": URL + "2", "headers": headers})
    await sources.put_source(who, "crm", "http", {"url": URL + "2", "headers": headers})
    created, changed = await desk.noted()
    assert [each[:2] for each in (created, changed)] == [
        ("audience.created", "audience:crm"),
        ("audience.changed", "audience:crm"),
    ]
    assert created[3]["type"] == "http"
    assert [changed[side]["config"]["url"] for side in (2, 3)] == [URL, URL + "2"]
    assert "type" not in changed[3]

    async def people() -> AsyncIterator[tuple[int, Any]]:
        for number in range(21):
            yield number + 1, {"id": f"u{number:02}"}

    await desk.services.directory.put(who.workspace_id, "users", people())
    await desk.services.directory.delete(who.workspace_id, "users", "u03")
    first = [f"u{number:02}" for number in range(20)]
    assert await desk.noted() == [
        ("directory.put", "directory:users", None, {"count": 21, "first_ids": first}),
        ("directory.deleted", "directory:users", {"id": "u03"}, None),
    ]


async def test_what_is_done_to_runs_and_fires(desk: Desk) -> None:
    service, who, clock = desk.services.runs, desk.who, desk.house.clock
    target = prefixed("tgt", desk.target.id)
    one = await service.start(who, desk.target.id, {"n": 1})
    await service.cancel(who.workspace_id, one.id)
    again = await service.retry(who, one.id)
    await service.delete(who.workspace_id, one.id)
    assert await desk.noted() == [
        ("run.started", f"run:{one.id.hex()}", None, {"target": target, "input": {"n": 1}}),
        ("run.cancelled", f"run:{one.id.hex()}", None, None),
        ("run.retried", f"run:{again.id.hex()}", None, {"target": target, "retry_of": prefixed("run", one.id)}),
        ("run.deleted", f"run:{one.id.hex()}", {"target": target, "state": "cancelled", "row_key": ""}, None),
    ]  # fmt: skip
    subject = f"sch:{desk.schedule.id.hex()}"
    slots = [clock.now - hours * HOUR for hours in (2, 1)]
    for request in (None, "again"):
        await desk.services.schedules.backfill(who, desk.schedule.id, slots[0], slots[1], request)
        said = {"slots": 2, "first_ms": slots[0], "last_ms": slots[1], "repeat_key": request or ""}
        assert await desk.noted() == [("schedule.backfilled", subject, None, said)]
    for _ in range(2):
        await desk.services.schedules.fire_now(who, desk.schedule.id, "the same")
    assert await desk.noted() == [("schedule.fired", subject, None, None)]


async def test_what_is_done_in_several_pieces_is_told_piece_by_piece(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedules, "BACKFILL_BATCH", 2)
    now = desk.house.clock.now
    slots = [now - hours * HOUR for hours in (4, 3, 2, 1, 0)]
    await desk.services.schedules.backfill(desk.who, desk.schedule.id, slots[0], now)
    told = [(said["slots"], said["first_ms"], said["last_ms"]) for _, _, _, said in await desk.noted()]
    assert told == [(2, slots[0], slots[1]), (2, slots[2], slots[3]), (1, slots[4], slots[4])]


@pytest.mark.parametrize(
    ("state", "action"),
    [
        (ScheduleState.ARCHIVED, "schedule.archived"),
        (ScheduleState.PAUSED, "schedule.paused"),
    ],
)
async def test_an_edit_of_a_schedule_is_named_after_the_state_that_it_gets(
    desk: Desk, state: ScheduleState, action: str
) -> None:
    service, an_id = desk.services.schedules, desk.schedule.id
    await service.change(desk.who, an_id, lambda before: replace(before, state=state))
    ((named, subject, before, after),) = await desk.noted()
    assert (named, subject) == (action, f"sch:{an_id.hex()}")
    assert (before["state"], after["state"]) == ("active", state.value)


async def test_what_is_done_to_targets_and_webhooks(desk: Desk) -> None:
    who, targets, webhooks = desk.who, desk.services.targets, desk.services.webhooks
    for enabled in (False, True, True):
        await targets.set_enabled(who, desk.target.id, enabled, "broken")
    subject = f"tgt:{desk.target.id.hex()}"
    off, on = {"state": "disabled", "reason": "broken"}, {"state": "enabled", "reason": None}
    assert await desk.noted() == [("target.disabled", subject, on, off), ("target.enabled", subject, off, on)]
    hook = (await webhooks.create(who, URL, None, EventFilter())).webhook
    at = desk.house.clock.now
    await webhooks.replay(who, hook.id, from_ms=at)
    await webhooks.change(who, hook.id, lambda before: before)
    await webhooks.change(who, hook.id, lambda before: replace(before, name="n"), enabled=False)
    subject = f"hook:{hook.id.hex()}"
    assert (await desk.noted())[1:] == [
        ("webhook.replayed", subject, None, {"event": None, "from_ms": at}),
        ("webhook.updated", subject, {"name": URL, "state": "enabled"}, {"name": "n", "state": "disabled"}),
    ]


async def test_what_is_done_by_actions_and_to_workspaces_and_keys(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, own = desk.who, f"ws:{desk.who.workspace_id.hex()}"
    monkeypatch.setattr(actions, "AT_ONCE", 0)
    taken = await desk.services.actions.take(
        who, ActionKind.RELABEL, {"target_id": desk.target.id}, {"labels": {"a": "b"}}
    )
    await desk.services.actions.cancel(who, taken.id)
    named = {"id": prefixed("act", taken.id)}
    said = {**named, "action": "relabel", "filter": {"target_id": desk.target.id.hex()}, "labels": {"a": "b"}}
    assert await desk.noted() == [
        ("schedules.action_taken", own, None, said),
        ("action.cancelled", own, None, named),
    ]
    other = await desk.house.workspace("other")
    await desk.services.purges.delete(who, other.workspace_id, 3)
    await desk.services.purges.undelete(who, other.workspace_id)
    there = f"ws:{other.workspace_id.hex()}"
    assert await desk.noted() == [
        ("workspace.deleted", there, None, {"days": 3}),
        ("workspace.undeleted", there, None, None),
    ]
    tenancy = desk.services.tenancy
    old = (await tenancy.create_key(who, "deploys", ["runs:read"])).key
    new = (await tenancy.rotate_key(replace(who, key_expires_ms=desk.house.clock.now + HOUR), old.id, 5)).key
    _, (action, subject, _, after) = await desk.noted()
    assert (action, subject) == ("key.rotated", f"key:{old.id.hex()}")
    said = {"ends_ms": desk.house.clock.now + 5, "new_key": prefixed("key", new.id)}
    assert new.hint != old.hint
    assert after == {**said, **key_facts(new)}
    soon = (
        await tenancy.create_key(who, "soon over", ["runs:read"], expires_ms=desk.house.clock.now + 3)
    ).key
    await tenancy.rotate_key(who, soon.id, 5)
    assert (await desk.noted())[-1][3][
        "ends_ms"
    ] == soon.expires_ms  # which comes before the end of the overlap
    issued = await recover(desk.services.store, desk.house.clock.now)
    ((action, subject, _, after),) = await desk.noted()
    assert (action, subject) == ("key.recovered", f"key:{issued.key.id.hex()}")
    assert after["scopes"] == ["*", "workspaces:admin"]


async def test_both_sides_of_a_share_that_begins_and_ends(desk: Desk) -> None:
    other, sharing, who = await desk.house.workspace("other"), desk.services.sharing, desk.who
    target = desk.target
    for _ in range(2):
        share, _ = await sharing.share_target(who, target, other.workspace_id, "lent")
    await sharing.end_target(who, target.id, other.workspace_id)
    said = {"workspace": prefixed("ws", other.workspace_id), "target": prefixed("tgt", share.mirror_id)}
    assert await desk.noted() == [
        ("target.shared", f"tgt:{target.id.hex()}", None, said),
        ("target.unshared", f"tgt:{target.id.hex()}", said, None),
    ]
    assert (await desk.noted(other.workspace_id))[-2:] == [
        ("target.received", f"tgt:{share.mirror_id.hex()}", None, {"key": "lent"}),
        ("target.withdrawn", f"tgt:{share.mirror_id.hex()}", {"key": "lent"}, None),
    ]
