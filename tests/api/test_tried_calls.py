"""A target is tried out: one call by its executor, shown without secrets, that is no run and changes nothing."""

from __future__ import annotations

import asyncio

import pytest

from horarium.domain.ids import from_prefixed
from horarium.service import tried_calls
from tests.api.asking import BASE, NOW, ask, scheduled
from tests.support.house import House, client_of
from tests.support.receiver import Answer, Receiver, Reset

SECRET = "swordfish-swordfish"


async def made(house: House, url: str, **given: object) -> str:
    executor = {
        "type": "http",
        "url": f"{url}?token={{{{ secrets.TOKEN }}}}",
        "headers": {"Authorization": f"Bearer {SECRET}", "X-Plain": "plain"},
        "secrets": {"TOKEN": "mellon-1"},
    }
    body = {"kind": "workflow", "name": "Hook", "key": "hook", "executor": executor, **given}
    return str((await ask(house, "POST", "/targets", body, 201))["id"])


def header(message: dict[str, list[dict[str, str]]], name: str) -> str | None:
    return next((each["value"] for each in message["headers"] if each["name"].lower() == name), None)


async def test_the_whole_exchange_is_shown_without_secrets(receiver: Receiver) -> None:
    receiver.script(
        "/hook", Answer(201, f'{{"seen":"{SECRET}"}}'.encode(), {"Set-Cookie": "a=b", "X-Told": "yes"})
    )
    async with House.open(NOW) as house:
        target = await made(house, receiver.url("/hook"))
        tried = await ask(house, "POST", "/targets/hook/test", {"input": {"text": "Hello"}, "row": {"id": 7}})
        (got,) = receiver.requests
        assert got.query == "token=mellon-1"
        assert got.headers["Authorization"] == f"Bearer {SECRET}"
        assert got.json()["input"] == {"text": "Hello"}
        assert got.json()["row"] == {"id": 7}
        assert got.headers["Idempotency-Key"] == tried["run"]
        assert (tried["target"], tried["outcome"], tried["status"]) == (target, "succeeded", 201)
        assert tried["output"] == {"seen": "***"}
        request, answer = tried["request"], tried["answer"]
        assert request["line"].startswith("POST http://127.0.0.1")
        assert request["line"].endswith("?token=***")
        assert (header(request, "x-plain"), header(request, "authorization")) == ("plain", "***")
        assert header(request, "webhook-signature") == "***"
        assert header(request, "idempotency-key") == tried["run"]
        assert '"text":"Hello"' in request["body"]
        assert (answer["line"], header(answer, "x-told"), header(answer, "set-cookie")) == (
            "201 Created",
            "yes",
            "***",
        )
        assert answer["body"] == '{"seen":"***"}'
        assert SECRET not in str(tried)
        assert "mellon" not in str(tried)


async def test_it_is_no_run_and_changes_nothing_but_the_audit_log(receiver: Receiver) -> None:
    receiver.script("/hook", Answer(410))
    async with House.open(NOW) as house:
        target = await made(house, receiver.url("/hook"))
        before = await ask(house, "GET", "/targets/hook")
        tried = await ask(house, "POST", "/targets/hook/test")
        assert (tried["outcome"], tried["retryable"]) == ("failed", False)
        assert "410 Gone" in tried["error"]
        assert await ask(house, "GET", "/targets/hook") == before
        assert (await ask(house, "GET", "/runs"))["items"] == []
        (entry,) = (await ask(house, "GET", "/audit?action=target.tested"))["items"]
        assert (entry["subject"], entry["after"]) == (target, {"outcome": "failed", "status": 410})


@pytest.mark.parametrize(
    ("answer", "outcome", "words"),
    [
        (Answer(500, b"no"), "failed", "500 Internal Server Error"),
        (Answer(302, b"", {"Location": "http://elsewhere"}), "failed", "redirects are not followed"),
        (Reset(), "failed", "closed the connection"),
        (Answer(200, b"\xff\x00"), "succeeded", None),
        (Answer(200, b"[" * 500 + b"]" * 500), "succeeded", None),
    ],
)
async def test_whatever_a_target_answers_is_shown(
    receiver: Receiver, answer: Answer | Reset, outcome: str, words: str | None
) -> None:
    receiver.script("/hook", answer)
    async with House.open(NOW) as house:
        await made(house, receiver.url("/hook"))
        tried = await ask(house, "POST", "/targets/hook/test")
        assert tried["outcome"] == outcome
        assert (words or "") in (tried["error"] or "")


async def test_a_target_that_does_not_answer_in_time_fails_and_its_request_is_shown(
    receiver: Receiver,
) -> None:
    receiver.script("/hook", Answer(until=asyncio.Event()))
    async with House.open(NOW) as house:
        await made(house, receiver.url("/hook"), timeout="50ms")
        tried = await ask(house, "POST", "/targets/hook/test")
        assert tried["error"] == "the target did not finish its answer within 0.05 s"
        assert tried["request"] is not None
        assert tried["answer"] is None


async def test_nobody_waits_as_long_as_a_slow_target_may_take(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tried_calls, "LONGEST_MS", 50)
    receiver.script("/hook", Answer(until=asyncio.Event()))
    async with House.open(NOW) as house:
        await made(house, receiver.url("/hook"), timeout="1h")
        async with asyncio.timeout(5):
            tried = await ask(house, "POST", "/targets/hook/test")
        assert tried["error"] == "the target did not finish its answer within 0.05 s"


async def test_an_input_that_does_not_fit_and_a_disabled_target_are_refused_and_nothing_is_sent(
    receiver: Receiver,
) -> None:
    async with House.open(NOW) as house:
        schema = {"type": "object", "required": ["text"]}
        await made(house, receiver.url("/hook"), input_schema=schema)
        wrong = await ask(house, "POST", "/targets/hook/test", {"input": {}}, 400)
        assert wrong["errors"][0]["field"] == "input"
        await ask(house, "POST", "/targets/hook/test", {"inptu": {}}, 400)
        await ask(house, "POST", "/targets/hook/disable")
        refused = await ask(house, "POST", "/targets/hook/test", {"input": {"text": "x"}}, 409)
        assert "enable it" in refused["detail"]
        await ask(house, "POST", "/targets/nothing/test", None, 404)
        assert receiver.requests == []


async def test_a_call_needs_the_scope_and_a_grant_and_stays_in_its_workspace(receiver: Receiver) -> None:
    async with House.open(NOW) as house:
        await made(house, receiver.url("/hook"))
        other = await house.workspace("other")
        assert (await other.client.post(f"{BASE}/targets/hook/test")).status_code == 404
        without = await ask(
            house, "POST", "/keys", {"name": "k", "scopes": ["targets:read", "runs:write"]}, 201
        )
        ungranted = await ask(house, "POST", "/principals", {"name": "P"}, 201)
        body = {"name": "k", "scopes": ["targets:write"], "principal": ungranted["id"]}
        granted_none = await ask(house, "POST", "/keys", body, 201)
        for key in (without, granted_none):
            async with client_of(house.api, key["key"]) as client:
                assert (await client.post(f"{BASE}/targets/hook/test")).status_code == 403
        assert receiver.requests == []


async def test_few_targets_of_a_workspace_are_tried_at_the_same_time(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tried_calls, "MOST_OF_ONE", 1)
    waits = asyncio.Event()
    receiver.script("/hook", Answer(until=waits))
    async with House.open(NOW) as house:
        target = from_prefixed("tgt", await made(house, receiver.url("/hook")))
        assert target is not None
        first = asyncio.create_task(ask(house, "POST", "/targets/hook/test"))
        while not receiver.requests:
            await asyncio.sleep(0.01)
        refused = await ask(house, "POST", "/targets/hook/test", None, 429)
        assert "wait until one has answered" in refused["detail"]
        waits.set()
        assert (await first)["outcome"] == "succeeded"
        await ask(house, "POST", "/targets/hook/test")
        # Whoever goes before the answer takes no place with them.
        waits.clear()
        receiver.requests.clear()
        gone = asyncio.create_task(house.services.tried_calls.call(await house.who(), target))
        while not receiver.requests:
            await asyncio.sleep(0.01)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        waits.set()
        await ask(house, "POST", "/targets/hook/test")


async def test_the_echo_target_answers_what_a_run_is_given() -> None:
    async with House.open(NOW) as house:
        echo = {"kind": "function", "name": "Echo", "executor": {"type": "echo"}}
        await ask(house, "PUT", "/targets/by-key/echo", echo, 201)
        tried = await ask(house, "POST", "/targets/echo/test", {"input": [1, "two"]})
        assert (tried["outcome"], tried["output"]["input"], tried["request"]) == (
            "succeeded",
            [1, "two"],
            None,
        )
        made = await scheduled(house, target="echo", recurrence="0 13 * * *", input="x")
        await house.move("2026-03-01T13:00:00Z")
        (run,) = (await ask(house, "GET", f"/runs?schedule={made['id']}"))["items"]
        assert run["state"] == "succeeded"
        body = {"kind": "function", "name": "Echo", "executor": {"type": "echo", "url": "x"}}
        wrong = await ask(house, "POST", "/targets", body, 400)
        assert wrong["errors"][0]["field"] == "executor.url"
