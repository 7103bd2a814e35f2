"""The page by which a target is called once, and the first steps with the built-in target."""

from __future__ import annotations

from tests.api.asking import ask, scheduled
from tests.console.browsing import signed_in
from tests.support.house import House
from tests.support.receiver import Answer, Receiver

NOW = "2026-03-01T12:00:00Z"


async def test_the_whole_exchange_stands_on_the_page(receiver: Receiver) -> None:
    receiver.script("/hook", Answer(200, b'{"said":"<b>swordfish</b>"}', {"X-Told": "yes"}))
    async with House.open(NOW) as house, signed_in(house) as person:
        executor = {
            "type": "http",
            "url": receiver.url("/hook"),
            "headers": {"Authorization": "Bearer swordfish-swordfish"},
        }
        body = {"kind": "workflow", "name": "Hook", "key": "hook", "executor": executor}
        await ask(house, "POST", "/targets", body, 201)
        assert "/console/targets/tgt_" in await person.see("/targets/hook")
        form = await person.see("/targets/hook/test")
        done = await person.send("/targets/hook/test", form, 200, input='{"a": 1}', row='{"id": 2}')
        for words in (
            "It answered with status 200",
            "200 OK",
            "X-Told",
            "&lt;b&gt;swordfish&lt;/b&gt;",
            "POST http://",
        ):
            assert words in done.text, words
        assert "swordfish-swordfish" not in done.text
        assert receiver.requests[0].json()["row"] == {"id": 2}
        receiver.script("/hook", Answer(503))
        failed = await person.send("/targets/hook/test", form, 200)
        assert "503 Service Unavailable" in failed.text
        assert "be tried again" in failed.text


async def test_what_is_wrong_with_a_test_call_stands_at_its_field_and_nothing_is_sent(
    receiver: Receiver,
) -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        schema = {"type": "object"}
        executor = {"type": "http", "url": receiver.url("/hook")}
        body = {
            "kind": "workflow",
            "name": "Hook",
            "key": "hook",
            "executor": executor,
            "input_schema": schema,
        }
        await ask(house, "POST", "/targets", body, 201)
        form = await person.see("/targets/hook/test")
        for fields in ({"input": "{"}, {"input": "7"}):
            wrong = await person.send("/targets/hook/test", form, 400, **fields)
            assert 'id="input-wrong"' in wrong.text
        await ask(house, "POST", "/targets/hook/disable")
        refused = await person.send("/targets/hook/test", form, 409, input="{}")
        assert "enable it before it is called" in refused.text
        assert receiver.requests == []
        key = (await ask(house, "POST", "/keys", {"name": "k", "scopes": ["targets:read"]}, 201))["key"]
        async with signed_in(house, key=key) as reader:
            await reader.see("/targets/hook/test", 403)
            await reader.send("/targets/hook/test", await reader.see("/targets"), 403)
            assert "Test call" not in await reader.see("/targets/hook")


async def test_three_steps_lead_from_an_empty_server_to_a_run_on_the_screen() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        first = await person.see("/")
        assert "Use the echo target" in first
        made = await person.send("/targets/echo", first)
        place = made.headers["location"].removeprefix("/console")
        form = await person.see(place)
        assert 'value="@every 10s"' in form
        assert "Make a schedule" in await person.see("/")
        target = (await ask(house, "GET", "/targets/echo"))["id"]
        done = await person.send(
            "/schedules/new",
            form,
            name="My first schedule",
            target=target,
            recurrence="@every 10s",
            first="1",
        )
        assert done.headers["location"] == "/console/?done=first"
        await house.move("2026-03-01T12:00:10Z")
        page = await person.see("/")
        assert "Latest runs" in page
        assert "succeeded" in page


async def test_the_echo_target_is_made_once_and_only_by_keys_that_may_make_targets() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        settings = await person.see("/settings")
        for _ in range(2):
            await person.send("/targets/echo", settings)
        assert len((await ask(house, "GET", "/targets"))["items"]) == 1
        key = (await ask(house, "POST", "/keys", {"name": "k", "scopes": ["schedules:read"]}, 201))["key"]
        async with signed_in(house, key=key) as reader:
            assert "Use the echo target" not in await reader.see("/")
            await reader.send("/targets/echo", await reader.see("/settings"), 403)
        await scheduled(house)
