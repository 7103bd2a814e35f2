"""Connections that nobody can hold for nothing: limits on heads, bodies, pipelines, unread answers and addresses.

uvicorn's own protocol waits for ever for a head or a body, and takes heads of any size. `limited_protocol` derives one
with limits. It sets no timer for a request, since a deadline is hardly ever reached: one task, `end_slow_connections`,
looks at all connections once a second.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv6Address, ip_address
from typing import Any

from starlette.types import Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

LOOK_S = 1.0

# What a header may hold: everything but control characters, of which a tab is none here.
_ALLOWED = bytes({0x09, *range(0x20, 0x7F), *range(0x80, 0x100)})


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one connection, and one address, may take.

    `head_bytes` and `head_s`: the size of a request's line and headers together, and how long they may take to come.
    `least_rate` and `patience_s`: a body may come slower than so many bytes a second only for that long.
    `unread_bytes`: an answer of which more waits for its reader may be read slower than `least_rate` only as long.
    `unread_per_address` and `unread_s`: how much may wait for the readers of one address together; answers that wait so
    long already are given up for it.
    `pipelined`: requests that may wait behind the one that is being answered.
    `per_address`: connections open at once from one IPv4 address or one /64 network of IPv6; 0 sets no limit.
    """

    head_bytes: int = 64 * 1024
    head_s: float = 10.0
    least_rate: int = 1_000
    patience_s: float = 20.0
    unread_bytes: int = 1024 * 1024
    unread_per_address: int = 128 * 1024 * 1024
    unread_s: float = 2.0
    pipelined: int = 16
    per_address: int = 0


_HEAD_TOO_LARGE = (
    b"431 Request Header Fields Too Large",
    b"the line and the headers of the request are too large",
)


class _Reading(Enum):
    """What a connection is waiting for. NOTHING: an answer is under way, or the next request may come."""

    NOTHING = 0
    HEAD = 1
    BODY = 2


class _Refused(Exception):
    """Raised in the parser's callbacks; the answer stands in `LimitedProtocol.refusal`."""


class _OneSend:
    """A transport that sends the head of an answer together with the beginning of its body, in one call of the system.

    uvicorn writes them one after the other, and a call costs as much as a quarter of a small request. A head that no
    body follows at once is sent in the loop's next step.
    """

    __slots__ = ("_head", "_loop", "_transport", "is_closing")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._head: bytes | None = None
        self.is_closing = transport.is_closing  # it is asked several times for each request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if self._head is not None:
            head, self._head = self._head, None
            self._transport.writelines((head, data))
        elif data.startswith(b"HTTP/1.1 "):
            self._head = data
            self._loop.call_soon(self._send_head)
        else:
            self._transport.write(data)

    def write_whole(self, head: bytes, body: bytes) -> None:
        """Send a whole answer in one call of the system."""
        self._transport.writelines((head, body))

    def close(self) -> None:
        self._send_head()
        self._transport.close()

    def _send_head(self) -> None:
        head, self._head = self._head, None
        if head is not None and not self.is_closing():
            self._transport.write(head)


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol for httptools, with limits. `limited_protocol` sets the two attributes of the class."""

    limits: ConnectionLimits
    open_by_address: Counter[str]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.refusal: bytes | None = None
        self.reading = _Reading.NOTHING
        self.received = 0  # bytes, on this connection
        self.address = ""
        # Bytes of the chunk at hand, and of the head as far as it has been fed to the parser.
        self._chunk, self._head_fed = 0, 0
        # Since when the head or the body is read; what had been received at the last look; seconds that are left.
        self._since, self._seen, self._patience = 0.0, 0, 0.0
        # Whether what is read has begun in the chunk at hand.
        self._begins = False
        # Bytes of answers that wait for the reader, and of which answer, at the last look; since when there are some of
        # it; the seconds that are left to a slow reader.
        self.unread = 0
        self._unread_of: object = None
        self._unread_since, self._readers_patience = 0.0, 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(_OneSend(transport, self.loop))  # type: ignore[arg-type]
        self.address = counted_as(self.client)
        self._begin(_Reading.HEAD)
        self.open_by_address[self.address] += 1
        if self.limits.per_address and self.open_by_address[self.address] > self.limits.per_address:
            self.refuse(b"503 Service Unavailable", b"too many connections from this address")

    def connection_lost(self, exc: Exception | None) -> None:
        self.open_by_address[self.address] -= 1
        if not self.open_by_address[self.address]:
            del self.open_by_address[self.address]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._chunk = len(data)
        self.received += len(data)
        super().data_received(data)
        if self.reading is _Reading.NOTHING:
            if self._is_idle():
                self._begin(_Reading.HEAD)  # empty lines before a request are the beginning of its head
            return
        if self._begins:
            self._begin(self.reading)
        if self.reading is _Reading.HEAD:  # it goes on in the next chunk
            self._head_fed += self._chunk
            if self._head_fed > self.limits.head_bytes:
                self.refuse(*_HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.reading, self._begins = _Reading.HEAD, True
        # The chunk in which a head begins is not counted: the end of the request before may be in it, too.
        self._head_fed = -self._chunk

    def on_headers_complete(self) -> None:
        began_in_this_chunk = self._head_fed < 0
        if not began_in_this_chunk or self._chunk > self.limits.head_bytes:
            size = len(self.url) + sum([len(name) + len(value) + 4 for name, value in self.headers])
            if size > self.limits.head_bytes:
                self.refusal = _answer(*_HEAD_TOO_LARGE)
                raise _Refused
        if len(self.pipeline) >= self.limits.pipelined:
            self.refusal = _answer(b"400 Bad Request", b"too many requests at once on one connection")
            raise _Refused
        self.reading, self._begins = _Reading.BODY, True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.reading = _Reading.NOTHING
        if self._is_idle():  # it was answered before all of it came
            self._since = self.loop.time()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """As uvicorn's, without a timer for each answer: `look` ends connections on which nothing more comes."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self.reading is _Reading.NOTHING:
            self._since = self.loop.time()

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn where the parser gave up, also because of a callback of ours."""
        if self.refusal is None:
            super().send_400_response(msg)
        else:
            self._end(self.refusal)

    def refuse(self, status: bytes, words: bytes) -> None:
        """Answer and close."""
        self._end(_answer(status, words))

    def look(self, now: float) -> None:
        """Close the connection if it is too slow; to be called every LOOK_S. `now` is the loop's time."""
        if self.reading is _Reading.HEAD:
            if now - self._since > self.limits.head_s:
                self.refuse(b"408 Request Timeout", b"the head of the request took too long")
        elif self.reading is _Reading.BODY and not self.flow.read_paused:  # if it is paused, it waits for us
            came, self._seen = self.received - self._seen, self.received
            gained = came / self.limits.least_rate - LOOK_S
            self._patience = min(self.limits.patience_s, self._patience + gained)
            if self._patience < 0:
                self.transport.abort()
        elif self._is_idle() and now - self._since > self.timeout_keep_alive:
            self.transport.close()
        self._look_at_reader(now)

    def _look_at_reader(self, now: float) -> None:
        unread = self.transport.get_write_buffer_size()  # also behind a `close`, which waits for the reader
        taken, self.unread = self.unread - unread, unread
        if not unread or self._unread_of is not self.cycle or taken < 0:  # what was added was read before
            self._unread_of, self._unread_since = self.cycle, now
            self._readers_patience = self.limits.patience_s
        elif unread > self.limits.unread_bytes:
            gained = taken / self.limits.least_rate - LOOK_S
            self._readers_patience = min(self.limits.patience_s, self._readers_patience + gained)
            if self._readers_patience < 0:
                self.give_up()

    def waits_long(self, now: float) -> bool:
        """Whether an answer has waited for its reader for a while."""
        return self.unread > 0 and now - self._unread_since >= self.limits.unread_s

    def give_up(self) -> None:
        """Close the connection without sending the rest of an answer."""
        self.unread = 0
        self.transport.abort()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _begin(self, reading: _Reading) -> None:
        self.reading, self._begins = reading, False
        self._since = self.loop.time()
        self._seen, self._patience = self.received, self.limits.patience_s

    def _end(self, answer: bytes) -> None:
        self.reading = _Reading.NOTHING
        if not self.transport.is_closing():
            # An answer that is under way must not be mixed with this one.
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(answer)
            self.transport.close()


def limited_protocol(limits: ConnectionLimits) -> type[LimitedProtocol]:
    """A class of protocols for one server."""
    return type("Limited", (LimitedProtocol,), {"limits": limits, "open_by_address": Counter()})


def send_whole(
    send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], more_lines: bytes, body: bytes
) -> bool:
    """Send a whole answer in one step, where `send` is that of a connection of LimitedProtocol; whether it was sent.

    The names of headers are in lower case, and `body` is as long as they say. `more_lines` are further headers, each
    with the end of its line. uvicorn takes one step for the head and one for the body, and searches each name and each
    value for what they may not hold: for a small answer with a dozen headers this is a tenth of the whole request.
    """
    cycle = getattr(send, "__self__", None)
    if (
        not isinstance(cycle, RequestResponseCycle)
        or not isinstance(cycle.transport, _OneSend)
        or cycle.response_started
        or cycle.disconnected
        or cycle.flow.write_paused
    ):
        return False
    pieces, ends = [STATUS_LINE[status]], 1
    for name, value in (*cycle.default_headers, *headers):
        pieces += (name, b": ", value, b"\r\n")
        ends += 1
    head = b"".join(pieces)
    if head.translate(None, _ALLOWED) != b"\r\n" * ends:
        return False  # a header holds what it may not; uvicorn says which
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    close = b"" if cycle.keep_alive else b"connection: close\r\n"
    cycle.transport.write_whole(b"".join((head, more_lines, close, b"\r\n")), body)
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True


async def end_slow_connections(state: ServerState) -> None:
    """Look after the connections of a server for as long as it runs."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(LOOK_S)
        now, unread = loop.time(), dict[str, list[LimitedProtocol]]()
        for connection in list(state.connections):
            if isinstance(connection, LimitedProtocol):
                connection.look(now)
                if connection.unread:
                    unread.setdefault(connection.address, []).append(connection)
        for held in unread.values():
            bound_unread(held, now)


def bound_unread(held: list[LimitedProtocol], now: float) -> None:
    """Give up answers that wait for readers of one address, the largest first, until the others are not too much."""
    beyond = sum(one.unread for one in held) - held[0].limits.unread_per_address
    for one in sorted(held, key=lambda one: -one.unread):
        if beyond <= 0:
            return
        if one.waits_long(now):
            beyond -= one.unread
            one.give_up()


def counted_as(client: Any) -> str:
    """What counts as one address: an IPv4 address, or the first half of one of IPv6."""
    if client is None:
        return ""
    try:
        address = ip_address(str(client[0]).partition("%")[0])
    except ValueError:
        return str(client[0])
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or address.packed[:8].hex())
    return str(address)


def _answer(status: bytes, words: bytes) -> bytes:
    return (
        b"HTTP/1.1 %s\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
        % (status, len(words), words)
    )
