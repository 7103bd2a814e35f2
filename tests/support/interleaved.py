"""Two that change things at the same time: transactions that meet, and work that comes between a read and its write."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from horarium.store.base import Store
from horarium.store.postgres.connection import connect
from tests.support.noted import STATEMENT_KINDS

# How many transactions of a database wait for another.
WAITS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def meeting(first: tuple[Store, Any], second: tuple[Store, Any]) -> list[Any]:
    """What two verbs return or raise, each with the store that runs it, as (verb, *arguments). The first is held open
    until the second has ended or waits for a lock. On SQLite, which has one writer, they follow one another."""
    (store, (verb, *given)), (other, later) = first, second
    if store.flavour == "sqlite":
        return [await _end(store.write(verb, *given)), await _end(other.write(*later))]
    done, go = asyncio.Event(), asyncio.Event()

    async def held(tx: Any) -> Any:
        try:
            return await verb(tx, *given)
        finally:
            done.set()
            await go.wait()

    looking = await connect(store.url)  # type: ignore[attr-defined]
    try:
        one = asyncio.create_task(_end(store.write(held)))
        await done.wait()
        two = asyncio.create_task(_end(other.write(*later)))
        while not two.done() and not await looking.fetchval(WAITS):
            await asyncio.sleep(0)
        go.set()
        return [await one, await two]
    finally:
        await looking.close()


async def meeting_at(
    step: int, first: tuple[Store, Any], second: tuple[Store, Any]
) -> tuple[list[Any], int, bool]:
    """What two verbs return or raise that meet on PostgreSQL, how often they were tried in all, and whether the first
    came to the end before `step`. It is held open before its statement of that number until the second has ended or
    waits for a lock."""
    (store, (verb, *given)), (other, (then, *more)) = first, second
    reached, go, tries = asyncio.Event(), asyncio.Event(), list[str]()

    async def one(tx: Any) -> Any:
        tries.append("first")
        return await verb(_Stopping(tx, step, reached, go) if len(tries) == 1 else tx, *given)

    async def two(tx: Any) -> Any:
        tries.append("second")
        return await then(tx, *more)

    looking = await connect(store.url)  # type: ignore[attr-defined]
    try:
        ending, coming = asyncio.create_task(_end(store.urgent(one))), asyncio.create_task(reached.wait())
        await asyncio.wait([ending, coming], return_when=asyncio.FIRST_COMPLETED)
        coming.cancel()
        later = asyncio.create_task(_end(other.urgent(two)))
        while not later.done() and not await looking.fetchval(WAITS):
            await asyncio.sleep(0)
        go.set()
        return [await ending, await later], len(tries), not reached.is_set()
    finally:
        await looking.close()


class _Stopping:
    """A transaction that stops before its statement of some number, counted from 0."""

    def __init__(self, tx: Any, step: int, reached: asyncio.Event, go: asyncio.Event) -> None:
        self._tx, self._left, self._reached, self._go = tx, step, reached, go

    def __getattr__(self, kind: str) -> Any:
        call = getattr(self._tx, kind)
        if kind not in STATEMENT_KINDS:
            return call

        async def stopping(statement: str, /, *args: Any, **kwargs: Any) -> Any:
            if self._left == 0:
                self._reached.set()
                await self._go.wait()
            self._left -= 1
            return await call(statement, *args, **kwargs)

        return stopping


async def _end(work: Any) -> Any:
    try:
        return await work
    except Exception as error:
        return error


def in_between(monkeypatch: Any, store: Store, verb: Any, work: Callable[[], Awaitable[Any]]) -> None:
    """Have some work done just after a verb has been read for the first time, before its reader goes on."""
    read, done = store.read, []

    async def reading(asked: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await read(asked, *args, **kwargs)
        finally:
            if asked is verb and not done:
                done.append(verb)
                await work()

    monkeypatch.setattr(store, "read", reading)
