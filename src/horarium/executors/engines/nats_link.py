"""Connections to NATS servers, and what is asked over them. They need the client library `nats-py`.

A server is a stranger. Where the target asks for TLS, nothing is said before there is TLS. What a server announces is
not believed: lines and messages have a bound, and other servers that it names are left out.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import logging
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import structlog

from horarium.executors.engines.bounds import Unasked
from horarium.executors.engines.messages import BROKE, EngineRefused, reason_of
from horarium.service.turns import turn

_log = structlog.get_logger(__name__)

CONNECT_S = 5
# The longest answer that is kept: an outcome of 3 MB, in the form in which JetStream shows it. Servers store messages
# of 1 MB unless they are told otherwise.
LONGEST_ANSWER = 4 * 1024 * 1024
# The longest line that is not an answer. The longest of them lists a cluster's servers.
LONGEST_LINE = 32 * 1024
# What is parsed before others have their turn (bytes): short lines take the library a thousand times as long as the
# rest of a message.
_AT_ONCE = 8 * 1024
# How each thing begins that a server says.
_BEGINNING = re.compile(rb"(?:^|\n)(?:PING|PONG|\+OK|-ERR|INFO|H?MSG)", re.IGNORECASE)
# What a server says of an identity that it does not accept.
_IDENTITY = re.compile(
    r"authorization violation|authentication (expired|revoked)|tls required", re.IGNORECASE
)
_NOT_ALLOWED = re.compile(r'permissions violation for .*?"(.*)"', re.IGNORECASE)
NO_TLS = "it offers no TLS, which the target asks for: set up TLS there, or set tls to false"
TLS_ONLY = "it takes only connections with TLS: set tls to true"
_NOT_NATS = "it does not answer as a NATS server does"


class NatsPlace(NamedTuple):
    """A server, and who connects to it. `identity` has the options of the library that say so."""

    host: str
    port: int
    tls: bool
    identity: tuple[tuple[str, str], ...]


class Question(Protocol):
    """What is asked: a message that somebody answers."""

    @property
    def subject(self) -> str: ...

    @property
    def body(self) -> bytes: ...

    @property
    def headers(self) -> Mapping[str, str] | None: ...


QuestionT = TypeVar("QuestionT", bound=Question)


async def connected(address: str, place: NatsPlace) -> Link:
    """A connection to the address that was judged. Raises OSError, EngineRefused where the server does not accept the
    target's configuration, and ImportError."""
    await asyncio.to_thread(importlib.import_module, "nats.aio.client")
    client = _client_class()(place.tls)
    link = Link(client)
    host = f"[{address}]" if ":" in address else address
    context = await asyncio.to_thread(ssl.create_default_context) if place.tls else None
    try:
        # It does not connect again by itself: the server names others, and every address has to be judged.
        await client.connect(
            f"{'tls' if place.tls else 'nats'}://{host}:{place.port}",
            name="horarium",
            allow_reconnect=False,
            max_reconnect_attempts=1,  # 0 would mean for ever, before the first connection too
            reconnect_time_wait=0.1,
            connect_timeout=CONNECT_S,
            error_cb=link.note,
            closed_cb=link.closed,
            tls=context,
            tls_hostname=place.host if place.tls else None,
            skip_subject_validation=True,  # ours are checked: what a value puts in, and the rest with the target
            **dict(place.identity),
        )
        await link.open()
    except BaseException as error:
        await link.close()
        if not isinstance(error, Exception):
            raise
        raise _told(error, link.said) from error
    return link


def errors() -> Any:
    """The errors of the client library, which is imported when it is first needed."""
    return importlib.import_module("nats.errors")


def words_of(error: BaseException) -> str:
    """What an error of the library says."""
    return str(error).removeprefix("nats: ").strip("'") or type(error).__name__


def _told(error: Exception, said: Exception | None) -> Exception:
    """Why there is no connection, as an error that executors know. `said` is the last that the library told."""
    known = errors()
    if isinstance(error, known.NoServersError) and said is not None:  # the library keeps to itself why
        error = said
    match error:
        case EngineRefused() | ImportError():
            return error
        case TimeoutError():
            return OSError("no answer")
        case known.Error() if isinstance(error, known.AuthorizationError) or _IDENTITY.search(str(error)):
            return EngineRefused(f"{words_of(error)}: check token, user and password, or nkey_seed")
        case known.ProtocolError():
            return OSError(_NOT_NATS)
        case known.Error():
            return OSError(words_of(error))
        case OSError():
            return OSError(reason_of(error))
        case AttributeError() | TypeError() | ValueError() | LookupError():
            return OSError(_NOT_NATS)
    return error


@cache
def _client_class() -> Any:
    """The library's client and its parser, with what they lack. Both are replaced in private attributes of the
    library; tests notice if a later version does not look there. What it says of its troubles is left out of the log,
    because the runs tell them."""
    logging.getLogger("nats").setLevel(logging.CRITICAL)
    module = importlib.import_module("nats.aio.client")
    parsers = importlib.import_module("nats.protocol.parser")
    wrong = errors().ProtocolError

    class Bounded(parsers.Parser):  # type: ignore[misc,name-defined]
        """Keeps no more of what a server sends than the longest answer. A longer message arrives with an empty body,
        and whoever waits for it is told so. What is no NATS ends the connection, and so does a server that goes on
        with what it was not asked for."""

        needed: int
        _left_out = 0

        def __init__(self, client: Any) -> None:
            super().__init__(client)
            self._unasked: Unasked = client.unasked

        async def parse(self, data: bytes = b"") -> None:
            if len(data) <= _AT_ONCE:
                await self._parse(data)
                return
            for first in range(0, len(data), _AT_ONCE):
                await turn()
                await self._parse(data[first : first + _AT_ONCE])

        async def _parse(self, data: bytes) -> None:
            passed = min(self._left_out, len(data))
            self._left_out -= passed
            try:
                self._unasked.heard(len(_BEGINNING.findall(data)))
                await super().parse(data[passed:])
            except wrong:
                raise
            except Exception as error:  # the library would only stop to listen
                raise wrong from error
            if self.state == parsers.AWAITING_CONTROL_LINE:
                if len(self.buf) > LONGEST_LINE:
                    raise wrong
            elif self.needed > LONGEST_ANSWER:
                self._left_out = self.needed - len(self.buf)
                self.needed = self.header_needed = 0
                self.buf.clear()

    class Client(module.Client):  # type: ignore[misc,name-defined]
        """Refuses a server without TLS where the target asks for it, before it says who connects."""

        def __init__(self, tls: bool) -> None:
            super().__init__()
            self._tls = tls
            self.unasked = Unasked()
            self._ps = Bounded(self)

        async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
            """Judge what a server says of itself. The servers that it names are of no use: none of them is judged."""
            if not initial_connection:
                return
            if self._tls and not (info.get("tls_required") or info.get("tls_available")):
                raise EngineRefused(NO_TLS)
            if info.get("tls_required") and not self._tls:
                raise EngineRefused(TLS_ONLY)
            info["tls_required"] = self._tls  # the library begins TLS only where the server requires it
            if type(info.get("max_payload")) is not int:
                info.pop("max_payload", None)

        async def _close(self, status: int, do_cbs: bool = True) -> None:
            """End a connection. Where it broke the library may break down at what it has left to send, before it has
            told those who wait for an answer."""
            try:
                await super()._close(status, do_cbs)
            except (OSError, RuntimeError):  # the latter is what uvloop raises
                if do_cbs and self._closed_cb is not None:
                    await self._closed_cb()

    return Client


class Link:
    """A connection, and the answers to what is asked over it. `said` is the last trouble that the library told. One on
    which nothing was heard for as long as somebody could wait is used for nobody else: the server may be gone.

    The library's own way to ask draws two random names and sets a timer for each question, which is as much work as the
    message itself. Here answers come to one name and a number, and whoever asks has a time limit already: one for many.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.said: Exception | None = None
        self._silent = False
        self._heard = 0
        self._waiting: dict[str, tuple[_Asked[Any], Question]] = {}
        self._numbers = itertools.count()
        self._inbox = ""

    @property
    def is_open(self) -> bool:
        return bool(self._client.is_connected) and not self._silent

    async def open(self) -> None:
        """Begin to hear answers. Raises EngineRefused where the identity may not."""
        self._inbox = self._client.new_inbox()
        await self._client.subscribe(f"{self._inbox}.*", future=_Ear(self._answered))
        # What the server says against it comes before the answer to a PING that is sent after it, and the library may
        # send the first PING before it.
        for _ in range(2):
            await self._client.flush(CONNECT_S)
        if self.said is not None and _NOT_ALLOWED.search(str(self.said)):
            raise EngineRefused(
                f"the user may not hear answers: allow it to subscribe to _INBOX.> ({words_of(self.said)})"
            )

    async def ask(self, questions: Sequence[QuestionT], hear: Callable[[QuestionT, Any], None]) -> None:
        """Ask, and hear the answer to each question, or an error in its place: one of the library, EngineRefused where
        the identity may not ask, and OSError where the connection is lost meanwhile."""
        asked = _Asked(hear, len(questions), asyncio.get_running_loop().create_future())
        known, names, heard_before = errors(), list[str](), self._heard
        task = asyncio.current_task()
        given_up = 0 if task is None else task.cancelling()
        self._client.unasked.asked(len(questions))
        try:
            for question in questions:
                name = f"{next(self._numbers):x}"
                names.append(name)
                self._waiting[name] = asked, question
                try:
                    await self._client.publish(
                        question.subject, question.body, f"{self._inbox}.{name}", question.headers
                    )
                except known.ConnectionClosedError:
                    self._hear(name, self._lost())
                except known.Error as error:
                    self._hear(name, error)
                # The library keeps to itself that it was cancelled while it waits for a server that does not read.
                if task is not None and task.cancelling() > given_up:
                    raise asyncio.CancelledError
            await asked.all
        except asyncio.CancelledError:
            self._silent = self._silent or self._heard == heard_before
            raise
        finally:
            for name in names:
                self._waiting.pop(name, None)

    def _answered(self, message: Any) -> None:
        self._heard += 1
        try:
            self._hear(message.subject.rpartition(".")[2], message)
        except Exception:  # it must not end the connection, which others use as well
            _log.exception("engine_answer_not_heard")

    def _hear(self, name: str, answer: Any) -> None:
        found = self._waiting.pop(name, None)
        if found is None:
            return
        asked, question = found
        asked.left -= 1
        if not asked.left and not asked.all.done():
            asked.all.set_result(None)
        asked.hear(question, answer)

    async def note(self, error: Exception) -> None:
        """Hear of a trouble. What the identity may not ask gets no answer but this."""
        self.said = error
        found = _NOT_ALLOWED.search(str(error))
        if found is None:
            return
        for name, (_, question) in list(
            self._waiting.items()
        ):  # the library has made small letters of the name
            if found[1].lower() in (question.subject.lower(), f"{self._inbox}.{name}".lower()):
                self._hear(name, EngineRefused(words_of(error)))

    async def closed(self) -> None:
        """Tell all who wait that no answer comes any more."""
        for name in list(self._waiting):
            self._hear(name, self._lost())

    def _lost(self) -> OSError:
        if isinstance(self._client.last_error, errors().ProtocolError):
            return OSError(_NOT_NATS)
        return OSError(BROKE)

    async def close(self) -> None:
        """Close the connection, also to a server that does not read what it is sent."""
        if self._client.is_connected:
            with suppress(Exception):
                async with asyncio.timeout(CONNECT_S):
                    await self._client.close()
        writer = getattr(self._client._transport, "_io_writer", None)
        if writer is not None:
            writer.transport.abort()


class _Ear(asyncio.Future[Any]):
    """Hears each message of a subscription at once: the library gives it to the future that it was given. A callback
    would cost a place in a queue, a turn of a task and a coroutine for each message."""

    def __init__(self, hear: Callable[[Any], None]) -> None:
        super().__init__()
        self._hear = hear

    def set_result(self, result: Any, /) -> None:
        self._hear(result)


class _Asked(Generic[QuestionT]):
    """Questions that were asked together: who hears the answers, how many are missing, and what is done with the
    last."""

    __slots__ = ("all", "hear", "left")

    def __init__(
        self, hear: Callable[[QuestionT, Any], None], left: int, every: asyncio.Future[None]
    ) -> None:
        self.hear, self.left, self.all = hear, left, every
