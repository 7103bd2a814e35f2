"""What an attempt has sent: made once more of what is stored, byte for byte, without secrets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from horarium.domain.ids import random_id
from horarium.service.schedules import ScheduleDraft
from horarium.service.targets import draft_of
from horarium.times import Timing
from tests.api.asking import BASE, ask
from tests.support.house import House
from tests.support.receiver import Answer, Receiver

NOW = "2026-03-01T12:00:00Z"
TOKEN = "a-token-that-nobody-may-see"


async def fired(house: House, receiver: Receiver, **given: Any) -> dict[str, Any]:
    """A run of a schedule for one row of an audience, once it has ended."""
    executor = {
        "type": "http",
        "url": receiver.url("/hook/{{row.contact_id}}"),
        "method": "PUT",
        "headers": {"Authorization": f"Bearer {TOKEN}", "X-Team": "a"},
    }
    target = {"kind": "workflow", "key": "hook", "name": "Hook", "executor": executor}
    await ask(house, "POST", "/targets", target, 201)
    await ask(house, "PUT", "/directory/contacts", [{"id": "ann", "name": "Ann"}])
    order = {
        "name": "Mail",
        "recurrence": "0 13 * * *",
        "timezone": "Europe/Paris",
        "target": "hook",
        "input": {"n": 1.5, "text": "é"},
        "audience": {"type": "contacts"},
    }
    made = await ask(house, "POST", "/schedules", order | given, 201)
    await house.move("2026-03-02T12:00:00Z")
    (run,) = (await ask(house, "GET", f"/runs?schedule={made['id']}"))["items"]
    return {"schedule": made["id"], "run": run["id"]}


async def test_it_is_what_the_target_was_sent_but_for_secrets() -> None:
    async with Receiver() as receiver, House.open(NOW) as house:
        made = await fired(house, receiver)
        (got,) = receiver.requests
        sent = await ask(house, "GET", f"/runs/{made['run']}/request")
        assert (sent["attempt"], sent["reason"], sent["target_changed_at"]) == (1, None, None)
        request = sent["request"]
        assert request["line"] == f"PUT {receiver.url('/hook/ann')}"
        assert request["body"].encode() == got.body
        headers = {each["name"].lower(): each["value"] for each in request["headers"]}
        hidden = {name for name, value in headers.items() if value == "***"}
        assert hidden == {"authorization", "webhook-signature"}
        for name in headers.keys() - hidden:
            assert headers[name] == got.headers[name], name
        assert TOKEN not in str(sent)


async def test_variables_of_the_schedule_are_secrets_however_short_they_are() -> None:
    async with Receiver() as receiver, House.open(NOW) as house:
        executor = {
            "type": "http",
            "url": receiver.url("/hook"),
            "headers": {"X-Pin": "{{ environment.PIN }}"},
        }
        target = {"kind": "workflow", "key": "hook", "name": "Hook", "executor": executor}
        await ask(house, "POST", "/targets", target, 201)
        who, services, new = await house.who(), house.services, random_id(house.clock.now)
        made = await services.targets.resolve(who.workspace_id, "hook")
        sealed = services.environments.seal({"PIN": "4711"}, new)
        draft = ScheduleDraft(who.workspace_id, who.principal_id, "s", Timing("* * * * *"), made.id)
        await services.schedules.create(replace(draft, environment=sealed, id=new))
        await house.move("2026-03-01T12:01:00Z")
        (got,) = receiver.requests
        (run,) = (await ask(house, "GET", "/runs"))["items"]
        sent = await ask(house, "GET", f"/runs/{run['id']}/request")
        (shown,) = [each["value"] for each in sent["request"]["headers"] if each["name"] == "X-Pin"]
        assert (got.headers["X-Pin"], shown) == ("4711", "***")


async def test_an_edit_of_the_schedule_changes_nothing_and_one_of_the_target_is_said() -> None:
    async with Receiver() as receiver, House.open(NOW) as house:
        made = await fired(house, receiver)
        path = f"/runs/{made['run']}/request"
        before = await ask(house, "GET", path)
        await ask(house, "PATCH", f"/schedules/{made['schedule']}", {"input": {"n": 2}, "timezone": "UTC"})
        assert await ask(house, "GET", path) == before
        await house.move("2026-03-02T12:10:00Z")
        await ask(house, "PATCH", "/targets/hook", {"name": "Other"})
        after = await ask(house, "GET", path)
        assert after["target_changed_at"] == "2026-03-02T12:10:00.000Z"
        assert '"name":"Other"' in after["request"]["body"]


async def test_each_attempt_has_a_request_of_its_own() -> None:
    async with Receiver() as receiver, House.open(NOW) as house:
        receiver.script("/hook/ann", Answer(503), Answer(200))
        made = await fired(house, receiver, policies={"retry": {"initial": 10}})
        await house.move("2026-03-02T12:02:00Z")
        for number, got in enumerate(receiver.requests, 1):
            sent = await ask(house, "GET", f"/runs/{made['run']}/request?attempt={number}")
            assert sent["request"]["body"].encode() == got.body
        assert number == 2
        assert (await ask(house, "GET", f"/runs/{made['run']}/request"))["attempt"] == 2
        await ask(house, "GET", f"/runs/{made['run']}/request?attempt=3", status=404)
        await ask(house, "GET", f"/runs/{made['run']}/request?attempt=0", status=400)


async def test_a_run_that_was_repeated_or_asked_for_is_shown_with_the_kind_that_it_was_sent_with() -> None:
    async with Receiver() as receiver, House.open(NOW) as house:
        made = await fired(house, receiver)
        await ask(house, "POST", f"/runs/{made['run']}/retry", None, 201)
        await ask(house, "POST", f"/schedules/{made['schedule']}/fire-now", None, 201)
        await house.move("2026-03-02T12:00:01Z")
        bodies = {got.body for got in receiver.requests}
        runs = (await ask(house, "GET", f"/runs?schedule={made['schedule']}"))["items"]
        sent = [(await ask(house, "GET", f"/runs/{run['id']}/request"))["request"]["body"] for run in runs]
        assert len(sent) == 3
        assert {body.encode() for body in sent} == bodies


async def test_what_was_not_sent_is_not_shown_as_sent() -> None:
    async with Receiver() as receiver, House.open(NOW) as house:
        await ask(house, "POST", "/targets", _echo(), 201)
        order = {"name": "s", "recurrence": "* * * * *", "target": "e"}
        await ask(house, "POST", "/schedules", order, 201)
        await house.move("2026-03-01T12:01:00Z")
        (run,) = (await ask(house, "GET", "/runs"))["items"]
        sent = await ask(house, "GET", f"/runs/{run['id']}/request")
        assert sent["request"] is None
        assert sent["reason"] == "targets of the type echo send no HTTP request that could be shown"
        made = await fired(house, receiver)
        await ask(house, "POST", "/targets/hook/disable")
        await house.move("2026-03-03T12:00:00Z")
        latest = (await ask(house, "GET", f"/runs?schedule={made['schedule']}"))["items"][0]["id"]
        sent = await ask(house, "GET", f"/runs/{latest}/request")
        assert (sent["request"], sent["reason"]) == (None, "nothing was sent")


async def test_a_key_needs_to_read_the_target_and_the_schedule_too() -> None:
    async with Receiver() as receiver, House.open(NOW) as house:
        made = await fired(house, receiver)
        path = f"{BASE}/runs/{made['run']}/request"
        for scopes in (("runs:read", "targets:read"), ("runs:read", "schedules:read")):
            key = await house.key_with(*scopes)
            answer = await house.client.get(path, headers={"authorization": f"Bearer {key}"})
            assert answer.status_code == 403
        other = await house.workspace("other")
        answer = await house.client.get(path, headers={"authorization": f"Bearer {other.key}"})
        assert answer.status_code == 404


def _echo() -> dict[str, Any]:
    return {"kind": "function", "key": "e", "name": "E", "executor": {"type": "echo"}}


async def test_a_run_of_a_target_that_no_schedule_fires_is_shown_as_it_was_sent() -> None:
    async with Receiver() as receiver, House.open(NOW) as house:
        target = await house.target("tool", receiver.url("/hook"), key="hook")
        run = await house.services.runs.start(await house.who(), target.id, {"n": 1})
        await house.work()
        (got,) = receiver.requests
        sent = await house.services.sent_requests.of(await house.who(), run.id)
        assert sent.message is not None
        assert sent.message.body.encode() == got.body


async def test_a_target_that_was_changed_in_the_millisecond_of_an_attempt_is_not_one_that_was_changed_since() -> (
    None
):
    async with Receiver() as receiver, House.open(NOW) as house:
        who, services = await house.who(), house.services
        target = await house.target("tool", receiver.url("/hook"), key="hook")
        run = await services.runs.start(who, target.id, None)
        await house.work()
        said = []
        for later_ms in (0, 1):
            house.clock.now += later_ms
            await services.targets.change(
                who, target.id, lambda before: replace(draft_of(before), name="New")
            )
            await services.targets.change(
                who, target.id, lambda before: replace(draft_of(before), name="Tool")
            )
            said.append((await services.sent_requests.of(who, run.id)).changed_ms)
        assert said == [None, house.clock.now]
