"""How events leave the server, and what a receiver's answer is taken for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from horarium.domain.events import Event
from horarium.domain.host_lists import host_list
from horarium.domain.ids import derived_id, prefixed
from horarium.domain.webhooks import Answer as Answered
from horarium.domain.webhooks import Parcel
from horarium.executors import event_post
from horarium.executors.event_post import SignedEventPost
from horarium.executors.options import ExecutorOptions
from horarium.executors.signing import new_secret, signature, signer_of
from tests.executors.calls import NOW_MS
from tests.support.receiver import Answer, Receiver, Reset

EVENT_ID, SCHEDULE = derived_id(NOW_MS, b"event"), derived_id(3, b"schedule")
SECRETS = [new_secret(), new_secret()]


@pytest.fixture
async def post() -> AsyncIterator[SignedEventPost]:
    made = SignedEventPost(ExecutorOptions(allow_loopback=True, public_url="https://horarium.example/"))
    yield made
    await made.close()


def parcel(url: str, schedule: bytes | None = SCHEDULE, attempt: int = 3) -> Parcel:
    event = Event(1, EVENT_ID, "run.failed", schedule, NOW_MS, NOW_MS + 5, '{"n": "é"}')
    return Parcel(b"w" * 16, b"h" * 16, url, SECRETS, event, attempt, NOW_MS + 9_500)


async def test_an_event_is_sent_as_it_is_shown_and_its_headers_say_whose_it_is(
    post: SignedEventPost, receiver: Receiver
) -> None:
    assert await post.send(parcel(receiver.url("/hook"))) == Answered(200)
    (request,) = receiver.requests
    stamp = (NOW_MS + 9_500) // 1000
    an_id = prefixed("evt", EVENT_ID)
    assert (request.method, request.body) == ("POST", '{"n": "é"}'.encode())
    expected = {
        "Content-Type": "application/json",
        "Horarium-Workspace": prefixed("ws", b"w" * 16),
        "Horarium-Webhook": prefixed("hook", b"h" * 16),
        "Horarium-Event": "run.failed",
        "Horarium-Attempt": "3",
        "Horarium-Schedule": prefixed("sch", SCHEDULE),
        "webhook-id": an_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature([signer_of(one) for one in SECRETS], an_id, stamp, request.body),
        "ce-id": an_id,
        "ce-source": "https://horarium.example/horarium/v1",
        "ce-type": "horarium.run.failed",
        "ce-specversion": "1.0",
        "ce-time": "2026-03-08T13:00:00.000Z",
        "ce-subject": prefixed("sch", SCHEDULE),
    }
    assert {name: request.headers[name] for name in expected} == expected
    await post.send(parcel(receiver.url("/hook"), schedule=None))
    assert not {"Horarium-Schedule", "ce-subject"} & set(receiver.requests[-1].headers)


@pytest.mark.parametrize(
    ("answer", "came"),
    [
        (Answer(204), Answered(204)),
        (Answer(299), Answered(299)),
        (Answer(200, headers={"Retry-After": "7"}), Answered(200, again_ms=7_000)),
        (Answer(302, headers={"Location": "/other"}), Answered(302, "the receiver answered 302")),
        (Answer(410), Answered(410, "the receiver answered 410")),
        (Answer(503, headers={"Retry-After": "7"}), Answered(503, "the receiver answered 503", 7_000)),
        (Answer(503, headers={"Retry-After": "soon"}), Answered(503, "the receiver answered 503")),
        (Reset(), Answered(error="the target closed the connection without an answer")),
        (Answer(200, b"x" * 100_000), Answered(200)),
    ],
)
async def test_any_2xx_has_arrived_and_all_else_says_why_not(
    post: SignedEventPost, receiver: Receiver, answer: Any, came: Answered
) -> None:
    receiver.script("/hook", answer)
    found = await post.send(parcel(receiver.url("/hook")))
    assert found == came
    assert found.arrived is (came.error is None)
    assert len(receiver.requests) == 1


async def test_a_receiver_that_takes_too_long_or_may_not_be_reached_is_told_of(
    post: SignedEventPost, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_post, "ANSWER_S", 0.1)
    let_go = asyncio.Event()
    receiver.script("/hook", Answer(200, until=let_go))
    late = await post.send(parcel(receiver.url("/hook")))
    let_go.set()
    assert late == Answered(error="the receiver did not answer within 0.1 s")
    refused = await post.send(parcel("http://10.1.2.3/hook"))
    assert str(refused.error).startswith("refused: ")
    assert [problem.field for problem in post.problems(b"w" * 16, "http://10.1.2.3/hook")] == ["url"]
    assert post.problems(b"w" * 16, receiver.url("/hook")) == []


async def test_a_webhook_leads_only_to_hosts_that_its_own_workspace_may_reach(receiver: Receiver) -> None:
    lists = {b"w" * 16: host_list(("hooks.example",)), b"v" * 16: None}
    post = SignedEventPost(ExecutorOptions(allow_loopback=True, allowed_hosts=lists.__getitem__))
    (problem,) = post.problems(b"w" * 16, receiver.url("/hook"))
    said = "is not among the hosts that this workspace may reach (allowed_hosts)"
    assert (problem.field, problem.message) == ("url", f"leads to a host that {said}")
    assert post.problems(b"v" * 16, receiver.url("/hook")) == []
    assert post.problems(b"w" * 16, "https://hooks.example/hook") == []
    refused = await post.send(parcel(receiver.url("/hook")))
    assert refused == Answered(error=f"refused: 127.0.0.1 {said}")
    assert receiver.requests == []
    await post.close()
