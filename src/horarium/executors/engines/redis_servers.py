"""Connections to Redis and Valkey, for the executors whose engine keeps its work there. They need the client `redis`.

Each connection is made to the address that was judged, also when one that was lost is made again.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import re
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, NamedTuple

from horarium.domain.errors import Problem
from horarium.domain.ids import Id
from horarium.executors.egress import AddressRefused
from horarium.executors.engines.bounds import TooLong, throw_away_unsent
from horarium.executors.engines.connections import Connections
from horarium.executors.engines.hosts import EngineHosts, check_place, host_and_port
from horarium.executors.engines.messages import (
    BROKE,
    NO_HANDSHAKE,
    EngineRefused,
    check_flag,
    check_text,
    check_whole,
    reason_of,
    refusal_in,
)
from horarium.executors.options import ExecutorOptions
from horarium.service.turns import Turns

# The fields of a configuration that say where the server is and who connects. `password` is secret.
PLACE_FIELDS = ("server", "database", "tls", "user", "password")
SECRET_FIELDS = ("password",)

# For how long a run is remembered where the configuration does not say it: a week (s).
_REMEMBER_S = 7 * 86_400
_LONGEST_REMEMBER_S = 10 * 365 * 86_400
_PORT = 6379
_CONNECT_S = 5
# How long a command may take. Callers set shorter limits where they have some.
_COMMAND_S = 30
# Connections to one server, of one identity. Whoever needs one more waits for it.
_MOST_CONNECTIONS = 20
_HIGHEST_DATABASE = 1_000

# How many scripts of one client go together in a round trip, and how many round trips are under way at a time.
_TOGETHER = 100
_ROUND_TRIPS = 2

# Puts something into a server once: KEYS[1] is the mark of the run, KEYS[2] the list or stream. The mark is set after
# the entry was made, so that an entry that was refused leaves none. Answers {1 if it was put, what the mark holds, the
# mark}.
_ONCE = """
local found = redis.call('GET', KEYS[1])
if found then return {0, found, KEYS[1]} end
%s
redis.call('SET', KEYS[1], put, 'EX', ARGV[1])
return {1, put, KEYS[1]}
"""
_PUSH_ONCE = _ONCE % "local put = tostring(redis.call('LPUSH', KEYS[2], ARGV[2]))"
_ADD_ONCE = _ONCE % "local put = redis.call('XADD', KEYS[2], unpack(ARGV, 2))"


# How a server's words begin where it cannot write to its disk, and where too few of its replicas are there.
_LATER = ("MISCONF", "NOREPLICAS")
NOT_REDIS = "it does not answer as Redis does"
# The most that is read in one round trip, of all its answers together (bytes): of looks at runs, and of all else.
MOST_READ = 8 * 1024 * 1024
MOST_SAID = 256 * 1024
# What of that the answer to one look may have beside what is kept of it (bytes).
_BESIDE_LOOK = 4 * 1024
# Runs that are looked at in one round trip at most.
_LOOKS_TOGETHER = 50
# What a part of an answer takes beside its bytes.
_PART = 64

# How the library words an error of the system where it does not keep the error itself.
_NUMBER = re.compile(r"Error (\d{1,5}) connecting")
# The number that errors of TLS have.
_OF_TLS = 1


class RedisPlace(NamedTuple):
    """A database of a server, and who connects to it."""

    host: str
    port: int
    database: int
    tls: bool
    user: str | None
    password: str | None

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> RedisPlace:
        """The place that a checked configuration names, with its secrets in their places."""
        host, port = host_and_port(config["server"], _PORT)
        return cls(
            host,
            port,
            config.get("database") or 0,
            bool(config.get("tls")),
            config.get("user"),
            config.get("password"),
        )


def check_remember(config: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with `remember_s`: for how long a run is remembered, so that it is not put there again (s)."""
    return check_whole(config, "remember_s", 1, _LONGEST_REMEMBER_S)


def remember_s(config: Mapping[str, Any]) -> int:
    """For how long the runs of a checked configuration are remembered (s)."""
    return config.get("remember_s") or _REMEMBER_S


def check_redis_place(config: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the fields of PLACE_FIELDS."""
    problems = [
        *check_place("server", config.get("server"), _PORT),
        *check_whole(config, "database", 0, _HIGHEST_DATABASE),
        *check_flag(config, "tls"),
        *check_text(config, "user"),
        *check_text(config, "password", longest=4_000),
    ]
    if config.get("user") is not None and config.get("password") is None:
        problems.append(Problem("password", "is needed where user is given", "required"))
    return problems


def looks_together(each: int) -> int:
    """How many looks go in one round trip where the answer to each has up to so many bytes."""
    return max(1, min(_LOOKS_TOGETHER, MOST_READ * 3 // 4 // each))


@contextmanager
def looking(runs: int, each: int) -> Iterator[None]:
    """A block that looks at so many runs in one round trip, where the answer to each has up to so many bytes."""
    before = _expected.set(MOST_SAID + runs * (each + _BESIDE_LOOK))
    try:
        yield
    finally:
        _expected.reset(before)


# How much the answers to what is sent from here may have together (bytes).
_expected: ContextVar[int] = ContextVar("redis_answers", default=MOST_SAID)


class RedisServers:
    """Clients of the servers that targets name, for one executor."""

    def __init__(self, options: ExecutorOptions) -> None:
        self._hosts = EngineHosts(options)
        self._clients: Connections[RedisClient] = Connections(
            lambda client: not client.demoted, lambda client: client.close()
        )

    def check_host(self, workspace_id: Id, config: Mapping[str, Any]) -> list[Problem]:
        """A problem if the server of a valid configuration may not be connected to."""
        wrong = self._hosts.refusal(workspace_id, *host_and_port(config["server"], _PORT))
        return [Problem("server", f"cannot be used: {wrong}")] if wrong else []

    def client(self, workspace_id: Id, place: RedisPlace) -> AbstractAsyncContextManager[RedisClient]:
        """A client for a block, which connects when a command needs it. Raises ImportError, AddressRefused and
        AllInUse."""
        self._hosts.require(workspace_id, place.host, place.port)
        return self._clients.hold(workspace_id, place, lambda: self._make(workspace_id, place))

    async def _make(self, workspace_id: Id, place: RedisPlace) -> RedisClient:
        redis = await asyncio.to_thread(importlib.import_module, "redis.asyncio")
        retry, backoff = (
            importlib.import_module("redis.asyncio.retry"),
            importlib.import_module("redis.backoff"),
        )

        tls = await asyncio.to_thread(ssl.create_default_context) if place.tls else None

        async def address() -> str:
            return await self._hosts.address(workspace_id, place.host, place.port)

        pool = redis.BlockingConnectionPool(
            connection_class=_judged_connection(redis.Connection, address, tls),
            parser_class=_bounded_parser(),
            host=place.host,
            port=place.port,
            db=place.database,
            username=place.user,
            password=place.password,
            max_connections=_MOST_CONNECTIONS,
            timeout=_COMMAND_S,
            socket_timeout=_COMMAND_S,
            socket_connect_timeout=_CONNECT_S,
            # A run that failed is tried again by its schedule. The older protocol has no messages by which a server
            # can move its clients to another address.
            retry=retry.Retry(backoff.NoBackoff(), 0),
            protocol=2,
        )
        return RedisClient(redis.Redis.from_pool(pool))

    async def push_once(
        self, client: RedisClient, mark: str, remember_s: int, key: str, entry: bytes
    ) -> bool:
        """Put an entry at the end of a list that workers take from its other end, unless the mark exists. The mark
        lasts `remember_s`. Returns whether it was put. Raises OSError."""
        put, _ = _pair(await client.script(_PUSH_ONCE, (mark, key), (remember_s, entry)))
        return bool(put)

    async def add_once(
        self, client: RedisClient, mark: str, remember_s: int, key: str, arguments: Sequence[Any]
    ) -> tuple[bool, str]:
        """Add an entry to a stream (the arguments of XADD behind its key), unless the mark exists. Returns whether it
        was added, and the id of the run's entry. Raises OSError."""
        put, entry = _pair(await client.script(_ADD_ONCE, (mark, key), (remember_s, *arguments)))
        return bool(put), entry.decode("utf-8", "replace")

    async def close(self) -> None:
        """Closes all connections."""
        await self._clients.close()
        await self._hosts.close()


def _pair(answer: Sequence[Any]) -> tuple[int, bytes]:
    """What a script of _ONCE answers for its run. Raises OSError for anything else."""
    match answer:
        case [int(put), bytes(entry)]:
            return put, entry
    raise OSError(NOT_REDIS)


class RedisClient:
    """A client of one server. `library` is that of the library, `redis.asyncio.Redis`. `demoted`: the server has become
    a replica, or answers something else than it was asked, so whoever comes next connects anew: its name may lead to
    another one, and the answers that are to come may be those to earlier questions.

    Scripts of runs that are given away at the same time are sent together: those that come while others are on their
    way go with the next round trip.
    """

    def __init__(self, library: Any) -> None:
        self.library = library
        self.demoted = False
        self._waiting: deque[tuple[str, Sequence[Any], Sequence[Any], asyncio.Future[Any]]] = deque()
        self._sending: set[asyncio.Task[None]] = set()

    async def script(self, text: str, keys: Sequence[str], arguments: Sequence[Any]) -> Sequence[Any]:
        """What a script answers: a list, without the first key at its end by which it says what it was asked for. An
        answer to another question is none. Raises OSError, of the kinds that `told_apart` names."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((text, keys, arguments, answer))
        if len(self._sending) < _ROUND_TRIPS:
            task = asyncio.create_task(self._send())
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        try:
            found = await answer
        except Demoted:
            self.demoted = True
            raise
        if isinstance(found, list) and found and found[-1] == keys[0].encode():
            return found[:-1]
        self.demoted = True
        raise OSError(NOT_REDIS)

    async def script_alone(self, text: str, keys: Sequence[Any], arguments: Sequence[Any]) -> Any:
        """Like `script`, for one with a long answer (see `looking`): it has a round trip of its own."""
        with told_apart():
            return await self.library.eval(text, len(keys), *keys, *arguments)

    async def _send(self) -> None:
        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), _TOGETHER))]
            taken = [script for script in taken if not script[3].done()]  # others are not waited for any more
            try:
                with told_apart():
                    pipeline = self.library.pipeline(transaction=False)
                    for text, keys, arguments, _ in taken:
                        pipeline.eval(text, len(keys), *keys, *arguments)
                    answers = await _while_wanted(pipeline, [script[3] for script in taken])
            except BaseException as error:
                _answer(taken, [error] * len(taken))
                if not isinstance(error, Exception):
                    raise
            else:
                _answer(taken, answers)

    async def close(self) -> None:
        """Close all connections."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        await self.library.aclose(close_connection_pool=True)


async def _while_wanted(pipeline: Any, wanted: Sequence[asyncio.Future[Any]]) -> Sequence[Any]:
    """What a server answers to a pipeline. Once nobody waits for that any more, it is given up, and its connection with
    it: the library has a limit of time for each piece of an answer, but none for all."""
    asking = asyncio.ensure_future(pipeline.execute(raise_on_error=False))
    left = set(wanted)

    def ended(answer: asyncio.Future[Any]) -> None:
        left.discard(answer)
        if not left:
            asking.cancel()

    for answer in wanted:
        answer.add_done_callback(ended)
    try:
        await asyncio.wait([asking])
    except asyncio.CancelledError:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        raise
    if asking.cancelled():
        return [None] * len(wanted)
    answers: Sequence[Any] = asking.result()
    return answers


def _answer(scripts: Sequence[Any], answers: Sequence[Any]) -> None:
    """Give those who wait for scripts what these have answered."""
    for (*_, waiting), found in zip(scripts, answers, strict=True):
        if waiting.done():
            continue
        try:
            with told_apart():
                if isinstance(found, BaseException):
                    raise found
        except Exception as error:
            waiting.set_exception(error)
        except BaseException:
            waiting.cancel()
        else:
            waiting.set_result(found)


class Demoted(OSError):
    """A server is a replica of another one, since a failover perhaps: it takes nothing."""

    def __init__(self) -> None:
        super().__init__("it is a replica, and takes nothing")


@contextmanager
def told_apart() -> Iterator[None]:
    """Raises OSError where a server cannot be reached or used now, AddressRefused where it may not be, and
    EngineRefused where it answers with an error."""
    try:
        yield
    except importlib.import_module("redis.exceptions").RedisError as error:
        raise told(error) from error


def told(error: Exception) -> OSError:
    """An error of the client library as one that executors know."""
    errors = importlib.import_module("redis.exceptions")
    match error:
        case errors.ResponseError() if isinstance(error, errors.ReadOnlyError) or "READONLY" in str(error):
            return Demoted()  # of older servers, the error of a script quotes that of its command
        case errors.BusyLoadingError():
            return OSError("it is still loading its data")
        case errors.OutOfMemoryError() | errors.ClusterDownError() | errors.TryAgainError():
            return OSError(f"it takes nothing now: {error}")
        case errors.ResponseError() if str(error).startswith(_LATER):
            return OSError(f"it takes nothing now: {error}")
        case errors.ResponseError() | errors.AuthenticationError():
            return EngineRefused(str(error))
        case errors.InvalidResponse():
            return OSError(NOT_REDIS)
    return _unreached(error)


def _unreached(error: BaseException) -> OSError:
    """Why a server could not be reached. The library's own words contain addresses."""
    refusal = refusal_in(error)
    if refusal is not None:
        return AddressRefused(str(refusal))
    reason, number = reason_of(error), _NUMBER.match(str(error))
    if reason == BROKE and number:
        reason = NO_HANDSHAKE if int(number[1]) == _OF_TLS else os.strerror(int(number[1])).lower()
    return OSError(reason)


@cache
def _bounded_parser() -> type:
    base = importlib.import_module("redis._parsers")._AsyncRESP2Parser
    wrong = importlib.import_module("redis.exceptions").InvalidResponse

    class Bounded(base):  # type: ignore[misc,valid-type]
        """Reads as much as is expected of what answers the commands that are sent together. Each part of an answer
        counts, also those that hold nothing."""

        _left = _most = MOST_SAID
        _turns = Turns()

        def begin(self) -> None:
            """Commands are sent: the answers to those before have been read."""
            self._left = self._most = _expected.get()
            self._turns = Turns()

        async def read_response(self, disable_decoding: bool = False) -> Any:
            try:
                return await super().read_response(disable_decoding)
            except (ValueError, RecursionError) as error:
                raise wrong(NOT_REDIS) from error

        async def _readline(self) -> bytes:
            await self._turns.give()  # what has come already is read without a pause
            line: bytes = await super()._readline()
            self._count(len(line) + _PART)
            return line

        async def _read(self, length: int) -> bytes:
            self._count(length)
            return bytes(await super()._read(length))

        def _count(self, length: int) -> None:
            self._left -= length
            if length < 0 or self._left < 0:
                raise TooLong(self._most)

    return Bounded


def _judged_connection(
    connection_class: Any, address: Callable[[], Awaitable[str]], tls: ssl.SSLContext | None
) -> type:
    """The library's connection, which asks for the address to connect to each time that it connects, tells its parser
    when commands are sent, and leaves nothing behind that its server does not read. `tls`: what certificates are
    checked with, None without TLS."""

    class Judged(connection_class):  # type: ignore[misc]
        _address = ""

        async def _connect(self) -> None:
            self._address = await address()
            await super()._connect()

        async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
            await super().send_packed_command(command, check_health)
            self._parser.begin()

        async def disconnect(self, *given: Any, **named: Any) -> None:
            throw_away_unsent(self._writer)
            await super().disconnect(*given, **named)

        def _connection_arguments(self) -> dict[str, Any]:
            place: dict[str, Any] = {"host": self._address, "port": self.port}
            if tls is not None:
                place |= {"ssl": tls, "server_hostname": self.host}
            return place

    return Judged
