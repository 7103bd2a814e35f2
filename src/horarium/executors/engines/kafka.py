"""Runs as records of Kafka topics. They need the client library `aiokafka`.

A cluster names all its brokers to its clients, so each of them is judged when it is connected to. The library has no
public way to make its connections, so the function by which it makes them is replaced, for this whole process: a
connection that no guard judges is refused. Tests notice if a later version makes its connections elsewhere.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import ssl
from collections.abc import Collection, Mapping
from contextlib import suppress
from contextvars import ContextVar
from functools import cache, partial
from typing import Any, NamedTuple

from horarium.domain.errors import Problem
from horarium.domain.ids import Id
from horarium.executors.egress import AddressRefused
from horarium.executors.engines.bounds import BoundedReader, TooLong, throw_away_unsent
from horarium.executors.engines.brokers import Message
from horarium.executors.engines.connections import Connections
from horarium.executors.engines.hosts import EngineHosts, check_place, host_and_port
from horarium.executors.engines.messages import (
    BROKE,
    EngineRefused,
    check_choice,
    check_flag,
    check_text,
    reason_of,
    refusal_in,
)
from horarium.executors.options import ExecutorOptions

_PORT = 9092
# How long a broker may take for one request (ms). A record that no broker has taken by then is given up.
_REQUEST_MS = 10_000
# How long a new client may take until it knows the cluster (s).
_CONNECT_S = 10
# The longest answer that is read (bytes): 10,000 partitions of a topic. The library decodes it in one step.
_MOST_READ = 512 * 1024
# The steps of SCRAM that a cluster may ask for; usual are 4,096. They take a thread that cannot be told to give up.
_MOST_STEPS = 1_000_000
# Brokers that one client is connected to at the same time: a cluster may name new ones without end.
_MOST_BROKERS = 100
_NOT_KAFKA = "it does not answer as Kafka does"
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


class KafkaPlace(NamedTuple):
    """Where records go, and who produces them."""

    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None
    mechanism: str
    topic: str


class _Judge:
    """Tells the addresses of a cluster's brokers for one client. `refused` is done once there is a broker that may not
    be connected to, that does not accept the user, or that sends too much: the library itself would only try again.
    `said` is why a broker could not be connected to. `connections` are those that were made, since the library forgets
    one that it gives up."""

    def __init__(self, hosts: EngineHosts, workspace_id: Id) -> None:
        self._hosts, self._workspace_id = hosts, workspace_id
        self.refused: asyncio.Future[OSError] = asyncio.get_running_loop().create_future()
        self.said: Exception | None = None
        self.connections: set[Any] = set()

    async def address(self, host: str, port: int) -> str:
        """The address to connect to. Raises AddressRefused, and OSError for a name that is not known and for what is no
        port."""
        if not 0 < port < 65_536:
            raise OSError(_NOT_KAFKA)
        try:
            return await self._hosts.address(self._workspace_id, host, port)
        except AddressRefused as error:
            self.refuse(error)
            raise

    def hear(self, error: Exception) -> None:
        """Note why a broker could not be connected to, which the library keeps to itself."""
        self.said = error
        if isinstance(error, EngineRefused):
            self.refuse(error)

    def refuse(self, error: OSError) -> None:
        """Give the client up: whoever waits for it is told why."""
        if not self.refused.done():
            self.refused.set_result(error)

    def close(self) -> None:
        """Close what is still open of the client's connections."""
        for connection in list(self.connections):
            connection.close()


# The judge of the client in whose tasks a connection is made.
_judge: ContextVar[_Judge | None] = ContextVar("kafka_judge", default=None)


class Kafka:
    """Produces records: each is acknowledged by all replicas that are in sync."""

    name = "kafka"
    fields = ("topic", "mechanism")

    def __init__(self, options: ExecutorOptions) -> None:
        self._hosts = EngineHosts(options)
        self._producers: Connections[_Producer] = Connections(
            lambda producer: producer.is_usable, lambda producer: producer.close()
        )

    def check(self, config: Mapping[str, Any]) -> list[Problem]:
        """What is wrong with the fields that say where messages go."""
        problems = [
            *check_place("server", config.get("server"), _PORT),
            *check_flag(config, "tls"),
            *check_text(config, "topic", required=True, longest=249),
            *check_choice(config, "mechanism", _MECHANISMS),
            *check_text(config, "user"),
            *check_text(config, "password", longest=4_000),
        ]
        if (config.get("user") is None) != (config.get("password") is None):
            problems.append(Problem("password", "is needed where user is given, and only there"))
        return problems

    def check_host(self, workspace_id: Id, config: Mapping[str, Any]) -> list[Problem]:
        """A problem if the server may not be connected to."""
        wrong = self._hosts.refusal(workspace_id, *host_and_port(config["server"], _PORT))
        return [Problem("server", f"cannot be used: {wrong}")] if wrong else []

    def place(self, config: Mapping[str, Any]) -> KafkaPlace:
        """The topic of a checked configuration."""
        host, port = host_and_port(config["server"], _PORT)
        mechanism = config.get("mechanism") or "PLAIN"
        user, password = config.get("user"), config.get("password")
        return KafkaPlace(host, port, bool(config.get("tls")), user, password, mechanism, config["topic"])

    def address(self, place: KafkaPlace, values: Mapping[str, Any]) -> str:
        """The topic: the same for all runs."""
        return place.topic

    async def publish(
        self, workspace_id: Id, place: KafkaPlace, address: str, message: Message
    ) -> Mapping[str, Any]:
        """Produces the record of a run and waits until it is acknowledged. Raises OSError."""
        connect = partial(self._connect, workspace_id, place)
        self._hosts.require(workspace_id, place.host, place.port)
        async with self._producers.hold(workspace_id, place[:-1], connect) as producer:
            partition, offset = await producer.send(address, message)
        return {"topic": address, "partition": partition, "offset": offset}

    async def _connect(self, workspace_id: Id, place: KafkaPlace) -> _Producer:
        aiokafka = await asyncio.to_thread(_library)
        judge = _Judge(self._hosts, workspace_id)
        await judge.address(place.host, place.port)  # what is refused is told apart from what is away
        tls = await asyncio.to_thread(ssl.create_default_context) if place.tls else None
        _judge.set(judge)  # for the tasks that the client starts
        kind = ("SASL_" if place.user is not None else "") + ("SSL" if place.tls else "PLAINTEXT")
        host = f"[{place.host}]" if ":" in place.host else place.host
        client = aiokafka.AIOKafkaProducer(
            bootstrap_servers=f"{host}:{place.port}",
            client_id="horarium",
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=_REQUEST_MS,
            security_protocol=kind,
            ssl_context=tls,
            sasl_mechanism=place.mechanism,
            sasl_plain_username=place.user,
            sasl_plain_password=place.password,
        )
        # What else it would do is for transactions only, without which it breaks down where its sender has.
        client._txn_manager.fatal_error = _nothing
        starting = asyncio.ensure_future(client.start())
        try:
            await asyncio.wait(
                {starting, judge.refused}, timeout=_CONNECT_S, return_when=asyncio.FIRST_COMPLETED
            )
            if not starting.done():
                raise judge.refused.result() if judge.refused.done() else OSError("no broker answered")
            starting.result()
        except BaseException as error:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            with suppress(Exception):
                await _stopped(client, judge)
            if not isinstance(error, Exception):
                raise
            found = told(error)
            raise (found if judge.said is None or isinstance(found, EngineRefused) else judge.said) from error
        return _Producer(client, judge, (client._sender.sender_task, client.client._sync_task))

    async def close(self) -> None:
        """Closes all connections."""
        await self._producers.close()
        await self._hosts.close()


class _Producer:
    """A client of one cluster. `broken`: it has not answered, or has rejected a record, and the next run makes another:
    the library has numbered the record, and the cluster takes none behind a gap. So it is where one of the `tasks` of
    the client has broken down at what a broker has said."""

    def __init__(self, client: Any, judge: _Judge, tasks: Collection[asyncio.Task[None]] = ()) -> None:
        self._client, self._judge, self._tasks = client, judge, tasks
        self.broken = False

    @property
    def is_usable(self) -> bool:
        return not (self.broken or any(task.done() for task in self._tasks))

    async def send(self, topic: str, message: Message) -> tuple[int, int]:
        """Produce a record and wait until it is acknowledged: its partition and offset. Raises OSError."""
        _judge.set(self._judge)
        event = {f"ce_{name}": value for name, value in message.event.items()}
        named = {"content-type": "application/json", **event, **message.headers}
        headers = [(name, value.encode()) for name, value in named.items()]
        sending = asyncio.ensure_future(
            self._client.send_and_wait(topic, message.body, key=message.run.encode(), headers=headers)
        )
        try:
            await asyncio.wait(
                {sending, self._judge.refused, *self._tasks}, return_when=asyncio.FIRST_COMPLETED
            )
            if not sending.done():
                raise self._judge.refused.result() if self._judge.refused.done() else OSError(BROKE)
            stored = sending.result()
        except Exception as error:
            self.broken = self.broken or not _is_unnumbered(error)
            raise told(self._breakdown() or error) from error
        finally:
            if not sending.done():  # refused, or not in time: the next run makes another client
                self.broken = True
                sending.cancel()
        return stored.partition, stored.offset

    def _breakdown(self) -> Exception | None:
        """What one of the library's own tasks has broken down at."""
        ended = [task for task in self._tasks if task.done() and not task.cancelled()]
        return next((error for task in ended if isinstance(error := task.exception(), Exception)), None)

    async def close(self) -> None:
        if not self.is_usable:  # it would wait for records that no broker takes, and for requests under way
            self._client._message_accumulator.flush = _at_once
            self._judge.close()
        await _stopped(self._client, self._judge)


async def _stopped(client: Any, judge: _Judge) -> None:
    """Stop a client, and end what it leaves behind where that fails."""
    try:
        await client.stop()
    finally:
        if client.client._sync_task is not None:
            client.client._sync_task.cancel()
        judge.close()


async def _at_once() -> None:
    """Waits for nothing."""


def _nothing(error: Exception) -> None:
    """Does nothing."""


def _is_unnumbered(error: Exception) -> bool:
    """Whether a record was given up before it had a number: no partition is known for it."""
    errors = importlib.import_module("aiokafka.errors")
    return isinstance(error, errors.UnknownTopicOrPartitionError | errors.InvalidTopicError)


def told(error: Exception) -> Exception:
    """An error of the client library as one that executors know."""
    errors = importlib.import_module("aiokafka.errors")
    refusal = refusal_in(error)
    if refusal is not None:
        return AddressRefused(str(refusal))
    match error:
        case EngineRefused():
            return error
        case errors.AuthenticationFailedError() | errors.SaslAuthenticationFailed():
            return EngineRefused("the cluster does not accept this user")
        case errors.UnsupportedSaslMechanismError():
            return EngineRefused(
                "the cluster does not know this mechanism of signing in: set mechanism to another"
            )
        case errors.TopicAuthorizationFailedError() | errors.ClusterAuthorizationFailedError():
            return EngineRefused("the user may not write to this topic")
        case errors.UnknownTopicOrPartitionError() | errors.InvalidTopicError():
            return EngineRefused("the topic does not exist, or its name is not valid")
        case errors.MessageSizeTooLargeError() | errors.RecordTooLargeError():
            return EngineRefused("the record is larger than the cluster allows")
        case errors.KafkaConnectionError():
            found = reason_of(error)
            return OSError("no broker could be connected to" if found == BROKE else found)
        case errors.KafkaTimeoutError() | errors.RequestTimedOutError():
            return OSError("no broker took the record in time")
        case (
            errors.OutOfOrderSequenceNumber()
            | errors.UnknownProducerId()
            | errors.InvalidProducerEpoch()
            | errors.ProducerFenced()
        ):
            return OSError("the cluster takes no records of this producer any more")
        case errors.CorrelationIdError():
            return OSError(_NOT_KAFKA)
        case errors.KafkaError() if type(error) is errors.KafkaError:
            # The library's sender has broken down at something.
            return told(error.__cause__) if isinstance(error.__cause__, Exception) else OSError(_NOT_KAFKA)
        case errors.KafkaError():
            return EngineRefused(type(error).__name__)
        case OSError():
            return error if error.errno is None and str(error) else OSError(reason_of(error))
    return error


@cache
def _library() -> Any:
    """The client library, whose connections are made by `_connected` from now on. What it says of its troubles is left
    out of the log, because the runs tell them."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    library, client = importlib.import_module("aiokafka"), importlib.import_module("aiokafka.client")
    client.create_conn = _connected  # type: ignore[attr-defined]
    return library


async def _connected(host: str, port: int, **options: Any) -> Any:
    """A connection of the library to a broker, made to the address that the client's guard has judged."""
    connection = _connection_class()(host, port, **options)
    judge = _judge.get()
    if judge is not None and len(judge.connections) >= _MOST_BROKERS:
        refused = EngineRefused(f"it leads to more than {_MOST_BROKERS} brokers")
        judge.refuse(refused)
        raise refused
    connection._loop = _Dialling(connection._loop, judge)
    try:
        await connection.connect()
    except Exception as error:
        if judge is not None:
            judge.hear(told(error))
        raise
    if judge is not None:
        judge.connections.add(connection)
    return connection


@cache
def _connection_class() -> Any:
    base = importlib.import_module("aiokafka.conn").AIOKafkaConnection

    class Bounded(base):  # type: ignore[misc,valid-type]
        """A connection that gives up a broker which sends what is no answer, or too long, and does not wait when it is
        closed for one that does not read."""

        _reader: Any
        _writer: Any

        def _create_reader_task(self) -> asyncio.Task[None]:
            self._reader = BoundedReader(self._reader, _MOST_READ)
            task: asyncio.Task[None] = super()._create_reader_task()
            judge = _judge.get()
            task.add_done_callback(lambda ended: _given_up(judge, ended))
            return task

        def authenticator_scram(self) -> Any:
            return _scram_class()(
                loop=self._loop,
                sasl_plain_password=self._sasl_plain_password,
                sasl_plain_username=self._sasl_plain_username,
                sasl_mechanism=self._sasl_mechanism,
            )

        def close(self, *args: Any, **named: Any) -> Any:
            throw_away_unsent(self._writer)
            judge = _judge.get()
            if judge is not None:
                judge.connections.discard(self)
            return super().close(*args, **named)

    return Bounded


@cache
def _scram_class() -> Any:
    base = importlib.import_module("aiokafka.conn").ScramAuthenticator

    class Bounded(base):  # type: ignore[misc,valid-type]
        """Says who connects in no more steps than are usual."""

        def create_salted_password(self, salt: bytes, iterations: int) -> None:
            if not 0 < iterations <= _MOST_STEPS:
                raise EngineRefused(
                    f"the cluster asks for more than {_MOST_STEPS} steps of SCRAM for a password"
                )
            super().create_salted_password(salt, iterations)

    return Bounded


def _given_up(judge: _Judge | None, reading: asyncio.Task[None]) -> None:
    error = None if reading.cancelled() else reading.exception()
    if judge is not None and isinstance(error, TooLong):
        judge.refuse(error)


class _Dialling:
    """An event loop that connects where a guard says. Everything else is the loop's."""

    def __init__(self, loop: asyncio.AbstractEventLoop, judge: _Judge | None) -> None:
        self._loop, self._judge = loop, judge

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    async def create_connection(self, protocol: Any, host: str, port: int, ssl: Any = None) -> Any:
        if self._judge is None:
            raise AddressRefused("connections of this library need a guard")
        address = await self._judge.address(host, port)
        name = host if ssl else None
        return await self._loop.create_connection(protocol, address, port, ssl=ssl, server_hostname=name)
