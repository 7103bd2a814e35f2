"""The two clients: `Horarium` waits for answers, `AsyncHorarium` is awaited."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import aclosing, closing
from types import TracebackType
from typing import Any, Self

import httpx

from horarium_client import resources
from horarium_client.errors import HorariumError, NotReached
from horarium_client.following import Following
from horarium_client.transport import (
    Lines,
    Request,
    after_doubt,
    as_lines,
    decoded,
    file_request,
    from_lines,
    headers_for,
    leaves_doubt,
    path_of,
    request_of,
    wait_before_retry,
)

# How long an answer may take, and how often a request is tried, unless the client is told otherwise.
TIMEOUT_S = 60.0
ATTEMPTS = 4


class Horarium(resources.Resources):
    """A client of one server with one key. It keeps connections open: close it, or use it as a context manager.

    `attempts`: how often a request is tried that may be repeated: reads, writes by key or id, and those that carry an
    Idempotency-Key, which the client makes itself. What the server refuses with 429 is repeated as well. `timeout`:
    seconds for one attempt. `workspace`: id of the workspace that a key of the whole server acts in.
    `transport`: how httpx sends, for proxies, certificates and tests.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        attempts: int = ATTEMPTS,
        timeout: float = TIMEOUT_S,
        workspace: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = headers_for(key, workspace)
        self._http = httpx.Client(
            base_url=url.rstrip("/"), headers=headers, timeout=timeout, transport=transport
        )
        self._attempts = attempts
        super().__init__(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def call(
        self,
        method: str,
        template: str,
        segments: tuple[object, ...] = (),
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        body: Any = None,
        *,
        takes_key: bool = False,
    ) -> Any:
        """Send a request and return the value of its answer. Raises a HorariumError."""
        path = path_of(template, *segments)
        return decoded(
            self._send(request_of(method, path, query or {}, headers or {}, body, takes_key=takes_key))
        )

    def call_lines(
        self,
        method: str,
        template: str,
        bodies: Iterable[Any],
        query: Mapping[str, Any],
        *,
        takes_key: bool = False,
    ) -> Iterator[Any]:
        """Send bodies as NDJSON, in pieces; the values of the answers, in the order of the bodies."""
        for before, piece in as_lines(bodies):
            request = request_of(
                method, template, query, {}, None, piece, "application/x-ndjson", takes_key=takes_key
            )
            yield from from_lines(decoded(self._send(request)) or "", before)

    def call_file(
        self,
        method: str,
        template: str,
        segments: tuple[object, ...],
        content: Iterable[bytes],
        content_type: str,
        length: int,
    ) -> Any:
        """Send a file of so many bytes, piece by piece and once; the value of the answer. Raises a HorariumError."""
        request = file_request(method, path_of(template, *segments), content, content_type, length)
        return decoded(self._send(request))

    def stream(
        self,
        template: str,
        segments: tuple[object, ...] = (),
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> Generator[bytes, None, None]:
        """The lines of an answer as they arrive, without their ends. Raises a HorariumError."""
        request = request_of("GET", path_of(template, *segments), query or {}, headers or {})
        answer = self._send(request, stream=True)
        try:
            if not answer.is_success:
                answer.read()
                decoded(answer)
            lines = Lines()
            for piece in answer.iter_bytes():
                yield from lines.fed(piece)
            yield from lines.end()
        except httpx.HTTPError as error:
            raise _not_reached(error) from error
        finally:
            answer.close()

    def follow(
        self,
        template: str,
        query: Mapping[str, Any],
        after: str | None,
        broken: Callable[[HorariumError | None], None] | None = None,
    ) -> Iterator[Any]:
        """The events of a list as they happen, after an event or from now on. A stream that breaks is opened again
        after the last event. `broken` is called once for each time that it breaks, with the error if there is one.
        Raises a HorariumError where it cannot be opened, EventForgotten for an event that is not kept."""
        at = Following(after)
        if after is None:  # so that nothing is missed if the stream breaks before the first event
            newest = self.call("GET", template, query={"limit": 1})["items"]
            at.last = newest[0]["id"] if newest else None
        again = False
        while True:
            error: HorariumError | None = None
            try:
                # Where there was no event at the beginning, all that there are came since.
                if again and at.last is None:
                    for event in self.pages(template, (), {**query, "order": "oldest"}):
                        yield at.seen(event)
                with closing(self.stream(template, (), query, at.headers)) as lines:
                    for line in lines:
                        if (event := at.fed(line)) is not None:
                            yield event
            except HorariumError as raised:
                error = raised
            wait = at.wait_before_return(error)
            if broken is not None and at.broke_just_now:
                broken(error)
            time.sleep(wait)
            again = True

    def read_lines(
        self, template: str, segments: tuple[object, ...], query: Mapping[str, Any]
    ) -> Iterator[Any]:
        """The values of an answer in NDJSON, as they arrive."""
        with closing(self.stream(template, segments, query)) as lines:
            for line in lines:
                if line:
                    yield json.loads(line)

    def pages(self, template: str, segments: tuple[object, ...], query: Mapping[str, Any]) -> Iterator[Any]:
        """The items of a list over all of its pages."""
        cursor = None
        while True:
            page = self.call("GET", template, segments, {**query, "cursor": cursor})
            yield from page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def _send(self, request: Request, stream: bool = False) -> httpx.Response:
        attempt, in_doubt = 1, False
        while True:
            status = retry_after = None
            error: httpx.HTTPError | None = None
            try:
                sent = self._http.build_request(
                    request.method,
                    request.path,
                    params=request.query,
                    headers=request.headers,
                    content=request.content,
                )
                answer = self._http.send(sent, stream=stream)
                status, retry_after = answer.status_code, answer.headers.get("retry-after")
            except httpx.HTTPError as raised:
                error = raised
            wait = wait_before_retry(request, status, retry_after, attempt, time.time())
            if wait is None or attempt >= self._attempts:
                if error is not None:
                    raise _not_reached(error) from error
                return after_doubt(request, answer) if in_doubt else answer
            in_doubt = in_doubt or leaves_doubt(status)
            if error is None:
                answer.close()
            time.sleep(wait)
            attempt += 1


class AsyncHorarium(resources.AsyncResources):
    """As `Horarium`, with methods that are awaited and lists that are read by `async for`."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        attempts: int = ATTEMPTS,
        timeout: float = TIMEOUT_S,
        workspace: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        headers = headers_for(key, workspace)
        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/"), headers=headers, timeout=timeout, transport=transport
        )
        self._attempts = attempts
        super().__init__(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def call(
        self,
        method: str,
        template: str,
        segments: tuple[object, ...] = (),
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        body: Any = None,
        *,
        takes_key: bool = False,
    ) -> Any:
        """Send a request and return the value of its answer. Raises a HorariumError."""
        path = path_of(template, *segments)
        request = request_of(method, path, query or {}, headers or {}, body, takes_key=takes_key)
        return decoded(await self._send(request))

    async def call_lines(
        self,
        method: str,
        template: str,
        bodies: Iterable[Any],
        query: Mapping[str, Any],
        *,
        takes_key: bool = False,
    ) -> AsyncIterator[Any]:
        """Send bodies as NDJSON, in pieces; the values of the answers, in the order of the bodies."""
        for before, piece in as_lines(bodies):
            request = request_of(
                method, template, query, {}, None, piece, "application/x-ndjson", takes_key=takes_key
            )
            for value in from_lines(decoded(await self._send(request)) or "", before):
                yield value

    async def call_file(
        self,
        method: str,
        template: str,
        segments: tuple[object, ...],
        content: AsyncIterable[bytes],
        content_type: str,
        length: int,
    ) -> Any:
        """Send a file of so many bytes, piece by piece and once; the value of the answer. Raises a HorariumError."""
        request = file_request(method, path_of(template, *segments), content, content_type, length)
        return decoded(await self._send(request))

    async def stream(
        self,
        template: str,
        segments: tuple[object, ...] = (),
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """The lines of an answer as they arrive, without their ends. Raises a HorariumError."""
        request = request_of("GET", path_of(template, *segments), query or {}, headers or {})
        answer = await self._send(request, stream=True)
        try:
            if not answer.is_success:
                await answer.aread()
                decoded(answer)
            lines = Lines()
            async for piece in answer.aiter_bytes():
                for line in lines.fed(piece):
                    yield line
            for line in lines.end():
                yield line
        except httpx.HTTPError as error:
            raise _not_reached(error) from error
        finally:
            await answer.aclose()

    async def follow(self, template: str, query: Mapping[str, Any], after: str | None) -> AsyncIterator[Any]:
        """The events of a list as they happen, after an event or from now on. A stream that breaks is opened again
        after the last event. Raises a HorariumError where it cannot be opened, EventForgotten for an event that is not
        kept."""
        at = Following(after)
        if after is None:  # so that nothing is missed if the stream breaks before the first event
            newest = (await self.call("GET", template, query={"limit": 1}))["items"]
            at.last = newest[0]["id"] if newest else None
        again = False
        while True:
            error: HorariumError | None = None
            try:
                if (
                    again and at.last is None
                ):  # there was no event at the beginning, so all that there are came since
                    async for event in self.pages(template, (), {**query, "order": "oldest"}):
                        yield at.seen(event)
                async with aclosing(self.stream(template, (), query, at.headers)) as lines:
                    async for line in lines:
                        if (event := at.fed(line)) is not None:
                            yield event
            except HorariumError as raised:
                error = raised
            await asyncio.sleep(at.wait_before_return(error))
            again = True

    async def read_lines(
        self, template: str, segments: tuple[object, ...], query: Mapping[str, Any]
    ) -> AsyncIterator[Any]:
        """The values of an answer in NDJSON, as they arrive."""
        async with aclosing(self.stream(template, segments, query)) as lines:
            async for line in lines:
                if line:
                    yield json.loads(line)

    async def pages(
        self, template: str, segments: tuple[object, ...], query: Mapping[str, Any]
    ) -> AsyncIterator[Any]:
        """The items of a list over all of its pages."""
        cursor = None
        while True:
            page = await self.call("GET", template, segments, {**query, "cursor": cursor})
            for item in page["items"]:
                yield item
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    async def _send(self, request: Request, stream: bool = False) -> httpx.Response:
        attempt, in_doubt = 1, False
        while True:
            status = retry_after = None
            error: httpx.HTTPError | None = None
            try:
                sent = self._http.build_request(
                    request.method,
                    request.path,
                    params=request.query,
                    headers=request.headers,
                    content=request.content,
                )
                answer = await self._http.send(sent, stream=stream)
                status, retry_after = answer.status_code, answer.headers.get("retry-after")
            except httpx.HTTPError as raised:
                error = raised
            wait = wait_before_retry(request, status, retry_after, attempt, time.time())
            if wait is None or attempt >= self._attempts:
                if error is not None:
                    raise _not_reached(error) from error
                return after_doubt(request, answer) if in_doubt else answer
            in_doubt = in_doubt or leaves_doubt(status)
            if error is None:
                await answer.aclose()
            await asyncio.sleep(wait)
            attempt += 1


def _not_reached(error: httpx.HTTPError) -> HorariumError:
    return NotReached(f"the server was not reached: {error or type(error).__name__}")
