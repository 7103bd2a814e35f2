"""Reads the heads of HTTP answers (status line and headers) as servers in the wild write them.

The HTTP library refuses some answers that every browser accepts. `AnswerProtocol` stands between a connection and the
library's parser, and hands it a whole head at a time:

- A head may be 64 KB long and have 1,000 headers. A longer one is not valid HTTP.
- The heads of status 1xx that come before the answer may have as much together. So nobody keeps us reading them.
- What stands around the pieces of a body, such as the sizes and extensions of chunks and the headers behind the last
  one, may be a multiple of the body and 1 MB beyond that. No limit of bodies counts it.
- A Content-Length that is given several times with the same value counts once (RFC 9110, section 8.6).
- An answer of status 204 or 304 has no body. If a body follows all the same, it is ignored, and the connection is not
  used again.
- An answer of status 101 ends HTTP on its connection, which is not used again.
- What a server says before it was asked, or behind its answer, is no answer to the next request. Nobody is asked on a
  connection on which that has come.
- What a server has not read of a request, when nobody waits for its answer any more, is thrown away.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from aiohttp import ClientPayloadError, client_proto
from aiohttp.http_exceptions import BadHttpMessage

# Bytes of a head, and headers in it.
MOST_HEAD = 64 * 1024
MOST_HEADERS = 1000
# Bytes of an answer that may arrive for each byte of its body, and beyond that. A body of one byte in each chunk takes
# six times its length; some that have been taken in may wait for the reader.
MOST_FRAMING, MOST_BESIDE = 16, 1024 * 1024

_LIMITS = {"max_line_size": MOST_HEAD, "max_field_size": MOST_HEAD, "max_headers": MOST_HEADERS}
_WITHOUT_BODY = (b"204", b"304")
_END = re.compile(rb"\n\r?\n")
_LENGTHS = re.compile(rb"\ncontent-length[ \t]*:([^\n]*)", re.IGNORECASE)
_BODY_FOLLOWS = re.compile(
    rb"\n(?:content-length[ \t]*:[ \t]*0*[1-9]|transfer-encoding[ \t]*:)", re.IGNORECASE
)


class AnswerNotTaken(BadHttpMessage):
    """An answer that its reader does not take in. `message` says what is wrong with it."""


class AnswerTooLarge(AnswerNotTaken):
    """An answer that holds more than its reader takes in."""


class AnswerUnasked(AnswerNotTaken):
    """An answer that came before there was a request."""

    def __init__(self) -> None:
        super().__init__("it came before anything was asked")


class HeadTooLarge(AnswerTooLarge):
    """A head is longer than MOST_HEAD, or has more than MOST_HEADERS headers; or those before it are together."""

    def __init__(self) -> None:
        super().__init__(
            f"its head is longer than {MOST_HEAD // 1024} KB or has more than {MOST_HEADERS} headers"
        )


class FramingTooLarge(AnswerTooLarge):
    """Around the pieces of a body stands more than MOST_FRAMING and MOST_BESIDE allow."""

    def __init__(self) -> None:
        super().__init__("there is far more around its body than in it")


class AnswerProtocol(client_proto.ResponseHandler):
    """The protocol of one connection. It holds back what has come of a head until the head is complete."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._in_head = False
        self._held = b""
        # Whether there is a request whose answer is not complete.
        self._asked = False
        # Bytes and lines of the heads of status 1xx; bytes of the answer behind them.
        self._announced, self._announced_lines = 0, 0
        self._arrived = 0

    def set_response_params(self, **params: Any) -> None:
        """Called by the library when a request is sent: an answer is expected from now on."""
        self._in_head, self._held, self._asked = True, b"", True
        self._announced, self._announced_lines, self._arrived = 0, 0, 0
        self._payload = None  # that of the answer before
        params.update(_LIMITS)
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop with what has arrived, and by the library with nothing."""
        if data and not self._asked:
            self._refuse(AnswerUnasked())
            return
        self._take(data)
        if not self._in_head and self._payload is not None and self._payload.is_eof():
            self._asked = False

    def _take(self, data: bytes) -> None:
        """Hand what has arrived to the parser, a whole head at a time."""
        while self._in_head and data:
            head, data = self._next_head(data)
            if not head:
                return
            self._arrived = len(head)
            super().data_received(head)
            if not data:
                return
        self._arrived += len(data)
        super().data_received(data)
        self._bound_framing()

    def close(self) -> None:
        """Called by the library. What is left of a request is not sent any more: a server that does not read it would
        keep the connection and the request for as long as it likes."""
        if self.transport is not None and self.transport.get_write_buffer_size():
            self.abort()
        else:
            super().close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Called by the event loop when the connection is closed. A head that was cut short goes to the parser, which
        says what is wrong with it."""
        held, self._held, self._in_head = self._held, b"", False
        if held:
            super().data_received(held)
        super().connection_lost(exc)

    def _next_head(self, data: bytes) -> tuple[bytes, bytes]:
        """The first head in what has arrived, and what follows it. A head that is not complete is held back; both are
        empty then. Where the library reads the head as it is, and a body may follow, both come as one."""
        known = len(self._held)
        if known:
            data, self._held = self._held + data, b""
        if not data.startswith(b"HTTP/"[: len(data)]):
            self._in_head = False  # the parser says that this is not HTTP
            return data, b""
        found = _END.search(data, max(known - 2, 0), MOST_HEAD)
        if found is None and len(data) < MOST_HEAD:
            self._held = data
            return b"", b""
        if found is None or data.count(b"\n", 0, found.end()) > MOST_HEADERS + 2:
            self._refuse(HeadTooLarge())
            return b"", b""
        head, rest = data[: found.end()], data[found.end() :]
        status = head[9:12]
        # Heads with a status from 100 to 199 only announce the one that counts; 101 ends HTTP on this connection.
        self._in_head = status.startswith(b"1") and status != b"101"
        if self._in_head:
            self._announced += len(head)
            self._announced_lines += head.count(b"\n")
            if self._announced > MOST_HEAD or self._announced_lines > MOST_HEADERS:
                self._refuse(HeadTooLarge())
                return b"", b""
        if status == b"101":
            self.force_close()  # what it speaks from now on is no HTTP: no other request may be sent on it
        if status in _WITHOUT_BODY:
            if rest or _BODY_FOLLOWS.search(head):
                self.force_close()
            return head, b""
        mended = _with_one_length(head)
        return (data, b"") if mended is head and not self._in_head else (mended, rest)

    def _refuse(self, why: AnswerNotTaken) -> None:
        """End the exchange, and the connection with it."""
        if self.transport is not None:
            self.transport.close()
        self.set_exception(why)

    def _bound_framing(self) -> None:
        """End the exchange if far more has arrived than the body that was found in it."""
        body = self._payload
        found = 0 if body is None else body.total_bytes
        if self._arrived <= MOST_FRAMING * found + MOST_BESIDE or self.transport is None:
            return
        self.transport.close()
        if body is not None and not body.is_eof():
            error = ClientPayloadError("its framing is too large")
            error.__cause__ = FramingTooLarge()
            body.set_exception(error)


def _with_one_length(head: bytes) -> bytes:
    """The head with one Content-Length where it has several that say the same; otherwise the head as it is."""
    found = _LENGTHS.findall(head)
    if len(found) < 2 and (not found or b"," not in found[0]):
        return head
    values = {value.strip() for line in found for value in line.split(b",")}
    if len(values) != 1:
        return head  # they differ, and the parser refuses that
    once = iter([b"\nContent-Length: " + values.pop() + b"\r"])
    return _LENGTHS.sub(lambda _: next(once, b""), head)
