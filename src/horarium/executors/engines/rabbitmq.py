"""Runs as messages of RabbitMQ. They need the client library `aiormq`.

A message is published with `mandatory`, since a broker confirms messages that no queue gets, and its confirmation is
waited for within the time of the run: a broker that is short of memory or disk keeps publishers waiting for ever.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import ssl
from collections.abc import Mapping
from functools import cache, partial
from typing import Any, NamedTuple, cast
from urllib.parse import quote

from yarl import URL

from horarium.domain.errors import Problem
from horarium.domain.ids import Id
from horarium.executors.engines.bounds import BoundedReader, NotAsked, TooLong, Unasked, throw_away_unsent
from horarium.executors.engines.brokers import Message
from horarium.executors.engines.connections import Connections
from horarium.executors.engines.hosts import EngineHosts, check_place, host_and_port
from horarium.executors.engines.messages import (
    BROKE,
    EngineRefused,
    check_flag,
    check_text,
    reason_of,
)
from horarium.executors.options import ExecutorOptions
from horarium.executors.secrecy import secret_names
from horarium.executors.template import RenderText, TemplateError, check_template, compile_text
from horarium.service.turns import turn

_PORT, _TLS_PORT = 5672, 5671
_CONNECT_S = 5
# A broker that says nothing for three times as long is gone (s).
_HEARTBEAT_S = 10
_LONGEST_KEY = 255
# The kinds of the frames that announce a message, and that hold a part of one.
_HEAD_OF_CONTENT, _PART_OF_CONTENT = 2, 3
# The longest frame of another kind that is read (bytes). The library decodes it in one step.
_MOST_DECODED = 64 * 1024
# The least that a broker may ask the longest frame to be (bytes): a message is cut into as many in one go.
_LEAST_FRAME = 4_096
# The frames that answer a message, beside those that a message which is given back is cut into.
_FRAMES_OF_ANSWER = 4
# Others have their turn after so many frames that have come at once.
_FRAMES_AT_ONCE = 100


class RabbitPlace(NamedTuple):
    """Where messages go, and who publishes them."""

    host: str
    port: int
    tls: bool
    vhost: str
    user: str
    password: str
    exchange: str
    routing_key: RenderText


class RabbitMq:
    """Publishes to exchanges."""

    name = "rabbitmq"
    fields = ("vhost", "exchange", "routing_key")

    def __init__(self, options: ExecutorOptions) -> None:
        self._hosts = EngineHosts(options)
        self._publishers: Connections[_Publisher] = Connections(
            lambda publisher: publisher.is_open, lambda publisher: publisher.close()
        )

    def check(self, config: Mapping[str, Any]) -> list[Problem]:
        """What is wrong with the fields that say where messages go."""
        problems = [
            *check_place("server", config.get("server"), _PORT),
            *check_flag(config, "tls"),
            *check_text(config, "vhost", longest=255),
            *check_text(config, "user"),
            *check_text(config, "password", longest=4_000),
        ]
        for field in ("exchange", "routing_key"):
            given = config.get(field, "")
            if not isinstance(given, str) or len(given) > _LONGEST_KEY:
                problems.append(
                    Problem(field, f"must be a text of at most {_LONGEST_KEY} characters", "type")
                )
        if not problems:
            problems += check_template(config.get("routing_key", ""), "routing_key", secret_names(config))
        if not config.get("exchange") and not config.get("routing_key"):
            words = "is required without an exchange: it is then the name of the queue"
            problems.append(Problem("routing_key", words, "required"))
        if (config.get("user") is None) != (config.get("password") is None):
            problems.append(Problem("password", "is needed where user is given, and only there"))
        return problems

    def check_host(self, workspace_id: Id, config: Mapping[str, Any]) -> list[Problem]:
        """A problem if the server may not be connected to."""
        wrong = self._hosts.refusal(workspace_id, *_host_and_port(config))
        return [Problem("server", f"cannot be used: {wrong}")] if wrong else []

    def place(self, config: Mapping[str, Any]) -> RabbitPlace:
        """The exchange of a checked configuration."""
        host, port = _host_and_port(config)
        return RabbitPlace(
            host,
            port,
            bool(config.get("tls")),
            config.get("vhost") or "/",
            config.get("user") or "guest",
            config.get("password") or "guest",
            config.get("exchange") or "",
            compile_text(config.get("routing_key") or ""),
        )

    def address(self, place: RabbitPlace, values: Mapping[str, Any]) -> str:
        """The routing key of a run's message. Raises TemplateError."""
        key = place.routing_key(values)
        if len(key.encode()) > _LONGEST_KEY:
            raise TemplateError(f"the routing key is longer than {_LONGEST_KEY} bytes")
        return key

    async def publish(
        self, workspace_id: Id, place: RabbitPlace, address: str, message: Message
    ) -> Mapping[str, Any]:
        """Publishes the message of a run and waits for its confirmation. Raises OSError."""
        # Of one exchange: what closes its channel is no affair of the others.
        connect = partial(self._connect, workspace_id, place)
        self._hosts.require(workspace_id, place.host, place.port)
        async with self._publishers.hold(workspace_id, place[:-1], connect) as publisher:
            await publisher.publish(place.exchange, address, message)
        return {"exchange": place.exchange, "routing_key": address, "message_id": message.run}

    async def _connect(self, workspace_id: Id, place: RabbitPlace) -> _Publisher:
        aiormq = await asyncio.to_thread(_library)
        user, password, vhost = (quote(part, safe="") for part in (place.user, place.password, place.vhost))
        host = f"[{place.host}]" if ":" in place.host else place.host
        url = f"amqp://{user}:{password}@{host}:{place.port}/{vhost}?heartbeat={_HEARTBEAT_S}&name=horarium"
        judged = _judged(self._hosts, workspace_id, place)
        connection = aiormq.Connection(URL(url, encoded=True), transport_factory=judged)
        try:
            async with asyncio.timeout(_CONNECT_S):
                await connection.connect()
                if 0 < connection.connection_tune.frame_max < _LEAST_FRAME:
                    raise EngineRefused(f"the broker takes only frames of less than {_LEAST_FRAME} bytes")
                if not _confirms(connection.server_properties):
                    raise EngineRefused(
                        "the broker does not say that it confirms messages (publisher_confirms)"
                    )
                return _Publisher(connection, await connection.channel(on_return_raises=True), judged)
        except BaseException as error:
            if judged.writer is not None:  # the library would wait for whatever it has been promised
                judged.writer.transport.abort()
            await connection.close()
            if not isinstance(error, Exception):
                raise
            raise told(error) from error

    async def close(self) -> None:
        """Closes all connections."""
        await self._publishers.close()
        await self._hosts.close()


class _Publisher:
    """A connection with one channel, for one exchange. One that has confirmed nothing for as long as a run could wait
    is used for no other run, and closed once those that wait for it have ended as well: what the broker has of them it
    may still confirm."""

    def __init__(self, connection: Any, channel: Any, judged: Any) -> None:
        self._connection, self._channel, self._judged = connection, channel, judged
        self._silent = False
        self._confirmed = self._waiting = 0
        self._nobody_waits = asyncio.Event()
        self._nobody_waits.set()

    @property
    def is_open(self) -> bool:
        return not (self._silent or self._connection.is_closed or self._channel.is_closed)

    async def publish(self, exchange: str, routing_key: str, message: Message) -> None:
        """Publish a message and wait for its confirmation. Raises OSError."""
        spec = importlib.import_module("aiormq").spec
        event = {f"cloudEvents_{name}": value for name, value in message.event.items()}
        properties = spec.Basic.Properties(
            message_id=message.run,
            message_type=message.event["type"],
            content_type="application/json",
            delivery_mode=2,
            app_id="horarium",
            headers={**event, **message.headers},
        )
        confirmed_before = self._confirmed
        self._waiting += 1
        self._nobody_waits.clear()
        self._judged.frames.asked(len(message.body))
        try:
            await self._channel.basic_publish(
                message.body,
                exchange=exchange,
                routing_key=routing_key,
                properties=properties,
                mandatory=True,
            )
            self._confirmed += 1
        except (
            asyncio.CancelledError
        ):  # by who waits for it, or by the library, which has closed the connection
            self._silent = self._silent or self._confirmed == confirmed_before
            raise
        except Exception as error:
            raise told(error) from error
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._nobody_waits.set()

    async def close(self) -> None:
        await self._nobody_waits.wait()
        throw_away_unsent(self._judged.writer)
        await self._connection.close()


@cache
def _library() -> Any:
    """The client library. What it says of its troubles is left out of the log, because the runs tell them."""
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)
    return importlib.import_module("aiormq")


def told(error: Exception) -> Exception:
    """An error of the client library as one that executors know."""
    errors = importlib.import_module("aiormq.exceptions")
    match error:
        case errors.PublishError():
            return EngineRefused("no queue is bound there for this routing key")
        case errors.DeliveryError():
            return EngineRefused("the broker did not take the message (nack)")
        case (
            errors.AuthenticationError()
            | errors.ProbableAuthenticationError()
            | errors.ConnectionNotAllowed()
        ):
            return EngineRefused("the broker does not accept this user, or not for this vhost")
        case errors.InvalidFrameError() if "Connection.Close" in str(
            error
        ):  # in place of the answer to "open"
            return EngineRefused(
                "the broker does not open this vhost: it does not exist, or not for this user"
            )
        case errors.ProtocolSyntaxError() | errors.IncompatibleProtocolError():
            return OSError("it does not answer as RabbitMQ does")
        case errors.AMQPChannelError():
            return EngineRefused(f"the broker closed the channel: {error}")
        case OSError():
            return error if type(error).__module__.startswith("horarium.") else OSError(reason_of(error))
        case errors.AMQPError() | RuntimeError():
            return OSError(f"the connection broke ({type(error).__name__})")
    if type(error) is Exception:  # so the library tells that it has closed the connection
        return OSError(BROKE)
    return error


def _confirms(said: Any) -> bool:
    """Whether a broker confirms messages, by what it says of itself. The library takes for granted that it says it."""
    match said:
        case {"capabilities": {"publisher_confirms": confirms}}:
            return bool(confirms)
    return False


def _host_and_port(config: Mapping[str, Any]) -> tuple[str, int]:
    return host_and_port(config["server"], _TLS_PORT if config.get("tls") else _PORT)


def _judged(hosts: EngineHosts, workspace_id: Id, place: RabbitPlace) -> Any:
    """What opens the library's connections: to the address that the guard has judged."""
    base = importlib.import_module("aiormq.connection").TransportFactory

    class Judged(base):  # type: ignore[misc,valid-type]
        writer: asyncio.StreamWriter | None = None
        frames: _Frames

        async def create(self, url: URL, **options: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            address = await hosts.address(workspace_id, place.host, place.port)
            tls: dict[str, Any] = {}
            if place.tls:
                context = await asyncio.to_thread(ssl.create_default_context)
                tls = {"ssl": context, "server_hostname": place.host}
            reader, writer = await asyncio.open_connection(address, place.port, **tls)
            self.writer, self.frames = writer, _Frames(reader)
            return cast("asyncio.StreamReader", self.frames), writer

    return Judged()


class _Frames(BoundedReader):
    """Reads frames as the library does, in three pieces: the kind, the rest of the head, the content and an end. A
    broker announces a message before the frames that make it up. The only ones that it may send are ours which no
    queue gets, so none is longer than the longest of ours."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        super().__init__(reader)
        self._pieces, self._kind = 0, 0
        self._unasked, self._longest = Unasked(), 0

    def asked(self, length: int) -> None:
        """A message of so many bytes is published, which the broker may give back."""
        self._longest = max(self._longest, length)
        self._unasked.asked(_FRAMES_OF_ANSWER + 2 * length // _LEAST_FRAME)

    async def readexactly(self, n: int) -> bytes:
        if self._pieces % 3 == 2 and self._kind != _PART_OF_CONTENT and n > _MOST_DECODED:
            raise TooLong(_MOST_DECODED)
        piece = await super().readexactly(n)
        match self._pieces % 3:
            case 0:
                self._unasked.heard(1)
                self._kind = piece[0]
            case 2 if self._kind == _HEAD_OF_CONTENT and int.from_bytes(piece[4:12]) > self._longest:
                raise NotAsked
        self._pieces += 1
        if self._pieces % (3 * _FRAMES_AT_ONCE) == 0:
            await turn()
        return piece
