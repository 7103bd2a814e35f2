"""How commands speak to a server: what is tried again, what is said where it fails, and what is sent along."""

from __future__ import annotations

import io
import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from horarium_client import following, transport

from horarium.cli.client import SECONDS, connect, up_to
from horarium.cli.connection import ATTEMPTS, Connection
from horarium.cli.events import follow
from horarium.cli.failure import MISUSED, REFUSED, Failure
from tests.support.certificates import certificate


class Scripted(ThreadingHTTPServer):
    """A server that answers by script, and remembers what it was asked."""

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.asked = list(answers), list[tuple[str, str, dict[str, str], bytes]]()
        self.location: str | None = None
        self.missing = 0  # bytes at the end of an answer that never arrive

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
        if self.server.location is not None:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", str(len(said) + self.server.missing))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def answering(server: Scripted) -> Iterator[Scripted]:
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with answering(Scripted()) as server:
        yield server


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


def test_an_export_that_breaks_off_is_told_as_one_that_is_not_whole(scripted: Scripted) -> None:
    scripted.missing = 1
    scripted.answers += [(200, b'{"type": "workspace"}\n{"type": "key"}\n'), *[(200, b"")] * ATTEMPTS]
    with client_of(scripted) as client:
        lines = client.stream("/workspaces/{id}/export", ("current",))
        assert [next(lines), next(lines)] == [b'{"type": "workspace"}', b'{"type": "key"}']
        with pytest.raises(
            Failure, match=r"broke off after 2 lines \(.*\): it is not whole, ask again$"
        ) as said:
            next(lines)
        assert said.value.code == REFUSED
        with pytest.raises(Failure, match=r"^cannot reach"):
            list(client.stream("/audit/export"))


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
    _, _, headers, _ = scripted.asked.pop()
    assert headers["Horarium-Workspace"] == "acme"
    assert headers["Authorization"] == "Bearer hor_x"


def test_an_empty_variable_names_no_workspace(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HORARIUM_WORKSPACE", "")
    scripted.answers += [(200, b"{}")]
    with client_of(scripted) as client:
        client.me.get()
    assert "Horarium-Workspace" not in scripted.asked[0][2]


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
def test_following_says_why_the_connection_broke_and_prints_words_of_events_as_they_are(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken() -> Iterator[bytes]:
        yield 'data: {"name":"Ärger"}\n\n'.encode()
        raise httpx.ReadError("connection reset by peer")

    answers = [httpx.Response(200, content=broken()), httpx.Response(403, json={"detail": "no"})]
    transport = httpx.MockTransport(lambda request: answers.pop(0))
    monkeypatch.setattr("httpx.HTTPTransport", lambda **_: transport)
    with pytest.raises(Failure, match=r"^no$"):
        follow(after="evt_1", url="http://h:1", key="hor_x")
    out, err = capfd.readouterr()
    assert out == '{"name":"Ärger"}\n'
    assert err.startswith("the connection to http://h:1 broke (connection reset by peer); going on after")


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


# The ways in which commands speak to a server.
WAYS: dict[str, Callable[[Connection], Any]] = {
    "a request": lambda client: client.me.get(),
    "a list": lambda client: list(up_to(3, client.runs.list_all)),
    "a stream": lambda client: list(client.stream("/audit/export")),
    "a file": lambda client: client.send_file(
        "PUT", "/directory/{kind}", ("contacts",), io.BytesIO(b"id\n"), "text/csv", 3
    ),
    "events": lambda client: list(client.events.follow()),
}


@pytest.fixture
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "FIRST_WAIT_S", 0.0)


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[Scripted, Path]]:
    """A server that speaks HTTPS as 127.0.0.1, and its certificate, for which nobody else vouches."""
    cert, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = Scripted()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with answering(server):
        yield server, cert


@pytest.mark.usefixtures("_no_wait")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("scheme", ["https", "HTTPS", "Https"])
def test_a_certificate_that_nobody_vouches_for_is_refused_before_the_key_is_sent(
    secured: tuple[Scripted, Path], scheme: str, way: str
) -> None:
    server, _ = secured
    with (
        connect(f"{scheme}://127.0.0.1:{server.server_port}", "hor_x", None) as client,
        pytest.raises(Failure, match=r"^cannot reach .*certificate verify failed"),
    ):
        WAYS[way](client)
    assert server.asked == []


@pytest.mark.usefixtures("_no_wait")
def test_a_certificate_that_the_system_trusts_is_accepted_for_its_own_name_alone(
    secured: tuple[Scripted, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, cert = secured
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    for scheme in ("https", "HTTPS"):
        server.answers.append((200, b'{"id": "me"}'))
        with connect(f"{scheme}://127.0.0.1:{server.server_port}/", "hor_x", None) as client:
            assert client.me.get() == {"id": "me"}
    assert len(server.asked) == 2
    with (
        connect(f"https://localhost:{server.server_port}", "hor_x", None) as client,
        pytest.raises(Failure, match=r"cannot reach .*certificate"),
    ):
        client.me.get()
    assert len(server.asked) == 2


def test_no_redirect_is_followed_since_the_key_would_go_along(scripted: Scripted) -> None:
    with answering(Scripted()) as elsewhere:
        for status in (301, 302, 307, 308):
            scripted.answers.append((status, b"{}"))
            scripted.location = elsewhere.url
            with client_of(scripted) as client, pytest.raises(Failure, match=f"answered {status}"):
                client.me.get()
        assert elsewhere.asked == []


@pytest.mark.usefixtures("_no_wait")
@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_takes_longer_than_it_may_is_given_up(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    silent = threading.Event()
    monkeypatch.setattr(_Handler, "parse_request", lambda _: silent.wait(5) and False)
    try:
        with (
            connect(scripted.url, "hor_x", None, 0.05) as client,
            pytest.raises(Failure, match=r"cannot reach .*timed out"),
        ):
            WAYS[way](client)
    finally:
        silent.set()


def test_an_address_may_have_a_path_and_end_in_a_slash(scripted: Scripted) -> None:
    for ending, path in (("", ""), ("/", ""), ("/behind/a/proxy/", "/behind/a/proxy")):
        scripted.answers.append((200, b"{}"))
        with connect(scripted.url + ending, "hor_x", None) as client:
            client.me.get()
        assert scripted.asked.pop()[1] == f"{path}/horarium/v1/me"


def test_the_address_and_the_key_are_those_of_the_option_then_of_the_environment_then_of_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HORARIUM_URL", "HORARIUM_KEY", "HORARIUM_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Failure, match="no API key") as said:
        connect(None, None, None)
    assert said.value.code == MISUSED

    def found(url: str | None, key: str | None, data: Path | None) -> tuple[str, str]:
        with connect(url, key, data) as client:
            assert client.seconds == SECONDS
            return client.url, client.key

    for folder in ("horarium-data", "named", "given"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "admin.key").write_text(f"hor_{folder}\n")
    assert found(None, None, None) == ("http://127.0.0.1:8080", "hor_horarium-data")
    monkeypatch.setenv("HORARIUM_DATA", "named")
    assert found(None, None, None)[1] == "hor_named"
    assert found(None, None, tmp_path / "given")[1] == "hor_given"
    monkeypatch.setenv("HORARIUM_KEY", "hor_environment")
    monkeypatch.setenv("HORARIUM_URL", "http://environment:1")
    assert found(None, None, tmp_path / "given") == ("http://environment:1", "hor_environment")
    assert found("http://option:2", "hor_option", None) == ("http://option:2", "hor_option")
