"""A database that several servers stand for, of which one is the primary: postgresql://USER@FIRST,SECOND/NAME.

Each new connection goes to the server that was the primary last, and then to the others in turn. A machine that has
vanished does not answer at all: after a moment the next one is asked as well, and the first that is what is wanted
wins.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

# How long one server may take to accept a connection; and one where it is the only server.
HOST_SECONDS, ONLY_HOST_SECONDS = 3.0, 10.0

# How long a server may say nothing before the next one is asked as well.
NEXT_AFTER_S = 0.3

# What a URL that names several servers asks for where it says nothing else, since a standby cannot be written to.
_PRIMARY = {"target_session_attrs": "primary"}

# Why the next server is asked: this one cannot be reached, does not want us (it starts, or a standby does not know the
# database yet), or is not what is wanted.
_NEXT = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.TargetServerAttributeNotMatched)


@dataclass(slots=True)
class Hosts:
    """The servers that a URL names, each as a URL of its own. `last` is the one that accepted a connection last."""

    urls: tuple[str, ...]
    wanted: dict[str, str]
    last: int = 0

    async def connect(self, **options: Any) -> Any:
        """A connection of asyncpg with these options to the first server that is what the URL asks for. Raises what
        asyncpg raises, of the server that was asked last."""
        if len(self.urls) == 1:
            return await asyncpg.connect(self.urls[0], timeout=ONLY_HOST_SECONDS, **options)
        first = self.last
        error: Exception = OSError("no server is named")
        left = deque((first + step) % len(self.urls) for step in range(len(self.urls)))
        asking = dict[asyncio.Task[Any], int]()
        try:
            while left or asking:
                if left:
                    place = left.popleft()
                    asking[asyncio.create_task(self._ask(place, options))] = place
                patience = NEXT_AFTER_S if left else None
                done, _ = await asyncio.wait(asking, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    place = asking.pop(task)
                    try:
                        found = task.result()
                    except _NEXT as refused:
                        # That a server is a standby tells less than why another one could not be reached.
                        if place == first or not isinstance(refused, asyncpg.TargetServerAttributeNotMatched):
                            error = refused
                    else:
                        self.last = place
                        return found
            raise error
        finally:
            for task in asking:
                task.cancel()
                task.add_done_callback(_discard)

    async def _ask(self, place: int, options: dict[str, Any]) -> Any:
        return await asyncpg.connect(self.urls[place], timeout=HOST_SECONDS, **self.wanted, **options)


def _discard(asked: asyncio.Task[Any]) -> None:
    """Close a connection that came after another server had been found."""
    if not asked.cancelled() and asked.exception() is None:
        asked.result().terminate()


@cache
def hosts_of(url: str) -> Hosts:
    """The servers that a URL names, the same object for the same URL. They stand between its slashes, or in its
    parameter `host`, to which one `port` or as many belong."""
    parts = urlsplit(url)
    who, at, places = parts.netloc.rpartition("@")
    asked = parse_qsl(parts.query, keep_blank_values=True)
    wanted = {} if _says_what(asked) else _PRIMARY
    if "," in places:
        urls = tuple(urlunsplit(parts._replace(netloc=f"{who}{at}{one}")) for one in places.split(","))
        return Hosts(urls, wanted)
    given = dict(asked)
    several = given.get("host", "").split(",")
    if places or len(several) == 1:
        return Hosts((url,), wanted)
    ports = given.get("port", "").split(",")
    found = []
    for place, host in enumerate(several):
        own = {**given, "host": host, "port": ports[place] if len(ports) == len(several) else ports[0]}
        query = urlencode({name: value for name, value in own.items() if value}, safe="/:")
        found.append(urlunsplit(parts._replace(query=query)))
    return Hosts(tuple(found), wanted)


def _says_what(asked: list[tuple[str, str]]) -> bool:
    return "target_session_attrs" in dict(asked) or bool(os.environ.get("PGTARGETSESSIONATTRS"))
