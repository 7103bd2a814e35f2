"""The Python client against the whole application: over a socket, and in this process."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import runpy
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from horarium_client import (
    AsyncHorarium,
    Conflict,
    Horarium,
    HorariumError,
    Invalid,
    InvalidSignature,
    NotFound,
    NotReached,
    ServerFault,
    TooManyRequests,
    Unauthorized,
    verify_webhook,
)
from horarium_client.transport import (
    ANSWERED_DELETES,
    BASE,
    Lines,
    Request,
    path_of,
    request_of,
    wait_before_retry,
)

from tests.support.house import House
from tests.support.served import served

ROOT = Path(__file__).parents[2]
TARGET = {
    "name": "Digest",
    "kind": "automation",
    "executor": {"type": "http", "url": "https://example.com/hook"},
}


def schedule_of(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "name": f"Digest {number}",
        "recurrence": "0 9 * * *",
        "target": "digest",
        "key": f"user-{number}",
    } | more


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with House.open("2026-03-01T12:00:00Z") as opened:
        yield opened


@pytest.fixture
async def client(house: House) -> AsyncIterator[AsyncHorarium]:
    key = house.client.headers["authorization"].removeprefix("Bearer ")
    async with AsyncHorarium("http://test", key, transport=httpx.ASGITransport(house.api)) as made:
        await made.targets.put_by_key("digest", TARGET)
        yield made


async def test_the_example_of_a_product_does_the_whole_list(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    key = house.client.headers["authorization"].removeprefix("Bearer ")
    example = runpy.run_path(str(ROOT / "docs" / "examples" / "product.py"))
    async with served(house) as url:
        await asyncio.to_thread(example["main"], url, key)
    said = capsys.readouterr().out
    assert "50 lines: {'created'}" in said
    assert "recurrence" in said
    assert "somebody else was first" in said
    assert said.endswith("gone\n")


async def test_lists_are_read_over_all_of_their_pages(client: AsyncHorarium) -> None:
    lines = [schedule_of(number) for number in range(1, 8)]
    results = [line async for line in client.schedules.bulk(lines)]
    assert [line["line"] for line in results] == list(range(1, 8))
    page = await client.schedules.list(limit=3)
    assert len(page["items"]) == 3
    names = [one["name"] async for one in client.schedules.list_all(limit=3, sort="asc")]
    assert names == [f"Digest {number}" for number in range(1, 8)]


async def test_a_refused_line_of_a_bulk_says_its_place_among_all(client: AsyncHorarium) -> None:
    lines = [schedule_of(number) for number in range(1, 1_001)] + [schedule_of(1_001, recurrence="no")]
    results = [line async for line in client.schedules.bulk(lines, mode="upsert")]
    assert [(line["line"], line["result"]) for line in results[-2:]] == [
        (1_000, "created"),
        (1_001, "refused"),
    ]


async def test_errors_say_what_is_wrong_with_which_field(client: AsyncHorarium) -> None:
    with pytest.raises(Invalid) as invalid:
        await client.schedules.create(schedule_of(recurrence="0 25 * * *"))
    assert (invalid.value.status, invalid.value.errors[0]["field"]) == (400, "recurrence.hour")
    assert invalid.value.request_id
    with pytest.raises(NotFound):
        await client.schedules.get_by_key("nobody")
    await client.schedules.create(schedule_of())
    with pytest.raises(Conflict):
        await client.schedules.create(schedule_of())


async def test_a_key_with_slashes_stays_one_segment(client: AsyncHorarium) -> None:
    made = await client.schedules.put_by_key("customer/7 digest", schedule_of() | {"key": None})
    assert (await client.schedules.get_by_key("customer/7 digest"))["id"] == made["id"]
    assert path_of("/schedules/by-key/{key}/fires", "a/b ?") == "/schedules/by-key/a%2Fb%20%3F/fires"


async def test_a_wrong_key_is_unauthorized(house: House) -> None:
    async with AsyncHorarium(
        "http://test", "hor_" + "x" * 40, transport=httpx.ASGITransport(house.api)
    ) as client:
        with pytest.raises(Unauthorized):
            await client.me.get()


class Played(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers by script, and remembers what was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers, self.asked = list(answers), []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


SOON = {"retry-after": "0"}


def test_what_passes_is_tried_again_under_the_same_idempotency_key() -> None:
    played = Played(
        httpx.Response(503, headers=SOON),
        httpx.Response(429, headers=SOON),
        httpx.Response(201, json={"id": "sch_1"}),
    )
    with Horarium("http://test", "hor_x", transport=played) as client:
        assert client.schedules.create(schedule_of())["id"] == "sch_1"
    keys = {request.headers["idempotency-key"] for request in played.asked}
    assert len(played.asked) == 3
    assert len(keys) == 1


def test_an_action_whose_answer_was_lost_is_asked_for_again_under_one_key() -> None:
    played = Played(httpx.ReadTimeout("no answer"), httpx.Response(202, json={"id": "act_1"}))
    with Horarium("http://test", "hor_x", transport=played) as client:
        client.schedules.act({"action": "fire", "filter": {}})
    assert len({request.headers["idempotency-key"] for request in played.asked}) == 1


@pytest.mark.parametrize(
    ("answer", "error"), [(503, ServerFault), (429, TooManyRequests)], ids=["a fault", "too many requests"]
)
async def test_it_gives_up_after_some_attempts(answer: int, error: type[Exception]) -> None:
    played = Played(*(httpx.Response(answer, headers=SOON, json={"detail": "not now"}) for _ in range(3)))
    async with AsyncHorarium("http://test", "hor_x", transport=played, attempts=3) as client:
        with pytest.raises(error, match="not now"):
            await client.me.get()
    assert len(played.asked) == 3


def test_a_request_that_may_have_been_done_is_not_sent_twice() -> None:
    played = Played(httpx.ReadTimeout("no answer"), httpx.Response(200, json={}))
    with Horarium("http://test", "hor_x", transport=played) as client, pytest.raises(NotReached):
        client.runs.cancel("run_1")
    assert len(played.asked) == 1


MISSING = {"type": "urn:horarium:problem:not-found", "detail": "schedule not found"}


@pytest.mark.parametrize("status", [None, 502], ids=["no answer", "a proxy's"])
async def test_what_an_earlier_try_may_have_deleted_is_not_missing(status: int | None) -> None:
    def played() -> Played:
        lost = httpx.ReadError("lost") if status is None else httpx.Response(status, headers=SOON)
        return Played(lost, httpx.Response(404, json=MISSING))

    with Horarium("http://test", "hor_x", transport=(plain := played())) as client:
        client.schedules.delete("sch_1")
    async with AsyncHorarium("http://test", "hor_x", transport=(awaited := played())) as again:
        await again.schedules.delete("sch_1", if_match="3")
    assert (len(plain.asked), len(awaited.asked)) == (2, 2)


@pytest.mark.parametrize(
    "answers",
    [
        [httpx.Response(404, json=MISSING)],
        [httpx.Response(429, headers=SOON), httpx.Response(404, json=MISSING)],
        [httpx.ReadError("lost"), httpx.Response(404, text="default backend")],
        [
            httpx.ReadError("lost"),
            httpx.Response(404, json=MISSING | {"type": "urn:horarium:problem:no-route"}),
        ],
    ],
    ids=["the first try", "after a refusal", "by a proxy", "no such path"],
)
def test_what_no_try_can_have_deleted_is_missing(answers: list[httpx.Response | Exception]) -> None:
    played = Played(*answers)
    with Horarium("http://test", "hor_x", transport=played) as client, pytest.raises(NotFound):
        client.schedules.delete("sch_1")
    assert played.answers == []


@pytest.mark.parametrize("refused", [0, 1, 2])
@pytest.mark.parametrize("status", [409, 412])
def test_an_error_that_an_earlier_try_may_have_caused_says_so(status: int, refused: int) -> None:
    """Also where the server has refused tries in between, which says nothing of the first one."""
    between = [httpx.Response(429, headers=SOON) for _ in range(refused)]
    stale = {"detail": "the schedule is at version 2, not 1"}
    said = (
        r"at version 2, not 1 \(an earlier try of this request had no answer and may have been carried out\)"
    )
    again = [httpx.Response(status, json=stale) for _ in range(2)]
    played = Played(httpx.ReadError("lost"), *between, *again)
    with Horarium("http://test", "hor_x", transport=played) as client:
        error = Conflict if status == 409 else HorariumError
        with pytest.raises(error, match=said):
            client.schedules.put_by_key("a", schedule_of(), if_match="1")
        with pytest.raises(error, match=r"not 1$"):
            client.schedules.put_by_key("a", schedule_of(), if_match="1")
    gone = Played(httpx.ReadError("lost"), httpx.Response(404, json=MISSING))
    with Horarium("http://test", "hor_x", transport=gone) as client, pytest.raises(NotFound, match="earlier"):
        client.workspaces.delete("ws_1")


def test_a_delete_that_answers_with_what_it_has_changed_is_never_answered_by_the_client() -> None:
    paths = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))["paths"]
    answering = {path for path in paths if "200" in paths[path].get("delete", {}).get("responses", ())}
    deleting = {path for path in paths if "delete" in paths[path]}
    assert {path for path in deleting if ANSWERED_DELETES.fullmatch(BASE + path)} == answering


def test_a_key_of_the_whole_server_names_the_workspace_that_it_acts_in() -> None:
    played = Played(httpx.Response(200, json={}))
    with Horarium("http://test", "hor_x", workspace="acme", transport=played) as client:
        client.me.get()
    assert played.asked[0].headers["horarium-workspace"] == "acme"


@pytest.mark.parametrize("cuts", [(), (3,), (1, 2, 7, 8, 20)])
def test_only_a_line_feed_ends_a_line_wherever_it_is_cut(cuts: tuple[int, ...]) -> None:
    text = '{"a": "\u2028\u0085"}\n\n{"b": 1}\nlast'.encode()
    lines, found, begin = Lines(), [], 0
    for end in (*cuts, len(text)):
        found += lines.fed(text[begin:end])
        begin = end
    assert [*found, *lines.end()] == text.split(b"\n")


async def test_an_export_is_read_line_by_line_by_both_clients(house: House, client: AsyncHorarium) -> None:
    await client.schedules.create(schedule_of(name="One\u2028Two"))
    lines = [line async for line in client.workspaces.export("current")]
    assert "One\u2028Two" in [line["value"]["name"] for line in lines if line["type"] == "schedule"]
    assert "schedule.created" in [line["action"] async for line in client.audit.export()]
    with pytest.raises(NotFound):
        [line async for line in client.workspaces.export("ws_00000000000000000000000000")]
    key = house.client.headers["authorization"].removeprefix("Bearer ")

    def read(url: str) -> list[Any]:
        with Horarium(url, key) as plain:
            with pytest.raises(NotFound):
                list(plain.workspaces.export("ws_00000000000000000000000000"))
            return list(plain.workspaces.export("current"))

    async with served(house) as url:
        again = await asyncio.to_thread(read, url)
    assert [line["type"] for line in again] == [line["type"] for line in lines]


def test_a_stream_that_breaks_is_told() -> None:
    class Broken(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b'{"a": 1}\n{"b'
            raise httpx.ReadError("gone")

    played = Played(httpx.Response(503, headers=SOON), httpx.Response(200, stream=Broken()))
    with Horarium("http://test", "hor_x", transport=played) as client:
        lines = client.audit.export()
        assert next(lines) == {"a": 1}
        with pytest.raises(NotReached, match="gone"):
            next(lines)


async def test_a_file_is_sent_in_pieces_and_only_once(house: House, client: AsyncHorarium) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"id,name\n", b"a,Ann\n"):
            yield piece

    sent = ("PUT", "/directory/{kind}", ("contacts",), pieces(), "text/csv", 14)
    assert (await client.call_file(*sent))["stored"] == 1
    played = Played(httpx.Response(429, headers=SOON, json={"detail": "not now"}))
    with Horarium("http://test", "hor_x", transport=played) as once, pytest.raises(TooManyRequests):
        once.call_file("PUT", "/directory/{kind}", ("contacts",), iter([b"id\n"]), "text/csv", 3)


def test_waits_grow_and_the_server_may_ask_for_one() -> None:
    read = Request("GET", "/x", (), {}, None, repeatable=True)
    write = Request("POST", "/x", (), {}, None, repeatable=False)
    waits = [wait_before_retry(read, 503, None, attempt, 0) or 0 for attempt in range(1, 12)]
    assert 0.25 <= waits[0] <= 0.5
    assert 15 <= waits[-1] <= 30
    assert wait_before_retry(read, 503, "7", 1, 0) == 7
    assert wait_before_retry(read, 503, "Thu, 01 Jan 1970 00:01:00 GMT", 1, 20) == 40
    assert wait_before_retry(write, 429, "7", 1, 0) == 7
    assert wait_before_retry(write, 503, None, 1, 0) is None
    assert wait_before_retry(read, 404, None, 1, 0) is None


def signed(body: bytes, secret: str, sent: int = 1_000) -> dict[str, str]:
    message = b"msg_1." + str(sent).encode() + b"." + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    value = base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
    return {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(sent), "Webhook-Signature": f"v1,AAAA v1,{value}"}


def test_a_webhook_is_verified_by_any_of_the_secrets_and_only_while_it_is_fresh() -> None:
    old, new = ("whsec_" + base64.b64encode(bytes([n]) * 24).decode() for n in (1, 2))
    headers = signed(b"{}", old)
    verify_webhook(b"{}", headers, [new, old], now=1_299)
    for body, given, secrets, now in (
        (b"{ }", headers, [old], 1_000),
        (b"{}", headers, [new], 1_000),
        (b"{}", headers, old, 1_301),
        (b"{}", headers, old, 699),
        (b"{}", {}, old, 1_000),
    ):
        with pytest.raises(InvalidSignature):
            verify_webhook(body, given, secrets, now=now)


def test_a_key_of_ed25519_is_told_to_be_none_that_is_verified_here() -> None:
    with pytest.raises(ValueError, match="Ed25519"):
        verify_webhook(b"{}", signed(b"{}", "whsec_AAAA"), "whpk_AAAA", now=1_000)


def test_what_is_asked_in_a_query_is_written_as_the_server_reads_it() -> None:
    asked = {"failing": True, "paused": False, "limit": 3, "label": ["a:b", "c:d"], "cursor": None}
    assert request_of("GET", "/schedules", asked, {}).query == (
        ("failing", "true"),
        ("paused", "false"),
        ("limit", "3"),
        ("label", "a:b"),
        ("label", "c:d"),
    )


@pytest.mark.parametrize("status", [None, 502, 503, 504, 429])
def test_what_may_be_repeated_is_tried_again_where_the_same_request_may_succeed(status: int | None) -> None:
    reading, making = request_of("GET", "/x", {}, {}), request_of("POST", "/x", {}, {}, {})
    assert wait_before_retry(reading, status, None, 1, 0.0) is not None
    assert (wait_before_retry(making, status, None, 1, 0.0) is not None) is (status == 429)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 412, 500, 501])
def test_what_would_not_succeed_is_tried_once(status: int) -> None:
    assert wait_before_retry(request_of("GET", "/x", {}, {}), status, None, 1, 0.0) is None
