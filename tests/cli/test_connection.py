"""How commands speak to a server: what is tried again, what is said where it fails, and what is sent along."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from horarium_client import following

from horarium.cli.client import connect, up_to
from horarium.cli.connection import ATTEMPTS, Connection
from horarium.cli.events import follow
from horarium.cli.failure import MISUSED, REFUSED, Failure


class Scripted(ThreadingHTTPServer):
    """A server that answers by script, and remembers what it was asked."""

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.asked = list(answers), list[tuple[str, str, dict[str, str], bytes]]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Scripted

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.asked.append((self.command, self.path, dict(self.headers.items()), body))
        status, said = self.server.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with Scripted() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def client_of(server: Scripted) -> Connection:
    return connect(server.url, "hor_x", None)


def test_a_server_that_starts_anew_is_waited_for_and_a_schedule_is_made_once(scripted: Scripted) -> None:
    scripted.answers += [(503, b"{}"), (201, b'{"id": "sch_1"}')]
    body: Any = {"name": "x", "recurrence": "@daily", "target": "t"}
    with client_of(scripted) as client:
        assert client.schedules.create(body)["id"] == "sch_1"
    keys = [headers["Idempotency-Key"] for _, _, headers, _ in scripted.asked]
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_what_a_server_says_is_the_sentence(scripted: Scripted) -> None:
    scripted.answers += [(409, b'{"title": "Conflict", "detail": "it is paused already"}'), (418, b"<html>")]
    with client_of(scripted) as client:
        with pytest.raises(Failure, match=r"^it is paused already$") as said:
            client.schedules.pause("sch_1")
        assert said.value.code == REFUSED
        with pytest.raises(Failure, match=r"^the server answered 418 I'm a Teapot$"):
            client.schedules.get("sch_1")


def test_a_server_that_is_not_there_and_an_address_that_is_none_are_told() -> None:
    with connect("http://127.0.0.1:9", "hor_x", None) as client:
        with pytest.raises(Failure, match=r"^cannot reach http://127.0.0.1:9: .*refused; start a server"):
            client.me.get()
        with pytest.raises(Failure, match="cannot reach"):
            list(client.stream("/audit/export"))
    with connect("nonsense", "hor_x", None) as client, pytest.raises(Failure, match="cannot reach nonsense"):
        client.me.get()
    with pytest.raises(Failure, match="cannot use --url") as said:
        connect("http://host:port", "hor_x", None)
    assert said.value.code == MISUSED


def test_a_list_is_read_page_by_page_and_no_further_than_asked_for(scripted: Scripted) -> None:
    scripted.answers += [
        (200, b'{"items": [{"id": 1}, {"id": 2}], "next_cursor": "c"}'),
        (200, b'{"items": [{"id": 3}, {"id": 4}], "next_cursor": "d"}'),
    ]
    with client_of(scripted) as client:
        assert [one["id"] for one in up_to(3, client.runs.list_all, state="failed")] == [1, 2, 3]
        assert list(up_to(0, client.runs.list_all)) == []
    paths = [path for _, path, _, _ in scripted.asked]
    assert paths == [
        "/horarium/v1/runs?state=failed&limit=3",
        "/horarium/v1/runs?state=failed&limit=3&cursor=c",
    ]


def test_no_proxy_is_asked_and_the_workspace_is_that_of_the_environment(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("HORARIUM_WORKSPACE", "acme")
    scripted.answers += [(200, b"{}")]
    with client_of(scripted) as client:
        client.me.get()
    _, _, headers, _ = scripted.asked[0]
    assert headers["Horarium-Workspace"] == "acme"
    assert headers["Authorization"] == "Bearer hor_x"


def test_a_file_is_sent_once_with_its_length_and_a_refusal_is_kept_whole(scripted: Scripted) -> None:
    refusal = {"detail": "1 line was refused", "errors": [{"line": 2, "message": "has no id"}]}
    scripted.answers += [(200, b'{"stored": 2}'), (429, json.dumps(refusal).encode())]
    with client_of(scripted) as client:
        for expected in ((200, {"stored": 2}), (429, refusal)):
            file = io.BytesIO(b"id\na\nb\n")
            sent = ("PUT", "/directory/{kind}", ("contacts",), file, "text/csv", 7)
            assert client.send_file(*sent) == expected
    (method, path, headers, body), _ = scripted.asked
    assert (method, path, body) == ("PUT", "/horarium/v1/directory/contacts", b"id\na\nb\n")
    assert (headers["Content-Length"], headers["Content-Type"]) == ("7", "text/csv")
    assert "Transfer-Encoding" not in headers


def streamed(*ids: str) -> tuple[int, bytes]:
    """A stream of events that ends after them."""
    return 200, b"".join(b'id: %b\ndata: {"id": "%b"}\n\n' % (one.encode(), one.encode()) for one in ids)


def followed(server: Scripted) -> Failure:
    """What ends `horarium events follow --after evt_1`."""
    with pytest.raises(Failure) as said:
        follow(after="evt_1", url=server.url, key="hor_x")
    return said.value


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "FIRST_WAIT_S", 0.0)


@pytest.mark.usefixtures("_at_once")
def test_following_goes_on_after_the_last_event_that_was_printed_and_says_once_that_it_broke(
    scripted: Scripted, capfd: pytest.CaptureFixture[str]
) -> None:
    refused = (401, b'{"detail": "the key was revoked"}')
    scripted.answers += [streamed("evt_2"), *[(503, b"{}")] * ATTEMPTS, streamed("evt_3", "evt_4"), refused]
    assert str(followed(scripted)) == "the key was revoked"
    out, err = capfd.readouterr()
    assert out.splitlines() == ['{"id":"evt_2"}', '{"id":"evt_3"}', '{"id":"evt_4"}']
    assert [headers["Last-Event-ID"] for _, _, headers, _ in scripted.asked] == [
        "evt_1",
        *["evt_2"] * (ATTEMPTS + 1),
        "evt_4",
    ]
    said = f"the connection to {scripted.url} broke (the server has ended it); going on after the last event"
    assert [line.startswith(said) for line in err.splitlines()] == [True, True]


@pytest.mark.usefixtures("_at_once")
def test_following_goes_on_from_the_position_that_was_told_while_no_event_came(scripted: Scripted) -> None:
    scripted.answers += [(200, b": nothing\n\nid: AAAB\n\n"), (403, b'{"detail": "no"}')]
    followed(scripted)
    assert [headers["Last-Event-ID"] for _, _, headers, _ in scripted.asked] == ["evt_1", "AAAB"]


@pytest.mark.usefixtures("_at_once")
def test_following_ends_and_says_what_to_do_where_the_server_has_forgotten_what_came_next(
    scripted: Scripted,
) -> None:
    forgotten = {"detail": "no such event", "errors": [{"field": "after", "message": "m", "code": "unknown"}]}
    scripted.answers += [streamed("evt_2"), (400, json.dumps(forgotten).encode())]
    words = r"^the event evt_2 is not kept any more.*`horarium events list` shows what is kept"
    assert re.match(words, str(followed(scripted)))


def test_following_ends_at_once_where_the_stream_cannot_be_opened(scripted: Scripted) -> None:
    scripted.answers += [(403, b'{"detail": "the key lacks events:read"}')]
    assert str(followed(scripted)) == "the key lacks events:read"
