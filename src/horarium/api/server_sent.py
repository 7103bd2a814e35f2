"""Server-sent events: an answer that goes on until its caller goes, may not read it any more, or the server stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

from starlette.types import Receive, Scope, Send

from horarium.api.bodies import look_at_key_again
from horarium.api.web import Answer
from horarium.domain.errors import HorariumError

STREAM = "text/event-stream"
# How often something is sent to those who follow although nothing has happened, so that both sides know that the
# connection lives. Their key is checked again then.
BEAT_S = 15.0
# After so long a client that was disconnected comes back (ms).
RETRY_MS = 2_000


class ServerSent(Answer):
    """Messages as they come; an empty one stands for a time in which nothing came. `may` is asked then, and every
    BEAT_S seconds in any case. The stream ends where it raises an error; and before a message that comes when the key
    was revoked."""

    __slots__ = ("_found", "_may")

    def __init__(
        self,
        found: AsyncGenerator[bytes],
        may: Callable[[], Awaitable[object]],
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        super().__init__(200)
        self._found, self._may = found, may
        self.headers = [
            (b"content-type", STREAM.encode()),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
            *headers,
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        if scope["method"] != "HEAD":
            sending = asyncio.ensure_future(self._send(scope, send))
            gone = asyncio.ensure_future(_until_gone(receive))
            try:
                await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (sending, gone):
                    task.cancel()
                await asyncio.gather(sending, gone, return_exceptions=True)
        else:
            await self._found.aclose()
        await send({"type": "http.response.body", "body": b""})

    async def _send(self, scope: Scope, send: Send) -> None:
        async def piece(body: bytes) -> None:
            await send({"type": "http.response.body", "body": body, "more_body": True})

        loop = asyncio.get_running_loop()
        asked = loop.time()
        async with aclosing(self._found):
            await piece(b"retry: %d\n\n" % RETRY_MS)
            async for message in self._found:
                try:
                    await look_at_key_again(scope)
                    if not message or loop.time() >= asked + BEAT_S:
                        await self._may()
                        asked = loop.time()
                except HorariumError:
                    return
                await piece(message or b":\n\n")


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
