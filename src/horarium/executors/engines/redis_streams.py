"""Runs as entries of Redis and Valkey streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from horarium.domain.errors import Problem
from horarium.domain.ids import Id
from horarium.executors.engines.brokers import Message
from horarium.executors.engines.messages import check_text, check_whole
from horarium.executors.engines.redis_servers import (
    RedisPlace,
    RedisServers,
    check_redis_place,
    check_remember,
    remember_s,
)
from horarium.executors.options import ExecutorOptions


class StreamPlace(NamedTuple):
    """A stream of a server. `max_length`: about how many entries it keeps, None for all."""

    server: RedisPlace
    stream: str
    max_length: int | None
    remember_s: int


class RedisStreams:
    """Adds entries to streams: each run's once, for as long as its mark lasts."""

    name = "redis"
    fields = ("database", "stream", "max_length", "remember_s")

    def __init__(self, options: ExecutorOptions) -> None:
        self._servers = RedisServers(options)

    def check(self, config: Mapping[str, Any]) -> list[Problem]:
        """What is wrong with the fields that say where messages go."""
        return [
            *check_redis_place(config),
            *check_text(config, "stream", required=True),
            *check_whole(config, "max_length", 1, 10**12),
            *check_remember(config),
        ]

    def check_host(self, workspace_id: Id, config: Mapping[str, Any]) -> list[Problem]:
        """A problem if the server may not be connected to."""
        return self._servers.check_host(workspace_id, config)

    def place(self, config: Mapping[str, Any]) -> StreamPlace:
        """The stream of a checked configuration."""
        return StreamPlace(
            RedisPlace.of(config), config["stream"], config.get("max_length"), remember_s(config)
        )

    def address(self, place: StreamPlace, values: Mapping[str, Any]) -> str:
        """The stream: the same for all runs."""
        return place.stream

    async def publish(
        self, workspace_id: Id, place: StreamPlace, address: str, message: Message
    ) -> Mapping[str, Any]:
        """Adds the entry of a run, unless its mark says that it was added before. Raises OSError."""
        event = {f"ce_{name}": value for name, value in message.event.items()}
        fields = {"data": message.body, **event, **message.headers}
        limit = [] if place.max_length is None else ["MAXLEN", "~", place.max_length]
        arguments = [*limit, "*", *(part for field in fields.items() for part in field)]
        async with self._servers.client(workspace_id, place.server) as client:
            added, entry = await self._servers.add_once(
                client, f"horarium:{message.run}", place.remember_s, address, arguments
            )
        shown = {"stream": address, "entry": entry}
        return shown if added else {**shown, "duplicate": True}

    async def close(self) -> None:
        """Closes all connections."""
        await self._servers.close()
