"""Watched runs of `http` targets: what counts as taken, and what the looks at their state show."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from horarium.domain.execution import MAX_HANDLE, Outcome, Refused, Verdict, Watched, WatchedTarget
from horarium.domain.ids import prefixed
from horarium.executors import egress, http
from horarium.executors.http import HttpExecutor, make
from horarium.executors.http_poll import CompiledPoll
from horarium.executors.look_ups import Found
from horarium.executors.options import ExecutorOptions
from tests.engines.emulated import serving
from tests.executors.calls import RUN_ID, stored_call
from tests.support.receiver import Answer, Receiver, Reset

RUN = prefixed("run", RUN_ID)
POLL = {"state": "status.phase", "succeeded": ["Succeeded"], "failed": ["Failed"], "output": "result"}


@pytest.fixture
async def executor() -> AsyncIterator[HttpExecutor]:
    made = make(ExecutorOptions(allow_loopback=True))
    yield made
    await made.close()


def config_of(receiver: Receiver, path: str = "/jobs/{{ answer.id }}", **more: Any) -> dict[str, Any]:
    poll = POLL | {"url": receiver.url("") + path}
    return {"url": receiver.url("/jobs"), "poll": poll, "signing_secret": "whsec_" + "A" * 32} | more


def answer(value: Any, status: int = 200) -> Answer:
    return Answer(status, orjson.dumps(value))


async def watched(
    executor: HttpExecutor, receiver: Receiver, **more: Any
) -> tuple[WatchedTarget, Watched, Outcome]:
    call = stored_call(executor, config_of(receiver, **more), watched=True)
    outcome = await executor.execute(call)
    target = WatchedTarget(call.target_id, call.workspace_id, call.config, call.secrets)
    return target, Watched(RUN_ID, outcome.handle or ""), outcome


async def test_a_run_is_watched_at_the_url_that_the_answer_names(executor, receiver):
    receiver.script("/jobs", answer({"id": 7}, 201))
    receiver.script("/jobs/7", answer({"status": {"phase": "Running"}}))
    target, run, outcome = await watched(executor, receiver)
    assert (outcome.verdict, outcome.handle) == (Verdict.ACCEPTED, receiver.url("/jobs/7"))
    assert await executor.watch(target, [run]) == {}
    receiver.script("/jobs/7", answer({"status": {"phase": "Succeeded"}, "result": {"rows": 3}}))
    assert await executor.watch(target, [run]) == {RUN_ID: Outcome(Verdict.SUCCEEDED, output={"rows": 3})}
    assert [request.method for request in receiver.requests] == ["POST", "GET", "GET"]


@pytest.mark.parametrize(("longer", "verdict"), [(0, Verdict.ACCEPTED), (1, Verdict.FAILED)])
async def test_a_url_that_is_too_long_to_be_kept_fails_the_run_for_good(executor, receiver, longer, verdict):
    long = "x" * (MAX_HANDLE - len(receiver.url("/jobs/")) + longer)
    receiver.script("/jobs", answer({"id": long}))
    _, _, outcome = await watched(executor, receiver)
    assert (outcome.verdict, outcome.retryable) == (verdict, verdict is Verdict.ACCEPTED)
    assert (outcome.handle is None) == (verdict is Verdict.FAILED)


async def test_an_answer_of_which_only_the_beginning_is_read_says_so_where_its_id_is_needed(receiver):
    executor = make(ExecutorOptions(allow_loopback=True, response_limit_bytes=20))
    receiver.script("/jobs", answer({"id": "x" * 20}))
    _, _, outcome = await watched(executor, receiver)
    assert (outcome.error or "").endswith("; its answer is longer than 20 bytes, the setting response_limit")
    receiver.script("/jobs", answer({"id": "x" * 10}))
    _, _, outcome = await watched(executor, receiver)
    assert outcome.verdict is Verdict.ACCEPTED
    await executor.close()


@pytest.mark.parametrize("coding", ["identity", "gzip", "deflate"])
@pytest.mark.parametrize(("length", "is_read"), [(99, True), (100, True), (101, False), (250, False)])
async def test_of_an_answer_to_a_look_as_many_bytes_are_read_as_the_setting_says(
    receiver, coding, length, is_read
):
    executor = make(ExecutorOptions(allow_loopback=True, response_limit_bytes=100))
    receiver.script("/jobs", answer({"id": 7}))
    target, run, _ = await watched(executor, receiver)
    text = orjson.dumps({"status": {"phase": "Succeeded"}}).ljust(length)
    body = {"identity": bytes, "gzip": gzip.compress, "deflate": zlib.compress}[coding](text)
    receiver.script("/jobs/7", Answer(200, body, {"Content-Encoding": coding}))
    (found,) = (await executor.watch(target, [run])).values()
    if is_read:
        assert found.verdict is Verdict.SUCCEEDED
    else:
        assert str(found) == "the engine's answer is longer than 100 bytes, the setting response_limit"
    await executor.close()


async def test_a_look_is_given_up_after_a_while_and_says_so(executor, receiver, monkeypatch):
    assert (http._LOOK_S, http._LOOKS_AT_ONCE) == (5.0, 20)
    monkeypatch.setattr(http, "_LOOK_S", 0.05)
    receiver.script("/jobs", answer({"id": 7}))
    let_go = asyncio.Event()
    receiver.script("/jobs/7", Answer(200, b"{}", until=let_go))
    target, run, _ = await watched(executor, receiver)
    (found,) = (await executor.watch(target, [run])).values()
    let_go.set()
    assert isinstance(found, OSError)
    assert not isinstance(found, Refused)


async def test_a_target_that_does_not_say_any_more_where_states_are_found_cannot_be_looked_at(
    executor, receiver
):
    target, run, _ = await watched(executor, receiver)
    config = {name: value for name, value in target.config.items() if name != "poll"}
    assert executor.watchable(target.config)
    assert not executor.watchable(config)
    with pytest.raises(OSError, match="does not say any more where the state of its runs is found"):
        await executor.watch(target._replace(config=config), [run])


async def test_a_run_that_the_target_has_already_is_taken_and_watched(executor, receiver):
    receiver.script("/jobs", answer({"detail": "exists"}, 409))
    receiver.script(f"/jobs/{RUN}", answer({"status": {"phase": "Failed"}}))
    target, run, outcome = await watched(executor, receiver, done_on=[409], path="/jobs/{{ run.id }}")
    assert (outcome.verdict, outcome.status) == (Verdict.ACCEPTED, 409)
    (found,) = (await executor.watch(target, [run])).values()
    assert (found.verdict, found.error, found.output) == (
        Verdict.FAILED,
        "the run ended there as 'Failed'",
        None,
    )


async def test_without_the_status_in_the_list_a_conflict_fails(executor, receiver):
    receiver.script("/jobs", answer({}, 409))
    _, _, outcome = await watched(executor, receiver, path="/jobs/{{ run.id }}")
    assert (outcome.verdict, outcome.error) == (Verdict.FAILED, "the target answered 409 Conflict")


async def test_a_listed_status_ends_a_run_that_nobody_watches(executor, receiver):
    receiver.script("/jobs", answer({}, 409))
    call = stored_call(executor, {"url": receiver.url("/jobs"), "done_on": [409]})
    assert (await executor.execute(call)).verdict is Verdict.SUCCEEDED


async def test_an_answer_without_what_the_url_needs_fails_the_run(executor, receiver):
    receiver.script("/jobs", Answer(201, b"created"))
    _, _, outcome = await watched(executor, receiver)
    assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, False)
    assert "'answer.id'" in outcome.error


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (Answer(401), "the engine answered 401 Unauthorized"),
        (Answer(403), "the engine answered 403 Forbidden"),
        (Answer(404), "the engine answered 404 Not Found"),
        (Answer(302), "the engine answered 302 Found; redirects are not followed: use the final URL"),
        (Answer(200, b"not json"), "the engine's answer is not JSON"),
        (Answer(204), "the engine's answer is not JSON"),
        (Answer(200, b"[" * 200 + b"]" * 200), "the engine's answer is nested more than 100 levels deep"),
        (
            answer({"status": {"phase": "Succeeded"}, "result": "x" * 70_000}),
            "the engine's answer is longer than 65536 bytes, the setting response_limit",
        ),
    ],
)
async def test_a_look_that_fails_says_why_and_ends_nothing(executor, receiver, seen, reason):
    receiver.script("/jobs", answer({"id": 7}))
    receiver.script("/jobs/7", seen)
    target, run, _ = await watched(executor, receiver)
    (found,) = (await executor.watch(target, [run])).values()
    assert isinstance(found, Refused)  # it has answered
    assert str(found) == reason


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_an_answer_that_asks_to_come_back_later_is_no_refusal(executor, receiver, status):
    receiver.script("/jobs", answer({"id": 7}))
    receiver.script("/jobs/7", Answer(status))
    target, run, _ = await watched(executor, receiver)
    (found,) = (await executor.watch(target, [run])).values()
    assert isinstance(found, OSError)
    assert not isinstance(found, Refused)
    assert str(found).startswith(f"the engine answered {status} ")


async def test_statuses_that_say_that_a_run_goes_on_are_no_failures(executor, receiver):
    receiver.script("/jobs", answer({"id": 7}))
    config = config_of(receiver)
    call = stored_call(executor, config | {"poll": config["poll"] | {"going_on": [404, 202]}}, watched=True)
    handle = (await executor.execute(call)).handle
    target = WatchedTarget(call.target_id, call.workspace_id, call.config, call.secrets)
    run = Watched(RUN_ID, handle or "")
    for status in (404, 202):
        receiver.script("/jobs/7", Answer(status))
        assert await executor.watch(target, [run]) == {}
    receiver.script("/jobs/7", Answer(503))
    (found,) = (await executor.watch(target, [run])).values()
    assert str(found) == "the engine answered 503 Service Unavailable"


@pytest.mark.parametrize("seen", [answer({"status": {}}), answer([])], ids=["no state", "a list"])
async def test_a_look_that_shows_no_state_ends_nothing(executor, receiver, seen):
    receiver.script("/jobs", answer({"id": 7}))
    receiver.script("/jobs/7", seen)
    target, run, _ = await watched(executor, receiver)
    assert await executor.watch(target, [run]) == {}


async def test_a_look_that_is_not_answered_is_told_and_leaves_the_others_as_they_are(executor, receiver):
    receiver.script("/jobs", answer({"id": 7}))
    receiver.script("/jobs/7", Reset())
    receiver.script("/jobs/8", answer({"status": {"phase": "Succeeded"}, "result": 1}))
    target, run, _ = await watched(executor, receiver)
    found = await executor.watch(target, [run, Watched(b"other", receiver.url("/jobs/8"))])
    assert isinstance(found[run.run_id], OSError)
    assert found[b"other"].output == 1


async def test_looks_carry_the_headers_that_need_no_value_of_the_run(executor, receiver):
    receiver.script("/jobs", answer({"id": 7}))
    receiver.script("/jobs/7", answer({}))
    headers = {"Authorization": "Bearer {{ secrets.KEY }}", "X-Team": "{{ input.team }}", "X-Plain": "yes"}
    target, run, _ = await watched(
        executor, receiver, headers=headers, secrets={"KEY": "s3cret-of-the-engine"}
    )
    await executor.watch(target, [run])
    asked = receiver.requests[-1]
    assert asked.headers["Authorization"] == "Bearer s3cret-of-the-engine"
    assert asked.headers["X-Plain"] == "yes"
    assert "X-Team" not in asked.headers


async def test_looks_carry_headers_also_where_a_value_of_the_run_decides_about_the_host(executor, receiver):
    receiver.script("/jobs", answer({}))
    url = receiver.url("/jobs").replace("127.0.0.1", "{{ input.host }}")
    config = {"url": url, "poll": POLL | {"url": url}, "headers": {"X-Plain": "yes"}}
    call = stored_call(executor, config, watched=True, input={"host": "127.0.0.1"})
    outcome = await executor.execute(call)
    target = WatchedTarget(call.target_id, call.workspace_id, call.config, call.secrets)
    assert await executor.watch(target, [Watched(RUN_ID, outcome.handle or "")]) == {}
    assert [(asked.method, asked.headers["X-Plain"]) for asked in receiver.requests] == [
        ("POST", "yes"),
        ("GET", "yes"),
    ]


async def test_looks_at_a_run_of_another_host_take_no_headers_of_the_target_there(executor, receiver):
    """The target was edited to lead to another host, with its secrets; the run stays where it is."""
    receiver.script("/jobs", answer({"id": 7}))
    _, run, _ = await watched(executor, receiver)
    elsewhere = {
        "url": "https://elsewhere.example/jobs",
        "poll": POLL | {"url": "https://elsewhere.example/jobs/{{ answer.id }}"},
        "headers": {"Authorization": "Bearer {{ secrets.KEY }}", "X-Key": "s3cret"},
        "secrets": {"KEY": "s3cret"},
    }
    call = stored_call(executor, elsewhere, watched=True)
    target = WatchedTarget(call.target_id, call.workspace_id, call.config, call.secrets)
    receiver.script("/jobs/7", Answer(401))
    (found,) = (await executor.watch(target, [run])).values()
    assert str(found) == (
        "the engine answered 401 Unauthorized (the target leads to another host now, so its headers are not sent there)"
    )
    receiver.script("/jobs/7", answer({"status": {"phase": "Succeeded"}}))
    assert (await executor.watch(target, [run]))[run.run_id].verdict is Verdict.SUCCEEDED
    assert len(receiver.requests) == 3
    assert not any("s3cret" in str(asked.headers) for asked in receiver.requests)


async def test_secrets_in_what_a_look_shows_are_not_stored(executor, receiver):
    receiver.script("/jobs", answer({"id": 7}))
    receiver.script("/jobs/7", answer({"status": {"phase": "Succeeded"}, "result": "s3cret-of-the-engine"}))
    target, run, _ = await watched(executor, receiver, secrets={"KEY": "s3cret-of-the-engine"})
    (found,) = (await executor.watch(target, [run])).values()
    assert "s3cret" not in str(found.output)


@pytest.mark.parametrize("is_watched", [True, False])
async def test_an_engine_that_cannot_be_connected_to_has_not_been_reached(executor, is_watched, monkeypatch):
    monkeypatch.setattr(egress, "_look_up", lambda _: [Found(socket.AF_INET, "10.0.0.1", 0)])
    poll = POLL | {"url": "http://127.0.0.1:1/jobs/1"}
    call = stored_call(executor, {"url": "http://127.0.0.1:1/jobs", "poll": poll}, watched=is_watched)
    outcome = await executor.execute(call)
    assert (outcome.verdict, outcome.retryable, outcome.unreached) == (Verdict.FAILED, True, is_watched)
    # As it is written, and when its name has been looked up.
    for url in ("http://169.254.169.254/", "http://engine.example/"):
        refused = await executor.execute(replace(call, config=call.config | {"url": url}))
        assert (refused.error or "").startswith("refused: ")
        assert (refused.retryable, refused.unreached) == (False, False)


@pytest.mark.parametrize("is_watched", [True, False])
async def test_an_engine_to_which_no_connection_comes_about_has_not_been_reached(executor, is_watched):
    """Its host is gone, say, and nobody refuses. What was never sent has not been tried."""

    async def silence(*_: Any) -> None:
        await asyncio.Event().wait()

    async with serving(silence) as port:  # it speaks no TLS
        place = f"https://127.0.0.1:{port}/jobs"
        config = {"url": place, "poll": POLL | {"url": place}}
        outcome = await executor.execute(stored_call(executor, config, watched=is_watched, timeout_ms=400))
    assert (outcome.verdict, outcome.retryable, outcome.unreached) == (Verdict.FAILED, True, is_watched)
    words = (
        "could not connect: no answer" if is_watched else "the target did not finish its answer within 0.4 s"
    )
    assert outcome.error == words


async def test_many_runs_are_looked_at_in_one_go(executor, receiver):
    for number in range(60):
        receiver.script(f"/jobs/{number}", answer({"status": {"phase": "Succeeded"}, "result": number}))
    call = stored_call(executor, config_of(receiver), watched=True)
    target = WatchedTarget(call.target_id, call.workspace_id, call.config, call.secrets)
    runs = [Watched(bytes([number]), receiver.url(f"/jobs/{number}")) for number in range(60)]
    found = await asyncio.wait_for(executor.watch(target, runs), 20)
    assert sorted(outcome.output for outcome in found.values()) == list(range(60))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"done_on": 409}, "done_on"),
        ({"done_on": [200]}, "done_on"),
        ({"done_on": [True]}, "done_on"),
        ({"poll": []}, "poll"),
        ({"poll": POLL}, "poll.url"),
        ({"poll": POLL | {"url": "https://elsewhere.example/{{ run.id }}"}}, "poll.url"),
        ({"poll": POLL | {"url": "http://example.com/{{ run.id }}"}}, "poll.url"),
        ({"poll": POLL | {"url": "https://example.com:8443/{{ run.id }}"}}, "poll.url"),
        ({"poll": POLL | {"url": "https://example.com/{{ nothing }}"}}, "poll.url"),
        ({"poll": {"url": "https://example.com/x", "succeeded": ["ok"]}}, "poll.state"),
        ({"poll": {"url": "https://example.com/x", "state": "a..b", "succeeded": ["ok"]}}, "poll.state"),
        ({"poll": {"url": "https://example.com/x", "state": "a"}}, "poll.succeeded"),
        ({"poll": {"url": "https://example.com/x", "state": "a", "succeeded": []}}, "poll.succeeded"),
        ({"poll": POLL | {"url": "https://example.com/x", "failed": [1]}}, "poll.failed"),
        ({"poll": POLL | {"url": "https://example.com/x", "every": 5}}, "poll.every"),
        ({"poll": POLL | {"url": "https://example.com/x", "going_on": 404}}, "poll.going_on"),
        ({"poll": POLL | {"url": "https://example.com/x", "going_on": [600]}}, "poll.going_on"),
    ],
)
def test_a_mistake_is_reported_at_its_field(executor, changes, field):
    problems = executor.check({"url": "https://example.com/jobs"} | changes)
    assert [problem.field for problem in problems] == [field]


def test_states_that_are_no_texts_are_compared_as_they_are_written():
    poll = CompiledPoll({"state": "done", "succeeded": ["true"]})
    assert poll.outcome({"done": True}) == Outcome(Verdict.SUCCEEDED, output={"done": True})
    assert poll.outcome({"done": False}) is None
