"""Whatever the server does, both Python clients come to the same, wait as long, and leave no connection in use."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, NamedTuple

import httpx
import pytest
from horarium_client import AsyncHorarium, Horarium, NotReached
from horarium_client.following import Following

BROKEN = httpx.ReadError("gone")
PROBLEM = b'{"detail": "no such workspace"}'


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """What comes over one connection, piece by piece; it is in use until the answer is closed."""

    def __init__(self, pieces: Sequence[bytes | Exception]) -> None:
        self.pieces, self.in_use = pieces, True

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in iter(self):
            yield piece

    def close(self) -> None:
        self.in_use = False

    async def aclose(self) -> None:
        self.close()


class Given(NamedTuple):
    """An answer: its status, its body, and for how long it asks to be left alone."""

    status: int
    pieces: Sequence[bytes | Exception] = ()
    retry_after: str | None = None


class Server(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers by script; without an answer the connection breaks at once."""

    def __init__(self, answers: Sequence[Given | Exception]) -> None:
        self.answers, self.bodies = list(answers), list[Body]()
        self.asked: list[tuple[str, str, dict[str, str]]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        named = {
            name: request.headers[name] for name in ("accept", "last-event-id") if name in request.headers
        }
        self.asked.append((request.method, request.url.raw_path.decode(), named))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        self.bodies.append(Body(answer.pieces))
        headers = {"content-type": "application/json"}
        if answer.retry_after is not None:
            headers["retry-after"] = answer.retry_after
        return httpx.Response(answer.status, headers=headers, stream=self.bodies[-1])

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


class Came(NamedTuple):
    """What came of it: what was read, the error, what was asked, the waits between, and connections still in use."""

    read: list[Any]
    error: str
    asked: list[tuple[str, str, dict[str, str]]]
    waits: list[float]
    in_use: int


def plainly(answers: Sequence[Given | Exception], what: str, most: int, monkeypatch: Any) -> Came:
    server, read, waits, error = Server(answers), list[Any](), list[float](), ""
    with (
        monkeypatch.context() as patched,
        Horarium("http://test", "hor_x", transport=server, attempts=3) as client,
    ):
        patched.setattr(time, "sleep", waits.append)
        try:
            if what == "get":
                read.append(client.me.get())
            else:
                things = client.audit.export() if what == "export" else client.events.follow(after="evt_0")
                for thing in things:
                    read.append(thing)
                    if len(read) == most:
                        break
                things.close()  # type: ignore[attr-defined]
        except Exception as raised:
            error = repr(raised)
        in_use = sum(body.in_use for body in server.bodies)
    return Came(read, error, server.asked, waits, in_use)


async def awaited(answers: Sequence[Given | Exception], what: str, most: int, monkeypatch: Any) -> Came:
    server, read, waits, error = Server(answers), list[Any](), list[float](), ""

    async def noted(seconds: float) -> None:
        waits.append(seconds)

    async with AsyncHorarium("http://test", "hor_x", transport=server, attempts=3) as client:
        with monkeypatch.context() as patched:
            patched.setattr(asyncio, "sleep", noted)
            try:
                if what == "get":
                    read.append(await client.me.get())
                else:
                    things: Any = (
                        client.audit.export() if what == "export" else client.events.follow(after="evt_0")
                    )
                    async for thing in things:
                        read.append(thing)
                        if len(read) == most:
                            break
                    await things.aclose()
            except Exception as raised:
                error = repr(raised)
        in_use = sum(body.in_use for body in server.bodies)
    return Came(read, error, server.asked, waits, in_use)


def soon(seconds: str = "0", status: int = 503) -> Given:
    return Given(status, [PROBLEM], seconds)


LINES = Given(200, [b'{"a":', b' 1}\n{"a": 2}\n{"a"', b": 3}"])
EVENTS = [b'id: evt_1\ndata: {"id": 1}\n\n', b": beat\n\n", b'id: evt_2\ndata: {"id"', b": 2}\n\n"]
CASES: dict[str, tuple[str, list[Given | Exception], int]] = {
    "an answer": ("get", [Given(200, [b"{}"])], 0),
    "an answer after two refusals": ("get", [soon(), soon("3", 429), Given(200, [b"{}"])], 0),
    "refused as often as it is tried": ("get", [soon(), soon(), soon()], 0),
    "refused until a day that is over": ("get", [soon("Thu, 01 Jan 1970 00:01:00 GMT"), Given(200, [b"{}"])], 0),
    "refused until before": ("get", [soon("-5"), Given(200, [b"{}"])], 0),
    "an error": ("get", [Given(404, [PROBLEM])], 0),
    "an error that is no JSON": ("get", [Given(404, [b"<html>"])], 0),
    "an answer that breaks off": ("get", [Given(200, [b"{", BROKEN]), Given(200, [b"{}"])], 0),
    "no connection": ("get", [BROKEN, BROKEN, BROKEN], 0),
    "lines": ("export", [LINES], 9),
    "lines of which only the first is read": ("export", [LINES], 1),
    "lines after two refusals": ("export", [soon(), soon("3", 429), LINES], 9),
    "lines that are refused": ("export", [soon(), soon(), soon()], 9),
    "lines of something that is not there": ("export", [Given(404, [PROBLEM])], 9),
    "lines after a broken connection": ("export", [BROKEN, LINES], 9),
    "lines that break off": ("export", [Given(200, [b'{"a": 1}\n{"a"', BROKEN])], 9),
    "lines that are none": ("export", [Given(200, [b'{"a": 1}\nnone\n'])], 9),
    "events": ("follow", [Given(200, EVENTS)], 2),
    "events of which only the first is read": ("follow", [Given(200, EVENTS)], 1),
    "events over streams that end and break": (
        "follow",
        [
            Given(200, EVENTS[:1]),
            Given(200, [b"id: evt_9\n", BROKEN]),
            Given(200, [b": beat\n\n", BROKEN]),
            Given(200, EVENTS[2:]),
        ],
        2,
    ),
    "events after refusals": ("follow", [soon(), Given(200, EVENTS[:1]), soon(), soon(), soon(), Given(401)], 2),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_both_clients_come_to_the_same_and_leave_no_connection_in_use(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda least, most: most)
    what, answers, most = CASES[name]
    plain = plainly(answers, what, most, monkeypatch)
    assert await awaited(answers, what, most, monkeypatch) == plain
    assert plain.in_use == 0
    assert all(wait >= 0 for wait in plain.waits)
    assert plain.error or plain.read
    if what == "follow":  # half a message counts as nothing, whatever comes after the connection is back
        after = [named.get("last-event-id") for _, _, named in plain.asked]
        assert after == sorted(after, key=str)
        assert "evt_9" not in after


MESSAGES = [
    b"id: evt_1",
    b'data: {"n": 1}',
    b"",
    b": beat",
    b"",
    b"id: AAAB",
    b"",
    b"id: evt_3",
    b'data: {"n": 3}',
    b"",
]


@pytest.mark.parametrize("cut", range(len(MESSAGES) + 1))
def test_a_stream_that_breaks_after_any_line_goes_on_after_its_last_whole_message(cut: int) -> None:
    at, seen, last = Following("evt_0"), list[Any](), "evt_0"
    at.fed(b": the stream is open")
    for begin, message in ((0, "evt_1"), (5, "AAAB"), (7, "evt_3")):
        end = MESSAGES.index(b"", begin) + 1
        if end <= cut:
            last = message
    seen += [event for line in MESSAGES[:cut] if (event := at.fed(line)) is not None]
    at.wait_before_return(NotReached("gone"))
    assert at.headers["Last-Event-ID"] == last
    for line in (b": beat", b""):  # nothing has happened meanwhile
        assert at.fed(line) is None
    assert at.headers["Last-Event-ID"] == last
    assert [event["n"] for event in seen] == [1, 3][: {"evt_0": 0, "evt_3": 2}.get(last, 1)]
