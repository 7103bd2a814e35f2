"""The source `http`: it reads pages by cursor, and gives a reason for everything that can go wrong."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator
from itertools import count
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest

from horarium.audiences import http
from horarium.audiences.http import HttpSource
from horarium.audiences.registry import AudienceOptions
from horarium.domain.audience import AudienceQuery, AudienceRow, SourceFault
from horarium.domain.host_lists import host_list
from horarium.domain.ids import prefixed
from horarium.executors.options import ExecutorOptions
from tests.support.receiver import Answer, Receiver, Reset
from tests.support.turns import longest_hold

WORKSPACE, BORROWER = bytes(16), bytes([*range(16)])


@pytest.fixture
async def source() -> AsyncIterator[HttpSource]:
    options = ExecutorOptions(allow_loopback=True)
    made = HttpSource(AudienceOptions(None, options))  # type: ignore[arg-type] - it needs no store
    yield made
    await made.close()


def page(*keys: Any, cursor: Any = None) -> Answer:
    rows = [{"id": key, "name": f"N{key}"} for key in keys]
    return Answer(200, orjson.dumps({"data": rows, "next_cursor": cursor}))


async def read(
    source: HttpSource, url: str, given: Any = None, asked_by: bytes | None = None, **config: Any
) -> list[AudienceRow]:
    whole = {"url": url, **config}
    assert source.check(whole) == []
    query = AudienceQuery(WORKSPACE, "crm", given or {}, 1_772_438_400_000, whole, asked_by)
    return [row async for batch in source.rows(query) for row in batch]


async def test_pages_are_followed_to_the_last(source: HttpSource, receiver: Receiver) -> None:
    receiver.script("/rows", page(1, "b", cursor="c1"), page(cursor="c2"), page("z"))
    config = {"headers": {"Authorization": "Bearer word"}, "page_size": 2}
    found = await read(source, receiver.url("/rows"), {"team": "red"}, **config)
    assert [row.key for row in found] == ["1", "b", "z"]
    assert found[0].data == {"id": 1, "name": "N1"}
    sent = [request.json() for request in receiver.requests]
    assert [body["cursor"] for body in sent] == [None, "c1", "c2"]
    assert sent[0] == {
        "type": "crm", "filter": {"team": "red"}, "cursor": None, "limit": 2, "now": "2026-03-02T08:00:00Z",
    }  # fmt: skip
    assert receiver.requests[0].headers["Authorization"] == "Bearer word"


@pytest.mark.parametrize("name", ["Horarium-Workspace", "horarium-workspace", "HORARIUM-WORKSPACE"])
async def test_whose_audience_is_asked_for_is_said_by_the_server_alone(
    source: HttpSource, receiver: Receiver, name: str
) -> None:
    receiver.script("/rows", page("a"))
    await read(source, receiver.url("/rows"), headers={name: "ws_another", "X-Kept": "1"})
    (sent,) = receiver.requests
    assert sent.headers.getall("Horarium-Workspace") == [prefixed("ws", WORKSPACE)]
    assert sent.headers["X-Kept"] == "1"


async def test_a_borrower_is_named_to_the_endpoint_and_sees_none_of_the_secrets_that_it_sends_back(
    source: HttpSource, receiver: Receiver
) -> None:
    secret = "s3cret-of-the-lender"
    row = {"id": secret, "note": f"Bearer {secret}", "name": "Ada"}
    receiver.script("/rows", Answer(200, orjson.dumps({"data": [row]})))
    headers = {"X-Api-Key": secret}
    (lent,) = await read(source, receiver.url("/rows"), asked_by=BORROWER, headers=headers)
    (own,) = await read(source, receiver.url("/rows"), headers=headers)
    assert own == AudienceRow(secret, row)
    assert secret not in str(lent)
    assert lent.data["name"] == "Ada"
    named = [request.headers["Horarium-Workspace"] for request in receiver.requests]
    assert named == [prefixed("ws", BORROWER), prefixed("ws", WORKSPACE)]


async def test_a_get_carries_everything_in_its_query(source: HttpSource, receiver: Receiver) -> None:
    receiver.script("/rows", page("a", cursor="c&1"), page("b"))
    found = await read(source, receiver.url("/rows"), {"team": "r d", "n": 3}, method="GET")
    assert [row.key for row in found] == ["a", "b"]
    assert receiver.requests[1].method == "GET"
    for part in ("cursor=c%261", "n=3", "limit=500"):
        assert part in receiver.requests[1].query


async def test_no_filter_takes_the_place_of_what_a_get_asks_itself(
    source: HttpSource, receiver: Receiver
) -> None:
    long = "c" * 3_000
    receiver.script("/rows", page("a", cursor=long), page("b"))
    given = {"limit": 1, "cursor": "mine", "teams": ["r", 1], "open": True}
    await read(source, receiver.url("/rows"), given, method="GET", page_size=7)
    first, second = (parse_qs(request.query) for request in receiver.requests)
    assert first == {"limit": ["7"], "cursor": ["mine"], "teams": ['["r",1]'], "open": ["true"]}
    assert second == first | {"cursor": [long]}


async def test_the_content_type_of_a_post_can_be_another_one(source: HttpSource, receiver: Receiver) -> None:
    receiver.script("/rows", page("a"))
    await read(source, receiver.url("/rows"))
    await read(source, receiver.url("/rows"), headers={"Content-Type": "application/vnd.crm+json"})
    sent = [request.headers.getall("Content-Type") for request in receiver.requests]
    assert sent == [["application/json"], ["application/vnd.crm+json"]]


async def test_names_of_fields_may_be_other_ones(source: HttpSource, receiver: Receiver) -> None:
    body = {"result": {"people": [{"uid": "x"}]}, "paging": {"next": None}}
    receiver.script("/rows", Answer(200, orjson.dumps(body)))
    found = await read(source, receiver.url("/rows"), rows="result.people", next="paging.next", key="uid")
    assert [row.key for row in found] == ["x"]


@pytest.mark.parametrize(
    ("answer", "words", "lasting"),
    [
        (Answer(500), "answered 500", False),
        (Answer(429), "answered 429", False),
        (Answer(425), "answered 425", False),
        (Answer(408), "answered 408", False),
        (Answer(404), "answered 404", True),
        (Answer(302, headers={"Location": "http://10.0.0.1/"}), "answered 302", True),
        (Answer(200, b"{nonsense"), "not valid JSON", True),
        (Answer(200, b"[]"), "no list", True),
        (Answer(200, b'{"data": {}}'), "no list", True),
        (Answer(200, b'{"data": [1]}'), "not an object", True),
        (Answer(200, b'{"data": [' + b"{}," * 200_000 + b"{}]}"), "more than 400000 values", True),
        (Reset(), "the endpoint:", False),
    ],
)
async def test_what_goes_wrong_is_told(
    source: HttpSource, receiver: Receiver, answer: Any, words: str, lasting: bool
) -> None:
    receiver.script("/rows", answer)
    with pytest.raises(SourceFault, match=words) as caught:
        await read(source, receiver.url("/rows"))
    assert caught.value.lasting is lasting


async def test_an_endpoint_that_hangs_is_given_up(source: HttpSource, receiver: Receiver) -> None:
    let_go = asyncio.Event()
    receiver.script("/rows", Answer(200, b"{}", until=let_go))
    with pytest.raises(SourceFault, match=r"within 0\.2 s"):
        await read(source, receiver.url("/rows"), timeout=0.2)
    let_go.set()


@pytest.mark.parametrize("cursors", [["c1", "c1"], ["c1", "c2", "c1"], [1, {"a": 1}, 1]])
async def test_a_cursor_that_comes_again_is_an_end(
    source: HttpSource, receiver: Receiver, cursors: list[Any]
) -> None:
    receiver.script("/rows", *(page("a", cursor=cursor) for cursor in [*cursors, None]))
    with pytest.raises(SourceFault, match="same cursor twice") as caught:
        await read(source, receiver.url("/rows"))
    assert caught.value.lasting
    assert len(receiver.requests) == len(cursors)


async def test_what_takes_long_to_decode_waits_for_its_turn(
    source: HttpSource, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    async def turn() -> None:
        given.append("turn")

    monkeypatch.setattr(http, "turn", turn)
    small, large = page("a"), page("a" * http.LONG_PAGE)
    packed = {"Content-Encoding": "gzip"}
    for answer, turns in (
        (small, 0),
        (large, 1),
        (Answer(200, gzip.compress(small.body), packed), 1),
        (Answer(200, gzip.compress(large.body), packed), 2),
    ):
        receiver.script("/rows", answer)
        await read(source, receiver.url("/rows"))
        assert len(given) == turns
        given.clear()


async def test_only_hosts_that_its_workspace_may_reach_are_asked(receiver: Receiver) -> None:
    allowed = {WORKSPACE: host_list(("crm.example.com",)), BORROWER: None}
    options = ExecutorOptions(allow_loopback=True, allowed_hosts=allowed.__getitem__)
    source = HttpSource(AudienceOptions(None, options))  # type: ignore[arg-type]
    for url, workspace, fits in (
        (receiver.url("/rows"), WORKSPACE, False),
        (receiver.url("/rows"), BORROWER, True),
        ("https://crm.example.com/rows", WORKSPACE, True),
    ):
        assert (source.check_hosts(workspace, {"url": url}) == []) is fits
    with pytest.raises(SourceFault, match="not among the hosts that this workspace may reach"):
        await read(source, receiver.url("/rows"), asked_by=BORROWER)  # what the lender may reach counts
    await source.close()
    assert receiver.requests == []


async def test_a_row_without_a_key_has_an_empty_one(source: HttpSource, receiver: Receiver) -> None:
    receiver.script("/rows", page(None))
    assert [row.key for row in await read(source, receiver.url("/rows"))] == [""]


async def test_the_largest_page_does_not_hold_the_event_loop(source: HttpSource, receiver: Receiver) -> None:
    rows = b",".join(b'{"id": %d, "a": "%d"}' % (n, n) for n in range(60_000))
    receiver.script("/rows", Answer(200, b'{"data": [' + rows + b"]}"))

    async def keys() -> int:
        return len(await read(source, receiver.url("/rows")))

    reading = asyncio.create_task(keys())
    assert await longest_hold(reading) < 0.2
    assert await reading == 60_000


@pytest.mark.parametrize(
    ("value", "key"),
    [("a", "a"), (7, "7"), (1 << 70, str(1 << 70)), (True, ""), (1.5, ""), (["a"], ""), (None, "")],
)
async def test_a_key_is_a_text_or_a_whole_number(
    source: HttpSource, receiver: Receiver, value: Any, key: str
) -> None:
    body = b'{"data": [{"id": %s}]}' % (str(value).encode() if value == 1 << 70 else orjson.dumps(value))
    receiver.script("/rows", Answer(200, body))
    assert [row.key for row in await read(source, receiver.url("/rows"))] == [key]


async def test_little_is_kept_of_the_cursors_of_an_endpoint_with_many_pages(
    source: HttpSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = count()

    async def ask(query: AudienceQuery, cursor: Any) -> Any:
        return {"data": [], "next_cursor": f"{next(numbers):04000}"}

    monkeypatch.setattr(source, "_ask", ask)
    monkeypatch.setattr(http, "MOST_PAGES", 2_000)
    tracemalloc.start()
    try:
        with pytest.raises(SourceFault, match="more than 2000 pages"):
            await read(source, "http://127.0.0.1/rows")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1_000_000


async def test_cursors_of_any_kind_are_sent_back_as_they_came_and_an_empty_one_is_the_last(
    source: HttpSource, receiver: Receiver
) -> None:
    cursors: list[Any] = [0, {"after": 1}, False, "x" * http.LONGEST_CURSOR, ""]
    receiver.script("/rows", *(page(n, cursor=cursor) for n, cursor in enumerate(cursors)))
    assert [row.key for row in await read(source, receiver.url("/rows"))] == ["0", "1", "2", "3", "4"]
    assert [request.json()["cursor"] for request in receiver.requests] == [None, *cursors[:-1]]


@pytest.mark.parametrize("coding", [None, "identity", "gzip"])
async def test_an_endpoint_that_never_ends_is_given_up_with_the_bound_that_it_has_reached(
    source: HttpSource, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, coding: str | None
) -> None:
    monkeypatch.setattr(http, "MOST_PAGES", 2)
    monkeypatch.setattr(http, "LARGEST_PAGE", 5_000)
    long = page("x" * 3_000_000).body
    body = gzip.compress(long) if coding == "gzip" else long
    for answers, words in (
        ([page("a", cursor="1"), page("b", cursor="2"), page("c")], "has more than 2 pages"),
        ([page("a", cursor="x" * 4_097)], "cursor is longer than 4096 characters"),
        ([Answer(200, body, {"Content-Encoding": coding} if coding else {})], "larger than 5000 bytes"),
        (
            [Answer(200, gzip.compress(page("x" * 5_000).body), {"Content-Encoding": "gzip"})],
            "larger than 5000",
        ),
        ([Answer(200, b"nonsense", {"Content-Encoding": "gzip"})], "cannot be read: it is not valid gzip"),
    ):
        receiver.script("/rows", *answers)
        with pytest.raises(SourceFault, match=words) as caught:
            await read(source, receiver.url("/rows"))
        assert caught.value.lasting
        assert not source._egress._session.connector._acquired  # the connection is not held
    receiver.script("/rows", page("a", cursor="1"), page("b"))
    assert len(await read(source, receiver.url("/rows"))) == 2


async def test_what_may_not_be_reached_is_lasting_and_tells_a_borrower_nothing_of_it() -> None:
    source = HttpSource(AudienceOptions(None, ExecutorOptions()))  # type: ignore[arg-type]
    query = AudienceQuery(WORKSPACE, "crm", {}, 0, {"url": "http://10.1.2.3/rows"})
    with pytest.raises(SourceFault, match="the endpoint: refused: ") as caught:
        _ = [batch async for batch in source.rows(query)]
    await source.close()
    assert caught.value.lasting
    assert caught.value.abroad == "its endpoint may not be reached from this server"


async def test_rows_come_in_batches_and_defaults_are_asked_for(
    source: HttpSource, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "BATCH", 2)
    receiver.script("/rows", page(1, 2, 3))
    query = AudienceQuery(WORKSPACE, "crm", {}, 0, {"url": receiver.url("/rows")})
    assert [len(batch) async for batch in source.rows(query)] == [2, 1]
    assert receiver.requests[0].json()["limit"] == 500
    assert (http.TIMEOUT_S, http.LONGEST_TIMEOUT_S, http.MOST_PAGES) == (30.0, 600.0, 100_000)


@pytest.mark.parametrize(
    ("right", "wrong", "field"),
    [
        ({"page_size": 10_000}, {"page_size": 10_001}, "page_size"),
        ({"page_size": 1}, {"page_size": 0}, "page_size"),
        ({"page_size": 1}, {"page_size": True}, "page_size"),
        ({"timeout": 600}, {"timeout": 600.5}, "timeout"),
        ({"timeout": 0.1}, {"timeout": 0}, "timeout"),
        ({"timeout": 0.1}, {"timeout": "30"}, "timeout"),
        ({"key": "k" * 200}, {"key": "k" * 201}, "key"),
        ({"rows": "a.b"}, {"rows": ""}, "rows"),
        ({"next": "a"}, {"next": 5}, "next"),
        ({"method": "GET"}, {"method": "PUT"}, "method"),
        ({"headers": {"X-A": "b"}}, {"headers": {"Host": "b"}}, "headers.Host"),
        ({"url": "http://127.0.0.1/"}, {"url": "http://10.0.0.1/"}, "url"),
        ({"type": "http"}, {"rwos": "a"}, "rwos"),
    ],
)
def test_what_is_wrong_with_a_configuration_is_named(
    source: HttpSource, right: dict[str, Any], wrong: dict[str, Any], field: str
) -> None:
    whole = {"url": "https://example.com/rows"}
    assert source.check(whole | right) == []
    assert [problem.field for problem in source.check(whole | wrong)] == [field]
    assert [problem.field for problem in source.check(right)] == ([] if "url" in right else ["url"])


@pytest.mark.parametrize(
    ("cursor", "asked"),
    [("c 1", "c 1"), (7, "7"), (False, "false"), ({"after": [1, None]}, '{"after":[1,null]}')],
)
async def test_a_cursor_goes_back_in_a_url_as_the_text_or_the_json_that_it_was(
    source: HttpSource, receiver: Receiver, cursor: Any, asked: str
) -> None:
    receiver.script("/rows", page(1, cursor=cursor), page(2))
    await read(source, receiver.url("/rows"), method="GET")
    assert parse_qs(receiver.requests[1].query)["cursor"] == [asked]
